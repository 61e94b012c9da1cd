"""DenseNet-121, in which each layer reads all before it: how much memory its structure takes, without any weights."""

from __future__ import annotations

import numpy as np

from acortex.programs.compiler import smallest_chip
from acortex.programs.network.network import Constant, Model, Node, Value
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.outline import outline
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of

BLOCKS, GROWTH, FIRST = (6, 12, 24, 16), 32, 64


class Dense:
    """The network as it grows; weights are never loaded."""

    def __init__(self) -> None:
        self.model = Model("densenet121", inputs=[Value("x", (1, 3, 224, 224))], outputs=["y"])

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        out = f"t{len(self.model.nodes)}"
        self.model.nodes.append(Node(op, out, inputs, (out,), attributes))
        return out

    def weights(self, *shape: int) -> str:
        name = f"w{len(self.model.constants)}"
        self.model.constants[name] = Constant(shape, lambda: np.broadcast_to(np.float32(1), shape))
        return name

    def conv(self, x: str, inside: int, out: int, kernel: int, pad: int = 0, stride: int = 1) -> str:
        return self.add("Conv", x, self.weights(out, inside, kernel, kernel), pads=[pad] * 4, strides=[stride] * 2)

    def normed(self, x: str, channels: int) -> str:
        norm = self.add("BatchNormalization", x, *(self.weights(channels) for _ in range(4)))
        return self.add("Relu", norm)

    def pool(self, op: str, x: str, kernel: int, stride: int, pad: int = 0) -> str:
        return self.add(op, x, kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=[pad] * 4)


def densenet() -> Model:
    net = Dense()
    x, channels = net.normed(net.conv("x", 3, FIRST, 7, 3, 2), FIRST), FIRST
    x = net.pool("MaxPool", x, 3, 2, 1)
    for number, layers in enumerate(BLOCKS):
        for _ in range(layers):
            narrow = net.normed(net.conv(net.normed(x, channels), channels, 4 * GROWTH, 1), 4 * GROWTH)
            x = net.add("Concat", x, net.conv(narrow, 4 * GROWTH, GROWTH, 3, 1), axis=1)
            channels += GROWTH
        x = net.normed(x, channels)
        if number < len(BLOCKS) - 1:
            x = net.pool("AveragePool", net.conv(x, channels, channels // 2, 1), 2, 2)
            channels //= 2
    flat = net.add("Flatten", net.add("GlobalAveragePool", x))
    last = net.add("Gemm", flat, net.weights(1000, channels), transB=1)
    net.model.nodes.append(Node("Identity", "end", (last,), ("y",)))
    return net.model


def test_it_fits_the_memory_of_the_largest_published_chip() -> None:
    graph = outline(normalise(densenet()), 4)
    convolutions = sum(BLOCKS) * 2 + len(BLOCKS)
    assert sum(layer.op == "Conv" for layer in graph.layers) == convolutions
    chip = load_chip("acortex_gnmt")
    assert 0 < smallest_chip(graph, machine_of(chip))["memory_kb"] <= chip.memory.capacity_kb
