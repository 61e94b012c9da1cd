"""The digits network with weights of other trainings: each program is that of its data file, and its check says so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.codec import decode
from acortex.isa.program import Program
from acortex.programs import digits_reference, variants, zoo
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run

VARIANTS = [one.name for one in zoo.ENTRIES if one.weights]


def data_of(name: str) -> dict[str, np.ndarray]:
    return digits_reference.load(FOLDER / zoo.entry(name).weights)


def scores(program: Program, images: np.ndarray) -> np.ndarray:
    result = run(program, load_chip("acortex_digits"), inputs=images, timing=False)
    found: np.ndarray = result.outputs["scores"]
    return found


@pytest.mark.parametrize("name", VARIANTS)
def test_it_answers_every_test_digit_as_the_reference_does(name: str) -> None:
    program = zoo.load(name)
    images = program.samples["image"]
    expected = digits_reference.evaluate(images, data_of(name))
    assert np.array_equal(scores(program, images), expected)
    assert not np.array_equal(expected, digits_reference.evaluate(images))


@pytest.mark.parametrize("name", VARIANTS)
def test_its_check_is_its_own(name: str) -> None:
    program = zoo.load(name)
    check = zoo.check_of(program)
    assert check is not None
    images = program.samples["image"][:50]
    assert np.array_equal(check(images), digits_reference.evaluate(images, data_of(name)))
    assert zoo.check_of(replace(program, name="digits_mlp")) is None


@pytest.mark.parametrize("name", VARIANTS)
def test_it_differs_from_the_digits_network_in_its_name_weights_and_constants_alone(name: str) -> None:
    program, usual = zoo.load(name), zoo.load("digits_mlp")
    assert (program.inputs, program.outputs, program.chip) == (usual.inputs, usual.outputs, usual.chip)
    assert np.array_equal(program.samples["image"], usual.samples["image"])
    rows = [[decode(int(word)).row.mnemonic for word in one.words] for one in (program, usual)]
    assert rows[0] == rows[1]
    moved = {rows[0][at] for at in np.flatnonzero(program.words != usual.words)}
    assert moved <= {"quant", "feed"}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_data_file_has_what_the_reference_needs_its_licence_and_no_digits(name: str) -> None:
    data, usual = data_of(name), digits_reference.load()
    assert set(data) == set(usual) - {"images", "labels"}
    assert {key: (one.shape, one.dtype) for key, one in data.items() if key != "licence"} == {
        key: (one.shape, one.dtype) for key, one in usual.items() if key in data and key != "licence"
    }
    for matrix in ("hidden", "output"):
        assert data[matrix].min() >= -8 and data[matrix].max() <= 7
    assert "CC BY-SA 3.0" in str(data["licence"]) and "LeCun" in str(data["licence"])
    assert (FOLDER / zoo.entry(name).weights).stat().st_size < 50_000


@pytest.mark.parametrize("name", VARIANTS)
def test_the_page_of_the_data_names_the_file(name: str) -> None:
    page = (FOLDER / "DATA.md").read_text()
    assert f"`{zoo.entry(name).weights}`" in page


def test_activations_of_the_unsaturated_network_stay_within_their_range() -> None:
    shares = {}
    for name in ("digits_mlp", "digits_mlp_unsaturated"):
        data = data_of(name) if zoo.entry(name).weights else digits_reference.load()
        images = zoo.load("digits_mlp").samples["image"].astype(np.int64)
        shares[name] = float((digits_reference._layer(images, data, "hidden") == 15).mean())
    assert shares["digits_mlp_unsaturated"] < 0.005 < 0.05 < shares["digits_mlp"]


def test_a_source_without_a_constant_of_the_data_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "digits_mlp.s").read_text().replace("OUTPUT_FILL", "OTHER_FILL")
    path = tmp_path / "digits.s"
    path.write_text(text)
    with pytest.raises(ValueError, match="0 lines define the constant OUTPUT_FILL"):
        variants.assembled("mine", path, zoo.entry(VARIANTS[0]).weights)
