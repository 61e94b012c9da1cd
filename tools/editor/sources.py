"""The texts that editors have open, and the files beside them: what stands in an editor goes before what was saved."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from urllib.parse import quote, unquote, urlsplit

from acortex import safe_files
from acortex.isa.files import MAX_TEXT
from acortex.isa.language.source import beside
from acortex.tools.editor.index import FILE, Index, index_of, lines_of

MOST_BESIDE = 200
"""Sources of a folder that are looked into for those that include another."""

MOST_FILES = 200
"""Files of one program that are read."""


TRUSTED = 1.0
"""Seconds for which what folders hold is taken to be what it was."""


@dataclass(slots=True)
class Text:
    """A text: the URI that the editor has for it, its version there, and its index once that was asked for."""

    uri: str
    text: str
    version: int | None = None
    _index: Index | None = None

    @property
    def index(self) -> Index:
        """Its names."""
        if self._index is None:
            self._index = index_of(lines_of(self.text))
        return self._index


@dataclass(slots=True)
class Sources:
    """All texts by their keys: the real path of a file, or the URI of what is in none."""

    opened: dict[str, Text] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    """The folders that the editor has open."""
    _roots: dict[str, tuple[float, list[str]]] = field(default_factory=dict)
    _read: dict[str, tuple[tuple[int, int], Text]] = field(default_factory=dict)

    def open(self, uri: str, text: str, version: int | None = None) -> str:
        """Takes a text that an editor has open, or what became of it; answers its key."""
        key = key_of(uri)
        self._roots.clear()
        self.opened[key] = Text(uri, text.removeprefix("\ufeff"), version)
        return key

    def close(self, uri: str) -> None:
        """Forgets a text: what was saved counts again."""
        self._roots.clear()
        self.opened.pop(key_of(uri), None)

    def get(self, key: str) -> Text | None:
        """A text that is open, or that of a file; None where neither is."""
        if key in self.opened:
            return self.opened[key]
        return None if is_uri(key) else self._file(key)

    def _file(self, path: str) -> Text | None:
        try:
            status = os.stat(path)
            stamp = status.st_mtime_ns, status.st_size
            if path in self._read and self._read[path][0] == stamp:
                return self._read[path][1]
            data = safe_files.read(Path(path), MAX_TEXT + 1)
        except (OSError, ValueError):
            self._read.pop(path, None)
            return None
        text = Text(uri_of(path), data.decode("utf-8-sig", "replace")) if len(data) <= MAX_TEXT else None
        if text is not None:
            self._read[path] = stamp, text
        return text

    def texts(self) -> Mapping[str, str]:
        """The texts that are open, by their keys."""
        return {key: one.text for key, one in self.opened.items()}

    def included(self, key: str, root: str) -> Iterator[str]:
        """The keys of the files that a source includes, as part of the program of a root."""
        text = self.get(key)
        if text is None or is_uri(key) or ".include" not in text.text:
            return
        folder = os.path.dirname(root)
        name = os.path.relpath(key, folder).replace(os.sep, "/")
        for use in text.index.uses:
            if use.kind == FILE and use.name and "\\" not in use.name:
                found = os.path.realpath(os.path.join(folder, beside(name, use.name)))
                if found.startswith(os.path.join(folder, "")) and not os.path.isabs(use.name):
                    yield found

    def closure(self, root: str) -> list[str]:
        """A root and all that it includes, each once, as far as they can be read."""
        found: dict[str, None] = {root: None}
        left = [root]
        while left and len(found) < MOST_FILES:
            for key in self.included(left.pop(), root):
                if key not in found and self.get(key) is not None:
                    found[key] = None
                    left.append(key)
        return list(found)

    def roots(self, key: str) -> list[str]:
        """The sources that a text is part of: those that include it and that nothing includes, else itself.

        Folders are looked through again only where something was opened or changed since, or some time has passed.
        """
        now = monotonic()
        if key in self._roots and now - self._roots[key][0] < TRUSTED:
            return self._roots[key][1]
        self._roots[key] = now, self._roots_of(key)
        return self._roots[key][1]

    def _roots_of(self, key: str) -> list[str]:
        above = [one for one in self._above(key) if one != key and key in self.closure(one)]
        tops = [one for one in above if not any(one in self.closure(other) for other in above if other != one)]
        return tops or [key]

    def _above(self, key: str) -> Iterator[str]:
        """The sources that may include a file: an included file lies in the folder of its root, or below it."""
        if is_uri(key):
            return
        yield from (one for one in self.opened if not is_uri(one))
        folder = os.path.dirname(key)
        ends = {os.path.realpath(one) for one in self.folders} or {os.path.dirname(folder)}
        while True:
            yield from (one for one in _sources(folder) if one not in self.opened)
            if folder in ends or os.path.dirname(folder) == folder:
                return
            folder = os.path.dirname(folder)


def _sources(folder: str) -> list[str]:
    """The sources of a folder."""
    try:
        with os.scandir(folder) as entries:
            names = [one.name for one in entries if one.name.endswith(".s")]
    except OSError:
        return []
    return [os.path.realpath(os.path.join(folder, name)) for name in sorted(names)[:MOST_BESIDE]]


def is_uri(key: str) -> bool:
    """Whether a key is the URI of what is in no file."""
    return not os.path.isabs(key)


def key_of(uri: str) -> str:
    """The key of a URI."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    if parts.scheme != "file" or "\0" in (path := unquote(parts.path)):
        return uri
    return os.path.realpath(path) if os.path.isabs(path) else uri


def uri_of(path: str) -> str:
    """The URI of a path."""
    return "file://" + quote(path.replace(os.sep, "/"))
