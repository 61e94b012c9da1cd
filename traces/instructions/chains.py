"""Chains of events as instructions: segments of a path that one unit spent on one instruction, as one link."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from acortex.traces.critical import BUSY, HAND_OVER, IDLE, LATENCY, WAITING, Segment
from acortex.traces.file.schema import TraceHeader
from acortex.traces.instructions.results import Link


def links(segments: Iterable[Segment], header: TraceHeader) -> Iterator[Link]:
    """The links of a path, in its order."""
    for (unit, pc, _, inference), some in groupby(segments, lambda one: (one.unit, one.pc, one.layer, one.inference)):
        parts = dict.fromkeys((BUSY, LATENCY, WAITING, HAND_OVER, IDLE), 0)
        start = end = None
        for one in some:
            parts[one.what] += one.end - one.start
            start, end = one.start if start is None else start, one.end
        yield Link(
            start=start or 0,
            end=end or 0,
            unit=unit,
            inference=inference,
            line=header.source(pc),
            text=header.text(pc),
            cycles=sum(parts.values()),
            **{name.replace("-", "_"): cycles for name, cycles in parts.items()},
        )


def count_links(segments: Iterable[Segment]) -> int:
    """How many links a path has."""
    return sum(1 for _ in groupby(segments, lambda one: (one.unit, one.pc, one.layer, one.inference)))
