"""What a chip file says of its cells, as the models of cells take it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa.program import Memory
from acortex.programs import zoo
from acortex.sim.accuracy import cells
from acortex.sim.accuracy.cells import differ, floor, written
from acortex.sim.accuracy.chips import top_code
from acortex.sim.accuracy.own import ErrorModel
from acortex.sim.accuracy.sound import check
from acortex.sim.analog.cell_models import resistive_cell
from acortex.sim.chip.specs import Chip, load_chip

QUIET = ["errors.model=analog", "errors.tuning_pct=0", "errors.temperature_pct_per_c=0"]


def chip_with(*settings: str) -> Chip:
    return load_chip("acortex_digits", [*QUIET, "arrays.k=32", *(f"errors.{one}" for one in settings)])


def cells_of(chip: Chip, weight: int = 4) -> np.ndarray:
    """The cells of one array of equal weights, on one chip."""
    return written(chip, np.full((32, 32), weight, np.float32), 0, (0,), [(0, 0)])


def test_cells_that_are_off_conduct_what_the_ratio_leaves_and_stuck_ones_end_there_too() -> None:
    chip = chip_with("on_off=9")
    assert floor(chip) == 1.0  # 1 of 9 levels
    assert np.unique(cells_of(chip)).tolist() == [1, 5]
    assert np.unique(cells_of(chip_with("on_off=9", "stuck_on_ppm=500000", "stuck_off_ppm=500000"))).tolist() == [1, 9]
    assert np.unique(cells_of(chip_with("on_off=9", "stuck_on_ppm=1000000"))).tolist() == [9]


def test_the_model_of_a_resistive_cell_takes_what_the_chip_states() -> None:
    plain = cells._resistive(chip_with())
    assert plain == resistive_cell
    stated = cells._resistive(
        chip_with("on_off=9", "cell_full_scale_us=99", "threshold_v=2.1", "threshold_spread_pct=7")
    )
    assert stated.level_us == pytest.approx(99 / 9)
    assert (stated.set_v, stated.reset_v) == pytest.approx((2.1, 2.3))  # both scale alike: 1.05 and 1.15 V are usual
    assert stated.threshold_spread == pytest.approx(0.07)


@pytest.mark.parametrize(
    ("settings", "full"),
    [
        (["statistics=pcm", "cell_full_scale_us=20"], 20),
        (["statistics=sonos", "cell_full_scale_us=2", "v_read=0.5"], 1000),  # nA
        (["statistics=sonos", "v_read=0.5"], None),
        (["statistics=sonos", "cell_full_scale_us=2"], None),
    ],
    ids=str,
)
def test_a_full_scale_is_in_the_unit_of_its_statistics(settings: list[str], full: float | None) -> None:
    assert cells._full_scale(chip_with(*settings)) == full


def test_pulses_of_a_crossbar_are_shared_by_its_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, int, int]] = []

    def write(cell: object, target: np.ndarray, tolerance: float, streams: list[object], *how: object) -> object:
        given.append(how)  # type: ignore[arg-type]
        return np.broadcast_to(target, (len(streams), *target.shape)), None

    monkeypatch.setattr(cells.passive, "write_passive", write)
    chip = chip_with("programming=write_verify", "cell_model=resistive", "write_scheme=third", "tuning_pct=5")
    writing = chip.program_erase
    assert cells_of(chip).shape == (1, 2, 32, 32)
    assert given == [("V/3", 2, writing.levels * writing.pulses_per_level // 2)]


@pytest.mark.parametrize(("most", "bits"), [(0, 4), (15, 4), (16, 5), (255, 8)])
def test_the_largest_code_counts_what_lies_in_memory_before_the_run(most: int, bits: int) -> None:
    program = zoo.load("digits_mlp")
    words = np.zeros((2, 64), np.uint8)
    words[1, 63] = most
    tables = [Memory(0, words, program.lines[0]), Memory(2, words // 2, program.lines[0])]
    for memory in (tables[:1], tables, tables[::-1]):
        assert top_code(replace(program, memory=tuple(memory)), chip_with()) == (1 << bits) - 1


@pytest.mark.parametrize(("current", "fits"), [(1e6, True), (-1e6, True), (1.01e6, False), (-1.01e6, False)])
def test_cells_of_a_model_of_one_s_own_conduct_so_much_at_most(current: float, fits: bool) -> None:
    model = ErrorModel("large", cells=lambda given, drawn: np.full_like(given, current))
    drawn: Any = None
    with nullcontext() if fits else pytest.raises(UsageError, match=r"gave a current of 1\.01e\+06 levels, at most 1e"):
        assert model.act_on_cells(np.ones((1, 2, 4, 4), np.float32), drawn).max() == np.float32(current)


@pytest.mark.parametrize(("off", "fits"), [(400_000, True), (400_001, False)])
def test_all_cells_may_be_stuck_and_no_more(off: int, fits: bool) -> None:
    errors = chip_with("stuck_on_ppm=600000").errors.model_copy(update={"stuck_off_ppm": Decimal(off)})
    with nullcontext() if fits else pytest.raises(UsageError, match="together they are at most 1,000,000"):
        check(errors)


@pytest.mark.parametrize(
    ("setting", "apart"),
    [
        ("tuning_pct=1", True), ("statistics=sonos", True), ("stuck_on_ppm=1", True), ("stuck_off_ppm=1", True),
        ("dead_arrays_ppm=1", True), ("drift_spread=0.1", True), ("array_gain_pct=1", True), ("dac_gain_pct=1", True),
        ("temperature_pct_per_c=1", True), ("programming=write_verify", True), ("programming=drawn", False),
        ("read_pct=1", False), ("drift_exponent=0.1", False), ("ramp_gain_pct=1", False), ("on_off=9", False),
    ],
)  # fmt: skip
def test_weights_differ_from_chip_to_chip_where_something_is_drawn_for_them(setting: str, apart: bool) -> None:
    assert differ(chip_with(setting).errors) == apart
