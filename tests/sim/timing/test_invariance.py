"""What must not change a run: who watches it, the hash seed, and the order in which its parts were made."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.isa import assemble_file
from acortex.isa.program import Program
from acortex.programs import digits_reference
from acortex.sim.chip.prices import COMPONENTS, INDEX
from acortex.sim.run import Result, run
from acortex.sim.timing import kernel as kernel_module
from acortex.sim.timing import wiring as chip_module

IMAGES = 7
"""Enough to go round both rings of the memory."""

SOURCE = digits_reference.DATA.with_name("digits_mlp.s")


class Counting:
    """An observer that counts: events by kind, busy and waited cycles by unit."""

    def __init__(self) -> None:
        self.events: Counter[int] = Counter()
        self.counts: Counter[int] = Counter()
        self.busy: Counter[int] = Counter()
        self.waited: Counter[int] = Counter()
        self.energy_aj = 0

    def emit(self, *event: int) -> None:
        _, duration, unit, kind, count, _, _, _, energy_aj = event
        self.events[kind] += 1
        self.counts[kind] += count
        self.busy[unit] += duration
        self.energy_aj += energy_aj

    def wait(self, *interval: int) -> None:
        self.waited[interval[2]] += interval[1]


@pytest.fixture(scope="module")
def program() -> Program:
    return assemble_file(SOURCE)


def traced(program: Program, path: Path, observers: Sequence[Counting] = (), **options: Any) -> tuple[Result, str]:
    """A run of a few digits, and the checksum of the trace that it wrote."""
    result = run(program, inputs=program.samples["image"][:IMAGES], trace=path, observers=observers, **options)
    return result, hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def watched(program: Program, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, str, Counting]:
    """The run that all others are held against, and what an observer saw of it."""
    observer = Counting()
    result, digest = traced(program, tmp_path_factory.mktemp("run") / "a.trace", [observer])
    return result, digest, observer


@pytest.fixture(scope="module")
def report(watched: tuple[Result, str, Counting]) -> dict[str, Any]:
    return watched[0].report


# What must not change a run -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("observers", [0, 3])
def test_number_of_observers_changes_nothing(
    program: Program, watched: tuple[Result, str, Counting], tmp_path: Path, observers: int
) -> None:
    result, digest = traced(program, tmp_path / "b.trace", [Counting() for _ in range(observers)])
    assert result.report == watched[0].report
    assert np.array_equal(result.outputs["scores"], watched[0].outputs["scores"])
    assert digest == watched[1]


def test_every_observer_hears_the_same(program: Program, watched: tuple[Result, str, Counting]) -> None:
    observers = [Counting() for _ in range(3)]
    run(program, inputs=program.samples["image"][:IMAGES], observers=observers)
    for observer in observers:
        assert vars(observer) == vars(watched[2])


def test_run_without_a_trace_reports_the_same(program: Program, report: dict[str, Any]) -> None:
    assert run(program, inputs=program.samples["image"][:IMAGES]).report == report


def test_run_without_values_takes_the_same_time_and_leaves_the_same_trace(
    program: Program, watched: tuple[Result, str, Counting], tmp_path: Path
) -> None:
    result, digest = traced(program, tmp_path / "b.trace", values=False)
    assert result.outputs == {}
    assert result.report == watched[0].report
    assert digest == watched[1]


def test_time_does_not_depend_on_the_codes(program: Program, report: dict[str, Any]) -> None:
    dark = np.zeros((IMAGES, 784), dtype=np.uint8)
    assert run(program, inputs=dark).report == report


def test_run_without_time_gives_the_same_outputs(program: Program, watched: tuple[Result, str, Counting]) -> None:
    result = run(program, inputs=program.samples["image"][:IMAGES], timing=False)
    assert result.report.cycles is None
    assert np.array_equal(result.outputs["scores"], watched[0].outputs["scores"])


IN_ANOTHER_PROCESS = """
import hashlib, sys
from pathlib import Path
from acortex.isa import assemble_file
from acortex.sim.run import run
program = assemble_file(Path(sys.argv[1]))
result = run(program, inputs=program.samples["image"][:int(sys.argv[3])], trace=sys.argv[2])
print(result.cycles, hashlib.sha256(Path(sys.argv[2]).read_bytes()).hexdigest())
"""


@pytest.mark.parametrize("seed", ["0", "4711"])
def test_hash_seed_changes_nothing(watched: tuple[Result, str, Counting], tmp_path: Path, seed: str) -> None:
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(SOURCE), str(tmp_path / "b.trace"), str(IMAGES)]
    found = subprocess.run(
        command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == [str(watched[0].cycles), watched[1]]


class Shuffled(kernel_module.Kernel):
    """An event loop that breaks ties of cycle and rank at random, as if the parts had been made in any order."""

    SEED = 0

    def __init__(self) -> None:
        super().__init__()
        numbers = list(range(50_000))
        random.Random(self.SEED).shuffle(numbers)
        self._eid = iter(numbers)  # type: ignore[assignment]  # simpy counts up instead


@pytest.mark.parametrize("seed", range(4))
def test_order_of_construction_changes_nothing(
    program: Program,
    watched: tuple[Result, str, Counting],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(Shuffled, "SEED", seed)
    monkeypatch.setattr(chip_module, "Kernel", Shuffled)
    result, digest = traced(program, tmp_path / "b.trace")
    assert result.report == watched[0].report
    assert digest == watched[1]


def test_order_in_which_units_act_in_a_cycle_changes_no_cycle(
    program: Program, report: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ranks decide who acts first; whatever a unit does is seen a cycle later, so turning them round changes no number.
    made = kernel_module.Alarm.__init__

    def turned(self: kernel_module.Alarm, kernel: kernel_module.Kernel, rank: int, action: Any) -> None:
        made(self, kernel, rank if rank >= chip_module.ARBITER else 100 - rank, action)

    monkeypatch.setattr(kernel_module.Alarm, "__init__", turned)
    assert run(program, inputs=program.samples["image"][:IMAGES]).report == report


# What must add up -----------------------------------------------------------------------------------------------------


def test_every_cycle_of_every_unit_is_busy_waiting_or_idle(report: dict[str, Any]) -> None:
    sums = {unit: row["busy"] + row["waiting"] + row["idle"] for unit, row in report["utilisation"].items()}
    assert sums == dict.fromkeys(report["utilisation"], report["cycles"])


def test_waits_by_cause_add_up_to_the_waiting_of_each_unit(report: dict[str, Any]) -> None:
    by_unit: Counter[str] = Counter()
    for row in report["waits"]:
        by_unit[row["unit"]] += row["cycles"]
    assert by_unit == {unit: row["waiting"] for unit, row in report["utilisation"].items() if row["waiting"]}


def test_run_is_not_shorter_than_its_busiest_unit(report: dict[str, Any]) -> None:
    assert report["cycles"] >= max(row["busy"] for row in report["utilisation"].values()) > 0


@pytest.mark.parametrize("table", ["layers", "inferences"])
def test_energy_adds_up_by_layer_and_by_inference(report: dict[str, Any], table: str) -> None:
    assert sum(row["energy_aj"] for row in report[table]) == report["energy_aj"]


def test_energy_adds_up_by_component(report: dict[str, Any]) -> None:
    assert sum(report["energy_by_component_aj"].values()) == report["energy_aj"]


@pytest.mark.parametrize("component", COMPONENTS)
def test_energy_of_a_component_adds_up_over_the_inferences(report: dict[str, Any], component: str) -> None:
    rows = report["inferences"]
    assert len(rows) == IMAGES
    shares = [row["energy_by_component_aj"][component] for row in rows]
    assert sum(shares) == report["energy_by_component_aj"][component]


def test_observer_saw_the_energy_of_the_report_but_for_leakage(watched: tuple[Result, str, Counting]) -> None:
    result, _, observer = watched
    leakage = result.report["energy_by_component_aj"]["leakage"]
    assert observer.energy_aj + leakage == result.report["energy_aj"]


def test_observer_saw_the_busy_and_waiting_cycles_of_the_report(watched: tuple[Result, str, Counting]) -> None:
    result, _, observer = watched
    for number, row in enumerate(result.report["utilisation"].values()):
        assert (observer.busy[number], observer.waited[number]) == (row["busy"], row["waiting"])


def test_words_that_are_carried_are_words_that_are_received(watched: tuple[Result, str, Counting]) -> None:
    counts = {name: watched[2].counts[index] for name, index in INDEX.items()}
    assert counts["memory.read"] == counts["bus.down"] + counts["host.out"]
    assert counts["memory.write"] == counts["bus.up"] + counts["host.in"]
    assert counts["buffer.slide"] == counts["bus.down"]
    assert counts["vmm.load"] == counts["vmm.frame"]


def test_counts_are_those_of_the_events(watched: tuple[Result, str, Counting]) -> None:
    result, _, observer = watched
    assert sum(observer.events.values()) == result.report["counts"]["events"]
    assert observer.events[INDEX["vmm.frame"]] == result.report["counts"]["positions"] == 2 * IMAGES
