"""What the spreads of a chip's constants do to energy and area: the same run, priced with constants that are drawn.

The course of a run does not depend on prices, so it is simulated once; a sample is a sum of its counts times prices.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from acortex.sim.chip.area import total_area
from acortex.sim.chip.clock import Clock
from acortex.sim.chip.free import PRICES
from acortex.sim.chip.prices import prices
from acortex.sim.chip.specs import Chip
from acortex.sim.repriced import check_same_time, timing_of
from acortex.sim.run import Prepared
from acortex.sim.timing.tally import Tally
from acortex.units import joules

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Counted:
    """What of a run its energy follows from: cycles, events by kind, and multiplications."""

    cycles: int
    events: Mapping[int, int]
    macs: int


@dataclass(frozen=True)
class Samples:
    """Energies and areas of a run on a chip whose constants are drawn, a number for each sample.

    `shares` are what was drawn, by constant: how far each lies from one end of its spread to the other, 0 to 1.
    Constants that are drawn together stand under the first of them.
    """

    shares: Mapping[str, Floats]
    energy_j: Floats
    area_mm2: Floats
    latency_s: float
    macs: int
    moves_energy: frozenset[str]
    moves_area: frozenset[str]
    """The constants among `shares` that the numbers depend on at all."""


def samples(prepared: Prepared, chips: Sequence[Chip], number: int, seed: int = 0) -> list[Samples]:
    """So many samples for each of the chips; the prepared run says what is simulated.

    The same seed draws the same constants for every chip, and more samples begin with the same ones. Raises ValueError
    for chips whose cycles may differ, and the errors of a program that breaks a rule.
    """
    check_same_time(prepared, chips)
    timing = timing_of(prepared)
    counted = Counted(timing.cycles, _events(timing.chip.tally), sum(timing.chip.tally.macs.values()))
    return [of_chip(chip, counted, number, seed) for chip in chips]


def _events(tally: Tally) -> dict[int, int]:
    """How often each kind of event happened."""
    counts = Counter[int]()
    for (kind, _, _), count in tally.counts.items():
        counts[kind] += count
    return dict(counts)


def of_chip(chip: Chip, counted: Counted, number: int, seed: int) -> Samples:
    """Samples for a chip, of a run that counted this."""
    shares = {path: drawn(path, number, seed) for path in dict.fromkeys(lead_of(chip).values())}
    energy, area = np.empty(number), np.empty(number)
    for at in range(number):
        one = chip_at(chip, {path: float(values[at]) for path, values in shares.items()})
        energy[at], area[at] = joules(energy_aj(one, counted)), float(total_area(one))
    seconds = Clock(chip.clock_ns).seconds(counted.cycles)
    return Samples(shares, energy, area, seconds, counted.macs, *_moving(chip, counted, list(shares)))


def _moving(chip: Chip, counted: Counted, paths: Sequence[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The constants that energy depends on, and those that the area does, with all others in the middle."""
    energy, area = set[str](), set[str]()
    for path in paths:
        low, high = (chip_at(chip, {**dict.fromkeys(paths, 0.5), path: end}) for end in (0.0, 1.0))
        energy |= {path} if energy_aj(low, counted) != energy_aj(high, counted) else set()
        area |= {path} if total_area(low) != total_area(high) else set()
    return frozenset(energy), frozenset(area)


def lead_of(chip: Chip) -> dict[str, str]:
    """For each constant with a spread, the one whose draw it takes: itself, or what it is drawn with."""
    return {path: spread.partner if spread.partner in chip.spreads else path for path, spread in chip.spreads.items()}


def drawn(path: str, number: int, seed: int) -> Floats:
    """Numbers from 0 to 1 for a constant: they depend on its path and the seed alone, more begin with the same ones."""
    key = hashlib.sha256(path.encode()).digest()[:8]
    return np.random.default_rng([seed, int.from_bytes(key)]).random(number)


def chip_at(chip: Chip, shares: Mapping[str, float]) -> Chip:
    """The chip with its constants at these shares of their spreads. Its checksum is another, as is its behaviour."""
    lead = lead_of(chip)
    moved: dict[str, dict[str, Decimal]] = {}
    for path, spread in chip.spreads.items():
        section, _, name = path.rpartition(".")
        moved.setdefault(section, {})[name] = spread.at(getattr(getattr(chip, section), name), shares[lead[path]])
    sections = {name: getattr(chip, name).model_copy(update=values) for name, values in moved.items()}
    return Chip.model_construct(**{name: sections.get(name, getattr(chip, name)) for name in Chip.model_fields})


def energy_aj(chip: Chip, counted: Counted) -> int:
    """The energy of a run on a chip, in attojoules."""
    price = prices(chip)
    return counted.cycles * price.leakage_aj_per_cycle + sum(
        count * price.total[kind] for kind, count in counted.events.items()
    )


def held(chip: Chip) -> list[str]:
    """The prices of a chip that have no spread, and that are no anchor of a law: samples take them as they are."""
    return [
        path for path in PRICES if path not in chip.spreads and "anchor" not in path and _is_stated(chip.value(path))
    ]


def _is_stated(value: object) -> bool:
    """Whether a price is a number, and not 0: what a chip has not costs nothing."""
    return isinstance(value, (int, float)) and value != 0
