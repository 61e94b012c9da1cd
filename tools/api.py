"""The small Python interface: `acortex.run`, the same as the command of that name, returning objects."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acortex.isa.program import Program
from acortex.sim.program_chip import chip_of
from acortex.sim.specs import Chip
from acortex.tools import files
from acortex.tools.chips import chip_file
from acortex.tools.programs import files_of, open_program

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

    _check_trace(program, chip, options.get("trace"))
    options["max_cycles"] = whole("max_cycles", options.get("max_cycles"), CYCLES)
    if not isinstance(program, Program):
        program = open_program(str(program), chip if chip is None or isinstance(chip, Chip) else str(chip), settings)
    if not isinstance(chip, Chip):
        chip = chip_of(program, chip, settings)
    return simulator.run(program, chip, **options)


def _check_trace(program: Program | str | Path, chip: Chip | str | Path | None, trace: str | Path | None) -> None:
    """Refuses a trace that would replace the program or the chip that it is of."""
    read = [] if isinstance(program, Program) else files_of(str(program))
    if chip is not None and not isinstance(chip, Chip):
        read.append(("chip", chip_file(str(chip))))
    files.check_apart(read, [("trace", None if trace is None else str(trace))])
