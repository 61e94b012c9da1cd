"""`acortex disasm`: text for people, and each instruction with its word for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.isa import assemble, assemble_file
from acortex.isa.container import dumps, sha256
from acortex.tools.cli import cli

PROGRAMS = Path(__file__).parents[3] / "programs"


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex")


@pytest.fixture(params=["conv3x3.s", "residual.s", "vmm.s"])
def assembled(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "p.acx"
    path.write_bytes(dumps(assemble_file(PROGRAMS / request.param)))
    return path


def test_the_document_has_the_text_and_the_words(assembled: Path) -> None:
    text = acortex_("disasm", assembled).stdout
    report = json.loads(acortex_("disasm", assembled, "--format", "json").stdout)
    again = assemble(text)
    assert (report["text"], report["program"]["sha256"], report["output"]) == (text, sha256(again), None)
    assert [row["word"] for row in report["instructions"]] == [f"{int(word):016x}" for word in again.words]
    assert [row["address"] for row in report["instructions"]] == list(range(len(again.words)))


def test_every_instruction_stands_in_the_text_in_order(assembled: Path) -> None:
    report = json.loads(acortex_("disasm", assembled, "--format", "json").stdout)
    lines = iter(line.strip() for line in report["text"].splitlines())
    assert all(row["text"] in lines for row in report["instructions"])
    assert all(":" in row["source"] for row in report["instructions"])


def test_the_text_goes_to_a_file_beside_the_document(assembled: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.s"
    report = json.loads(acortex_("disasm", assembled, "-o", path, "--format", "json").stdout)
    assert (report["output"], path.read_text()) == (str(path), report["text"])
    assert acortex_("disasm", assembled, "-o", path).stdout == ""


def test_text_and_document_do_not_share_stdout(assembled: Path) -> None:
    result = acortex_("disasm", assembled, "-o", "-", "--format", "json")
    assert result.exit_code == 2 and "--format json" in result.stderr


def test_addresses_and_words_are_comments_of_the_same_program(assembled: Path) -> None:
    plain, placed = (acortex_("disasm", assembled, *more).stdout for more in ((), ("--addresses",)))
    assert sha256(assemble(placed)) == sha256(assemble(plain))
    rows = [line.split(";")[1].split() for line in placed.splitlines() if line[:1] == " " and "; " in line]
    report = json.loads(acortex_("disasm", assembled, "--format", "json").stdout)
    assert rows == [[str(row["address"]), row["word"], row["source"]] for row in report["instructions"]]


def test_data_are_left_out_on_request_and_the_text_says_so(assembled: Path) -> None:
    whole, short = (acortex_("disasm", assembled, *more).stdout for more in ((), ("--no-data",)))
    code, _, rest = short.partition("\n; left out: the data of ")
    assert whole.startswith(code.rstrip("\n")) and ".blob" not in short and ".row" not in short
    assert rest.count("\n") == 1 and ", x" in f", {rest}"


def test_a_program_without_data_leaves_nothing_out(tmp_path: Path) -> None:
    path = tmp_path / "p.acx"
    path.write_bytes(dumps(assemble(".chip acortex_digits\nstart\nhalt\n")))
    assert acortex_("disasm", path, "--no-data").stdout == acortex_("disasm", path).stdout


def test_comments_come_from_the_source_that_lies_beside_or_is_named(tmp_path: Path) -> None:
    source, path, elsewhere = tmp_path / "p.s", tmp_path / "p.acx", tmp_path / "other" / "q.s"
    source.write_text("; says why\nstart\nhere: loop l0, 2 ; twice\nin: nop\nnext l0, in\nhalt\n")
    assert acortex_("asm", source, "-o", path).exit_code == 0
    found = acortex_("disasm", path, "--comments").stdout
    assert "\n; says why\n" in found and "\nin:\n" in found and "; here: loop l0, 2 ; twice" in found
    assert sha256(assemble(found)) == sha256(assemble(acortex_("disasm", path).stdout))
    elsewhere.parent.mkdir()
    source.rename(elsewhere)
    gone = acortex_("disasm", path, "--comments")
    assert gone.exit_code == 2 and "its source p.s does not lie beside it" in gone.stderr
    assert acortex_("disasm", path, "--source", elsewhere).stdout == found
    elsewhere.write_text("start\nnop\nhalt\n")
    changed = acortex_("disasm", path, "--source", elsewhere)
    assert changed.exit_code == 2 and "this source makes another program than the container holds" in changed.stderr
    assert changed.stdout == ""


def test_a_source_is_not_written_over_by_its_own_text(tmp_path: Path) -> None:
    source, path = tmp_path / "p.s", tmp_path / "p.acx"
    source.write_text("start\nhalt\n")
    assert acortex_("asm", source, "-o", path).exit_code == 0
    assert acortex_("disasm", path, "--source", source, "-o", source).exit_code == 2
    assert source.read_text() == "start\nhalt\n"
