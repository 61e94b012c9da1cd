"""The view of a run as instructions: held against the run's own report, and against what one counts by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from acortex.isa.program import Program
from acortex.programs.shipped import FOLDER
from acortex.sim.run import run
from acortex.tools.open.programs import open_source
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.instructions.results import InstructionView
from acortex.traces.instructions.view import view


def traced(program: Program, path: Path, **how: object) -> tuple[Trace, object]:
    result = run(program, trace=path, values=False, **how)  # type: ignore[arg-type]
    return reader.open(path), result.report


def sums_by_unit(found: InstructionView) -> tuple[Counter[str], Counter[str]]:
    busy: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for row in found.totals:
        for unit in row.units:
            busy[unit.unit] += unit.busy
            waiting[unit.unit] += unit.waiting
    return busy, waiting


@pytest.mark.parametrize("name", ["vmm", "pipeline", "in_flight", "residual", "pooling"])
def test_the_sums_are_those_of_the_run(name: str, tmp_path: Path) -> None:
    trace, report = traced(open_source(str(FOLDER / f"{name}.s")), tmp_path / "run.actrace")
    found = view(trace)
    busy, waiting = sums_by_unit(found)
    for unit, time in report.utilisation.items():  # type: ignore[attr-defined]
        assert (busy[unit], waiting[unit]) == (time.busy, time.waiting)
    leakage_aj = trace.cycles * trace.header.leakage_aj_per_cycle
    assert found.event_energy_aj + leakage_aj == report.energy_aj  # type: ignore[attr-defined]
    assert sum(row.critical or 0 for row in found.totals) == trace.cycles
    assert found.instructions == report.counts["instructions"]  # type: ignore[attr-defined]
    for row in found.totals:
        assert (sum(unit.busy for unit in row.units), sum(unit.waiting for unit in row.units)) == (
            row.busy,
            row.waiting,
        )
        assert sum(wait.cycles for wait in row.waits) == row.waiting
