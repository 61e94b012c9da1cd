"""Programming: the size and shape of tuning errors, and closed loops that end where publications say."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acortex.sim.analog.cell_models import flash_cell, resistive_cell
from acortex.sim.analog.pairs import join, split
from acortex.sim.analog.programming import largest, tuned, write_verify
from acortex.sim.analog.streams import normals, stream, uniforms

WEIGHTS = np.arange(-8, 8).reshape(4, 4).astype(np.float32)
CELLS = split(WEIGHTS)
SHAPE = (500, 2, 32, 32)
DRAWS = math.prod(SHAPE)


def source(chip: int = 0, purpose: str = "tuning") -> np.random.PCG64:
    return stream(0, chip, "array", (0, 0), purpose)


def noise(shape: str, size: tuple[int, ...] = SHAPE) -> np.ndarray:
    return (uniforms if shape == "band" else normals)(source(), size)


@pytest.mark.parametrize("of", ["target", "full_scale"])
@pytest.mark.parametrize("shape", ["band", "normal"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_error_changes_nothing_bit_for_bit(of: str, shape: str, dtype: type) -> None:
    cells = (CELLS * 1.1).astype(dtype)
    found = tuned(cells, noise(shape, (3, *cells.shape)), 0.0, of, shape)
    assert found.dtype == dtype
    assert found.tobytes() == np.broadcast_to(cells, found.shape).tobytes()


@pytest.mark.parametrize(("shape", "variance", "fourth"), [("band", 1 / 3, 9 / 5), ("normal", 1, 2.9992)])
@pytest.mark.parametrize("of", ["target", "full_scale"])
def test_errors_have_the_size_and_the_shape_that_was_asked_for(
    shape: str, variance: float, fourth: float, of: str
) -> None:
    share, cells = 0.02, np.full((2, 32, 32), 5.0)
    unit = share * (5 if of == "target" else 8)
    error = (tuned(cells, noise(shape), share, of, shape) - 5) / unit
    assert abs(error.mean()) < 5 * math.sqrt(variance / DRAWS)
    assert abs(error.var() - variance) < 5 * variance * math.sqrt((fourth - 1) / DRAWS)
    kurtosis = ((error - error.mean()) ** 4).mean() / error.var() ** 2
    assert abs(kurtosis - fourth) < 5 * math.sqrt(96 / DRAWS)
    if shape == "band":
        assert 0.9999 < abs(error).max() <= 1 + 1e-12


def test_an_error_of_full_scale_is_a_share_of_the_levels() -> None:
    drawn = np.ones(CELLS.shape)
    for levels in (4, 8, 15):
        found = tuned(CELLS, drawn, 0.1, "full_scale", "normal", levels)
        assert found - CELLS == pytest.approx(np.full(CELLS.shape, 0.1 * levels), abs=1e-5)


def test_float32_and_float64_agree() -> None:
    drawn = noise("normal", (20, *CELLS.shape))
    narrow, wide = (tuned(CELLS.astype(dtype), drawn, 0.05, shape="normal") for dtype in (np.float32, np.float64))
    assert narrow.dtype == np.float32
    assert wide.dtype == np.float64
    assert np.allclose(narrow, wide, rtol=1e-6, atol=0)


def test_the_error_of_a_product_is_the_root_of_the_sum_of_squares() -> None:
    # One array of 64 rows and columns, 2,000 times, against share * sqrt(sum of x^2 w^2) for each column.
    rng, share = np.random.default_rng(0), 0.05
    weights = np.clip(np.rint(rng.normal(0, 3, (64, 64))), -8, 8).astype(np.float32)
    inputs = rng.integers(0, 16, 64).astype(np.float32)
    cells = split(weights)
    sums = [
        inputs @ join(tuned(cells, normals(source(chip), cells.shape), share, shape="normal")) for chip in range(2000)
    ]
    ratio = np.std(sums, axis=0) / (share * np.sqrt(inputs**2 @ weights**2))
    assert ratio.mean() == pytest.approx(1, abs=0.01)
    assert ratio == pytest.approx(np.ones(64), abs=0.08)


def test_an_error_of_the_target_leaves_a_cell_that_is_off_at_0() -> None:
    found = tuned(CELLS, noise("normal", (50, *CELLS.shape)), 0.1, shape="normal")
    assert (found[:, CELLS == 0] == 0).all()
    assert (found[:, CELLS > 0] != CELLS[CELLS > 0]).mean() > 0.99


def test_an_error_of_full_scale_reaches_cells_that_are_off_but_not_below_0() -> None:
    off = np.zeros((2, 32, 32))
    found = tuned(off, noise("normal"), 0.05, "full_scale", "normal")
    assert found.min() == 0
    assert abs((found == 0).mean() - 0.5) < 5 * math.sqrt(0.25 / DRAWS)
    # Half normal: the mean is sigma / sqrt(2 pi), and its variance is below that of the whole normal.
    assert abs(found.mean() - 0.4 / math.sqrt(2 * math.pi)) < 5 * 0.4 / math.sqrt(DRAWS)


@pytest.mark.parametrize("shape", ["band", "normal"])
def test_no_cell_falls_below_0_at_a_huge_error(shape: str) -> None:
    assert tuned(CELLS, noise(shape, (50, *CELLS.shape)), 2.0, shape=shape).min() == 0


@pytest.mark.parametrize("of", ["target", "full_scale"])
def test_a_chip_among_others_is_the_chip_alone(of: str) -> None:
    drawn = noise("normal", (5, 3, *CELLS.shape))
    chips = np.stack([CELLS, CELLS * 0.5, CELLS[::-1]])
    together = tuned(chips, drawn, 0.05, of, "normal")
    for at in np.ndindex(5, 3):
        assert (together[at] == tuned(chips[at[1]], drawn[at], 0.05, of, "normal")).all()


def test_the_result_may_take_the_place_of_the_noise() -> None:
    drawn = noise("band", (5, *CELLS.shape)).astype(np.float32)
    wanted = tuned(CELLS, drawn, 0.05)
    assert tuned(CELLS, drawn, 0.05, out=drawn) is drawn
    assert (drawn == wanted).all()


def test_cells_that_are_not_tuned_are_off() -> None:
    mask = np.zeros(CELLS.shape, bool)
    mask[:, 1] = True
    found = tuned(CELLS, noise("band", (4, *CELLS.shape)), 0.01, tuned=mask)
    assert (found[:, :, [0, 2, 3]] == 0).all()
    assert (abs(found[:, :, 1] - CELLS[:, 1]) <= 0.01 * CELLS[:, 1] + 1e-6).all()


def test_a_share_of_the_cells_is_that_of_the_largest() -> None:
    found = tuned(CELLS, noise("band", CELLS.shape), 0.0, tuned=0.25)
    assert np.count_nonzero(found) == 8
    assert sorted(found[found > 0].tolist()) == [4, 5, 5, 6, 6, 7, 7, 8]


def test_the_largest_cells_are_picked_for_each_chip_and_ties_are_spread() -> None:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 9, (3, 2, 64, 32)).astype(np.float32)
    mask = largest(cells, 0.3)
    for chip, one in zip(cells, mask, strict=True):
        assert one.sum() == round(0.3 * chip.size)
        assert chip[one].min() >= chip[~one].max()
        assert (one == largest(chip, 0.3)).all()
    even = largest(np.ones((2, 64, 32)), 0.3)
    assert even.mean(axis=(0, 2)).min() > 0.15
    assert even.mean(axis=(0, 1)).min() > 0.15
    assert not largest(cells, 0.0).any()
    assert largest(cells, 1.0).all()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"share": -0.1}, "a tuning error of -0.1 is none; it is a share of 0 or more, such as 0.01 for 1 %"),
        ({"share": math.nan}, "a tuning error of nan is none"),
        ({"of": "range"}, "a tuning error is a share of target or full_scale, not of 'range'"),
        ({"shape": "gauss"}, "a tuning error has the shape band or normal, not 'gauss'"),
        (
            {"noise": np.full((2, 4, 4), -0.5)},
            r"a band takes uniform noise in \(0, 1\); this reaches from -0.5 to -0.5",
        ),
        ({"noise": np.full((2, 4, 4), math.nan)}, r"a band takes uniform noise in \(0, 1\); this reaches from nan"),
        ({"noise": np.zeros((2, 4))}, r"noise of shape \(2, 4\) does not fit cells of shape \(2, 4, 4\)"),
        ({"out": np.zeros((2, 4, 4))}, r"out is float64 \(2, 4, 4\), not float32 \(2, 4, 4\)"),
        ({"tuned": np.ones((3, 4), bool)}, r"a mask of shape \(3, 4\) does not fit cells of shape \(2, 4, 4\)"),
        ({"tuned": 1.5}, "a share of 1.5 of the cells is not within 0 and 1"),
    ],
)
def test_a_wrong_argument_of_tuning_is_named(changes: dict[str, object], text: str) -> None:
    arguments = {"cells": CELLS, "noise": np.zeros(CELLS.shape, np.float32), "share": 0.01} | changes
    with pytest.raises(ValueError, match=f"^{text}"):
        tuned(**arguments)  # type: ignore[arg-type]


def test_flash_cells_reach_what_is_published_for_10_and_35_pulses() -> None:
    # DRC 2016: about 3 % after 10 pulses and 0.3 % after 35, over 4 decades of current.
    target = 8 * 10 ** (-4 * uniforms(source(), 20_000))
    for budget, low, high in ((10, 0.025, 0.035), (35, 0.0020, 0.0035)):
        achieved, pulses = write_verify(flash_cell, target, 0.0, budget, source(purpose="pulses"))
        assert low < abs(achieved / target - 1).mean() < high
        assert pulses.min() > budget - 2


def test_a_closed_loop_stops_within_its_tolerance_and_within_its_budget() -> None:
    target = split(np.random.default_rng(0).integers(-8, 8, (64, 64)).astype(np.float32))
    achieved, pulses = write_verify(flash_cell, target, 0.01, 32, source(purpose="pulses"))
    on = target > 0
    assert achieved.dtype == np.float32
    assert (achieved[~on] == 0).all()
    assert (pulses[~on] == 0).all()
    error = abs(achieved[on] / target[on] - 1)
    assert (error <= 0.01 + 5 * flash_cell.read_noise).mean() > 0.999
    assert pulses.max() <= 32
    assert 3 < pulses[on].mean() < 10


@pytest.mark.parametrize("tolerance", [0.01, 0.05])
def test_floating_gates_stop_on_the_side_they_come_from(tolerance: float) -> None:
    target = np.tile(np.arange(1.0, 8.0), 1000)
    achieved, _ = write_verify(flash_cell, target, tolerance, 32, source(purpose="pulses"))
    error = achieved / target - 1
    assert (error > 0).mean() > 0.7
    assert 0.3 < error.mean() / tolerance < 0.7


@pytest.mark.parametrize("model", [flash_cell, resistive_cell])
def test_a_chip_that_is_written_among_others_is_the_chip_alone(model: object) -> None:
    target = np.random.default_rng(0).uniform(1, 8, (3, 2, 5, 4))
    together = write_verify(model, target, 0.02, 40, [source(chip, "pulses") for chip in range(3)])  # type: ignore[arg-type]
    for chip in range(3):
        alone = write_verify(model, target[chip], 0.02, 40, source(chip, "pulses"))  # type: ignore[arg-type]
        assert (together[0][chip] == alone[0]).all()
        assert (together[1][chip] == alone[1]).all()


@pytest.mark.parametrize(("tolerance", "pulses_each"), [(0.02, (35, 65)), (0.05, (30, 60))])
def test_resistive_cells_with_transistors_take_the_published_number_of_pulses(
    tolerance: float, pulses_each: tuple[float, float]
) -> None:
    # Fahimi et al. 2021: about 50 pulses to come within 2 %.
    target = np.tile(np.linspace(10.4, 142.8, 10), 400) / resistive_cell.level_us
    achieved, pulses = write_verify(resistive_cell, target, tolerance, 120, source(purpose="pulses"))
    error = abs(achieved / target - 1)
    assert pulses_each[0] <= pulses.mean() <= pulses_each[1]
    assert (error <= tolerance + 5 * resistive_cell.read_noise).mean() > 0.98


def test_a_band_ends_nearly_uniform_on_resistive_cells() -> None:
    # Quantiles of abs(error) / tolerance of a uniform band are their own probabilities.
    target = np.tile(np.linspace(10.4, 142.8, 10), 1000) / resistive_cell.level_us
    achieved, _ = write_verify(resistive_cell, target, 0.05, 120, source(purpose="pulses"))
    error = achieved / target - 1
    assert np.quantile(abs(error) / 0.05, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.1)
    assert error.std() / 0.05 == pytest.approx(0.65, abs=0.05)
    assert abs((error < 0).mean() - 0.5) < 0.05


def test_a_pulse_on_a_resistive_cell_does_what_its_formula_says() -> None:
    volts, g = np.array([1.0, 1.3, 1.3, 5.0, -1.0, -1.3, -1.3]), np.array([50.0, 50, 190, 7, 50, 50, 7])
    push = resistive_cell.push(volts, np.full(7, 1.1), np.full(7, 1.2))
    drive = [0, math.exp(0.2 / 0.12) - 1, math.exp(0.2 / 0.12) - 1, math.exp(6) - 1, 0]
    drive += [1 - math.exp(0.1 / 0.12), 1 - math.exp(0.1 / 0.12)]
    assert push == pytest.approx(0.01 * np.array(drive))
    room = 1 - np.array([0, 50 / 200, 190 / 200, 7 / 200, 0, 1e3 / 150 / 50, 1e3 / 150 / 7]) ** 4
    wanted = g * np.exp(np.minimum(push * room, 3))
    assert resistive_cell.after(g, push) == pytest.approx(np.minimum(wanted, 200))
    assert resistive_cell.after(g, push)[[0, 4]].tolist() == [50, 50]


def test_amplitudes_rise_and_start_anew_where_the_sign_changes() -> None:
    error = np.array([-0.1, -0.1, 0.1, 0.1, -0.1, -0.1, 0.1])
    volts = np.array([0.0, 0.5, 0.5, 0.0, -0.7, 2.0, -2.2])
    assert resistive_cell.next_volts(volts, error).tolist() == pytest.approx([0.5, 0.55, -0.5, -0.5, 0.5, 2.0, -2.2])


def test_without_pulses_cells_stay_as_they_began() -> None:
    target = np.array([2.0, 0.0, 4.0])
    achieved, pulses = write_verify(flash_cell, target, 0.01, 0, source())
    assert achieved.tolist() == pytest.approx([8, 0, 8])
    assert pulses.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"tolerance": 1.0}, "a tolerance of 1.0 is not within 0 and 1; it is a share, such as 0.05 for 5 %"),
        ({"budget": -1}, "a budget of -1 pulses is none; it is 0 or more"),
        ({"target": np.array([-1.0, 2.0])}, "targets reach from -1.0 to 2.0; a conductance is 0 or more"),
        ({"source": [source()]}, "1 streams do not fit targets of 2 chips"),
        (
            {"model": resistive_cell, "target": np.array([0.0, 2.0])},
            "targets reach from 0 to 33.12 uS, the device from 6.667 to 200 uS; give cells that are off a floor",
        ),
    ],
)
def test_a_wrong_argument_of_a_closed_loop_is_named(changes: dict[str, object], text: str) -> None:
    arguments = {
        "model": flash_cell, "target": np.ones(2), "tolerance": 0.01, "budget": 32, "source": source(),
    } | changes  # fmt: skip
    with pytest.raises(ValueError, match=f"^{text}"):
        write_verify(**arguments)  # type: ignore[arg-type]
