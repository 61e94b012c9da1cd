"""Matrices a part at a time: the parts, and what is copied in them, are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.programs import blocks
from acortex.programs.blocks import even_parts, put, put_rows, runs


@given(st.integers(1, 3000), st.integers(3, 300))
def test_parts_are_all_columns_and_none_of_several_is_a_lone_column(count: int, most: int) -> None:
    """NumPy adds the numbers of a lone column in another order than those of one among others."""
    parts = even_parts(count, most)
    assert [column for part in parts for column in range(part.start, part.stop)] == list(range(count))
    sizes = [part.stop - part.start for part in parts]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1
    assert len(parts) == 1 or min(sizes) > 1


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("turned", [1, 100, 1 << 15])
@pytest.mark.parametrize("shape", [(1, 1), (7, 50), (300, 33), (0, 4), (4, 0)])
def test_a_matrix_is_put_whole(
    monkeypatch: pytest.MonkeyPatch, order: str, turned: int, shape: tuple[int, int]
) -> None:
    monkeypatch.setattr(blocks, "TURNED", turned)
    random = np.random.default_rng(0)
    source = np.asarray(random.integers(0, 9, shape), order="F" if order == "F" else "C")
    target = np.full(shape, -1)
    put(target, source)
    assert target.tolist() == source.tolist()


@given(st.lists(st.integers(0, 199), min_size=1, max_size=120, unique=True), st.booleans(), st.sampled_from("CF"))
def test_rows_are_put_where_they_belong_and_no_others(places: list[int], inorder: bool, order: str) -> None:
    rows = np.array(sorted(places) if inorder else places)
    source = np.asarray(np.arange(len(rows) * 5).reshape(-1, 5), order="F" if order == "F" else "C")
    target, expected = np.zeros((200, 5), int), np.zeros((200, 5), int)
    put_rows(target, rows, source)
    expected[rows] = source
    assert target.tolist() == expected.tolist()


def test_long_runs_of_rows_are_put_too() -> None:
    rows = np.concatenate([np.arange(40, 90), np.arange(0, 33)])
    assert [*runs(rows)] == [(0, 50), (50, 83)]
    source = np.asfortranarray(np.arange(83 * 20).reshape(83, 20))
    target, expected = np.zeros((99, 20), int), np.zeros((99, 20), int)
    put_rows(target, rows, source)
    expected[rows] = source
    assert target.tolist() == expected.tolist()
