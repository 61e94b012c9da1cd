"""What no program can say: a network beyond it is refused here, in its own words, before any text is written."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from acortex.errors import AcortexError, raise_all
from acortex.isa.arithmetic.tensors import MAX_AXES, MAX_SCALE, MIN_SCALE
from acortex.isa.operands import KINDS
from acortex.programs.graph import Geometry, LayerGraph, Pool, Port
from acortex.programs.mapping.passes import Multiply, Pass, Sink, Source, matrices
from acortex.programs.mapping.schedule import Schedule
from acortex.programs.steps import FloatGraph, FloatPort, ProductStep, RecurrentStep
from acortex.wording import count

Fact = tuple[str, str, int, str]
"""A number of a network: the layer, what is counted, how many, and the kind of operand that must hold it."""

MAX_INSTRUCTIONS = KINDS["target"].high + 1
"""Instructions that a program can address."""


class BeyondProgram(AcortexError):
    """A network that goes beyond what a program can say."""


def window_facts(name: str, geometry: Geometry, width: int) -> Iterator[Fact]:
    """The parts of a window over an image of a width."""
    g = geometry
    for what, kind, sizes in (
        ("a kernel of", "kernel", (g.kernel_y, g.kernel_x)),
        ("strides and dilations of", "hop", (g.stride_y, g.stride_x, g.dilation_y, g.dilation_x)),
        ("margins of", "margin", (g.top, g.left)),
        ("positions of", "places", (g.rows, g.columns)),
        ("an image as wide as", "image_width", (width,)),
    ):
        yield name, f"its window has {what} {', '.join(map(str, sizes))}", max(sizes), kind


LARGEST_UNREAD = 1 << 20
"""Numbers of an input that nothing reads, and that a program declares all the same."""

LEAST_INSTRUCTIONS = 6
"""Instructions of a pass at least: its layer, two streams, what reads, works and writes."""

LEAST_OF_CELLS = 10
"""Instructions of a recurrent layer at least: its steps may be turns of a loop."""


def check_steps(graph: FloatGraph, most_instructions: int) -> None:
    """Raises BeyondProgram for a network of too many steps, before it is evaluated."""
    for kind, ports in (("input", graph.inputs), ("output", graph.outputs)):
        _check(graph.name, f"the network has {len(ports)} {kind}s", len(ports) - 1, kind)
    products = sum(isinstance(step, ProductStep) for step in graph.steps)
    _check(graph.name, f"the network has {products} matrices", products - 1, "group")
    cells = sum(isinstance(step, RecurrentStep) for step in graph.steps)
    passes = max(products, len(graph.steps) - products)  # one has a product and a step of the vector agent at most
    size = max(LEAST_INSTRUCTIONS * passes, LEAST_OF_CELLS * cells)
    if size > most_instructions:
        layers = count(len(graph.steps), "layer")
        message = f"the network has {layers}, {size} instructions at least; the chip holds {most_instructions}"
        raise BeyondProgram(message, hint="take a chip with a larger instruction_memory.words, or a smaller network")


def declares_unread(inputs: Sequence[Port | FloatPort], unread: Sequence[Port | FloatPort]) -> bool:
    """Whether a program can declare the inputs that nothing reads, beside those that it takes.

    Where it can, runs take the same inputs as the model does.
    """
    fit = all(len(port.shape) <= MAX_AXES and math.prod(port.shape) <= LARGEST_UNREAD for port in unread)
    return fit and len(inputs) + len(unread) <= KINDS["input"].high + 1


def check_passes(graph: LayerGraph, passes: Sequence[Pass]) -> None:
    """Raises BeyondProgram, or ManyErrors, for all about a network's passes that no program can say.

    One error for each kind of operand, of the layer that needs most of it.
    """
    _check_ports(graph)
    layers, groups = len({step.name for step in passes}), len(matrices(passes))
    facts = [
        (graph.name, f"the network has {layers} layers", layers - 1, "layer"),
        (graph.name, f"the network has {groups} matrices", groups - 1, "group"),
        *((name, f"{name}: {what}", size, kind) for step in passes for name, what, size, kind in _facts(step)),
    ]
    beyond: dict[str, list[Fact]] = {}
    for fact in facts:
        if fact[2] > KINDS[fact[3]].high:
            beyond.setdefault(fact[3], []).append(fact)
    raise_all([_beyond(kind, found) for kind, found in beyond.items()])


def check_schedule(graph: LayerGraph, order: Schedule) -> None:
    """Raises BeyondProgram where a network needs more tokens than there are."""
    _check(graph.name, f"the network needs {len(order.tokens)} tokens", len(order.tokens) - 1, "token")


def _beyond(kind: str, found: Sequence[Fact]) -> BeyondProgram:
    """The error of the largest of some numbers that a kind of operand must hold, with the layers of the others."""
    name, what, *_ = max(found, key=lambda fact: fact[2])
    counted = KINDS[kind].high + (KINDS[kind].base == 0 and kind in COUNTED)
    error = BeyondProgram(f"{what}; {counted} is the most that a program can say", hint=HINTS.get(kind, SMALLER))
    error.also = tuple(f"layer {other}" for other in dict.fromkeys(fact[0] for fact in found) if other != name)
    return error


def _check(name: str, what: str, size: int, kind: str) -> None:
    if size > KINDS[kind].high:
        raise _beyond(kind, [(name, what, size, kind)])


COUNTED = ("layer", "group", "token", "input", "output")
"""Kinds that number things from 0 on: one more than the highest number."""

SMALLER = "export the network with a smaller layer there"

HINTS = {
    "layer": "join layers, or compile the network in parts",
    "group": "join products, or compile the network in parts",
    "input": "join inputs by a Concat in front of the network, and give them as one",
    "output": "join outputs by a Concat, or leave out those that are not needed",
}
"""What to do where a kind of operand is too small."""


def _check_ports(graph: LayerGraph) -> None:
    for kind, ports in (("input", graph.inputs), ("output", graph.outputs)):
        _check(graph.name, f"the network has {len(ports)} {kind}s", len(ports) - 1, kind)
        for port in ports:
            _check_port(kind, port, graph.maps[port.map].coding.scale)


def _check_port(kind: str, port: Port, scale: float) -> None:
    axes = max(map(len, port.shapes))
    if axes > MAX_AXES:
        message = f"the {kind} {port.name} has {axes} axes beside the batch; {MAX_AXES} is the most"
        raise BeyondProgram(message, hint="leave out axes of one, or reshape it in the network")
    if not MIN_SCALE <= scale <= MAX_SCALE:
        message = f"a code of the {kind} {port.name} stands for {scale:g}; {MIN_SCALE:g} to {MAX_SCALE:g} are possible"
        raise BeyondProgram(message, hint="scale the network's numbers")


def _facts(step: Pass) -> Iterator[Fact]:
    """All about a pass that has a bound."""
    name = step.name
    for agent, sources in step.reads().items():
        for source in sources:
            yield from _walk_facts(name, f"what it {agent}s" if agent == "read" else "its operand", source)
    for sink in step.writes():
        yield from _walk_facts(name, "what it writes", sink)
    if step.multiply is not None:
        yield from _product_facts(name, step.multiply, step)
    if step.stage is not None:
        stage = step.stage
        words = stage.words * stage.height * stage.width
        yield name, f"its image has {words} words", words, "vector_words"
        if isinstance(stage.layer, Pool):
            yield from window_facts(name, stage.layer.geometry, stage.width)
    if step.cell is not None:
        yield name, f"its states reach word {step.cell.state}", step.cell.state, "state"


def _product_facts(name: str, multiply: Multiply, step: Pass) -> Iterator[Fact]:
    matrix = multiply.matrix
    yield name, f"its matrix has {matrix.rows} rows", matrix.rows, "rows"
    yield name, f"its matrix has {matrix.columns} columns", matrix.columns, "columns"
    yield name, f"it has {multiply.positions} positions", multiply.positions, "positions"
    words = step.source.words + sum(more.words for more in step.more)
    yield name, f"its pixels have {words} words of 64 channels", words, "words"
    yield from window_facts(name, multiply.geometry, step.source.width)


def _walk_facts(name: str, what: str, end: Source | Sink) -> Iterator[Fact]:
    layout = end.layout
    words = end.words if isinstance(end, Source) else end.filled
    sizes = (words, layout.width, layout.height)
    spoken = f"{what} is a map of {layout.height}x{layout.width} pixels of {words} words"
    yield name, spoken, max(sizes), "extent"
    yield name, f"{spoken}, {layout.row_words} words per row", layout.row_words, "stride"
