"""What a chip refuses as it is built: an instruction that no unit executes, a port that leads nowhere."""

from __future__ import annotations

import pytest
from timed_chips import of_ours

from acortex.sim.timing.buffers import Buffer, BufferPorts
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSES
from acortex.sim.timing.vector import Vector
from acortex.sim.timing.wiring import check_executors


def test_every_instruction_of_an_agent_is_executed_by_its_unit() -> None:
    check_executors(of_ours("vmm").new().agents)


def test_an_instruction_that_no_unit_executes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vector, "executes", ())
    with pytest.raises(AssertionError, match=r"pool: no unit executes it \(agent vector, timing step\)"):
        of_ours("vmm")


def test_an_agent_that_is_missing_is_named_with_its_instruction() -> None:
    agents = of_ours("vmm").new().agents
    del agents["operand"]
    with pytest.raises(AssertionError, match=r"operand: no unit executes it \(agent operand, timing word\)"):
        check_executors(agents)


def test_a_unit_that_declares_what_is_not_in_the_table_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Buffer, "executes", ("position", "swirl"))
    with pytest.raises(AssertionError, match="buffer: no instruction of agent buffer has the timing swirl"):
        of_ours("vmm")


def test_a_port_that_leads_nowhere_is_named() -> None:
    chip = of_ours("vmm").new()
    ports = BufferPorts(words=Channel(4), vectors=None)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="buffer: its port vectors is not connected"):
        Buffer(chip._site, "buffer", 6, ports)


def test_units_declare_the_causes_that_the_norm_lists(in_the_norm: set[tuple[str, str]]) -> None:
    chip = of_ours("vmm").new()
    declared = {(unit.path, CAUSES[cause]) for unit in chip.units for cause in type(unit).causes}
    # A host that has yet to offer words is a process of a user's: without one, no chip waits for it. Weights come with
    # the program, and writing them is awaited by nothing but its own queue.
    beside = {("host/in", "host"), ("program_erase", "token")}
    assert declared - beside == in_the_norm - beside
