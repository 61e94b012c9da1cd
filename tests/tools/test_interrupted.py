"""Ctrl-C in the middle of a simulation that something is made of: it ends that, and no part is taken for the whole."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import acortex
from acortex.isa.asm.assembler import assemble_file
from acortex.sim.advice.orders import better_orders
from acortex.sim.advice.what_if import what_if
from acortex.sim.chip.specs import load_chip
from acortex.sim.counted import counted
from acortex.sim.timing.kernel import Kernel
from acortex.tools.cli import cli
from acortex.tools.drawing.residents import residents
from acortex.traces.file.reader import open as open_trace

ECHO = Path(__file__).with_name("echo.s")
PROGRAMS = ECHO.parents[2] / "programs"
SPEC = f"""program = "{ECHO}"
[axes]
"host.word_cycles" = [2, 3]
"""


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """interrupted(n): the n-th simulation of a chip from now on is interrupted as it begins; set-ups count."""
    drain = Kernel.drain

    def at(number: int) -> None:
        calls = [number]

        def counted_down(self: Kernel, *args: Any) -> bool:
            calls[0] -= 1
            if calls[0] == 0:
                raise KeyboardInterrupt
            return drain(self, *args)

        monkeypatch.setattr(Kernel, "drain", counted_down)

    return at


PREPARED = {
    "time": lambda ready: ready.time(),
    "run": lambda ready: ready.run(),
    "checked": lambda ready: ready.time(check_order=True),
    "counted": lambda ready: counted(ready, [1000]),
    "residents": lambda ready: residents(ready, 10),
}


@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("what", PREPARED)
def test_a_part_of_a_run_is_not_taken_for_the_run(interrupted: Callable[[int], None], what: str, first: int) -> None:
    ready = acortex.prepare(ECHO)
    interrupted(first)
    with pytest.raises(KeyboardInterrupt):
        PREPARED[what](ready)


def test_a_run_that_was_asked_for_gives_what_it_came_to(interrupted: Callable[[int], None]) -> None:
    interrupted(2)
    assert acortex.run(ECHO).interrupted


def test_the_trace_of_a_run_before_is_not_taken_for_that_of_a_run_that_was_interrupted(
    interrupted: Callable[[int], None], tmp_path: Path
) -> None:
    """Under the name of the trace lies that of another program, which stays; what was recorded is beside it."""
    trace, page = tmp_path / "run.actrace", tmp_path / "p.html"
    acortex.run(PROGRAMS / "vmm.s", trace=trace)
    words = ["run", str(ECHO), "--trace", str(trace), "--report", str(page), "--format", "json"]
    interrupted(2)
    report = json.loads(CliRunner().invoke(cli, words, prog_name="acortex").stdout)
    assert (report["complete"], report["trace"]) == (False, f"{trace}.part")
    assert "<title>echo on acortex_digits</title>" in page.read_text()
    interrupted(2)
    assert acortex.run(ECHO, trace=trace).report.trace == f"{trace}.part"
    assert open_trace(trace).header.program == "vmm"


def test_a_set_up_that_is_interrupted_leaves_no_run(interrupted: Callable[[int], None]) -> None:
    interrupted(1)
    with pytest.raises(KeyboardInterrupt):
        acortex.run(ECHO)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 9])
def test_a_search_for_better_settings_ends(interrupted: Callable[[int], None], tmp_path: Path, number: int) -> None:
    acortex.run(ECHO, trace=tmp_path / "run.actrace")
    interrupted(number)
    with pytest.raises(KeyboardInterrupt):
        what_if(open_trace(tmp_path / "run.actrace"), assemble_file(ECHO))


@pytest.mark.parametrize("number", [1, 2])
def test_a_search_for_better_orders_ends(interrupted: Callable[[int], None], number: int) -> None:
    interrupted(number)
    with pytest.raises(KeyboardInterrupt):
        better_orders(assemble_file(PROGRAMS / "vmm.s"), load_chip("acortex_digits"))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("timing", ["composed", "simulated"])
def test_a_service_ends(interrupted: Callable[[int], None], timing: Any, number: int) -> None:
    interrupted(number)
    with pytest.raises(KeyboardInterrupt):
        acortex.serve(PROGRAMS / "vmm.s", requests=5, timing=timing)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_sweep_ends_and_goes_on_to_the_rows_of_one_that_did_not(
    interrupted: Callable[[int], None], tmp_path: Path, number: int
) -> None:
    (tmp_path / "s.toml").write_text(SPEC)
    whole = acortex.sweep(tmp_path / "s.toml", tmp_path / "whole", workers=1)
    interrupted(number)
    with pytest.raises(KeyboardInterrupt):
        acortex.sweep(tmp_path / "s.toml", tmp_path / "cut", workers=1)
    again = acortex.sweep(tmp_path / "s.toml", tmp_path / "cut", workers=1)
    assert [row.cycles for row in again.rows] == [row.cycles for row in whole.rows]
    assert [row.energy_aj for row in again.rows] == [row.energy_aj for row in whole.rows]


def test_a_picture_is_not_drawn(interrupted: Callable[[int], None], tmp_path: Path) -> None:
    interrupted(2)
    result = CliRunner().invoke(cli, ["draw", "memory", str(ECHO), "-o", str(tmp_path / "p.svg")], prog_name="acortex")
    assert (result.exit_code, list(tmp_path.iterdir())) == (130, [])
