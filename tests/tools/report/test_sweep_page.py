"""The page of a sweep: its numbers are those of the report, and no text of a sweep is markup."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import report_pages

from acortex.tools.report.render import static
from acortex.tools.report.sweep_page import OWN, _fronts, _values, facts, share_bars, sweep_page
from acortex.tools.sweep.metrics import METRICS
from acortex.tools.sweep.results import SweepEffect, SweepReport
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import sweep
from acortex.tools.views.sweep import number_text

ROOT = Path(__file__).parents[3]
VMM, CONV = (str(ROOT / "programs" / name) for name in ("vmm.s", "conv3x3.s"))
AXES: dict[str, Any] = {"memory.access_cycles": [1, 2, 3], "energy.sensing_pj": [5, 6], "memory.ports": [1, 0]}
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&\"'`${alert(3)}"


def made(folder: Path, program: Any = VMM, samples: int = 0, **more: Any) -> SweepReport:
    return sweep(replace(spec_of({"program": program, "axes": AXES, **more}, "s.toml"), samples=samples), folder)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> SweepReport:
    """Two programs, with intervals, and points that fail."""
    return made(tmp_path_factory.mktemp("sweep"), [VMM, CONV], 20)


@pytest.fixture(scope="module")
def page(report: SweepReport) -> str:
    return sweep_page(report)


def test_the_page_carries_the_columns_of_all_points(report: SweepReport, page: str) -> None:
    data = report_pages.carried(page)
    assert data["keys"] == [row.key for row in report.rows]
    assert data["statuses"] == [row.status for row in report.rows]
    assert data["errors"] == [row.error for row in report.rows]
    for one, values in zip(data["axes"], data["given"], strict=True):
        assert values == [row.axes[one["name"]] for row in report.rows]
        assert one["free"] == (one["name"] in report.free)
    for one, values in zip(data["metrics"], data["numbers"], strict=True):
        assert values == [row[one["name"]] for row in report.rows]
        assert one["more"] == METRICS[one["name"]].more_is_better
    for name, ends in data["intervals"].items():
        assert ends == [[row[f"{name}_p5"], row[f"{name}_p95"]] for row in report.rows]


def test_the_page_says_what_the_command_line_says(report: SweepReport, page: str) -> None:
    text = report_pages.parts(page).text
    assert "s.toml" in text and "12 done, 12 failed" in text
    for words in ("What moves what", "How sure the numbers are", "Which constant matters most", "What failed"):
        assert words in text
    assert f"in latency_s and energy_j, of {CONV} alone" in text
    assert "(free): moves time, and nothing pays for it" in text
    assert re.search(r"12 points: .*memory\.ports is 0", text)


def test_the_headline_is_of_all_points(report: SweepReport) -> None:
    found = {one.name: one for one in facts(report)}
    assert found["points"].value == "24" and found["programs"].value == "2"
    best = min(row.energy_j for row in report.rows if row.energy_j is not None)
    assert found["energy"].value == number_text(best, METRICS["energy_j"])


def test_bars_are_the_shares_of_the_report_the_longest_first(report: SweepReport) -> None:
    bars = share_bars(report, METRICS["energy_j"]).bars
    widths = [sum(part.width for part in bar.segments) for bar in bars]
    assert widths == sorted(widths, reverse=True)
    shares = {" x ".join(one.axes): one.share for one in report.effects if one.metric == "energy_j"}
    for bar, width in zip(bars, widths, strict=True):
        assert width == pytest.approx(1000 * shares[bar.name], abs=0.01)


def test_a_sweep_of_one_program_has_one_front(tmp_path: Path) -> None:
    report = made(tmp_path)
    assert report.fronts == []
    text = report_pages.parts(sweep_page(report)).text
    assert "of all programs" not in text and f"of {VMM} alone" not in text
    assert "How sure" not in text  # nothing was drawn


def test_no_text_of_a_sweep_is_markup(report: SweepReport) -> None:
    rows = [
        row.model_copy(update={"program": HOSTILE, "chip": HOSTILE, "error": HOSTILE if row.error else None,
                               "axes": dict.fromkeys(row.axes, HOSTILE), "key": f"{HOSTILE}{number}"})
        for number, row in enumerate(report.rows)
    ]  # fmt: skip
    effects = [one.model_copy(update={"axes": [HOSTILE]}) for one in report.effects]
    wrong = report.model_copy(
        update={
            "rows": rows,
            "spec": HOSTILE,
            "folder": HOSTILE,
            "effects": effects,
            "front": [rows[0].key],
            "fronts": [],
        }
    )
    tame, found = report_pages.parts(sweep_page(report)), report_pages.parts(sweep_page(wrong))
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in tame.elements} | {"wbr"}
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    assert len(found.scripts) == len(tame.scripts) == 1
    assert "in </script><script>alert(1)</script><img src=x onerror=alert(2)>" in "".join(found.words)


def test_the_policy_allows_what_the_page_contains_and_nothing_else(page: str) -> None:
    found = report_pages.parts(page)
    policy = next(attributes["content"] for tag, attributes in found.elements if "http-equiv" in attributes)
    own = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (*found.scripts, *found.styles)
    ]
    assert policy and policy.startswith("default-src 'none'; script-src ")
    assert sorted(re.findall(r"'sha256-([^']+)'", policy)) == sorted(own)
    assert not [tag for tag, _ in found.elements if tag in ("link", "img", "iframe", "form", "base", "object")]


@pytest.mark.parametrize("name", [name for name in OWN if name in ("scatter.js", "sweep.js")])
def test_our_scripts_make_no_markup_of_text_and_load_nothing(name: str) -> None:
    wrong = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\bfetch\(|XMLHttp|import\("
    assert re.findall(rf"{wrong}|https?:", static(name)) == []
    assert re.findall(r"</(?:script|style)|<!--", static(name), re.IGNORECASE) == []


def test_what_has_not_been_run_is_said_first(report: SweepReport) -> None:
    part = report.model_copy(update={"complete": False, "covers": {"points": 24, "results": 7}})
    text = report_pages.parts(sweep_page(part)).text
    assert "Incomplete: 7 of 24 points have been run. All that follows is of these." in text


def test_a_sweep_in_which_everything_failed_has_a_page(tmp_path: Path) -> None:
    report = sweep(spec_of({"program": VMM, "axes": {"memory.ports": [0, -1]}}, "s.toml"), tmp_path)
    text = report_pages.parts(sweep_page(report)).text
    assert "0 done, 2 failed" in text and "No point has all of latency_s, energy_j." in text
    assert "Nothing can be said" in text


def test_many_values_of_an_axis_are_told_by_their_ends(tmp_path: Path) -> None:
    axes = {"energy.sensing_pj": {"from": 1, "to": 2, "steps": 40}}
    report = sweep(spec_of({"program": VMM, "axes": axes}, "s.toml"), tmp_path)
    assert "40 from 1 to 2" in report_pages.parts(sweep_page(report)).text


def test_the_page_is_the_same_for_the_same_report(report: SweepReport, page: str) -> None:
    assert sweep_page(report) == page


ROW = {"program": "a.s", "chip": "c", "status": "done"}


def of_rows(axis: list[Any], front: int = 0, **numbers: list[Any]) -> SweepReport:
    """A report of points that differ in one axis and in some numbers; the first so many are on its front."""
    rows = [
        {**ROW, "key": f"k{at}", "axes": {"clock_ns": value}, **{name: some[at] for name, some in numbers.items()}}
        for at, value in enumerate(axis)
    ]
    about = {"spec": "s.toml", "folder": "o", "table": None, "complete": True, "covers": None, "uncertainty": None}
    counts = {"points": len(rows), "done": len(rows), "failed": 0, "reused": 0, "simulations": 1, "free": []}
    keys = {"axes": ["clock_ns"], "front_of": ["latency_s", "accuracy"], "fronts": [], "effects": []}
    return SweepReport.model_validate(
        {**about, **counts, **keys, "front": [f"k{at}" for at in range(front)], "rows": rows}
    )


def test_the_best_of_a_number_may_be_its_least_or_its_most() -> None:
    found = facts(
        of_rows([1, 2, 3], latency_s=[2e-9, 1e-9, 4e-9], accuracy=[0.5, None, 0.75], area_mm2=[3.0, 3.0, 3.0])
    )
    assert [(one.name, one.value, one.about) for one in found] == [
        ("points", "3", "3 done, 0 failed"),
        ("latency", "1.00 ns", "at best; at worst 4.00 ns"),
        ("accuracy", "75.0 %", "at best; at worst 50.0 %"),
        ("area", "3 mm2", "at all points"),
    ]


@pytest.mark.parametrize(
    ("axis", "told"),
    [
        ([3, 1, 3], "3, 1"),
        (list(range(12, 0, -1)), ", ".join(map(str, range(12, 0, -1)))),
        (list(range(13, 0, -1)), "13 from 1 to 13"),
        ([f"a{at}" for at in range(13)], ", ".join(f"a{at}" for at in range(12)) + " and 1 more"),
        ([True, False], "true, false"),
    ],
    ids=str,
)
def test_values_of_an_axis_are_listed_up_to_twelve(axis: list[Any], told: str) -> None:
    assert _values(of_rows(axis), "clock_ns") == told


@pytest.mark.parametrize(("front", "left"), [(1, 0), (100, 0), (101, 1), (130, 30)])
def test_a_hundred_points_of_a_front_are_shown_and_the_others_counted(front: int, left: int) -> None:
    made = of_rows(list(range(130)), front, latency_s=[1e-9] * 130)
    ((_, shown, more),) = _fronts(made, [METRICS["latency_s"]])
    assert (len(shown.rows), more) == (front - left, left)


def test_each_axis_has_a_bar_and_a_pair_of_axes_where_it_matters() -> None:
    """The longest first; a pair from half a percent on."""
    shares = [(["clock_ns"], 0.001), (["a"], 0.5), (["a", "clock_ns"], 0.004), (["a", "b"], 0.005), (["b"], 0.0)]
    effects = [{"metric": "latency_s", "axes": axes, "share": share, "points": 4} for axes, share in shares]
    effects.append({"metric": "energy_j", "axes": ["b"], "share": 0.9, "points": 4})
    made = of_rows([1, 2], latency_s=[1e-9, 2e-9]).model_copy(
        update={"effects": [SweepEffect.model_validate(one) for one in effects]}
    )
    bars = share_bars(made, METRICS["latency_s"]).bars
    assert [(bar.name, bar.cells) for bar in bars] == [
        ("a", ("50.0 %",)), ("a x b", ("0.5 %",)), ("clock_ns", ("0.1 %",)), ("b", ("0.0 %",)),
    ]  # fmt: skip


def test_the_headline_says_how_many_points_have_not_been_run(report: SweepReport) -> None:
    told = {points: next(facts(report.model_copy(update={"points": points}))).about for points in (24, 1030)}
    assert told == {24: "12 done, 12 failed", 1030: "12 done, 12 failed, 1,006 not run"}
