"""Directives: tensors, weights, samples and labels, from files and from the text itself."""

from __future__ import annotations

import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import ManyErrors
from acortex.isa.arithmetic.tensors import MAX_AXES
from acortex.isa.asm.arguments import MAX_DATA_BYTES
from acortex.isa.asm.assembler import assemble, assemble_file
from acortex.isa.container import sha256
from acortex.isa.data import pack_weights, to_blob
from acortex.isa.program import Program, Tensor

RUN = "\nstart\nhalt"


SHAPES = f"1 to {MAX_AXES} numbers above 0, whose product is {MAX_DATA_BYTES} at most"


def built(declarations: str, folder: Path | None = None) -> Program:
    return assemble(declarations + RUN, folder=folder)


def complaint(declarations: str, folder: Path | None = None) -> str:
    """The one mistake that the assembler finds: "line:column: message | hint"."""
    with pytest.raises(ManyErrors) as caught:
        built(declarations, folder)
    (error,) = caught.value.errors
    return f"{error.where.removeprefix('<text>:')}: {error.message}" + (f" | {error.hint}" if error.hint else "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the sources below name."""
    np.savez(
        tmp_path / "data.npz",
        weights=np.array([[1, -2, 3], [0, 7, -8]], dtype=np.int64),
        large=np.array([[1, 2, 3], [0, 9, 0]]),
        floats=np.ones((2, 3)),
        images=np.array([[0, 1, 1, 0]] * 5, dtype=np.uint8),
        labels=np.arange(5, dtype=np.uint8),
    )
    np.save(tmp_path / "one.npy", np.array([[1, -2, 3], [0, 7, -8]], dtype=">i2"))
    return tmp_path


def test_a_tensor() -> None:
    program = built(".input image, shape=784|28x28|1x28x28, encode=binary\n.output scores, 10, bits=2+1")
    assert program.inputs[0].shapes == ((784,), (28, 28), (1, 28, 28))
    assert (program.inputs[0].encode, program.inputs[0].bits, program.inputs[0].size) == ("binary", 4, 784)
    assert (program.outputs[0].name, program.outputs[0].encode, program.outputs[0].bits) == ("scores", "codes", 3)


def test_a_tensor_as_networks_have_them() -> None:
    line = ".input image, shape=3x224x224, axes=1.2.0, packed=16, encode=linear, scale=1.73e-02, zero=7"
    tensor = Tensor("image", ((3, 224, 224),), "linear", 4, 0.0173, 7, (1, 2, 0), 16)
    assert built(line).inputs == (tensor,)
    assert built(".output y, 4, axes=0").outputs == (Tensor("y", ((4,),), axes=(0,)),)


def test_weights_by_row_blob_and_file_are_the_same(folder: Path) -> None:
    values = np.array([[1, -2, 3], [0, 7, -8]], dtype=np.int8)
    blob = to_blob(pack_weights(values))
    for source in [
        ".row 1, -2, 3\n.row 0, 7, -8 ; the last",
        ".equ two, 2\n.weights w, 2x3\n.row 1, -two, 1+two\n.row 0, 0b111, -0x8",
        f'.blob "{blob[:10]}"\n.blob "{blob[10:]}"',
    ]:
        text = source if ".weights" in source else f".weights w, 2x3\n{source}"
        assert np.array_equal(built(text).weights[0].values, values)
    for file in ['file="data.npz", key=weights', 'file="one.npy"']:
        found = built(f".weights w, 2x3, {file}", folder).weights[0].values
        assert np.array_equal(found, values)
        assert found.dtype == np.int8


def test_constants_by_row_blob_and_file_are_the_same(tmp_path: Path) -> None:
    values = np.array([[-(1 << 31), 1], [1 << 31, 1 << 16], [0, 5]], dtype=np.int64)
    np.save(tmp_path / "c.npy", values)
    rows = ".row -1 << 31, 1\n.row 1<<31, 65536\n.row 0, 5"
    for text in [f".constants c, 3\n{rows}", f'.constants c, 3\n.blob "{to_blob(values.tobytes())}"',
                 '.constants c, 1+2, file="c.npy"']:  # fmt: skip
        (found,) = built(text, tmp_path).constants
        assert found.name == "c"
        assert found.values.dtype == np.int64
        assert np.array_equal(found.values, values)


def test_memory_by_row_blob_and_file_is_the_same_and_lies_in_order(tmp_path: Path) -> None:
    values = np.arange(128, dtype=np.uint8).reshape(2, 64)
    np.save(tmp_path / "m.npy", values.astype(np.int64))
    rows = "\n".join(".row " + ", ".join(map(str, row)) for row in values.tolist())
    for text in [rows, f'.blob "{to_blob(values.tobytes())}"', None]:
        source = f".memory 7+1, 2\n{text}" if text else '.memory 8, 2, file="m.npy"'
        found = built(f'{source}\n.memory 6, 2\n.blob "{to_blob(bytes(128))}"', tmp_path).memory
        assert [(one.address, one.end) for one in found] == [(6, 8), (8, 10)]
        assert found[1].line.number == 1
        assert found[1].values.dtype == np.uint8
        assert np.array_equal(found[1].values, values)


def test_macs_are_those_of_the_matrix_unless_told() -> None:
    assert built(".weights w, 1x2\n.row 1, 2").weights[0].macs == 2
    assert built(".weights w, 1x2, macs=1*1\n.row 1, 2").weights[0].macs == 1


def test_samples_and_labels(folder: Path) -> None:
    text = (
        '.samples x, file="data.npz", key=images\n.labels file="data.npz", key=labels\n.input x, shape=4, encode=binary'
    )
    program = built(text, folder)
    assert program.samples["x"].shape == (5, 4)
    assert program.samples["x"].dtype == np.uint8
    assert program.labels is not None
    assert program.labels.dtype == np.int64
    assert program.labels.tolist() == [0, 1, 2, 3, 4]


def test_samples_and_labels_in_the_text() -> None:
    blob = to_blob(np.array([[0.25, 0.75]], dtype="<f4").tobytes())
    program = built(f'.input x, shape=2, encode=binary\n.samples x, shape=1x2, type=float32\n.blob "{blob}"')
    assert program.samples["x"].tolist() == [[0.25, 0.75]]
    rows = built(".input x, shape=2\n.samples x, shape=2x2\n.row 1, 2\n.row 3, 4\n.labels shape=2\n.row 7\n.row 9")
    assert rows.samples["x"].tolist() == [[1, 2], [3, 4]]
    assert rows.labels is not None
    assert rows.labels.tolist() == [7, 9]


@pytest.mark.parametrize(
    ("declarations", "expected"),
    [
        (
            ".wieghts w, 1x1",
            "1:1: no directive is called `.wieghts` | did you mean `.weights`?",
        ),
        (".program a\n.program b", "2:10: a second name of the program | a program has one"),
        (".chip a\n.chip b", "2:7: a second chip | a program has one"),
        (".chip 3", '1:7: name takes a name | letters, digits, _ and ., or any text in "…"'),
        (".input x", "1:1: `.input` needs shape | `acortex isa .input` lists its fields"),
        (".input x, shape=4, encod=codes", "1:20: `.input` has no operand `encod` | did you mean `encode`?"),
        (".input x, shape=4\n.input x, shape=5", "2:8: `x` is declared twice | take another name"),
        (".input x, shape=4|5", "1:17: the shapes hold different numbers of values: 4 or 5"),
        (".input x, shape=1x1x1x4", "1:17: 4 axes need axes=, their order in memory with the channels last"),
        (".input x, shape=1x1x1x1x1x1x1x1x4", "1:17: shape 1x1x1x1x1x1x1x1x4 is not allowed: " + SHAPES),
        (".input x, 2x3, axes=1", "1:21: axes name each of the axes 0 to 1 of the shape once"),
        (".input x, 2x3, axes=1.1", "1:21: axes name each of the axes 0 to 1 of the shape once"),
        (".input x, 2x3, axes=1+0", "1:21: axes takes an order of axes, not `1 + 0` | write 1.2.0, the channels last"),
        (
            ".input x, 17x3x3, packed=4",
            "1:26: a pixel has 17 channels, and 4 a word leave 16 each",
        ),
        (".input x, 3x3x3, packed=3", "1:25: packed is 3, allowed is 1, 2, 4, 8, 16"),
        (".input x, 9, packed=2", "1:21: a tensor without pixels cannot be packed: give it three axes, or axes="),
        (".input x, 9, scale=0.5", "1:20: scale and zero belong to encode=linear"),
        (".input x, 9, encode=linear, scale=0.0", "1:35: scale is 0.0, allowed is 1e-30 to 1e+36"),
        (".input x, 9, encode=linear, scale=1e999", "1:35: scale is inf, allowed is 1e-30 to 1e+36"),
        (
            ".input x, 9, encode=linear, scale=1.2.3",
            "1:35: scale takes a decimal number, not `1.2.3` | write 0.0173 or 1.5e-05",
        ),
        (
            ".input x, 9, encode=linear, scale=a",
            "1:35: scale takes a decimal number, not `a` | write 0.0173 or 1.5e-05",
        ),
        (".input x, 9, encode=linear, zero=16", "1:34: zero is 16, allowed is 0 to 15"),
        (
            ".input x, 3x1024x1025",
            "1:11: a tensor has at most 1048576 words of memory, this one has 1049600",
        ),
        (
            ".input x, shape=1_0",
            "1:17: `1_0` is not a shape | write 784, 28x28 or 784|28x28; constants may stand for numbers: K x K x 64",
        ),
        (".input x, shape=0", "1:17: shape 0 is not allowed: " + SHAPES),
        (
            ".input x, shape=99999x99999",
            "1:17: shape 99999x99999 is not allowed: " + SHAPES,
        ),
        (
            ".input x, shape=4|",
            "1:17: `4 |` is not a shape | write 784, 28x28 or 784|28x28; constants may stand for numbers: K x K x 64",
        ),
        (".input x, shape=0x10", "1:17: shape 0x10 is not allowed: " + SHAPES),
        (".input x, shape=4, encode=binry", "1:27: no encode is called `binry` | did you mean `binary`?"),
        (".input x, shape=4, bits=9", "1:25: bits is 9, allowed is 1 to 8"),
        (".constants c, 2\n.row 1, 2", "1:1: the rows hold 2 values, 4 are needed"),
        (".constants c, 1\n.row 1", "2:1: this row has 1 value, 2 are needed"),
        (
            ".constants c, 1\n.row 2147483649, 1",
            "2:6: 2147483649 is out of range, allowed is -2147483648 to 2147483648",
        ),
        (
            ".constants c, 2\n.row 1, 65536\n.row 1, 65537",
            "1:1: the multiplier of column 1 is 65537, allowed is 1 to 65536",
        ),
        (".constants c, 0\n.row 1", "1:15: columns is 0, allowed is 1 to 65536"),
        (".memory 0, 1\n.row 1", "2:1: this row has 1 value, 64 are needed"),
        (".memory 1048575, 2", "1:18: count is 2, allowed is 1 to 1"),
        (
            f'.memory 4, 2\n.blob "{to_blob(bytes(128))}"\n.memory 3, 2\n.blob "{to_blob(bytes(128))}"',
            "3:9: line 1 gives word 4 already | give each word once",
        ),
        (
            f'.memory 4, 2\n.blob "{to_blob(bytes(128))}"\n.memory 5, 1\n.blob "{to_blob(bytes(64))}"',
            "3:9: line 1 gives word 5 already | give each word once",
        ),
        (".weights w, 4\n.row 1", "1:13: a matrix has rows x columns | write 785x64, each at most 65536"),
        (".weights w, 1x1|1x1\n.row 1", "1:13: shape takes one shape here | several shapes are for .input and .output"),
        (".weights w, 1x2, macs=3\n.row 1,1", "1:23: macs is 3, allowed is 0 to 2"),
        (".weights w, 1x1", "1:1: the data are missing | name a file=, or follow with .row or .blob lines"),
        (".weights w, 1x2\n.row 1", "2:1: this row has 1 value, 2 are needed"),
        (".weights w, 2x2\n.row 1, 1", "1:1: the rows hold 2 values, 4 are needed"),
        (".weights w, 1x3\n.row 1, 4*3, 2", "2:9: 12 is out of range, allowed is -8 to 7"),
        (".weights w, 1x3\n.row 1, 2, -9", "2:12: -9 is out of range, allowed is -8 to 7"),
        (".weights w, 1x1\n.row x=1", "2:6: a row holds values without names | write the value alone"),
        (".weights w, 1x1\n.row 1/0", "2:7: division by zero"),
        (
            '.weights w, 1x1\n.row 1\n.blob "a"',
            "2:1: .row and .blob lines do not mix | write .row lines alone, or .blob lines alone",
        ),
        (".weights w, 1x1\n.blob 5", '2:1: .blob takes one string | write .blob "…"'),
        (
            '.weights w, 1x1\n.blob "abc"',
            "2:1: the blob is damaged | a blob is base64 text of zlib data, as disasm writes it",
        ),
        (f'.weights w, 1x4\n.blob "{to_blob(bytes(1))}"', "2:1: the blob holds 1 bytes, 2 are needed"),
        (f'.weights w, 1x4\n.blob "{to_blob(bytes(3))}"', "2:1: the blob holds more than 2 bytes, 2 are needed"),
        (".samples x, shape=1x1\n.row 1", "1:10: no input is called `x` | declare it with .input"),
        (
            ".input x, shape=1\n.samples x",
            "2:1: the data are missing | name a file=, or give shape= and .row or .blob lines",
        ),
        (
            ".input x, shape=2\n.samples x, shape=2\n.row 1, 1",
            "2:10: the array has shape (2,)"
            " | the first axis counts inferences: add it with X[numpy.newaxis] to give (1, 2)",
        ),
        (".input x, shape=2\n.samples x, shape=1x2\n.row 1, 16", "2:10: value 16 at [0, 1] is no code, 0 to 15"),
        (".input x, shape=2\n.samples x, shape=1x2\n.row 1, 256", "3:9: 256 is out of range, allowed is 0 to 255"),
        (
            ".input x, shape=1\n.samples x, shape=1x1\n.row 1\n.samples x, shape=1x1\n.row 1",
            "4:10: a second set of samples for `x` | a program has one",
        ),
        (
            ".input x, shape=1\n.input y, shape=1\n.samples x, shape=1x1\n.row 1",
            "3:1: there are no samples for input `y` | add .samples y, or leave out all samples",
        ),
        (
            ".input x, 1\n.input y, 1\n.samples x, shape=1x1\n.row 1\n.samples y, shape=2x1\n.row 1\n.row 1",
            "5:10: `y` has 2 samples, `x` has 1 | the first axis of samples counts inferences",
        ),
        (
            ".input x, shape=1\n.samples x, shape=1x1\n.row 1\n.labels shape=2\n.row 1, 2",
            "2:1: the program has 2 labels, and 1 sample | give as many labels as samples",
        ),
        (".labels shape=1\n.row 1", "1:1: the program has 1 label, and no samples | give as many labels as samples"),
        (".labels shape=1x1\n.row 1", "1:15: labels are one row of integers | one number for each sample"),
        (".labels shape=1\n.row 1\n.labels shape=1\n.row 1", "3:1: a second set of labels | a program has one"),
        (
            ".samples x, shape=1x1, type=int9\n.row 1\n.input x, shape=1",
            "1:29: no type is called `int9` | did you mean `int8`?",
        ),
        (
            '.weights w, 2x3, file="data.npz", key=weights',
            "1:23: a text without a folder can name no files | put the data into .row or .blob lines",
        ),
    ],
)
def test_a_mistake(declarations: str, expected: str) -> None:
    assert complaint(declarations) == expected


@pytest.mark.parametrize(
    ("declarations", "expected"),
    [
        (
            '.weights w, 2x3, file="data.npz", key=wieghts',
            "1:39: data.npz holds no array `wieghts` | did you mean `weights`?",
        ),
        (
            '.weights w, 2x3, file="data.npz"',
            "1:23: data.npz holds 5 arrays | name one of them: weights, large, floats, images, labels",
        ),
        ('.weights w, 2x3, file="one.npy", key=a', "1:23: one.npy holds one array without a name | leave out the key"),
        (
            '.weights w, 3x2, file="one.npy"',
            "1:13: the file holds 2x3, not 3x2 | declare the shape of the file, or transpose the array",
        ),
        ('.weights w, 2x3, file="data.npz", key=large', "1:23: weight 9 at [1, 1] is out of range, allowed is -8 to 7"),
        (
            '.weights w, 2x3, file="data.npz", key=floats',
            "1:23: weights are integers, the file holds float64 | round and convert them before",
        ),
        (
            '.weights w, 2x3, file="one.npy"\n.row 1, 2, 3',
            "2:1: data lines follow, yet a file is named | leave out the lines, or file=",
        ),
        (
            '.weights w, 2x3, file="../one.npy"',
            '1:23: "../one.npy" lies outside the folder of the source | move the file beside the source',
        ),
        (
            '.weights w, 2x3, file="/etc/passwd"',
            '1:23: "/etc/passwd" lies outside the folder of the source | move the file beside the source',
        ),
        (
            '.weights w, 2x3, file="link.npy"',
            '1:23: "link.npy" lies outside the folder of the source | move the file beside the source',
        ),
        ('.weights w, 2x3, file="gone.npy"', "1:23: cannot read gone.npy: No such file or directory"),
        (
            '.weights w, 2x3, file="data.txt"',
            "1:23: data.txt is neither .npy nor .npz | save it with numpy.save or numpy.savez",
        ),
        (".weights w, 2x3, file=data", '1:23: file takes a text in quotes: file="…"'),
    ],
)
def test_a_mistake_about_a_file(
    declarations: str, expected: str, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "one.npy"
    np.save(outside, np.zeros((2, 3), dtype=np.int8))
    os.symlink(outside, folder / "link.npy")
    assert complaint(declarations, folder) == expected


def test_files_are_looked_for_beside_the_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.s").write_text(f'.weights w, 2x3, file="one.npy"{RUN}')
    monkeypatch.chdir("/")
    assert assemble_file(folder / "a.s").weights[0].values.shape == (2, 3)


HELD = """.program held
.input x, shape=3
.weights w, 2x3, file="net.npz", key=weights
.constants c, 2, file="net.npz", key=constants
.memory 5, 1, file="net.npz", key=words
.samples x, file="net.npz", key=images
.labels file="net.npz", key=labels
start
halt
"""


def held_arrays() -> dict[str, np.ndarray]:
    return {
        "weights": np.array([[1, -2, 3], [0, 7, -8]], dtype=np.int8),
        "constants": np.array([[5, 6], [-7, 8]]),
        "words": np.full((1, 64), 3, dtype=np.uint8),
        "images": np.ones((2, 3), dtype=np.float32),
        "labels": np.array([0, 2]),
    }


def test_arrays_in_memory_stand_for_the_file_that_they_become(tmp_path: Path) -> None:
    """What a compiler emits: a text and its arrays, which are a program with or without files."""
    arrays = held_arrays()
    program = assemble(HELD, arrays={"net.npz": arrays})
    assert np.array_equal(program.weights[0].values, arrays["weights"])
    np.savez(tmp_path / "net.npz", **arrays)
    (tmp_path / "net.s").write_text(HELD)
    assert sha256(assemble_file(tmp_path / "net.s")) == sha256(program)


def test_a_program_keeps_its_own_copy_of_arrays_in_memory() -> None:
    arrays = held_arrays()
    program = assemble(HELD, arrays={"net.npz": arrays})
    before = sha256(program)
    for array in arrays.values():
        array[:] = 0
    assert sha256(program) == before


def test_mistakes_about_arrays_in_memory_are_those_about_files() -> None:
    def told(arrays: dict[str, np.ndarray], text: str = HELD) -> str:
        with pytest.raises(ManyErrors) as caught:
            assemble(text, arrays={"net.npz": held_arrays() | arrays})
        (error,) = caught.value.errors
        return f"{error.message} | {error.hint}"

    assert told({}, HELD.replace("key=weights", "key=wieghts")) == (
        "net.npz holds no array `wieghts` | did you mean `weights`?"
    )
    assert told({}, HELD.replace('"net.npz", key=words', '"nut.npz", key=words')) == (
        "a text without a folder can name no files | put the data into .row or .blob lines"
    )
    assert (
        told({"weights": np.zeros((3, 2), dtype=np.int8)})
        == "the file holds 3x2, not 2x3 | declare the shape of the file, or transpose the array"
    )
    assert told({"weights": np.full((2, 3), 8)}) == "weight 8 at [0, 0] is out of range, allowed is -8 to 7 | "
    assert told({"constants": np.array([[1, 2], [3, 0]])}) == (
        "the multiplier of column 1 is 0, allowed is 1 to 65536 | "
    )
    assert told({"words": np.full((1, 64), 256)}) == "code 256 at [0, 0] is out of range, allowed is 0 to 255 | "
    assert told({"images": np.array([["a"]])}).startswith("net.npz has dtype <U1 | ")


def test_an_archive_is_opened_once_however_many_arrays_it_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directory grows with its arrays: opened for each, a network's hundreds would take seconds."""
    np.savez(tmp_path / "net.npz", **held_arrays())
    opened = []
    archive = zipfile.ZipFile

    def counted(path: Path) -> zipfile.ZipFile:
        opened.append(archive(path))
        return opened[-1]

    monkeypatch.setattr(zipfile, "ZipFile", counted)
    assemble(HELD, folder=tmp_path)
    (one,) = opened
    assert one.fp is None, "the archive is left open"


def test_all_data_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.isa.asm.arguments.MAX_DATA_BYTES", 10)
    block = ".weights {0}, 2x2\n.row 1, 2\n.row 3, 4\n"
    assert len(built(block.format("a") + block.format("b")).weights) == 2
    assert complaint("".join(map(block.format, "abc"))) == "7:1: the program's data exceed 10 bytes"


def test_a_blob_is_not_unpacked_further_than_its_shape() -> None:
    bomb = to_blob(bytes(1 << 26))
    lines = "".join(f'.blob "{bomb[start : start + 9000]}"\n' for start in range(0, len(bomb), 9000))
    tracemalloc.start()
    assert complaint(f".weights w, 4x4\n{lines}") == "2:1: the blob holds more than 8 bytes, 8 are needed"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_weights_that_may_change_are_copied_and_others_are_not() -> None:
    text = '.weights w, 2x2, file="f.npz", key=w\n start\n halt\n'
    given = np.ones((2, 2), np.int8)
    copied = assemble(text, arrays={"f.npz": {"w": given}}).weights[0].values
    given[:] = 2
    assert (copied == 1).all()
    given.setflags(write=False)
    assert np.shares_memory(assemble(text, arrays={"f.npz": {"w": given}}).weights[0].values, given)
