"""The independent evaluation that a program of the zoo brings along."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
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


def test_a_program_without_a_check_is_not_compared() -> None:
    assert verification(assemble(NAMESAKE), None, {"scores": np.zeros((1, 64), np.uint8)}) is None
