"""The commands on programs: asm, disasm, isa, chip. What they print, write and refuse, to the word."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import acortex
from acortex.tools.cli import cli

TINY = """\
        .program tiny
        .chip acortex_digits
        .input image, shape=64, encode=binary
        .output scores, shape=2
        start
        halt
"""


def acortex_(*args: str | Path, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(cli, [str(arg) for arg in args], prog_name="acortex", input=stdin)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.s"
    path.write_text(TINY)
    return path


def test_asm_checks_and_writes_nothing_that_was_not_asked_for(tiny: Path) -> None:
    result = acortex_("asm", tiny)
    assert (result.stdout, result.stderr, result.exit_code) == ("tiny: 2 instructions, 0 matrices\n", "", 0)
    assert [path.name for path in tiny.parent.iterdir()] == ["tiny.s"]


def test_asm_writes_a_container_that_disasm_turns_back_into_the_same_words(tiny: Path) -> None:
    container, text = tiny.with_suffix(".acx"), tiny.parent / "again.s"
    assert acortex_("asm", tiny, "-o", container).stdout == f"tiny: 2 instructions, 0 matrices -> {container}\n"
    assert acortex_("disasm", container, "-o", text).exit_code == 0
    again = json.loads(acortex_("asm", text, "--format", "json").stdout)
    assert again["program"] == json.loads(acortex_("asm", tiny, "--format", "json").stdout)["program"]


def test_asm_reports_in_json(tiny: Path) -> None:
    report = json.loads(acortex_("asm", tiny, "--format", "json").stdout)
    assert list(report)[:2] == ["schema", "version"]
    assert (report["schema"], report["version"]) == ("acortex.asm/1", acortex.__version__)
    assert report["program"]["instructions"] == 2
    assert len(report["program"]["sha256"]) == 64
    assert report["output"] is None


def test_asm_lists_addresses_words_and_lines(tiny: Path) -> None:
    listing = acortex_("asm", tiny, "--listing", "-").stdout
    assert listing.splitlines()[1:] == [
        "    0  0300000000000000      5  start",
        "    1  0200000000000000      6  halt",
    ]


def test_asm_reads_stdin_and_writes_stdout(tiny: Path) -> None:
    made = acortex_("asm", "-", "-o", "-", stdin=TINY)
    assert (made.exit_code, made.stderr) == (0, "")
    assert acortex_("disasm", "-", stdin=made.stdout_bytes).stdout.endswith("halt\n")


def test_asm_names_every_mistake_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.s"
    path.write_text(TINY.replace("halt", "hlat").replace("encode=binary", "encode=bnary"))
    result = acortex_("asm", path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"{path}:3:" in result.stderr and f"{path}:6:9: " in result.stderr
    assert "did you mean `halt`?" in result.stderr
    assert result.stderr.endswith(" errors\n")


@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        ("no.s", None, "no.s: cannot read the file: No such file or directory\n"),
        ("folder.s", "folder", "folder.s: cannot read the file: Is a directory\n"),
        (
            "garbage.s",
            b"\x00\xff\x81abc",
            "garbage.s: byte 1 is not UTF-8 text [A011]\n"
            "  hint: a source is text in UTF-8; a program that is assembled already ends in .acx\n",
        ),
    ],
)
def test_asm_refuses_what_is_no_source(
    name: str, content: str | bytes | None, text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if isinstance(content, bytes):
        Path(name).write_bytes(content)
    elif content:
        Path(name).mkdir()
    result = acortex_("asm", name)
    assert (result.stdout, result.stderr, result.exit_code) == ("", text, 2)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_asm_says_that_a_file_may_not_be_read(tiny: Path) -> None:
    tiny.chmod(0)
    result = acortex_("asm", tiny)
    assert (result.stderr, result.exit_code) == (f"{tiny}: cannot read the file: Permission denied\n", 2)


def test_stdin_that_is_no_text_is_refused() -> None:
    result = acortex_("asm", "-", stdin=b"\xff\xfe")
    assert result.exit_code == 2
    assert result.stderr.startswith("<stdin>: byte 0 is not UTF-8 text\n")


def test_disasm_refuses_what_is_no_container(tiny: Path) -> None:
    result = acortex_("disasm", tiny)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tiny}: this is not an assembled program (.acx)\n")


def test_isa_lists_every_instruction_by_agent() -> None:
    from acortex.isa.asm.directives import DIRECTIVES, TEXT
    from acortex.isa.table import ROWS

    lines = acortex_("isa").stdout.splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ") and line[2] != " "]
    assert sorted(listed) == sorted([*DIRECTIVES, *TEXT, *(row.mnemonic for row in ROWS)])
    assert {"buffer", "vmm", "neurons"} <= set(lines)


def test_isa_explains_a_directive_and_has_all_of_them_in_json() -> None:
    lines = acortex_("isa", ".labels").stdout.splitlines()
    assert lines[0] == ".labels [file=], [key=], [shape=], [type=]"
    assert acortex_("isa", ".lables").stderr.endswith("hint: did you mean `.labels`?\n")
    said = json.loads(acortex_("isa", "--format", "json").stdout)["directives"]
    assert ".labels" in {row["directive"] for row in said}


def test_isa_explains_one_instruction() -> None:
    lines = acortex_("isa", "feed").stdout.splitlines()
    assert lines[0] == "feed positions, words, [tail=64], [fill=0], [keep=no]"
    assert "  carried out by  buffer" in lines
    assert "  tail       1..64       64       23:18  channels of the last word of a position" in lines


def test_isa_gives_every_row_in_json() -> None:
    from acortex.isa.table import ROWS

    report = json.loads(acortex_("isa", "--format", "json").stdout)
    assert report["schema"] == "acortex.isa/1"
    assert [row["mnemonic"] for row in report["instructions"]] == [row.mnemonic for row in ROWS]


def test_isa_suggests_the_nearest_mnemonic() -> None:
    result = acortex_("isa", "multply")
    assert result.exit_code == 2
    assert result.stderr == "error: no instruction is called `multply`\n  hint: did you mean `multiply`?\n"


def test_chip_list_names_the_built_in_chips() -> None:
    names = [line.split()[0] for line in acortex_("chip", "list").stdout.splitlines()]
    assert {"acortex_digits", "acortex_gnmt"} <= set(names)
    rows = json.loads(acortex_("chip", "list", "--format", "json").stdout)["chips"]
    assert {row["name"]: row["arrays"] for row in rows}["acortex_gnmt"] == 32768


def test_chip_show_prints_every_setting_with_unit_and_source() -> None:
    from acortex.sim.chip.specs import SETTINGS, load_chip

    text = acortex_("chip", "show", "acortex_digits").stdout
    paths = {line.split()[0] for line in text.splitlines() if line}
    chip = load_chip("acortex_digits")
    stated = {path for path in SETTINGS if chip.value(path) is not None}
    assert stated <= paths
    assert [path for path in set(SETTINGS) - stated if path.removeprefix("errors.") not in text] == []
    assert "memory.read_latency_ns 21.42 ns own choice" in " ".join(text.split())


def test_chip_show_lays_settings_over_the_file() -> None:
    report = json.loads(acortex_("chip", "show", "acortex_gnmt", "--set", "memory.banks=16", "--format", "json").stdout)
    assert report["schema"] == "acortex.chip/1"
    assert report["config"]["memory"]["banks"] == 16
    assert report["arrays"] == 32768


def test_chip_show_draws_the_floor_plan(tmp_path: Path) -> None:
    acortex_("chip", "show", "acortex_digits", "--svg", tmp_path / "plan.svg")
    assert (tmp_path / "plan.svg").read_text().startswith("<svg")


def test_chip_schema_is_json_schema() -> None:
    schema = json.loads(acortex_("chip", "schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["clock_ns"]


def test_an_unknown_setting_and_an_unknown_chip_are_wrong_usage() -> None:
    wrong = acortex_("chip", "show", "acortex_gnmt", "--set", "memory.bank=3")
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert "did you mean `memory.banks`?" in wrong.stderr
    missing = acortex_("chip", "show", "acortex_digit")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "did you mean `acortex_digits`?" in missing.stderr
