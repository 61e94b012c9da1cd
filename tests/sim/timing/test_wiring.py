"""What a chip refuses as it is built: an instruction that no unit executes, a port that leads nowhere."""

from __future__ import annotations

import pytest
from timed_chips import of_ours

from acortex.isa.semantics import MEANINGS, Flow
from acortex.isa.table import ROWS
from acortex.sim.timing.array import Loader
from acortex.sim.timing.bindings import check_executors, check_flows
from acortex.sim.timing.buffers import Buffer, BufferPorts
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import CAUSES
from acortex.sim.timing.vector import Vector, in_turns


def test_every_instruction_of_an_agent_is_executed_by_its_unit() -> None:
    agents = of_ours("vmm").new().agents
    check_executors(agents)
    executed = {(name, timing) for name, agent in agents.items() for timing in agent.executes}
    assert executed == {(row.agent, row.timing) for row in ROWS if row.agent not in ("controller", "any")}


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


UNLIKE = {
    "feed": (Flow("buffer", 1, "results", 1), "feed: its Flow gives to results, and buffer gives to vectors"),
    "convert": (Flow("vectors", 1, "neurons", 1), "convert: its Flow takes from vectors, and neurons takes from sums"),
    "read": (Flow(gives="vector", given=1), "read: its Flow lacks reads or writes, and main_memory/read does"),
    "multiply": (
        Flow("vectors", 1, "sums", 1, reads=True),
        "multiply: its Flow has reads or writes, and vmm/load never",
    ),
    "write": (Flow("results", 1, writes=True, operands=1), "write: its Flow has operands, which only the vector agent"),
    "fetch": (
        Flow(gives="buffer", given=1, reads=True, keeps=True),
        "fetch: its Flow has keeps, which only the",
    ),
}


@pytest.mark.parametrize("mnemonic", UNLIKE)
def test_an_instruction_that_moves_what_its_unit_does_not_is_named(
    mnemonic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents, (flow, told) = of_ours("vmm").new().agents, UNLIKE[mnemonic]
    monkeypatch.setitem(MEANINGS, mnemonic, MEANINGS[mnemonic]._replace(flow=lambda dispatch, shape: flow))
    with pytest.raises(AssertionError, match=told):
        check_flows(agents)


def test_an_instruction_without_an_operand_that_its_unit_needs_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = of_ours("vmm").new().agents
    monkeypatch.setattr(Loader, "needs", ("group", "angle"))
    with pytest.raises(AssertionError, match="connect: vmm/load needs the operand angle, and its row has none"):
        check_flows(agents)


def test_a_flow_that_asks_for_an_operand_that_its_row_lacks_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = of_ours("vmm").new().agents
    lacking = MEANINGS["feed"]._replace(flow=lambda d, s: Flow("buffer", d.ops.turns, "vectors", 1))
    monkeypatch.setitem(MEANINGS, "feed", lacking)
    with pytest.raises(AssertionError, match="feed: its Flow asks for turns, and its row has positions, words, tail"):
        check_flows(agents)


def test_a_step_of_the_vector_agent_gives_a_word_for_a_whole_number_of_words() -> None:
    assert in_turns(Flow("vector", 4, "results", 2)) == [1, 3, 1, 3]
    with pytest.raises(AssertionError, match="not 2 for 3"):
        in_turns(Flow("vector", 3, "results", 2))


def test_a_flow_with_a_state_needs_the_operand_of_that_name(monkeypatch: pytest.MonkeyPatch) -> None:
    agents = of_ours("vmm").new().agents
    monkeypatch.setitem(MEANINGS, "add", MEANINGS["add"]._replace(flow=lambda d, s: Flow("vector", 1, state=1)))
    with pytest.raises(AssertionError, match="add: its Flow needs the operand state, and its row has none"):
        check_flows(agents)
