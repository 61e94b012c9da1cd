"""`acortex draw`: pictures of a program on a chip, as SVG or PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.progress import Working
from acortex.tools.console.ranges import INFERENCES
from acortex.tools.open.chip_options import chip_files, chip_option, set_option
from acortex.tools.open.network_options import dim_option, fill_option, host_option, mapping_option
from acortex.tools.open.networks import Compiling
from acortex.tools.open.programs import complete, files_of, opened

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip

SUBJECTS = ("floorplan", "network", "memory", "breakdown")
"""What can be drawn, as acortex.tools.drawing.subjects has it."""


@click.command()
@click.argument("what", metavar="WHAT", type=click.Choice(SUBJECTS))
@click.argument("program", metavar="[PROGRAM]", required=False, shell_complete=complete)
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(), required=True, help="FILE.svg or FILE.png; - is SVG on stdout."
)
@chip_option
@set_option
@click.option("--route", metavar="gN", help="floorplan: the way of a word through this group of arrays.")
@click.option("--inferences", metavar="N", type=INFERENCES, help="memory, breakdown: run so many; else 3 at most.")
@mapping_option
@dim_option
@fill_option
@host_option
def draw(
    what: str, program: str | None, output: str, chip: str | None, settings: tuple[str, ...], route: str | None,
    inferences: int | None, mapping: str | None, dims: dict[str, int], fill_weights: bool, host: str | None,
) -> None:  # fmt: skip
    """Draw a program on a chip, in a file whose suffix says how: .svg, or .png (which needs acortex[plots]).

    \b
    floorplan: the chip to scale, its arrays coloured by layer; without PROGRAM the chip alone
    network:   the layers, and the words that go from one to the next
    memory:    which layer's values lie in which words of main memory, and when
    breakdown: area, energy and time by component

    The same program on the same chip gives the same bytes.
    """  # noqa: D301  # click wants the character itself
    _check(what, program, route, inferences)
    from acortex.tools.drawing.write import check_form, encoded

    check_form(output)
    read = (*(files_of(program) if program else ()), *chip_files("--chip", chip))
    files.check_apart(read, (("-o", output),))
    if output != files.STANDARD:
        files.check_writable(output)
    loaded, on = _opened(program, chip, settings, Compiling(mapping, dims=dims, fill_weights=fill_weights, host=host))
    from acortex.tools.drawing.subjects import SUBJECTS, How
    from acortex.tools.paper.printed_shares import printed_shares

    with Working(f"drawing the {what}"):
        picture = SUBJECTS[what](loaded, on, How(route or "", inferences, printed_shares))
        content = encoded(picture, output)
    files.write(output, content)


def _check(what: str, program: str | None, route: str | None, inferences: int | None) -> None:
    """Refuses options of another picture, before anything is read."""
    if program is None and what != "floorplan":
        hint = "name one: FILE.s, FILE.acx, FILE.onnx or zoo:NAME"
        raise UsageError(f"a picture of {what} is one of a program, and none is given", hint=hint)
    if route and (what != "floorplan" or program is None):
        raise UsageError("--route is for the floor plan of a program", hint="leave it out")
    if inferences and what not in ("memory", "breakdown"):
        raise UsageError(f"--inferences is for a picture of a run, and {what} is none", hint="leave it out")


def _opened(
    program: str | None, chip: str | None, settings: tuple[str, ...], how: Compiling
) -> tuple[Program | None, Chip]:
    """The program, without weights where they are not needed, and the chip that it is drawn on."""
    from acortex.isa.asm.assembler import DEFAULT_CHIP
    from acortex.sim.chip.program_chip import chip_of
    from acortex.sim.chip.specs import load_chip

    given = load_chip(chip, settings) if chip else None
    if program is None:
        return None, given or load_chip(DEFAULT_CHIP, settings)
    made = opened(program, given, settings, weights=False, how=how).program
    return made, given or chip_of(made, None, settings)
