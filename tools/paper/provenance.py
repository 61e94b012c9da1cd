"""What each row of Fig. 7b rests on: the settings of the chip that move it, and how each of them was derived.

How a setting was derived is what its source in the chip file says, and what `fit.py` does with it:

    published   printed in Fig. 7b itself, or from elsewhere, without a look at the rows
    fitted      solved from rows of some networks (acortex.tools.paper.fit)
    chosen      an own choice, or a reading of the table, made with its rows in view
"""

from __future__ import annotations

from collections.abc import Iterator

from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY
from acortex.sim.chip.setting import AREA, ENERGY, TIME
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.tools.paper.fit import CLOCK_ON, LAWS
from acortex.tools.paper.results import Basis

TABLE = "Fig. 7b"
"""How sources of settings name the table."""

FITTED = {name: law.on for law in LAWS for name, _, _ in law.terms} | {"clock_ns": CLOCK_ON}
"""The settings that are fitted, each with the networks that it is fitted on."""

OFF = ("errors.", "program_erase.")
"""What begins the path of a setting that no event of a run waits for, nor pays."""

ROWS_OF_TIME = ("latency_ms", "throughput_tops")
ROWS_OF_AREA = ("area_mm2", "area_pct")


def derived(path: str, source: str) -> str:
    """How a setting was derived: published, fitted or chosen."""
    if path in FITTED:
        return "fitted"
    return "chosen" if TABLE in source and not source.startswith(TABLE) else "published"


def moves(row: str) -> Iterator[str]:
    """The settings that move a row. Power and energy move with time, since leakage lasts as long as the run."""
    kind = row.removesuffix("_2mac")
    wanted = {TIME} if kind in ROWS_OF_TIME else {AREA} if kind.startswith(ROWS_OF_AREA) else {ENERGY, TIME}
    for path, setting in SETTINGS.items():
        if wanted & {*setting.moves} and path not in NAMES_TECHNOLOGY and not path.startswith(OFF):
            yield path


def seen(chip: Chip, network: str, row: str) -> dict[str, str]:
    """The settings that a row of a network rests on and that were derived with it in view, each with how."""
    found = {path: derived(path, chip.sources.get(path, "")) for path in moves(row)}
    return {
        path: how for path, how in found.items() if how == "chosen" or (how == "fitted" and network in FITTED[path])
    }


def basis(chip: Chip, network: str, row: str) -> Basis:
    """What a row that is no count rests on: the weakest of what its settings were derived from."""
    kinds = set(seen(chip, network, row).values())
    return "fitted" if "fitted" in kinds else "chosen" if "chosen" in kinds else "predicted"


def chosen(chip: Chip) -> dict[str, str]:
    """The settings that were chosen with the table in view, with their sources."""
    sources = {path: chip.sources.get(path, "") for path in SETTINGS}
    return {path: source for path, source in sources.items() if derived(path, source) == "chosen"}
