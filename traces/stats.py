"""Statistics of a trace, from the trace alone: every number is a sum over its rows, in integers.

`stats(trace)` gives them; STATISTICS says what each number in it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.traces.covers import covers
from acortex.traces.file.coverage import EVER
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind, TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.leakage import share_leakage, share_of_each
from acortex.traces.results import TraceStats
from acortex.traces.rows.in_flight import InFlight
from acortex.units import joules, seconds_of

Plain = dict[str, Any]
"""A row, or a whole report, before it is held against its type."""

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True)
class Statistic:
    """What a number under this name is, and its unit."""

    name: str
    unit: str
    description: str


STATISTICS = tuple(
    Statistic(*row)
    for row in (
        ("events", "events", "events, each one agent's action on one position or burst"),
        ("count", "unit of the kind", "what the events moved or made, in the unit of their kind"),
        ("cycles", "cycles", "length of the run; of a layer, those in which it was in flight; of a wait, how long"),
        ("busy", "cycles", "sum of durations of events; in a window as far as they lie in it, of coarser rows at most"),
        ("waiting", "cycles", "sum of the durations of the waits, in a window as far as they lie in it"),
        ("idle", "cycles", "cycles of the run that are neither busy nor waiting"),
        (
            "overlap",
            "cycles",
            "busy + waiting beyond the run: cycles in which a unit did several things at once, at least",
        ),
        ("latency", "cycles", "from the first word of an inference that leaves the host to the last that reaches it"),
        ("start_cycle", "cycle", "first cycle of an inference, or of the work for a layer"),
        ("end_cycle", "cycle", "end of an inference, or of the work for a layer"),
        (
            "energy_aj",
            "aJ",
            "energy, an exact integer: of the run, components, layers and inferences with leakage, else of events",
        ),
        ("energy_j", "J", "energy_aj as a number of joules"),
        ("event_energy_aj", "aJ", "energy of the events alone, without leakage and without what is for all inferences"),
        ("leakage_aj", "aJ", "leakage of the chip over the cycles of the run, which no event pays for"),
        ("latency_s", "s", "cycles times the clock"),
    )
)


class Sums:
    """Exact sums of several columns for each key: `sums[key]` is a list of Python integers, one per column."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self.rows: dict[int, list[int]] = {}

    def add(self, keys: Ints, chunk: dict[str, Ints]) -> None:
        """Adds a chunk's rows to their keys."""
        low, high = int(keys.min()), int(keys.max())
        if high - low < 1 << 18:
            names, places = np.arange(low, high + 1), keys - low
        else:
            names, places = np.unique(keys, return_inverse=True)
        sums = [_sum_by(places, chunk[name], len(names)) for name in self.columns]
        for place in np.flatnonzero(np.bincount(places, minlength=len(names))).tolist():
            row = self.rows.setdefault(int(names[place]), [0] * len(self.columns))
            for at, column in enumerate(sums):
                row[at] += column(place)

    def __getitem__(self, key: int) -> list[int]:
        return self.rows.get(key, [0] * len(self.columns))


def _sum_by(places: Ints, values: Ints, size: int) -> Callable[[int], int]:
    """The sum of the values at a place. Halves of 32 bits over 65,536 rows stay exact in a double."""
    low = np.bincount(places, weights=(values & 0xFFFFFFFF).astype(float), minlength=size)
    high = np.bincount(places, weights=(values >> 32).astype(float), minlength=size)
    return lambda place: (int(high[place]) << 32) + int(low[place])


_SUMMED = ("merged", "count", "duration", "energy_aj")


def stats(trace: Trace) -> TraceStats:
    """Totals, and sums by component, kind, unit, layer, inference, instruction and source line, of a trace.

    Of a trace that was filtered or selected from another the sums are those of its rows, and what would need the others
    is None: idle time, energy with leakage, when layers and inferences were in flight. Of a window durations are those
    within it; an event's energy is that of all of it.
    """
    return TraceStats.model_validate({**covers(trace), **known(trace, sums_of(trace))})


def known(trace: Trace, report: Plain) -> Plain:
    """The report of `sums_of` without the numbers that missing rows make wrong."""
    filters = trace.header.filters
    if trace.missing or set(filters) - {"inferences"}:
        of_inferences: tuple[str, ...] = ("end_cycle", "latency", "latency_s")
        report["inferences"] = _without(report["inferences"], of_inferences + (("start_cycle",) if filters else ()))
    if trace.missing or filters:
        report["latency_percentiles"] = None
        report["inferences"] = _without(report["inferences"], ("energy_aj", "energy_j"))
    if filters:
        report["totals"] |= dict.fromkeys(("energy_aj", "energy_j", "leakage_aj"))
        report["components"] = [row for row in report["components"] if row["name"] != "leakage"]
        report["layers"] = _without(report["layers"], ("start_cycle", "end_cycle", "cycles", "energy_aj", "energy_j"))
        report["units"] = [_unit_of_part(row, filters) for row in report["units"]]
    return report


def _without(rows: list[Plain], names: Sequence[str]) -> list[Plain]:
    return [{**row, **dict.fromkeys(names)} for row in rows]


def _unit_of_part(row: Plain, filters: Plain) -> Plain:
    """A unit's row: nothing of one that was left out, and no idle time of one that may have other rows."""
    if row["name"] not in filters.get("units", (row["name"],)):
        return {"name": row["name"], **dict.fromkeys(name for name in row if name != "name")}
    return {**row, "idle": None, "overlap": None} if set(filters) - {"units"} else row


def sums_of(trace: Trace) -> Plain:
    """The sums over the rows of a trace, whatever part of its run it holds; those of `stats`, which says the part.

    Components, layers and inferences add up to the energy of the run, leakage included, as the run's report divides it;
    the other tables to that of its events.

    Rows of a table are in the order of the header's tables, but those of `instructions`, `lines` and `waits`, which
    come longest first. What no inference or instruction made has index or pc -1. Layers and inferences are in flight
    as docs/timing.md says, so that their cycles are those of the run's report.
    """
    by = {name: Sums(_SUMMED) for name in ("unit", "kind", "layer", "inference", "pc")}
    common, in_flight = Sums(_SUMMED), InFlight(trace.header)
    for chunk in trace.events.chunks(*by, *_SUMMED, "start", "span"):
        cut_durations(chunk, chunk["span"], trace.header.filters)
        for name, sums in by.items():
            sums.add(chunk[name], chunk)
        in_flight.add(chunk)
        _add_some(common, chunk, chunk["inference"] < 0)
    waits = {name: Sums(("duration",)) for name in ("unit", "layer", "inference", "pc", "pair")}
    for chunk in trace.waits.chunks("unit", "cause", "layer", "inference", "pc", "start", "duration"):
        cut_durations(chunk, chunk["duration"], trace.header.filters)
        pair = chunk["unit"] * len(trace.header.causes) + chunk["cause"]
        for name, sums in waits.items():
            sums.add(pair if name == "pair" else chunk[name], chunk)
    instructions = _instructions(trace, by["pc"], waits["pc"])
    paid = _Paid(trace, in_flight, common)
    inferences = _inferences(trace, by["inference"], waits["inference"], paid)
    return {
        "statistics": {one.name: {"unit": one.unit, "description": one.description} for one in STATISTICS},
        "totals": _totals(trace, by["kind"]),
        "components": _components(trace, by["kind"]),
        "kinds": _kinds(trace, by["kind"]),
        "units": _units(trace, by["unit"], waits["unit"]),
        "waits": _waits(trace, waits["pair"]),
        "layers": _layers(trace, by["layer"], waits["layer"], paid),
        "inferences": inferences,
        "latency_percentiles": _percentiles([row["latency"] for row in inferences if row["index"] >= 0]),
        "instructions": instructions,
        "lines": _lines(instructions),
    }


def cut_durations(chunk: dict[str, Ints], spans: Ints, filters: Plain) -> None:
    """Leaves out of durations what lies before or behind the window of a selection, where it has one.

    A row of a coarser trace says not when in its span it was busy: it counts as much as the window has room for.
    """
    if "from_cycle" in filters or "to_cycle" in filters:
        ends = np.minimum(chunk["start"] + spans, filters.get("to_cycle", EVER[1]))
        inside = np.maximum(ends - np.maximum(chunk["start"], filters.get("from_cycle", EVER[0])), 0)
        chunk["duration"] = np.minimum(chunk["duration"], inside)


def _row(sums: list[int]) -> Plain:
    events, _, busy, energy_aj = sums
    return {"events": events, "busy": busy, "energy_aj": energy_aj, "energy_j": joules(energy_aj)}


def _totals(trace: Trace, kinds: Sums) -> Plain:
    total = [sum(column) for column in zip(*kinds.rows.values(), strict=True)] or [0, 0, 0, 0]
    latency_s = seconds_of(trace.cycles, trace.header.exact_clock_ns())
    leakage_aj = trace.cycles * trace.header.leakage_aj_per_cycle
    parts = {"event_energy_aj": total[3], "leakage_aj": leakage_aj}
    return {**_row([*total[:3], total[3] + leakage_aj]), **parts, "cycles": trace.cycles, "latency_s": latency_s}


def _kinds(trace: Trace, kinds: Sums) -> list[Plain]:
    return [
        {"name": kind.name, "component": kind.component, "count": kinds[at][1], "unit": kind.unit, **_row(kinds[at])}
        for at, kind in enumerate(trace.header.kinds)
    ]


def _components(trace: Trace, kinds: Sums) -> list[Plain]:
    """What each component pays for: its share of the energy, and the events that cost it something."""
    gathered: dict[str, list[int]] = {}
    for at, kind in enumerate(trace.header.kinds):
        events, count, busy, _ = kinds[at]
        for component, energy_aj in split(kind, kinds[at]).items():
            row = gathered.setdefault(component, [0, 0, 0, 0])
            row[:] = [a + b for a, b in zip(row, (events, count, busy, energy_aj), strict=True)]
    if trace.header.leakage_aj_per_cycle:
        gathered.setdefault("leakage", [0, 0, 0, 0])[3] += trace.cycles * trace.header.leakage_aj_per_cycle
    return [{"name": name, **_row(sums)} for name, sums in gathered.items()]


def split(kind: EventKind, sums: Sequence[int]) -> dict[str, int]:
    """The components that pay for events of a kind, and how much of the sums of these: by price, then what is left."""
    _, count, _, energy_aj = sums
    paid = {component: count * price_aj for component, price_aj in kind.prices_aj}
    left = energy_aj - count * _shared(kind)
    if left or kind.component:
        own = kind.component or UNNAMED
        paid[own] = paid.get(own, 0) + left
    return paid


UNNAMED = "unnamed"
"""The component of what costs something and names none: a trace of another program may have it."""


def _add_some(sums: Sums, chunk: dict[str, Ints], chosen: NDArray[np.bool_]) -> None:
    """Adds some events of a chunk to the sums of their kinds."""
    if chosen.any():
        sums.add(chunk["kind"][chosen], {name: chunk[name][chosen] for name in sums.columns})


class _Paid:
    """What layers and inferences pay beside their own events: leakage, and what belongs to no inference.

    Divided as docs/timing.md says, so that their energies are those of the report of the run.
    """

    def __init__(self, trace: Trace, in_flight: InFlight, common: Sums) -> None:
        self.in_flight = in_flight
        leakage = trace.header.leakage_aj_per_cycle
        self.leaked_by_layer = share_leakage(in_flight.in_layers(), trace.cycles, leakage, idle=0)
        flown = list(in_flight.flown())
        self.leaked = share_leakage(flown, trace.cycles, leakage)
        self.flown = {index for index, _, _ in flown}
        self.first = min(self.flown, default=0)
        others = [index for index in in_flight.every.rows if index >= 0 and index not in self.flown]
        if others and flown:  # what they did is for all
            for chunk in trace.events.chunks("kind", "inference", *_SUMMED):
                _add_some(common, chunk, np.isin(chunk["inference"], others))
        by_component: Counter[str] = Counter()
        for at, kind in enumerate(trace.header.kinds):
            by_component.update(split(kind, common[at]))
        self.each, self.rest = share_of_each(by_component.values(), len(flown)) if flown else (0, 0)

    def layer(self, at: int, event_energy_aj: int) -> Plain:
        """The energy of a layer."""
        return _energy(event_energy_aj + self.leaked_by_layer.get(at, 0), event_energy_aj)

    def inference(self, index: int, event_energy_aj: int) -> Plain:
        """The energy of an inference; of what belongs to none, 0 where there are others that pay for it."""
        if self.flown and index not in self.flown:
            return _energy(0, event_energy_aj)
        first = self.rest if self.flown and index == self.first else 0
        paid_aj = self.leaked.get(index, 0) + self.each + first
        return _energy(event_energy_aj + paid_aj, event_energy_aj)


def _energy(energy_aj: int, event_energy_aj: int) -> Plain:
    return {"energy_aj": energy_aj, "energy_j": joules(energy_aj), "event_energy_aj": event_energy_aj}


def energies_by(trace: Trace, cycles: Ints) -> Iterator[tuple[str, list[int]]]:
    """What events cost in each component that any costs, in attojoules, that end by each of some rising cycles.

    An event counts for the first cycle by which it has ended: the sums are those of `components`.
    """
    header = trace.header
    kinds, sums = len(header.kinds), Sums(("count", "energy_aj"))
    for chunk in trace.events.chunks():
        place = np.searchsorted(cycles, chunk["start"] + chunk["duration"])
        sums.add(place * kinds + chunk["kind"], chunk)
    shares: dict[str, list[int]] = {}
    for component, at, price_aj in _shares(header):
        share = shares.setdefault(component, [0] * len(cycles))
        for step in range(len(cycles)):
            count, energy_aj = sums[step * kinds + at]
            share[step] += count * price_aj if price_aj is not None else energy_aj - count * _shared(header.kinds[at])
    return ((component, share) for component, share in shares.items() if any(share))


def _shares(header: TraceHeader) -> Iterator[tuple[str, int, int | None]]:
    """Each component that a kind costs: by a price for each count, then, without one, by what is left."""
    for at, kind in enumerate(header.kinds):
        yield from ((component, at, price_aj) for component, price_aj in kind.prices_aj)
    yield from ((kind.component, at, None) for at, kind in enumerate(header.kinds))


def _shared(kind: EventKind) -> int:
    """What a count of a kind costs by its prices."""
    return sum(price_aj for _, price_aj in kind.prices_aj)


def _units(trace: Trace, units: Sums, waits: Sums) -> list[Plain]:
    rows = []
    for at, name in enumerate(trace.header.units):
        waiting = waits[at][0]
        left = trace.cycles - units[at][2] - waiting
        row = _row(units[at])
        rows.append({"name": name, **row, "waiting": waiting, "idle": max(left, 0), "overlap": max(-left, 0)})
    return rows


def _waits(trace: Trace, pairs: Sums) -> list[Plain]:
    causes = trace.header.causes
    rows = [
        {"unit": trace.header.units[pair // len(causes)], "cause": causes[pair % len(causes)], "cycles": cycles}
        for pair, (cycles,) in sorted(pairs.rows.items())
    ]
    return sorted(rows, key=lambda row: -row["cycles"])


def _layers(trace: Trace, layers: Sums, waits: Sums, paid: _Paid) -> list[Plain]:
    rows = []
    for at, ((start, end), cycles) in enumerate(paid.in_flight.layers(trace.cycles)):
        times = {"start_cycle": start, "end_cycle": end, "cycles": cycles}
        row = {**_row(layers[at]), **paid.layer(at, layers[at][3]), "waiting": waits[at][0]}
        rows.append({"name": trace.header.layers[at], **times, **row})
    return rows


def _inferences(trace: Trace, inferences: Sums, waits: Sums, paid: _Paid) -> list[Plain]:
    clock_ns = trace.header.exact_clock_ns()
    rows = []
    for index, (start, end) in paid.in_flight.inferences():
        times = {"start_cycle": start, "end_cycle": end, "latency": end - start}
        latency_s = seconds_of(end - start, clock_ns)
        row = {**_row(inferences[index]), **paid.inference(index, inferences[index][3])}
        rows.append({"index": index, **times, "latency_s": latency_s, **row, "waiting": waits[index][0]})
    return rows


def _percentiles(values: list[int]) -> dict[str, int] | None:
    """Least, greatest and the percentiles by nearest rank, which are values that occurred."""
    if not values:
        return None
    ordered = sorted(values)
    ranks = {f"p{percent}": ordered[-(-percent * len(ordered) // 100) - 1] for percent in PERCENTILES}
    return {"least": ordered[0], **ranks, "greatest": ordered[-1]}


def _instructions(trace: Trace, counters: Sums, waits: Sums) -> list[Plain]:
    rows = [
        {
            "pc": pc,
            "line": trace.header.source(pc),
            "text": trace.header.text(pc),
            **_row(counters[pc]),
            "waiting": waits[pc][0],
        }
        for pc in sorted(counters.rows.keys() | waits.rows.keys())
    ]
    return sorted(rows, key=lambda row: -(row["busy"] + row["waiting"]))


def one_text(texts: Iterable[str]) -> str:
    """The instructions of one line as one text, each once."""
    return "; ".join(dict.fromkeys(filter(None, texts)))


def _lines(instructions: list[Plain]) -> list[Plain]:
    lines: dict[str, Plain] = {}
    for instruction in sorted(instructions, key=lambda row: row["pc"]):
        name = instruction["line"]
        line = lines.setdefault(name, {"line": name, "text": [], **dict.fromkeys(_LINE_SUMS, 0)})
        line["text"].append(instruction["text"])
        for name in _LINE_SUMS:
            line[name] += instruction[name]
    for line in lines.values():
        line["energy_j"] = joules(line["energy_aj"])
        line["text"] = one_text(line["text"])
    return sorted(lines.values(), key=lambda row: -(row["busy"] + row["waiting"]))


_LINE_SUMS = ("events", "busy", "waiting", "energy_aj")
