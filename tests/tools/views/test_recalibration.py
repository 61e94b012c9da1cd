"""The text of a recalibration: rows, what stays as it is, and what is left out."""

from __future__ import annotations

import pytest
from rich.console import Console

from acortex.sim.accuracy.results_of_recalibration import CalibrationCost, RecalibrationReport, ScaleRow
from acortex.tools.views.recalibration import MOST, recalibration_parts


def row(number: int, left: str = "") -> ScaleRow:
    return ScaleRow(
        where=f"net.s:{number}",
        layers=[f"layer{number}"],
        by_column=number % 2 == 1,
        gain=0.75,
        gain_least=0.5,
        gain_most=0.875,
        codes_per_sum_before=0.25,
        codes_per_sum=0.3333333,
        left=left,
    )


def text_of(rows: list[ScaleRow], output: str | None = None) -> list[str]:
    report = RecalibrationReport(
        program="net",
        chip="a chip",
        chips=2,
        inputs=3,
        seed=1,
        errors={"errors.age_s": 1.0},
        scales=rows,
        cost=CalibrationCost(array_operations=1500, conversions=2000, time_s=2.5e-6, energy_j=3e-9),
        output=output,
    )
    console = Console(width=100, record=True, file=None, quiet=False, no_color=True)
    with console.capture() as caught:
        for part in recalibration_parts(report):
            console.print(part)
    return [line.rstrip() for line in caught.get().splitlines()]


def test_a_row_has_the_layer_its_gains_and_its_scales() -> None:
    lines = text_of([row(0), row(1)])
    cells = [line.split() for line in lines if line.startswith("  layer")]
    assert cells[0] == ["layer0", "75.0", "%", "50.0", "%", "87.5", "%", "0.25", "0.3333"]
    assert cells[1][:3] == ["layer1", "by", "column"]


def test_what_stays_as_it_is_says_why() -> None:
    lines = text_of([row(0, left="a reason")])
    assert "The scale of net.s:0 stays as it is: a reason." in lines
    assert any(line.endswith("as it was") for line in lines)


def test_what_measuring_takes_and_where_the_program_is() -> None:
    lines = text_of([row(0)], output="new.acx")
    assert "Measuring takes 2.50 us for each chip and 3.00 nJ for all:" in lines
    assert "1,500 array operations, 2,000 conversions, once." in lines
    assert lines[-1] == "The program with these scales: new.acx."


@pytest.mark.parametrize(("rows", "more"), [(MOST, False), (MOST + 3, True)])
def test_long_lists_are_cut_and_say_so(rows: int, more: bool) -> None:
    lines = text_of([row(number) for number in range(rows)])
    assert sum(line.startswith("  layer") for line in lines) == MOST
    assert ("  and 3 more; --format json has all" in lines) == more
