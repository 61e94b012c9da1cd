"""Programs as bytes: a header, a small msgpack map, the arrays' bytes, and a checksum over all of it.

    offset  bytes  what
    0       8      magic
    8       2      format version, little-endian like all numbers here
    10      1      length of the next field
    11      n      the version of acortex that wrote the file, ASCII
            4      length of the map
            m      the map: name, chip, tables, tensors, lines; an array is [dtype, shape, offset in the next part]
            …      the arrays' bytes, one after the other
    end-32  32     SHA-256 of everything before

Arrays stand apart from the map so that a hostile file cannot blow up into millions of small objects. The same program
gives the same bytes. `loads` refuses whatever it would not have written.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeGuard

import msgpack  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

from acortex import __version__, safe_files
from acortex.errors import AcortexError, UsageError
from acortex.isa.arithmetic.tensors import ENCODINGS, MAX_AXES, MAX_CODE_BITS, MAX_VALUES, MAX_WORDS, fault
from acortex.isa.container_rules import judge, malformed
from acortex.isa.data import TYPES, constants_fault, pack_weights, packed_size, unpack_weights
from acortex.isa.files import plain
from acortex.isa.hashed_weights import with_weights
from acortex.isa.machine import CHANNELS
from acortex.isa.names import is_name
from acortex.isa.operands import KINDS
from acortex.isa.program import Constants, HostPart, HostResult, Line, Memory, Program, Tensor, Weights

MAGIC = b"\x89ACX\r\n\x1a\n"
FORMAT = 3
DIGEST = 32

MAX_BYTES = 1 << 29
"""The largest container, 512 MB."""

MAX_MAP = 1 << 21
"""The largest map: 4,096 layer names and as many matrices need about 1 MB."""

MAX_NAMES = 1 << KINDS["layer"].bits
MAX_WORDS_OF_PROGRAM = 1 << KINDS["target"].bits
MAX_WEIGHTS = 1 << 28
"""All weights of a program together: they take a byte each once they are unpacked."""

MAX_TEXT = 1 << 26
"""The largest text of all lines together, in bytes: that of a source."""

_CONTENT = (
    "name",
    "chip",
    "words",
    "weights",
    "constants",
    "memory",
    "inputs",
    "outputs",
    "layers",
    "samples",
    "labels",
)
_PLACES = ("files", "line_files", "line_numbers", "line_texts")
KEYS = frozenset((*_CONTENT, *_PLACES))
"""What the map holds."""

OF_HOST = frozenset(("parts", "results"))
"""What it holds beside where the host works between parts of the chip."""


class _Arrays:
    """Collects what goes behind the map; `add` and `add_weights` answer what the map says of it."""

    def __init__(self) -> None:
        self.parts: list[bytes | tuple[Weights, ...]] = []
        self.size = 0

    def add(self, array: NDArray[Any]) -> list[Any]:
        data = plain(array).tobytes()
        self.parts.append(data)
        self.size += len(data)
        return [array.dtype.name, list(array.shape), self.size - len(data)]

    def add_weights(self, weights: tuple[Weights, ...]) -> list[Any]:
        """All matrices, which become bytes where they are needed."""
        self.parts.append(weights)
        told = []
        for one in weights:
            size = packed_size(one.values.shape)
            told.append([one.name, one.macs, list(one.values.shape), ["uint8", [size], self.size]])
            self.size += size
        return told

    def data(self) -> Iterator[bytes]:
        """The bytes of all, one after the other."""
        for part in self.parts:
            yield from [part] if isinstance(part, bytes) else (pack_weights(one.values) for one in part)


def _content(program: Program, arrays: _Arrays) -> dict[str, Any]:
    """Everything that a program means, without its source positions."""
    of_host = {
        "parts": [[one.name, arrays.add(one.model)] for one in program.parts],
        "results": [[one.name, list(one.shape), one.dtype] for one in program.results],
    }
    return (of_host if program.parts else {}) | {
        "name": program.name,
        "chip": program.chip,
        "words": arrays.add(program.words),
        "weights": arrays.add_weights(program.weights),
        "constants": [[one.name, arrays.add(one.values)] for one in program.constants],
        "memory": [[one.address, arrays.add(one.values)] for one in program.memory],
        "inputs": [_tensor_fields(tensor) for tensor in program.inputs],
        "outputs": [_tensor_fields(tensor) for tensor in program.outputs],
        "layers": list(program.layers),
        "samples": {name: arrays.add(program.samples[name]) for name in sorted(program.samples)},
        "labels": None if program.labels is None else arrays.add(program.labels),
    }


def _tensor_fields(tensor: Tensor) -> list[Any]:
    axes = None if tensor.axes is None else list(tensor.axes)
    shapes = [list(shape) for shape in tensor.shapes]
    fields = [tensor.name, shapes, tensor.encode, tensor.bits, tensor.scale, tensor.zero, axes, tensor.packed]
    return [*fields, True] if tensor.host else fields


def sha256(program: Program) -> str:
    """The SHA-256 of a program's content, in hex: name, chip, words, tables, tensors, samples, labels; no positions."""
    arrays = _Arrays()
    digest = hashlib.sha256(msgpack.packb(_content(program, arrays)))
    for part in arrays.parts:
        if isinstance(part, bytes):
            digest.update(part)
        else:
            digest = with_weights(digest, part)
    return digest.hexdigest()


def dumps(program: Program) -> bytes:
    """A program as the bytes of a container. Raises AcortexError for one that no container can hold."""
    if len(program.lines) != len(program.words):
        raise AcortexError(f"the program has {len(program.words)} words, and lines for {len(program.lines)}")
    arrays = _Arrays()
    content = _content(program, arrays)
    places = [*program.lines, *(one.line for one in program.memory)]
    files = sorted({line.file for line in places})
    content["files"] = files
    content["line_files"] = arrays.add(np.array([files.index(line.file) for line in places], dtype=np.uint16))
    content["line_numbers"] = arrays.add(np.array([line.number for line in places], dtype=np.uint32))
    texts = "\n".join(line.text for line in places).encode("utf-8", "replace")
    content["line_texts"] = arrays.add(np.frombuffer(texts, dtype=np.uint8))
    packed = msgpack.packb(content)
    for what, size, limit in (("names", len(packed), MAX_MAP), ("lines", len(texts), MAX_TEXT)):
        if size > limit:
            raise AcortexError(f"the {what} of the program take {size} bytes, at most {limit} fit", hint="shorten them")
    writer = __version__.encode("ascii")
    header = MAGIC + struct.pack("<HB", FORMAT, len(writer)) + writer + struct.pack("<I", len(packed))
    body = b"".join([header, packed, *arrays.data()])
    return body + hashlib.sha256(body).digest()


def save(program: Program, path: Path | str) -> None:
    """Writes a program's container, whole or not at all. Raises UsageError where that fails."""
    data = dumps(program)
    try:
        safe_files.write(path, data)
    except OSError as error:
        raise UsageError(f"cannot write the file: {error.strerror}", where=str(path)) from None


def load(path: Path | str) -> Program:
    """Reads a program's container. Raises UsageError where it is unreadable, damaged or malformed."""
    try:
        data = safe_files.read(path, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read the file: {safe_files.reason(error)}", where=str(path)) from None
    return loads(data, file=str(path))


def loads(data: bytes, file: str = "<bytes>") -> Program:
    """The program of a container's bytes; `file` stands in messages. Raises UsageError."""
    try:
        return replace(_Reader(*_opened(data)).program(), chip_at=file)
    except AcortexError as error:
        refused = UsageError(error.message, where=file, hint=error.hint)
        refused.code = error.code
        raise refused from None


def _opened(data: bytes) -> tuple[dict[str, Any], bytes]:
    """The map and the arrays' bytes of a container that is whole and of a known version."""
    if not data.startswith(MAGIC):
        raise UsageError("this is not an assembled program (.acx)", hint="`acortex asm` makes one of a source text")
    if len(data) > MAX_BYTES:
        raise UsageError(f"the program has more than {MAX_BYTES} bytes")
    body = memoryview(data)[:-DIGEST]
    if len(body) < len(MAGIC) + 7 or hashlib.sha256(body).digest() != data[-DIGEST:]:
        raise UsageError("the program is damaged: its checksum does not match", hint="copy or assemble it again")
    version, length = struct.unpack_from("<HB", body, len(MAGIC))
    start = len(MAGIC) + 3 + length
    if version != FORMAT:
        writer = ascii(bytes(body[len(MAGIC) + 3 : start]).decode("ascii", "replace"))[1:-1]
        message = (
            f"the program has format {version}, written by acortex {writer}; this is {__version__}, format {FORMAT}"
        )
        raise UsageError(message, hint="assemble it again, or use that version")
    if start + 4 > len(body):
        raise malformed("header")
    (size,) = struct.unpack_from("<I", body, start)
    packed = body[start + 4 : start + 4 + size]
    if size > MAX_MAP or len(packed) != size:
        raise malformed("map")
    return _unpacked(packed), bytes(body[start + 4 + size :])


def _unpacked(packed: memoryview) -> dict[str, Any]:
    try:
        content = msgpack.unpackb(
            packed,
            strict_map_key=True,
            object_pairs_hook=_no_duplicates,
            max_str_len=1000,
            max_bin_len=0,
            max_array_len=MAX_NAMES,
            max_map_len=64,
            max_ext_len=0,
        )
    except Exception as error:  # msgpack has a handful of errors without a common base
        raise malformed(f"map ({type(error).__name__})") from None
    if not isinstance(content, dict) or content.keys() not in (KEYS, KEYS | OF_HOST):
        raise malformed("map")
    return content


def _no_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _are_numbers(values: object, least: int) -> bool:
    """Whether these are integers from `least` on."""
    return isinstance(values, list) and all(type(value) is int and value >= least for value in values)


def _is_shape(values: object) -> TypeGuard[list[int]]:
    """Whether this is a shape that a source could have given: of a tensor, perhaps with the axes of samples before."""
    if not (isinstance(values, list) and values and _are_numbers(values, 1)):
        return False
    return len(values) <= MAX_AXES + 2 and math.prod(values) <= MAX_VALUES


class _Reader:
    """Turns a container's map back into a program, believing none of it."""

    def __init__(self, content: dict[str, Any], arrays: bytes) -> None:
        self.content = content
        self.arrays = arrays
        self.used = 0
        self.weighed = 0

    def program(self) -> Program:
        """The program. Raises UsageError at the first field that is not as `dumps` writes it."""
        parts = tuple(map(self.part, self.field("parts", list))) if "parts" in self.content else ()
        words = self.array(self.field("words", list), "uint64", 1)
        if len(words) > MAX_WORDS_OF_PROGRAM:
            raise malformed(f"it has {len(words)} instructions, {MAX_WORDS_OF_PROGRAM} are the most")
        weights = tuple(self.weights(fields) for fields in self.field("weights", list))
        constants = tuple(self.constants(fields) for fields in self.field("constants", list))
        memory = [self.memory(fields) for fields in self.field("memory", list)]
        inputs, outputs = (tuple(map(self.tensor, self.field(key, list))) for key in ("inputs", "outputs"))
        samples = {self.name(key): self.array(value) for key, value in self.field("samples", dict).items()}
        labels = self.content["labels"]
        labels = None if labels is None else self.array(labels, "int64", 1)
        lines = self.lines(len(words) + len(memory))
        program = Program(
            name=self.name(self.field("name", str)),
            chip=self.name(self.field("chip", str)),
            words=words,
            weights=weights,
            constants=constants,
            memory=tuple(Memory(*fields, line) for fields, line in zip(memory, lines[len(words) :], strict=True)),
            inputs=inputs,
            outputs=outputs,
            layers=tuple(map(self.name, self.field("layers", list))),
            samples=samples,
            labels=labels,
            lines=lines[: len(words)],
            parts=parts,
            results=tuple(map(self.result, self.content.get("results", []))),
        )
        if self.used != len(self.arrays):
            raise malformed("bytes that belong to no array")
        judge(program)
        return program

    def field(self, key: str, kind: type) -> Any:
        """A field of the map, of this type."""
        if not isinstance(self.content.get(key), kind):
            raise malformed(key)
        return self.content[key]

    def name(self, value: object) -> str:
        """A name that a source could have given."""
        if not isinstance(value, str) or not is_name(value):
            raise malformed("a name")
        return value

    def array(self, fields: object, dtype: str = "", axes: int = 0) -> NDArray[Any]:
        """An array, of this dtype and number of axes where they are given. Arrays follow each other without gaps."""
        if not _is_array(fields):
            raise malformed("an array")
        kind, shape, offset = fields
        if kind != (dtype or kind) or len(shape) != (axes or len(shape)):
            raise malformed("an array")
        element = np.dtype(kind).newbyteorder("<")
        size = math.prod(shape) * element.itemsize
        if type(offset) is not int or offset != self.used or size > len(self.arrays) - self.used:
            raise malformed("the size of an array")
        self.used += size
        if not size:
            raise malformed("an array without elements")
        array = np.frombuffer(self.arrays, element, math.prod(shape), offset).reshape(shape)
        if kind == "bool" and int(array.view(np.uint8).max()) > 1:
            raise malformed("an array of truths")
        return array

    def weights(self, fields: object) -> Weights:
        """A matrix of weights."""
        if not (isinstance(fields, list) and len(fields) == 4):
            raise malformed("weights")
        name, macs, shape, packed = fields
        if not (isinstance(shape, list) and len(shape) == 2 and all(type(axis) is int and axis > 0 for axis in shape)):
            raise malformed("weights")
        self.weighed += math.prod(shape)
        if max(shape) > KINDS["rows"].high or self.weighed > MAX_WEIGHTS:
            raise malformed("the size of weights")
        if type(macs) is not int or not 0 <= macs <= math.prod(shape):
            raise malformed("weights")
        data = self.array(packed, "uint8", 1)
        if len(data) != packed_size((shape[0], shape[1])):
            raise malformed("weights")
        return Weights(self.name(name), unpack_weights(data.tobytes(), (shape[0], shape[1])), macs)

    def constants(self, fields: object) -> Constants:
        """A table of neurons' constants."""
        if not (isinstance(fields, list) and len(fields) == 2):
            raise malformed("constants")
        values = self.array(fields[1], "int64", 2)
        if not 1 <= len(values) <= KINDS["columns"].high or values.shape[1] != 2 or constants_fault(values):
            raise malformed("constants")
        return Constants(self.name(fields[0]), values)

    def part(self, fields: object) -> HostPart:
        """A part of the host."""
        if not (isinstance(fields, list) and len(fields) == 2):
            raise malformed("a part of the host")
        return HostPart(self.name(fields[0]), self.array(fields[1], "uint8", 1))

    def result(self, fields: object) -> HostResult:
        """An output that the host makes."""
        if not (isinstance(fields, list) and len(fields) == 3 and fields[2] in TYPES and _is_shape(fields[1])):
            raise malformed("a result of the host")
        return HostResult(self.name(fields[0]), tuple(fields[1]), fields[2])

    def memory(self, fields: object) -> tuple[int, NDArray[np.uint8]]:
        """A piece of the initial memory: its address and its words."""
        if not (isinstance(fields, list) and len(fields) == 2 and _are_numbers(fields[:1], 0)):
            raise malformed("memory")
        values = self.array(fields[1], "uint8", 2)
        if not len(values) or values.shape[1] != CHANNELS or fields[0] + len(values) > MAX_WORDS:
            raise malformed("memory")
        return fields[0], values

    def tensor(self, fields: object) -> Tensor:
        """An input or output."""
        own = _without_host(fields)
        of_host = own is not fields
        if not _has_kinds(own, [str, list, str, int, float, int, list, int]):
            raise malformed("a tensor")
        name, shapes, encode, bits, scale, zero, axes, packed = own
        if not (shapes and all(map(_is_shape, shapes)) and encode in ENCODINGS and 1 <= bits <= MAX_CODE_BITS):
            raise malformed("a tensor")
        order = None if axes is None else tuple(axes)
        tensor = Tensor(self.name(name), tuple(map(tuple, shapes)), encode, bits, scale, zero, order, packed, of_host)
        if (axes is not None and not _are_numbers(axes, 0)) or fault(tensor):
            raise malformed("a tensor")
        return tensor

    def lines(self, count: int) -> tuple[Line, ...]:
        """The place of each instruction, then of each piece of memory."""
        files = self.field("files", list)
        indices = self.array(self.field("line_files", list), "uint16", 1)
        numbers = self.array(self.field("line_numbers", list), "uint32", 1)
        text = self.array(self.field("line_texts", list), "uint8", 1).tobytes()
        as_many = len(indices) == len(numbers) == text.count(b"\n") + 1 == count
        if not as_many or len(text) > MAX_TEXT or int(indices.max()) >= len(files):
            raise malformed("source lines")
        if not all(isinstance(file, str) for file in files):
            raise malformed("names of source files")
        places = zip(indices.tolist(), numbers.tolist(), text.decode("utf-8", "replace").split("\n"), strict=True)
        return tuple(Line(files[index], number, line) for index, number, line in places)


def _without_host(fields: object) -> object:
    """The fields of a tensor without the mark of one that is the host's; the same object where it has none."""
    marked = isinstance(fields, list) and len(fields) == TENSOR_FIELDS + 1 and fields[-1] is True
    return fields[:-1] if isinstance(fields, list) and marked else fields


def _has_kinds(fields: object, kinds: Sequence[type]) -> TypeGuard[list[Any]]:
    """Whether fields are of these types; null stands for a list."""
    return isinstance(fields, list) and [list if field is None else type(field) for field in fields] == kinds


TENSOR_FIELDS = 8


def _is_array(fields: object) -> TypeGuard[tuple[str, list[int], object]]:
    """Whether a file's fields are an array's dtype, its shape, and an offset of any kind.

    Samples have the axes of a tensor, one of inferences, and perhaps one of 1 behind that.
    """
    if not (isinstance(fields, list) and len(fields) == 3 and isinstance(fields[1], list)):
        return False
    kind, shape, _ = fields
    axes_fit = len(shape) <= MAX_AXES + 2 and all(type(axis) is int and 0 <= axis <= MAX_BYTES for axis in shape)
    return kind in TYPES and axes_fit
