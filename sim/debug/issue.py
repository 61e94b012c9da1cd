"""Which instructions may be issued: those that break no rule, looked at ahead of the controller."""

from __future__ import annotations

from copy import copy

from acortex.errors import AcortexError
from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.executor import Functional


class Fence:
    """Holds a program to its rules, instruction by instruction, and notes the first that breaks one.

    The cost of a look at cycle N is then bounded by N, however long the program is.
    """

    def __init__(self, program: Program, chip: Chip, inferences: int) -> None:
        self._rules = Functional(program, chip, inferences, None)
        self._rules.set_up()
        self.configuration = self._rules.configuration
        self.serial = -1
        """The place of the instruction that breaks a rule, in the order of issue; -1 while none has been found."""
        self.error: AcortexError | None = None

    def look(self, upto: int) -> None:
        """Holds the instructions to the rules that stand before a place in the order of issue."""
        sequencer = self._rules.sequencer
        while self.error is None and sequencer.serial < upto and sequencer.state != "halted":
            before = sequencer.serial
            try:
                self._rules.step()
            except AcortexError as error:
                self.error, self.serial = error, before

    def leaves_behind(self) -> AcortexError | None:
        """What a program does wrong that has been issued as a whole: in the end something is left, or is missing."""
        self.look(1 << 62)
        if self.error is None:
            try:
                self._rules.finish()
            except AcortexError as error:
                return error
        return self.error

    @property
    def warnings(self) -> list[str]:
        """What a program that has been issued as a whole does that is no error, but hardly meant."""
        return self._rules.warnings


class Fenced(Sequencer):
    """A sequencer that stands still before the instruction that breaks a rule: the program ends there."""

    def __init__(self, program: Program, inferences: int, fence: Fence) -> None:
        super().__init__(program, inferences)
        self._fence = fence

    def step(self) -> Dispatch | None:
        """Carries out the next instruction, unless it breaks a rule."""
        if self.serial == self._fence.serial:
            self.state = "halted"
            return None
        return super().step()

    @property
    def stands(self) -> bool:
        """Whether the next instruction is the one that breaks a rule."""
        return self.serial == self._fence.serial

    def bound(self, loop: int) -> int:
        """How many turns a loop has that has begun."""
        return self._bounds[loop]

    def at(self, registers: tuple[object, ...]) -> Fenced:
        """Another one of the same program, with these registers; what was decoded once serves both."""
        other = copy(self)
        other.restore(registers)
        return other
