"""A divided network in floating point, before anything is quantised: judged by the original model in onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from host_networks import Grower, attention, networks, referred
from hypothesis import HealthCheck, given, settings
from onnx import ModelProto, TensorProto, helper

from acortex.errors import UsageError
from acortex.programs.front import normal_form, quantised, random_inputs
from acortex.programs.network.importer import from_proto
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.quantise.host_floats import HostFloats
from acortex.programs.quantise.images import as_images, from_image


def with_outputs(model: ModelProto, names: list[str]) -> ModelProto:
    """The model with further outputs."""
    made = ModelProto()
    made.CopyFrom(model)
    known = {info.name for info in model.graph.output}
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names if name not in known]
    made.graph.output.extend(infos)
    return made


@given(networks())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_what_leaves_the_chip_is_what_the_model_has_there(model: ModelProto) -> None:
    graph = normal_form(from_proto(model), "auto")
    inputs = random_inputs(graph, 3, 2)
    images = evaluate(graph, as_images(graph, inputs), host=HostFloats(graph, inputs))
    wanted = referred(with_outputs(model, [port.name for port in graph.outputs]).SerializeToString(), inputs)
    for port in graph.outputs:
        found = from_image(port, images[port.map])
        np.testing.assert_allclose(found, wanted[port.name], rtol=1e-3, atol=1e-4 * np.abs(found).max(initial=1))


def test_what_the_host_makes_sets_the_range_of_its_codes() -> None:
    """A Softmax of two equal numbers is a half everywhere: its codes reach up to it."""
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 3, 2)), net.constant(np.ones((2, 2), np.float32)))
    model = from_proto(net.model(net.add("MatMul", net.add("Softmax", a), net.weights(2, 2))))
    graph = quantised(model, {"x": np.ones((2, 1, 3, 2), np.float32)}, host="auto", method="minmax")
    (port,) = (port for port in graph.inputs if port.host)
    coding = graph.maps[port.map].coding
    assert (coding.zero, coding.scale * 15) == (0, pytest.approx(0.5))


def test_parts_are_worked_on_once_and_in_order() -> None:
    graph = normal_form(from_proto(attention()), "auto")
    inputs = random_inputs(graph, 3, 2)
    made: list[str] = []
    evaluate(graph, as_images(graph, inputs), host=HostFloats(graph, inputs), made=lambda name, _: made.append(name))
    assert made == [port.map for port in graph.inputs if port.host]
    assert list(graph.stages().values()) == sorted(graph.stages().values())


def test_indices_are_drawn_within_their_tables() -> None:
    net = Grower()
    ids, other = (net.give(name, (1, 40), TensorProto.INT64) for name in ("ids", "other"))
    e = net.add("Add", net.add("Gather", net.weights(3, 8), ids), net.add("Gather", net.weights(300, 8), other))
    graph = normal_form(from_proto(net.model(net.add("MatMul", e, net.weights(8, 4)))), "auto")
    assert [port.high for port in graph.given] == [2, 299]
    drawn = random_inputs(graph, 0, 5)
    assert set(np.unique(drawn["ids"])) == {0, 1, 2}
    assert 100 < drawn["other"].max() < 300


def test_numbers_of_the_host_that_are_not_finite_are_named_before_anything_is_quantised() -> None:
    net = Grower()
    a = net.add("MatMul", net.give("x", (1, 3, 2)), net.constant(np.eye(2, dtype=np.float32)))
    model = from_proto(net.model(net.add("MatMul", net.add("Div", a, net.add("Softmax", a)), net.weights(2, 2))))
    with pytest.raises(UsageError, match="the host's host 1 makes numbers that are not finite: t"):
        quantised(model, {"x": np.array([[[[0, 300], [0, 0], [0, 0]]]], np.float32)}, host="auto")


@pytest.mark.parametrize("wrong", [{"x": np.zeros((2, 1, 8), np.float32)}, {"ids": np.full((2, 1, 3), 0.5)}])
def test_a_calibration_set_is_held_to_the_inputs_of_the_host(wrong: dict[str, np.ndarray]) -> None:
    net = Grower()
    e = net.add("Gather", net.weights(9, 8), net.give("ids", (1, 3), TensorProto.INT64))
    model = from_proto(net.model(net.add("MatMul", e, net.weights(8, 2))))
    with pytest.raises(UsageError):
        quantised(model, wrong, host="auto")
