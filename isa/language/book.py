"""All diagnostics of the language, by code, and the page that lists them: docs/diagnostics.md."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import acortex.isa.language.data
import acortex.isa.language.directives
import acortex.isa.language.expressions
import acortex.isa.language.macros
import acortex.isa.language.names
import acortex.isa.language.operands
import acortex.isa.language.program
import acortex.isa.language.text  # noqa: F401  # modules of rows add them as they load
from acortex.isa.language.row import ABOUT, DIAGNOSTICS, FILE
from acortex.isa.rules import Rule, difference
from acortex.wording import shape_text

LANGUAGE_BOOK = dict(sorted(DIAGNOSTICS.items()))
"""Every diagnostic, in the order of their codes."""

NO_EXAMPLE = "An example would fill pages, or no source text can hold it."
"""What stands in the place of an example that is not written."""

INTRODUCTION = """\
# The diagnostics of the assembler

A source that does not assemble gets one error for each mistake, with the code of the mistake, its place, the line and
a hint. `acortex asm --format json`, `sarif` and `github` have the same codes. A container whose words break one of
these is refused with the same code. `acortex explain CODE` shows one. A code is never used again for another mistake.

Codes that begin with R are rules of the chip: see [rules.md](rules.md). Errors about a request, a file, a chip file or
a network have no code: in JSON theirs is null.

Each diagnostic has an example: `-` marks the lines that are wrong, `+` the lines that mend them. The whole example is
the program `small` of `acortex.isa.rules`. `make pages` makes the page."""


MOST_LINES = 24
"""Lines of an example that the page shows."""


def page() -> str:
    """The page docs/diagnostics.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield from sections(ABOUT, LANGUAGE_BOOK)


def sections(abouts: Mapping[str, str], rows: Mapping[str, Rule]) -> Iterator[str]:
    """The rows of a family of codes as sections of a page, by what they are about."""
    for about, meaning in abouts.items():
        yield f"\n## {about[0].upper()}{about[1:]}: {meaning}"
        for row in rows.values():
            if row.about == about:
                yield from _section(row)


def _section(row: Rule) -> Iterator[str]:
    yield f"\n### {row.code} {row.title}\n"
    message = row.message.replace("!a", "")
    yield f"`{message}`" if "`" not in message else f"`` {message} ``"
    if row.hint:
        yield f"\nHint: `` {row.hint} ``\n" if "`" in row.hint else f"\nHint: `{row.hint}`\n"
    else:
        yield ""
    if row.example.arrays:
        yield f"{beside(row)}\n"
    changes = difference(row)
    yield f"```diff\n{_short(changes)}\n```" if changes else NO_EXAMPLE


def beside(row: Rule) -> str:
    """What the file beside an example holds, in a sentence."""
    held = [f"{name}, {shape_text(array.shape)} of {array.dtype}" for name, array in row.example.arrays.items()]
    return f"The file {FILE} holds {' and '.join(held)}."


def _short(changes: str) -> str:
    """A difference whose lines fit the page, and are not too many."""
    lines = [line if len(line) < 100 else f"{line[:96]}..." for line in changes.rstrip("\n").splitlines()]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES // 2 : -MOST_LINES // 2] = [f"{lines[MOST_LINES // 2][0]}... and so on"]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")
