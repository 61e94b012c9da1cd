"""Two chips beside each other, and a program's groups on the floor plan."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from acortex.programs import zoo
from acortex.sim.chip.area import total_area
from acortex.sim.chip.specs import load_chip
from acortex.tools.cli import cli

ECHO = Path(__file__).parents[1] / "echo.s"
PAIR = ("--chip", "acortex_digits", "--chip", "acortex_digits_parallel")


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex")


# chip diff


def test_equal_chips_exit_with_0() -> None:
    result = acortex_("chip", "diff", "acortex_gnmt", "acortex_gnmt")
    assert result.exit_code == 0
    assert result.stdout == "equal: acortex_gnmt and acortex_gnmt have the same settings\n"


def test_each_difference_has_its_values_unit_and_sources() -> None:
    result = acortex_("chip", "diff", "acortex_digits", "acortex_digits_parallel", "--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["schema"], report["equal"]) == (1, "acortex.chip-diff/1", False)
    rows = {row["path"]: row for row in report["settings"]}
    assert set(rows) == {"arrays.overlap_loads", "arrays.loads_per_cycle", "memory.ports"}
    assert (rows["memory.ports"]["values"], rows["memory.ports"]["unit"]) == ([1, 2], "ports")
    assert rows["memory.ports"]["sources"] == [
        load_chip(name).sources["memory.ports"] for name in ("acortex_digits", "acortex_digits_parallel")
    ]


def test_an_override_changes_the_second_chip() -> None:
    result = acortex_("chip", "diff", "acortex_gnmt", "acortex_gnmt", "--set", "memory.ports=2")
    assert result.exit_code == 1
    lines = [line.split() for line in result.stdout.splitlines()]
    assert lines[1] == ["memory.ports", "1", "2", "ports", "set", "by", "an", "override"]
    more = total_area(load_chip("acortex_gnmt", ["memory.ports=2"]))
    assert result.stdout.splitlines()[-1] == f"area {total_area(load_chip('acortex_gnmt')):.4f} mm2 and {more:.4f} mm2"


# run on two chips


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """Four digits."""
    path = tmp_path / "x.npy"
    np.save(path, zoo.load("digits_mlp").samples["image"][:4])
    return path


def test_both_runs_are_inside_the_comparison(digits: Path) -> None:
    result = acortex_("run", "zoo:digits_mlp", "--input", digits, *PAIR, "--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["schema"]) == (0, "acortex.compare/1")
    assert report["chips"] == [run["chip"]["name"] for run in report["runs"]] == list(PAIR[1::2])
    rows = {row["name"]: row for row in report["rows"]}
    for name, read in (("cycles", "cycles"), ("energy", "energy_j"), ("area", "area_mm2"), ("power", "power_w")):
        assert rows[name]["values"] == [run[read] for run in report["runs"]]
        assert rows[name]["ratio"] == rows[name]["values"][1] / rows[name]["values"][0]
    assert sum(rows[name]["values"][1] for name in rows if name.startswith("energy.")) == pytest.approx(
        rows["energy"]["values"][1]
    )
    assert rows["energy.program_erase"]["ratio"] is None  # nothing of nothing


def test_each_run_is_that_of_its_chip_alone(digits: Path) -> None:
    both = json.loads(acortex_("run", "zoo:digits_mlp", "--input", digits, *PAIR, "--format", "json").stdout)["runs"]
    for name, run in zip(PAIR[1::2], both, strict=True):
        alone = acortex_("run", "zoo:digits_mlp", "--input", digits, "--chip", name, "--format", "json").stdout
        assert json.loads(alone) == run


def test_the_table_shows_both_chips_and_their_ratio(digits: Path) -> None:
    report = json.loads(acortex_("run", "zoo:digits_mlp", "--input", digits, *PAIR, "--format", "json").stdout)
    text = acortex_("run", "zoo:digits_mlp", "--input", digits, *PAIR).stdout
    a, b = (run["cycles"] for run in report["runs"])
    assert f"cycles {a:,} {b:,} x {b / a:.3f}" in [" ".join(line.split()) for line in text.splitlines()]


def test_the_settings_that_differ_are_named_first(digits: Path) -> None:
    found = acortex_("run", "zoo:digits_mlp", "--input", digits, *PAIR)
    assert [line.split() for line in found.stdout.splitlines()[1:4]] == [
        ["setting", "arrays.loads_per_cycle", "1", "->", "4"],
        ["setting", "arrays.overlap_loads", "false", "->", "true"],
        ["setting", "memory.ports", "1", "->", "2"],
    ]
    report = json.loads(acortex_("run", ECHO, *PAIR, "--format", "json").stdout)
    apart = json.loads(acortex_("chip", "diff", *PAIR[1::2], "--format", "json").stdout)["settings"]
    named = {row["path"]: [row["a"], row["b"]] for row in report["changed"]["settings"]}
    assert named == {row["path"]: row["values"] for row in apart}
    assert report["changed"]["program"] == []


@pytest.mark.parametrize("turned", [False, True])
def test_a_comparison_fails_where_any_of_its_runs_does(tmp_path: Path, turned: bool) -> None:
    """Of a chip with a fast memory and one with a slow one, one run ends before the last cycle that is allowed."""
    for name, cycles in (("fast", 1), ("slow", 40)):
        (tmp_path / f"{name}.toml").write_text(
            f'inherits = "acortex_digits"\n[memory]\naccess_cycles = {cycles}\nbank_cycles = {cycles}\n'
        )
    chips = [f"--chip={tmp_path / f'{name}.toml'}" for name in ("fast", "slow")]
    both = ("run", ECHO, *(chips[::-1] if turned else chips))
    runs = json.loads(acortex_(*both, "--format", "json").stdout)["runs"]
    fewest, most = sorted(run["cycles"] for run in runs)
    assert fewest < most
    result = acortex_(*both, "--max-cycles", str(fewest + 1))
    assert result.exit_code == 1
    (told,) = [line for line in result.stderr.splitlines() if "stopped at cycle" in line]
    assert told.startswith("warning: slow: stopped at cycle ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            [*PAIR, "--chip", "acortex_gnmt", "--output", "y.npy"],
            "error: --output is for one chip, and 3 are compared\n  hint: run the chips one by one\n",
        ),
        (
            [*PAIR, "--trace", "t.actrace"],
            "error: --trace is for one chip, and two are compared\n  hint: run the chips one by one\n",
        ),
        (
            [*PAIR, "--functional-only"],
            "error: --functional-only is for one chip, and two are compared\n  hint: run the chips one by one\n",
        ),
        *(
            (
                [*PAIR, option, "out"],
                f"error: {option} is for one chip, and two are compared\n  hint: run the chips one by one\n",
            )
            for option in ("--output", "--report", "--plot", "--dump-layers")
        ),
    ],
)
def test_what_is_for_one_chip_is_refused_for_several(options: list[str], message: str) -> None:
    result = acortex_("run", "zoo:digits_mlp", *options)
    assert (result.exit_code, result.stderr) == (2, message)


# chip show --program


def test_groups_of_a_program_are_drawn_with_their_key() -> None:
    result = acortex_("chip", "show", "acortex_digits", "--program", "zoo:digits_mlp")
    assert result.exit_code == 0
    assert "│ main memory        │ g0 g0                │ rows 0 to 4" in result.stdout
    assert "  g1: 65 x 10 cells, 2 arrays: column 1, rows 5 to 6" in result.stdout


@pytest.mark.parametrize("chip", ["acortex_digits", "acortex_inception", "acortex_resnet", "acortex_gnmt"])
def test_the_drawing_fits_80_columns(chip: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = acortex_("chip", "show", chip, "--program", "zoo:digits_mlp", "--group", "g0")
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_groups_are_in_the_json() -> None:
    args = ("chip", "show", "acortex_digits", "--program", "zoo:digits_mlp", "--group", "g1", "--format", "json")
    (group,) = json.loads(acortex_(*args).stdout)["groups"]
    assert group["rectangles"] == [{"column": 1, "row": 5, "height": 2, "width": 1}]
    # Two rows of the lower half's bus, the tap and the neurons' input.
    assert (group["group"], group["arrays"], group["segments"], group["turns"]) == (1, 2, 4, 1)


def test_groups_are_in_the_svg(tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    args = ("chip", "show", "acortex_digits", "--program", "zoo:digits_mlp", "--group", "g0", "--svg", path)
    assert acortex_(*args).exit_code == 0
    assert "hidden: g0, 785 x 64 cells, 13 arrays" in path.read_text()
    assert "<title>analog bus</title>" in path.read_text()


def test_an_unknown_group_is_refused_with_those_there_are() -> None:
    result = acortex_("chip", "show", "acortex_digits", "--program", "zoo:digits_mlp", "--group", "g7")
    assert (result.exit_code, result.stderr) == (
        2,
        "error: zoo:digits_mlp has no group g7\n  hint: its groups are g0, g1\n",
    )


def test_a_group_without_a_program_is_refused() -> None:
    result = acortex_("chip", "show", "acortex_digits", "--group", "g0")
    assert result.stderr == ("error: --group draws a group of a program\n  hint: name the program with --program\n")


def test_a_program_that_does_not_fit_the_chip_is_refused_at_its_line(tmp_path: Path) -> None:
    path = tmp_path / "far.s"
    lines = (".program far", ".chip acortex_digits", ".weights w, 1x1", ".row 1", "group g0, 1, 1", "rect g0, 5, 0")
    path.write_text("\n".join([*lines, "program g0, w", "start", "halt\n"]))
    result = acortex_("chip", "show", "acortex_digits", "--program", path)
    assert result.exit_code == 1
    assert result.stderr.startswith("far.s:6: group g0 names the array in column 5, row 0: chip acortex_digits has")


# networks


def test_a_network_is_compiled_for_each_chip_that_is_compared() -> None:
    args = ("run", "zoo:letters_mlp", "--format", "json")
    chips = ("acortex_digits", "acortex_inception")
    both = json.loads(acortex_(*args, "--chip", chips[0], "--chip", chips[1]).stdout)
    alone = [json.loads(acortex_(*args, "--chip", chip).stdout) for chip in chips]
    assert alone[0]["program"]["sha256"] != alone[1]["program"]["sha256"]
    assert [run["program"] for run in both["runs"]] == [run["program"] for run in alone]


def test_the_floor_plan_shows_a_network_as_it_lies_on_that_chip() -> None:
    low = ("--set", "arrays.m_top=1", "--set", "arrays.m_bottom=1")
    shown = acortex_("chip", "show", "acortex_inception", *low, "--program", "zoo:digits_cnn", "--format", "json")
    rows = {rect["row"] for group in json.loads(shown.stdout)["groups"] for rect in group["rectangles"]}
    assert rows <= {0, 1}  # on the chip as published it lies lower
