"""Cells that are stuck, arrays that are dead, and spare arrays in their place."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from acortex.sim.analog.shapes import require_fit

Array = NDArray[Any]
Name = TypeVar("Name", bound=Hashable)

MILLION = 1e6


def stuck(cells: Array, places: Array, on_ppm: float, off_ppm: float, levels: float = 8, floor: float = 0.0) -> Array:
    """Cells of which some are stuck: at `floor` + `levels` where they are stuck on, at `floor` where off.

    `places` are uniform in (0, 1), of the result's shape; `cells` has that shape or one that broadcasts to it. The
    smallest `off_ppm` millionths are stuck off, the largest `on_ppm` on. So the same places with higher shares keep
    every cell that was stuck. Gives the type of the cells. Shares beyond a million in all are a ValueError.
    """
    if not (on_ppm >= 0 and off_ppm >= 0 and on_ppm + off_ppm <= MILLION):
        raise ValueError(f"{on_ppm} ppm of cells stuck on and {off_ppm} ppm off are not 0 or more and a million in all")
    require_fit(cells, places, "places")
    result = np.where(places < off_ppm / MILLION, cells.dtype.type(floor), cells)
    return np.where(places > 1 - on_ppm / MILLION, cells.dtype.type(floor + levels), result)


def dead(places: Array, ppm: float) -> NDArray[np.bool_]:
    """Which of some arrays are dead: where `places`, uniform in (0, 1), are among the smallest `ppm` millionths."""
    if not 0 <= ppm <= MILLION:
        raise ValueError(f"{ppm} ppm of dead arrays are not within 0 to a million")
    return np.asarray(places < ppm / MILLION)


@dataclass(frozen=True)
class Remapped(Generic[Name]):
    """Where wanted arrays went: the array that holds each, and those for which no spare was left."""

    placed: dict[Name, Name]
    unplaced: tuple[Name, ...]


def remap(wanted: Iterable[Name], dead: Collection[Name], spares: Iterable[Name]) -> Remapped[Name]:
    """The array that holds each wanted one: itself, or where it is dead the next spare that is neither dead nor wanted.

    Arrays have any names, such as (column, row). Both go in the order given, each once.
    """
    order, gone = dict.fromkeys(wanted), frozenset(dead)
    left = (spare for spare in dict.fromkeys(spares) if spare not in gone and spare not in order)
    places = {name: next(left, None) if name in gone else name for name in order}
    placed = {name: place for name, place in places.items() if place is not None}
    unplaced = [name for name in order if name not in placed]
    return Remapped(placed, tuple(unplaced))
