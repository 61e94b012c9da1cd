"""Networks of activations and sequences as exporters leave them, behind those of `exported_networks` in the list."""

import exported_networks  # its networks come first: a network's number chooses its seed and opset
import numpy as np
from exported_sheet import BUILDERS, exported, model
from onnx import TensorProto, helper

__all__ = ["BUILDERS", "exported_networks", "model"]

# Activations ----------------------------------------------------------------------------------------------------------


@exported
def clips(s):
    x = s.clip(s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3), 0.0, 6.0)
    x = s.clip(s.conv(x, 8, 8, 1, 1), -1.0, 1.5)
    s.output(s.conv(x, 3, 8, 1, 1))


@exported
def hard_swish_composed(s):
    x = s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3)
    gate = s.clip(s.op("Add", x, s.constant(np.float32(3))), 0.0, 6.0)
    x = s.op("Div", s.op("Mul", x, gate), s.constant(np.float32(6)))
    y = s.conv(x, 8, 8, 1, 1)
    gate = s.op("Mul", s.clip(s.op("Add", y, s.constant(np.float32(3))), 0.0, 6.0), s.constant(np.float32(1 / 6)))
    s.output(s.conv(s.op("Mul", y, gate), 3, 8, 1, 1))


@exported
def activations(s):
    x = s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3)
    parts = [s.op("LeakyRelu", x, alpha=0.1), s.op("Tanh", x), s.op("Sigmoid", x), s.op("HardSigmoid", x),
             s.op("PRelu", x, s.tensor(np.full((8, 1, 1), 0.25, np.float32))), s.relu(x)]  # fmt: skip
    s.output(s.conv(s.op("Concat", *parts, axis=1), 5, 48, 1, 1))


@exported
def softmax_at_the_end(s):
    x = s.op("Flatten", s.relu(s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3)))
    s.output(s.op("Softmax", s.op("Gemm", x, *s.matrix(10, 128), transB=1), axis=1))


@exported
def argmax_at_the_end(s):
    x = s.op("Gemm", s.input("N", 30), *s.matrix(10, 30), transB=1)
    s.outputs.append(helper.make_tensor_value_info(s.op("ArgMax", x, axis=-1, keepdims=0), TensorProto.INT64, None))


# Sequences ------------------------------------------------------------------------------------------------------------


def _recurrent(s, x, kind, inputs, hidden, direction="forward", states=0, outputs=3, bias=True, **attributes):
    gates, ways = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind], 1 + (direction == "bidirectional")
    given = [s.weights(ways, gates * hidden, inputs, scale=0.4), s.weights(ways, gates * hidden, hidden, scale=0.4)]
    given.append(s.weights(ways, 2 * gates * hidden, scale=0.3) if bias else "")
    own = [s.tensor(np.tanh(s.normal(ways, 1, hidden))) for _ in range(states)]
    return s.op(kind, x, *given, *([""] if states else []), *own, outputs=outputs, hidden_size=hidden,
                direction=direction, **attributes)  # fmt: skip


@exported
def lstm_of_torch(s):
    """Two layers, batch first, the last step into a linear layer."""
    x = s.op("Transpose", s.input(1, 6, 10), perm=[1, 0, 2])
    y, _, _ = _recurrent(s, x, "LSTM", 10, 12)
    x = s.axes_op("Squeeze", y, 1)
    y, _, _ = _recurrent(s, x, "LSTM", 12, 12)
    x = s.op("Transpose", s.axes_op("Squeeze", y, 1), perm=[1, 0, 2])
    last = s.op("Gather", x, s.constant(np.int64(-1)), axis=1)
    s.output(s.op("Gemm", last, s.weights(4, 12), s.weights(4), transB=1))


@exported
def lstm_both_ways(s):
    y, h, c = _recurrent(s, s.input(5, 1, 10), "LSTM", 10, 9, "bidirectional", states=2)
    y = s.op("Reshape", s.op("Transpose", y, perm=[0, 2, 1, 3]), s.ints(5, 1, 18))
    s.output(s.op("MatMul", y, s.weights(18, 4)), h, c)


@exported
def lstm_reversed(s):
    y, _, _ = _recurrent(s, s.input(5, 1, 10), "LSTM", 10, 66, "reverse", bias=False)
    s.output(y)


@exported
def gru_reset_after(s):
    y, h = _recurrent(s, s.input(5, 1, 10), "GRU", 10, 9, outputs=2, linear_before_reset=1, states=1)
    s.output(y, h)


@exported
def gru_reset_before(s):
    y, h = _recurrent(s, s.input(5, 1, 10), "GRU", 10, 9, "bidirectional", outputs=2, states=1)
    s.output(y, h)


@exported
def gru_reversed(s):
    _, h = _recurrent(s, s.input(5, 1, 10), "GRU", 10, 9, "reverse", outputs=2, linear_before_reset=1)
    s.output(h)


@exported
def convolution_then_lstm(s):
    x = s.relu(s.conv(s.input(1, 3, 12), 8, 3, 3, pads=[1, 1]))
    _, h, _ = _recurrent(s, s.op("Transpose", x, perm=[2, 0, 1]), "LSTM", 8, 7)
    s.output(s.op("Gemm", s.axes_op("Squeeze", h, 0), *s.matrix(3, 7), transB=1))


@exported
def rnn_of_torch(s):
    """Two layers, the second both ways, the last step into a linear layer."""
    y, _ = _recurrent(s, s.input(6, 1, 10), "RNN", 10, 12, outputs=2, activations=["Tanh"], states=1)
    y, _ = _recurrent(s, s.axes_op("Squeeze", y, 1), "RNN", 12, 9, "bidirectional", outputs=2)
    y = s.op("Reshape", s.op("Transpose", y, perm=[0, 2, 1, 3]), s.ints(6, 1, 18))
    last = s.op("Gather", y, s.constant(np.int64(-1)), axis=0)
    s.output(s.op("Gemm", last, s.weights(4, 18), s.weights(4), transB=1))


@exported
def rnn_of_relu(s):
    functions = ["Relu", "Tanh"]
    y, h = _recurrent(s, s.input(5, 1, 10), "RNN", 10, 66, "bidirectional", outputs=2, activations=functions, clip=2.0)
    s.output(y, h)
