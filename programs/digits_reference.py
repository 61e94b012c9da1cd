"""The digits network evaluated without the chip: what every simulated output is compared with.

It shares nothing with the simulator but the data file, and computes in 64-bit integers throughout.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DATA = Path(__file__).with_name("digits_mlp.npz")

Integers = NDArray[np.int64]


def load(path: Path = DATA) -> dict[str, NDArray[Any]]:
    """The arrays of a data file that `acortex.programs.training.digits` wrote, by name."""
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def evaluate(images: ArrayLike, data: Mapping[str, NDArray[Any]] | None = None) -> NDArray[np.uint8]:
    """The ten output codes of each digit: uint8 of shape (n, 10), each code in 0..15.

    `images` has 0 or 1 for each pixel, row by row, in shape (n, 784). `data` is a data file's content, the one
    beside this module by default.
    """
    constants = data if data is not None else load()
    hidden = _layer(np.asarray(images, np.int64), constants, "hidden")
    return _layer(hidden, constants, "output").astype(np.uint8)


def _layer(x: Integers, data: Mapping[str, NDArray[Any]], name: str) -> Integers:
    """Codes of one layer: clip(activation(round(x @ weights + fill * biases)) + zero, 0, 15)."""
    weights = data[name].astype(np.int64)
    sums = x @ weights[:-1] + int(data[f"{name}_fill"]) * weights[-1]
    rounded = _scale(sums, int(data[f"{name}_multiplier"]), int(data[f"{name}_shift"]))
    if name == "hidden":
        rounded = np.maximum(rounded, 0)
    return np.clip(rounded + int(data[f"{name}_zero"]), 0, 15)


def _scale(sums: Integers, multiplier: int, shift: int) -> Integers:
    """The quotients sums * multiplier / 2^shift, rounded to the nearest whole number, ties to the even one."""
    whole = sums * multiplier >> shift
    twice_rest = 2 * (sums * multiplier - (whole << shift))
    one = 1 << shift
    nearest: Integers = whole + ((twice_rest > one) | ((twice_rest == one) & (whole % 2 == 1)))
    return nearest


def accuracy(codes: ArrayLike, labels: ArrayLike) -> float:
    """The share of digits whose highest code stands at the label; of equal codes the lowest index counts."""
    return float((np.argmax(codes, axis=1) == np.asarray(labels)).mean())
