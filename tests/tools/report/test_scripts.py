"""The scripts of a page in Node, with as much of a browser as they ask for: they show what the analyses here say."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_pages

from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.report.model import Page, page_of
from acortex.tools.report.packing import packed
from acortex.tools.report.render import OWN, render
from acortex.traces.coarser import coarser
from acortex.traces.critical import critical_path
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.instructions.results import InstructionRow
from acortex.traces.instructions.view import view
from acortex.traces.stats import stats
from acortex.units import joules, scaled

pytestmark = pytest.mark.skipif(report_pages.NODE is None, reason="needs Node: apt-get install nodejs")

DIGITS = 12
PAGE = 25
"""Rows of a table that are shown at once."""

COLUMNS = {
    "constant": [7] * 5,
    "bytes": [250, 5, 5, 9, 0],
    "words": [70_000, 0, 1, 2, 3],
    "large": [2**31, -(2**31), 5, 6, 7],
    "larger": [2**52, 0, 2**40, 1, 2],
    "pc": [-1, -1, 5, 2**33, 0],
}
"""A column of each width, and one that is packed by differences."""

CLICKED = range(0, 400, 7)


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> list[Trace]:
    """A run of some digits, and one with a slower memory."""
    folder, program = tmp_path_factory.mktemp("scripts"), zoo.load("digits_mlp")
    found = []
    for number, settings in enumerate(([], ["memory.access_cycles=3"])):
        path, chip = folder / f"{number}.actrace", load_chip(program.chip or "date2021", settings)
        run(program, chip, inputs=program.samples["image"][:DIGITS], trace=path, values=False)
        found.append(open_trace(path))
    return found


@pytest.fixture(scope="module")
def executions(traces: list[Trace]) -> list[InstructionRow]:
    """The executions of the first run."""
    return view(traces[0], rows=10**6).rows


@pytest.fixture(scope="module")
def page(traces: list[Trace]) -> str:
    """The page of both runs."""
    return render(page_of([(one.path.name, one) for one in traces], None, lambda done, total: None))


@pytest.fixture(scope="module")
def sides(page: str) -> list[dict[str, Any]]:
    """What the page carries of each run."""
    found: list[dict[str, Any]] = report_pages.carried(page)["sides"]
    return found


@pytest.fixture(scope="module")
def seen(page: str) -> dict[str, Any]:
    """What a reader of the page sees."""
    made = packed({name: np.array(values) for name, values in COLUMNS.items()}, frozenset(["pc"]))
    given = {"columns": made.plain(), "text": made.text}
    return report_pages.in_node(OWN, page, "asked_of_a_run.js", PACKED=given, CLICKED=list(CLICKED))


def number(text: str) -> int:
    return int(text.replace(",", ""))


# What is unpacked -----------------------------------------------------------------------------------------------------


def test_each_width_of_a_column_is_read_as_it_was_written(seen: dict[str, Any]) -> None:
    assert seen["unpacked"] == COLUMNS


def test_rows_begin_and_end_as_in_the_trace_and_sums_run_over_all_of_a_unit(
    traces: list[Trace], tmp_path: Path
) -> None:
    """Rows of layers last longer than what they hold, and overlap."""
    every = [traces[0], coarser(traces[0], "layers", tmp_path / "layers.actrace")]
    made = render(Page([page_of([("run", one)], None, lambda done, total: None).sides[0] for one in every]))
    sides = report_pages.carried(made)["sides"]
    seen = report_pages.in_node(OWN, made, "asked_of_rows.js")["sides"]
    for found, side, trace in zip(seen, sides, every, strict=True):
        rows, first = report_pages.rows(side), side["first"]
        assert (found["start"], found["end"]) == (rows["start"], rows["end"])
        by_name = {one.name: one for one in stats(trace).units}
        for unit, name in enumerate(side["units"]):
            low, high = first[unit], first[unit + 1]
            assert set(found["unit"][low:high]) <= {unit}
            assert found["top"][low:high] == np.maximum.accumulate(found["end"][low:high]).tolist()
            spent = [found[sums][high] - found[sums][low] for sums in ("busy", "waiting")]
            assert spent == [by_name[name].busy, by_name[name].waiting], name
        assert sum(found["energy"]) == stats(trace).totals.event_energy_aj
    last = report_pages.rows(sides[-1])
    assert (last["span"] > last["duration"]).any() and (last["gap"] < 0).any()


# Tables ---------------------------------------------------------------------------------------------------------------


def test_executions_are_those_of_the_view_of_instructions(
    seen: dict[str, Any], executions: list[InstructionRow]
) -> None:
    wanted = [
        [
            f"{one.index:,}", f"{one.issued:,}", one.text or "-", one.line, one.unit,
            "" if one.inference < 0 else f"{one.inference}",
            "" if one.first_busy is None else f"{one.first_busy:,}", "" if one.end is None else f"{one.end:,}",
            f"{one.busy:,}", f"{one.waited:,}",
        ]
        for one in executions
    ]  # fmt: skip
    assert [row[:10] for row in seen["executions"]] == wanted
    assert len(wanted) > 3 * PAGE


def test_the_longest_wait_of_an_execution_is_told_with_what_ended_it(
    seen: dict[str, Any], sides: list[dict[str, Any]]
) -> None:
    side, rows = sides[0], report_pages.rows(sides[0])
    issued, kinds = report_pages.rows(side, "issued"), len(side["kinds"])
    longest: dict[int, tuple[int, str]] = {}
    for at, execution in enumerate(rows["execution"].tolist()):
        code, cycles = int(rows["code"][at]), int(rows["duration"][at])
        own = (
            execution >= 0
            and side["first"][issued["unit"][execution]] <= at < side["first"][issued["unit"][execution] + 1]
        )
        if own and code >= kinds and cycles > longest.get(execution, (-1, ""))[0]:
            unit, pc, how = side["enders"][rows["ended_by"][at]]
            words = {"ended": "its event ended", "taken": "took its instruction", "held": "held it until then"}
            by = f"{side['units'][unit]} ({words[how]})" if unit >= 0 else ""
            by += f": {side['texts'][pc]}, {side['lines'][pc]}" if by and pc >= 0 else ""
            told = f"{side['causes'][code - kinds].replace('_', ' ')} {cycles:,}"
            longest[execution] = cycles, told + (f", ended by {by}" if by else "")
    assert {at: row[11] for at, row in enumerate(seen["executions"]) if row[11]} == {
        at: words for at, (_, words) in longest.items()
    }


def test_energies_of_executions_add_up_to_those_of_instructions(
    seen: dict[str, Any], executions: list[InstructionRow], traces: list[Trace]
) -> None:
    found: dict[int, float] = {}
    for row, energy in zip(executions, seen["energies"], strict=True):
        found[row.pc] = found.get(row.pc, 0) + energy
    wanted = {one.pc: one.energy_aj for one in stats(traces[0]).instructions}
    assert found == {pc: wanted.get(pc, 0) for pc in found}
    assert sum(found.values()) > 0


def test_a_table_is_turned_page_by_page_to_its_end(seen: dict[str, Any]) -> None:
    rows = len(seen["executions"])
    pages = -(-rows // PAGE)
    assert rows % PAGE and pages > 2
    assert seen["pages"] == [
        [
            f"{PAGE * at + 1:,} to {min(PAGE * at + PAGE, rows):,} of {rows:,}",
            at == 0,
            at == pages - 1,
            min(PAGE, rows - PAGE * at),
        ]
        for at in range(pages)
    ]


def test_a_table_is_filtered_by_the_number_of_a_row_or_by_words_in_any_case(
    seen: dict[str, Any], executions: list[InstructionRow]
) -> None:
    products = [f"{one.index:,}" for one in executions if one.text.startswith("multiply g1")]
    assert len(products) == DIGITS
    assert seen["filtered"] == [
        *[["1 to 1 of 1", ["14"]]] * 3,
        [f"1 to {DIGITS} of {DIGITS}", products],
        ["no row", []],
        ["no row", []],
    ]


def test_numbers_are_sorted_by_size_from_the_largest_and_words_from_a(seen: dict[str, Any]) -> None:
    for column, found, least_first in ((9, seen["sorted"][0], False), (2, seen["sorted"][1], True)):
        values = [row[column] for row in seen["executions"]]
        keys = values if column == 2 else [f"{number(value):,}" for value in values]
        order = sorted(keys, key=str if column == 2 else number)
        first, second = (order, order[::-1]) if least_first else (order[::-1], order)
        words = ["ascending", "descending"] if least_first else ["descending", "ascending"]
        assert found == [[words[0], *first[:PAGE]], [words[1], *second[:PAGE]]]


def test_the_program_has_the_sums_of_each_instruction(seen: dict[str, Any], traces: list[Trace]) -> None:
    header, by_pc = traces[0].header, {one.pc: one for one in stats(traces[0]).instructions}
    for pc, (row, heats) in enumerate(zip(seen["listing"], seen["heats"], strict=True)):
        sums = by_pc.get(pc)
        busy, waiting, energy = (sums.busy, sums.waiting, sums.energy_aj) if sums else (0, 0, 0)
        assert row[:5] == [f"{pc}", header.lines[pc], header.instructions[pc], f"{busy:,}", f"{waiting:,}"]
        assert row[5] == (scaled(joules(energy), "J") if energy else "")
        most = max(one.busy + one.waiting for one in by_pc.values() if one.pc >= 0)
        dearest = max(one.energy_aj for one in by_pc.values() if one.pc >= 0)
        assert heats == pytest.approx([busy / most, waiting / most, energy / dearest])


def test_the_chain_joins_what_the_critical_path_spends_on_one_instruction(
    seen: dict[str, Any], traces: list[Trace]
) -> None:
    path = list(critical_path(traces[0]))
    links = [list(some) for _, some in groupby(path, key=lambda one: (one.pc, one.inference))]
    assert [[number(row[1]), number(row[2]), number(row[5] or "-1")] for row in seen["chain"]] == [
        [some[0].start, some[-1].end - some[0].start, some[0].inference] for some in links
    ]
    for row, some in zip(seen["chain"], links, strict=True):
        spent: dict[str, int] = {}
        for one in some:
            named = f" ({one.name.replace('_', ' ')})" if one.name else ""
            name = f"{one.unit} {one.what}{named}"
            spent[name] = spent.get(name, 0) + one.end - one.start
        told = sorted(spent.items(), key=lambda one: -one[1])
        assert row[6] == ", ".join(f"{name} {cycles:,}" for name, cycles in told)


# Pictures -------------------------------------------------------------------------------------------------------------


def test_a_click_on_a_row_says_all_of_it(seen: dict[str, Any], sides: list[dict[str, Any]]) -> None:
    side, rows = sides[0], report_pages.rows(sides[0])
    units = np.repeat(np.arange(len(side["units"])), np.diff(side["first"]))
    kinds = len(side["kinds"])
    names = [*(one["name"] for one in side["kinds"]), *side["causes"]]
    for row, facts in zip(CLICKED, map(dict, seen["details"]), strict=True):
        start, end, code, pc = (int(rows[name][row]) for name in ("start", "end", "code", "pc"))
        if end == start:
            continue  # it has no width
        name = names[code].replace("_", " ")
        assert facts["what"] == f"{side['units'][units[row]]}: {'waits for ' if code >= kinds else ''}{name}"
        assert facts["cycles"].startswith(f"{start:,} to {end - 1:,}: {int(rows['duration'][row]):,} (")
        assert facts["source line"] == (side["lines"][pc] if pc >= 0 else "-")
        assert ("ended by" in facts) == (code >= kinds) != ("energy" in facts)
        if code < kinds:
            assert facts[side["kinds"][code]["unit"] or "count"] == f"{int(rows['count'][row]):,}"
        inference = int(rows["inference"][row])
        assert facts["inference"] == ("none" if inference < 0 else f"{inference}")


def test_the_view_zooms_about_a_cycle_and_stays_within_the_run(seen: dict[str, Any], traces: list[Trace]) -> None:
    cycles = max(trace.cycles for trace in traces)
    assert cycles > 500
    assert seen["moved"] == [
        [100, 300],
        [150, 250],
        [150, 350],
        [250, 450],
        [200, 400],
        [10, 18],
        pytest.approx([-0.01 * cycles, 1.01 * cycles]),
        [0, cycles],
    ]


def test_a_narrow_picture_shows_the_share_of_cycles_that_each_unit_was_busy_and_waited(
    seen: dict[str, Any], traces: list[Trace]
) -> None:
    by_name = {one.name: one for one in stats(traces[0]).units}
    crowded = [one for one in seen["narrow"] if one["fills"]]
    assert len(crowded) > 2
    for one in crowded:
        sums = by_name[one["unit"]]
        assert one["busy"] == pytest.approx(sums.busy, rel=0.05, abs=3)
        assert one["waiting"] == pytest.approx(sums.waiting, rel=0.05, abs=3)


def test_charts_have_the_windows_of_the_report_and_its_latencies(
    seen: dict[str, Any], sides: list[dict[str, Any]], traces: list[Trace]
) -> None:
    assert [one["title"] for one in seen["charts"]] == ["power", "words live, at most", "latency"] * 2
    for side, trace, charts in zip(sides, traces, (seen["charts"][:3], seen["charts"][3:]), strict=True):
        report, cycles = side["run"], side["cycles"]
        power, memory, latency = (one["data"] for one in charts)
        width, energies = report["power"]["window_cycles"], report["power"]["windows_aj"]
        assert cycles % width and len(energies) > 1
        seconds = [
            (min((at + 1) * width, cycles) - at * width) * side["clock_ns"] * 1e-9 for at in range(len(energies))
        ]
        watts = [energy * 1e-18 / length for energy, length in zip(energies, seconds, strict=True)]
        assert power[1] == pytest.approx([*watts, watts[-1]])
        assert max(watts[:-1]) == pytest.approx(report["power"]["peak_w"])
        assert power[0] == memory[0] == [*range(0, cycles, width), cycles]
        assert memory[1] == [*report["memory"]["windows_words"], report["memory"]["windows_words"][-1]]
        assert latency == [list(range(DIGITS)), [one.latency for one in stats(trace).inferences if one.index >= 0]]


def test_timelines_of_two_runs_mark_where_they_part(seen: dict[str, Any], page: str) -> None:
    divergence = report_pages.carried(page)["diff"]["first_divergence"]
    assert seen["parted"] == divergence["parted"] >= 0


# By hand --------------------------------------------------------------------------------------------------------------


def test_numbers_have_three_digits_and_the_prefix_of_their_size(seen: dict[str, Any]) -> None:
    assert seen["scaled"] == [
        "0 J", "1.00 J", "999 J", "1.00 kJ", "2.50 mJ", "1.50 nJ", "-2.00 uJ", "3.00e+3 TJ", "0.0400 aJ",
    ]  # fmt: skip


def test_a_full_page_is_the_last_one_and_a_row_is_shown_whatever_the_filter_was(seen: dict[str, Any]) -> None:
    assert seen["full"] == [
        ["1 to 25 of 50", True, False, "0", 25],
        ["26 to 50 of 50", False, True, "25", 25],
        ["1 to 25 of 50", True, False, "0", 25],
        ["1 to 5 of 5", True, True, "7", 5],
        ["26 to 50 of 50", False, True, "25", 25],
        ["26 to 50 of 50", False, True, "25", 25],  # the largest value first: that of row 0
    ]


def test_an_execution_has_the_first_of_its_longest_waits_and_the_energy_of_all_units(seen: dict[str, Any]) -> None:
    assert seen["alike"] == {
        "busy": 1, "waited": 4, "energy": 9, "begin": 4, "end": 5, "longest": 0, "rows": 2,
    }  # fmt: skip


def test_a_link_of_the_chain_is_of_one_inference(seen: dict[str, Any]) -> None:
    assert seen["turns"] == [
        ["0", "0", "5", "(none)", "-", "0", "mill busy (some thing) 3, mill busy 2"],
        ["1", "5", "4", "(none)", "-", "1", "mill busy 4"],
    ]


def test_a_bound_is_the_first_place_whose_value_is_not_below(seen: dict[str, Any]) -> None:
    values = [1, 3, 3, 3, 8, 9]
    assert seen["bounds"] == [
        [next((at for at in range(low, high) if values[at] >= one), high) for low, high in ((0, 6), (1, 4))]
        for one in (0, 1, 2, 3, 4, 8, 9, 10)
    ]


def test_windows_are_steps_that_end_with_the_run(seen: dict[str, Any]) -> None:
    assert seen["windows"] == [[[0, 10, 20, 25], [5, 6, 7, 7]], [[], []]]


def test_the_grey_of_what_lies_outside_layers_does_not_come_again(seen: dict[str, Any]) -> None:
    assert seen["hues"][0] not in seen["hues"][1:]
    assert len(set(seen["hues"][1:8])) == 7 and seen["hues"][8:15] == seen["hues"][1:8]
