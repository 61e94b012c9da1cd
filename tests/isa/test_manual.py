"""The manual, and the public face of the package."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

import acortex.isa
from acortex.errors import ManyErrors, UsageError
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.directives import DIRECTIVES, TEXT
from acortex.isa.checks import check
from acortex.isa.codec import decode, encode
from acortex.isa.language.book import LANGUAGE_BOOK
from acortex.isa.manual import directives, reference
from acortex.isa.operand_texts import SAID
from acortex.isa.operands import KINDS
from acortex.isa.rules import difference
from acortex.isa.table import MNEMONICS, ROWS, InstructionRow
from acortex.tools.cli import cli
from acortex.tools.views.manual_words import TIMED


def test_every_row_is_in_the_manual_in_order() -> None:
    found = reference()
    assert [entry["mnemonic"] for entry in found] == [row.mnemonic for row in ROWS]
    assert json.loads(json.dumps(found)) == found


def test_one_instruction() -> None:
    (entry,) = reference("feed")
    assert entry["opcode"] == 0x28
    assert (entry["agent"], entry["timing"], entry["setup"]) == ("buffer", "position", False)
    assert entry["syntax"] == "feed positions, words, [tail=64], [fill=0], [keep=no]"
    assert entry["example"] == {"source": "feed 784, 9, tail=16, fill=1", "word": "0x280030f0083c0400"}
    assert entry["operands"][2] == {
        "name": "tail",
        "kind": "channels",
        "bits": 6,
        "shift": 18,
        "low": 1,
        "high": 64,
        "default": "64",
        "written": "1..64",
        "choices": [],
        "doc": "channels of the last word of a position",
    }


@pytest.mark.parametrize(
    ("mnemonic", "operand", "written"),
    [
        ("base", "stream", "d0..d31"),
        ("base", "by", "l0..l7 | none"),
        ("loop", "count", "1..16777215 | host"),
        ("convert", "to", "memory | vector"),
        ("layer", "layer", "name"),
        ("next", "target", "label"),
    ],
)
def test_how_an_operand_is_written(mnemonic: str, operand: str, written: str) -> None:
    (entry,) = reference(mnemonic)
    assert {one["name"]: one["written"] for one in entry["operands"]}[operand] == written


@pytest.mark.parametrize(
    ("mnemonic", "operand", "holds", "codes"),
    [
        ("feed", "positions", "value - 1", {}),
        ("feed", "fill", "value", {}),
        ("base", "stride", "two's complement", {}),
        ("base", "by", "value", {"none": 8}),
        ("convert", "to", "value", {"memory": 0, "vector": 1}),
    ],
)
def test_what_the_field_of_an_operand_holds(mnemonic: str, operand: str, holds: str, codes: dict[str, int]) -> None:
    fields = {one["name"]: one for one in reference(mnemonic)[0]["fields"]}  # type: ignore[attr-defined]
    assert fields[operand] == {"name": operand, "holds": holds, "codes": codes}


def test_an_unknown_instruction() -> None:
    with pytest.raises(UsageError) as caught:
        reference("multpily")
    assert str(caught.value) == "no instruction is called `multpily`\n  hint: did you mean `multiply`?"


def test_all_public_names_load() -> None:
    for name in acortex.isa.__all__:
        assert getattr(acortex.isa, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = acortex.isa.nothing


def test_the_table_and_the_manual_cost_no_numpy() -> None:
    """`acortex --help` imports the package; only what handles arrays may pay for NumPy."""
    code = "import sys, acortex.isa, acortex.isa.table, acortex.isa.manual; print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_every_directive_and_each_of_its_fields_is_explained() -> None:
    rows = {row["directive"]: row for row in directives()}
    assert [*rows] == [*DIRECTIVES, *TEXT]
    for name, directive in DIRECTIVES.items():
        fields = {field["name"]: field["required"] for field in rows[name]["fields"]}
        assert fields == dict.fromkeys(directive.required, True) | dict.fromkeys(directive.optional, False)
        assert rows[name]["doc"] and all(field["doc"] for field in rows[name]["fields"])


def test_one_directive() -> None:
    (row,) = directives(".weights")
    assert row["syntax"] == ".weights name, shape, [file=], [key=], [macs=]"


def test_an_unknown_directive() -> None:
    with pytest.raises(UsageError) as caught:
        directives(".wieghts")
    assert str(caught.value) == "no directive is called `.wieghts`\n  hint: did you mean `.weights`?"


VAGUE = {kind.doc for kind in KINDS.values() if kind.name in ("code", "channels", "kernel", "hop", "places", "flag")}
"""Texts of kinds that say what an operand holds, and not what it is for."""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_each_operand_says_what_it_is_for_and_no_two_say_the_same(row: InstructionRow) -> None:
    texts = [operand.doc for operand in row.operands]
    assert len(set(texts)) == len(texts)
    assert not VAGUE & set(texts)
    assert not [text for text in texts if "operand's name says" in text]


def test_texts_of_operands_are_of_operands_that_there_are() -> None:
    own = {f"{row.mnemonic}.{operand.name}" for row in ROWS for operand in row.operands}
    shared = {operand.name for row in ROWS for operand in row.operands}
    assert set(SAID) <= own | shared


def test_what_must_hold_together_is_in_the_manual() -> None:
    """Each code of a combination stands with the instruction that its example changes."""
    found = {entry["mnemonic"]: [one["code"] for one in entry["refusals"]] for entry in reference()}
    assert found["quant"] == ["A801", "A802", "A803"]
    assert found["convert"] == ["A804", "A805"]
    assert found["multiply"] == found["base"] == found["inference"] == ["A710", "A714"]
    assert found["nop"] == []
    named = {code for codes in found.values() for code in codes}
    assert {code for code in LANGUAGE_BOOK if code[1] in "78"} <= named
    for code in ("A801", "A802", "A803", "A804", "A805"):
        (mnemonic,) = [name for name, codes in found.items() if code in codes]
        assert any(line.startswith(f"-{mnemonic} ") for line in difference(LANGUAGE_BOOK[code]).splitlines())


def test_the_command_says_what_must_hold_and_what_time_is_counted_by() -> None:
    told = CliRunner().invoke(cli, ["isa", "quant"], prog_name="acortex").stdout
    assert "A803          Codes of sums below zero differ from that of zero." in told
    assert {row.timing for row in ROWS} == set(TIMED)


def test_an_address_in_a_container_is_a_line_in_a_source() -> None:
    """Words have no lines to speak of where their source is not at hand."""
    program = assemble("start\na: nop\nloop l0, 3\nb: nop\nnext l0, b\nhalt")
    words = program.words.copy()
    words[4] = encode(MNEMONICS["next"], {"loop": 0, "target": 1})
    (problem,) = check([decode(int(word)) for word in words], {})
    assert problem.message == "next jumps to address 1, outside the body of l0, addresses 3 to 4"


def test_a_label_at_the_end_of_a_text_with_a_broken_line_is_one_more_mistake_at_most() -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble("start\nloop l0, 2\nnext l0, end\nhalt\n$\nend:\n")
    assert all(error.code for error in caught.value.errors)
