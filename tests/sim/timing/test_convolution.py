"""Convolutions written in assembly: values against NumPy bit for bit, and the array kept busy without a bubble."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa.asm.assembler import assemble
from acortex.isa.program import Program
from acortex.sim.chip.prices import INDEX as KIND
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run

SIDE = 8
"""Rows and columns of the image."""
ARRAYS = 9
"""Arrays of the group: one for each tap of the kernel."""
FRAME = 18
"""Cycles of a frame on this chip."""

LOAD, RUN = KIND["vmm.load"], KIND["vmm.frame"]

Ints = NDArray[np.int64]

HEAD = """
.program conv
.chip acortex_gnmt
.equ H, 8
.equ N, H*H
.input x, shape=64x8x8
.output y, shape={output}
.weights w, 576x64, file="conv.npz", key=w
 group g0, 576, 64
 rect g0, 0, 0, 9
 program g0, w
 quant q0, 3, 7, {activation}
 quant q1, 3, 2, zero=0, activation=relu
 quant q2, 2, 0, zero=0, activation=relu
 start
 connect g0
 base d0, 0
 dim d0, 0, N
 base d1, 0
 dim d1, 1, H
 dim d1, 2, H, stride=H
 base d2, N
 dim d2, 0, {words}
 window w0, 3, 3, H
 border w0, H, H, top=1, left=1
 window w1, 2, 2, H, stride_y=2, stride_x=2
 border w1, H/2, H/2
 loop l0, host
top:
 inference l0
 input x, d0
 signal host_in, t0
 await read, t0
 layer conv
"""

TAIL = """
 signal write, t1
 endlayer
 await host_out, t1
 output y, d2
 signal host_out, t2
 await host_in, t2
 next l0, top
 halt
"""

PLAIN = """
 fetch d1, w0
 slide d1, w0
 multiply g0, N
 convert q0, N
 write d2
"""

RESIDUAL = """
 fetch d1, w0
 signal host_in, t3
 await operand, t3
 operand d0
 slide d1, w0
 multiply g0, N
 convert q0, N, to=vector
 add q1, q2, N, zero_a=4, zero_b=1
 write d2, source=vector
"""

POOLED = """
 fetch d1, w0
 slide d1, w0
 multiply g0, N
 convert q0, N, to=vector
 pool d1, w1, q0, mode=max
 write d2, source=vector
"""


@pytest.fixture
def weights(tmp_path: Path) -> NDArray[np.int8]:
    """A kernel, which also lies where the programs look for it."""
    matrix = np.random.default_rng(0).integers(-8, 8, (576, 64)).astype(np.int8)
    np.savez(tmp_path / "conv.npz", w=matrix)
    return matrix


def program(folder: Path, body: str, activation: str = "activation=relu", words: int = SIDE * SIDE) -> Program:
    """A program around a body: a layer over `words` words of output."""
    side = int(words**0.5)
    head = HEAD.format(output=f"64x{side}x{side}", activation=activation, words=words)
    return assemble(head + body + TAIL, file="conv.s", folder=folder)


def images(count: int) -> Ints:
    """Random images."""
    return np.random.default_rng(1).integers(0, 16, (count, 64, SIDE, SIDE))


def convolved(image: Ints, weights: NDArray[np.int8], zero: int = 0) -> Ints:
    """The convolution of one image in plain loops, quantised: shape (64, SIDE, SIDE)."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    sums = np.zeros((64, SIDE, SIDE), dtype=np.int64)
    for y in range(SIDE):
        for x in range(SIDE):
            vector = padded[:, y : y + 3, x : x + 3].transpose(1, 2, 0).reshape(-1)
            sums[:, y, x] = vector @ weights.astype(np.int64)
    codes: Ints = np.clip(np.rint(sums * 3 / 128) + zero, 0, 15).astype(np.int64)
    return codes


class Frames:
    """An observer that keeps the intervals of loads and frames."""

    def __init__(self) -> None:
        self.spans: list[tuple[int, int]] = []

    def emit(
        self, start: int, duration: int, unit: int, kind: int, count: int, pc: int, layer: int, inference: int, aj: int
    ) -> None:
        if kind in (LOAD, RUN):
            self.spans.append((start, start + duration))

    def wait(self, start: int, duration: int, unit: int, cause: int, pc: int, layer: int, inference: int) -> None:
        pass


def spans(program: Program) -> list[tuple[int, int]]:
    """When one inference loads latches and runs frames, in order."""
    frames = Frames()
    run(program, inputs=images(1), values=False, observers=[frames])
    return sorted(frames.spans)


def test_a_convolution_equals_numpy(tmp_path: Path, weights: NDArray[np.int8]) -> None:
    given = images(2)
    outputs = run(program(tmp_path, PLAIN), inputs=given).outputs["y"]
    for image, output in zip(given, outputs, strict=True):
        np.testing.assert_array_equal(output, convolved(image, weights))


def test_a_residual_is_added_on_the_way_to_memory(tmp_path: Path, weights: NDArray[np.int8]) -> None:
    given = images(2)
    outputs = run(program(tmp_path, RESIDUAL, "zero=4"), inputs=given).outputs["y"]
    for image, output in zip(given, outputs, strict=True):
        total = 3 * (convolved(image, weights, zero=4) - 4) + 2 * (image - 1)
        np.testing.assert_array_equal(output, np.clip(np.rint(total / 4), 0, 15))


def test_a_convolution_is_pooled_on_the_way_to_memory(tmp_path: Path, weights: NDArray[np.int8]) -> None:
    given = images(2)
    outputs = run(program(tmp_path, POOLED, words=SIDE * SIDE // 4), inputs=given).outputs["y"]
    for image, output in zip(given, outputs, strict=True):
        blocks = convolved(image, weights).reshape(64, SIDE // 2, 2, SIDE // 2, 2)
        np.testing.assert_array_equal(output, blocks.max(axis=(2, 4)))


@pytest.mark.parametrize(
    ("body", "activation", "words"),
    [(PLAIN, "activation=relu", 64), (RESIDUAL, "zero=4", 64), (POOLED, "activation=relu", 16)],
    ids=["plain", "residual", "pooled"],
)
@pytest.mark.usefixtures("weights")
def test_the_array_loads_and_runs_without_a_bubble(tmp_path: Path, body: str, activation: str, words: int) -> None:
    busy = spans(program(tmp_path, body, activation, words))
    durations = [end - start for start, end in busy]
    assert durations == [ARRAYS, FRAME] * (SIDE * SIDE)
    assert sum(durations) == SIDE * SIDE * (ARRAYS + FRAME)
    assert all(end == start for (_, end), (start, _) in pairwise(busy))


def test_a_residual_of_a_whole_layer_needs_no_room_for_it(tmp_path: Path, weights: NDArray[np.int8]) -> None:
    # Its operand's read stands behind the fetch of 64 positions, and its queues hold two words.
    small = load_chip("acortex_gnmt", ["vector.queue_words=2", "buffer.words=32", "controller.queue_depth=2"])
    source = program(tmp_path, RESIDUAL, "zero=4")
    given = images(1)
    np.testing.assert_array_equal(run(source, small, inputs=given).outputs["y"], run(source, inputs=given).outputs["y"])
