"""Networks on several chips compute what they do on one: beside onnxruntime on the whole."""

from __future__ import annotations

import numpy as np
import originals
import pytest
from random_images import random_images
from random_networks import random_network

from acortex.programs import Network, quantised
from acortex.programs.chips.balance import divided, loads
from acortex.programs.compiler import compile_graph
from acortex.programs.graph import LayerGraph
from acortex.programs.network.importer import from_proto
from acortex.programs.reference.layers import reference
from acortex.sim.chip.specs import load_chip
from acortex.sim.system.parts import Link, Stage, System, named_inputs, system_of, values
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)


def most_chips(graph: LayerGraph) -> int:
    """Into how many parts a network can be cut."""
    return len(loads(graph, MACHINE).places) - 1


def on_chips(graph: LayerGraph, chips: int) -> System:
    """A network on so many chips, each of which is as the usual one."""
    programs = [compile_graph(part, MACHINE).program for part in divided(graph, MACHINE, chips)]
    return system_of(graph.name, [Stage(one.name, one, CHIP) for one in programs], Link())


def expected(graph: LayerGraph, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What onnxruntime computes of the quantised network as a whole, one inference after the other."""
    import onnxruntime

    session = onnxruntime.InferenceSession(reference(graph).SerializeToString())
    shapes = {one.name: [size if isinstance(size, int) else 1 for size in one.shape] for one in session.get_inputs()}
    rows = [
        session.run(None, {name: array[index].reshape(shapes[name]) for name, array in given.items()})
        for index in range(len(next(iter(given.values()))))
    ]
    names = [one.name for one in session.get_outputs()]
    return {name: np.stack([row[place] for row in rows]) for place, name in enumerate(names)}


def check(graph: LayerGraph, given: dict[str, np.ndarray], chips: int) -> None:
    found = values(on_chips(graph, chips), given)
    wanted = expected(graph, given)
    assert set(found) == set(wanted)
    for name, array in wanted.items():
        assert np.array_equal(found[name].reshape(array.shape), array), name


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(30))
def test_a_random_network_on_as_many_chips_as_can_be(seed: int) -> None:
    made = random_network(seed)
    first = made.model.inputs[0]
    given = {first.name: np.random.default_rng(seed).standard_normal((2, *first.shape[1:])).astype(np.float32)}
    graph = quantised(made, given)
    check(graph, given, most_chips(graph))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(30))
def test_a_random_network_of_images_on_as_many_chips_as_can_be(seed: int) -> None:
    made = random_images(seed, 5)
    given = originals.inputs_of(made, seed)
    graph = quantised(from_proto(made), given)
    check(graph, given, most_chips(graph))


def test_random_networks_can_be_cut_at_all() -> None:
    counts = [most_chips(quantised(random_network(seed))) for seed in range(6)]
    assert max(counts) >= 4 and sum(counts) > 12


def several() -> Network:
    """Layers of which two are outputs, one of them read by a later layer; a sum reaches over two others."""
    x = Network("several", input=(8, 6, 6), seed=3)
    first = x.conv(16, 3, pad=1, name="first").relu()
    second = first.conv(16, 3, pad=1, name="second").relu()
    third = second.conv(16, 1, name="third").add(first).relu()
    return x.outputs(second, third.flatten().linear(5, name="last"))


@pytest.mark.parametrize("chips", [1, 2, 3, 4])
def test_an_output_that_a_later_chip_reads_is_one_all_the_same(chips: int) -> None:
    given = {"input": np.random.default_rng(0).standard_normal((3, 8, 6, 6)).astype(np.float32)}
    graph = quantised(several(), given)
    check(graph, given, chips)
    assert len(on_chips(graph, chips).stages) == chips


def test_a_map_that_two_later_chips_read_crosses_a_link_to_each() -> None:
    graph = quantised(several())
    system = on_chips(graph, most_chips(graph))
    targets = [wire.target for wire in system.wires if wire.source == 0]
    assert len(targets) == 2, system.wires


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_recurrent_layers_keep_their_state_on_their_chip(kind: str) -> None:
    x = Network("stack", input=(5, 7), seed=1)
    x = getattr(getattr(x, kind)(20), kind)(12).linear(4)
    given = {"input": np.random.default_rng(1).standard_normal((2, 5, 7)).astype(np.float32)}
    graph = quantised(x, given)
    assert most_chips(graph) == 3
    check(graph, given, 3)


def test_inputs_go_to_the_chips_that_read_them() -> None:
    node = originals.node
    nodes = [node("Gemm", "a w1", "p"), node("Gemm", "b w2", "q"), node("Add", "p q", "s"), node("Gemm", "s w3", "y")]
    weights = {"w1": originals.whole(0, 6, 8), "w2": originals.whole(1, 5, 8), "w3": originals.whole(2, 8, 3)}
    made = originals.model(nodes, {"a": (1, 6), "b": (1, 5)}, weights)
    given = originals.inputs_of(made)
    graph = quantised(from_proto(made), given)
    chips = most_chips(graph)
    assert chips >= 2
    check(graph, given, chips)
    system = on_chips(graph, chips)
    assert set(system.inputs) == {"a", "b"}
    assert set(named_inputs(system, given)) == {"a", "b"}
