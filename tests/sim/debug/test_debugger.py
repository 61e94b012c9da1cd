"""A debugger goes forwards and backwards along a run, stops where it is to, and says what is wrong."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import acortex
from acortex.errors import UsageError
from acortex.isa import assemble, assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.debug.debugger import Debugger
from acortex.sim.debug.results import Where
from acortex.sim.run import prepare

PROGRAMS = Path(__file__).parents[3] / "programs"
STUCK = Path(__file__).parents[1] / "stuck.s"


def debugger(name: str = "vmm", *changed: str) -> Debugger:
    """A program of the repository under a debugger."""
    program = assemble_file(PROGRAMS / f"{name}.s")
    return Debugger(prepare(program, load_chip(program.chip, changed)), check_order=False)


def of_text(text: str, *changed: str, inferences: int = 1) -> Debugger:
    """A text under a debugger, on seeded inputs."""
    program = assemble(text)
    inputs = {one.name: np.zeros((inferences, *one.shapes[0]), np.uint8) for one in program.inputs}
    return Debugger(prepare(program, load_chip(program.chip, changed), inputs=inputs), check_order=False)


def state(one: Debugger) -> tuple[Any, ...]:
    """All that a chip is in its cycle."""
    taken = one.view.chip.snapshot()
    return taken.cycle, taken.state, taken.sums


# There and back -------------------------------------------------------------------------------------------------------


def test_a_run_begins_at_cycle_0_after_the_set_up() -> None:
    where = debugger().where()
    assert (where.cycle, where.state, where.issues_now, where.issued) == (0, "running", True, 0)
    assert str(where.next) == "vmm.s:27" and where.next is not None and where.next.text == "connect g0"


def test_each_step_ends_where_the_next_instruction_is_issued() -> None:
    one = debugger("conv3x3")
    issues = []
    acortex.run(PROGRAMS / "conv3x3.s", observers=[Issues(issues)], values=False)
    found = [one.where(), *(one.step() for _ in issues[1:])]
    assert [(where.cycle, where.next.pc if where.next else -1) for where in found] == issues
    assert all(where.issues_now and where.issued == number for number, where in enumerate(found))


class Issues:
    """An observer that keeps what the controller issues."""

    def __init__(self, kept: list[tuple[int, int]]) -> None:
        self.kept = kept

    def emit(self, start: int, duration: int, unit: int, kind: int, count: int, pc: int, *_: int) -> None:
        """Keeps an issue."""
        if unit == 0:
            self.kept.append((start, pc))

    def wait(self, *_: int) -> None:
        """Drops a wait."""


def test_many_steps_are_as_many_single_ones() -> None:
    one, other = debugger("conv3x3"), debugger("conv3x3")
    for count in (1, 7, 90, 300):
        for _ in range(count):
            other.step()
        assert one.step(count) == other.where()


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(1, 40)),
        st.tuples(st.just("cycles"), st.integers(1, 700)),
        st.tuples(st.just("back"), st.integers(1, 60)),
        st.tuples(st.sampled_from(["go_on", "until", "run", "to_end"]), st.just(0)),
    ),
    max_size=8,
)
KEPT = {name: debugger(name, *changed) for name, *changed in (("residual", "memory.ports=2"), ("in_flight",))}


@settings(max_examples=25)
@given(st.sampled_from(sorted(KEPT)), MOVES, st.sampled_from(["step", "cycles"]), st.integers(1, 900))
def test_back_after_as_many_moves_is_exactly_where_they_began(
    name: str, before: list[tuple[str, int]], kind: str, count: int
) -> None:
    one = KEPT[name]
    one.run()
    one.break_at("neurons")
    for move, times in before:
        getattr(one, move)(*[times] if times else [])
    one.delete(one.breakpoints[0].number)
    begun, was, moves = state(one), one.where(), moves_of(one)
    getattr(one, kind)(count)
    made = moves_of(one) - moves  # fewer than wanted where the run ends before
    assert made == count or one.where().state == "ended"
    if made:
        one.back(made)
    assert (state(one), one.where(), moves_of(one)) == (begun, was, moves)


def moves_of(one: Debugger) -> int:
    """How many moves a debugger can take back."""
    return sum(len(moves) for moves in one._moves)


@settings(max_examples=15)
@given(st.sampled_from(sorted(KEPT)), st.data())
def test_what_a_cycle_holds_does_not_depend_on_the_way_there(name: str, data: st.DataObject) -> None:
    far = KEPT[name]
    end = far.to_end().cycle
    cycle = data.draw(st.integers(1, end))
    far.back(10**9)
    far.until(f"cycle {cycle}")
    fresh = debugger(name, *(("memory.ports=2",) if name == "residual" else ()))
    fresh.cycles(cycle)
    assert state(far) == state(fresh)
    assert all_that_shows(far) == all_that_shows(fresh)


def all_that_shows(one: Debugger) -> list[str]:
    """All that a debugger shows."""
    shown = [one.where(), one.units(), one.queues(), one.channels(), one.tokens(), one.registers()]
    return [repr(each) for each in (*shown, one.memory(0, 31), one.buffer(), one.group(0), one.tensor("y"))]


def test_back_goes_on_by_instructions_where_there_are_no_moves_left() -> None:
    one = debugger()
    one.break_at(42)
    stopped = one.run()
    cycles = [stopped.cycle, *(one.back().cycle for _ in range(14))]
    assert cycles == list(range(14, -1, -1))
    assert one.back().cycle == 0
    one.step(5)
    assert one.back(3).next == debugger().step(2).next
    assert one.back(100).cycle == 0


def test_in_the_middle_of_a_wait_the_next_instruction_is_not_issued_in_this_cycle() -> None:
    one = debugger("vmm", "controller.queue_depth=1")
    waits = one.until("cycle 30")
    assert not waits.issues_now and waits.next is not None
    step = one.step()
    assert step.issues_now and step.next == waits.next and step.cycle > 30
    assert one.back().cycle == 30


# Stops ----------------------------------------------------------------------------------------------------------------


def test_a_line_a_label_a_cycle_and_a_unit_stop_a_run() -> None:
    one = debugger()
    for place, cycle in (("42", 14), ("vmm.s:42", 14), ("vector", 5), ("cycle 33", 33), ("vmm/frame", 31)):
        found = one.break_at(place)
        where = one.run()
        assert where.reasons == (f"breakpoint {found.number}, {found.about}",)
        if place != "vmm/frame":
            assert where.cycle == cycle
        one.delete(found.number)
    assert one.run().state == "ended" and one.run().reasons == ()


def test_a_breakpoint_at_the_first_instruction_stops_run_in_cycle_0_and_continue_afterwards() -> None:
    one = debugger()
    one.break_at(27)
    assert one.run().cycle == 0 and one.run().reasons
    assert one.go_on().state == "ended"


def test_two_breakpoints_of_one_cycle_stop_together_and_count_their_hits() -> None:
    one = debugger()
    one.break_at(42), one.break_at("cycle 14")
    assert [text.split(",")[0] for text in one.run().reasons] == ["breakpoint 1", "breakpoint 2"]
    one.go_on()
    assert [each.hits for each in one.breakpoints] == [2, 1]


def test_each_event_of_a_unit_stops_a_run_once() -> None:
    one, starts = debugger("conv3x3"), []

    class Frames(Issues):
        def emit(self, start: int, duration: int, unit: int, *_: int) -> None:
            if unit == numbers["vmm/frame"]:
                starts.append(start)

    numbers = one.places.units
    acortex.run(PROGRAMS / "conv3x3.s", observers=[Frames([])], values=False)
    one.break_at("vmm/frame")
    found, where = [], one.run()
    while where.reasons:
        found.append(where.cycle)
        where = one.go_on()
    assert found == starts


def test_a_watched_word_stops_after_each_write_with_what_it_changed() -> None:
    one, outputs = debugger(), acortex.run(PROGRAMS / "vmm.s").outputs["y"]
    one.watch(1)
    before = np.zeros(64, np.uint8)
    where = one.run()
    for output in outputs:
        [change] = where.changes
        assert np.array_equal(change.before, before) and np.array_equal(change.after, output)
        assert str(change.by) == "vmm.s:43"
        [word] = one.memory(1)
        assert np.array_equal(word.codes, output)
        before, where = output, one.go_on()
    assert where.state == "ended"


def test_until_leaves_a_loop_and_ends_at_a_place_once() -> None:
    one = debugger()
    one.until("vector")
    assert one.cycle == 5 and one.breakpoints == ()
    one.until("51")
    below = one.until()
    assert below.next is not None and below.next.text == "halt"
    assert one.until("39").state == "ended"


def test_a_line_in_another_file_a_set_up_line_and_a_line_without_an_instruction_are_explained() -> None:
    one = debugger()
    for place, message, hint in (
        ("36", "line 36 of vmm.s has no instruction", "the next is line 37: layer product"),
        ("99", "vmm.s has no instruction at line 99 or below it", "the last is at 52"),
        ("vmx.s:3", "no instruction is of a file vmx.s", "did you mean `vmm.s`?"),
        ("21", "vmm.s:21 belongs to the set-up", "line 27: connect g0"),
        ("vectr", "no line, label or unit is called 'vectr'", "did you mean `vector`?"),
        ("neuron", "no line, label or unit is called 'neuron'", "did you mean `neurons`?"),
        ("cycle x", "cycle is 'x'", "cycle 100"),
        ("unit vectr", "no unit is called 'vectr'", "did you mean `vector`?"),
        ("label nowhere", "no instruction has the label 'nowhere'", "at_12"),
        ("", "no line, label or unit is called ''", "a line, a label"),
    ):
        with pytest.raises(UsageError) as caught:
            one.break_at(place)
        assert message in str(caught.value) and hint in caught.value.hint


def test_the_vector_agent_and_a_label_of_its_name_are_told_apart() -> None:
    one = debugger()
    assert one.break_at("vector").about == "vector (vmm.s:32)"
    assert one.break_at("unit vector").about == "an event of vector"


@pytest.mark.parametrize("word", [-1, 32, 10**9])
def test_a_word_that_there_is_not_is_refused(word: int) -> None:
    one = debugger()
    for call in (one.watch, one.memory):
        with pytest.raises(UsageError, match=f"main memory has no word {word}"):
            call(word)


def test_what_there_is_not_is_refused() -> None:
    one = debugger()
    for call, message in (
        (lambda: one.memory(3, 1), "3..1 ends before it begins"),
        (lambda: one.group(1), "the program has no group g1"),
        (lambda: one.tensor("z"), "no tensor 'z'"),
        (lambda: one.tensor("y", 3), "there is no inference 3"),
        (lambda: one.delete(1), "there is no breakpoint 1"),
        (lambda: one.step(0), "step 0 goes nowhere"),
        (lambda: one.cycles(-1), "cycle -1 goes nowhere"),
        (lambda: one.listing("neurons"), "is no line of the program"),
    ):
        with pytest.raises(UsageError, match=message):
            call()  # type: ignore[no-untyped-call]


def test_a_chip_with_analog_errors_is_refused() -> None:
    with pytest.raises(UsageError, match="without analog errors"):
        debugger("vmm", "errors.model=analog")


# What is there --------------------------------------------------------------------------------------------------------


def test_an_output_arrives_word_by_word() -> None:
    one, outputs = debugger("vector_add"), acortex.run(PROGRAMS / "vector_add.s").outputs
    name = one.program.outputs[0].name
    there = set()
    one.to_end()
    while one.cycle > 300:
        one.back()
    while one.where().state == "running":
        found = one.tensor(name, 0)
        there.add(found.words_there)
        one.cycles(5)
    found = one.tensor(name, 0)
    assert found.words_there == found.words and np.array_equal(found.values, outputs[name][0])
    assert there <= set(range(found.words + 1))


def test_a_group_is_connected_once_its_instruction_is_done() -> None:
    one = debugger()
    assert (one.group(0).connected, one.group(0).by, one.group(0).coming_by) == (False, None, None)
    one.step()
    assert not one.group(0).connected and str(one.group(0).coming_by) == "vmm.s:27"
    one.cycles(10)
    found = one.group(0)
    assert found.connected and str(found.by) == "vmm.s:27" and found.rects == ((0, 0, 1, 1),)
    assert np.array_equal(found.values, one.program.weights[0].values)
    for _ in range(2):  # what was noted on the way there is taken back
        one.to_end()
        assert one.group(0) == found
        one.run()
        one.back(10**9)
        assert (one.group(0).connected, one.group(0).by, one.group(0).coming_by) == (False, None, None)


def test_an_input_and_weights_are_tensors() -> None:
    one = debugger()
    assert one.tensor("x").words_there == 0
    one.until("cycle 40")
    samples = one.program.samples["x"]
    for inference, there in ((0, 1), (2, 0)):
        found = one.tensor("x", inference)
        assert (found.kind, found.words_there) == ("input", there) and np.array_equal(found.values, samples[inference])
    assert one.tensor("w").kind == "weights"


def test_a_program_that_does_nothing_ends_at_once() -> None:
    one = of_text(".chip acortex_digits\nstart\nhalt")
    assert one.step().next is None
    assert one.run().state == "ended"
    assert one.back(5).cycle == 0


def test_an_assembled_program_has_the_labels_of_the_disassembler() -> None:
    from acortex.isa import container

    program = container.loads(container.dumps(assemble_file(PROGRAMS / "vmm.s")))
    one = Debugger(prepare(program), check_order=False)
    assert program.targets == {} and one.break_at("at_10").about == "at_10 (vmm.s:32)"
    with pytest.raises(UsageError, match="no line, label or unit is called 'at_99'"):
        one.break_at("at_99")


@pytest.mark.slow
def test_far_back_is_found_in_a_second_and_little_is_kept() -> None:
    import time

    one = debugger("digits_mlp")
    one.cycles(110_000)
    begun = time.process_time()
    assert one.back(100_000).cycle == 10_000
    assert time.process_time() - begun < 1
    assert len(one.timeline._points) < 200


def test_a_run_that_has_ended_is_held_to_the_order_of_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    from acortex.sim import arrivals

    def wrong(*_: object) -> None:
        raise arrivals.ArrivalError("another order")

    ready = prepare(assemble_file(PROGRAMS / "vmm.s"))
    monkeypatch.setattr(arrivals, "check", wrong)
    assert str(Debugger(ready, check_order=True).run().error) == "another order"
    assert Debugger(ready, check_order=False).run().error is None


def test_ctrl_c_leaves_a_run_at_a_cycle_that_can_be_gone_on_from(monkeypatch: pytest.MonkeyPatch) -> None:
    from acortex.sim.timing.wiring import TimedChip

    one, ends = debugger("residual"), debugger("residual").to_end()
    advance, calls = TimedChip.advance, random.Random(3)

    def interrupted(chip: TimedChip, cycle: int) -> None:
        advance(chip, cycle - calls.randrange(100))
        raise KeyboardInterrupt

    one.cycles(300)
    with monkeypatch.context() as patch:
        patch.setattr(TimedChip, "advance", interrupted)
        with pytest.raises(KeyboardInterrupt):
            one.go_on()
    assert 300 <= one.cycle < ends.cycle
    middle = one.where()
    assert isinstance(middle, Where) and middle.state == "running"
    assert one.go_on() == ends
