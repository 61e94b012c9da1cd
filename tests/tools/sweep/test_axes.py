"""Axes of a sweep: lists, ranges and settings that move together, and what is refused of each, with its line."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.tools.sweep.axes import Axis, Span, axes_of, text_of


def axes(**table: Any) -> list[Axis]:
    return axes_of({name.replace("__", "."): given for name, given in table.items()}, {}, "s.toml")


def values(**table: Any) -> list[Any]:
    (axis,) = axes(**table)
    return [row[0] for row in axis.rows]


def test_a_list_is_taken_as_it_is() -> None:
    assert values(memory__banks=[4, 8]) == [4, 8]
    assert values(memory__type=["edram_55"]) == ["edram_55"]
    assert values(arrays__overlap_loads=[False, True]) == [False, True]


def test_names_without_quotes_are_tables_of_toml() -> None:
    (axis,) = axes_of({"memory": {"banks": [4, 8]}}, {}, "s.toml")
    assert axis.names == ("memory.banks",)


def test_a_range_has_both_ends_and_even_steps() -> None:
    assert values(clock_ns={"from": Decimal("1.0"), "to": 4, "steps": 4}) == [1, 2, 3, 4]
    assert values(clock_ns={"from": Decimal("0.1"), "to": Decimal("0.3"), "steps": 3}) == [
        Decimal("0.1"), Decimal("0.2"), Decimal("0.3"),
    ]  # fmt: skip


def test_steps_of_a_logarithm_multiply() -> None:
    assert values(memory__access_cycles={"from": 1, "to": 16, "steps": 5, "log": True}) == [1, 2, 4, 8, 16]


def test_whole_numbers_that_meet_are_one_value() -> None:
    assert values(memory__ports={"from": 1, "to": 2, "steps": 9}) == [1, 2]


def test_one_step_is_the_first_end() -> None:
    assert values(memory__ports={"from": 3, "to": 9, "steps": 1}) == [3]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("memory.ports, memory.banks", [[1, 4], [2, 8]]),  # as many rows as settings: rows
        ("memory.ports,memory.banks", [[1, 2], [4, 8]]),
    ],
)
def test_linked_settings_are_rows(name: str, rows: list[list[int]]) -> None:
    (axis,) = axes_of({name: {"linked": rows}}, {}, "s.toml")
    assert axis.names == ("memory.ports", "memory.banks")
    assert axis.rows == tuple(map(tuple, rows))


def test_linked_settings_may_be_columns_where_that_is_the_one_reading() -> None:
    (axis,) = axes_of({"memory.ports, memory.banks": {"linked": [[1, 2, 4], [4, 8, 16]]}}, {}, "s.toml")
    assert axis.rows == ((1, 4), (2, 8), (4, 16))


def test_linked_settings_may_be_named_in_the_first_row() -> None:
    (axis,) = axes_of({"ports": {"linked": [["memory.ports", "memory.banks"], [1, 4], [2, 8]]}}, {}, "s.toml")
    assert (axis.names, axis.rows) == (("memory.ports", "memory.banks"), ((1, 4), (2, 8)))


WRONG = {
    "no setting is called memory.prots": {"memory.prots": [1]},
    "memory.ports is given one value": {"memory.ports": 2},
    "memory.ports has no values": {"memory.ports": []},
    "a value of an axis is a number, true, false or a text": {"memory.ports": [[1]]},
    "nan is no value of a setting": {"clock_ns": [Decimal("nan")]},
    "a range has no step": {"clock_ns": {"from": 1, "to": 2, "step": 3}},
    "the range of clock_ns has no to": {"clock_ns": {"from": 1, "steps": 3}},
    "the range of clock_ns goes from 2 down to 1": {"clock_ns": {"from": 2, "to": 1}},
    "the range of clock_ns goes from a number, not true": {"clock_ns": {"from": True, "to": 1}},
    "a range by factors begins above 0, host.part_ns at 0": {"host.part_ns": {"from": 0, "to": 1, "log": True}},
    "log is true or false": {"clock_ns": {"from": 1, "to": 2, "log": 1}},
    "steps of clock_ns is a whole number from 1 to 100,000": {"clock_ns": {"from": 1, "to": 2, "steps": 0}},
    "memory.type takes no numbers": {"memory.type": {"from": 1, "to": 2}},
    "linked is a list of rows": {"memory.ports, memory.banks": {"linked": [1, 2]}},
    "a row has 1 value for 2 settings": {"memory.ports, memory.banks": {"linked": [[1, 4], [2]]}},
    "memory.ports is in two axes": {"memory.ports": [1], "memory.ports, memory.banks": {"linked": [[1, 4]]}},
    "compile.mapping takes taps or dense or best": {"compile.mapping": ["bset"]},
    "a chip is named by a text, not by 3": {"chip": [3]},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_said_with_its_line(message: str) -> None:
    table = WRONG[message]
    places = {f"axes.{name}": "s.toml:7" for name in table}
    with pytest.raises(UsageError) as caught:
        axes_of(table, places, "s.toml")
    assert caught.value.message.startswith(message)
    assert caught.value.where == "s.toml:7"


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        axes_of({"memory.prots": [1]}, {}, "s.toml")
    assert "memory.ports" in caught.value.hint


def test_axes_are_a_table() -> None:
    with pytest.raises(UsageError, match="axes is a table"):
        axes_of([1], {}, "s.toml")


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.booleans(), st.booleans(), st.floats(0, 1))
def test_a_share_of_a_range_lies_within_it(low: int, more: int, log: bool, whole: bool, share: float) -> None:
    span = Span(Fraction(low), Fraction(low + more), log, whole)
    assert low <= Decimal(str(span.at(share))) <= low + more
    assert span.at(0.0) == low
    assert span.at(1.0) == low + more


def test_values_are_written_as_overrides_take_them() -> None:
    assert [text_of(one) for one in (True, 3, Decimal("1E-7"), "rram")] == ["true", "3", "0.0000001", "rram"]
