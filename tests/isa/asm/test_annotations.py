"""Disassembled text with what the source says: it is there, and the text makes the same program."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from acortex.isa.asm.annotations import Annotations, said_by
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.asm.disassembler import disassemble
from acortex.isa.container import dumps, loads, sha256
from acortex.programs.shipped import FOLDER

SOURCES = [FOLDER / f"{name}.s" for name in ("vmm", "conv3x3", "in_flight", "pipelined_pair", "vector_add")]
SMALL = """\
; Adds nothing.

  # twice
.program small
.macro m n
   nop ; in the macro \\n
.endm
.equ TWO, 2
        start            ; set-up is over
; above
outer:  loop l0, TWO
again: also:   m 1
.rept 2, i
at_5:   .ifdef NEVER
        .endif
        nop
.endr
        next l0, again   ; "a ; b"
        halt
; below
"""


def text_of(source: str, **options: bool) -> str:
    """A source, assembled, kept in a container, and disassembled with what it says."""
    made = assemble(source, file="small.s")
    return disassemble(loads(dumps(made)), source=said_by(made, source), **options)


def test_labels_comments_and_lines_are_those_of_the_source() -> None:
    source = SMALL.replace("at_5:   .ifdef", "        .ifdef")
    assert text_of(source).split("\n\n", 1)[1] == (
        "; Adds nothing.\n; twice\n"
        "        start                                           ; start ; set-up is over\n"
        "; above\nouter:\n"
        "        loop l0, 2                                      ; outer: loop l0, TWO\n"
        "again:\n"
        "        nop                                             ; nop ; in the macro 1\n"
        "        nop\n        nop\n"
        '        next l0, again                                  ; next l0, again ; "a ; b"\n'
        "        halt\n"
    )


def test_a_label_that_looks_like_one_of_ours_keeps_its_name() -> None:
    text = "start\nloop l0, 2\nat_3: nop\nnop\nnext l0, 3\nhalt"
    found = text_of(text)
    assert [line for line in found.splitlines() if line.startswith("at_")] == ["at_3:", "at_3_:"]
    assert "next l0, at_3_ " in found
    assert sha256(assemble(found)) == sha256(assemble(text, file="small.s"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_the_text_makes_the_same_program_in_each_form(path: Path) -> None:
    program = assemble_file(path)
    said = said_by(program, path.read_text())
    plain = disassemble(program)
    for addresses, source in product((False, True), (None, said)):
        text = disassemble(program, addresses=addresses, source=source)
        assert sha256(assemble(text)) == sha256(program)
        bare = [line.partition(";")[0].strip() for line in text.splitlines()]
        if source is None:
            assert [line for line in bare if line] == [line.partition(";")[0].strip() for line in plain.splitlines() if
                                                       line.partition(";")[0].strip()]  # fmt: skip
        else:
            assert {f"{name}:" for name in program.targets} <= set(bare)


def test_what_nothing_is_known_of_is_as_without() -> None:
    program = assemble("start\nhalt")
    assert disassemble(program, source=Annotations()) == disassemble(program)


def test_comments_are_those_of_the_source_and_not_of_what_it_includes(tmp_path: Path) -> None:
    """The lines of the included file have higher numbers than those of the source below it."""
    (tmp_path / "lib.s").write_text("; theirs\n" * 9 + "nop\n; theirs too\nnop\n")
    text = '.include "lib.s"\n; ours\n\n# two\nstart\n.rept 2\n; in turns\nnop\n.endr\n; last\nhalt\n'
    (tmp_path / "main.s").write_text(text)
    program = assemble_file(tmp_path / "main.s")
    above = {at: found for at, found in said_by(program, text).above.items() if found}
    assert above == {2: ("ours", "two"), 3: ("in turns",), 5: ("last",)}
