"""A failure for programs: `acortex.error/1` on stdout with --format json, beside the text on stderr."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from acortex.errors import AcortexError, ManyErrors, UsageError, raise_all
from acortex.isa.asm.assembler import assemble
from acortex.isa.container import dumps
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.rules import BASE, changed
from acortex.programs.operators.context import UnsupportedNodes
from acortex.tools.cli import cli
from acortex.tools.console.error_report import error_report
from acortex.tools.results import ErrorReport

BAD = """\
    .program bad
    .chip acortex_digits
    start
    base d0, UNDEF
    read d99
    lop l0, 3
    halt
"""

UNWRITTEN = """\
    .program unwritten
    .chip acortex_digits
    .input x, shape=64
    .output y, shape=64
    start
    base d0, 0
    inference
    output y, d0
    endinference
    halt
"""


def invoke(*arguments: str) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, arguments, prog_name="acortex")


def errors_of(result: Result) -> list[dict[str, Any]]:
    """The errors of a document that is what its schema says."""
    document = json.loads(result.stdout)
    Draft202012Validator(ErrorReport.json_schema()).validate(document)
    assert document["schema"] == "acortex.error/1"
    rows: list[dict[str, Any]] = document["errors"]
    assert rows
    return rows


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.s").write_text(BAD)
    (tmp_path / "unwritten.s").write_text(UNWRITTEN)
    return tmp_path


@pytest.mark.parametrize("command", ["asm", "run", "info"])
def test_every_mistake_of_a_source_has_its_place_and_its_hint(here: Path, command: str) -> None:
    failed = invoke(command, "bad.s", "--format", "json")
    assert failed.exit_code == 1
    found = errors_of(failed)
    places = [(row["file"], row["line"], row["column"], row["end_column"]) for row in found]
    assert places == [("bad.s", 4, 14, 19), ("bad.s", 5, 10, 13), ("bad.s", 6, 5, 8)]
    assert found[2]["hint"] == "did you mean `loop`?"
    assert all(row["message"] in failed.stderr for row in found)


def test_a_rule_of_the_chip_has_its_code(here: Path) -> None:
    failed = invoke("run", "unwritten.s", "--format=json")
    (error,) = errors_of(failed)
    assert (failed.exit_code, error["code"], error["file"], error["line"]) == (1, "R706", "unwritten.s", 8)
    assert error["column"] is error["end_column"] is None
    assert "was never written" in error["message"] and error["hint"]


@pytest.mark.parametrize(
    ("given", "file", "words"),
    [
        (("run", "nosuch.s"), "nosuch.s", "No such file"),
        (("run", "bad.s", "--chp", "x"), None, "no such option: --chp"),
        (("run", "bad.s", "--max-cycles", "0"), None, "max-cycles"),
        (("chip", "show", "acortex_digits", "--set", "memory.bank=4"), None, "memory.bank"),
        (("rum", "bad.s"), None, "no command is called 'rum'"),
        (("explain", "R999"), None, "no error has the code 'R999'"),
        (("trace", "info", "bad.s"), "bad.s", "trace"),
    ],
)
def test_a_wrong_request_is_one_error(here: Path, given: tuple[str, ...], file: str | None, words: str) -> None:
    failed = invoke(*given, "--format", "json")
    (error,) = errors_of(failed)
    assert failed.exit_code == 2
    assert error["file"] == file
    assert words in f"{error['message']} {error['where']}"
    assert error["code"] is error["line"] is None


def test_without_json_stdout_stays_empty(here: Path) -> None:
    for form in ((), ("--format", "text")):
        failed = invoke("run", "bad.s", *form)
        assert (failed.exit_code, failed.stdout) == (1, "")
        assert "bad.s:4:14" in failed.stderr


def test_further_places_of_a_mistake_are_notes() -> None:
    mistake = Diagnostic("no label", file="p.s", line=3, column=5, length=4, others=(("p.s", 7, 2), ("p.s", 9, 1)))
    (row,) = error_report([mistake]).errors
    assert [(note.file, note.line, note.column) for note in row.notes] == [("p.s", 7, 2), ("p.s", 9, 1)]
    assert (row.line, row.column, row.end_column) == (3, 5, 9)


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("", (None, None, None)),
        ("p.s:12", (None, None, None)),  # a program's name of its source, which is not there
        ("sources/p.s:12", ("sources/p.s", 12, None)),
        ("chip.toml:12", ("chip.toml", 12, None)),
        ("<net>:12, layer conv", (None, None, None)),
        ("<stdin>:12:3", ("<stdin>", 12, 3)),
        ("a:b/p.s:12:3", ("a:b/p.s", 12, 3)),
        ("missing.onnx", ("missing.onnx", None, None)),
        ("memory.banks", (None, None, None)),
        ("main_memory/read", (None, None, None)),
        ("acortex run", (None, None, None)),
    ],
)
def test_a_place_is_a_file_only_where_it_names_one(
    where: str, place: tuple[str | None, int | None, int | None]
) -> None:
    (row,) = error_report([AcortexError("wrong", where=where)]).errors
    assert (row.file, row.line, row.column) == place
    assert row.where == (where or None)


def test_the_file_of_a_rule_is_the_path_that_was_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program keeps the name of its source alone: editors need the path."""
    (tmp_path / "deep").mkdir()
    source = tmp_path / "deep" / "small.s"
    source.write_text(changed(BASE, ("connect  g0\n", "")))
    monkeypatch.chdir(tmp_path)
    (error,) = errors_of(invoke("run", "deep/small.s", "--format", "json"))
    assert (error["where"], error["file"], error["line"], error["code"]) == ("small.s:21", "deep/small.s", 21, "R301")


def test_a_source_that_is_not_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container goes on without its source."""
    monkeypatch.chdir(tmp_path)
    Path("small.s").write_text(changed(BASE, ("connect  g0\n", "")))
    assert invoke("asm", "small.s", "-o", "small.acx").exit_code == 0
    Path("small.s").unlink()
    (error,) = errors_of(invoke("run", "small.acx", "--format", "json"))
    assert (error["where"], error["file"], error["line"]) == ("small.s:21", None, None)


def test_a_container_whose_words_break_the_language_has_the_code_of_it(tmp_path: Path) -> None:
    program = assemble("start\nloop l0, 2\na: nop\nnext l0, a\nhalt")
    broken = replace(program, words=program.words[[0, 1, 2, 4, 4]])
    (tmp_path / "broken.acx").write_bytes(dumps(broken))
    failed = invoke("run", str(tmp_path / "broken.acx"), "--format", "json")
    assert failed.exit_code == 2
    assert [error["code"] for error in errors_of(failed)] == ["A706"]


def test_each_refused_node_of_a_network_is_a_note() -> None:
    refused = UnsupportedNodes([("a", "Erf", "no such"), ("b", "Erf", "no such"), ("c", "Clip", "bounds")])
    (row,) = error_report([refused]).errors
    assert [note.message for note in row.notes] == ["a (Erf): no such", "b (Erf): no such", "c (Clip): bounds"]
    assert row.message.endswith("\n  a and b (Erf): no such\n  c (Clip): bounds")


def test_errors_that_are_about_no_program_have_no_code(here: Path) -> None:
    for given in (
        ("run", "none.s"),
        ("chip", "show", "none"),
        ("chip", "show", "acortex_digits", "--set", "nothing=1"),
    ):
        (error,) = errors_of(invoke(*given, "--format", "json"))
        assert error["code"] is None


@pytest.mark.parametrize("turned", [False, True])
def test_several_errors_are_wrong_usage_where_any_of_them_is(turned: bool) -> None:
    found: list[AcortexError] = [AcortexError("the work failed"), UsageError("a file is missing", where="x.s")]
    found = found[::-1] if turned else found
    with pytest.raises(ManyErrors) as caught:
        raise_all(found)
    assert (caught.value.exit_code, caught.value.errors) == (2, found)
    assert str(caught.value).splitlines() == [str(one) for one in found]
    with pytest.raises(ManyErrors) as caught:
        raise_all(found[:1] * 2)
    assert caught.value.exit_code == found[0].exit_code
    with pytest.raises(type(found[0])):
        raise_all(found[:1])
    raise_all([])
