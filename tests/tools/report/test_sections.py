"""Bars, tables and sentences of the page of a whole run: each is what the report of the run has."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import report_pages

from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.report import sections
from acortex.tools.report.model import Page, Side, page_of
from acortex.tools.report.render import render
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.stats import stats
from acortex.units import joules, percent, scaled
from acortex.wording import layer_name, plain

DIGITS = 12
SETTINGS = [f"{path}={value}" for path, value in (("memory.access_cycles", 3), ("neurons.cycles_per_step", 5))]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trace, TimedReport]:
    """A run of some digits on a chip with other settings, whose inferences take different times."""
    path, program = tmp_path_factory.mktemp("sections") / "run.actrace", zoo.load("digits_mlp")
    chip = load_chip("acortex_digits", SETTINGS)
    found = run(program, chip, inputs=program.samples["image"][:DIGITS], trace=path, values=False)
    return open_trace(path), timed(found.report)


@pytest.fixture(scope="module")
def report(ran: tuple[Trace, TimedReport]) -> TimedReport:
    return ran[1]


@pytest.fixture(scope="module")
def side(ran: tuple[Trace, TimedReport]) -> Side:
    return page_of([("run", ran[0])], None, lambda done, total: None).sides[0]


def energy(aj: int) -> str:
    return scaled(joules(aj), "J")


def test_waits_are_stacked_by_unit_with_the_cause_of_which_each_has_most(side: Side, report: TimedReport) -> None:
    by_unit: dict[str, Counter[str]] = {}
    for wait in report.waits:
        by_unit.setdefault(wait.unit, Counter())[wait.cause] += wait.cycles
    found = {bar.name: bar.cells for bar in sections.waits(side).bars}
    assert {*found} == {*by_unit} and any(len(causes) > 1 for causes in by_unit.values())
    for unit, causes in by_unit.items():
        whole, most = sum(causes.values()), max(causes.values())
        assert found[unit][0] == f"{whole:,}"
        assert found[unit][1] in {f"{one} {percent(most, whole)}" for one, n in causes.items() if n == most}
    rows = [(wait.unit, wait.cause, f"{wait.cycles:,}") for wait in report.waits]
    assert sorted(sections.wait_table(side).rows) == sorted(rows)


def test_layers_have_their_cycles_energy_and_work(ran: tuple[Trace, TimedReport], side: Side) -> None:
    trace, report = ran
    sums = {one.name: one for one in stats(trace).layers}
    words = {"memory.read", "memory.write"}
    kinds = {number for number, kind in enumerate(trace.header.kinds) if kind.name in words}
    for row, layer in zip(sections.layer_table(side).rows, [report.layers[-1], *report.layers[:-1]], strict=True):
        one, at = sums[layer.name], list(trace.header.layers).index(layer.name)
        moved = sum(event.count for event in trace.events if event.layer == at and event.kind in kinds)
        assert one.busy != one.waiting
        assert row == (
            layer_name(layer.name), f"{layer.cycles:,}", f"{one.busy:,}", f"{one.waiting:,}", energy(layer.energy_aj),
            f"{layer.macs:,}", f"{moved:,}",
        )  # fmt: skip
    bars = sections.layer_latency(side).bars
    known = sorted((one for one in report.layers if one.cycles), key=lambda one: -one.cycles)
    assert [(bar.name, *bar.cells) for bar in bars] == [
        (layer_name(one.name), f"{one.cycles:,}", percent(one.cycles, report.cycles)) for one in known
    ]


def test_energies_of_layers_say_of_what_each_has_most(side: Side, report: TimedReport) -> None:
    parts = {one.name: one.energy_aj for one in side.layers}
    found = {bar.name: bar.cells for bar in sections.energy_by_layer(side).bars}
    table = sections.energy_table(side)
    for layer in report.layers:
        name, most = layer_name(layer.name), max(parts[layer.name].values(), default=0)
        if layer.energy_aj:
            assert found[name][:2] == (energy(layer.energy_aj), percent(layer.energy_aj, report.energy_aj))
            assert found[name][2].endswith(f" {percent(most, layer.energy_aj)}")
        (row,) = (row for row in table.rows if row[0] == name)
        by_heading = dict(zip(table.head[1:-1], row[1:-1], strict=True))
        assert row[-1] == energy(layer.energy_aj)
        assert by_heading == {head: energy(0) for head in table.head[1:-1]} | {
            plain(part): energy(aj) for part, aj in parts[layer.name].items()
        }


def test_energy_and_area_by_component_are_those_of_the_report_the_largest_first(
    side: Side, report: TimedReport
) -> None:
    costs = sorted((one for one in report.energy_by_component_aj.items() if one[1]), key=lambda one: -one[1])
    assert [(bar.name, *bar.cells) for bar in sections.energy_by_component(side).bars] == [
        (plain(name), energy(aj), percent(aj, report.energy_aj)) for name, aj in costs
    ]
    sizes = sorted(report.area_by_component_mm2.items(), key=lambda one: -one[1])
    assert sections.area_table(side).rows == [
        (plain(name), f"{mm2:.4g} mm2", percent(mm2, report.area_mm2)) for name, mm2 in sizes
    ]


def test_sentences_about_power_memory_and_latency_have_the_numbers_of_the_report(
    side: Side, report: TimedReport
) -> None:
    power, memory = report.power, report.memory
    assert memory is not None and memory.peak_words != memory.capacity_words
    assert sections.power_words(side) == (
        f"Average {scaled(power.average_w, 'W')}, of it {scaled(power.leakage_w, 'W')} leakage; at most"
        f" {scaled(power.peak_w, 'W')}, in {power.window_cycles:,} cycles from cycle {power.peak_cycle:,} on."
    )
    words = f"{memory.peak_words:,} words of {memory.capacity_words:,} live, {percent(memory.peak_share)}."
    assert sections.memory_words(side) == f"Fullest in cycle {memory.peak_cycle:,}: {words}"
    cycles = sorted((one.end_cycle or 0) - one.start_cycle for one in report.inferences)
    assert len({cycles[0], cycles[DIGITS // 2], cycles[-1]}) > 1
    half = cycles[DIGITS // 2 - 1]
    assert sections.latency_words(side).startswith(f"{DIGITS} inferences: half take {half:,} cycles at most, 99 in")
    assert sections.latency_words(side).endswith(f"the longest {cycles[-1]:,}.")


def test_of_many_latencies_the_half_the_99th_and_the_longest_are_told(side: Side) -> None:
    spread = side.stats.latency_percentiles
    assert spread is not None
    spread = spread.model_copy(update={"p50": 1005, "p99": 2009, "greatest": 3012})
    some = replace(side, stats=side.stats.model_copy(update={"latency_percentiles": spread}))
    assert sections.latency_words(some) == (
        f"{DIGITS} inferences: half take 1,005 cycles at most, 99 in a hundred 2,009; the longest 3,012."
    )


def test_the_roofs_of_arrays_and_memory_stand_below_the_points(side: Side) -> None:
    rows = sections.roof_table(side).rows
    assert side.roofs is not None and side.roofs.ops_per_s != side.roofs.bytes_per_s
    assert rows[0][0] == "whole run"
    assert rows[-2] == ("the chip's arrays, at most", "", scaled(side.roofs.ops_per_s, "Op/s"))
    assert rows[-1] == ("the chip's main memory, at most", "", scaled(side.roofs.bytes_per_s, "B/s"))


def test_a_page_says_which_settings_were_changed_from_what_and_which_run_came_first(side: Side) -> None:
    text = report_pages.parts(render(Page([side, side]))).text
    assert text.count("memory.access_cycles 3 was 2") == 2 == text.count("neurons.cycles_per_step 5 was 1")
    assert text.index("A, before") < text.index("B, after")
