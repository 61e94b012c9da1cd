"""Goldens and programs through the commits of a small repository; a real pair of this project's commits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from repositories import commit, git

from acortex.errors import UsageError
from acortex.tools.history import states
from acortex.tools.history.following import of_goldens, of_programs
from acortex.tools.history.results import HistoryReport

CHECKOUT = Path(__file__).resolve().parents[3]
ECHO = (CHECKOUT / "tests" / "tools" / "echo.s").read_text()
VMM = (CHECKOUT / "programs" / "vmm.s").read_text()
SLOW = 'inherits = "acortex_digits"\n[memory]\naccess_cycles = 3\n'
FAST = 'inherits = "acortex_digits"\n[memory]\naccess_cycles = 1\n'


def pinned(cycles: int, **more: object) -> str:
    content = {"schema": "acortex.golden/1", "program": "p", "chip": "c", "cycles": cycles, "energy_aj": {"buses": 7}}
    return json.dumps(content | more)


def causes(report: HistoryReport) -> list[tuple[str, str, str]]:
    return [(one.name, move.subject, move.cause) for one in report.series for move in one.moves]


@pytest.fixture
def goldens(tmp_path: Path) -> Path:
    chip = {"memory.ports": 1}
    commit(tmp_path, "pin a", {"timing/a.json": pinned(5, settings=chip), "timing/other.json": "[]"})
    commit(tmp_path, "more ports", {"timing/a.json": pinned(4, settings={"memory.ports": 2})})
    commit(tmp_path, "words alone", {"readme": "x"})
    commit(tmp_path, "pin b", {"timing/b.json": pinned(9)})
    commit(tmp_path, "a bad merge", {"timing/a.json": "<<<<<<<"})
    commit(tmp_path, "mended", {"timing/a.json": pinned(4, settings={"memory.ports": 2})})
    commit(tmp_path, "drop b", {"timing/b.json": None})
    return tmp_path / "timing"


def test_goldens_say_when_and_by_what_they_moved(goldens: Path) -> None:
    report = of_goldens(str(goldens))
    (broken,) = [cause for _, subject, cause in causes(report) if subject == "a bad merge"]
    assert broken.startswith("no numbers: is not JSON")
    assert [one for one in causes(report) if one[1] != "a bad merge"] == [
        ("timing/a.json", "more ports", "memory.ports 1 -> 2"),
        ("timing/a.json", "mended", f"numbers again; before: {broken.removeprefix('no numbers: ')}"),
        ("timing/b.json", "drop b", "no numbers: there is no such golden"),
    ]
    assert (report.runs, report.complete, report.covers, report.commits) == (0, True, None, 7)


def test_a_range_of_goldens_begins_with_what_there_was(goldens: Path) -> None:
    (series,) = of_goldens(str(goldens), "HEAD~6..HEAD~4").series
    assert [point.cycles for point in series.points] == [5, 4]
    (series,) = of_goldens(str(goldens), "HEAD~5..HEAD~4").series
    assert ([point.cycles for point in series.points], series.moves) == ([4], [])


def test_a_golden_that_is_new_in_a_range_appears(goldens: Path) -> None:
    report = of_goldens(str(goldens), "HEAD~4..HEAD~3")
    assert ("timing/b.json", "pin b", "numbers again; before: there is no such golden") in causes(report)


def test_a_folder_without_goldens_is_refused(goldens: Path) -> None:
    with pytest.raises(UsageError, match="no commit of the range has a golden"):
        of_goldens(str(goldens.parent))
    with pytest.raises(UsageError, match="knows no revision 'none'"):
        of_goldens(str(goldens), "none")


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "r"
    commit(folder, "two programs", {"echo.s": ECHO, "vmm.s": VMM, "chip.toml": FAST})
    commit(folder, "words alone", {"readme": "x"})
    commit(folder, "slower memory", {"chip.toml": SLOW})
    return folder


@pytest.mark.slow
def test_programs_are_run_with_the_files_of_each_commit_and_kept(programs: Path, tmp_path: Path) -> None:
    kept = str(tmp_path / "kept")
    report = of_programs("HEAD~2..HEAD", ["echo.s"], ["chip.toml"], folder=str(programs), kept=kept)
    assert causes(report) == [("echo.s", "slower memory", "memory.access_cycles 1 -> 3")]
    (series,) = report.series
    assert (series.chip, len(series.points), report.runs, report.complete) == ("chip.toml", 3, 3, True)
    before, after = series.moves[0].cycles
    assert before is not None and after is not None and before < after
    again = of_programs("HEAD~2..HEAD", ["echo.s"], ["chip.toml"], folder=str(programs), kept=kept)
    assert (again.runs, again.series) == (0, report.series)
    assert git(programs, "status", "--porcelain") == ""


def test_a_commit_that_does_not_run_has_no_numbers_and_the_rest_goes_on(programs: Path) -> None:
    commit(programs, "broken", {"echo.s": "nonsense\n"})
    calls = list[tuple[int, int]]()
    report = of_programs(
        "HEAD~1..HEAD", ["echo.s", "none.s"], folder=str(programs), progress=lambda *call: calls.append(call)
    )
    ((name, subject, cause),) = causes(report)
    assert (name, subject) == ("echo.s", "broken")
    assert cause.startswith("no numbers: ") and "nonsense" in cause
    assert all("none.s" in (point.error or "") for point in report.series[1].points)
    assert calls[-1] == (4, 4)


@pytest.mark.slow
def test_ranges_without_a_change_are_halved_and_said_to_be_a_part(programs: Path) -> None:
    report = of_programs("HEAD~2..HEAD", ["echo.s"], settings=["memory.ports=2"], folder=str(programs))
    assert (report.complete, report.covers, report.runs) == (False, {"looked_at": 2, "of": 3}, 2)
    assert causes(report) == []


@pytest.mark.parametrize("span", ["HEAD", "HEAD~1...HEAD", ""])
def test_what_is_no_range_is_refused(span: str, programs: Path) -> None:
    with pytest.raises(UsageError, match="is no range of commits"):
        of_programs(span, ["echo.s"], folder=str(programs))


def test_a_folder_of_results_that_cannot_be_made_is_refused(programs: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        of_programs("HEAD~1..HEAD", ["echo.s"], folder=str(programs), kept=str(programs / "echo.s" / "in"))


def test_a_run_that_does_not_end_is_given_up(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "LONGEST_S", 0.01)
    (series,) = of_programs("HEAD~1..HEAD", ["echo.s"], folder=str(programs)).series
    assert {point.error for point in series.points} == {"took longer than 0.01 s"}


@pytest.mark.slow
def test_a_result_that_was_damaged_is_measured_anew(programs: Path, tmp_path: Path) -> None:
    first = of_programs("HEAD~1..HEAD", ["echo.s"], folder=str(programs), kept=str(tmp_path / "kept"))
    for path in (tmp_path / "kept").iterdir():
        path.write_text("{")
    again = of_programs("HEAD~1..HEAD", ["echo.s"], folder=str(programs), kept=str(tmp_path / "kept"))
    assert (again.runs, again.series) == (2, first.series)


@pytest.fixture
def numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose programs are numbers: a run takes so many cycles, and 100 more for each of its options."""
    folder = tmp_path / "numbers"
    for subject, cycles in (("first", 5), ("up", 7), ("down", 5)):
        commit(folder, subject, {"a.s": str(cycles), "b.s": "3"})

    def measured(at: states.Commit, run: Sequence[str], _: Path, cwd: Path, __: object) -> states.State:
        cycles = int((cwd / run[0]).read_text()) + 100 * len(run[1:])
        return states.State(at, json.loads(pinned(cycles)))

    monkeypatch.setattr(states, "_measured", measured)
    return folder


def cycles_of(report: HistoryReport) -> list[list[int | None]]:
    return [[point.cycles for point in series.points] for series in report.series]


def test_a_result_is_kept_for_its_commit_program_chip_and_settings(
    numbers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What differs in any of them is run again; what was damaged or is of another version, too."""

    def look(program: str = "a.s", chips: Sequence[str] = (), settings: Sequence[str] = ()) -> HistoryReport:
        kept = str(tmp_path / "kept")
        return of_programs(
            "HEAD~2..HEAD", [program], chips, folder=str(numbers), settings=settings, kept=kept, each=True
        )

    asked: list[tuple[str, list[str], list[str], list[list[int | None]]]] = [
        ("a.s", [], [], [[5, 7, 5]]),
        ("b.s", [], [], [[3, 3, 3]]),
        ("a.s", [], ["memory.ports=2"], [[105, 107, 105]]),
        ("a.s", ["x.toml"], [], [[205, 207, 205]]),
    ]
    for runs in (3, 0):
        for program, chips, settings, wanted in asked:
            report = look(program, chips, settings)
            assert (report.runs, cycles_of(report)) == (runs, wanted)
    assert (look("a.s", ["y.toml"]).runs, look(settings=["memory.ports=3"]).runs) == (3, 3)
    for path in (tmp_path / "kept").iterdir():
        path.write_text("{")
    assert (look().runs, look().runs) == (3, 0)
    monkeypatch.setattr("acortex.__version__", "9.8.7")
    assert (look().runs, look().runs) == (3, 0)


def test_what_lies_outside_of_the_commits_is_run_each_time(numbers: Path, tmp_path: Path) -> None:
    chips = [str(tmp_path / "x.toml")]
    for _ in range(2):
        report = of_programs("HEAD~1..HEAD", ["a.s"], chips, folder=str(numbers), kept=str(tmp_path / "kept"))
        assert (report.runs, cycles_of(report)) == (2, [[207, 205]])


def test_each_program_is_run_on_each_chip_and_a_part_says_of_how_many_pairs_it_is(numbers: Path) -> None:
    """Halving sees that both ends of `a.s` agree, and misses what is between them."""
    calls: list[tuple[int, int]] = []
    report = of_programs(
        "HEAD~2..HEAD", ["a.s", "b.s"], ["x.toml", "y.toml"], folder=str(numbers),
        progress=lambda *call: calls.append(call),
    )  # fmt: skip
    assert [(one.name, one.chip) for one in report.series] == [
        ("a.s", "x.toml"), ("a.s", "y.toml"), ("b.s", "x.toml"), ("b.s", "y.toml"),
    ]  # fmt: skip
    assert cycles_of(report) == [[205, 205], [205, 205], [203, 203], [203, 203]]
    assert (report.complete, report.covers, report.runs) == (False, {"looked_at": 8, "of": 12}, 8)
    assert calls == [(at + done, 12) for at in (0, 3, 6, 9) for done in (1, 2, 3)]
    every = of_programs("HEAD~2..HEAD", ["a.s"], folder=str(numbers), each=True)
    assert (every.complete, every.covers, cycles_of(every)) == (True, None, [[5, 7, 5]])


@pytest.mark.slow  # each commit compiles nothing, and starts Python twice
def test_a_commit_of_acortex_runs_its_own_sources(tmp_path: Path) -> None:
    copy = tmp_path / "acortex"
    git(tmp_path, "clone", "-q", "--no-local", "--depth", "1", f"file://{CHECKOUT}", str(copy))
    git(copy, "commit", "-q", "--allow-empty", "-m", "nothing")
    git(copy, "rm", "-q", "sim/run.py")
    git(copy, "commit", "-q", "-m", "no more runs")
    report = of_programs("HEAD~2..HEAD", ["programs/vmm.s"], folder=str(copy))
    ((_, subject, cause),) = causes(report)
    assert subject == "no more runs" and "sim.run" in cause
    golden = json.loads((CHECKOUT / "tests" / "timing" / "vmm.json").read_text())
    assert report.series[0].points[0].cycles == golden["cycles"]


def test_progress_goes_on_from_one_program_to_the_next(numbers: Path) -> None:
    told: list[tuple[int, int]] = []
    of_programs(
        "HEAD~2..HEAD",
        ["a.s", "b.s"],
        folder=str(numbers),
        each=True,
        progress=lambda done, total: told.append((done, total)),
    )
    assert [done for done, _ in told] == [1, 2, 3, 3, 4, 5, 6, 6]
    assert {total for _, total in told} == {6}
