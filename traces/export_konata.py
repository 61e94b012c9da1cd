"""Kanata log, version 4, for the pipeline viewer Konata: a row an instruction, a stage an event or a wait.

Lanes are units. A row is what one instruction did for one inference in the unit that executes it, with nothing of
another in between; the words that it sent over a bus and the frames that it caused are in its row.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acortex.traces.reader import Trace
from acortex.traces.table import Ints

HEADER = "Kanata\t0004"
FOLLOWERS = ("controller", "vmm/frame", "buses/")
"""Units that work for the instructions of others."""

Key = tuple[int, int]


class Stage(NamedTuple):
    """An event or a wait of a unit."""

    start: int
    end: int
    unit: int
    name: str
    key: Key


def write(trace: Trace, path: Path) -> None:
    """The whole log; its cycles are the trace's. A trace that begins before cycle 0 starts there."""
    stages = list(_stages(trace))
    rows = _rows(trace, stages)
    commands = sorted(_commands(trace, rows))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        now = commands[0][0] if commands else 0
        file.write(f"{HEADER}\nC=\t{now}\n")
        for cycle, _, _, text in commands:
            if cycle > now:
                file.write(f"C\t{cycle - now}\n")
                now = cycle
            file.write(f"{text}\n")


def _stages(trace: Trace) -> Iterator[Stage]:
    """Events and waits, by start."""
    columns: list[list[Ints]] = []
    for table, group, base in ((trace.events, "kind", 0), (trace.waits, "cause", len(trace.header.kinds))):
        wanted = ("start", "duration", "unit", group, "pc", "inference")
        columns.append([table[name] + base if name == group else table[name] for name in wanted])
    joined = [np.concatenate(pair) for pair in zip(*columns, strict=True)]
    names = [*(kind.name for kind in trace.header.kinds), *(f"wait_{cause}" for cause in trace.header.causes)]
    order = np.lexsort((joined[3], joined[2], joined[0]))
    for start, duration, unit, name, pc, inference in zip(*(column[order].tolist() for column in joined), strict=True):
        yield Stage(start, start + duration, unit, names[name], (pc, inference))


def _rows(trace: Trace, stages: list[Stage]) -> list[list[Stage]]:
    """The stages of each row, rows by their first start."""
    follows = [unit.startswith(FOLLOWERS) for unit in trace.header.units]
    rows: list[list[Stage]] = []
    latest: dict[int, list[Stage]] = {}
    mine: defaultdict[Key, list[list[Stage]]] = defaultdict(list)
    for stage in stages:
        if follows[stage.unit]:
            continue
        row = latest.get(stage.unit)
        if row is None or row[0].key != stage.key:
            row = latest[stage.unit] = []
            rows.append(row)
            mine[stage.key].append(row)
        row.append(stage)
    begins = {key: [row[0].start for row in found] for key, found in mine.items()}
    for stage in stages:
        if follows[stage.unit]:
            found = mine.get(stage.key)
            if found is None:
                rows.append([stage])
            else:
                found[max(bisect_right(begins[stage.key], stage.start) - 1, 0)].append(stage)
    return sorted(rows, key=lambda row: (min(stage.start for stage in row), row[0].key))


def _commands(trace: Trace, rows: list[list[Stage]]) -> Iterator[tuple[int, int, int, str]]:
    """Lines with their cycle, their order in it, and the row: what ends comes before what begins."""
    header = trace.header
    for number, row in enumerate(rows):
        pc, inference = row[0].key
        first, last = min(stage.start for stage in row), max(stage.end for stage in row)
        text = header.instructions[pc] if 0 <= pc < len(header.instructions) else row[0].name
        yield first, 1, number, f"I\t{number}\t{pc}\t{max(inference, 0)}"
        yield first, 2, number, f"L\t{number}\t0\t{header.source(pc)} {text}"
        yield first, 2, number, f"L\t{number}\t1\tinference {inference}, {header.units[row[0].unit]}"
        for stage in row:
            lane = f"{number}\t{stage.unit}\t{stage.name}"
            yield stage.start, 3, number, f"S\t{lane}"
            yield stage.end, 4 if stage.end == stage.start else 0, number, f"E\t{lane}"
        yield last, 5, number, f"R\t{number}\t{number}\t0"
