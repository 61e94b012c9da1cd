"""Goldens: what they hold, how they read, and when a run differs from one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.traces.golden import MOST_INSTRUCTIONS, WIDTH, compare, dumps, golden, in_names_of, loads, metrics
from acortex.traces.golden import changed as whats_changed

from .conftest import Rows, pipeline

SUMMARY = {
    "cycles": 120,
    "counts": {"conversions": 64, "host_words.in": 0},
    "layers": [{"name": "conv1", "cycles": 100}, {"name": "-", "cycles": 20}],
    "utilisation": {
        "neurons": {"busy": 40, "waiting": 50, "idle": 30},
        "vector": {"busy": 0, "waiting": 0, "idle": 120},
    },
    "waits": [
        {"unit": "neurons", "cause": "sums", "cycles": 49},
        {"unit": "neurons", "cause": "output_full", "cycles": 1},
    ],
    "inferences": [{"start_cycle": 3, "end_cycle": 60}, {"start_cycle": 50, "end_cycle": 110}],
    "energy_by_component_aj": {"arrays": 10**19, "leakage": 77, "buses": 0},
}
CONTENT = {
    "schema": "acortex.golden/1",
    "program": "toy.s",
    "chip": "acortex_toy",
    "cycles": 120,
    "counts": {"conversions": 64},
    "layers": {"conv1": 100, "-": 20},
    "busy": {"neurons": 40},
    "waiting": {"neurons": {"output_full": 1, "sums": 49}},
    "inferences": [57, 60],
    "energy_aj": {"arrays": 10**19, "leakage": 77},
    "critical": {},
    "settings": {"arrays.k": 64, "arrays.n": 2, "memory.banks": 4},
    "instructions": [],
}


@pytest.fixture
def rows() -> tuple[Rows, Rows]:
    """Events and waits that have ended by the last cycle of the summary."""
    return pipeline(12)


def changed(*path: Any, by: int) -> dict[str, Any]:
    """The golden above with one number moved."""
    content: dict[str, Any] = json.loads(json.dumps(CONTENT))
    place: Any = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] += by
    return content


@pytest.mark.parametrize("level", ["events", "layers"])
def test_a_golden_holds_what_the_report_of_the_run_says(make_trace: Any, rows: Any, level: str) -> None:
    found = golden(make_trace(*rows, level=level, summary=SUMMARY))
    assert sum(found["critical"].values()) == (120 if level == "events" else 0)
    assert {**found, "critical": {}} == CONTENT


def test_a_trace_without_a_report_makes_no_golden(make_trace: Any, rows: Any) -> None:
    with pytest.raises(
        UsageError, match=r"run\.actrace: has no report to hold against a golden: its summary is not the"
    ):
        golden(make_trace(*rows))


def test_a_run_that_was_stopped_makes_no_golden(make_trace: Any, rows: Any) -> None:
    with pytest.raises(UsageError, match=r"^the run was stopped, and cannot be held against a golden: at cycle 9$"):
        golden(make_trace(*rows, summary={**SUMMARY, "stopped": "at cycle 9"}))


def test_a_report_whose_numbers_are_none_makes_no_golden(make_trace: Any, rows: Any) -> None:
    with pytest.raises(UsageError, match=r"run\.actrace: has no report to hold against a golden"):
        golden(make_trace(*rows, summary={**SUMMARY, "counts": {"conversions": 1.5}}))


def test_a_golden_is_a_line_a_metric() -> None:
    assert dumps(CONTENT).splitlines()[3:9] == [
        '  "chip": "acortex_toy",',
        '  "cycles": 120,',
        '  "counts": {',
        '    "conversions": 64',
        "  },",
        '  "layers": {',
    ]


@pytest.mark.parametrize(("last", "lines"), [(10**14, 1), (10**15, 2)])
def test_a_line_of_latencies_is_filled_to_its_last_column(last: int, lines: int) -> None:
    """Four blanks, eight numbers of 8 digits with what parts them, then one of 15 digits and a comma: 100 columns."""
    text = dumps({"inferences": [12_345_678] * 8 + [last, 5]})
    rows = text.splitlines()[2:-2]
    first = " ".join(["   ", *["12345678,"] * 8])
    assert rows == ([f"{first} {last},", "    5"] if lines == 1 else [first, f"    {last}, 5"])
    assert (len(rows[0]), WIDTH) == (100 if lines == 1 else 83, 100)


def test_names_and_instructions_are_written_as_they_are() -> None:
    made = dumps({"program": "größe", "busy": {"é": 1}, "instructions": ["; →"]})
    assert made == '{\n  "program": "größe",\n  "busy": {\n    "é": 1\n  },\n  "instructions": [\n    "; →"\n  ]\n}\n'


@given(st.lists(st.integers(0, 10**12), max_size=60))
def test_any_latencies_survive_in_lines_that_fit(latencies: list[int]) -> None:
    text = dumps({**CONTENT, "inferences": latencies})
    assert loads(text, "g.json")["inferences"] == latencies
    assert max(map(len, text.splitlines())) <= WIDTH


def test_every_number_has_a_name() -> None:
    assert metrics(CONTENT)["waiting.neurons.sums"] == 49
    assert metrics(CONTENT)["inferences.1"] == 60
    assert len(metrics(CONTENT)) == 1 + 1 + 2 + 1 + 2 + 2 + 2


def test_equal_goldens_do_not_differ() -> None:
    assert compare(CONTENT, CONTENT) == []


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (("cycles",), "cycles: 120 -> 119 (-1)"),
        (("counts", "conversions"), "counts.conversions: 64 -> 63 (-1)"),
        (("waiting", "neurons", "sums"), "waiting.neurons.sums: 49 -> 48 (-1)"),
        (("inferences", 1), "inferences.1: 60 -> 59 (-1)"),
        (("energy_aj", "arrays"), f"energy_aj.arrays: {10**19} -> {10**19 - 1} (-1)"),
    ],
)
def test_one_less_of_anything_differs(path: tuple[Any, ...], name: str) -> None:
    assert [str(one) for one in compare(CONTENT, changed(*path, by=-1))] == [name]


def test_a_golden_holds_the_program_a_line_an_instruction(make_trace: Any, rows: Any) -> None:
    texts = ("start", "read d0", "convert q0, 4", "write d1", "halt")
    found = golden(make_trace(*rows, summary=SUMMARY, instructions=texts))
    assert tuple(found["instructions"]) == texts
    assert '    "convert q0, 4",\n    "write d1",\n    "halt"\n  ]\n}\n' in dumps(found)
    assert loads(dumps(found), "g.json") == found


@pytest.mark.parametrize(("number", "held"), [(8192, 8192), (8193, 0)])
def test_a_golden_of_a_long_program_is_short(make_trace: Any, number: int, held: int) -> None:
    lines = tuple(f"p.s:{at}" for at in range(number))
    trace = make_trace([], summary=SUMMARY, lines=lines, instructions=("nop",) * number)
    assert golden(trace)["instructions"] == ["nop"] * held
    assert MOST_INSTRUCTIONS == 8192


def given_program(*texts: str, **more: Any) -> dict[str, Any]:
    return {**CONTENT, "instructions": list(texts), **more}


def test_settings_and_instructions_that_differ_are_named() -> None:
    after = given_program("start", "nop", "halt", settings={"arrays.k": 64, "arrays.n": 2, "memory.banks": 8})
    found = whats_changed(given_program("start", "halt"), after, ["p.s:1", "p.s:2", "p.s:3"]).as_dict()
    nop = {"kind": "inserted", "source_a": None, "source_b": "p.s:2", "text_a": None, "text_b": "nop"}
    assert found == {"settings": [{"path": "memory.banks", "a": 4, "b": 8}], "program": [nop]}


def test_what_an_older_golden_does_not_hold_is_not_known() -> None:
    old = {name: value for name, value in CONTENT.items() if name not in ("settings", "instructions")}
    assert loads(dumps(old), "g.json") == old
    assert compare(old, given_program("start")) == []
    assert whats_changed(old, given_program("start")) == {"settings": None, "program": None}


def test_a_layer_that_was_put_before_another_is_what_was_inserted() -> None:
    """Marks have the numbers of layers, which move; layers are told by their names."""
    before = given_program("layer 0", "read d0", layers={"conv": 100, "-": 20})
    after = given_program("layer 0", "nop", "layer 1", "read d0", layers={"pool": 9, "conv": 100, "-": 20})
    found = whats_changed(before, after).program
    assert [(one.kind, one.text_b) for one in found or ()] == [("inserted", "layer 0"), ("inserted", "nop")]


def test_where_one_of_two_goldens_holds_no_program_what_was_changed_of_it_is_not_known() -> None:
    for pair in ((CONTENT, given_program("start")), (given_program("start"), CONTENT)):
        assert whats_changed(*pair) == {"settings": [], "program": None}


def test_layers_of_one_program_may_be_renamed() -> None:
    before, after = given_program("start"), given_program("start", layers={"other": 100, "-": 20})
    assert compare(before, in_names_of(before, after)) == []
    assert in_names_of(before, {**after, "instructions": ["halt"]})["layers"] == after["layers"]
    assert in_names_of(CONTENT, {**after, "instructions": []})["layers"] == after["layers"]
    assert in_names_of(before, given_program("start", layers={"-": 120}))["layers"] == {"-": 120}


def test_what_only_one_of_them_has_differs() -> None:
    (one,) = compare({**CONTENT, "busy": {}}, CONTENT)
    assert str(one) == "busy.neurons: none -> 40 (+40)"


def test_what_is_gone_is_less_by_all_that_it_was() -> None:
    (one,) = compare(CONTENT, {**CONTENT, "busy": {}})
    assert (one.change, str(one)) == (-40, "busy.neurons: 40 -> none (-40)")


def test_what_the_golden_has_nothing_of_is_within_no_tolerance() -> None:
    for before in ({}, {"neurons": 0}):
        assert [one.change for one in compare({**CONTENT, "busy": before}, CONTENT, {"busy": 1e9})] == [40]


def test_the_largest_change_of_a_section_comes_first() -> None:
    after = changed("waiting", "neurons", "sums", by=-1)
    after["waiting"]["neurons"]["output_full"] += 5
    after["energy_aj"]["leakage"] += 10**6
    assert [one.metric for one in compare(CONTENT, after)] == [
        "waiting.neurons.output_full",
        "waiting.neurons.sums",
        "energy_aj.leakage",
    ]


def test_a_tolerance_is_relative_and_holds_below_its_name() -> None:
    after = changed("waiting", "neurons", "sums", by=4)
    assert compare(CONTENT, after, {"waiting": 4.1 / 49}) == []
    assert len(compare(CONTENT, after, {"waiting": 3.9 / 49})) == 1
    assert len(compare(CONTENT, after, {"waiting": 1.0, "waiting.neurons.sums": 0.0})) == 1


def test_a_change_of_exactly_the_tolerance_is_tolerated() -> None:
    before = {**CONTENT, "cycles": 200}
    assert compare(before, {**before, "cycles": 250}, {"cycles": 0.25}) == []
    assert compare(before, {**before, "cycles": 150}, {"cycles": 0.25}) == []
    assert [one.change for one in compare(before, {**before, "cycles": 251}, {"cycles": 0.25})] == [51]


@pytest.mark.parametrize("order", [1, -1])
def test_of_tolerances_the_longest_name_holds_in_any_order(order: int) -> None:
    after = changed("waiting", "neurons", "sums", by=4)
    strict = {"waiting": 1.0, "waiting.neurons": 1.0, "waiting.neurons.sums": 0.0}
    loose = {"waiting": 0.0, "waiting.neurons": 0.0, "waiting.neurons.sums": 1.0}
    assert len(compare(CONTENT, after, dict(list(strict.items())[::order]))) == 1
    assert compare(CONTENT, after, dict(list(loose.items())[::order])) == []


@pytest.mark.parametrize(
    ("tolerances", "told"),
    [
        ({"cycle": 0.1}, r"there is no metric 'cycle' to tolerate\n  hint: did you mean `cycles`\?"),
        ({"cycles": -1}, r"the tolerance of cycles is -1: a relative one"),
        ({"cycles": float("nan")}, r"the tolerance of cycles is nan: a relative one"),
        ({"cycles": True}, r"the tolerance of cycles is True: a relative one"),
        ({"cycles": float("inf")}, r"the tolerance of cycles is inf: a relative one"),
        ({"cycles": "1"}, r"the tolerance of cycles is '1': a relative one"),
    ],
)
def test_a_wrong_tolerance_is_refused(tolerances: dict[str, float], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        compare(CONTENT, CONTENT, tolerances)


def test_numbers_at_their_bounds_are_taken() -> None:
    most = {
        **CONTENT,
        "cycles": 10**30,
        "counts": {"none": 0},
        "settings": {"low": -(10**30), "high": 10**30, "odd": -0.5},
    }
    assert loads(dumps(most), "g.json") == most


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (dumps({**CONTENT, "cycles": -1}), r"^g\.json: cycles must be a whole number from 0 to 10\^30, not -1"),
        (
            dumps({**CONTENT, "settings": {"a": -2e30}}),
            r"^g\.json: settings\.a must be a number from -10\^30 to 10\^30",
        ),
        (json.dumps({**CONTENT, "chip": "a\udfff"}), r"^g\.json: chip must be a text, not 'a\\udfff'"),
        ("{", r"^g\.json: is not JSON"),
        ("[" * 100_000, r"^g\.json: is not JSON"),
        ("[]", r"^g\.json: is no golden: it has no schema 'acortex\.golden/1'"),
        ("", r"^g\.json: is not JSON"),
        ('{"cycles": 1, "cycles": 2}', r"^g\.json: is not JSON \('cycles' stands twice in one object\)"),
        (dumps({**CONTENT, "cycles": "many"}), r"^g\.json: cycles must be a whole number from 0 to 10\^30, not 'many'"),
        (dumps({**CONTENT, "cycles": 10**31}), r"^g\.json: cycles must be a whole number from 0 to 10\^30, not 100"),
        (dumps({**CONTENT, "critical": 5}), r"^g\.json: critical must be an object of names, not 5"),
        (dumps({**CONTENT, "inferences": {}}), r"^g\.json: inferences must be a list, not {}"),
        (
            dumps({**CONTENT, "waiting": {"neurons": 4}}),
            r"^g\.json: waiting\.neurons must be an object of names, not 4",
        ),
        (
            dumps({**CONTENT, "settings": {"a": [1]}}),
            r"^g\.json: settings\.a must be a number from -10\^30 to 10\^30, a ",
        ),
        ('{"schema": "acortex.golden/1", "settings": {"a": NaN}}', r"^g\.json: "),
        (dumps({**CONTENT, "instructions": ["halt", 5]}), r"^g\.json: instructions\.1 must be a text, not 5"),
        (dumps({**CONTENT, "chip": None}), r"^g\.json: chip must be a text, not None"),
        (dumps({**CONTENT, "cuonts": {}}), r"^g\.json: 'cuonts' is no part of a golden: it has cycles, counts, "),
        (json.dumps({**CONTENT, "busy": {"\ud800": 1}}), r"^g\.json: busy has the name '\\ud800', which is no text"),
        (dumps({**CONTENT, "busy": {"neurons": 1.5}}), r"^g\.json: busy\.neurons must be a whole number"),
        ('{"schema": "acortex.golden/1"}', r"^g\.json: cycles must be a whole number"),
    ],
)
def test_what_is_no_golden_is_refused(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        loads(text, "g.json")


VALUES = [
    "null",
    "true",
    "-1",
    "1.5",
    "1e999",
    "NaN",
    "1e5",
    '"x"',
    '"\\ud800"',
    "[]",
    "[[]]",
    "{}",
    '{"a": {}}',
    "9" * 40,
]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container of a document with each of its keys."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("text", VALUES)
def test_any_value_in_any_place_is_the_golden_or_one_error(text: str) -> None:
    good = json.dumps(CONTENT)
    for at in range(len(list(places(CONTENT)))):
        content = json.loads(good)
        container, key = list(places(content))[at]
        container[key] = "PLANTED"
        try:
            found = loads(json.dumps(content).replace('"PLANTED"', text), "g.json")
        except UsageError as error:
            told = str(error)
            assert (
                told.startswith("g.json: ") and "\n  hint: restore it, or write it anew: pytest --timing-update" in told
            )
            assert len(told.splitlines()) == 2
        else:
            assert compare(found, CONTENT) is not None
            assert dumps(found).encode()


@given(st.data())
def test_a_golden_that_is_cut_or_damaged_is_one_error(data: st.DataObject) -> None:
    text = dumps(CONTENT)
    at = data.draw(st.integers(0, len(text) - 1))
    damaged = (
        text[:at] + data.draw(st.sampled_from(["", "x", "[", "{", '"', "\0", "-", "]]", ",", "1"])) + text[at + 1 :]
    )
    try:
        found = loads(damaged, "g.json")
    except UsageError as error:
        assert str(error).startswith("g.json: ") and len(str(error).splitlines()) == 2
    else:
        assert loads(dumps(found), "g.json") == found
        assert (compare(found, CONTENT) == []) == (compare(CONTENT, found) == [])
