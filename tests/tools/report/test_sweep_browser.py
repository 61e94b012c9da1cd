"""The page of a sweep in a browser: headless Chromium hovers, filters, sorts, chooses and prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import report_pages

from acortex.tools.report.sweep_page import sweep_page
from acortex.tools.sweep.front import front
from acortex.tools.sweep.metrics import METRICS
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.sweep.spec import spec_of
from acortex.tools.sweep.sweeping import sweep

from .test_browser import browser, opened, settled

__all__ = ["browser"]

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
VMM, CONV = (str(ROOT / "programs" / name) for name in ("vmm.s", "conv3x3.s"))
AXES: dict[str, Any] = {"memory.access_cycles": [1, 2, 3, 4], "energy.sensing_pj": [5, 6], "memory.ports": [1, 2, 0]}
DONE, ALL = 16, 24

Made = tuple[SweepReport, Path]


def written(folder: Path, report: SweepReport) -> Path:
    path = folder / "sweep.html"
    path.write_text(sweep_page(report))
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """A sweep of a program with intervals and failures, and its page."""
    folder = tmp_path_factory.mktemp("sweep")
    spec = replace(spec_of({"program": CONV, "axes": AXES}, "s.toml"), samples=20)
    report = sweep(spec, folder)
    return report, written(folder, report)


@pytest.fixture
def tab(browser: Any, made: Made) -> Iterator[Any]:
    """The page on a laptop; nothing may have gone wrong in it at the end."""
    found = opened(browser, made[1])
    yield found
    assert found.wrong == []
    found.close()


def place(tab: Any, row: int) -> tuple[float, float]:
    """Where a point lies in the window."""
    tab.locator("#scatter").scroll_into_view_if_needed()
    settled(tab)
    box = tab.locator("#scatter-place canvas").bounding_box()
    x, y = tab.evaluate("(row) => acortex.scatter.at(row)", row)
    return box["x"] + x, box["y"] + y


def test_hovering_gives_the_point_with_its_settings_interval_and_key(tab: Any, made: Made) -> None:
    row = made[0].rows[tab.evaluate("acortex.front()[0]")]
    tab.mouse.move(*place(tab, tab.evaluate("acortex.front()[0]")))
    tip = tab.locator("#scatter-place .tip").inner_text()
    assert f"key {row.key}" in tip
    for name, value in row.axes.items():
        assert f"{name} {value}" in tip
    assert re.search(r"energy [\d.]+ [munp]?J \([\d.]+ [munp]?J to [\d.]+ [munp]?J\)", tip)


def test_a_click_shows_all_of_a_point_and_its_row(tab: Any, made: Made) -> None:
    at = tab.evaluate("acortex.front()[0]")
    tab.mouse.click(*place(tab, at))
    detail = tab.locator("#detail").inner_text()
    assert made[0].rows[at].key in detail and "memory.access_cycles (free)" in detail
    assert tab.locator("#points-place tr.chosen").get_attribute("data-row") == str(at)


@pytest.mark.parametrize(
    "pair", [("latency_s", "energy_j"), ("energy_j", "area_mm2"), ("efficiency_ops_per_j", "latency_s")]
)
def test_the_front_in_the_browser_is_that_of_the_report(tab: Any, made: Made, pair: tuple[str, str]) -> None:
    titles = [METRICS[name].title for name in pair]
    for label, title in zip(("across", "up"), titles, strict=True):
        tab.get_by_label(label, exact=True).select_option(label=title)
    assert tab.evaluate("acortex.front()") == front(made[0].rows, [METRICS[name] for name in pair])


def test_each_program_has_a_front_of_its_own(browser: Any, tmp_path: Path) -> None:
    report = sweep(spec_of({"program": [VMM, CONV], "axes": {"memory.access_cycles": [1, 2]}}, "s.toml"), tmp_path)
    tab = opened(browser, written(tmp_path, report))
    keys = {report.rows[at].key for at in tab.evaluate("acortex.front()")}
    assert keys == {key for one in report.fronts for key in one.front}
    assert f"no other of {VMM} is better" in tab.locator("#scatter-legend").inner_text()
    assert tab.wrong == []
    tab.close()


def test_keys_step_from_point_to_point_and_choose(tab: Any, made: Made) -> None:
    canvas = tab.locator("#scatter-place canvas")
    canvas.focus()
    canvas.press("Home")
    first = tab.locator("#scatter-place .tip").inner_text()
    canvas.press("ArrowRight")
    assert tab.locator("#scatter-place .tip").inner_text() != first
    canvas.press("ArrowLeft")
    assert tab.locator("#scatter-place .tip").inner_text() == first
    canvas.press("Enter")
    least = min((row for row in made[0].rows if row.latency_s), key=lambda row: (row.latency_s or 0, row.energy_j or 0))
    assert least.key in tab.locator("#detail").inner_text()
    canvas.press("Escape")
    assert "Click a point" in tab.locator("#detail").inner_text()


def test_the_table_sorts_and_filters_and_faints_the_rest(tab: Any) -> None:
    table = tab.locator("#points-place")
    assert table.locator(".said").inner_text() == f"1 to {ALL} of {ALL}"
    table.locator("input").fill("memory.ports=2 memory.access_cycles=3")
    table.locator(".said", has_text="1 to 2 of 2").wait_for()
    assert tab.evaluate("acortex.sweep.rows.filter((row) => !acortex.state.faint(row)).length") == 2
    table.locator("input").fill("failed")
    table.locator(".said", has_text=f"of {ALL - DONE}").wait_for()
    table.locator("input").fill("")
    table.locator(".said", has_text=f"of {ALL}").wait_for()
    assert tab.evaluate("acortex.sweep.rows.filter((row) => acortex.state.faint(row)).length") == 0
    table.locator("thead button", has_text="energy").last.click()
    table.locator("thead button", has_text="energy").last.click()
    shown = table.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => Number(row.dataset.row))")
    values = tab.evaluate("(rows) => rows.map((row) => acortex.state.up.values[row])", shown)
    assert values[:DONE] == sorted(values[:DONE]) and values[DONE:] == [None] * (ALL - DONE)  # failures last


def test_colours_have_shapes_and_many_numbers_a_ramp(tab: Any, browser: Any, tmp_path: Path) -> None:
    legend = tab.locator("#scatter-legend")
    tab.get_by_label("colour by", exact=True).select_option(label="access_cycles (free)")
    assert legend.locator("canvas").count() == 4
    looks = tab.evaluate("[...new Set(acortex.sweep.rows.map((row) => acortex.state.look(row)))]")
    assert sorted(looks) == [0, 1, 2, 3]
    axes = {"energy.sensing_pj": {"from": 1, "to": 9, "steps": 20}}
    report = sweep(spec_of({"program": VMM, "axes": axes}, "s.toml"), tmp_path)
    other = opened(browser, written(tmp_path, report))
    assert other.locator("#scatter-legend canvas").count() == 5
    assert other.evaluate("new Set(acortex.sweep.rows.map((row) => acortex.state.colour(row))).size") == 20
    assert other.wrong == []
    other.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_no_page_is_wider_than_its_screen(browser: Any, made: Made, width: int, height: int, scheme: str) -> None:
    tab = opened(browser, made[1], viewport={"width": width, "height": height}, color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.wrong == []
    tab.close()


def test_every_control_has_a_name(tab: Any) -> None:
    controls = "button, input, select, canvas:not([aria-hidden]), [role=img], [role=region]"
    assert report_pages.unnamed(tab, controls) == 0


def test_the_page_prints_on_white_whatever_the_screen(browser: Any, made: Made) -> None:
    tab = opened(browser, made[1], color_scheme="dark")
    assert tab.pdf(format="A4").startswith(b"%PDF")
    tab.emulate_media(media="print")
    settled(tab)
    assert tab.locator("nav").is_hidden() and tab.locator("#front table").first.is_visible()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    tab.close()


HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=2</script>'


def test_no_text_of_a_sweep_runs_or_becomes_an_element(browser: Any, made: Made, tmp_path: Path) -> None:
    rows = [row.model_copy(update={"program": f"{HOSTILE}{at % 2}", "axes": dict.fromkeys(row.axes, HOSTILE + str(at))})
            for at, row in enumerate(made[0].rows)]  # fmt: skip
    tab = opened(browser, written(tmp_path, made[0].model_copy(update={"rows": rows, "spec": HOSTILE})))
    tab.evaluate("acortex.pick(0)")
    tab.locator("#scatter-place canvas").press("Home")
    assert tab.locator("#detail").inner_text().count("<img src=x") >= 2
    assert tab.evaluate("[window.ran, document.querySelectorAll('img').length]") == [None, 0]
    assert tab.wrong == []
    tab.close()


def many(report: SweepReport, number: int) -> list[SweepRow]:
    """As many points as a large sweep has, on a curve."""
    row = next(one for one in report.rows if one.status == "done")
    return [
        row.model_copy(update={"key": f"{at:032x}", "latency_s": 1e-6 * (1 + at), "energy_j": 1e-9 * (number - at % 97),
                               "axes": {**row.axes, "energy.sensing_pj": float(at)}})
        for at in range(number)
    ]  # fmt: skip


def test_ten_thousand_points_open_and_say_what_is_left_out(browser: Any, made: Made, tmp_path: Path) -> None:
    rows = many(made[0], 10_000)
    report = made[0].model_copy(
        update={"rows": rows, "points": 10_000, "done": 10_000, "failed": 0, "front": [rows[0].key]}
    )
    path = written(tmp_path, report)
    assert path.stat().st_size < 2_000_000
    tab = opened(browser, path)
    assert int(tab.evaluate("document.documentElement.dataset.ready")) < 10_000
    assert re.search(r"Lines of [\d,]+ of 10,000 points are drawn", tab.locator("#parallel").inner_text())
    assert tab.locator("#points-place .said").inner_text() == "1 to 25 of 10,000"
    assert tab.wrong == []
    tab.close()


def test_a_sweep_in_which_nothing_ran_has_a_page_without_a_fault(browser: Any, tmp_path: Path) -> None:
    report = sweep(spec_of({"program": VMM, "axes": {"memory.ports": [0, -1]}}, "s.toml"), tmp_path)
    tab = opened(browser, written(tmp_path, report))
    assert tab.evaluate("acortex.front()") == []
    assert tab.locator("#points-place .said").inner_text() == "1 to 2 of 2"
    assert tab.wrong == []
    tab.close()


def test_a_sweep_without_axes_or_with_one_point_has_a_page_without_a_fault(browser: Any, tmp_path: Path) -> None:
    report = sweep(spec_of({"program": VMM}, "s.toml"), tmp_path)
    tab = opened(browser, written(tmp_path, report))
    assert tab.evaluate("acortex.front()") == [0]
    assert "Nothing varied" in tab.locator("#numbers").inner_text()
    assert tab.wrong == []
    tab.close()
