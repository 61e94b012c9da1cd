"""What diagnostics and rules of the chip say of themselves: `acortex.rules/1` as a type."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, TableResult


class RuleInfo(Document):
    """A diagnostic of the assembler, or a rule that holds a program to its chip without time."""

    code: str
    """Its code, which is never given to another one: A codes are diagnostics, R codes rules of the chip."""
    title: str
    """What a program does that keeps it."""
    about: str
    """What it is about, in a word: one of the headings of its page, docs/diagnostics.md or docs/rules.md."""
    error: str
    """The type of its error."""
    message: str
    """What its error says; names in braces stand for what is found."""
    hint: str | None
    """What its error advises; null for nothing."""
    example: str
    """A source that breaks it; where none is written, a source that keeps it."""
    mended: str
    """The same source, mended."""
    settings: list[str]
    """Changes of the chip that the example runs on."""
    beside: str | None
    """What the file beside the example holds, in a sentence; null where it names none."""


class RuleBook(TableResult):
    """Diagnostics of the assembler, and rules that hold a program to its chip without time."""

    SHOWN: ClassVar[dict[str, str]] = {"rules": "rules"}
    ROWS: ClassVar[str] = "rules"

    schema_: Literal["acortex.rules/1"] = Field(default="acortex.rules/1", alias="schema")
    """The layout of this document."""
    rules: list[RuleInfo]
    """By code."""
