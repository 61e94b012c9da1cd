"""The script that trains on chips of a technology: its chips are those of the simulator, and its file runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.programs import digits_reference, zoo
from acortex.sim.accuracy.study import accuracy
from acortex.sim.chip.specs import load_chip
from acortex.tools import aware_training
from acortex.tools.aware_training import Chips

NAME = "digits_mlp_unsaturated"
NOTHING = ["arrays.cell=digital_sram"]
HARDLY = [*NOTHING, "errors.ramp_inl_codes=1e-9"]
"""A chip with an error that moves no sum by more than float32 tells."""

ERRORS = ["errors.neuron_offset_codes=1", "errors.tuning_pct=10", "errors.tuning_of=full_scale"]


@pytest.fixture(scope="module")
def data() -> dict[str, np.ndarray]:
    return aware_training.weights_of(NAME)


@pytest.fixture
def digits_file(tmp_path: Path) -> Path:
    """8,000 digits in the form of the training data: 500 of the shipped ones, sixteen times."""
    path = tmp_path / "digits.npz"
    shipped = digits_reference.load()
    images, labels = (np.concatenate([shipped[name][:500]] * 16) for name in ("images", "labels"))
    np.savez(path, images=np.packbits(images, axis=1), labels=labels)
    return path


def images_with_fill(data: dict[str, np.ndarray]) -> np.ndarray:
    images = digits_reference.load()["images"][:30]
    return np.concatenate([images, np.full((30, 1), data["hidden_fill"], np.uint8)], axis=1)


def test_a_chip_without_errors_gives_exact_sums(data: dict[str, np.ndarray]) -> None:
    one = Chips.of(zoo.load(NAME), load_chip("acortex_digits", HARDLY))(3, data)
    codes = images_with_fill(data)
    assert np.array_equal(one("hidden", codes), codes.astype(int) @ data["hidden"].astype(int))
    hidden = np.arange(65 * 4, dtype=np.uint8).reshape(4, 65) % 16
    assert np.array_equal(one("output", hidden), hidden.astype(int) @ data["output"].astype(int))


def test_chips_have_the_errors_that_are_stated_and_differ(data: dict[str, np.ndarray]) -> None:
    chips = Chips.of(zoo.load(NAME), load_chip("acortex_digits", [*NOTHING, "errors.neuron_offset_codes=1"]))
    codes = images_with_fill(data)
    exact = codes.astype(int) @ data["hidden"].astype(int)
    code = 2.0 ** int(data["hidden_shift"]) / int(data["hidden_multiplier"])
    offsets = np.stack([(chips(number, data)("hidden", codes) - exact) / code for number in range(40)])
    assert np.allclose(offsets, offsets[:, :1], atol=1e-3)  # one offset for each neuron of a chip
    spread = offsets[:, 0].std()
    assert spread == pytest.approx(1, abs=5 / (2 * 40 * 64) ** 0.5)


def test_weights_of_then_are_written(data: dict[str, np.ndarray]) -> None:
    chips = Chips.of(zoo.load(NAME), load_chip("acortex_digits", HARDLY))
    codes = images_with_fill(data)
    turned = {**data, "hidden": -data["hidden"].clip(-7, 7)}
    assert np.array_equal(chips(0, turned)("hidden", codes), codes.astype(int) @ turned["hidden"].astype(int))


@pytest.mark.slow
def test_the_script_writes_the_same_weights_each_time(tmp_path: Path, digits_file: Path) -> None:
    settings = [part for one in ERRORS for part in ("--set", one)]
    written = []
    for name in ("one.npz", "two.npz"):
        options = ["--data", str(digits_file), "--like", NAME, *settings, "--epochs", "1", "-o", str(tmp_path / name)]
        aware_training.main(options)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]
    data = digits_reference.load(tmp_path / "one.npz")
    first = aware_training.weights_of(NAME)
    assert {name: one.shape for name, one in data.items()} == {name: one.shape for name, one in first.items()}
    assert not np.array_equal(data["hidden"], first["hidden"])
    assert all(data[name] == first[name] for name in aware_training.CONSTANTS)


def test_the_aware_network_of_the_zoo_stands_errors_better() -> None:
    chip = load_chip("acortex_digits", ERRORS)
    unaware, aware = (accuracy(zoo.load(name), chip, chips=20) for name in (NAME, "digits_mlp_aware"))
    assert aware.accuracy.mean > unaware.accuracy.mean + 0.01
    assert aware.accuracy.sd < unaware.accuracy.sd
    assert aware.ideal > unaware.ideal - 0.01


def test_another_network_than_digits_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        aware_training.recipe_like("letters_mlp")
    assert str(caught.value).startswith(
        "letters_mlp is no digits network in assembly\n  hint: take one of digits_mlp, "
    )


def test_a_chip_without_errors_is_refused() -> None:
    with pytest.raises(UsageError, match="acortex_digits states no errors to train with"):
        Chips.of(zoo.load(NAME), load_chip("acortex_digits", NOTHING))
