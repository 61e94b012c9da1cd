"""What units did, summed up by layer and inference, and what observed units did, event by event."""

from __future__ import annotations

from acortex.sim.timing.snapshot import SPANS, TABLE, WORK, Roles

Work = tuple[int, int, tuple[tuple[int, int], ...]]
"""What a unit did for one instruction: first cycle, cycle after the last, and (kind, count) pairs."""


class Tally:
    """What units did for each layer and inference: counts, cycles and spans, summed as instructions end.

    `events` and `counts` are by (kind, layer, inference). `layers` has the first and last cycle of each
    (layer, inference). `macs` is by layer.
    """

    roles = Roles(
        sums={"events": TABLE, "counts": TABLE, "layers": SPANS, "macs": TABLE, "inferences": SPANS, "work": WORK}
    )

    def __init__(self) -> None:
        self.events: dict[tuple[int, int, int], int] = {}
        self.counts: dict[tuple[int, int, int], int] = {}
        self.layers: dict[tuple[int, int], list[int]] = {}
        self.macs: dict[tuple[int, int], int] = {}
        self.inferences: dict[int, list[int]] = {}
        self.work: list[Work] = []
        """What each unit did for each instruction, and when: for power over time."""

    def book(self, key: tuple[int, int, int], events: int, count: int) -> None:
        """Books events of a kind, and what they count, for a layer of an inference."""
        self.events[key] = self.events.get(key, 0) + events
        self.counts[key] = self.counts.get(key, 0) + count

    def compute(self, context: tuple[int, int, int], macs: int) -> None:
        """Books the multiply-accumulates of array operations."""
        key = context[1:]
        self.macs[key] = self.macs.get(key, 0) + macs

    def span(self, layer: int, inference: int, start: int, end: int) -> None:
        """Stretches a layer's time in an inference over start..end."""
        span = self.layers.setdefault((layer, inference), [start, end])
        span[0] = min(span[0], start)
        span[1] = max(span[1], end)

    def cross(self, inference: int, start: int, end: int | None = None) -> None:
        """One of an inference's words crosses the host's port from `start` on; on its way out, until `end`.

        The words that come in may be booked after some that go out.
        """
        span = self.inferences.setdefault(inference, [start, start])
        span[0] = min(span[0], start)
        if end is not None:
            span[1] = end


class Log:
    """What observed units did and waited for for a while, in the fewest integers: flat rows.

    A *place* is a unit at work for one instruction; the row of its number says the rest.
    """

    def __init__(self) -> None:
        self.events: list[int] = []
        """start, duration, kind, count, place; and so on."""
        self.waits: list[int] = []
        """start, duration, cause, place."""
        self.places: list[int] = []
        """unit, pc, layer, inference."""

    def enter(self, unit: int, context: tuple[int, int, int]) -> int:
        """The number of a new place."""
        number = len(self.places) // 4
        self.places += unit, *context
        return number
