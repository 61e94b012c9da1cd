"""`acortex sweep` as it is typed: what it prints, how it ends, and what it refuses."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from acortex.tools.cli import cli
from acortex.tools.sweep.metrics import METRICS
from acortex.tools.sweep.results import SweepReport
from acortex.tools.views.sweep import number_text, parts

ROOT = Path(__file__).parents[3]
ECHO = ROOT / "tests" / "tools" / "echo.s"

SPEC = f"""
program = "{ECHO}"
[axes]
"memory.access_cycles" = [1, 2, 3]
"clock_ns" = [2, 4]
"""


def acortex_(*args: object) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args])


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "s.toml"
    path.write_text(SPEC)
    return path


def test_a_sweep_prints_its_front_what_moves_what_and_where_its_rows_lie(spec: Path, tmp_path: Path) -> None:
    result = acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == f"{spec}   6 points: 6 done, 0 failed"
    assert lines[1] == "  0 were there before; 6 simulations in time"
    assert f"  rows: {tmp_path / 'out' / 'runs.parquet'}" in lines
    assert "No other point is better in latency_s and energy_j" in lines
    assert any(line.startswith("clock_ns (free)") for line in lines)
    assert "  (free): moves time, and nothing pays for it: no energy, area or capacity" in result.stdout


def test_show_says_the_same_without_running_anything(spec: Path, tmp_path: Path) -> None:
    made = acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1).stdout.splitlines()
    assert acortex_("sweep", "show", tmp_path / "out").stdout.splitlines() == [made[0], *made[2:]]


@pytest.mark.parametrize("option", ["--plot", "--html"])
def test_show_replaces_no_file_of_the_sweep(spec: Path, tmp_path: Path, option: str) -> None:
    folder = tmp_path / "out"
    acortex_("sweep", spec, "-o", folder, "--workers", 1)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert folder / "results.jsonl" in before
    for path in before:
        result = acortex_("sweep", "show", folder, option, path)
        assert (result.exit_code, f"{option} would replace a file of the sweep" in result.stderr) == (2, True)
    assert {path: path.read_bytes() for path in before} == before


def test_options_may_stand_before_the_file(spec: Path, tmp_path: Path) -> None:
    assert acortex_("sweep", "-o", tmp_path / "out", "--workers", 1, spec).exit_code == 0


def test_failed_points_are_warned_of_and_their_errors_shown_once(tmp_path: Path, spec: Path) -> None:
    spec.write_text(SPEC.replace("[1, 2, 3]", "[1, 0, 3]"))
    result = acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 0
    assert "2 of 6 points failed; their rows say why" in result.stderr
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("  2 points: ")]
    assert "memory.access_cycles is 0" in line
    assert "  0 were there before; 4 simulations in time" in result.stdout


def test_where_a_program_does_not_fit_shares_are_told_of_a_part_of_the_grid(tmp_path: Path, spec: Path) -> None:
    spec.write_text(SPEC.replace('"clock_ns" = [2, 4]', '"instruction_memory.words" = [1, 64]'))
    result = acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1)
    assert "shares of 3 of the 3 points" not in result.stdout  # nothing was left out that ran
    report = json.loads(acortex_("sweep", "show", tmp_path / "out", "--format", "json").stdout)
    assert {(*effect["axes"], effect["points"]) for effect in report["effects"]} == {("memory.access_cycles", 3)}
    mixed = [f'"{ECHO}"', f'"{ROOT / "programs" / "vmm.s"}"']
    spec.write_text(f'program = [{", ".join(mixed)}]\n[axes]\n"memory.access_cycles" = [1, 2]\n'
                    '"instruction_memory.words" = [15, 64]\n')  # fmt: skip
    result = acortex_("sweep", spec, "-o", tmp_path / "mixed", "--workers", 1)
    assert "  shares of 4 of the 6 points that ran: a part of the grid without gaps" in result.stdout, result.stdout
    assert "  one value is left there of " in result.stdout


def test_where_a_line_is_short_settings_are_folded_and_numbers_stay_whole(tmp_path: Path, spec: Path) -> None:
    spec.write_text(SPEC.replace("[axes]", '[axes]\n"energy.sensing_pj" = [1, 2]'))
    acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1)
    report = acortex_("sweep", "show", tmp_path / "out", "--format", "json")
    told = SweepReport.model_validate_json(report.stdout)
    for width in (200, 72):
        console = Console(width=width, file=io.StringIO())
        console.print(*parts(told))
        shown = console.file.getvalue()  # type: ignore[attr-defined]
        front = [row for row in told.rows if row.key in told.front]
        assert "…" not in shown
        for row in front[:2]:
            for name in ("latency_s", "energy_j", "area_mm2", "power_w"):
                assert number_text(row[name], METRICS[name]) in shown


@pytest.mark.parametrize("command", [("sweep",), ("optimise", "--trials", 2)])
def test_a_sweep_of_which_all_points_fail_exits_with_1(tmp_path: Path, spec: Path, command: Sequence[object]) -> None:
    spec.write_text(SPEC.replace("[1, 2, 3]", "[0]"))
    result = acortex_(*command, spec, "-o", tmp_path / "out", "--workers", 1)
    assert result.exit_code == 1 and "points failed; their rows say why" in result.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["{spec}"], "missing option '-o' / '--output'"),
        (["{spec}", "-o", "{spec}"], "the folder cannot be used"),
        (["none.toml", "-o", "{out}"], "the sweep cannot be read: No such file or directory"),
        (["{spec}", "-o", "{out}", "--workers", "0"], "0 is not in the range"),
        (
            ["{spec}", "-o", "{out}", "--workers", "2", "--scheduler", "tcp://127.0.0.1:1"],
            "--workers is for this machine",
        ),
        (["{spec}", "-o", "{out}", "--scheduler", "tcp://10.0.0.1:1"], "10.0.0.1 is another machine"),
        (["show", "{out}"], "no sweep is kept in this folder"),
        (["show", "{out}", "--pareto", "latency"], "no number of a run is called 'latency'"),
    ],
)
def test_wrong_usage_is_said_and_exits_with_2(args: list[str], message: str, spec: Path, tmp_path: Path) -> None:
    result = acortex_("sweep", *(arg.format(spec=spec, out=tmp_path / "out") for arg in args))
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_product_over_the_limit_is_refused_with_its_count(spec: Path, tmp_path: Path) -> None:
    spec.write_text("limit = 5\n" + SPEC)
    result = acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1, "--format", "json")
    assert result.exit_code == 2
    (error,) = json.loads(result.stdout)["errors"]
    assert "the sweep has 6 points (memory.access_cycles 3 x clock_ns 2), more than its limit of 5" in error["message"]


def test_json_has_every_row(spec: Path, tmp_path: Path) -> None:
    report = json.loads(acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1, "--format", "json").stdout)
    assert (report["schema"], report["complete"], report["covers"]) == ("acortex.sweep/1", True, None)
    assert [row["axes"] for row in report["rows"]][:2] == [
        {"memory.access_cycles": 1, "clock_ns": 2},
        {"memory.access_cycles": 1, "clock_ns": 4},
    ]
    assert report["free"] == ["memory.access_cycles", "clock_ns"]
    best = min(report["rows"], key=lambda row: (row["latency_s"], row["energy_j"]))
    assert report["front"][0] == best["key"]


def test_help_shows_how_a_sweep_is_written() -> None:
    for args in (["--help"], ["-h"], []):
        text = acortex_("sweep", *args).output
        assert '"memory.ports" = [1, 2, 4]' in text
        assert "SPEC.toml -o DIR" in text


def test_a_sweep_with_several_programs_shows_the_front_of_each(tmp_path: Path) -> None:
    spec, other = tmp_path / "s.toml", ROOT / "programs" / "vmm.s"
    spec.write_text(f'program = ["{ECHO}", "{other}"]\n[axes]\n"memory.access_cycles" = [1, 2]\n')
    assert acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1).exit_code == 0
    shown = acortex_("sweep", "show", tmp_path / "out", "--pareto", "cycles,area_mm2").stdout
    for words in ("of all programs", f"of {ECHO} alone", f"of {other} alone"):
        assert f"in cycles and area_mm2, {words}" in shown.replace("\n", " ").replace("  ", " ")


def test_uncertain_prints_intervals_and_which_constant_matters_most(spec: Path, tmp_path: Path) -> None:
    spec.write_text(spec.read_text().replace(str(ECHO), str(ROOT / "programs" / "vmm.s")))
    out = tmp_path / "out"
    made = acortex_("sweep", spec, "-o", out, "--workers", 1, "--uncertain", "--samples", 40)
    assert made.exit_code == 0, made.output
    for words in ("How sure that is", "Which constant matters most", "40 samples per point, seed 0"):
        assert words in made.stdout
    report = json.loads(acortex_("sweep", "show", out, "--format", "json").stdout)
    assert report["uncertainty"]["samples"] == 40
    assert all(row["energy_j_p5"] < row["energy_j_p95"] for row in report["rows"])
    assert acortex_("sweep", spec, "-o", out, "--workers", 1).stdout.count("How sure") == 0  # it was not asked for


@pytest.mark.parametrize("number", ["0", "19", "1000001", "many"])
def test_a_number_of_samples_is_within_bounds(spec: Path, tmp_path: Path, number: str) -> None:
    found = acortex_("sweep", spec, "-o", tmp_path / "out", "--uncertain", "--samples", number)
    assert found.exit_code == 2 and not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--samples", "--time-samples"])
def test_samples_without_uncertain_are_refused(spec: Path, tmp_path: Path, option: str) -> None:
    found = acortex_("sweep", spec, "-o", tmp_path / "out", option, 40)
    assert found.exit_code == 2 and f"{option} is for --uncertain" in found.stderr


def test_uncertain_draws_delays_unless_none_is_asked_for(spec: Path, tmp_path: Path) -> None:
    spec.write_text(spec.read_text().replace('"clock_ns" = [2, 4]', '"memory.ports" = [1, 2]'))
    out = tmp_path / "out"
    args = ("sweep", spec, "-o", out, "--workers", 1, "--uncertain", "--samples", 40)
    made = acortex_(*args, "--time-samples", 20)
    assert made.exit_code == 0, made.output
    assert "runs to simulate; --time-samples says how many draws there are" in made.stderr
    for words in ("memory.read_latency_ns", "20 draws of", "runs that differ", "latency +"):
        assert words in made.stdout
    rows = json.loads(acortex_("sweep", "show", out, "--format", "json").stdout)["rows"]
    assert all(row["cycles_p5"] < row["cycles_p95"] and row["latency_s_p5"] < row["latency_s_p95"] for row in rows)
    prices = acortex_(*args, "--time-samples", 0)
    assert "no delay was drawn" in prices.stdout and "to simulate" not in prices.stderr
    rows = json.loads(acortex_("sweep", "show", out, "--format", "json").stdout)["rows"]
    assert all(row["cycles_p5"] is None and row["energy_j_p5"] is not None for row in rows)


def test_more_runs_for_draws_than_the_limit_are_refused_with_what_to_do(spec: Path, tmp_path: Path) -> None:
    spec.write_text(f"limit = 30\n{spec.read_text()}")
    found = acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1, "--uncertain", "--samples", 40)
    assert found.exit_code == 2 and not found.stdout
    assert f"{spec}: the draws of delays need" in found.stderr
    assert "runs, more than the sweep's limit of 30" in found.stderr and "hint: fewer --time-samples" in found.stderr


def test_html_writes_a_page_beside_the_text(spec: Path, tmp_path: Path) -> None:
    acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1)
    page = tmp_path / "page.html"
    shown = acortex_("sweep", "show", tmp_path / "out", "--html", page)
    assert shown.exit_code == 0 and "No other point is better" in shown.stdout
    assert page.read_text().lstrip().startswith("<!doctype html>")


def test_html_on_stdout_has_the_page_alone(spec: Path, tmp_path: Path) -> None:
    acortex_("sweep", spec, "-o", tmp_path / "out", "--workers", 1)
    shown = acortex_("sweep", "show", tmp_path / "out", "--html", "-")
    assert shown.stdout.strip().startswith("<!doctype html>") and shown.stdout.strip().endswith("</html>")
    assert "No other point is better" in shown.stderr
    both = acortex_("sweep", "show", tmp_path / "out", "--html", "-", "--format", "json")
    assert both.exit_code == 2
    where = tmp_path / "no" / "page.html"
    assert acortex_("sweep", "show", tmp_path / "out", "--html", where).exit_code == 2
