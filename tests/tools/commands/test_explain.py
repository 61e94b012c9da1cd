"""`acortex explain`, and how a rule's code shows where a program breaks it."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from acortex.isa.rules import BASE, changed
from acortex.sim.functional.rules.book import ALL
from acortex.tools.cli import cli


def invoke(*arguments: str) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, arguments, prog_name="acortex")


def test_a_rule_is_explained_with_what_breaks_it_and_what_mends_it() -> None:
    told = invoke("explain", "r301")
    assert told.exit_code == 0
    lines = [line.strip() for line in told.stdout.splitlines()]
    assert lines[0] == "R301 A group is connected before it works"
    assert "hint: connect it before this line" in lines
    assert lines[-3:] == ["start", "+connect  g0", "inference"]


def test_a_diagnostic_of_the_assembler_is_explained_in_the_same_way() -> None:
    lines = [line.strip() for line in invoke("explain", "a708").stdout.splitlines()]
    assert lines[0] == "A708 Loops lie in each other or apart"
    assert "hint: close l{inner} above" in lines
    assert "The file data.npz holds w, 1x3 of int64 and right, 2x2 of int64." in invoke("explain", "A503").stdout
    assert "An example would fill pages" in invoke("explain", "A005").stdout


def test_all_codes_are_in_json_with_what_lies_beside_their_examples() -> None:
    found = {row["code"]: row for row in json.loads(invoke("explain", "--format", "json").stdout)["rules"]}
    assert list(found) == list(ALL)
    assert found["A513"]["beside"] == "The file data.npz holds right, 2x2 of int64."
    assert found["R703"]["beside"] is found["A201"]["beside"] is None
    assert {row["error"] for code, row in found.items() if code[0] == "A"} == {"Diagnostic", "UsageError"}


def test_a_mistake_shows_the_code_that_explains_it(tmp_path: Path) -> None:
    source = tmp_path / "small.s"
    source.write_text(BASE.replace("feed ", "fed "))
    told = invoke("asm", str(source))
    assert told.exit_code == 1
    assert told.stderr.splitlines()[0].endswith("small.s:21:1: no instruction is called `fed` [A208]")
    assert json.loads(invoke("asm", str(source), "--format", "json").stdout)["errors"][0]["code"] == "A208"


def test_a_rule_whose_example_cannot_be_written_says_so() -> None:
    assert "The assembler refuses to write such a program" in invoke("explain", "R001").stdout


def test_without_a_code_all_rules_are_listed() -> None:
    told = invoke("explain").stdout
    assert all(f"{rule.code}  {rule.title[:30]}" in told for rule in ALL.values())


def test_the_beginning_of_a_code_lists_those_that_begin_so() -> None:
    told = invoke("explain", "r1").stdout
    assert [line.split()[0] for line in told.splitlines() if line.startswith("  R")] == [
        code for code in ALL if code.startswith("R1")
    ]
    (one,) = json.loads(invoke("explain", "R101", "--format", "json").stdout)["rules"]
    assert one["code"] == "R101"


def test_an_unknown_code_is_one_error_with_the_nearest() -> None:
    told = invoke("explain", "R3011")
    assert told.exit_code == 2
    assert told.stderr == "error: no error has the code 'R3011'\n  hint: did you mean `R301`?\n"
    assert "acortex explain lists them all" in invoke("explain", "x" * 100_000).stderr
    assert len(invoke("explain", "x" * 100_000).stderr) < 200


def test_a_program_that_breaks_a_rule_is_told_its_code(tmp_path: Path) -> None:
    source = tmp_path / "small.s"
    source.write_text(changed(BASE, ("connect  g0\n", "")))
    told = invoke("run", str(source))
    assert told.exit_code == 1
    first = "small.s:21: group g0 is not connected to its neurons [R301]"
    assert told.stderr.splitlines() == [first, "  hint: connect it before this line"]
