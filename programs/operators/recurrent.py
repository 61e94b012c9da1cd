"""LSTM, GRU and RNN: a recurrent step for each direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.programs.graph import View
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Lowering, Misplaced, Unsupported
from acortex.programs.operators.registry import operator
from acortex.programs.operators.tensors import TensorView, contiguous
from acortex.programs.steps import Activation, FloatMap, Gates, RecurrentStep

Array = NDArray[Any]

MOST_STEPS = 1 << 14
"""Steps that a sequence has at most: each takes words of memory, and a pass of the compiler."""

USUAL = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}

MOST_CLIPPED = 1 / 30
"""Of the range of a function that saturates, what a clip may cut off at an end: half a step of 16 codes. The chip's
goes on to its own end.
"""

FAR = 1e3
"""An argument at which functions that saturate have done so."""

OF_RNN = {"tanh": "tanh", "relu": "relu", "sigmoid": "sigmoid"}
"""The functions of an RNN, by ONNX's names in lower case."""

ORDER = {"LSTM": (0, 2, 1, 3), "GRU": (0, 1, 2), "RNN": (0,)}
"""The chip's gates among ONNX's: i, f, o, g of i, o, f, c; z, r, n as they are."""


@operator(
    "LSTM", "GRU",
    becomes="a recurrent layer for each direction, 16-bit state in the vector agent",
    limits="constant weights, the usual activations; no peepholes, clip, input_forget or lengths",
)  # fmt: skip
@operator(
    "RNN",
    becomes="a recurrent layer for each direction, its state the codes of h",
    limits="constant weights; Relu with any clip, Tanh or Sigmoid with one near their ends; no lengths",
)
def recurrent(lowering: Lowering, node: Node) -> None:
    """One direction, or both, over a sequence."""
    tensor = lowering.tensor(node)
    batch_first = bool(node.attributes.get("layout", 0))
    source, order = _sequence(lowering, node, tensor, batch_first)
    steps, features = tensor.shape[1 if batch_first else 0], tensor.shape[2]
    directions = _directions(node)
    weights, recurrence = lowering.lazy(node, 1, "weights"), lowering.lazy(node, 2, "recurrence weights")
    hidden = _hidden(node, weights, recurrence, len(directions), features)
    _refuse_extras(lowering, node, steps)
    first_h, first_c = (_initial(lowering, node, n, directions, hidden) for n in (5, 6))
    firsts = _firsts(lowering, node, len(directions), hidden)
    homes = _homes(lowering, node, steps, len(directions) * hidden)
    if homes[0] is not None and any(h is not None for h, _ in firsts):
        lowering.claimed.add(homes[0].name)  # what joins it with others would move its channels within their words
    for place, reverse in enumerate(directions):
        whole, last, last_state = (_part(lowering, home, place, hidden, directions) for home in homes)
        assert whole is not None
        gates = Gates(_loader(lowering, node, weights, recurrence, place, hidden, order))
        lowering.graph.steps.append(
            RecurrentStep(
                whole, node.op, whole, _kind(node), source, hidden, gates,
                first_h[place], first_c[place], reverse, last, last_state, *firsts[place],
                activation=_activation(node, place),
            )
        )  # fmt: skip
    _give(lowering, node, [home.name if home else None for home in homes], steps, len(directions), hidden)


def _sequence(
    lowering: Lowering, node: Node, tensor: TensorView, batch_first: bool
) -> tuple[View, NDArray[np.int64] | None]:
    """The view of a layer's input as one sequence, a pixel for each step, and the channel of each feature where they
    are not in order.
    """
    time, batch = (1, 0) if batch_first else (0, 1)
    if len(tensor.shape) != 3 or tensor.shape[batch] != 1:
        raise Unsupported(f"its input has shape {tensor.shape}; the chip takes one sequence at a time")
    if tensor.shape[time] > MOST_STEPS:
        raise Unsupported(f"it has {tensor.shape[time]} steps; {MOST_STEPS} is the most")
    source = tensor.view(None, time, 2)
    if source is not None:
        return source, None
    return _rows_joined(lowering, node, tensor, tensor.indices.transpose(batch, time, 2)[0])


def _rows_joined(lowering: Lowering, node: Node, tensor: TensorView, steps: Array) -> tuple[View, NDArray[np.int64]]:
    """A sequence over the columns of an image whose features are channels of several rows: the rows side by side.

    `steps` has the place of each feature of each step: int of shape (steps, features).
    """
    _, columns, channels = tensor.size
    y, rest = np.divmod(steps[0].astype(np.int64), columns * channels)
    x, c = np.divmod(rest, channels)
    rows, listed = np.unique(y), np.unique(c)
    places = np.asarray(np.searchsorted(rows, y) * len(listed) + np.searchsorted(listed, c))
    moves = np.arange(len(steps))[:, None] * channels
    whole = len(rows) * len(listed) == len(places) == len(np.unique(places))
    left = int(x[0])
    if not whole or (x != left).any() or left + len(steps) > columns or not np.array_equal(steps, steps[0] + moves):
        raise Misplaced("its steps are no columns of an image, all channels of some rows each")
    home = lowering.new_map(f"{node.name}.steps", (1, len(steps), len(places)))
    chosen = None if len(listed) == channels else tuple(int(channel) for channel in listed)
    for number, row in enumerate(rows):
        view = View(tensor.map, chosen, int(row), left, 1, len(steps))
        piece = lowering.copy(f"{node.name}.row", node.op, view, (1, len(steps), len(listed)))
        piece.parent = (home.name, number * len(listed))
    return View(home.name), places


def _hidden(node: Node, weights: Constant, recurrence: Constant, directions: int, features: int) -> int:
    """The units of each direction, from the attribute or the weights; both tables must have the shapes that follow."""
    gates = len(ORDER[node.op])
    hidden = int(node.attributes.get("hidden_size", recurrence.shape[-1]))
    expected = (directions, gates * hidden, features), (directions, gates * hidden, hidden)
    if (weights.shape, recurrence.shape) != expected:
        raise Unsupported(f"weights of {weights.shape} and {recurrence.shape} do not fit; {expected} do")
    return hidden


def _kind(node: Node) -> str:
    """The step's kind; `linear_before_reset` moves the reset gate of a GRU behind its product."""
    linear = node.op == "GRU" and node.attributes.get("linear_before_reset")
    return node.op.lower() + ("_linear" if linear else "")


def _activation(node: Node, place: int) -> Activation:
    """What a direction of an RNN ends in; nothing for cells, which have functions of their own."""
    if node.op != "RNN":
        return Activation()
    names = list(node.attributes.get("activations") or USUAL["RNN"])
    name = OF_RNN[names[place % len(names)].lower()]
    limit = float(node.attributes.get("clip") or math.inf)
    plain = Activation(name)
    low, high = (float(plain.apply(np.array([end]))[0]) for end in (-limit, limit))
    least, most = (float(plain.apply(np.array([end]))[0]) for end in (-FAR, FAR))
    if name != "relu" and max(low - least, most - high) > MOST_CLIPPED * (most - least):
        raise Unsupported(f"its clip of {limit:g} ends {name} at {high:.3g}; the chip's ends at 1")
    # A function that rises takes a bound of its argument along to the bound of its value.
    return plain if limit == math.inf else Activation(name, low=low, high=high)


def _homes(lowering: Lowering, node: Node, steps: int, channels: int) -> list[FloatMap | None]:
    """New maps for h of every step, the last h and the last c; None for an end that the network does not use."""
    homes: list[FloatMap | None] = [lowering.new_map(node.name, (1, steps, channels))]
    for place, key in ((1, "last"), (2, "state")):
        used = len(node.outputs) > place and bool(node.outputs[place])
        homes.append(lowering.new_map(f"{node.name}.{key}", (1, 1, channels)) if used else None)
    return homes


def _part(lowering: Lowering, home: FloatMap | None, place: int, hidden: int, directions: list[bool]) -> str | None:
    """The map that one direction writes: the whole of `home`, or its own channels in it where there are two."""
    if home is None or len(directions) == 1:
        return home.name if home else None
    name = "backward" if directions[place] else "forward"
    part = lowering.new_map(f"{home.name}.{name}", (*home.size[:2], hidden))
    part.parent = (home.name, place * hidden)
    return part.name


def _directions(node: Node) -> list[bool]:
    found = {"forward": [False], "reverse": [True], "bidirectional": [False, True]}
    direction = node.attributes.get("direction", "forward")
    if direction not in found:
        raise Unsupported(f"its direction is {direction}")
    return found[direction]


def _refuse_extras(lowering: Lowering, node: Node, steps: int) -> None:
    """Raises for whatever of ONNX's recurrent layers the chip does not do."""
    functions = list(node.attributes.get("activations") or [])
    usual = USUAL[node.op]
    if node.op == "RNN":
        unusual, usual = any(name.lower() not in OF_RNN for name in functions), ["Tanh", "Relu", "Sigmoid"]
    else:
        unusual = any(name.lower() != usual[n % len(usual)].lower() for n, name in enumerate(functions))
    if unusual:
        raise Unsupported(f"its activations are {', '.join(functions)}; the chip does {', '.join(usual)}")
    for key in ("clip", "input_forget") if node.op != "RNN" else ():
        if node.attributes.get(key):
            raise Unsupported(f"it has {key}")
    if lowering.has(node, 4) and (lowering.constant(node, 4, "list of lengths") != steps).any():
        raise Unsupported("its sequences have lengths of their own")
    if lowering.has(node, 7) and lowering.constant(node, 7, "peephole weights").any():
        raise Unsupported("it has peepholes")


def _initial(lowering: Lowering, node: Node, index: int, directions: list[bool], hidden: int) -> Array:
    shape = (len(directions), hidden)
    if not lowering.has(node, index) or (node.op != "LSTM" and index == 6) or not lowering.is_constant(node, index):
        return np.zeros(shape, np.float32)
    given = lowering.constant(node, index, "initial state")
    if given.size != len(directions) * hidden:
        raise Unsupported(f"its initial state has shape {given.shape}")
    return given.reshape(shape).astype(np.float32)


First = tuple[View | None, View | None]
"""What shows the first h and the first state of a direction; None for a constant."""


def _firsts(lowering: Lowering, node: Node, directions: int, hidden: int) -> list[First]:
    """The views of first states that are computed, or inputs, for each direction."""
    lstm = node.op == "LSTM"
    h = _shown(lowering, node, 5, directions, hidden, apart=False)
    if node.op == "RNN":
        return [(one, None) for one in h]
    state = _shown(lowering, node, 6 if lstm else 5, directions, hidden, apart=True)
    return list(zip(h, state, strict=True))


def _shown(
    lowering: Lowering, node: Node, index: int, directions: int, hidden: int, *, apart: bool
) -> list[View | None]:
    """The views of a first state that is not known beforehand, one for each direction.

    h lies in the words of a pixel as that of every step does, one direction behind the other; with `apart` each fills
    words of its own, as the vector agent takes states.
    """
    if not lowering.has(node, index) or lowering.is_constant(node, index):
        return [None] * directions
    tensor = lowering.tensor(node, index)
    if math.prod(tensor.shape) != directions * hidden:
        raise Unsupported(f"its initial state has shape {tensor.shape}")
    own = tensor.reshaped((directions, hidden)).indices
    name = f"{node.name}.{'state' if apart else 'first'}"
    home = None
    found: list[View | None] = []
    for place in range(directions):
        view = TensorView(tensor.map, tensor.size, (hidden,), None, own[place]).view(None, None, 0)
        if view is None:
            raise Misplaced("its initial state is a rearrangement that memory cannot be read in")
        if contiguous(view) and _first_channel(view) % CHANNELS == (0 if apart else place * hidden % CHANNELS):
            found.append(view)
            continue
        piece = lowering.copy(f"{name}.{place}", node.op, view, (1, 1, hidden))
        if not apart:
            home = home or lowering.new_map(name, (1, 1, directions * hidden))
            piece.parent = (home.name, place * hidden)
        found.append(View(piece.name))
    return found


def _first_channel(view: View) -> int:
    return view.channels[0] if view.channels is not None else 0


Loaded = tuple[Array, Array, Array, Array]
"""Weights and biases of one direction, as `Gates` has them."""


def _loader(
    lowering: Lowering,
    node: Node,
    weights: Constant,
    recurrence: Constant,
    place: int,
    hidden: int,
    channels: NDArray[np.int64] | None,
) -> Callable[[], Loaded]:
    """What makes one direction's weights, (inputs, gates x hidden) and (hidden, gates x hidden), and both biases.

    `channels` has the channel of each input, None where they are in order.
    """
    order = ORDER[node.op]
    inputs = slice(None) if channels is None else np.argsort(channels)
    bias = lowering.lazy(node, 3, "bias") if lowering.has(node, 3) else None
    if bias is not None and bias.shape != (weights.shape[0], 2 * len(order) * hidden):
        raise Unsupported(f"its bias has shape {bias.shape}")

    def arranged(matrix: Array) -> Array:
        return matrix.reshape(len(order), hidden, -1)[list(order)].reshape(len(order) * hidden, -1).T

    def load() -> Loaded:
        both = np.zeros(2 * len(order) * hidden, np.float32) if bias is None else bias.load()[place]
        first, second = (arranged(part).reshape(-1) for part in np.split(both, 2))
        return arranged(weights.load()[place])[inputs], arranged(recurrence.load()[place]), first, second

    return load


def _give(lowering: Lowering, node: Node, homes: list[str | None], steps: int, directions: int, hidden: int) -> None:
    """The tensors of the outputs: h of every step, the last h, the last c."""
    whole, *ends = homes
    assert whole is not None
    batch_first = bool(node.attributes.get("layout", 0))
    channels = directions * hidden
    every = TensorView(whole, (1, steps, channels), (steps, channels), (1, 2)).reshaped((steps, directions, 1, hidden))
    if batch_first:
        every = every.transposed((2, 0, 1, 3))
    if node.outputs[0]:
        lowering.give(node.outputs[0], every)
    for name, made in zip(node.outputs[1:], ends, strict=False):
        if name and made is not None:
            last = TensorView(made, (1, 1, channels), (1, channels), (None, 2)).reshaped((directions, 1, hidden))
            lowering.give(name, last.transposed((1, 0, 2)) if batch_first else last)
