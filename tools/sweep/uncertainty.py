"""What the spreads of constants do to the numbers of a point: intervals, and which constant matters most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from acortex.sim.chip.specs import Chip
from acortex.sim.chip.timing_settings import DELAYS
from acortex.sim.counted import Counted
from acortex.sim.uncertain import Courses, Samples, held, lead_of, samples_of, settled
from acortex.tools.sweep.effects import chance_of, fewest_draws, share_of, shares_of
from acortex.tools.sweep.jobs import Drawn
from acortex.tools.sweep.metrics import ENDS, PRICED, UNCERTAIN
from acortex.tools.sweep.results import SweepConstant, SweepUncertainty

SHARED = ("latency_s", "energy_j", "power_w", "area_mm2")
"""Those whose variance is divided among constants: efficiency goes as the energy, and all others as the latency."""

ALIKE = "power_w"
"""That of them which goes as the energy where no delay is drawn."""

SHARE, CHANGE, HELD, WITH, DRAWN, DELAYED, COURSES = (
    "share ", "change ", "held", "with ", "time_samples", "delays", "courses",
)  # fmt: skip
"""How names of results begin that are no numbers of a row."""

Told = dict[str, float | str]


def intervals(chips: Sequence[Chip], drawn: Drawn) -> Iterator[Told]:
    """The results of points, in the order of their chips: intervals, shares of constants, and what was held."""
    counts = {key: Counted.of_plain(row) for key, row in drawn["counts"].items()}
    courses = Courses(
        [counts[key] for key in drawn["drawn"]],
        counts[drawn["middle"]],
        {path: (counts[low], counts[high]) for path, (low, high) in drawn["ends"].items()},
    )
    for one in chips:
        chip = settled(one, drawn["still"] if drawn["ends"] else DELAYS)
        found = samples_of(chip, courses, drawn["samples"], drawn["seed"])
        runs: Told = {DELAYED: " ".join(sorted(found.delays)), COURSES: len(set(drawn["drawn"]))}
        runs[DRAWN] = len(drawn["drawn"]) if found.delays else 0
        yield {**_ends(found), **_shares(found), **_constants(chip, drawn["still"], bool(found.delays)), **runs}


def _ends(found: Samples) -> Told:
    """The interval of each number that was drawn, and that the run has."""
    names = [name for name in (UNCERTAIN if found.delays else PRICED) if name in found.numbers]
    return {f"{name}_p{end}": float(np.percentile(found.numbers[name], end)) for name in names for end in ENDS}


def _shares(found: Samples) -> Told:
    """The share of each constant that moves a number in its variance, and by how much of itself it moves it."""
    told: Told = {}
    for name in SHARED if found.delays else [one for one in SHARED if one != ALIKE]:
        moving = found.moves.get(name, {})
        shares = _of_delays(found, name) if moving else {}
        shares |= {
            path: share_of(found.shares[path], found.numbers[name]) for path in moving if path not in found.delays
        }
        for path, (low, high) in sorted((path, moving[path]) for path in shares):
            told[f"{SHARE}{name} {path}"] = shares[path]
            told[f"{CHANGE}{name} {path}"] = high / low - 1 if low else 0.0
    return told


def _of_delays(found: Samples, name: str) -> dict[str, float]:
    """The shares of the delays that move a number; none where there are too few draws to tell."""
    drawn = {path: found.shares[path] for path in found.moves[name] if path in found.delays}
    enough = all(len(values) >= fewest_draws(len(found.delays)) for values in drawn.values())
    return shares_of(drawn, found.numbers[name]) if enough else {}


def _constants(chip: Chip, still: Sequence[str], timed: bool) -> Told:
    """Constants that were held, and those that were drawn together, as texts."""
    lead = lead_of(chip)
    together = {one: [path for path in lead if lead[path] == one and path != one] for one in lead.values()}
    left = [path for path in held(chip) if path not in DELAYS or (timed and path not in still)]
    return {HELD: " ".join(left), **{f"{WITH}{one}": " ".join(others) for one, others in together.items() if others}}


def summary(results: Sequence[Mapping[str, object]], number: int, seed: int) -> SweepUncertainty:
    """What the intervals of all points say together: the mean share of each constant, the largest first."""
    shares: dict[tuple[str, str], list[tuple[float, float]]] = {}
    together: dict[str, list[str]] = {}
    for one in results:
        for name, value in one.items():
            if name.startswith(SHARE):
                metric, _, path = name.removeprefix(SHARE).partition(" ")
                change = one.get(f"{CHANGE}{metric} {path}", 0.0)
                shares.setdefault((metric, path), []).append((float(str(value)), float(str(change))))
            elif name.startswith(WITH):
                together[name.removeprefix(WITH)] = str(value).split()
    constants = [_constant(*key, found, together.get(key[1], [])) for key, found in shares.items()]
    constants.sort(key=lambda one: (SHARED.index(one.metric), -one.share, one.constant))
    delays = _words(results, DELAYED)
    return SweepUncertainty(
        samples=number,
        seed=seed,
        time_samples=_most(results, DRAWN),
        delays=delays,
        courses=_most(results, COURSES),
        points=len(results),
        chance=chance_of(number),
        fewest_time_samples=fewest_draws(len(delays)),
        constants=constants,
        held=_words(results, HELD),
    )


def _words(results: Sequence[Mapping[str, object]], name: str) -> list[str]:
    return sorted({word for one in results for word in str(one.get(name, "")).split()})


def _most(results: Sequence[Mapping[str, object]], name: str) -> int:
    """The largest of a number; 0 in results of a version that did not keep it."""
    return max((int(str(one.get(name, 0))) for one in results), default=0)


def _constant(metric: str, path: str, found: Sequence[tuple[float, float]], drawn_with: Sequence[str]) -> SweepConstant:
    """What the shares of a constant in a number of some points, and what it changes, say together."""
    shares, changes = zip(*found, strict=True)
    return SweepConstant(
        metric=metric,
        constant=path,
        drawn_with=list(drawn_with),
        share=float(np.mean(shares)),
        least=min(shares),
        most=max(shares),
        change=float(np.mean(changes)),
        points=len(shares),
    )
