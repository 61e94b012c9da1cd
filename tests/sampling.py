"""Which tests a run takes: of brute force a few cases that differ most, and none of a time as lines are counted."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from zlib import crc32

import pytest

CLOCKS = {"process_time", "perf_counter", "monotonic"}

Case = Mapping[str, int]
"""Which value of each parameter a case has, by the number of the value."""

WHOLE = bool(os.environ.get("CI"))
"""Whether tests that draw examples draw more of them, as `.ci/run` does."""


def examples(count: int) -> int:
    """How many of so many random examples this run takes: half of them in CI, else a fifth."""
    return max(count // (2 if WHOLE else 5), 1)


def sample(cases: Sequence[Case], count: int) -> set[int]:
    """The places of so many cases: no value of a parameter is taken again where a case has values that are new.

    Among cases that are equal in that, a checksum decides, so that a pattern in the order of the cases meets none here.
    """
    used: Counter[tuple[str, int]] = Counter()
    left = sorted(range(len(cases)), key=lambda place: (crc32(repr(sorted(cases[place].items())).encode()), place))
    taken: set[int] = set()
    while left and len(taken) < count:
        best = min(left, key=lambda place: sum(used[value] for value in cases[place].items()))
        left.remove(best)
        taken.add(best)
        used.update(cases[best].items())
    return taken


def mark(items: Sequence[pytest.Item]) -> None:
    """Marks as slow what the sample of a test leaves out, of each test that has the marker `sampled`."""
    tests: defaultdict[tuple[str, str], list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("sampled") and hasattr(item, "callspec"):
            tests[str(item.path), item.originalname].append(item)
    for cases in tests.values():
        marker = cases[0].get_closest_marker("sampled")
        assert marker is not None
        taken = sample([item.callspec.indices for item in cases], *marker.args)
        for place, item in enumerate(cases):
            if place not in taken:
                item.add_marker(pytest.mark.slow)


def reads_a_clock(item: pytest.Item) -> bool:
    """Whether a test judges a time, which is another one where each line is counted."""
    return isinstance(item, pytest.Function) and not CLOCKS.isdisjoint(item.function.__code__.co_names)


def skip_times(items: Sequence[pytest.Item]) -> None:
    """Has tests that judge a time skipped."""
    for item in items:
        if reads_a_clock(item):
            item.add_marker(pytest.mark.skip(reason="coverage slows down what it times"))
