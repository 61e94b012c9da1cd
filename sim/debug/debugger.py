"""A program under a debugger: goes along its run, forwards and backwards, stops, and looks at what there is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

from acortex.errors import AcortexError, UsageError
from acortex.sim import arrivals
from acortex.sim.debug import look
from acortex.sim.debug.contents import Contents
from acortex.sim.debug.results import (
    Breakpoint,
    BufferState,
    Change,
    ChannelState,
    GroupState,
    ListedLine,
    QueueState,
    Registers,
    TensorState,
    TokenState,
    UnitState,
    Where,
    Word,
)
from acortex.sim.debug.stops import Aim, Places
from acortex.sim.debug.timeline import Timeline, View
from acortex.sim.run import Prepared
from acortex.sim.timing.kernel import LAST

BEFORE_ALL = -1
"""Before the first cycle: a run from here stops in cycle 0, too."""


class _Set(NamedTuple):
    """A breakpoint that is set, and how often it has stopped the run."""

    aim: Aim
    hits: int


class Debugger:
    """A prepared program on its way through its run, at the beginning of a cycle: at first of cycle 0, after set-up.

    Every position is exact, and depends on the cycle alone: all that begins before it has happened, nothing else has.
    Motions return where they end. Values are those of the chip without analog errors. Raises the errors of the
    program's set-up; what fails later is `error` of where the run stands. With `check_order` a run that has come to its
    end is held to the order of its program, see sim/arrivals.py.
    """

    def __init__(self, prepared: Prepared, *, check_order: bool | None = None) -> None:
        if prepared.noise_seed is not None:
            raise UsageError(
                "the debugger computes values without analog errors, and this chip has them",
                hint="leave out noise_seed, or set errors.model=ideal",
            )
        self.prepared = prepared
        self.program = prepared.program
        self.timeline = Timeline(prepared, arrivals.wanted(check_order))
        units = {unit.path: unit.number for unit in self.timeline.view(0).chip.units}
        self.places = Places(self.program, units, self.timeline.sequencer().pc)
        self._contents = Contents(self.timeline)
        self._cycle = 0
        self._moves: list[Sequence[int]] = []
        """The cycles that `step` and `cycles` began in since the last jump, in order: `back` goes through them."""
        self._set: dict[int, _Set] = {}
        self._numbers = 0

    def __repr__(self) -> str:
        return f"Debugger({self.program.name} on {self.prepared.chip.name}, cycle {self._cycle:,})"

    @property
    def cycle(self) -> int:
        """The cycle that the run stands at the beginning of."""
        return self._cycle

    @property
    def view(self) -> View:
        """The chip in this cycle, to be looked at."""
        return self.timeline.view(self._cycle)

    @property
    def groups(self) -> tuple[int, ...]:
        """The numbers of the program's groups of arrays."""
        return tuple(sorted(self.timeline.fence.configuration.groups))

    # Breakpoints ------------------------------------------------------------------------------------------------

    def break_at(self, place: str | int) -> Breakpoint:
        """Sets a breakpoint: at a line, FILE:LINE, a label, `cycle N`, or each event of a unit."""
        return self._add(self.places.aim(str(place)))

    def watch(self, word: int) -> Breakpoint:
        """Stops the run after each write to a word of main memory, whether it changes the word or not."""
        words = self.prepared.chip.memory_words
        if not 0 <= word < words:
            raise UsageError(f"main memory has no word {word}", hint=f"its words are 0 to {words - 1}")
        return self._add(Aim(f"a write to word {word}", word=word))

    def _add(self, aim: Aim) -> Breakpoint:
        self._numbers += 1
        self._set[self._numbers] = _Set(aim, 0)
        return self.breakpoints[-1]

    def delete(self, number: int) -> None:
        """Removes a breakpoint or a watched word."""
        if number not in self._set:
            known = ", ".join(map(str, self._set)) or "none"
            raise UsageError(f"there is no breakpoint {number}", hint=f"set are: {known}")
        del self._set[number]

    @property
    def breakpoints(self) -> tuple[Breakpoint, ...]:
        """All breakpoints and watched words, in the order in which they were set."""
        return tuple(Breakpoint(number, _kind(one.aim), one.aim.about, one.hits) for number, one in self._set.items())

    # Forwards ---------------------------------------------------------------------------------------------------

    def run(self) -> Where:
        """Runs from cycle 0 to the first stop, or to the end."""
        return self._seek(BEFORE_ALL, self._aims())

    def go_on(self) -> Where:
        """Runs to the next stop after this cycle, or to the end."""
        return self._seek(self._cycle, self._aims())

    def until(self, place: str | int = "") -> Where:
        """Runs to a place once, or past the loop: to an instruction below the next one; to a breakpoint before that."""
        if place:
            aim = self.places.aim(str(place))
        else:
            after = range(self.view.sequencer.pc + 1, len(self.program.lines) + 1)
            aim = Aim("an instruction below", pcs=frozenset(after))
        return self._seek(self._cycle, {**self._aims(), 0: aim})

    def to_end(self) -> Where:
        """Runs to the end, past all breakpoints: there it has failed, if it does."""
        return self._seek(self._cycle, {})

    def step(self, count: int = 1) -> Where:
        """Goes on to the cycle in which the next instruction is issued, so many times."""
        _check_count("step", count)
        before, targets = self._cycle, self._issues_after(self._cycle, count)
        return self._moved([before, *targets[:-1]], targets[-1] if targets else before)

    def cycles(self, count: int = 1) -> Where:
        """Goes on by so many cycles."""
        _check_count("cycle", count)
        target = self._reach(self._cycle + count)
        return self._moved(range(self._cycle, target), target)

    def _moved(self, moves: Sequence[int], target: int) -> Where:
        if target == self._cycle:
            return self.where()
        self._moves.append(moves)
        self._cycle = target
        return self.where()

    def _aims(self) -> dict[int, Aim]:
        return {number: one.aim for number, one in self._set.items()}

    def _seek(self, after: int, aims: dict[int, Aim]) -> Where:
        """Goes to the first cycle after one that an aim stops the run in, or to the end: a jump, which is one move."""
        self._moves.clear()
        self._cycle = max(after, 0)
        for stretch in self.timeline.stretches(self._cycle):
            self._cycle = max(stretch.first, self._cycle)  # where Ctrl-C leaves it
            stops = {number: aim.cycles(stretch) for number, aim in aims.items()}
            found = min((int(one) for cycles in stops.values() for one in cycles if one > after), default=None)
            if found is not None and (stretch.end is None or found <= stretch.end.cycle):
                self._cycle = found
                return self._stopped([number for number, cycles in stops.items() if found in cycles])
        assert self.timeline.end is not None
        self._cycle = max(self.timeline.end.cycle, self._cycle)
        return self.where()

    def _stopped(self, numbers: Sequence[int]) -> Where:
        """Where the run stands, with the breakpoints that have stopped it; 0 is a place that it is to stop at once."""
        reasons, changes = [], []
        for number in numbers:
            if number:
                found = self._set[number]
                self._set[number] = found._replace(hits=found.hits + 1)
                reasons.append(f"{_kind(found.aim)} {number}, {found.aim.about}")
                changes += [self._change(found.aim.word)] if found.aim.word >= 0 else []
        return replace(self.where(), reasons=tuple(reasons), changes=tuple(changes))

    def _change(self, word: int) -> Change:
        """The write of the last cycle to a word."""
        [before] = self._contents.memory(self.timeline.view(self._cycle - 1), word, word)
        [after] = self.memory(word)
        return Change(word, before.codes, after.codes, after.by)

    def _issues_after(self, cycle: int, count: int) -> list[int]:
        """The cycles of the next issues after a cycle; the last is the end of the run where there are fewer."""
        found: list[int] = []
        for stretch in self.timeline.stretches(cycle):
            found += [one for one in stretch.issues()[0].tolist() if one > cycle]
            if len(found) >= count:
                return found[:count]
        assert self.timeline.end is not None
        end = self.timeline.end.cycle
        return [*found, end] if end > (found[-1] if found else cycle) else found

    def _reach(self, cycle: int) -> int:
        """A cycle, or the end of the run where it ends before."""
        for stretch in self.timeline.stretches(self._cycle):
            if stretch.last > cycle:
                break
        end = self.timeline.end
        return cycle if end is None else min(cycle, end.cycle)

    # Backwards --------------------------------------------------------------------------------------------------

    def back(self, count: int = 1) -> Where:
        """Takes back so many moves of `step` and `cycles`; where none is left, goes to the issue before this cycle.

        So `back(n)` after `step(n)` is where `step` began. In the middle of a run, after a stop, `back` goes from one
        instruction to the one that was issued before it.
        """
        _check_count("back", count)
        while count and self._moves:
            moves = self._moves.pop()
            taken = min(count, len(moves))
            count -= taken
            self._cycle = moves[len(moves) - taken]
            if taken < len(moves):
                self._moves.append(moves[: len(moves) - taken])
        if count and self._cycle:
            self._cycle = self.timeline.issue(max(self.view.sequencer.serial - count, self.timeline.first))
        return self.where()

    # What there is ----------------------------------------------------------------------------------------------

    def where(self) -> Where:
        """Where the run stands."""
        view, end = self.view, self.timeline.end
        found, chip = view.sequencer, view.chip
        error: AcortexError | None = None
        state = "running"
        if end is not None and end.cycle == self._cycle:
            error, state = end.error, "failed" if end.error is not None else "ended"
        place = None
        issued = found.state != "halted"
        if issued and found.in_program:
            place = look.place_of(self.program, found.pc, found.layer, found.inference)
        now = place is not None and chip.controller.alarm.due == self._cycle and look.has_room(view)
        return Where(self._cycle, state, place, now, found.serial - self.timeline.first, (), (), error)  # type: ignore[arg-type]

    def memory(self, first: int, last: int | None = None) -> tuple[Word, ...]:
        """Words of main memory from an address to another, both included, as the chip holds them in this cycle."""
        return self._contents.memory(self.view, first, first if last is None else last)

    def buffer(self) -> BufferState:
        """The words and the input vectors in the buffer."""
        return self._contents.buffer(self.view)

    def group(self, number: int) -> GroupState:
        """A group of arrays: its weights, where it lies, and whether it is connected."""
        return self._contents.group(self.view, number)

    def tensor(self, name: str, inference: int | None = None) -> TensorState:
        """An input or output, of the inference at work unless another is named, or a matrix of weights."""
        return self._contents.tensor(self.view, name, inference)

    def units(self) -> tuple[UnitState, ...]:
        """What each unit does: what it waits for, since when, and which unit that comes from."""
        return look.units(self.program, self.view)

    def queues(self) -> tuple[QueueState, ...]:
        """The queues of the agents, with the instruction that each works on."""
        return look.queues(self.program, self.view)

    def channels(self) -> tuple[ChannelState, ...]:
        """The queues of words, vectors and sums between units."""
        return look.channel_states(self.view)

    def tokens(self) -> tuple[TokenState, ...]:
        """The tokens that are there, on their way, or awaited."""
        return look.tokens(self.program, self.view)

    def registers(self) -> Registers:
        """The controller's registers."""
        return look.registers(self.program, self.view)

    def listing(self, place: str | int = "", around: int = 5) -> tuple[ListedLine, ...]:
        """The instructions around a line or a label, by default around the next one."""
        view = self.view
        at = view.sequencer.pc
        next_pc = at if view.sequencer.state != "halted" else -1
        if place:
            aim = self.places.aim(str(place), anywhere=True)
            if not aim.pcs:
                raise UsageError(f"{aim.about} is no line of the program", hint="list a line or a label")
            at = min(aim.pcs)
        at = min(at, len(self.program.lines) - 1)
        rows = range(max(at - around, 0), min(at + around + 1, len(self.program.lines)))
        return tuple(
            ListedLine(
                look.place_of(self.program, pc),
                pc == next_pc,
                tuple(number for number, one in self._set.items() if pc in one.aim.pcs),
            )
            for pc in rows
        )


def _kind(aim: Aim) -> Literal["breakpoint", "watch"]:
    return "watch" if aim.word >= 0 else "breakpoint"


def _check_count(what: str, count: int) -> None:
    if not 1 <= count <= LAST:
        raise UsageError(f"{what} {count} goes nowhere", hint="a number of 1 or more says how far")
