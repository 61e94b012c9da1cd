"""Directives: what a source text says beside its instructions. One row of `DIRECTIVES` each."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.data import TYPES, WEIGHT_HIGH, WEIGHT_LOW, from_blob, packed_size, unpack_weights
from acortex.isa.diagnostics import Mistake, near, spoken
from acortex.isa.expressions import LIMIT, evaluate
from acortex.isa.files import load_array
from acortex.isa.lexer import Token, is_name, tokens_of
from acortex.isa.operands import KINDS
from acortex.isa.parser import DataLine, Statement, arguments_of, bind
from acortex.isa.program import Tensor, Weights
from acortex.isa.tensors import ENCODINGS, accept

MAX_DATA_BYTES = 1 << 28
"""All data of one program together, 256 MB."""

MAX_BITS = 8
"""The widest code of a tensor."""


@dataclass
class Draft:
    """A program on its way: what the directives have said so far."""

    folder: Path | None
    lines: tuple[str, ...]
    symbols: dict[str, int | None]
    name: str = ""
    chip: str = ""
    weights: dict[str, Weights] = field(default_factory=dict)
    inputs: dict[str, Tensor] = field(default_factory=dict)
    outputs: dict[str, Tensor] = field(default_factory=dict)
    layers: dict[str, int] = field(default_factory=dict)
    samples: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    labels: NDArray[np.int64] | None = None
    declared: set[tuple[str, str]] = field(default_factory=set)
    """Tables and names that a directive has begun to declare, rightly or not."""
    data_bytes: int = 0


class Given:
    """The arguments of one directive, read as what they should be. Every reader raises Mistake."""

    def __init__(self, draft: Draft, statement: Statement, fields: dict[str, list[Token]]) -> None:
        self.draft = draft
        self.statement = statement
        self.fields = fields

    def __contains__(self, field_name: str) -> bool:
        return field_name in self.fields

    def mistake(self, field_name: str, message: str, hint: str = "") -> Mistake:
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

    def choice(self, field_name: str, names: tuple[str, ...]) -> str:
        """One of a few names."""
        name = self.name(field_name)
        if name not in names:
            raise self.mistake(field_name, f"no {field_name} is called `{name}`", near(name, names, spoken(names)))
        return name

    def shapes(self, field_name: str) -> tuple[tuple[int, ...], ...]:
        """One shape, or several with `|` between them: 784|28x28."""
        shapes = []
        tokens = self.fields[field_name]
        for index, token in enumerate(tokens):
            if index % 2 != (token[1] == "|") or (token[1] == "|" and index == len(tokens) - 1):
                raise self.mistake(field_name, f"{field_name} takes a shape", "write 784, 28x28 or 784|28x28")
            if token[1] != "|":
                shapes.append(self._shape(field_name, token))
        return tuple(shapes)

    def _shape(self, field_name: str, token: Token) -> tuple[int, ...]:
        parts = token[1].split("x")
        if token[0] not in ("shape", "number") or not all(part.isdigit() and len(part) < 10 for part in parts):
            raise self.mistake(field_name, f"`{token[1][:40]}` is not a shape", "write 784, 28x28 or 1x28x28")
        shape = tuple(int(part) for part in parts)
        if len(shape) > 4 or min(shape) < 1 or math.prod(shape) > MAX_DATA_BYTES:
            raise self.mistake(
                field_name, f"shape {token[1]} is not one to four numbers above 0 with a sensible product"
            )
        return shape

    def one_shape(self, field_name: str) -> tuple[int, ...]:
        """Exactly one shape."""
        shapes = self.shapes(field_name)
        if len(shapes) > 1:
            raise self.mistake(field_name, f"{field_name} takes one shape here")
        return shapes[0]

    def claim(self, count: int) -> None:
        """Counts data against what a program may hold."""
        self.draft.data_bytes += count
        if self.draft.data_bytes > MAX_DATA_BYTES:
            raise self.mistake("", f"the program's data exceed {MAX_DATA_BYTES} bytes")

    def file_array(self) -> NDArray[np.generic]:
        """The array of `file=` and `key=`, from a file inside the folder of the source."""
        text, folder = self.string("file"), self.draft.folder
        if folder is None:
            raise self.mistake(
                "file", "a text without a folder can name no files", "put the data into .row or .blob lines"
            )
        try:
            inside = (folder / text).resolve().is_relative_to(folder.resolve())
        except (OSError, ValueError, RuntimeError):
            inside = False
        if not inside or Path(text).is_absolute():
            raise self.mistake(
                "file", f'"{text}" lies outside the folder of the source', "move the file beside the source"
            )
        try:
            array = load_array(folder / text, self.name("key") if "key" in self else None)
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
            tokens = arguments_of(tokens_of(self.draft.lines[row.line - 1])[1:], 0)[wrong[0]][1]
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


def _once(given: Given, known: object, what: str) -> None:
    if known:
        raise given.mistake("name", f"a second {what}", "a program has one")


def _new(given: Given, kind: str) -> str:
    """A name that a table does not hold yet."""
    name = given.name("name")
    declared = given.draft.declared
    if (kind, name) in declared:
        raise given.mistake("name", f"`{name}` is declared twice")
    limit = KINDS[kind].high + 1
    if sum(1 for known, _ in declared if known == kind) >= limit:
        raise given.mistake("name", f"a program has at most {limit} of these")
    declared.add((kind, name))
    return name


def _program(given: Given) -> None:
    _once(given, given.draft.name, "name of the program")
    given.draft.name = given.name("name")


def _chip(given: Given) -> None:
    _once(given, given.draft.chip, "chip")
    given.draft.chip = given.name("name")


def _layer(given: Given) -> None:
    layers = given.draft.layers
    layers[_new(given, "layer")] = len(layers)


def _tensor(given: Given, table: dict[str, Tensor], kind: str) -> None:
    name = _new(given, kind)
    shapes = given.shapes("shape")
    sizes = {math.prod(shape) for shape in shapes}
    if len(sizes) > 1:
        raise given.mistake("shape", f"the shapes hold different numbers of values: {spoken(map(str, sorted(sizes)))}")
    if max(map(len, shapes)) > 3:
        raise given.mistake("shape", "a tensor has at most three axes: channels x height x width")
    encode = given.choice("encode", tuple(ENCODINGS)) if "encode" in given else "codes"
    bits = given.integer("bits", 1, MAX_BITS) if "bits" in given else 4
    table[name] = Tensor(name, shapes, encode, bits)


def _input(given: Given) -> None:
    _tensor(given, given.draft.inputs, "input")


def _output(given: Given) -> None:
    _tensor(given, given.draft.outputs, "output")


def _weights(given: Given) -> None:
    draft = given.draft
    name = _new(given, "weights")
    shape = given.one_shape("shape")
    if len(shape) != 2 or max(shape) > KINDS["rows"].high:
        raise given.mistake("shape", "a matrix has rows x columns", f"write 785x64, each at most {KINDS['rows'].high}")
    rows, columns = shape
    macs = given.integer("macs", 0, rows * columns) if "macs" in given else rows * columns
    given.claim(rows * columns)
    draft.weights[name] = Weights(name, _weight_values(given, (rows, columns)), macs)


def _weight_values(given: Given, shape: tuple[int, int]) -> NDArray[np.int8]:
    if "file" not in given:
        rows = given.inline_rows(shape, WEIGHT_LOW, WEIGHT_HIGH)
        return unpack_weights(given.blob(packed_size(shape)), shape) if rows is None else rows.astype(np.int8)
    given.no_inline()
    array = given.file_array()
    if array.shape != shape:
        found = "x".join(map(str, array.shape)) or "a single number"
        raise given.mistake("shape", f"the file holds {found}, not {shape[0]}x{shape[1]}")
    if array.dtype.kind not in "iu":
        raise given.mistake("file", f"weights are integers, the file holds {array.dtype.name}")
    wrong = np.argwhere((array < WEIGHT_LOW) | (array > WEIGHT_HIGH))  # type: ignore[operator]  # numeric, see above
    if len(wrong):
        place = ", ".join(map(str, wrong[0]))
        message = (
            f"weight {array[tuple(wrong[0])]} at [{place}] is out of range, allowed is {WEIGHT_LOW} to {WEIGHT_HIGH}"
        )
        raise given.mistake("file", message)
    return array.astype(np.int8)


def _own_array(given: Given, default_type: str) -> NDArray[np.generic]:
    """An array of any plain type, from a file or from the lines that follow."""
    if "file" in given:
        given.no_inline()
        return given.file_array()
    if "shape" not in given:
        raise given.mistake("", "the data are missing", "name a file=, or give shape= and .row or .blob lines")
    shape = given.one_shape("shape")
    dtype = np.dtype(given.choice("type", TYPES) if "type" in given else default_type).newbyteorder("<")
    size = math.prod(shape) * dtype.itemsize
    given.claim(size)
    low, high = (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) if dtype.kind in "iu" else (0, 1)
    rows = given.inline_rows(shape, max(low, -LIMIT), min(high, LIMIT - 1))
    return np.frombuffer(given.blob(size), dtype).reshape(shape).copy() if rows is None else rows.astype(dtype)


def _samples(given: Given) -> None:
    draft, name = given.draft, given.name("name")
    tensor = draft.inputs.get(name)
    if tensor is None and ("input", name) in draft.declared:
        raise Mistake("")
    if tensor is None:
        raise given.mistake("name", f"no input is called `{name}`", near(name, draft.inputs, "declare it with .input"))
    if name in draft.samples:
        raise given.mistake("name", f"a second set of samples for `{name}`")
    array = _own_array(given, "uint8")
    try:
        accept(tensor, array)
    except AcortexError as error:
        raise given.mistake("name", error.message, error.hint) from None
    for other, known in draft.samples.items():
        if len(known) != len(array):
            raise given.mistake("name", f"`{name}` has {len(array)} samples, `{other}` has {len(known)}")
    draft.samples[name] = array


def _labels(given: Given) -> None:
    draft = given.draft
    if draft.labels is not None:
        raise given.mistake("", "a second set of labels")
    array = _own_array(given, "int64")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise given.mistake("shape" if "shape" in given else "file", "labels are one row of integers")
    if array.dtype == np.uint64 and len(array) and int(array.max()) >= LIMIT:
        raise given.mistake("file", f"label {array.max()} is too large")
    draft.labels = array.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive: fields that must be given, fields that may, what it does, and whether it waits for the others."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    act: Callable[[Given], None]
    late: bool = False


DIRECTIVES: dict[str, Directive] = {
    ".program": Directive(("name",), (), _program),
    ".chip": Directive(("name",), (), _chip),
    ".layer": Directive(("name",), (), _layer),
    ".input": Directive(("name", "shape"), ("encode", "bits"), _input),
    ".output": Directive(("name", "shape"), ("encode", "bits"), _output),
    ".weights": Directive(("name", "shape"), ("file", "key", "macs"), _weights),
    ".samples": Directive(("name",), ("file", "key", "shape", "type"), _samples, late=True),
    ".labels": Directive((), ("file", "key", "shape", "type"), _labels, late=True),
}


def is_late(name: str) -> bool:
    """Whether a directive waits until the others have been carried out, since it refers to them."""
    return name in DIRECTIVES and DIRECTIVES[name].late


def carry_out(draft: Draft, statement: Statement) -> None:
    """Does what one directive says. Raises Mistake."""
    _, name, column = statement.head
    directive = DIRECTIVES.get(name)
    if directive is None:
        known = [*DIRECTIVES, ".equ", ".row", ".blob"]
        raise Mistake(
            f"no directive is called `{name}`", column, len(name), near(name, known, f"known are {spoken(known)}")
        )
    fields = bind(statement.head, statement.arguments, directive.required + directive.optional)
    missing = [field_name for field_name in directive.required if field_name not in fields]
    if missing:
        raise Mistake(f"`{name}` needs {spoken(missing)}", column, len(name))
    directive.act(Given(draft, statement, fields))
