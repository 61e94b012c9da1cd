"""A stream through chips and links, held to closed forms: Lindley's recursion, M/D/1, pipelines, sums of times."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from systems import LINK, copying, digits_cnn, digits_mlp, made_up, service

from acortex.sim.run import run
from acortex.sim.system.arrivals import Arrivals, poisson
from acortex.sim.system.parts import System, system_of
from acortex.sim.system.report import bottleneck, idle_latency, system_report
from acortex.sim.system.service import Service, service_of
from acortex.sim.system.serving import serve
from acortex.units import AS_PER_S

streams = st.lists(st.integers(0, 300), min_size=1, max_size=25).map(sorted)


@given(streams, st.integers(1, 40), st.integers(1, 60))
def test_one_chip_keeps_lindley_s_recursion(came: list[int], gap: int, idle: int) -> None:
    times = [time * 10**9 for time in came]
    one = service(idle=max(idle, gap), gap=gap)
    course = serve(made_up(), [one], times)
    ended, expected = -(10**18), []
    for time in times:
        ended = max(time + one.idle_as, ended + one.gap_as(0))
        expected.append(ended)
    assert course.ended == expected
    assert course.waits == [[sum(expected) - sum(times) - len(times) * one.idle_as]]


@given(streams, st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), min_size=1, max_size=4))
def test_a_chain_keeps_the_recursion_of_each_chip_and_link(came: list[int], parts: list[tuple[int, int]]) -> None:
    system = made_up(*(words + 1 for _, words in parts[1:]))
    services = [service(idle=gap + 5, gap=gap) for gap, _ in parts]
    times = [time * 10**9 for time in came]
    course = serve(system, services, times)
    for stage, one in enumerate(services):
        free, ended, after = 0, -(10**18), []
        for time in times:
            if stage:
                words = system.wires[stage - 1].words
                free = max(free, time) + LINK.busy_as(words)
                time = free + LINK.latency_as
            ended = max(time + one.idle_as, ended + one.gap_as(0))
            after.append(ended)
        times = after
    assert course.ended == times


@pytest.mark.sampled(1)
@pytest.mark.parametrize("load", [0.3, 0.7, 0.9])
def test_the_mean_wait_of_one_chip_is_that_of_m_d_1(load: float) -> None:
    (stage,) = digits_mlp().stages
    one = service_of(stage)
    interval = one.interval_as / AS_PER_S
    assert set(one.gaps) == {one.gaps[0]}  # the service is deterministic
    means = []
    for seed in range(20):
        came = poisson(load / interval, 4000, seed).times
        course = serve(digits_mlp(), [one], came)
        means.append((sum(course.ended) - sum(came)) / 4000 / AS_PER_S - one.idle_as / AS_PER_S)
    expected = load * interval / (2 * (1 - load))
    spread = np.std(means, ddof=1) / sqrt(len(means))
    assert abs(np.mean(means) - expected) < 3.5 * spread
    assert spread < 0.06 * expected


def test_a_busy_pipeline_is_as_fast_as_its_slowest_stage() -> None:
    system = digits_cnn()
    services = [service_of(stage) for stage in system.stages]
    course = serve(system, services, [0] * 400)
    slowest = bottleneck(system, services)
    assert (slowest.kind, slowest.name) == ("chip", "digits_cnn-0")
    gaps = np.diff(course.ended[200:])
    assert set(gaps.tolist()) == {round(slowest.interval_s * AS_PER_S)}


def test_a_busy_pipeline_is_as_fast_as_its_slowest_link() -> None:
    system, services = made_up(50, 5), [service(gap=20)] * 3
    course = serve(system, services, [0] * 40)
    assert set(np.diff(course.ended).tolist()) == {LINK.busy_as(50)}
    limit = bottleneck(system, services)
    assert (limit.kind, limit.name, limit.interval_s) == ("link", "s0 to s1", 200e-9)


def test_a_request_alone_takes_the_sum_of_chips_and_links() -> None:
    system = digits_cnn(3)
    services = [service_of(stage) for stage in system.stages]
    course = serve(system, services, [12345, 10**16])
    expected = sum(one.idle_as for one in services)
    expected += sum(LINK.busy_as(wire.words) + LINK.latency_as for wire in system.wires)
    assert [end - came for came, end in zip(course.came, course.ended, strict=True)] == [expected] * 2
    assert idle_latency(system, services) == expected
    assert course.waits == [[0, 0, 0]] and course.link_waits == [[0, 0]]


def branching() -> System:
    """One stage gives to two, of which the last takes both."""
    parts = [
        copying("a", ("x",), ("m", "n")),
        copying("b", ("m",), ("p",), 1),
        copying("c", ("n",), ("q",)),
        copying("d", ("p", "q"), ("y",)),
    ]
    return system_of("diamond", parts, LINK)


def test_branches_work_beside_each_other_and_the_slower_one_counts() -> None:
    system = branching()
    services = [service(idle=10), service(idle=500, gap=100), service(idle=20), service(idle=10)]
    way = LINK.busy_as(1) + LINK.latency_as
    expected = (10 + 500 + 10) * 10**9 + 2 * way
    course = serve(system, services, [0])
    assert course.ended == [expected] == [idle_latency(system, services)]


def test_a_stage_whose_output_nobody_takes_ends_the_request_too() -> None:
    system = system_of("two", [copying("a", ("x",), ("m",)), copying("b", ("v",), ("y",))], LINK)
    services = [service(idle=700), service(idle=3)]
    assert serve(system, services, [0]).ended == [idle_latency(system, services)] == [700 * 10**9]


def test_of_equal_bottlenecks_the_first_is_told_and_a_span_begins_at_0() -> None:
    system, services = made_up(5, 5), [service(idle=30, gap=gap) for gap in (20, 20, 10)]
    found = bottleneck(system, services)
    assert (found.kind, found.name, found.interval_s) == ("chip", "s0", 20e-9)  # links take 20 ns, too
    assert serve(made_up(), [service(idle=30)], [7 * 10**9]).span == 37 * 10**9


def test_a_chip_is_idle_as_it_ends_its_last_request() -> None:
    one = Service(10**9, 100, (50, 10, 10, 10), 0, 0, 0, 0, 0)
    course = serve(made_up(), [one], [time * 10**9 for time in (0, 100, 100, 100)])
    assert [end // 10**9 for end in course.ended] == [100, 200, 250, 260]


def test_gaps_begin_anew_when_a_chip_has_been_idle() -> None:
    one = Service(10**9, 100, (50, 10, 10, 10), 0, 0, 0, 0, 0)
    course = serve(made_up(), [one], [0, 0, 0, 1000 * 10**9, 1000 * 10**9])
    assert [end // 10**9 for end in course.ended] == [100, 150, 160, 1100, 1150]


def test_one_chip_without_a_pause_is_a_run() -> None:
    system = digits_mlp()
    (stage,) = system.stages
    report = run(stage.program, values=False).report
    requests = len(report.inferences)
    services = [service_of(stage)]
    found = served(system, services, [0] * requests)
    assert found.energy_aj == report.energy_aj
    assert found.span_s == pytest.approx((report.cycles - services[0].before - services[0].after) * 1.785e-9, rel=1e-12)


def served(system: System, services: list[Service], came: list[int], replicas: int = 1):
    course = serve(system, services, came, replicas)
    return system_report(system, services, Arrivals("file", tuple(came)), course, replicas)


def test_energy_is_that_of_chips_and_words_exactly() -> None:
    system = digits_cnn()
    services = [service_of(stage) for stage in system.stages]
    found = served(system, services, [0, 10**13, 10**14])
    chips = sum(one.first_aj + 2 * one.others_aj // 71 for one in services)
    span = round(found.span_s * AS_PER_S)
    leaked = sum(one.leak_aj * (one.before + one.after - (-span // one.cycle_as)) for one in services)
    assert found.energy_by_part_aj == {"chips": chips, "leakage": leaked, "links": 3 * 196 * 2_500_000}
    assert found.energy_aj == chips + leaked + 3 * 196 * 2_500_000


@given(streams, st.integers(1, 5))
def test_replicas_share_the_requests_and_none_is_lost(came: list[int], replicas: int) -> None:
    times = [time * 10**9 for time in came]
    course = serve(made_up(3), [service(), service(gap=7)], times, replicas)
    assert sum(course.served(number) for number in range(replicas)) == len(times)
    assert all(end > time for time, end in zip(times, course.ended, strict=True))
    whole = serve(made_up(3), [service(), service(gap=7)], times)
    assert sum(course.ended) <= sum(whole.ended)


def test_requests_go_to_the_replica_with_the_fewest_under_way() -> None:
    course = serve(made_up(), [service(idle=100, gap=100)], [0, 0, 0, 150 * 10**9, 160 * 10**9], 2)
    assert course.replica == [0, 1, 0, 1, 0]
    saturated = serve(made_up(), [service()], [0] * 100, 4)
    assert [saturated.served(number) for number in range(4)] == [25] * 4


def test_progress_ends_with_all_requests() -> None:
    told: list[tuple[int, int]] = []
    serve(made_up(1), [service(), service()], [0] * 50, 1, lambda done, total: told.append((done, total)))
    assert told[-1] == (50, 50)
