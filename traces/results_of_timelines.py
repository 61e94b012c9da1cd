"""A timeline as a type: `acortex.timeline/1`."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from acortex.documents import TableResult
from acortex.traces.results import Covers, NamedRow


class TimelineUnit(NamedRow):
    """What a unit did in each column; in the rest of a column it was idle, or nothing is known of it."""

    name: str
    """Its path."""
    busy: list[float]
    """Cycles of its events."""
    waiting: list[float]
    """Cycles of its waits."""
    mostly: list[str | None]
    """The layer, or the kind of event, with most of its busy cycles; null where it has none."""


class TimelineReport(TableResult):
    """A timeline: what each unit did in equal stretches of the run, the columns."""

    SHOWN: ClassVar[dict[str, str]] = {
        "complete": "complete",
        "from": "from_cycle",
        "until": "until_cycle",
        "columns": "columns",
        "units": "units",
    }
    ROWS: ClassVar[str] = "units"

    schema_: Literal["acortex.timeline/1"] = Field(default="acortex.timeline/1", alias="schema")
    """The layout of this document."""
    complete: bool
    """Whether it shows every event of the run, from its begin to its end."""
    covers: Covers | None
    """Which part of the run it shows; null where it is complete."""
    clock_ns: float
    """One cycle in nanoseconds."""
    by: Literal["layer", "kind"]
    """What `mostly` names."""
    from_cycle: int
    """The first cycle of the first column."""
    until_cycle: int
    """The cycle behind the last column."""
    columns: int
    """How many columns there are, all of one width: (until_cycle - from_cycle) / columns cycles."""
    interval: int
    """0 where each event was drawn; else the cycles within which those of a long run were drawn as one."""
    units: list[TimelineUnit]
    """By unit, in the order of the header."""
