"""Brings a network into its normal form: steps on maps, functions fused, what only renames gone."""

from __future__ import annotations

from acortex.programs import operators_layout, operators_linear, operators_vector
from acortex.programs.layout import Tensor, canonical
from acortex.programs.lowering import Lowering, Unsupported, UnsupportedNodes
from acortex.programs.network import Model, Value
from acortex.programs.operators import OPERATORS, why_unknown
from acortex.programs.steps import FloatGraph, FloatPort

FAMILIES = (operators_layout, operators_linear, operators_vector)
"""The files whose operators are in the registry."""


def normalise(model: Model, *, drop_lrn: bool = False) -> FloatGraph:
    """The normal form of a network.

    Raises UnsupportedNodes, which lists every node that the chip cannot do.
    """
    lowering = Lowering(model, drop_lrn=drop_lrn)
    for value in model.inputs:
        _input(lowering, value)
    refused = []
    for node in model.nodes:
        row = OPERATORS.get(node.op)
        try:
            if row is None:
                raise Unsupported(why_unknown(node.op))
            if not lowering.broken.intersection(node.inputs):
                row.lower(lowering, node)
                continue
        except Unsupported as reason:
            refused.append((node.name, node.op, str(reason)))
        lowering.broken.update(node.outputs)
    if refused:
        raise UnsupportedNodes(refused)
    for name in model.outputs:
        _output(lowering, name)
    return lowering.graph


def _input(lowering: Lowering, value: Value) -> None:
    axes = _default_axes(value.shape)
    size = [1, 1, 1]
    for axis, counted in enumerate(axes):
        if counted is not None:
            size[counted] = value.shape[axis]
    made = lowering.new_map(value.name, (size[0], size[1], size[2]))
    tensor = Tensor(made.name, made.size, value.shape, axes)
    lowering.give(value.name, tensor)
    lowering.graph.inputs.append(_port(value.name, tensor, value.shape, value.dtype))


def _default_axes(shape: tuple[int, ...]) -> tuple[int | None, ...]:
    """Batch, channels, rows, columns, or the end of that."""
    kinds: dict[int, tuple[int | None, ...]] = {0: (), 1: (2,), 2: (None, 2), 3: (None, 2, 1), 4: (None, 2, 0, 1)}
    return kinds[len(shape)]


def _port(name: str, tensor: Tensor, shape: tuple[int, ...], dtype: str = "float32") -> FloatPort:
    found = canonical(tensor)
    assert found is not None
    axes = found[1]
    kept = [place for place in range(3) if place == 2 or tensor.size[place] > 1 or len(shape) >= 4]
    if kept == [0, 2]:
        kept = [0, 1, 2]
    order = sorted(kept, key=lambda place: axes[place])
    canonical_shape = tuple(tensor.size[place] for place in order)
    return FloatPort(name, tensor.map, shape, canonical_shape, tuple(order.index(place) for place in kept), dtype)


def _output(lowering: Lowering, name: str) -> None:
    last = lowering.hosted.get(name, name)
    tensor = lowering.tensors[last]
    lowering.graph.outputs.append(_port(last, tensor, tensor.shape))
