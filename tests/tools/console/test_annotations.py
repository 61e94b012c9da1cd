"""Mistakes for other tools: SARIF logs hold what the standard requires, GitHub's commands read back as they were."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner, Result

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.isa.asm.assembler import assemble
from acortex.isa.language.book import LANGUAGE_BOOK
from acortex.isa.language.row import FILE
from acortex.tools.cli import cli
from acortex.tools.console.annotations import github, sarif

BAD = "start\nbase d0, UNDEF\na: lop l0, 3\na: nop\nfoo\nfoo\nhalt\n"
"""Five mistakes of four kinds, one of them twice."""

Node = dict[str, object]


def asm(folder: Path, source: str, form: str) -> Result:
    """`acortex asm` of a source."""
    (folder / "bad.s").write_text(source)
    return CliRunner().invoke(cli, ["asm", str(folder / "bad.s"), "--format", form], prog_name="acortex")


def nodes(value: object, name: str) -> list[Node]:
    """A property that must be an array of objects."""
    assert isinstance(value, dict)
    found = value[name]
    assert isinstance(found, list)
    assert all(isinstance(one, dict) for one in found)
    return found


def text_of(value: object) -> str:
    """A message: its text must be there, and not empty."""
    assert isinstance(value, dict)
    assert isinstance(value["text"], str)
    assert value["text"]
    return value["text"]


def hold_location(place: Node) -> None:
    """What SARIF 2.1.0 requires of a location: as it is remembered, see `annotations`."""
    physical = place["physicalLocation"]
    assert isinstance(physical, dict)
    uri = physical["artifactLocation"]["uri"]
    assert re.fullmatch(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+", uri)
    assert urlsplit(uri).scheme in ("", "file")
    region = physical.get("region", {"startLine": 1})
    assert region["startLine"] >= 1
    assert region.get("startColumn", 1) >= 1
    assert region.get("endColumn", region.get("startColumn", 1)) >= region.get("startColumn", 1)


def hold_sarif(log: object) -> list[Node]:
    """What SARIF 2.1.0 requires of a log, as it is remembered; answers its results."""
    assert isinstance(log, dict)
    assert log["version"] == "2.1.0"
    (run,) = nodes(log, "runs")
    assert run["columnKind"] in ("utf16CodeUnits", "unicodeCodePoints")
    tool = run["tool"]
    assert isinstance(tool, dict)
    driver = tool["driver"]
    assert driver["name"]
    rules = nodes(driver, "rules")
    assert len({str(rule["id"]) for rule in rules}) == len(rules)
    assert all(text_of(rule["shortDescription"]) and text_of(rule["help"]) for rule in rules)
    results = nodes(run, "results")
    for result in results:
        text_of(result["message"])
        assert result["level"] in ("none", "note", "warning", "error")
        if "ruleIndex" in result:
            assert isinstance(result["ruleIndex"], int)
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for place in [
            *nodes({"locations": [], **result}, "locations"),
            *nodes({"relatedLocations": [], **result}, "relatedLocations"),
        ]:
            hold_location(place)
    return results


def test_a_sarif_log_holds_what_the_standard_requires(tmp_path: Path) -> None:
    told = asm(tmp_path, BAD, "sarif")
    assert told.exit_code == 1
    results = hold_sarif(json.loads(told.stdout))
    assert [result["ruleId"] for result in results] == ["A201", "A208", "A204", "A208", "A208"]
    region = {"startLine": 2, "startColumn": 10, "endColumn": 15}
    (place,) = nodes(results[0], "locations")
    assert place["physicalLocation"] == {"artifactLocation": {"uri": (tmp_path / "bad.s").as_uri()}, "region": region}
    (first,) = nodes(results[2], "relatedLocations")
    assert text_of(first["message"]) == "the first definition"
    assert "did you mean `loop`?" in text_of(results[1]["message"])
    assert "bad.s:2:10: no constant" in told.stderr


def test_a_source_without_a_mistake_has_a_log_without_results(tmp_path: Path) -> None:
    told = asm(tmp_path, "start\nhalt\n", "sarif")
    assert told.exit_code == 0
    assert hold_sarif(json.loads(told.stdout)) == []
    assert asm(tmp_path, "start\nhalt\n", "github").stdout == ""


def test_what_names_no_line_or_no_file_has_no_region_or_no_location() -> None:
    whole, nowhere = AcortexError("unreadable", where="my sources/a b.s"), UsageError("too few", where="acortex asm")
    results = hold_sarif(sarif([whole, nowhere], LANGUAGE_BOOK))
    (place,) = nodes(results[0], "locations")
    assert place == {"physicalLocation": {"artifactLocation": {"uri": "my%20sources/a%20b.s"}}}
    assert "locations" not in results[1]
    assert text_of(results[1]["message"]) == "acortex asm: too few"
    assert "ruleId" not in results[0]


COMMAND = re.compile(r"::error (?:(?P<given>[^:]*))?::(?P<text>[^\r\n]*)")
"""A workflow command: https://docs.github.com/actions/reference/workflow-commands-for-github-actions."""


def read(line: str) -> tuple[dict[str, str], str]:
    """The properties and the text of a workflow command, as GitHub reads them."""
    found = COMMAND.fullmatch(line)
    assert found
    given = dict(one.split("=", 1) for one in found["given"].split(","))
    return {name: unquote(value) for name, value in given.items()}, unquote(found["text"])


def test_annotations_of_github_read_back(tmp_path: Path) -> None:
    told = asm(tmp_path, BAD, "github")
    assert told.exit_code == 1
    found = [read(line) for line in told.stdout.splitlines()]
    assert [(given["line"], given["title"]) for given, _ in found] == [
        ("2", "A201"), ("3", "A208"), ("4", "A204"), ("5", "A208"), ("6", "A208"),
    ]  # fmt: skip
    given, text = found[0]
    assert given == {"file": str(tmp_path / "bad.s"), "line": "2", "col": "10", "endColumn": "14", "title": "A201"}
    assert text == "no constant or label is called `UNDEF`\nhint: define it: .equ NAME, EXPRESSION"


@pytest.mark.parametrize("file", ["a,b.s", "a:b.s", "50%.s", "line\nbreak.s"])
def test_no_name_ends_a_property_or_a_line(file: str) -> None:
    (line,) = github([AcortexError("it is\r\n100% wrong", where=f"{file}")])
    given, text = read(line)
    assert (given["file"], text) == (file, "it is\r\n100% wrong")


def test_an_error_about_no_file_is_a_line_without_properties() -> None:
    assert list(github([UsageError("too few", where="acortex asm")])) == ["::error::acortex asm: too few"]


def test_stdout_is_taken_once(tmp_path: Path) -> None:
    (tmp_path / "ok.s").write_text("start\nhalt\n")
    for form in ("sarif", "github"):
        arguments = ["asm", str(tmp_path / "ok.s"), "-o", "-", "--format", form]
        assert CliRunner().invoke(cli, arguments, prog_name="acortex").exit_code == 2


@pytest.mark.parametrize("code", [code for code, row in LANGUAGE_BOOK.items() if row.example.breaks])
def test_each_diagnostic_makes_a_valid_log(code: str) -> None:
    row = LANGUAGE_BOOK[code]
    with pytest.raises(ManyErrors) as caught:
        assemble(row.example.broken, file="sources/a b.s", arrays={FILE: row.example.arrays})
    (result,) = hold_sarif(sarif(caught.value.errors, LANGUAGE_BOOK))
    assert result["ruleId"] == code
    (line,) = github(caught.value.errors)
    given, text = read(line)
    assert (given["title"], given["file"]) == (code, "sources/a b.s")
    assert text.startswith(caught.value.errors[0].message)


def test_a_place_that_a_mistake_names_twice_stands_in_its_result_once(tmp_path: Path) -> None:
    found = asm(tmp_path, ".macro again\nagain\n.endm\nagain\n", "sarif")
    (result,) = nodes(nodes(json.loads(found.stdout), "runs")[0], "results")
    places = nodes(result, "relatedLocations")
    assert places
    assert all(place not in places[:at] for at, place in enumerate(places))


def test_a_mistake_at_several_places_is_one_at_each_whose_end_is_known_of_the_first_alone() -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble("start\nread d0, zz=1\nread   d1, zz=1\nread d12, zz=1\nhalt", file="t.s")
    lines = [line.partition("title")[0] for line in github(caught.value.errors) if "`zz`" in line]
    assert lines == [
        "::error file=t.s,line=2,col=10,endColumn=11,",
        "::error file=t.s,line=3,col=12,",
        "::error file=t.s,line=4,col=11,",
    ]
