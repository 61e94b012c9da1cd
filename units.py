"""Physical units: the one place where a number of one unit becomes a number of another, and how both are printed.

Energy is counted in whole attojoules and time in whole clock cycles, so that sums are exact; what leaves the simulator
is in joules and seconds, rounded once.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, isfinite

AJ_PER_J = 10**18
AJ_PER_PJ = 10**6
NS_PER_S = 10**9
AS_PER_NS = 10**9
AS_PER_S = AS_PER_NS * NS_PER_S
UM2_PER_MM2 = Decimal(10) ** 6  # decimal as the areas of a chip file, so that none of them becomes a float

Exact = Decimal | Fraction | int
"""A number without rounding, as a chip file writes it."""


def exact(number: float) -> Fraction:
    """The decimal number that was written, of the float that it was read as: 1.785 is 357/200."""
    return Fraction(repr(number))


def joules(energy_aj: int) -> float:
    """Attojoules as joules, rounded once."""
    return energy_aj / AJ_PER_J


def picojoules(energy_aj: int) -> float:
    """Attojoules as picojoules, rounded once."""
    return energy_aj / AJ_PER_PJ


def cycles_of(ns: Exact, clock_ns: Exact) -> int:
    """The whole clock cycles of `clock_ns` that a delay of `ns` takes, rounded up; 0 only for 0 ns.

    Raises ValueError for a negative delay.
    """
    if ns < 0:
        raise ValueError(f"a delay cannot be negative: {ns} ns")
    return ceil(Fraction(ns) / Fraction(clock_ns))


def seconds_of(cycles: int, clock_ns: Exact) -> float:
    """How long `cycles` of `clock_ns` take, as the float nearest to the exact value."""
    return float(cycles * Fraction(clock_ns) / NS_PER_S)


PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}


def scaled(value: float, unit: str, digits: int = 3) -> str:
    """A quantity with an SI prefix, such as 4.12e-10 J as "412 pJ"; u stands for micro."""
    if not isfinite(value) or value == 0:
        return f"{value:g} {unit}"
    rounded = Decimal(f"{value:.{digits - 1}e}")  # first, so that 999.9 p becomes 1.00 n
    power = min(max(3 * (rounded.adjusted() // 3), min(PREFIXES)), max(PREFIXES))
    decimals = max(digits - 1 - rounded.adjusted() + power, 0)
    return f"{rounded.scaleb(-power):.{decimals}f} {PREFIXES[power]}{unit}"


def percent(part: float, whole: float = 1) -> str:
    """A share of a whole as "12.3 %"; nothing of nothing is 0."""
    return f"{100 * part / whole if whole else 0:.1f} %"


def fixed(value: float) -> str:
    """An amount without a prefix: whole numbers as they are, others with one decimal, thousands set apart."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
