"""Mistakes, broken rules and findings by the file and the line that somebody wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from editing import BASE, on_disk, opened, place

from acortex.isa.asm.assembler import MAX_LINE, MAX_LINES
from acortex.isa.language.book import LANGUAGE_BOOK
from acortex.isa.lint.rows import FINDINGS
from acortex.isa.rules import RULES
from acortex.tools.editor.check import Problem, check
from acortex.tools.editor.session import Session
from acortex.tools.editor.sources import Sources, uri_of
from acortex.wording import suggested, suggestion


def problems(text: str, root: str = "untitled:main") -> list[Problem]:
    """The problems of a text that is in no file."""
    return check(root, text, {}).problems[root]


def spans(text: str, found: list[Problem]) -> list[str]:
    """The texts that problems are about."""
    lines = text.split("\n")
    return [lines[one.span.line][one.span.start : one.span.end] for one in found]


def test_a_program_without_mistakes_has_no_problems() -> None:
    assert problems(BASE) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "text", "near"),
    [
        ("multiply g0", "multipy g0", "A208", "multipy", ("multiply",)),
        ("tail=2", "tial=2", "A303", "tial", ("tail",)),
        ("convert q0, 1", "convert q0, OTU", "A201", "OTU", ("OUT",)),
        ("read    image", "read    imag", "A304", "imag", ("image",)),
        (".program", ".progam", "A207", ".progam", (".program",)),
        ("output  y", "output  yy", None, "yy", ("y",)),
        ("convert q0, 1", "convert q0, $", "A003", "$", ()),
        ("host_in, t0", "host_on, t0", None, "host_on", ("host_in",)),
        ("halt", "HALT", "A208", "HALT", ("halt",)),
    ],
)
def test_a_mistake_has_its_place_and_what_was_meant(
    old: str, new: str, code: str | None, text: str, near: tuple[str, ...]
) -> None:
    changed = BASE.replace(old, new, 1)
    found = problems(changed)
    one = next(problem for problem in found if spans(changed, [problem]) == [text])
    assert not one.is_warning
    assert code is None or LANGUAGE_BOOK[one.code].title
    assert one.near == near
    assert (one.span.line, one.span.start) == place(changed, new, 0, new.index(text))


def test_every_place_of_a_mistake_is_a_problem() -> None:
    changed = BASE.replace("image", "imag").replace(".name   imag,", ".name   image,")
    found = problems(changed)
    assert spans(changed, found) == ["imag"] * 3
    assert found[1].related[-1][0] == found[0].span
    assert found[1].related[-1][1] == "the same is wrong here"


def test_a_second_definition_names_the_first() -> None:
    changed = BASE.replace("        group ", "        .equ    OUT, 5\n        group ", 1)
    (found,) = problems(changed)
    assert found.code == "A204"
    assert [(span.line, span.start, span.end, text) for span, text in found.related] == [
        (2, 16, 19, "the first definition")
    ]


def test_a_broken_rule_of_the_chip_is_an_error_at_its_statement() -> None:
    changed = BASE.replace("multiply g0, 1", "multiply g1, 1")
    (found,) = problems(changed)
    assert found.code == "R006"
    assert not found.is_warning
    assert spans(changed, [found]) == ["multiply"]
    assert found.code in RULES


def test_a_finding_of_the_linter_is_a_warning() -> None:
    changed = BASE.replace("        connect", "        base    d7, 3   ; why\n        connect", 1)
    (found,) = problems(changed)
    assert found.code == "L201" and found.code in FINDINGS
    assert found.is_warning
    assert spans(changed, [found]) == ["d7"]


def test_a_finding_about_a_declaration_stands_at_that() -> None:
    changed = BASE.replace("        .weights", "        .weights spare, 1x1\n        .row    1\n        .weights", 1)
    (found,) = problems(changed)
    assert (found.code, spans(changed, [found])) == ("L302", ["spare"])


@pytest.mark.parametrize(
    "text", ["", "\n\n", "; nothing\n", "\ufeff", "\r\n", "\x00", '"', "\\", "." * 100, "é" * 9000]
)
def test_any_text_has_problems_and_no_fault(text: str) -> None:
    assert problems(text)


def test_what_is_too_long_is_one_problem() -> None:
    assert [one.code for one in problems("; " + "x" * MAX_LINE)] == ["A008"]
    assert [one.code for one in problems("\n" * MAX_LINES)] == ["A009"]


CALL = """\
        .include "lib/macros.s"
        fill    g0
        fill    g1
        start
        halt
"""
MACROS = """\
        .macro  fill group
        groupp  \\group, 2, 2
        .endm
"""


def test_a_mistake_in_an_included_file_is_a_problem_of_that_file(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"main ü.s": CALL, "lib/macros.s": MACROS})
    found = check(files["main ü.s"], CALL, {}).problems
    assert set(found) == set(files.values())
    assert found[files["main ü.s"]] == []
    (one,) = found[files["lib/macros.s"]]
    assert one.near == ("group",)
    assert spans(MACROS, [one]) == ["groupp"]
    assert [(span.file, span.line) for span, _ in one.related][1:] == [(files["main ü.s"], 1)]


def test_what_an_editor_has_not_saved_goes_before_the_file(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"main.s": CALL, "lib/macros.s": MACROS})
    mended = MACROS.replace("groupp", "group ")
    found = check(files["main.s"], CALL, {files["lib/macros.s"]: mended}).problems
    assert [one.code for one in found[files["lib/macros.s"]] if one.code.startswith("A")] == []


def test_a_file_that_is_missing_is_a_problem_of_the_line_that_names_it(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"main.s": CALL})
    (found,) = check(files["main.s"], CALL, {}).problems[files["main.s"]]
    assert spans(CALL, [found]) == ['"lib/macros.s"']


def test_a_text_in_no_file_can_include_none() -> None:
    (found,) = problems('.include "lib/macros.s"\n')
    assert "a text without a folder can name no files" in found.message


def test_a_file_is_checked_as_part_of_the_program_that_includes_it(tmp_path: Path) -> None:
    files = on_disk(tmp_path, {"main.s": CALL, "lib/macros.s": MACROS})
    session = Session(Sources())
    session.sources.open(uri_of(files["lib/macros.s"]), MACROS)
    assert session.roots() == [files["main.s"]]
    job = session.job(files["main.s"])
    assert job is not None
    session.take(job, job.checked())
    assert session.problems()[files["lib/macros.s"]]
    assert session.is_checked(files["main.s"])
    session.sources.open(uri_of(files["lib/macros.s"]), MACROS.replace("groupp", "group"))
    assert not session.is_checked(files["main.s"])
    assert not session.is_current(job)


def test_a_hint_and_what_it_suggests_are_two_ways_of_one_thing() -> None:
    for names in (["one"], ["one", "t.w_o"], ["a", "b", "c"]):
        assert suggested(suggestion(names)) == names
        assert suggested(f"{suggestion(names)} words are written in lower case") == names
    assert suggested("") == suggested("names are letters") == suggested("did you mean it?") == []


def test_labels_and_lines_of_a_program_are_known_by_their_address() -> None:
    sources, key = opened(BASE.replace("read    image", "here: read image"))
    checked = check(key, sources.opened[key].text, {})
    assert checked.labels == {"here": 13}
    assert checked.addresses[key, 23] == [13]
