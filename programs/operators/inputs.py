"""How the inputs of a network lie in memory: the first operator that needs a layout sets it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.programs.network.network import Model, Node, Value
from acortex.programs.operators.constants import fold
from acortex.programs.operators.context import MAX_WORDS, Lowering, Unsupported
from acortex.programs.operators.folded_signals import Sweep, best_run, is_sweep
from acortex.programs.operators.linear import window
from acortex.programs.operators.tensors import TensorView, canonical

Array = NDArray[Any]

SEES_IMAGES = (
    "Conv", "QLinearConv", "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "BatchNormalization", "LRN",
    "ConvTranspose", "Resize", "Upsample", "DepthToSpace", "ConvInteger", "FusedConv",
)  # fmt: skip
SEES_SEQUENCES = ("LSTM", "GRU", "RNN")
MULTIPLIES = ("MatMul", "MatMulInteger", "FusedMatMul")
"""Matrix products whose constant may stand first."""
SEES_ROWS = (
    *MULTIPLIES, "QLinearMatMul", "Gemm", "QGemm", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulNBits",
    "Einsum",
)  # fmt: skip
REARRANGES = ("Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose")
TAKES_PARTS = ("Split", "Slice", "Gather")
KEEPS_PLACES = (
    "Identity", "Dropout", "Cast", "QuantizeLinear", "DequantizeLinear", "Relu", "Clip", "Add", "Sub", "Mul", "Div",
    "Pad", "Quant", "IntQuant", "FloatQuant", "BipolarQuant", "Trunc", "MultiThreshold", "RequantShift", "Round",
    "Floor", "Ceil", "DynamicQuantizeLinear",
)  # fmt: skip

REACH = 64
"""Nodes between an input and the operator that says how it lies."""


def place_input(lowering: Lowering, value: Value) -> TensorView:
    """The tensor of an input, in a map of its own."""
    if math.prod(value.shape) > MAX_WORDS * CHANNELS:
        raise Unsupported(f"it has {math.prod(value.shape)} numbers; a program addresses {MAX_WORDS} words of 64")
    if math.prod(value.shape) > lowering.most_words * CHANNELS:
        message = f"it has {math.prod(value.shape)} numbers, more than {lowering.most_words} words of 64"
        raise Unsupported(f"{message}; see memory.capacity_kb of the chip")
    tensor = _placed(value, *_first_reader(lowering, value))
    if canonical(tensor) is None:
        tensor = _placed(value, _counted(value.shape), default_seats(value.shape))
    packed = next((count for count in (16, 8, 4, 2) if count * tensor.size[2] <= CHANNELS), 1)
    return replace(tensor, map=lowering.new_map(value.name, tensor.size, packed).name)


def _placed(value: Value, seen: Array, seats: Seats) -> TensorView:
    """The tensor of an input, laid out for its first reader, in a map that has no name yet."""
    if not _covers(seats, seen.shape):
        raise Unsupported(f"it has shape {value.shape}; the chip takes images, one inference at a time")
    rows, columns, channels = (1 if seat is None else seen.shape[seat] for seat in seats)
    size = rows, columns, channels
    named = [seat for seat in seats if seat is not None]
    others = [axis for axis in range(seen.ndim) if axis not in named]
    order = seen.transpose([*others, *named]).reshape(-1)
    if seen.shape == value.shape and np.array_equal(seen, _counted(value.shape)):
        axes = tuple(seats.index(axis) if axis in seats else None for axis in range(seen.ndim))
        return TensorView("", size, value.shape, axes)
    places = np.empty(order.size, np.int32)
    places[order] = np.arange(order.size, dtype=np.int32)
    return _plain(TensorView("", size, value.shape, None, places.reshape(value.shape)))


def _counted(shape: tuple[int, ...]) -> Array:
    return np.arange(math.prod(shape), dtype=np.int32).reshape(shape)


def _plain(tensor: TensorView) -> TensorView:
    """The tensor, its axes named where each counts rows, columns or channels of the map."""
    steps = {tensor.size[1] * tensor.size[2]: 0, tensor.size[2]: 1, 1: 2}
    axes: list[int | None] = []
    for axis, size in enumerate(tensor.shape):
        along = tensor.indices[tuple(slice(2) if n == axis else 0 for n in range(len(tensor.shape)))]
        axes.append(steps.get(int(along[1] - along[0])) if size > 1 else None)
    named = TensorView(tensor.map, tensor.size, tensor.shape, tuple(axes))
    sizes = {place: tensor.shape[axis] for axis, place in enumerate(axes) if place is not None}
    fits = all(sizes.get(place, 1) == size for place, size in enumerate(tensor.size))
    return named if fits and np.array_equal(named.indices, tensor.indices) else tensor


Seats = tuple[int | None, int | None, int | None]
"""The axes of a tensor that count rows, columns and channels."""


def _first_reader(lowering: Lowering, value: Value) -> tuple[Array, Seats]:
    """The input's numbers in the shape in which the first operator that needs a layout reads them, and its seats."""
    places = _counted(value.shape)
    seats = _known_seats(lowering, value)
    if seats is not None:
        return places, seats
    folded = _folded(lowering, value)
    if folded is not None:
        return folded, (0, 1, 2)
    waiting = [(value.name, places)]
    for _ in range(REACH):
        if not waiting:
            break
        name, seen = waiting.pop(0)
        for node in lowering.readers.get(name, ()):
            if node.fault or name not in node.inputs[: 2 if node.op in ("Add", "Mul", *MULTIPLIES) else 1]:
                continue
            found = _seen_by(node, name, seen)
            if found is not None:
                return found
            moved = _moved(lowering.model, node, seen)
            if moved is not None and moved.size == seen.size:
                waiting.append((node.outputs[0], moved))
    usual = default_seats(value.shape)
    return (places, usual) if places.ndim < 4 or _covers(usual, value.shape) else _merged(places)


def _folded(lowering: Lowering, value: Value) -> Array | None:
    """A signal that convolutions alone read, with windows that go beyond instructions, as they read it folded.

    Of shape (channels, pixels, numbers of a pixel); None for any other input.
    """
    readings = _readings(lowering, value)
    sweeps = [_sweep(lowering.model, *one) for one in readings]
    signals = [seen.reshape(seen.shape[1], -1) for _, _, seen in readings if seen.ndim > 1]
    run = _run(sweeps, signals)
    return None if run is None else signals[0].reshape(len(signals[0]), -1, run)


def _run(sweeps: Sequence[Sweep | None], signals: Sequence[Array]) -> int | None:
    """The numbers of a pixel for windows over signals, one for each; None unless all are windows over the same one."""
    known = [sweep for sweep in sweeps if sweep is not None]
    if not known or len(known) < len(sweeps):
        return None
    alike = all(np.array_equal(signals[0], other) for other in signals[1:])
    return best_run(known, signals[0].shape[1]) if alike else None


def _readings(lowering: Lowering, value: Value) -> list[tuple[Node, str, Array]]:
    """The nodes that compute with an input, each with the name and the places of what it reads; none for an output.

    Between them and the input lie nodes that move numbers, or do the same to each.
    """
    waiting, found = [(value.name, _counted(value.shape))], list[tuple[Node, str, Array]]()
    for _ in range(REACH):
        if not waiting:
            return found
        name, seen = waiting.pop(0)
        if name in lowering.model.outputs:
            return []
        readers = [node for node in lowering.readers.get(name, ()) if not node.fault]
        moved = [(node, _passed_on(lowering, node, seen)) for node in readers]
        waiting += [(node.outputs[0], places) for node, places in moved if places is not None]
        found += [(node, name, seen) for node, places in moved if places is None]
    return []


def _passed_on(lowering: Lowering, node: Node, seen: Array) -> Array | None:
    """The places of what a node gives, where it moves numbers or does the same to each; None where it does not."""
    others = [lowering.model.constants.get(name) for name in node.inputs[1:] if name]
    alike = all(one is not None and math.prod(one.shape) == 1 for one in others)
    passed = _joins_window(lowering, node) if node.op == "Pad" else alike or node.op in REARRANGES
    moved = _moved(lowering.model, node, seen) if passed else None
    return moved if moved is not None and moved.size == seen.size else None


def _joins_window(lowering: Lowering, node: Node) -> bool:
    """Whether the window that follows a Pad takes it over: zeros, which one convolution reads."""
    readers = lowering.readers.get(node.outputs[0], [])
    known = lowering.model.constants.get(node.inputs[2]) if len(node.inputs) > 2 and node.inputs[2] else None
    value = node.attributes.get("value", 0) if known is None else known.load().reshape(-1)[:1]
    return [one.op for one in readers] == ["Conv"] and not np.any(value)


def _sweep(model: Model, node: Node, name: str, seen: Array) -> Sweep | None:
    """How a node's kernel moves along a signal; None for all but convolutions over one row."""
    if (node.op, name) != ("Conv", node.inputs[0]) or seen.ndim not in (3, 4) or seen.shape[0] != 1:
        return None
    try:
        kernel = _kernel_size(model, node, seen.ndim - 2)
        # A Pad before it may make a longer signal of one that is shorter than the kernel.
        g, _ = window(node, seen.shape[2:], kernel, [0] * (2 * len(kernel) - 1) + [kernel[-1]])
    except (Unsupported, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return None  # what is malformed is refused where it is lowered
    grouped = node.attributes.get("group", 1) != 1
    return None if grouped or not is_sweep(g) else Sweep(g.kernel_x, g.stride_x, g.left)


def _kernel_size(model: Model, node: Node, count: int) -> Sequence[int]:
    """The size of a convolution's kernel; as long as its stride where weights are computed that are not known yet."""
    known = model.constants.get(node.inputs[1])
    if known is not None:
        return known.shape[2:]
    return node.attributes.get("kernel_shape") or [1] * (count - 1) + [node.attributes["strides"][-1]]


def _seen_by(node: Node, name: str, seen: Array) -> tuple[Array, Seats] | None:
    """The shape in which a node reads a tensor, and its seats, if it needs a layout."""
    seats = _turned_seats(seen) if _takes_columns(node, name) else _seats(node, seen)
    if seats is not None and _covers(seats, seen.shape):
        return seen, seats
    return _merged(seen) if node.op in SEES_IMAGES and seen.ndim in (3, 4, 5) else None


def _merged(seen: Array) -> tuple[Array, Seats]:
    """Images of a batch, or their planes, as one of more channels, with its seats."""
    merged = seen.reshape(-1, *seen.shape[max(2, seen.ndim - 2) :])
    return merged, (None, 1, 0) if merged.ndim == 2 else (1, 2, 0)


def _known_seats(lowering: Lowering, value: Value) -> Seats | None:
    """The seats of states, and of what is taken apart place by place."""
    seats = _state_seats(value.shape)
    if seats is not None and _holds_state(lowering, value.name):
        return seats
    axis = _taken_apart(lowering, value)
    return None if axis is None else (None, axis, max(n for n in range(len(value.shape)) if n != axis))


def _taken_apart(lowering: Lowering, value: Value) -> int | None:
    """The axis along which every reader of an input takes one place, as the turns of a loop do; None without one."""
    readers, rank = lowering.readers.get(value.name, ()), len(value.shape)
    if not readers or any(node.op != "Gather" or node.fault or rank < 2 for node in readers):
        return None
    axes = {int(node.attributes.get("axis", 0)) % rank for node in readers}
    places = [lowering.model.constants.get(node.inputs[1]) for node in readers]
    sequence = math.prod(value.shape) == value.shape[min(axes)] * value.shape[rank - 1]
    return axes.pop() if len(axes) == 1 and sequence and all(one and one.shape == () for one in places) else None


def _takes_columns(node: Node, name: str) -> bool:
    """Whether a node multiplies the columns of a tensor rather than its rows."""
    behind = node.op in MULTIPLIES and name != node.inputs[0]
    turned = node.op == "FusedMatMul" and bool(node.attributes.get("transB" if behind else "transA"))
    return behind != turned


def _holds_state(lowering: Lowering, name: str) -> bool:
    """Whether a recurrent layer takes an input, or a part of it, as its first state."""
    waiting = [name]
    for _ in range(REACH):
        if not waiting:
            break
        one = waiting.pop(0)
        for node in lowering.readers.get(one, ()):
            if node.fault:
                continue
            if node.op in SEES_SEQUENCES and one in node.inputs[5:7]:
                return True
            if node.op in (*REARRANGES, *TAKES_PARTS) and one == node.inputs[0]:
                waiting += node.outputs
    return False


def _state_seats(shape: tuple[int, ...]) -> Seats | None:
    """The seats of states: the last axis counts channels, the others pixels; None where more than two do."""
    pixels: list[int | None] = [axis for axis, size in enumerate(shape[:-1]) if size > 1]
    if len(pixels) > 2 or not shape:
        return None
    rows, columns = [None] * (2 - len(pixels)) + pixels
    return rows, columns, len(shape) - 1


def _covers(seats: Seats, shape: tuple[int, ...]) -> bool:
    """Whether what is not counted is one; a number alone is no tensor."""
    return bool(shape) and all(size == 1 or axis in seats for axis, size in enumerate(shape))


def _seats(node: Node, seen: Array) -> Seats | None:
    rank = seen.ndim
    if node.op in SEES_IMAGES and rank in (3, 4) and seen.shape[0] == 1:
        return (2, 3, 1) if rank == 4 else (None, 2, 1)
    if node.op in SEES_SEQUENCES and rank == 3:
        return None, int(node.attributes.get("layout", 0)), 2
    if node.op in SEES_ROWS and rank > 1:
        lead = [axis for axis in range(rank - 1) if seen.shape[axis] > 1]
        if len(lead) < 3:
            rows, columns = [None] * (2 - len(lead)) + lead
            return rows, columns, rank - 1
    return None


def _turned_seats(seen: Array) -> Seats | None:
    """The seats of what a constant matrix is multiplied with: it reads the last axis but one."""
    rank = seen.ndim
    lead = [axis for axis in range(rank) if seen.shape[axis] > 1 and axis != rank - 2]
    if rank < 2 or len(lead) > 2:
        return None
    rows, columns = [None] * (2 - len(lead)) + lead
    return rows, columns, rank - 2


def _moved(model: Model, node: Node, seen: Array) -> Array | None:
    if node.op in KEEPS_PLACES:
        return seen
    known = all(name in model.constants or not name for name in node.inputs[1:])
    if node.op not in REARRANGES or not known:
        return None
    others = [model.constants[name].load() if name else None for name in node.inputs[1:]]
    try:
        return fold(node, [seen, *others])[0]
    except Unsupported:
        return None


def default_seats(shape: tuple[int, ...]) -> Seats:
    """Batch, channels, rows, columns, or fewer; two axes are a vector, or one vector per pixel."""
    if len(shape) > 3:
        return len(shape) - 2, len(shape) - 1, len(shape) - 3
    if len(shape) == 3:
        return (None, 2, 1) if shape[0] == 1 else (1, 2, 0)
    if len(shape) == 2:
        return None, None if shape[0] == 1 else 0, 1
    return None, None, 0 if shape else None
