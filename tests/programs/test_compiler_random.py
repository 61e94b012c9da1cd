"""Seeded random networks: what the compiled program computes on the chip equals plain NumPy, code for code."""

from __future__ import annotations

from typing import Any

import layer_graph_numpy
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from acortex.programs.choices import MAPPINGS
from acortex.programs.compiler import compile_graph
from acortex.programs.graph import (
    Add,
    Code,
    Coding,
    Geometry,
    Layer,
    LayerGraph,
    Map,
    Mul,
    Pool,
    Port,
    Product,
    Requant,
    Target,
    View,
)
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)
CODING = Coding(1.0, 0, 4)


# Random networks ------------------------------------------------------------------------------------------------------


class Builder:
    """Grows a random network from one input."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.maps: dict[str, Map] = {}
        self.layers: list[Layer] = []
        height, width = (int(n) for n in self.rng.integers(1, 10, 2))
        self.channels = (1, 3, 64, 65, 130)
        self.map("x", height, width, self.pick(*self.channels))

    def pick(self, *choices: int) -> int:
        return int(self.rng.choice(choices))

    def map(self, name: str, height: int, width: int, channels: int) -> Map:
        self.maps[name] = Map(name, height, width, channels, CODING)
        return self.maps[name]

    def code(self, columns: int = 0, spread: int = 200) -> Code:
        """A code that spreads sums of about a size over all codes."""
        shift = int(np.log2(spread)) + 2
        activation = str(self.rng.choice(["none", "relu", "leaky", "sigmoid"]))
        zero = self.pick(0, 5, 8)
        multiplier: Any = self.pick(1, 2, 3)
        offset: Any = 0
        gain = self.pick(1 << 14, 1 << 16)
        if columns and self.pick(0, 1, 1):
            multiplier = self.rng.integers(1, 4, columns)
            offset = self.rng.integers(-spread, spread, columns)
        return Code(multiplier, shift, offset, zero, 0, self.pick(12, 15), activation if zero else "relu", gain)

    def plain(self, multiplier: int, shift: int, zero: int) -> Code:
        """A code without a function, or with relu where nothing is below zero."""
        return Code(multiplier, shift, 0, zero, activation="none" if zero else "relu")

    def geometry(self, height: int, width: int) -> Geometry:
        """A window with anything that a window may have, over an image."""
        kernel_y, kernel_x = self.pick(1, 2, 3), self.pick(1, 1, 3)
        dilation_y, dilation_x = self.pick(1, 1, 2), self.pick(1, 2)
        tall, wide = (kernel_y - 1) * dilation_y + 1, (kernel_x - 1) * dilation_x + 1
        top, left, bottom, right = (self.pick(0, 1, 2) for _ in range(4))
        top, bottom = (max(top, tall - height), bottom) if height + top + bottom < tall else (top, bottom)
        left, right = (max(left, wide - width), right) if width + left + right < wide else (left, right)
        stride_y, stride_x = self.pick(1, 2, 4), self.pick(1, 2, 3)
        rows = (height + top + bottom - tall) // stride_y + 1
        columns = (width + left + right - wide) // stride_x + 1
        return Geometry(kernel_y, kernel_x, stride_y, stride_x, dilation_y, dilation_x, top, left, rows, columns)

    def weights(self, *shape: int) -> NDArray[np.int8]:
        return self.rng.integers(-8, 8, shape).astype(np.int8)

    def last(self) -> Map:
        return self.maps[next(reversed(self.maps))]

    def convolution(self, name: str) -> None:
        source = self.last()
        g = self.geometry(source.height, source.width)
        groups = self.pick(*(n for n in (1, 1, 1, 5, source.channels) if source.channels % n == 0))
        outputs = groups * self.pick(1, 2) if groups > 1 else self.pick(*self.channels)
        self.map(name, g.rows, g.columns, outputs)
        inside = source.channels // groups
        weights = self.weights(g.kernel_y, g.kernel_x, inside, outputs)
        code = self.code(outputs, 40 * int((g.kernel_y * g.kernel_x * inside) ** 0.5) + 1)
        self.layers.append(
            Product(name, "Conv", Target(name), View(source.name), weights, g, code, groups, self.pick(0, 3))
        )

    def pool(self, name: str) -> None:
        source = self.last()
        g = self.geometry(source.height, source.width)
        self.map(name, g.rows, g.columns, source.channels)
        mode = str(self.rng.choice(["max", "average"]))
        code = self.plain(self.pick(1, 3), self.pick(0, 1), self.pick(0, 2))
        inside = bool(self.pick(0, 1)) and _inside(g, source.height, source.width).all()
        self.layers.append(Pool(name, "Pool", Target(name), View(source.name), g, mode, code, inside))

    def requant(self, name: str) -> None:
        source = self.last()
        self.map(name, source.height, source.width, source.channels)
        self.layers.append(Requant(name, "Relu", Target(name), View(source.name), self.pick(0, 7), self.code(spread=1)))

    def two(self, name: str) -> None:
        """A sum or a product of the last map with an earlier one of its size, a pixel, or itself."""
        a = self.last()
        others = [
            m.name
            for m in self.maps.values()
            if m.channels == a.channels and (m.height * m.width == 1 or (m.height, m.width) == (a.height, a.width))
        ]
        b = str(self.rng.choice(others))
        self.map(name, a.height, a.width, a.channels)
        common = (name, "Add", Target(name), View(a.name), View(b), self.pick(0, 4), self.pick(0, 1))
        if self.pick(0, 1):
            self.layers.append(Mul(*common, self.code(spread=10)))
        else:
            code = self.plain(1, self.pick(2, 3), self.pick(0, 4))
            self.layers.append(Add(*common, self.pick(1, 5), self.pick(2, 7), code))

    def residual(self, name: str) -> None:
        """A convolution that keeps the size, and the sum of its result and its source."""
        source = self.last()
        g = Geometry(3, 3, top=1, left=1, rows=source.height, columns=source.width)
        inner = f"{name}.conv"
        self.map(inner, source.height, source.width, source.channels)
        weights = self.weights(3, 3, source.channels, source.channels)
        code = self.code(source.channels, 120 * int(source.channels**0.5) + 1)
        self.layers.append(Product(inner, "Conv", Target(inner), View(source.name), weights, g, code))
        self.map(name, source.height, source.width, source.channels)
        views = [View(inner), View(source.name)]
        self.rng.shuffle(views)  # type: ignore[arg-type]  # a list is what it takes
        self.layers.append(Add(name, "Add", Target(name), *views, 3, 1, 3, 2, Code(1, 2, 0, 1)))

    def narrow(self, name: str) -> None:
        """A product of some of the channels of a crop."""
        source = self.last()
        count = self.pick(1, max(1, source.channels // 2))
        channels = tuple(int(c) for c in self.rng.permutation(source.channels)[:count])
        top, left = int(self.rng.integers(source.height)), int(self.rng.integers(source.width))
        view = View(source.name, channels, top, left)
        g = Geometry(rows=source.height - top, columns=source.width - left)
        self.map(name, g.rows, g.columns, 64)
        weights = self.weights(1, 1, count, 64)
        self.layers.append(Product(name, "Conv", Target(name), view, weights, g, self.code(64, 40 * int(count**0.5))))

    def shuffled(self, name: str) -> None:
        """An activation of some channels in another order: not as they lie in words."""
        source = self.last()
        count = self.pick(1, max(1, source.channels // 2))
        channels = tuple(int(c) for c in self.rng.permutation(source.channels)[:count])
        self.map(name, source.height, source.width, count)
        view = View(source.name, channels)
        self.layers.append(Requant(name, "Split", Target(name), view, 0, self.plain(3, 1, 1)))

    def side_by_side(self, name: str) -> None:
        """Products and an activation that fill one map next to each other, wherever their channels begin."""
        source = self.last()
        widths = [self.pick(*self.channels, 40) for _ in range(self.pick(2, 3))]
        self.map(name, source.height, source.width, sum(widths) + source.channels)
        g = Geometry(rows=source.height, columns=source.width)
        offset = 0
        for number, width in enumerate(widths):
            weights = self.weights(1, 1, source.channels, width)
            code = self.code(width, 40 * int(source.channels**0.5) + 1)
            own = f"{name}.{number}"
            self.layers.append(Product(own, "Conv", Target(name, offset), View(source.name), weights, g, code))
            offset += width
        code = self.code(spread=1)
        self.layers.append(Requant(f"{name}.last", "Relu", Target(name, offset), View(source.name), 3, code))

    def within(self, name: str) -> None:
        """A product, and an activation of what it made, side by side in one map, which is read before it is whole."""
        source, width = self.last(), self.pick(5, 64, 70)
        self.map(name, source.height, source.width, 2 * width)
        weights = self.weights(1, 1, source.channels, width)
        g = Geometry(rows=source.height, columns=source.width)
        code = self.code(width, 40 * int(source.channels**0.5) + 1)
        first, second = Target(name), Target(name, width)
        self.layers.append(Product(f"{name}.0", "Conv", first, View(source.name), weights, g, code))
        made = View(name, tuple(range(width)))
        self.layers.append(Requant(f"{name}.1", "Relu", second, made, 3, self.code(spread=1)))

    def pooled_branches(self, name: str) -> None:
        """Products that fill one map next to each other, which a pool alone reads."""
        source = self.last()
        widths = [self.pick(*self.channels, 40) for _ in range(2)]
        inner = self.map(f"{name}.all", source.height, source.width, sum(widths))
        g = Geometry(rows=source.height, columns=source.width)
        for number, width in enumerate(widths):
            weights = self.weights(1, 1, source.channels, width)
            code = self.code(width, 40 * int(source.channels**0.5) + 1)
            target = Target(inner.name, sum(widths[:number]))
            self.layers.append(Product(f"{name}.{number}", "Conv", target, View(source.name), weights, g, code))
        self.pool(name)

    KINDS = (
        convolution,
        convolution,
        pool,
        requant,
        two,
        residual,
        narrow,
        shuffled,
        side_by_side,
        pooled_branches,
        within,
    )

    def graph(self, count: int) -> LayerGraph:
        for number in range(count):
            self.KINDS[int(self.rng.integers(len(self.KINDS)))](self, f"m{number}")
        x, y = self.maps["x"], self.last()
        return LayerGraph("random", self.maps, tuple(self.layers), (port(x, "x"),), (port(y, "y"),))


def _inside(g: Geometry, height: int, width: int) -> NDArray[np.bool_]:
    """Whether each window has a pixel of the image: shape (rows, columns)."""
    down = (np.arange(g.rows) * g.stride_y - g.top)[:, None] + np.arange(g.kernel_y) * g.dilation_y
    across = (np.arange(g.columns) * g.stride_x - g.left)[:, None] + np.arange(g.kernel_x) * g.dilation_x
    rows, columns = (down >= 0) & (down < height), (across >= 0) & (across < width)
    return rows.any(axis=1)[:, None] & columns.any(axis=1)[None, :]


def port(source: Map, name: str) -> Port:
    shape = (source.height, source.width, source.channels)
    return Port(name, source.name, shape, (shape,), (0, 1, 2), "codes")


@pytest.mark.parametrize("seed", range(60))
def test_the_chip_and_onnxruntime_on_the_reference_equal_plain_numpy(seed: int) -> None:
    builder = Builder(seed)
    graph = builder.graph(1 + seed % 5)
    x = graph.maps["x"]
    images = builder.rng.integers(0, 16, (2, x.height, x.width, x.channels)).astype(np.float32)
    wanted = layer_graph_numpy.run(graph, {"x": images})["y"]
    compiled = compile_graph(graph, MACHINE, MAPPINGS[seed % len(MAPPINGS)])
    outputs = run(compiled.program, CHIP, inputs=images, timing=seed % 10 == 0).outputs["y"]
    np.testing.assert_array_equal(outputs, wanted)
    session = onnxruntime.InferenceSession(reference(graph).SerializeToString())
    for image, output in zip(images, outputs, strict=True):
        np.testing.assert_array_equal(session.run(None, {"x": image})[0], output)


class Pooling(Builder):
    """Grows chains of pools that leave out the end of their images, between products, fed and unfed."""

    KINDS = (Builder.pool, Builder.pool, Builder.pool, Builder.convolution, Builder.convolution, Builder.requant)

    def geometry(self, height: int, width: int) -> Geometry:
        """A window that stops before the image does, or begins outside it."""
        if self.pick(0, 1, 1):
            kernel, stride = self.pick(1, 2, 3), self.pick(1, 2, 3)
            kernel = min(kernel, height, width)
            most = ((size - kernel) // stride + 1 for size in (height, width))
            rows, columns = (int(self.rng.integers(1, count + 1)) if self.pick(0, 1) else count for count in most)
            return Geometry(kernel, kernel, stride, stride, rows=rows, columns=columns)
        return super().geometry(height, width)


def _pooled(seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """What a random chain of pools gives on a slow chip that is held to its order, and in plain integers."""
    builder = Pooling(seed)
    builder.channels = (1, 64, 70)
    graph = builder.graph(2 + seed % 6)
    x = graph.maps["x"]
    images = builder.rng.integers(0, 16, (3, x.height, x.width, x.channels)).astype(np.float32)
    compiled = compile_graph(graph, MACHINE, MAPPINGS[seed % len(MAPPINGS)])
    slow = load_chip("acortex_gnmt", [["neurons.cycles_per_step=8"], ["vector.step_cycles=9"], []][seed % 3])
    outputs = run(compiled.program, slow, inputs=images, check_order=True).outputs["y"]
    return outputs, layer_graph_numpy.run(graph, {"x": images})["y"]


@pytest.mark.parametrize("seed", range(25))
def test_pools_that_end_early_are_ordered_by_other_tokens(seed: int) -> None:
    found, wanted = _pooled(seed)
    np.testing.assert_array_equal(found, wanted)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25, 400))
def test_many_pools_that_end_early_are_ordered_by_other_tokens(seed: int) -> None:
    found, wanted = _pooled(seed)
    np.testing.assert_array_equal(found, wanted)
