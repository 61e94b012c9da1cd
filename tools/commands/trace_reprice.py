"""`acortex trace reprice`: what a recorded run would have cost on a chip with other prices."""

from __future__ import annotations

import click

from acortex.tools.console.manners import warn
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.spool import Spooled
from acortex.tools.open.chip_options import chip_option, set_option


@click.command("reprice")
@click.argument("path", metavar="RUN.actrace", type=Spooled())
@chip_option
@set_option
@format_option
def reprice(path: str, chip: str | None, settings: tuple[str, ...], form: str) -> None:
    """Price a recorded run anew: its events and cycles stand, energies and leakage are those of another chip.

    Without --chip it is the run's own chip, with the settings given. Equals a fresh run on that chip where the two take
    the same cycles; says where they may not.
    """
    from acortex.sim.chip.specs import load_chip
    from acortex.sim.ledger.reprice import recorded_chip
    from acortex.sim.ledger.repricing import reprice as price_anew
    from acortex.traces.file.reader import open as open_trace

    trace = open_trace(path)
    priced = load_chip(chip, settings) if chip else recorded_chip(trace, settings)
    report = price_anew(trace, priced)
    if moved := report.timing_may_differ:
        warn(f"{priced.name} may take other cycles than those recorded, for it differs in {', '.join(moved)}")
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.reprice import reprice_parts

        show(console(), reprice_parts(report), whole=True)
