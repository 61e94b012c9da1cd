"""Where technologies lie: the built-in ones, files that a user names, and what installed packages bring."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from acortex.errors import UsageError
from acortex.sim.shipped import TECHNOLOGIES

ENTRY_POINTS = "acortex.technologies"
"""The group of entry points of packages: `KIND.NAME = module:PATH`, such as `cell.fefet = my_package:FEFET`."""

_OWN: defaultdict[str, dict[str, Path]] = defaultdict(dict)
"""The files that users named in this process, by kind and name."""


def technologies(kind: str) -> dict[str, Path]:
    """The files of the technologies of a kind ("memory" or "cell") by name: built-in ones, then a user's own."""
    return {**_built_in(kind), **_OWN[kind]}


def _built_in(kind: str) -> dict[str, Path]:
    """The built-in ones, in alphabetical order."""
    return {path.stem: path for path in sorted((TECHNOLOGIES / kind).glob("*.toml"))}


def own_file(kind: str, path: Path, where: str) -> str:
    """Takes a file as a technology of its own; returns its name, that of the file. Raises UsageError."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}", where=where, hint="a technology is named, or its .toml file is")
    if path.stem in _built_in(kind):
        raise UsageError(f"{path.stem} is a built-in technology", where=where, hint="give the file another name")
    _OWN[kind][path.stem] = path.resolve()
    return path.stem


def known(kind: str, name: str) -> bool:
    """Whether there is a technology of this name: built in, named by a file before, or of an installed package.

    Raises UsageError for a package that brings no file by it.
    """
    return name in technologies(kind) or _installed(kind, name)


def _installed(kind: str, name: str) -> bool:
    """Whether an installed package brings a technology; looked for where a name is not known otherwise."""
    from importlib.metadata import entry_points

    called = f"{kind}.{name}"
    for point in entry_points(group=ENTRY_POINTS, name=called):
        try:
            _OWN[kind][name] = Path(point.load())
        except Exception as error:  # a package may fail in any way as it is imported
            told = f"the entry point {called!r} of {ENTRY_POINTS} gives no file: {type(error).__name__}: {error}"
            raise UsageError(told, hint="it must be MODULE:PATH, with the path of a .toml file") from error
        return True
    return False
