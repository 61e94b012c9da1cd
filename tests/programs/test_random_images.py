"""Random networks that shrink, enlarge and join images: beside the original, beside the reference, in little memory."""

from collections import Counter
from dataclasses import replace

import numpy as np
import originals
import pytest
from random_images import random_images
from test_exported_networks import unequal

from acortex.programs import quantised
from acortex.programs.compiler import compile_graph
from acortex.programs.network.importer import from_proto
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)
SEEDS = range(30)


def network(seed):
    return random_images(seed, 4 + seed % 8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_network_of_images_is_that_of_the_original(seed):
    made = network(seed)
    given = originals.inputs_of(made, seed)
    wanted = originals.float_models.float_outputs(made, given)["y"]
    assert np.abs(originals.evaluated(made, given)["y"] - wanted).max() <= 1e-5 * max(np.abs(wanted).max(), 1)


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", SEEDS)
def test_on_the_chip_it_is_that_of_the_reference(seed):
    assert unequal(network(seed), timing=seed % 4 == 0) == []


@pytest.mark.sampled(10)
@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_least_memory_it_is_the_same(seed):
    made = network(seed)
    given = originals.inputs_of(made, seed)
    graph = quantised(from_proto(made), given)
    wide = compile_graph(graph, MACHINE)
    tight = compile_graph(graph, replace(MACHINE, memory_words=wide.plan.memory.least))
    found = [run(one.program, CHIP, inputs=given, check_order=True).outputs["y"] for one in (wide, tight)]
    assert np.array_equal(*found)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30, 230))
def test_many_networks_of_images_are_those_of_their_references(seed):
    assert unequal(network(seed), timing=seed % 4 == 0) == []


def test_the_networks_reach_each_operator():
    seen = Counter(node.op_type for seed in SEEDS for node in network(seed).graph.node)
    assert all(seen[op] >= 2 for op in ("ConvTranspose", "Resize", "DepthToSpace", "PRelu", "Concat", "Add")), seen
