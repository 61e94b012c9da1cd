"""Assembly text for a planned network, laid out and commented as the programs written by hand."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.operands import KINDS
from acortex.isa.quantisers import UNITY
from acortex.programs.graph import Add, Code, LayerGraph, Mul, Pool, Port, Requant
from acortex.programs.memory_plan import MemoryPlan
from acortex.programs.passes import (
    Cell,
    Layout,
    Lowered,
    Matrix,
    Multiply,
    Pass,
    Sink,
    Source,
    Stage,
    matrices,
    one,
    plain,
)
from acortex.programs.placement import Placement, Rect
from acortex.programs.schedule import Schedule, Token

ARRAYS = "arrays.npz"
"""The file that the text names for its arrays."""

LARGEST_EXTENT = 1 << 16
"""Elements of one axis of a stream."""


@dataclass(frozen=True, eq=False)
class Plan:
    """All that is decided of a network before it is written down."""

    graph: LayerGraph
    chip: str
    lowered: Lowered
    placement: Placement
    memory: MemoryPlan
    schedule: Schedule

    @property
    def passes(self) -> list[Pass]:
        """The passes, in order."""
        return self.lowered.passes

    @property
    def layouts(self) -> dict[str, Layout]:
        """How every map lies in memory."""
        return self.lowered.layouts


def emit(plan: Plan) -> tuple[str, dict[str, NDArray[np.generic]]]:
    """The program's text, and the arrays that it names."""
    writer = _Emitter(plan)
    return writer.text(), writer.arrays


Setting = Generator[str, None, str]
"""Lines that set a register, and its name."""


class Registers:
    """What registers hold within a turn of a loop, so that nothing is set twice; the oldest makes room."""

    def __init__(self, count: int) -> None:
        self._held: dict[Any, int] = {}
        self._free = list(range(count))

    def hold(self, value: Any) -> tuple[int, bool]:
        """A register for a value, and whether it holds it already."""
        known = value in self._held
        if known:
            self._held[value] = self._held.pop(value)  # now the youngest
        else:
            if not self._free:
                self._free.append(self._held.pop(next(iter(self._held))))
            self._held[value] = self._free.pop(0)
        return self._held[value], known


class _Emitter:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.arrays: dict[str, NDArray[np.generic]] = {}
        self.symbols = _symbols(plan.layouts)
        self.quantisers = Registers(len(KINDS["quantiser"].registers))
        self.stay_connected = plan.placement.disjoint()
        self.groups = matrices(plan.passes)
        self.numbers = {matrix: number for number, matrix in enumerate(self.groups)}

    def text(self) -> str:
        """The whole program."""
        parts = (self._head(), self._tables(), self._set_up(), self._before(), self._loop())
        return "\n".join(line.rstrip() for part in parts for line in part) + "\n"

    # What stands above the instructions -------------------------------------------------------------------------

    def _head(self) -> Iterator[str]:
        graph, memory = self.plan.graph, self.plan.memory
        layers = len(graph.layers)
        yield f"; {graph.name}: {layers} layer{'s' * (layers != 1)} in {len(self.plan.passes)} passes."
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
        yield "; Who waits for whom:"
        yield ";"
        yield ";   token    made by    taken by   it says"
        begun = dict(self.plan.schedule.credits)
        for token in self.plan.schedule.tokens.values():
            more = f" ({begun[token]} to begin with)" if token in begun else ""
            yield f";   {f't{token.number}':8} {token.maker:10} {token.taker:10} {token.says}{more}"
        yield ""
        yield _line(".program", _quoted(graph.name))
        yield _line(".chip", self.plan.chip)
        yield ""

    def _spans(self) -> Iterator[tuple[int, int, str, str]]:
        memory = self.plan.memory
        for name, places in memory.rings.items():
            yield memory.address[name], self.plan.layouts[name].size * places, "all", f"{name}, {places} places"
        for name, words in self.plan.lowered.constants.items():
            yield memory.address[name], len(words), "all", f"{name}, constant"
        for span in memory.spans:
            yield memory.address[span.name], span.words, f"{span.first}-{span.last}", span.name

    def _tables(self) -> Iterator[str]:
        for name, address in self.plan.memory.address.items():
            yield _line(".equ", f"{self.symbols[name]}, {address}")
        yield ""
        for port in self.plan.graph.inputs:
            yield self._tensor(".input", port)
        for port in self.plan.graph.outputs:
            yield self._tensor(".output", port)
        yield from self._data()
        for number, matrix in enumerate(self.groups):
            name = f"w{number}"
            self.arrays[name] = matrix.values()
            size = f"{matrix.rows}x{matrix.columns}"
            yield from self._constants(number, matrix)
            yield _line(".weights", f'{name}, {size}, file="{ARRAYS}", key={name}, macs={matrix.weights}')
        yield ""

    def _data(self) -> Iterator[str]:
        """The network's own inputs and labels."""
        for number, (name, values) in enumerate(self.plan.graph.samples.items()):
            self.arrays[f"x{number}"] = values
            yield _line(".samples", f'{_quoted(name)}, file="{ARRAYS}", key=x{number}')
        for number, (name, words) in enumerate(self.plan.lowered.constants.items()):
            self.arrays[f"m{number}"] = words
            yield _line(".memory", f'{self.symbols[name]}, {len(words)}, file="{ARRAYS}", key=m{number}')
        if self.plan.graph.labels is not None:
            self.arrays["labels"] = self.plan.graph.labels
            yield _line(".labels", f'file="{ARRAYS}", key=labels')

    def _constants(self, number: int, matrix: Matrix) -> Iterator[str]:
        """The offsets and multipliers of a group's columns, where they are not all the same."""
        code = next(s.multiply.code for s in self.plan.passes if s.multiply is not None and s.multiply.matrix is matrix)
        if not plain(code):
            self.arrays[f"c{number}"] = np.stack((code.offset, code.multiplier), axis=1).astype(np.int64)
            yield _line(".constants", f'c{number}, {matrix.columns}, file="{ARRAYS}", key=c{number}')

    def _tensor(self, directive: str, port: Port) -> str:
        coding = self.plan.graph.maps[port.map].coding
        shapes = "|".join("x".join(map(str, shape)) for shape in port.shapes)
        more = "" if port.encode == "codes" else f", encode={port.encode}"
        if port.encode == "linear":
            more += f", scale={coding.scale!r}" + _named(zero=(coding.zero, 0))
        if port.axes is not None:
            more += f", axes={'.'.join(map(str, port.axes))}"
        packed = self.plan.graph.maps[port.map].packed
        return _line(
            directive, f"{_quoted(port.name)}, shape={shapes}{_named(bits=(coding.bits, 4), packed=(packed, 1))}{more}"
        )

    def _set_up(self) -> Iterator[str]:
        yield _title("Set-up: the groups and their weights")
        for number, matrix in enumerate(self.groups):
            yield _line("group", f"g{number}, {matrix.rows}, {matrix.columns}", matrix.layer)
            for rect in self.plan.placement.groups[number]:
                yield _line("rect", f"g{number}, {_rect(rect)}")
            yield _line("program", f"g{number}, w{number}")
        yield _line("start")
        yield ""

    # The run ----------------------------------------------------------------------------------------------------

    def _before(self) -> Iterator[str]:
        yield _title("The run")
        if self.stay_connected:
            yield from (_line("connect", f"g{number}") for number in range(len(self.groups)))
        for token, count in self.plan.schedule.credits:
            for _ in range(count):
                yield _signal(token)

    def _loop(self) -> Iterator[str]:
        schedule = self.plan.schedule
        yield _line("loop", "l0, host")
        yield f"{'turn:':8}{'inference l0'}"
        yield from self._host_in()
        for index, step in enumerate(self.plan.passes):
            yield ""
            yield f"; {_describe(step)}"
            yield _line("layer", _quoted(step.name))
            waits = {token.taker: _await(token) for token in schedule.before[index]}
            yield from self._pass(step, waits)
            yield from map(_signal, schedule.after[index])
        yield _line("endlayer")
        yield ""
        yield from self._host_out()
        yield _line("endinference")
        yield _line("next", "l0, turn")
        yield _line("halt")

    def _host_in(self) -> Iterator[str]:
        schedule = self.plan.schedule
        yield from map(_await, schedule.free)
        for port in self.plan.graph.inputs:
            yield from self._whole("d0", port.map)
            yield _line("input", f"{_quoted(port.name)}, d0")
        yield from map(_signal, schedule.loaded)

    def _host_out(self) -> Iterator[str]:
        schedule = self.plan.schedule
        yield from map(_await, schedule.shown)
        for port in self.plan.graph.outputs:
            yield from self._whole("d0", port.map)
            yield _line("output", f"{_quoted(port.name)}, d0")
        yield from map(_signal, schedule.taken)

    def _pass(self, step: Pass, waits: dict[str, str]) -> Iterator[str]:
        """A pass: what reads, what works on the stream, what writes; each agent awaits its token just before."""
        multiply, stage = step.multiply, step.stage
        if step.begin is not None and step.cell is not None:
            yield from self._crop("d6", step.begin.source)
            yield _line("read", "d6, to=vector")
            q = yield from self._quantiser(Code(step.begin.unit, 0, 0, step.begin.zero))
            words, state = step.cell.words, step.cell.state
            yield _line("putstate", f"{q}, {words}, {state}, zero_a={step.begin.zero}")
        if multiply is not None:
            yield from self._through_arrays(step, multiply, waits.get("read"))
        else:
            yield from self._crop("d0", step.source)
            yield from _given(waits.get("read"))
            yield _line("read", "d0, to=vector")
        if stage is not None:
            yield from self._stage(stage, waits.get("operand"))
        if step.cell is not None:
            yield from self._cell(step.cell)
        yield from self._write(step.sink, multiply is None or step.to_vector, waits.get("write"))
        if step.state is not None and step.cell is not None:
            q = yield from self._quantiser(step.state[1])
            yield _line("getstate", f"{q}, {step.cell.words}, {step.cell.state}")
            yield from self._write(step.state[0], True)

    def _write(self, sink: Sink, from_vector: bool, wait: str | None = None) -> Iterator[str]:
        yield from self._rows("d2", sink)
        yield from _given(wait)
        how = ", source=vector" if from_vector else ""
        if not sink.whole:
            how += _named(shift=(sink.shift, 0), tail=(sink.tail, 64))
        yield _line("write", f"d2{how}")

    def _cell(self, cell: Cell) -> Iterator[str]:
        q = yield from self._quantiser(cell.out)
        gates = yield from self._quantiser(cell.gates)
        first = ", first=yes" if cell.first else ""
        reset = ", reset=yes" if cell.kind == "gru_linear" else ""
        yield _line(cell.kind[:4].strip("_"), f"{q}, {gates}, {cell.words}, {cell.state}{first}{reset}")

    def _through_arrays(self, step: Pass, multiply: Multiply, wait: str | None) -> Iterator[str]:
        group, positions = f"g{self.numbers[multiply.matrix]}", multiply.positions
        source = step.source
        yield from self._crop("d0", source)
        if _is_plain(source, multiply):
            yield from _given(wait)
            yield _line("read", "d0")
            for number, more in enumerate(step.more):
                yield from self._crop(f"d{4 + number}", more)
                yield _line("read", f"d{4 + number}")
            words = source.words + sum(more.words for more in step.more)
            tail = "" if step.more else _tail(source)
            yield _line("feed", f"{positions}, {words}{tail}" + _named(fill=(multiply.pad, 0)))
        else:
            yield from self._window("w0", multiply, source)
            yield from _given(wait)
            yield _line("fetch", "d0, w0")
            yield _line("slide", "d0, w0" + _tail(source) + (", dense=yes" if multiply.dense else ""))
        if not self.stay_connected:
            yield _line("connect", group)
        yield _line("multiply", f"{group}, {positions}")
        if not self.stay_connected:
            yield _line("disconnect", group)
        to = ", to=vector" if step.to_vector else ""
        q = yield from self._tuned(multiply)
        if step.cell is not None:
            then = yield from self._tuned(replace(multiply, code=step.cell.then))
            to += f", then={then}, every={step.cell.every}"
        yield _line("convert", f"{q}, {positions}{to}")

    def _tuned(self, multiply: Multiply) -> Setting:
        """A quantiser for a group's columns, with constants of their own where they have any."""
        code = multiply.code
        if plain(code):
            return self._quantiser(code)
        return self._quantiser(replace(code, multiplier=1), constants=f"c{self.numbers[multiply.matrix]}")

    def _quantiser(self, code: Code, multiplier: int | None = None, constants: str = "") -> Setting:
        """A register that holds a quantiser; set here unless it was set before in this turn of the loop."""
        multiplier = one(code.multiplier) if multiplier is None else multiplier
        more = _named(zero=(code.zero, 0), low=(code.low, 0), high=(code.high, 15))
        # Where nothing lies below the zero code, `relu` says so, and changes nothing: the clip does the same.
        function = "relu" if code.activation == "none" and code.zero == code.low else code.activation
        activation = f", activation={function}" if function != "none" else ""
        settings = [("quant", f"{multiplier}, {code.shift}{more}{activation}")]
        settings += [("gain", str(code.gain))] if code.gain != UNITY else []
        settings += [("tune", constants)] if constants else []
        register, known = self.quantisers.hold(tuple(settings))
        if not known:
            yield from (_line(mnemonic, f"q{register}, {operands}") for mnemonic, operands in settings)
        return f"q{register}"

    def _window(self, register: str, multiply: Multiply, source: Source) -> Iterator[str]:
        g = multiply.geometry
        steps = _named(stride_y=(g.stride_y, 1), stride_x=(g.stride_x, 1), dilation_y=(g.dilation_y, 1),
                       dilation_x=(g.dilation_x, 1), packed=(source.layout.packed, 1))  # fmt: skip
        apart = ", apart=yes" if multiply.apart(source) else ""
        yield _line("window", f"{register}, {g.kernel_y}, {g.kernel_x}, {source.width}{steps}{apart}")
        around = _named(top=(g.top, 0), left=(g.left, 0), value=(multiply.pad, 0))
        yield _line("border", f"{register}, {g.rows}, {g.columns}{around}")

    def _stage(self, stage: Stage, wait: str | None) -> Iterator[str]:
        layer, words = stage.layer, stage.words * stage.height * stage.width
        if stage.operand is not None:
            yield from self._crop("d1", stage.operand, stage)
            yield from _given(wait)
            yield _line("operand", "d1")
        if isinstance(layer, Add):
            yield from self._sum(layer, stage.swapped, words)
        elif isinstance(layer, Mul):
            zero_a, zero_b = (layer.zero_b, layer.zero_a) if stage.swapped else (layer.zero_a, layer.zero_b)
            q = yield from self._quantiser(layer.code)
            yield _line("mul", f"{q}, {words}" + _named(zero_a=(zero_a, 0), zero_b=(zero_b, 0)))
        elif isinstance(layer, Requant):
            q = yield from self._quantiser(layer.code)
            yield _line("requant", f"{q}, {words}" + _named(zero_a=(layer.zero_a, 0)))
        else:
            yield from self._pool(layer, stage)

    def _sum(self, layer: Add, swapped: bool, words: int) -> Iterator[str]:
        sides = [(layer.multiplier_a, layer.zero_a), (layer.multiplier_b, layer.zero_b)]
        (arriving, zero_a), (other, zero_b) = reversed(sides) if swapped else sides
        q = yield from self._quantiser(layer.code, arriving)
        factor = yield from self._quantiser(Code(activation="relu"), other)  # of this one the multiplier alone counts
        yield _line("add", f"{q}, {factor}, {words}" + _named(zero_a=(zero_a, 0), zero_b=(zero_b, 0)))

    def _pool(self, layer: Pool, stage: Stage) -> Iterator[str]:
        g = layer.geometry
        yield _line("base", "d3, 0", "no words of memory: the shape of what arrives")
        for axis, extent in enumerate((stage.words, stage.width, stage.height)):
            if extent > 1:
                yield _line("dim", f"d3, {axis}, {extent}")
        steps = _named(stride_y=(g.stride_y, 1), stride_x=(g.stride_x, 1), dilation_y=(g.dilation_y, 1),
                       dilation_x=(g.dilation_x, 1))  # fmt: skip
        yield _line("window", f"w1, {g.kernel_y}, {g.kernel_x}, {stage.width}{steps}")
        yield _line("border", f"w1, {g.rows}, {g.columns}" + _named(top=(g.top, 0), left=(g.left, 0)))
        q = yield from self._quantiser(layer.code)
        inside = ", inside=yes" if layer.inside else ""
        yield _line("pool", f"d3, w1, {q}, mode={layer.mode}{inside}")

    # Streams ----------------------------------------------------------------------------------------------------

    def _base(self, register: str, layout: Layout, offset: int) -> str:
        symbol = self.symbols[layout.name]
        address = f"{symbol} + {offset}" if offset else symbol
        places = self.plan.memory.rings.get(layout.name, 1)
        ring = f", by=l0, stride={layout.size}, ring={places}" if places > 1 else ""
        return _line("base", f"{register}, {address}{ring}")

    def _walk(self, register: str, layout: Layout, offset: int, axes: Iterable[tuple[int, int]]) -> Iterator[str]:
        yield self._base(register, layout, offset)
        for axis, (extent, stride) in enumerate(axes):
            if extent > 1:
                yield _line("dim", f"{register}, {axis}, {extent}" + _named(stride=(stride, 1)))

    def _whole(self, register: str, name: str) -> Iterator[str]:
        """A stream over all words of a map."""
        layout = self.plan.layouts[name]
        yield from self._walk(register, layout, 0, _merged([(layout.row_words, 1), (layout.height, layout.row_words)]))

    def _crop(self, register: str, source: Source, over: Stage | None = None) -> Iterator[str]:
        """A stream over a source: words, columns, rows; for an operand of one pixel, again for every pixel."""
        layout = source.layout
        if over is not None and source.pixels == 1 < over.height * over.width:
            axes = [(source.words, 1), (over.width, 0), (over.height, 0)]
        else:
            columns = -(-source.width // layout.packed)
            axes = [(source.words, 1), (columns, layout.words), (source.height, layout.row_words)]
        yield from self._walk(register, layout, source.offset, axes)

    def _rows(self, register: str, sink: Sink) -> Iterator[str]:
        layout = sink.layout
        if sink.pixel is not None:
            yield from self._walk(register, layout, sink.word + sink.pixel * layout.words, [(sink.filled, 1)])
            return
        axes = [(sink.filled, 1), (layout.width, layout.words), (layout.height, layout.row_words)]
        if sink.whole:
            axes = _merged(axes)
        yield from self._walk(register, layout, sink.word, axes)


def _is_plain(source: Source, multiply: Multiply) -> bool:
    """Whether a window is one pixel that visits all of the source in order: words can be fed as they come."""
    g = multiply.geometry
    return (
        source.layout.packed == 1
        and (g.kernel_y, g.kernel_x, g.top, g.left) == (1, 1, 0, 0)
        and (g.stride_y, g.stride_x, g.rows, g.columns) == (1, 1, source.height, source.width)
    )


def _merged(axes: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Axes of a walk, those that follow each other without a gap as one."""
    found = [axes[0]]
    for extent, stride in axes[1:]:
        size, step = found[-1]
        if stride == size * step and size * extent <= LARGEST_EXTENT:
            found[-1] = (size * extent, step)
        else:
            found.append((extent, stride))
    return found


def _tail(source: Source) -> str:
    return _named(tail=(source.tail, 64))


def _named(**values: tuple[int, int]) -> str:
    """Operands by name, those left out that have their default: name=(value, default)."""
    return "".join(f", {name}={value}" for name, (value, default) in values.items() if value != default)


def _given(line: str | None) -> Iterator[str]:
    if line is not None:
        yield line


def _signal(token: Token) -> str:
    return _line("signal", f"{token.maker}, t{token.number}")


def _await(token: Token) -> str:
    return _line("await", f"{token.taker}, t{token.number}")


def _line(mnemonic: str, operands: str = "", comment: str = "") -> str:
    text = f"        {mnemonic:7} {operands}"
    return f"{text:40}        ; {comment}" if comment else text


def _title(text: str) -> str:
    return f"; {text} ".ljust(120, "-") + "\n"


def _rect(rect: Rect) -> str:
    return f"column={rect.column}, row={rect.row}" + _named(height=(rect.height, 1), width=(rect.width, 1))


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name) else f'"{name}"'


def _symbols(layouts: Iterable[str]) -> dict[str, str]:
    """A name for the address of each map that an assembler takes, all different."""
    found: dict[str, str] = {}
    used: set[str] = set()
    for name in layouts:
        symbol = "AT_" + re.sub(r"\W", "_", name, flags=re.ASCII)
        while symbol in used:
            symbol += "_"
        used.add(symbol)
        found[name] = symbol
    return found


def _describe(step: Pass) -> str:
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
    size = f"{source.height}x{source.width} of {source.layout.name}"
    return f"{step.name}: {', '.join(parts)}; {size} to {sink.layout.name}"
