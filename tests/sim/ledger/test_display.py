"""A result in a notebook: the numbers of its report, and of no other run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "agg")

import acortex
from acortex.errors import UsageError
from acortex.sim.ledger import display
from acortex.sim.ledger.facts import facts
from acortex.sim.run import Result
from acortex.traces.display.numbers import of_trace

KERNEL = Path(acortex.__file__).parent / "programs" / "conv3x3.s"


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.close("all")


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run of two inferences with a trace."""
    return acortex.run(KERNEL, values=False, trace=tmp_path_factory.mktemp("run") / "run.actrace")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """The same run, ended within its second inference."""
    path = tmp_path_factory.mktemp("run") / "run.actrace"
    return acortex.run(KERNEL, values=False, trace=path, max_cycles=1500)


def test_a_result_and_its_trace_show_the_same_numbers(traced: Result) -> None:
    ours, theirs = display.numbers(traced.report), of_trace(acortex.open_trace(traced.report.trace or ""))
    for name in ("title", "part", "cycles", "clock_ns", "inferences", "energy_aj", "shared_by"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert {name: value for name, value in ours.components.items() if value} == {
        name: value for name, value in theirs.components.items() if value
    }
    assert sorted(ours.layers) == sorted(theirs.layers)
    assert sorted(ours.waits) == sorted(theirs.waits)
    assert dict(theirs.units) == {name: ours.units[name] for name in theirs.units}


def test_a_piece_has_the_headline_numbers_of_the_terminal(traced: Result) -> None:
    page = traced._repr_html_()
    told = list(facts(traced.report))
    assert [name for name, _, _ in told][:3] == ["latency", "energy", "throughput"]
    for _, value, about in told:
        assert f">{value}<" in page and f">{about}<" in page
    assert "2 inferences, 2,556 cycles of 1.785 ns" in page


def test_a_stopped_run_says_so_and_divides_nothing(stopped: Result) -> None:
    page = stopped._repr_html_()
    assert page.index("incomplete: ") < page.index("energy")
    found = display.numbers(stopped.report)
    assert (found.shared_by, found.of_each) == (1, "in all")
    assert "in all" in page and "per inference, mean" not in page


def test_the_trace_of_a_stopped_run_is_drawn_too(stopped: Result) -> None:
    pytest.importorskip("matplotlib")
    ax = stopped.plot.timeline()
    assert "of 1,500 cycles" in ax.get_title(loc="left")


def test_a_run_of_values_alone_shows_what_it_has() -> None:
    result = acortex.run(KERNEL, timing=False)
    page = result._repr_html_()
    assert "conv3x3 on acortex_inception" in page
    assert "cycles of" not in page
    with pytest.raises(UsageError, match="this run simulated no time"):
        result.plot.energy()


def test_prepared_values_show_themselves() -> None:
    assert "conv3x3" in acortex.prepare(KERNEL).values()._repr_html_()


def test_a_run_of_one_instruction_has_leakage_alone_to_draw() -> None:
    pytest.importorskip("matplotlib")
    result = acortex.run(acortex.assemble("start\nhalt"))
    assert "leakage" in result._repr_html_()
    assert result.plot.energy().get_title(loc="left").startswith("Leakage takes most energy: 100.0 %")
    for picture in ("layers", "waits", "timeline"):
        with pytest.raises(UsageError):
            getattr(result.plot, picture)()


def test_a_timeline_needs_a_trace_and_says_how_to_get_one() -> None:
    with pytest.raises(UsageError, match=r'(?s)wrote no trace.*trace="run\.actrace"'):
        acortex.run(KERNEL, values=False).plot.timeline()


def test_a_trace_that_is_gone_is_an_error(traced: Result) -> None:
    report = traced.report.model_copy(update={"trace": "nowhere/run.actrace"})
    with pytest.raises(UsageError, match="cannot be read"):
        display.plots(report).timeline()


def test_power_is_drawn_with_the_peak_of_the_report(traced: Result) -> None:
    pytest.importorskip("matplotlib")
    ax = traced.plot.power()
    power = traced.report.power
    assert power is not None
    drawn = ax.patches[0].get_data()  # type: ignore[attr-defined]
    assert max(drawn.values[:-1]) == pytest.approx(power.peak_w * 1e3)
    assert ax.get_ylabel() == "power, mW"
    # The area below the line, in mW times cycles, is the energy of the run.
    energy_j = sum(drawn.values * (drawn.edges[1:] - drawn.edges[:-1])) * 1e-3 * traced.report.clock_ns * 1e-9
    assert energy_j == pytest.approx(traced.energy_j)


def test_a_report_says_where_the_trace_is(traced: Result, stopped: Result) -> None:
    for result in (traced, stopped):
        assert result.report.trace is not None and Path(result.report.trace).exists()
    assert acortex.run(KERNEL, values=False).report.trace is None


def test_a_run_of_no_cycles_and_one_without_time_say_why_there_is_nothing_to_draw(traced: Result) -> None:
    for cycles, why in ((0, "took no cycle"), (None, "simulated no time")):
        report = traced.report.model_copy(update={"cycles": cycles})
        with pytest.raises(UsageError) as caught:
            display.numbers(report)
        assert str(caught.value) == f"there is nothing to draw: this run {why}\n  hint: leave out timing=False"


def test_a_page_without_time_says_where_the_run_was_stopped(traced: Result) -> None:
    report = traced.report.model_copy(update={"cycles": 0, "stopped": "stopped before its first cycle"})
    assert "stopped before its first cycle" in display.page(report)
