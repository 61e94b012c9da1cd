"""`acortex trace stats|show|top|query|critical|export` on a part of a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acortex.errors import UsageError
from acortex.tools.cli import cli
from acortex.traces.file.reader import open as open_trace
from acortex.traces.headroom import critical
from acortex.traces.instructions.view import view

ECHO = Path(__file__).parents[1] / "echo.s"


def acortex(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(one) for one in arguments], prog_name="acortex")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("selection") / "run.actrace"
    assert acortex("run", ECHO, "--trace", made).exit_code == 0
    return made


OPTIONS = [
    (("--from", "2", "--until", "9"), "cycles 2 until 9"),
    (("--unit", "host/*"), "units host/in, host/out, host/work"),
    (("--layer", "copy"), "layers copy"),
    (("--inference", "0"), "inferences 0"),
]
COMMANDS = {"stats": (), "show": (), "top": (), "critical": (), "query": ("SELECT count(*) FROM events",)}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(("options", "told"), OPTIONS, ids=lambda value: " ".join(value) if value else "")
def test_the_first_line_says_the_part(path: Path, command: str, options: tuple[str, ...], told: str) -> None:
    result = acortex("trace", command, path, *COMMANDS[command], *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == f"incomplete: only {told}"


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("options", [options for options, _ in OPTIONS], ids=" ".join)
def test_json_says_the_part(path: Path, command: str, options: tuple[str, ...]) -> None:
    result = acortex("trace", command, path, *COMMANDS[command], *options, "--format", "json")
    report = json.loads(result.stdout)
    assert report["complete"] is False
    assert any(report["covers"][name] is not None for name in ("units", "layers", "inferences", "until_cycle"))


SELECTED = ({"window": (2, 9)}, {"unit": "host/*"}, {"layer": "copy"}, {"inference": 0})


@pytest.mark.parametrize(("options", "wanted"), list(zip([one for one, _ in OPTIONS], SELECTED, strict=True)), ids=str)
def test_a_selection_from_python_has_the_path_that_the_command_prints(
    path: Path, options: tuple[str, ...], wanted: dict[str, Any]
) -> None:
    printed = json.loads(acortex("trace", "critical", path, *options, "--format", "json").stdout)
    assert critical(open_trace(path).select(**wanted)).as_dict() == printed
    assert printed["segments"]


def test_the_path_of_a_line_and_of_a_kind_are_what_of_the_run_is_theirs(path: Path) -> None:
    trace = open_trace(path)
    whole = critical(trace).segments
    for line in {row.source for row in whole} - {"-"}:
        assert critical(trace.select(line=line)).segments == [one for one in whole if one.source == line]
    (name,) = {row.name for row in whole if row.name == "host.in"}
    assert critical(trace.select(kind=name)).segments == [one for one in whole if one.name == name]


def test_a_view_of_a_selection_says_to_take_the_whole_trace(path: Path) -> None:
    with pytest.raises(UsageError, match="this is a selection: give the trace that it was chosen from"):
        view(open_trace(path).select(unit="host/*"))


def test_shares_of_a_window_are_of_its_cycles(path: Path) -> None:
    lines = acortex("trace", "stats", path, "--from", "2", "--until", "9").stdout.splitlines()
    whole = json.loads(acortex("trace", "info", path, "--format", "json").stdout)["cycles"]
    assert f"events, 7 of {whole:,} cycles" in lines[1]
    begin = next(at for at, line in enumerate(lines) if line.startswith("Unit "))
    rows = [line.split() for line in lines[begin + 1 : lines.index("", begin)]]
    for name, _, busy, _, waiting, *_ in rows:
        for share in (busy, waiting):
            assert round(float(share) * 7) % 100 in (0, 99, 1), name  # a seventh each cycle, and none beyond
            assert float(share) <= 100


@pytest.mark.parametrize("options", [options for options, _ in OPTIONS], ids=" ".join)
def test_a_part_is_exported(path: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    result = acortex("trace", "export", path, "--to", "chrome", "-o", tmp_path / "part.json", *options)
    assert result.exit_code == 0, result.output
    read = json.loads((tmp_path / "part.json").read_text())
    assert read["otherData"]["complete"] is False
    assert any(event["ph"] == "X" for event in read["traceEvents"])


def test_show_keeps_to_as_another_name_of_until(path: Path) -> None:
    pictures = [acortex("trace", "show", path, "--from", "2", option, "9").stdout for option in ("--to", "--until")]
    assert pictures[0] == pictures[1] != acortex("trace", "show", path).stdout


@pytest.mark.parametrize("command", [*COMMANDS, "export"])
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--unit", "host/inn"), "nothing in this trace is named 'host/inn'\n  hint: did you mean `host/in`?"),
        (("--layer", "zzz"), "nothing in this trace is named 'zzz'"),
        (("--inference", "99"), "the selection holds no event and no wait"),
        (("--from", "5", "--until", "5"), "the window from cycle 5 until 5 has no cycle of the run"),
        (("--from", "999999"), "the window from cycle 999999 until"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_part_that_is_none_is_refused(
    path: Path, tmp_path: Path, command: str, options: tuple[str, ...], told: str
) -> None:
    more = COMMANDS.get(command, ("--to", "csv", "-o", str(tmp_path / "out")))
    result = acortex("trace", command, path, *more, *options)
    assert result.exit_code == 2
    assert told in result.stderr and "Traceback" not in result.output


def test_a_filtered_trace_says_so_in_info_and_stats(tmp_path: Path) -> None:
    made = tmp_path / "run.actrace"
    assert acortex("run", ECHO, "--trace", made, "--trace-filter", "unit=host/*").exit_code == 0
    for command in ("info", "stats", "show"):
        assert acortex("trace", command, made).stdout.startswith(
            "incomplete: only units host/in, host/out, host/work\n"
        )
    report = json.loads(acortex("trace", "stats", made, "--format", "json").stdout)
    controller = next(row for row in report["units"] if row["name"] == "controller")
    assert controller["idle"] is controller["busy"] is None
