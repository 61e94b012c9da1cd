"""The table of hand-overs: which rows are of a wait, who issues, who takes, and whose delay it is."""

from __future__ import annotations

import pytest

from acortex.traces.endings import DELAY, GRANT, SEEN, START, Endings, HandOver, issuer, matches, takers

UNITS = ("boss", "mill", "shop/0", "shop/12", "shop/own", "shop")


@pytest.mark.parametrize(
    ("pattern", "units"),
    [
        ("*", UNITS),
        ("shop/", ("shop/0", "shop/12", "shop/own")),
        ("shop", ("shop",)),
        ("shop/own", ("shop/own",)),
        ("shop/1", ()),
        ("sho", ()),
        ("", ()),
    ],
)
def test_a_pattern_is_any_unit_all_below_or_one(pattern: str, units: tuple[str, ...]) -> None:
    assert Endings((), UNITS).lanes(pattern) == units


@pytest.mark.parametrize(
    ("pattern", "unit", "matched"),
    [
        ("lane", "lane7", True),
        ("lane", "lane70", True),
        ("lane7", "lane70", False),
        ("lane", "lane7a", False),
        ("lane1", "lane", False),
    ],
)
def test_lanes_of_a_unit_are_its_name_and_a_number(pattern: str, unit: str, matched: bool) -> None:
    assert matches(pattern, unit) == matched


def test_a_wait_has_the_rows_of_its_own_unit_and_else_those_of_any() -> None:
    own, other, for_all = HandOver("mill", "grain", "field"), HandOver("shop/", "grain"), HandOver("*", "grain", "boss")
    found = Endings((for_all, own, other, HandOver("mill", "water")), UNITS)
    assert [found.of(unit, "grain") for unit in ("mill", "shop/0", "boss")] == [(own,), (other,), (for_all,)]
    assert found.of("mill", "wind") == ()


def test_one_row_of_several_says_what_a_wait_is() -> None:
    rows = (
        HandOver("mill", "way", by=DELAY), HandOver("mill", "way", by=SEEN), HandOver("shop", "bread", by=GRANT),
        HandOver("shop", "idle", "boss"), HandOver("shop", "idle", "mill"), HandOver("mill", "idle", "shop"),
    )  # fmt: skip
    found = Endings(rows, UNITS)
    assert (found.own("mill", "way"), found.seen("mill", "way")) == (True, True)
    assert (found.own("shop", "bread"), found.seen("shop", "bread")) == (False, False)
    follows = [found.follows(*pair) for pair in (("shop", "boss"), ("shop", "mill"), ("mill", "boss"))]
    assert follows == [True, True, False]
    assert (found.carries("shop"), Endings((HandOver("shop", ""),), UNITS).carries("shop")) == (False, True)


def test_the_parts_of_a_chip_are_named_by_accesses_and_by_delays() -> None:
    rows = (
        HandOver("mill", "grain", "memory/read", START, kinds=("fetch", "look")),
        HandOver("mill", "way", "host/in", DELAY),
        HandOver("shop", "flour", "mill", kinds=("grind",)),
    )
    assert Endings(rows, UNITS).parts() == {"fetch": "memory", "look": "memory", "way": "host"}


def test_the_unit_that_issues_is_what_idle_units_wait_for() -> None:
    first = (HandOver("mill", "idle", "shop"), HandOver("*", "grain", "mill"))
    assert issuer((*first, HandOver("*", "idle", "boss"), HandOver("*", "idle", "x"))) == "boss"
    assert issuer(first) == issuer(()) == "controller"


def test_units_take_instructions_that_are_idle_until_they_are_issued() -> None:
    rows = (HandOver("*", "idle", "boss"), HandOver("mill", "idle", "shop"), HandOver("shop/0", "idle", "boss"))
    assert takers(rows, UNITS) == ["boss", "shop/0", "shop/12", "shop/own", "shop"]


def test_without_a_table_all_take_instructions_but_those_that_older_chips_had_for_others() -> None:
    assert takers((), ["controller", "vmm/frame", "buses/down", "vmm/load", "host/in"]) == ["vmm/load", "host/in"]
