"""Arrays, codes and words: what is accepted, and where a channel lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.isa.program import Tensor
from acortex.isa.tensors import accept, from_words, to_words, words_of

DIGIT = Tensor("image", ((784,), (28, 28), (1, 28, 28)), "binary")
CODES = Tensor("x", ((4,), (2, 2)))


def refused(tensor: Tensor, array: np.ndarray) -> str:
    with pytest.raises(UsageError) as caught:
        accept(tensor, array)
    return str(caught.value)


@pytest.mark.parametrize("shape", [(784,), (28, 28), (1, 28, 28)])
def test_every_declared_shape_is_accepted(shape: tuple[int, ...]) -> None:
    array = np.zeros((3, *shape), dtype=np.uint8)
    array.reshape(3, 784)[:, 5] = 1
    codes = accept(DIGIT, array)
    assert codes.shape == (3, 784)
    assert codes.dtype == np.uint8
    assert np.flatnonzero(codes[2]).tolist() == [5]


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (np.array([False, True, True, False]), [0, 1, 1, 0]),
        (np.array([0, 1, 1, 0], dtype=np.int64), [0, 1, 1, 0]),
        (np.array([0, 0.49, 0.5, 1.0]), [0, 0, 1, 1]),
        (np.array([0, 127, 128, 255], dtype=np.uint8), [0, 0, 1, 1]),
        (np.array([0, 127.5, 127.4, 3.0], dtype=np.float32), [0, 1, 0, 0]),
        (np.array([0, 1, 2, 255], dtype=">u2"), [0, 0, 0, 1]),
        (np.array([0, 0, 0, 0], dtype=np.int8), [0, 0, 0, 0]),
    ],
)
def test_binary(values: np.ndarray, codes: list[int]) -> None:
    assert accept(Tensor("x", ((4,),), "binary"), values[np.newaxis]).tolist() == [codes]


def test_binary_looks_at_the_whole_array_for_its_range() -> None:
    """One bright pixel anywhere says that the others are of 0 to 255 too."""
    array = np.array([[0, 1], [0, 200]])
    assert accept(Tensor("x", ((2,),), "binary"), array).tolist() == [[0, 0], [0, 1]]


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "uint64", "float16", "float64", ">i4"])
def test_codes_are_taken_as_they_are(dtype: str) -> None:
    array = np.array([[0, 1, 14, 15]], dtype=dtype)
    assert accept(CODES, array).tolist() == [[0, 1, 14, 15]]


def test_booleans_are_codes() -> None:
    assert accept(CODES, np.array([[True, False, False, True]])).tolist() == [[1, 0, 0, 1]]


def test_bits_bound_the_codes() -> None:
    assert accept(Tensor("x", ((1,),), bits=8), np.array([[255]])).tolist() == [[255]]
    assert refused(Tensor("x", ((1,),), bits=2), np.array([[4]])) == "input x: value 4 at [0, 0] is no code, 0 to 3"


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (
            np.zeros((28, 28)),
            "input image: the array has shape (28, 28)\n"
            "  hint: the first axis counts inferences: add it with X[numpy.newaxis] to give (1, 28, 28)",
        ),
        (
            np.zeros((2, 27, 28)),
            "input image: the array has shape (2, 27, 28)\n"
            "  hint: (N, 784) or (N, 28, 28) or (N, 1, 28, 28) is needed, N inferences",
        ),
        (
            np.float64(3),
            "input image: the array has shape ()\n"
            "  hint: (N, 784) or (N, 28, 28) or (N, 1, 28, 28) is needed, N inferences",
        ),
        (np.zeros((0, 784)), "input image: the array holds no inferences\n  hint: give at least one"),
        (
            np.zeros((1, 784), dtype=object),
            "input image: the array has dtype object\n  hint: give booleans, integers or floats",
        ),
        (
            np.zeros((1, 784), dtype=complex),
            "input image: the array has dtype complex128\n  hint: give booleans, integers or floats",
        ),
        (np.full((2, 784), -1), "input image: value -1 at [0, 0] is outside 0 to 255"),
        (np.full((2, 784), 256.0), "input image: value 256.0 at [0, 0] is outside 0 to 255"),
    ],
)
def test_an_array_that_is_no_input(array: np.ndarray, message: str) -> None:
    assert refused(DIGIT, array) == message


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_the_first_bad_value_is_named(bad: float) -> None:
    array = np.zeros((3, 28, 28))
    array[1, 5, 7] = array[2, 0, 0] = bad
    assert refused(DIGIT, array) == f"input image: value {bad} at [1, 5, 7] is not a finite number"


def test_a_fraction_is_no_code() -> None:
    assert refused(CODES, np.array([[1, 2, 2.5, 3]])) == "input x: value 2.5 at [0, 2] is not a whole number"


@pytest.mark.parametrize(
    ("shape", "words"),
    [((1,), 1), ((64,), 1), ((65,), 2), ((784,), 13), ((28, 28), 13), ((3, 4, 5), 20), ((65, 2, 2), 8)],
)
def test_words_of(shape: tuple[int, ...], words: int) -> None:
    assert words_of(Tensor("x", (shape,))) == words


def test_one_axis_fills_words_in_order_and_leaves_zeros() -> None:
    codes = (np.arange(65) % 16).astype(np.uint8)[np.newaxis]
    words = to_words(Tensor("x", ((65,),)), codes)
    assert words.shape == (1, 2, 64)
    assert words[0, 0].tolist() == codes[0, :64].tolist()
    assert words[0, 1].tolist() == [codes[0, 64]] + [0] * 63


def test_three_axes_lie_pixel_by_pixel() -> None:
    """Channel 65 of the pixel in row 1, column 2 of a 70 x 2 x 3 tensor: word (1 * 3 + 2) * 2 + 1, place 1."""
    image = np.zeros((1, 70, 2, 3), dtype=np.uint8)
    image[0, 65, 1, 2] = 9
    words = to_words(Tensor("x", ((70, 2, 3),)), image.reshape(1, -1))
    assert words.shape == (1, 12, 64)
    assert np.argwhere(words).tolist() == [[0, 11, 1]]


@given(
    st.lists(st.integers(1, 70), min_size=1, max_size=1)
    | st.lists(st.integers(1, 12), min_size=2, max_size=2)
    | st.tuples(st.integers(1, 130), st.integers(1, 4), st.integers(1, 4)).map(list),
    st.integers(1, 3),
    st.randoms(use_true_random=False),
)
def test_words_turn_back_into_codes(shape: list[int], inferences: int, random) -> None:  # type: ignore[no-untyped-def]
    tensor = Tensor("x", (tuple(shape),))
    codes = np.array([random.randrange(16) for _ in range(inferences * tensor.size)], dtype=np.uint8)
    codes = codes.reshape(inferences, tensor.size)
    words = to_words(tensor, codes)
    assert words.shape == (inferences, words_of(tensor), 64)
    assert np.array_equal(from_words(tensor, words), codes.reshape(inferences, *shape))
