"""A program held to all that can be said of it without a clock: the rules of its chip, and what is hardly meant."""

from __future__ import annotations

from collections.abc import Sequence

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.lint.checks import lint as hardly_meant
from acortex.isa.lint.usage import Usage
from acortex.isa.program import Program
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.rules import limits


def lint(program: Program, chip: Chip | None = None, inferences: int | None = None) -> Sequence[AcortexError]:
    """What is wrong with a program on a chip, without it on its own: broken rules, then what is hardly meant.

    No value is computed, and no cycle simulated. Rules are looked for until the first that is broken; findings carry
    codes that begin with L. The program is walked through for `inferences`, else for as many as show what it does.
    """
    errors = _broken(program, chip, inferences)
    try:
        return [*errors, *hardly_meant(program, inferences)]
    except AcortexError:
        if not errors:
            raise
        return errors  # the walk breaks the same rule


def _broken(program: Program, chip: Chip | None, inferences: int | None) -> list[AcortexError]:
    """The limits and the rules of the chip that the program breaks."""
    try:
        chip = chip or chip_of(program)
        limits.check(program, chip)
        number = inferences if inferences is not None else Usage.of(program).inferences
        Functional(program, chip, number, None).run()
    except ManyErrors as many:
        return many.errors
    except AcortexError as error:
        return [error]
    return []
