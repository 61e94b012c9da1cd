"""The text of `acortex trace top`, from documents of `acortex.trace-top/1` alone."""

from __future__ import annotations

from typing import Any

from acortex.tools.views.trace_top import top_parts
from acortex.traces.results_of_tops import TraceTop

from .conftest import Said

AJ = 10**9  # a nanojoule


def sums(busy: int, waiting: int, energy_aj: int) -> dict[str, Any]:
    return {"events": 1, "busy": busy, "waiting": waiting, "energy_aj": energy_aj, "energy_j": energy_aj / 10**18}


ONE = {"pc": 2, "line": "a.s:3", "text": "halt", "layer": "-", "share": 0.5, **sums(1000, 30, 2 * AJ)}
LAYER = {"name": "-", "share": 0.5, **sums(500, 60, 4 * AJ)}
NONE = {"rows": 0, "share": 0.0, **sums(0, 0, 0)}
REPORT: dict[str, Any] = {
    "complete": True, "covers": None, "by": "waits", "cycles": 9000, "whole": sums(2000, 120, 8 * AJ),
    "instructions": [ONE], "other_instructions": NONE, "layers": [LAYER],
    "other_layers": {"rows": 1500, "share": 0.1, **sums(1500, 1, 0)},
}  # fmt: skip


def lines(said: Said, **changed: Any) -> list[str]:
    return said(top_parts(TraceTop.model_validate({**REPORT, **changed})))


def test_each_row_has_its_part_of_the_whole_and_all_others_are_the_last(said: Said) -> None:
    assert lines(said) == [
        "What takes the most cycles of waiting",
        "all units together: 2,000 cycles busy, 120 cycles waiting,",
        "8.00 nJ without leakage",
        "",
        "Instruction busy waiting energy",
        "a.s:3 halt 1,000 50.0 % 30 25.0 % 2.00 nJ 25.0 %",
        "",
        "Layer busy waiting energy",
        "(outside layers) 500 25.0 % 60 50.0 % 4.00 nJ 50.0 %",
        "1,500 others 1,500 75.0 % 1 0.8 % 0 J 0.0 %",
        "",
    ]


def test_of_a_sum_that_is_nothing_there_are_no_parts(said: Said) -> None:
    found = lines(said, whole=sums(2000, 0, 0), other_layers=NONE)
    assert found[5] == "a.s:3 halt 1,000 50.0 % 30 - 2.00 nJ -"
    assert found[-2] == "(outside layers) 500 25.0 % 60 - 4.00 nJ -"


def test_a_table_without_rows_is_left_out_and_one_of_others_alone_is_not(said: Said) -> None:
    assert not [line for line in lines(said, layers=[], other_layers=NONE) if line.startswith("Layer")]
    found = lines(said, instructions=[], other_instructions={**NONE, "rows": 1})
    assert found[4:6] == ["Instruction busy waiting energy", "1 other 0 0.0 % 0 0.0 % 0 J 0.0 %"]


def test_where_rows_are_of_whole_layers_no_instruction_is_known(said: Said) -> None:
    found = lines(said, instructions=None, other_instructions=None, by="energy")
    assert found[0] == "What takes the most energy"
    assert found[4:6] == ["Which instruction took it is not known: a row of this trace is of all those of a layer.", ""]
    assert found[6].startswith("Layer ")
