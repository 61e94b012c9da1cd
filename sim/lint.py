"""A program held to all that can be said of it without a clock: the rules of its chip, and what is hardly meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.lint.checks import findings as hardly_meant
from acortex.isa.lint.rows import SAVES, SEVERAL, Finding
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


def lint(program: Program, chip: Chip | None = None, inferences: int | None = None) -> Sequence[AcortexError]:
    """What is wrong with a program on a chip, without it on its own: broken rules, then what is hardly meant.

    No value is computed, and no cycle simulated. Rules are looked for until the first that is broken; findings carry
    codes that begin with L. The host has `inferences`, else those of the program's samples, else one; what goes wrong
    with two alone is a finding.
    """
    errors = _broken(program, chip, inferences or _own(program))
    try:
        usage = Usage.of(program, inferences)
    except AcortexError:
        if not errors:
            raise
        return errors  # the walk breaks the same rule
    several = () if errors or inferences else _several(program, chip, usage.inferences)
    return [*errors, *several, *hardly_meant(usage)]


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


def _several(program: Program, chip: Chip | None, inferences: int) -> Iterator[AcortexError]:
    """The rule that is broken where the host has several inferences, and the program goes through all of them."""
    if inferences < TURNS or _own(program) > 1:
        return
    for error in _broken(program, chip, inferences):
        several = SEVERAL.broken(error.where, message=error.message, advice=error.hint)
        several.places = error.places
        yield several


def _broken(program: Program, chip: Chip | None, inferences: int) -> list[AcortexError]:
    """The limits and the rules of the chip that the program breaks."""
    try:
        chip = chip or chip_of(program)
        limits.check(program, chip)
        Functional(program, chip, inferences, None).run()
    except ManyErrors as many:
        return many.errors
    except AcortexError as error:
        return [error]
    return []
