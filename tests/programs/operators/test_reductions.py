"""Reductions, means, largest numbers and products by letters, beside the original model in onnxruntime."""

import float_models
import numpy as np
import pytest
from originals import check, evaluated, model, node, whole

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

IMAGE = {"x": [1, 6, 5, 4]}
CONV = node("Conv", "x w", "c")
WEIGHTS = {"w": whole(1, 6, 6, 1, 1), "v": whole(2, 6, 6, 1, 1), "u": whole(3, 6, 6, 1, 1)}

AXES = {
    "channels": (1,), "rows": (2,), "columns and channels": (1, 3), "space": (2, 3), "all": (1, 2, 3), "last": (-1,),
    "every one": (),
}  # fmt: skip


def reduced(op, axes, keep, opset, source="c"):
    """A reduction, whose axes are an input or an attribute."""
    newer = opset >= (13 if op == "ReduceSum" else 18)
    chosen = {"axes": list(axes)} if axes and not newer else {}
    inputs = f"{source} axes" if newer and axes else source
    constants = {"axes": np.array(axes, np.int64)} if newer and axes else {}
    return node(op, inputs, "y", keepdims=keep, **chosen), constants


@pytest.mark.parametrize("opset", [11, 18])
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("axes", AXES)
@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean"])
def test_sums_and_means_over_any_axes(op, axes, keep, opset):
    one, constants = reduced(op, AXES[axes], keep, opset)
    check(model([CONV, one], IMAGE, {**WEIGHTS, **constants}, opset=opset), within=1e-4 if op == "ReduceMean" else 0)


def test_a_sum_of_a_vector():
    check(model([node("ReduceSum", "x", "y", keepdims=0)], {"x": [1, 9]}))


def test_what_follows_a_sum_joins_it():
    one, constants = reduced("ReduceSum", (1,), 1, 17)
    nodes = [one, node("Relu", "y", "r"), node("Mul", "r h", "z")]
    made = model([CONV, *nodes], IMAGE, {**WEIGHTS, **constants, "h": np.float32(0.5)}, "z")
    check(made)
    assert len(normalise(from_proto(made)).steps) == 2


def test_the_codes_of_a_sum_of_channels_are_exact():
    one, constants = reduced("ReduceSum", (1,), 1, 17, "x")
    made = model([one], IMAGE, constants)
    (layer,) = quantised(from_proto(made), whole(5, 4, 1, 6, 5, 4)).layers
    assert (layer.weights == layer.weights[0, 0, 0, 0]).all()


@pytest.mark.parametrize("op", ["ReduceL1", "ReduceL2", "ReduceSumSquare"])
def test_norms_are_functions_of_sums(op):
    one, constants = reduced(op, (1,), 1, 17)
    made = model([CONV, node("Mul", "c h", "s"), one], IMAGE, {**WEIGHTS, **constants, "h": np.float32(0.125)})
    made.graph.node[-1].input[0] = "s"
    given = {"x": whole(4, 3, 1, 6, 5, 4)}
    exact, found = float_models.float_outputs(made, given)["y"], evaluated(made, given)["y"]
    assert np.abs(exact - found).max() < 1e-3 * np.abs(exact).max()


def test_the_largest_channel_is_refused():
    with pytest.raises(UnsupportedNodes, match="it takes the largest of channels"):
        normalise(from_proto(model([node("ReduceMax", "x", "y", axes=[1])], IMAGE)))


def test_axes_that_are_not_there_are_refused():
    with pytest.raises(UnsupportedNodes, match=r"its axes are \[7\]"):
        normalise(from_proto(model([node("ReduceMean", "x", "y", axes=[7])], IMAGE)))


@pytest.mark.parametrize("op", ["Max", "Min", "Mean", "Sum"])
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_several_tensors_become_one(op, count):
    convs = [CONV, *(node("Conv", f"x {weights}", made) for weights, made in ("vd", "ue", "tf"))]
    nodes = [*convs, node(op, " ".join("cdef"[:count]), "y")]
    check(model(nodes, IMAGE, {**WEIGHTS, "t": whole(6, 6, 6, 1, 1)}), within=1e-5)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize("inputs", ["g c", "c g", "p c", "c p"])
def test_one_pixel_stands_beside_each_of_an_image_on_either_side(op, inputs):
    """`g` has as many axes as the image, `p` fewer."""
    pixel = [node("GlobalMaxPool", "c", "g"), node("Reshape", "g s", "p")]
    made = model([CONV, *pixel, node(op, inputs, "y")], IMAGE, {**WEIGHTS, "s": np.array([6, 1, 1])})
    check(made)


def test_the_larger_of_two_tensors_leaves_both_as_they_are():
    nodes = [CONV, node("Conv", "x v", "d"), node("Max", "c d", "m"), node("Add", "m c", "a"), node("Add", "a d", "y")]
    check(model(nodes, IMAGE, WEIGHTS))


EINSUMS = {
    "rows": ("bi,ij->bj", [3, 5], [5, 4], False),
    "turned": ("bi,ji->bj", [3, 5], [4, 5], False),
    "a sequence": ("bti,ij->btj", [1, 6, 5], [5, 4], False),
    "result turned": ("ti,ij->jt", [6, 5], [5, 4], False),
    "constant first": ("ij,tj->ti", [6, 5], [4, 5], True),
    "two letters summed": ("tij,ijk->tk", [1, 3, 4], [3, 4, 5], False),
    "letters in another order": ("btui,ij->butj", [1, 3, 4, 5], [5, 2], False),
    "result turned and first": ("btui,ij->jbut", [1, 3, 4, 5], [5, 2], False),
    "heads": ("bti,ihd->bthd", [1, 6, 5], [5, 2, 3], False),
}


@pytest.mark.parametrize("name", EINSUMS)
def test_products_by_letters(name):
    equation, shape, matrix, first = EINSUMS[name]
    one = node("Einsum", "w x" if first else "x w", "y", equation=equation)
    check(model([one], {"x": shape}, {"w": whole(1, *matrix)}))


def test_a_constant_of_other_sizes_is_refused():
    made = model([node("Einsum", "x w", "y", equation="bi,ij->bj")], {"x": [5, 5]}, {"w": whole(1, 4, 5)})
    with pytest.raises(UnsupportedNodes, match=r"its constant of shape \(4, 5\) does not fit"):
        normalise(from_proto(made))


@pytest.mark.parametrize("equation", ["bi,bi->b", "bi,ij", "bi,bj->bij", "bb,bj->j", "...i,ij->...j", "bi,ij->b"])
def test_letters_that_are_no_product_are_refused(equation):
    made = model([node("Einsum", "x w", "y", equation=equation)], {"x": [5, 5]}, {"w": whole(1, 5, 5)})
    with pytest.raises(UnsupportedNodes, match=r"its equation"):
        normalise(from_proto(made))


# Axes ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opset", [11, 18])
@pytest.mark.parametrize(
    ("axes", "refused"), [((4,), True), ((-5,), True), ((1, 4), True), ((3,), False), ((-3,), False), ((-4, -1), False)]
)
def test_axes_are_those_of_the_input(opset, axes, refused):
    one, constants = reduced("ReduceMean", axes, 1, opset, "x")
    made = model([one], IMAGE, constants, opset=opset)
    if refused:
        with pytest.raises(UnsupportedNodes, match=r"its axes are .*, its input has 4"):
            normalise(from_proto(made))
    else:
        check(made, within=1e-4)


@pytest.mark.parametrize("noop", [0, 1])
def test_no_axes_are_all_unless_they_are_to_do_nothing(noop):
    made = model([CONV, node("ReduceSum", "c", "y", noop_with_empty_axes=noop)], IMAGE, WEIGHTS, opset=18)
    check(made)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_an_axis_of_any_length_is_reduced(length):
    for axes in ((2,), (3,), (2, 3)):
        one, constants = reduced("ReduceMean", axes, 1, 18, "x")
        check(model([one], {"x": [1, 4, length, 3]}, constants, opset=18), within=1e-4)
