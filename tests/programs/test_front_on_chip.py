"""The whole compiler: what the chip computes of a network equals plain NumPy on its layer graph, code for code."""

import layer_graph_numpy
import numpy as np
import pytest
import random_networks

from acortex.programs import quantised
from acortex.programs.choices import MAPPINGS
from acortex.programs.compiler import compile_graph
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)


@pytest.mark.parametrize("seed", range(100, 140))
def test_a_random_network_on_the_chip_equals_numpy(seed):
    network = random_networks.random_network(seed)
    x = np.random.default_rng(seed).standard_normal((2, *network.model.inputs[0].shape), dtype=np.float32)
    graph = quantised(network, x)
    program = compile_graph(graph, MACHINE, MAPPINGS[seed % 3]).program
    (found,) = run(program, CHIP, inputs=x, timing=False).outputs.values()
    (expected,) = layer_graph_numpy.run(graph, {network.model.inputs[0].name: x}).values()
    assert np.allclose(found.reshape(expected.shape), expected, rtol=1e-6, atol=0)
