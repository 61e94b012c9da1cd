"""The digits network's data file: what it holds, whose it is, and how well it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.programs import digits_reference

CLAIMED = 0.967
"""The accuracy that programs/DATA.md states, rounded down."""

Data = dict[str, NDArray[Any]]


@pytest.fixture(scope="module")
def data() -> Data:
    return digits_reference.load()


def test_the_reference_is_as_accurate_as_claimed(data: Data) -> None:
    codes = digits_reference.evaluate(data["images"], data)
    assert digits_reference.accuracy(codes, data["labels"]) >= CLAIMED


@pytest.mark.parametrize(
    ("name", "dtype", "shape", "low", "high"),
    [
        ("images", "uint8", (1500, 784), 0, 1),
        ("labels", "uint8", (1500,), 0, 9),
        ("hidden", "int8", (785, 64), -8, 7),
        ("output", "int8", (65, 10), -8, 7),
        ("hidden_multiplier", "int64", (), 1, 65536),
        ("hidden_shift", "int64", (), 0, 63),
        ("hidden_zero", "int64", (), 0, 0),
        ("hidden_fill", "int64", (), 1, 15),
        ("output_multiplier", "int64", (), 1, 65536),
        ("output_shift", "int64", (), 0, 63),
        ("output_zero", "int64", (), 1, 15),
        ("output_fill", "int64", (), 1, 15),
    ],
)
def test_every_array_has_its_type_shape_and_range(
    data: Data, name: str, dtype: str, shape: tuple[int, ...], low: int, high: int
) -> None:
    array = data[name]
    assert (str(array.dtype), array.shape) == (dtype, shape)
    assert low <= array.min() <= array.max() <= high


def test_source_and_licence_travel_with_the_data(data: Data) -> None:
    text = str(data["licence"])
    for part in ("MNIST", "LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "`mnist` 1.1.0 (MIT)"):
        assert part in text


def test_the_page_beside_the_data_names_source_licence_and_every_array(data: Data) -> None:
    page = Path(digits_reference.DATA).with_name("DATA.md").read_text(encoding="utf-8")
    assert "CC BY-SA 3.0" in page and "LeCun" in page
    for name in data:
        assert f"`{name}`" in page or f"`_{name.partition('_')[2]}`" in page


def test_the_file_is_small() -> None:
    assert digits_reference.DATA.stat().st_size < 100_000


def test_all_ten_digits_are_tested(data: Data) -> None:
    assert np.bincount(data["labels"]).min() > 100


def test_the_last_pixel_has_weights_although_it_is_never_on(data: Data) -> None:
    # A program that feeds one channel too few puts the fill code on this row: that must show.
    assert not data["images"][:, 783].any()
    assert np.count_nonzero(data["hidden"][783]) > 32


def test_every_code_occurs_at_the_outputs(data: Data) -> None:
    # The range of the quantiser is used from end to end, so that its zero, low and high show.
    codes = digits_reference.evaluate(data["images"], data)
    assert np.bincount(codes.reshape(-1), minlength=16).min() > 0


def test_every_hidden_neuron_takes_part(data: Data) -> None:
    hidden = digits_reference._layer(data["images"].astype(np.int64), data, "hidden")
    assert hidden.max(axis=0).min() > 0
