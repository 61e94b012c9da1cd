"""Steps of sequences as hardware loops: outputs, cycles and instructions, beside those of the unrolled program."""

from dataclasses import replace

import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_sequences import LAYERS, Kept, stack

from acortex.isa.asm.assembler import assemble
from acortex.programs import Network, quantised
from acortex.programs.compiler import compile_graph, instructions_of, plan_graph
from acortex.programs.emit import passes
from acortex.programs.emit.assembly import Registers
from acortex.programs.emit.program import ARRAYS, emit
from acortex.programs.mapping.loops import ends_of, first_word, straight
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)


def inputs_of(made, count=2):
    rng = np.random.default_rng(0)
    shapes = {one.name: one.shape for one in from_proto(made).inputs}
    return {name: rng.standard_normal((count, *shape)).astype(np.float32) for name, shape in shapes.items()}


def graph_of(made):
    return quantised(from_proto(made), inputs_of(made))


def unrolled(plan):
    """The program of a plan without its loops."""
    text, arrays = emit(replace(plan, sections=straight(plan.passes)))
    return assemble(text, file="unrolled.s", arrays={ARRAYS: arrays})


def expanded(plan):
    """The passes that sections stand for, by their numbers, each with where its streams begin."""
    found = []
    for section in plan.sections:
        for turn in range(section.turns):
            for index, moves in enumerate(section.moves):
                step = plan.passes[section.first + index]
                places = [first_word(end) + turn * moves.get(end, 0) for end in ends_of(step)]
                found.append((section.first + turn * section.count + index, places))
    return found


STACKS = given(st.lists(LAYERS, min_size=1, max_size=3), st.integers(1, 14), st.sampled_from([1, 7, 64, 65]))


@settings(deadline=None, max_examples=3)
@STACKS
def test_a_program_with_loops_does_what_the_unrolled_one_does(layers, steps, features):
    assert differences(layers, steps, features) == []


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@STACKS
def test_many_programs_with_loops_do_what_the_unrolled_ones_do(layers, steps, features):
    assert differences(layers, steps, features) == []


def differences(layers, steps, features):
    """What loops change: passes, outputs, cycles by more than a fiftieth; and outputs that the reference has not."""
    made = stack(layers, steps, features)
    graph, given = graph_of(made), inputs_of(made)
    compiled = compile_graph(graph, MACHINE)
    straight_on = [(n, list(map(first_word, ends_of(one)))) for n, one in enumerate(compiled.plan.passes)]
    found = [] if expanded(compiled.plan) == straight_on else ["passes"]
    loops, line = (run(one, CHIP, inputs=given) for one in (compiled.program, unrolled(compiled.plan)))
    session = onnxruntime.InferenceSession(reference(graph).SerializeToString())
    wanted = [session.run(list(loops.outputs), {key: array[n] for key, array in given.items()}) for n in range(2)]
    for number, (name, codes) in enumerate(loops.outputs.items()):
        found += [] if np.array_equal(codes, line.outputs[name]) else [f"{name} of the unrolled program"]
        of_reference = np.ravel([one[number] for one in wanted])
        found += [] if np.array_equal(codes.reshape(-1), of_reference) else [f"{name} of the reference"]
    near = abs(loops.report.cycles - line.report.cycles) <= 0.02 * line.report.cycles
    return found if near else [*found, f"cycles: {loops.report.cycles} and {line.report.cycles}"]


LSTM, GRU, RNN = (Kept(op, "forward", 5, False, False, False) for op in ("LSTM", "GRU", "RNN"))
BOTH = replace(LSTM, direction="bidirectional")


@pytest.mark.parametrize(
    "layers", [[LSTM], [GRU], [RNN], [LSTM] * 3, [BOTH] * 2], ids=["lstm", "gru", "rnn", "stack", "both ways"]
)
def test_instructions_do_not_depend_on_the_number_of_steps(layers):
    sizes = {
        instructions_of(compile_graph(graph_of(stack(layers, steps, 3, product=False)), MACHINE).text)
        for steps in (24, 25, 60)
    }
    assert len(sizes) == 1


def test_a_loop_saves_four_passes_at_least():
    """It has instructions of its own; what saves fewer is written out."""
    saved = [
        [
            (one.turns - 1) * one.count
            for one in plan_graph(quantised(Network(input=(steps, 8)).lstm(8)), MACHINE).sections
        ]
        for steps in range(1, 10)
    ]
    assert {number for row in saved for number in row if number < 4} == {0}
    assert 4 in {number for row in saved for number in row}


def test_a_thousand_steps_fit_and_take_a_thousand_times_as_long():
    graph = graph_of(stack([LSTM], 1000, 3, product=False))
    compiled = compile_graph(graph, MACHINE)
    assert compiled.report["instructions"] < 120
    loops = [section for section in compiled.plan.sections if section.turns > 1]
    assert [(one.count, one.turns) for one in loops] == [(1, 998)]
    few = compile_graph(graph_of(stack([LSTM], 100, 3, product=False)), MACHINE).program
    short, long = (run(one, CHIP, values=False, check_order=False).report.cycles for one in (few, compiled.program))
    assert long == pytest.approx(10 * short, rel=0.02)


def test_inputs_of_two_inferences_lie_in_rings_while_steps_move_within():
    compiled = compile_graph(graph_of(stack([LSTM], 12, 3)), MACHINE)
    assert set(compiled.plan.memory.rings.values()) == {2}
    assert "advance" in compiled.text


def test_quantisers_stand_before_a_loop_where_all_have_registers():
    text = compile_graph(graph_of(stack([LSTM] * 3, 12, 3)), MACHINE).text
    loop = text[text.index("loop    l1") : text.index("next    l1")]
    assert "quant" not in loop and "multiply" in loop


def test_a_loop_of_more_quantisers_than_registers_sets_them_in_each_turn(monkeypatch):
    made = stack([replace(LSTM, hidden=1 + n) for n in range(3)], 12, 3)
    plan = plan_graph(replace(graph_of(made), own_quantisers=True), MACHINE)
    wanted = run(unrolled(plan), CHIP, inputs=inputs_of(made), timing=False).outputs
    monkeypatch.setattr(passes, "Registers", lambda _: Registers(4))
    text, arrays = emit(plan)
    assert "quant" in text[text.index("loop    l1") : text.index("next    l1")]
    few = assemble(text, file="few.s", arrays={ARRAYS: arrays})
    found = run(few, CHIP, inputs=inputs_of(made), timing=False).outputs
    assert all(np.array_equal(found[name], codes) for name, codes in wanted.items())


def test_more_steps_than_a_sequence_may_have_are_refused():
    made = stack([LSTM], (1 << 14) + 1, 3)
    with pytest.raises(UnsupportedNodes, match="it has 16385 steps; 16384 is the most"):
        graph_of(made)
