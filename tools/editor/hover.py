"""What stands under the cursor, in words: instructions with values and costs, constants, labels, macros, registers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from acortex.isa.asm.directives import FIELDS
from acortex.isa.operands import KINDS
from acortex.isa.table import MNEMONICS, InstructionRow, Operand
from acortex.tools.editor import texts
from acortex.tools.editor.check import Checked
from acortex.tools.editor.costs import Costs
from acortex.tools.editor.family import Family, Key
from acortex.tools.editor.index import FILE, MACRO, PARAMETER, REGISTERS, SYMBOL, TABLES, Index, Use, bound
from acortex.tools.editor.values import Values, expression_of, value_of, values_of
from acortex.tools.editor.vocabulary import DIRECTIVES, REGISTER
from acortex.tools.editor.words import Argument, Line, Word, word_at

LONGEST = 200
"""Characters of a line that are shown of another place."""

WHAT = {SYMBOL: "constant", "weights": "matrix of weights", "constants": "table of constants", "input": "input",
        "output": "output", "part": "part of the host", "layer": "layer", "result": "result of the host"}  # fmt: skip


class Hover(NamedTuple):
    """A text about some columns of a line, as Markdown."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Known:
    """What is known of a program: its names, and what was found when it was last checked, if that was of this text."""

    family: Family
    checked: Checked | None = None
    costs: Costs | None = None

    def values(self) -> Values:
        """The constants, and the labels where it assembled."""
        return values_of(self.family, self.checked.labels if self.checked else None)


def hover(known: Known, file: str, line: int, column: int) -> Hover | None:
    """What stands at a place; None where that is nothing to speak of."""
    index = known.family.files[file]
    if not 0 <= line < len(index.parts):
        return None
    parts = index.parts[line]
    word = word_at(parts.words, column)
    if word is None:
        return None
    if word is parts.head and (word.text in MNEMONICS or word.text in DIRECTIVES):
        return Hover(_head(known, file, line, parts), word.column, word.end)
    argument = next((one for one in parts.arguments if one.name is word), None)
    found = known.family.at(file, line, column)
    if found is not None:
        text = _name(known, *found, file, line)
        return Hover(text, found[1].column, found[1].column + found[1].length) if text else None
    text = _operand(known, parts, argument, word) or _number(parts, word, known)
    return Hover(text, word.column, word.end) if text else None


def _head(known: Known, file: str, line: int, parts: Line) -> str:
    """The instruction or the directive of a line."""
    assert parts.head is not None
    if parts.head.text not in MNEMONICS:
        return texts.directive(parts.head.text)
    row = MNEMONICS[parts.head.text]
    values = known.values()
    given = {one.name: argument for one, argument in bound(row.operands, parts.arguments) if one is not None}
    text = texts.instruction(row, lambda one: value_text(given.get(one.name), one, values))
    return "\n\n".join(filter(None, (text, _cost(known, file, line))))


def _cost(known: Known, file: str, line: int) -> str:
    if known.checked is None or known.costs is None:
        return ""
    addresses = known.checked.addresses.get((file, line), [])
    return texts.cost(known.costs, addresses) if addresses else ""


def value_text(argument: Argument | None, operand: Operand, values: Values) -> str:
    """The value of an argument as the table of an instruction has it; nothing where it is left out."""
    if argument is None:
        return ""
    shown = " ".join(word.text for word in argument.words)[:60]
    kind = operand.kind
    if kind.choices or (kind.table and kind.table != "label") or shown in (word for word, _ in kind.words):
        return f"`{shown}`" if shown else ""
    value = value_of(argument.words, values)
    if value is None or str(value) == shown:
        return f"`{shown}`" if shown else ""
    outside = isinstance(value, int) and not kind.prefix and value not in kind.numbers
    return f"`{shown}` = {value}{' (out of range)' if outside else ''}"


def _name(known: Known, key: Key, use: Use, file: str, line: int) -> str:
    """A name: what it is, its value, and where it is defined."""
    if key.kind == FILE:
        return f"included file `{key.name}`"
    if key.kind == MACRO:
        return texts.macro(known.family, key.name)
    if key.kind == PARAMETER:
        return f"parameter `{key.name}`"
    if key.kind == REGISTERS:
        return _register(known.family.files[file], key.name, line)
    definitions = known.family.definitions(key)
    if not definitions:
        return ""
    place = definitions[0]
    index = known.family.files[place.file]
    shown = texts.code(index.lines[place.use.line].strip()[:LONGEST])
    head = _what(known, key, definitions[0].use, index)
    where = "" if place.file == file else f"in {place.file.rpartition('/')[2]}:{place.use.line + 1}"
    return "\n\n".join(filter(None, (head, shown, where, texts.comment_above(index.lines, place.use.line))))


def _what(known: Known, key: Key, use: Use, index: Index) -> str:
    """What a name is, with its value."""
    if use.defines == "label":
        address = known.checked.labels.get(key.name) if known.checked else None
        return f"label `{key.name}`" + ("" if address is None else f": instruction {address}")
    if key.kind in TABLES:
        return f"{WHAT[key.kind]} `{key.name}`"
    value = known.values().get(key.name)
    if value is None and key.scope >= 0:
        value = value_of(expression_of(index.parts[use.line].arguments), known.values())
    if isinstance(value, int):
        return f"constant `{key.name}` = {value}" + (f" = {value:#x}" if abs(value) > 9 else "")
    return f"`{key.name}`" + (f" is {value}, {_kind(value)}" if value else ", of no value that is known here")


def _kind(register: str) -> str:
    """What a register is."""
    return next((kind.doc for kind in KINDS.values() if kind.prefix == register[:1]), "a register")


def _register(index: Index, name: str, line: int) -> str:
    """A register, and the lines above that set it."""
    setters = [number for number in setters_of(index, name) if number <= line][-1:]
    shown = [texts.code(index.lines[number].strip()[:LONGEST]) + f"\n\nline {number + 1}" for number in setters]
    return "\n\n".join((f"`{name}`: {_kind(name)}", *shown))


def setters_of(index: Index, name: str) -> Sequence[int]:
    """The lines that set a register: of a token those that make it."""
    kinds = [kind.name for kind in KINDS.values() if kind.prefix == name[:1]]
    mnemonics = {texts.REGISTER_WORDS[kind] for kind in kinds if kind in texts.REGISTER_WORDS} or {"signal"}
    return [
        use.line
        for use in index.uses
        if use.kind == REGISTERS
        and use.name == name
        and (head := index.parts[use.line].head) is not None
        and head.text in mnemonics
        and _is_first(index.parts[use.line], use, head.text)
    ]


def _is_first(parts: Line, use: Use, mnemonic: str) -> bool:
    """Whether a register is what an instruction sets: its first operand, of `signal` the second."""
    place = 1 if mnemonic == "signal" else 0
    name = MNEMONICS[mnemonic].operands[place].name
    for number, one in enumerate(parts.arguments):
        if (one.name.text == name) if one.name else number == place:
            return any(word.column == use.column for word in one.words)
    return False


def _operand(known: Known, parts: Line, argument: Argument | None, word: Word) -> str:
    """The name of an operand or a field, or one of its choices."""
    head = parts.head.text if parts.head else ""
    row: InstructionRow | None = MNEMONICS.get(head)
    if row is None:
        return f"`{word.text}`: {FIELDS[word.text]}" if argument and word.text in FIELDS else ""
    for one, given in bound(row.operands, parts.arguments):
        if one is not None and (given is argument or (word in given.words and one.kind.choices)):
            return texts.operand(head, one, value_text(given, one, known.values()))
    return ""


def _number(parts: Line, word: Word, known: Known) -> str:
    """A number in the other notation."""
    if word.kind != "number" or REGISTER.fullmatch(word.text):
        return ""
    value = value_of([word], {})
    return f"{value} = {value:#x}" if isinstance(value, int) else ""
