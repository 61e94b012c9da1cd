"""Arrays that a user gives and takes: `.npy`, or `.npz` by name."""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Iterable, Mapping
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.files import MAX_BYTES, ArrayFile
from acortex.sim.inputs import whole_labels
from acortex.tools.console import files
from acortex.tools.console.manners import os_error

Array = NDArray[Any]


def read_arrays(path: str) -> Array | dict[str, Array]:
    """The array of a `.npy` file, or the arrays of a `.npz` file by their names. `-` is stdin.

    Raises UsageError where the file is missing, damaged, or neither of the two.
    """
    if path != files.STANDARD:
        try:
            return _read(Path(path))
        except UsageError as error:
            if not error.where:  # what reads a file knows its name alone
                error.where, error.message = path, error.message.removeprefix(f"{Path(path).name} ")
            raise
    data = files.read(path, limit=MAX_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        spooled = Path(folder, "stdin.npz" if data.startswith(b"PK") else "stdin.npy")
        files.write(str(spooled), data)
        return _read(spooled)


def _read(path: Path) -> Array | dict[str, Array]:
    with ArrayFile(path) as file:
        if path.suffix != ".npz":
            return file.array(None)
        if not file.names:
            raise UsageError(f"{path.name} holds no arrays", hint="save them with numpy.savez")
        return file.arrays()


def read_labels(path: str) -> NDArray[np.int64]:
    """The labels of a `.npy` file: one whole number per inference."""
    found = read_arrays(path)
    if isinstance(found, dict):
        raise UsageError("holds arrays by name; labels are one array", where=path, hint="save them with numpy.save")
    return whole_labels(found, path)


def write_arrays(path: str, arrays: Mapping[str, Array]) -> None:
    """Writes one array as `.npy`; several, or any to a path that ends in `.npz`, as `.npz` by name."""
    stream = io.BytesIO()
    if len(arrays) == 1 and Path(path).suffix != ".npz":
        np.save(stream, next(iter(arrays.values())), allow_pickle=False)
    else:
        np.savez(stream, allow_pickle=False, **arrays)
    files.write(path, stream.getvalue())


def write_layers(folder: str, layers: Mapping[str, Mapping[str, Array]]) -> None:
    """Writes a file NAME.npz for each layer into a folder, which is made where it is missing.

    In a file's name anything but letters, digits, `_`, `.` and `-` becomes `_`; names that are then alike get a number.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_error(error, folder) from error
    for path, arrays in zip(layer_paths(folder, layers), layers.values(), strict=True):
        write_arrays(path, arrays)


def layer_paths(folder: str, names: Iterable[str]) -> list[str]:
    """The paths at which `write_layers` writes layers of these names."""
    taken: dict[str, None] = {}
    for name in names:
        plain = re.sub(r"[^\w.-]+", "_", name)
        taken[next(stem for stem in chain((plain,), (f"{plain}_{n}" for n in count(2))) if stem not in taken)] = None
    return [str(Path(folder, f"{stem}.npz")) for stem in taken]
