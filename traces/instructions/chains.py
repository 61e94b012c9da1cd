"""Chains of events as instructions: cycles of a path by the instruction that a unit spent them on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypedDict

from acortex.traces.critical import BUSY, HAND_OVER, IDLE, LATENCY, WAITING, Segment
from acortex.traces.file.schema import TraceHeader
from acortex.traces.instructions.results import ChainPart, Link


class _Part(TypedDict):
    """What all parts of chains say."""

    line: str
    text: str
    units: list[str]
    cycles: int
    busy: int
    latency: int
    waiting: int
    hand_over: int
    idle: int


def links(segments: Iterable[Segment], header: TraceHeader) -> Iterator[Link]:
    """The links of a path, in its order: segments after each other that are one execution's."""
    for (_, _, inference), found in groupby(segments, _execution):
        some = list(found)
        yield Link(start=some[0].start, end=some[-1].end, inference=inference, **_part(some, header))


def count_links(segments: Iterable[Segment]) -> int:
    """How many links a path has."""
    return sum(1 for _ in groupby(segments, _execution))


def parts(segments: Iterable[Segment], header: TraceHeader) -> list[ChainPart]:
    """A path by instruction, in the order in which it comes to each."""
    found: dict[int, list[Segment]] = {}
    for one in segments:
        found.setdefault(one.pc, []).append(one)
    return [ChainPart(**_part(some, header)) for some in found.values()]


def _execution(one: Segment) -> tuple[int, int, int]:
    return one.pc, one.layer, one.inference


def _part(some: Sequence[Segment], header: TraceHeader) -> _Part:
    """What some segments of one instruction add up to."""
    units: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for one in some:
        units[one.unit] += one.end - one.start
        sums[one.what] += one.end - one.start
    return {
        "line": header.source(some[0].pc),
        "text": header.text(some[0].pc),
        "units": [unit for unit, _ in units.most_common()],
        "cycles": units.total(),
        "busy": sums[BUSY],
        "latency": sums[LATENCY],
        "waiting": sums[WAITING],
        "hand_over": sums[HAND_OVER],
        "idle": sums[IDLE],
    }
