"""Resistive wires: by hand, against Kirchhoff's laws written out node by node, and how far the closed form errs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.sim.analog.pairs import from_crossbar, to_crossbar
from acortex.sim.analog.wires import (
    Grounds,
    Sources,
    effective,
    exact,
    gated,
    gated_mean,
    per_level,
    timed,
    together,
)

Floats = NDArray[np.floating[Any]]


Node = tuple[int, int, int]
"""(0, i, j) lies on row i at column j, (1, i, j) on column j at row i."""


def written_out(g: list[list[Fraction]], row_ohm: Fraction, column_ohm: Fraction) -> list[list[Fraction]]:
    """What the array multiplies with: the law of currents at every node, in fractions, by elimination."""
    rows, columns = len(g), len(g[0])
    nodes = [(wire, i, j) for wire in range(2) for i in range(rows) for j in range(columns)]
    found = []
    for driven in range(rows):
        law = [currents_away(node, nodes, g, (row_ohm, column_ohm)) for node in nodes]
        for (wire, i, j), row in zip(nodes, law, strict=True):
            row.append(1 / row_ohm if (wire, i, j) == (0, driven, 0) else Fraction(0))
        volts = dict(zip(nodes, solved(law), strict=True))
        found.append([volts[1, rows - 1, j] / column_ohm for j in range(columns)])
    return found


def currents_away(
    node: Node, nodes: list[Node], g: list[list[Fraction]], ohms: tuple[Fraction, Fraction]
) -> list[Fraction]:
    """The currents out of a node, through its cell and both its pieces of wire, for 1 V at each node."""
    wire, i, j = node
    row = dict.fromkeys(nodes, Fraction(0))
    row[node] = g[i][j] + 2 / ohms[wire]
    row[1 - wire, i, j] = -g[i][j]
    neighbours = [(1, i - 1, j), (1, i + 1, j)] if wire else [(0, i, j - 1), (0, i, j + 1)]
    for beside in neighbours:
        if beside in row:
            row[beside] = -1 / ohms[wire]
    # The far end of a row and the upper end of a column have one piece of wire alone.
    if (wire == 0 and j == len(g[0]) - 1) or (wire == 1 and i == 0):
        row[node] -= 1 / ohms[wire]
    return list(row.values())


def solved(law: list[list[Fraction]]) -> list[Fraction]:
    """The solution of equations whose right sides are the last column."""
    count = len(law)
    for at in range(count):
        pivot = next(k for k in range(at, count) if law[k][at])
        law[at], law[pivot] = law[pivot], law[at]
        law[at] = [value / law[at][at] for value in law[at]]
        for k in range(count):
            if k != at and law[k][at]:
                law[k] = [value - law[k][at] * own for value, own in zip(law[k], law[at], strict=True)]
    return [row[-1] for row in law]


def some_cells(seed: int = 0, side: int = 64) -> NDArray[np.float64]:
    """One line of one-sided pairs, 4-bit weights as shares of the largest: half of the cells are off."""
    rng = np.random.default_rng(seed)
    weights = np.clip(np.rint(rng.normal(0, 3, (side, side))), -8, 7)
    cells: NDArray[np.float64] = np.abs(weights) / 8 * (rng.random((side, side)) < 0.5)
    return cells


def some_codes(seed: int = 1, inputs: int = 200, side: int = 64) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, 16, (inputs, side))


def test_one_cell_is_in_series_with_its_wires() -> None:
    pytest.importorskip("scipy")
    g = np.array([[0.25]])
    assert exact(g, 2.0, 3.0) == pytest.approx(1 / (2 + 4 + 3), rel=1e-14)
    assert effective(g, 2.0, 3.0) == pytest.approx(0.25 / (1.5 * 1.75), rel=1e-14)


def test_two_cells_on_a_column_by_hand() -> None:
    # Cells of 1 S at the nodes a (above) and b of a column with 1 ohm from a to b and from b to ground, rows without
    # resistance. With 1 V at the upper row: 2a - b = 1 and 3b = a, so b = 1/5. With 1 V at the lower row: b = 2a and
    # 3b - a = 1, so b = 2/5. The current into ground is b / 1 ohm.
    pytest.importorskip("scipy")
    assert exact(np.ones((2, 1)), 0.0, 1.0) == pytest.approx(np.array([[0.2], [0.4]]), rel=1e-14)


def test_two_cells_on_a_row_by_hand() -> None:
    # Cells of 1 S at the nodes a and b of a row, 1 ohm from the source to a and from a to b, columns without
    # resistance: 3a - b = 1 and 2b = a, so a = 2/5 and b = 1/5, each the current of its column.
    pytest.importorskip("scipy")
    assert exact(np.ones((1, 2)), 1.0, 0.0) == pytest.approx(np.array([[0.4, 0.2]]), rel=1e-14)


@pytest.mark.parametrize(
    ("g", "row_ohm", "column_ohm"),
    [
        ([[3, 1], [2, 5]], "1/7", "1/9"),
        ([[1, 0], [0, 4]], "1/2", "1/3"),
        ([[1, 2, 3, 4], [5, 0, 7, 1], [2, 2, 0, 3]], "1/50", "1/20"),
    ],
)
def test_exact_is_kirchhoff_s_law_in_fractions(g: list[list[int]], row_ohm: str, column_ohm: str) -> None:
    pytest.importorskip("scipy")
    by_hand = written_out([[Fraction(x) for x in row] for row in g], Fraction(row_ohm), Fraction(column_ohm))
    found = exact(np.array(g, float), float(Fraction(row_ohm)), float(Fraction(column_ohm)))
    assert found == pytest.approx(np.array(by_hand, float), rel=1e-12, abs=1e-15)


def test_no_resistance_is_the_limit_of_little_resistance() -> None:
    pytest.importorskip("scipy")
    g = some_cells(side=12)
    for row_ohm, column_ohm in ((1e-3, 0.0), (0.0, 1e-3)):
        little = exact(g, max(row_ohm, 1e-12), max(column_ohm, 1e-12))
        assert exact(g, row_ohm, column_ohm) == pytest.approx(little, abs=1e-9)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("ohm", "largest_drop", "bound"),
    [(1e-5, 0.01, 0.002), (1e-4, 0.08, 0.015), (3e-4, 0.2, 0.04), (1e-3, 0.5, 0.1)],
)
def test_the_closed_form_errs_by_a_small_part_of_the_drop(ohm: float, largest_drop: float, bound: float) -> None:
    pytest.importorskip("scipy")
    g, codes = some_cells(), some_codes()
    ideal, right, closed = (codes @ matrix for matrix in (g, exact(g, ohm, ohm), effective(g, ohm, ohm)))
    drop = ideal - right
    assert largest_drop / 2 < (drop / ideal).max() < largest_drop
    assert 0 < np.linalg.norm(closed - right) / np.linalg.norm(drop) < bound


def test_one_gain_for_each_column_takes_out_nearly_all_of_the_drop() -> None:
    pytest.importorskip("scipy")
    g, codes = some_cells(), some_codes()
    ideal, right = codes @ g / (64 * 15), codes @ exact(g, 1e-4, 1e-4) / (64 * 15)
    left = right * (ideal * right).sum(0) / (right * right).sum(0) - ideal
    untrimmed = np.sqrt(np.mean((right - ideal) ** 2))
    assert 0.003 < untrimmed < 0.004
    assert np.sqrt(np.mean(left**2)) < 0.0002


@pytest.mark.sampled(1)
@pytest.mark.parametrize("bound_of", [(1e-5, 0.002), (1e-4, 0.015), (3e-4, 0.04)])
def test_gated_cells_leave_the_wires_to_those_that_are_on(bound_of: tuple[float, float]) -> None:
    pytest.importorskip("scipy")
    ohm, bound = bound_of
    g = some_cells()
    rng = np.random.default_rng(2)
    on = rng.random((4, 64)) < np.array([[0.2], [0.4], [0.6], [0.8]])
    switched = g * on[:, :, None]
    right, ideal = exact(switched, ohm, ohm).sum(axis=1), switched.sum(axis=1)
    static = np.stack([effective(g, ohm, ohm)[one].sum(axis=0) for one in on])
    closed = gated(g, on, ohm, ohm)
    assert np.linalg.norm(closed - right) < bound * np.linalg.norm(ideal - right)
    # A matrix for inputs as voltages does not hold here: cells that are off load nothing.
    assert np.linalg.norm(static - right) > 5 * np.linalg.norm(closed - right)


def test_inputs_as_times_add_up_the_steps_in_which_rows_are_on() -> None:
    g = some_cells(side=8)
    codes = np.array([[0, 3, 1, 0, 2, 3, 0, 1]])
    steps = [gated(g, codes >= step, 1e-2, 1e-2) for step in (1, 2, 3)]
    assert timed(g, codes, 1e-2, 1e-2) == pytest.approx(sum(steps), rel=1e-15)
    assert timed(g, codes, 0.0, 0.0) == pytest.approx(codes @ g, rel=1e-15)
    assert not timed(g, codes * 0, 1e-2, 1e-2).any()


def test_rows_are_on_together_for_the_shorter_of_their_times() -> None:
    codes = np.array([[3, 1, 0, 0], [1, 2, 0, 4]])
    # Row 0 is on for 3 + 1 steps, row 1 for 1 + 2 of which 1 + 1 are with row 0; row 2 is never on.
    assert together(codes).tolist() == [[1, 2 / 4, 0, 1 / 4], [2 / 3, 1, 0, 2 / 3], [0, 0, 1, 0], [1 / 4, 2 / 4, 0, 1]]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int8, np.int64])
def test_codes_of_any_width_and_as_many_as_there_are_add_up(kind: type[np.integer[Any]]) -> None:
    codes = np.array([[100, 27, 0]] * 1000, kind)  # a sum of a row is beyond eight and sixteen bits
    assert together(codes).tolist() == [[1, 27 / 100, 0], [1, 1, 0], [0, 0, 1]]
    g = some_cells(side=3)
    few = codes[:2] // 10
    assert timed(g, few, 0.01, 0.02).tobytes() == timed(g, few.astype(np.int64), 0.01, 0.02).tobytes()


def test_of_no_arrays_and_no_inputs_there_is_nothing() -> None:
    pytest.importorskip("scipy")
    g = np.zeros((0, 3, 4))
    for made in (effective(g, 0.1, 0.2), exact(g, 0.1, 0.2), gated_mean(g, np.eye(3), 0.1, 0.2)):
        assert made.shape == (0, 3, 4)
    none = np.zeros((0, 3), np.int64)
    assert timed(np.ones((3, 4)), none, 0.1, 0.2).shape == (0, 4)
    assert together(none).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("busy", [0.3, 1.0])
def test_one_matrix_stands_for_many_inputs_as_times(busy: float) -> None:
    g = some_cells()
    rng = np.random.default_rng(7)
    seen, other = (rng.integers(0, 16, (200, 64)) * (rng.random((200, 64)) < busy) for _ in range(2))
    right, ideal = timed(g, other, 1e-4, 1e-4), other @ g
    drop = np.linalg.norm(ideal - right)
    assert np.linalg.norm(other @ gated_mean(g, together(seen), 1e-4, 1e-4) - right) < 0.1 * drop
    assert np.linalg.norm(other @ effective(g, 1e-4, 1e-4) - right) > 0.15 * drop


def test_a_mean_over_one_pattern_is_that_pattern() -> None:
    g, on = some_cells(side=8), np.array([[1, 0, 1, 1, 0, 0, 1, 0]])
    sides: tuple[Sources, Sources] = ("left", "right")
    ends: tuple[Grounds, Grounds] = ("below", "above")
    for driven, ground in product(sides, ends):
        one = gated(g, on.astype(bool), 0.01, 0.02, driven=driven, ground=ground)
        mean = gated_mean(g, together(on), 0.01, 0.02, driven=driven, ground=ground)
        assert on @ mean == pytest.approx(one, rel=1e-12)


def test_a_mean_over_inputs_that_are_always_on_is_the_matrix_for_voltages() -> None:
    g = some_cells(side=8)
    all_on = together(np.full((3, 8), 15))
    assert gated_mean(g, all_on, 0.01, 0.02) == pytest.approx(effective(g, 0.01, 0.02), rel=1e-14)


@pytest.mark.parametrize("form", [effective, exact])
def test_the_ends_of_wires_can_be_chosen(form: Callable[..., Floats]) -> None:
    pytest.importorskip("scipy")
    g = some_cells(side=6)
    usual = form(g, 0.01, 0.02)
    assert np.array_equal(form(g, 0.01, 0.02, driven="right")[:, ::-1], form(g[:, ::-1], 0.01, 0.02))
    assert np.array_equal(form(g, 0.01, 0.02, ground="above")[::-1], form(g[::-1], 0.01, 0.02))
    assert not np.array_equal(usual, form(g, 0.01, 0.02, driven="right"))
    assert not np.array_equal(usual, form(g, 0.01, 0.02, ground="above"))


def test_gated_cells_take_the_same_ends() -> None:
    g, on = some_cells(side=6), np.array([[1, 0, 1, 1, 0, 1], [0, 1, 1, 0, 0, 0]], bool)
    right = gated(g, on, 0.01, 0.02, driven="right")
    above = gated(g, on, 0.01, 0.02, ground="above")
    assert np.array_equal(right[:, ::-1], gated(g[:, ::-1], on, 0.01, 0.02))
    assert np.array_equal(above, gated(g[::-1], on[:, ::-1], 0.01, 0.02))


def test_pairs_beside_each_other_share_their_rows() -> None:
    cells = np.random.default_rng(3).uniform(0, 8, (3, 2, 5, 4))
    array = to_crossbar(cells)
    assert array.shape == (3, 5, 8)
    assert np.array_equal(array[1, :, 2 * 3 + 1], cells[1, 1, :, 3])
    assert np.array_equal(from_crossbar(array), cells)
    together, alone = from_crossbar(effective(array, 0.001, 0.0)), effective(cells, 0.001, 0.0)
    assert (together < alone).all()  # the other cell of each pair takes current along the row, too


def test_arrays_of_a_leading_axis_are_those_alone() -> None:
    pytest.importorskip("scipy")
    g = np.random.default_rng(4).uniform(0, 8, (2, 3, 5, 4))
    on = np.array([[1, 0, 1, 1, 0]], bool)
    codes = np.array([[3, 0, 1, 2, 2], [1, 1, 0, 3, 0]])
    share = together(codes)
    for at in np.ndindex(2, 3):
        assert np.array_equal(effective(g, 0.01, 0.02)[at], effective(g[at], 0.01, 0.02))
        assert np.array_equal(exact(g, 0.01, 0.02)[at], exact(g[at], 0.01, 0.02))
        assert np.array_equal(gated(g, on, 0.01, 0.02)[at], gated(g[at], on, 0.01, 0.02))
        assert np.array_equal(gated_mean(g, share, 0.01, 0.02)[at], gated_mean(g[at], share, 0.01, 0.02))
        assert np.array_equal(timed(g, codes, 0.01, 0.02)[at], timed(g[at], codes, 0.01, 0.02))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_without_resistance_conductances_stay_bit_for_bit(kind: type[np.floating[Any]]) -> None:
    g = np.random.default_rng(5).uniform(0, 8, (2, 7, 5)).astype(kind)
    assert effective(g, 0.0, 0.0).tobytes() == g.tobytes()
    assert gated_mean(g, np.full((7, 7), 0.5), 0.0, 0.0).tobytes() == g.tobytes()
    assert exact(g, 0.0, 0.0).tobytes() == g.astype(np.float64).tobytes()
    assert per_level(0.0, 143) == 0.0


def test_float32_stays_float32_whatever_float_a_resistance_is() -> None:
    g = some_cells(side=6).astype(np.float32)
    ohm = np.float64(1e-3)
    codes = some_codes(side=6)
    results = [effective(g, ohm, ohm), gated(g, codes > 7, ohm, ohm), timed(g, codes, ohm, ohm)]
    results.append(gated_mean(g, together(codes), ohm, ohm))
    assert {result.dtype for result in results} == {np.dtype(np.float32)}
    assert results[0] == pytest.approx(effective(g.astype(np.float64), 1e-3, 1e-3), rel=1e-6)


def test_levels_and_siemens_are_the_same_array() -> None:
    levels = np.random.default_rng(6).uniform(0, 8, (5, 4))
    unit = per_level(2.0, 143.0)
    in_siemens = effective(levels * 143e-6 / 8, 2.0, 2.0)
    assert effective(levels, unit, unit) == pytest.approx(in_siemens * 8 / 143e-6, rel=1e-13)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda g: effective(g, -1.0, 0.0), "effective: row_ohm is -1.0, not a resistance of at least 0"),
        (lambda g: exact(g, 0.0, float("nan")), "exact: column_ohm is nan, not a resistance"),
        (lambda g: effective(-g, 1.0, 1.0), "conductances reach from -1.0 to -1.0: they are finite and not below 0"),
        (lambda g: effective(g * np.inf, 1.0, 1.0), "conductances reach from inf to inf"),
        (lambda g: effective(g.astype(int), 1.0, 1.0), r"floats of shape \(..., rows, columns\), not int64"),
        (lambda g: effective(g, 1.0, 1.0, driven="top"),  # type: ignore[arg-type]
         "rows are driven \"left\" or \"right\""),
        (lambda g: gated(g, np.ones((1, 3), bool), 1.0, 1.0), r"gated: patterns are bool, .*, not bool of \(1, 3\)"),
        (lambda g: gated(g, g, 1.0, 1.0), r"of shape \(patterns, 2\), not float64 of \(2, 2\); inputs with codes are"),
        (lambda g: timed(g, np.array([[16, -1]]), 1.0, 1.0), r"timed: codes are whole, .* int64 of \(1, 2\) from -1"),
        (lambda g: together(g[0]), r"together: codes are whole, .* not float64 of \(2,\)"),
        (lambda g: gated_mean(g, g[0], 1.0, 1.0), r"gated_mean: shares of shape \(2,\) from 1.0 to 1.0, not \(2, 2\)"),
        (lambda g: gated_mean(g, 2 * g, 1.0, 1.0), r"gated_mean: shares of shape \(2, 2\) from 2.0 to 2.0"),
        (lambda g: gated_mean(g, -g, 1.0, 1.0), r"gated_mean: shares of shape \(2, 2\) from -1.0 to -1.0"),
        (lambda g: effective(g, 0.0, np.inf), "effective: column_ohm is inf, not a resistance"),
        (lambda g: per_level(1.0, 0.0), "per_level: 1.0 ohm, 0.0 uS"),
        (lambda g: per_level(-1.0, 5.0), "per_level: -1.0 ohm, 5.0 uS and 8.0 levels"),
        (lambda g: per_level(1.0, 5.0, 0.0), "per_level: 1.0 ohm, 5.0 uS and 0.0 levels"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_precise_error(call: Callable[[Floats], object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call(np.ones((2, 2)))


def test_a_missing_scipy_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(
        ImportError, match=r'^the exact IR drop of an array needs SciPy: pip install "acortex\[analog\]"$'
    ):
        exact(np.ones((2, 2)), 1.0, 1.0)
