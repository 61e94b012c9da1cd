"""Trains letters_mlp: four letters of 4x4 pixels, 16 inputs, 10 hidden neurons, 4 outputs.

    python -m acortex.programs.training.letters -o letters_mlp.npz

The task is that of the memristor perceptron in Bavandpour et al. 2018 (Fig. 4): two crossbars of 20x20 cells,
4x4-pixel images of four letters, one hidden layer. The paper does not print its letters; these are drawn here, and
every image that differs from one of them in up to two pixels is a sample. Of the samples with two wrong pixels every
fourth one tests, all others train. NumPy only, one seed.

Images with four and five wrong pixels (`flipped`) are harder tests of the same weights: some are nearer to another
letter than to their own, so that no network can be right about all of them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acortex.errors import run_as_script
from acortex.programs.training.digits import Adam, save_arrays

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]

LETTERS = {
    "A": ".##. #..# #### #..#",
    "T": "#### .##. .##. .##.",
    "V": "#..# #..# #..# .##.",
    "X": "#..# .##. .##. #..#",
}
PIXELS, HIDDEN = 16, 10
SEED, STEPS, RATE = 2018, 1500, 0.02


def images() -> tuple[Bytes, Bytes, NDArray[np.bool_]]:
    """All samples, uint8 of shape (n, 16) of 0 and 1; their letters, uint8 of shape (n,); which of them test."""
    masks = np.concatenate([_masks(count) for count in range(3)])
    test = (np.arange(len(masks)) % 4 == 0) & (masks.sum(axis=1) == 2)
    samples, labels = _masked(masks)
    return samples, labels, np.tile(test, len(LETTERS))


def flipped(count: int) -> tuple[Bytes, Bytes]:
    """Every image that differs from a letter in exactly `count` pixels, and its letter: as `images` gives them."""
    return _masked(_masks(count))


def _masks(count: int) -> Bytes:
    """All ways to flip so many pixels: uint8 of shape (n, 16), with a 1 for each pixel that flips."""
    flips = list(combinations(range(PIXELS), count))
    masks = np.zeros((len(flips), PIXELS), np.uint8)
    for row, pixels in enumerate(flips):
        masks[row, list(pixels)] = 1
    return masks


def _masked(masks: Bytes) -> tuple[Bytes, Bytes]:
    """Each letter with each of the masks, letter by letter, and the number of each image's letter."""
    drawn = [[mark == "#" for mark in rows.replace(" ", "")] for rows in LETTERS.values()]
    samples = (np.array(drawn, np.uint8)[:, None] ^ masks[None]).reshape(-1, PIXELS)
    return samples, np.repeat(np.arange(len(LETTERS), dtype=np.uint8), len(masks))


def scores(x: Floats, arrays: dict[str, Floats]) -> Floats:
    """The four scores of each image: float32 of shape (n, 4)."""
    hidden = np.maximum(x @ arrays["hidden"].T + arrays["hidden_bias"], 0)
    found: Floats = hidden @ arrays["output"].T + arrays["output_bias"]
    return found


def train(x: Floats, labels: Bytes) -> dict[str, Floats]:
    """Trains by full batches; gives the weights as ONNX has them, (out, in), and the biases."""
    rng = np.random.default_rng(SEED)
    arrays = {
        "hidden": rng.normal(0, 0.35, (HIDDEN, PIXELS)).astype(np.float32),
        "hidden_bias": np.zeros(HIDDEN, np.float32),
        "output": rng.normal(0, 0.45, (len(LETTERS), HIDDEN)).astype(np.float32),
        "output_bias": np.zeros(len(LETTERS), np.float32),
    }
    target = np.eye(len(LETTERS), dtype=np.float32)[labels]
    optimiser = Adam(list(arrays.values()))
    for step in range(STEPS):
        optimiser.step(_gradients(x, target, arrays), RATE * 0.5 * (1 + np.cos(np.pi * step / STEPS)))
    return arrays


def _gradients(x: Floats, target: Floats, arrays: dict[str, Floats]) -> list[Floats]:
    """The gradients of the mean cross-entropy, in the order of the arrays; weights decay a little."""
    hidden = np.maximum(x @ arrays["hidden"].T + arrays["hidden_bias"], 0)
    after = hidden @ arrays["output"].T + arrays["output_bias"]
    powers = np.exp(after - after.max(axis=1, keepdims=True))
    error = (powers / powers.sum(axis=1, keepdims=True) - target) / np.float32(len(x))
    back = (error @ arrays["output"]) * (hidden > 0)
    decay = np.float32(1e-3)
    return [
        back.T @ x + decay * arrays["hidden"],
        back.sum(axis=0),
        error.T @ hidden + decay * arrays["output"],
        error.sum(axis=0),
    ]


def main(argv: Sequence[str] | None = None) -> None:
    """The command line of the training."""
    parser = argparse.ArgumentParser("python -m acortex.programs.training.letters", description="Trains letters_mlp.")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the data file to write")
    arguments = parser.parse_args(argv)
    samples, labels, test = images()
    arrays = train(samples[~test].astype(np.float32), labels[~test])
    right = scores(samples[test].astype(np.float32), arrays).argmax(axis=1) == labels[test]
    print(f"accuracy on {len(right)} images held out: {right.mean():.2%}")
    held_out = {"images": samples[test], "labels": labels[test], "calibration": samples[~test][::7]}
    save_arrays(arguments.output, {**arrays, **held_out})


if __name__ == "__main__":
    run_as_script(main)
