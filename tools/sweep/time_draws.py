"""The draws of the delays of points: which runs they are, and what each is known by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from acortex.sim.chip.specs import Chip
from acortex.sim.chip.timing_settings import DELAYS, sha256_of_cycles
from acortex.sim.counted import limit_of
from acortex.sim.uncertain import Shares, chip_at, draws_of, ends_of, settled
from acortex.tools.sweep.jobs import Drawing
from acortex.tools.sweep.plan import Planned, hash_of


@dataclass(frozen=True)
class TimeDraws:
    """The runs that the samples of some points are taken from; these points' delays are drawn alike."""

    points: Sequence[Planned]
    still: tuple[str, ...]
    """Delays that move no cycle of these runs, and are not drawn."""
    drawn: tuple[str, ...]
    """The key of the run of each draw."""
    middle: str
    """The key of the run with all delays in the middle of their spreads."""
    ends: Mapping[str, tuple[str, str]]
    """The keys of the runs with one of them at its ends, by its path."""
    runs: Mapping[str, Drawing]
    """Each run once, by its key."""


def time_draws(points: Sequence[Planned], chip: Chip, still: Sequence[str], number: int, seed: int) -> TimeDraws:
    """The runs of so many draws for points of which this is the chip of the first; of none, the run of the chip."""
    chip = settled(chip, still if number else DELAYS)
    ends = ends_of(chip)
    shares = [*draws_of(chip, number, seed), *(one for pair in ends.values() for one in pair)]
    keys, runs = _runs(points[0].run, chip, still, shares)
    own = keys[: len(shares) - 2 * len(ends)]
    pairs = zip(keys[len(own) :: 2], keys[len(own) + 1 :: 2], strict=True)
    at_ends = dict(zip(ends, pairs, strict=True))
    middle, _ = at_ends.pop("")
    return TimeDraws(points, tuple(still), tuple(own), middle, at_ends, runs)


def _runs(run: str, chip: Chip, still: Sequence[str], shares: Sequence[Shares]) -> tuple[list[str], dict[str, Drawing]]:
    """The key of the run on each chip, and what each key says: chips that take the same cycles share it."""
    alike, limits = defaultdict[str, list[Shares]](list), defaultdict[str, set[int]](set)
    cycles = []
    for one in shares:
        drawn = chip_at(chip, one)
        cycles.append(sha256_of_cycles(drawn, still))
        alike[cycles[-1]].append(one)
        limits[cycles[-1]].add(limit_of(drawn))
    keys = {at: hash_of("count", run, at, sorted(limits[at])) for at in alike}
    runs: dict[str, Drawing] = {
        keys[at]: {"shares": dict(some[0]), "limits": sorted(limits[at])} for at, some in alike.items()
    }
    return [keys[at] for at in cycles], runs


def missing(draws: Sequence[TimeDraws], known: Mapping[str, object]) -> Iterator[tuple[TimeDraws, list[str]]]:
    """The keys of runs that have no result yet, each once, with draws that say what they are."""
    seen = set(known)
    for one in draws:
        keys = [key for key in one.runs if key not in seen]
        seen.update(keys)
        if keys:
            yield one, keys
