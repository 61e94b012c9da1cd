"""The parts of a source: its symbols in a tree, what can be folded, and the type of each of its words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from acortex.isa.asm.parser import DATA_DIRECTIVES
from acortex.isa.table import LOOP, MNEMONICS, NEXT
from acortex.tools.editor.family import Family, Place
from acortex.tools.editor.index import MACRO, PARAMETER, REGISTERS, SYMBOL, TABLES, Index, Use
from acortex.tools.editor.vocabulary import CHOICES, OPERANDS
from acortex.tools.editor.words import Word


@dataclass(slots=True)
class Symbol:
    """A symbol: its name, as what it is defined, its lines, and the columns of its name."""

    name: str
    what: str
    line: int
    end: int
    start_column: int
    end_column: int
    detail: str = ""
    children: list[Symbol] = field(default_factory=list)


def symbols(index: Index) -> list[Symbol]:
    """What a source defines, in the order of the text; what a macro defines lies in the macro."""
    found: list[Symbol] = []
    owner: dict[int, Symbol] = {}
    layers: set[str] = set()
    for use in index.uses:
        head = index.parts[use.line].head
        first = use.kind == "layer" and not use.defines and use.name not in layers
        if use.defines in ("", "parameter") and not first:
            continue
        if use.kind == "layer":
            if use.name in layers:
                continue
            layers.add(use.name)
        symbol = _symbol(index, use, head)
        block = index.block_of[use.line]
        if use.defines == "macro" and block >= 0:
            symbol.end = index.blocks[block].end
            owner[block] = symbol
            block = index.blocks[block].above
        while block >= 0 and block not in owner:
            block = index.blocks[block].above
        (owner[block].children if block >= 0 else found).append(symbol)
    return found


def _symbol(index: Index, use: Use, head: Word | None) -> Symbol:
    line = index.parts[use.line]
    detail = index.lines[use.line][head.column : line.end] if head else ""
    return Symbol(
        use.name, use.defines or use.kind, use.line, use.line, use.column, use.column + use.length, detail[:80]
    )


class Fold(NamedTuple):
    """Lines that can be folded away: the first and the last, from 0, and whether they are a comment."""

    start: int
    end: int
    is_comment: bool = False


def folds(index: Index) -> list[Fold]:
    """Blocks, loops, comments of several lines, and data below a declaration."""
    found = [Fold(block.start, block.end) for block in index.blocks if block.end > block.start]
    found += _loops(index)
    found += _runs(index)
    return sorted(set(found))


def _loops(index: Index) -> Iterator[Fold]:
    open_: dict[str, int] = {}
    for number, line in enumerate(index.parts):
        row = MNEMONICS.get(line.head.text) if line.head else None
        if row is None or not line.arguments or not line.arguments[0].words:
            continue
        register = line.arguments[0].words[0].text
        if row.effect == LOOP:
            open_[register] = number
        elif row.effect == NEXT and register in open_:
            yield Fold(open_.pop(register), number)


def _runs(index: Index) -> Iterator[Fold]:
    """Comments of several lines, and rows of data with the declaration above them."""
    start, kind = 0, ""
    for number in range(len(index.parts) + 1):
        now = _run_of(index, number) if number < len(index.parts) else ""
        goes_on = (now == "comment" == kind) or (now == "row" and kind in ("row", "data"))
        if not goes_on:
            if kind and number - 1 > start:
                yield Fold(start, number - 1, kind == "comment")
            start, kind = number, now


def _run_of(index: Index, number: int) -> str:
    """What a line may be part of."""
    line = index.parts[number]
    if line.head is None:
        return "comment" if line.comment and not line.labels else ""
    if line.head.text in (".row", ".blob"):
        return "row"
    return "data" if line.head.text in DATA_DIRECTIVES else ""


TYPES = ("keyword", "macro", "label", "variable", "parameter", "property", "enumMember", "struct", "type")
"""The types of words, by number."""

MODIFIERS = ("definition", "readonly")

_BY_KIND = {MACRO: 1, PARAMETER: 4, REGISTERS: 8, **dict.fromkeys(TABLES, 7)}


class Typed(NamedTuple):
    """A word with its type and its modifiers, as numbers."""

    line: int
    column: int
    length: int
    type: int
    modifiers: int = 0


def typed(family: Family, file: str) -> list[Typed]:
    """The words of a source that a grammar alone cannot tell apart, in the order of the text."""
    index = family.files[file]
    found: list[Typed] = []
    for number, line in enumerate(index.parts):
        row: dict[int, Typed] = {}
        if line.head is not None and line.head.text in MNEMONICS:
            row[line.head.column] = Typed(number, line.head.column, len(line.head.text), 0)
        for one in line.arguments:
            if one.name is not None and one.name.text in OPERANDS:
                row[one.name.column] = Typed(number, one.name.column, len(one.name.text), 5)
            if len(one.words) == 1 and one.words[0].text in CHOICES:
                row[one.words[0].column] = Typed(number, one.words[0].column, len(one.words[0].text), 6)
        for use in index.by_line.get(number, ()):
            for key, part in family.meant(Place(file, use)):
                kind = _type_of(family, key.kind, part)
                if kind is not None:
                    row[part.column] = Typed(number, part.column, part.length, *kind)
        found += (row[column] for column in sorted(row))
    return found


def _type_of(family: Family, kind: str, use: Use) -> tuple[int, int] | None:
    """The type and the modifiers of a name."""
    if kind == SYMBOL:
        definitions = family.definitions(family.key_of(use)) if use.scope < 0 else []
        is_label = use.defines == "label" or any(place.use.defines == "label" for place in definitions)
        return (2, int(bool(use.defines))) if is_label else (3, 2 | int(bool(use.defines)))
    return (_BY_KIND[kind], int(bool(use.defines))) if kind in _BY_KIND else None
