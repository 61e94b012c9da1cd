"""Where a name is defined and used, over all files of its program, and what renaming it changes or why it cannot be."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from acortex.errors import AcortexError, UsageError
from acortex.isa.asm.assembler import assembly_of
from acortex.isa.asm.expansion import is_needed
from acortex.isa.asm.parser import is_reserved
from acortex.isa.codec import Instruction, decode
from acortex.isa.files import Shelf
from acortex.isa.names import is_name
from acortex.isa.operands import KINDS
from acortex.isa.table import MNEMONICS, Operand
from acortex.tools.editor.check import Span
from acortex.tools.editor.family import Family, Key, Place, family_of
from acortex.tools.editor.hover import setters_of
from acortex.tools.editor.index import FILE, GLOBAL, MACRO, PARAMETER, REGISTERS, SYMBOL, TABLES, Index, Use
from acortex.tools.editor.plain_names import is_plain
from acortex.tools.editor.sources import Sources, is_uri
from acortex.tools.editor.vocabulary import REGISTER
from acortex.tools.editor.words import GLUED, word_at
from acortex.tools.editor.words import PARAMETER as WRITTEN_PARAMETER

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)

NOTHING: Mapping[str, Sequence[int]] = MappingProxyType({})

MOST_FAMILIES = 20
"""How often files are added that share a name with those before."""


def span_of(place: Place) -> Span:
    """The place of a use."""
    return Span(place.file, place.use.line, place.use.column, place.use.column + place.use.length)


def files_around(sources: Sources, key: str) -> list[str]:
    """The files of all programs that a text is part of."""
    return list(dict.fromkeys([*(one for root in sources.roots(key) for one in sources.closure(root)), key]))


def definition(sources: Sources, family: Family, file: str, line: int, column: int) -> list[Span]:
    """Where the name at a place is defined: of a file its first line, of a register the line above that sets it."""
    found = family.at(file, line, column)
    if found is None:
        return []
    key, use = found
    if key.kind == FILE:
        named = [one for root in sources.roots(file) for one in sources.included(file, root) if _is_named(one, use)]
        return [Span(one, 0, 0, 0) for one in dict.fromkeys(named) if sources.get(one) is not None]
    if key.kind == REGISTERS:
        return _setter(family, file, key.name, line)
    return [span_of(place) for place in family.definitions(key)] or _first(family, key)


def _setter(family: Family, file: str, name: str, line: int) -> list[Span]:
    """The place above a line that sets a register, or else the first below."""
    index = family.files[file]
    lines = setters_of(index, name)
    nearest = [number for number in lines if number <= line][-1:] or list(lines[:1])
    return [span_of(Place(file, one)) for at in nearest for one in index.by_line[at] if one.name == name][:1]


def _is_named(path: str, use: Use) -> bool:
    return os.path.basename(path) == os.path.basename(use.name)


def _first(family: Family, key: Key) -> list[Span]:
    """The first use of a layer, which declares it."""
    return [span_of(place) for place in family.places.get(key, ())][:1] if key.kind == "layer" else []


def references(family: Family, file: str, line: int, column: int, declaration: bool = True) -> list[Span]:
    """All places where the name at a place is meant; without its declaration those where it is used."""
    found = family.at(file, line, column)
    if found is None or found[0].kind == FILE:
        return []
    return [span_of(place) for place in family.places.get(found[0], ()) if declaration or not place.use.defines]


def renamed(
    sources: Sources, file: str, line: int, column: int, new: str, made: Mapping[str, Sequence[int]] = NOTHING
) -> list[Span]:
    """The places that are to be `new`. Raises UsageError where that is no name, or one that is taken.

    `made` are the words of roots that are assembled already, as they are now.

    A program that assembled makes the same words afterwards: where macros would hide a use, nothing is renamed. Where
    the words of the text show it, nothing is assembled for that.
    """
    family, key = _whole(sources, file, line, column)
    old = key.name
    if new == old:
        return []
    _check_form(key, new)
    _check_free(family, key, new)
    spans = [span_of(place) for place in family.places[key]]
    roots = dict.fromkeys(root for one in dict.fromkeys(span.file for span in spans) for root in sources.roots(one))
    if key.kind != REGISTERS and is_plain(_indices(sources, roots), old, new, spans):
        return spans
    for root in roots:
        _check_same(sources, root, key, spans, new, made.get(root))
    return spans


def _indices(sources: Sources, roots: Iterable[str]) -> dict[str, Index]:
    """The indices of all files of some programs."""
    texts = {file: sources.get(file) for root in roots for file in sources.closure(root)}
    return {file: text.index for file, text in texts.items() if text is not None}


def _check_glued(sources: Sources, root: str, key: Key, new: str) -> None:
    """Refuses a name that a macro may glue together, where no assembly can show whether it does."""
    texts = filter(None, map(sources.get, sources.closure(root)))
    glued = (word for text in texts for line in text.index.parts for word in line.words if word.kind == GLUED)
    word = next((word for word in glued if _may_be(word.text, (key.name, new))), None)
    if word is not None:
        hint = "mend what is wrong first; then a name is changed where the program stays the same"
        raise UsageError(f"a macro may make this name of `{word.text}`, and the program has mistakes", hint=hint)


def _may_be(glued: str, names: Sequence[str]) -> bool:
    """Whether one of some names may become of a word with parameters; of a parameter alone its arguments do."""
    plain = WRITTEN_PARAMETER.sub("\0", glued).split("\0")
    pattern = ".*".join(map(re.escape, plain))
    return any(plain) and any(re.fullmatch(pattern, name) for name in names)


def nameable(sources: Sources, file: str, line: int, column: int) -> tuple[Use, str]:
    """The name at a place that can be renamed. Raises UsageError where there is none."""
    key, use = _at(family_of(sources, files_around(sources, file)), file, line, column)
    return use, key.name


def _at(family: Family, file: str, line: int, column: int) -> tuple[Key, Use]:
    """What the name at a place means, and that name."""
    found = family.at(file, line, column)
    if found is None or found[0].kind == FILE:
        lines = family.files[file].parts
        word = word_at(lines[line].words, column) if 0 <= line < len(lines) else None
        if word is not None and word.kind == GLUED:
            hint = "rename its parameter, or what it makes, by hand"
            raise UsageError(f"`{word.text}` is a name only where a macro is called", hint=hint)
        hint = "constants, labels, macros, parameters, registers and what is declared can be renamed"
        raise UsageError("nothing here has a name that could be another", hint=hint)
    return found


def _whole(sources: Sources, file: str, line: int, column: int) -> tuple[Family, Key]:
    """The meaning of the name at a place, and all files in which it may stand."""
    files = files_around(sources, file)
    for _ in range(MOST_FAMILIES):
        family = family_of(sources, files)
        key = _at(family, file, line, column)[0]
        holding = dict.fromkeys(place.file for place in family.places.get(key, ()))
        wider = list(dict.fromkeys([*files, *(one for held in holding for one in files_around(sources, held))]))
        if len(wider) == len(files) or key.kind == REGISTERS:
            break
        files = wider
    return family, key


def _check_form(key: Key, new: str) -> None:
    """Refuses what is no name of the kind."""
    if key.kind == REGISTERS:
        _check_register(key, new)
    elif key.kind in TABLES:
        if not is_name(new):
            raise UsageError(f"`{new[:40]}` is no name", hint='a name has printable characters, without " and \\')
    elif not _IDENTIFIER.fullmatch(new) or (key.kind == PARAMETER and "." in new):
        raise UsageError(f"`{new[:40]}` is no name", hint="names are letters, digits, _ and ., and begin with a letter")
    elif is_reserved(new) or (key.kind == MACRO and new in MNEMONICS):
        raise UsageError(f"`{new}` is a word of the language", hint="take another name")


def _check_register(key: Key, new: str) -> None:
    """Refuses what is no register of the same kind."""
    kinds = [kind for kind in KINDS.values() if kind.prefix == key.name[:1]]
    if new not in {f"{kind.prefix}{number}" for kind in kinds for number in kind.registers}:
        hint = f"name another {key.name[:1]}N, or give it a name: .name NAME, {key.name}"
        raise UsageError(f"`{new}` is not {kinds[0].doc} like `{key.name}`", hint=hint)


TOGETHER = ((SYMBOL, MACRO), ("output", "result"))
"""Kinds of names of which none may be one of the other."""


def _check_free(family: Family, key: Key, new: str) -> None:
    """Refuses a name that means something already."""
    kinds = next((some for some in TOGETHER if key.kind in some), (key.kind,))
    for other, places in family.places.items():
        if other.kind in kinds and other.name == new and _meet(key, other):
            where = f"{places[0].file.rpartition('/')[2]}:{places[0].use.line + 1}"
            raise UsageError(f"`{new}` is already used, in {where}", hint="take another name")


def _meet(key: Key, other: Key) -> bool:
    """Whether two names of one kind can be taken for each other: names of different blocks cannot."""
    return GLOBAL in (key.scope, other.scope) or (key.file, key.scope) == (other.file, other.scope)


def _check_same(
    sources: Sources, root: str, key: Key, spans: Sequence[Span], new: str, before: Sequence[int] | None
) -> None:
    """Refuses what would make another program of a root that assembles. Without macros, names are where they stand."""
    text = sources.get(root)
    if text is None or not is_needed(text.index.lines):
        return
    before = _words(root, text.text, sources.texts()) if before is None else before
    if before is None:
        return _check_glued(sources, root, key, new)
    changed = dict(sources.texts())
    for file in dict.fromkeys(span.file for span in spans):
        one = sources.get(file)
        if one is not None:
            changed[file] = applied(one.text, [span for span in spans if span.file == file], new)
    after = _words(root, changed.get(root, text.text), changed)
    if after is None or not _is_same(before, after, key, new):
        hint = "a macro or a condition may stand for it in a way that its text does not show; rename it by hand"
        raise UsageError(f"the program would be another one if this were `{new}`", hint=hint)


def _words(root: str, text: str, texts: Mapping[str, str]) -> list[int] | None:
    """The words that a root assembles to; None where it does not."""
    shelf = Shelf(None if is_uri(root) else Path(root).parent, {}, texts)
    try:
        assembly = assembly_of(text, root, shelf)
        assembly.report.finish()
    except AcortexError:
        return None
    return assembly.words


def _is_same(before: Sequence[int], after: Sequence[int], key: Key, new: str) -> bool:
    """Whether two programs are one but for what is renamed: a register is another one wherever it is named."""
    if key.kind != REGISTERS or len(before) != len(after):
        return list(before) == list(after)
    numbers = int(key.name[1:]), int(new[1:])
    return all(
        one.row is other.row and all(_fits(operand, one, other, new[0], numbers) for operand in one.row.operands)
        for one, other in zip(map(decode, before), map(decode, after), strict=True)
    )


def _fits(operand: Operand, one: Instruction, other: Instruction, prefix: str, numbers: tuple[int, int]) -> bool:
    """Whether an operand is what renaming a register makes of it; one that is left out stays what it was."""
    old, new = numbers
    if operand.kind.prefix != prefix or one[operand.name] != old:
        return other[operand.name] == one[operand.name]
    return other[operand.name] == new or (operand.default == old and other[operand.name] == old)


def applied(text: str, spans: Sequence[Span], new: str) -> str:
    """A text with other words at some places."""
    lines = text.split("\n")
    for span in sorted(spans, reverse=True):
        line = lines[span.line]
        lines[span.line] = line[: span.start] + quoted(line, span, new) + line[span.end :]
    return "\n".join(lines)


def quoted(line: str, span: Span, new: str) -> str:
    """A name as the text has it: in quotes where it is no plain word, or its place has some."""
    in_quotes = line[span.start - 1 : span.start] == '"' == line[span.end : span.end + 1]
    plain = _IDENTIFIER.fullmatch(new) and not is_reserved(new)
    return new if in_quotes or plain or REGISTER.fullmatch(new) else f'"{new}"'
