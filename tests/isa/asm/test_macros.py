"""Macros on their own: how one is declared, what a call gives it, and where the words of a line stood before."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.lexer import tokens_of
from acortex.isa.asm.macros import Macro, SourceLine, macro_of, marked, substitute
from acortex.isa.asm.parser import Argument
from acortex.isa.language.diagnostics import Mistake
from acortex.isa.language.source import Origin


def declared(text: str) -> Macro:
    """The macro of a first line."""
    head, *rest = tokens_of(text)
    return macro_of(head, rest, text, [], 1)


def arguments_of(text: str) -> list[Argument]:
    """The arguments of a call: parts between commas, each with its name where it has one."""
    found: list[Argument] = []
    part: list[tuple[str, str, int]] = []
    for token in [*tokens_of(text)[1:], ("op", ",", len(text))]:
        if token[1] != ",":
            part.append(token)
        elif part:
            named = len(part) > 1 and part[1][1] == "="
            found.append((part[0], part[2:]) if named else (None, part))
            part = []
    return found


def called(macro: str, call: str) -> dict[str, str]:
    """What a call gives each parameter."""
    return declared(macro).values(tokens_of(call)[0], arguments_of(call), call)


# Declarations ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        (".macro m", "m", {}),
        (".macro m a", "m", {"a": None}),
        (".macro m, a", "m", {"a": None}),  # the comma behind the name as one likes
        (".macro m a, b", "m", {"a": None, "b": None}),
        (".macro m a=3, b = 1 + 2", "m", {"a": "3", "b": "1 + 2"}),
        (".macro m a=", "m", {"a": ""}),
        (".macro m a=(b  *c) ; no more", "m", {"a": "(b  *c)"}),
        (".macro m.x a", "m.x", {"a": None}),
    ],
)
def test_a_macro_has_a_name_and_parameters(text: str, name: str, parameters: dict[str, str | None]) -> None:
    found = declared(text)
    assert (found.name, found.parameters) == (name, parameters)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        (".macro", (0, 6), "`.macro` needs a name"),
        (".macro 3", (0, 6), "`.macro` needs a name"),
        (".macro m 3", (9, 1), "`.macro` needs a name"),
        (".macro m a b", (9, 3), "`.macro` needs a name"),
        (".macro m a,", (0, 6), "`.macro` needs a name"),
        (".macro m a.b", (9, 3), "`.macro` needs a name"),
        (".macro read", (7, 4), "`read` cannot name a macro"),
        (".macro d3", (7, 2), "`d3` cannot name a macro"),
        (".macro m a, b, a=2", (15, 1), "`a` is a parameter twice"),
    ],
)
def test_a_wrong_declaration_is_a_mistake_at_its_words(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(Mistake) as caught:
        declared(text)
    found = caught.value
    assert (found.column, found.length, found.message[: len(message)]) == (*place, message)


# Calls ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("macro", "call", "values"),
    [
        (".macro m a, b=2", "m 7", {"a": "7", "b": "2"}),
        (".macro m a, b=2", "m 7, 1 + 1", {"a": "7", "b": "1 + 1"}),
        (".macro m a, b=2", "m b=9, a=d3", {"a": "d3", "b": "9"}),
        (".macro m a=, b=", "m", {"a": "", "b": ""}),
        (".macro m", "m", {}),
    ],
)
def test_a_call_gives_each_parameter_a_text(macro: str, call: str, values: dict[str, str]) -> None:
    assert called(macro, call) == values


@pytest.mark.parametrize(
    ("macro", "call", "column", "message"),
    [
        (".macro m a, b", "m", 0, "`m` needs a, b"),
        (".macro m a, b", "m b=1", 0, "`m` needs a"),
        (".macro m a", "m 1, 2", 5, "`m` takes at most 1"),
        (".macro m", "m 1", 2, "`m` takes no operands"),
        (".macro m a", "m 1, a=2", 5, "operand `a` is given twice"),
        (".macro m a, bc", "m 1, cb=2", 5, "`m` has no operand `cb`"),
        (".macro m a, b", "m a=1, 2", 7, "operands by position come before those by name"),
    ],
)
def test_a_call_with_other_arguments_is_a_mistake_at_them(macro: str, call: str, column: int, message: str) -> None:
    with pytest.raises(Mistake) as caught:
        called(macro, call)
    assert (caught.value.column, caught.value.message[: len(message)]) == (column, message)


# Lines ----------------------------------------------------------------------------------------------------------------


def replaced(text: str, **values: str) -> str:
    """A line with the values of parameters."""
    return substitute(SourceLine("p.s", "p.s", 1, text), values).text


@pytest.mark.parametrize(
    ("text", "values", "found"),
    [
        ("base d\\n, 1", {"n": "3"}, "base d3, 1"),
        ("d\\n\\()x", {"n": "3"}, "d3x"),
        ("d\\nx", {"n": "3"}, "d\\nx"),  # the parameter nx, which is another
        ("base d0, \\a", {"a": "1 + 2"}, "base d0, 1 + 2"),
        ("base d0, 2 * \\a", {"a": "1 + 2"}, "base d0, 2 * (1 + 2)"),
        ("base d0, \\a * 2", {"a": "1 + 2"}, "base d0, (1 + 2) * 2"),
        ("base d0, 2*\\a", {"a": "1+2"}, "base d0, 2*1+2"),
        (".if \\a == 3", {"a": "1 + 2"}, ".if (1 + 2) == 3"),
        (".if 3 == \\a", {"a": "1 + 2"}, ".if 3 == (1 + 2)"),
        ("base d0, x=\\a", {"a": "1 + 2"}, "base d0, x=1 + 2"),
        ("\\a\\a", {"a": ""}, ""),
        ("base \\b", {"a": "1"}, "base \\b"),
        ("base \\a", {"a": "\\a"}, "base \\a"),  # a value is not read again
    ],
)
def test_values_take_the_places_of_parameters(text: str, values: dict[str, str], found: str) -> None:
    assert replaced(text, **values) == found


def test_a_line_without_parameters_is_the_same() -> None:
    line = SourceLine("p.s", "p.s", 1, "nop")
    assert substitute(line, {"a": "1"}) is line


def test_a_line_keeps_what_was_written_and_which_parameters_there_are() -> None:
    once = substitute(SourceLine("p.s", "p.s", 4, "base d\\a, \\b"), {"a": "1"})
    twice = substitute(once, {"b": "2 + 3"})
    assert (twice.text, twice.written, twice.known) == ("base d1, 2 + 3", "base d\\a, \\b", ("a", "b"))
    assert twice.edits == ((6, 7, 6, 8), (9, 14, 10, 12))
    assert once.number == twice.number == 4


NAMES = ["a", "b", "c"]
VALUES = st.fixed_dictionaries({name: st.text("01 ", min_size=1, max_size=5) for name in NAMES})
PIECES = st.lists(st.one_of(st.sampled_from(["\\a", "\\b", "\\c"]), st.text("xyz,", max_size=4)), max_size=8)


@given(PIECES, VALUES, st.permutations(NAMES))
def test_what_is_left_of_a_line_has_its_place_whatever_comes_first(
    pieces: list[str], values: dict[str, str], order: list[str]
) -> None:
    text = ",".join(pieces)
    line = SourceLine("p.s", "p.s", 1, text)
    assume("\\" in text)
    for name in order:
        line = substitute(line, {name: values[name]})
    origin = Origin("p.s", "p.s", 1, text, line.edits)
    inside = [any(start <= column < end for start, end, *_ in line.edits) for column in range(len(line.text))]
    for column, letter in enumerate(line.text):
        place, length = origin.place(column, 1)
        written = text[place : place + length]
        assert written[:1] == "\\" and written[1:] in NAMES if inside[column] else written == letter


@given(PIECES, VALUES)
def test_all_at_once_and_one_by_one_are_the_same_line(pieces: list[str], values: dict[str, str]) -> None:
    line = SourceLine("p.s", "p.s", 1, ",".join(pieces))
    one_by_one = line
    for name in NAMES:
        one_by_one = substitute(one_by_one, {name: values[name]})
    at_once = substitute(line, values)
    assert (one_by_one.text, one_by_one.edits) == (at_once.text, at_once.edits)


# Local names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "found"),
    [
        (("name", "again", 3), ("name", "again@1", 3)),
        (("name", "other", 3), ("name", "other", 3)),
        (("string", "again", 3), ("string", "again", 3)),
        (("op", "+", 0), ("op", "+", 0)),
    ],
)
def test_a_local_name_has_its_mark_and_nothing_else_has(
    token: tuple[str, str, int], found: tuple[str, str, int]
) -> None:
    assert marked(token, {"again": "again@1"}) == found


OPERATORS = ("*", "/", "//", "/^", "%", "+", "-", "<<", ">>", "==", "!=", "<", "<=", ">", ">=", "&&", "||")


@pytest.mark.parametrize("before", [True, False], ids=["before it", "behind it"])
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("value", ["6 - 4", "0 || 1", "1 - 1", "4 - 2 * 3"])
def test_a_value_of_several_words_stays_one_operand_beside_every_operator(
    value: str, operator: str, before: bool
) -> None:
    body, plain = (
        (f"7 {operator} \\a", f"7 {operator} ({value})") if before else (f"\\a {operator} 2", f"({value}) {operator} 2")
    )
    for text in (body, body.replace(" ", "")):
        line = substitute(SourceLine("a.s", "a.s", 1, text), {"a": value})
        assert worth(line.text) == worth(plain)


def worth(text: str) -> int | str:
    """What an expression is worth, or what is wrong with it."""
    try:
        return evaluate(tokens_of(text), {})
    except Mistake as mistake:
        return mistake.row.code
