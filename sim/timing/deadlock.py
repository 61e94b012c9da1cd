"""Why nothing can happen any more: who waits for whom, and the circle, or the missing thing, that closes it.

What ends a wait says the table of hand-overs (sim/timing/handovers.py), of which token or queue says the instruction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from acortex.errors import AcortexError
from acortex.isa.program import Line
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.timing.handovers import CAUSES, table
from acortex.sim.timing.kernel import IDLE
from acortex.sim.timing.unit import Agent, Unit
from acortex.sim.timing.walk import Walk
from acortex.traces.endings import BEGIN, Endings
from acortex.wording import count

SETTINGS = {
    "words": "buffer.words",
    "vectors": "buffer.windows",
    "codes": "neurons.output_words",
    "stream": "vector.queue_words",
    "operand": "vector.queue_words",
    "results": "vector.queue_words",
}
"""The settings that say how much the queues between units hold, by the names of these in docs/timing.md."""


class DeadlockError(AcortexError):
    """A run in which every unit waits for another."""


class Wait(NamedTuple):
    """What a unit waits for, and the unit that would have to give it; "" where none is left that would."""

    unit: str
    what: str
    of: str


@dataclass(frozen=True)
class Stuck:
    """A chip in which nothing can happen any more."""

    units: Sequence[Unit]
    agents: Mapping[str, Agent]
    sequencer: Sequencer | Walk
    capacities: Mapping[str, int]
    """How much each queue between units holds."""
    skipped: int = 0
    """What the clock of the chip lacks: the cycles that were skipped."""

    def error(self, waiting: Sequence[Unit], last: int) -> DeadlockError:
        """What is wrong after cycle `last`: each wait with its instruction, and in the hint what closes them."""
        ordered = sorted(waiting, key=lambda unit: unit.since)
        told = [
            f"  {one.path} waits for {CAUSES[one.cause]} since cycle {one.since + self.skipped},"
            f" at {line}: {line.text.strip()}"
            for one in ordered
            for line in [self._line(one)]
        ]
        waits = {one.path: self.wait(one) for one in self.units if one.cause != IDLE}
        error = DeadlockError(
            f"nothing can happen any more after cycle {last + self.skipped}, and {len(waiting)} units wait:\n"
            + "\n".join(told),
            hint=f"{closing(waits, [one.path for one in ordered])}; the first of them has waited longest",
        )
        error.places = tuple((_in_words(waits[one.path]), str(self._line(one))) for one in ordered)
        return error

    def _line(self, unit: Unit) -> Line:
        return self.sequencer.program.lines[unit.context[0]]

    def wait(self, unit: Unit) -> Wait:
        """What a unit waits for, and from which unit."""
        cause = CAUSES[unit.cause]
        if cause == "queue":
            agent = self.agents[self.sequencer.agent()]
            held = count(agent.queue.capacity, "instruction")
            return Wait(unit.path, f"a place in the queue of {agent.path}, full with {held}", agent.path)
        if cause == "token" and isinstance(unit, Agent) and unit.current is not None:
            return self._token(unit, unit.current.ops.token)
        return self._handed_over(unit, cause)

    def _token(self, unit: Agent, token: int) -> Wait:
        """A token: of the agent that has yet to signal it, or of the controller that has yet to issue that."""
        for agent in self.agents.values():
            for dispatch in pending(agent):
                if dispatch.row.mnemonic == "signal" and dispatch.ops.token == token:
                    line = self.sequencer.program.lines[dispatch.pc]
                    return Wait(unit.path, f"token t{token} of `{plain(line)}` at {line}", agent.path)
        if self.sequencer.state == "running":
            return Wait(unit.path, f"token t{token}, which no instruction issued so far signals", "controller")
        return Wait(unit.path, f"token t{token}, which no instruction signals any more", "")

    def _handed_over(self, unit: Unit, cause: str) -> Wait:
        """What the table of hand-overs says, of a unit that waits itself, if one of several can give it."""
        endings = Endings(table(), [one.path for one in self.units])
        crosses = getattr(unit, "bus", None) is not None
        rows = [row for row in endings.of(unit.path, cause) if not row.route or crosses != row.route.startswith("!")]
        found = [(row, of) for row in rows for of in self._givers(endings, row.ended_by)]
        by_path = {one.path: one for one in self.units}
        for row, of in sorted(found, key=lambda one: by_path[one[1]].cause == IDLE):
            idle = by_path[of].cause == IDLE and by_path["controller"].cause != IDLE
            return Wait(unit.path, self._sized(row.about.partition(",")[0]), "controller" if idle else of)
        return Wait(unit.path, cause.replace("_", " "), "")

    def _givers(self, endings: Endings, pattern: str) -> Iterator[str]:
        """The units of a pattern; for a bus those that send its words; for an idle agent the controller."""
        for path in endings.lanes(pattern):
            senders = [row.ended_by for row in endings.of(path, BEGIN)]
            for sender in senders or [path]:
                yield from endings.lanes(sender)

    def _sized(self, about: str) -> str:
        """What is waited for; of a full queue with what it holds, and the setting that says so."""
        name = about.rpartition(" ")[2]
        if not about.startswith("a place in ") or name not in SETTINGS:
            return about
        return f"{about}, full with {self.capacities[name]} ({SETTINGS[name]})"


def pending(agent: Agent) -> Iterator[Dispatch]:
    """The instructions that an agent has yet to end, in their order."""
    if agent.current is not None:
        yield agent.current
    yield from agent.queue.items()


def plain(line: Line) -> str:
    """An instruction as its line has it, blanks joined."""
    return " ".join(line.text.partition(";")[0].split()).rpartition(":")[2].strip()


def _in_words(wait: Wait) -> str:
    return f"{wait.unit} waits for {wait.what}" + (f", from {wait.of}" if wait.of else "")


def closing(waits: Mapping[str, Wait], order: Sequence[str]) -> str:
    """What closes some waits: the first circle that one comes to from them, in order; else what is missing."""
    ends = []
    for start in order:
        chain: list[str] = []
        path = start
        while path in waits and path not in chain:
            chain.append(path)
            path = waits[path].of
        if path in chain:
            around = chain[chain.index(path) :]
            return f"a circle closes it: {'; '.join(_in_words(waits[one]) for one in around)}"
        ends.append((chain, path))
    chain, path = ends[0]
    last = _in_words(waits[chain[-1]])
    return f"what is missing: {last}" + (", which has nothing left to do" if path else "")
