"""Random programs: what is said of two leads from the one to the other, and no more is said than was done."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.align import Alignment, Listing, align

LAYERS = ("-", "conv", "dense", "pool")
INSTRUCTIONS = st.sampled_from(
    [
        "read d0",
        "read d1",
        "convert q0, 1",
        "nop",
        "write d2",
        "layer 0",
        "layer 1",
        "layer 2",
        "endlayer",
        "next l0, 3",
    ]
)
PROGRAMS = st.lists(INSTRUCTIONS, min_size=1, max_size=25)


def compared(a: list[str], b: list[str]) -> Alignment:
    return align(
        *(
            Listing(texts, [f"{name}:{at}" for at in range(len(texts))], LAYERS)
            for name, texts in zip("ab", (a, b), strict=True)
        )
    )


@given(PROGRAMS, PROGRAMS)
def test_the_changes_lead_from_the_first_program_to_the_second(a: list[str], b: list[str]) -> None:
    changes = compared(a, b).changes()
    assert changes is not None
    gone = {int(one.source_a[2:]): one.text_a for one in changes if one.source_a}
    come = {int(one.source_b[2:]): one.text_b for one in changes if one.source_b}
    assert all(a[at] == text for at, text in gone.items())
    assert all(b[at] == text for at, text in come.items())
    kept = [text for at, text in enumerate(a) if at not in gone]
    for at in range(len(b)):
        if at in come:
            kept.insert(at, come[at] or "")
    assert kept == b


@given(PROGRAMS, PROGRAMS)
def test_numbers_are_one_to_one_and_lead_back(a: list[str], b: list[str]) -> None:
    found = compared(a, b)
    first, second = (found.identities(one).tolist() for one in (False, True))
    assert (len(set(first)), len(set(second))) == (len(a) + 1, len(b) + 1)
    assert [found.first(number) for number in first] == [*range(len(a)), None]
    assert [found.second(number) for number in second] == [*range(len(b)), None]
    for number in set(first) & set(second[:-1]):
        assert a[found.first(number) or 0] == b[found.second(number) or 0]


@given(PROGRAMS, st.data())
def test_inserted_instructions_are_said_as_often_as_they_were_inserted(a: list[str], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(a)), max_size=4))
    b = list(a)
    for place in sorted(places, reverse=True):
        b.insert(place, "signal host_in, t0")
    changes = compared(a, b).changes()
    assert changes is not None
    assert Counter((one.kind, one.text_b) for one in changes) == Counter(
        {("inserted", "signal host_in, t0"): len(places)} if places else {}
    )


@given(PROGRAMS)
def test_a_program_is_itself(a: list[str]) -> None:
    found = compared(a, a)
    assert (found.same, found.changes(), dict(found.twins)) == (True, [], {})


@given(PROGRAMS, PROGRAMS)
def test_what_was_removed_one_way_was_inserted_the_other_way(a: list[str], b: list[str]) -> None:
    there, back = compared(a, b).changes(), compared(b, a).changes()
    assert there is not None and back is not None
    assert sum(one.text_a is not None for one in there) == sum(one.text_b is not None for one in back)
    assert sum(one.text_b is not None for one in there) == sum(one.text_a is not None for one in back)


@pytest.mark.parametrize(
    "text", ["next l0, " + "9" * 5000, "layer " + "9" * 5000, "layer 999999999", "next l0, 999999999", ""]
)
def test_numbers_of_a_foreign_trace_may_be_any(text: str) -> None:
    changes = compared(["halt", text], [text, text, "halt"]).changes()
    assert changes is not None and changes


@pytest.mark.slow
def test_a_full_memory_of_other_instructions_is_compared_in_time() -> None:
    a = [f"read d{at * 7919 % 13}" for at in range(65_536)]
    b = [f"read d{at * 104_729 % 11}" for at in range(65_536)]
    began = time.process_time()
    changes = compared(a, b).changes()
    assert changes and all(one.kind == "changed" for one in changes)
    assert time.process_time() - began < 60
