"""Networks in the forms in which exporters leave them, written node by node: PyTorch, tf2onnx, quantisers."""

import numpy as np
from exported_sheet import exported
from onnx import TensorProto

# Convolutions ---------------------------------------------------------------------------------------------------------


@exported
def conv_without_bias(s):
    x = s.relu(s.conv(s.input(1, 3, 9, 9), 8, 3, 3, 3, bias=False))
    s.output(s.conv(x, 5, 8, 1, 1, bias=False))


@exported
def initialisers_as_inputs(s):
    x = s.relu(s.conv(s.input(1, 3, 9, 9), 8, 3, 3, 3, pads=[1, 1, 1, 1]))
    s.output(s.conv(x, 5, 8, 3, 3))
    return {"as_inputs": True}


@exported
def constant_nodes(s):
    x = s.op("Conv", s.input(1, 3, 6, 6), s.constant(s.normal(4, 3, 3, 3)), s.constant(s.normal(4)))
    s.output(s.op("Conv", s.relu(x), s.constant(s.normal(4, 4, 1, 1))))


@exported
def weights_computed(s):
    """Weights behind Identity, Transpose, Cast and a Reshape whose shape is computed."""
    x = s.input(1, 3, 6, 6)
    hwio = s.op("Transpose", s.tensor(s.normal(3, 3, 3, 8)), perm=[3, 2, 0, 1])
    x = s.relu(s.op("Conv", x, s.op("Identity", hwio)))
    half = s.op("Cast", s.tensor(s.normal(8, 8).astype(np.float16)), to=TensorProto.FLOAT)
    size = s.op("Gather", s.op("Shape", half), s.constant(np.int64(0)))
    shape = s.op("Concat", s.axes_op("Unsqueeze", size, 0), s.ints(8, 1, 1), axis=0)
    x = s.op("Conv", x, s.op("Reshape", half, shape), s.op("Identity", s.tensor(s.normal(8))))
    s.output(x)


def _padded(mode):
    def build(s):
        x = s.conv(s.input(1, 3, 15, 12), 6, 3, 3, 3, auto_pad=mode, strides=[2, 2])
        x = s.op("MaxPool", s.relu(x), kernel_shape=[2, 2], strides=[2, 2], auto_pad=mode)
        s.output(s.conv(x, 4, 6, 2, 2, auto_pad=mode))

    build.__name__ = f"auto_pad_{mode.lower()}"
    exported(build)


for _mode in ("SAME_UPPER", "SAME_LOWER", "VALID"):
    _padded(_mode)


@exported
def asymmetric_pads(s):
    x = s.conv(s.input(1, 3, 7, 9), 6, 3, 3, 2, pads=[0, 1, 2, 0])
    s.output(s.conv(s.relu(x), 6, 6, 3, 3, pads=[2, 0, 0, 2], strides=[2, 1]))


@exported
def stride_larger_than_kernel(s):
    s.output(s.conv(s.relu(s.conv(s.input(1, 5, 15, 15), 6, 5, 2, 1, strides=[3, 4])), 3, 6, 1, 1, strides=[2, 2]))


@exported
def dilated(s):
    s.output(s.conv(s.input(1, 2, 13, 13), 4, 2, 3, 3, dilations=[2, 3], pads=[2, 3, 2, 3]))


@exported
def groups_and_depthwise(s):
    x = s.conv(s.input(1, 6, 8, 8), 12, 6, 3, 3, group=3, pads=[1, 1, 1, 1])
    x = s.conv(s.relu(x), 24, 12, 3, 3, group=12, strides=[2, 2])
    s.output(s.conv(s.relu(x), 130, 24, 1, 1))


def _wide(channels):
    def build(s):
        x = s.relu(s.conv(s.input(1, channels, 5, 4), channels, channels, 3, 3, pads=[1, 1, 1, 1]))
        s.output(s.conv(x, channels, channels, 1, 1, strides=[2, 2]))

    build.__name__ = f"channels_{channels}"
    exported(build)


for _count in (1, 64, 65, 130):
    _wide(_count)


@exported
def pixel_maps(s):
    x = s.relu(s.conv(s.input(1, 30, 1, 1), 70, 30, 3, 3, pads=[1, 1, 1, 1]))
    s.output(s.conv(x, 9, 70, 1, 1))


@exported
def one_dimension(s):
    x = s.relu(s.conv(s.input(1, 4, 30), 8, 4, 5, strides=[2], pads=[2, 2]))
    x = s.op("MaxPool", x, kernel_shape=[3], strides=[2], pads=[1, 1])
    x = s.relu(s.conv(x, 8, 8, 3, dilations=[2], pads=[2, 2]))
    x = s.op("AveragePool", x, kernel_shape=[2], strides=[2])
    x = s.op("GlobalAveragePool", s.conv(x, 20, 8, 1))
    s.output(s.op("Gemm", s.op("Flatten", x), s.weights(7, 20), s.weights(7), transB=1))


@exported
def image_read_as_last_channel(s):
    """tf2onnx: NHWC at the ends, transposed to NCHW and back, a Reshape for the dense layer."""
    x = s.op("Transpose", s.input("batch", 8, 8, 3), perm=[0, 3, 1, 2])
    x = s.relu(s.conv(x, 6, 3, 3, 3, auto_pad="SAME_UPPER", strides=[2, 2]))
    x = s.op("Transpose", s.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]), perm=[0, 2, 3, 1])
    x = s.op("Reshape", x, s.ints(-1, 24))
    s.output(s.op("Add", s.op("MatMul", x, s.weights(24, 5)), s.weights(5)))


@exported
def channels_last_output(s):
    x = s.op("Transpose", s.input(1, 6, 7, 3), perm=[0, 3, 1, 2])
    s.output(s.op("Transpose", s.conv(x, 5, 3, 3, 3, pads=[1, 1, 1, 1]), perm=[0, 2, 3, 1]))


# Matrices -------------------------------------------------------------------------------------------------------------


@exported
def gemm_alpha_beta(s):
    x = s.op("Gemm", s.input("N", 30), s.weights(30, 20), s.weights(1, 20), alpha=0.5, beta=2.0)
    x = s.op("Gemm", s.relu(x), s.weights(66, 20), s.weights(1), transB=1)
    s.output(s.op("Gemm", x, *s.matrix(5, 66), transB=1, alpha=1.5))


@exported
def gemm_transposed_vector(s):
    x = s.input(20, 1)
    s.output(s.op("Gemm", x, s.weights(20, 7), s.weights(7), transA=1))


@exported
def matmul_of_sequences(s):
    x = s.op("Add", s.op("MatMul", s.input(1, 6, 20), s.weights(20, 30)), s.weights(30))
    s.output(s.op("MatMul", s.relu(x), s.weights(30, 9)))


@exported
def flatten_axes(s):
    x = s.relu(s.conv(s.input(1, 3, 4, 5), 4, 3, 3, 3, pads=[1, 1, 1, 1]))
    x = s.op("Flatten", x, axis=1)
    s.output(s.op("MatMul", x, s.weights(80, 6)))


@exported
def torch_view(s):
    x = s.relu(s.conv(s.input("batch", 3, 6, 6), 4, 3, 3, 3))
    x = s.view(x, -1)
    s.output(s.op("Gemm", x, s.weights(10, 64), s.weights(10), transB=1))


@exported
def torch_view_of_known_size(s):
    x = s.relu(s.conv(s.input(1, 3, 6, 6), 4, 3, 3, 3))
    s.output(s.op("Gemm", s.view(x, 64), s.weights(10, 64), s.weights(10), transB=1))


# What is folded -------------------------------------------------------------------------------------------------------


def _norm(s, x, channels, epsilon=1e-5):
    variance = s.tensor(s.rng.uniform(0.5, 2, channels).astype(np.float32))
    return s.op("BatchNormalization", x, s.weights(channels), s.weights(channels), s.weights(channels), variance,
                epsilon=epsilon)  # fmt: skip


@exported
def norm_after_conv(s):
    x = s.relu(_norm(s, s.conv(s.input(1, 3, 8, 8), 8, 3, 3, 3, bias=False, pads=[1, 1, 1, 1]), 8))
    s.output(s.conv(x, 4, 8, 3, 3))


@exported
def norm_before_conv(s):
    """DenseNet's order: normalisation, activation, convolution."""
    x = s.relu(_norm(s, s.input(1, 3, 8, 8), 3))
    x = s.conv(x, 8, 3, 3, 3, pads=[1, 1, 1, 1])
    x = s.op("Concat", x, s.conv(s.relu(_norm(s, x, 8)), 4, 8, 3, 3, pads=[1, 1, 1, 1]), axis=1)
    s.output(s.conv(s.relu(_norm(s, x, 12)), 5, 12, 1, 1))


@exported
def constants_added(s):
    x = s.op("Sub", s.input(1, 3, 6, 6), s.tensor(np.array([0.4, 0.5, 0.3], np.float32).reshape(1, 3, 1, 1)))
    x = s.op("Div", x, s.tensor(np.array([0.2, 0.3, 0.25], np.float32).reshape(3, 1, 1)))
    x = s.op("Mul", s.conv(x, 6, 3, 3, 3), s.tensor(np.float32(1.5)))
    x = s.op("Add", x, s.tensor(s.normal(1, 6, 1, 1)))
    s.output(s.op("Add", s.conv(s.relu(x), 4, 6, 1, 1), s.tensor(np.float32(0.25))))


@exported
def dropout_and_identity(s):
    x = s.op("Identity", s.op("Dropout", s.relu(s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3))))
    s.output(s.op("Identity", s.op("Dropout", s.conv(x, 3, 8, 1, 1))))


@exported
def padded_apart(s):
    x = s.pad(s.input(1, 3, 7, 7), [0, 0, 1, 2, 0, 0, 0, 1])
    x = s.pad(s.relu(s.conv(x, 6, 3, 3, 3, strides=[2, 2])), [0, 0, 1, 1, 0, 0, 1, 1])
    s.output(s.op("MaxPool", s.conv(x, 4, 6, 3, 3), kernel_shape=[2, 2]))


# Branches -------------------------------------------------------------------------------------------------------------


@exported
def residual(s):
    x = s.relu(s.conv(s.input(1, 3, 8, 8), 16, 3, 3, 3, pads=[1, 1, 1, 1]))
    y = s.conv(s.relu(s.conv(x, 16, 16, 3, 3, pads=[1, 1, 1, 1])), 16, 16, 3, 3, pads=[1, 1, 1, 1])
    x = s.relu(s.op("Add", y, x))
    y = s.conv(s.relu(s.conv(x, 32, 16, 3, 3, pads=[1, 1, 1, 1], strides=[2, 2])), 32, 32, 3, 3, pads=[1, 1, 1, 1])
    x = s.relu(s.op("Add", s.conv(x, 32, 16, 1, 1, strides=[2, 2]), y))
    s.output(s.op("Gemm", s.op("Flatten", s.op("GlobalAveragePool", x)), *s.matrix(10, 32), transB=1))


@exported
def concat_of_concat(s):
    x = s.relu(s.conv(s.input(1, 3, 6, 6), 10, 3, 1, 1))
    a = s.op("Concat", x, s.relu(s.conv(x, 7, 10, 3, 3, pads=[1, 1, 1, 1])), axis=1)
    b = s.op("Concat", a, s.relu(s.conv(a, 5, 17, 1, 1)), a, axis=1)
    s.output(s.conv(s.op("Concat", b, x, axis=-3), 6, 49, 1, 1))


@exported
def uneven_split(s):
    a, b, c = s.split(s.conv(s.input(1, 3, 6, 6), 70, 3, 1, 1), [3, 66, 1])
    x = s.op("Concat", s.relu(c), s.op("Sigmoid", a), s.conv(b, 4, 66, 3, 3, pads=[1, 1, 1, 1]), axis=1)
    s.output(s.conv(x, 5, 8, 1, 1))


@exported
def slices(s):
    x = s.relu(s.conv(s.input(1, 3, 8, 8), 12, 3, 1, 1))
    a = s.slice(x, [0, 2], [2**31 - 1, 9], [2, 1])
    b = s.slice(x, [1, -6], [7, 8], [2, 3])
    c = s.slice(x, [1, 1], [-1, -1], [2, 3])
    s.output(s.op("Flatten", s.conv(a, 3, 7, 3, 3)), s.conv(b, 4, 12, 3, 3), s.op("Add", b, c))


@exported
def channel_shuffle(s):
    x = s.relu(s.conv(s.input(1, 3, 6, 6), 24, 3, 1, 1))
    left, right = s.split(x, [12, 12])
    right = s.conv(s.conv(right, 12, 12, 3, 3, group=12, pads=[1, 1, 1, 1]), 12, 12, 1, 1)
    x = s.op("Concat", left, s.relu(right), axis=1)
    x = s.op("Transpose", s.op("Reshape", x, s.ints(1, 2, 12, 6, 6)), perm=[0, 2, 1, 3, 4])
    x = s.op("Reshape", x, s.ints(1, -1, 6, 6))
    s.output(s.conv(x, 6, 24, 3, 3, group=2))


@exported
def two_inputs(s):
    a, b = s.input(1, 3, 6, 6, name="left"), s.input(1, 5, 6, 6, name="right")
    x = s.op("Concat", s.relu(s.conv(a, 6, 3, 3, 3, pads=[1, 1, 1, 1])), s.conv(b, 4, 5, 1, 1), axis=1)
    s.output(s.conv(x, 3, 10, 1, 1))


@exported
def image_and_features(s):
    a, b = s.input("N", 1, 8, 8, name="image"), s.input("N", 12, name="features")
    x = s.op("Flatten", s.op("MaxPool", s.relu(s.conv(a, 4, 1, 3, 3)), kernel_shape=[2, 2], strides=[2, 2]))
    x = s.op("Concat", x, s.relu(s.op("Gemm", b, *s.matrix(8, 12), transB=1)), axis=1)
    s.output(s.op("Gemm", x, s.weights(4, 44), s.weights(4), transB=1))


@exported
def flattened_images_side_by_side(s):
    x = s.relu(s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3))
    y = s.op("MaxPool", s.conv(x, 5, 8, 1, 1), kernel_shape=[2, 2], strides=[2, 2])
    s.output(s.op("Concat", s.op("Flatten", y), s.op("Flatten", s.op("GlobalMaxPool", x)), axis=1))


@exported
def two_outputs(s):
    x = s.relu(s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3))
    s.output(s.conv(x, 3, 8, 1, 1), s.op("Sigmoid", s.conv(x, 2, 8, 3, 3)))


@exported
def output_in_the_middle(s):
    x = s.relu(s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3))
    s.output(x, s.conv(x, 3, 8, 1, 1))


@exported
def output_before_its_activation(s):
    x = s.conv(s.input(1, 3, 6, 6), 8, 3, 3, 3)
    s.output(x, s.conv(s.relu(x), 3, 8, 1, 1))


@exported
def squeeze_and_excite(s):
    x = s.conv(s.input(1, 3, 8, 8), 16, 3, 3, 3)
    x = s.op("Mul", x, s.op("Sigmoid", x))
    gate = s.op("GlobalAveragePool", x)
    gate = s.op("Sigmoid", s.conv(s.relu(s.conv(gate, 4, 16, 1, 1)), 16, 4, 1, 1))
    s.output(s.conv(s.op("Mul", gate, x), 6, 16, 1, 1))


@exported
def squeeze_and_excite_with_matrices(s):
    x = s.relu(s.conv(s.input(1, 3, 8, 8), 16, 3, 3, 3))
    gate = s.op("Reshape", s.op("GlobalAveragePool", x), s.ints(1, 16))
    gate = s.relu(s.op("Gemm", gate, *s.matrix(4, 16), transB=1))
    gate = s.op("Sigmoid", s.op("Gemm", gate, *s.matrix(16, 4), transB=1))
    gate = s.op("Expand", s.op("Reshape", gate, s.ints(1, 16, 1, 1)), s.ints(1, 16, 6, 6))
    s.output(s.conv(s.op("Mul", x, gate), 6, 16, 1, 1))


# Pools ----------------------------------------------------------------------------------------------------------------


@exported
def pools(s):
    x = s.relu(s.conv(s.input(1, 3, 13, 13), 8, 3, 3, 3, pads=[1, 1, 1, 1]))
    a = s.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    b = s.op("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    c = s.op("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    s.output(s.conv(s.op("Concat", a, b, c, axis=1), 5, 24, 1, 1))


@exported
def ceiled_pools(s):
    x = s.relu(s.conv(s.input(1, 3, 12, 12), 8, 3, 3, 3, pads=[1, 1, 1, 1]))
    ceiled = {"ceil_mode": 1} if s.opset > 9 else {"pads": [0, 0, 1, 1]}
    a = s.op("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], **ceiled)
    b = s.op("AveragePool", x, kernel_shape=[3, 3], strides=[2, 2], **ceiled)
    s.output(s.op("Add", a, b))


@exported
def signed_pools(s):
    x = s.conv(s.input(1, 3, 9, 9), 8, 3, 3, 3, pads=[1, 1, 1, 1])
    a = s.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0])
    b = s.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0])
    c = s.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)
    s.output(s.op("Concat", a, b, c, axis=1))


@exported
def global_pools(s):
    x = s.conv(s.input(1, 3, 9, 7), 8, 3, 3, 3)
    s.output(s.op("Add", s.op("GlobalAveragePool", x), s.op("GlobalMaxPool", x)))


@exported
def means(s):
    x = s.relu(s.conv(s.input(1, 3, 9, 7), 8, 3, 3, 3))
    a = s.axes_op("ReduceMean", x, 2, 3, since=18, keepdims=0)
    b = s.axes_op("ReduceMean", x, -1, since=18, keepdims=1)
    s.output(s.op("Gemm", a, *s.matrix(5, 8), transB=1), s.conv(b, 3, 8, 1, 1))
