"""How a chip serves requests: beside runs of other lengths, to the cycle and the attojoule."""

from __future__ import annotations

import pytest
from systems import copying, digits_cnn, digits_mlp

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.inputs import HostData
from acortex.sim.results import RunReport
from acortex.sim.run import Prepared
from acortex.sim.system.parts import Stage
from acortex.sim.system.service import DRAIN, MANY, Service, completions, service_of


def report(stage: Stage, inferences: int) -> RunReport:
    return Prepared(stage.program, stage.chip, HostData({}, inferences, None)).time().report


STAGES = {
    "mlp": lambda: digits_mlp().stages[0],
    "cnn-0": lambda: digits_cnn().stages[0],
    "copy": lambda: copying("a", ("x",), ("y",), 3),
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("requests", [1, 2, 17, MANY, 150])
def test_energy_is_that_of_a_run_of_as_many_inferences(name: str, requests: int) -> None:
    stage = STAGES[name]()
    found, run = service_of(stage), report(stage, requests)
    leakage = (run.energy_by_component_aj or {})["leakage"]
    assert found.dynamic_aj(requests) == run.energy_aj - leakage
    span = (completions(run)[-1] - found.before) * found.cycle_as
    assert found.leaked_aj(span) == leakage


@pytest.mark.parametrize("name", STAGES)
def test_a_request_alone_takes_an_inference_alone(name: str) -> None:
    stage = STAGES[name]()
    (alone,) = report(stage, 1).inferences or ()
    assert service_of(stage).idle == alone.end_cycle - alone.start_cycle


@pytest.mark.parametrize("name", STAGES)
def test_gaps_beyond_the_longer_run_are_those_of_a_run_of_as_many(name: str) -> None:
    stage = STAGES[name]()
    found, ends = service_of(stage), completions(report(stage, 150))
    assert len(found.gaps) < 100
    for number in range(149 - DRAIN):
        assert found.gap_as(number) == (ends[number + 1] - ends[number]) * found.cycle_as


STREAMLESS = {
    "does 1 inference where the host has 72": "start\nnop\nhalt\n",
    "gives the host nothing, so that no request of it ends": (
        ".input x, shape=64\nstart\nloop l0, host\nturn: inference l0\nbase d0, 0\ninput x, d0\nnext l0, turn\nhalt\n"
    ),
}


@pytest.mark.parametrize("told", STREAMLESS)
def test_a_program_that_serves_no_stream_is_refused(told: str) -> None:
    program = assemble(f".chip acortex_digits\n{STREAMLESS[told]}")
    with pytest.raises(UsageError, match=told):
        service_of(Stage("p", program, chip_of(program)))


def test_the_second_half_of_the_gaps_comes_again() -> None:
    found = Service(1, 9, (7, 6, 1, 2, 3), 0, 0, 0, 0, 0)
    assert [found.gap_as(number) for number in range(12)] == [7, 6, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1]
    assert found.interval_as == 2.0


def test_no_request_takes_no_energy_but_leakage() -> None:
    found = Service(10, 9, (7,), 2, 1, 50, 71 * 40, 3)
    assert [found.dynamic_aj(number) for number in range(4)] == [0, 50, 90, 130]
    assert [found.leaked_aj(span) for span in (0, 1, 10, 11)] == [9, 12, 12, 15]
    assert found.idle_as == 90


def test_energies_of_many_requests_are_rounded_once() -> None:
    found = Service(10, 9, (7,), 2, 1, 50, 100, 3)  # 100 for 71 inferences: 1.4 each
    assert found.dynamic_aj(143) == 50 + 142 * 100 // 71 == 250
