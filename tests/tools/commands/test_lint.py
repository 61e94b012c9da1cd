"""`acortex lint`: what it prints for people and for programs, and its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.errors import AcortexError
from acortex.isa.lint.rows import FINDINGS
from acortex.isa.rules import BASE, changed
from acortex.programs.shipped import FOLDER
from acortex.tools.cli import cli

SPARE = changed(BASE, ("connect  g0\n", "connect  g0\nbase     d9, 4\n"))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source with a register that nothing uses."""
    path = tmp_path / "p.s"
    path.write_text(SPARE)
    return path


def lint(*words: object) -> Result:
    """What `acortex lint` does."""
    return CliRunner().invoke(cli, ["lint", *map(str, words)])


def findings(*words: object) -> list[dict[str, object]]:
    """The findings as JSON has them."""
    found = json.loads(lint(*words, "--format", "json").stdout)
    assert found["schema"] == "acortex.lint/1"
    rows: list[dict[str, object]] = found["findings"]
    return rows


def test_a_warning_names_its_line_and_exits_with_0(source: Path) -> None:
    found = lint(source)
    assert found.exit_code == 0
    assert found.stdout.splitlines() == [
        f"{source}:14:10: warning: d9 is set here, and nothing uses it before it is set again [L201]",
        "  14 | base     d9, 4",
        "     |          ^~",
        "  hint: leave it out, or name it where it is meant",
        f"{source}: 0 errors, 1 warning",
    ]
    assert lint(source, "--strict").exit_code == 1


def test_a_program_without_a_finding_says_so(source: Path) -> None:
    source.write_text(BASE)
    found = lint(source, "--strict")
    assert (found.exit_code, found.stdout) == (0, f"{source}: nothing found\n")


def test_mistakes_of_the_assembler_are_errors(source: Path) -> None:
    source.write_text(changed(BASE, ("base     d1, 1", "base     d99, 1\nbase d98, 1")))
    assert [(one["code"], one["severity"], one["line"], one["column"]) for one in findings(source)] == [
        ("A308", "error", 16, 10), ("A308", "error", 17, 6),
    ]  # fmt: skip
    found = lint(source)
    assert found.exit_code == 1
    assert "  16 | base     d99, 1\n     |          ^~~\n" in found.stdout


@pytest.mark.parametrize(
    ("old", "new", "code", "line"),
    [
        ("await    host_out, t1", "await    host_out, t5", "R703", 26),
        ("write    d1", "write    d2", "R003", 24),
        ("rect     g0, column=0, row=0", "rect     g0, column=9, row=0", "R101", 9),
        ("base     d0, 0", "base     d0, 5", None, None),
    ],
)
def test_broken_rules_are_errors(source: Path, old: str, new: str, code: str | None, line: int | None) -> None:
    source.write_text(changed(BASE, (old, new)))
    found = findings(source)
    assert [(one["code"], one["line"]) for one in found if one["severity"] == "error"] == (
        [(code, line)] if code else []
    )
    assert lint(source).exit_code == bool(code)


def test_a_race_between_inferences_is_a_warning(source: Path) -> None:
    rule = FINDINGS["L103"]
    source.write_text(rule.example.broken)
    (one,) = findings(source)
    assert (one["code"], one["severity"], one["line"]) == ("L103", "warning", 18)
    assert str(one["message"]).startswith("with two inferences: input writes word 0 of main memory")
    (one,) = findings(source, "--inferences", "2")
    assert (one["code"], one["severity"], one["line"]) == ("R708", "error", 18)
    assert findings(source, "--inferences", "1") == []
    source.write_text(rule.example.mended)
    assert findings(source) == []


def test_a_chip_that_is_too_small_is_an_error(source: Path) -> None:
    found = findings(source, "--set", "instruction_memory.words=8")
    assert [(one["code"], one["severity"]) for one in found] == [("R201", "error"), ("L201", "warning")]


def test_a_line_of_an_included_file_is_shown(source: Path) -> None:
    source.with_name("lib.s").write_text(".macro m n\nbase d\\n, 1\n.endm\n")
    source.write_text('.include "lib.s"\n' + SPARE.replace("base     d9, 4", "m 9\nm 77"))
    assert lint(source).stdout.splitlines()[1:3] == ["  2 | base d\\n, 1", "    |      ^~~"]
    source.write_text('.include "lib.s"\n' + SPARE.replace("base     d9, 4", "m 9"))
    assert [(one["line"], one["file"]) for one in findings(source)] == [(2, str(source.with_name("lib.s")))]


def test_other_tools_get_warnings(source: Path) -> None:
    assert lint(source, "--format", "github").stdout.startswith(
        f"::warning file={source},line=14,col=10,endColumn=11,title=L201::d9 is"
    )
    log = json.loads(lint(source, "--format", "sarif").stdout)["runs"][0]
    assert [(one["ruleId"], one["level"]) for one in log["results"]] == [("L201", "warning")]
    assert [one["id"] for one in log["tool"]["driver"]["rules"]] == ["L201"]


def test_what_cannot_be_read_is_an_error_of_the_command(tmp_path: Path) -> None:
    found = lint(tmp_path / "none.s")
    assert (found.exit_code, found.stdout) == (2, "")


def test_explain_knows_the_findings() -> None:
    assert "A token that is signalled is awaited" in CliRunner().invoke(cli, ["explain", "l101"]).stdout
    assert "warnings of the linter" in CliRunner().invoke(cli, ["explain"]).stdout


def test_what_another_order_saves_is_a_note_that_changes_no_exit_code() -> None:
    found = lint(FOLDER / "vector_add.s", "--measure", "--strict")
    assert found.exit_code == 0
    assert (
        f"{FOLDER / 'vector_add.s'}:42:9: note: standing above vector_add.s:41, this saves 21 of the 397"
        in found.stdout
    )
    assert found.stdout.endswith(f"other orders measured\n{FOLDER / 'vector_add.s'}: 0 errors, 0 warnings, 1 note\n")
    document = json.loads(lint(FOLDER / "vector_add.s", "--measure", "--format", "json").stdout)
    assert [one["severity"] for one in document["findings"]] == ["note"]
    assert document["measured"].endswith("other orders measured")
    assert json.loads(lint(FOLDER / "vector_add.s", "--format", "json").stdout)["measured"] is None


def test_nothing_is_measured_of_a_program_with_an_error(source: Path) -> None:
    source.write_text(changed(BASE, ("write    d1", "write    d2")))
    assert "orders measured" not in lint(source, "--measure").stdout
    assert lint(source, "--measure", "--seconds", "nan").exit_code == 2


def test_other_tools_get_notes_with_their_second_place() -> None:
    assert lint(FOLDER / "vector_add.s", "--measure", "--format", "github").stdout.startswith("::notice file=")
    log = json.loads(lint(FOLDER / "vector_add.s", "--measure", "--format", "sarif").stdout)["runs"][0]
    (one,) = log["results"]
    assert (one["ruleId"], one["level"]) == ("L401", "note")
    assert one["locations"][0]["physicalLocation"]["region"] == {"startLine": 42, "startColumn": 9, "endColumn": 15}
    assert one["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 41}


CONNECT = "connect  g0\n"


@pytest.mark.parametrize(
    ("lines", "place", "second"),
    [
        (f"{CONNECT}base     d9, 4\nbase     d9, 5\n", (14, 10, 12), (15, "it is set again here")),
        (f"{CONNECT}loop     l3, 7\na: nop\nnext     l3, a\n", (14, 10, 12), (16, "the end of its body")),
        (f"{CONNECT}two: signal vmm, t9\n", (14, 18, 20), None),
    ],
)
def test_a_finding_has_its_column_and_its_second_place(
    source: Path, lines: str, place: tuple[int, int, int], second: tuple[int, str] | None
) -> None:
    source.write_text(changed(BASE, (CONNECT, lines)))
    first = findings(source)[0]
    assert (first["line"], first["column"], first["end_column"]) == place
    notes = [(note["line"], note["message"]) for note in first["notes"]]  # type: ignore[attr-defined]  # plain data
    assert notes == ([second] if second else [])


def test_a_declaration_is_found_in_the_text_and_a_macro_has_its_mnemonic(source: Path) -> None:
    source.write_text(changed(BASE, (".weights w", ".weights spare, 1x1\n.row 1\n.weights w")))
    assert [(one["line"], one["column"], one["end_column"]) for one in findings(source)] == [(5, 10, 15)]
    source.write_text(changed(BASE, (".program small", ".macro m n\n  base d\\n, 1\n.endm\n.program small"))
                      .replace(CONNECT, f"{CONNECT}m 9\n"))  # fmt: skip
    assert [(one["code"], one["line"], one["column"]) for one in findings(source)] == [("L201", 2, 3)]


@pytest.mark.parametrize(("code", "measures"), [("R301", False), ("L001", True)])
def test_a_program_with_an_error_is_not_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, measures: bool
) -> None:
    """Its runs would end at the error; a warning hinders nothing."""
    error = AcortexError("it is odd", where="small.s:3")
    error.code = code
    monkeypatch.setattr("acortex.sim.lint.lint", lambda *_: [error])
    monkeypatch.setattr("acortex.sim.lint.measured", lambda *_: ([], "measured it"))
    (tmp_path / "small.s").write_text(BASE)
    result = lint(tmp_path / "small.s", "--measure")
    assert ("measured it" in result.stdout) == measures
    assert result.exit_code == (not measures)
