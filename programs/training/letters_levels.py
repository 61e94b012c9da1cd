"""Puts the letters network into whole numbers, for the hand-written program letters.s.

    python -m acortex.programs.training.letters_levels -o letters.npz

The float weights are those that `acortex.programs.training.letters` trained. Each layer becomes weights within -7..7,
a bias row whose input is a constant code, and a multiplier and a shift that bring sums to codes of 4 bits. Nothing
is trained, and nothing is tried out: ranges follow from the largest weight and the largest sum.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import run_as_script
from acortex.programs.shipped import FOLDER
from acortex.programs.training.digits import save_arrays
from acortex.programs.training.letters import images

Floats = NDArray[np.float64]
Arrays = dict[str, NDArray[Any]]

LARGEST_WEIGHT, LARGEST_CODE = 7, 15
SHIFT = 8
"""Multipliers are rates times 2^SHIFT."""


def levels(weights: Floats, bias: Floats) -> tuple[NDArray[np.int8], int, float]:
    """A layer (inputs, outputs) as whole numbers with its biases in the last row; the input of that row; and what one
    level is worth.

    The bias row's input is the least code that keeps every bias within the range of weights.
    """
    unit = float(np.abs(weights).max()) / LARGEST_WEIGHT
    fill = max(1, int(np.ceil(np.abs(bias).max() / (unit * LARGEST_WEIGHT))))
    whole = np.rint(np.vstack([weights / unit, bias / (unit * fill)])).astype(np.int8)
    return whole, fill, unit


def sums_of(codes: NDArray[Any], layer: NDArray[np.int8], fill: int) -> NDArray[np.int64]:
    """The sums of a layer for codes (n, inputs)."""
    wide = layer.astype(np.int64)
    found: NDArray[np.int64] = codes.astype(np.int64) @ wide[:-1] + fill * wide[-1]
    return found


def rate(most: float) -> int:
    """The multiplier that brings the largest sum to the largest code."""
    return int(LARGEST_CODE / most * (1 << SHIFT))


def network(arrays: Arrays) -> Arrays:
    """All that letters.s takes, from the arrays of letters_mlp.npz."""
    samples, labels, test = images()
    hidden, hidden_fill, unit = levels(arrays["hidden"].T.astype(float), arrays["hidden_bias"].astype(float))
    sums = np.maximum(sums_of(samples, hidden, hidden_fill), 0)
    multiplier = rate(float(sums.max()))
    codes = np.clip(np.rint(sums * multiplier / (1 << SHIFT)), 0, LARGEST_CODE)
    worth = unit * (1 << SHIFT) / multiplier  # of a hidden code
    output, output_fill, _ = levels(arrays["output"].T.astype(float), arrays["output_bias"].astype(float) / worth)
    scores = sums_of(codes, output, output_fill)
    span = rate(float(scores.max() - scores.min()))
    return {
        "hidden": hidden,
        "output": output,
        "hidden_multiplier": np.array(multiplier, np.int64),
        "hidden_fill": np.array(hidden_fill, np.int64),
        "output_multiplier": np.array(span, np.int64),
        "output_zero": np.array(np.ceil(-scores.min() * span / (1 << SHIFT)), np.int64),
        "output_fill": np.array(output_fill, np.int64),
        "shift": np.array(SHIFT, np.int64),
        "images": samples[test],
        "labels": labels[test],
    }


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        "python -m acortex.programs.training.letters_levels", description="Puts letters_mlp into whole numbers."
    )
    parser.add_argument("-o", "--output", type=Path, required=True, help="the data file to write")
    arguments = parser.parse_args(argv)
    with np.load(FOLDER / "letters_mlp.npz") as file:
        arrays = {name: file[name] for name in file.files}
    save_arrays(arguments.output, network(arrays))


if __name__ == "__main__":
    run_as_script(main)
