"""What each of the controller's instructions does to its registers, against expectations worked by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from acortex.isa.arithmetic.quantisers import Quantiser
from acortex.isa.arithmetic.windows import Window
from acortex.isa.codec import encode
from acortex.isa.operands import ACTIVATIONS, KINDS
from acortex.isa.program import Constants, Line, Program
from acortex.isa.sequencer import Dispatch, GroupPlan, ProgramError, Sequencer, Stream
from acortex.isa.table import MNEMONICS

INFERENCES = 2


def word(line: str) -> int:
    """The word of one line, operands by name or in the order of the row, without any check of the program."""
    mnemonic, _, rest = line.partition(" ")
    row = MNEMONICS[mnemonic]
    values = {}
    for index, part in enumerate(filter(None, (piece.strip() for piece in rest.split(",")))):
        name, _, text = part.rpartition("=")
        operand = row.by_name[name] if name else row.operands[index]
        kind = operand.kind
        if text in kind.choices:
            values[operand.name] = kind.choices.index(text)
        else:
            words = dict(kind.words)
            values[operand.name] = words[text] if text in words else int(text.lstrip("dlgqtw"))
    return encode(row, values)


def program(*lines: str) -> Program:
    """A program of these lines, each at its own address: what the assembler would refuse too."""
    words = np.array([word(line) for line in lines], dtype=np.uint64)
    return Program("p", "acortex_digits", words, tuple(Line("p.s", n + 1, text) for n, text in enumerate(lines)))


def walk(*lines: str) -> tuple[Sequencer, list[Dispatch]]:
    """Steps to the halt: the sequencer as it then is, and what the agents received."""
    sequencer = Sequencer(program(*lines, "halt"), INFERENCES)
    dispatches = []
    for _ in range(1000):
        dispatch = sequencer.step()
        if dispatch is not None:
            dispatches.append(dispatch)
        if sequencer.state == "halted":
            return sequencer, dispatches
    raise AssertionError("the program does not end")


def complaint(*lines: str) -> str:
    """The whole text of the error that a program runs into."""
    with pytest.raises(ProgramError) as caught:
        walk(*lines)
    return str(caught.value)


def pcs(dispatches: list[Dispatch]) -> list[int]:
    """The addresses of what was dispatched."""
    return [dispatch.pc for dispatch in dispatches]


# The program counter


def test_nop_does_nothing_and_halt_ends() -> None:
    sequencer = Sequencer(program("nop", "halt", "nop"), 1)
    assert sequencer.step() is None
    assert (sequencer.pc, sequencer.state) == (1, "running")
    assert sequencer.step() is None
    assert (sequencer.pc, sequencer.state) == (2, "halted")


def test_start_shows_until_the_next_step() -> None:
    sequencer = Sequencer(program("start", "nop"), 1)
    sequencer.step()
    assert sequencer.state == "started"
    sequencer.step()
    assert sequencer.state == "running"


def test_running_past_the_end() -> None:
    sequencer = Sequencer(program("nop", "nop"), 1)
    assert sequencer.in_program
    sequencer.step()
    sequencer.step()
    assert not sequencer.in_program
    with pytest.raises(
        ProgramError, match=re.escape("p.s:2: the program runs past its last instruction (1)")
    ) as caught:
        sequencer.step()
    assert caught.value.hint == "end it with halt"


def test_a_word_that_is_no_instruction_is_told_at_its_line() -> None:
    bad = Program(
        "p", "", np.array([word("nop"), 0xFF << 56], dtype=np.uint64), (Line("p.s", 1, ""), Line("p.s", 2, ""))
    )
    with pytest.raises(ProgramError) as caught:
        Sequencer(bad, 1)
    assert str(caught.value) == "p.s:2: word 0xff00000000000000: no instruction has opcode 0xff"


def test_without_lines_an_error_names_the_instruction() -> None:
    bare = Program("p", "", np.array([word("read d1")], dtype=np.uint64), ())
    with pytest.raises(ProgramError, match=r"^instruction 0: stream d1 is used"):
        Sequencer(bare, 1).step()


# Loops


def test_a_loop_runs_its_body_as_often_as_its_count() -> None:
    assert pcs(walk("loop l0, 3", "signal read, t0", "next l0, 1")[1]) == [1, 1, 1]


def test_a_loop_runs_its_body_at_least_once() -> None:
    assert pcs(walk("loop l0, 1", "signal read, t0", "next l0, 1")[1]) == [1]


def test_a_loop_over_the_host_runs_once_an_inference() -> None:
    assert len(walk("loop l0, host", "signal read, t0", "next l0, 1")[1]) == INFERENCES


def test_an_inner_loop_begins_anew_at_each_turn_of_the_outer() -> None:
    lines = (
        "loop l0, 2",
        "signal read, t0",
        "loop l1, 3",
        "signal read, t1",
        "next l1, 3",
        "signal read, t2",
        "next l0, 1",
    )
    assert pcs(walk(*lines)[1]) == [1, 3, 3, 3, 5, 1, 3, 3, 3, 5]


def test_a_jump_may_lead_into_the_middle_of_the_body() -> None:
    assert pcs(walk("loop l0, 2", "signal read, t0", "signal read, t1", "next l0, 2")[1]) == [1, 2, 2]


def test_a_next_may_jump_to_itself() -> None:
    sequencer, _ = walk("loop l0, 5", "next l0, 1")
    assert sequencer.counts[0] == 4


@pytest.mark.parametrize(("target", "pc"), [(1, 3), (0, 3), (4, 3), (5, 3)])
def test_a_next_outside_its_loops_body(target: int, pc: int) -> None:
    assert complaint("nop", "loop l2, 3", "nop", f"next l2, {target}", "nop") == (
        f"p.s:4: next jumps to {target}, outside the body of l2, which is 2 to {pc}\n"
        "  hint: jump to a label between the loop and its next"
    )


def test_a_next_without_its_loop() -> None:
    assert complaint("next l5, 0") == (
        "p.s:1: loop register l5 is used before a loop sets it\n  hint: begin it with loop, or set it with lag"
    )


# Registers that lag


def test_a_register_lags_behind_its_loop_and_leaves_out_what_has_no_turn_yet() -> None:
    lines = ("loop l0, 4", "lag l1, l0, 2, until=4", "inference l1", "signal read, t1", "inference l0",
             "signal read, t0", "next l0, 1")  # fmt: skip
    sequencer = Sequencer(program(*lines, "halt"), 4)
    seen = []
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None:
            seen.append((dispatch.ops.token, dispatch.inference))
    assert seen == [(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (0, 3)]
    assert sequencer.counts[:2] == [3, 1]


def test_a_register_that_lags_moves_what_a_loops_own_moves() -> None:
    lines = ("loop l0, 4", "lag l1, l0, 1, until=6", "base d0, 10, by=l1, stride=1, ring=2", "advance d0, l1, 100",
             "read d0", "nop", "next l0, 1")  # fmt: skip
    _, reads = walk(*lines)
    assert [read.stream and read.stream.base for read in reads] == [10, 111, 210]


def test_a_lag_of_0_is_the_count_itself_and_one_behind_a_loop_that_ended_counts_from_its_last_turn() -> None:
    sequencer, _ = walk("loop l0, 5", "lag l1, l0, 0", "next l0, 1", "lag l2, l0, 3")
    assert sequencer.counts[:3] == [4, 4, 1]


def test_where_there_is_no_turn_yet_a_register_loses_what_it_held() -> None:
    lines = ("loop l0, 2", "nop", "next l0, 1", "lag l1, l0, 1", "loop l0, 1", "lag l1, l0, 1, 6", "inference l1")
    assert complaint(*lines, "next l0, 5") == (
        "p.s:7: loop register l1 is used before a loop sets it\n  hint: begin it with loop, or set it with lag"
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("lag l1, l0, 1", "nothing lies 1 turn before turn 0 of l0"),
        ("lag l1, l0, 127", "nothing lies 127 turns before turn 0 of l0"),
        ("lag l1, l0, 1, 2", "lag leads to 2, and stands at 2 itself"),
        ("lag l1, l0, 1, 1", "lag leads to 1, and stands at 2 itself"),
        ("lag l0, l0, 0", "l0 counts a loop"),
        ("lag l1, l2, 0", "loop register l2 is used before a loop sets it"),
    ],
)
def test_lags_that_are_refused_as_they_run(line: str, message: str) -> None:
    assert complaint("nop", "loop l0, 2", line, "next l0, 2").startswith(f"p.s:3: {message}\n  hint: ")


# Streams


@pytest.mark.parametrize(
    ("operands", "bases"),
    [
        ("100", [100, 100, 100, 100, 100]),
        ("100, by=l0, stride=10", [100, 110, 120, 130, 140]),
        ("100, by=l0, stride=-10", [100, 90, 80, 70, 60]),
        ("100, by=l0, stride=10, ring=2", [100, 110, 100, 110, 100]),
        ("100, by=l0, stride=-10, ring=3", [100, 90, 80, 100, 90]),
        ("100, stride=10, ring=2", [100, 100, 100, 100, 100]),
    ],
)
def test_base_moves_with_its_loop(operands: str, bases: list[int]) -> None:
    _, reads = walk("loop l0, 5", f"base d3, {operands}", "read d3", "next l0, 1")
    assert [read.stream and read.stream.base for read in reads] == bases


def test_base_follows_the_loop_that_it_names() -> None:
    lines = ("loop l0, 2", "loop l7, 2", "base d0, 0, by=l0, stride=100", "base d1, 0, by=l7, stride=1")
    _, reads = walk(*lines, "read d0", "read d1", "next l7, 2", "next l0, 1")
    assert [read.stream and read.stream.base for read in reads] == [0, 0, 0, 1, 100, 0, 100, 1]


def test_base_by_a_loop_that_never_began() -> None:
    assert complaint("base d0, 0, by=l1, stride=1") == (
        "p.s:1: loop register l1 is used before a loop sets it\n  hint: begin it with loop, or set it with lag"
    )


def test_dim_sets_one_axis_and_base_clears_all() -> None:
    sequencer, _ = walk(
        "base d0, 7", "dim d0, 0, 2", "dim d0, 3, 5, stride=-9", "base d1, 7", "dim d1, 1, 3", "base d1, 8"
    )
    assert sequencer.streams[0] == Stream(7, (2, 1, 1, 5), (1, 0, 0, -9))
    assert sequencer.streams[1] == Stream(8)


def test_advance_moves_a_stream_beside_its_base() -> None:
    lines = ["loop l0, 3", "loop l1, 2", "base d0, 50, by=l0, stride=10, ring=2", "dim d0, 1, 4, stride=7",
             "advance d0, by=l1, stride=-3", "read d0", "next l1, 2", "next l0, 1"]  # fmt: skip
    _, reads = walk(*lines)
    bases = [50, 47, 60, 57, 50, 47]
    assert [read.stream for read in reads] == [Stream(base, (1, 4, 1, 1), (0, 7, 0, 0)) for base in bases]


def test_advance_moves_no_stream_that_is_not_set() -> None:
    assert "stream d8 is used before it is set" in complaint("loop l0, 1", "advance d8, by=l0, stride=1")
    assert "loop register l1 is used before a loop sets it" in complaint("base d8, 1", "advance d8, by=l1, stride=1")


def test_a_stream_walks_axis_0_fastest() -> None:
    sequencer, _ = walk("base d0, 50", "dim d0, 0, 3, stride=2", "dim d0, 2, 2, stride=-10")
    stream = sequencer.streams[0]
    assert stream.addresses().tolist() == [50, 52, 54, 40, 42, 44]
    assert (stream.size, stream.bounds()) == (6, (40, 54))


def test_what_was_dispatched_keeps_its_stream() -> None:
    _, reads = walk("base d0, 1", "read d0", "base d0, 2", "read d0")
    assert [read.stream for read in reads] == [Stream(1), Stream(2)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("dim d9, 0, 2", "stream d9 is used before it is set\n  hint: set it with base first"),
        ("read d4", "stream d4 is used before it is set\n  hint: set it with base first"),
        ("convert q7, 1", "quantiser q7 is used before it is set\n  hint: set it with quant first"),
        ("add q1, q2, 1", "quantiser q1 is used before it is set\n  hint: set it with quant first"),
        ("border w3, 1, 1", "window w3 is used before it is set\n  hint: set it with window first"),
        ("multiply g4, 1", "group g4 was never set up\n  hint: set it up with group and rect before start"),
    ],
)
def test_a_register_that_is_used_before_it_is_set(line: str, message: str) -> None:
    assert complaint(line) == f"p.s:1: {message}"


def test_the_other_quantiser_and_the_window_must_be_set_too() -> None:
    assert "p.s:2: quantiser q2 is used" in complaint("quant q1, 1, 0", "add q1, q2, 1")
    assert "p.s:2: window w1 is used" in complaint("base d0, 0", "fetch d0, w1")


# Quantisers and windows


def test_tune_gives_a_quantiser_constants_that_gain_keeps_and_quant_takes_away() -> None:
    constants = Constants("c", np.array([[3, 4]]))

    def tuned(*lines: str) -> Quantiser:
        sequencer = Sequencer(replace(program("quant q5, 409, 14", *lines, "halt"), constants=(constants,)), 1)
        while sequencer.state != "halted":
            sequencer.step()
        return sequencer.quantisers[5]

    assert tuned("tune q5, 0") == Quantiser(409, 14, constants=constants, tuned=1)
    assert tuned("tune q5, 0", "gain q5, 7").constants is constants
    assert tuned("tune q5, 0", "quant q5, 409, 14") == Quantiser(409, 14)
    assert "p.s:1: quantiser q5 is used before it is set" in complaint("tune q5, 0")


def test_a_second_coding_is_looked_up_only_where_words_use_it() -> None:
    two = ("quant q1, 1, 0", "quant q2, 2, 0")
    assert walk(*two, "convert q1, 1")[1][0].other is None
    assert walk(*two, "convert q1, 1, then=q2, every=4")[1][0].other == Quantiser(2, 0)
    assert "p.s:2: quantiser q3 is used" in complaint("quant q1, 1, 0", "convert q1, 1, then=q3, every=4")


def test_quant_sets_all_of_a_quantiser() -> None:
    sequencer, _ = walk("quant q5, 409, 14, 3, 2, 12, relu", "quant q0, 1, 0")
    assert sequencer.quantisers[5] == Quantiser(409, 14, 3, 2, 12, "relu")
    assert sequencer.quantisers[0] == Quantiser(1, 0, 0, 0, 15, "none")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_quant_takes_every_activation(name: str) -> None:
    assert walk(f"quant q0, 1, 0, activation={name}")[0].quantisers[0].activation == name


def test_gain_sets_the_gain_alone_and_quant_sets_it_to_one() -> None:
    given = "quant q5, 409, 14, 3, 2, 12, leaky"
    assert walk(given, "gain q5, 655")[0].quantisers[5] == Quantiser(409, 14, 3, 2, 12, "leaky", 655)
    assert walk(given, "gain q5, 655", given)[0].quantisers[5].gain == 65536


def test_window_sets_its_kernel_and_clears_the_border() -> None:
    window = "window w1, 3, 5, 56, 2, 4, 6, 7, packed=8"
    bordered, _ = walk(window, "border w1, 28, 14, 1, 2, 9")
    assert bordered.windows[1] == Window(3, 5, 2, 4, 6, 7, 56, 8, 28, 14, 1, 2, 9)
    assert walk(window, "border w1, 28, 14, 1, 2, 9", window)[0].windows[1] == Window(3, 5, 2, 4, 6, 7, 56, 8)


@pytest.mark.parametrize("packed", KINDS["packed"].choices)
def test_a_window_may_pack_as_many_pixels_as_the_table_says(packed: str) -> None:
    row = MNEMONICS["window"]
    field = {
        "window": 0,
        "kernel_y": 1,
        "kernel_x": 1,
        "width": 9,
        "packed": row.by_name["packed"].kind.choices.index(packed),
    }
    bare = Program("p", "", np.array([encode(row, field)], dtype=np.uint64), ())
    sequencer = Sequencer(bare, 1)
    sequencer.step()
    assert sequencer.windows[0].packed == int(packed)


# Layers and inferences


def test_what_is_issued_belongs_to_the_layer_before_it() -> None:
    mark = "signal read, t0"
    _, marks = walk(mark, "layer 4", mark, "layer 0", mark, "endlayer", mark)
    assert [m.layer for m in marks] == [0, 5, 1, 0]


def test_what_is_issued_belongs_to_the_inference_before_it() -> None:
    mark = "signal read, t0"
    _, marks = walk(mark, "inference", mark, "endinference", mark, "loop l1, host", "inference l1", mark, "next l1, 6")
    assert [m.inference for m in marks] == [-1, 0, -1, 0, 1]


def test_an_inference_that_the_host_does_not_have() -> None:
    assert complaint("loop l0, 3", "inference l0", "next l0, 1") == (
        "p.s:2: inference 2 is past the host's last, 1\n"
        "  hint: `loop l0, host` takes a turn for each inference that there is"
    )


# Groups


def test_group_and_rect_describe_a_plan() -> None:
    sequencer, _ = walk("group g1, 785, 64", "rect g1, 4, 100, 9", "rect g1, 5, 6, 4, 2")
    assert sequencer.groups[1] == GroupPlan(0, 785, 64, ((4, 100, 9, 1), (5, 6, 4, 2)), (1, 2))


def test_a_group_is_set_up_once() -> None:
    assert complaint("group g1, 1, 1", "group g1, 1, 1") == (
        "p.s:2: group g1 is set up twice\n  hint: give each group a number of its own"
    )


def test_a_rect_needs_its_group() -> None:
    assert complaint("rect g6, 0, 0") == "p.s:1: rect before group g6 was begun\n  hint: begin it with group"


@pytest.mark.parametrize(("step", "groups"), [(1, [2, 3, 4]), (-1, [2, 1, 0])])
def test_a_loop_moves_from_group_to_group(step: int, groups: list[int]) -> None:
    plans = [f"group g{n}, 1, 1" for n in range(5)]
    for mnemonic in ("connect g2", "disconnect g2", "multiply g2, 1"):
        _, uses = walk(*plans, "loop l3, 3", f"{mnemonic}, by=l3, step={step}", "next l3, 6")
        assert [use.group for use in uses] == groups


def test_a_loop_must_not_leave_the_groups() -> None:
    message = complaint("group g0, 1, 1", "loop l0, 2", "connect g0, by=l0, step=1", "next l0, 2")
    assert message.startswith("p.s:3: group g1 was never set up")


# Agents


def test_signal_and_await_go_to_the_agent_that_they_name() -> None:
    sequencer = Sequencer(program("signal host_in, t5", "await vmm, t5", "nop"), 1)
    assert sequencer.agent() == "host_in"
    signal = sequencer.step()
    wait = sequencer.step()
    assert signal is not None and wait is not None
    assert (signal.agent, signal.ops.token, signal.stream, signal.group) == ("host_in", 5, None, -1)
    assert (wait.agent, wait.ops.token) == ("vmm", 5)
    assert sequencer.agent() == "controller"


def test_a_dispatch_holds_every_register_that_it_names() -> None:
    lines = ("base d0, 9", "dim d0, 0, 4", "window w0, 2, 2, 4", "quant q0, 3, 1", "quant q1, 5, 1")
    _, (pool, add) = walk(*lines, "pool d0, w0, q0", "add q0, q1, 4")
    assert (pool.stream, pool.window) == (Stream(9, (4, 1, 1, 1), (1, 0, 0, 0)), Window(2, 2, 1, 1, 1, 1, 4, 1))
    assert (pool.quantiser, pool.agent) == (Quantiser(3, 1), "vector")
    assert (add.quantiser, add.other, add.stream, add.window) == (Quantiser(3, 1), Quantiser(5, 1), None, None)
