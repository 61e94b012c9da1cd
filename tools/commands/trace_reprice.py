"""`acortex trace reprice`: what a recorded run would have cost on a chip with other prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from acortex.errors import UsageError
from acortex.tools.console.manners import warn
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.spool import Spooled
from acortex.tools.open.chip_options import chip_option, set_option
from acortex.units import joules

if TYPE_CHECKING:
    from acortex.sim.chip.prices import Energies
    from acortex.sim.chip.results import Reprice
    from acortex.sim.chip.specs import Chip
    from acortex.traces.file.reader import Trace

MOST_AJ = 10**48
"""More energy than any run has, and few enough digits for a float."""


@click.command("reprice")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@chip_option
@set_option
@format_option
def reprice(path: str, chip: str | None, settings: tuple[str, ...], form: str) -> None:
    """Price a recorded run anew: its events and cycles stand, energies and leakage are those of another chip.

    Without --chip it is the run's own chip, with the settings given. Equals a fresh run on that chip where the two take
    the same cycles; says where they may not.
    """
    from acortex.sim.chip.specs import load_chip
    from acortex.sim.ledger.reprice import moved_timing, recorded_chip
    from acortex.traces.file.reader import open as open_trace

    trace = open_trace(path)
    priced = load_chip(chip, settings) if chip else recorded_chip(trace, settings)
    moved = moved_timing(trace.header.config, priced.config)
    report = repriced(trace, priced, moved)
    if moved:
        warn(f"{priced.name} may take other cycles than those recorded, for it differs in {', '.join(moved)}")
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.reprice import reprice_parts

        show(console(), reprice_parts(report), whole=True)


def repriced(trace: Trace, chip: Chip, moved: list[str]) -> Reprice:
    """The energies of the run as recorded and as priced anew, in pairs."""
    from acortex.sim.chip.clock import Clock
    from acortex.sim.chip.prices import prices
    from acortex.sim.chip.results import Reprice
    from acortex.sim.ledger.reprice import replay
    from acortex.traces.changed import changed_settings, settings
    from acortex.traces.covers import covers
    from acortex.traces.results_of_paths import Changed

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
        "timing_may_differ": moved,
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
