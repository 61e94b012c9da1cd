"""The independent evaluation that a program of the zoo brings along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from acortex.isa.asm.assembler import assemble
from acortex.programs import zoo
from acortex.tools.cli import cli
from acortex.tools.digits_check import verification

NAMESAKE = """
        .program digits_mlp
        .chip   acortex_digits
        .input  image, shape=64
        .output scores, shape=64
        start
        loop    l0, host
turn:   inference l0
        base    d0, 0
        input   image, d0
        signal  host_in, t0
        await   host_out, t0
        output  scores, d0
        endinference
        next    l0, turn
        halt
"""
"""A program of a user's own under the name of one of the zoo."""


def test_another_program_of_the_same_name_is_not_compared(tmp_path: Path) -> None:
    path = tmp_path / "digits_mlp.s"
    path.write_text(NAMESAKE)
    ran = CliRunner().invoke(cli, ["run", str(path), "--format", "json"], prog_name="acortex")
    assert ran.exit_code == 0, ran.output
    assert '"verification": null' in ran.stdout


def test_the_program_of_the_zoo_is_compared_wherever_it_lies() -> None:
    program = zoo.load("digits_mlp")
    wrong = np.zeros((len(program.samples["image"]), 10), np.uint8)
    checked = verification(program, None, {"scores": wrong})
    assert checked is not None and not checked["equal"]


def test_a_program_with_weights_of_its_own_is_not_compared() -> None:
    program = zoo.load("digits_mlp")
    weights = tuple(replace(one, values=-one.values) for one in program.weights)
    assert zoo.check_of(program) is not None
    assert zoo.check_of(replace(program, weights=weights)) is None
    assert zoo.check_of(replace(program, name="mine")) is None


@pytest.mark.parametrize("side", ["inputs", "outputs"])
@pytest.mark.parametrize("changed", [{"name": "other"}, {"bits": 3}, {"shapes": ((784, 1),)}], ids=str)
def test_a_program_with_other_tensors_is_not_compared(side: str, changed: dict[str, Any]) -> None:
    program = zoo.load("digits_mlp")
    first, *others = getattr(program, side)
    assert zoo.check_of(replace(program, **{side: (replace(first, **changed), *others)})) is None


def test_a_program_with_one_other_weight_or_matrix_is_not_compared() -> None:
    program = zoo.load("digits_mlp")
    first, *others = program.weights
    assert others
    for one in (first, others[-1]):
        values = one.values.copy()
        values[-1, -1] ^= 1
        weights = tuple(replace(each, values=values) if each is one else each for each in program.weights)
        assert zoo.check_of(replace(program, weights=weights)) is None
    assert zoo.check_of(replace(program, weights=(*program.weights, replace(first, name="more")))) is None
    assert zoo.check_of(replace(program, weights=(first,))) is None
    assert zoo.check_of(replace(program, weights=(replace(first, name="renamed"), *others))) is None


def test_a_program_without_a_check_is_not_compared() -> None:
    assert verification(assemble(NAMESAKE), None, {"scores": np.zeros((1, 64), np.uint8)}) is None
