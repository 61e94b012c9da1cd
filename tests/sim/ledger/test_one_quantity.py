"""One quantity is one number, whatever view gives it: a run's report, its trace in every form, goldens, compilers.

Each pair of views is held equal on simulated runs: with several layers, with several inferences, with one, with
events outside every layer, with units that never act.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.isa import assemble_file
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.area import total_area
from acortex.sim.chip.prices import prices
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.inputs import Inputs
from acortex.sim.ledger.reprice import replay
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.traces.diff import diff
from acortex.traces.export.registry import export
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.golden import golden
from acortex.traces.info import info
from acortex.traces.query import query
from acortex.traces.results import TraceStats
from acortex.traces.stats import stats
from judge.generate import generate

PROGRAMS = Path(__file__).parents[3] / "programs"

RUNS: dict[str, tuple[str, int, tuple[str, ...]]] = {
    "one layer": ("conv3x3.s", 1, ()),
    "a leaky chip": ("conv3x3.s", 3, ("energy.leakage_mw=50",)),
    "residual": ("residual.s", 2, ()),
    "recurrent": ("lstm_step.s", 2, ()),
    "in flight": ("in_flight.s", 4, ()),
    "no layer": ("stuck.s", 3, ("vector.queue_words=16",)),
    "digits": ("digits_mlp", 5, ()),
    "in parallel": ("digits_mlp", 5, ("memory.ports=2", "arrays.overlap_loads=true", "neurons.adcs_per_column=2")),
    "free": ("digits_mlp", 3, ("energy.array_pj=0", "energy.leakage_mw=0", "energy.leakage_per_array_uw=0")),
}
"""Programs, inferences and settings."""

RANDOM = ("random 3", "random 14", "random 15", "random 92")
"""Programs drawn at random, on chips drawn at random: a name ends with the seed."""


@dataclass(frozen=True)
class Views:
    """A run as its report has it, and as its trace does."""

    report: TimedReport
    trace: Trace
    stats: TraceStats
    chip: Chip
    program: Program
    inputs: Inputs


@pytest.fixture(scope="module", params=(*RUNS, *RANDOM))
def views(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Views:
    program, chip, inputs = _given(request.param)
    path = tmp_path_factory.mktemp("run") / "run.actrace"
    report = run(program, chip, inputs=inputs, values=False, trace=path).report
    trace = open_trace(path)
    return Views(timed(report), trace, stats(trace), chip, program, inputs)


def _given(name: str) -> tuple[Program, Chip, Inputs]:
    """A program of the tables above, its chip and its inputs."""
    if name in RANDOM:
        case = generate(int(name.split()[-1]))
        return case.program, case.chip, case.inputs
    source, inferences, settings = RUNS[name]
    folder = Path(__file__).parents[1] if source == "stuck.s" else PROGRAMS
    program = assemble_file(folder / source) if source.endswith(".s") else zoo.load(source)
    inputs = {one.name: np.zeros((inferences, *one.shapes[0]), dtype=np.uint8) for one in program.inputs}
    return program, load_chip(program.chip, settings), inputs


def by_name(rows: Any, what: str, name: str = "name") -> dict[Any, Any]:
    return {row[name]: row[what] for row in rows}


def ran(numbers: Mapping[str, int]) -> dict[str, int]:
    """What is there at all: views leave out what is 0."""
    return {name: number for name, number in numbers.items() if number}


def test_totals(views: Views) -> None:
    report, totals, told = views.report, views.stats.totals, info(views.trace)
    assert report.cycles == totals.cycles == told.cycles == views.trace.cycles == golden(views.trace)["cycles"]
    assert report.energy_aj == totals.energy_aj == told.energy_aj
    assert report.energy_j == totals.energy_j == told.energy_j
    assert report.latency_s == totals.latency_s == told.latency_s
    assert report.counts["events"] == totals.events == told.events == len(views.trace.events)
    assert totals.energy_aj == totals.event_energy_aj + (totals.leakage_aj or 0)


def test_energy_by_component(views: Views) -> None:
    known = ran(views.report.energy_by_component_aj)
    assert known == ran(by_name(views.stats.components, "energy_aj"))
    assert known == ran(golden(views.trace)["energy_aj"])
    assert known == ran(replay(views.trace, prices(views.chip)).by_component)
    assert known == ran({row.name: row.energy_aj[0] for row in diff(views.trace, views.trace).by_component})
    in_joules = by_name(views.stats.components, "energy_j")
    assert in_joules and in_joules.items() <= views.report.energy_by_component_j.items()


def test_no_component_has_energy_without_an_event_or_has_no_name(views: Views) -> None:
    for row in views.stats.components:
        assert row.name and (row.events or not row.energy_aj or row.name == "leakage")


def test_layers(views: Views) -> None:
    report, found = views.report.layers, views.stats.layers
    for name in ("cycles", "energy_aj", "energy_j"):
        assert by_name(report, name) == by_name(found, name), name
        moved = diff(views.trace, views.trace).by_layer
        assert by_name(report, name) == {row.name: row[name][1] for row in moved}, name
    assert golden(views.trace)["layers"] == by_name(report, "cycles")
    numbered = replay(views.trace, prices(views.chip)).by_layer
    assert ran(by_name(report, "energy_aj")) == ran({_layer(views, at): aj for at, aj in numbered.items()})


def _layer(views: Views, at: int) -> str:
    return views.trace.header.layers[at + 1]


def test_inferences(views: Views) -> None:
    report = {row.index: row for row in views.report.inferences}
    found = {row.index: row for row in views.stats.inferences if row.index >= 0}
    assert list(report) == list(found)
    for index, row in report.items():
        for name in ("start_cycle", "end_cycle", "latency_s", "energy_aj", "energy_j"):
            assert row[name] == found[index][name], (index, name)
    assert [row.latency for row in found.values()] == golden(views.trace)["inferences"]
    paid = replay(views.trace, prices(views.chip)).by_inference
    assert {index: row.energy_aj for index, row in report.items()} == {
        index: sum(parts.values()) for index, parts in paid.items()
    }


def test_units(views: Views) -> None:
    report = views.report.utilisation
    moved = {row.name: row for row in diff(views.trace, views.trace).by_unit}
    known = golden(views.trace)
    for row in views.stats.units:
        spent = report[row.name]
        assert (spent.busy, spent.waiting, spent.idle) == (row.busy, row.waiting, row.idle)
        assert [spent.busy, spent.waiting] == [moved[row.name].busy[0], moved[row.name].waiting[0]]
        assert spent.busy == known["busy"].get(row.name, 0)
        assert spent.waiting == sum(known["waiting"].get(row.name, {}).values())


def test_waits(views: Views) -> None:
    report = {(row.unit, row.cause): row.cycles for row in views.report.waits}
    assert report == {(row.unit, row.cause): row.cycles for row in views.stats.waits}
    waits = query(views.trace, "select unit, cause, sum(duration) from waits group by all")
    assert report == {(unit, cause): cycles for unit, cause, cycles in waits.rows}


COUNTS = {
    "main_memory.reads": "memory.read",
    "main_memory.writes": "memory.write",
    "array_operations": "vmm.frame",
    "conversions": "neurons.convert",
    "bus_words.down": "bus.down",
    "bus_words.up": "bus.up",
    "host_words.in": "host.in",
    "host_words.out": "host.out",
    "loads": "vmm.load",
    "tokens": "sync",
    "instructions": "controller.issue",
}
"""Counts of the report, and the kind of event whose `count` each is."""


def test_counts(views: Views) -> None:
    counted = by_name(views.stats.kinds, "count")
    asked = query(views.trace, "select kind, sum(count) from events group by all").rows
    for name, kind in COUNTS.items():
        assert views.report.counts[name] == counted[kind] == dict(asked).get(kind, 0), name
    assert ran(golden(views.trace)["counts"]) == ran(views.report.counts)


def test_queries_add_up_to_the_sums_of_events(views: Views) -> None:
    for column, rows in (("unit", views.stats.units), ("layer", views.stats.layers), ("kind", views.stats.kinds)):
        sql = f"select {column}, count(*), sum(duration), sum(energy_aj) from events group by all"
        asked = {name: tuple(sums) for name, *sums in query(views.trace, sql).rows}
        energy = "event_energy_aj" if column == "layer" else "energy_aj"
        assert asked == {row["name"]: (row["events"], row["busy"], row[energy]) for row in rows if row["events"]}


def test_the_exports_of_rows_have_the_same_sums(views: Views, tmp_path: Path) -> None:
    export(views.trace, "csv", tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        read = [(row["unit"], int(row["duration"]), int(row["energy_aj"])) for row in csv.DictReader(file)]
    export(views.trace, "parquet", tmp_path / "t.parquet")
    sql = f"select unit, duration, energy_aj from '{tmp_path / 't.parquet'}'"
    import duckdb

    assert Counter(read) == Counter(duckdb.sql(sql).fetchall())
    busy: defaultdict[str, int] = defaultdict(int)
    for unit, duration, _ in read:
        busy[unit] += duration
    assert ran(busy) == ran({name: spent.busy for name, spent in views.report.utilisation.items()})
    leakage = views.report.energy_by_component_aj["leakage"]
    assert sum(energy for *_, energy in read) + leakage == views.report.energy_aj


def test_the_export_of_statistics_has_the_same_numbers(views: Views, tmp_path: Path) -> None:
    export(views.trace, "stats", tmp_path / "stats.txt")
    lines = (line.split() for line in (tmp_path / "stats.txt").read_text().splitlines() if "  # " in line)
    found = {name: value for name, value, *_ in lines}
    assert int(found["sim.cycles"]) == views.report.cycles and int(found["sim.energy_aj"]) == views.report.energy_aj
    for word, rows, name in (
        ("component", views.report.energy_by_component_aj.items(), "energy_aj"),
        ("unit", ((path, spent.busy) for path, spent in views.report.utilisation.items()), "busy"),
        ("layer", ((row.name, row.energy_aj) for row in views.report.layers), "energy_aj"),
        ("inference", ((row.index, row.energy_aj) for row in views.report.inferences), "energy_aj"),
    ):
        for key, value in rows:
            plain = re.sub(r"[\s#./:]+", "_", str(key))
            assert int(found.get(f"{word}.{plain}.{name}", 0)) == value, (word, key)
    assert not [name for name in found if name.startswith(("component.none", "component.."))]


def test_area_and_clock_are_those_of_the_chip(views: Views) -> None:
    assert views.report.area_mm2 == float(total_area(views.chip))
    assert sum(views.report.area_by_component_mm2.values()) == pytest.approx(views.report.area_mm2, rel=1e-12)
    assert views.report.clock_ns == info(views.trace).clock_ns == float(views.chip.clock_ns)


def test_energies_of_every_table_of_the_report_add_up(views: Views) -> None:
    report = views.report
    whole = report.energy_aj
    assert sum(report.energy_by_component_aj.values()) == whole
    assert sum(row.energy_aj for row in report.layers) == sum(row.energy_aj for row in report.inferences) == whole
    assert sum(report.power.windows_aj) == whole
    assert sum(row.macs for row in report.layers) == report.macs


def test_a_run_that_was_stopped_has_one_number_too(views: Views, tmp_path: Path) -> None:
    path = tmp_path / "run.actrace"
    limit = max(views.report.cycles // 2, 1)
    stopped = run(views.program, views.chip, inputs=views.inputs, values=False, trace=path, max_cycles=limit).report
    report, found = timed(stopped), stats(open_trace(path))
    assert (report.cycles, report.energy_aj) == (found.totals.cycles, found.totals.energy_aj)
    assert ran(report.energy_by_component_aj) == ran(by_name(found.components, "energy_aj"))
    for name in ("cycles", "energy_aj"):
        assert by_name(report.layers, name) == by_name(found.layers, name)
    assert {row.name: (row.busy, row.waiting, row.idle) for row in found.units} == {
        name: (spent.busy, spent.waiting, spent.idle) for name, spent in report.utilisation.items()
    }
    assert {row.energy_aj for row in found.inferences} <= {None}


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_coarser_traces_have_the_same_energies(views: Views, tmp_path: Path, level: str) -> None:
    path = tmp_path / "run.actrace"
    run(views.program, views.chip, inputs=views.inputs, values=False, trace=path, trace_level=level)
    found = stats(open_trace(path))
    for table in ("components", "layers", "inferences"):
        assert by_key(found[table]) == by_key(views.stats[table])


def by_key(rows: Any) -> dict[Any, int]:
    """The energies of rows by what they are of."""
    return {row.get("name", row.get("index")): row["energy_aj"] for row in rows}


def test_what_the_compiler_says_is_what_a_run_does() -> None:
    from acortex.tools.open import networks
    from acortex.tools.open.programs import open_program

    made = networks.compiled("zoo:letters_mlp", "acortex_digits", ()).report
    report = timed(run(open_program("zoo:letters_mlp", "acortex_digits"), load_chip("acortex_digits")).report)
    inferences = len(report.inferences)
    assert report.macs == inferences * sum(row.macs for row in made.layers)
    assert report.counts["array_operations"] == inferences * sum(row.array_operations for row in made.layers)
    assert report.program.instructions == made.instructions
    named = {row.name: row.macs for row in report.layers if row.macs}
    assert named == {row.name: inferences * row.macs for row in made.layers if row.macs}
