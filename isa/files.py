"""Arrays from untrusted .npy and .npz files: no pickles, and sizes checked before a byte is loaded."""

from __future__ import annotations

import io
import math
import stat
import struct
import zipfile
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from acortex import safe_files
from acortex.errors import UsageError
from acortex.wording import did_you_mean

MAX_BYTES = 1 << 28
"""The largest array that is loaded, 256 MB."""

MAX_TEXT = 1 << 26
"""The largest source text, 64 MB."""

SUFFIXES = (".npy", ".npz")

MOST_ARRAYS = 1 << 14
"""Arrays of a .npz file: more than all the tables of a program."""

DIRECTORY_ENTRY = 256
"""Bytes that an array takes in a .npz file's directory, with a name of usual length."""

MAX_HEADER = 10_000
"""Bytes of a .npy file's header: NumPy's own limit, checked before the header is read."""

MAX_AXES = 32

CHUNK = 1 << 20
"""Bytes that are unpacked at a time."""


def load_array(path: Path, key: str | None = None) -> NDArray[np.generic]:
    """The array of a .npy file, or the one called `key` of a .npz (which may be left out where there is only one).

    The result is C-ordered, little-endian, boolean or numeric. Raises UsageError for all else.
    """
    with ArrayFile(path) as file:
        return file.array(key)


def array_names(path: Path) -> list[str]:
    """The names of the arrays of a .npz file, in its order; none for a .npy file."""
    with ArrayFile(path) as file:
        return file.names


class ArrayFile:
    """A .npy or .npz file. An archive's directory is read once, however many of its arrays are read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = _checked_size(path)
        self._left = MAX_BYTES
        self._archive: zipfile.ZipFile | None = None
        self._members: dict[str, zipfile.ZipInfo] = {}
        if path.suffix == ".npz":
            self._archive = _opened(path)
            self._members = _members(self._archive, path.name)

    @property
    def names(self) -> list[str]:
        """The names of an archive's arrays, in its order; none for a .npy file."""
        return list(self._members)

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def array(self, key: str | None) -> NDArray[np.generic]:
        """One array, as `load_array` gives it."""
        what = self._path.name
        if self._archive is not None:
            return self._member(self._archive, _chosen(self._members, key, what))
        if key is not None:
            raise UsageError(f"{what} holds one array without a name", hint="leave out the key")
        with safe_files.open_file(self._path) as stream:
            return _read_npy(stream, self._size, what)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """All arrays of an archive by their names."""
        return {name: self.array(name) for name in self._members}

    def _member(self, archive: zipfile.ZipFile, name: str) -> NDArray[np.generic]:
        """An array of an archive; all that are read may be as large together as one alone."""
        what, info = self._path.name, self._members[name]
        try:
            with archive.open(info) as stream:
                array = _read_npy(stream, info.file_size, f"{what}[{name}]", self._left)
            self._left -= array.nbytes
            return array
        except UsageError:
            raise
        except Exception as error:  # a damaged archive, and compressors and checksums, have errors of their own
            raise UsageError(f"{what}: array `{name}` cannot be read ({type(error).__name__})") from None


class Shelf:
    """The array files that a source may name: those of its folder, and those that only exist in memory.

    `held` gives arrays by file name and key, and goes before the folder; `texts` does so with texts, by real path, as
    an editor has them that are not saved. Files stay open until the shelf is closed.
    """

    def __init__(
        self,
        folder: Path | None,
        held: Mapping[str, Mapping[str, NDArray[Any]]],
        texts: Mapping[str, str] | None = None,
    ) -> None:
        self._folder = folder
        self._held = held
        self._texts = texts or {}
        self._files: dict[str, ArrayFile] = {}

    def __enter__(self) -> Shelf:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.__exit__()

    def array(self, name: str, key: str | None) -> NDArray[np.generic]:
        """One array, as `load_array` gives it, of a file in the folder or below it. Raises UsageError."""
        if name in self._held:
            arrays = self._held[name]
            given = arrays[_chosen(arrays, key, name)]
            # A copy of what the caller may change later; what nobody can write to is taken as it is.
            array = np.array(given, copy=None if isinstance(given, np.ndarray) and not given.flags.writeable else True)
            _judge(array.dtype, name)
            return plain(array)
        if name not in self._files:
            self._files[name] = ArrayFile(self._inside(name))
        return self._files[name].array(key)

    def text(self, name: str, most: int = MAX_TEXT) -> list[str]:
        """The lines of a text in the folder or below it. Raises UsageError."""
        if self._folder is None:
            raise UsageError("a text without a folder can name no files", hint="put its lines into the text")
        path = self._inside(name)
        if self._texts and (held := self._texts.get(str(path.resolve()))) is not None:
            return [line.removesuffix("\r") for line in held.split("\n")]
        try:
            data = safe_files.read(path, most + 1)
        except (OSError, ValueError) as error:
            raise UsageError(safe_files.reason(error), hint=f"looked for {path}") from None
        if len(data) > most:
            raise UsageError(f"it has more than {most} bytes", hint="put data into a .npz file")
        try:
            return [line.removesuffix("\r") for line in data.decode("utf-8-sig").split("\n")]
        except UnicodeDecodeError as error:
            raise UsageError(f"byte {error.start} is not UTF-8 text", hint="a source is text in UTF-8") from None

    def _inside(self, name: str) -> Path:
        folder = self._folder
        if folder is None:
            raise UsageError("a text without a folder can name no files", hint="put the data into .row or .blob lines")
        try:
            inside = (folder / name).resolve().is_relative_to(folder.resolve()) and not Path(name).is_absolute()
        except (OSError, ValueError, RuntimeError):
            inside = False
        if not inside:
            raise UsageError(f'"{name}" lies outside the folder of the source', hint="move the file beside the source")
        return folder / name


def _chosen(arrays: Mapping[str, object], key: str | None, what: str) -> str:
    """The name of the array that is meant: the only one where none is named."""
    some = list(islice(arrays, 20))
    if key is None and len(arrays) != 1:
        hint = f"name one of them: {', '.join(some)}" if some else "save some with numpy.savez"
        raise UsageError(f"{what} holds {len(arrays)} arrays", hint=hint)
    name = some[0] if key is None else key
    if name not in arrays:
        hint = did_you_mean(name, arrays, f"it holds {', '.join(some)}")
        raise UsageError(f"{what} holds no array `{name}`", hint=hint)
    return name


def _opened(path: Path) -> zipfile.ZipFile:
    with safe_files.open_file(path) as stream:
        entries, size = _directory(stream)
    if entries > MOST_ARRAYS or size > MOST_ARRAYS * DIRECTORY_ENTRY:
        raise UsageError(f"{path.name} holds {entries} arrays, at most {MOST_ARRAYS} are read")
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # a damaged archive raises whatever its bytes lead to
        raise UsageError(f"{path.name} is not a .npz file ({type(error).__name__})") from None


def _directory(stream: IO[bytes]) -> tuple[int, int]:
    """Entries of a zip file's directory and its bytes, as its end says; 0 where it has none.

    Python's zipfile takes some 15 us for each entry as it opens a file, so their number is looked at first.
    """
    size = stream.seek(0, io.SEEK_END)
    start = stream.seek(max(0, size - 22 - 0xFFFF - 20))
    end = stream.read()
    at = end.rfind(b"PK\5\6")
    if at < 0 or len(end) - at < 22:
        return 0, 0
    entries, length = struct.unpack_from("<HL", end, at + 10)
    if at >= 20 and end[at - 20 : at - 16] == b"PK\6\7":  # an archive of more than 65,535 entries has a second end
        (second,) = struct.unpack_from("<Q", end, at - 12)
        stream.seek(min(second, start + at))
        wide = stream.read(56)
        if len(wide) == 56 and wide.startswith(b"PK\6\6"):
            entries, length = struct.unpack_from("<QQ", wide, 32)
    return entries, length


def _members(archive: zipfile.ZipFile, what: str) -> dict[str, zipfile.ZipInfo]:
    """The arrays of an archive by their names."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in found:
            raise UsageError(f"{what} holds two arrays called `{name}`", hint="save them under different names")
        if info.filename.endswith(".npy"):
            found[name] = info
    return found


def _checked_size(path: Path) -> int:
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path.name} is neither .npy nor .npz", hint="save it with numpy.save or numpy.savez")
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path.name}: {safe_files.reason(error)}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path.name} is not a file")
    if status.st_size > MAX_BYTES:
        raise UsageError(f"{path.name} has {status.st_size} bytes, at most {MAX_BYTES} are read")
    return status.st_size


def _read_npy(stream: IO[bytes], size: int, what: str, left: int = MAX_BYTES) -> NDArray[np.generic]:
    """Reads an array from a stream of `size` bytes, of which at most `left` may be the array's.

    A header may claim more than there is.
    """
    shape, column_major, dtype = _header(stream, what)
    _judge(dtype, what)
    _judge_shape(shape, what)
    claimed = math.prod(shape) * dtype.itemsize
    if max(shape, default=0) > MAX_BYTES:  # beside an extent of 0
        claimed = math.prod(max(extent, 1) for extent in shape) * dtype.itemsize
    if claimed > min(MAX_BYTES, size - stream.tell()):
        raise UsageError(f"{what} claims {claimed} bytes and has {size - stream.tell()}, at most {MAX_BYTES} are read")
    if claimed > left:
        message = f"{what} has {claimed} bytes, with the arrays before it more than {MAX_BYTES}"
        raise UsageError(message, hint="at most so many are read of one file")
    data = np.empty(claimed, np.uint8)
    got = _fill(stream, data)
    if got != claimed:
        raise UsageError(f"{what} ends after {got} of {claimed} bytes")
    array = (data != 0) if dtype.kind == "b" else data.view(dtype)  # a file's booleans may have any byte
    array = array.reshape(shape[::-1]).T if column_major else array.reshape(shape)
    return plain(array)


def _fill(stream: IO[bytes], data: NDArray[np.uint8]) -> int:
    """Reads as many bytes as an array has, in chunks; returns how many there were."""
    got = 0
    while part := stream.read(min(CHUNK, len(data) - got)):
        data[got : got + len(part)] = np.frombuffer(part, np.uint8)
        got += len(part)
    return got


def _header(stream: IO[bytes], what: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """What a .npy file's header says, whose length is weighed before it is read: shape, column order, type."""
    wide = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}.get(stream.read(8), 0)
    length = stream.read(wide)
    claimed = int.from_bytes(length, "little")
    if claimed > MAX_HEADER:
        raise UsageError(f"{what} has a header of {claimed} bytes, at most {MAX_HEADER} are read")
    read = {2: np.lib.format.read_array_header_1_0, 4: np.lib.format.read_array_header_2_0}
    try:
        shape, column_major, dtype = read[wide](io.BytesIO(length + stream.read(claimed)))
    except Exception:  # the header is a Python literal, whose reader fails in many ways
        raise UsageError(f"{what} does not begin like a .npy array") from None
    return shape, column_major, dtype


def _judge_shape(shape: tuple[int, ...], what: str) -> None:
    spoken = str(shape)[:60]
    if any(type(extent) is not int or extent < 0 for extent in shape):
        raise UsageError(f"{what} has shape {spoken}", hint="each extent is a whole number, 0 or more")
    if len(shape) > MAX_AXES:
        raise UsageError(f"{what} has {len(shape)} axes, at most {MAX_AXES} are read")


def _judge(dtype: np.dtype[Any], what: str) -> None:
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise UsageError(
            f"{what} has dtype {str(dtype)[:40]}", hint="numbers or booleans of at most 64 bits are allowed"
        )


def plain(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """An array in the one form that programs keep: C order, little-endian.

    One byte that stands for all of them, and that nobody can write to, stays so: it takes no memory.
    """
    if array.dtype.itemsize == 1 and not any(array.strides) and not array.flags.writeable:
        return array
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
