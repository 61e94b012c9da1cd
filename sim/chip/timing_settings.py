"""Which chips run a program in the same cycles: those that differ in prices and errors alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection

from acortex.sim.chip.setting import ACCURACY, AREA, ENERGY
from acortex.sim.chip.specs import SETTINGS, Chip

PRICED = tuple(path for path, one in SETTINGS.items() if one.moves and {*one.moves} <= {ENERGY, AREA})
"""The settings that move neither what happens in a run nor when: prices, and what prices are stated for."""

WITHOUT_TIME = tuple(path for path, one in SETTINGS.items() if one.moves and {*one.moves} <= {ENERGY, AREA, ACCURACY})
"""The settings that move no cycle of a run: these, errors and retention. One that is said to move nothing may."""


def sha256_of(chip: Chip, without: Collection[str]) -> str:
    """A checksum of a chip's settings, in hexadecimal, but for those `without`."""
    left: dict[str, object] = {path: chip.value(path) for path in SETTINGS if path not in without}
    text = json.dumps(left, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sha256_of_time(chip: Chip) -> str:
    """What is equal for chips that run every program in the same cycles: of all settings but those of prices, errors
    and retention.
    """
    return sha256_of(chip, frozenset(WITHOUT_TIME))


def sha256_of_values(chip: Chip) -> str:
    """What is equal for chips that compute the same: "ideal" without errors; with them of all settings but prices."""
    return sha256_of(chip, frozenset(PRICED)) if chip.errors.model == "analog" else "ideal"
