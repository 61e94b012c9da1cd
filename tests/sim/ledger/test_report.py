"""The report of a run beside its own trace: every count, span and share added up event by event."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import acortex
from acortex.isa import assemble, assemble_file
from acortex.isa.container import sha256
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.report import functional_report
from acortex.sim.results import RunReport
from acortex.traces.file.reader import Trace

KERNEL = Path(acortex.__file__).parent / "programs" / "conv3x3.s"
MACS = 2 * 25 * 9 * 16 * 32
"""Two images of 5 x 5 positions, each a window of 3 x 3 x 16 codes for 32 channels."""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunReport, Trace]:
    path = tmp_path_factory.mktemp("run") / "run.actrace"
    report = acortex.run(KERNEL, values=False, trace=path).report
    return report, acortex.open_trace(path)


@pytest.fixture
def report(ran: tuple[RunReport, Trace]) -> Any:
    return ran[0]


@pytest.fixture
def trace(ran: tuple[RunReport, Trace]) -> Trace:
    return ran[1]


COUNTED = {
    "main_memory.reads": ("memory.read",), "main_memory.writes": ("memory.write",), "array_operations": ("vmm.frame",),
    "conversions": ("neurons.convert",), "bus_words": ("bus.down", "bus.up"), "bus_words.down": ("bus.down",),
    "bus_words.up": ("bus.up",), "host_words.in": ("host.in",), "host_words.out": ("host.out",), "loads": ("vmm.load",),
    "tokens": ("sync",), "instructions": ("controller.issue",),
}  # fmt: skip


def test_counts_are_those_of_the_events(report: Any, trace: Trace) -> None:
    counted: Counter[str] = Counter()
    number: Counter[str] = Counter()
    for event in trace.events:
        name = trace.header.kinds[event.kind].name
        counted[name] += event.count
        number[name] += 1
    wanted = {name: sum(counted[kind] for kind in kinds) for name, kinds in COUNTED.items()}
    assert report.counts == {**wanted, "positions": number["vmm.frame"], "events": len(trace)}
    assert number["vmm.frame"] == 50 and counted["vmm.frame"] == 50 * 3  # 144 rows on three arrays


def test_each_unit_is_busy_waiting_or_idle_for_all_of_the_run(report: Any, trace: Trace) -> None:
    busy: Counter[str] = Counter()
    waits: Counter[tuple[str, str]] = Counter()
    for event in trace.events:
        busy[trace.header.units[event.unit]] += event.duration
    for wait in trace.waits:
        waits[trace.header.units[wait.unit], trace.header.causes[wait.cause]] += wait.duration
    for unit, spent in report.utilisation.items():
        waiting = sum(cycles for (name, _), cycles in waits.items() if name == unit)
        assert (spent.busy, spent.waiting) == (busy[unit], waiting), unit
        assert spent.busy + spent.waiting + spent.idle == report.cycles, unit
    rows = [(row.unit, row.cause, row.cycles) for row in report.waits]
    assert {(unit, cause): cycles for unit, cause, cycles in rows} == {
        key: spent for key, spent in waits.items() if spent
    }
    assert [cycles for _, _, cycles in rows] == sorted((cycles for _, _, cycles in rows), reverse=True)


def test_rates_are_of_the_whole_time_and_energy(report: Any) -> None:
    assert report.macs == MACS
    assert report.latency_s == pytest.approx(report.cycles * 1.785e-9)
    assert report.throughput_ops_per_s == pytest.approx(2 * MACS / report.latency_s)
    assert report.efficiency_ops_per_j == pytest.approx(2 * MACS / report.energy_j)
    assert report.power_w == pytest.approx(report.energy_j / report.latency_s)
    assert report.energy_j == report.energy_aj / 1e18
    assert report.area_mm2 == pytest.approx(sum(report.area_by_component_mm2.values()))


def test_results_follow_each_other_as_fast_as_inferences_end(report: Any) -> None:
    first, last = (one.end_cycle for one in report.inferences)
    interval_s = (last - first) * 1.785e-9
    assert report.steady_state.interval_s == pytest.approx(interval_s)
    assert report.steady_state.inferences_per_s == pytest.approx(1 / interval_s)
    assert report.steady_state.throughput_ops_per_s == pytest.approx(MACS / interval_s)  # half of the work, twice


def test_layers_have_their_cycles_their_work_and_the_rest_is_outside(report: Any, trace: Trace) -> None:
    inside: set[int] = set()
    for inference in (0, 1):  # a layer flies from its first event to its last, for each inference
        own = [
            event for event in trace.events
            if event.layer and event.inference == inference and trace.header.units[event.unit] != "controller"
        ]  # fmt: skip
        inside.update(range(min(event.start for event in own), max(event.start + event.span for event in own)))
    layer, outside = report.layers
    assert (layer.name, layer.cycles, layer.macs) == ("convolution", len(inside), MACS)
    assert (outside.name, outside.cycles, outside.macs) == ("-", report.cycles - len(inside), 0)
    assert layer.energy_aj + outside.energy_aj == report.energy_aj
    assert [row.energy_j for row in report.layers] == [row.energy_aj / 1e18 for row in report.layers]


@pytest.mark.parametrize("name", ["pipelined_pair", "pipeline", "residual"])
def test_what_belongs_to_no_layer_is_what_none_of_them_covers_though_they_overlap(tmp_path: Path, name: str) -> None:
    """Layers are at work at once, and units wait for more than a screen has lines: nothing is counted twice or cut."""
    report: Any = acortex.run(KERNEL.with_name(f"{name}.s"), values=False, trace=tmp_path / "run.actrace").report
    trace = acortex.open_trace(tmp_path / "run.actrace")
    spans: dict[tuple[int, int], list[int]] = {}
    for event in trace.events:
        if event.layer and trace.header.units[event.unit] != "controller":
            spans.setdefault((event.layer, event.inference), []).extend((event.start, event.start + event.span))
    flown: dict[str, set[int]] = {}
    for (layer, _), cycles in spans.items():
        flown.setdefault(trace.header.layers[layer], set()).update(range(min(cycles), max(cycles)))
    *layers, outside = report.layers
    assert {row.name: row.cycles for row in layers} == {name: len(cycles) for name, cycles in flown.items()}
    assert outside.cycles == report.cycles - len(set().union(*flown.values()))
    assert sum(row.cycles for row in report.waits) == sum(spent.waiting for spent in report.utilisation.values())


def test_inferences_last_from_the_hosts_first_word_to_its_last(report: Any, trace: Trace) -> None:
    for one in report.inferences:
        words = [
            event for event in trace.events
            if event.inference == one.index and trace.header.kinds[event.kind].name in ("host.in", "host.out")
        ]  # fmt: skip
        span = min(event.start for event in words), max(event.start + event.span for event in words)
        assert (one.start_cycle, one.end_cycle) == span
        assert one.latency_s == pytest.approx((span[1] - span[0]) * 1.785e-9)
        assert one.energy_aj == sum(one.energy_by_component_aj.values())
    assert sum(one.energy_aj for one in report.inferences) == report.energy_aj


def test_what_was_skipped_is_a_share_of_the_events(report: Any) -> None:
    assert report.skipped.share == pytest.approx(report.skipped.events / report.counts["events"])
    assert 0 <= report.skipped.events < report.counts["events"]


def test_setting_up_takes_time_of_its_own_clock_and_energy_of_its_own(report: Any) -> None:
    setup = report.setup
    assert setup.latency_s == pytest.approx(setup.cycles * 1.785e-9)
    assert setup.energy_aj == sum(setup.energy_by_component_aj.values()) > 0
    assert set(setup.energy_by_component_j) == set(report.energy_by_component_j)


@pytest.mark.parametrize(("cycles", "finished"), [(600, 0), (2000, 1)])
def test_a_run_that_was_stopped_counts_what_had_finished(cycles: int, finished: int) -> None:
    found = acortex.run(KERNEL, values=False, max_cycles=cycles).report
    assert found.covers is not None
    part = found.covers
    assert (found.complete, part.until_cycle, part.inferences, part.finished) == (False, found.cycles, 2, finished)
    assert part.finished + part.under_way == len(found.inferences or ())
    assert (
        found.stopped == part.lost == f"stopped at cycle {found.cycles:,}, as --max-cycles asked; the program goes on"
    )
    assert (found.memory, found.steady_state) == (None, None)
    if finished:
        assert found.throughput_ops_per_s == pytest.approx(MACS / (found.latency_s or 0))
    else:
        assert found.throughput_ops_per_s is None


def test_a_program_without_work_for_arrays_has_neither_operations_nor_a_steady_state(tmp_path: Path) -> None:
    (tmp_path / "a.s").write_text(".program a\n.chip acortex_digits\nstart\nhalt\n")
    found = acortex.run(tmp_path / "a.s", values=False).report
    assert (found.macs, found.throughput_ops_per_s, found.efficiency_ops_per_j) == (0, 0.0, 0.0)
    assert found.steady_state is None
    assert [(row.name, row.cycles) for row in found.layers or ()] == [("-", found.cycles)]


def test_headline_numbers_are_made_of_energy_cycles_and_products(report: Any, trace: Trace) -> None:
    """An operation is a multiplication or an addition: two for each product."""
    energy_j = sum(event.energy_aj for event in trace.events) + trace.header.leakage_aj_per_cycle * trace.cycles
    energy_j, seconds = energy_j * 1e-18, trace.cycles * trace.header.clock_ns * 1e-9
    assert report.macs == MACS
    assert (report.latency_s, report.energy_j) == pytest.approx((seconds, energy_j))
    assert report.power_w == pytest.approx(energy_j / seconds)
    assert report.efficiency_ops_per_j == pytest.approx(2 * MACS / energy_j)
    assert report.throughput_ops_per_s == pytest.approx(2 * MACS / seconds)


def test_a_run_without_time_says_what_ran_how_right_it_was_and_its_warnings() -> None:
    program = assemble_file(KERNEL)
    found = functional_report(program, load_chip(program.chip), ["it is late"], 0.25)
    assert (found.accuracy, found.warnings, found.cycles) == (0.25, ["it is late"], None)
    assert (found.program.sha256, found.program.instructions) == (sha256(program), len(program.words))


def test_a_run_that_only_halts_leaks_for_a_cycle_and_makes_nothing() -> None:
    report = acortex.run(assemble(".program none\n.chip acortex_digits\nstart\nhalt\n"), values=False).report
    assert (report.cycles, report.macs, report.throughput_ops_per_s, report.efficiency_ops_per_j) == (1, 0, 0.0, 0.0)
    assert report.power_w == pytest.approx(report.power.leakage_w)
    assert (report.steady_state, report.skipped) == (None, {"events": 0, "share": 0.0})


def test_a_run_of_two_inferences_has_the_interval_between_their_ends(report: Any) -> None:
    first, last = (one.end_cycle for one in report.inferences)
    assert report.steady_state.interval_s == pytest.approx((last - first) * report.clock_ns * 1e-9)
    assert (report.skipped.events, report.memory is None, report.retention.late_reads) == (0, False, 0)
