"""What Chrome and Perfetto draw of a trace: slices of real time on tracks, in lanes, some units at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from acortex.intervals import Span
from acortex.traces.enders import enders
from acortex.traces.export.journeys import journeys
from acortex.traces.export.lanes import lanes
from acortex.traces.export.sums import run_sums
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints, Table
from acortex.traces.rows.by_time import Row
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
_MOST_AJ = 2**63 - 1


class Drawing:
    """The slices of a trace, with the names of their tracks and their own.

    Each unit has a track for its events and one for its waits, named by cause. One track has the layers and one the
    inferences, from begin to end, where the trace holds every unit and cycle. Two more have the run and each layer of
    all inferences: with those of inferences they say the energies of the report, leakage included.
    """

    def __init__(self, trace: Trace) -> None:
        header = trace.header
        self._trace = trace
        self._layers, self._inferences = _in_flight(trace)
        self._sums = run_sums(trace)
        units = (name for unit in header.units for name in (unit, f"{unit} waits"))
        self.tracks = (*units, "layers", "inferences", "run", "layers, all inferences")
        self.names = (
            *(kind.name for kind in header.kinds),
            *header.causes,
            *header.layers,
            *(f"inference {index}" for _, index, _ in self._inferences),
            header.program,
        )
        self.flows, self._marks = _flows(trace)
        """Flows that leave a slice and flows that end at it, by the number in its column `flow`; 0 has none."""
        self.used = self._used()
        """Whether each track is drawn: those of units always, others where there is something on them."""

    def _used(self) -> list[bool]:
        waits = extent((self._trace.waits,), lambda chunk: {}).rows.tolist()
        of_units = [used for count in waits for used in (True, count > 0)]
        run, of_layers = bool(self._sums.run), bool(self._sums.layers)
        return [*of_units, bool(self._layers), bool(self._inferences), run, of_layers]

    def slices(self) -> Iterator[Slices]:
        """All slices by track, lane and begin, a step at a time: events, then waits, layers and inferences."""
        header, units = self._trace.header, len(self._trace.header.units)
        kinds, named = len(header.kinds), len(header.kinds) + len(header.causes)
        yield from self._of_table(self._trace.events, DETAILS, "kind", 0)
        yield from self._of_table(self._trace.waits, _OF_WAITS, "cause", kinds)
        for at, (rows, energies) in enumerate(self._spans(named)):
            yield from self._in_lanes(_of_spans(rows, 2 * units + at, named, len(header.layers), energies))

    def _spans(self, named: int) -> Iterator[tuple[list[_Named], list[int | None]]]:
        """The slices of the last tracks and their energies: layers and inferences, the run, layers of all inferences.

        `named` is the place of the first layer's name; behind those of layers stand inferences, then the run.
        """
        sums, first = self._sums, named + len(self._trace.header.layers)
        yield [(name + named, inference, span) for name, inference, span in self._layers], [None]
        inferences = [(first + at, index, span) for at, (_, index, span) in enumerate(self._inferences)]
        yield inferences, [sums.inferences.get(index) for _, index, _ in inferences]
        yield [(first + len(inferences), -1, span) for span in sums.run], [sums.energy_aj]
        yield [(named + at, -1, span) for at, (span, _) in sums.layers.items()], [aj for _, aj in sums.layers.values()]

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
    """For each wait that an event ended a flow from that event to what the unit then began; then those of items."""
    flows: Flows = [([], [])]
    places: dict[_Slice, int] = {}
    for number, ends in enumerate(dict.fromkeys(chain(_ended(trace), _handed_over(trace))), 1):
        for end, key in enumerate(ends):
            if key not in places:
                places[key] = len(flows)
                flows.append(([], []))
            flows[places[key]][end].append(number)
    return flows, places


def _ended(trace: Trace) -> Iterator[tuple[_Slice, _Slice]]:
    """The event that ended a wait, and what the unit then began."""
    units = {unit: at for at, unit in enumerate(trace.header.units)}

    def place(row: Row) -> _Slice:
        return 2 * units[row.unit] + (not row.event), row.start, row.end - row.start

    yield from ((place(one.by), place(one.then)) for one in enders(trace) if one.then)


def _handed_over(trace: Trace) -> Iterator[tuple[_Slice, _Slice]]:
    """An event that gave an item, and the one that took it."""
    for one, two in journeys(trace):
        yield (2 * one.unit, one.start, one.duration), (2 * two.unit, two.start, two.duration)


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


def _of_spans(
    rows: Sequence[_Named], track: int, named: int, layers: int, energies: Sequence[int | None]
) -> dict[str, Ints]:
    """Slices on one track; those whose names are layers belong to them.

    They have energies where all are known, and below the 9.2 J of which 64 bits can hold the attojoules.
    """
    name, inference, start, end = (
        np.array([(name, index, *span) for name, index, span in rows], dtype=np.int64).reshape(-1, 4).T
    )
    same = np.full(len(name), track, dtype=np.int64)
    layer = np.where((name >= named) & (name < named + layers), name - named, 0)
    columns = {"track": same, "name": name, "inference": inference, "start": start, "duration": end - start}
    known = [one for one in energies if one is not None and abs(one) <= _MOST_AJ]
    if len(known) == len(energies):
        columns["energy_aj"] = np.array(known, dtype=np.int64)
    return {**columns, "layer": layer, "pc": np.full(len(name), -1)}
