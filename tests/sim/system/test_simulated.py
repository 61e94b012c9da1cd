"""A stream simulated word by word: one chip is a run, to the cycle; composed times come near to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from systems import LINK, copying, digits_cnn, digits_mlp

from acortex.errors import UsageError
from acortex.sim.chip.specs import load_chip
from acortex.sim.inputs import HostData
from acortex.sim.run import Prepared
from acortex.sim.system import simulated
from acortex.sim.system.arrivals import poisson
from acortex.sim.system.parts import System, system_of
from acortex.sim.system.report import bottleneck, idle_latency
from acortex.sim.system.service import completions, service_of
from acortex.sim.system.serving import serve
from acortex.sim.system.simulated import MOST_REQUESTS, sent, simulate
from acortex.sim.system.stream import served
from acortex.units import AS_PER_S


@pytest.mark.parametrize("system", [digits_mlp(), digits_cnn(1)], ids=["mlp", "cnn"])
@pytest.mark.parametrize("requests", [1, 2, 30])
def test_one_chip_without_a_pause_is_a_run_to_the_cycle_and_the_attojoule(system: System, requests: int) -> None:
    (stage,) = system.stages
    report = Prepared(stage.program, stage.chip, HostData({}, requests, None)).time().report
    found = served(system, "saturated", requests, simulated=True)
    one = service_of(stage)
    course = simulate(system, [one], [0] * requests)
    assert course.ended == [(end - one.before) * one.cycle_as for end in completions(report)]
    assert (found.energy_aj, found.timing) == (report.energy_aj, "simulated")


def test_a_request_alone_takes_what_composed_times_say_but_for_whole_cycles() -> None:
    system = digits_cnn()
    services = [service_of(stage) for stage in system.stages]
    course = simulate(system, services, [0, 10**16])
    alone = idle_latency(system, services)
    assert 0 <= course.ended[0] - alone < 2 * services[0].cycle_as
    assert 0 <= course.ended[1] - 10**16 - alone < 3 * services[0].cycle_as
    assert all(0 <= wait < 3 * services[0].cycle_as for wait in course.waits[0])


@pytest.mark.sampled(2)
@pytest.mark.parametrize("load", [0.3, 0.8])
@pytest.mark.parametrize("system", [digits_mlp(), digits_cnn()], ids=["mlp", "cnn"])
def test_composed_times_come_within_two_percent_of_simulated_ones(system: System, load: float) -> None:
    services = [service_of(stage) for stage in system.stages]
    came = poisson(load * bottleneck(system, services).requests_per_s, 60, 1).times
    exact, composed = (np.array(one(system, services, came).ended) - came for one in (simulate, serve))
    assert not np.array_equal(exact, composed)
    assert abs(composed.mean() / exact.mean() - 1) < 0.02
    assert np.abs(composed / exact - 1).max() < 1 / 8


def test_a_chip_of_copies_waits_for_all_that_it_needs() -> None:
    parts = [copying("a", ("x",), ("m", "n")), copying("b", ("m",), ("p",)), copying("c", ("n", "p"), ("y",))]
    system = system_of("late", parts, LINK)
    services = [service_of(stage) for stage in system.stages]
    found = simulate(system, services, [0])
    way = LINK.busy_as(1) + LINK.latency_as
    least = 2 * way + sum(one.idle_as for one in services)
    assert least <= found.ended[0] < least + 4 * services[0].cycle_as


def test_a_chip_waits_for_the_slower_of_two_whichever_it_is() -> None:
    """Two chips work beside each other for a fourth one, and one of both has a slow port."""
    slow = load_chip("acortex_digits", ["host.word_cycles=400"])
    parts = [
        copying("a", ("x",), ("m", "n")),
        copying("b", ("m",), ("p",)),
        copying("c", ("n",), ("q",)),
        copying("d", ("p", "q"), ("y",)),
    ]
    ended = []
    for at in (None, 1, 2):
        stages = [replace(part, chip=slow) if number == at else part for number, part in enumerate(parts)]
        system = system_of("diamond", stages, LINK)
        ended += simulate(system, [service_of(stage) for stage in stages], [0]).ended
    assert ended[1] == ended[2] > ended[0] + 2 * 390 * service_of(parts[0]).cycle_as


def test_words_wait_for_those_before_them_on_a_link() -> None:
    arrived, waited = sent(LINK, 10, [0, 10**9, 10**12])
    busy, latency = 40 * 10**9, 100_500_000_000
    assert arrived == [busy + latency, 2 * busy + latency, 10**12 + busy + latency]
    assert waited == busy - 10**9


def test_waits_of_links_are_noted_for_each() -> None:
    system = digits_cnn()
    services = [service_of(stage) for stage in system.stages]
    narrow = System(system.name, system.stages, type(LINK)(LINK.words_per_ns / 100), system.wires, system.outputs)
    course = simulate(narrow, services, [0] * 5)
    assert course.link_waits[0][0] > 0
    assert simulate(system, services, [0] * 5).link_waits == [[0]]
    assert course.span > narrow.link.busy_as(5 * 196)


def test_too_many_requests_are_refused() -> None:
    with pytest.raises(UsageError, match="10,001 requests are too many") as refused:
        simulate(digits_mlp(), [], [0] * (MOST_REQUESTS + 1))
    assert "--requests 10000" in refused.value.hint


def test_as_many_requests_as_are_allowed_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulated, "MOST_REQUESTS", 3)
    services = [service_of(stage) for stage in digits_mlp().stages]
    assert len(simulate(digits_mlp(), services, [0] * 3).ended) == 3
    with pytest.raises(UsageError, match="4 requests are too many"):
        simulate(digits_mlp(), services, [0] * 4)


def test_several_replicas_are_refused() -> None:
    with pytest.raises(UsageError, match="one replica can be simulated word by word"):
        served(digits_mlp(), replicas=2, simulated=True)


def test_progress_counts_stages() -> None:
    told: list[tuple[int, int]] = []
    system = digits_cnn()
    services = [service_of(stage) for stage in system.stages]
    simulate(system, services, [0], lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]


def test_the_clock_of_a_stream_is_that_of_no_chip() -> None:
    came = [1, 10**6 + 1]  # attoseconds: far below a cycle
    (stage,) = digits_mlp().stages
    one = service_of(stage)
    found = simulate(digits_mlp(), [one], came)
    assert all(end % one.cycle_as == 0 for end in found.ended)
    assert found.ended[0] - one.idle_as == one.cycle_as
    assert found.span / AS_PER_S < 1e-6
