"""Files read within bounds and written whole: the one place for both, below every layer.

All functions raise OSError with a `strerror` that says what is wrong, so that each caller words its own message; a path
that holds a null byte raises ValueError, as Python's own functions do.
"""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import EACCES, EAGAIN, EINVAL, EISDIR, ENXIO
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: two writers of one growing file are not detected there
    fcntl = None  # type: ignore[assignment]

Name = str | os.PathLike[str]

PATIENCE_S = 0.5
"""How long a pipe may wait for its other end to be opened: a shell starts both ends within milliseconds."""

CHUNK = 1 << 20

_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def open_file(path: Name) -> BinaryIO:
    """Opens a regular file to be read in any order; a folder, a device and a pipe are errors at once."""
    handle = os.open(path, os.O_RDONLY | _NONBLOCK | _BINARY)  # without waiting for the other end of a pipe
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            raise _special(mode, path)
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def read(path: Name, most: int) -> bytes:
    """The first `most` bytes of a file, or of a pipe that is written to (`<(…)` of a shell is one)."""
    with reading(path) as take:
        return take(most)


@contextmanager
def reading(path: Name) -> Iterator[Callable[[int], bytes]]:
    """Gives a function that reads the next so many bytes of a file or a pipe, fewer at its end."""
    handle = os.open(path, os.O_RDONLY | _NONBLOCK | _BINARY)
    try:
        mode = os.fstat(handle).st_mode
        if stat.S_ISFIFO(mode):
            yield partial(_read_pipe, handle, path)
        elif stat.S_ISREG(mode):
            with os.fdopen(handle, "rb", closefd=False) as file:
                yield file.read
        else:
            raise _special(mode, path)
    finally:
        os.close(handle)


def is_pipe(path: Name) -> bool:
    """Whether the path leads to a pipe."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False


def identity(path: Name) -> tuple[object, ...] | None:
    """What is equal for two paths that lead to one file, by whatever links; None for folders, devices and pipes.

    A file that does not exist yet is known by where it would be.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            return (os.path.normcase(os.path.realpath(path)),)
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _special(mode: int, path: Name) -> OSError:
    """Why what has this mode cannot be read."""
    if stat.S_ISDIR(mode):
        return IsADirectoryError(EISDIR, os.strerror(EISDIR), os.fspath(path))
    if stat.S_ISFIFO(mode):
        return OSError(EINVAL, "Is a pipe, and a file is needed", os.fspath(path))
    return OSError(EINVAL, "Is a device, not a file", os.fspath(path))


def _read_pipe(handle: int, path: Name, most: int) -> bytes:
    """What a pipe gives. Its writer may take as long as it likes, but there has to be one."""
    found = bytearray()
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    give_up = time.monotonic() + PATIENCE_S
    while len(found) < most:
        events = waiting.poll(1000 * PATIENCE_S / 20)
        try:
            data = os.read(handle, min(CHUNK, most - len(found)))
        except BlockingIOError:  # a writer is there, and has nothing to say yet
            continue
        found += data
        if not data and (found or any(event & select.POLLHUP for _, event in events)):
            break
        if not data and time.monotonic() > give_up:
            raise OSError(ENXIO, "Is a pipe that nothing writes to", os.fspath(path))
    return bytes(found)


def reason(error: OSError | ValueError) -> str:
    """Why a path cannot be read or written; a ValueError is about a path that cannot be one."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def check_replaceable(path: Name) -> None:
    """Raises the OSError of `writing` for a path that cannot be written, as far as can be found without writing."""
    target = os.path.realpath(path)
    old = _status(path)
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), os.fspath(path))
    if old is not None and not os.access(path, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES), os.fspath(path))
    if old is None or stat.S_ISREG(old.st_mode):
        folder = os.path.dirname(target)
        os.stat(os.path.join(folder, ""))  # the folder is missing, or is none
        if not os.access(folder, os.W_OK):
            raise PermissionError(EACCES, os.strerror(EACCES), os.fspath(path))


def write(path: Name, data: bytes) -> None:
    """Writes a file whole or not at all, as `writing` does."""
    with writing(path) as part:
        part.write_bytes(data)


@contextmanager
def writing(path: Name) -> Iterator[Path]:
    """Gives the path of an empty file to be filled, which takes the place of `path` as the block ends without an error.

    The mode of a file that is replaced is kept, a new one has the umask's; a symbolic link stays, and the file that it
    leads to is replaced. A device or a pipe is written to. Nothing is left behind where the block fails.
    """
    check_replaceable(path)
    old = _status(path)
    if old is not None and not stat.S_ISREG(old.st_mode):
        with _written_through(path) as spool:
            yield spool
        return
    target = Path(os.path.realpath(path))
    part = _empty_beside(target, 0o666 if old is None else 0o600)
    try:
        yield part
        if old is not None:
            keep_mode(part, old)
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def keep_mode(part: Path, old: os.stat_result) -> None:
    """Gives a file the owner, as far as that is allowed, and the mode of the one that it will replace."""
    new = part.stat()
    if hasattr(os, "chown") and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        with suppress(OSError):
            os.chown(part, old.st_uid, old.st_gid)
    os.chmod(part, stat.S_IMODE(old.st_mode))


def _status(path: Name) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _empty_beside(target: Path, mode: int) -> Path:
    """A new file in the folder of `target`; the name is short, for that of the target may be as long as is allowed."""
    for number in count():
        part = target.with_name(f".acortex-{os.getpid()}-{number}.part")
        with suppress(FileExistsError):
            os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode))
            return part
    raise AssertionError  # not reached: there is always another number


@contextmanager
def _written_through(path: Name) -> Iterator[Path]:
    """Gives a path to be filled, whose content then goes into a device or a pipe."""
    import shutil  # here, for completion and `--help` load this module too
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="acortex-") as folder:
        spool = Path(folder, "content")
        spool.touch(0o600)
        yield spool
        with spool.open("rb") as made, _open_sink(path) as sink:
            shutil.copyfileobj(made, sink)


def _open_sink(path: Name) -> BinaryIO:
    """Opens a device or a pipe to be written; a pipe needs a reader."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | _NONBLOCK | _BINARY)
        except OSError as error:
            if error.errno != ENXIO or time.monotonic() > give_up:
                reason = "Is a pipe that nothing reads" if error.errno == ENXIO else error.strerror
                raise OSError(error.errno, reason, os.fspath(path)) from None
            time.sleep(PATIENCE_S / 50)
            continue
        if hasattr(os, "set_blocking"):
            os.set_blocking(handle, True)
        return os.fdopen(handle, "wb")


def part_of(path: Name) -> str:
    """The name of a file that grows, until it is whole and becomes `path`, or the file that `path` is a link to."""
    return (os.path.realpath(path) if os.path.islink(path) else os.fspath(path)) + ".part"


def left_of(path: Name) -> str:
    """The name under which a file that grows was left: `path`, or that of its part where the part was not renamed.

    Not by whether there is a file `path`: that may be of another run, from before.
    """
    part = part_of(path)
    return part if os.path.exists(part) else os.fspath(path)


def create_locked(path: Name, mode: int = 0o666) -> BinaryIO:
    """Creates an empty file, or empties the one that is there, and holds it until it is closed; it is not buffered.

    BlockingIOError where another process holds it. The lock goes with its process, so that a file which a killed one
    left is taken over. Where the system has no such locks (Windows, some network folders) nothing is held.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW | _NONBLOCK | _BINARY, mode)
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(EINVAL, "Is not a regular file", os.fspath(path))
            _hold(handle)
            if _is_at(handle, path):  # else its holder gave it another name between our opening it and holding it
                os.ftruncate(handle, 0)
                return os.fdopen(handle, "wb", buffering=0)
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def is_held(path: Name) -> bool:
    """Whether another process holds a file of `create_locked`."""
    try:
        with open_file(path) as file:
            _hold(file.fileno(), shared=True)
    except BlockingIOError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _hold(handle: int, *, shared: bool = False) -> None:
    if fcntl is None:
        return
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError as error:
        if error.errno == EAGAIN:
            raise BlockingIOError(error.errno, error.strerror) from None


def _is_at(handle: int, path: Name) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.stat(path))
    except FileNotFoundError:
        return False
