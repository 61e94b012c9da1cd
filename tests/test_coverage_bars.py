"""The bars of coverage: what is counted for which layer, and when one is not reached."""

from __future__ import annotations

import json
from pathlib import Path

import coverage_bars
import pytest


def a_file(lines: int, of: int, branches: int = 0, branches_of: int = 0) -> dict[str, dict[str, int]]:
    """What coverage says of a file."""
    return {
        "summary": {
            "covered_lines": lines,
            "num_statements": of,
            "missing_lines": of - lines,
            "covered_branches": branches,
            "num_branches": branches_of,
            "missing_branches": branches_of - branches,
        }
    }


def test_lines_and_branches_count_alike_over_the_files_of_a_layer() -> None:
    files = {"isa/a.py": a_file(90, 100, 10, 20), "isa/asm/b.py": a_file(80, 80), "errors.py": a_file(0, 9)}
    assert coverage_bars.shares(files) == {"isa": pytest.approx(100 * 180 / 200)}


def told(files: dict[str, object], folder: Path) -> int:
    path = folder / "coverage.json"
    path.write_text(json.dumps({"files": files}))
    return coverage_bars.main(path)


def test_a_layer_at_its_bar_passes(tmp_path: Path) -> None:
    assert told({"isa/a.py": a_file(97, 100), "tools/b.py": a_file(92, 100)}, tmp_path) == 0


def test_a_layer_below_its_bar_fails_and_its_worst_file_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"isa/a.py": a_file(99, 100), "tools/b.py": a_file(95, 100), "tools/c.py": a_file(80, 100)}
    assert told(files, tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["tools", "87.50", "%", "at", "least", "92", "%"]
    assert lines[4].split() == ["20", "tools/c.py"]
