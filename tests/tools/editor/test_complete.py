"""What can stand at the cursor, and which operand it is in."""

from __future__ import annotations

from pathlib import Path

import pytest
from editing import BASE, family, on_disk, opened, place

from acortex.isa.asm.directives import DIRECTIVES, ENDINGS, TEXT
from acortex.isa.manual import syntax
from acortex.isa.table import MNEMONICS, ROWS
from acortex.tools.editor.complete import Completion, complete, signature
from acortex.tools.editor.hover import Known


def at(line: str, base: str = BASE, name: str = "untitled:main") -> Completion:
    """What can stand at `^` of a line that is added to a program."""
    text = base.replace("        connect g0\n", f"{line.replace('^', '', 1)}\n        connect g0\n", 1)
    sources, key = opened(text, name)
    row, _ = place(base, "        connect g0")
    return complete(Known(family(sources, key)), key, row, line.index("^"))


def words(line: str, base: str = BASE) -> list[str]:
    return [item.text for item in at(line, base).items]


@pytest.mark.parametrize("line", ["^", "        ^", "here: ^", "rea^", "        mul^tiply g0"])
def test_a_line_begins_with_an_instruction_a_directive_or_a_macro(line: str) -> None:
    found = words(line, f"{BASE}.macro get a\n.endm\n")
    assert found == [*MNEMONICS, *DIRECTIVES, *TEXT, *ENDINGS, "get"]


def test_every_field_that_was_not_given_may_follow_whatever_came_before() -> None:
    found = words("        .input  z, 2, scale=1, ^")
    assert {"encode=", "bits=", "host="} <= {*found} and "scale=" not in found


def test_a_comment_begins_behind_its_mark() -> None:
    assert "OUT" in words("        base    d1, ^; why")
    assert words("        base    d1, ;^ why") == []


def test_the_word_around_the_cursor_is_replaced() -> None:
    found = at("        mul^tip g0")
    assert (found.start, found.end) == (8, 14)
    found = at("        .inp^")
    assert (found.start, found.end) == (8, 12)


@pytest.mark.parametrize(
    ("line", "some", "none"),
    [
        ("        base    ^", ["image", "d0", "d31", "stream=", "address="], ["OUT", "q0"]),
        ("        base    d1, ^", ["OUT", "TWICE", "by=", "ring="], ["d0", "stream=", "image"]),
        ("        base    d1, OUT, by=^", ["l0", "none"], ["OUT", "stride="]),
        ("        base    d1, address=OUT, ^", ["by=", "stride="], ["address=", "stream="]),
        ("        signal  ^", ["host_in", "vmm"], ["t0"]),
        ("        signal  host_in, ^", ["t0", "t63"], ["host_in", "agent="]),
        ("        program g0, ^", ["w"], ["x", "y", "OUT"]),
        ("        input   ^", ["x"], ["y", "w"]),
        ("        layer   ^", ["product"], ["x"]),
        ("        loop    l0, ^", ["host", "OUT"], ["l0"]),
        ("        quant   q0, 1, 1, activation=^", ["relu", "none"], ["OUT"]),
        ("        read    d0, to=ve^", ["buffer", "vector"], ["to="]),
        ("        .input  z, ^", ["encode=", "OUT"], ["name="]),
        ("        .input  z, shape=^", ["OUT"], ["encode="]),
        ("        .input  z, shape=2, encode=^", ["linear", "codes"], ["shape="]),
        ("        .input  z, shape=2, ^", ["encode=", "scale="], ["shape="]),
        ("        .chip   ^", ["acortex_digits", "acortex_gnmt"], ["OUT"]),
        ("        .samples ^", ["x"], ["y"]),
        ("        .equ    N, ^", ["OUT"], ["d0"]),
        ("        .equ    ^", [], ["OUT"]),
        ("        .name   N, ^", ["d0", "q0"], ["OUT"]),
        ("        halt    ^", [], ["OUT"]),
        ("        ; rea^", [], ["read"]),
    ],
)
def test_an_operand_may_be_what_its_kind_allows(line: str, some: list[str], none: list[str]) -> None:
    found = words(line)
    assert [word for word in some if word not in found] == []
    assert [word for word in none if word in found] == []
    assert len(found) == len(set(found))


def test_labels_are_targets_and_constants_are_not() -> None:
    found = words("again:  next    l0, ^")
    assert "again" in found and "OUT" not in found


def test_arguments_of_a_call_are_what_the_macro_does_with_them() -> None:
    base = f"{BASE}.macro put source, where=w\n read \\source\n program g0, \\where\n.endm\n"
    assert "image" in words(" put ^", base) and "w" not in words(" put ^", base)
    assert words(" put image, ^", base)[:1] == ["w"]
    assert "where=" in words(" put ^", base)


def test_behind_a_backslash_stand_the_parameters_of_the_macro() -> None:
    base = f"{BASE}.macro put source, where=w\n        connect g0\n.endm\n"
    text = base.replace("        connect g0\n.endm", "        read \\so\n.endm")
    sources, key = opened(text)
    line, column = place(text, "\\so", 0, 3)
    found = complete(Known(family(sources, key)), key, line, column)
    assert [item.text for item in found.items] == ["\\source", "\\where"]
    assert (found.start, found.end) == (column - 3, column)


def test_strings_are_files_of_the_folder_of_their_kind(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"main.s": '.include "\n.weights w, 2x2, file=""\n', "lib/a b.s": "", "data.npz": ""})
    sources, key = opened(Path(files["main.s"]).read_text(), f"file://{files['main.s']}")
    known = Known(family(sources, key))
    assert [item.text for item in complete(known, key, 0, 10).items] == ["lib/a b.s"]
    found = complete(known, key, 1, 23)
    assert ([item.text for item in found.items], found.start, found.end) == (["data.npz"], 23, 23)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_the_form_of_every_instruction_is_shown_with_the_operand_that_is_written(row: object) -> None:
    mnemonic, operands = row.mnemonic, row.operands  # type: ignore[attr-defined]
    for number, operand in enumerate(operands):
        for written in (", ".join(["1"] * number) + (", " if number else ""), f"{operand.name}=", f"{operand.name}=1"):
            text = f" {mnemonic} {written}"
            sources, key = opened(text)
            found = signature(Known(family(sources, key)), key, 0, len(text))
            assert found is not None
            assert (found.label, found.active) == (syntax(row), number)  # type: ignore[arg-type]
            assert len(found.operands) == len(operands)


@pytest.mark.parametrize(
    ("text", "label", "active"),
    [
        (" .input x, ", ".input name, shape, [encode=], [bits=], [scale=], [zero=], [axes=], [packed=], [host=]", 1),
        (" .input x, shape=2, zero=", None, 5),
        (" .equ A, ", ".equ NAME, EXPRESSION", 1),
        (".macro get a, b=2\n.endm\n get 1, ", "get a, b", 1),
        (".macro get a, b=2\n.endm\n get b=", "get a, b", 1),
        (" base d0, 1, none, 1, 1, ", None, None),
    ],
)
def test_directives_and_macros_have_forms_too(text: str, label: str | None, active: int | None) -> None:
    sources, key = opened(text)
    found = signature(Known(family(sources, key)), key, text.count("\n"), len(text.split("\n")[-1]))
    assert found is not None
    assert label is None or found.label == label
    assert found.active == active


@pytest.mark.parametrize("text", ["", "   ", "; base d0", " nothing 1", "label:", " ba"])
def test_what_is_no_statement_has_no_form(text: str) -> None:
    sources, key = opened(text)
    assert signature(Known(family(sources, key)), key, 0, len(text)) is None
