"""Each pass as instructions: reads, work on the stream, writes."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace

from acortex.isa.arithmetic.quantisers import UNITY
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS
from acortex.programs.emit.assembly import Registers, line, named
from acortex.programs.graph import Add, Code, Mul, Pool, Requant
from acortex.programs.mapping.loops import End, Section
from acortex.programs.mapping.passes import (
    Cell,
    Layout,
    Multiply,
    Pass,
    Sink,
    Source,
    VectorStage,
    matrices,
    one,
    plain,
)
from acortex.programs.mapping.plan import Plan

LARGEST_EXTENT = 1 << 16
"""Elements of one axis of a stream."""

TURNS = "l1"
"""The loop register of passes that come again."""

Setting = Generator[str, None, str]
"""Lines that set a register, and its name."""


class PassWriter:
    """Writes passes one after the other, as the body of a loop over inferences.

    `symbols` name the maps' addresses. Streams are d0 what is read, d1 the operand, d2 what is written.
    """

    def __init__(self, plan: Plan, symbols: dict[str, str]) -> None:
        self.plan = plan
        self.symbols = symbols
        self.stay_connected = plan.placement.disjoint()
        """Whether no two groups meet on a bus, so that all are connected from the beginning."""
        self.numbers = {matrix: number for number, matrix in enumerate(matrices(plan.passes))}
        """The group of each matrix."""
        self.own_quantisers = plan.graph.own_quantisers
        self.quantisers = Registers(len(KINDS["quantiser"].registers))
        self._moves: Mapping[End, int] = {}
        """By how many words streams of the current pass move in a turn of the loop that it stands in."""
        self._ahead: list[str] | None = None
        """Takes what sets quantisers, where that is to stand before a loop."""

    def body(self, section: Section, write: Callable[[int], Iterable[str]]) -> tuple[list[str], list[str]]:
        """The lines of a section, by a function that writes a pass: those before its loop, those of its body.

        Quantisers are set before the loop. Where there are more than registers, each turn sets its own.
        """
        if section.turns == 1:
            return [], self._turn(section, write)
        ahead: list[str] = []
        late: list[str] = []
        self._ahead = ahead
        self._turn(section, write)
        self._ahead = late
        lines = self._turn(section, write)
        self._ahead = None
        if not late:
            return ahead, lines
        self.quantisers.forget()
        return [], self._turn(section, write)

    def _turn(self, section: Section, write: Callable[[int], Iterable[str]]) -> list[str]:
        lines: list[str] = []
        for index, moves in enumerate(section.moves):
            self._moves = moves
            lines += write(section.first + index)
        self._moves = {}
        return lines

    def lines(self, step: Pass, waits: dict[str, list[str]]) -> Iterator[str]:
        """A pass: reads, work on the stream, writes; each agent awaits its tokens just before."""
        multiply, stage = step.multiply, step.stage
        before_read = waits.get("read", [])
        if step.begin is not None and step.cell is not None:
            yield from self._crop("d6", step.begin.source)
            yield from before_read
            before_read = []
            yield line("read", "d6, to=vector")
            q = yield from self._quantiser(Code(step.begin.unit, 0, 0, step.begin.zero))
            words, state = step.cell.words, step.cell.state
            yield line("putstate", f"{q}, {words}, {state}, zero_a={step.begin.zero}")
        if multiply is not None:
            yield from self._through_arrays(step, multiply, before_read, waits.get("neurons", ()))
        else:
            yield from self._crop("d0", step.source)
            yield from before_read
            yield line("read", "d0, to=vector")
        if stage is not None:
            yield from self._stage(stage, waits.get("operand", ()))
        if step.cell is not None:
            yield from self._cell(step.cell)
        yield from self._write(step.sink, multiply is None or step.to_vector, waits.get("write", ()))
        if step.state is not None and step.cell is not None:
            q = yield from self._quantiser(step.state[1], owner=step.state[1])
            yield line("getstate", f"{q}, {step.cell.words}, {step.cell.state}")
            yield from self._write(step.state[0], True)

    def _write(self, sink: Sink, from_vector: bool, waits: Iterable[str] = ()) -> Iterator[str]:
        yield from self._rows("d2", sink)
        yield from waits
        how = ", source=vector" if from_vector else ""
        if not sink.whole:
            how += named(shift=(sink.shift, 0), tail=(sink.tail, CHANNELS))
        yield line("write", f"d2{how}")

    def _cell(self, cell: Cell) -> Iterator[str]:
        q = yield from self._quantiser(cell.out, owner=cell.out)
        gates = yield from self._quantiser(cell.gates)
        first = ", first=yes" if cell.first else ""
        reset = ", reset=yes" if cell.kind == "gru_linear" else ""
        yield line(cell.kind[:4].strip("_"), f"{q}, {gates}, {cell.words}, {cell.state}{first}{reset}")

    def _through_arrays(
        self, step: Pass, multiply: Multiply, waits: Iterable[str], before_convert: Iterable[str]
    ) -> Iterator[str]:
        group, positions = f"g{self.numbers[multiply.matrix]}", multiply.positions
        source = step.source
        yield from self._crop("d0", source)
        if _is_plain(source, multiply):
            yield from waits
            yield line("read", "d0")
            for number, more in enumerate(step.more):
                yield from self._crop(f"d{4 + number}", more)
                yield line("read", f"d{4 + number}")
            words = source.words + sum(more.words for more in step.more)
            tail = "" if step.more else _tail(source)
            yield line("feed", f"{positions}, {words}{tail}" + named(fill=(multiply.pad, 0)))
        else:
            yield from self._window("w0", multiply, source)
            yield from waits
            yield line("fetch", "d0, w0")
            yield line("slide", "d0, w0" + _tail(source) + (", dense=yes" if multiply.dense else ""))
        if not self.stay_connected:
            yield line("connect", group)
        yield line("multiply", f"{group}, {positions}")
        if not self.stay_connected:
            yield line("disconnect", group)
        to = ", to=vector" if step.to_vector else ""
        q = yield from self._tuned(multiply)
        if step.cell is not None:
            then = yield from self._tuned(replace(multiply, code=step.cell.then))
            to += f", then={then}, every={step.cell.every}"
        yield from before_convert
        yield line("convert", f"{q}, {positions}{to}")

    def _tuned(self, multiply: Multiply) -> Setting:
        """A quantiser for a group's columns, with constants of their own where they have any."""
        code = multiply.code
        if plain(code):
            return self._quantiser(code)
        return self._quantiser(replace(code, multiplier=1), constants=f"c{self.numbers[multiply.matrix]}")

    def _quantiser(
        self, code: Code, multiplier: int | None = None, constants: str = "", owner: Hashable = None
    ) -> Setting:
        """A register that holds a quantiser; set here unless it was set before in this turn of the loop.

        One whose numbers depend on the network's has an `owner`. Where the graph says so, it shares no register with
        one of another owner.
        """
        multiplier = one(code.multiplier) if multiplier is None else multiplier
        more = named(zero=(code.zero, 0), low=(code.low, 0), high=(code.high, 15))
        # Where nothing lies below the zero code, `relu` says so, and changes nothing: the clip does the same.
        function = "relu" if code.activation == "none" and code.zero == code.low else code.activation
        activation = f", activation={function}" if function != "none" else ""
        settings = [("quant", f"{multiplier}, {code.shift}{more}{activation}")]
        settings += [("gain", str(code.gain))] if code.gain != UNITY else []
        settings += [("tune", constants)] if constants else []
        register, known = self.quantisers.hold((owner if self.own_quantisers else None, *settings))
        if not known:
            lines = [line(mnemonic, f"q{register}, {operands}") for mnemonic, operands in settings]
            if self._ahead is None:
                yield from lines
            else:
                self._ahead += lines
        return f"q{register}"

    def _window(self, register: str, multiply: Multiply, source: Source) -> Iterator[str]:
        g = multiply.geometry
        steps = named(stride_y=(g.stride_y, 1), stride_x=(g.stride_x, 1), dilation_y=(g.dilation_y, 1),
                       dilation_x=(g.dilation_x, 1), packed=(source.layout.packed, 1))  # fmt: skip
        apart = ", apart=yes" if multiply.apart(source) else ""
        yield line("window", f"{register}, {g.kernel_y}, {g.kernel_x}, {source.width}{steps}{apart}")
        around = named(top=(g.top, 0), left=(g.left, 0), value=(multiply.pad, 0))
        yield line("border", f"{register}, {g.rows}, {g.columns}{around}")

    def _stage(self, stage: VectorStage, waits: Iterable[str]) -> Iterator[str]:
        layer, words = stage.layer, stage.words * stage.height * stage.width
        if stage.operand is not None:
            yield from self._crop("d1", stage.operand, stage)
            yield from waits
            yield line("operand", "d1")
        if isinstance(layer, Add):
            yield from self._sum(layer, stage.swapped, words)
        elif isinstance(layer, Mul):
            zero_a, zero_b = (layer.zero_b, layer.zero_a) if stage.swapped else (layer.zero_a, layer.zero_b)
            q = yield from self._quantiser(layer.code, owner=layer.code)
            yield line("mul", f"{q}, {words}" + named(zero_a=(zero_a, 0), zero_b=(zero_b, 0)))
        elif isinstance(layer, Requant):
            q = yield from self._quantiser(layer.code, owner=_owner(layer.code))
            yield line("requant", f"{q}, {words}" + named(zero_a=(layer.zero_a, 0)))
        else:
            yield from self._pool(layer, stage)

    def _sum(self, layer: Add, swapped: bool, words: int) -> Iterator[str]:
        sides = [(layer.multiplier_a, layer.zero_a), (layer.multiplier_b, layer.zero_b)]
        (arriving, zero_a), (other, zero_b) = reversed(sides) if swapped else sides
        q = yield from self._quantiser(layer.code, arriving, owner=layer.code)
        alone = Code(high=layer.code.high, activation="relu")  # of this one the multiplier alone counts
        factor = yield from self._quantiser(alone, other, owner=(layer.code, "alone"))
        yield line("add", f"{q}, {factor}, {words}" + named(zero_a=(zero_a, 0), zero_b=(zero_b, 0)))

    def _pool(self, layer: Pool, stage: VectorStage) -> Iterator[str]:
        g = layer.geometry
        yield line("base", "d3, 0", "no words of memory: the shape of what arrives")
        for axis, extent in enumerate((stage.words, stage.width, stage.height)):
            if extent > 1:
                yield line("dim", f"d3, {axis}, {extent}")
        steps = named(stride_y=(g.stride_y, 1), stride_x=(g.stride_x, 1), dilation_y=(g.dilation_y, 1),
                       dilation_x=(g.dilation_x, 1))  # fmt: skip
        yield line("window", f"w1, {g.kernel_y}, {g.kernel_x}, {stage.width}{steps}")
        yield line("border", f"w1, {g.rows}, {g.columns}" + named(top=(g.top, 0), left=(g.left, 0)))
        q = yield from self._quantiser(layer.code, owner=_owner(layer.code))
        inside = ", inside=yes" if layer.inside else ""
        yield line("pool", f"d3, w1, {q}, mode={layer.mode}{inside}")

    # Streams ----------------------------------------------------------------------------------------------------

    def _base(self, register: str, layout: Layout, offset: int, move: int) -> Iterator[str]:
        symbol = self.symbols[layout.name]
        address = f"{symbol} + {offset}" if offset else symbol
        places = self.plan.memory.rings.get(layout.name, 1)
        ring = f", by=l0, stride={layout.size}, ring={places}" if places > 1 else ""
        if move and not ring:
            ring, move = f", by={TURNS}, stride={move}", 0
        yield line("base", f"{register}, {address}{ring}")
        if move:
            yield line("advance", f"{register}, by={TURNS}, stride={move}")

    def _walk(
        self, register: str, layout: Layout, offset: int, axes: Iterable[tuple[int, int]], move: int = 0
    ) -> Iterator[str]:
        yield from self._base(register, layout, offset, move)
        for axis, (extent, stride) in enumerate(axes):
            if extent > 1:
                yield line("dim", f"{register}, {axis}, {extent}" + named(stride=(stride, 1)))

    def whole(self, register: str, name: str) -> Iterator[str]:
        """A stream over all words of a map."""
        layout = self.plan.layouts[name]
        columns = layout.row_words // layout.words
        axes = [(layout.words, 1), (columns, layout.words), (layout.height, layout.row_words)]
        yield from self._walk(register, layout, 0, _merged(axes))

    def _crop(self, register: str, source: Source, over: VectorStage | None = None) -> Iterator[str]:
        """A stream over a source: words, columns, rows; for an operand of one pixel, again for every pixel."""
        layout = source.layout
        if over is not None and source.pixels == 1 < over.height * over.width:
            axes = [(source.words, 1), (over.width, 0), (over.height, 0)]
        else:
            axes = [(source.words, 1), (source.columns, layout.words), (source.height, layout.row_words)]
        yield from self._walk(register, layout, source.offset, axes, self._moves.get(source, 0))

    def _rows(self, register: str, sink: Sink) -> Iterator[str]:
        layout = sink.layout
        if sink.pixel is not None:
            first, move = sink.word + sink.pixel * layout.words, self._moves.get(sink, 0)
            yield from self._walk(register, layout, first, [(sink.filled, 1)], move)
            return
        phase = sink.phase
        rows, columns = phase.size(layout.height, layout.columns)
        axes = [(sink.filled, 1), (columns, layout.words * phase.step_x), (rows, layout.row_words * phase.step_y)]
        if sink.whole:
            axes = _merged(axes)
        first = sink.word + phase.top * layout.row_words + phase.left * layout.words
        yield from self._walk(register, layout, first, axes)


def _owner(code: Code) -> Code | None:
    """What a quantiser belongs to: its code, unless it leaves codes as they are whatever the network's numbers."""
    return None if (one(code.multiplier), code.shift) == (1, 0) else code


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
    return named(tail=(source.tail, CHANNELS))
