"""The front of the compiler as a whole: a quantised network computes nearly what the float one does."""

import float_models
import layer_graph_numpy
import numpy as np
import pytest

from acortex.programs import Network, quantised
from acortex.programs.importer import from_proto


def decibels(network, bits, seed=0, inferences=6):
    """How near the quantised network comes to onnxruntime on the float one, on the inputs that calibrated it."""
    model = float_models.to_onnx(network)
    rng = np.random.default_rng(seed)
    given = {v.name: rng.standard_normal((inferences, *v.shape), dtype=np.float32) for v in network.model.inputs}
    exact = float_models.float_outputs(model, given)
    graph = quantised(from_proto(model), given, bits)
    found = layer_graph_numpy.run(graph, given)
    return {name: float_models.closeness(exact[name].reshape(found[name].shape), found[name]) for name in exact}


def residual():
    x = Network(input=(3, 12, 12)).conv(8, 3, pad=1).relu()
    return x.conv(8, 3, pad=1).add(x).relu().max_pool(2).flatten().linear(10)


@pytest.mark.parametrize(("bits", "least"), [(8, 30), (4, 8)])
def test_a_small_residual_network_is_nearly_the_float_one(bits, least):
    assert min(decibels(residual(), bits).values()) > least


def test_without_a_calibration_set_there_is_a_warning():
    assert "calibration" in " ".join(quantised(residual()).warnings)
