"""Networks on chips with no word to spare: inputs lend their words, and groups of convolutions are joined."""

from dataclasses import replace

import numpy as np
import pytest
from random_exported import random_exported

from acortex.programs import quantised
from acortex.programs.compiler import TooLong, compile_graph, instructions_of, plan_graph
from acortex.programs.emit.program import emit
from acortex.programs.mapping.memory_plan import WORD_BYTES
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Network
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)
INFERENCES = 3


def same_outputs(first, other, given):
    """Whether two programs give the same, both timed and held to their order, word by word."""
    runs = [run(program, CHIP, inputs=given, check_order=True).outputs for program in (first, other)]
    return runs[0].keys() == runs[1].keys() and all(np.array_equal(runs[0][n], runs[1][n]) for n in runs[0])


def numbers(graph, seed=0):
    rng = np.random.default_rng(seed)
    return {
        port.name: rng.standard_normal((INFERENCES, *port.shapes[0]), dtype=np.float32)
        for port in (*graph.inputs, *graph.unread)
    }


@pytest.mark.sampled(14)
@pytest.mark.parametrize("seed", range(40))
def test_a_network_in_the_least_memory_computes_what_it_does_in_more(seed):
    graph = quantised(from_proto(random_exported(seed, steps=3 + seed % 9, opset=13)))
    wide = compile_graph(graph, MACHINE)
    tight = compile_graph(graph, replace(MACHINE, memory_words=wide.plan.memory.least))
    assert tight.report.memory_peak_bytes == wide.plan.memory.least * WORD_BYTES
    assert same_outputs(wide.program, tight.program, numbers(graph, seed))


def test_some_of_these_networks_lend_the_words_of_their_inputs():
    lent = 0
    for seed in range(40):
        graph = quantised(from_proto(random_exported(seed, steps=3 + seed % 9, opset=13)))
        least = plan_graph(graph, MACHINE).memory.least
        lent += plan_graph(graph, replace(MACHINE, memory_words=least)).memory.lent
    assert lent >= 10


def separable(channels):
    """A convolution for each channel, scales behind an activation, and one in groups: all cut by words of outputs."""
    each = np.linspace(0.5, 2, channels)
    x = Network("separable", input=(channels, 6, 6)).conv(channels, 3, groups=channels, pad=1).relu()
    x = x.batch_norm(scale=each, bias=each - 1, mean=each * 0, variance=each * 0 + 1).relu()
    return x.conv(channels, 3, groups=channels // 2)


@pytest.mark.parametrize("channels", [200, 256, 520])
def test_joined_words_of_outputs_take_more_arrays_fewer_instructions_and_give_the_same(channels):
    graph = quantised(separable(channels))
    plain = compile_graph(graph, MACHINE)
    for joined in (2, 4):
        size = instructions_of(emit(plan_graph(graph, MACHINE, "best", joined))[0])
        assert size < plain.report.instructions
        shorter = compile_graph(graph, replace(MACHINE, instruction_words=size))
        assert shorter.report.instructions == size
        assert shorter.report.arrays_used > plain.report.arrays_used
        assert same_outputs(plain.program, shorter.program, numbers(graph))


@pytest.mark.parametrize(
    "less", [{"instruction_words": 40}, {"instruction_words": 161, "m_top": 16, "m_bottom": 4, "columns": 4}]
)
def test_where_joining_is_not_enough_or_takes_too_many_arrays_the_program_is_too_long(less):
    graph = quantised(separable(256))
    arrays = compile_graph(graph, MACHINE).report.arrays_used
    machine = replace(MACHINE, **less)
    assert arrays <= machine.arrays
    with pytest.raises(TooLong, match="the program has 261 instructions"):
        compile_graph(graph, machine)
