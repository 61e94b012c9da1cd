"""Operators that make one number of many: over space by pools, over channels by products with ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry, View
from acortex.programs.network.network import Node
from acortex.programs.operators.context import REARRANGED, Lowering, Misplaced, Unsupported
from acortex.programs.operators.registry import OPERATORS, operator
from acortex.programs.operators.tensors import Size, TensorView
from acortex.programs.steps import KernelGeometry, PoolStep, ProductStep

Array = NDArray[Any]


@operator(
    "ReduceMean", "ReduceMax", "ReduceSum",
    becomes="a pool of the vector agent over space; with channels, and of sums, a product with ones",
    limits="constant axes; ReduceMax over space only",
)  # fmt: skip
def reduce(lowering: Lowering, node: Node) -> None:
    """The mean, the largest number or the sum over rows, columns, channels, or several of them."""
    tensor = lowering.tensor(node)
    axes = _reduced_axes(lowering, node, len(tensor.shape))
    if axes is None:
        lowering.rename(node, tensor)
        return
    view, size, places = _image_of(tensor)
    counted = {places[axis] for axis in axes if tensor.shape[axis] > 1}
    step = _reducing_step(lowering, node, view, size, counted)
    made = lowering.graph.maps[step.out]
    shape = tuple(1 if axis in axes else length for axis, length in enumerate(tensor.shape))
    kept = tuple(None if axis in axes else place for axis, place in enumerate(places))
    result = TensorView(made.name, made.size, shape, kept)
    if not node.attributes.get("keepdims", 1):
        result = result.reshaped(tuple(size for axis, size in enumerate(shape) if axis not in axes))
    lowering.graph.steps.append(step)
    lowering.give(node.outputs[0], result, step if isinstance(step, ProductStep) else None)


def _reducing_step(
    lowering: Lowering, node: Node, view: View, size: Size, counted: set[int | None]
) -> PoolStep | ProductStep:
    """The pool or the product that reduces some of rows (0), columns (1) and channels (2)."""
    geometry, mixes = _reducing(size, counted), 2 in counted
    if node.op == "ReduceMax" and mixes:
        raise Unsupported("it takes the largest of channels; the chip does that over rows and columns")
    out = lowering.new_map(node.name, (geometry.rows, geometry.columns, 1 if mixes else size[2])).name
    if mixes or node.op == "ReduceSum":
        return _with_ones(node, out, view, geometry, size[2], mixes)
    return PoolStep(out, node.op, out, view, geometry, "max" if node.op == "ReduceMax" else "average", True)


def _with_ones(node: Node, out: str, view: View, geometry: Geometry, channels: int, mixes: bool) -> ProductStep:
    """A sum, or a mean, as a product whose weights are all the same."""
    shape = (geometry.kernel_y, geometry.kernel_x, *((channels, 1) if mixes else (1, channels)))
    columns = shape[3]
    share = 1 / math.prod(shape[:3]) if node.op == "ReduceMean" else 1.0
    kernel = KernelGeometry(
        shape, lambda: np.ones(shape, np.float32), None, np.full(columns, share), np.zeros(columns), np.ones(columns)
    )
    return ProductStep(out, node.op, out, view, kernel, geometry, 1 if mixes else channels)


def _reduced_axes(lowering: Lowering, node: Node, rank: int) -> set[int] | None:
    """The axes that a reduction names, in its second input or, in older opsets, in an attribute; all where it names
    none, and None where it then does nothing.
    """
    given = lowering.constant(node, 1, "list of axes") if lowering.has(node, 1) else node.attributes.get("axes")
    if given is None or np.size(given) == 0:
        return None if node.attributes.get("noop_with_empty_axes", 0) else set(range(rank))
    axes = {int(axis) for axis in np.asarray(given).reshape(-1)}
    if not all(-rank <= axis < rank for axis in axes):
        raise Unsupported(f"its axes are {sorted(axes)}, its input has {rank}")
    return {axis % rank for axis in axes}


def _reducing(size: Size, counted: set[int | None]) -> Geometry:
    """The window that covers the reduced axes of an image: rows (0), columns (1)."""
    height, width = (size[n] if n in counted else 1 for n in (0, 1))
    rows, columns = (1 if n in counted else size[n] for n in (0, 1))
    return Geometry(height, width, rows=rows, columns=columns)


def _image_of(tensor: TensorView) -> tuple[View, Size, tuple[int | None, ...]]:
    """The view of a tensor as an image, its size, and what each axis counts: rows (0), columns (1), channels (2)."""
    if tensor.axes is not None:
        return View(tensor.map), tensor.size, tensor.axes
    rank = len(tensor.shape)
    seats = {4: (2, 3, 1), 3: (None, 2, 1)}.get(rank, (None, None, rank - 1))
    view = tensor.view(*seats)
    if view is None:
        raise Misplaced(REARRANGED)
    rows, columns, channels = (1 if seat is None else tensor.shape[seat] for seat in seats)
    places = tuple(seats.index(axis) if axis in seats else None for axis in range(rank))
    return view, (rows, columns, channels), places


NORMS = {
    "ReduceL1": ("Abs", ""), "ReduceL2": ("Square", "Sqrt"), "ReduceSumSquare": ("Square", ""),
    "ReduceLogSum": ("", "Log"),
}  # fmt: skip
"""Reductions by what is done to each number before a sum, and to the sum behind it. ReduceLogSumExp is none of them:
few codes hold no exponentials of numbers that are far apart."""


@operator(*NORMS, becomes="a table, a ReduceSum and a table", limits="as those")
def norm(lowering: Lowering, node: Node) -> None:
    """A function of a sum of a function of each number."""
    before, behind = NORMS[node.op]
    name, out = node.inputs[0], node.outputs[0]
    ends = [one for one in (before, "ReduceSum", behind) if one]
    for place, kind in enumerate(ends):
        made = out if place == len(ends) - 1 else f"{out}.{kind}"
        lowering.uses[made] += made != out
        label = node.name if made == out else f"{node.name}.{kind}"
        if kind == "ReduceSum":
            reduce(lowering, Node(kind, label, (name, *node.inputs[1:]), (made,), node.attributes))
        elif kind == "Square":
            cone = (Node("Mul", label, (name, name), (made,)),)
            OPERATORS["Erf"].lower(lowering, Node(node.op, label, (name,), (made,), {"cone": cone}))
        else:
            cone = (Node(kind, label, (name,), (made,)),)
            OPERATORS["Erf"].lower(lowering, Node(node.op, label, (name,), (made,), {"cone": cone}))
        name = made
