"""What reproduced figures share: agreement with printed numbers, what rows rest on, texts, and the command."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from acortex.sim.chip.specs import load_chip
from acortex.tools.cli import cli
from acortex.tools.commands import reproduce
from acortex.tools.paper.figures import registry, view
from acortex.tools.paper.figures.figure import Figure, Given, Printed, columns, counted, of_chip, put_in, simulated

GIVEN = (
    Given("rate", "1 %", "fitted", "of row a", ("a",)),
    Given("start", "2 V", "chosen", "with b in view", ("a", "b")),
    Given("cells", "3", "published", "elsewhere"),
)


def figure() -> Figure:
    rows = [
        counted("cells", "cells", 428, Printed(428)),
        simulated("a", "V", 1.04, GIVEN, Printed(1.0), "rather high"),
        simulated("c", "%", 7.0, GIVEN, Printed(3.0, "about", "Another, 2020")),
        simulated("d", "us", 2.0, GIVEN, Printed(1.0, "below"), "slower"),
    ]
    return Figure("fig3", "Fig. 3", "a line that rises", rows, GIVEN, [], (2, 2), lambda canvas: None)


@pytest.mark.parametrize(
    ("printed", "ours", "unit", "agrees"),
    [
        (Printed(10), 10.5, "V", True),
        (Printed(10), 10.6, "V", False),
        (Printed(10), 9.4, "V", False),
        (Printed(10), 10.5, "%", True),
        (Printed(10), 10.6, "%", False),
        (Printed(1), 1.2, "points", True),
        (Printed(10, "about"), 11.9, "V", True),
        (Printed(10, "about"), 12.1, "V", False),
        (Printed(10, "about"), 11.9, "%", True),
        (Printed(10, "below"), 9.99, "%", True),
        (Printed(10, "below"), 10.0, "V", False),
        (Printed(10, "above"), 10.01, "V", True),
        (Printed(10, "above"), 10.0, "%", False),
        (Printed(-10), -10.5, "V", True),
        (Printed(-10), -10.6, "V", False),
        (Printed(-10, "about"), -11.9, "V", True),
        (Printed(-10, "about"), -12.1, "V", False),
        (Printed(0.1), 0.106, "V", False),
        (Printed(0.1), 0.104, "V", True),
        (Printed(3), 3.6, "points", False),
    ],
)
def test_ours_agrees_within_bounds(printed: Printed, ours: float, unit: str, agrees: bool) -> None:
    assert counted("a", unit, ours, printed).within is agrees


@pytest.mark.parametrize(("row", "basis", "seen"), [
    ("a", "fitted", ["rate", "start"]), ("b", "chosen", ["start"]), ("c", "predicted", []),
])  # fmt: skip
def test_a_row_rests_on_the_weakest_of_what_saw_it(row: str, basis: str, seen: list[str]) -> None:
    found = simulated(row, "V", 1.0, GIVEN)
    assert (found.basis, found.seen_by) == (basis, seen)
    assert (counted(row, "V", 1).basis, put_in(row, "V", 1).basis) == ("exact", "published")


def test_a_number_of_another_publication_is_none_of_the_paper() -> None:
    row = simulated("c", "V", 2.0, GIVEN, Printed(3.0, source="Another, 2020"))
    assert (row.paper, row.published, row.ratio, row.within) == (None, 3.0, None, False)
    assert counted("a", "V", 2, Printed(4)).ratio == 0.5
    assert counted("a", "V", 2).within is None


def test_a_row_of_a_chip_rests_on_what_its_settings_were_derived_from() -> None:
    chip = load_chip("acortex_gnmt_digital")
    assert of_chip("latency", "ms", 1.0, chip, "Fig. 7c", "latency_ms").basis == "fitted"
    assert of_chip("latency", "ms", 1.0, chip, "Fig. 7b", "latency_ms").basis == "fitted"
    assert of_chip("latency", "ms", 1.0, chip, "Fig. 5", "latency_ms").basis == "predicted"
    assert "clock_ns" in of_chip("latency", "ms", 1.0, chip, "Fig. 7c", "latency_ms").seen_by


@pytest.mark.parametrize(
    ("source", "how"),
    [
        ("derived from Fig. 5: below 1 us", "fitted"),
        ("as another: derived from Fig. 5", "fitted"),
        ("own choice: with the total of Fig. 5 in view", "chosen"),
        ("as another: own choice: by Fig. 5", "chosen"),
        ("Fig. 5: redesigned flash", "predicted"),
        ("derived from Fig. 7b", "predicted"),
        ("own choice: a word a cycle", "predicted"),
    ],
)
def test_the_source_of_a_setting_says_what_it_saw(source: str, how: str) -> None:
    chip = load_chip("acortex_gnmt")
    blind = chip.model_copy(update={"sources": {"clock_ns": source}})
    assert of_chip("latency", "ms", 1.0, blind, "Fig. 5", "latency_ms").basis == how


def test_the_table_says_what_agrees_and_who_printed_it() -> None:
    text = view.markdown(figure())
    assert "| cells | 428 | 428 | cells | 1.000 | exact | yes |  |" in text
    assert "| a | 1 | 1.04 | V | 1.040 | fitted | yes | rather high |" in text
    assert "| c | ~3* | 7 | % | - | predicted | NO | Another, 2020 |" in text
    assert "| d | < 1 | 2 | us | - | predicted | NO | slower |" in text
    console = Console(width=120, record=True, file=StringIO())
    for part in view.parts(figure()):
        console.print(part)
    shown = console.export_text()
    assert "Picture: a line that rises" in shown
    assert "d: slower" in shown


def test_a_narrow_terminal_shows_every_number() -> None:
    console = Console(width=80, record=True, file=StringIO())
    rows = [
        counted("a name of a row that is far longer than others are", "operations", 12_345_678, Printed(12_345_678))
    ]
    for part in view.parts(Figure("fig3", "Fig. 3", "", rows, GIVEN, [], (2, 2), lambda canvas: None)):
        console.print(part)
    shown = console.export_text()
    assert shown.count("12,345,678") == 2
    assert "…" not in shown


def test_the_report_has_the_rows_and_what_was_put_in() -> None:
    report = json.loads(json.dumps(figure().report().as_dict()))
    assert (report["schema"], report["figure"]) == ("acortex.reproduce/2", "fig3")
    assert {"row", "unit", "paper", "ours", "ratio", "basis", "doubtful", "note"} <= report["rows"][0].keys()
    assert [one["seen"] for one in report["assumptions"]] == [["a"], ["a", "b"], []]


def test_the_command_offers_every_figure() -> None:
    assert {*reproduce.FIGURES} == {*registry.NAMES, "fig7b"}
    assert all(f"{name}:" in (reproduce.reproduce.help or "") for name in reproduce.FIGURES)


@pytest.mark.slow
def test_the_command_prints_and_draws(tmp_path: Path) -> None:
    picture = tmp_path / "figure.svg"
    result = CliRunner().invoke(cli, ["reproduce", "fig3", "--format", "json", "--plot", str(picture)])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["figure"] == "fig3"
    first = picture.read_bytes()
    assert b"<svg" in first
    CliRunner().invoke(cli, ["reproduce", "fig3", "--plot", str(picture)])
    assert picture.read_bytes() == first


def test_a_missing_library_is_said_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(registry, "demonstrator", lambda name: pytest.fail("it was simulated"))
    result = CliRunner().invoke(cli, ["reproduce", "fig4", "--plot", str(tmp_path / "x.svg")])
    assert result.exit_code != 0
    assert "drawing a figure needs" in result.stderr
    assert "plots" in result.stderr
    assert not (tmp_path / "x.svg").exists()


def test_numbers_of_a_picture_have_six_digits_that_count_and_whole_ones_all() -> None:
    made = columns("a line", x=[1.23456789, np.float64(123456.789), 1.2e-9], y=[np.int64(2), 3.0, 12345678])
    assert made.columns == {"x": [1.23457, 123457, 1.2e-9], "y": [2, 3, 12345678]}
    assert [type(one) for one in made.columns["y"]] == [int] * 3


@pytest.mark.parametrize(
    ("printed", "told", "ratio"),
    [
        (None, "-", "-"),
        (Printed(2.5), "2.5", "1.600"),
        (Printed(2.5, doubtful=True), "~2.5", "1.600"),
        (Printed(2.5, "about"), "~2.5", "1.600"),
        (Printed(2.5, "about", doubtful=True), "~2.5", "1.600"),
        (Printed(2.5, "below"), "< 2.5", "-"),
        (Printed(2.5, "above"), "> 2.5", "-"),
        (Printed(2.5, "above", doubtful=True), "~> 2.5", "-"),
        (Printed(2.5, source="another"), "2.5*", "-"),
    ],
)
def test_a_printed_number_has_a_sign_for_what_it_is(printed: Printed | None, told: str, ratio: str) -> None:
    row = counted("a", "V", 4.0, printed)
    assert view.printed(row) == told
    assert view._line(row)[4] == ratio


@pytest.mark.parametrize(
    ("value", "told"),
    [(99_999_999, "99,999,999"), (-99_999_999, "-99,999,999"), (0, "0"), (1234.0, "1,234"), (0.12346, "0.1235")],
)
def test_a_whole_number_below_a_hundred_million_has_all_its_digits(value: float, told: str) -> None:
    assert view.number(value) == told
    assert view.number(-1e8) == f"-{view.number(1e8)}" != "-100,000,000"
