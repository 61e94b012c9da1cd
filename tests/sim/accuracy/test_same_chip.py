"""Chip 7 of a seed is the same chip in any population, in any blocks of chips and inputs, and in `run`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.accuracy.study import accuracy
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.functional import lanes
from acortex.sim.run import run
from judge.generate import generate

from .population import ALL, Outputs, computed, with_errors


@pytest.fixture(scope="module")
def digits() -> Program:
    return zoo.load("digits_mlp")


CHIP = load_chip("acortex_digits", ALL)


def some(program: Program, count: int) -> dict[str, np.ndarray]:
    return {"image": program.samples["image"][:count]}


def same(a: Outputs, b: Outputs) -> bool:
    return all(np.array_equal(a[name], b[name]) for name in a)


def test_a_chip_is_the_same_in_every_population(digits: Program) -> None:
    inputs = some(digits, 40)
    whole = computed(digits, CHIP, range(30), inputs=inputs)["scores"]
    assert len({one.tobytes() for one in whole}) == 30
    some_of_them: tuple[Sequence[int], ...] = (range(3), (2, 0, 1), (1,), range(1, 30, 7))
    for numbers in some_of_them:
        part = computed(digits, CHIP, numbers, inputs=inputs)["scores"]
        assert np.array_equal(part, whole[list(numbers)]), numbers


def test_seeds_have_other_chips(digits: Program) -> None:
    inputs = some(digits, 40)
    found = [computed(digits, CHIP, range(2), seed, inputs)["scores"].tobytes() for seed in (0, 1, 2**63 - 1)]
    assert len(set(found)) == 3


@pytest.mark.parametrize("at_once", [1, 7, 39])
def test_reads_do_not_depend_on_the_lanes_they_are_in(
    digits: Program, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = some(digits, 40)
    whole = computed(digits, CHIP, range(3), inputs=inputs)
    monkeypatch.setattr(lanes, "lanes_of", lambda rules, chips=1: at_once)
    assert same(computed(digits, CHIP, range(3), inputs=inputs), whole)


def test_the_noise_of_reads_differs_from_input_to_input(digits: Program) -> None:
    chip = load_chip("acortex_digits", ["errors.read_pct=8"])
    alike = {"image": np.repeat(digits.samples["image"][:1], 30, axis=0)}
    found = computed(digits, chip, range(2), inputs=alike)["scores"]
    assert len({one.tobytes() for one in found.reshape(60, -1)}) > 20


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_have_the_same_chips_in_turn_and_together(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = generate(seed)
    chip = with_errors(case.chip, ALL)
    together = computed(case.program, chip, range(4), inputs=case.inputs)
    alone = [computed(case.program, chip, [number], inputs=case.inputs) for number in range(4)]
    for name, values in together.items():
        assert all(np.array_equal(one[name][0], values[at]) for at, one in enumerate(alone))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(12))
def test_inferences_are_the_same_as_lanes_and_in_turn(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = generate(seed)
    chip = with_errors(case.chip, ALL)
    lanes_or_not = computed(case.program, chip, range(2), inputs=case.inputs)
    monkeypatch.setattr(lanes, "why_not", lambda rules: "because")
    assert same(computed(case.program, chip, range(2), inputs=case.inputs), lanes_or_not)


def test_run_is_chip_0(digits: Program) -> None:
    inputs = some(digits, 30)
    wanted = computed(digits, CHIP, range(1), 5, inputs)["scores"][0]
    ran = run(digits, CHIP, inputs=inputs, noise_seed=5)
    assert np.array_equal(ran.outputs["scores"], wanted)
    assert ran.report.errors is not None and ran.report.errors.noise_seed == 5
    alone = run(digits, CHIP, inputs=some(digits, 1), noise_seed=5, timing=False)
    assert np.array_equal(alone.outputs["scores"][0], wanted[0])
    stopped = run(digits, CHIP, inputs=inputs, noise_seed=5, max_cycles=1500)
    finished = len(stopped.outputs["scores"])
    assert 0 < finished < 30
    assert np.array_equal(stopped.outputs["scores"], wanted[:finished])


def test_a_chip_whose_model_is_analog_has_errors_without_a_seed(digits: Program) -> None:
    inputs = some(digits, 30)
    chip = load_chip("acortex_digits", [*ALL, "errors.model=analog"])
    wanted = computed(digits, CHIP, range(1), 0, inputs)["scores"][0]
    assert np.array_equal(run(digits, chip, inputs=inputs, timing=False).outputs["scores"], wanted)
    assert run(digits, CHIP, inputs=inputs, timing=False).report.errors is None


def test_blocks_of_chips_change_no_number(digits: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, labels = digits.samples["image"][:50], digits.labels[:50]

    def per_chip(chips: int, chip: Chip = CHIP) -> list[float]:
        return list(accuracy(digits, chip, inputs=inputs, labels=labels, chips=chips).per_chip)

    whole = per_chip(20)
    assert per_chip(6) == whole[:6]
    monkeypatch.setattr("acortex.sim.accuracy.study.WEIGHT_BYTES", 3 * 2 * 50_890)
    assert per_chip(20) == whole
