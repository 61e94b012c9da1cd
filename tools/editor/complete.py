"""What can stand at the cursor, and which operand it is in."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from acortex.isa.arithmetic.tensors import ENCODINGS
from acortex.isa.asm.directives import DIRECTIVES as DECLARATIONS
from acortex.isa.asm.directives import ENDINGS, FIELDS, FLAGS, TEXT
from acortex.isa.data import TYPES
from acortex.isa.manual import syntax
from acortex.isa.operands import KINDS, PACKED, OperandKind
from acortex.isa.table import MNEMONICS, Operand
from acortex.tools.editor import texts
from acortex.tools.editor.family import Family
from acortex.tools.editor.hover import Known
from acortex.tools.editor.index import GLOBAL, MACRO, SYMBOL, Index, bound
from acortex.tools.editor.values import Values
from acortex.tools.editor.words import Argument, Line, Word, line_of

MOST_FILES = 200
"""Files of a folder that are suggested."""

FIELD_CHOICES = {"encode": tuple(ENCODINGS), "type": tuple(TYPES), "host": tuple(FLAGS), "packed": PACKED}

NUMBERS = ("bits", "zero", "macs", "columns", "address", "count", "shape")
"""Fields that are expressions, or made of such."""


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
    start = column
    while start > 0 and (text[start - 1].isalnum() or text[start - 1] in "_.\\"):
        start -= 1
    end = column
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    whole = line_of(text)
    in_comment = whole.comment is not None and column > whole.comment.column
    before = line_of(text[:start])
    last = before.arguments[-1] if before.arguments else None
    commas = sum(word.text == "," for word in before.words)
    named = text[:start].rstrip()
    name = ""
    if last is not None and not named.endswith(","):
        name = last.name.text if last.name else last.words[0].text if named.endswith("=") and last.words else ""
    return Cursor(before, start, end, in_comment, commas, name, before.head is None)


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
    if cursor.in_comment or quote < 0 or not os.path.isabs(file) or head is None or head.kind != "directive":
        return Completion([], column, column)
    suffixes = (".s",) if head.text == ".include" else (".npz", ".npy")
    end = text.find('"', column)
    return Completion(list(_files(file, suffixes)), quote + 1, end if end >= 0 else len(text))


def _files(file: str, suffixes: tuple[str, ...]) -> Iterator[Item]:
    """Files of the folder of a source and of the folders in it."""
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
        return
    if kind.choices:
        return
    values = known.values()
    if kind.prefix:
        yield from (
            Item(name, "constant", f"is {value}")
            for name, value in values.items()
            if isinstance(value, str) and value.startswith(kind.prefix)
        )
        yield from (Item(f"{kind.prefix}{number}", "register", kind.doc) for number in list(kind.registers)[:64])
    else:
        yield from _symbols(known.family, values, kind.table == "label")


def _symbols(family: Family, values: Values, labels_alone: bool = False) -> Iterator[Item]:
    """Constants that are numbers, and labels."""
    for key in family.defined(SYMBOL):
        is_label = any(place.use.defines == "label" for place in family.definitions(key))
        value = values.get(key.name)
        if isinstance(value, str) or (labels_alone and not is_label):
            continue
        yield Item(key.name, "label" if is_label else "constant", "" if value is None else f"= {value}")


def _of_table(known: Known, table: str) -> Iterator[Item]:
    """The names of a table of the program; of layers also those that no directive declares."""
    names = {key.name for key in known.family.places if key.kind == table and key.scope == GLOBAL}
    for name in sorted(names):
        yield Item(name if name.replace("_", "a").replace(".", "a").isalnum() else f'"{name}"', "name", table)


def _fields(known: Known, head: str, cursor: Cursor) -> Iterator[Item]:
    """Fields of a declaration, and what they may be."""
    row = DECLARATIONS[head]
    names = (*row.required, *row.optional)
    place = names[cursor.argument] if cursor.argument < len(names) else ""
    name = cursor.name or place
    yield from (Item(choice, "choice", FIELDS[name]) for choice in FIELD_CHOICES.get(name, ()))
    if name in NUMBERS:
        yield from _symbols(known.family, known.values())
    if head == ".samples" and name == "name":
        yield from _of_table(known, "input")
    if head == ".chip" and name == "name":
        yield from _chips()
    if not cursor.name:
        given = {one.name.text for one in cursor.before.arguments if one.name}
        left = [one for one in names[min(cursor.argument, len(row.required)) :] if one not in given]
        yield from (Item(f"{one}=", "operand", FIELDS[one]) for one in left if one != "name")


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
    seen: set[str] = set()
    for kind in family.uses_of((macro, cursor.name or str(cursor.argument))):
        for item in of_kind(known, kind):
            if item.text not in seen:
                seen.add(item.text)
                yield item
    if not seen:
        yield from _symbols(family, known.values())
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
        label = syntax(row)
        parts = label.partition(" ")[2].split(", ") if row.operands else []
        docs = [f"{one.doc}: {texts.written(one.kind)}" for one in row.operands]
        return label, row.doc, list(zip(parts, docs, strict=True))
    if head.text in DECLARATIONS:
        declaration = DECLARATIONS[head.text]
        names = [*declaration.required, *(f"[{one}=]" for one in declaration.optional)]
        docs = [FIELDS[one] for one in (*declaration.required, *declaration.optional)]
        return texts.directive_syntax(head.text), declaration.doc, list(zip(names, docs, strict=True))
    if head.text in TEXT:
        form, doc = TEXT[head.text]
        return form, doc, [(part.strip(), "") for part in form.partition(" ")[2].split(",") if part.strip()]
    if family.macro(head.text) is not None:
        parameters = family.parameters(head.text)
        return f"{head.text} {', '.join(parameters)}".strip(), "", [(name, "") for name in parameters]
    return "", "", []
