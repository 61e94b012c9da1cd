"""What can stand at the cursor, and which operand it is in."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from acortex.isa.arithmetic.tensors import ENCODINGS
from acortex.isa.asm.directives import DIRECTIVES as DECLARATIONS
from acortex.isa.asm.directives import ENDINGS, FIELDS, FLAGS, TEXT
from acortex.isa.asm.parser import DATA_DIRECTIVES
from acortex.isa.data import TYPES
from acortex.isa.manual import syntax
from acortex.isa.operands import KINDS, PACKED, OperandKind
from acortex.isa.table import MNEMONICS, Operand
from acortex.tools.editor import texts
from acortex.tools.editor.family import Family
from acortex.tools.editor.hover import Known
from acortex.tools.editor.index import GLOBAL, MACRO, NUMBERS, SYMBOL, Index, bound
from acortex.tools.editor.sources import is_uri
from acortex.tools.editor.values import Values
from acortex.tools.editor.words import Argument, Line, Word, line_of

MOST_FILES = 200
"""Files of a folder that are suggested."""

_ARRAYS = (".npz", ".npy")
NAMED = {".include": (".s",), **dict.fromkeys((*DATA_DIRECTIVES, ".constants"), _ARRAYS)}
"""The directives that name files, and how these end."""

MOST_REGISTERS = 64
"""Registers of one kind that are suggested."""

FIELD_CHOICES = {"encode": tuple(ENCODINGS), "type": tuple(TYPES), "host": tuple(FLAGS), "packed": PACKED}

_BEHIND = re.compile(r"[A-Za-z0-9_.\\]*", re.ASCII)
_AHEAD = re.compile(r"[A-Za-z0-9_.]*", re.ASCII)
"""A word that ends at a place, with its backslash, and one that begins there."""


class Item(NamedTuple):
    """What can stand at a place: its text, what it is, a line about it, and more as Markdown."""

    text: str
    what: str
    detail: str = ""
    doc: str = ""


class Completion(NamedTuple):
    """All that can stand at a place, and the columns whose text it takes the place of."""

    items: list[Item]
    start: int
    end: int


class Signature(NamedTuple):
    """A statement that is being written: its form, its operands with what each means, and the one that is written."""

    label: str
    doc: str
    operands: list[tuple[str, str]]
    active: int | None


class Cursor(NamedTuple):
    """Where a cursor is in a line: the words before it, the columns of the word around it, and its argument."""

    before: Line
    start: int
    end: int
    in_comment: bool
    argument: int
    name: str
    """The name before `=` of the argument, if it has one."""
    in_head: bool


def cursor_of(text: str, column: int) -> Cursor:
    """Where a cursor is."""
    column = min(column, len(text))
    start = column - len(_word_from(text[:column][::-1], _BEHIND))
    end = column + len(_word_from(text[column:], _AHEAD))
    comment = line_of(text).comment
    before = line_of(text[:start])
    commas = sum(word.text == "," for word in before.words)
    in_comment = comment is not None and column > comment.column
    return Cursor(before, start, end, in_comment, commas, _name_before(before, text[:start]), before.head is None)


def _word_from(text: str, letters: re.Pattern[str]) -> str:
    """The word that a text begins with."""
    found = letters.match(text)
    return found[0] if found else ""


def _name_before(before: Line, text: str) -> str:
    """The name before `=` of the argument that a text ends in."""
    last = before.arguments[-1] if before.arguments else None
    if last is None or text.rstrip().endswith(","):
        return ""
    if last.name:
        return last.name.text
    return last.words[0].text if last.words and text.rstrip().endswith("=") else ""


def complete(known: Known, file: str, line: int, column: int) -> Completion:
    """What can stand at a place."""
    index = known.family.files[file]
    text = index.lines[line] if 0 <= line < len(index.lines) else ""
    cursor = cursor_of(text, column)
    if cursor.in_comment or text[: cursor.start].count('"') % 2:
        return _in_quotes(file, text, cursor, column)
    written = text[cursor.start : column]
    if "\\" in written:
        start = cursor.start + written.rindex("\\")
        return Completion(list(_parameters(index, line)), start, cursor.end)
    if cursor.in_head:
        return Completion(list(_heads(known.family)), cursor.start, cursor.end)
    return Completion(list(_operands(known, file, cursor)), cursor.start, cursor.end)


def _in_quotes(file: str, text: str, cursor: Cursor, column: int) -> Completion:
    """The files that a string may name; nothing in a comment."""
    head = cursor.before.head
    quote = text.rfind('"', 0, column)
    end = text.find('"', column)
    if cursor.in_comment or quote < 0 or head is None or head.text not in NAMED:
        return Completion([], column, column)
    return Completion(list(_files(file, NAMED[head.text])), quote + 1, end if end >= 0 else len(text))


def _files(file: str, suffixes: tuple[str, ...]) -> Iterator[Item]:
    """Files of the folder of a source and of the folders in it."""
    if is_uri(file):
        return
    folder = os.path.dirname(file)
    try:
        inside = [entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
        places = [folder, *(os.path.join(folder, name) for name in sorted(inside)[:MOST_FILES])]
        names = [os.path.join(place, name) for place in places for name in sorted(os.listdir(place))]
    except OSError:
        return
    found = [name for name in names if name.endswith(suffixes) and name != file]
    for name in found[:MOST_FILES]:
        yield Item(os.path.relpath(name, folder).replace(os.sep, "/"), "file")


def _parameters(index: Index, line: int) -> Iterator[Item]:
    block = index.block_of[line] if line < len(index.block_of) else GLOBAL
    while block != GLOBAL:
        yield from (Item(f"\\{name}", "parameter") for name in sorted(index.blocks[block].parameters))
        block = index.blocks[block].above


def _heads(family: Family) -> Iterator[Item]:
    """What a line may begin with."""
    for name, row in MNEMONICS.items():
        yield Item(name, "mnemonic", syntax(row), row.doc)
    for name in (*DECLARATIONS, *TEXT, *ENDINGS):
        yield Item(name, "directive", texts.directive_syntax(name), texts.directive(name))
    for key in family.defined(MACRO):
        yield Item(key.name, "macro", " ".join((key.name, ", ".join(family.parameters(key.name)))).strip())


def _operands(known: Known, file: str, cursor: Cursor) -> Iterator[Item]:
    """What an argument may be: values of its kind, and names of operands that are not given yet."""
    head = cursor.before.head
    assert head is not None
    if head.text in MNEMONICS:
        row = MNEMONICS[head.text]
        one = row.by_name.get(cursor.name) if cursor.name else _at(row.operands, cursor.argument)
        if one is not None:
            yield from of_kind(known, one.kind)
        if not cursor.name:
            given = _given(row.operands, cursor)
            yield from (
                Item(f"{each.name}=", "operand", texts.written(each.kind), each.doc)
                for each in row.operands
                if each.name not in given
            )
    elif head.text in DECLARATIONS:
        yield from _fields(known, head.text, cursor)
    elif head.kind == "directive":
        yield from _of_text(known, head.text, cursor)
    else:
        yield from _of_macro(known, head.text, cursor)


def _at(operands: tuple[Operand, ...], place: int) -> Operand | None:
    return operands[place] if place < len(operands) else None


def _given(operands: tuple[Operand, ...], cursor: Cursor) -> set[str]:
    """The operands that stand before the cursor."""
    found = bound(operands, [one for one in cursor.before.arguments if one.words])
    return {one.name for one, _ in found if one is not None}


def of_kind(known: Known, kind: OperandKind) -> Iterator[Item]:
    """What an operand of a kind may be."""
    yield from (Item(choice, "choice", kind.doc) for choice in (*kind.choices, *(word for word, _ in kind.words)))
    if kind.table and kind.table != "label":
        yield from _of_table(known, kind.table)
    elif kind.prefix:
        yield from _registers(known.values(), kind)
    elif not kind.choices:
        yield from _symbols(known.family, known.values(), kind.table == "label")


def _registers(values: Values, kind: OperandKind) -> Iterator[Item]:
    """Names of registers of a kind, and registers."""
    for name, value in values.items():
        if isinstance(value, str) and value.startswith(kind.prefix):
            yield Item(name, "constant", f"is {value}")
    yield from (Item(f"{kind.prefix}{number}", "register", kind.doc) for number in kind.registers[:MOST_REGISTERS])


def _symbols(family: Family, values: Values, labels_alone: bool = False) -> Iterator[Item]:
    """Constants that are numbers, and labels."""
    for key in family.defined(SYMBOL):
        what = family.definitions(key)[0].use.defines
        value = values.get(key.name)
        if not isinstance(value, str) and (what == "label" or not labels_alone):
            yield Item(key.name, what, "" if value is None else f"= {value}")


def _of_table(known: Known, table: str) -> Iterator[Item]:
    """The names of a table of the program; of layers also those that no directive declares."""
    names = {key.name for key in known.family.places if key.kind == table and key.scope == GLOBAL}
    for name in sorted(names):
        yield Item(name if name.replace("_", "a").replace(".", "a").isalnum() else f'"{name}"', "name", table)


def _fields(known: Known, head: str, cursor: Cursor) -> Iterator[Item]:
    """Fields of a declaration, and what they may be."""
    row = DECLARATIONS[head]
    names = (*row.required, *row.optional)
    yield from _of_field(known, head, cursor.name or "".join(names[cursor.argument : cursor.argument + 1]))
    if not cursor.name:
        given = {"name", *(one.name.text for one in cursor.before.arguments if one.name)}
        left = [one for one in names[min(cursor.argument, len(row.required)) :] if one not in given]
        yield from (Item(f"{one}=", "operand", FIELDS[one]) for one in left)


def _of_field(known: Known, head: str, name: str) -> Iterator[Item]:
    """What a field of a declaration may be."""
    yield from (Item(choice, "choice", FIELDS[name]) for choice in FIELD_CHOICES.get(name, ()))
    if name in (*NUMBERS, "shape"):
        yield from _symbols(known.family, known.values())
    elif (head, name) == (".samples", "name"):
        yield from _of_table(known, "input")
    elif (head, name) == (".chip", "name"):
        yield from _chips()


def _chips() -> Iterator[Item]:
    from acortex.sim.chip.chip_files import chip_names

    yield from (Item(name, "choice", "a built-in chip") for name in chip_names())


def _of_text(known: Known, head: str, cursor: Cursor) -> Iterator[Item]:
    """What stands behind a directive of the text itself."""
    if head in (".equ", ".name", ".macro", ".local") and cursor.argument == 0:
        return
    if head in (".ifdef", ".ifndef"):
        yield from (Item(key.name, "macro") for key in known.family.defined(MACRO))
    if head == ".name":
        for kind in KINDS.values():
            if kind.prefix and kind.name != "by":
                yield from (Item(f"{kind.prefix}{number}", "register", kind.doc) for number in list(kind.registers)[:8])
        return
    yield from _symbols(known.family, known.values())


def _of_macro(known: Known, macro: str, cursor: Cursor) -> Iterator[Item]:
    """What an argument of a call may be, by what the macro does with it."""
    family = known.family
    names = family.parameters(macro)
    kinds = family.uses_of((macro, cursor.name or str(cursor.argument)))
    found = {item.text: item for kind in kinds for item in of_kind(known, kind)}
    yield from found.values() or _symbols(family, known.values())
    if not cursor.name:
        yield from (Item(f"{name}=", "operand", f"of the macro {macro}") for name in names)


def signature(known: Known, file: str, line: int, column: int) -> Signature | None:
    """The statement around a place; None where the place is in none."""
    index = known.family.files[file]
    text = index.lines[line] if 0 <= line < len(index.lines) else ""
    cursor = cursor_of(text, column)
    head = cursor.before.head
    if head is None or cursor.in_comment:
        return None
    label, doc, operands = _form(known.family, head)
    if not label:
        return None
    names = [name.partition("=")[0].strip("[") for name, _ in operands]
    name = cursor.name or _name_under(line_of(text).arguments, cursor.start)
    active = names.index(name) if name in names else cursor.argument if cursor.argument < len(names) else None
    return Signature(label, doc, operands, active)


def _name_under(arguments: Iterable[Argument], column: int) -> str:
    """The name of the argument at a place, where it has one."""
    return next((one.name.text for one in arguments if one.name and one.start <= column <= one.end), "")


def _form(family: Family, head: Word) -> tuple[str, str, list[tuple[str, str]]]:
    """The form of a statement, what it does, and its operands as the form writes them."""
    if head.text in MNEMONICS:
        row = MNEMONICS[head.text]
        docs = [f"{one.doc}: {texts.written(one.kind)}" for one in row.operands]
        return syntax(row), row.doc, list(zip(_parts(syntax(row)), docs, strict=True))
    if head.text in DECLARATIONS:
        declaration, label = DECLARATIONS[head.text], texts.directive_syntax(head.text)
        docs = [FIELDS[one] for one in (*declaration.required, *declaration.optional)]
        return label, declaration.doc, list(zip(_parts(label), docs, strict=True))
    if head.text in TEXT:
        form, doc = TEXT[head.text]
        return form, doc, [(part, "") for part in _parts(form)]
    label = f"{head.text} {', '.join(family.parameters(head.text))}".strip()
    return label if family.macro(head.text) else "", "", [(part, "") for part in _parts(label)]


def _parts(form: str) -> list[str]:
    """The operands of a form."""
    return [part.strip() for part in form.partition(" ")[2].split(",") if part.strip()]
