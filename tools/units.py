"""Numbers as people read them: three or four digits and a unit with the right prefix."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

PREFIXES = {-18: "a", -15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P"}


def scaled(value: float, unit: str, digits: int = 3) -> str:
    """A quantity with an SI prefix, such as 4.12e-10 J as "412 pJ"; u stands for micro."""
    if not isfinite(value) or value == 0:
        return f"{value:g} {unit}"
    rounded = Decimal(f"{value:.{digits - 1}e}")  # first, so that 999.9 p becomes 1.00 n
    power = min(max(3 * (rounded.adjusted() // 3), min(PREFIXES)), max(PREFIXES))
    decimals = max(digits - 1 - rounded.adjusted() + power, 0)
    return f"{rounded.scaleb(-power):.{decimals}f} {PREFIXES[power]}{unit}"


def percent(part: float, whole: float) -> str:
    """A share as "12.3 %"; nothing of nothing is 0."""
    return f"{100 * part / whole if whole else 0:.1f} %"


def fixed(value: float) -> str:
    """An amount without a prefix: whole numbers as they are, others with one decimal, thousands set apart."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"
