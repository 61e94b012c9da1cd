"""Coarser levels of detail and filters: which rows of a batch are written, and which become one.

A batch is an int64 matrix: one row per field (EVENT_FIELDS or WAIT_FIELDS), one column per event. A merged batch has
the two MERGED_FIELDS below. Sums of `duration`, `count`, `energy_aj` and `merged` are the same at every level.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.alike import grouped
from acortex.errors import UsageError
from acortex.traces.file.columns import Ints
from acortex.traces.file.schema import MERGED_FIELDS, TraceHeader

Batch = Ints
Columns = Mapping[str, Ints]
"""Rows as columns by their fields."""


def columns_of(batch: Batch, fields: Sequence[str]) -> dict[str, Ints]:
    """The rows of a batch by their fields."""
    return dict(zip(fields, batch, strict=True))


FILTERS = ("units", "layers", "from_cycle", "to_cycle")
_SUMMED = ("duration", "count", "energy_aj", "merged")
SAFE = float(1 << 62)
"""A sum below this cannot leave 63 bits."""


class Filter:
    """Keeps the rows that a trace's `filters` name: {"units": [path], "layers": [name], "from_cycle": first start,
    "to_cycle": first start no longer kept}; what is not named is not restricted.
    """

    def __init__(self, header: TraceHeader) -> None:
        asked = header.filters
        for name in asked:
            if name not in FILTERS:
                raise UsageError(f"a trace has no filter {name!r}", hint=f"filters are {', '.join(FILTERS)}")
        self._units = _allowed(asked, "units", header.units)
        self._layers = _allowed(asked, "layers", header.layers)
        self._first = asked.get("from_cycle")
        self._end = asked.get("to_cycle")
        self.active = bool(asked)

    def keep(self, batch: Batch, fields: Sequence[str]) -> Batch:
        """The columns of the batch that pass."""
        start = batch[fields.index("start")]
        mask = np.ones(len(start), dtype=bool)
        if self._units is not None:
            mask &= self._units[batch[fields.index("unit")]]
        if self._layers is not None:
            mask &= self._layers[batch[fields.index("layer")]]
        if self._first is not None:
            mask &= start >= self._first
        if self._end is not None:
            mask &= start < self._end
        return batch[:, mask]


def _allowed(asked: Mapping[str, Any], name: str, table: Sequence[str]) -> NDArray[np.bool_] | None:
    if name not in asked:
        return None
    for wanted in asked[name]:
        if wanted not in table:
            raise UsageError(f"the filter {name!r} names {wanted!r}", hint=f"there are {', '.join(table)}")
    return np.array([entry in asked[name] for entry in table])


class Merger:
    """Gathers batches into one row per key: an instruction of an inference on a unit, or a layer of it.

    It holds at most `limit` rows: `add` gives back what has to be written, mostly nothing.
    """

    def __init__(self, fields: Sequence[str], level: str, limit: int) -> None:
        self.fields = (*fields, *MERGED_FIELDS)
        self._keys = [name for name in fields if name in ("unit", "kind", "cause", "pc", "layer", "inference")]
        self._drop_pc = level == "layers"
        self._limit = limit
        self._pending = self._empty()

    def add(self, batch: Batch) -> list[Batch]:
        """Takes a batch of plain rows; returns merged batches that are to be written now."""
        rows = np.vstack((batch, batch[self.fields.index("duration")], np.ones((1, batch.shape[1]), dtype=np.int64)))
        if self._drop_pc:
            rows[self.fields.index("pc")] = -1
        weighs = weight(columns_of(rows, self.fields))
        if weighs >= SAFE:
            return [*self.flush(), rows]
        out = self.flush() if weight(columns_of(self._pending, self.fields)) + weighs >= SAFE else []
        self._pending = self._merge(np.hstack((self._pending, rows)))
        return out + (self.flush() if self._pending.shape[1] > self._limit else [])

    def flush(self) -> list[Batch]:
        """What was gathered, by start cycle, at most `limit` rows per batch."""
        rows, self._pending = self._pending, self._empty()
        rows = rows[:, np.argsort(rows[0], kind="stable")]
        return [rows[:, at : at + self._limit] for at in range(0, rows.shape[1], self._limit)]

    def _empty(self) -> Batch:
        return np.zeros((len(self.fields), 0), dtype=np.int64)

    def _merge(self, rows: Batch) -> Batch:
        """One column per key, in the order of the keys."""
        columns = columns_of(rows, self.fields)
        return reduced(columns, self.fields, *grouped(*(columns[name] for name in reversed(self._keys))))


def reduced(rows: Columns, fields: Sequence[str], order: Ints | None, new: Ints) -> Batch:
    """One column for all from each place in `new` to the next, of rows in an order: sums, first start, span to the end.

    What is alike of them is that of the first; a field that rows do not have is -1. Rows without `span` last as long as
    their duration, and those without `merged` stand for one each. Without an order they are in it already.
    """
    merged = np.full((len(fields), len(new)), -1, dtype=np.int64)
    if not len(new):
        return merged
    heads = new if order is None else order[new]
    for at, name in enumerate(fields):
        if name in _SUMMED and name in rows:
            merged[at] = np.add.reduceat(_ordered(rows[name], order), new)
        elif name in rows:
            merged[at] = rows[name][heads]
    if "merged" in fields and "merged" not in rows:
        merged[fields.index("merged")] = np.diff(new, append=len(rows["start"]))
    starts = _ordered(rows["start"], order)
    ends = starts + _ordered(rows["span" if "span" in rows else "duration"], order)
    first = merged[fields.index("start")] = np.minimum.reduceat(starts, new)
    merged[fields.index("span")] = np.maximum.reduceat(ends, new) - first
    return merged


def _ordered(column: Ints, order: Ints | None) -> Ints:
    return column if order is None else column.take(order, mode="clip")  # faster than with a check of each place


def weight(rows: Columns) -> float:
    """The largest sum that merging these rows could make."""
    return max(float(np.abs(rows[name].astype(float)).sum()) for name in _SUMMED if name in rows)
