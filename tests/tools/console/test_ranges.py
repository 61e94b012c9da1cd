"""Numbers on a command line are finite and in range, whatever the command."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

import acortex
from acortex.errors import UsageError
from acortex.tools.cli import cli
from acortex.tools.console import ranges
from acortex.tools.console.ranges import AUTO, CYCLES, MOST_CYCLES, ChipCount, Finite, Whole, needed, numbers, whole

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


BOUNDS = {
    "CYCLE": (0, 10**18),
    "CYCLES": (1, 10**18),
    "SEED": (0, 2**63 - 1),
    "CHIPS": (1, 100_000),
    "DRAWS": (0, 1_000_000),
    "REPLICAS": (1, 1024),
    "REQUESTS": (1, 1_000_000),
    "INFERENCES": (1, 65_536),
    "MEASURED": (1, 10_000),
    "WORKERS": (1, 1024),
    "TRIALS": (1, 1_000_000),
    "CONSTANTS": (20, 1_000_000),
    "AGE": (0.0, 1e9),
    "SECONDS": (0.0, 86_400.0),
    "CELSIUS": (-55.0, 150.0),
    "SHARE": (0.0, 1.0),
    "TOLERANCE": (0.0, 1e9),
}
"""The least and the largest number that each takes."""


def test_every_range_is_held_to_its_bounds() -> None:
    assert set(BOUNDS) == {name for name, one in vars(ranges).items() if isinstance(one, Whole | Finite)}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_range_has_its_ends_and_nothing_beyond_them(name: str) -> None:
    one, (least, most) = getattr(ranges, name), BOUNDS[name]
    step = 1 if isinstance(one, Whole) else 0.001
    assert (one.convert(str(least), None, None), one.convert(str(most), None, None)) == (least, most)
    for beyond in (least - step, most + step):
        with pytest.raises(click.BadParameter, match="is not in the range"):
            one.convert(str(beyond), None, None)


@pytest.mark.parametrize(("given", "chips"), [("auto", AUTO), (0, AUTO), ("1", 1), ("256", 256), (7, 7)])
def test_chips_are_counted_or_left_to_the_compiler(given: object, chips: int) -> None:
    assert (ChipCount().convert(given, None, None), AUTO) == (chips, 0)


@pytest.mark.parametrize("given", ["0", "257", "-1", "automatic"])
def test_no_chip_and_too_many_are_refused(given: str) -> None:
    with pytest.raises(click.BadParameter):
        ChipCount().convert(given, None, None)


def test_what_a_call_needs_cannot_be_none() -> None:
    assert needed("n", 5, Whole(1, 5)) == 5
    with pytest.raises(UsageError, match=r"^n is None: allowed is a whole number from 1 to 5$"):
        needed("n", None, Whole(1, 5))
    with pytest.raises(UsageError, match=r"^n is 6: allowed is a whole number from 1 to 5$"):
        needed("n", 6, Whole(1, 5))


@pytest.mark.parametrize(
    "given", [[0, 1], (0.0, 1.0), np.array([0.0, 1.0]), [Fraction(0), Decimal(1)], {0: "a", 1: "b"}.keys()], ids=repr
)
def test_a_list_of_numbers_is_floats_whatever_they_were(given: Any) -> None:
    found = numbers("shares", given, Finite(0.0, 1.0))
    assert found == [0.0, 1.0] and {type(one) for one in found} == {float}


@pytest.mark.parametrize("given", [5, "5", b"5", {0.5: 1}, None])
def test_what_is_no_list_of_numbers_is_refused_with_one_that_is(given: object) -> None:
    with pytest.raises(UsageError) as caught:
        numbers("shares", given, Finite(0.25, 1.0))
    assert str(caught.value) == f"shares is {given!r}: it is a list of numbers\n  hint: shares=[0.25]"


@pytest.mark.parametrize("value", [-0.001, 1.001, float("nan"), float("inf"), True, "1", None, 1j], ids=repr)
def test_a_list_with_one_that_is_no_number_of_the_range_names_it(value: object) -> None:
    with pytest.raises(UsageError) as caught:
        numbers("shares", [0.5, value], Finite(0.0, 1.0))
    assert str(caught.value) == f"shares holds {value!r}: allowed are numbers from 0 to 1"


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
