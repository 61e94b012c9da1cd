"""Rules of many inferences from those of a few: where the walk of a program is periodic, the rest is known.

At the end of a turn of the loop over the host's inferences a walk has a state: registers, tokens, written words, and
a vector clock for each agent. Two states a period apart are alike if all is equal but clocks, and each entry of
a clock either moved on by as many instructions as its agent carried out in between ("moving"), or stayed ("still"),
and all that move lie above all that stay. A step of the walk copies entries, takes the larger of two, compares two,
and adds the newest, which moves. So the next period does the same with entries that move on alike: the larger of two
is the same one, and a comparison that held keeps holding. Where two periods in a row move the same entries, all later
ones do: none breaks a rule, and after k of them each moving entry has moved k times. docs/soundness.md has the
argument in full.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.isa.sequencer import Sequencer
from acortex.sim.functional.happens_before import NUMBER, HappensBefore
from acortex.sim.functional.host_loop import HostLoop, count_of
from acortex.sim.functional.lineage import Lineage
from acortex.sim.functional.rules.situation import Known

Ints = NDArray[np.int64]

Moving = list[NDArray[np.bool_]]
"""For each array of clock entries, which of them moved on with the instructions of their agent."""


@dataclass
class State:
    """What a walk has at the end of a turn.

    `fixed` must be the same a period later. `clocks` are arrays of entries, `agents` which counter each entry follows,
    an array that broadcasts against it; `counters` is int64 of shape (agents + 1,): instructions by agent, and turns.
    `waiting` counts the items in all pipes.
    """

    turn: int
    steps: int
    finished: int
    waiting: int
    fixed: tuple[object, ...]
    clocks: list[Ints]
    agents: list[Ints]
    counters: Ints
    given: dict[str, NDArray[np.bool_]]
    taken: dict[int, int]


class Periods:
    """Looks for a period as a program is walked, and leaps over as many as there are."""

    def __init__(self, loop: HostLoop) -> None:
        self.loop = loop
        self._base: State | None = None
        self._moving: Moving | None = None
        """What moved in the period that ended with `_base`."""
        self._next = max(loop.settled, 1)
        """The turn at whose end the next look is due: later and later, where no period shows."""

    def turn(self, known: Known, lineage: Lineage | None) -> None:
        """Looks at the end of a turn, and leaps where the period has shown; `lineage` is followed beside the walk."""
        turn, period = count_of(known.sequencer, self.loop), self.loop.period
        if turn < self._next or period is None:
            return
        base, state = self._base, state_of(known, self.loop, lineage)
        moving = None if base is None else alike(base, state)
        if base is not None and moving is not None and same(self._moving, moving):
            leap(known, self.loop, base, state, moving, lineage)
            self._next = known.inferences
            return
        if base is not None and moving is None:
            self._next, self._base, self._moving = 2 * turn, None, None
        else:
            self._next, self._base, self._moving = turn + period, state, moving


def state_of(known: Known, loop: HostLoop, lineage: Lineage | None) -> State:
    """The state of a walk at the end of a turn."""
    order, sequencer = known.order, known.sequencer
    turn = count_of(sequencer, loop)
    entries = list(_entries(order, lineage))
    counters = np.array([*map(len, order.history), turn], dtype=np.int64)
    return State(
        turn,
        known.steps,
        known.finished,
        sum(pipe.held for pipe in known.pipes.values()),
        _fixed(known, loop, lineage),
        [clock.copy() for clock, _ in entries],
        [agents for _, agents in entries],
        counters,
        {name: given.copy() for name, given in known.given.items()},
        {number: token.taken for number, token in order.tokens.items()},
    )


def _fixed(known: Known, loop: HostLoop, lineage: Lineage | None) -> tuple[object, ...]:
    """What must be equal: registers, tokens, pipes, states, connected groups, which words are noted of which agent."""
    order, sequencer = known.order, known.sequencer
    turn, moved = count_of(sequencer, loop), {loop.register, *loop.lagging}
    counts = tuple(
        None if count < 0 else count - turn if register in moved else count
        for register, count in enumerate(sequencer.counts)
    )
    inference = None if sequencer.inference < 0 else sequencer.inference - turn
    tokens = [(n, t.maker, t.taker, len(t.left), t.taken > 0) for n, t in sorted(order.tokens.items())]
    registers = (sequencer.pc, sequencer.layer, inference, counts, dict(sequencer.streams), dict(sequencer.quantisers))
    return (
        *registers,
        dict(sequencer.windows),
        tokens,
        known.states.tobytes(),
        {group: dispatch.pc for group, dispatch in known.connected.items()},
        (list(order.writes), list(order.reads), order.streamer and (order.streamer.pc, order.streamer.agent)),
        lineage.fixed() if lineage is not None else None,
    )


def _entries(order: HappensBefore, lineage: Lineage | None) -> Iterator[tuple[Ints, Ints]]:
    """All entries of clocks, each with the counter that it follows."""
    each = np.arange(len(NUMBER), dtype=np.int64)
    yield np.array(order.known, dtype=np.int64), each
    for _, token in sorted(order.tokens.items()):
        yield np.array(list(token.left), dtype=np.int64).reshape(-1, len(NUMBER)), each
    for table in (order.writes, order.reads):
        for agent, latest in table.items():
            yield latest, np.array(agent)
    if order.streamer is not None:
        yield np.array([order.streamed], dtype=np.int64), np.array(NUMBER[order.streamer.agent])
    turns = len(NUMBER)
    host = order.left, order.worked, order.left_of, order.worked_of
    yield np.array(host, dtype=np.int64), np.array([NUMBER["host_out"], NUMBER["host"], turns, turns])
    if lineage is not None:
        yield lineage.turn_of, np.array(len(NUMBER))


def same(before: Moving | None, after: Moving) -> bool:
    """Whether two periods moved the same entries."""
    return before is not None and all(map(np.array_equal, before, after))


def alike(before: State, after: State) -> Moving | None:
    """Which entries move, where two states are alike and nothing waits in pipes; else None."""
    if before.fixed != after.fixed or before.waiting or after.waiting:
        return None
    moved = after.counters - before.counters
    lowest, highest = np.full(len(moved), np.iinfo(np.int64).max), np.full(len(moved), -1)
    found = []
    for old, new, agents in zip(before.clocks, after.clocks, after.agents, strict=True):
        whose = np.broadcast_to(agents, old.shape)
        moving = (new - old == moved[whose]) & (moved[whose] > 0)
        if not (moving | (new == old)).all():
            return None
        np.minimum.at(lowest, whose[moving], old[moving])
        np.maximum.at(highest, whose[~moving], old[~moving])
        found.append(moving)
    return found if (lowest > highest).all() else None


def leap(known: Known, loop: HostLoop, before: State, after: State, moving: Moving, lineage: Lineage | None) -> None:
    """Brings a walk to where it is after as many whole periods as are left."""
    period = after.turn - before.turn
    times = (known.inferences - 1 - after.turn) // period
    if times < 1:
        return
    _move_clocks(known.order, lineage, moving, (after.counters - before.counters) * times)
    for agent, history in enumerate(known.order.history):
        history.extend(history[before.counters[agent] :] * times)
    for number, token in known.order.tokens.items():
        token.taken += (after.taken[number] - before.taken[number]) * times
    _give(known, before, period, times)
    sequencer = known.sequencer
    _move_registers(sequencer, loop, period * times)
    known.steps += (after.steps - before.steps) * times
    known.finished += (after.finished - before.finished) * times
    if lineage is not None:
        lineage.turn = count_of(sequencer, loop)


def _move_registers(sequencer: Sequencer, loop: HostLoop, turns: int) -> None:
    """Moves on what counts turns, as far as it holds a count."""
    for register in (loop.register, *loop.lagging):
        if sequencer.counts[register] >= 0:
            sequencer.counts[register] += turns
    if sequencer.inference >= 0:
        sequencer.inference += turns


def _move_clocks(order: HappensBefore, lineage: Lineage | None, moving: Moving, by: Ints) -> None:
    """Adds to each moving entry what its counter moved on."""
    new = [clock + by[agents] * moves for (clock, agents), moves in zip(_entries(order, lineage), moving, strict=True)]
    rest = iter(new)
    order.known = [list(map(int, row)) for row in next(rest)]
    for _, token in sorted(order.tokens.items()):
        clocks = [list(map(int, row)) for row in next(rest)]
        token.left.clear()
        token.left.extend(clocks)
    for table in (order.writes, order.reads):
        for agent in table:
            table[agent] = next(rest)
    if order.streamer is not None:
        order.streamed = int(next(rest)[0])
    order.left, order.worked, order.left_of, order.worked_of = map(int, next(rest))
    if lineage is not None:
        lineage.turn_of = next(rest)


def _give(known: Known, before: State, period: int, times: int) -> None:
    """Notes the outputs that the periods give, each as much later as its inference is."""
    for name, given in known.given.items():
        for inference in np.flatnonzero(given & ~before.given[name]):
            given[inference : inference + period * times + 1 : period] = True
