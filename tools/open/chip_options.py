"""The options that name a chip and change its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.tools.console.files import Named
from acortex.tools.console.spool import Spooled
from acortex.wording import setting_value

T = TypeVar("T")

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


class Side(NamedTuple):
    """One of the chips that a command is given: its name or file, and the settings that are laid over it alone."""

    chip: str
    settings: tuple[str, ...]
    given: str
    """The text that it was made of."""


def side_of(text: str) -> Side:
    """The chip and the settings of a text such as "acortex_digits,memory.ports=2"; a file may have commas in its name.

    UsageError where no chip stands before the first comma.
    """
    ends = [at for at, letter in enumerate(text) if letter == ","] + [len(text)]
    end = next((end for end in reversed(ends) if text[:end].endswith(".toml") and Path(text[:end]).exists()), ends[0])
    if not text[:end].strip() and end < len(text):
        raise UsageError("no chip is named before the comma", where=f"--chip {text}", hint=f"for example {SIDE}")
    return Side(
        text[:end].strip(), tuple(one.strip() for one in text[end + 1 :].split(",")) if end < len(text) else (), text
    )


SIDE = "acortex_digits,memory.ports=2"
"""A chip with a setting of its own, for hints."""


class SideType(Spooled):
    """A chip and the settings of one side: `CHIP,PATH=VALUE,…`."""

    def __init__(self) -> None:
        super().__init__(".toml")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The side of a text."""
        if isinstance(value, Side):
            return value
        side = side_of(str(value))
        return side._replace(chip=super().convert(side.chip, param, ctx))


chips_option = click.option(
    "--chip",
    "chips",
    metavar="CHIP[,PATH=VALUE…]",
    type=SideType(),
    multiple=True,
    shell_complete=complete,
    help="A built-in chip or a .toml file, perhaps with settings of its own; else the program's own chip. Several are"
    " compared with the first.",
)
"""The option `--chip` of a command that can compare several, passed as the tuple `chips` of Sides."""


def load_side(side: Side, settings: Sequence[str], load: Callable[[str, Sequence[str]], T]) -> T:
    """What `load` makes of a side's chip with `settings` of all sides and then its own.

    An error of one of its own settings names the side.
    """
    with said_at(f"--chip {side.given}", side.settings):
        return load(side.chip, (*settings, *side.settings))


@contextmanager
def said_at(where: str, settings: Sequence[str]) -> Iterator[None]:
    """Puts the place of some settings into errors that are about one of them."""
    try:
        yield
    except AcortexError as error:
        for one in error.errors if isinstance(error, ManyErrors) else (error,):
            if _is_about(one, settings):
                one.where = where
        raise (ManyErrors(error.errors) if isinstance(error, ManyErrors) else error) from None


def _is_about(error: AcortexError, settings: Sequence[str]) -> bool:
    paths = [setting.partition("=")[0].strip() for setting in settings]
    of_setting = error.where.removeprefix("--set ") in paths
    return of_setting or any(f'"{setting}"' in error.message for setting in settings if "=" not in setting)


chip_argument = click.argument("chip", metavar="CHIP", type=CHIP, shell_complete=complete)
"""The argument CHIP, passed to a command as `chip`."""

set_option = click.option(
    "--set",
    "settings",
    metavar="PATH=VALUE",
    multiple=True,
    help="Change a setting, such as memory.ports=2. Repeatable.",
)
"""The option `--set`, passed to a command as the tuple `settings`."""


def chip_files(name: str, chip: str | None) -> list[Named]:
    """The files that the chip of an option or argument is read from: its own, and all that it inherits from."""
    from acortex.sim.chip.chip_files import ancestry

    return [(f"what {name} inherits" if index else name, str(path)) for index, path in enumerate(ancestry(chip or ""))]


def written(value: Any) -> str:
    """A setting's value for people."""
    return "not stated" if value is None else f"{value:g}" if isinstance(value, float) else setting_value(value)
