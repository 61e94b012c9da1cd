"""Assembly text for a planned network, laid out and commented as the programs written by hand."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from acortex.isa.names import quoted
from acortex.programs.emit.assembly import ARRAYS as ARRAYS
from acortex.programs.emit.assembly import await_, line, named, signal, symbols, title, writable
from acortex.programs.emit.exchanges import ExchangeWriter, bits_of
from acortex.programs.emit.passes import TURNS, PassWriter
from acortex.programs.graph import Coding, Port
from acortex.programs.mapping.limits import declares_unread
from acortex.programs.mapping.loops import Section
from acortex.programs.mapping.passes import Matrix, Pass, matrices, plain
from acortex.programs.mapping.placement import Rect
from acortex.programs.mapping.plan import Plan
from acortex.wording import count, shape_text

ZERO = np.frombuffer(b"\0", np.int8).reshape(())
"""The weight of a network without weights, which nobody can write to."""


def emit(plan: Plan) -> tuple[str, dict[str, NDArray[np.generic]]]:
    """The program's text, and the arrays that it names."""
    writer = _Emitter(plan)
    return writer.text(), writer.arrays


def names_of(plan: Plan) -> dict[str, str]:
    """What the program calls the network, its layers, tensors and maps: a text cannot hold every name of a model."""
    graph = plan.graph
    ports = (one.name for one in (*graph.inputs, *graph.raw, *_declared(plan), *graph.outputs))
    results = (one.name for one in graph.results)
    parts = (part.name for part in graph.parts)
    layers = (*(step.name for step in plan.passes), *(matrix.layer for matrix in matrices(plan.passes)))
    return writable((graph.name, *layers, *ports, *results, *plan.layouts, *parts))


def _declared(plan: Plan) -> tuple[Port, ...]:
    """Inputs that nothing reads and that the program declares, so that runs take what the model takes."""
    return plan.graph.unread if declares_unread(plan.graph.inputs, plan.graph.unread) else ()


class _Emitter:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.arrays: dict[str, NDArray[np.generic]] = {}
        self.symbols = symbols(plan.layouts)
        self.groups = matrices(plan.passes)
        self.names = names_of(plan)
        self.passes = PassWriter(plan, self.symbols)
        self.exchanges = ExchangeWriter(plan, self.names, self.passes)

    def text(self) -> str:
        """The whole program."""
        parts = (self._head(), self._tables(), self._set_up(), self._before(), self._loop())
        return "\n".join(text.rstrip() for part in parts for text in part) + "\n"

    # What stands above the instructions -------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        graph, memory = self.plan.graph, self.plan.memory
        layers = len(graph.layers)
        yield f"; {self.names[graph.name]}: {layers} layer{'s' * (layers != 1)} in {len(self.plan.passes)} passes."
        yield "; Written by acortex compile."
        yield ";"
        yield "; Where maps lie in main memory (each is there from its first pass to its last):"
        yield ";"
        yield ";   words            passes     map"
        for span in sorted(self._spans()):
            start, words, life, name = span
            yield f";   {f'{start}-{start + words - 1}':16} {life:10} {name}"
        yield f";   {memory.peak} words in all"
        yield ";"
        yield "; Which agent waits for which:"
        yield ";"
        yield ";   token    made by    taken by   it says"
        begun = dict(self.plan.schedule.credits)
        for token in self.plan.schedule.tokens.values():
            more = f" ({begun[token]} to begin with)" if token in begun else ""
            yield f";   {f't{token.number}':8} {token.maker:10} {token.taker:10} {token.says}{more}"
        yield ""
        yield line(".program", quoted(self.names[graph.name]))
        yield line(".chip", self.plan.chip)
        yield ""

    def _spans(self) -> Iterator[tuple[int, int, str, str]]:
        memory = self.plan.memory
        for name, places in memory.rings.items():
            yield (
                memory.address[name],
                self.plan.layouts[name].size * places,
                "all",
                f"{self.names[name]}, {places} places",
            )
        for name, words in self.plan.lowered.constants.items():
            yield memory.address[name], len(words), "all", f"{self.names[name]}, from the start"
        for span in memory.spans:
            yield memory.address[span.name], span.words, f"{span.first}-{span.last}", self.names[span.name]

    def _tables(self) -> Iterator[str]:
        for name, address in self.plan.memory.address.items():
            yield line(".equ", f"{self.symbols[name]}, {address}")
        yield ""
        for port in (*self.plan.graph.fed, *self.plan.graph.raw, *_declared(self.plan)):
            yield self._tensor(".input", port)
        for port in self.plan.graph.outputs:
            yield self._tensor(".output", port)
        yield from self.exchanges.tables(self.arrays)
        yield from self._data()
        for number, matrix in enumerate(self.groups):
            name = f"w{number}"
            self.arrays[name] = self._values(matrix)
            size = f"{matrix.rows}x{matrix.columns}"
            yield from self._constants(number, matrix)
            yield line(".weights", f'{name}, {size}, file="{ARRAYS}", key={name}, macs={matrix.weights}')
        yield ""

    def _values(self, matrix: Matrix) -> NDArray[np.int8]:
        """The weights of a matrix, read-only; zeros that take no memory, where the network has none."""
        if self.plan.graph.weightless:
            return np.broadcast_to(ZERO, (matrix.rows, matrix.columns))
        values = matrix.values()
        values.setflags(write=False)
        return values

    def _data(self) -> Iterator[str]:
        """The network's own inputs and labels."""
        for number, (name, values) in enumerate(self.plan.graph.samples.items()):
            self.arrays[f"x{number}"] = values
            yield line(".samples", f'{quoted(self.names[name])}, file="{ARRAYS}", key=x{number}')
        for number, (name, words) in enumerate(self.plan.lowered.constants.items()):
            self.arrays[f"m{number}"] = words
            yield line(".memory", f'{self.symbols[name]}, {len(words)}, file="{ARRAYS}", key=m{number}')
        if self.plan.graph.labels is not None:
            self.arrays["labels"] = self.plan.graph.labels
            yield line(".labels", f'file="{ARRAYS}", key=labels')

    def _constants(self, number: int, matrix: Matrix) -> Iterator[str]:
        """The offsets and multipliers of a group's columns, where they are not all the same."""
        code = next(s.multiply.code for s in self.plan.passes if s.multiply is not None and s.multiply.matrix is matrix)
        if not plain(code):
            self.arrays[f"c{number}"] = np.stack((code.offset, code.multiplier), axis=1).astype(np.int64)
            yield line(".constants", f'c{number}, {matrix.columns}, file="{ARRAYS}", key=c{number}')

    def _tensor(self, directive: str, port: Port) -> str:
        held = self.plan.graph.maps.get(port.map)
        coding = held.coding if held else Coding(1.0, bits=bits_of(port.high))
        packed = self.plan.layouts[port.map].packed if held else 1
        shapes = "|".join(map(shape_text, port.shapes))
        more = "" if port.encode == "codes" else f", encode={port.encode}"
        if port.encode == "linear":
            more += f", scale={coding.scale!r}" + named(zero=(coding.zero, 0))
        if port.axes is not None:
            more += f", axes={'.'.join(map(str, port.axes))}"
        sizes = named(bits=(coding.bits, 4), packed=(packed, 1)) + ", host=yes" * port.host
        return line(directive, f"{quoted(self.names[port.name])}, shape={shapes}{sizes}{more}")

    def _set_up(self) -> Iterator[str]:
        yield title("Set-up: the groups and their weights")
        for number, matrix in enumerate(self.groups):
            yield line("group", f"g{number}, {matrix.rows}, {matrix.columns}", self.names[matrix.layer])
            for rect in self.plan.placement.groups[number]:
                yield line("rect", f"g{number}, {_rect(rect)}")
            yield line("program", f"g{number}, w{number}")
        yield line("start")
        yield ""

    # The run ----------------------------------------------------------------------------------------------------

    def _before(self) -> Iterator[str]:
        yield title("The run")
        if self.passes.stay_connected:
            yield from (line("connect", f"g{number}") for number in range(len(self.groups)))
        for token, number in self.plan.schedule.credits:
            for _ in range(number):
                yield signal(token)

    def _loop(self) -> Iterator[str]:
        yield line("loop", "l0, host")
        yield f"{'turn:':8}{'inference l0'}"
        yield from self._host_in()
        for section in self.plan.sections:
            yield from self._section(section)
        yield line("endlayer")
        yield ""
        yield from self._host_out()
        yield line("endinference")
        yield line("next", "l0, turn")
        yield line("halt")

    def _section(self, section: Section) -> Iterator[str]:
        """Passes that come once, or a loop over those that come again."""
        before, body = self.passes.body(section, self._pass)
        if section.turns == 1:
            yield from body
            return
        passes, label = count(section.count, "pass", "passes"), f"again{section.first}"
        yield ""
        yield f"; {section.turns} turns of {passes}; what is said of them is the first turn"
        yield from before
        yield line("loop", f"{TURNS}, {section.turns}")
        yield f"{label}:"
        yield from body
        yield line("next", f"{TURNS}, {label}")

    def _pass(self, index: int) -> Iterator[str]:
        """A pass, with the tokens that it awaits and signals, behind what the host does before it."""
        step, schedule = self.plan.passes[index], self.plan.schedule
        yield from self.exchanges.between(index)
        yield ""
        yield f"; {self._describe(step)}"
        yield line("layer", quoted(self.names[step.name]))
        waits: dict[str, list[str]] = {}
        for token in schedule.before[index]:
            waits.setdefault(token.taker, []).append(await_(token))
        yield from self.passes.lines(step, waits)
        yield from map(signal, schedule.after[index])

    def _describe(self, step: Pass) -> str:
        """One line about a pass, for people."""
        source, sink = step.source, step.sink
        parts = []
        if step.multiply is not None:
            g = step.multiply.geometry
            parts.append(f"{g.kernel_y}x{g.kernel_x} product")
        if step.cell is not None:
            parts = [f"step {step.sink.pixel} of {step.cell.kind}"]
        if step.stage is not None:
            parts.append(type(step.stage.layer).__name__.lower())
        size = f"{source.height}x{source.width} of {self.names[source.layout.name]}"
        return f"{self.names[step.name]}: {', '.join(parts)}; {size} to {self.names[sink.layout.name]}"

    def _host_in(self) -> Iterator[str]:
        schedule = self.plan.schedule
        yield from self.exchanges.head()
        yield from map(await_, schedule.free)
        for port in self.plan.graph.fed:
            if port.name in self.plan.exchanges.early:
                continue
            yield from self.passes.whole("d0", port.map)
            yield line("input", f"{quoted(self.names[port.name])}, d0")
        yield from map(signal, schedule.loaded)

    def _host_out(self) -> Iterator[str]:
        schedule = self.plan.schedule
        yield from map(await_, schedule.shown)
        for port in self.plan.graph.outputs:
            if port.name in self.plan.exchanges.early:
                continue
            yield from self.passes.whole("d0", port.map)
            yield line("output", f"{quoted(self.names[port.name])}, d0")
        yield from map(signal, schedule.taken)
        yield from self.exchanges.tail()


def _rect(rect: Rect) -> str:
    return f"column={rect.column}, row={rect.row}" + named(height=(rect.height, 1), width=(rect.width, 1))
