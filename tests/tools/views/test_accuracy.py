"""The text of `acortex accuracy`, from a document of `acortex.accuracy/1` alone."""

from __future__ import annotations

from typing import Any

import pytest

from acortex.sim.accuracy.results import AccuracyReport
from acortex.tools.views.accuracy import accuracy_parts

from .conftest import Said

SPREAD = {
    "mean": 0.9,
    "sd": 0.0125,
    "min": 0.85,
    "p5": 0.86,
    "median": 0.9,
    "p95": 0.93,
    "max": 0.94,
    "ci95": [0.8875, 0.9125],
}
REPORT: dict[str, Any] = {
    "program": "digits", "chip": "acortex_digits", "chips": 4, "inputs": 2000, "seed": 3, "output": "scores",
    "judged_by": "labels", "ideal": 0.955, "accuracy": SPREAD, "per_chip": [0.85, 0.9, 0.9, 0.95],
    "yield": [{"at_least": 0.9, "share": 0.75, "ci95": [0.3, 0.95]}],
    "margin": {"ideal_median": 40.0, "median": 37.5, "ideal_p5": 12.0, "p5": 8.0}, "changed_codes": 0.0625,
    "errors": {"errors.tuning_pct": 5.0, "errors.statistics": "sonos"}, "not_modelled": [], "conditions": [],
    "ablation": [], "lost_arrays": 0.0, "trims": None, "cpu_s": 1.0,
}  # fmt: skip


def lines(said: Said, **changed: Any) -> list[str]:
    return said(accuracy_parts(AccuracyReport.model_validate({**REPORT, **changed})))


def test_the_facts_of_a_population(said: Said) -> None:
    assert lines(said)[:8] == [
        "digits on 4 chips",
        "of acortex_digits 2,000 inputs each, seed 3",
        "",
        "ideal chip 95.50 % by the labels; output scores",
        "mean 90.00 % 95 % interval of the mean 88.75 % to 91.25 %",
        "spread 1.25 points standard deviation from chip to chip",
        "5th percentile 86.00 % one chip in twenty is worse; the worst 85.00 %",
        "changed 6.2 % of the output numbers differ from the ideal chip's",
    ]
    assert lines(said)[8] == (
        "margin 37.5 right output less the best wrong one, median (ideal 40); 5th percentile 8 (ideal 12)"
    )


def test_of_one_chip_nothing_is_said_of_others(said: Said) -> None:
    found = lines(said, chips=1, per_chip=[0.9], accuracy={**SPREAD, "sd": 0.0}, margin=None)
    assert found[4] == "mean 90.00 % one chip: nothing is known of others"
    assert not [one for one in found if one.startswith(("spread", "5th", "Chips by", "margin"))]


def test_of_two_chips_the_interval_is_known(said: Said) -> None:
    found = lines(said, chips=2, per_chip=[0.85, 0.95])
    assert found[4] == "mean 90.00 % 95 % interval of the mean 88.75 % to 91.25 %"
    assert found[5].startswith("spread 1.25 points")


def test_bars_of_chips_stand_beside_their_accuracies(said: Said) -> None:
    found = lines(said, per_chip=[0.8, 0.9, 0.9, 0.9])
    assert [one.split()[-1] for one in found if " to " in one and "█" in one] == ["3", "1"]


def test_without_labels_the_ideal_chip_is_right(said: Said) -> None:
    assert (
        lines(said, judged_by="ideal")[3]
        == "ideal chip 95.50 % there are no labels: what it says is right; output scores"
    )


def test_the_histogram_has_the_best_chips_first_and_the_longest_bar_where_most_are(said: Said) -> None:
    found = lines(said)
    at = found.index("Chips by accuracy")
    bars = [(one.partition(" % ")[0], one.count("█"), one.split()[-1]) for one in found[at + 1 : at + 4]]
    assert bars == [("91.67 to 95.00", 15, "1"), ("88.33 to 91.67", 30, "2"), ("85.00 to 88.33", 15, "1")]


def test_the_histogram_has_twelve_bars_at_most(said: Said) -> None:
    found = lines(said, per_chip=[0.8 + 0.01 * n for n in range(13)])
    assert len([one for one in found if " to " in one and "█" in one]) == 12


def test_it_says_how_many_chips_are_good_enough(said: Said) -> None:
    assert "at least 90.00 % 75.0 % 30.0 % to 95.0 %" in lines(said)


def test_later_and_warmer_chips_have_a_row_each(said: Said) -> None:
    rows = [
        {"varied": "age_s", "age_s": 1000.0, "temperature_c": 25.0, "accuracy": {**SPREAD, "mean": 0.8}},
        {"varied": "temperature_c", "age_s": 0.0, "temperature_c": 85.5, "accuracy": SPREAD},
    ]
    assert lines(said, conditions=rows)[-5:-2] == [
        "The same chips mean spread 5th percentile",
        "after 1.00 ks at 25 degC 80.00 % 1.25 86.00 %",
        "after 0 s at 85.5 degC 90.00 % 1.25 86.00 %",
    ]


def test_kinds_of_errors_come_with_the_worst_first_and_what_leaving_them_out_brings_back(said: Said) -> None:
    rows = [
        {"error": "offsets", "settings": [], "alone": 0.95, "without": 0.91},
        {"error": "tuning", "settings": [], "alone": 0.905, "without": 0.89},
    ]
    found = lines(said, ablation=rows)
    at = found.index("Kind of error alone loses all but it brings back")
    assert found[at + 1 : at + 3] == ["tuning 90.50 % 5.00 89.00 % -1.00", "offsets 95.00 % 0.50 91.00 % 1.00"]


def test_lost_arrays_and_trims_are_told_where_there_are_any(said: Said) -> None:
    trims = {"array_operations": 5, "conversions": 12800, "time_s": 2e-3, "energy_j": 3e-6}
    found = lines(said, lost_arrays=0.125, trims=trims)
    assert "lost arrays 0.12 dead arrays per chip that no spare one replaces" in found
    assert "trims 2.00 ms once per chip: 12,800 conversions, 3.00 uJ" in found
    assert not [one for one in lines(said) if one.startswith(("lost", "trims"))]


def test_errors_that_act_are_named_with_their_values(said: Said) -> None:
    assert lines(said)[-1] == "Errors that the chip states: tuning_pct 5, statistics sonos."


def test_a_chip_without_errors_says_how_to_state_one(said: Said) -> None:
    assert lines(said, errors={})[-1].startswith("The chip states no errors: every chip is ideal.")


@pytest.mark.parametrize(("number", "more"), [(1, ""), (8, ""), (9, " and 1 more"), (11, " and 3 more")])
def test_of_errors_that_are_not_modelled_eight_are_named(number: int, more: str, said: Said) -> None:
    named = ", ".join(f"e{at}" for at in range(min(number, 8)))
    found = lines(said, not_modelled=[f"errors.e{at}" for at in range(number)])
    assert found[-1] == f"Not stated, and not modelled: {named}{more}."
