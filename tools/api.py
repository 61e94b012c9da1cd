"""The small Python interface: `acortex.run`, the same as the command of that name, returning objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acortex.isa.program import Program
from acortex.sim.specs import Chip, load_chip
from acortex.tools.programs import open_program

if TYPE_CHECKING:
    from acortex.sim.run import Result


def run(
    program: Program | str | Path,
    chip: Chip | str | Path | None = None,
    *,
    settings: Sequence[str] = (),
    **options: Any,
) -> Result:
    """Simulates a program, and returns what came out, what it cost and where the time went.

    `program` is a Program, a path or "zoo:NAME"; `chip` a Chip, a built-in name or the path of a `.toml` file, and
    without it the chip that the program names, with `settings` such as "memory.banks=16" laid over it. `options` are
    those of `acortex.sim.run.run`: inputs, labels, trace, max_cycles and so on.
    """
    from acortex.sim import run as simulator
    from acortex.tools.numbers import CYCLES, whole

    options["max_cycles"] = whole("max_cycles", options.get("max_cycles"), CYCLES)
    if not isinstance(program, Program):
        program = open_program(str(program), chip if chip is None or isinstance(chip, Chip) else str(chip), settings)
    if not isinstance(chip, Chip):
        chip = load_chip(chip or program.chip, settings)
    return simulator.run(program, chip, **options)
