"""Which event handed its item to which: in order and never back in time, and nothing where that is not certain."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import acortex
from acortex.traces.export import journeys as module
from acortex.traces.export import windows as windows_module
from acortex.traces.export.journeys import journeys
from acortex.traces.export.windows import windows
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind

from ..conftest import MakeTrace

KINDS = tuple(EventKind(kind, "items", "moves", "others") for _, kind in module.STAGES)
UNITS = tuple(unit for unit, _ in module.STAGES)
READ, DOWN, SLIDE, LOAD, FRAME, CONVERT, UP, STEP, WRITE = range(len(module.STAGES))


def event(
    stage: int, start: int, duration: int = 1, count: int = 1, layer: int = 1, inference: int = 0
) -> tuple[int, ...]:
    """A row of a stage: its unit and its kind have the stage's place."""
    return start, duration, stage, stage, count, 0, layer, inference, 0


def found(trace: Trace) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The pairs as (unit, start)."""
    return sorted(((one.unit, one.start), (two.unit, two.start)) for one, two in journeys(trace))


@pytest.fixture
def make(make_trace: MakeTrace) -> object:
    """Makes a trace of events of stages."""
    return lambda *events, **more: make_trace(list(events), kinds=KINDS, units=UNITS, **more)


def test_the_i_th_event_of_a_stage_takes_from_the_i_th_before_it(make: MakeTrace) -> None:
    trace = make(event(LOAD, 10), event(LOAD, 20), event(FRAME, 12, 5), event(FRAME, 22, 5))
    assert found(trace) == [((LOAD, 10), (FRAME, 12)), ((LOAD, 20), (FRAME, 22))]


def test_each_layer_of_each_inference_has_pairs_of_its_own(make: MakeTrace) -> None:
    """Six of them begin one after the other, so that a pair of two would be neither late nor one too many."""
    parts = [(layer, inference) for inference in (-1, 0, 1) for layer in (1, 2)]
    loads = [event(LOAD, 10 * at, layer=layer, inference=of) for at, (layer, of) in enumerate(parts)]
    frames = [event(FRAME, 200 - 10 * at, layer=layer, inference=of) for at, (layer, of) in enumerate(parts)]
    assert found(make(*loads, *frames)) == [((LOAD, 10 * at), (FRAME, 200 - 10 * at)) for at in range(6)]


def test_events_are_taken_in_the_order_of_time_whatever_that_in_the_file(make: MakeTrace) -> None:
    trace = make(event(LOAD, 20, 2), event(LOAD, 10, 9, count=0), event(FRAME, 30), event(FRAME, 22))
    assert found(trace) == [((LOAD, 10), (FRAME, 22)), ((LOAD, 20), (FRAME, 30))]
    with_word = make(
        event(DOWN, 1), event(DOWN, 0), event(SLIDE, 9, 3, count=1), event(SLIDE, 9, 1, count=1), name="words"
    )
    assert [(one.start, two.duration) for one, two in journeys(with_word)] == [(0, 1), (1, 3)]


def test_a_vector_waits_for_the_last_of_its_words(make: MakeTrace) -> None:
    words = [event(DOWN, at) for at in (0, 1, 2, 3)]
    trace = make(*words, event(SLIDE, 5, count=3), event(SLIDE, 6, count=0), event(SLIDE, 7, count=1))
    assert found(trace) == [((DOWN, 2), (SLIDE, 5)), ((DOWN, 3), (SLIDE, 7))]  # one that takes no word has no arrow


def test_a_word_goes_from_its_conversion_to_the_bus_and_to_memory(make: MakeTrace) -> None:
    trace = make(event(CONVERT, 0, 16), event(UP, 18), event(WRITE, 18, 2))
    assert found(trace) == [((CONVERT, 0), (UP, 18)), ((CONVERT, 0), (WRITE, 18))]
    through = make(event(CONVERT, 0, 16), event(UP, 18), event(STEP, 19), event(WRITE, 21, 2))
    assert found(through) == [((CONVERT, 0), (UP, 18)), ((UP, 18), (STEP, 19)), ((STEP, 19), (WRITE, 21))]


@pytest.mark.parametrize(
    "events",
    [
        [event(LOAD, 10), event(FRAME, 12), event(FRAME, 22)],  # more than were given
        [event(LOAD, 10, 5), event(FRAME, 12)],  # before it was there
        [event(LOAD, 10, 0), event(FRAME, 10)],  # at the same time: an arrow needs some
        [event(LOAD, 10, layer=1), event(FRAME, 12, layer=0)],  # of another layer
        [event(DOWN, 0), event(SLIDE, 5, count=2)],  # words that no event brought
        [event(SLIDE, 5)],
        [],
    ],
)
def test_nothing_is_said_where_it_is_not_certain(make: MakeTrace, events: list[tuple[int, ...]]) -> None:
    assert found(make(*events)) == []


def test_nothing_is_said_of_a_part_of_a_run(make: MakeTrace) -> None:
    trace = make(event(LOAD, 10), event(FRAME, 12))
    assert found(trace)
    assert found(trace.select(window=(0, 100))) == []


def test_a_run_with_too_many_events_has_none(make: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = make(event(LOAD, 10), event(FRAME, 12))
    assert module.MOST_ROWS == 131_072
    monkeypatch.setattr(module, "MOST_ROWS", 2)
    assert found(trace)
    monkeypatch.setattr(module, "MOST_ROWS", 1)
    assert found(trace) == []


def test_events_of_a_network_hand_over_each_item_once_and_never_back_in_time(tmp_path: Path) -> None:
    path = tmp_path / "run.actrace"
    acortex.run("zoo:digits_cnn", inputs=np.zeros((1, 784), np.uint8), values=False, trace=path)
    trace = acortex.open_trace(path)
    pairs = list(journeys(trace))
    assert all(one.start + one.duration <= two.start for one, two in pairs)
    units = Counter(trace.header.units[two.unit] for _, two in pairs)
    # 28 x 28 pixels, 14 x 14 after the pool, one vector for the dense layer: each is loaded, framed and converted once
    assert units["vmm/load"] == units["vmm/frame"] == units["neurons"] == 28 * 28 + 14 * 14 + 1
    assert len({(two.unit, two.start, two.duration) for _, two in pairs}) == len(pairs)


@pytest.mark.parametrize(
    "summary",
    [
        {"power": {"window_cycles": 0, "windows_aj": [1]}},
        {"power": {"window_cycles": True, "windows_aj": []}},
        {"power": {"window_cycles": 10, "windows_aj": [1.5]}},
        {"power": {"window_cycles": 10, "windows_aj": [1, 1.5]}},
        {"power": {"window_cycles": 10, "windows_aj": [1, True]}},
        {"memory": {"window_cycles": 10, "windows_words": [None, 1]}},
        {"power": {"window_cycles": 10, "windows_aj": "1"}},
        {"power": {"window_cycles": 1 << 50, "windows_aj": [1]}},
        {"power": [1], "memory": None},
        {},
    ],
)
def test_a_malformed_summary_has_no_windows(make: MakeTrace, summary: dict[str, object]) -> None:
    assert list(windows(make(event(LOAD, 1), summary={"cycles": 20, **summary}))) == []


def test_windows_at_their_bounds_are_shown(make: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As wide as they may be, as narrow, and as many; one more of either is malformed."""
    assert windows_module.MOST == 1_048_576
    monkeypatch.setattr(windows_module, "MOST", 3)
    for at, (width, number, shown) in enumerate([(1 << 40, 1, 1), (1, 3, 1), ((1 << 40) + 1, 1, 0), (1, 4, 0)]):
        power = {"window_cycles": width, "windows_aj": [7] * number}
        found = list(windows(make(event(LOAD, 1), summary={"cycles": 20, "power": power}, name=f"run{at}")))
        assert [(one.cycles, one.values) for one in found] == [(width, [7] * number)] * shown


def test_windows_are_those_of_the_summary_and_none_of_a_part(make: MakeTrace) -> None:
    power, memory = {"window_cycles": 10, "windows_aj": [5, 7]}, {"window_cycles": 10, "windows_words": [1, 2]}
    trace = make(event(LOAD, 1), summary={"cycles": 20, "power": power, "memory": memory})
    assert [tuple(one) for one in windows(trace)] == [("power", 10, [5, 7]), ("main memory in use", 10, [1, 2])]
    assert list(windows(trace.select(window=(0, 5)))) == []
