"""With every error at zero, the analog path computes what the ideal chip does: bit for bit, on every chip."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.tools.open.machine import machine_of
from judge.generate import generate

from .population import ALL, FIXED, MAGNITUDES, ZERO, Outputs, computed, ideal, with_errors

QUICK = ("digits_mlp", "letters_mlp", "lstm")
SLOW = ("digits_cnn", "inception_v1", "resnet152", "gnmt", "mobilenet")


def equal_on_all(found: Outputs, wanted: Outputs, chips: int) -> bool:
    return all(
        len(found[name]) == chips and all(np.array_equal(one, wanted[name]) for one in found[name]) for name in wanted
    )


def none_on(name: str) -> bool:
    """Whether a network of the zoo gives on three chips with all errors at zero what it gives on the ideal one."""
    entry = zoo.entry(name)
    chip = load_chip(entry.chip)
    program = zoo.load(name, machine_of(chip))
    inputs = {one.name: program.samples[one.name][:3] for one in program.inputs} if program.samples else None
    found = computed(program, with_errors(chip, ZERO), range(3), inputs=inputs)
    return equal_on_all(found, ideal(program, chip, inputs), 3)


@pytest.mark.parametrize("name", QUICK)
def test_zero_errors_are_none(name: str) -> None:
    assert none_on(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_zero_errors_are_none_in_large_networks(name: str) -> None:
    assert none_on(name)


@pytest.mark.parametrize("seed", range(20))
def test_zero_errors_are_none_in_random_programs(seed: int) -> None:
    case = generate(seed)
    found = computed(case.program, with_errors(case.chip, ZERO), range(3), inputs=case.inputs)
    assert equal_on_all(found, ideal(case.program, case.chip, case.inputs), 3)


@pytest.mark.parametrize("k", [32, 128])
@pytest.mark.parametrize("seed", range(6))
def test_zero_errors_are_none_on_arrays_of_another_side(seed: int, k: int) -> None:
    case = generate(seed, k)
    found = computed(case.program, with_errors(case.chip, ZERO), range(2), inputs=case.inputs)
    assert equal_on_all(found, ideal(case.program, case.chip, case.inputs), 2)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 120))
def test_zero_errors_are_none_in_many_random_programs(seed: int) -> None:
    case = generate(seed)
    found = computed(case.program, with_errors(case.chip, ZERO), range(3), inputs=case.inputs)
    assert equal_on_all(found, ideal(case.program, case.chip, case.inputs), 3)


def test_the_list_of_zeros_has_every_error() -> None:
    assert len(ZERO) == len(MAGNITUDES) - len(FIXED)
    assert set(ALL) & set(ZERO) == set()


def test_errors_do_change_what_random_programs_compute() -> None:
    changed = 0
    for seed in range(24):
        case = generate(seed)
        found = computed(case.program, with_errors(case.chip, ALL), range(3), inputs=case.inputs)
        changed += not equal_on_all(found, ideal(case.program, case.chip, case.inputs), 3)
    assert changed >= 6
