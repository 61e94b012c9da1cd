"""What a sweep has found so far: a file that grows by a line per result, and survives whatever ends the sweep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acortex import safe_files
from acortex.errors import UsageError
from acortex.safe_files import reason
from acortex.tools.sweep.jobs import Result

LOG, LOCK = "results.jsonl", "lock"
"""The names of the file and of what tells that a sweep is at work in a folder."""

MOST_BYTES = 1 << 32


class Log:
    """The results in a folder, by key. What a process wrote in part, as it was killed, is left out.

    Only one who holds the folder may `mend` it, and add to it.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOG
        content = _content(self.path)
        self._whole = content.rfind(b"\n") + 1
        self._cut = len(content) > self._whole
        self.rows: dict[str, Result] = dict(_rows(content[: self._whole]))

    def mend(self) -> None:
        """Cuts off a line that was written in part, so that the next one begins where it began."""
        if not self._cut:
            return
        try:
            with self.path.open("r+b") as file:
                file.truncate(self._whole)
        except OSError as error:
            raise UsageError(f"cannot be written: {reason(error)}", where=str(self.path)) from None

    def __contains__(self, key: str) -> bool:
        return key in self.rows

    def __getitem__(self, key: str) -> Result:
        return self.rows[key]

    def add(self, key: str, row: Result) -> None:
        """Keeps a result, at once. Raises UsageError where it cannot be written."""
        line = json.dumps({"key": key, **row}, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            with self.path.open("ab") as file:
                file.write(f"{line}\n".encode())
        except OSError as error:
            raise UsageError(f"cannot be written: {reason(error)}", where=str(self.path)) from None
        self.rows[key] = row


def _content(path: Path) -> bytes:
    try:
        return safe_files.read(path, MOST_BYTES)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UsageError(f"cannot be read: {reason(error)}", where=str(path)) from None


def _rows(content: bytes) -> Iterator[tuple[str, Result]]:
    """The results of whole lines; one that is no result is passed over."""
    for line in content.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and isinstance(row.get("key"), str):
            yield row.pop("key"), row


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Makes a folder this process's own for a while. Raises UsageError where another sweep is at work in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = safe_files.create_locked(folder / LOCK)
    except BlockingIOError:
        hint = "wait for it, or give another folder"
        raise UsageError("another sweep is at work in this folder", where=str(folder), hint=hint) from None
    except OSError as error:
        raise UsageError(f"the folder cannot be used: {reason(error)}", where=str(folder)) from None
    with lock:
        yield
