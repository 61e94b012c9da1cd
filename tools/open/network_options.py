"""The options of commands that compile a network on their way."""

from __future__ import annotations

from collections.abc import Sequence

import click

from acortex.errors import UsageError
from acortex.programs.choices import EFFORTS, HOSTS, MAPPINGS

mapping_option = click.option(
    "--mapping",
    type=click.Choice(MAPPINGS),
    help="How taps fill rows of arrays; else best, for the paper's networks of the zoo taps.",
)
"""The option --mapping; None where it is left out."""

host_option = click.option(
    "--host",
    type=click.Choice(HOSTS),
    help="What the host does of a network: what is left at its end, or auto: also what the chip cannot do in between.",
)
"""The option --host; None where it is left out."""

calibration_option = click.option(
    "--calibration",
    metavar="X.npy",
    type=click.Path(),
    help="Inputs that show the range of every map: .npy, or .npz by name.",
)
"""The option --calibration; None where it is left out."""


quantise_option = click.option(
    "--quantise",
    type=click.Choice(EFFORTS),
    help="best chooses levels layer by layer; fast each layer alone. Else best where data are given.",
)
"""The option --quantise; None where it is left out."""

MOST_DIGITS = 20
"""Digits of a size that is read as a number: no axis is as large, and Python reads a few thousand at most."""


def _dims(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, int]:
    """Sizes by the names of axes, of texts NAME=N."""
    found: dict[str, int] = {}
    for text in given:
        name, _, size = text.rpartition("=")
        if not name or not size.isascii() or not size.isdecimal() or len(size) > MOST_DIGITS:
            raise UsageError(f"--dim {text[:200]}", hint="give NAME=N, such as --dim width=224")
        if found.setdefault(name, int(size)) != int(size):
            raise UsageError(f"--dim gives {name} two sizes, {found[name]} and {size}", hint="give one of them")
    return found


dim_option = click.option(
    "--dim",
    "dims",
    metavar="NAME=N",
    multiple=True,
    callback=_dims,
    help="The size of an axis that the network leaves open, by its name or as INPUT.AXIS; or the value of an input of"
    " one whole number.",
)
"""The option --dim: sizes by the names of axes."""

fill_option = click.option(
    "--fill-weights", is_flag=True, help="Draw weights whose file is missing: for time and energy alone."
)
"""The option --fill-weights."""


def _carry(_ctx: click.Context, _param: click.Parameter, given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each input the outputs that it takes, of texts OUT,OUT=IN."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        outputs, _, name = text.rpartition("=")
        named = tuple(outputs.split(","))
        if not name or not all(named):
            raise UsageError(f"--carry {text[:200]}", hint="give OUT=IN, such as --carry hn=h")
        if name in found:
            raise UsageError(f"--carry names the input {name} twice", hint="give all its outputs at once: OUT,OUT=IN")
        found[name] = named
    return found


carry_option = click.option(
    "--carry",
    metavar="OUT=IN",
    multiple=True,
    callback=_carry,
    help="An input that takes what an output, or several OUT,OUT, gave in the inference before; 0 in the first.",
)
"""The option --carry: for each input that stays on the chip the outputs that it takes."""
