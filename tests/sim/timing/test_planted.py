"""A change of one cycle, planted in one unit: a diff of traces names that unit, and not one that waited for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.sim.timing.unit import Unit
from acortex.traces.diff import diff
from acortex.traces.file.reader import open as open_trace

PROGRAMS = Path(__file__).parents[3] / "programs"
IMAGES = np.zeros((3, 784), dtype=np.uint8)
EVENT = 2
"""Which event of the unit becomes longer."""

UNITS = (
    "controller",
    "host/in",
    "host/out",
    "main_memory/read",
    "main_memory/write",
    "buffer",
    "vmm/load",
    "vmm/frame",
    "neurons",
    "buses/down",
    "buses/up",
    "vector",
    "main_memory/operand",
)
"""Every unit but that which writes weights. The digits network uses all but the last two, a residual layer those."""


def kinds(unit: type[Unit]) -> list[type[Unit]]:
    """A class and all that are derived from it: each has methods of its own."""
    return [unit, *(kind for derived in unit.__subclasses__() for kind in kinds(derived))]


@pytest.mark.parametrize("path", UNITS)
def test_one_event_that_lasts_a_cycle_longer_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    digits = path not in ("vector", "main_memory/operand")
    program = zoo.load("digits_mlp") if digits else assemble_file(PROGRAMS / "residual.s")
    inputs = IMAGES if digits else None
    run(program, inputs=inputs, values=False, skip=False, trace=tmp_path / "a.actrace")
    planted: list[int] = []
    act, seen = Unit.act, [0]

    def longer(self: Unit, start: int, duration: int, kind: int, count: int) -> None:
        if self.path == path and self._log is not None:
            if seen[0] == EVENT:
                planted.append(start)
                duration += 1
            seen[0] += 1
        act(self, start, duration, kind, count)

    for kind in kinds(Unit):
        monkeypatch.setattr(kind, "act", longer)
    run(program, inputs=inputs, values=False, skip=False, trace=tmp_path / "b.actrace")
    found = diff(open_trace(tmp_path / "a.actrace"), open_trace(tmp_path / "b.actrace"))
    first = found["first_divergence"]
    assert not found["equal"]
    assert (first["unit"], first["cycle"]) == (path, planted[0])
    assert first["differs"] == ["duration", "span"]
    assert first["b"]["duration"] == first["a"]["duration"] + 1


def test_a_longer_latency_of_memory_is_what_led_to_the_parting(tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / "residual.s")
    for name, settings in (("a", []), ("b", ["memory.read_latency_ns=23.3"])):
        run(program, load_chip(program.chip, settings), values=False, trace=tmp_path / f"{name}.actrace")
    first = diff(open_trace(tmp_path / "a.actrace"), open_trace(tmp_path / "b.actrace"))["first_divergence"]
    assert first["unit"] == "buses/down"
    steps = [[(one["unit"], one["what"], one["duration"]) for one in chain] for chain in first["led_to"]]
    read, word = ("main_memory/read", "latency"), ("buses/down", "busy", 1)
    assert [chain[-2:] for chain in steps] == [[(*read, 12), word], [(*read, 14), word]]


def test_the_controller_that_runs_ahead_does_not_hide_what_led_to_a_parting(tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / "vmm.s")
    for name, settings in (("a", []), ("b", ["neurons.cycles_per_step=2"])):
        run(program, load_chip(program.chip, settings), values=False, trace=tmp_path / f"{name}.actrace")
    first = diff(open_trace(tmp_path / "a.actrace"), open_trace(tmp_path / "b.actrace"))["first_divergence"]
    assert first["unit"] == "neurons"
    assert first["before"] and "controller" not in {row["unit"] for row in first["before"]}
