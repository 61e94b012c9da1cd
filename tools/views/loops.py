"""What `acortex view` prints of loops, and of the chain of events that set the length of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from acortex.tools.views.grid import Column, lines
from acortex.tools.views.tables import instruction
from acortex.traces.instructions.results import ChainPart, InstructionView, LoopView
from acortex.units import percent
from acortex.wording import UNKNOWN, count, some_of

MOST_UNITS = 4
"""Units of a chain that are named."""

MOST_LINKS = 16
"""Links of a chain that are shown."""


def block(columns: Sequence[Column], width: int) -> Text:
    """Columns as lines, the headings apart."""
    head, *rest = lines(columns, width)
    return Text.assemble((head, "bold"), *(f"\n{line}" for line in rest), no_wrap=True)


def places(found: Sequence[str]) -> Column:
    """The lines of instructions; without the name of the file where all are in one."""
    files = {line.rpartition(":")[0] for line in found if line != UNKNOWN}
    if len(files) > 1:
        return Column("line", found, cut=True)
    return Column("line", [line.rpartition(":")[2] for line in found], number=True)


FEW_TURNS = 8
"""Turns below which a loop may not have come to repeat: pipelines fill first."""


def loop_parts(report: InstructionView, width: int) -> Iterator[RenderableType]:
    """The loops of a run, and its critical chain."""
    for loop in report.loops:
        yield from _loop(loop, width)
    if report.chain:
        yield Text(f"What set the length of the run, in {count(report.links, 'link')}", "bold")
        shown = report.chain[:MOST_LINKS]
        yield block([Column("from", [f"{one.start:,}" for one in shown], number=True), *_chain(shown)], width)
        if report.links > len(shown):
            yield Text(f"  and {report.links - len(shown):,} more: --from CYCLE", "dim")


def _loop(loop: LoopView, width: int) -> Iterator[RenderableType]:
    """A loop: how long a turn takes, and what bounds it."""
    file, _, number = loop.end_line.rpartition(":")
    end = number if loop.line.startswith(f"{file}:") else loop.end_line  # a loop may begin in an included file
    yield Text(f"Loop {instruction(loop.line, loop.text)} to {end} {loop.end_text}, {_turns(loop)}", "bold")
    if loop.period is None:
        if loop.cycles_per_turn:
            yield Text(f"  its last turns were issued {loop.cycles_per_turn:,.1f} cycles apart, on average")
        yield Text(
            f"  of {count(loop.turns, 'turn')} no two were alike before the last was issued: no steady state is seen"
        )
        if loop.turns < FEW_TURNS and loop.text.startswith("inference"):
            yield Text("  so few may be too few: --inferences N has more", "dim")
        yield Text()
        return
    yield Text(f"  {_steady(loop)}")
    yield Text(f"  {_bound(loop)}")
    yield block(
        [
            Column("  unit", [f"  {one.unit}" for one in loop.units]),
            Column("busy", [f"{one.busy:,}" for one in loop.units], number=True),
            Column("waiting", [f"{one.waiting:,}" for one in loop.units], number=True),
            Column("idle", [f"{one.idle:,}" for one in loop.units], number=True),
            Column("slack", [f"{one.slack:,}" for one in loop.units], number=True),
        ],
        width,
    )
    if loop.bound == "chain":
        yield Text(f"  The chain that closes over {_periods(loop)}")
        yield block([Column("", [" "] * len(loop.chain[:MOST_LINKS])), *_chain(loop.chain[:MOST_LINKS])], width)
        if len(loop.chain) > MOST_LINKS:
            yield Text(f"  and {count(len(loop.chain) - MOST_LINKS, 'more instruction', 'more instructions')}", "dim")
    yield Text()


def _turns(loop: LoopView) -> str:
    entered = f", entered {count(loop.entered, 'time')}" if loop.entered > 1 else ""
    return f"{count(loop.turns, 'turn')}{entered}"


def _steady(loop: LoopView) -> str:
    """How long a turn takes, and since when."""
    turns, inferences = loop.turns_per_period or 1, loop.inferences_per_period
    each = "turn" if turns == 1 else count(turns, "turn")
    what = (
        f", in which {count(inferences, 'inference')} {'is' if inferences == 1 else 'are'} done" if inferences else ""
    )
    return f"steady from cycle {loop.from_cycle:,}: {count(loop.period or 0, 'cycle')} per {each}{what}"


def _bound(loop: LoopView) -> str:
    """What sets the period, beside the time of the busiest unit."""
    by = some_of(loop.bound_by, MOST_UNITS)
    if loop.bound == "busy":
        return f"bound by {by}, busy in each cycle"
    period, simple = loop.period or 0, loop.simple_bound or 0
    over = f"{loop.busiest}, the busiest unit, has work for {count(simple, 'cycle')} ({percent(simple, period)})"
    return f"{over}\n  bound by a chain of hand-overs through {by}" if by else f"{over}\n  what bounds it is not seen"


def _periods(loop: LoopView) -> str:
    """Over how many turns a chain closes."""
    turns = (loop.chain_periods or 1) * (loop.turns_per_period or 1)
    return "a turn" if turns == 1 else count(turns, "turn")


def _chain(some: Sequence[ChainPart]) -> list[Column]:
    """Parts of a chain: whose cycles, and as what."""
    return [
        Column("cycles", [f"{one.cycles:,}" for one in some], number=True),
        places([one.line for one in some]),
        Column("instruction", [one.text or UNKNOWN for one in some], cut=True),
        Column("units", [", ".join(one.units) for one in some], cut=True),
        *(
            Column(name.replace("_", "-"), [f"{one[name]:,}" if one[name] else "" for one in some], number=True)
            for name in ("busy", "latency", "hand_over", "waiting", "idle")
            if any(one[name] for one in some)
        ),
    ]
