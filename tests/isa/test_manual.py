"""The manual, and the public face of the package."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import acortex.isa
from acortex.errors import UsageError
from acortex.isa.asm.directives import DIRECTIVES
from acortex.isa.manual import directives, reference
from acortex.isa.table import ROWS


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
        "doc": "channels, out of the 64 of a word",
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
    assert [*rows] == [*DIRECTIVES, ".equ", ".row", ".blob"]
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
