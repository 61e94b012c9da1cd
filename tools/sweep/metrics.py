"""The numbers of a run that a sweep compares: their units, and which way is better."""

from __future__ import annotations

from dataclasses import dataclass

from acortex.errors import UsageError
from acortex.wording import did_you_mean


@dataclass(frozen=True)
class Metric:
    """One number of a run."""

    name: str
    title: str
    unit: str
    more_is_better: bool = False

    def cost(self, value: float) -> float:
        """The value, so that less is better."""
        return -value if self.more_is_better else value


METRICS = {
    one.name: one
    for one in (
        Metric("cycles", "cycles", "cycles"),
        Metric("latency_s", "latency", "s"),
        Metric("energy_j", "energy", "J"),
        Metric("power_w", "power", "W"),
        Metric("area_mm2", "area", "mm2"),
        Metric("accuracy", "accuracy", "", True),
        Metric("inference_latency_s", "inference", "s"),
        Metric("inferences_per_s", "rate", "1/s", True),
        Metric("throughput_ops_per_s", "throughput", "Op/s", True),
        Metric("efficiency_ops_per_j", "efficiency", "Op/J", True),
        Metric("late_reads", "late reads", "reads"),
    )
}
"""By the name of their column."""

ENDS = (5, 95)
"""The percentiles that the interval of a number goes between."""

PRICED = ("energy_j", "power_w", "area_mm2", "efficiency_ops_per_j")
"""The numbers that prices move."""

UNCERTAIN = tuple(name for name in METRICS if name != "accuracy")
"""The numbers that constants move: delays move most of those that prices do not."""

USUAL: tuple[str, ...] = ("latency_s", "energy_j")
"""What a front is of, unless it is said."""


def metrics_of(names: str) -> tuple[Metric, ...]:
    """The metrics of a text such as "latency_s,energy_j". Raises UsageError for unknown ones, and for one alone."""
    found = []
    for name in names.split(","):
        if name.strip() not in METRICS:
            hint = did_you_mean(name.strip(), METRICS, f"there are {', '.join(METRICS)}")
            raise UsageError(f"no number of a run is called {name.strip()[:80]!r}", hint=hint)
        found.append(METRICS[name.strip()])
    if len({one.name for one in found}) < max(2, len(found)):
        raise UsageError("a front is of two numbers or more, each of them once", hint="latency_s,energy_j")
    return tuple(found)
