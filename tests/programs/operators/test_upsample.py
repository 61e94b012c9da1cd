"""Operators that make larger images: the normal form beside the original model, and the chip beside the reference."""

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from originals import check, inputs_of, model, node, whole
from test_exported_networks import unequal

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.operators.upsample import _sizes


def transposed(image=(6, 5), kernel=(3, 3), inputs=4, out=5, groups=1, bias=False, more=(), **attributes):
    """A transposed convolution between two operators that the chip does, or at the network's end."""
    shape = (inputs, out // groups, *kernel)
    constants = {"w": whole(1, *shape, most=3), "b": whole(2, out)}
    layer = node("ConvTranspose", "x w b" if bias else "x w", "t" if more else "y", group=groups, **attributes)
    return model([layer, *more], {"x": [1, inputs, *image]}, constants)


BEHIND = (node("Relu", "t", "r"), node("MaxPool", "r", "y", kernel_shape=[2, 2]))

TRANSPOSED = {
    "stride 1": transposed(),
    "stride 2": transposed(strides=[2, 2]),
    "stride 2, kernel 2": transposed(kernel=(2, 2), strides=[2, 2]),
    "stride 2, kernel 4, padded": transposed(kernel=(4, 4), strides=[2, 2], pads=[1, 1, 1, 1]),
    "as exporters double an image": transposed(strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1], more=BEHIND),
    "stride larger than the kernel": transposed(kernel=(2, 1), strides=[3, 4]),
    "strides that differ": transposed(strides=[1, 3]),
    "odd padding": transposed(strides=[2, 3], pads=[0, 1, 2, 0]),
    "padding beyond the kernel": transposed(kernel=(2, 2), strides=[2, 2], pads=[3, 2, 1, 3]),
    "dilated": transposed(dilations=[2, 2]),
    "dilated and spread": transposed(strides=[2, 2], dilations=[3, 2]),
    "dilated by its stride": transposed(strides=[2, 2], dilations=[2, 2]),
    "output padding": transposed(strides=[3, 3], output_padding=[2, 1]),
    "output shape": transposed(strides=[2, 2], output_shape=[11, 10]),
    "output shape, larger": transposed(strides=[3, 3], output_shape=[19, 16]),
    "same, upper": transposed(strides=[2, 2], auto_pad="SAME_UPPER"),
    "same, lower": transposed(strides=[2, 2], auto_pad="SAME_LOWER"),
    "valid": transposed(strides=[2, 2], auto_pad="VALID"),
    "groups": transposed(groups=2, inputs=4, out=6, strides=[2, 2]),
    "channel by channel": transposed(groups=4, inputs=4, out=4, kernel=(4, 4), strides=[2, 2], pads=[1] * 4, bias=True),
    "bias": transposed(strides=[2, 2], bias=True),
    "with an activation": transposed(strides=[2, 2], bias=True, more=BEHIND),
    "one pixel": transposed(image=(1, 1), kernel=(4, 4)),
    "one row": transposed(image=(7,), kernel=(3,), strides=[2], pads=[1, 0]),
    "one row, many phases": transposed(image=(3,), kernel=(20,), inputs=2, out=2, strides=[17]),
    "many channels": transposed(inputs=70, out=130, image=(3, 2), kernel=(2, 2), strides=[2, 2]),
    "two in a row": model(
        [
            node("ConvTranspose", "x w", "t", strides=[2, 2]),
            node("LeakyRelu", "t", "r", alpha=0.25),
            node("ConvTranspose", "r v", "y", strides=[2, 2], pads=[1] * 4),
        ],
        {"x": [1, 4, 3, 3]},
        {"w": whole(1, 4, 5, 2, 2), "v": whole(2, 5, 3, 3, 3)},
    ),
    "a scale behind it": model(
        [
            node("ConvTranspose", "x w", "t", strides=[2, 2]),
            node("BatchNormalization", "t s b m v", "n", epsilon=0.0),
            node("Relu", "n", "y"),
        ],
        {"x": [1, 4, 3, 3]},
        {"w": whole(1, 4, 3, 2, 2), "s": whole(2, 3), "b": whole(3, 3), "m": whole(4, 3), "v": np.ones(3, np.float32)},
    ),
    "a shift before it": model(
        [node("Add", "x k", "a"), node("ConvTranspose", "a w", "y", strides=[2, 2])],
        {"x": [1, 4, 3, 3]},
        {"w": whole(1, 4, 3, 3, 3), "k": whole(2, 4, 1, 1)},
    ),
    "beside what it was made of": model(
        [
            node("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]),
            node("ConvTranspose", "p w", "t", strides=[2, 2]),
            node("Concat", "t x", "c", axis=1),
            node("Conv", "c v", "y", pads=[1] * 4),
        ],
        {"x": [1, 4, 6, 6]},
        {"w": whole(1, 4, 70, 2, 2), "v": whole(2, 3, 74, 3, 3, most=2)},
    ),
}


def shuffled(op, after=True, channels=12, image=(4, 3), constants=(), inputs="x", **attributes):
    """An operator that moves pixels, and a convolution behind it."""
    nodes = [node(op, inputs, "t", **attributes)]
    nodes.append(node("Conv", "t v", "y", pads=[1] * 4) if after else node("Relu", "t", "y"))
    wide = channels // attributes["blocksize"] ** 2 if op == "DepthToSpace" else channels
    return model(nodes, {"x": [1, channels, *image]}, {"v": whole(1, 3, wide, 3, 3), **dict(constants)})


def scales(*numbers):
    return {"s": np.array(numbers, np.float32)}


COPIES = {
    "depth to space": shuffled("DepthToSpace", blocksize=2),
    "depth to space, columns first": shuffled("DepthToSpace", blocksize=2, mode="CRD"),
    "depth to space of many channels": shuffled("DepthToSpace", channels=280, blocksize=2),
    "depth to space by 3": shuffled("DepthToSpace", channels=18, blocksize=3, after=False),
    "twice": shuffled("Resize", inputs="x - s", constants=scales(1, 1, 2, 2)),
    "twice, as exporters write it": shuffled(
        "Resize", inputs="x - s", constants=scales(1, 1, 2, 2), coordinate_transformation_mode="asymmetric",
        nearest_mode="floor",
    ),
    "to a size": shuffled("Resize", inputs="x - - s", constants={"s": np.array([1, 12, 8, 9])}),
    "columns alone": shuffled("Resize", inputs="x - s", constants=scales(1, 1, 1, 3)),
    "not at all": shuffled("Resize", inputs="x - s", constants=scales(1, 1, 1, 1)),
}  # fmt: skip

NETWORKS = TRANSPOSED | COPIES


@pytest.mark.parametrize("name", NETWORKS)
def test_a_larger_image_is_that_of_the_original(name):
    check(NETWORKS[name])


@pytest.mark.sampled(13)
@pytest.mark.parametrize("name", NETWORKS)
def test_on_the_chip_it_is_what_it_is_in_the_reference(name):
    assert unequal(NETWORKS[name], timing=name in ("stride 2", "two in a row", "twice", "depth to space")) == []


@pytest.mark.parametrize("name", ["stride 2", "bias", "groups", "a scale behind it", "two in a row"])
def test_codes_come_near_to_the_original(name):
    made = NETWORKS[name]
    given = inputs_of(made)
    graph = quantised(from_proto(made), given, 8)
    found = layer_graph_numpy.run(graph, given)["y"]
    wanted = float_models.float_outputs(made, given)["y"]
    assert float_models.closeness(wanted.reshape(found.shape), found) > 30


def test_upsample_of_older_opsets_repeats_pixels():
    check(
        model([node("Upsample", "x s", "t"), node("Relu", "t", "y")], {"x": [1, 4, 3, 3]}, scales(1, 1, 2, 3), opset=9)
    )


def test_a_phase_takes_only_its_own_taps():
    graph = quantised(from_proto(TRANSPOSED["stride 2"]))
    kernels = [layer.weights.shape[:2] for layer in graph.layers]
    assert kernels == [(2, 2), (2, 1), (1, 2), (1, 1)]
    assert sum(layer.weights.size for layer in graph.layers) == 3 * 3 * 4 * 5


def test_an_activation_is_part_of_each_phase():
    graph = normalise(from_proto(TRANSPOSED["with an activation"]))
    assert [type(step).__name__ for step in graph.steps] == ["ProductStep", "PoolStep"]
    assert graph.steps[0].activation.function == "relu"


def test_depth_to_space_at_the_end_costs_nothing():
    nodes = [node("Conv", "x w", "c"), node("DepthToSpace", "c", "y", blocksize=2)]
    graph = normalise(from_proto(model(nodes, {"x": [1, 4, 3, 3]}, {"w": whole(1, 8, 4, 1, 1)})))
    assert (len(graph.steps), graph.host_nodes) == (1, ["depthtospace_y"])


def enlarged(*factors, **attributes):
    return shuffled("Resize", inputs="x - s", constants=scales(*factors), **attributes)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (enlarged(1, 1, 2, 2, mode="linear"), "its mode is linear, the chip repeats pixels"),
        (enlarged(1, 1, 1.5, 1.5), "it does not repeat each pixel equally often"),
        (enlarged(1, 1, 0.5, 0.5), "it does not repeat each pixel equally often"),
        (enlarged(1, 2, 2, 2), "it enlarges channels or the batch"),
        (enlarged(1, 1, 17, 17), "it takes 289 copies, 256 is the most"),
        (transposed(strides=[17, 17]), "its strides make 289 phases, 256 is the most"),
        (transposed(image=(3,), kernel=(3,), strides=[257]), "its strides make 257 phases, 256 is the most"),
        (transposed(strides=[900, 1]), "its output has 4503 places along an axis"),
        (transposed(pads=[9, 9, 9, 9]), "its output has -10 places along an axis"),
    ],
)  # fmt: skip
def test_what_cannot_be_enlarged_is_refused(made, why):
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(made))
    assert why in str(caught.value)


@pytest.mark.parametrize("opset", [10, 11, 13, 18, 21])
@pytest.mark.parametrize("size", [3, 40])
def test_resize_of_each_opset_repeats_pixels(opset, size):
    named = {} if opset == 10 else {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nodes = [node("Resize", "x s" if opset == 10 else "x roi s", "t", **named), node("Relu", "t", "y")]
    constants = scales(1, 1, 3, 2) | ({} if opset == 10 else {"roi": np.zeros(0, np.float32)})
    check(model(nodes, {"x": [1, 4, size, 2]}, constants, opset=opset))


@pytest.mark.parametrize("size", [3, 40])
@pytest.mark.parametrize(
    "named",
    [
        {"coordinate_transformation_mode": "align_corners"},
        {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "ceil"},
        {"nearest_mode": "ceil"},
    ],
    ids=["corners", "ceil", "half pixels, ceil"],
)
def test_pixels_that_are_taken_otherwise_are_refused_unless_they_are_the_same(named, size):
    nodes = [node("Resize", "x - s", "t", **named), node("Relu", "t", "y")]
    made = model(nodes, {"x": [1, 4, size, 2]}, scales(1, 1, 3, 1))
    try:
        check(made)
    except UnsupportedNodes as refused:
        assert "it does not repeat each pixel equally often" in str(refused)
    else:
        assert named == {"coordinate_transformation_mode": "align_corners"} and size == 3


@pytest.mark.parametrize("wanted", [[11, 10], [1, 2, 11, 10]])
def test_an_output_shape_may_name_all_axes_or_those_of_the_image(wanted):
    """onnxruntime takes the latter alone."""
    named = node("ConvTranspose", "x w", "y", strides=[2, 2], output_shape=wanted)
    (one,) = from_proto(model([named], {"x": [1, 3, 5, 4]}, {"w": whole(1, 3, 2, 3, 3)})).nodes
    assert _sizes(one, (5, 4), (3, 3)) == ([11, 10], [0, 0])


@pytest.mark.parametrize("opset", [11, 13])
def test_from_opset_11_on_pixels_that_are_taken_otherwise_are_refused(opset):
    nodes = [node("Resize", "x roi s", "t", coordinate_transformation_mode="asymmetric", nearest_mode="ceil")]
    made = model([*nodes, node("Relu", "t", "y")], {"x": [1, 4, 3, 2]},
                 {**scales(1, 1, 3, 2), "roi": np.zeros(0, np.float32)}, opset=opset)  # fmt: skip
    with pytest.raises(UnsupportedNodes, match="it does not repeat each pixel equally often"):
        normalise(from_proto(made))
