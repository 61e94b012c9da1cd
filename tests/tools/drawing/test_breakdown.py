"""Area, energy and time by component: bars as long as their shares, from 0, beside what the paper prints."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import picture_rules as rules
import pytest

from acortex.sim.chip.specs import load_chip
from acortex.sim.inputs import HostData
from acortex.sim.run import Prepared, prepare
from acortex.tools.drawing.bars import HEAD, ROW, Panel, Share, bars, height_of
from acortex.tools.drawing.breakdown import Spent, breakdown, of_run, spent
from acortex.tools.drawing.page import page
from acortex.tools.drawing.palette import look
from acortex.tools.drawing.scene import Box, Mark, Picture, Rect
from acortex.tools.drawing.svg import svg
from acortex.tools.open.programs import open_program
from acortex.tools.paper.printed import figure_7b
from acortex.tools.paper.printed_shares import printed_shares
from acortex.units import percent, scaled


@cache
def ready(name: str, chip: str | None = None, setting: str = "") -> Prepared:
    on = load_chip(chip, [setting] if setting else []) if chip else None
    made = prepare(open_program(f"zoo:{name}", on, weights=False), on)
    return replace(made, host=HostData({}, 1, None))


@cache
def found(name: str) -> Spent:
    return spent(ready(name), printed_shares)


def drawn_bars(picture: Picture) -> dict[str, list[Rect]]:
    """The bars of each panel by the place of its left edge."""
    held: dict[str, list[Rect]] = {}
    for one in picture.shapes:
        if isinstance(one, Rect):
            held.setdefault(f"{one.x:.1f}", []).append(one)
    return held


@pytest.mark.parametrize("name", ["digits_mlp", "digits_cnn", "lstm", "gnmt"])
def test_breakdowns_keep_the_rules(name: str) -> None:
    picture = breakdown(name, "a chip", found(name))
    rules.check(picture)
    assert svg(picture) == svg(breakdown(name, "a chip", found(name)))


@pytest.mark.parametrize("name", ["digits_mlp", "gnmt"])
def test_bars_are_as_long_as_their_shares(name: str) -> None:
    run, path = found(name).run, found(name).path
    panels = list(drawn_bars(breakdown(name, "a chip", found(name))).values())
    assert len(panels) == 3
    for held, values in zip(panels, (run.area_by_component_mm2, run.energy_by_component_j, path), strict=True):
        shares = sorted((value for value in values.values() if value), reverse=True)
        longest = held[0].width / shares[0]
        drawn = [one.width / longest for one in held if one.width > 0]
        assert drawn == pytest.approx([share for share in shares if share], abs=1e-6)


def test_the_shares_of_time_are_the_whole_path() -> None:
    assert sum(found("gnmt").path.values()) == pytest.approx(1)
    assert max(found("gnmt").path, key=lambda part: found("gnmt").path[part]) == "loads"


def test_the_paper_stands_beside_its_own_networks() -> None:
    printed = found("gnmt").printed
    assert printed["energy.buses"] == pytest.approx(float(figure_7b()["gnmt"]["energy_pct.buses"].value) / 100)
    assert printed["area.arrays"] == pytest.approx(float(figure_7b()["gnmt"]["area_pct.fg_arrays"].value) / 100)
    picture = breakdown("gnmt", "a chip", found("gnmt"))
    marks = [one for one in picture.shapes if isinstance(one, Mark)]
    assert len(marks) == len(printed) + 1, "one is the key"
    assert any("Fig. 7b" in one.text for one in picture.texts)


@pytest.mark.parametrize(
    ("name", "chip", "setting"),
    [("digits_mlp", None, ""), ("gnmt", "acortex_gnmt", "memory.banks=32"), ("lstm", "acortex_gnmt", "")],
)
def test_the_paper_stands_beside_nothing_else(name: str, chip: str | None, setting: str) -> None:
    one = spent(ready(name, chip, setting), printed_shares)
    assert one.printed == {}
    picture = breakdown(name, "a chip", one)
    assert not any(isinstance(shape, Mark) for shape in picture.shapes)
    assert not any("Fig. 7b" in text.text for text in picture.texts)


def test_a_mark_stands_at_its_share_of_the_same_scale() -> None:
    picture = breakdown("gnmt", "a chip", found("gnmt"))
    held = {one.tip.partition(":")[0]: one for one in picture.shapes if isinstance(one, Rect) and one.tip}
    run, printed = found("gnmt").run, found("gnmt").printed
    bar = held["buses"]
    mark = next(one for one in picture.shapes if isinstance(one, Mark) and one.tip.startswith("buses"))
    ours = run.energy_by_component_j["buses"] / run.energy_j
    assert (mark.x - bar.x) / bar.width == pytest.approx(printed["energy.buses"] / ours)


def test_without_a_path_units_are_shown_by_how_long_they_were_busy() -> None:
    one = of_run(found("digits_mlp").run, None, printed_shares)
    picture = breakdown("digits", "a chip", one)
    rules.check(picture)
    labels = [text.text for text in picture.texts]
    assert "Busy units" in labels
    assert "vmm/frame" in labels
    assert "Time" not in labels


def test_the_busiest_units_come_first_beside_the_time_of_all_inferences() -> None:
    """Eight of them, though more were busy."""
    from acortex.sim.results import timed

    run = timed(replace(ready("digits_mlp"), host=HostData({}, 2, None)).time().report)
    picture = breakdown("digits", "a chip", of_run(run, None, printed_shares))
    texts = [text.text for text in picture.texts]
    assert f"of {scaled(run.latency_s, 's')}; several may be busy at once" in texts
    busy = {name: one.busy for name, one in run.utilisation.items() if one.busy}
    assert len(busy) > 8 and len(run.inferences) == 2
    wanted = sorted(busy, key=lambda name: -busy[name])[:8]
    tips = [one.tip for one in picture.shapes if isinstance(one, Rect) and one.tip.partition(":")[0] in busy]
    assert tips == [f"{name}: {percent(busy[name] / run.cycles)}" for name in wanted]


def test_each_bar_of_time_has_its_own_time_and_the_caption_shares_of_the_whole() -> None:
    run = found("digits_mlp").run
    drawn = breakdown("net", "a chip", Spent(run, {"loads": 0.25, "frames": 0.75}, {}))
    texts = [one.text for one in drawn.texts]
    assert f"25.0 %  {scaled(run.latency_s / 4, 's')}" in texts
    assert f"75.0 %  {scaled(run.latency_s * 3 / 4, 's')}" in texts
    area, energy = run.area_by_component_mm2, run.energy_by_component_j
    shares = [percent(max(one.values()), sum(one.values())) for one in (area, energy)]
    caption = drawn.title
    assert f"of the area ({shares[0]})" in caption and f"of the energy ({shares[1]})" in caption
    assert "frames of the time (75.0 %)" in caption


def test_what_costs_nothing_has_a_bar_where_the_paper_prints_one() -> None:
    run = found("digits_mlp").run
    nothing = run.model_copy(update={"energy_by_component_j": {"arrays": 1.0, "dacs": 0.0, "buses": 0.0}})
    texts = [one.text for one in breakdown("net", "a chip", Spent(nothing, {}, {"energy.dacs": 0.2})).texts]
    energy = texts[texts.index("Energy") : texts.index("Busy units")]
    assert "DACs" in energy and "buses" not in energy


def test_a_stopped_run_says_so_first() -> None:
    report = ready("digits_mlp").time(max_cycles=60).report
    from acortex.sim.results import timed

    picture = breakdown("digits", "a chip", of_run(timed(report), None, printed_shares))
    rules.check(picture)
    assert picture.texts[1].text.startswith("Not the whole run: stopped at cycle 60")


def test_energies_add_up_to_that_of_the_run() -> None:
    run = found("digits_cnn").run
    assert sum(run.energy_by_component_j.values()) == pytest.approx(run.energy_j)


SHARES = [Share("a", 0.5, "50 %", look(0)), Share("b", 0.3, "30 %", look(1), 0.9), Share("c", 0.0, "0 %", look(9))]


def drawn(panel: Panel, width: float = 300) -> Picture:
    box = Box(24, 80, 24 + width, 80 + height_of(panel))
    return page("t", "s", bars(panel, box), width + 48, box.bottom, "It says what to see.")


def test_panels_lie_within_their_box() -> None:
    panel = Panel("Title", "whole", SHARES)
    picture = drawn(panel)
    rules.check(picture)
    assert height_of(panel) == HEAD + 3 * ROW
    box = Box(24, 80, 324, 80 + height_of(panel))
    assert all(box.holds(rules.shrunk(one.box)) for one in picture.shapes[2:-1])


@pytest.mark.parametrize("share", [0.0, 1e-9, 0.5, 1.0])
def test_one_bar_of_any_length_keeps_the_rules(share: float) -> None:
    rules.check(drawn(Panel("Title", "whole", [Share("only", share, f"{share:.1%}", look(0))])))


def test_no_bars_are_a_title() -> None:
    rules.check(drawn(Panel("Title", "nothing", [])))


def test_long_names_and_titles_are_cut() -> None:
    long = [Share("a name that nobody would ever give to anything", 0.4, "40.0 %  12.3 uJ", look(3))]
    rules.check(drawn(Panel("A title that is far too long for its panel, " * 4, "so is this whole line " * 9, long)))
