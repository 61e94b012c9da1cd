"""`acortex trace top`: what people see of the dearest instructions and layers, and what is refused."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len
from rich.console import Console

from acortex.tools.cli import cli
from acortex.tools.commands.trace_top import RANKINGS
from acortex.tools.views.trace_top import WORDS, top_parts
from acortex.traces.file.reader import open as open_trace
from acortex.traces.top import MEASURES, top
from acortex.wording import layer_name

ECHO = Path(__file__).parents[1] / "echo.s"


def acortex(*arguments: object) -> Result:
    """Runs a command."""
    return CliRunner().invoke(cli, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of the smallest run."""
    made = tmp_path_factory.mktemp("top") / "run.actrace"
    assert acortex("run", ECHO, "--trace", made).exit_code == 0
    return made


def test_rankings_have_one_list_of_names() -> None:
    assert set(RANKINGS) == set(MEASURES) == set(WORDS)


@pytest.mark.parametrize("by", RANKINGS)
def test_the_text_has_the_rows_of_the_json(path: Path, by: str) -> None:
    found = json.loads(acortex("trace", "top", path, "--by", by, "-n", 2, "--format", "json").stdout)
    text = acortex("trace", "top", path, "--by", by, "-n", 2).stdout
    lines = text.splitlines()
    assert lines[0] == f"What takes the most {WORDS[by]}"
    for row in found["instructions"]:
        line = next(one for one in lines if f"{row['line']} {row['text']}" in one)
        assert f" {row['busy']:,} " in line and f" {row['waiting']:,} " in line
    for row in found["layers"]:
        line = next(one for one in lines if one.startswith(f"  {layer_name(row['name'])} "))
        assert f" {row['busy']:,} " in line


def test_the_sums_are_those_of_stats(path: Path) -> None:
    found, stats = (json.loads(acortex("trace", name, path, "--format", "json").stdout) for name in ("top", "stats"))
    assert found["whole"]["events"] == stats["totals"]["events"]
    assert found["whole"]["busy"] == stats["totals"]["busy"]
    assert found["whole"]["energy_aj"] == stats["totals"]["event_energy_aj"]
    assert found["whole"]["waiting"] == sum(row["cycles"] for row in stats["waits"])
    by_pc = {row["pc"]: row for row in stats["instructions"]}
    for row in found["instructions"]:
        for name in ("events", "busy", "waiting", "energy_aj", "text", "line"):
            assert row[name] == by_pc[row["pc"]][name]


@pytest.mark.parametrize("columns", [80, 200])
def test_lines_fit_the_terminal(path: Path, columns: int) -> None:
    terminal = Console(file=StringIO(), width=columns, color_system=None)
    with terminal.capture() as drawn:
        for part in top_parts(top(open_trace(path))):
            terminal.print(part)
    lines = drawn.get().splitlines()
    assert all(cell_len(line.rstrip()) <= columns for line in lines)
    assert not [line for line in lines if "…" in line.lstrip().partition("  ")[2]]  # names alone are cut


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("-n", "0"), "0 is not in the range 1<=x<=65536"),
        (("-n", "ten"), "not a valid whole number"),
        (("--by", "time"), "not one of 'cycles', 'energy', 'waits'"),
        (("--layer", "coppy"), "did you mean `copy`"),
        (("--from", "9", "--until", "9"), "has no cycle of the run"),
    ],
)
def test_what_makes_no_sense_is_refused(path: Path, options: tuple[str, ...], told: str) -> None:
    result = acortex("trace", "top", path, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.output


def test_another_file_is_no_trace(tmp_path: Path) -> None:
    (tmp_path / "x.actrace").write_text("no")
    result = acortex("trace", "top", tmp_path / "x.actrace", "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["schema"] == "acortex.error/1"
