"""What the debugger's views print of each state: by hand, so that every branch of a line has a test of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import AcortexError
from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.sequencer import Stream
from acortex.sim.debug.results import (
    Breakpoint,
    BufferState,
    Change,
    ChannelState,
    GroupState,
    Item,
    ListedLine,
    Loop,
    Place,
    QueueState,
    Registers,
    TensorState,
    TokenState,
    UnitState,
    Where,
    Word,
)
from acortex.tools.views import debug as views

READ = Place(4, "p.s", 12, "read d0")
MULTIPLY = Place(5, "p.s", 13, "multiply g0, 1", layer="product", inference=2)
WHERE = Where(7, "running", READ, issues_now=True, issued=3)
IDLE = UnitState("buffer", "idle", 0)
QUEUE = ChannelState("words", 8, 2, 1, ())
WORD = Word(3, np.arange(64, dtype=np.uint8) % 16, "written", by=READ)


# Where a run stands ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "lines"),
    [
        ({}, ["cycle 7        p.s:12: read d0"]),
        ({"issues_now": False}, ["cycle 7        p.s:12: read d0   (not in this cycle)"]),
        ({"next": MULTIPLY}, ["cycle 7        p.s:13: multiply g0, 1   ; layer product, inference 2"]),
        ({"next": None}, ["cycle 7        all instructions have been issued"]),
        ({"state": "ended"}, ["cycle 7        the program has ended"]),
        ({"state": "ended", "next": None}, ["cycle 7        the program has ended"]),
        ({"reasons": ("breakpoint 1, p.s:12",)}, ["breakpoint 1, p.s:12", "cycle 7        p.s:12: read d0"]),
    ],
)
def test_where_says_the_cycle_and_what_comes_next(change: dict[str, object], lines: list[str]) -> None:
    assert list(views.where(replace(WHERE, **change))) == lines


def test_a_failure_is_shown_with_its_error_and_its_instruction() -> None:
    error = AcortexError("word 9 is empty", where="p.s:12", hint="write it first")
    found = list(views.where(replace(WHERE, state="failed", issues_now=False, error=error)))
    assert found[0] == "cycle 7        the program has failed"
    assert found[1:-1] == [f"  {line}" for line in str(error).splitlines()]
    assert found[-1] == "cycle 7        p.s:12: read d0"  # what failed is no instruction of a later cycle


@pytest.mark.parametrize(("by", "end"), [(READ, "  by p.s:12"), (None, "")])
def test_the_change_of_a_watched_word_is_shown_before_and_after(by: Place | None, end: str) -> None:
    change = Change(3, np.zeros(4, np.uint8), np.full(4, 10, np.uint8), by)
    found = list(views.where(replace(WHERE, changes=(change,))))
    assert found[:2] == ["  before  0000", f"  now     aaaa{end}"]


def test_units_at_work_and_their_waits_are_named_around() -> None:
    units = [
        IDLE,
        UnitState("read", "busy", 9),
        UnitState("vmm", "goes on", 7),
        UnitState("write", "waits", 5, "token"),
    ]
    assert list(views.around(WHERE, units))[1:] == [
        "  3 instructions issued since the set-up", "  busy     read, vmm", "  waiting  write (token)",
    ]  # fmt: skip
    assert list(views.around(replace(WHERE, issued=1), [IDLE]))[1:] == [
        "  1 instruction issued since the set-up", "  busy     none", "  waiting  none",
    ]  # fmt: skip


def test_a_long_list_of_units_is_wrapped_between_them() -> None:
    units = [UnitState(f"array {number}/{number}", "waits", 0, "no vector") for number in range(40)]
    lines = "\n".join(views.around(WHERE, units)).split("  waiting  ")[1].split("\n")
    assert max(map(len, lines)) <= views.WIDTH and len(lines) > 5
    assert all(line.rstrip(",").endswith("(no vector)") for line in lines)  # never cut within a name


def test_a_listing_marks_the_next_line_and_breakpoints() -> None:
    lines = [
        ListedLine(READ, True, ()),
        ListedLine(MULTIPLY, False, (1,)),
        ListedLine(replace(READ, line=9), False, ()),
    ]
    assert list(views.listing(lines)) == [" > p.s:12  read d0", "*  p.s:13  multiply g0, 1", "   p.s:9   read d0"]


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        ([], ["no breakpoints"]),
        ([Breakpoint(1, "watch", "word 3")], ["watch 1: word 3"]),
        ([Breakpoint(2, "breakpoint", "p.s:12", 1)], ["breakpoint 2: p.s:12, has stopped 1 time"]),
        ([Breakpoint(2, "breakpoint", "p.s:12", 3)], ["breakpoint 2: p.s:12, has stopped 3 times"]),
    ],
)
def test_breakpoints_say_how_often_they_stopped(found: list[Breakpoint], lines: list[str]) -> None:
    assert list(views.breakpoints(found)) == lines


# Units, queues, tokens, registers -------------------------------------------------------------------------------------


def test_waits_say_since_when_for_what_and_from_whom() -> None:
    units = [
        UnitState("read", "waits", 5, "token", "token t0", of="host_in", place=READ, left=2),
        UnitState("memory", "busy", 9),
        UnitState("vmm", "goes on", 7, place=MULTIPLY, left=1),
        UnitState("write", "waits", 5, "codes", "a word of codes"),
        IDLE,
    ]
    assert list(views.waits(units)) == [
        "read    waits since cycle 5 for token: token t0, from host_in",
        "          p.s:12: read d0   2 events left",
        "memory  busy until cycle 9",
        "vmm     goes on in this cycle",
        "          p.s:13: multiply g0, 1   ; layer product, inference 2   1 event left",
        "write   waits since cycle 5 for codes: a word of codes",
        "idle: buffer",
    ]


def test_queues_of_agents_without_work_are_one_line() -> None:
    agents = [QueueState("read", 4, READ, 3, (MULTIPLY,)), QueueState("vmm", 4, None, 0, (READ, READ)),
              QueueState("write", 4, None, 0, ())]  # fmt: skip
    assert list(views.queues(agents, [QUEUE])) == [
        "read: 1 of 4 in the queue",
        "  at work  p.s:12: read d0   3 events left",
        "  queued   p.s:13: multiply g0, 1   ; layer product, inference 2",
        "vmm: 2 of 4 in the queue",
        "  queued   p.s:12: read d0",
        "  queued   p.s:12: read d0",
        "empty: write",
        "words    2 of 8 places taken, 1 there",
    ]


def test_a_queue_says_what_is_on_its_way() -> None:
    one = replace(QUEUE, capacity=1, taken=1, items=0, coming=(9, 11))
    assert views.channel(one) == "words    1 of 1 place taken, 0 there, 2 on the way (the next in cycle 9)"


def test_tokens_say_who_awaits_and_who_will_signal_them() -> None:
    found = [TokenState(0, 1, (), (), ()), TokenState(3, 0, (9, 12), ("read", "write"), (READ,))]
    assert list(views.tokens(found)) == [
        "t0: 1 there", "t3: 0 there, 2 in cycle 9; awaited by read, write", "  to come from p.s:12: read d0",
    ]  # fmt: skip
    assert list(views.tokens([])) == ["no tokens"]


def test_registers_are_shown_by_kind() -> None:
    window = Window(3, 2, 2, 1, 1, 1, 9, 1, rows=5, columns=4)
    streams = (0, Stream(5)), (12, Stream(7, (4, 1, 3, 1), (1, 0, -9, 0)))
    found = Registers(8, "product", 2, (Loop(1, 3, 6),), streams, ((0, Quantiser(3, 6, zero=8)),), ((0, window),))
    assert list(views.registers(found)) == [
        "next       address 8",
        "layer      product",
        "inference  2",
        "l1         turn 3 of 0 to 5",
        "d0         from word 5: one word",
        "d12        from word 7: 4 x 1, 3 x -9",
        "q0         sum * 3 / 2^6, zero 8, 0 to 15, none",
        "w0         3x2, strides 2 and 1, 5x4 positions of rows of 9",
    ]


def test_registers_outside_layers_and_inferences_have_dashes() -> None:
    assert list(views.registers(Registers(0, "", -1, (), (), (), ()))) == [
        "next       address 0", "layer      -", "inference  -",
    ]  # fmt: skip


# Values ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], ""),
        ([0], "0"),
        ([15, 1, 10], "f1a"),
        ([16, 1], "1001"),  # one that needs two digits gives all of them two
        ([1] * 17, "1111111111111111 1"),
        ([255] * 17, "ff" * 16 + " ff"),
        ([2] * 129, " ".join(["2" * 16] * 8) + " … of 129"),
        ([2] * 128, " ".join(["2" * 16] * 8)),
    ],
)
def test_codes_are_digits_sixteen_together(values: list[int], text: str) -> None:
    assert views.codes(np.array(values, dtype=np.uint8)) == text


@given(st.lists(st.integers(0, 255), min_size=1, max_size=views.MOST_CODES))
def test_codes_can_be_read_back(values: list[int]) -> None:
    digits = views.codes(np.array(values, dtype=np.uint8)).replace(" ", "")
    width = len(digits) // len(values)
    assert [int(digits[at : at + width], 16) for at in range(0, len(digits), width)] == values


def test_words_of_memory_say_their_state_and_what_is_to_come() -> None:
    empty = Word(10, np.zeros(4, np.uint8), "empty")
    coming = replace(WORD, codes=WORD.codes[:4], coming=np.full(4, 9, np.uint8), coming_by=MULTIPLY)
    assert list(views.memory([coming, empty])) == [
        "word  3  0123  written by p.s:12: read d0",
        " issued  9999  by p.s:13: multiply g0, 1   ; layer product, inference 2",
        "word 10  0000  empty ",
    ]


def test_the_buffer_shows_words_vectors_and_its_unit() -> None:
    item = Item(np.array([1, 2], np.uint8), seen=9)
    found = BufferState(IDLE, QUEUE, replace(QUEUE, name="vectors"), (item,), (replace(item, seen=3),))
    assert list(views.buffer(found, cycle=5)) == [
        "words    2 of 8 places taken, 1 there", "  12  seen from cycle 9",
        "vectors  2 of 8 places taken, 1 there", "  12",
    ]  # fmt: skip
    busy = replace(found, held=(), made=(), unit=UnitState("buffer", "busy", 8, place=READ, left=1))
    assert list(views.buffer(busy, 5))[-1] == "buffer   busy until cycle 8, 1 vector left: p.s:12: read d0"


GROUP = GroupState(
    0, 2, 2, 1, ((1, 0, 1, 1),), "w", np.array([[0, -7], [3, 0]], np.int8), False, None, None, at_work=()
)  # fmt: skip


def test_a_group_shows_where_it_lies_and_its_weights() -> None:
    assert list(views.group(GROUP)) == [
        "g0: 2 rows, 2 columns, 1 array", "  column 1, row 0, 1 array high, 1 wide", "  not connected",
        "  weights w: -7 to 3, 2 of 4 are 0",
    ]  # fmt: skip


def test_a_group_that_is_connected_says_by_whom_and_for_whom_it_works() -> None:
    busy = replace(GROUP, connected=True, by=READ, coming_by=MULTIPLY, at_work=(MULTIPLY,))
    tail = "p.s:13: multiply g0, 1   ; layer product, inference 2"
    assert list(views.group(busy))[2:5] == [
        "  connected since p.s:12: read d0", f"  to be changed by {tail}", f"  works for {tail}",
    ]  # fmt: skip


def test_a_group_without_weights_has_no_least_and_no_largest() -> None:
    empty = replace(GROUP, values=np.zeros((0, 0), np.int8))
    assert list(views.group(empty))[-1] == "  weights w: 0 to 0, 0 of 0 are 0"


def tensor(values: object, kind: str = "input", words: int = 1, there: int = 1) -> list[str]:
    """The lines of a tensor."""
    return list(views.tensor(TensorState("x", kind, 0, np.asarray(values), words, there)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "words", "there", "head"),
    [
        ("input", 1, 0, "input x of inference 0, 2: 0 of 1 word has left the host"),
        ("input", 4, 3, "input x of inference 0, 2: 3 of 4 words have left the host"),
        ("output", 4, 0, "output x of inference 0, 2: 0 of 4 words have reached the host"),
        ("weights", 0, 0, "weights x, 2"),
    ],
)
def test_a_tensor_says_how_much_of_it_is_there(kind: str, words: int, there: int, head: str) -> None:
    assert tensor([1, 2], kind, words, there)[0] == head


def test_numbers_of_a_vector_stand_sixteen_a_line_and_of_a_matrix_by_rows() -> None:
    assert tensor(range(18))[1:] == ["    " + " ".join(f"{n:>2}" for n in range(16)), "    16 17"]
    assert tensor([[1, -10], [3, 4]])[1:] == ["      1 -10", "      3   4"]


def test_axes_before_the_last_two_are_headings() -> None:
    assert tensor(np.arange(4).reshape(2, 1, 2))[1:] == ["  [0]", "    0 1", "  [1]", "    2 3"]
    assert tensor(np.zeros((1, 2, 1, 1), int))[1:] == ["  [0, 0]", "    0", "  [0, 1]", "    0"]


def test_a_long_row_and_many_lines_are_cut_and_say_so() -> None:
    assert tensor(np.zeros((1, 33), int))[1] == "    " + " ".join("0" * 32) + " …"
    assert tensor(np.zeros((1, 32), int))[1] == "    " + " ".join("0" * 32)
    lines = tensor(np.zeros((1064, 1), int))
    assert lines[-1] == "  … 1,000 more lines; `debugger.tensor('x').values` in Python has all"
    assert len(lines) == 1 + views.MOST_LINES + 1
    assert len(tensor(np.zeros((views.MOST_LINES, 1), int))) == 1 + views.MOST_LINES


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 2), (0, 2, 2)])
def test_a_tensor_without_numbers_has_none(shape: tuple[int, ...]) -> None:
    assert not any(digit in "".join(tensor(np.zeros(shape, int))[1:]) for digit in "0123456789")


def test_lines_have_no_spaces_at_their_ends() -> None:
    assert views.text_of(iter(["a  ", "", " b "])) == "a\n\n b"
