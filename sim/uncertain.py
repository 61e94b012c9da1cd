"""What the spreads of a chip's constants do to the numbers of a run: the run on chips whose constants are drawn.

Prices do not move the course of a run, so a sample of prices is a sum of its counts. Delays do: of them there are fewer
draws, each a course of its own, which is counted once for all draws that become the same cycles (`sim/counted.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from acortex.sim.chip.free import PRICES
from acortex.sim.chip.specs import Chip
from acortex.sim.chip.timing_settings import DELAYS
from acortex.sim.counted import Counted, numbers

Floats = NDArray[np.float64]

Shares = Mapping[str, float]
"""How far constants lie from one end of their spreads to the other, 0 to 1, by the constant whose draw they take."""

MIDDLE = 0.5


@dataclass(frozen=True)
class Courses:
    """What was counted in the runs that samples of a chip are taken from."""

    drawn: Sequence[Counted]
    """Of each draw of the delays."""
    middle: Counted
    """With all constants in the middle of their spreads."""
    ends: Mapping[str, tuple[Counted, Counted]]
    """With one of the delays at its ends and all others in the middle."""


@dataclass(frozen=True)
class Samples:
    """Numbers of a run on a chip whose constants are drawn."""

    shares: Mapping[str, Floats]
    """What was drawn, by constant: of prices one for each sample, of delays one for each draw of them. Constants that
    are drawn together stand under the first of them."""
    numbers: Mapping[str, Floats]
    """By the names of a sweep's columns, one for each sample. Those that some sample has not are left out."""
    moves: Mapping[str, Mapping[str, tuple[float, float]]]
    """By number, then by constant: the number at the ends of that constant, with all others in the middle. Constants
    that the number does not depend on are left out."""
    delays: frozenset[str]
    """The constants among `shares` that move time."""


def settled(chip: Chip, paths: Collection[str]) -> Chip:
    """The chip with these constants as they are."""
    return chip.model_copy(update={"spreads": {at: one for at, one in chip.spreads.items() if at not in paths}})


def lead_of(chip: Chip) -> dict[str, str]:
    """For each constant with a spread, the one whose draw it takes: itself, or what it is drawn with."""
    return {path: spread.partner if spread.partner in chip.spreads else path for path, spread in chip.spreads.items()}


def delays_of(chip: Chip) -> list[str]:
    """The constants that are drawn for time, those that are drawn with each other once."""
    return list(dict.fromkeys(lead for path, lead in lead_of(chip).items() if path in DELAYS))


def drawn(path: str, number: int, seed: int) -> Floats:
    """Numbers from 0 to 1 for a constant: they depend on its path and the seed alone, more begin with the same ones."""
    key = hashlib.sha256(path.encode()).digest()[:8]
    return np.random.default_rng([seed, int.from_bytes(key)]).random(number)


def draws_of(chip: Chip, number: int, seed: int) -> list[dict[str, float]]:
    """So many draws of a chip's delays; one that draws nothing where no delay has a spread."""
    leads = delays_of(chip)
    columns = [drawn(path, number, seed).tolist() for path in leads]
    return [dict(zip(leads, row, strict=True)) for row in zip(*columns, strict=True)] if leads else [{}]


def ends_of(chip: Chip) -> Mapping[str, tuple[Shares, Shares]]:
    """For each delay the chips with it at its ends and all others in the middle; under "" the one without ends."""
    middle = dict.fromkeys(delays_of(chip), MIDDLE)
    return {path: ({**middle, path: 0.0}, {**middle, path: 1.0}) for path in middle} | {"": (middle, middle)}


def chip_at(chip: Chip, shares: Shares) -> Chip:
    """The chip with its constants at these shares of their spreads; those without a share stay as they are.

    Its checksum is another, as is its behaviour.
    """
    lead = lead_of(chip)
    moved: dict[str, dict[str, Decimal | int]] = {}
    for path, spread in chip.spreads.items():
        if lead[path] in shares:
            section, _, name = path.rpartition(".")
            moved.setdefault(section, {})[name] = spread.at(chip.constant(path), shares[lead[path]])
    sections = {name: getattr(chip, name).model_copy(update=values) for name, values in moved.items() if name}
    sections |= moved.get("", {})
    return Chip.model_construct(**{name: sections.get(name, getattr(chip, name)) for name in Chip.model_fields})


def samples_of(chip: Chip, courses: Courses, number: int, seed: int) -> Samples:
    """So many samples of a chip, over the courses of its draws in turn.

    The same seed draws the same constants for every chip, and more samples begin with the same ones.
    """
    delays, many = delays_of(chip), len(courses.drawn)
    shares = {path: drawn(path, number, seed) for path in dict.fromkeys(lead_of(chip).values()) if path not in delays}
    shares |= {path: drawn(path, many, seed) for path in delays}
    found: list[dict[str, float]] = []
    for at in range(number):
        one = chip_at(chip, {path: float(values[at % len(values)]) for path, values in shares.items()})
        found.append(numbers(one, courses.drawn[at % many]))
    names = [name for name in found[0] if all(name in one for one in found)]
    columns = {name: np.array([one[name] for one in found], np.float64) for name in names}
    return Samples(shares, columns, _moves(chip, courses, list(shares), names), frozenset(delays))


def _moves(
    chip: Chip, courses: Courses, paths: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, tuple[float, float]]]:
    """What each number is at the ends of each constant that it depends on."""
    found: dict[str, dict[str, tuple[float, float]]] = {name: {} for name in names}
    middle = dict.fromkeys(paths, MIDDLE)
    for path in paths:
        counts = courses.ends.get(path, (courses.middle, courses.middle))
        ends = [chip_at(chip, {**middle, path: end}) for end in (0.0, 1.0)]
        low, high = (numbers(one, count) for one, count in zip(ends, counts, strict=True))
        for name in names:
            if low.get(name) != high.get(name):
                found[name][path] = low.get(name, 0.0), high.get(name, 0.0)
    return found


def held(chip: Chip) -> list[str]:
    """The prices and delays of a chip that have no spread, and that are no anchor of a law: samples take them as they
    are.
    """
    constants = (*PRICES, *DELAYS)
    return [
        path for path in constants if path not in chip.spreads and "anchor" not in path and _is_stated(chip.value(path))
    ]


def _is_stated(value: object) -> bool:
    """Whether a constant is a number, and not 0: what a chip has not costs nothing, and takes no time."""
    return isinstance(value, (int, float)) and value != 0
