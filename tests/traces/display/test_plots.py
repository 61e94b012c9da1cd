"""What the pictures of a run draw: the numbers of its reports, with units, in the axes that were given."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

os.environ.setdefault("MPLBACKEND", "agg")
pytest.importorskip("matplotlib")

from matplotlib import colors, pyplot
from matplotlib.axes import Axes

from acortex.errors import MissingExtra, UsageError
from acortex.traces.display.numbers import LayerNumbers, Numbers, PowerNumbers, WaitNumbers
from acortex.traces.display.opened import ShownTrace
from acortex.traces.display.opened import open as open_trace
from acortex.traces.display.plots import MOST_BARS, Plots

from ..conftest import MakeTrace, Rows

PJ = 1_000_000
RUN = Numbers(
    "net on chip", "", 100, 2.0, 2, 60 * PJ,
    {"buses": 40 * PJ, "main_memory": 20 * PJ, "dacs": 0},
    [LayerNumbers("first", 30, 50 * PJ), LayerNumbers("second", 60, 6 * PJ), LayerNumbers("-", 10, 4 * PJ)],
    {}, [WaitNumbers("vmm/load", "latches", 12), WaitNumbers("host/in", "token", 31)],
    PowerNumbers(40, [20 * PJ, 30 * PJ, 10 * PJ], 3.75e-4, 40, 3e-4, 5e-5),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def no_trace() -> ShownTrace:
    raise UsageError("there is no trace")


def plots(run: Numbers = RUN) -> Plots:
    """The pictures of some numbers."""
    return Plots(lambda: run, no_trace)


def widths(ax: Axes) -> list[float]:
    return [round(float(bar.get_width()), 6) for bar in ax.patches]


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def title(ax: Axes) -> str:
    return ax.get_title(loc="left")


def test_energy_is_drawn_by_component_per_inference_with_its_unit() -> None:
    ax = plots().energy()
    assert (names(ax), widths(ax)) == (["buses", "main memory"], [20, 10])
    assert ax.get_xlabel() == "energy per inference, pJ"
    assert title(ax) == "Buses takes most energy: 66.7 % of 30.0 pJ per inference"


def test_layers_are_drawn_in_the_order_of_the_program() -> None:
    ax = plots().layers()
    assert (names(ax), widths(ax)) == (["first", "second", "(outside layers)"], [25, 3, 2])
    assert title(ax) == "first takes most energy of the layers: 83.3 % of the run"
    cycles = plots().layers(what="cycles")
    assert (widths(cycles), cycles.get_xlabel()) == ([15, 30, 5], "cycles in flight per inference")
    assert title(cycles) == "second is in flight longest: 30 cycles per inference"


def test_waits_are_drawn_the_longest_first() -> None:
    ax = plots().waits()
    assert (names(ax), widths(ax)) == (["host/in for token", "vmm/load for latches"], [31, 12])
    assert title(ax) == "host/in waits longest: 31.0 % of the run for token"


def test_power_is_energy_over_the_time_of_a_window() -> None:
    ax = plots().power()
    drawn = ax.patches[0].get_data()  # type: ignore[attr-defined]
    assert drawn.values == pytest.approx([250, 375, 250])  # uW: 20 pJ in 80 ns, …, 10 pJ in 40 ns
    assert list(drawn.edges) == [0, 40, 80, 100]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("power, uW", "time, cycles of 2 ns")
    assert title(ax) == "Power peaks at 375 uW from cycle 40, 300 uW on average"


def test_a_picture_goes_into_the_axes_that_are_given() -> None:
    figure, given = pyplot.subplots(2, 2)
    some = plots()
    for ax, draw in zip(given.flat, (some.energy, some.layers, some.waits, some.power), strict=True):
        assert draw(ax=ax) is ax
    assert pyplot.get_fignums() == [figure.number]


def test_bars_that_are_too_many_are_one_together() -> None:
    layers = [LayerNumbers(f"layer {at}", 1, (at + 1) * PJ) for at in range(40)]
    run = Numbers("net on chip", "", 100, 1.0, 1, 820 * PJ, {}, layers)
    ax = plots(run).layers()
    assert len(names(ax)) == MOST_BARS
    assert names(ax)[-1] == "21 others together"
    assert sum(float(bar.get_width()) for bar in ax.patches) == pytest.approx(820)
    cycles = plots(run).layers(what="cycles")
    assert len(names(cycles)) == MOST_BARS
    assert cycles.get_xlabel().endswith(f"the {MOST_BARS} longest of 40 layers")


def test_no_name_stands_on_another_in_low_axes() -> None:
    waits = [WaitNumbers("main_memory/read", f"cause {at}", 100 - at) for at in range(30)]
    layers = [LayerNumbers(f"layer {at}", 1, (at + 1) * PJ) for at in range(40)]
    run = Numbers("net on chip", "", 100, 1.0, 1, 820 * PJ, {f"part {at}": PJ for at in range(9)}, layers, {}, waits)
    figure, given = pyplot.subplots(2, 2, figsize=(11, 5), layout="constrained")
    some = plots(run)
    for ax, draw in zip(given.flat, (some.energy, some.layers, some.waits, some.layers), strict=True):
        draw(ax=ax)
    figure.canvas.draw()
    for ax in given.flat:
        boxes = sorted((label.get_window_extent() for label in ax.get_yticklabels()), key=lambda box: box.y0)
        assert len(boxes) >= 4
        assert all(below.y1 <= above.y0 + 0.5 for below, above in pairwise(boxes))
    assert "longest of 30" in given[1][0].get_xlabel()


def test_a_name_is_text_and_never_a_formula() -> None:
    run = Numbers("a on b", "", 10, 1.0, 1, 5, {r"$\frac$": 5}, [LayerNumbers("$x_{" + "y" * 90, 3, 5)])
    for ax, begins in ((plots(run).energy(), r"\$\frac\$"), (plots(run).layers(), r"\$x_{yyy")):
        (name,) = ax.get_yticklabels()
        ax.figure.savefig(os.devnull, format="svg")  # a formula that is none would raise
        assert name.get_text().startswith(begins)


@pytest.mark.parametrize("picture", ["energy", "layers", "waits", "power", "timeline"])
def test_a_run_without_anything_to_draw_says_so(picture: str, make_trace: MakeTrace) -> None:
    shown = open_trace(make_trace([]).path)
    with pytest.raises(UsageError, match=r"nothing to draw|is not known"):
        getattr(shown.plot, picture)()
    assert pyplot.get_fignums() == []


def test_what_layers_do_not_have_is_an_error() -> None:
    with pytest.raises(UsageError, match="layers have no 'watts'"):
        plots().layers(what="watts")  # type: ignore[arg-type]


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtra, match=r"acortex\[plots\]"):
        plots().energy()


def test_a_timeline_is_blue_where_a_unit_is_busy_and_orange_where_it_waits(make_trace: MakeTrace) -> None:
    events = [(0, 10, 0, 0, 1, 0, 0, 0, 5), (10, 10, 1, 1, 1, 0, 0, 0, 5)]
    shown = open_trace(make_trace(events, [(10, 10, 0, 0, 0, 0, 0)], summary={"cycles": 40}).path)
    ax = shown.plot.timeline()
    image = np.asarray(ax.images[0].get_array())
    blue, orange, white = (np.array(colors.to_rgb(name)) for name in ("#0072b2", "#e69f00", "#ffffff"))
    for unit, column, expected in ((0, 5, blue), (0, 15, orange), (0, 25, white), (1, 15, blue), (1, 5, white)):
        assert image[unit, column] == pytest.approx(expected), (unit, column)
    assert names(ax) == list(shown.header.units[:2])
    assert "25.0 % of 40 cycles" in title(ax)


def test_a_trace_draws_what_its_statistics_say(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    shown = open_trace(make_trace(*rows, summary={"cycles": 200}).path)
    ax = shown.plot.waits()
    assert widths(ax) == [row.cycles for row in sorted(shown.numbers.waits, key=lambda row: -row.cycles)]


def test_layers_of_a_part_of_a_run_have_no_sums_and_that_is_said(
    make_trace: MakeTrace, rows: tuple[Rows, Rows]
) -> None:
    part = open_trace(make_trace(*rows).path).select(unit="vmm")
    assert isinstance(part, ShownTrace)
    with pytest.raises(UsageError, match=r"(?s)layers of a part of a run have no sums.*draw the whole trace"):
        part.plot.layers()
    with pytest.raises(UsageError, match="the run has no waits"):
        part.plot.waits()  # that unit has none


def test_large_counts_are_written_out() -> None:
    run = Numbers("a on b", "", 10**7, 1.0, 1, 5, {}, [], {}, [WaitNumbers("vmm", "latches", 4_000_000)])
    ax = plots(run).waits()
    ax.figure.canvas.draw()
    assert "2,000,000" in [label.get_text() for label in ax.get_xticklabels()]
    assert ax.xaxis.get_offset_text().get_text() == ""
