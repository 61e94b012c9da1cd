"""`acortex trace check`: exit codes, texts, and its forms for programs and for pull requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli

ECHO = Path(__file__).parents[1] / "echo.s"


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, the same run on a slower chip, and the golden of the first."""
    folder = tmp_path_factory.mktemp("runs")
    for name, more in (("a", ()), ("b", ("--set", "host.word_cycles=3"))):
        assert acortex_("run", ECHO, "--timing-only", "--trace", folder / f"{name}.actrace", *more).exit_code == 0
    made = acortex_("trace", "check", folder / "a.actrace", folder / "g.json", "--update")
    assert (made.exit_code, made.stdout) == (0, f"{folder / 'g.json'}: written, {cycles(folder)} cycles\n")
    return folder


def cycles(folder: Path) -> int:
    return int(json.loads((folder / "g.json").read_text())["cycles"])


def test_a_run_equals_its_golden(runs: Path) -> None:
    result = acortex_("trace", "check", runs / "a.actrace", runs / "g.json")
    assert (result.exit_code, result.stdout) == (0, f"equal to {runs / 'g.json'}: {cycles(runs)} cycles\n")


def test_another_run_differs_and_is_explained(runs: Path) -> None:
    result = acortex_("trace", "check", runs / "b.actrace", runs / "g.json", "--before", runs / "a.actrace")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0] == f"cycles {cycles(runs)} -> {cycles(runs) + 2} (+7.4 %): host.word_cycles 2 -> 3"
    assert lines[1:3] == [f"timing of echo is not that of {runs / 'g.json'}", "  setting host.word_cycles 2 -> 3"]
    assert "  busy.host/in: 5 -> 6 (+1)" in lines
    assert any(line.startswith("first divergence: cycle 6, unit host/in, host.in, at ") for line in lines)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of the program with a comment above, another name of its layer, and an instruction more."""
    folder = tmp_path_factory.mktemp("edited")
    text = ECHO.read_text().replace("copy", "other").replace("        input ", "        nop\n        input ")
    (folder / "new.s").write_text(f"; a comment\n{text}")
    assert acortex_("run", folder / "new.s", "--timing-only", "--trace", folder / "new.actrace").exit_code == 0
    return folder


@pytest.mark.parametrize("before", [True, False])
def test_an_inserted_instruction_is_named_by_the_line_of_the_new_file(runs: Path, edited: Path, before: bool) -> None:
    more = ("--before", runs / "a.actrace") if before else ()
    result = acortex_("trace", "check", edited / "new.actrace", runs / "g.json", *more, "--format", "json")
    report = json.loads(result.stdout)
    number = (edited / "new.s").read_text().splitlines().index("        nop") + 1
    added = {"kind": "inserted", "source_a": None, "source_b": f"new.s:{number}", "text_a": None, "text_b": "nop"}
    assert (result.exit_code, report["changed"]) == (1, {"settings": [], "program": [added]})
    if before:
        now = report["first_divergence"]["b"]
        assert (now["source"], now["text"]) == (f"new.s:{number}", "nop")


def test_a_program_of_the_same_words_equals_the_golden(runs: Path, tmp_path: Path) -> None:
    text = ECHO.read_text().replace("copy", "other").replace(".program echo", ".program renamed")
    (tmp_path / "same.s").write_text(f"; a comment\n\n{text}")
    assert acortex_("run", tmp_path / "same.s", "--timing-only", "--trace", tmp_path / "s.actrace").exit_code == 0
    assert acortex_("trace", "check", tmp_path / "s.actrace", runs / "g.json").exit_code == 0
    assert (
        acortex_("trace", "check", tmp_path / "s.actrace", runs / "g.json", "--before", runs / "a.actrace").exit_code
        == 0
    )


def test_a_golden_without_its_program_says_that_it_has_none(runs: Path, tmp_path: Path) -> None:
    content = json.loads((runs / "g.json").read_text())
    del content["settings"], content["instructions"]
    (tmp_path / "old.json").write_text(json.dumps(content))
    assert acortex_("trace", "check", runs / "a.actrace", tmp_path / "old.json").exit_code == 0
    result = acortex_("trace", "check", runs / "b.actrace", tmp_path / "old.json", "--format", "json")
    assert json.loads(result.stdout)["changed"] == {"settings": None, "program": None}
    updated = acortex_("trace", "check", runs / "a.actrace", tmp_path / "old.json", "--update")
    assert (updated.exit_code, (tmp_path / "old.json").read_text()) == (0, (runs / "g.json").read_text())


def test_tolerances_are_given_by_name(runs: Path) -> None:
    wide = [f"--tolerance={name}=9" for name in ("cycles", "layers", "busy", "waiting", "inferences", "energy_aj")]
    assert acortex_("trace", "check", runs / "b.actrace", runs / "g.json", *wide).exit_code == 0
    assert acortex_("trace", "check", runs / "b.actrace", runs / "g.json", *wide[1:]).exit_code == 1


def test_json_has_every_difference(runs: Path) -> None:
    result = acortex_("trace", "check", runs / "b.actrace", runs / "g.json", "--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["schema"], report["equal"]) == (1, "acortex.check/1", False)
    assert {"metric": "busy.host/in", "golden": 5, "measured": 6, "change": 1} in report["differences"]
    assert report["first_divergence"] is None


def test_github_marks_the_golden(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(runs)
    result = acortex_("trace", "check", "b.actrace", "g.json", "--format", "github")
    (line,) = result.stdout.splitlines()
    assert result.exit_code == 1
    assert line.startswith(
        "::error file=g.json,title=cycles 27 -> 29 (+7.4 %25)%3A host.word_cycles 2 -> 3::timing of "
    )
    assert "%0A  cycles: " in line and "%0A  busy.host/in: 5 -> 6 (+1)%0A" in line
    assert acortex_("trace", "check", "a.actrace", "g.json", "--format", "github").stdout == ""


@pytest.mark.parametrize("there", [False, True])
def test_an_update_for_programs_is_json_alone_and_says_that_it_was_written(
    runs: Path, tmp_path: Path, there: bool
) -> None:
    path = tmp_path / "g.json"
    if there:
        path.write_bytes((runs / "g.json").read_bytes())
    result = acortex_("trace", "check", runs / "b.actrace", path, "--update", "--format", "json")
    report = json.loads(result.stdout)
    assert (result.exit_code, report["written"], report["equal"]) == (0, True, not there)
    assert result.stderr == (f"{path}: updated\n" if there else f"{path}: written, 29 cycles\n")
    again = json.loads(acortex_("trace", "check", runs / "b.actrace", path, "--update", "--format", "json").stdout)
    assert (again["written"], again["equal"]) == (False, True)


def test_a_golden_does_not_replace_the_trace_that_it_is_made_of(runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.actrace"
    path.write_bytes((runs / "a.actrace").read_bytes())
    result = acortex_("trace", "check", path, path, "--update")
    assert (result.exit_code, path.read_bytes()) == (2, (runs / "a.actrace").read_bytes())
    assert "--update would replace RUN.actrace" in result.stderr


def test_update_rewrites_and_says_what_changed(runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_bytes((runs / "g.json").read_bytes())
    result = acortex_("trace", "check", runs / "b.actrace", path, "--update")
    assert result.exit_code == 0
    assert "  busy.host/in: 5 -> 6 (+1)" in result.stdout and result.stdout.endswith(f"{path}: updated\n")
    assert acortex_("trace", "check", runs / "b.actrace", path).exit_code == 0


@pytest.mark.parametrize("there", ["", "<<<<<<< HEAD\n", "{\n"])
def test_update_writes_a_damaged_golden_anew(runs: Path, tmp_path: Path, there: str) -> None:
    path = tmp_path / "g.json"
    path.write_text(there and there + (runs / "g.json").read_text())
    result = acortex_("trace", "check", runs / "a.actrace", path, "--update")
    assert (result.exit_code, result.stdout) == (0, f"{path}: written, 27 cycles\n")
    assert path.read_bytes() == (runs / "g.json").read_bytes()


def test_update_replaces_no_file_of_another_kind(runs: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.s"
    path.write_text("start\nhalt\n")
    result = acortex_("trace", "check", runs / "a.actrace", path, "--update")
    assert (result.exit_code, path.read_text()) == (2, "start\nhalt\n")
    assert f"{path}: is no golden, and is not replaced" in result.stderr


def test_a_tolerance_of_no_metric_is_told_before_a_golden_is_made(runs: Path, tmp_path: Path) -> None:
    result = acortex_("trace", "check", runs / "a.actrace", tmp_path / "g.json", "--update", "--tolerance", "cycels=1")
    assert (result.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "did you mean `cycles`?" in result.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("a.actrace", "none.json"), "none.json: there is no such golden\n  hint: make it with --update"),
        (("a.actrace", "a.actrace"), "a.actrace: byte 0 is not UTF-8 text"),
        (("a.actrace", "g.json", "--tolerance", "cycles"), "'cycles' is no tolerance\n  hint: write NAME=RELATIVE"),
        (("g.json", "g.json"), "g.json: is not a trace"),
    ],
)
def test_a_mistake_is_told(runs: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], told: str) -> None:
    monkeypatch.chdir(runs)
    result = acortex_("trace", "check", *args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert told in result.stderr


def test_reprice_reports_both_energies_and_warns_where_cycles_may_move(runs: Path) -> None:
    made = acortex_("trace", "reprice", runs / "a.actrace", "--set", "energy.memory_access_pj=100", "--format", "json")
    report = json.loads(made.stdout)
    assert (made.exit_code, made.stderr, report["schema"]) == (0, "", "acortex.reprice/1")
    before, after = report["energy_by_component_aj"]["main_memory"]
    assert after == 2 * 8_385_255 != before  # 100 pJ at 1 MB, in a memory of 1 KB
    assert report["energy_by_component_aj"]["leakage"][0] == report["energy_by_component_aj"]["leakage"][1]
    assert sum(row["energy_aj"][1] for row in report["layers"]) == report["energy_aj"][1]
    slower = acortex_("trace", "reprice", runs / "a.actrace", "--set", "memory.access_cycles=3")
    assert slower.stderr == (
        "warning: acortex_digits may take other cycles than those recorded, for it differs in memory.access_cycles\n"
    )
    assert "echo: 27 cycles recorded on acortex_digits, priced as acortex_digits" in slower.stdout
