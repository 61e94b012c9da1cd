"""What ends a wait: the table of hand-overs that a trace's header carries, so that its readers hold no list of units.

`sim/timing/handovers.py` has the rows of our chips, and docs/timing.md shows them; a trace of another chip brings its
own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

ANY = "*"

END, START, OVER, NOW = "end", "start", "over", "now"
CROSSED, FREED, GRANT, SEEN, DELAY = "crossed", "freed", "grant", "seen", "delay"

BY = {
    END: "an event of that unit ends",
    START: "an event of that unit, of one of `kinds`, begins",
    OVER: "what that unit did, an event or a wait, ends",
    NOW: "that unit acts; a trace does not show how",
    CROSSED: "the waiting unit's own word leaves that bus",
    FREED: "that bus is free for the turn of the next word, `delay` later",
    GRANT: "an arbiter grants it, by that time; events of `kinds`, or of that bus, hold it, `delay` later",
    SEEN: "its own request is made; nothing contends for what it requests until an arbiter sees it",
    DELAY: "its own time passes",
}
"""In which cycle a wait ends: that in which this holds, and `delay` and `after` later."""

TOKEN, AGENT = "token", "agent"
SAME = {
    "": "of any instruction",
    TOKEN: "of an instruction on the same token",
    AGENT: "of the one unit that takes the waiting unit's instruction",
}
"""Whose event ends a wait."""

BEGIN = ""
"""In the place of a cause: what an event of the unit begins with, rather than what ends a wait."""


@dataclass(frozen=True)
class HandOver:
    """One way in which waits of a unit for a cause end: with what, in which unit, and how many cycles later.

    `waits` and `ended_by` are patterns of units: `*`; `buses/` for all below; else a unit and its lanes. A wait ends
    `delay` (a name in the header's `delays`) and then `after` cycles after what `by` says, one of BY; `same` says of
    which instruction, one of SAME. A row counts only where the waiting instruction had events in a unit of the pattern
    `route`, and where the unit waits next for the cause `then`; `!` before either turns it round.
    """

    waits: str
    cause: str
    ended_by: str = ""
    by: str = END
    after: int = 0
    delay: str = ""
    kinds: tuple[str, ...] = ()
    same: str = ""
    route: str = ""
    then: str = ""
    about: str = ""
    """What the wait is for, in words, for docs/timing.md."""


ISSUER_OF_OLDER, FOLLOWERS_OF_OLDER = "controller", ("controller", "vmm/frame", "buses/")
"""What a trace of an older version, which has no table, takes for the unit that issues, and for those that follow."""


def issuer(rows: Sequence[HandOver]) -> str:
    """The unit that issues instructions: the idle time of any other ends with its events."""
    found = [row.ended_by for row in rows if (row.waits, row.cause) == (ANY, "idle")]
    return found[0] if found else ISSUER_OF_OLDER


def takers(rows: Sequence[HandOver], units: Sequence[str]) -> list[str]:
    """The units that take instructions from the one that issues; the others work for the instructions of these."""
    if not rows:
        return [unit for unit in units if not unit.startswith(FOLLOWERS_OF_OLDER)]
    endings, giver = Endings(rows, units), issuer(rows)
    return [unit for unit in units if endings.follows(unit, giver)]


def matches(pattern: str, unit: str) -> bool:
    """Whether a unit is one of a pattern."""
    if pattern.endswith("/"):
        return unit.startswith(pattern)
    return pattern in (ANY, unit) or unit.rstrip("0123456789") == pattern


class Endings:
    """The hand-overs of a chip, by the unit that waits and the cause."""

    def __init__(self, rows: Sequence[HandOver], units: Sequence[str]) -> None:
        self._rows = rows
        self._units = units
        self.of = cache(self._of)
        self.lanes = cache(self._lanes)

    def _of(self, unit: str, cause: str) -> tuple[HandOver, ...]:
        """The rows for a unit's wait, in the order in which they are tried: its own, else those of any unit."""
        found = [row for row in self._rows if row.cause == cause and matches(row.waits, unit)]
        return tuple([row for row in found if row.waits != ANY] or found)

    def _lanes(self, pattern: str) -> tuple[str, ...]:
        """The units of a pattern."""
        return tuple(unit for unit in self._units if matches(pattern, unit)) if pattern else ()

    def seen(self, unit: str, cause: str) -> bool:
        """Whether the wait is the way of a request to its arbiter."""
        return any(row.by == SEEN for row in self.of(unit, cause))

    def own(self, unit: str, cause: str) -> bool:
        """Whether the wait is a delay of its own."""
        return any(row.by == DELAY for row in self.of(unit, cause))

    def follows(self, unit: str, giver: str) -> bool:
        """Whether a unit is idle until another gives it an instruction."""
        return any(matches(row.ended_by, giver) for row in self.of(unit, "idle"))

    def carries(self, unit: str) -> bool:
        """Whether a unit is a lane, whose events are words of others."""
        return bool(self.of(unit, BEGIN))

    def parts(self) -> dict[str, str]:
        """The part of the chip whose delay it is, by kinds of events that others wait for, and by causes."""
        accesses = {kind: row.ended_by for row in self._rows if row.by == START for kind in row.kinds}
        delays = {row.cause: row.ended_by for row in self._rows if row.by == DELAY}
        return {name: unit.partition("/")[0] for name, unit in {**accesses, **delays}.items()}
