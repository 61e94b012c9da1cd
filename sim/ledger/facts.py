"""The headline numbers of a run: each a name, a number with its unit, and what it means.

Terminals, pages and notebooks show them; all are made from the report alone (`acortex.run/1`).
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from acortex.sim.results import AnalogErrors, DataEnergy, RunReport, TimedReport, timed
from acortex.units import percent, scaled
from acortex.wording import UNKNOWN
from acortex.wording import count as number_of

Fact = tuple[str, str, str]
"""A name, a number with its unit, and what the number means."""

SO_FAR = "in all, up to there"
"""What the totals of a run that was stopped are of."""


def facts(report: RunReport) -> Iterator[Fact]:
    """All headline numbers of a run; what was not simulated is left out."""
    run = timed(report) if report.cycles else None
    yield from _accuracy(report.accuracy, run)
    yield from _errors(report.errors)
    yield from _data_energy(report.data_energy)
    if run is not None:
        yield from timing_facts(run)


def sharers(run: TimedReport) -> int:
    """What totals are divided by: the inferences, at least one; in a run that was stopped 1, for they stay whole."""
    return max(len(run.inferences), 1) if run.complete else 1


def _accuracy(share: float | None, run: TimedReport | None) -> Iterator[Fact]:
    """The row of accuracy, where labels are known."""
    if share is not None:
        count = sharers(run) if run is not None else 0
        yield "accuracy", f"{100 * share:.2f} %", f"{round(share * count):,} of {count:,} right" if count else ""


def _errors(errors: AnalogErrors | None) -> Iterator[Fact]:
    """The row that says whose analog errors acted."""
    if errors is not None:
        stated = number_of(len(errors.settings), "setting")
        yield (
            "errors",
            f"chip {errors.chip}",
            f"of seed {errors.noise_seed}: {stated}; `acortex accuracy` draws many chips",
        )


def _data_energy(found: DataEnergy | None) -> Iterator[Fact]:
    """The row of the energy of arrays by the data, where that was asked for."""
    if found is not None:
        most = max(found.layers, key=lambda layer: layer.activity / layer.operations, default=None)
        ratio = "" if found.ratio is None else f"{found.ratio:.3f} of the fixed figure"
        named = "" if most is None else f"; an operation of {most.name} draws most"
        yield "arrays by data", scaled(found.energy_j, "J"), f"all inferences: {ratio}{named}"


def _latency(run: TimedReport) -> Fact:
    """The row of latency: of the inferences that had finished, and of a whole run without inferences its own."""
    found = [one.latency_s for one in run.inferences if one.latency_s is not None]
    latencies = found or ([run.latency_s] if run.complete else [])
    if not latencies:
        return "latency", UNKNOWN, "no inference had finished"
    which = "per inference" if run.complete else "per finished inference"
    return "latency", scaled(median(latencies), "s"), f"{which} ({_span(latencies)})"


def _span(latencies: list[float]) -> str:
    """How far latencies lie apart, as far as their texts do."""
    low, high = scaled(min(latencies), "s"), scaled(max(latencies), "s")
    if len(latencies) == 1:
        return "median"
    return f"each of {len(latencies):,}" if low == high else f"median, {low} to {high}"


def _throughput(run: TimedReport) -> Fact:
    """The row of throughput: inferences that had finished, and their operations, over the whole time."""
    operations = run.throughput_ops_per_s
    if operations is None:
        return "throughput", UNKNOWN, "no inference had finished"
    done = sharers(run) if run.covers is None else run.covers.finished
    rate = scaled(done / run.latency_s, "", 3).strip()
    which = "inferences" if run.complete else "finished inferences"
    return "throughput", f"{rate}/s", f"{which}; {scaled(operations, 'Op/s')}, 1 MAC = 2 Op"


def timing_facts(run: TimedReport) -> Iterator[Fact]:
    """The rows that a run with timing has."""
    yield _latency(run)
    yield "energy", scaled(run.energy_j / sharers(run), "J"), "per inference (mean)" if run.complete else SO_FAR
    yield _throughput(run)
    steady = run.steady_state
    if steady is not None:
        rate = scaled(steady.inferences_per_s, "", 3).strip()
        yield "steady state", f"{rate}/s", f"one inference ends each {scaled(steady.interval_s, 's')}"
    yield "efficiency", scaled(run.efficiency_ops_per_j, "Op/J"), f"at {scaled(run.power_w, 'W')}"
    yield from _power_and_memory(run)
    yield from _work_of_host(run)
    setup = run.setup
    if setup.energy_by_component_j["program_erase"]:
        yield (
            "set-up",
            scaled(setup.latency_s, "s"),
            f"and {scaled(setup.energy_j, 'J')} to write the weights, once",
        )


def _work_of_host(run: TimedReport) -> Iterator[Fact]:
    """The row of the host's own time, where it works between parts of the chip; its energy is in no number here."""
    work = run.utilisation.get("host/work")
    if work and (busy := work.busy):
        told = f"per inference: {percent(busy, run.cycles)} of the run; its energy is not the chip's"
        yield "host's work", scaled(busy * run.clock_ns / 1e9 / sharers(run), "s"), told


def _power_and_memory(run: TimedReport) -> Iterator[Fact]:
    """The rows of power over time and of the main memory's occupancy, which only a whole run has."""
    power, memory = run.power, run.memory
    average = f"average {scaled(power.average_w, 'W')}, of it {scaled(power.leakage_w, 'W')} leakage"
    windows = f"in windows of {scaled(power.window_s, 's')}"
    if len(power.windows_aj) == 1:
        windows = f"the run fits in one window of {scaled(power.window_s, 's')}"
    yield "peak power", scaled(power.peak_w, "W"), f"{windows}; {average}"
    if memory is None:
        return
    words = f"{memory.peak_words:,} of {memory.capacity_words:,} words live at the peak"
    yield "memory", percent(memory.peak_share), f"{words}, {memory.current_words:,} at the end"
