"""Time: nanoseconds become whole cycles in one way, exactly."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.sim.chip.clock import Clock, delays
from acortex.sim.chip.specs import load_chip

PUBLISHED = Clock(Decimal("1.785"))
NS = st.decimals(min_value=0, max_value=10**6, places=3)


@pytest.mark.parametrize(
    ("ns", "cycles"),
    [("0", 0), ("0.001", 1), ("1.785", 1), ("1.786", 2), ("21.42", 12), ("21.421", 13), ("32", 18)],
)
def test_a_delay_takes_the_fewest_whole_cycles_that_are_not_shorter(ns: str, cycles: int) -> None:
    assert PUBLISHED.cycles(Decimal(ns)) == cycles


@given(ns=NS, clock_ns=st.decimals(min_value="0.001", max_value=100, places=3))
def test_rounding_up_is_tight(ns: Decimal, clock_ns: Decimal) -> None:
    cycles = Clock(clock_ns).cycles(ns)
    assert cycles * Fraction(clock_ns) >= Fraction(ns) > (cycles - 1) * Fraction(clock_ns)


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match="a delay cannot be negative: -1 ns"):
        PUBLISHED.cycles(Decimal(-1))


def test_cycles_become_the_nearest_float_of_seconds() -> None:
    assert PUBLISHED.seconds(1000) == 1.785e-6


def test_a_limit_is_rounded_down() -> None:
    assert PUBLISHED.cycles_within(Decimal("3.569e-9")) == 1


def test_the_published_chip_in_cycles() -> None:
    published = delays(load_chip("acortex_gnmt"))
    assert published.read_latency_cycles == 12  # 21.42 ns / 1.785 ns
    assert published.ramp_cycles == 16  # 2^4 steps
    assert published.frame_cycles(joined=64) == 18  # 32 ns, no settling
    assert published.program_row_cycles == 19720  # 8 levels x 4 pulses x 1100 ns = 35200 ns, / 1.785 = 19719.9
    assert published.retention_cycles == 5602240  # 0.01 s / 1.785 ns = 5602240.9, rounded down


def test_settling_is_added_to_the_frame_before_it_is_rounded() -> None:
    chip = load_chip("acortex_gnmt", ["arrays.settle_ns_per_array=0.1"])
    assert delays(chip).frame_cycles(joined=1) == 18  # 32.1 ns of 32.13
    assert delays(chip).frame_cycles(joined=2) == 19  # 32.2 ns
