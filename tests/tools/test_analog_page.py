"""The page about networks with analog errors: its tables are what the script writes, and have what they should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError, UsageError
from acortex.programs import zoo
from acortex.tools import analog_page
from acortex.tools.analog_page import NETWORKS, NOTICED, OWN, TABLES, Case, marks, with_tables


@pytest.fixture(scope="module")
def page(checkout: Path) -> str:
    return (checkout / "docs" / "analog-networks.md").read_text()


def shown(page: str, name: str) -> list[list[str]]:
    """The cells of a table of the page, its heads first."""
    begins, ends = marks(name)
    text = page.partition(begins)[2].partition(ends)[0].strip()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return [rows[0], *rows[2:]]


def test_the_page_has_every_table(page: str) -> None:
    for name in TABLES:
        assert len(shown(page, name)) > 3, name


def test_the_page_says_what_its_rows_set(page: str) -> None:
    begins, ends = marks("settings")
    assert page.partition(begins)[2].partition(ends)[0].strip() == analog_page.settings()


def test_the_page_has_each_network_and_each_error(page: str) -> None:
    heads, ideal, *rows = shown(page, "noticed")
    assert heads[1:] == [f"`{name}`" for name in NETWORKS]
    assert ideal[0] == "ideal"
    assert [row[0] for row in rows] == [*(case.name for case in NOTICED), "margin of the ideal chip"]


@pytest.mark.slow
def test_numbers_of_the_page_are_those_that_the_simulator_gives(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one network, which is small: every row of its column."""
    monkeypatch.setattr(analog_page, "NETWORKS", ("letters_mlp",))
    column = shown(page, "noticed")[0].index("`letters_mlp`")
    expected = [row[column] for row in shown(page, "noticed")]
    made = [[cell.strip() for cell in line.strip("|").split("|")] for line in analog_page.noticed().splitlines()]
    assert [row[1] for row in (made[0], *made[2:])] == expected


def test_calibration_inputs_are_none_of_those_that_judge() -> None:
    given = analog_page.calibration("digits_mlp")
    judged = {bytes(one) for one in zoo.load("digits_mlp").samples["image"]}
    assert given.shape == (200, 784)
    assert not [one for one in given if bytes(one) in judged]
    letters = analog_page.calibration("letters_mlp_5flips")
    flipped = zoo.entry("letters_mlp_5flips").data
    assert flipped is not None and np.ptp(letters) == 1
    # Of letters some images are the same: one with two wrong pixels may be another letter with five.
    assert len(letters) < 0.05 * len(flipped().samples)


def test_a_case_names_settings_of_errors() -> None:
    assert Case("x", ("tuning_pct=5",)).chip_settings == ["errors.tuning_pct=5"]
    assert OWN.chip_settings == []


def test_tables_stand_between_their_marks() -> None:
    begins, ends = marks("one")
    text = f"before\n{begins}old\n{ends}after\n"
    assert with_tables(text, {"one": "new"}) == f"before\n{begins}\nnew\n\n{ends}after\n"


def test_a_page_without_marks_is_refused() -> None:
    with pytest.raises(AcortexError, match="the page has no place for the table one"):
        with_tables("text\n", {"one": "new"})


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text("text\n")
    with pytest.raises(UsageError, match="the page has no table two") as caught:
        analog_page.main(str(path), "two")
    assert caught.value.hint == "it has noticed, settings, aware, recalibrated, trimmed"
    assert path.read_text() == "text\n"
