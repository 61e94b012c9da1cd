"""Fronts and effects of sweeps, beside their definitions and sums by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.tools.sweep.effects import effects
from acortex.tools.sweep.front import front
from acortex.tools.sweep.metrics import METRICS, metrics_of
from acortex.tools.sweep.results import SweepRow


def row(number: int = 0, axes: dict[str, Any] | None = None, **numbers: Any) -> SweepRow:
    return SweepRow(key=str(number), program="p", chip="c", axes=axes or {}, status="done", **numbers)


LATENCY_AND_ACCURACY = [METRICS["latency_s"], METRICS["accuracy"]]


def _beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one != other and one[0] <= other[0] and one[1] >= other[1]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_a_front_is_what_no_point_beats(points: list[tuple[int, int]]) -> None:
    rows = [row(latency_s=float(a), accuracy=float(b)) for a, b in points]
    wanted = {point for point in points if not any(_beats(other, point) for other in points)}
    found = front(rows, LATENCY_AND_ACCURACY)
    assert [points[at] for at in found] == sorted(wanted)
    assert found == [points.index(points[at]) for at in found]  # of equal ones the first


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=25))
def test_a_front_may_be_of_three_numbers(points: list[tuple[int, int, int]]) -> None:
    rows = [row(latency_s=float(a), energy_j=float(b), area_mm2=float(c)) for a, b, c in points]
    found = front(rows, [METRICS[name] for name in ("latency_s", "energy_j", "area_mm2")])
    beaten = {p for p in points for q in points if p != q and all(b <= a for a, b in zip(p, q, strict=True))}
    assert [points[at] for at in found] == sorted({*points} - beaten)


def test_rows_without_a_number_are_on_no_front() -> None:
    assert front([row(latency_s=1.0), row(latency_s=2.0, accuracy=0.5)], LATENCY_AND_ACCURACY) == [1]
    assert front([], LATENCY_AND_ACCURACY) == []


@pytest.mark.parametrize("names", ["latency_s", "latency_s,latency_s", "latency,energy_j", ""])
def test_what_is_no_pair_of_numbers_is_refused(names: str) -> None:
    with pytest.raises(UsageError):
        metrics_of(names)


def test_effects_of_a_grid_are_those_of_sums_by_hand() -> None:
    # ln y = a + 3 b + 2 a b over a, b in {-1, 1}: variances 1, 9 and 4, of 14.
    grid = [(a, b) for a in (-1, 1) for b in (-1, 1)]
    rows = [row(axes={"a": a, "b": b}, latency_s=float(np.exp(a + 3 * b + 2 * a * b))) for a, b in grid]
    found = {tuple(one.axes): one.share for one in effects(rows, [("a",), ("b",)], [METRICS["latency_s"]], True)}
    assert found == pytest.approx({("a",): 1 / 14, ("b",): 9 / 14, ("a", "b"): 4 / 14})


def test_what_never_changes_has_no_effects() -> None:
    rows = [row(axes={"a": a}, latency_s=3.0) for a in range(4)]
    assert effects(rows, [("a",)], [METRICS["latency_s"], METRICS["energy_j"]], True) == []


def test_chance_alone_has_no_share_where_points_are_drawn() -> None:
    generator = np.random.default_rng(1)
    shares = []
    for _ in range(30):
        rows = [row(axes={"a": float(a)}, latency_s=float(y)) for a, y in generator.random((60, 2)) + 1]
        shares += [one.share for one in effects(rows, [("a",)], [METRICS["latency_s"]], False)]
    assert np.mean(shares) < 0.05


def test_an_axis_that_says_it_all_has_nearly_the_whole_share_where_points_are_drawn() -> None:
    generator = np.random.default_rng(2)
    rows = [row(axes={"a": float(a), "b": float(b)}, latency_s=float(np.exp(a))) for a, b in generator.random((400, 2))]
    found = {one.axes[0]: one.share for one in effects(rows, [("a",), ("b",)], [METRICS["latency_s"]], False)}
    assert found["a"] > 0.95
    assert found["b"] < 0.05


def grid_row(axes: dict[str, Any], failed: bool, **numbers: Any) -> SweepRow:
    return row(axes=axes, **numbers) if not failed else row(axes=axes).model_copy(update={"status": "failed"})


def test_an_axis_that_failures_depend_on_is_not_given_what_others_move() -> None:
    # b moves nothing. Where it is small all points of the large program fail: of what ran, means over b differ.
    rows = [
        grid_row({"a": a, "b": b, "c": c}, failed=(a, b) == (1, 0), latency_s=float(np.exp(5 * a + c)))
        for a in (0, 1)
        for b in (0, 1, 2)
        for c in (0, 1)
    ]
    found = {
        tuple(one.axes): (one.share, one.points)
        for one in effects(rows, [("a",), ("b",), ("c",)], [METRICS["latency_s"]], True)
    }
    assert {points for _, points in found.values()} == {8}
    shares = {axes: share for axes, (share, _) in found.items()}
    alone = {("a",): 25 / 26, ("b",): 0, ("c",): 1 / 26}
    assert shares == pytest.approx({**alone, ("a", "b"): 0, ("a", "c"): 0, ("b", "c"): 0}, abs=1e-12)


def test_of_an_axis_of_which_one_value_ran_nothing_is_said() -> None:
    rows = [grid_row({"a": a, "b": b}, failed=a > 0, latency_s=1.0 + b) for a in (0, 1) for b in (0, 1, 2)]
    assert [one.axes for one in effects(rows, [("a",), ("b",)], [METRICS["latency_s"]], True)] == [["b"]]


@given(st.sets(st.tuples(st.integers(0, 2), st.integers(0, 3))))
def test_whatever_failed_shares_of_a_grid_are_those_of_a_whole_one(gaps: set[tuple[int, int]]) -> None:
    # ln y = a + b: in a whole grid the two have all of the variance, and nothing together.
    rows = [
        grid_row({"a": a, "b": b}, failed=(a, b) in gaps, latency_s=float(np.exp(a + b)))
        for a in range(3)
        for b in range(4)
    ]
    found = effects(rows, [("a",), ("b",)], [METRICS["latency_s"]], True)
    alone = {one.axes[0]: one.share for one in found if len(one.axes) == 1}
    if len(alone) == 2:
        assert sum(alone.values()) == pytest.approx(1)
        assert [one.share for one in found if len(one.axes) == 2] == pytest.approx([0], abs=1e-9)
        assert {one.points for one in found} <= set(range(3, 13 - len(gaps)))


def test_where_no_part_of_a_grid_ran_nothing_is_said() -> None:
    rows = [grid_row({"a": a}, failed=True) for a in range(5)]
    assert effects(rows, [("a",)], [METRICS["latency_s"]], True) == []
