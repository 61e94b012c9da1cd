"""The chip that a program runs on: the one that a user gives, else the one that the program names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.sim.chip.chip_files import locate
from acortex.sim.chip.specs import Chip, load_chip


def chip_of(program: Program, given: str | Path | None = None, overrides: Sequence[str] = ()) -> Chip:
    """A chip for a program, with overrides such as "memory.banks=16". Raises what `load_chip` raises.

    A name that no chip has is an error at the line of the program that gives it.
    """
    if given is None:
        try:
            locate(program.chip)
        except UsageError as error:
            raise UsageError(error.message, where=program.chip_at, hint=error.hint) from None
    return load_chip(program.chip if given is None else given, overrides)
