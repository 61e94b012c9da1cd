"""Matrices of language models: whole numbers of few bits, packed, with a scale and a zero for each block of rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.network.network import Constant, Node
from acortex.programs.operators.context import Lowering, Unsupported
from acortex.programs.operators.registry import OPERATORS, operator

Array = NDArray[Any]

PACKED_BITS = (2, 4, 8)
"""Bits of whole numbers of which some fill a byte."""


@operator(
    "MatMulNBits",
    becomes="what MatMul becomes; its levels are kept where each column has one scale",
    limits="constant matrix of 2, 4 or 8 bits; no g_idx",
)
def matmul_of_blocks(lowering: Lowering, node: Node) -> None:
    """A product with a matrix whose columns have a scale for each block of their rows, as onnxruntime has it."""
    weights, out = _matrix(lowering, node), node.outputs[0]
    if lowering.has(node, 4) and not np.array_equal(
        lowering.constant(node, 4, "g_idx"), np.arange(weights.shape[0]) // int(node.attributes["block_size"])
    ):
        raise Unsupported("its rows belong to blocks in an order of their own (g_idx)")
    lowering.constants[f"{out}.weights"] = weights
    last = lowering.has(node, 5)
    made = f"{out}.product" if last else out
    OPERATORS["MatMul"].lower(lowering, Node("MatMul", node.name, (node.inputs[0], f"{out}.weights"), (made,)))
    if last:
        lowering.uses[made] = 1
        OPERATORS["Add"].lower(lowering, Node("Add", node.name, (made, node.inputs[5]), node.outputs))


def _matrix(lowering: Lowering, node: Node) -> Constant:
    """The matrix of such a product, loaded on demand: float32 of shape (K, N)."""
    rows, columns, block = (int(node.attributes[key]) for key in ("K", "N", "block_size"))
    bits = int(node.attributes.get("bits", 4))
    if bits not in PACKED_BITS or block < 1 or block * bits % 8 or min(rows, columns) < 1:
        raise Unsupported(f"its matrix of {rows} x {columns} has {bits} bits in blocks of {block}")
    blocks = -(-rows // block)
    packed, scales = lowering.lazy(node, 1, "matrix B"), lowering.constant(node, 2, "scales")
    if math.prod(packed.shape) != columns * blocks * block * bits // 8 or scales.size != columns * blocks:
        raise Unsupported(f"its matrix of shape {packed.shape} and its scales of {scales.shape} do not fit together")
    scales = scales.reshape(columns, blocks).astype(np.float32)
    zeros = _zeros(lowering, node, columns, blocks, bits)

    def load() -> Array:
        levels = unpacked(packed.load().reshape(columns, -1), bits).reshape(columns, blocks, block)
        real: Array = (levels.astype(np.float32) - zeros[:, :, None]) * scales[:, :, None]
        return real.reshape(columns, blocks * block)[:, :rows].T

    if (scales == scales[:, :1]).all() and (scales > 0).all():
        return Constant((rows, columns), load, scales[:, 0].astype(np.float64), 1)
    lowering.graph.warnings.append(
        f"{node.name} ({node.op}): a column has a scale for each block of {block} rows, on the chip one for all rows:"
        " levels are chosen anew"
    )
    return Constant((rows, columns), load)


def _zeros(lowering: Lowering, node: Node, columns: int, blocks: int, bits: int) -> Array:
    """The zeros of the blocks: float32 of shape (columns, blocks). They are packed as levels are, or real numbers."""
    if not lowering.has(node, 3):
        return np.full((columns, blocks), 1 << (bits - 1), np.float32)
    given = lowering.constant(node, 3, "zeros")
    if given.dtype == np.uint8:
        given = unpacked(given.reshape(columns, -1), bits)[:, :blocks]
    if given.size != columns * blocks:
        raise Unsupported(f"its zeros have shape {given.shape}; one is needed for each of {columns} x {blocks} blocks")
    return given.reshape(columns, blocks).astype(np.float32)


def unpacked(packed: Array, bits: int) -> Array:
    """The whole numbers that lie in bytes, the first in the lowest bits: uint8 of shape (rows, more columns)."""
    shifts = np.arange(0, 8, bits, dtype=np.uint8)
    apart = (packed.astype(np.uint8)[..., None] >> shifts) & np.uint8((1 << bits) - 1)
    return apart.reshape(len(packed), -1)
