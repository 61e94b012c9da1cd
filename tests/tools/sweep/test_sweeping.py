"""Sweeps as they run: rows equal single runs, nothing is done twice, and whatever ends a sweep loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

import acortex
from acortex.errors import MissingExtra, UsageError
from acortex.tools.sweep import sweeping, workers
from acortex.tools.sweep.jobs import Answer, Job
from acortex.tools.sweep.log import held
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import look, sweep
from acortex.tools.sweep.table import write as written
from acortex.tools.sweep.work import WORK, in_a_line, work

ROOT = Path(__file__).parents[3]
VMM = str(ROOT / "programs" / "vmm.s")
AXES = {"memory.ports": [1, 2], "energy.sensing_pj": [1, 2, 3]}


def made(folder: Path, axes: dict[str, Any] = AXES, program: Any = VMM, **more: Any) -> SweepReport:
    options = {name: more.pop(name) for name in ("workers", "executor", "say") if name in more}
    return sweep(spec_of({"program": program, "axes": axes, **more}, "s.toml"), folder, **options)


def table(folder: Path) -> list[tuple[Any, ...]]:
    return duckdb.connect().read_parquet(str(folder / "runs.parquet")).fetchall()


def test_rows_are_those_of_single_runs(tmp_path: Path) -> None:
    report = made(tmp_path)
    assert (report.points, report.done, report.failed, report.complete) == (6, 6, 0, True)
    for row in report.rows:
        run = acortex.run(VMM, settings=[f"{name}={value}" for name, value in row.axes.items()], values=False).report
        assert (row.cycles, row.energy_aj, row.latency_s) == (run.cycles, run.energy_aj, run.latency_s)
        assert (row.area_mm2, row.power_w) == (run.area_mm2, run.power_w)
        assert row.efficiency_ops_per_j == run.efficiency_ops_per_j


def test_points_that_differ_in_prices_alone_share_a_simulation(tmp_path: Path) -> None:
    assert made(tmp_path).simulations == 2


def test_the_same_sweep_again_does_nothing_and_has_the_same_rows(tmp_path: Path) -> None:
    first, rows = made(tmp_path), table(tmp_path)
    again = made(tmp_path)
    assert (again.simulations, again.reused, again.rows) == (0, 6, first.rows)
    assert table(tmp_path) == rows


def test_more_points_reuse_those_that_were_there(tmp_path: Path) -> None:
    made(tmp_path)
    more = made(tmp_path, {"energy.sensing_pj": [3, 4], "memory.ports": [2]})
    assert (more.points, more.reused, more.simulations) == (2, 1, 1)


def test_a_point_that_is_reached_in_two_ways_is_run_once(tmp_path: Path) -> None:
    report = made(tmp_path, {"memory.ports": [2]}, sample={"kind": "random", "points": 2})
    assert report.simulations == 1
    assert report.rows[0] == report.rows[1]


def test_an_error_of_several_lines_is_one_of_a_table() -> None:
    error = UsageError("it is wrong", where="a.s:1", hint="mend it")
    assert in_a_line(error) == "a.s:1: it is wrong; mend it"
    error.also = ("a.s:2", "a.s:9")
    assert in_a_line(error) == "a.s:1: it is wrong; mend it; and 2 more like it, the first at a.s:2, the last at a.s:9"
    assert in_a_line(UsageError("it is wrong")) == "it is wrong"


def test_a_failed_point_is_a_row_and_the_rest_goes_on(tmp_path: Path) -> None:
    report = made(tmp_path, {"memory.ports": [1, 0, 2], "instruction_memory.words": [1, 64]})
    assert (report.done, report.failed) == (2, 4)
    errors = {row.axes["memory.ports"]: row.error for row in report.rows if row.axes["instruction_memory.words"] == 64}
    assert errors[1] is None
    assert "memory.ports" in (errors[0] or "")
    small = [row.error or "" for row in report.rows if row.axes["instruction_memory.words"] == 1]
    assert all("instruction" in error for error in small if "memory.ports" not in error)
    assert report.reused == 0
    again = made(tmp_path, {"memory.ports": [1, 0, 2], "instruction_memory.words": [1, 64]})
    assert (again.simulations, again.reused) == (0, 4)  # a setting that is out of range is refused before any run


def test_the_table_has_types_axes_and_versions(tmp_path: Path) -> None:
    made(tmp_path, {"clock_ns": {"from": 1.5, "to": 3, "steps": 2}, "arrays.overlap_loads": [True, False]})
    found = duckdb.connect().read_parquet(str(tmp_path / "runs.parquet"))
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    wanted = {"key": "VARCHAR", "status": "VARCHAR", "cycles": "BIGINT", "latency_s": "DOUBLE", "accuracy": "DOUBLE"}
    wanted |= {"clock_ns": "DOUBLE", "arrays.overlap_loads": "BOOLEAN", "acortex": "VARCHAR", "cpu_s": "DOUBLE"}
    assert wanted.items() <= kinds.items()
    assert found.columns[:5] == ["key", "program", "chip", "clock_ns", "arrays.overlap_loads"]


def test_energies_of_any_size_are_exact_in_the_table(tmp_path: Path) -> None:
    energies = [7, 2**53 + 1, 2**63 + 1, 10**30 + 1]
    rows = [SweepRow(key=str(one), program="p", chip="c", axes={}, status="done", energy_aj=one) for one in energies]
    path = written(tmp_path, [], rows)
    assert duckdb.connect().read_parquet(path).select("energy_aj").fetchall() == [(one,) for one in energies]


def test_accuracy_is_told_where_labels_are_known_and_once_for_ideal_chips(tmp_path: Path) -> None:
    report = made(tmp_path, {"memory.ports": [1, 2]}, "zoo:letters_mlp")
    alone = acortex.run("zoo:letters_mlp").report.accuracy
    assert [row.accuracy for row in report.rows] == [alone, alone]
    log = [json.loads(line) for line in (tmp_path / "results.jsonl").read_text().splitlines()]
    assert sum("accuracy" in one for one in log) == 1


def test_time_alone_tells_no_accuracy(tmp_path: Path) -> None:
    report = made(tmp_path, {"memory.ports": [1]}, "zoo:letters_mlp", timing_only=True)
    assert report.rows[0].accuracy is None


def test_errors_that_are_an_axis_act(tmp_path: Path) -> None:
    report = made(tmp_path, {"errors.stuck_off_ppm": [0, 400000]}, "zoo:letters_mlp", accuracy={"chips": 3})
    good, bad = (row.accuracy for row in report.rows)
    assert good is not None
    assert bad is not None
    assert good > bad
    settings = ["errors.model=analog", "errors.stuck_off_ppm=400000"]
    assert bad == acortex.accuracy("zoo:letters_mlp", settings=settings, chips=3, seed=0).accuracy.mean


def test_a_network_is_compiled_once_for_chips_of_equal_sizes(tmp_path: Path) -> None:
    axes = {"buses.up_lanes": [1, 2], "memory.capacity_kb": [512, 1024]}
    report = made(tmp_path, axes, "zoo:lstm", timing_only=True)
    assert report.failed == 0
    assert len(list((tmp_path / "programs").iterdir())) == 2
    for row in report.rows:
        settings = [f"{name}={value}" for name, value in row.axes.items()]
        assert row.cycles == acortex.run("zoo:lstm", settings=settings, values=False).report.cycles


def test_a_deleted_program_is_compiled_again_where_it_is_needed(tmp_path: Path) -> None:
    made(tmp_path, {"buses.up_lanes": [1]}, "zoo:lstm", timing_only=True)
    for path in (tmp_path / "programs").iterdir():
        path.unlink()
    assert made(tmp_path, {"buses.up_lanes": [2]}, "zoo:lstm", timing_only=True).done == 1


def test_inputs_and_labels_are_part_of_a_point(tmp_path: Path) -> None:
    seeds = []
    for seed in (1, 2):
        np.save(tmp_path / "x.npy", np.random.default_rng(seed).integers(0, 16, (3, 64)))
        report = sweep(
            spec_of({"program": VMM, "input": "x.npy", "axes": {"memory.ports": [1]}}, str(tmp_path / "s.toml")),
            tmp_path / "out",
        )
        seeds.append((report.rows[0].key, report.reused, report.rows[0].inferences))
    assert [one[1:] for one in seeds] == [(0, 3), (0, 3)]
    assert seeds[0][0] != seeds[1][0]


def test_a_file_that_a_source_includes_is_part_of_a_point(tmp_path: Path) -> None:
    echo = (ROOT / "tests" / "tools" / "echo.s").read_text()
    (tmp_path / "p.s").write_text('.include "part.inc"\n' + echo.replace("base    d0, 0", "base    d0, PLACE"))
    found = []
    for place in (0, 1):
        (tmp_path / "part.inc").write_text(f".equ PLACE, {place}\n")
        report = made(tmp_path / "out", {"memory.ports": [1]}, str(tmp_path / "p.s"))
        found.append((report.rows[0].key, report.done, report.reused))
    assert found[0][0] != found[1][0]
    assert [one[1:] for one in found] == [(1, 0), (1, 0)]


@pytest.mark.parametrize("failure", [MissingExtra("a network", "onnx"), MemoryError(), OSError("disk")])
def test_what_a_machine_lacks_is_no_result_of_a_point(
    failure: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(job: Job) -> Answer:
        raise failure

    with monkeypatch.context() as patched:
        patched.setitem(WORK, "time", fails)
        assert made(tmp_path, {"memory.ports": [1]}).failed == 1
    assert made(tmp_path, {"memory.ports": [1]}).done == 1


def test_a_half_written_line_is_dropped_and_done_again(tmp_path: Path) -> None:
    first = made(tmp_path)
    path = tmp_path / "results.jsonl"
    content = path.read_bytes()
    for cut in (1, 7, len(content.splitlines(True)[-1]) - 1):
        path.write_bytes(content[:-cut])
        assert look(tmp_path).covers == {"points": 6, "results": 5}
        again = made(tmp_path)
        assert again.complete
        assert [row.cycles for row in again.rows] == [row.cycles for row in first.rows]


def test_a_folder_serves_one_sweep_at_a_time(tmp_path: Path) -> None:
    with held(tmp_path):
        code = (
            f"from acortex.tools.sweep.log import held\nwith held(__import__('pathlib').Path({str(tmp_path)!r})): pass"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another sweep is at work in this folder" in ended.stderr


def test_what_a_compiler_says_is_told_once(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    helper = onnx.helper
    weight = helper.make_tensor("w", onnx.TensorProto.FLOAT, [8, 4], np.linspace(-1, 1, 32).tolist())
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1, 8])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1, 4])],
        [weight],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "m.onnx")
    said: list[str] = []
    report = made(tmp_path / "out", {"buses.up_lanes": [1, 2]}, str(tmp_path / "m.onnx"), say=said.append)
    assert report.done == 2
    assert len(said) == 1
    assert "calibration" in said[0]


def test_any_executor_may_do_the_work(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert made(tmp_path, executor=pool, workers=2).done == 6


def test_processes_give_the_rows_of_one(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", workers=1), made(tmp_path / "two", workers=2)
    assert [row.model_copy(update={"cpu_s": None}) for row in one.rows] == [
        row.model_copy(update={"cpu_s": None}) for row in two.rows
    ]


def _deadly(job: Job) -> Answer:
    """Kills its process where a job has a mark."""
    if job["do"] == "time" and "memory.ports=2" in job["points"][0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return work(job)


@pytest.mark.slow
def test_a_worker_that_dies_fails_its_points_alone_and_not_for_good(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(workers, "work", _deadly)
        report = made(tmp_path, {"memory.ports": [1, 2, 4]}, workers=2)
    assert [row.status for row in report.rows] == ["done", "failed", "done"]
    assert "the worker process died" in (report.rows[1].error or "")
    assert made(tmp_path, {"memory.ports": [1, 2, 4]}).failed == 0


@pytest.mark.slow  # starts processes, and kills them
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_sweep_that_is_ended_goes_on_where_it_was(tmp_path: Path, number: signal.Signals) -> None:
    spec = tmp_path / "s.toml"
    spec.write_text(
        f'program = "{VMM}"\n[axes]\n"memory.access_cycles" = {{ from = 1, to = 60, steps = 60 }}\n'
        '"memory.ports" = [1, 2]\n'
    )
    command = [sys.executable, "-m", "acortex", "sweep", str(spec), "-o", str(tmp_path / "out"), "--workers", "2"]
    log = tmp_path / "out" / "results.jsonl"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not log.exists() or log.stat().st_size < 4000:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    assert b"Traceback" not in told
    assert process.returncode != 0
    before = log.read_bytes()
    ended = subprocess.run([*command, "--format", "json"], capture_output=True, check=True)
    report = json.loads(ended.stdout)
    assert (report["complete"], report["done"]) == (True, 120)
    assert 0 < report["reused"] < 120
    assert log.read_bytes().startswith(before[: before.rfind(b"\n") + 1])
    whole = made(
        tmp_path / "whole", {"memory.access_cycles": {"from": 1, "to": 60, "steps": 60}, "memory.ports": [1, 2]}
    )
    assert [row["cycles"] for row in report["rows"]] == [row.cycles for row in whole.rows]


def test_a_table_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs.parquet").mkdir()
    with pytest.raises(UsageError, match=r"runs\.parquet"):
        made(tmp_path)


def test_a_folder_without_a_sweep_has_nothing_to_show(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no sweep is kept in this folder"):
        look(tmp_path)


def test_a_damaged_plan_is_refused(tmp_path: Path) -> None:
    for content in ("", "{}", "[]", '{"spec": 1, "axes": [], "moved": [], "points": [{}]}'):
        (tmp_path / "plan.json").write_text(content)
        with pytest.raises(UsageError, match="is no plan of a sweep"):
            look(tmp_path)


def test_a_program_that_is_missing_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        made(tmp_path, AXES, str(tmp_path / "none.s"))
    assert not (tmp_path / "results.jsonl").exists()


def test_a_network_that_the_zoo_lacks_is_said_of_the_file_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the zoo has no network digits_mpl") as caught:
        made(tmp_path, AXES, "zoo:digits_mpl")
    assert caught.value.where == "s.toml"


def test_progress_ends_with_all_points(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    spec = spec_of({"program": VMM, "axes": AXES}, "s.toml")
    sweeping.sweep(spec, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_table_holds_numbers_of_runs_however_long(tmp_path: Path) -> None:
    """Attojoules beyond 64 bits, and counts beyond 32."""
    point = {"key": "k", "program": "p", "chip": "c", "status": "done", "axes": {"memory.ports": 1}}
    large = {"cycles": 2**40, "energy_aj": 10**30 + 1, "inferences": 2**33, "late_reads": 3_000_000_000}
    written(tmp_path, ["memory.ports"], [SweepRow.model_validate({**point, **large})])
    found = duckdb.connect().read_parquet(str(tmp_path / "runs.parquet"))
    (values,) = found.select(*large).fetchall()
    assert [int(value) for value in values] == list(large.values())
