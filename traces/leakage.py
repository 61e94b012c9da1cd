"""Who pays for what no event pays for: leakage, and what belongs to no inference. In integers, with exact sums."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from acortex.intervals import Span, joined

NONE = -1
"""The number that stands for no layer, or for no inference."""

Interval = tuple[int, int, int]
"""What was in flight when: (layer or inference, first cycle, cycle after the last)."""


def share_leakage(
    intervals: Iterable[Interval], cycles: int, aj_per_cycle: int, idle: int | None = None
) -> dict[int, int]:
    """Divides the leakage of a run of `cycles` among owners: attojoules, which add up to cycles * aj_per_cycle.

    In a cycle with n owners in flight each pays floor(L/n), and the one in flight longest pays the rest too (of equals,
    the smallest number). In a cycle with none, `idle` pays; without `idle`, the owner that starts next, and after the
    last start the one that started last. Several intervals of one owner count once where they overlap.
    """
    spans = _merged(intervals, cycles)
    opens = [(start, 1, owner) for start, _, owner in spans]
    closes = [(end, 0, owner) for _, end, owner in spans]
    shares = _Shares(aj_per_cycle)
    last = NONE
    for cycle, opening, owner in sorted(opens + closes):
        shares.advance(cycle, owner if idle is None else idle)
        if opening:
            shares.open(owner)
            last = owner
        else:
            shares.close(owner)
    shares.advance(cycles, last if idle is None else idle)
    return dict(shares.paid)


def _merged(intervals: Iterable[Interval], cycles: int) -> list[tuple[int, int, int]]:
    """The intervals as (start, end, owner), within the run, one where several of an owner overlap or touch; sorted."""
    by_owner: defaultdict[int, list[Span]] = defaultdict(list)
    for owner, start, end in intervals:
        by_owner[owner].append((max(start, 0), min(end, cycles)))
    spans = [(start, end, owner) for owner, own in by_owner.items() for start, end in joined(own)]
    return sorted(spans, key=lambda span: (span[0], span[2]))


@dataclass
class _Shares:
    """The sweep over the cycles of a run: what an owner in flight throughout pays, and since when each owner pays."""

    aj_per_cycle: int
    paid: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))
    now: int = 0
    share: int = 0
    in_flight: OrderedDict[int, int] = field(default_factory=OrderedDict)
    """The owners in flight, the oldest first, each with the value of `share` when it started."""

    def advance(self, cycle: int, idle: int) -> None:
        """Charges the cycles up to `cycle`; `idle` pays where no owner is in flight."""
        length, self.now = cycle - self.now, cycle
        if self.in_flight:
            each, rest = divmod(self.aj_per_cycle, len(self.in_flight))
            self.share += each * length
            self.paid[next(iter(self.in_flight))] += rest * length
        elif length:
            self.paid[idle] += self.aj_per_cycle * length

    def open(self, owner: int) -> None:
        """An owner takes off."""
        self.in_flight[owner] = self.share

    def close(self, owner: int) -> None:
        """An owner lands, and pays its shares."""
        self.paid[owner] += self.share - self.in_flight.pop(owner)


def share_of_each(common: Iterable[int], owners: int) -> tuple[int, int]:
    """What each of some owners pays of energies that are for all, and what the first pays beside: as `share_out`."""
    shares = [divmod(energy, owners) for energy in common]
    return sum(each for each, _ in shares), sum(rest for _, rest in shares)


def share_out(by_inference: dict[int, dict[str, int]]) -> None:
    """Divides what belongs to no inference among those there are; without any it stays where it is."""
    common = by_inference.pop(NONE, None)
    if common is None:
        return
    if not by_inference:
        by_inference[NONE] = common
        return
    for component, energy in common.items():
        each, rest = divmod(energy, len(by_inference))
        for row in by_inference.values():
            row[component] += each
        by_inference[min(by_inference)][component] += rest
