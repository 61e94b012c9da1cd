"""Files that a command reads and writes: whole or not at all, `-` for the standard streams."""

from __future__ import annotations

import os
import sys
from errno import EACCES, EISDIR, ENOENT
from pathlib import Path

from acortex.errors import UsageError
from acortex.tools.manners import os_error

STANDARD = "-"
"""The name that stands for stdin where a file is read and for stdout where one is written."""


def read(path: str, *, limit: int = 1 << 30) -> bytes:
    """The content of a file, of at most `limit` bytes.

    Raises UsageError where it is missing, a folder, unreadable or larger.
    """
    try:
        if path == STANDARD:
            data = sys.stdin.buffer.read(limit + 1)
        else:
            with open(path, "rb") as stream:
                data = stream.read(limit + 1)
    except OSError as error:
        raise os_error(error, path) from error
    if len(data) > limit:
        raise UsageError(f"is larger than {limit:,} bytes", where=path, hint="give a smaller file")
    return data


def check_writable(path: str) -> None:
    """Raises the UsageError of `write` now rather than after long work, as far as can be told beforehand."""
    if path == STANDARD:
        return
    target = Path(path)
    if target.is_dir():
        raise os_error(IsADirectoryError(EISDIR, os.strerror(EISDIR)), path)
    folder = target.resolve().parent
    if not folder.is_dir():
        raise os_error(FileNotFoundError(ENOENT, os.strerror(ENOENT)), path)
    if not os.access(folder, os.W_OK):
        raise os_error(PermissionError(EACCES, os.strerror(EACCES)), path)


def write(path: str, content: bytes | str) -> None:
    """Writes a file whole or not at all: into a temporary file beside it, which then takes its name.

    Raises UsageError where that cannot be done.
    """
    data = content.encode() if isinstance(content, str) else content
    if path == STANDARD:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    try:
        if target.exists() and not target.is_file():  # a device or a pipe is written to, never replaced
            target.write_bytes(data)
        else:
            _replace(target.resolve(), data)
    except OSError as error:
        raise os_error(error, path) from error


def _replace(target: Path, data: bytes) -> None:
    """Writes beside a file, then renames, so that nobody ever sees half of it."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
