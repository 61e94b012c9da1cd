"""What held the ports and lanes that a critical path waited for: the rivals of its waits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from acortex.traces.critical import WAITING, Path, Segment
from acortex.traces.endings import GRANT, Endings, HandOver
from acortex.traces.file.schema import TraceHeader
from acortex.traces.results_of_paths import Rival
from acortex.traces.rows.by_time import Row, Rows


class _Held(NamedTuple):
    """Who waits for what, and what holds it: a unit, and the instruction that it works for."""

    unit: str
    name: str
    holder: str
    pc: int


def rivals(path: Path, header: TraceHeader) -> list[Rival]:
    """The cycles of the waits for ports and lanes on a path, by what held them; most first.

    A wait for a port lasts until one of the accesses that hold a port ends: each of its cycles counts for the access
    that ends next. A trace holds no addresses, so what held a bank is not known; nor is what held the port that a
    client found taken again while it waited for a bus.
    """
    if path.rows is None:
        return []
    cycles: defaultdict[_Held, int] = defaultdict(int)
    held = Holders(path.rows, header)
    for one in path:
        if one.what == WAITING:
            for holder, spent in held.during(one):
                cycles[_Held(one.unit, one.name, held.agent(holder), holder.pc)] += spent
    return [_row(key, spent, header) for key, spent in sorted(cycles.items(), key=lambda entry: -entry[1])]


def _row(key: _Held, cycles: int, header: TraceHeader) -> Rival:
    line, text = header.source(key.pc), header.text(key.pc)
    return Rival(unit=key.unit, name=key.name, held_by=key.holder, line=line, text=text, cycles=cycles)


class Holders:
    """Finds the events that hold what a wait is for."""

    def __init__(self, rows: Rows, header: TraceHeader) -> None:
        self._rows = rows
        self._delays = header.delays
        self._endings = Endings(header.handovers, header.units)

    def during(self, wait: Segment | Row) -> Iterator[tuple[Row, int]]:
        """The cycles of a wait, each for the event that ends next of those that hold what it is for."""
        for ending in self._endings.of(wait.unit, wait.name):
            if ending.by == GRANT:
                later = self._delays.get(ending.delay, 0)
                yield from _shares(wait.start + later, wait.end + later, self._holding(wait, ending, later))

    def agent(self, holder: Row) -> str:
        """The unit of an event; of a lane's, the agent whose word it carries."""
        carries = self._endings.carries
        agents = [unit for unit in self._rows.agents_of(holder.pc) if not carries(unit)] if carries(holder.unit) else []
        return agents[0] if len(agents) == 1 else holder.unit

    def _holding(self, wait: Segment | Row, ending: HandOver, later: int) -> Iterator[Row]:
        if ending.kinds:
            units = [unit for unit in self._rows.units if unit != wait.unit]
        else:
            units = [unit for unit in self._endings.lanes(ending.ended_by) if self._endings.carries(unit)]
        for unit in units:
            for row in self._rows.within(unit, wait.start + later, wait.end + later):
                if row.event and (not ending.kinds or row.name in ending.kinds):
                    yield row


def _shares(now: int, until: int, holding: Iterable[Row]) -> Iterator[tuple[Row, int]]:
    """The cycles from now on, each for the event that ends next."""
    for row in sorted(holding, key=lambda row: (row.end, row.unit)):
        end = min(row.end, until)
        if row.start <= now < end:
            yield row, end - now
            now = end
