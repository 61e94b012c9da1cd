"""`acortex lint` on planted mistakes of many kinds: each is found with its code, line and column, and nothing else is.

A mark `@` stands in front of the word that a finding points at, `&` on a line that a note names. What is planted is a
change of the small program of the rules, or of the same in a loop over the host's inferences.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from acortex.isa.lint.rows import FINDINGS
from acortex.isa.rules import BASE, Change, changed
from acortex.tools.cli import cli

CONNECT = "connect  g0\n"
PROGRAM = "program  g0, w\n"
WRITE = "write    d1\n"
INPUT = "input    x, d0\n"
PRODUCT = "feed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\n"
ROW = f".row     {', '.join('1' * 64)}\n"
MULTIPLY = "multiply g0, 1\n"
TO_VECTOR = "read     d0, to=vector\nrequant  q0, 1\n"
SIGNAL = "signal   write, t1\n"
HALT = "endinference\nhalt\n"

LOOPED = changed(
    BASE,
    ("inference\nbase", "loop     l0, host\nagain:   inference l0\nbase"),
    (INPUT, f"await    host_in, t2\n{INPUT}"),
    (CONNECT, f"{CONNECT}signal   host_out, t2\n"),
    ("endinference\n", "signal   host_out, t2\nendinference\nnext     l0, again\n"),
)
"""The small program for any number of inferences."""


class Planted(NamedTuple):
    """A kind of mistake: the codes that find it, in the order of lines, and what of a program it changes."""

    codes: str
    changes: tuple[Change, ...]
    text: str = BASE


def behind(place: str, lines: str) -> tuple[Change, ...]:
    """Lines behind another."""
    return ((place, place + lines),)


PLANTED = {
    # Results that nothing reads
    "a product into a word that nothing reads":
        Planted("L001", behind(WRITE, f"read     d0\n{PRODUCT}base     d2, 9\n@write    d2\n")),
    "a part of a word that nothing reads":
        Planted("L001", behind(WRITE, f"read     d0\n{PRODUCT}base     d2, 9\n@write    d2, shift=2, tail=2\n")),
    "a vector step into a word that nothing reads":
        Planted("L001", behind(WRITE, f"{TO_VECTOR}base     d2, 9\n@write    d2, source=vector\n")),
    "a result that is written over before it is read":
        Planted("L001", ((WRITE, f"@write    d1\nread     d0\n{PRODUCT}&write    d1\n"),)),
    "a result behind a label":
        Planted("L001", behind(WRITE, f"read     d0\n{PRODUCT}base     d2, 9\nhere:   @write    d2\n")),
    "an input that nothing reads":
        Planted("L002", (*behind(INPUT, "base     d3, 5\ninput    @z, d3\n"),
                         *behind(".input   x, shape=2\n", ".input   z, shape=2\n"))),
    "an input that is written over before it is read":
        Planted("L002", (*behind(INPUT, "base     d3, 1\ninput    @z, d3\n"), (WRITE, f"&{WRITE}"),
                         *behind(".input   x, shape=2\n", ".input   z, shape=2\n"))),
    "words of the initial memory that nothing reads":
        Planted("L003", behind(PROGRAM, f"@.memory  7, 2\n{ROW}{ROW}")),
    "a word of the initial memory that is written over before it is read":
        Planted("L003", (*behind(PROGRAM, f"@.memory  1, 1\n{ROW}"), (WRITE, f"&{WRITE}"))),
    "a word of an input that nothing reads":
        Planted("L004", ((".input   x, shape=2", ".input   x, shape=65"), ("input    x", "input    @x"),
                         ("base     d0, 0", "base     d0, 5\ndim      d0, 0, 2\nbase     d3, 5"),
                         ("read     d0", "read     d3"))),
    # Tokens
    "a token that nobody awaits": Planted("L101", behind(SIGNAL, "signal   write, @t9\n")),
    "a token that nobody awaits, in a loop": Planted("L101", behind(SIGNAL, "signal   neurons, @t40\n"), LOOPED),
    "a token that is signalled twice":  # an output of the second inference awaits a token of the first
        Planted("L102 L103", ((SIGNAL, f"signal   write, @t1\n{SIGNAL}"), (WRITE, f"&{WRITE}"),
                              ("await    host_out, t1", "&await    host_out, t1"),
                              ("output   y", "@output   y")), LOOPED),
    "a token that is never made": Planted("L101 R703", (("write, t1", "write, @t1"),
                                                        ("await    host_out, t1", "@await    host_out, t5"))),
    "a read that awaits nothing": Planted("L101 R705", (("host_in, t0", "host_in, @t0"), ("await    read, t0\n", ""),
                                                         ("read     d0", "@read     d0"), (INPUT, f"&{INPUT}"))),
    "a race of one inference with the next":
        Planted("L103", (("inference\nbase", "loop     l0, host\nagain:   inference l0\nbase"), (INPUT, f"@{INPUT}"),
                         ("read     d0", "&read     d0"), ("endinference\n", "endinference\nnext     l0, again\n"))),
    # Registers
    "a stream that nothing uses": Planted("L201", behind(CONNECT, "base     @d7, 3\n")),
    "a stream with axes that nothing uses": Planted("L201", behind(CONNECT, "base     @d7, 3\ndim      d7, 0, 2\n")),
    "a stream that is set twice": Planted("L201", (("base     d0, 0", "base     @d0, 3\n&base     d0, 0"),)),
    "a window that nothing uses": Planted("L201", behind(CONNECT, "window   @w1, 3, 3, 9\n")),
    "a window with a border that nothing uses":
        Planted("L201", behind(CONNECT, "window   @w1, 3, 3, 9\nborder   w1, 2, 2\n")),
    "a quantiser that nothing uses": Planted("L201", behind(CONNECT, "quant    @q9, 1, 3, zero=5\n")),
    "a quantiser that is set twice": Planted("L201", (("quant    q0", "quant    @q0, 1, 4, zero=5\n&quant    q0"),)),
    "a register that lags for nothing":
        Planted("L201", (("again:   inference l0\n", "again:   inference l0\nlag      @l1, l0, 0\n"),), LOOPED),
    # Loops and what is never reached
    "a loop of nothing but nop":
        Planted("L202", behind(CONNECT, "loop     @l0, 9\nagain:   nop\nnop\n&next     l0, again\n")),
    "an empty loop": Planted("L202", behind(CONNECT, "loop     @l3, 7\nhere: &next l3, here\n")),
    "a loop of one turn":
        Planted("L203", ((MULTIPLY, f"loop     @l0, 1\nagain:   {MULTIPLY}&next     l0, again\n"),)),
    "instructions behind the end": Planted("L204", ((HALT, "endinference\n&halt\n@nop\nhalt\n"),)),
    # Declarations
    "a group that is not multiplied with":
        Planted("L301", behind(PROGRAM, "group    @g1, 2, 2\nrect     g1, column=1, row=0\n&program  g1, w\n")),
    "an input that is not transferred": Planted("L302", behind(".input   x, shape=2\n", ".input   @z, shape=2\n")),
    "a matrix that no group holds": Planted("L302", ((".weights w", ".weights @spare, 1x1\n.row     1\n.weights w"),)),
    "a table of constants that nothing takes":
        Planted("L302", ((".weights w", ".constants @spare, 2\n.row     1, 1\n.row     1, 1\n.weights w"),)),
    "a constant that nothing uses": Planted("L303", behind(PROGRAM, ".equ     @SPARE, 3\n")),
    "a name of a register that nothing uses": Planted("L303", behind(PROGRAM, ".name    @spare, d9\n")),
    "a macro that nothing calls": Planted("L303", behind(PROGRAM, ".macro   @spare x=1\nnop\n.endm\n")),
    # Broken rules
    "groups that overlap":
        Planted("L301 R106", behind(PROGRAM, "group    @g1, 2, 2\n@rect     g1, column=0, row=0\n&program  g1, w\n")),
    "a group beyond the arrays": Planted("R101", (("rect     g0, column=0", "@rect     g0, column=9"),)),
    "a word beyond main memory": Planted("R217", (("base     d1, 1", "@base     d1, 99"),)),
    "a read that no write precedes":
        Planted("L002 R706", (("input    x", "input    @x"), ("read     d0", "base     d3, 9\n@read     d3"))),
    "a register that was never set": Planted("R003", ((WRITE, "@write    d2\n"),)),
    "a group that is not connected": Planted("R301", ((CONNECT, ""), (MULTIPLY, f"@{MULTIPLY}"))),
    "a group without weights":
        Planted("L302 R107", ((PROGRAM, ""), ("weights w", "weights @w"), ("group    g0", "@group    g0"))),
    "codes that were never made":
        Planted("L201 R503", (("convert  q0, 1\n", ""), ("quant    q0", "quant    @q0"), (WRITE, f"@{WRITE}"))),
    # Mistakes of the language
    "a mnemonic that is misspelt": Planted("A208", ((MULTIPLY, "@multply  g0, 1\n"),)),
    "a label that is nowhere": Planted("A201", (("l0, again\n", "l0, @agian\n"),), LOOPED),
    "a loop that is not closed":
        Planted("A706", (("loop     l0", "loop     @l0"), ("next     l0, again\n", "")), LOOPED),
    "a name that is defined twice": Planted("A204", behind(PROGRAM, "&.equ     N, 1\n.equ     @N, 2\n")),
}  # fmt: skip


def read(kind: str) -> tuple[str, list[tuple[str, int, int]], list[int]]:
    """The source of a kind, the places of its findings, and the lines of its notes."""
    planted = PLANTED[kind]
    lines, places, notes = changed(planted.text, *planted.changes).split("\n"), [], []
    codes = iter(planted.codes.split())
    for number, line in enumerate(lines, 1):
        plain = line.replace("&", "")
        places += [(next(codes), number, plain.index("@") + 1)] if "@" in plain else []
        notes += [number] if "&" in line else []
    return re.sub("[@&]", "", "\n".join(lines)), places, notes


def findings(path: Path, *more: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(cli, ["lint", str(path), *more, "--format", "json"])
    found: list[dict[str, object]] = json.loads(result.stdout)["findings"]
    return found


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_mistake_is_found_where_it_is_and_nothing_else(kind: str, tmp_path: Path) -> None:
    text, places, notes = read(kind)
    path = tmp_path / "planted.s"
    path.write_text(text)
    found = findings(path)
    assert sorted((one["line"], one["column"], one["code"]) for one in found) == [
        (line, column, code) for code, line, column in places
    ]
    assert sorted(note["line"] for one in found for note in one["notes"]) == notes


def test_forty_kinds_and_every_finding_are_planted() -> None:
    assert len(PLANTED) >= 40
    planted = {code for one in PLANTED.values() for code in one.codes.split()}
    assert set(FINDINGS) - planted == {"L401", "L501"}  # one is measured, one no mistake: see test_lint.py
    assert len({changed(one.text, *one.changes) for one in PLANTED.values()}) == len(PLANTED)


@pytest.mark.parametrize("text", [BASE, LOOPED])
def test_what_they_are_planted_in_has_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "planted.s"
    path.write_text(text)
    assert findings(path) == []
