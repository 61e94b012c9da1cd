"""Arrays from .npy and .npz files that nobody vouches for: no pickles, and sizes checked before a byte is loaded."""

from __future__ import annotations

import math
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.diagnostics import near

MAX_BYTES = 1 << 28
"""The largest array that is loaded, 256 MB."""

SUFFIXES = (".npy", ".npz")


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
    """A .npy or .npz file. An archive's directory is read once, however many of its arrays are asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = _checked_size(path)
        self._archive: zipfile.ZipFile | None = None
        self.names: list[str] = []
        if path.suffix == ".npz":
            self._archive = _opened(path)
            self.names = [name.removesuffix(".npy") for name in self._archive.namelist() if name.endswith(".npy")]

    def __enter__(self) -> ArrayFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def array(self, key: str | None) -> NDArray[np.generic]:
        """One array, as `load_array` gives it."""
        what = self._path.name
        if self._archive is not None:
            return _read_member(self._archive, what, _chosen(self.names, key, what))
        if key is not None:
            raise UsageError(f"{what} holds one array without a name", hint="leave out the key")
        with self._path.open("rb") as stream:
            return _read_npy(stream, self._size, what)


class Shelf:
    """The array files that a source may name: those of its folder, and those that only exist in memory.

    `held` gives arrays by file name and key, and goes before the folder. Files stay open until the shelf is closed.
    """

    def __init__(self, folder: Path | None, held: Mapping[str, Mapping[str, NDArray[Any]]]) -> None:
        self._folder = folder
        self._held = held
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
            array = np.array(arrays[_chosen(list(arrays), key, name)])  # a copy: who gave it may go on to change it
            _judge(array.dtype, name)
            return plain(array)
        if name not in self._files:
            self._files[name] = ArrayFile(self._inside(name))
        return self._files[name].array(key)

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


def _chosen(names: list[str], key: str | None, what: str) -> str:
    """The name of the array that is meant: the only one where none is named."""
    if key is None and len(names) != 1:
        raise UsageError(f"{what} holds {len(names)} arrays", hint=f"name one of them: {', '.join(names[:20])}")
    name = names[0] if key is None else key
    if name not in names:
        known = f"it holds {', '.join(names[:20])}"
        raise UsageError(f"{what} holds no array `{name}`", hint=near(name, names, known))
    return name


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # a damaged archive raises whatever its bytes lead to
        raise UsageError(f"{path.name} is not a .npz file ({type(error).__name__})") from None


def _checked_size(path: Path) -> int:
    if path.suffix not in SUFFIXES:
        raise UsageError(f"{path.name} is neither .npy nor .npz", hint="save it with numpy.save or numpy.savez")
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"cannot read {path.name}: {reason}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path.name} is not a file")
    if status.st_size > MAX_BYTES:
        raise UsageError(f"{path.name} has {status.st_size} bytes, at most {MAX_BYTES} are read")
    return status.st_size


def _read_member(archive: zipfile.ZipFile, what: str, name: str) -> NDArray[np.generic]:
    try:
        with archive.open(f"{name}.npy") as stream:
            return _read_npy(stream, archive.getinfo(f"{name}.npy").file_size, f"{what}[{name}]")
    except UsageError:
        raise
    except Exception as error:  # as above: compressors and checksums have errors of their own
        raise UsageError(f"{what}: array `{name}` cannot be read ({type(error).__name__})") from None


def _read_npy(stream: IO[bytes], size: int, what: str) -> NDArray[np.generic]:
    """Reads an array from a stream of `size` bytes; a header may claim more than there is."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, column_major, dtype = read_header[version](stream)
    except Exception:  # the header is a Python literal, whose reader fails in many ways
        raise UsageError(f"{what} does not begin like a .npy array") from None
    _judge(dtype, what)
    claimed = math.prod(shape) * dtype.itemsize
    if min(shape, default=1) < 0 or claimed > min(MAX_BYTES, size - stream.tell()):
        raise UsageError(f"{what} claims {claimed} bytes and has {size - stream.tell()}, at most {MAX_BYTES} are read")
    data = stream.read(claimed)
    if len(data) != claimed:
        raise UsageError(f"{what} ends after {len(data)} of {claimed} bytes")
    array = np.frombuffer(data, dtype=dtype)
    array = array.reshape(shape[::-1]).T if column_major else array.reshape(shape)
    return plain(array)


def _judge(dtype: np.dtype[Any], what: str) -> None:
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise UsageError(
            f"{what} has dtype {str(dtype)[:40]}", hint="numbers or booleans of at most 64 bits are allowed"
        )


def plain(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """An array in the one form that programs keep: C order, little-endian."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
