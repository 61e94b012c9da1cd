"""Which chips run a program in the same cycles: those that differ in prices and errors alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY
from acortex.sim.chip.setting import ACCURACY, AREA, ENERGY, TIME
from acortex.sim.chip.side import PRICED_SIDE
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.units import cycles_of, exact

PRICED = tuple(path for path, one in SETTINGS.items() if one.moves and {*one.moves} <= {ENERGY, AREA})
"""The settings that move neither what happens in a run nor when: prices, and what prices are stated for."""

WITHOUT_TIME = tuple(path for path, one in SETTINGS.items() if one.moves and {*one.moves} <= {ENERGY, AREA, ACCURACY})
"""The settings that move no cycle of a run: these, errors and retention. One that is said to move nothing may."""

DELAYS = tuple(path for path, one in SETTINGS.items() if one.is_delay)
"""The settings that say how long something takes."""

MOST_JOINED = 512
"""Arrays that may share an output: both halves of the tallest chip."""


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


def sha256_of_cycles(chip: Chip, still: Collection[str] = ()) -> str:
    """What is equal for chips that run a program in the same cycles, however long a cycle is: delays are compared as
    the cycles that they become. Delays in `still` move no cycle of that program.
    """
    rest = sha256_of(chip, {*WITHOUT_TIME, *DELAYS})
    left = {path: found for path, found in in_cycles(chip.config, chip.rows).items() if path not in still}
    left |= {path: [chip.value(path), chip.value("clock_ns")] for path in _OF_EVENTS if path not in still}
    return hashlib.sha256(json.dumps([rest, left], sort_keys=True, allow_nan=False).encode()).hexdigest()


_OF_EVENTS = tuple(path for path in DELAYS if path.startswith(("host.part", "host.operations", "program_erase.")))
"""Delays that become cycles together with what an event has to do, or before the run."""


def in_cycles(config: Mapping[str, Any], joined: int = MOST_JOINED) -> dict[str, Any]:
    """The settings that a resolved chip's cycles follow from, by path: those in nanoseconds as cycles.

    A frame has those of groups of one to so many `joined` arrays. Raises KeyError, TypeError, ValueError,
    ArithmeticError or AttributeError for what is no whole chip.
    """
    flat = {
        f"{table}.{name}": value
        for table, settings in config.items()
        if isinstance(settings, Mapping)
        for name, value in settings.items()
        if _moves_time(f"{table}.{name}")
    }
    clock = exact(config["clock_ns"])
    frame, settle_ns = (exact(flat.pop(f"arrays.{name}")) for name in ("frame_ns", "settle_ns_per_array"))
    longer = exact(flat["arrays.k"]) / PRICED_SIDE
    frames = [(frame + settle_ns * arrays) * longer for arrays in range(1, joined + 1)]
    flat["arrays.frame_ns"] = [cycles_of(one, clock) for one in frames]
    flat["memory.read_latency_ns"] = cycles_of(exact(flat["memory.read_latency_ns"]), clock)
    # Writing weights comes before the run: no cycle of a trace follows from it unless the program writes again.
    return {path: value for path, value in flat.items() if not path.startswith("program_erase.")}


def _moves_time(path: str) -> bool:
    """Whether a setting may move cycles; one that today's chips do not have may. Of a technology, what it sets may."""
    known = SETTINGS.get(path)
    return path not in NAMES_TECHNOLOGY and (known is None or TIME in known.moves)
