"""Arrows of a Kanata log: from the row of the instruction that ended a wait to the row of the one that waited."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

import numpy as np

from acortex.traces.enders import Ended, enders
from acortex.traces.export.konata_rows import Numbered
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import MOST_NAMES
from acortex.traces.file.table import Ints
from acortex.traces.rows.by_time import Row

Arrows = tuple[Ints, Ints, Ints]
"""The cycle in which each wait ended, the row that waited and the row that ended it."""


def arrows(trace: Trace, rows: Numbered) -> Arrows:
    """The arrows between rows, by cycle; of several waits that end together between the same two rows, one."""
    ended = enders(trace)
    place = _Places(rows, ended)
    found = {(one.wait.end, place.of(one.wait), place.of(one.by)) for one in ended}
    drawn = sorted(arrow for arrow in found if arrow[1] != arrow[2] and min(arrow) >= 0)
    cycle, consumer, producer = np.array(drawn, dtype=np.int64).reshape(-1, 3).T
    return cycle, consumer, producer


class _Places:
    """Finds the row of a log that an event or a wait stands in: the last of its instruction and inference by then."""

    def __init__(self, rows: Numbered, ended: Iterable[Ended]) -> None:
        key = rows.inference * MOST_NAMES + rows.pc
        wanted = np.array(sorted({_key(row) for one in ended for row in (one.wait, one.by)}), dtype=np.int64)
        self._rows: dict[int, tuple[list[int], list[int]]] = {}
        for number in np.flatnonzero(np.isin(key, wanted)).tolist():
            firsts, numbers = self._rows.setdefault(int(key[number]), ([], []))
            firsts.append(int(rows.first[number]))
            numbers.append(number)

    def of(self, row: Row) -> int:
        """The number of the row of the log, -1 where there is none."""
        firsts, numbers = self._rows.get(_key(row), ([], [-1]))
        return numbers[max(bisect_right(firsts, row.start) - 1, 0)]


def _key(row: Row) -> int:
    return row.inference * MOST_NAMES + row.pc
