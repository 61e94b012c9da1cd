"""Integer expressions: their value, and what is wrong with them."""

from __future__ import annotations

import math
import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.lexer import tokens_of
from acortex.isa.language.diagnostics import Consequence, Mistake

SYMBOLS = {"rows": 785, "K": 64, "broken": None}


def value(text: str) -> int:
    return evaluate(tokens_of(text), SYMBOLS)


def mistake(text: str) -> tuple[int, str]:
    with pytest.raises(Mistake) as caught:
        value(text)
    return caught.value.column, caught.value.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10", 10),
        ("0x1F", 31),
        ("0b1_01", 5),
        ("65_536", 65536),
        ("007", 7),
        ("2+3*4", 14),
        ("(2+3)*4", 20),
        ("2-3-4", -5),
        ("-2*3", -6),
        ("2*-3", -6),
        ("- - 2", 2),
        ("+5", 5),
        ("1<<4+1", 32),
        ("256>>4", 16),
        ("785//64", 12),
        ("785/^64", 13),
        ("784/^64", 13),
        ("-7//2", -4),
        ("-7/^2", -3),
        ("128/64", 2),
        ("785%64", 17),
        ("rows/^K", 13),
        ("(" * 64 + "1" + ")" * 64, 1),
        ("0" * 79 + "7", 7),
        ("0B101 + 0X1f", 36),
        ("0x" + "0" * 77 + "f", 15),
        ("2*(3+4)", 14),
        ("1<<0", 1),
        ("1+2<4", 1),
        ("(0 || 1) && 1", 1),
        ("1 || 0 && 0", 1),
        ("0 || 0", 0),
        ("0 || 1", 1),
        ("1 || 0", 1),
        ("2 && 0", 0),
        ("2 && 3", 1),
        ("!0 + !2", 1),
    ],
)
def test_value(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("785/64", 3, "785 / 64 leaves a remainder"),
        ("1/0", 1, "division by zero"),
        ("1%0", 1, "division by zero"),
        ("1/^0", 1, "division by zero"),
        ("1<<64", 1, "a shift by 64: 0 to 63 is allowed"),
        ("1<<-1", 1, "a shift by -1: 0 to 63 is allowed"),
        ("1<<63", 1, "the value needs more than 64 bits"),
        ("1<<40<<40", 5, "the value needs more than 64 bits"),
        ("99999999999999999999", 0, "the value needs more than 64 bits"),
        ("1" * 81, 0, "a number of 81 digits is too large"),
        ("(1+2", 0, "this parenthesis is never closed"),
        ("1+2)", 3, "this parenthesis closes nothing"),
        ("1+", 1, "the expression ends after `+`"),
        ("1+2*", 3, "the expression ends after `*`"),
        ("12+y@2", 4, "unexpected character '@'"),
        (f"1 {'a' * 41}", 2, f"an operator should stand here, not `{'a' * 40}`"),
        ("1 < 2 < 3", 6, "a second comparison: `a < b < c` compares the 0 or 1 of the first"),
        ("1 == 2 + 3 < 4", 11, "a second comparison: `a < b < c` compares the 0 or 1 of the first"),
        ("1 == 2 << 3 < 4", 12, "a second comparison: `a < b < c` compares the 0 or 1 of the first"),
        ("()", 1, "a value should stand here, not `)`"),
        ("*2", 0, "a value should stand here, not `*`"),
        ("1 2", 2, "an operator should stand here, not `2`"),
        ("2(3)", 1, "an operator should stand here, not `(`"),
        ("row+1", 0, "no constant or label is called `row`"),
        ('"a"', 0, 'a number, a constant or a label should stand here, not `"a"`'),
        ("0x_", 0, "`0x_` is not a number"),
        ("12ab", 0, "`12ab` is not a number"),
        ("(" * 65 + "1" + ")" * 65, 64, "parentheses nest deeper than 64"),
    ],
)
def test_mistake(text: str, column: int, message: str) -> None:
    assert mistake(text) == (column, message)


def test_an_unknown_name_suggests_a_near_one() -> None:
    with pytest.raises(Mistake) as caught:
        value("row")
    assert caught.value.hint == "did you mean `rows`?"


def test_a_name_whose_definition_is_wrong_is_not_told_again() -> None:
    with pytest.raises(Consequence) as caught:
        value("broken+1")
    assert (caught.value.column, caught.value.message) == (0, "`broken` has no value")


OPERATORS = st.sampled_from(["+", "-", "*", "//", "%"])
TREES = st.recursive(
    st.integers(0, 50).map(str),
    lambda inner: st.one_of(
        st.tuples(inner, OPERATORS, inner).map(" ".join), inner.map("({})".format), inner.map("-{}".format)
    ),
    max_leaves=12,
)


@given(TREES)
def test_python_agrees(text: str) -> None:
    """Python's own reading of the same text is an independent judge, where the operators are its own."""
    try:
        expected = eval(text, {}, {})  # the text is made of numbers and operators above
    except ZeroDivisionError:
        assert mistake(text)[1] == "division by zero"
        return
    if abs(expected) < 2**31:
        assert value(text) == expected


@pytest.mark.parametrize("operator", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize("left", [2, 3, 4])
def test_comparisons_are_those_of_python(left: int, operator: str) -> None:
    assert value(f"{left} {operator} 3") == int(eval(f"{left} {operator} 3"))


COMPARED = st.one_of(TREES, st.tuples(TREES, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), TREES).map(" ".join))


@given(st.lists(COMPARED, min_size=1, max_size=4), st.lists(st.sampled_from(["&&", "||"]), min_size=3, max_size=3))
def test_python_agrees_on_what_binds_how(parts: list[str], between: list[str]) -> None:
    text = " ".join(word for pair in zip(parts, between, strict=False) for word in pair).rsplit(" ", 1)[0]
    try:
        known = [eval(part, {}, {}) for part in parts]
    except ZeroDivisionError:
        return
    if max(map(abs, known)) < 2**31:
        found = eval(text.replace("&&", "and").replace("||", "or"), {}, {})
        assert value(text) == (int(found) if len(parts) == 1 else int(bool(found)))


def test_hostile_expressions_take_no_time() -> None:
    begin = time.process_time()
    mistake("-" * 9000 + "1" + "<<1" * 100)
    mistake("(" * 9000)
    value("+".join(["1"] * 5000))
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9223372036854775807", 9_223_372_036_854_775_807),
        ("-9223372036854775807", -9_223_372_036_854_775_807),
        ("0x7fffffffffffffff", 9_223_372_036_854_775_807),
        ("1 << 62", 4_611_686_018_427_387_904),
        ("4611686018427387904 + 4611686018427387903", 9_223_372_036_854_775_807),
        ("0 - 4611686018427387904 - 4611686018427387903", -9_223_372_036_854_775_807),
        ("1 >> 63", 0),
        ("0" * 79 + "7", 7),
    ],
)
def test_the_largest_numbers_are_numbers(text: str, expected: int) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "9223372036854775808",
        "0x8000000000000000",
        "4611686018427387904 + 4611686018427387904",
        "0 - 4611686018427387904 - 4611686018427387904",
        "1 << 63",
        "1 << 64",
        "0" * 80 + "7",
    ],
)
def test_one_more_is_a_mistake(text: str) -> None:
    with pytest.raises(Mistake):
        value(text)


@pytest.mark.parametrize("left", [-7, -6, -1, 0, 1, 6, 7])
@pytest.mark.parametrize("right", [-7, -3, -2, -1, 1, 2, 3, 7])
def test_divisions_of_any_signs_are_exact_or_rounded_as_they_say(left: int, right: int) -> None:
    quotient = Fraction(left, right)
    assert value(f"({left}) // ({right})") == math.floor(quotient)
    assert value(f"({left}) /^ ({right})") == math.ceil(quotient)
    assert value(f"({left}) % ({right})") == left - right * math.floor(quotient)
    if quotient.denominator == 1:
        assert value(f"({left}) / ({right})") == quotient
    else:
        assert mistake(f"({left}) / ({right})")[1].startswith(f"{left} / {right} leaves a remainder")
