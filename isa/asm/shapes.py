"""Shapes in a source: extents with `x` between them, each a number, a constant or an expression."""

from __future__ import annotations

from collections.abc import Sequence

from acortex.isa.asm.expressions import Symbols, evaluate
from acortex.isa.asm.lexer import Token

_LONGEST = 40
"""Digits of an extent that is written out: far more than are allowed, so that it is told what is."""


_MOST_CUTS = 12
"""Letters x of one word that may part extents: twice what shapes have, so that names may have some, too."""


def read_shape(tokens: Sequence[Token], symbols: Symbols) -> list[int] | None:
    """The extents of one shape: 28x28, KxKx64, K x K x 64 or (2 * K) x 64; None where the tokens are no shape.

    A name with an x in it is a constant where there is one of that name, else extents with x between them. Raises
    Mistake where an expression in it has no value.
    """
    extents: list[int] = []
    pending: list[Token] = []
    if _has_inner(tokens):
        return None
    for token in tokens:
        if token[1] == "x" and "x" not in symbols:
            if not _take(pending, symbols, extents):
                return None
            pending = []
        else:
            pending.append(token)
    return extents if _take(pending, symbols, extents) else None


def _has_inner(tokens: Sequence[Token]) -> bool:
    """Whether what parts extents stands in parentheses."""
    depth = 0
    for _, text, _ in tokens:
        depth += (text == "(") - (text == ")")
        if depth > 0 and text in ("x", ","):
            return True
    return False


def _take(tokens: list[Token], symbols: Symbols, extents: list[int]) -> bool:
    """Reads what stands between two x; answers whether it is one extent, or several that are written as one word."""
    if not tokens:
        return False
    kind, text, _ = tokens[0]
    if len(tokens) > 1 or (kind == "name" and text in symbols):
        extents.append(evaluate(tokens, symbols))
        return True
    parts = _parts(text, symbols) if kind in ("name", "number", "shape") else None
    for part in parts or ():
        extents.append(evaluate([("name", part, tokens[0][2])], symbols) if part in symbols else int(part))
    return parts is not None


def _parts(word: str, symbols: Symbols) -> list[str] | None:
    """A word cut at some of its x so that each part is a number or a constant; the longest names first."""
    found: dict[int, list[str]] = {len(word): []}
    if word.count("x") > _MOST_CUTS:
        return None
    cuts = [place for place, letter in enumerate(word) if letter == "x"]
    for start in reversed([0, *(cut + 1 for cut in cuts)]):
        for end in (len(word), *reversed(cuts)):
            rest = found.get(end if end == len(word) else end + 1)
            if end > start and rest is not None and _is_extent(word[start:end], symbols):
                found[start] = [word[start:end], *rest]
                break
    return found.get(0)


def _is_extent(part: str, symbols: Symbols) -> bool:
    return (part.isdecimal() and part.isascii() and len(part) <= _LONGEST) or part in symbols
