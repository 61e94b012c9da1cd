"""The assembler: what a text means, and every message about one that means nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.codec import as_text, decode
from acortex.isa.language.diagnostics import Diagnostic

FRAME = ".weights w, 1x2\n.row 1, -1\n.input image, shape=4\n.output scores, shape=2\n"
"""Declarations that instructions refer to: four lines."""


def texts(source: str) -> list[str]:
    """The instructions of a source, read back from their words."""
    return [as_text(decode(int(word))) for word in assemble(source).words]


def complaints(source: str) -> list[str]:
    """What the assembler says of a source: "line:column: message", with " | hint" where there is one."""
    with pytest.raises(ManyErrors) as caught:
        assemble(source)
    found = []
    for error in caught.value.errors:
        assert isinstance(error, Diagnostic)
        found.append(f"{error.line}:{error.column}: {error.message}" + (f" | {error.hint}" if error.hint else ""))
    return found


def run_part(line: str) -> list[str]:
    """What the assembler says of one line in the run part; its line number is 6."""
    return complaints(f"{FRAME}start\n{line}\nnop\nhalt")


def setup_part(line: str) -> list[str]:
    """What the assembler says of one line in the set-up part; its line number is 5."""
    return complaints(f"{FRAME}{line}\nstart\nhalt")


def test_comments_labels_and_blank_lines() -> None:
    source = """
    ; a comment      # another
    first:                      ; a label on a line of its own
        start                   # with a comment
        loop l0, 3
    again: once_more: nop
        next l0, once_more
        halt"""
    assert texts(source) == ["start", "loop l0, 3", "nop", "next l0, 2", "halt"]


def test_operands_by_position_then_by_name_and_defaults() -> None:
    assert texts("start\nfeed 1, 2, fill=3\nfeed words=2, positions=1\nhalt")[1:3] == [
        "feed positions=1, words=2, fill=3",
        "feed positions=1, words=2",
    ]


def test_constants_know_labels_and_constants_above() -> None:
    source = ".equ TWO, 1+1\n.equ HERE, top+TWO\nstart\nloop l0, TWO\ntop: nop\nnext l0, HERE-2\nbase d0, HERE*10\nhalt"
    assert texts(source)[3:5] == ["next l0, 2", "base d0, 40"]


def test_words_in_place_of_numbers() -> None:
    assert texts("start\nloop l1, host\ninference by=none\nread d0, to=vector\nnext l1, 2\nhalt")[1:4] == [
        "loop l1, host",
        "inference",
        "read d0, to=vector",
    ]


def test_names_of_tables_number_in_order() -> None:
    program = assemble(FRAME + ".input second, shape=1\nstart\ninput second, d0\nlayer b\nlayer a\nlayer b\nhalt")
    assert [int(word) >> 46 & 1023 for word in program.words[1:2]] == [1]
    assert [decode(int(word))["layer"] for word in program.words[2:5]] == [0, 1, 0]
    assert program.layers == ("b", "a")


def test_a_name_in_quotes_holds_what_exporters_write() -> None:
    assert assemble('start\nlayer "/conv1/Conv; 3x3"\nhalt').layers == ("/conv1/Conv; 3x3",)


def test_every_instruction_knows_its_line() -> None:
    program = assemble("start\n\n  halt ; done\n", file="folder/tiny.s")
    assert [str(line) for line in program.lines] == ["tiny.s:1", "tiny.s:3"]
    assert program.lines[1].text == "halt ; done"


def test_name_and_chip() -> None:
    named = assemble(".program first\n.chip acortex_digits\nstart\nhalt")
    assert (named.name, named.chip) == ("first", "acortex_digits")
    bare = assemble("start\nhalt", file="tiny.s")
    assert (bare.name, bare.chip) == ("tiny", "acortex_gnmt")


def test_line_ends_of_all_systems() -> None:
    assert assemble("start\r\nhalt\r\n").lines[1].text == "halt"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("gruop g0, 1, 2", ["6:1: no instruction is called `gruop` | did you mean `group`?"]),
        (
            "xyzzy",
            [
                "6:1: no instruction is called `xyzzy` | `acortex isa` lists the instructions; a macro stands above"
                " its use"
            ],
        ),
        (
            "feed 1",
            [
                "6:1: `feed` needs operand `words`, words per position, as many as the chip's buffer holds at most"
                " | `acortex isa feed` lists its operands"
            ],
        ),
        (
            "feed 1, 2, 3, 4, no, 6",
            ["6:22: `feed` takes at most 5 operands | its operands are positions, words, tail, fill, keep"],
        ),
        ("nop 1", ["6:5: `nop` takes no operands | leave it out"]),
        ("feed 1, words=2, tial=3", ["6:18: `feed` has no operand `tial` | did you mean `tail`?"]),
        ("feed 1, words=2, words=3", ["6:18: operand `words` is given twice | leave one of them out"]),
        ("feed 1, positions=2, words=3", ["6:9: operand `positions` is given twice | leave one of them out"]),
        ("feed positions=1, 2", ["6:19: operands by position come before those by name | give this one by name, too"]),
        ("feed 1,, 2", ["6:8: an operand is missing beside this comma | leave out the comma, or write the operand"]),
        ("feed 1, 2,", ["6:10: an operand is missing beside this comma | leave out the comma, or write the operand"]),
        ("feed 1, words=", ["6:9: an operand by name is written name=value | write the value behind ="]),
        (
            "feed 0, 1",
            ["6:6: `positions` is 0, allowed is 1 to 1048576 | how many positions, one array operation each"],
        ),
        ("feed 1, words=1, tail=60+5", ["6:23: `tail` is 65, allowed is 1 to 64 | channels, out of the 64 of a word"]),
        ("read x5", ["6:6: `stream` takes a stream descriptor (d0 to d31), not `x5`"]),
        ("read d32", ["6:6: `stream` takes a stream descriptor (d0 to d31), not `d32`"]),
        (
            "inference by=l9",
            ["6:14: `by` takes a loop register whose count moves the operand, or none (l0 to l7 or none), not `l9`"],
        ),
        ("convert q0, 1, to=memry", ["6:19: `to` takes memory or vector, not `memry` | did you mean `memory`?"]),
        (
            "convert q0, 1, then=q2",
            ["6:21: `then` codes no word without `every` | say every=4 for each fourth word"],
        ),
        (
            "convert q2, 1, then=q2, every=4",
            ["6:31: both codings are q2 | name another quantiser with then=, or leave out every"],
        ),
        ("read d0 to=buffer", ["6:6: `stream` takes a stream descriptor (d0 to d31), not `d0 to = buffer`"]),
        ("input imge, d0", ["6:7: no input is called `imge` | did you mean `image`?"]),
        ("output other, d0", ["6:8: no output is called `other` | declare it with .output"]),
        ("input 3, d0", ["6:7: `tensor` takes the name of an input tensor, not `3` | write it bare, or in quotes"]),
        (
            "base d0, N",
            ["6:10: no constant or label is called `N` | define it: .equ NAME, EXPRESSION"],
        ),
        ("next l0, 3", ["6:6: no loop begins register l0 above this line | put `loop l0, COUNT` before it"]),
        (
            "inference by=l8",
            ["6:14: `by` takes a loop register whose count moves the operand, or none (l0 to l7 or none), not `l8`"],
        ),
        ("inference by=l2", ["6:14: no loop begins register l2 above this line | put `loop l2, COUNT` before it"]),
        ("start", ["6:1: a second `start`: set-up has ended already | leave it out"]),
        ("program g0, w", ["6:1: `program` belongs to set-up | move it before `start`"]),
        (
            "12 nop",
            [
                "6:1: a mnemonic or a directive should stand here, not `12`"
                " | a line is LABEL: MNEMONIC OPERAND, OPERAND, ..."
            ],
        ),
        ("nop $", ["6:5: unexpected character '$' | comments begin with ; or #"]),
        ("nop \x1b", ["6:5: unexpected character '\\x1b' | comments begin with ; or #"]),
        ("nop \u00a0", ["6:5: unexpected character '\\xa0' | comments begin with ; or #"]),
        ('layer "conv', ['6:7: this string has no end | close it with " on the same line; it may not hold \\']),
        ("base d0, 0x1g", ["6:10: `0x1g` is not a number | numbers are 10, 0x1f, 0b101, 65_536; shapes 28x28"]),
        ("nop: nop: nop", ["6:6: `nop` is already defined, in line 6 | take another name"]),
        ("l0: nop", ["6:1: `l0` cannot name a label: it is a word of the language | take another name"]),
        ("host: nop", ["6:1: `host` cannot name a label: it is a word of the language | take another name"]),
        ("7: nop", ["6:1: `7` cannot name a label | names are letters, digits, _ and ., and begin with a letter or _"]),
    ],
)
def test_a_mistake_in_the_run(line: str, expected: list[str]) -> None:
    assert run_part(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("read d0", ["5:1: `read` belongs to the run | move it after `start`"]),
        ("halt", ["5:1: `halt` belongs to the run | move it after `start`"]),
        ("group g0, 70000, 2", ["5:11: `rows` is 70000, allowed is 1 to 65536 | rows of a matrix, in cells"]),
        ("program g0, v", ["5:13: no matrix of weights is called `v` | declare it with .weights"]),
        (
            "quant q0, 1, 0, low=9, high=3",
            ["5:21: low is 9, above high, which is 3 | low is the least code, high the greatest"],
        ),
        (
            "quant q0, 1, 0, zero=12, high=9",
            ["5:22: zero is 12, outside low to high, 0 to 9 | zero is the code that stands for a sum of 0"],
        ),
        (
            "quant q0, 1, 0",
            ["5:1: zero equals low, 0: negative sums cannot be told from zero | say activation=relu, or raise zero"],
        ),
        (
            "quant q0, 1, 0, zero=3, low=3",
            ["5:22: zero equals low, 3: negative sums cannot be told from zero | say activation=relu, or raise zero"],
        ),
    ],
)
def test_a_mistake_in_set_up(line: str, expected: list[str]) -> None:
    assert setup_part(line) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ["1:1: the text holds no instructions | the shortest program is `start`, `halt`"]),
        (
            "nop\nhalt",
            [
                "2:1: the program has no `start` | put `start` where set-up (groups, weights, quantisers) ends and"
                " the run begins"
            ],
        ),
        ("start\nnop", ["2:1: the program does not end with `halt` | add `halt` as its last line"]),
        (
            "start\nloop l0, 2\nnext l0, 9\nhalt",
            [
                "3:10: the jump leads to address 9, outside the program"
                " | jump to a label in the body of the loop; addresses are 0 to 3"
            ],
        ),
        (
            "nop\nstart\nloop l0, 2\nnext l0, 0\nhalt",
            ["4:10: the jump crosses `start` | a loop lies wholly in set-up or in the run"],
        ),
        (
            "loop l0, 2\nnext l0, 3\nstart\nhalt",
            ["2:10: the jump crosses `start` | a loop lies wholly in set-up or in the run"],
        ),
        (
            ".equ A, B\n.equ B, 1\nstart\nhalt",
            [
                "1:9: no constant or label is called `B` | "
                "it is defined further down: an .equ may use labels, and the constants above it"
            ],
        ),
        (".equ A\nstart\nhalt", ["1:1: `.equ` needs a name and a value | write .equ NAME, EXPRESSION"]),
        (".equ A, 1\nA: start\nhalt", ["1:6: `A` is already defined, in line 2 | take another name"]),
        (
            ".row 1\nstart\nhalt",
            ["1:1: .row belongs to no data | it follows .weights, .constants, .part, .memory, .samples, .labels"],
        ),
        (
            '.blob "a"\nstart\nhalt',
            ["1:1: .blob belongs to no data | it follows .weights, .constants, .part, .memory, .samples, .labels"],
        ),
    ],
)
def test_a_mistake_of_the_whole(source: str, expected: list[str]) -> None:
    assert complaints(source) == expected


def test_all_mistakes_come_at_once_in_the_order_of_the_text() -> None:
    assert complaints("start\nread x0\n.equ A, 1/0\nfeed 0, 0\nhlat\n$") == [
        "2:6: `stream` takes a stream descriptor (d0 to d31), not `x0`",
        "3:10: division by zero",
        "4:6: `positions` is 0, allowed is 1 to 1048576 | how many positions, one array operation each",
        "4:9: `words` is 0, allowed is 1 to 4096 | words per position",
        "5:1: no instruction is called `hlat` | did you mean `halt`?",
        "6:1: unexpected character '$' | comments begin with ; or #",
    ]


def test_one_mistake_is_told_once() -> None:
    """Nothing follows from a line that could not be read: no missing start, loop, constant or matrix."""
    assert len(complaints("strat\nnext l0, 0\nhalt")) == 1
    assert len(complaints("start\nlopo l0, 2\nnext l0, 1\nhalt")) == 1
    assert len(complaints(".equ A, (1\nstart\nbase d0, A\nhalt")) == 1
    assert len(complaints(".weights w, 1x1\n.row 9\nprogram g0, w\nstart\nhalt")) == 1
    assert len(complaints("start $\nhalt")) == 1
    assert len(complaints(".weights w, 1x1 $\nprogram g0, w\nstart\nhalt")) == 1
    assert len(complaints(".weights w, 1x1\n.row $\nprogram g0, w\nstart\nhalt")) == 1
    assert len(complaints(".equ A, 1,,2\nstart\nbase d0, A\nhalt")) == 1
    assert len(complaints("start\nloop l0, 2\ntop: nop $\nnext l0, top\nhalt")) == 1


def test_a_message_shows_line_caret_and_hint() -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble("start\n\tfeed 1, words=1, tial=70\nhalt", file="conv.s")
    assert str(caught.value) == (
        "conv.s:2:19: `feed` has no operand `tial`\n"
        "  2 | \tfeed 1, words=1, tial=70\n"
        "    | \t                 ^~~~\n"
        "  hint: did you mean `tail`?"
    )
    assert caught.value.exit_code == 1


def test_a_long_line_is_shown_around_the_place() -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble("start\nbase d0, " + "1+" * 300 + "X" + "+1" * 300 + "\nhalt")
    _, shown, caret, _ = str(caught.value).split("\n")
    assert len(shown) < 130
    assert shown[caret.index("^")] == "X"


def test_control_characters_do_not_reach_the_terminal() -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble("start\nnop ; \x1b[2J\nread \x1b[2J\nhalt")
    assert "\x1b" not in str(caught.value)


def test_a_mistake_that_comes_again_is_shown_once_with_its_places() -> None:
    """Copies of one mistake hide no other."""
    with pytest.raises(ManyErrors) as caught:
        assemble("foo\n" * 5000 + "bar\nbar\nread x0", file="t.s")
    assert [error.where for error in caught.value.errors] == ["t.s:1:1", "t.s:5001:1", "t.s:5003:6"]
    assert "  and 4,999 more like it, the first at t.s:2:1, the last at t.s:5000:1\n" in str(caught.value)
    assert "  and 1 more like it, at t.s:5002:1\n" in str(caught.value)


def test_it_shows_a_hundred_different_mistakes_and_counts_the_rest() -> None:
    with pytest.raises(ManyErrors) as caught:
        assemble("".join(f"foo{index}\n" for index in range(5000)))
    assert len(caught.value.errors) == 101
    assert str(caught.value.errors[-1]) == "4,900 more errors of other kinds: not shown"


def test_a_name_as_long_as_a_line_is_cut_in_what_is_said_of_it() -> None:
    name = "n" * 9000
    for line in (
        f"base d0, {name}",
        f"feed {name}=1",
        f"layer {name}",
        f".equ {name}1, 1\nbase d0, {name}2",
        f"{name} 1",
    ):
        with pytest.raises(ManyErrors) as caught:
            assemble(f"start\n{line}\nhalt")
        assert len(str(caught.value)) < 2000


def test_a_program_has_no_more_instructions_than_a_jump_can_reach() -> None:
    found = complaints("nop\n" * 65536 + "halt")
    assert found[0] == (
        "65537:1: a program has at most 65536 instructions | repeat instructions with `loop` and `next`"
    )


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x" * 10_001, "big.s:1:1: the line has 10001 characters, 10000 are allowed"),
        ("\n" * 1_000_000, "big.s: the text has more than 1000000 lines or 67108864 characters"),
    ],
)
def test_a_text_too_large(source: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        assemble(source, file="big.s")
    assert str(caught.value).split("\n")[0] == message


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "source",
    [
        "a:" * 5000,
        "feed " + "1," * 4000,
        ("nop " + "1 " * 4000 + "\n") * 200,
        "\n".join(f".equ a{index}, 1<<{index % 63}" for index in range(20_000)),
        '"' * 9999,
        ".equ a, 1\n" + "\n".join(f".input q{index}, shape={'axb' * 3000}" for index in range(500)),
        ".equ a, 1\n" + "\n".join(f".input q{index}, shape={'axbxaxbxaxbxaxb'}" for index in range(10_000)),
        "(" * 9999,
        "\x00" * 9999,
        "$\n" * 999_999,
    ],
)
def test_hostile_text_is_answered_soon(source: str) -> None:
    begin = time.process_time()
    with pytest.raises(AcortexError):
        assemble(source)
    assert time.process_time() - begin < 2


@pytest.mark.slow
def test_time_is_linear_up_to_a_million_lines() -> None:
    """Four times the lines take four times as long, with room for a machine that others use."""
    times = []
    for lines in (250_000, 1_000_000):
        text = "start\n" + "nop\n" * 1000 + "halt\n" + "; a remark\n" * (lines - 1003)
        begin = time.process_time()
        assert len(assemble(text).words) == 1002
        times.append(time.process_time() - begin)
    assert times[1] < 10 * times[0]


def test_large_programs_assemble_quickly() -> None:
    body = "base d0, 5*2, by=l0, stride=15, ring=2\nread d0\nfeed 1, words=13, tail=16\n" * 3000
    times = []
    for _ in range(3):  # the best of three: what else the machine does is no fault of the assembler
        begin = time.process_time()
        assert len(assemble(f"start\nloop l0, host\ntop:\n{body}next l0, top\nhalt").words) == 9004
        times.append(time.process_time() - begin)
    assert min(times) < 1


def test_a_file_is_read_with_its_folder(tmp_path: Path) -> None:
    (tmp_path / "tiny.s").write_text("\ufeffstart\nhalt\n", encoding="utf-8")
    assert assemble_file(tmp_path / "tiny.s").name == "tiny"


def test_files_that_are_no_source(tmp_path: Path) -> None:
    (tmp_path / "binary.s").write_bytes(b"start\n\xff\xfe")
    for name, message in [
        ("missing.s", "cannot read the file: No such file or directory"),
        (".", "cannot read the file: Is a directory"),
        ("a\0b", "cannot read the file: embedded null byte"),
        ("binary.s", "byte 6 is not UTF-8 text"),
    ]:
        with pytest.raises(UsageError) as caught:
            assemble_file(tmp_path / name)
        assert caught.value.message == message
        assert caught.value.where == str(tmp_path / name)


def test_suggestions_among_many_names_are_found_soon() -> None:
    constants = "\n".join(f".equ a_rather_long_name_{index:030}, {index}" for index in range(5_000))
    uses = "\n".join(f"base d0, a_rather_lnog_name_{index:030}" for index in range(99))
    begin = time.process_time()
    found = complaints(f"{constants}\nstart\n{uses}\nhalt")
    assert time.process_time() - begin < 3
    assert found[0].endswith(f"did you mean `a_rather_long_name_{0:030}`?")


@pytest.mark.parametrize("zero", [1, 7, 15])
def test_the_zero_of_a_quantiser_may_be_any_code_above_its_lowest_and_the_highest(zero: int) -> None:
    assert texts(f"quant q0, 1, 3, zero={zero}\nstart\nhalt")[0] == f"quant q0, multiplier=1, shift=3, zero={zero}"
    assert len(texts("quant q0, 1, 3, zero=0, activation=relu\nquant q1, 1, 3, zero=9, high=9\nstart\nhalt")) == 4
