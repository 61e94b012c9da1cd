"""The text of `acortex trace reprice`, from documents of `acortex.reprice/1` alone."""

from __future__ import annotations

from typing import Any

from acortex.sim.chip.results import Reprice
from acortex.tools.views.reprice import reprice_parts

from .conftest import Said

AJ = 10**9  # a nanojoule
REPORT: dict[str, Any] = {
    "program": "toy", "chip": ["acortex_toy", "cheap"], "changed": {"settings": [], "program": []}, "cycles": 54321,
    "timing_may_differ": [], "latency_s": 1e-4, "power_w": 1e-5, "energy_j": [1e-8, 4e-9],
    "energy_aj": [10 * AJ, 4 * AJ], "inferences": [],
    "energy_by_component_aj": {"main_memory": [6 * AJ, 3 * AJ], "arrays": [0, 0], "gone": [4 * AJ, 0], "new": [0, AJ]},
    "layers": [{"name": "conv", "energy_aj": [8 * AJ, 4 * AJ]}, {"name": "-", "energy_aj": [2 * AJ, 0]}],
}  # fmt: skip


def test_each_part_has_both_energies_their_difference_and_its_share_of_the_new_whole(said: Said) -> None:
    assert said(reprice_parts(Reprice.model_validate(REPORT))) == [
        "toy: 54,321 cycles recorded on acortex_toy, priced as cheap",
        "",
        "Component recorded priced change",
        "main memory 6.00 nJ 3.00 nJ -3.00 nJ 75.0 %",
        "gone 4.00 nJ 0 J -4.00 nJ 0.0 %",
        "new 0 J 1.00 nJ +1.00 nJ 25.0 %",
        "",
        "Layer recorded priced change",
        "conv 8.00 nJ 4.00 nJ -4.00 nJ 100.0 %",
        "(outside layers) 2.00 nJ 0 J -2.00 nJ 0.0 %",
        "",
        "Total recorded priced change",
        "energy 10.0 nJ 4.00 nJ -6.00 nJ 100.0 %",
    ]


def test_a_part_of_a_run_and_what_was_changed_stand_before_the_tables(said: Said) -> None:
    settings = [{"path": "energy.dacs_pj", "a": 1.5, "b": None}]
    part = {"level": "events", "lost": "the run was stopped at cycle 9"}
    given = {"covers": part, "complete": False, "changed": {"settings": settings, "program": []}}
    found = said(reprice_parts(Reprice.model_validate({**REPORT, **given})))
    assert found[0] == "incomplete: the run was stopped at cycle 9"
    assert found[2] == "setting energy.dacs_pj 1.5 -> not stated"


def test_a_chip_on_which_nothing_costs_anything_has_shares_of_nothing(said: Said) -> None:
    free = {"energy_j": [1e-9, 0.0], "energy_aj": [AJ, 0], "energy_by_component_aj": {"dacs": [AJ, 0]}, "layers": []}
    found = said(reprice_parts(Reprice.model_validate({**REPORT, **free})))
    assert found[3] == "dacs 1.00 nJ 0 J -1.00 nJ 0.0 %"
    assert found[-1] == "energy 1.00 nJ 0 J -1.00 nJ 0.0 %"
