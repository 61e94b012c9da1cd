"""How much shorter a run can become at most, on traces made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.traces.bounds import Chain, Change
from acortex.traces.endings import HandOver
from acortex.traces.file.schema import EventKind

UNITS = ("field", "mill", "bakery")
KINDS = ("cut", "grind", "bake")
TABLE = (
    HandOver("mill", "grain", "field", "end"),
    HandOver("bakery", "flour", "mill", "end", delay="road"),
    HandOver("bakery", "oven", "mill", "grant"),
)


@pytest.fixture
def chain(make_trace: Any) -> Chain:
    """A harvest of 5 cycles, 4 of milling, 3 on the road, a wait of 6 for the oven, and 2 of baking."""
    events = [(0, 5, 0, 0, 1, 0, 0, 0, 0), (5, 4, 1, 1, 1, 0, 0, 0, 0), (18, 2, 2, 2, 1, 0, 0, 0, 0)]
    waits = [(0, 5, 1, 0, 0, 0, 0), (0, 12, 2, 1, 0, 0, 0), (12, 6, 2, 2, 0, 0, 0)]
    kinds = tuple(EventKind(name, "sacks", name, "main_memory") for name in KINDS)
    trace = make_trace(
        events, waits, units=UNITS, kinds=kinds, causes=("grain", "flour", "oven", "sacks"), handovers=TABLE,
        delays={"road": 3}, summary={"cycles": 20},
    )  # fmt: skip
    return Chain(trace)


def one(length: int) -> int:
    return 1


CONTENTION = 6


def test_a_shorter_event_gains_its_cycles_and_all_contention(chain: Chain) -> None:
    assert chain.bound([Change(("grind",), one)]) == 1 + CONTENTION
    assert chain.bound([Change(("grind", "bake"), one)]) == 2 + CONTENTION
    assert chain.bound([Change(("grind",), lambda length: length // 2)]) == 2 + CONTENTION


def test_no_event_gains_more_than_it_takes_and_no_run_either(chain: Chain) -> None:
    assert chain.bound([Change(("bake",), lambda length: 9)]) == 2 + CONTENTION
    assert chain.bound([Change(KINDS, lambda length: 99, latency=99)]) == 20


def test_a_shorter_way_gains_for_each_word_on_the_path(chain: Chain) -> None:
    assert chain.bound([Change(("grind",), lambda length: 0, latency=2)]) == 2 + CONTENTION


def test_idle_cycles_that_nothing_explains_may_be_gained(make_trace: Any) -> None:
    """The bakery does nothing until cycle 7, and then bakes for 2."""
    kinds = (EventKind("bake", "sacks", "bake", "main_memory"),)
    trace = make_trace([(7, 2, 0, 0, 1, 0, 0, 0, 0)], units=("bakery",), kinds=kinds, summary={"cycles": 9})
    assert Chain(trace).bound([Change(("bake",), one)]) == 7 + 1


def test_what_says_nothing_of_lengths_gains_contention_alone(chain: Chain) -> None:
    assert chain.bound([Change(("grind",))]) == CONTENTION


def test_each_word_and_each_event_of_the_path_counts(make_trace: Any) -> None:
    """Two sacks are milled and carried, one after the other: 2 of 4 cycles each, and 3 of the road each."""
    events = [(0, 4, 1, 1, 1, 0, 0, 0, 0), (10, 4, 1, 1, 1, 0, 0, 0, 0), (17, 3, 2, 2, 1, 0, 0, 0, 0)]
    waits = [(4, 6, 1, 0, 0, 0, 0), (0, 17, 2, 1, 0, 0, 0), (0, 7, 0, 2, 0, 0, 0)]
    table = (HandOver("mill", "grain", "field", "end"), HandOver("bakery", "flour", "mill", "end", delay="road"),
             HandOver("field", "sack", "mill", "end", delay="road"))  # fmt: skip
    kinds = tuple(EventKind(name, "sacks", name, "main_memory") for name in KINDS)
    events.append((7, 3, 0, 0, 1, 0, 0, 0, 0))
    trace = make_trace(
        events, waits, units=UNITS, kinds=kinds, causes=("grain", "flour", "sack"), handovers=table,
        delays={"road": 3}, summary={"cycles": 20},
    )  # fmt: skip
    found = Chain(trace)
    assert found.bound([Change(("grind",), lambda length: 2)]) == 2 * 2
    assert found.bound([Change(("grind",), lambda length: 0, latency=3)]) == 2 * 3


def test_other_kinds_may_come_in_another_order(chain: Chain) -> None:
    assert chain.bound([Change(("thresh",), waits=("sacks",), rearranges=True)]) == 0
    assert chain.bound([Change(("cut", "thresh"), rearranges=True)]) is None


def test_what_nothing_took_and_nothing_awaited_changes_nothing(chain: Chain) -> None:
    assert chain.bound([Change(("thresh",), one)]) == 0
    assert chain.bound([Change(waits=("sacks",))]) == 0
    assert chain.bound([]) == 0


def test_where_the_path_passed_a_wait_for_a_place_more_places_have_no_bound(chain: Chain) -> None:
    assert chain.bound([Change(waits=("grain",))]) is None
    assert chain.bound([Change(waits=("oven",))]) == CONTENTION  # what an arbiter grants is no step of the chain
    assert chain.bound([Change(("bake",), rearranges=True)]) is None


def test_changes_together_add_up_and_one_without_a_bound_leaves_none(chain: Chain) -> None:
    assert chain.bound([Change(("grind",), one), Change(("bake",), one)]) == 2 + CONTENTION
    assert chain.bound([Change(("grind",), one), Change(waits=("grain",))]) is None
