"""Settings that move time and have no price: which there are, and what a run says where a chip has moved one."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache

from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.wording import all_of, setting_value

BASE = "acortex_gnmt"
"""The chip that all others inherit from: its values are the built-in ones, with those of a chip's technologies."""

MOST = 3
"""How many settings a warning names."""

FREE = tuple(path for path, setting in SETTINGS.items() if setting.free)
"""The paths of the settings that move time, but no energy of an event, no leakage, no area and no capacity."""


def moved(chip: Chip) -> list[str]:
    """The free settings in which a chip differs from the built-in values."""
    usual = _usual(chip.memory.type, chip.arrays.cell)
    return [path for path in FREE if chip.value(path) != usual.value(path)]


@cache
def _usual(memory: str, cell: str) -> Chip:
    """The base chip with these technologies."""
    return load_chip(BASE, [f"memory.type={memory}", f"arrays.cell={cell}"])


def warnings(chip: Chip) -> list[str]:
    """What a run on a chip says of speed that nothing pays for: settings moved, and delays below what is known."""
    usual, paths = _usual(chip.memory.type, chip.arrays.cell), moved(chip)
    said = [f"{path} ({_plain(chip, path)}, built in {_plain(usual, path)})" for path in paths[:MOST]]
    more = [f"{len(paths) - MOST} more"] if len(paths) > MOST else []
    verbs = "move time and have" if len(paths) > 1 else "moves time and has"
    return [*([f"{all_of([*said, *more])} {verbs} no price"] if said else []), *_below(chip)]


def _plain(chip: Chip, path: str) -> str:
    value = chip.value(path)
    return f"{value:g}" if isinstance(value, float) else setting_value(value)


def _below(chip: Chip) -> Iterator[str]:
    """Delays of main memory that are shorter than any that its technology is known for."""
    memory, clock = chip.memory, chip.clock_ns
    rows = (
        ("memory.access_cycles", memory.access_cycles * clock, memory.least_access_ns),
        ("memory.bank_cycles", memory.bank_cycles * clock, memory.least_access_ns),
        ("memory.read_latency_ns", memory.read_latency_ns, memory.least_latency_ns),
    )
    for path, found, least in rows:
        if found < least:
            yield f"{path} is {_ns(found)}; the shortest that is known of {memory.type} is {_ns(least)}"


def _ns(value: Decimal) -> str:
    return f"{value.normalize():f} ns"
