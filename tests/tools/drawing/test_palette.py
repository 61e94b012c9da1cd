"""Colours: apart for the colour-blind, and letters that are read on each of them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.tools.drawing.die import FILLS
from acortex.tools.drawing.palette import COLOURS, DIM, EMPTY, INK, LOOKS, PAPER, Look, contrast, ink_on, look

# Viénot, Brettel and Mollon 1999, "Digital video colourmaps for checking the legibility of displays by dichromats":
# what a dichromat sees, as matrices on linear RGB.
SEEN = {
    "all colours": np.eye(3),
    "no red": np.array([[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]]),
    "no green": np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]]),
}

XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> NDArray[np.float64]:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE L*a*b* of linear RGB under D65."""
    ratio = XYZ @ np.clip(rgb, 0, 1) / XYZ.sum(1)
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("eye", SEEN)
def test_colours_are_told_apart(eye: str) -> None:
    """A difference of 10 in L*a*b* is seen at a glance; 2.3 is the least that is seen at all."""
    seen = {colour: lab(SEEN[eye] @ linear(colour)) for colour in COLOURS}
    for one, other in combinations(COLOURS, 2):
        assert float(np.linalg.norm(seen[one] - seen[other])) > 10, (one, other)


@pytest.mark.parametrize("eye", SEEN)
def test_what_nothing_uses_is_like_no_colour(eye: str) -> None:
    empty = lab(SEEN[eye] @ linear(EMPTY))
    for colour in COLOURS:
        assert float(np.linalg.norm(lab(SEEN[eye] @ linear(colour)) - empty)) > 15


def test_no_two_looks_are_alike() -> None:
    looks = [look(number) for number in range(LOOKS)]
    assert len(set(looks)) == LOOKS == 16
    assert [one.hatched for one in looks] == [False] * 8 + [True] * 8


def test_looks_begin_again() -> None:
    assert look(LOOKS) == look(0) == Look(COLOURS[0])
    assert look(LOOKS + 9) == look(9) == Look(COLOURS[1], True)


@pytest.mark.parametrize("colour", [*COLOURS, *FILLS.values(), EMPTY, PAPER])
def test_letters_are_read_on_each_fill(colour: str) -> None:
    """WCAG 2 asks for 4.5 of small letters."""
    assert contrast(ink_on(colour), colour) >= 4.5


def test_lesser_letters_are_read_on_paper() -> None:
    assert contrast(DIM, PAPER) >= 4.5
    assert contrast(INK, PAPER) >= 7


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#ffffff", "#ffffff", 1.0),
        ("#0000ff", "#ffffff", 8.59),
    ],
)
def test_contrast_is_that_of_wcag(one: str, other: str, found: float) -> None:
    """The examples of the standard's own tools."""
    assert contrast(one, other) == pytest.approx(found, abs=0.01)
    assert contrast(other, one) == contrast(one, other)
