"""Random programs on random chips, with few inferences and with many: as they skip, nothing differs.

`ACORTEX_SKIPS` says how many seeds, 25 by default; the slow run takes 300, `make nightly` 20,000.
"""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest

from acortex.sim.chip.specs import load_chip
from judge.generate import generate
from judge.plans import Case
from judge.skips import MANY, SETTINGS, Judged, cases, drawn_chip, drawn_settings, judge, shrunk, told

SEEDS = int(os.environ.get("ACORTEX_SKIPS", "25"))
SLOW = max(SEEDS, 300)


def judged(first: int, last: int) -> Judged:
    """Judges the programs of seeds."""
    total = Judged([])
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for one in pool.map(judge, range(first, last), chunksize=5):
            total.add(one)
    return total


def test_random_programs_are_equal_as_they_skip() -> None:
    total = judged(0, SEEDS)
    assert total.wrong == []
    assert total.skipping > total.ran // 4
    assert total.stuck  # programs whose chip has too short a queue: the error is the same, too


@pytest.mark.slow
def test_many_random_programs_are_equal_as_they_skip() -> None:
    total = judged(SEEDS, SLOW)
    assert total.wrong == []
    assert total.skipping > total.ran // 4


# The harness itself ---------------------------------------------------------------------------------------------------


def test_every_value_of_every_setting_is_drawn() -> None:
    drawn = [drawn_settings(seed) for seed in range(200)]
    for setting in SETTINGS:
        assert set(setting.values) <= {found.get(setting.path) for found in drawn}


def test_a_drawn_chip_has_the_settings_that_were_drawn() -> None:
    chip = drawn_chip(generate(3))
    for path, value in drawn_settings(3).items():
        section, _, name = path.partition(".")
        assert str(getattr(getattr(chip, section), name)).lower() == str(value)


def test_programs_come_with_few_inferences_and_with_many() -> None:
    counts = [case.inferences for seed in range(20) for case in cases(seed)]
    assert counts.count(MANY) >= 5
    assert min(counts) == 1


def with_two_reads(case: Case) -> bool:
    """Stands for a fault: wrong is what reads in two places, on two ports or more, with two inferences or more."""
    reads = sum(" read " in f" {line}" for line in told(case, []).split("\n"))
    return reads >= 2 and case.chip.memory.ports > 1 and case.inferences > 1


def test_what_is_wrong_is_shrunk_to_what_makes_it_wrong() -> None:
    found = next(case for seed in range(200) for case in cases(seed) if with_two_reads(case))
    small = shrunk(found, with_two_reads)
    assert small.inferences == 2
    assert small.chip.memory.ports == found.chip.memory.ports
    usual = load_chip("acortex_digits")
    assert small.chip.buses == usual.buses and small.chip.vector == usual.vector
    code = told(small, ["cycles: 1 / 2"]).split("\n")
    assert code[:2] == ["cycles: 1 / 2", "2 inferences"]
    assert sum(line[0].isdigit() for line in code[2:]) == 3  # two reads and halt
    assert replace(small, program=found.program, chip=found.chip).seed == found.seed
