"""Networks that were quantised before: their codes are kept where the chip can, else it comes near."""

import float_models
import layer_graph_numpy
import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from acortex.errors import UsageError
from acortex.programs import Network, quantised
from acortex.programs.graph import Coding
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes


class Inputs(CalibrationDataReader):
    def __init__(self, images):
        self.left = iter(images)

    def get_next(self):
        image = next(self.left, None)
        return None if image is None else {"input": image}


def branching():
    x = Network(input=(3, 12, 12)).conv(8, 3, pad=1).relu()
    y = x.conv(8, 3, pad=1).add(x).relu()
    z = y.concat(y.conv(4, 1).sigmoid()).max_pool(2).conv(8, 3, pad=1).relu()
    return z.global_average_pool().flatten().linear(10)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).standard_normal((20, 1, 3, 12, 12), dtype=np.float32)


@pytest.fixture(scope="module", params=["QDQ", "QOperator"])
def model(request, images, tmp_path_factory):
    """A network that onnxruntime quantised to 8 bits, in either form."""
    folder = tmp_path_factory.mktemp(request.param)
    given = float_models.to_onnx(branching(), 17)
    given.ir_version = 8
    onnx.save(given, folder / "float.onnx")
    options = {"per_channel": True, "activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    form = QuantFormat[request.param]
    quantize_static(folder / "float.onnx", folder / "q.onnx", Inputs(images), quant_format=form, **options)
    return onnx.load(folder / "q.onnx")


@pytest.mark.parametrize(("bits", "least"), [(8, 38), (4, 18)])
@pytest.mark.parametrize("calibrated", [False, True])
def test_a_model_that_onnxruntime_quantised_comes_near(model, images, bits, least, calibrated):
    exact = float_models.float_outputs(model, {"input": images})
    graph = quantised(from_proto(model), images if calibrated else None, bits)
    found = layer_graph_numpy.run(graph, {"input": images})
    for name, made in found.items():
        assert float_models.closeness(exact[name].reshape(made.shape), made) > least


def four_bits(weight_zero=0):
    """QDQ at 4 bits: a product of codes with a scale and a zero, and weights of -8 to 7."""
    tensors = [
        helper.make_tensor("w", TensorProto.INT4, [6, 4], WEIGHTS.reshape(-1)),
        helper.make_tensor("ws", TensorProto.FLOAT, [4], [0.5, 0.25, 0.125, 1.0]),
        helper.make_tensor("wz", TensorProto.INT4, [4], [weight_zero] * 4),
        helper.make_tensor("xs", TensorProto.FLOAT, [], [0.25]),
        helper.make_tensor("xz", TensorProto.UINT4, [], [7]),
        helper.make_tensor("ys", TensorProto.FLOAT, [], [2.0]),
        helper.make_tensor("yz", TensorProto.INT4, [], [-1]),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "xs", "xz"], ["xr"]),
        helper.make_node("DequantizeLinear", ["w", "ws", "wz"], ["wr"], axis=1),
        helper.make_node("MatMul", ["xr", "wr"], ["y"], name="product"),
        helper.make_node("QuantizeLinear", ["y", "ys", "yz"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "ys", "yz"], ["yr"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", [1, 6]), ("yr", None))
    ]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


WEIGHTS = np.random.default_rng(1).integers(-8, 8, (6, 4))


def test_codes_of_four_bits_are_kept_to_the_last_level():
    graph = quantised(from_proto(four_bits()), bits=4)
    (layer,) = graph.layers
    assert np.array_equal(layer.weights[0, 0], WEIGHTS)
    assert graph.maps[layer.source.map].coding == Coding(0.25, 7, 4)
    assert graph.maps[layer.target.map].coding == Coding(2.0, 7, 4)


def test_with_codes_of_four_bits_every_output_is_that_of_onnxruntime():
    model, rng = four_bits(), np.random.default_rng(2)
    x = rng.standard_normal((200, 1, 6), dtype=np.float32)
    (found,) = layer_graph_numpy.run(quantised(from_proto(model), bits=4), {"x": x}).values()
    assert np.array_equal(found, float_models.float_outputs(model, {"x": x})["yr"].reshape(found.shape))


TWO_BITS = np.random.default_rng(4).integers(-2, 2, (6, 4))


def two_bits(kind, zero, weights="raw"):
    """QDQ at 2 bits, activations and weights; exporters write the latter as codes, or as a constant and its quantiser.

    A zero that is left out is 0, and `output_dtype` says the type.
    """
    scale = helper.make_tensor("s", TensorProto.FLOAT, [], [1.0])
    end = helper.make_tensor("e", TensorProto.FLOAT, [], [4.0])
    own = helper.make_tensor("v", TensorProto.FLOAT, [6, 4], TWO_BITS.reshape(-1).astype(float))
    packed = ((TWO_BITS & 3) << np.array([0, 2, 4, 6])).sum(axis=1).astype(np.uint8)
    codes = helper.make_tensor("w", TensorProto.INT2, [6, 4], packed.tobytes(), raw=True)
    zeros = [helper.make_tensor("z", kind, [], [zero])] if zero is not None else []
    names, typed = ["z"] * len(zeros), {} if zeros else {"output_dtype": kind}
    made = [helper.make_node("QuantizeLinear", ["v", "s"], ["w"], output_dtype=TensorProto.INT2)]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", *names], ["xq"], **typed),
        helper.make_node("DequantizeLinear", ["xq", "s", *names], ["xr"]),
        *(made if weights == "quantised" else []),
        helper.make_node("DequantizeLinear", ["w", "s"], ["wr"]),
        helper.make_node("MatMul", ["xr", "wr"], ["y"], name="product"),
        helper.make_node("QuantizeLinear", ["y", "e", *names], ["yq"], **typed),
        helper.make_node("DequantizeLinear", ["yq", "e", *names], ["yr"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, n]) for name, n in (("x", 6), ("yr", 4))]
    held = [scale, end, *zeros, codes if weights == "raw" else own]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], held)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 25)], ir_version=11)


@pytest.mark.parametrize("weights", ["raw", "quantised"])
@pytest.mark.parametrize(
    ("kind", "zero"),
    [
        (TensorProto.UINT2, 0), (TensorProto.UINT2, 1), (TensorProto.UINT2, None), (TensorProto.INT2, 0),
        (TensorProto.INT2, -1), (TensorProto.INT2, None),
    ],
)  # fmt: skip
def test_codes_of_two_bits_are_those_of_onnxruntime(kind, zero, weights):
    model, rng = two_bits(kind, zero, weights), np.random.default_rng(3)
    x = rng.normal(0, 2, (200, 1, 6)).astype(np.float32)
    graph = quantised(from_proto(model), bits=4)
    (layer,) = graph.layers
    assert np.array_equal(layer.weights[0, 0], TWO_BITS) and graph.warnings == ()  # all ranges are stated
    low = 0 if kind == TensorProto.UINT2 else -2
    assert graph.maps[layer.source.map].coding == Coding(1.0, (zero or 0) - low, 2)
    (found,) = layer_graph_numpy.run(graph, {"x": x}).values()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # it joins what it has not
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    exact = np.stack([session.run(None, {"x": one})[0] for one in x])
    assert np.array_equal(found, exact.reshape(found.shape)) and len(np.unique(exact)) > 2


def test_a_range_that_the_network_does_not_state_is_chosen_with_a_warning():
    model = two_bits(TensorProto.INT2, 0)
    del model.graph.node[-2:]
    model.graph.output[0].name = "y"
    (said,) = quantised(from_proto(model), bits=4).warnings
    assert said.startswith("without a calibration set, ranges are chosen on random inputs")


def test_numbers_of_two_bits_are_read_from_a_file_of_weights(tmp_path):
    onnx.save(
        two_bits(TensorProto.INT2, 0), tmp_path / "q.onnx",
        save_as_external_data=True, size_threshold=0, location="w.bin",
    )  # fmt: skip
    (layer,) = quantised(tmp_path / "q.onnx", bits=4).layers
    assert np.array_equal(layer.weights[0, 0], TWO_BITS)
    whole = (tmp_path / "w.bin").read_bytes()
    (tmp_path / "w.bin").write_bytes(whole[:-1])
    with pytest.raises(UsageError, match="its tensor w needs 6 bytes"):
        quantised(tmp_path / "q.onnx", bits=4)


def test_weights_with_a_zero_of_their_own_are_quantised_anew():
    graph = quantised(from_proto(four_bits(weight_zero=3)), bits=4)
    assert np.abs(graph.layers[0].weights).max() <= 7


def test_whole_numbers_that_a_node_rounds_at_the_end_are_left_to_the_host():
    model = four_bits()
    del model.graph.node[-1]
    model.graph.output[0].name = "yq"
    last = model.graph.node[-1]
    assert last.op_type == "QuantizeLinear"
    graph = quantised(from_proto(model))
    assert graph.host_nodes == (last.name or "yq",)
    assert [port.name for port in graph.outputs] == [last.input[0]]


def test_whole_numbers_of_the_user_at_the_end_are_refused():
    node = helper.make_node("Flatten", ["x"], ["y"])
    ends = [
        helper.make_tensor_value_info(name, TensorProto.INT8, shape) for name, shape in (("x", [1, 6]), ("y", None))
    ]
    model = helper.make_model(helper.make_graph([node], "whole", ends[:1], ends[1:]))
    with pytest.raises(UnsupportedNodes, match=r"y \(output\): it is whole numbers; end the network with Dequantize"):
        quantised(from_proto(model))


def qdq(nodes, tensors, shape, end):
    """A model of 8-bit codes from x to a tensor."""
    known = [numpy_helper.from_array(np.asarray(values), name) for name, values in tensors.items()]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), (end, None))]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], known)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def decibels(model, x):
    (found,) = layer_graph_numpy.run(quantised(from_proto(model), x, 8), {"x": x}).values()
    (exact,) = float_models.float_outputs(model, {"x": x}).values()
    return float_models.closeness(exact.reshape(found.shape), found)


def test_a_sigmoid_whose_stated_range_ends_below_one_keeps_its_values():
    scales = {"s": np.float32(1 / 16), "z": np.uint8(128), "t": np.float32(0.9 / 255), "zero": np.uint8(0)}
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "s", "z"], ["xr"]),
        helper.make_node("Sigmoid", ["xr"], ["y"]),
        helper.make_node("QuantizeLinear", ["y", "t", "zero"], ["yq"]),
        helper.make_node("DequantizeLinear", ["yq", "t", "zero"], ["yr"]),
    ]
    x = np.random.default_rng(0).standard_normal((50, 1, 8)).astype(np.float32)
    assert decibels(qdq(nodes, scales, [1, 8], "yr"), x) > 38


def test_a_constant_that_is_quantised_in_the_network_is_what_its_codes_stand_for():
    constants = {"c": np.float32(3.0), "s": np.float32(0.02), "z": np.uint8(0)}
    nodes = [
        helper.make_node("QuantizeLinear", ["c", "s", "z"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "s", "z"], ["cr"]),
        helper.make_node("Mul", ["x", "cr"], ["y"]),
    ]
    x = np.random.default_rng(0).standard_normal((50, 1, 8)).astype(np.float32)
    assert decibels(qdq(nodes, constants, [1, 8], "y"), x) > 38


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_bias_beyond_float32_is_refused_without_a_warning():
    known = {
        "s": np.float32(1e30),
        "one": np.float32(1),
        "z": np.uint8(0),
        "w": np.ones((1, 1, 1, 1), np.int8),
        "wz": np.int8(0),
        "b": np.array([1 << 30], np.int32),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("QLinearConv", ["q", "s", "z", "w", "s", "wz", "one", "z", "b"], ["c"], "conv"),
        helper.make_node("DequantizeLinear", ["c", "one", "z"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 1, 4, 4)) for name in "xy"]
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in known.items()]
    graph = helper.make_graph(nodes, "net", ends[:1], ends[1:], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    with pytest.raises(UnsupportedNodes, match="its bias times the scales"):
        quantised(from_proto(made))


def test_levels_and_codings_of_its_own_are_kept_with_data_too():
    x = np.random.default_rng(0).standard_normal((20, 1, 6), dtype=np.float32)
    fast, best = (quantised(from_proto(four_bits()), {"x": x}, effort=effort) for effort in ("fast", "best"))
    (one,), (other,) = fast.layers, best.layers
    assert fast.maps == best.maps
    for key in ("multiplier", "offset"):
        assert np.array_equal(getattr(one.code, key), getattr(other.code, key))
    assert np.array_equal(one.weights, other.weights)
