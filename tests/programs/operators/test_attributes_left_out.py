"""What an attribute means where it is left out: each operator without any of its own, against onnxruntime."""

import numpy as np
import originals
import pytest

VECTOR, IMAGE = (1, 6), (1, 3, 4, 5)
W = originals.whole(1, 6, 4)
EACH = {name: np.abs(originals.whole(n, 3)) + 1 for n, name in enumerate(("s", "b", "m", "v"))}

ACTIVATIONS = ("LeakyRelu", "HardSigmoid", "Elu", "Celu", "Selu", "HardSwish", "Softplus", "Softsign", "Mish", "Gelu")

OTHERS = {
    "Gemm": (originals.node("Gemm", "x w c", "y"), VECTOR, {"w": W, "c": originals.whole(2, 4)}),
    "Gemm, B turned": (originals.node("Gemm", "x w", "y", transB=1), VECTOR, {"w": originals.whole(3, 4, 6)}),
    "BatchNormalization": (originals.node("BatchNormalization", "x s b m v", "y"), IMAGE, EACH),
    "Flatten": (originals.node("Flatten", "x", "y"), IMAGE, {}),
    "Conv": (originals.node("Conv", "x k", "y"), IMAGE, {"k": originals.whole(4, 2, 3, 2, 2)}),
    "ConvTranspose": (originals.node("ConvTranspose", "x k", "y"), IMAGE, {"k": originals.whole(4, 3, 2, 2, 2)}),
    "Clip": (originals.node("Clip", "x", "y"), IMAGE, {}),
    "Clip from below": (originals.node("Clip", "x low", "y"), IMAGE, {"low": np.float32(-1)}),
    "Clip from above": (originals.node("Clip", "x - high", "y"), IMAGE, {"high": np.float32(2)}),
    "ReduceMean, all but the batch": (
        originals.node("ReduceMean", "x", "y", axes=[1, 2, 3]),
        IMAGE,
        {},
    ),
    "Transpose": (originals.node("Transpose", "x", "y", perm=[0, 2, 3, 1]), IMAGE, {}),
    "Split": (originals.node("Split", "x", "y z", axis=1), (1, 4, 4, 5), {}),
    "Gemm of constants": (
        [originals.node("Gemm", "v w c", "a"), originals.node("MatMul", "x a", "y")],
        (1, 3),
        {"v": originals.whole(7, 3, 6), "w": W, "c": originals.whole(8, 4)},
    ),
    "Split of a constant": (
        [originals.node("Split", "w n", "a b"), originals.node("MatMul", "x a", "y")],
        (1, 3),
        {"w": originals.whole(6, 6, 4), "n": np.array([3, 3])},
    ),
    "Gather of a constant": (
        [originals.node("Gather", "w n", "a"), originals.node("MatMul", "x a", "y")],
        (1, 3),
        {"w": originals.whole(6, 6, 4), "n": np.array([5, 0, 2])},
    ),
    "Pad": (originals.node("Pad", "x p", "y"), IMAGE, {"p": np.array([0, 0, 1, 1, 0, 0, 2, 0])}),
}


@pytest.mark.parametrize("op", ACTIVATIONS)
def test_a_function_without_attributes_is_that_of_the_original(op):
    made = originals.model([originals.node(op, "x", "y")], {"x": IMAGE}, opset=20)
    originals.check(made, within=2e-5)


@pytest.mark.parametrize(
    ("op", "attributes"),
    [
        ("LeakyRelu", {"alpha": 0.25}),
        ("HardSigmoid", {"alpha": 0.25}),
        ("HardSigmoid", {"beta": 0.25}),
        ("Elu", {"alpha": 2.0}),
        ("Celu", {"alpha": 2.0}),
        ("Selu", {"alpha": 2.0}),
        ("Selu", {"gamma": 2.0}),
        ("Gelu", {"approximate": "tanh"}),
    ],
    ids=str,
)
def test_one_that_is_given_leaves_the_others_as_they_are(op, attributes):
    made = originals.model([originals.node(op, "x", "y", **attributes)], {"x": IMAGE}, opset=20)
    originals.check(made, within=2e-5)


@pytest.mark.parametrize(("attributes", "alpha"), [({}, 1.0), ({"alpha": 2.0}, 2.0), ({"alpha": -0.5}, -0.5)])
def test_swish_takes_the_sigmoid_of_all_of_its_input_unless_it_says_how_much(attributes, alpha):
    """onnxruntime has none of it yet: x sigmoid(alpha x)."""
    made = originals.model([originals.node("Swish", "x", "y", **attributes)], {"x": (1, 6)}, opset=24)
    x = np.linspace(-3, 3, 6, dtype=np.float32).reshape(1, 6)
    assert originals.evaluated(made, {"x": x})["y"].reshape(1, 6) == pytest.approx(
        x / (1 + np.exp(-alpha * x)), abs=1e-6
    )


@pytest.mark.parametrize("name", OTHERS)
def test_an_operator_without_attributes_is_that_of_the_original(name):
    made, shape, constants = OTHERS[name]
    nodes = made if isinstance(made, list) else [made]
    outputs = " ".join(nodes[-1].output)
    originals.check(originals.model(nodes, {"x": shape}, constants, outputs, opset=17), within=2e-5)


def test_a_small_variance_shows_what_is_added_to_it():
    """So that an epsilon of another size is far away."""
    small = {**EACH, "v": np.full(3, 1e-6, np.float32)}
    made = originals.node("BatchNormalization", "x s b m v", "y")
    far = originals.distances(originals.model([made], {"x": IMAGE}, small))
    assert far["y"] < 0.01  # of some hundreds


def test_scales_of_weights_are_of_their_columns():
    """Onnxruntime makes one node of the two, whose sums are a little off: a scale of a row would be far off."""
    tensors = {
        "q": originals.whole(5, 3, 3).astype(np.int8),
        "s": np.array([1, 2, 4], np.float32),
        "z": np.array([0, 1, -1], np.int8),
    }
    nodes = [originals.node("DequantizeLinear", "q s z", "w"), originals.node("MatMul", "x w", "y")]
    made = originals.model(nodes, {"x": (1, 3)}, tensors)
    originals.check(made, within=0.2)
    weights = (tensors["q"].astype(np.float32) - tensors["z"]) * tensors["s"]
    given = originals.inputs_of(made)
    assert np.array_equal(originals.evaluated(made, given)["y"], given["x"] @ weights)


@pytest.mark.parametrize(
    ("attributes", "low", "high"),
    [
        ({}, -4, 3),
        ({"signed": 1}, -4, 3),
        ({"signed": 0}, 0, 7),
        ({"narrow": 1}, -3, 3),
        ({"signed": 0, "narrow": 1}, 0, 6),
    ],
    ids=str,
)
def test_a_quantiser_of_qonnx_is_signed_and_whole_where_that_is_not_said(attributes, low, high):
    weights = np.arange(-6, 6, dtype=np.float32).reshape(3, 4)
    tensors = {"v": weights, "s": np.float32(0.5), "z": np.float32(0), "n": np.float32(3)}
    one = originals.node("Quant", "v s z n", "w", domain="qonnx.custom_op.general", **attributes)
    made = originals.model([one, originals.node("MatMul", "x w", "y")], {"x": (1, 3)}, tensors)
    made.opset_import.add(domain="qonnx.custom_op.general", version=1)
    given = originals.inputs_of(made)
    wanted = given["x"] @ (np.clip(np.rint(weights / 0.5), low, high) * 0.5)
    assert np.array_equal(originals.evaluated(made, given)["y"], wanted)
