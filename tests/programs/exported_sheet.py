"""What writes a network node by node, in the forms in which exporters leave them, and the list of those written."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

BUILDERS = {}
"""By name, a function that grows a network in a `Sheet`."""


def exported(function):
    BUILDERS[function.__name__] = function
    return function


class Sheet:
    """A model that is being written; methods that make a tensor return its name."""

    def __init__(self, seed=0, opset=17):
        self.rng = np.random.default_rng(seed)
        self.opset = opset
        self.nodes, self.tensors, self.inputs, self.outputs = [], [], [], []

    def input(self, *shape, name="x", kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, *names):
        self.outputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names]

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        number = len(self.nodes)
        made = [f"{kind.lower()}_{number}{f'.{n}' if n else ''}" for n in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), made, f"/{kind}_{number}", domain=domain, **attributes))
        return made[0] if outputs == 1 else made

    def tensor(self, array):
        """An initialiser."""
        name = f"tensor_{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def constant(self, array):
        """A node that gives a constant."""
        return self.op("Constant", value=numpy_helper.from_array(np.asarray(array)))

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def normal(self, *shape, scale=None):
        """Random weights, float32."""
        fan_in = int(np.prod(shape[1:])) if len(shape) > 1 else 4
        return (self.rng.standard_normal(shape) * (scale or (2 / fan_in) ** 0.5)).astype(np.float32)

    def weights(self, *shape, scale=None):
        return self.tensor(self.normal(*shape, scale=scale))

    def matrix(self, *shape):
        """What a Gemm takes behind its input; before opset 11 a bias is a must."""
        return [self.weights(*shape)] + ([self.weights(shape[0])] if self.opset < 11 else [])

    def conv(self, x, outputs, inputs, *kernel, bias=True, group=1, **attributes):
        own = [self.weights(outputs, inputs // group, *kernel)] + ([self.weights(outputs)] if bias else [])
        return self.op("Conv", x, *own, group=group, **attributes)

    def model(self, as_inputs=False):
        known = [helper.make_tensor_value_info(t.name, t.data_type, list(t.dims)) for t in self.tensors]
        inputs = self.inputs + (known if as_inputs else [])
        graph = helper.make_graph(self.nodes, "main_graph", inputs, self.outputs, self.tensors)
        ids = [helper.make_opsetid("", self.opset)]
        if any(node.domain for node in self.nodes):
            ids.append(helper.make_opsetid("com.microsoft", 1))
        version = 4 if self.opset < 11 else 8 if self.opset < 21 else 10
        return helper.make_model(graph, opset_imports=ids, ir_version=version)

    # What differs between opsets ----------------------------------------------------------------------------------

    def clip(self, x, low, high):
        if self.opset < 11:
            return self.op("Clip", x, min=low, max=high)
        return self.op("Clip", x, self.constant(np.float32(low)), self.constant(np.float32(high)))

    def axes_op(self, kind, x, *axes, since=13, **attributes):
        if self.opset < since:
            return self.op(kind, x, axes=list(axes), **attributes)
        return self.op(kind, x, self.ints(*axes), **attributes)

    def slice(self, x, starts, ends, axes, steps=None):
        if self.opset < 10:
            return self.op("Slice", x, starts=starts, ends=ends, axes=axes)
        return self.op("Slice", x, *(self.ints(*part) for part in (starts, ends, axes, steps) if part is not None))

    def split(self, x, sizes, axis=1):
        if self.opset < 13:
            return self.op("Split", x, outputs=len(sizes), axis=axis, split=sizes)
        return self.op("Split", x, self.ints(*sizes), outputs=len(sizes), axis=axis)

    def pad(self, x, pads, value=0.0, mode="constant"):
        if self.opset < 11:
            return self.op("Pad", x, mode=mode, pads=pads, value=value)
        return self.op("Pad", x, self.ints(*pads), self.constant(np.float32(value)), mode=mode)

    def view(self, x, *rest):
        """Flattening as PyTorch's `x.view(x.size(0), …)` is exported: a shape computed from x."""
        size = self.op("Gather", self.op("Shape", x), self.constant(np.int64(0)), axis=0)
        parts = [self.axes_op("Unsqueeze", size, 0)]
        parts += [self.axes_op("Unsqueeze", self.constant(np.int64(n)), 0) for n in rest]
        return self.op("Reshape", x, self.op("Concat", *parts, axis=0))

    def relu(self, x):
        return self.op("Relu", x)


def model(name, seed=0, opset=17):
    """A network by its name."""
    sheet = Sheet(seed, opset)
    options = BUILDERS[name](sheet) or {}
    return sheet.model(**options)
