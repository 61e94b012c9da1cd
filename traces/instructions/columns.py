"""All rows of a trace, events and waits, as columns in the order of unit and time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.traces.file.reader import Trace
from acortex.traces.file.table import Ints

MOST_ROWS = 1 << 24
"""Rows that are taken in at once: about 2 GB."""

Mask = NDArray[np.bool_]

_NAMES = ("start", "duration", "unit", "pc", "layer", "inference")


@dataclass(frozen=True)
class Columns:
    """Rows by unit, start and end, each column int64. `code` is a kind of event, or behind these a cause of waits.

    `first` says where the rows of each unit begin, and has their number as its last. `kinds` is the first code that is
    a cause.
    """

    start: Ints
    end: Ints
    unit: Ints
    code: Ints
    pc: Ints
    layer: Ints
    inference: Ints
    energy_aj: Ints
    first: Ints
    kinds: int

    @property
    def events(self) -> Mask:
        """Which rows are events."""
        return self.code < self.kinds

    def rows_of(self, unit: int) -> slice:
        """Where the rows of a unit are."""
        return slice(int(self.first[unit]), int(self.first[unit + 1]))


def columns_of(trace: Trace) -> Columns:
    """The columns of all rows of a trace. Raises UsageError for a trace of more than MOST_ROWS."""
    if len(trace.events) + len(trace.waits) > MOST_ROWS:
        what = f"has more than {MOST_ROWS:,} rows, too many to view as instructions"
        hint = "give a program and --max-cycles; `acortex trace stats` and `critical` take traces of any length"
        raise UsageError(what, where=str(trace.path), hint=hint)
    kinds = len(trace.header.kinds)
    events, waits = trace.events.columns(), trace.waits.columns()
    found = {name: np.concatenate((events[name], waits[name])) for name in _NAMES}
    code = np.concatenate((events["kind"], waits["cause"] + kinds))
    energy = np.concatenate((events["energy_aj"], np.zeros(len(code) - len(events["kind"]), np.int64)))
    end = found["start"] + found.pop("duration")
    order = np.lexsort((end, found["start"], found["unit"]))
    rest = {name: column[order] for name, column in found.items()}
    sizes = np.bincount(rest["unit"], minlength=len(trace.header.units))
    first = np.concatenate(([0], np.cumsum(sizes)))
    return Columns(end=end[order], code=code[order], energy_aj=energy[order], first=first, kinds=kinds, **rest)
