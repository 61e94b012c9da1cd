"""The scripts of the page of a sweep in Node: they show what the report has, and rank as the command line does."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
import report_pages

from acortex.tools.report.sweep_page import OWN, sweep_page
from acortex.tools.sweep.front import front
from acortex.tools.sweep.metrics import METRICS
from acortex.tools.sweep.results import SweepReport, SweepRow

from .test_sweep_page import made

pytestmark = pytest.mark.skipif(report_pages.NODE is None, reason="needs Node: apt-get install nodejs")

PAIRS = [
    *permutations(("latency_s", "energy_j", "area_mm2", "efficiency_ops_per_j"), 2),
    ("throughput_ops_per_s", "efficiency_ops_per_j"),
]
FILTERS = ["memory.access_cycles=3", "ports=1 SENSING_PJ=5", "failed", "no such thing"]


LATENCIES_US, ENERGIES_NJ = (6, 5, 4, 3, 2, 2), (10, 12, 11, 13, 14, 14)
"""Of the points that ran: the second is beaten by the third, and the last two are alike."""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SweepReport:
    """One program, with numbers and intervals that are made up, and points that fail."""
    found = made(tmp_path_factory.mktemp("sweep"))
    done = iter(range(6))
    rows = [row if row.status == "failed" else _numbered(row, next(done)) for row in found.rows]
    best = front(rows, [METRICS[name] for name in found.front_of])
    return found.model_copy(update={"rows": rows, "front": [rows[at].key for at in best]})


def _numbered(row: SweepRow, at: int) -> SweepRow:
    latency, energy = 1e-6 * LATENCIES_US[at], 1e-9 * ENERGIES_NJ[at]
    more = {"throughput_ops_per_s": 1e3 * (at % 4 + 1), "efficiency_ops_per_j": 1e12 / (at + 1), "cycles": 9999 + at}
    ends = {"energy_j_p5": 0.9 * energy, "energy_j_p95": 1.2 * energy}
    return row.model_copy(update={"latency_s": latency, "energy_j": energy, "area_mm2": 1.5 + at % 3, **more, **ends})


@pytest.fixture(scope="module")
def seen(report: SweepReport) -> dict[str, Any]:
    """What a reader of the page sees."""
    return report_pages.in_node(OWN, sweep_page(report), "asked_of_a_sweep.js", PAIRS=PAIRS, FILTERS=FILTERS)


def test_fronts_are_those_of_the_command_line(report: SweepReport, seen: dict[str, Any]) -> None:
    assert seen["fronts"] == [front(report.rows, [METRICS[name] for name in pair]) for pair in PAIRS]
    assert len(report.front) == 4
    assert seen["shown"] == [[row.key for row in report.rows].index(key) for key in report.front]


def test_a_point_says_its_settings_its_numbers_with_intervals_and_its_key(
    report: SweepReport, seen: dict[str, Any]
) -> None:
    done = [row for row in report.rows if row.status == "done"]
    for row, told, facts in zip(done, seen["told"], map(dict, seen["picked"]), strict=True):
        lines = told.split("\n")
        assert lines[:3] == [f"{name} {value}" for name, value in row.axes.items()]
        assert lines[-1] == f"key {row.key}"
        assert facts["key"] == next(one.key for one in done if one.latency_s == row.latency_s)  # of two at one place
        numbers = dict(line.split(" ", 1) for line in lines[3:-1] if " reads" not in line)
        energies = [row.energy_j, row.energy_j_p5, row.energy_j_p95]
        mean, low, high = (f"{1e9 * (energy or 0):#.3g} nJ".replace(". ", " ") for energy in energies)
        assert numbers["energy"] == facts["energy"] == f"{mean} ({low} to {high})"
        assert numbers["latency"] == facts["latency"] == f"{1e6 * (row.latency_s or 0):.2f} us"
        assert numbers["cycles"] == ("9999 cycles" if row.cycles == 9999 else f"{row.cycles:,} cycles")
        assert numbers["area"] == f"{row.area_mm2:.4g} mm2"


def test_the_table_has_each_point_and_says_which_failed_and_which_are_on_the_front(
    report: SweepReport, seen: dict[str, Any]
) -> None:
    assert len(seen["points"]) == len(report.rows) == 12
    for at, (row, cells) in enumerate(zip(report.rows, seen["points"], strict=True)):
        on_front = "front" if row.key in report.front else ""
        assert cells[:5] == [f"{at}", on_front if row.status == "done" else "failed", *map(str, row.axes.values())]
        assert (set(cells[5:]) == {"-"}) == (row.status == "failed")
    energies = [row.energy_j for row in report.rows]
    falling, rising = seen["sorted"]
    known = [at for at, energy in enumerate(energies) if energy is not None]
    assert rising[: len(known)] == sorted(known, key=lambda at: energies[at] or 0)
    assert [at for at in falling if at in known] == sorted(known, key=lambda at: -(energies[at] or 0))
    assert set(rising[len(known) :]) == set(range(12)) - set(known)  # what failed comes last


def test_what_the_filter_leaves_out_is_faint(report: SweepReport, seen: dict[str, Any]) -> None:
    done, access, ports, sensing = 6, "memory.access_cycles", "memory.ports", "energy.sensing_pj"
    for words, (said, shown, faint) in zip(FILTERS, seen["filtered"], strict=True):
        chosen = [
            at
            for at, row in enumerate(report.rows)
            if {
                FILTERS[0]: row.axes[access] == 3,
                FILTERS[1]: row.axes[ports] == 1 and row.axes[sensing] == 5,
                FILTERS[2]: row.status == "failed",
                FILTERS[3]: False,
            }[words]
        ]
        assert shown == list(map(str, chosen))
        assert said == (f"1 to {len(chosen)} of {len(chosen)}" if chosen else "no row")
        assert faint == done - sum(report.rows[at].status == "done" for at in chosen)


# By hand --------------------------------------------------------------------------------------------------------------


def test_the_legend_names_the_axis_its_values_and_the_front(report: SweepReport, seen: dict[str, Any]) -> None:
    assert seen["legend"] == [
        "access_cycles (free)", "1", "2", "3", f"no other is better: {len(report.front)} circled",
    ]  # fmt: skip


def test_a_click_chooses_a_point_within_26_pixels(seen: dict[str, Any]) -> None:
    assert seen["near"] == [True, False, True, False, False]


def test_a_scale_leaves_a_twentieth_free_at_its_ends_and_is_logarithmic_beyond_a_factor_of_eight(
    seen: dict[str, Any],
) -> None:
    assert seen["scales"] == [
        [pytest.approx(at), log]
        for at, log in ((5, True), (105, True), (55, False), (55, False), (55, False), (105, False), (105, False),
                        (55, False))
    ]  # fmt: skip


def test_marks_are_round_numbers_within_a_scale(seen: dict[str, Any]) -> None:
    assert seen["marks"] == [
        [0, 2, 4, 6, 8, 10],
        [-1, -0.5, 0, 0.5, 1],
        [0, 0.1, 0.2, 0.3],
        [1, 2, 5, 10, 20, 50, 100],
        [1, 10, 100, 1000],
        [1, 2],
    ]


def test_a_ramp_goes_from_dark_blue_to_yellow(seen: dict[str, Any]) -> None:
    low, high = "rgb(0,34,78)", "rgb(254,232,56)"
    assert seen["ramp"] == [low, low, "rgb(27,52,93)", "rgb(125,124,116)", high, high]


def test_an_axis_of_numbers_lies_by_size_and_any_other_by_its_order(seen: dict[str, Any]) -> None:
    assert seen["axes"] == [
        ["name (free)", True, ["9", "100"], [10, 9, 100, 10]],
        ["name (free)", True, ["b", "a"], [0, 1, 0]],
        ["name (free)", True, ["true", "false"], [0, 1]],
        ["name (free)", False, ["3", "3"], [3]],
    ]


def test_few_values_have_colours_with_shapes_and_many_numbers_a_ramp(seen: dict[str, Any]) -> None:
    few, even, factors, words = seen["keys"]
    assert few == [[0, 1, 2], ["1", "2", "3"], 3]
    assert even == [[0] * 9, ["0", "2", "4", "6", "8"], 9]
    assert factors == [[0] * 9, ["1", "4", "16", "64", "256"], 9]
    assert words == [[*range(8), 0], [*"abcdefgh", "and 1 more: colours come again"], 8]


def test_numbers_are_told_with_their_units(seen: dict[str, Any]) -> None:
    assert seen["numbers"] == [
        ["98.77 %", "98.77 %"],
        ["12,346 cycles", "12,346"],
        ["512 cycles", "512"],
        ["1.235 mm2", "1.235"],
        ["2.50 us", "2.5 us"],
        ["-", "-"],
    ]
