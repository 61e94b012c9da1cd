"""Networks of a fixed batch, beside the original model in onnxruntime."""

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from originals import check, inputs_of, model, node, whole

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

IMAGES, ROWS = {"x": [2, 3, 6, 5]}, {"x": [3, 4, 9]}
W, V = whole(1, 4, 3, 3, 3), whole(2, 8, 1, 3, 3)

NETWORKS = {
    "conv": [node("Conv", "x w b", "y", pads=[1] * 4)],
    "stride": [node("Conv", "x w b", "y", strides=[2, 2], dilations=[1, 2])],
    "two": [node("Conv", "x w b", "c", pads=[1] * 4), node("Relu", "c", "r"), node("Conv", "r u", "y", group=2)],
    "transposed": [node("ConvTranspose", "x t", "y", strides=[2, 2])],
    "maximum": [node("MaxPool", "x", "y", kernel_shape=[2, 3], strides=[2, 2], pads=[1, 0, 0, 1])],
    "mean": [node("AveragePool", "x", "y", kernel_shape=[2, 2], ceil_mode=1)],
    "of all": [node("GlobalAveragePool", "x", "y")],
    "normalised": [node("BatchNormalization", "x one h h one", "y")],
    "padded": [node("Pad", "x pads", "p"), node("Conv", "p w", "y")],
    "mean by axes": [node("ReduceMean", "x", "y", axes=[2, 3], keepdims=0)],
    "sum of rows": [node("ReduceSum", "x rows", "y")],
    "activation": [node("LeakyRelu", "x", "y", alpha=0.5)],
    "sum": [node("Conv", "x w", "c"), node("Conv", "x w b", "d"), node("Add", "c d", "y")],
    "classifier": [
        node("Conv", "x w b", "c"), node("Relu", "c", "r"), node("MaxPool", "r", "p", kernel_shape=[2, 2]),
        node("Flatten", "p", "f"), node("Gemm", "f m n", "y"),
    ],
    "slopes": [node("PRelu", "x s", "y")],
}  # fmt: skip
CONSTANTS = {
    "w": W, "b": whole(3, 4), "u": whole(4, 6, 2, 1, 1), "t": whole(5, 3, 2, 3, 3), "one": np.float32([1, 4, 2]),
    "h": np.float32([2, 1, 3]), "rows": np.array([-2]), "pads": np.array([0, 0, 1, 2, 0, 0, 0, 1]),
    "m": whole(6, 24, 5), "n": whole(7, 5), "s": np.float32([0.5, 0.25, -1]).reshape(3, 1, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_images_of_a_batch_are_taken_together(name):
    check(model(NETWORKS[name], IMAGES, CONSTANTS), within=1e-5)


SEQUENCES = {
    "conv": [node("Conv", "x w b", "y", pads=[1, 1], strides=[2])],
    "maximum": [node("MaxPool", "x", "y", kernel_shape=[3])],
    "mean and normalised": [
        node("AveragePool", "x", "a", kernel_shape=[2]),
        node("BatchNormalization", "a g h h g", "y"),
    ],
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_rows_of_a_batch_are_taken_together(name):
    constants = {"w": whole(1, 5, 4, 3), "b": whole(2, 5), "g": np.float32([1, 4, 2, 1]), "h": np.float32([2, 1, 3, 1])}
    check(model(SEQUENCES[name], ROWS, constants), within=1e-5)


def test_codes_of_a_batch_are_exact():
    made = model(NETWORKS["classifier"], IMAGES, CONSTANTS)
    given = inputs_of(made, most=3)
    graph = quantised(from_proto(made), given, 8)
    assert [port.shapes[-1] for port in graph.outputs] == [(2, 5)]
    found, exact = layer_graph_numpy.run(graph, given)["y"], float_models.float_outputs(made, given)["y"]
    assert float_models.closeness(exact, found.reshape(exact.shape)) > 25


VOLUMES = {
    "conv": [node("Conv", "x w b", "y", pads=[1, 0, 1, 0, 1, 1])],
    "stride": [node("Conv", "x w b", "y", strides=[2, 1, 2], dilations=[1, 2, 1], pads=[1] * 6)],
    "groups": [node("Conv", "x g", "y", group=3)],
    "same": [node("Conv", "x w", "y", auto_pad="SAME_UPPER", strides=[2, 2, 2])],
    "two": [node("Conv", "x w b", "c"), node("Relu", "c", "r"), node("Conv", "r v", "y")],
    "mean": [node("AveragePool", "x", "y", kernel_shape=[2, 2, 2], strides=[1, 2, 2])],
    "mean with padding": [node("AveragePool", "x", "y", kernel_shape=[2, 2, 2], pads=[1] * 6, count_include_pad=1)],
    "mean of all": [node("GlobalAveragePool", "x", "y")],
    "normalised": [node("BatchNormalization", "x one h h one", "y")],
    "slopes": [node("PRelu", "x s", "y")],
    "classifier": [node("Conv", "x w b", "c"), node("Flatten", "c", "f"), node("Gemm", "f m", "y")],
}  # fmt: skip


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("name", VOLUMES)
def test_planes_of_three_axes_are_channels(name, batch):
    constants = {
        "w": whole(1, 4, 3, 3, 3, 3), "b": whole(2, 4), "g": whole(3, 6, 1, 2, 2, 2), "v": whole(4, 2, 4, 1, 1, 1),
        "one": np.float32([1, 4, 2]), "h": np.float32([2, 1, 3]), "s": np.float32([0.5, 0.25, -1]).reshape(3, 1, 1, 1),
        "m": whole(5, 4 * 2 * 3 * 3, 5),
    }  # fmt: skip
    check(model(VOLUMES[name], {"x": [batch, 3, 4, 5, 5]}, constants), within=1e-4)


@pytest.mark.parametrize(
    "one",
    [
        node("MaxPool", "x", "y", kernel_shape=[2, 2, 2]), node("GlobalMaxPool", "x", "y"),
        node("AveragePool", "x", "y", kernel_shape=[2, 2, 2], pads=[1] * 6),
    ],
    ids=["maximum", "maximum of all", "mean inside"],
)  # fmt: skip
def test_pools_that_no_kernel_is_are_refused(one):
    with pytest.raises(UnsupportedNodes, match=r"three (spatial )?axes"):
        normalise(from_proto(model([one], {"x": [2, 3, 4, 4, 4]})))


def test_codes_of_planes_are_exact():
    made = model(VOLUMES["conv"], {"x": [1, 3, 4, 5, 5]}, {"w": whole(1, 4, 3, 3, 3, 3, most=3), "b": whole(2, 4)})
    given = inputs_of(made, most=3)
    graph = quantised(from_proto(made), given, 8)
    found, exact = layer_graph_numpy.run(graph, given)["y"], float_models.float_outputs(made, given)["y"]
    assert float_models.closeness(exact, found.reshape(exact.shape)) > 35
