"""Writing weights in time: array by array, by a fixed number of pulses a row of cells, before cycle 0 of the run."""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import Any

import pytest

from acortex.isa import assemble
from acortex.sim.chip.prices import prices
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run

CHIP = load_chip("acortex_digits")

# Each of 64 rows: 8 levels of 4 pulses of 1,000 ns with 100 ns to verify, in cycles of 1.785 ns, rounded up once.
ARRAY = 64 * ceil(Decimal(8 * 4 * (1000 + 100)) / CHIP.clock_ns)

ISSUED = 3
"""Cycles until a `program` that stands third is seen by its agent: one for each instruction."""


def source(*heights: int) -> str:
    """A program that does nothing but write groups of so many arrays, all in one column."""
    lines = [".program writing", ".chip acortex_digits"]
    for number, height in enumerate(heights):
        ones = "\n".join(".row 1" for _ in range(64 * height))
        lines += [f".weights w{number}, {64 * height}x1", ones]
    for number, height in enumerate(heights):
        lines += [
            f"group g{number}, {64 * height}, 1",
            f"rect g{number}, 0, {sum(heights[:number])}, height={height}",
            f"program g{number}, w{number}",
        ]
    return "\n".join([*lines, "start", "halt"])


def setup_of(text: str, *settings: str) -> Any:
    return run(assemble(text), load_chip("acortex_digits", settings)).report["setup"]


@pytest.mark.parametrize("heights", [(1,), (3,), (1, 1), (2, 3)])
def test_arrays_are_written_one_after_the_other_without_a_gap(heights: tuple[int, ...]) -> None:
    assert setup_of(source(*heights))["cycles"] == ISSUED + sum(heights) * ARRAY


def test_a_row_takes_whole_cycles_rounded_up() -> None:
    quick = ["program_erase.levels=1", "program_erase.pulses_per_level=1", "program_erase.verify_ns=0"]
    exact = setup_of(source(1), *quick, "program_erase.pulse_ns=1.785")
    longer = setup_of(source(1), *quick, "program_erase.pulse_ns=1.786")
    assert (exact["cycles"], longer["cycles"]) == (ISSUED + 64, ISSUED + 2 * 64)


def test_writing_is_paid_by_the_set_up_alone() -> None:
    report = run(assemble(source(2))).report
    pulses = 2 * 64 * 64 * 2 * 8 * 4  # two cells a weight, one for each sign
    assert report["setup"]["energy_by_component_aj"]["program_erase"] == pulses * 500 * 10**6  # 500 pJ each
    assert report["setup"]["energy_by_component_aj"]["leakage"] == (
        report["setup"]["cycles"] * prices(CHIP).leakage_aj_per_cycle
    )
    assert report["energy_by_component_aj"]["program_erase"] == 0
    assert report["utilisation"]["program_erase"]["busy"] == 0
