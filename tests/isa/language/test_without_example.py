"""The diagnostics that no short text breaks: what each says, by texts that are long, files, and words of containers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.isa import encode
from acortex.isa.asm import assembler, parser
from acortex.isa.asm.assembler import MAX_BYTES, MAX_LINE, MAX_LINES, assemble, assemble_file
from acortex.isa.asm.parser import MAX_INSTRUCTIONS, MAX_TOKENS
from acortex.isa.container import dumps, loads
from acortex.isa.language.book import LANGUAGE_BOOK
from acortex.isa.rules import BASE, changed
from acortex.isa.table import MNEMONICS

FILE = "DATA npz"


def said(text: str | Path, **arrays: np.ndarray) -> list[str]:
    """What is wrong with a source: "code line:column message | hint", then its notes, each with its file."""
    with pytest.raises(AcortexError) as caught:
        if isinstance(text, Path):
            assemble_file(text)
        else:
            assemble(text, file="small.s", arrays={FILE: arrays})
    errors = caught.value.errors if isinstance(caught.value, ManyErrors) else [caught.value]
    found = []
    for one in errors:
        notes = "".join(f" | {note.line}:{note.column} {note.message}" for note in getattr(one, "notes", ()))
        where = Path(one.where).name.removeprefix("small.s").removeprefix(":")
        found.append(f"{one.code} {where} {one.message} | {one.hint}{notes}")
    return found


def test_every_code_without_an_example_has_its_text_here() -> None:
    held = Path(__file__).read_text()
    without = {code for code, row in LANGUAGE_BOOK.items() if not row.example.breaks}
    assert len(without) == 10
    assert {code for code in without if f'"{code}' in held or f"'{code}" in held} == without


# What follows from something else -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("group    g0", ".equ     N, 1 / 0\n.equ     M, N + 1\n.equ     K, M + N\ngroup    g0"), "A109"),
        ((".input   x, shape=2", ".input   x, shape=2y"), "A001"),
        (("base     d0, 0", "base     d0, N\n.equ     N, (1"), "A102"),
    ],
)
def test_a_failure_that_follows_from_another_is_not_told(change: tuple[str, str], code: str) -> None:
    (one,) = said(changed(BASE, change))
    assert one.startswith(f"{code} ") and LANGUAGE_BOOK["A000"].message == "{reason}"


# Texts that are too long ----------------------------------------------------------------------------------------------


def test_a_line_that_is_too_long() -> None:
    assert assemble(f"; {'x' * (MAX_LINE - 2)}\n{BASE}").name == "small"
    assert said(f"\n; {'x' * MAX_LINE}\n{BASE}") == [
        f"A008 2:1 the line has {MAX_LINE + 2} characters, {MAX_LINE} are allowed | cut the data into several lines"
    ]


def test_a_text_of_too_many_lines() -> None:
    told = "A009  the text has more than 1000000 lines or 67108864 characters | put data into a .npz file"
    assert said("\n" * MAX_LINES) == [told]
    assert assemble(BASE + "\n" * (MAX_LINES - BASE.count("\n") - 1)).name == "small"


def test_a_text_of_too_many_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembler, "MAX_BYTES", len(BASE))
    assert assemble(BASE).name == "small"
    assert said(BASE + "\n") == [
        f"A009  the text has more than 1000000 lines or {len(BASE)} characters | put data into a .npz file"
    ]


def test_a_text_of_too_many_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """The budget is of the whole text: the line that goes beyond it is told, and nothing below it."""
    assert MAX_TOKENS == 700_000
    monkeypatch.setattr(parser, "MAX_TOKENS", 41)
    text = "nop\n" * 41 + "nop\n" + BASE
    assert said(text) == ["A005 42:1 the text has more than 41 words and numbers | put data into a .npz file"]


@pytest.mark.parametrize("last", ["nop", ".align   4096"])
def test_a_program_of_too_many_instructions(last: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_INSTRUCTIONS == 65_536
    most = len(assemble(BASE).words)
    monkeypatch.setattr(parser, "MAX_INSTRUCTIONS", most)
    assert len(assemble(BASE).words) == most
    assert said(f"{BASE}{last}") == [
        f"A006 30:1 a program has at most {most} instructions | repeat instructions with `loop` and `next`"
    ]


# Files ----------------------------------------------------------------------------------------------------------------


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.s"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert said(path) == ["A010 large.s the file has more than 67108864 bytes | put data into a .npz file"]


@pytest.mark.parametrize(("data", "place"), [(b"\xff", 0), (b"nop\n\xc3(", 4), ("ä".encode("latin-1") + b"b", 0)])
def test_a_file_that_is_no_text(data: bytes, place: int, tmp_path: Path) -> None:
    path = tmp_path / "bytes.s"
    path.write_bytes(data)
    assert said(path) == [
        f"A011 bytes.s byte {place} is not UTF-8 text | a source is text in UTF-8; a program that is assembled already"
        " ends in .acx"
    ]


def test_a_file_that_includes_itself(tmp_path: Path) -> None:
    (tmp_path / "small.s").write_text(f'.include "a.s"\n{BASE}')
    (tmp_path / "a.s").write_text('\n.include "small.s"\n')
    (one,) = said(tmp_path / "small.s")
    assert one.startswith('A902 a.s:2:10 "small.s" includes itself | put what both need into a third file')
    (tmp_path / "a.s").write_text('.include "a.s"\n')
    (one,) = said(tmp_path / "small.s")
    assert one.startswith('A902 a.s:1:10 "a.s" includes itself | ')


# Data and containers --------------------------------------------------------------------------------------------------

LABELLED = changed(BASE, (".weights w", f'.samples x, file="{FILE}", key=x\n.labels file="{FILE}", key=n\n.weights w'))


@pytest.mark.parametrize("label", [2**63, 2**64 - 1])
def test_a_label_of_more_than_63_bits(label: int) -> None:
    arrays = {"x": np.zeros((1, 2), np.uint8), "n": np.array([label], np.uint64)}
    assert said(LABELLED, **arrays) == [f"A511 6:14 label {label} is too large | labels are below 2^63"]


def test_the_largest_label_is_kept() -> None:
    arrays = {"x": np.zeros((1, 2), np.uint8), "n": np.array([2**63 - 1], np.uint64)}
    labels = assemble(LABELLED, arrays={FILE: arrays}).labels
    assert labels is not None and labels.tolist() == [2**63 - 1]


@pytest.mark.parametrize(
    ("place", "mnemonic", "values", "message"),
    [
        (2, "program", {"group": 0, "weights": 1}, "weights is number 1 of a table of 1"),
        (8, "input", {"tensor": 7, "stream": 0}, "tensor is number 7 of a table of 1"),
        (18, "output", {"tensor": 1, "stream": 1}, "tensor is number 1 of a table of 1"),
        (4, "layer", {"layer": 0}, "layer is number 0 of a table of 0"),
    ],
)
def test_a_word_that_names_what_is_not_in_its_table(
    place: int, mnemonic: str, values: dict[str, int], message: str
) -> None:
    program = assemble(BASE, file="small.s")
    words = program.words.copy()
    row = MNEMONICS[mnemonic]
    words[place] = encode(row, {o.name: values.get(o.name, o.default or 0) for o in row.operands})
    with pytest.raises(UsageError) as caught:
        loads(dumps(replace(program, words=words)))
    assert caught.value.code == "A607"  # "A607 " has no text of its own place: a container has lines alone
    assert caught.value.message == f"the program breaks a rule: {program.lines[place]}: {message}"
