"""What `acortex history` finds, as types: `acortex.history/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import Document, Pair, TableResult
from acortex.traces.results_of_paths import Changed


class HistoryPoint(Document):
    """A number at one commit, or on one chip file."""

    commit: str
    """The whole name of the commit, or the path of the chip file."""
    date: str
    """When it was made, as ISO 8601 has it; empty for a chip file."""
    subject: str
    """The first line of its message, or the name of the chip file without its suffix."""
    cycles: int | None = None
    """Cycles of the run; null where there are none."""
    energy_aj: int | None = None
    """Its energy in attojoules, exactly; null where there is none."""
    error: str | None = None
    """Why there are no numbers: the commit does not run, or does not have the file; null where there are."""


class HistoryMove(Document):
    """A commit at which numbers moved, or a chip file."""

    commit: str
    """The whole name of the commit, or the path of the chip file."""
    date: str
    """When it was made, as ISO 8601 has it; empty for a chip file."""
    subject: str
    """The first line of its message, or the name of the chip file without its suffix."""
    since: str
    """The commit before, of those that were looked at, with which it is compared."""
    cycles: Pair[int | None]
    """Cycles before and after; null where there were none."""
    energy_aj: Pair[int | None]
    """Energy in attojoules before and after."""
    numbers: int
    """How many numbers moved, of all that a golden holds: counts, cycles of layers, waits, latencies, energies."""
    changed: Changed | None = None
    """The settings and instructions that moved with them; null where one side has no numbers.

    Where both are unchanged, the simulator itself moved.
    """
    cause: str
    """The same in a few words."""


class HistorySeries(Document):
    """What is followed through the commits."""

    name: str
    """The golden's file, or the program."""
    chip: str | None = None
    """The chip that was asked for; null for the program's own."""
    points: list[HistoryPoint]
    """What was looked at, the oldest first."""
    moves: list[HistoryMove]
    """Where numbers moved, the oldest first."""


class HistoryReport(TableResult):
    """When pinned numbers moved, in which commit, and by which setting or instruction."""

    SHOWN: ClassVar[dict[str, str]] = {"span": "span", "commits": "commits", "complete": "complete"}
    ROWS: ClassVar[str] = "series"

    schema_: Literal["acortex.history/1"] = Field(default="acortex.history/1", alias="schema")
    """The name of this layout."""
    repository: str
    """The folder at the top of the repository, or that of the chip files."""
    of: Literal["commits", "chips"] = "commits"
    """What programs are followed through."""
    span: Pair[str]
    """The first and the last commit of the range; of chip files their names without a suffix."""
    commits: int
    """How many commits the range has, or how many chip files there are."""
    runs: int
    """How many runs this call made; 0 where goldens are read."""
    complete: bool
    """Whether every commit was looked at. Where not, changes between two that agree may cancel."""
    covers: dict[str, int] | None = None
    """How many pairs of commit and program were looked at, of how many; null where all were."""
    series: list[HistorySeries]
    """In the order in which they were asked for, goldens by name."""
