"""The container: what is saved is loaded, what is damaged or hostile is refused."""

from __future__ import annotations

import math
import os
import struct
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np
import pytest
from forged_containers import forged, sealed

from acortex.errors import AcortexError, UsageError
from acortex.isa.asm.assembler import assemble
from acortex.isa.asm.disassembler import disassemble
from acortex.isa.container import FORMAT, MAGIC, dumps, load, loads, save, sha256
from acortex.isa.data import to_blob
from acortex.isa.program import Program

FIVES, SIXES = to_blob(bytes([5] * 64)), to_blob(bytes([6] * 64))

SOURCE = f"""
.program tiny
.chip acortex_digits
.input x, shape=4|2x2, encode=binary
.output y, shape=3, bits=2
.weights w, 5x3, macs=12
.row 1, -2, 3
.row 4, 5, -8
.row 7, 0, 0
.row -1, -1, 1
.row 0, 0, 1
.constants c, 3
.row 5, 6
.row -7, 8
.row 9, 10
.memory 3, 1
.blob "{FIVES}"
.samples x, shape=2x4
.row 1, 0, 0, 1
.row 0, 0, 1, 1
.labels shape=2
.row 2, 0
    group g0, 5, 3
    rect g0, 0, 0
    program g0, w
    quant q0, 3, 1, activation=relu
    start
    layer first
    read d0
    halt
"""


@pytest.fixture
def program() -> Program:
    return assemble(SOURCE, file="tiny.s")


OTHER = "this is not an assembled program (.acx)"
DAMAGED = "the program is damaged: its checksum does not match"


def refused(data: bytes) -> str:
    with pytest.raises(UsageError) as caught:
        loads(data, "tiny.acx")
    assert caught.value.exit_code == 2
    assert caught.value.where == "tiny.acx"
    return caught.value.message


def test_everything_comes_back(program: Program) -> None:
    found = loads(dumps(program))
    assert (found.name, found.chip, found.lines, found.layers) == ("tiny", "acortex_digits", program.lines, ("first",))
    assert (found.inputs, found.outputs) == (program.inputs, program.outputs)
    assert np.array_equal(found.words, program.words)
    assert np.array_equal(found.weights[0].values, program.weights[0].values)
    assert (found.weights[0].name, found.weights[0].macs) == ("w", 12)
    assert found.weights[0].values.dtype == np.int8
    assert (found.memory[0].address, found.memory[0].line.number) == (3, 16)
    assert np.array_equal(found.memory[0].values, program.memory[0].values)
    assert found.constants[0].name == "c"
    assert np.array_equal(found.constants[0].values, program.constants[0].values)
    assert np.array_equal(found.samples["x"], program.samples["x"])
    assert found.samples["x"].dtype == np.uint8
    assert found.labels is not None
    assert found.labels.tolist() == [2, 0]


def test_the_same_program_gives_the_same_bytes(program: Program) -> None:
    assert dumps(loads(dumps(program))) == dumps(program) == dumps(assemble(SOURCE, file="tiny.s"))


def test_weights_take_half_a_byte_each(program: Program) -> None:
    big = assemble(".weights w, 100x100\n" + (".row " + ",".join(["7"] * 100) + "\n") * 100 + "start\nhalt")
    small = assemble(".weights w, 1x1\n.row 7\nstart\nhalt")
    assert len(dumps(big)) - len(dumps(small)) - 4999 < 20


def test_the_hash_is_of_the_content_not_of_its_place(program: Program) -> None:
    moved = assemble("; a comment\n" + SOURCE.replace("first", "first ; here"), file="other.s")
    assert sha256(moved) == sha256(program)
    assert sha256(program) == "d1e827a6847e2774cee99b90a5738046a7a22417a177e42660f21c28bace8e4f"


@pytest.mark.parametrize(
    "change",
    [
        ("program tiny", "program tinier"),
        ("acortex_digits", "acortex_gnmt"),
        ("layer first", "layer second"),
        ("read d0", "read d1"),
        (".row 0, 0, 1\n.constants", ".row 0, 0, 2\n.constants"),
        ("macs=12", "macs=11"),
        ("memory 3", "memory 4"),
        (FIVES, SIXES),
        ("constants c", "constants d"),
        (".row -7, 8", ".row -7, 9"),
        ("4|2x2", "4"),
        ("encode=binary", "encode=codes"),
        ("bits=2", "bits=3"),
        ("shape=3, bits=2", "shape=3, bits=2, axes=0"),
        ("encode=binary", "encode=linear"),
        ("encode=binary", "encode=linear, scale=0.1"),
        ("encode=binary", "encode=linear, zero=1"),
        (".row 0, 0, 1, 1", ".row 0, 0, 1, 0"),
        (".row 2, 0\n", ".row 2, 1\n"),
    ],
    ids=lambda change: change[1],
)
def test_the_hash_tells_any_two_contents_apart(program: Program, change: tuple[str, str]) -> None:
    changed = SOURCE.replace(*change)
    assert changed != SOURCE
    assert sha256(assemble(changed)) != sha256(program)


def test_byte_order_and_memory_layout_change_nothing(program: Program) -> None:
    samples = {"x": np.asfortranarray(program.samples["x"].astype(">u4"))}
    plain = {"x": program.samples["x"].astype("<u4")}
    assert dumps(replace(program, samples=samples)) == dumps(replace(program, samples=plain))


def test_any_changed_byte_is_refused(program: Program) -> None:
    data = dumps(program)
    for index in range(len(data)):
        changed = data[:index] + bytes([data[index] ^ 0x41]) + data[index + 1 :]
        assert refused(changed) == (OTHER if index < len(MAGIC) else DAMAGED)


def test_any_truncation_and_any_surplus_is_refused(program: Program) -> None:
    data = dumps(program)
    for size in range(len(data)):
        assert refused(data[:size]) == (OTHER if size < len(MAGIC) else DAMAGED)
    assert refused(data + b"\0") == DAMAGED


@pytest.mark.parametrize("other", [FORMAT + 1, FORMAT - 1, 0, 65535])
def test_an_unknown_format_names_its_writer(other: int) -> None:
    body = MAGIC + struct.pack("<HB", other, 5) + b"9.8.7" + b"whatever comes then"
    assert refused(sealed(body)).startswith(f"the program has format {other}, written by acortex 9.8.7; this is ")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", ""),
        ("name", "a\nb"),
        ("name", 3),
        ("chip", None),
        ("words", ["uint64", [3], 0]),
        ("words", ["uint32", [8], 0]),
        ("words", ["uint64", [1 << 60], 0]),
        ("words", ["uint64", [-1], 0]),
        ("words", ["uint64", [2, 4], 0]),
        ("words", ["uint64", [True], 0]),
        ("words", ["uint64", [8], 8]),
        ("words", ["object", [8], 0]),
        ("words", None),
        ("weights", [["w", 12, [5, 3], ["uint8", [7], 64]]]),
        ("weights", [["w", 16, [5, 3], ["uint8", [8], 64]]]),
        ("weights", [["w", 12, [5, 0], ["uint8", [8], 64]]]),
        ("weights", [["w"]]),
        ("constants", [["c", ["int64", [2, 3], 72]]]),
        ("constants", [["c", ["int64", [0, 2], 72]]]),
        ("constants", [["c", ["uint64", [3, 2], 72]]]),
        ("constants", [["c"]]),
        ("constants", None),
        ("memory", [[3, ["uint8", [2, 32], 120]]]),
        ("memory", [[1 << 20, ["uint8", [1, 64], 120]]]),
        ("memory", [[-1, ["uint8", [1, 64], 120]]]),
        ("memory", [[3, ["uint8", [0, 64], 120]]]),
        ("memory", [[3]]),
        ("memory", [[3, ["uint8", [1, 64], 120]]] * 2),
        ("inputs", [["x", [[4], [5]], "binary", 4, 1.0, 0, None, 1]]),
        ("inputs", [["x", [], "binary", 4, 1.0, 0, None, 1]]),
        ("inputs", [["x", [[4]], "other", 4, 1.0, 0, None, 1]]),
        ("inputs", [["x", [[4]], "binary", 9, 1.0, 0, None, 1]]),
        ("inputs", [["x", [[2, 2, 1, 1]], "binary", 4, 1.0, 0, None, 1]]),
        ("inputs", [["x", [[4]], "linear", 4, math.nan, 0, None, 1]]),
        ("inputs", [["x", [[4]], "linear", 4, 1, 0, None, 1]]),
        ("inputs", [["x", [[4]], "linear", 4, 1.0, True, None, 1]]),
        ("inputs", [["x", [[2, 2]], "binary", 4, 1.0, 0, [0, "1"], 1]]),
        ("inputs", [["x", [[2, 2]], "binary", 4, 1.0, 0, [0, 2], 1]]),
        ("inputs", [["x", [[2, 2]], "binary", 4, 1.0, 0, [0, 1], 3]]),
        ("inputs", [["x", [[4]], "binary", 4]]),
        ("inputs", []),
        ("inputs", [["z", [[4]], "binary", 4, 1.0, 0, None, 1]]),
        ("outputs", [["y", [[3]], "codes", 2, 1.0, 0, None, 1]] * 2),
        ("layers", []),
        ("layers", [3]),
        ("layers", "first"),
        ("labels", None),
        ("labels", ["int64", [2, 1], 0]),
        ("samples", {}),
        ("files", []),
        ("line_numbers", ["uint32", [7], 0]),
    ],
)
def test_a_map_that_dumps_would_not_write_is_refused(program: Program, key: str, value: object) -> None:
    message = refused(forged(program, lambda content: content.update({key: value})))
    assert message.startswith(("the program is malformed: ", "the program breaks a rule: "))


def test_a_program_that_breaks_a_rule_is_refused_as_the_assembler_would(program: Program) -> None:
    words = program.words.copy()
    words[-1] = 0x0100_0000_0000_0000
    assert refused(dumps(replace(program, words=words))) == (
        "the program breaks a rule: tiny.s:30: the program does not end with `halt`"
    )
    words[-1] = 0xFF00_0000_0000_0000
    assert refused(dumps(replace(program, words=words))) == ("word 0xff00000000000000: no instruction has opcode 0xff")


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"\xc1",
        msgpack.packb([1, 2]),
        msgpack.packb({1: 2}),
        b"\x82\xa1a\x01\xa1a\x02",
        msgpack.packb({"a": msgpack.ExtType(5, b"x")}),
        msgpack.packb({"a": msgpack.Timestamp(1)}),
        msgpack.packb({"a": "x" * 2000}),
        b"\x81\xa1a\xdd\xff\xff\xff\xff",
        b"\x91" * 100_000,
        (b"\xdc\x0f\xff" + b"\x90" * 4095) * 400,
        b"\x90" * 3_000_000,
    ],
    ids=range(12),
)
def test_hostile_msgpack_is_refused_within_bounds(packed: bytes) -> None:
    body = MAGIC + struct.pack("<HB", FORMAT, 1) + b"1" + struct.pack("<I", len(packed)) + packed
    tracemalloc.start()
    assert refused(sealed(body)).startswith("the program is malformed: map")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 256 << 20


def test_a_file_is_written_whole_or_not_at_all(
    program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "tiny.acx"
    save(program, target)
    assert sha256(load(target)) == sha256(program)
    before = target.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UsageError) as caught:
        save(assemble("start\nhalt"), target)
    assert str(caught.value) == f"{target}: cannot write the file: No space left on device"
    assert target.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.acx"]


def test_files_that_are_no_program(tmp_path: Path) -> None:
    (tmp_path / "text.acx").write_text("start\nhalt\n")
    for name, message in [
        ("missing.acx", "cannot read the file: No such file or directory"),
        (".", "cannot read the file: Is a directory"),
        ("text.acx", "this is not an assembled program (.acx)"),
    ]:
        with pytest.raises(UsageError) as caught:
            load(tmp_path / name)
        assert caught.value.message == message


HOSTILE: tuple[object, ...] = (
    None, True, 0, -1, 7, 1 << 63, 0.5, math.inf, "", "x", "\n", "x" * 900, b"x", [], [0], [[]], [[4]], [1 << 62],
    [0, 1 << 62, 1 << 62], ["uint8", [0], 0], ["bool", [1 << 40], 0], ["float64", [1], 0], {}, {"x": []},
)  # fmt: skip
"""What someone may put into any place of a map."""


def places(node: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every field of a map, and of every part of one."""
    if path:
        yield path
    if isinstance(node, dict):
        for key, value in node.items():
            yield from places(value, (*path, key))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from places(value, (*path, index))


def put(content: dict[str, Any], path: tuple[Any, ...], value: object) -> None:
    """Puts a value into a place of a map."""
    node: Any = content
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value


def test_any_value_in_any_place_of_a_map_is_one_error_or_a_program(program: Program) -> None:
    """Never another exception: the checksum is right, so each rule must hold alone."""
    found: list[tuple[Any, ...]] = []
    forged(program, lambda content: found.extend(places(content)))
    read = 0
    for path in found:
        for value in HOSTILE:
            data = forged(program, lambda content, path=path, value=value: put(content, path, value))  # type: ignore[misc]
            try:
                read += len(loads(data, "tiny.acx").words) > 0
            except UsageError as error:
                assert error.message and error.where == "tiny.acx"
    assert 0 < read < len(found) * 3


@pytest.mark.parametrize("key", ["name", "labels", "files", "samples", "line_texts"])
def test_a_map_with_a_field_less_or_more_is_refused(program: Program, key: str) -> None:
    assert refused(forged(program, lambda content: content.pop(key))).startswith("the program is malformed")
    assert refused(forged(program, lambda content: content.update({f"{key}s": 1}))).endswith("malformed: map")


@pytest.mark.parametrize("long", ["line_files", "line_numbers", "line_texts"])
def test_lines_are_counted_before_they_are_read(program: Program, long: str) -> None:
    """One of their arrays has ten million elements; each would take its own Python object."""
    tail: list[bytes] = []
    start: list[int] = []

    def change(content: dict[str, Any]) -> None:
        offset = content["line_files"][2]
        start.append(offset)
        for key, dtype in (("line_files", "uint16"), ("line_numbers", "uint32"), ("line_texts", "uint8")):
            values = np.full(10_000_000 if key == long else 9, 10 if key == "line_texts" else 0, dtype=dtype)
            content[key] = [dtype, [len(values)], offset]
            tail.append(values.tobytes())
            offset += values.nbytes

    body = forged(program, change)[:-32]
    header = struct.unpack_from("<I", body, len(MAGIC) + 3 + body[len(MAGIC) + 2])[0]
    arrays = len(MAGIC) + 3 + body[len(MAGIC) + 2] + 4 + header
    data = sealed(body[: arrays + start[0]] + b"".join(tail))
    tracemalloc.start()
    assert refused(data) == "the program is malformed: source lines"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(data)


def test_a_program_of_more_words_than_a_jump_can_reach_is_refused(program: Program) -> None:
    words = np.full(65_537, program.words[-1], dtype=np.uint64)
    long = replace(program, words=words, lines=program.lines[:1] * 65_537)
    assert refused(dumps(long)) == "the program is malformed: it has 65537 instructions, 65536 are the most"


def test_truths_that_are_neither_0_nor_1_are_refused(program: Program) -> None:
    samples = {"x": np.array([[0, 1, 2, 1], [0, 0, 1, 1]], dtype=np.uint8).view(np.bool_)}
    assert refused(dumps(replace(program, samples=samples))) == "the program is malformed: an array of truths"


def test_labels_without_samples_are_refused(program: Program) -> None:
    assert refused(dumps(replace(program, samples={}))) == "the program is malformed: labels without samples"


def test_what_no_container_can_hold_is_not_written(program: Program) -> None:
    layers = tuple(f"{number:0200}" for number in range(4096))
    assert loads(dumps(replace(program, layers=tuple("\u00e9" * 190 + name[-5:] for name in layers)))).layers
    wide = tuple("\U0001f600" * 195 + name[-5:] for name in layers)
    with pytest.raises(AcortexError, match=r"^the names of the program take \d+ bytes, at most 2097152 fit"):
        dumps(replace(program, layers=wide))
    with pytest.raises(AcortexError, match="the program has 8 words, and lines for 0"):
        dumps(replace(program, lines=()))


def test_a_file_of_any_name_gives_a_container_that_is_read(program: Program) -> None:
    for name in ("\udcff.s", "x" * 5000 + ".s", "a\u00e9\U0001f600.s"):
        found = loads(dumps(assemble(SOURCE, file=name)))
        assert found.lines[0].file == name.replace("\udcff", "?")[:255]


def test_a_matrix_may_count_no_products_and_no_more_than_it_has_cells() -> None:
    program = assemble(SOURCE)
    for macs in (0, 15):
        changed = replace(program, weights=(replace(program.weights[0], macs=macs),))
        assert loads(dumps(changed)).weights[0].macs == macs
    for macs in (-1, 16):
        changed = replace(program, weights=(replace(program.weights[0], macs=macs),))
        with pytest.raises(UsageError, match="malformed"):
            loads(dumps(changed))


@pytest.mark.parametrize(("rows", "columns", "numbers"), [(16, 16, True), (16, 17, False), (17, 16, False)])
def test_small_matrices_are_listed_as_numbers(rows: int, columns: int, numbers: bool) -> None:
    weights = f".weights w, {rows}x{columns}\n" + (".row " + ", ".join(["1"] * columns) + "\n") * rows
    text = disassemble(assemble(f".chip acortex_digits\n{weights}start\nhalt\n"))
    assert (".row" in text) is numbers


def test_a_program_of_65536_instructions_is_the_longest() -> None:
    program = assemble(".chip acortex_digits\nstart\nnop\nhalt\n")
    for length in (65_536, 65_537):
        nops = length - 2
        words = np.concatenate([program.words[:1], np.repeat(program.words[1:2], nops), program.words[2:]])
        lines = (program.lines[0], *(program.lines[1] for _ in range(nops)), program.lines[2])
        data = dumps(replace(program, words=words, lines=lines))
        if length == 65_536:
            assert len(loads(data).words) == length
        else:
            with pytest.raises(UsageError, match="65537 instructions, 65536 are the most"):
                loads(data)


def test_the_order_in_which_samples_were_given_is_no_part_of_a_program(program: Program) -> None:
    one = assemble(
        SOURCE.replace(".output", ".input a, shape=1\n.input z, shape=1\n.output").replace(
            ".labels", ".samples z, shape=2x1\n.row 1\n.row 2\n.samples a, shape=2x1\n.row 3\n.row 4\n.labels"
        )
    )
    assert list(one.samples) == ["x", "z", "a"]
    other = replace(one, samples={name: one.samples[name] for name in ("a", "x", "z")})
    assert (dumps(one), sha256(one)) == (dumps(other), sha256(other))
    assert {name: array.tolist() for name, array in loads(dumps(one)).samples.items()} == {
        "a": [[3], [4]], "x": one.samples["x"].tolist(), "z": [[1], [2]],
    }  # fmt: skip
