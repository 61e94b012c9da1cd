"""Sums that do not depend on the order in which they are added up, nor on a library's threads."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.programs.graph import Geometry
from acortex.programs.quantise.evaluate import convolve
from acortex.programs.quantise.exact import exact_convolve, grid_bits, on_grid, product

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize(("terms", "bits"), [(1, 24), (32, 24), (64, 23), (1 << 20, 16), ((1 << 20) + 1, 16)])
def test_factors_are_so_short_that_no_sum_reaches_2_to_the_53(terms: int, bits: int) -> None:
    assert grid_bits(terms) == bits
    assert terms * 4**bits <= 2**53


@given(st.integers(1, 400), st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_a_product_is_that_of_its_rounded_factors_exactly(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((2, size)), rng.standard_normal((size, 1)) * 1e-3
    left, e = on_grid(a, grid_bits(size))
    right, f = on_grid(b, grid_bits(size))
    scale = Fraction(2) ** int(e.ravel()[0] + f.ravel()[0])
    for row, found in zip(left, product(a, b)[:, 0], strict=True):
        exact = sum((Fraction(x) * Fraction(y) for x, y in zip(row, right[:, 0], strict=True)), Fraction())
        assert Fraction(float(found)) == exact * scale


@given(st.integers(0, 2**32))
@settings(max_examples=20, deadline=None)
def test_the_order_of_terms_changes_no_bit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b, order = rng.standard_normal((5, 700)), rng.standard_normal((700, 3)), rng.permutation(700)
    assert np.array_equal(product(a, b), product(a[:, order], b[order]))
    assert not np.array_equal(a @ b, a[:, order] @ b[order])  # which is why


def test_a_product_is_near_the_one_of_floats() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((20, 500)), rng.standard_normal((500, 20))
    assert np.abs(product(a, b) - a @ b).max() < 1e-4


def test_numbers_of_nothing_make_nothing() -> None:
    assert not product(np.zeros((2, 3)), np.ones((3, 2))).any()


@pytest.mark.parametrize("pad", [0.0, -1.25, 3.0])
@pytest.mark.parametrize("groups", [1, 2, 4])
def test_windows_are_summed_as_in_floats_in_any_order_of_channels(groups: int, pad: float) -> None:
    rng = np.random.default_rng(1)
    image = rng.standard_normal((3, 6, 5, 20), dtype=np.float32)
    weights = rng.standard_normal((3, 3, 20 // groups, 8), dtype=np.float32)
    geometry = Geometry(3, 3, top=1, left=1, rows=6, columns=5)
    found = exact_convolve(image, weights, geometry, groups, pad)
    assert found.dtype == np.float32
    assert np.abs(found - convolve(image, weights, geometry, groups, pad)).max() < 1e-4
    if groups == 1:
        order = rng.permutation(20)
        assert np.array_equal(found, exact_convolve(image[..., order], weights[:, :, order], geometry, 1, pad))
