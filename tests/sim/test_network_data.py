"""What a compiled network needs beside its kernels, in small programs against NumPy: tensors in float."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa.assembler import assemble
from acortex.sim.run import run

CHANNELS, HEIGHT, WIDTH = 3, 4, 21
"""An image of two words a row, sixteen pixels in the first of them."""

PACKED = """
.program packed
.chip acortex_gnmt
.input x, shape=3x4x21, packed=16, encode=linear, scale=0.11, zero=6
.output y, shape=5x4x21, axes=1.2.0, encode=linear, scale=0.7, zero=4
.weights w, 27x5
{rows}
 group g0, 27, 5
 rect g0, 0, 0
 program g0, w
 quant q0, 3, 6, zero=4
 start
 connect g0
 base d0, 0
 dim d0, 0, 8
 base d1, 0
 dim d1, 1, 2
 dim d1, 2, 4, stride=2
 base d2, 8
 dim d2, 0, 84
 window w0, 3, 3, 21, packed=16
 border w0, 4, 21, top=1, left=1, value=6
 inference
 input x, d0
 signal host_in, t0
 await read, t0
 fetch d1, w0
 slide d1, w0, tail=3, dense=yes
 multiply g0, 84
 convert q0, 84
 write d2
 signal write, t1
 await host_out, t1
 output y, d2
 halt
"""


def rows_of(matrix: NDArray[np.generic]) -> str:
    """A matrix as `.row` lines."""
    return "\n".join(".row " + ", ".join(map(str, row)) for row in matrix.tolist())


def convolved(image: NDArray[np.float32], weights: NDArray[np.int64]) -> NDArray[np.float32]:
    """A 3x3 convolution of an image in float, coded, summed and decoded with plain loops."""
    codes = np.clip(np.rint(image / np.float32(0.11)) + 6, 0, 15).astype(np.int64)
    padded = np.pad(codes, ((0, 0), (1, 1), (1, 1)), constant_values=6)
    sums = np.zeros((5, HEIGHT, WIDTH), dtype=np.int64)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            sums[:, y, x] = padded[:, y : y + 3, x : x + 3].transpose(1, 2, 0).reshape(-1) @ weights
    return np.float32(0.7) * (np.clip(np.rint(sums * 3 / 64) + 4, 0, 15) - 4).astype(np.float32)


@pytest.mark.parametrize("batched", [False, True])
def test_a_packed_image_in_float_comes_out_as_floats(batched: bool) -> None:
    generator = np.random.default_rng(5)
    weights = generator.integers(-8, 8, (27, 5))
    images = generator.normal(0, 0.5, (1, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
    program = assemble(PACKED.format(rows=rows_of(weights)))
    outputs = run(program, inputs=images[:, np.newaxis] if batched else images).outputs["y"]
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs[0], convolved(images[0], weights))


def test_without_input_seeded_codes_stand_in() -> None:
    program = assemble(PACKED.format(rows=rows_of(np.eye(27, 5, dtype=int))))
    assert len(np.unique(run(program, timing=False).outputs["y"])) > 1
