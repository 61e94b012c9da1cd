"""The commands of `acortex`. Each is a thin file beside this one; heavy libraries are imported where used."""

from __future__ import annotations

import click

import acortex
from acortex.tools.asm import asm
from acortex.tools.bench import bench
from acortex.tools.chip import chip
from acortex.tools.compile import compile_
from acortex.tools.disasm import disasm
from acortex.tools.explain import explain
from acortex.tools.info import info
from acortex.tools.isa import isa
from acortex.tools.manners import Group
from acortex.tools.reproduce import reproduce
from acortex.tools.run import run
from acortex.tools.schema import schema
from acortex.tools.trace import trace
from acortex.tools.verify_network import verify
from acortex.tools.zoo import zoo


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(acortex.__version__, "-V", "--version", message="acortex %(version)s")
def cli() -> None:
    """Simulate aCortex, a mixed-signal neural accelerator, cycle by cycle.

    Begin with `acortex run zoo:digits_mlp`.

    Exit codes: 0 done, 1 the work failed, 2 wrong usage or a bad file, 70 a fault of acortex itself, 130 and 143 ended
    by Ctrl-C and `kill`.
    """


for command in (compile_, verify, asm, disasm, info, isa, explain, run, trace, chip, zoo, reproduce, bench, schema):
    cli.add_command(command)
