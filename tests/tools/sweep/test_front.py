"""Fronts and effects of sweeps, beside their definitions and sums by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import UsageError
from acortex.tools.sweep.effects import _classes, effects, share_of
from acortex.tools.sweep.front import front, fronts
from acortex.tools.sweep.metrics import ENDS, METRICS, metrics_of
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


def test_names_of_numbers_are_taken_in_their_order() -> None:
    assert metrics_of(" energy_j, cycles") == (METRICS["energy_j"], METRICS["cycles"])
    assert metrics_of("cycles,energy_j,accuracy")[2] is METRICS["accuracy"]
    with pytest.raises(UsageError) as caught:
        metrics_of("latency_s,enery_j")
    assert str(caught.value) == "no number of a run is called 'enery_j'\n  hint: did you mean `energy_j`?"


def test_of_some_numbers_more_is_better() -> None:
    better = {"accuracy", "inferences_per_s", "throughput_ops_per_s", "efficiency_ops_per_j"}
    assert {name: one.cost(5.0) for name, one in METRICS.items()} == {
        name: -5.0 if name in better else 5.0 for name in METRICS
    }
    assert ENDS == (5, 95)


def test_each_of_several_programs_has_a_front_of_its_own() -> None:
    both = [METRICS["latency_s"], METRICS["energy_j"]]
    numbers = {"a": (1.0, 9.0), "b": (2.0, 8.0), "c": (3.0, 8.0), "d": (9.0, 1.0), "e": (9.0, 2.0)}
    rows = [
        row(latency_s=x, energy_j=y).model_copy(update={"key": key, "program": "p" if key in "ace" else "q"})
        for key, (x, y) in numbers.items()
    ]
    found = [(one.program, one.front) for one in fronts(rows, both)]
    assert found == [("p", ["a", "c", "e"]), ("q", ["b", "d"])]
    assert fronts(rows[:1], both) == []
    assert [one.program for one in fronts(rows[:2], both)] == ["p", "q"]


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


@pytest.mark.parametrize("points", [4, 6, 8, 9, 15])
def test_of_few_drawn_points_an_axis_that_moves_nothing_has_no_share(points: int) -> None:
    """Where each point has a value of its own, classes of one point would give an axis all that the others move."""
    generator = np.random.default_rng(points)
    shares: dict[str, list[float]] = {"a": [], "b": [], "c": []}
    for _ in range(200):
        values = [(float(a), float(b), f"word{at}") for at, (a, b) in enumerate(generator.random((points, 2)))]
        rows = [row(axes=dict(zip("abc", one, strict=True)), latency_s=float(np.exp(one[0]))) for one in values]
        for one in effects(rows, [("a",), ("b",), ("c",)], [METRICS["latency_s"]], False):
            shares[one.axes[0]].append(one.share)
    assert np.mean(shares["a"]) > 0.5 > 0.25 > np.mean(shares["b"])
    assert shares["c"] == []


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


def test_among_equal_gaps_the_value_with_the_fewest_points_is_left_out() -> None:
    """Half of what a = 0, a = 1 and b = 0 have is missing: without the first two, both axes still move."""
    rows = [
        grid_row({"a": a, "b": b}, failed=b == 0 and a < 2, latency_s=float(np.exp(a + b)))
        for a in range(4)
        for b in range(2)
    ]
    found = effects(rows, [("a",), ("b",)], [METRICS["latency_s"]], True)
    assert {(*one.axes, one.points) for one in found} == {("a", 4), ("b", 4), ("a", "b", 4)}


def test_of_drawn_points_those_that_failed_are_left_out_alone() -> None:
    rows = [grid_row({"a": float(a)}, failed=a == 3, latency_s=float(np.exp(a))) for a in range(6)]
    (found,) = effects(rows, [("a",)], [METRICS["latency_s"]], False)
    assert (found.points, found.share) == (5, 1.0)


def test_a_number_that_may_be_zero_is_taken_as_it_is() -> None:
    """0 and 4 at one value of an axis, 8 and 12 at the other: of a variance of 20 the means have 16."""
    rows = [row(axes={"a": a, "b": b}, late_reads=8 * a + 4 * b) for a in (0, 1) for b in (0, 1)]
    found = {tuple(one.axes): one.share for one in effects(rows, [("a",), ("b",)], [METRICS["late_reads"]], True)}
    assert found == pytest.approx({("a",): 0.8, ("b",): 0.2, ("a", "b"): 0.0})


def test_on_a_grid_each_value_is_a_class_of_its_own_however_many_there_are() -> None:
    rows = [row(axes={"a": a, "b": b}, latency_s=float(np.exp(a))) for a in range(12) for b in (0, 1)]
    found = {tuple(one.axes): one.share for one in effects(rows, [("a",), ("b",)], [METRICS["latency_s"]], True)}
    assert found[("a",)] == pytest.approx(1)


@pytest.mark.parametrize(
    ("values", "y", "share"),
    [
        ([7, 7, 9, 9], [0, 1, 4, 5], 15.5 / 17),  # 16 of 17 between the two, less what chance shows: 1 of 1 / 2
        ([1, 1, 2], [0, 2, 5], 78 / 114),
        ([1, 2, 3], [0, 7, 2], 1.0),  # as many classes as points
        ([1, 2, 2, 3, 4, 5, 6, 7, 8], [0, 1, 1, 2, 3, 4, 5, 6, 7], 1.0),  # eight values are eight classes
        (range(16), range(16), 332.5 / 340),  # sixteen are pairs
        ([1, 1, 2, 2], [3, 3, 3, 3], 0.0),
        ([1, 2, 1, 2], [0, 1, 1, 0], 0.0),  # less than chance would show
    ],
)
def test_a_share_of_drawn_numbers_is_that_of_sums_by_hand(values: list[int], y: list[int], share: float) -> None:
    assert share_of(np.array(values, np.float64), np.array(y, np.float64)) == pytest.approx(share)


def test_numbers_above_zero_are_taken_by_their_logarithms() -> None:
    assert share_of(np.array([7.0, 7, 9, 9]), np.exp([0.0, 1, 4, 5])) == pytest.approx(15.5 / 17)


@pytest.mark.parametrize("axis", [[*range(8), "auto"], [f"word{at}" for at in range(9)], [True, *range(2, 10)]])
def test_words_that_were_drawn_are_classes_of_their_own(axis: list[Any]) -> None:
    rows = [row(axes={"a": value}, latency_s=float(np.exp(at))) for at, value in enumerate(axis) for _ in (0, 1)]
    (found,) = effects(rows, [("a",)], [METRICS["latency_s"]], False)
    assert found.share == pytest.approx(1)


def test_rows_of_linked_numbers_that_were_drawn_are_classes_of_their_own() -> None:
    rows = [row(axes={"a": 1 + at // 2, "b": at % 2}, latency_s=float(np.exp(at * 7 % 18))) for at in range(18)] * 2
    (found,) = effects(rows, [("a", "b")], [METRICS["latency_s"]], False)
    assert (found.axes, found.share) == (["a, b"], pytest.approx(1))


@pytest.mark.parametrize(
    ("numbers", "classes", "sizes"),
    [
        (16, 8, [2] * 8),
        (20, 8, [3, 2, 3, 2, 3, 2, 3, 2]),
        (9, 8, [2, 1, 1, 1, 1, 1, 1, 1]),
        (8, 8, [1] * 8),
        (7, 2, [4, 3]),
    ],
)
def test_drawn_numbers_lie_in_classes_that_hold_equally_many(numbers: int, classes: int, sizes: list[int]) -> None:
    """Whatever their order; those of one class are neighbours by size."""
    values = [float(value) ** 3 for value in np.random.default_rng(numbers).permutation(numbers)]
    found = _classes([(value,) for value in values], False, classes)
    assert np.bincount(found).tolist() == sizes
    if numbers > classes:
        assert found[np.argsort(values)].tolist() == sorted(found)
