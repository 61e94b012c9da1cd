"""Numbers on a command line are finite and in range, whatever the command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

import acortex
from acortex.errors import UsageError
from acortex.tools.cli import cli
from acortex.tools.console.ranges import CYCLES, MOST_CYCLES, Finite, Whole, whole

ECHO = Path(__file__).parents[1] / "echo.s"


def options(command: click.Command, path: str = "acortex") -> Iterator[tuple[str, click.Parameter]]:
    """Every parameter of a command and of those below it, with the words that lead to it."""
    yield from ((f"{path} {one.name}", one) for one in command.params)
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from options(below, f"{path} {name}")


NUMERIC = [
    (place, one)
    for place, one in options(cli)
    if isinstance(one.type, click.types.IntParamType | click.types.FloatParamType)
]


def test_every_number_of_every_command_has_a_range() -> None:
    assert len(NUMERIC) >= 5  # else the walk found none
    assert [place for place, one in NUMERIC if not isinstance(one.type, Whole | Finite)] == []


@pytest.mark.parametrize(("place", "one"), NUMERIC, ids=[place for place, _ in NUMERIC])
@pytest.mark.parametrize("text", ["nan", "-inf", "inf", "1e400", "9" * 30, "-1", "9" * 5000, "", "x"])
def test_what_is_no_number_of_the_range_is_refused(place: str, one: click.Parameter, text: str) -> None:
    if text == "-1" and one.type.min <= -1:  # a temperature
        text = str(one.type.min - 1)
    with pytest.raises(click.BadParameter):
        one.type.convert(text, one, None)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("run", "echo.s", "--max-cycles", "x"), "'x' is not a valid whole number"),
        (("trace", "diff", "a", "b", "--rtol-energy", "x"), "'x' is not a valid number"),
    ],
)
def test_a_word_in_place_of_a_number_is_named_in_plain_words(args: tuple[str, ...], message: str) -> None:
    option = args[-2]
    result = CliRunner().invoke(cli, args, prog_name="acortex")
    assert result.exit_code == 2
    assert f"invalid value for '{option}': {message}\n" in result.stderr


def test_the_ends_of_a_range_are_allowed() -> None:
    assert Finite(0.0, 1.0).convert("1", None, None) == 1.0
    assert Whole(1, 5).convert("5", None, None) == 5
    assert whole("n", np.int64(1), CYCLES) == 1
    assert whole("n", None, CYCLES) is None


@pytest.mark.parametrize("value", [0, -1, MOST_CYCLES + 1, 2**70, True, 1.5, float("nan"), "5", [1]])
def test_a_call_from_python_has_the_ranges_of_the_command(value: object) -> None:
    with pytest.raises(
        UsageError, match=r"^max_cycles is .*: allowed is a whole number from 1 to 1000000000000000000$"
    ):
        acortex.run(ECHO, max_cycles=value)


def test_the_largest_limit_of_cycles_is_no_limit() -> None:
    assert not acortex.run(ECHO, max_cycles=MOST_CYCLES, values=False).report.get("stopped")


@pytest.mark.parametrize("columns", ["abc", "-5", "0", "1e3", "9" * 20])
def test_a_width_in_the_environment_that_is_none_is_no_error(columns: str) -> None:
    result = CliRunner(env={"COLUMNS": columns}).invoke(cli, ["zoo"], prog_name="acortex")
    assert result.exit_code == 0
