"""Kernels that are longer than an instruction can say: products over parts of the kernel, whose results are added.

Each part makes codes of its own, so that the sum has the roundings of all parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.operands import KINDS
from acortex.programs.graph import Geometry, View
from acortex.programs.steps import AddStep, FloatGraph, FloatMap, KernelGeometry, ProductStep, Step
from acortex.wording import count

Array = NDArray[Any]

LONGEST = KINDS["kernel"].high
"""Rows or columns that a kernel has at most."""


@dataclass(frozen=True, slots=True)
class Taps:
    """Rows and columns of a kernel: `rows` from `top` on, `columns` from `left` on."""

    top: int
    left: int
    rows: int
    columns: int


def cut(graph: FloatGraph, step: ProductStep) -> list[Step]:
    """The steps that do what a product with a long kernel does; the product alone where its kernel is short enough.

    Parts that see nothing but zeros outside the image are left out.
    """
    long = max(step.geometry.kernel_y, step.geometry.kernel_x) > LONGEST
    if not long or step.parts or step.pad:
        return [step]
    parts = [(taps, window) for taps in _taps(step.geometry) if (window := _window(graph, step, taps)) is not None]
    if not parts:
        return [step]
    products = [_product(graph, step, number, *part) for number, part in enumerate(parts)]
    if len(products) == 1:
        return [replace(products[0], name=step.name, out=step.out, activation=step.activation)]
    graph.warnings.append(
        f"{step.name} ({step.op}): its kernel of {step.geometry.kernel_y}x{step.geometry.kernel_x} is cut into"
        f" {count(len(products), 'part')}, each of which is rounded to codes before they are added"
    )
    return [*products, *_sums(graph, step, products)]


def _taps(g: Geometry) -> Iterator[Taps]:
    """The parts of a kernel, nearly alike in size."""
    rows, columns = (np.array_split(np.arange(size), -(-size // LONGEST)) for size in (g.kernel_y, g.kernel_x))
    for row in rows:
        for column in columns:
            yield Taps(int(row[0]), int(column[0]), len(row), len(column))


def _window(graph: FloatGraph, step: ProductStep, taps: Taps) -> tuple[View, Geometry] | None:
    """What a part of a kernel reads, and how it moves; None where all of that lies outside the image."""
    g, source = step.geometry, step.source
    one = graph.maps[source.map]
    height = one.height - source.top if source.height is None else source.height
    width = one.width - source.left if source.width is None else source.width
    down, right = taps.top * g.dilation_y - g.top, taps.left * g.dilation_x - g.left
    top, left = max(down, 0), max(right, 0)
    if top >= height or left >= width:
        return None
    view = replace(source, top=source.top + top, left=source.left + left, height=height - top, width=width - left)
    window = replace(g, kernel_y=taps.rows, kernel_x=taps.columns, top=max(-down, 0), left=max(-right, 0))
    return view if top or left else source, window


def _product(
    graph: FloatGraph, step: ProductStep, number: int, taps: Taps, window: tuple[View, Geometry]
) -> ProductStep:
    """The product over a part of a kernel; the first one has the biases."""
    kernel = step.kernel

    def load() -> Array:
        rows, columns = slice(taps.top, taps.top + taps.rows), slice(taps.left, taps.left + taps.columns)
        return kernel.load()[rows, columns]

    shape = (taps.rows, taps.columns, *kernel.shape[2:])
    made = KernelGeometry(shape, load, kernel.bias, kernel.scale, kernel.shift, kernel.steps)
    if number:
        made = replace(made, bias=None, shift=None)
    out = _beside(graph, step.out, f"part{number}")
    return ProductStep(out, step.op, out, window[0], made, window[1], step.groups)


def _sums(graph: FloatGraph, step: ProductStep, products: list[ProductStep]) -> Iterator[AddStep]:
    """The sums of the parts, one after the other; the last one is what the whole product makes."""
    total = products[0].out
    for number, product in enumerate(products[1:-1], 1):
        out = _beside(graph, step.out, f"sum{number}")
        yield AddStep(out, step.op, out, View(total), View(product.out))
        total = out
    last = View(total), View(products[-1].out)
    yield AddStep(step.name, step.op, step.out, *last, activation=step.activation)


def _beside(graph: FloatGraph, name: str, what: str) -> str:
    """A new map as large as one."""
    made = f"{name}.{what}"
    while made in graph.maps:
        made += "_"
    graph.maps[made] = FloatMap(made, *graph.maps[name].size)
    return made
