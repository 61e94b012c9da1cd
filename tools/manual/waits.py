"""The page docs/reference/waits.md: each cause of waiting, what ends it, and its remedy with measured pairs.

python -m acortex.tools.manual.waits > docs/reference/waits.md
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import acortex
from acortex.sim.timing.handovers import CAUSES, table
from acortex.tools.manual.remedies import REMEDIES, Pair
from acortex.tools.timing_page import waiting
from acortex.traces.endings import ANY

INTRODUCTION = """\
# What a wait means

A unit that has an instruction and cannot go on waits, for one named cause. Reports show the causes: "longest for" in
`acortex run`, `waits` in its JSON, `acortex trace stats`. Each section says which unit waits for what, and what to do.

A wait is often a symptom. Units stand in a chain: memory, bus, buffer, latches, frame, neurons, bus, memory. Where one
is slow, those behind it wait for its results and those before it for places. So look first for the unit that is *busy*
nearly all the time, or at the end of the chain of `acortex trace critical`. [Find what limits a
kernel](../how-to/find-what-limits.md) shows how.

Where a section says *measured*, the numbers are those of two runs that differ in one setting. `make pages` makes this
page of the table of hand-overs, which [timing](../timing.md) has in full.
"""

PROGRAMS = Path(acortex.__file__).parent / "programs"


class Measured(NamedTuple):
    """Cycles of two runs, and the cycles for which all units waited for a cause in each."""

    cycles: tuple[int, int]
    waited: tuple[int, int]


def measured(cause: str, pair: Pair) -> Measured:
    """Runs both settings of a pair, without values."""
    found = []
    for value in (pair.before, pair.after):
        report = acortex.run(PROGRAMS / pair.program, settings=[f"{pair.setting}={value}"], values=False).report
        found.append((report.cycles or 0, sum(wait.cycles for wait in report.waits or () if wait.cause == cause)))
    (before, long), (after, short) = found
    return Measured((before, after), (long, short))


def page() -> str:
    """The whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield INTRODUCTION
    yield "| cause | units that wait for it |\n|---|---|"
    units = waiting()
    for cause in CAUSES:
        names = ", ".join(f"`{unit}`" for unit, causes in units.items() if cause in causes)
        yield f"| [{cause}](#{cause}) | {names or 'any' if cause in ('idle', 'token') else names} |"
    for cause in CAUSES:
        yield from _section(cause)


def _section(cause: str) -> Iterator[str]:
    remedy = REMEDIES[cause]
    yield f"\n## {cause}\n"
    for row in table():
        if row.cause == cause:
            yield from _wrapped(f"- `{'any unit' if row.waits == ANY else row.waits}`: {row.about}.", "  ")
    yield ""
    yield from _wrapped(f"**Remedy.** {remedy.text}")
    if remedy.pair:
        yield ""
        yield from _wrapped(_said(cause, remedy.pair))
    elif remedy.no_pair:
        yield ""
        yield from _wrapped(f"Not measured here: {remedy.no_pair}.")


def _said(cause: str, pair: Pair) -> str:
    found = measured(cause, pair)
    return (
        f"**Measured.** `acortex run programs/{pair.program} --timing-only --set {pair.setting}={pair.before}`: the"
        f" run takes {found.cycles[0]:,} cycles, and units wait {found.waited[0]:,} cycles for `{cause}`. With"
        f" `{pair.setting}={pair.after}`: {found.cycles[1]:,} cycles, {found.waited[1]:,} of waiting."
    )


def _wrapped(text: str, indent: str = "") -> list[str]:
    return wrap(text, 118, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    print(page(), end="")
