"""Headline numbers: each is a number of the report, in words, and what is not known is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import acortex
from acortex.sim.ledger.facts import SO_FAR, facts, sharers
from acortex.sim.results import RunReport, UnitTime, timed
from acortex.units import scaled

KERNEL = Path(acortex.__file__).parent / "programs" / "conv3x3.s"


@pytest.fixture(scope="module")
def report() -> RunReport:
    return acortex.run(KERNEL, values=False).report


def told(report: RunReport) -> dict[str, tuple[str, str]]:
    return {name: (value, about) for name, value, about in facts(report)}


def test_energy_is_divided_by_the_inferences_of_a_whole_run(report: RunReport) -> None:
    assert sharers(timed(report)) == 2
    assert told(report)["energy"] == (scaled((report.energy_j or 0) / 2, "J"), "per inference (mean)")


def test_of_a_stopped_run_totals_stay_whole() -> None:
    stopped = acortex.run(KERNEL, values=False, max_cycles=700).report
    assert told(stopped)["energy"] == (scaled(stopped.energy_j or 0, "J"), SO_FAR)
    assert told(stopped)["latency"] == ("-", "no inference had finished")
    assert "memory" not in told(stopped)


def test_a_run_without_time_has_no_number_of_time() -> None:
    assert told(acortex.run(KERNEL, timing=False).report) == {}


# Each number in words, of a run whose numbers are set ----------------------------------------------------------------


def changed(report: RunReport, **more: Any) -> dict[str, tuple[str, str]]:
    """The facts of a run with some of its numbers set."""
    return told(RunReport.model_validate({**report.as_dict(), **more}))


def flights(report: RunReport, *latencies_s: float | None) -> list[dict[str, Any]]:
    """Inferences of these latencies."""
    one = report.as_dict()["inferences"][0]
    return [{**one, "index": at, "latency_s": latency_s} for at, latency_s in enumerate(latencies_s)]


@pytest.mark.parametrize(
    ("latencies_s", "value", "about"),
    [
        ((1e-6,), "1.00 us", "per inference (median)"),
        ((1e-6, 1.001e-6), "1.00 us", "per inference (each of 2)"),
        ((3e-6, 1e-6), "2.00 us", "per inference (median, 1.00 us to 3.00 us)"),
        ((9e-6, 1e-6, 2e-6), "2.00 us", "per inference (median, 1.00 us to 9.00 us)"),
        ((1e-6,) * 1200, "1.00 us", "per inference (each of 1,200)"),
        ((), "5.00 us", "per inference (median)"),  # that of the run
    ],
    ids=len,
)
def test_latency_is_a_median_with_its_ends(
    report: RunReport, latencies_s: tuple[float, ...], value: str, about: str
) -> None:
    found = changed(report, latency_s=5e-6, inferences=flights(report, *latencies_s))
    assert found["latency"] == (value, about)


def test_of_a_stopped_run_latency_is_that_of_finished_inferences(report: RunReport) -> None:
    lost = "stopped at cycle 9"
    covers = {"until_cycle": 9, "inferences": 9, "finished": 2, "under_way": 1, "lost": lost}
    part = {"complete": False, "covers": covers, "stopped": lost, "inferences": flights(report, 1e-6, None, 3e-6)}
    found = changed(report, **part, latency_s=4e-6, memory=None)
    assert found["latency"] == ("2.00 us", "per finished inference (median, 1.00 us to 3.00 us)")
    assert found["throughput"][0] == "500 k/s"
    assert found["throughput"][1].startswith("finished inferences; ")
    assert found["energy"] == (scaled(report.energy_j or 0, "J"), SO_FAR)  # of all three, also of what is under way


def test_without_an_inference_the_totals_are_those_of_one(report: RunReport) -> None:
    found = changed(report, inferences=[], energy_j=3e-9, latency_s=1e-6)
    assert (found["energy"][0], found["throughput"][0]) == ("3.00 nJ", "1.00 M/s")


@pytest.mark.parametrize(("share", "about"), [(0.5, "2 of 4 right"), (0.74, "3 of 4 right"), (1.0, "4 of 4 right")])
def test_accuracy_is_of_the_inferences(report: RunReport, share: float, about: str) -> None:
    found = changed(report, accuracy=share, inferences=flights(report, *[1e-6] * 4))
    assert found["accuracy"] == (f"{100 * share:.2f} %", about)


def test_accuracy_of_a_run_without_timing_counts_no_inferences() -> None:
    untimed = acortex.run(KERNEL, timing=False).report
    assert changed(untimed, accuracy=0.5)["accuracy"] == ("50.00 %", "")


def test_rates_have_no_unit_but_a_second(report: RunReport) -> None:
    steady = {"interval_s": 2.5e-6, "inferences_per_s": 4e5, "throughput_ops_per_s": 1e9}
    found = changed(report, steady_state=steady, throughput_ops_per_s=2e9, latency_s=1e-3)
    assert found["steady state"] == ("400 k/s", "one inference ends each 2.50 us")
    assert found["throughput"] == ("2.00 k/s", "inferences; 2.00 GOp/s, 1 MAC = 2 Op")
    assert "steady state" not in changed(report, steady_state=None)


def test_the_hosts_own_time_is_of_one_inference_and_has_no_energy(report: RunReport) -> None:
    busy = {name: spent.as_dict() for name, spent in timed(report).utilisation.items()}
    busy["host/work"] = UnitTime(busy=400, waiting=0, idle=600).as_dict()
    found = changed(report, utilisation=busy, cycles=1000, clock_ns=2.0)
    assert found["host's work"] == ("400 ns", "per inference: 40.0 % of the run; its energy is not the chip's")
    busy["host/work"]["busy"] = 0
    assert "host's work" not in changed(report, utilisation=busy)


def test_power_and_memory_have_what_they_are_of(report: RunReport) -> None:
    power = {
        "average_w": 2e-3,
        "leakage_w": 1e-3,
        "peak_w": 4e-3,
        "peak_cycle": 0,
        "window_s": 1e-6,
        "window_cycles": 9,
    }
    memory = {**report.as_dict()["memory"], "peak_words": 2000, "capacity_words": 8000, "peak_share": 0.25}
    found = changed(report, power={**power, "windows_aj": [4, 1]}, memory={**memory, "current_words": 1234})
    assert found["peak power"] == ("4.00 mW", "in windows of 1.00 us; average 2.00 mW, of it 1.00 mW leakage")
    assert found["memory"] == ("25.0 %", "2,000 of 8,000 words live at the peak, 1,234 at the end")
    short = changed(report, power={**power, "windows_aj": [4]})
    assert short["peak power"][1] == "the run fits in one window of 1.00 us; average 2.00 mW, of it 1.00 mW leakage"


def test_errors_are_those_of_a_chip_and_a_seed(report: RunReport) -> None:
    errors = {"noise_seed": 7, "chip": 3, "settings": {"errors.tuning_pct": 5.0}}
    assert changed(report, errors=errors)["errors"] == (
        "chip 3",
        "of seed 7: 1 setting; `acortex accuracy` draws many chips",
    )


def layer(name: str, operations: int, activity: int) -> dict[str, Any]:
    return {
        "name": name,
        "operations": operations,
        "activity": activity,
        "energy_aj": 0,
        "energy_j": 0.0,
        "fixed_aj": 0,
    }


@pytest.mark.parametrize(
    ("layers", "ratio", "about"),
    [
        ([layer("a", 10, 50), layer("b", 2, 20)], 0.5, "0.500 of the fixed figure; an operation of b draws most"),
        ([layer("a", 10, 50), layer("b", 2, 8)], 1.2345, "1.234 of the fixed figure; an operation of a draws most"),
        ([], None, ""),
    ],
    ids=["more each", "more in all", "none"],
)
def test_energy_by_the_data_names_the_layer_whose_operations_draw_most(
    report: RunReport, layers: list[dict[str, Any]], ratio: float | None, about: str
) -> None:
    found = {"energy_aj": 2 * 10**9, "energy_j": 2e-9, "fixed_aj": 10**9, "ratio": ratio, "layers": layers}
    assert changed(report, data_energy=found)["arrays by data"] == ("2.00 nJ", f"all inferences: {about}")


def test_a_program_that_writes_no_weights_has_no_set_up(report: RunReport) -> None:
    setup = report.as_dict()["setup"]
    energies = {**setup["energy_by_component_j"], "program_erase": 0.0}
    assert "set-up" not in changed(report, setup={**setup, "energy_by_component_j": energies})
    made = changed(report, setup={**setup, "latency_s": 2e-3, "energy_j": 3e-6})
    assert made["set-up"] == ("2.00 ms", "and 3.00 uJ to write the weights, once")
