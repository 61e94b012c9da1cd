"""The text of runs on several chips, from documents of `acortex.compare/1` alone."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.sim.chip.results import Comparison
from acortex.tools.views.compare import parts

from .conftest import Said


def quantity(name: str, unit: str, *values: float | None) -> dict[str, Any]:
    ratios = [value / values[0] if value is not None and values[0] else None for value in values]
    return {"name": name, "unit": unit, "values": list(values), "ratio": ratios[1], "ratios": ratios}


def compared(report: dict[str, Any], number: int, *rows: dict[str, Any], **changed: Any) -> Comparison:
    """The run of the fixture, compared with itself on so many chips."""
    own = {
        "complete": True, "covers": [None] * number, "program": report["program"],
        "chips": [f"chip{at}" for at in range(number)], "changed": {"settings": [], "program": []}, "rows": list(rows),
        "runs": [report] * number,
    }  # fmt: skip
    return Comparison.model_validate({**own, **changed})


def setting(*values: Any) -> dict[str, Any]:
    return {"path": "memory.ports", "a": values[0], "b": values[1], "values": list(values)}


def test_two_chips_stand_beside_each_other_with_their_ratio(report: dict[str, Any], said: Said) -> None:
    rows = [
        quantity("cycles", "cycles", 54321, 27160), quantity("area", "mm2", 1.5, 1.23456), quantity("none", "J", 0, 0),
        quantity("energy.main_memory", "J", 1e-9, 2e-9), quantity("throughput", "Op/s", None, 5e9),
        quantity("power", "W", 0, 1e-3),
    ]  # fmt: skip
    assert said(parts(compared(report, 2, *rows, changed={"settings": [setting(1, None)], "program": []}))) == [
        "digits_mlp on chip0 and chip1",
        "setting memory.ports 1 -> not stated",
        "",
        "chip0 chip1 ratio",
        "cycles 54,321 27,160 x 0.500",
        "area 1.5000 mm2 1.2346 mm2 x 0.823",
        "main memory 1.00 nJ 2.00 nJ x 2.000",
        "throughput - 5.00 GOp/s",
        "power 0 W 1.00 mW",
        "",
        "The longest wait, and the busiest unit",
        "chip0: neurons waited 70.8 % for frame; main_memory busy 50.0 %",
        "chip1: neurons waited 70.8 % for frame; main_memory busy 50.0 %",
    ]


def test_more_chips_have_letters_and_two_of_them_stand_beside_the_first(report: dict[str, Any], said: Said) -> None:
    rows = [quantity("cycles", "cycles", 1000, 2000, 3000, 4000)]
    changed = {"settings": [setting(1, True, 2.5, None)], "program": None}
    assert said(parts(compared(report, 4, *rows, changed=changed)))[:13] == [
        "digits_mlp on 4 chips",
        "a chip0",
        "b chip1",
        "c chip2",
        "d chip3",
        "setting memory.ports a 1, b true, c 2.5, d not stated",
        "each chip runs a program that was compiled for it",
        "",
        "a b to a c to a",
        "cycles 1,000 2,000 x 2.000 3,000 x 3.000",
        "",
        "a d to a",
        "cycles 1,000 4,000 x 4.000",
    ]


def test_three_chips_are_counted_and_named_below(report: dict[str, Any], said: Said) -> None:
    assert said(parts(compared(report, 3)))[:4] == ["digits_mlp on 3 chips", "a chip0", "b chip1", "c chip2"]


def test_after_the_last_letter_chips_have_numbers(report: dict[str, Any], said: Said) -> None:
    found = said(parts(compared(report, 28, quantity("cycles", "cycles", *range(1, 29)))))
    assert found[26:29] == ["z chip25", "27 chip26", "28 chip27"]


def test_chips_of_the_same_settings_say_so(report: dict[str, Any], said: Said) -> None:
    assert said(parts(compared(report, 2)))[1] == "the same settings"


@pytest.mark.parametrize(("number", "name"), [(2, "chip1"), (3, "b")])
def test_a_run_that_was_stopped_is_named_first(report: dict[str, Any], number: int, name: str, said: Said) -> None:
    part = {"until_cycle": 9, "inferences": 4000, "finished": 1000, "under_way": 1, "lost": "stopped at cycle 9"}
    covers = [None, part, *[None] * (number - 2)]
    found = said(parts(compared(report, number, covers=covers, complete=False)))
    told = f"{name}: incomplete: stopped at cycle 9; 1,000 of 4,000 inferences had finished, 1 was under way"
    assert found[0] == told
    assert not [line for line in found[1:] if "incomplete" in line]


def test_a_run_without_waits_has_its_busiest_unit(report: dict[str, Any], said: Said) -> None:
    report["waits"] = []
    assert said(parts(compared(report, 2)))[-1] == "chip1: main_memory busy 50.0 %"
