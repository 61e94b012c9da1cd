"""What has no price: which settings, and what a run says where a chip has moved one."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from decimal import Decimal
from functools import cache

from acortex.sim.chip.chip_files import has_source
from acortex.sim.chip.setting import ACCURACY, AREA, ENERGY, TIME
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.wording import all_of, setting_value

BASE = "acortex_gnmt"
"""The chip that all others inherit from: its values are the built-in ones, with those of a chip's technologies."""

MOST = 3
"""How many settings a warning names."""

FREE = tuple(path for path, setting in SETTINGS.items() if setting.free)
"""The paths of the settings that move time, but no energy of an event, no leakage, no area and no capacity."""

UNPAID = {
    TIME: FREE,
    ACCURACY: tuple(
        path for path, one in SETTINGS.items() if one.moves == (ACCURACY,) and not path.startswith("errors.")
    ),
}
"""What has no price: the free settings, and those that move accuracy alone, but for errors."""

PRICES = tuple(path for path, setting in SETTINGS.items() if setting.moves and {*setting.moves} <= {ENERGY, AREA})
"""The settings that state what something costs."""

COARSE = ("program_erase.levels", "program_erase.pulses_per_level")
"""Settings that save time and energy where they are low: what is lost, the precision of weights, is not modelled."""


@cache
def _usual(memory: str, cell: str) -> Chip:
    """The base chip with these technologies."""
    return load_chip(BASE, [f"memory.type={memory}", f"arrays.cell={cell}"])


def warnings(chip: Chip, unmoved: Container[str] = ()) -> list[str]:
    """What a run on a chip says of what nothing pays for, and of what has no source.

    These are settings without a price that were moved, delays below what is known, coarse writes, and prices. Paths of
    settings in `unmoved` moved no cycle of the run, which had no speed of them to pay for.
    """
    usual = _usual(chip.memory.type, chip.arrays.cell)
    unpaid = (
        _moved(chip, usual, paths, f"moves {what} and has no price", f"move {what} and have no price")
        for what, paths in _unpaid(unmoved)
    )
    unsourced = [path for path in PRICES if not has_source(chip.sources.get(path, ""))]
    priced = _moved(chip, usual, unsourced, "is a price without a source", "are prices without a source")
    return [*filter(None, unpaid), *_below(chip), *_coarse(chip, usual), *filter(None, [priced])]


def _unpaid(unmoved: Container[str]) -> Iterator[tuple[str, list[str]]]:
    """What has no price, but for the settings that moved nothing."""
    return ((what, [path for path in paths if path not in unmoved]) for what, paths in UNPAID.items())


def _moved(chip: Chip, usual: Chip, among: Sequence[str], one: str, several: str) -> str:
    """What is said of the settings that a chip has moved, `MOST` of them by name; empty for none."""
    paths = [path for path in among if chip.value(path) != usual.value(path)]
    said = [f"{path} ({_plain(chip, path)}, built in {_plain(usual, path)})" for path in paths[:MOST]]
    more = [f"{len(paths) - MOST} more"] if len(paths) > MOST else []
    return f"{all_of([*said, *more])} {several if len(paths) > 1 else one}" if said else ""


def _plain(chip: Chip, path: str) -> str:
    value = chip.value(path)
    return f"{value:g}" if isinstance(value, float) else setting_value(value)


def _coarse(chip: Chip, usual: Chip) -> Iterator[str]:
    """Writes with fewer levels or pulses than the technology states."""
    for path in COARSE:
        if chip.value(path) < usual.value(path):
            found, built_in = chip.value(path), usual.value(path)
            yield f"{path} is {found}, built in {built_in}: what coarser weights cost is not modelled"


def _below(chip: Chip) -> Iterator[str]:
    """Delays of main memory that are shorter than any that its technology is known for."""
    memory, clock = chip.memory, chip.clock_ns
    rows = (
        ("memory.access_cycles", memory.access_cycles * clock, memory.least_access_ns),
        ("memory.bank_cycles", memory.bank_cycles * clock, memory.least_access_ns),
        ("memory.read_latency_ns", memory.read_latency_ns, memory.least_latency_ns),
    )
    short = [f"{path} ({_ns(found)}, known {_ns(least)})" for path, found, least in rows if found < least]
    if short:
        yield f"{all_of(short)} {'are' if len(short) > 1 else 'is'} shorter than any that is known of {memory.type}"


def _ns(value: Decimal) -> str:
    return f"{value.normalize():f} ns"
