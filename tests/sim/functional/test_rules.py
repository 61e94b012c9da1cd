"""The rules of the chip: a small program that breaks one gets an error that says which, where, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acortex.errors import AcortexError
from acortex.isa import assemble
from acortex.isa.codec import decode, encode
from acortex.isa.rules import BASE
from acortex.isa.sequencer import ProgramError
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.executor import RuleError
from acortex.sim.functional.happens_before import OrderError
from acortex.sim.functional.rules.limits import LimitError
from acortex.sim.run import run
from acortex.sim.timing.wiring import DeadlockError

SMALL = BASE
"""A program that keeps every rule; each test changes a line or two of it. The line of `group` is 8."""

Change = tuple[str, str]

SECOND_GROUP = ("program  g0, w", "program  g0, w\ngroup    g1, 2, 2\nrect     g1, column=0, row=1\nprogram  g1, w")

TO_VECTOR = "convert  q0, 1, to=vector\nrequant  q0, 1\nwrite    d1, source=vector"
READ_BEHIND = TO_VECTOR + "\n{}read     d0, to=vector\nrequant  q0, 1\nwrite    d1, source=vector"
"""Codes of the neurons through the vector agent, and then words of memory, with a token between them or without."""


def changed(*changes: Change) -> str:
    """The small program with some of its text replaced."""
    text = SMALL
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} does not stand there once"
        text = text.replace(old, new)
    return text


def failure(*changes: Change) -> AcortexError:
    """The error that a change leads to."""
    program = assemble(changed(*changes), file="small.s")
    with pytest.raises(AcortexError) as caught:
        run(program)
    return caught.value


def test_small_program_keeps_every_rule() -> None:
    assert run(assemble(SMALL, file="small.s")).cycles > 0


@pytest.mark.parametrize("maker", ["neurons", "vector", "write"])
def test_any_token_that_says_so_orders_the_stream_of_the_vector_agent(maker: str) -> None:
    token = f"signal   {maker}, t2\nawait    read, t2\n"
    text = changed(("convert  q0, 1\nwrite    d1", READ_BEHIND.format(token)))
    assert run(assemble(text, file="small.s")).cycles > 0


def test_a_fetch_of_no_words_is_not_what_the_next_words_are_ordered_by() -> None:
    nothing = (
        "window   w0, 1, 1, 1\nborder   w0, 1, 1, top=1\nfetch    d0, w0\nslide    d0, w0, tail=2\nmultiply g0, 1\n"
    )
    before = (
        f"{nothing}convert  q0, 1\nwrite    d1\nread     d0, to=vector\nrequant  q0, 1\nwrite    d1, source=vector\n"
    )
    text = changed(
        ("read     d0\n", f"{before}read     d0\n"), ("convert  q0, 1\nwrite    d1\nsignal", f"{TO_VECTOR}\nsignal")
    )
    assert run(assemble(text, file="small.s")).cycles > 0


CASES: dict[str, tuple[list[Change], type[AcortexError], str, str]] = {
    # name: (changes, type, "where: message", a part of the hint)
    "await without a signal": (
        [("await    read, t0", "await    read, t5")],
        OrderError,
        "small.s:19: read awaits token t5 for ever: no signal stands before it",
        "signal t5 before this line",
    ),
    "await before its signal": (
        [("signal   host_in, t0\nawait    read, t0", "await    read, t0\nsignal   host_in, t0")],
        OrderError,
        "small.s:18: read awaits token t0 for ever: no signal stands before it",
        "signal t0 before this line",
    ),
    "await once more than signalled": (
        [("await    read, t0", "await    read, t0\nawait    read, t0")],
        OrderError,
        "small.s:20: read awaits token t0 for ever: the signal before it is taken",
        "signal t0 before this line",
    ),
    "token of two makers": (
        [("signal   write, t1", "signal   write, t1\nsignal   read, t1")],
        OrderError,
        "small.s:26: token t1 is signalled by read here, and by write at small.s:25:"
        " which of them an await takes would depend on time",
        "a token of its own for each pair",
    ),
    "unwritten word": (
        [("base     d0, 0", "base     d0, 0\nbase     d2, 9"), ("read     d0", "read     d2")],
        OrderError,
        "small.s:21: read reads word 9 of main memory, which was never written",
        "what writes it stands before this line",
    ),
    "read before the write it depends on": (
        [("signal   host_in, t0\nawait    read, t0\n", "")],
        OrderError,
        "small.s:18: read reads word 0 of main memory, which is written by input at small.s:17,"
        " and nothing orders the two",
        "signal a token from host_in after that line, and await it in read before this one",
    ),
    "a window that begins outside its image waits for nothing": (
        [
            ("input    x, d0\n", "input    x, d0\nbase     d2, 3\ninput    x, d2\n"),
            (
                "read     d0\nfeed     1, 1, tail=2\n",
                "window   w0, 1, 1, 1\nborder   w0, 2, 1, top=1\nfetch    d0, w0\nslide    d0, w0, tail=2\n",
            ),
            (
                "multiply g0, 1\nconvert  q0, 1\nwrite    d1",
                "multiply g0, 2\nconvert  q0, 2\ndim d2, 0, 2\nwrite    d2",
            ),
        ],
        OrderError,
        "small.s:29: write writes word 3 of main memory, which is written by input at small.s:19,"
        " and nothing orders the two",
        "signal a token from host_in after that line, and await it in write before this one",
    ),
    "output before the write it depends on": (
        [("signal   write, t1\nawait    host_out, t1\n", "")],
        OrderError,
        "small.s:25: output reads word 1 of main memory, which is written by write at small.s:24,"
        " and nothing orders the two",
        "signal a token from write after that line, and await it in host_out before this one",
    ),
    "a read behind a convert into the vector agent": (
        [("convert  q0, 1\nwrite    d1", READ_BEHIND.format(""))],
        OrderError,
        "small.s:26: read gives words to the vector agent, as convert does at small.s:23, and nothing orders the two:"
        " which come first would depend on time",
        "signal a token from neurons after that line, and await it in read before this one",
    ),
    "a convert behind a read into the vector agent": (
        [
            ("read     d0\n", "read     d0\nread     d0, to=vector\n"),
            ("convert  q0, 1\nwrite    d1", f"requant  q0, 1\nwrite    d1, source=vector\n{TO_VECTOR}"),
        ],
        OrderError,
        "small.s:26: convert gives words to the vector agent, as read does at small.s:21, and nothing orders the two:"
        " which come first would depend on time",
        "signal a token from read after that line, and await it in neurons before this one",
    ),
    "two groups on one bus segment": (
        [SECOND_GROUP, ("connect  g0", "connect  g0\nconnect  g1")],
        RuleError,
        "small.s:17: group g1 needs the bus of column 0 at row 1, which group g0 has since small.s:16",
        "disconnect g0 first",
    ),
    "missing column of arrays": (
        [("column=0", "column=2")],
        ProgramError,
        "small.s:9: group g0 names the array in column 2, row 0:"
        " chip acortex_digits has columns 0 to 1 and rows 0 to 7",
        "the rectangle takes column 2, row 0; `acortex chip list` shows larger chips",
    ),
    "missing row of arrays": (
        [("row=0", "row=8")],
        ProgramError,
        "small.s:9: group g0 names the array in column 0, row 8:"
        " chip acortex_digits has columns 0 to 1 and rows 0 to 7",
        "the rectangle takes column 0, row 8; `acortex chip list` shows larger chips",
    ),
    "overlapping groups": (
        [(SECOND_GROUP[0], SECOND_GROUP[1].replace("row=1", "row=0"))],
        ProgramError,
        "small.s:12: groups g0 and g1 both take the array in column 0, row 0",
        "an array holds the weights of one group",
    ),
    "group without weights": (
        [("program  g0, w\n", "")],
        ProgramError,
        "small.s:8: group g0 has no weights when the set-up ends",
        "write them with program",
    ),
    "group that is not connected": (
        [("connect  g0\n", "")],
        RuleError,
        "small.s:21: group g0 is not connected to its neurons",
        "connect it before this line",
    ),
    "program larger than the instruction memory": (
        [("halt", "nop\n" * 120 + "halt")],
        LimitError,
        "small: the program has 142 instructions, 14 more than the instruction memory of acortex_digits holds",
        "instruction_memory.words=142",
    ),
    "stream out of memory": (
        [("base     d1, 1", "base     d1, 1\ndim      d1, axis=0, extent=40")],
        RuleError,
        "small.s:25: the stream visits words 1 to 40 of main memory, which has 0 to 31",
        "memory.capacity_kb",
    ),
    "stream without end": (
        [("base     d1, 1", "base     d1, 1\ndim d1, 0, 65536, stride=0\ndim d1, 1, 65536, stride=0")],
        RuleError,
        "small.s:26: the stream visits 4,294,967,296 words, and one instruction visits at most 4,194,304",
        "put the instruction into a loop",
    ),
    "window without end": (
        [("feed     1, 1, tail=2", "window w0, 1, 1, width=1\nborder w0, 16384, 16384\nslide d0, w0")],
        RuleError,
        "small.s:23: the window has 16384 x 16384 positions, and one instruction goes through at most 1,048,576",
        "put the instruction into a loop",
    ),
    "window that needs too much": (
        [
            (
                "read     d0\nfeed     1, 1, tail=2",
                "dim d0, 1, 1024, stride=0\ndim d0, 2, 1024, stride=0\n"
                "window w0, 17, 17, 1024\nborder w0, 1008, 1008\nfetch d0, w0\nslide d0, w0",
            )
        ],
        RuleError,
        "small.s:24: the window needs 17,547,264 words, and one instruction visits at most 4,194,304",
        "put the instruction into a loop",
    ),
    "pool that gives too much": (
        [
            (
                "read     d0\nfeed     1, 1, tail=2",
                "dim d0, 0, 64, stride=0\nwindow w0, 1, 1, 1\nborder w0, 1024, 1024\npool d0, w0, q0",
            )
        ],
        RuleError,
        "small.s:23: the pooled image has 67,108,864 words, and one instruction visits at most 4,194,304",
        "put the instruction into a loop",
    ),
    "token signalled without end": (
        [("connect  g0\n", "connect  g0\nloop l0, 16777215\nagain: signal buffer, t9\nnext l0, again\n")],
        OrderError,
        "small.s:15: token t9 is signalled 65,536 times more often than it is awaited; its counter holds 65,535",
        "await it as often as it is signalled, or leave the signal out",
    ),
    "codes wider than a word's channels": (
        [(".input   x, shape=2", ".input   x, shape=2, bits=5")],
        LimitError,
        "small: tensor x has codes of 5 bits; acortex_digits allows up to 4, the width of a channel of a word",
        "declare it with bits=4",
    ),
    "output never given": (
        [("output   y, d1\n", "")],
        RuleError,
        "small: output y was never given to the host",
        "give it with `output y, d0` between inference and endinference",
    ),
    "base out of memory": (
        [("base     d1, 1", "base     d1, 99")],
        LimitError,
        "small.s:16: base: address is 99; acortex_digits allows up to 31, its last word of main memory",
        "memory.capacity_kb",
    ),
    "words left in the buffer": (
        [("read     d0", "read     d0\nread     d0")],
        RuleError,
        "small.s:21: 1 word in the buffer is given here and never taken",
        "take them with feed or slide",
    ),
    "vector that takes more words than there are": (
        [("feed     1, 1", "feed     1, 2")],
        RuleError,
        "small.s:21: feed takes 2 words in the buffer, and the instructions before it left 1",
        "what gives must stand before what takes",
    ),
    "vector longer than its group": (
        [("read     d0", "read     d0\nread     d0"), ("feed     1, 1", "feed     1, 2")],
        RuleError,
        "small.s:23: the input vectors made at small.s:22 have 2 words, and group g0 takes up to 1",
        "at most a word for each row of arrays",
    ),
    "vector longer than the buffer": (
        [("feed     1, 1", "feed     1, 300")],
        LimitError,
        "small.s:21: feed: words is 300; acortex_digits allows up to 256, the words that its buffer holds",
        "buffer.words",
    ),
    "windows whose vectors are larger than anything holds": (
        [
            (
                "read     d0\nfeed     1, 1, tail=2",
                "window w0, 128, 128, 1\nborder w0, 999, 999\nfetch d0, w0\nslide d0, w0",
            ),
        ],
        RuleError,
        "small.s:23: the input vectors that slide gives take 16,351,248,384 words, and those of one instruction take"
        " at most 8,388,608",
        "put the instruction into a loop",
    ),
    "sums that nothing holds": (
        [
            (
                ".weights w, 2x2\n.row     7, -7\n.row     -7, 7",
                ".weights w, 2x129\n" + (".row " + "1, " * 128 + "1\n") * 2,
            ),
            (
                "group    g0, 2, 2\nrect     g0, column=0, row=0",
                "group g0, 2, 129\nrect g0, 0, 0, width=2\nrect g0, 0, 1",
            ),
            ("multiply g0, 1\n", "multiply g0, 1048576\n"),
            (
                "read     d0\nfeed     1, 1, tail=2",
                "dim d0, 1, 16384, stride=0\ndim d0, 2, 64, stride=0\nread d0\nfeed 1048576, 1, tail=2",
            ),
        ],
        RuleError,
        "small.s:26: the positions of sums that multiply gives take 12,582,912 words, and those of one instruction take"
        " at most 8,388,608",
        "put the instruction into a loop",
    ),
    "words that nothing takes, again and again": (
        [("read     d0", "dim d0, 1, 65536, stride=0\ndim d0, 2, 64, stride=0\nread d0\nread d0")],
        RuleError,
        "small.s:23: with these 8,388,608 words in the buffer wait to be taken, and at most 4,194,304 may",
        "take them with feed or slide",
    ),
    "quantiser past the converters": (
        [("zero=5", "zero=5, high=31")],
        LimitError,
        "small.s:11: quant: high is 31; acortex_digits allows up to 15, the highest code of its converters",
        "neurons.bits",
    ),
    "code past the DACs": (
        [("tail=2", "tail=2, fill=16")],
        LimitError,
        "small.s:21: feed: fill is 16; acortex_digits allows up to 15, the highest code of a 4-bit DAC",
        "lower it",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rule_has_an_error_of_its_own(name: str) -> None:
    changes, kind, text, hint = CASES[name]
    error = failure(*changes)
    assert type(error) is kind
    assert f"{error.where}: {error.message}" == text
    assert hint in error.hint


@pytest.mark.parametrize("name", CASES)
def test_rule_holds_without_time_and_without_values(name: str) -> None:
    changes, kind, text, _ = CASES[name]
    program = assemble(changed(*changes), file="small.s")
    with pytest.raises(kind) as caught:
        run(program, timing=False, values=False)
    assert f"{caught.value.where}: {caught.value.message}" == text


# Jumps ----------------------------------------------------------------------------------------------------------------

LOOPED = [("inference\nbase     d0, 0", "loop     l0, 2\nback:    inference\nbase     d0, 0"),
          ("halt", "next     l0, back\nhalt")]  # fmt: skip


def test_jump_out_of_the_program_does_not_assemble() -> None:
    with pytest.raises(AcortexError) as caught:
        assemble(changed(LOOPED[0], ("halt", "next     l0, 90\nhalt")), file="small.s")
    assert "small.s:30:14: the jump leads to address 90, outside the program" in str(caught.value)


def test_jump_out_of_the_program_in_its_words_is_an_error_of_the_run() -> None:
    program = assemble(changed(*LOOPED), file="small.s")
    words = program.words.copy()
    place = len(words) - 2
    jump = decode(int(words[place]))
    words[place] = encode(jump.row, {**jump.values, "target": 90})
    with pytest.raises(ProgramError) as caught:
        run(replace(program, words=words))
    assert caught.value.message == "next jumps to 90, outside the body of l0, which is 7 to 22"
    assert caught.value.where == "small.s:30"


def test_program_that_runs_past_its_end_is_an_error_of_the_run() -> None:
    program = assemble(SMALL, file="small.s")
    with pytest.raises(ProgramError) as caught:
        run(replace(program, words=program.words[:-1]))
    assert caught.value.message == "the program runs past its last instruction (20)"
    assert caught.value.hint == "end it with halt"


# Deadlocks ------------------------------------------------------------------------------------------------------------

# 300 words are read, and only then may the buffer, which holds 256, make its first vector. In the order of the program
# nothing is wrong: it takes time and room to see it.
FULL_BUFFER = [
    ("base     d1, 1", "base     d1, 1\nbase     d2, 0\ndim      d2, axis=0, extent=300, stride=0"),
    ("read     d0", "read     d2\nsignal   read, t2\nawait    buffer, t2"),
    ("feed     1, 1", "feed     300, 1"),
    ("multiply g0, 1", "multiply g0, 300"),
    ("convert  q0, 1", "convert  q0, 300"),
    ("write    d1", "base     d3, 1\ndim      d3, axis=0, extent=300, stride=0\nwrite    d3"),
]


def test_full_buffer_that_nobody_may_empty_is_a_deadlock() -> None:
    error = failure(*FULL_BUFFER)
    assert type(error) is DeadlockError
    assert error.message.startswith("nothing can happen any more after cycle ")
    assert "6 units wait:" in error.message
    assert "  buffer waits for token since cycle " in error.message
    assert ", at small.s:24: await    buffer, t2" in error.message
    assert "  main_memory/read waits for buffer_full since cycle " in error.message
    assert ", at small.s:22: read     d2" in error.message


def test_deadlock_lists_the_longest_wait_first_and_says_so() -> None:
    error = failure(*FULL_BUFFER)
    since = [int(line.split("since cycle ")[1].split(",")[0]) for line in error.message.splitlines()[1:]]
    assert since == sorted(since)
    assert "the first of them has waited longest" in error.hint


def test_deadlock_that_fills_a_queue_names_the_controller() -> None:
    error = failure(*FULL_BUFFER, ("signal   write, t1", "signal   buffer, t9\n" * 10 + "signal   write, t1"))
    assert type(error) is DeadlockError
    assert "  controller waits for queue since cycle " in error.message


def test_deadlock_goes_away_with_a_buffer_that_holds_the_stream() -> None:
    program = assemble(changed(*FULL_BUFFER), file="small.s")
    result = run(program, load_chip("acortex_digits", ["buffer.words=300"]))
    assert result.report["counts"]["main_memory.reads"] == 300 + 1
