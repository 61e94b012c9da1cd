"""Constants and macros that a source defines and never uses: the one check that needs the text itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from acortex.isa.lint import rows

_DEFINED = re.compile(r"(?:[A-Za-z_][\w.]*[ \t]*:[ \t]*)*\.(equ|name|macro)[ \t]+([A-Za-z_][\w.]*)", re.ASCII)
_WORD = re.compile(r"[A-Za-z_][\w.]*", re.ASCII)
_CODE = re.compile(r'(?:"[^"]*"|[^;#"])*')
WHAT = {"equ": "constant", "name": "constant", "macro": "macro"}


def unused_names(text: str, file: str) -> Iterator[rows.Finding]:
    """The names that nothing but their definition has, in the order of the text.

    A source that includes others has no such findings: what they use is not read here.
    """
    lines = [match[0] if (match := _CODE.match(line)) else "" for line in text.split("\n")]
    if any(line.lstrip().startswith(".include") for line in lines):
        return
    used = Counter(part for line in lines for word in _WORD.findall(line) for part in {word, *_extents(word)})
    for number, line in enumerate(lines, 1):
        found = _DEFINED.match(line.strip())
        if found and used[found[2]] == 1:
            column = line.index(found[2], line.index(f".{found[1]}") + len(found[1]) + 1) + 1
            where = f"{file}:{number}:{column}"
            error = rows.NOT_MEANT.broken(where, what=WHAT[found[1]], name=found[2])
            assert isinstance(error, rows.Finding)
            error.length = len(found[2])
            yield error


def _extents(word: str) -> set[str]:
    """The names that a shape such as KxKx64 may be made of: what lies between any two x of a word."""
    parts = word.split("x")
    ends = range(1, len(parts) + 1)
    return {"x".join(parts[start:end]) for end in ends for start in range(end)} if len(parts) < 12 else set()
