"""The text of `acortex trace diff`, from documents of `acortex.diff/1` alone."""

from __future__ import annotations

from typing import Any

import pytest
from rich.table import Table

from acortex.tools.views.diff import changed, diff_parts, moved, moved_line, place
from acortex.traces.results_of_paths import Divergence, MovedLine, TraceDiff

from .conftest import Said

NOTHING = {"energy_aj": [0, 0], "energy_j": [0.0, 0.0]}


def unit(name: str, busy: list[int | None], waiting: list[int | None]) -> dict[str, Any]:
    return {"name": name, "busy": busy, "waiting": waiting, **NOTHING}


def event(cycle: int, text: str = "read d0", source: str = "a.s:3", aj: int = 7 * 10**6) -> dict[str, Any]:
    own = {"duration": 1200, "unit": "memory", "kind": "memory.read", "count": 4, "energy_aj": aj}
    return {"cycle": cycle, **own, "source": source, "text": text, "layer": "-", "inference": 0}


DIVERGENCE: dict[str, Any] = {
    "cycle": 1234, "unit": "memory", "kind": "memory.read", "source": "a.s:3", "text": "read d0", "instruction": 2,
    "layer": "-", "inference": 0, "parted": 1, "differs": ["cycle"], "a": event(1234), "b": event(1300, source="b.s:4"),
    "before": [event(9)], "led_to": [],
}  # fmt: skip
REPORT: dict[str, Any] = {
    "equal": False, "complete": [True, True], "cycles": [5000, 4000], "latency_s": [1e-6, 1e-6], "events": [1700, 1700],
    "energy_aj": [10**9, 3 * 10**9], "energy_j": [1e-9, 3e-9], "changed": {"settings": [], "program": []},
    "first_divergence": None, "by_component": [], "by_layer": [], "by_unit": [], "by_instruction": [], "critical": [],
    "by_wait": [],
}  # fmt: skip


def report(**more: Any) -> TraceDiff:
    return TraceDiff.model_validate({**REPORT, **more})


def test_equal_traces_are_one_line(said: Said) -> None:
    assert said(diff_parts(report(equal=True))) == ["equal: 5,000 cycles, 1,700 events"]


def test_equal_runs_of_other_settings_name_them(said: Said) -> None:
    settings = [{"path": "memory.ports", "a": 1, "b": 2}]
    found = said(diff_parts(report(equal=True, changed={"settings": settings, "program": []})))
    assert found[1:] == ["setting memory.ports 1 -> 2"]


def test_totals_have_signed_changes(said: Said) -> None:
    assert said(diff_parts(report())) == [
        "different",
        "total a b change",
        "cycles 5,000 4,000 -1,000",
        "energy 1.00 nJ 3.00 nJ +2.00 nJ",
    ]


def test_the_part_that_a_trace_holds_stands_first(said: Said) -> None:
    part = {"level": "events", "lost": "", "units": ["vmm"]}
    found = said(diff_parts(report(covers=[None, part], energy_j=[1e-9, None])))
    assert found[0] == "b is incomplete: only units vmm"
    assert found[-1] == "energy 1.00 nJ - -"


def test_where_two_traces_part_has_what_both_did_before_and_each_then(said: Said) -> None:
    assert said(diff_parts(report(first_divergence=DIVERGENCE)))[4:] == [
        "",
        "first difference at cycle 1,234 in memory, a.s:3 / b.s:4 read d0",
        "both 9+1,200 memory memory.read x4 a.s:3 read d0 7.00 pJ",
        "a 1,234+1,200 memory memory.read x4 a.s:3 read d0 7.00 pJ",
        "b 1,300+1,200 memory memory.read x4 b.s:4 read d0 7.00 pJ",
    ]


def test_what_both_did_is_dim() -> None:
    (table,) = [part for part in diff_parts(report(first_divergence=DIVERGENCE)) if type(part) is Table]
    assert [row.style for row in table.rows] == ["dim", "", ""]


def test_a_trace_without_such_a_row_says_so_and_what_led_to_the_other(said: Said) -> None:
    step = {"unit": "vmm", "what": "waiting", "name": "buffer_full", "cycle": 5, "duration": 30}
    chain = [step, {**step, "what": "idle", "duration": 2}]
    found = said(diff_parts(report(first_divergence={**DIVERGENCE, "b": None, "led_to": [chain, []]})))
    assert found[-2:] == ["b nothing like it", "led to a by vmm waiting for buffer full (+30), vmm idle (+2)"]
    assert found[5] == "first difference at cycle 1,234 in memory, a.s:3 read d0"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "a.s:3 / b.s:4 read d0"),
        ({"b": event(1, source="a.s:3")}, "a.s:3 read d0"),
        ({"b": event(1, "write d0", "b.s:9")}, "a.s:3 read d0"),
        ({"a": None, "b": None}, "a.s:3 read d0"),
        ({"a": event(1, "x"), "b": event(1, "y")}, "a.s:3 read d0"),
    ],
    ids=str,
)
def test_the_place_has_the_lines_of_both_where_the_instruction_is_the_same(given: dict[str, Any], told: str) -> None:
    assert place(Divergence.model_validate({**DIVERGENCE, **given})) == told


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ("a.s:3", "b.s:4", "a.s:3 / b.s:4 halt"),
        ("a.s:3", "a.s:3", "a.s:3 halt"),
        (None, "b.s:4", "b.s:4 halt"),
        (None, None, "?:1 halt"),
    ],
)
def test_an_instruction_that_moved_has_its_lines_in_both(a: str | None, b: str | None, told: str) -> None:
    times = {"busy": [0, 1], "waiting": [0, 0], **NOTHING}
    row = MovedLine.model_validate({"line": "?:1", "text": "halt", "source_a": a, "source_b": b, **times})
    assert moved_line(row) == told


def test_what_moved_most_comes_first_and_what_did_not_or_is_not_known_is_left_out() -> None:
    pairs = [
        ("up", [3, 5]),
        ("same", [9, 9]),
        ("down", [9, 2]),
        ("unknown", [None, 5]),
        ("gone", [7, None]),
        ("new", [0, 4]),
    ]
    assert changed(pairs) == [("down", [9, 2]), ("new", [0, 4]), ("up", [3, 5])]


def test_there_is_a_table_for_all_that_moved() -> None:
    cause = {"unit": "vmm", "what": "busy", "name": "vmm", "cycles": [1, 2]}
    layer = {"name": "-", "cycles": [3, 4], "busy": [0, 0], "waiting": [0, 0], **NOTHING}
    own = {"line": "a.s:1", "text": "halt", "source_a": "a.s:1", "source_b": "a.s:1"}
    made = report(
        critical=[cause],
        by_layer=[layer],
        by_unit=[unit("vmm", [5, 6], [8, 7])],
        by_wait=[{"unit": "vmm", "cause": "token", "cycles": [9, 8]}],
        by_instruction=[{**own, "busy": [1, 0], "waiting": [0, 0], **NOTHING}],
        by_component=[{"name": "main_memory", "energy_aj": [1, 2], "energy_j": [1e-18, 2e-18]}],
    )
    assert [(one.title, list(one.rows), one.energy) for one in moved(made)] == [
        ("critical path, cycles", [("vmm busy", [1, 2])], False),
        ("layers, cycles in flight", [("(outside layers)", [3, 4])], False),
        ("units, busy cycles", [("vmm", [5, 6])], False),
        ("units, waiting cycles", [("vmm", [8, 7])], False),
        ("waits, cycles", [("vmm token", [9, 8])], False),
        ("instructions, busy cycles", [("a.s:1 halt", [1, 0])], False),
        ("components, energy", [("main memory", [1e-18, 2e-18])], True),
    ]
    assert list(moved(report(by_unit=[unit("vmm", [5, 5], [None, 3])]))) == []


@pytest.mark.parametrize(("number", "more"), [(8, []), (9, ["and 1 more"]), (20, ["and 12 more"])])
def test_of_what_moved_eight_rows_are_shown(number: int, more: list[str], said: Said) -> None:
    units = [unit(f"u{at}", [0, 1000 * (number - at)], [0, 0]) for at in range(number)]
    found = said(diff_parts(report(by_unit=units)))
    at = found.index("units, busy cycles a b change")
    first = 1000 * number
    assert found[at + 1] == f"u0 0 {first:,} +{first:,}"
    assert found[at + 8].startswith("u7 ") and found[at + 9 :] == more


def test_energies_that_moved_have_their_units(said: Said) -> None:
    row = {"name": "neurons_adcs", "energy_aj": [0, 0], "energy_j": [2e-9, 1e-9]}
    found = said(diff_parts(report(by_component=[row])))
    assert found[-2:] == ["components, energy a b change", "neurons, ADCs 2.00 nJ 1.00 nJ -1.00 nJ"]
