"""The critical path of a run: the chain of events that set its length, found from the trace alone.

The walk goes backwards from the end. What a unit did just before a cycle was an event, which began somewhere, or a
wait, which the event of another unit ended. Which unit that is follows from the cause of the wait, by the table of
hand-overs in the trace's header (traces/endings.py); which event, from the cycle, for a hand-over is seen in a known
cycle after it. So no step leaves a gap.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from acortex.errors import UsageError
from acortex.traces.endings import (
    AGENT,
    ANY,
    BEGIN,
    CROSSED,
    END,
    FREED,
    NOW,
    OVER,
    START,
    TOKEN,
    Endings,
    HandOver,
    matches,
)
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.rows.by_time import Row, Rows

BUSY, WAITING, HAND_OVER, LATENCY, IDLE = "busy", "waiting", "hand-over", "latency", "idle"
"""What a segment is: an event; a wait for what is shared; the cycle until a change is seen; a read's way; nothing."""

STEPS = 4
"""Steps that one row of a trace can lead to, at most."""


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
    """Segments one after another, in about 40 bytes each: a long run has millions. `rows` are those of their trace."""

    def __init__(self, backwards: Iterable[Segment], rows: Rows | None = None) -> None:
        self.rows = rows
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


Progress = Callable[[int, int], None]
"""What shows how far a walk is: cycles that it has gone back, of how many."""


def critical_path(trace: Trace, progress: Progress | None = None) -> Path:
    """The segments of the critical path, first to last: without a gap, from cycle 0 to the end of the run.

    Of a trace that is cut it is the path to where its rows end (`end_of_path`). Raises UsageError for a trace of a
    coarser level and a filtered one: they lack events of the path. So it does for one of an older version, which lacks
    the table of hand-overs.
    """
    check_path(trace)
    return Walk(trace).path(progress)


def check_path(trace: Trace) -> None:
    """Raises UsageError for a trace that lacks events of its critical path, or the table of hand-overs."""
    if not _every_event(trace):
        raise UsageError(
            "does not hold every event, and so not the critical path",
            where=str(trace.path),
            hint="this is a selection: give the trace that it was chosen from"
            if trace.whole and _every_event(trace.whole)
            else "write it with --trace-level events and without filters",
        )
    if not trace.header.handovers:
        raise UsageError(
            "does not say what ends its waits: an older version wrote it",
            where=str(trace.path),
            hint="`acortex trace critical` takes it for a run of today's chip, as acortex.sim.ledger.reprice does",
        )


def has_path(trace: Trace) -> bool:
    """Whether a trace holds every event of its run, and says what ends a wait."""
    return trace.complete and _every_event(trace) and bool(trace.header.handovers)


def _every_event(trace: Trace) -> bool:
    """Whether a trace holds every event of its run, as far as it goes."""
    return trace.header.level == "events" and not trace.header.filters


def end_of_path(trace: Trace) -> int:
    """The cycle in which the critical path ends: that of the run.

    Where the file was cut, the blocks of waits may end before those of events: the path then ends with the waits, for
    behind them they would all look idle.
    """
    waits = max((int((chunk["start"] + chunk["duration"]).max()) for chunk in _ends(trace)), default=trace.cycles)
    return min(trace.cycles, waits) if trace.lost else trace.cycles


def _ends(trace: Trace) -> Iterator[dict[str, Ints]]:
    """The waits of a trace that was cut, some at a time."""
    return trace.waits.chunks("start", "duration") if trace.lost else iter(())


def _telling(back: Iterator[Segment], end: int, progress: Progress) -> Iterator[Segment]:
    """The same segments; `progress` is called now and then."""
    for number, one in enumerate(back):
        if not number % OFTEN:
            progress(end - one.end, end)
        yield one


OFTEN = 4096
"""Segments from one call of `progress` to the next."""


def _segment(row: Row, start: int, end: int, what: str, unit: str = "", name: str = "") -> Segment:
    return Segment(start, end, unit or row.unit, what, name or row.name, row.pc, row.layer, row.inference)


class Walk:
    """The way back through a trace that holds every event, one step at a time.

    Which unit a wait leads to, and to which cycle of it, the trace's table of hand-overs says.
    """

    def __init__(self, trace: Trace) -> None:
        header = trace.header
        self.rows = Rows(trace)
        self._texts = header.instructions
        self._trace = trace
        self._delays = header.delays
        self.table = Endings(header.handovers, header.units)
        self._ways: dict[str, Callable[[HandOver, Row, int], Step | None]] = {
            END: self._ended,
            START: self._started,
            OVER: self._over,
            NOW: self._now,
            CROSSED: self._crossed,
            FREED: self._freed,
        }

    def path(self, progress: Progress | None = None) -> Path:
        """The critical path, from cycle 0 to the end of the run."""
        end = end_of_path(self._trace)
        back = self._back(self.rows.last_unit(end), end)
        return Path(back if progress is None else _telling(back, end, progress), self.rows)

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
        return self._first(row, row.name, now) or self._own(row, now)

    def _event(self, row: Row, now: int) -> Step:
        """An event, back to its start; there a bus leads on to what sent the word that it carries."""
        busy = _segment(row, row.start, now, BUSY)
        sent = self._first(row, BEGIN, row.start)
        return sent._replace(segments=(busy, *sent.segments)) if sent else Step(row.unit, row.start, (busy,))

    def _idle(self, unit: str, now: int) -> Step:
        """An idle unit begins as its next instruction is issued, or what else its hand-over says."""
        since = self.rows.idle_since(unit, now)
        idle = Row(unit, since, now, False, IDLE, -1, 0, -1)
        return self._first(idle, IDLE, now) or Step(unit, since, (_segment(idle, since, now, IDLE),))

    def _own(self, row: Row, now: int) -> Step:
        """A wait that no event of another unit ended: a delay of its own, a request's way, or for what units share."""
        table, wait = self.table, (row.unit, row.name)
        what = LATENCY if table.own(*wait) else HAND_OVER if table.seen(*wait) else WAITING
        return Step(row.unit, row.start, (_segment(row, row.start, now, what),))

    # What a row of the table leads to -----------------------------------------------------------------------------

    def _first(self, row: Row, cause: str, now: int) -> Step | None:
        """On to what ended a wait by the first hand-over that can have; None where none can."""
        for hand_over in self.table.of(row.unit, cause):
            found = self.by(hand_over, row, now)
            if found is not None:
                return found
        return None

    def by(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """On to what ended a wait, if it was by this hand-over and a trace shows it."""
        way = self._ways.get(hand_over.by)
        return way(hand_over, row, now) if way and self._applies(hand_over, row, now) else None

    def _applies(self, hand_over: HandOver, row: Row, now: int) -> bool:
        """Whether a wait is of the kind that a hand-over is about: by where its words go, and by what follows it."""
        route, then = hand_over.route, hand_over.then
        if route:
            used = any(matches(route.lstrip("!"), unit) for unit in self.rows.agents_of(row.pc))
            if used == route.startswith("!"):
                return False
        if not then:
            return True
        follows = self.rows.started(row.unit, now)
        found = follows is not None and not follows.event and follows.name == then.lstrip("!")
        return found != then.startswith("!")

    def _when(self, hand_over: HandOver, now: int) -> int:
        """The cycle of what ended a wait that ends now."""
        return now - hand_over.after - self._delays.get(hand_over.delay, 0)

    def _to(self, hand_over: HandOver, row: Row, found: Row, now: int) -> Step:
        """On to a row of another unit, by the cycles that pass between: its delay, then the hand-over."""
        at, handed = self._when(hand_over, now), now - hand_over.after
        segments = []
        if hand_over.after:
            segments.append(_segment(row, handed, now, HAND_OVER))
        if hand_over.delay:
            segments.append(_segment(found, at, handed, LATENCY))
        return Step(found.unit, at, tuple(segments))

    def others(self, hand_over: HandOver, unit: str) -> Sequence[str]:
        """The units that may have ended a wait of a unit: of its own lanes all, of any unit only others."""
        units = self.table.lanes(hand_over.ended_by)
        return [one for one in units if one != unit] if hand_over.ended_by == ANY else units

    def _ended(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """An event ended."""
        at = self._when(hand_over, now)
        for unit in self.others(hand_over, row.unit):
            event = self.rows.ended(unit, at)
            if event is not None and self._fits(hand_over, row, event):
                return self._to(hand_over, row, event, now)
        return None

    def _started(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """An event began."""
        at = self._when(hand_over, now)
        for unit in self.others(hand_over, row.unit):
            event = self._begun(hand_over, unit, at)
            if event is not None and self._fits(hand_over, row, event):
                return self._to(hand_over, row, event, now)
        return None

    def _over(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """An event ended, or a wait that came after it."""
        at = self._when(hand_over, now)
        for unit in self.others(hand_over, row.unit):
            last = self.rows.before(unit, at)
            if last is not None and last.end == at:
                return self._to(hand_over, row, last, now)
        return None

    def _now(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """A unit acted in a way that no row shows."""
        units = self.takers(row.unit, row.pc) if hand_over.same == AGENT else self.others(hand_over, row.unit)
        return self._to(hand_over, row, row._replace(unit=units[0]), now) if len(units) == 1 else None

    def takers(self, unit: str, pc: int) -> Sequence[str]:
        """The units that take an instruction from the unit that waits."""
        return [one for one in self.rows.agents_of(pc) if self.table.follows(one, unit)]

    def _crossed(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """The unit's own word has crossed a bus."""
        for lane in self.table.lanes(hand_over.ended_by):
            word = self.rows.ended(lane, now)
            if word and word.pc == row.pc and row.start <= word.start:
                return Step(row.unit, word.start, (_segment(word, word.start, now, BUSY),))
        return None

    def _freed(self, hand_over: HandOver, row: Row, now: int) -> Step | None:
        """A lane will be free as the next word comes to it: the unit waits for its own words before."""
        delay = self._delays.get(hand_over.delay, 0)
        for lane in self.table.lanes(hand_over.ended_by):
            word = self.rows.ended(lane, now + delay)
            granted = word.start - delay if word else now
            if word and granted < now and self._begun(hand_over, row.unit, granted):
                return Step(row.unit, granted, (_segment(word, granted, now, BUSY),))
        return None

    def _begun(self, hand_over: HandOver, unit: str, now: int) -> Row | None:
        """The event of a unit that begins in a cycle, if it is of the kinds of a hand-over."""
        row = self.rows.started(unit, now)
        return row if row is not None and row.event and row.name in hand_over.kinds else None

    def _fits(self, hand_over: HandOver, row: Row, event: Row) -> bool:
        """Whether an event is of the kinds of a hand-over, and of the token that it needs."""
        if hand_over.kinds and event.name not in hand_over.kinds:
            return False
        return hand_over.same != TOKEN or self._matches(event.pc, row.pc)

    def _matches(self, signal: int, wait: int) -> bool:
        """Whether two instructions name the same token last; taken as so where their texts are unknown."""
        if not (0 <= signal < len(self._texts) and 0 <= wait < len(self._texts)):
            return True
        return self._texts[signal].split()[-1:] == self._texts[wait].split()[-1:]
