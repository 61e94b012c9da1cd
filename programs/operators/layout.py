"""Operators that only rename or gather: they cost the chip nothing, or a copy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.programs.graph import View
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.constants import fold
from acortex.programs.operators.context import Lowering, Misplaced, Padding, Unsupported
from acortex.programs.operators.registry import operator
from acortex.programs.operators.tensors import TensorView, grid, image_view
from acortex.programs.steps import FloatMap

Array = NDArray[Any]

MOST_PIXELS = 1024
"""Pixels of an image that Concat takes apart to lay them in a row, a pass each."""

NOTHING = "nothing: the numbers stay where they are"


@operator("Reshape", "Flatten", "Squeeze", "Unsqueeze", becomes=NOTHING, limits="a constant shape")
def reshape(lowering: Lowering, node: Node) -> None:
    """Another shape of the same numbers."""
    tensor = lowering.tensor(node)
    lowering.spend(math.prod(tensor.shape))
    others = [lowering.constant(node, n, "shape") for n in range(1, len(node.inputs)) if lowering.has(node, n)]
    (made,) = fold(node, [np.broadcast_to(np.int8(0), tensor.shape), *others])
    lowering.rename(node, tensor.reshaped(made.shape))


@operator("Transpose", becomes=NOTHING, limits="what reads it must find an image or a vector")
def transpose(lowering: Lowering, node: Node) -> None:
    """The axes in another order."""
    tensor = lowering.tensor(node)
    lowering.spend(math.prod(tensor.shape))
    order = node.attributes.get("perm") or range(len(tensor.shape))[::-1]
    if sorted(order) != list(range(len(tensor.shape))):
        raise Unsupported(f"perm is {list(order)} for an input of shape {tensor.shape}")
    lowering.rename(node, tensor.transposed(order))


@operator(
    "Slice", "Split", "Gather", "SpaceToDepth", "Expand", "Tile",
    becomes="a view", limits="constant indices; what reads it must find a crop, or channels in some order",
)  # fmt: skip
def view(lowering: Lowering, node: Node) -> None:
    """Some of the numbers."""
    tensor = lowering.tensor(node)
    others = [
        lowering.constant(node, n, "list of indices") if lowering.has(node, n) else None
        for n in range(1, len(node.inputs))
    ]
    parts = fold(node, [tensor.indices, *others])
    lowering.spend(tensor.indices.size + sum(part.size for part in parts))
    if any(part.size == 0 for part in parts):
        raise Unsupported("it leaves nothing")
    same = len(parts) == 1 and np.array_equal(parts[0], tensor.indices)
    lowering.rename(node, *([tensor] if same else [_placed(tensor, part) for part in parts]))


def _placed(tensor: TensorView, places: Array) -> TensorView:
    return TensorView(tensor.map, tensor.size, places.shape, None, places)


@operator("Identity", "Dropout", becomes="nothing")
def identity(lowering: Lowering, node: Node) -> None:
    """What it is given."""
    if len(node.outputs) > 1 and lowering.uses[node.outputs[1]]:
        raise Unsupported("its mask is used")
    if node.op == "Dropout" and lowering.has(node, 2) and lowering.constant(node, 2, "training mode").any():
        raise Unsupported("it is in training mode")
    lowering.rename(Node(node.op, node.name, node.inputs[:1], node.outputs[:1]), lowering.tensor(node))


@operator("Cast", "CastLike", becomes="nothing", limits="to floating point")
def cast(lowering: Lowering, node: Node) -> None:
    """The same numbers in another floating type."""
    if node.op == "CastLike" and lowering.is_constant(node, 0):
        lowering.constants[node.outputs[0]] = Constant.of(lowering.constant(node, 0, "").astype(np.float32))
        return
    if node.op == "Cast" and node.attributes.get("to") not in (1, 10, 11, 16):
        raise Unsupported("it casts to whole numbers or truth values")
    lowering.rename(node, lowering.tensor(node))
    lowering.whole_numbers.discard(node.outputs[0])


@operator("Shape", "Size", becomes="a constant")
def shape(lowering: Lowering, node: Node) -> None:
    """The shape, which is known."""
    sizes = lowering.tensor(node).shape
    known = np.array(sizes[node.attributes.get("start", 0) : node.attributes.get("end", len(sizes))], np.int64)
    lowering.constants[node.outputs[0]] = Constant.of(known if node.op == "Shape" else known.prod())


@operator(
    "Pad",
    becomes="padding of the window that follows, else a product with one weight",
    limits="constant mode; space only",
)
def pad(lowering: Lowering, node: Node) -> None:
    """A margin of one number."""
    tensor = lowering.tensor(node)
    if node.attributes.get("mode", "constant") != "constant":
        raise Unsupported(f"its mode is {node.attributes['mode']}, the chip pads with a constant")
    rank = len(tensor.shape)
    pads = node.attributes.get("pads")
    given = [int(n) for n in (lowering.constant(node, 1, "list of pads") if pads is None else pads)]
    value = node.attributes.get("value", 0.0)
    if lowering.has(node, 2):
        value = lowering.constant(node, 2, "value").reshape(-1)[0]
    margins = _margins(lowering, node, given, rank)
    if not any(margins):
        lowering.rename(node, tensor)
        return
    if rank not in (3, 4) or min(margins) < 0 or any(margins[axis] for axis in (0, 1, rank, rank + 1)):
        raise Unsupported(f"its pads {margins} are not margins of an image")
    top, bottom = (margins[2], margins[rank + 2]) if rank == 4 else (0, 0)
    around = (top, margins[rank - 1], bottom, margins[2 * rank - 1])
    lowering.padding[node.outputs[0]] = Padding(tensor, around, float(value))


def _margins(lowering: Lowering, node: Node, given: list[int], rank: int) -> list[int]:
    """All begins, then all ends, of all axes."""
    if not lowering.has(node, 3):
        if len(given) != 2 * rank:
            raise Unsupported(f"it has {len(given)} pads for {rank} axes")
        return given
    axes = [int(axis) % rank for axis in lowering.constant(node, 3, "list of axes")]
    margins = [0] * (2 * rank)
    for place, axis in enumerate(axes):
        margins[axis], margins[axis + rank] = given[place], given[place + len(axes)]
    return margins


# Concatenation ----------------------------------------------------------------------------------------------------


@operator("Concat", becomes="nothing: its inputs are written side by side", limits="along channels")
def concat(lowering: Lowering, node: Node) -> None:
    """Channels side by side in one map."""
    tensors = [lowering.tensor(node, n) for n in range(len(node.inputs))]
    rank = len(tensors[0].shape)
    axis = int(node.attributes.get("axis", 1)) % rank
    if len(tensors) == 1:
        lowering.rename(node, tensors[0])
        return
    _check_fit([tensor.shape for tensor in tensors], axis)
    seats = image_seats(tensors[0].shape, axis)
    found = [_pieces(lowering, node, tensor, seats) for tensor in tensors]
    pieces = _merged(lowering, [name for names, _ in found for name in names])
    height, width = (1 if seat is None else tensors[0].shape[seat] for seat in seats[:2])
    made = _side_by_side(lowering, node.name, (height, width), pieces)
    shape = list(tensors[0].shape)
    shape[axis] = made.channels
    axes = tuple(seats.index(n) if n in seats else None for n in range(rank))
    result = TensorView(made.name, made.size, tuple(shape), axes)
    if any(places is not None for _, places in found):
        result = _in_memory_order(result, [places for _, places in found], [t.shape[axis] for t in tensors])
    lowering.give(node.outputs[0], result)


def _side_by_side(lowering: Lowering, name: str, image: tuple[int, int], pieces: list[str]) -> FloatMap:
    """A new map of rows and columns that holds the channels of all pieces."""
    channels = sum(lowering.graph.maps[piece].channels for piece in pieces)
    made = lowering.new_map(name, (*image, channels))
    for piece, offset in _placed_apart(lowering, pieces):
        lowering.graph.maps[piece].parent = (made.name, offset)
    return made


def _in_memory_order(result: TensorView, orders: list[Array | None], sizes: list[int]) -> TensorView:
    """A vector whose parts lie in memory in orders of their own: each is None, or the place of each of its numbers."""
    starts = np.cumsum([0, *sizes[:-1]])
    parts = [
        start + (np.arange(size) if places is None else places)
        for start, size, places in zip(starts, sizes, orders, strict=True)
    ]
    places = np.concatenate(parts).astype(np.int32).reshape(result.shape)
    return TensorView(result.map, result.size, result.shape, None, places)


def _check_fit(shapes: list[tuple[int, ...]], axis: int) -> None:
    """Raises unless the shapes agree along all axes but one."""
    first, *others = shapes
    if any(len(shape) != len(first) or _without(shape, axis) != _without(first, axis) for shape in others):
        raise Unsupported("its inputs have shapes that do not fit")


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return shape[:axis] + shape[axis + 1 :]


def _placed_apart(lowering: Lowering, pieces: list[str]) -> list[tuple[str, int]]:
    """Pieces with their first channels. A piece is copied if it would share words with one whose maker reads it.

    So no step reads words that another piece's maker writes.
    """
    maps, root = lowering.graph.maps, lowering.graph.root
    ends = np.cumsum([maps[name].channels for name in pieces]).tolist()
    offsets = dict(zip(pieces, [0, *ends], strict=False))
    words = {
        name: set(range(offset // CHANNELS, (offset + maps[name].channels - 1) // CHANNELS + 1))
        for name, offset in offsets.items()
    }
    read_beside = {
        source
        for step in lowering.graph.steps
        if (made := root(step.out)[0]) in words
        for source in {root(view.map)[0] for view in step.views} & words.keys() - {made}
        if words[source] & words[made]
    }
    return [
        (lowering.copy(f"{name}.copy", "Concat", View(name), maps[name].size).name if name in read_beside else name, at)
        for name, at in offsets.items()
    ]


def image_seats(shape: tuple[int, ...], channels: int) -> Seats:
    """Which axes of a tensor count rows and columns, where one is said to count channels."""
    others = [axis for axis, size in enumerate(shape) if size > 1 and axis != channels]
    if len(others) > 2:
        raise Misplaced(f"a tensor of shape {shape} is no image")
    if len(shape) == 4 and channels == 1 and shape[0] == 1:
        return 2, 3, 1
    rows, columns = [None] * (2 - len(others)) + others
    return rows, columns, channels


Seats = tuple[int | None, int | None, int]


def _pieces(lowering: Lowering, node: Node, tensor: TensorView, seats: Seats) -> tuple[list[str], Array | None]:
    """Maps that hold a tensor, to be laid beside others, and the place of each of its numbers where it is not its own.

    A flattened image is laid out pixel by pixel.
    """
    whole = tensor.view(*seats)
    if whole is not None:
        return [_piece(lowering, node, tensor, whole, seats)], None
    crop = grid(tensor) if seats[:2] == (None, None) else None
    if crop is None or crop[1][0] * crop[1][1] > MOST_PIXELS:
        raise Misplaced("its inputs do not lie in memory as channels of an image")
    order, (height, width, channels) = crop
    image = tensor.indices.reshape(-1)[order].reshape(height, width, channels)
    places = np.empty(order.size, np.int64)
    places[order] = np.arange(order.size)
    names = []
    for y, x in np.ndindex(height, width):
        view = image_view(tensor, image[y : y + 1, x : x + 1])
        assert view is not None
        names.append(lowering.copy(f"{node.name}.pixel", node.op, view, (1, 1, channels)).name)
    return names, places


def _piece(lowering: Lowering, node: Node, tensor: TensorView, whole: View, seats: Seats) -> str:
    """A map of its own that holds a tensor, to be laid beside others."""
    inputs = {port.map for port in lowering.graph.inputs}
    taken = lowering.claimed | inputs
    if whole == View(tensor.map) and tensor.map not in taken:
        lowering.claimed.add(tensor.map)
        return tensor.map
    if whole == View(tensor.map) and lowering.graph.maps[tensor.map].parent is not None:
        return tensor.map
    rows, columns = (1 if seat is None else tensor.shape[seat] for seat in seats[:2])
    return lowering.copy(f"{node.name}.copy", node.op, whole, (rows, columns, tensor.shape[seats[2]])).name


def _merged(lowering: Lowering, pieces: list[str]) -> list[str]:
    """Pieces: those that fill an earlier map side by side become that map, others that lie in a map are copied."""
    maps, found, at = lowering.graph.maps, [], 0
    while at < len(pieces):
        name = pieces[at]
        parent = maps[name].parent
        if parent is None:
            found.append(name)
            at += 1
            continue
        filled, end = 0, at
        while end < len(pieces) and maps[pieces[end]].parent == (parent[0], filled):
            filled += maps[pieces[end]].channels
            end += 1
        if filled == maps[parent[0]].channels and maps[parent[0]].parent is None and parent[0] not in found:
            found.append(parent[0])
            at = end
            continue
        one = maps[name]
        found.append(lowering.copy(f"{name}.copy", "Concat", View(name), one.size).name)
        at += 1
    return found
