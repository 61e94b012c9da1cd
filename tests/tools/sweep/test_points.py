"""The points of a sweep: combined, side by side, or drawn; their number is known before any of them is made."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.tools.sweep.points import number_of_points, points_of
from acortex.tools.sweep.spec import Spec, spec_of

AXES = {"memory.ports": [1, 2], "memory.banks": [4, 8, 16]}


def spec(axes: dict[str, Any] = AXES, **more: Any) -> Spec:
    return spec_of({"program": "zoo:digits_mlp", "axes": axes, **more}, "s.toml")


def rows(made: Spec) -> list[tuple[Any, ...]]:
    found = [tuple(point.values.values()) for point in points_of(made)]
    assert len(found) == number_of_points(made)
    return found


def test_a_grid_has_each_combination_the_last_axis_fastest() -> None:
    assert rows(spec()) == [(1, 4), (1, 8), (1, 16), (2, 4), (2, 8), (2, 16)]


def test_a_list_takes_axes_side_by_side() -> None:
    axes = {"memory.ports": [1, 2, 4], "memory.banks": [4, 8, 16]}
    assert rows(spec(axes, sample={"kind": "list"})) == [(1, 4), (2, 8), (4, 16)]


def test_without_axes_there_is_one_point() -> None:
    assert rows(spec({})) == [()]
    assert rows(spec({}, sample={"kind": "list"})) == [()]


def test_each_program_has_all_points() -> None:
    made = spec(program=["zoo:lstm", "zoo:digits_mlp"])
    assert [point.program for point in points_of(made)] == ["zoo:lstm"] * 6 + ["zoo:digits_mlp"] * 6
    assert number_of_points(made) == 12


def test_a_program_that_is_an_axis_is_the_points() -> None:
    made = spec_of({"axes": {"program": ["zoo:lstm", "zoo:digits_mlp"], "memory.ports": [1, 2]}}, "s.toml")
    assert [point.program for point in points_of(made)] == ["zoo:lstm"] * 2 + ["zoo:digits_mlp"] * 2


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_more_drawn_points_begin_with_the_same_ones(kind: str) -> None:
    axes = {"clock_ns": {"from": 1, "to": 4}, "memory.banks": [4, 8, 16], "memory.ports": {"from": 1, "to": 8}}
    few, many = (rows(spec(axes, sample={"kind": kind, "points": n, "seed": 9})) for n in (5, 40))
    assert many[:5] == few
    assert {row[1] for row in many} == {4, 8, 16}
    assert all(1 <= row[0] <= 4 and row[2] in range(1, 9) for row in many)


@pytest.mark.parametrize("kind", ["random", "sobol"])
def test_another_seed_draws_others(kind: str) -> None:
    axes = {"clock_ns": {"from": 1, "to": 4}}
    one, other = (rows(spec(axes, sample={"kind": kind, "points": 8, "seed": n})) for n in (1, 2))
    assert one != other


def test_a_sobol_sample_is_even() -> None:
    found = rows(spec({"clock_ns": {"from": 1, "to": 5}}, sample={"kind": "sobol", "points": 16}))
    assert [sum(1 + n <= row[0] < 2 + n for row in found) for n in range(4)] == [4, 4, 4, 4]


@pytest.mark.parametrize("number", [2, 4, 8])
def test_a_drawn_sample_takes_each_value_of_a_list_equally_often(number: int) -> None:
    banks = [2**at for at in range(number)]
    found = rows(spec({"memory.banks": banks}, sample={"kind": "sobol", "points": 16}))
    assert [sum(row == (one,) for row in found) for one in banks] == [16 // number] * number


def test_a_product_over_the_limit_is_refused_with_its_count_before_it_is_made() -> None:
    axes = {
        f"memory.{name}": {"from": 1, "to": 1000, "steps": 1000} for name in ("banks", "access_cycles", "bank_cycles")
    }
    with pytest.raises(UsageError) as caught:
        number_of_points(spec(axes))
    said = "1,000,000,000 points (memory.banks 1000 x memory.access_cycles 1000 x memory.bank_cycles 1000)"
    assert said in caught.value.message
    assert "limit of 100,000" in caught.value.message


def test_a_limit_of_the_file_holds() -> None:
    assert number_of_points(spec(limit=6)) == 6
    with pytest.raises(UsageError, match=r"6 points .* more than its limit of 5"):
        number_of_points(spec(limit=5))


def test_a_product_names_what_makes_it_large_and_its_file() -> None:
    axes = {"memory.ports": [1, 2], "memory.banks": [4], "clock_ns": [1, 2, 3]}
    with pytest.raises(UsageError) as caught:
        number_of_points(spec(axes, program=["zoo:lstm", "zoo:digits_mlp"], limit=11))
    told = "the sweep has 12 points (2 programs x memory.ports 2 x clock_ns 3), more than its limit of 11"
    assert (caught.value.message, caught.value.where) == (told, "s.toml")


def test_a_drawn_sample_over_the_limit_is_named_by_its_kind() -> None:
    with pytest.raises(UsageError, match=r"has 30 points \(random\), more than its limit of 29"):
        number_of_points(spec(sample={"kind": "random", "points": 30}, limit=29))
