"""What binds units to the tables: each instruction to the unit that executes it, each wait to what ends it.

A chip is held to this as it is built, so that a row that nothing executes fails there, by its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from acortex.isa.flows import MEANINGS, Flow, Meaning, example_flows
from acortex.isa.table import ROWS, InstructionRow
from acortex.sim.timing.buffers import Buffer
from acortex.sim.timing.handovers import CAUSES, table
from acortex.sim.timing.kernel import IDLE
from acortex.sim.timing.memory import Client
from acortex.sim.timing.unit import SYNC, Agent, Unit
from acortex.sim.timing.vector import Vector
from acortex.traces.endings import Endings, HandOver


def check_executors(agents: Mapping[str, Agent]) -> None:
    """Raises AssertionError unless every instruction of an agent is executed by it, and it declares no others."""
    for row in ROWS:
        if row.timing != SYNC and row.agent != "controller":
            agent = agents.get(row.agent)
            if agent is None or row.timing not in agent.executes:
                raise AssertionError(f"{row.mnemonic}: no unit executes it (agent {row.agent}, timing {row.timing})")
    for name, agent in agents.items():
        known = {row.timing for row in ROWS if row.agent == name}
        for timing in agent.executes:
            if timing not in known:
                raise AssertionError(f"{agent.path}: no instruction of agent {name} has the timing {timing}")


def check_flows(agents: Mapping[str, Agent]) -> None:
    """Raises AssertionError unless each instruction has what its unit needs, and moves what the unit can."""
    for row in ROWS:
        agent = agents.get(row.agent)
        if agent is None:
            continue
        for operand in agent.needs:
            if operand not in row.by_name:
                raise AssertionError(f"{row.mnemonic}: {agent.path} needs the operand {operand}, and its row has none")
        for flow in _examples(row, MEANINGS[row.mnemonic]) if row.mnemonic in MEANINGS else ():
            if wrong := _unlike(flow, agent):
                raise AssertionError(f"{row.mnemonic}: its Flow {wrong}")


@lru_cache(maxsize=256)  # the table is the same for each chip that is built
def _examples(row: InstructionRow, meaning: Meaning) -> tuple[Flow, ...]:
    """The flows of a row's examples; `meaning` is what they are made by, so that another one is looked at anew."""
    return tuple(example_flows(row))


def _unlike(flow: Flow, agent: Agent) -> str:
    """What a flow says that its unit does not do; "" for nothing."""
    for verb, pipe, pipes in (("takes from", flow.takes, agent.takes), ("gives to", flow.gives, agent.gives)):
        if pipe not in pipes:
            known = " or ".join(sorted(name or "no pipe" for name in pipes))
            return f"{verb} {pipe or 'no pipe'}, and {agent.path} {verb} {known}"
    return _beyond(flow, agent)


def _beyond(flow: Flow, agent: Agent) -> str:
    """What a flow says of main memory or of a store that its unit knows nothing of; "" for nothing."""
    memory = isinstance(agent, Client) and agent.at_port
    if (flow.reads or flow.writes) != memory:
        return f"{'lacks' if memory else 'has'} reads or writes, and {agent.path} {'' if memory else 'never '}does"
    for field in ("operands", "state", "unneeded"):
        if getattr(flow, field) and not isinstance(agent, Vector):
            return f"has {field}, which only the vector agent knows"
    return "has keeps, which only the buffer knows" if flow.keeps and not isinstance(agent, Buffer) else ""


def check_causes(units: Sequence[Unit]) -> None:
    """Raises AssertionError unless the table of hand-overs says what ends each wait that a unit declares."""
    if wrong := _endless(tuple((unit.path, unit.causes) for unit in units), tuple(table())):
        raise AssertionError(wrong)


@lru_cache(maxsize=64)  # a run builds two chips with the same units, a study hundreds
def _endless(units: tuple[tuple[str, frozenset[int]], ...], rows: tuple[HandOver, ...]) -> str:
    """What is wrong with the first wait that no row ends; "" where there is none."""
    endings = Endings(rows, [path for path, _ in units])
    for path, causes in units:
        for cause in sorted({IDLE, *causes}):
            if not endings.of(path, CAUSES[cause]):
                return f"{path}: no hand-over ends its wait for {CAUSES[cause]!r}"
    return ""
