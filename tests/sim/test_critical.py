"""The critical path of simulated runs: no gap, every wait explained, and bounds that a re-simulation never beats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.ledger.reprice import completed
from acortex.sim.run import run
from acortex.sim.timing.handovers import LATENCY, delays_of_rows
from acortex.traces import headroom
from acortex.traces.file.reader import open as open_trace
from acortex.traces.headroom import critical, quick

PROGRAMS = Path(__file__).parents[2] / "programs"
IMAGES = np.zeros((6, 784), dtype=np.uint8)

CHIPS: tuple[tuple[str, ...], ...] = (
    (),
    ("host.word_cycles=8",),
    ("neurons.cycles_per_step=4",),
    ("memory.access_cycles=4", "memory.bank_cycles=4"),
    ("controller.decode_cycles=4", "controller.queue_depth=1"),
    ("buses.word_cycles=8",),
    ("buses.word_cycles=9", "buses.down_lanes=2"),
    ("memory.banks=2", "memory.bank_cycles=6", "memory.ports=2"),
    ("arrays.frames_at_once=2", "neurons.cycles_per_step=2"),
    ("arrays.overlap_loads=true", "buffer.windows=2", "buffer.words=26"),
)
"""Chips on which different units set the time."""

PARTS = {
    "controller": ("controller.decode_cycles",),
    "host": ("host.word_cycles",),
    "main_memory": ("memory.access_cycles", "memory.bank_cycles", "memory.read_latency_ns"),
    "buses": ("buses.word_cycles",),
    "vmm/frame": ("arrays.frame_ns", "arrays.settle_ns_per_array"),
    "neurons": ("neurons.cycles_per_step",),
}
"""The settings that a part of the chip takes its time from."""


@pytest.fixture(scope="module")
def digits() -> Program:
    return zoo.load("digits_mlp")


def halved(chip: Chip, paths: Sequence[str]) -> list[str]:
    """Settings of half the value, whole numbers rounded up."""
    found = []
    for path in paths:
        table, name = path.split(".")
        value = getattr(getattr(chip, table), name)
        found.append(f"{path}={(value + 1) // 2 if isinstance(value, int) else value / 2}")
    return found


def path_of(program: Program, chip: Chip, folder: Path, inputs: Any = IMAGES) -> Any:
    run(program, chip, inputs=inputs, values=False, trace=folder / "run.actrace")
    return critical(open_trace(folder / "run.actrace"))


@pytest.mark.parametrize("settings", CHIPS, ids=" ".join)
def test_the_path_has_no_gap_and_its_sums_are_the_run(
    digits: Program, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    found = path_of(digits, load_chip(digits.chip, settings), tmp_path)
    segments = found["segments"]
    assert segments[0]["start"] == 0 and segments[-1]["end"] == found["cycles"]
    assert all(one["end"] == two["start"] and one["end"] > one["start"] for one, two in pairwise(segments))
    assert all(one["text"] for one in (*segments, *found["by_line"]) if one.get("source", one.get("line")) != "-")
    for sums in ("by_unit", "by_cause", "by_layer", "by_line"):
        assert sum(row["cycles"] for row in found[sums]) == found["cycles"]


@pytest.mark.parametrize("settings", CHIPS, ids=" ".join)
def test_only_what_is_shared_is_left_as_a_wait(digits: Program, tmp_path: Path, settings: tuple[str, ...]) -> None:
    found = path_of(digits, load_chip(digits.chip, settings), tmp_path)
    waits = {row["name"] for row in found["by_cause"] if row["what"] in ("waiting", "idle")}
    assert waits <= {"port", "bank", "bus"}


def bound(found: Any, part: str) -> int:
    """What halving a part gains at most: its row, or what the page says of parts without one."""
    rows = {row["name"]: row["gain_at_most"] for row in found["halving"]}
    return int(rows.get(part, found["cycles"] // 200 + found["contention"]))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("settings", CHIPS, ids=" ".join)
def test_no_halved_unit_gains_more_than_its_bound(digits: Program, tmp_path: Path, settings: tuple[str, ...]) -> None:
    chip = load_chip(digits.chip, settings)
    found = path_of(digits, chip, tmp_path)
    for part, paths in PARTS.items():
        faster = load_chip(digits.chip, [*settings, *halved(chip, paths)])
        gained = found["cycles"] - run(digits, faster, inputs=IMAGES, values=False).cycles
        assert gained <= bound(found, part), part


SLOW = {
    "as it is": ("", (), ()),
    "vector": ("vector", ("vector.step_cycles=40", "vector.queue_words=4"), ("vector.step_cycles=20",)),
    "buses": ("buses", ("buses.word_cycles=50",), ("buses.word_cycles=25",)),
    "memory": ("main_memory", ("memory.access_cycles=12", "memory.bank_cycles=12"), ("memory.access_cycles=6",)),
}
"""A part of the chip, settings that make it slow, and such as make it twice as fast again."""


@pytest.mark.parametrize("slow", SLOW)
@pytest.mark.parametrize("name", ["concat", "conv3x3", "in_flight", "lstm_step", "pooling", "residual", "vector_add"])
def test_so_it_is_with_every_kind_of_layer(tmp_path: Path, name: str, slow: str) -> None:
    program = assemble_file(PROGRAMS / f"{name}.s")
    part, settings, faster = SLOW[slow]
    found = path_of(program, load_chip(program.chip, settings), tmp_path, None)
    segments = found["segments"]
    assert (segments[0]["start"], segments[-1]["end"]) == (0, found["cycles"])
    assert all(one["end"] == two["start"] for one, two in pairwise(segments))
    assert {row["name"] for row in found["by_cause"] if row["what"] in ("waiting", "idle")} <= {"port", "bank", "bus"}
    if part:
        cycles = run(program, load_chip(program.chip, [*settings, *faster]), values=False).cycles
        assert found["cycles"] - cycles <= bound(found, part)


BUSY_BANKS = ("memory.banks=1", "memory.bank_cycles=8", "memory.access_cycles=2", "memory.ports=2", "clock_ns=2")
"""One bank that is busy for longer than a port: a request waits a cycle for a port and goes on to wait for the bank."""


@pytest.mark.parametrize("name", ["vmm", "in_flight"])
def test_a_wait_that_passes_from_port_to_bank_is_no_hand_over(tmp_path: Path, name: str) -> None:
    program = assemble_file(PROGRAMS / f"{name}.s")
    settings = [*BUSY_BANKS, "memory.read_latency_ns=32", "controller.decode_cycles=4", "controller.queue_depth=2"]
    faster = ["memory.bank_cycles=4", "memory.access_cycles=1", "memory.read_latency_ns=16"]
    found = path_of(program, load_chip(program.chip, settings), tmp_path, None)
    assert not [row for row in found["by_cause"] if row["what"] == "hand-over" and row["name"] == "bank"]
    cycles = run(program, load_chip(program.chip, [*settings, *faster]), values=False).cycles
    assert found["cycles"] - cycles <= bound(found, "main_memory")


def test_a_unit_that_sets_the_time_alone_gains_all_of_its_bound(digits: Program, tmp_path: Path) -> None:
    settings = ["controller.decode_cycles=64", "controller.queue_depth=1"]
    found = path_of(digits, load_chip(digits.chip, settings), tmp_path, IMAGES[:1])
    faster = load_chip(digits.chip, ["controller.decode_cycles=32", "controller.queue_depth=1"])
    gained = found["cycles"] - run(digits, faster, inputs=IMAGES[:1], values=False).cycles
    (row,) = (row for row in found["halving"] if row["name"] == "controller")
    assert row["gain_at_most"] == gained == row["cycles"] // 2


@pytest.mark.parametrize("settings", CHIPS, ids=" ".join)
def test_a_part_with_next_to_nothing_on_the_path_has_no_row_and_what_holds_the_others_is_named(
    digits: Program, tmp_path: Path, settings: tuple[str, ...]
) -> None:
    found = path_of(digits, load_chip(digits.chip, settings), tmp_path)
    assert all(row["cycles"] > found["cycles"] // 100 for row in found["halving"])
    assert len({row["gain_at_most"] for row in found["halving"]}) > 1
    waits = {(row["unit"], row["name"]): row["cycles"] for row in found["by_cause"] if row["what"] == "waiting"}
    assert sum(waits.values()) == found["contention"]
    held = {pair: sum(row["cycles"] for row in found["rivals"] if (row["unit"], row["name"]) == pair) for pair in waits}
    assert all(held[pair] == waits[pair] for pair in waits if pair[1] == "port")
    assert all(0 < held[pair] <= waits[pair] for pair in waits if pair[1] == "bus")
    assert not any(held[pair] for pair in waits if pair[1] == "bank")


def test_the_rival_of_the_windows_is_the_operand_with_its_line(tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / "residual.s")
    found = path_of(program, load_chip(program.chip), tmp_path, None)
    (row,) = found["rivals"]
    assert (row["unit"], row["name"], row["held_by"]) == ("main_memory/read", "port", "main_memory/operand")
    assert row["line"] == f"residual.s:{line_of('residual.s', 'operand ')}" and row["text"].startswith("operand ")
    waited = sum(one["cycles"] for one in found["by_cause"] if one["what"] == "waiting")
    assert row["cycles"] == found["contention"] == waited > 0


def test_the_path_of_a_stopped_run_bounds_nothing(tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / "residual.s")
    run(program, load_chip(program.chip), values=False, max_cycles=500, trace=tmp_path / "run.actrace")
    found = critical(open_trace(tmp_path / "run.actrace"))
    assert not found.complete and found.by_cause and found.halving == []


def line_of(name: str, beginning: str) -> int:
    """The number of the line of a program that begins so."""
    lines = (PROGRAMS / name).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if line.split(";")[0].strip().startswith(beginning))


def test_a_path_tells_at_little_cost_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = assemble_file(PROGRAMS / "vmm.s")
    for level in ("events", "layers"):
        run(program, load_chip(program.chip), values=False, trace=tmp_path / f"{level}.actrace", trace_level=level)
    trace = open_trace(tmp_path / "events.actrace")
    assert quick(trace) == critical(trace).model_copy(update={"segments": []})
    assert quick(open_trace(tmp_path / "layers.actrace")) is None
    monkeypatch.setattr(headroom, "QUICK", 10)
    assert quick(trace) is None


def test_the_latency_of_a_read_is_the_simulators(digits: Program) -> None:
    chip = load_chip(digits.chip, ["memory.read_latency_ns=17.85"])
    assert delays_of_rows(chip)[LATENCY] == 10
    slow = load_chip(digits.chip, ["memory.read_latency_ns=0", "memory.access_cycles=7"])
    assert delays_of_rows(slow)[LATENCY] == 7


def test_a_trace_of_an_older_version_is_walked_as_one_of_todays(tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / "in_flight.s")
    run(program, load_chip(program.chip), values=False, trace=tmp_path / "run.actrace")
    trace = open_trace(tmp_path / "run.actrace")
    older = replace(trace, header=replace(trace.header, handovers=(), delays={}))
    assert completed(trace) is trace
    assert critical(completed(older)) == critical(trace)
    unknown = replace(older, header=replace(older.header, config={"memory": {"banks": -1}}))
    assert completed(unknown).header.delays == {}
