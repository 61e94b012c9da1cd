"""Kanata log, version 4, for the pipeline viewer Konata: a row for each instruction, a stage for each event or wait.

Lanes are units. A row is what one instruction did for one inference in the unit that executes it, with nothing of
another in between; the words that it sent over a bus and the frames that it caused are in its row. An arrow leads from
the row of the instruction that ended a wait to the row that waited.

The trace is read twice in the order of its starts: rows are numbered by when they begin, which is known only when all
of their stages are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import numpy as np

from acortex.traces.endings import takers
from acortex.traces.export.konata_arrows import arrows
from acortex.traces.export.konata_rows import Assignment, Numbered
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.rows.in_order import Columns, in_order

HEADER = "Kanata\t0004"
LATE, NAMED, LABELLED, BEGUN, AT_ONCE, DEPENDS, RETIRED = range(7)
"""Commands of one cycle in their order: what ends comes before what begins, unless it lasts no cycle."""


def write(trace: Trace, path: Path) -> None:
    """The whole log; its cycles are the trace's. A trace that begins before cycle 0 starts there."""
    header = trace.header
    agents = takers(header.handovers, header.units)
    assigned = Assignment(np.array([unit not in agents for unit in header.units], dtype=bool))
    for _, stages in _stages(trace):
        assigned.add(stages)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        _write(trace, assigned.numbered(), file)


def _stages(trace: Trace) -> Iterator[tuple[int | None, Columns]]:
    """Events and waits in windows, by start, unit and name; causes are counted on after the kinds."""
    kinds = len(trace.header.kinds)

    def stage(chunk: Mapping[str, Ints]) -> dict[str, Ints]:
        name = chunk["kind"] if "kind" in chunk else chunk["cause"] + kinds
        columns = {column: chunk[column] for column in ("start", "unit", "pc", "inference")}
        return {**columns, "end": chunk["start"] + chunk["duration"], "name": name}

    for limit, window in in_order((trace.events, trace.waits), stage):
        order = np.lexsort((window["row"], window["name"], window["unit"], window["start"]))
        yield limit, {name: column[order] for name, column in window.items()}


def _write(trace: Trace, rows: Numbered, file: IO[str]) -> None:
    texts = _Texts(trace.header, rows, trace.part)
    at, now = 0, None
    cycles, consumers, producers = arrows(trace, rows)
    later = [cycles, _key(DEPENDS, consumers, 0), producers]
    file.write(f"{HEADER}\n")
    for limit, stages in _stages(trace):
        numbers = rows.of_stages[at : at + len(stages["start"])]
        at += len(numbers)
        parts = [later, *_of_stages(stages, numbers, texts), *rows_until(rows, limit)]
        cycle, key, suffix = map(np.concatenate, zip(*parts, strict=True))
        due = np.ones(len(cycle), dtype=bool) if limit is None else cycle < limit
        later = [cycle[~due], key[~due], suffix[~due]]
        order = np.lexsort((key[due], cycle[due]))
        cycle, key, suffix = cycle[due][order], key[due][order], suffix[due][order]
        if now is None and len(cycle):
            now = int(cycle[0])
            file.write(f"C=\t{now}\n")
        now = _write_commands(file, texts.commands(key, suffix), cycle, now)
    if now is None:
        file.write("C=\t0\n")


def _write_commands(file: IO[str], lines: list[str], cycle: Ints, now: int | None) -> int | None:
    """Writes lines with the steps of the clock between them; gives the cycle that the log is at."""
    if now is None or not len(cycle):
        return now
    steps = np.diff(cycle, prepend=now)
    for at in np.flatnonzero(steps).tolist():
        lines[at] = f"C\t{steps[at]}\n{lines[at]}"
    file.write("\n".join(lines) + "\n")
    return int(cycle[-1])


def _of_stages(stages: Columns, numbers: Ints, texts: _Texts) -> Iterator[list[Ints]]:
    """The commands that begin and end stages: cycle, key and suffix."""
    start, end, suffix = stages["start"], stages["end"], texts.suffix(stages["unit"], stages["name"])
    rank = texts.rank[suffix]
    yield [start, _key(BEGUN, numbers, rank), suffix]
    yield [end, _key(np.where(end == start, AT_ONCE, LATE), numbers, rank), suffix]


def rows_until(rows: Numbered, limit: int | None) -> Iterator[list[Ints]]:
    """The commands, not given yet, that begin and retire rows before a cycle: cycle, key and suffix."""
    begun, retired = rows.begin(limit), rows.retire(limit)
    for order, numbers, cycles in (
        (NAMED, begun, rows.first),
        (LABELLED, begun, rows.first),
        (RETIRED, retired, rows.last),
    ):
        yield [cycles[numbers], _key(order, numbers, 0), np.zeros(len(numbers), dtype=np.int64)]


_ROW_BITS, _RANK_BITS = 36, 24


def _key(order: int | Ints, numbers: Ints, rank: int | Ints) -> Ints:
    """Where a command stands among those of its cycle: its order, its row, then the text of its stage."""
    key: Ints = (np.asarray(order) << _ROW_BITS | numbers) << _RANK_BITS | rank
    return key


class _Texts:
    """The texts of commands."""

    def __init__(self, header: TraceHeader, rows: Numbered, part: str) -> None:
        self._header = header
        self._part = f"this log is incomplete: {part}" if part else ""
        self._rows = rows
        self._names = [*(kind.name for kind in header.kinds), *(f"wait_{cause}" for cause in header.causes)]
        self._suffixes = [f"{unit}\t{name}" for unit in range(len(header.units)) for name in self._names]
        self.rank = np.empty(len(self._suffixes), dtype=np.int64)
        """The place of each suffix in the order of their texts."""
        self.rank[sorted(range(len(self._suffixes)), key=self._suffixes.__getitem__)] = np.arange(len(self._suffixes))

    def suffix(self, unit: Ints, name: Ints) -> Ints:
        """The number of what follows the row's number in a command."""
        return unit * len(self._names) + name

    def commands(self, key: Ints, suffix: Ints) -> list[str]:
        """The lines of commands."""
        order, number = key >> _ROW_BITS + _RANK_BITS, key >> _RANK_BITS & (1 << _ROW_BITS) - 1
        letters = ["E", "I", "L", "S", "E", "W", "R"]
        depends = np.flatnonzero(order == DEPENDS)
        columns = (order.tolist(), number.tolist(), np.where(order == DEPENDS, 0, suffix).tolist())
        suffixes = self._suffixes
        lines = [f"{letters[what]}\t{row}\t{suffixes[after]}" for what, row, after in zip(*columns, strict=True)]
        for at in depends.tolist():
            lines[at] = f"W\t{number[at]}\t{suffix[at]}\t0"
        for at in np.flatnonzero((order == NAMED) | (order == LABELLED) | (order == RETIRED)).tolist():
            lines[at] = self._of_row(int(order[at]), int(number[at]))
        return lines

    def _of_row(self, order: int, number: int) -> str:
        """What names, labels or retires a row."""
        rows, header = self._rows, self._header
        pc, inference = int(rows.pc[number]), int(rows.inference[number])
        if order == RETIRED:
            return f"R\t{number}\t{number}\t0"
        if order == NAMED:
            return f"I\t{number}\t{pc}\t{max(inference, 0)}"
        does = header.instructions[pc] if 0 <= pc < len(header.instructions) else self._names[int(rows.name[number])]
        source, unit = header.source(pc), header.units[int(rows.unit[number])]
        label = f"L\t{number}\t0\t{_one_line(source)} {_one_line(does)}"
        about = f"{label}\nL\t{number}\t1\tinference {inference}, {unit}"
        return f"{about}; {_one_line(self._part)}" if self._part and not number else about


def _one_line(text: str) -> str:
    """A text that ends neither a line nor a field."""
    return text if text.isprintable() else "".join(letter if letter.isprintable() else " " for letter in text)
