"""Statistics in the manner of gem5's stats.txt: a name, a value, and what it is with its unit, a line each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from acortex.traces.covers import in_words
from acortex.traces.file.reader import Trace
from acortex.traces.stats import STATISTICS, stats

BEGIN = "---------- Begin Simulation Statistics ----------"
END = "---------- End Simulation Statistics   ----------"

_TABLES = (
    ("components", "component"),
    ("kinds", "kind"),
    ("units", "unit"),
    ("layers", "layer"),
    ("inferences", "inference"),
)
"""The tables of `stats` that are written, and the first word of the names of each."""

Line = tuple[str, int | float, str]


def write(trace: Trace, path: Path) -> None:
    """Totals, then a line for each statistic of each component, kind, unit, wait, layer and inference."""
    report = stats(trace)
    lines = list(_lines(report))
    widest = max(len(name) for name, _, _ in lines)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        said = in_words(report.covers)
        file.write(f"# {said}\n{BEGIN}\n" if said else f"\n{BEGIN}\n")
        for name, value, comment in lines:
            file.write(f"{name:<{widest}} {value!r:>24}  # {comment}\n")
        file.write(f"\n{END}\n")


def _lines(report: Mapping[str, Any]) -> Iterator[Line]:
    yield from _row("sim", report["totals"], "the whole run" if report["complete"] else "this part of the run")
    for table, word in _TABLES:
        for row in report[table]:
            name = row["index"] if word == "inference" else row["name"]
            yield from _row(f"{word}.{_name(name)}", row, f"{word} {name}")
    for row in report["waits"]:
        comment = f"cycles that {row['unit']} waited for {row['cause']} (cycles)"
        yield f"wait.{_name(row['unit'])}.{_name(row['cause'])}", row["cycles"], comment


def _row(prefix: str, row: Mapping[str, Any], whose: str) -> Iterator[Line]:
    """The numbers of one row that have a description."""
    for one in STATISTICS:
        if isinstance(row.get(one.name), int | float):
            unit = row["unit"] if one.name == "count" else one.unit
            yield f"{prefix}.{one.name}", row[one.name], f"{whose}: {one.description} ({unit})"


def _name(text: object) -> str:
    """A name without what ends a field or a path."""
    return re.sub(r"[\s#./:]+", "_", str(text)) or "none"
