"""From a program back to text: a source that stands alone, and a listing of addresses, words and lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.asm.annotations import Annotations
from acortex.isa.codec import Instruction, Names, as_text, decode
from acortex.isa.data import pack_weights, to_blob
from acortex.isa.files import plain
from acortex.isa.names import quoted
from acortex.isa.program import Program, Tensor
from acortex.wording import count, shape_text

BLOB_WIDTH = 108
"""Characters of a blob per line, where that gives few lines; large ones take `WIDE_BLOB`."""

WIDE_BLOB = 8000

MAX_NARROW = 200_000
"""Up to this many characters a blob is cut at `BLOB_WIDTH`."""

COMMENT = 56
"""The column of comments."""

INDENT = 8
"""The column of instructions."""

MAX_ROW = 16
"""Matrices of at most this many columns, and as many rows, are written as numbers."""

_DEFAULTS = {field.name: str(field.default) for field in fields(Tensor)}


def disassemble(
    program: Program, *, addresses: bool = False, data: bool = True, source: Annotations | None = None
) -> str:
    """The source text of a program. It names no files, and assembles to a program of the same `sha256`.

    With `addresses` a comment behind each instruction has its address, its word in hex, and the line that it came from.
    With `source` labels are called as there, and comments have what stands there. Without `data` the text is for
    reading alone: it lacks weights, constants, memory, samples and labels, and says so.
    """
    instructions = [decode(int(word)) for word in program.words]
    said = source or Annotations()
    names = _names(program, instructions, said.labels)
    lines = [*_declarations(program, instructions), ""]
    for address, instruction in enumerate(instructions):
        lines += (f"; {comment}".rstrip() for comment in said.above.get(address, ()))
        if address in names["label"]:
            lines.append(f"{names['label'][address]}:")
        text = as_text(instruction, names)
        comments = [_place(program, address)] if addresses else []
        written = said.behind.get(address, "")
        comments += [written] if written not in ("", text) else []
        lines.append(
            f"{' ' * INDENT}{text}" if not comments else f"{' ' * INDENT + text:<{COMMENT}}; {'  '.join(comments)}"
        )
    return "\n".join([*lines, *(_data(program) if data else _left_out(program))]) + "\n"


def _place(program: Program, address: int) -> str:
    """The address of an instruction, its word, and where it came from."""
    came_from = " ".join(str(program.lines[address]).split())  # a container may hold any name of a file
    return f"{address:5}  {int(program.words[address]):016x}  {came_from}"


def _left_out(program: Program) -> Iterator[str]:
    """What is missing without the data of a program."""
    tables = [*(one.name for one in program.weights), *(one.name for one in program.constants)]
    found = [*tables, *(f"memory at {one.address}" for one in program.memory), *program.samples]
    found += ["labels"] if program.labels is not None else []
    if found:
        yield ""
        yield f"; left out: the data of {', '.join(found)}"


def listing(program: Program) -> str:
    """One line per instruction: its address, its word in hex, and the line of the source that it came from.

    A line of an included file stands with the file's name.
    """
    own = program.lines[-1].file if program.lines else ""
    rows = [
        f"{address:5}  {int(word):016x}  {line.number if line.file == own else str(line):>5}  {line.text}".rstrip()
        for address, (word, line) in enumerate(zip(program.words, program.lines, strict=True))
    ]
    return "\n".join([f"; {program.name}: address, word, line, source", *rows]) + "\n"


def _declarations(program: Program, instructions: Sequence[Instruction]) -> Iterator[str]:
    yield f"; {count(len(instructions), 'instruction')}, disassembled"
    yield f".program {quoted(program.name)}"
    yield f".chip {quoted(program.chip)}"
    for directive, tensors in ((".input", program.inputs), (".output", program.outputs)):
        yield from (f"{directive} {_tensor(tensor)}" for tensor in tensors)
    for result in program.results:
        yield f".result {quoted(result.name)}, shape={shape_text(result.shape)}, type={result.dtype}"
    used = dict.fromkeys(one["layer"] for one in instructions if "layer" in one.values)
    if list(used) != list(range(len(program.layers))):
        yield from (f".layer {quoted(name)}" for name in program.layers)


def _tensor(tensor: Tensor) -> str:
    """A tensor's directive; what has its default is left out."""
    said = {
        "shape": "|".join(map(shape_text, tensor.shapes)),
        "axes": None if tensor.axes is None else ".".join(map(str, tensor.axes)),
    }
    said |= {name: str(getattr(tensor, name)) for name in ("packed", "encode", "bits", "scale", "zero")}
    said["host"] = "yes" if tensor.host else None
    parts = (f"{name}={text}" for name, text in said.items() if text not in (None, _DEFAULTS.get(name)))
    return ", ".join((quoted(tensor.name), *parts))


def texts(program: Program) -> list[str]:
    """Each instruction in assembly, with the names of the program's own tables; a label is `at_` and an address."""
    instructions = [decode(int(word)) for word in program.words]
    names = _names(program, instructions)
    return [as_text(instruction, names) for instruction in instructions]


def _names(program: Program, instructions: Sequence[Instruction], labels: Mapping[int, str] = {}) -> Names:
    """What the operands of a program's instructions are called; other labels than `labels` are `at_` and an address."""
    taken = set(labels.values())
    others = {address: f"at_{address}" for address in _targets(instructions) if address not in labels}
    return {
        "label": {**labels, **{address: f"{name}_" if name in taken else name for address, name in others.items()}},
        "layer": dict(enumerate(program.layers)),
        "weights": dict(enumerate(one.name for one in program.weights)),
        "constants": dict(enumerate(one.name for one in program.constants)),
        "input": dict(enumerate(one.name for one in program.inputs)),
        "output": dict(enumerate(one.name for one in program.outputs)),
        "part": dict(enumerate(one.name for one in program.parts)),
    }


def _targets(instructions: Sequence[Instruction]) -> set[int]:
    """The addresses to which instructions lead."""
    return {
        one[name]
        for one in instructions
        for name, operand in one.row.by_name.items()
        if operand.kind.table == "label" and one[name] not in dict(operand.kind.words).values()
    }


def _data(program: Program) -> Iterator[str]:
    for one in program.weights:
        rows, columns = one.values.shape
        macs = "" if one.macs == rows * columns else f", macs={one.macs}"
        yield ""
        yield f".weights {quoted(one.name)}, {rows}x{columns}{macs}"
        small = max(rows, columns) <= MAX_ROW
        yield from _rows(one.values) if small else _blob(pack_weights(one.values))
    for table in program.constants:
        yield ""
        yield f".constants {quoted(table.name)}, {len(table.values)}"
        yield from _rows(table.values) if len(table.values) <= MAX_ROW else _blob(plain(table.values).tobytes())
    for part in program.parts:
        yield ""
        yield f".part {quoted(part.name)}, shape={len(part.model)}"
        yield from _blob(part.model.tobytes())
    for words in program.memory:
        yield ""
        yield f".memory {words.address}, {len(words.values)}"
        yield from _blob(plain(words.values).tobytes())
    for name, array in program.samples.items():
        yield ""
        yield f".samples {quoted(name)}, type={array.dtype.name}, shape={shape_text(array.shape)}"
        yield from _blob(plain(array).tobytes())
    if program.labels is not None:
        yield ""
        yield f".labels shape={len(program.labels)}"
        yield from _blob(plain(program.labels).tobytes())


def _rows(values: NDArray[np.signedinteger[Any]]) -> Iterator[str]:
    return (f"        .row {', '.join(map(str, row))}" for row in values.tolist())


def _blob(data: bytes) -> Iterator[str]:
    text = to_blob(data)
    width = BLOB_WIDTH if len(text) <= MAX_NARROW else WIDE_BLOB
    return (f'.blob "{text[start : start + width]}"' for start in range(0, len(text), width))
