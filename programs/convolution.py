"""Programs of one convolution layer: what the simulator's speed is measured on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.isa.asm.assembler import assemble
from acortex.isa.machine import CHANNELS
from acortex.isa.program import Program


@dataclass(frozen=True)
class Convolution:
    """A layer: a square kernel over a square image of whole words per pixel, its border as wide as keeps the size."""

    side: int
    inputs: int
    outputs: int
    kernel: int = 3
    stride: int = 1

    @property
    def out(self) -> int:
        """Rows and columns of the result."""
        return -(-self.side // self.stride)

    @property
    def positions(self) -> int:
        """Positions of the kernel."""
        return self.out**2

    @property
    def rows(self) -> int:
        """Rows of the matrix: channels under the kernel."""
        return self.kernel**2 * self.inputs

    def images(self, count: int) -> NDArray[np.uint8]:
        """Seeded images: codes of shape (count, inputs, side, side)."""
        shape = (count, self.inputs, self.side, self.side)
        return np.random.default_rng(1).integers(0, 16, shape).astype(np.uint8)

    def program(self, chip: str = "acortex_gnmt") -> Program:
        """The layer as a program: a loop over the images of the host, with seeded weights."""
        weights = np.random.default_rng(0).integers(-8, 8, (self.rows, self.outputs)).astype(np.int8)
        return assemble(_source(self, chip), file="convolution.s", arrays={"layer.npz": {"w": weights}})


BENCH = Convolution(56, 64, 64)
"""The layer on which events per second are counted: 3x3 over 64 channels, as in the second stage of ResNet-152."""


def _source(layer: Convolution, chip: str) -> str:
    depth, words = layer.inputs // CHANNELS, layer.outputs // CHANNELS
    taps = layer.kernel**2
    return f"""
        .program convolution
        .chip    {chip}
        .equ     SIDE, {layer.side}
        .equ     OUT, {layer.out}
        .equ     DEPTH, {depth}
        .equ     WORDS, {words}
        .input   x, shape={layer.inputs}x{layer.side}x{layer.side}
        .output  y, shape={layer.outputs}x{layer.out}x{layer.out}
        .weights w, {layer.rows}x{layer.outputs}, file="layer.npz", key=w
        group    g0, {layer.rows}, {layer.outputs}
        rect     g0, 0, 0, {taps * depth}, {words}
        program  g0, w
        quant    q0, 3, 7, activation=relu
        start
        connect  g0
        base     d0, 0                      ; the image, as it comes
        dim      d0, 0, SIDE*SIDE*DEPTH
        base     d1, 0                      ; the image as the window walks over it
        dim      d1, 0, DEPTH
        dim      d1, 1, SIDE, stride=DEPTH
        dim      d1, 2, SIDE, stride=SIDE*DEPTH
        base     d2, SIDE*SIDE*DEPTH        ; the result
        dim      d2, 0, OUT*OUT*WORDS
        window   w0, {layer.kernel}, {layer.kernel}, SIDE, stride_y={layer.stride}, stride_x={layer.stride}
        border   w0, OUT, OUT, top={layer.kernel // 2}, left={layer.kernel // 2}
        loop     l0, host
top:    inference l0
        input    x, d0
        signal   host_in, t0
        await    read, t0
        layer    convolution
        fetch    d1, w0
        slide    d1, w0
        multiply g0, OUT*OUT
        convert  q0, OUT*OUT
        write    d2
        signal   write, t1
        endlayer
        await    host_out, t1
        output   y, d2
        signal   host_out, t2
        await    host_in, t2
        next     l0, top
        halt
"""
