"""Noise of reads: the one number per sum against cells that are drawn anew, and where formulas of physics lead."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.sim.analog.reading import flicker_pct, noisy, read_sigma, shot_pct, squares, thermal_pct

Floats = NDArray[np.floating[Any]]

ROWS, COLUMNS = 64, 16
READS = 20_000


@pytest.fixture(scope="module")
def codes() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 16, ROWS).astype(np.uint8)


@pytest.fixture(scope="module")
def cells() -> Floats:
    """Pairs of cells in levels, (2, rows, columns): one of each pair at least is off, and 43 of 100 weights are 0."""
    rng = np.random.default_rng(1)
    weights = np.rint(rng.normal(0, 3, (ROWS, COLUMNS))).clip(-8, 8) * (rng.random((ROWS, COLUMNS)) < 0.65)
    return np.stack([np.maximum(weights, 0), np.maximum(-weights, 0)]).astype(np.float32)


def redrawn(
    codes: NDArray[np.uint8], cells: Floats, spread: Floats | float, *, clip: bool = False, reads: int = READS
) -> Floats:
    """The sums of reads that each draw all cells anew, (reads, columns), with a spread of `spread` levels."""
    rng = np.random.default_rng(2)
    sums = np.empty((reads, COLUMNS), np.float32)
    for at in range(0, reads, 500):
        drawn = cells + np.asarray(spread, np.float32) * rng.standard_normal((500, *cells.shape), dtype=np.float32)
        if clip:
            np.maximum(drawn, 0, out=drawn)
        sums[at : at + 500] = np.einsum("r,krc->kc", codes.astype(np.float32), drawn[:, 0] - drawn[:, 1])
    return sums


def standard_error(sigma: Floats | float, reads: int = READS) -> Floats | float:
    """That of a standard deviation that is estimated from so many normals."""
    return sigma / math.sqrt(2 * (reads - 1))


def test_squares_are_exact_whole_numbers() -> None:
    codes = np.full((3, 4, 1000), 255, np.uint8)
    assert squares(codes).dtype == np.int64
    assert squares(codes).shape == (3, 4, 1)
    assert (squares(codes) == 1000 * 255 * 255).all()
    assert squares(np.array([[255] * 999 + [254], [1] * 1000])).tolist() == [[999 * 255**2 + 254**2], [1000]]
    assert squares(np.array([-4097] * 3 + [1, 2])).tolist() == [3 * 4097**2 + 5]  # a float32 would lose the last digit


def test_one_number_for_each_sum_is_as_spread_as_cells_drawn_anew(codes: NDArray[np.uint8], cells: Floats) -> None:
    sigma = read_sigma(squares(codes), read_pct=1.0)
    assert sigma == pytest.approx(0.08 * math.sqrt(2 * int((codes.astype(int) ** 2).sum())), rel=1e-6)
    found = redrawn(codes, cells, 0.08).std(axis=0, ddof=1)
    assert np.abs(found - sigma).max() < 5 * standard_error(float(sigma[0]))


def test_cells_that_are_clipped_at_zero_lose_noise_and_gain_a_bias(codes: NDArray[np.uint8], cells: Floats) -> None:
    # max(s z, 0) of a unit normal z has the mean s / sqrt(2 pi) and the variance s^2 (1/2 - 1 / (2 pi)): 0.58 s.
    # Here s is 0.08 levels, and a cell that is on is 1 level at least, so that its clipping never shows.
    spread, off = 0.08, cells == 0
    x = codes.astype(float)[:, None]
    kept = np.where(off, 0.5 - 1 / (2 * math.pi), 1.0)
    sigma = spread * np.sqrt((x * x * kept).sum(axis=(0, 1)))
    bias = spread / math.sqrt(2 * math.pi) * (x * (off[0].astype(float) - off[1])).sum(axis=0)
    sums = redrawn(codes, cells, spread, clip=True)
    assert np.abs(sums.std(axis=0, ddof=1) - sigma).max() < 5 * float(standard_error(sigma.max()))
    exact = (x * (cells[0] - cells[1])).sum(axis=0)
    assert np.abs(sums.mean(axis=0, dtype=float) - exact - bias).max() < 5 * sigma.max() / math.sqrt(READS)
    assert (sigma / read_sigma(squares(codes), read_pct=1.0)).max() < 0.85


def test_noise_in_proportion_to_the_current_takes_the_powers(codes: NDArray[np.uint8], cells: Floats) -> None:
    powers = ((codes.astype(np.int64)[:, None] * cells.astype(np.int64)) ** 2).sum(axis=(0, 1))
    sigma = read_sigma(squares(codes), powers=powers, flicker_pct=2.0)
    found = redrawn(codes, cells, 0.02 * cells).std(axis=0, ddof=1)
    assert np.abs(found / sigma - 1).max() < 5 * float(standard_error(1.0))


def test_shot_noise_is_that_of_as_many_electrons(codes: NDArray[np.uint8], cells: Floats) -> None:
    # A cell at full scale moves 10,000 electrons for the largest code: a Poisson number, wrong by 1 %.
    currents = (codes.astype(np.int64)[:, None] * cells.astype(np.int64)).sum(axis=(0, 1))
    sigma = read_sigma(squares(codes), currents=currents, shot_pct=1.0)
    moved = np.random.default_rng(3).poisson(currents / (8 * 15) * 10_000, (READS, COLUMNS)) / 10_000 * (8 * 15)
    assert np.abs(moved.std(axis=0, ddof=1) / sigma - 1).max() < 5 * float(standard_error(1.0))


def test_thermal_noise_is_the_same_for_all_inputs() -> None:
    sigma = read_sigma(np.array([[0], [10**6]]), thermal_pct=0.5)
    assert sigma == pytest.approx(np.full((2, 1), 0.005 * 8 * 15), rel=1e-7)


def test_variances_add_up() -> None:
    given = partial(read_sigma, np.array([1200]), currents=np.array([50, 800]), powers=np.array([900, 40_000]))
    parts = (given(read_pct=1.0), given(shot_pct=0.7), given(flicker_pct=2.0), given(thermal_pct=0.3))
    alone = [part.astype(float) ** 2 for part in parts]
    together = given(read_pct=1.0, shot_pct=0.7, flicker_pct=2.0, thermal_pct=0.3)
    assert together**2 == pytest.approx(sum(alone), rel=1e-6)
    assert all(part.min() > 0 for part in alone)


def test_the_noise_of_joined_arrays_is_that_of_their_rows_together() -> None:
    codes = np.random.default_rng(4).integers(0, 16, (5, 128))
    halves = [read_sigma(squares(part), read_pct=1.0).astype(float) ** 2 for part in (codes[:, :64], codes[:, 64:])]
    assert read_sigma(squares(codes), read_pct=1.0) ** 2 == pytest.approx(sum(halves), rel=1e-6)


def test_full_scale_and_the_largest_code_are_settings() -> None:
    assert read_sigma(np.array([100]), read_pct=1.0, full_scale=16.0) == 2 * read_sigma(np.array([100]), read_pct=1.0)
    assert read_sigma(np.array([100]), thermal_pct=1.0, largest=30) == 2 * read_sigma(np.array([100]), thermal_pct=1.0)
    assert read_sigma(np.array([100]), read_pct=1.0, cells=8) == 2 * read_sigma(np.array([100]), read_pct=1.0)


def test_moments_of_noisy_sums() -> None:
    noise = np.random.default_rng(5).standard_normal((1000, 1000), dtype=np.float32)
    sums = noisy(np.full((1000, 1000), 100, np.float32), np.full((1000, 1), 3, np.float32), noise).astype(float)
    assert abs(sums.mean() - 100) < 5 * 3 / 1000
    assert abs(sums.var() - 9) < 5 * 9 * math.sqrt(2 / 1e6)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_without_noise_sums_stay_bit_for_bit(kind: type[np.floating[Any]]) -> None:
    sums = np.array([[-0.0, 0.1, -7.5]], kind)
    sigma = read_sigma(np.array([[1000]]))
    assert not sigma.any()
    assert noisy(sums, sigma, np.ones((1, 3), np.float32)).tobytes() == sums.tobytes()
    assert noisy(sums, sigma + 1, np.ones((1, 3), np.float32)).dtype == kind


def test_a_chip_alone_is_that_of_the_population() -> None:
    rng = np.random.default_rng(6)
    sums = rng.normal(0, 100, (3, 5, 4)).astype(np.float32)
    noise = rng.standard_normal((3, 5, 4), dtype=np.float32)
    sigma = read_sigma(squares(rng.integers(0, 16, (3, 5, 64))), read_pct=2.0)
    for chip in range(3):
        assert np.array_equal(noisy(sums, sigma, noise)[chip], noisy(sums[chip], sigma[chip], noise[chip]))


def test_shot_noise_of_a_microampere() -> None:
    # 2 q I B at 1 uA and 1 MHz is 3.204e-25 A^2: 0.566 nA.
    assert shot_pct(1e-6, 1e6) == pytest.approx(0.0566, rel=1e-3)
    assert shot_pct(4e-6, 1e6) == pytest.approx(shot_pct(1e-6, 1e6) / 2, rel=1e-12)


def test_thermal_noise_of_a_millisiemens() -> None:
    # 4 k T G B at 300 K, 1 mS and 1 MHz is 1.657e-17 A^2: 4.07 nA, of 1 uA.
    assert thermal_pct(1e-3, 300, 1e6, 1e-6) == pytest.approx(0.407, rel=1e-3)
    assert thermal_pct(4e-3, 300, 1e6, 1e-6) == pytest.approx(2 * thermal_pct(1e-3, 300, 1e6, 1e-6), rel=1e-12)


def test_flicker_noise_is_the_integral_of_its_density() -> None:
    edges = np.geomspace(10, 1e6, 100_001)
    density = 1e-6 / np.sqrt(edges[1:] * edges[:-1])
    assert flicker_pct(1e-6, 10, 1e6) == pytest.approx(100 * math.sqrt((density * np.diff(edges)).sum()), rel=1e-6)
    assert flicker_pct(1e-6, 10, 10) == 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: read_sigma(np.array([1]), read_pct=-1.0), "read_sigma: read_pct is -1.0: it is at least 0"),
        (lambda: read_sigma(np.array([1]), thermal_pct=math.inf), "read_sigma: thermal_pct is inf"),
        (lambda: read_sigma(np.array([1]), shot_pct=1.0), "shot_pct is 1.0, and currents are missing: sum x g"),
        (lambda: read_sigma(np.array([1]), flicker_pct=1.0), "flicker_pct is 1.0, and powers are missing"),
        (lambda: noisy(np.ones((2, 3)), np.ones(3), np.ones(3, np.float32)), r"noisy: noise of shape \(3,\) for sums"),
        (lambda: shot_pct(0.0, 1e6), "full_scale_amps is 0.0: it is above 0, and finite"),
        (lambda: thermal_pct(1e-3, -1.0, 1e6, 1e-6), "kelvin is -1.0"),
        (lambda: flicker_pct(1e-6, 1e6, 10), "a band from 1000000.0 to 10 Hz ends below its beginning"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_precise_error(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call()
