"""Studies with the model: what limits a network, what doing more at once brings, where energy goes.

Every number is of a simulated run: a network is compiled once for each mapping, and its program simulated without
values on the published chip and on variants of it. `acortex.tools.paper.study_pages` writes the answers down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.results import Layer, TimedReport, UnitTime, timed
from acortex.sim.run import run
from acortex.tools.drawing.path_parts import PARTS as PARTS
from acortex.tools.drawing.path_parts import by_part as by_part
from acortex.tools.drawing.path_parts import part as part

if TYPE_CHECKING:
    from acortex.programs.compiler import Compiled
    from acortex.traces.results_of_paths import CriticalPath


@dataclass(frozen=True)
class Variant:
    """A chip that differs from another in a few settings: what to call it, and the settings as `--set` takes them."""

    name: str
    settings: tuple[str, ...] = ()


PUBLISHED = Variant("published")

_FOUR, _UNDER, _ROW = "arrays.loads_per_cycle=4", "arrays.overlap_loads=true", "arrays.broadcast_loads=true"
_PORTS, _CONVERTERS = "memory.ports=2", "neurons.adcs_per_column=2"
_LANES = ("buses.down_lanes=2", "buses.up_lanes=2")
FAST = Variant("four loads under the frame", (_FOUR, _UNDER))
"""The variant whose critical path is looked at too: what limits a chip when its loads no longer do."""

VARIANTS = (
    Variant("two loads per cycle", ("arrays.loads_per_cycle=2",)),
    Variant("four loads per cycle", (_FOUR,)),
    Variant("loads under the frame before", (_UNDER,)),
    Variant("a word loads a row of arrays", (_ROW,)),
    Variant("frames of two groups at once", ("arrays.frames_at_once=2",)),
    Variant("two memory ports", (_PORTS,)),
    Variant("two memory ports, 32 banks", (_PORTS, "memory.banks=32")),
    Variant("two words at once on the buses", _LANES),
    Variant("two sets of converters", (_CONVERTERS,)),
    Variant("buffer of 80 words", ("buffer.words=80",)),
    Variant("buffer of 1,024 words", ("buffer.words=1024",)),
    FAST,
    Variant("row loads under the frame", (_ROW, _UNDER)),
    Variant("all at once", (_FOUR, _UNDER, _PORTS, _CONVERTERS, *_LANES)),
)
"""What is set to do more at once, or less: one thing at a time, then together."""


def accesses_of(report: TimedReport) -> int:
    """Reads and writes of main memory."""
    return report.counts["main_memory.reads"] + report.counts["main_memory.writes"]


@dataclass(frozen=True, eq=False)
class Point:
    """One run: its report `acortex.run/1`, and the time that loads and frames alone would take, or None."""

    variant: Variant
    run: TimedReport
    alone_ms: float | None

    @property
    def latency_ms(self) -> float:
        """How long the run took."""
        return 1e3 * self.run.latency_s

    @property
    def energy_uj(self) -> float:
        """What the run cost, leakage included."""
        return 1e6 * self.run.energy_j

    @property
    def area_mm2(self) -> float:
        """The die that it ran on."""
        return self.run.area_mm2

    @property
    def accesses(self) -> int:
        """Reads and writes of main memory."""
        return accesses_of(self.run)


@dataclass(frozen=True, eq=False)
class Study:
    """All runs of one network: as published, on variants, mapped densely; two critical paths, `acortex.critical/1`."""

    network: str
    chip: str
    published: Point
    critical: CriticalPath
    fast: CriticalPath
    """The critical path of `FAST`."""
    variants: tuple[Point, ...]
    dense: Point
    arrays: tuple[int, int]
    """Arrays that weights take: by taps, and with dense rows."""


def study(taps: Compiled, dense: Compiled, chip: str, variants: Sequence[Variant] = VARIANTS) -> Study:
    """Simulates a network, compiled in both mappings for a chip, once on the chip and once on each variant of it."""
    published, critical = traced(taps, load_chip(chip))
    fast, path = traced(taps, load_chip(chip, FAST.settings), FAST)
    others = {one: point(taps, load_chip(chip, one.settings), one) for one in variants if one != FAST}
    return Study(
        network=taps.plan.graph.name,
        chip=chip,
        published=published,
        critical=critical,
        fast=path,
        variants=tuple(others.get(one, fast) for one in variants),
        dense=point(dense, load_chip(chip)),
        arrays=(taps.report.arrays_used, dense.report.arrays_used),
    )


def point(compiled: Compiled, chip: Chip, variant: Variant = PUBLISHED) -> Point:
    """One inference's time and energy."""
    return Point(variant, timed(run(compiled.program, chip, values=False).report), alone_ms(compiled, chip))


def traced(compiled: Compiled, chip: Chip, variant: Variant = PUBLISHED) -> tuple[Point, CriticalPath]:
    """One inference with the critical path of its trace, which is not kept."""
    from acortex.traces.file.reader import open as open_trace
    from acortex.traces.headroom import critical

    with TemporaryDirectory() as folder:
        trace = Path(folder) / "run.actrace"
        report = timed(run(compiled.program, chip, values=False, trace=trace).report)
        return Point(variant, report, alone_ms(compiled, chip)), critical(open_trace(trace))


def alone_ms(compiled: Compiled, chip: Chip) -> float | None:
    """The time of all loads and frames if nothing else held them up; None where frames of several groups may overlap.

    A frame follows its load; or, with a second set of latches, takes as long as the longer of the two.
    """
    from acortex.sim.chip.clock import Clock, delays
    from acortex.sim.chip.side import loads

    arrays = chip.arrays
    if arrays.frames_at_once > 1:
        return None
    cycles = 0
    for step in compiled.plan.passes:
        if step.multiply is not None:
            tiles = step.multiply.matrix.tiles
            words = loads(chip, step.multiply.matrix.rows, step.multiply.matrix.columns)
            load, frame = -(-words // arrays.loads_per_cycle), delays(chip).frame_cycles(tiles.rows)
            cycles += step.multiply.positions * (max(load, frame) if arrays.overlap_loads else load + frame)
    return 1e3 * Clock(chip.clock_ns).seconds(cycles)


def busiest(utilisation: Mapping[str, UnitTime], cycles: int, count: int = 1) -> list[tuple[str, float]]:
    """The units that are busy most in a run of so many cycles, with the share of the run that they are."""
    shares = [(unit, spent.busy / cycles) for unit, spent in utilisation.items()]
    return sorted(shares, key=lambda entry: -entry[1])[:count]


@dataclass(frozen=True)
class Stage:
    """Layers that belong together: how many, their energy, multiply-accumulates and cycles on the critical path."""

    name: str
    layers: int
    energy_j: float
    macs: int
    cycles: int


def stage_of(layer: str) -> str:
    """The stage of a layer: the first part of its name, as "conv4" of "conv4_12_3"."""
    return layer.partition("_")[0]


def stages(report: TimedReport, critical: CriticalPath) -> list[Stage]:
    """The layers of a run by the first part of their names, in order; their energies and cycles add up to the run's."""
    time = {row.name: row.cycles for row in critical.by_layer}
    found: dict[str, list[Layer]] = {}
    for row in report.layers:
        found.setdefault(stage_of(row.name), []).append(row)
    return [
        Stage(
            name="outside layers" if name == "-" else name,
            layers=len(rows),
            energy_j=sum(row.energy_j for row in rows),
            macs=sum(row.macs for row in rows),
            cycles=sum(time.get(row.name, 0) for row in rows),
        )
        for name, rows in found.items()
    ]
