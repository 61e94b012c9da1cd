"""`acortex trace critical`: its text and its JSON of the smallest run, whose 27 cycles are counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli
from acortex.tools.commands.trace_critical import _some

ECHO = Path(__file__).parents[1] / "echo.s"

SEGMENTS = [
    # start, end, unit, what, name, line of the source
    (0, 1, "controller", "busy", "controller.issue", 7),
    (1, 2, "controller", "busy", "controller.issue", 8),
    (2, 3, "controller", "busy", "controller.issue", 9),
    (3, 4, "controller", "busy", "controller.issue", 10),
    (4, 5, "controller", "busy", "controller.issue", 11),
    (5, 6, "controller", "busy", "controller.issue", 12),
    (6, 8, "host/in", "busy", "host.in", 12),
    (8, 10, "host/in", "busy", "memory.write", 12),
    (10, 11, "host/in", "busy", "sync", 13),
    (11, 12, "host/out", "busy", "sync", 14),
    (12, 13, "host/out", "hand-over", "grant", 15),
    (13, 15, "host/out", "busy", "memory.read", 15),
    (15, 25, "host/out", "latency", "latency", 15),  # 12 cycles of 1.785 ns are 21.42 ns, 2 of them the access
    (25, 27, "host/out", "busy", "host.out", 15),
]

TEXT = """\
27 cycles in 14 segments

What set the length of the run      cycles
  host/out  latency of main memory      10  37.0 %
  controller  controller.issue           6  22.2 %
  host/in  host.in                       2   7.4 %
  host/in  memory.write                  2   7.4 %
  host/out  memory.read                  2   7.4 %
  host/out  host.out                     2   7.4 %
  host/in  sync                          1   3.7 %
  host/out  sync                         1   3.7 %
  host/out  hand-over (grant)            1   3.7 %

Layer   cycles
  copy      22  81.5 %
  -          5  18.5 %

Source line                          cycles
  echo.s:15 output 0, d0                 15  55.6 %
  echo.s:12 input 0, d0                   5  18.5 %
  echo.s:7 base d0, 0                     1   3.7 %
  echo.s:8 dim d0, axis=0, extent=1       1   3.7 %
  echo.s:9 loop l0, host                  1   3.7 %
  echo.s:10 inference by=l0               1   3.7 %
  echo.s:11 layer 0                       1   3.7 %
  echo.s:13 signal host_in, t0            1   3.7 %
  echo.s:14 await host_out, t0            1   3.7 %

Halving the time of  on the path  of its own, at most
  host                        20                   10  37.0 %
  host/out                    15                    7  25.9 %
  main_memory                 14                    7  25.9 %
  controller                   6                    3  11.1 %
  host/in                      5                    2   7.4 %
"""


def invoke(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(cli, list(map(str, arguments)), prog_name="acortex")


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("critical") / "run.actrace"
    assert invoke("run", ECHO, "--trace", path).exit_code == 0
    return path


def test_the_text_of_the_smallest_run(trace: Path) -> None:
    result = invoke("trace", "critical", trace)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [line.rstrip() for line in result.stdout.rstrip().splitlines()] == TEXT.splitlines()


def test_the_path_of_the_smallest_run_in_json(trace: Path) -> None:
    report = json.loads(invoke("trace", "critical", trace, "--format", "json").stdout)
    keys = ("start", "end", "unit", "what", "name", "source")
    assert [tuple(one[key] for key in keys) for one in report["segments"]] == [
        (*segment[:5], f"echo.s:{segment[5]}") for segment in SEGMENTS
    ]
    assert {one["layer"] for one in report["segments"] if one["start"] > 4} == {"copy"}
    assert {one["inference"] for one in report["segments"] if one["start"] < 4} == {-1}
    assert (report["cycles"], report["complete"], report["covers"], report["contention"]) == (27, True, None, 0)


def test_the_sums_of_the_json_are_those_of_the_segments(trace: Path) -> None:
    report = json.loads(invoke("trace", "critical", trace, "--format", "json").stdout)
    of_host = {"name": "host/out", "cycles": 16, "busy": 5, "latency": 10, "waiting": 0, "hand_over": 1, "idle": 0}
    assert report["by_unit"][0] == of_host
    for rows, place in (("by_cause", 4), ("by_line", 5)):
        found = {row["name"] if rows == "by_cause" else row["line"]: 0 for row in report[rows]}
        for row in report[rows]:
            found[row["name"] if rows == "by_cause" else row["line"]] += row["cycles"]
        wanted: dict[str, int] = {}
        for segment in SEGMENTS:
            name = str(segment[place]) if rows == "by_cause" else f"echo.s:{segment[place]}"
            wanted[name] = wanted.get(name, 0) + segment[1] - segment[0]
        assert found == wanted
    assert [(one["name"], one["cycles"]) for one in report["by_layer"]] == [("copy", 22), ("-", 5)]
    gains = {one["name"]: (one["cycles"], one["gain_at_most"]) for one in report["halving"]}
    assert gains == {
        "host": (20, 10), "host/out": (15, 7), "main_memory": (14, 7), "controller": (6, 3), "host/in": (5, 2),
    }  # fmt: skip


def test_a_unit_that_is_not_there_is_one_error_with_a_hint(trace: Path) -> None:
    result = invoke("trace", "critical", trace, "--unit", "host/inn")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "host/inn" in result.stderr and "hint:" in result.stderr


def test_a_file_that_is_no_trace_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "run.actrace").write_text("no trace")
    result = invoke("trace", "critical", tmp_path / "run.actrace")
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(tmp_path / "run.actrace") in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("number", "sizes"), [(0, []), (1, [1]), (4096, [4096]), (4097, [4096, 1]), (8193, [4096, 4096, 1])]
)
def test_segments_are_printed_some_at_a_time_and_none_is_left_out(number: int, sizes: list[int]) -> None:
    parts = list(_some(iter(range(number))))  # type: ignore[arg-type]  # whatever they are
    assert [len(some) for some in parts] == sizes
    assert [one for some in parts for one in some] == list(range(number))
