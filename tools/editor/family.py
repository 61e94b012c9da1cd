"""The names of a program over all of its files: what each use means, and where else the same is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from acortex.isa.operands import OperandKind
from acortex.isa.table import MNEMONICS
from acortex.tools.editor.index import (
    ARGUMENT,
    FILE,
    GLOBAL,
    MACRO,
    PARAMETER,
    SHAPE,
    SYMBOL,
    TABLES,
    Index,
    Use,
    bound,
)
from acortex.tools.editor.sources import Sources
from acortex.tools.editor.words import GLUED, Word

MOST_DEPTH = 8
"""How deep calls are followed to what a parameter is used for."""


class Key(NamedTuple):
    """What a name means: its kind, the name, and the file and block whose name it is, if it is not the program's."""

    kind: str
    name: str
    file: str = ""
    scope: int = GLOBAL


class Place(NamedTuple):
    """A name in a file."""

    file: str
    use: Use


@dataclass
class Family:
    """Some files of one program, and every name in them."""

    files: dict[str, Index]
    places: dict[Key, list[Place]] = field(default_factory=dict)
    shapes: list[Place] = field(default_factory=list)
    _macros: dict[str, tuple[str, int]] = field(default_factory=dict)
    """The file and the block of each macro."""

    def __post_init__(self) -> None:
        """Sorts all uses by what they mean; those whose meaning hangs on others last."""
        late: list[Place] = []
        for file, index in self.files.items():
            for use in index.uses:
                if use.kind in (ARGUMENT, SHAPE) or use.of[0]:
                    late.append(Place(file, use))
                    continue
                self.places.setdefault(_key(file, use), []).append(Place(file, use))
                if use.defines == "macro":
                    self._macros.setdefault(use.name, (file, index.block_of[use.line]))
        order = {file: number for number, file in enumerate(self.files)}
        for place in late:
            for key, use in self.meant(place):
                self.places.setdefault(key, []).append(Place(place.file, use))
        for key in {key for place in late for key, _ in self.meant(place)}:
            self.places[key].sort(key=lambda one: (order[one.file], one.use.line, one.use.column))

    def at(self, file: str, line: int, column: int) -> tuple[Key, Use] | None:
        """What a name at a place means, and that name: of a shape the part of it."""
        use = self.files[file].at(line, column)
        if use is None:
            return None
        found = list(self.meant(Place(file, use)))
        near = [(key, part) for key, part in found if part.column <= column <= part.column + part.length]
        return near[0] if near else None

    def definitions(self, key: Key) -> list[Place]:
        """Where a name is defined."""
        return [place for place in self.places.get(key, ()) if place.use.defines]

    def defined(self, kind: str) -> Iterator[Key]:
        """The names of a kind that are defined for the whole program."""
        for key, places in self.places.items():
            if key.kind == kind and key.scope == GLOBAL and any(place.use.defines for place in places):
                yield key

    def is_defined(self, kind: str, name: str) -> bool:
        """Whether the program has a name."""
        return bool(self.definitions(Key(kind, name)))

    @staticmethod
    def key_of(use: Use) -> Key:
        """What a use of the whole program's names means, whose kind is known."""
        return Key(use.kind, use.name)

    def macro(self, name: str) -> tuple[str, int] | None:
        """The file and the block of a macro; None where there is no such macro."""
        return self._macros.get(name)

    def meant(self, place: Place) -> Iterator[tuple[Key, Use]]:
        """What a use means, part for part."""
        use = place.use
        if use.kind == SHAPE:
            for start, end in _parts(use.name, self.is_defined):
                part = use._replace(
                    kind=SYMBOL, name=use.name[start:end], column=use.column + start, length=end - start
                )
                yield Key(SYMBOL, part.name), part
        elif use.kind == PARAMETER and use.of[0]:
            owner = self._macros.get(use.of[0])
            if owner is not None:
                yield Key(PARAMETER, use.name, *owner), use
        elif use.kind == ARGUMENT:
            kind = self._kind_of(use)
            yield Key(kind, use.name), use._replace(kind=kind)
        else:
            yield _key(place.file, use), use

    def _kind_of(self, use: Use) -> str:
        """What an argument of a call names: what the macro does with it, of that what there is."""
        uses = [kind for one in self.uses_of(use.of) for kind in [one.table or SYMBOL]] if use.of[0] else []
        wanted = ["layer" if kind == "layer" else SYMBOL if kind == "label" else kind for kind in uses]
        others = [SYMBOL, MACRO, *TABLES] if not use.of[0] else [SYMBOL, *TABLES]
        kinds = [*wanted, *others]
        return next((kind for kind in kinds if self.is_defined(kind, use.name)), kinds[0])

    def uses_of(self, of: tuple[str, str], depth: int = 0) -> list[OperandKind]:
        """The kinds of operand that a parameter of a macro stands for, alone or in an expression.

        `of` is the macro, and the name or the place of the parameter.
        """
        names = self.parameters(of[0])
        name = names[int(of[1])] if of[1].isdecimal() and int(of[1]) < len(names) else of[1]
        found: list[OperandKind] = []
        if of[0] not in self._macros or depth > MOST_DEPTH:
            return found
        file, block = self._macros[of[0]]
        index = self.files[file]
        body = index.blocks[block] if block != GLOBAL else None
        for line in index.parts[body.start + 1 : body.end] if body else ():
            if line.head is None:
                continue
            if line.head.text in MNEMONICS:
                for operand, one in bound(MNEMONICS[line.head.text].operands, line.arguments):
                    if operand is not None and _takes(one.words, name):
                        found.append(operand.kind)
            elif line.head.text in self._macros and line.head.text != of[0]:
                for place, one in enumerate(line.arguments):
                    if _takes(one.words, name):
                        inner = line.head.text, one.name.text if one.name else str(place)
                        found += self.uses_of(inner, depth + 1)
        return list(dict.fromkeys(found))

    def parameters(self, macro: str) -> list[str]:
        """The names of a macro's parameters, in their order."""
        if macro not in self._macros:
            return []
        file, block = self._macros[macro]
        if block == GLOBAL:
            return []
        start = self.files[file].blocks[block].start
        uses = self.files[file].by_line.get(start, ())
        return [use.name for use in uses if use.kind == PARAMETER and use.defines]


def family_of(sources: Sources, keys: Sequence[str]) -> Family:
    """The family of some files."""
    texts = {key: sources.get(key) for key in keys}
    return Family({key: text.index for key, text in texts.items() if text is not None})


def _key(file: str, use: Use) -> Key:
    """The meaning of a use whose kind is known."""
    if use.scope != GLOBAL:
        return Key(use.kind, use.name, file, use.scope)
    return Key(use.kind, use.name, file if use.kind in (FILE, PARAMETER) else "")


def _takes(words: Sequence[Word], parameter: str) -> bool:
    """Whether a parameter stands as a word of its own among some words."""
    return any(word.kind == GLUED and word.text == f"\\{parameter}" for word in words)


def _parts(word: str, is_defined: Callable[[str, str], bool]) -> Iterator[tuple[int, int]]:
    """The places of the constants in a word of a shape, such as KxKx64; the longest names go first."""
    at = 0
    while at < len(word):
        ends = [len(word), *(place for place in range(len(word) - 1, at, -1) if word[place] == "x")]
        end = next((end for end in ends if is_defined(SYMBOL, word[at:end])), None)
        if end is not None:
            yield at, end
        else:
            end = word.find("x", at)
            end = len(word) if end < 0 else end
        at = end + 1
