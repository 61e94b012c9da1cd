"""`acortex accuracy`: how right a program is on chips with analog errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from acortex.tools.console import files
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.ranges import AGE, CELSIUS, CHIPS, SEED, SHARE
from acortex.tools.open.chip_options import chip_files, chip_option, set_option
from acortex.tools.open.network_options import (
    calibration_option,
    dim_option,
    host_option,
    mapping_option,
    quantise_option,
)
from acortex.tools.open.networks import Compiling
from acortex.tools.open.programs import files_of, open_program, program_argument

if TYPE_CHECKING:
    from acortex.sim.accuracy.results import AccuracyReport


@click.command("accuracy")
@program_argument
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Inputs: .npy, or .npz by name.")
@click.option("--labels", metavar="L.npy", type=click.Path(), help="The right answers: one whole number per input.")
@click.option("--answer", metavar="OUTPUT", help="The output that is judged; else the first.")
@click.option("--chips", metavar="N", type=CHIPS, default=100, show_default=True, help="How many chips are drawn.")
@click.option(
    "--noise-seed", metavar="S", type=SEED, default=0, show_default=True, help="The same seed, the same chips."
)
@chip_option
@set_option
@calibration_option
@mapping_option
@dim_option
@quantise_option
@host_option
@click.option("--at-age", "ages", metavar="SECONDS", type=AGE, multiple=True, help="The same chips later. Repeatable.")
@click.option(
    "--at-temperature", "temperatures", metavar="C", type=CELSIUS, multiple=True, help="And warmer. Repeatable."
)
@click.option(
    "--at-least", "levels", metavar="SHARE", type=SHARE, multiple=True, help="Tell the yield at this accuracy."
)
@click.option("--ablate", is_flag=True, help="Run each kind of error alone, and all but it.")
@click.option("--plot", metavar="FILE.svg", type=click.Path(), help="Draw it here; needs acortex[plots].")
@format_option
def accuracy(program: str, form: str, **options: Any) -> None:
    """Run a program on a population of chips, each with analog errors of its own, and tell how right they are.

    The errors are those that the chip states (`acortex chip show`, [errors]), most of them through the technology of
    its cells; --set errors.tuning_pct=5 states another. docs/analog.md says which there are and in which order they
    act. Without labels what the ideal chip says is right.
    """
    plot = options["plot"]
    given = {"--input": "inputs", "--labels": "labels", "--calibration": "calibration"}
    read = [*files_of(program), *((option, options[name]) for option, name in given.items())]
    read += chip_files("--chip", options["chip"]) if options["chip"] else []
    files.check_apart(read, (("--plot", plot), ("--format json", files.STANDARD if form == "json" else None)))
    if plot:
        files.check_writable(plot)
    report = _report(program, options)
    if plot:
        from acortex.tools.views.accuracy_plot import draw

        files.write(plot, draw(report))
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.accuracy import accuracy_parts

        show(console(err=plot == files.STANDARD), accuracy_parts(report))


def _report(program: str, options: dict[str, Any]) -> AccuracyReport:
    """Opens what the user names, and runs the population."""
    from acortex.sim.accuracy.study import Conditions
    from acortex.sim.accuracy.study import accuracy as study
    from acortex.sim.chip.program_chip import chip_of
    from acortex.tools.open.arrays import read_arrays, read_labels

    inputs = read_arrays(options["inputs"]) if options["inputs"] else None
    how = Compiling(
        options["mapping"],
        options["calibration"],
        inputs,
        options["dims"],
        host=options["host"],
        quantise=options["quantise"],
    )
    loaded = open_program(program, options["chip"], options["settings"], how=how)
    chip = chip_of(loaded, options["chip"], options["settings"])
    with ProgressBar("drawing chips") as bar:
        return study(
            loaded,
            chip,
            inputs=inputs,
            labels=read_labels(options["labels"]) if options["labels"] else None,
            answer=options["answer"],
            chips=options["chips"],
            seed=options["noise_seed"],
            conditions=Conditions(options["ages"], options["temperatures"]),
            at_least=options["levels"],
            ablate=options["ablate"],
            progress=bar,
        )
