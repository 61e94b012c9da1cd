"""The critical path of a run: the chain of events that set its length, found from the trace alone.

The walk goes backwards from the end. What a unit did just before a cycle was an event, which began somewhere, or a
wait, which the event of another unit ended. Which unit that is follows from the cause of the wait (docs/timing.md), and
which event from the cycle, for a hand-over is seen in a known cycle after it. So no step leaves a gap.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from math import ceil
from typing import Any, NamedTuple

from acortex.errors import UsageError
from acortex.traces.reader import Trace
from acortex.traces.rows import Row, Rows

BUSY, WAITING, HAND_OVER, LATENCY, IDLE = "busy", "waiting", "hand-over", "latency", "idle"
"""What a segment is: an event; a wait for what is shared; the cycle until a change is seen; a read's way; nothing."""

CONTROLLER, READ, OPERAND, WRITE = "controller", "main_memory/read", "main_memory/operand", "main_memory/write"
LOAD, FRAME, BUFFER, NEURONS, VECTOR = "vmm/load", "vmm/frame", "buffer", "neurons", "vector"
STEPS = 4
"""Steps that one row of a trace can lead to, at most."""

ACCESSES = ("memory.read", "memory.write", "host.in")
"""Events during which their unit has already asked for the next access."""

SHARED = ("port", "bank", "bus")
"""Causes of waits for what units share: an arbiter ends them."""


class Segment(NamedTuple):
    """A stretch of the critical path: cycles start to end - 1, in which one unit did or awaited one thing.

    `what` is one of the words above, `name` the kind of event or the cause of the wait.
    """

    start: int
    end: int
    unit: str
    what: str
    name: str
    pc: int
    layer: int
    inference: int


class Path:
    """Segments one after another, in about 40 bytes each: a long run has millions."""

    def __init__(self, backwards: Iterable[Segment]) -> None:
        words: dict[str, int] = {}
        self._columns = [array(code) for code in "qqiiiiiq"]
        adds = [column.append for column in self._columns]
        add_start, add_end, add_unit, add_what, add_name, add_pc, add_layer, add_inference = adds
        number = words.setdefault
        for start, end, unit, what, name, pc, layer, inference in backwards:
            add_start(start)
            add_end(end)
            add_unit(number(unit, len(words)))
            add_what(number(what, len(words)))
            add_name(number(name, len(words)))
            add_pc(pc)
            add_layer(layer)
            add_inference(inference)
        for column in self._columns:
            column.reverse()
        self._words = list(words)

    def __len__(self) -> int:
        return len(self._columns[0])

    def __iter__(self) -> Iterator[Segment]:
        words = self._words
        for start, end, unit, what, name, *rest in zip(*self._columns, strict=True):
            yield Segment(start, end, words[unit], words[what], words[name], *rest)


class Step(NamedTuple):
    """Where the walk goes on: before `cycle` in `unit`; and the segments on the way there, last first."""

    unit: str
    cycle: int
    segments: tuple[Segment, ...] = ()


def critical_path(trace: Trace) -> Path:
    """The segments of the critical path, first to last: without a gap, from cycle 0 to the end of the run.

    Raises UsageError for a trace that is cut, of a coarser level or filtered: it lacks events of the path.
    """
    if not has_path(trace):
        raise UsageError(
            "does not hold every event, and so not the critical path",
            where=str(trace.path),
            hint="write it with --trace-level events and without filters, and let the run end",
        )
    return Walk(trace).path()


def has_path(trace: Trace) -> bool:
    """Whether a trace holds every event of its run."""
    return trace.complete and trace.header.level == "events" and not trace.header.filters


def _segment(row: Row, start: int, end: int, what: str, unit: str = "", name: str = "") -> Segment:
    return Segment(start, end, unit or row.unit, what, name or row.name, row.pc, row.layer, row.inference)


class Walk:
    """The way back through a trace that holds every event, one step at a time."""

    def __init__(self, trace: Trace) -> None:
        self.rows = Rows(trace)
        self._texts = trace.header.instructions
        self._trace = trace
        self._latency = read_latency(trace.header.config)
        self._frames = [unit for unit in trace.header.units if unit.startswith(FRAME)]
        self._down = [unit for unit in trace.header.units if unit.startswith("buses/down")]
        self._up = [unit for unit in trace.header.units if unit.startswith("buses/up")]
        self._endings: dict[str, Callable[[Row, int], Step | None]] = {
            "queue": self._queue,
            "token": self._token,
            "buffer_full": lambda row, now: self._ended(now, LOAD if self._bused(row.pc) else VECTOR),
            "operand_full": lambda row, now: self._ended(now, VECTOR),
            "words": lambda row, now: self._one_of(self._down, now),
            "windows": lambda row, now: self._ended(now, LOAD),
            "vectors": lambda row, now: self._ended(now, BUFFER),
            "latches": lambda row, now: self._one_of(self._frames, now),
            "frame": self._handed,
            "load": lambda row, now: self._ended(now, LOAD),
            "neurons": lambda row, now: self._ended(now, NEURONS),
            "sums": self._handed,
            "output_full": lambda row, now: self._one_of(self._up, now) or self._ended(now, VECTOR),
            "codes": lambda row, now: self._ended(now, NEURONS if self._bused(row.pc) else VECTOR),
            "stream": self._stream,
            "operand": lambda row, now: self._read(row, now, OPERAND) or self._read(row, now, READ),
            "results_full": self._results,
            "bus": self._bus,
        }

    def path(self) -> Path:
        """The critical path, from cycle 0 to the end of the run."""
        return Path(self._back(self.rows.last_unit(), self._trace.cycles))

    def back(self, unit: str, cycle: int, most: int) -> list[Segment]:
        """The chain that ends with what a unit did before a cycle: its last `most` segments, or from cycle 0."""
        return list(islice(self._back(unit, cycle), most))[::-1]

    def _back(self, unit: str, cycle: int) -> Iterator[Segment]:
        """The segments that end with what a unit did before a cycle, last first."""
        for _ in range(STEPS * (len(self._trace.events) + len(self._trace.waits) + 1)):
            if cycle <= 0:
                return
            unit, cycle, segments = self.step(unit, cycle)
            yield from segments
        raise UsageError("has waits that no event could have ended so", where=str(self._trace.path))

    def step(self, unit: str, now: int) -> Step:
        """From a unit that begins something in cycle `now` to what let it: earlier, or what ended then elsewhere."""
        row = self.rows.before(unit, now)
        if row is None:
            return self._idle(unit, now)
        if row.event:
            return self._event(row, now)
        ending = self._endings.get(row.name)
        found = ending(row, now) if ending else None
        return found or self._own(row, now)

    def _event(self, row: Row, now: int) -> Step:
        """An event, back to its start; a word on a bus, back to what sent it: as it was granted, or left memory."""
        busy = _segment(row, row.start, now, BUSY)
        if row.unit in self._up:
            return Step(WRITE if self._granted(WRITE, row.start) else VECTOR, row.start, (busy,))
        granted = row.start - self._latency
        if row.unit in self._down and self._granted(READ, granted):
            return Step(READ, granted, (busy, _segment(row, granted, row.start, LATENCY, READ, "memory.read")))
        return Step(row.unit, row.start, (busy,))

    def _own(self, row: Row, now: int) -> Step:
        """A wait that no event of another unit ended: for memory's latency, or for what units share."""
        if row.name == "latency":
            return Step(row.unit, row.start, (_segment(row, row.start, now, LATENCY),))
        asked = self._asked(row)
        if asked or now == row.start + 1 or row.name not in SHARED:
            what = HAND_OVER if not asked and now == row.start + 1 else WAITING
            return Step(row.unit, row.start, (_segment(row, row.start, now, what),))
        seen = row.start + 1  # a request is seen a cycle after it was made
        return Step(row.unit, row.start, (_segment(row, seen, now, WAITING), _segment(row, row.start, seen, HAND_OVER)))

    def _asked(self, row: Row) -> bool:
        """Whether a wait for what is shared begins with a request that the arbiter sees already."""
        before = self.rows.before(row.unit, row.start)
        if before is None:
            return False
        # A wait for a bank or a bus often goes on from that of the same request for a port.
        return before.name in ACCESSES if before.event else before.name in SHARED and row.name in SHARED

    def _idle(self, unit: str, now: int) -> Step:
        """An idle unit begins as its next instruction is issued, or for a frame as its load ends."""
        found = self._ended(now, LOAD if unit in self._frames else CONTROLLER)
        if found is not None and found.unit != unit:
            return found
        since = self.rows.idle_since(unit, now)
        return Step(unit, since, (Segment(since, now, unit, IDLE, IDLE, -1, 0, -1),))

    def _ended(self, now: int, unit: str) -> Step | None:
        """On to an event that ends now, if there is one."""
        return Step(unit, now) if self.rows.ended(unit, now) else None

    def _bused(self, pc: int) -> bool:
        """Whether the words of an instruction cross a bus."""
        return any(unit.startswith("buses/") for unit in self.rows.agents_of(pc))

    def _later(self, row: Row, now: int, unit: str) -> Step:
        """On to what a unit did in the cycle before, which is seen now."""
        return Step(unit, now - 1, (_segment(row, now - 1, now, HAND_OVER),))

    def _granted(self, unit: str, now: int) -> Row | None:
        """The access of a unit that is granted in a cycle, if there is one."""
        row = self.rows.started(unit, now)
        return row if row is not None and row.event and row.name in ACCESSES else None

    def _queue(self, row: Row, now: int) -> Step | None:
        """A place in a queue is free the cycle after its agent took an instruction."""
        agents = [unit for unit in self.rows.agents_of(row.pc) if unit != CONTROLLER]
        agents = [unit for unit in agents if not unit.startswith(("buses/", FRAME))]
        return self._later(row, now, agents[0]) if len(agents) == 1 else None

    def _token(self, row: Row, now: int) -> Step | None:
        """A token is seen as its signal ends."""
        for unit in self.rows.units:
            signal = self.rows.ended(unit, now) if unit != row.unit else None
            if signal is not None and signal.name == "sync" and self._matches(signal.pc, row.pc):
                return Step(unit, now)
        return None

    def _matches(self, signal: int, wait: int) -> bool:
        """Whether an instruction signals the token that another awaits; taken as so where their texts are unknown."""
        if not (0 <= signal < len(self._texts) and 0 <= wait < len(self._texts)):
            return True
        made, taken = self._texts[signal].split(), self._texts[wait].split()
        return made[0] == "signal" and made[-1] == taken[-1]

    def _handed(self, row: Row, now: int) -> Step | None:
        """Sums are seen, and frames are over, the cycle after the hand-over."""
        for lane in self._frames:
            last = self.rows.before(lane, now - 1)
            if last is not None and last.end == now - 1:
                return self._later(row, now, lane)
        return None

    def _one_of(self, lanes: Sequence[str], now: int) -> Step | None:
        """On to the lane whose event ends now, if there is one."""
        return next((Step(lane, now) for lane in lanes if self.rows.ended(lane, now)), None)

    def _crossed(self, row: Row, now: int) -> Step | None:
        """The vector agent's own word has crossed the bus; it waited for the grant before."""
        for lane in self._up:
            word = self.rows.ended(lane, now)
            if word and word.pc == row.pc and row.start < word.start:
                return Step(VECTOR, word.start, (_segment(word, word.start, now, BUSY),))
        return None

    def _bus(self, row: Row, now: int) -> Step | None:
        """A word of the vector agent has crossed. A read waits for its own words before: nothing else goes down."""
        if row.unit == VECTOR:
            return self._crossed(row, now)
        for lane in self._down if row.unit == READ else ():
            word = self.rows.ended(lane, now + self._latency)
            granted = word.start - self._latency if word else now
            if word and granted < now and self._granted(READ, granted):
                return Step(READ, granted, (_segment(word, granted, now, BUSY),))
        return None

    def _stream(self, row: Row, now: int) -> Step | None:
        """A word from memory, or one from the neurons, which has still to cross the bus."""
        follows = self.rows.started(VECTOR, now)
        if follows is not None and not follows.event and follows.name == "bus":
            return self._ended(now, NEURONS)
        return self._read(row, now, READ) or self._ended(now, NEURONS)

    def _read(self, row: Row, now: int, reader: str) -> Step | None:
        """A word is seen the memory's latency after its grant."""
        granted = now - self._latency
        read = self._granted(reader, granted)
        return read and Step(reader, granted, (_segment(read, granted, now, LATENCY, reader),))

    def _results(self, row: Row, now: int) -> Step | None:
        """A place among the results is free the cycle after its word was granted."""
        return self._later(row, now, WRITE) if self._granted(WRITE, now - 1) else None


def read_latency(config: Mapping[str, Any]) -> int:
    """Cycles from the grant of a read to its word, as docs/timing.md has it; 0 where the chip does not say."""
    memory = config.get("memory")
    try:
        cycles = ceil(Fraction(repr(memory["read_latency_ns"])) / Fraction(repr(config["clock_ns"])))  # type: ignore[index]
        return max(cycles, int(memory["access_cycles"]))  # type: ignore[index]
    except (TypeError, KeyError, ValueError, ArithmeticError):
        return 0
