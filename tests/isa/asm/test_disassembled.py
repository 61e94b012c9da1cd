"""What the text of a program shows, and what it leaves out: small and large tables, data, included files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm import disassembler
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.asm.disassembler import disassemble, listing, texts
from acortex.isa.container import sha256
from acortex.isa.program import Line, Program
from acortex.isa.rules import BASE

EMPTY = "start\nhalt"
DATA = """\
.program p
.input x, 2
.weights w, 1x2
.row 1, 2
.constants c, 1
.row 3, 4
.memory 8, 1
.row {memory}
.samples x, type=uint8, shape=1x2
.blob "{samples}"
.labels shape=1
.blob "{labels}"
start
halt
"""


def blob(*values: int, dtype: type = np.uint8) -> str:
    return disassembler.to_blob(np.array(values, dtype).tobytes())


def with_data() -> Program:
    row = ", ".join(["0"] * 64)
    return assemble(DATA.format(memory=row, samples=blob(1, 0), labels=blob(7, dtype=np.int64)))


def test_a_text_without_data_says_what_it_left_out_and_in_which_order() -> None:
    last = disassemble(with_data(), data=False).splitlines()[-2:]
    assert last == ["", "; left out: the data of w, c, memory at 8, x, labels"]


def test_a_text_without_data_of_a_program_that_has_none_left_nothing_out() -> None:
    assert disassemble(assemble(EMPTY), data=False) == disassemble(assemble(EMPTY))


def test_the_texts_of_a_program_are_its_instructions_with_names() -> None:
    program = assemble("start\nlayer conv\nloop l1, 3\nagain: nop\nnext l1, again\nhalt")
    assert texts(program) == ["start", "layer conv", "loop l1, 3", "nop", "next l1, at_3", "halt"]


@pytest.mark.parametrize(("macs", "said"), [("", ""), (", macs=6", ""), (", macs=5", ", macs=5")])
def test_macs_are_written_where_they_are_not_those_of_the_matrix(macs: str, said: str) -> None:
    program = assemble(f".weights w, 2x3{macs}\n.row 1, 2, 3\n.row 4, 5, 6\n{EMPTY}")
    assert f"\n.weights w, 2x3{said}\n" in disassemble(program)


@pytest.mark.parametrize(("rows", "written"), [(16, ".row"), (17, ".blob")])
def test_sixteen_constants_are_numbers_and_more_are_packed(rows: int, written: str) -> None:
    program = assemble(f".constants c, {rows}\n" + ".row 1, 2\n" * rows + EMPTY)
    text = disassemble(program).partition(".constants")[2].splitlines()[1]
    assert text.split()[0] == written


@pytest.mark.parametrize(("columns", "written"), [(16, ".row"), (17, ".blob")])
def test_sixteen_columns_of_weights_are_numbers_and_more_are_packed(columns: int, written: str) -> None:
    program = assemble(f".weights w, 1x{columns}\n.row {', '.join(['1'] * columns)}\n{EMPTY}")
    text = disassemble(program).partition(".weights")[2].splitlines()[1]
    assert text.split()[0] == written


@pytest.mark.parametrize(("rows", "written"), [(16, ".row"), (17, ".blob")])
def test_sixteen_rows_of_weights_are_numbers_and_more_are_packed(rows: int, written: str) -> None:
    program = assemble(f".weights w, {rows}x2\n" + ".row 1, -2\n" * rows + EMPTY)
    text = disassemble(program)
    assert text.partition(".weights")[2].splitlines()[1].split()[0] == written
    assert sha256(assemble(text)) == sha256(program)


def test_data_of_each_input_that_is_left_out_are_named() -> None:
    declared = "".join(f".input {name}, 2\n.samples {name}, shape=1x2\n.row 1, 2\n" for name in "ab")
    assert disassemble(assemble(f"{declared}{EMPTY}"), data=False).splitlines()[-1] == "; left out: the data of a, b"


def test_a_blob_is_cut_at_108_characters_up_to_its_limit_and_in_few_lines_beyond(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = with_data()
    long = max((line for line in disassemble(program).splitlines() if line.startswith(".blob")), key=len)
    characters = len(long.split('"')[1])
    monkeypatch.setattr(disassembler, "BLOB_WIDTH", characters - 1)
    monkeypatch.setattr(disassembler, "MAX_NARROW", characters)
    assert long not in disassemble(program).splitlines()
    monkeypatch.setattr(disassembler, "MAX_NARROW", characters - 1)
    assert long in disassemble(program).splitlines()


def test_a_line_of_an_included_file_is_listed_with_the_name_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "more.s").write_text("nop\n")
    path = tmp_path / "main.s"
    path.write_text('start\n.include "more.s"\nhalt\n')
    rows = [row[25:] for row in listing(assemble_file(path)).splitlines()[1:]]
    assert rows == ["    1  start", "more.s:1  nop", "    3  halt"]
    path.write_text('.include "more.s"\nstart\nhalt\n')
    rows = [row[25:] for row in listing(assemble_file(path)).splitlines()[1:]]
    assert rows == ["more.s:1  nop", "    2  start", "    3  halt"]


@pytest.mark.parametrize("name", ["a\nb.s", "a.s\r", "a\u2028halt", "\tx  y"])
def test_a_name_of_a_file_cannot_end_a_comment(name: str) -> None:
    program = assemble(BASE)
    odd = replace(program, lines=tuple(Line(name, line.number, line.text) for line in program.lines))
    text = disassemble(odd, addresses=True)
    assert text.count("\n") == len(text.splitlines()) == disassemble(program, addresses=True).count("\n")
    assert sha256(assemble(text)) == sha256(program)


@pytest.mark.parametrize("layers", [("a", "b"), ("b", "a"), ("b", "c", "a")])
def test_layers_keep_their_numbers_whatever_their_order(layers: tuple[str, ...]) -> None:
    """Declared in one order, and used in that of the alphabet."""
    declared = "".join(f".layer {name}\n" for name in layers)
    used = "".join(f"layer {name}\nendlayer\n" for name in sorted(layers))
    program = assemble(f"{declared}start\n{used}halt")
    again = assemble(disassemble(program))
    assert again.layers == program.layers == layers
    assert sha256(again) == sha256(program)
