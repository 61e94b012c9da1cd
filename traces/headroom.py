"""What the critical path says: where the time of a run went, and what a faster unit could gain at most.

The bound. With every delay but one unit's as it is, each chain of hand-overs stays a chain, so the run stays at least
as long as the critical path with that unit's cycles halved. What units share is the exception: a wait for a port, a
bank or a lane may vanish when another order of requests comes about, so all of it counts as gained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from acortex.traces.critical import BUSY, HAND_OVER, IDLE, LATENCY, WAITING, Segment, critical_path
from acortex.traces.reader import Trace
from acortex.traces.results_of_paths import CriticalPath

MEMORY = "main_memory"
"""The part of the chip whose time the accesses of every unit are, the host's too."""


def critical(trace: Trace) -> CriticalPath:
    """The critical path of a trace.

    `segments` follow each other without a gap from 0 to `cycles`; the sums `by_unit`, `by_cause`, `by_layer` and
    `by_line` each add up to `cycles`, largest first. `halving` has, for every unit and for parts of several units
    (`host`, `vmm`, `main_memory`, …), the cycles that a run with its delays halved could be shorter at most.
    """
    path = critical_path(trace)
    header = trace.header
    report = {
        "complete": trace.complete,
        "cycles": trace.cycles,
        "by_unit": _by_unit(path),
        "by_cause": along(path),
        "by_layer": _named("name", _sums((header.layers[one.layer], one) for one in path)),
        "by_line": _named("line", _sums((header.source(one.pc), one) for one in path)),
        "halving": _halving(path),
        "segments": [_plain(one, trace) for one in path],
    }
    return CriticalPath.model_validate(report)


def along(path: Sequence[Segment]) -> list[dict[str, Any]]:
    """Cycles of a path by unit and by what it did or awaited, most first."""
    return [
        {"unit": unit, "what": what, "name": name, "cycles": cycles}
        for (unit, what, name), cycles in _sums(((one.unit, one.what, one.name), one) for one in path)
    ]


def _named(key: str, sums: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{key: name, "cycles": cycles} for name, cycles in sums]


def _sums(keyed: Iterable[tuple[Any, Segment]]) -> list[tuple[Any, int]]:
    """Cycles by key, most first; of equals, that which comes first on the path."""
    found: defaultdict[Any, int] = defaultdict(int)
    for key, one in keyed:
        found[key] += one.end - one.start
    return sorted(found.items(), key=lambda entry: -entry[1])


def _by_unit(path: Sequence[Segment]) -> list[dict[str, Any]]:
    """What each unit contributes, and as what."""
    parts = dict(_sums(((one.unit, one.what), one) for one in path))
    return [
        {
            "name": unit,
            "cycles": cycles,
            **{
                what.replace("-", "_"): parts.get((unit, what), 0) for what in (BUSY, LATENCY, WAITING, HAND_OVER, IDLE)
            },
        }
        for unit, cycles in _sums((one.unit, one) for one in path)
    ]


def _halving(path: Sequence[Segment]) -> list[dict[str, Any]]:
    """How much each unit, and each part of the chip, has to do with the path; the largest bound first."""
    own: defaultdict[str, int] = defaultdict(int)
    for one in path:
        for name in _owners(one):
            own[name] += one.end - one.start
    shared = sum(one.end - one.start for one in path if one.what in (WAITING, IDLE))
    rows = [{"name": name, "cycles": cycles, "gain_at_most": cycles // 2 + shared} for name, cycles in own.items()]
    return sorted(rows, key=lambda row: -int(str(row["gain_at_most"])))


def _owners(one: Segment) -> set[str]:
    """The units and parts whose delays a segment follows from; none where it is a hand-over or a wait."""
    if one.what not in (BUSY, LATENCY):
        return set()
    owners = {one.unit, one.unit.rstrip("0123456789"), one.unit.partition("/")[0]}
    if one.name in ("memory.read", "memory.write", "latency"):
        owners.add(MEMORY)
    return owners


def _plain(one: Segment, trace: Trace) -> dict[str, Any]:
    row = one._asdict()
    row["layer"] = trace.header.layers[one.layer]
    row["source"] = trace.header.source(row.pop("pc"))
    return row
