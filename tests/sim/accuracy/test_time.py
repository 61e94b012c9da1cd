"""Data never steer the clock: traces are the same to the byte with errors on and off."""

from __future__ import annotations

from pathlib import Path

import pytest

from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from judge.generate import generate

from .population import ALL, with_errors


def trace_of(folder: Path, name: str, case: object, chip: object, seed: int | None) -> bytes:
    path = folder / name
    run(case.program, chip, inputs=case.inputs, trace=path, noise_seed=seed)  # type: ignore[attr-defined,arg-type]
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(8))
def test_traces_of_random_programs_are_equal(tmp_path: Path, seed: int) -> None:
    case = generate(seed)
    chip = with_errors(case.chip, ALL)
    off, on = (trace_of(tmp_path, f"{one}.actrace", case, chip, one) for one in (None, 3))
    assert on == off


def test_a_run_of_digits_differs_in_its_values_alone() -> None:
    program = zoo.load("digits_mlp")
    inputs = program.samples["image"][:20]
    chip = load_chip("acortex_digits", ALL)
    reports = [run(program, chip, inputs=inputs, noise_seed=seed).report.as_dict() for seed in (None, 1)]
    differ = {name for name in reports[0] if reports[0][name] != reports[1][name]}
    assert differ == {"errors"}
