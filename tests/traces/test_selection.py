"""A part of a trace says that it is one, wherever it is read, and gives no number that the rest would change."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.traces.covers import covers, in_words
from acortex.traces.critical import Path as CriticalSegments
from acortex.traces.critical import Segment
from acortex.traces.exporters import export
from acortex.traces.file.coverage import told, window_of
from acortex.traces.file.reader import Trace
from acortex.traces.headroom import of_selection, sums_of
from acortex.traces.info import info
from acortex.traces.show import render
from acortex.traces.stats import stats

from .conftest import HEADER, MakeTrace, Rows

ALL = {"units": None, "layers": None, "kinds": None, "inferences": None, "lines": None}


@pytest.fixture
def trace(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> Trace:
    """The small run: 100 events and their waits."""
    return make_trace(*rows, summary={"cycles": 200})


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ({"unit": "vmm*"}, {"units": ["vmm.load", "vmm"]}),
        ({"layer": "conv1"}, {"layers": ["conv1"]}),
        ({"inference": 1}, {"inferences": [1]}),
        ({"inference": (1, 0)}, {"inferences": [0, 1]}),
        ({"kind": "frame"}, {"kinds": ["frame"]}),
        ({"line": "toy.s:3"}, {"lines": ["toy.s:3"]}),
        ({"pc": 1}, {"lines": ["toy.s:4"]}),
        ({"window": (10, 50)}, {"from_cycle": 10, "until_cycle": 50}),
        ({"unit": "vmm", "window": (10, 50)}, {"units": ["vmm"], "from_cycle": 10, "until_cycle": 50}),
    ],
    ids=str,
)
def test_a_selection_says_what_it_covers(trace: Trace, wanted: dict[str, Any], part: dict[str, Any]) -> None:
    said = covers(trace.select(**wanted))
    ends = {"from_cycle": None, "until_cycle": None}
    assert not said["complete"]
    assert said["covers"] == {**ALL, **ends, **part, "level": "events", "lost": ""}


def test_the_whole_trace_covers_everything(trace: Trace) -> None:
    assert covers(trace) == {"complete": True, "covers": None}
    assert in_words(None) == "" == trace.part


def test_selections_of_a_selection_cover_what_both_do(trace: Trace) -> None:
    part = trace.select(unit="vmm*", window=(0, 60)).select(unit="vmm", window=(30, 90), inference=0)
    assert part.part == "only units vmm; inferences 0; cycles 30 until 60"
    assert trace.select(unit="vmm").select(unit="neurons").header.filters == {"units": []}


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        ({"inference": (0, 1)}, {"inference": (1, 2)}, {"inference": 1}),
        ({"inference": 0}, {"inference": 1}, {"inference": ()}),
        ({"unit": "*load"}, {"unit": "vmm*"}, {"unit": "vmm.load"}),
        ({"layer": "*1"}, {"layer": "conv*"}, {"layer": "conv1"}),
        ({"window": (0, 60)}, {"window": (30, 90)}, {"window": (30, 60)}),
        ({"pc": (0, 1)}, {"pc": (1, 2)}, {"pc": 1}),
        ({"pc": (0, 1)}, {"line": "toy.s:4"}, {"pc": 1}),
        ({"kind": "*r*"}, {"kind": "frame"}, {"kind": "frame"}),
        ({"unit": "vmm", "inference": 1}, {"window": (0, 90)}, {"unit": "vmm", "inference": 1, "window": (0, 90)}),
    ],
    ids=str,
)
def test_rows_of_a_selection_of_a_selection_match_both(
    trace: Trace, first: dict[str, Any], second: dict[str, Any], both: dict[str, Any]
) -> None:
    wanted = trace.select(**both)
    for part in (trace.select(**first).select(**second), trace.select(**second).select(**first)):
        assert list(part.events) == list(wanted.events)
        assert list(part.waits) == list(wanted.waits)
        assert (part.part, len(part)) == (wanted.part, len(wanted))


def test_a_selection_has_the_events_and_the_waits_that_match(trace: Trace) -> None:
    part = trace.select(unit="main_memory.read", inference=0, window=(10, 80))
    for mine, all_rows in ((part.events, trace.events), (part.waits, trace.waits)):
        wanted = [
            row for row in all_rows
            if row.unit == 0 and row.inference == 0 and row.start < 80 and row.start + row.duration > 10
        ]  # fmt: skip
        assert list(mine) == wanted and wanted
    assert len(trace.select(kind="frame").waits) == 0


def test_a_coarser_level_and_a_stopped_run_are_parts_too(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    coarse = make_trace(*rows, level="layers", name="coarse")
    assert coarse.part == "only level layers, where one row stands for many events"
    stopped = make_trace(*rows, summary={"cycles": 200, "stopped": "stopped at cycle 200"}, name="stopped")
    assert stopped.part == "the run was stopped at cycle 200"
    assert stats(stopped)["latency_percentiles"] is None
    assert {row["latency"] for row in stats(stopped)["inferences"]} == {None}


# --- statistics -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["filtered", "selected"])
def test_statistics_of_some_units_know_nothing_of_the_others(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], how: str
) -> None:
    filters = {"units": ["vmm.load", "vmm"]}
    kept = filters if how == "filtered" else {}
    trace = make_trace(*rows, summary={"cycles": 200}, filters=kept, name=how)
    if how == "selected":
        trace = trace.select(unit="vmm*")
    report = stats(trace)
    whole = {row["name"]: row for row in stats(make_trace(*rows, summary={"cycles": 200}, name="whole"))["units"]}
    for row in report["units"]:
        if row["name"] in filters["units"]:
            assert row == whole[row["name"]]
        else:
            assert {value for name, value in row.items() if name != "name"} == {None}
    totals = report["totals"]
    assert totals["energy_aj"] is totals["energy_j"] is totals["leakage_aj"] is None
    assert totals["event_energy_aj"] == sum(whole[name]["energy_aj"] for name in filters["units"])
    assert "leakage" not in {row["name"] for row in report["components"]}


@pytest.mark.parametrize(
    "wanted", [{"window": (0, 100)}, {"layer": "fc"}, {"kind": "frame"}, {"inference": 0}], ids=str
)
def test_nothing_is_idle_where_rows_of_a_unit_are_left_out(trace: Trace, wanted: dict[str, Any]) -> None:
    report = stats(trace.select(**wanted))
    assert {row["idle"] for row in report["units"]} == {row["overlap"] for row in report["units"]} == {None}
    assert sum(row["busy"] for row in report["units"]) == report["totals"]["busy"] > 0
    assert report["latency_percentiles"] is None
    assert {row["cycles"] for row in report["layers"]} == {None}


@pytest.mark.parametrize("cuts", [(0, 1000), (0, 61, 1000), (0, 7, 8, 50, 133, 1000)], ids=str)
def test_windows_that_adjoin_share_out_the_cycles_of_the_run(trace: Trace, cuts: tuple[int, ...]) -> None:
    whole = stats(trace)
    parts = [stats(trace.select(window=window)) for window in pairwise(cuts)]
    for at, row in enumerate(whole["units"]):
        for name in ("busy", "waiting"):
            assert sum(part["units"][at][name] for part in parts) == row[name]
    assert sum(sum(row["cycles"] for row in part["waits"]) for part in parts) == sum(
        row["cycles"] for row in whole["waits"]
    )


@pytest.mark.parametrize("wanted", [{"unit": "vmm"}, {"window": (0, 100)}, {"layer": "fc"}], ids=str)
def test_no_latency_of_an_inference_that_is_not_there_as_a_whole(trace: Trace, wanted: dict[str, Any]) -> None:
    rows = stats(trace.select(**wanted))["inferences"]
    assert rows and {row[name] for row in rows for name in ("latency", "latency_s", "start_cycle", "end_cycle")} == {
        None
    }


def test_an_inference_by_itself_keeps_its_latency(trace: Trace) -> None:
    whole = {row["index"]: row for row in stats(trace)["inferences"]}
    (alone,) = stats(trace.select(inference=1))["inferences"]
    shared = {"energy_aj": None, "energy_j": None}  # what it pays of leakage depends on the others
    assert alone == {**whole[1].as_dict(), **shared}


def test_info_of_a_part_has_no_energy_of_the_run(trace: Trace) -> None:
    report = info(trace.select(unit="vmm"))
    assert (report["complete"], report["energy_aj"], report["energy_j"]) == (False, None, None)
    assert report["event_energy_aj"] == int(trace.select(unit="vmm")["energy_aj"].sum())
    assert report["cycles"] == 200


# --- pictures and exports ---------------------------------------------------------------------------------------------


def test_the_picture_of_a_part_says_so_first_and_leaves_others_blank(trace: Trace) -> None:
    lines = render(trace.select(unit="vmm"), width=60).plain.splitlines()
    assert lines[0] == "incomplete: only units vmm"
    drawn = {line.split(" ")[0]: line[len("main_memory.write ") :] for line in lines[3:8]}
    assert "·" in drawn["vmm"] and "█" in drawn["vmm"]
    assert {drawn[name].strip() for name in HEADER.units if name != "vmm"} == {""}


def test_a_selection_is_exported(trace: Trace, tmp_path: Path) -> None:
    export(trace.select(unit="vmm*", window=(0, 100)), "chrome", tmp_path / "part.json")
    read = json.loads((tmp_path / "part.json").read_text())
    drawn = [event["args"] for event in read["traceEvents"] if event["ph"] == "X"]
    wanted = [row for row in trace if row.unit in (1, 2) and row.start < 100]
    assert len(drawn) == len(wanted) and sum(one["energy_aj"] for one in drawn) == sum(row.energy_aj for row in wanted)
    assert read["otherData"]["complete"] is False
    assert read["otherData"]["covers"]["units"] == ["vmm.load", "vmm"]
    assert read["otherData"]["covers"]["until_cycle"] == 100


@pytest.mark.parametrize("name", ["perfetto", "vcd", "konata", "stats"])
def test_every_export_with_a_place_for_words_says_its_part(trace: Trace, tmp_path: Path, name: str) -> None:
    pytest.importorskip({"perfetto": "perfetto", "vcd": "vcd"}.get(name, "csv"))
    export(trace.select(unit="vmm", window=(0, 100)), name, tmp_path / "part")
    assert b"incomplete: only units vmm; cycles 0 until 100" in (tmp_path / "part").read_bytes()
    export(trace, name, tmp_path / "whole")
    assert b"incomplete" not in (tmp_path / "whole").read_bytes()


@pytest.mark.parametrize("name", ["csv", "konata"])
def test_tables_of_a_selection_have_its_rows(trace: Trace, tmp_path: Path, name: str) -> None:
    part = trace.select(inference=1)
    export(part, name, tmp_path / "part")
    lines = (tmp_path / "part").read_text().splitlines()
    count = len(lines) - 1 if name == "csv" else sum(line.startswith("S\t") for line in lines)
    assert count == len(part) + (0 if name == "csv" else len(part.waits)) > 0


# --- windows and paths ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "end", "told"),
    [
        (5, 5, "the window from cycle 5 until 5 has no cycle of the run"),
        (200, None, "the window from cycle 200 until 200 has no cycle of the run"),
    ],
)
def test_a_window_without_a_cycle_is_refused(first: int, end: int | None, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        window_of(first, end, 200)
    assert caught.value.message == told
    assert "the run has cycles 0 to 199" in str(caught.value)


def test_a_path_is_cut_to_a_selection(trace: Trace) -> None:
    segments = [
        Segment(0, 50, "vmm", "busy", "frame", 2, 1, 0),
        Segment(50, 120, "neurons", "busy", "conversion", 3, 1, 0),
        Segment(120, 200, "vmm", "busy", "frame", 2, 2, 1),
    ]
    path = CriticalSegments(reversed(segments))
    assert list(of_selection(path, trace)) == segments
    cut = trace.select(window=(40, 130))
    assert [(one.start, one.end) for one in of_selection(path, cut)] == [(40, 50), (50, 120), (120, 130)]
    mine = trace.select(unit="vmm", inference=1)
    report = sums_of(of_selection(path, mine), mine)
    assert (report["cycles"], report["complete"], report["halving"]) == (80, False, [])
    assert [row["cycles"] for row in report["by_unit"]] == [80]


@pytest.mark.parametrize(
    ("level", "lost", "filters", "words"),
    [
        ("events", "", {}, ""),
        ("events", "", {"inferences": list(range(6))}, "only inferences 0, 1, 2, 3, 4, 5"),
        ("events", "", {"inferences": list(range(7))}, "only inferences 0, 1, 2, 3, 4, 5, ..."),
        ("events", "it was cut", {"to_cycle": 9, "units": ["a"]}, "only units a; cycles begin until 9; it was cut"),
        ("events", "", {"from_cycle": 0}, "only cycles 0 until end"),
        ("layers", "", {"lines": ["p.s:1"]}, "only lines p.s:1; level layers, where one row stands for many events"),
        ("events", "it was cut", {}, "it was cut"),
    ],
    ids=str,
)
def test_a_part_is_told_in_words(level: str, lost: str, filters: dict[str, Any], words: str) -> None:
    assert told(level, lost, filters) == words
