"""`acortex view`: what it prints for people and for programs, of what it can be, and what it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.tools.open.programs import open_source
from acortex.traces.file import reader
from acortex.traces.instructions.results import InstructionView
from acortex.traces.instructions.view import view

CHECKOUT = Path(__file__).resolve().parents[3]
VMM = CHECKOUT / "programs" / "vmm.s"
PAGE = (CHECKOUT / "docs" / "view.md").read_text()


def acortex_(*args: object, width: int = 100) -> Result:
    return CliRunner(env={"COLUMNS": str(width)}).invoke(cli, [str(arg) for arg in args], prog_name="acortex")


def document(*args: object) -> InstructionView:
    """What it prints as JSON, held against its type."""
    result = acortex_(*args, "--format", "json")
    assert result.exit_code == 0, result.output
    return InstructionView.model_validate(json.loads(result.stdout))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("view") / "run.actrace"
    run(open_source(str(VMM)), trace=path, values=False)
    return path


# What it shows --------------------------------------------------------------------------------------------------------


def test_the_page_shows_what_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CHECKOUT)
    printed, held = "", 0
    for kind, block in re.findall(r"^```(console|text)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        if kind == "console":
            command, _, block = block.partition("\n")
            printed = acortex_(*command.removeprefix("$ acortex ").split()).stdout
        assert block in printed
        held += block.count("\n")
    assert held > 80


def test_the_python_of_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "programs").symlink_to(CHECKOUT / "programs")
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["found"] == view(reader.open(tmp_path / "run.actrace"), unit="vmm/*", rows=10)
    assert capsys.readouterr().out.count("\n") == len(names["found"].rows) > 0


def test_a_trace_a_program_and_python_say_the_same(recorded: Path) -> None:
    made = document("view", VMM)
    assert made == document("view", recorded) == document("trace", "show", "--instructions", recorded)
    assert made == view(reader.open(recorded))
    assert (made.complete, made.covers, made.cycles, made.instructions) == (True, None, 244, 60)


@pytest.mark.parametrize("width", [40, 80, 100, 120, 179, 180, 200, 400])
def test_lines_are_as_wide_as_asked_for(width: int) -> None:
    lines = acortex_("view", VMM, "--inferences", 9, width=width).stdout.splitlines()
    if width >= 80:
        assert max(map(len, lines)) <= width
    assert any("█" in line for line in lines)


def test_wide_lines_have_strips_beside_numbers() -> None:
    (line,) = (
        line
        for line in acortex_("view", VMM, width=200).stdout.splitlines()
        if line.lstrip().startswith("12 ") and "█" in line
    )
    assert re.search(r"I-?w+█ +40  buffer +12 +28 +29 +15  words +buses/down:39 read d0$", line)


def test_a_strip_has_a_mark_for_each_bin(recorded: Path) -> None:
    report = view(reader.open(recorded), bins=1000, rows=60)
    assert (report.bin_cycles, report.from_cycle, report.until_cycle) == (1, 0, 244)
    for row in report.rows:
        for before, after in zip(row.strip, row.strip[1:], strict=False):
            assert before.end == after.start
        assert row.strip[0].end > row.issued >= row.strip[0].start
        spent = sum(one.end - one.start for one in row.strip if one.what == "busy")
        if row.unit == "controller":
            assert row.done == row.end == row.issued + 1
            assert spent == 0
        else:
            assert row.strip[-1].end == row.done
            assert spent == row.busy


def test_the_rest_is_said_to_be_there() -> None:
    text = acortex_("view", VMM, "--rows", 3).stdout
    assert "and 57 more executions: --rows N, --from CYCLE" in text
    assert "more executions" not in acortex_("view", VMM, "--rows", 60).stdout


@pytest.mark.parametrize(("begin", "end"), [("split.s", "7"), ("begin.inc", "split.s:7")])
def test_a_loop_names_the_file_of_its_end_where_that_is_another(begin: str, end: str, tmp_path: Path) -> None:
    mark = "again:  inference l0\n"
    (tmp_path / "begin.inc").write_text(mark)
    start = mark if begin == "split.s" else '.include "begin.inc"\n'
    (tmp_path / "split.s").write_text(
        ".program split\n.chip acortex_digits\nstart\nloop l0, 4\n" + start + "nop\nnext l0, again\nhalt\n"
    )
    result = acortex_("view", tmp_path / "split.s", "--inferences", 4)
    (heading,) = [line for line in result.stdout.splitlines() if line.startswith("Loop ")]
    line = 5 if begin == "split.s" else 1
    assert heading == f"Loop {begin}:{line} inference by=l0 to {end} next l0, 2, 4 turns"


def test_a_part_says_so_in_its_first_line(recorded: Path) -> None:
    text = acortex_("view", recorded, "--from", 100, "--until", 150, "--unit", "vmm/*").stdout
    assert text.splitlines()[0].startswith("incomplete: only units vmm/load, vmm/frame; cycles 100 until 150")
    part = document("view", recorded, "--from", 100, "--until", 150, "--unit", "vmm/*")
    assert not part.complete
    assert part.covers is not None
    assert (part.covers.from_cycle, part.covers.until_cycle) == (100, 150)
    assert {unit.unit for row in part.totals for unit in row.units} == {"vmm/load", "vmm/frame"}
    assert sum(row.busy + row.waiting for row in part.totals) <= 2 * 50


def test_a_run_that_was_stopped_says_so() -> None:
    text = acortex_("view", VMM, "--max-cycles", 40).stdout
    assert text.startswith("incomplete: the run was stopped at cycle")
    found = document("view", VMM, "--max-cycles", 1)
    assert (found.complete, found.instructions) == (False, 1)
    assert found.rows[0].text == "connect g0"


def test_inferences_of_any_number_are_simulated() -> None:
    (loop,) = document("view", VMM, "--inferences", 20).loops
    assert (loop.turns, loop.period, loop.inferences_per_period) == (20, 79, 1)
    assert document("view", VMM, "--inferences", 1).loops == []


def test_inputs_a_chip_and_settings_are_those_of_run(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((5, 64), np.uint8))
    how = ("--input", tmp_path / "x.npy", "--chip", "acortex_inception", "--set", "memory.access_cycles=4")
    found = document("view", VMM, *how)
    assert (found.loops[0].turns, found.chip.label) == (5, "acortex_inception, memory.access_cycles=4")
    assert json.loads(acortex_("run", VMM, *how, "--format", "json").stdout)["cycles"] == found.cycles


@pytest.mark.parametrize("sort", ["critical", "busy", "waiting", "energy", "times", "line"])
def test_sums_come_in_the_order_that_is_asked_for(sort: str) -> None:
    rows = document("view", VMM, "--sort", sort).totals
    names = {"energy": "energy_aj", "times": "executions", "line": "pc"}
    values = [row[names.get(sort, sort)] for row in rows]
    assert values == sorted(values, reverse=sort != "line")


# What it refuses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("view", "{0}", "--inferences", "2"), "--inferences is for a program"),
        (("view", "{0}", "--set", "memory.ports=2"), "--set is for a program"),
        (("view", "{0}", "--max-cycles", "2"), "--max-cycles is for a program"),
        (("view", "{0}", "--layer", "nothing"), "nothing in this trace is named 'nothing'"),
        (("view", "{0}", "--from", "9999"), "has no cycle of the run"),
        (("view", "{0}", "--inference", "77"), "holds no event and no wait"),
        (("view", "{0}", "--rows", "0"), "--rows"),
        (("view", str(VMM), "--input", "x.npy", "--inferences", "2"), "--inferences is for a run without --input"),
        (("view", "nowhere.s"), "nowhere.s"),
        (("view", "nowhere.actrace"), "nowhere.actrace"),
        (("view", "{0}", "--sort", "size"), "--sort"),
        (("trace", "show", "{0}", "--rows", "3"), "--rows and --sort are for --instructions"),
    ],
)
def test_wrong_usage_is_exit_2(args: tuple[str, ...], message: str, recorded: Path) -> None:
    result = acortex_(*(arg.format(recorded) for arg in args))
    assert result.exit_code == 2
    assert message in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "options", [("--trace-level", "layers"), ("--trace-level", "instructions"), ("--trace-filter", "unit=vmm/*")]
)
def test_a_trace_that_lacks_events_is_refused(options: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "part.actrace"
    assert acortex_("run", VMM, "--timing-only", "--trace", path, *options).exit_code == 0
    result = acortex_("view", path)
    assert (result.exit_code, "does not hold every event" in result.stderr) == (2, True)


def test_a_program_that_fails_is_exit_1(tmp_path: Path) -> None:
    (tmp_path / "stuck.s").write_text(
        ".chip acortex_digits\nstart\nawait read, t0\nsignal write, t0\nawait write, t1\nhalt\n"
    )
    stuck = acortex_("view", tmp_path / "stuck.s")
    assert (stuck.exit_code, "token t0 for ever" in stuck.stderr) == (1, True)
    (tmp_path / "bad.s").write_text("start\nnothing d0\nhalt\n")
    bad = acortex_("view", tmp_path / "bad.s", "--format", "json")
    assert (bad.exit_code, json.loads(bad.stdout)["schema"]) == (1, "acortex.error/1")


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 0.999])
def test_a_trace_that_was_cut_is_viewed_as_far_as_it_goes(share: float, recorded: Path, tmp_path: Path) -> None:
    data = recorded.read_bytes()
    cut = tmp_path / "cut.actrace.part"
    cut.write_bytes(data[: int(len(data) * share)])
    result = acortex_("view", cut)
    assert result.exit_code in (0, 2)
    assert "Traceback" not in result.output
    if result.exit_code == 0:
        assert result.stdout.startswith("incomplete: ")


def test_a_few_turns_that_differ_are_no_proof_that_there_is_no_steady_state(tmp_path: Path) -> None:
    pipeline = CHECKOUT / "programs" / "pipeline.s"
    few = acortex_("view", pipeline, "--rows", 1).stdout
    assert "  of 2 turns no two were alike before the last was issued: no steady state is seen\n" in few
    assert "--inferences N has more" in few
    many = acortex_("view", pipeline, "--rows", 1, "--inferences", 9).stdout
    assert "turn, in which 1 inference is done" in many
    assert "--inferences N" not in many


def test_a_part_of_a_program_without_events_names_the_program() -> None:
    result = acortex_("view", VMM, "--inference", 99)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{VMM}: the selection holds no event and no wait\n")
