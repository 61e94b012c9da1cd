"""Whether arrays fit each other."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray


def require_fit(cells: NDArray[Any], noise: NDArray[Any], name: str = "noise") -> None:
    """Refuses what was drawn for cells and has not the shape of the result: a ValueError.

    The cells may be those of one chip for all: their shape is the end of the other, or broadcasts to it by axes of 1.
    """
    ends = noise.shape[noise.ndim - cells.ndim :]
    if cells.ndim > noise.ndim or any(one not in (1, other) for one, other in zip(cells.shape, ends, strict=True)):
        raise ValueError(f"{name} of shape {noise.shape} does not fit cells of shape {cells.shape}")
