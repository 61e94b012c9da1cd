"""Physical time and clock cycles: the one place where one becomes the other.

Time in the simulator is an integer number of cycles. A delay given in nanoseconds becomes the smallest number of whole
cycles that is not shorter. Both are decimal, as the chip file writes them, so 21.42 ns at 1.785 ns is exactly 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil


@dataclass(frozen=True)
class Clock:
    """The chip's clock: turns nanoseconds into whole cycles, and cycles into seconds. `clock_ns` is one cycle."""

    clock_ns: Decimal

    def cycles(self, ns: Decimal | int) -> int:
        """The whole cycles that a delay of `ns` takes, rounded up; 0 only for 0 ns."""
        if ns < 0:
            raise ValueError(f"a delay cannot be negative: {ns} ns")
        return ceil(Fraction(ns) / Fraction(self.clock_ns))

    def seconds(self, cycles: int) -> float:
        """How long `cycles` take, as the float nearest to the exact value."""
        return float(cycles * Fraction(self.clock_ns) / 10**9)

    def cycles_within(self, seconds: Decimal) -> int:
        """The whole cycles that fit into `seconds`: rounded down, for limits that must not be exceeded."""
        return int(Fraction(seconds) * 10**9 / Fraction(self.clock_ns))
