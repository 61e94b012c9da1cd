"""How full main memory is: the words that hold something still needed, over its capacity (the paper's utilisation).

A word is *live* from the cycle in which it is written to that of its last read before it is written again; what is
never read is live until it is overwritten, or to the end of the run. All of it comes from records of accesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.sim.ledger.retention import AccessTable
from acortex.sim.results import Occupancy

Ints = NDArray[np.int64]


def occupancy(tables: Sequence[AccessTable], capacity: int, cycles: int, width: int) -> Occupancy:
    """The words live at the peak and at the end of a run of `cycles`, and their shares of `capacity` words.

    `written_words` counts the words that were ever written: what the program's addresses take. `mean_words` is the
    average over the run. `width` is that of the windows of which the most words are given, in cycles.
    """
    none = np.zeros(0, np.int64)
    spans = [(none, none), *(lives(table, cycles) for table in tables)]
    starts, ends = (np.concatenate(column) for column in zip(*spans, strict=True))
    born, died = (np.sort(column, kind="stable") for column in (starts, ends))  # fast where much is in order already
    live = np.arange(1, len(born) + 1) - np.searchsorted(died, born, side="right")
    peak, peak_cycle = _peak(born, live)
    left = int((ends >= cycles).sum())
    return Occupancy(
        capacity_words=capacity,
        written_words=sum(_distinct(table.words[table.writes]) for table in tables),
        peak_words=peak,
        peak_cycle=peak_cycle,
        peak_share=peak / capacity,
        mean_words=int((ends - starts).sum()) / cycles if cycles else 0.0,
        current_words=left,
        current_share=left / capacity,
        window_cycles=width,
        windows_words=_by_window(born, died, live, cycles, width),
    )


def _distinct(words: NDArray[np.signedinteger[Any]]) -> int:
    """How many numbers there are among sorted ones."""
    return int(np.count_nonzero(np.diff(words))) + bool(words.size)


def lives(table: AccessTable, cycles: int) -> tuple[Ints, Ints]:
    """The first cycle, and the cycle after the last, of every value that was written, in the order of the writes."""
    written = np.flatnonzero(table.writes)
    if not written.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    after = np.append(written[1:], len(table.words))  # the accesses of a value lie between its write and the next
    same = np.append(table.words[written[1:]] == table.words[written[:-1]], False)
    last = np.minimum(after, len(table.words)) - 1
    overwritten = np.append(table.cycles[written[1:]], cycles)
    unread = np.where(same, overwritten, cycles)
    ends = np.where(last > written, table.cycles[last] + 1, unread)
    return table.cycles[written], np.minimum(ends, cycles)


def _peak(born: Ints, live: Ints) -> tuple[int, int]:
    """The most values live in one cycle, and the first cycle in which they are.

    `live` are those live as each is `born`, in the order of their births; values die before others are born.
    """
    if not born.size:
        return 0, 0
    top = int(live.argmax())
    return int(live[top]), int(born[top])


def _by_window(born: Ints, died: Ints, live: Ints, cycles: int, width: int) -> list[int]:
    """The most values live in one cycle of each window: as it begins, or as one is born in it.

    The cycles in which values are born, and in which they die, are sorted.
    """
    first = np.arange(0, cycles, width)
    most = np.searchsorted(born, first, side="right") - np.searchsorted(died, first, side="right")
    within = born < cycles
    np.maximum.at(most, born[within] // width, live[within])
    return [int(words) for words in most]
