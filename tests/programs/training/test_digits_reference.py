"""The independent evaluation of the digits network: it stands alone, and computes what it says."""

from __future__ import annotations

import ast
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.programs import digits_reference


def test_it_imports_numpy_and_nothing_of_the_project() -> None:
    tree = ast.parse(Path(digits_reference.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} == {"__future__", "collections", "pathlib", "typing", "numpy"}


@given(st.integers(-(10**6), 10**6), st.integers(1, 1 << 16), st.integers(0, 30))
def test_scaling_rounds_to_the_nearest_and_ties_to_the_even_number(total: int, multiplier: int, shift: int) -> None:
    scaled = digits_reference._scale(np.array([total]), multiplier, shift)
    assert scaled.tolist() == [round(Fraction(total * multiplier, 1 << shift))]


@pytest.mark.parametrize(("total", "expected"), [(-3, -2), (-1, 0), (1, 0), (3, 2), (5, 2)])
def test_halves_go_to_the_even_number(total: int, expected: int) -> None:
    assert digits_reference._scale(np.array([total]), 1, 1).tolist() == [expected]


def _by_hand(image: list[int], data: dict[str, NDArray[Any]]) -> list[int]:
    """The network in plain Python, one sum at a time."""
    x = image
    for name in ("hidden", "output"):
        x = [*x, int(data[f"{name}_fill"])]
        factor = Fraction(int(data[f"{name}_multiplier"]), 1 << int(data[f"{name}_shift"]))
        sums = [sum(a * b for a, b in zip(x, column, strict=True)) for column in data[name].T.tolist()]
        rounded = [round(total * factor) for total in sums]
        if name == "hidden":
            rounded = [max(value, 0) for value in rounded]
        x = [min(max(value + int(data[f"{name}_zero"]), 0), 15) for value in rounded]
    return x


def test_it_equals_the_network_computed_one_sum_at_a_time() -> None:
    data = digits_reference.load()
    images = data["images"][:3]
    expected = [_by_hand(image, data) for image in images.tolist()]
    assert digits_reference.evaluate(images).tolist() == expected


def test_other_data_than_the_shipped_can_be_evaluated() -> None:
    data = digits_reference.load()
    data["output"] = np.zeros_like(data["output"])
    codes = digits_reference.evaluate(data["images"][:2], data)
    assert codes.tolist() == [[int(data["output_zero"])] * 10] * 2


def test_of_equal_codes_the_lowest_index_counts() -> None:
    codes = [[0, 7, 7], [9, 9, 1]]
    assert digits_reference.accuracy(codes, [1, 0]) == 1.0
    assert digits_reference.accuracy(codes, [2, 1]) == 0.0
