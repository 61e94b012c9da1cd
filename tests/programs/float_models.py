"""Helpers of the compiler's tests: networks as ONNX models, run by onnxruntime."""

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

from acortex.programs.network.network import Network


def to_onnx(network, opset=21):
    """The ONNX model of a network made by the builder."""
    model = network.model if isinstance(network, Network) else network
    nodes = [
        helper.make_node(node.op, node.inputs, node.outputs, name=node.name, **node.attributes) for node in model.nodes
    ]
    constants = [
        numpy_helper.from_array(np.ascontiguousarray(constant.load()), name)
        for name, constant in model.constants.items()
    ]
    inputs = [
        helper.make_tensor_value_info(value.name, helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype)), value.shape)
        for value in model.inputs
    ]
    outputs = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in model.outputs]
    graph = helper.make_graph(nodes, model.name, inputs, outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


def session(model):
    """A session of onnxruntime on a model, quiet."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def float_outputs(model, inputs):
    """What onnxruntime makes of inputs, an inference a row, by name: outputs by name, an inference a row."""
    running = session(model)
    names = [one.name for one in running.get_outputs()]
    rows = zip(*inputs.values(), strict=True)
    made = [running.run(None, dict(zip(inputs, row, strict=True))) for row in rows]
    return {name: np.stack([row[n] for row in made]) for n, name in enumerate(names)}


def closeness(exact, found):
    """The signal-to-noise ratio in decibels: 10 log10 of the power of what is exact over that of the difference."""
    noise = np.square(exact - found).sum()
    return 10 * np.log10(np.square(exact).sum() / noise) if noise else np.inf
