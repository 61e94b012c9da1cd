"""The timing anomaly that docs/timing-anomalies.md follows is as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run

CHECKOUT = Path(__file__).parents[2]
PAGE = (CHECKOUT / "docs" / "timing-anomalies.md").read_text()
ROWS = re.findall(r"^\| (\d+)[^|]* \| ([\d,]+) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("words", "cycles"), ROWS)
def test_the_page_has_the_cycles_of_each_queue(words: str, cycles: str) -> None:
    program = assemble_file(CHECKOUT / "programs" / "residual.s")
    chip = load_chip(program.chip, [f"vector.queue_words={words}"])
    assert f"{run(program, chip, values=False).cycles:,}" == cycles


def test_the_page_has_a_queue_of_one_word_and_the_chip_s_own() -> None:
    words = [int(words) for words, _ in ROWS]
    assert words[0] == 1
    assert words[-1] == load_chip("acortex_resnet").vector.queue_words
