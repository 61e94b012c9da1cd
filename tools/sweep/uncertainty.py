"""What the spreads of constants do to the numbers of a point: intervals, and which constant matters most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from acortex.sim.chip.specs import Chip
from acortex.sim.run import Prepared
from acortex.sim.uncertain import Samples, held, lead_of, samples
from acortex.tools.sweep.effects import share_of
from acortex.tools.sweep.metrics import ENDS
from acortex.tools.sweep.results import SweepConstant, SweepUncertainty

SHARED = ("energy_j", "area_mm2")
"""Those whose variance is divided among constants; power and efficiency are the energy over what does not vary."""

SHARE, HELD, WITH = "share ", "held", "with "
"""How names of results begin that are no numbers of a row."""


def intervals(prepared: Prepared, chips: Sequence[Chip], number: int, seed: int) -> Iterator[dict[str, float | str]]:
    """The results of points, in the order of their chips: intervals, shares of constants, and what was held."""
    for chip, one in zip(chips, samples(prepared, chips, number, seed), strict=True):
        yield {**_ends(one), **_shares(one), **_constants(chip)}


def _ends(found: Samples) -> dict[str, float]:
    """The interval of each number that prices move, and that the run has."""
    values = {"energy_j": found.energy_j, "area_mm2": found.area_mm2}
    if found.latency_s:
        values["power_w"] = found.energy_j / found.latency_s
    if found.macs and found.energy_j.min() > 0:
        values["efficiency_ops_per_j"] = 2 * found.macs / found.energy_j
    return {f"{name}_p{end}": float(np.percentile(numbers, end)) for name, numbers in values.items() for end in ENDS}


def _shares(found: Samples) -> dict[str, float]:
    """The share of each constant that moves a number in its variance."""
    numbers = {"energy_j": (found.energy_j, found.moves_energy), "area_mm2": (found.area_mm2, found.moves_area)}
    return {
        f"{SHARE}{name} {path}": share_of(found.shares[path], values)
        for name, (values, moving) in numbers.items()
        for path in sorted(moving)
    }


def _constants(chip: Chip) -> dict[str, str]:
    """Prices that were held, and constants that were drawn together, as texts."""
    lead = lead_of(chip)
    together = {one: [path for path in lead if lead[path] == one and path != one] for one in lead.values()}
    return {HELD: " ".join(held(chip))} | {
        f"{WITH}{one}": " ".join(others) for one, others in together.items() if others
    }


def summary(results: Sequence[Mapping[str, object]], number: int, seed: int) -> SweepUncertainty:
    """What the intervals of all points say together: the mean share of each constant, the largest first."""
    shares: dict[tuple[str, str], list[float]] = {}
    together: dict[str, list[str]] = {}
    for name, value in (item for one in results for item in one.items()):
        if name.startswith(SHARE):
            metric, _, path = name.removeprefix(SHARE).partition(" ")
            shares.setdefault((metric, path), []).append(float(str(value)))
        elif name.startswith(WITH):
            together[name.removeprefix(WITH)] = str(value).split()
    constants = [_constant(*key, found, together.get(key[1], [])) for key, found in shares.items()]
    constants.sort(key=lambda one: (SHARED.index(one.metric), -one.share, one.constant))
    left = sorted(set(" ".join(str(one[HELD]) for one in results).split()))
    return SweepUncertainty(samples=number, seed=seed, points=len(results), constants=constants, held=left)


def _constant(metric: str, path: str, shares: Sequence[float], drawn_with: Sequence[str]) -> SweepConstant:
    """What the shares of a constant in a number of some points say together."""
    return SweepConstant(
        metric=metric,
        constant=path,
        drawn_with=list(drawn_with),
        share=float(np.mean(shares)),
        least=min(shares),
        most=max(shares),
        points=len(shares),
    )
