"""Power over time: the energy of a run in windows of equal width, which add up to the run's energy exactly.

What an instruction's events in one unit cost is spread evenly over the instruction's span in that unit, in whole
attojoules; leakage is the same in every cycle.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from acortex.sim.chip.clock import Clock
from acortex.sim.chip.prices import Prices
from acortex.sim.results import Power
from acortex.sim.timing.tally import Work
from acortex.units import joules

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


def energy_by_window(work: Iterable[Work], price: Prices, cycles: int, width: int) -> list[int]:
    """Attojoules in each window of `width` cycles; the last one ends with the run. Their sum is the run's energy."""
    last = max(-(-cycles // width) - 1, 0)
    windows = [0] * (last + 1)
    for start, end, done in work:
        energy = sum(count * price.total[kind] for kind, count in done)
        if energy:
            _spread(windows, start, max(end, start + 1), energy, width)
    leaks = price.leakage_aj_per_cycle
    return [windows[n] + leaks * (min((n + 1) * width, cycles) - n * width) for n in range(last + 1)]


def _spread(windows: list[int], start: int, end: int, energy: int, width: int) -> None:
    """Spreads energy evenly over the cycles from start to end; what rounding leaves comes in a later window."""
    first, last = start // width, (end - 1) // width
    if first == last:
        windows[min(first, len(windows) - 1)] += energy
        return
    exact = np.int64 if energy < (1 << 62) // (end - start) else np.object_  # where 64 bits are too few, Python's own
    reached = np.minimum(np.arange(first + 1, last + 2, dtype=exact) * width, end)
    due = energy * (reached - start) // (end - start)
    given = np.diff(due, prepend=due[:1] * 0).tolist()
    for number, part in enumerate(given, first):
        windows[min(number, len(windows) - 1)] += part


def power_report(work: Iterable[Work], price: Prices, clock: Clock, cycles: int, energy_aj: int) -> Power:
    """The average, the peak and the windows of a run's power. The peak is that of a whole window, if there is one."""
    width = window_cycles(clock, cycles)
    windows = energy_by_window(work, price, cycles, width)
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
