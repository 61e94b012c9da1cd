"""The trained networks of the zoo: their scripts compute what they say, and their data files came from them."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from acortex.programs.network.published import arrays
from acortex.programs.training import digits_cnn, letters

RNG = np.random.default_rng(7)


def test_patches_and_their_gradient_are_each_others_transpose() -> None:
    image = RNG.normal(size=(2, 4, 5, 3)).astype(np.float32)
    back = RNG.normal(size=(2, 4, 5, 27)).astype(np.float32)
    forward = float((digits_cnn.patches(image) * back).sum())
    assert float((image * digits_cnn.unpatched(back, 3)).sum()) == pytest.approx(forward, rel=1e-4)


def test_a_pools_gradient_goes_to_the_largest_of_four() -> None:
    image = np.array([[1, 2], [4, 3]], np.float32).reshape(1, 2, 2, 1)
    largest, hits = digits_cnn.pooled(image)
    assert largest.tolist() == [[[[4]]]]
    back = digits_cnn.unpooled(np.ones((1, 1, 1, 1), np.float32), hits)
    assert back[0, :, :, 0].tolist() == [[0, 0], [1, 0]]


def test_weights_take_fifteen_levels_a_column() -> None:
    rounded = digits_cnn.levels(RNG.normal(size=(90, 4)).astype(np.float32))
    assert all(len(np.unique(column)) <= 15 for column in rounded.T)


def test_the_gradient_of_the_scores_is_that_of_finite_differences() -> None:
    network = digits_cnn.TrainedCnn(np.random.default_rng(1))
    x = (RNG.random((3, 784)) > 0.6).astype(np.float32)
    target = np.eye(10, dtype=np.float32)[[1, 5, 9]]

    def loss() -> float:
        scores = network.scores(x).astype(np.float64)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return float(-np.log((powers / powers.sum(axis=1, keepdims=True))[target > 0]).mean())

    gradient = network.gradients(x, target)[-1][2]
    before = loss()
    network.biases[-1][2] += 1e-3
    assert (loss() - before) / 1e-3 == pytest.approx(float(gradient), rel=2e-2)


def test_letters_differ_from_a_drawn_one_in_up_to_two_pixels() -> None:
    samples, labels, test = letters.images()
    drawn = samples.reshape(4, -1, 16)[:, 0]
    assert (np.abs(samples.astype(int) - drawn[labels]).sum(axis=1) <= 2).all()
    assert len(samples) == 4 * (1 + 16 + 120) and 0 < test.sum() < len(test) / 2


@pytest.mark.parametrize("count", [4, 5])
def test_flipped_letters_are_every_image_with_so_many_wrong_pixels(count: int) -> None:
    samples, labels = letters.flipped(count)
    drawn = letters.flipped(0)[0]
    assert (np.abs(samples.astype(int) - drawn[labels]).sum(axis=1) == count).all()
    assert len(samples) == 4 * comb(16, count)
    assert len(np.unique(np.column_stack([samples, labels]), axis=0)) == len(samples)


def test_no_network_can_be_right_about_every_flipped_letter() -> None:
    """Some images are nearer to another letter: the share of the others bounds what to expect of the network."""
    drawn = letters.flipped(0)[0].astype(int)
    nearest = []
    for count in (2, 4, 5):
        samples, labels = letters.flipped(count)
        nearest.append((np.abs(samples[:, None] - drawn).sum(axis=2).argmin(axis=1) == labels).mean())
    assert nearest[0] == 1
    assert 0.96 < nearest[1] < 0.97 and 0.88 < nearest[2] < 0.89


def test_the_letters_file_is_what_its_script_trains() -> None:
    samples, labels, test = letters.images()
    stored = arrays("letters_mlp.npz")
    trained = letters.train(samples[~test].astype(np.float32), labels[~test])
    assert (stored["images"] == samples[test]).all()
    assert np.allclose(stored["hidden"], trained["hidden"], atol=1e-2)
    assert (letters.scores(samples[test].astype(np.float32), trained).argmax(axis=1) == labels[test]).mean() > 0.95


def test_the_stored_convolutional_network_reads_digits() -> None:
    """The float network of the file, evaluated by the trainer's own code, with its roundings."""
    stored, digits = arrays("digits_cnn.npz"), arrays("digits_mlp.npz")
    network = digits_cnn.TrainedCnn(np.random.default_rng(0))
    for index in (0, 1):
        taps = stored[f"conv{index + 1}"].transpose(2, 3, 1, 0)
        network.weights[index] = np.ascontiguousarray(taps.reshape(-1, taps.shape[3]))
        network.biases[index] = stored[f"conv{index + 1}_bias"]
    dense = stored["dense"].reshape(10, 32, 7, 7).transpose(2, 3, 1, 0)
    network.weights[2], network.biases[2] = np.ascontiguousarray(dense.reshape(-1, 10)), stored["dense_bias"]
    assert digits_cnn.accuracy(network, digits["images"][:500], digits["labels"][:500]) > 0.97
