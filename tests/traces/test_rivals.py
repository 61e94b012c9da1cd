"""What held the ports and lanes that a path waited for, on traces made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from acortex.traces.critical import Path, Segment, critical_path
from acortex.traces.endings import BEGIN, HandOver
from acortex.traces.file.schema import EventKind
from acortex.traces.rivals import Holders, rivals
from acortex.traces.rows.by_time import Row

UNITS = ("a", "b", "c", "road", "mill")
KINDS = ("read", "carry", "grind")
TABLE = (
    HandOver("*", "port", "a", "grant", kinds=("read",)),
    HandOver("*", "bank", "a", "grant"),
    HandOver("mill", "lane", "road", "grant", delay="way"),
    HandOver("road", "", "a", "start", kinds=("read",)),
)

Event = tuple[str, str, int, int, int]
"""Unit, kind, start, end, pc."""


@pytest.fixture
def held(make_trace: Any) -> Any:
    """held(events, segment): what held it, as (unit, line, cycles)."""

    def find(events: list[Event], *waits: Segment) -> list[tuple[str, str, int]]:
        rows = [
            (start, end - start, UNITS.index(unit), KINDS.index(kind), 1, pc, 0, 0, 0)
            for unit, kind, start, end, pc in sorted(events, key=lambda event: event[2])
        ]
        kinds = tuple(EventKind(name, "words", name, "main_memory") for name in KINDS)
        lines = ("t.s:1", "t.s:2", "t.s:3")
        trace = make_trace(
            rows, [], units=UNITS, kinds=kinds, causes=("port", "bank", "lane"), handovers=TABLE, delays={"way": 10},
            lines=lines, instructions=("one", "two", "three"), summary={"cycles": 100},
        )  # fmt: skip
        found = rivals(Path(reversed(waits), critical_path(trace).rows), trace.header)
        return [(row.held_by, row.line, row.cycles) for row in found]

    return find


def wait(name: str, start: int, end: int, unit: str = "a") -> Segment:
    """A wait on a path."""
    return Segment(start, end, unit, "waiting", name, 0, 0, 0)


def test_each_cycle_counts_for_the_access_that_holds_the_port(held: Any) -> None:
    events = [("b", "read", 0, 4, 1), ("c", "read", 4, 9, 2), ("b", "read", 9, 20, 1), ("mill", "grind", 0, 30, 0)]
    assert held(events, wait("port", 2, 9)) == [("c", "t.s:3", 5), ("b", "t.s:2", 2)]


def test_what_is_idle_meanwhile_is_no_rival_and_neither_is_the_unit_itself(held: Any) -> None:
    events = [("a", "read", 0, 3, 0), ("b", "read", 3, 5, 1), ("c", "grind", 5, 6, 2), ("c", "read", 6, 8, 2)]
    assert held(events, wait("port", 3, 8)) == [("b", "t.s:2", 2)]  # cycle 5 is nobody's: there the wait is not held


def test_of_two_ports_that_count_which_is_free_first(held: Any) -> None:
    events = [("b", "read", 0, 6, 1), ("c", "read", 2, 9, 2)]
    assert held(events, wait("port", 3, 6)) == [("b", "t.s:2", 3)]
    assert held(events, wait("port", 3, 8)) == [("b", "t.s:2", 3), ("c", "t.s:3", 2)]


def test_a_lane_is_held_by_the_agent_whose_word_it_carries_as_late_as_the_word_comes_to_it(held: Any) -> None:
    events = [("b", "read", 0, 2, 1), ("road", "carry", 12, 17, 1), ("c", "grind", 3, 4, 2)]
    assert held(events, wait("lane", 3, 7, "mill")) == [("b", "t.s:2", 4)]


def test_what_held_a_bank_is_not_known_and_other_segments_have_no_rival(held: Any) -> None:
    events = [("b", "read", 0, 9, 1)]
    assert held(events, wait("bank", 2, 9), wait("port", 2, 9)._replace(what="hand-over")) == []


def test_waits_for_one_thing_are_added_up(held: Any) -> None:
    events = [("b", "read", 0, 4, 1), ("b", "read", 10, 14, 1)]
    assert held(events, wait("port", 1, 4), wait("port", 10, 14)) == [("b", "t.s:2", 7)]


def test_a_path_without_rows_has_no_rivals(make_trace: Any, rows: Any) -> None:
    assert rivals(Path([wait("port", 1, 4)]), make_trace(*rows).header) == []


@pytest.mark.parametrize(
    ("unit", "agents", "agent"),
    [
        ("buses/down0", ["vmm", "buses/down0"], "vmm"),
        ("buses/down0", ["vmm", "vector"], "buses/down0"),  # whose word it was is not known
        ("buses/down0", ["buses/down0"], "buses/down0"),
        ("buses/down0", [], "buses/down0"),
        ("vmm", ["vector"], "vmm"),
    ],
)
def test_an_event_of_a_lane_is_that_of_the_one_agent_of_its_instruction(
    unit: str, agents: list[str], agent: str
) -> None:
    header: Any = SimpleNamespace(
        delays={}, handovers=(HandOver("buses/", BEGIN, "vmm"),), units=("vmm", "buses/down0")
    )
    rows: Any = SimpleNamespace(agents_of=lambda pc: agents)
    assert Holders(rows, header).agent(Row(unit, 0, 1, True, "bus.down", 5, 0, 0)) == agent
