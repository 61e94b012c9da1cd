"""What ends each wait of a chip's units: the one table of hand-overs, which docs/timing.md states in words.

A row says what a unit waits for, what ends the wait, and how many cycles later. The causes that there are follow from
the rows. Every trace carries the rows, and `acortex trace critical` goes by them alone. The file of an agent with a
cause of its own declares its rows itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from acortex.sim.chip.clock import delays
from acortex.sim.chip.prices import KINDS
from acortex.sim.chip.specs import Chip
from acortex.traces.endings import (
    AGENT,
    ANY,
    BEGIN,
    BY,
    CROSSED,
    DELAY,
    FREED,
    GRANT,
    NOW,
    OVER,
    SAME,
    SEEN,
    START,
    TOKEN,
    HandOver,
)

READ, OPERAND, WRITE = "main_memory/read", "main_memory/operand", "main_memory/write"
LOAD, FRAME = "vmm/load", "vmm/frame"
READS, WRITES = ("memory.read",), ("memory.write",)
ACCESSES = tuple(kind.name for kind in KINDS if any(component == "main_memory" for component, *_ in kind.rates))
"""What holds a port: each event that main memory pays for."""

BUS, NO_BUS = "buses/", "!buses/"
LATENCY = "read latency"

Delay = Callable[[Chip], int]

_delays: dict[str, Delay] = {
    LATENCY: lambda chip: max(delays(chip).read_latency_cycles, chip.memory.access_cycles),
}

# fmt: off
_rows: list[HandOver] = [
    # Traces hold the numbers of causes, which are the order in which they first stand here: new ones go to the end.
    HandOver(ANY, "idle", "controller", about="an instruction is in the queue"),
    HandOver("controller", "idle", by=NOW, about="nothing: it has halted"),
    HandOver(FRAME, "idle", by=NOW, about="nothing: it waits as `load` from the cycle in which a frame is due"),
    HandOver(BUS, "idle", by=NOW, about="a word is on its way"),
    HandOver("controller", "queue", ANY, NOW, after=1, same=AGENT,
             about="a place in the agent's queue, free the cycle after the agent took an instruction"),
    HandOver(ANY, "token", ANY, kinds=("sync",), same=TOKEN, about="a token, seen as its `signal` ends"),
    HandOver(ANY, "port", "main_memory/", GRANT, kinds=ACCESSES, about="a port of main memory"),
    HandOver(ANY, "bank", "main_memory/", GRANT, about="the bank of the word's address"),
    HandOver(READ, "buffer_full", LOAD, route=BUS, about="a place in words, which a load frees"),
    HandOver(READ, "buffer_full", "vector", route=NO_BUS, about="a place in stream, which a step frees"),
    HandOver("buffer", "words", "buses/down", about="a word, seen as it has crossed the bus"),
    HandOver("buffer", "windows", LOAD, about="a place in vectors, which a load frees"),
    HandOver(LOAD, "vectors", "buffer", about="a vector, seen as it is made"),
    HandOver(LOAD, "latches", FRAME, about="a set of latches, free as their frame ends"),
    HandOver(LOAD, "frame", FRAME, OVER, after=1, about="the last sums, sampled in an earlier cycle"),
    HandOver(FRAME, "load", LOAD, about="loaded latches"),
    HandOver(FRAME, "neurons", "neurons", about="a place in samples, free as the last turn ends"),
    HandOver("neurons", "sums", FRAME, OVER, after=1, about="sums, seen the cycle after they are handed over"),
    HandOver("neurons", "output_full", "buses/up", about="a place in codes, free as its word has crossed the bus"),
    HandOver("neurons", "output_full", "vector", about="a place in stream, which a step frees"),
    HandOver(WRITE, "codes", "neurons", route=BUS, about="a code word, seen as its turn ends"),
    HandOver(WRITE, "codes", "vector", route=NO_BUS, about="a result, seen as its step ends"),
    HandOver("host/out", "latency", "main_memory", DELAY, delay=LATENCY, about="the word that was read"),
    HandOver("vector", "stream", READ, START, delay=LATENCY, kinds=READS, then="!grant",
             about="a word that was read, seen the memory's latency after its grant"),
    HandOver("vector", "stream", "neurons", about="a word of codes, seen as its turn ends"),
    HandOver("vector", "operand", OPERAND, START, delay=LATENCY, kinds=READS,
             about="an operand, seen the memory's latency after its grant"),
    HandOver("vector", "results_full", WRITE, START, after=1, kinds=WRITES,
             about="a place in results, free the cycle after its word is granted"),
    HandOver("vector", "bus", "buses/up", GRANT, about="a lane for the word"),
    HandOver(READ, "bus", "buses/down", FREED, delay=LATENCY, kinds=READS,
             about="a lane, free for the word's turn as the word before has crossed"),
    HandOver(READ, "bus", "buses/down", GRANT, delay=LATENCY, about="a lane for the word"),
    HandOver(WRITE, "bus", "buses/up", GRANT, about="a lane for the word"),
    HandOver(OPERAND, "operand_full", "vector", about="a place in operand, which a step frees"),
    HandOver("host/in", "host", by=NOW, about="a word that a process offers; a trace does not show it"),
    HandOver("main_memory/process", "idle", by=NOW, about="nothing: its process makes requests at any time"),
    HandOver(ANY, "grant", ANY, SEEN, after=1, about="its request, seen by the arbiter the cycle after it is made"),
    HandOver("vector", "crossing", "buses/up", CROSSED, about="its word, seen as it has crossed the bus"),
    # What sends the words that cross the buses.
    HandOver("buses/down", BEGIN, READ, START, delay=LATENCY, kinds=READS, about="a word that was read"),
    HandOver("buses/up", BEGIN, WRITE, START, kinds=WRITES, about="a word of codes that is written"),
    HandOver("buses/up", BEGIN, "vector", NOW, about="a word of codes on its way into the vector agent"),
]
# fmt: on

CAUSES: list[str] = []
"""What a unit can wait for, in the order of its numbers in traces. `idle` stands for having nothing to do."""

CAUSE: dict[str, int] = {}
"""The number of each cause by its name."""


def _number(row: HandOver) -> None:
    if row.cause != BEGIN and row.cause not in CAUSE:
        CAUSE[row.cause] = len(CAUSES)
        CAUSES.append(row.cause)


def _check(row: HandOver) -> None:
    """Fails at import where a row says what nothing can be held to."""
    wrong = row.by not in BY or row.same not in SAME or row.after < 0 or bool(row.delay and row.delay not in _delays)
    if wrong or not row.waits or not row.about:
        raise AssertionError(f"a hand-over that {row.waits or '?'} waits for as {row.cause!r} is not complete: {row}")


def declare(*rows: HandOver, **more_delays: Delay) -> None:
    """Adds the hand-overs of an agent, as its file is imported; `more_delays` are cycles that its rows name.

    The causes that the rows name get numbers behind all others, and `CAUSE` then has them.
    """
    _delays.update(more_delays)
    for row in rows:
        _check(row)
        _number(row)
    _rows.extend(row for row in rows if row not in _rows)


def table() -> tuple[HandOver, ...]:
    """All hand-overs."""
    return tuple(_rows)


def delays_of_rows(chip: Chip) -> Mapping[str, int]:
    """The cycles of each delay that a row names, on a chip."""
    return MappingProxyType({name: delay(chip) for name, delay in _delays.items()})


for _one in _rows:
    _check(_one)
    _number(_one)
