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
from acortex.tools.editor.words import GLUED, Argument, Line, Word

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
    _defined: dict[Key, list[Place]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sorts all uses by what they mean; those whose meaning hangs on others last."""
        late: list[Place] = []
        for file, index in self.files.items():
            for use in index.uses:
                if use.kind in (ARGUMENT, SHAPE) or use.of[0]:
                    late.append(Place(file, use))
                else:
                    self._add(_key(file, use), Place(file, use))
        found = [(key, Place(place.file, use)) for place in late for key, use in self.meant(place)]
        for key, place in found:
            self._add(key, place)
        order = {file: number for number, file in enumerate(self.files)}
        for key in {key for key, _ in found}:
            self.places[key].sort(key=lambda one: (order[one.file], one.use.line, one.use.column))

    def _add(self, key: Key, place: Place) -> None:
        self.places.setdefault(key, []).append(place)
        if place.use.defines:
            self._defined.setdefault(key, []).append(place)
        if place.use.defines == "macro":
            self._macros.setdefault(key.name, (place.file, self.files[place.file].block_of[place.use.line]))

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
        return self._defined.get(key, [])

    def defined(self, kind: str) -> Iterator[Key]:
        """The names of a kind that are defined for the whole program."""
        yield from (key for key in self._defined if key.kind == kind and key.scope == GLOBAL)

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
        tables = [one.table for one in self.uses_of(use.of)]
        wanted = [SYMBOL if table in ("", "label") else table for table in tables]
        kinds = [*wanted, SYMBOL, *TABLES] if use.of[0] else [SYMBOL, MACRO, *TABLES]
        return next((kind for kind in kinds if self.is_defined(kind, use.name)), kinds[0])

    def uses_of(self, of: tuple[str, str], depth: int = 0) -> list[OperandKind]:
        """The kinds of operand that a parameter of a macro stands for, alone or in an expression.

        `of` is the macro, and the name or the place of the parameter.
        """
        if of[0] not in self._macros or depth > MOST_DEPTH:
            return []
        names = self.parameters(of[0])
        name = names[int(of[1])] if of[1].isdecimal() and int(of[1]) < len(names) else of[1]
        found: list[OperandKind] = []
        for line in self._body(of[0]):
            if line.first != of[0]:
                found += self._uses_in(line.first, line.arguments, name, depth)
        return list(dict.fromkeys(found))

    def _uses_in(self, head: str, arguments: Sequence[Argument], name: str, depth: int) -> Iterator[OperandKind]:
        """What a parameter stands for in one line of its macro."""
        if head in MNEMONICS:
            operands = bound(MNEMONICS[head].operands, arguments)
            yield from (one.kind for one, argument in operands if one is not None and _takes(argument.words, name))
            return
        for place, one in enumerate(arguments):
            if _takes(one.words, name):
                yield from self.uses_of((head, one.stands_for(place)), depth + 1)

    def _body(self, macro: str) -> Sequence[Line]:
        """The lines of a macro."""
        file, number = self._macros[macro]
        block = self.files[file].blocks[number] if number != GLOBAL else None
        return self.files[file].parts[block.start + 1 : block.end] if block else ()

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
        at = min(ends[1:], default=len(word)) + 1 if end is None else end + 1
