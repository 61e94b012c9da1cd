"""The picture of docs/skipping.md is that of a run, and its table that of the bench."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acortex.tools import skip_benchmarks
from acortex.tools.skipping_picture import COLOURS, INFERENCES, draw

PAGE = Path(__file__).parents[2] / "docs" / "skipping.md"
PICTURE = Path(__file__).parents[2] / "docs" / "skipping.svg"


def test_the_picture_in_the_docs_is_what_the_run_gives() -> None:
    assert PICTURE.read_text() == draw(), "make pages draws it anew"


def test_it_shows_each_way_of_a_cycle() -> None:
    text = draw()
    boxes = {colour: len(re.findall(f'height="13" fill="{colour}"', text)) for colour in COLOURS.values()}
    assert min(boxes.values()) > 3
    assert f"{INFERENCES} inferences" in text


def rows() -> dict[str, list[float]]:
    """The table of the page by network: events, those simulated, and how many of the first there are for each."""
    found = re.findall(r"^\| (\w+) \| ([\d,]+) \| ([\d,]+) \| ([\d.]+) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: [float(number.replace(",", "")) for number in numbers] for name, *numbers in found}


def test_the_page_has_a_row_for_each_network_of_the_bench() -> None:
    assert list(rows()) == list(skip_benchmarks.REACHES)
    for events, simulated, most in rows().values():
        assert most == pytest.approx(events / simulated, abs=0.06)


@pytest.mark.slow
@pytest.mark.parametrize("name", skip_benchmarks.REACHES)
def test_the_page_says_how_many_events_are_simulated(name: str) -> None:
    chip = skip_benchmarks._Chip(skip_benchmarks._prepared(name))
    chip(True)
    assert rows()[name][:2] == [chip.events, chip.simulated]
