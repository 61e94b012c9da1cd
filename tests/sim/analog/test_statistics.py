"""Statistics, drift and temperature: the published numbers, and what holds for any of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acortex.sim.analog import statistics
from acortex.sim.analog.drift import drifted, falling, temperature_gain
from acortex.sim.analog.pairs import split
from acortex.sim.analog.statistics import DAY_S, ROWS, aged, read_spread, scattered, spread
from acortex.sim.analog.streams import normals, stream

LEVELS = np.arange(9.0)
DRAWS = 1_000_000


def noise(shape: tuple[int, ...] | int, chip: int = 0) -> np.ndarray:
    return normals(stream(0, chip, "array", (0, 0), "statistics"), shape)


@pytest.mark.parametrize(("days", "percent"), [(0, 1.24), (1, 1.60), (5, 2.16)])
def test_sonos_at_full_scale_has_the_published_spread(days: int, percent: float) -> None:
    assert spread("sonos", np.array([8.0]), days * DAY_S)[0] / 8 * 100 == pytest.approx(percent, abs=0.006)


SONOS_BY_DAY = [
    ((8.6085, 17.8295, 19.8844), (0.0, 0.0, 0.0, 0.0)),
    ((10.6057, 22.5822, 25.5861), (1.735, 0.615, -3.827, -11.532)),
    ((11.5905, 25.0896, 28.7201), (2.430, -0.072, -8.002, -22.372)),
    ((12.2664, 26.8880, 31.0332), (3.621, 0.820, -9.313, -26.906)),
    ((13.0445, 28.9750, 33.7485), (3.618, -1.545, -13.891, -38.272)),
    ((13.2311, 29.5558, 34.5637), (4.118, -1.468, -15.173, -40.698)),
]
"""Of each day in nA: sigma at 100, 400 and 1,600 nA, and how far the mean of 100, 400, 800 and 1,600 nA has moved."""


@pytest.mark.parametrize("day", range(6))
def test_sonos_of_each_day_is_what_the_table_gives(day: int) -> None:
    sigma, moved = SONOS_BY_DAY[day]
    found = spread("sonos", np.array([100, 400, 1600]) / 200.0, day * DAY_S) * 200
    assert found == pytest.approx(sigma, abs=6e-5)
    cells = np.array([100, 400, 800, 1600]) / 200.0
    assert (aged(cells, np.zeros(4), "sonos", day * DAY_S) - cells) * 200 == pytest.approx(moved, abs=6e-4)


@pytest.mark.parametrize(
    ("kind", "seconds", "amount", "sigma"),
    [
        ("sonos", 0.0, 400, 19.887 * (1 - math.exp(-400 / 176.31))),
        ("sonos", 3 * DAY_S, 800, 31.043 * (1 - math.exp(-800 / 198.903))),
        ("pcm", 0.0, 10, 0.26348 + 1.9650 * 0.4 - 1.1731 * 0.4**2),
        ("pcm_joshi", 0.0, 10, -0.00178767 * 100 + 0.07585724 * 10 + 0.28638599),
        ("reram_wan", 0.0, 10, 0.348 + 16.030 / 4 - 43.853 / 16 + 45.393 / 64 - 16.815 / 256),
        ("reram_wan", DAY_S, 40, 0.701 + 22.086 - 50.773 + 47.095 - 16.458),
        ("reram_wan", 2 * DAY_S, 20, 0.782 + 20.274 / 2 - 43.507 / 4 + 37.062 / 8 - 11.934 / 16),
        ("reram_milo", 0.0, 225, 4.782321 - 0.009107 * 225),
    ],
)
def test_the_spread_of_a_cell_is_that_of_the_publication(
    kind: str, seconds: float, amount: float, sigma: float
) -> None:
    full = ROWS[kind].full_scale
    found = spread(kind, np.array([amount / full * 8]), seconds)[0] / 8 * full
    assert found == pytest.approx(sigma, rel=1e-4)


def test_a_smaller_full_scale_takes_the_lower_part_of_a_fit() -> None:
    whole = spread("sonos", np.array([2.0]), full_scale=1600) * 1600
    part = spread("sonos", np.array([8.0]), full_scale=400) * 400
    assert whole == pytest.approx(part)
    assert spread("sonos", np.array([4.0]), levels=4, full_scale=400) * 100 == pytest.approx(part / 8)


@pytest.mark.parametrize(("kind", "middle"), [("sonos", 1.5 * DAY_S), ("reram_wan", DAY_S * math.sqrt(2))])
def test_between_two_ages_coefficients_are_interpolated(kind: str, middle: float) -> None:
    cells = np.array([2.0, 5.0, 8.0])
    one, between, two = (spread(kind, cells, seconds) for seconds in (DAY_S, middle, 2 * DAY_S))
    if kind == "reram_wan":  # a polynomial is linear in its coefficients
        assert between == pytest.approx((one + two) / 2)
    assert ((one < between) & (between < two) | (one > between) & (between > two)).all()


def test_the_mean_of_sonos_drifts_by_these_currents() -> None:
    # Values of the polynomials of CrossSim 3.2, in nA.
    cells = np.array([100, 800, 1600]) / 200.0
    for days, wanted in ((0, [0, 0, 0]), (1, [1.74, -3.83, -11.53]), (5, [4.12, -15.17, -40.70])):
        found = (aged(cells, np.zeros(3), "sonos", days * DAY_S) - cells) * 200
        assert found == pytest.approx(wanted, abs=0.01)


@pytest.mark.parametrize(("kind", "seconds"), [("sonos", 0.0), ("sonos", 2 * DAY_S), ("pcm", 0.0), ("reram_wan", 1.0)])
def test_cells_scatter_by_their_mean_and_spread(kind: str, seconds: float) -> None:
    target = np.array([6.0])
    found = scattered(np.full((DRAWS,), 6.0), noise(DRAWS), kind, seconds)
    mean = aged(target, np.zeros(1), kind, seconds)[0]
    sigma = (scattered(target, np.ones(1), kind, seconds) - scattered(target, np.zeros(1), kind, seconds))[0]
    assert abs(found.mean() - mean) < 5 * sigma / math.sqrt(DRAWS)
    assert abs(found.var() - sigma**2) < 5 * sigma**2 * math.sqrt(2 / DRAWS)
    assert sigma == pytest.approx(spread(kind, np.array([mean]), seconds)[0])


@pytest.mark.parametrize("kind", ["sonos", "pcm", "reram_wan"])
def test_no_cell_scatters_below_0_and_types_and_chips_are_kept(kind: str) -> None:
    cells = np.broadcast_to(LEVELS[:, None], (2, 9, 4)).astype(np.float32)
    drawn = noise((50, *cells.shape))
    found = scattered(cells, drawn, kind)
    assert found.dtype == np.float32
    assert found.shape == drawn.shape
    assert found.min() >= 0
    for chip in (0, 7):
        assert (found[chip] == scattered(cells, drawn[chip], kind)).all()
    wide = scattered(cells.astype(np.float64), drawn, kind)
    assert wide.dtype == np.float64
    assert found == pytest.approx(wide, abs=1e-5)
    assert (scattered(cells, 0 * drawn, kind)[0] == cells).all()


@pytest.mark.parametrize("model", ["sonos", "reram_wan", "pcm"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_drift_after_no_time_changes_nothing_bit_for_bit(model: str, dtype: type) -> None:
    cells = (LEVELS * 0.97).reshape(1, 3, 3).repeat(2, 0).astype(dtype)
    found = drifted(cells, 0.0, model, noise((4, *cells.shape)))
    assert found.dtype == dtype
    assert found.tobytes() == np.broadcast_to(cells, found.shape).tobytes()
    later = drifted(cells, DAY_S, model, noise((4, *cells.shape)))
    assert later.dtype == dtype
    assert (later[:, cells > 0] != cells[cells > 0]).mean() > 0.9
    assert (later[3] == drifted(cells, DAY_S, model, noise((4, *cells.shape))[3])).all()


@pytest.mark.parametrize("model", ["sonos", "reram_wan"])
def test_what_was_written_and_drifts_has_the_spread_of_its_age(model: str) -> None:
    # Sigma at first, and what is gained since, independent of each other: together the sigma then.
    target, seconds = np.full(DRAWS, 5.0), 2 * DAY_S
    written = scattered(target, noise(DRAWS), model)
    later = drifted(written, seconds, model, noise(DRAWS, chip=1))
    wanted = spread(model, np.array([5.0]), seconds)[0]
    assert later.std() == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize(("kind", "seconds"), [("sonos", 5 * DAY_S), ("sonos", 1.0), ("reram_wan", 2 * DAY_S)])
def test_what_a_cell_gains_is_from_its_spread_as_written_to_that_of_its_drifted_mean(kind: str, seconds: float) -> None:
    written = np.array([0.5, 2.0, 8.0])
    mean = aged(written, np.zeros(3), kind, seconds)
    gained = aged(written, np.ones(3), kind, seconds) - mean
    wanted = np.sqrt(spread(kind, mean, seconds) ** 2 - spread(kind, written) ** 2)
    assert gained == pytest.approx(wanted, rel=1e-6)


def test_a_cell_that_was_written_beyond_a_fit_has_the_spread_of_its_end() -> None:
    found = []
    for level in (8.0, 9.5):  # 40 uS, where the fit ends, and 47.5 uS
        cells = np.array([level])
        found.append((aged(cells, np.ones(1), "reram_wan", DAY_S) - aged(cells, np.zeros(1), "reram_wan", DAY_S))[0])
    assert found[1] == pytest.approx(found[0], rel=1e-12) and found[0] > 0.3


def test_the_drift_of_sonos_is_known_to_its_last_current_and_is_none_at_first() -> None:
    last = np.array([8.0])
    assert aged(last, np.zeros(1), "sonos", DAY_S, full_scale=1800)[0] < 8
    for seconds, full in ((DAY_S, 1801), (1e-9, 2000)):
        with pytest.raises(ValueError, match="the drift of 'sonos' is known to 1800 nA"):
            aged(last, np.zeros(1), "sonos", seconds, full_scale=full)
    assert scattered(last, np.zeros(1), "sonos", 0.0, full_scale=3200).tolist() == [8.0]


def test_phase_change_cells_fall_by_a_power_of_time() -> None:
    # At full scale nu is 0.049 on average, its sigma 0.008: both at the ends of their lines.
    cells, hour = np.full(DRAWS, 8.0), 3600.0
    nu = -np.log(drifted(cells, hour, "pcm", noise(DRAWS)) / 8) / math.log((hour + 20) / 20)
    assert abs(nu.mean() - 0.049) < 5 * 0.008 / math.sqrt(DRAWS)
    assert abs(nu.var() - 0.008**2) < 5 * 0.008**2 * math.sqrt(2 / DRAWS)
    low = np.array([0.8])
    fall = -math.log(drifted(low, hour, "pcm", np.zeros(1))[0] / 0.8) / math.log((hour + 20) / 20)
    assert fall == pytest.approx(-0.0155 * math.log(0.1) + 0.0244, rel=1e-9)


@pytest.mark.parametrize(
    ("share", "mean", "sigma"),
    [
        (1e-9, 0.1, 0.045),  # both lines end
        (1e-4, 0.1, 0.045),
        (0.02, 0.0155 * 3.912023 + 0.0244, 0.0125 * 3.912023 - 0.0059),
        (0.5, 0.049, 0.008),
        (1.0, 0.049, 0.008),
    ],
)
def test_exponents_of_phase_change_cells_lie_between_the_ends_of_their_lines(
    share: float, mean: float, sigma: float
) -> None:
    cells, z = np.full(3, 8 * share), np.array([-1.0, 0.0, 1.0])
    nu = -np.log(drifted(cells, 980.0, "pcm", z) / cells) / math.log(50)
    assert nu == pytest.approx([mean - sigma, mean, mean + sigma], rel=1e-6)


def test_currents_that_fall_by_a_power_of_time_never_rise() -> None:
    cells, z = np.full(4, 5.0), np.array([-3.0, -0.5, 0.0, 2.0])
    assert falling(cells, 99.0, 0.05, 0.1, z) / 5 == pytest.approx([1, 1, 100**-0.05, 100**-0.25])
    assert falling(cells, 0.0, 0.05, 0.1, z).tolist() == [5.0] * 4


def test_read_noise_is_the_published_one() -> None:
    found = read_spread("sonos", np.array([4.0]))[0] * 200
    assert found == pytest.approx(12.580 * (1 - math.exp(-800 / 215.366)), rel=1e-4)
    found = read_spread("pcm", np.array([4.0]), seconds=100.0)[0] / 8 * 25
    assert found == pytest.approx(12.5 * 0.0088 / 0.5**0.65 * math.sqrt(math.log(100 / 5e-7)), rel=1e-6)
    assert read_spread("pcm", np.array([1e-4]))[0] == pytest.approx(
        1e-4 * 0.2 * math.sqrt(math.log((20 + 250e-9) / 500e-9)), rel=1e-6
    )
    assert read_spread("sonos", np.zeros(2, np.float32)).tolist() == [0, 0]


def test_gains_at_a_temperature_have_the_residual_spread_and_are_1_where_the_chip_was_tuned() -> None:
    z = noise(DRAWS)
    hot = temperature_gain(85.0, z, 0.03).astype(np.float64)
    assert abs(hot.mean() - 1) < 5 * 0.03 / math.sqrt(DRAWS)
    assert abs(hot.var() - 0.03**2) < 5 * 0.03**2 * math.sqrt(2 / DRAWS)
    assert temperature_gain(85.0, z, 0.03).dtype == np.float32
    assert (temperature_gain(25.0, z, 0.03) == 1).all()
    assert (temperature_gain(85.0, z, 0.0) == 1).all()
    warm, hot = (temperature_gain(celsius, np.array([-2.0, 0.0, 0.5]), 0.03) for celsius in (55.0, 85.0))
    assert hot.tolist() == pytest.approx([0.94, 1.0, 1.015])
    assert warm - 1 == pytest.approx((hot - 1) / 2)


def test_every_row_has_a_source_and_fits_that_match() -> None:
    for kind, row in ROWS.items():
        assert row.source, kind
        assert len(row.spreads) == len(row.ages_s)
        assert list(row.ages_s) == sorted(row.ages_s)
        assert not row.shifts or len(row.shifts) == len(row.ages_s)
        cells = np.linspace(row.least, row.full_scale, 50) / row.full_scale * 8
        assert (spread(kind, cells) >= 0).all()
        assert spread(kind, cells[-1:]) > 0


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: spread("flash", LEVELS), "no statistics of 'flash'; there are sonos, pcm, pcm_joshi, reram_wan"),
        (lambda: spread("sonos", LEVELS, 6 * DAY_S), r"an age of 518400.0 s is not within 0 to 432000 s, the last age"),
        (lambda: spread("pcm", LEVELS, 1.0), "an age of 1.0 s is not within 0 to 0 s, the last age in the statistics"),
        (lambda: spread("reram_wan", LEVELS, 3 * DAY_S), "an age of 259200.0 s is not within 0 to 172800 s, the last"),
        (lambda: spread("reram_wan", LEVELS, -1e-9), "an age of -1e-09 s is not within 0 to 172800 s, the last age"),
        (lambda: spread("sonos", LEVELS, math.nan), "an age of nan s is not within 0 to 432000 s"),
        (
            lambda: spread("pcm", LEVELS, full_scale=30),
            "a full scale of 30 uS at 8 levels does not fit 'pcm': its fits",
        ),
        (lambda: spread("pcm", LEVELS, full_scale=0), "a full scale of 0 uS at 8 levels does not fit 'pcm': its fits"),
        (
            lambda: spread("pcm", LEVELS + 1),
            "cells reach from 3.125 to 28.12 uS; statistics of 'pcm' hold from 0 to 25",
        ),
        (
            lambda: spread("reram_milo", LEVELS),
            "cells reach from 0 to 225 uS; statistics of 'reram_milo' hold from 50 to",
        ),
        (lambda: scattered(LEVELS, LEVELS[:3], "pcm"), r"noise of shape \(3,\) does not fit cells of shape \(9,\)"),
        (
            lambda: scattered(LEVELS, LEVELS, "sonos", DAY_S, full_scale=2000),
            "cells reach 2000 nA; the drift of 'sonos' is known to 1800 nA; take a smaller full scale",
        ),
        (
            lambda: drifted(LEVELS, 1.0, "flash", LEVELS),
            "no drift of 'flash' is published; there are sonos, reram_wan, pcm",
        ),
        (lambda: drifted(LEVELS, -1.0, "pcm", LEVELS), "an age of -1.0 s is none; it is 0 or more"),
        (lambda: drifted(LEVELS, 0.0, "pcm", LEVELS[:2]), r"noise of shape \(2,\) does not fit cells of shape \(9,\)"),
        (lambda: read_spread("reram_wan", LEVELS), "no read noise of 'reram_wan' is published; there are sonos, pcm"),
        (lambda: read_spread("pcm", LEVELS, 0.0), "a read after 0.0 s is none; it is more than the 2.5e-07 s"),
        (lambda: temperature_gain(85, LEVELS, -0.1), "a residual of -0.1 over 60.0 degrees is none; it is 0 or more"),
    ],
)
def test_a_wrong_argument_is_named(call: object, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}"):
        call()  # type: ignore[operator]


def test_the_names_of_the_rows_are_those_that_messages_list() -> None:
    assert [*ROWS] == ["sonos", "pcm", "pcm_joshi", "reram_wan", "reram_milo"]
    assert statistics.row("pcm") is ROWS["pcm"]


@pytest.mark.parametrize(("kind", "on_off"), [("pcm", 1.01), ("pcm", 3.0), ("reram_milo", 4.0), ("reram_milo", 2.5)])
def test_a_full_scale_on_a_floor_is_within_the_statistics(kind: str, on_off: float) -> None:
    """In float32 the sum of both is rounded, and may be a hair above the largest conductance that is published."""
    floor = 8 / (on_off - 1)
    cells = split(np.full((1, 64, 64), 8, np.float32), 8, floor)
    full = statistics.row(kind).most
    found = statistics.scattered(cells, np.zeros(cells.shape, np.float32), kind, 0.0, full, 8 + floor)
    assert np.isfinite(found).all()
    with pytest.raises(ValueError, match="cells reach from"):
        statistics.scattered(cells * np.float32(1.00001), np.zeros(cells.shape, np.float32), kind, 0.0, full, 8 + floor)
