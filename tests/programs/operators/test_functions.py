"""Functions of one number, beside the original model in onnxruntime, and as tables code by code."""

from pathlib import Path

import float_models
import layer_graph_numpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from originals import evaluated, model, node, whole

import acortex
from acortex.programs import graph as g
from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.tables import columns_of, table_of
from acortex.programs.steps import ProductStep, TableStep

NUMBERS = {
    "half": 0.5, "one": 1.0, "three": 3.0, "root": 2**0.5, "two": 2.0, "gain": (2 / np.pi) ** 0.5, "cubic": 0.044715,
    "low": 1.0, "high": 2.5,
}  # fmt: skip
CONSTANTS = {name: np.float32(value) for name, value in NUMBERS.items()}

ONE_NODE = {
    "Elu": {"alpha": 1.5}, "Selu": {}, "Celu": {"alpha": 0.5}, "Softplus": {}, "Softsign": {}, "Mish": {}, "Abs": {},
    "Erf": {}, "Sin": {}, "Cos": {}, "Atan": {}, "Sinh": {}, "Cosh": {}, "Asinh": {}, "ThresholdedRelu": {"alpha": 0.7},
    "Shrink": {"lambd": 0.6, "bias": 0.2}, "LeakyRelu": {"alpha": 1.25},
}  # fmt: skip


def numbers(*shape, seed=0, count=20):
    return np.random.default_rng(seed).standard_normal((count, *shape)).astype(np.float32)


def both(made, x):
    """What onnxruntime makes of a model, and its normal form."""
    return float_models.float_outputs(made, {"x": x})["y"], evaluated(made, {"x": x})["y"]


@pytest.mark.parametrize("op", ONE_NODE)
def test_a_function_of_one_node_is_a_table(op):
    made = model([node(op, "x", "y", **ONE_NODE[op])], {"x": [1, 3, 4, 5]}, opset=22 if op == "Mish" else 17)
    exact, found = both(made, numbers(1, 3, 4, 5))
    assert np.abs(exact - found).max() < 1e-5
    (step,) = normalise(from_proto(made)).steps
    assert isinstance(step, TableStep)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_of_either_kind(approximate):
    made = model([node("Gelu", "x", "y", approximate=approximate)], {"x": [1, 12]}, opset=20)
    exact, found = both(made, numbers(1, 12))
    assert np.abs(exact - found).max() < 1e-5


@pytest.mark.parametrize("op", ["Gelu", "FastGelu", "QuickGelu", "BiasGelu"])
def test_what_onnxruntime_fuses_into_a_gelu(op):
    inputs, constants = ("x b", {"b": whole(1, 12)}) if op == "BiasGelu" else ("x", {})
    made = model([node(op, inputs, "y", domain="com.microsoft")], {"x": [1, 12]}, constants)
    made.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    exact, found = both(made, numbers(1, 12))
    assert np.abs(exact - found).max() < 1e-3  # its own FastGelu and QuickGelu are that far off


SPELT = {
    "gelu": [
        node("Div", "c root", "d"), node("Erf", "d", "e"), node("Add", "e one", "a"), node("Mul", "c a", "m"),
        node("Mul", "m half", "y"),
    ],
    "gelu, half first": [
        node("Mul", "c half", "h"), node("Div", "c root", "d"), node("Erf", "d", "e"), node("Add", "one e", "a"),
        node("Mul", "h a", "y"),
    ],
    "gelu by tanh": [
        node("Pow", "c three", "p"), node("Mul", "p cubic", "q"), node("Add", "c q", "a"), node("Mul", "a gain", "b"),
        node("Tanh", "b", "t"), node("Add", "t one", "u"), node("Mul", "c u", "v"), node("Mul", "v half", "y"),
    ],
    "mish": [node("Softplus", "c", "s"), node("Tanh", "s", "t"), node("Mul", "c t", "y")],
    "softsign": [node("Abs", "c", "a"), node("Add", "a one", "b"), node("Div", "c b", "y")],
    "elu by comparison": [
        node("Exp", "c", "e"), node("Sub", "e one", "s"), node("Greater", "c half", "g"), node("Where", "g c s", "y"),
    ],
    "a square root": [node("Mul", "c c", "q"), node("Add", "q one", "a"), node("Sqrt", "a", "y")],
    "one over": [node("Mul", "c c", "q"), node("Add", "q one", "a"), node("Div", "two a", "y")],
    "bounds above 0": [node("Clip", "c low high", "y")],
    "a maximum above 0": [node("Max", "c low", "y")],
    "a power": [node("Pow", "c two", "y")],
}  # fmt: skip


@pytest.mark.parametrize("name", SPELT)
def test_a_function_that_is_spelt_out_is_one_table(name):
    made = model(
        [node("Conv", "x w", "c"), *SPELT[name]], {"x": [1, 3, 4, 5]}, {**CONSTANTS, "w": whole(1, 4, 3, 1, 1)}
    )
    exact, found = both(made, numbers(1, 3, 4, 5) / 2)
    assert np.abs(exact - found).max() < 1e-4
    first, second = normalise(from_proto(made)).steps
    assert isinstance(first, ProductStep)
    assert isinstance(second, TableStep)


@pytest.mark.parametrize(
    ("one", "table"),
    [
        (node("Min", "c below", "y"), True),
        (node("Min", "nought c", "y"), True),  # nothing is left above 0
        (node("Min", "c low", "y"), False),
        (node("Max", "c below", "y"), False),
        (node("Max", "c nought", "y"), False),
        (node("Max", "low c", "y"), True),
        (node("Clip", "c below nought", "y"), True),
        (node("Clip", "c nought low", "y"), False),
        (node("Clip", "c below low", "y"), False),
        (node("Clip", "c - below", "y"), True),
        (node("Clip", "c - low", "y"), False),
        (node("Clip", "c below", "y"), False),
        (node("Clip", "c low", "y"), True),
        (node("LeakyRelu", "c", "y", alpha=1.0), False),
        (node("LeakyRelu", "c", "y", alpha=1.0625), True),
        (node("LeakyRelu", "c", "y", alpha=0.5), False),
        (node("Div", "c two", "y"), False),
    ],
    ids=lambda one: str(one) if isinstance(one, bool) else f"{one.op_type} {list(one.input)} {one.attribute}",
)
def test_bounds_take_a_table_where_0_is_not_below_the_upper_one_or_below_the_lower_one(one, table):
    constants = {**CONSTANTS, "below": np.float32(-1), "nought": np.float32(0), "w": whole(1, 4, 3, 1, 1)}
    made = model([node("Conv", "x w", "c"), one], {"x": [1, 3, 4, 5]}, constants)
    exact, found = both(made, numbers(1, 3, 4, 5) / 2)
    assert np.abs(exact - found).max() < 1e-5
    assert [isinstance(step, TableStep) for step in normalise(from_proto(made)).steps] == [False, True][: 1 + table]


def test_what_is_read_in_the_middle_stays_what_it_is():
    nodes = [node("Exp", "x", "e"), node("Add", "e one", "a"), node("Log", "a", "l"), node("Mul", "e l", "z")]
    made = model([*nodes, node("MatMul", "a w", "y")], {"x": [1, 4]}, {**CONSTANTS, "w": whole(1, 4, 3)}, "y z")
    given_numbers = numbers(1, 4)
    exact, found = float_models.float_outputs(made, {"x": given_numbers}), evaluated(made, {"x": given_numbers})
    for name, array in exact.items():
        assert np.abs(array - found[name]).max() < 1e-4
    assert sum(isinstance(step, TableStep) for step in normalise(from_proto(made)).steps) == 2


def test_the_neurons_do_what_comes_before_a_table():
    nodes = [node("Conv", "x w", "c"), node("Relu", "c", "r"), node("Sqrt", "r", "y")]
    made = model(nodes, {"x": [1, 3, 4, 5]}, {"w": whole(1, 4, 3, 1, 1)})
    first, _ = normalise(from_proto(made)).steps
    assert first.activation.function == "relu"


def test_functions_of_two_tensors_are_no_tables():
    nodes = [node("MatMul", "x w", "a"), node("MatMul", "x w", "b"), node("Div", "a b", "y")]
    with pytest.raises(UnsupportedNodes, match="it divides by what is computed"):
        normalise(from_proto(model(nodes, {"x": [1, 4]}, {"w": whole(1, 4, 3)})))


def test_constants_of_several_numbers_are_no_part_of_a_function():
    made = model([node("Pow", "x p", "y")], {"x": [1, 4]}, {"p": np.array([1, 2, 3, 4], np.float32)})
    with pytest.raises(UnsupportedNodes, match=r"Pow\): the chip has no such operator"):
        normalise(from_proto(made))


def test_truth_values_that_nothing_turns_into_numbers_are_refused():
    made = model([node("Greater", "x one", "y")], {"x": [1, 4]}, CONSTANTS)
    made.graph.output[0].type.tensor_type.elem_type = TensorProto.BOOL
    with pytest.raises(UnsupportedNodes, match="it makes truth values"):
        normalise(from_proto(made))


def test_an_exponential_at_the_end_is_left_to_the_host():
    made = model([node("MatMul", "x w", "m"), node("Exp", "m", "y")], {"x": [1, 4]}, {"w": whole(1, 4, 3)})
    graph = normalise(from_proto(made))
    assert graph.host_nodes == ["exp_y"]


# Tables, code by code ---------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 15), min_size=16, max_size=16), st.integers(0, 2))
def test_any_table_of_sixteen_codes_is_exact_on_the_chip(table, channels):
    codes = np.array(table)
    columns, by_steps = columns_of(codes, 4)
    x = np.arange(16)
    made = codes[0] + sum(
        weight * ((x >= start) if by_steps else np.maximum(x - start, 0)) for start, weight in columns
    )
    assert np.array_equal(made, codes)
    assert all(-8 <= weight <= 7 for _, weight in columns)
    assert len(columns) <= 45


def test_codes_without_a_value_take_the_nearest():
    table = table_of(np.log, g.Coding(0.5, 2), g.Coding(0.25, 8))
    assert table[0] == table[1] == table[2] == 0  # the logarithm of 0 is the least
    assert table[4] == 8
    assert (np.diff(table) >= 0).all()
    assert (table_of(lambda x: x * np.nan, g.Coding(0.5, 2), g.Coding(0.25, 8)) == 8).all()


@pytest.mark.parametrize("op", ["Elu", "Softsign", "Abs", "Cos"])
@pytest.mark.parametrize("bits", [2, 3, 4])
def test_every_code_is_the_one_that_the_function_gives(op, bits):
    made = model([node("Conv", "x w", "c"), node(op, "c", "y")], {"x": [1, 3, 4, 5]}, {"w": whole(1, 70, 3, 1, 1)})
    x = numbers(1, 3, 4, 5)
    graph = quantised(from_proto(made), x, bits)
    product, apart, together = graph.layers
    assert (product.op, apart.op, together.op) == ("Conv", op, op)
    shown = layer_graph_numpy.run(
        g.LayerGraph(
            graph.name, graph.maps, graph.layers, graph.inputs,
            (*graph.outputs, g.Port("c", product.target.map, (1, 70, 4, 5), ((70, 4, 5),), (1, 2, 0))),
        ),
        {"x": x},
    )  # fmt: skip
    real = float_models.float_outputs(model([node(op, "x", "y")], {"x": [70, 4, 5]}), {"x": shown["c"].astype("f4")})[
        "y"
    ]
    coding = graph.maps[graph.outputs[0].map].coding
    codes = np.clip(np.rint(real / coding.scale), -coding.zero, 2**bits - 1 - coding.zero) * coding.scale
    assert np.abs(codes - shown["y"]).max() < 1e-5
    assert bits == 2 or np.ptp(shown["y"]) > 0


def test_a_view_of_some_channels_goes_into_a_table_as_it_is():
    nodes = [
        node("Conv", "x w", "c"), node("Gather", "c places", "s", axis=1), node("Abs", "s", "y"),
    ]  # fmt: skip
    constants = {"w": whole(1, 8, 3, 1, 1), "places": np.array([6, 1, 4], np.int64)}
    made = model(nodes, {"x": [1, 3, 4, 5]}, constants)
    exact, found = both(made, numbers(1, 3, 4, 5))
    assert np.abs(exact - found).max() < 1e-5
    apart = quantised(from_proto(made), numbers(1, 3, 4, 5)).layers[1]
    assert (apart.source.map, apart.source.channels) == ("conv_c", (1, 4, 6))


def test_numbers_without_a_value_are_told_and_take_the_nearest():
    made = model([node("Sqrt", "x", "y")], {"x": [1, 9]})
    graph = quantised(from_proto(made), numbers(1, 9))
    assert any("it has no value for some numbers" in warning for warning in graph.warnings)
    x = np.abs(numbers(1, 9))
    graph = quantised(from_proto(made), x)
    assert not graph.warnings
    assert float_models.closeness(np.sqrt(x).reshape(-1, 9), layer_graph_numpy.run(graph, {"x": x})["y"]) > 12


def signs(before):
    nodes = [node("Conv", "x w", "c"), node(before, "c", "r"), node("Sign", "r", "y")]
    made = model(nodes, {"x": [1, 3, 4, 5]}, {"w": whole(1, 4, 3, 1, 1)})
    x = whole(2, 20, 1, 3, 4, 5, most=7)
    found = layer_graph_numpy.run(quantised(from_proto(made), x), {"x": x})["y"]
    exact = float_models.float_outputs(made, {"x": x})["y"]
    return exact, found.reshape(exact.shape)


def test_signs_of_a_product_are_exact():
    exact, found = signs("Neg")
    assert np.abs(exact - found).max() < 1e-5
    assert np.ptp(exact) == 2


def test_signs_of_numbers_from_0_on_are_those_of_their_codes():
    exact, found = signs("Relu")
    assert set(np.unique(found)) == {0, 1}
    assert (found <= exact).all()


def test_a_function_alone_is_a_network():
    made = model([node("Abs", "x", "y")], {"x": [1, 1]})
    found = layer_graph_numpy.run(quantised(from_proto(made), numbers(1, 1)), {"x": numbers(1, 1)})["y"]
    assert float_models.closeness(np.abs(numbers(1, 1)).reshape(found.shape), found) > 12


def test_a_table_costs_what_the_page_says(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (checkout / "docs" / "operators.md").read_text().split("## Functions as tables")[1].split("\n## ")[0]
    monkeypatch.chdir(tmp_path)
    exec(page.split("```python\n")[1].split("```")[0], {})
    found = [acortex.run(f"{name}.onnx", values=False).report for name in ("Relu", "Gelu")]
    assert "| multiply-accumulates | {:,} | {:,} |".format(*(one.macs for one in found)) in page
    assert "| cycles | {:,} | {:,} |".format(*(one.cycles for one in found)) in page
    assert "| energy, nJ | {:.2f} | {:.2f} |".format(*(one.energy_j * 1e9 for one in found)) in page
