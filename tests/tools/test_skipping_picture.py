"""The picture of docs/skipping.md is that of a run."""

from __future__ import annotations

import re
from pathlib import Path

from acortex.tools.skipping_picture import COLOURS, INFERENCES, draw

PICTURE = Path(__file__).parents[2] / "docs" / "skipping.svg"


def test_the_picture_in_the_docs_is_what_the_run_gives() -> None:
    assert PICTURE.read_text() == draw(), "make pages draws it anew"


def test_it_shows_each_way_of_a_cycle() -> None:
    text = draw()
    boxes = {colour: len(re.findall(f'height="13" fill="{colour}"', text)) for colour in COLOURS.values()}
    assert min(boxes.values()) > 3
    assert f"{INFERENCES} inferences" in text
