"""Documents: frozen, closed, readable as mappings, shown in short, and given as DataFrames."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, PydanticUserError, ValidationError

import acortex
from acortex.documents import REPR, Document, Number, Pair, Result, TableResult, describe
from acortex.errors import MissingExtra, UsageError


class Part(Document):
    """A part."""

    name: str
    """Its name."""
    cycles: int | None = None
    """Its length."""


class Whole(TableResult):
    """A whole."""

    SHOWN: ClassVar[dict[str, str]] = {
        "first": "main.name",
        "cycles": "cycles",
        "parts": "parts",
        "other": "other.name",
    }
    ROWS: ClassVar[str] = "parts"

    schema_: Literal["acortex.whole/3"] = Field(default="acortex.whole/3", alias="schema")
    """The layout."""
    main: Part
    """The first part."""
    parts: list[Part]
    """All parts."""
    cycles: Pair[Number] = Field(default_factory=lambda: [1, 2.5])
    """Lengths."""
    values_: list[int] = Field(default_factory=list, alias="values")
    """A name that a mapping has for something else."""
    other: Part | None = None
    """Another part."""
    more: list[Part] | None = None
    """More parts."""


PLAIN = {
    "schema": "acortex.whole/3",
    "version": acortex.__version__,
    "main": {"name": "a", "cycles": None},
    "parts": [{"name": "a", "cycles": None}, {"name": "b", "cycles": 7}],
    "cycles": [1, 2.5],
    "values": [3],
    "other": None,
    "more": None,
}


@pytest.fixture
def whole() -> Whole:
    return Whole(main=Part(name="a"), parts=[Part(name="a"), Part(name="b", cycles=7)], values=[3])


def test_a_document_is_frozen(whole: Whole) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        whole.cycles = [1, 2]
    with pytest.raises(TypeError):
        whole["cycles"] = [1, 2]  # type: ignore[index]


def test_a_field_that_nobody_described_is_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Part(name="a", colour="red")


@pytest.mark.parametrize("pair", [[1], [1, 2, 3], 1])
def test_a_pair_has_two(pair: Any) -> None:
    with pytest.raises(ValidationError):
        Whole.model_validate({**PLAIN, "cycles": pair})


def test_a_whole_number_stays_one(whole: Whole) -> None:
    assert [type(value) for value in whole.cycles] == [int, float]


# As a mapping


def test_a_document_reads_as_the_dictionary_of_its_json(whole: Whole) -> None:
    assert isinstance(whole, Mapping)
    assert list(whole) == list(whole.keys()) == list(PLAIN)
    assert len(whole) == len(PLAIN)
    assert dict(whole.items()) == {**whole} == dict(whole) == PLAIN
    assert list(whole.values()) == list(PLAIN.values())  # the method, though a field has its name
    assert (whole["schema"], whole["values"], whole.values_) == ("acortex.whole/3", [3], [3])
    assert whole["parts"][1]["cycles"] == whole.parts[1].cycles == 7


def test_a_name_that_it_does_not_have_is_no_key(whole: Whole) -> None:
    for name in ("nothing", "schema_", "values_", "ROWS", "keys"):
        assert name not in whole
        assert (whole.get(name), whole.get(name, 5)) == (None, 5)
        with pytest.raises(KeyError, match=name):
            whole[name]
    assert whole.get("other", 5) is None  # it is there, and null


def test_it_equals_what_its_json_makes_and_nothing_else(whole: Whole) -> None:
    assert whole.as_dict() == PLAIN
    assert whole == PLAIN and whole == PLAIN
    assert whole != {**PLAIN, "values": [4]}
    assert whole != {name: PLAIN[name] for name in list(PLAIN)[:-1]}
    assert whole == Whole.model_validate(PLAIN)
    assert whole != Part(name="a")
    assert whole != 5


def test_it_is_no_key_itself(whole: Whole) -> None:
    with pytest.raises(TypeError):
        hash(whole)


# Its schema


def test_the_schema_names_dialect_document_and_what_is_always_there() -> None:
    made = Whole.json_schema()
    assert Whole.schema_name() == "acortex.whole/3"
    assert (made["$id"], made["title"], made["description"]) == ("urn:acortex:whole:3", "Whole", "A whole.")
    assert made["required"] == list(PLAIN)
    assert made["additionalProperties"] is False
    assert made["properties"]["values"]["description"] == "A name that a mapping has for something else."


# In short


def test_its_repr_names_what_is_known_of_what_one_wants_first(whole: Whole) -> None:
    assert repr(whole) == str(whole) == "Whole(first=a, cycles=[1, 2.5], parts=2)"
    assert repr(Part(name="b", cycles=1234567)) == "Part(name=b, cycles=1,234,567)"


def test_no_repr_is_long() -> None:
    class Long(Result):
        """Long."""

        schema_: Literal["acortex.long/1"] = Field(default="acortex.long/1", alias="schema")
        names: list[str]
        table: dict[str, Any]
        part: Part

    long = Long(names=["x" * 1000] * 3, table={"a": list(range(10_000))}, part=Part(name="y" * 1000))
    assert len(repr(long)) < REPR and repr(long).endswith(" …)")
    assert len(repr(long.part)) < REPR


def test_a_notebook_shows_names_as_text(whole: Whole) -> None:
    page = Whole(main=Part(name="<b>&"), parts=[])._repr_html_()
    assert "<tr><th>first</th><td>&lt;b&gt;&amp;</td></tr>" in page
    assert "<b>" not in page


# As rows


def test_rows_are_a_data_frame_with_a_column_for_each_field(whole: Whole) -> None:
    found = whole.to_pandas()
    assert list(found.columns) == ["name", "cycles"]
    assert found["name"].tolist() == ["a", "b"]
    assert found["cycles"][1] == 7
    assert whole.to_pandas("parts").equals(found)
    assert whole.to_pandas("more").empty  # not known


@pytest.mark.parametrize("name", ["main", "nothing", "schema"])
def test_what_has_no_rows_is_named_with_what_has(whole: Whole, name: str) -> None:
    with pytest.raises(UsageError, match=f"Whole has no rows '{name}'\n  hint: there are parts, cycles, values"):
        whole.to_pandas(name)


def test_without_pandas_an_extra_is_named(whole: Whole, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        MissingExtra, match=r"to_pandas needs an optional package\n  hint: pip install \"acortex\[all\]\""
    ):
        whole.to_pandas()


# Docstrings of fields


def test_descriptions_of_a_schema_are_the_docstrings_of_fields_and_parts() -> None:
    made = Whole.json_schema()
    assert made["properties"]["main"]["description"] == "The first part."
    assert made["$defs"]["Part"]["properties"]["cycles"]["description"] == "Its length."
    assert made["properties"]["version"]["description"] == "The version of acortex that made it."


def test_descriptions_are_those_that_pydantic_itself_finds() -> None:
    class Read(BaseModel):
        model_config = ConfigDict(use_attribute_docstrings=True)

        plain: int
        """On one line."""
        long: list[Part] = Field(default_factory=list)
        """On two

        lines, with a gap.
        """
        given: int = Field(description="given")
        """Not this."""
        none: int = 0
        other: ClassVar[int] = 1
        """Of no field."""

    class Same(Document):
        plain: int
        """On one line."""
        long: list[Part] = Field(default_factory=list)
        """On two

        lines, with a gap.
        """
        given: int = Field(description="given")
        """Not this."""
        none: int = 0
        other: ClassVar[int] = 1
        """Of no field."""

    describe(Same)
    found = [{name: one.description for name, one in kind.model_fields.items()} for kind in (Read, Same)]
    assert found[0] == found[1]


def test_a_field_that_is_narrowed_keeps_its_docstring() -> None:
    class Narrow(Part):
        cycles: int

    assert Narrow.json_schema()["properties"]["cycles"]["description"] == "Its length."


def test_a_type_is_completed_without_the_local_names_of_who_makes_the_first_one() -> None:
    """To read them ends the process on Python 3.13.0, so that no field may need them."""

    class Late(Document):
        """A part whose field has a type that is local."""

        size: LaterHere  # type: ignore[name-defined]
        """Its size."""

    LaterHere = int
    with pytest.raises(PydanticUserError, match="not fully defined"):
        Late(size=1)
