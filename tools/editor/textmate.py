"""The grammar of TextMate for the assembly language, which VS Code and others highlight by: made from the tables.

A grammar sees a line from its beginning, so the first word behind the labels is told from operands. Its names of scopes
are those that themes know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from acortex.tools.editor.vocabulary import CHOICES, DIRECTIVES, MNEMONICS, OPERANDS, PREFIXES

SCOPE = "source.acortex-asm"
NAME = r"[A-Za-z_][A-Za-z0-9_.]*"
END = r"(?![A-Za-z0-9_.@\\])"
"""What a word ends before: neither more of it nor a parameter that is a part of it."""

Rule = dict[str, object]


def grammar() -> Rule:
    """The whole grammar, as its file has it."""
    return {
        "name": "aCortex assembly",
        "scopeName": SCOPE,
        "patterns": [_include("comment"), _include("statement")],
        "repository": {
            "comment": _rule("comment.line", r"[;#].*$"),
            "statement": _statement(),
            "heads": {"patterns": _heads()},
            "operands": {"patterns": _operands()},
        },
    }


def _include(name: str) -> Rule:
    return {"include": f"#{name}"}


def _rule(scope: str, match: str) -> Rule:
    return {"name": f"{scope}.acortex-asm", "match": match}


def _words(words: Iterable[str]) -> str:
    """One of some words: the longest go first, so that none hides another."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


LABEL = rf"(?:{NAME}|[A-Za-z0-9_.]*(?:\\[A-Za-z_][A-Za-z0-9_]*|\\\(\))[A-Za-z0-9_.\\()]*)"
"""A label, or one that a parameter is a part of."""


def _statement() -> Rule:
    """A line: its labels, then from where these end its first word, and the operands up to the end."""
    labels = [
        _rule("entity.name.label", rf"{LABEL}(?=[ \t]*:)"),
        _rule("punctuation.separator.label", ":"),
    ]
    return {
        "begin": rf"^(?=[ \t]*[^ \t;#\r\n])([ \t]*(?:{LABEL}[ \t]*:[ \t]*)*)",
        "beginCaptures": {"1": {"patterns": labels}},
        "end": "$",
        "patterns": [_include("heads"), _include("comment"), _include("operands")],
    }


def _heads() -> list[Rule]:
    """The first words: definitions of macros and constants with their names, directives, instructions, calls."""
    definition = {"1": {"name": "keyword.control.directive.acortex-asm"}}
    macro = {**definition, "2": {"name": "entity.name.function.macro.acortex-asm"}}
    constant = {**definition, "2": {"name": "variable.other.constant.acortex-asm"}}
    return [
        {"match": rf"\G[ \t]*(\.macro){END}[ \t]+({NAME})", "captures": macro},
        {"match": rf"\G[ \t]*(\.equ|\.name){END}[ \t]+({NAME})", "captures": constant},
        {"match": rf"\G[ \t]*({_words(DIRECTIVES)}){END}", "captures": definition},
        {
            "match": rf"\G[ \t]*({_words(MNEMONICS)}){END}",
            "captures": {"1": {"name": "keyword.mnemonic.acortex-asm"}},
        },
        {
            "match": rf"\G[ \t]*({NAME}){END}",
            "captures": {"1": {"name": "entity.name.function.macro.acortex-asm"}},
        },
    ]


def _operands() -> list[Rule]:
    """What stands behind the first word."""
    parameter = _rule("variable.parameter", r"\\(?:[A-Za-z_][A-Za-z0-9_]*|\(\))")
    return [
        {**_rule("string.quoted.double", '"[^"]*"'), "captures": {"0": {"patterns": [parameter]}}},
        parameter,
        _rule("variable.parameter.operand", rf"(?<![A-Za-z0-9_.])(?:{_words(OPERANDS)})(?=[ \t]*=(?!=))"),
        _rule("variable.language.register", rf"(?<![A-Za-z0-9_.\\])[{PREFIXES}][0-9]+{END}"),
        _rule("constant.language", rf"(?<![A-Za-z0-9_.\\])(?:{_words(CHOICES)}){END}"),
        _rule("constant.numeric.shape", rf"(?<![A-Za-z0-9_.])[0-9]+(?:x[0-9]+)+{END}"),
        _rule("constant.numeric.hex", r"(?<![A-Za-z0-9_.])0[xX][0-9a-fA-F_]+" + END),
        _rule("constant.numeric.binary", r"(?<![A-Za-z0-9_.])0[bB][01_]+" + END),
        _rule("constant.numeric", r"(?<![A-Za-z0-9_.])[0-9][0-9_]*(?:\.[0-9]+)*(?:[eE][-+]?[0-9]+)?" + END),
        _rule("variable.other", rf"{NAME}"),
        _rule("punctuation.separator", ","),
        _rule("keyword.operator", r"<<|>>|//|/\^|[=!<>]=|&&|\|\||[-+*/%=|<>!]"),
    ]


def text() -> str:
    """The grammar as the text of its file."""
    return json.dumps(grammar(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    print(text(), end="")
