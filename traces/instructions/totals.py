"""What all executions of each instruction did together: sums of integers, which add up to those of the run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from acortex.traces.file.coverage import EVER
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.instructions.columns import Columns, Mask
from acortex.traces.instructions.numbering import Executions
from acortex.traces.instructions.results import InstructionSums, UnitTime
from acortex.traces.instructions.waits import Waits
from acortex.units import joules

MOST_WAITS = 1 << 16
"""Waits of a trace of which it is looked for what ended them, the longest first: some seconds."""

Sort = Literal["critical", "busy", "waiting", "energy", "times", "line"]

SORTS: Mapping[Sort, Callable[[InstructionSums], int]] = {
    "critical": lambda row: -(row.critical or 0),
    "busy": lambda row: -row.busy,
    "waiting": lambda row: -row.waiting,
    "energy": lambda row: -row.energy_aj,
    "times": lambda row: -row.executions,
    "line": lambda row: row.pc,
}
"""In which orders the sums of instructions come; of equals the first in the program comes first."""


def cut_cycles(columns: Columns, filters: Mapping[str, int]) -> Ints:
    """The cycles of each row that lie in the window of a selection."""
    first, end = filters.get("from_cycle", EVER[0]), filters.get("to_cycle", EVER[1])
    inside: Ints = np.maximum(np.minimum(columns.end, end) - np.maximum(columns.start, first), 0)
    return inside


def looked_at(columns: Columns, chosen: Mask, cycles: Ints) -> Ints:
    """The waits of which it is looked for what ended them."""
    rows = np.flatnonzero(chosen & ~columns.events)
    if len(rows) <= MOST_WAITS:
        return rows
    return np.sort(rows[np.argsort(-cycles[rows], kind="stable")[:MOST_WAITS]])


def totals(
    header: TraceHeader,
    columns: Columns,
    executions: Executions,
    waits: Waits,
    chosen: Mask,
    cycles: Ints,
    critical: Mapping[int, int] | None,
    longest: Ints,
) -> list[InstructionSums]:
    """The sums of the instructions that some rows belong to, by address.

    `cycles` has those of each row that count, `critical` the cycles of the critical path by address; of `longest`,
    which are waits, it is told what ended them.
    """
    rows = np.flatnonzero(chosen)
    rows = rows[np.argsort(columns.pc[rows], kind="stable")]
    pcs, begins = np.unique(columns.pc[rows], return_index=True)
    issued = np.zeros(len(executions.pc), np.bool_)
    issued[executions.of[rows][executions.of[rows] >= 0]] = True
    times = np.bincount(executions.pc[issued] + 1, minlength=len(header.lines) + 1)
    unit_of = dict(zip(executions.pc.tolist(), executions.unit.tolist(), strict=True))
    whole = exact_sum(columns.energy_aj[rows])
    found = []
    for pc, some in zip(pcs.tolist(), np.split(rows, begins[1:]) if len(rows) else (), strict=True):
        events = columns.events[some]
        energy_aj = exact_sum(columns.energy_aj[some])
        waiting = some[~events]
        row = InstructionSums(
            pc=pc,
            line=header.source(pc),
            text=header.text(pc),
            unit=header.units[unit_of[pc]] if pc in unit_of else "-",
            executions=int(times[pc + 1]),
            busy=int(cycles[some[events]].sum()),
            waiting=int(cycles[waiting].sum()),
            energy_aj=energy_aj,
            energy_j=joules(energy_aj),
            share=energy_aj / whole if whole else None,
            critical=None if critical is None else critical.get(pc, 0),
            units=_by_unit(header, columns, some, cycles),
            waits=waits.summed(waiting.tolist(), cycles, waiting[np.isin(waiting, longest)].tolist()),
        )
        found.append(row)
    return found


def exact_sum(energies: Ints) -> int:
    """The sum of integers of any size."""
    return (int((energies >> 32).sum()) << 32) + int((energies & 0xFFFFFFFF).sum())


def _by_unit(header: TraceHeader, columns: Columns, rows: Ints, cycles: Ints) -> list[UnitTime]:
    """The cycles of some rows by unit."""
    sums: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
    for events, at in ((True, 0), (False, 1)):
        some = rows[columns.events[rows] == events]
        spent = np.bincount(columns.unit[some], minlength=1)
        for unit in np.flatnonzero(spent).tolist():
            sums[unit][at] = int(cycles[some[columns.unit[some] == unit]].sum())
    return [
        UnitTime(unit=header.units[unit], busy=busy, waiting=waiting) for unit, (busy, waiting) in sorted(sums.items())
    ]
