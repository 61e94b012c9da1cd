"""The layer graph: a quantised network as the chip takes it, between the steps that make it and those that use it.

    ONNX file or builder -> normalise -> quantise -> **layer graph** -> place, plan, schedule, emit -> program
                                                                     -> reference (the same network as ONNX)

A number is held as a code of few bits: real = scale * (code - zero). A *map* is an image of codes in main memory; a
pixel's channels take whole words of 64. A layer reads *views* of maps and writes into a *target*: several layers may
fill one map side by side, which is all there is to a concatenation; a slice or a shuffle of channels is a view.

What each layer computes is said at its class, in codes and integers, by the rules of
`acortex.isa.arithmetic.quantisers`; everything that executes a layer graph must give the same codes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.arithmetic.quantisers import UNITY
from acortex.isa.program import HostResult

Array = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Coding:
    """What codes of a map stand for: real = scale * (code - zero), codes from 0 to 2^bits - 1."""

    scale: float
    zero: int = 0
    bits: int = 4


@dataclass(frozen=True, slots=True)
class Map:
    """An image of codes in main memory; vectors are images of one pixel, sequences images of one row.

    `packed` pixels lie in one word (each with 64 / packed channels), a row padded to whole words; 1 for all but inputs
    of few channels.
    """

    name: str
    height: int
    width: int
    channels: int
    coding: Coding
    packed: int = 1


@dataclass(frozen=True, slots=True)
class View:
    """What a layer reads: a crop of a map, and some of its channels in some order.

    `channels` are indices into the map's channels, None for all of them; `height` and `width` of None reach to the end.
    """

    map: str
    channels: tuple[int, ...] | None = None
    top: int = 0
    left: int = 0
    height: int | None = None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """Some pixels of an image: every `step_y`-th row from `top` on, and of these every `step_x`-th pixel from `left`
    on.

    Several layers may fill an image phase by phase, as its rows and columns interleave.
    """

    top: int = 0
    left: int = 0
    step_y: int = 1
    step_x: int = 1

    def size(self, height: int, width: int) -> tuple[int, int]:
        """The rows and columns that an image of a size has in it."""
        return -(-(height - self.top) // self.step_y), -(-(width - self.left) // self.step_x)


EVERY = Phase()
"""All pixels."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a layer writes: the channels of a map from `offset` on, at every pixel, or at those of a phase."""

    map: str
    offset: int = 0
    phase: Phase = EVERY


@dataclass(frozen=True, eq=False)
class Code:
    """How sums become codes: clip(activation(round((sum + offset) * multiplier / 2^shift)) + zero, low, high).

    `offset` (within 2^31) and `multiplier` (1 to 65536) are int64 of shape (columns,) for a `Product`, one number
    elsewhere. Activation functions and `gain` as in `acortex.isa.arithmetic.quantisers`.
    """

    multiplier: Array | int = 1
    shift: int = 0
    offset: Array | int = 0
    zero: int = 0
    low: int = 0
    high: int = 15
    activation: str = "none"
    gain: int = UNITY


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a window moves over an image: `rows` x `columns` positions, the first `top` rows above and `left` before
    it.
    """

    kernel_y: int = 1
    kernel_x: int = 1
    stride_y: int = 1
    stride_x: int = 1
    dilation_y: int = 1
    dilation_x: int = 1
    top: int = 0
    left: int = 0
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True, eq=False)
class Layer:
    """One step of the network. `op` is the operator that it came from, for people; `name` is unique."""

    name: str
    op: str
    target: Target


@dataclass(frozen=True, eq=False)
class Product(Layer):
    """A convolution, or a product of a vector and a matrix, on groups of arrays, converted by neurons.

    sum[y, x, j] = sum over taps and i of weights[ky, kx, i, j] * source[y * stride_y - top + ky * dilation_y, …, i],
    where what lies outside the source has the code `pad`. `weights` is int8 of shape (kernel_y, kernel_x, channels in
    / groups, channels out); output channel j reads the channels of its own `groups`-th part. `macs_per_position`
    counts the full kernel, no bias.
    """

    source: View
    weights: Array
    geometry: Geometry
    code: Code
    groups: int = 1
    pad: int = 0
    macs: int = 0
    """Multiply-accumulates of one position, where they are not the size of the weights, some of which are filling."""

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates of one position: the full kernel, borders included."""
        return self.macs or int(self.weights.size)


@dataclass(frozen=True, eq=False)
class Pool(Layer):
    """Pooling by the vector agent, channel by channel.

    mode "max": the largest code under the window, outside counts as 0. "average": the quantised sum of codes over the
    window (outside 0) divided by the number of its pixels, by `inside` only of those inside the image; the division is
    part of the one rounding: round(sum * multiplier / (2^shift * count)).
    """

    source: View
    geometry: Geometry
    mode: str
    code: Code
    inside: bool = False


@dataclass(frozen=True, eq=False)
class Add(Layer):
    """Code of (a - zero_a) * multiplier_a + (b - zero_b) * multiplier_b, element by element, by the vector agent.

    `b` of one pixel is added to every pixel of `a`. `code.multiplier` is 1 and not used.
    """

    a: View
    b: View
    zero_a: int
    zero_b: int
    multiplier_a: int
    multiplier_b: int
    code: Code


@dataclass(frozen=True, eq=False)
class Mul(Layer):
    """Code of (a - zero_a) * (b - zero_b), element by element, by the vector agent; `b` of one pixel for every
    pixel.
    """

    a: View
    b: View
    zero_a: int
    zero_b: int
    code: Code


@dataclass(frozen=True, eq=False)
class Requant(Layer):
    """Code of a - zero_a, element by element, by the vector agent: another coding, or an activation function."""

    source: View
    zero_a: int
    code: Code


@dataclass(frozen=True, eq=False)
class Recurrent(Layer):
    """One direction of an LSTM, GRU or RNN layer over a sequence (a map of one row); the first two have 16-bit state
    in the vector agent.

    Each step multiplies [x, h] (the source's pixel, then the codes of h) by `weights`, int8 of shape (inputs +
    hidden, gates * hidden), gate after gate; `codes` turn the sums of each gate into codes, offsets and multipliers
    of shape (hidden,). With F = codes[0].high and G = high - zero of the tanh gate's code (g' = g - zero), as
    isa.semantics has it:

    - kind "lstm", gates i, f, o, g: c' = round((f * c * G + i * g' * 2048) / (F * G)) in int16, h = out(o * T(c')),
      where T(x) = round(32767 tanh(x / 2048)).
    - kind "gru_linear" (linear_before_reset), gates z, nx, r, nh: n = T(round((F * nx' + r * nh') * cell_multiplier /
      (2^cell_shift * F))), h' = round((z * h + (F - z) * n) / F) in int16, in units of 1/32767; h = out(h'). nx takes
      only x, nh only h: the other rows of `weights` are zero.
    - kind "gru", gates z, r from `weights` and n from `weights_n` (inputs + hidden, hidden), whose h rows take the
      codes of reset(r * (h - zero of h)): h' = round((z * h * G + (F - z) * n' * 32767) / (F * G)).
    - kind "rnn": its one gate is h; `out` is its code, and there is no state.

    The first step takes `initial_h` (uint8 codes of shape (hidden,)) and `initial_state` (int16, c of an LSTM, h of a
    GRU); or, where they are set, the codes that the view `first_h` shows of one pixel, in the coding of the target, and
    the states clip((code - first_zero) * first_unit) in int16 of those that the view `first_state` shows. `target`
    takes h of every step; `last` that of the last one, `last_state` the LSTM's c by its own code; each None where
    nothing reads it. `reverse` runs from the last pixel to the first.
    """

    kind: str
    source: View
    hidden: int
    weights: Array
    codes: tuple[Code, ...]
    out: Code
    initial_h: Array
    initial_state: Array
    reverse: bool = False
    weights_n: Array | None = None
    code_n: Code | None = None
    reset: Code | None = None
    cell_multiplier: int = 1
    cell_shift: int = 0
    last: Target | None = None
    last_state: tuple[Target, Code] | None = None
    first_h: View | None = None
    first_state: View | None = None
    first_zero: int = 0
    first_unit: int = 1


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of the network, as its user sees it.

    `shape` is that of one inference as the model has it, a leading batch axis of one included; `shapes` are all forms
    that users may give, without it, the first canonical; an output is given in the last, the model's own. `batch` names
    the first axis of an input whose size the model leaves open (None where it does not). `axes` is the permutation of
    the first of `shapes` to (rows, columns, channels) or fewer. `encode` names how numbers become codes: "linear" by
    the map's coding, "binary" or "codes".
    """

    name: str
    map: str
    shape: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...]
    axes: tuple[int, ...] | None = None
    encode: str = "linear"
    dtype: str = "float32"
    batch: str | None = None
    host: bool = False
    """Whether a part of the host makes it, or takes it: the user neither gives nor gets it."""
    high: int | None = None
    """The largest whole number that an input of the host may have, where that is known."""


@dataclass(frozen=True, eq=False)
class HostPart:
    """What the host does of a network before a stage of the chip: the ONNX model of these nodes, as bytes.

    The stages of the chip count from 0; the host's last part may come after all of them. `takes` names outputs of the
    chip, inputs of the network, and what parts before have made; `makes` inputs of the chip, outputs of the network,
    and what later parts take. `operations` is an estimate, for its time.
    """

    name: str
    stage: int
    nodes: tuple[str, ...]
    model: bytes
    takes: tuple[str, ...]
    makes: tuple[str, ...]
    operations: int
    macs: int = 0
    """The multiply-accumulates among them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """What a layer's rounding costs: the signal to noise of what it makes of codes of exact numbers, in decibels, and
    the correlation of the outputs with floating point were this layer alone exact.
    """

    layer: str
    op: str
    sqnr_db: float
    correlation_without: float


@dataclass(frozen=True, slots=True)
class Losses:
    """The correlation of a network's outputs with floating point, and the losses of layers, the costliest first."""

    correlation: float
    layers: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class Carry:
    """An input that takes, from the second inference on, what outputs of the one before gave, one behind the other."""

    input: str
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class LayerGraph:
    """A quantised network: its maps, its layers in an order in which they can run, its inputs and outputs.

    `host_nodes` names what the host does after the outputs (Softmax, ArgMax); `warnings` is what its maker wants to be
    known, `calibration` on which inputs ranges were chosen, empty where none were, `quantise` how levels were, and
    `losses` what rounding costs, where that was measured. `samples` and `labels` are the
    network's own data, in the form of `--input`. `unread` are inputs of the model that nothing reads: they lie in no
    map, and cost a program nothing. With `own_quantisers` a layer's quantiser is set though another layer's has the
    same numbers, so that instructions do not depend on weights. Of a `weightless` one all weights are 0, and its
    quantisers hold placeholders: it has the time and energy of the network, and not its values. Inputs that are
    `carried` stay on the chip: the host gives the others alone, which are `fed`.
    """

    name: str
    maps: dict[str, Map]
    layers: tuple[Layer, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    host_nodes: tuple[str, ...] = ()
    samples: dict[str, Array] = field(default_factory=dict)
    labels: Array | None = None
    warnings: tuple[str, ...] = ()
    calibration: str = ""
    quantise: str = ""
    losses: Losses | None = None
    unread: tuple[Port, ...] = ()
    parts: tuple[HostPart, ...] = ()
    """What the host does between the layers, by stages."""
    raw: tuple[Port, ...] = ()
    """Inputs of the network that only the host reads: they lie in no map."""
    results: tuple[HostResult, ...] = ()
    """Outputs of the network that the host makes."""
    chip_nodes: tuple[tuple[str, ...], ...] = ()
    """The nodes of the network in each stage of the chip, where the host works between these."""
    own_quantisers: bool = False
    weightless: bool = False
    carried: tuple[Carry, ...] = ()

    @property
    def fed(self) -> tuple[Port, ...]:
        """The inputs that the host gives."""
        kept = {one.input for one in self.carried}
        return tuple(port for port in self.inputs if port.name not in kept)

    @property
    def given(self) -> tuple[Port, ...]:
        """The inputs that the user gives, and something reads."""
        return (*(port for port in self.inputs if not port.host), *self.raw)


def crop(view: View, source: Map) -> View:
    """The view with its height, width and channels filled in."""
    channels = view.channels if view.channels is not None else tuple(range(source.channels))
    height = source.height - view.top if view.height is None else view.height
    width = source.width - view.left if view.width is None else view.width
    return replace(view, channels=channels, height=height, width=width)


def places_of_numbers(canonical: Sequence[int], axes: Sequence[int]) -> NDArray[np.int64]:
    """Where each number of an input or output, in the model's order, lies in the image of its map."""
    lying = np.arange(prod(canonical), dtype=np.int64).reshape([canonical[axis] for axis in axes])
    return lying.transpose(np.argsort(axes)).reshape(-1)


def read_views(layer: Layer) -> tuple[View, ...]:
    """The views that a layer reads."""
    found = (getattr(layer, name, None) for name in ("source", "a", "b", "first_h", "first_state"))
    return tuple(view for view in found if isinstance(view, View))


def written_targets(layer: Layer) -> tuple[Target, ...]:
    """The targets that a layer writes."""
    if not isinstance(layer, Recurrent):
        return (layer.target,)
    state = (layer.last_state[0],) if layer.last_state else ()
    return (layer.target, *((layer.last,) if layer.last else ()), *state)


def columns_of(code: Code, columns: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Offsets and multipliers of a code for each of `columns`: int64 of shape (columns,)."""
    offset = np.broadcast_to(np.asarray(code.offset, dtype=np.int64), (columns,))
    return offset, np.broadcast_to(np.asarray(code.multiplier, dtype=np.int64), (columns,))
