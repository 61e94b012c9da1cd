"""The built-in networks by name."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.programs import zoo
from acortex.programs.network import published
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run as simulate
from acortex.tools.open.machine import machine_of

LARGE = {"inception_v1", "resnet152", "resnet152_as_tabulated", "gnmt", "resnet50", "vgg16", "mobilenet"}


@pytest.mark.parametrize("name", [row["name"] for row in zoo.names() if row["name"] not in LARGE])
def test_a_network_that_is_listed_loads_under_its_name_for_its_chip(name: str) -> None:
    program = zoo.load(name, machine_of(load_chip(zoo.entry(name).chip)))
    assert (program.name, program.chip) == (name, zoo.entry(name).chip)


WEIGHTS = {
    "inception_v1": 6_990_272,
    "resnet152": 60_040_384,
    "gnmt": 16 * 2048 * 4096,
    "resnet50": 25_502_912,
    "vgg16": 138_344_128,
    "mobilenet": 4_209_088,
}
"""Weights of the published networks, without biases and batch norms."""


@pytest.mark.parametrize("name", WEIGHTS)
def test_a_published_network_has_its_published_number_of_weights(name: str) -> None:
    build = zoo.entry(name).network
    assert build is not None
    constants = build().model.constants
    assert (
        sum(math.prod(one.shape) for key, one in constants.items() if key.endswith(("weights", "recurrence")))
        == WEIGHTS[name]
    )


def test_the_binary_inputs_of_digits_may_have_any_of_their_forms() -> None:
    (port,) = zoo.graph(zoo.entry("digits_cnn")).inputs
    assert set(port.shapes) >= {(784,), (28, 28), (1, 28, 28)}
    assert port.encode == "binary"


@pytest.mark.parametrize(
    ("name", "images", "least"), [("letters_mlp_4flips", 7280, 0.96), ("letters_mlp_5flips", 17472, 0.87)]
)
def test_harder_letters_run_on_the_weights_of_the_letters_network(name: str, images: int, least: float) -> None:
    chip = load_chip(zoo.entry(name).chip)
    program, usual = (zoo.load(one, machine_of(chip)) for one in (name, "letters_mlp"))
    assert np.array_equal(program.words, usual.words)
    for one, other in zip(program.weights, usual.weights, strict=True):
        assert np.array_equal(one.values, other.values)
    run = simulate(program, chip, timing=False)
    assert len(run.outputs[program.outputs[0].name]) == images
    assert least < run.report["accuracy"] < least + 0.01


def test_a_name_near_a_known_one_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        zoo.load("digit_mlp")
    assert str(caught.value) == "the zoo has no network digit_mlp\n  hint: did you mean `zoo:digits_mlp`?"


def test_no_name_is_shown_as_one_that_is_empty() -> None:
    with pytest.raises(UsageError, match=r"^the zoo has no network ''\n"):
        zoo.load("")


def test_a_strange_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        zoo.load("zzz")
    assert caught.value.hint is not None and caught.value.hint.startswith("the zoo has digits_mlp, letters_mlp, ")


def test_four_bits_cost_digits_cnn_less_than_one_digit_in_a_hundred() -> None:
    """The chip's answers beside those of the float network, evaluated here in plain NumPy."""
    digits, weights = published.arrays("digits_mlp.npz"), published.arrays("digits_cnn.npz")
    x = digits["images"][: zoo.FEW].astype(np.float32).reshape(-1, 1, 28, 28)
    labels = digits["labels"][: zoo.FEW]
    for name in ("conv1", "conv2"):
        x = _pooled(np.clip(_convolved(x, weights[name], weights[f"{name}_bias"]), 0, 4))
    scores = x.reshape(len(x), -1) @ weights["dense"].T + weights["dense_bias"]
    chip = load_chip(zoo.entry("digits_cnn").chip)
    run = simulate(zoo.load("digits_cnn", machine_of(chip)), chip, timing=False)
    assert run.report["accuracy"] > (scores.argmax(axis=1) == labels).mean() - 0.01


def _convolved(x: NDArray[Any], weights: NDArray[Any], bias: NDArray[Any]) -> NDArray[Any]:
    """A 3x3 convolution with a border of zeros, as ONNX has it."""
    _, _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    total = np.zeros((len(x), len(weights), height, width), np.float32) + bias[None, :, None, None]
    for tap in range(9):
        y, z = divmod(tap, 3)
        total += np.einsum("nchw,oc->nohw", padded[:, :, y : y + height, z : z + width], weights[:, :, y, z])
    return total


def _pooled(x: NDArray[Any]) -> NDArray[Any]:
    n, channels, height, width = x.shape
    return x.reshape(n, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))
