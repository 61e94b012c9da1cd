"""The training of the digits network: its parts do what they say, and a tiny budget gives the same bytes each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.programs import digits_reference
from acortex.programs.training import digits as train_digits
from acortex.programs.training.digits import Bytes, Recipe

STILL = replace(Recipe(), turn=0, zoom=0, shear=0, shift=0, bend=0)
"""A recipe that distorts nothing."""


@pytest.fixture(scope="module")
def digits() -> tuple[Bytes, Bytes]:
    """500 of the shipped digits: images and labels."""
    data = digits_reference.load()
    return data["images"][:500], data["labels"][:500]


@pytest.fixture
def digits_file(tmp_path: Path, digits: tuple[Bytes, Bytes]) -> Path:
    """A file of 8,000 digits in the form of the training data: the 500, sixteen times."""
    path = tmp_path / "digits.npz"
    images, labels = (np.concatenate([array] * 16) for array in digits)
    np.savez(path, images=np.packbits(images, axis=1), labels=labels)
    return path


# Distortion


def test_no_distortion_leaves_a_digit_as_it_is(digits: tuple[Bytes, Bytes]) -> None:
    images = digits[0][:50]
    assert (train_digits.distort(images, STILL, np.random.default_rng(1)) == images).all()


def test_each_copy_of_a_digit_is_distorted_its_own_way(digits: tuple[Bytes, Bytes]) -> None:
    copies = np.repeat(digits[0][:1], 20, axis=0)
    distorted = train_digits.distort(copies, Recipe(), np.random.default_rng(1))
    assert len(np.unique(distorted, axis=0)) == 20


def test_a_distorted_digit_is_binary_and_about_as_thick(digits: tuple[Bytes, Bytes]) -> None:
    distorted = train_digits.distort(digits[0], Recipe(), np.random.default_rng(1))
    assert set(np.unique(distorted)) == {0, 1}
    assert distorted.mean() == pytest.approx(digits[0].mean(), rel=0.1)


def test_a_shift_moves_whole_digits(digits: tuple[Bytes, Bytes]) -> None:
    rng = np.random.default_rng(1)
    moved = train_digits.distort(np.repeat(digits[0][:1], 200, axis=0), replace(STILL, shift=2.0), rng)
    rows = np.arange(28) @ moved.reshape(-1, 28, 28).sum(axis=2).T / moved.sum(axis=1)
    assert 1.5 < rows.std() < 2.5


def test_an_epoch_shows_every_digit_once(digits: tuple[Bytes, Bytes]) -> None:
    images, labels = digits
    recipe = replace(STILL, epochs=1, batch=130)
    seen = list(train_digits.batches(images, labels, recipe, np.random.default_rng(1)))
    assert [len(x) for x, _ in seen] == [130, 130, 130, 110]
    shown = np.concatenate([np.column_stack([x, target.argmax(axis=1)]) for x, target in seen])
    given = np.column_stack([images, labels])
    assert sorted(map(bytes, shown.astype(np.uint8))) == sorted(map(bytes, given))


# Rounding and gradients


def test_codes_are_whole_numbers_from_0_to_15_and_halves_go_to_the_even_one() -> None:
    values = np.array([-3, 0.5, 1.5, 2.4, 15.6], np.float32)
    assert train_digits.codes(values).tolist() == [0, 0, 2, 2, 15]


def test_levels_are_whole_numbers_from_minus_8_to_7() -> None:
    assert train_digits.levels(np.array([-9.1, -0.6, 0.4, 7.9], np.float32)).tolist() == [-8, -1, 0, 7]


def test_a_network_that_is_sure_and_right_has_hardly_a_gradient(digits: tuple[Bytes, Bytes]) -> None:
    network = train_digits.TrainedMlp(Recipe(), np.random.default_rng(1))
    network.output[:] = 0
    network.output[-1] = np.where(np.arange(10) == 3, 7, -8)
    x, three = digits[0][:5].astype(np.float32), np.eye(10, dtype=np.float32)[[3] * 5]
    right = max(np.abs(gradient).max() for gradient in network.gradients(x, three))
    wrong = max(np.abs(gradient).max() for gradient in network.gradients(x, three[:, ::-1]))
    assert right < 0.1 * wrong


def test_a_hidden_neuron_that_is_never_on_can_still_learn(digits: tuple[Bytes, Bytes]) -> None:
    network = train_digits.TrainedMlp(Recipe(), np.random.default_rng(1))
    network.hidden[:, 5] = -8
    hidden, _ = network.gradients(digits[0][:5].astype(np.float32), np.eye(10, dtype=np.float32)[digits[1][:5]])
    assert hidden[:, 5].any()


def test_training_learns_digits_and_the_reference_agrees(digits: tuple[Bytes, Bytes]) -> None:
    network = train_digits.train(*digits, replace(Recipe(), epochs=30))
    codes = digits_reference.evaluate(digits[0], network.arrays())
    assert digits_reference.accuracy(codes, digits[1]) > 0.9


def test_a_pixel_that_is_never_on_keeps_its_first_weights(digits: tuple[Bytes, Bytes]) -> None:
    recipe = replace(STILL, epochs=2)
    first = train_digits.TrainedMlp(recipe, np.random.default_rng(recipe.seed))
    trained = train_digits.train(*digits, recipe)
    kept = (trained.hidden[:-1] == np.clip(first.hidden[:-1], -8, 7)).all(axis=1)
    assert (kept == ~digits[0].any(axis=0)).all()


# The command


@pytest.mark.slow
def test_the_same_seed_writes_the_same_bytes(tmp_path: Path, digits_file: Path) -> None:
    written = []
    for name in ("first.npz", "second.npz"):
        train_digits.main(["--data", str(digits_file), "-o", str(tmp_path / name), "--epochs", "1"])
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_another_seed_gives_other_weights(digits: tuple[Bytes, Bytes]) -> None:
    one, two = (train_digits.train(*digits, replace(Recipe(), epochs=1, seed=seed)) for seed in (1, 2))
    assert (one.hidden != two.hidden).any()


def test_the_file_holds_the_test_digits_and_what_the_reference_needs(tmp_path: Path, digits_file: Path) -> None:
    train_digits.main(["--data", str(digits_file), "-o", str(tmp_path / "out.npz"), "--epochs", "0"])
    written, shipped = digits_reference.load(tmp_path / "out.npz"), digits_reference.load()
    assert {name: array.shape for name, array in written.items()} == {n: a.shape for n, a in shipped.items()}
    assert (written["images"] == train_digits.load_digits(digits_file)[0][6500:]).all()


def test_the_recipe_has_the_constants_of_the_shipped_file() -> None:
    network = train_digits.TrainedMlp(Recipe(), np.random.default_rng(1))
    shipped = digits_reference.load()
    constants = {name: int(array) for name, array in network.arrays().items() if array.shape == ()}
    assert constants == {name: int(shipped[name]) for name in constants}


def test_validation_holds_out_1000_training_digits_and_writes_nothing(
    tmp_path: Path, digits_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    train_digits.main(["--data", str(digits_file), "--validate", "--epochs", "0"])
    assert capsys.readouterr().out.startswith("accuracy on 1000 digits held out: ")
    assert list(tmp_path.iterdir()) == [digits_file]


def test_a_run_without_a_purpose_is_refused(digits_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as failure:
        train_digits.main(["--data", str(digits_file)])
    assert failure.value.code == 2
    assert "give -o FILE, or --validate" in capsys.readouterr().err


# Errors


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.npz"
    with pytest.raises(UsageError) as failure:
        train_digits.load_digits(path)
    assert str(failure.value).startswith(f"{path}: no digits can be read from it ([Errno 2] No such file or directory")
    assert failure.value.hint == (
        "give an .npz with packed images, uint8 of shape (8000, 98), and labels, uint8 of shape (8000,)"
    )


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"\x93NUMPY and then nothing", b"text"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "digits.npz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no digits can be read from it"):
        train_digits.load_digits(path)


def test_digits_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, images=np.zeros((10, 784), np.uint8), labels=np.zeros(10, np.uint8))
    with pytest.raises(UsageError) as failure:
        train_digits.load_digits(path)
    assert failure.value.message == "its images are uint8 of shape (10, 784), its labels uint8 of shape (10,)"


def test_labels_must_be_digits(tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, images=np.zeros((8000, 98), np.uint8), labels=np.full(8000, 10, np.uint8))
    with pytest.raises(UsageError, match="its labels go up to 10, a digit's name to 9"):
        train_digits.load_digits(path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    network = train_digits.TrainedMlp(Recipe(), np.random.default_rng(1))
    path = tmp_path / "none" / "out.npz"
    with pytest.raises(UsageError) as failure:
        train_digits.save(path, network, np.zeros((1, 784), np.uint8), np.zeros(1, np.uint8))
    assert str(failure.value) == f"{path}: it cannot be written (No such file or directory)"
