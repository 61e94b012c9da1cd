"""The timeline puts every cycle where it belongs, and draws the same picture each time."""

from __future__ import annotations

import io
import re
import warnings

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from acortex.errors import UsageError
from acortex.traces import show
from acortex.traces.file import digest, reader
from acortex.traces.file import writer as writing
from acortex.traces.file.reader import Trace
from acortex.traces.show import picture, render, report, shown, timeline

from .conftest import HEADER, MakeTrace, Rows, pipeline


@pytest.fixture
def trace(make_trace: MakeTrace) -> Trace:
    """Unit vmm (2) is busy in 0..10 and 30..40, waits in 10..20; neurons (3) are busy in 5..15."""
    events = [(0, 10, 2, 2, 1, 0, 1, 0, 0), (30, 10, 2, 2, 1, 0, 2, 0, 0), (5, 10, 3, 3, 1, 0, 1, 0, 0)]
    return make_trace(events, [(10, 10, 2, 1, 0, 1, 0)], summary={"cycles": 40})


def test_cycles_fall_into_their_columns(trace: Trace) -> None:
    drawn = timeline(trace, columns=4)
    assert drawn.busy[2].tolist() == [10, 0, 0, 10]
    assert drawn.waiting[2].tolist() == [0, 10, 0, 0]
    assert drawn.busy[3].tolist() == [5, 5, 0, 0]


def test_a_window_cuts_rows_at_its_borders(trace: Trace) -> None:
    drawn = timeline(trace, window=(8, 12), columns=4)
    assert drawn.busy[2].tolist() == [1, 1, 0, 0]
    assert drawn.waiting[2].tolist() == [0, 0, 1, 1]
    assert drawn.busy[3].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("columns", [1, 7, 80, 1000])
def test_no_cycle_is_lost_at_any_width(make_trace: MakeTrace, columns: int) -> None:
    events, waits = pipeline(60)
    drawn = timeline(make_trace(events, waits), columns=columns)
    assert drawn.busy.sum() == pytest.approx(sum(event[1] for event in events))
    assert drawn.waiting.sum() == pytest.approx(sum(wait[1] for wait in waits))


def test_a_cell_belongs_to_what_was_busy_longest(trace: Trace) -> None:
    assert timeline(trace, columns=4).owner[2].tolist() == [1, -1, -1, 2]
    assert timeline(trace, columns=4, colour_by="kind").owner[2].tolist() == [2, -1, -1, 2]


def test_a_merged_row_is_spread_over_its_span(make_trace: MakeTrace) -> None:
    events = [(0, 10, 2, 2, 1, 0, 1, 0, 0), (30, 10, 2, 2, 1, 0, 1, 0, 0)]
    drawn = timeline(make_trace(events, level="layers"), columns=4)
    assert drawn.busy[2].tolist() == [5, 5, 5, 5]


def test_the_picture(trace: Trace) -> None:
    assert render(trace, width=38).plain == (
        "cycle             |0                  \n"
        "ns                |0                  \n"
        "main_memory.read  ····················\n"
        "vmm.load          ····················\n"
        "vmm               █████╌╌╌╌╌·····█████\n"
        "neurons           ··▒████▒············\n"
        "main_memory.write ····················\n"
        "░▒▓█ busy  ╌ waiting  · idle\n"
        "layers: conv1 fc"
    )


def test_the_axes_tell_cycles_and_ns(trace: Trace) -> None:
    cycles, times = render(trace, width=98, window=(1000, 1080)).plain.splitlines()[:2]
    assert cycles.split() == ["cycle", "|1000", "|1020", "|1040", "|1060"]
    assert times.split() == ["ns", "|1785", "|1821", "|1856", "|1892"]


def test_colours_are_by_layer_or_kind(trace: Trace) -> None:
    assert {span.style for span in render(trace, width=38).spans} >= {"green", "yellow", "red", "dim"}
    assert "kinds: frame conversion" in render(trace, width=38, colour_by="kind").plain


def test_no_line_is_wider_than_asked(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    out = io.StringIO()
    Console(file=out, width=60).print(render(make_trace(*rows), width=60))
    assert max(len(line) for line in out.getvalue().splitlines()[:-1]) == 60


def test_an_incomplete_trace_says_so(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    read = make_trace(*rows)
    read.path.write_bytes(read.path.read_bytes()[:-1])
    assert "incomplete: the last 20 bytes" in render(reader.open(read.path)).plain


def test_an_empty_trace_has_a_picture(make_trace: MakeTrace) -> None:
    assert np.all(timeline(make_trace([])).busy == 0)


def test_set_up_before_cycle_zero_is_shown(make_trace: MakeTrace) -> None:
    drawn = timeline(make_trace([(-10, 5, 0, 0, 1, 0, 0, 0, 0)], summary={"cycles": 10}), columns=4)
    assert (drawn.window, drawn.busy[0].tolist()) == ((-10, 10), [5, 0, 0, 0])


def test_set_up_is_shown_in_whichever_block_it_begins(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "ROWS", 1)
    starts = (3, -10, -4, 0)
    trace = make_trace([(start, 1, 0, 0, 1, 0, 0, 0, 0) for start in starts], summary={"cycles": 5})
    assert len(trace.events.first_starts()) == 4
    assert timeline(trace, columns=1).window == (-10, 5)


def test_without_a_window_all_of_the_run_is_shown_and_of_an_empty_one_a_cycle(
    trace: Trace, make_trace: MakeTrace
) -> None:
    assert timeline(make_trace([], name="empty")).window == (0, 1)
    late = make_trace([(5, 2, 0, 0, 1, 0, 0, 0, 0)], name="late", summary={"cycles": 9})
    assert timeline(late).window == (0, 9)


def test_pictures_have_a_hundred_columns_and_documents_eighty(trace: Trace) -> None:
    assert (timeline(trace).busy.shape, report(trace).columns) == ((5, 80), 80)
    for drawn in (render(trace), picture(trace)):
        assert max(map(len, drawn.plain.splitlines())) == 100
        assert drawn.no_wrap


def test_events_without_a_cycle_fill_nothing(make_trace: MakeTrace) -> None:
    trace = make_trace([(3, 0, 2, 2, 1, 0, 1, 0, 0), (6, 2, 2, 2, 1, 0, 1, 0, 0)], summary={"cycles": 10})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert timeline(trace, columns=5).busy[2].tolist() == [0, 0, 0, 2, 0]


def test_cells_that_are_more_than_full_are_drawn_full(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 10, 2, 2, 1, 0, 1, 0, 0)] * 3, summary={"cycles": 20})
    assert "vmm               ██████████··········\n" in render(trace, width=38).plain


def test_a_trace_without_kinds_or_without_units_has_a_picture(make_trace: MakeTrace) -> None:
    assert (timeline(make_trace([], kinds=()), colour_by="kind").owner == -1).all()
    assert picture(make_trace([], name="bare", units=()), width=21).plain.splitlines()[0] == "cycle|0".ljust(25)
    with pytest.raises(UsageError, match=r"a width of 20 is too narrow\n  hint: at least 21"):
        picture(make_trace([], name="none", units=()), width=20)


def colour_at(drawn: Text, line: int, cell: int) -> str:
    """The style of a cell, by the last part of the text that covers it."""
    at = sum(len(one) + 1 for one in drawn.plain.splitlines()[:line]) + cell
    return str(next((span.style for span in reversed(drawn.spans) if span.start <= at < span.end), ""))


def test_a_cell_and_its_name_in_the_legend_have_one_colour(trace: Trace) -> None:
    drawn = render(trace, width=38)
    assert [colour_at(drawn, 4, 18 + cell) for cell in (0, 5, 10, 15)] == ["green", "red", "dim", "yellow"]
    assert [colour_at(drawn, 8, cell) for cell in (0, 8, 14)] == ["", "green", "yellow"]


@pytest.mark.parametrize(
    ("wanted", "marks"),
    [
        ({}, {"vmm": "·", "neurons": "·"}),
        ({"unit": "vmm"}, {"vmm": "·", "neurons": " "}),
        ({"layer": "conv1"}, {"vmm": " ", "neurons": " "}),
        ({"unit": "vmm", "layer": "conv1"}, {"vmm": " ", "neurons": " "}),
    ],
    ids=str,
)
def test_a_unit_is_idle_only_where_none_of_its_rows_can_be_missing(
    trace: Trace, wanted: dict[str, str], marks: dict[str, str]
) -> None:
    lines = render(trace.select(**wanted), width=38).plain.splitlines()
    assert {name: next(one for one in lines if one.split()[:1] == [name])[-8] for name in marks} == marks


def test_a_mark_of_the_axis_needs_a_blank_behind_its_number(trace: Trace) -> None:
    """Of the columns behind the second mark there are 1, 3 and 4, and its number is 20."""
    lines = [render(trace, width=width, window=(0, width - 18)).plain.splitlines()[0] for width in (39, 41, 42)]
    assert [line[18:] for line in lines] == [f"|0{' ' * 18}{mark}" for mark in ("|", "|  ", "|20 ")]


@pytest.mark.parametrize(
    ("names", "legend"),
    [
        (("a" * 30, "b"), [f"layers: {'a' * 30}", "b"]),  # 38 cells
        (("a" * 31, "b"), ["layers:", f"{'a' * 31} b"]),
        (("a" * 10, "b" * 19), [f"layers: {'a' * 10} {'b' * 19}"]),
        (("a" * 10, "b" * 20), [f"layers: {'a' * 10}", "b" * 20]),
        (("a" * 31, "b" * 6), ["layers:", f"{'a' * 31} {'b' * 6}"]),
    ],
    ids=len,
)
def test_lines_of_a_legend_are_filled_to_their_last_cell(
    make_trace: MakeTrace, names: tuple[str, str], legend: list[str]
) -> None:
    events = [(10 * at, 10, 2, 2, 1, 0, 1 + at, 0, 0) for at in range(2)]
    trace = make_trace(events, layers=("-", *names), summary={"cycles": 20})
    assert render(trace, width=38).plain.splitlines()[8:] == legend


@pytest.mark.parametrize(
    ("number", "kept"),
    [(25, range(25)), (26, range(5, 26)), (100, range(79, 100))],
)
def test_a_legend_has_five_lines_of_the_names_with_the_most_cells(number: int, kept: range) -> None:
    """Names of nine letters and a blank on lines of 50: 25 fill five of them, else there is room for 40 cells less."""
    found = show._kept(["a" * 9] * number, np.arange(number), 50)
    assert found.tolist() == list(kept)
    assert show._kept([], np.array([], dtype=np.int64), 50).tolist() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"window": (5, 5)}, "the window 5..5 has no cycles\n  hint: the run has 40"),
        ({"width": 20}, "a width of 20 is too narrow\n  hint: at least 38"),
    ],
)
def test_what_cannot_be_drawn_is_refused(trace: Trace, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        render(trace, **arguments)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_no_line_is_wider_than_asked_for(make_trace: MakeTrace) -> None:
    layers = ("-", *(f"a_layer_of_number_{at}" for at in range(12)))
    events = [(at, 1, 0, 0, 1, 0, at, 0, 0) for at in range(len(layers))]
    lines = render(make_trace(events, layers=layers), width=60).plain.splitlines()
    assert max(map(len, lines)) <= 60
    legend = " ".join(lines)
    assert set(layers[1:]) <= set(legend.split())
    assert "layers: (outside layers) " in legend


def test_the_axis_counts_in_ps_where_a_cycle_is_shorter_than_1_ns(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 40, 0, 0, 1, 0, 0, 0, 0)], clock_ns=0.7)
    cycles, times = render(trace, width=40 + max(map(len, HEADER.units)) + 1).plain.splitlines()[:2]
    assert cycles.split() == ["cycle", "|0", "|20"]
    assert times.split() == ["ps", "|0", "|14000"]


def test_the_document_has_the_numbers_of_the_picture(trace: Trace) -> None:
    found = report(trace, columns=4)
    drawn = timeline(trace, columns=4)
    assert (found.complete, found.covers, found.columns, found.by) == (True, None, 4, "layer")
    assert (found.from_cycle, found.until_cycle) == (0, 40)
    vmm = found.units[2]
    assert (vmm.name, vmm.busy, vmm.waiting) == (HEADER.units[2], drawn.busy[2].tolist(), drawn.waiting[2].tolist())
    assert vmm.mostly == [HEADER.layers[1], None, None, HEADER.layers[2]]
    assert report(trace, columns=4, colour_by="kind").units[2].mostly == [
        HEADER.kinds[2].name,
        None,
        None,
        HEADER.kinds[2].name,
    ]


@pytest.mark.parametrize(
    ("window", "ends"),
    [
        (None, None),
        ((0, 40), None),
        ((0, 90), None),
        ((1, 40), (1, None)),
        ((10, 40), (10, None)),
        ((0, 30), (None, 30)),
        ((5, 6), (5, 6)),
    ],
)
def test_a_window_within_the_run_is_a_part_of_it(
    trace: Trace, window: tuple[int, int] | None, ends: tuple[int | None, int | None] | None
) -> None:
    found = shown(trace, window)
    assert (found and (found.from_cycle, found.until_cycle)) == ends
    assert report(trace, window=window).complete is (ends is None)


def test_no_column_is_too_few(trace: Trace) -> None:
    with pytest.raises(UsageError, match=r"^0 columns are too few\n  hint: at least 1$"):
        timeline(trace, columns=0)
    assert timeline(trace, columns=1).busy[2].tolist() == [20]


def test_what_lies_outside_layers_is_an_owner_too(make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 5, 2, 2, 1, 0, 0, 0, 0)], summary={"cycles": 10})
    assert report(trace, columns=2).units[2].mostly == ["-", None]


def test_nothing_is_in_a_column_without_rows(make_trace: MakeTrace) -> None:
    rows = pipeline(300)[0]
    drawn = timeline(make_trace(rows, summary={"cycles": 30_000}), columns=30)
    empty = drawn.busy[:, -10:]
    assert (empty == 0).all() and (drawn.owner[:, -10:] == -1).all()


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("count", [1, 5, 200])
def test_a_legend_of_many_layers_has_those_seen_most(make_trace: MakeTrace, width: int, count: int) -> None:
    layers = ("-", *(f"conv{at}" for at in range(1, count + 1)))
    rows = [(at * 10, 10, 2, 2, 1, 0, 1 + at, 0, 0) for at in range(count)]
    rows.append((count * 10, 10 * count, 2, 2, 1, 0, count, 0, 0))
    trace = make_trace(rows, layers=layers, summary={"cycles": 20 * count})
    legend = render(trace, width=width).plain.splitlines()[2 + len(HEADER.units) :]
    assert all(cell_len(line) <= width for line in legend) and len(legend) <= 7
    named = " ".join(legend).split("layers: ")[1]
    assert layers[-1] in named.split()
    seen = {layers[at] for at in timeline(trace, columns=width - 18).owner.ravel() if at >= 0}
    more = re.search(r"and (\d+) more$", named)
    assert len(seen & set(named.split())) + int(more[1] if more else 0) == len(seen)
    assert (more is None) or count == 200


# Long runs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def long(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> tuple[Trace, Trace]:
    """The same run twice: once with a digest that is drawn, once without."""
    rows = pipeline(3000)
    short = make_trace(*rows, name="short", summary={"cycles": 30_000})
    monkeypatch.setattr(digest, "LARGE", 1)
    monkeypatch.setattr(show, "MOST_ROWS", 100)
    return short, make_trace(*rows, name="long", summary={"cycles": 30_000})


@pytest.mark.parametrize("columns", [1, 20, 60])
@pytest.mark.parametrize("part", [{}, {"layer": "fc"}, {"unit": "vmm*"}])
def test_a_digest_draws_what_rows_draw(long: tuple[Trace, Trace], columns: int, part: dict[str, str]) -> None:
    exact, coarse = (timeline(one.select(**part), columns=columns) for one in long)
    assert (exact.interval, coarse.interval) == (0, 64)
    for name in ("busy", "waiting"):
        a, b = getattr(exact, name), getattr(coarse, name)
        assert a.sum(axis=1).tolist() == pytest.approx(b.sum(axis=1).tolist())  # no cycle is lost
        assert np.abs(a - b).max() <= 2 * 64  # those of an interval may be in the next column
    assert ((exact.owner < 0) == (coarse.owner < 0)).mean() > 0.9


@pytest.mark.parametrize("window", [(0, 5_000), (12_000, 12_500)])
def test_a_short_window_is_drawn_from_rows(
    long: tuple[Trace, Trace], monkeypatch: pytest.MonkeyPatch, window: tuple[int, int]
) -> None:
    exact, coarse = (timeline(one, window=window, columns=20) for one in long)
    assert coarse.interval == 0 and (exact.busy == coarse.busy).all()
    monkeypatch.setattr(show, "MOST_ROWS", 10**6)
    assert timeline(long[1], columns=20).interval == 0  # few rows are drawn in full anyway


@pytest.mark.parametrize(("cycles", "interval"), [(5119, 0), (5120, 64)])
def test_a_column_has_four_intervals_at_least(long: tuple[Trace, Trace], cycles: int, interval: int) -> None:
    assert timeline(long[1], window=(1000, 1000 + cycles), columns=20).interval == interval


@pytest.mark.parametrize(("more", "interval"), [(0, 0), (-1, 64)])
def test_events_and_waits_together_are_few_or_many(
    long: tuple[Trace, Trace], monkeypatch: pytest.MonkeyPatch, more: int, interval: int
) -> None:
    monkeypatch.setattr(show, "MOST_ROWS", len(long[1].events) + len(long[1].waits) + more)
    assert timeline(long[1], columns=20).interval == interval


def test_a_picture_with_less_detail_says_so_first(long: tuple[Trace, Trace]) -> None:
    first, second, *rest = render(long[1], width=80).plain.splitlines()
    rows = len(long[1]) + len(long[1].waits)
    assert first == f"less detail: {rows:,} events and waits, drawn by intervals of 64 cycles"
    assert "--from and --until" in second and rest[0].startswith("cycle")
    assert "less detail" not in render(long[0], width=80).plain
    assert max(map(len, render(long[1], width=80).plain.splitlines())) <= 80


def test_a_document_with_less_detail_is_not_complete(long: tuple[Trace, Trace]) -> None:
    exact, coarse = (report(one, columns=20) for one in long)
    assert (exact.complete, exact.covers, exact.interval) == (True, None, 0)
    assert (coarse.complete, coarse.interval) == (False, 64)
    assert coarse.covers is not None and coarse.covers.level == show.INTERVALS


def test_rows_before_cycle_0_are_drawn(make_trace: MakeTrace) -> None:
    trace = make_trace([(-30, 10, 2, 2, 1, 0, 1, 0, 0), (0, 10, 2, 2, 1, 0, 1, 0, 0)], summary={"cycles": 10})
    drawn = timeline(trace, columns=4)
    assert drawn.window == (-30, 10) and drawn.busy[2].tolist() == [10, 0, 0, 10]


@pytest.mark.parametrize(
    ("busy", "waiting", "mark"),
    [
        (0, 0, "·"), (0, 1, "╌"), (1, 0, "░"), (1, 99, "░"), (25, 0, "░"), (26, 0, "▒"), (50, 0, "▒"), (51, 0, "▓"),
        (75, 0, "▓"), (76, 0, "█"), (100, 0, "█"), (230, 0, "█"),
    ],
)  # fmt: skip
def test_a_cell_is_as_dark_as_its_share_of_busy_cycles_rounded_up(busy: int, waiting: int, mark: str) -> None:
    """Of a column of a hundred cycles; more than all of them are those of several events at once."""
    owner = np.array([[0 if busy else -1]])
    drawn = show.Timeline(
        (0, 100), np.array([0.0, 100.0]), np.array([[float(busy)]]), np.array([[float(waiting)]]), owner, "layer", 0
    )
    assert show._row(drawn, 0, "·").plain == mark
