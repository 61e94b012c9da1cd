"""The text of `acortex sweep`, from documents of `acortex.sweep/1` alone."""

from __future__ import annotations

from typing import Any

import pytest
from rich.console import Console

from acortex.tools.console.output import show
from acortex.tools.sweep.metrics import METRICS
from acortex.tools.sweep.results import SweepReport, SweepUncertainty
from acortex.tools.views.sweep import (
    effect_rows,
    failures_told,
    fronts_of,
    gaps_told,
    given_text,
    named_fronts,
    number_text,
    parts,
    shown_of,
)
from acortex.tools.views.sweep_uncertainty import basis_told, constant_rows, interval_rows, interval_text

from .conftest import Said


def row(number: int, **changed: Any) -> dict[str, Any]:
    """A point that is done: one program, two settings, a latency of so many nanoseconds."""
    own = {"key": f"k{number}", "program": "a.s", "chip": "c", "status": "done"}
    return {**own, "axes": {"memory.ports": number, "clock_ns": 2.5}, "latency_s": number * 1e-9, **changed}


REPORT: dict[str, Any] = {
    "spec": "s.toml", "folder": "out", "table": None, "complete": True, "covers": None, "points": 2000, "done": 2,
    "failed": 1500, "reused": 1200, "simulations": 1, "axes": ["memory.ports", "clock_ns"], "free": [],
    "front_of": ["latency_s", "energy_j"], "front": [], "fronts": [], "effects": [], "uncertainty": None,
    "rows": [row(1, energy_j=3e-9), row(2, energy_j=1e-9)],
}  # fmt: skip


def report(**changed: Any) -> SweepReport:
    return SweepReport.model_validate({**REPORT, **changed})


# What is done -----------------------------------------------------------------------------------------------------


def test_the_first_lines_say_what_is_done(said: Said) -> None:
    assert said(parts(report())) == [
        "s.toml 2,000 points: 2 done, 1,500 failed",
        "1,200 were there before; 1 simulation in time",
    ]
    assert said(parts(report(points=1, simulations=0, table="runs.parquet"))) == [
        "s.toml 1 point: 2 done, 1,500 failed",
        "rows: runs.parquet",
    ]


def test_a_sweep_that_goes_on_says_how_far_it_is(said: Said) -> None:
    found = said(parts(report(covers={"results": 1234, "points": 2000})))
    assert found[0] == "1,234 of 2,000 points have been run"


# Numbers and settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "value", "told"),
    [
        ("latency_s", 1.25e-6, "1.25 us"),
        ("cycles", 54321, "54,321"),
        ("late_reads", 0, "0"),
        ("area_mm2", 1.23456, "1.235 mm2"),
        ("accuracy", 0.9375, "93.8 %"),
        ("efficiency_ops_per_j", 2e12, "2.00 TOp/J"),
        ("energy_j", None, "-"),
    ],
)
def test_a_number_has_its_unit(metric: str, value: float | None, told: str) -> None:
    assert number_text(value, METRICS[metric]) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0.30000000000000004, "0.3"), (True, "true"), (5, "5"), ("NoC", "NoC"), (2.0, "2")]
)
def test_a_value_of_an_axis_is_written_as_in_its_file(value: Any, told: str) -> None:
    assert given_text(value) == told


def test_the_numbers_of_the_front_are_shown_first_and_those_that_are_known() -> None:
    made = report(front_of=["cycles", "energy_j"], rows=[row(1, cycles=5), row(2, energy_j=1.0, power_w=2.0)])
    assert [one.name for one in shown_of(made)] == ["cycles", "energy_j", "latency_s", "power_w"]


# Fronts -----------------------------------------------------------------------------------------------------------


def test_a_front_has_its_points_in_its_order(said: Said) -> None:
    found = said(parts(report(front=["k2", "k1"])))
    assert found[2:] == [
        "",
        "No other point is better in latency_s and energy_j",
        "ports clock_ns latency energy",
        "2 2.5 2.00 ns 1.00 nJ",
        "1 2.5 1.00 ns 3.00 nJ",
    ]


@pytest.mark.parametrize(("number", "more"), [(12, []), (13, ["and 1 more; --format json has all"])])
def test_of_a_front_twelve_points_are_shown(number: int, more: list[str], said: Said) -> None:
    found = said(parts(report(rows=[row(at) for at in range(number)], front=[f"k{at}" for at in range(number)])))
    at = found.index("ports clock_ns latency")
    assert found[at + 12].startswith("11 2.5 ") and found[at + 13 :] == more


def test_fronts_of_several_programs_are_named_and_empty_ones_left_out() -> None:
    fronts = [{"program": "a.s", "front": ["k1"]}, {"program": "b.s", "front": []}]
    rows = [row(1), row(2, program="b.s")]
    made = report(front=["k2", "k1"], fronts=fronts, rows=rows)
    of = "in latency_s and energy_j"
    assert list(fronts_of(made)) == [(f"{of}, of all programs", ["k2", "k1"]), (f"{of}, of a.s alone", ["k1"])]
    assert [cells for cells, _ in named_fronts(made)] == [["b.s", "2", "2.5"], ["a.s", "1", "2.5"]]


def test_settings_of_one_last_name_keep_their_tables(said: Said) -> None:
    axes = {"host.word_cycles": 1, "bus.word_cycles": 2, "memory.ports": 3}
    found = said(parts(report(axes=list(axes), rows=[row(1, axes=axes)], front=["k1"])))
    assert "host.word_cycles bus.word_cycles ports latency" in found


def test_on_a_narrow_terminal_paths_and_numbers_stay_whole_and_settings_are_folded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = "/".join(["folder"] * 20)
    made = report(
        spec=path, table=path, front=["k1"], axes=["memory.type"],
        rows=[row(1, axes={"memory.type": "a_name_of_very_many_letters_that_has_no_end"}, energy_j=1e-9, cycles=1)],
    )  # fmt: skip
    show(Console(width=40, highlight=False), parts(made))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}   2,000 points: 2 done, 1,500 failed"
    assert f"  rows: {path}" in lines
    at = next(at for at, line in enumerate(lines) if line.startswith("type "))
    assert lines[at].endswith("latency   energy") and lines[at + 1].endswith("1.00 ns  1.00 nJ")
    assert "".join(line.split()[0] for line in lines[at + 1 : at + 4]) == "a_name_of_very_many_letters_that_has_no_end"


# Effects ----------------------------------------------------------------------------------------------------------


def effect(metric: str, share: float, *axes: str, points: int = 2) -> dict[str, Any]:
    return {"metric": metric, "axes": list(axes), "share": share, "points": points}


def test_shares_have_a_row_for_each_axis_and_for_pairs_that_matter_the_most_first() -> None:
    effects = [
        effect("latency_s", 0.25, "a"), effect("energy_j", 0.5, "a"), effect("latency_s", 0.125, "b"),
        effect("latency_s", 0.005, "a", "b"), effect("latency_s", 0.0049, "b", "c"),
        effect("energy_j", 0.2, "a", "c"), effect("latency_s", 0.01, "a", "c"), effect("latency_s", 0.1, "c"),
    ]  # fmt: skip
    made = report(effects=effects, free=["b"])
    assert effect_rows(made, shown_of(made)) == [
        ["axis", "latency", "energy"],
        ["a", "25.0 %", "50.0 %"],
        ["b (free)", "12.5 %", "-"],
        ["c", "10.0 %", "-"],
        ["a x c", "1.0 %", "20.0 %"],
        ["a x b (free)", "0.5 %", "-"],
    ]


def test_twelve_pairs_are_shown() -> None:
    effects = [effect("latency_s", 0.1 + at / 100, "a", f"b{at}") for at in range(14)]
    made = report(effects=effects)
    assert [one[0] for one in effect_rows(made, shown_of(made))[1:]] == [f"a x b{at}" for at in range(13, 1, -1)]


def test_shares_are_printed_below_the_front(said: Said) -> None:
    found = said(parts(report(effects=[effect("latency_s", 0.25, "a"), effect("latency_s", 0.5, "b")])))
    at = found.index("What moves what share of the variance, of logarithms")
    assert found[at + 1 :] == ["axis latency", "a 25.0 %", "b 50.0 %"]


def test_a_pair_matters_by_the_numbers_that_are_shown() -> None:
    made = report(effects=[effect("latency_s", 0.5, "a", "b"), effect("latency_s", 0.25, "a")])
    assert effect_rows(made, []) == [["axis"], ["a"]]


@pytest.mark.parametrize(
    ("points", "told"),
    [
        ((2,), []),
        ((1,), ["shares of 1 of the 2 points that ran: a part of the grid without gaps"]),
        ((2, 1), ["shares of 1 or 2 of the 2 points that ran: a part of the grid without gaps"]),
    ],
)
def test_shares_of_fewer_points_than_ran_say_so(points: tuple[int, ...], told: list[str]) -> None:
    effects = [effect("latency_s", 0.1, "memory.ports, clock_ns", points=one) for one in points]
    assert list(gaps_told(report(effects=effects))) == told


def test_an_axis_that_moves_but_not_in_those_points_is_named() -> None:
    effects = [effect("latency_s", 0.1, "clock_ns", points=one) for one in (1500, 700)]
    rows = [row(1), row(2, program="b.s"), row(1, axes={"memory.ports": 1, "clock_ns": 5.0})]
    assert list(gaps_told(report(effects=effects, rows=rows, done=2000))) == [
        "shares of 700 or 1,500 of the 2,000 points that ran: a part of the grid without gaps",
        "one value is left there of program, memory.ports",
    ]


def test_what_an_axis_moves_without_a_price_is_explained_where_points_ran(said: Said) -> None:
    told = "(free): moves time, and nothing pays for it: no energy, area or capacity"
    assert said(parts(report(free=["clock_ns"])))[-1] == told
    assert told not in said(parts(report(free=["clock_ns"], done=0)))


# Failures ---------------------------------------------------------------------------------------------------------


def test_an_error_is_told_once_with_its_points(said: Said) -> None:
    rows = [
        row(1),
        *(row(at, status="failed", error="too small") for at in (2, 3)),
        row(4, status="failed", error="odd"),
    ]
    assert said(parts(report(rows=rows)))[2:] == ["", "What failed", "2 points: too small", "1 point: odd"]


@pytest.mark.parametrize(("number", "more"), [(12, []), (13, ["and 1 more kinds"]), (15, ["and 3 more kinds"])])
def test_twelve_kinds_of_errors_are_told(number: int, more: list[str]) -> None:
    rows = [row(at, status="failed", error=f"e{at}") for at in range(number)]
    assert list(failures_told(report(rows=rows))) == [*(f"1 point: e{at}" for at in range(12)), *more]


# Intervals --------------------------------------------------------------------------------------------------------

CONSTANTS: dict[str, Any] = {
    "samples": 2000, "seed": 7, "points": 3, "constants": [], "held": [], "time_samples": 0, "delays": [], "courses": 1,
    "chance": 0.0075, "fewest_time_samples": 0,
}  # fmt: skip


def constant(
    name: str, share: float, metric: str = "energy_j", *drawn_with: str, change: float = 0.1
) -> dict[str, Any]:
    own = {"metric": metric, "constant": name, "drawn_with": list(drawn_with), "share": share, "change": change}
    return {**own, "least": 0.0, "most": 1.0, "points": 3}


def interval(name: str, low: float | None, high: float | None, value: float | None = None) -> dict[str, Any]:
    return {name: low if value is None else value, f"{name}_p5": low, f"{name}_p95": high}


@pytest.mark.parametrize(
    ("name", "low", "high", "told"),
    [
        ("energy_j", 1e-9, 2e-9, "1.00 to 2.00 nJ"),
        ("energy_j", 9e-10, 2e-9, "900 pJ to 2.00 nJ"),
        ("area_mm2", 1.23456, 2.0, "1.235 to 2 mm2"),
        ("energy_j", None, 1e-9, "-"),
        ("energy_j", 1e-9, None, "-"),
    ],
)
def test_an_interval_has_its_unit_once_where_both_ends_have_it(
    name: str, low: float | None, high: float | None, told: str
) -> None:
    (made,) = report(rows=[row(1, **interval(name, low, high))]).rows
    assert interval_text(made, METRICS[name]) == told


def test_constants_that_matter_are_shown_the_most_first() -> None:
    constants = [
        constant("small", 0.0049), constant("edge", 0.005), constant("b", 0.25), constant("a", 0.1),
        constant("a", 0.5, "area_mm2", change=-0.0625), constant("joined", 0.125, "energy_j", "other"),
    ]  # fmt: skip
    assert constant_rows(SweepUncertainty.model_validate({**CONSTANTS, "constants": constants})) == [
        ["constant", "energy", "area", "end to end"],
        ["a", "10.0 %", "50.0 %", "area -6.2 %"],
        ["b", "25.0 %", "-", "energy +10.0 %"],
        ["joined + other", "12.5 %", "-", "energy +10.0 %"],
        ["edge", "0.5 %", "-", "energy +10.0 %"],
    ]


@pytest.mark.parametrize(("value", "outside"), [(1.0, False), (3.0, False), (0.999, True), (3.001, True)])
def test_points_whose_own_numbers_lie_beyond_their_interval_are_counted(value: float, outside: bool) -> None:
    rows = [row(1, **interval("power_w", 1.0, 3.0, value)), row(2)]
    told = list(basis_told(report(uncertainty=CONSTANTS, rows=rows)))
    assert told[0] == "2,000 samples per point, seed 7: nine of ten lie between the ends"
    assert ("1 point of 3: power of the chip as it is, beyond these ends" in told) == outside
    assert len(told) == 3 + outside


def test_prices_without_a_spread_are_named() -> None:
    *_, last = basis_told(report(uncertainty={**CONSTANTS, "held": ["energy.dacs_pj", "energy.buses_pj"]}))
    assert last == "without a spread, and taken as they are: energy.dacs_pj, energy.buses_pj"
    assert list(basis_told(report())) == []


@pytest.mark.parametrize(("chance", "told"), [(0.299, "30 %"), (0.0201, "2 %"), (0.02, None), (0.015, None)])
def test_few_samples_are_said_to_show_chance(chance: float, told: str | None) -> None:
    lines = list(basis_told(report(uncertainty={**CONSTANTS, "chance": chance})))
    wanted = [f"of so few samples shares below {told} may be chance; --samples 1000 tells more"] if told else []
    assert [line for line in lines if "chance" in line] == wanted


@pytest.mark.parametrize(
    ("drawn", "told"),
    [
        ({}, "no delay was drawn: settings that move time are taken as they are, so latency has no interval"),
        (
            {"time_samples": 40, "delays": ["clock_ns"], "courses": 1},
            "40 draws of 1 delay per point, 1 run that differs; sizes and counts are taken as they are",
        ),
        (
            {"time_samples": 6, "delays": ["clock_ns", "buses.word_cycles"], "courses": 3, "fewest_time_samples": 6},
            "6 draws of 2 delays per point, 3 runs that differ; sizes and counts are taken as they are",
        ),
        (
            {"time_samples": 5, "delays": ["clock_ns", "buses.word_cycles"], "courses": 3, "fewest_time_samples": 6},
            "too few draws to say which delay matters: --time-samples 6 or more does",
        ),
    ],
)
def test_what_intervals_of_time_rest_on_is_told(drawn: dict[str, Any], told: str) -> None:
    assert list(basis_told(report(uncertainty={**CONSTANTS, **drawn})))[-1] == told


def test_intervals_stand_beside_the_cells_that_name_a_point() -> None:
    made = report(rows=[row(1, **interval("energy_j", 1e-9, 2e-9), **interval("efficiency_ops_per_j", 1e9, 2e9))])
    named = [(["1"], made.rows[0])]
    assert interval_rows(made, ["ports"], named, ("energy_j", "efficiency_ops_per_j")) == [
        ["ports", "energy", "efficiency"],
        ["1", "1.00 to 2.00 nJ", "1.00 to 2.00 GOp/J"],
    ]
    assert interval_rows(made, ["ports"], named, ("energy_j",))[0] == ["ports", "energy"]


@pytest.mark.parametrize(("number", "more"), [(8, []), (9, ["and 1 more; --format json has all"])])
def test_of_intervals_and_of_constants_eight_are_shown(number: int, more: list[str], said: Said) -> None:
    rows = [row(at, **interval("energy_j", 1e-9, 2e-9)) for at in range(number)]
    constants = [constant(f"c{at}", 0.5 - at / 100) for at in range(number)]
    uncertain = {**CONSTANTS, "constants": constants}
    found = said(parts(report(rows=rows, front=[f"k{at}" for at in range(number)], uncertainty=uncertain)))
    intervals = found.index("How sure that is of these points, where nine of ten samples lie")
    shares = found.index("Which constant matters most share of the variance of logarithms, over samples")
    assert found[intervals + 2 : shares - 1] == [*(f"{at} 2.5 1.00 to 2.00 nJ" for at in range(8)), *more]
    assert found[shares + 2 : shares + 10] == [f"c{at} {50 - at}.0 % energy +10.0 %" for at in range(8)]
    assert found[shares + 10 : -3] == more


def test_numbers_that_some_points_have_intervals_of_are_shown() -> None:
    made = report(rows=[row(1), row(2, **interval("power_w", 1.0, 2.0))])
    named = [([], one) for one in made.rows]
    assert interval_rows(made, [], named, ("power_w", "energy_j")) == [["power"], ["-"], ["1.00 to 2.00 W"]]


def test_a_constant_matters_where_it_moves_any_number() -> None:
    constants = [constant("a", 0.004, "energy_j"), constant("a", 0.5, "area_mm2")]
    found = constant_rows(SweepUncertainty.model_validate({**CONSTANTS, "constants": constants}))
    assert found[1:] == [["a", "0.4 %", "50.0 %", "area +10.0 %"]]


@pytest.mark.parametrize("shares", [[], [0.5]])
def test_constants_are_told_where_there_are_any(shares: list[float], said: Said) -> None:
    rows = [row(1, **interval("energy_j", 1e-9, 2e-9))]
    uncertain = {**CONSTANTS, "constants": [constant("c", share) for share in shares]}
    found = said(parts(report(rows=rows, front=["k1"], uncertainty=uncertain)))
    assert any(line.startswith("Which constant matters most") for line in found) == bool(shares)
    assert ("c 50.0 % energy +10.0 %" in found) == bool(shares)


def test_without_samples_nothing_is_said_of_intervals(said: Said) -> None:
    rows = [row(1, **interval("energy_j", 1e-9, 2e-9))]
    assert not [line for line in said(parts(report(rows=rows, front=["k1"]))) if "How sure" in line]
    assert not [line for line in said(parts(report(front=["k1"], uncertainty=CONSTANTS))) if "How sure" in line]


def test_of_each_point_the_numbers_of_the_front_are_shown_then_the_usual_ones_that_are_known() -> None:
    every = {"latency_s": 1e-9, "energy_j": 1e-9, "area_mm2": 2.0, "power_w": 0.5, "accuracy": 0.9, "cycles": 7}
    usual = ["latency_s", "energy_j", "area_mm2", "power_w", "accuracy"]
    assert [one.name for one in shown_of(report(rows=[row(1, **every)]))] == usual
    some = report(rows=[row(1, **{**every, "area_mm2": None})], front_of=["cycles", "accuracy"])
    assert [one.name for one in shown_of(some)] == ["cycles", "accuracy", "latency_s", "energy_j", "power_w"]
