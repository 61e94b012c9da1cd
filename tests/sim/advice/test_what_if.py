"""Settings one step better: each is simulated, none gains more than its bound, a slower one says which wait grew."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.program import Program
from acortex.sim.advice.results import WhatIf
from acortex.sim.advice.steps import STEPS, unmoved
from acortex.sim.advice.what_if import BEST, grown, what_if
from acortex.sim.chip.clock import delays
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.ledger.reprice import moved_timing
from acortex.sim.run import run
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.headroom import critical
from acortex.traces.results_of_paths import CauseCycles, CriticalPath, Rival
from judge.generate import generate

PROGRAMS = Path(__file__).parents[3] / "programs"


@pytest.fixture(scope="module")
def residual() -> Program:
    return assemble_file(PROGRAMS / "residual.s")


def recorded(program: Program, folder: Path, *settings: str, **options: Any) -> Trace:
    """The trace of a run."""
    run(program, load_chip(program.chip, settings), values=False, trace=folder / "run.actrace", **options)
    return open_trace(folder / "run.actrace")


@pytest.fixture(scope="module")
def found(residual: Program) -> Iterator[WhatIf]:
    with tempfile.TemporaryDirectory() as folder:
        yield what_if(recorded(residual, Path(folder)), residual)


def test_every_setting_has_a_step_or_a_reason_for_none() -> None:
    stepped = {step.path for step in STEPS}
    assert len(stepped) == len(STEPS)
    assert {path for path in SETTINGS if not unmoved(path)} == stepped


@pytest.mark.parametrize("chip", ["acortex_digits", "acortex_digits_parallel", "acortex_gnmt"])
def test_a_step_leads_to_a_chip_that_there_can_be_and_that_differs_in_time(chip: str) -> None:
    before = load_chip(chip)
    taken = {step.path: step.taken(before) for step in STEPS}
    assert taken["memory.access_cycles"] == 1 and taken["controller.decode_cycles"] is None
    for path, value in taken.items():
        if value is not None:
            after = load_chip(chip, [f"{path}={str(value).lower()}"])
            assert moved_timing(before.config, after.config) == [path]


@pytest.mark.parametrize("k", [32, 64, 128])
def test_a_step_of_the_frame_is_a_cycle_whatever_the_side_of_arrays(k: int) -> None:
    (step,) = (step for step in STEPS if step.path == "arrays.frame_ns")
    before = load_chip("acortex_digits", [f"arrays.k={k}"])
    after = load_chip("acortex_digits", [f"arrays.k={k}", f"arrays.frame_ns={step.taken(before)}"])
    assert delays(before).frame_cycles(1) - delays(after).frame_cycles(1) == 1


def test_what_is_at_its_limit_has_no_step() -> None:
    chip = load_chip("acortex_digits", ["memory.ports=64", "arrays.overlap_loads=true", "memory.read_latency_ns=0"])
    taken = {step.path: step.taken(chip) for step in STEPS}
    assert taken["memory.ports"] is taken["arrays.overlap_loads"] is taken["memory.read_latency_ns"] is None


@pytest.mark.parametrize(
    ("path", "value", "taken"),
    [
        ("memory.ports", 32, 64), ("memory.ports", 64, None), ("memory.ports", 33, None),
        ("buses.word_cycles", 2, 1), ("buses.word_cycles", 1, None), ("arrays.overlap_loads", "false", True),
        ("memory.read_latency_ns", "1.785", 0.0), ("memory.read_latency_ns", "1", 0.0),
        ("memory.read_latency_ns", "3", 1.215),
    ],
)  # fmt: skip
def test_a_step_goes_to_the_limit_and_not_beyond(path: str, value: int | str, taken: float | None) -> None:
    (step,) = (step for step in STEPS if step.path == path)
    assert step.taken(load_chip("acortex_digits", [f"{path}={value}"])) == taken


@pytest.mark.parametrize(
    ("path", "cuts"),
    [
        ("arrays.frame_ns", [1, 1]), ("arrays.settle_ns_per_array", [8, 9]), ("arrays.loads_per_cycle", [4, 4]),
        ("arrays.frames_at_once", [0, 0]), ("arrays.broadcast_loads", [7, 8]), ("controller.decode_cycles", [1, 1]),
        ("buses.segment_capacity", [8, 9]), ("neurons.cycles_per_step", [16, 16]), ("neurons.adcs_per_column", [4, 4]),
        ("host.operations_per_ns", [4, 4]), ("host.part_ns", [1, 1]), ("memory.read_latency_ns", [0, 0]),
    ],
)  # fmt: skip
def test_a_step_cuts_so_much_of_an_event_of_8_and_of_9_cycles_at_most(path: str, cuts: list[int]) -> None:
    (step,) = (step for step in STEPS if step.path == path)
    chip = load_chip("acortex_digits")
    assert [step.change(chip, chip).cut(length) for length in (8, 9)] == cuts


def test_each_step_shortens_its_own_events_and_ends_its_own_waits() -> None:
    assert {step.path: set(step.waits) for step in STEPS if step.waits} == {
        "arrays.overlap_loads": {"latches"}, "memory.banks": {"bank"}, "memory.ports": {"port"},
        "memory.bank_cycles": {"bank"}, "controller.queue_depth": {"queue"}, "buffer.words": {"buffer_full"},
        "buffer.windows": {"windows"}, "buses.down_lanes": {"bus"}, "buses.up_lanes": {"bus"},
        "neurons.output_words": {"output_full"},
        "vector.queue_words": {"buffer_full", "operand_full", "output_full", "results_full"},
    }  # fmt: skip
    kinds = {step.path: set(step.kinds) for step in STEPS}
    assert kinds["memory.access_cycles"] == {"memory.read", "memory.write"}
    assert kinds["memory.read_latency_ns"] == {"memory.read"}
    assert kinds["buses.word_cycles"] == {"bus.down", "bus.up"}
    assert kinds["host.word_cycles"] == {"host.in", "host.out"}


def test_a_shorter_latency_changes_nothing_where_the_port_is_slower() -> None:
    (step,) = (step for step in STEPS if step.path == "memory.read_latency_ns")
    for access, latency, kinds in ((2, 1, ("memory.read",)), (64, 0, ())):
        before = load_chip("acortex_digits", [f"memory.access_cycles={access}"])
        after = load_chip("acortex_digits", [f"memory.access_cycles={access}", "memory.read_latency_ns=19.635"])
        assert (step.change(before, after).latency, step.change(before, after).kinds) == (latency, kinds)


def test_the_rows_are_what_runs_of_their_own_take(residual: Program, found: WhatIf) -> None:
    assert {row.path for row in found.rows if " + " not in row.path} == {
        step.path for step in STEPS if step.taken(load_chip(residual.chip)) is not None
    }
    for row in (*found.rows[:4], *found.rows[-1:]):
        pairs = zip(row.path.split(" + "), row.to if isinstance(row.to, list) else [row.to], strict=True)
        chip = load_chip(residual.chip, [f"{path}={str(value).lower()}" for path, value in pairs])
        report = run(residual, chip, values=False).report
        assert (report.cycles, report.energy_aj, found.cycles) == (row.cycles, row.energy_aj, row.cycles_before)


def test_the_pairs_are_those_of_the_three_best(found: WhatIf) -> None:
    singles = [row for row in found.rows if not isinstance(row.to, list)]
    assert [row.cycles for row in singles] == sorted(row.cycles for row in singles)
    best = [row.path for row in singles[:3]]
    pairs = [tuple(row.path.split(" + ")) for row in found.rows[len(singles) :]]
    assert sorted(pairs) == sorted([(best[0], best[1]), (best[0], best[2]), (best[1], best[2])])


def exceeded(report: WhatIf) -> list[str]:
    """The rows that gained more than their bound."""
    return [row.path for row in report.rows if row.bound is not None and row.cycles_before - row.cycles > row.bound]


def test_no_setting_gains_more_than_its_bound(residual: Program, found: WhatIf, tmp_path: Path) -> None:
    assert exceeded(found) == []
    bounds = {row.path: row.bound for row in found.rows}
    assert bounds["vector.queue_words"] == 0  # nothing waits for a place: more of them change nothing
    assert bounds["arrays.overlap_loads"] is None  # the path passes through waits for latches
    path = critical(recorded(residual, tmp_path))
    waited = sum(row.cycles for row in path.by_cause if row.what == "waiting")
    assert bounds["memory.ports"] == found.contention == waited > 0


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(12))
def test_nor_does_one_of_a_random_program_on_a_random_chip(tmp_path: Path, seed: int) -> None:
    case = generate(seed)
    run(case.program, case.chip, inputs=case.inputs, values=False, trace=tmp_path / "run.actrace")
    report = what_if(open_trace(tmp_path / "run.actrace"), case.program)
    assert exceeded(report) == []
    assert all(
        row.cycles <= row.cycles_before or row.slower is None or row.slower.cycles[0] < row.slower.cycles[1]
        for row in report.rows
    )


def test_what_becomes_slower_says_which_wait_grew_and_what_holds_it(residual: Program, tmp_path: Path) -> None:
    trace = recorded(residual, tmp_path, "vector.queue_words=8")
    (row,) = what_if(trace, residual, settings=["vector.queue_words"]).rows
    assert (row.from_, row.to, row.cycles_before) == (8, 16, trace.cycles)
    assert row.cycles > row.cycles_before
    assert row.slower is not None
    assert (row.slower.unit, row.slower.name, row.slower.held_by) == (
        "main_memory/read",
        "port",
        "main_memory/operand",
    )
    assert row.slower.text.startswith("operand ") and row.slower.cycles[0] < row.slower.cycles[1]


def path(*waits: tuple[str, str, int], busy: int = 0, rivals: tuple[tuple[str, str, str], ...] = ()) -> CriticalPath:
    """A path of some waits, by unit, cause and cycles, and of what held what they waited for."""
    by_cause = [CauseCycles(unit=unit, what="waiting", name=name, cycles=cycles) for unit, name, cycles in waits]
    by_cause.append(CauseCycles(unit="vmm", what="busy", name="port", cycles=busy))
    held = [Rival(unit=unit, name=name, held_by=by, line=f"{by}.s:1", text=by, cycles=1) for unit, name, by in rivals]
    return CriticalPath.model_construct(by_cause=by_cause, rivals=held)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (path(("read", "port", 10), ("write", "port", 5)), None),
        (path(("read", "port", 9), ("write", "port", 4), busy=99), None),
        (path(("read", "port", 12), ("write", "port", 6)), ("read", "port", [10, 12], "-")),
        (path(("read", "port", 12), ("write", "port", 8)), ("write", "port", [5, 8], "-")),
        (path(("read", "port", 12), ("read", "bus", 3)), ("read", "bus", [0, 3], "-")),
        (
            path(("read", "port", 12), rivals=(("write", "port", "a"), ("read", "bus", "b"), ("read", "port", "c"))),
            ("read", "port", [10, 12], "c"),
        ),
    ],
    ids=["alike", "less", "one", "the one that grew most", "a new one", "what held it longest"],
)
def test_the_wait_that_grew_most_is_told(after: CriticalPath, told: tuple[str, str, list[int], str] | None) -> None:
    before = path(("read", "port", 10), ("write", "port", 5), rivals=(("read", "port", "old"),))
    found = grown(before, after)
    assert (None if found is None else (found.unit, found.name, found.cycles, found.held_by)) == told
    if told is not None and told[3] != "-":
        assert found is not None and (found.line, found.text) == (f"{told[3]}.s:1", told[3])


def test_a_setting_that_is_named_twice_is_tried_once(residual: Program, tmp_path: Path) -> None:
    trace = recorded(residual, tmp_path)
    report = what_if(trace, residual, settings=["memory.banks", "memory.ports", "memory.banks"])
    assert sorted(row.path for row in report.rows if " + " not in row.path) == ["memory.banks", "memory.ports"]
    assert all(row.slower is None for row in report.rows if row.cycles == row.cycles_before)


def test_settings_that_gain_nothing_are_not_tried_in_pairs(residual: Program, tmp_path: Path) -> None:
    report = what_if(recorded(residual, tmp_path), residual, settings=["vector.queue_words", "buffer.windows"])
    assert [(row.path, row.cycles - row.cycles_before) for row in report.rows] == [
        ("vector.queue_words", 0), ("buffer.windows", 0),
    ]  # fmt: skip


def test_a_run_of_several_inferences_is_repeated_as_it_was(tmp_path: Path) -> None:
    program = assemble_file(PROGRAMS / "pipeline.s")
    given = {name: array[:3] for name, array in program.samples.items()}
    trace = recorded(program, tmp_path, inputs=given)
    report = what_if(trace, program, settings=["memory.ports"])
    assert report.cycles == trace.cycles and len((trace.summary or {})["inferences"]) > 1


def test_progress_says_how_many_runs_are_done(residual: Program, tmp_path: Path) -> None:
    ticks: list[tuple[int, int]] = []
    trace = recorded(residual, tmp_path)
    what_if(trace, residual, settings=["memory.ports"], progress=lambda *done: ticks.append(done))
    assert ticks[0] == (1, ticks[0][1]) and [done for done, _ in ticks] == sorted(done for done, _ in ticks)
    assert all(done <= total for done, total in ticks)
    assert {total for _, total in ticks} == {1 + 1 + BEST}  # the recorded one, the setting, and as many pairs


def test_a_setting_that_there_is_not_and_one_without_a_step_are_refused(residual: Program, tmp_path: Path) -> None:
    trace = recorded(residual, tmp_path)
    with pytest.raises(UsageError, match=r"there is no setting memory\.port") as caught:
        what_if(trace, residual, settings=["memory.port"])
    assert caught.value.hint == "did you mean `memory.ports`?"
    with pytest.raises(UsageError, match=r"energy\.dacs_pj has no step that makes a run of the same program faster"):
        what_if(trace, residual, settings=["energy.dacs_pj"])


def test_another_program_is_refused_and_so_is_a_run_that_does_not_repeat(residual: Program, tmp_path: Path) -> None:
    trace = recorded(residual, tmp_path)
    other = assemble("start\nhalt", file="other.s")
    with pytest.raises(UsageError, match=r"is not the program of the trace: its sha256 is [0-9a-f]{16}, that of"):
        what_if(trace, other)
    assert trace.summary is not None
    cycles = trace.cycles
    trace.summary["cycles"] = cycles - 282
    with pytest.raises(UsageError, match=f"took {cycles - 282:,} cycles, and today it takes {cycles:,}"):
        what_if(trace, residual, settings=["memory.ports"])


def test_a_run_with_a_process_of_a_user_cannot_be_repeated(residual: Program, tmp_path: Path) -> None:
    def reads(chip: Any) -> Any:
        yield chip.read(0)

    with pytest.raises(UsageError, match="main_memory/process0 is a process of a user") as caught:
        what_if(recorded(residual, tmp_path, processes=[reads]), residual)
    assert caught.value.hint == "record the run without it"


def test_a_trace_that_lacks_events_is_refused_and_one_of_a_stopped_run(residual: Program, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not hold every event"):
        what_if(recorded(residual, tmp_path, trace_level="layers"), residual)
    (tmp_path / "run.actrace").unlink()
    with pytest.raises(UsageError, match="a part of a run is no measure: the run was stopped"):
        what_if(recorded(residual, tmp_path, max_cycles=50), residual)
