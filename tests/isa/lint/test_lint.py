"""The linter: each finding by an example and its mend, none where nothing is wrong, and words held to brute force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.codec import encode
from acortex.isa.lint.book import page
from acortex.isa.lint.checks import lint
from acortex.isa.lint.columns import in_line, pointed
from acortex.isa.lint.names import unused_names
from acortex.isa.lint.rows import FINDINGS
from acortex.isa.lint.usage import ACCESSES, Usage, _inferences
from acortex.isa.operands import HOST_COUNT
from acortex.isa.program import Program
from acortex.isa.rules import BASE, ProgramError, changed
from acortex.isa.semantics import visited
from acortex.isa.sequencer import Sequencer
from acortex.isa.table import MNEMONICS
from acortex.programs.shipped import FOLDER
from acortex.sim.lint import lint as of_program
from acortex.sim.lint import measured
from acortex.tools.open.programs import open_program
from judge.generate import generate

CODES = [
    "L001",
    "L002",
    "L003",
    "L004",
    "L101",
    "L102",
    "L103",
    "L201",
    "L202",
    "L203",
    "L204",
    "L301",
    "L302",
    "L303",
    "L401",
    "L501",
]


STEPS = 200_000
NEED_A_CHIP = ("L103", "L401", "L501")
"""Their checks hold a program to its chip, run it, or end before it does."""


def found(source: str, inferences: int | None = None) -> list[str]:
    """The codes of what is found in a source."""
    program = assemble(source, file="small.s")
    return [one.code for one in (*lint(program, inferences), *unused_names(source, "small.s"))]


def test_codes_are_stable() -> None:
    assert list(FINDINGS) == CODES


@pytest.mark.parametrize("code", [code for code in CODES if code not in NEED_A_CHIP])
def test_the_example_of_a_finding_has_just_that_and_its_mend_none(code: str) -> None:
    assert found(FINDINGS[code].example.broken) == [code]
    assert found(FINDINGS[code].example.mended) == []


SAID = dict(line.split(" ", 1) for line in Path(__file__).with_name("texts.txt").read_text().splitlines())
"""What is said of the example of each finding: "line message | hint", then further places, by code."""


@pytest.mark.parametrize("code", CODES)
def test_each_finding_says_just_this_of_its_example(code: str) -> None:
    source = FINDINGS[code].example.broken
    program = assemble(source, file="small.s")
    if code in NEED_A_CHIP:
        one, *_ = of_program(program, steps=STEPS) or measured(program)[0]
    else:
        (one,) = [*lint(program), *unused_names(source, "small.s")]
    places = "".join(f" | note {where} {message}" for message, where in one.places)
    assert f"{one.where} {one.message} | {one.hint}{places}".replace("small.s:", "") == SAID[code]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.s")), ids=lambda path: path.stem)
def test_nothing_is_found_in_the_programs_of_the_repository(path: Path) -> None:
    assert [str(one) for one in (*lint(assemble_file(path)), *unused_names(path.read_text(), path.name))] == []


@pytest.mark.parametrize("network", ["letters_mlp", "digits_cnn", "lstm", "mobilenet"])
def test_nothing_is_found_in_compiled_networks(network: str) -> None:
    assert [str(one) for one in lint(open_program(f"zoo:{network}", weights=False))] == []


# Long programs --------------------------------------------------------------------------------------------------------


def looped(turns: int, *body: str) -> Program:
    """The small program with a loop in front of its inference, in a register that nothing counts with."""
    lines = "\n".join((f"loop l5, {turns}", f"long: {body[0]}", *body[1:], "next l5, long"))
    return assemble(changed(BASE, ("connect  g0\n", f"connect  g0\n{lines}\n")), file="small.s")


PAIR = ("signal buffer, t9", "await read, t9")


@pytest.mark.parametrize("less", [0, 1, 2, 5])
def test_a_walk_that_ends_early_says_so_and_one_that_reaches_the_end_does_not(less: int) -> None:
    """The steps of the run are counted by hand: three per turn, and what stands around the loop."""
    turns, around = 50, len(assemble(BASE).words) + 1
    program = looped(turns, *PAIR)
    steps = 3 * turns + around
    found = [one.code for one in of_program(program, steps=steps - less)]
    assert found == (["L501"] if less else [])
    assert of_program(program) == []


def test_a_walk_that_ends_early_calls_nothing_unused() -> None:
    """What is read behind the end of the walk would look unread."""
    (one,) = of_program(looped(2000, *PAIR), steps=1000)
    assert (one.code, one.where, one.message) == (
        "L501",
        "small",
        "the check ended after 1,000 instructions of a run: of what comes later nothing is said here",
    )


def test_a_rule_that_is_broken_within_the_steps_is_found() -> None:
    """65,536 tokens that nobody awaits; the whole loop of 16 million turns would take a minute."""
    found = of_program(looped(16777215, "signal buffer, t9"), steps=STEPS)
    assert [one.code for one in found] == ["R702", "L501"]


def test_a_set_up_without_an_end_is_cut_too() -> None:
    lines = "loop l5, 16777215\nlong: nop\nnext l5, long\nstart\n"
    program = assemble(changed(BASE, ("\nstart\n", f"\n{lines}")))
    assert [one.code for one in of_program(program, steps=5000)] == ["L501"]


# Words ----------------------------------------------------------------------------------------------------------------


def unread(program: Program, inferences: int) -> set[int]:
    """The instructions of which no word is ever read: each word with the set of those whose channels it has."""
    sequencer = Sequencer(program, inferences)
    holds: dict[int, set[int]] = {}
    wrote: set[int] = set()
    read: set[int] = set()
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is None or dispatch.row.mnemonic not in ACCESSES:
            continue
        reads, writes = ACCESSES[dispatch.row.mnemonic]
        whole = getattr(dispatch.ops, "shift", 0) == 0 and getattr(dispatch.ops, "tail", 64) == 64
        for word in visited(dispatch).tolist() if reads or writes else ():
            if reads:
                read |= holds.get(word, set())
            if writes:
                wrote.add(dispatch.pc)
                holds[word] = {dispatch.pc} if whole else holds.get(word, set()) | {dispatch.pc}
    return wrote - read


def cases(count: int) -> Iterator[tuple[Program, int]]:
    """Random programs, each with its inferences."""
    for seed in range(count):
        case = generate(seed)
        yield case.program, case.inferences


@pytest.mark.parametrize(("programs", "least"), [(25, 20), pytest.param(60, 50, marks=pytest.mark.slow)])
def test_results_that_nothing_reads_are_those_of_brute_force(programs: int, least: int) -> None:
    some = 0
    for program, inferences in cases(programs):
        wrote = Usage.of(program, inferences).wrote
        expected = unread(program, inferences)
        assert {pc for pc, read in wrote.items() if not read} <= expected  # no false alarm
        some += len(expected)
    assert some > least


PRODUCT = "feed     1, 1, tail=2\nmultiply g0, 1\nconvert  q0, 1\n"


@pytest.mark.parametrize("passes", [2, 3, 5])
def test_a_word_that_passes_share_is_read_for_all_of_them(passes: int) -> None:
    again = f"read     d0\n{PRODUCT}"
    parts = again.join(f"write    d1, shift={shift}, tail=1\n" for shift in range(passes))
    assert found(BASE.replace("write    d1\n", parts)) == []
    assert found(BASE.replace("write    d1\n", f"write    d1\n{again}base     d1, 3\n{parts}")) == ["L001"]


@pytest.mark.parametrize("read", [(), (7,), (8,), (9,), (7, 8), (8, 9), (7, 8, 9)])
def test_each_piece_of_the_initial_memory_is_found_that_nothing_reads(read: tuple[int, ...]) -> None:
    """Three pieces of a word each, some of which are added to the result."""
    pieces = "".join(f".memory  {at}, 1\n.row     {', '.join('1' * 64)}\n" for at in (7, 8, 9))
    uses = "".join(f"base     d2, {at}\nread     d2\n{PRODUCT}write    d1, shift={at}, tail=2\n" for at in read)
    source = BASE.replace("group    g0, 2, 2", f"{pieces}group    g0, 2, 2").replace(
        "signal   write", f"{uses}signal   write"
    )
    program = assemble(source, file="small.s")
    told = [one.message for one in lint(program) if one.code == "L003"]
    assert told == [f"no instruction reads word {at} of main memory" for at in (7, 8, 9) if at not in read]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [(0, 1, "word 2"), (0, 2, "word 1"), (1, 2, "word 0"), (1, 1, "2 words, of them 0 and 2,"), (0, 0, "words 1 to 2")],
)
def test_words_of_an_input_are_told_apart_whatever_is_written_far_behind_them(
    first: int, second: int, told: str
) -> None:
    """Three words come, of which two passes read one each; between them a result goes to a high address."""
    source = BASE.replace("shape=2\n.output", "shape=192\n.output").replace("d0, 0\n", "d0, 0\ndim      d0, 0, 3\n")
    far = f"{PRODUCT}base     d2, 5000\nwrite    d2\n"
    passes = f"base     d3, {first}\nread     d3\n{far}base     d3, {second}\nread     d3\n"
    program = assemble(source.replace("base     d1, 1", "base     d1, 9").replace("read     d0\n", passes))
    (message,) = [one.message for one in lint(program) if one.code == "L004"]
    assert message == f"no instruction reads {told} of the input `x`, of 3 words"


@pytest.mark.parametrize(
    ("counts", "read", "told"),
    [((1, 3), (0, 1), "word 2"), ((3, 1), (0, 2), "word 1"), ((2, 3), (2, 0), "words 1 to 2"), ((1, 2), (0, 1), None)],
)
def test_an_input_may_come_in_more_words_than_before(
    counts: tuple[int, int], read: tuple[int, int], told: str | None
) -> None:
    """The stream of an input in a loop has other words in the second inference, of which another word is read."""
    first, second = counts
    lines = f"read d3\ndim d0, 0, {second}\nbase d3, {read[1]}\nnext l0, again\nhalt"
    source = f".input x, shape=192\nstart\nbase d0, 0\ndim d0, 0, {first}\nbase d3, {read[0]}\nloop l0, host\n"
    program = assemble(f"{source}again: inference l0\ninput x, d0\n{lines}\n", file="small.s")
    messages = [one.message for one in lint(program, 2) if one.code == "L004"]
    assert messages == ([f"no instruction reads {told} of the input `x`, of 3 words"] if told else [])


def test_tokens_that_pile_up_are_shown_with_the_first_place_that_awaits_them() -> None:
    more = "signal   write, t1\n" * 3 + "nop\nawait    host_out, t1\nnop\nawait    host_out, t1\n"
    host = ("\ninference\n", "\nloop     l0, host\neach: inference l0\n"), ("halt", "next     l0, each\nhalt")
    source = changed(BASE, *host, ("signal   write, t1\nawait    host_out, t1\n", more))
    (one,) = lint(assemble(source, file="small.s"))
    first = source[: source.index("await    host_out, t1")].count("\n") + 1
    assert one.code == "L102" and one.message.startswith(
        "token t1 is signalled 3 times for each inference and awaited 2 times"
    )
    assert [(text, place.split(":")[1]) for text, place in one.places] == [("it is awaited here", str(first))]


@pytest.mark.parametrize(
    ("host", "lags", "samples", "walked"),
    [
        (True, [], 0, 2),
        (True, [], 1, 1),
        (True, [], 7, 2),
        (True, [1], 0, 2),
        (True, [2], 0, 3),
        (True, [5, 2], 0, 6),
        (True, [5], 3, 6),
        (False, [], 0, 1),
        (False, [], 7, 7),
    ],
)
def test_as_many_inferences_are_walked_through_as_show_all(
    host: bool, lags: list[int], samples: int, walked: int
) -> None:
    """Two, the second of which shows what the first left; behind the longest lag one more than that."""
    loop, lag = MNEMONICS["loop"], MNEMONICS["lag"]
    words = [encode(loop, {"loop": 0, "count": HOST_COUNT if host else 3})]
    words += [encode(lag, {"register": 1, "of": 0, "turns": turns}) for turns in lags]
    given = {"x": np.zeros((samples, 1), np.uint8)} if samples else {}
    program = replace(assemble(BASE), words=np.array(words, np.uint64), samples=given)
    assert _inferences(program) == walked


# Registers, tokens, loops ---------------------------------------------------------------------------------------------

CONNECT = "connect  g0\n"


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("base d5, 1\nbase d5, 2\nread d5\nfeed 1, 1\nmultiply g0, 1\nconvert q0, 1\nbase d6, 9\nwrite d6\n", ["L201"]),
        ("window w1, 3, 3, 9\n", ["L201"]),
        ("quant q9, 1, 3, zero=5\n", ["L201"]),
        ("window w1, 3, 3, 9\nborder w1, 2, 2\n", ["L201"]),
        ("loop l3, 7\nnext_: next l3, next_\n", ["L202"]),
        ("loop l3, 7\na: nop\nnop\nnext l3, a\n", ["L202"]),
        ("signal vmm, t9\nawait vmm, t9\n", []),
        ("signal vmm, t9\nsignal vmm, t9\nawait vmm, t9\n", []),  # once, in no loop
    ],
)
def test_what_is_set_and_made_for_nothing_is_found(lines: str, codes: list[str]) -> None:
    known = {"L001"} if "write" in lines else set()
    assert [code for code in found(changed(BASE, (CONNECT, CONNECT + lines))) if code not in known] == codes


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("a: base d5, 1\nnop\n", [(15, [])]),  # in four turns, but told once; not as set again by itself
        ("a: base d5, 1\nbase d5, 2\n", [(15, [16]), (16, [15])]),  # the second one by the first of the next turn
    ],
)
def test_what_is_set_in_each_turn_is_told_once_with_where_it_is_set_again(
    lines: str, told: list[tuple[int, list[int]]]
) -> None:
    program = assemble(changed(BASE, (CONNECT, f"{CONNECT}loop l3, 4\n{lines}next l3, a\n")), file="s")
    unused = [one for one in lint(program) if one.code == "L201"]
    assert [(one.where, [place for _, place in one.places]) for one in unused] == [
        (f"s:{line}", [f"s:{again}" for again in others]) for line, others in told
    ]


def test_a_loop_of_one_turn_whose_register_counts_is_meant() -> None:
    lines = (
        "loop l3, 1\na: base d5, 0, by=l3, stride=1\nread d5\nnext l3, a\nfeed 1, 1\nmultiply g0, 1\nconvert q0, 1\n"
    )
    assert found(changed(BASE, (CONNECT, f"{CONNECT}{lines}base d6, 9\nwrite d6\n"))) == ["L001"]


def test_names_in_shapes_conditions_and_macros_are_used() -> None:
    text = (
        ".equ K, 3\n.equ AxB, 2\n.equ N, 1\n.equ M, 1\n.input x, shape=KxKxAxB\n.if N\n.endif\n.macro m a=M\n.endm\nm\n"
    )
    assert [one.message for one in unused_names(text, "p.s")] == []
    assert [one.where for one in unused_names("a: .equ K, 3 ; K\n.name q, t1\n.macro m\n.endm\n", "p.s")] == [
        "p.s:1:9", "p.s:2:7", "p.s:3:8",
    ]  # fmt: skip


def test_a_source_that_includes_others_has_no_unused_names() -> None:
    assert list(unused_names('.include "a.s"\n.equ K, 3\n', "p.s")) == []


# Walks ----------------------------------------------------------------------------------------------------------------


def test_a_program_that_names_inferences_is_walked_as_far() -> None:
    begin = "\ninference\nbase", "\nloop l0, 5\na: inference l0\nbase"
    end = "endinference\n", "endinference\nnext l0, a\n"
    assert Usage.of(assemble(changed(BASE, begin, end))).inferences == 8  # doubled until there are five


def test_a_program_that_breaks_a_rule_is_refused() -> None:
    with pytest.raises(ProgramError, match="is used before it is set"):
        lint(assemble(changed(BASE, ("write    d1\n", "write    d2\n"))))


def test_the_page_is_made_from_the_rows(checkout: Path) -> None:
    assert (checkout / "docs" / "lint.md").read_text() == page(), "make pages"


@pytest.mark.parametrize(
    ("text", "word", "place"),
    [
        ("here: read d0, to=vector ; d1", "", (7, 4)),
        ("here: read d0, to=vector ; d1", "d0", (12, 2)),
        ("here: read d0, to=vector ; d1", "d1", (7, 4)),  # in the comment alone
        ("  read d10, d1", "d1", (13, 2)),
        ("   7, 8   ; no word", "", (1, 7)),
        ("", "", (1, 0)),
        ('.name "a;b#c" d0 ; d1', "d0", (15, 2)),
        ("write d0.x, xd0, d0", "d0", (18, 2)),  # neither a part of a longer name
    ],
)
def test_a_finding_stands_at_its_word_or_else_at_what_the_line_begins_with(
    text: str, word: str, place: tuple[int, int]
) -> None:
    assert in_line(text, word) == place


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("p.s:1", "p.s:1:1"),
        ("p.s:3", "p.s:3:5"),  # the last line
        ("p.s:4", "p.s:4"),  # none of the text
        ("other.s:2", "other.s:2"),
        ("p.s:2, layer a", "p.s:2, layer a"),
        ("p.s", "p.s"),
    ],
)
def test_an_error_gets_the_column_of_its_line_where_that_is_one_of_the_file(where: str, place: str) -> None:
    error = AcortexError("something", where=where)
    pointed(error, "p.s", ["nop", " halt", "a:  nop ; more"])
    assert error.where == place
