"""No trace, whatever is in it, gets more out of a reader than an answer or one clear error."""

from __future__ import annotations

import json
import random
import re
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hostile_traces import Parts, mutant, put_together, take_apart
from rich.console import Console

from acortex.errors import AcortexError, UsageError
from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.specs import load_chip
from acortex.sim.ledger.reprice import recorded_chip
from acortex.sim.ledger.repricing import reprice as price_anew
from acortex.sim.run import run
from acortex.tools.goldens.check import check, lines
from acortex.tools.views.critical import critical_parts
from acortex.tools.views.diff import diff_parts
from acortex.tools.views.diff_documents import page
from acortex.tools.views.reprice import reprice_parts
from acortex.tools.views.trace import info_parts, stats_parts
from acortex.traces.diff import diff
from acortex.traces.export.registry import BUILT_IN, export
from acortex.traces.file import reader
from acortex.traces.file.reader import Trace
from acortex.traces.file.validation import TraceError
from acortex.traces.golden import dumps, golden, loads
from acortex.traces.headroom import critical
from acortex.traces.info import info
from acortex.traces.query import query
from acortex.traces.show import render
from acortex.traces.stats import stats

CASES = 150
ECHO = Path(__file__).parents[2] / "tools" / "echo.s"


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """A trace of a small run."""
    path = tmp_path_factory.mktemp("real") / "run.actrace"
    program = assemble_file(ECHO)
    run(program, load_chip("acortex_digits"), trace=path, values=False)
    return reader.open(path)


def reprice(trace: Trace) -> Any:
    return price_anew(trace, recorded_chip(trace, ["energy.dacs_pj=1"]))


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
        "critical": lambda trace: printed(lambda report: critical_parts(report, len(report.segments)), critical(trace)),
        "check": held,
        "reprice": lambda trace: printed(reprice_parts, reprice(trace)),
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


@pytest.mark.sampled(1)
@pytest.mark.parametrize("batch", range(10))
def test_a_changed_trace_gives_answers_or_one_error(real: Trace, tmp_path: Path, batch: int) -> None:
    parts: Parts = take_apart(real.path.read_bytes())
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for seed in range(batch * CASES // 10, (batch + 1) * CASES // 10):
            if wrong := stumbles(mutant(parts, random.Random(seed)), real, tmp_path):
                found[seed] = wrong
    assert not found


# --- one thing wrong at a time ----------------------------------------------------------------------------------------


def _with(real: Trace, change: Callable[[Parts], Any], folder: Path, lie: Any = lambda index: index) -> Path:
    parts = take_apart(real.path.read_bytes())
    change(parts)
    path = folder / "hostile.actrace"
    path.write_bytes(put_together(parts, lie))
    return path


def _set(field: str, row: int, value: int, block: int = 0) -> Callable[[Parts], Any]:
    def change(parts: Parts) -> None:
        parts.rows[block][1][field][row] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_set("duration", 3, -5), "row 3 has duration -5, which must be 0 or more"),
        (_set("count", 1, -1), "row 1 has count -1, which must be 0 or more"),
        (_set("inference", 0, -2), "row 0 has inference -2, which must be -1 to 1099511627776"),
        (_set("layer", 2, 9), "row 2 has layer 9, which must be 0 to 1"),
        (_set("pc", 2, 999), "row 2 has pc 999, which must be -1 to"),
        (_set("cause", 0, 99, 1), "row 0 has cause 99, which must be 0 to"),
        (_set("unit", 0, -1, 1), "row 0 has unit -1, which must be 0 to"),
        (
            _set("start", 0, -(2**63)),
            "row 0 has start -9223372036854775808, which must be -4611686018427387904 or more",
        ),
        (_set("energy_aj", 0, -(10**15)), "row 0 has energy_aj -"),
        (lambda parts: parts.rows[0][1].pop("count"), "a block lacks the columns count"),
        (lambda parts: parts.rows[0][1].update(prices_aj=[0.5] * 16), "prices are no integers"),
    ],
)
def test_a_row_that_no_run_has_is_named_by_every_view(
    real: Trace, tmp_path: Path, change: Callable[[Parts], Any], message: str
) -> None:
    path = _with(real, change, tmp_path)
    with pytest.raises(TraceError) as caught:
        stats(reader.open(path))
    assert message in caught.value.message
    assert re.fullmatch(r".*hostile\.actrace: block \d, byte \d+", caught.value.where)
    assert caught.value.exit_code == 2
    with pytest.raises(TraceError, match=re.escape(caught.value.message)):
        info(reader.open(path))


def test_a_row_beyond_the_run_is_refused_at_once(real: Trace, tmp_path: Path) -> None:
    path = _with(real, _set("start", 3, 10**6), tmp_path)
    with pytest.raises(TraceError, match=r"the index has a block whose rows end in cycle 100000., which must be 27"):
        reader.open(path)


def test_a_row_that_the_index_hides_is_found_as_its_block_is_read(real: Trace, tmp_path: Path) -> None:
    def hide(index: list[list[int]]) -> Any:
        return [[*entry[:4], min(entry[4], 27)] for entry in index]

    late = _with(real, _set("start", 3, 10**6), tmp_path, hide)
    with pytest.raises(TraceError, match=r"row 3 ends in cycle 100000., which must be 27 at most: the run's last"):
        info(reader.open(late))
    early = _with(real, _set("start", 3, -7), tmp_path, lambda index: [[*index[0][:3], 0, *index[0][4:]], *index[1:]])
    with pytest.raises(TraceError, match="the index says that the block has cycles 0 to 27, it has -7 to 27"):
        info(reader.open(early))


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (lambda index: index[:1], "the index has 1 blocks, the file 2"),
        (lambda index: [index[1], index[0]], "the index has a block of offset"),
        (lambda index: [[*index[0][:2], 1, *index[0][3:]], index[1]], "the index has a block of offset"),
        (lambda index: [[float(one) for one in entry] for entry in index], "the index is no list of blocks"),
    ],
)
def test_an_index_that_lies_is_refused(real: Trace, tmp_path: Path, lie: Any, message: str) -> None:
    with pytest.raises(TraceError, match=message):
        reader.open(_with(real, lambda parts: None, tmp_path, lie))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("units", ["a", "a"], "has 'a' as units, which must be a name that stands there once"),
        ("units", ["a b"], "has 'a b' as units, which must be a path without blanks"),
        ("causes", ["x\ny"], "has 'x\\ny' as causes, which must be 1 to 1000 printable letters each"),
        ("layers", [], "has [] as layers, which must be a list that begins with"),
        ("clock_ns", 1e9, "has 1000000000.0 as clock_ns, which must be a number of nanoseconds from 0.001 to 1e+06"),
        ("leakage_aj_per_cycle", -1, "has -1 as leakage_aj_per_cycle, which must be a whole number from 0"),
        ("config", {"a": {"b": float("inf")}}, "config.a.b is inf, which must be a finite number"),
        ("config", {"a": {b"b": 1}}, "config.a has the key b'b', which must be a text"),
        ("handovers", [{"waits": "vector"}], "has None as handovers.cause, which must be a text"),
        (
            "handovers",
            [{"waits": "*", "cause": "idle", "by": "luck"}],
            "has 'luck' as handovers.by, which must be one of end,",
        ),
        (
            "handovers",
            [{"waits": "*", "cause": "idle", "after": -1}],
            "has -1 as handovers.after, which must be a whole",
        ),
        (
            "handovers",
            [{"waits": "*", "cause": "idle", "delay": "a day"}],
            "has 'a day' as handovers.delay, which must be",
        ),
        (
            "handovers",
            [{"waits": "*", "cause": "idle"}] * 4097,
            "has 4097 as handovers, which must be a list of at most",
        ),
        ("delays", {"read latency": -3}, "has -3 as delays.read latency, which must be a whole number"),
    ],
)
def test_a_header_that_no_run_has_is_refused(real: Trace, tmp_path: Path, field: str, value: Any, message: str) -> None:
    with pytest.raises(TraceError, match=re.escape(message)):
        reader.open(_with(real, lambda parts: parts.header.update({field: value}), tmp_path))


def test_deep_data_is_refused_and_not_followed(real: Trace, tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(TraceError, match=r"summary\.deep is nested deeper than 32"):
        reader.open(_with(real, lambda parts: parts.summary.update(deep=deep), tmp_path))


def test_times_that_no_format_has_are_one_error(real: Trace, tmp_path: Path) -> None:
    def late(parts: Parts) -> None:
        parts.rows[0][1]["start"][0] = 2**62
        parts.header["clock_ns"] = 1000.0
        parts.summary["cycles"] = 2**63 - 1

    trace = reader.open(_with(real, late, tmp_path))
    for name in ("chrome", "vcd"):
        with pytest.raises(TraceError, match=r"times of 2\^63 ns or more"):
            export(trace, name, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_report_whose_energies_are_none_is_not_repriced(real: Trace, tmp_path: Path) -> None:
    path = _with(real, lambda parts: parts.summary.update(energy_aj="much"), tmp_path)
    with pytest.raises(UsageError, match="has no report of the run's energy"):
        reprice(reader.open(path))


def test_a_chip_that_cannot_be_is_the_traces_mistake(real: Trace, tmp_path: Path) -> None:
    path = _with(real, lambda parts: parts.header["config"]["memory"].update(banks=-1), tmp_path)
    with pytest.raises(
        UsageError, match=r"hostile\.actrace: the trace's header has a chip that there cannot be: memory"
    ):
        reprice(reader.open(path))
