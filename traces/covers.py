"""What a report says of the part of a run that it is about: `complete` and `covers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from acortex.traces.file.coverage import PARTS, told
from acortex.traces.file.reader import Trace

if TYPE_CHECKING:
    from acortex.traces.results import Covers


class Said(TypedDict):
    """The two fields that a report of a trace begins with."""

    complete: bool
    covers: Covers | None


def covers(trace: Trace) -> Said:
    """Whether a trace holds every event of its run to the end; if not, which part it holds."""
    if not trace.part:
        return {"complete": True, "covers": None}
    from acortex.traces.results import Covers  # a run that reads no trace needs no such type

    filters = trace.header.filters
    ends = {"from_cycle": filters.get("from_cycle"), "until_cycle": filters.get("to_cycle")}
    lists = {name: filters.get(name) for name in PARTS}
    about = {**lists, **ends, "level": trace.header.level, "lost": trace.missing}
    return {"complete": False, "covers": Covers.model_validate(about)}


def in_words(part: Covers | None) -> str:
    """The first line of a text about a part of a run; "" where nothing is missing."""
    if part is None:
        return ""
    given = {"to_cycle" if name == "until_cycle" else name: value for name, value in part.items() if value is not None}
    return f"incomplete: {told(part.level, part.lost, given)}"
