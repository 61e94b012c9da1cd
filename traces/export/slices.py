"""What Chrome and Perfetto draw of a trace: slices of real time on tracks, in lanes, some units at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from acortex.intervals import Span
from acortex.traces.enders import enders
from acortex.traces.export.lanes import lanes
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints, Table
from acortex.traces.rows.by_unit import extent, gather, groups
from acortex.traces.rows.in_flight import InFlight
from acortex.traces.rows.real_time import real_times

Slices = dict[str, Ints]
"""Columns of slices: the `track` of each, its `lane` there, `begin` and `end` in real time, the place of its `name`,
its `pc` and `layer`, its `flow` (see `Drawing.flows`), and those of DETAILS that it has."""

DETAILS = ("inference", "start", "duration", "count", "energy_aj")
"""The columns that a slice says exactly; a wait, a layer and an inference have no count and no energy."""

_OF_WAITS = ("inference", "start", "duration")
_STEP = 1 << 15


class Drawing:
    """The slices of a trace, with the names of their tracks and their own.

    Each unit has a track for its events and one for its waits, named by cause. One track has the layers and one the
    inferences, from begin to end, where the trace holds every unit and cycle.
    """

    def __init__(self, trace: Trace) -> None:
        header = trace.header
        self._trace = trace
        self._layers, self._inferences = _in_flight(trace)
        units = (name for unit in header.units for name in (unit, f"{unit} waits"))
        self.tracks = (*units, "layers", "inferences")
        self.names = (
            *(kind.name for kind in header.kinds),
            *header.causes,
            *header.layers,
            *(f"inference {index}" for _, index, _ in self._inferences),
        )
        self.flows, self._marks = _flows(trace)
        """Flows that leave a slice and flows that end at it, by the number in its column `flow`; 0 has none."""
        self.used = self._used()
        """Whether each track is drawn: those of units always, others where there is something on them."""

    def _used(self) -> list[bool]:
        waits = extent((self._trace.waits,), lambda chunk: {}).rows.tolist()
        of_units = [used for count in waits for used in (True, count > 0)]
        return [*of_units, bool(self._layers), bool(self._inferences)]

    def slices(self) -> Iterator[Slices]:
        """All slices by track, lane and begin, a step at a time: events, then waits, layers and inferences."""
        header, units = self._trace.header, len(self._trace.header.units)
        kinds, named = len(header.kinds), len(header.kinds) + len(header.causes)
        yield from self._of_table(self._trace.events, DETAILS, "kind", 0)
        yield from self._of_table(self._trace.waits, _OF_WAITS, "cause", kinds)
        layers = [(name + named, inference, span) for name, inference, span in self._layers]
        first = named + len(header.layers)
        inferences = [(first + at, index, span) for at, (_, index, span) in enumerate(self._inferences)]
        for track, rows in ((2 * units, layers), (2 * units + 1, inferences)):
            yield from self._in_lanes(_of_spans(rows, track, named, len(header.layers)))

    def _of_table(self, table: Table[Any], details: Sequence[str], name: str, first: int) -> Iterator[Slices]:
        """The slices of events, or of waits."""

        def kept(chunk: Mapping[str, Ints]) -> dict[str, Ints]:
            columns = {column: chunk[column] for column in ("layer", "pc", *details)}
            return {**columns, "track": 2 * chunk["unit"] + (name == "cause"), "name": chunk[name] + first}

        for units in groups(extent((table,), lambda chunk: {}).rows):
            yield from self._in_lanes(gather((table,), units, kept))

    def _in_lanes(self, rows: dict[str, Ints]) -> Iterator[Slices]:
        """Slices by track, lane and begin, with their real times."""
        clock_ns = self._trace.header.exact_clock_ns()
        end = rows["start"] + rows["duration"]
        rows["lane"] = lanes(rows["start"], rows["duration"], rows["track"])
        order = np.lexsort((end, rows["start"], rows["lane"], rows["track"]))
        rows["flow"] = self._marked(rows)
        for at in range(0, len(order), _STEP):
            some = {name: column[order[at : at + _STEP]] for name, column in rows.items()}
            some["begin"] = real_times(some["start"], clock_ns)
            some["end"] = real_times(some["start"] + some["duration"], clock_ns)
            yield some

    def _marked(self, rows: dict[str, Ints]) -> Ints:
        """The place in `flows` of each row; of equal rows only the first has one."""
        found = np.zeros(len(rows["start"]), dtype=np.int64)
        left = dict(self._marks)
        starts = np.array(sorted({start for _, start, _ in left}), dtype=np.int64)
        for at in np.flatnonzero(np.isin(rows["start"], starts)).tolist():
            found[at] = left.pop((int(rows["track"][at]), int(rows["start"][at]), int(rows["duration"][at])), 0)
        return found


Flows = list[tuple[list[int], list[int]]]
_Slice = tuple[int, int, int]
"""The track, the start and the duration of a slice."""


def _flows(trace: Trace) -> tuple[Flows, dict[_Slice, int]]:
    """For each wait that an event ended a flow from that event to what the unit then began."""
    flows: Flows = [([], [])]
    places: dict[_Slice, int] = {}
    units = {unit: at for at, unit in enumerate(trace.header.units)}
    for number, (by, then) in enumerate(((one.by, one.then) for one in enders(trace) if one.then), 1):
        for row, end in ((by, 0), (then, 1)):
            key = 2 * units[row.unit] + (not row.event), row.start, row.end - row.start
            if key not in places:
                places[key] = len(flows)
                flows.append(([], []))
            flows[places[key]][end].append(number)
    return flows, places


_Named = tuple[int, int, Span]
"""The place of a name, an inference, and from when to when it was in flight."""


def _in_flight(trace: Trace) -> tuple[list[_Named], list[_Named]]:
    """Layers of each inference, and inferences; none that rows which are missing could make longer."""
    if trace.header.filters:
        return [], []
    found, count = InFlight(trace.header), len(trace.header.layers)
    for chunk in trace.events.chunks("unit", "kind", "layer", "inference", "start", "span"):
        found.add(chunk)
    layers = [(key % count, key // count, span) for key, span in found.work.rows.items() if key % count]
    inferences = [] if trace.missing else found.inferences()
    return layers, [(0, index, span) for index, span in inferences if index >= 0]


def _of_spans(rows: Sequence[_Named], track: int, named: int, layers: int) -> dict[str, Ints]:
    """Slices on one track; those whose names are layers belong to them."""
    name, inference, start, end = (
        np.array([(name, index, *span) for name, index, span in rows], dtype=np.int64).reshape(-1, 4).T
    )
    same = np.full(len(name), track, dtype=np.int64)
    layer = np.where((name >= named) & (name < named + layers), name - named, 0)
    columns = {"track": same, "name": name, "inference": inference, "start": start, "duration": end - start}
    return {**columns, "layer": layer, "pc": np.full(len(name), -1)}
