"""From the text of a stream to the report of a system."""

from __future__ import annotations

import pytest
from systems import LINK, digits_cnn, digits_mlp, made_up, service

from acortex.errors import UsageError
from acortex.sim.system.arrivals import Arrivals
from acortex.sim.system.report import system_report, times
from acortex.sim.system.results import SystemReport
from acortex.sim.system.serving import Course, serve
from acortex.sim.system.stream import USUAL_REQUESTS, served
from acortex.units import AS_PER_S


@pytest.fixture
def report() -> SystemReport:
    """A made-up chain of two stages in two replicas, with three requests."""
    system, services = made_up(10), [service(energy=7, leak=2), service(idle=30, gap=20, energy=5, leak=1)]
    came = (0, 0, 10**12)
    return system_report(system, services, Arrivals("file", came), serve(system, services, came, 2), 2)


def test_percentiles_are_times_of_requests() -> None:
    found = times([one * AS_PER_S for one in range(100, 0, -1)])
    assert (found.min, found.p50, found.p95, found.p99, found.max, found.mean) == (1, 50, 95, 99, 100, 50.5)
    alone = times([3 * AS_PER_S])
    assert set(alone.values()) == {3.0}
    assert (times([0, AS_PER_S]).p50, times([0, AS_PER_S]).p95) == (0, 1)


def test_parts_add_up_to_the_whole(report: SystemReport) -> None:
    chips = sum(chip.energy_aj for chip in report.chips)
    assert chips == 3 * (7 + 5) == report.energy_by_part_aj.chips
    assert report.energy_by_part_aj.leakage == sum(chip.leakage_aj for chip in report.chips)
    assert report.energy_by_part_aj.links == 3 * 10 * 2_500_000 == sum(link.energy_aj for link in report.links)
    parts = report.energy_by_part_aj
    assert report.energy_aj == parts.chips + parts.leakage + parts.links


def test_each_chip_and_link_of_each_replica_has_a_row(report: SystemReport) -> None:
    assert [(chip.replica, chip.stage, chip.requests) for chip in report.chips] == [
        (0, "s0", 2),
        (0, "s1", 2),
        (1, "s0", 1),
        (1, "s1", 1),
    ]
    assert [(link.replica, link.source, link.target, link.words, link.requests) for link in report.links] == [
        (0, "s0", "s1", 10, 2),
        (1, "s0", "s1", 10, 1),
    ]
    assert report.links[0].interval_s == 40e-9
    assert report.links[0].latency_s == 140.5e-9


def test_waits_are_what_is_longer_than_alone(report: SystemReport) -> None:
    assert report.idle_latency_s == (10 + 30 + 140.5) * 1e-9
    assert report.latency_s.mean == pytest.approx(report.idle_latency_s, rel=1e-12)
    assert set(report.wait_s.values()) == {0.0}
    assert report.span_s == pytest.approx(1e-6 + report.idle_latency_s, rel=1e-12)
    assert report.throughput_per_s == pytest.approx(3 / report.span_s, rel=1e-12)


def test_the_bottleneck_counts_all_replicas(report: SystemReport) -> None:
    assert (report.bottleneck.kind, report.bottleneck.name) == ("link", "s0 to s1")
    assert report.bottleneck.requests_per_s == pytest.approx(2 / 40e-9, rel=1e-12)


def test_utilisation_is_the_share_that_the_requests_need(report: SystemReport) -> None:
    first = report.chips[1]
    assert first.utilisation == pytest.approx(2 * 20e-9 / report.span_s, rel=1e-12)
    assert report.links[0].utilisation == pytest.approx(2 * 40e-9 / report.span_s, rel=1e-12)
    busy = served(digits_mlp(), requests=500)
    assert 0.99 < busy.chips[0].utilisation <= 1


def test_waits_and_shares_are_those_of_a_replica_s_own_requests() -> None:
    """Two requests at one replica wait 6 ns and 4 ns in all; what they need is more than the time that there was."""
    came, ended = (0, 0, 0), [50 * 10**9, 40 * 10**9, 60 * 10**9]
    course = Course(came, [0, 1, 0], ended, [[6 * 10**9, 0], [0, 10**9]], [[4 * 10**9], [0]])
    services = [service(gap=50), service(gap=20)]
    found = system_report(made_up(1), services, Arrivals("file", came), course, 2)
    assert [chip.wait_s for chip in found.chips] == [3e-9, 0, 0, 1e-9]
    assert [link.wait_s for link in found.links] == [2e-9, 0]
    assert [chip.utilisation for chip in found.chips] == pytest.approx([1, 40 / 60, 50 / 60, 20 / 60])
    assert found.latency_s.max == 60e-9 and found.throughput_per_s == pytest.approx(3 / 60e-9)


def test_a_replica_without_a_request_leaks_alone() -> None:
    found = served(digits_mlp(), requests=1, replicas=3)
    assert [(chip.requests, chip.energy_aj, chip.wait_s) for chip in found.chips[1:]] == [(0, 0, 0.0)] * 2
    assert {chip.leakage_aj for chip in found.chips} == {found.chips[0].leakage_aj}


def test_as_many_requests_come_as_are_asked_for() -> None:
    assert served(digits_mlp()).stream.requests == USUAL_REQUESTS
    assert served(digits_mlp(), "poisson:50%", 17).stream.requests == 17
    text = "0\n1e-6\n2e-6\n"
    assert served(digits_mlp(), "a.csv", times=text).stream.requests == 3
    assert [served(digits_mlp(), "a.csv", few, times=text).stream.requests for few in (1, 2, 3)] == [1, 2, 3]
    with pytest.raises(UsageError, match="has 3 arrivals, 4 were asked for") as refused:
        served(digits_mlp(), "a.csv", 4, times=text)
    assert refused.value.where == "a.csv"


def test_a_share_is_one_of_all_replicas() -> None:
    one, four = (served(digits_mlp(), "poisson:50%", 10, replicas=number) for number in (1, 4))
    assert four.stream.rate_per_s == pytest.approx(4 * one.stream.rate_per_s)


def test_more_load_means_longer_waits_and_the_same_least_latency() -> None:
    found = [served(digits_cnn(), f"poisson:{load}%", 400, 3) for load in (20, 60, 95)]
    waits = [one.wait_s.mean for one in found]
    assert waits == sorted(waits) and waits[0] < waits[-1] / 5
    assert {one.latency_s.min for one in found} == {found[0].idle_latency_s}


def test_a_rack_of_a_hundred_chips_serves_in_moments() -> None:
    found = served(digits_cnn(), "poisson:70%", 5000, replicas=50)
    assert len(found.chips) == 100
    assert sum(chip.requests for chip in found.chips if chip.stage == "digits_cnn-0") == 5000
    alone = served(digits_cnn(), "poisson:70%", 5000)
    assert found.wait_s.mean < alone.wait_s.mean / 5  # fifty servers share what one would have to queue
    assert digits_cnn().link == LINK
