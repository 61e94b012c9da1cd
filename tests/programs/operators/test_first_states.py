"""Recurrent layers whose first states are inputs or computed, and sequences over columns of images of several rows."""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator
from originals import check, model, node
from test_exported_networks import unequal

import acortex
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

NEAR = 2e-6
"""Sigmoids of two implementations differ in the last digits of float32."""

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def table(seed, *shape):
    return (np.random.default_rng(seed).integers(-4, 5, shape) / 8).astype(np.float32)


def weights(op, features, hidden, directions=1, name=""):
    gates = GATES[op] * hidden
    return {
        f"W{name}": table(1, directions, gates, features),
        f"R{name}": table(2, directions, gates, hidden),
        f"B{name}": table(3, directions, 2 * gates),
    }


def cell(op, hidden, *, states="h c", steps=3, features=5, direction="forward", linear=0, more=(), constants=()):
    """A layer whose first h and c, as far as they are named, are inputs of their own names."""
    directions = 2 if direction == "bidirectional" else 1
    taken = states.split() if op == "LSTM" else states.split()[:1]
    shape = [directions, 1, hidden]
    inputs = {"x": [steps, 1, features]} | {name: shape for name in taken if name not in ("-", *dict(constants))}
    attributes = {"linear_before_reset": linear} if linear else {}
    ends = "Y hn cn" if op == "LSTM" else "Y hn"
    layer = node(op, f"x W R B - {' '.join(taken)}", ends, hidden_size=hidden, direction=direction, **attributes)
    return model([layer, *more], inputs, {**weights(op, features, hidden, directions), **dict(constants)}, ends)


CELLS = {
    "lstm": cell("LSTM", 16),
    "lstm of one step": cell("LSTM", 16, steps=1),
    "lstm, h alone": cell("LSTM", 16, states="h"),
    "lstm, c alone": cell("LSTM", 16, states="- c"),
    "lstm, h known": cell("LSTM", 16, states="h0 c", constants={"h0": table(4, 1, 1, 16)}),
    "lstm, reversed": cell("LSTM", 70, direction="reverse"),
    "lstm, both ways": cell("LSTM", 24, direction="bidirectional"),
    "lstm, both ways, of whole words": cell("LSTM", 64, direction="bidirectional"),
    "gru": cell("GRU", 16),
    "gru, linear": cell("GRU", 16, linear=1),
    "gru, both ways": cell("GRU", 70, direction="bidirectional"),
    "gru, linear, both ways": cell("GRU", 24, linear=1, direction="bidirectional"),
    "rnn": cell("RNN", 16),
    "rnn of one step, reversed": cell("RNN", 70, steps=1, direction="reverse"),
    "rnn, h known": cell("RNN", 16, states="h0", constants={"h0": table(4, 1, 1, 16)}),
    "rnn, both ways": cell("RNN", 24, direction="bidirectional"),
}


def streaming():
    """One input holds h and c of a layer, one output gives them back: as speech detectors are written."""
    nodes = [
        node("Split", "s halves", "h c", axis=0),
        node("LSTM", "x W R B - h c", "Y hn cn", hidden_size=24),
        node("Concat", "hn cn", "next", axis=0),
        node("Squeeze", "Y one", "last"),
        node("MatMul", "last M", "y"),
    ]
    constants = {"halves": np.array([1, 1]), "one": np.array([1]), "M": table(5, 24, 2), **weights("LSTM", 6, 24)}
    return model(nodes, {"x": [1, 1, 6], "s": [2, 1, 24]}, constants, "y next")


def encoder_and_decoder():
    """The last state of one layer is the first of another one, both ways."""
    nodes = [
        node("LSTM", "x W R B", "Y hn cn", hidden_size=24, direction="bidirectional"),
        node("LSTM", "z Wd Rd Bd - hn cn", "D", hidden_size=24, direction="bidirectional"),
        node("Squeeze", "D", "y"),
    ]
    constants = weights("LSTM", 6, 24, 2) | weights("LSTM", 5, 24, 2, "d")
    return model(nodes, {"x": [3, 1, 6], "z": [2, 1, 5]}, constants)


def joined():
    """h of every step beside other features: Concat must not move it within its words."""
    nodes = [
        node("GRU", "x W R B - h", "Y hn", hidden_size=16),
        node("Squeeze", "Y one", "s"),
        node("Concat", "x s", "y", axis=2),
    ]
    return model(nodes, {"x": [3, 1, 5], "h": [1, 1, 16]}, {"one": np.array([1]), **weights("GRU", 5, 16)}, "y hn")


def made_by_a_product():
    """The first h is a projection of a vector, as in networks that caption images."""
    nodes = [
        node("MatMul", "v P", "p"),
        node("Tanh", "p", "t"),
        node("Reshape", "t shape", "h"),
        node("LSTM", "x W R B - h", "Y hn", hidden_size=16),
    ]
    constants = {"P": table(6, 7, 16), "shape": np.array([1, 1, 16]), **weights("LSTM", 5, 16)}
    return model(nodes, {"x": [3, 1, 5], "v": [1, 7]}, constants, "Y hn")


NETWORKS = CELLS | {
    "streaming": streaming(),
    "encoder and decoder": encoder_and_decoder(),
    "joined": joined(),
    "made by a product": made_by_a_product(),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_first_state_is_that_of_the_model(name):
    check(NETWORKS[name], within=NEAR, outputs=["y", "hn", "cn"] if name == "streaming" else None)


@pytest.mark.parametrize("name", NETWORKS)
def test_on_the_chip_it_is_what_it_is_in_the_reference(name):
    assert unequal(NETWORKS[name], timing=name in ("lstm", "gru", "streaming", "encoder and decoder")) == []


def test_a_stream_goes_on_where_its_last_step_ended(tmp_path):
    """Steps of one inference each, the state handed on by the user, come near to the sequence in one go."""
    features, hidden, steps = 5, 16, 6
    x = np.random.default_rng(0).standard_normal((steps, features)).astype(np.float32)
    calibration = {"x": np.tile(x[:, None, None], (1, 1, 1, 1)), **{n: np.zeros((steps, 1, 1, hidden)) for n in "hc"}}
    onnx.save(cell("LSTM", hidden, steps=1), tmp_path / "net.onnx")
    program = acortex.compile(tmp_path / "net.onnx", calibration=calibration).program
    state = {"h": np.zeros((1, 1, 1, hidden)), "c": np.zeros((1, 1, 1, hidden))}
    for row in x:
        made = acortex.run(program, inputs={"x": row[None, None, None], **state}, timing=False).outputs
        state = {"h": made["hn"].reshape(1, 1, 1, hidden), "c": made["cn"].reshape(1, 1, 1, hidden)}
    whole = ReferenceEvaluator(cell("LSTM", hidden, steps=steps))
    zeros = np.zeros((1, 1, hidden), np.float32)
    wanted = whole.run(["hn"], {"x": x[:, None], "h": zeros, "c": zeros})[0]
    assert np.corrcoef(wanted.reshape(-1), state["h"].reshape(-1))[0, 1] > 0.9


def test_a_first_state_of_another_size_is_refused():
    made = cell("LSTM", 16)
    made.graph.input[1].type.tensor_type.shape.dim[2].dim_value = 17
    with pytest.raises(UnsupportedNodes, match=r"its initial state has shape \(1, 1, 17\)"):
        normalise(from_proto(made))


# Images as sequences ------------------------------------------------------------------------------------------------


def reader(rows, perm, shape, *, channels=16, columns=7, crop=None):
    """A convolution to an image of some rows, and a layer over its columns, as readers of text are written."""
    nodes = [node("Conv", "x k", "a"), node("Relu", "a", "r")]
    nodes += [node("Slice", "r from to along", "cut")] if crop else []
    nodes += [node("Transpose", "cut" if crop else "r", "t", perm=perm), node("Reshape", "t s", "q")]
    nodes += [node("LSTM", "q W R B", "Y", hidden_size=16), node("Squeeze", "Y one", "y")]
    constants = {"k": table(7, channels, 2, 1, 1), "s": np.array(shape), "one": np.array([1])}
    if crop:
        constants |= {"from": np.array(crop[:1]), "to": np.array(crop[1:2]), "along": np.array(crop[2:])}
    return model(nodes, {"x": [1, 2, rows, columns]}, {**constants, **weights("LSTM", shape[2], 16)})


READERS = {
    "channels of rows": reader(2, [3, 0, 1, 2], [7, 1, 32]),
    "rows of channels": reader(2, [3, 0, 2, 1], [7, 1, 32]),
    "three rows": reader(3, [3, 0, 1, 2], [7, 1, 48]),
    "rows of two words": reader(2, [3, 0, 1, 2], [7, 1, 140], channels=70),
    "some columns": reader(2, [3, 0, 1, 2], [4, 1, 32], crop=(2, 6, 3)),
    "some channels": reader(2, [3, 0, 1, 2], [7, 1, 10], crop=(3, 8, 1)),
    "one row": reader(1, [3, 0, 1, 2], [7, 1, 16]),
}


@pytest.mark.parametrize("name", READERS)
def test_a_sequence_over_columns_has_the_rows_side_by_side(name):
    check(READERS[name], within=NEAR)
    assert unequal(READERS[name]) == []


def test_a_sequence_over_the_rows_of_an_image_is_refused():
    with pytest.raises(UnsupportedNodes, match="its steps are no columns of an image"):
        normalise(from_proto(reader(7, [2, 0, 1, 3], [7, 1, 32], columns=2)))
