"""`acortex run --trace-filter`: what a trace keeps, and what is no filter."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from acortex.tools.cli import cli
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace

ECHO = Path(__file__).parents[1] / "echo.s"


def record(folder: Path, *filters: str) -> Result:
    args = ["run", str(ECHO), "--timing-only", "--trace", str(folder / "run.actrace")]
    return CliRunner().invoke(cli, [*args, *(f"--trace-filter={one}" for one in filters)], prog_name="acortex")


def kept(folder: Path, *filters: str) -> Trace:
    assert record(folder, *filters).exit_code == 0
    return open_trace(folder / "run.actrace")


def units(trace: Trace) -> set[str]:
    return {trace.header.units[at] for at in trace["unit"].tolist()}


def test_units_are_kept_by_pattern_and_add_up(tmp_path: Path) -> None:
    assert units(kept(tmp_path)) == {"controller", "host/in", "host/out"}
    assert units(kept(tmp_path, "unit=host/*")) == {"host/in", "host/out"}
    assert units(kept(tmp_path, "unit=host/in", "unit=controller")) == {"controller", "host/in"}


def test_layers_and_cycles_are_kept(tmp_path: Path) -> None:
    whole = kept(tmp_path)
    rows, copied = len(whole), len(whole.select(layer="copy"))
    assert len(kept(tmp_path, "layer=copy")) == copied < rows
    starts = kept(tmp_path, "cycles=5:9", "unit=controller")["start"]
    assert starts.tolist() == [5, 6, 7, 8]
    assert min(kept(tmp_path, "cycles=5:")["start"]) == 5


def test_a_name_that_two_patterns_match_is_kept_once(tmp_path: Path) -> None:
    trace = kept(tmp_path, "unit=host/in", "unit=host/*", "layer=copy", "layer=c*")
    assert trace.header.filters == {"units": ["host/in", "host/out", "host/work"], "layers": ["copy"]}


def test_a_filtered_trace_says_so_and_the_length_of_the_run_stays(tmp_path: Path) -> None:
    trace = kept(tmp_path, "unit=host/in", "cycles=:9")
    assert trace.header.filters == {"units": ["host/in"], "to_cycle": 9}
    assert trace.cycles == kept(tmp_path).cycles


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("units=vmm", "'units=vmm' is no filter of a trace\n  hint: write unit=PATTERN, layer=PATTERN or cycles=A:B"),
        ("unit=host/inn", "no unit of this run is named host/inn\n  hint: did you mean `host/in`?"),
        ("layer=zzz", "no layer of this run is named zzz\n  hint: there are -, copy"),
        ("cycles=9", "'cycles=9' is no window of cycles\n  hint: write cycles=FIRST:END, such as cycles=1000:2000"),
        ("cycles=a:b", "'cycles=a:b' is no window of cycles"),
    ],
)
def test_what_is_no_filter_is_refused(tmp_path: Path, text: str, told: str) -> None:
    result = record(tmp_path, text)
    assert result.exit_code == 2
    assert told in result.stderr
    assert list(tmp_path.iterdir()) == []
