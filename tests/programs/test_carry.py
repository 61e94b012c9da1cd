"""States that stay on the chip from one inference to the next, beside onnxruntime with the reference in a loop."""

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from originals import model, node
from random_sequences import table

import acortex
from acortex.errors import UsageError
from acortex.programs import quantised
from acortex.programs.front import normal_form
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.carry import carries, with_states
from acortex.programs.quantise.images import as_images
from acortex.tools.cli import cli

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def cell(op="LSTM", hidden=8, direction="forward", steps=1, features=4):
    """A recurrent layer whose states are inputs h and c, and outputs hn and cn."""
    ways = 1 + (direction == "bidirectional")
    names, ends = ("h c", "Y hn cn") if op == "LSTM" else ("h", "Y hn")
    constants = {
        "W": table(1, ways, GATES[op] * hidden, features),
        "R": table(2, ways, GATES[op] * hidden, hidden),
        "B": table(3, ways, 2 * GATES[op] * hidden),
    }
    inputs = {"x": [steps, 1, features], **{name: [ways, 1, hidden] for name in names.split()}}
    layer = node(op, f"x W R B - {names}", ends, hidden_size=hidden, direction=direction)
    return model([layer], inputs, constants, ends)


def one_state(hidden=8):
    """A layer whose h and c are halves of one input, as speech detectors have it."""
    nodes = [
        node("Split", "s halves", "h c", axis=0),
        node("LSTM", "x W R B - h c", "Y hn cn", hidden_size=hidden),
        node("Squeeze", "Y one", "last"),
        node("MatMul", "last M", "y"),
        node("Concat", "hn cn", "next", axis=0),
    ]
    constants = {"halves": np.array([1, 1]), "one": np.array([1]), "M": table(5, hidden, 2)}
    constants |= {"W": table(1, 1, 4 * hidden, 4), "R": table(2, 1, 4 * hidden, hidden), "B": table(3, 1, 8 * hidden)}
    return model(nodes, {"x": [1, 1, 4], "s": [2, 1, hidden]}, constants, "y next")


def shifted():
    """A sum whose terms move on by one place at each inference: an output is an input as it is."""
    nodes = [node("Add", "a b", "z"), node("Identity", "a", "y"), node("Add", "z x", "s")]
    return model(nodes, {"a": [1, 4], "b": [1, 4], "x": [1, 4]}, (), "y s")


def given_of(made, carry, count=6):
    rng = np.random.default_rng(0)
    shapes = {one.name: one.shape for one in from_proto(made).inputs if one.name not in carry}
    return {name: rng.standard_normal((count, *shape)).astype(np.float32) for name, shape in shapes.items()}


def looped(compiled, made, carry, given):
    """The reference's outputs in onnxruntime, each inference given what the one before gave."""
    session = onnxruntime.InferenceSession(compiled.reference())
    names = [one.name for one in session.get_outputs()]
    shapes = {one.name: one.shape for one in from_proto(made).inputs}
    states = {name: np.zeros(shapes[name], np.float32) for name in carry}
    found = []
    for index in range(len(next(iter(given.values())))):
        own = {name: array[index] for name, array in given.items()}
        found.append(dict(zip(names, session.run(None, own | states), strict=True)))
        numbers = {name: [found[-1][one].reshape(-1) for one in sources] for name, sources in from_chip(carry).items()}
        states = {name: np.concatenate(numbers[name]).reshape(shapes[name]) for name in carry}
    return {name: np.stack([one[name] for one in found]) for name in names}


def from_chip(carry):
    """The outputs of the chip for those of the model, one of which the host puts together."""
    parts = {"next": ["hn", "cn"]}
    return {name: [one for source in sources for one in parts.get(source, [source])] for name, sources in carry.items()}


def compiled_with(made, carry, folder, given):
    onnx.save(made, folder / "net.onnx")
    return acortex.compile(folder / "net.onnx", calibration=given, carry=carry)


H, HC = {"h": ["hn"]}, {"h": ["hn"], "c": ["cn"]}

STREAMS = {
    "lstm": (cell(), HC),
    "lstm of several steps": (cell(steps=9), HC),
    "lstm, c alone": (cell(), {"c": ["cn"]}),
    "lstm, both ways": (cell(direction="bidirectional", hidden=65), HC),
    "gru": (cell("GRU"), H),
    "gru, both ways": (cell("GRU", direction="bidirectional", steps=3), H),
    "rnn, both ways": (cell("RNN", direction="bidirectional", steps=3), H),
    "one input for both": (one_state(), {"s": ["hn", "cn"]}),
    "one input for both, by the model's own output": (one_state(), {"s": ["next"]}),
    "terms that move on": (shifted(), {"a": ["s"], "b": ["y"]}),
}


@pytest.mark.parametrize("name", STREAMS)
def test_the_chip_goes_on_where_the_inference_before_ended(name, tmp_path):
    made, carry = STREAMS[name]
    given = given_of(made, carry)
    compiled = compiled_with(made, carry, tmp_path, given)
    outputs = acortex.run(compiled.program, inputs=given).outputs
    for one, numbers in looped(compiled, made, carry, given).items():
        assert np.array_equal(outputs[one].reshape(-1), numbers.reshape(-1)), one
        assert len(np.unique(numbers)) > 2


@settings(deadline=None, max_examples=8)
@given(
    st.sampled_from(list(GATES)), st.integers(1, 70), st.sampled_from(["forward", "reverse", "bidirectional"]),
    st.integers(1, 6), st.integers(1, 9), st.integers(1, 5),
)  # fmt: skip
def test_random_layers_go_on(tmp_path_factory, op, hidden, direction, steps, features, count):
    made, carry = cell(op, hidden, direction, steps, features), HC if op == "LSTM" else H
    given = given_of(made, carry, count)
    compiled = compiled_with(made, carry, tmp_path_factory.mktemp("net"), given)
    outputs = acortex.run(compiled.program, inputs=given).outputs
    wanted = looped(compiled, made, carry, given)
    assert all(np.array_equal(outputs[one].reshape(-1), wanted[one].reshape(-1)) for one in wanted)


def beside_the_host(early=False):
    """A normalisation of the host, then a layer whose states are inputs; with `early` the chip takes h before, too."""
    constants = {"P": table(6, 4, 5), "ones": np.ones(5, np.float32), "row": np.array([1, 1, 5]), "M": table(7, 8, 3)}
    constants |= {"W": table(1, 1, 32, 5), "R": table(2, 1, 32, 8), "B": table(3, 1, 64), "Q": table(8, 8, 4)}
    constants |= {"flat": np.array([1, 8])}
    before = [node("Reshape", "h flat", "g"), node("MatMul", "g Q", "q"), node("Add", "x q", "z")]
    nodes = [
        *(before if early else []),
        node("MatMul", f"{'z' if early else 'x'} P", "p"),
        node("LayerNormalization", "p ones", "n", axis=-1),
        node("Reshape", "n row", "r"),
        node("LSTM", "r W R B - h c", "Y hn cn", hidden_size=8),
        node("Squeeze", "Y one", "last"),
        node("MatMul", "last M", "y"),
        node("Softmax", "y", "s"),
        node("MatMul", "s T", "t"),
        node("Concat", "hn cn", "next", axis=0),
    ]
    constants |= {"one": np.array([1]), "T": table(9, 3, 3)}
    return model(nodes, {"x": [1, 4], "h": [1, 1, 8], "c": [1, 1, 8]}, constants, "t hn cn next")


def behind_the_host():
    """A layer whose input the host makes."""
    made = cell()
    made.graph.node.insert(0, node("LayerNormalization", "x ones", "n", axis=-1))
    made.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(4, np.float32), "ones"))
    made.graph.node[1].input[0] = "n"
    return made


def sum_of_images():
    """An image that is added up: its channels lie behind its rows and columns on the chip."""
    return model([node("Add", "a x", "y")], {"a": [1, 3, 2, 4], "x": [1, 3, 2, 4]}, (), "y")


@pytest.mark.parametrize(
    ("made", "carry"),
    [(cell(), HC), (behind_the_host(), HC), (beside_the_host(), HC), (sum_of_images(), {"a": ["y"]})],
    ids=["cell", "behind the host", "beside the host", "images"],
)
def test_calibration_hands_states_on_as_onnxruntime_would_in_floating_point(made, carry):
    given = given_of(made, carry, 5)
    graph = normal_form(from_proto(made), "auto")
    graph.carried = carries(graph, carry)
    images, ports = with_states(graph, as_images(graph, given), given), {one.name: one for one in graph.inputs}
    session = onnxruntime.InferenceSession(made.SerializeToString())
    names = [one.name for one in session.get_outputs()]
    states = {name: np.zeros(ports[name].shape, np.float32) for name in carry}
    for index in range(5):
        for name, state in states.items():
            image = images[ports[name].map][index]
            lies = np.moveaxis(state[0], 0, -1) if image.shape == (2, 4, 3) else state
            assert np.allclose(image.reshape(-1), lies.reshape(-1), atol=2e-6), name
        found = session.run(None, {"x": given["x"][index], **states})
        states = {name: found[names.index(one)] for name, (one,) in carry.items()}


def quantised_carries(made):
    return list(quantised(from_proto(made), given_of(made, HC), carry=HC).carried)


def test_states_that_are_given_for_calibration_are_taken_as_they_are():
    made = cell()
    given = given_of(made, {}, 3)
    graph = normalise(from_proto(made))
    graph.carried = quantised_carries(made)
    images = as_images(graph, given)
    assert with_states(graph, images, given) == images


def test_a_second_inference_begins_when_the_first_has_left_its_state(tmp_path):
    made = cell(hidden=64)
    given = given_of(made, HC, 8)
    carried = acortex.run(compiled_with(made, HC, tmp_path, given).program, inputs=given).report
    spans = [(one.start_cycle, one.end_cycle) for one in carried.inferences]
    steady = (spans[-1][1] - spans[2][1]) / 5
    own = acortex.run(compiled_with(made, HC, tmp_path, given).program, inputs={"x": given["x"][:1]}).report.cycles
    assert 0.5 * own < steady <= own


@pytest.mark.parametrize(
    ("carry", "said"),
    [
        ({"h": ["hm"]}, "--carry names hm, and the network has no such output"),
        ({"g": ["hn"]}, "--carry names g, and the network has no such input"),
        ({"h": ["hn", "cn"]}, "hn, cn gives 16 numbers, and the input h takes 8"),
        ({"x": ["hn"]}, "hn gives 8 numbers, and the input x takes 4"),
    ],
)
def test_what_cannot_be_carried_is_refused(carry, said):
    with pytest.raises(UsageError, match=said):
        quantised(from_proto(cell()), carry=carry)


@pytest.mark.parametrize("early", [False, True], ids=["after the host", "before and after it"])
def test_states_stay_on_the_chip_while_the_host_works_in_between(early, tmp_path):
    made = beside_the_host(early)
    given = given_of(made, HC)
    onnx.save(made, tmp_path / "net.onnx")
    compiled = acortex.compile(tmp_path / "net.onnx", calibration=given, carry=HC, host="auto")
    assert len(compiled.plan.graph.parts) > 1
    outputs = acortex.run(compiled.program, inputs=given).outputs
    wanted = looped(compiled, made, HC, given)
    assert np.ptp(outputs["hn"], axis=0).any()
    for name in wanted:
        assert np.array_equal(outputs[name].reshape(-1), wanted[name].reshape(-1)), name


def test_a_state_that_the_host_joins_is_carried_by_its_parts(tmp_path):
    graph = quantised(from_proto(halves()), carry={"s": ["next"]}, host="auto")
    assert [one.outputs for one in graph.carried] == [("hn", "cn")]


def halves():
    """Both states in one input and one output, behind a normalisation of the host."""
    made = one_state()
    made.graph.node.insert(0, node("LayerNormalization", "x ones", "n", axis=-1))
    made.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(4, np.float32), "ones"))
    made.graph.node[2].input[0] = "n"
    return made


@pytest.mark.parametrize(("taken", "said"), [("n", "which the host makes"), ("unknown", "no such output")])
def test_states_that_the_host_makes_are_not_carried(taken, said):
    nodes = [
        node("MatMul", "s W", "a"),
        node("Softmax", "a", "b"),
        node("MatMul", "b W", "c"),
        node("Softmax", "c", "n"),
    ]
    made = model(nodes, {"s": [1, 4], "x": [1, 4]}, {"W": table(4, 4, 4)}, "n")
    with pytest.raises(UsageError, match=said):
        quantised(from_proto(made), carry={"s": [taken]}, host="auto")


def test_an_input_that_the_host_takes_is_not_carried():
    nodes = [node("Softmax", "s", "b"), node("MatMul", "b W", "n")]
    made = model(nodes, {"s": [1, 4]}, {"W": table(4, 4, 4)}, "n")
    with pytest.raises(UsageError, match="which the host takes"):
        quantised(from_proto(made), carry={"s": ["n"]}, host="auto")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--carry", "hn"], "give OUT=IN"),
        (["--carry", ",=h"], "give OUT=IN"),
        (["--carry", "hn=h", "--carry", "cn=h"], "--carry names the input h twice"),
    ],
)
def test_a_carry_that_is_no_pair_is_a_wrong_use(options, said, tmp_path):
    onnx.save(cell(), tmp_path / "net.onnx")
    found = CliRunner().invoke(cli, ["compile", str(tmp_path / "net.onnx"), *options])
    assert (found.exit_code, said in found.stderr) == (2, True)


def test_a_carried_input_is_not_given(tmp_path):
    onnx.save(cell(), tmp_path / "net.onnx")
    np.savez(tmp_path / "x.npz", **given_of(cell(), {}))
    options = ["--carry", "hn=h", "--input", str(tmp_path / "x.npz")]
    found = CliRunner().invoke(cli, ["run", str(tmp_path / "net.onnx"), *options])
    assert (found.exit_code, "has no input h" in found.stderr) == (2, True)


def test_a_program_that_is_compiled_takes_no_carry():
    found = CliRunner().invoke(cli, ["run", "zoo:digits_mlp", "--carry", "a=b"])
    assert (found.exit_code, "--carry" in found.stderr) == (2, True)
