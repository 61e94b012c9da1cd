"""`acortex history` as it is typed: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from repositories import commit

from acortex.tools.cli import cli
from acortex.tools.history import following
from acortex.tools.history.results import HistoryPoint, HistoryReport, HistorySeries
from acortex.tools.history.states import _told
from acortex.tools.history.views import parts, sparkline


def acortex_(*args: object) -> Result:
    return CliRunner().invoke(cli, ["history", *(str(arg) for arg in args)])


def golden(cycles: int, ports: int) -> str:
    content = {"schema": "acortex.golden/1", "cycles": cycles, "energy_aj": {"buses": 7 * 10**9}}
    return json.dumps(content | {"settings": {"memory.ports": ports}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    commit(tmp_path, "pin both", {"t/a.json": golden(500, 1), "t/still.json": golden(9, 1)})
    commit(tmp_path, "more ports", {"t/a.json": golden(400, 2)})
    return tmp_path / "t"


def test_a_change_is_a_row_with_its_commit_and_its_cause(folder: Path) -> None:
    result = acortex_(folder)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith("   2 commits, 1 change")
    assert lines[2] == "t/a.json   █▁   cycles 500 -> 400"
    assert lines[3].endswith("2026-01-02   cycles 500 -> 400 (-20.00 %)   energy 7.000 nJ   1 number")
    assert lines[4:6] == ["    more ports", "    setting memory.ports 1 -> 2"]
    assert lines[-1] == "nothing moved in t/still.json"


def test_json_has_its_schema(folder: Path) -> None:
    content = json.loads(acortex_(folder, "--format", "json").stdout)
    assert (content["schema"], content["commits"], content["complete"]) == ("acortex.history/1", 2, True)
    (move,) = content["series"][0]["moves"]
    assert move["changed"]["settings"] == [{"path": "memory.ports", "a": 1, "b": 2}]


def test_a_part_is_said_first(folder: Path) -> None:
    for at in range(3):
        commit(folder.parent, f"words {at}", {})
    result = acortex_("HEAD~2..HEAD", "--program", "none.s", "--repository", folder)
    assert (result.exit_code, result.stderr) == (1, "warning: nothing ran, at any commit\n")
    first, second, *_, last = result.stdout.splitlines()
    assert first == "2 of 3 commits were looked at, by halving: changes that cancel may be missed (--all)"
    assert second.endswith("3 commits, 0 changes")
    assert last.startswith("  at no commit that was looked at: ") and "none.s" in last


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["HEAD~1..HEAD"], "a range of commits needs a program"),
        (["none"], "there is no such folder"),
        ([".", "--chip", "acortex_digits"], "--chip is for --program"),
        ([".", "--all"], "--all is for --program"),
        (["HEAD..HEAD", "--program", "a.s", "--range", "HEAD..HEAD"], "--range is for a folder of goldens"),
        (["HEAD", "--program", "a.s"], "is no range of commits"),
        (["none..HEAD", "--program", "a.s"], "no revision 'none'"),
        ([".", "--range=--output=x"], "is no revision"),
        ([], "DIR|A..B"),
    ],
)
def test_what_is_refused(arguments: list[str], why: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    result = acortex_(*arguments)
    assert result.exit_code == 2
    assert why in result.stderr


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], ""),
        ([None], "·"),
        ([5], "▁"),
        ([1, 2, None, 8], "▁▂·█"),
        ([3, 3], "▁▁"),
        ([9] * 40 + [1] * 59 + [2], "▁" * 59 + "█"),  # the latest 60
    ],
)
def test_a_line_of_numbers(values: list[int | None], line: str) -> None:
    assert sparkline(values) == line


@pytest.mark.parametrize(("still", "told"), [(1, "s0"), (8, "s6, s7"), (9, "s7 and 1 more"), (20, "s7 and 12 more")])
def test_series_that_did_not_move_are_named_up_to_the_eighth(still: int, told: str) -> None:
    point = HistoryPoint(commit="c" * 40, date="", subject="", cycles=5)
    series = [HistorySeries(name=f"s{at}", points=[point], moves=[]) for at in range(still)]
    report = HistoryReport(repository="", span=["a", "b"], commits=1, runs=0, complete=True, series=series)
    *_, last = (str(part) for part in parts(report))
    assert last.startswith("nothing moved in s0") and last.endswith(told)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "it fails, and says nothing"),
        ("warning: slow\n\na.s:3: no such register\n  hint: d0 to d31\n", "a.s:3: no such register"),
        ("warning: slow\nTraceback (most recent call last):\n  File x\nKeyError: 'y'\n", "KeyError: 'y'"),
    ],
)
def test_of_what_a_run_says_the_line_is_kept_that_tells_what_is_wrong(text: str, line: str) -> None:
    assert _told(text) == line


@pytest.mark.parametrize("option", ["--chip c", "--set memory.ports=2", "--repository .", "--all", "-o kept"])
def test_what_is_for_runs_is_refused_for_goldens(option: str, folder: Path) -> None:
    result = acortex_(folder, *option.split())
    name = {"-o": "--output"}.get(option.split()[0], option.split()[0])
    assert result.exit_code == 2 and result.stderr.startswith(f"error: {name} is for --program\n")
    assert not (folder.parent / "kept").exists()


@pytest.mark.parametrize("option", ["--chip c", "--repository .", "--all", "-o kept"])
def test_what_is_for_commits_is_refused_for_chips(option: str, tmp_path: Path) -> None:
    result = acortex_(tmp_path, "--program", "a.s", *option.split())
    name = {"-o": "--output"}.get(option.split()[0], option.split()[0])
    assert result.exit_code == 2 and result.stderr.startswith(f"error: {name} is for a range of commits\n")


def test_options_come_to_the_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def taken(*given: object, **more: object) -> HistoryReport:
        asked.append({**dict(zip(("source", "programs", "chips"), given, strict=False)), **more})
        return HistoryReport(repository="", span=["a", "b"], commits=1, runs=0, complete=True, series=[])

    monkeypatch.setattr(following, "of_chips", taken)
    monkeypatch.setattr(following, "of_programs", taken)
    settings = ("--set", "memory.ports=2", "--set", "clock_ns=1")
    programs = ("--program", "a.s", "--program", "b.s")
    assert acortex_(tmp_path, *programs, *settings).exit_code == 1  # nothing ran
    more = ("--chip", "c.toml", "--repository", "r", "--all", "-o", "k")
    assert acortex_("A..B", *programs, *settings, *more).exit_code == 1
    assert acortex_("A..B", *programs).exit_code == 1
    told = [{name: value for name, value in one.items() if name != "progress"} for one in asked]
    laid = ("memory.ports=2", "clock_ns=1")
    ran = {"source": "A..B", "programs": ("a.s", "b.s")}
    assert told == [
        {"source": str(tmp_path), "programs": ("a.s", "b.s"), "settings": laid},
        {**ran, "chips": ("c.toml",), "folder": "r", "settings": laid, "kept": "k", "each": True},
        {**ran, "chips": (), "folder": ".", "settings": (), "kept": None, "each": False},
    ]
