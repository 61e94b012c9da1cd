"""Between a user's arrays, codes, and words of main memory. Pure functions.

An array X holds one inference per row: X[i] has one of the tensor's shapes, or one of them behind an axis of one. Codes
are uint8 of shape (inferences, size). Words are uint8 of shape (inferences, words, 64), one code per channel.

A tensor's `axes` give the order of its canonical shape's axes in memory: first those that count pixels, the last of
them along a row, then the channels. Without them three axes are channels x height x width, and one or two are taken as
one, which fills its words in order. A pixel takes words of its own, as many as its channels need, and channels past its
last are 0. With `packed`, a word holds so many pixels, of 64 / packed channels each, and each row begins a word.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS, PACKED
from acortex.isa.program import Tensor

MAX_AXES = 8
"""The axes that a tensor's shape has at most."""

MAX_VALUES = 1 << 28
"""The most values that a shape stands for."""

MAX_FORMS = 64
"""The shapes that a tensor may be given in at most."""

MAX_CODE_BITS = 8
"""The widest code of a tensor."""

MAX_WORDS = 1 << KINDS["address"].bits
"""As many as a program can address."""

MIN_SCALE, MAX_SCALE = 1e-30, 1e36
"""The steps of a linear code: what float32 holds with all its digits, and room for the codes above."""

Codes = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Encoding:
    """A way to turn numbers into codes: what it takes, and the function of a tensor and its finite numbers."""

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
    form = array.shape[1:]
    if array.ndim == 0 or not (form in tensor.shapes or (form[:1] == (1,) and form[1:] in tensor.shapes)):
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


def _linear(tensor: Tensor, array: NDArray[Any]) -> Codes:
    """clip(round(x / scale) + zero), in float32 as ONNX's QuantizeLinear has it."""
    with np.errstate(over="ignore"):  # a quotient beyond float32 is clipped like any other
        numbers = array.astype(np.float32)
        _refuse(tensor, array, ~np.isfinite(numbers), "is too large for a float32")
        steps = np.rint(numbers / np.float32(tensor.scale)) + np.float32(tensor.zero)
    codes: Codes = np.clip(steps, 0, (1 << tensor.bits) - 1).astype(np.uint8)
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
    "linear": Encoding("numbers, rounded to codes that stand for (code - zero) * scale, in float32", _linear),
}
"""How a tensor's numbers become codes, by the name that a program gives (`encode=`)."""


def decode(tensor: Tensor, codes: Codes) -> NDArray[Any]:
    """What codes stand for: float32(scale) * (code - zero) where the tensor's encoding is linear, else themselves."""
    if tensor.encode != "linear":
        return codes
    numbers: NDArray[np.float32] = (codes.astype(np.float32) - np.float32(tensor.zero)) * np.float32(tensor.scale)
    return numbers


class Layout(NamedTuple):
    """Where a tensor's codes lie: the canonical shape, its axes in memory, rows of pixels, and a pixel's channels.

    A pixel has room for `room` channels, a row for `places` pixels, so that a row fills whole words.
    """

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    rows: int
    width: int
    places: int
    channels: int
    room: int


def layout(tensor: Tensor) -> Layout:
    """The layout of a tensor that has no `fault`."""
    shape, axes = tensor.shapes[0], tensor.axes
    if axes is None:
        shape, axes = (shape, (1, 2, 0)) if len(shape) == 3 else ((1, 1, tensor.size), (0, 1, 2))
    pixels, channels = [1, 1, *(shape[axis] for axis in axes[:-1])], shape[axes[-1]]
    room = CHANNELS // tensor.packed if tensor.packed > 1 else -(-channels // CHANNELS) * CHANNELS
    places = -(-pixels[-1] // tensor.packed) * tensor.packed
    return Layout(shape, axes, math.prod(pixels[:-1]), pixels[-1], places, channels, room)


def fault(tensor: Tensor) -> tuple[str, str] | None:
    """What is wrong with a tensor, as the field that is to blame and a message; None where nothing is."""
    return _shape_fault(tensor) or _coding_fault(tensor) or _layout_fault(tensor)


def _shape_fault(tensor: Tensor) -> tuple[str, str] | None:
    shape, axes = tensor.shapes[0], tensor.axes
    sizes = sorted({math.prod(shape) for shape in tensor.shapes})
    if len(sizes) > 1:
        return "shape", f"the shapes hold different numbers of values: {' or '.join(map(str, sizes))}"
    if len(tensor.shapes) > MAX_FORMS:
        return "shape", f"a tensor has at most {MAX_FORMS} shapes, this one has {len(tensor.shapes)}"
    if max(map(len, tensor.shapes)) > MAX_AXES:
        return "shape", f"a tensor has at most {MAX_AXES} axes"
    if axes is None and len(shape) > 3:
        return "shape", f"{len(shape)} axes need axes=, their order in memory with the channels last"
    if axes is not None and sorted(axes) != list(range(len(shape))):
        return "axes", f"axes name each of the axes 0 to {len(shape) - 1} of the shape once"
    return None


def _coding_fault(tensor: Tensor) -> tuple[str, str] | None:
    if not 0 <= tensor.zero < 1 << tensor.bits:
        return "zero", f"zero is {tensor.zero}, allowed is 0 to {(1 << tensor.bits) - 1}"
    if not MIN_SCALE <= tensor.scale <= MAX_SCALE:
        return "scale", f"scale is {tensor.scale!r}, allowed is {MIN_SCALE!r} to {MAX_SCALE!r}"
    if tensor.encode != "linear" and (tensor.scale, tensor.zero) != (1.0, 0):
        return "scale" if tensor.scale != 1.0 else "zero", "scale and zero belong to encode=linear"
    return None


def _layout_fault(tensor: Tensor) -> tuple[str, str] | None:
    if str(tensor.packed) not in PACKED:
        return "packed", f"packed is {tensor.packed}, allowed is {', '.join(PACKED)}"
    if tensor.packed > 1 and tensor.axes is None and len(tensor.shapes[0]) < 3:
        return "packed", "a tensor without pixels cannot be packed: give it three axes, or axes="
    room = CHANNELS // tensor.packed
    if tensor.packed > 1 and layout(tensor).channels > room:
        return "packed", f"a pixel has {layout(tensor).channels} channels, and {tensor.packed} a word leave {room} each"
    if words_of(tensor) > MAX_WORDS:
        return "shape", f"a tensor has at most {MAX_WORDS} words of memory, this one has {words_of(tensor)}"
    return None


def words_of(tensor: Tensor) -> int:
    """How many words of main memory one inference of a tensor takes."""
    lies = layout(tensor)
    return lies.rows * lies.places * lies.room // CHANNELS


def to_words(tensor: Tensor, codes: Codes) -> Codes:
    """Codes of shape (inferences, size) as words, (inferences, words, 64)."""
    lies, count = layout(tensor), len(codes)
    words = np.zeros((count, lies.rows, lies.places, lies.room), dtype=np.uint8)
    pixels = codes.reshape(count, *lies.shape).transpose(0, *(axis + 1 for axis in lies.axes))
    words[:, :, : lies.width, : lies.channels] = pixels.reshape(count, lies.rows, lies.width, lies.channels)
    return words.reshape(count, -1, CHANNELS)


def from_words(tensor: Tensor, words: Codes) -> Codes:
    """Words of shape (inferences, words, 64) as codes in the last of the tensor's shapes, (inferences, *shape)."""
    lies, count = layout(tensor), len(words)
    pixels = words.reshape(count, lies.rows, lies.places, lies.room)[:, :, : lies.width, : lies.channels]
    lying = pixels.reshape(count, *(lies.shape[axis] for axis in lies.axes))
    back = lying.transpose(0, *(int(axis) + 1 for axis in np.argsort(lies.axes)))
    return np.ascontiguousarray(back).reshape(count, *tensor.shapes[-1])
