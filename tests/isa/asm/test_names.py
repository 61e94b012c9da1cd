"""Names in a source: constants in shapes, names for registers, and what a slip in a word is answered with."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.errors import ManyErrors
from acortex.isa.asm.assembler import assemble
from acortex.isa.codec import as_text, decode

CONSTANTS = ".equ K, 3\n.equ N, 2 * K\n.equ x3, 5\n.equ axb, 7\n"


def shape(written: str, constants: str = CONSTANTS) -> tuple[tuple[int, ...], ...]:
    """The shapes of an input as a source writes them."""
    return assemble(f"{constants}.input image, shape={written}, axes=1.2.0\nstart\nhalt").inputs[0].shapes


def hints(source: str) -> list[str]:
    """The message and the hint of each mistake of a source."""
    with pytest.raises(ManyErrors) as caught:
        assemble(source)
    return [f"{error.message} | {error.hint}" for error in caught.value.errors]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("KxKx64", (3, 3, 64)),
        ("K x K x 64", (3, 3, 64)),
        ("3xKx64", (3, 3, 64)),
        ("3x3xK", (3, 3, 3)),
        ("(N + 1) x K x 2 * K", (7, 3, 6)),
        ("K x 3x2", (3, 3, 2)),
        ("Kxaxbx2", (3, 7, 2)),  # the constant axb
        ("Kxx3x2", (3, 5, 2)),  # the constant x3
    ],
)
def test_constants_stand_in_shapes(written: str, expected: tuple[int, ...]) -> None:
    assert shape(written) == (expected,)


def test_a_constant_alone_is_a_shape_and_may_stand_below() -> None:
    program = assemble(".input x, shape=N|1xN\n.weights w, NxN\n.row 1, 2\n.row 3, 4\n.equ N, 2\nstart\nhalt")
    assert program.inputs[0].shapes == ((2,), (1, 2))
    assert np.array_equal(program.weights[0].values, [[1, 2], [3, 4]])


@pytest.mark.parametrize("written", ["Qx3", "3xQ", "x", "3x", "x 3", "K x", "3 x | 3", '"3x3"', "0xQ"])
def test_what_is_no_shape_is_refused(written: str) -> None:
    with pytest.raises(ManyErrors):
        shape(written)


@pytest.mark.parametrize("extent", ["0", "K - 3", "K - 4"])
def test_an_extent_that_a_constant_makes_is_held_to_its_bounds(extent: str) -> None:
    (found,) = hints(
        f"{CONSTANTS}.input image, shape=2x{extent}x1\nstart\nhalt".replace("2x", "2 x ").replace("x1", " x 1")
    )
    assert "is not allowed: 1 to 8 numbers above 0" in found


REGISTERS = """\
.equ IMAGE, d3
.equ ARRIVED, t5
.equ CODES, q1
.equ GROUP, g2
.equ WINDOW, w1
.equ TURN, l0
.equ SAME, IMAGE
group GROUP, 64, 64
quant CODES, 1, 0, zero=1
start
loop TURN, 2
top:
base IMAGE, 0, by=TURN, stride=1
window WINDOW, 1, 1, 1
signal read, ARRIVED
await read, ARRIVED
read SAME
multiply GROUP, 1
convert CODES, 1
next TURN, top
halt
"""


def test_a_name_stands_for_a_register() -> None:
    plain = REGISTERS.replace("SAME, IMAGE", "OTHER, 1").replace("SAME", "d3")
    for name, register in [
        ("IMAGE", "d3"),
        ("ARRIVED", "t5"),
        ("CODES", "q1"),
        ("GROUP", "g2"),
        ("WINDOW", "w1"),
        ("TURN", "l0"),
    ]:
        plain = plain.replace(f".equ {name}, {register}\n", "").replace(name, register)
    words = assemble(REGISTERS).words
    assert np.array_equal(words, assemble(plain).words)
    assert as_text(decode(int(words[4]))) == "base d3, 0, by=l0, stride=1"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("read T", "`stream` takes a stream descriptor (d0 to d31), not `T`, which is `t0` | "),
        ("read FIVE", "`stream` takes a stream descriptor (d0 to d31), not `FIVE`, which is `5` | "),
        (
            "base d0, D + 1",
            "`D` stands for d0, which is no number | give the number a name of its own: .equ NAME, EXPRESSION",
        ),
        (
            ".equ E, D + 1",
            "`D` stands for d0, which is no number | give the number a name of its own: .equ NAME, EXPRESSION",
        ),
        ("read 3", "`stream` takes a stream descriptor (d0 to d31), not `3` | "),
        ("read DD", "`stream` takes a stream descriptor (d0 to d31), not `DD` | did you mean `D`?"),
        ("read TT", "`stream` takes a stream descriptor (d0 to d31), not `TT` | name one: .equ TT, d0"),
        ("read IMAGE", "`stream` takes a stream descriptor (d0 to d31), not `IMAGE` | name one: .equ IMAGE, d0"),
        ("signal read, GOT", "`token` takes a token (t0 to t63), not `GOT` | name one: .equ GOT, t0"),
        (".equ d1, d0", "`d1` cannot name a constant: it is a word of the language | take another name"),
        (".equ E, d32", "no constant or label is called `d32` | define it: .equ NAME, EXPRESSION"),
        (
            ".input x, shape=D",
            "`D` stands for d0, which is no number | give the number a name of its own: .equ NAME, EXPRESSION",
        ),
    ],
)
def test_a_name_for_a_register_is_no_number_and_no_other_register(line: str, expected: str) -> None:
    assert hints(f".equ D, d0\n.equ T, t0\n.equ FIVE, 5\nstart\n{line}\nhalt") == [expected]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("NOP", "nop"), ("Loop l0, 1", "loop"), (".PROGRAM x", ".program"), ("read D0", "d0"),
        ("read d0, TO=vector", "to"), ("read d0, to=Vector", "vector"), (".input z, SHAPE=2", "shape"),
        (".input z, shape=2, encode=CODES", "codes"),
        ("base d0, 0, by=NONE", "none"), ("base d0, Here", "here"),
    ],
)  # fmt: skip
def test_words_in_capitals_are_answered_with_the_word(line: str, word: str) -> None:
    found = hints(f"start\nhere: {line}\nhalt" if line[0] != "." else f"{line}\nstart\nhalt")
    assert f"did you mean `{word}`? words are written in lower case" in found[0]


def test_a_line_that_declares_nothing_is_the_one_mistake() -> None:
    """What a failed declaration would have named is not reported as missing, too."""
    for line in (".input x", ".inptu x, shape=2", ".input name=x", ".input x, shape=2, bits=99", '.input "x", shap=2'):
        assert len(hints(f"{line}\nstart\ninput x, d0\nhalt")) == 1


def test_a_mistake_names_the_places_that_it_is_about() -> None:
    def last(source: str) -> list[str]:
        with pytest.raises(ManyErrors) as caught:
            assemble(source, file="p.s")
        return str(caught.value.errors[0]).splitlines()[2:]

    assert last("start\na: nop\na: nop\nhalt") == [
        "    | ^",
        "  hint: take another name",
        "  note: p.s:2:1: the first definition",
    ]
    crossing = last("start\nloop l0, 2\na: loop l1, 2\nb: nop\nnext l0, a\nnext l1, b\nhalt")
    assert crossing[-2:] == ["  note: p.s:2:1: the loop of l0", "  note: p.s:3:4: the loop of l1"]
    assert last(".program a\n.program b\nstart\nhalt")[-1] == "  note: p.s:1:10: the first one"
    assert last(".input a, 1\n.input a, 1\nstart\nhalt")[-1] == "  note: p.s:1:8: the first declaration"
    assert last("start\nstart\nhalt")[-1] == "  note: p.s:1:1: the first `start`"


@pytest.mark.parametrize(("written", "meant"), [(".ENDIF", ".endif"), (".endrr", ".endr"), (".Else", ".else")])
def test_a_mistyped_end_of_a_part_is_answered_with_the_word(written: str, meant: str) -> None:
    (found,) = hints(f"{written}\nstart\nhalt")
    assert f"did you mean `{meant}`?" in found


SETUP = ".chip acortex_digits\n.name relu, q0\n.name yes, q1\n.name vector, d1\n"


@pytest.mark.parametrize(
    "line",
    [
        "quant q0, 1, 0, activation=relu",
        "quant relu, 1, 0, activation=relu",
        "read d1, to=vector",
        "read vector, to=vector",
        "feed 1, 1, keep=yes",
    ],
)
def test_a_choice_is_itself_where_a_register_has_its_name(line: str) -> None:
    plain = line.replace("quant relu", "quant q0").replace("read vector", "read d1")
    stands = "{}\nstart\nhalt" if line.startswith("quant") else "start\n{}\nhalt"
    assert np.array_equal(assemble(SETUP + stands.format(line)).words, assemble(stands.format(plain)).words)


def test_the_name_of_a_register_is_no_choice() -> None:
    assert hints(f"{SETUP}.name ring, q3\nquant q0, 1, 0, activation=ring\nstart\nread relu, to=buffr\nhalt")[0] == (
        "`activation` takes none, relu, leaky, sigmoid, tanh, hardsigmoid or hardswish, not `ring`, which is `q3` | "
    )


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("<text>", "program"),
        ("a/b.s", "b"),
        ("b", "program"),
        ("x.y.s", "x.y"),
        ('a"b.s', "program"),
        (".s", "program"),
    ],
)
def test_a_program_without_a_name_has_that_of_its_file(file: str, name: str) -> None:
    assert assemble("start\nhalt", file=file).name == name
    assert assemble(".program own\nstart\nhalt", file=file).name == "own"


@pytest.mark.parametrize(("layers", "fits"), [(4096, True), (4097, False)])
def test_layers_that_have_their_numbers_from_use_are_4096(layers: int, fits: bool) -> None:
    source = "start\n" + "".join(f"layer y{at}\nendlayer\n" for at in range(layers)) + "halt"
    if fits:
        assert assemble(source).layers == tuple(f"y{at}" for at in range(layers))
    else:
        (told,) = hints(source)
        assert told.startswith("a program has at most 4096 layers")
