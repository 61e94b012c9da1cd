"""The diagnostics of the language: each has a code of its own, an example that breaks it and no other, and a mend."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError, ManyErrors
from acortex.isa.asm.assembler import assemble
from acortex.isa.language.book import LANGUAGE_BOOK, NO_EXAMPLE, beside, page
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.language.row import ABOUT, FILE
from acortex.isa.program import Program
from acortex.isa.rules import Rule, difference

WITHOUT_EXAMPLE = {"A000", "A005", "A006", "A008", "A009", "A010", "A011", "A511", "A607", "A902"}
"""What no text of a few lines breaks: sizes, encodings, and words that only a container holds."""


def built(rule: Rule, source: str) -> Program:
    """An example or its mend, with the file beside it."""
    return assemble(source, arrays={FILE: rule.example.arrays} if rule.example.arrays else None)


EXAMPLES = [code for code in LANGUAGE_BOOK if code not in WITHOUT_EXAMPLE]


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_example_of_a_code_has_just_that_mistake(code: str) -> None:
    row = LANGUAGE_BOOK[code]
    with pytest.raises(AcortexError) as caught:
        built(row, row.example.broken)
    errors = caught.value.errors if isinstance(caught.value, ManyErrors) else [caught.value]
    assert [(error.code, type(error)) for error in errors] == [(code, row.error)]
    assert "{" not in errors[0].message + errors[0].hint
    assert errors[0].where


SAID = dict(line.split(" ", 1) for line in Path(__file__).with_name("texts.txt").read_text().splitlines())
"""What the assembler says of each example: "line:column message | hint", then its notes, by code."""


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_code_says_just_this_of_its_example(code: str) -> None:
    row = LANGUAGE_BOOK[code]
    with pytest.raises(ManyErrors) as caught:
        assemble(row.example.broken, file="small.s", arrays={FILE: row.example.arrays})
    (error,) = caught.value.errors
    assert isinstance(error, Diagnostic)
    hint = f" | {error.hint}" if error.hint else ""
    notes = "".join(f" | note {note.line}:{note.column} {note.message}" for note in error.notes)
    assert f"{error.where.removeprefix('small.s:')} {error.message}{hint}{notes}" == SAID[code]
    assert str(error).count("\n") >= 2  # the line, and a caret below it


@pytest.mark.parametrize("code", EXAMPLES)
def test_the_mend_of_a_code_assembles(code: str) -> None:
    assert len(built(LANGUAGE_BOOK[code], LANGUAGE_BOOK[code].example.mended).words)


def test_only_what_no_short_text_breaks_has_no_example() -> None:
    assert {code for code, row in LANGUAGE_BOOK.items() if not row.example.breaks} == WITHOUT_EXAMPLE


TITLES = Path(__file__).with_name("codes.txt")
"""Every code that was ever given, and the title of its row."""


def test_codes_are_stable() -> None:
    """A code that is here once means the same for ever: rows are added, and none takes an old one's place."""
    assert [f"{code} {row.title}" for code, row in LANGUAGE_BOOK.items()] == TITLES.read_text().splitlines()


def test_every_row_is_about_something_and_has_a_title_of_its_own() -> None:
    assert {row.about for row in LANGUAGE_BOOK.values()} == set(ABOUT)
    assert len({row.title for row in LANGUAGE_BOOK.values()}) == len(LANGUAGE_BOOK)


def test_the_page_of_diagnostics_is_made_from_the_rows(checkout: Path) -> None:
    assert (checkout / "docs" / "diagnostics.md").read_text() == page(), "make pages"
    assert NO_EXAMPLE in page()


def test_an_example_with_a_file_says_what_it_holds() -> None:
    assert beside(LANGUAGE_BOOK["A503"]) == "The file data.npz holds w, 1x3 of int64 and right, 2x2 of int64."
    assert LANGUAGE_BOOK["A503"].example.arrays["w"].dtype == np.int64
    assert difference(LANGUAGE_BOOK["A503"]).count("data.npz") == 2


@pytest.mark.parametrize("folder", ["asm", "checks.py"])
def test_texts_of_mistakes_stand_in_rows_alone(checkout: Path, folder: str) -> None:
    """No code words a mistake by itself: what makes one gives a row and its facts."""
    place = checkout / "isa" / folder
    made = [
        (path.name, node)
        for path in (sorted(place.glob("*.py")) if place.is_dir() else [place])
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("Mistake", "Consequence", "_at", "Problem"))
    ]
    assert made
    for name, node in made:
        given = node.args[2:] if ast.unparse(node.func) == "Problem" else node.args  # behind its place and its operand
        texts = [one for one in given if isinstance(one, ast.JoinedStr | ast.Constant)]
        assert not texts, f"{name}:{node.lineno} words a mistake that no row has"
