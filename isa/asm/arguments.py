"""What a directive is given: its arguments read as names, numbers, shapes and arrays, and the program on its way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import MAX_AXES, MAX_VALUES
from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.lexer import MAX_DIGITS, Token, place_of, tokens_of
from acortex.isa.asm.parser import DataLine, Statement, arguments_of, parts_advice
from acortex.isa.asm.shapes import read_shape
from acortex.isa.data import from_blob
from acortex.isa.files import Shelf
from acortex.isa.language import data, directives
from acortex.isa.language.diagnostics import Mistake
from acortex.isa.language.names import meant
from acortex.isa.language.source import Note, Source
from acortex.isa.names import is_name
from acortex.isa.operands import KINDS
from acortex.isa.program import Constants, HostPart, HostResult, Line, Memory, Tensor, Weights
from acortex.isa.rules import Facts, Rule
from acortex.wording import any_of, count, shape_text

MAX_DATA_BYTES = 1 << 28
"""All data of one program together, 256 MB."""


@dataclass
class Draft:
    """A program on its way: what the directives have said so far."""

    source: Source
    files: Shelf
    symbols: dict[str, int | str | None]
    name: str = ""
    chip: str = ""
    chip_at: str = ""
    """Where the chip is named: "file:line:column"."""
    weights: dict[str, Weights] = field(default_factory=dict)
    constants: dict[str, Constants] = field(default_factory=dict)
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    parts: dict[str, HostPart] = field(default_factory=dict)
    results: dict[str, HostResult] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    memory: list[Memory] = field(default_factory=list)
    """In the order of addresses."""
    memory_at: dict[int, int] = field(default_factory=dict)
    """The line of each of these, by its address."""
    samples: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None
    declared: dict[tuple[str, str], Note] = field(default_factory=dict)
    """Tables and names that a directive has begun to declare, rightly or not, each with its place."""
    data_bytes: int = 0

    def table(self, name: str) -> Mapping[str, object]:
        """A table of operands by the name that `Kind.table` gives it."""
        tables: dict[str, Mapping[str, object]] = {
            "weights": self.weights, "constants": self.constants, "input": self.inputs, "output": self.outputs,
            "part": self.parts,
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

    def mistake(
        self,
        field_name: str,
        row: Rule,
        /,
        near: Callable[[], str] | None = None,
        notes: tuple[Note, ...] = (),
        facts: Facts | None = None,
        **more: object,
    ) -> Mistake:
        """A mistake in a field, or in the directive as a whole where the field is not given."""
        tokens = self.fields.get(field_name) or [self.statement.head]
        return Mistake(row, place_of(tokens), near=near, notes=notes, facts={**(facts or {}), **more})

    def wrong(self, field_name: str, row: Rule, near: Callable[[], str] | None = None) -> Mistake:
        """A mistake in how a field is written: the row speaks of the field and of the text that stands there."""
        text = " ".join(token[1] for token in self.fields[field_name])[:40]
        return self.mistake(field_name, row, near, field=field_name, text=text)

    def note(self, message: str, field_name: str = "") -> Note:
        """The directive, or a field of it, as a place that a later mistake is about."""
        tokens = self.fields.get(field_name) or [self.statement.head]
        return Note(message, self.statement.line, tokens[0][2] + 1)

    def name(self, field_name: str) -> str:
        """A bare or quoted name."""
        kind, text, _ = self.fields[field_name][0]
        name = text[1:-1] if kind == "string" else text
        if len(self.fields[field_name]) > 1 or kind not in ("name", "string") or not is_name(name):
            raise self.wrong(field_name, directives.TAKES_NAME)
        return name

    def string(self, field_name: str) -> str:
        """A quoted text."""
        tokens = self.fields[field_name]
        if len(tokens) > 1 or tokens[0][0] != "string":
            raise self.wrong(field_name, directives.TAKES_TEXT)
        return tokens[0][1][1:-1]

    def integer(self, field_name: str, low: int, high: int) -> int:
        """An integer expression within low..high."""
        value = evaluate(self.fields[field_name], self.draft.symbols)
        if not low <= value <= high:
            raise self.mistake(field_name, directives.BOUNDS, field=field_name, value=value, low=low, high=high)
        return value

    def real(self, field_name: str) -> float:
        """A decimal number, written out: 0.0173, 1e-05 or 2."""
        tokens = self.fields[field_name]
        if len(tokens) > 1 or tokens[0][0] not in ("decimal", "number") or len(tokens[0][1]) > MAX_DIGITS:
            raise self.wrong(field_name, directives.DECIMAL)
        try:
            return float(tokens[0][1])
        except ValueError:
            raise self.wrong(field_name, directives.DECIMAL) from None

    def axes(self, field_name: str) -> tuple[int, ...]:
        """An order of axes: 1.2.0."""
        tokens = self.fields[field_name]
        parts = tokens[0][1].split(".")
        if len(tokens) > 1 or not all(len(part) == 1 and part in "0123456789" for part in parts):
            raise self.wrong(field_name, directives.AXES, partial(_parts_between, field_name, tokens))
        return tuple(map(int, parts))

    def choice(self, field_name: str, names: tuple[str, ...]) -> str:
        """One of a few names."""
        name = self.name(field_name)
        if name not in names:
            near = partial(self._near_choice, name, names)
            raise self.mistake(field_name, directives.CHOICE, near, field=field_name, name=name, known=any_of(names))
        return name

    def _near_choice(self, name: str, names: tuple[str, ...]) -> str:
        """The choice that a word may have meant; what stands in its place may be an extent of a shape."""
        is_extent = isinstance(self.draft.symbols.get(name), int) and "shape" in self.fields
        return meant(name, names) or ("the extents of a shape have `x` between them: C x R x K" if is_extent else "")

    def shapes(self, field_name: str, axes: int = MAX_AXES) -> tuple[tuple[int, ...], ...]:
        """One shape, or several with `|` between them: 784|28x28; of so many `axes` at most."""
        alternatives: list[list[Token]] = [[]]
        for token in self.fields[field_name]:
            if token[1] == "|":
                alternatives.append([])
            else:
                alternatives[-1].append(token)
        if not all(alternatives):
            raise self.wrong(field_name, directives.NO_SHAPE, partial(_parts_between, "shape", self.fields[field_name]))
        return tuple(self._shape(field_name, tokens, axes) for tokens in alternatives)

    def _shape(self, field_name: str, tokens: list[Token], axes: int) -> tuple[int, ...]:
        extents = read_shape(tokens, self.draft.symbols)
        if extents is None:
            raise self.wrong(field_name, directives.NO_SHAPE, partial(_parts_between, "shape", self.fields[field_name]))
        if len(extents) > axes or min(extents) < 1 or math.prod(extents) > MAX_VALUES:
            facts = {"shape": shape_text(extents), "axes": axes, "most": MAX_VALUES}
            raise self.mistake(field_name, directives.SHAPE_RANGE, facts=facts)
        return tuple(extents)

    def one_shape(self, field_name: str) -> tuple[int, ...]:
        """Exactly one shape, with room for the axis of inferences and one of 1 behind it."""
        shapes = self.shapes(field_name, MAX_AXES + 2)
        if len(shapes) > 1:
            raise self.mistake(field_name, directives.ONE_SHAPE, field=field_name)
        return shapes[0]

    def line(self) -> Line:
        """Where the directive stands."""
        return self.draft.source.kept(self.statement.line)

    def place(self, field_name: str) -> str:
        """Where a field stands: "file:line:column"."""
        origin, column = self.draft.source.origin(self.statement.line), self.fields[field_name][0][2]
        return f"{origin.file}:{origin.line}:{origin.place(column, 1)[0] + 1}"

    def claim(self, count: int) -> None:
        """Counts data against what a program may hold."""
        self.draft.data_bytes += count
        if self.draft.data_bytes > MAX_DATA_BYTES:
            raise self.mistake("", data.ALL_DATA, most=MAX_DATA_BYTES)

    def file_array(self) -> NDArray[np.generic]:
        """The array of `file=` and `key=`, from a file inside the folder of the source."""
        try:
            file = self.draft.source.beside(self.statement.line, self.string("file"))
            array = self.draft.files.array(file, self.name("key") if "key" in self else None)
        except AcortexError as error:
            at = "key" if "`" in error.message else "file"
            raise self.mistake(at, data.FILE, reason=error.message, advice=error.hint) from None
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
                    raise Mistake(data.ROW_WIDTH, line=row.line, found=count(len(found), "value"), width=width)
        total = sum(len(found) for found in values)
        if total != math.prod(shape):
            raise self.mistake("", data.ROW_COUNT, found=count(total, "value"), needed=math.prod(shape))
        return np.concatenate(values).reshape(shape)

    def _row(self, row: DataLine, low: int, high: int) -> NDArray[np.signedinteger[Any]]:
        values: NDArray[np.signedinteger[Any]] | None = row.values
        if values is None:
            found = []
            for name, tokens in row.arguments:
                if name is not None:
                    raise Mistake(data.ROW_NAMES, place_of([name]), line=row.line)
                found.append(self._row_value(row, tokens))
            values = np.array(found, dtype=np.int64)
        wrong = np.flatnonzero((values < low) | (values > high))
        if len(wrong):
            source = self.draft.source
            marked = source.is_marked(row.line)
            tokens = arguments_of(tokens_of(source.lines[row.line - 1], marked)[1:], 0)[wrong[0]][1]
            value = values[wrong[0]]
            raise Mistake(data.ROW_RANGE, place_of(tokens), line=row.line, value=value, low=low, high=high)
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
            raise self.mistake("", data.NO_DATA)
        mixed = next((line for line in lines if line.blob is None), None)
        if mixed is not None:
            other = next((line.line for line in lines if line.blob is not None), mixed.line)
            raise Mistake(data.MIXED, line=mixed.line, notes=(Note("the first .blob line", other),))
        try:
            return from_blob("".join(line.blob[1][1:-1] for line in lines if line.blob), size)
        except AcortexError as error:
            raise Mistake(data.BLOB, line=lines[0].line, reason=error.message, advice=error.hint) from None

    def no_inline(self) -> None:
        """There are no data lines where a file is named."""
        if self.statement.data:
            named = (self.note("the file is named here", "file"),)
            raise Mistake(data.FILE_AND_LINES, line=self.statement.data[0].line, notes=named)


def _parts_between(field_name: str, tokens: Sequence[Token]) -> str:
    """What to write for a field whose parts have commas or parentheses around them; empty for another one."""
    return parts_advice(field_name, tokens) if any(text in (",", "(") for _, text, _ in tokens) else ""


def is_alone(tokens: Sequence[Token]) -> bool:
    """Whether an operand is one word."""
    return len(tokens) == 1 and tokens[0][0] == "name"


def turn_advice(tokens: Sequence[Token], symbols: Mapping[str, object], heads: Sequence[Statement]) -> str:
    """What to write for an operand that counts from a loop's register, as in `l0 - 1`; empty for another one.

    `heads` are the instructions of the text: no register that a loop of theirs counts with can lag.
    """
    written = tokens[0][1]
    if len(tokens) < 2 or not _LOOP.fullmatch(str(symbols.get(written, written))):
        return ""
    taken = {register for one in heads for register in _loops_of(one, symbols)}
    free = [name for name in map("l{}".format, KINDS["loop"].registers) if name not in taken]
    if not free:
        return "an earlier turn has a register of its own, and the program uses them all: merge two loops into one"
    form = f"`lag {free[0]}, {written}, {_turns(tokens)}, until=LABEL`"
    return f"an earlier turn has a register of its own: {form}, with a label below it in the same loop"


def _turns(tokens: Sequence[Token]) -> str:
    """By how many turns `l0 - 1` is behind."""
    return tokens[2][1] if len(tokens) == 3 and tokens[1][1] == "-" else "TURNS"


_LOOP = re.compile(r"l[0-7]")


def _loops_of(statement: Statement, symbols: Mapping[str, object]) -> Iterator[str]:
    """The loop registers that an instruction counts with, sets or follows, by their own names."""
    if statement.head[1] in ("loop", "lag"):
        words = (token[1] for _, tokens in statement.arguments for token in tokens)
        yield from filter(_LOOP.fullmatch, (str(symbols.get(word, word)) for word in words))
