"""Networks with nodes in the middle that only a host does, and what judges them: onnxruntime on the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from acortex.isa.container import dumps, loads
from acortex.programs.compiler import Compiled, compile_graph
from acortex.programs.emit.program import names_of
from acortex.programs.front import normal_form, quantised, random_inputs
from acortex.programs.network.importer import from_proto
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import Result, run
from acortex.tools.open.machine import machine_of

Array = NDArray[Any]

CHIP = load_chip("acortex_gnmt")
VOCABULARY = 11


class Grower:
    """A network that grows node by node: each method adds some, and returns the new tensor and its shape."""

    def __init__(self, seed: int = 0) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.inputs: list[tuple[str, int, tuple[int, ...]]] = []
        self._random = np.random.default_rng(seed)

    def give(self, name: str, shape: tuple[int, ...], kind: int = TensorProto.FLOAT) -> str:
        """An input."""
        self.inputs.append((name, kind, shape))
        return name

    def weights(self, *shape: int) -> str:
        """Random weights, by their name."""
        name = f"w{len(self.constants)}"
        scale = np.sqrt(max(np.prod(shape[1:] if len(shape) == 4 else shape[:1]), 1))
        self.constants[name] = (self._random.standard_normal(shape) / scale).astype(np.float32)
        return name

    def constant(self, value: Any) -> str:
        """A constant, by its name."""
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(value)
        return name

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node with one output."""
        name = f"{op.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [f"t{len(self.nodes)}"], name, **attributes))
        return self.nodes[-1].output[0]

    def model(self, *outputs: str, opset: int = 17, kind: int = TensorProto.FLOAT) -> ModelProto:
        """The network with these outputs."""
        tensors = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info(*one) for one in self.inputs],
            [helper.make_tensor_value_info(name, kind, None) for name in outputs],
            tensors,
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def normalised_between(inside: int = 20, middle: int = 32, outside: int = 12) -> ModelProto:
    """Two products with a normalisation between them."""
    net = Grower()
    x = net.give("x", (1, inside))
    a = net.add("Gemm", x, net.weights(inside, middle))
    b = net.add("LayerNormalization", a, net.constant(np.ones(middle, np.float32)))
    return net.model(net.add("Gemm", b, net.weights(middle, outside)))


def attention(tokens: int = 6, width: int = 16) -> ModelProto:
    """A block of a transformer: attention and a product, each behind a normalisation and beside a residual sum."""
    net, ones = Grower(), np.ones(width, np.float32)
    x = net.give("x", (1, tokens, width))
    n = net.add("LayerNormalization", x, net.constant(ones))
    q, k, v = (net.add("MatMul", n, net.weights(width, width)) for _ in range(3))
    weighed = net.add("Softmax", net.add("MatMul", q, net.add("Transpose", k, perm=[0, 2, 1])))
    out = net.add("MatMul", net.add("MatMul", weighed, v), net.weights(width, width))
    h = net.add("Add", x, out)
    m = net.add("LayerNormalization", h, net.constant(ones))
    wide = net.add("Erf", net.add("MatMul", m, net.weights(width, 2 * width)))
    return net.model(net.add("Add", h, net.add("MatMul", wide, net.weights(2 * width, width))))


@st.composite
def networks(draw: st.DrawFn) -> ModelProto:
    """Random networks on vectors, tokens or images, some of whose nodes only a host does, branches among them."""
    net = Grower(draw(st.integers(0, 1000)))
    kind = draw(st.sampled_from(["vector", "tokens", "image", "ids"]))
    shape = {"vector": (1, 12), "tokens": (1, 5, 12), "image": (1, 4, 6, 6), "ids": (1, 5, 12)}[kind]
    if kind == "ids":
        ids = net.give("ids", (1, 5), TensorProto.INT64)
        ends = [net.add("Gather", net.weights(VOCABULARY, 12), ids)]
    else:
        ends = [net.give("x", shape)]
    ends.append(_product(net, ends[0], shape))
    for _ in range(draw(st.integers(2, 6))):
        one, other = (ends[draw(st.integers(0, len(ends) - 1))] for _ in range(2))
        ends.append(_step(net, draw(st.integers(0, 9)), one, other, shape))
    ends.append(_product(net, ends[-1], shape))
    outputs = dict.fromkeys([ends[-1], *draw(st.lists(st.sampled_from(ends[1:]), max_size=1))])
    return net.model(*outputs)


def _product(net: Grower, x: str, shape: tuple[int, ...]) -> str:
    """A product with constant weights that keeps the shape."""
    if len(shape) == 4:
        return net.add("Conv", x, net.weights(shape[1], shape[1], 3, 3), pads=[1, 1, 1, 1])
    return net.add("MatMul", x, net.weights(shape[-1], shape[-1]))


def _step(net: Grower, what: int, x: str, other: str, shape: tuple[int, ...]) -> str:
    """A step that keeps the shape: of the chip, of the host, or of both."""
    if what < 2:
        return _product(net, x, shape)
    if what == 2:
        return net.add("Relu", x)
    if what == 3:
        return net.add("Add", x, other)
    if what == 4:
        return net.add("Erf", x)
    if what == 5:
        return net.add("Softmax", x, axis=-1)
    if what == 6:
        return net.add("LayerNormalization", x, net.constant(np.ones(shape[-1], np.float32)))
    if what == 7 and len(shape) == 4:
        return net.add("InstanceNormalization", x, *(net.constant(np.ones(shape[1], np.float32)) for _ in range(2)))
    if what == 8 and len(shape) == 3:
        scores = net.add("Softmax", net.add("MatMul", x, net.add("Transpose", other, perm=[0, 2, 1])))
        return net.add("MatMul", scores, other)
    return net.add("Mul", net.add("Exp", net.add("Tanh", x)), other)


# What judges them -------------------------------------------------------------------------------------------------


def divided(model: ModelProto, inferences: int = 3, seed: int = 1) -> tuple[Compiled, dict[str, Array]]:
    """A network compiled with the host between parts of the chip, and seeded inputs on which its ranges were chosen."""
    given = random_inputs(normal_form(from_proto(model), "auto"), seed, inferences)
    graph = quantised(from_proto(model), given, host="auto")
    return compile_graph(graph, machine_of(CHIP)), given


def ran(compiled: Compiled, given: dict[str, Array], **options: Any) -> Result:
    """A run of the program as a container holds it."""
    names = names_of(compiled.plan)
    program = loads(dumps(compiled.program))
    return run(program, CHIP, inputs={names[name]: array for name, array in given.items()}, **options)


def referred(data: bytes, given: dict[str, Array]) -> dict[str, Array]:
    """What onnxruntime makes of a model, one inference a row, by the names of its outputs."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options)
    names = [one.name for one in session.get_outputs()]
    rows = []
    for n in range(len(next(iter(given.values())))):
        feed = {one.name: given[one.name][n].reshape(one.shape) for one in session.get_inputs()}
        rows.append(session.run(names, feed))
    return {name: np.stack([row[at] for row in rows]) for at, name in enumerate(names)}


def assert_exact(compiled: Compiled, given: dict[str, Array], result: Result | None = None) -> None:
    """The outputs of a run equal those of the reference, bit for bit and in type."""
    names = names_of(compiled.plan)
    outputs = (result or ran(compiled, given, timing=False)).outputs
    for name, wanted in referred(compiled.reference(), given).items():
        found = outputs[names[name]]
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.reshape(wanted.shape), wanted)
