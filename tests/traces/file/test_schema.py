"""What a header may say of its trace: each bound with the value at it and the one beyond, and what may be left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from acortex.traces.endings import DELAY, HandOver
from acortex.traces.file import blocks, schema
from acortex.traces.file.schema import EventKind, TraceHeader, header_from_plain, header_to_plain
from acortex.traces.file.validation import TraceError

from ..conftest import HEADER

WAIT = {"waits": "neurons", "cause": "token", "ended_by": "vmm"}
KIND = {"name": "frame", "unit": "arrays", "description": "one frame", "component": "arrays"}


def written(header: TraceHeader) -> dict[str, Any]:
    """What of a header comes out of a file."""
    plain: dict[str, Any] = blocks.unpack(blocks.pack(header_to_plain(header)))
    return plain


PLAIN = written(HEADER)


def read(**changed: Any) -> TraceHeader:
    """The header of the small run with some of its fields changed, as a reader takes it."""
    return header_from_plain({**PLAIN, **changed}, "t")


def refusal(**changed: Any) -> str:
    """What is said of a header that is refused."""
    with pytest.raises(TraceError) as caught:
        read(**changed)
    assert caught.value.where == "t"
    return caught.value.message.removeprefix("the trace's header has ")


# What comes back --------------------------------------------------------------------------------------------------


def test_a_header_comes_back_as_it_was_written() -> None:
    whole = replace(
        HEADER,
        instructions=("start", "halt"),
        level="layers",
        filters={"units": ["vmm"]},
        handovers=(HandOver("neurons", "token", "vmm", DELAY, 2, "settle", ("frame",), "token", "!buses/", "grant"),),
        delays={"settle": 3},
        overrides=("memory.ports=2",),
    )
    assert header_from_plain(written(whole), "t") == whole


def test_a_hand_over_is_written_without_what_is_usual_and_without_its_words() -> None:
    said = replace(HEADER, handovers=(HandOver("neurons", "token", "vmm", after=1, about="what the manual says"),))
    assert header_to_plain(said)["handovers"] == [{**WAIT, "after": 1}]


def test_what_older_versions_did_not_write_is_empty() -> None:
    plain = dict(PLAIN)
    for name in ("instructions", "overrides", "delays", "handovers", "leakage_aj_per_cycle"):
        del plain[name]
    found = header_from_plain(plain, "t")
    assert (found.instructions, found.overrides, found.delays, found.handovers) == ((), (), {}, ())
    assert found.leakage_aj_per_cycle == 0


def test_a_header_that_a_program_makes_of_names_alone_is_of_a_whole_run_that_does_not_leak() -> None:
    made = TraceHeader("p", "a", "c", "b", {}, 1.0, ("vmm",), (), ())
    assert (made.layers, made.level, made.filters, made.leakage_aj_per_cycle) == (("-",), "events", {}, 0)


def test_what_a_hand_over_leaves_out_is_usual() -> None:
    assert read(handovers=[{"waits": "*", "cause": "idle"}]).handovers == (HandOver("*", "idle"),)


def test_any_map_is_a_header_and_no_list_of_pairs() -> None:
    class Given(Mapping[str, Any]):
        """A map that is no dict."""

        def __init__(self, plain: dict[str, Any]) -> None:
            self.plain = plain

        def __getitem__(self, name: str) -> Any:
            return self.plain[name]

        def __iter__(self) -> Any:
            return iter(self.plain)

        def __len__(self) -> int:
            return len(self.plain)

    assert header_from_plain(Given(PLAIN), "t") == HEADER
    with pytest.raises(TraceError, match="as header, which must be a map"):
        header_from_plain(list(PLAIN.items()), "t")


def test_a_kind_has_its_words_and_its_prices() -> None:
    (kind,) = read(kinds=[{**KIND, "prices_aj": [["sensing", 0], ["arrays", 2**63 - 1]]}]).kinds
    assert kind == EventKind("frame", "arrays", "one frame", "arrays", (("sensing", 0), ("arrays", 2**63 - 1)))


@pytest.mark.parametrize(("pc", "line", "text"), [(-1, "-", ""), (0, "a.s:1", "start"), (1, "a.s:2", ""), (2, "-", "")])
def test_lines_and_texts_are_those_of_a_counter_that_has_them(pc: int, line: str, text: str) -> None:
    header = replace(HEADER, lines=("a.s:1", "a.s:2"), instructions=("start",))
    assert (header.source(pc), header.text(pc)) == (line, text)


def test_tables_have_the_sizes_that_columns_may_point_into() -> None:
    assert HEADER.table_sizes() == {"unit": 5, "kind": 5, "cause": 3, "layer": 3, "pc": 5}


# Numbers at their bounds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clock_ns", [0.001, 1, 1.785, 1_000_000, 1e6])
def test_a_clock_at_its_bounds_is_read(clock_ns: float) -> None:
    assert read(clock_ns=clock_ns).clock_ns == clock_ns


@pytest.mark.parametrize("clock_ns", [0.000999, 1_000_001, -1, "1", True, None])
def test_a_clock_beyond_them_is_refused(clock_ns: Any) -> None:
    assert refusal(clock_ns=clock_ns).startswith(f"{clock_ns!r} as clock_ns, which must be a number of nanoseconds")


@pytest.mark.parametrize("leakage", [0, 1, 2**63 - 1])
def test_leakage_at_its_bounds_is_read(leakage: int) -> None:
    assert read(leakage_aj_per_cycle=leakage).leakage_aj_per_cycle == leakage


@pytest.mark.parametrize("leakage", [-1, 2**63, 1.0, True])
def test_leakage_beyond_them_is_refused(leakage: Any) -> None:
    assert refusal(leakage_aj_per_cycle=leakage).startswith(f"{leakage!r} as leakage_aj_per_cycle, which must be")


def test_as_many_hand_overs_as_there_may_be_are_read() -> None:
    assert schema.MOST_HAND_OVERS == 4096
    assert len(read(handovers=[WAIT] * 4096).handovers) == 4096
    assert refusal(handovers=[WAIT] * 4097) == "4097 as handovers, which must be a list of at most 4096 entries"


def test_as_many_names_as_there_may_be_are_read() -> None:
    most = 1_048_575
    assert len(read(lines=["a.s:1"] * most).lines) == most
    assert refusal(lines=["a.s:1"] * (most + 1)).endswith("as lines, which must be a list of less than 1048576 entries")


@pytest.mark.parametrize("table", ["units", "causes"])
def test_the_longest_name_has_a_thousand_letters(table: str) -> None:
    assert getattr(read(**{table: ["x" * 1000]}), table) == ("x" * 1000,)
    assert refusal(**{table: ["x" * 1001]}).endswith(f"as {table}, which must be 1 to 1000 printable letters each")


def test_names_of_kinds_are_held_to_the_same() -> None:
    assert read(kinds=[{**KIND, "name": "x" * 1000}]).kinds[0].name == "x" * 1000
    assert refusal(kinds=[{**KIND, "name": "x" * 1001}]).endswith(
        "as kinds, which must be 1 to 1000 printable letters each"
    )
    assert refusal(kinds=[KIND, KIND]) == "'frame' as kinds, which must be a name that stands there once"


# What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " ", "a\tb", "a\x00"])
def test_a_name_that_cannot_be_drawn_is_refused(name: str) -> None:
    assert refusal(causes=[name]) == f"{name!r} as causes, which must be 1 to 1000 printable letters each"


def test_a_blank_may_stand_in_a_cause_and_in_no_unit() -> None:
    assert read(causes=["bus taken"]).causes == ("bus taken",)
    assert refusal(units=["vmm", "main memory"]) == "'main memory' as units, which must be a path without blanks"


def test_one_name_may_stand_in_two_tables() -> None:
    assert read(units=["neurons"], causes=["neurons"]).causes == ("neurons",)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"by": "luck"}, "'luck' as handovers.by, which must be one of end, start, over, now, crossed, freed, grant"),
        ({"same": "layer"}, "'layer' as handovers.same, which must be one of token, agent"),
        ({"after": 2**63}, "9223372036854775808 as handovers.after, which must be a whole number from 0"),
        ({"kinds": "frame"}, "'frame' as handovers.kinds, which must be a list"),
        ({"kinds": [4]}, "4 as handovers.kinds, which must be a text"),
        ({"cause": 7}, "7 as handovers.cause, which must be a text"),
        ({"then": None}, "None as handovers.then, which must be a text"),
        ({"delay": "settle"}, "'settle' as handovers.delay, which must be a name in delays"),
    ],
)
def test_a_hand_over_that_is_none_names_what_is_wrong(changed: dict[str, Any], told: str) -> None:
    assert refusal(handovers=[{**WAIT, **changed}], delays={"read": 3}).startswith(told)


def test_every_hand_over_is_held_to_the_delays() -> None:
    rows = [{**WAIT, "delay": "read"}, WAIT, {**WAIT, "delay": "write"}]
    assert refusal(handovers=rows, delays={"read": 3}) == "'write' as handovers.delay, which must be a name in delays"
    assert [row.delay for row in read(handovers=rows, delays={"read": 0, "write": 1}).handovers] == [
        "read",
        "",
        "write",
    ]


@pytest.mark.parametrize(
    ("delays", "told"),
    [
        ([], "[] as delays, which must be a map"),
        ({5: 1}, "5 as delays, which must be a text"),
        ({"read": 1.5}, "1.5 as delays.read, which must be a whole number from 0 to 2^63 - 1"),
        ({"r" * 50: -1}, f"-1 as delays.{'r' * 40}, which must be a whole number from 0 to 2^63 - 1"),
    ],
)
def test_delays_are_cycles_by_name(delays: Any, told: str) -> None:
    assert refusal(delays=delays) == told


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        ("ab", "'ab' as kinds.prices_aj, which must be a list"),
        ([5], "5 as kinds.prices_aj, which must be a component and a number"),
        ([["arrays", 1, 2]], "['arrays', 1, 2] as kinds.prices_aj, which must be a component and a number"),
        ([["arrays", 1], [3, 1]], "3 as kinds.prices_aj, which must be a text"),
        ([["arrays", -1]], "-1 as kinds.prices_aj, which must be a whole number"),
    ],
)
def test_prices_are_pairs_of_a_component_and_a_number(prices: Any, told: str) -> None:
    assert refusal(kinds=[{**KIND, "prices_aj": prices}]).startswith(told)


@pytest.mark.parametrize("name", ["config", "filters"])
def test_settings_and_filters_are_held_to_what_json_has(name: str) -> None:
    with pytest.raises(TraceError, match=rf"{name}\.a is nan, which must be a finite number"):
        read(**{name: {"a": float("nan")}})
    assert refusal(**{name: None}) == f"None as {name}, which must be a map"


def test_a_long_value_is_shown_in_part() -> None:
    assert refusal(program=["x" * 1000]) == f"['{'x' * 58} as program, which must be a text"
