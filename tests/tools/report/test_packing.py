"""Columns survive packing, whatever their values, and no character of them is markup."""

from __future__ import annotations

import json
import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.tools.report.packing import document, inflated, packed, unpacked

VALUES = st.lists(st.integers(-(2**62), 2**62), max_size=40)
PLAIN = set(string.ascii_letters + string.digits + "+/=")


@given(VALUES, st.lists(st.integers(0, 3), max_size=40), st.booleans())
def test_columns_come_back_as_they_were(one: list[int], two: list[int], delta: bool) -> None:
    columns = {"one": np.array(one, np.int64), "two": np.array(two, np.int64)}
    made = packed(columns, frozenset(("one",) if delta else ()))
    found = unpacked(made.plain(), made.text)
    assert {name: values.tolist() for name, values in found.items()} == {"one": one, "two": two}
    assert set(made.text) <= PLAIN


def test_a_constant_column_takes_no_byte_and_a_narrow_one_few() -> None:
    made = packed({"same": np.full(1000, 7), "few": np.arange(1000) % 200 + 5})
    assert [(one.base, one.width, one.offset) for one in made.columns] == [(7, 0, 0), (5, 1, 0)]


def test_a_column_that_a_browser_may_hold_in_32_bits_says_so() -> None:
    made = packed({"small": np.array([-(2**31), 2**31 - 1]), "large": np.array([0, 2**31])})
    assert [one.small for one in made.columns] == [True, False]


@pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "]]>", "\u2028", '"', "\x00", "é"])
def test_a_text_survives_and_is_no_markup(text: str) -> None:
    made = document({"name": text, "exact": 2**80})
    assert set(made) <= PLAIN
    assert json.loads(inflated(made)) == {"name": text, "exact": 2**80}


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        document({"energy": float("nan")})
