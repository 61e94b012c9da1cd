"""Faults: how many cells and arrays they hit, and where spares go."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acortex.sim.analog.faults import dead, remap, stuck
from acortex.sim.analog.pairs import split
from acortex.sim.analog.streams import stream, uniforms

DRAWS = (500, 2, 32, 32)
CELLS = split(np.random.default_rng(0).integers(-7, 8, (32, 32)).astype(np.float32))


def places(shape: tuple[int, ...] = DRAWS) -> np.ndarray:
    return uniforms(stream(0, 0, "array", (0, 0), "stuck"), shape)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_fault_changes_nothing_bit_for_bit(dtype: type) -> None:
    cells = CELLS.astype(dtype)
    found = stuck(cells, places(), 0, 0)
    assert found.dtype == dtype
    assert found.tobytes() == np.broadcast_to(cells, DRAWS).tobytes()
    assert not dead(places(), 0).any()


@pytest.mark.parametrize(("on", "off"), [(1000, 0), (0, 2000), (5000, 20_000)])
def test_as_many_cells_are_stuck_as_was_asked_for(on: float, off: float) -> None:
    found = stuck(np.full((2, 32, 32), 4.0), places(), on, off)
    size = found.size
    for value, ppm in ((8, on), (0, off)):
        share = ppm / 1e6
        assert abs((found == value).mean() - share) <= 5 * math.sqrt(share / size)
    assert ((found == 4) | (found == 8) | (found == 0)).all()
    assert (found != 4).any()


def test_stuck_cells_have_the_ends_of_the_range() -> None:
    found = stuck(np.full((1, 4), 3.0, np.float32), np.array([[0.1, 0.4, 0.6, 0.95]]), 1e5, 2e5, levels=4, floor=0.5)
    assert found.tolist() == [[0.5, 3.0, 3.0, 4.5]]
    assert found.dtype == np.float32


def test_a_larger_share_keeps_the_cells_that_were_stuck() -> None:
    few, many = (stuck(np.full((2, 32, 32), 4.0), places(), ppm, ppm) for ppm in (1000, 3000))
    assert (few != 4).sum() * 2 < (many != 4).sum()
    assert (many[few != 4] == few[few != 4]).all()


def test_the_faults_of_a_chip_among_others_are_those_of_the_chip_alone() -> None:
    drawn = places()
    found = stuck(CELLS, drawn, 2000, 3000)
    for chip in (0, 7, 499):
        assert (found[chip] == stuck(CELLS, drawn[chip], 2000, 3000)).all()


def test_as_many_arrays_are_dead_as_was_asked_for() -> None:
    hit = dead(places(), 10_000)
    assert hit.shape == DRAWS
    assert abs(hit.mean() - 0.01) < 5 * math.sqrt(0.01 / hit.size)
    assert dead(np.array([0.2, 0.7]), 1e6).all()


def test_spares_take_the_place_of_dead_arrays_in_order() -> None:
    found = remap([(0, 0), (0, 1), (0, 2), (1, 0)], {(0, 1), (1, 0), (2, 0)}, [(2, 0), (0, 2), (2, 1), (2, 2)])
    assert found.placed == {(0, 0): (0, 0), (0, 1): (2, 1), (0, 2): (0, 2), (1, 0): (2, 2)}
    assert found.unplaced == ()


def test_what_no_spare_is_left_for_is_reported() -> None:
    found = remap("abcd", {"a", "c", "d"}, "ez")
    assert found.placed == {"a": "e", "b": "b", "c": "z"}
    assert found.unplaced == ("d",)
    assert remap("ab", set(), "z").placed == {"a": "a", "b": "b"}


def test_no_array_holds_two() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        wanted, spares = rng.integers(0, 12, 8).tolist(), rng.integers(0, 20, 8).tolist()
        gone = set(rng.integers(0, 20, 6).tolist())
        found = remap(wanted, gone, spares)
        assert len(set(found.placed.values())) == len(found.placed)
        assert not set(found.placed.values()) & gone
        assert {*found.placed, *found.unplaced} == set(wanted)
        assert not found.unplaced or set(spares) <= {*gone, *wanted, *found.placed.values()}


class Counted(int):
    """A name that counts how often it is looked up."""

    looked_up = 0

    def __hash__(self) -> int:
        type(self).looked_up += 1
        return super().__hash__()


def test_a_chip_of_many_arrays_takes_work_by_their_number_alone() -> None:
    arrays = [Counted(one) for one in range(2000)]
    remap(arrays[:1000], {arrays[3]}, arrays)
    assert Counted.looked_up < 20 * len(arrays)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: stuck(CELLS, places(), -1, 0),
            "-1 ppm of cells stuck on and 0 ppm off are not 0 or more and a million",
        ),
        (lambda: stuck(CELLS, places(), 6e5, 6e5), "600000.0 ppm of cells stuck on and 600000.0 ppm off are not"),
        (lambda: stuck(CELLS, places()[0, 0], 1, 1), r"places of shape \(32, 32\) does not fit cells of shape"),
        (lambda: dead(places(), 2e6), "2000000.0 ppm of dead arrays are not within 0 to a million"),
    ],
)
def test_a_wrong_argument_is_named(call: object, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}"):
        call()  # type: ignore[operator]
