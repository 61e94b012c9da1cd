"""Brings a network into its normal form: steps on maps, functions fused, what only renames gone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from acortex.isa.arithmetic.tensors import MAX_AXES
from acortex.isa.operands import KINDS
from acortex.programs.graph import Geometry, View
from acortex.programs.mapping.limits import declares_unread, window_facts
from acortex.programs.network.elementwise import with_tables
from acortex.programs.network.network import Constant, Model, Node, Value
from acortex.programs.network.patterns import recognised
from acortex.programs.network.subgraphs import CONTROL
from acortex.programs.operators import (
    batches,
    blocks,
    folded_signals,
    functions,
    host,
    integers,
    layout,
    linear,
    long_windows,
    quantised,
    recurrent,
    reductions,
    rounding,
    small_floats,
    subgraphs,
    upsample,
    vector,
    volumes,
)
from acortex.programs.operators.constants import fold
from acortex.programs.operators.context import (
    MAX_WORDS,
    WHOLE_NUMBERS,
    Lowering,
    Misplaced,
    Unsupported,
    UnsupportedNodes,
)
from acortex.programs.operators.fold_scales import fold_forward
from acortex.programs.operators.inputs import default_seats, place_input
from acortex.programs.operators.registry import OPERATORS, Operator, why_unknown
from acortex.programs.operators.stand_ins import StandIns
from acortex.programs.operators.tensors import TensorView, canonical, contiguous
from acortex.programs.steps import CopyStep, FloatGraph, FloatPort, PadStep, PoolStep, ProductStep, Step, TableStep
from acortex.wording import count

FAMILIES = (
    host,
    blocks,
    functions,
    integers,
    layout,
    linear,
    quantised,
    recurrent,
    reductions,
    rounding,
    small_floats,
    subgraphs,
    upsample,
    vector,
)
"""The files whose operators are in the registry."""

MAY_TAKE_WHOLE_NUMBERS = (
    *quantised.BEHIND, "QLinearConcat", "DequantizeLinear", "Cast", "CastLike", "MaxPool", "Identity", "Dropout",
    "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Gather", "Shape", "Clip",
    "MatMulInteger", "ConvInteger", "MatMulIntegerToFloat",
)  # fmt: skip
"""Operators that do the same with codes as with the real numbers that these stand for."""


def normalise(model: Model, *, drop_lrn: bool = False, most_words: int = MAX_WORDS) -> FloatGraph:
    """The normal form of a network, none of whose maps takes more than `most_words` words of main memory.

    Raises UnsupportedNodes, which lists every node that the chip cannot do.
    """
    whole = recognised(without_control(model, drop_lrn=drop_lrn, most_words=most_words))
    last = host.last_nodes(whole)
    lowering = Lowering(with_tables(whole, last), drop_lrn=drop_lrn, most_words=most_words)
    stand_ins = StandIns(lowering)
    refused = [*_inputs(lowering), *_nodes(lowering, stand_ins, last), *_outputs(lowering, stand_ins, last)]
    refused += _beyond_operands(lowering.graph)
    if refused:
        raise UnsupportedNodes(refused)
    host.in_order(lowering)
    if model.drawn:
        what = f"the weights of {count(len(model.drawn), 'tensor')}, such as {model.drawn[0]}, are missing"
        lowering.graph.warnings.append(f"{what}: random numbers stand for them, and only time and energy mean anything")
    _drop_unread(lowering.graph)
    _tell_unread(lowering.graph)
    fold_forward(lowering.graph)
    rounding.state_two_levels(lowering.graph)
    _straighten(lowering)
    return lowering.graph


def without_control(model: Model, *, drop_lrn: bool = False, most_words: int = MAX_WORDS) -> Model:
    """The model whose branches are taken and whose loops are laid out, where that is known beforehand."""
    if not any(node.op in CONTROL for node in model.nodes):
        return model
    lowering = Lowering(model, drop_lrn=drop_lrn, most_words=most_words)
    stand_ins = StandIns(lowering)
    for _ in _inputs(lowering):
        pass  # it is refused when it is placed again

    def lower(lowering: Lowering, node: Node) -> None:
        try:
            _lower(lowering, node)
        except Unsupported:
            stand_ins.put(node)

    return subgraphs.unfolded(model, lowering, lower)


Refusal = tuple[str, str, str]
"""What the chip cannot do: a node, an input or an output, its operator or which of these it is, and why."""


def _inputs(lowering: Lowering) -> Iterator[Refusal]:
    """Places the inputs that something reads."""
    for value in lowering.model.inputs:
        if not lowering.mentioned(value.name) or value.name in lowering.constants:
            lowering.graph.unread.append(_bare_port(value.name, value.shape, value.dtype, value.batch))
            continue
        try:
            _input(lowering, value)
        except Unsupported as reason:
            lowering.broken.add(value.name)
            yield value.name, "input", str(reason)


def _nodes(lowering: Lowering, stand_ins: StandIns, last: frozenset[str]) -> Iterator[Refusal]:
    """Lowers all nodes, but for those at the end that the host does. Those behind a refused one are looked at, too, as
    far as shapes are known there.
    """
    for node in lowering.model.nodes:
        stand_ins.follow(node)
        try:
            _lower(lowering, node)
        except Unsupported as reason:
            if host.takes_over(lowering, node, last, reason):
                continue
            if stand_ins.believed(node.inputs, reason):
                yield node.name, node.op, str(reason)
            stand_ins.put(node)


def _outputs(lowering: Lowering, stand_ins: StandIns, last: frozenset[str]) -> Iterator[Refusal]:
    """Gives the outputs to the host. What is known beforehand it has already."""
    waiting = [source for name in lowering.model.outputs for source in lowering.hosted.get(name, (name,))]
    makers = {name: node for node in lowering.model.nodes for name in node.outputs if name}
    given: set[str] = set()
    refused = bool(lowering.broken)
    while waiting:
        name = waiting.pop(0)
        if name in given or _known_to_host(lowering, name):
            continue
        given.add(name)
        reason = _refused_output(lowering, name, makers.get(name), last)
        if name in lowering.hosted:
            waiting = [*lowering.hosted[name], *waiting]
        elif reason is not None and stand_ins.believed((name,), reason):
            refused = True
            yield name, "output", str(reason)
    if not given or not (refused or lowering.graph.outputs):
        yield _idle(lowering)


def _idle(lowering: Lowering) -> tuple[str, str, str]:
    """Why the chip gives none of the outputs; the network's name stands for outputs that the host has all of."""
    name = ", ".join(lowering.model.outputs) or lowering.model.name or "network"
    why = "only the host computes it" if lowering.hosted else "it does not depend on an input"
    return name, "output", f"{why}: the chip has nothing to do"


def _refused_output(lowering: Lowering, name: str, maker: Node | None, last: frozenset[str]) -> Unsupported | None:
    """Gives an output to the host, or leaves the node that makes it to the host, where that can; else why neither can
    be. None where it is not known.
    """
    if maker is not None and host.rounds(lowering, maker):
        host.leave(lowering, maker)
        return None
    try:
        if name not in lowering.broken:
            _output(lowering, name)
    except Unsupported as reason:
        if not isinstance(reason, Misplaced) or maker is None or not host.lays_out(maker, last):
            return reason
        host.leave(lowering, maker)
    return None


def _known_to_host(lowering: Lowering, name: str) -> bool:
    """Whether an output is a constant or an input, which is then noted as the host's."""
    inputs = {value.name for value in lowering.model.inputs}
    what = "a constant" if name in lowering.constants else "an input" if name in inputs else ""
    if what:
        lowering.graph.host_nodes.append(name)
        lowering.graph.warnings.append(f"the output {name} is {what}: the host has it, the chip does not give it")
    return bool(what)


def _beyond_operands(graph: FloatGraph) -> list[Refusal]:
    """Steps with windows that no instruction can say. Long kernels are cut."""
    found: list[Refusal] = []
    whole, graph.steps = graph.steps, []
    for step in whole:
        parts = long_windows.cut(graph, step) if isinstance(step, ProductStep) else [step]
        graph.steps += parts
        for reason in dict.fromkeys(chain.from_iterable(_beyond(graph, one) for one in parts)):
            found.append((step.name, step.op, reason + folded_signals.width_hint(graph, whole, step)))
    return found


def _beyond(graph: FloatGraph, step: Step) -> Iterator[str]:
    """What of a step's windows no instruction can say."""
    if not isinstance(step, ProductStep | PoolStep | PadStep):
        return
    step.geometry = _plain_window(step.geometry)
    windows = step.geometries if isinstance(step, ProductStep) else (step.geometry,)
    width = graph.maps[step.source.map].width
    for _, what, size, kind in chain.from_iterable(window_facts(step.name, one, width) for one in windows):
        if size > KINDS[kind].high:
            yield f"{what}; {KINDS[kind].high} is the most"


def _plain_window(g: Geometry) -> Geometry:
    """The window without the strides that it never takes and the dilations that its kernel does not have."""
    return replace(
        g,
        stride_y=g.stride_y if g.rows > 1 else 1,
        stride_x=g.stride_x if g.columns > 1 else 1,
        dilation_y=g.dilation_y if g.kernel_y > 1 else 1,
        dilation_x=g.dilation_x if g.kernel_x > 1 else 1,
    )


def _lower(lowering: Lowering, node: Node) -> None:
    known = [name in lowering.constants or not name for name in node.inputs]
    row = OPERATORS.get("Erf" if "cone" in node.attributes else node.op)
    if node.fault:
        raise Unsupported(f"its attributes or shapes are malformed ({node.fault})")
    if row is None and not all(known):
        raise Unsupported(why_unknown(node.op))
    if lowering.broken.intersection(node.inputs) and node.op not in CONTROL:
        lowering.broken.update(node.outputs)
    elif all(known) and node.op not in quantised.OWN_CONSTANTS:
        _fold(lowering, node)
    else:
        assert row is not None
        _lower_by(lowering, node, row)


def _lower_by(lowering: Lowering, node: Node, row: Operator) -> None:
    """Lowers a node by its operator's row."""
    whole = lowering.whole_numbers | lowering.codes.keys()
    if whole.intersection(node.inputs) and node.op not in MAY_TAKE_WHOLE_NUMBERS:
        raise Unsupported(WHOLE_NUMBERS)
    try:
        if volumes.is_volume(lowering, node):
            volumes.by_planes(lowering, node)
        elif batches.has_batch(lowering, node):
            batches.by_groups(lowering, node, row)
        else:
            row.lower(lowering, node)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise Unsupported(f"its attributes or shapes are malformed ({str(error)[:200]})") from None


def _fold(lowering: Lowering, node: Node) -> None:
    """Computes a node of constants."""
    for one in node.attributes.get("cone", (node,)):
        _fold_one(lowering, one)


def _fold_one(lowering: Lowering, node: Node) -> None:
    known = [lowering.constants[name] if name else None for name in node.inputs]
    lowering.spend(sum(math.prod(one.shape) for one in known if one is not None))
    made = fold(node, [one.load() if one is not None else None for one in known], lowering.model.opset)
    if len(made) < len(node.outputs):
        raise Unsupported(f"it has {len(node.outputs)} outputs, {len(made)} can be computed")
    for name, values in zip(filter(None, node.outputs), made, strict=False):
        lowering.keep(values)
        lowering.constants[name] = Constant.of(values)


def _input(lowering: Lowering, value: Value) -> None:
    tensor = place_input(lowering, value)
    lowering.give(value.name, tensor)
    if "float" not in value.dtype and value.dtype != "bool":
        lowering.whole_numbers.add(value.name)
    lowering.graph.inputs.append(replace(_port(value.name, tensor, value.dtype), batch=value.batch))


def _bare_port(name: str, shape: tuple[int, ...], dtype: str, batch: str | None) -> FloatPort:
    """An input that nothing reads: it lies in no map."""
    return FloatPort(name, "", shape, (math.prod(shape),), (), dtype, batch)


def _tell_unread(graph: FloatGraph) -> None:
    names = [port.name for port in graph.unread]
    if names:
        some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        taken = "it costs nothing" if len(names) == 1 else "they cost nothing"
        what = taken if declares_unread(graph.inputs, graph.unread) else "the program does not take them"
        inputs = "input" if len(names) == 1 else count(len(names), "input")
        graph.warnings.append(f"nothing reads the {inputs} {some}: {what}")


def _port(name: str, tensor: TensorView, dtype: str = "float32") -> FloatPort:
    found = canonical(tensor)
    if found is None:
        raise Misplaced("its numbers lie in memory in an order that no order of its axes gives")
    axes = found[1]
    full = len(tensor.shape) >= 4
    kept = [n for n in range(3) if n == 2 or full or tensor.size[n] > 1]
    if kept == [0, 2]:
        kept = [0, 1, 2]
    order = sorted(kept, key=lambda place: axes[place])
    shape = tuple(tensor.size[place] for place in order)
    return FloatPort(name, tensor.map, tensor.shape, shape, tuple(order.index(place) for place in kept), dtype)


def _output(lowering: Lowering, name: str) -> None:
    if name in lowering.codes or name in lowering.whole_numbers:
        raise Unsupported("it is whole numbers; end the network with DequantizeLinear")
    if name in lowering.padding:
        lowering.pad(Node("Pad", name, (name,), (name,)), name)
    tensor = lowering.tensors[name]
    if len(tensor.shape) > MAX_AXES:
        raise Misplaced(f"it has {len(tensor.shape)} axes; a program's tensors have {MAX_AXES}")
    given = {port.map for port in lowering.graph.inputs}
    shared = tensor.map in given or lowering.graph.maps[tensor.map].parent is not None
    if shared or not tensor.whole() or canonical(tensor) is None:
        tensor = _copied(lowering, name, tensor)
    lowering.graph.outputs.append(_port(name, tensor))


def _copied(lowering: Lowering, name: str, tensor: TensorView) -> TensorView:
    """The tensor in a map of its own."""
    seats = default_seats(tensor.shape)
    view = tensor.view(*seats)
    if view is None:
        (view,), made, result = lowering.together(f"{name}.copy", tensor)
        lowering.graph.steps.append(CopyStep(made.name, "Identity", made.name, view, exact=True))
        return result
    sizes = [1 if seat is None else tensor.shape[seat] for seat in seats]
    made = lowering.copy(f"{name}.copy", "Identity", view, (sizes[0], sizes[1], sizes[2]))
    axes = tuple(seats.index(axis) if axis in seats else None for axis in range(len(tensor.shape)))
    return TensorView(made.name, made.size, tensor.shape, axes)


def _straighten(lowering: Lowering) -> None:
    """Copies channels that are out of order before steps that read words instead of rows of arrays."""
    steps = lowering.graph.steps
    lowering.graph.steps = []
    for step in steps:
        for key in ("source", "a", "b") if not isinstance(step, ProductStep | CopyStep | TableStep) else ():
            view = getattr(step, key, None)
            if isinstance(view, View) and not contiguous(view):
                setattr(step, key, View(_in_order(lowering, step, view)))
        lowering.graph.steps.append(step)


def _in_order(lowering: Lowering, step: Step, view: View) -> str:
    one = lowering.graph.maps[view.map]
    height = one.height - view.top if view.height is None else view.height
    width = one.width - view.left if view.width is None else view.width
    assert view.channels is not None
    return lowering.copy(f"{step.name}.order", step.op, view, (height, width, len(view.channels))).name


def _drop_unread(graph: FloatGraph) -> None:
    """Leaves out the steps whose results nothing reads."""
    read = {graph.root(port.map)[0] for port in graph.outputs}
    kept = []
    for step in reversed(graph.steps):
        if read & {graph.root(name)[0] for name in step.written}:
            read.update(graph.root(view.map)[0] for view in step.views)
            kept.append(step)
    graph.steps = kept[::-1]
    graph.unread += [
        _bare_port(port.name, port.shape, port.dtype, port.batch)
        for port in graph.inputs
        if graph.root(port.map)[0] not in read
    ]
    graph.inputs = [port for port in graph.inputs if graph.root(port.map)[0] in read]
    ports = {port.map for port in (*graph.inputs, *graph.outputs)}
    living = read | {graph.root(name)[0] for step in graph.steps for name in step.written} | ports
    graph.maps = {name: one for name, one in graph.maps.items() if graph.root(name)[0] in living}
