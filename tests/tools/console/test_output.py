"""What is printed for other programs stays on its line; for people it is as wide as the terminal."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from rich.table import Table
from rich.text import Text

from acortex.tools.cli import cli
from acortex.tools.console.output import show

ECHO = Path(__file__).parents[1] / "echo.s"
WORDS = "a text of many words " * 20


def acortex_(*args: str | Path, columns: str = "") -> Result:
    return CliRunner(env={"COLUMNS": columns}).invoke(cli, [str(arg) for arg in args], prog_name="acortex")


def table() -> Table:
    made = Table(box=None)
    made.add_column("words", overflow="fold")
    made.add_row(WORDS)
    return made


@pytest.mark.parametrize(
    ("terminal", "whole", "lines"), [(False, True, 3), (True, True, 0), (False, False, 0), (True, False, 0)]
)
def test_only_what_is_whole_and_piped_keeps_its_lines(
    terminal: bool, whole: bool, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    show(Console(width=40, force_terminal=terminal, color_system=None), [table(), Text(WORDS)], whole=whole)
    found = capsys.readouterr().out.splitlines()
    assert len(found) == lines if lines else len(found) > 20


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.actrace"
    assert acortex_("run", ECHO, "--trace", path).exit_code == 0
    return path


@pytest.mark.parametrize("columns", ["", "40", "80"])
def test_a_row_of_a_query_is_a_line_in_a_pipe(trace: Path, columns: str) -> None:
    sql = f"select *, '{WORDS.strip()}' as words, repeat('x', 300) as run from events"
    lines = acortex_("trace", "query", trace, sql, columns=columns).stdout.splitlines()
    events = acortex_("trace", "query", trace, "select count(*) from events").stdout.split()[-1]
    assert len(lines) == 1 + int(events)
    assert all(WORDS.strip() in line and "x" * 300 in line for line in lines[1:])


def test_names_are_not_cut_in_a_pipe(tmp_path: Path) -> None:
    name = "a_layer_of_a_name_" + "x" * 120
    source = tmp_path / "p.s"
    source.write_text(ECHO.read_text().replace("layer   copy", f'layer    "{name}"'))
    path = tmp_path / "run.actrace"
    assert acortex_("run", source, "--trace", path).exit_code == 0
    for command in ("stats", "critical", "info"):
        assert name in acortex_("trace", command, path, columns="60").stdout
