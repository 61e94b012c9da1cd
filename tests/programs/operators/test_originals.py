"""Operators in the normal form, beside the original model in onnxruntime: equal, number for number."""

from ast import literal_eval

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from originals import check, model, node, whole

from acortex.programs import quantised
from acortex.programs.graph import Coding
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.steps import AddStep

IMAGE = {"x": [1, 6, 5, 4]}
CONV = node("Conv", "x w", "c")
WEIGHTS = {"w": whole(1, 6, 6, 1, 1)}


# PRelu --------------------------------------------------------------------------------------------------------------

SLOPES = {
    "per channel": np.array([0.5, 0.25, 0, 1, -1, -0.5], np.float32).reshape(6, 1, 1),
    "per channel, four axes": np.array([0.5, 0.25, 0, 1, 0.75, 0.5], np.float32).reshape(1, 6, 1, 1),
    "one below zero": np.array([-0.5], np.float32),
    "the same for all": np.full((6, 1, 1), 0.25, np.float32),
    "a number": np.float32(0.5),
}


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize("behind", [True, False], ids=["behind a product", "of the input"])
def test_prelu_has_the_slope_of_each_channel(name, behind):
    nodes = [CONV, node("PRelu", "c s", "y")] if behind else [node("PRelu", "x s", "y")]
    check(model(nodes, IMAGE, {**WEIGHTS, "s": SLOPES[name]}))


@pytest.mark.parametrize(
    ("slope", "kinds"),
    [
        (0.5, "Product"),
        (0.0, "Product"),
        (1.0, "Product"),
        (-0.5, "Product Product Add"),
        (-1.0, "Product Product Add"),
    ],
)
def test_a_slope_below_zero_is_a_sum_beside_since_neurons_have_none(slope, kinds):
    made = model([CONV, node("LeakyRelu", "c", "y", alpha=slope)], IMAGE, WEIGHTS)
    check(made)
    assert [type(step).__name__.removesuffix("Step") for step in normalise(from_proto(made)).steps] == kinds.split()


def test_prelu_of_a_vector_has_a_slope_for_each_number():
    slopes = np.array([0.5, 0.25, -1, 1], np.float32)
    check(
        model(
            [node("MatMul", "x w", "c"), node("PRelu", "c s", "y")], {"x": [1, 5]}, {"w": whole(2, 5, 4), "s": slopes}
        )
    )


def test_prelu_leaves_what_else_reads_its_source_as_it_is():
    check(
        model(
            [CONV, node("PRelu", "c s", "y"), node("Add", "c y", "z")],
            IMAGE,
            {**WEIGHTS, "s": SLOPES["per channel"]},
            "y z",
        )
    )


def test_equal_slopes_cost_nothing_beside_the_product():
    one, many = (
        normalise(from_proto(model([CONV, node("PRelu", "c s", "y")], IMAGE, {**WEIGHTS, "s": SLOPES[name]})))
        for name in ("the same for all", "per channel")
    )
    assert [len(graph.steps) for graph in (one, many)] == [1, 3]
    assert isinstance(many.steps[-1], AddStep)


@pytest.mark.parametrize("slope", [1.5, np.nan, np.inf])
def test_a_slope_above_one_is_refused(slope):
    slopes = np.array([0.5, 0.25, 0, 1, slope, 0.5], np.float32).reshape(6, 1, 1)
    with pytest.raises(UnsupportedNodes, match=r"its slopes reach .*, at most 1 is possible"):
        normalise(from_proto(model([CONV, node("PRelu", "c s", "y")], IMAGE, {**WEIGHTS, "s": slopes})))


@pytest.mark.parametrize("alpha", [0.25, 0.0, -0.5, 1.0])
def test_leaky_relu_has_any_slope_up_to_one(alpha):
    check(model([CONV, node("LeakyRelu", "c", "y", alpha=alpha)], IMAGE, WEIGHTS))


# Products ------------------------------------------------------------------------------------------------------------

FIRST = {
    "a vector": ([5, 1], [3, 5]),
    "columns": ([5, 4], [3, 5]),
    "an image": ([1, 6, 4, 5], [3, 4]),
    "axes of one": ([1, 5, 4], [1, 3, 5]),
}


@pytest.mark.parametrize("name", FIRST)
def test_the_constant_matrix_may_stand_first(name):
    image, shape = FIRST[name]
    check(model([node("MatMul", "w x", "m"), node("Relu", "m", "y")], {"x": image}, {"w": whole(1, *shape)}))


def test_what_follows_a_matrix_that_stands_first_joins_it():
    nodes = [node("MatMul", "w x", "m"), node("Relu", "m", "y")]
    (step,) = normalise(from_proto(model(nodes, {"x": [5, 4]}, {"w": whole(1, 3, 5)}))).steps
    assert step.activation.function == "relu"


# Constants ----------------------------------------------------------------------------------------------------------


def folded(text, **constants):
    """Nodes that a text writes one after the other, `Op inputs -> output key=value…`, and their constants."""
    nodes = []
    for line in text.split(";"):
        (op, *inputs), (output, *more) = (part.split() for part in line.split("->"))
        attributes = {name: literal_eval(value) for name, value in (one.split("=") for one in more)}
        nodes.append(node(op, " ".join(inputs), output, **attributes))
    return nodes, constants


COLUMN, SHAPE = whole(3, 6, 1, 1), np.array([6, 1, 1])
FOLDED = {
    "erf": folded("Erf k -> b", k=COLUMN),
    "tile": folded("Tile k n -> b", k=whole(3, 2, 1, 1), n=np.array([3, 1, 1])),
    "cumulated": folded("CumSum k n -> b", k=COLUMN, n=np.array(0)),
    "gathered": folded("GatherElements k n -> b axis=0", k=COLUMN, n=np.array([5, 0, 1, 2, 2, 3]).reshape(6, 1, 1)),
    "einsum": folded("Einsum k l -> e equation='ij,jk'; Reshape e n -> b", k=whole(3, 2, 3), l=whole(4, 3, 3), n=SHAPE),
    "gemm": folded(
        "Gemm k l -> e transB=1 alpha=2.0; Reshape e n -> b", k=whole(3, 1, 4), l=whole(4, 6, 4), n=SHAPE
    ),
    "softmax": folded("Softmax k -> b axis=0", k=COLUMN),
    "norm": folded("ReduceL2 k -> e axes=[1]; Reshape e n -> b", k=whole(3, 6, 4), n=SHAPE),
    "lower half": folded("Trilu k -> e; ReduceMax e -> m axes=[1]; Reshape m n -> b", k=whole(3, 6, 6), n=SHAPE),
    "clipped": folded("Clip k low - -> b", k=COLUMN, low=np.float32(-1)),
    "scattered": folded("ScatterND k n l -> b", k=COLUMN, n=np.array([[4], [1]]), l=whole(5, 2, 1, 1)),
    "the host's elsewhere": folded("ArgMax k -> i axis=0 keepdims=0; Cast i -> b to=1", k=whole(3, 9, 6, 1, 1)),
}  # fmt: skip


@pytest.mark.parametrize("name", FOLDED)
def test_what_is_known_beforehand_is_computed_whatever_its_operator(name):
    nodes, constants = FOLDED[name]
    made = model([*nodes, CONV, node("Add", "c b", "y")], IMAGE, {**WEIGHTS, **constants})
    check(made, within=1e-5)
    assert len(normalise(from_proto(made)).steps) == 1


REFUSED = {
    "drawn": ([node("RandomNormal", "", "b", shape=[6, 1, 1])], {}, "it draws random numbers"),
    "grown": (
        *folded("OneHot k n l -> b", k=np.arange(6), n=np.array(2**40), l=np.array([0, 1], np.float32)),
        "it works on constants of 6597069766656 numbers, 1048576 is the most",
    ),
    "untold": (*folded("StringNormalizer k -> b", k=np.ones(3, np.float32)), "it makes of them cannot be told"),
    "unknown": (*folded("Rotate k -> b", k=np.ones(3, np.float32)), "the chip has no such operator"),
    "number by number": (
        *folded("MaxPool k -> b kernel_shape=[1,1]", k=np.ones((1, 1, 128, 129), np.float32)),
        "it works on constants of 16512 numbers, 16384 is the most",
    ),
    "product": (
        *folded(
            "QLinearMatMul k s z k s z s z -> b",
            k=np.ones((1024, 1024), np.int8), s=np.float32(1), z=np.int8(0),
        ),
        "it multiplies constants",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_constant_that_cannot_be_computed_is_refused_by_name(name):
    nodes, constants, why = REFUSED[name]
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(model([*nodes, CONV, node("Add", "c b", "y")], IMAGE, {**WEIGHTS, **constants})))
    refused = [(one, reason) for one, _, reason in caught.value.nodes]
    assert refused[0][0] == nodes[0].name and why in refused[0][1]


# Codes of fewer bits than their type --------------------------------------------------------------------------------


def clipped(low, high, zero=0, kind=np.int8, more=(), outputs="y"):
    """A product of inputs and weights that were rounded to whole numbers, and held between bounds."""
    nodes = []
    for name, scale in (("x", "s"), ("w", "t")):
        nodes += [
            node("QuantizeLinear", f"{name} {scale} z", f"{name}q"),
            node("Clip", f"{name}q low high", f"{name}c"),
            node("DequantizeLinear", f"{name}c {scale} z", f"{name}d"),
        ]
    constants = {
        "w": whole(1, 8, 4, most=3) * np.float32(0.5),
        "s": np.float32(0.25), "t": np.float32(0.5), "z": kind(zero), "low": kind(low), "high": kind(high),
    }  # fmt: skip
    return model([*nodes, node("MatMul", "xd wd", "y"), *more], {"x": [1, 8]}, constants, outputs)


@pytest.mark.parametrize(
    ("low", "high", "zero", "kind", "coding"),
    [
        (-8, 7, 0, np.int8, Coding(0.25, 8, 4)),
        (-7, 7, 0, np.int8, Coding(0.25, 7, 4)),
        (0, 15, 8, np.uint8, Coding(0.25, 8, 4)),
        (-4, 3, 0, np.int8, Coding(0.25, 4, 3)),
        (-2, 1, 0, np.int8, Coding(0.25, 2, 2)),
    ],
)
def test_bounds_of_whole_numbers_say_how_many_bits_their_codes_have(low, high, zero, kind, coding):
    graph = normalise(from_proto(clipped(low, high, zero, kind)))
    assert graph.maps["x"].coding == coding


def test_codes_of_four_bits_are_those_of_the_model():
    made = clipped(-8, 7)
    x = np.random.default_rng(0).standard_normal((50, 1, 8)).astype(np.float32)
    graph = quantised(from_proto(made), {"x": x}, 4)
    assert graph.maps["x"].coding == Coding(0.25, 8, 4)
    step = graph.maps[graph.outputs[0].map].coding.scale
    found = layer_graph_numpy.run(graph, {"x": x})["y"]
    wanted = float_models.float_outputs(made, {"x": x})["y"].reshape(found.shape)
    assert np.abs(np.clip(wanted, found.min(), found.max()) - found).max() <= step / 2 + 1e-5


def test_a_copy_is_held_where_something_else_reads_the_numbers():
    graph = normalise(from_proto(clipped(-8, 7, more=[node("Relu", "x", "r")], outputs="y r")))
    assert graph.maps["clip_xc"].coding == Coding(0.25, 8, 4)
    assert graph.maps["x"].coding == Coding(0.25, 128, 8)
    reads = {step.name: step.source.map for step in graph.steps}
    assert reads == {"clip_xc": "x", "matmul_y": "clip_xc", "relu_r": "x"}


def test_a_product_ends_where_the_bounds_of_its_codes_do():
    nodes = [
        node("MatMul", "x w", "a"),
        node("QuantizeLinear", "a s z", "q"),
        node("Clip", "q low high", "c"),
        node("DequantizeLinear", "c s z", "y"),
    ]
    constants = {"w": whole(1, 8, 4), "s": np.float32(0.5), "z": np.int8(0), "low": np.int8(-7), "high": np.int8(7)}
    check(
        model(
            [*nodes[:1], node("Clip", "a l h", "y")],
            {"x": [1, 8]},
            {"w": constants["w"], "l": np.float32(-3.5), "h": np.float32(3.5)},
        )
    )
    graph = normalise(from_proto(model(nodes, {"x": [1, 8]}, constants)))
    (step,) = graph.steps
    assert (step.activation.low, step.activation.high) == (-3.5, 3.5)
    assert graph.maps[step.out].coding == Coding(0.5, 7, 4)


@pytest.mark.parametrize(("low", "high"), [(1, 5), (-5, -1), (0, 0)])
def test_bounds_that_leave_out_the_zero_are_refused(low, high):
    with pytest.raises(UnsupportedNodes, match="the zero 0 must lie between them"):
        normalise(from_proto(clipped(low, high)))
