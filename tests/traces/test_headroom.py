"""What is said of a path, on paths made by hand: sums, bounds of what halving gains, and what of it a selection has."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.traces import headroom
from acortex.traces.critical import BUSY, HAND_OVER, IDLE, LATENCY, WAITING, Path, Segment, critical_path
from acortex.traces.endings import DELAY, START, HandOver
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.headroom import along, critical, of_selection, quick, sums_of

from .conftest import MakeTrace, Rows

UNITS = ("controller", "main_memory/read", "host/in", "vmm/lane0", "vmm/lane1")
TABLE = (
    HandOver("*", "idle", "controller"),
    HandOver("vmm/", "words", "main_memory/read", START, kinds=("memory.read",)),
    HandOver("host/in", "way", "main_memory/read", DELAY),
)
SEGMENTS = (
    # start, end, unit, what, name, pc, layer, inference
    (0, 40, "main_memory/read", BUSY, "memory.read", 0, 1, 0),
    (40, 60, "main_memory/read", LATENCY, "memory.read", 0, 1, 0),
    (60, 65, "vmm/lane0", WAITING, "bus", 1, 1, 0),
    (65, 165, "vmm/lane0", BUSY, "frame", 1, 2, 0),
    (165, 166, "vmm/lane1", HAND_OVER, "token", 2, 2, 1),
    (166, 196, "vmm/lane1", BUSY, "frame", 2, 2, 1),
    (196, 198, "host/in", IDLE, "idle", -1, 0, -1),
    (198, 200, "host/in", BUSY, "memory.read", 0, 0, 1),
)
CYCLES = 200


@pytest.fixture
def path() -> Path:
    return Path(reversed([Segment(*row) for row in SEGMENTS]))


@pytest.fixture
def trace(make_trace: MakeTrace) -> Trace:
    """A run of 200 cycles; its rows do not matter here."""
    return make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0)], units=UNITS, handovers=TABLE, summary={"cycles": CYCLES})


def test_sums_by_cause_layer_and_line_have_the_most_first_and_add_up_to_the_run(path: Path, trace: Trace) -> None:
    found = sums_of(path, trace)
    assert [(row.unit, row.what, row.name, row.cycles) for row in found.by_cause] == [
        ("vmm/lane0", "busy", "frame", 100),
        ("main_memory/read", "busy", "memory.read", 40),
        ("vmm/lane1", "busy", "frame", 30),
        ("main_memory/read", "latency", "memory.read", 20),
        ("vmm/lane0", "waiting", "bus", 5),
        ("host/in", "idle", "idle", 2),
        ("host/in", "busy", "memory.read", 2),
        ("vmm/lane1", "hand-over", "token", 1),
    ]
    assert along(path) == [row.as_dict() for row in found.by_cause]
    assert [(row.name, row.cycles) for row in found.by_layer] == [("fc", 131), ("conv1", 65), ("-", 4)]
    assert [(row.line, row.cycles) for row in found.by_line] == [
        ("toy.s:4", 105),
        ("toy.s:3", 62),
        ("toy.s:5", 31),
        ("-", 2),
    ]
    assert (found.cycles, found.contention, found.segments, found.rivals) == (200, 7, [], [])


def test_of_each_unit_it_says_as_what_its_cycles_passed(path: Path, trace: Trace) -> None:
    rows = {row.name: row.as_dict() for row in sums_of(path, trace).by_unit}
    none = dict.fromkeys(("busy", "latency", "waiting", "hand_over", "idle"), 0)
    assert rows == {
        "vmm/lane0": {"name": "vmm/lane0", "cycles": 105, **none, "busy": 100, "waiting": 5},
        "main_memory/read": {"name": "main_memory/read", "cycles": 60, **none, "busy": 40, "latency": 20},
        "vmm/lane1": {"name": "vmm/lane1", "cycles": 31, **none, "busy": 30, "hand_over": 1},
        "host/in": {"name": "host/in", "cycles": 4, **none, "busy": 2, "idle": 2},
    }
    assert list(rows) == ["vmm/lane0", "main_memory/read", "vmm/lane1", "host/in"]


def test_halving_gains_half_of_what_is_a_units_own_and_all_of_what_units_share(path: Path, trace: Trace) -> None:
    """Seven cycles are shared. The host's two cycles are a hundredth of the path: too few; they are main memory's."""
    found = [(row.name, row.cycles, row.gain_at_most) for row in sums_of(path, trace).halving]
    assert found == [
        ("vmm/lane", 130, 65 + 7),
        ("vmm", 130, 65 + 7),
        ("vmm/lane0", 100, 50 + 7),
        ("main_memory", 62, 31 + 7),
        ("main_memory/read", 60, 30 + 7),
        ("vmm/lane1", 30, 15 + 7),
    ]


def test_from_a_hundredth_of_the_path_on_a_unit_counts(trace: Trace) -> None:
    for length, counts in ((2, False), (3, True)):
        rows = [(0, 200 - length, "vmm/lane0", BUSY, "frame", 1, 2, 0), (200 - length, 200, *SEGMENTS[7][2:])]
        found = sums_of(Path(reversed([Segment(*row) for row in rows])), trace)
        assert ("host/in" in {row.name for row in found.halving}) == counts


# Selections -------------------------------------------------------------------------------------------------------


def spans(path: Path) -> list[tuple[int, int, str]]:
    return [(one.start, one.end, one.unit) for one in path]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"unit": "vmm/*"}, [(60, 65), (65, 165), (165, 166), (166, 196)]),
        ({"layer": "fc"}, [(65, 165), (165, 166), (166, 196)]),
        ({"inference": 1}, [(165, 166), (166, 196), (198, 200)]),
        ({"unit": "vmm/*", "inference": 1}, [(165, 166), (166, 196)]),
        ({"window": (50, 66)}, [(50, 60), (60, 65), (65, 66)]),
        ({"window": (60, 65)}, [(60, 65)]),
        ({"window": (0, 1)}, [(0, 1)]),
        ({"window": (199, 500)}, [(199, 200)]),
        ({"window": (199, 500), "unit": "vmm/*"}, []),
    ],
    ids=str,
)
def test_a_selection_has_the_segments_of_its_names_cut_to_its_cycles(
    path: Path, trace: Trace, wanted: dict[str, Any], kept: list[tuple[int, int]]
) -> None:
    part = trace.select(**wanted)
    found = of_selection(path, part)
    assert [(start, end) for start, end, _ in spans(found)] == kept
    report = sums_of(found, part)
    assert report.cycles == sum(end - start for start, end in kept)
    assert (report.halving, report.complete) == ([], False)


def test_the_path_of_all_of_a_run_is_the_whole(path: Path, trace: Trace) -> None:
    assert spans(of_selection(path, trace)) == spans(path)


def test_a_selection_covers_what_was_selected_and_of_a_cut_trace_what_its_rows_tell(
    path: Path, make_trace: MakeTrace, trace: Trace
) -> None:
    part = trace.select(window=(0, 150))
    covers = sums_of(of_selection(path, part), part).covers
    assert covers is not None and covers.until_cycle == 150
    assert sums_of(path, trace).covers is None
    assert sums_of(path, trace.select(unit="vmm/*")).covers.until_cycle is None  # type: ignore[union-attr]


@pytest.mark.parametrize(("window", "until"), [(None, 24), ((0, 10), 10), ((0, 22), 22), ((0, 24), 24), ((0, 28), 24)])
def test_a_selection_of_a_cut_trace_covers_what_both_leave(
    make_trace: MakeTrace, window: tuple[int, int] | None, until: int
) -> None:
    """Rows go on to cycle 30, and waits, by which the path is found, to 24."""
    trace = make_trace([(0, 30, 0, 0, 1, 0, 0, 0, 0)], [(20, 4, 1, 0, 0, 0, 0)], handovers=TABLE)
    trace.path.write_bytes(trace.path.read_bytes()[:-1])
    cut = reader.open(trace.path)
    part = cut.select(window=window)
    covers = sums_of(of_selection(critical_path(cut), part), part).covers
    assert covers is not None and (covers.until_cycle, covers.lost) == (until, cut.lost)


# Quickly, where it is quick ---------------------------------------------------------------------------------------


@pytest.fixture
def short(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> Trace:
    return make_trace(*rows)


def test_the_sums_of_a_short_run_are_those_of_its_path(short: Trace) -> None:
    assert quick(short) == critical(short).model_copy(update={"segments": []})
    assert headroom.QUICK == 262_144


@pytest.mark.parametrize(("most", "known"), [(0, True), (-1, False)])
def test_events_and_waits_count_together(short: Trace, most: int, known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(short.waits) > 0
    monkeypatch.setattr(headroom, "QUICK", len(short.events) + len(short.waits) + most)
    assert (quick(short) is not None) == known


def test_a_trace_without_a_path_has_no_sums(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    assert quick(make_trace(*rows, level="layers")) is None
