"""Names that can be changed by a look at the words alone: only where an assembly would say the same."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from editing import on_disk, opened, place, uri

from acortex.tools.editor import navigate
from acortex.tools.editor.family import family_of
from acortex.tools.editor.index import index_of
from acortex.tools.editor.navigate import applied, files_around
from acortex.tools.editor.plain_names import is_plain
from acortex.tools.editor.sources import Sources

TEXT = """\
        .program plain
        .equ    BASE, 4
        .name   image, d20
        .macro  stream number, first
        .local  here
        base    \\number, \\first
here:   nop
        .endm
        start
        stream  image, BASE
        .rept   2, turn
        base    d\\turn, BASE
        .endr
        halt
"""


def test_a_name_in_a_program_with_macros_is_changed_without_an_assembly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigate, "_words", lambda *_: pytest.fail("the program was assembled"))
    sources, key = opened(TEXT)
    for old, new in (
        ("BASE", "FIRST"),
        ("image", "picture"),
        ("stream", "walk"),
        ("first", "begin"),
        ("here", "place"),
    ):
        text = applied(TEXT, navigate.renamed(sources, key, *place(TEXT, old), new), new)
        assert old not in text and text.count(new) == TEXT.count(old)


def test_two_thousand_lines_are_renamed_without_an_assembly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(navigate, "_words", lambda *_: pytest.fail("the program was assembled"))
    text = TEXT.replace("        halt", "        stream  image, BASE + 1\n" * 2000 + "        halt")
    sources, key = opened(text)
    assert len(navigate.renamed(sources, key, *place(text, "BASE"), "FIRST")) == 2003


@pytest.mark.parametrize(
    ("change", "old", "new"),
    [
        (("nop\n", "base    d7, \\\\first\\\\()2\n"), "BASE", "FIRST"),  # BASE2 would become FIRST2
        (("        halt", '        .error "BASE is 4"\n        halt'), "BASE", "x"),
        (("        halt", "        .equ    sq, BASE * 2\n        .input  i, shape=sqx3\n        halt"), "sq", "side"),
        (("        halt", "        .input  i, shape=3xBASEx2\n        halt"), "BASE", "FIRST"),
        (("        halt", "        .ifdef  d\\\\turn\n        .endif\n        halt"), "BASE", "d1"),
    ],
)
def test_what_words_do_not_show_is_left_to_an_assembly(change: tuple[str, str], old: str, new: str) -> None:
    text = TEXT.replace(*(one.replace("\\\\", "\\") for one in change))
    sources, key = opened(text)
    found = family_of(sources, files_around(sources, key)).at(key, *place(text, old))
    assert found is not None
    family = family_of(sources, files_around(sources, key))
    spans = [navigate.span_of(one) for one in family.places[found[0]]]
    assert not is_plain({key: index_of(text.split("\n"))}, old, new, spans)


def test_a_comment_holds_no_name() -> None:
    text = TEXT.replace("start\n", "start                  ; BASE, FIRST and \\\\BASE\n")
    sources, key = opened(text)
    spans = navigate.renamed(sources, key, *place(text, "BASE"), "FIRST")
    assert is_plain({key: index_of(text.split("\n"))}, "BASE", "FIRST", spans)
    assert not is_plain({key: index_of(text.split("\n"))}, "BASE", "FIRST", spans[:-1])
    assert not is_plain({}, "BASE", "FIRST", spans)


def test_all_files_of_a_program_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main = '.equ BASE, 4\n.include "lib.s"\nstart\nuse BASE\nhalt\n'
    files = on_disk(tmp_path, {"main.s": main, "lib.s": ".macro use what\nbase d0, \\what + BASE\n.endm\n"})
    sources = Sources()
    key = sources.open(uri(files["main.s"]), main)
    monkeypatch.setattr(navigate, "_words", lambda *_: pytest.fail("the program was assembled"))
    assert len(navigate.renamed(sources, key, 0, 5, "FIRST")) == 3


DECLARED = (
    *(".equ A, 1", ".equ AB, A + 1", ".equ B, 2", ".name r, d3", ".input t, shape=AxB", ".input u, shape=2 x A"),
    ".macro m p, q=A\nbase d0, \\p + \\q\n.endm",
    ".macro k p\n.local A\nA: nop\nbase d4, \\p\n.endm",
)
GLUES = (".macro g p\nbase d1, A\\p\n.endm", ".macro j p, q\nbase d2, \\p\\q\n.endm", ".equ NOTHING, 0")
CALLS = {0: ["g B"], 1: ["j A, B"], 2: []}
RUN = (
    *(
        "m A",
        "m B, A",
        "k B",
        "base d0, A",
        "base r, AB",
        "base d5, lab",
        '.assert A < 9, "A"',
        ".ifdef A\nnop\n.endif",
    ),
    *(".rept 2, i\nbase d\\i, A\n.endr", ".ifdef C\nnop\n.endif", "base d6, B"),
)


def drawn(random: Random) -> str:
    """A program of some pieces, which assembles."""
    number = random.randrange(3)
    run = [piece for piece in (*RUN, *CALLS[number]) if random.random() < 0.4]
    return "\n".join((*DECLARED, GLUES[number], "start", "lab: nop", *run, "halt"))


def test_where_words_say_yes_an_assembly_says_the_same() -> None:
    random, told = Random(5), 0
    for _ in range(240):
        text, old, new = drawn(random), random.choice(["A", "B", "AB", "r", "lab", "m"]), random.choice(NEW)
        sources, key = opened(text)
        before = navigate._words(key, text, {})
        found = family_of(sources, [key])
        keys = [one for one in found.places if one.name == old]
        if not keys or new == old:
            continue
        assert before is not None
        spans = [navigate.span_of(one) for one in found.places[keys[0]]]
        if is_plain({key: index_of(text.split("\n"))}, old, new, spans):
            told += 1
            assert navigate._words(key, applied(text, spans, new), {}) == before, (text, old, new)
    assert told > 20


NEW = ["C", "AB", "AxB", "z", "i", "Az"]
