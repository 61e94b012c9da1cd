"""Power over time, and throughput apart from latency."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.programs import zoo
from acortex.sim.chip.clock import Clock
from acortex.sim.chip.prices import Prices
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.power import MOST_WINDOWS, energy_by_window, power_report, window_cycles
from acortex.sim.run import run
from acortex.sim.timing.tally import Work, Works, works_of

PRICES = Prices(by_component=({}, {}), total=(7, 1000), leakage_aj_per_cycle=3)
CLOCK = Clock(load_chip("acortex_digits").clock_ns)

work = st.tuples(st.integers(0, 90), st.integers(1, 60), st.integers(0, 9), st.integers(0, 9)).map(
    lambda row: (row[0], row[0] + row[1], ((0, row[2]), (1, row[3])))
)


def works(rows: list[Work]) -> Works:
    """Works as columns, each of a unit of its own."""
    return works_of({(0, number): row for number, row in enumerate(rows)})


def digits(count: int) -> dict[str, Any]:
    """The report of the first digits."""
    program = zoo.load("digits_mlp")
    return run(program, inputs=program.samples["image"][:count], values=False).report


@given(st.lists(work, max_size=12), st.integers(1, 40))
def test_windows_add_up_to_the_energy_of_the_run(rows: list[Work], width: int) -> None:
    cycles = 151
    spent = sum(count * PRICES.total[kind] for _, _, done in rows for kind, count in done)
    assert sum(energy_by_window(works(rows), PRICES, cycles, width)) == spent + 3 * cycles


def test_energy_is_spread_over_the_cycles_of_its_instruction() -> None:
    # 2000 aJ over cycles 5 to 24: 5 of 20 cycles in the first window, 10 in the second, 5 in the third.
    windows = energy_by_window(works([(5, 25, ((1, 2),))]), PRICES, 34, 10)
    assert windows == [500 + 30, 1000 + 30, 500 + 30, 4 * 3]


def naive(rows: list[Work], price: Prices, cycles: int, width: int) -> list[int]:
    """The energy of each window, one attojoule after the other: the n-th of N falls due in cycle n * cycles // N."""
    windows = [0] * -(-cycles // width)
    for start, end, done in rows:
        energy, length = sum(count * price.total[kind] for kind, count in done), max(end - start, 1)
        reached = 0
        for cycle in range(start, start + length):
            due = energy * (cycle + 1 - start) // length
            windows[min(cycle // width, len(windows) - 1)] += due - reached
            reached = due
    leaks = price.leakage_aj_per_cycle
    return [spent + leaks * (min((n + 1) * width, cycles) - n * width) for n, spent in enumerate(windows)]


@pytest.mark.parametrize("scale", [1, 10**9, 1 << 62])
@given(st.lists(work, max_size=12), st.integers(1, 40), st.integers(100, 200))
def test_energy_is_due_cycle_by_cycle_however_large_it_is(
    scale: int, rows: list[Work], width: int, cycles: int
) -> None:
    price = Prices(({}, {}), (7 * scale + 1, 1000 * scale), 3)
    assert energy_by_window(works(rows), price, cycles, width) == naive(rows, price, cycles, width)


def test_a_wait_of_years_is_spread_exactly() -> None:
    rows: list[Work] = [(0, 1 << 40, ((1, 12345),)), (3, 5, ((0, 1),))]
    windows = energy_by_window(works(rows), PRICES, 1 << 40, 1 << 38)
    quarter, leaks = 12345 * 1000 / 4, 3 << 38
    assert windows == [int(quarter) + 7 + leaks, int(2 * quarter) - int(quarter) + leaks, *[
        int((n + 1) * quarter) - int(n * quarter) + leaks for n in (2, 3)
    ]]  # fmt: skip


def test_a_run_of_no_cycles_has_one_window_with_what_it_spent() -> None:
    assert energy_by_window(works([]), PRICES, 0, 10) == [0]
    found = power_report(works([]), PRICES, CLOCK, 0, 0)
    assert (found["average_w"], found["peak_w"], found["windows_aj"], found["peak_cycle"]) == (0.0, 0.0, [0], 0)


def test_peak_is_that_of_the_window_with_the_most_energy() -> None:
    width = window_cycles(CLOCK, 2000)
    found = power_report(works([(width, width + 1, ((1, 1),))]), PRICES, CLOCK, 2000, 1000 + 3 * 2000)
    assert found["peak_cycle"] == width
    assert found["peak_w"] == pytest.approx((1000 + 3 * width) * 1e-18 / CLOCK.seconds(width))
    assert found["average_w"] == pytest.approx(7000e-18 / CLOCK.seconds(2000))
    assert found["leakage_w"] == pytest.approx(3e-18 / CLOCK.seconds(1))


def test_a_window_that_the_run_does_not_fill_is_no_peak_beside_one_that_it_fills() -> None:
    width = window_cycles(CLOCK, 2000)
    late = works([(width + 1, width + 2, ((1, 9),)), (0, 1, ((1, 1),))])
    found = power_report(late, PRICES, CLOCK, width + 10, 10_000 + 3 * (width + 10))
    assert found["peak_cycle"] == 0
    assert found["peak_w"] == pytest.approx((1000 + 3 * width) * 1e-18 / CLOCK.seconds(width))
    alone = power_report(works([(1, 2, ((1, 9),))]), PRICES, CLOCK, 10, 9030)
    assert (alone["peak_cycle"], alone["peak_w"]) == (0, pytest.approx(9030e-18 / CLOCK.seconds(10)))


@pytest.mark.parametrize("count", [3, 9, 31, 1000])
def test_energy_beyond_64_bits_is_spread_exactly_at_prices_that_are_within(count: int) -> None:
    price = Prices(({}, {}), (7, (1 << 60) + 1), 3)
    rows: list[Work] = [(0, 7, ((1, count),)), (3, 60, ((1, count), (0, 5)))]
    assert energy_by_window(works(rows), price, 70, 9) == naive(rows, price, 70, 9)


@pytest.mark.parametrize(("end", "windows"), [(9, [1000, 0]), (10, [1000, 0]), (11, [500, 500]), (19, [100, 900])])
def test_an_instruction_lasts_a_cycle_at_least_and_no_more_than_its_span(end: int, windows: list[int]) -> None:
    free = Prices(({}, {}), (7, 1000), 0)
    assert energy_by_window(works([(9, end, ((1, 1),))]), free, 20, 10) == windows


def test_a_price_that_nothing_pays_may_be_beyond_64_bits() -> None:
    price = Prices(({}, {}), (7, 1 << 64), 3)
    assert energy_by_window(works([(0, 7, ((0, 1),))]), price, 10, 10) == [7 + 30]


def test_window_is_a_microsecond_in_whole_cycles() -> None:
    assert window_cycles(CLOCK, 1000) == 561  # 1000 / 1.785 = 560.2


@pytest.mark.parametrize(("cycles", "width"), [(1, 1000), (10_000_000, 1000), (10_000_001, 2000), (20_000_001, 4000)])
def test_a_run_has_ten_thousand_windows_at_most(cycles: int, width: int) -> None:
    assert window_cycles(Clock(1.0), cycles) == width


def test_long_runs_have_wider_windows() -> None:
    assert window_cycles(CLOCK, 561 * MOST_WINDOWS) == 561
    assert window_cycles(CLOCK, 561 * MOST_WINDOWS + 1) == 2 * 561


def test_windows_of_a_run_add_up_to_its_energy_to_the_attojoule() -> None:
    report = digits(20)
    assert len(report["power"]["windows_aj"]) > 2
    assert sum(report["power"]["windows_aj"]) == report["energy_aj"]
    assert report["power"]["average_w"] == pytest.approx(report["power_w"])
    assert report["power"]["peak_w"] > report["power_w"] > report["power"]["leakage_w"]


def test_steady_state_is_the_time_between_completions() -> None:
    report = digits(5)
    ends = [one["end_cycle"] for one in report["inferences"]]
    interval = (ends[-1] - ends[0]) / 4
    steady = report["steady_state"]
    assert steady["interval_s"] == pytest.approx(interval * 1.785e-9)
    assert steady["inferences_per_s"] == pytest.approx(1 / (interval * 1.785e-9))
    assert steady["throughput_ops_per_s"] == pytest.approx(2 * 50_816 / (interval * 1.785e-9))
    assert steady["interval_s"] < report["inferences"][0]["latency_s"]  # several are in flight


def test_one_inference_has_no_steady_state() -> None:
    assert digits(1)["steady_state"] is None
