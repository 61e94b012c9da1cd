"""What is read from a part of a run says so, in the first line of its text and in its JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acortex.programs.zoo import load
from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.traces.diff import diff
from acortex.traces.file.reader import open as open_trace

MLP = ("run", "zoo:digits_mlp", "--timing-only")
END = run(load("digits_mlp"), values=False, max_cycles=1000).cycles
"""What has begun by cycle 1,000 ends, so that a run ends at or after its limit."""

STOPPED = f"the run was stopped at cycle {END:,}, as --max-cycles asked; the program goes on"


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex", env={"COLUMNS": "110"})


def document(*args: str | Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(acortex_(*args, "--format", "json").stdout)
    return found


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A run that was stopped after 1,000 cycles, with more options of `acortex run`."""
    made: dict[tuple[str, ...], Path] = {}

    def trace(*options: str) -> Path:
        if options not in made:
            made[options] = tmp_path_factory.mktemp("run") / "t.actrace"
            assert acortex_(*MLP, "--max-cycles", "1000", "--trace", made[options], *options).exit_code == 1
        return made[options]

    return trace


@pytest.fixture(scope="module")
def cut(traces: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trace without its end."""
    path = tmp_path_factory.mktemp("cut") / "t.actrace.part"
    path.write_bytes(traces().read_bytes()[:-1])
    return path


@pytest.mark.parametrize("command", ["info", "stats", "critical", "show", "reprice"])
def test_a_stopped_run_is_said_to_be_one_first(command: str, traces: Callable[..., Path]) -> None:
    text = acortex_("trace", command, traces()).stdout
    assert " ".join(text.split()).startswith(f"incomplete: {STOPPED}")
    report = document("trace", command, traces())
    assert (report["complete"], report["covers"]["lost"]) == (False, STOPPED)


@pytest.mark.parametrize("command", ["info", "stats", "critical", "show"])
def test_so_is_one_whose_file_was_cut(command: str, cut: Path) -> None:
    assert acortex_("trace", command, cut).stdout.startswith("incomplete: ")
    assert document("trace", command, cut)["complete"] is False


@pytest.mark.parametrize("command", ["stats", "critical", "show"])
def test_a_window_is_a_selection(command: str, traces: Callable[..., Path]) -> None:
    window = ("--from", "100", "--until", "300")
    text = acortex_("trace", command, traces(), *window).stdout
    assert text.startswith("incomplete: only cycles 100 until 300; ")
    covers = document("trace", command, traces(), *window)["covers"]
    assert (covers["from_cycle"], covers["until_cycle"]) == (100, 300)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("text", f"b is incomplete: {STOPPED}\ndifferent\n"),
        ("markdown", f"### Incomplete\n\nafter is incomplete: {STOPPED}.\n\n### Different"),
        ("html", f"<h2>Incomplete</h2>\n<p>after is incomplete: {STOPPED}.</p>"),
    ],
)
def test_the_side_of_a_diff_that_is_a_part_is_named_first(
    form: str, told: str, traces: Callable[..., Path], tmp_path: Path
) -> None:
    longer = tmp_path / "whole.actrace"
    inputs = tmp_path / "x.npy"
    import numpy as np

    np.save(inputs, np.zeros((12, 784), dtype=np.uint8))
    assert acortex_(*MLP, "--input", inputs, "--trace", longer).exit_code == 0
    found = acortex_("trace", "diff", longer, traces(), "--format", form)
    assert told in found.stdout and found.exit_code == 1
    report = document("trace", "diff", longer, traces())
    assert (report["complete"], report["covers"][0]) == ([True, False], None)
    assert report["covers"][1]["lost"] == STOPPED and report["critical"] == []


def test_two_parts_that_are_equal_are_still_parts(traces: Callable[..., Path]) -> None:
    found = acortex_("trace", "diff", traces(), traces())
    a, b, equal = found.stdout.splitlines()
    assert (a, b, found.exit_code) == (f"a is incomplete: {STOPPED}", f"b is incomplete: {STOPPED}", 0)
    assert equal.startswith(f"equal: {END:,} cycles")


def test_a_diff_of_filtered_traces_has_no_number_that_needs_the_rest(traces: Callable[..., Path]) -> None:
    paths = traces("--trace-filter", "unit=vmm/*"), traces("--trace-filter", "unit=vmm/*", "--set", "memory.ports=2")
    report = diff(*(open_trace(path) for path in paths))
    assert (report.energy_aj, report.energy_j) == ([None, None], [None, None])
    assert "leakage" not in {row.name for row in report.by_component}
    assert {tuple(row.cycles) for row in report.by_layer} == {(None, None)}
    assert {row.name for row in report.by_unit if row.busy != [None, None]} == {"vmm/load", "vmm/frame"}
    text = acortex_("trace", "diff", *paths).stdout
    assert text.startswith("a is incomplete: only units vmm/load, vmm/frame; ")
    assert ["energy", "-", "-", "-"] in [line.split() for line in text.splitlines()]


def test_no_golden_is_made_of_a_stopped_run(traces: Callable[..., Path], cut: Path, tmp_path: Path) -> None:
    golden = tmp_path / "g.json"
    found = acortex_("trace", "check", traces(), golden, "--update")
    assert (found.exit_code, golden.exists()) == (2, False)
    assert found.stderr.startswith("error: the run was stopped, and cannot be held against a golden: stopped at cycle")
    found = acortex_("trace", "check", cut, golden, "--update")
    assert (found.exit_code, golden.exists()) == (2, False) and "has no report to hold against a golden" in found.stderr
