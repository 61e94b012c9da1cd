"""Looks at a network between the steps of the compiler: as rows to print, and as a graph to draw.

The same columns for an ONNX model, its normal form, its layer graph and its plan for a chip, so that each can be held
beside the one before.
"""

from __future__ import annotations

import math
from typing import Any

import networkx as nx

from acortex.programs.graph import Code, LayerGraph, Product, View, read_views, written_targets
from acortex.programs.mapping.passes import Pass, Sink, Source
from acortex.programs.mapping.plan import Plan
from acortex.programs.network.network import Model
from acortex.programs.steps import Activation, FloatGraph, ProductStep
from acortex.wording import shape_text

Describable = Model | FloatGraph | LayerGraph | Plan
TableRow = dict[str, Any]


def rows(stage: Describable) -> list[TableRow]:
    """One row per node, step, layer or pass, in order: name, op, what it reads and writes, sizes, the step at its end.

    `shape` is that of the weights, None without; `ends_in` the activation, "" for none.
    """
    if isinstance(stage, Model):
        return [_node(stage, index) for index in range(len(stage.nodes))]
    if isinstance(stage, FloatGraph):
        return [_step(stage, index) for index in range(len(stage.steps))]
    if isinstance(stage, Plan):
        return [_pass(step) for step in stage.passes]
    return [_layer(stage, index) for index in range(len(stage.layers))]


def _node(model: Model, index: int) -> TableRow:
    node = model.nodes[index]
    known = [model.constants[name].shape for name in node.inputs if name in model.constants]
    reads = [name for name in node.inputs if name and name not in model.constants]
    shape = known[0] if node.op in ("Conv", "Gemm", "MatMul", "LSTM", "GRU", "RNN") and known else None
    return _row(node.name, node.op, "node", reads, [name for name in node.outputs if name], shape, "")


def _step(graph: FloatGraph, index: int) -> TableRow:
    step = graph.steps[index]
    shape = step.kernel.shape if isinstance(step, ProductStep) else None
    reads = [_view(view) for view in step.views]
    kind = type(step).__name__.removesuffix("Step").lower()
    return _row(step.name, step.op, kind, reads, list(step.written), shape, _activation(step.activation))


def _layer(graph: LayerGraph, index: int) -> TableRow:
    layer = graph.layers[index]
    shape = layer.weights.shape if isinstance(layer, Product) else None
    reads = [_view(view) for view in read_views(layer)]
    writes = [f"{target.map}+{target.offset}" if target.offset else target.map for target in written_targets(layer)]
    code = getattr(layer, "code", None)
    ends_in = "" if not isinstance(code, Code) or code.activation == "none" else code.activation
    return _row(layer.name, layer.op, type(layer).__name__.lower(), reads, writes, shape, ends_in)


def _pass(step: Pass) -> TableRow:
    """A pass: the layers that it computes, words of maps that it reads and writes, the matrix of its group."""
    parts = [type(layer).__name__.lower() for layer in step.layers]
    shape = (step.multiply.matrix.rows, step.multiply.matrix.columns) if step.multiply else None
    reads = [f"{source.layout.name}{_words(source)}" for sources in step.reads().values() for source in sources]
    writes = [f"{sink.layout.name}{_words(sink)}" for sink in step.writes()]
    code = step.stage.layer.code if step.stage else step.multiply.code if step.multiply else None
    ends_in = "" if code is None or code.activation == "none" or step.cell else code.activation
    return _row(step.name, step.layers[-1].op, " + ".join(parts), reads, writes, shape, ends_in)


def _words(part: Source | Sink) -> str:
    """The words of a pixel if not all are meant, and the pixel if it is a single one."""
    pixel = part.left + part.top * part.layout.width if isinstance(part, Source) and part.pixels == 1 else None
    pixel = part.pixel if isinstance(part, Sink) else pixel
    at = f" at {pixel}" if pixel is not None and part.layout.height * part.layout.width > 1 else ""
    return (f"[{part.word}..{part.word + part.words - 1}]" if part.words < part.layout.words else "") + at


def _row(
    name: str, op: str, kind: str, reads: list[str], writes: list[str], shape: tuple[int, ...] | None, ends_in: str
) -> TableRow:
    return {"name": name, "op": op, "kind": kind, "reads": reads, "writes": writes, "shape": shape, "ends_in": ends_in}


def _activation(activation: Activation) -> str:
    name = "" if activation.function == "none" else activation.function
    bounds = [f"{bound:g}" if math.isfinite(bound) else "" for bound in (activation.low, activation.high)]
    return f"{name} {'..'.join(bounds)}".strip() if any(bounds) else name


def _view(view: View) -> str:
    """A view as text: the map, its channels where they are some, its crop where it is one."""
    text = view.map
    if view.channels is not None:
        first, last = view.channels[0], view.channels[-1]
        in_order = view.channels == tuple(range(first, last + 1))
        text += f"[{first}..{last}]" if in_order else f"[{len(view.channels)} channels]"
    if (view.top, view.left, view.height, view.width) != (0, 0, None, None):
        text += f" from ({view.top}, {view.left})"
    return text


def as_text(stage: Describable) -> str:
    """The rows of a stage as lines."""
    lines = []
    for row in rows(stage):
        shape = shape_text(row["shape"] or ())
        way = f"{', '.join(row['reads'])} -> {', '.join(row['writes'])}"
        parts = (f"{row['kind']} {row['op']}", shape, row["ends_in"], way)
        lines.append(f"{row['name']}: " + "; ".join(part for part in parts if part))
    return "\n".join(lines) + "\n"


def as_graph(stage: LayerGraph) -> nx.DiGraph[str]:
    """A layer graph as a graph to draw: maps and layers are nodes of a `kind`, reads and writes its edges."""
    drawn: nx.DiGraph[str] = nx.DiGraph(name=stage.name)
    for one in stage.maps.values():
        drawn.add_node(f"map {one.name}", kind="map", label=f"{one.name} {one.height}x{one.width}x{one.channels}")
    for layer in stage.layers:
        drawn.add_node(layer.name, kind=type(layer).__name__.lower(), label=f"{layer.name} ({layer.op})")
        drawn.add_edges_from((f"map {view.map}", layer.name) for view in read_views(layer))
        drawn.add_edges_from((layer.name, f"map {target.map}") for target in written_targets(layer))
    return drawn
