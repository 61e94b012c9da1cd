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


@pytest.mark.parametrize("name", OTHERS)
def test_an_operator_without_attributes_is_that_of_the_original(name):
    made, shape, constants = OTHERS[name]
    outputs = " ".join(made.output)
    originals.check(originals.model([made], {"x": shape}, constants, outputs, opset=17), within=2e-5)


def test_a_small_variance_shows_what_is_added_to_it():
    """So that an epsilon of another size is far away."""
    small = {**EACH, "v": np.full(3, 1e-6, np.float32)}
    made = originals.node("BatchNormalization", "x s b m v", "y")
    far = originals.distances(originals.model([made], {"x": IMAGE}, small))
    assert far["y"] < 0.01  # of some hundreds
