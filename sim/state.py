"""The vector agent's store of 16-bit states, in values: what recurrent cells keep from one step to the next."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS


class StateStore:
    """Words of 64 states, int16 each, and which of them were ever written."""

    def __init__(self, words: int) -> None:
        self.words = words
        self._values = np.zeros((words, CHANNELS), dtype=np.int16)
        self._written = np.zeros(words, dtype=np.bool_)

    def unwritten(self, first: int, count: int) -> int | None:
        """The first of `count` words from `first` on that was never written, or None."""
        missing = np.flatnonzero(~self._written[first : first + count])
        return first + int(missing[0]) if len(missing) else None

    def recall(self, first: int, count: int) -> NDArray[np.int16]:
        """The states of words: int16 of shape (count, 64)."""
        return self._values[first : first + count].copy()

    def keep(self, first: int, count: int, states: NDArray[Any] | None) -> None:
        """Notes that words are written, and with what where values are wanted: shape (count, 64)."""
        self._written[first : first + count] = True
        if states is not None:
            self._values[first : first + count] = states
