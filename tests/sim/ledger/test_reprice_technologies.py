"""A trace priced under another technology: what a run on that technology costs, or a word on why it may not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble_file
from acortex.isa.program import Program
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.ledger.reprice import moved_timing, recorded_chip
from acortex.sim.ledger.repricing import reprice
from acortex.sim.run import run
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace

PROGRAMS = ("conv3x3", "pooling", "lstm_step")
TECHNOLOGIES = [f"{path}={name}" for path in ("arrays.cell", "memory.type") for name in SETTINGS[path].choices]
ENERGIES = [
    ["energy.sensing_pj=0.123"],
    ["energy.leakage_per_array_uw=3.3", "energy.bus_from_arrays_pj_per_mm=0.7"],
    ["arrays.cell=memristor_0t1r", "energy.array_pj=2.5"],
    ["energy.dacs_pj=9", "arrays.cell=memristor_1t1r", "memory.type=edram"],
    ['arrays.cell = "memristor_1t1r"', "arrays.cell=memristor_0t1r"],
    ["buses.pricing=route"],
    ['arrays.cell = "memristor_0t1r"'],
    ["arrays.cell='memristor_0t1r'", "memory.type= edram "],
]


@pytest.fixture(scope="module", params=PROGRAMS)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Program, Trace]:
    """A program, and the trace of its run on a chip whose cells were changed."""
    program = assemble_file(Path(__file__).parents[3] / "programs" / f"{request.param}.s")
    path = tmp_path_factory.mktemp(request.param) / "run.actrace"
    run(program, load_chip(program.chip), trace=path, values=False)
    return program, open_trace(path)


def of_run(report: Any) -> dict[str, Any]:
    """All that a run's report says of energy, and that a repriced trace says too."""
    names = ("cycles", "latency_s", "power_w", "energy_j", "energy_aj", "energy_by_component_aj")
    inferences = [
        {name: row[name] for name in ("index", "energy_aj", "energy_by_component_aj")} for row in report["inferences"]
    ]
    layers = [(row["name"], row["energy_aj"]) for row in report["layers"]]
    return {**{name: report[name] for name in names}, "layers": layers, "inferences": inferences}


def of_trace(report: Any) -> dict[str, Any]:
    """The same of a repriced trace: the second of each pair."""
    pairs = {name: report[name][1] for name in ("energy_j", "energy_aj")}
    components = {name: pair[1] for name, pair in report["energy_by_component_aj"].items()}
    layers = [(row["name"], row["energy_aj"][1]) for row in report["layers"]]
    same = {name: report[name] for name in ("cycles", "latency_s", "power_w", "inferences")}
    return {**same, **pairs, "energy_by_component_aj": components, "layers": layers}


@pytest.mark.sampled(21)
@pytest.mark.parametrize("settings", [[one] for one in TECHNOLOGIES] + ENERGIES, ids=" ".join)
def test_a_repriced_trace_equals_a_fresh_run_or_says_what_moves(
    recorded: tuple[Program, Trace], settings: list[str]
) -> None:
    program, trace = recorded
    chip = load_chip(program.chip, settings)
    fresh = run(program, chip, values=False).report
    for priced in (recorded_chip(trace, settings), chip):
        assert priced.config == chip.config
        moved = moved_timing(trace.header.config, priced.config)
        if fresh["cycles"] == trace.cycles:
            assert of_trace(reprice(trace, priced)) == of_run(fresh)
        else:
            assert moved and all(path.startswith("memory.") or path == "arrays.frame_ns" for path in moved)


def test_cells_move_cycles_by_their_frame_alone(recorded: tuple[Program, Trace]) -> None:
    _, trace = recorded
    frame = load_chip(trace.header.chip).arrays.frame_ns
    for cell in SETTINGS["arrays.cell"].choices:
        chip = recorded_chip(trace, [f"arrays.cell={cell}"])
        other = ["arrays.frame_ns"] if chip.arrays.frame_ns != frame else []
        assert moved_timing(trace.header.config, chip.config) == other


def test_a_recorded_chip_keeps_what_it_does_not_state(recorded: tuple[Program, Trace], tmp_path: Path) -> None:
    program, _ = recorded
    chip = load_chip(program.chip, ["arrays.cell=memristor_0t1r_amplitude", "errors.v_read=null", "errors.read_pct=2"])
    run(program, chip, trace=tmp_path / "run.actrace", values=False)
    trace = open_trace(tmp_path / "run.actrace")
    assert recorded_chip(trace).config == chip.config
    assert recorded_chip(trace, ["arrays.cell=pcm"]).config == load_chip(program.chip, ["arrays.cell=pcm"]).config


def test_a_slower_memory_is_named_by_what_is_slower(recorded: tuple[Program, Trace]) -> None:
    _, trace = recorded
    slower = recorded_chip(trace, ["memory.type=feram"])
    assert moved_timing(trace.header.config, slower.config) == [
        "memory.access_cycles",
        "memory.bank_cycles",
        "memory.read_latency_ns",
    ]


def test_a_technology_replaces_what_the_recorded_chip_had_set_itself(
    recorded: tuple[Program, Trace], tmp_path: Path
) -> None:
    program, _ = recorded
    chip = load_chip(program.chip, ["energy.sensing_pj=1.5", "energy.conversion_pj=2.5"])
    run(program, chip, trace=tmp_path / "run.actrace", values=False)
    priced = recorded_chip(open_trace(tmp_path / "run.actrace"), ["arrays.cell=memristor_1t1r"])
    assert float(priced.energy.sensing_pj) == 4.12
    assert float(priced.energy.conversion_pj) == 2.5


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (["arrays.cell=tape"], 'arrays.cell is "tape" (there is none of that name): allowed is'),
        (["arrays.cell"], "an override has the form path=value"),
        (["memory.type=sram", "memory.typ=sram"], "there is no setting memory.typ"),
    ],
)
def test_a_wrong_setting_is_told_as_a_run_tells_it(
    recorded: tuple[Program, Trace], settings: list[str], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        recorded_chip(recorded[1], settings)
    assert told in str(caught.value)
    with pytest.raises(UsageError) as live:
        load_chip(recorded[0].chip, settings)
    assert caught.value.message == live.value.message
