"""The program of a trace, which names it and has its checksum, but does not hold it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.tools.open.programs import CONTAINER, NETWORK, SOURCES, ZOO, open_program

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip
    from acortex.traces.file.reader import Trace


def recorded_program(trace: Trace, chip: Chip, reference: str | None = None) -> Program:
    """The program that a trace was recorded of: `reference`, else what is found under the names that the trace has.

    These are the network of the zoo with the program's name, and the files of its lines: in the current folder, beside
    the trace, and among the programs that come with acortex. Only one with the checksum of the trace is taken. Raises
    UsageError where there is none; whether `reference` is the program, its caller sees.
    """
    from acortex.isa.container import sha256

    if reference is not None:
        program = open_program(reference, chip)
        if Path(reference).suffix.lower() == NETWORK and sha256(program) != trace.header.program_sha256:
            raise UsageError(
                f"{reference} does not compile to the program of the trace",
                where=str(trace.path),
                hint="ranges are chosen on the inputs of a run: compile it once, with --calibration X.npy -o"
                f" {Path(reference).stem}{CONTAINER}, run that, and give it here",
            )
        return program
    wanted, looked = trace.header.program_sha256, []
    for candidate in _candidates(trace):
        looked.append(candidate)
        try:
            program = open_program(candidate, chip)
        except (AcortexError, ManyErrors):
            continue
        if sha256(program) == wanted:
            return program
    told = f"; not {', '.join(looked)}" if looked else ""
    raise UsageError(
        f"the program of the trace, {trace.header.program} with sha256 {wanted[:16]}, is not found{told}",
        where=str(trace.path),
        hint="give it: --program PROGRAM, as `acortex run` takes it",
    )


def _candidates(trace: Trace) -> Iterator[str]:
    """What may be the program, the likeliest first; files only where they exist."""
    from acortex.programs import zoo
    from acortex.programs.shipped import FOLDER

    name = trace.header.program
    if name in {row["name"] for row in zoo.names()}:
        yield ZOO + name
    files = [Path(line.rpartition(":")[0]).name for line in trace.header.lines[:1]]  # names alone: a trace is data
    names = [file for file in files if file.endswith(SOURCES)] + [f"{Path(name).name}{CONTAINER}"]
    for folder in (Path(), trace.path.parent, FOLDER):
        for file in dict.fromkeys(names):
            if (folder / file).is_file():
                yield str(folder / file)
