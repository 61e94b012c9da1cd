"""The rows of a trace in the order of their starts, some at a time, whatever their order in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from acortex.traces.file.table import Ints, Table

STEP = 1 << 16
"""Rows that are worth giving at once."""

Columns = dict[str, Ints]
Make = Callable[[Mapping[str, Ints]], Columns]


def in_order(tables: Sequence[Table[Any]], make: Make) -> Iterator[tuple[int | None, Columns]]:
    """What `make` gives of the rows of some tables, `start` among it, in windows of rising starts.

    Each window comes with the cycle before which its rows start, None for the last. Nothing is in order within it;
    `row` numbers the rows in the order of the tables and files. Blocks are read as their first start comes up, so what
    is held is what overlaps in time.
    """
    waiting = _Waiting()
    for first, table, at, row in _blocks(tables):
        if ready := waiting.before(first):
            yield first, ready
        chunk = table.chunk(at)
        if chunk is not None:
            columns = make(chunk)
            columns["row"] = np.arange(row, row + len(columns["start"]))
            waiting.add(columns)
    if rest := waiting.all():
        yield None, rest


def _blocks(tables: Sequence[Table[Any]]) -> list[tuple[int, Table[Any], int, int]]:
    """Each block by its first start: its table, its number there, and the number of its first row in all tables."""
    found, rows = [], 0
    for table in tables:
        for at, first in enumerate(table.first_starts()):
            found.append((first, table, at, rows))
            rows += table.rows_of(at)
    return sorted(found, key=lambda block: (block[0], block[3]))


class _Waiting:
    """Rows that were read and may still start after one that was not."""

    def __init__(self) -> None:
        self._parts: list[Columns] = []
        self._rows = 0
        self._due = STEP

    def add(self, columns: Columns) -> None:
        """Takes rows."""
        self._parts.append(columns)
        self._rows += len(columns["start"])

    def before(self, cycle: int) -> Columns | None:
        """The rows that start before a cycle, if there are enough; looked at only as often as they double."""
        # A look costs a pass over all rows held. After each doubling alone, the looks add up to the order of the rows.
        if self._rows < self._due:
            return None
        rows = self._joined()
        ready = rows["start"] < cycle
        later = {name: column[~ready] for name, column in rows.items()}
        self._parts, self._rows = [later], len(later["start"])
        self._due = 2 * self._rows + STEP
        return {name: column[ready] for name, column in rows.items()} if ready.any() else None

    def all(self) -> Columns | None:
        """All rows, None for none."""
        return self._joined() if self._rows else None

    def _joined(self) -> Columns:
        parts, self._parts = self._parts, []
        return {name: np.concatenate([part.pop(name) for part in parts]) for name in list(parts[0])}
