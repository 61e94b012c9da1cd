"""Networks of which the host does nodes in the middle: on the chip as in onnxruntime, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from host_networks import (
    Grower,
    assert_exact,
    attention,
    divided,
    networks,
    normalised_between,
    ran,
    referred,
)
from hypothesis import HealthCheck, given, settings
from onnx import ModelProto, TensorProto

from acortex.errors import AcortexError
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.disassembler import disassemble
from acortex.isa.container import sha256
from acortex.isa.host_model import HostModelError
from acortex.programs.front import normal_form
from acortex.programs.host.partition import NothingLeft
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.sim.functional.host_work import HostFault
from acortex.sim.functional.lanes import follow, why_not


@given(networks())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_network_equals_its_reference(model: ModelProto) -> None:
    compiled, inputs = divided(model)
    assert_exact(compiled, inputs)


@pytest.mark.slow
@given(networks())
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_a_random_network_takes_the_same_time_with_and_without_skips(model: ModelProto) -> None:
    compiled, inputs = divided(model)
    reports = [ran(compiled, inputs, values=False, skip=skip).report.model_dump() for skip in (True, False)]
    assert {**reports[0], "skipped": None} == {**reports[1], "skipped": None}


def kinds(compiled: object) -> list[tuple[str, ...]]:
    """The nodes of each part of the host."""
    return [part.nodes for part in compiled.plan.graph.parts]  # type: ignore[attr-defined]


def test_a_normalisation_between_two_products() -> None:
    compiled, inputs = divided(normalised_between())
    assert kinds(compiled) == [("layernormalization1",)]
    result = ran(compiled, inputs)
    assert_exact(compiled, inputs, result)
    assert not why_not(follow(compiled.program, _chip(), 3))  # its inferences are lanes


def _chip():
    from host_networks import CHIP

    return CHIP


def test_a_block_of_a_transformer_does_its_constant_products_on_the_chip() -> None:
    compiled, inputs = divided(attention())
    assert_exact(compiled, inputs)
    on_chip = sum(row.macs for row in compiled.report.partition if row.part == "chip")
    products = sum(layer.macs for layer in compiled.report.layers if layer.op == "MatMul")
    assert products == 6 * (4 * 16 * 16 + 2 * 16 * 32)
    assert on_chip > products  # a table between two of them
    assert sum(row.macs for row in compiled.report.partition if row.part == "host") == 2 * 6 * 6 * 16
    wanted = referred(attention().SerializeToString(), inputs)
    found = ran(compiled, inputs, timing=False).outputs
    (name,) = wanted
    assert np.corrcoef(found[name].reshape(-1), wanted[name].reshape(-1))[0, 1] > 0.9


def test_sums_beside_the_host_are_done_there_on_real_numbers() -> None:
    """The residual of a block never comes to the chip: it would take words, and lose digits."""
    compiled, _ = divided(attention())
    hosted = {name for part in compiled.plan.graph.parts for name in part.nodes}
    assert {"add9", "add14"} <= hosted
    assert [port.shape for port in compiled.plan.graph.inputs] == [(1, 6, 16), (1, 6, 16), (1, 6, 16)]


def test_the_host_is_exact_where_the_numbers_are() -> None:
    """Small whole numbers have codes of their own, and then the chip computes what the model says."""
    net = Grower()
    x = net.give("x", (1, 4))
    a = net.add("MatMul", x, net.constant(np.eye(4, dtype=np.float32)))
    b = net.add("CumSum", a, net.constant(np.int64(1)))
    model = net.model(net.add("MatMul", b, net.constant(np.eye(4, dtype=np.float32))))
    inputs = {"x": np.array([[[3, 0, 0, 0]], [[0, 5, 0, 10]], [[1, 2, 4, 8]], [[0, 0, 0, 15]]], np.float32)}
    from acortex.programs.compiler import compile_graph
    from acortex.programs.front import quantised
    from acortex.tools.open.machine import machine_of

    graph = quantised(from_proto(model), inputs, host="auto", method="minmax")
    compiled = compile_graph(graph, machine_of(_chip()))
    assert_exact(compiled, inputs)
    (name,) = wanted = referred(model.SerializeToString(), inputs)
    np.testing.assert_array_equal(ran(compiled, inputs).outputs[name].reshape(4, 1, 4), wanted[name])


def test_parts_at_the_beginning_and_at_the_end_and_an_input_that_only_the_host_reads() -> None:
    net = Grower()
    ids, mask = net.give("ids", (1, 5), TensorProto.INT64), net.give("mask", (1, 5, 1), TensorProto.BOOL)
    e = net.add("Where", mask, net.add("Gather", net.weights(9, 8), ids), net.constant(np.float32(0)))
    a = net.add("MatMul", e, net.weights(8, 6))
    top = net.add("ArgMax", net.add("Erf", a), axis=-1)
    compiled, inputs = divided(net.model(top, kind=TensorProto.INT64))
    assert [part.stage for part in compiled.plan.graph.parts] == [0, 1]
    assert [port.name for port in compiled.plan.graph.raw] == ["ids", "mask"]
    result = ran(compiled, inputs)
    assert result.outputs[top].dtype == np.int64
    assert_exact(compiled, inputs, result)


def test_an_input_that_both_read_comes_to_the_host_as_it_was_given() -> None:
    net = Grower()
    x = net.give("x", (1, 8))
    a = net.add("Gemm", x, net.weights(8, 8))
    model = net.model(net.add("Gemm", net.add("Mul", a, net.add("Exp", x)), net.weights(8, 3)), a)
    compiled, inputs = divided(model)
    assert_exact(compiled, inputs)


def test_a_recurrent_layer_before_a_part_of_the_host_and_one_behind_it() -> None:
    net = Grower()
    x = net.give("x", (4, 1, 8))
    shapes = ((1, 64, 8), (1, 64, 16))
    w, r = (
        net.constant(np.random.default_rng(n).standard_normal(s).astype(np.float32) / 4) for n, s in enumerate(shapes)
    )
    h = net.add("Squeeze", net.add("LSTM", x, w, r, hidden_size=16), net.constant(np.array([1])))
    n = net.add("LayerNormalization", h, net.constant(np.ones(16, np.float32)))
    w2, r2 = (
        net.constant(np.random.default_rng(n).standard_normal((1, 48, 16)).astype(np.float32) / 4) for n in (2, 3)
    )
    y = net.add(
        "Squeeze", net.add("GRU", n, w2, r2, hidden_size=16, linear_before_reset=1), net.constant(np.array([1]))
    )
    compiled, inputs = divided(net.model(y))
    assert len(compiled.plan.graph.parts) == 1
    assert_exact(compiled, inputs)


@pytest.mark.parametrize("opset", [11, 13, 18, 21])
def test_nodes_of_other_opsets_mean_what_they_meant(opset: int) -> None:
    """Softmax of opset 11 is over all axes from its own on."""
    net = Grower()
    x = net.give("x", (1, 2, 5, 5))
    c = net.add("Conv", x, net.weights(3, 2, 3, 3))
    s = net.add("Softmax", c, axis=2)
    model = net.model(net.add("Conv", s, net.weights(4, 3, 3, 3)), opset=opset)
    compiled, inputs = divided(model)
    assert_exact(compiled, inputs)
    (name,) = wanted = referred(model.SerializeToString(), inputs)
    assert np.corrcoef(ran(compiled, inputs, timing=False).outputs[name].ravel(), wanted[name].ravel())[0, 1] > 0.95


def test_numbers_of_half_precision_are_rounded_as_the_model_says() -> None:
    net = Grower()
    h = net.add("Cast", net.give("x", (1, 4, 8)), to=TensorProto.FLOAT16)
    weights = net.constant(net.constants[net.weights(8, 8)].astype(np.float16))
    n = net.add("Erf", net.add("MatMul", h, weights))
    compiled, inputs = divided(net.model(net.add("Softmax", net.add("MatMul", n, weights)), kind=TensorProto.FLOAT16))
    assert_exact(compiled, inputs)


def test_the_text_of_a_program_holds_the_host_too() -> None:
    compiled, _ = divided(attention())
    again = assemble(disassemble(compiled.program))
    assert sha256(again) == sha256(compiled.program)
    assert [part.name for part in again.parts] == [f"host {stage}" for stage in range(4)]


def test_a_network_that_the_chip_can_do_stays_whole() -> None:
    net = Grower()
    a = net.add("Relu", net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 4)))
    model = from_proto(net.model(net.add("Softmax", a)))
    graph = normal_form(model, "auto")
    assert (graph.parts, graph.host_nodes) == ((), ["softmax2"])


# What cannot be -----------------------------------------------------------------------------------------------------


def test_a_network_without_a_product_for_the_chip_is_one_error() -> None:
    net = Grower()
    x = net.give("x", (1, 3, 8))
    model = net.model(net.add("Softmax", net.add("MatMul", x, net.add("Transpose", net.add("Erf", x), perm=[0, 2, 1]))))
    with pytest.raises(NothingLeft, match="the chip could do no product of the network"):
        divided(model)


def test_a_product_that_the_chip_refuses_is_named_with_its_reason() -> None:
    net = Grower()
    c = net.add("ConvTranspose", net.give("x", (1, 3, 4, 4, 4)), net.weights(3, 4, 2, 2, 2))
    with pytest.raises(NothingLeft, match=r"convtranspose0 \(ConvTranspose\): it has three spatial axes"):
        divided(net.model(c))


def test_an_operator_that_nobody_knows_is_refused_by_its_name() -> None:
    net = Grower()
    a = net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 8))
    b = net.add("Funny", a, domain="my.own")
    with pytest.raises(
        UnsupportedNodes, match=r"funny1 \(my.own.Funny\): neither the chip nor the host has such an op"
    ):
        divided(net.model(net.add("Gemm", b, net.weights(8, 2))))


def test_the_hint_of_a_refusal_names_the_way_out() -> None:
    with pytest.raises(UnsupportedNodes) as found:
        normal_form(from_proto(normalised_between()))
    assert "--host auto" in str(found.value.hint)


def test_another_word_for_what_the_host_does_is_refused() -> None:
    with pytest.raises(AcortexError, match="the host cannot work as 'middle'"):
        normal_form(from_proto(normalised_between()), "middle")


def test_numbers_of_the_host_that_no_code_stands_for_are_an_error_of_the_run() -> None:
    net = Grower()
    x = net.give("x", (1, 2))
    a, b = (net.add("Gemm", x, net.constant(np.eye(2, dtype=np.float32))) for _ in range(2))
    model = net.model(net.add("Gemm", net.add("Div", a, b), net.weights(2, 2)))
    from acortex.programs.compiler import compile_graph
    from acortex.programs.front import quantised
    from acortex.tools.open.machine import machine_of

    compiled = compile_graph(
        quantised(from_proto(model), {"x": np.ones((3, 1, 2), np.float32)}, host="auto"), machine_of(_chip())
    )
    with pytest.raises(HostFault, match="the host's host 1 makes numbers that no code stands for"):
        ran(compiled, {"x": np.zeros((1, 1, 2), np.float32)})


def test_an_index_that_is_not_whole_or_beyond_its_table_is_an_error_of_the_run() -> None:
    net = Grower()
    e = net.add("Gather", net.weights(9, 8), net.give("ids", (1, 3), TensorProto.INT64))
    compiled, _ = divided(net.model(net.add("MatMul", e, net.weights(8, 2))))
    with pytest.raises(HostModelError, match=r"value 1.5 of ids is no int64"):
        ran(compiled, {"ids": np.full((1, 1, 3), 1.5)})
    with pytest.raises(HostModelError, match="the host's host 0 fails"):
        ran(compiled, {"ids": np.full((1, 1, 3), 9)})


def test_an_output_of_no_fixed_shape_is_told_and_left_out() -> None:
    net = Grower()
    a = net.add("Erf", net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 4)))
    y = net.add("Gemm", a, net.weights(4, 4))
    compiled, inputs = divided(net.model(y, net.add("NonZero", y)))
    assert any("has no fixed shape" in warning for warning in compiled.report.warnings)
    assert list(ran(compiled, inputs).outputs) == [y]
    assert_exact(compiled, inputs)
