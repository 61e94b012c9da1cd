"""What a group costs in time: turns of its neurons word by word, and words of a load, beside routes made by hand."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import acortex
from acortex.errors import AcortexError
from acortex.isa import assemble_file
from acortex.sim.chip.buses import GroupRoute
from acortex.sim.chip.groups import GroupTimes, Rect, form_group
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.configuration import Configuration, configure

PROGRAMS = Path(acortex.__file__).parent / "programs"


@pytest.fixture(scope="module")
def made() -> Configuration:
    """A program with one group of 65 x 130."""
    return configure(assemble_file(PROGRAMS / "conv3x3.s"), load_chip("acortex_digits"))


def times(made: Configuration, columns: int, turns: tuple[int, ...], *settings: str) -> GroupTimes:
    """The times of a group of 64 x `columns` whose tile columns are converted in these turns."""
    chip = load_chip("acortex_gnmt", settings)
    group = form_group(0, 64, columns, [Rect(0, 0, -(-64 // chip.arrays.k), len(turns))], chip)
    held = Configuration(made.program, chip, {0: group}, dict(made.weights))
    held.routes[0] = GroupRoute(frozenset({("east", n) for n in range(3)}), Decimal(1), turns)  # type: ignore[arg-type]
    return held.times()[0]


@pytest.mark.parametrize(
    ("columns", "turns", "rounds", "words"),
    [
        (64, (0,), (64,), (1,)),
        (1, (0,), (1,), (1,)),
        (128, (0, 0), (128,), (2,)),
        (65, (0, 0), (65,), (2,)),
        (128, (0, 1), (64, 64), (1, 1)),
        (100, (0, 1), (64, 36), (1, 1)),
        (65, (0, 1), (64, 1), (1, 1)),
        (192, (0, 1, 0), (128, 64), (1, 2)),  # the last word is there in turn 0, and waits for the one before it
        (192, (1, 0, 0), (128, 64), (0, 3)),
        (192, (0, 1, 2), (64, 64, 64), (1, 1, 1)),
    ],
)
def test_each_turn_converts_its_tile_columns_and_words_leave_in_order(
    made: Configuration, columns: int, turns: tuple[int, ...], rounds: tuple[int, ...], words: tuple[int, ...]
) -> None:
    found = times(made, columns, turns)
    assert (found.rounds, found.words, found.all_words) == (rounds, words, sum(words))


@pytest.mark.parametrize("k", [32, 64, 128])
@pytest.mark.parametrize("seed", range(4))
def test_a_word_leaves_with_the_last_turn_of_any_channel_up_to_its_own(made: Configuration, k: int, seed: int) -> None:
    rng = random.Random(seed)
    tiles = rng.randint(1, 6)
    columns = (tiles - 1) * k + rng.randint(1, k)
    turns = [*range(rng.randint(1, tiles))]
    turns += [rng.choice(turns) for _ in range(tiles - len(turns))]
    rng.shuffle(turns)
    found = times(made, columns, tuple(turns), f"arrays.k={k}")
    of_channel = [turns[channel // k] for channel in range(columns)]
    ends = [min(first + 64, columns) for first in range(0, columns, 64)]
    leaves = [max(of_channel[:end]) for end in ends]
    assert found.rounds == tuple(of_channel.count(turn) for turn in range(max(turns) + 1))
    assert found.words == tuple(leaves.count(turn) for turn in range(max(turns) + 1))


@pytest.mark.parametrize(("at_once", "cycles"), [(1, 3), (2, 2), (3, 1), (4, 1)])
def test_a_load_takes_the_words_of_each_column_so_many_a_cycle(made: Configuration, at_once: int, cycles: int) -> None:
    found = times(made, 192, (0, 0, 0), "arrays.broadcast_loads=false", f"arrays.loads_per_cycle={at_once}")
    assert (found.load, found.arrays, found.segments) == (cycles, 3, 3)


def test_weights_are_prepared_once_and_only_where_values_are_wanted(made: Configuration) -> None:
    held = Configuration(made.program, made.chip, made.groups, made.weights)
    (number,) = made.groups
    plain = held.shape(number, values=False)
    assert (plain.rows, plain.columns, plain.weights) == (made.groups[number].rows, made.groups[number].columns, None)
    first = held.shape(number, values=True).weights
    assert first is not None
    assert held.shape(number, values=True).weights is first
    assert held.shape(number, values=False).weights is first


# --- what a set-up must have ------------------------------------------------------------------------------------------


TEXT = """.program one
.chip acortex_digits
.weights w, 64x64, file="w.npz", key=w
{lines}
start
halt
"""


def refusal(folder: Path, *lines: str) -> tuple[str, str]:
    """What is wrong with a set-up, and where."""
    np.savez(folder / "w.npz", w=np.ones((64, 64), dtype=np.int8))
    (folder / "one.s").write_text(TEXT.format(lines="\n".join(lines)))
    with pytest.raises(AcortexError) as caught:
        configure(assemble_file(folder / "one.s"), load_chip("acortex_digits"))
    return caught.value.message, caught.value.where.rsplit("/", 1)[-1]


def test_a_group_is_held_against_the_chip_before_it_lacks_weights(tmp_path: Path) -> None:
    message, where = refusal(tmp_path, "group g0, 64, 64")
    assert (message, where) == ("group g0: its rectangles hold 0 arrays, its matrix takes 1 x 1 arrays, 1", "one.s:4")


def test_a_group_lacks_weights_where_it_is_declared(tmp_path: Path) -> None:
    message, where = refusal(tmp_path, "group g0, 64, 64", "rect g0, 0, 0")
    assert (message, where) == ("group g0 has no weights when the set-up ends", "one.s:4")


def test_a_rectangle_that_is_wrong_is_named_by_the_last_of_its_group(tmp_path: Path) -> None:
    message, where = refusal(
        tmp_path, "group g0, 64, 64", *(f"rect g0, {at}" for at in ("0, 0", "1, 0", "1, 1")), "program g0, w"
    )
    assert where == "one.s:7"
    assert message == "group g0: the rectangle in column 1, row 0 reaches past the matrix, which takes 1 x 1 arrays"


def test_groups_that_overlap_are_named_by_the_last_rectangle_of_all(tmp_path: Path) -> None:
    both = ("group g0, 64, 64", "rect g0, 0, 0", "program g0, w", "group g1, 64, 64", "rect g1, 0, 0", "program g1, w")
    message, where = refusal(tmp_path, *both)
    assert (message, where) == ("groups g0 and g1 both take the array in column 0, row 0", "one.s:8")


def test_weights_are_of_the_groups_size_and_given_once(tmp_path: Path) -> None:
    message, where = refusal(tmp_path, "group g0, 64, 63", "rect g0, 0, 0", "program g0, w")
    assert (message, where) == ("weights w are 64 x 64, and group g0 holds 64 x 63", "one.s:6")
    twice = ("group g0, 64, 64", "rect g0, 0, 0", "program g0, w", "program g0, w")
    assert refusal(tmp_path, *twice) == ("group g0 is written twice", "one.s:7")
