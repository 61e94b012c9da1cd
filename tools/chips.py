"""The options that name a chip and change its settings."""

from __future__ import annotations

from typing import Any

import click

from acortex.tools.spool import Spooled

CHIP = Spooled(".toml")
"""What names a chip: a built-in one, a .toml file, or `-` for such a file on stdin."""


def complete(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Completes the name of a built-in chip, or a file."""
    from click.shell_completion import CompletionItem

    from acortex.sim.chipfiles import chip_names

    names = [CompletionItem(name) for name in chip_names() if name.startswith(incomplete)]
    return names or [CompletionItem(incomplete, type="file")]


chip_option = click.option(
    "--chip",
    metavar="CHIP",
    type=CHIP,
    shell_complete=complete,
    help="A built-in chip or a .toml file; else the program's own.",
)
"""The option `--chip`, passed to a command as `chip`."""

chips_option = click.option(
    "--chip",
    "chips",
    metavar="CHIP",
    type=CHIP,
    multiple=True,
    shell_complete=complete,
    help="A built-in chip or a .toml file; else the program's own. Twice compares two.",
)
"""The option `--chip` of a command that can compare two, passed as the tuple `chips`."""

chip_argument = click.argument("chip", metavar="CHIP", type=CHIP, shell_complete=complete)
"""The argument CHIP, passed to a command as `chip`."""

set_option = click.option(
    "--set",
    "settings",
    metavar="PATH=VALUE",
    multiple=True,
    help="Change a setting, such as memory.banks=16. Repeatable.",
)
"""The option `--set`, passed to a command as the tuple `settings`."""


def chip_file(chip: str | None) -> str | None:
    """The file that a chip is read from; None for a built-in one."""
    return chip if chip and chip.endswith(CHIP.suffix) else None


def written(value: Any) -> str:
    """A setting's value as a chip file writes it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
