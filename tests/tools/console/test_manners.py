"""One style of error, exit codes, near names: what every command shares, tried on a command of the test's own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from acortex.errors import AcortexError, ManyErrors, MissingExtra, UsageError
from acortex.tools.console.manners import Group, suggest


@click.group(cls=Group)
def app() -> None:
    """A command with mistakes in it."""


@app.command()
@click.option("--level", type=click.Choice(["low", "high"]))
@click.argument("what")
def work(what: str, level: str | None) -> None:
    """Fails as it is told to."""
    if what == "file":
        open("/nonexistent/file")  # noqa: SIM115  # meant to fail
    if what == "memory":
        raise MemoryError
    if what == "interrupt":
        raise KeyboardInterrupt
    raise {
        "plain": AcortexError("the work failed", hint="try harder"),
        "usage": UsageError("is no number", where="chip.toml:3"),
        "many": ManyErrors([AcortexError("one", where="a.s:1:1"), UsageError("two", where="a.s:2:1")]),
        "extra": MissingExtra("export to Perfetto", "perfetto"),
    }[what]


def typed(*args: str) -> Result:
    return CliRunner().invoke(app, args, prog_name="app")


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("work", "plain"), 1, "error: the work failed\n  hint: try harder\n"),
        (("work", "usage"), 2, "chip.toml:3: is no number\n"),
        (("work", "many"), 2, "a.s:1:1: one\na.s:2:1: two\n2 errors\n"),
        (
            ("work", "extra"),
            2,
            'error: export to Perfetto needs an optional package\n  hint: pip install "acortex[perfetto]"\n',
        ),
        (
            ("work", "file"),
            2,
            "/nonexistent/file: no such file or directory\n  hint: check the file's path and permissions\n",
        ),
        (
            ("work", "memory"),
            1,
            "error: this needs more memory than there is\n"
            "  hint: run fewer inferences at once, or --trace-level layers\n",
        ),
        (("work", "interrupt"), 130, "\ninterrupted\n"),
        (("wrok",), 2, "app: no command is called 'wrok'\n  hint: did you mean `work`?\n"),
        (("xyz",), 2, "app: no command is called 'xyz'\n  hint: there are: work\n"),
        (("work", "x", "--levl", "low"), 2, "app work: no such option: --levl\n  hint: did you mean `--level`?\n"),
        (("work", "x", "-q"), 2, "app work: no such option: -q\n  hint: app work --help says what it takes\n"),
        (("work",), 2, "app work: missing argument 'WHAT'\n  hint: app work --help says what it takes\n"),
        (
            ("work", "x", "--level", "mid"),
            2,
            "app work: invalid value for '--level': 'mid' is not one of 'low', 'high'\n"
            "  hint: app work --help says what it takes\n",
        ),
    ],
)
def test_a_mistake_is_one_message_on_stderr_and_an_exit_code(args: tuple[str, ...], code: int, text: str) -> None:
    result = typed(*args)
    assert (result.stdout, result.stderr, result.exit_code) == ("", text, code)


def test_without_a_command_the_help_is_shown_as_wrong_usage() -> None:
    result = typed()
    assert result.exit_code == 2
    assert "Fails as it is told to." in result.stderr


def test_help_is_a_result() -> None:
    result = typed("--help")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Fails as it is told to." in result.stdout


def test_suggestions_name_at_most_two() -> None:
    assert suggest("memry", ["memory", "memorize", "memo"]) == "did you mean `memory` or `memo`?"


PROGRAM = """
import click, sys, time
from acortex.tools.console.manners import Group
@click.group(cls=Group)
def app(): pass
@app.command()
def flood():
    for _ in range(100_000):
        click.echo("a line of a long report")
@app.command()
def wait():
    click.echo("ready")
    sys.stdout.flush()
    time.sleep(60)
app()
"""


def test_a_reader_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "flood"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline() == "a line of a long report\n"
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), errors) == (0, "")


def test_control_c_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.default_int_handler
        ),  # a job in the background ignores it
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "\ninterrupted\n")
