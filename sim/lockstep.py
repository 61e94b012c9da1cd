"""Runs with a limit of cycles: rules are checked instruction by instruction, as the controller issues.

The cost of a run of N cycles must be bounded by N, however long the program is. Therefore nothing is walked ahead of
the controller. Each instruction is checked just before it issues, and values are computed after the run, of the
instructions that had ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.functional.executor import Functional
from acortex.sim.timing.unit import Agent


class Lockstep(Sequencer):
    """A sequencer that has the functional executor execute each instruction past the set-up just before it issues."""

    def __init__(self, program: Program, inferences: int, rules: Functional) -> None:
        super().__init__(program, inferences)
        self._rules = rules
        self._running = False
        self._agents: list[str] = []

    def snapshot(self) -> tuple[Any, ...]:
        """Raises UsageError: the rules are walked in step, and their state is not the timed chip's to freeze."""
        raise UsageError("a run with a limit of cycles has no snapshot", hint="run it without the limit")

    def step(self) -> Dispatch | None:
        """Executes the next instruction, after a check that it breaks no rule."""
        if self._running:
            self._rules.step()
        dispatch = super().step()
        if self._running:
            self._agents.append(dispatch.agent if dispatch is not None else "")
        self._running |= self.state == "started"
        return dispatch

    def ended(self, agents: Mapping[str, Agent]) -> tuple[int, frozenset[int]]:
        """How many instructions past the set-up reach up to the last one that has ended, and which of them have not.

        These are numbered from 1. An agent ends its own in their order, so that the last of them are left.
        """
        left = {name: agent.waiting for name, agent in agents.items()}
        not_ended = set()
        for number in range(len(self._agents), 0, -1):
            name = self._agents[number - 1]
            if left.get(name, 0):
                left[name] -= 1
                not_ended.add(number)
        ended = max((n for n, name in enumerate(self._agents, start=1) if name and n not in not_ended), default=0)
        return ended, frozenset(not_ended)
