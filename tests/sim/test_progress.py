"""What a run tells of its progress: inferences, or instructions where there is but one inference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.isa import assemble, assemble_file
from acortex.sim.run import run

DIGITS = Path(__file__).parents[2] / "programs" / "digits_mlp.s"
LOOP = ".program loop\n.chip acortex_digits\nstart\nloop l0, 9000\nturn: nop\nnext l0, turn\nhalt"

Told = list[tuple[int, int]]


def grows(told: Told, whole: int) -> bool:
    """Whether something was told, never more than there is, and never less than before."""
    done = [so_far for so_far, _ in told]
    return {total for _, total in told} == {whole} and done == sorted(done) and 0 < done[-1] <= whole


@pytest.mark.parametrize("timing", [True, False])
def test_many_inferences_are_counted(timing: bool) -> None:
    told: Told = []
    images = np.zeros((200, 784), dtype=np.uint8)
    run(assemble_file(DIGITS), inputs=images, timing=timing, progress=lambda *now: told.append(now))
    assert grows(told, 200)


def test_of_a_single_inference_the_instructions_are_counted() -> None:
    told: Told = []
    report = run(assemble(LOOP), progress=lambda *now: told.append(now)).report
    assert grows(told, report["counts"]["instructions"])
