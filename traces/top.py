"""What costs most in a run: its dearest instructions and layers, by busy cycles, by energy or by waits.

`top(trace)` adds up in one pass, in integers, and holds a row for each instruction and layer alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from acortex.errors import UsageError
from acortex.traces.covers import covers
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Event, Ints, Table, Wait
from acortex.traces.results_of_tops import By, CostSums, Others, TopInstruction, TopLayer, TraceTop
from acortex.traces.stats import Sums, cut_durations
from acortex.units import joules

MEASURES: dict[By, str] = {"cycles": "busy", "energy": "energy_aj", "waits": "waiting"}
"""The sum that each ranking goes by."""

TEN = 10
"""Rows of a table, unless more or fewer are asked for."""


@dataclass
class Costs:
    """What some rows of a trace come to: events, cycles, attojoules and cycles of waits."""

    events: int = 0
    busy: int = 0
    energy_aj: int = 0
    waiting: int = 0

    def add(self, other: Costs) -> None:
        """Adds the sums of other rows."""
        self.events += other.events
        self.busy += other.busy
        self.energy_aj += other.energy_aj
        self.waiting += other.waiting

    def of(self, by: By) -> int:
        """The sum that is ranked."""
        found: int = getattr(self, MEASURES[by])
        return found

    def plain(self) -> dict[str, int | float]:
        """The sums by the names of `CostSums`."""
        return {**vars(self), "energy_j": joules(self.energy_aj)}


def together(some: Iterable[Costs]) -> Costs:
    """The sums of all of them."""
    whole = Costs()
    for one in some:
        whole.add(one)
    return whole


def top(trace: Trace, by: By = "cycles", rows: int = TEN) -> TraceTop:
    """The instructions and layers of a trace, or of a selection, that cost most; `rows` of each at most.

    Of a window durations are those within it, and an event's energy is that of all of it. Equal costs come in the order
    of the program. Raises UsageError for another ranking or fewer than one row.
    """
    if by not in MEASURES:
        raise UsageError(f"nothing is ranked by {by!r}", hint=f"rankings are {', '.join(MEASURES)}")
    if rows < 1:
        raise UsageError(f"{rows} rows are too few", hint="at least 1")
    found = _costs(trace)
    by_pc, by_layer = _gathered(found, 0), _gathered(found, 1)
    whole = together(found.values())
    known = trace.header.level != "layers"  # there rows of all instructions of a layer are one
    some, others = _ranked(by_pc, by, rows)
    layers, other_layers = _ranked(by_layer, by, rows)
    instructions = [_instruction(trace, pc, by_pc[pc], _layer_of(found, pc, by), whole, by) for pc in some]
    return TraceTop(
        **covers(trace),
        by=by,
        cycles=trace.cycles,
        whole=CostSums.model_validate(whole.plain()),
        instructions=instructions if known else None,
        other_instructions=_others((by_pc[pc] for pc in others), whole, by) if known else None,
        layers=[_layer(trace, at, by_layer[at], whole, by) for at in layers],
        other_layers=_others((by_layer[at] for at in other_layers), whole, by),
    )


Place = tuple[int, int]
"""An instruction and a layer: program counter, -1 for none, and position in the header's layers."""


def _costs(trace: Trace) -> dict[Place, Costs]:
    """The sums of each instruction in each layer."""
    layers = len(trace.header.layers)
    found: dict[Place, Costs] = {}
    events, waits = Sums(("merged", "duration", "energy_aj")), Sums(("duration",))
    rows = trace if trace.digest is None else trace.digest.by_instruction  # the same sums, of fewer rows
    for keys, chunk in _chunks(trace, rows.events, ("merged", "energy_aj")):
        events.add(keys, chunk)
    for keys, chunk in _chunks(trace, rows.waits, ()):
        waits.add(keys, chunk)
    for key in sorted(events.rows.keys() | waits.rows.keys()):
        pc, layer = divmod(key, layers)
        found[pc, layer] = Costs(*events[key], *waits[key])
    return found


def _chunks(
    trace: Trace, table: Table[Event] | Table[Wait], names: tuple[str, ...]
) -> Iterator[tuple[Ints, dict[str, Ints]]]:
    """Rows, some at a time, with a number for the instruction and the layer of each; cut to the selected window."""
    layers = len(trace.header.layers)
    for chunk in table.chunks("pc", "layer", "start", "span", "duration", *names):
        cut_durations(chunk, chunk["span"], trace.header.filters)
        yield chunk["pc"] * layers + chunk["layer"], chunk


def _gathered(found: dict[Place, Costs], at: int) -> dict[int, Costs]:
    """The sums by one part of the place, in its order."""
    gathered: dict[int, Costs] = {}
    for place in sorted(found):
        gathered.setdefault(place[at], Costs()).add(found[place])
    return dict(sorted(gathered.items()))


def _ranked(costs: dict[int, Costs], by: By, rows: int) -> tuple[list[int], list[int]]:
    """The keys that cost most, and all others."""
    ordered = sorted(costs, key=lambda key: -costs[key].of(by))
    some = [key for key in ordered[:rows] if costs[key].of(by)]
    return some, ordered[len(some) :]


def _layer_of(found: dict[Place, Costs], pc: int, by: By) -> int:
    """The layer in which an instruction cost most."""
    return max((place for place in found if place[0] == pc), key=lambda place: found[place].of(by))[1]


def _share(costs: Costs, whole: Costs, by: By) -> float | None:
    return costs.of(by) / whole.of(by) if whole.of(by) else None


def _instruction(trace: Trace, pc: int, costs: Costs, layer: int, whole: Costs, by: By) -> TopInstruction:
    header = trace.header
    named = {"pc": pc, "line": header.source(pc), "text": header.text(pc), "layer": header.layers[layer]}
    return TopInstruction.model_validate({**named, **costs.plain(), "share": _share(costs, whole, by)})


def _layer(trace: Trace, at: int, costs: Costs, whole: Costs, by: By) -> TopLayer:
    name = trace.header.layers[at]
    return TopLayer.model_validate({"name": name, **costs.plain(), "share": _share(costs, whole, by)})


def _others(some: Iterable[Costs], whole: Costs, by: By) -> Others:
    left = list(some)
    rest = together(left)
    return Others.model_validate({"rows": len(left), **rest.plain(), "share": _share(rest, whole, by)})
