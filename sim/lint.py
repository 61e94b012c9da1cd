"""A program held to all that can be said of it without a clock: the rules of its chip, and what is hardly meant."""

from __future__ import annotations

from collections.abc import Sequence

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.lint.checks import findings as hardly_meant
from acortex.isa.lint.rows import CUT, SAVES, SEVERAL, Finding
from acortex.isa.lint.usage import TURNS, Usage
from acortex.isa.places import place
from acortex.isa.program import Program
from acortex.sim.advice.orders import Gain, better_orders
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.rules import limits
from acortex.wording import count

SECONDS = 20.0
"""Of processor time that is spent on other orders, unless a caller says."""

MOST = 5
"""So many places are told where another order saves most."""


def lint(
    program: Program, chip: Chip | None = None, inferences: int | None = None, steps: int | None = None
) -> Sequence[AcortexError]:
    """What is wrong with a program on a chip, without it on its own: broken rules, then what is hardly meant.

    No value is computed, and no cycle simulated. Rules are looked for until the first that is broken; findings carry
    codes that begin with L. The host has `inferences`, else those of the program's samples, else one; what goes wrong
    with two alone is a finding. A program is walked through for so many `steps` at most; where it has more, L501 says
    so, and nothing is said to be hardly meant: a later instruction may use it.
    """
    errors, whole = _broken(program, chip, inferences or _own(program), steps)
    try:
        usage = Usage.of(program, inferences, steps)
    except AcortexError:
        if not errors:
            raise
        return errors  # the walk breaks the same rule
    several: Sequence[AcortexError] = []
    if whole and not inferences and usage.inferences >= TURNS and _own(program) == 1:
        again, whole = _broken(program, chip, usage.inferences, steps)
        several = list(map(_of_several, again))
    found = hardly_meant(usage) if usage.complete else []
    cut = [] if usage.complete and (whole or errors or several) else [CUT.broken(program.name, steps=steps)]
    return [*errors, *several, *found, *cut]


def measured(program: Program, chip: Chip | None = None, seconds: float = SECONDS) -> tuple[list[Finding], str]:
    """What another order of the instructions saves, measured; and how far the search came, in words.

    Edits of a program that breaks no rule are tried for so many seconds of processor time: see sim/advice/orders.py.
    """
    found = better_orders(program, chip or chip_of(program), seconds)
    best = {gain.edit.first: gain for gain in reversed(found.gains)}
    told = sorted(best.values(), key=lambda gain: gain.cycles)[:MOST]
    tried = f"{count(found.tried, 'other order')} measured"
    left = f"; time did not suffice for {found.left:,} more" if found.left else ""
    return [_saves(program, gain, found.inferences) for gain in told], tried + left


def _saves(program: Program, gain: Gain, inferences: int) -> Finding:
    edit, other = gain.edit, place(program, gain.edit.to)
    what, advice, note = f"standing above {other}, this", "move it there", "above this it stalls less"
    if edit.again:
        what, advice, note = "one more of this", "signal it once more", ""
    facts = {"what": what, "advice": advice, "gain": gain.before - gain.cycles, "before": gain.before}
    error = SAVES.broken(place(program, edit.first), **facts, inferences=count(inferences, "inference"))
    assert isinstance(error, Finding)
    error.places = ((note, other),) if note else ()
    return error


def _own(program: Program) -> int:
    """The inferences that a run has where nobody gives inputs."""
    return max((len(array) for array in program.samples.values()), default=1)


def _of_several(error: AcortexError) -> AcortexError:
    """The finding of a rule that is broken where the host has several inferences, and the program takes them all."""
    several = SEVERAL.broken(error.where, message=error.message, advice=error.hint)
    several.places = error.places
    return several


def _broken(program: Program, chip: Chip | None, inferences: int, steps: int | None) -> tuple[list[AcortexError], bool]:
    """The limits and the rules of the chip that the program breaks, and whether it was walked to its end."""
    try:
        chip = chip or chip_of(program)
        limits.check(program, chip)
        return [], _walked(Functional(program, chip, inferences, None), steps)
    except ManyErrors as many:
        return many.errors, False
    except AcortexError as error:
        return [error], False


def _walked(executor: Functional, steps: int | None) -> bool:
    """Whether a program comes to its end within so many steps, those of its set-up among them."""
    while executor.sequencer.state != "halted":
        if executor.sequencer.serial == steps:
            return False
        executor.step()
    executor.finish()
    return True
