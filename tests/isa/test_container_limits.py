"""The container at its limits: each is reached, and one more is refused with what it is about."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

import msgpack  # type: ignore[import-untyped]
import numpy as np
import pytest
from forged_containers import forged, sealed

from acortex.errors import AcortexError, UsageError
from acortex.isa import container
from acortex.isa.asm.assembler import assemble
from acortex.isa.container import FORMAT, MAGIC, dumps, load, loads, sha256
from acortex.isa.program import Constants, HostPart, HostResult, Program, Tensor

DAMAGED = "the program is damaged: its checksum does not match"
SOURCE = """
.input x, 2
.weights v, 1x1
.row 1
.weights w, 2x3
.row 1, 2, 3
.row 4, 5, 6
start
halt
"""


@pytest.fixture
def program() -> Program:
    return assemble(SOURCE, file="limits.s")


def refused(data: bytes) -> str:
    """What is said of bytes that are no program, behind the name of what they would be."""
    with pytest.raises(UsageError) as caught:
        loads(data, "limits.acx")
    assert caught.value.where == "limits.acx"
    return caught.value.message.removeprefix("the program is malformed: ")


def with_map(packed: bytes, size: int | None = None) -> bytes:
    """A container of a map alone, which says that it has so many bytes."""
    told = len(packed) if size is None else size
    return sealed(MAGIC + struct.pack("<HB", FORMAT, 1) + b"1" + struct.pack("<I", told) + packed)


# Head and map ---------------------------------------------------------------------------------------------------------


def test_a_head_that_is_cut_is_damage_or_a_malformed_header() -> None:
    head = MAGIC + struct.pack("<HB", FORMAT, 1) + b"1" + bytes(4)
    assert [refused(sealed(head[:size])) for size in range(8, 15)] == [DAMAGED] * 7
    assert refused(sealed(head[:15])) == "header"
    assert refused(sealed(head)).startswith("map (")


def test_a_map_that_is_shorter_than_it_says_is_none() -> None:
    packed = msgpack.packb({"a": 1})
    assert refused(with_map(packed)) == "map"
    assert refused(with_map(packed, len(packed) + 1)) == "map"


def test_a_map_has_at_most_two_million_bytes() -> None:
    assert refused(with_map(b"\x90" * (1 << 21))) == "map (ExtraData)"
    assert refused(with_map(b"\x90" * ((1 << 21) + 1))) == "map"


@pytest.mark.parametrize(
    ("fits", "beyond"),
    [
        ({"a": "x" * 1000}, {"a": "x" * 1001}),
        ({"a": b""}, {"a": b"x"}),
        ({"a": [0] * 4096}, {"a": [0] * 4097}),
        ({str(key): 0 for key in range(64)}, {str(key): 0 for key in range(65)}),
        ({"a": 1}, {1: 1}),
        ({"a": 1}, {"a": msgpack.ExtType(5, b"x")}),
    ],
    ids=["text", "bytes", "list", "map", "key", "extension"],
)
def test_a_value_of_a_map_is_read_up_to_its_bound(fits: object, beyond: object) -> None:
    """What is read is refused only as it is not the map of a program."""
    assert refused(with_map(msgpack.packb(fits))) == "map"
    assert refused(with_map(msgpack.packb(beyond))) == "map (ValueError)"


def test_a_key_stands_once_in_a_map() -> None:
    assert refused(with_map(b"\x82\xa1a\x01\xa1b\x02")) == "map"
    assert refused(with_map(b"\x82\xa1a\x01\xa1a\x02")) == "map (ValueError)"


# Arrays ---------------------------------------------------------------------------------------------------------------


def test_no_byte_is_left_behind_the_last_array(program: Program) -> None:
    assert refused(forged(program, lambda content: None, b"x")) == "bytes that belong to no array"


def test_an_array_has_elements(program: Program) -> None:
    empty = ["uint8", [0, 64], 16]
    assert refused(forged(program, lambda content: content["weights"][0].__setitem__(3, ["uint8", [0], 16]))) == (
        "an array without elements"
    )
    assert refused(forged(program, lambda content: content.update(memory=[[0, empty]]))) == "the size of an array"


def test_truths_of_both_kinds_come_back(program: Program) -> None:
    samples = {"x": np.array([[True, False]])}
    found = loads(dumps(replace(program, inputs=(Tensor("x", ((2,),), "binary"),), samples=samples)))
    assert found.samples["x"].tolist() == [[True, False]]


@pytest.mark.parametrize("lead", ["1", "1x1"])
def test_samples_of_an_input_of_eight_axes_come_back(lead: str) -> None:
    """With an axis of inferences, and one of 1 behind it: what the assembler takes, the container holds."""
    text = ".input x, 1x1x1x1x1x1x1x2, axes=0.1.2.3.4.5.6.7\n.samples x, type=uint8, shape={}\n.row 1, 0\nstart\nhalt"
    program = assemble(text.format(f"{lead}x1x1x1x1x1x1x1x2"))
    assert loads(dumps(program)).samples["x"].shape == program.samples["x"].shape


def test_an_array_of_more_axes_is_none(program: Program) -> None:
    told = ["uint8", [1] * 11, 0]
    assert refused(forged(program, lambda content: content.update(words=told))) == "an array"
    assert refused(forged(program, lambda content: content.update(samples={"x": told}))) == "an array"


def test_pieces_of_memory_may_touch_and_not_overlap() -> None:
    row = ", ".join(["1"] * 64)
    program = assemble(f".memory 8, 2\n.row {row}\n.row {row}\n.memory 10, 1\n.row {row}\nstart\nhalt")
    assert [(one.address, one.end) for one in loads(dumps(program)).memory] == [(8, 10), (10, 11)]
    assert refused(forged(program, lambda content: content["memory"][1].__setitem__(0, 9))) == "memory"


def test_only_a_mark_that_is_true_makes_a_tensor_the_hosts(program: Program) -> None:
    of_host = replace(program, outputs=(Tensor("y", ((2,),), host=True),))
    assert loads(dumps(of_host)).outputs == of_host.outputs
    for mark in (False, 1, None):
        forgery = forged(of_host, lambda content, mark=mark: content["outputs"][0].__setitem__(8, mark))  # type: ignore[misc]
        assert refused(forgery) == "a tensor"
    assert refused(forged(of_host, lambda content: content["outputs"][0].append(True))) == "a tensor"
    assert refused(forged(of_host, lambda content: content["outputs"][0].pop(6))) == "a tensor"


@pytest.mark.parametrize(
    "shape", [[2**64 - 1], [2**32, 2**32], [2**28 + 1], [2**26 + 1], [2, 2**63], [1] * 9 + [2]], ids=str
)
def test_a_tensor_of_more_than_a_source_can_declare_is_none(shape: list[int], program: Program) -> None:
    """Some have a size whose lowest 64 bits are 0: it is not taken for a tensor without words."""
    one = replace(program, outputs=(Tensor("y", ((2,),)),))
    assert refused(forged(one, lambda content: content["outputs"][0].__setitem__(1, [shape]))) == "a tensor"


def test_a_result_of_the_host_has_as_many_numbers_as_a_source_can_declare(program: Program) -> None:
    parts = (HostPart("p", np.ones(3, np.uint8)),)
    most = replace(program, parts=parts, results=(HostResult("r", (1, 1, 2**14, 1, 2**14, 1, 1, 1, 1, 1), "float32"),))
    assert loads(dumps(most)).results[0].size == 2**28
    for shape in ((2**28 + 1,), (2**32, 2**32), (1,) * 11):
        beyond = replace(program, parts=parts, results=(HostResult("r", shape, "float32"),))
        assert refused(dumps(beyond)) == "a result of the host"


def test_the_last_word_of_memory_may_be_given() -> None:
    program = assemble(f".memory {(1 << 20) - 1}, 1\n.row {', '.join(['1'] * 64)}\nstart\nhalt")
    assert loads(dumps(program)).memory[0].end == 1 << 20


def test_a_tensor_may_be_of_one_bit(program: Program) -> None:
    one_bit = replace(program, inputs=(Tensor("x", ((2,),), bits=1),))
    assert loads(dumps(one_bit)).inputs[0].bits == 1


def test_a_table_has_at_most_65536_constants(program: Program) -> None:
    most = replace(program, constants=(Constants("c", np.ones((65536, 2), np.int64)),))
    assert len(loads(dumps(most)).constants[0].values) == 65536
    beyond = replace(program, constants=(Constants("c", np.ones((65537, 2), np.int64)),))
    assert refused(dumps(beyond)) == "constants"


@pytest.mark.parametrize("wrong", ["p", ["p"], ["p", 1, 2]])
def test_what_is_no_part_of_the_host(program: Program, wrong: object) -> None:
    of_host = replace(program, parts=(HostPart("p", np.ones(3, np.uint8)),))
    assert loads(dumps(of_host)).parts[0].model.tolist() == [1, 1, 1]
    assert refused(forged(of_host, lambda content: content.update(parts=[wrong]))) == "a part of the host"


@pytest.mark.parametrize(
    "wrong", ["r", ["r", [3]], ["r", [3], "text"], ["r", [0], "float32"], ["r", 3, "float32"], ["r", [3], "float32", 1]]
)
def test_what_is_no_result_of_the_host(program: Program, wrong: object) -> None:
    results = (HostResult("r", (3,), "float32"),)
    of_host = replace(program, parts=(HostPart("p", np.ones(3, np.uint8)),), results=results)
    assert loads(dumps(of_host)).results == results
    assert refused(forged(of_host, lambda content: content.update(results=[wrong]))) == "a result of the host"


def test_samples_are_those_of_the_inputs_and_labels_as_many(program: Program) -> None:
    two = replace(program, samples={"x": np.array([[0, 1], [1, 0]], np.uint8)}, labels=np.array([3, 4]))
    assert loads(dumps(two)).labels is not None
    assert refused(dumps(replace(two, samples={"z": two.samples["x"]}))) == "samples"
    assert refused(dumps(replace(two, samples={**two.samples, "z": two.samples["x"]}))) == "samples"
    assert refused(dumps(replace(two, labels=np.array([3, 4, 5])))) == "labels"


def test_names_of_files_are_texts(program: Program) -> None:
    for files in ([3], ["limits.s", 3], [None, "limits.s"]):
        forgery = forged(program, lambda content, files=files: content.update(files=files))  # type: ignore[misc]
        assert refused(forgery) == "names of source files"


# Weights --------------------------------------------------------------------------------------------------------------


def test_a_matrix_may_have_one_cell(program: Program) -> None:
    assert [one.values.tolist() for one in loads(dumps(program)).weights] == [[[1]], [[1, 2, 3], [4, 5, 6]]]


def test_weights_of_all_matrices_together_are_bounded(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    data = dumps(program)
    monkeypatch.setattr(container, "MAX_WEIGHTS", 7)
    assert len(loads(data).weights) == 2
    monkeypatch.setattr(container, "MAX_WEIGHTS", 6)
    assert refused(data) == "the size of weights"


@pytest.mark.parametrize("shape", [[0, 1], [1, 0], [1], [1, 1, 1], [True, 1], "1x1"])
def test_a_matrix_has_two_sides(program: Program, shape: object) -> None:
    fields = ["v", 0, shape, ["uint8", [1], 16]]
    assert refused(forged(program, lambda content: content.update(weights=[fields]))) == "weights"


@pytest.mark.parametrize(
    ("shape", "said"),
    [([65536, 1], "the size of an array"), ([65537, 1], "the size of weights"), ([1, 65537], "the size of weights")],
)
def test_a_matrix_is_65536_cells_long_at_most(program: Program, shape: list[int], said: str) -> None:
    fields = ["v", 1, shape, ["uint8", [32768], 16]]
    assert refused(forged(program, lambda content: content.update(weights=[fields]))) == said


# Files and messages ---------------------------------------------------------------------------------------------------


def test_a_file_is_read_up_to_its_limit(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "limits.acx"
    data = dumps(program)
    path.write_bytes(data)
    monkeypatch.setattr(container, "MAX_BYTES", len(data))
    assert sha256(load(path)) == sha256(program)
    monkeypatch.setattr(container, "MAX_BYTES", len(data) - 1)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert str(caught.value) == f"{path}: the program has more than {len(data) - 1} bytes"
    path.write_bytes(data + bytes(1000))  # no more than the first byte too many is read
    with pytest.raises(UsageError, match=f"more than {len(data) - 1} bytes"):
        load(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load(tmp_path / "none.acx")
    assert str(caught.value) == f"{tmp_path / 'none.acx'}: cannot read the file: No such file or directory"


def test_what_is_no_container_gets_a_hint() -> None:
    with pytest.raises(UsageError) as caught:
        loads(b"halt", "a.acx")
    assert str(caught.value) == (
        "a.acx: this is not an assembled program (.acx)\n  hint: `acortex asm` makes one of a source text"
    )


def test_a_program_knows_the_file_that_names_its_chip(program: Program) -> None:
    assert loads(dumps(program), "some.acx").chip_at == "some.acx"


def test_lines_may_fill_their_room_and_no_more(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    size = len("\n".join(line.text for line in program.lines))
    monkeypatch.setattr(container, "MAX_TEXT", size)
    assert loads(dumps(program)).lines == program.lines
    monkeypatch.setattr(container, "MAX_TEXT", size - 1)
    with pytest.raises(AcortexError, match=f"the lines of the program take {size} bytes, at most {size - 1} fit"):
        dumps(program)


def test_pieces_of_memory_keep_their_lines() -> None:
    row = f".row {', '.join(['1'] * 64)}\n"
    program = assemble(f".memory 3, 1\n{row}.memory 9, 1\n{row}\n.memory 20, 1\n{row}start\nhalt", file="m.s")
    lines = [(one.address, one.line.number) for one in program.memory]
    assert lines == [(3, 1), (9, 3), (20, 6)]
    assert [(one.address, one.line.number) for one in loads(dumps(program)).memory] == lines
