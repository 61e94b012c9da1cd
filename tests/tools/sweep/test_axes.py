"""Axes of a sweep: lists, ranges and settings that move together, and what is refused of each, with its line."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.tools.sweep import axes as module
from acortex.tools.sweep.axes import Axis, Span, axes_of, plain, text_of


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


@pytest.mark.parametrize("low", [1, 3])
def test_steps_of_a_logarithm_multiply(low: int) -> None:
    found = values(memory__access_cycles={"from": low, "to": 16 * low, "steps": 5, "log": True})
    assert found == [low, 2 * low, 4 * low, 8 * low, 16 * low]


def test_a_range_has_its_two_ends_where_no_steps_are_said() -> None:
    assert values(clock_ns={"from": 1, "to": 4}) == [1, 4]


def test_a_range_may_begin_where_it_ends() -> None:
    assert values(clock_ns={"from": 3, "to": 3, "steps": 5}) == [3]


def test_numbers_of_a_range_have_twelve_digits() -> None:
    thirds = values(clock_ns={"from": 1, "to": 2, "steps": 4})
    assert thirds == [1, Decimal("1.33333333333"), Decimal("1.66666666667"), 2]
    assert values(clock_ns={"from": 1, "to": 2, "steps": 3}) == [1, Decimal("1.5"), 2]


@pytest.mark.parametrize("end", ["1e-300", "1e300"])
def test_the_smallest_and_the_largest_end_of_a_range_are_taken(end: str) -> None:
    assert values(clock_ns={"from": Decimal(end), "to": Decimal(end)}) == [Decimal(end)]


@pytest.mark.parametrize(
    ("low", "high", "key"), [("1e-301", "1", "from"), ("1", "1.1e300", "to"), ("-2e300", "1", "from")]
)
def test_an_end_beyond_them_is_refused(low: str, high: str, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        axes(clock_ns={"from": Decimal(low), "to": Decimal(high)})
    assert caught.value.message == f"the range of clock_ns goes {key} a number that no setting has"
    assert (caught.value.where, caught.value.hint) == ("s.toml", module.EXAMPLE)


def test_an_axis_may_have_a_hundred_thousand_values_and_as_many_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(values(memory__ports=[1] * 100_000)) == 100_000
    with pytest.raises(UsageError) as caught:
        axes(memory__ports=[1] * 100_001)
    assert caught.value.message == "memory.ports has 100,001 values, at most 100,000 are taken"
    assert caught.value.where == "s.toml"
    monkeypatch.setattr(module, "MOST_VALUES", 10)
    assert len(values(clock_ns={"from": 1, "to": 2, "steps": 10})) == 10
    with pytest.raises(UsageError, match="steps of clock_ns is a whole number from 1 to 10"):
        axes(clock_ns={"from": 1, "to": 2, "steps": 11})


@pytest.mark.parametrize("steps", ["3", 2.5, True, -1, [3]])
def test_steps_are_a_whole_number(steps: object) -> None:
    with pytest.raises(UsageError, match="steps of clock_ns is a whole number from 1 to 100,000"):
        axes(clock_ns={"from": 1, "to": 2, "steps": steps})


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


def test_linked_texts_are_values_unless_all_of_them_are_settings() -> None:
    (axis,) = axes_of({"memory.type, clock_ns": {"linked": [["edram_55", 1], ["sram_28", 2]]}}, {}, "s.toml")
    assert axis.rows == (("edram_55", 1), ("sram_28", 2))
    (axis,) = axes_of({"memory.type": {"linked": [["edram_55"], ["sram_28"]]}}, {}, "s.toml")
    assert (axis.names, axis.rows) == (("memory.type",), (("edram_55",), ("sram_28",)))


@pytest.mark.parametrize("rows", [[["memory.ports", 1], [2, 4]], [[1, 2], [4, 8]], [[1, 2]]], ids=str)
def test_rows_of_one_setting_have_one_value(rows: list[list[object]]) -> None:
    with pytest.raises(UsageError) as caught:
        axes_of({"memory.ports": {"linked": rows}}, {}, "s.toml")
    assert (caught.value.message, caught.value.hint) == ("a row has 2 values for 1 setting", module.LINKED)


@pytest.mark.parametrize(
    "given",
    [{"linked": [[1, 4]], "steps": 2}, {"linked": []}, {"linked": 5}, {"linked": {}}, {"linked": [[1, 4], 5]}],
    ids=str,
)
def test_linked_rows_are_lists_and_stand_alone(given: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        axes_of({"memory.ports, memory.banks": given}, {}, "s.toml")
    assert (caught.value.message, caught.value.hint) == ("linked is a list of rows, and stands alone", module.LINKED)


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


@pytest.mark.parametrize(
    "table", [[1], {"memory.ports": 2}, {"memory.ports": [[1]]}, {"clock_ns": {"from": 1, "steps": 3}}], ids=str
)
def test_where_an_axis_is_written_wrong_the_hint_is_one_that_is_right(table: object) -> None:
    with pytest.raises(UsageError) as caught:
        axes_of(table, {}, "s.toml")
    assert caught.value.hint == '"memory.banks" = [4, 8, 16], "clock_ns" = { from = 1.0, to = 4.0, steps = 4 }'


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


def test_values_are_floats_in_json_where_they_are_decimal() -> None:
    found = [plain(one) for one in (True, 3, Decimal("0.5"), "rram")]
    assert found == [True, 3, 0.5, "rram"] and [type(one) for one in found] == [bool, int, float, str]


@pytest.mark.parametrize(
    ("whole", "asked", "number"),
    [
        (False, -5.0, Decimal("0.25")),
        (False, 0.2499, Decimal("0.25")),
        (False, 0.5, Decimal("0.5")),
        (False, 8.0000001, Decimal(8)),
        (False, 99.0, Decimal(8)),
        (True, 99.0, 8),
        (True, 7.6, 8),
    ],
)
def test_a_number_is_held_within_its_range(whole: bool, asked: float, number: Decimal | int) -> None:
    found = Span(Fraction(1, 4), Fraction(8), True, whole).number(asked)
    assert (type(found), found) == (type(number), number)
