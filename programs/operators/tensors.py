"""Where the numbers of a tensor lie in maps: how Reshape, Transpose, Slice and their like cost nothing.

A tensor of the network is an array of *indices* into a map, an image of rows x columns x channels counted in that
order. What only renames moves indices. An operator then takes what it can read: a view, or any places at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.graph import View

Array = NDArray[Any]
Size = tuple[int, int, int]
"""Rows, columns and channels of a map."""


@dataclass(frozen=True, eq=False)
class TensorView:
    """A tensor that lies in a map of a size.

    `axes` says for each axis of `shape` whether it counts rows (0), columns (1) or channels (2) of the whole map, None
    for an axis of one; where the tensor is anything else, `axes` is None and `places` has the index of each number.
    """

    map: str
    size: Size
    shape: tuple[int, ...]
    axes: tuple[int | None, ...] | None = None
    places: Array | None = None

    @cached_property
    def indices(self) -> Array:
        """The index into the map of each number: int32 of the tensor's shape."""
        if self.places is not None:
            return self.places
        assert self.axes is not None
        order = [axis for axis in self.axes if axis is not None]
        order += [axis for axis in range(3) if axis not in order]
        every = np.arange(math.prod(self.size), dtype=np.int32).reshape(self.size)
        return every.transpose(order).reshape(self.shape)

    def moved(self, move: Callable[[Array], Array]) -> TensorView:
        """The tensor after a function of NumPy that only rearranges."""
        places = move(self.indices)
        return TensorView(self.map, self.size, places.shape, None, places)

    def transposed(self, order: Sequence[int]) -> TensorView:
        """The tensor with its axes in another order."""
        if self.axes is None:
            return self.moved(lambda indices: indices.transpose(order))
        shape = tuple(self.shape[axis] for axis in order)
        return replace(self, shape=shape, axes=tuple(self.axes[axis] for axis in order))

    def reshaped(self, shape: tuple[int, ...]) -> TensorView:
        """The tensor in another shape of as many numbers."""
        if shape == self.shape:
            return self
        if self.axes is not None and [n for n in shape if n > 1] == [n for n in self.shape if n > 1]:
            left = iter([axis for axis, n in zip(self.axes, self.shape, strict=True) if n > 1])
            return replace(self, shape=shape, axes=tuple(next(left) if n > 1 else None for n in shape))
        return self.moved(lambda indices: indices.reshape(shape))

    def whole(self) -> bool:
        """Whether the tensor has each number of its map once."""
        if self.axes is not None:
            return True
        count = math.prod(self.size)
        return self.indices.size == count and bool(np.array_equal(np.sort(self.indices.reshape(-1)), np.arange(count)))

    def view(self, rows: int | None, columns: int | None, channels: int | None) -> View | None:
        """The view that reads the tensor as an image, given its axes of rows, columns and channels; or None."""
        wanted = (rows, columns, channels)
        if self._lies_as(wanted):
            return View(self.map)
        others = [axis for axis in range(len(self.shape)) if axis not in wanted]
        if any(self.shape[axis] != 1 for axis in others):
            return None
        named = [axis for axis in wanted if axis is not None]
        image = self.indices.transpose([*others, *named])
        return image_view(self, image.reshape([1 if axis is None else self.shape[axis] for axis in wanted]))

    def _lies_as(self, wanted: tuple[int | None, int | None, int | None]) -> bool:
        """Whether the map itself has the wanted axes as its rows, columns, channels: none moved, merged or cropped."""
        if self.axes is None:
            return False
        seats = self.axes
        counted = (
            self.size[place] == 1 if axis is None else seats[axis] in (place, None) for place, axis in enumerate(wanted)
        )
        lengths = (1 if axis is None else self.shape[axis] for axis in wanted)
        return all(counted) and tuple(lengths) == self.size


def contiguous(view: View) -> bool:
    """Whether a view's channels follow each other."""
    listed = view.channels
    return listed is None or listed == tuple(range(listed[0], listed[0] + len(listed)))


def image_view(tensor: TensorView, image: Array) -> View | None:
    """The view that reads an image of indices, int of shape (rows, columns, channels); None if there is none."""
    _, columns, channels = tensor.size
    top, rest = divmod(int(image[0, 0, 0]), columns * channels)
    left = rest // channels
    listed = image[0, 0] - (top * columns + left) * channels
    if listed.min() < 0 or listed.max() >= channels:
        return None
    steps = np.arange(image.shape[0])[:, None] * (columns * channels) + np.arange(image.shape[1]) * channels
    if left + image.shape[1] > columns or not np.array_equal(image, steps[:, :, None] + image[0, 0]):
        return None
    every = len(listed) == channels and bool(np.array_equal(listed, np.arange(channels)))
    chosen = None if every else tuple(int(channel) for channel in listed)
    height = None if top + image.shape[0] == tensor.size[0] else image.shape[0]
    width = None if left + image.shape[1] == columns else image.shape[1]
    return View(tensor.map, chosen, top, left, height, width)


def grid(tensor: TensorView) -> tuple[Array, Size] | None:
    """The order that sorts a tensor's numbers as a crop of its map lies in memory, and the crop's size.

    None where the tensor is not a crop of some rows, columns and channels, each number once.
    """
    flat = tensor.indices.reshape(-1)
    if flat.size > math.prod(tensor.size):
        return None
    order = np.argsort(flat, kind="stable")
    values = flat[order]
    _, columns, channels = tensor.size
    y, x, c = (
        np.unique(part) for part in (values // (columns * channels), values // channels % columns, values % channels)
    )
    expected = (y[:, None, None] * columns + x[:, None]) * channels + c
    if expected.size != values.size or not np.array_equal(expected.reshape(-1), values):
        return None
    return order, (len(y), len(x), len(c))


def canonical(tensor: TensorView) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """The shape of a whole map's three axes, and their permutation to rows, columns, channels, that list its numbers
    in the tensor's order; None if no order of the axes does.
    """
    flat = tensor.indices.reshape(-1)
    if flat.size != math.prod(tensor.size):
        return None
    every = np.arange(flat.size, dtype=flat.dtype).reshape(tensor.size)
    for order in ((2, 0, 1), *permutations(range(3))):
        if np.array_equal(every.transpose(order).reshape(-1), flat):
            return tuple(tensor.size[axis] for axis in order), tuple(order.index(axis) for axis in range(3))
    return None
