"""`acortex zoo`: each network with its chip and what it is, in text and in JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from acortex.programs import zoo
from acortex.tools.cli import cli


def invoke(*arguments: str, columns: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(columns)}).invoke(cli, ["zoo", *arguments], prog_name="acortex")


@pytest.mark.parametrize("columns", [60, 100, 400])
def test_the_text_has_each_name_and_all_that_is_said_of_it(columns: int) -> None:
    result = invoke(columns=columns)
    assert (result.exit_code, result.stderr) == (0, "")
    rows: list[list[str]] = []
    for line in result.stdout.splitlines():
        name, _, told = line.partition(" ")
        if name:
            rows.append([name, told.strip()])
        else:
            rows[-1][1] += " " + told.strip()
    assert rows == [[one.name, one.doc] for one in zoo.ENTRIES]


def test_the_json_has_name_chip_and_text_of_each() -> None:
    report = json.loads(invoke("--format", "json").stdout)
    assert report["schema"] == "acortex.zoo/1"
    assert report["networks"] == [{"name": one.name, "chip": one.chip, "doc": one.doc} for one in zoo.ENTRIES]
    assert {"name": "lstm", "chip": "acortex_inception", "doc": LSTM} in report["networks"]


LSTM = "an LSTM of 128 cells over 16 steps of 64 features, random weights"


@pytest.mark.parametrize(
    ("arguments", "told"), [(("digits",), "unexpected extra argument"), (("--formt",), "--format")]
)
def test_what_it_does_not_take_is_one_error(arguments: tuple[str, ...], told: str) -> None:
    result = invoke(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr
