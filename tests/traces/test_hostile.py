"""No trace, whatever is in it, gets more out of a reader than an answer or one clear error."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from acortex.errors import AcortexError
from acortex.isa.assembler import assemble_file
from acortex.sim.replay import moved_timing, recorded_chip
from acortex.sim.run import run
from acortex.sim.specs import load_chip
from acortex.tools import trace_critical, trace_reprice
from acortex.tools.check import check, lines
from acortex.tools.diff_documents import page
from acortex.tools.report_diff import diff_parts
from acortex.tools.report_trace import info_parts, stats_parts
from acortex.traces import reader
from acortex.traces.diff import diff
from acortex.traces.exporters import BUILT_IN, export
from acortex.traces.golden import dumps, golden, loads
from acortex.traces.headroom import critical
from acortex.traces.info import info
from acortex.traces.query import query
from acortex.traces.reader import Trace
from acortex.traces.show import render
from acortex.traces.stats import stats

from .hostile import Parts, mutant, take_apart

CASES = 150
ECHO = Path(__file__).parents[1] / "tools" / "echo.s"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A trace of a small run."""
    path = tmp_path_factory.mktemp("real") / "run.actrace"
    program = assemble_file(ECHO)
    run(program, load_chip("acortex_digits"), trace=path, values=False)
    return reader.open(path)


def reprice(trace: Trace) -> Any:
    priced = recorded_chip(trace, ["energy.dacs_pj=1"])
    return trace_reprice.repriced(trace, priced, moved_timing(trace.header.config, priced.config))


def printed(parts: Callable[[Any], Any], report: Any) -> Any:
    """A report, printed for people too."""
    out = Console(file=StringIO(), width=100)
    for part in parts(report):
        out.print(part)
    return report


def held(trace: Trace) -> Any:
    """The golden of a trace, and the trace held against it."""
    made = golden(trace)
    report = check(trace, loads(dumps(made), "golden"), "golden")
    assert report["equal"] and lines(report)
    return report


def views(real: Trace, folder: Path) -> dict[str, Callable[[Trace], Any]]:
    """All that reads a trace."""
    exports: dict[str, Callable[[Trace], Any]] = {
        f"export {one.name}": lambda trace, name=one.name: export(trace, name, folder / "out")  # type: ignore[misc]
        for one in BUILT_IN
    }
    return {
        "info": lambda trace: printed(info_parts, info(trace)),
        "stats": lambda trace: printed(stats_parts, stats(trace)),
        "show": lambda trace: render(trace).plain,
        "show by kind": lambda trace: render(trace, window=(0, 20), colour_by="kind").plain,
        "critical": lambda trace: printed(trace_critical.parts, critical(trace)),
        "check": held,
        "reprice": lambda trace: printed(trace_reprice.parts, reprice(trace)),
        "diff": lambda trace: printed(diff_parts, diff(real, trace)),
        "diff as a page": lambda trace: page(diff(trace, real), ("a", "b")),
        "query": lambda trace: query(trace, "SELECT unit, sum(energy_aj), max(source) FROM events GROUP BY ALL").rows,
        **exports,
    }


def stumbles(data: bytes, real: Trace, folder: Path) -> list[str]:
    """What went wrong with a file: which view raised what, or gave what JSON does not have."""
    path = folder / "hostile.actrace"
    path.write_bytes(data)
    wrong = []
    try:
        reader.open(path)
    except AcortexError as error:
        return [] if error.exit_code == 2 and error.where else [f"open: {error!r}"]
    for name, view in views(real, folder).items():
        try:
            json.dumps(view(reader.open(path)), allow_nan=False, default=list)
        except AcortexError as error:
            if "\n" in error.message:
                wrong.append(f"{name}: {error!r}")
        except Exception as error:
            wrong.append(f"{name}: {error!r}")
    return wrong


@pytest.mark.parametrize("batch", range(5))
def test_a_changed_trace_gives_answers_or_one_error(real: Trace, tmp_path: Path, batch: int) -> None:
    parts: Parts = take_apart(real.path.read_bytes())
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(batch * CASES // 5, (batch + 1) * CASES // 5):
            if wrong := stumbles(mutant(parts, random.Random(seed)), real, tmp_path):
                found[seed] = wrong
    assert not found
