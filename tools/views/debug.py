"""What a debugger shows, as text: the same on every machine, whatever the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from acortex.wording import count

if TYPE_CHECKING:
    from acortex.sim.debug.debugger import Debugger
    from acortex.sim.debug.results import (
        Breakpoint,
        BufferState,
        ChannelState,
        GroupState,
        Item,
        ListedLine,
        Place,
        QueueState,
        Registers,
        TensorState,
        TokenState,
        UnitState,
        Where,
        Word,
    )

Array = NDArray[Any]

WIDTH = 110
"""Columns of a list."""

NO_BREAK = "\N{NO-BREAK SPACE}"

MOST_LINES = 64
"""Lines of numbers that a tensor takes at most."""

MOST_NUMBERS = 32
"""Numbers of a line."""

MOST_CODES = 128
"""Codes of a word or a vector that are shown."""


def text_of(lines: Iterator[str]) -> str:
    """Lines as one text."""
    return "\n".join(line.rstrip() for line in lines)


def _named(label: str, names: Sequence[str]) -> str:
    """A list behind its label, in lines of `WIDTH` columns at most."""
    text = ", ".join(name.replace(" ", NO_BREAK) for name in names) or "none"
    lines = wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False)
    return "\n".join(lines).replace(NO_BREAK, " ")


def _of(place: Place) -> str:
    """What an instruction belongs to."""
    named = [f"layer {place.layer}"] if place.layer else []
    named += [f"inference {place.inference}"] if place.inference >= 0 else []
    return f"   ; {', '.join(named)}" if named else ""


def _place(place: Place) -> str:
    return f"{place}: {place.text}{_of(place)}"


# Where a run stands ---------------------------------------------------------------------------------------------------


def where(found: Where) -> Iterator[str]:
    """Why a run stopped, in which cycle, and what comes next."""
    yield from found.reasons
    for change in found.changes:
        yield f"  before  {codes(change.before)}"
        yield f"  now     {codes(change.after)}{f'  by {change.by}' if change.by is not None else ''}"
    if found.state == "failed":
        yield f"cycle {found.cycle:<8} the program has failed"
        yield from (f"  {line}" for line in str(found.error).splitlines())
    elif found.state == "ended":
        yield f"cycle {found.cycle:<8} the program has ended"
    elif found.next is None:
        yield f"cycle {found.cycle:<8} all instructions have been issued"
    if found.next is not None and found.state != "ended":
        about = "" if found.issues_now or found.state == "failed" else "   (not in this cycle)"
        yield f"cycle {found.cycle:<8} {_place(found.next)}{about}"


def around(found: Where, units: Sequence[UnitState]) -> Iterator[str]:
    """Where a run stands, and which units are at work."""
    yield from where(found)
    yield f"  {count(found.issued, 'instruction')} issued since the set-up"
    busy = [unit.path for unit in units if unit.state in ("busy", "goes on")]
    waiting = [f"{unit.path} ({unit.cause})" for unit in units if unit.state == "waits"]
    yield _named("  busy     ", busy)
    yield _named("  waiting  ", waiting)


def listing(lines: Sequence[ListedLine]) -> Iterator[str]:
    """Instructions with their lines: `>` before the next one, `*` before one with a breakpoint."""
    width = max(len(str(line.place)) for line in lines)
    for line in lines:
        mark = f"{'*' if line.breakpoints else ' '}{'>' if line.next else ' '}"
        yield f"{mark} {line.place!s:<{width}}  {line.place.text}"


def info(debugger: Debugger) -> Iterator[str]:
    """What is debugged, and which breakpoints are set."""
    program, chip = debugger.program, debugger.prepared.chip
    sizes = count(len(program.words), "instruction"), count(debugger.prepared.host.inferences, "inference")
    yield f"program    {program.name}: {', '.join(sizes)}"
    yield f"chip       {chip.name}: {count(chip.memory_words, 'word')} of main memory, cycles of {chip.clock_ns} ns"
    for kind, tensors in (("input", program.inputs), ("output", program.outputs)):
        yield from (f"{kind:<10} {one.name}: {'x'.join(map(str, one.shapes[-1]))}" for one in tensors)
    yield from (f"weights    {one.name}: {'x'.join(map(str, one.values.shape))}" for one in program.weights)
    yield _named("units      ", list(debugger.places.units))
    yield f"cycle      {debugger.cycle}"
    yield from breakpoints(debugger.breakpoints)


def breakpoints(found: Sequence[Breakpoint]) -> Iterator[str]:
    """The breakpoints that are set."""
    if not found:
        yield "no breakpoints"
    for one in found:
        hits = f", has stopped {count(one.hits, 'time')}" if one.hits else ""
        yield f"{one.kind} {one.number}: {one.about}{hits}"


# Units, queues, tokens, registers -------------------------------------------------------------------------------------


def waits(units: Sequence[UnitState]) -> Iterator[str]:
    """What each unit does, and what it waits for."""
    width = max(len(unit.path) for unit in units)
    for unit in units:
        if unit.state != "idle":
            yield f"{unit.path:<{width}}  {_doing(unit)}"
            if unit.place is not None:
                left = f"   {count(unit.left, 'event')} left" if unit.left else ""
                yield f"{'':<{width}}    {_place(unit.place)}{left}"
    idle = [unit.path for unit in units if unit.state == "idle"]
    yield _named("idle: ", idle)


def _doing(unit: UnitState) -> str:
    if unit.state == "waits":
        source = f", from {unit.of}" if unit.of else ""
        return f"waits since cycle {unit.cycle} for {unit.cause}: {unit.what}{source}"
    return f"busy until cycle {unit.cycle}" if unit.state == "busy" else "goes on in this cycle"


def queues(agents: Sequence[QueueState], channels: Sequence[ChannelState]) -> Iterator[str]:
    """The queues of the agents, and those between units."""
    for agent in agents:
        if agent.current is None and not agent.waiting:
            continue
        yield f"{agent.agent}: {len(agent.waiting)} of {agent.capacity} in the queue"
        if agent.current is not None:
            left = f"   {count(agent.left, 'event')} left" if agent.left else ""
            yield f"  at work  {_place(agent.current)}{left}"
        yield from (f"  queued   {_place(place)}" for place in agent.waiting)
    idle = [agent.agent for agent in agents if agent.current is None and not agent.waiting]
    yield _named("empty: ", idle)
    yield from (channel(one) for one in channels)


def channel(one: ChannelState) -> str:
    """A queue between units, in a line."""
    text = f"{one.name:<8} {one.taken} of {count(one.capacity, 'place')} taken, {one.items} there"
    if one.coming:
        text += f", {len(one.coming)} on the way (the next in cycle {one.coming[0]})"
    return text


def tokens(found: Sequence[TokenState]) -> Iterator[str]:
    """The tokens, who awaits them and what will make them."""
    if not found:
        yield "no tokens"
    for one in found:
        coming = f", {len(one.coming)} in cycle {one.coming[0]}" if one.coming else ""
        awaited = f"; awaited by {', '.join(one.awaited)}" if one.awaited else ""
        yield f"t{one.number}: {one.there} there{coming}{awaited}"
        yield from (f"  to come from {_place(place)}" for place in one.signals)


def registers(found: Registers) -> Iterator[str]:
    """The controller's registers."""
    yield f"next       address {found.pc}"
    yield f"layer      {found.layer or '-'}"
    yield f"inference  {found.inference if found.inference >= 0 else '-'}"
    yield from (f"l{loop.number:<9} turn {loop.turn} of 0 to {loop.turns - 1}" for loop in found.loops)
    for number, stream in found.streams:
        axes = [f"{extent} x {stride}" for extent, stride in zip(stream.extents, stream.strides, strict=True)]
        used = [axis for axis, extent in zip(axes, stream.extents, strict=True) if extent != 1]
        yield f"d{number:<9} from word {stream.base}: {', '.join(used) or 'one word'}"
    for number, quantiser in found.quantisers:
        scale = f"sum * {quantiser.multiplier} / 2^{quantiser.shift}, zero {quantiser.zero}"
        yield f"q{number:<9} {scale}, {quantiser.low} to {quantiser.high}, {quantiser.activation}"
    for number, window in found.windows:
        kernel = f"{window.kernel_y}x{window.kernel_x}, strides {window.stride_y} and {window.stride_x}"
        yield f"w{number:<9} {kernel}, {window.rows}x{window.columns} positions of rows of {window.width}"


# Values ---------------------------------------------------------------------------------------------------------------


def codes(values: Array) -> str:
    """Codes in hexadecimal, a digit each, or two where one needs them; sixteen together."""
    shown = values[:MOST_CODES].tolist()
    width = 1 if max(shown, default=0) < 16 else 2
    digits = [f"{code:0{width}x}" for code in shown]
    groups = ("".join(digits[start : start + 16]) for start in range(0, len(digits), 16))
    return " ".join(groups) + (f" … of {len(values)}" if len(values) > len(shown) else "")


def memory(words: Sequence[Word]) -> Iterator[str]:
    """Words of main memory as the chip holds them, and what is to come into them."""
    width = len(str(words[-1].address))
    for word in words:
        by = f"by {_place(word.by)}" if word.by is not None else ""
        yield f"word {word.address:>{width}}  {codes(word.codes)}  {word.state} {by}"
        if word.coming is not None and word.coming_by is not None:
            yield f"{'issued':>{width + 5}}  {codes(word.coming)}  by {_place(word.coming_by)}"


def buffer(found: BufferState, cycle: int) -> Iterator[str]:
    """The buffer's words and vectors."""
    yield channel(found.words)
    yield from _items(found.held, cycle)
    yield channel(found.vectors)
    yield from _items(found.made, cycle)
    if found.unit.state != "idle":
        place = f": {_place(found.unit.place)}" if found.unit.place is not None else ""
        left = f", {count(found.unit.left, 'vector')} left" if found.unit.left else ""
        yield f"buffer   {_doing(found.unit)}{left}{place}"


def _items(items: Sequence[Item], cycle: int) -> Iterator[str]:
    for item in items:
        yield f"  {codes(item.codes)}" + (f"  seen from cycle {item.seen}" if item.seen > cycle else "")


def group(found: GroupState) -> Iterator[str]:
    """A group: where it lies, whether it is connected, and its weights."""
    yield f"g{found.number}: {found.rows} rows, {found.columns} columns, {count(found.arrays, 'array')}"
    for column, row, height, width in found.rects:
        yield f"  column {column}, row {row}, {count(height, 'array')} high, {width} wide"
    state = "connected" if found.connected else "not connected"
    yield f"  {state}{f' since {_place(found.by)}' if found.by is not None else ''}"
    if found.coming_by is not None:
        yield f"  to be changed by {_place(found.coming_by)}"
    yield from (f"  works for {_place(place)}" for place in found.at_work)
    zeros = int(np.count_nonzero(found.values == 0))
    low, high = (int(found.values.min()), int(found.values.max())) if found.values.size else (0, 0)
    yield f"  weights {found.weights}: {low} to {high}, {zeros} of {found.values.size} are 0"


def tensor(found: TensorState) -> Iterator[str]:
    """A tensor in its shape."""
    shape = "x".join(map(str, found.values.shape))
    if found.kind == "weights":
        yield f"weights {found.name}, {shape}"
    else:
        way = "left the host" if found.kind == "input" else "reached the host"
        words = f"{found.words_there} of {count(found.words, 'word')} {'has' if found.words == 1 else 'have'} {way}"
        yield f"{found.kind} {found.name} of inference {found.inference}, {shape}: {words}"
    lines = list(_numbers(found.values))
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"  … {len(lines) - MOST_LINES:,} more lines; `debugger.tensor({found.name!r}).values` in Python has all"


def _numbers(values: Array) -> Iterator[str]:
    """Numbers in lines: the last axis along a line, a heading for each of what stands before the last two."""
    width = max(len(str(values.min())), len(str(values.max()))) if values.size else 1
    if values.ndim < 2:
        flat = values.reshape(-1)
        yield from (_line(flat[start : start + 16], width) for start in range(0, flat.size, 16))
        return
    for at in np.ndindex(values.shape[:-2]):
        if at:
            yield f"  [{', '.join(map(str, at))}]"
        yield from (_line(row, width) for row in values[at])


def _line(row: Array, width: int) -> str:
    shown = " ".join(f"{number:>{width}}" for number in row[:MOST_NUMBERS].tolist())
    return f"    {shown}{' …' if len(row) > MOST_NUMBERS else ''}"
