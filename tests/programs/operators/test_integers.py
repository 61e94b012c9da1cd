"""Products of whole numbers, and what onnxruntime fuses into products, beside the original model in onnxruntime."""

import float_models
import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from originals import check, evaluated, inputs_of, model, node, whole

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

MICROSOFT = "com.microsoft"


def microsoft(nodes, inputs, constants):
    made = model(nodes, inputs, constants)
    made.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    return made


def fused(op, inputs, **attributes):
    return node(op, inputs, "y", domain=MICROSOFT, **attributes)


def dynamic(product, weights, zero, **attributes):
    """A product as onnxruntime quantises it dynamically: its scales follow in a Mul, its bias in an Add."""
    return [
        node("DynamicQuantizeLinear", "x", "xq xs xz"),
        node(product, "xq w xz wz", "i", **attributes),
        node("Cast", "i", "f", to=TensorProto.FLOAT),
        node("Mul", "xs ws", "s"),
        node("Mul", "f s", "m"),
        node("Add", "m b", "a"),
        node("Relu", "a", "y"),
    ], {"w": weights, "wz": zero, "ws": np.float32(0.02), "b": np.float32(0.25)}


@pytest.mark.parametrize("zero", [np.int8(0), np.int8(-3), np.arange(6, dtype=np.int8)], ids=["none", "one", "each"])
def test_dynamic_quantisation_of_a_matrix_is_that_of_the_chip(zero):
    weights = np.random.default_rng(1).integers(-127, 127, (12, 6)).astype(np.int8)
    nodes, constants = dynamic("MatMulInteger", weights, zero)
    made = model(nodes, {"x": [1, 12]}, constants)
    given = {"x": np.random.default_rng(2).standard_normal((20, 1, 12)).astype(np.float32)}
    exact, found = float_models.float_outputs(made, given)["y"], evaluated(made, given)["y"]
    assert float_models.closeness(exact, found) > 38  # 8 bits
    graph = normalise(from_proto(made))
    assert len(graph.steps) == 1
    assert "ranges are chosen once" in graph.warnings[0]


def test_dynamic_quantisation_of_a_kernel_is_that_of_the_chip():
    weights = np.random.default_rng(1).integers(-127, 127, (6, 3, 3, 3)).astype(np.int8)
    nodes, constants = dynamic("ConvInteger", weights, np.int8(0), pads=[1] * 4)
    made = model(nodes, {"x": [1, 3, 6, 5]}, constants)
    given = {"x": np.random.default_rng(2).standard_normal((20, 1, 3, 6, 5)).astype(np.float32)}
    assert float_models.closeness(float_models.float_outputs(made, given)["y"], evaluated(made, given)["y"]) > 35


def of_bytes(nodes, shape, constants):
    """A model whose input x is bytes."""
    made = model(nodes, {"x": shape}, constants)
    made.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    return made


@pytest.mark.parametrize("zero", [0, 7])
@pytest.mark.parametrize("first", [True, False], ids=["behind the matrix", "before the matrix"])
def test_a_product_of_bytes_is_exact(zero, first):
    weights = whole(1, 5, 5).astype(np.int8)
    taken = "w x wz xz" if first else "x w xz wz"
    nodes = [node("MatMulInteger", taken, "i"), node("Cast", "i", "y", to=TensorProto.FLOAT)]
    made = of_bytes(nodes, [5, 5], {"w": weights, "xz": np.uint8(zero), "wz": np.int8(2)})
    given = {"x": np.random.default_rng(3).integers(0, 16, (4, 5, 5)).astype(np.uint8)}
    assert np.array_equal(evaluated(made, given)["y"], float_models.float_outputs(made, given)["y"])


def test_a_convolution_of_bytes_pads_with_their_zero():
    nodes = [node("ConvInteger", "x w xz", "i", pads=[1] * 4), node("Cast", "i", "y", to=TensorProto.FLOAT)]
    made = of_bytes(nodes, [1, 2, 5, 4], {"w": whole(1, 3, 2, 3, 3).astype(np.int8), "xz": np.uint8(5)})
    given = {"x": np.random.default_rng(3).integers(0, 16, (4, 1, 2, 5, 4)).astype(np.uint8)}
    assert np.array_equal(evaluated(made, given)["y"], float_models.float_outputs(made, given)["y"])


def test_codes_of_the_network_go_into_an_integer_product_as_they_are():
    nodes = [
        node("QuantizeLinear", "x s z", "q"),
        node("MatMulInteger", "q w z", "i"),
        node("Cast", "i", "f", to=TensorProto.FLOAT),
        node("Mul", "f s", "y"),
    ]
    constants = {"s": np.float32(0.5), "z": np.uint8(8), "w": whole(1, 6, 4).astype(np.int8)}
    made = model(nodes, {"x": [1, 6]}, constants)
    given = inputs_of(made)
    assert np.abs(evaluated(made, given)["y"] - float_models.float_outputs(made, given)["y"]).max() < 1e-5


@pytest.mark.parametrize("op", ["DynamicQuantizeMatMul", "MatMulIntegerToFloat"])
def test_products_that_scale_themselves(op):
    constants = {"w": whole(1, 6, 4).astype(np.int8), "ws": np.float32(0.5), "wz": np.int8(1), "b": whole(2, 4)}
    constants |= {"xs": np.float32(0.5), "xz": np.uint8(8)}
    if op == "DynamicQuantizeMatMul":
        nodes = [fused(op, "x w ws wz b")]
    else:
        nodes = [node("QuantizeLinear", "x xs xz", "q"), fused(op, "q w xs ws xz wz b")]
    made = microsoft(nodes, {"x": [1, 6]}, constants)
    given = inputs_of(made)
    exact = float_models.float_outputs(made, given)["y"]
    assert float_models.closeness(exact, evaluated(made, given)["y"]) > 40


FUSED = {
    "relu": ("x w b", {"activation": "Relu"}),
    "leaky": ("x w b", {"activation": "LeakyRelu", "activation_params": [0.5]}),
    "clip": ("x w b", {"activation": "Clip", "activation_params": [-2.0, 6.0]}),
    "sum": ("x w b z", {"activation": "Relu"}),
    "none": ("x w", {}),
}


@pytest.mark.parametrize("name", FUSED)
def test_a_fused_convolution_is_its_parts(name):
    inputs, attributes = FUSED[name]
    first = node("Conv", "x v", "z")
    nodes = [*([first] if " z" in inputs else []), fused("FusedConv", inputs, kernel_shape=[1, 1], **attributes)]
    constants = {"w": whole(1, 6, 6, 1, 1), "b": whole(2, 6), "v": whole(3, 6, 6, 1, 1)}
    check(microsoft(nodes, {"x": [1, 6, 5, 4]}, constants))


@pytest.mark.parametrize("attributes", [{}, {"transB": 1}, {"alpha": 0.5}, {"transA": 1, "transB": 1, "alpha": 2.0}])
def test_a_fused_matrix_product_is_its_parts(attributes):
    check(microsoft([fused("FusedMatMul", "x w", **attributes)], {"x": [5, 5]}, {"w": whole(1, 5, 5)}))


def test_a_fused_matrix_product_may_have_its_constant_first():
    check(microsoft([fused("FusedMatMul", "w x", transB=1)], {"x": [4, 5]}, {"w": whole(1, 3, 5)}))


def refusal(made):
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(made))
    return str(caught.value)


def test_what_no_array_can_hold_is_refused():
    two = of_bytes([node("MatMulInteger", "x x", "i"), node("Cast", "i", "y", to=1)], [5, 5], {})
    assert "its second input is computed; arrays hold constants only" in refusal(two)
    both = microsoft([fused("FusedMatMul", "x x")], {"x": [5, 5]}, {})
    assert "both of its matrices are computed" in refusal(both)
    batch = microsoft([fused("FusedMatMul", "x w", transBatchA=1)], {"x": [5, 5]}, {"w": whole(1, 5, 5)})
    assert "it moves a batch axis" in refusal(batch)
    bent = microsoft([fused("FusedConv", "x w", activation="Bend")], {"x": [1, 6, 5, 4]}, {"w": whole(1, 6, 6, 1, 1)})
    assert "its activation is Bend" in refusal(bent)
    zeros = of_bytes([node("MatMulInteger", "x w xz", "i"), node("Cast", "i", "y", to=1)], [5, 5], {
        "w": whole(1, 5, 5).astype(np.int8), "xz": np.zeros(5, np.uint8)
    })  # fmt: skip
    assert "one number is needed" in refusal(zeros)


def test_whole_numbers_of_a_product_that_nothing_turns_real_are_refused():
    made = of_bytes([node("MatMulInteger", "x w", "y")], [5, 5], {"w": whole(1, 5, 5).astype(np.int8)})
    assert "it is whole numbers" in refusal(made)


def test_codes_of_more_bits_than_the_chips_are_told():
    nodes = [node("QuantizeLinear", "x s z", "q"), node("DequantizeLinear", "q s z", "r"), node("MatMul", "r w", "y")]
    made = model(nodes, {"x": [1, 6]}, {"s": np.float32(0.1), "z": np.uint8(100), "w": whole(1, 6, 4)})
    warnings = quantised(from_proto(made), bits=4).warnings
    assert any("1 tensor of codes of up to 8 bits, such as x; the chip's codes have 4" in one for one in warnings)
    assert not any("codes of up to" in one for one in quantised(from_proto(made), bits=8).warnings)


def test_weights_that_are_whole_numbers_stay_what_they_are():
    weights = whole(4, 6, 4, most=5)
    made = model([node("MatMul", "x w", "y")], {"x": [1, 6]}, {"w": weights})
    (layer,) = quantised(from_proto(made), np.random.default_rng(0).random((20, 1, 6)), 4).layers
    assert np.array_equal(layer.weights[0, 0], weights)
    assert numpy_helper.to_array(made.graph.initializer[0]).dtype == np.float32
