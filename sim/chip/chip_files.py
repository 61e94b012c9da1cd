"""Reads chip files: bounded TOML, inheritance, overrides, and where each setting was stated.

This module does not check values of settings: `acortex.sim.chip.specs` does, and gets their places from here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acortex import toml_files
from acortex.errors import UsageError
from acortex.sim.chip.technology_files import known, own_file, technologies
from acortex.sim.shipped import CHIPS
from acortex.wording import did_you_mean

NAMES_TECHNOLOGY = {"memory.type": "memory", "arrays.cell": "cell"}
"""The settings that name a technology, and the kind that each names."""

WHOLE = {"arrays.cell": ("errors", ("model", "age_s", "temperature_c"))}
"""The table that a technology states as a whole, by the setting that names it, and what of that table is not of the
technology: another technology leaves nothing else of the one before, and one that inherits and states any, none."""

MAX_ANCESTORS = 16
"""The longest chain of files that inherit from each other."""

WORDS = ("name", "description", "kind")
"""What a file says that is no setting, and needs no source."""

OF_SETTINGS = ("sources", "spreads")
"""The tables that say of settings, by their paths, where they are from and how far they may be off."""

WORDS_OF_TECHNOLOGIES = ("description", "kind")
"""What a technology says of itself, and not of a chip that names it."""

BY_OPTION = "--set"
"""How the place of an override begins."""

NULL = "null"
"""What an override says for a setting that is not to be stated; a file leaves it out."""

OVERRIDDEN, STATED = "set by an override", "stated in "
"""The source of a value that has none: of an option, and of a file and line (what `STATED` begins)."""


@dataclass(frozen=True)
class ChipSource:
    """A chip as it was written.

    `data` is merged from the file, its ancestors and the overrides; `places` says where each path was stated.
    """

    data: dict[str, Any]
    file: str
    places: dict[str, str] = field(default_factory=dict)
    faults: list[UsageError] = field(default_factory=list)
    """What is wrong with overrides that are not applied therefore."""

    def where(self, path: str) -> str:
        """The "file:line" of a path, of the nearest table around it, or the file alone."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return self.places.get(path, self.file)


def has_source(source: str) -> bool:
    """Whether a setting's source says where its value is from, and not only where it is written."""
    return source not in ("", OVERRIDDEN) and not source.startswith(STATED)


def chip_names() -> list[str]:
    """The names of the built-in chips, in alphabetical order."""
    return sorted(path.stem for path in CHIPS.glob("*.toml"))


def technology(kind: str, name: str) -> ChipSource:
    """What a technology sets: settings of a chip file, with their sources; it may inherit from one of its kind.

    A table of `WHOLE` is not merged with that of its base: errors of one cell are not those of another. Raises
    UsageError for a file that cannot be read, or that inherits from none of its kind.
    """
    return _technology(kind, name, ())


def _technology(kind: str, name: str, seen: tuple[str, ...]) -> ChipSource:
    """The same, for what inherits from it: those are `seen`."""
    path = technologies(kind)[name]
    text = toml_files.read(path, "the chip file")
    source = ChipSource(toml_files.parse(text, str(path)), str(path), dict(toml_files.places(text, str(path))))
    if "inherits" not in source.data:
        return source
    base, where, known = source.data.pop("inherits"), source.where("inherits"), technologies(kind)
    if not isinstance(base, str) or base not in known:
        hint = did_you_mean(str(base), known, f"there are {', '.join(known)}")
        raise UsageError(f"inherits names no technology of its kind: {str(base)[:80]}", where=where, hint=hint)
    if base in (name, *seen):
        chain = " -> ".join((*seen, name, base))
        raise UsageError(f"technologies inherit from each other in a circle: {chain}", where=where)
    below = _technology(kind, base, (*seen, name))
    sources = _table(below.data.get("sources")).items()
    below.data["sources"] = {at: _of_base(base, str(said)) for at, said in sources}
    stated = [setting for setting, (table, _) in WHOLE.items() if table in source.data]
    return _on_top(_without_whole(below, stated), source)


def _of_base(base: str, source: str) -> str:
    """The source of a number that is inherited: whose number it is, unless that is said or there is none."""
    return f"as {base}: {source}" if has_source(source) and not source.startswith("as ") else source


def _on_technologies(source: ChipSource, stated: Sequence[str]) -> ChipSource:
    """What was stated in one place, over the technologies that are named there."""
    for path in stated:
        section, _, leaf = path.rpartition(".")
        kind, name = NAMES_TECHNOLOGY[path], _table(source.data.get(section)).get(leaf)
        if isinstance(name, str) and name.endswith(".toml"):
            where = source.where(path)
            beside = Path() if where.startswith(BY_OPTION) else Path(source.file).parent
            name = own_file(kind, beside / name, where)
            source.data[section] = {**source.data[section], leaf: name}
        if isinstance(name, str) and known(kind, name):
            below = technology(kind, name)
            for word in WORDS_OF_TECHNOLOGIES:
                below.data.pop(word, None)
            source = _on_top(below, ChipSource(dict(source.data), source.file, source.places))
    return source


def read_chip(name_or_path: str | Path, overrides: Sequence[str] = ()) -> ChipSource:
    """What a built-in chip or a chip file states, with what it inherits and with overrides of the form "path=value"."""
    path = locate(name_or_path)
    source = _inherited(path, ())
    source.data.setdefault("name", path.stem)
    source.data.setdefault("sources", {})
    source, faults = _overridden(source, overrides)
    source.faults.extend(faults)
    return source


def _overridden(source: ChipSource, overrides: Sequence[str]) -> tuple[ChipSource, list[UsageError]]:
    """A chip with its overrides, those that name technologies first, and what is wrong with those left out."""
    faults = []
    naming = [override for override in overrides if override.partition("=")[0].strip() in NAMES_TECHNOLOGY]
    for override in (*naming, *(override for override in overrides if override not in naming)):
        try:
            if override in naming:
                source = _on_technology(source, override)
            else:
                _override(source, override)
        except UsageError as fault:
            faults.append(fault)
    return source, faults


def _on_technology(source: ChipSource, override: str) -> ChipSource:
    """A chip with another technology: the technology's settings replace the chip's."""
    source = ChipSource(dict(source.data), source.file, dict(source.places))  # what is refused changes nothing
    _override(source, override)
    path = override.partition("=")[0].strip()
    section, _, leaf = path.rpartition(".")
    sources = {path: OVERRIDDEN}
    stated: dict[str, Any] = {section: {leaf: source.data[section][leaf]}, "sources": sources}
    own = _on_technologies(ChipSource(stated, source.file, {path: source.places[path]}), [path])
    own.data["name"] = source.data["name"]
    return _on_top(_without_technology(source, own), own)


def _without_technology(parent: ChipSource, child: ChipSource) -> ChipSource:
    """The parent without what its technologies stated as a whole, where the child names others."""
    named = [path for path in WHOLE if path.rpartition(".")[2] in _table(child.data.get(path.rpartition(".")[0]))]
    return _without_whole(parent, named)


def _without_whole(parent: ChipSource, settings: Sequence[str]) -> ChipSource:
    """The parent without the tables that go with these settings of `WHOLE`, and without the sources of those."""
    data, sources = dict(parent.data), dict(_table(parent.data.get("sources")))
    for table, kept in (WHOLE[path] for path in settings):
        dropped = {f"{table}.{name}" for name in _table(data.get(table)) if name not in kept}
        data[table] = {name: value for name, value in _table(data.get(table)).items() if name in kept}
        sources = {at: said for at, said in sources.items() if at not in dropped}
    return ChipSource({**data, "sources": sources}, parent.file, parent.places)


def locate(name_or_path: str | Path, beside: Path = Path()) -> Path:
    """The file of a built-in name, or of a path; `beside` is the folder of the file that inherits."""
    text = str(name_or_path)
    if isinstance(name_or_path, str) and not text.endswith(".toml") and "/" not in text and "\\" not in text:
        if text in chip_names():
            return CHIPS / f"{text}.toml"
        hint = did_you_mean(text, chip_names(), "a file's name ends in .toml")
        raise UsageError(f'no built-in chip is called "{text[:80]}": there are {", ".join(chip_names())}', hint=hint)
    return beside / name_or_path


def ancestry(name_or_path: str | Path) -> list[Path]:
    """The file of a chip and those that it inherits from, as far as they can be read."""
    found: list[Path] = []
    try:
        path = locate(name_or_path)
        while path.is_file() and len(found) <= MAX_ANCESTORS:
            found.append(path)
            base = toml_files.parse(toml_files.read(path, "the chip file"), str(path)).get("inherits")
            if not isinstance(base, str):
                break
            path = locate(base, path.parent)
    except UsageError:  # reported where the chip is loaded
        pass
    return found


def _inherited(path: Path, seen: tuple[Path, ...]) -> ChipSource:
    """What a file states, on top of what its ancestors do."""
    if path.resolve() in seen:
        chain = " -> ".join(ancestor.name for ancestor in (*seen, path))
        raise UsageError(f"chips inherit from each other in a circle: {chain}", where=str(path))
    if len(seen) >= MAX_ANCESTORS:
        raise UsageError(f"a chip inherits through more than {MAX_ANCESTORS} files", where=str(path))
    text = toml_files.read(path, "the chip file")
    data = toml_files.parse(text, str(path))
    places = dict(toml_files.places(text, str(path)))
    base = data.pop("inherits", None)
    own = _on_technologies(ChipSource(data, str(path), places), list(NAMES_TECHNOLOGY))
    if base is None:
        return own
    if not isinstance(base, str):
        raise UsageError("inherits names a chip or a file, in quotes", where=places.get("inherits", str(path)))
    try:
        parent = _inherited(locate(base, path.parent), (*seen, path.resolve()))
    except UsageError as error:
        raise error if error.where else UsageError(error.message, where=places["inherits"], hint=error.hint) from None
    parent.data["description"] = (
        f"As {parent.data.get('name', Path(parent.file).stem)}, but for what {path.name} states."
    )
    return _on_top(_without_technology(parent, own), own)


def _on_top(parent: ChipSource, child: ChipSource) -> ChipSource:
    """The child's settings over the parent's; a number that the child states has no source or spread of the parent."""
    data = {**parent.data, "name": Path(child.file).stem}
    sources, spreads = (dict(_table(parent.data.get(name))) for name in OF_SETTINGS)
    for key, value in child.data.items():
        if key in OF_SETTINGS:
            continue
        if isinstance(value, dict):
            data[key] = {**_table(data.get(key)), **value}
            stated = [f"{key}.{leaf}" for leaf in value]
        else:
            data[key] = value
            stated = [key] if key not in WORDS else []
        sources.update((path, f"{STATED}{child.where(path)}") for path in stated)
        spreads = {path: one for path, one in spreads.items() if path not in stated}
    for name, below in (("sources", sources), ("spreads", spreads)):
        own = child.data.get(name, {})
        data[name] = {**below, **own} if isinstance(own, dict) else own
    return ChipSource(data, child.file, {**parent.places, **child.places})


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _override(source: ChipSource, override: str) -> None:
    """Applies one "path=value" to what was read."""
    path, equals, written = (part.strip() for part in override.partition("="))
    if not equals or not re.fullmatch(r"[\w-]+(\.[\w-]+)?", path):
        raise UsageError(f'an override has the form path=value: "{override[:80]}"', hint="for example memory.ports=2")
    where = f"{BY_OPTION} {path[:80]}"
    named = path in NAMES_TECHNOLOGY and written.endswith(".toml")
    value = written if named else None if written == NULL else _value(written, where)
    section, _, leaf = path.rpartition(".")
    if section:
        if section not in source.data:
            source.places[section] = where
        table = source.data.get(section, {})
        if not isinstance(table, dict):
            raise UsageError(f"{section} is a setting, no table of settings", where=where)
        source.data[section] = {**table, leaf: value}
    else:
        source.data[leaf] = value
    source.places[path] = where
    if path not in WORDS and isinstance(source.data["sources"], dict):
        source.data["sources"] = {**source.data["sources"], path: OVERRIDDEN}
    spreads = _table(source.data.get("spreads"))
    if path in spreads:  # a number that a user gives is meant as it is
        source.data["spreads"] = {at: one for at, one in spreads.items() if at != path}


def _value(written: str, where: str) -> Any:
    """The value of an override: a bare word is a string, anything else is read as TOML."""
    if re.fullmatch(r"[A-Za-z_][\w-]*", written) and written not in ("true", "false", "inf", "nan"):
        return written
    try:
        return toml_files.parse(f"value = {written}", where)["value"] if "\n" not in written else written
    except UsageError:
        raise UsageError(
            f"{written[:40] or 'an empty text'} is no value: a number, true, false or a word", where=where
        ) from None
