"""`acortex trace diff` on runs of real programs: what means the same is equal, and what was changed is named first."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli

PROGRAMS = Path(__file__).parents[3] / "programs"
VMM = (PROGRAMS / "vmm.s").read_text()


def acortex_(*args: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex")


def traced(folder: Path, name: str, text: str, *more: str) -> Path:
    """The trace of a run of a program's text, in a folder of its own."""
    (folder / name).mkdir()
    source = folder / name / f"{name}.s"
    source.write_text(text)
    shutil.copy(PROGRAMS / "examples.npz", folder / name)
    trace = folder / name / "run.actrace"
    made = acortex_("run", source, "--timing-only", "--trace", trace, *more)
    assert made.exit_code == 0, made.stderr
    return trace


def compared(a: Path, b: Path) -> tuple[int, dict[str, Any]]:
    result = acortex_("trace", "diff", a, b, "--format", "json")
    return result.exit_code, json.loads(result.stdout)


def inserted(text: str, before: str, new: str) -> str:
    """A program with an instruction before the first line that has a text."""
    at = re.search(rf"^.*\b{before}\b.*$", text, re.MULTILINE)
    assert at
    return f"{text[: at.start()]}        {new}\n{text[at.start() :]}"


def line_of(text: str, what: str) -> int:
    """The number of the first line that begins with an instruction."""
    return next(number for number, line in enumerate(text.splitlines(), 1) if line.split(";")[0].strip() == what)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return traced(tmp_path_factory.mktemp("plain"), "vmm", VMM)


RENAMED: dict[str, Callable[[str], str]] = {
    "a line of comment": lambda text: f"; moved\n{text}",
    "blank lines within": lambda text: text.replace("\n        start", "\n\n\n        start"),
    "another name": lambda text: text.replace(".program vmm", ".program other"),
    "another layer": lambda text: re.sub(r"\bproduct\b", "renamed", text),
}


@pytest.mark.parametrize("what", RENAMED)
def test_the_same_words_are_equal(plain: Path, tmp_path: Path, what: str) -> None:
    text = RENAMED[what](VMM)
    assert text != VMM
    code, found = compared(plain, traced(tmp_path, "second", text))
    assert (code, found["equal"], found["first_divergence"], found["by_instruction"]) == (0, True, None, [])
    assert found["changed"] == {"settings": [], "program": []}


def test_a_program_that_was_taken_apart_and_assembled_again_is_equal(plain: Path, tmp_path: Path) -> None:
    words = tmp_path / "vmm.acx"
    assert acortex_("asm", PROGRAMS / "vmm.s", "-o", words).exit_code == 0
    again = acortex_("disasm", words).stdout
    assert compared(plain, traced(tmp_path, "again", again))[0] == 0


def test_an_inserted_instruction_is_named_with_the_line_of_its_own_file(plain: Path, tmp_path: Path) -> None:
    text = "; a comment\n; another\n" + inserted(VMM, "convert", "nop")
    second = traced(tmp_path, "second", text)
    number = line_of(text, "nop")
    code, found = compared(plain, second)
    change = {"kind": "inserted", "source_a": None, "text_a": None, "text_b": "nop"}
    assert (code, found["changed"]["program"]) == (1, [{**change, "source_b": f"second.s:{number}"}])
    parted = found["first_divergence"]
    assert (parted["source"], parted["text"], parted["a"]["text"][:7]) == (f"second.s:{number}", "nop", "convert")
    assert parted["a"]["source"].startswith("vmm.s:")
    told = acortex_("trace", "diff", plain, second).stdout.splitlines()
    assert told[:2] == ["different", f"  inserted  second.s:{number}  nop"]
    assert compared(second, plain)[1]["changed"]["program"][0]["kind"] == "removed"


def test_every_line_of_a_side_is_one_of_its_file(plain: Path, tmp_path: Path) -> None:
    second = traced(tmp_path, "second", "; a comment\n" + inserted(VMM, "convert", "nop"))
    found = compared(plain, second)[1]
    rows = [*found["by_instruction"], *found["changed"]["program"]]
    assert {row["source_a"].split(":")[0] for row in rows if row["source_a"]} <= {"vmm.s"}
    assert {row["source_b"].split(":")[0] for row in rows if row["source_b"]} == {"second.s"}
    lines = (second.parent / "second.s").read_text().splitlines()
    for row in found["by_instruction"]:
        if row["source_b"]:
            line = lines[int(row["source_b"].split(":")[1]) - 1]
            assert row["text"].split()[0] in line


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_the_place_where_they_part_has_the_lines_of_both_files(plain: Path, tmp_path: Path, form: str) -> None:
    text = f"; a comment\n{VMM}"
    second = traced(tmp_path, "second", text, "--set", "host.word_cycles=3")
    told = acortex_("trace", "diff", plain, second, "--format", form).stdout
    first = next(number for number, line in enumerate(VMM.splitlines(), 1) if "input   x, d0" in line)
    assert f"vmm.s:{first} / second.s:{first + 1} input 0, d0" in told


def test_a_changed_setting_is_named_first(plain: Path, tmp_path: Path) -> None:
    second = traced(tmp_path, "second", VMM, "--set", "host.word_cycles=3", "--set", "memory.banks=16")
    told = acortex_("trace", "diff", plain, second).stdout.splitlines()
    assert told[1:3] == ["  setting  memory.banks      8 -> 16", "  setting  host.word_cycles  2 -> 3"]


def test_settings_that_move_nothing_are_named_beside_equal_runs(plain: Path, tmp_path: Path) -> None:
    second = traced(tmp_path, "second", VMM, "--set", "memory.retention_s=0.5")
    result = acortex_("trace", "diff", plain, second)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == ["  setting  memory.retention_s  0.01 -> 0.5"]


def test_many_changes_are_counted(plain: Path, tmp_path: Path) -> None:
    text = VMM
    for _ in range(12):
        text = inserted(text, "convert", "nop")
    told = acortex_("trace", "diff", plain, traced(tmp_path, "second", text)).stdout.splitlines()
    assert [line.split()[0] for line in told[1:10]] == ["inserted"] * 8 + ["and"]
    assert told[9].split() == ["and", "4", "more", "instructions"]
