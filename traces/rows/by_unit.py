"""The rows of a trace unit by unit, in bounded memory: as many units at a time as have GROUP rows, or else one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from acortex.traces.file.table import AnyInts, Ints, Table, fitting

GROUP = 1 << 21
"""Rows that are held at once, unless one unit has more."""


@dataclass(frozen=True)
class Extent:
    """How many rows each unit has, and the least and greatest value of each column."""

    rows: Ints
    bounds: Mapping[str, tuple[int, int]]

    def empty(self, name: str) -> AnyInts:
        """A column for all rows, in the fewest bytes that hold its values."""
        return np.empty(int(self.rows.sum()), dtype=fitting(*self.bounds.get(name, (0, 0))))


def extent(tables: Sequence[Table[Any]], columns: Callable[[Mapping[str, Ints]], Mapping[str, Ints]]) -> Extent:
    """The extent of what `columns` makes of each chunk of some tables."""
    units = len(tables[0].header.units)
    rows = np.zeros(units, dtype=np.int64)
    bounds: dict[str, tuple[int, int]] = {}
    for table in tables:
        for chunk in table.chunks():
            rows += np.bincount(chunk["unit"], minlength=units)
            for name, values in columns(chunk).items():
                low, high = bounds.get(name, (0, 0))
                bounds[name] = min(low, int(values.min())), max(high, int(values.max()))
    return Extent(rows, bounds)


def groups(rows: Ints) -> Iterator[range]:
    """Neighbouring units with at most GROUP rows together, or one unit with more."""
    first, held = 0, 0
    for unit, count in enumerate(rows.tolist()):
        if held and held + count > GROUP:
            yield range(first, unit)
            first, held = unit, 0
        held += count
    if held:
        yield range(first, len(rows))


def gather(
    tables: Sequence[Table[Any]], units: range, columns: Callable[[Mapping[str, Ints]], Mapping[str, Ints]]
) -> dict[str, Ints]:
    """What `columns` makes of the rows of some units, table after table, in file order."""
    parts: dict[str, list[Ints]] = {}
    for table in tables:
        for chunk in table.chunks():
            mine = (chunk["unit"] >= units.start) & (chunk["unit"] < units.stop)
            if mine.any():
                for name, values in columns({name: chunk[name][mine] for name in chunk}).items():
                    parts.setdefault(name, []).append(values)
    return {name: np.concatenate(parts.pop(name)) for name in list(parts)}
