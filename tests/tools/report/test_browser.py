"""The page in a browser: headless Chromium zooms, hovers, searches, sorts and prints it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import report_pages

from acortex.programs import zoo
from acortex.sim.run import run
from acortex.tools.report.model import page_of
from acortex.tools.report.render import render
from acortex.traces.coarser import coarser
from acortex.traces.file.reader import open as open_trace

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

DIGITS = 60
"""Digits of the run that most tests look at: some 2,000 instructions."""

LANE, AXIS = 26, 26
"""Pixels of a unit's lane, and of the axis above the first, as in static/timeline.js."""


def written(path: Path, digits: int) -> Path:
    """The page of a run of so many digits."""
    program = zoo.load("digits_mlp")
    images = program.samples["image"]
    inputs = np.tile(images, (-(-digits // len(images)), *[1] * (images.ndim - 1)))[:digits]
    trace = path.with_suffix(".actrace")
    run(program, inputs=inputs, trace=trace, values=False)
    path.write_text(render(page_of([(trace.name, open_trace(trace))], None, lambda done, total: None)))
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a short run."""
    return written(tmp_path_factory.mktemp("page") / "run.html", DIGITS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window."""
    driver = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install 'acortex[test]'")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with driver.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield found
        found.close()


def opened(browser: Any, path: Path, **options: Any) -> Any:
    """The page in a new tab, once its data are unpacked; `wrong` of it lists errors of its console."""
    tab = browser.new_page(**{"viewport": {"width": 1440, "height": 900}, **options})
    tab.wrong = []
    tab.on("console", lambda message: tab.wrong.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: tab.wrong.append(str(error)))
    tab.on("dialog", lambda dialog: tab.wrong.append(dialog.message))
    tab.on("request", lambda asked: tab.wrong.append(asked.url) if not asked.url.startswith("file:") else None)
    tab.goto(path.as_uri())
    tab.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    return tab


@pytest.fixture
def tab(browser: Any, file: Path) -> Iterator[Any]:
    """The page of a short run on a laptop; nothing may have gone wrong in it at the end."""
    found = opened(browser, file)
    yield found
    assert found.wrong == []
    found.close()


def shown(tab: Any) -> tuple[float, float]:
    """The first cycle that the timeline shows, and the one after its last."""
    first, end = tab.evaluate("[acortex.view.from, acortex.view.to]")
    return first, end


def settled(tab: Any) -> None:
    """Waits until what was asked for is drawn."""
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def lane(tab: Any, unit: str, cycle: float) -> tuple[float, float]:
    """Where a cycle of a unit lies in the window."""
    box = tab.locator(".timeline canvas").bounding_box()
    x, at = tab.evaluate(
        "([unit, cycle]) => { const one = acortex.lines[0];"
        " return [one.x(cycle), one.units.indexOf(one.run.plain.units.indexOf(unit))]; }",
        [unit, cycle],
    )
    return box["x"] + x, box["y"] + AXIS + LANE * at + 12


def test_a_page_of_a_part_begins_with_its_cycles(browser: Any, file: Path, tmp_path: Path) -> None:
    trace = open_trace(file.with_suffix(".actrace"))
    path = tmp_path / "part.html"
    made = page_of([("run", trace)], None, lambda done, total: None, lambda whole: whole.select(window=(300, 700)))
    path.write_text(render(made))
    tab = opened(browser, path)
    assert shown(tab) == (300, 700)
    tab.locator(".timeline canvas").focus()
    tab.locator(".timeline canvas").press("0")
    assert shown(tab)[0] <= 0 and shown(tab)[1] >= trace.cycles
    assert tab.locator("details.chain").count() == 0  # rows of a part make no chain
    assert tab.wrong == []
    tab.close()


def test_keys_zoom_move_and_show_all(tab: Any) -> None:
    whole = shown(tab)
    canvas = tab.locator(".timeline canvas")
    canvas.focus()
    for _ in range(4):
        canvas.press("+")
    first, end = shown(tab)
    assert end - first == pytest.approx((whole[1] - whole[0]) / 16)
    canvas.press("ArrowRight")
    assert shown(tab)[0] > first
    canvas.press("-")
    assert shown(tab)[1] - shown(tab)[0] == pytest.approx((whole[1] - whole[0]) / 8)
    canvas.press("Escape")
    assert shown(tab) == whole


def test_the_wheel_zooms_where_the_pointer_is_once_the_timeline_was_clicked(tab: Any) -> None:
    whole = shown(tab)
    tab.locator("#timeline").scroll_into_view_if_needed()
    x, y = lane(tab, "vmm/frame", 3000)
    tab.mouse.move(x, y)
    tab.mouse.wheel(0, -120)
    settled(tab)
    assert shown(tab) == whole  # the page scrolls, so that the timeline does not catch who passes over it
    tab.locator("#timeline").scroll_into_view_if_needed()
    x, y = lane(tab, "vmm/frame", 3000)
    tab.mouse.click(x, y)
    for _ in range(6):
        tab.mouse.wheel(0, -240)
    settled(tab)
    first, end = shown(tab)
    assert end - first < 0.01 * (whole[1] - whole[0])
    assert first < 3000 < end


def test_dragging_moves(tab: Any) -> None:
    tab.evaluate("acortex.view.set(1000, 2000)")
    tab.locator("#timeline").scroll_into_view_if_needed()
    x, y = lane(tab, "neurons", 1500)
    tab.mouse.move(x, y)
    tab.mouse.down()
    tab.mouse.move(x - 200, y, steps=4)
    tab.mouse.up()
    first, end = shown(tab)
    assert first > 1050 and end - first == pytest.approx(1000)


def frame(file: Path) -> tuple[dict[str, Any], int, int, str]:
    """The data of the page, and the first frame of the arrays: its cycles and its instruction."""
    side = report_pages.carried(file.read_text())["sides"][0]
    rows = report_pages.rows(side)
    kind = [one["name"] for one in side["kinds"]].index("vmm.frame")
    at = next(at for at, code in enumerate(rows["code"].tolist()) if code == kind)
    return side, rows["start"][at], rows["end"][at], side["texts"][rows["pc"][at]]


def test_an_event_says_what_it_is_under_the_pointer_and_in_full_when_clicked(tab: Any, file: Path) -> None:
    _, start, end, text = frame(file)
    tab.evaluate(f"acortex.view.set({start} - 100, {end} + 100)")
    tab.locator("#timeline").scroll_into_view_if_needed()
    settled(tab)
    x, y = lane(tab, "vmm/frame", (start + end) / 2)
    tab.mouse.move(x, y)
    tip = tab.locator(".tip").inner_text()
    assert "vmm/frame: vmm.frame" in tip and text in tip and f"cycles {start} to {end - 1}" in tip
    tab.mouse.click(x, y)
    detail = tab.locator("#detail").inner_text()
    assert text in detail and "digits_mlp.s:" in detail and f"{start} to {end - 1}: {end - start}" in detail
    assert "pJ without leakage" in detail


def test_a_wait_says_what_ended_it(tab: Any, file: Path) -> None:
    _, start, _, _ = frame(file)
    tab.evaluate(f"acortex.view.set({start} - 100, {start} + 100)")
    tab.locator("#timeline").scroll_into_view_if_needed()
    settled(tab)
    tab.mouse.click(*lane(tab, "neurons", start))
    detail = tab.locator("#detail").inner_text()
    assert "neurons: waits for sums" in detail
    assert "vmm/frame (its event ended): multiply g0" in detail


def test_n_and_p_step_from_event_to_event(tab: Any) -> None:
    canvas = tab.locator(".timeline canvas")
    canvas.focus()
    canvas.press("ArrowDown")
    canvas.press("n")
    first = tab.locator("#detail").inner_text()
    canvas.press("n")
    assert tab.locator("#detail").inner_text() != first
    canvas.press("p")
    assert tab.locator("#detail").inner_text() == first
    canvas.press("Escape")
    assert "Click an event" in tab.locator("#detail").inner_text()


def test_instruction_1204_is_found_with_what_it_waited_for_and_what_ended_that(tab: Any, file: Path) -> None:
    from acortex.traces.instructions.view import view

    wanted = view(open_trace(file.with_suffix(".actrace")), rows=1205).rows[1204]
    table = tab.locator(".executions")
    table.locator("input").fill("1,204")
    table.locator(".said", has_text=re.compile("^1 to 1 of 1$")).wait_for()
    cells = table.locator("tbody tr td").all_inner_texts()
    assert cells[0] == "1,204"
    assert cells[1] == f"{wanted.issued:,}"
    assert cells[2] == wanted.text and cells[3] == wanted.line and cells[4] == wanted.unit
    assert cells[9] == f"{wanted.waited:,}"
    table.locator("tbody tr").click()
    assert wanted.text in tab.locator("#detail").inner_text()


def test_words_filter_the_instructions_and_headings_sort_them(tab: Any) -> None:
    table = tab.locator(".executions")
    table.locator("input").fill("multiply g1")
    table.locator(".said", has_text=f"of {DIGITS}").wait_for()
    assert set(table.locator("tbody td:nth-child(3)").all_inner_texts()) == {"multiply g1, 1"}
    table.locator("thead button", has_text="waited").click()
    waited = [int(cell.replace(",", "")) for cell in table.locator("tbody td:nth-child(10)").all_inner_texts()]
    assert waited == sorted(waited, reverse=True) and waited[0] > 0
    table.locator("thead button", has_text="waited").click()
    waited = [int(cell.replace(",", "")) for cell in table.locator("tbody td:nth-child(10)").all_inner_texts()]
    assert waited == sorted(waited)
    assert table.locator("th[aria-sort=ascending]").inner_text().startswith("waited")
    table.locator("input").fill("no such instruction")
    table.locator(".said", has_text="no row").wait_for()


def test_a_row_is_chosen_by_key(tab: Any) -> None:
    row = tab.locator(".executions tbody tr").nth(18)
    row.focus()
    row.press("Enter")
    assert "await read" in tab.locator("#detail").inner_text()


def test_the_critical_path_is_a_chain_of_instructions_to_its_end(tab: Any) -> None:
    tab.locator(".chain summary").click()
    slot = tab.locator(".chain .slot")
    slot.locator("tbody tr").first.wait_for()
    assert slot.locator("tbody tr").count() > 10
    first = slot.locator("tbody tr td:nth-child(2)").all_inner_texts()
    lengths = slot.locator("tbody tr td:nth-child(3)").all_inner_texts()
    at = 0
    for begin, length in zip(first, lengths, strict=True):
        assert int(begin.replace(",", "")) == at
        at += int(length.replace(",", ""))


def test_the_program_has_a_line_for_each_instruction_with_its_heat(tab: Any, file: Path) -> None:
    side = report_pages.carried(file.read_text())["sides"][0]
    assert tab.locator(".listing tbody tr").count() == len(side["texts"])
    heats = "[...document.querySelectorAll('.heat')].map((one) => +one.style.getPropertyValue('--heat'))"
    heat = tab.evaluate(f"Math.max(...{heats})")
    assert heat == 1


def test_every_control_has_a_name(tab: Any) -> None:
    assert report_pages.unnamed(tab, "button, input, select, canvas:not(.u-wrap *), [role=img]") == 0


def brightness(tab: Any, what: str) -> float:
    """How bright the colour of the page's body is, from 0 to 255."""
    red, green, blue = tab.evaluate(f"getComputedStyle(document.body).{what}.match(/\\d+/g).slice(0, 3).map(Number)")
    return float(0.3 * red + 0.59 * green + 0.11 * blue)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_scheme_of_the_system(browser: Any, file: Path, scheme: str) -> None:
    tab = opened(browser, file, color_scheme=scheme)
    ink, paper = brightness(tab, "color"), brightness(tab, "backgroundColor")
    assert (paper > 200 > 60 > ink) if scheme == "light" else (ink > 200 > 60 > paper)
    assert tab.wrong == []
    tab.close()


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_no_page_is_wider_than_its_screen(browser: Any, file: Path, width: int, height: int) -> None:
    tab = opened(browser, file, viewport={"width": width, "height": height})
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.wrong == []
    tab.close()


def test_tables_of_instructions_have_rows_of_one_line_on_a_phone(browser: Any, file: Path) -> None:
    tab = opened(browser, file, viewport={"width": 390, "height": 844})
    heights = tab.locator(".executions tbody tr, .listing tbody tr").evaluate_all(
        "all => all.map((one) => one.clientHeight)"
    )
    assert len(heights) > 25 and max(heights) < 36
    box = tab.locator(".executions .wide")
    box.evaluate("one => { one.scrollLeft = 400; }")
    assert box.evaluate("one => one.scrollLeft") > 0  # what is left of the window is reached by scrolling
    left = tab.locator(".executions tbody td").first.bounding_box()["x"]
    assert left == pytest.approx(box.bounding_box()["x"], abs=1)  # the number of the row stays in sight
    assert tab.wrong == []
    tab.close()


def test_bars_stand_below_their_names_on_a_phone(browser: Any, file: Path) -> None:
    tab = opened(browser, file, viewport={"width": 390, "height": 844})
    rows = tab.locator("#energy .bars").last.locator("tbody tr")
    name, bar = rows.first.locator("th").bounding_box(), rows.first.locator("td.bar").bounding_box()
    assert bar["y"] >= name["y"] + name["height"] - 1 and bar["width"] > 120
    assert rows.first.locator("td").nth(3).is_visible()  # why the layer costs most
    tab.close()


def test_units_of_one_agent_have_different_names_on_a_phone(browser: Any, file: Path) -> None:
    tab = opened(browser, file, viewport={"width": 390, "height": 844})
    tab.evaluate("""() => { window.drawn = new Set();
        const pen = document.querySelector('.timeline canvas').getContext('2d');
        pen.fillText = (words) => drawn.add(words); acortex.view.draw(); }""")
    settled(tab)
    drawn = tab.evaluate("[...drawn]")
    for end in ("/read", "/write"):
        assert [words for words in drawn if words.startswith("ma") and "…" in words and words.endswith(end)], drawn
    tab.close()


def test_rows_of_layers_give_no_cycles_of_instructions(browser: Any, file: Path, tmp_path: Path) -> None:
    trace = coarser(open_trace(file.with_suffix(".actrace")), "layers", tmp_path / "layers.actrace")
    path = tmp_path / "layers.html"
    path.write_text(render(page_of([("run", trace)], None, lambda done, total: None)))
    tab = opened(browser, path)
    assert "are not known" in tab.locator(".listing .empty").inner_text()
    assert set(tab.locator(".listing tbody .heat").all_inner_texts()) == {""}
    tab.close()


def test_the_page_prints(browser: Any, file: Path) -> None:
    tab = opened(browser, file)
    printed = tab.pdf(format="A4")
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 3
    tab.emulate_media(media="print")
    assert tab.locator("nav").is_hidden() and tab.locator(".tools button").first.is_hidden()
    assert tab.locator("#limits .answer").is_visible()
    tab.close()


def test_paper_has_all_of_each_chart_in_ink_on_white(browser: Any, file: Path) -> None:
    tab = opened(browser, file, color_scheme="dark")
    tab.evaluate("""() => matchMedia('print').addEventListener('change', ({ matches }) => { if (!matches) return;
        const timeline = document.querySelector('.timeline'), canvas = timeline.querySelector('canvas');
        const [r, g, b] = canvas.getContext('2d').getImageData(canvas.width / 2, 30, 1, 1).data;
        const width = (one) => one.querySelector('canvas').clientWidth;
        const charts = [...document.querySelectorAll('.chart')].map((one) => [one.clientWidth, width(one)]);
        window.paper = { charts: [[timeline.clientWidth, canvas.width], ...charts], lane: [r, g, b] }; })""")
    tab.pdf(format="A4")
    paper = tab.evaluate("paper")
    assert len(paper["charts"]) == 4 and all(600 < place == drawn < 800 for place, drawn in paper["charts"])
    assert min(paper["lane"]) > 200
    tab.wait_for_function(
        "document.querySelector('.timeline canvas').width === document.querySelector('.timeline').clientWidth"
    )
    assert tab.locator(".timeline canvas").first.evaluate("(one) => one.width") > 1000
    tab.close()


def test_layers_that_come_after_the_colours_do_not_look_like_what_is_outside_layers(tab: Any) -> None:
    hues = tab.evaluate("Array.from({ length: 24 }, (_, at) => hue(at))")
    assert hues[0] == "#8c8c8c" and hues[0] not in hues[1:]
    assert len(set(hues[1:8])) == 7 and hues[8:15] == hues[1:8]


def test_the_policy_stops_what_was_not_written_here(browser: Any, file: Path) -> None:
    tab = opened(browser, file)
    tab.evaluate(
        "() => { const script = document.createElement('script'); script.textContent = 'window.ran = true';"
        " document.body.append(script);"
        " document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"ran = 1\">'); }"
    )
    tab.wait_for_timeout(200)
    assert tab.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in tab.wrong)
    tab.close()


def test_a_million_events_open_in_two_seconds_and_take_3_mb(browser: Any, file: Path, tmp_path: Path) -> None:
    path = written(tmp_path / "large.html", 9500)
    assert path.stat().st_size < 3_000_000
    side = report_pages.carried(path.read_text())["sides"][0]
    assert side["stats"]["totals"]["events"] > 1_000_000
    tab = opened(browser, file)
    session = tab.context.new_cdp_session(tab)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})  # processor time, whatever else is at work
    tab.goto(path.as_uri())
    tab.wait_for_selector("html[data-ready]", state="attached", timeout=60_000)
    spent = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    assert 0.05 < spent["TaskDuration"] < 2
    draws = "const at = performance.now(); acortex.lines[0].draw(); return performance.now() - at;"
    drawn = tab.evaluate(f"() => {{ acortex.view.reset(); {draws} }}")
    assert drawn < 200  # milliseconds for all of the run; on a machine of its own about 20
    assert tab.wrong == []
    tab.close()
