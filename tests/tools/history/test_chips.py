"""Programs followed through the chip files of a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import acortex
from acortex.errors import UsageError
from acortex.tools.cli import cli
from acortex.tools.history.following import of_chips

PROGRAM = str(Path(__file__).parents[3] / "programs" / "vmm.s")


@pytest.fixture(scope="module")
def chips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three chips of which the second is slower than the first, and the third is none."""
    folder = tmp_path_factory.mktemp("chips")
    (folder / "v1.toml").write_text('inherits = "acortex_digits"\n')
    (folder / "v2.toml").write_text('inherits = "acortex_digits"\n[arrays]\nframe_ns = 64\n')
    (folder / "v3.toml").write_text('inherits = "acortex_digits"\n[memory]\nports = 0\n')
    return folder


@pytest.fixture(scope="module")
def report(chips: Path):
    """The report of one program."""
    return of_chips(str(chips), [PROGRAM])


def test_each_chip_has_the_numbers_of_a_run_on_it(report, chips: Path) -> None:
    runs = [acortex.run(PROGRAM, str(chips / f"{name}.toml"), values=False).report for name in ("v1", "v2")]
    points = report.series[0].points
    assert [point.cycles for point in points] == [runs[0].cycles, runs[1].cycles, None]
    assert [point.energy_aj for point in points] == [runs[0].energy_aj, runs[1].energy_aj, None]
    assert runs[1].cycles > runs[0].cycles


def test_a_move_names_the_chip_and_the_setting(report) -> None:
    assert (report.of, report.span, report.commits, report.runs) == ("chips", ["v1", "v3"], 3, 3)
    first, second = report.series[0].moves
    assert (first.subject, first.since.endswith("v1.toml")) == ("v2", True)
    assert "arrays.frame_ns" in first.cause
    assert second.cause.startswith("no numbers: ") and "memory.ports is 0" in second.cause


def test_what_is_printed_has_a_row_for_each_chip_that_moved(chips: Path) -> None:
    made = CliRunner().invoke(cli, ["history", str(chips), "--program", PROGRAM])
    lines = made.stdout.splitlines()
    assert made.exit_code == 0
    assert lines[0] == "v1..v3   3 chips, 2 changes"
    assert [line.split()[0] for line in lines if line.startswith("  v")] == ["v2", "v3"]


@pytest.mark.parametrize("names", [[], ["one.toml"], ["one.toml", "two.txt"]])
def test_a_folder_without_two_chip_files_is_refused(names: list[str], tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_text('inherits = "acortex_digits"\n')
    with pytest.raises(UsageError, match="chip file"):
        of_chips(str(tmp_path), [PROGRAM])


@pytest.mark.parametrize("option", [("--chip", "acortex_gnmt"), ("--repository", "."), ("--all",), ("-o", "kept")])
def test_what_is_for_commits_is_refused(option: tuple[str, ...], chips: Path) -> None:
    made = CliRunner().invoke(cli, ["history", str(chips), "--program", PROGRAM, *option])
    assert made.exit_code == 2
    assert "is for a range of commits" in made.stderr


def test_what_is_neither_a_folder_nor_a_range_is_refused_outside_a_repository_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(cli, ["history", "chipz", "--program", PROGRAM])
    assert made.exit_code == 2
    assert "'chipz' is no range of commits" in made.stderr
    assert "a folder of chip files" in made.stderr


@pytest.mark.slow
def test_numbers_in_names_are_numbers(tmp_path: Path) -> None:
    for name in ("v10", "v9", "10", "2b", "v", "v9-2"):
        (tmp_path / f"{name}.toml").write_text("memory.ports = 0\n")
    (series,) = of_chips(str(tmp_path), ["none.s"]).series
    assert [point.subject for point in series.points] == ["2b", "10", "v", "v9", "v9-2", "v10"]
