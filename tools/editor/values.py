"""The values of constants among all files of a program, as far as they hang on constants alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acortex.isa.asm.expressions import evaluate
from acortex.isa.asm.parser import is_register
from acortex.isa.language.diagnostics import Mistake
from acortex.tools.editor.family import Family
from acortex.tools.editor.index import GLOBAL, SYMBOL, Use
from acortex.tools.editor.words import Argument, Word

PASSES = 4
"""How often what is still unknown is worked out again: constants of one file may use those of another."""

Values = dict[str, int | str | None]
"""Constants by name: a number, or a register. None where it is not known, or differs from place to place."""


def values_of(family: Family, labels: Mapping[str, int] | None = None) -> Values:
    """The values of a program's constants and labels."""
    values: Values = {}
    if labels:
        values.update(labels)
    defined: dict[str, list[Sequence[Word]]] = {}
    for key, places in family.places.items():
        if key.kind == SYMBOL and key.scope == GLOBAL:
            for file, use in places:
                if use.defines == "constant":
                    defined.setdefault(key.name, []).append(_expression(family, file, use))
                elif use.defines:
                    values.setdefault(key.name, None)
    left = {name: words[0] if len(words) == 1 else [] for name, words in defined.items()}
    values.update(dict.fromkeys(left))
    for _ in range(PASSES):
        found = {name: value for name, words in left.items() if (value := value_of(words, values)) is not None}
        if not found:
            break
        values.update(found)
        left = {name: words for name, words in left.items() if name not in found}
    return values


def value_of(words: Sequence[Word], values: Mapping[str, int | str | None]) -> int | str | None:
    """What an expression stands for: a number or a register; None where that is not known."""
    if len(words) == 1 and words[0].kind == "name":
        name = words[0].text
        return name if is_register(name) else values.get(name)
    try:
        return evaluate(words, values) if words else None
    except Mistake:
        return None


def expression_of(arguments: Sequence[Argument]) -> Sequence[Word]:
    """The words of the value in the arguments of `.equ` or `.name`."""
    for place, one in enumerate(arguments):
        if one.name.text == "value" if one.name else place == 1:
            return one.words
    return ()


def _expression(family: Family, file: str, use: Use) -> Sequence[Word]:
    return expression_of(family.files[file].parts[use.line].arguments)
