"""Operators that arrays do: convolutions and products with constant matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import Geometry, View
from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.batches import few_rows
from acortex.programs.operators.context import REARRANGED, Lowering, Misplaced, Unsupported
from acortex.programs.operators.folded_signals import Folded, folded
from acortex.programs.operators.registry import operator
from acortex.programs.operators.tensors import TensorView
from acortex.programs.steps import KernelGeometry, ProductStep

Array = NDArray[Any]


def image_axes(tensor: TensorView, what: str = "it") -> tuple[int | None, int, int]:
    """The axes of rows, columns and channels of a tensor in ONNX's order: batch, channels, then one or two of space."""
    if len(tensor.shape) not in (3, 4):
        raise Unsupported(f"{what} has {max(len(tensor.shape) - 2, 0)} spatial axes, the chip does one or two")
    if tensor.shape[0] != 1:
        raise Unsupported(f"{what} has a batch of {tensor.shape[0]}; the chip takes one inference at a time")
    return (None, 2, 1) if len(tensor.shape) == 3 else (2, 3, 1)


def image_source(tensor: TensorView) -> View:
    """The view of a tensor as an image."""
    view = tensor.view(*image_axes(tensor))
    if view is None:
        raise Misplaced(REARRANGED)
    return view


def padded_source(lowering: Lowering, node: Node, value: float | None) -> tuple[TensorView, View, Sequence[int]]:
    """The first input of a window, as a tensor and a view, and the margins of a Pad before it: begins, then ends."""
    tensor, margins = padded_tensor(lowering, node, value)
    return tensor, image_source(tensor), margins


def padded_tensor(lowering: Lowering, node: Node, value: float | None) -> tuple[TensorView, Sequence[int]]:
    """The first input of a window, and the margins of a Pad before it: begins, then ends.

    The window takes over a Pad of this value alone, and one of 0 where only numbers from 0 on are seen by a maximum.
    """
    padding = lowering.padding.get(node.inputs[0])
    if padding is not None and padding.value == value and lowering.uses[node.inputs[0]] == 1:
        top, left, bottom, right = padding.margins
        more = (top, left, bottom, right) if len(padding.tensor.shape) == 4 else (left, right)
        return padding.tensor, more
    tensor = lowering.tensor(node)
    return tensor, [0] * (2 * len(tensor.shape) - 4)


def image_result(tensor: TensorView, name: str, geometry: Geometry, channels: int) -> TensorView:
    """The tensor of a result that is an image, with as many axes as the source."""
    flat = len(tensor.shape) == 3
    space = (geometry.columns,) if flat else (geometry.rows, geometry.columns)
    axes = (None, 2, 1) if flat else (None, 2, 0, 1)
    return TensorView(name, (geometry.rows, geometry.columns, channels), (1, channels, *space), axes)


def numbers(node: Node, key: str, count: int, default: int) -> list[int]:
    """An attribute that has a number for each dimension."""
    given = node.attributes.get(key) or [default] * count
    if len(given) != count:
        raise Unsupported(f"{key} has {len(given)} numbers, {count} are needed")
    return [int(number) for number in given]


def window(node: Node, image: Sequence[int], kernel: Sequence[int], more: Sequence[int]) -> tuple[Geometry, list[int]]:
    """The geometry of a convolution or pool over an image of one or two axes, and its padding: begins, then ends.

    Takes strides, dilations, pads, auto_pad and ceil_mode, as ONNX defines them; `more` is padding that comes before.
    """
    count = len(image)
    image = [size + more[axis] + more[axis + count] for axis, size in enumerate(image)]
    strides, dilations = numbers(node, "strides", count, 1), numbers(node, "dilations", count, 1)
    pads = numbers(node, "pads", 2 * count, 0)
    auto = node.attributes.get("auto_pad", "NOTSET")
    if min([*strides, *dilations, *kernel]) < 1 or min(pads) < 0:
        raise Unsupported(
            f"kernel {list(kernel)}, strides {strides}, dilations {dilations} or pads {pads} are not positive"
        )
    places = []
    for axis in range(count):
        reach = (kernel[axis] - 1) * dilations[axis] + 1
        if auto in ("SAME_UPPER", "SAME_LOWER"):
            places.append(-(-image[axis] // strides[axis]))
            missing = max((places[axis] - 1) * strides[axis] + reach - image[axis], 0)
            begin = missing // 2 if auto == "SAME_UPPER" else -(-missing // 2)
            pads[axis], pads[axis + count] = begin, missing - begin
            continue
        if auto == "VALID":
            pads[axis] = pads[axis + count] = 0
        room = image[axis] + pads[axis] + pads[axis + count] - reach
        places.append(_positions(room, strides[axis], image[axis] + pads[axis], bool(node.attributes.get("ceil_mode"))))
    if min(places) < 1:
        raise Unsupported(f"its window of {list(kernel)} does not fit its image of {list(image)}")
    pads = [own + before for own, before in zip(pads, more, strict=True)]
    lead = [1] * (2 - count)
    ky, kx, sy, sx, dy, dx = *lead, *kernel, *lead, *strides, *lead, *dilations
    top, left = [0] * (2 - count) + pads[:count]
    rows, columns = lead + places
    return Geometry(ky, kx, sy, sx, dy, dx, top, left, rows, columns), pads


def _positions(room: int, stride: int, end: int, ceil: bool) -> int:
    if room < 0:
        return 0
    count = room // stride + 1
    return count + (1 if ceil and room % stride and count * stride < end else 0)


@operator(
    "Conv",
    becomes="a product on arrays",
    limits="one to three spatial axes; constant weights; any padding, auto_pad, dilation, groups; strides up to 32,"
    " along an input that it alone reads any; longer kernels than 128, and windows beyond the buffer, in parts,"
    " each rounded",
)
def conv(lowering: Lowering, node: Node) -> None:
    """Convolution, 1-D ones as images of one row."""
    tensor, more = padded_tensor(lowering, node, 0.0)
    weights = lowering.lazy(node, 1, "kernel")
    image = tensor.shape[2:]
    if len(weights.shape) != len(tensor.shape):
        raise Unsupported(f"its kernel has shape {weights.shape}, its input {tensor.shape}")
    groups = int(node.attributes.get("group", 1))
    out, inputs, *kernel = weights.shape
    if groups < 1 or out % groups or inputs * groups != tensor.shape[1]:
        raise Unsupported(f"{groups} groups of a kernel {weights.shape} do not fit {tensor.shape[1]} channels")
    geometry, _ = window(node, image, kernel, more)
    shape = (geometry.kernel_y, geometry.kernel_x, inputs, out)

    def load() -> Array:
        return weights.load().reshape(out, inputs, *shape[:2]).transpose(2, 3, 1, 0)

    bias = conv_bias(lowering.lazy(node, 2, "bias"), out) if lowering.has(node, 2) else None
    kernel_of = KernelGeometry(shape, load, bias, steps=weights.steps_along(0, out))
    found = folded(tensor, geometry, kernel_of) if groups == 1 else None
    found = found or Folded(image_source(tensor), kernel_of, geometry, ())
    made = lowering.new_map(node.name, (geometry.rows, geometry.columns, out))
    step = ProductStep(made.name, node.op, made.name, *found[:3], groups, parts=found.parts)
    lowering.graph.steps.append(step)
    lowering.give(node.outputs[0], image_result(tensor, made.name, geometry, out), step)


def conv_bias(given: Constant, out: int) -> Callable[[], Array]:
    """The biases of a convolution, made on demand: of shape (out,)."""
    if math.prod(given.shape) != out:
        raise Unsupported(f"its bias has shape {given.shape}, {out} numbers are needed")
    return lambda: given.load().reshape(out)


@operator(
    "Gemm",
    becomes="a product on arrays, over a whole image where one was flattened",
    limits="constant B and C; A not transposed",
)
def gemm(lowering: Lowering, node: Node) -> None:
    """The sum of alpha A B and beta C, of a vector or of one per pixel."""
    tensor = lowering.tensor(node)
    if node.attributes.get("transA") and 1 not in tensor.shape:
        raise Unsupported("A is transposed")
    if node.attributes.get("transA"):
        tensor = tensor.transposed((1, 0))
    weights = lowering.lazy(node, 1, "matrix B")
    flip = bool(node.attributes.get("transB"))
    alpha, beta = float(node.attributes.get("alpha", 1.0)), float(node.attributes.get("beta", 1.0))

    def load() -> Array:
        matrix = weights.load()
        matrix = matrix.T if flip else matrix
        return matrix if alpha == 1 else matrix * np.float32(alpha)

    shape = weights.shape[::-1] if flip else weights.shape
    bias: Callable[[], Array] | None = None
    if lowering.has(node, 2):
        given = lowering.constant(node, 2, "bias C")
        if given.size not in (1, shape[-1]):
            raise Unsupported(f"its C has shape {given.shape}, one number per column is needed")
        values = np.broadcast_to(given.reshape(-1) * beta, shape[-1:])
        bias = lambda: values  # noqa: E731
    steps = weights.steps_along(0 if flip else 1, shape[-1]) if len(shape) == 2 and alpha == 1 else None
    product(lowering, node, tensor, shape, load, bias, steps)


@operator("MatMul", becomes="a product on arrays", limits="one of the two a constant matrix of two axes")
def matmul(lowering: Lowering, node: Node) -> None:
    """A product over the last axis of the first input; with a constant first one, over the last axis but one of the
    second.
    """
    if lowering.is_constant(node, 0):
        _matrix_first(lowering, node)
        return
    weights = lowering.lazy(node, 1, "second matrix")
    if len(weights.shape) == 1:
        _matrix_times_vector(lowering, node, weights)
        return
    shape = weights.shape
    lead = [size for size in shape[:-2] if size != 1]
    if len(shape) < 2 or lead:
        raise Unsupported(f"its second matrix has shape {shape}, two axes are needed")
    steps = weights.steps_along(-1, shape[-1])
    tensor = lowering.tensor(node)
    product(lowering, node, tensor, shape[-2:], lambda: weights.load().reshape(shape[-2:]), None, steps)


def _matrix_first(lowering: Lowering, node: Node) -> None:
    """A constant matrix times a tensor: its transpose times that matrix's transpose, transposed."""
    weights, tensor, made = lowering.lazy(node, 0, "matrix"), lowering.tensor(node, 1), f"{node.outputs[0]}.turned"
    rank = len(tensor.shape)
    if len(weights.shape) < 2 or rank < 2 or any(size != 1 for size in weights.shape[:-2]):
        raise Unsupported(
            f"its matrix of shape {weights.shape} and its input of shape {tensor.shape} have too few axes"
        )
    out, features = weights.shape[-2:]
    turn = [*range(rank - 2), rank - 1, rank - 2]

    def load() -> Array:
        return weights.load().reshape(out, features).T

    inner = Node(node.op, node.name, node.inputs[1:], (made,))
    product(lowering, inner, tensor.transposed(turn), (features, out), load, None, weights.steps_along(-2, out))
    lowering.uses[made] = 1
    lowering.rename(Node(node.op, node.name, (made,), node.outputs), lowering.tensors[made].transposed(turn))


def _matrix_times_vector(lowering: Lowering, node: Node, weights: Constant) -> None:
    made = f"{node.outputs[0]}.column"
    shape = (weights.shape[0], 1)
    inner = Node(node.op, node.name, node.inputs, (made,))
    product(lowering, inner, lowering.tensor(node), shape, lambda: weights.load().reshape(shape), None, None)
    lowering.uses[made] = 1
    tensor = lowering.tensors[made]
    lowering.rename(Node(node.op, node.name, (made,), node.outputs), tensor.reshaped(tensor.shape[:-1]))


@operator(
    "Einsum",
    becomes="a product on arrays",
    limits="two operands, one of them constant; letters that both have are summed over",
)
def einsum(lowering: Lowering, node: Node) -> None:
    """A product of a tensor with a constant over the letters that both have, in any order of axes."""
    taken, constant, made = _letters(lowering, node)
    tensor, weights = lowering.tensor(node, taken[0]), lowering.lazy(node, constant[0], "matrix")
    kept = [letter for letter in taken[1] if letter in made]
    summed = [letter for letter in taken[1] if letter not in made]
    new = [letter for letter in constant[1] if letter in made]
    sizes = dict(zip(constant[1], weights.shape, strict=True)) | dict(zip(taken[1], tensor.shape, strict=True))
    if tuple(sizes[letter] for letter in constant[1]) != weights.shape:
        raise Unsupported(f"its constant of shape {weights.shape} does not fit {tensor.shape} by its equation")
    features, out = (math.prod(map(sizes.__getitem__, part)) for part in (summed, new))
    turn = list(map(constant[1].index, (*summed, *new)))

    def load() -> Array:
        return weights.load().transpose(turn).reshape(features, out)

    turned = tensor.transposed([taken[1].index(letter) for letter in (*kept, *summed)])
    rows = turned.reshaped((*(sizes[letter] for letter in kept), features))
    inner = f"{node.outputs[0]}.rows"
    product(lowering, Node(node.op, node.name, node.inputs, (inner,)), rows, (features, out), load, None, None)
    lowering.uses[inner] = 1
    whole = lowering.tensors[inner].reshaped(tuple(sizes[letter] for letter in (*kept, *new)))
    order = [[*kept, *new].index(letter) for letter in made]
    lowering.rename(Node(node.op, node.name, (inner,), node.outputs), whole.transposed(order))


Operand = tuple[int, str]
"""The place of an operand of Einsum, and the letters of its axes."""


def _letters(lowering: Lowering, node: Node) -> tuple[Operand, Operand, str]:
    """The computed operand of an Einsum, the constant one, and the letters of its result."""
    equation = str(node.attributes.get("equation", "")).replace(" ", "")
    given, _, made = equation.partition("->")
    parts = given.split(",")
    if "->" not in equation or "." in equation or len(parts) != 2 or len(node.inputs) != 2:
        raise Unsupported(f"its equation is {equation}; two operands without dots, and -> are possible")
    first = int(lowering.is_constant(node, 0))
    taken, constant = (first, parts[first]), (1 - first, parts[1 - first])
    both = set(taken[1]) & set(constant[1])
    once = all(len(set(part)) == len(part) for part in (*parts, made))
    if not once or both & set(made) or not both or set(made) != set(taken[1]) ^ set(constant[1]):
        raise Unsupported(f"its equation {equation} is no product of a tensor with a matrix")
    return taken, constant, made


def product(
    lowering: Lowering,
    node: Node,
    tensor: TensorView,
    shape: tuple[int, ...],
    load: Callable[[], Array],
    bias: Callable[[], Array] | None,
    steps: Array | None,
) -> None:
    """A product with a (features, out) matrix over the last axis: of a vector in any order, or one per pixel."""
    if len(shape) != 2 or tensor.shape[-1:] != shape[:1]:
        raise Unsupported(f"a matrix of shape {shape} does not fit an input of shape {tensor.shape}")
    features, out = shape
    lead = [axis for axis, size in enumerate(tensor.shape[:-1]) if size > 1]
    last = len(tensor.shape) - 1
    if not lead:
        source, kernel = vector_source(tensor, features, out, load)
        geometry = Geometry(kernel[0][0], kernel[0][1])
    else:
        rows, columns = (None, lead[0]) if len(lead) == 1 else (lead[0], lead[1])
        view = tensor.view(rows, columns, last) if len(lead) < 3 else None
        if view is None and few_rows(lead, tensor.shape):
            _row_by_row(lowering, node, tensor, shape, load, bias, steps)
            return
        if view is None:
            raise Misplaced("its vectors do not lie in memory as pixels of an image")
        places = [1 if axis is None else tensor.shape[axis] for axis in (rows, columns)]
        geometry = Geometry(rows=places[0], columns=places[1])
        source, kernel = view, ((1, 1, features, out), lambda: load().reshape(1, 1, features, out))
    made = lowering.new_map(node.name, (geometry.rows, geometry.columns, out))
    step = ProductStep(made.name, node.op, made.name, source, KernelGeometry(*kernel, bias, steps=steps), geometry)
    lowering.graph.steps.append(step)
    axes: list[int | None] = [None] * len(tensor.shape)
    axes[last] = 2
    for axis, counted in zip(reversed(lead), (1, 0), strict=False):
        axes[axis] = counted
    size = (geometry.rows, geometry.columns, out)
    lowering.give(node.outputs[0], TensorView(made.name, size, (*tensor.shape[:-1], out), tuple(axes)), step)


def _row_by_row(
    lowering: Lowering,
    node: Node,
    tensor: TensorView,
    shape: tuple[int, ...],
    load: Callable[[], Array],
    bias: Callable[[], Array] | None,
    steps: Array | None,
) -> None:
    """A product of each of some vectors that lie anywhere, the results beside each other."""
    count, out = tensor.shape[-2] if tensor.shape[-2] > 1 else math.prod(tensor.shape[:-1]), shape[1]
    whole = lowering.new_map(node.name, (1, 1, count * out))
    rows = tensor.indices.reshape(count, shape[0])
    for n in range(count):
        one = TensorView(tensor.map, tensor.size, (1, shape[0]), None, rows[n : n + 1])
        inner = f"{node.outputs[0]}.row{n}"
        product(lowering, Node(node.op, f"{node.name}.row{n}", node.inputs, (inner,)), one, shape, load, bias, steps)
        made = lowering.tensors[inner].map
        lowering.graph.maps[made].parent = (whole.name, n * out)
        lowering.claimed.add(made)
    places = np.arange(count * out, dtype=np.int32).reshape(*tensor.shape[:-1], out)
    lowering.give(node.outputs[0], TensorView(whole.name, whole.size, places.shape, None, places))


def vector_source(
    tensor: TensorView, features: int, out: int, load: Callable[[], Array]
) -> tuple[View, tuple[tuple[int, int, int, int], Callable[[], Array]]]:
    """The crop that holds a vector's numbers, and its matrix as a kernel over it: (rows, columns, channels, out).

    A number that the crop has beyond those of the vector gets rows of zeros; one that is taken twice the sum of two.
    """
    height, width, channels = tensor.size
    if tensor.axes is not None and height * width == 1:
        return View(tensor.map), ((1, 1, features, out), lambda: load().reshape(1, 1, features, out))
    flat = tensor.indices.reshape(-1)
    y, x = flat // (width * channels), flat // channels % width
    top, left = int(y.min()), int(x.min())
    rows, columns = int(y.max()) - top + 1, int(x.max()) - left + 1
    listed = np.unique(flat % channels)
    at = ((y - top) * columns + (x - left)) * len(listed) + np.searchsorted(listed, flat % channels)
    shape = (rows, columns, len(listed), out)
    once = math.prod(shape[:3]) == features and bool((np.bincount(at, minlength=features) == 1).all())

    def kernel() -> Array:
        matrix = np.zeros((math.prod(shape[:3]), out), np.float32)
        if once:
            matrix[at] = load()
        else:
            np.add.at(matrix, at, load())
        return matrix.reshape(shape)

    every = len(listed) == channels
    chosen = None if every else tuple(int(channel) for channel in listed)
    whole_y, whole_x = top + rows == height, left + columns == width
    view = View(tensor.map, chosen, top, left, None if whole_y else rows, None if whole_x else columns)
    return view, (shape, kernel)
