"""Area, energy and time by component, as Fig. 7b of the source paper has them, with its own shares where it has any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from acortex.sim.results import TimedReport, timed
from acortex.sim.run import Prepared
from acortex.sim.tracing import Tracing
from acortex.tools.drawing.bars import Panel, Share, bars, height_of
from acortex.tools.drawing.page import MARGIN, TOP, page
from acortex.tools.drawing.palette import INK, look
from acortex.tools.drawing.path_parts import by_part
from acortex.tools.drawing.scene import Box, Mark, Picture, Shape, Text
from acortex.traces.display.colours import LOOK_OF_COMPONENTS
from acortex.traces.results_of_paths import CriticalPath
from acortex.units import percent, scaled
from acortex.wording import all_of, count

WIDTH, APART = 372.0, 34.0
"""The width of a panel, and what is free between two, in pixels."""

LOOKS_OF_PARTS = {"loads": 4, "frames": 2, "conversion": 3, "main memory": 0, "host": 6, "the rest": 15}
"""The looks of the parts that a critical path runs through."""

MOST_UNITS, UNITS = 8, 15
"""How many units have a bar, and their look."""

NAMES = {"neurons_adcs": "neurons, ADCs", "dacs": "DACs"}


@dataclass(frozen=True)
class Spent:
    """A run, the shares of its critical path by part of the chip, and the paper's shares, if any.

    `printed` has shares of 1 by "energy.buses" and the like. Without `path` the critical path is not known; units are
    then shown by how long they were busy.
    """

    run: TimedReport
    path: Mapping[str, float]
    printed: Mapping[str, float]


Printed = Callable[[TimedReport], Mapping[str, float]]
"""What a paper prints of a run, as `Spent.printed` has it."""


def spent(prepared: Prepared, printed: Printed) -> Spent:
    """Simulates a program in time, and finds what its latency was made of."""
    from acortex.traces.file.reader import open as open_trace
    from acortex.traces.headroom import critical

    with TemporaryDirectory() as folder:
        trace = Path(folder) / "run.actrace"
        run = timed(prepared.time(trace=Tracing(trace)).report)
        return of_run(run, critical(open_trace(trace)), printed)


def of_run(run: TimedReport, path: CriticalPath | None, printed: Printed) -> Spent:
    """What a run took, with its critical path where that is known."""
    return Spent(run, by_part(path) if path is not None else {}, printed(run))


def breakdown(name: str, chip: str, found: Spent) -> Picture:
    """The picture: three panels beside each other."""
    run = found.run
    inferences = max(len(run.inferences), 1)
    panels = [
        Panel(
            "Area",
            f"{run.area_mm2:.4g} mm²",
            _shares(run.area_by_component_mm2, "area", found.printed, "{:.3g} mm²".format),
        ),
        Panel(
            "Energy",
            f"{scaled(run.energy_j, 'J')} for {count(inferences, 'inference')}, {scaled(run.power_w, 'W')}",
            _shares(run.energy_by_component_j, "energy", found.printed, lambda value: scaled(value, "J")),
        ),
        _time(found),
    ]
    shapes: list[Shape] = []
    for number, panel in enumerate(panels):
        left = MARGIN + number * (WIDTH + APART)
        shapes += bars(panel, Box(left, TOP + 6, left + WIDTH, TOP + 6 + height_of(panel)))
    bottom = TOP + 6 + max(map(height_of, panels))
    if found.printed:
        shapes += [
            Mark(MARGIN + 5, bottom + 14, "diamond", INK),
            Text(MARGIN + 16, bottom + 18, "what Fig. 7b of the source paper prints", 12),
        ]
        bottom += 22
    width = 2 * MARGIN + 3 * WIDTH + 2 * APART
    subtitle = f"Area, energy and time by component: {count(inferences, 'inference')}, {run.cycles:,} cycles"
    if run.stopped:
        subtitle = f"Not the whole run: {run.stopped}. {subtitle}"
    return page(f"{name} on {chip}", subtitle, shapes, width, bottom, _caption(found))


def _shares(
    values: Mapping[str, float], family: str, others: Mapping[str, float], told: Callable[[float], str]
) -> list[Share]:
    """The bars of components, the largest first; what costs nothing is left out."""
    whole = sum(values.values())
    held = [one for one in values if values[one] or others.get(f"{family}.{one}")]
    return [
        Share(
            _plain(one),
            values[one] / whole if whole else 0.0,
            f"{percent(values[one], whole)}  {told(values[one])}",
            look(LOOK_OF_COMPONENTS.get(one, 15)),
            others.get(f"{family}.{one}"),
        )
        for one in sorted(held, key=lambda name: -values[name])
    ]


def _time(found: Spent) -> Panel:
    """The critical path by part; where it is not known how long units were busy, which may be at once."""
    run, whole = found.run, scaled(found.run.latency_s, "s")
    if found.path:
        return Panel("Time", f"{whole}: what the critical path runs through", _of_path(found.path, run.latency_s))
    busy = {unit: spent.busy / run.cycles for unit, spent in run.utilisation.items() if spent.busy}
    most = sorted(busy, key=lambda unit: -busy[unit])[:MOST_UNITS]
    shares = [Share(unit, busy[unit], percent(busy[unit]), look(UNITS)) for unit in most]
    return Panel("Busy units", f"of {whole}; several may be busy at once", shares)


def _of_path(path: Mapping[str, float], latency_s: float) -> list[Share]:
    return [
        Share(name, share, f"{percent(share)}  {scaled(share * latency_s, 's')}", look(LOOKS_OF_PARTS[name]))
        for name, share in sorted(path.items(), key=lambda one: -one[1])
        if share
    ]


def _plain(name: str) -> str:
    return NAMES.get(name, name.replace("_", " "))


def _largest(values: Mapping[str, float]) -> tuple[str, str]:
    name = max(values, key=lambda one: values[one])
    return _plain(name), percent(values[name], sum(values.values()))


def _caption(found: Spent) -> str:
    rows: Sequence[tuple[str, Mapping[str, float]]] = (
        ("area", found.run.area_by_component_mm2),
        ("energy", found.run.energy_by_component_j),
        ("time", found.path),
    )
    parts = [(what, *_largest(values)) for what, values in rows if any(values.values())]
    said = all_of(f"{name} of the {what} ({share})" for what, name, share in parts)
    return f"The largest parts: {said}. Bars of one panel share a scale that begins at 0; energy includes leakage."
