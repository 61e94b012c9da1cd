"""Arrays, codes and words: what is accepted, and where a channel lies."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import (
    MAX_SCALE,
    MAX_WORDS,
    MIN_SCALE,
    accept,
    decode,
    fault,
    from_words,
    to_words,
    words_of,
)
from acortex.isa.arithmetic.windows import Slide, Window
from acortex.isa.program import Tensor

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
        (np.array([0, 1, 2, 2], dtype=np.uint8), [0, 0, 0, 0]),
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


def test_axes_say_where_the_channels_are() -> None:
    """Time, batch and features: the features of a step fill a word of its own."""
    codes = (np.arange(12) % 16).astype(np.uint8).reshape(1, 12)
    words = to_words(Tensor("x", ((3, 1, 4),), axes=(0, 1, 2)), codes)
    assert words[0, :, :4].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    turned = to_words(Tensor("x", ((3, 1, 4),), axes=(2, 1, 0)), codes)
    assert turned[0, :, :3].tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]


@pytest.mark.parametrize("packed", [1, 2, 4, 8, 16])
def test_packed_pixels_are_those_that_a_window_reads(packed: int) -> None:
    """A window of one pixel over the whole image, fetched as its stream gives it, sees every pixel's channels."""
    tensor = Tensor("x", ((4, 3, 19),), packed=packed)
    codes = np.random.default_rng(packed).integers(0, 16, (1, tensor.size)).astype(np.uint8)
    columns = -(-19 // packed)
    assert words_of(tensor) == 3 * columns
    over, channels = Slide(Window(1, 1, 1, 1, 1, 1, 19, packed, 3, 19), 3, 1), 64 // packed
    seen = over.vectors(to_words(tensor, codes)[0], channels, channels)
    assert np.array_equal(seen[:, :4].T.reshape(4, 3, 19), codes.reshape(4, 3, 19))
    assert not seen[:, 4:].any()


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """A tensor of any layout."""
    shape = tuple(draw(st.lists(st.integers(1, 6), min_size=1, max_size=4)))
    wide = draw(st.integers(0, len(shape) - 1))
    shape = (*shape[:wide], draw(st.sampled_from([1, 3, 4, 63, 64, 65, 130])), *shape[wide + 1 :])
    axes = tuple(draw(st.permutations(range(len(shape))))) if len(shape) == 4 or draw(st.booleans()) else None
    channels = shape[axes[-1]] if axes else shape[0] if len(shape) == 3 else 65
    packed = draw(st.sampled_from([one for one in (1, 2, 4, 8, 16) if one == 1 or 64 // one >= channels]))
    tensor = Tensor("x", (shape,), axes=axes, packed=packed)
    assert fault(tensor) is None
    return tensor


@given(tensors(), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_words_turn_back_into_codes(tensor: Tensor, inferences: int, seed: int) -> None:
    codes = np.random.default_rng(seed).integers(1, 16, (inferences, tensor.size)).astype(np.uint8)
    words = to_words(tensor, codes)
    assert (words.dtype, words.shape) == (np.uint8, (inferences, words_of(tensor), 64))
    assert np.count_nonzero(words) == codes.size
    assert np.array_equal(from_words(tensor, words), codes.reshape(inferences, *tensor.shapes[0]))


@pytest.mark.parametrize("packed", [2, 4, 8, 16])
def test_packed_pixels_fill_a_word_and_no_more(packed: int) -> None:
    room = 64 // packed
    assert fault(Tensor("x", ((room, 3, 5),), packed=packed)) is None
    assert fault(Tensor("x", ((room + 1, 3, 5),), packed=packed)) == (
        "packed",
        f"a pixel has {room + 1} channels, and {packed} a word leave {room} each",
    )


def test_a_tensor_takes_at_most_a_million_words() -> None:
    assert MAX_WORDS == 1 << 20
    assert fault(Tensor("x", ((1, 1 << 10, 1 << 10),))) is None
    assert fault(Tensor("x", ((1, 1, (1 << 20) + 1),))) == (
        "shape",
        "a tensor has at most 1048576 words of memory, this one has 1048577",
    )


def test_a_tensor_has_at_most_64_shapes() -> None:
    shapes = ((4,), (2, 2)) * 32
    assert fault(Tensor("x", shapes)) is None
    assert fault(Tensor("x", (*shapes, (4,)))) == ("shape", "a tensor has at most 64 shapes, this one has 65")


def test_each_shape_of_a_tensor_has_at_most_8_axes() -> None:
    assert fault(Tensor("x", ((4,), (1, 1, 1, 1, 1, 1, 2, 2)))) is None
    assert fault(Tensor("x", ((4,), (1, 1, 1, 1, 1, 1, 1, 2, 2)))) == ("shape", "a tensor has at most 8 axes")


@pytest.mark.parametrize(("scale", "fits"), [(1e-30, True), (0.99e-30, False), (1e36, True), (1.01e36, False)])
def test_a_step_of_a_linear_code_lies_between_its_bounds(scale: float, fits: bool) -> None:
    expected = None if fits else ("scale", f"scale is {scale!r}, allowed is 1e-30 to 1e+36")
    assert fault(Tensor("x", ((4,),), "linear", scale=scale)) == expected


def test_a_tensor_without_axes_takes_one_number_per_inference() -> None:
    assert accept(Tensor("x", ((),)), np.array([1, 2])).tolist() == [[1], [2]]


@pytest.mark.parametrize(
    ("scale", "zero", "blamed"), [(2.0, 0, "scale"), (0.5, 0, "scale"), (1.0, 1, "zero"), (2.0, 1, "scale")]
)
def test_plain_codes_have_neither_a_scale_nor_a_zero(scale: float, zero: int, blamed: str) -> None:
    plain = Tensor("x", ((4,),), scale=scale, zero=zero)
    assert fault(plain) == (blamed, "scale and zero belong to encode=linear")


LINEAR = Tensor("x", ((4,),), "linear", scale=0.1, zero=7)


def test_linear_codes_are_those_of_float32_division() -> None:
    """0.25 / 0.1 is a tie in float32 and not in float64: what ONNX Runtime computes is the former."""
    given_ = np.array([[-9, 0.25, 0.1, 9]], dtype=np.float64)
    steps = np.rint(given_.astype(np.float32) / np.float32(0.1)) + 7
    assert accept(LINEAR, given_).tolist() == np.clip(steps, 0, 15).astype(int).tolist()
    assert accept(LINEAR, np.array([[0, 1, -1, 3]], dtype=np.int8)).tolist() == [[7, 15, 0, 15]]
    assert accept(LINEAR, np.array([[3e38, -3e38, 0, 0]], dtype=np.float32)).tolist() == [[15, 0, 7, 7]]


@given(st.floats(MIN_SCALE, MAX_SCALE), st.integers(0, 255))
def test_what_linear_codes_stand_for_has_these_codes(scale: float, zero: int) -> None:
    tensor = Tensor("x", ((256,),), "linear", 8, scale, zero)
    codes = np.arange(256, dtype=np.uint8)[np.newaxis]
    numbers = decode(tensor, codes)
    assert numbers.dtype == np.float32
    assert np.array_equal(numbers[0], np.float32(scale) * (np.arange(256) - zero).astype(np.float32))
    assert np.array_equal(accept(tensor, numbers), codes)


def test_plain_codes_stand_for_themselves() -> None:
    codes = np.array([[1, 2, 3, 4]], dtype=np.uint8)
    assert decode(CODES, codes) is codes


@pytest.mark.parametrize(
    ("value", "why"),
    [(np.nan, "nan at [0, 1] is not a finite number"), (np.inf, "inf at [0, 1] is not a finite number"),
     (1e300, "1e+300 at [0, 1] is too large for a float32")],
)  # fmt: skip
def test_a_number_that_has_no_linear_code(value: float, why: str) -> None:
    assert refused(LINEAR, np.array([[0, value, 0, 0]])) == f"input x: value {why}"


def test_an_axis_of_one_may_come_before_any_shape() -> None:
    """A batch axis of one, as the model's input has it."""
    assert accept(CODES, np.ones((3, 1, 4))).shape == accept(CODES, np.ones((3, 1, 2, 2))).shape == (3, 4)
    assert "has shape (3, 2, 4)" in refused(CODES, np.ones((3, 2, 4)))
