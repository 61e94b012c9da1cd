"""The functional executor: a program in program order, without a clock.

It carries out what instructions mean, one whole stream at a time. Three things are kept apart: rules
(sim/functional/rules/row.py and the rows beside it) say what no program may do, happens-before
(sim/functional/happens_before.py) notes what is ordered, and values (sim/functional/values.py) take, compute and give.
The values of a run are its values, because data never steer the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import cast

import numpy as np
from numpy.typing import NDArray

from acortex.isa import semantics
from acortex.isa.arithmetic.tensors import from_words
from acortex.isa.program import Program
from acortex.isa.semantics import EFFECTS, MEANINGS, visited
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.configuration import Configuration
from acortex.sim.functional.happens_before import ProgramOrder, VectorClock
from acortex.sim.functional.host_work import HostValues
from acortex.sim.functional.layer_dump import LayerDump
from acortex.sim.functional.pipes import ITEMS, ItemRun, needed
from acortex.sim.functional.rules import order as rules_of_order
from acortex.sim.functional.rules import pipes as rules_of_pipes
from acortex.sim.functional.rules import streams as rules_of_streams
from acortex.sim.functional.rules.row import ACCESSING, FLOWING, HALTED, ISSUED, TAKEN, TAKING, hold
from acortex.sim.functional.rules.row import RuleError as RuleError
from acortex.sim.functional.rules.situation import NOWHERE, Known, Situation
from acortex.sim.functional.turns import Turns
from acortex.sim.functional.values import ArraysOf, Note, Values, of_one_chip

Words = NDArray[np.uint8]

RULES = (rules_of_streams, rules_of_pipes, rules_of_order)
"""The modules whose rows an instruction is held to, in this order at each stage."""


class Functional:
    """Executes a program in program order on a chip.

    `tensors` are the inputs as words, by name: uint8 of shape (inferences, words, 64); None where values are not
    wanted. `limit` is how many instructions past the set-up are executed. Of these, counted from 1, those in
    `not_ended` give the host nothing: a run was stopped before they ended. `dump` notes what is written, `analog` makes
    the arrays of a chip that stand in for ideal ones, `host` computes its parts of the network. After `run`, `outputs`
    holds the output tensors by name: uint8 of shape (inferences, *shape).
    """

    def __init__(
        self,
        program: Program,
        chip: Chip,
        inferences: int,
        tensors: Mapping[str, Words] | None,
        limit: int | None = None,
        not_ended: Container[int] = (),
        dump: LayerDump | None = None,
        analog: ArraysOf | None = None,
        noting: Callable[[Configuration], Note] | None = None,
        host: HostValues | None = None,
    ) -> None:
        self.program = program
        self.known = Known(program, chip, inferences)
        self.sequencer = self.known.sequencer
        self.configuration = self.known.configuration
        self.program_order = ProgramOrder()
        arrays = None if analog is None else analog(self.configuration)
        self.values = (
            None
            if tensors is None
            else Values(
                program,
                chip,
                tensors,
                inferences,
                False,
                arrays,
                note=noting(self.configuration) if noting else None,
                host=host,
            )
        )
        self.out = {} if self.values is None else of_one_chip(self.values.out, arrays)
        """The outputs as words, by name: uint8 of shape (inferences, words, 64)."""
        self.turns: Turns | None = None
        """What follows the walk from inference to inference, if anything."""
        self._limit = limit
        self._not_ended = not_ended
        self._dump = dump
        self.host = host
        """What computes the host's parts, and keeps what they make of the network's outputs."""
        self._running = False

    @property
    def steps(self) -> int:
        """How many instructions the controller has gone through since set-up."""
        return self.known.steps

    @property
    def outputs(self) -> dict[str, Words]:
        """The output tensors by name, of those inferences that are complete; none where values are not wanted."""
        upto, tensors = self.known.complete, {tensor.name: tensor for tensor in self.program.outputs}
        return {name: from_words(tensors[name], words[:upto]) for name, words in self.out.items()}

    @property
    def warnings(self) -> list[str]:
        """What a whole program does that is no error, but hardly meant."""
        return rules_of_order.warnings(self.known) if self.sequencer.state == "halted" else []

    def run(self, tick: Callable[[int], None] | None = None) -> None:
        """Executes the program, or `limit` instructions past its set-up; `tick` is called with finished inferences."""
        while self.sequencer.state != "halted":
            if self._limit is not None and self.steps >= self._limit:
                return
            dispatch = self.step()
            if tick is not None and dispatch is not None and dispatch.agent == "host_out":
                tick(self.known.finished)
        self.finish()

    def work(self, dispatch: Dispatch) -> None:
        """Notes that the host works, and has it compute."""
        self.known.order.work(dispatch)
        if self.values is not None:
            self.values.work(dispatch)

    def finish(self) -> None:
        """Holds a program that has halted to what it has to leave behind."""
        hold(HALTED, Situation(self.known, _NO_INSTRUCTION))

    def set_up(self) -> None:
        """Executes what stands before `start`."""
        while not self._running:
            self.step()

    def step(self) -> Dispatch | None:
        """Executes one instruction; returns it where it is an agent's."""
        sequencer, pc = self.sequencer, self.sequencer.pc
        dispatch = sequencer.step()
        self.known.steps += self._running  # counted from the end of set-up, as cycles are
        if self.turns is not None:
            self.turns.stepped(self.known, pc)
        if sequencer.state == "started":
            self.configuration.settle(sequencer)
            self._running = True
        if dispatch is not None:
            at = Situation(self.known, dispatch)
            effect = EFFECTS.get(dispatch.row.mnemonic)
            if effect is None:
                self._move(at)
            else:
                hold(effect, at)
                _EFFECTS[effect](self, dispatch)
        return dispatch

    # What moves items -------------------------------------------------------------------------------------------

    def _move(self, at: Situation) -> None:
        """Holds the instruction to its rules, notes what it takes, accesses and gives, and computes its values."""
        hold(ISSUED, at)
        at.shape = self.known.shape(at.dispatch, self.values is not None)
        at.flow = MEANINGS[at.dispatch.row.mnemonic].flow(at.dispatch, at.shape)
        hold(FLOWING, at)
        at.addresses = visited(at.dispatch) if at.flow.reads or at.flow.writes else NOWHERE
        self._take(at)
        at.start = self.known.order.begin(at.dispatch, [] if at.flow.at_once else [run.start for run in at.runs[:1]])
        hold(ACCESSING, at)
        if at.flow.reads or at.flow.writes:
            self.program_order.access(at.dispatch.agent)
        self.known.access(at.dispatch, at.flow, at.addresses)
        self._give(at, self._end(at))
        if self.turns is not None:
            self.turns.moved(at)
        if self.values is not None:
            dump = None if self.steps in self._not_ended else self._dump
            self.values.move(at.dispatch, at.flow, at.shape, at.addresses, dump)

    def _take(self, at: Situation) -> None:
        """The items that the instruction takes from pipes."""
        hold(TAKING, at)
        pipes, flow = self.known.pipes, at.flow
        if flow.takes in ITEMS:
            pipe = pipes[flow.takes]
            at.runs = pipe.look(flow.taken) if flow.keeps else pipe.take(flow.taken, at.dispatch)
        hold(TAKEN, at)
        if flow.operands:
            at.runs = at.runs + pipes["operand"].take(flow.operands, at.dispatch)

    def _end(self, at: Situation) -> VectorClock:
        """Notes that it ends; returns what is known as it gives its last item."""
        order = self.known.order
        end = order.end(at.dispatch, [run.end for run in at.runs if run.last])
        if not at.flow.unneeded:
            return end
        # its last item is there while others still give it what it takes
        return order.so_far(at.start, [run.end for run in needed(at.runs, at.flow.unneeded) if run.last])

    def _give(self, at: Situation, end: VectorClock) -> None:
        """Notes what it gives: to the host, or to a pipe."""
        dispatch, flow = at.dispatch, at.flow
        if flow.gives == "host_out":
            self.known.order.leave(dispatch.inference)
        if flow.gives == "host_out" and self.steps not in self._not_ended:
            self.known.finished = max(self.known.finished, dispatch.inference + 1)
            self.known.given[self.program.outputs[dispatch.ops.tensor].name][dispatch.inference] = True
        if flow.gives not in ITEMS:
            return
        if flow.gives == "vector":
            self.known.order.give_stream(dispatch)
            self.program_order.give(dispatch, flow.given)
        self.known.pipes[flow.gives].put(ItemRun(flow.given, dispatch, at.start, end, True))


_EFFECTS: Mapping[str, Callable[[Functional, Dispatch], None]] = {
    semantics.MAKE_TOKEN: lambda self, dispatch: self.known.order.signal(dispatch),
    semantics.TAKE_TOKEN: lambda self, dispatch: self.known.order.wait(dispatch),
    semantics.JOIN_GROUP: lambda self, dispatch: self.known.connect(dispatch),
    semantics.PART_GROUP: lambda self, dispatch: self.known.disconnect(dispatch),
    semantics.WRITE_GROUP: lambda self, dispatch: self.configuration.write(
        dispatch, self.sequencer.groups[dispatch.group]
    ),
    semantics.HOST_WORK: lambda self, dispatch: self.work(dispatch),
}
"""What carries out each effect of an instruction that moves no items."""


_NO_INSTRUCTION = cast(Dispatch, None)
"""Stands for the instruction after the last: what holds of the whole program."""

if set(EFFECTS.values()) != set(_EFFECTS):
    raise AssertionError(f"effects that the executor does not know: {set(EFFECTS.values()) ^ set(_EFFECTS)}")
