"""Which part of a run a trace holds: what its filters name, those of its writer and those of selections alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from acortex.errors import UsageError
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Window, matching
from acortex.traces.file.validation import EARLIEST, MOST
from acortex.wording import some_of

Filters = dict[str, Any]
"""What is kept, by name: lists of PARTS, `from_cycle` and `to_cycle`; or the arguments of `Table.select`."""

EVER = (EARLIEST, MOST)
"""The window of all cycles."""

PARTS = ("units", "layers", "kinds", "inferences", "lines")
"""What a filter can have a list of."""


def narrowed(header: TraceHeader, wanted: Filters) -> Filters:
    """The filters of what is left of a trace, of which `wanted` was selected as `Table.select` takes it."""
    found = dict(header.filters)
    kinds = [kind.name for kind in header.kinds]
    for name, plural, names in (
        ("unit", "units", header.units),
        ("layer", "layers", header.layers),
        ("kind", "kinds", kinds),
    ):
        if wanted.get(name) is not None:
            _keep(found, plural, [one for one, kept in zip(names, matching(wanted[name], names), strict=False) if kept])
    if wanted.get("inference") is not None:
        _keep(found, "inferences", _numbers(wanted["inference"]))
    if wanted.get("pc") is not None:
        _keep(found, "lines", [header.source(pc) for pc in _numbers(wanted["pc"])])
    if wanted.get("line") is not None:
        lines = np.array(header.lines)[matching(wanted["line"], header.lines)[:-1]]
        _keep(found, "lines", sorted(set(lines.tolist())))
    return found | _window(found, wanted.get("window"))


def _numbers(given: int | Collection[int]) -> list[int]:
    return [given] if isinstance(given, int) else sorted(given)


def _keep(found: Filters, name: str, chosen: Sequence[object]) -> None:
    found[name] = [one for one in chosen if one in found[name]] if name in found else list(chosen)


def _window(found: Filters, window: Window | None) -> dict[str, int]:
    """The ends of a window that a selection has cut."""
    first, end = window or EVER
    cut = {}
    if first > EARLIEST:
        cut["from_cycle"] = max(first, found.get("from_cycle", first))
    if end < MOST:
        cut["to_cycle"] = min(end, found.get("to_cycle", end))
    return cut


def window_of(first: int | None, end: int | None, cycles: int) -> Window | None:
    """A window with either end left out; None without both. UsageError where the run has no cycle in it."""
    if first is None and end is None:
        return None
    begins, ends = EVER[0] if first is None else first, EVER[1] if end is None else end
    if begins >= min(ends, max(cycles, 1)):
        told = f"the window from cycle {first or 0} until {cycles if end is None else end} has no cycle of the run"
        raise UsageError(
            told, hint=f"the run has cycles 0 to {max(cycles - 1, 0)}; `until` is the first that is left out"
        )
    return begins, ends


def told(level: str, lost: str, filters: Filters) -> str:
    """In words what of a run a trace holds; "" for all of it."""
    parts = [f"{name} {some_of([str(one) for one in filters[name]], 6)}" for name in PARTS if name in filters]
    if "from_cycle" in filters or "to_cycle" in filters:
        parts.append(f"cycles {filters.get('from_cycle', 'begin')} until {filters.get('to_cycle', 'end')}")
    if level != "events":
        parts.append(f"level {level}, where one row stands for many events")
    whole = f"only {'; '.join(parts)}" if parts else ""
    return "; ".join(filter(None, (whole, lost)))
