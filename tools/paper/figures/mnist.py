"""The MNIST test set from a user's IDX files, as its authors publish them: images and labels, plain or gzipped."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError

Bytes = NDArray[np.uint8]

IMAGES, LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"
"""The files of the test set; a dot may stand for the hyphen before idx."""

MAGIC = {IMAGES: 0x0803, LABELS: 0x0801}
"""How each begins: bytes, and their number of axes."""

SIDE = 28
MOST_BYTES = 1 << 26
"""More than the largest file of the set has by far."""

HINT = f"the folder holds {IMAGES} and {LABELS}, with or without .gz"


def test_set(folder: Path) -> tuple[Bytes, Bytes]:
    """The images, uint8 of shape (n, 784) from 0 to 255, and the labels, uint8 of shape (n,).

    Raises UsageError where a file is missing, is none of IDX, or does not fit the other.
    """
    images, labels = (_read(folder, name) for name in (IMAGES, LABELS))
    if len(images) != len(labels) or not len(images):
        raise UsageError(f"{len(images)} images and {len(labels)} labels", where=str(folder), hint=HINT)
    if images.shape[1:] != (SIDE, SIDE):
        size = " x ".join(map(str, images.shape[1:]))
        raise UsageError(f"images of {size} pixels, allowed is {SIDE} x {SIDE}", where=str(folder), hint=HINT)
    if labels.max() > 9:
        raise UsageError(f"the label {labels.max()}, allowed is 0 to 9", where=str(folder), hint=HINT)
    return images.reshape(len(images), -1), labels


def _read(folder: Path, name: str) -> Bytes:
    """The array of one file."""
    path = _find(folder, name)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError) as error:
        raise UsageError(f"no IDX file can be read from it ({error})", where=str(path), hint=HINT) from None
    axes = MAGIC[name] & 0xFF
    head = np.frombuffer(content[: 4 * (axes + 1)].ljust(4 * (axes + 1), b"\0"), ">u4").astype(int)
    if head[0] != MAGIC[name]:
        raise UsageError(f"it begins with 0x{head[0]:08x}, allowed is 0x{MAGIC[name]:08x}", where=str(path), hint=HINT)
    values = np.frombuffer(content, np.uint8)[4 * (axes + 1) :]
    wanted = int(np.prod(head[1:]))
    if len(values) != wanted:
        raise UsageError(f"it holds {len(values)} bytes of data, its head says {wanted}", where=str(path), hint=HINT)
    return values.reshape(head[1:])


def _find(folder: Path, name: str) -> Path:
    """The file of a name, as it may be spelled."""
    for spelled in (name, name.replace("-idx", ".idx")):
        for path in (folder / spelled, folder / f"{spelled}.gz"):
            if path.is_file():
                return path
    raise UsageError(f"there is no {name}", where=str(folder), hint=HINT)
