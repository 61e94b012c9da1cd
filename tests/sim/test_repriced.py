"""One simulation priced for several chips gives each of them the numbers of its own run."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.chip.timing_settings import WITHOUT_TIME, sha256_of_time, sha256_of_values
from acortex.sim.repriced import reports
from acortex.sim.run import prepare

PROGRAM = assemble_file(Path(__file__).parents[2] / "programs" / "conv3x3.s")
MOVES = [path for path in WITHOUT_TIME if path.startswith(("energy.", "area.", "memory."))]


def other(path: str) -> str:
    """An override that gives a setting another value, within its bounds."""
    chip, setting = load_chip(PROGRAM.chip), SETTINGS[path]
    value = chip.value(path)
    if setting.choices:
        return f"{path}={next(one for one in setting.choices if one != value)}"
    moved = value * 2 if setting.high is None or value * 2 <= setting.high else value / 2
    return f"{path}={int(moved) if setting.kind == 'integer' else f'{moved:.12f}'}"


def chips(seed: int) -> list[Chip]:
    generator = random.Random(seed)
    return [load_chip(PROGRAM.chip, [other(path) for path in generator.sample(MOVES, 5)]) for _ in range(3)]


@pytest.mark.parametrize("seed", range(5))
def test_numbers_are_those_of_a_run_on_each_chip(seed: int) -> None:
    some = chips(seed)
    priced = reports(prepare(PROGRAM, load_chip(PROGRAM.chip)), some)
    for chip, found in zip(some, priced, strict=True):
        own = prepare(PROGRAM, chip).time().report
        how = {"order_checked": None, "warnings": [], "skipped": None}  # of the way there, and not of the run
        assert found.model_copy(update=how) == own.model_copy(update=how)


@pytest.mark.parametrize("path", MOVES)
def test_each_setting_that_is_said_to_move_no_cycle_keeps_the_key(path: str) -> None:
    assert sha256_of_time(load_chip(PROGRAM.chip, [other(path)])) == sha256_of_time(load_chip(PROGRAM.chip))


@pytest.mark.parametrize("override", ["memory.ports=2", "clock_ns=3", "memory.capacity_kb=512", "neurons.bits=3"])
def test_chips_that_differ_in_time_are_refused(override: str) -> None:
    with pytest.raises(ValueError, match="moves time"):
        reports(prepare(PROGRAM), [load_chip(PROGRAM.chip, [override])])
    with pytest.raises(ValueError, match="moves time"):
        reports(prepare(PROGRAM), [load_chip(PROGRAM.chip, some) for some in ((), (override,), ())])


def test_ideal_chips_compute_the_same_and_those_with_errors_do_not() -> None:
    ideal, ported = load_chip(PROGRAM.chip), load_chip(PROGRAM.chip, ["memory.ports=2"])
    assert sha256_of_values(ideal) == sha256_of_values(ported)
    noisy = [load_chip(PROGRAM.chip, ["errors.model=analog", f"errors.tuning_pct={n}"]) for n in (1, 2)]
    assert len({sha256_of_values(chip) for chip in (ideal, *noisy)}) == 3


def test_prices_change_no_value_of_a_chip_with_errors() -> None:
    one, other_ = (load_chip(PROGRAM.chip, ["errors.model=analog", f"energy.array_pj={n}"]) for n in (1, 2))
    assert sha256_of_values(one) == sha256_of_values(other_)
