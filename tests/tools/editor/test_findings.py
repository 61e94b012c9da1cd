"""Where each broken rule and each finding stands in an editor: under its word, with its other places."""

from __future__ import annotations

from pathlib import Path

import pytest
from editing import BASE, on_disk

from acortex.isa.asm.assembler import assemble
from acortex.isa.lint.rows import FINDINGS
from acortex.isa.rules import RULES
from acortex.sim import lint as linter
from acortex.tools.commands.lint import _found as of_the_command
from acortex.tools.editor import check as module
from acortex.tools.editor.check import Checked, Problem, check

ROOT = "untitled:main"
OF_WORDS = {code: rule for code, rule in RULES.items() if rule.example.patch}
"""Rules of which the assembler writes no example: their words are changed behind it."""

ON_ANOTHER_CHIP = ("R211",)
MEASURED = ("L401",)
LONG = ("R403",)
"""Examples that visit so much that checking them takes seconds."""

EXPECTED: dict[str, list[str]] = {}
for _line in Path(__file__).with_name("findings.txt").read_text().splitlines():
    EXPECTED.setdefault(_line.split(" ", 1)[0], []).append(_line.split(" ", 1)[1])
"""For each code the line, from 1, the word and the further places that its example is to show."""


def told(text: str, problem: Problem) -> str:
    """A problem as the table writes it."""
    lines = text.split("\n")
    places = [(problem.span, ""), *((span, f": {note}") for span, note in problem.related)]
    return " | ".join(f"{at.line + 1} {lines[at.line][at.start : at.end]}{note}" for at, note in places)


def of_code(text: str, code: str) -> list[str]:
    """The problems of a text that have a code, as the table writes them."""
    return [told(text, one) for one in check(ROOT, text, {}).problems[ROOT] if one.code == code]


def test_every_rule_and_finding_has_its_word_in_the_table() -> None:
    every = {*RULES, *FINDINGS} - {*OF_WORDS, *ON_ANOTHER_CHIP, *MEASURED}
    assert set(EXPECTED) == every


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=[pytest.mark.slow] if code in LONG else []) for code in EXPECTED]
)
def test_an_example_has_its_squiggle_under_the_word_that_it_is_about(code: str) -> None:
    text = {**RULES, **FINDINGS}[code].example.broken
    assert of_code(text, code) == EXPECTED[code]


@pytest.mark.parametrize("code", [code for code in EXPECTED if code not in LONG])
def test_the_mend_of_an_example_has_no_such_squiggle(code: str) -> None:
    rule = {**RULES, **FINDINGS}[code]
    assert of_code(rule.example.mended, code) == []


INDENTED = ["L201", "L202", "L301", "L302", "L303", "R006", "R007", "R701", "R705", "R305"]


@pytest.mark.parametrize("code", INDENTED)
def test_a_squiggle_moves_with_its_word_behind_labels_tabs_and_letters(code: str) -> None:
    text = {**RULES, **FINDINGS}[code].example.broken
    lines = [line if ":" in line else f"at{number}:\t{line}" for number, line in enumerate(text.split("\n"))]
    moved = "\n".join(line for line in lines if not line.endswith(":\t"))
    first, *_ = of_code(moved, code)
    assert first.split(" | ")[0] == EXPECTED[code][0].split(" | ")[0]


@pytest.mark.parametrize("code", INDENTED)
def test_an_editor_and_the_command_show_the_same_places(code: str, tmp_path: Path) -> None:
    text = "".join(f"\t{line}\n" for line in {**RULES, **FINDINGS}[code].example.broken.split("\n"))
    file = on_disk(tmp_path, {"small.s": text})["small.s"]
    shown = [one.span for one in check(file, text, {}).problems[file] if one.code == code]
    listed = [one for one in of_the_command(file, None, (), None, None)[0] if one.code == code]
    assert [(f"{file}:{span.line + 1}:{span.start + 1}", span.end - span.start) for span in shown] == [
        (one.where, one.length) for one in listed
    ]


FILL = """\
        .macro  fill group, across
        group   \\group, 2, 2
        rect    \\group, column=\\across, row=0
        program \\group, w
        .endm
"""
SPARE = BASE.replace("        group   g0, 2, 2\n        rect    g0, column=0, row=0\n        program g0, w\n",
                     "        fill    g0, 0\n        fill    g1, 1\n")  # fmt: skip
MATRIX = '        .weights "an extra", 1x1\n        .row    1\n'


def in_files(tmp_path: Path, main: str, library: str) -> tuple[Checked, dict[str, str], dict[str, str]]:
    """A program in two files as it was checked, the keys of both, and their texts."""
    texts = {"main ü.s": f'        .include "lib/a b.s"\n{main}', "lib/a b.s": library}
    files = on_disk(tmp_path, texts)
    return check(files["main ü.s"], texts["main ü.s"], {}), files, texts


def test_a_finding_in_an_included_file_stands_in_that_file(tmp_path: Path) -> None:
    found, files, texts = in_files(tmp_path, SPARE, FILL)
    (one,) = found.problems[files["lib/a b.s"]]
    assert found.problems[files["main ü.s"]] == []
    # The line of the macro has no `g1`, so that its mnemonic stands for it.
    assert (one.code, told(texts["lib/a b.s"], one)) == ("L301", "2 group | 4 program: its weights are written here")
    assert {span.file for span, _ in one.related} == {files["lib/a b.s"]}


def test_a_declaration_in_an_included_file_has_its_finding_there(tmp_path: Path) -> None:
    found, files, texts = in_files(tmp_path, BASE, MATRIX)
    (one,) = found.problems[files["lib/a b.s"]]
    assert found.problems[files["main ü.s"]] == []
    assert (one.code, told(texts["lib/a b.s"], one)) == ("L302", '1 "an extra"')


def test_what_is_not_read_of_a_file_is_no_declaration(tmp_path: Path) -> None:
    off = f"        .if 0\n{MATRIX}        .endif\n"
    found, files, texts = in_files(tmp_path, BASE, off + MATRIX)
    (one,) = found.problems[files["lib/a b.s"]]
    assert told(texts["lib/a b.s"], one) == '5 "an extra"'


def test_a_declaration_that_a_macro_makes_has_its_finding_at_the_name_of_the_program() -> None:
    macro = "        .macro  spare name\n        .weights \\name, 1x1\n        .row    1\n        .endm\n"
    text = BASE.replace("        .weights w", f"{macro}        spare   other\n        .weights w", 1)
    assert of_code(text, "L302") == ["1 .program small"]


def test_a_rule_that_two_files_break_names_both(tmp_path: Path) -> None:
    again = BASE.replace("        connect g0\n", "        connect g0\n        more\n", 1)
    found, files, texts = in_files(tmp_path, again, "        .macro  more\n        connect g0\n        .endm\n")
    (one,) = found.problems[files["lib/a b.s"]]
    ((other, note),) = one.related
    assert (one.code, note, other.file) == ("R305", "the other place", files["main ü.s"])
    assert texts["main ü.s"].split("\n")[other.line][other.start : other.end] == "connect"


def test_a_comment_that_has_the_word_is_not_what_a_finding_is_about() -> None:
    text = BASE.replace("        connect", "        base    d7, 3 ; d7\n        connect", 1)
    assert of_code(text.replace("base    d7", 'base /* " */ d7'), "L201") == []
    column = check(ROOT, text, {}).problems[ROOT][0].span.start
    assert text.split("\n")[15][column:].startswith("d7, 3")


def test_a_walk_that_a_rule_refuses_costs_no_memory() -> None:
    text = RULES["R406"].example.broken
    found = linter.lint(assemble(text, file="small.s"))
    assert [one.code for one in found] == ["R406"]


def test_a_word_that_is_shown_wrongly_fails_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "L201"
    monkeypatch.setattr(module, "in_line", lambda text, word="": (1, 0))
    monkeypatch.setattr(module, "pointed", lambda *_: None)
    assert of_code(FINDINGS[code].example.broken, code) != EXPECTED[code]
