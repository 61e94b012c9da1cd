"""Arrays from files that nobody vouches for."""

from __future__ import annotations

import io
import os
import time
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa.files import array_names, load_array


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
        (header("(-1, -8)") + bytes(64), "a.npy claims 64 bytes and has 64, at most 268435456 are read"),
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
    begin = time.process_time()
    assert (
        refused(tmp_path / "a.npz", "x")
        == "a.npz[x] claims 314572800 bytes and has 314572800, at most 268435456 are read"
    )
    assert time.process_time() - begin < 1
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


def test_any_truncation_is_an_error_of_ours(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.savez(stream, x=np.arange(4))
    data = stream.getvalue()
    path = tmp_path / "a.npz"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        refused(path, "x")
