"""TOML files read within bounds, and where in them each key stands: the one place for both, below every layer."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from acortex import safe_files
from acortex.errors import UsageError

MAX_BYTES = 65536
"""The longest file that is read."""

MAX_NESTING = 16
"""The deepest brackets, and the most dots on one line, that the TOML parser is given: it is slow beyond, or worse."""

KEPT = 512
"""How many texts are remembered with what they say: those of built-in chips are read again for each chip."""

_OPAQUE = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|' r"'''.*?'''|" r'"(?:\\[^\n]|[^"\\\n])*"|' r"'[^'\n]*'|#[^\n]*",
    re.DOTALL,
)
_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$")
_ONE_OF_A_LIST = re.compile(r"\s*\[\[\s*([^\[\]]+?)\s*\]\]\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def read(path: Path, what: str) -> str:
    """The text of a file, if it is short enough to be one; `what` it is, as errors call it. Raises UsageError."""
    try:
        raw = safe_files.read(path, MAX_BYTES + 1)
        text = raw.decode()
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{what} is not text in UTF-8: byte {error.start}", where=str(path)) from None
    if len(raw) > MAX_BYTES:
        raise UsageError(f"{what} is longer than {MAX_BYTES} bytes", where=str(path))
    return text


def parse(text: str, where: str) -> dict[str, Any]:
    """TOML with decimal numbers, after a look at what would make the parser slow or deep. Raises UsageError.

    What comes back is the caller's own: no other caller sees what is changed in it.
    """
    table: dict[str, Any] = _copied(_parsed(text, where))
    return table


def _copied(value: Any) -> Any:
    """Tables and lists of TOML anew, with the same values in them."""
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value


@lru_cache(maxsize=KEPT)
def _parsed(text: str, where: str) -> dict[str, Any]:
    """What `parse` copies."""
    bare = _OPAQUE.sub(lambda match: '""' + "\n" * match[0].count("\n"), text)
    depth = 0
    for number, line in enumerate(bare.splitlines(), 1):
        for mark in re.findall(r"[\[{}\]]", line):
            depth += 1 if mark in "[{" else -1
            if depth > MAX_NESTING:
                raise UsageError(f"brackets are nested deeper than {MAX_NESTING}", where=f"{where}:{number}")
        if max(part.count(".") for part in re.split("[,=]", line)) > MAX_NESTING:
            raise UsageError(f"a line has more than {MAX_NESTING} dots", where=f"{where}:{number}")
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        message, place = _place_of(str(error))
        raise UsageError(f"not TOML: {message}", where=where + place) from None
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise UsageError(f"not TOML: {error}", where=where) from None


def _place_of(message: str) -> tuple[str, str]:
    """The bare message of a TOML error, and its ":line:column" where it has one."""
    match = re.match(r"(.*) \(at line (\d+), column (\d+)\)$", message, re.DOTALL)
    return (match[1], f":{match[2]}:{match[3]}") if match else (message, "")


def places(text: str, file: str) -> Iterator[tuple[str, str]]:
    """The path of each table and key with its "file:line", for files with one setting per line.

    That of a table in a list of tables has its number behind the name: "stages.0".
    """
    yield from _placed(text, file)


@lru_cache(maxsize=KEPT)
def _placed(text: str, file: str) -> tuple[tuple[str, str], ...]:
    """What `places` gives."""
    return tuple(_found(text, file))


def _found(text: str, file: str) -> Iterator[tuple[str, str]]:
    table, lists = "", Counter[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _ONE_OF_A_LIST.match(line):
            name = _dotted(header[1])
            table = f"{name}.{lists[name]}"
            lists[name] += 1
            yield table, f"{file}:{number}"
        elif header := _HEADER.match(line):
            table = _dotted(header[1])
            yield table, f"{file}:{number}"
        elif key := _KEY.match(line):
            yield f"{table}.{_dotted(key[1])}".lstrip("."), f"{file}:{number}"


def _dotted(key: str) -> str:
    """A key as a path: "a . 'b'" is "a.b"."""
    return ".".join(part.strip("\"'") for part in _PART.findall(key))
