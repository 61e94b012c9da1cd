"""A synthetic run: a pipeline of reads, loads, frames, conversions, vector steps and writes, with waits."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acortex.traces.endings import HandOver
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind, TraceHeader
from acortex.traces.file.writer import TraceWriter

KINDS = (
    EventKind("word_read", "words", "one word from main memory", "main_memory"),
    EventKind("latch_load", "words", "one word into the DAC latches of an array", "dacs"),
    EventKind("frame", "arrays", "one analog frame of a group", "arrays", (("sensing", 200_000), ("arrays", 300_000))),
    EventKind("conversion", "conversions", "one column sampled", "neurons_adcs"),
    EventKind("word_write", "words", "one word to main memory", "main_memory"),
)
PRICES_AJ = (9_001, 2_003, 500_009, 70_001, 11_003)
UNITS = ("main_memory.read", "vmm.load", "vmm", "neurons", "main_memory.write")
LINES_OF = ("toy.s:3", "toy.s:4", "toy.s:5", "toy.s:9", "toy.s:12")
CAUSES = ("bus taken", "token", "buffer empty")
HEADER = TraceHeader(
    program="toy.s",
    program_sha256="a" * 64,
    chip="acortex_toy",
    chip_sha256="b" * 64,
    config={"arrays": {"k": 64, "n": 2}, "memory": {"banks": 4}},
    clock_ns=1.785,
    units=UNITS,
    kinds=KINDS,
    causes=CAUSES,
    layers=("-", "conv1", "fc"),
    lines=LINES_OF,
    leakage_aj_per_cycle=13,
    handovers=(HandOver("*", "idle", "controller"),),
)
Rows = list[tuple[int, ...]]


def pipeline(positions: int, seed: int = 1) -> tuple[Rows, Rows]:
    """Events and waits of so many output positions; two inferences, two layers; units never overlap themselves."""
    rng = random.Random(seed)
    events: Rows = []
    waits: Rows = []
    cycle = 0
    for position in range(positions):
        layer, inference = 1 + position * 2 // max(positions, 1) % 2, position * 4 // max(positions, 1) % 2
        stall = rng.choice((0, 0, 0, 1, 5))
        for step, (duration, count) in enumerate(((2, 1), (3, 4), (5, 4), (4, 64), (2, 1))):
            at = cycle + 4 * step
            events.append((at, duration, step, step, count, step, layer, inference, count * PRICES_AJ[step]))
        if stall:
            waits.append((cycle + 6, stall, 0, rng.randrange(3), 0, layer, inference))
        cycle += 6 + stall
    return events, waits


@pytest.fixture
def header() -> TraceHeader:
    return HEADER


@pytest.fixture
def rows() -> tuple[Rows, Rows]:
    """A small run: 100 events and their waits."""
    return pipeline(20)


MakeTrace = Callable[..., Trace]


@pytest.fixture
def make_trace(tmp_path: Path) -> Iterator[MakeTrace]:
    """make_trace(events, waits=(), name="run", level="events", summary=None, **header fields): written, then opened."""

    def make(
        events: Rows,
        waits: Any = (),
        *,
        name: str = "run",
        level: str = "events",
        summary: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Trace:
        path = tmp_path / f"{name}.actrace"
        writer = TraceWriter(path, replace(HEADER, **changes), level)
        for event in events:
            writer.emit(*event)
        for wait in waits:
            writer.wait(*wait)
        writer.finish(summary or {})
        return reader.open(path)

    yield make
