"""Real time: cycles as whole numbers of a unit of time that keeps every cycle apart."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np

from acortex.traces.file.table import Ints
from acortex.traces.file.validation import TraceError


class Unit(NamedTuple):
    """A unit of time: its name, and how many of it are a nanosecond."""

    name: str
    per_ns: int


UNITS = (Unit("ns", 1), Unit("ps", 10**3), Unit("fs", 10**6))


def unit_of(clock_ns: Fraction) -> Unit:
    """The unit that times of a clock are given in: ns where a cycle takes one at least, else the first that is exact.

    In each, rounded times keep every cycle apart: what lasts has a length, and what begins later begins later.
    """
    if clock_ns >= 1:
        return UNITS[0]
    return next((unit for unit in UNITS if (clock_ns * unit.per_ns).denominator == 1), UNITS[-1])


def real_times(cycles: Ints, clock_ns: Fraction) -> Ints:
    """Cycles as whole numbers of the clock's unit of time, each rounded once (half up) from the exact product."""
    unit = unit_of(clock_ns)
    up, down = (clock_ns * unit.per_ns).as_integer_ratio()
    largest = max(abs(int(cycles.min(initial=0))), int(cycles.max(initial=0)))
    if 2 * up * largest + down < 1 << 63:
        whole: Ints = (2 * up * cycles + down) // (2 * down)
        return whole
    exact = [(2 * up * cycle + down) // (2 * down) for cycle in cycles.tolist()]
    if any(abs(time) >= 1 << 63 for time in exact):
        what = f"the trace has cycle {largest}, and so times of 2^63 {unit.name} or more"
        raise TraceError(what, hint="no format has such")
    return np.array(exact, dtype=np.int64)
