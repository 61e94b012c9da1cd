"""From a network's nodes to steps: what every operator's function needs to make them.

Nodes are taken in order. Tensors that the network computes have a place in a map
(`acortex.programs.operators.tensors`); those that are known beforehand are constants, and a node with nothing but
constants is folded.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS
from acortex.programs.graph import Geometry, View
from acortex.programs.network.network import Constant, Model, Node
from acortex.programs.operators.tensors import Size, TensorView, grid, image_view
from acortex.programs.steps import (
    SWITCHES,
    Activation,
    CopyStep,
    FloatGraph,
    FloatMap,
    KernelGeometry,
    PadStep,
    ProductStep,
    Step,
)
from acortex.wording import all_of

Array = NDArray[Any]


MAX_WORDS = KINDS["address"].high + 1
"""Words of main memory that a program can address; a map that is larger fits no chip."""


MOST_WORK = 1 << 27
"""Numbers that nodes may rearrange or compute before the network runs, beside some for each constant of its own."""

MOST_BYTES = 1 << 28
"""Bytes of constants that nodes may make, beside some for each number of the network's own."""


WHOLE_NUMBERS = "it computes with whole numbers; cast them to floating point before"
"""Why most operators do not take them."""


class Unsupported(Exception):
    """Why a node cannot be done; caught where all of them are collected."""


class Misplaced(Unsupported):
    """Why a node cannot be done with its inputs where they lie in memory."""


REARRANGED = "its input is a rearrangement that memory cannot be read in"
"""Why an operator refuses an input that it could take in another place."""


class UnsupportedNodes(AcortexError):
    """A network with nodes that the chip cannot do: every one of them, with its reason.

    Nodes of one operator that are refused for one reason stand in one line, at the place of the first of them.
    """

    def __init__(self, nodes: list[tuple[str, str, str]], where: str = "") -> None:
        self.nodes = nodes
        self.parts = tuple(f"{name} ({op}): {why}" for name, op, why in nodes)
        groups: dict[tuple[str, str], list[str]] = {}
        for name, op, why in nodes:
            groups.setdefault((op, why), []).append(name)
        lines = "".join(f"\n  {_listed(names)} ({op}): {why}" for (op, why), names in groups.items())
        count = "a node" if len(nodes) == 1 else f"{len(nodes)} nodes"
        super().__init__(f"the network has {count} that the chip cannot do:{lines}", where=where)


MOST_NAMES = 4
"""Nodes of a line that an error names; of more the first are named, and the others counted."""


def _listed(names: list[str]) -> str:
    if len(names) <= MOST_NAMES:
        return all_of(names)
    return f"{', '.join(names[: MOST_NAMES - 1])} and {len(names) - MOST_NAMES + 1:,} more"


@dataclass(frozen=True, eq=False)
class Padding:
    """An image that a Pad node has widened, by margins (top, left, bottom, right), before anyone has read it."""

    tensor: TensorView
    margins: tuple[int, int, int, int]
    value: float


class Lowering:
    """A network half way to steps.

    `open` has, by tensor, the step at whose end more can still be done, because nothing else reads what it writes.
    """

    def __init__(self, model: Model, *, drop_lrn: bool = False, most_words: int = MAX_WORDS) -> None:
        self.model = model
        self.drop_lrn = drop_lrn
        self.most_words = most_words
        self.graph = FloatGraph(model.name)
        self.constants: dict[str, Constant] = dict(model.constants)
        self.tensors: dict[str, TensorView] = {}
        self.open: dict[str, Step] = {}
        self.after_pool: set[str] = set()
        """Tensors whose open step has a maximum behind it: only what preserves order may still be done there."""
        self.codes: dict[str, tuple[Array, Array]] = {}
        """Tensors that the network has as whole numbers, each with its step and zero."""
        self.coded: dict[str, str] = {}
        """Tensors that the network has as whole numbers, each with that of the real ones it was made of."""
        self.whole_numbers: set[str] = set()
        """Tensors of an integer type that nothing has turned into real numbers yet."""
        self.padding: dict[str, Padding] = {}
        self.claimed: set[str] = set()
        """Maps that lie in another one, or will."""
        self.hosted: dict[str, tuple[str, ...]] = {}
        """Tensors that the host makes, each with those of the chip that it is made of."""
        self.broken: set[str] = set()
        numbers = sum(math.prod(one.shape) for one in model.constants.values())
        self._work_left = MOST_WORK + 16 * numbers
        self._bytes_left = MOST_BYTES + 32 * numbers
        self.uses = Counter(name for node in model.nodes if node.op != "Shape" for name in node.inputs)
        self.uses.update(model.outputs)
        self._names: set[str] = set()
        self.readers: dict[str, list[Node]] = {}
        """The nodes that take each tensor, in order."""
        for node in model.nodes:
            for name in dict.fromkeys(node.inputs):
                self.readers.setdefault(name, []).append(node)

    def mentioned(self, name: str) -> bool:
        """Whether a node takes a tensor, or it is an output."""
        return name in self.readers or name in self.model.outputs

    def spend(self, numbers: int) -> None:
        """Notes the work on a count of numbers before anything runs: a small file must not cause hours of it."""
        self._work_left -= numbers
        if min(self._work_left, self._bytes_left) < 0:
            raise Unsupported(
                "it and the nodes before it rearrange or compute too many numbers before the network runs"
            )

    def keep(self, values: Array) -> None:
        """Takes note of a constant that was computed, and is kept."""
        own = math.prod(size for size, step in zip(values.shape, values.strides, strict=True) if step)
        self._bytes_left -= own * values.itemsize
        if self._bytes_left < 0:
            raise Unsupported(f"it and the nodes before it make constants of more than {MOST_BYTES} bytes")

    # What a node takes --------------------------------------------------------------------------------------------

    def has(self, node: Node, index: int) -> bool:
        """Whether an optional input is given."""
        return index < len(node.inputs) and node.inputs[index] != ""

    def tensor(self, node: Node, index: int = 0) -> TensorView:
        """A computed input."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        if name in self.hosted:
            raise Unsupported(f"it needs {name}, which the host computes after the chip has finished")
        if name in self.padding:
            self.pad(node, name)
        if name not in self.tensors:
            raise Unsupported(f"its input {index} is a constant, a computed tensor is needed")
        return self.tensors[name]

    def is_constant(self, node: Node, index: int) -> bool:
        """Whether an input is known beforehand."""
        return index < len(node.inputs) and node.inputs[index] in self.constants

    def constant(self, node: Node, index: int, what: str) -> Array:
        """The values of an input that must be known beforehand."""
        name = node.inputs[index] if index < len(node.inputs) else ""
        if name not in self.constants:
            raise Unsupported(f"its {what} is computed; the chip needs a constant")
        return self.constants[name].load()

    def lazy(self, node: Node, index: int, what: str) -> Constant:
        """A constant input, not loaded yet."""
        name = node.inputs[index]
        if name not in self.constants:
            raise Unsupported(f"its {what} is computed; arrays hold constants only")
        return self.constants[name]

    # What a node makes --------------------------------------------------------------------------------------------

    def unique(self, name: str) -> str:
        """A name that no step and no map has yet."""
        wanted, count = name, 1
        while wanted in self._names:
            count += 1
            wanted = f"{name}_{count}"
        self._names.add(wanted)
        return wanted

    def new_map(self, name: str, size: Size, packed: int = 1) -> FloatMap:
        """A new map of rows, columns and channels, `packed` pixels in a word of memory."""
        words = size[0] * size[1] * -(-size[2] // CHANNELS) // packed
        sizes = "x".join(map(str, size))
        if min(size) < 1:
            raise Unsupported(f"its map of {sizes} has no numbers")
        if words > MAX_WORDS:
            raise Unsupported(f"its map of {sizes} takes {words} words of main memory; a program addresses {MAX_WORDS}")
        if words > self.most_words:
            message = f"its map of {sizes} takes {words} words of main memory, more than {self.most_words}"
            raise Unsupported(f"{message}; --smallest-chip says which memory.capacity_kb the network takes")
        label = self.unique(name)
        self.graph.maps[label] = FloatMap(label, *size)
        return self.graph.maps[label]

    def give(self, name: str, tensor: TensorView, step: Step | None = None) -> None:
        """What a node's output is; `step` where more can be done at that step's end."""
        self.tensors[name] = tensor
        if step is not None:
            self.open[name] = step

    def rename(self, node: Node, *tensors: TensorView) -> None:
        """A node that only rearranges its first input, into one output or several."""
        name = node.inputs[0]
        step = self.open_step(name) if len(tensors) == 1 else None
        for output, tensor in zip(node.outputs, tensors, strict=True):
            self.give(output, tensor, step)
            if name in self.after_pool:
                self.after_pool.add(output)
            if name in self.codes:
                self.codes[output] = self.codes[name]
            if name in self.whole_numbers:
                self.whole_numbers.add(output)

    def open_step(self, name: str) -> Step | None:
        """The step that makes a tensor, if only the node at hand reads it."""
        return self.open.get(name) if self.uses[name] == 1 else None

    # Images, number by number -------------------------------------------------------------------------------------

    def together(
        self, out: str, first: TensorView, *others: TensorView
    ) -> tuple[tuple[View, ...], FloatMap, TensorView]:
        """Views that read tensors number by number, the map for the result, and the result's tensor.

        `first` has the shape of the result; others are broadcast to it.
        """
        if first.axes is not None and all(other.axes == first.axes and other.size == first.size for other in others):
            made = self.new_map(out, first.size)
            result = TensorView(made.name, first.size, first.shape, first.axes)
            return tuple(View(tensor.map) for tensor in (first, *others)), made, result
        order, size = self._grid(first)
        views = []
        for tensor in (first, *others):
            flat = np.broadcast_to(tensor.indices, first.shape).reshape(-1)[order]
            views.append(self._view(tensor, flat.reshape(size)))
        made = self.new_map(out, size)
        places = np.empty(order.size, np.int32)
        places[order] = np.arange(order.size, dtype=np.int32)
        return tuple(views), made, TensorView(made.name, size, first.shape, None, places.reshape(first.shape))

    def _grid(self, tensor: TensorView) -> tuple[Array, Size]:
        found = grid(tensor)
        if found is None:
            raise Misplaced("its input is not a crop of an image, each number once")
        return found

    def _view(self, tensor: TensorView, image: Array) -> View:
        if image.shape[:2] != (1, 1) and np.array_equal(np.broadcast_to(image[0, 0], image.shape), image):
            image = image[:1, :1]
        view = image_view(tensor, image)
        if view is None:
            raise Misplaced("its inputs lie in memory in orders that do not match")
        return view

    def per_channel(self, tensor: TensorView, *constants: Array) -> list[Array] | None:
        """Constants that are broadcast to a tensor, one number per channel of its crop; None where pixels differ."""
        found = []
        order, size = self._grid(tensor)
        for constant in constants:
            if constant.size == 1:
                found.append(np.full(size[2], constant.reshape(-1)[0], np.float64))
                continue
            try:
                image = np.broadcast_to(constant, tensor.shape).reshape(-1)[order].reshape(size)
            except ValueError:
                raise Unsupported(f"its constant of shape {constant.shape} does not fit {tensor.shape}") from None
            if not np.array_equal(np.broadcast_to(image[0, 0], size), image):
                return None
            found.append(np.asarray(image[0, 0], np.float64))
        return found

    # Functions at a step's end ------------------------------------------------------------------------------------

    def activate(self, node: Node, activation: Activation) -> None:
        """An activation of the first input: at the end of the step that makes it, or as a step of its own."""
        name = node.inputs[0]
        self.tensor(node)
        step = self.open_step(name)
        joined = joined_activation(step.activation, activation) if step is not None else None
        falls = activation.function == "hardswish" and name in self.after_pool
        blind = activation.function in SWITCHES and not isinstance(step, ProductStep)
        if step is not None and joined is not None and not falls and not blind:
            step.activation = joined
            self.rename(node, self.tensors[name])
            return
        (view,), made, result = self.together(node.name, self.tensor(node))
        copy = CopyStep(made.name, node.op, made.name, view, activation=activation)
        self.graph.steps.append(copy)
        self.give(node.outputs[0], result, copy)

    def affine(self, node: Node, name: str, tensor: TensorView, scale: Array, shift: Array) -> None:
        """Scale and shift of each channel: folded into the product before it, or a depthwise product of its own.

        `scale` and `shift` are broadcast to the tensor as ONNX does.
        """
        if not (np.isfinite(scale).all() and np.isfinite(shift).all()):
            raise Unsupported("its constants hold numbers that are not finite")
        found = self.per_channel(tensor, np.asarray(scale, np.float64), np.asarray(shift, np.float64))
        if found is None:
            raise Unsupported("its constant differs from pixel to pixel")
        step = self.open_step(name)
        if isinstance(step, ProductStep) and tensor.whole() and self._fold_affine(step, name, *found):
            self.give(node.outputs[0], tensor, step)
            if name in self.after_pool:
                self.after_pool.add(node.outputs[0])
            return
        (view,), made, result = self.together(node.name, tensor)
        made_step = self.depthwise(node, view, made, *found)
        self.give(node.outputs[0], result, made_step)

    def _fold_affine(self, step: ProductStep, name: str, scale: Array, shift: Array) -> bool:
        """Folds scale and shift into a product where that changes nothing; says whether it did."""
        one, activation = bool((scale == scale[0]).all()), step.activation
        if name in self.after_pool and not (scale > 0).all():
            return False
        if not activation.identity:
            bent = activation.function not in ("none", "relu", "leaky")
            bounded = activation.low > -np.inf or activation.high < np.inf
            if bent or (scale <= 0).any() or shift.any() or (bounded and not one):
                return False
            low, high = activation.low * float(scale[0]), activation.high * float(scale[0])
            step.activation = replace(activation, low=low, high=high)
        step.kernel = step.kernel.then(scale, shift)
        return True

    def pad(self, node: Node, name: str) -> None:
        """Makes a padded image where no window takes the padding over: a product with one weight, exact in codes."""
        padding = self.padding.pop(name)
        tensor, (top, left, bottom, right) = padding.tensor, padding.margins
        height, width, channels = (tensor.shape[2] if len(tensor.shape) == 4 else 1), tensor.shape[-1], tensor.shape[1]
        view = tensor.view(None if len(tensor.shape) == 3 else 2, len(tensor.shape) - 1, 1)
        if view is None:
            raise Misplaced("it pads a rearrangement that memory cannot be read in")
        made = self.new_map(name, (height + top + bottom, width + left + right, channels))
        geometry = Geometry(top=top, left=left, rows=made.height, columns=made.width)
        self.graph.steps.append(PadStep(made.name, "Pad", made.name, view, geometry, padding.value))
        space = made.size[:2] if len(tensor.shape) == 4 else made.size[1:2]
        axes = (None, 2, 0, 1) if len(tensor.shape) == 4 else (None, 2, 1)
        self.give(name, TensorView(made.name, made.size, (1, channels, *space), axes))

    def depthwise(self, node: Node, view: View, made: FloatMap, scale: Array, shift: Array) -> ProductStep:
        """A product of each channel with itself alone, that scales and shifts."""
        ones = np.ones((1, 1, 1, made.channels), np.float32)
        kernel = KernelGeometry(ones.shape, lambda: ones, None, scale, shift)
        geometry = Geometry(rows=made.height, columns=made.width)
        step = ProductStep(made.name, node.op, made.name, view, kernel, geometry, made.channels, affine=True)
        self.graph.steps.append(step)
        return step

    def copy(self, name: str, op: str, view: View, size: Size) -> FloatMap:
        """A map of its own for what a view reads, with the same codes."""
        made = self.new_map(name, size)
        self.graph.steps.append(CopyStep(made.name, op, made.name, view, exact=True))
        return made


def joined_activation(first: Activation, then: Activation) -> Activation | None:
    """One activation that does what two do, one after the other; None if there is none."""
    if first.identity:
        return then
    if then.function == "none" and first.function in ("none", "relu", "leaky"):
        low, high = max(first.low, then.low), min(first.high, then.high)
        return Activation(first.function, first.slope, low, high) if low < high else None
    if then == Activation("relu") and first.function in ("sigmoid", "hardsigmoid", "step"):
        return first
    if then.function == "relu" and first.function in ("none", "relu"):
        low, high = max(first.low, then.low, 0.0), min(first.high, then.high)
        return Activation("relu", high=high, low=low or -np.inf) if low < high else None
    return None
