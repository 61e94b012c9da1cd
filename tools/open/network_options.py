"""The options of commands that compile a network on their way."""

from __future__ import annotations

import click

from acortex.tools.open.networks import MAPPINGS

mapping_option = click.option(
    "--mapping",
    type=click.Choice(MAPPINGS),
    help="How taps fill rows of arrays; else best, for the paper's networks of the zoo taps.",
)
"""The option --mapping; None where it is left out."""

calibration_option = click.option(
    "--calibration",
    metavar="X.npy",
    type=click.Path(),
    help="Inputs that show the range of every map: .npy, or .npz by name.",
)
"""The option --calibration; None where it is left out."""
