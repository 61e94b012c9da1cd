"""The names of one source: where each is defined and used, by what it names. A pure function of the text.

Nothing is expanded: a macro's lines are read where they stand. What an argument of a call names follows from what the
macro does with it, which `acortex.tools.editor.family` finds out among all files of a program.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NamedTuple, TypeVar

from acortex.isa.asm.directives import DIRECTIVES
from acortex.isa.asm.expansion import ENDS
from acortex.isa.operands import OperandKind
from acortex.isa.table import MNEMONICS, Operand
from acortex.tools.editor.vocabulary import REGISTER
from acortex.tools.editor.words import GLUED, TEXT, Argument, Line, Word, line_of, names_in, parameters_of

SYMBOL, MACRO, REGISTERS, PARAMETER, FILE = "symbol", "macro", "register", "parameter", "file"
ARGUMENT, SHAPE = "argument", "shape"
"""Kinds of names, beside the tables of a program. What an argument of a call and a part of a shape name is open yet."""

TABLES = ("weights", "constants", "input", "output", "part", "layer", "result")
"""The tables of a program that have names."""

DECLARES = {f".{table}": table for table in TABLES}
"""The directives that declare a name of a table."""

NAMES = {**DECLARES, ".samples": "input"}
"""The tables whose names stand first in declarations."""

NUMBERS = ("bits", "zero", "packed", "macs", "columns", "address", "count")
"""The fields that are expressions."""

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
        head = line.first
        index.block_of.append(open_[-1] if open_ else GLOBAL)
        if head in ENDS:
            _begin(index, number, head, line.arguments, open_)
        elif head in ENDING:
            _end(index, number, head, open_)
        elif head == ".local" and open_:
            _make_local(index, open_[-1], line.arguments)


def _begin(index: Index, number: int, head: str, arguments: Sequence[Argument], open_: list[int]) -> None:
    block = Block(head, number, len(index.parts) - 1, index.block_of[-1])
    block.parameters.update(word.text for word in _parameters(head, arguments))
    index.blocks.append(block)
    open_.append(len(index.blocks) - 1)
    index.block_of[-1] = open_[-1]


def _end(index: Index, number: int, head: str, open_: list[int]) -> None:
    """Ends the innermost block of the kind, and those in it that have no end."""
    wanted = ENDS[ENDING[head]]
    while open_ and ENDS[index.blocks[open_[-1]].head] != wanted:
        open_.pop()
    if open_:
        index.blocks[open_.pop()].end = number


def _make_local(index: Index, block: int, arguments: Sequence[Argument]) -> None:
    """Gives names to the macro or the repetition that a line of a block belongs to."""
    while block != GLOBAL and index.blocks[block].head not in (".macro", ".rept"):
        block = index.blocks[block].above
    if block != GLOBAL:
        index.blocks[block].locals.update(word.text for one in arguments for word in one.words)


def _parameters(head: str, arguments: Sequence[Argument]) -> list[Word]:
    """The words that name the parameters of a macro, or the turn of a repetition."""
    if head == ".rept":
        return names_in(word for one in arguments[1:2] for word in one.words[:1])
    if head != ".macro" or not arguments or arguments[0].name is not None:
        return []
    behind = (one.name or next(iter(one.words), None) for one in arguments[1:])
    return names_in(word for word in (*arguments[0].words[1:2], *behind) if word is not None)


@dataclass(slots=True)
class _Reading:
    """One line on its way into uses."""

    index: Index
    number: int
    block: int

    def uses(self, line: Line) -> list[Use]:
        """All names of a line."""
        found = [self._symbol(word, "label") for word in names_in(line.labels)]
        if line.head is not None:
            found += self._statement(line.head, line.arguments)
        glued = [word for word in line.words if word.kind in (GLUED, TEXT)]
        found += (self._parameter(one) for word in glued for one in parameters_of(word))
        return sorted(found, key=lambda use: use.column)

    def _statement(self, head: Word, arguments: Sequence[Argument]) -> Iterator[Use]:
        if head.kind == "directive":
            yield from self._directive(head.text, arguments)
        elif head.text in MNEMONICS:
            for operand, one in bound(MNEMONICS[head.text].operands, arguments):
                yield from self._operand(operand, one) if operand is not None else ()
        elif head.kind == "name":
            yield from self._call(head, arguments)

    def _call(self, head: Word, arguments: Sequence[Argument]) -> Iterator[Use]:
        yield self._use(MACRO, head)
        for place, one in enumerate(arguments):
            of = head.text, one.stands_for(place)
            if one.name:
                yield self._use(PARAMETER, one.name, of=of)
            yield from self._open(one.words, of)

    def _operand(self, operand: Operand, one: Argument) -> Iterator[Use]:
        kind = operand.kind
        if kind.choices:
            return
        if kind.table and kind.table != "label":
            yield from (self._use(kind.table, word) for word in names_in(one.words[:1], "string"))
        else:
            yield from self._expression(one.words, kind)

    def _expression(self, words: Sequence[Word], kind: OperandKind | None = None) -> Iterator[Use]:
        """The constants, labels and registers of an expression."""
        spoken = [word for word, _ in kind.words] if kind else []
        for word in names_in(words):
            if word.text not in spoken:
                yield self._use(REGISTERS, word) if REGISTER.fullmatch(word.text) else self._symbol(word)

    def _open(self, words: Sequence[Word], of: tuple[str, str]) -> Iterator[Use]:
        """The names of an argument, which may be of any kind."""
        for word in names_in(words, "string"):
            if REGISTER.fullmatch(word.text):
                yield self._use(REGISTERS, word)
            else:
                found = self._symbol(word)
                yield found if found.scope != GLOBAL else self._use(ARGUMENT, word, of=of)

    def _directive(self, head: str, arguments: Sequence[Argument]) -> Iterator[Use]:
        if head in DIRECTIVES:
            for field_name, one in bound((*DIRECTIVES[head].required, *DIRECTIVES[head].optional), arguments):
                yield from self._field(head, field_name or "", one.words)
        elif head in self._READ:
            yield from self._READ[head](self, arguments)
        else:
            for one in arguments:
                yield from self._expression(one.words)

    def _constant(self, arguments: Sequence[Argument]) -> Iterator[Use]:
        values = {one.stands_for(place): one.words for place, one in enumerate(arguments)}
        yield from (self._symbol(word, "constant") for word in names_in(values.get("name", values.get("0", ()))[:1]))
        yield from self._expression(values.get("value", values.get("1", ())))

    def _macro(self, arguments: Sequence[Argument]) -> Iterator[Use]:
        for name in names_in(word for one in arguments[:1] for word in one.words[:1]):
            yield self._use(MACRO, name, defines="macro")
            yield from (self._parameter(word, True) for word in _parameters(".macro", arguments))
            yield from self._open(arguments[0].words[3:], ("", ""))
            for one in arguments[1:]:
                yield from self._open(one.words, (name.text, one.name.text)) if one.name else ()

    def _rept(self, arguments: Sequence[Argument]) -> Iterator[Use]:
        yield from self._expression(arguments[0].words if arguments else ())
        yield from (self._parameter(word, True) for word in _parameters(".rept", arguments))

    def _file(self, arguments: Sequence[Argument]) -> Iterator[Use]:
        yield from (self._use(FILE, one.words[0]) for one in arguments[:1] if one.words)

    def _condition(self, arguments: Sequence[Argument]) -> Iterator[Use]:
        yield from (self._use(ARGUMENT, word) for one in arguments for word in names_in(one.words))

    _READ: ClassVar = {
        ".equ": _constant, ".name": _constant, ".macro": _macro, ".rept": _rept, ".include": _file,
        ".ifdef": _condition, ".ifndef": _condition,
    }  # fmt: skip
    """What reads the directives of the text itself; the others are expressions."""

    def _field(self, head: str, name: str, words: Sequence[Word]) -> Iterator[Use]:
        """A field of a declaration."""
        if name == "name" and head in NAMES:
            defines = DECLARES.get(head, "")
            yield from (self._use(NAMES[head], word, defines) for word in names_in(words[:1], "string"))
        elif name == "shape":
            yield from (self._use(SHAPE, word) for word in names_in(words, "shape"))
        elif name in NUMBERS:
            yield from self._expression(words)

    def _use(self, kind: str, word: Word, defines: str = "", of: tuple[str, str] = ("", "")) -> Use:
        quoted = word.kind == "string"
        name = word.text[1:-1] if quoted else word.text
        return Use(kind, name, self.number, word.column + quoted, len(name), defines, GLOBAL, of)

    def _symbol(self, word: Word, defines: str = "") -> Use:
        """A constant or a label, with the block that has it for its own."""
        return self._scoped(self._use(SYMBOL, word, defines), "locals")

    def _parameter(self, word: Word, defines: bool = False) -> Use:
        """A parameter, with the block that has it."""
        return self._scoped(self._use(PARAMETER, word, "parameter" if defines else ""), "parameters")

    def _scoped(self, use: Use, names: str) -> Use:
        block = self.block
        while block != GLOBAL:
            if use.name in getattr(self.index.blocks[block], names):
                return use._replace(scope=block)
            block = self.index.blocks[block].above
        return use


Field = TypeVar("Field", Operand, str)


def bound(fields: tuple[Field, ...], arguments: Sequence[Argument]) -> Iterator[tuple[Field | None, Argument]]:
    """Each argument with the operand or field that it stands for; None where there is no such."""
    by_name = {one if isinstance(one, str) else one.name: one for one in fields}
    for place, one in enumerate(arguments):
        if one.name is not None:
            yield by_name.get(one.name.text), one
        else:
            yield fields[place] if place < len(fields) else None, one
