"""Fig. 7c: the digital twin beside the mixed-signal chip, and where the paper contradicts itself."""

from __future__ import annotations

from functools import cache

import pytest

from acortex.sim.chip.specs import load_chip
from acortex.tools.paper.figures import fig7c
from acortex.tools.paper.figures.figure import Figure, Options
from acortex.tools.paper.results import FigureRow

STEPS: list[tuple[int, int]] = []


@cache
def figure() -> Figure:
    return fig7c.made(Options(), lambda done, total: STEPS.append((done, total)))


def rows() -> dict[str, FigureRow]:
    return {row.row: row for row in figure().rows}


@pytest.mark.parametrize(
    ("row", "paper", "tolerance"),
    [
        ("area, digital", 607, 0.001),
        ("latency, digital", 0.35, 0.025),
        ("efficiency, digital", 3.21, 0.002),
        ("area, digital over mixed-signal", 2.07, 0.005),
        ("energy, digital over mixed-signal", 88, 0.05),
        ("latency, digital over mixed-signal", 0.593, 0.02),
    ],
)
def test_the_twin_is_what_is_printed(row: str, paper: float, tolerance: float) -> None:
    assert rows()[row].paper == pytest.approx(paper, rel=0.005)
    assert rows()[row].ours == pytest.approx(paper, rel=tolerance)
    assert rows()[row].basis == "fitted"


def test_every_row_with_a_printed_number_agrees() -> None:
    assert [name for name, row in rows().items() if row.within is False] == []
    assert STEPS == [(0, 2), (1, 2), (2, 2)]


def test_the_contradiction_and_the_lost_point_are_said() -> None:
    assert rows()["latency, digital over mixed-signal"].note == fig7c.SPEED
    assert rows()["efficiency, digital"].doubtful
    assert "321" in rows()["efficiency, digital"].note
    assert rows()["energy, digital"].paper is None


def test_what_is_put_in_is_what_the_chip_has() -> None:
    settings = ["clock_ns=2", "energy.array_pj=3", "area.cells_um2=4000", "area.sensing_um2=500"]
    values = [one.value for one in fig7c.given(load_chip(fig7c.DIGITAL, settings))]
    assert values[:3] == ["2 ns", "3 pJ", "4,641 um2"]


def test_the_areas_of_the_picture_are_those_of_the_chips() -> None:
    areas = next(one for one in figure().drawn if one.name.startswith("area"))
    total = [sum(column[side] for column in areas.columns.values()) for side in (0, 1)]
    assert total[0] == pytest.approx(293.2, abs=0.5)
    assert total[1] == pytest.approx(607, abs=0.5)
    assert areas.columns["dacs"][1] == 0


@pytest.mark.parametrize(("tops_per_j", "energy_uj"), [(1.0, 2684.35456), (283, 9.4854), (3.21, 836.247)])
def test_an_inference_takes_two_operations_for_each_multiply_accumulate(tops_per_j: float, energy_uj: float) -> None:
    """327,680 array operations of 64 x 64, at so many operations for a picojoule."""
    assert fig7c._energy_uj(tops_per_j) == pytest.approx(energy_uj, rel=1e-5)
