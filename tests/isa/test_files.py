"""Arrays from files that nobody vouches for."""

from __future__ import annotations

import io
import os
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa import files
from acortex.isa.files import ArrayFile, Shelf, array_names, load_array


def header(shape: str, descr: str = "'<i8'") -> bytes:
    """The beginning of a .npy file that claims a shape."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def refused(path: Path, key: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        load_array(path, key)
    return caught.value.message


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=">i4").reshape(2, 3),
        np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        np.array([True, False]),
        np.zeros((0, 3), dtype=np.uint8),
        np.array(5),
    ],
    ids=["big-endian", "column-major", "boolean", "empty", "scalar"],
)
def test_what_numpy_saves_is_loaded(array: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", array)
    np.savez_compressed(tmp_path / "b.npz", first=array, other=np.zeros(1))
    for found in (load_array(tmp_path / "a.npy"), load_array(tmp_path / "b.npz", "first")):
        assert np.array_equal(found, array)
        assert found.shape == array.shape
        assert found.flags.c_contiguous
        assert found.dtype == array.dtype.newbyteorder("<")


def test_an_archive_of_one_needs_no_key(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", only=np.arange(3))
    assert load_array(tmp_path / "a.npz").tolist() == [0, 1, 2]
    assert array_names(tmp_path / "a.npz") == ["only"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "a.npy does not begin like a .npy array"),
        (b"\x93NUMPY\x09\x00", "a.npy does not begin like a .npy array"),
        (header("(" * 3000), "a.npy does not begin like a .npy array"),
        (header("(200000000,)"), "a.npy claims 1600000000 bytes and has 0, at most 268435456 are read"),
        (header("(4, 4)") + bytes(127), "a.npy claims 128 bytes and has 127, at most 268435456 are read"),
        (header("(-1, -8)") + bytes(64), "a.npy has shape (-1, -8)"),
        (header("(True,)") + bytes(8), "a.npy has shape (True,)"),
        (header("(2.0,)") + bytes(16), "a.npy does not begin like a .npy array"),
        (
            header("(0, 18446744073709551616)"),
            "a.npy claims 147573952589676412928 bytes and has 0, at most 268435456 are read",
        ),
        (header("(" + "1, " * 40 + ")") + bytes(8), "a.npy has 40 axes, at most 32 are read"),
        (b"\x93NUMPY\x02\x00" + b"\xff" * 200, "a.npy has a header of 4294967295 bytes, at most 10000 are read"),
        (
            header("(99999999999999999999,)"),
            "a.npy claims 799999999999999999992 bytes and has 0, at most 268435456 are read",
        ),
        (header("(1,)", "'|O'") + bytes(8), "a.npy has dtype object"),
        (header("(1,)", "'<U4'") + bytes(16), "a.npy has dtype <U4"),
        (header("(1,)", "'<c16'") + bytes(16), "a.npy has dtype complex128"),
        (header("(1,)", "[('a', '<i4')]") + bytes(4), "a.npy has dtype [('a', '<i4')]"),
    ],
)
def test_a_file_that_is_no_plain_array(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(data)
    assert refused(tmp_path / "a.npy") == message


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert refused(tmp_path / "a.npy") == "a.npy has dtype object"


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """Reading one would wait for a writer."""
    os.mkfifo(tmp_path / "a.npy")
    assert refused(tmp_path / "a.npy") == "a.npy is not a file"


def test_an_archive_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04 and no more")
    assert refused(tmp_path / "a.npz") == "a.npz is not a .npz file (BadZipFile)"


def test_damage_in_an_archive_is_found(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.arange(1000))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    assert refused(tmp_path / "a.npz", "x") == "a.npz: array `x` cannot be read (BadZipFile)"


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """300 MB of zeros in 300 KB: what the header claims is weighed before anything is unpacked."""
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("x.npy", "w") as stream,
    ):
        stream.write(header("(300, 131072)"))
        for _ in range(300):
            stream.write(bytes(1 << 20))
    tracemalloc.start()
    assert (
        refused(tmp_path / "a.npz", "x")
        == "a.npz[x] claims 314572800 bytes and has 314572800, at most 268435456 are read"
    )
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def archive_of(path: Path, members: list[tuple[str, bytes]]) -> Path:
    """A .npz file whose members need not differ in their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(name, data)
    return path


def saved(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    one = saved(np.arange(3))
    path = archive_of(tmp_path / "a.npz", [("x.npy", one), ("y.npy", one), ("x.npy", one)])
    assert refused(path, "y") == "a.npz holds two arrays called `x`"


@pytest.mark.parametrize("count", [20_000, pytest.param(70_000, marks=pytest.mark.slow)], ids=["one end", "two ends"])
def test_an_archive_of_too_many_arrays_is_refused_before_its_directory_is_read(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive_of(tmp_path / "a.npz", [(f"{n}.npy", b"") for n in range(count)])
    monkeypatch.setattr("zipfile.ZipFile.__init__", None)
    assert refused(path) == f"a.npz holds {count} arrays, at most 16384 are read"


@pytest.mark.slow
def test_the_arrays_of_one_file_are_together_as_large_as_one_alone(tmp_path: Path) -> None:
    half = header("(20000, 1000)") + bytes(160_000_000)
    path = archive_of(tmp_path / "a.npz", [("x.npy", half), ("y.npy", half)])
    with ArrayFile(path) as file:
        assert file.array("x").nbytes == 160_000_000
        with pytest.raises(UsageError, match=r"a.npz\[y\] has 160000000 bytes, with the arrays before it more than"):
            file.array("y")


def test_a_header_in_an_archive_is_weighed_before_it_is_unpacked(tmp_path: Path) -> None:
    claimed = b"\x93NUMPY\x02\x00" + (1 << 26).to_bytes(4, "little") + b" " * (1 << 26)
    path = archive_of(tmp_path / "a.npz", [("x.npy", claimed)])
    tracemalloc.start()
    assert refused(path) == "a.npz[x] has a header of 67108864 bytes, at most 10000 are read"
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_reading_an_archive_takes_hardly_more_memory_than_its_array(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "a.npz", [("x.npy", header("(8000, 1000)") + bytes(64_000_000))])
    tracemalloc.start()
    assert load_array(path).shape == (8000, 1000)
    assert tracemalloc.get_traced_memory()[1] < 64_000_000 + (8 << 20)
    tracemalloc.stop()


def test_a_boolean_is_false_or_true_whatever_its_byte(tmp_path: Path) -> None:
    (tmp_path / "a.npy").write_bytes(header("(3,)", "'|b1'") + bytes([0, 1, 7]))
    assert load_array(tmp_path / "a.npy").view(np.uint8).tolist() == [0, 1, 1]


def test_an_archive_of_nothing_holds_no_array(tmp_path: Path) -> None:
    assert refused(archive_of(tmp_path / "a.npz", [])) == "a.npz holds 0 arrays"


def test_any_truncation_is_an_error_of_ours(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.arange(4))
    data = stream.getvalue()
    path = tmp_path / "a.npz"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        assert refused(path, "x") == "a.npz is not a .npz file (BadZipFile)"


@pytest.mark.parametrize(("length", "fits"), [(9_999, True), (10_000, True), (10_001, False)])
def test_a_header_of_ten_thousand_bytes_is_read(length: int, fits: bool, tmp_path: Path) -> None:
    text = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }".ljust(length - 1) + "\n"
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + length.to_bytes(2, "little") + text.encode() + b"\7")
    if fits:
        assert load_array(tmp_path / "a.npy").tolist() == [7]
    else:
        assert refused(tmp_path / "a.npy") == f"a.npy has a header of {length} bytes, at most 10000 are read"


@pytest.mark.parametrize("arrays", [1, 3, 4])
def test_as_many_arrays_as_are_allowed_are_read(arrays: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_ARRAYS", 3)
    np.savez(tmp_path / "a.npz", **{f"a{at}": np.zeros(1) for at in range(arrays)})
    if arrays <= 3:
        assert array_names(tmp_path / "a.npz") == [f"a{at}" for at in range(arrays)]
    else:
        assert refused(tmp_path / "a.npz", "a0") == "a.npz holds 4 arrays, at most 3 are read"


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb\r\n", "\ufeffa", "", "a\rb\n"])
def test_a_text_that_an_editor_holds_has_the_lines_of_the_same_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.s"
    path.write_bytes(text.encode())
    with Shelf(tmp_path, {}) as saved, Shelf(tmp_path, {}, {str(path.resolve()): text.lstrip("\ufeff")}) as held:
        path.write_bytes(text.encode())
        lines = saved.text("x.s")
        path.unlink()
        assert held.text("x.s") == lines == text.lstrip("\ufeff").replace("\r\n", "\n").split("\n")
