"""What an operand of each kind may be, with limits that stand here in figures and do not come from the table."""

from __future__ import annotations

import pytest

from acortex.errors import ManyErrors
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.disassembler import disassemble
from acortex.isa.codec import as_text, decode
from acortex.isa.container import sha256
from acortex.isa.operands import KINDS

RUN, SETUP = "start\n{}\nhalt", "{}\nstart\nhalt"

NUMBERS: dict[str, tuple[str, str, int, int]] = {
    "stream": (RUN, "read d{}", 0, 31),
    "loop": (RUN, "loop l{0}, 1\nnext l{0}, 2", 0, 7),
    "token": (RUN, "signal read, t{}", 0, 63),
    "group": (SETUP, "group g{}, 1, 1", 0, 1023),
    "quantiser": (RUN, "requant q{}, 1", 0, 63),
    "window": (RUN, "window w{}, 1, 1, 1", 0, 7),
    "by": (RUN, "loop l{0}, 1\ninference l{0}\nnext l{0}, 2", 0, 7),
    "repeat": (RUN, "loop l0, {}\nnext l0, 2", 1, 16_777_215),
    "turns": (RUN, "loop l0, 1\nlag l1, l0, {}\nnext l0, 2", 0, 127),
    "address": (RUN, "base d0, {}", 0, 1_048_575),
    "every": (RUN, "convert q1, 1, every={}", 0, 63),
    "ring": (RUN, "base d0, 0, ring={}", 0, 127),
    "stride": (RUN, "base d0, 0, stride={}", -524_288, 524_287),
    "step": (RUN, "connect g0, step={}", -512, 511),
    "axis": (RUN, "dim d0, {}, 1", 0, 3),
    "extent": (RUN, "dim d0, 0, {}", 1, 65_536),
    "positions": (RUN, "feed {}, 1", 1, 1_048_576),
    "words": (RUN, "feed 1, {}", 1, 4096),
    "channels": (RUN, "feed 1, 1, tail={}", 1, 64),
    "offset": (RUN, "write d0, shift={}", 0, 63),
    "code": (RUN, "feed 1, 1, fill={}", 0, 255),
    "kernel": (RUN, "window w0, {}, 1, 1", 1, 128),
    "hop": (RUN, "window w0, 1, 1, 1, dilation_x={}", 1, 32),
    "image_width": (RUN, "window w0, 1, 1, {}", 1, 16_384),
    "places": (RUN, "border w0, 1, {}", 1, 16_384),
    "margin": (RUN, "border w0, 1, 1, top={}", 0, 127),
    "vector_words": (RUN, "requant q0, {}", 1, 1_048_576),
    "state": (RUN, "getstate q0, 1, {}", 0, 65_535),
    "multiplier": (RUN, "quant q0, {}, 0, activation=relu", 1, 65_536),
    "shift": (RUN, "quant q0, 1, {}, activation=relu", 0, 63),
    "rows": (SETUP, "group g0, {}, 1", 1, 65_536),
    "columns": (SETUP, "group g0, 1, {}", 1, 65_536),
    "array_column": (SETUP, "rect g0, {}, 0", 0, 1023),
    "array_row": (SETUP, "rect g0, 0, {}", 0, 511),
    "height": (SETUP, "rect g0, 0, 0, height={}", 1, 512),
    "width": (SETUP, "rect g0, 0, 0, width={}", 1, 1024),
    "operations": (".part p, shape=1\n.row 1\nstart\n{}\nhalt", "work p, {}", 1, 1_099_511_627_776),
}
"""For each kind of numbers and registers: the text around it, its lowest value, its highest."""

WORDS: dict[str, tuple[str, list[str]]] = {
    "by": ("inference {}", ["none"]),
    "repeat": ("loop l0, {}\nnext l0, 2", ["host"]),
    "agent": ("signal {}, t0", ["read", "operand", "buffer", "vmm", "neurons", "vector", "write", "host_in",
                                "host_out", "program_erase", "host"]),
    "activation": ("quant q0, 1, 0, zero=1, activation={}",
                   ["none", "relu", "leaky", "sigmoid", "tanh", "hardsigmoid", "hardswish"]),
    "to_read": ("read d0, to={}", ["buffer", "vector"]),
    "from_write": ("write d0, source={}", ["neurons", "vector"]),
    "to_convert": ("convert q0, 1, to={}", ["memory", "vector"]),
    "packed": ("window w0, 1, 1, 1, packed={}", ["1", "2", "4", "8", "16"]),
    "flag": ("feed 1, 1, keep={}", ["no", "yes"]),
    "pooling": ("pool d0, w0, q0, mode={}", ["max", "average"]),
}  # fmt: skip
"""For each kind that takes words: a line around one, and all of its words."""

NAMED = {"layer", "weights", "constants", "input", "output", "part", "target", "onward"}
"""Kinds that take the name of something else in the text."""


def word(frame: str, line: str, place: object) -> int:
    """The word of the first instruction of a line that has an operand there."""
    program = assemble(frame.format(line.format(place)))
    again = assemble(disassemble(program))
    assert sha256(again) == sha256(program)
    first = 0 if frame == SETUP else 1
    return int(program.words[first + (line.count("\n") == 2)])


def test_every_kind_is_here() -> None:
    assert {*NUMBERS, *WORDS, *NAMED} == {*KINDS}


@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_of_each_kind_keeps_its_value_and_its_limits(kind: str) -> None:
    frame, line, low, high = NUMBERS[kind]
    written = {low, low + 1, (low + high) // 2, high - 1, high}
    words = {value: word(frame, line, value) for value in written}
    extra = {word(RUN, WORDS[kind][0], name) for name in WORDS[kind][1]} if kind in WORDS else set()
    assert len({*words.values(), *extra}) == len(written) + len(extra)
    for value, found in words.items():
        assert value in decode(found).values.values()
    for value in (low - 1, high + 1):
        with pytest.raises(ManyErrors) as caught:
            assemble(frame.format(line.format(value)))
        message = caught.value.errors[0].message
        prefix = KINDS[kind].prefix
        if prefix:
            assert "takes a" in message and f"({prefix}{low} to {prefix}{high}" in message
        else:
            assert f" is {value}, allowed is {low} to {high}" in message


@pytest.mark.parametrize("kind", WORDS)
def test_the_words_of_each_kind_differ_and_come_back(kind: str) -> None:
    line, names = WORDS[kind]
    assert len({word(RUN, line, name) for name in names}) == len(names)
    for name in names:
        again = disassemble(assemble(RUN.format(line.format(name))))
        defaults = {"none", "1", "no", "buffer", "neurons", "memory", "max"}
        assert name in again.replace("=", " ").replace(",", " ").split() or name in defaults


@pytest.mark.parametrize("count", ["0", "-1", "1 - 1", "0x0", "16777216"])
def test_the_number_of_a_loop_is_never_that_of_host(count: str) -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble(RUN.format(f"loop l0, {count}\nnext l0, 2"))
    (error,) = caught.value.errors
    assert error.message.endswith("allowed is 1 to 16777215 or host")
    assert error.hint == ("how often a loop runs, at least once; host: once for each inference that the host has")


def test_the_field_of_host_is_written_as_host() -> None:
    assert as_text(decode(0x0400_0000_0000_0000)) == "loop l0, host"
    assert int(assemble(RUN.format("loop l0, host\nnext l0, 2")).words[1]) == 0x0400_0000_0000_0000
    assert int(assemble(RUN.format("loop l0, 1\nnext l0, 2")).words[1]) == 0x0400_0000_2000_0000
