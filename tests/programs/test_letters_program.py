"""The letters program: it is the network of its data file, which follows from the trained one."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa import assemble_file
from acortex.programs.network.published import arrays
from acortex.programs.shipped import FOLDER
from acortex.programs.training import letters_levels
from acortex.sim.run import Result, run


@cache
def data() -> dict[str, NDArray[np.int64]]:
    return {name: values.astype(np.int64) for name, values in arrays("letters.npz").items()}


def scores(images: NDArray[np.int64]) -> NDArray[np.int64]:
    """The four codes of each image, by the formulas at the head of letters.s."""
    constants = data()
    hidden = images @ constants["hidden"][:-1] + constants["hidden_fill"] * constants["hidden"][-1]
    codes = np.clip(np.rint(hidden * constants["hidden_multiplier"] / 256), 0, 15).astype(np.int64)
    sums = codes @ constants["output"][:-1] + constants["output_fill"] * constants["output"][-1]
    shifted = np.rint(sums * constants["output_multiplier"] / 256) + constants["output_zero"]
    return np.clip(shifted, 0, 15).astype(np.int64)


@cache
def ran() -> Result:
    return run(assemble_file(FOLDER / "letters.s"), inputs=inputs())


def inputs() -> NDArray[np.uint8]:
    """Images of every kind, most of them no letters."""
    rng = np.random.default_rng(4)
    return np.concatenate([arrays("letters.npz")["images"], rng.integers(0, 2, (60, 16)).astype(np.uint8)])


def test_the_program_computes_what_its_head_says() -> None:
    assert np.array_equal(ran().outputs["scores"], scores(inputs().astype(np.int64)))
    assert len(np.unique(ran().outputs["scores"], axis=0)) > 50


def test_the_constants_of_the_program_are_those_of_its_data() -> None:
    source = (FOLDER / "letters.s").read_text()
    for name in ("hidden_multiplier", "hidden_fill", "output_multiplier", "output_fill", "output_zero", "shift"):
        assert f".equ    {name.upper()}, {int(data()[name])} " in source.replace("\n", " ")


def test_the_data_are_what_the_trained_network_makes() -> None:
    made, kept = letters_levels.network(arrays("letters_mlp.npz")), arrays("letters.npz")
    assert made.keys() == kept.keys()
    assert all(np.array_equal(made[name], kept[name]) for name in made)


def test_levels_use_the_whole_range_and_keep_each_weight_within_half_a_level() -> None:
    rng = np.random.default_rng(1)
    weights, bias = rng.normal(size=(6, 5)), rng.normal(size=5) * 4
    whole, fill, unit = letters_levels.levels(weights, bias)
    assert np.abs(whole).max() == letters_levels.LARGEST_WEIGHT
    assert np.abs(whole[:-1] * unit - weights).max() <= unit / 2 + 1e-12
    assert np.abs(whole[-1] * unit * fill - bias).max() <= fill * unit / 2 + 1e-12
    assert np.abs(bias).max() > (fill - 1) * unit * letters_levels.LARGEST_WEIGHT


def test_its_layers_take_the_cells_of_the_paper() -> None:
    program = assemble_file(FOLDER / "letters.s")
    assert [weights.values.shape for weights in program.weights] == [(17, 10), (11, 4)]
    assert 2 * sum(weights.values.size for weights in program.weights) == 428
    assert ran().report.chip.name == "acortex_letters"


@pytest.mark.parametrize("pixels", [0, 2])
def test_letters_are_recognised(pixels: int) -> None:
    from acortex.tools.paper.figures.letters import patterns

    images, labels = patterns(pixels)
    assert len(images) == {0: 4, 2: 480}[pixels]
    assert np.array_equal(scores(images.astype(np.int64)).argmax(axis=1), labels)
