"""What the critical path says: where the time of a run went, and what a faster unit could gain at most.

The bound. With every delay but one unit's as it is, each chain of hand-overs stays a chain, so the run stays at least
as long as the critical path with that unit's cycles halved. What units share is the exception: a wait for a port, a
bank or a lane may vanish when another order of requests comes about, so all of it counts as gained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from acortex.traces.covers import Said, covers
from acortex.traces.critical import (
    BUSY,
    HAND_OVER,
    IDLE,
    LATENCY,
    WAITING,
    Path,
    Segment,
    critical_path,
    end_of_path,
    has_path,
)
from acortex.traces.endings import Endings
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.results_of_paths import CriticalPath, PathLine, PathSegment
from acortex.traces.rivals import rivals
from acortex.traces.stats import one_text

Key = TypeVar("Key", bound=Hashable)

QUICK = 1 << 18
"""Rows of a trace whose critical path takes about a second."""

LEAST = 100
"""A unit or a part counts from this part of the path on: with less it sets no run's length."""


def critical(trace: Trace) -> CriticalPath:
    """The critical path of a trace; of a selection what of its run's path lies in it.

    `segments` follow each other without a gap from 0 to `cycles`; the sums `by_unit`, `by_cause`, `by_layer` and
    `by_line` each add up to `cycles`, largest first. `halving` has, for units and for parts of several units (`host`,
    `vmm`, `main_memory`, …) that have a hundredth of the path or more, the cycles that a run with its delays halved
    could be shorter at most. `rivals` say what held the ports and lanes that the path waited for.
    """
    path = critical_path(trace.whole or trace)
    if trace.whole:
        path = of_selection(path, trace)
    segments = [PathSegment.model_validate(plain(one, trace)) for one in path]
    return sums_of(path, trace).model_copy(update={"segments": segments})


def quick(trace: Trace) -> CriticalPath | None:
    """The sums of a critical path where that takes about a second; None for a longer run, or a trace without one."""
    if not has_path(trace) or len(trace.events) + len(trace.waits) > QUICK:
        return None
    return sums_of(critical_path(trace), trace)


def sums_of(path: Path, trace: Trace) -> CriticalPath:
    """The same without the segments, of which a long run has millions; the path may be that of a selection."""
    header, parts = trace.header, _added_up(path)
    report = {
        **_covers(trace),
        "cycles": sum(one.end - one.start for one in parts) if trace.part else trace.cycles,
        "by_unit": _by_unit(parts),
        "by_cause": along(parts),
        "rivals": rivals(path, header),
        "by_layer": _named("name", _sums((header.layers[one.layer], one) for one in parts)),
        "by_line": _by_line(header, parts),
        "contention": _contention(parts),
        "halving": [] if trace.part else _halving(parts, Endings(header.handovers, header.units).parts()),
        "segments": [],
    }
    return CriticalPath.model_validate(report)


def _covers(trace: Trace) -> Said:
    """Which part of the path of its run a trace has: of one that was cut up to where its rows tell it."""
    said = covers(trace)
    end = end_of_path(trace)
    if said["covers"] and end < trace.header.filters.get("to_cycle", trace.cycles):
        said["covers"] = said["covers"].model_copy(update={"until_cycle": end})
    return said


def of_selection(path: Path, trace: Trace) -> Path:
    """What of the path of a run lies in a selection of its trace: segments of its units, layers, inferences, kinds,
    lines and cycles.
    """
    header, filters = trace.header, trace.header.filters
    first, end = filters.get("from_cycle", 0), filters.get("to_cycle", trace.cycles)
    found = []
    for one in path:
        place = {
            "units": one.unit,
            "layers": header.layers[one.layer],
            "inferences": one.inference,
            "kinds": one.name,
            "lines": header.source(one.pc),
        }
        cut = one._replace(start=max(one.start, first), end=min(one.end, end))
        if cut.start < cut.end and all(value in filters.get(name, (value,)) for name, value in place.items()):
            found.append(cut)
    return Path(reversed(found), path.rows)


def _added_up(path: Iterable[Segment]) -> list[Segment]:
    """One segment for all that are alike, as long as they are together, in the order of the first of each."""
    cycles: defaultdict[tuple[str, str, str, int, int], int] = defaultdict(int)
    for one in path:
        cycles[one.unit, one.what, one.name, one.pc, one.layer] += one.end - one.start
    return [Segment(0, length, *alike, -1) for alike, length in cycles.items()]


def along(path: Iterable[Segment]) -> list[dict[str, Any]]:
    """Cycles of a path by unit and by what it did or awaited, most first."""
    return [
        {"unit": unit, "what": what, "name": name, "cycles": cycles}
        for (unit, what, name), cycles in _sums(((one.unit, one.what, one.name), one) for one in path)
    ]


def _by_line(header: TraceHeader, parts: Sequence[Segment]) -> list[PathLine]:
    """Cycles by source line, with the instructions of each."""
    texts: dict[str, list[str]] = {}
    for one in parts:
        texts.setdefault(header.source(one.pc), []).append(header.text(one.pc))
    rows = _sums((header.source(one.pc), one) for one in parts)
    return [PathLine(line=line, text=one_text(texts[line]), cycles=cycles) for line, cycles in rows]


def _named(key: str, sums: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{key: name, "cycles": cycles} for name, cycles in sums]


def _sums(keyed: Iterable[tuple[Key, Segment]]) -> list[tuple[Key, int]]:
    """Cycles by key, most first; of equals, that which comes first on the path."""
    found: defaultdict[Key, int] = defaultdict(int)
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


def _halving(path: Sequence[Segment], parts: Mapping[str, str]) -> list[dict[str, Any]]:
    """How much each unit, and each part of the chip, has to do with the path, where that is not next to nothing.

    `parts` are the parts of the chip whose delays some events and waits are, in whatever unit.
    """
    own: defaultdict[str, int] = defaultdict(int)
    for one in path:
        for name in _owners(one, parts):
            own[name] += one.end - one.start
    shared, least = _contention(path), sum(one.end - one.start for one in path) // LEAST
    found = sorted(own.items(), key=lambda entry: -entry[1])
    return [
        {"name": name, "cycles": cycles, "gain_at_most": cycles // 2 + shared}
        for name, cycles in found
        if cycles > least
    ]


def _contention(path: Sequence[Segment]) -> int:
    """Cycles of waits for what units share, and of what nothing explains."""
    return sum(one.end - one.start for one in path if one.what in (WAITING, IDLE))


def _owners(one: Segment, parts: Mapping[str, str]) -> list[str]:
    """The units and parts whose delays a segment follows from; none where it is a hand-over or a wait."""
    if one.what not in (BUSY, LATENCY):
        return []
    owners = [one.unit, one.unit.rstrip("0123456789"), one.unit.partition("/")[0]]
    if one.name in parts:  # an access is main memory's time, the host's accesses too
        owners.append(parts[one.name])
    return list(dict.fromkeys(owners))  # in an order that is the same in every process


def plain(one: Segment, trace: Trace) -> dict[str, Any]:
    """A segment with names in place of positions."""
    row = one._asdict()
    row["layer"] = trace.header.layers[one.layer]
    pc = row.pop("pc")
    return {**row, "source": trace.header.source(pc), "text": trace.header.text(pc)}
