"""The page of a part of a run: its figures are of its rows, and those of the whole run say so."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

import pytest
import report_pages

from acortex.programs import zoo
from acortex.sim.advice.results import WhatIf
from acortex.sim.ledger.facts import facts
from acortex.sim.results import RunReport
from acortex.sim.run import run
from acortex.tools.report import sections
from acortex.tools.report.model import Side, page_of
from acortex.tools.report.render import render
from acortex.traces.coarser import coarser
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.units import joules, percent, scaled


class Wanted(TypedDict, total=False):
    """What is selected, as `Trace.select` takes it."""

    layer: str
    unit: str
    inference: int
    window: tuple[int, int]


WINDOW = (100, 300)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    """The trace of six digits."""
    path = tmp_path_factory.mktemp("digits") / "run.actrace"
    program = zoo.load("digits_mlp")
    run(program, inputs=program.samples["image"][:6], trace=path, values=False)
    return open_trace(path)


def side_of(whole: Trace, wanted: Wanted) -> Side:
    """What a page says of a part of that run."""
    made = page_of([("run", whole)], None, lambda done, total: None, lambda trace: trace.select(**wanted))
    return made.sides[0]


def text_of(whole: Trace, wanted: Wanted) -> str:
    """The text of a page of a part."""
    made = page_of([("run", whole)], None, lambda done, total: None, lambda trace: trace.select(**wanted))
    return report_pages.parts(render(made)).text


PARTS: list[Wanted] = [{"layer": "hidden"}, {"unit": "vmm/*"}, {"inference": 2}, {"window": WINDOW}]


@pytest.mark.parametrize("wanted", PARTS, ids=str)
def test_energy_by_component_is_that_of_the_rows(whole: Trace, wanted: Wanted) -> None:
    side = side_of(whole, wanted)
    spent = int(whole.select(**wanted)["energy_aj"].sum())
    found = sections.energy_by_component(side)
    assert "leakage" not in {bar.name for bar in found.bars}  # no event pays for it
    told = {fact.name: fact for fact in sections.part_facts(side)}
    assert told["energy"].value == scaled(joules(spent), "J")
    paid = int(whole["energy_aj"].sum())
    assert told["energy"].about == f"without leakage: {percent(spent, paid)} of that of the run"
    together = sum(sum(one.energy_aj.values()) for one in side.layers)
    assert together == spent == sum(one.energy_aj for one in side.stats.components)


@pytest.mark.parametrize("wanted", PARTS, ids=str)
def test_units_show_shares_of_the_window(whole: Trace, wanted: Wanted) -> None:
    first, end = wanted.get("window", (0, whole.cycles))
    bars = {bar.name: bar.cells for bar in sections.units(side_of(whole, wanted)).bars}
    part = whole.select(**wanted)
    for number, unit in enumerate(whole.header.units):
        cells = bars[unit]
        if cells[0] == sections.UNKNOWN:
            continue
        for cell, table in zip(cells, (part.events, part.waits), strict=True):
            rows = (row for row in table if row.unit == number)
            inside = sum(min(row.start + row.duration, end) - max(row.start, first) for row in rows)
            assert cell == percent(inside, end - first), unit
    of = "the window" if "window" in wanted else "the whole run"
    assert f"Of {end - first:,} cycles, those of {of}." in text_of(whole, wanted)


def test_a_window_of_all_cycles_is_no_window(whole: Trace) -> None:
    side = side_of(whole, {"unit": "vmm/*", "window": (0, whole.cycles)})
    assert side.selected and not side.windowed


@pytest.mark.parametrize("wanted", PARTS, ids=str)
def test_what_needs_the_whole_run_is_not_known(whole: Trace, wanted: Wanted) -> None:
    side, words = side_of(whole, wanted), text_of(whole, wanted)
    assert (side.own, side.points) == (None, [])
    assert "The roofline is not known: it needs all words that the run moved." in words
    assert "How long a layer was in flight is not known" in words
    assert {row[5] for row in sections.layer_table(side).rows} == {sections.UNKNOWN}  # their operations


@pytest.mark.parametrize("wanted", PARTS, ids=str)
def test_figures_of_the_whole_run_say_so(whole: Trace, wanted: Wanted) -> None:
    side, words = side_of(whole, wanted), text_of(whole, wanted)
    for told in (sections.power_words(side), sections.memory_words(side)):
        assert told.startswith("Of the whole run")
        assert ("the window is shaded" in told) == ("window" in wanted)
    assert " Numbers This part window " in words or " Numbers This part events " in words
    assert words.index("This part events" if "window" not in wanted else "This part window") < words.index(
        "The whole run run"
    )
    assert "what is of the whole run says so" in words


def test_a_whole_run_names_no_part(whole: Trace) -> None:
    side, words = side_of(whole, {}), text_of(whole, {})
    assert side.own is side.run and side.run is not None
    assert sections.memory_words(side).startswith("Fullest in cycle")
    for told in ("This part", "The whole run", "Of the whole run", "without leakage."):
        assert told not in words.partition("Program Each instruction")[0], told


def test_the_window_is_told_in_cycles_and_time(whole: Trace) -> None:
    first, *_ = sections.part_facts(side_of(whole, {"window": WINDOW}))
    clock = whole.header.clock_ns
    assert (first.name, first.value) == ("window", scaled(200 * clock * 1e-9, "s"))
    assert first.about == f"from cycle 100 until 300: 200 cycles of {clock:g} ns"
    assert "window" not in {fact.name for fact in sections.part_facts(side_of(whole, {"unit": "vmm/*"}))}


def test_the_path_says_how_much_of_it_lies_in_the_part(whole: Trace) -> None:
    words = sections.limits_words(side_of(whole, {"window": WINDOW}))
    assert f"200 cycles lie in this part, {percent(200, whole.cycles)}; of these" in words
    shares = [float(one) for one in re.findall(r"([\d.]+) % is", words)]
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 100.1
    assert "lie in this part" not in sections.limits_words(side_of(whole, {}))


def test_a_part_off_the_path_says_so(whole: Trace) -> None:
    assert side_of(whole, {"unit": "program_erase"}).path is not None
    words = sections.limits_words(side_of(whole, {"unit": "program_erase"}))
    assert words.startswith("Nothing of the critical path") and words.endswith("lies in this part.")
    assert words in text_of(whole, {"unit": "program_erase"})


def test_an_empty_part_has_a_page(whole: Trace) -> None:
    told = {fact.name: fact.value for fact in sections.part_facts(side_of(whole, {"unit": "program_erase"}))}
    assert told == {"events": "0", "busy": "0", "energy": "0 J"}


def test_a_trace_that_was_filtered_when_written_is_a_part(tmp_path: Path) -> None:
    path, program = tmp_path / "part.actrace", zoo.load("digits_mlp")
    run(program, inputs=program.samples["image"][:2], trace=path, values=False, trace_filters={"layers": ["hidden"]})
    side = side_of(open_trace(path), {})
    assert side.selected and side.run is not None and side.own is None
    assert sections.power_words(side).startswith("Of the whole run: average")
    assert sections.power_words(side).endswith("; the run fits in one window of 561 cycles, so that no peak is told.")


def test_a_peak_is_that_of_a_window_which_the_run_has(whole: Trace) -> None:
    side = side_of(whole, {})
    assert side.run is not None and side.run.cycles > 561
    assert "in 561 cycles from cycle" in sections.power_words(side)


# Runs that were stopped -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunReport, Trace]:
    """A run that was stopped with an inference under way, and its trace."""
    path = tmp_path_factory.mktemp("stopped") / "run.actrace"
    program = zoo.load("digits_mlp")
    made = run(program, inputs=program.samples["image"][:6], trace=path, values=False, max_cycles=500).report
    return made, open_trace(path)


def test_the_page_of_a_stopped_run_has_the_numbers_of_the_run(stopped: tuple[RunReport, Trace]) -> None:
    report, trace = stopped
    assert report.covers is not None and report.covers.finished > 0 and report.covers.under_way
    side = side_of(trace, {})
    found = [(fact.name, fact.value, fact.about) for fact in sections.facts(side)]
    assert [one for one in facts(report) if one not in found] == []
    assert side.run is not None and side.run.covers == report.covers
    assert ("energy, all", scaled(report.energy_j or 0, "J"), "in all, up to there, without set-up") in found
    assert "latency" in {name for name, _, _ in found}
    assert sections.latency_words(side).endswith(
        "needs every event of a whole run. The median is among the numbers above."
    )


def test_a_coarser_trace_of_a_stopped_run_keeps_what_it_is_of(stopped: tuple[RunReport, Trace], tmp_path: Path) -> None:
    report, trace = stopped
    side = side_of(coarser(trace, "layers", tmp_path / "layers.actrace"), {})
    assert side.run is not None and side.run.covers == report.covers


def test_an_older_trace_of_a_stopped_run_shares_nothing_among_unfinished_inferences(
    stopped: tuple[RunReport, Trace],
) -> None:
    trace = stopped[1]
    older = {name: value for name, value in (trace.summary or {}).items() if name not in ("covers", "complete")}
    side = side_of(replace(trace, summary=older), {})
    assert side.run is None
    assert "throughput" not in {fact.name for fact in sections.facts(side)}


@pytest.mark.parametrize("wanted", PARTS, ids=str)
def test_shares_of_the_critical_path_are_of_what_lies_in_the_part(whole: Trace, wanted: Wanted) -> None:
    side = side_of(whole, wanted)
    assert side.path is not None and side.path.cycles < whole.cycles
    bars, lines = sections.path_bars(side), sections.path_lines(side)
    assert bars is not None and lines is not None
    for told in (*(bar.cells for bar in bars.bars), *(row[2:] for row in lines.rows)):
        assert told[1] == percent(int(told[0].replace(",", "")), side.path.cycles)
    assert f"these {percent(side.path.by_cause[0].cycles, side.path.cycles)} is" in sections.limits_words(side)


def test_what_settings_would_change_is_told_from_the_run_to_the_better(whole: Trace) -> None:
    common = {"cycles_before": 1000, "energy_aj": 0, "slower": None}
    rows = [
        {"path": "memory.ports", "from": 1, "to": 2, "cycles": 750, "energy_j": 2.5e-9, "bound": 300, **common},
        {"path": "a + b", "from": [1, 4], "to": [2, 8.5], "cycles": 1250, "energy_j": 0.0, "bound": None, **common},
    ]
    given = {"program": "p", "chip": "c", "cycles": 1000, "energy_j": 3e-9, "energy_aj": 3, "contention": 0}
    side = page_of([("run", whole)], WhatIf.model_validate({**given, "rows": rows}), lambda done, total: None).sides[0]
    table = sections.what_if_table(side)
    assert table is not None and table.head == (
        "setting",
        "from, to",
        "cycles",
        "gained",
        "of the run",
        "at most",
        "energy",
    )
    assert table.rows == [
        ("memory.ports", "1 to 2", "750", "250", "25.0 %", "300", "2.50 nJ"),
        ("a + b", "1, 4 to 2, 8.5", "1,250", "-250", "-25.0 %", "no bound", "0 J"),
    ]
    assert sections.what_if_table(side_of(whole, {"unit": "vmm/*"})) is None
