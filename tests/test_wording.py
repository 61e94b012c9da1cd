"""Messages word counts, lists and suggestions in one way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.wording import (
    all_of,
    any_of,
    count,
    did_you_mean,
    nearest,
    setting_value,
    shape_text,
    shortened,
    some_of,
    suggestion,
)


def test_a_count_agrees_with_its_noun() -> None:
    assert [count(number, "word") for number in (0, 1, 2, 1500)] == ["0 words", "1 word", "2 words", "1,500 words"]
    assert count(2, "entry", "entries") == "2 entries"


def test_a_list_ends_with_its_conjunction() -> None:
    assert any_of(["a"]) == "a"
    assert any_of(["a", "b", "c"]) == "a, b or c"
    assert all_of(("a", "b", "c")) == "a, b and c"


def test_a_list_that_is_cut_says_so() -> None:
    assert some_of(["a", "b", "c"], 2) == "a, b, ..."
    assert some_of(["a", "b"], 2) == "a, b"


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("gruop", ["group", "halt"], "did you mean `group`?"),
        ("xyz", ["group", "halt"], "see the manual"),
        ("gruop", {"group": 1}, "did you mean `group`?"),
        ("gruop", [f"layer{n}" for n in range(100)] + ["group"], "did you mean `group`?"),
        ("anything", [], "see the manual"),
    ],
)
def test_the_nearest_known_name_is_suggested_or_else_something_else(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known, "see the manual") == hint


def test_several_names_may_be_suggested() -> None:
    assert nearest("memry", ["memory", "memo", "halt"], most=2) == ["memory", "memo"]
    assert suggestion(["memory", "memo"]) == "did you mean `memory` or `memo`?"
    assert suggestion([]) == ""


def test_shapes_and_settings_are_written_as_sources_and_chip_files_write_them() -> None:
    assert shape_text((3, 224, 224)) == "3x224x224"
    values = (True, 3, 1.785, "edram", None)
    assert [setting_value(value) for value in values] == ["true", "3", "1.785", "edram", "null"]


LONG = st.lists(st.text(st.sampled_from("ab;/"), max_size=12), max_size=12)


@given(LONG, st.integers(3, 9))
def test_shortened_names_are_all_different_and_short_ones_stay(names, most):
    found = shortened(names, most)
    assert list(found) == list(dict.fromkeys(names))
    assert len(set(found.values())) == len(found)
    assert all(found[name] == name for name in names if len(name) <= most)


def test_a_long_name_keeps_its_first_part_or_what_tells_it_from_others():
    assert shortened(["a/very/long/name"], 8) == {"a/very/long/name": "a/very/…"}
    found = shortened(["model/block/one", "model/block/two"], 8)
    assert list(found.values()) == ["…ock/one", "…ock/two"]
    same_ends = shortened(["x" * 9 + "1" + "y" * 9, "x" * 9 + "2" + "y" * 9], 8)
    assert list(same_ends.values()) == list(same_ends)


def test_a_name_in_other_capitals_is_the_nearest() -> None:
    assert nearest("LOOP", ["lo", "loop", "hoop"]) == ["loop"]
    assert nearest("lstm", ["LSTM", "lstm2"]) == ["LSTM"]
    assert nearest("CONVRT", ["convert", "halt"]) == ["convert"]


@pytest.mark.parametrize(
    ("names", "made"),
    [
        (["abcdefgh", "abcx"], ["abcd…", "abcx"]),
        (["abcdefgh", "abcdxyz"], ["…efgh", "…dxyz"]),
        (["abcdefgh", "abcd…"], ["…efgh", "abcd…"]),
        (["abcdefgh", "abcd…", "…efgh"], ["ab…gh", "abcd…", "…efgh"]),
        (["abcdefgh", "abcd…", "…efgh", "ab…gh"], ["abcdefgh", "abcd…", "…efgh", "ab…gh"]),
        (["abcdefgh", "abcdyfgh", "abcdzfgh"], ["…efgh", "…yfgh", "…zfgh"]),
        (["abcdefgh", "abcdxefgh", "abcde"], ["abcdefgh", "abcdxefgh", "abcde"]),
    ],
)
def test_a_long_name_keeps_the_first_of_its_parts_that_no_other_has(names: list[str], made: list[str]) -> None:
    assert list(shortened(names, 5).values()) == made


@pytest.mark.parametrize("other", ["x", "much longer than any setting is, and longer still"])
def test_the_nearest_name_is_found_behind_many_of_other_lengths(other: str) -> None:
    known = [f"{other}{at}" for at in range(600)] + ["memory.capacity_kb"]
    assert nearest("memory.capacty_kb", known) == ["memory.capacity_kb"]
