"""How every command behaves: one style of error, exit codes, broken pipes and signals."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from errno import EBADF
from typing import IO, Any

import click

from acortex import safe_files
from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.tools.console.process import SIGNALS, abandon_stdout
from acortex.wording import did_you_mean, suggestion

INTERRUPTED = 130
"""The exit code after Ctrl-C where the process does not catch signals itself: 128 and the signal's number."""

LESS_MEMORY = "run fewer inferences at once, or --trace-level layers"
"""What to try where memory ran out."""


class Group(click.Group):
    """A click group in which a mistake becomes one message on stderr and an exit code, never a traceback."""

    def main(  # type: ignore[override]  # click declares two overloads, one of them Never
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        *,
        standalone_mode: bool = True,
        **more: Any,
    ) -> Any:
        """Runs a command line and exits with its code; returns the code where `standalone_mode` is off."""
        try:
            code = super().main(args, prog_name, standalone_mode=False, **more)
            _flush()
        except click.exceptions.NoArgsIsHelpError as error:
            say(error.format_message())
            code = UsageError.exit_code
        except (AcortexError, click.UsageError, OSError, MemoryError) as error:
            given = sys.argv[1:] if args is None else args
            code = fail(_worded(error), as_json=_wants_json(given), given=given)
        except (click.Abort, KeyboardInterrupt):
            say("interrupted")
            code = INTERRUPTED
        code = SIGNALS.exit_code or code
        if standalone_mode:
            sys.exit(code)
        return code

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Reads the command line; `--help` and the like are printed here, and their reader may go away too."""
        try:
            return super().make_context(*args, **more)
        except BrokenPipeError:
            abandon_stdout()
            raise click.exceptions.Exit(0) from None

    def invoke(self, ctx: click.Context) -> Any:
        """Runs the command; a reader that went away early (`| head`) ends it quietly."""
        try:
            code = super().invoke(ctx)
            _flush()
            return code
        except BrokenPipeError:
            abandon_stdout()
            return 0

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command that a line names; an unknown name is an error with the nearest names."""
        name = args[0]
        if name.startswith("-") or ctx.resilient_parsing or self.get_command(ctx, name):
            return super().resolve_command(ctx, args)
        names = self.list_commands(ctx)
        raise UsageError(f"no command is called {name!r}", where=ctx.command_path, hint=suggest(name, names))


def suggest(name: str, names: Sequence[str]) -> str:
    """A hint that names what `name` may have meant, or else what there is."""
    return did_you_mean(name, names, f"there are: {', '.join(names)}", most=2)


def _worded(error: AcortexError | click.UsageError | OSError | MemoryError) -> AcortexError:
    """An error in our words."""
    if isinstance(error, click.UsageError):
        return _usage_error(error)
    if isinstance(error, OSError):
        return os_error(error) if error.filename else stdout_error(error)
    if isinstance(error, MemoryError):
        return AcortexError("this needs more memory than there is", hint=LESS_MEMORY)
    return error


def _usage_error(error: click.UsageError) -> UsageError:
    """What click says about a command line, in our style."""
    where = error.ctx.command_path if error.ctx else ""
    hint = f"{where} --help says what it takes" if where else ""
    message = " ".join(error.format_message().split())  # click lists choices in lines of their own
    if isinstance(error, click.NoSuchOption):
        message = f"no such option: {error.option_name}"
        hint = suggestion(list(error.possibilities or ())[:1]) or hint
    return UsageError(message[:1].lower() + message[1:].rstrip("."), where=where, hint=hint)


def os_error(error: OSError | ValueError, path: str = "") -> UsageError:
    """What the operating system refused, about which file; a ValueError is about a path that cannot be one."""
    name = path or str(getattr(error, "filename", None) or "")
    return UsageError(
        safe_files.reason(error).lower(), where=name, hint="check the file's path and permissions" if name else ""
    )


def stream_error(error: OSError, name: str) -> UsageError:
    """What is wrong with a standard stream."""
    reason = "is closed" if error.errno == EBADF else safe_files.reason(error).lower()
    return UsageError(reason, where=name, hint="redirect it to a file or a pipe")


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def stdout_error(error: OSError) -> UsageError:
    """What is wrong with stdout; what it still holds is dropped. Errors of files name them, or were worded before."""
    abandon_stdout()
    return stream_error(error, "stdout")


def _wants_json(args: Sequence[str]) -> bool:
    """Whether a command line, right or wrong, asks for JSON."""
    pairs = zip(args, [*args[1:], ""], strict=True)
    return any(one == "--format=json" or (one, other) == ("--format", "json") for one, other in pairs)


def fail(error: AcortexError, *, as_json: bool = False, given: Sequence[str] = ()) -> int:
    """Prints an error on stderr, and as `acortex.error/1` on stdout; returns the exit code that it stands for.

    `given` is the command line.
    """
    errors = error.errors if isinstance(error, ManyErrors) else [error]
    if as_json:
        from acortex.tools.console.error_report import print_errors

        print_errors(errors, given)
    for one in errors:
        say(_coloured(one))
    placed = sum(bool(one.where) for one in errors)
    if placed > 1:
        say(f"{placed} errors")
    return error.exit_code


def say(text: str) -> None:
    """Prints a line on stderr. Where stderr is closed, the exit code alone says what happened."""
    with suppress(OSError):
        click.echo(text, err=True, color=colours(sys.stderr))


def warn(message: str) -> None:
    """Prints a warning on stderr."""
    say(f"{click.style('warning:', fg='yellow', bold=True)} {message}")


def _coloured(error: AcortexError) -> str:
    """An error's text: "error:" in front where it names no place, the code of its rule, its hint in another colour."""
    lines = str(error).splitlines()
    if error.code:
        lines[0] = f"{lines[0]} {click.style(f'[{error.code}]', dim=True)}"
    if not error.where:
        lines[0] = f"{click.style('error:', fg='red', bold=True)} {lines[0]}"
    return "\n".join(click.style(line, fg="cyan") if line.startswith("  hint:") else line for line in lines)


def colours(stream: IO[str]) -> bool:
    """Whether a stream is a terminal with colours (https://no-color.org)."""
    return bool(stream and stream.isatty()) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
