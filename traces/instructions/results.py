"""What each instruction of a run did, as a type: `acortex.view/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import ChipName, Document, ProgramName, TableResult
from acortex.traces.results import Covers

What = Literal["issue", "queued", "waiting", "busy", "following", "between"]
"""What an instruction does in a stretch of time."""


class Ender(Document):
    """What ended a wait."""

    unit: str
    """The unit that did."""
    line: str
    """The line of the instruction that it worked for: file:line, or `-`."""
    text: str
    """That instruction in assembly; empty where it is not known or there is none."""
    how: Literal["ended", "taken", "held"]
    """Its event ended, or began as it had to; it took an instruction from its queue; it held what was waited for."""


class InstructionWait(Document):
    """The waits of one instruction in one unit for one cause."""

    unit: str
    """The unit that waited."""
    cause: str
    """What for (docs/timing.md)."""
    times: int
    """How many waits."""
    cycles: int
    """All of them together."""
    ended_by: Ender | None
    """What ended most of these cycles; null where nothing of another unit did, or where that was not looked for."""
    ended: int
    """The cycles that it ended."""


class Stretch(Document):
    """Cycles in which an instruction did one thing; its ends are those of bins."""

    start: int
    """The first cycle."""
    end: int
    """The cycle after the last."""
    what: What
    """issue: the controller issues it; queued: it is in its unit's queue; waiting: its unit or the controller waits for
    `cause`; busy: its unit is; following: another unit works for it; between: nothing of these."""
    cause: str
    """What a wait is for; else empty."""


class InstructionRow(Document):
    """One execution of an instruction. Cycles that have not come are null."""

    index: int
    """Its place in the order of issue, from 0."""
    inference: int
    """The inference that it belongs to, or -1."""
    layer: str
    """The layer that it belongs to."""
    pc: int
    """The address of the instruction."""
    line: str
    """Where it is in the source: file:line."""
    text: str
    """The instruction in assembly; empty where it is not known."""
    unit: str
    """The unit that took it; the controller where none did."""
    alike: int
    """How many executions the row stands for: more than 1 where the trace does not tell them apart."""
    issued: int
    """The cycle in which the controller begins to issue it."""
    first_busy: int | None
    """The first cycle of its unit's first event."""
    end: int | None
    """The cycle after its unit's last event."""
    done: int | None
    """The cycle after the last event of any unit for it: of its frame, or of its words on a bus."""
    busy: int
    """Cycles of its unit's events."""
    waited: int
    """Cycles of its unit's waits."""
    waits: list[InstructionWait]
    """The waits of all units for it, most cycles first."""
    strip: list[Stretch]
    """Its time, from the first of its cycles to the last, in bins."""


class UnitTime(Document):
    """What a unit did for an instruction."""

    unit: str
    """The unit's path."""
    busy: int
    """Cycles of its events."""
    waiting: int
    """Cycles of its waits."""


class InstructionSums(Document):
    """All executions of one instruction."""

    pc: int
    """Its address; -1 for what no instruction made."""
    line: str
    """Where it is in the source: file:line, or `-`."""
    text: str
    """The instruction in assembly; empty where it is not known or there is none."""
    unit: str
    """The unit that takes it; the controller where none does."""
    executions: int
    """How often it was issued."""
    busy: int
    """Cycles of the events of all units for it."""
    waiting: int
    """Cycles of the waits of all units for it."""
    energy_aj: int
    """Energy of its events, in attojoules."""
    energy_j: float
    """The same in joules."""
    share: float | None
    """Its part of the energy of all events; null where these cost nothing."""
    critical: int | None
    """Cycles of the critical path that are its own; null where the path was not walked."""
    units: list[UnitTime]
    """The same cycles by unit, in the order of the header."""
    waits: list[InstructionWait]
    """By unit and cause, most cycles first."""


class ChainPart(Document):
    """Cycles of a chain of events that are one instruction's; the parts add up to `cycles`."""

    line: str
    """The line of the instruction: file:line, or `-`."""
    text: str
    """The instruction in assembly; empty where it is not known or there is none."""
    units: list[str]
    """The units that worked or waited for it, most cycles first."""
    cycles: int
    """Its cycles."""
    busy: int
    """Of them: events."""
    latency: int
    """Of them: the way of what was read."""
    waiting: int
    """Of them: waits for what units share."""
    hand_over: int
    """Of them: the cycle until a change is seen."""
    idle: int
    """Of them: nothing."""


class Link(ChainPart):
    """A stretch of a chain of events, without a gap, that is one execution's of an instruction."""

    start: int
    """Its first cycle."""
    end: int
    """The cycle after it."""
    inference: int
    """The inference that it is for, or -1."""


class LoopUnit(Document):
    """What a unit did for a loop in a period of its steady state; the first three add up to the period."""

    unit: str
    """Its path; `main_memory ports` for all accesses, by the number of ports."""
    busy: int
    """Cycles of its events."""
    waiting: int
    """Cycles of its waits."""
    idle: int
    """The rest."""
    slack: int
    """How many cycles more of a period it could be busy before it alone set the period."""


class LoopView(Document):
    """A loop of a program: whether its turns came to repeat, how long one takes then, and what bounds that.

    What is not known where no two turns were alike is null, or empty.
    """

    line: str
    """The line of its first instruction: file:line."""
    text: str
    """That instruction in assembly."""
    end_line: str
    """The line of the instruction that jumps back."""
    end_text: str
    """That instruction."""
    turns: int
    """Turns in the run."""
    entered: int
    """How often the program came to it."""
    looked_at: int
    """Turns that follow each other, in which it was looked for a period: those of the longest stay in it."""
    cycles_per_turn: float
    """In the steady state: exact. Without one: the mean over the second half of those turns."""
    period: int | None
    """The cycles after which all repeats, exactly: each event and wait of the loop in each unit."""
    turns_per_period: int | None
    """The turns of a period."""
    inferences_per_period: int | None
    """The inferences that begin in a period; 0 where all its turns are of one."""
    from_cycle: int | None
    """The first cycle of the steady state."""
    until_cycle: int | None
    """The cycle up to which it was held against the period before."""
    bound: Literal["busy", "chain"] | None
    """What sets the period: a unit that is busy all the time, or a chain of hand-overs between units that closes."""
    bound_by: list[str]
    """The units that are always busy; or those of the chain, most cycles first."""
    simple_bound: int | None
    """The cycles that the busiest unit is busy in a period: no order of the same work takes less."""
    busiest: str
    """That unit."""
    units: list[LoopUnit]
    """Busiest first."""
    chain: list[ChainPart]
    """A chain without a gap that leads back to where it began, some periods earlier, by instruction, in its order."""
    chain_periods: int | None
    """How many periods it closes over: its cycles are so many times the period."""


class InstructionView(TableResult):
    """What each instruction of a run did: a row for each execution, sums, what bounds loops, and the critical chain."""

    SHOWN: ClassVar[dict[str, str]] = {
        "program": "program.name",
        "complete": "complete",
        "cycles": "cycles",
        "instructions": "instructions",
        "rows": "rows",
        "totals": "totals",
    }
    ROWS: ClassVar[str] = "totals"

    schema_: Literal["acortex.view/1"] = Field(default="acortex.view/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether it is about every event of the run, from its begin to its end."""
    covers: Covers | None
    """Which part of the run it is about; null where it is complete."""
    program: ProgramName
    """Which program ran."""
    chip: ChipName
    """Which chip it ran on."""
    clock_ns: float
    """One cycle in nanoseconds."""
    cycles: int
    """Length of the run."""
    instructions: int
    """Executions that were selected."""
    rows: list[InstructionRow]
    """The first of them, in the order of issue; as many as were asked for."""
    bin_cycles: int
    """Cycles of a bin of the strips."""
    from_cycle: int
    """The first cycle of the first bin."""
    until_cycle: int
    """The cycle behind the last bin."""
    totals: list[InstructionSums]
    """By instruction, in the order that was asked for. They add up to what the units of the run did."""
    event_energy_aj: int
    """Energy of the events of `totals` together, in attojoules; a run's has its leakage beside."""
    loops: list[LoopView]
    """Loops with most cycles, in the order of the program. They are looked at in the whole run."""
    chain: list[Link]
    """The first links of the critical path, as many as were asked for."""
    links: int
    """How many it has."""
    waits_looked_at: int
    """Waited cycles in `totals` of which it was looked for what ended them: of very many waits the longest alone."""
