"""Commas and parentheses: where they part arguments, and what is said where another language would have them."""

from __future__ import annotations

import pytest

from acortex.errors import ManyErrors
from acortex.isa.asm.assembler import assemble

CONSTANTS = ".equ C, 3\n.equ R, 4\n.equ K, 5\n"


def said(line: str) -> list[str]:
    """What is wrong with a line: "code column hint" of each mistake in it."""
    with pytest.raises(ManyErrors) as caught:
        assemble(f"{CONSTANTS}{line}\nstart\nhalt\n")
    return [f"{one.code} {one.where.rpartition(':')[2]} {one.hint}" for one in caught.value.errors]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (".input a, shape=(C,R,K)", "A410 17 its parts have `x` between them: shape=C x R x K"),
        (".input a, shape=(3, 4)", "A410 17 its parts have `x` between them: shape=3 x 4"),
        (".input a, (C, R), encode=codes", "A410 11 its parts have `x` between them: shape=C x R"),
        (".input a, shape=(2 x 3)", "A410 17 its parts have `x` between them: shape=2 x 3"),
        (".input a, shape=(2 x 3) x 4", "A410 17 its parts have `x` between them: shape=2 x 3 x 4"),
        (".input a, shape=(2 * C, R)", "A410 17 its parts have `x` between them"),
        (".weights w, (2, 3)", "A410 13 its parts have `x` between them: shape=2 x 3"),
        (".input a, shape=C,R,K", "A304 19 its parts have `x` between them: shape=C x R x K"),
        (".input a, shape=C,R,encode=codes", "A304 19 its parts have `x` between them: shape=C x R"),
        (".input a, shape=CxRxK, axes=1,2,0", "A304 31 its parts have `.` between them: axes=1.2.0"),
        (".input a, shape=CxRxK, axes=(1,2,0)", "A408 29 its parts have `.` between them: axes=1.2.0"),
        (".output a, C, R, K", "A409 15 the extents of a shape have `x` between them: C x R x K"),
        (".input a, bits=2, 28x28", "A304 19 give this one by name, too"),
        ("feed positions=1, 2", "A304 19 give this one by name, too"),
        (".input a, shape=two", "A410 17 write 784, 28x28 or 784|28x28; constants may stand for numbers: K x K x 64"),
    ],
)
def test_a_shape_with_commas_is_led_to_one_with_x(line: str, expected: str) -> None:
    assert said(line) == [expected]


@pytest.mark.parametrize("bracket", "[]{}")
def test_brackets_are_led_to_what_stands_in_their_place(bracket: str) -> None:
    assert said(f".input a, shape={bracket}3") == [
        "A003 17 the language has no brackets: a shape is C x R x K, an operand stands behind a comma"
    ]


@pytest.mark.parametrize(
    "advice", [".input a, shape=C x R x K", ".input a, shape=CxRxK, axes=1.2.0", ".output a, C x R x K"]
)
def test_what_is_advised_assembles(advice: str) -> None:
    program = assemble(f"{CONSTANTS}{advice}\nstart\nhalt\n")
    assert [tensor.shapes for tensor in (*program.inputs, *program.outputs)] == [((3, 4, 5),)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("base d0, (1 + 2) * (3 - 1)", "base d0, 6"),
        ("base d0, ((4))", "base d0, 4"),
        ("feed (1), (1), tail=(2)", "feed 1, 1, tail=2"),
    ],
)
def test_parentheses_in_an_operand_are_an_expression(line: str, expected: str) -> None:
    assert assemble(f"start\n{line}\nhalt").words.tolist() == assemble(f"start\n{expected}\nhalt").words.tolist()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("feed (1, 2", "A102 6 close it with )"),
        ("feed (1, 2), 3", "A106 8 close the parenthesis in front of it"),
        ("feed 1), 2", "A105 7 open it with ("),
        ("feed 1, 2)", "A105 10 open it with ("),
        ("feed )1, 2", "A104 6"),
        ("feed (, 2)", "A104 7"),
    ],
)
def test_unbalanced_parentheses_are_one_mistake(line: str, expected: str) -> None:
    found = said(line)
    assert any(one.startswith(expected) for one in found)
    assert all(one.startswith(("A10", "A307")) for one in found)
