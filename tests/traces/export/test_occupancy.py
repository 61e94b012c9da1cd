"""What lies between units: counted cycle by cycle, and nothing where a trace does not tell."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from acortex.traces.export.occupancy import PLACES, occupancies
from acortex.traces.file import writer as writing
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind

from ..conftest import MakeTrace

NAMES = ("bus.down", "buffer.slide", "vmm.load", "vmm.frame")
DOWN, SLIDE, LOAD, FRAME = range(4)
Row = tuple[int, int, int, int]
Make = Callable[..., Trace]


@pytest.fixture
def make(make_trace: MakeTrace) -> Make:
    """make(rows, names=NAMES): a trace of events as (kind, start, duration, count)."""

    def made(rows: list[Row], names: tuple[str, ...] = NAMES, **more: object) -> Trace:
        kinds = tuple(EventKind(name, "things", "", "") for name in names)
        events = [(start, duration, 0, kind, count, 0, 0, 0, 0) for kind, start, duration, count in rows]
        return make_trace(events, kinds=kinds, **more)

    return made


def found(trace: Trace) -> dict[str, list[tuple[int, int]]]:
    """The content of each place from the cycles in which it changes."""
    return {
        place.unit: list(zip(at.tolist(), content.tolist(), strict=True)) for place, at, content in occupancies(trace)
    }


def test_words_lie_in_the_buffer_until_a_vector_takes_as_many_as_it_says(make: Make) -> None:
    rows = [(DOWN, 0, 2, 1), (DOWN, 2, 2, 1), (DOWN, 4, 2, 1), (SLIDE, 5, 3, 2)]
    assert found(make(rows))["words"] == [(2, 1), (4, 2), (5, 0), (6, 1)]


def test_vectors_and_loads_go_as_what_takes_them_ends_one_each_whatever_its_count(make: Make) -> None:
    rows = [(SLIDE, 0, 1, 5), (LOAD, 1, 3, 7), (FRAME, 4, 6, 9)]
    assert found(make(rows)) == {"vectors": [(1, 1), (4, 0)], "loads": [(4, 1), (10, 0)], "words": [(0, -5)]}


@pytest.mark.parametrize("seed", range(5))
def test_the_content_of_each_place_is_a_count_of_what_came_and_went(
    make: Make, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ROWS", 7)
    rng = random.Random(seed)
    rows = [(rng.randrange(4), rng.randrange(40), rng.randrange(5), rng.randrange(4)) for _ in range(60)]
    shown = found(make(rows))
    for place in PLACES:
        made, taken = NAMES.index(place.made), NAMES.index(place.taken)
        content, wanted = 0, []
        for cycle in range(50):
            came = [1 for kind, start, length, _ in rows if kind == made and start + length == cycle]
            gone = [
                count if place.counted else 1
                for kind, start, length, count in rows
                if kind == taken and start + length * place.at_end == cycle
            ]
            content += len(came) - sum(gone)
            wanted += [(cycle, content)] * bool(came or gone)
        assert shown[place.unit] == wanted, place.name


def test_a_place_of_which_one_kind_is_not_in_the_trace_is_left_out_and_the_next_is_not(make: Make) -> None:
    rows = [(1, 0, 1, 1), (2, 1, 1, 1)]
    assert found(make(rows, ("sync", "vmm.load", "vmm.frame"))) == {"loads": [(1, 1), (2, 0)]}
    assert found(make(rows, ("sync", "bus.down", "vmm.load"), name="other")) == {}


def test_nothing_is_said_of_a_part_of_a_run_or_of_coarser_rows(make: Make) -> None:
    rows = [(LOAD, 0, 1, 1), (FRAME, 1, 1, 1)]
    assert found(make(rows)).keys() == {"vectors", "loads"}
    assert found(make(rows).select(window=(0, 9))) == {}
    assert found(make(rows, name="coarse", level="layers")) == {}


def test_a_place_without_events_is_not_shown(make: Make) -> None:
    assert found(make([])) == {}
    assert found(make([(DOWN, 0, 1, 1)], name="words")) == {"words": [(1, 1)]}
