"""Whether a name can be changed by a look at the words alone, so that no assembly has to show that the program stays.

Where each word that is the name changes, no word is the new one, and no macro puts either together, the new text is the
old one under a map of names: it assembles to the same words. Where this cannot be told, the answer is no.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from acortex.isa.operands import KINDS
from acortex.isa.table import MNEMONICS
from acortex.tools.editor.check import Span
from acortex.tools.editor.index import PARAMETER, Index
from acortex.tools.editor.words import GLUED, TEXT, Line, Word
from acortex.tools.editor.words import PARAMETER as WRITTEN_PARAMETER

_MEANT = frozenset(
    {"x", *MNEMONICS, *(word for kind in KINDS.values() for word in (*kind.choices, *(one for one, _ in kind.words)))}
)
"""Words that mean something beside names: `x` parts extents."""


def is_plain(files: Mapping[str, Index], old: str, new: str, spans: Sequence[Span]) -> bool:
    """Whether `old` can become `new` at some places of a program of these files, and the words of that stay the same.

    No says that an assembly has to show it.
    """
    if _MEANT & {old, new} or any(span.file not in files for span in spans):
        return False
    if any(map(_glues, files.values())) and any(_is_passed(files[span.file].parts[span.line]) for span in spans):
        return False
    held = set(spans)
    return all(
        _is_right(word, (old, new), Span(file, number, word.column, word.end), held)
        for file, index in files.items()
        for number, line in enumerate(index.lines)
        if old in line or new in line or "\\" in line
        for word in index.parts[number].words
    )


def _is_right(word: Word, names: tuple[str, str], span: Span, held: set[Span]) -> bool:
    """Whether a word is another one before and after, or the old name at a place where that changes."""
    if word.kind in (GLUED, TEXT):
        return not _may_be(word.text.strip('"'), names)
    old, new = names
    text = word.text.strip('"')
    if text == old:
        quotes = len(word.text) > len(text)
        return span._replace(start=span.start + quotes, end=span.end - quotes) in held
    return text != new and not ("x" in text and (old in text or new in text))  # a shape may have it as an extent


def _may_be(glued: str, names: Sequence[str]) -> bool:
    """Whether a word with parameters may become one of some names; one that is a parameter is what is given for it."""
    if WRITTEN_PARAMETER.fullmatch(glued):
        return False
    pattern = re.compile(".*".join(map(re.escape, WRITTEN_PARAMETER.sub("\0", glued).split("\0"))))
    return any(pattern.fullmatch(name) for name in names)


def _glues(index: Index) -> bool:
    """Whether a macro puts its arguments into larger words; the turn of a `.rept` is a number."""
    for number, line in enumerate(index.parts):
        if "\\" in index.lines[number] and any(map(_is_part, line.words)):
            heads = [
                index.blocks[use.scope].head if use.scope >= 0 else ""
                for use in index.by_line.get(number, ())
                if use.kind == PARAMETER and not use.defines
            ]
            if any(head != ".rept" for head in heads):
                return True
    return False


def _is_part(word: Word) -> bool:
    """Whether a word has parameters, and is not one."""
    return word.kind in (GLUED, TEXT) and not WRITTEN_PARAMETER.fullmatch(word.text.strip('"'))


def _is_passed(line: Line) -> bool:
    """Whether a line gives its words to a macro: a call, or the defaults of one."""
    head = line.head
    return head is not None and (head.text == ".macro" or (head.kind != "directive" and head.text not in MNEMONICS))
