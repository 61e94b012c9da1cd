"""The default mapping: no network takes more arrays, cycles, energy or memory than with another."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from acortex.programs import quantised
from acortex.programs.choices import MAPPINGS
from acortex.programs.compiler import Compiled, compile_graph
from acortex.programs.graph import LayerGraph
from acortex.programs.mapping.to_passes import UnsupportedLayer
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Network
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

CHIP = load_chip("acortex_gnmt")
MACHINE = machine_of(CHIP)

NETWORKS = {
    "rgb": lambda: Network(input=(3, 12, 12)).conv(8, 3, pad=1).relu().conv(70, 3, stride=2).relu().flatten().linear(5),
    "rgb, one tap": lambda: Network(input=(3, 12, 12)).conv(8, 1).relu().conv(9, 1),
    "grey": lambda: Network(input=(1, 9, 31)).conv(65, 5, stride=3).max_pool(2).flatten().linear(10),
    "wide": lambda: Network(input=(130, 6, 6)).conv(66, 3).relu().conv(64, 1),
    "groups": lambda: Network(input=(6, 8, 8)).conv(12, 3, groups=3).relu().conv(4, 2),
    "vector": lambda: Network(input=(100,)).linear(70).relu().linear(10),
}


def costs(made: Compiled) -> tuple[int, ...]:
    report = run(made.program, CHIP, values=False).report
    assert report.cycles is not None and report.energy_aj is not None
    return made.report.arrays_used, made.report.memory_peak_bytes, report.cycles, report.energy_aj


@pytest.mark.parametrize("name", NETWORKS)
def test_the_best_mapping_costs_no_more_than_the_cheapest_of_the_others(name: str) -> None:
    graph = quantised(NETWORKS[name]())
    found = {mapping: costs(compile_graph(graph, MACHINE, mapping)) for mapping in MAPPINGS}
    cheapest = tuple(map(min, zip(found["taps"], found["dense"], strict=True)))
    assert all(own <= other for own, other in zip(found["best"], cheapest, strict=True))
    assert found["best"][0] == cheapest[0]
    assert compile_graph(graph, MACHINE).report.mapping == "best"
    assert costs(compile_graph(graph, MACHINE)) == found["best"]


def test_one_tap_of_a_packed_image_is_read_a_word_at_a_time() -> None:
    graph = quantised(NETWORKS["rgb, one tap"]())
    words = {mapping: compile_graph(graph, MACHINE, mapping).report.layers[0].memory_accesses for mapping in MAPPINGS}
    assert words["dense"] == 12 + 12 * 12  # a word of 16 pixels a row; a word for each result
    assert words["best"] == 12 + 12 * 3  # four results of eight channels in a word
    assert words["taps"] == 2 * 12 * 12


def textbook(product: str, image: tuple[int, ...] = (1, 1, 28, 28)) -> onnx.ModelProto:
    """Image, Flatten, product, Relu, product: as textbooks write a perceptron of two layers."""
    rng = np.random.default_rng(0)
    first, second = (rng.standard_normal(shape).astype(np.float32) for shape in ((784, 10), (10, 10)))
    nodes = [helper.make_node("Flatten", ["x"], ["f"])]
    for name, source, out in (("first", "f", "a"), ("second", "b", "y")):
        nodes.append(helper.make_node(product, [source, name], [out]))
        nodes += [helper.make_node("Relu", ["a"], ["b"])] if out == "a" else []
    graph = helper.make_graph(
        nodes,
        "textbook",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


@pytest.mark.parametrize("image", [(1, 1, 28, 28), (1, 28, 28), (1, 784)])
def test_a_flattened_image_is_a_vector_to_gemm_as_to_matmul(image: tuple[int, ...]) -> None:
    found = [compile_graph(quantised(from_proto(textbook(op, image))), MACHINE).report for op in ("Gemm", "MatMul")]
    assert found[0].arrays_used == found[1].arrays_used == 14
    assert found[0].memory_peak_bytes == found[1].memory_peak_bytes


def single(kernel: int) -> LayerGraph:
    return quantised(Network("net", input=(1, 32, 32)).conv(4, kernel))


def test_a_window_that_only_another_mapping_can_hold_names_it() -> None:
    machine = replace(MACHINE, buffer_words=40)
    with pytest.raises(UnsupportedLayer) as caught:
        compile_graph(single(16), machine, "taps")
    assert caught.value.hint == "take a chip with buffer.words=256, or the mapping best: 32 words"
    assert compile_graph(single(16), machine, "best").report.arrays_used == 4


def test_a_window_that_no_mapping_can_hold_needs_a_larger_buffer() -> None:
    machine = replace(MACHINE, buffer_words=20)
    with pytest.raises(UnsupportedLayer) as caught:
        compile_graph(single(16), machine)
    assert caught.value.hint == "take a chip with buffer.words=32"
