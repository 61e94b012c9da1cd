"""Which share of the lines and branches of each layer the tests reach, beside the least that it may be.

`python tests/coverage_bars.py build/coverage.json` ends with 1 where a bar is not reached; `make coverage` calls it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

BARS = {"isa": 97.0, "traces": 97.0, "sim": 97.0, "programs": 97.0, "tools": 92.0}
"""The least share in percent, of lines and branches together, by layer."""

COUNTED = ("covered_lines", "num_statements", "covered_branches", "num_branches")
WORST = 12
"""How many files are named of a layer below its bar."""


def layer_of(file: str) -> str | None:
    """The layer that a file belongs to; None for one of no layer."""
    return next((part for part in Path(file).parts if part in BARS), None)


def shares(files: dict[str, dict[str, dict[str, int]]]) -> dict[str, float]:
    """The share of each layer in percent."""
    sums: dict[str, Counter[str]] = {name: Counter() for name in BARS}
    for file, found in files.items():
        if (name := layer_of(file)) is not None:
            sums[name].update({key: found["summary"].get(key, 0) for key in COUNTED})
    return {name: share(counts) for name, counts in sums.items() if counts["num_statements"]}


def share(counts: dict[str, int]) -> float:
    """The share of lines and branches together that were reached, in percent."""
    whole = counts["num_statements"] + counts.get("num_branches", 0)
    return 100.0 * (counts["covered_lines"] + counts.get("covered_branches", 0)) / whole if whole else 100.0


def lowest(files: dict[str, dict[str, dict[str, int]]], layer: str) -> list[tuple[int, str]]:
    """The files of a layer that lack most lines and branches, with how many of both."""
    lacking = [
        (sum(one["summary"].get(key, 0) for key in ("missing_lines", "missing_branches")), file)
        for file, one in files.items()
        if layer_of(file) == layer
    ]
    return sorted(lacking, reverse=True)[:WORST]


def main(path: Path) -> int:
    """Prints a line for each layer; 1 where one is below its bar, else 0."""
    files = json.loads(path.read_text())["files"]
    found = shares(files)
    for name, percent in found.items():
        sys.stdout.write(f"{name:10}{percent:7.2f} %   at least {BARS[name]:.0f} %\n")
    below = [name for name, percent in found.items() if percent < BARS[name]]
    for name in below:
        sys.stdout.write(f"\n{name} lacks most lines and branches in\n")
        sys.stdout.writelines(f"{lacking:6}  {file}\n" for lacking, file in lowest(files, name))
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
