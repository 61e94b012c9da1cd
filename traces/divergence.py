"""Where two traces part: their rows side by side in the order of their starts, a window of time after another.

Rows are matrices of int64, a column for each of COLUMNS, in tables of names that both traces share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.traces.endings import issuer
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.rows.in_order import in_order

# The order of comparison. `kind` counts kinds first, then the causes of waits.
COLUMNS = (
    "start",
    "unit",
    "kind",
    "layer",
    "inference",
    "instruction",
    "duration",
    "span",
    "count",
    "merged",
    "energy_aj",
)
UNIT, KIND, INSTRUCTION, LENGTH, SPAN = map(COLUMNS.index, ("unit", "kind", "instruction", "duration", "span"))
BEFORE = 3
"""Rows in common that are given for what went before."""

Tables = dict[str, list[str]]
RowBeside = list[int]


class Divergence(NamedTuple):
    """Where one unit first differs: the moment, the first row of each trace, and the last common rows that had ended
    by then.
    """

    moment: int
    row: RowBeside
    a: RowBeside | None
    b: RowBeside | None
    before: list[RowBeside]


class _Parting(NamedTuple):
    """Where one unit parts: the moment, 0 for an event and 1 for a wait, the unit, and the position of its row."""

    moment: int
    wait: int
    unit: int
    at: int


class Side(NamedTuple):
    """A trace with what each position in its own tables is in the common ones, and the numbers of its instructions."""

    trace: Trace
    units: Ints
    kinds: Ints
    causes: Ints
    layers: Ints
    instructions: Ints

    def windows(self) -> Iterator[tuple[int | None, Ints]]:
        """The rows in windows of rising starts, in the common tables, in no order within a window."""
        for limit, window in in_order((self.trace.events, self.trace.waits), self._matrix):
            yield limit, window["rows"]

    def _matrix(self, chunk: Mapping[str, Ints]) -> dict[str, Ints]:
        duration = chunk["duration"]
        column = {"span": duration, "merged": np.ones_like(duration), **chunk}
        for name in ("count", "energy_aj"):
            column.setdefault(name, np.zeros_like(duration))
        column["unit"], column["layer"] = self.units[chunk["unit"]], self.layers[chunk["layer"]]
        column["kind"] = self.kinds[chunk["kind"]] if "kind" in chunk else self.causes[chunk["cause"]]
        column["instruction"] = self.instructions[chunk["pc"]]
        return {"start": chunk["start"], "rows": np.stack([column[name] for name in COLUMNS], axis=1)}


def common_tables(a: Trace, b: Trace) -> Tables:
    """Names of both traces, each once."""
    names: dict[str, Callable[[Trace], Sequence[str]]] = {
        "unit": lambda trace: trace.header.units,
        "kind": lambda trace: [kind.name for kind in trace.header.kinds],
        "cause": lambda trace: trace.header.causes,
        "layer": lambda trace: trace.header.layers,
    }
    return {name: list(dict.fromkeys((*get(a), *get(b)))) for name, get in names.items()}


def side(trace: Trace, tables: Tables, instructions: Ints) -> Side:
    """A trace in common tables; `instructions` has a number for each of its instructions, then one for none."""
    header = trace.header
    kinds = [kind.name for kind in header.kinds]
    given = {"unit": header.units, "kind": kinds, "cause": header.causes, "layer": header.layers}
    place = {name: {text: at for at, text in enumerate(table)} for name, table in tables.items()}
    at = {name: np.array([place[name][text] for text in texts], dtype=np.int64) for name, texts in given.items()}
    return Side(trace, at["unit"], at["kind"], len(tables["kind"]) + at["cause"], at["layer"], instructions)


def first_divergence(
    a: Side, b: Side, tables: Tables, rtol_energy: float, twins: Mapping[int, int] = MappingProxyType({})
) -> Divergence | None:
    """The unit that parts first, with its rows: a unit parts where the first of its rows that differs begins or, where
    only the length differs, as the shorter one ends. Of what parts at once an event comes before the waits it ended.

    `twins` has the number of the first trace's instruction for that of the second, where one was changed.
    """
    parted = _partings(a, b, tables, rtol_energy)
    if not parted:
        return None
    first = min(parted.values())
    left, right = (_rest(one, first) for one in (a, b))
    mine, theirs = next(left, None), next(right, None)
    before = _before(a, tables, parted, first)
    if mine and theirs and mine[: KIND + 1] == theirs[: KIND + 1]:
        own = [row[INSTRUCTION] not in one.instructions for row, one in ((mine, b), (theirs, a))]
        if any(own):  # what one trace does at that moment, the other does with an instruction of its own
            return Divergence(first.moment, theirs if own[1] else mine, mine, theirs, before)
    if theirs is None or (mine is not None and mine < theirs):
        row = mine or []
        return Divergence(first.moment, row, mine, _counterpart(theirs, right, row, twins), before)
    return Divergence(first.moment, theirs, _counterpart(mine, left, theirs, twins), theirs, before)


def _side_by_side(a: Side, b: Side) -> Iterator[tuple[int | None, Ints, Ints]]:
    """Windows of both traces with one limit each: all rows of either that start before it, and after the last one."""
    streams = [one.windows() for one in (a, b)]
    held = [_NOTHING, _NOTHING]
    reached: list[float] = [-np.inf, -np.inf]
    while min(reached) < np.inf:
        # Only the trace that is behind is read on: so neither is held much further than the other.
        for at in (0, 1):
            if reached[at] == min(reached):
                limit, rows = next(streams[at], (None, _NOTHING))
                held[at], reached[at] = np.concatenate((held[at], rows)), np.inf if limit is None else limit
        limit = None if min(reached) == np.inf else int(min(reached))
        due = [rows[:, 0] < limit if limit is not None else np.ones(len(rows), bool) for rows in held]
        yield limit, held[0][due[0]], held[1][due[1]]
        held = [rows[~mask] for rows, mask in zip(held, due, strict=True)]


_NOTHING: Ints = np.zeros((0, len(COLUMNS)), dtype=np.int64)


def _by_unit(rows: Ints) -> dict[int, Ints]:
    """The rows of each unit that has any, in order."""
    rows = rows[np.lexsort(rows.T[::-1])]
    order = np.argsort(rows[:, UNIT], kind="stable")
    units, first = np.unique(rows[order, UNIT], return_index=True)
    return dict(zip(units.tolist(), np.split(rows[order], first[1:]), strict=True)) if len(units) else {}


def _partings(a: Side, b: Side, tables: Tables, rtol_energy: float) -> dict[int, _Parting]:
    """Where units part, of those that do before the first of all has: the others cannot have been first."""
    parted: dict[int, _Parting] = {}
    passed = np.zeros(len(tables["unit"]), dtype=np.int64)
    for limit, left, right in _side_by_side(a, b):
        if left.shape != right.shape or not np.array_equal(left, right):
            mine, theirs = _by_unit(left), _by_unit(right)
            for unit in sorted({*mine, *theirs} - set(parted)):
                pair = mine.get(unit, _NOTHING), theirs.get(unit, _NOTHING)
                if found := _parting(unit, *pair, tables, rtol_energy):
                    parted[unit] = found._replace(at=found.at + int(passed[unit]))
        passed += np.bincount(left[:, UNIT], minlength=len(passed))
        # Rows that are still to come start later than that, and so part later.
        if parted and limit is not None and limit > min(parted.values()).moment:
            break
    return parted


def _parting(unit: int, left: Ints, right: Ints, tables: Tables, rtol_energy: float) -> _Parting | None:
    """The moment at which a unit does something else than in the other trace."""
    at = _first_difference(left, right, rtol_energy)
    if at is None:
        return None
    rows = [rows[at].tolist() for rows in (left, right) if at < len(rows)]
    same = len(rows) == 2 and rows[0][:LENGTH] == rows[1][:LENGTH]
    first = min(rows)
    # Rows that differ in length alone do the same until the shorter one ends.
    moment = first[0] + (min(row[SPAN] for row in rows) if same and rows[0][SPAN] != rows[1][SPAN] else 0)
    return _Parting(moment, int(first[KIND] >= len(tables["kind"])), unit, at)


def _first_difference(left: Ints, right: Ints, rtol_energy: float) -> int | None:
    """The position of the first pair of rows that differ, where one may have ended; None for none."""
    shared = min(len(left), len(right))
    differs = (left[:shared, :-1] != right[:shared, :-1]).any(axis=1)
    differs |= energy_differs(left[:shared, -1], right[:shared, -1], rtol_energy)
    if differs.any():
        return int(differs.argmax())
    return shared if len(left) != len(right) else None


def energy_differs(a: NDArray[Any], b: NDArray[Any], rtol: float) -> NDArray[np.bool_]:
    """Which energies differ by more than a relative tolerance."""
    x, y = a.astype(float), b.astype(float)
    differs: NDArray[np.bool_] = np.abs(x - y) > rtol * np.maximum(np.abs(x), np.abs(y)) if rtol else a != b
    return differs


def _rest(one: Side, parting: _Parting) -> Iterator[RowBeside]:
    """The rows of the unit that parts, in order, from there on."""
    passed = 0
    for _, rows in one.windows():
        mine = rows[rows[:, UNIT] == parting.unit]
        if passed + len(mine) > parting.at:
            mine = mine[np.lexsort(mine.T[::-1])]
            yield from mine[max(parting.at - passed, 0) :].tolist()
        passed += len(mine)


def _counterpart(
    first: RowBeside | None, rest: Iterator[RowBeside], row: RowBeside, twins: Mapping[int, int]
) -> RowBeside | None:
    """The first of the rows with the same unit, kind, layer, inference and instruction, as it was or changed."""
    wanted = _place(row, twins)
    if first is None or _place(first, twins) == wanted:
        return first
    return next((other for other in rest if _place(other, twins) == wanted), None)


def _place(row: RowBeside, twins: Mapping[int, int]) -> RowBeside:
    """What a row is of: its unit, kind, layer, inference and instruction."""
    return [*row[UNIT:INSTRUCTION], twins.get(row[INSTRUCTION], row[INSTRUCTION])]


def _before(one: Side, tables: Tables, parted: Mapping[int, _Parting], first: _Parting) -> list[RowBeside]:
    """The last rows in common that had ended by then, without the controller's where another unit parts: it runs ahead
    of what is done, and would hide it.
    """
    issuing = issuer(one.trace.header.handovers)
    hidden = [at for at, unit in enumerate(tables["unit"]) if unit == issuing != tables["unit"][first.unit]]
    passed = np.zeros(len(tables["unit"]), dtype=np.int64)
    last = _NOTHING
    for limit, rows in one.windows():
        reached = passed + np.bincount(rows[:, UNIT], minlength=len(passed))
        common = (
            rows if all(reached[unit] <= where.at for unit, where in parted.items()) else _common(rows, parted, passed)
        )
        common = common[~np.isin(common[:, UNIT], hidden)]
        last = np.concatenate((last, _last_ended(common, first.moment)))
        last = last[np.lexsort((last[:, 0], last[:, 0] + last[:, SPAN]))][-BEFORE:]
        passed = reached
        if limit is not None and limit > first.moment:
            break
    found: list[RowBeside] = last.tolist()
    return found


def _common(rows: Ints, parted: Mapping[int, _Parting], passed: Ints) -> Ints:
    """The rows of a window that come before the parting of their units."""
    of_units = _by_unit(rows).items()
    ends = {unit: max(one.at - int(passed[unit]), 0) for unit, one in parted.items()}
    return np.concatenate([mine[: ends.get(unit, len(mine))] for unit, mine in of_units])


def _last_ended(rows: Ints, moment: int) -> Ints:
    """The last BEFORE rows that end by a moment, by unit and in order, and all others with the same end."""
    end = rows[:, 0] + rows[:, SPAN]
    rows, end = rows[end <= moment], end[end <= moment]
    if len(rows) > BEFORE:
        rows = rows[end >= np.partition(end, -BEFORE)[-BEFORE]]
    return np.concatenate([_NOTHING, *_by_unit(rows).values()])
