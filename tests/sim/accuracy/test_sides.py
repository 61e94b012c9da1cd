"""Errors on arrays of another side: whole arrays are drawn, and long wires lose more than short ones."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.sim.accuracy.cells import FULL_SCALE
from acortex.sim.accuracy.place import Remapped
from acortex.sim.accuracy.trims import AVERAGES, trims_of
from acortex.sim.accuracy.written import Writer
from acortex.sim.chip.groups import Rect, form_group
from acortex.sim.chip.specs import Chip, load_chip

WIRES = ["errors.wire_row_ohm=1", "errors.wire_column_ohm=1", "errors.cell_full_scale_us=5"]
QUIET = ["errors.tuning_pct=0", "errors.temperature_pct_per_c=0", "errors.on_off=1000000000"]


def chip_with(k: int, *settings: str) -> Chip:
    """A chip with the errors of a test on arrays of a side."""
    return load_chip("acortex_digits", [f"arrays.k={k}", "errors.model=analog", *QUIET, *settings])


def lost(k: int) -> float:
    """The share that wires take of a matrix of 128 x 128 full weights, in arrays of a side."""
    chip, tiles = chip_with(k, *WIRES, "arrays.n=8"), -(-128 // k)
    group = form_group(0, 128, 128, [Rect(0, 0, tiles, tiles)], chip)
    weights = np.full((128, 128), -FULL_SCALE, np.int8)
    found = Writer(chip, 0, (0,), [Remapped({}, frozenset())]).matrices(group, weights)
    assert found.weights.shape == (1, 128, 128)
    return 1 - float(np.abs(found.weights).mean()) / (256 * FULL_SCALE)


def test_wires_lose_nearly_with_the_square_of_the_side() -> None:
    """The drop of a wire is the sum of its pieces' currents: of k cells each, it grows with k^2 while it is small."""
    small, middle, large = lost(32), lost(64), lost(128)
    assert 3 < middle / small < 4.05
    assert 2.5 < large / middle < middle / small
    # By hand, of one row of pairs, half of them on: 1 ohm x 5 uS x the mean of sum_j (1 + min(i, j)), and of columns.
    k, drop = 32, 1 * 5e-6
    pieces = np.minimum.outer(np.arange(2 * k), np.arange(0, 2 * k, 2)) + 1
    rows = pieces.sum(axis=1)[::2].mean() * drop
    columns = (k - np.maximum.outer(np.arange(k), np.arange(k))).sum(axis=1).mean() * drop
    assert small == pytest.approx(rows + columns, rel=0.03)


@pytest.mark.parametrize("k", [32, 64, 128])
def test_cells_are_drawn_for_whole_arrays(k: int) -> None:
    chip = chip_with(k, "errors.tuning_pct=5", "errors.tuning_shape=normal")
    writer = Writer(chip, 3, (0, 1), [Remapped({}, frozenset())] * 2)
    part = writer.cells(np.full((3, 5), 4, np.int8), (0, 0), False)
    whole = writer.cells(np.full((k, k), 4, np.int8), (0, 0), False)
    assert whole.shape == (2, 2, k, k)
    assert (part[:, :, :3, :5] == whole[:, :, :3, :5]).all()
    spread = (whole[:, 0] / 4 - 1).std()
    assert spread == pytest.approx(0.05, rel=0.05)


@pytest.mark.parametrize(("k", "loads"), [(32, 1), (64, 1), (128, 2)])
def test_trims_by_hand(k: int, loads: int) -> None:
    """Four sets of converters, each measured 16 times through an array of its column; frames of 9, 18 and 36 cycles."""
    chip = chip_with(k, "errors.trim_codes=0.1", "arrays.n=2")
    found = trims_of(chip)
    assert found is not None
    assert found.array_operations == 4 * AVERAGES
    assert found.conversions == 4 * AVERAGES * k
    cycles = AVERAGES * (4 * loads + 18 * k // 64 + 16)
    assert found.time_s == pytest.approx(cycles * 1.785e-9)


@pytest.mark.parametrize(
    ("settings", "points"),
    [(["errors.trim_codes=0.1"], 1), (["errors.trim_pct=1"], 2), (["errors.trim_codes=0.1", "errors.trim_pct=1"], 2)],
    ids=str,
)
def test_trims_of_gains_take_a_second_point_and_each_set_of_converters_its_turn(
    settings: list[str], points: int
) -> None:
    """Four columns of two sets each: their 8 words are loaded 3 in a cycle."""
    found = trims_of(chip_with(64, *settings, "arrays.n=2", "neurons.adcs_per_column=2", "arrays.loads_per_cycle=3"))
    assert found is not None
    assert (found.array_operations, found.conversions) == (8 * AVERAGES * points, 8 * AVERAGES * points * 64)
    assert found.time_s == pytest.approx(AVERAGES * points * (3 + 18 + 16) * 1.785e-9)
    assert trims_of(chip_with(64, "arrays.n=2")) is None
