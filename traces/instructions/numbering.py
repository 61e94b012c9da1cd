"""Which execution of its instruction each row of a trace belongs to.

The controller's events are the executions, in the order of issue. Every unit takes its instructions in that order, so
its rows name the same addresses, layers and inferences in the same order. What a trace does not tell apart are
executions of one instruction that follow each other in a unit, in a loop that has no other instruction for it: the
events of these are shared out evenly, and where that does not come out even, all are one.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acortex.traces.endings import Endings, issuer, matches, takers
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.instructions.columns import Columns, Mask

NONE = -1
"""The execution of a row that no instruction made, or one that was never issued."""


@dataclass(frozen=True)
class Executions:
    """The executions of a run in the order of issue, and those of the rows.

    `pc`, `layer`, `inference`, `issue` (the row of the controller's event), `unit` (that took it, else the controller)
    and `alike` (how many executions the row stands for) have an element for each execution. `of` has the execution of
    each row of the columns, NONE for none.
    """

    pc: Ints
    layer: Ints
    inference: Ints
    issue: Ints
    unit: Ints
    alike: Ints
    of: Ints


class _Queue(NamedTuple):
    """Rows of one unit, or of its lanes, and the executions that they can belong to, both in their order."""

    rows: Ints
    executions: Ints


def number(trace: Trace, columns: Columns) -> Executions:
    """Finds the execution of each row of a trace that holds every event."""
    header = trace.header
    rows = columns.rows_of(header.units.index(issuer(header.handovers)))
    issue = np.flatnonzero(columns.events[rows]) + rows.start
    pcs, of = columns.pc[issue], np.full(len(columns.pc), NONE, np.int64)
    taker = _takers(header, columns)
    found = Executions(
        pcs, columns.layer[issue], columns.inference[issue], issue, taker[pcs], np.ones(len(pcs), np.int64), of
    )
    of[rows] = np.cumsum(columns.events[rows]) - columns.events[rows]
    of[of == len(pcs)] = NONE  # what the controller still waited to issue
    late = _late(header, columns, taker)
    for queue in _queues(header, columns, taker, pcs):
        _match(columns, found, queue, late, not trace.complete or bool(trace.missing))
    return found


def _takers(header: TraceHeader, columns: Columns) -> Ints:
    """The unit that takes the instruction at each address; the controller where none does."""
    found = np.full(len(header.lines) + 1, header.units.index(issuer(header.handovers)), np.int64)
    for name in reversed(takers(header.handovers, header.units)):
        unit = header.units.index(name)
        found[np.unique(columns.pc[columns.rows_of(unit)])] = unit
    return found


def _late(header: TraceHeader, columns: Columns, taker: Ints) -> Mask:
    """Which rows are waits that come after the event that they belong to.

    A unit that follows another waits for that before its event, and for any other unit after it.
    """
    endings, agents = Endings(header.handovers, header.units), set(takers(header.handovers, header.units))
    late = np.zeros((len(header.units), columns.kinds + len(header.causes)), np.bool_)
    for unit, name in enumerate(header.units):
        if name in agents or name == issuer(header.handovers):
            continue
        givers = {header.units[one] for one in np.unique(taker[columns.pc[columns.rows_of(unit)]]).tolist()}
        for at, cause in enumerate(header.causes):
            found = [row for row in endings.of(name, cause) if row.ended_by]
            met = any(matches(row.ended_by, giver) for row in found for giver in givers)
            late[unit, columns.kinds + at] = bool(found) and not met
    return late[columns.unit, columns.code]


def _queues(header: TraceHeader, columns: Columns, taker: Ints, pcs: Ints) -> Iterator[_Queue]:
    """The rows of units but the controller, each lot in the order of the executions beside it."""
    lanes: dict[str, list[int]] = {}
    for unit, name in enumerate(header.units):
        if name != issuer(header.handovers):
            lanes.setdefault(name.rstrip("0123456789"), []).append(unit)
    for units in lanes.values():
        own = [np.arange(len(columns.pc))[columns.rows_of(unit)] for unit in units]
        some = [np.unique(columns.pc[rows]) for rows in own]
        shared, counts = np.unique(np.concatenate(some), return_counts=True)
        shared = shared[counts > 1]
        for rows, there in zip(own, some, strict=True):
            yield from _by_taker(columns, rows, np.setdiff1d(there, shared), taker, pcs)
        # Words of one instruction cross several lanes: together they are in order, those of a lane lack some.
        rows = np.concatenate(own)
        rows = rows[np.argsort(columns.start[rows], kind="stable")]
        yield from _by_taker(columns, rows, shared, taker, pcs)


def _by_taker(columns: Columns, rows: Ints, there: Ints, taker: Ints, pcs: Ints) -> Iterator[_Queue]:
    """The rows of some instructions, those of each unit that takes instructions apart: only these are in order."""
    there = there[there >= 0]
    for unit in np.unique(taker[there]).tolist():
        chosen = np.zeros(len(taker), np.bool_)
        chosen[there[taker[there] == unit]] = True
        yield _Queue(rows[chosen[columns.pc[rows]]], np.flatnonzero(chosen[pcs]))


# Rows and executions, side by side ------------------------------------------------------------------------------------


def _match(columns: Columns, found: Executions, queue: _Queue, late: Mask, cut: bool) -> None:
    """Gives the rows of a queue their executions: run by run of the same instruction, then within each."""
    rows, executions = queue
    if not len(rows) or not len(executions):
        return
    row_key = np.stack((columns.pc[rows], columns.layer[rows], columns.inference[rows]))
    key = np.stack((found.pc[executions], found.layer[executions], found.inference[executions]))
    begins, runs = _runs(row_key), _runs(key)
    placed = _placed(row_key[:, begins], key[:, runs])
    known = placed >= 0
    sizes = np.diff(np.append(runs, len(executions)))[placed] * known
    events = columns.events[rows]
    length = np.diff(np.append(begins, len(rows)))
    each = _shares(row_key[0, begins], np.add.reduceat(events.astype(np.int64), begins), sizes, cut)
    before: Ints = np.cumsum(events) - events
    nth: Ints = before - np.repeat(before[begins], length) - late[rows]
    part = np.where(np.repeat(each, length) > 0, nth // np.repeat(np.maximum(each, 1), length), 0)
    part = np.clip(part, 0, np.repeat(np.maximum(sizes - 1, 0), length))
    place = np.repeat(runs[placed], length) + part
    found.of[rows] = np.where(np.repeat(known, length), executions[np.minimum(place, len(executions) - 1)], NONE)
    merged = known & (each == 0)
    np.maximum.at(found.alike, executions[runs[placed[merged]]], sizes[merged])


def _runs(key: Ints) -> Ints:
    """Where runs of equal columns begin."""
    changed = (key[:, 1:] != key[:, :-1]).any(axis=0)
    return np.concatenate(([0], np.flatnonzero(changed) + 1)) if key.shape[1] else np.zeros(0, np.int64)


def _placed(rows: Ints, executions: Ints) -> Ints:
    """The run of executions that each run of rows belongs to, in rising order; -1 for none."""
    count = rows.shape[1]
    if count <= executions.shape[1] and (rows == executions[:, :count]).all():
        return np.arange(count)
    places: dict[tuple[int, ...], list[int]] = {}
    for at, one in enumerate(executions.T.tolist()):
        places.setdefault(tuple(one), []).append(at)
    placed, least = np.full(count, -1), 0
    for at, one in enumerate(rows.T.tolist()):
        of_key = places.get(tuple(one), [])
        next_ = bisect_left(of_key, least)
        if next_ < len(of_key):
            placed[at] = of_key[next_]
            least = of_key[next_] + 1
    return placed


def _shares(pcs: Ints, events: Ints, sizes: Ints, cut: bool) -> Ints:
    """How many events each execution of a run has; 0 where that is not known."""
    whole = np.maximum(sizes, 1)
    each = np.where(events % whole == 0, np.maximum(events // whole, 1), 0)
    alone = events[(sizes == 1) & (pcs == pcs[-1])]
    if cut and sizes[-1] > 1 and len(alone):
        each[-1] = max(alone[0], 1)  # the last run lacks some executions, so that an even share would be wrong
    return np.where(sizes == 1, np.maximum(events, 1), each)
