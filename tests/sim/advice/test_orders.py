"""Other orders of instructions: what is told saves just that, keeps every rule, and computes the same."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from systems import copying

from acortex.errors import AcortexError
from acortex.isa import assemble, assemble_file
from acortex.isa.codec import Instruction, as_text, decode
from acortex.isa.lint.rows import SAVES
from acortex.isa.program import Program
from acortex.isa.rules import BASE
from acortex.isa.sequencer import Sequencer
from acortex.programs.shipped import FOLDER
from acortex.sim.advice import orders as advice
from acortex.sim.advice.orders import (
    INFERENCES,
    Edit,
    Gain,
    Orders,
    _cycles,
    _earlier_and_later,
    _inputs,
    _more_places,
    _out_of_loops,
    better_orders,
    edited,
)
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import load_chip
from acortex.sim.lint import lint, measured
from acortex.sim.run import prepare
from judge.generate import generate


def texts(program: Program) -> list[str]:
    """The instructions of a program."""
    return [as_text(decode(int(word))) for word in program.words]


def orders(text: str) -> Orders:
    """The orders that are better than that of a source."""
    program = assemble(text, file="p.s", folder=FOLDER)
    return better_orders(program, chip_of(program))


def of_file(name: str, *changes: tuple[str, str]) -> str:
    """A program of the repository with something else in some places."""
    text = (FOLDER / f"{name}.s").read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def names(text: str, gain: Gain) -> tuple[str, str]:
    """The line that a gain moves, and that above which it is to stand."""
    program = assemble(text, file="p.s", folder=FOLDER)
    return tuple(" ".join(program.lines[at].text.split()) for at in (gain.edit.first, gain.edit.to))  # type: ignore[return-value]


WAITS_EARLY = of_file(
    "pipeline",
    ("        await   read, t1\n        signal  write, t1  ", "        signal  write, t1  "),
    ("ring=2\n        dim     d1, 0, SIDE\n        read    d0\n",
     "ring=2\n        dim     d1, 0, SIDE\n        await   read, t1\n        read    d0\n"),
)  # fmt: skip
"""The mistake that the head of pipeline.s warns of."""

IN_EACH_TURN = """\
.program turns
.chip acortex_digits
.input x, shape=64
.output y, shape=64
start
base d0, 0
base d1, 1
inference
input x, d0
signal host_in, t0
await read, t0
loop l1, 30
again: base d2, 0
dim d2, 0, 1, stride=3
dim d2, 1, 1, stride=3
dim d2, 2, 1, stride=3
dim d2, 3, 1, stride=3
read d2, to=vector
quant q0, 1, 0, activation=relu
requant q0, 1
write d1, source=vector
next l1, again
signal write, t1
await host_out, t1
output y, d1
endinference
halt
"""


def test_a_token_that_is_awaited_too_early_is_found_with_what_that_costs() -> None:
    best = orders(WAITS_EARLY).gains[0]
    assert names(WAITS_EARLY, best)[0] == "await read, t1"
    assert best.before - best.cycles > 50


def test_a_token_that_is_signalled_too_late_is_found_with_what_that_costs() -> None:
    text = (FOLDER / "vector_add.s").read_text()
    (best,) = orders(text).gains
    assert names(text, best) == ("signal host_in, t0", "input b, d1")
    mended = text.replace("        signal  host_in, t0\n", "").replace(
        "        input   b, d1\n", "        signal  host_in, t0\n        input   b, d1\n"
    )
    cycles = [prepare(assemble(one, folder=FOLDER)).time().cycles for one in (text, mended)]
    assert cycles == [best.before, best.cycles]


def test_registers_that_are_set_in_each_turn_are_found_with_all_that_changes_them() -> None:
    found = orders(IN_EACH_TURN)
    best = found.gains[0]
    assert (best.edit.last - best.edit.first, names(IN_EACH_TURN, best)) == (4, ("again: base d2, 0", "loop l1, 30"))
    assert ("quant q0, 1, 0, activation=relu", "loop l1, 30") in [names(IN_EACH_TURN, gain) for gain in found.gains]
    assert found.inferences == 1


def test_a_place_that_is_free_and_not_said_to_be_is_found() -> None:
    one_place = of_file("in_flight", (
        "        loop    l1, PLACES                      ; all places are free\nfree:   signal  read, t1\n"
        "        signal  host_out, t3\n        next    l1, free\n",
        "signal read, t1\n" * 4 + "signal host_out, t3\n",
    ))  # fmt: skip
    program = assemble(one_place, file="p.s", folder=FOLDER)
    slow_host = load_chip("acortex_digits", ["host.word_cycles=20"])
    best = next(gain for gain in better_orders(program, slow_host).gains if gain.edit.again)
    assert names(one_place, best)[0] == "signal host_out, t3"
    assert best.before - best.cycles > 10


@pytest.mark.parametrize("name", ["vmm", "in_flight", "conv3x3", "concat", "residual", "digits_mlp", "lstm_step"])
def test_nothing_is_told_of_programs_that_another_order_makes_no_faster(name: str) -> None:
    found = orders((FOLDER / f"{name}.s").read_text())
    assert (found.gains, found.left) == ([], 0)
    assert found.tried > 5


@pytest.mark.parametrize("text", [WAITS_EARLY, IN_EACH_TURN, (FOLDER / "vector_add.s").read_text()])
def test_what_is_told_keeps_every_rule_and_computes_the_same_in_just_as_many_cycles(text: str) -> None:
    program = assemble(text, file="p.s", folder=FOLDER)
    for gain in orders(text).gains:
        better = edited(program, gain.edit)
        assert not [one for one in lint(better) if one.code.startswith("R")]
        inputs = {name: array[:INFERENCES] for name, array in program.samples.items()} or {"x": np.ones((1, 64))}
        runs = [prepare(one, inputs=inputs).run() for one in (program, better)]
        assert (runs[0].cycles, runs[1].cycles) == (gain.before, gain.cycles)
        for tensor, codes in runs[0].outputs.items():
            np.testing.assert_array_equal(runs[1].outputs[tensor], codes)


def test_the_time_that_is_given_is_a_bound_and_says_what_was_left() -> None:
    program = assemble_file(FOLDER / "pipeline.s")
    found = better_orders(program, chip_of(program), seconds=0.0)
    assert (found.gains, found.tried) == ([], 0)
    assert found.left > 10
    assert measured(program, seconds=0.0)[1].startswith("0 other orders measured; time did not suffice for ")


def test_a_program_that_breaks_a_rule_has_no_better_order() -> None:
    program = assemble(BASE.replace("write    d1", "write    d5"))
    with pytest.raises(AcortexError, match="d5 is used before it is set"):
        better_orders(program, chip_of(program))


def test_the_example_of_the_hint_has_it_and_its_mend_has_not() -> None:
    broken, mended = (assemble(text, file="p.s") for text in (SAVES.example.broken, SAVES.example.mended))
    assert measured(mended) == ([], "17 other orders measured")
    (one, *_), _ = measured(broken)
    assert (one.code, one.places[0][0]) == ("L401", "above this it stalls less")
    assert one.where == "p.s:32"
    assert "saves" in one.message and "cycles of a run with 1 inference" in one.message


# Edits ----------------------------------------------------------------------------------------------------------------


def test_labels_lead_to_where_their_instructions_stand_after_an_edit() -> None:
    program = assemble("start\nloop l0, 2\na: nop\nbase d0, 1\nread d0\nnext l0, a\nlag l1, l0, 1, b\nnop\nb: halt")
    assert texts(edited(program, Edit(2, 3, 1))) == [
        "start", "nop", "base d0, 1", "loop l0, 2", "read d0", "next l0, 4", "lag l1, l0, 1, until=8", "nop", "halt",
    ]  # fmt: skip
    assert texts(edited(program, Edit(2, 2, 2, again=True)))[2:8] == [
        "nop", "nop", "base d0, 1", "read d0", "next l0, 2", "lag l1, l0, 1, until=9",
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_an_edit_and_its_inverse_leave_a_program_as_it_was(seed: int) -> None:
    program, chance = generate(seed).program, random.Random(seed)
    targets = {decode(int(word)).values.get("target", -1) for word in program.words}
    for _ in range(20):
        first = chance.randrange(len(program.words) - 3)
        to = chance.randrange(first + 1, len(program.words) - 1) + 1
        if targets & {*range(first, to + 1)}:
            continue  # a label stays where it is, and what moved away from it does not come back to it
        there = edited(program, Edit(first, first, to))
        assert sorted(there.words.tolist()) != [] and len(there.words) == len(program.words)
        back = edited(there, Edit(to - 1, to - 1, first))
        assert back.words.tobytes() == program.words.tobytes()
        Sequencer(there, 1)


def code_of(text: str) -> list[Instruction]:
    """The instructions of a text that need not run."""
    program = assemble(f".program p\n.chip acortex_digits\n{text}halt\n")
    return [decode(int(word)) for word in program.words]


NESTED = """\
start
base d0, 0
base d1, 1
signal read, t0
loop l0, 3
a: nop
loop l1, 2
b: base d2, 0
dim d2, 0, 1
dim d1, 0, 1
base d3, 0, by=l1
quant q0, 1, 0, activation=relu
read d2, to=vector
next l1, b
next l0, a
signal read, t1
"""


def test_registers_are_moved_out_of_each_loop_around_them_with_what_changes_them_alone() -> None:
    """Address 7 sets d2 and 8 changes it; 9 changes d1, and 10 follows a loop; 11 sets q0."""
    assert list(_out_of_loops(code_of(NESTED))) == [Edit(7, 8, 4), Edit(7, 8, 6), Edit(11, 11, 4), Edit(11, 11, 6)]


def test_places_are_those_that_are_free_before_the_first_inference() -> None:
    assert list(_more_places(code_of(NESTED))) == [Edit(at, at, at, again=True) for at in (3, 15)]
    marked = code_of("start\nsignal read, t0\ninference\nendinference\nsignal read, t1\n")
    assert list(_more_places(marked)) == [Edit(1, 1, 1, again=True)]


def test_instructions_move_past_a_few_of_their_own_agent_and_none_past_a_mark_but_tokens() -> None:
    code = code_of(
        "start\nsignal read, t2\nbase d0, 0\nbase d1, 0\ninference\nlayer one\nread d0, to=vector\nawait read, t0\n"
        "read d0, to=vector\nendlayer\nread d0, to=vector\nsignal read, t1\nread d1, to=vector\nendinference\n"
        "signal read, t3\n"
    )
    assert [(edit.first, edit.to) for edit in _earlier_and_later(code)] == [
        (7, 9), (7, 11), (7, 12), (7, 13),  # an await later
        (8, 6), (8, 7),  # a read earlier, back to `layer`
        (11, 6), (11, 7), (11, 8), (11, 10),  # a signal earlier
        (12, 10), (12, 11),
        (14, 8), (14, 10), (14, 11), (14, 12),
    ]  # fmt: skip


def test_nothing_moves_past_a_loop_or_to_before_what_others_lead_to() -> None:
    reads = "read d0, to=vector\n" * 2
    code = code_of(
        f"start\nbase d0, 0\n{reads}loop l0, 2\n{reads}a: read d0, to=vector\nread d0, to=vector\nnext l0, a\n"
    )
    assert [(edit.first, edit.to) for edit in _earlier_and_later(code)] == [(3, 2), (6, 5), (8, 7)]


def test_a_gain_is_told_from_one_in_so_many_cycles_on(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FOLDER / "vector_add.s").read_text()
    (best,) = orders(text).gains
    just = Fraction(best.before, best.before - best.cycles)
    monkeypatch.setattr(advice, "LEAST", just)
    assert orders(text).gains == [best]
    monkeypatch.setattr(advice, "LEAST", just * Fraction(9999, 10000))
    assert orders(text).gains == []


@pytest.mark.parametrize("wrong", ["m", "n", ""])
def test_an_order_counts_only_if_every_output_is_the_same(wrong: str) -> None:
    stage = copying("a", ("x",), ("m", "n"))
    given = {"x": np.arange(64, dtype=np.uint8)[None] % 16}
    ready = prepare(stage.program, stage.chip, inputs=given)
    cycles, outputs = ready.time().cycles, ready.values().outputs
    wanted = {name: codes + (name == wrong) for name, codes in outputs.items()}
    before = cycles + 5
    assert _cycles(stage.program, stage.chip, given, before, wanted) == (before if wrong else cycles)
    assert _cycles(stage.program, stage.chip, given, cycles - 5, outputs) == cycles - 5


@pytest.mark.parametrize(("encode", "highest"), [("codes", 15), ("binary", 1)])
def test_inputs_without_samples_are_codes_of_each_tensor(encode: str, highest: int) -> None:
    program = assemble(IN_EACH_TURN)
    (tensor,) = program.inputs
    codes = _inputs(replace(program, inputs=(replace(tensor, encode=encode),)))["x"]
    assert codes.shape == (1, 64) and codes.max() == highest and codes.min() == 0


def test_a_program_takes_few_samples_where_it_may_take_any_number_and_else_all() -> None:
    program = assemble(IN_EACH_TURN)
    many = {"x": np.zeros((9, 64), np.uint8)}
    assert len(_inputs(replace(program, samples=many))["x"]) == 9
    looped = assemble(IN_EACH_TURN.replace("inference\n", "loop l0, host\nturn: inference l0\n", 1).replace(
        "endinference\n", "endinference\nnext l0, turn\n"))  # fmt: skip
    assert len(_inputs(replace(looped, samples=many))["x"]) == INFERENCES == len(_inputs(looped)["x"])
