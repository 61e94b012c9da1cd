"""`acortex recalibrate`: a program with scales that fit what its sums become on chips with analog errors."""

from __future__ import annotations

from collections.abc import Mapping

import click

from acortex.tools.console import files
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.ranges import MEASURED, SEED
from acortex.tools.open.chip_options import chip_files, chip_option, set_option
from acortex.tools.open.network_options import calibration_option, dim_option, mapping_option, quantise_option
from acortex.tools.open.networks import Compiling
from acortex.tools.open.programs import files_of, open_program, program_argument


@click.command("recalibrate")
@program_argument
@click.option(
    "-o", "--output", metavar="OUT.acx", type=click.Path(), help="Write the program with its new scales here."
)
@click.option(
    "--input",
    "inputs",
    metavar="X",
    type=click.Path(),
    help="What the chips run on while they are measured: .npy, or .npz by name.",
)
@click.option("--chips", metavar="N", type=MEASURED, default=20, show_default=True, help="How many chips are measured.")
@click.option(
    "--noise-seed", metavar="S", type=SEED, default=1, show_default=True, help="Which chips: not those of `accuracy`."
)
@chip_option
@set_option
@calibration_option
@mapping_option
@dim_option
@quantise_option
@format_option
def recalibrate(
    program: str,
    output: str | None,
    inputs: str | None,
    chips: int,
    noise_seed: int,
    chip: str | None,
    settings: tuple[str, ...],
    calibration: str | None,
    mapping: str | None,
    dims: Mapping[str, int] | None,
    quantise: str | None,
    form: str,
) -> None:
    """Choose the scales of a program's converters anew, from its sums on chips with analog errors.

    IR drop, drift and temperature shrink sums: converters whose range was chosen for the ideal chip then lose codes.
    This measures by how much, for each quantiser or, where the compiler wrote a table, each column, and takes it back.
    The errors are those that the chip states, as for `acortex accuracy`, which tells what the new program OUT.acx wins.
    Without --input the program's own data serve; no label is looked at. docs/analog-networks.md has an example.
    """
    from acortex.sim.accuracy.recalibrate import recalibrate as measured
    from acortex.sim.chip.program_chip import chip_of
    from acortex.tools.open.arrays import read_arrays

    read = [*files_of(program), ("--input", inputs), ("--calibration", calibration)]
    read += chip_files("--chip", chip) if chip else []
    files.check_apart(read, (("-o", output), ("--format json", files.STANDARD if form == "json" else None)))
    if output:
        files.check_writable(output)
    given = read_arrays(inputs) if inputs else None
    loaded = open_program(program, chip, settings, how=Compiling(mapping, calibration, given, dims, quantise=quantise))
    with ProgressBar("measuring chips") as bar:
        on = chip_of(loaded, chip, settings)
        found = measured(loaded, on, inputs=given, chips=chips, seed=noise_seed, progress=bar)
    if output:
        from acortex.isa import container

        files.write(output, container.dumps(found.program))
    report = found.report.model_copy(update={"output": output})
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.recalibration import recalibration_parts

        show(console(err=output == files.STANDARD), recalibration_parts(report))
