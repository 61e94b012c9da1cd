"""A mutant in a process that has imported its module: its functions get the code that the mutant compiles to."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterator
from types import CodeType, FunctionType

Place = tuple[str, int]
"""The qualified name of a function and its first line."""


def functions_of(path: str) -> dict[Place, list[FunctionType]]:
    """The functions that a file has made so far, by their places: decorated ones and those inside others too."""
    found: dict[Place, list[FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and one.__code__.co_filename == path:
            found.setdefault(_place(one.__code__), []).append(one)
    return found


def swap(known: dict[Place, list[FunctionType]], path: str, source: str) -> bool:
    """Gives functions the code of another source with as many lines; whether any of them changed.

    False too where two have one place, as lambdas of one line, or a closure no longer fits.
    """
    codes = list(_codes(compile(source, path, "exec", dont_inherit=True)))
    twice = {place for place, count in Counter(map(_place, codes)).items() if count > 1}
    changed = False
    for code in codes:
        place = _place(code)
        for function in known.get(place, []):
            if _same(function.__code__, code):
                continue
            if place in twice or function.__code__.co_freevars != code.co_freevars:
                return False
            function.__code__ = code
            changed = True
    return changed


def _place(code: CodeType) -> Place:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _same(one: CodeType, other: CodeType) -> bool:
    """Whether two codes do the same. Equality of codes compares columns too, which a change moves."""
    if one.co_code != other.co_code or one.co_names != other.co_names or len(one.co_consts) != len(other.co_consts):
        return False
    pairs = zip(one.co_consts, other.co_consts, strict=True)
    return all(
        _same(a, b)
        if isinstance(a, CodeType) and isinstance(b, CodeType)
        else type(a) is type(b) and repr(a) == repr(b)
        for a, b in pairs
    )
