"""Headline numbers: each is a number of the report, in words, and what is not known is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

import acortex
from acortex.sim.ledger.facts import SO_FAR, facts, sharers
from acortex.sim.results import RunReport, timed
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
