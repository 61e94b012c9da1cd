"""Views of traces that no run of ours wrote, or that something was changed in: they are made, or refused in words."""

from __future__ import annotations

import random
from io import StringIO
from pathlib import Path

import pytest
from hostile_traces import Parts, mutant, put_together, take_apart
from rich.console import Console

from acortex.errors import AcortexError, UsageError
from acortex.isa.asm.assembler import assemble_file
from acortex.programs.shipped import FOLDER
from acortex.sim.inputs import HostData
from acortex.sim.run import Prepared, prepare
from acortex.sim.tracing import Tracing
from acortex.tools.views.instructions import view_parts
from acortex.traces.endings import HandOver
from acortex.traces.file import reader
from acortex.traces.instructions.view import view

from ..conftest import MakeTrace

UNITS = ("controller", "agent", "follower", "lane0", "lane1")
TABLE = (
    HandOver("*", "idle", "controller"),
    HandOver("agent", "token", "*"),
    HandOver("follower", "bus taken", "agent"),
)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    """A small run with loops, taken apart."""
    path = tmp_path_factory.mktemp("parts") / "run.actrace"
    made = prepare(assemble_file(FOLDER / "vmm.s"))
    Prepared(made.program, made.chip, HostData({}, 6, None)).time(trace=Tracing(path))
    return take_apart(path.read_bytes())


@pytest.mark.parametrize("seed", range(60))
def test_a_changed_trace_is_viewed_or_refused(seed: int, parts: Parts, tmp_path: Path) -> None:
    rng, path = random.Random(seed), tmp_path / "run.actrace"
    path.write_bytes(mutant(parts, rng))
    try:
        found = view(reader.open(path), rows=rng.choice([1, 7, 500]), bins=rng.choice([1, 30, 200]))
    except AcortexError as error:
        assert str(error)
        return
    out = Console(file=StringIO(), width=100)
    for part in view_parts(found, 100):
        out.print(part)
    assert found.as_dict()["schema"] == "acortex.view/1"


@pytest.mark.parametrize("seed", range(40))
def test_rows_of_any_units_in_any_order_are_viewed(seed: int, make_trace: MakeTrace) -> None:
    rng = random.Random(seed)
    events, waits = [], []
    for _ in range(rng.randrange(60)):
        start, unit, pc = rng.randrange(80), rng.randrange(5), rng.randrange(-1, 5)
        row = (pc, rng.randrange(3), rng.randrange(-1, 2))
        if rng.random() < 0.7:
            events.append((start, rng.randrange(1, 9), unit, rng.randrange(5), 1, *row, rng.randrange(100)))
        else:
            waits.append((start, rng.randrange(1, 9), unit, rng.randrange(3), *row))
    trace = make_trace(events, waits, units=UNITS, handovers=TABLE)
    try:
        found = view(trace, rows=1000)
    except UsageError as error:
        assert "no event could have ended" in error.message
        return
    assert sum(row.busy for row in found.totals) == sum(event[1] for event in events)
    assert sum(row.waiting for row in found.totals) == sum(wait[1] for wait in waits)
    assert found.event_energy_aj == sum(event[-1] for event in events)
    assert found.instructions == sum(event[2] == 0 for event in events)


def test_a_trace_without_a_unit_that_issues_is_refused(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 2, 1, 1, 1, 1, 0, 0, 5)])
    with pytest.raises(UsageError, match="has no unit controller, whose events are the instructions"):
        view(trace)


@pytest.mark.parametrize("memory", [None, 5, {}, {"ports": None}, {"ports": 0}, {"ports": -2}, {"ports": "many"}])
def test_a_chip_that_says_no_ports_has_none(memory: object, parts: Parts, tmp_path: Path) -> None:
    path = tmp_path / "run.actrace"
    config = {**parts.header["config"], "memory": memory}
    path.write_bytes(put_together(Parts({**parts.header, "config": config}, parts.rows, parts.summary)))
    (loop,) = view(reader.open(path)).loops
    assert (loop.period, "main_memory ports" in [unit.unit for unit in loop.units]) == (79, False)


def test_a_trace_without_rows_has_a_view_without_rows(make_trace: MakeTrace) -> None:
    found = view(make_trace([], units=UNITS, handovers=TABLE))
    assert (found.rows, found.totals, found.loops, found.chain, found.links) == ([], [], [], [], 0)
