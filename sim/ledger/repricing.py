"""A recorded run priced anew: what `acortex trace reprice` prints, as an object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acortex.errors import UsageError
from acortex.sim.chip.clock import Clock
from acortex.sim.chip.prices import Energies, prices
from acortex.sim.chip.results import Reprice
from acortex.sim.chip.specs import Chip
from acortex.sim.ledger.reprice import moved_timing, replay
from acortex.traces.changed import changed_settings, settings
from acortex.traces.covers import covers
from acortex.traces.file.reader import Trace
from acortex.traces.results_of_paths import Changed
from acortex.units import joules

MOST_AJ = 10**48
"""More energy than any run has, and few enough digits for a float."""


def reprice(trace: Trace, chip: Chip) -> Reprice:
    """The energies of a recorded run and what they were on another chip, in pairs, in attojoules.

    Events and cycles are those recorded. `timing_may_differ` has the settings by which a run on `chip` may take others;
    without one the energies are those of a fresh run. `recorded_chip(trace, settings)` is the run's own chip with other
    prices. Raises UsageError for a trace that lacks events, or a report of the run's energy.
    """
    configs = trace.header.config, chip.config
    energies = replay(trace, prices(chip))
    recorded = _recorded(trace)
    seconds = Clock(chip.clock_ns).seconds(trace.cycles)
    energy_j = joules(energies.total)
    found = {
        **covers(trace),
        "program": trace.header.program,
        "chip": [trace.header.chip, chip.name],
        "changed": Changed(settings=changed_settings(*map(settings, configs)), program=[]),
        "timing_may_differ": moved_timing(*configs),
        "cycles": trace.cycles,
        "latency_s": seconds,
        "power_w": energy_j / seconds if seconds else 0.0,
        "energy_j": [recorded["energy_j"], energy_j],
        "energy_aj": [recorded["energy_aj"], energies.total],
        "energy_by_component_aj": _pairs(recorded["energy_by_component_aj"], energies.by_component),
        "layers": _layers(trace, recorded, energies),
        "inferences": [
            {"index": index, "energy_aj": sum(parts.values()), "energy_by_component_aj": parts}
            for index, parts in sorted(energies.by_inference.items())
        ],
    }
    return Reprice.model_validate(found)


def _recorded(trace: Trace) -> dict[str, Any]:
    """What the run's report said of its energy."""
    report = trace.summary or {}
    try:
        total = _energy(report["energy_aj"])
        return {
            "energy_j": joules(total),
            "energy_aj": total,
            "energy_by_component_aj": {
                name: _energy(energy) for name, energy in report["energy_by_component_aj"].items()
            },
            "layers": [{"name": str(row["name"]), "energy_aj": _energy(row["energy_aj"])} for row in report["layers"]],
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            "has no report of the run's energy", where=str(trace.path), hint="write it with `acortex run --trace`"
        ) from error


def _energy(value: Any) -> int:
    """An energy of a report, in attojoules; ValueError for what is none."""
    if type(value) is not int or abs(value) >= MOST_AJ:
        raise ValueError(f"{value!r:.40} is no energy")
    return value


def _pairs(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, list[int]]:
    return {name: [before.get(name, 0), energy] for name, energy in after.items()}


def _layers(trace: Trace, recorded: Mapping[str, Any], energies: Energies) -> list[dict[str, Any]]:
    """Layers in the order of the program, then what belongs to none."""
    before = {row["name"]: row["energy_aj"] for row in recorded["layers"]}
    names = [*enumerate(trace.header.layers[1:]), (-1, "-")]
    return [{"name": name, "energy_aj": [before.get(name, 0), energies.by_layer.get(at, 0)]} for at, name in names]
