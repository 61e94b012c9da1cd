"""What results are made of: frozen, documented types, one for each versioned schema of JSON.

A document is plain data with names: `report.cycles` in Python, `report["cycles"]` as its JSON says it, and it equals
the dictionary that its JSON makes. Its JSON Schema is made of the type, so that the two cannot differ. Every layer has
its own results; this is what they share.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from html import escape
from importlib import import_module
from inspect import cleandoc, getsource
from itertools import pairwise
from textwrap import dedent
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from acortex import __version__

if TYPE_CHECKING:
    from pandas import DataFrame

REPR = 300
"""Characters of a `repr`, at most: as many as one reads at a glance."""

FEW_VALUES = 3
"""Plain values of a list that are shown one by one, at most."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The version of JSON Schema that all schemas are written in."""

T = TypeVar("T")

Pair = Annotated[list[T], Field(min_length=2, max_length=2)]
"""A value of each of two things that are compared, in their order."""

Number = int | float
"""A count stays a whole number, whatever stands beside it."""


class Document(BaseModel, Mapping[str, Any]):
    """A part of a result: frozen, without undescribed fields, readable by attribute and by JSON name."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        protected_namespaces=(),
        json_schema_serialization_defaults_required=True,
        defer_build=True,
    )

    SHOWN: ClassVar[dict[str, str]] = {}
    """What `repr` and a notebook show: a name, and the path of the field, with a dot for a part's; empty is all."""

    def __getitem__(self, name: str) -> Any:
        """The field of a JSON name. Raises KeyError, as a dictionary does."""
        return getattr(self, self._fields()[name])

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]  # as a mapping does
        """The JSON names of the fields, in order."""
        return iter(self._fields())

    def __len__(self) -> int:
        return len(self._fields())

    def __eq__(self, other: object) -> bool:
        return self.as_dict() == other if isinstance(other, dict) else super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]  # it may hold lists

    @classmethod
    def model_rebuild(
        cls,
        *,
        force: bool = False,
        raise_errors: bool = True,
        _parent_namespace_depth: int = 2,
        _types_namespace: Mapping[str, Any] | None = None,
    ) -> bool | None:
        """Completes the type, as pydantic does at its first use, without the local names of the caller.

        No field needs them, and to read them ends the process on Python 3.13.0.
        """
        names = {} if _types_namespace is None else _types_namespace
        return super().model_rebuild(force=force, raise_errors=raise_errors, _types_namespace=names)

    @classmethod
    @cache
    def _fields(cls) -> dict[str, str]:
        """The attribute of each JSON name."""
        return {field.alias or name: name for name, field in cls.model_fields.items()}

    def as_dict(self) -> dict[str, Any]:
        """The document as JSON has it: dictionaries, lists, strings, numbers and None."""
        return self.model_dump(mode="json", by_alias=True)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the document, whose descriptions are the docstrings of fields."""
        describe(cls)
        return cls.model_json_schema(by_alias=True, mode="serialization")

    def facts(self) -> Iterator[tuple[str, str]]:
        """What is shown of it: names and values, those that are not known left out."""
        for name, path in (self.SHOWN or {name: name for name in self}).items():
            found: Any = self
            for part in path.split("."):
                found = None if found is None else found[part] if part in found else getattr(found, part)
            if found is not None:
                yield name, _short(found)

    def __repr__(self) -> str:
        return _cut(f"{type(self).__name__}({', '.join(f'{name}={value}' for name, value in self.facts())})")

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return table(type(self).__name__, self.facts())


class Versioned(Document):
    """A whole document with a schema of its own, named in its first field: its layout changes with the number alone."""

    schema_: str = Field(alias="schema")
    """The name of the layout, and its version."""

    @classmethod
    def schema_name(cls) -> str:
        """The value of `schema`, such as acortex.run/1."""
        return str(cls.model_fields["schema_"].default)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """The JSON Schema of the document, with its dialect and an identifier."""
        name = cls.schema_name().replace("/", ":").replace(".", ":")
        return {"$schema": DIALECT, "$id": f"urn:{name}", **super().json_schema()}


class Result(Versioned):
    """What a command prints with `--format json`, and the Python function behind it returns."""

    version: str = __version__
    """The version of acortex that made it."""


class TableResult(Result):
    """A result that holds rows: each list of them is a DataFrame on request."""

    ROWS: ClassVar[str]
    """The field of the rows that `to_pandas` gives by default."""

    def to_pandas(self, rows: str = "") -> DataFrame:
        """The rows of a field, `ROWS` unless another is named, as a DataFrame: none where they are not known.

        A part of a row is a column with a dot in its name. Raises MissingExtra where pandas is not installed, and
        UsageError for a field that has no rows.
        """
        found = self.get(rows or self.ROWS, ())
        if not isinstance(found, list | None) or (rows and rows not in self):
            from acortex.errors import UsageError

            lists = ", ".join(name for name, value in self.items() if isinstance(value, list))
            raise UsageError(f"{type(self).__name__} has no rows {rows!r}", hint=f"there are {lists}")
        return frame(found or [])


# Docstrings of fields -----------------------------------------------------------------------------------------------


@cache
def describe(document: type[Document]) -> None:
    """Gives the fields of a document, and of all its parts, their docstrings as descriptions.

    Pydantic would read them as each class is made (`use_attribute_docstrings`): a third of the start of a run, for what
    a schema alone shows.
    """
    for field in document.model_fields.values():
        for part in _parts_of(field.annotation):
            describe(part)
    for name, field in document.model_fields.items():
        if field.description is None:
            field.description = next((own[name] for own in map(_docstrings, document.mro()) if name in own), None)
    document.model_rebuild(force=True)


def _parts_of(annotation: Any) -> Iterator[type[Document]]:
    """The documents that a type names."""
    if isinstance(annotation, type) and issubclass(annotation, Document):
        yield annotation
    for argument in get_args(annotation):
        yield from _parts_of(argument)


@cache
def _docstrings(document: type) -> Mapping[str, str]:
    """The docstring of each field in the body of a class: the text that follows it."""
    if not (issubclass(document, Document) and document is not Document):
        return {}
    (body,) = ast.parse(dedent(getsource(document))).body
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: cleandoc(text.value.value)
        for field, text in pairwise(body.body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }


def table(caption: str, rows: Iterator[tuple[str, str]]) -> str:
    """Names and values as a table of HTML, for notebooks."""
    body = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table><caption>{escape(caption)}</caption>{body}</table>"


def _cut(text: str) -> str:
    """A text that one reads at a glance."""
    return text if len(text) < REPR else text[: REPR - 5] + " …)"


def _short(value: Any) -> str:
    """A value as a reader takes it in: numbers with few digits, pairs in full, rows by their number."""
    if isinstance(value, Document | bool | str):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | dict):
        plain = isinstance(value, list) and not any(isinstance(one, list | Mapping) for one in value)
        return f"[{', '.join(map(_short, value))}]" if plain and len(value) <= FEW_VALUES else f"{len(value):,}"
    return str(value)


def frame(rows: list[Any]) -> DataFrame:
    """Rows of a result as a pandas DataFrame, a column for each field, nested ones with a dot.

    Raises MissingExtra where pandas is not installed.
    """
    plain = [row.as_dict() if isinstance(row, Document) else row for row in rows]
    made: DataFrame = pandas_module().json_normalize(plain)
    return made


def pandas_module() -> ModuleType:
    """The module pandas, which an extra installs."""
    try:
        return import_module("pandas")
    except ImportError:
        from acortex.errors import MissingExtra

        raise MissingExtra("to_pandas", "all") from None


# What results of several layers have in common.


MOST_OVERRIDES = 6
"""Settings that stand behind a chip's name, at most."""


def chip_label(name: str, overrides: Sequence[str]) -> str:
    """A chip by its name and the settings that were laid over it."""
    more = [f"and {len(overrides) - MOST_OVERRIDES} more settings"] if len(overrides) > MOST_OVERRIDES else []
    return ", ".join([name, *overrides[:MOST_OVERRIDES], *more])


class ProgramName(Document):
    """A program by its name and its content."""

    name: str
    """The program's own name for itself."""
    sha256: str
    """Of its instructions, data and tables; a network of the zoo may have no weights where time alone is simulated."""
    instructions: Annotated[int, Field(ge=0)]
    """Words of instruction memory."""


class ChipName(Document):
    """A chip by its name and its settings."""

    name: str
    """The chip's name."""
    sha256: str
    """Of its settings."""
    config: dict[str, Any]
    """Every setting, resolved, by section and name."""
    overrides: list[str] = Field(default_factory=list)
    """The settings that were laid over it, as `--set` takes them."""

    @property
    def label(self) -> str:
        """The chip as `--chip` takes it: its name, and after commas the settings that were laid over it."""
        return chip_label(self.name, self.overrides)
