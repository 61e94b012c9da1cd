"""What a large trace takes: memory by the rows that are looked at together, and the same answers whatever their number.

Memory is counted by tracemalloc, which knows of all that NumPy allocates.
"""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.sim.chip.prices import KINDS as PRICED
from acortex.sim.chip.prices import prices
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.reprice import replay
from acortex.traces.critical import Path as Path_
from acortex.traces.critical import Segment, critical_path
from acortex.traces.diff import diff
from acortex.traces.divergence import common_tables, first_divergence, side
from acortex.traces.export import perfetto, slices
from acortex.traces.export.registry import export
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace, digested
from acortex.traces.file.schema import EventKind
from acortex.traces.file.writer import TraceWriter
from acortex.traces.info import info
from acortex.traces.query import query
from acortex.traces.rows import by_unit, in_order
from acortex.traces.rows.by_time import Rows as RowsByUnit
from acortex.traces.rows.in_order import in_order as ordered
from acortex.traces.show import render
from acortex.traces.stats import stats
from acortex.traces.top import top

from ..conftest import HEADER, Rows, pipeline

MB = 1 << 20
EVENTS = 1_000_000


def _write(path: Path, events: int, late: int = 0) -> Trace:
    """A trace of so many events and half as many waits; the last events are `late`."""
    kinds = tuple(EventKind(kind.name, kind.unit, "", "arrays") for kind in PRICED[:5])
    writer = TraceWriter(path, replace(HEADER, kinds=kinds))
    rng = np.random.default_rng(1)
    for first in range(0, events, 100_000):
        at = np.arange(first, min(first + 100_000, events))
        start = at * 3 // 2 + late * (at > events - 10)
        of = at % 5
        where = of, np.ones_like(at), at % 97 // 20 - 1, at * 2 // events + 1, at * 50 // events
        unit, count, pc, layer, inference = where
        writer.events(np.stack([start, of + 1, unit, of, count, pc, layer, inference, of * 1000]))
        waits = rng.random(len(at)) < 0.5
        row = np.stack([start + of + 1, of, unit, at % 3, pc, layer, inference])
        writer.waits(row[:, waits])
    inferences = [{"index": at, "start_cycle": at, "end_cycle": at + 9} for at in range(50)]
    writer.finish({"cycles": events * 3 // 2 + 30, "inferences": inferences})
    return reader.open(path)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    return _write(tmp_path_factory.mktemp("large") / "run.actrace", EVENTS)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """The same run, with its last events a cycle later."""
    return _write(tmp_path_factory.mktemp("other") / "run.actrace", EVENTS, late=1)


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """peak(): the most memory, in MB, since the test began."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1] // MB
    tracemalloc.stop()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("view", "most"),
    [
        (info, 10),
        (stats, 20),
        (top, 20),
        (digested, 120),
        (lambda trace: render(trace, width=100), 20),
        (lambda trace: replay(trace, prices(load_chip("acortex_digits"))), 20),
        (RowsByUnit, 200),
        (lambda trace: query(trace, "SELECT sum(energy_aj) FROM events"), 80),
    ],
    ids=["info", "stats", "top", "digest", "show", "reprice", "critical", "query"],
)
def test_a_million_events_take_little_memory(
    large: Trace, peak: Callable[[], int], view: Callable[[Trace], Any], most: int
) -> None:
    if most == 80:
        pytest.importorskip("duckdb")
    view(reader.open(large.path))
    assert peak() < most


@pytest.mark.slow
def test_two_traces_that_part_at_the_end_take_little_memory(
    large: Trace, other: Trace, peak: Callable[[], int]
) -> None:
    a, b = reader.open(large.path), reader.open(other.path)
    tables, numbers = common_tables(a, b), np.arange(len(a.header.lines) + 1)
    found = first_divergence(side(a, tables, numbers), side(b, tables, numbers), tables, 0.0)
    assert found is not None and found.row[0] == (EVENTS - 9) * 3 // 2
    assert peak() < 200


def test_a_window_is_a_small_part_of_a_large_trace(large: Trace) -> None:
    windows = [
        len(window["start"])
        for _, window in ordered((large.events, large.waits), lambda chunk: {"start": chunk["start"]})
    ]
    assert sum(windows) == len(large.events) + len(large.waits)
    assert max(windows) < 4 * in_order.STEP


@pytest.mark.slow
def test_a_segment_of_a_path_takes_under_fifty_bytes(peak: Callable[[], int]) -> None:
    path = Path_(Segment(at, at + 1, f"unit{at % 7}", "busy", "frame", 3, 1, 0) for at in range(200_000))
    assert len(path) == 200_000
    assert peak() * MB < 50 * len(path)


PEAK = "int(next(row for row in open('/proc/self/status') if row.startswith('VmHWM:')).split()[1])"
"""The most memory of a process in KB; that of its usage counts what the process had that started it."""

LOOK = f"""
import sys
from acortex.traces.file import reader
from acortex.traces.show import render
from acortex.traces.top import top
before = {PEAK}
trace = reader.open(sys.argv[1])
shorter = sys.argv[3] == "True"
assert (trace.digest is not None) == shorter and len(trace) == int(sys.argv[2])
assert ("less detail" in render(trace, width=100).plain) == shorter and top(trace).whole.events == len(trace)
print({PEAK} - before)
"""
"""Looks at a long trace, and prints by how many KB the process has grown."""


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read in /proc")


@needs_proc
@pytest.mark.slow
@pytest.mark.parametrize(("millions", "digest"), [(5, False), (6, True)])
def test_millions_of_events_are_shown_in_little_memory(tmp_path: Path, millions: int, digest: bool) -> None:
    """Half as many waits are among the rows; from 8.4 million rows on a trace has a digest."""
    trace = _write(tmp_path / "run.actrace", millions * EVENTS)
    asked = [sys.executable, "-c", LOOK, str(trace.path), str(len(trace)), str(digest)]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 100 << 10


@needs_proc
@pytest.mark.slow
def test_a_page_of_five_million_events_takes_less_than_a_gigabyte(tmp_path: Path) -> None:
    trace = _write(tmp_path / "run.actrace", 5 * EVENTS)
    code = f"import sys; from acortex.tools.cli import cli; cli(sys.argv[1:], standalone_mode=False); print({PEAK})"
    asked = [sys.executable, "-c", code, "trace", "report", str(trace.path), "-o", str(tmp_path / "run.html")]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1 << 20


# --- windows and groups -----------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """tiny(): from now on, few rows are looked at together."""

    def shrink() -> None:
        monkeypatch.setattr(in_order, "STEP", 5)
        monkeypatch.setattr(by_unit, "GROUP", 20)
        monkeypatch.setattr(slices, "_STEP", 7)
        monkeypatch.setattr(perfetto, "_TABLE", 3000)

    return shrink


@pytest.mark.parametrize("name", ["chrome", "perfetto", "vcd", "konata"])
def test_an_export_is_the_same_whatever_is_looked_at_together(
    tmp_path: Path, tiny: Callable[[], None], name: str
) -> None:
    pytest.importorskip({"vcd": "vcd", "perfetto": "perfetto"}.get(name, "json"))
    trace = _in_blocks(tmp_path / "run.actrace")
    export(trace, name, tmp_path / "whole")
    tiny()
    export(trace, name, tmp_path / "parts")
    assert (tmp_path / "parts").read_bytes() == (tmp_path / "whole").read_bytes()


def test_so_are_the_critical_path_and_the_difference(tmp_path: Path, tiny: Callable[[], None]) -> None:
    before, after = (_in_blocks(tmp_path / name, late) for name, late in (("a", 0), ("b", 1)))
    whole = list(critical_path(before)), diff(before, after)
    tiny()
    assert (list(critical_path(before)), diff(before, after)) == whole
    assert whole[1]["first_divergence"]


def _in_blocks(path: Path, late: int = 0) -> Trace:
    """A trace in many small blocks that overlap in time, with rows in no order within each."""
    events, waits = pipeline(60)
    writer = TraceWriter(path, replace(HEADER, clock_ns=0.3))
    for first in range(0, len(events), 23):
        for row in sorted(events[first : first + 40], key=lambda row: row[0] * 7919 % 101):
            writer.emit(row[0] + late * (row[0] > 300), *row[1:])
        for wait in waits[first // 10 : first // 10 + 4]:
            writer.wait(*wait)
        writer._drain()
    writer.finish({"cycles": 1000})
    return reader.open(path)


def test_windows_hold_every_row_once_and_rise(tmp_path: Path, tiny: Callable[[], None]) -> None:
    tiny()
    trace = _in_blocks(tmp_path / "run.actrace")
    rows: Rows = []
    reached = -1
    for limit, window in ordered((trace.events, trace.waits), lambda chunk: {"start": chunk["start"]}):
        assert window["start"].min() >= reached
        if limit is not None:
            assert window["start"].max() < limit
            reached = limit
        rows += zip(window["start"].tolist(), window["row"].tolist(), strict=True)
    starts = [*trace.events["start"].tolist(), *trace.waits["start"].tolist()]
    assert sorted(rows, key=lambda row: row[1]) == list(zip(starts, range(len(starts)), strict=True))


def test_units_are_taken_together_as_far_as_their_rows_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_unit, "GROUP", 10)
    assert list(by_unit.groups(np.array([4, 6, 1, 30, 0, 2, 9]))) == [
        range(0, 2), range(2, 3), range(3, 4), range(4, 6), range(6, 7),
    ]  # fmt: skip
