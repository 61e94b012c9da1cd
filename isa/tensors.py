"""Between a user's arrays, codes, and words of main memory. Pure functions.

An array X holds one inference a row: X[i] has one of the tensor's shapes. Codes are uint8 of shape (inferences, size).
Words are uint8 of shape (inferences, words, 64), a code a channel. A tensor of one axis (or two, taken as one) fills
its words in order; one of three, channels x height x width, takes words of its own for every pixel, row by row. The
channels past the end of a pixel's last word are 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.program import Tensor

CHANNELS = 64
"""The channels of a word of main memory."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to turn numbers into codes: what it takes, and the function of a tensor and its flat, finite numbers."""

    doc: str
    encode: Callable[[Tensor, NDArray[Any]], Codes]


def accept(tensor: Tensor, array: NDArray[Any]) -> Codes:
    """The codes of a user's array, uint8 of shape (inferences, size).

    Raises UsageError for another shape, a type that holds no numbers, no inferences, or a value that the tensor's
    encoding does not take, with the place of the first such value.
    """
    where = f"input {tensor.name}"
    if array.dtype.kind not in "biuf":
        raise UsageError(f"the array has dtype {array.dtype}", where=where, hint="give booleans, integers or floats")
    if array.shape[1:] not in tensor.shapes or array.ndim == 0:
        raise UsageError(f"the array has shape {array.shape}", where=where, hint=_shape_hint(tensor, array.shape))
    if len(array) == 0:
        raise UsageError("the array holds no inferences", where=where, hint="give at least one")
    if array.dtype.kind == "f":
        _refuse(tensor, array, ~np.isfinite(array), "is not a finite number")
    return ENCODINGS[tensor.encode].encode(tensor, array).reshape(len(array), tensor.size)


def _shape_hint(tensor: Tensor, shape: tuple[int, ...]) -> str:
    wanted = " or ".join(str(("N", *known)).replace("'N'", "N") for known in tensor.shapes)
    if shape in tensor.shapes:
        return f"the first axis counts inferences: add it with X[numpy.newaxis] to give {(1, *shape)}"
    return f"{wanted} is needed, N inferences"


def _refuse(tensor: Tensor, array: NDArray[Any], wrong: NDArray[np.bool_], why: str) -> None:
    """Raises UsageError where `wrong` is true anywhere."""
    if wrong.any():
        place = np.unravel_index(int(wrong.argmax()), wrong.shape)
        index = ", ".join(str(int(axis)) for axis in place)
        raise UsageError(f"value {array[place]} at [{index}] {why}", where=f"input {tensor.name}")


def _codes(tensor: Tensor, array: NDArray[Any]) -> Codes:
    top = (1 << tensor.bits) - 1
    numbers = array if array.dtype.kind != "b" else array.astype(np.uint8)
    if numbers.dtype.kind == "f":
        _refuse(tensor, array, numbers != np.floor(numbers), "is not a whole number")
    _refuse(tensor, array, (numbers < 0) | (numbers > top), f"is no code, 0 to {top}")
    codes: Codes = numbers.astype(np.uint8)
    return codes


def _binary(tensor: Tensor, array: NDArray[Any]) -> Codes:
    if array.dtype.kind == "b":
        return array.astype(np.uint8)
    _refuse(tensor, array, (array < 0) | (array > 255), "is outside 0 to 255")
    top = 1 if array.max() <= 1 else 255
    codes: Codes = (array >= top / 2).astype(np.uint8)
    return codes


ENCODINGS: dict[str, Encoding] = {
    "codes": Encoding("whole numbers from 0 to 2^bits - 1, taken as they are", _codes),
    "binary": Encoding(
        "booleans; or numbers, 1 from half the range on: of 0 to 1 where the whole array keeps to it, else of 0 to 255",
        _binary,
    ),
}
"""How a tensor's numbers become codes, by the name that a program gives (`encode=`)."""


def _pixels(tensor: Tensor) -> tuple[int, int]:
    """The channels of a pixel, and the number of pixels."""
    shape = tensor.shapes[0]
    return (shape[0], shape[1] * shape[2]) if len(shape) == 3 else (tensor.size, 1)


def words_of(tensor: Tensor) -> int:
    """How many words of main memory one inference of a tensor takes."""
    channels, pixels = _pixels(tensor)
    return pixels * -(-channels // CHANNELS)


def to_words(tensor: Tensor, codes: Codes) -> Codes:
    """Codes of shape (inferences, size) as words, (inferences, words, 64)."""
    channels, pixels = _pixels(tensor)
    padded = np.zeros((len(codes), pixels, -(-channels // CHANNELS) * CHANNELS), dtype=np.uint8)
    padded[:, :, :channels] = codes.reshape(len(codes), channels, pixels).transpose(0, 2, 1)
    return padded.reshape(len(codes), words_of(tensor), CHANNELS)


def from_words(tensor: Tensor, words: Codes) -> Codes:
    """Words of shape (inferences, words, 64) as codes in the tensor's canonical shape, (inferences, *shape)."""
    channels, pixels = _pixels(tensor)
    flat = words.reshape(len(words), pixels, -1)[:, :, :channels]
    return np.ascontiguousarray(flat.transpose(0, 2, 1)).reshape(len(words), *tensor.shapes[0])
