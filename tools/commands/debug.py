"""`acortex debug`: a program under a debugger, at a prompt or from a file of commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from acortex.errors import AcortexError, UsageError
from acortex.tools.console import files
from acortex.tools.console.manners import say
from acortex.tools.console.process import SIGNALS
from acortex.tools.open.chip_options import chip_option, set_option
from acortex.tools.open.programs import STDIN, program_argument

if TYPE_CHECKING:
    from acortex.sim.debug.debugger import Debugger
    from acortex.tools.commands.debug_session import Session

PROMPT = "(acortex) "
ECHO = "> "
"""Stands before a command of a file, in what is printed."""

MAX_BYTES = 1 << 20
"""The largest file of commands, 1 MB."""


@click.command()
@program_argument
@click.option("--commands", metavar="FILE", type=click.Path(), help="Take the commands from here; `-` is stdin.")
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Run on these: .npy, or .npz by input name.")
@chip_option
@set_option
@click.option("--check-order", is_flag=True, help="Hold a run that has ended to the order of the program.")
def debug(
    program: str, commands: str | None, inputs: str | None, chip: str | None, settings: tuple[str, ...],
    check_order: bool,
) -> int:  # fmt: skip
    """Step, stop and look: a program under a debugger.

    PROGRAM is FILE.s, FILE.acx, FILE.onnx or zoo:NAME. It stands at the beginning of cycle 0; `help` lists the commands
    of the prompt, docs/debugger.md describes them. The exit code is 1 where the program failed, or a command of a file
    was wrong.
    """
    from acortex.tools.api import debug as opened
    from acortex.tools.open.arrays import read_arrays

    script = _script(program, commands)
    given = read_arrays(inputs) if inputs else None
    debugger = opened(program, chip, settings=settings, inputs=given, check_order=check_order or None)
    return converse(debugger, script)


def _script(program: str, commands: str | None) -> list[tuple[str, str]] | None:
    """The commands that are not typed, each with its place; None where they are typed at a terminal."""
    if program == files.STANDARD and commands in (None, files.STANDARD):
        raise UsageError("the program comes from stdin, and so would the commands", hint="give --commands FILE")
    return typed_or_read(commands)


def typed_or_read(commands: str | None) -> list[tuple[str, str]] | None:
    """The commands of a file, or of a stdin that is no terminal; None where they are typed."""
    if commands is None and sys.stdin.isatty():
        return None
    return read_script(commands or files.STANDARD)


def read_script(path: str) -> list[tuple[str, str]]:
    """The commands of a file, each with its place; blank lines and comments (# or ;) are left out."""
    data = files.read(path, limit=MAX_BYTES)
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start} is not UTF-8 text", where=path, hint="give a file of commands") from None
    name = STDIN if path == files.STANDARD else path
    numbered = ((f"{name}:{number}", line.strip()) for number, line in enumerate(lines, start=1))
    return [(place, line) for place, line in numbered if line and line[0] not in "#;"]


def converse(debugger: Debugger, script: list[tuple[str, str]] | None) -> int:
    """Carries out commands, of a script or as they are typed, until there are no more; returns the exit code."""
    from acortex.tools.commands.debug_session import Session

    session = Session(debugger)
    _print(session.told(debugger.where()))
    if script is None:
        _at_terminal(session)
    else:
        _from_script(session, script)
    return 1 if session.failed else 0


def _from_script(session: Session, script: list[tuple[str, str]]) -> None:
    """Carries out the commands of a file. The first that is wrong ends it, as an error with its place."""
    for place, line in script:
        if session.over:
            return
        click.echo(f"{ECHO}{line}")
        try:
            _print(session.do(line))
        except UsageError as error:
            raise AcortexError(error.message, where=place, hint=error.hint) from None


def _at_terminal(session: Session) -> None:
    """Carries out what is typed. Ctrl-C ends a command, and an empty line does the last motion again."""
    from acortex.tools.commands.debug_prompt import lines

    last = ""
    for typed in lines(PROMPT, session.debugger):
        line = typed.strip() or last
        last = line if line.split()[:1] and line.split()[0] in AGAIN else ""
        if line:
            _answer(session, line)
        if session.over:
            return


AGAIN = ("s", "step", "cycle", "back", "c", "continue")
"""The commands that an empty line repeats."""


def _answer(session: Session, line: str) -> None:
    try:
        _print(session.do(line))
    except AcortexError as error:
        say(str(error))
    except KeyboardInterrupt:
        if not SIGNALS.resume():
            raise
        say("interrupted")
        _print(session.told(session.debugger.where()))


def _print(lines: Iterator[str]) -> None:
    from acortex.tools.views.debug import text_of

    if text := text_of(lines):
        click.echo(text)
