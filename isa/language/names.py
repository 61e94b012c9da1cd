"""A2: constants, labels, instructions and directives."""

from __future__ import annotations

from collections.abc import Iterable

from acortex.isa.language.row import base, put, row
from acortex.wording import did_you_mean, suggestion

# fmt: off
UNDEFINED = row("A201", "A name is defined", "no constant or label is called `{name}`",
                "define it: .equ NAME, EXPRESSION", base("SECOND"))
NO_NAME = row("A202", "A name is letters, digits, _ and .", "`{text}` cannot name a {what}",
              "names are letters, digits, _ and ., and begin with a letter or _", ("inference\nbase",
              "7: inference\nbase"),
              mends=(("inference\nbase", "seven: inference\nbase"),))
RESERVED = row("A203", "A word of the language names nothing else",
               "`{name}` cannot name a {what}: it is a word of the language", "take another name",
               put(".equ     d5, 1"), mends=(put(".equ     FIVE, 1"),))
TWICE = row("A204", "A name is defined once", "`{name}` is already defined, in {known}", "take another name",
            put(".equ     N, 1\n.equ     N, 2"), mends=(put(".equ     N, 1\n.equ     M, 2"),))
BARE_EQU = row("A205", "An .equ has a name and a value", "`{head}` needs a name and a value",
               "write {head} NAME, EXPRESSION", put(".equ     N"), mends=(put(".equ     N, 1"),))
CIRCLE = row("A206", "A constant is not defined by itself", "`{name}` is defined by itself", "give it another name",
             put(".equ     N, N + 1"), mends=(put(".equ     M, 0\n.equ     N, M + 1"),))
NO_DIRECTIVE = row("A207", "A directive is one that there is", "no directive is called `{name}`",
                   "known are {known}", (".program small", ".progam small"))
NO_INSTRUCTION = row("A208", "An instruction is one that there is", "no instruction is called `{name}`",
                     "`acortex isa` lists the instructions; a macro stands above its use",
                     ("connect  g0", "conect   g0"))
# fmt: on


def meant(name: str, known: Iterable[str]) -> str:
    """A hint with the known name that a mistyped one may have meant; capitals are the commonest slip."""
    names = list(known)
    lower = name.lower()
    if lower != name and lower in names:
        return f"{suggestion([lower])} words are written in lower case"
    return did_you_mean(name, names)
