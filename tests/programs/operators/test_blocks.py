"""Matrices of few bits, packed in blocks, against onnxruntime; floating-point numbers of few bits against ml_dtypes."""

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import helper
from originals import check, evaluated, model, node, whole
from test_exported_networks import unequal

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.operators.small_floats import Format


def packed(levels, bits):
    """Levels of shape (columns, blocks, size) in bytes, the first in the lowest bits."""
    apart = levels.reshape(*levels.shape[:2], -1, 8 // bits).astype(np.uint8)
    return (apart << np.arange(0, 8, bits, dtype=np.uint8)).sum(axis=-1).astype(np.uint8)


def product(rows=40, columns=5, block=16, bits=4, *, zeros="", bias=False, one_scale=False, order=None, shape=(1,)):
    """A product with a matrix of random levels, whose scales are powers of two."""
    rng = np.random.default_rng(rows + columns + bits)
    blocks, most = -(-rows // block), 1 << bits
    levels = rng.integers(0, most, (columns, blocks, block))
    scales = np.exp2(rng.integers(-1, 2, (columns, 1 if one_scale else blocks))) * np.ones((1, blocks))
    constants = {"B": packed(levels, bits), "s": scales.astype(np.float32)}
    z = rng.integers(0, most, (columns, blocks))
    if zeros == "packed":
        wide = np.zeros((columns, 1, -(-blocks * bits // 8) * 8 // bits), int)
        wide[:, 0, :blocks] = z
        constants["z"] = packed(wide, bits).reshape(-1)
    elif zeros:
        constants["z"] = z.astype(np.float32)
    if order is not None:
        constants["g"] = np.asarray(order, np.int32)
    if bias:
        constants["b"] = whole(3, columns)
    names = ["x", "B", "s", "z" if zeros else "-", "g" if order is not None else "-", "b" if bias else "-"]
    while names[-1] == "-":
        names.pop()
    made = node("MatMulNBits", " ".join(names), "y", K=rows, N=columns, bits=bits, block_size=block)
    made.domain = "com.microsoft"
    found = model([made], {"x": [*shape, rows]}, constants)
    found.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    return found


PRODUCTS = {
    "zeros in the middle": product(),
    "one block": product(rows=16),
    "a last block that is not full": product(rows=33, block=32),
    "packed zeros": product(zeros="packed"),
    "packed zeros, an odd count of blocks": product(rows=48, zeros="packed"),
    "a bias": product(bias=True),
    "one scale for each column": product(one_scale=True),
    "8 bits": product(bits=8, zeros="packed"),
    "2 bits": product(bits=2, block=32),
    "several rows": product(shape=(1, 3)),
    "one column": product(columns=1),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_with_blocks_is_that_of_onnxruntime(name):
    check(PRODUCTS[name])


def test_real_zeros_are_read():
    made, other = product(zeros="real"), product()
    given = {"x": whole(1, 3, 1, 40)}
    tables = {one.name: onnx.numpy_helper.to_array(one) for one in made.graph.initializer}
    levels = np.stack([tables["B"] & 15, tables["B"] >> 4], axis=-1).reshape(5, 3, 16).astype(np.float32)
    matrix = ((levels - tables["z"][:, :, None]) * tables["s"][:, :, None]).reshape(5, -1)[:, :40]
    assert np.array_equal(evaluated(made, given)["y"], given["x"] @ matrix.T)
    assert not np.array_equal(evaluated(other, given)["y"], evaluated(made, given)["y"])


def test_levels_are_kept_where_a_column_has_one_scale():
    graph = quantised(from_proto(product(one_scale=True)))
    levels = {one.name: onnx.numpy_helper.to_array(one) for one in product(one_scale=True).graph.initializer}["B"]
    wanted = np.stack([levels & 15, levels >> 4], axis=-1).reshape(5, -1)[:, :40].astype(int) - 8
    (layer,) = graph.layers
    assert np.array_equal(layer.weights.reshape(40, 5), wanted.T)
    assert not any("levels are chosen anew" in one for one in graph.warnings)


def test_levels_that_are_chosen_anew_are_told():
    assert any("a scale for each block of 16 rows" in one for one in quantised(from_proto(product())).warnings)


def test_the_chip_equals_its_reference():
    assert unequal(product(bias=True, zeros="packed"), timing=False) == []


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (product(order=[0] * 40), "blocks in an order of their own"),
        (product(order=list(np.arange(40) // 16)), None),
    ],
    ids=["another order", "the order of rows"],
)
def test_an_order_of_blocks(made, message):
    if message is None:
        normalise(from_proto(made))
        return
    with pytest.raises(UnsupportedNodes, match=message):
        normalise(from_proto(made))


@pytest.mark.parametrize(("key", "value"), [("bits", 3), ("K", 80), ("N", 0), ("block_size", 0)])
def test_sizes_that_do_not_fit_are_refused(key, value):
    made = product()
    for attribute in made.graph.node[0].attribute:
        if attribute.name == key:
            attribute.i = value
    with pytest.raises(UnsupportedNodes):
        normalise(from_proto(made))


def test_a_matrix_that_is_computed_is_refused():
    made = product()
    made.graph.node[0].input[1] = "x"
    with pytest.raises(UnsupportedNodes):
        normalise(from_proto(made))


# Floating-point numbers of few bits ----------------------------------------------------------------------------------

FORMATS = {
    "float8_e4m3fn": Format(4, 3, 7, 448.0, "ROUND"),
    "float8_e5m2": Format(5, 2, 15, 57344.0, "ROUND"),
    "float6_e3m2fn": Format(3, 2, 3, 28.0, "ROUND"),
    "float4_e2m1fn": Format(2, 1, 1, 6.0, "ROUND"),
}


@pytest.mark.parametrize("name", FORMATS)
def test_numbers_are_those_of_ml_dtypes(name):
    form, kind = FORMATS[name], getattr(ml_dtypes, name)
    x = np.random.default_rng(0).standard_normal(4000) * np.exp2(np.random.default_rng(1).integers(-20, 20, 4000))
    x = np.concatenate([np.clip(x, -form.largest, form.largest), [0.0, form.largest, -form.largest]]).astype(np.float32)
    assert np.array_equal(form.nearest(x), x.astype(kind).astype(np.float32))


def float_quantised(scale=0.5, saturation=1, *, weights=True):
    names = "scale four three seven most"
    constants = dict(zip(names.split(), (np.float32(n) for n in (scale, 4, 3, 7, 448)), strict=True))
    constants["w"] = whole(2, 6, 4, most=400) / 7
    quant = node("FloatQuant", f"{'w' if weights else 'x'} {names}", "q", rounding_mode="ROUND", saturation=saturation)
    quant.domain = "qonnx.custom_op.general"
    last = node("MatMul", "x q" if weights else "q w", "y")
    made = model([quant, last], {"x": [1, 6]}, constants)
    made.opset_import.append(helper.make_opsetid("qonnx.custom_op.general", 1))
    return made


def test_weights_take_the_numbers_of_the_format():
    w, x = whole(2, 6, 4, most=400) / 7, whole(1, 3, 1, 6)
    wanted = x @ (FORMATS["float8_e4m3fn"].nearest(w / np.float32(0.5)) * np.float32(0.5))
    assert np.abs(evaluated(float_quantised(), {"x": x})["y"] - wanted).max() < 1e-3


def test_activations_keep_the_range_and_it_is_told():
    graph = normalise(from_proto(float_quantised(weights=False)))
    assert any("evenly spaced: the range is kept" in one for one in graph.warnings)
    assert graph.steps[0].activation.high == 224


@pytest.mark.parametrize("made", [float_quantised(saturation=0), float_quantised(scale=-1)], ids=["wraps", "scale"])
def test_quantisers_that_do_not_saturate_are_refused(made):
    with pytest.raises(UnsupportedNodes, match="does not saturate"):
        normalise(from_proto(made))
