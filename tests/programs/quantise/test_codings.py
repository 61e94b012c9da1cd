"""Codes that end in an activation and a map's coding: each sum beside the function itself, in real numbers."""

import math

import numpy as np
import pytest

from acortex.isa.arithmetic.quantisers import FRACTION, Quantiser, quantise
from acortex.programs.graph import Coding
from acortex.programs.quantise.codings import argument_scale, code_of, has_one, multipliers
from acortex.programs.steps import Activation

SUMS = np.arange(-400, 401)[:, None]

UNIT = (Coding(1 / 7, 0, 4), Coding(1 / 7, 8, 4), Coding(1 / 15, 0, 4), Coding(1 / 100, 100, 8))
"""Codings of which some code stands for 1."""

ANY = (*UNIT, Coding(0.3, 0, 4), Coding(0.3, 5, 4), Coding(0.05, 14, 4), Coding(0.11, 1, 4), Coding(0.021, 130, 8))

CASES = [
    *((one, coding) for coding in ANY for one in (
        Activation(), Activation("relu"), Activation("leaky", 0.25), Activation("leaky", 1.0),
        Activation("relu", high=1.0),
        Activation(low=-0.4, high=0.8), Activation("leaky", 0.5, low=-0.3), Activation("none", low=0.0),
    )),
    *((Activation(name), coding) for coding in UNIT for name in ("sigmoid", "tanh", "hardsigmoid")),
    *((Activation("hardswish"), coding) for coding in ANY if coding.scale >= 1 / FRACTION),
]  # fmt: skip


def codes_of(activation, target, shift=0, multiplier=1, offset=0):
    code = code_of(activation, target, shift, multiplier, offset)
    register = Quantiser(multiplier, shift, code.zero, code.low, code.high, code.activation, code.gain)
    return quantise(SUMS + offset, register)[:, 0].astype(int)


@pytest.mark.parametrize(("activation", "target"), CASES, ids=str)
def test_a_code_is_the_nearest_to_what_the_activation_makes_of_a_sum(activation, target):
    real = activation.apply(SUMS[:, 0] * argument_scale(activation, target))
    wanted = np.clip(np.rint(real / target.scale) + target.zero, 0, 2**target.bits - 1)
    found = codes_of(activation, target)
    assert np.abs(found - wanted).max() <= 1  # tables and slopes are rounded on their own
    if activation.function in ("none", "relu"):
        assert np.array_equal(found, wanted)
    assert {found.min(), found.max()} == {wanted.min(), wanted.max()}


@pytest.mark.parametrize("target", UNIT, ids=str)
@pytest.mark.parametrize("function", ["sigmoid", "tanh"])
def test_a_function_that_saturates_has_no_bound_of_its_own(function, target):
    """Its highest code is what its 1 becomes: with a lower one all of its values would be smaller."""
    held = Activation(function, low=-0.96, high=0.96)
    assert np.array_equal(codes_of(held, target), codes_of(Activation(function), target))


@pytest.mark.parametrize(
    ("function", "target", "below", "at", "above"),
    [
        ("step", Coding(0.25, 0, 4), 0, 4, 4),
        ("step", Coding(0.25, 6, 4), 6, 10, 10),
        ("step", Coding(0.25, 13, 4), 13, 15, 15),
        ("sign", Coding(0.25, 6, 4), 2, 6, 10),
        ("sign", Coding(0.25, 3, 4), 0, 3, 7),
        ("sign", Coding(0.25, 0, 4), 0, 0, 4),
        ("sign", Coding(4.0, 8, 4), 7, 8, 9),  # one step at least
    ],
)
def test_a_switch_shows_the_sign_of_a_sum(function, target, below, at, above):
    found = codes_of(Activation(function), target, multiplier=100)
    assert (set(found[:400]), found[400], set(found[401:])) == ({below}, at, {above})


@pytest.mark.parametrize(
    ("coding", "has"),
    [
        (Coding(1 / 7, 8, 4), True),  # the highest code
        (Coding(1 / 7, 9, 4), False),
        (Coding(1 / 15, 0, 4), True),
        (Coding(1 / 16, 0, 4), False),
        (Coding(0.3, 0, 4), False),
        (Coding(0.5, 0, 4), True),
        (Coding(1.0, 15, 4), False),
    ],
)
def test_whether_a_code_stands_for_one(coding, has):
    assert has_one(coding) is has


@pytest.mark.parametrize(
    ("ratio", "factor", "shift"),
    [(1.0, 1 << 16, 16), (0.5, 1 << 16, 17), (3.0, 3 << 14, 14), (1 << 16, 1 << 16, 0), (1 << 20, 1 << 16, 0)],
)
def test_a_multiplier_is_as_large_as_it_can_be(ratio, factor, shift):
    found, by = multipliers(ratio)
    assert (int(found), by) == (factor, shift) and (ratio > 1 << 16 or math.isclose(found / 2**by, ratio))
