"""Power over time: the energy of a run in windows of equal width, which add up to the run's energy exactly.

What an instruction's events in one unit cost is spread evenly over the instruction's span in that unit, in whole
attojoules; leakage is the same in every cycle.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.chip.clock import Clock
from acortex.sim.chip.prices import Prices
from acortex.sim.results import Power
from acortex.sim.timing.record import gathered
from acortex.sim.timing.tally import Works
from acortex.units import joules

Integers = NDArray[Any]
"""Integers of 64 bits, or of Python."""

WINDOW_NS = 1000
"""The width of a window, made whole cycles."""

MOST_WINDOWS = 10_000
"""A longer run has windows of twice the width, or four times, and so on."""


def window_cycles(clock: Clock, cycles: int) -> int:
    """The width of the windows of a run of `cycles`."""
    width = clock.cycles(WINDOW_NS)
    while -(-cycles // width) > MOST_WINDOWS:
        width *= 2
    return width


def energy_by_window(works: Works, price: Prices, cycles: int, width: int) -> list[int]:
    """Attojoules in each window of `width` cycles; the last one ends with the run. Their sum is the run's energy."""
    last = max(-(-cycles // width) - 1, 0)
    exact = _exact(works, price)
    windows = np.zeros(last + 1, dtype=exact)
    if len(works.begins):
        counts: Integers = works.counts.astype(exact)
        each: Integers = np.array(price.total, dtype=exact)
        _spread(windows, works, np.add.reduceat(counts * each[works.kinds], works.begins), width)
    leaks = price.leakage_aj_per_cycle
    spread = windows.tolist()
    return [spread[n] + leaks * (min((n + 1) * width, cycles) - n * width) for n in range(last + 1)]


def _exact(works: Works, price: Prices) -> type[np.int64] | type[np.object_]:
    """Integers of 64 bits where these are enough for every sum and product, else Python's own."""
    energy = float(works.counts.astype(float) @ np.array(price.total, dtype=float)[works.kinds])
    longest = int((works.last - works.first).max(initial=0))
    return np.int64 if energy < 1 << 61 and max(price.total) < 1 << 61 and longest < 1 << 30 else np.object_


def _spread(windows: Integers, works: Works, energy: Integers, width: int) -> None:
    """Spreads energy evenly over the cycles of each; what rounding leaves comes in a later window."""
    exact = windows.dtype
    start, end = works.first, np.maximum(works.last, works.first + 1)
    within, owner = gathered(start // width, (end - 1) // width + 1)
    whole = (end - start)[owner].astype(exact)
    passed = np.minimum((within + 1) * width, end[owner]).astype(exact) - start[owner]
    each, rest = energy[owner] // whole, energy[owner] % whole
    due = each * passed + rest * passed // whole  # energy * passed // whole, which may be beyond 64 bits
    before = np.where(np.diff(owner, prepend=-1) > 0, 0, np.roll(due, 1))
    np.add.at(windows, np.minimum(within, len(windows) - 1), due - before)


def power_report(works: Works, price: Prices, clock: Clock, cycles: int, energy_aj: int) -> Power:
    """The average, the peak and the windows of a run's power. The peak is that of a whole window, if there is one."""
    width = window_cycles(clock, cycles)
    windows = energy_by_window(works, price, cycles, width)
    whole = windows[: cycles // width]
    span = width if whole else cycles
    peak = max(whole or windows)
    return Power(
        average_w=_watts(energy_aj, clock, cycles),
        leakage_w=_watts(price.leakage_aj_per_cycle, clock, 1),
        peak_w=_watts(peak, clock, span),
        peak_cycle=windows.index(peak) * width,
        window_s=clock.seconds(width),
        window_cycles=width,
        windows_aj=windows,
    )


def _watts(energy_aj: int, clock: Clock, cycles: int) -> float:
    return joules(energy_aj) / clock.seconds(cycles) if cycles else 0.0
