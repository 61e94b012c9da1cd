"""Writing cells: what a tolerance leaves behind, and the closed loop of pulses and reads that gets there.

Cells are conductances in levels, of shape (..., 2, rows, columns); leading axes are chips. `tuned` is the model of one
line: errors of a given shape and size. `write_verify` writes each cell with the pulses of a device model.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.cell_models import CellModel, State
from acortex.sim.analog.shapes import require_fit
from acortex.sim.analog.streams import Stream

Array = NDArray[Any]

SHAPES = ("band", "normal")
"""Shapes of a tuning error: uniform within +-share, as a write-and-verify loop that stops leaves it, or normal."""

BASES = ("target", "full_scale")
"""What a tuning error is a share of: the cell's own target, or `levels`."""

SCRAMBLE = 2654435761
"""Knuth's multiplier, 2^32 divided by the golden ratio: it spreads equal targets over a matrix."""


def tuned(
    cells: Array,
    noise: Array,
    share: float,
    of: str = "target",
    shape: str = "band",
    levels: float = 8,
    tuned: Array | float | None = None,
    out: Array | None = None,
) -> Array:
    """Cells after writing with a relative or an absolute error; of the cells' type.

    `noise` has the shape of the result, and `cells` that shape or one that broadcasts to it: the cells of one chip do
    for all. For a "band" the noise is uniform in (0, 1) and errors are within +-share; for a "normal" it is standard
    normal and share is sigma. An error of "target" is a share of the cell's own target, so that a cell at 0 stays at
    0. One of "full_scale" is a share of `levels` whatever the target, cells at 0 included. No cell falls below 0: the
    absolute error of a cell at 0 has a positive mean, which cancels within a pair only where both cells are at 0.

    `tuned` says which cells are tuned at all: a mask of the cells' or the noise's shape, or the share of each chip's
    cells that `largest` picks. The others stay off, at 0: their targets are lost (as in Guo et al., IEDM 2017, where
    about 30 % were tuned).

    `out` takes the result where it is given; it may be `noise`. A wrong argument is a ValueError.
    """
    noise = np.asarray(noise)
    _check(share, of, shape)
    require_fit(cells, noise)
    result = np.empty(noise.shape, cells.dtype) if out is None else out
    if result.shape != noise.shape or result.dtype != cells.dtype:
        raise ValueError(f"out is {result.dtype} {result.shape}, not {cells.dtype} {noise.shape}")
    if tuned is not None:
        mask = largest(cells, tuned) if isinstance(tuned, float | int) else tuned
        if mask.shape not in (cells.shape, noise.shape):
            raise ValueError(f"a mask of shape {mask.shape} does not fit cells of shape {cells.shape}")
        cells = np.where(mask, cells, cells.dtype.type(0))
    scale, middle = (2 * share, -share) if shape == "band" else (share, 0.0)
    targets = np.broadcast_to(cells, noise.shape)
    # Chip by chip: what one step leaves in the cache, the next finds there.
    for at in np.ndindex(noise.shape[:-3]):
        part = result[at]
        if shape == "band":
            _check_uniform(noise[at])
        np.multiply(noise[at], scale, out=part, casting="same_kind")
        if of == "target":
            part += middle + 1
            part *= targets[at]
        else:
            part += middle
            part *= levels
            part += targets[at]
        np.maximum(part, 0, out=part)
    return result


def _check(share: float, of: str, shape: str) -> None:
    if not 0 <= share < np.inf:
        raise ValueError(f"a tuning error of {share} is none; it is a share of 0 or more, such as 0.01 for 1 %")
    if of not in BASES:
        raise ValueError(f"a tuning error is a share of {' or '.join(BASES)}, not of {of!r}")
    if shape not in SHAPES:
        raise ValueError(f"a tuning error has the shape {' or '.join(SHAPES)}, not {shape!r}")


def _check_uniform(noise: Array) -> None:
    """Normal numbers would make a band of another shape and three times the size, and nothing would show it."""
    if noise.size and not (noise.min() >= 0 and noise.max() <= 1):
        raise ValueError(
            f"a band takes uniform noise in (0, 1); this reaches from {noise.min():.4g} to {noise.max():.4g}"
        )


def largest(cells: Array, share: float) -> NDArray[np.bool_]:
    """A mask of the largest `share` of each chip's cells (..., 2, rows, columns), 0 to 1; ties spread over the matrix.

    Of n cells round(share * n) are picked. Which of several equal cells are picked depends on their places alone.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of {share} of the cells is not within 0 and 1")
    size = int(np.prod(cells.shape[-3:]))
    spread = scrambled(np.arange(size, dtype=np.uint64))
    mask = np.zeros(cells.shape, np.bool_)
    for at in np.ndindex(cells.shape[:-3]):
        order = np.lexsort((spread, -cells[at].reshape(-1)))
        mask[at].reshape(-1)[order[: round(share * size)]] = True
    return mask


def scrambled(places: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """By what equal cells at these places are sorted: those that are picked then lie all over a matrix."""
    return (places * np.uint64(SCRAMBLE)) & np.uint64(0xFFFFFFFF)


def write_verify(
    model: CellModel, target: Array, tolerance: float, budget: int, source: Stream | Sequence[Stream]
) -> tuple[Array, NDArray[np.int32]]:
    """Writes each cell by itself: read, stop within the tolerance of the target, else pulse; at most `budget` pulses.

    `target` is in levels, of any shape; `tolerance` is a share of it, 0 to below 1, and 0 uses every pulse. `source`
    is one stream, or one for each entry of the first axis: then each chip is what it would be alone. Gives the
    achieved cells, of the target's type, and the pulses of each cell. A wrong argument is a ValueError.
    """
    if not 0 <= tolerance < 1:
        raise ValueError(f"a tolerance of {tolerance} is not within 0 and 1; it is a share, such as 0.05 for 5 %")
    if budget < 0:
        raise ValueError(f"a budget of {budget} pulses is none; it is 0 or more")
    if not ((target >= 0) & (target < np.inf)).all():
        raise ValueError(f"targets reach from {target.min()} to {target.max()}; a conductance is 0 or more")
    if isinstance(source, Stream):
        return _write(model, target, tolerance, budget, source)
    if len(source) != len(target):
        raise ValueError(f"{len(source)} streams do not fit targets of {len(target)} chips")
    chips = [_write(model, each, tolerance, budget, one) for each, one in zip(target, source, strict=True)]
    return np.stack([achieved for achieved, _ in chips]), np.stack([pulses for _, pulses in chips])


def _write(
    model: CellModel, target: Array, tolerance: float, budget: int, source: Stream
) -> tuple[Array, NDArray[np.int32]]:
    achieved, pulses = np.zeros(target.size), np.zeros(target.size, np.int32)
    goals = target.reshape(-1).astype(np.float64)
    at = np.flatnonzero(model.written(goals))
    state = model.start(goals[at], source)
    low, high = model.bounds(tolerance)
    for _ in range(budget):
        error = model.error(state, source)
        acting = (error < low) | (error > high)
        achieved[at[~acting]] = model.held(_kept(state, ~acting))
        state, at = _kept(state, acting), at[acting]
        if not at.size:
            break
        model.pulse(state, error[acting], source)
        pulses[at] += 1
    achieved[at] = model.held(state)
    return achieved.reshape(target.shape).astype(target.dtype), pulses.reshape(target.shape)


def _kept(state: State, mask: NDArray[np.bool_]) -> State:
    return {name: values[mask] for name, values in state.items()}
