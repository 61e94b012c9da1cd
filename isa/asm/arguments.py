"""What a directive is given: its arguments read as names, numbers, shapes and arrays, and the program on its way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import MAX_AXES
from acortex.isa.asm.diagnostics import Hint, Mistake, Source
from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.lexer import MAX_DIGITS, Token, tokens_of
from acortex.isa.asm.parser import DataLine, Statement, arguments_of
from acortex.isa.data import from_blob
from acortex.isa.files import Shelf
from acortex.isa.names import is_name
from acortex.isa.program import Constants, Line, Memory, Tensor, Weights
from acortex.wording import any_of, did_you_mean

MAX_DATA_BYTES = 1 << 28
"""All data of one program together, 256 MB."""


@dataclass
class Draft:
    """A program on its way: what the directives have said so far."""

    source: Source
    files: Shelf
    symbols: dict[str, int | None]
    name: str = ""
    chip: str = ""
    chip_at: str = ""
    """Where the chip is named: "file:line:column"."""
    weights: dict[str, Weights] = field(default_factory=dict)
    constants: dict[str, Constants] = field(default_factory=dict)
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    memory: list[Memory] = field(default_factory=list)
    """In the order of addresses."""
    samples: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None
    declared: set[tuple[str, str]] = field(default_factory=set)
    """Tables and names that a directive has begun to declare, rightly or not."""
    data_bytes: int = 0

    def table(self, name: str) -> Mapping[str, object]:
        """A table of operands by the name that `Kind.table` gives it."""
        tables: dict[str, Mapping[str, object]] = {
            "weights": self.weights, "constants": self.constants, "input": self.inputs, "output": self.outputs,
        }  # fmt: skip
        return tables[name]


class Given:
    """The arguments of one directive, read as what they should be. Every reader raises Mistake."""

    def __init__(self, draft: Draft, statement: Statement, fields: dict[str, list[Token]]) -> None:
        self.draft = draft
        self.statement = statement
        self.fields = fields

    def __contains__(self, field_name: str) -> bool:
        return field_name in self.fields

    def mistake(self, field_name: str, message: str, hint: Hint = "") -> Mistake:
        """A mistake in a field, or in the directive as a whole where the field is not given."""
        tokens = self.fields.get(field_name) or [self.statement.head]
        return Mistake(message, tokens[0][2], tokens[-1][2] + len(tokens[-1][1]) - tokens[0][2], hint)

    def name(self, field_name: str) -> str:
        """A bare or quoted name."""
        kind, text, _ = self.fields[field_name][0]
        name = text[1:-1] if kind == "string" else text
        if len(self.fields[field_name]) > 1 or kind not in ("name", "string") or not is_name(name):
            raise self.mistake(field_name, f"{field_name} takes a name", 'letters, digits, _ and ., or any text in "…"')
        return name

    def string(self, field_name: str) -> str:
        """A quoted text."""
        tokens = self.fields[field_name]
        if len(tokens) > 1 or tokens[0][0] != "string":
            raise self.mistake(field_name, f'{field_name} takes a text in quotes: {field_name}="…"')
        return tokens[0][1][1:-1]

    def integer(self, field_name: str, low: int, high: int) -> int:
        """An integer expression within low..high."""
        value = evaluate(self.fields[field_name], self.draft.symbols)
        if not low <= value <= high:
            raise self.mistake(field_name, f"{field_name} is {value}, allowed is {low} to {high}")
        return value

    def real(self, field_name: str) -> float:
        """A decimal number, written out: 0.0173, 1e-05 or 2."""
        tokens = self.fields[field_name]
        if len(tokens) > 1 or tokens[0][0] not in ("decimal", "number") or len(tokens[0][1]) > MAX_DIGITS:
            raise self.mistake(field_name, f"{field_name} takes a decimal number", "write 0.0173 or 1.5e-05")
        try:
            return float(tokens[0][1])
        except ValueError:
            message = f"`{tokens[0][1]}` is not a decimal number"
            raise self.mistake(field_name, message, "write 0.0173 or 1.5e-05") from None

    def axes(self, field_name: str) -> tuple[int, ...]:
        """An order of axes: 1.2.0."""
        tokens = self.fields[field_name]
        parts = tokens[0][1].split(".")
        if len(tokens) > 1 or not all(len(part) == 1 and part in "0123456789" for part in parts):
            raise self.mistake(field_name, f"{field_name} takes an order of axes", "write 1.2.0, the channels last")
        return tuple(map(int, parts))

    def choice(self, field_name: str, names: tuple[str, ...]) -> str:
        """One of a few names."""
        name = self.name(field_name)
        if name not in names:
            hint = partial(did_you_mean, name, names, any_of(names))
            raise self.mistake(field_name, f"no {field_name} is called `{name}`", hint)
        return name

    def shapes(self, field_name: str, axes: int = MAX_AXES) -> tuple[tuple[int, ...], ...]:
        """One shape, or several with `|` between them: 784|28x28; of so many `axes` at most."""
        shapes = []
        tokens = self.fields[field_name]
        for index, token in enumerate(tokens):
            if index % 2 != (token[1] == "|") or (token[1] == "|" and index == len(tokens) - 1):
                raise self.mistake(field_name, f"{field_name} takes a shape", "write 784, 28x28 or 784|28x28")
            if token[1] != "|":
                shapes.append(self._shape(field_name, token, axes))
        return tuple(shapes)

    def _shape(self, field_name: str, token: Token, axes: int) -> tuple[int, ...]:
        parts = token[1].split("x")
        if token[0] not in ("shape", "number") or not all(part.isdigit() and len(part) < 10 for part in parts):
            raise self.mistake(field_name, f"`{token[1][:40]}` is not a shape", "write 784, 28x28 or 1x28x28")
        shape = tuple(int(part) for part in parts)
        if len(shape) > axes or min(shape) < 1 or math.prod(shape) > MAX_DATA_BYTES:
            message = f"1 to {axes} numbers above 0, whose product is {MAX_DATA_BYTES} at most"
            raise self.mistake(field_name, f"shape {token[1]} is not allowed: {message}")
        return shape

    def one_shape(self, field_name: str) -> tuple[int, ...]:
        """Exactly one shape, with room for the axis of inferences and one of 1 behind it."""
        shapes = self.shapes(field_name, MAX_AXES + 2)
        if len(shapes) > 1:
            raise self.mistake(field_name, f"{field_name} takes one shape here")
        return shapes[0]

    def line(self) -> Line:
        """Where the directive stands."""
        number = self.statement.line
        return Line(self.draft.source.name, number, self.draft.source.lines[number - 1].strip())

    def place(self, field_name: str) -> str:
        """Where a field stands: "file:line:column"."""
        return f"{self.draft.source.file}:{self.statement.line}:{self.fields[field_name][0][2] + 1}"

    def claim(self, count: int) -> None:
        """Counts data against what a program may hold."""
        self.draft.data_bytes += count
        if self.draft.data_bytes > MAX_DATA_BYTES:
            raise self.mistake("", f"the program's data exceed {MAX_DATA_BYTES} bytes")

    def file_array(self) -> NDArray[np.generic]:
        """The array of `file=` and `key=`, from a file inside the folder of the source."""
        try:
            array = self.draft.files.array(self.string("file"), self.name("key") if "key" in self else None)
        except AcortexError as error:
            raise self.mistake("key" if "`" in error.message else "file", error.message, error.hint) from None
        self.claim(array.nbytes)
        return array

    def inline_rows(self, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.signedinteger[Any]] | None:
        """The values of the `.row` lines, in the order of the text; None where there are blobs instead."""
        rows = self.statement.data
        if not rows or any(row.blob for row in rows):
            return None
        values = [self._row(row, low, high) for row in rows]
        width = math.prod(shape[1:])
        if len(shape) > 1:
            for row, found in zip(rows, values, strict=True):
                if len(found) != width:
                    raise Mistake(f"this row has {len(found)} values, {width} are needed", line=row.line)
        total = sum(len(found) for found in values)
        if total != math.prod(shape):
            raise self.mistake("", f"the rows hold {total} values, {math.prod(shape)} are needed")
        return np.concatenate(values).reshape(shape)

    def _row(self, row: DataLine, low: int, high: int) -> NDArray[np.signedinteger[Any]]:
        values: NDArray[np.signedinteger[Any]] | None = row.values
        if values is None:
            found = []
            for name, tokens in row.arguments:
                if name is not None:
                    raise Mistake("a row holds values without names", name[2], len(name[1]), line=row.line)
                found.append(self._row_value(row, tokens))
            values = np.array(found, dtype=np.int64)
        wrong = np.flatnonzero((values < low) | (values > high))
        if len(wrong):
            tokens = arguments_of(tokens_of(self.draft.source.lines[row.line - 1])[1:], 0)[wrong[0]][1]
            length = tokens[-1][2] + len(tokens[-1][1]) - tokens[0][2]
            raise Mistake(
                f"{values[wrong[0]]} is out of range, allowed is {low} to {high}", tokens[0][2], length, "", row.line
            )
        return values

    def _row_value(self, row: DataLine, tokens: list[Token]) -> int:
        try:
            return evaluate(tokens, self.draft.symbols)
        except Mistake as mistake:
            mistake.line = row.line
            raise

    def blob(self, size: int) -> bytes:
        """The bytes of the `.blob` lines."""
        lines = self.statement.data
        if not lines:
            raise self.mistake("", "the data are missing", "name a file=, or follow with .row or .blob lines")
        mixed = next((line for line in lines if line.blob is None), None)
        if mixed is not None:
            raise Mistake(".row and .blob lines do not mix", line=mixed.line)
        try:
            return from_blob("".join(line.blob[1][1:-1] for line in lines if line.blob), size)
        except AcortexError as error:
            raise Mistake(error.message, hint=error.hint, line=lines[0].line) from None

    def no_inline(self) -> None:
        """There are no data lines where a file is named."""
        if self.statement.data:
            raise Mistake("data lines follow, yet a file is named", line=self.statement.data[0].line)
