"""Folds what exporters leave of constants: shapes, indices, ranges, and the arithmetic on them, in NumPy.

What has no rule here is computed by ONNX's reference evaluator (`acortex.programs.operators.evaluator`). A result
larger than `LARGEST` numbers and than all that it is made of is refused, so that a small file cannot cause all memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Node
from acortex.programs.operators.context import Unsupported
from acortex.programs.operators.evaluator import LARGEST, MOST_PRODUCTS, evaluated

Array = NDArray[Any]
Fold = Callable[[Node, Sequence[Array | None]], Array | Sequence[Array]]

USUAL_OPSET = 21
"""The opset of nodes that are made here, where it matters."""

TYPES = {1: "f4", 2: "u1", 3: "i1", 4: "u2", 5: "i2", 6: "i4", 7: "i8", 9: "?", 10: "f2", 11: "f8", 12: "u4", 13: "u8"}
"""NumPy's types by ONNX's numbers for them."""

MOST_FILLED = 1 << 27
"""Numbers of a constant that are all the same, and take no memory."""

FOLDS: dict[str, Fold] = {}


def fold(node: Node, values: Sequence[Array | None], opset: int = USUAL_OPSET) -> list[Array]:
    """The outputs of a node whose inputs are all known. Raises Unsupported where it cannot be done."""
    if node.op not in FOLDS:
        return evaluated(node, values, opset)
    try:
        with np.errstate(all="ignore"):
            made = FOLDS[node.op](node, values)
    except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise Unsupported(f"its constants do not fit together ({str(error)[:200]})") from None
    return [np.asarray(made)] if isinstance(made, np.ndarray | np.generic) else [np.asarray(one) for one in made]


def _folds(*names: str) -> Callable[[Fold], Fold]:
    def bind(function: Fold) -> Fold:
        FOLDS.update(dict.fromkeys(names, function))
        return function

    return bind


def _bounded(count: float, values: Sequence[Array | None] = ()) -> None:
    """Refuses a result of `count` numbers that is too large for its sources."""
    if not count <= max(LARGEST, 4 * max((value.size for value in values if value is not None), default=0)):
        raise Unsupported(f"it makes a constant of {count:.0f} numbers")


def listed(node: Node, values: Sequence[Array | None], index: int, key: str) -> list[int] | None:
    """Whole numbers that older opsets give as an attribute and newer ones as an input; None where neither does."""
    if index < len(values) and (value := values[index]) is not None:
        return [int(number) for number in value.reshape(-1)]
    given = node.attributes.get(key)
    return None if given is None else [int(number) for number in given]


def _of_numpy(function: Callable[..., Array]) -> Fold:
    def folded(node: Node, values: Sequence[Array | None]) -> Array:
        _bounded(_broadcast_size(values), values)
        result: Array = function(*values)
        return result

    return folded


def _broadcast_size(values: Sequence[Array | None]) -> int:
    return math.prod(np.broadcast_shapes(*(np.asarray(value).shape for value in values)))


def _divide(a: Array, b: Array) -> Array:
    if a.dtype.kind in "iu":
        quotient = (
            np.trunc(a / b).astype(a.dtype) if np.any(b == 0) else np.abs(a) // np.abs(b) * np.sign(a) * np.sign(b)
        )
        return quotient.astype(a.dtype)
    result: Array = a / b
    return result


_BY_NUMPY: dict[str, Callable[..., Array]] = {
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": _divide, "Neg": np.negative,
    "Abs": np.abs, "Floor": np.floor, "Ceil": np.ceil, "Round": np.rint, "Sqrt": np.sqrt, "Exp": np.exp, "Log": np.log,
    "Pow": lambda a, b: np.power(a, b).astype(a.dtype), "Sign": np.sign, "Reciprocal": lambda a: 1 / a,
    "Equal": np.equal, "Greater": np.greater, "Less": np.less, "Not": np.logical_not, "And": np.logical_and,
    "Or": np.logical_or, "Where": np.where, "Identity": lambda a: a, "Relu": lambda a: np.maximum(a, 0),
    "GreaterOrEqual": np.greater_equal, "LessOrEqual": np.less_equal,
}  # fmt: skip
FOLDS.update({name: _of_numpy(function) for name, function in _BY_NUMPY.items()})


@_folds("Mod")
def _rest(node: Node, values: Sequence[Array | None]) -> Array:
    """What division leaves: with the sign of the divisor, or with `fmod` of what is divided."""
    _bounded(_broadcast_size(values), values)
    divide = np.fmod if node.attributes.get("fmod", 0) else np.mod
    return np.asarray(divide(np.asarray(values[0]), np.asarray(values[1])))


@_folds("Min", "Max", "Sum")
def _several(node: Node, values: Sequence[Array | None]) -> Array:
    function = {"Min": np.minimum, "Max": np.maximum, "Sum": np.add}[node.op]
    _bounded(_broadcast_size(values), values)
    total = np.asarray(values[0])
    for value in values[1:]:
        total = function(total, np.asarray(value))
    return total


@_folds("ConstantOfShape")
def _filled(node: Node, values: Sequence[Array | None]) -> Array:
    shape = listed(node, values, 0, "shape") or []
    if not math.prod(shape) <= MOST_FILLED:
        raise Unsupported(f"it makes a constant of {math.prod(shape)} numbers")
    fill = node.attributes.get("value", np.zeros(1, np.float32))
    return np.broadcast_to(np.asarray(fill).reshape(-1)[0], shape)  # one number, until something is made of it


@_folds("Range")
def _range(node: Node, values: Sequence[Array | None]) -> Array:
    start, limit, delta = (np.asarray(value).reshape(-1)[0] for value in values)
    _bounded((float(limit) - float(start)) / float(delta))
    return np.arange(start, limit, delta)


@_folds("Cast", "CastLike")
def _cast(node: Node, values: Sequence[Array | None]) -> Array:
    value = np.asarray(values[0])
    return value.astype(np.asarray(values[1]).dtype if node.op == "CastLike" else TYPES[node.attributes["to"]])


@_folds("Shape", "Size")
def _sizes(node: Node, values: Sequence[Array | None]) -> Array:
    shape = np.asarray(values[0]).shape
    if node.op == "Size":
        return np.array(math.prod(shape), np.int64)
    return np.array(shape[node.attributes.get("start", 0) : node.attributes.get("end", len(shape))], np.int64)


@_folds("Gather")
def _gather(node: Node, values: Sequence[Array | None]) -> Array:
    value, indices = np.asarray(values[0]), np.asarray(values[1])
    axis = int(node.attributes.get("axis", 0))
    _bounded(float(indices.size) * value.size / max(value.shape[axis], 1), values)
    return np.take(value, indices, axis=axis)


@_folds("Concat")
def _concat(node: Node, values: Sequence[Array | None]) -> Array:
    _bounded(sum(np.asarray(value).size for value in values), values)
    return np.concatenate([np.asarray(value) for value in values], axis=int(node.attributes["axis"]))


@_folds("Expand", "Tile")
def _repeat(node: Node, values: Sequence[Array | None]) -> Array:
    value, sizes = np.asarray(values[0]), listed(node, values, 1, "shape") or []
    if node.op == "Tile":
        _bounded(float(value.size) * math.prod(sizes))
        return np.tile(value, sizes)
    shape = np.broadcast_shapes(value.shape, tuple(sizes))
    _bounded(math.prod(shape))
    return np.broadcast_to(value, shape)


@_folds("ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean")
def _reduce(node: Node, values: Sequence[Array | None]) -> Array:
    axes = listed(node, values, 1, "axes") or None  # none of them are all, or where the node says so none
    if axes is None and node.attributes.get("noop_with_empty_axes", 0):
        return np.asarray(values[0])
    name = node.op.removeprefix("Reduce").lower()
    function = getattr(np, {"mean": "mean"}.get(name, name))
    value = np.asarray(values[0])
    keep = bool(node.attributes.get("keepdims", 1))
    return np.asarray(function(value, axis=None if axes is None else tuple(axes), keepdims=keep), value.dtype)


@_folds("MatMul", "Gemm")
def _product(node: Node, values: Sequence[Array | None]) -> Array:
    a, b = np.asarray(values[0]), np.asarray(values[1])
    a = a.T if node.attributes.get("transA") else a
    b = b.T if node.attributes.get("transB") else b
    work = a.size // max(a.shape[-1], 1) * b.size
    if work > MOST_PRODUCTS:
        raise Unsupported(f"it multiplies constants {work} times, {MOST_PRODUCTS} is the most")
    total = np.asarray(a @ b) * a.dtype.type(node.attributes.get("alpha", 1.0))
    if len(values) > 2 and values[2] is not None:
        total = total + values[2] * a.dtype.type(node.attributes.get("beta", 1.0))
    return np.asarray(total, a.dtype)


@_folds("Clip")
def _held(node: Node, values: Sequence[Array | None]) -> Array:
    """Numbers between bounds, which older opsets give as attributes."""
    value = np.asarray(values[0])
    for n, key, function in ((1, "min", np.maximum), (2, "max", np.minimum)):
        bound = values[n] if n < len(values) else node.attributes.get(key)
        if bound is not None:
            value = function(value, np.asarray(bound).reshape(())).astype(value.dtype)
    return value


@_folds("NonZero")
def _non_zero(node: Node, values: Sequence[Array | None]) -> Array:
    return np.array(np.nonzero(np.asarray(values[0])), np.int64)


# What only rearranges: also on the places of computed tensors -------------------------------------------------------


@_folds("Reshape")
def reshape(node: Node, values: Sequence[Array | None]) -> Array:
    """Another shape; 0 keeps an axis, -1 takes what is left."""
    value, wanted = np.asarray(values[0]), listed(node, values, 1, "shape") or []
    return value.reshape(reshaped(value.shape, wanted, bool(node.attributes.get("allowzero", 0))))


def reshaped(shape: tuple[int, ...], wanted: Sequence[int], zero_counts: bool = False) -> tuple[int, ...]:
    """The shape that Reshape makes of one. Raises ValueError where the numbers do not fit."""
    full = [shape[axis] if size == 0 and not zero_counts else size for axis, size in enumerate(wanted)]
    if -1 in full:
        known = -math.prod(full)
        if known <= 0 or math.prod(shape) % known or full.count(-1) > 1:
            raise ValueError(f"{shape} cannot become {tuple(wanted)}")
        full[full.index(-1)] = math.prod(shape) // known
    if math.prod(full) != math.prod(shape):
        raise ValueError(f"{shape} cannot become {tuple(wanted)}")
    return tuple(full)


@_folds("Flatten")
def flatten(node: Node, values: Sequence[Array | None]) -> Array:
    """Two axes of all that stood before and after one."""
    value, axis = np.asarray(values[0]), int(node.attributes.get("axis", 1))
    axis = axis + value.ndim if axis < 0 else axis
    return value.reshape(math.prod(value.shape[:axis]), -1 if value.size else 0)


@_folds("Transpose")
def transpose(node: Node, values: Sequence[Array | None]) -> Array:
    """The axes in another order, reversed by default."""
    return np.asarray(values[0]).transpose(node.attributes.get("perm"))


@_folds("Squeeze")
def squeeze(node: Node, values: Sequence[Array | None]) -> Array:
    """Without some axes of one, or all of them."""
    axes = listed(node, values, 1, "axes")
    return np.squeeze(np.asarray(values[0]), None if axes is None else tuple(axes))


@_folds("Unsqueeze")
def unsqueeze(node: Node, values: Sequence[Array | None]) -> Array:
    """With new axes of one."""
    return np.expand_dims(np.asarray(values[0]), tuple(listed(node, values, 1, "axes") or ()))


@_folds("Slice")
def cut(node: Node, values: Sequence[Array | None]) -> Array:
    """A range of some axes."""
    value = np.asarray(values[0])
    starts, ends = listed(node, values, 1, "starts") or [], listed(node, values, 2, "ends") or []
    axes = listed(node, values, 3, "axes") or list(range(len(starts)))
    steps = listed(node, values, 4, "steps") or [1] * len(starts)
    slices = [slice(None)] * value.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        size = value.shape[axis]
        first = max(start + size if start < 0 else start, 0)
        stop: int | None = max(end + size, 0) if end < 0 else end
        if step < 0 and end < -size:
            stop = None
        slices[axis] = slice(first, stop, step)
    return value[tuple(slices)]


@_folds("Split")
def split(node: Node, values: Sequence[Array | None]) -> Sequence[Array]:
    """Several parts along an axis, of given sizes, or equal ones."""
    value, axis = np.asarray(values[0]), int(node.attributes.get("axis", 0))
    sizes = listed(node, values, 1, "split")
    if sizes is None:
        count = int(node.attributes.get("num_outputs", len(node.outputs)))
        if count != len(node.outputs):
            raise ValueError(f"{count} parts for {len(node.outputs)} outputs")
        part = -(-value.shape[axis] // count)
        sizes = [min(part, value.shape[axis] - part * n) for n in range(count)]
    if sum(sizes) != value.shape[axis] or min(sizes) < 0:
        raise ValueError(f"an axis of {value.shape[axis]} is not {sizes}")
    return np.split(value, np.cumsum(sizes)[:-1], axis=axis)


@_folds("DepthToSpace")
def depth_to_space(node: Node, values: Sequence[Array | None]) -> Array:
    """Blocks of channels become pixels."""
    value, block = np.asarray(values[0]), int(node.attributes["blocksize"])
    n, c, h, w = value.shape
    if node.attributes.get("mode", "DCR") == "DCR":
        parts = value.reshape(n, block, block, c // block**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        parts = value.reshape(n, c // block**2, block, block, h, w).transpose(0, 1, 4, 2, 5, 3)
    return parts.reshape(n, c // block**2, h * block, w * block)


@_folds("SpaceToDepth")
def space_to_depth(node: Node, values: Sequence[Array | None]) -> Array:
    """Blocks of pixels become channels."""
    value, block = np.asarray(values[0]), int(node.attributes["blocksize"])
    n, c, h, w = value.shape
    parts = value.reshape(n, c, h // block, block, w // block, block).transpose(0, 3, 5, 1, 2, 4)
    return parts.reshape(n, c * block**2, h // block, w // block)
