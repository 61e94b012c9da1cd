"""Traces with less detail, made of traces of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from acortex.errors import UsageError
from acortex.isa import assemble_file
from acortex.programs.shipped import FOLDER
from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.traces.coarser import coarser
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Trace]:
    """One run at each level."""
    folder, found = tmp_path_factory.mktemp("levels"), {}
    for level in ("events", "instructions", "layers"):
        path = folder / f"{level}.actrace"
        run(assemble_file(FOLDER / "residual.s"), values=False, trace=path, trace_level=level)
        found[level] = open_trace(path)
    return found


def rows(trace: Trace) -> list[Any]:
    """All rows, in an order of their own."""
    return sorted(map(tuple, trace.events)), sorted(map(tuple, trace.waits))  # type: ignore[return-value]


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_it_is_what_a_run_at_that_level_writes(traces: dict[str, Trace], tmp_path: Path, level: str) -> None:
    made = coarser(traces["events"], level, tmp_path / "x.actrace")
    assert (made.header, made.summary) == (traces[level].header, traces[level].summary)
    assert rows(made) == rows(traces[level])


def test_a_trace_that_has_the_level_is_itself(traces: dict[str, Trace], tmp_path: Path) -> None:
    assert coarser(traces["layers"], "layers", tmp_path / "x.actrace") is traces["layers"]


def test_detail_that_a_trace_lacks_is_not_made_up(traces: dict[str, Trace], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has the detail layers, and instructions is asked for"):
        coarser(traces["layers"], "instructions", tmp_path / "x.actrace")


def test_a_selection_stays_one(traces: dict[str, Trace], tmp_path: Path) -> None:
    chosen = traces["events"].select(unit="main_memory/*", inference=1)
    made = coarser(chosen, "instructions", tmp_path / "x.actrace")
    assert made.header.filters == chosen.header.filters != {}
    assert {made.header.units[row.unit] for row in made.events} == {
        "main_memory/read",
        "main_memory/operand",
        "main_memory/write",
    }
    assert sum(row.duration for row in made.events) == sum(row.duration for row in chosen.events)


def exported(trace: Trace, out: Path, *more: str) -> str:
    """Exports a trace; returns what was said on stderr."""
    done = CliRunner().invoke(cli, ["trace", "export", str(trace.path), "--to", "chrome", "-o", str(out), *more])
    assert done.exit_code == 0, done.output
    return done.stderr


def test_an_export_takes_it(traces: dict[str, Trace], tmp_path: Path) -> None:
    sizes = []
    for number, more in enumerate([[], ["--detail", "instructions"], ["--detail", "layers"]]):
        out = tmp_path / f"{number}.json"
        exported(traces["events"], out, *more)
        sizes.append(out.stat().st_size)
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_large_export_says_what_it_holds(
    traces: dict[str, Trace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acortex.tools.commands.trace.LARGE", 1000)
    assert "--detail instructions makes a smaller one" in exported(traces["events"], tmp_path / "x.json")
