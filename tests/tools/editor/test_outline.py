"""Symbols, folds and types of words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from editing import BASE, family, opened

from acortex.tools.editor.index import index_of, lines_of
from acortex.tools.editor.outline import MODIFIERS, TYPES, folds, symbols, typed

TEXT = """\
; A program
; of some lines.

.equ A, 1
.macro get a
 .local here
here: read \\a
.endm
.weights w, 2x2
.row 1, 2
.row A, 4
.weights v, 1x1
.row 1
 .if A
 loop l0, 3
again: get d0
 next l0, again
 .endif
 layer one
 layer one
"""


def test_symbols_are_what_is_defined_and_macros_hold_theirs() -> None:
    found = symbols(index_of(lines_of(TEXT)))
    assert [(one.name, one.what, one.line, one.end) for one in found] == [
        ("A", "constant", 3, 3), ("get", "macro", 4, 7), ("w", "weights", 8, 8), ("v", "weights", 11, 11),
        ("again", "label", 15, 15), ("one", "layer", 18, 18),
    ]  # fmt: skip
    assert [(child.name, child.what) for child in found[1].children] == [("here", "label")]


def test_blocks_loops_comments_and_data_fold() -> None:
    found = folds(index_of(lines_of(TEXT)))
    assert [tuple(one) for one in found] == [
        (0, 1, True), (4, 7, False), (8, 10, False), (11, 12, False), (13, 17, False), (14, 16, False),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "\n", ".macro", ".endm\n.endif", ".if 1\n.macro a\n.endif\n.endm", " next l0"])
def test_broken_texts_have_an_outline(text: str) -> None:
    index = index_of(lines_of(text))
    assert all(one.start < one.end < len(index.lines) for one in folds(index))
    assert symbols(index) == [] or text.startswith(".if")


def test_words_have_the_types_of_what_they_mean() -> None:
    text = f"{TEXT} base d1, A + again, by=none\n"
    sources, key = opened(text)
    lines = lines_of(text)
    found = {}
    for one in typed(family(sources, key), key):
        word = lines[one.line][one.column : one.column + one.length]
        found[one.line, word] = (
            TYPES[one.type],
            [name for bit, name in enumerate(MODIFIERS) if one.modifiers >> bit & 1],
        )
    assert found[3, "A"] == ("variable", ["definition", "readonly"])
    assert found[4, "get"] == ("macro", ["definition"])
    assert found[6, "here"] == ("label", ["definition"])
    assert found[6, "read"] == ("keyword", [])
    assert found[6, "a"] == ("parameter", [])
    assert found[15, "get"] == ("macro", [])
    assert found[15, "d0"] == ("type", [])
    assert found[20, "A"] == ("variable", ["readonly"])
    assert found[20, "again"] == ("label", [])
    assert found[20, "by"] == ("property", [])
    assert found[20, "none"] == ("enumMember", [])


def test_types_come_in_the_order_of_the_text_and_do_not_overlap() -> None:
    for text in (BASE, TEXT, ".equ K, 2\n.input x, shape=KxKx2|K x K\n"):
        sources, key = opened(text)
        found = typed(family(sources, key), key)
        places = [(one.line, one.column) for one in found]
        assert places == sorted(set(places))
        for one, other in pairwise(found):
            assert one.line < other.line or one.column + one.length <= other.column


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("; one\nnop\n", []),
        ("; one\n; two\nnop\n", [(0, 1, True)]),
        ("nop\n; one\n; two", [(1, 2, True)]),
        (".weights w, 2x2\nnop\n", []),
        (".weights w, 2x2\n.row 1, 2\n.row 3, 4\nnop\n", [(0, 2, False)]),
        ("loop l0, 2\nnop\nnext l0, 0\nnext l0, 0\n", [(0, 2, False)]),
        ("loop l0, 2\nloop l1, 2\nnext l1, 1\nnext l0, 0\n", [(0, 3, False), (1, 2, False)]),
    ],
)
def test_what_has_several_lines_is_folded_once(text: str, found: list[tuple[int, int, bool]]) -> None:
    assert [tuple(one) for one in folds(index_of(lines_of(text)))] == found


def test_a_symbol_has_its_statement_up_to_80_letters() -> None:
    short, long = symbols(index_of(lines_of(f".equ A, 1 + 2 ; why\n.equ B, {'1 + ' * 40}1\n")))
    assert short.detail == ".equ A, 1 + 2"
    assert (len(long.detail), long.detail[:12]) == (80, ".equ B, 1 + ")
