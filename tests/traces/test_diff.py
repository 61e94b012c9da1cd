"""A planted difference is found and named; what means the same is equal, however it was written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.traces.diff import diff
from acortex.traces.file.reader import Trace

from .conftest import CAUSES, HEADER, KINDS, LINES_OF, UNITS, MakeTrace, Rows, pipeline

START, DURATION, UNIT, COUNT, ENERGY = 0, 1, 2, 4, 8


@pytest.fixture
def a(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> Trace:
    return make_trace(*rows, name="a", summary={"cycles": 200})


def _changed(rows: Rows, at: int, column: int, by: int) -> Rows:
    row = list(rows[at])
    row[column] += by
    return [*rows[:at], tuple(row), *rows[at + 1 :]]


def test_a_trace_equals_itself(a: Trace) -> None:
    found = diff(a, a)
    assert (found["schema"], found["equal"], found["first_divergence"]) == ("acortex.diff/1", True, None)
    assert (found["by_instruction"], found["by_wait"]) == ([], [])


def test_the_order_of_writing_is_no_difference(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    b = make_trace(rows[0][::-1], rows[1][::-1], name="b", summary={"cycles": 200})
    assert diff(a, b)["equal"]


def test_the_order_of_the_tables_is_no_difference(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    turned = [(*row[:2], 4 - row[2], 4 - row[3], *row[4:]) for row in rows[0]]
    waits = [(*row[:2], 4 - row[2], 2 - row[3], *row[4:]) for row in rows[1]]
    tables: dict[str, Any] = {"units": UNITS[::-1], "kinds": KINDS[::-1], "causes": CAUSES[::-1]}
    assert diff(a, make_trace(turned, waits, name="b", summary={"cycles": 200}, **tables))["equal"]


@pytest.mark.parametrize("at", [0, 1, 2, 3, 4, 50, 99])
@pytest.mark.parametrize(
    ("column", "differs"),
    [
        (START, ["start"]),
        (DURATION, ["duration", "span"]),
        (COUNT, ["count"]),
        (ENERGY, ["energy_aj"]),
    ],
)
def test_one_changed_number_is_found_and_named(
    a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows], at: int, column: int, differs: list[str]
) -> None:
    b = make_trace(_changed(rows[0], at, column, 1), rows[1], name="b", summary={"cycles": 200})
    row = rows[0][at]
    found = diff(a, b)
    divergence = found["first_divergence"]
    assert not found["equal"]
    assert divergence["differs"] == differs
    assert (divergence["cycle"], divergence["unit"], divergence["source"], divergence["instruction"]) == (
        row[START],
        UNITS[row[UNIT]],
        LINES_OF[row[5]],
        row[5],
    )
    assert (divergence["a"][_key(column)], divergence["b"][_key(column)]) == (row[column], row[column] + 1)


def _key(column: int) -> str:
    return {START: "cycle", DURATION: "duration", COUNT: "count", ENERGY: "energy_aj"}[column]


def test_an_event_that_is_missing_is_named(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    divergence = diff(a, make_trace(rows[0][:-1], rows[1], name="b"))["first_divergence"]
    assert (divergence["unit"], divergence["cycle"], divergence["b"]) == (UNITS[4], rows[0][-1][0], None)
    assert diff(make_trace(rows[0][:-1], rows[1], name="b"), a)["first_divergence"]["a"] is None


def test_a_cycle_that_moves_between_causes_is_found(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    first = rows[1][0]
    moved = [(*first[:3], (first[3] + 1) % 3, *first[4:]), *rows[1][1:]]
    found = diff(a, make_trace(rows[0], moved, name="b", summary={"cycles": 200}))
    assert not found["equal"]
    assert found["first_divergence"]["kind"].startswith("wait: ")
    assert sorted(row["cycles"][1] - row["cycles"][0] for row in found["by_wait"]) == [-first[1], first[1]]


@pytest.mark.parametrize("leakage", [0, 13])
def test_a_longer_run_with_the_same_rows_differs(make_trace: MakeTrace, rows: tuple[Rows, Rows], leakage: int) -> None:
    a, b = (
        make_trace(*rows, name=str(cycles), summary={"cycles": cycles}, leakage_aj_per_cycle=leakage)
        for cycles in (200, 201)
    )
    found = diff(a, b)
    assert (found["equal"], found["cycles"], found["first_divergence"]) == (False, [200, 201], None)
    assert found.energy_aj[1] - found.energy_aj[0] == leakage


def test_a_chip_that_leaks_more_differs(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    found = diff(a, make_trace(*rows, name="b", summary={"cycles": 200}, leakage_aj_per_cycle=14))
    assert (found["equal"], found["first_divergence"]) == (False, None)
    assert found["by_component"][0] == {
        "name": "leakage",
        "energy_aj": [2600, 2800],
        "energy_j": [2600 / 1e18, 2800 / 1e18],
    }


def test_the_rows_before_are_common_to_both(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    b = make_trace(_changed(rows[0], 50, COUNT, 1), rows[1], name="b")
    divergence = diff(a, b)["first_divergence"]
    assert len(divergence["before"]) == 3
    assert all(row["cycle"] <= divergence["cycle"] for row in divergence["before"])


@pytest.mark.parametrize(("column", "at"), [(START, 99), (DURATION, 52), (COUNT, 4)])
def test_what_led_to_a_row_ends_with_that_row(
    a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows], column: int, at: int
) -> None:
    b = make_trace(_changed(rows[0], at, column, 1), rows[1], name="b", summary={"cycles": 200})
    found = diff(a, b).first_divergence
    assert found is not None and found.a is not None and found.b is not None
    for chain, row in zip(found.led_to, (found.a, found.b), strict=True):
        last = chain[-1]
        assert (last.unit, last.what, last.name) == (row.unit, "busy", row.kind)
        assert (last.cycle, last.duration) == (row.cycle, row.duration)
        assert [one.cycle + one.duration for one in chain[:-1]] == [one.cycle for one in chain[1:]]


@pytest.mark.parametrize("table", ["units", "kinds", "causes"])
def test_the_same_numbers_under_other_names_are_a_difference(
    a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows], table: str
) -> None:
    b = make_trace(*rows, name="b", summary={"cycles": 200}, **{table: getattr(HEADER, table)[::-1]})
    found = diff(a, b).first_divergence
    assert found is not None
    assert (found.kind.startswith("wait: ")) == (table == "causes")


@pytest.mark.parametrize("selected", [(True, False), (False, True), (True, True)], ids=str)
def test_of_a_part_of_a_run_no_critical_path_is_told(
    a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows], selected: tuple[bool, bool]
) -> None:
    b = make_trace(_changed(rows[0], 50, DURATION, 1), rows[1], name="b", summary={"cycles": 201})
    assert diff(a, b).critical
    ways: list[Callable[[Trace], Trace]] = [
        lambda one: one.select(window=(0, 1000)),
        lambda one: replace(one, summary=None, complete=False, lost="its end"),
        lambda one: replace(one, summary={**(one.summary or {}), "stopped": "stopped at cycle 200"}),
    ]
    for part in ways:
        pair = [part(one) if some else one for one, some in zip((a, b), selected, strict=True)]
        found = diff(*pair)
        assert (found.critical, found.complete) == ([], [not some for some in selected])


@pytest.mark.parametrize(("rtol", "equal"), [(0.0, False), (1e-9, False), (1e-3, True)])
def test_energy_may_differ_by_a_tolerance(
    a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows], rtol: float, equal: bool
) -> None:
    dearer = [(*row[:8], row[8] + row[8] // 2000) for row in rows[0]]
    b = make_trace(dearer, rows[1], name="b", summary={"cycles": 200})
    assert diff(a, b, rtol_energy=rtol)["equal"] is equal


def test_what_moved_most_comes_first(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    slower = _changed(_changed(rows[0], 2, DURATION, 9), 3, DURATION, 4)
    found = diff(a, make_trace(_changed(slower, 0, ENERGY, 77), rows[1], name="b", summary={"cycles": 200}))
    assert [row["name"] for row in found["by_unit"]][:2] == ["vmm", "neurons"]
    assert [row["line"] for row in found["by_instruction"]] == ["toy.s:5", "toy.s:9", "toy.s:3"]
    component = found["by_component"][0]
    assert (component["name"], component["energy_aj"][1] - component["energy_aj"][0]) == ("main_memory", 77)
    assert found["by_layer"][0]["name"] == "conv1"


def test_what_became_less_moved_as_far(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    """A frame is 4 cycles shorter, a conversion 3 longer, a word that is written 1 shorter."""
    moved = _changed(_changed(_changed(rows[0], 2, DURATION, -4), 3, DURATION, 3), 4, DURATION, -1)
    b = make_trace(moved, rows[1], name="b", summary={"cycles": 200})
    wanted = [("vmm", -4), ("neurons", 3), ("main_memory.write", -1)]
    for pair, sign in (((a, b), 1), ((b, a), -1)):
        found = diff(*pair)
        rows_of = [(row.name, sign * (row.busy[1] - row.busy[0])) for row in found.by_unit]  # type: ignore[operator]
        assert rows_of[:3] == wanted
        assert [row.line for row in found.by_instruction] == ["toy.s:5", "toy.s:9", "toy.s:12"]


def test_programs_with_other_layers_are_joined_by_name(a: Trace, make_trace: MakeTrace) -> None:
    events, waits = pipeline(20)
    found = diff(a, make_trace(events, waits, name="b", layers=("-", "conv1", "dense"), program_sha256="c" * 64))
    assert {row["name"] for row in found["by_layer"]} == {"-", "conv1", "fc", "dense"}
    dense = next(row for row in found["by_layer"] if row["name"] == "dense")
    assert dense["busy"][0] == 0
    assert dense["busy"][1] > 0


def test_an_empty_trace_compares(a: Trace, make_trace: MakeTrace) -> None:
    assert diff(make_trace([], name="b"), a)["first_divergence"]["cycle"] == 0
    assert diff(make_trace([], name="b"), make_trace([], name="c"))["equal"]


def test_levels_must_agree(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    b = make_trace(*rows, name="b", level="layers")
    with pytest.raises(UsageError) as caught:
        diff(a, b)
    assert str(caught.value) == (
        "a trace of level events and one of level layers cannot be compared\n"
        "  hint: write both with the same --trace-level"
    )


def test_an_incomplete_trace_is_marked(a: Trace, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    b = replace(make_trace(*rows, name="b"), complete=False, lost="the tail", summary=None)
    assert diff(a, b)["complete"] == [True, False]


def test_the_header_of_the_tests_has_a_line_an_instruction() -> None:
    assert HEADER.lines == LINES_OF
