"""Arrays from .npy and .npz files that nobody vouches for: no pickles, and sizes checked before a byte is loaded."""

from __future__ import annotations

import math
import stat
import zipfile
from pathlib import Path
from typing import IO

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
    size = _checked_size(path)
    if path.suffix == ".npy":
        if key is not None:
            raise UsageError(f"{path.name} holds one array without a name", hint="leave out the key")
        with path.open("rb") as stream:
            return _read_npy(stream, size, path.name)
    names = array_names(path)
    if key is None and len(names) != 1:
        raise UsageError(f"{path.name} holds {len(names)} arrays", hint=f"name one of them: {', '.join(names[:20])}")
    name = names[0] if key is None else key
    if name not in names:
        known = f"it holds {', '.join(names[:20])}"
        raise UsageError(f"{path.name} holds no array `{name}`", hint=near(name, names, known))
    return _read_member(path, name)


def array_names(path: Path) -> list[str]:
    """The names of the arrays of a .npz file, in its order."""
    _checked_size(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")]
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


def _read_member(path: Path, name: str) -> NDArray[np.generic]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
            return _read_npy(stream, archive.getinfo(f"{name}.npy").file_size, f"{path.name}[{name}]")
    except UsageError:
        raise
    except Exception as error:  # as above: compressors and checksums have errors of their own
        raise UsageError(f"{path.name}: array `{name}` cannot be read ({type(error).__name__})") from None


def _read_npy(stream: IO[bytes], size: int, what: str) -> NDArray[np.generic]:
    """Reads an array from a stream of `size` bytes; a header may claim more than there is."""
    try:
        version = np.lib.format.read_magic(stream)
        read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
        shape, column_major, dtype = read_header[version](stream)
    except Exception:  # the header is a Python literal, whose reader fails in many ways
        raise UsageError(f"{what} does not begin like a .npy array") from None
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise UsageError(
            f"{what} has dtype {str(dtype)[:40]}", hint="numbers or booleans of at most 64 bits are allowed"
        )
    claimed = math.prod(shape) * dtype.itemsize
    if min(shape, default=1) < 0 or claimed > min(MAX_BYTES, size - stream.tell()):
        raise UsageError(f"{what} claims {claimed} bytes and has {size - stream.tell()}, at most {MAX_BYTES} are read")
    data = stream.read(claimed)
    if len(data) != claimed:
        raise UsageError(f"{what} ends after {len(data)} of {claimed} bytes")
    array = np.frombuffer(data, dtype=dtype)
    array = array.reshape(shape[::-1]).T if column_major else array.reshape(shape)
    return plain(array)


def plain(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """An array in the one form that programs keep: C order, little-endian."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)
