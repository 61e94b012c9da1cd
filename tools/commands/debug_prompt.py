"""A prompt on a terminal: lines as they are typed, with history and completion where Python has readline."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from acortex.tools.console.process import SIGNALS

if TYPE_CHECKING:
    from acortex.sim.debug.debugger import Debugger


def lines(prompt: str, debugger: Debugger) -> Iterator[str]:
    """What is typed, line by line, until the end of the file (Ctrl-D). Ctrl-C drops what was typed of a line."""
    with suppress(ImportError):  # not on Windows
        _complete_with(debugger)
    while True:
        try:
            yield input(prompt)
        except EOFError:
            click.echo()
            return
        except KeyboardInterrupt:
            if not SIGNALS.resume():
                raise
            click.echo()


def _complete_with(debugger: Debugger) -> None:
    """Has the Tab key complete commands and the names of the program."""
    import readline

    from acortex.tools.commands.debug_session import completions

    def complete(text: str, state: int) -> str | None:
        found = completions(text, readline.get_line_buffer()[: readline.get_endidx()], debugger)
        return f"{found[state]} " if state < len(found) else None

    readline.set_completer(complete)
    readline.set_completer_delims(" \t")
    editline = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if editline else "tab: complete")
