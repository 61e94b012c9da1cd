"""Colours of pictures: told apart by the colour-blind, and letters that are read on each of them."""

from __future__ import annotations

from typing import NamedTuple

from acortex.traces.display import colours

PAPER, INK, DIM, RULE = "#ffffff", "#101418", "#57606a", "#d0d7de"
"""The page, its letters, its lesser letters, and its lines."""

COLOURS = (*colours.COLOURS[:-1], "#6e6e6e")
"""Those of pages, with a grey that is told from the purple on white; black is left to letters."""

EMPTY = "#eef1f4"
"""What nothing uses."""

TURNS = 2
"""Plain, then hatched: no two looks differ by colour alone where colours come again."""

LOOKS = len(COLOURS) * TURNS
"""How many things a picture can tell apart."""


class Look(NamedTuple):
    """How an area is filled: its colour, and whether strokes cross it."""

    colour: str
    hatched: bool = False


def look(number: int) -> Look:
    """The look of a thing by its number; they begin again after LOOKS."""
    place = number % LOOKS
    return Look(COLOURS[place % len(COLOURS)], place >= len(COLOURS))


def ink_on(colour: str) -> str:
    """The colour of letters on a fill: dark or white, whichever stands out more."""
    return max((INK, PAPER), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """How much two colours stand out from each other, 1 to 21, as WCAG 2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
