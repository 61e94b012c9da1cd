"""Technologies of memory and cells beside each other: what each is, states and leaves out, with sources."""

from __future__ import annotations

from collections.abc import Sequence

from acortex.errors import UsageError
from acortex.sim.chip.area import area_by_component
from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY, OF_SETTINGS, technology
from acortex.sim.chip.errors import missing
from acortex.sim.chip.free import BASE
from acortex.sim.chip.results import CellTechnology, StatedSetting, Technologies, Technology
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.chip.technology_files import technologies
from acortex.units import UM2_PER_MM2
from acortex.wording import any_of, did_you_mean

CELL = "arrays.cell"


def technology_list(names: Sequence[str] = ()) -> Technologies:
    """The technologies of these names, all where none is named, by setting and name.

    Numbers of cells are those on the chip that all others inherit from. Raises UsageError for an unknown name.
    """
    known = {name: path for path, kind in NAMES_TECHNOLOGY.items() for name in technologies(kind)}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, f"there are {any_of(known)}")
            raise UsageError(f'no technology is called "{name[:80]}"', hint=hint)
    return Technologies(technologies=[_row(path, name) for name, path in known.items() if name in names or not names])


def _row(path: str, name: str) -> Technology:
    """A technology: its file, and what that makes of the base chip."""
    source = technology(NAMES_TECHNOLOGY[path], name)
    chip = load_chip(BASE, [f"{path}={name}"])
    tables = {key: table for key, table in source.data.items() if isinstance(table, dict) and key not in OF_SETTINGS}
    stated = {f"{table}.{leaf}" for table, leaves in tables.items() for leaf in leaves}
    return Technology(
        setting=path,
        name=name,
        description=str(source.data.get("description", "")),
        cells=_cells(chip, source.data.get("kind")) if path == CELL else None,
        states=[
            StatedSetting(path=one, value=chip.value(one), unit=setting.unit, source=chip.sources[one])
            for one, setting in SETTINGS.items()
            if one in stated
        ],
        not_stated=missing(chip.errors) if path == CELL else [],
    )


def _cells(chip: Chip, kind: str | None) -> CellTechnology:
    """What a technology of cells makes of arrays: their time, energy, area and writing."""
    energy, writing, areas = chip.energy, chip.program_erase, area_by_component(chip)
    arrays = areas["arrays"] + areas["sensing"] + areas["dacs"]
    return CellTechnology(
        kind=kind,
        encoding=chip.errors.input,
        frame_ns=float(chip.arrays.frame_ns),
        energy_pj=float(energy.sensing_pj + energy.array_pj + energy.dacs_pj),
        area_um2=float(arrays * UM2_PER_MM2 / chip.array_count + chip.area.others_per_array_um2),
        levels=writing.levels,
        pulses_per_level=writing.pulses_per_level,
        pulse_ns=float(writing.pulse_ns),
        verify_ns=float(writing.verify_ns),
        tuning_pct=None if chip.errors.tuning_pct is None else float(chip.errors.tuning_pct),
        statistics=chip.errors.statistics,
    )
