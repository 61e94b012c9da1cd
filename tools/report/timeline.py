"""The rows of a trace as a page has them: by unit and time, with what ended each wait, and the executions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from acortex.tools.report.packing import Packed, packed
from acortex.traces.critical import Path, has_path
from acortex.traces.enders import OTHERWISE, Enders
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints
from acortex.traces.instructions.columns import Columns
from acortex.traces.instructions.numbering import NONE, number
from acortex.traces.instructions.waits import HOWS

Progress = Callable[[int, int], None]

_SAME = ("start", "duration", "span", "unit", "pc", "layer", "inference")

DELTA = frozenset(("pc", "layer", "inference", "execution", "issued"))
"""Columns that are packed by their differences."""


@dataclass(frozen=True)
class Timeline:
    """What the timeline and the table of instructions of a page are made of.

    `rows` are packed columns by unit and start: `gap` (from the end of the row before, of the same unit, to its start),
    `duration`, `span`, `code` (a kind of event, or behind these a cause of a wait), `pc`, `layer`, `inference`,
    `count`, `energy` (attojoules beyond count times the price), `execution` and `ended_by` (a place in `enders`).
    `first` says where each unit begins; `prices` are attojoules per count by kind. `enders` are (unit, pc, how).
    `path` has the segments of the critical path, whose `name` is a code too; `issued` one row for each execution.
    """

    rows: Packed
    first: list[int]
    prices: list[int]
    enders: list[tuple[int, int, str]]
    path: Packed | None
    whats: list[str]
    issued: Packed | None


def timeline(trace: Trace, path: Path | None, progress: Progress) -> Timeline:
    """The rows of a trace, packed. `progress` receives how many waits were looked at, of how many."""
    columns, count, span = _sorted(trace)
    prices, rest = _prices(columns, count, len(trace.header.kinds))
    found = {
        "gap": _gaps(columns, span),
        "duration": columns.end - columns.start,
        "span": span,
        "code": columns.code,
        "pc": columns.pc,
        "layer": columns.layer,
        "inference": columns.inference,
        "count": count,
        "energy": rest,
    }
    enders: list[tuple[int, int, str]] = [(-1, -1, "")]
    issued = None
    if has_path(trace) and len(columns.pc):
        executions = number(trace, columns)
        found["execution"] = executions.of
        found["ended_by"] = _ended_by(trace, columns, enders, progress)
        told = {name: getattr(executions, name) for name in ("pc", "layer", "inference", "unit", "alike")}
        issued = packed({**told, "issued": columns.start[executions.issue]}, DELTA)
    whats: list[str] = []
    return Timeline(
        rows=packed(found, DELTA),
        first=columns.first.tolist(),
        prices=prices,
        enders=enders,
        path=None if path is None else _packed_path(trace, path, whats),
        whats=whats,
        issued=issued,
    )


def _sorted(trace: Trace) -> tuple[Columns, Ints, Ints]:
    """All rows by unit, start and end; their counts, 0 of waits; and their spans."""
    header = trace.header
    kinds = len(header.kinds)
    events = {name: trace.events[name] for name in (*_SAME, "kind", "count", "energy_aj")}
    waits = {name: trace.waits[name] for name in (*_SAME, "cause")}
    none = np.zeros(len(waits["start"]), np.int64)
    found = {name: np.concatenate((events[name], waits[name])) for name in _SAME}
    found["code"] = np.concatenate((events["kind"], waits["cause"] + kinds))
    found["count"] = np.concatenate((events["count"], none))
    found["energy_aj"] = np.concatenate((events["energy_aj"], none))
    order = np.lexsort((found["start"] + found["span"], found["start"], found["unit"]))
    found = {name: column[order] for name, column in found.items()}
    duration, count, span = (found.pop(name) for name in ("duration", "count", "span"))
    sizes = np.bincount(found["unit"], minlength=len(header.units))
    first = np.concatenate(([0], np.cumsum(sizes)))
    columns = Columns(end=found["start"] + duration, first=first, kinds=kinds, **found)
    return columns, count, span


def _gaps(columns: Columns, span: Ints) -> Ints:
    """From the end of the row before, of the same unit, to the start of each; from 0 for the first of a unit."""
    before = np.concatenate(([0], (columns.start + span)[:-1]))
    before[columns.first[:-1][columns.first[:-1] < len(before)]] = 0
    return columns.start - before


def _prices(columns: Columns, count: Ints, kinds: int) -> tuple[list[int], Ints]:
    """What a count of each kind costs, by its first event, and what each row costs beyond that."""
    prices = np.zeros(kinds + 1, np.int64)
    counted = np.flatnonzero(columns.events & (count > 0))
    some, at = np.unique(columns.code[counted], return_index=True)
    prices[some] = columns.energy_aj[counted[at]] // count[counted[at]]
    return prices[:-1].tolist(), columns.energy_aj - count * prices[np.minimum(columns.code, kinds)]


def _ended_by(trace: Trace, columns: Columns, enders: list[tuple[int, int, str]], progress: Progress) -> Ints:
    """What ended each wait, as a place in `enders`, which grows; 0 where nothing of another unit did."""
    found = np.zeros(len(columns.pc), np.int64)
    waits = np.flatnonzero(~columns.events & (columns.end > columns.start))
    how, unit, pc, _ = Enders(trace).of(waits, progress)
    known = np.flatnonzero(how != OTHERWISE)
    told = np.stack((unit, pc, how))[:, known]
    kinds, first, at = np.unique(told, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)  # in the order of the first wait that each ended
    found[waits[known]] = np.argsort(order)[at] + 1
    enders.extend((unit, pc, HOWS[how]) for unit, pc, how in kinds[:, order].T.tolist())
    return found


def _packed_path(trace: Trace, path: Path, whats: list[str]) -> Packed:
    """The segments of the critical path from cycle 0 on: their lengths, units, what and by which name."""
    header = trace.header
    units = {name: at for at, name in enumerate(header.units)}
    names = {name: at for at, name in enumerate([*(kind.name for kind in header.kinds), *header.causes])}
    numbers: dict[str, int] = {}
    rows = [
        (one.end - one.start, units[one.unit], numbers.setdefault(one.what, len(numbers)), names.get(one.name, NONE),
         one.pc, one.inference)
        for one in path
    ]  # fmt: skip
    whats.extend(numbers)
    table = np.array(rows, np.int64).reshape(-1, 6)
    columns = dict(zip(("duration", "unit", "what", "name", "pc", "inference"), table.T, strict=True))
    return packed(columns, frozenset(("pc", "inference")))
