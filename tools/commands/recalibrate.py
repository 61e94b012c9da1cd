"""`acortex recalibrate`: a program with scales that fit what its sums become on chips with analog errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from acortex.tools.console import files
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.ranges import MEASURED, SEED
from acortex.tools.open.chip_options import chip_files, chip_option, set_option
from acortex.tools.open.programs import files_of, open_program

if TYPE_CHECKING:
    from acortex.sim.accuracy.recalibrate import Recalibrated


@click.command("recalibrate")
@click.argument("program", metavar="PROGRAM")
@click.option(
    "-o", "--output", metavar="OUT.acx", type=click.Path(), help="Write the program with its new scales here."
)
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Calibration inputs: .npy, or .npz by name.")
@click.option("--chips", metavar="N", type=MEASURED, default=20, show_default=True, help="How many chips are measured.")
@click.option(
    "--noise-seed", metavar="S", type=SEED, default=1, show_default=True, help="Which chips: not those of `accuracy`."
)
@chip_option
@set_option
@format_option
def recalibrate(program: str, output: str | None, form: str, **options: Any) -> None:
    """Choose the scales of a program's converters anew, from its sums on chips with analog errors.

    IR drop, drift and temperature shrink sums: converters whose range was chosen for the ideal chip then lose codes.
    This measures by how much, for each quantiser or, where the compiler wrote a table, each column, and takes it back.
    The errors are those that the chip states, as for `acortex accuracy`, which tells what the new program OUT.acx wins.
    Without --input the program's own data serve; no label is looked at. docs/analog-networks.md has an example.
    """
    read = [*files_of(program), ("--input", options["inputs"])]
    read += chip_files("--chip", options["chip"]) if options["chip"] else []
    files.check_apart(read, (("-o", output), ("--format json", files.STANDARD if form == "json" else None)))
    if output:
        files.check_writable(output)
    found = _recalibrated(program, options)
    if output:
        from acortex.isa import container

        files.write(output, container.dumps(found.program))
    report = found.report.model_copy(update={"output": output})
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.recalibration import recalibration_parts

        show(console(err=output == files.STANDARD), recalibration_parts(report))


def _recalibrated(program: str, options: dict[str, Any]) -> Recalibrated:
    """Opens what the user names, and measures."""
    from acortex.sim.accuracy.recalibrate import recalibrate as measured
    from acortex.sim.chip.program_chip import chip_of
    from acortex.tools.open.arrays import read_arrays

    loaded = open_program(program, options["chip"], options["settings"])
    chip = chip_of(loaded, options["chip"], options["settings"])
    inputs = read_arrays(options["inputs"]) if options["inputs"] else None
    with ProgressBar("measuring chips") as bar:
        return measured(loaded, chip, inputs=inputs, chips=options["chips"], seed=options["noise_seed"], progress=bar)
