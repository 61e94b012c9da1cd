"""When layers and inferences were in flight, by rows of a run made by hand."""

from __future__ import annotations

import pytest

from acortex.traces.file.schema import EventKind
from acortex.traces.rows.in_flight import InFlight

from ..conftest import MakeTrace

KINDS = tuple(EventKind(name, "words", "", "") for name in ("host.in", "host.out", "work"))
IN, OUT, WORK = range(3)


def flights(make_trace: MakeTrace, *rows: tuple[int, int, int, int, int]) -> InFlight:
    """What is found of rows of the host: kind, layer, inference, start and end."""
    events = [(start, end - start, 1, kind, 1, 0, layer, inference, 0) for kind, layer, inference, start, end in rows]
    trace = make_trace(events, units=("controller", "host"), kinds=KINDS)
    found = InFlight(trace.header)
    for chunk in trace.events.chunks("unit", "kind", "layer", "inference", "start", "span"):
        found.add(chunk)
    return found


def test_an_inference_without_words_at_the_host_lasts_as_long_as_its_layers(make_trace: MakeTrace) -> None:
    """What it does outside layers, before and behind, does not count."""
    rows = [(WORK, 0, 0, 1, 2), (WORK, 1, 0, 10, 12), (WORK, 2, 0, 5, 30), (WORK, 1, 0, 7, 9), (WORK, 0, 0, 40, 50)]
    assert list(flights(make_trace, *rows).inferences()) == [(0, (5, 30))]


def test_one_without_layers_lasts_as_long_as_anything_is_done_for_it(make_trace: MakeTrace) -> None:
    rows = [(WORK, 0, 0, 4, 6), (WORK, 0, 0, 1, 2), (WORK, 1, -1, 10, 20), (WORK, 0, -1, 3, 4)]
    assert list(flights(make_trace, *rows).inferences()) == [(-1, (3, 20)), (0, (1, 6))]


@pytest.mark.parametrize(
    ("words", "span"),
    [
        ([(IN, 0, 0, 3, 5), (OUT, 0, 0, 20, 23)], (3, 23)),
        ([(IN, 0, 0, 3, 5), (IN, 0, 0, 7, 8)], (3, 3)),  # nothing has come back yet
        ([(OUT, 0, 0, 20, 23)], (20, 23)),
        ([(OUT, 0, 0, 2, 9), (IN, 0, 0, 3, 5)], (2, 9)),
    ],
    ids=["both", "none came back", "none went", "back before the first"],
)
def test_words_at_the_host_set_the_span_whatever_layers_do(
    make_trace: MakeTrace, words: list[tuple[int, int, int, int, int]], span: tuple[int, int]
) -> None:
    assert list(flights(make_trace, (WORK, 1, 0, 0, 50), *words).inferences()) == [(0, span)]


@pytest.mark.parametrize(
    ("row", "flown"),
    [
        ((WORK, 1, 0, 1, 2), True),
        ((IN, 0, 0, 1, 2), True),
        ((OUT, 0, 0, 1, 2), True),
        ((WORK, 0, 0, 1, 2), False),
        ((WORK, 1, -1, 1, 2), False),
        ((IN, 0, -1, 1, 2), False),
    ],
)
def test_an_inference_flew_where_it_had_a_layer_or_a_word_at_the_host(
    make_trace: MakeTrace, row: tuple[int, int, int, int, int], flown: bool
) -> None:
    assert [index for index, _, _ in flights(make_trace, row).flown()] == [0] * flown


def test_layers_have_their_first_and_last_cycle_and_overlaps_count_once(make_trace: MakeTrace) -> None:
    rows = [(WORK, 1, 0, 5, 10), (WORK, 1, 1, 8, 12), (WORK, 1, 0, 20, 22), (WORK, 0, 0, 30, 31)]
    found = flights(make_trace, *rows)
    assert found.layers(40) == [((30, 31), 40 - 17), ((5, 22), 17), ((0, 0), 0)]
    assert sorted(found.in_layers()) == [(1, 5, 22), (1, 8, 12)]


def test_what_the_controller_issues_is_no_work_for_a_layer(make_trace: MakeTrace) -> None:
    events = [(0, 9, 0, WORK, 1, 0, 1, 0, 0), (20, 5, 1, WORK, 1, 0, 1, 0, 0)]
    trace = make_trace(events, units=("controller", "host"), kinds=KINDS)
    found = InFlight(trace.header)
    for chunk in trace.events.chunks("unit", "kind", "layer", "inference", "start", "span"):
        found.add(chunk)
    assert found.layers(30)[1] == ((20, 25), 5)


@pytest.mark.parametrize(
    ("rows", "outside"),
    [
        ([], 100),
        ([(WORK, 1, 0, 10, 30)], 80),
        ([(WORK, 1, 0, 10, 30), (WORK, 2, 0, 20, 50)], 60),
        ([(WORK, 1, 0, 10, 30), (WORK, 2, 1, 10, 30)], 80),
        ([(WORK, 1, 0, 10, 30), (WORK, 1, 1, 25, 45), (WORK, 2, 0, 40, 60)], 50),
        ([(WORK, 1, 0, -20, 10), (WORK, 0, 0, 50, 70)], 90),
    ],
)
def test_outside_layers_is_when_no_layer_of_any_inference_is_in_flight(
    make_trace: MakeTrace, rows: list[tuple[int, int, int, int, int]], outside: int
) -> None:
    """Layers that overlap, of one inference or of two, leave the same cycles once; set-up comes before cycle 0."""
    found = flights(make_trace, *rows)
    assert found.layers(100)[0][1] == outside
