"""Divided networks in their normal form: ports between chip and host, the host's results, and bounds of indices."""

from __future__ import annotations

import numpy as np
import pytest
from host_networks import Grower
from onnx import ModelProto, TensorProto

from acortex.programs.host.graphs import with_host
from acortex.programs.host.partition import NothingLeft
from acortex.programs.network.importer import from_proto
from acortex.programs.steps import FloatGraph

HOSTED = "LpNormalization"
"""An operator that the chip does not have."""


def graph_of(model: ModelProto) -> FloatGraph:
    """The normal form of a divided network."""
    return with_host(from_proto(model))


def between(net: Grower, end: str) -> str:
    """A product, what only the host does, and a product, behind a tensor of 8 numbers."""
    a = net.add("Gemm", end, net.weights(8, 8))
    return net.add("Gemm", net.add(HOSTED, a, axis=-1), net.weights(8, 4))


def test_ports_between_chip_and_host_are_marked_and_those_of_the_user_are_not() -> None:
    net = Grower()
    y = between(net, net.give("x", (1, 8)))
    graph = graph_of(net.model(y))
    assert [(port.name, port.host) for port in graph.inputs] == [("x", False), ("t1", True)]
    assert {(port.name, port.host) for port in graph.outputs} == {("t0", True), (y, False)}
    assert [(part.takes, part.makes) for part in graph.parts] == [(("t0",), ("t1",))]
    assert list(graph.host_nodes) == ["lpnormalization1"]
    assert graph.chip_nodes == (("gemm0",), ("gemm2",))
    assert not graph.results and not graph.raw and not graph.unread


def test_a_tensor_that_user_and_host_take_is_the_users() -> None:
    net = Grower()
    y = between(net, net.give("x", (1, 8)))
    graph = graph_of(net.model("t0", y))
    assert {(port.name, port.host) for port in graph.outputs} == {("t0", False), (y, False)}


@pytest.mark.parametrize(("shape", "own"), [((1, 8), (8,)), ((1, 2, 8), (2, 8)), ((3, 8), (3, 8))])
def test_what_the_host_makes_last_is_a_result_without_a_batch_of_one(
    shape: tuple[int, ...], own: tuple[int, ...]
) -> None:
    net = Grower()
    y = net.add(HOSTED, net.add("MatMul", net.give("x", shape), net.weights(8, 8)), axis=-1)
    (result,) = graph_of(net.model(y)).results
    assert (result.name, tuple(result.shape), result.dtype) == (y, own, "float32")


def test_a_result_of_the_host_keeps_its_type() -> None:
    net = Grower()
    a = net.add(HOSTED, net.add("Gemm", net.give("x", (1, 8)), net.weights(8, 8)), axis=-1)
    y = net.add("Cast", net.add("Greater", a, net.constant(np.float32(0.1))), to=TensorProto.INT32)
    (result,) = graph_of(net.model(y, kind=TensorProto.INT32)).results
    assert result.dtype == "int32"


# What only the host reads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("through", "rows", "high"),
    [
        ((), (9,), 8),
        (("Cast",), (9,), 8),
        (("Identity", "Cast"), (9,), 8),
        ((), (9, 5), 4),  # of two tables the smaller one bounds it
        (("Neg",), (9,), None),  # what is computed of it is another number
    ],
)
def test_an_index_is_bounded_by_the_smallest_table_that_it_reads(
    through: tuple[str, ...], rows: tuple[int, ...], high: int | None
) -> None:
    net = Grower()
    index = net.give("ids", (1, 3), TensorProto.INT64)
    for op in through:
        index = net.add(op, index, **({"to": TensorProto.INT64} if op == "Cast" else {}))
    read = [net.add("Gather", net.weights(count, 8), index) for count in rows]
    sums = read[0] if len(read) == 1 else net.add("Add", *read)
    graph = graph_of(net.model(net.add("MatMul", sums, net.weights(8, 4))))
    (port,) = graph.raw
    assert (port.name, port.dtype, port.shape, port.canonical, port.high) == ("ids", "int64", (1, 3), (3,), high)
    assert [one.name for one in graph.given] == ["ids"]


def test_an_index_along_another_axis_is_bounded_by_that() -> None:
    net = Grower()
    table = net.weights(8, 6)
    columns = net.add("Gather", table, net.give("ids", (3,), TensorProto.INT64), axis=1)
    y = net.add("MatMul", net.add("Transpose", columns, perm=[1, 0]), net.weights(8, 4))
    assert [port.high for port in graph_of(net.model(y)).raw] == [5]


# What a run cannot give -----------------------------------------------------------------------------------------------


def test_outputs_that_no_run_gives_are_told_and_left_out() -> None:
    net = Grower()
    y = between(net, net.give("x", (1, 8)))
    fixed = net.add("Identity", net.constant(np.ones(2, np.float32)))
    graph = graph_of(net.model(y, net.add("NonZero", y), "x", fixed))
    assert [port.name for port in graph.outputs if not port.host] == [y]
    assert not graph.results
    told = "\n".join(graph.warnings)
    for words in ("has no fixed shape", "the output x is an input", f"the output {fixed} is a constant"):
        assert told.count(words) == 1


def test_a_network_of_which_no_run_could_give_anything_is_refused() -> None:
    net = Grower()
    y = between(net, net.give("x", (1, 8)))
    with pytest.raises(NothingLeft, match="no output of the network has a fixed shape") as refused:
        graph_of(net.model(net.add("NonZero", y)))
    assert refused.value.hint == "end the network before those that vary"


def test_steps_are_in_the_order_of_stages_whatever_that_of_the_nodes() -> None:
    net = Grower()
    x = net.give("x", (1, 8))
    late = net.add("Gemm", net.add(HOSTED, net.add("Gemm", x, net.weights(8, 8)), axis=-1), net.weights(8, 4))
    early = net.add("Gemm", x, net.weights(8, 4))
    graph = graph_of(net.model(late, early))
    stages = graph.stages()
    found = [stages[step.name] for step in graph.steps]
    assert found == sorted(found) and set(found) == {0, 1}
    assert graph.chip_nodes == (("gemm0", "gemm3"), ("gemm2",))
