"""A trace through the energy ledger: the same attojoules as the live run, and as a fresh run under other prices."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.prices import prices
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.ledger.reprice import _inferences, _recorded, moved_timing, recorded_chip, replay
from acortex.sim.run import run
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.file.schema import LEVELS

IMAGES = np.zeros((5, 784), dtype=np.uint8)
DEARER = ["energy.leakage_mw=77.7", "energy.dacs_pj=0.123", "energy.memory_access_pj=9.87654321", "arrays.n=5"]


@pytest.fixture(scope="module")
def digits() -> Program:
    return zoo.load("digits_mlp")


def record(program: Program, chip: Chip, folder: Path, level: str = "events", **options: Any) -> tuple[Any, Trace]:
    """The report of a run, and its trace."""
    path = folder / "run.actrace"
    result = run(program, chip, trace=path, trace_level=level, values=False, **options)
    return result.report, open_trace(path)


def settled(report: Any) -> tuple[Any, ...]:
    """The energies of a report: whole, by component, by layer, by inference."""
    return (
        report["energy_aj"],
        report["energy_by_component_aj"],
        {row["name"]: row["energy_aj"] for row in report["layers"]},
        {row["index"]: row["energy_by_component_aj"] for row in report["inferences"]},
    )


def replayed(trace: Trace, chip: Chip) -> tuple[Any, ...]:
    """The same of a replay."""
    energies = replay(trace, prices(chip))
    names = [*enumerate(trace.header.layers[1:]), (-1, "-")]
    by_layer = {name: energies.by_layer.get(at, 0) for at, name in names}
    return energies.total, energies.by_component, by_layer, energies.by_inference


@pytest.mark.parametrize("level", LEVELS)
def test_a_replay_equals_the_live_ledger_to_the_attojoule(digits: Program, tmp_path: Path, level: str) -> None:
    chip = load_chip(digits.chip)
    report, trace = record(digits, chip, tmp_path, level, inputs=IMAGES)
    assert replayed(trace, chip) == settled(report)


@pytest.mark.parametrize("settings", [["neurons.cycles_per_step=3"], ["host.word_cycles=7"], ["memory.banks=1"]])
def test_so_it_does_where_other_units_limit(digits: Program, tmp_path: Path, settings: list[str]) -> None:
    chip = load_chip(digits.chip, settings)
    report, trace = record(digits, chip, tmp_path, inputs=IMAGES)
    assert replayed(trace, chip) == settled(report)


def test_a_run_priced_anew_equals_a_fresh_one(digits: Program, tmp_path: Path) -> None:
    _, trace = record(digits, load_chip(digits.chip), tmp_path, inputs=IMAGES)
    dearer = recorded_chip(trace, DEARER)
    assert moved_timing(trace.header.config, dearer.config) == []
    assert replayed(trace, dearer) == settled(run(digits, dearer, inputs=IMAGES, values=False).report)


def test_a_run_priced_as_a_chip_of_another_size_equals_a_fresh_one(tmp_path: Path) -> None:
    echo = assemble_file(Path(__file__).parents[2] / "tools" / "echo.s")
    _, trace = record(echo, load_chip("acortex_digits"), tmp_path)
    other = load_chip("acortex_resnet")
    assert moved_timing(trace.header.config, other.config) == []
    assert replayed(trace, other) == settled(run(echo, other, values=False).report)


def test_a_frame_of_the_most_arrays_that_may_be_joined_moves_time() -> None:
    """The delay of 512 joined arrays is a whole number of cycles; that of fewer has some time to spare."""
    frame = f"arrays.frame_ns={Decimal('1.785') * 10 - Decimal('0.001') * 512}"
    before, after = (
        load_chip("acortex_digits", [frame, f"arrays.settle_ns_per_array={settle}"]).config
        for settle in ("0.001", "0.0010001")
    )
    assert moved_timing(before, after) == ["arrays.frame_ns"]
    assert moved_timing(before, before) == []


def test_the_recorded_chip_is_the_one_that_ran(digits: Program, tmp_path: Path) -> None:
    chip = load_chip(digits.chip, ["memory.banks=4", "energy.dacs_pj=0.5", "buses.pricing=route"])
    _, trace = record(digits, chip, tmp_path, inputs=IMAGES[:1])
    found = recorded_chip(trace)
    assert (found.name, found.sha256) == (chip.name, chip.sha256)


@pytest.mark.parametrize(
    ("setting", "moved"),
    [
        ("memory.access_cycles=9", ["memory.access_cycles"]),
        ("memory.read_latency_ns=21", []),
        ("memory.read_latency_ns=99", ["memory.read_latency_ns"]),
        ("arrays.settle_ns_per_array=1", ["arrays.frame_ns"]),
        ("energy.dacs_pj=3", []),
        ("arrays.n=9", []),
        ("clock_ns=1.786", []),
        ("clock_ns=3.57", ["arrays.frame_ns", "memory.read_latency_ns"]),
    ],
)
def test_what_may_move_a_cycle_is_named(setting: str, moved: list[str]) -> None:
    before, after = load_chip("acortex_gnmt"), load_chip("acortex_gnmt", [setting])
    assert sorted(moved_timing(before.config, after.config)) == moved


@pytest.mark.parametrize(
    ("k", "moved"),
    [(64, []), (128, ["arrays.frame_ns"]), (32, [])],  # 18 and 18 cycles; 36 and 35; 9 and 9
)
def test_a_frame_is_compared_as_long_as_it_is_on_arrays_of_another_side(k: int, moved: list[str]) -> None:
    before, after = (load_chip("acortex_digits", [f"arrays.k={k}", f"arrays.frame_ns={ns}"]) for ns in ("32", "30.4"))
    assert moved_timing(before.config, after.config) == moved


def test_another_side_moves_time() -> None:
    before, after = load_chip("acortex_digits"), load_chip("acortex_digits", ["arrays.k=32"])
    assert "arrays.k" in moved_timing(before.config, after.config)


def test_a_chip_that_is_not_described_is_told() -> None:
    with pytest.raises(UsageError, match=r"^the trace does not describe its chip in full \('clock_ns'\)"):
        moved_timing({}, load_chip("acortex_gnmt").config)


def test_a_filtered_or_unfinished_trace_is_refused(digits: Program, tmp_path: Path) -> None:
    chip = load_chip(digits.chip)
    _, trace = record(digits, chip, tmp_path, inputs=IMAGES[:1])
    cut = tmp_path / "cut.actrace"
    cut.write_bytes(trace.path.read_bytes()[:-30])
    with pytest.raises(UsageError, match=r"cut\.actrace: is not complete: .*\n  hint: energy needs every event"):
        replay(open_trace(cut), prices(chip))


def test_an_inference_that_was_under_way_lasts_to_the_end_of_the_run() -> None:
    rows = [{"index": 0, "start_cycle": 1, "end_cycle": 5}, {"index": 1, "start_cycle": 4, "end_cycle": None}]
    trace: Any = SimpleNamespace(summary={"inferences": rows}, cycles=9, path="p")
    assert list(_inferences(trace)) == [(0, 1, 5), (1, 4, 9)]


def test_of_settings_that_are_null_those_that_may_be_are_recorded() -> None:
    sections: dict[str, dict[str, None]] = {}
    for path in SETTINGS:
        section, _, name = path.rpartition(".")
        sections.setdefault(section, {})[name] = None
    config = {**sections.pop(""), **sections}
    found = dict(_recorded(config))
    assert found == {path: None for path, setting in SETTINGS.items() if setting.optional}
    assert 0 < len(found) < len(SETTINGS)
