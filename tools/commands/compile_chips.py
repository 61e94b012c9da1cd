"""`acortex compile --chips`: divides a network over several chips."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.output import console, print_json, show
from acortex.tools.console.progress import Working
from acortex.tools.console.ranges import ChipCount
from acortex.tools.open.chip_options import chip_files
from acortex.tools.open.networks import Compiling
from acortex.tools.open.programs import files_of
from acortex.tools.open.systems import SYSTEM

if TYPE_CHECKING:
    from rich.console import RenderableType

    from acortex.programs.chips.results import DivisionReport
    from acortex.tools.open.division import Divided

chips_option = click.option(
    "--chips",
    metavar="N|auto",
    type=ChipCount(),
    help="Divide the network over N chips, or as few as hold it: -o OUT.toml is the system (docs/systems.md).",
)
"""The option --chips; None where one chip is meant."""

ALONE = {
    "smallest_chip": "--smallest-chip",
    "emit_asm": "--emit-asm",
    "explain": "--explain",
    "sensitivity": "--sensitivity",
}
"""Options for one chip alone."""


def compile_for_chips(model: str, form: str, options: Mapping[str, object], how: Compiling) -> None:
    """Divides a network over chips, and writes the system's file after the programs that it names."""
    output, chip, settings = _text(options, "output"), _text(options, "chip"), _settings(options)
    _check(model, form, options, output)
    from acortex.sim.system.parts import Stage, system_of
    from acortex.tools.open.division import divided_network, division_report
    from acortex.tools.open.networks import chip_for
    from acortex.tools.open.systems import link_of

    chips = options["chips"]
    assert isinstance(chips, int)
    with Working("compiling") as bar:
        found = divided_network(
            model, chip, settings, chips or None, how, drop_lrn=bool(options["drop_lrn"]), progress=bar
        )
        kind = chip_for(model, chip, settings)
        stages = [Stage(part.program.name, part.program, kind) for part in found.parts]
        report = division_report(found, system_of(found.graph.name, stages, link_of({}, ())), output)
    _write(found, output, _text(options, "reference"), chip, settings)
    if form == "json":
        print_json(report)
    else:
        show(console(err=options["reference"] == files.STANDARD), _parts(report))


def _text(options: Mapping[str, object], name: str) -> str | None:
    found = options[name]
    return None if found is None else str(found)


def _settings(options: Mapping[str, object]) -> tuple[str, ...]:
    found = options["settings"]
    return tuple(map(str, found)) if isinstance(found, list | tuple) else ()


def _check(model: str, form: str, options: Mapping[str, object], output: str | None) -> None:
    """Refuses options for one chip, and outputs that cannot be written."""
    alone = next((option for name, option in ALONE.items() if options[name]), None)
    if alone is not None:
        raise UsageError(f"{alone} is for one chip", hint=f"leave {alone} or --chips out")
    if output is not None and Path(output).suffix.lower() != SYSTEM:
        raise UsageError("a system is a .toml file", where=f"-o {output}", hint="the programs are written beside it")
    read = [*files_of(model, "MODEL.onnx"), ("--calibration", _text(options, "calibration"))]
    read += chip_files("--chip", _text(options, "chip"))
    json = ("--format json", files.STANDARD if form == "json" else None)
    files.check_apart(read, (("-o", output), ("--reference", _text(options, "reference")), json))
    for path in (output, _text(options, "reference")):
        if path is not None:
            files.check_writable(path)


def _write(
    found: Divided, output: str | None, reference: str | None, chip: str | None, settings: tuple[str, ...]
) -> None:
    """Writes what is asked for, once all is made; the system's file last, so that what it names is there."""
    from acortex.isa.container import dumps
    from acortex.tools.open.division import program_files, system_text

    made: dict[str, bytes | str] = {} if reference is None else {reference: found.reference()}
    if output is not None:
        for path, part in zip(program_files(found, output), found.parts, strict=True):
            made[path] = dumps(part.program)
        made[output] = system_text(found, output, chip, settings)
    for path in made:
        files.check_writable(path)
    for path, content in made.items():
        files.write(path, content)


def _parts(report: DivisionReport) -> Iterator[RenderableType]:
    """How a network was divided, for people."""
    from rich.text import Text

    from acortex.tools.views.tables import number_table
    from acortex.units import percent
    from acortex.wording import count

    chips = count(len(report.parts), "chip")
    yield Text.assemble((report.network, "bold cyan"), " on ", (f"{chips} {report.chip}", "bold cyan"), "\n")
    table = number_table("chip", "layers", "arrays", "of chip", "memory", "instructions", "macs", "words sent")
    for part in report.parts:
        numbers = (part.arrays_used, part.memory_peak_bytes, part.instructions, part.macs, part.words_sent)
        arrays, memory, *rest = (f"{number:,}" for number in numbers)
        share = percent(part.arrays_used, part.arrays_in_chip)
        table.add_row(f"  {part.name}", f"{len(part.layers):,}", arrays, share, f"{memory} B", *rest)
    yield table
    yield Text("")
    for part in report.parts:
        ends = dict.fromkeys((*part.layers[:1], *part.layers[-1:]))
        yield Text(f"  {part.name}   {' to '.join(ends)}", "dim")
    if report.output is None:
        yield Text("\nNothing was written: -o OUT.toml writes the system.", "dim")
    else:
        yield Text(f"\nThe system: {report.output}. acortex serve {report.output} runs a stream of requests on it.")
