"""The names of one source: where each is defined and used, by what it names. A pure function of the text.

Nothing is expanded: a macro's lines are read where they stand. What an argument of a call names follows from what the
macro does with it, which `acortex.tools.editor.family` finds out among all files of a program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from acortex.isa.asm.directives import DIRECTIVES
from acortex.isa.asm.expansion import ENDS
from acortex.isa.operands import KINDS, OperandKind
from acortex.isa.table import MNEMONICS, Operand
from acortex.tools.editor.vocabulary import REGISTER
from acortex.tools.editor.words import GLUED, TEXT, Argument, Line, Word, line_of, parameters_of

SYMBOL, MACRO, REGISTERS, PARAMETER, FILE = "symbol", "macro", "register", "parameter", "file"
ARGUMENT, SHAPE = "argument", "shape"
"""Kinds of names, beside the tables of a program. What an argument of a call and a part of a shape name is open yet."""

TABLES = ("weights", "constants", "input", "output", "part", "layer", "result")
"""The tables of a program that have names."""

DECLARES = {f".{table}": table for table in TABLES}
"""The directives that declare a name of a table."""

GLOBAL = -1

ENDING = {end: begin for begin, end in ENDS.items() if begin in (".macro", ".rept", ".if")}


class Use(NamedTuple):
    """A name at a place: `line` and `column` from 0. `defines` says as what the name is defined here, if it is.

    `scope` is the block whose name it is, GLOBAL for one of the whole program. `of` is the macro and the parameter
    whose argument it is.
    """

    kind: str
    name: str
    line: int
    column: int
    length: int
    defines: str = ""
    scope: int = GLOBAL
    of: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Block:
    """Lines from `.macro`, `.rept` or `.if` to their end, with the names that are theirs alone."""

    head: str
    start: int
    end: int
    above: int
    parameters: set[str] = field(default_factory=set)
    locals: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Index:
    """A source in lines, its blocks, and all uses of names in the order of the text."""

    lines: list[str]
    parts: list[Line]
    blocks: list[Block]
    block_of: list[int]
    """The innermost block of each line."""
    uses: list[Use]
    by_line: dict[int, list[Use]] = field(default_factory=dict)

    def at(self, line: int, column: int) -> Use | None:
        """The name at a place, or the one that ends there."""
        near = [use for use in self.by_line.get(line, ()) if use.column <= column <= use.column + use.length]
        return next((use for use in near if column < use.column + use.length), near[0] if near else None)


def lines_of(text: str) -> list[str]:
    """The lines of a text as the assembler counts them."""
    return [line.removesuffix("\r") for line in text.split("\n")]


def index_of(lines: Sequence[str]) -> Index:
    """The index of a source."""
    index = Index(list(lines), [line_of(line) for line in lines], [], [], [])
    _blocks(index)
    for number, line in enumerate(index.parts):
        found = _Reading(index, number, index.block_of[number]).uses(line)
        if found:
            index.by_line[number] = found
            index.uses += found
    return index


def _blocks(index: Index) -> None:
    """Finds the blocks of a source, and the names that belong to each; one without an end goes on to the last line."""
    open_: list[int] = []
    for number, line in enumerate(index.parts):
        head = line.head.text if line.head else ""
        index.block_of.append(open_[-1] if open_ else GLOBAL)
        if head in ENDS:
            block = Block(head, number, len(index.parts) - 1, index.block_of[-1])
            block.parameters.update(word.text for word in _parameters(head, line.arguments))
            index.blocks.append(block)
            open_.append(len(index.blocks) - 1)
            index.block_of[-1] = open_[-1]
        elif head in ENDING:
            wanted = ENDS[ENDING[head]]
            while open_ and ENDS[index.blocks[open_[-1]].head] != wanted:
                open_.pop()
            if open_:
                index.blocks[open_.pop()].end = number
        elif head == ".local" and open_:
            owner = _owner(index, open_[-1])
            if owner != GLOBAL:
                index.blocks[owner].locals.update(word.text for one in line.arguments for word in one.words)


def _owner(index: Index, block: int) -> int:
    """The macro or the repetition that a line of a block belongs to."""
    while block != GLOBAL and index.blocks[block].head not in (".macro", ".rept"):
        block = index.blocks[block].above
    return block


def _parameters(head: str, arguments: Sequence[Argument]) -> list[Word]:
    """The words that name the parameters of a macro, or the turn of a repetition."""
    if head == ".rept":
        return [word for one in arguments[1:2] for word in one.words[:1] if word.kind == "name"]
    if head != ".macro" or not arguments:
        return []
    first = arguments[0].words[1:] if arguments[0].name is None else ()
    words = [*first[:1], *(one.name or next(iter(one.words), None) for one in arguments[1:])]
    return [word for word in words if word is not None and word.kind == "name"]


@dataclass(slots=True)
class _Reading:
    """One line on its way into uses."""

    index: Index
    number: int
    block: int

    def uses(self, line: Line) -> list[Use]:
        """All names of a line."""
        found = [self._symbol(word, "label") for word in line.labels if word.kind == "name"]
        if line.head is not None:
            found += self._statement(line.head, line.arguments)
        for word in line.words:
            if word.kind in (GLUED, TEXT):
                found += (self._parameter(one) for one in parameters_of(word))
        return sorted(found, key=lambda use: use.column)

    def _statement(self, head: Word, arguments: Sequence[Argument]) -> Iterator[Use]:
        if head.kind == "directive":
            yield from self._directive(head.text, arguments)
        elif head.text in MNEMONICS:
            for operand, one in bound(tuple(MNEMONICS[head.text].operands), arguments):
                if operand is not None:
                    yield from self._operand(operand, one)
        elif head.kind == "name":
            yield self._use(MACRO, head)
            for place, one in enumerate(arguments):
                of = head.text, one.name.text if one.name else str(place)
                if one.name:
                    yield self._use(PARAMETER, one.name, of=of)
                yield from self._open(one.words, of)

    def _operand(self, operand: Operand, one: Argument) -> Iterator[Use]:
        kind = operand.kind
        if kind.choices:
            return
        if kind.table and kind.table != "label":
            yield from (self._use(kind.table, word) for word in one.words[:1] if word.kind in ("name", "string"))
        else:
            yield from self._expression(one.words, kind)

    def _expression(self, words: Sequence[Word], kind: OperandKind | None = None) -> Iterator[Use]:
        """The constants, labels and registers of an expression."""
        spoken = [word for word, _ in kind.words] if kind else []
        for word in words:
            if word.kind == "name" and word.text not in spoken:
                yield self._use(REGISTERS, word) if REGISTER.fullmatch(word.text) else self._symbol(word)

    def _open(self, words: Sequence[Word], of: tuple[str, str]) -> Iterator[Use]:
        """The names of an argument, which may be of any kind."""
        for word in words:
            if word.kind == "name" and REGISTER.fullmatch(word.text):
                yield self._use(REGISTERS, word)
            elif word.kind in ("name", "string"):
                found = self._symbol(word)
                yield found if found.scope != GLOBAL else self._use(ARGUMENT, word, of=of)

    def _directive(self, head: str, arguments: Sequence[Argument]) -> Iterator[Use]:
        if head in DIRECTIVES:
            yield from self._declaration(head, arguments)
        elif head in (".equ", ".name"):
            values = {one.name.text if one.name else str(place): one for place, one in enumerate(arguments)}
            name, value = values.get("name", values.get("0")), values.get("value", values.get("1"))
            yield from (self._symbol(word, "constant") for word in (name.words[:1] if name else ()) if _plain(word))
            yield from self._expression(value.words if value else ())
        elif head == ".macro":
            yield from self._macro(arguments)
        elif head == ".include":
            yield from (self._use(FILE, one.words[0]) for one in arguments[:1] if one.words)
        elif head == ".rept":
            yield from self._expression(arguments[0].words if arguments else ())
            yield from (self._parameter(word, True) for word in _parameters(head, arguments))
        elif head in (".ifdef", ".ifndef"):
            yield from (self._use(ARGUMENT, word) for one in arguments for word in one.words if _plain(word))
        else:
            for one in arguments:
                yield from self._expression(one.words)

    def _macro(self, arguments: Sequence[Argument]) -> Iterator[Use]:
        if not arguments or not arguments[0].words or not _plain(arguments[0].words[0]):
            return
        name = arguments[0].words[0]
        yield self._use(MACRO, name, defines="macro")
        for word in _parameters(".macro", arguments):
            yield self._parameter(word, True)
        yield from self._open(arguments[0].words[3:], ("", ""))
        for one in arguments[1:]:
            if one.name is not None:
                yield from self._open(one.words, (name.text, one.name.text))

    def _declaration(self, head: str, arguments: Sequence[Argument]) -> Iterator[Use]:
        row = DIRECTIVES[head]
        for field_name, one in bound((*row.required, *row.optional), arguments):
            words = one.words
            if field_name == "name" and (head in DECLARES or head == ".samples"):
                table = DECLARES.get(head, "input")
                defines = table if head in DECLARES else ""
                yield from (self._use(table, word, defines) for word in words[:1] if word.kind in ("name", "string"))
            elif field_name == "shape":
                yield from (self._use(SHAPE, word) for word in words if word.kind in ("name", "shape"))
            elif field_name in ("bits", "zero", "packed", "macs", "columns", "address", "count"):
                yield from self._expression(words)

    def _use(self, kind: str, word: Word, defines: str = "", of: tuple[str, str] = ("", "")) -> Use:
        quoted = word.kind == "string"
        name = word.text[1:-1] if quoted else word.text
        return Use(kind, name, self.number, word.column + quoted, len(name), defines, GLOBAL, of)

    def _symbol(self, word: Word, defines: str = "") -> Use:
        """A constant or a label, with the block that has it for its own."""
        use = self._use(SYMBOL, word, defines)
        block = self.block
        while block != GLOBAL:
            if word.text in self.index.blocks[block].locals:
                return use._replace(scope=block)
            block = self.index.blocks[block].above
        return use

    def _parameter(self, word: Word, defines: bool = False) -> Use:
        """A parameter, with the block that has it."""
        use = self._use(PARAMETER, word, "parameter" if defines else "")
        block = self.block
        while block != GLOBAL:
            if word.text in self.index.blocks[block].parameters:
                return use._replace(scope=block)
            block = self.index.blocks[block].above
        return use


def _plain(word: Word) -> bool:
    return word.kind == "name"


Field = TypeVar("Field", Operand, str)


def bound(fields: tuple[Field, ...], arguments: Sequence[Argument]) -> Iterator[tuple[Field | None, Argument]]:
    """Each argument with the operand or field that it stands for; None where there is no such."""
    by_name = {one if isinstance(one, str) else one.name: one for one in fields}
    for place, one in enumerate(arguments):
        if one.name is not None:
            yield by_name.get(one.name.text), one
        else:
            yield fields[place] if place < len(fields) else None, one


def kind_of_table(table: str) -> OperandKind | None:
    """The kind of operand that names an entry of a table."""
    return next((kind for kind in KINDS.values() if kind.table == table), None)
