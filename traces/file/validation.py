"""What a trace may hold: bounds of the header's numbers and of each field of a row, and the error for all else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.traces.file.columns import last_end

Ints = NDArray[np.int64]
Bound = tuple[int, int]

MOST = (1 << 63) - 1
"""The greatest cycle, count or energy of a row."""

EARLIEST = -(1 << 62)
"""The first cycle of a row: set-up comes before cycle 0."""

MOST_INFERENCES = 1 << 40

CLOCK_NS = (0.001, 1e6)
"""The bounds of a clock, those of a chip file."""

DEEPEST = 32
"""Maps and lists within each other, in a header or a summary."""


class TraceError(UsageError):
    """A trace that is damaged or that no run can have: the file and block, the value and its bound."""


def malformed(what: str, where: str) -> TraceError:
    """The error of a trace with right checksums and wrong content."""
    return TraceError(f"the trace is malformed: {what}", where=where, hint="it was not written by this program")


def in_words(bound: Bound) -> str:
    """A bound for people."""
    low, high = bound
    return f"{low} or more" if high == MOST else f"{low} to {high}"


@dataclass(frozen=True)
class Limits:
    """What the rows of one trace may hold: bounds by field, and the cycle by which all of them have ended."""

    bounds: Mapping[str, Bound]
    end: int = MOST

    def check(self, rows: Mapping[str, Ints], names: Sequence[str], where: str) -> None:
        """Raises the TraceError of the first value out of its bound; a field is checked before later ones are made."""
        for name in names:
            low, high = self.bounds.get(name, (0, MOST))
            values = rows[name]
            if int(values.min()) < low or int(values.max()) > high:
                row = int(((values < low) | (values > high)).argmax())
                what = f"row {row} has {name} {int(values[row])}, which must be {in_words((low, high))}"
                raise malformed(what, where)
        start, span = rows["start"], rows["span"]
        if last_end(start, span) > self.end:
            ends = zip(start.tolist(), span.tolist(), strict=True)
            row, end = next((row, sum(pair)) for row, pair in enumerate(ends) if sum(pair) > self.end)
            raise malformed(f"row {row} ends in cycle {end}, which must be {self.end} at most: the run's last", where)


def limits(sizes: Mapping[str, int], end: int | None) -> Limits:
    """The limits of rows that point into tables of these sizes, in a run of so many cycles if that is known."""
    bounds = {name: (0, size - 1) for name, size in sizes.items()}
    bounds["pc"] = (-1, sizes["pc"] - 1)
    return Limits(
        {**bounds, "start": (EARLIEST, MOST), "inference": (-1, MOST_INFERENCES), "merged": (1, MOST)},
        MOST if end is None else end,
    )


def check_plain(value: Any, name: str, where: str, depth: int = 0) -> None:
    """Refuses what JSON does not have: keys that are no texts, bytes, infinite numbers, and deep nesting."""
    if depth > DEEPEST:
        raise malformed(f"{name:.80} is nested deeper than {DEEPEST}", where)
    if isinstance(value, dict):
        for key, one in value.items():
            if type(key) is not str:
                raise malformed(f"{name:.80} has the key {key!r:.40}, which must be a text", where)
            check_plain(one, f"{name}.{key}" if depth < 2 else name, where, depth + 1)
    elif isinstance(value, list):
        for one in value:
            check_plain(one, name, where, depth + 1)
    elif not (value is None or isinstance(value, str | int) or (isinstance(value, float) and isfinite(value))):
        raise malformed(f"{name:.80} is {value!r:.40}, which must be a finite number, a text, a list or a map", where)
