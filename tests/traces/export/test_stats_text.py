"""Statistics in the manner of gem5's stats.txt: whole lines, and what is said of a trace that is not whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.traces.export.stats_text import _name, write
from acortex.traces.file.reader import Trace

from ..conftest import MakeTrace

BEGIN = "---------- Begin Simulation Statistics ----------"
BUSY = "sum of durations of events; in a window as far as they lie in it, of coarser rows at most (cycles)"


def lines_of(trace: Trace, folder: Path) -> list[str]:
    write(trace, folder / "stats.txt")
    return (folder / "stats.txt").read_text().splitlines()


def small(make_trace: MakeTrace) -> Trace:
    return make_trace([(1, 3, 0, 0, 7, 0, 0, 0, 7000)], [(1, 2, 1, 0, 0, 0, 0)], summary={"cycles": 6})


def test_a_whole_run_begins_with_an_empty_line_and_is_called_so(make_trace: MakeTrace, tmp_path: Path) -> None:
    lines = lines_of(small(make_trace), tmp_path)
    assert lines[:2] == ["", BEGIN]
    assert lines[2].split("# ")[1].startswith("the whole run: ")


def test_a_part_begins_with_what_it_holds_and_is_called_so(make_trace: MakeTrace, tmp_path: Path) -> None:
    lines = lines_of(small(make_trace).select(window=(1, 3)), tmp_path)
    assert lines[:2] == ["# incomplete: only cycles 1 until 3", BEGIN]
    assert lines[2].split("# ")[1].startswith("this part of the run: ")


def test_values_stand_in_one_column_behind_the_longest_name(make_trace: MakeTrace, tmp_path: Path) -> None:
    rows = [line for line in lines_of(small(make_trace), tmp_path) if "  # " in line]
    widest = max(len(line.split()[0]) for line in rows)
    assert {line.index("  # ") for line in rows} == {widest + 1 + 24}


def test_a_name_loses_what_ends_a_field_or_a_path(make_trace: MakeTrace, tmp_path: Path) -> None:
    rows = {line.split()[0]: line for line in lines_of(small(make_trace), tmp_path) if "  # " in line}
    assert rows["unit.main_memory_read.busy"].split(maxsplit=3)[1:] == ["3", "#", f"unit main_memory.read: {BUSY}"]
    assert rows["wait.vmm_load.bus_taken"].split(maxsplit=3)[1:] == [
        *("2", "#"),
        "cycles that vmm.load waited for bus taken (cycles)",
    ]
    assert rows["kind.word_read.count"].endswith("in the unit of their kind (words)")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("vmm/load", "vmm_load"),
        ("a b", "a_b"),
        ("a#b", "a_b"),
        ("a.b", "a_b"),
        ("a:b\tc", "a_b_c"),
        (":/", "_"),
        ("", "none"),
        (0, "0"),
        (-1, "-1"),
    ],
)
def test_each_character_that_ends_a_field_or_a_path_becomes_a_line(text: object, name: str) -> None:
    assert _name(text) == name
