"""The files that a source is made of, found in its text alone: what it includes, its data, its chips.

No source is assembled for this: a command asks before it begins, and of sources that are wrong, too.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator

from acortex import safe_files
from acortex.tools.console.files import Named
from acortex.tools.open.chip_options import chip_files

MOST_SOURCES = 1000
"""Included files that are looked into."""

MOST_BYTES = 1 << 26
"""Of a source: as many as the assembler reads."""

_NAMED = re.compile(
    r'[;#].*|\.include\s+"(?P<source>[^"\x00-\x1f]+)"|file\s*=\s*"(?P<data>[^"\x00-\x1f]+)"'
    r'|\.chip\s+(?:name\s*=\s*)?"?(?P<chip>(?<=")[^"\x00-\x1f]+|[^"\s;#]+)"?|"[^"\n]*"'
)
"""A comment, a file or a chip that a directive names, or another text in quotes."""

_PARAMETER = re.compile(r"(\\(?:[A-Za-z_][A-Za-z0-9_]*|\(\)))")


def files_of_source(path: str) -> list[Named]:
    """The files that a source names, each with what first names it, and those that sources it includes name."""
    found: dict[str, Named] = {}
    left, seen = [path], {os.path.realpath(path)}
    while left and len(seen) < MOST_SOURCES:
        for name, file, is_source in _named_in(left.pop()):
            real = os.path.realpath(file)
            found.setdefault(real, (name, file))
            if is_source and real not in seen:
                seen.add(real)
                left.append(file)
    return list(found.values())


def _named_in(source: str) -> Iterator[tuple[str, str, bool]]:
    """What a source names: how, the path, and whether that is a source; nothing of what cannot be read."""
    try:
        text = safe_files.read(source, MOST_BYTES).decode(errors="replace")
    except (OSError, ValueError):
        return
    for match in _NAMED.finditer(text):
        if match["source"]:
            yield from ((f'.include "{match["source"]}"', path, True) for path in _paths(source, match["source"]))
        elif match["data"]:
            yield from ((f'file="{match["data"]}"', path, False) for path in _paths(source, match["data"]))
        elif match["chip"]:
            found = chip_files(f".chip {match['chip']}", match["chip"])
            yield from ((name, path, False) for name, path in found if path)


def _paths(source: str, name: str) -> list[str]:
    """The paths that a name in a source leads to: from its folder; any text may stand for a parameter of a macro."""
    path = os.path.join(os.path.dirname(source), name)
    if "\\" not in name:
        return [path]
    parts = _PARAMETER.split(path)
    return sorted(glob.glob("".join("*" if number % 2 else glob.escape(part) for number, part in enumerate(parts))))
