"""Forms of an operator that exporters write seldom: operands turned round, axes from the end, inputs left out."""

import float_models
import numpy as np
import onnx
import pytest
from originals import check, evaluated, inputs_of, model, node, whole

from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise

IMAGE, SIGNAL = [1, 3, 4, 5], [1, 3, 7]
KERNEL = {"k": whole(1, 4, 3, 2, 2)}
PADDED = np.array([1, 3, 2, 0])
"""Begins of two axes, then their ends."""

FORMS = {
    "Min, its constant first": (node("Min", "c x", "y"), IMAGE, {"c": np.float32(2)}),
    "Max, its constant first": (node("Max", "c x", "y"), IMAGE, {"c": np.float32(-2)}),
    "Sub, its constant first": (node("Sub", "c x", "y"), IMAGE, {"c": whole(2, 3, 1, 1)}),
    "HardSigmoid without beta": (node("HardSigmoid", "x", "y", alpha=0.125, beta=0.0), IMAGE, {}),
    "HardSigmoid of the chip's slope": (node("HardSigmoid", "x", "y", alpha=1 / 6, beta=0.25), IMAGE, {}),
    "Dropout that is told not to train": (
        [node("Dropout", "x r t", "d"), node("Relu", "d", "y")],
        IMAGE,
        {"r": np.float32(0.5), "t": np.array(False)},
    ),
    "Pad of named axes": (node("Pad", "x p - a", "y"), IMAGE, {"p": PADDED, "a": np.array([3, 2])}),
    "Pad of axes from the end": (node("Pad", "x p - a", "y"), IMAGE, {"p": PADDED, "a": np.array([-2, -1])}),
    "Pad of the last axis": (node("Pad", "x p - a", "y"), SIGNAL, {"p": np.array([2, 1]), "a": np.array([-1])}),
    "Pad with a number": (
        [node("Pad", "x p v a", "q"), node("Conv", "q k", "y")],
        IMAGE,
        {"p": PADDED, "v": np.float32(2), "a": np.array([2, 3]), **KERNEL},
    ),
    "Pad of a signal before a kernel": (
        [node("Pad", "x p", "q"), node("Conv", "q k", "y", pads=[0, 1])],
        SIGNAL,
        {"p": np.array([0, 0, 2, 0, 0, 1]), "k": whole(1, 4, 3, 2)},
    ),
    "Pad that a sum reads, too": (
        [node("Pad", "x p", "q"), node("Conv", "q k", "c"), node("Add", "c q", "y")],
        IMAGE,
        {"p": np.array([0, 0, 1, 0, 0, 0, 1, 2]), "k": whole(1, 3, 3, 1, 1)},
    ),
    "Pad before a mean": (
        [node("Pad", "x p", "q"), node("AveragePool", "q", "y", kernel_shape=[2, 2])],
        IMAGE,
        {"p": np.array([0, 0, 1, 0, 0, 0, 1, 2])},
    ),
    "Pad before the largest": (
        [node("Relu", "x", "r"), node("Pad", "r p", "q"), node("MaxPool", "q", "y", kernel_shape=[2, 2])],
        IMAGE,
        {"p": np.array([0, 0, 1, 0, 0, 0, 1, 2])},
    ),
    "Concat by its axis from the end": (
        [node("Relu", "x", "r"), node("Concat", "x r", "y", axis=-3)],
        IMAGE,
        {},
    ),
    "Split by its axis from the end": (
        [node("Split", "x n", "a b", axis=-3), node("Relu", "a", "r"), node("Concat", "b r", "y", axis=1)],
        IMAGE,
        {"n": np.array([1, 2])},
    ),
    "Gather from the end": (node("Gather", "x n", "y", axis=-3), IMAGE, {"n": np.array([-1, 0])}),
    "Slice to one before the end": (
        node("Slice", "x s e a", "y"),
        IMAGE,
        {"s": np.array([1, -3]), "e": np.array([-1, 99]), "a": np.array([-2, -1])},
    ),
    "Shape of the middle": (
        [node("Shape", "x", "s", start=1, end=3), node("Concat", "b s c", "n", axis=0), node("Reshape", "x n", "y")],
        IMAGE,
        {"b": np.array([1]), "c": np.array([5])},
    ),
    "Transpose that is not told how": (
        [node("Transpose", "x", "t"), node("MatMul", "t w", "y")],
        [3, 6],
        {"w": whole(5, 3, 4)},
    ),
    "BatchNormalization of a vector": (
        node("BatchNormalization", "x s b m v", "y"),
        [1, 3],
        {name: np.abs(whole(n, 3)) + 1 for n, name in enumerate("sbmv")},
    ),
    "Gemm, A turned": (node("Gemm", "x w", "y", transA=1), [6, 1], {"w": whole(3, 6, 4)}),
    "Gemm with one number for all columns": (
        node("Gemm", "x w c", "y", beta=0.5),
        [1, 6],
        {"w": whole(3, 6, 4), "c": np.array([4], np.float32)},
    ),
    "MatMul with a vector": (node("MatMul", "x w", "y"), [1, 4, 6], {"w": whole(3, 6)}),
    "Mean of three": (
        [node("Relu", "x", "r"), node("Neg", "x", "n"), node("Mean", "x r n", "y")],
        IMAGE,
        {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_it_is_that_of_the_original(name):
    nodes, shape, constants = FORMS[name]
    nodes = nodes if isinstance(nodes, list) else [nodes]
    check(model(nodes, {"x": shape}, constants, opset=18), within=1e-5)


def test_a_dropout_that_trains_is_refused():
    made = model([node("Dropout", "x r t", "y")], {"x": IMAGE}, {"r": np.float32(0.5), "t": np.array(True)})
    with pytest.raises(UnsupportedNodes, match="it is in training mode"):
        normalise(from_proto(made))


GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def layers(op, direction, steps=4, features=5, hidden=6, **more):
    """A recurrent layer whose batch stands first, and the same with the batch behind the steps."""
    many, ends = 1 + (direction == "bidirectional"), ["y", "h", "c"] if op == "LSTM" else ["y", "h"]
    tables = {
        "w": whole(1, many, GATES[op] * hidden, features) / 8,
        "r": whole(2, many, GATES[op] * hidden, hidden) / 8,
        "b": whole(3, many, 2 * GATES[op] * hidden) / 8,
    }
    named = {"hidden_size": hidden, "direction": direction, **more}
    first = node(op, "x w r b", " ".join(ends), layout=1, **named)
    behind = [
        node("Transpose", "x", "turned", perm=[1, 0, 2]),
        node(op, "turned w r b", " ".join(f"{end}0" for end in ends), **named),
        node("Transpose", "y0", "y", perm=[2, 0, 1, 3]),
        *(node("Transpose", f"{end}0", end, perm=[1, 0, 2]) for end in ends[1:]),
    ]
    given = {"x": [1, steps, features]}
    return (model(nodes, given, tables, " ".join(ends)) for nodes in ([first], behind))


@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@pytest.mark.parametrize("op", GATES)
def test_a_recurrent_layer_with_the_batch_first_gives_its_steps_and_its_ends_in_that_order(op, direction):
    first, behind = layers(op, direction)
    given = inputs_of(first)
    wanted, found = float_models.float_outputs(behind, given), evaluated(first, given)
    assert {name: one.shape for name, one in found.items()} == {name: one.shape for name, one in wanted.items()}
    assert max(np.abs(found[name] - one).max() for name, one in wanted.items()) < 2e-6


def test_each_direction_has_the_function_that_stands_at_its_place():
    _, made = layers("RNN", "bidirectional", activations=["Relu", "Sigmoid"])
    check(made, within=2e-6)


@pytest.mark.parametrize(
    ("function", "clip", "said"),
    [
        ("Tanh", 0.5, r"its clip of 0.5 ends tanh at 0.462; the chip's ends at 1"),
        ("Sigmoid", 2.0, "its clip of 2 ends sigmoid at 0.881"),
        ("Tanh", 2.0, ""),
        ("Sigmoid", 4.0, ""),
        ("Relu", 0.5, ""),
    ],
)
def test_a_clip_that_ends_a_function_long_before_it_saturates_is_refused(function, clip, said):
    _, made = layers("RNN", "forward", activations=[function], clip=clip)
    if not said:
        check(made, within=2e-6)
        return
    with pytest.raises(UnsupportedNodes, match=said):
        normalise(from_proto(made))


# Whole numbers whose scale is that of a column ------------------------------------------------------------------------

COLUMNS = np.array([1, 2, 0.5, 4], np.float32)
SCALES = {"a": np.float32(0.5), "s": COLUMNS, "o": np.float32(2), "z": np.uint8(128), "zs": np.zeros(4, np.int8)}


@pytest.mark.parametrize("turned", [0, 1])
def test_a_matrix_of_whole_numbers_has_a_scale_for_each_column_whichever_way_it_lies(turned):
    matrix = whole(5, 6, 4)
    tensors = {**SCALES, "w": (matrix.T if turned else matrix).astype(np.int8), "b": np.arange(4, dtype=np.int32)}
    one = node("QGemm", "q a z w s zs b o z", "p", domain="com.microsoft", transB=turned)
    nodes = [node("QuantizeLinear", "x a z", "q"), one, node("DequantizeLinear", "p o z", "y")]
    made = model(nodes, {"x": [1, 6]}, tensors)
    made.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    given = inputs_of(made)
    wanted = given["x"] @ (matrix * COLUMNS) + np.arange(4) * 0.5 * COLUMNS
    assert np.abs(evaluated(made, given)["y"] - wanted).max() <= SCALES["o"] / 2


@pytest.mark.parametrize("turned", [0, 1])
@pytest.mark.parametrize(("alpha", "of_outputs"), [(1.0, True), (1.0, False), (2.0, True)])
def test_steps_of_a_matrix_are_those_of_its_outputs_where_it_is_taken_as_it_is(turned, alpha, of_outputs):
    """A scale for each input, or a factor on top, leaves no step for each output. By hand: onnxruntime rounds here."""
    levels, axis = whole(6, 4, 4), (1 - turned) if of_outputs else turned
    tensors = {"q": levels.astype(np.int8), "s": COLUMNS, "z": np.zeros(4, np.int8)}
    nodes = [node("DequantizeLinear", "q s z", "w", axis=axis), node("Gemm", "x w", "y", transB=turned, alpha=alpha)]
    made = model(nodes, {"x": [1, 4]}, tensors)
    given, matrix = inputs_of(made), levels * (COLUMNS if axis else COLUMNS[:, None])
    wanted = alpha * given["x"] @ (matrix.T if turned else matrix)
    assert np.array_equal(evaluated(made, given)["y"], wanted)
    (step,) = normalise(from_proto(made)).steps
    steps = None if step.kernel.steps is None else step.kernel.steps.tolist()
    assert steps == (COLUMNS.tolist() if of_outputs and alpha == 1 else None)


@pytest.mark.parametrize("groups", [1, 2])
def test_a_transposed_kernel_of_whole_numbers_has_a_scale_for_each_output(groups):
    """Those of its columns are what the steps of its levels are, where it has one group."""
    tensors = {"q": whole(1, 4, 4 // groups, 2, 2).astype(np.int8), "s": COLUMNS[: 4 // groups]}
    tensors["z"] = np.zeros(4 // groups, np.int8)
    nodes = [node("DequantizeLinear", "q s z", "w", axis=1)]
    nodes += [node("ConvTranspose", "x w", "y", group=groups, strides=[2, 2])]
    made = model(nodes, {"x": [1, 4, 3, 3]}, tensors)
    check(made)
    (step,) = normalise(from_proto(made)).steps
    assert step.kernel.steps is None if groups > 1 else step.kernel.steps.tolist() == COLUMNS.tolist()
