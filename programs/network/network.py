"""A network in floating point: what an ONNX file holds, and a builder for networks without ONNX.

    x = Network(input=(1, 28, 28)).conv(8, 3, pad=1).relu().max_pool(2)
    network = x.conv(16, 3).concat(x.conv(16, 1)).flatten().linear(10)

A `Model` holds ONNX: its nodes have ONNX operators and attributes, its tensors ONNX layouts (batch, channels, rows,
columns). Constants may be made on demand, so that a large network never holds all its weights as floats at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]

SMALL_KINDS = {21: "uint4", 22: "int4", 25: "uint2", 26: "int2"}
"""Types of few bits, which NumPy does not have, by ONNX's numbers for them."""


@dataclass(frozen=True, eq=False, slots=True)
class Constant:
    """A tensor that is known before the network runs: its shape, and what makes its values when they are needed.

    Where the values are whole numbers of steps, `steps` has the step, or one for each index of the axis `along`. `kind`
    names a type that NumPy does not have, such as int4, whose values come as int8.
    """

    shape: tuple[int, ...]
    load: Callable[[], Array]
    steps: Array | None = None
    along: int | None = None
    kind: str = ""

    @staticmethod
    def of(values: ArrayLike) -> Constant:
        """A constant that is there already."""
        array = np.asarray(values)
        return Constant(array.shape, lambda: array)

    def steps_along(self, axis: int, count: int) -> Array | None:
        """The steps for each index of an axis, float64 of shape (count,); None where there is not one for each."""
        if self.steps is None or (self.along is not None and self.along != axis % len(self.shape)):
            return None
        return np.broadcast_to(np.asarray(self.steps, np.float64).reshape(-1), (count,))


@dataclass(frozen=True, eq=False, slots=True)
class Node:
    """One operator of a network: an ONNX operator's name and attributes, and the tensors it joins ("" for none).

    `fault` says what its maker found to be wrong with it.
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """A tensor that the user gives or takes: its name, its shape for one inference, its type as NumPy names it.

    `batch` names the first axis where the model leaves its size open ("" where it has no name), and is None elsewhere.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    batch: str | None = None


@dataclass(eq=False)
class Model:
    """A network: nodes in an order in which they can run, constants by name, inputs and the names of outputs.

    `drawn` are constants whose numbers were missing, and are random.
    """

    name: str
    inputs: list[Value] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Constant] = field(default_factory=dict)
    opset: int = 21
    drawn: list[str] = field(default_factory=list)


def random_weights(shape: Sequence[int], fan_in: int, seed: int) -> Constant:
    """Normal weights after He et al. 2015: variance 2 / fan_in, made on demand, float32 of the shape."""

    def load() -> Array:
        deviation = np.float32(math.sqrt(2 / fan_in))
        drawn = np.random.default_rng(seed).standard_normal(tuple(shape), dtype=np.float32)
        drawn *= deviation
        return drawn

    return Constant(tuple(shape), load)


class Network:
    """The end of a growing network: each method adds an operator and returns the new end, so that ends can branch.

    `input` is the shape of one inference without a batch axis: (channels, rows, columns), (channels, columns) for
    one-dimensional ones, (features,), or for `lstm` and `gru` (steps, features). Weights are given as ONNX has them,
    or drawn from the seed and the layer's name.
    """

    def __init__(self, name: str = "network", *, input: Sequence[int], seed: int = 0) -> None:
        self.model = Model(name, [Value("input", (1, *input))])
        self.seed = seed
        self.value = "input"
        self.shape: tuple[int, ...] = (1, *input)
        self.model.outputs = ["input"]

    def _end(self, value: str, shape: tuple[int, ...]) -> Network:
        end = object.__new__(Network)
        end.model, end.seed, end.value, end.shape = self.model, self.seed, value, shape
        end.model.outputs = [value]
        return end

    def outputs(self, *ends: Network) -> Network:
        """Declares the outputs of the network where they are not the last end alone."""
        self.model.outputs = [end.value for end in ends]
        return self

    def _name(self, name: str | None, op: str) -> str:
        taken = {node.name for node in self.model.nodes}
        wanted = name or op.lower()
        if name is not None and wanted not in taken:
            return wanted
        return next(f"{wanted}_{n}" for n in range(1, len(taken) + 2) if f"{wanted}_{n}" not in taken)

    def _add(
        self,
        op: str,
        shape: tuple[int, ...],
        attributes: Mapping[str, Any],
        *,
        others: Sequence[Network] = (),
        constants: Mapping[str, Constant | ArrayLike | None] | None = None,
        name: str | None = None,
    ) -> Network:
        label = self._name(name, op)
        inputs = [self.value, *(other.value for other in others)]
        for key, constant in (constants or {}).items():
            if constant is None:
                inputs.append("")
                continue
            inputs.append(f"{label}.{key}")
            self.model.constants[inputs[-1]] = constant if isinstance(constant, Constant) else Constant.of(constant)
        node = Node(op, label, tuple(inputs), (f"{label}.out",), dict(attributes))
        self.model.nodes.append(node)
        return self._end(node.outputs[0], shape)

    def _weights(self, given: Constant | ArrayLike | None, shape: Sequence[int], fan_in: int, name: str) -> Constant:
        if given is None:
            return random_weights(shape, fan_in, crc32(f"{self.seed} {self.model.name} {name}".encode()))
        return given if isinstance(given, Constant) else Constant.of(np.asarray(given, np.float32))

    def conv(
        self,
        channels: int,
        kernel: int | Sequence[int],
        *,
        stride: int | Sequence[int] = 1,
        pad: int | Sequence[int] = 0,
        dilation: int | Sequence[int] = 1,
        groups: int = 1,
        weights: Constant | ArrayLike | None = None,
        bias: Constant | ArrayLike | None = None,
        name: str | None = None,
    ) -> Network:
        """A convolution; `pad` is one number, one per dimension, or ONNX's list: all begins, then all ends."""
        dimensions = len(self.shape) - 2
        kernels, strides, dilations = (_each(value, dimensions) for value in (kernel, stride, dilation))
        pads = _pads(pad, dimensions)
        reach = [(k - 1) * d + 1 for k, d in zip(kernels, dilations, strict=True)]
        label = self._name(name, "conv")
        inputs = self.shape[1] // groups
        shape = (channels, inputs, *kernels)
        attributes = {"strides": strides, "pads": pads, "dilations": dilations, "group": groups}
        constants = {
            "weights": self._weights(weights, shape, inputs * math.prod(kernels), label),
            "bias": Constant((channels,), lambda: np.zeros(channels, np.float32)) if bias is None else bias,
        }
        out = (1, channels, *_positions(self.shape[2:], reach, strides, pads))
        return self._add("Conv", out, attributes, constants=constants, name=label)

    def linear(
        self,
        outputs: int,
        *,
        weights: Constant | ArrayLike | None = None,
        bias: Constant | ArrayLike | None = None,
        name: str | None = None,
    ) -> Network:
        """A product with a matrix of shape (outputs, features), over the last axis; flattens an image."""
        source = self.flatten() if len(self.shape) > 3 else self
        label = self._name(name, "linear")
        features = source.shape[-1]
        matrix = self._weights(weights, (outputs, features), features, label)
        constants: dict[str, Constant | ArrayLike | None] = {"weights": matrix}
        if len(source.shape) == 2:
            return source._add("Gemm", (1, outputs), {"transB": 1}, constants={**constants, "bias": bias}, name=label)
        constants["weights"] = Constant((features, outputs), lambda: matrix.load().T)
        product = source._add("MatMul", (*source.shape[:-1], outputs), {}, constants=constants, name=label)
        return product if bias is None else product._add("Add", product.shape, {}, constants={"bias": bias})

    def relu(self) -> Network:
        """Negative numbers become 0."""
        return self._add("Relu", self.shape, {})

    def relu6(self) -> Network:
        """Numbers are held between 0 and 6."""
        return self.clip(0.0, 6.0)

    def clip(self, low: float, high: float) -> Network:
        """Numbers are held between two bounds."""
        bounds = {"low": np.float32(low), "high": np.float32(high)}
        return self._add("Clip", self.shape, {}, constants=bounds)

    def leaky_relu(self, slope: float = 0.01) -> Network:
        """Negative numbers are multiplied by a slope."""
        return self._add("LeakyRelu", self.shape, {"alpha": slope})

    def sigmoid(self) -> Network:
        """1 / (1 + e^-x)."""
        return self._add("Sigmoid", self.shape, {})

    def tanh(self) -> Network:
        """The hyperbolic tangent."""
        return self._add("Tanh", self.shape, {})

    def hard_sigmoid(self) -> Network:
        """Value of x / 6 + 1/2, held between 0 and 1."""
        return self._add("HardSigmoid", self.shape, {"alpha": 1 / 6, "beta": 0.5})

    def hard_swish(self) -> Network:
        """The product of x and its hard sigmoid."""
        return self._add("HardSwish", self.shape, {})

    def softmax(self) -> Network:
        """The softmax over channels, which the host computes."""
        return self._add("Softmax", self.shape, {"axis": 1 if len(self.shape) != 3 else -1})

    def batch_norm(
        self, *, scale: ArrayLike, bias: ArrayLike, mean: ArrayLike, variance: ArrayLike, epsilon: float = 1e-5
    ) -> Network:
        """Scale and shift of each channel: (x - mean) / sqrt(variance + epsilon) * scale + bias."""
        constants = {"scale": scale, "bias": bias, "mean": mean, "variance": variance}
        return self._add("BatchNormalization", self.shape, {"epsilon": epsilon}, constants=constants)

    def max_pool(
        self,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        *,
        pad: int | Sequence[int] = 0,
        ceil: bool = False,
    ) -> Network:
        """The largest number under each window; the stride is the kernel by default."""
        return self._pool("MaxPool", kernel, stride, pad, ceil, {})

    def average_pool(
        self,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None = None,
        *,
        pad: int | Sequence[int] = 0,
        ceil: bool = False,
        count_padding: bool = False,
    ) -> Network:
        """The mean of each window, of its numbers inside the image unless the padding is to count."""
        return self._pool("AveragePool", kernel, stride, pad, ceil, {"count_include_pad": int(count_padding)})

    def _pool(
        self,
        op: str,
        kernel: int | Sequence[int],
        stride: int | Sequence[int] | None,
        pad: int | Sequence[int],
        ceil: bool,
        attributes: dict[str, Any],
    ) -> Network:
        dimensions = len(self.shape) - 2
        kernels = _each(kernel, dimensions)
        strides = kernels if stride is None else _each(stride, dimensions)
        pads = _pads(pad, dimensions)
        attributes |= {"kernel_shape": kernels, "strides": strides, "pads": pads, "ceil_mode": int(ceil)}
        out = _positions(self.shape[2:], kernels, strides, pads, ceil)
        return self._add(op, (*self.shape[:2], *out), attributes)

    def global_average_pool(self) -> Network:
        """The mean of each channel over the whole image."""
        return self._add("GlobalAveragePool", (*self.shape[:2], *(1 for _ in self.shape[2:])), {})

    def flatten(self) -> Network:
        """All numbers of an inference in a row, channels slowest."""
        return self._add("Flatten", (1, math.prod(self.shape)), {})

    def add(self, *others: Network) -> Network:
        """The sum of this end and others of its shape."""
        return self._add("Add" if len(others) == 1 else "Sum", self.shape, {}, others=others)

    def mul(self, other: Network) -> Network:
        """The product with another end, number by number; one of 1x1 pixels is taken for every pixel."""
        return self._add("Mul", self.shape, {}, others=[other])

    def concat(self, *others: Network) -> Network:
        """The channels of this end, then those of others."""
        channels = sum(end.shape[1] for end in (self, *others))
        return self._add("Concat", (1, channels, *self.shape[2:]), {"axis": 1}, others=others)

    def channels(self, start: int, stop: int) -> Network:
        """Some of the channels."""
        constants = {"starts": np.array([start]), "ends": np.array([stop]), "axes": np.array([1])}
        return self._add("Slice", (1, stop - start, *self.shape[2:]), {}, constants=constants)

    def shuffle(self, groups: int) -> Network:
        """The channels of an image dealt out anew: as a matrix of `groups` rows, transposed."""
        _, channels, *image = self.shape
        split = (1, groups, channels // groups, *image)
        wide = self._add("Reshape", split, {}, constants={"shape": np.array(split)})
        order = (0, 2, 1, *range(3, len(split)))
        turned = wide._add("Transpose", tuple(split[axis] for axis in order), {"perm": order})
        return turned._add("Reshape", self.shape, {}, constants={"shape": np.array(self.shape)})

    def lstm(
        self,
        hidden: int,
        *,
        bidirectional: bool = False,
        weights: Constant | ArrayLike | None = None,
        recurrence: Constant | ArrayLike | None = None,
        bias: Constant | ArrayLike | None = None,
        name: str | None = None,
    ) -> Network:
        """An LSTM over an input of shape (steps, features); gives (steps, hidden), twice as wide in two directions.

        Weights as ONNX has them: (directions, 4 hidden, features), (directions, 4 hidden, hidden), gates i, o, f, c.
        """
        return self._recurrent("LSTM", 4, hidden, bidirectional, (weights, recurrence, bias), {}, name)

    def gru(
        self,
        hidden: int,
        *,
        bidirectional: bool = False,
        linear_before_reset: bool = True,
        weights: Constant | ArrayLike | None = None,
        recurrence: Constant | ArrayLike | None = None,
        bias: Constant | ArrayLike | None = None,
        name: str | None = None,
    ) -> Network:
        """A GRU over an input of shape (steps, features), as `lstm`; gates z, r, h."""
        extra = {"linear_before_reset": int(linear_before_reset)}
        return self._recurrent("GRU", 3, hidden, bidirectional, (weights, recurrence, bias), extra, name)

    def _recurrent(
        self,
        op: str,
        gates: int,
        hidden: int,
        bidirectional: bool,
        given: tuple[Constant | ArrayLike | None, ...],
        extra: Mapping[str, Any],
        name: str | None,
    ) -> Network:
        _, steps, features = self.shape
        directions = 1 + bidirectional
        label = self._name(name, op)
        constants = {
            "weights": self._weights(given[0], (directions, gates * hidden, features), 4 * features, f"{label} w"),
            "recurrence": self._weights(given[1], (directions, gates * hidden, hidden), 4 * hidden, f"{label} r"),
            "bias": given[2],
        }
        attributes = {
            "hidden_size": hidden,
            "direction": "bidirectional" if bidirectional else "forward",
            **extra,
        }
        turned = self._add("Transpose", (steps, 1, features), {"perm": (1, 0, 2)})
        out = turned._add(op, (steps, directions, 1, hidden), attributes, constants=constants, name=label)
        apart = out._add("Transpose", (1, steps, directions, hidden), {"perm": (2, 0, 1, 3)})
        wide = np.array([1, steps, directions * hidden])
        return apart._add("Reshape", tuple(int(n) for n in wide), {}, constants={"shape": wide})


def _each(value: int | Sequence[int], dimensions: int) -> list[int]:
    return [value] * dimensions if isinstance(value, int) else [int(number) for number in value]


def _pads(pad: int | Sequence[int], dimensions: int) -> list[int]:
    given = _each(pad, dimensions)
    return given if len(given) == 2 * dimensions else given * 2


def _positions(
    image: Sequence[int], reach: Sequence[int], strides: Sequence[int], pads: Sequence[int], ceil: bool = False
) -> list[int]:
    """Positions of a window along each dimension."""
    found = []
    for axis, (size, kernel, stride) in enumerate(zip(image, reach, strides, strict=True)):
        begin, end = pads[axis], pads[axis + len(image)]
        room = size + begin + end - kernel
        count = room // stride + 1
        if ceil and room % stride and count * stride < size + begin:
            count += 1
        found.append(count)
    return found
