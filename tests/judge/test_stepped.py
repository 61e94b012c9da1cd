"""The event-driven chip and the cycle-stepped one agree on every event, wait and output of written programs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.isa import assemble_file
from acortex.programs import digits_reference
from acortex.sim.chip.specs import load_chip
from judge.compare import QUICK_WRITES, differences

DIGITS = digits_reference.DATA.with_name("digits_mlp.s")


@pytest.mark.parametrize(
    "settings",
    [
        [],
        ["memory.ports=2", "memory.access_cycles=3", "memory.banks=2", "buses.down_lanes=2"],
        ["arrays.overlap_loads=true", "arrays.frame_ns=1", "neurons.cycles_per_step=2", "controller.queue_depth=1"],
    ],
    ids=["published", "two ports", "short frames"],
)
def test_digits_take_the_same_time_on_both(settings: list[str]) -> None:
    program = assemble_file(DIGITS)
    images = program.samples["image"][:9]
    found, *_ = differences(program, load_chip("acortex_digits", QUICK_WRITES + settings), {"image": images}, 9)
    assert found == []


@pytest.mark.slow
def test_a_hundred_thousand_cycles_take_the_same_time_on_both() -> None:
    program = assemble_file(DIGITS)
    images = np.tile(program.samples["image"], (4, 1))[:1100]
    found, result, _ = differences(program, load_chip("acortex_digits", QUICK_WRITES), {"image": images}, len(images))
    assert found == []
    assert result.cycles >= 100_000


@pytest.mark.sampled(6)
@pytest.mark.parametrize("source", sorted(DIGITS.parent.glob("*.s")), ids=lambda path: path.stem)
def test_every_program_of_ours_takes_the_same_time_on_both(source: Path) -> None:
    program = assemble_file(source)
    chance = np.random.default_rng(0)
    codes = {t.name: chance.integers(0, 2, (2, *t.shapes[0])).astype(np.uint8) for t in program.inputs}
    inputs = {name: array[:3] for name, array in program.samples.items()} or codes
    count = len(next(iter(inputs.values()), [0]))
    found, *_ = differences(program, load_chip(program.chip, QUICK_WRITES), inputs, count)
    assert found == []
