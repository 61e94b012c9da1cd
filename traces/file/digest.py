"""A long trace with less detail: its rows merged by intervals of time, and by instruction.

Both are small whatever the trace has: intervals grow with the run, and instructions are those of the program. Sums of
durations, counts, energies and rows are those of the trace, exactly. `merged` makes them in one pass over a trace; a
writer stores those of a long one in its file, and a reader has them as `Trace.digest`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod

import numpy as np

from acortex.alike import begins, grouped
from acortex.traces.file.blocks import ROWS, BlockType
from acortex.traces.file.bodies import body_of
from acortex.traces.file.columns import Ints
from acortex.traces.file.merge import SAFE, Batch, Columns, columns_of, reduced, weight
from acortex.traces.file.schema import EVENT_FIELDS, MERGED_FIELDS, WAIT_FIELDS, TraceHeader
from acortex.traces.file.table import Event, StoredBlock, Table, Wait
from acortex.traces.file.validation import Limits, malformed

LARGE = 1 << 23
"""Rows from which on a trace has a digest: to go through fewer takes less than a second."""

MOST = 1 << 17
"""Rows of one sort that a digest has by time: a picture of a thousand columns needs no more."""

SHORTEST = 64
"""Cycles of an interval at least."""

WIDEST = 1 << 62
"""Cycles of an interval, and numbers of keys, at most."""

FIELDS = {
    BlockType.EVENTS_BY_TIME: (*EVENT_FIELDS, *MERGED_FIELDS),
    BlockType.WAITS_BY_TIME: (*WAIT_FIELDS, *MERGED_FIELDS),
    BlockType.EVENTS_BY_INSTRUCTION: (*EVENT_FIELDS, *MERGED_FIELDS),
    BlockType.WAITS_BY_INSTRUCTION: (*WAIT_FIELDS, *MERGED_FIELDS),
}
"""The columns of each table of a digest."""


@dataclass(frozen=True)
class Rows:
    """Events and waits of a digest, merged by time or by instruction. They have inference -1."""

    events: Table[Event]
    waits: Table[Wait]

    def select(self, unit: str | None, layer: str | None) -> Rows:
        """Those of some units and layers."""
        events, waits = self.events.select(unit=unit, layer=layer), self.waits.select(unit=unit, layer=layer)
        return Rows(events, waits)


@dataclass(frozen=True)
class Digest:
    """A trace with less detail. Rows of `by_time` have pc -1 and began within the same `interval` cycles."""

    interval: int
    by_time: Rows
    by_instruction: Rows

    def select(self, unit: str | None, layer: str | None) -> Digest:
        """That of some units and layers."""
        return Digest(self.interval, self.by_time.select(unit, layer), self.by_instruction.select(unit, layer))


class Merging:
    """Rows of one sort, events or waits, merged as they come."""

    def __init__(self, type_: BlockType, header: TraceHeader, most: int) -> None:
        by_time = type_ in (BlockType.EVENTS_BY_TIME, BlockType.WAITS_BY_TIME)
        self.fields, sizes, at = FIELDS[type_], header.table_sizes(), FIELDS[type_].index
        names = ["unit", "kind" if "kind" in self.fields else "cause", "layer", *([] if by_time else ["pc"])]
        self.interval = SHORTEST if by_time else 0
        self._most = most
        self._keys = {name: sizes[name] + 1 for name in names}
        self._dropped = [at("inference"), *([at("pc")] if by_time else [])]
        self._held: list[Batch] = []

    @property
    def fits(self) -> bool:
        """Whether 64 bits hold the keys of rows."""
        return prod(self._keys.values()) * 2 < WIDEST

    def few(self, rows: Columns) -> Batch:
        """Rows merged as these will be, but for those that differ in pc too: few, from which others follow."""
        return reduced(rows, self.fields, *grouped(*self._key(rows), rows["pc"]))

    def add(self, few: Batch, in_order: bool = False) -> None:
        """Takes what `few` gave; `in_order` where these rows are those that gave it."""
        rows = columns_of(few, self.fields)
        order, new = (None, begins(*self._key(rows))) if in_order else grouped(*self._key(rows))
        self._hold(reduced(rows, self.fields, order, new))
        if sum(one.shape[1] for one in self._held) > 2 * self._most:
            self._shrink()

    def rows(self) -> Batch:
        """What came, by first start."""
        self._shrink()
        held = self._held[0]
        return held[:, np.argsort(held[self.fields.index("start")], kind="stable")]

    def _shrink(self) -> None:
        """Merges all that is held, in longer intervals where it is too much."""
        held = np.hstack([np.zeros((len(self.fields), 0), dtype=np.int64), *self._held])
        rows = columns_of(held, self.fields)
        order, new = grouped(*self._key(rows))
        while self.interval and len(new) > self._most and self.interval < WIDEST:
            self.interval *= 2
            order, new = grouped(*self._key(rows))
        self._held = []
        self._hold(reduced(rows, self.fields, order, new))

    def _hold(self, merged: Batch) -> None:
        merged[self._dropped] = -1
        self._held.append(merged)

    def _key(self, rows: Columns) -> tuple[Ints, ...]:
        return self._places(rows["start"]), *(rows[name] for name in self._keys)

    def _places(self, start: Ints) -> Ints:
        """The interval of each row, by its number; 0 where rows are not merged by time."""
        if not self.interval or not len(start):
            return np.zeros_like(start)
        most = WIDEST // prod(self._keys.values())
        while int(start.max()) // self.interval - int(start.min()) // self.interval >= most:
            self.interval *= 2
        places = start // self.interval
        found: Ints = places - places.min()
        return found


Bodies = dict[BlockType, list[tuple[int, bytes]]]
"""The blocks of each table of a digest: their rows and bodies."""


def merged(events: Table[Event], waits: Table[Wait], most: int = MOST) -> tuple[int, Bodies] | None:
    """The interval and the blocks of the digest of two tables, which are read once.

    None where there can be none: sums of rows, or keys, could leave 64 bits.
    """
    found: dict[BlockType, Merging] = {type_: Merging(type_, events.header, most) for type_ in FIELDS}
    for table, types in (
        (events, (BlockType.EVENTS_BY_TIME, BlockType.EVENTS_BY_INSTRUCTION)),
        (waits, (BlockType.WAITS_BY_TIME, BlockType.WAITS_BY_INSTRUCTION)),
    ):
        by_time, by_instruction = (found[type_] for type_ in types)
        largest = 0.0
        read = [name for name in table.fields if name != "inference"]
        for chunk in table.chunks(*read):
            largest += weight(chunk)
            if largest >= SAFE or not (by_time.fits and by_instruction.fits):
                return None
            few = by_time.few(chunk)
            by_time.add(few, in_order=True)
            by_instruction.add(few)
    kinds = len(events.header.kinds)
    bodies = {type_: list(_bodies(one, kinds)) for type_, one in found.items()}
    return max(one.interval for one in found.values()), bodies


def _bodies(one: Merging, kinds: int) -> Iterator[tuple[int, bytes]]:
    rows = one.rows()
    for first in range(0, rows.shape[1], ROWS):
        part = columns_of(rows[:, first : first + ROWS], one.fields)
        yield len(part["start"]), body_of(part, kinds)


def made(events: Table[Event], waits: Table[Wait]) -> Digest | None:
    """The digest of tables that have none in a file; None where there can be none."""
    found = merged(events, waits)
    if found is None:
        return None
    interval, bodies = found
    stored = {
        type_: [StoredBlock(rows, None, f"{type_.name.lower()}, part {at}", partial(bytes, body))
                for at, (rows, body) in enumerate(some)]
        for type_, some in bodies.items()
    }  # fmt: skip
    return of_blocks(events.header, interval, stored, events.limits)


def of_blocks(
    header: TraceHeader, interval: int, stored: Mapping[BlockType, Sequence[StoredBlock]], limits: Limits
) -> Digest:
    """The digest that lies in these blocks."""
    rows = [
        Rows(
            Table(header, FIELDS[events], Event, stored[events], limits),
            Table(header, FIELDS[waits], Wait, stored[waits], limits),
        )
        for events, waits in (
            (BlockType.EVENTS_BY_TIME, BlockType.WAITS_BY_TIME),
            (BlockType.EVENTS_BY_INSTRUCTION, BlockType.WAITS_BY_INSTRUCTION),
        )
    ]
    return Digest(interval, *rows)


def check(digest: Digest, events: Table[Event], waits: Table[Wait], where: str) -> None:
    """Refuses a digest that stands for more or fewer rows than its trace has."""
    for some in (digest.by_time, digest.by_instruction):
        for table, whole in ((some.events, events), (some.waits, waits)):
            rows = sum(int(chunk["merged"].sum()) for chunk in table.chunks("merged"))
            if rows != len(whole):
                raise malformed(f"its digest stands for {rows} rows, and there are {len(whole)}", where)
