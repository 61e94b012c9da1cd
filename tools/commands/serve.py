"""`acortex serve`: a stream of requests on one or several chips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.ranges import REPLICAS, REQUESTS, SEED
from acortex.tools.open.chip_options import chip_files, chip_option, set_option
from acortex.tools.open.programs import complete, files_of

if TYPE_CHECKING:
    from acortex.sim.system.parts import System
    from acortex.sim.system.results import SystemReport


@click.command("serve")
@click.argument("system", metavar="SYSTEM", shell_complete=complete)
@click.option("--replicas", metavar="R", type=REPLICAS, default=1, show_default=True, help="Copies of the system.")
@click.option(
    "--arrivals",
    metavar="STREAM",
    default="saturated",
    show_default=True,
    help="saturated: all at once; poisson:RATE, per second or as a share such as 80%; or a .csv of seconds.",
)
@click.option(
    "--requests", metavar="N", type=REQUESTS, help="How many requests come; else 1,000, or those of the file."
)
@click.option("--seed", metavar="S", type=SEED, default=0, show_default=True, help="The seed of a random stream.")
@click.option(
    "--timing",
    type=click.Choice(("composed", "simulated")),
    default="composed",
    show_default=True,
    help="simulated: each word of each request, for one replica; slow.",
)
@click.option("--link", metavar="KEY=VALUE", multiple=True, help="words_per_ns, latency_ns or energy_pj_per_word.")
@chip_option
@set_option
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Inputs for --output: .npy, or .npz by name.")
@click.option("--output", metavar="Y", type=click.Path(), help="Write what the chips compute: .npy, or .npz by name.")
@format_option
def serve_(system: str, form: str, **options: object) -> None:
    """Serve a stream of requests with one or several chips: latencies, queues, throughput and energy.

    SYSTEM is the .toml of `acortex compile --chips`, or for one chip a program, as `acortex run` takes it.
    docs/systems.md says what is simulated, and what is composed of simulated parts.
    """
    asked = Asked(**options)  # type: ignore[arg-type]
    _check_files(system, form, asked)
    report = _report(system, asked)
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.system import system_parts

        show(console(err=asked.output == files.STANDARD), system_parts(report))


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    replicas: int
    arrivals: str
    requests: int | None
    seed: int
    timing: str
    link: tuple[str, ...]
    chip: str | None
    settings: tuple[str, ...]
    inputs: str | None
    output: str | None


def _check_files(system: str, form: str, asked: Asked) -> None:
    """Refuses outputs that cannot be written, or that are inputs, before any work is done."""
    from acortex.tools.open.systems import files_of_system, is_system
    from acortex.tools.serving import file_of

    read = files_of_system(system) if is_system(system) else files_of(system, "SYSTEM")
    read += [("--input", asked.inputs), ("--arrivals", file_of(asked.arrivals)), *chip_files("--chip", asked.chip)]
    files.check_apart(read, (("--output", asked.output), ("--format json", files.STANDARD if form == "json" else None)))
    if asked.output:
        files.check_writable(asked.output)
    elif asked.inputs:
        raise UsageError("--input is for --output: time does not depend on inputs", hint="give --output, or neither")


def _report(system: str, asked: Asked) -> SystemReport:
    """Opens the system, serves the stream, and computes values where these are wanted."""
    from acortex.tools.open.systems import open_system
    from acortex.tools.serving import serve

    found = open_system(system, asked.chip, asked.settings, asked.link, weights=bool(asked.output))
    with ProgressBar("serving") as bar:
        report = serve(
            found,
            arrivals=asked.arrivals,
            requests=asked.requests,
            seed=asked.seed,
            replicas=asked.replicas,
            timing="simulated" if asked.timing == "simulated" else "composed",
            progress=bar,
        )
    if asked.output:
        _compute(found, asked.inputs, asked.output)
    return report


def _compute(system: System, inputs: str | None, output: str) -> None:
    """Writes what the chips compute of some inputs, or of the programs' own."""
    from acortex.sim.system.parts import named_inputs, values
    from acortex.tools.open.arrays import read_arrays, write_arrays

    write_arrays(output, values(system, named_inputs(system, read_arrays(inputs) if inputs else None)))
