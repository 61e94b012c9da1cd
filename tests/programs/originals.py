"""Judges what the importer makes of a network by the original model in onnxruntime, in floating point.

Numbers are small whole ones, so that every sum is exact whatever its order, and a wrong default of an attribute shows.
"""

import float_models
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from acortex.programs.network.importer import from_proto
from acortex.programs.operators.normalise import normalise
from acortex.programs.quantise.evaluate import evaluate
from acortex.programs.quantise.images import as_images

INFERENCES = 3


def node(op, inputs, outputs, **attributes):
    """A node of tensors whose names stand in a text; `-` is an input that is left out."""
    names = ["" if name == "-" else name for name in inputs.split()]
    return helper.make_node(op, names, outputs.split(), name=f"{op.lower()}_{outputs.split()[0]}", **attributes)


def model(nodes, inputs, constants=(), outputs="y", opset=17):
    """A model of nodes, shapes of float inputs by name, constants by name, and names of float outputs."""
    tensors = [numpy_helper.from_array(np.asarray(value), name) for name, value in dict(constants).items()]
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs.split()],
        tensors,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def whole(seed, *shape, most=4):
    """Whole numbers from -most to most, in float32."""
    return np.random.default_rng(seed).integers(-most, most, shape, endpoint=True).astype(np.float32)


def inputs_of(made, seed=0, most=4):
    """Whole numbers for each input of a model, an inference a row."""
    read = from_proto(made)
    return {one.name: whole(seed + n, INFERENCES, *one.shape, most=most) for n, one in enumerate(read.inputs)}


def evaluated(made, given):
    """The outputs of the normal form of a model, by name, an inference a row, in the model's shapes."""
    graph = normalise(from_proto(made))
    images = evaluate(graph, as_images(graph, given))
    found = {}
    for port in graph.outputs:
        image = images[port.map]
        lying = image.reshape(len(image), *(port.canonical[axis] for axis in port.axes))
        back = lying.transpose(0, *(int(axis) + 1 for axis in np.argsort(port.axes)))
        found[port.name] = back.reshape(len(image), *port.shape)
    return found


def with_tensors(made, names):
    """The model with some of its tensors as its outputs, whatever it gave before."""
    shown = onnx.ModelProto()
    shown.CopyFrom(made)
    del shown.graph.output[:]
    shown.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    return shown


def check(made, seed=0, most=4, within=0.0, outputs=None, constant=False):
    """Asserts that a model gives in its normal form what onnxruntime makes of it: all outputs, number for number.

    `outputs` are those that the chip gives, where it leaves nodes behind them to the host. Each differs between its
    numbers, so that something is compared, unless it may be `constant`.
    """
    for name, far in distances(made, seed, most, outputs, constant).items():
        assert far <= within, name


def distances(made, seed=0, most=4, outputs=None, constant=False):
    """How far each output of a model in its normal form is from what onnxruntime makes of it, at most; all of `check`.

    Names and shapes are held to be the same.
    """
    given = inputs_of(made, seed, most)
    names = outputs or [info.name for info in made.graph.output]
    wanted, found = float_models.float_outputs(with_tensors(made, names), given), evaluated(made, given)
    assert list(found) == list(names)
    for name, array in wanted.items():
        assert found[name].shape == array.shape
        assert constant or np.ptp(array) > 0, f"{name} is the same for all inputs"
    return {name: float(np.abs(found[name] - array).max()) for name, array in wanted.items()}
