"""Signals that lie in memory with several numbers to a pixel, for windows that no instruction could say otherwise.

    a window of 400 numbers every 160          over a signal of 16,400, a number to a pixel
    a window of 5 pixels every 2               over the same memory as 205 pixels of 80 numbers

Instructions say strides up to 32 and kernels up to 128. Front ends of speech networks go beyond both: they have a
convolution take a spectrum of a signal. Where only such convolutions read an input, it is laid out *folded*: runs of
numbers are the channels of one pixel. The sums are those of the convolution, exactly: taps that a window has more than
the kernel, before it or behind it, have weights of 0.

Where a run is no divisor of the stride, windows begin at several places within one. Each of these places is a phase
of the result, with a product of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS
from acortex.programs.graph import Geometry, Phase, View
from acortex.programs.operators.tensors import TensorView, image_view
from acortex.programs.steps import FloatGraph, KernelGeometry, ProductPart, ProductStep, Step

Array = NDArray[Any]

MOST_PHASES = 8
"""Phases of a folded window: each has a matrix of its own."""

LONGEST_RUN = 4096
"""Numbers of a pixel at most: 64 words."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A kernel that moves along a signal: its length, its stride, and the padding before the signal."""

    kernel: int
    stride: int
    left: int = 0

    def beyond(self, width: int) -> bool:
        """Whether no instruction says it over a signal of a width, a number to a pixel."""
        sizes = ((self.kernel, "kernel"), (self.stride, "hop"), (self.left, "margin"), (width, "image_width"))
        return any(size > KINDS[kind].high for size, kind in sizes)


@dataclass(frozen=True, slots=True)
class Start:
    """A phase of a folded window: the padding before it in pixels, the zeros before its kernel, and its pixels."""

    left: int
    zeros: int
    taps: int


def starts(sweep: Sweep, run: int) -> list[Start]:
    """The phases of a window over a signal of runs of numbers."""
    found = []
    for phase in range(run // math.gcd(run, sweep.stride)):
        place = phase * sweep.stride - sweep.left
        left = max(-(place // run), 0)  # a window that begins behind the first pixel has zeros for those before
        zeros = place + left * run
        found.append(Start(left, zeros, -(-(zeros + sweep.kernel) // run)))
    return found


def _fits(sweep: Sweep, run: int, width: int) -> bool:
    """Whether instructions say a window over a signal of runs of numbers."""
    phases = run // math.gcd(run, sweep.stride)
    if phases > MOST_PHASES:
        return False
    found = starts(sweep, run)
    folded = Sweep(max(one.taps for one in found), sweep.stride * phases // run, max(one.left for one in found))
    return not folded.beyond(width // run)


def _cost(sweeps: Sequence[Sweep], run: int) -> tuple[int, int]:
    """What folded windows cost: arrays below each other in all phases, then words that are read for a position."""
    phases = [one for sweep in sweeps for one in starts(sweep, run)]
    down = sum(-(-one.taps * run // CHANNELS) for one in phases)
    return down, sum(max(sweep.stride // run, 1) for sweep in sweeps) * -(-run // CHANNELS)


def best_run(sweeps: Sequence[Sweep], width: int) -> int | None:
    """The numbers of a pixel with which windows over a signal of a width cost least; None where none of them needs any,
    or none fit.
    """
    if not any(sweep.beyond(width) for sweep in sweeps):
        return None
    fit = [run for run in _divisors(width) if all(_fits(sweep, run, width) for sweep in sweeps)]
    return min(fit, key=lambda run: _cost(sweeps, run), default=None)


def _divisors(width: int) -> Iterator[int]:
    """The divisors of a width from 2 on that a pixel may have as numbers."""
    return (run for run in range(2, min(width, LONGEST_RUN) + 1) if width % run == 0)


def width_hint(graph: FloatGraph, steps: Sequence[Step], step: Step) -> str:
    """What width the input of a refused step could have to be folded; empty where no width would help."""
    if not isinstance(step, ProductStep) or step.source.map not in {port.map for port in graph.inputs}:
        return ""
    readers = [one for one in steps if step.source.map in {view.map for view in one.views}]
    sweeps = [_sweep_of(one) for one in readers]
    runs = (run for run in _divisors(step.geometry.stride_x) if _all_fit(sweeps, run))
    run = next(runs, None)
    return f", but over an input of a width that {run} divides" if run else ""


def _sweep_of(step: Step) -> Sweep | None:
    """How the kernel of a step moves along a signal; None for all but convolutions over one row."""
    if not isinstance(step, ProductStep) or step.groups > 1 or not is_sweep(step.geometry):
        return None
    return Sweep(step.geometry.kernel_x, step.geometry.stride_x, step.geometry.left)


def _all_fit(sweeps: Sequence[Sweep | None], run: int) -> bool:
    """Whether instructions say all of some windows over a signal of runs of numbers, whatever its width."""
    return all(sweep is not None and _fits(sweep, run, run) for sweep in sweeps)


class Folded(NamedTuple):
    """A convolution over a folded signal: what it reads, its kernel, how that moves, and its phases if it has several.

    The kernel's rows are the channels of the signal.
    """

    source: View
    kernel: KernelGeometry
    geometry: Geometry
    parts: tuple[ProductPart, ...]


def folded(tensor: TensorView, geometry: Geometry, kernel: KernelGeometry) -> Folded | None:
    """A convolution without groups over a signal, of shape (1, channels, width) or with one row, that lies folded.

    None where the signal lies in memory otherwise, or the window is another one.
    """
    run, sweep = tensor.size[2], Sweep(geometry.kernel_x, geometry.stride_x, geometry.left)
    if not _lies_folded(tensor) or not is_sweep(geometry) or not _fits(sweep, run, tensor.shape[-1]):
        return None
    source = image_view(tensor, tensor.indices.reshape(tensor.size))
    if source is None:
        return None
    channels = tensor.shape[1]
    parts = _phases(sweep, run, geometry.columns, channels)
    made = _side_by_side(kernel, starts(sweep, run)[: len(parts)], run)
    return Folded(source, made, parts[0].geometry, parts if len(parts) > 1 else ())


def _lies_folded(tensor: TensorView) -> bool:
    """Whether a signal is as large as a map whose rows are its channels, several numbers to a pixel."""
    rows, columns, run = tensor.size
    return run > 1 and (rows, columns * run) == (tensor.shape[1], tensor.shape[-1])


def is_sweep(g: Geometry) -> bool:
    """Whether a window moves along one row, without dilation."""
    return (g.kernel_y, g.dilation_x, g.top, g.rows) == (1, 1, 0, 1)


def _phases(sweep: Sweep, run: int, positions: int, channels: int) -> tuple[ProductPart, ...]:
    """The phases of a convolution of so many positions; their kernels lie side by side in one."""
    every, before, parts = starts(sweep, run), 0, []
    for number, one in enumerate(every[:positions]):
        geometry = Geometry(
            kernel_y=channels,
            kernel_x=one.taps,
            stride_x=sweep.stride * len(every) // run,
            left=one.left,
            columns=-(-(positions - number) // len(every)),
        )
        taps = tuple(range(channels)), tuple(range(before, before + one.taps))
        parts.append(ProductPart(f"phase{number}", Phase(left=number, step_x=len(every)), geometry, *taps))
        before += one.taps
    return tuple(parts)


def _side_by_side(kernel: KernelGeometry, phases: Sequence[Start], run: int) -> KernelGeometry:
    """The kernels of the phases of a folded window, side by side: (channels, taps, run, out)."""
    _, length, channels, out = kernel.shape
    taps = sum(one.taps for one in phases)

    def load() -> Array:
        given, end = kernel.load()[0].transpose(1, 0, 2), 0
        made = np.zeros((channels, taps * run, out), given.dtype)
        for one in phases:
            made[:, end + one.zeros : end + one.zeros + length] = given
            end += one.taps * run
        return made.reshape(channels, taps, run, out)

    return replace(kernel, shape=(channels, taps, run, out), load=load, macs=length * channels * out)
