"""The normal form of a network: steps on maps, as the chip's agents take them, still in floating point.

`acortex.programs.operators.normalise` makes steps of ONNX's operators, `acortex.programs.quantise.evaluate` computes
them, `acortex.programs.quantise.layers` turns each into a layer of the layer graph. Images are rows x columns x
channels.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import HostResult
from acortex.programs.graph import EVERY, Carry, Coding, Geometry, HostPart, Phase, View

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Activation:
    """What becomes of a sum: a function by its name in `acortex.isa.arithmetic.quantisers`, then bounds.

    `slope` belongs to leaky. Bounds are real numbers; infinite where there are none.
    """

    function: str = "none"
    slope: float = 1.0
    low: float = -math.inf
    high: float = math.inf

    @property
    def identity(self) -> bool:
        """Whether it changes nothing."""
        return self == Activation()

    def apply(self, x: Array) -> Array:
        """The activation of numbers, in their type."""
        y = FUNCTIONS[self.function](x, self.slope)
        if self.low > -math.inf or self.high < math.inf:
            y = np.clip(y, self.low, self.high)
        return y


def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x), without overflow."""
    result: Array = (np.tanh(x / 2) + 1) / 2
    return result


FUNCTIONS: dict[str, Callable[[Array, float], Array]] = {
    "none": lambda x, _: x,
    "relu": lambda x, _: np.maximum(x, 0),
    "leaky": lambda x, slope: np.where(x < 0, x * x.dtype.type(slope), x),
    "sigmoid": lambda x, _: sigmoid(x),
    "tanh": lambda x, _: np.tanh(x),
    "hardsigmoid": lambda x, _: np.clip(x / 6 + x.dtype.type(0.5), 0, 1),
    "hardswish": lambda x, _: x * np.clip(x / 6 + x.dtype.type(0.5), 0, 1),
    "step": lambda x, _: (x >= 0).astype(x.dtype),
    "sign": lambda x, _: np.sign(x),
}
"""The activation functions in floating point, from numbers and a slope."""


SWITCHES = ("step", "sign")
"""Functions of the sign alone: a product ends in them by its whole sums, others by the codes that they make."""


@dataclass(eq=False)
class FloatMap:
    """An image of numbers. Where `parent` is set the map is those channels of another one, from the offset on, and
    where `phase` is set beside it, those pixels alone.

    `coding` is one that the network itself prescribes to the last digit, `bounds` a range that it states.
    """

    name: str
    height: int
    width: int
    channels: int
    parent: tuple[str, int] | None = None
    coding: Coding | None = None
    bounds: tuple[float, float] | None = None
    phase: Phase = EVERY

    @property
    def size(self) -> tuple[int, int, int]:
        """Rows, columns, channels."""
        return self.height, self.width, self.channels


@dataclass(eq=False)
class Step:
    """One step: its name, the operator it came from, the map it writes, and the activation at its end."""

    name: str
    op: str
    out: str
    activation: Activation = field(default=Activation(), kw_only=True)

    @property
    def views(self) -> tuple[View, ...]:
        """What the step reads."""
        found = (getattr(self, key, None) for key in ("source", "a", "b", "first_h", "first_c"))
        return tuple(view for view in found if isinstance(view, View))

    @property
    def written(self) -> tuple[str, ...]:
        """The maps that the step writes."""
        found = (self.out, getattr(self, "last", None), getattr(self, "last_state", None))
        return tuple(name for name in found if name is not None)


@dataclass(frozen=True, eq=False)
class KernelGeometry:
    """Weights and biases made on demand: float32 (kernel_y, kernel_x, channels in / groups, out) and (out,).

    `scale` and `shift`, float64 of shape (out,), are applied to the output of both. Where the network was quantised
    already, `steps`, float64 of shape (out,), has the step of each output channel's weights, before `scale`. `macs` are
    the multiply-accumulates of one position where some weights are filling.
    """

    shape: tuple[int, int, int, int]
    load: Callable[[], Array]
    bias: Callable[[], Array] | None = None
    scale: Array | None = None
    shift: Array | None = None
    steps: Array | None = None
    macs: int = 0

    def weights(self) -> Array:
        """The weights, scaled: float32."""
        weights = np.asarray(self.load(), np.float32)
        if self.scale is not None:
            weights = weights * self.scale.astype(np.float32)
        return weights

    def biases(self) -> Array:
        """The biases, scaled and shifted: float64 of shape (out,)."""
        bias = np.zeros(self.shape[3]) if self.bias is None else np.asarray(self.bias(), np.float64)
        if self.scale is not None:
            bias = bias * self.scale
        return bias if self.shift is None else bias + self.shift

    def then(self, scale: Array, shift: Array) -> KernelGeometry:
        """The kernel whose output is this one's, times `scale`, plus `shift`."""
        before = self.scale if self.scale is not None else np.ones(self.shape[3])
        moved = np.zeros(self.shape[3]) if self.shift is None else self.shift
        return replace(self, scale=before * scale, shift=moved * scale + shift)


@dataclass(frozen=True, slots=True)
class ProductPart:
    """What a product makes of one phase of its image: its own window, and the rows and columns of the kernel under it.

    -1 stands for a row or a column of zeros.
    """

    name: str
    phase: Phase
    geometry: Geometry
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def weights(self, kernel: Array) -> Array:
        """The weights under the window, of those of the whole kernel: (rows, columns, channels in, out)."""
        made = np.zeros((len(self.rows), len(self.columns), *kernel.shape[2:]), kernel.dtype)
        for y, row in enumerate(self.rows):
            for x, column in enumerate(self.columns):
                if row >= 0 and column >= 0:
                    made[y, x] = kernel[row, column]
        return made


@dataclass(eq=False)
class ProductStep(Step):
    """A convolution or a product with a matrix; outside its source lies `pad`. `affine` marks one that only scales and
    shifts each channel. One that makes a larger image of a smaller one has `parts`, each with a geometry of its own.
    """

    source: View
    kernel: KernelGeometry
    geometry: Geometry
    groups: int = 1
    pad: float = 0.0
    affine: bool = False
    parts: tuple[ProductPart, ...] = ()

    @property
    def geometries(self) -> tuple[Geometry, ...]:
        """The windows of the step: one, or one for each part."""
        return tuple(part.geometry for part in self.parts) or (self.geometry,)


@dataclass(eq=False)
class PadStep(Step):
    """The source with a margin of one number around it, in the same codes."""

    source: View
    geometry: Geometry
    pad: float


@dataclass(eq=False)
class PoolStep(Step):
    """Pooling: mode "max" or "average", the latter over the numbers inside the image only where `inside` is set."""

    source: View
    geometry: Geometry
    mode: str
    inside: bool = False


@dataclass(eq=False)
class AddStep(Step):
    """The sum of two images; `b` may be one pixel."""

    a: View
    b: View


@dataclass(eq=False)
class MulStep(Step):
    """The product of two images, number by number; `b` may be one pixel."""

    a: View
    b: View


@dataclass(eq=False)
class CopyStep(Step):
    """The source, through the activation, in a coding of its own unless `exact`."""

    source: View
    exact: bool = False


@dataclass(eq=False)
class TableStep(Step):
    """A function of each number, float32 from float32 of any shape."""

    source: View
    function: Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Gates:
    """Weights of one direction, made on demand: float32 (inputs, gates x hidden) for x, (hidden, gates x hidden) for h,
    and two biases of shape (gates x hidden,), gates in the chip's order.
    """

    load: Callable[[], tuple[Array, Array, Array, Array]]


@dataclass(eq=False)
class RecurrentStep(Step):
    """One direction of an LSTM ("lstm", gates i, f, o, g), a GRU ("gru" or "gru_linear", gates z, r, n) or an RNN
    ("rnn", whose h the activation makes).

    `out` takes h of every step; `last` and `last_state` are maps of one pixel for the last h and c. Before the first
    step h and the state (c, of a GRU h) are `initial_h` and `initial_c`, or what the views `first_h` and `first_c`
    show: one pixel each.
    """

    kind: str
    source: View
    hidden: int
    gates: Gates
    initial_h: Array
    initial_c: Array
    reverse: bool = False
    last: str | None = None
    last_state: str | None = None
    first_h: View | None = None
    first_c: View | None = None


@dataclass(frozen=True, slots=True)
class FloatPort:
    """An input or output: the map, the model's shape, the canonical one with its axes; the rest as in `graph.Port`."""

    name: str
    map: str
    shape: tuple[int, ...]
    canonical: tuple[int, ...]
    axes: tuple[int, ...]
    dtype: str
    batch: str | None = None
    host: bool = False
    high: int | None = None


@dataclass(eq=False)
class FloatGraph:
    """A network in its normal form; `unread` are the inputs of its model that nothing reads, `carried` those that stay
    on the chip, `calibration` says on which inputs its ranges were chosen.
    """

    name: str
    maps: dict[str, FloatMap] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    inputs: list[FloatPort] = field(default_factory=list)
    unread: list[FloatPort] = field(default_factory=list)
    outputs: list[FloatPort] = field(default_factory=list)
    host_nodes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    calibration: str = ""
    parts: tuple[HostPart, ...] = ()
    raw: list[FloatPort] = field(default_factory=list)
    results: list[HostResult] = field(default_factory=list)
    chip_nodes: tuple[tuple[str, ...], ...] = ()
    """What the host does between the steps, as in `graph.LayerGraph`; the steps are then in the order of stages."""
    carried: list[Carry] = field(default_factory=list)
    in_turn: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Outputs of the model that the host puts together of those of the chip: their numbers one behind the other."""

    @property
    def given(self) -> list[FloatPort]:
        """The inputs that the user gives, and something reads."""
        return [*(port for port in self.inputs if not port.host), *self.raw]

    @property
    def fed(self) -> list[FloatPort]:
        """Those of them that the user gives at each inference."""
        kept = {one.input for one in self.carried}
        return [port for port in self.given if port.name not in kept]

    def stages(self) -> dict[str, int]:
        """The stage of each step by its name: it runs behind the parts of the host of that stage, and before others."""
        made = {name: part.stage for part in self.parts for name in part.makes}
        found = {self.root(port.map)[0]: made[port.name] for port in self.inputs if port.host}
        stages: dict[str, int] = {}
        for step in self.steps:
            stages[step.name] = max((found.get(self.root(view.map)[0], 0) for view in step.views), default=0)
            for name in step.written:
                root = self.root(name)[0]
                found[root] = max(found.get(root, 0), stages[step.name])
        return stages

    def root(self, name: str) -> tuple[str, int]:
        """The map that holds a map, and the channel of its first."""
        offset = 0
        while (parent := self.maps[name].parent) is not None:
            name, more = parent
            offset += more
        return name, offset

    def channels_of(self, view: View) -> int:
        """How many channels a view shows."""
        return self.maps[view.map].channels if view.channels is None else len(view.channels)
