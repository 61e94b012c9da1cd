"""Sums and codes are exact whatever their size: where float32 would round, float64 stands in."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from acortex.isa.arithmetic import products, quantisers
from acortex.isa.arithmetic.products import ExactWeights, exact_weights, product
from acortex.isa.arithmetic.quantisers import EXACT, Quantiser, quantise
from acortex.isa.semantics import Shape, multiply

BYTE = 255


def summed(weights: np.ndarray, code: int) -> int:
    """The sum of one column of weights with every input at a code."""
    shape = Shape(len(weights), 1, exact_weights(weights))
    vectors = np.full((1, len(weights) + 1), code, dtype=np.uint8)
    return int(multiply(vectors, namedtuple("Dispatch", ())(), shape)[0, 0])  # type: ignore[arg-type]  # it asks nothing of it


def column(total: int) -> np.ndarray:
    """A column of weights of at most 8 whose magnitudes add up to `total`."""
    weights = np.full((-(-total // 8), 1), -8, dtype=np.int8)
    weights[0] = -(total % 8 or 8)
    return weights


@pytest.mark.parametrize("beyond", [0, 1], ids=["the largest sum of float32", "one more"])
def test_a_sum_is_exact_on_both_sides_of_2_to_the_24(beyond: int) -> None:
    total = (EXACT - 1) // BYTE + beyond
    weights = column(total)
    assert exact_weights(weights).kind == (np.float64 if beyond else np.float32)
    assert summed(weights, BYTE) == -total * BYTE


def test_a_sum_far_beyond_float32_is_exact() -> None:
    total = 3 * EXACT // BYTE | 1
    assert int(np.float32(total * BYTE)) != total * BYTE
    assert summed(column(total), BYTE) == -total * BYTE


def test_a_product_in_blocks_is_the_product_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    vectors, weights = random.integers(0, 16, (200, 71)).astype(np.uint8), random.integers(-8, 8, (70, 3))
    monkeypatch.setattr(products, "BLOCK", 1)
    sums = multiply(vectors, namedtuple("Dispatch", ())(), Shape(70, 3, exact_weights(weights)))  # type: ignore[arg-type]
    np.testing.assert_array_equal(sums, vectors[:, :70].astype(np.int64) @ weights)


@pytest.mark.parametrize("shift", [4, 20])
@pytest.mark.parametrize("multiplier", [1, 3, 65535])
def test_codes_do_not_depend_on_the_float_that_scales_them(
    monkeypatch: pytest.MonkeyPatch, multiplier: int, shift: int
) -> None:
    # Halves and their neighbours: what rounds otherwise where a digit is lost.
    sums = np.concatenate([np.arange(-300, 300), EXACT // multiplier + np.arange(-40, 0)]).astype(np.float32)
    sums = sums.reshape(-1, 4)
    quantiser = Quantiser(multiplier, shift, zero=100, low=0, high=BYTE)
    small = quantise(sums, quantiser)
    monkeypatch.setattr(quantisers, "EXACT", 0)
    monkeypatch.setattr(quantisers, "BLOCK", 7)
    np.testing.assert_array_equal(quantise(sums, quantiser), small)


@pytest.mark.parametrize("peak", [-8, 7])
def test_the_largest_weight_settles_the_type_before_columns_are_added_up(
    monkeypatch: pytest.MonkeyPatch, peak: int
) -> None:
    monkeypatch.setattr(np, "abs", lambda array: pytest.fail("columns were added up"))
    weights = np.zeros(((EXACT - 1) // BYTE // abs(peak), 2), np.int8)
    weights[0, 1] = peak
    assert exact_weights(weights).kind == np.float32


def test_few_weights_in_many_rows_are_held_by_float32() -> None:
    weights = np.zeros((20_000, 1), np.int8)
    weights[:50] = -8
    assert exact_weights(weights).kind == np.float32


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("sizes", [(1, 2048, 300), (70, 33, 1), (3, 1, 2), (0, 5, 5)])
@pytest.mark.parametrize("block", [1, 200, 1 << 18])
def test_rows_and_vectors_in_blocks_add_up(
    monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, int, int], kind: type[np.float32], block: int
) -> None:
    count, rows, columns = sizes
    random = np.random.default_rng(rows)
    vectors, weights = (
        random.integers(0, 256, (count, rows), np.uint8),
        random.integers(-8, 8, (rows, columns), np.int8),
    )
    monkeypatch.setattr(products, "BLOCK", block)
    sums = product(vectors, ExactWeights(weights, kind))
    assert sums.dtype == kind
    np.testing.assert_array_equal(sums, vectors.astype(np.int64) @ weights)


def with_few_rows(rows: int, used: int, last_column: bool = False) -> np.ndarray:
    """Weights of which so many rows are not all zeros; with `last_column` one of these has a weight there alone."""
    random = np.random.default_rng(used)
    weights = np.zeros((rows, 5), np.int8)
    weights[random.permutation(rows)[:used]] = random.integers(1, 8, (used, 5))
    if last_column and used:
        weights[np.flatnonzero(weights.any(axis=1))[0], :-1] = 0
    return weights


@pytest.mark.parametrize("used", [0, 1, 16, 17, 64])
@pytest.mark.parametrize("last_column", [False, True])
@pytest.mark.parametrize("lanes", [(3,), (2, 40)])
def test_rows_without_weights_change_no_sum(used: int, last_column: bool, lanes: tuple[int, ...]) -> None:
    weights = with_few_rows(64, used, last_column)
    vectors = np.random.default_rng(1).integers(0, 256, (*lanes, 64), np.uint8)
    sums = product(vectors, exact_weights(weights))
    assert sums.shape == (*lanes, 5)
    np.testing.assert_array_equal(sums, vectors.astype(np.int64) @ weights)


def test_rows_without_weights_are_left_out_where_most_are() -> None:
    few = with_few_rows(64, 16, last_column=True)
    found = exact_weights(few).rows
    assert found is not None
    assert found.tolist() == np.flatnonzero(few.any(axis=1)).tolist()
    assert len(found) == 16
    assert exact_weights(with_few_rows(64, 17)).rows is None


@pytest.mark.parametrize(("code", "weight"), [(15, -8), (15, 7), (1, 127), (255, -4), (255, -5), (255, -128), (0, 3)])
@pytest.mark.parametrize("rows", [31, 32, 33, 273, 274, 2048])
def test_a_lone_vector_has_the_sums_of_its_largest_codes_and_weights(code: int, weight: int, rows: int) -> None:
    weights = np.full((rows, 3), weight, np.int8)
    weights[:, 1] = 0
    weights[::2, 2] = -weight - 1
    sums = product(np.full((1, rows), code, np.uint8), exact_weights(weights))
    np.testing.assert_array_equal(sums, [code * weights.astype(np.int64).sum(axis=0)])


@pytest.mark.parametrize("block", [1, 3 * 40, 3 * 64, 1 << 20])
def test_a_lone_vector_in_blocks_of_rows_has_the_sums_of_all(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    random = np.random.default_rng(block)
    vector, weights = random.integers(0, 16, (1, 1, 301), np.uint8), random.integers(-8, 8, (301, 3), np.int8)
    monkeypatch.setattr(products, "SHORT_BLOCK", block)
    sums = product(vector, exact_weights(weights))
    assert sums.dtype == np.float32
    np.testing.assert_array_equal(sums, vector.astype(np.int64) @ weights)


def test_16_bits_hold_what_is_added_up_of_a_lone_vector(monkeypatch: pytest.MonkeyPatch) -> None:
    depths: list[int] = []
    monkeypatch.setattr(products, "_sums_of_one", lambda vectors, values, depth: depths.append(depth) or vectors[:, :1])
    for rows, code, weight in ((500, 15, -8), (500, 255, 4), (40, 1, 1)):
        product(np.full((1, rows), code, np.uint8), exact_weights(np.full((rows, 1), weight, np.int8)))
    assert depths == [32767 // 120, 32767 // 1020, 40]


@pytest.mark.parametrize("rows", [255, 256, 257, 512])
def test_a_lone_vector_whose_sums_just_leave_16_bits_is_exact(rows: int) -> None:
    """256 codes of 16 times weights of 8 are 2^15, one more than 16 bits hold."""
    vectors, weights = np.full((1, rows), 16, np.uint8), np.full((rows, 3), 8, np.int8)
    assert product(vectors, exact_weights(weights)).tolist() == [[128 * rows] * 3]


@pytest.mark.parametrize("code", [0, 1, 129, 255])
@pytest.mark.parametrize("weight", [-8, -1, 7])
def test_a_lone_vector_of_unlike_codes_has_exact_sums(code: int, weight: int) -> None:
    """Of one code that is small among the largest, the sums of a few rows leave 16 bits."""
    vector = np.full((1, 500), 255, np.uint8)
    vector[0, 7] = code
    matrix = np.full((500, 3), weight, np.int8)
    wanted = weight * (499 * 255 + code)
    assert product(vector, exact_weights(matrix)).tolist() == [[wanted] * 3]
