"""Which weights are written at all, where only a share of the cells is.

That is how a published chip was written (Guo et al., IEDM 2017: about 30 % of the cells). Of all cells of a program
those with the largest weights are written; the others stay off. Weights are whole levels, so that many are equal: of
those at the limit the ones that `acortex.sim.analog.programming.largest` would pick, for all groups together. That
function sorts all cells; here only those at the limit are, since networks have tens of millions.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.programming import scrambled

Levels = NDArray[np.int8]

CELLS = 2
"""Cells of one weight, of which one at most is on: first come those of all positive weights, then the others."""


def kept(groups: Mapping[int, Levels], share: float) -> dict[int, Levels]:
    """The weights of all groups, in levels, of which `share` of all their cells is written; the others are 0."""
    levels = np.concatenate([one.reshape(-1) for one in groups.values()])
    size = np.abs(levels.astype(np.int16))
    left = round(share * CELLS * len(levels))
    counts = np.bincount(size)
    limit = next((level for level in range(len(counts) - 1, 0, -1) if counts[level:].sum() > left), 0)
    found = np.where(size > limit, levels, levels.dtype.type(0))
    if limit:
        chosen = _among(levels, size == limit, left - int(counts[limit + 1 :].sum()))
        found[chosen] = levels[chosen]
    parts = np.split(found, np.cumsum([one.size for one in groups.values()])[:-1])
    return {number: part.reshape(one.shape) for (number, one), part in zip(groups.items(), parts, strict=True)}


def _among(levels: Levels, equal: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """So many of the weights that are equal in size, spread over the places of their cells."""
    places = np.flatnonzero(equal)
    cells = (places + np.where(levels[places] < 0, len(levels), 0)).astype(np.uint64)
    return places[np.lexsort((cells, scrambled(cells)))[:count]]
