"""Which stages of a trace make a row of a Kanata log, and the numbers of the rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from acortex.traces.file.schema import MOST_NAMES
from acortex.traces.file.table import AnyInts, Ints
from acortex.traces.rows.in_order import Columns

_ROW = ("key", "start", "end", "unit", "name")
"""What a row takes over from the stage that it begins with."""


class Numbered:
    """The rows of a log by number, and the number of the row of each stage, `of_stages`, in the order of stages."""

    def __init__(self, rows: Mapping[str, Ints], keys: Ints, of_stages: AnyInts) -> None:
        pc = (keys[rows["key"]] + 1) % MOST_NAMES - 1
        inference = (keys[rows["key"]] - pc) // MOST_NAMES
        order = np.lexsort((inference, pc, rows["start"]))
        number = np.empty(len(order), dtype=of_stages.dtype)
        number[order] = np.arange(len(order))
        self.of_stages = number[of_stages]
        self.pc, self.inference = pc[order], inference[order]
        self.first, self.last = rows["start"][order], rows["end"][order]
        self.unit, self.name = rows["unit"][order], rows["name"][order]
        self._by_last = np.argsort(self.last, kind="stable")
        self._begun = self._retired = 0

    def begin(self, limit: int | None) -> Ints:
        """The rows that begin before a cycle and were not given yet; all that are left for None."""
        first, self._begun = self._begun, self._until(self.first, limit)
        return np.arange(first, self._begun)

    def retire(self, limit: int | None) -> Ints:
        """The rows that end before a cycle, likewise."""
        first, self._retired = self._retired, self._until(self.last[self._by_last], limit)
        return self._by_last[first : self._retired]

    def _until(self, rising: Ints, limit: int | None) -> int:
        return len(rising) if limit is None else int(np.searchsorted(rising, limit))


class Assignment:
    """Gives each stage its row, window after window. `follows` says of each unit whether it works for others.

    A unit that executes instructions begins a row with each stage of another instruction or inference than the last.
    A stage of a follower belongs to the last row of its instruction and inference that has begun, else to the first.
    """

    def __init__(self, follows: NDArray[np.bool_]) -> None:
        self._follows = follows
        self._keys: dict[int, int] = {}
        self._latest: dict[int, tuple[int, int]] = {}  # of each unit the key and the row
        self._first: dict[int, int] = {}  # of each key the first row and the last
        self._last: dict[int, int] = {}
        self._rows: dict[str, list[Ints]] = {name: [np.zeros(0, dtype=np.int64)] for name in _ROW}
        self._count = 0
        self._of_stages: list[AnyInts] = [np.zeros(0, dtype=np.int32)]
        self._stages = 0
        self._without: list[Columns] = []  # followers that no row had begun for
        self._ends: list[tuple[Ints, Ints, Ints]] = []  # rows, starts and ends of stages that others had begun

    def add(self, stages: Columns) -> None:
        """Takes a window of stages, in order."""
        stages = {**stages, "key": self._key(stages["pc"], stages["inference"])}
        rows = np.full(len(stages["key"]), -1, dtype=np.int64)
        own = np.flatnonzero(~self._follows[stages["unit"]])
        rows[own], new = self._executed({name: stages[name][own] for name in _ROW})
        others = np.flatnonzero(self._follows[stages["unit"]])
        begun = own[new]
        rows[others] = self._followed(stages["key"], stages["start"], others, begun, rows[begun])
        self._note(stages, rows)
        lost = np.flatnonzero(rows < 0)
        self._without.append({"at": lost + self._stages, **{name: stages[name][lost] for name in _ROW}})
        self._stages += len(rows)
        self._of_stages.append(rows.astype(np.int32))

    def _key(self, pc: Ints, inference: Ints) -> Ints:
        """A number for each pair of instruction and inference."""
        pairs, which = np.unique(inference * MOST_NAMES + pc, return_inverse=True)  # a pc is -1 at least
        found = [self._keys.setdefault(pair, len(self._keys)) for pair in pairs.tolist()]
        return np.array(found, dtype=np.int64)[which]

    def _executed(self, stages: Columns) -> tuple[Ints, Ints]:
        """The rows of stages of units that execute instructions, and which of the stages begin one."""
        order = np.argsort(stages["unit"], kind="stable")
        unit, key = stages["unit"][order], stages["key"][order]
        border = np.flatnonzero(np.diff(unit, prepend=-1))
        before = np.concatenate(([-1], key[:-1])) if len(key) else key
        known = [self._latest.get(one, (-1, -1)) for one in unit[border].tolist()]
        before[border] = [one for one, _ in known]
        begins = np.zeros(len(key), dtype=bool)
        begins[order] = before != key
        new = np.flatnonzero(begins)
        rows = np.full(len(key), -1, dtype=np.int64)
        rows[new] = self._count + np.arange(len(new))
        sorted_rows = rows[order]
        goes_on = border[sorted_rows[border] < 0]
        carried = dict(zip(border.tolist(), (row for _, row in known), strict=True))
        sorted_rows[goes_on] = [carried[at] for at in goes_on.tolist()]
        sorted_rows = _filled(sorted_rows)
        rows[order] = sorted_rows
        for at in [*(border[1:] - 1).tolist(), len(key) - 1] if len(key) else []:
            self._latest[int(unit[at])] = int(key[at]), int(sorted_rows[at])
        self._begin(stages, new)
        return rows, new

    def _begin(self, stages: Columns, new: Ints) -> None:
        """Makes rows that begin with these stages."""
        for name in _ROW:
            self._rows[name].append(stages[name][new])
        self._count += len(new)

    def _followed(self, key: Ints, start: Ints, others: Ints, begun: Ints, rows: Ints) -> Ints:
        """The rows of stages of followers: -1 where none has begun."""
        keys = np.concatenate((key[begun], key[others]))
        found = np.concatenate((rows, np.full(len(others), -1, dtype=np.int64)))
        follower = np.arange(len(keys)) >= len(begun)
        order = np.lexsort((np.arange(len(keys)), follower, np.concatenate((start[begun], start[others])), keys))
        keys, given = keys[order], found[order]
        border = np.flatnonzero(np.diff(keys, prepend=-1))
        none = border[given[border] < 0]
        given[none] = [self._last.get(one, -1) for one in keys[none].tolist()]
        # A border without a row stops what comes before it from being carried on.
        group = np.repeat(np.arange(len(border)), np.diff(np.append(border, len(keys))))
        last = np.maximum.accumulate(np.where(given >= 0, np.arange(len(keys)), -1))
        given = np.where(last >= border[group], given[last], -1) if len(keys) else given
        found[order] = given
        for one, row in zip(key[begun].tolist(), rows.tolist(), strict=True):
            self._first.setdefault(one, row)
            self._last[one] = row
        return found[len(begun) :]

    def _note(self, stages: Columns, rows: Ints) -> None:
        """Notes for each row that has stages here when they begin and end."""
        order = np.argsort(rows, kind="stable")
        names, first = np.unique(rows[order], return_index=True)
        if len(names):
            starts = np.minimum.reduceat(stages["start"][order], first)
            ends = np.maximum.reduceat(stages["end"][order], first)
            known = names >= 0
            self._ends.append((names[known], starts[known], ends[known]))

    def numbered(self) -> Numbered:
        """The rows of all stages, once there are no more. Followers of nothing make a row each."""
        of_stages = np.concatenate(self._of_stages)
        lost = (
            {name: np.concatenate([part[name] for part in self._without]) for name in ("at", *_ROW)}
            if self._without
            else {}
        )
        if lost:
            rows = np.array([self._first.get(key, -1) for key in lost["key"].tolist()], dtype=np.int64)
            alone = np.flatnonzero(rows < 0)
            rows[alone] = self._count + np.arange(len(alone))
            self._begin(lost, alone)
            of_stages[lost["at"]] = rows
            self._ends.append((rows, lost["start"], lost["end"]))
        columns = {name: np.concatenate(parts) for name, parts in self._rows.items()}
        for names, starts, ends in self._ends:
            np.minimum.at(columns["start"], names, starts)
            np.maximum.at(columns["end"], names, ends)
        return Numbered(columns, np.array(list(self._keys), dtype=np.int64), of_stages)


def _filled(rows: Ints) -> Ints:
    """Rows with each -1 replaced by what comes before it."""
    at: Ints = np.maximum.accumulate(np.where(rows >= 0, np.arange(len(rows)), 0))
    return rows[at]
