"""The critical path of runs that did not go to their end: stopped, interrupted, deadlocked, killed."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa import assemble_file
from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.timing.wiring import DeadlockError
from acortex.traces.critical import Segment, Walk, critical_path, end_of_path
from acortex.traces.diff import diff
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.headroom import critical

STUCK = Path(__file__).parent / "stuck.s"
IMAGES = np.zeros((40, 784), dtype=np.uint8)


def traced(path: Path, inferences: int = 40, **options: Any) -> Trace:
    run(zoo.load("digits_mlp"), inputs=IMAGES[:inferences], values=False, trace=path, **options)
    part = path.with_name(f"{path.name}.part")
    return open_trace(part if part.exists() else path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    return traced(tmp_path_factory.mktemp("whole") / "t.actrace")


def tiles(path: list[Segment], end: int) -> bool:
    """Whether segments follow each other without a gap from cycle 0 to an end."""
    joined = all(one.end == other.start for one, other in pairwise(path))
    return joined and (path[0].start, path[-1].end) == (0, end)


@pytest.mark.parametrize("limit", [1, 30, 260, 1000])
def test_the_path_of_a_stopped_run_goes_to_where_it_was_stopped(tmp_path: Path, limit: int) -> None:
    trace = traced(tmp_path / "t.actrace", max_cycles=limit)
    report = critical(trace)
    assert tiles(list(critical_path(trace)), trace.cycles)
    assert (report.complete, report.cycles, report.halving) == (False, trace.cycles, [])
    assert report.covers is not None and "as --max-cycles asked" in report.covers.lost
    assert sum(row.cycles for row in report.by_unit) == trace.cycles


def test_the_path_of_an_interrupted_run_is_a_chain_of_the_whole_run(tmp_path: Path, whole: Trace) -> None:
    calls = []

    def interrupt(done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == 3:
            raise KeyboardInterrupt

    trace = traced(tmp_path / "t.actrace", progress=interrupt, keep_interrupted=True)
    found = list(critical_path(trace))
    assert trace.lost and 0 < trace.cycles < whole.cycles and tiles(found, trace.cycles)
    meeting = next(one for one in reversed(found) if one.what == "busy")  # an event has ended in both runs
    of_whole = Walk(whole).back(meeting.unit, meeting.end, len(found))
    assert of_whole == found[found.index(meeting) - len(of_whole) + 1 : found.index(meeting) + 1]


def test_the_path_of_a_deadlock_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "t.actrace"
    chip = load_chip("acortex_digits", ["vector.queue_words=3"])
    with pytest.raises(DeadlockError):
        run(assemble_file(STUCK), chip, values=False, trace=path)
    trace = open_trace(f"{path}.part")
    report = critical(trace)
    assert tiles(list(critical_path(trace)), trace.cycles) and not report.complete
    assert "the run did not finish" in str(report.covers and report.covers.lost)
    assert report.segments[-1].what == "waiting" and report.segments[-1].end == trace.cycles


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.97])
def test_the_path_of_a_killed_run_ends_where_its_waits_do(
    tmp_path: Path, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.traces.file.writer.ROWS", 256)
    blocks = traced(tmp_path / "blocks.actrace")
    cut = tmp_path / "t.actrace.part"
    cut.write_bytes(Path(blocks.path).read_bytes()[: int(blocks.bytes * share)])
    trace = open_trace(cut)
    end = end_of_path(trace)
    report = critical(trace)
    assert 0 < end <= trace.cycles and tiles(list(critical_path(trace)), end)
    assert (report.complete, report.cycles) == (False, end)
    assert report.covers is not None and report.covers.lost
    if end < trace.cycles:
        assert report.covers.until_cycle == end


def test_a_coarser_part_still_has_no_path(tmp_path: Path) -> None:
    trace = traced(tmp_path / "t.actrace", 2, trace_level="instructions", max_cycles=100)
    with pytest.raises(UsageError, match="does not hold every event"):
        critical_path(trace)


def test_parts_have_no_critical_path_that_moved(tmp_path: Path, whole: Trace) -> None:
    part = traced(tmp_path / "t.actrace", max_cycles=500)
    assert diff(whole, part).critical == []


def test_a_walk_says_how_far_it_is(whole: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.traces.critical.OFTEN", 10)
    told: list[tuple[int, int]] = []
    found = list(critical_path(whole, lambda done, total: told.append((done, total))))
    assert found == list(critical_path(whole))
    assert told == sorted(told) and len(told) == -(-len(found) // 10)
    assert told[0] == (0, whole.cycles) and {total for _, total in told} == {whole.cycles}
