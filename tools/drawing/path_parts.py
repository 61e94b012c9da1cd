"""The parts of a chip that a critical path runs through, in groups that a picture can show."""

from __future__ import annotations

from acortex.traces.results_of_paths import CriticalPath

PARTS = ("loads", "frames", "conversion", "main memory", "host", "the rest")
"""Where the critical path can run; in groups that a picture can show."""


def part(unit: str, what: str, name: str) -> str:
    """The part of the chip that a stretch of the critical path belongs to."""
    if name in ("vmm.load", "vmm.frame") and what == "busy":
        return "loads" if name == "vmm.load" else "frames"
    if unit == "neurons":
        return "conversion"
    return {"main_memory": "main memory", "host": "host"}.get(unit.partition("/")[0], "the rest")


def by_part(critical: CriticalPath) -> dict[str, float]:
    """The critical path's shares by part, adding up to 1."""
    shares = dict.fromkeys(PARTS, 0.0)
    for row in critical.by_cause:
        shares[part(row.unit, row.what, row.name)] += row.cycles / critical.cycles
    return shares
