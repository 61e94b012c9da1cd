"""What a notebook shows of a trace: the numbers of `stats`, escaped, without a script, whatever the trace holds."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from acortex.traces.display import numbers, pieces
from acortex.traces.display.numbers import LayerNumbers, Numbers, WaitNumbers, of_trace
from acortex.traces.display.opened import ShownTrace
from acortex.traces.display.opened import open as open_trace
from acortex.traces.file.reader import TraceError
from acortex.traces.stats import stats
from acortex.units import joules, scaled

from ..conftest import HEADER, MakeTrace, Rows

VOID = {"br", "hr", "img"}


class Reader(HTMLParser):
    """Reads a piece as a browser does: the tags that are open, those that were there, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.open += [tag] * (tag not in VOID)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    """A piece that was read, all of whose tags are closed."""
    found = Reader()
    found.feed(page)
    found.close()
    assert not found.open
    return found


@pytest.fixture
def shown(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> ShownTrace:
    """The small run, as a notebook opens it."""
    return open_trace(make_trace(*rows, summary={"cycles": 200}).path)


def test_the_numbers_are_those_of_the_statistics(shown: ShownTrace) -> None:
    found, report = shown.numbers, stats(shown)
    assert found.energy_aj == report.totals.energy_aj == sum(found.components.values())
    assert {row.name: (row.cycles, row.energy_aj) for row in found.layers} == {
        row.name: (row.cycles, row.energy_aj) for row in report.layers
    }
    assert [tuple(row) for row in found.waits] == [(row.unit, row.cause, row.cycles) for row in report.waits]
    assert {name: tuple(spent) for name, spent in found.units.items()} == {
        row.name: (row.busy, row.waiting, row.idle) for row in report.units
    }
    assert found.layers[-1].name == "-"


def test_a_piece_says_the_numbers_with_units(shown: ShownTrace) -> None:
    page = read(shown._repr_html_())
    said = " ".join(page.text)
    assert f"{HEADER.program} on {HEADER.chip}" in said
    assert "200 cycles of" in said and "pJ" in said
    for name in (row.name for row in shown.numbers.layers if row.name != "-"):
        assert name in page.text


def test_a_piece_has_no_script_and_no_colour_for_text_or_ground(shown: ShownTrace) -> None:
    page = shown._repr_html_()
    assert not read(page).tags & {"script", "style", "link", "iframe", "img", "object"}
    assert set(re.findall(r"(?<![-\w])color:([^;\"]+)", page)) == {"inherit"}
    assert set(re.findall(r"background:([^;\"]+)", page)) <= {"#0072b2", "#e69f00", "#8c8c8c40"}


def test_names_from_a_trace_never_become_markup() -> None:
    evil = "<script>alert(1)</script>\"'&"
    found = Numbers(evil, evil, 10, 1.0, 1, 5, {evil: 5}, [LayerNumbers(evil, 3, 5)], {}, [WaitNumbers(evil, evil, 2)])
    page = pieces.page(found, [(evil, evil, evil)])
    assert "<script" not in page
    assert read(page).text.count(evil) >= 4


def test_a_part_says_what_is_missing_and_shows_no_number_of_the_whole(shown: ShownTrace) -> None:
    part = shown.select(unit="vmm")
    assert isinstance(part, ShownTrace)
    page = read(part._repr_html_())
    assert any(text.startswith("incomplete: ") for text in page.text)
    assert part.numbers.energy_aj is None
    assert "-" in page.text  # in place of cycles of layers


def test_a_part_counts_its_own_events_and_their_energy(shown: ShownTrace) -> None:
    part = shown.select(unit="vmm")
    assert isinstance(part, ShownTrace) and 0 < len(part) < len(shown)
    text = read(part._repr_html_()).text
    assert f"of it {len(part):,} events, level events" in text
    assert scaled(joules(int(part["energy_aj"].sum())), "J") in text
    assert "of the events that are here, no leakage" in text
    said = read(pieces.of_trace(part, of_trace(part, most=3))).text
    assert f"of it {len(shown):,} events at most, level events" in said  # which are of the part is not looked at


def test_a_coarser_trace_counts_rows(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    found = open_trace(make_trace(*rows, level="layers", summary={"cycles": 200}).path)
    assert f"{len(found.events)} rows, level layers" in read(found._repr_html_()).text


def test_long_names_are_broken_and_not_cut() -> None:
    name = "L" * 200
    page = pieces.page(Numbers("run", "", 10, 1.0, 1, 5, {}, [LayerNumbers(name, 3, 5)]), [])
    assert name in read(page).text
    assert "overflow-wrap:anywhere" in page


def test_an_unfinished_trace_says_so(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    path = make_trace(*rows).path
    path.write_bytes(path.read_bytes()[:-30])
    assert "incomplete: " in open_trace(path)._repr_html_()


def test_an_empty_trace_is_shown_too(make_trace: MakeTrace) -> None:
    page = read(open_trace(make_trace([]).path)._repr_html_())
    assert "0 events, level events" in page.text


def test_a_long_trace_is_not_added_up_and_says_what_does(shown: ShownTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "stats", lambda trace: pytest.fail("it was added up"))
    found = of_trace(shown, most=3)
    assert not found.added_up and found.cycles == 200
    said = " ".join(read(pieces.of_trace(shown, found)).text)
    assert "too long for a glance" in said and "energy" not in said


def test_more_rows_than_a_glance_takes_are_counted() -> None:
    layers = [LayerNumbers(f"layer {at}", 1, at) for at in range(40)]
    page = read(pieces.page(Numbers("a on b", "", 10, 1.0, 1, 780, {}, layers), []))
    kept = [text for text in page.text if text.startswith("layer ")]
    assert kept == [f"layer {at}" for at in range(28, 40)]  # those that cost most, in their order
    assert "and 28 more" in page.text


def test_waits_have_their_share_of_the_run(shown: ShownTrace) -> None:
    waits = [WaitNumbers("vmm", "token", 30), WaitNumbers("host", "bus", 45)]
    text = read(pieces.page(Numbers("a on b", "", 60, 1.0, 1, 0, {}, (), {}, waits), [])).text
    at = text.index("host for bus")
    assert text[at : at + 6] == ["host for bus", "45", "75.0 %", "vmm for token", "30", "50.0 %"]


def test_what_belongs_to_no_inference_is_none(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    events = [*rows[0], (0, 1, 0, 0, 1, 0, 1, -1, 5)]
    assert open_trace(make_trace(events, summary={"cycles": 200}).path).numbers.inferences == 2


def test_a_text_is_one_short_line(shown: ShownTrace) -> None:
    for trace in (shown, shown.select(unit="vmm")):
        assert "\n" not in repr(trace) and len(repr(trace)) < 400
        assert HEADER.program in repr(trace)


def test_what_is_no_trace_is_an_error() -> None:
    with pytest.raises(TraceError):
        open_trace(__file__)


@pytest.mark.parametrize("level", ["layers", "instructions"])
def test_a_coarser_trace_shows_the_sums_of_the_whole(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], shown: ShownTrace, level: str
) -> None:
    coarse = open_trace(make_trace(*rows, name=level, level=level, summary={"cycles": 200}).path)
    found = coarse.numbers
    assert (found.part, found.energy_aj, found.shared_by) == ("", shown.numbers.energy_aj, shown.numbers.shared_by)
    assert found.layers == shown.numbers.layers
    assert f"level {level}" in coarse._repr_html_()
