"""The built-in networks by name."""

from __future__ import annotations

import pytest

from acortex.errors import UsageError
from acortex.programs import zoo


def test_every_network_that_is_listed_loads_under_its_name() -> None:
    assert [zoo.load(row["name"]).name for row in zoo.names()] == [row["name"] for row in zoo.names()]


def test_a_name_near_a_known_one_is_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        zoo.load("digit_mlp")
    assert str(caught.value) == "the zoo has no network digit_mlp\n  hint: did you mean zoo:digits_mlp?"


def test_a_strange_name_is_answered_with_what_there_is() -> None:
    with pytest.raises(UsageError) as caught:
        zoo.load("zzz")
    assert caught.value.hint == "the zoo has digits_mlp"
