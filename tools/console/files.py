"""Files that a command reads and writes: whole or not at all, `-` for the standard streams."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from errno import EACCES, EBADF, ENOTDIR
from pathlib import Path
from typing import BinaryIO

from acortex import safe_files
from acortex.errors import UsageError
from acortex.tools.console.manners import os_error, stdout_error, stream_error

STANDARD = "-"
"""The name that stands for stdin where a file is read and for stdout where one is written."""


Named = tuple[str, str | None]
"""An option or argument, and the path that it was given."""

_APART = "nothing was written: give the output a name of its own"


def read(path: str, *, limit: int = 1 << 30) -> bytes:
    """The content of a file, of at most `limit` bytes.

    Raises UsageError where it is missing, a folder, a device, unreadable or larger.
    """
    if path == STANDARD:
        data = read_stdin(limit + 1)
    else:
        try:
            data = safe_files.read(path, limit + 1)
        except (OSError, ValueError) as error:
            raise os_error(error, path) from error
    if len(data) > limit:
        raise UsageError(f"is larger than {limit:,} bytes", where=path, hint="give a smaller file")
    return data


@contextmanager
def reading(path: str) -> Iterator[Callable[[int], bytes]]:
    """`acortex.safe_files.reading`, with errors for people."""
    try:
        with safe_files.reading(path) as take:
            yield take
    except (OSError, ValueError) as error:
        raise os_error(error, path) from error


def read_stdin(most: int) -> bytes:
    """The next bytes of stdin, at most so many."""
    try:
        return _binary(sys.stdin).read(most)
    except OSError as error:
        raise stream_error(error, "stdin") from error


def named(what: str, path: object) -> Path:
    """The path that a caller of Python gives as `what`; UsageError for what is none."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"{what} is of type {type(path).__name__}", hint="give the path of a file or a folder")
    return Path(path)


def check_apart(inputs: Iterable[Named], outputs: Iterable[Named]) -> None:
    """Refuses an output that is an input or another output of the same command, before anything is written.

    Each is the name of an option or argument and what it was given, None for nothing. Raises UsageError.
    """
    read, written = _given(inputs), _given(outputs)
    _check_streams(read, "read from stdin", "give one of them as a file")
    _check_streams(written, "write to stdout", "write one of them to a file")
    sources = {safe_files.identity(path): name for name, path in read if os.path.exists(path)}
    results: dict[tuple[object, ...], str] = {}
    for name, path in written:
        found = None if path == STANDARD else safe_files.identity(path)
        if found is not None:
            _check_target(name, path, sources.get(found), results.get(found))
            results[found] = name


def _given(named: Iterable[Named]) -> list[tuple[str, str]]:
    """Those options and arguments that were given something."""
    return [(name, path) for name, path in named if path]


def _check_target(name: str, path: str, source: str | None, result: str | None) -> None:
    """Refuses an output whose file is also that of an input `source`, or of another output `result`."""
    if source is not None:
        raise UsageError(f"{name} would replace {source}", where=path, hint=_APART)
    if result is not None:
        raise UsageError(f"{result} and {name} would write the same file", where=path, hint=_APART)


def _check_streams(named: Iterable[tuple[str, str]], do: str, hint: str) -> None:
    """Refuses a standard stream that two options name."""
    shown = [name if " " in name else f"{name} {STANDARD}" for name, path in named if path == STANDARD]
    if len(shown) > 1:
        raise UsageError(f"{shown[0]} and {shown[1]} both {do}", hint=hint)


def check_writable(path: str) -> None:
    """Raises the UsageError of `write` now rather than after long work, as far as it can be found beforehand."""
    if path == STANDARD:
        return
    try:
        safe_files.check_replaceable(path)
    except (OSError, ValueError) as error:
        raise os_error(error, path) from error


def check_folder(path: str) -> None:
    """Raises UsageError where a folder is neither there nor can be made, or may not be written to."""
    there = next(one for one in (Path(path), *Path(path).absolute().parents) if os.path.lexists(one))
    if not os.path.isdir(there):
        raise os_error(NotADirectoryError(ENOTDIR, os.strerror(ENOTDIR)), path)
    if not os.access(there, os.W_OK | os.X_OK):
        raise os_error(PermissionError(EACCES, os.strerror(EACCES)), path)


def write(path: str, content: bytes | str) -> None:
    """Writes a file whole or not at all; raises UsageError where that cannot be done."""
    data = content.encode() if isinstance(content, str) else content
    if path == STANDARD:
        _to_stdout((data,))
        return
    try:
        safe_files.write(path, data)
    except (OSError, ValueError) as error:
        raise os_error(error, path) from error


def copy_to_stdout(path: str) -> None:
    """Writes the content of a file of ours to stdout."""
    with open(path, "rb") as file:
        _to_stdout(iter(lambda: file.read(safe_files.CHUNK), b""))


def _to_stdout(pieces: Iterable[bytes]) -> None:
    try:
        out = _binary(sys.stdout)
        sys.stdout.flush()
        for data in pieces:
            out.write(data)
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise stdout_error(error) from error


def _binary(stream: object) -> BinaryIO:
    """The bytes below a standard stream; there is none in a process without streams, such as a service."""
    found: BinaryIO | None = getattr(stream, "buffer", None)
    if found is None:
        raise OSError(EBADF, os.strerror(EBADF))
    return found
