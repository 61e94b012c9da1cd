"""Of a setting that cannot move a run it is said, and of no other: each warning is held against runs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from acortex.isa import assemble_file
from acortex.programs import zoo
from acortex.sim.chip import free
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.ledger.unmoved import IDLE
from acortex.sim.results import RunReport
from acortex.sim.run import run

PROGRAMS = Path(__file__).parents[3] / "programs"
ECHO = Path(__file__).parents[2] / "tools" / "echo.s"

OTHER = {
    "memory.banks": ("1", "2", "64"),
    "vector.queue_words": ("64", "256"),
    "vector.step_cycles": ("3", "9"),
    "arrays.frame_ns": ("5", "500"),
    "arrays.overlap_loads": ("true",),
    "neurons.cycles_per_step": ("3",),
    "neurons.adcs_per_column": ("2",),
    "buffer.words": ("300",),
    "buses.word_cycles": ("5",),
    "buses.down_lanes": ("2",),
    "program_erase.pulse_ns": ("1", "77"),
    "host.part_ns": ("0", "7"),
    "host.operations_per_ns": ("1",),
}
"""Other values of settings of every row."""

USERS = ("echo.s", "vmm.s", "vector_add.s", "residual.s", "conv3x3.s")
"""Programs that leave some part of the chip idle."""


@cache
def ran(name: str, *settings: str) -> RunReport:
    program = assemble_file(ECHO if name == "echo.s" else PROGRAMS / name)
    return run(program, load_chip(program.chip, settings), values=False).report


@pytest.mark.sampled(4)
@pytest.mark.parametrize("path", OTHER)
def test_what_is_said_to_move_no_cycle_moves_none(path: str) -> None:
    runs = [(name, ran(name, f"{path}={value}")) for name in USERS for value in OTHER[path]]
    said = [(name, found) for name, found in runs if any(one.startswith(f"{path}=") for one in found.warnings)]
    assert said
    for name, found in said:
        assert (found.cycles, found.waits) == (ran(name).cycles, ran(name).waits), name


@pytest.mark.parametrize(
    ("name", "setting", "why"),
    [
        ("vmm.s", "memory.banks=16", "with one port a bank is free as soon as the port is"),
        ("vmm.s", "vector.step_cycles=3", "the program gives the vector agent nothing to do"),
        ("echo.s", "arrays.frame_ns=5.0", "the program uses no array"),
        ("echo.s", "buffer.words=300", "nothing comes into the buffer"),
        ("echo.s", "buses.word_cycles=5", "no word crosses a bus"),
        ("vmm.s", "program_erase.pulse_ns=1.0", "weights are written before the run: it moves the set-up alone"),
    ],
)
def test_the_reason_is_said(name: str, setting: str, why: str) -> None:
    assert ran(name, setting).warnings == [f"{setting} moves no cycle of this run: {why}"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("vmm.s", ("memory.ports=2", "memory.banks=16")),
        ("vmm.s", ("memory.bank_cycles=9",)),
        ("vmm.s", ("memory.bank_cycles=1",)),
        ("residual.s", ("vector.step_cycles=3",)),
        ("vmm.s", ("arrays.frame_ns=5", "buses.word_cycles=5", "memory.ports=2")),
        ("vmm.s", ()),
    ],
)
def test_nothing_is_said_of_a_setting_that_may(name: str, settings: tuple[str, ...]) -> None:
    chip = load_chip(assemble_file(PROGRAMS / name).chip, settings)
    assert ran(name, *settings).warnings == free.warnings(chip)


@pytest.mark.parametrize("setting", ["arrays.n=4", "buses.pricing=route", "vector.line_words=2000"])
def test_nothing_is_said_of_a_setting_that_moves_no_cycle_of_any_run(setting: str) -> None:
    assert not any("moves no cycle" in warning for warning in ran("echo.s", setting).warnings)


def test_nothing_is_said_of_a_setting_that_undoes_what_a_chip_file_states(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('inherits = "acortex_digits"\n[memory]\nbank_cycles = 20\nbanks = 1\n')
    program = assemble_file(PROGRAMS / "vmm.s")
    before, after = (
        run(program, load_chip(mine, settings), values=False).report for settings in ((), ("memory.bank_cycles=2",))
    )
    assert before.cycles and after.cycles and after.cycles < before.cycles
    assert after.warnings == []


def test_nothing_is_said_of_a_part_of_a_run() -> None:
    program = zoo.load("digits_mlp")
    chip = load_chip("acortex_digits", ["vector.step_cycles=3"])
    part = run(program, chip, values=False, max_cycles=50).report
    assert part.warnings == ["vector.step_cycles (3, built in 1) moves time and has no price"]


def test_every_row_is_about_settings_that_there_are() -> None:
    for row in IDLE:
        assert all(any(path.startswith(beginning) for path in SETTINGS) for beginning in row.paths)
    named = {beginning for row in IDLE for beginning in row.paths if any(path.startswith(beginning) for path in OTHER)}
    assert named == {beginning for row in IDLE for beginning in row.paths}
