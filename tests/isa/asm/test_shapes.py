"""Shapes in a source: what one word of them may hold."""

from __future__ import annotations

import pytest

from acortex.isa.asm.lexer import tokens_of
from acortex.isa.asm.shapes import read_shape


@pytest.mark.parametrize(
    ("text", "extents"),
    [
        (f"{'9' * 40}x1", [10**40 - 1, 1]),
        (f"1x{'9' * 40}", [1, 10**40 - 1]),
        (f"{10**40}x1", None),
        ("x".join("1" * 13), [1] * 13),
        ("x".join("1" * 14), None),
    ],
)
def test_a_word_of_a_shape_has_extents_of_forty_digits_and_at_most_twelve_cuts(
    text: str, extents: list[int] | None
) -> None:
    assert read_shape(tokens_of(text), {}) == extents


@pytest.mark.parametrize(
    ("word", "extents"),
    [("KxAxBx2", [3, 7, 2]), ("AxB", [7]), ("AxBxA", [7, 4]), ("AxKxB", [4, 3, 5]), ("2xAxBxAxB", [2, 7, 7])],
)
def test_of_names_with_an_x_the_longest_is_meant(word: str, extents: list[int]) -> None:
    assert read_shape(tokens_of(word), {"K": 3, "A": 4, "B": 5, "AxB": 7}) == extents
