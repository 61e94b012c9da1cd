"""The options that name a chip and change its settings."""

from __future__ import annotations

from typing import Any

import click

from acortex.tools.console.files import Named
from acortex.tools.console.spool import Spooled
from acortex.wording import setting_value

CHIP = Spooled(".toml")
"""What names a chip: a built-in one, a .toml file, or `-` for such a file on stdin."""


def complete(
    _ctx: click.Context, _param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Completes the name of a built-in chip, or a file."""
    from click.shell_completion import CompletionItem

    from acortex.sim.chip.chip_files import chip_names

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


def chip_files(name: str, chip: str | None) -> list[Named]:
    """The files that the chip of an option or argument is read from: its own, and all that it inherits from."""
    from acortex.sim.chip.chip_files import ancestry

    return [(f"what {name} inherits" if index else name, str(path)) for index, path in enumerate(ancestry(chip or ""))]


def written(value: Any) -> str:
    """A setting's value for people."""
    return f"{value:g}" if isinstance(value, float) else setting_value(value)
