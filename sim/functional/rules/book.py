"""All rules that hold a program to a chip without time, by code, and the page that lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from acortex.errors import UsageError
from acortex.isa.language import book as language
from acortex.isa.language.book import LANGUAGE_BOOK
from acortex.isa.lint.rows import FINDINGS
from acortex.isa.rules import ABOUT, RULES, Rule, difference
from acortex.sim.chip import group_rules  # noqa: F401  # modules of rows add them as they load
from acortex.sim.functional.rules import limits, order, pipes, streams  # noqa: F401  # as above
from acortex.wording import did_you_mean

if TYPE_CHECKING:
    from acortex.sim.functional.rules.results import RuleBook

RULE_BOOK = dict(sorted(RULES.items()))
"""Every rule, in the order of their codes."""

ALL = {**LANGUAGE_BOOK, **RULE_BOOK, **FINDINGS}
"""Every code that an error of a program can have."""


NO_EXAMPLE = "The assembler refuses to write such a program; words of another source can hold it."
"""What stands in the place of an example that cannot be written."""


def no_example(rule: Rule) -> str:
    """Why a rule or a diagnostic has no example."""
    return language.NO_EXAMPLE if rule.code in LANGUAGE_BOOK else NO_EXAMPLE


def find(code: str) -> list[Rule]:
    """The rule or the diagnostic of a code, in capitals or not, or all whose codes begin so.

    Raises UsageError where there is none.
    """
    if found := [rule for known, rule in ALL.items() if known.startswith(code.upper())]:
        return found
    hint = did_you_mean(code.upper(), ALL, "acortex explain lists them all")
    raise UsageError(f"no error has the code {code[:LONGEST_CODE]!r}", hint=hint)


LONGEST_CODE = 40
"""Characters of an unknown code that an error repeats."""


def book(rules: Iterable[Rule] | None = None) -> RuleBook:
    """Rules and diagnostics as a document; all of them, unless some are named."""
    from acortex.sim.functional.rules.results import RuleBook, RuleInfo

    rows = [
        RuleInfo(
            code=rule.code,
            title=rule.title,
            about=rule.about,
            error=rule.error.__name__,
            message=rule.message,
            hint=rule.hint or None,
            example=rule.example.broken,
            mended=rule.example.mended,
            settings=list(rule.example.settings),
            beside=language.beside(rule) if rule.example.arrays else None,
        )
        for rule in (ALL.values() if rules is None else rules)
    ]
    return RuleBook(rules=rows)


def page() -> str:
    """The page docs/rules.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The rules of the chip"
    yield ""
    yield "A program that breaks a rule gets an error with the rule's code. These rules need no time: `acortex run`"
    yield "checks them before it simulates, and `--functional-only` checks them too. `acortex explain CODE` shows one."
    yield "A code is never used again for another rule."
    yield ""
    yield "Each rule has an example: `-` marks the lines that break it, `+` the lines that mend it. The whole example"
    yield "is the program `small` of `acortex.isa.rules`. `python -m acortex.sim.functional.rules.book` makes the page."
    for about, meaning in ABOUT.items():
        yield ""
        yield f"## {about[0].upper()}{about[1:]}: {meaning}"
        for rule in RULE_BOOK.values():
            if rule.about == about:
                yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    yield ""
    yield f"### {rule.code} {rule.title}"
    yield ""
    yield f"`{rule.message}`"
    if rule.hint:
        yield ""
        yield f"Hint: `{rule.hint}`"
    yield ""
    if rule.example.settings:
        yield f"On a chip with `--set {' '.join(rule.example.settings)}`:"
        yield ""
    if changes := difference(rule):
        yield "```diff"
        yield changes.rstrip("\n")
        yield "```"
    else:
        yield NO_EXAMPLE


if __name__ == "__main__":
    print(page(), end="")
