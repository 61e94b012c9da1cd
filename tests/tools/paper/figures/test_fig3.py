"""Fig. 3: shares of disturbed cells, simulated beside closed forms."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from acortex.tools.paper.figures import fig3, half_select, view
from acortex.tools.paper.figures.figure import Figure, Options


@cache
def figure() -> Figure:
    return fig3.made(Options(), lambda done, total: None)


@cache
def shares() -> dict[float, half_select.Share]:
    return {one.spread: one for one in half_select.studied(lambda done, total: None).shares}


@pytest.mark.parametrize(
    ("spread", "write", "crossbar"),
    [(0.10, 0.070, 0.764), (0.15, 1.66, 10.13), (0.20, 5.51, 24.3), (0.26, 10.96, 38.4)],
)
def test_simulated_shares_are_those_of_the_closed_form(spread: float, write: float, crossbar: float) -> None:
    one = shares()[spread]
    assert 100 * one.write == pytest.approx(write, rel=0.005)
    assert 100 * one.crossbar == pytest.approx(crossbar, rel=0.005)
    assert abs(one.write_simulated - one.write) < 4 * one.write_error
    assert abs(one.crossbar_simulated - one.crossbar) < 4 * one.crossbar_error
    assert one.active_simulated == 0


def test_a_write_of_a_fragment_disturbs_what_lies_below_half_of_it() -> None:
    # The written cell, its neighbour in the row, that in the column, and the one that sees nothing: in V.
    fragments = np.array([[[1.0, 0.6], [0.7, 0.1]], [[1.2, 0.6], [0.7, 0.1]], [[1.0, 0.7], [0.7, 0.1]]])
    assert half_select.written_once(fragments).tolist() == [0.5, 1.0, 0.0]


def test_a_curve_sets_beyond_its_threshold_and_resets_below_zero() -> None:
    curve = half_select.studied(lambda done, total: None).curves[0]
    rising = curve.current_ua[:30]
    ends = int(np.argmax(curve.volts))
    assert np.allclose(rising[1:] / curve.volts[1:30], rising[1] / curve.volts[1])  # ohmic below every threshold
    assert curve.current_ua[ends] / curve.volts[ends] > 10 * rising[1] / curve.volts[1]
    assert curve.current_ua[-2] / curve.volts[-2] == pytest.approx(rising[1] / curve.volts[1], rel=0.1)


def test_nothing_is_said_to_be_printed_where_the_paper_prints_nothing() -> None:
    rows = {row.row: row for row in figure().rows}
    assert all(row.paper is None and row.ratio is None for row in rows.values())
    assert {row.basis for name, row in rows.items() if "threshold" in name} == {"fitted"}
    assert {row.basis for name, row in rows.items() if "T1R" in name} == {"predicted"}
    assert all(row.within for name, row in rows.items() if "threshold" in name)


def test_the_page_of_the_docs_is_what_is_made() -> None:
    page = Path(__file__).resolve().parents[4] / "docs" / "figure-3.md"
    assert view.page(figure()) == page.read_text()
