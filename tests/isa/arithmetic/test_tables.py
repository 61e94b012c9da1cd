"""Functions of codes by tables: equal to the function of every code itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from acortex.isa.arithmetic import tables
from acortex.isa.arithmetic.quantisers import ACTIVATE, Quantiser, quantise
from acortex.isa.arithmetic.tables import FEW, mapped

Array = NDArray[Any]

QUANTISERS = st.builds(
    Quantiser,
    st.integers(1, 1 << 16), st.integers(0, 24), st.integers(0, 8), st.integers(0, 2), st.integers(8, 255),
    st.sampled_from(sorted(ACTIVATE)), st.integers(1, 1 << 16),
)  # fmt: skip


def codes(seed: int, top: int, *shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, top, shape).astype(np.uint8)


@given(st.integers(0, 99), QUANTISERS, st.integers(0, 15), st.sampled_from([2, 16, 256]))
def test_one_code_is_looked_up(seed: int, q: Quantiser, zero: int, top: int) -> None:
    given_ = codes(seed, top, 5, 64)
    expected = quantise(given_.astype(np.int64) - zero, q)
    np.testing.assert_array_equal(mapped(lambda a: quantise(a, q), [given_], [zero]), expected)


@given(st.integers(0, 99), QUANTISERS, st.integers(0, 15), st.integers(0, 15), st.sampled_from([2, FEW, FEW + 1, 256]))
def test_two_codes_are_looked_up_where_both_are_small(seed: int, q: Quantiser, a: int, b: int, top: int) -> None:
    first, second = codes(seed, top, 2, 3, 64), codes(seed + 1, top, 2, 3, 64)
    wide = first.astype(np.int64) - a, second.astype(np.int64) - b
    made = mapped(lambda x, y: quantise(x * 3 + y * 5, q), [first, second], [a, b])
    np.testing.assert_array_equal(made, quantise(wide[0] * 3 + wide[1] * 5, q))


def test_blocks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = codes(0, 256, 9, 64), codes(1, 256, 9, 64)

    def function(x: Array, y: Array) -> Array:
        return (np.abs(x - y) % 256).astype(np.uint8)

    whole = mapped(function, [first, second], [0, 0])
    monkeypatch.setattr(tables, "BLOCK", 1)
    np.testing.assert_array_equal(mapped(function, [first, second], [0, 0]), whole)


def test_what_is_looked_up_may_be_written_to() -> None:
    made = mapped(lambda a: (a % 256).astype(np.uint8), [codes(0, 16, 3, 64)], [0])
    made[:] = 1
    assert made.all()


@pytest.mark.parametrize(("first", "second"), [(FEW, 0), (0, FEW), (255, FEW - 1)])
def test_one_large_code_of_two_is_enough_to_compute_all(first: int, second: int) -> None:
    pair = [np.array([first], np.uint8), np.array([second], np.uint8)]
    made = mapped(lambda a, b: (a + 2 * b) % 256, pair, [0, 0])
    assert (made.dtype, made.tolist()) == (np.uint8, [(first + 2 * second) % 256])


@pytest.mark.parametrize("top", [FEW, 256])
def test_codes_may_come_in_a_wider_type(top: int) -> None:
    first, second = codes(0, top, 3, 64), codes(1, top, 3, 64)
    np.testing.assert_array_equal(mapped(np.minimum, [first, second], [0, 0]), np.minimum(first, second))
    np.testing.assert_array_equal(mapped(lambda a: a, [first], [0]), first)


def test_no_codes_are_no_codes() -> None:
    empty = np.zeros((0, 64), np.uint8)
    assert mapped(lambda a, b: (a + b).astype(np.uint8), [empty, empty], [0, 0]).shape == (0, 64)
