"""The lexer of Pygments: no error in any source that assembles, and none that the assembler does not see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Token

from acortex.isa.asm.lexer import tokens_of
from acortex.isa.language.book import LANGUAGE_BOOK
from acortex.isa.language.diagnostics import Mistake
from acortex.isa.lint.book import FINDINGS
from acortex.isa.rules import BASE
from acortex.isa.table import ROWS
from acortex.tools.editor.pygments_lexer import AcortexLexer

CHECKOUT = Path(__file__).resolve().parents[3]
PROGRAMS = sorted([*CHECKOUT.glob("programs/*.s"), *CHECKOUT.glob("tests/**/*.s")])
EXAMPLES = {code: rule.example for code, rule in {**LANGUAGE_BOOK, **FINDINGS}.items()}
LEXER = AcortexLexer(stripnl=False, ensurenl=False)


def tokens(text: str) -> list[tuple[object, str]]:
    """The tokens of a text without its spaces."""
    return [(kind, word) for kind, word in LEXER.get_tokens(text) if word.strip()]


def kinds(text: str) -> dict[str, object]:
    """The type of each word of a text in which each stands once."""
    return {word: kind for kind, word in tokens(text)}


def errors(text: str) -> list[str]:
    """What is marked as an error."""
    return [word for kind, word in tokens(text) if kind is Error]


def is_refused(line: str) -> bool:
    """Whether the assembler cannot cut a line into words."""
    try:
        tokens_of(line)
    except Mistake:
        return True
    return False


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_no_program_of_the_repository_has_an_error(path: Path) -> None:
    text = path.read_text()
    assert errors(text) == []
    assert "".join(word for _, word in LEXER.get_tokens(text)) == text


def test_no_example_of_the_page_on_macros_has_an_error() -> None:
    blocks = re.findall(r"```asm\n(.*?)```", (CHECKOUT / "docs/macros.md").read_text(), re.DOTALL)
    assert blocks
    assert [errors(block) for block in blocks] == [[] for _ in blocks]


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_has_an_error_only_where_the_assembler_cannot_cut_it_into_words(code: str) -> None:
    assert errors(EXAMPLES[code].mended) == []
    lines = EXAMPLES[code].broken.split("\n")
    assert [line for line in lines if errors(line)] == [line for line in lines if "\\" not in line and is_refused(line)]


@settings(deadline=None)
@given(st.one_of(st.text(st.characters(exclude_characters="\r\n\\")), st.text("x0b1_.@\"$;# \t\f'é=d")))
@example("0x1g")
@example("a@1 b")
@example('"open')
@example("é")
@example("\ufeffnop")
def test_what_is_an_error_is_one_for_the_assembler(line: str) -> None:
    found = [word for _, kind, word in LEXER.get_tokens_unprocessed(line) if kind is Error]
    assert bool(found) == is_refused(line)


@settings(deadline=None)
@given(st.text())
def test_the_words_of_any_text_are_the_text(text: str) -> None:
    plain = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
    assert "".join(word for _, word in LEXER.get_tokens(text)) == plain


def test_a_line_is_coloured_by_what_its_words_are() -> None:
    assert tokens("again: inference l0 ; the host's") == [
        (Name.Label, "again"), (Punctuation, ":"), (Keyword, "inference"), (Name.Builtin, "l0"),
        (Comment.Single, "; the host's"),
    ]  # fmt: skip
    found = kinds('.input x, shape=K x 0x2|28x28, encode=linear, scale=1e-3, file="a.npz"')
    assert found == {
        ".input": Keyword.Pseudo, "x": Operator.Word, "shape": Name.Attribute, "K": Name, "0x2": Number.Hex,
        "28x28": Number, "encode": Name.Attribute, "linear": Keyword.Constant, "scale": Name.Attribute,
        "1e-3": Number.Float, "file": Name.Attribute, '"a.npz"': String,
        ",": Punctuation, "=": Punctuation, "|": Punctuation,
    }  # fmt: skip


def test_an_agent_is_a_value_and_the_instruction_of_its_name_is_none() -> None:
    assert tokens("read d0") == [(Keyword, "read"), (Name.Builtin, "d0")]
    assert tokens("await read, t0")[1] == (Keyword.Constant, "read")


def test_parameters_are_told_from_what_they_stand_in() -> None:
    assert tokens(r"\name\()x: stream d1\i, 3x\n") == [
        (Name.Variable, r"\name"), (Name.Variable, r"\()"), (Name, "x"), (Punctuation, ":"), (Name.Function, "stream"),
        (Name, "d1"), (Name.Variable, r"\i"), (Punctuation, ","), (Number, "3x"), (Name.Variable, r"\n"),
    ]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mnemonic)
def test_every_instruction_and_its_operands_are_known(row: object) -> None:
    mnemonic, operands = row.mnemonic, row.operands  # type: ignore[attr-defined]  # parametrize has no types
    found = tokens(f"{mnemonic} {', '.join(f'{operand.name}=1' for operand in operands)}")
    assert found[0] == (Keyword, mnemonic)
    assert [word for kind, word in found if kind is Name.Attribute] == [operand.name for operand in operands]


def test_pygments_finds_the_lexer_by_its_names_and_by_what_a_file_holds() -> None:
    for name in ("acortex", "acortex-asm"):
        assert type(get_lexer_by_name(name)) is AcortexLexer
    for path in PROGRAMS:
        assert type(get_lexer_for_filename(path.name, path.read_text())) is AcortexLexer


def test_an_assembly_of_another_machine_stays_that() -> None:
    other = "\t.text\n\t.globl main\nmain:\n\tpushq %rbp\n\tmovq %rsp, %rbp\n\tret\n"
    assert type(get_lexer_for_filename("main.s", other)) is not AcortexLexer
    assert AcortexLexer.analyse_text(BASE) == 1.0
    assert AcortexLexer.analyse_text("") == 0.0
    assert Token not in dict(LEXER.get_tokens(""))
