"""The table of hand-overs: it has a row for whatever a unit waits for, the norm is written from it, traces carry it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.prices import INDEX
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.timing import handovers
from acortex.sim.timing.bindings import check_causes
from acortex.sim.timing.handovers import CAUSE, CAUSES, delays_of_rows, table
from acortex.sim.timing.tally import Tally
from acortex.sim.timing.unit import Unit
from acortex.sim.timing.wiring import unit_paths
from acortex.tools.timing_page import rendered, waiting, with_table
from acortex.traces.critical import Walk
from acortex.traces.endings import BEGIN, BY, DELAY, GRANT, SAME, SEEN, Endings, HandOver, matches
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.rows.by_time import Row
from judge.generate import generate

ROOT = Path(__file__).parents[3]

NUMBERS = (
    "idle", "queue", "token", "port", "bank", "buffer_full", "words", "windows", "vectors", "latches", "frame", "load",
    "neurons", "sums", "output_full", "codes", "latency", "stream", "operand", "results_full", "bus", "operand_full",
    "host", "grant", "crossing",
)  # fmt: skip
"""The causes in the order of their numbers: traces hold the numbers."""


def test_causes_keep_their_numbers() -> None:
    assert tuple(CAUSES[: len(NUMBERS)]) == NUMBERS
    assert {name: number for number, name in enumerate(CAUSES)} == CAUSE


def test_every_row_names_units_kinds_and_ways_that_there_are() -> None:
    units = unit_paths(load_chip("acortex_gnmt"), processes=1)
    for row in table():
        for pattern in filter(None, (row.waits, row.ended_by.rstrip("/"), row.route.lstrip("!"))):
            assert any(matches(pattern, unit) or unit.startswith(f"{pattern}/") for unit in units), row
        assert set(row.kinds) <= set(INDEX), row
        assert row.by in BY and row.same in SAME, row
        assert row.then.lstrip("!") in ("", *CAUSES), row


def test_the_page_has_the_table_as_it_is() -> None:
    page = (ROOT / "docs" / "timing.md").read_text(encoding="utf-8")
    assert with_table(page) == page, "write it anew: python -m acortex.tools.timing_page docs/timing.md"
    assert "| vmm/load | `frame` |" in rendered()
    with pytest.raises(AcortexError, match="no place for the table"):
        with_table("# A page\n")


def test_every_unit_has_a_row_for_its_idle_and_every_agent_for_its_token() -> None:
    units = unit_paths(load_chip("acortex_gnmt"))
    endings = Endings(table(), units)
    assert all(endings.of(unit, "idle") for unit in units)
    agents = [unit for unit, causes in waiting().items() if "token" in causes]
    assert len(agents) == 11 and "controller" not in agents and "vmm/frame" not in agents


def test_a_trace_carries_the_table_and_the_cycles_of_its_delays(tmp_path: Path) -> None:
    program = assemble_file(ROOT / "programs" / "vmm.s")
    chip = load_chip(program.chip, ["memory.read_latency_ns=40"])
    run(program, chip, values=False, trace=tmp_path / "run.actrace")
    header = open_trace(tmp_path / "run.actrace").header
    assert [(row.waits, row.cause, row.ended_by, row.by) for row in header.handovers] == [
        (row.waits, row.cause, row.ended_by, row.by) for row in table()
    ]
    assert header.delays == dict(delays_of_rows(chip)) == {"read latency": 23}


def test_a_row_that_says_what_nothing_is_held_to_is_refused_by_its_name() -> None:
    with pytest.raises(AssertionError, match="that mill waits for as 'flour' is not complete"):
        handovers.declare(HandOver("mill", "flour", "road", "sometimes", about="flour"))
    with pytest.raises(AssertionError, match="that mill waits for as 'flour' is not complete"):
        handovers.declare(HandOver("mill", "flour", "road", delay="a day's walk", about="flour"))
    assert "flour" not in CAUSE


def stretches(trace: Trace, walk: Walk) -> Iterator[tuple[Row, str, int]]:
    """Every wait, idle stretch and event of a trace: its row, the cause to look up, and the cycle of its end."""
    for wait in trace.waits:
        unit, end = trace.header.units[wait.unit], wait.start + wait.duration
        row = walk.rows.before(unit, end)
        assert row is not None and (row.name, row.end) == (trace.header.causes[wait.cause], end)
        yield row, row.name, end
    for event in trace.events:
        unit, start = trace.header.units[event.unit], event.start
        if walk.rows.before(unit, start) is None:
            yield Row(unit, walk.rows.idle_since(unit, start), start, False, "idle", -1, 0, -1), "idle", start
        elif (row := walk.rows.started(unit, start)) is not None:
            yield row, BEGIN, start


def rows_that_explain(path: Path) -> set[HandOver]:
    """The rows that a walk could go by in a trace; every wait has rows for its unit and its cause."""
    trace = open_trace(path)
    walk, found = Walk(trace), set()
    for row, cause, end in stretches(trace, walk):
        rows = walk.table.of(row.unit, cause)
        assert rows or cause in ("idle", BEGIN), (row.unit, cause)
        found |= {one for one in rows if one.by in (GRANT, SEEN, DELAY) or walk.by(one, row, end) is not None}
    return found


SEEDS = range(24)


def test_every_row_explains_a_wait_of_some_program(tmp_path: Path) -> None:
    found: set[HandOver] = set()
    for case in map(generate, SEEDS):
        run(case.program, case.chip, inputs=case.inputs, values=False, trace=tmp_path / "run.actrace")
        found |= rows_that_explain(tmp_path / "run.actrace")
    missing = {replace(row, about="") for row in table() if row.ended_by} - found
    assert not missing  # rows without `ended_by` say that nothing ends the wait


def test_a_unit_that_waits_for_what_nothing_ends_is_refused_as_the_chip_is_built() -> None:
    class Odd(Unit):
        causes = frozenset({CAUSE["stream"]})

    check_causes([Odd("vector", 1, Tally())])
    with pytest.raises(AssertionError, match="buffer: no hand-over ends its wait for 'stream'"):
        check_causes([Odd("buffer", 1, Tally())])
