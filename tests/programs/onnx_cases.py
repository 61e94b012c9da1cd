"""The ONNX project's own operator cases, run through the front of the compiler.

python tests/programs/onnx_cases.py > tests/programs/onnx_cases.txt      (writes the list of those supported)
"""

import warnings
from functools import cache

import float_models
import layer_graph_numpy
import numpy as np
from onnx import numpy_helper

from acortex.errors import AcortexError
from acortex.programs import quantised
from acortex.programs.network.importer import from_proto

LEAST_DECIBELS = 25

STEEP = {"test_tan": 20, "test_acosh_example": 20, "test_reduce_log_sum_exp": 4}
"""Decibels of cases, by the start of their names, whose functions are so steep that each rounding before them shows."""


def least_decibels(name):
    """How near a listed case must come."""
    return next((least for start, least in STEEP.items() if name.startswith(start)), LEAST_DECIBELS)


@cache
def made():
    """All cases as onnx makes them, which takes seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from onnx.backend.test.loader import load_model_tests

        return load_model_tests(kind="node")


def cases():
    """Every case of one operator: name, model, inputs, outputs."""
    for case in made():
        inputs, outputs = case.data_sets[0]
        arrays = [*inputs, *outputs]
        if case.model is not None and all(isinstance(array, np.ndarray | np.generic) for array in arrays):
            yield case.name, case.model, inputs, outputs


def frozen(model, inputs):
    """The model with all inputs but the first known beforehand, as an exporter writes weights."""
    copy = type(model)()
    copy.CopyFrom(model)
    for info, array in list(zip(model.graph.input, inputs, strict=True))[1:]:
        copy.graph.initializer.append(numpy_helper.from_array(np.asarray(array), info.name))
    return copy


class LeftToHost(AcortexError):
    """A network of which the chip gives no output: all that it makes is something for the host."""


def outcome(model, inputs, outputs):
    """How near the quantised network comes, in decibels; or the error that refuses it, or leaves it to the host."""
    refused = None
    for one in (frozen(model, inputs), model):
        try:
            return nearness(one, inputs, outputs)
        except AcortexError as error:
            refused = error
    return refused


def nearness(model, inputs, outputs):
    read = from_proto(model)
    given = {value.name: np.asarray(array)[None] for value, array in zip(read.inputs, inputs, strict=False)}
    graph = quantised(read, given, 8)
    found = layer_graph_numpy.run(graph, given)
    expected = dict(zip([info.name for info in model.graph.output], outputs, strict=True))
    given_by_chip = [port.name for port in graph.outputs if port.name in expected]
    if not given_by_chip:
        raise LeftToHost("the host makes all outputs")
    near = [float_models.closeness(expected[n].reshape(found[n].shape[1:]), found[n][0]) for n in given_by_chip]
    return min(near)


if __name__ == "__main__":
    for name, model, inputs, outputs in cases():
        result = outcome(model, inputs, outputs)
        if not isinstance(result, AcortexError):
            print(name)
