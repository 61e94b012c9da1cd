"""Random chips move every setting of a chip, or another test is named that does: a new setting fails here."""

from __future__ import annotations

import random

import pytest

from acortex.sim.chip.specs import SETTINGS
from judge.plans import random_chip
from judge.plant import ROOT

CHIPS = 40

NOT_DRAWN = {
    "arrays.k": "tests/judge/test_random.py",  # the program of a seed is drawn for each
    "memory.least_access_ns": "tests/sim/chip/test_moves.py",  # bounds others, moves nothing
    "memory.least_latency_ns": "tests/sim/chip/test_moves.py",
    "energy.activity": "tests/sim/analog/test_activity.py",  # says how a figure was measured, and moves nothing
    "clock_ns": "tests/sim/timing/test_laws.py",
    "program_erase.pulses_per_level": "tests/sim/timing/test_program_erase.py",  # writing would take most cycles
    "program_erase.pulse_ns": "tests/sim/timing/test_laws.py",
    "instruction_memory.words": "tests/sim/functional/test_rules.py",  # or else no program would fit
    "host.part_ns": "tests/sim/timing/test_host_work.py",  # the judge knows no work of the host yet
    "host.operations_per_ns": "tests/sim/timing/test_host_work.py",
    "arrays.cell": "tests/sim/chip/test_technologies.py",  # brings values of settings that are drawn
    "memory.type": "tests/sim/chip/test_technologies.py",
    "buses.pricing": "tests/sim/chip/test_prices.py",
    "energy.*": "tests/sim/timing/test_laws.py",
    "area.*": "tests/sim/chip/test_moves.py",
    "errors.*": "tests/sim/accuracy/test_each_error.py",
}
"""What random chips have in common, and the test that moves it; `*` stands for all other settings of a section."""


def instead(path: str) -> str | None:
    """The test that moves a setting in the place of random chips."""
    return NOT_DRAWN.get(path, NOT_DRAWN.get(f"{path.partition('.')[0]}.*"))


@pytest.fixture(scope="module")
def drawn() -> set[str]:
    """The settings of which random chips have several values."""
    chips = [random_chip(random.Random(seed)) for seed in range(CHIPS)]
    return {path for path in SETTINGS if len({chip.value(path) for chip in chips}) > 1}


def test_every_setting_is_drawn_or_moved_by_a_test_that_is_named(drawn: set[str]) -> None:
    assert [path for path in SETTINGS if path not in drawn and instead(path) is None] == []


def test_what_is_drawn_is_not_said_not_to_be(drawn: set[str]) -> None:
    assert [path for path in sorted(drawn) if instead(path)] == []


@pytest.mark.parametrize("path", NOT_DRAWN)
def test_a_setting_that_is_not_drawn_exists_and_so_does_its_test(path: str) -> None:
    section, _, name = path.rpartition(".")
    assert path in SETTINGS or (name == "*" and any(one.startswith(f"{section}.") for one in SETTINGS))
    assert (ROOT / NOT_DRAWN[path]).is_file()
