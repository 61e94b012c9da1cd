"""Value change dump: for each unit what it does, how many events are under way, and what it waits for.

Times are ns, or ps or fs where a cycle is shorter than 1 ns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.traces.file.dataframes import optional
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.rows.in_order import in_order
from acortex.traces.rows.real_time import real_times, unit_of

IDLE = "-"


def write(trace: Trace, path: Path) -> None:
    """Signals UNIT.busy (number of events under way), UNIT.kind and UNIT.waiting (texts), changes by rising time.

    An event of no duration leaves no mark. Time 0 is cycle 0, or the first cycle where a trace begins before it.
    """
    vcd = optional("vcd", "VCD", "vcd")
    header = trace.header
    comment = f"{header.program} on {header.chip}, {header.clock_ns} ns per cycle"
    if trace.part:
        comment += f"; incomplete: {trace.part}"
    origin = _origin(trace)
    with (
        path.open("w", encoding="utf-8") as file,
        vcd.VCDWriter(
            file, timescale=f"1 {unit_of(header.exact_clock_ns()).name}", date="", comment=comment.replace("$", "_")
        ) as out,
    ):
        states = _States(header, [_register(out, unit) for unit in header.units])
        last = 0
        for edges in _edges(trace):
            changes = states.changes(edges, edges.time - origin)
            first = int(np.searchsorted(changes.time, 0, side="right"))
            for at in changes.value[:first].tolist():  # the values at time 0 belong into the head of the file
                out.change(*states.values[at])
            if len(changes.time) > first:
                out.flush()
                file.write(states.text(changes, first))
                last = int(changes.time[-1])
        end = max(_time(trace, trace.cycles) - origin, states.reached)
        out.close(end if end > last or not last else None)


def _register(out: Any, unit: str) -> list[Any]:
    """The three signals of a unit, in scopes nested by the dots of its path."""
    busy = out.register_var(unit, "busy", "integer", size=32, init=0)
    return [busy, *(out.register_var(unit, name, "string", init=IDLE) for name in ("kind", "waiting"))]


def _time(trace: Trace, cycle: int) -> int:
    return int(real_times(np.array([cycle]), trace.header.exact_clock_ns())[0])


def _origin(trace: Trace) -> int:
    """The first time: 0, or that of the first row with a duration if it begins earlier."""
    first = 0
    for table in (trace.events, trace.waits):
        for chunk in table.chunks("start", "duration"):
            first = min(first, int(chunk["start"][chunk["duration"] > 0].min(initial=0)))
    return _time(trace, first)


class _Edges(NamedTuple):
    """Begins and ends of rows. `name` is a kind, or a cause counted on after the kinds; `sign` is +1 or -1."""

    time: Ints
    unit: Ints
    name: Ints
    sign: Ints


def _edges(trace: Trace) -> Iterator[_Edges]:
    """All edges in windows of rising time, by unit and time in each."""
    clock_ns, kinds = trace.header.exact_clock_ns(), len(trace.header.kinds)

    def lasting(chunk: Mapping[str, Ints]) -> dict[str, Ints]:
        name = chunk["kind"] if "kind" in chunk else chunk["cause"] + kinds
        columns = {"start": chunk["start"], "end": chunk["start"] + chunk["duration"], "unit": chunk["unit"]}
        chosen = chunk["duration"] > 0
        return {key: column[chosen] for key, column in (*columns.items(), ("name", name))}

    nothing = np.zeros(0, dtype=np.int64)
    later = _Edges(nothing, nothing, nothing, nothing)
    for limit, rows in in_order((trace.events, trace.waits), lasting):
        parts = [later]
        for cycles, sign in ((rows["start"], 1), (rows["end"], -1)):
            time = real_times(cycles, clock_ns)
            parts.append(_Edges(time, rows["unit"], rows["name"], np.full(len(time), sign)))
        edges = _Edges(*map(np.concatenate, zip(*parts, strict=True)))
        # What starts later may still have the time of the limit itself.
        due = np.ones(len(edges.time), bool) if limit is None else edges.time < _time(trace, limit)
        later = _Edges(*(column[~due] for column in edges))
        now = _Edges(*(column[due] for column in edges))
        order = np.lexsort((now.time, now.unit))
        yield _Edges(*(column[order] for column in now))


class _Changes(NamedTuple):
    """Changes of signals by time and unit; `value` is a place in the table of values that occur."""

    time: Ints
    unit: Ints
    value: Ints


@dataclass
class _Unit:
    """What a unit does: how many rows of each name are under way, and the values of its signals last written."""

    running: dict[int, int] = field(default_factory=dict)
    values: list[int] = field(default_factory=list)


class _States:
    """The signals of all units over time, a window of edges after another."""

    def __init__(self, header: TraceHeader, signals: Sequence[Sequence[Any]]) -> None:
        self._names = [kind.name for kind in header.kinds] + list(header.causes)
        self._kinds = len(header.kinds)
        self._signals = signals
        self._places: dict[tuple[int, int, Any], int] = {}
        self.values: list[tuple[Any, int, Any]] = []
        """What a signal can be: the signal, time 0 and the value."""
        self._texts: list[str] = []
        self._units = [_Unit() for _ in header.units]
        for at, unit in enumerate(self._units):
            unit.values = [self._value(at, slot, value) for slot, value in enumerate((0, IDLE, IDLE))]
        self.reached = 0

    def text(self, changes: _Changes, first: int) -> str:
        """The lines of changes from one on."""
        texts, reached = self._texts, changes.time[first:]
        lines = [texts[at] for at in changes.value[first:].tolist()]
        for at in np.flatnonzero(np.diff(reached, prepend=-1)).tolist():
            lines[at] = f"#{reached[at]}\n{lines[at]}"
        return "".join(lines)

    def changes(self, edges: _Edges, time: Ints) -> _Changes:
        """What changes in a window."""
        self.reached = max(self.reached, int(time.max(initial=0)))
        found = [_Changes(*(np.zeros(0, dtype=np.int64) for _ in range(3)))]
        borders = np.searchsorted(edges.unit, np.arange(len(self._units) + 1)).tolist()
        for unit in np.unique(edges.unit).tolist():
            mine = slice(borders[unit], borders[unit + 1])
            found += self._of_unit(unit, time[mine], edges.name[mine], edges.sign[mine])
        joined = _Changes(*map(np.concatenate, zip(*found, strict=True)))
        order = np.lexsort((joined.unit, joined.time))  # stable: a unit's signals keep their order
        return _Changes(*(column[order] for column in joined))

    def _of_unit(self, unit: int, time: Ints, name: Ints, sign: Ints) -> Iterator[_Changes]:
        """Changes of the signals of one unit: its state after all edges of one time counts."""
        state = self._units[unit]
        last = np.flatnonzero(np.diff(time, append=time[-1] + 1))
        names = sorted({*np.unique(name).tolist(), *state.running})
        under_way = np.stack(
            [np.cumsum(np.where(name == one, sign, 0))[last] + state.running.get(one, 0) for one in names]
        )
        state.running = {one: count for one, count in zip(names, under_way[:, -1].tolist(), strict=True) if count}
        events = sum(one < self._kinds for one in names)
        columns = (
            self._counted(unit, under_way[:events].sum(axis=0)),
            self._named(unit, 1, names[:events], under_way[:events]),
            self._named(unit, 2, names[events:], under_way[events:]),
        )
        for slot, values in enumerate(columns):
            changed = np.flatnonzero(np.diff(values, prepend=state.values[slot]))
            state.values[slot] = int(values[-1])
            yield _Changes(time[last][changed], np.full(len(changed), unit * 3 + slot), values[changed])

    def _counted(self, unit: int, busy: Ints) -> Ints:
        """The values of a unit's `busy`."""
        numbers, which = np.unique(busy, return_inverse=True)
        return np.array([self._value(unit, 0, number) for number in numbers.tolist()])[which]

    def _named(self, unit: int, slot: int, names: Sequence[int], under_way: Ints) -> Ints:
        """The values of a signal that joins the names that are under way."""
        if not names:
            return np.full(under_way.shape[1], self._value(unit, slot, IDLE))
        which, first = _alike(under_way > 0)
        texts = (
            "+".join(self._names[one] for one, count in zip(names, under_way[:, at].tolist(), strict=True) if count)
            for at in first.tolist()
        )
        return np.array([self._value(unit, slot, text or IDLE) for text in texts])[which]

    def _value(self, unit: int, slot: int, value: Any) -> int:
        """The place of a value in the table."""
        key = (unit, slot, value)
        if key not in self._places:
            self._places[key] = len(self.values)
            signal = self._signals[unit][slot]
            self.values.append((signal, 0, value))
            self._texts.append(f"{signal.format_value(value)}\n")
        return self._places[key]


def _alike(columns: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Which columns of a table are alike: a number for each, and the first column of each number."""
    number = np.zeros(columns.shape[1], dtype=np.int64)
    for at, row in enumerate(columns):
        if at % 32 == 31:  # before it outgrows 64 bits
            number = np.unique(number, return_inverse=True)[1]
        number = 2 * number + row
    _, first, which = np.unique(number, return_index=True, return_inverse=True)
    return which, first
