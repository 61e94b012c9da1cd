"""The commands of `acortex`. Each is a thin file beside this one; heavy libraries are imported where used."""

from __future__ import annotations

import click

import acortex
from acortex.tools.commands.accuracy import accuracy
from acortex.tools.commands.asm import asm
from acortex.tools.commands.bench import bench
from acortex.tools.commands.chip import chip
from acortex.tools.commands.compile import compile_
from acortex.tools.commands.debug import debug
from acortex.tools.commands.disasm import disasm
from acortex.tools.commands.draw import draw
from acortex.tools.commands.explain import explain
from acortex.tools.commands.fmt import fmt
from acortex.tools.commands.history import history
from acortex.tools.commands.info import info
from acortex.tools.commands.isa import isa
from acortex.tools.commands.lint import lint
from acortex.tools.commands.lsp import lsp
from acortex.tools.commands.optimise import optimise
from acortex.tools.commands.recalibrate import recalibrate
from acortex.tools.commands.reproduce import reproduce
from acortex.tools.commands.run import run
from acortex.tools.commands.schema import schema
from acortex.tools.commands.serve import serve_
from acortex.tools.commands.sweep import sweep
from acortex.tools.commands.trace import trace
from acortex.tools.commands.verify import verify
from acortex.tools.commands.view import view
from acortex.tools.commands.zoo import zoo
from acortex.tools.console.manners import Group


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(acortex.__version__, "-V", "--version", message="acortex %(version)s")
def cli() -> None:
    """Simulate aCortex, a mixed-signal neural accelerator, cycle by cycle.

    Begin with `acortex run zoo:digits_mlp`.

    Exit codes: 0 done, 1 the work failed, 2 wrong usage or a bad file, 70 a fault of acortex itself, 130 and 143 ended
    by Ctrl-C and `kill`.
    """


COMMANDS = (
    compile_, verify, asm, fmt, lint, lsp, disasm, info, isa, explain, run, view, debug, accuracy, recalibrate, trace,
    draw, chip, zoo, serve_, sweep, optimise, history, reproduce, bench, schema,
)  # fmt: skip

for command in COMMANDS:
    cli.add_command(command)
