"""What results are made of: frozen, documented types, one for each versioned schema of JSON.

A document is plain data with names: `report.cycles` in Python, `report["cycles"]` as its JSON says it, and it equals
the dictionary that its JSON makes. Its JSON Schema is made of the type, so that the two cannot differ. Every layer has
its own results; this is what they share.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from pandas import DataFrame

REPR = 300
"""Characters of a `repr`, at most: as many as one reads at a glance."""


class Document(BaseModel):
    """A part of a result: frozen, without fields that nobody described, readable by attribute and by JSON name."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True, protected_namespaces=()
    )

    def __getitem__(self, name: str) -> Any:
        """The field of a JSON name. Raises KeyError, as a dictionary does."""
        field = self._fields().get(name)
        if field is None:
            raise KeyError(name)
        return getattr(self, field)

    def get(self, name: str, default: Any = None) -> Any:
        """The field of a JSON name, or the default where there is none."""
        field = self._fields().get(name)
        return default if field is None else getattr(self, field)

    def __contains__(self, name: object) -> bool:
        return name in self._fields()

    def keys(self) -> list[str]:
        """The JSON names of the fields, in order."""
        return list(self._fields())

    def values(self) -> list[Any]:
        """The fields, in order."""
        return [getattr(self, field) for field in self._fields().values()]

    def items(self) -> list[tuple[str, Any]]:
        """The fields with their JSON names, in order."""
        return list(zip(self.keys(), self.values(), strict=True))

    def __eq__(self, other: object) -> bool:
        return self.as_dict() == other if isinstance(other, dict) else super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # it may hold lists

    @classmethod
    def _fields(cls) -> dict[str, str]:
        """The attribute of each JSON name."""
        return {field.alias or name: name for name, field in cls.model_fields.items()}

    def as_dict(self) -> dict[str, Any]:
        """The document as JSON has it: dictionaries, lists, strings, numbers and None."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the document."""
        return cls.model_json_schema(by_alias=True, mode="serialization")


class Result(Document):
    """A whole result, with a schema of its own: what a command prints with `--format json`.

    A kind of result says in `SHOWN` what one wants to know of it first.
    """

    SHOWN: ClassVar[dict[str, str]] = {}
    """What `repr` and a notebook show: a name, and the path of the field, with a dot for a part's."""

    def facts(self) -> Iterator[tuple[str, str]]:
        """What is shown of it: names and values, those that are not known left out."""
        for name, path in self.SHOWN.items():
            found: Any = self
            for part in path.split("."):
                found = None if found is None else found[part]
            if found is not None:
                yield name, _short(found)

    def __repr__(self) -> str:
        text = ", ".join(f"{name}={value}" for name, value in self.facts())
        whole = f"{type(self).__name__}({text})"
        return whole if len(whole) < REPR else whole[: REPR - 5] + " …)"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return table(type(self).__name__, self.facts())


def table(caption: str, rows: Iterator[tuple[str, str]]) -> str:
    """Names and values as a table of HTML, for notebooks."""
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table><caption>{escape(caption)}</caption>{body}</table>"


def _short(value: Any) -> str:
    """A value as a reader takes it in: numbers with few digits, rows by their number."""
    if isinstance(value, (bool, str)):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    return f"{len(value):,}" if isinstance(value, (list, tuple, dict)) else str(value)


def frame(rows: list[Any]) -> DataFrame:
    """Rows of a result as a pandas DataFrame, a column for each field, nested ones with a dot.

    Raises MissingExtra where pandas is not installed.
    """
    try:
        import pandas
    except ImportError:
        from acortex.errors import MissingExtra

        raise MissingExtra("to_pandas", "all") from None
    plain = [row.as_dict() if isinstance(row, Document) else row for row in rows]
    return pandas.json_normalize(plain)
