"""Value change dumps line by line, of small runs by hand; which columns of a wide table are alike, by brute force."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from acortex.traces.export.vcd import _alike, write
from acortex.traces.file.reader import Trace

from ..conftest import MakeTrace, Rows

pytest.importorskip("vcd")

EVENTS: Rows = [
    (-9, 0, 1, 2, 1, 0, 0, 0, 0),  # takes no time: it leaves no mark, and the file does not begin with it
    (-2, 2, 0, 0, 1, 0, 0, 0, 0),
    (1, 3, 0, 0, 1, 0, 0, 0, 0),
    (2, 2, 0, 1, 1, 0, 0, 0, 0),
    (3, 1, 1, 2, 1, 0, 0, 0, 0),
]
WAITS: Rows = [(1, 1, 1, 0, 0, 0, 0), (1, 2, 1, 1, 0, 0, 0)]

SIGNALS = [
    "$scope module a $end",
    "$scope module b $end",
    "$var integer 32 ! busy $end",
    '$var string 1 " kind $end',
    "$var string 1 # waiting $end",
    "$upscope $end",
    "$upscope $end",
    "$scope module c $end",
    "$var integer 32 $ busy $end",
    "$var string 1 % kind $end",
    "$var string 1 & waiting $end",
    "$upscope $end",
    "$enddefinitions $end",
    "#0",
    "$dumpvars",
]


@pytest.fixture
def run(make_trace: MakeTrace) -> Trace:
    """Two units, of which one works from two cycles before cycle 0; it lasts two cycles longer than its last event."""
    return make_trace(EVENTS, WAITS, summary={"cycles": 6}, units=("a.b", "c"), clock_ns=1.0, program="a$b.s")


def written(trace: Trace, folder: Path) -> list[str]:
    write(trace, folder / "out.vcd")
    return (folder / "out.vcd").read_text().splitlines()


def test_a_dump_has_each_change_once_from_the_first_cycle_on(run: Trace, tmp_path: Path) -> None:
    assert written(run, tmp_path) == [
        "$comment a_b.s on acortex_toy, 1.0 ns per cycle $end",
        "$timescale 1 ns $end",
        *SIGNALS,
        *("b1 !", 'sword_read "', "s- #", "b0 $", "s- %", "s- &", "$end"),
        *("#2", "b0 !", 's- "'),
        *("#3", "b1 !", 'sword_read "', r"sbus\x20taken+token &"),
        *("#4", "b10 !", 'sword_read+latch_load "', "stoken &"),
        *("#5", "b1 $", "sframe %", "s- &"),
        *("#6", "b0 !", 's- "', "b0 $", "s- %"),
        "#8",
    ]


def test_the_dump_of_a_part_says_so_and_holds_rows_as_long_as_they_last(run: Trace, tmp_path: Path) -> None:
    assert written(run.select(window=(1, 3)), tmp_path) == [
        "$comment a_b.s on acortex_toy, 1.0 ns per cycle; incomplete: only cycles 1 until 3 $end",
        "$timescale 1 ns $end",
        *SIGNALS,
        *("b0 !", 's- "', "s- #", "b0 $", "s- %", "s- &", "$end"),
        *("#1", "b1 !", 'sword_read "', r"sbus\x20taken+token &"),
        *("#2", "b10 !", 'sword_read+latch_load "', "stoken &"),
        *("#3", "s- &"),
        *("#4", "b0 !", 's- "'),
        "#6",
    ]


def test_an_event_of_one_cycle_before_cycle_0_begins_the_file(make_trace: MakeTrace, tmp_path: Path) -> None:
    trace = make_trace([(-1, 1, 0, 0, 1, 0, 0, 0, 0)], summary={"cycles": 1}, units=("a",), clock_ns=1.0)
    lines = written(trace, tmp_path)
    assert lines[lines.index("#0") :] == [
        *("#0", "$dumpvars", "b1 !", 'sword_read "', "s- #", "$end"),
        *("#1", "b0 !", 's- "'),
        "#2",
    ]


@pytest.mark.parametrize(("cycles", "last"), [(5, "#5"), (7, "#7")])
def test_a_dump_ends_with_the_run_and_has_its_last_time_once(
    make_trace: MakeTrace, tmp_path: Path, cycles: int, last: str
) -> None:
    trace = make_trace(
        [(0, 1, 0, 0, 1, 0, 0, 0, 0), (0, 5, 1, 0, 1, 0, 0, 0, 0)], summary={"cycles": cycles}, clock_ns=1.0
    )
    found = [line for line in written(trace, tmp_path) if line.startswith("#")]
    assert found == sorted({"#0", "#1", "#5", last})


@pytest.mark.parametrize(("cycles", "end"), [(0, []), (1, ["#1"]), (4, ["#4"])])
def test_a_dump_of_nothing_lasts_as_long_as_the_run(
    make_trace: MakeTrace, tmp_path: Path, cycles: int, end: list[str]
) -> None:
    trace = make_trace([], summary={"cycles": cycles}, units=("a",), clock_ns=1.0)
    lines = written(trace, tmp_path)
    assert lines[lines.index("#0") :] == ["#0", "$dumpvars", "b0 !", 's- "', "s- #", "$end", *end]


@pytest.mark.parametrize("rows", [1, 31, 32, 33, 64, 100])
def test_columns_are_alike_that_are_so_in_every_row(rows: int) -> None:
    rng = random.Random(rows)
    patterns = [[rng.random() < 0.5 for _ in range(rows)] for _ in range(4)]
    patterns += [[not bit if at == place else bit for at, bit in enumerate(patterns[0])] for place in {0, rows - 1}]
    columns = [patterns[rng.randrange(len(patterns))] for _ in range(40)]
    which, first = _alike(np.array(columns).T)
    for column, number in zip(columns, which.tolist(), strict=True):
        assert first[number] == columns.index(column)
