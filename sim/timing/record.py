"""What a chip did, as pieces that repeat: pieces that were simulated, and how often and when they came again.

Units write what they do into a log. A *piece* is a range of the log. A *repeat* says that the entries from one to
another came again so many times, a period apart; a *copy*, that they came once more, some cycles and instructions
later. Sums and traces follow from this by NumPy, without a word about chips.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.sim.timing.tally import Log
from acortex.sim.timing.unit import Unit

Ints = NDArray[np.int64]

Ranges = tuple[Ints, Ints]
"""Where the rows of each entry begin and end in the log: int64 of shape (entries,) each."""


class Piece(NamedTuple):
    """What was simulated: a range of the log's rows, and what the cycles in it lack."""

    begin: int
    end: int
    offset: int


class Repeat(NamedTuple):
    """The entries `first` to before `last` came again, `times` times, each a `period` of cycles later."""

    first: int
    last: int
    times: int
    period: int


class Copy(NamedTuple):
    """The entries `first` to before `last` came again, first so many `cycles` and instructions (`serials`) later."""

    first: int
    last: int
    cycles: int
    serials: int
    longer: tuple[tuple[int, int], ...] = ()
    """Waits that had begun before: rows of the log, and by how many cycles each began earlier this time."""
    times: int = 1
    """How often it came, each time a `period` of cycles and `apart` instructions after the one before."""
    period: int = 0
    apart: int = 0

    def followed(self, by: Copy) -> Copy | None:
        """A copy that is this one and the next; None where that is no further one of the same, as far apart."""
        period, apart = by.cycles - self.cycles, by.serials - self.serials
        if self.times > 1:
            period, apart = period - (self.times - 1) * self.period, apart - (self.times - 1) * self.apart
        alike = (by.first, by.last) == (self.first, self.last) and not (by.longer or self.longer)
        if not alike or (self.times > 1 and (period, apart) != (self.period, self.apart)):
            return None
        return self._replace(times=self.times + 1, period=period, apart=apart)


Entry = Piece | Repeat | Copy


class Weighed(NamedTuple):
    """Pieces, int64 of shape (pieces,) each: how often, the shifts in cycles first and last, and in instructions."""

    pieces: Ints
    times: Ints
    first: Ints
    last: Ints
    serials: Ints


class Instances(NamedTuple):
    """Pieces one after the other as they came, int64 of shape (instances,) each: shifts in cycles, in instructions."""

    pieces: Ints
    cycles: Ints
    serials: Ints


class Table(NamedTuple):
    """The rows of the log as columns, int64: `serial` is the instruction's place in the order of issue.

    A wait has ~cause as its `kind`, which is below 0.
    """

    start: Ints
    duration: Ints
    kind: Ints
    counted: Ints
    unit: Ints
    serial: Ints


class Record:
    """The record of a run. `offset` is what the clock of the chip lacks: the cycles that were skipped so far."""

    def __init__(self, units: Sequence[Unit]) -> None:
        self._units = units
        self.offset = 0
        self.clear()

    def clear(self) -> None:
        """Begins anew: what was recorded before cannot come again."""
        self.entries: list[Entry] = []
        self.log = Log()
        self._table: Table | None = None
        """Its rows as columns, as they were last asked for."""
        self._begin = 0
        """Where the next piece begins."""
        for unit in self._units:
            unit.attach(self.log, counts=False)

    @property
    def rows(self) -> int:
        """How many rows the log has."""
        return len(self.log)

    def copy(self, entry: Copy, joins: bool) -> None:
        """Notes that entries came once more; one that `joins` may become part of the copy that was noted last."""
        last = self.entries[-1] if joins else None
        both = last.followed(entry) if isinstance(last, Copy) else None
        if both is None:
            self.entries.append(entry)
        else:
            self.entries[-1] = both

    def cut(self) -> int:
        """Ends the current piece; returns the number of the entry that comes next."""
        if self.rows > self._begin:
            self.entries.append(Piece(self._begin, self.rows, self.offset))
            self._begin = self.rows
        return len(self.entries)

    # What came when ---------------------------------------------------------------------------------------------

    def weighed(self) -> Weighed:
        """All that came, each piece with how often; one that came for several instructions has a row for each."""
        return Weighed(*self._unfolded(0, len(self.entries), _weigh, {}))

    def instances(self, first: int, last: int) -> Instances:
        """Every piece that came within entries, one after the other."""
        return Instances(*self._unfolded(first, last, _repeat, {}))

    def begins(self, rows: Ints, start: Ints, ranges: Ranges) -> Ints:
        """When some rows of the log began, which were simulated in the cycles `start`, as often as each came, in order.

        An entry that came again is a stretch of what is known already, moved on: nothing is looked up row by row.
        """
        first, last = (np.searchsorted(rows, edge) for edge in ranges)
        upto = self._upto((last - first).tolist())
        first, last = first.tolist(), last.tolist()
        came = np.empty(upto[-1], np.int64)
        for number, (one, begin, end) in enumerate(zip(self.entries, upto, upto[1:], strict=False)):
            if begin == end:
                continue
            out = came[begin:end]
            if isinstance(one, Piece):
                np.add(start[first[number] : last[number]], one.offset, out=out)
            elif one.times == 1:
                np.add(came[upto[one.first] : upto[one.last]], _later(one), out=out)
            else:
                np.add(came[upto[one.first] : upto[one.last]], _moved(one), out=out.reshape(one.times, -1))
        return came

    def _upto(self, sizes: Sequence[int]) -> list[int]:
        """Where each entry begins among what came, and where the last one ends; `sizes` are those of the pieces."""
        upto = [0]
        for size, one in zip(sizes, self.entries, strict=True):
            upto.append(upto[-1] + (size if isinstance(one, Piece) else one.times * (upto[one.last] - upto[one.first])))
        return upto

    def longer_places(self, first: int, last: int) -> list[tuple[int, int]]:
        """Waits that were longer in copies among some entries: their places among the rows that came, by how much."""
        begins, ends = self.ranges()
        upto = self._upto((ends - begins).tolist())
        found, known = [], dict[tuple[int, int, int], int]()
        for number, one in enumerate(self.entries[first:last], first):
            if isinstance(one, Copy):
                begin = upto[number] - upto[first]
                found += [
                    (begin + self._first(one.first, one.last, row, upto, known), more) for row, more in one.longer
                ]
        return found

    def _first(
        self, first: int, last: int, row: int, upto: Sequence[int], known: dict[tuple[int, int, int], int]
    ) -> int:
        """The first place of a row of the log among the rows that came within entries; below 0 where it is in none."""
        if (first, last, row) not in known:
            known[first, last, row] = -1
            for number, one in enumerate(self.entries[first:last], first):
                if isinstance(one, Piece):
                    inner = row - one.begin if one.begin <= row < one.end else -1
                else:
                    inner = self._first(one.first, one.last, row, upto, known)
                if inner >= 0:
                    known[first, last, row] = upto[number] - upto[first] + inner
                    break
        return known[first, last, row]

    def _unfolded(self, first: int, last: int, again: _Again, known: dict[tuple[int, int], Ints]) -> Ints:
        """A column for each piece that came within entries; `again` makes those of what came again."""
        if (first, last) in known:
            return known[first, last]
        parts: list[Ints] = []
        pieces: list[tuple[int, ...]] = []
        copies: list[tuple[Ints, Copy]] = []
        for number, entry in enumerate(self.entries[first:last], first):
            if copies and not (isinstance(entry, Copy) and entry.times == 1):
                parts.append(_once(copies))
                copies = []
            if isinstance(entry, Piece):
                pieces.append(
                    (number, 1, entry.offset, entry.offset, 0) if again is _weigh else (number, entry.offset, 0)
                )
                continue
            if pieces:
                parts.append(np.array(pieces, dtype=np.int64).T)
                pieces = []
            inner = self._unfolded(entry.first, entry.last, again, known)
            if isinstance(entry, Copy) and entry.times == 1:
                copies.append((inner, entry))
            else:
                parts.append(again(inner, entry))
        parts += [_once(copies)] if copies else []
        parts += [np.array(pieces, dtype=np.int64).T] if pieces else []
        rows = 5 if again is _weigh else 3
        known[first, last] = np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.int64)
        return known[first, last]

    # Rows -------------------------------------------------------------------------------------------------------

    def table(self) -> Table:
        """The log, as it was simulated."""
        if self._table is None or len(self._table.start) != self.rows:
            places = self.log.places_table()
            start, duration, kind, count, place = self.log.table().T.copy()  # read by columns from here on
            self._table = Table(start, duration, kind, count, places[place, 0], places[place, 4])
        return self._table

    def longer(self) -> Iterator[tuple[int, int]]:
        """Rows of waits, and by how many cycles each was longer in a copy than as it was simulated."""
        for entry in self.entries:
            if isinstance(entry, Copy):
                yield from entry.longer

    def first_waits(self, begin: int, end: int, units: Collection[int]) -> dict[int, int]:
        """The first wait of each of some units within rows of the log: its row, by the unit's number."""
        left, found = set(units), dict[int, int]()
        kind, place = self.log.table(begin, end)[:, [2, 4]].T
        waits = np.flatnonzero(kind < 0)
        for row, number in zip((begin + waits).tolist(), place[waits].tolist(), strict=True):
            if not left:
                break
            unit = self.log.places[5 * number]
            if unit in left:
                found[unit] = row
                left.remove(unit)
        return found

    def ranges(self) -> Ranges:
        """Where the rows of each entry begin and end in the log; nothing for what is no piece."""
        pieces = [(one.begin, one.end) if isinstance(one, Piece) else (0, 0) for one in self.entries]
        begins, ends = np.array(pieces, dtype=np.int64).reshape(-1, 2).T.copy()
        return begins, ends


def _later(entry: Repeat | Copy) -> int:
    """By how many cycles an entry moves what came again, the first time."""
    return entry.period if isinstance(entry, Repeat) else entry.cycles


def _moved(entry: Repeat | Copy) -> Ints:
    """By how many cycles an entry moves what came again, each time: shape (times, 1)."""
    found: Ints = _later(entry) + entry.period * np.arange(entry.times)[:, None]
    return found


def gathered(begins: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """The rows of ranges, one after the other, and of each row the number of its range."""
    return rows_within(begins, ends), np.repeat(np.arange(len(begins)), ends - begins)


def rows_within(begins: Ints, ends: Ints) -> Ints:
    """The rows of ranges, one after the other."""
    lengths = ends - begins
    upto = np.cumsum(lengths)
    found: Ints = np.repeat(begins - (upto - lengths), lengths)
    found += np.arange(len(found))
    return found


def _once(copies: Sequence[tuple[Ints, Copy]]) -> Ints:
    """What came once more in each of some copies, one after the other: columns of `Weighed` or of `Instances`."""
    sizes = [inner.shape[1] for inner, _ in copies]
    shifts = np.array([(copy.cycles, copy.serials) for _, copy in copies], dtype=np.int64).T
    cycles, serials = np.repeat(shifts, sizes, axis=1)
    found: Ints = np.concatenate([inner for inner, _ in copies], axis=1)
    found[-1] += serials
    found[-2 if len(found) == 3 else slice(2, 4)] += cycles
    return found


_Again = Callable[[Ints, "Repeat | Copy"], Ints]


def _weigh(inner: Ints, entry: Repeat | Copy) -> Ints:
    """What came again, as columns of `Weighed`."""
    if isinstance(entry, Copy):
        found = np.tile(inner, entry.times)
        cycles, serials = _shifts(entry, inner.shape[1])
        found[2:] += np.stack([cycles, cycles, serials])
    else:
        found = inner.copy()
        found[1] *= entry.times
        found[2] += entry.period
        found[3] += entry.times * entry.period
    return found


def _repeat(inner: Ints, entry: Repeat | Copy) -> Ints:
    """What came again, as columns of `Instances`."""
    found: Ints = np.tile(inner, entry.times)
    if isinstance(entry, Copy):
        found[1:] += np.stack(_shifts(entry, inner.shape[1]))
        return found
    found[1] += np.repeat(np.arange(1, entry.times + 1) * entry.period, inner.shape[1])
    return found


def _shifts(entry: Copy, columns: int) -> tuple[Ints, Ints]:
    """By how many cycles and instructions each of the columns of a copy came later, time after time."""
    number = np.repeat(np.arange(entry.times), columns)
    return entry.cycles + number * entry.period, entry.serials + number * entry.apart
