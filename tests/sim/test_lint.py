"""The linter over the shipped programs, each with one planted mistake: the code that is found and the line it names."""

from __future__ import annotations

import re

import pytest

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble
from acortex.isa.lint.names import unused_names
from acortex.isa.rules import BASE, changed
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.lint import lint


def planted(program: str, old: str, new: str) -> str:
    """The source of a shipped program in which `new` takes the place of `old`, words apart by one space."""
    text = "\n".join(
        " ".join(line.partition(";")[0].split()) for line in (FOLDER / f"{program}.s").read_text().splitlines()
    )
    assert text.count(old) >= 1, f"{program}.s has no {old!r}"
    return text.replace(old, new, 1)


def found(text: str, inferences: int | None = None, chip: Chip | None = None) -> list[str]:
    """What is found in a source: each code with the line that it names, alone for the whole program."""
    program = assemble(text, file="p.s", folder=FOLDER)
    errors = [*lint(program, chip, inferences), *unused_names(text, "p.s")]
    return [f"{error.code} {_line(text, error)}".rstrip() for error in errors]


def _line(text: str, error: AcortexError) -> str:
    match = re.search(r"p\.s:(\d+)", str(error.where))
    return text.split("\n")[int(match[1]) - 1] if match else ""


PLANTED = [
    # A register that is not set.
    ("vmm", "write d1", "write d2", ["R003 write d2"]),
    ("vmm", "output y, d1", "output y, d3", ["R003 output y, d3"]),
    ("vmm", "convert q0, 1", "convert q1, 1", ["R003 convert q1, 1"]),
    ("conv3x3", "slide d0, w0", "slide d0, w1", ["R003 slide d0, w1, tail=CHANNELS, dense=yes"]),
    ("conv3x3", "border w0", "border w1", ["R003 border w1, OUT, OUT, top=1, left=1"]),
    # A word that nobody wrote.
    ("vmm", "read d0", "read d1", ["R706 read d1", "L002 input x, d0"]),
    ("vmm", "input x, d0", "input x, d1", ["R706 read d0", "L002 input x, d1"]),
    ("vector_add", "input b, d1\n", "", ["R706 operand d1", "L302"]),
    ("residual", "operand d1", "operand d2", ["R706 operand d2"]),
    ("letters", "input image, d0\n", "", ["R706 read d0", "L302"]),
    # Registers and loops.
    ("vmm", "base d1, 1", "base d1, 1\nbase d1, 1", ["L201 base d1, 1"]),
    ("conv3x3", "base d2, SIDE * SIDE", "base d4, 3\nbase d2, SIDE * SIDE", ["L201 base d4, 3"]),
    ("residual", "add q1, q2", "add q1, q1", ["L201 quant q2, 2, 0, activation=relu"]),
    ("residual", "convert q0", "convert q1", ["L201 quant q0, 1, 6, zero=8"]),
    ("vector_add", "add q0, q1", "add q0, q0", ["L201 quant q1, 1, 0, activation=relu"]),
    ("pipeline", "output y, d5", "output y, d4", ["L201 base d5, Y", "L001 write d3", "L001 write d3"]),
    ("vmm", "connect g0", "connect g0\nloop l3, 4\nn: next l3, n", ["L202 loop l3, 4"]),
    ("in_flight", ".equ PLACES, 4", ".equ PLACES, 1", ["L203 loop l1, PLACES"]),
    ("vmm", "next l0, vector\nhalt", "next l0, vector\nhalt\nread d0\nhalt", ["L204 read d0"]),
    (
        "digits_mlp",
        "convert q1, 1",
        "convert q0, 1",
        ["L201 quant q1, OUTPUT_MULTIPLIER, OUTPUT_SHIFT, zero=OUTPUT_ZERO"],
    ),
    # A word written too early.
    ("vmm", "base d1, 1", "base d1, 0", ["R708 write d1"]),
    ("vmm", "await host_in, t2\n", "", ["R708 input x, d0", "L101 signal host_out, t2"]),
    ("in_flight", "await write, t3\n", "", ["R708 write d1", "L101 signal host_out, t3"]),
    ("lstm_step", "await write, t2\n", "", ["R708 write d1, source=vector", "L101 signal read, t2"]),
    ("in_flight", "loop l1, PLACES", "loop l1, PLACES + 1", ["R708 input x, d0"]),
    ("digits_mlp", "ring=SCORES_PLACES", "ring=2", ["R708 write d2", "L303 .equ SCORES_PLACES, 5"]),
    ("vector_add", "base d2, 2 * WORDS", "base d2, WORDS", ["R708 write d2, source=vector"]),
    ("pooling", "read d2, to=vector", "read d1, to=vector", ["R708 input x, d1"]),
    ("digits_mlp", "read d1", "read d0", ["R708 input image, d0", "L001 write d1"]),
    ("letters", "output scores, d2", "output scores, d1", ["R708 write d1", "L001 write d2"]),
    ("conv3x3", "base d2, SIDE * SIDE", "base d2, SIDE", ["R708 write d2"]),
    ("in_flight", "base d1, PLACES, by=l0", "base d1, 0, by=l0", ["R708 write d1"]),
    ("in_flight", "ring=PLACES\nbase d1", "ring=PLACES - 1\nbase d1", ["R708 input x, d0"]),
    ("tall_vmm", "base d1, WORDS", "base d1, WORDS - 1", ["R708 write d1"]),
    # A window of another image.
    ("conv3x3", "fetch d0, w0", "fetch d1, w0", ["R402 fetch d1, w0"]),
    ("pooling", "pool d2, w1", "pool d2, w0", ["R402 pool d2, w0, q0, mode=average", "L201 window w1, OUT, OUT, OUT"]),
    ("pooling", "pool d2, w1", "pool d0, w1", ["R402 pool d0, w1, q0, mode=average"]),
    # A state that nobody wrote.
    (
        "lstm_step",
        "lstm q2, q1, words=1, state=0, first=yes",
        "lstm q2, q1, words=1, state=0",
        ["R604 lstm q2, q1, words=1, state=0"],
    ),
    # A token that nobody signals.
    ("vmm", "signal write, t1\n", "", ["R703 await host_out, t1"]),
    ("vmm", "signal host_out, t2\nloop", "loop", ["R703 await host_in, t2"]),
    ("vector_add", "await operand, t1\n", "await operand, t0\n", ["R703 await operand, t0", "L101 signal host_in, t1"]),
    ("in_flight", "signal read, t1\nfeed", "feed", ["R703 await host_in, t1"]),
    ("pipeline", "await read, t1\nsignal write, t1", "await read, t1", ["R703 await read, t1"]),
    ("digits_mlp", "signal write, t3\n", "", ["R703 await host_out, t3"]),
    ("pipeline", "signal read, t2\nsignal read, t2\n", "signal read, t2\n", ["R703 await write, t2"]),
    # An order that nobody keeps.
    ("vmm", "await read, t0\n", "", ["R705 read d0", "L101 signal host_in, t0"]),
    ("vmm", "await host_out, t1\n", "", ["R705 output y, d1", "L101 signal write, t1"]),
    (
        "vmm",
        "signal write, t1\n",
        "signal write, t1\nsignal write, t1\n",
        ["R705 output y, d1", "L102 signal write, t1"],
    ),
    ("residual", "await operand, t1\n", "", ["R705 operand d1", "L101 signal host_in, t1"]),
    ("in_flight", "signal write, t2", "signal read, t2", ["R705 output y, d1"]),
    ("lstm_step", "await read, t1\n", "", ["R705 read d1", "L101 signal write, t1"]),
    ("lstm_step", "base d1, STEPS", "base d1, STEPS - 1", ["R705 read d0", "L004 input x, d2"]),
    # Tokens.
    ("vmm", "signal write, t1\n", "signal write, t1\nsignal write, t9\n", ["L101 signal write, t9"]),
    # Declarations.
    ("in_flight", ".equ PLACES, 4", ".equ PLACES, 4\n.equ SPARE, 4", ["L303 .equ SPARE, 4"]),
    ("concat", "multiply g1, PIXELS", "multiply g0, PIXELS", ["L301 group g1, IN, SECOND"]),
    ("vmm", ".weights w", ".weights z, 1x1\n.row 1\n.weights w", ["L302"]),
    ("vmm", "start", ".macro m\n.endm\nstart", ["L303 .macro m"]),
    ("vmm", "start", ".name spare, t3\nstart", ["L303 .name spare, t3"]),
    ("digits_mlp", "multiply g1, 1", "multiply g0, 1", ["L301 group g1, HIDDEN + 1, CLASSES"]),
    ("vector_add", "input b, d1", "input a, d1", ["L302"]),
    ("letters", ".equ OUTPUT_FILL, 2", ".equ OUTPUT_FILL, 2\n.equ UNUSED, 2", ["L303 .equ UNUSED, 2"]),
    ("concat", "multiply g0, PIXELS", "multiply g1, PIXELS", ["L301 group g0, IN, FIRST"]),
    # A transfer of another size.
    ("lstm_step", ".equ STEPS, 6", ".equ STEPS, 2", ["R802 input x, d2"]),
    ("vector_add", "dim d2, 0, WORDS", "dim d2, 0, WORDS - 1", ["R802 output y, d2"]),
    ("conv3x3", "dim d1, axis=0, extent=SIDE * SIDE", "dim d1, axis=0, extent=SIDE", ["R802 input x, d1"]),
    ("tall_vmm", "dim d0, 0, WORDS\n", "", ["R802 input x, d0"]),
    ("lstm_step", "output h, d1", "output h, d2", ["R802 output h, d2"]),
    # A group that is not connected.
    ("concat", "connect g1\n", "", ["R301 multiply g1, PIXELS"]),
    ("digits_mlp", "connect g1\n", "", ["R301 multiply g1, 1"]),
    ("pipeline", "connect g1\n", "", ["R301 multiply g1, SIDE"]),
    ("vmm", "connect g0\n", "", ["R301 multiply g0, 1"]),
    # Groups on the chip.
    ("concat", "rect g1, column=1, row=0", "rect g1, column=0, row=0", ["R106 rect g1, column=0, row=0"]),
    ("concat", "program g1, b", "program g1, a", ["R108 program g1, a", "L302"]),
    ("tall_vmm", "rect g0, column=1, row=0, height=2\n", "", ["R105 rect g0, column=0, row=0, height=8"]),
    (
        "tall_vmm",
        "rect g0, column=1, row=0, height=2",
        "rect g0, column=1, row=0, height=3",
        ["R104 rect g0, column=1, row=0, height=3"],
    ),
    ("tall_vmm", "column=1, row=0, height=2", "column=9, row=0, height=2", ["R101 rect g0, column=9, row=0, height=2"]),
    ("vmm", "program g0, w\n", "", ["R107 group g0, 64, 64", "L302"]),
    ("letters", "rect g1, column=1, row=0", "rect g1, column=0, row=0", ["R106 rect g1, column=0, row=0, height=1"]),
    ("digits_mlp", "program g1, output_w", "program g1, hidden_w", ["R108 program g1, hidden_w", "L302"]),
    ("letters", "group g1, HIDDEN + 1, LETTERS", "group g1, HIDDEN, LETTERS", ["R108 program g1, output_w"]),
    ("conv3x3", "height=3", "height=2", ["R105 rect g0, column=0, row=0, height=2"]),
    # Counts that do not fit.
    ("concat", "keep=yes", "keep=no", ["R503 feed PIXELS, 1, tail=IN"]),
    ("vmm", "multiply g0, 1\n", "", ["R503 convert q0, 1", "L301 group g0, 64, 64"]),
    ("vmm", "multiply g0, 1", "multiply g0, 2", ["R503 multiply g0, 2"]),
    ("vmm", "feed 1, 1", "feed 1, 2", ["R503 feed 1, 2"]),
    ("residual", "convert q0, PIXELS, to=vector", "convert q0, PIXELS", ["R503 add q1, q2, PIXELS, zero_a=8"]),
    ("residual", "write d2, source=vector", "write d2", ["R503 write d2"]),
    ("conv3x3", "multiply g0, OUT * OUT", "multiply g0, OUT", ["R503 convert q0, OUT * OUT"]),
    # A group that is not there.
    ("vmm", "multiply g0, 1", "multiply g1, 1", ["R006 multiply g1, 1"]),
    # Results that nobody reads.
    ("vmm", "group g0", f".memory 9, 1\n.row {', '.join('1' * 64)}\ngroup g0", ["L003 .memory 9, 1"]),
    ("vector_add", "operand d1", "operand d0", ["L002 input b, d1"]),
    # A limit of the chip.
    ("vmm", "base d1, 1", "base d1, 999999", ["R217 base d1, 999999"]),
    # An output that is missing.
    ("pooling", "output mean, d3\n", "", ["R803", "L001 write d3, source=vector"]),
    ("pooling", "output most, d2\n", "", ["R803"]),
    ("vmm", "loop l0, host", "loop l0, 2", ["R803"]),
    # More than once.
    ("vmm", "connect g0", "connect g0\nconnect g0", ["R305 connect g0"]),
    ("vmm", "connect g0", "disconnect g0", ["R307 disconnect g0"]),
    ("vmm", "write d1\n", "write d1\nwrite d1\n", ["R503 write d1", "L001 write d1"]),
    ("vmm", "input x, d0\n", "input x, d0\ninput x, d0\n", ["L002 input x, d0"]),
    ("vmm", "signal host_out, t2\nloop", "signal host_out, t2\nsignal host_out, t2\nloop", ["R708 input x, d0"]),
    (
        "vector_add",
        "signal host_in, t1\n",
        "signal host_in, t0\n",
        ["R703 await operand, t1", "L102 signal host_in, t0"],
    ),
    # Channels behind the last of a word.
    (
        "concat",
        "shift=FIRST, tail=SECOND",
        "shift=FIRST, tail=SECOND + 1",
        ["R404 write d2, shift=FIRST, tail=SECOND + 1"],
    ),
    # A state or a ring of another place.
    (
        "lstm_step",
        "lstm q2, q1, words=1, state=0\n",
        "lstm q2, q1, words=1, state=3\n",
        ["R604 lstm q2, q1, words=1, state=3"],
    ),
    ("pipeline", "dim d1, 0, SIDE\nread", "read", ["R706 read d2"]),
    # A vector of another size.
    ("conv3x3", "tail=CHANNELS, dense=yes", "tail=CHANNELS", ["R302 multiply g0, OUT * OUT"]),
    # A transfer outside inferences.
    ("vmm", "inference l0\n", "", ["R801 input x, d0"]),
]


@pytest.mark.parametrize(("program", "old", "new", "expected"), PLANTED)
def test_a_planted_mistake_is_found_at_its_line(program: str, old: str, new: str, expected: list[str]) -> None:
    assert found(planted(program, old, new)) == expected


def test_most_codes_of_the_linter_are_planted() -> None:
    codes = {one.split()[0] for *_, expected in PLANTED for one in expected}
    assert len(codes) >= 30


@pytest.mark.parametrize(
    ("program", "old", "new"),
    [
        ("pipeline", "multiply g1, SIDE", "multiply g0, SIDE"),  # g1 works for the other rows
        ("pipeline", "convert q1, SIDE", "convert q0, SIDE"),  # and so does q1
        ("concat", "write d2, tail=FIRST", "write d2"),  # the second branch writes behind the first
        ("residual", "add q1, q2", "add q2, q1"),
        ("vmm", "connect g0", "connect g0\nnop"),
        ("vmm", "layer product", "layer result"),
    ],
)
def test_another_computation_is_no_mistake_of_the_text(program: str, old: str, new: str) -> None:
    assert found(planted(program, old, new)) == []


RACE = changed(
    BASE,
    ("inference\nbase", "loop     l0, host\nagain:   inference l0\nbase"),
    ("endinference\n", "endinference\nnext     l0, again\n"),
)
"""A program whose second inference writes over what the first still reads."""


@pytest.mark.parametrize(("inferences", "codes"), [(None, ["L103"]), (1, []), (2, ["R708"]), (3, ["R708"])])
def test_a_race_is_an_error_where_the_inferences_are_given(inferences: int | None, codes: list[str]) -> None:
    assert [one.split()[0] for one in found(RACE, inferences)] == codes


def test_a_race_is_looked_for_in_no_program_that_breaks_a_rule() -> None:
    assert found(changed(RACE, ("write    d1", "write    d2"))) == ["R003 write    d2"]


def test_limits_are_those_of_the_chip_that_is_given() -> None:
    text = planted("tall_vmm", "start", "start")
    assert found(text) == []
    codes = [one.split()[0] for one in found(text, chip=load_chip("acortex_letters"))]
    assert codes == ["R101"]


def test_findings_of_a_program_with_a_broken_rule_come_behind_it() -> None:
    both = planted("vmm", "base d1, 1", "base d9, 4\nbase d1, 1").replace("multiply g0, 1", "multiply g0, 2")
    assert found(both) == ["R503 multiply g0, 2", "L201 base d9, 4"]


def test_a_program_without_a_walk_has_the_rule_that_ends_it_once() -> None:
    assert found(changed(BASE, ("convert  q0", "convert  q7"))) == ["R003 convert  q7, 1"]


def test_inferences_that_the_samples_do_not_have_are_walked_through() -> None:
    assert found(planted("vmm", "start", "start"), 1) == []
    assert found(planted("vmm", '.samples x, file="examples.npz", key=vmm_x', "")) == []
