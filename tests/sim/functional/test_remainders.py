"""Errors that follow from items which a taker left: what gave how many, and what took how many, each with its place."""

from __future__ import annotations

import pytest

from acortex.errors import AcortexError, ManyErrors
from acortex.isa import assemble
from acortex.isa.program import Program
from acortex.isa.rules import BASE, changed
from acortex.sim.lint import lint
from acortex.sim.run import prepare

WINDOW = (
    "read     d0\nfeed     1, 1, tail=2",
    "window w0, 1, 1, 1\nborder w0, 1, {}\nfetch d0, w0\nslide d0, w0, tail=2",
)
LOOPED = (
    ("inference\nbase     d0, 0", "loop     l0, host\nback:    inference l0\nbase     d0, 0"),
    ("endinference\nhalt", "endinference\nnext     l0, back\nhalt"),
    ("input    x, d0", "await    host_in, t2\ninput    x, d0"),
    ("output   y, d1", "output   y, d1\nsignal   host_out, t2"),
    ("connect  g0", "connect  g0\nsignal   host_out, t2"),
)
"""The small program in a loop over inferences, which go through it one behind the other."""


def error_of(*changes: tuple[str, str], inferences: int = 1) -> AcortexError:
    """The one error of the small program with some of its text replaced."""
    program = assemble(changed(BASE, *changes), file="small.s")
    with pytest.raises(AcortexError) as caught:
        prepare(program).values() if inferences == 1 else raise_first(program, inferences)
    return caught.value.errors[0] if isinstance(caught.value, ManyErrors) else caught.value


def raise_first(program: Program, inferences: int) -> None:
    raise lint(program, inferences=inferences)[0]


def line_of(text: str, *changes: tuple[str, str]) -> str:
    """The place of the one line that begins with a text."""
    lines = changed(BASE, *changes).split("\n")
    (number,) = [number for number, line in enumerate(lines, 1) if line.startswith(text)]
    return f"small.s:{number}"


def test_a_loop_over_inferences_breaks_no_rule() -> None:
    assert [one for one in lint(assemble(changed(BASE, *LOOPED)), inferences=3) if one.code.startswith("R")] == []


@pytest.mark.parametrize(("given", "taken"), [(2, 1), (3, 1), (5, 4)])
def test_a_race_behind_words_that_are_left_names_who_gives_and_who_takes(given: int, taken: int) -> None:
    """Nothing behind `feed` knows that the read has ended: the mend is there, not at the input."""
    read = f"base     d2, 0\ndim      d2, 0, {given}, stride=0\nread     d2"
    write = f"base     d3, 1\ndim      d3, 0, {taken}, stride=0\nwrite    d3"
    changes = (
        *LOOPED,
        *(("read     d0", read), ("feed     1, 1", f"feed     {taken}, 1"), ("write    d1", write)),
        *(("multiply g0, 1", f"multiply g0, {taken}"), ("convert  q0, 1", f"convert  q0, {taken}")),
    )
    error = error_of(*changes, inferences=2)
    assert (error.code, error.where) == ("R708", line_of("input ", *changes))
    assert error.hint == (
        "feed leaves some of what read gives, so that nothing shows that read has ended: have it take all, or signal a"
        " token from read after that line"
    )
    assert error.places == (
        (f"read gives {given} words in the buffer", line_of("read ", *changes)),
        (f"feed takes {taken} of them", line_of("feed ", *changes)),
    )
    for text, where in error.places:
        assert f"\n  note: {where}: {text}" in str(error)


def test_a_race_behind_input_vectors_that_are_left_names_the_border_too() -> None:
    """The fetch has ended where the last vector is taken; `border` says how many there are."""
    changes = (*LOOPED, (WINDOW[0], WINDOW[1].format(3)))
    error = error_of(*changes, inferences=2)
    assert error.code == "R708"
    assert error.hint.startswith("multiply leaves some of what slide gives, so that nothing shows that fetch has ended")
    assert error.places == (
        ("slide gives 3 input vectors", line_of("slide ", *changes)),
        ("border gives the window 1 x 3 = 3 positions", line_of("border ", *changes)),
        ("multiply takes 1 of them", line_of("multiply ", *changes)),
        ("the other place", line_of("fetch ", *changes)),
    )


def test_a_race_behind_nothing_that_is_left_is_told_as_ever() -> None:
    """Without the token between them, the output and the next input race, and all items are taken."""
    error = error_of(*LOOPED[:2], inferences=2)
    assert error.code == "R708"
    assert error.hint.startswith("signal a token from ")
    assert [text for text, _ in error.places] == ["the other place"]
    assert "note:" not in str(error)  # the message names the place already


@pytest.mark.parametrize(("columns", "wanted", "left"), [(1, 3, 1), (2, 3, 2)])
def test_too_few_positions_lead_to_the_border(columns: int, wanted: int, left: int) -> None:
    changes = ((WINDOW[0], WINDOW[1].format(columns)), ("multiply g0, 1", f"multiply g0, {wanted}"))
    error = error_of(*changes)
    assert (error.code, error.where) == ("R503", line_of("multiply ", *changes))
    assert error.message.endswith(f"left {left}")
    several = "s" if columns > 1 else ""
    assert error.places == (
        (f"slide gives {columns} input vector{several}", line_of("slide ", *changes)),
        (f"border gives the window 1 x {columns} = {columns} position{several}", line_of("border ", *changes)),
    )


def test_too_many_positions_lead_to_the_border_and_the_taker() -> None:
    changes = ((WINDOW[0], WINDOW[1].format(3)),)
    error = error_of(*changes)
    assert (error.code, error.where) == ("R505", line_of("slide ", *changes))
    assert [where for _, where in error.places] == [
        line_of(one, *changes) for one in ("slide ", "border ", "multiply ")
    ]


def test_vectors_of_a_wrong_length_that_were_left_lead_to_who_left_them() -> None:
    """The second multiply takes what the first one left; its own vectors have the right length."""
    body = "read     d0\nfeed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\nwrite    d1"
    before = "read d0\nread d0\nread d0\nfeed 3, 1, tail=2\nmultiply g0, 2\n"
    before += "convert q0, 2\ndim d1, 0, 2, stride=0\nwrite d1\n"
    two = "read d0\nread d0\nfeed 1, 2, tail=2\nmultiply g0, 2\nconvert q0, 2\nwrite d1"
    changes = ((body, before + two),)
    error = error_of(*changes)
    assert error.code == "R302"
    assert (
        error.hint
        == "multiply leaves some of what feed gives, and they are taken here: have it take all, or give fewer"
    )
    assert error.places[:2] == (
        ("feed gives 3 input vectors", "small.s:23"),
        ("multiply takes 2 of them", "small.s:24"),
    )


def test_what_nobody_takes_has_no_taker() -> None:
    error = error_of(("read     d0", "read     d0\nread     d0"))
    assert (error.code, error.places) == ("R505", ())


def test_many_givers_are_told_in_part() -> None:
    """Nine reads of a word each: the places of four of them."""
    error = error_of(("read     d0\n", "read     d0\n" * 9), ("feed     1, 1", "feed     10, 1"))
    assert error.code == "R503"
    assert [where for _, where in error.places] == [f"small.s:{line}" for line in (20, 21, 22, 23)]
