"""What was kept along a run: close together near the place that was kept last, further apart the older."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

NEAR = 16
"""How many are kept of each distance, unless they take much memory."""


class Ring(Generic[T]):
    """Values by their places along a run, which are multiples of `step`.

    Of those within `near` steps of the place kept last, each stays; of those twice as far away every second one, and so
    on. So going back by any distance finds one that is about an eighth of it away at most, and few are kept.
    """

    def __init__(self, step: int, near: int = NEAR) -> None:
        self.step = step
        self._near = near
        self._places: list[int] = []
        self._kept: dict[int, T] = {}

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, place: int) -> bool:
        return place in self._kept

    def __getitem__(self, place: int) -> T:
        return self._kept[place]

    def keep(self, place: int, value: T) -> None:
        """Keeps a value, and drops older ones that stand too close to each other by now."""
        if place not in self._kept:
            self._places.insert(bisect_right(self._places, place), place)
        self._kept[place] = value
        for old in [other for other in self._places if other < place and not self._stays(other, place)]:
            self._places.remove(old)
            del self._kept[old]

    def _stays(self, old: int, place: int) -> bool:
        distance = (place - old) // (self.step * self._near)
        return old % (self.step << distance.bit_length()) == 0

    def before(self, place: int) -> Iterator[T]:
        """The values at a place and before it, the last first."""
        for at in reversed(self._places[: bisect_right(self._places, place)]):
            yield self._kept[at]
