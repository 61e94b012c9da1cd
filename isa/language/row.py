"""One row for each diagnostic of the language: code, title, message, hint, an example that breaks just it, its mend.

A mistake names its row and gives the facts of the row's message, so no text of a mistake stands anywhere else.
docs/diagnostics.md is made from the rows. A code is never used again for another mistake.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.language.diagnostics import Diagnostic
from acortex.isa.rules import BASE, Change, Example, Rule, add

ABOUT = {
    "text": "characters, numbers and lines of a source",
    "expressions": "numbers, operators and parentheses",
    "names": "constants, labels, instructions and directives",
    "operands": "what an instruction takes",
    "directives": "declarations, and their fields",
    "data": "rows, blobs and files behind a declaration",
    "program": "where instructions may stand",
    "loops": "how loops and jumps lie",
    "quantisers": "operands that must fit each other",
    "macros": "macros, repetitions, conditions, included files and assertions",
}
"""What diagnostics are about, in the order of their codes: the first digit is the place in this table."""

DIAGNOSTICS: dict[str, Rule] = {}
"""All rows whose modules are loaded, by code."""

FILE = "data.npz"
"""The file of arrays that examples name."""

Arrays = Mapping[str, NDArray[np.generic]]


def row(
    code: str,
    title: str,
    message: str,
    hint: str = "",
    *breaks: Change,
    common: tuple[Change, ...] = (),
    mends: tuple[Change, ...] = (),
    arrays: Arrays | None = None,
    error: type[AcortexError] = Diagnostic,
) -> Rule:
    """Registers the row of a mistake; its code says what it is about.

    `message` and `hint` are format strings of the facts of a mistake. The changes make an example of the small program
    of acortex.isa.rules, and `arrays` the file beside it. Without a change the row has no example.
    """
    about = list(ABOUT)[int(code[1])]
    example = Example(breaks, common, mends, arrays=arrays or {})
    return add(Rule(code, title, about, error, message, hint, example), DIAGNOSTICS, "A", ABOUT)


def base(value: str) -> Change:
    """An expression in the place of a number, in an instruction of the small program."""
    return "base     d1, 1", f"base     d1, {value}"


def inner(text: str) -> Change:
    """Other data in the place of the small program's matrix."""
    return BASE[BASE.index(".weights") : BASE.index("group")], text


def put(text: str) -> Change:
    """Lines before the set-up of the small program."""
    return "group    g0, 2, 2", f"{text}\ngroup    g0, 2, 2"
