"""What a program cannot say is said of the network: its layer or tensor, the value, the bound."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from acortex.isa.operands import KINDS
from acortex.programs import Network, compiler, quantised
from acortex.programs.compiler import CompilerFault, compile_graph, plan_graph
from acortex.programs.mapping import limits
from acortex.programs.mapping.limits import BeyondProgram
from acortex.programs.network.network import Model, Node, Value
from acortex.programs.steps import FloatPort
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.machine import machine_of

MACHINE = machine_of(load_chip("acortex_gnmt"))


def convolutional():
    x = Network("net", input=(70, 6, 6)).conv(70, 3, pad=1, stride=2, name="conv").sigmoid()
    return quantised(x.max_pool(2).conv(3, 1, name="last"))


def recurrent():
    return quantised(Network("net", input=(3, 5)).lstm(70, name="cells"))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("input", "the network has 1 inputs; 1 is the most"),
        ("output", "the network has 1 outputs; 1 is the most"),
        ("layer", "the network has 2 layers; 1 is the most"),
        ("group", "the network has 2 matrices; 1 is the most"),
        ("token", "the network needs"),
        ("extent", "conv: what it reads is a map of 6x6 pixels of 2 words; 0 is the most"),
        ("stride", "conv: what it reads is a map of 6x6 pixels of 2 words, 12 words per row; 0 is the most"),
        ("vector_words", "conv: its image has 18 words; 0 is the most"),
        ("positions", "conv: it has 9 positions; 0 is the most"),
        ("rows", "conv: its matrix has 630 rows; 0 is the most"),
        ("columns", "conv: its matrix has 70 columns; 0 is the most"),
        ("words", "conv: its pixels have 2 words of 64 channels; 0 is the most"),
        ("kernel", "conv: its window has a kernel of 3, 3; 0 is the most"),
        ("hop", "conv: its window has strides and dilations of 2, 2, 1, 1; 0 is the most"),
        ("margin", "conv: its window has margins of 1, 1; 0 is the most"),
        ("places", "conv: its window has positions of 3, 3; 0 is the most"),
        ("image_width", "conv: its window has an image as wide as 6; 0 is the most"),
    ],
)
def test_each_operand_has_its_bound(kind, told, monkeypatch):
    graph = convolutional()
    low = -1 if kind in ("input", "output") else 0
    monkeypatch.setitem(limits.KINDS, kind, replace(KINDS[kind], high=low, low=0))
    with pytest.raises(BeyondProgram) as caught:
        plan_graph(graph, MACHINE)
    expected = told.replace("; 1 is", "; 0 is") if low < 0 else told
    assert str(caught.value).startswith(expected)
    assert "hint: " in str(caught.value)
    assert "layer conv" not in caught.value.also  # it is the one that is named


def test_the_words_of_a_position_are_those_of_all_that_it_reads(monkeypatch):
    """A step of a recurrent layer reads its input, a word, and the h before it, two words."""
    graph = recurrent()
    monkeypatch.setitem(limits.KINDS, "words", replace(KINDS["words"], high=2))
    with pytest.raises(BeyondProgram, match="its pixels have 3 words of 64 channels; 2 is the most"):
        plan_graph(graph, MACHINE)
    monkeypatch.setitem(limits.KINDS, "words", replace(KINDS["words"], high=3))
    plan_graph(graph, MACHINE)


def test_states_have_their_bound(monkeypatch):
    graph = recurrent()
    monkeypatch.setitem(limits.KINDS, "state", replace(KINDS["state"], high=-1))
    with pytest.raises(BeyondProgram, match="cells: its states reach word 0; -1 is the most"):
        plan_graph(graph, MACHINE)


def chain(count, op="Tanh", inputs=1):
    """A model of so many nodes, one after the other."""
    names = ["x", *(f"t{n}" for n in range(count))]
    functions = (op, "Sigmoid")
    nodes = [Node(functions[n % 2], f"n{n}", (a,), (b,)) for n, (a, b) in enumerate(pairwise(names))]
    return Model("chain", [Value("x", (1, 4))], [names[-1]], nodes)


def test_far_too_many_layers_are_told_before_the_network_is_evaluated(monkeypatch):
    monkeypatch.setattr("acortex.programs.front.quantise", None)
    with pytest.raises(BeyondProgram, match="has 2,000 layers, 12000 instructions at least; the chip holds 8192"):
        quantised(chain(2000), most_instructions=8192)


def test_steps_of_a_recurrent_layer_are_turns_of_a_loop_and_so_not_too_many():
    graph = quantised(Network(input=(1000, 4)).lstm(4), most_instructions=200)
    assert compile_graph(graph, machine_of(load_chip("acortex_gnmt"))).report["instructions"] <= 200


def test_so_are_more_recurrent_layers_than_instructions_have_room_for(monkeypatch):
    monkeypatch.setattr("acortex.programs.front.quantise", None)
    with pytest.raises(BeyondProgram, match="has 3 layers, 30 instructions at least"):
        quantised(Network(input=(7, 4)).lstm(4).lstm(4).lstm(4), most_instructions=20)


def test_so_are_too_many_matrices(monkeypatch):
    monkeypatch.setattr("acortex.programs.front.quantise", None)
    x = Network(input=(4,))
    for _ in range(5):
        x = x.linear(4)
    monkeypatch.setitem(limits.KINDS, "group", replace(KINDS["group"], high=3))
    with pytest.raises(BeyondProgram, match="has 5 matrices; 4 is the most that a program can say"):
        quantised(x)


@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_more_tensors_than_a_program_can_say_are_refused(kind):
    names = [f"t{n}" for n in range(1025)]
    if kind == "inputs":
        nodes = [Node("Sum", "sum", tuple(names), ("y",))]
        model = Model("many", [Value(name, (1, 4)) for name in names], ["y"], nodes)
    else:
        nodes = [Node("Tanh", name, ("x",), (name,)) for name in names]
        model = Model("many", [Value("x", (1, 4))], names, nodes)
    with pytest.raises(BeyondProgram, match=f"the network has 1025 {kind}; 1024 is the most that a program can say"):
        quantised(model)


def test_inputs_that_nothing_reads_cost_nothing():
    model = Model("few", [Value("x", (1, 4)), *(Value(f"u{n}", (1, 1 << 50)) for n in range(30))], ["y"])
    model.nodes = [Node("Tanh", "tanh", ("x",), ("y",))]
    graph = quantised(model, np.ones((2, 4), np.float32))
    assert graph.warnings == ("nothing reads the 30 inputs u0, u1, u2, u3, u4, …: the program does not take them",)
    assert [port.name for port in graph.unread] == [f"u{n}" for n in range(30)]
    program = compile_graph(graph, MACHINE).program
    assert [tensor.name for tensor in program.inputs] == ["x"]


def test_a_few_inputs_that_nothing_reads_are_taken_all_the_same():
    """So a run takes what the model takes; the chip moves nothing."""
    values = [Value(name, (1, 4)) for name in ("x", "u", "v")]
    model = Model("few", values, ["y"], [Node("Tanh", "tanh", ("x",), ("y",))])
    given = dict.fromkeys("xuv", np.ones((2, 4), np.float32))
    graph = quantised(model, given)
    assert graph.warnings == ("nothing reads the 2 inputs u, v: they cost nothing",)
    compiled = compile_graph(graph, MACHINE)
    assert [tensor.name for tensor in compiled.program.inputs] == ["x", "u", "v"]
    assert compiled.text.count("        input ") == 1
    assert run(compiled.program, load_chip("acortex_gnmt"), inputs=given, timing=False).outputs["y"].shape == (2, 4)


@pytest.mark.parametrize(
    ("taken", "unread", "fits"),
    [
        (1, [(1 << 20,)], True),
        (1, [((1 << 20) + 1,)], False),
        (1, [(2, 1 << 19)], True),
        (1, [(3, 1 << 19)], False),
        (1, [(1,) * 8], True),
        (1, [(1,) * 9], False),
        (1, [(4,), (1,) * 9], False),
        (1, [(4,)] * 1023, True),
        (1, [(4,)] * 1024, False),
        (1023, [(4,)], True),
        (1024, [(4,)], False),
        (1024, [], True),
    ],
    ids=lambda one: str(one)[:40],
)
def test_inputs_that_nothing_reads_are_declared_where_a_program_has_room_for_all(taken, unread, fits):
    def ports(shapes):
        return [FloatPort(f"p{n}", "m", shape, shape, (), "float32") for n, shape in enumerate(shapes)]

    assert limits.declares_unread(ports([(4,)] * taken), ports(unread)) == fits


def test_an_input_of_which_only_the_shape_is_read_is_not_taken():
    nodes = [Node("Shape", "shape", ("u",), ("s",)), Node("Reshape", "reshape", ("x", "s"), ("a",))]
    model = Model(
        "shape", [Value("x", (1, 4)), Value("u", (2, 2))], ["y"], [*nodes, Node("Tanh", "tanh", ("a",), ("y",))]
    )
    graph = quantised(model, {"x": np.ones((2, 4), np.float32)})
    assert [port.name for port in graph.unread] == ["u"]


def test_numbers_beyond_a_tensors_scale_are_told_with_it():
    weights = np.full((2, 2), 1e37, np.float32)
    graph = quantised(Network(input=(2,)).linear(2, weights=weights), np.ones((2, 2), np.float32))
    with pytest.raises(
        BeyondProgram, match=r"a code of the output linear_1.out stands for 1.3\d*e\+36; 1e-30 to 1e\+36"
    ):
        plan_graph(graph, MACHINE)


def test_a_stride_that_is_never_taken_has_no_bound():
    x = Network(input=(4, 1, 40)).conv(8, (1, 3), name="conv").max_pool((1, 33), (1, 33))
    assert compile_graph(quantised(x.flatten().linear(3)), MACHINE).report["layers"]


def test_a_text_that_does_not_assemble_is_a_fault_of_the_compiler(monkeypatch):
    real = compiler.emit

    def wrong(plan):
        text, arrays = real(plan)
        return text.replace("multiply", "multipy"), arrays

    monkeypatch.setattr(compiler, "emit", wrong)
    with pytest.raises(CompilerFault) as caught:
        compile_graph(convolutional(), MACHINE)
    assert str(caught.value) == (
        "the compiler wrote a program for net that does not assemble at the layer conv:"
        " no instruction is called `multipy`"
        "\n  hint: this is a fault of acortex; please report it with the network. Nothing was written"
    )
    assert caught.value.exit_code == 1
