"""The page docs/reference/language.md: what stands around the instructions of a source, as `acortex isa` has it.

python -m acortex.tools.manual.language > docs/reference/language.md
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from acortex.isa.manual import manual

INTRODUCTION = """\
# The language

What stands around the [instructions](instructions.md): the chip in a few words, the text, expressions, loops, streams,
windows, codes, directives. `acortex isa NAME` prints each section in a terminal. `make pages` makes the page.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    book = manual()
    yield INTRODUCTION
    for topic in book.topics:
        yield f"## {topic.title}\n"
        for paragraph in topic.text:
            yield from [*_wrapped(paragraph), ""]
        yield from _table(("", ""), [(row.name, row.text) for row in topic.rows])
    yield "## Directives\n"
    for directive in book.directives:
        yield f"### {directive.directive}\n\n```text\n{directive.syntax}\n```\n"
        yield from [*_wrapped(directive.doc), ""]
        yield from _table(("field", "meaning"), [(field.name, field.doc) for field in directive.fields])


def _table(head: tuple[str, str], rows: list[tuple[str, str]]) -> Iterator[str]:
    if not rows:
        return
    yield f"| {head[0]} | {head[1]} |\n|---|---|"
    for name, text in rows:
        shown = f"`` {name} ``".replace("|", "\\|")
        yield f"| {shown} | {_plain(text)} |"
    yield ""


def _plain(text: str) -> str:
    """A text whose marks outside of code mean themselves."""
    parts = text.split("`")
    parts[::2] = [part.replace("*", "\\*").replace("<", "&lt;") for part in parts[::2]]
    return "`".join(parts).replace("|", "\\|")


def _wrapped(text: str) -> list[str]:
    return wrap(_plain(text), 118, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    print(page(), end="")
