"""Directives: what a source text says beside its instructions. One row of `DIRECTIVES` each."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.arithmetic.tensors import ENCODINGS, MAX_CODE_BITS, MAX_SCALE, MAX_WORDS, MIN_SCALE, accept, fault
from acortex.isa.asm.arguments import Draft, Given
from acortex.isa.asm.expressions import LIMIT
from acortex.isa.asm.lexer import place_of
from acortex.isa.asm.parser import Statement, bind
from acortex.isa.data import OFFSET_LIMIT, TYPES, WEIGHT_HIGH, WEIGHT_LOW, constants_fault, packed_size, unpack_weights
from acortex.isa.language import data, operands
from acortex.isa.language import directives as row_of
from acortex.isa.language.diagnostics import Consequence, Mistake
from acortex.isa.language.names import NO_DIRECTIVE, meant
from acortex.isa.language.source import Note
from acortex.isa.language.text import CONSEQUENCE
from acortex.isa.machine import CHANNELS
from acortex.isa.operands import KINDS, PACKED
from acortex.isa.program import Constants, HostPart, HostResult, Memory, Tensor, Weights
from acortex.wording import all_of, any_of, run_of, shape_text

MAX_CODE = (1 << MAX_CODE_BITS) - 1

MAX_TABLES = 1 << KINDS["constants"].bits
"""How many pieces the initial memory may have."""


def _once(given: Given, what: str, field_name: str = "name") -> None:
    """Holds a directive to standing once."""
    declared = given.draft.declared
    if known := declared.get(("once", what)):
        raise given.mistake(field_name, row_of.SECOND, notes=(known,), what=what)
    declared["once", what] = given.note("the first one", field_name)


_MANY = {
    "layer": "layers", "input": "inputs", "output": "outputs", "weights": "matrices of weights",
    "constants": "tables of constants", "part": "parts of the host",
}  # fmt: skip
"""What each kind of declaration makes, where there are too many."""


def _new(given: Given, kind: str) -> str:
    """A name that a table does not hold yet."""
    name = given.name("name")
    declared = given.draft.declared
    if (kind, name) in declared:
        raise given.mistake("name", row_of.DECLARED_TWICE, notes=(declared[kind, name],), name=name)
    limit = KINDS[kind].high + 1
    if sum(1 for known, _ in declared if known == kind) >= limit:
        raise given.mistake("name", operands.AT_MOST, most=limit, what=_MANY[kind])
    declared[kind, name] = given.note("the first declaration", "name")
    return name


def _program(given: Given) -> None:
    _once(given, "name of the program")
    given.draft.name = given.name("name")


def _chip(given: Given) -> None:
    _once(given, "chip")
    given.draft.chip = given.name("name")
    given.draft.chip_at = given.place("name")


def _layer(given: Given) -> None:
    layers = given.draft.layers
    layers[_new(given, "layer")] = len(layers)


def _tensor(given: Given, table: dict[str, Tensor], kind: str) -> None:
    name = _new(given, kind)
    tensor = Tensor(
        name,
        given.shapes("shape"),
        given.choice("encode", tuple(ENCODINGS)) if "encode" in given else "codes",
        given.integer("bits", 1, MAX_CODE_BITS) if "bits" in given else 4,
        given.real("scale") if "scale" in given else 1.0,
        given.integer("zero", 0, (1 << MAX_CODE_BITS) - 1) if "zero" in given else 0,
        given.axes("axes") if "axes" in given else None,
        given.integer("packed", 1, int(PACKED[-1])) if "packed" in given else 1,
        given.choice("host", FLAGS) == "yes" if "host" in given else False,
    )
    wrong = fault(tensor)
    if wrong:
        raise given.mistake(wrong[0], row_of.TENSOR, reason=wrong[1])
    table[name] = tensor


def _input(given: Given) -> None:
    _tensor(given, given.draft.inputs, "input")


def _output(given: Given) -> None:
    _tensor(given, given.draft.outputs, "output")


def _part(given: Given) -> None:
    name = _new(given, "part")
    array = _own_array(given, "uint8")
    if array.ndim != 1 or array.dtype != np.uint8 or not len(array):
        raise given.mistake("shape" if "shape" in given else "file", data.PART_FORM)
    given.draft.parts[name] = HostPart(name, array.astype(np.uint8))


def _result(given: Given) -> None:
    results, name = given.draft.results, given.name("name")
    if name in results or name in given.draft.outputs:
        raise given.mistake("name", row_of.DECLARED_TWICE, name=name)
    dtype = given.choice("type", TYPES) if "type" in given else "float32"
    results[name] = HostResult(name, given.one_shape("shape"), dtype)


def _weights(given: Given) -> None:
    draft = given.draft
    name = _new(given, "weights")
    shape = given.one_shape("shape")
    if len(shape) != 2 or max(shape) > KINDS["rows"].high:
        raise given.mistake("shape", row_of.MATRIX, most=KINDS["rows"].high)
    rows, columns = shape
    macs = given.integer("macs", 0, rows * columns) if "macs" in given else rows * columns
    draft.weights[name] = Weights(name, _weight_values(given, (rows, columns)), macs)


def _weight_values(given: Given, shape: tuple[int, int]) -> NDArray[np.int8]:
    if "file" in given:
        return _file_integers(given, shape, "weight", WEIGHT_LOW, WEIGHT_HIGH).astype(np.int8, copy=False)
    given.claim(math.prod(shape))
    rows = given.inline_rows(shape, WEIGHT_LOW, WEIGHT_HIGH)
    return unpack_weights(given.blob(packed_size(shape)), shape) if rows is None else rows.astype(np.int8)


def _file_integers(given: Given, shape: tuple[int, ...], what: str, low: int, high: int) -> NDArray[np.integer[Any]]:
    """Whole numbers of one range from the file that is named."""
    given.no_inline()
    array = given.file_array()
    if array.shape != shape:
        found = shape_text(array.shape) or "a single number"
        raise given.mistake("shape", data.FILE_SHAPE, found=found, shape=shape_text(shape))
    if array.dtype.kind not in "iu":
        raise given.mistake("file", data.FILE_TYPE, what=what, found=array.dtype.name)
    numbers: NDArray[np.integer[Any]] = array.view()  # type: ignore[assignment]  # of a kind that was checked
    if int(numbers.min()) < low or int(numbers.max()) > high:
        place = np.argwhere((numbers < low) | (numbers > high))[0]
        at = ", ".join(map(str, place))
        value = numbers[tuple(place)]
        raise given.mistake("file", data.FILE_RANGE, what=what, value=value, at=at, low=low, high=high)
    return numbers


def _constants(given: Given) -> None:
    name = _new(given, "constants")
    shape = (given.integer("columns", 1, KINDS["columns"].high), 2)
    if "file" in given:
        values = _file_integers(given, shape, "constant", -OFFSET_LIMIT, OFFSET_LIMIT).astype(np.int64)
    else:
        given.claim(math.prod(shape) * 8)
        rows = given.inline_rows(shape, -OFFSET_LIMIT, OFFSET_LIMIT)
        values = np.frombuffer(given.blob(math.prod(shape) * 8), "<i8").reshape(shape) if rows is None else rows
    wrong = constants_fault(values)
    if wrong:
        raise given.mistake("file", data.CONSTANTS, reason=wrong)
    given.draft.constants[name] = Constants(name, values.astype(np.int64))


def _memory(given: Given) -> None:
    address = given.integer("address", 0, MAX_WORDS - 1)
    shape = (given.integer("count", 1, MAX_WORDS - address), CHANNELS)
    if "file" in given:
        values = _file_integers(given, shape, "code", 0, MAX_CODE).astype(np.uint8)
    else:
        given.claim(math.prod(shape))
        rows = given.inline_rows(shape, 0, MAX_CODE)
        flat = np.frombuffer(given.blob(math.prod(shape)), np.uint8) if rows is None else rows.astype(np.uint8)
        values = flat.reshape(shape)
    table, known = Memory(address, values, given.line()), given.draft.memory
    place = bisect(known, address, key=lambda one: one.address)
    for other in known[max(place - 1, 0) : place + 1]:
        if other.address < table.end and address < other.end:
            first, last = max(address, other.address), min(table.end, other.end) - 1
            there = given.draft.memory_at[other.address]
            note = Note("the words are given here", there)
            facts = {"words": run_of("word", first, last), "known": given.draft.source.spoken(there)}
            raise given.mistake("address", data.OVERLAP, notes=(note,), facts=facts)
    if len(known) >= MAX_TABLES:
        raise given.mistake("address", operands.AT_MOST, most=MAX_TABLES, what="pieces of initial memory")
    known.insert(place, table)
    given.draft.memory_at[address] = given.statement.line


def _own_array(given: Given, default_type: str) -> NDArray[np.generic]:
    """An array of any plain type, from a file or from the lines that follow."""
    if "file" in given:
        given.no_inline()
        return given.file_array()
    if "shape" not in given:
        raise given.mistake("", data.NO_DATA, near=lambda: "name a file=, or give shape= and .row or .blob lines")
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
        raise Consequence(CONSEQUENCE, reason=f"input `{name}` is declared wrongly")
    if tensor is None or tensor.host:
        near = partial(meant, name, draft.inputs)
        raise given.mistake("name", operands.NOT_DECLARED, near, what="input", name=name, directive="input")
    _once(given, f"set of samples for `{name}`")
    array = _own_array(given, "uint8")
    try:
        accept(tensor, array)
    except AcortexError as error:
        raise given.mistake("name", data.SAMPLES, reason=error.message, advice=error.hint) from None
    for other, known in draft.samples.items():
        if len(known) != len(array):
            facts = {"name": name, "found": len(array), "other": other, "known": len(known)}
            there = replace(draft.declared["once", f"set of samples for `{other}`"], message="the other samples")
            raise given.mistake("name", row_of.SAMPLE_COUNT, notes=(there,), facts=facts)
    draft.samples[name] = array


def _labels(given: Given) -> None:
    draft = given.draft
    _once(given, "set of labels", "")
    array = _own_array(given, "int64")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise given.mistake("shape" if "shape" in given else "file", data.LABEL_FORM)
    if array.dtype == np.uint64 and len(array) and int(array.max()) >= LIMIT:
        raise given.mistake("file", data.LABEL_RANGE, value=array.max())
    draft.labels = array.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Directive:
    """A directive: its meaning, required fields, optional fields, the function that executes it, and whether it waits.

    `late` ones wait for the others, since they refer to them. `.row` and `.blob` lines belong to the directive above.
    """

    doc: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    act: Callable[[Given], None]
    late: bool = False


_TENSOR = ("encode", "bits", "scale", "zero", "axes", "packed", "host")
FLAGS = KINDS["flag"].choices

# fmt: off
DIRECTIVES: dict[str, Directive] = {
    ".program": Directive("Names the program.", ("name",), (), _program),
    ".chip": Directive("Names the chip that the program runs on unless a run names another.", ("name",), (), _chip),
    ".layer": Directive("Declares a layer ahead of its first `layer NAME`, so that reports list it here.",
                        ("name",), (), _layer),
    ".input": Directive("Declares an input tensor.", ("name", "shape"), _TENSOR, _input),
    ".output": Directive("Declares an output tensor.", ("name", "shape"), _TENSOR, _output),
    ".part": Directive("Declares a part of the network that the host works on, for `work`: the bytes of an ONNX model.",
                       ("name",), ("file", "key", "shape"), _part),
    ".result": Directive("Declares an output of the network that a part of the host makes.", ("name", "shape"),
                         ("type",), _result, late=True),
    ".weights": Directive("Declares a matrix of weights, -8 to 7, for `program`: rows are inputs, columns outputs.",
                          ("name", "shape"), ("file", "key", "macs"), _weights),
    ".constants": Directive("Declares for each column of a group an offset, -2^31 to 2^31, and a multiplier, 1 to"
        " 65536, in"
                            " the place of the quantiser's, for `tune`.",
                            ("name", "columns"), ("file", "key"), _constants),
    ".memory": Directive("Gives words that main memory holds from the start, 64 codes each.",
                         ("address", "count"), ("file", "key"), _memory),
    ".samples": Directive("Gives an input the data that run unless others are given; the first axis counts inferences.",
                          ("name",), ("file", "key", "shape", "type"), _samples, late=True),
    ".labels": Directive("Gives the right answers of the samples, one whole number each.",
                         (), ("file", "key", "shape", "type"), _labels, late=True),
}
"""Every directive but those of the text itself, `TEXT`."""

FIELDS = {
    "name": "a name, bare or in quotes",
    "shape": "extents as in 3x32x32 or K x K x 64, with a constant K; several allowed shapes of a tensor are separated"
        " by |",
    "encode": "how numbers become codes: " + "; ".join(f"{name}: {one.doc}" for name, one in ENCODINGS.items()),
    "bits": f"bits of a code, 1 to {MAX_CODE_BITS}; 4 where left out",
    "scale": f"what a step of a linear code stands for, {MIN_SCALE:g} to {MAX_SCALE:g}; 1 where left out",
    "zero": "the linear code that stands for zero, 0 to 2^bits - 1; 0 where left out",
    "axes": "the order of axes in memory, the channels last; where left out, three axes are channels x rows x columns,"
            " which 1.2.0 says, and one or two lie as they are",
    "packed": f"pixels in a word: {', '.join(PACKED)}",
    "host": "yes: a part of the host makes the input, or takes the output; no: the user gives it, or gets it",
    "file": "a .npy or .npz file beside the source; without it .row or .blob lines follow",
    "key": "the array of a .npz file",
    "macs": "multiply-accumulates that reports count for one position, 0 to rows x columns; all of them where left out",
    "columns": f"columns of the group, 1 to {KINDS['columns'].high}",
    "address": f"the first word, 0 to {MAX_WORDS - 1}",
    "count": f"words, at least one, up to word {MAX_WORDS - 1}",
    "type": f"the type of inline data, or of a result: {', '.join(TYPES)}",
}
"""What each field of a directive is."""

TEXT = {
    ".equ": (".equ NAME, EXPRESSION", "Defines a constant, for instructions, data and other directives anywhere in the"
             " text, and for another .equ below it; `.equ IMAGE, d0` names a register. See `acortex isa expressions`."),
    ".name": (".name NAME, REGISTER", "Names a stream, token, quantiser, group, window or loop register, as `.equ`"
              " does."),
    ".include": (".include \"FILE\"", "Reads the lines of another source in this place. See `acortex isa macros`."),
    ".macro": (".macro NAME PARAMETER, PARAMETER=DEFAULT", "Begins a macro, which `.endm` ends. See `acortex isa"
               " macros`."),
    ".rept": (".rept COUNT, NAME", "Begins lines that are read COUNT times, up to `.endr`. See `acortex isa macros`."),
    ".if": (".if EXPRESSION", "Begins lines that are read where the expression is not 0, up to `.elif`, `.else` or"
            " `.endif`; so do `.ifdef` and `.ifndef` NAME. See `acortex isa macros`."),
    ".local": (".local NAME, NAME", "Makes names those of one call of a macro alone. See `acortex isa macros`."),
    ".align": (".align N", "Puts `nop` until the next instruction's address is a multiple of N."),
    ".error": (".error \"TEXT\"", "A mistake where it is come to."),
    ".assert": (".assert EXPRESSION, \"TEXT\"", "Holds the text to a condition, which may use labels and all constants;"
                " the text says why. See `acortex isa macros`."),
    ".row": (".row VALUE, VALUE, ...", "A row of the data of the directive above it."),
    ".blob": (".blob \"BASE64\"", "Data of the directive above it: bytes, packed by zlib, as the disassembler writes."),
}
"""The directives of the text itself: how each is written, and what it says."""

ENDINGS = (".endm", ".endr", ".elif", ".else", ".endif", ".ifdef", ".ifndef")
"""What else shapes the text; `.macro`, `.rept` and `.if` say how."""
# fmt: on


def is_late(name: str) -> bool:
    """Whether a directive is executed after the others, since it refers to them."""
    return name in DIRECTIVES and DIRECTIVES[name].late


def carry_out(draft: Draft, statement: Statement) -> None:
    """Does what one directive says. Raises Mistake."""
    name = statement.head[1]
    directive = DIRECTIVES.get(name)
    if directive is None:
        known = [*DIRECTIVES, *TEXT]
        near, place = partial(meant, name, [*known, *ENDINGS]), place_of([statement.head])
        raise Mistake(NO_DIRECTIVE, place, near=near, name=name, known=any_of(known))
    fields = bind(statement.head, statement.arguments, directive.required + directive.optional)
    missing = [field_name for field_name in directive.required if field_name not in fields]
    if missing:
        raise Mistake(row_of.NEEDS, place_of([statement.head]), directive=name, fields=all_of(missing))
    directive.act(Given(draft, statement, fields))
