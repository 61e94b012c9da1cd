"""The studies on a network of two layers: sums that must add up, bounds that must hold, pages that say what ran."""

from __future__ import annotations

import re
import subprocess
import sys
from math import ceil
from pathlib import Path
from typing import Any

import jinja2
import pytest
from picture_rules import check, texts_of

from acortex.errors import MissingExtra
from acortex.programs import Network, quantised
from acortex.programs.compiler import Compiled, compile_graph
from acortex.sim.chip.specs import load_chip
from acortex.sim.results import UnitTime
from acortex.tools.drawing.scene import Mark, Picture, Rect
from acortex.tools.open.machine import machine_of
from acortex.tools.paper import study_plots
from acortex.tools.paper.compiled import compiled_network
from acortex.tools.paper.markdown import filled, table
from acortex.tools.paper.pages import pages_of
from acortex.tools.paper.render import more_or_less, render
from acortex.tools.paper.studies import (
    FAST,
    PARTS,
    Study,
    Variant,
    alone_ms,
    busiest,
    by_part,
    part,
    point,
    stages,
    study,
)

CHIP = "acortex_digits"
VARIANTS = (FAST, Variant("two ports", ("memory.ports=2",)), Variant("slow", ("memory.access_cycles=9",)))
POSITIONS = 6 * 6


def compiled(mapping: str) -> Compiled:
    """A 3x3 convolution of three channels, 6x6 positions, then a matrix."""
    net = Network("small", input=(3, 6, 6)).conv(8, 3, pad=1, name="one_conv").relu().max_pool(6).linear(4, name="two")
    return compile_graph(quantised(net), machine_of(load_chip(CHIP)), mapping)


@pytest.fixture(scope="module")
def taps() -> Compiled:
    return compiled("taps")


@pytest.fixture(scope="module")
def small(taps: Compiled) -> Study:
    return study(taps, compiled("dense"), CHIP, VARIANTS)


def test_the_stages_of_a_run_add_up_to_it(small: Study) -> None:
    found = stages(small.published.run, small.critical)
    assert [(one.name, one.layers) for one in found if one.macs] == [("one", 1), ("two", 1)]
    assert sum(one.energy_j for one in found) == pytest.approx(small.published.run.energy_j)
    assert sum(one.cycles for one in found) == small.published.run.cycles
    assert sum(one.macs for one in found) == small.published.run.macs


def test_the_parts_of_a_critical_path_add_up_to_it(small: Study) -> None:
    for path in (small.critical, small.fast):
        assert tuple(by_part(path)) == PARTS
        assert sum(by_part(path).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        (("vmm/load", "busy", "vmm.load"), "loads"),
        (("vmm/frame0", "busy", "vmm.frame"), "frames"),
        (("vmm/load", "busy", "vmm.connect"), "the rest"),
        (("neurons", "hand-over", "sums"), "conversion"),
        (("main_memory/read", "waiting", "port"), "main memory"),
        (("host/in", "busy", "memory.write"), "host"),
        (("buses/up", "busy", "bus.up"), "the rest"),
    ],
)
def test_a_stretch_of_the_path_belongs_to_one_part(segment: tuple[str, str, str], expected: str) -> None:
    assert part(*segment) == expected


@pytest.mark.parametrize(
    ("settings", "load", "under"),
    [
        ((), 9, False),
        (("arrays.loads_per_cycle=4",), ceil(9 / 4), False),
        (("arrays.overlap_loads=true",), 9, True),
        (("arrays.overlap_loads=true", "arrays.frame_ns=2"), 9, True),
        (("arrays.broadcast_loads=true",), 9, False),
    ],
)
def test_arrays_alone_take_loads_and_frames_of_every_position(
    taps: Compiled, settings: tuple[str, ...], load: int, under: bool
) -> None:
    """Nine taps of three channels take nine arrays, a row each; the matrix one."""
    chip = load_chip(CHIP, settings)
    frame = ceil(chip.arrays.frame_ns / chip.clock_ns)
    conv, matrix = (max(load, frame), max(1, frame)) if under else (load + frame, 1 + frame)
    assert alone_ms(taps, chip) == pytest.approx((POSITIONS * conv + matrix) * float(chip.clock_ns) / 1e6)


def test_no_closed_form_where_frames_of_several_groups_overlap(taps: Compiled) -> None:
    assert alone_ms(taps, load_chip(CHIP, ("arrays.frames_at_once=2",))) is None


def test_no_run_is_shorter_than_its_loads_and_frames_alone(small: Study) -> None:
    for one in (small.published, *small.variants, small.dense):
        assert one.alone_ms is not None
        assert one.latency_ms > one.alone_ms


def test_variants_are_runs_of_the_chip_with_their_settings(small: Study) -> None:
    assert [one.variant for one in small.variants] == list(VARIANTS)
    fast, ports, slow = small.variants
    assert fast.run.chip.config["arrays"]["loads_per_cycle"] == 4
    assert fast.run.cycles == small.fast.cycles < small.published.run.cycles < slow.run.cycles
    assert ports.area_mm2 > small.published.area_mm2


def test_tracing_a_run_changes_nothing(small: Study, taps: Compiled) -> None:
    assert point(taps, load_chip(CHIP)).run == small.published.run


def test_dense_rows_take_fewer_arrays_and_accesses(small: Study) -> None:
    assert small.arrays == (9 + 1, 1 + 1)
    assert small.dense.accesses < small.published.accesses


def test_the_busiest_units_come_first() -> None:
    utilisation = {
        name: UnitTime(busy=busy, waiting=0, idle=10 - busy) for name, busy in (("a", 2), ("b", 9), ("c", 5))
    }
    assert busiest(utilisation, 10, 2) == [("b", 0.9), ("c", 0.5)]


def test_the_pages_hold_every_variant_and_both_latencies(small: Study) -> None:
    pages = pages_of([small], layered=[small])
    for one in (small.published, *small.variants):
        assert f"{one.latency_ms:.3f} ms" in str(pages["study-parallel.md"])
        assert one.variant.name in str(pages["study-parallel.md"])
    assert f"{small.dense.latency_ms:.3f}" in str(pages["study-mapping.md"])
    assert "`one`" in str(pages["study-layers.md"])
    assert "vmm/load" in str(pages["study-limits.md"])


def test_pictures_are_the_same_for_the_same_numbers(small: Study) -> None:
    names = {"small": "a network"}
    for draw in (study_plots.limits, study_plots.parallel, study_plots.layers):
        first = draw([small], names)
        assert first == draw([small], names)
        assert b"<svg" in first
        assert texts_of(first.decode())[-1].endswith("."), "its caption"


def pictures(monkeypatch: pytest.MonkeyPatch, studies: list[Study]) -> list[Picture]:
    """The pictures of some studies as shapes."""
    drawn: list[Picture] = []
    monkeypatch.setattr(study_plots, "svg", lambda picture: drawn.append(picture) or "")
    for draw in (study_plots.limits, study_plots.parallel, study_plots.layers):
        draw(studies, {one.network: f"network {one.network}" for one in studies})
    return drawn


def test_pictures_keep_the_rules(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (1, 2, 3):
        for picture in pictures(monkeypatch, [small] * count):
            check(picture)


def test_no_bar_stands_at_one_for_nothing(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variants are points left or right of the published chip; those that move nothing are named alone."""
    _, picture, _ = pictures(monkeypatch, [small])
    assert not any(isinstance(one, Rect) for one in picture.shapes)
    marks = [one for one in picture.shapes if isinstance(one, Mark) and one.tip]
    labels = " ".join(one.text for one in picture.texts)
    moved = [one for one in small.variants if max(map(abs, study_plots.changes(small, one))) >= study_plots.MOVES]
    assert len(marks) == 3 * len(moved)
    for one in small.variants:
        assert one.variant.name in labels


def test_points_stand_by_their_change(small: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    _, picture, _ = pictures(monkeypatch, [small])
    marks = [one for one in picture.shapes if isinstance(one, Mark) and one.tip.startswith("latency")]
    places = sorted((float(one.tip.split()[1].rstrip("%")), one.x) for one in marks)
    assert [x for _, x in places] == sorted(x for _, x in places)


@pytest.mark.parametrize(("ratio", "said"), [(1.1, "10.0 % more"), (0.75, "25.0 % less"), (1.0001, "the same")])
def test_a_ratio_is_told_in_words(ratio: float, said: str) -> None:
    assert more_or_less(ratio) == said


def test_a_table_sets_numbers_right() -> None:
    rows = [("x", "-", "2 of"), ("y", "+1 %", "a")]
    lines = ["| a | b | c |", "| --- | ---: | --- |", "| x | - | 2 of |", "| y | +1 % | a |"]
    assert table(("a", "b", "c"), rows).splitlines() == lines


def test_a_page_has_filled_paragraphs_and_one_empty_line_between_blocks() -> None:
    assert filled("# x\n\none\ntwo \n\n\n| a |\n| b |\n") == "# x\n\none two\n\n| a |\n| b |\n"
    assert filled("one\n\n    run a\n    run b\n\n two\n") == "one\n\n    run a\n    run b\n\ntwo\n"
    assert filled(f"{'word ' * 23}12345 ms") == f"{'word ' * 22}word\n12345 ms\n"
    assert filled(f"{'word ' * 30}well-known") == f"{'word ' * 23}word\n{'word ' * 6}well-known\n"


def test_a_template_without_a_fact_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'networks' is undefined"):
        render("study-layers.md.j2")


def test_without_jinja_a_page_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(MissingExtra) as caught:
        render("study-layers.md.j2", networks=[])
    assert str(caught.value).splitlines() == [
        "writing a page of the docs needs an optional package",
        '  hint: pip install "acortex[docs]"',
    ]


def test_no_command_but_the_pages_loads_jinja() -> None:
    code = (
        "import sys; from acortex.tools.cli import main; from acortex.tools.paper import pages\n"
        "sys.argv = ['acortex', 'run', 'zoo:letters_mlp', '--timing-only']\n"
        "try: main()\nexcept SystemExit as end: print(end.code or 0, 'jinja2' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.splitlines()[-1] == "0 False"


def test_a_network_is_compiled_once() -> None:
    first: Any = compiled_network("letters_mlp")
    assert compiled_network("letters_mlp", "acortex_digits") is first
    assert compiled_network("letters_mlp", mapping="dense") is not first


def test_the_pages_of_the_repository_link_to_what_is_there(checkout: Path) -> None:
    written = sorted((checkout / "docs").glob("study-*.md"))
    assert len(written) == 5
    for one in written:
        for link in re.findall(r"\]\(([\w.-]+)\)", one.read_text(encoding="utf-8")):
            assert (one.parent / link).exists(), f"{one.name}: {link}"


@pytest.mark.slow  # compiles Inception-v1 twice and simulates it six times
def test_what_the_readme_says_of_inception_holds() -> None:
    """Arrays work back to back; faster loads cost no energy, a port does; dense rows take half of it."""
    chip, ports = "acortex_inception", Variant("two ports", ("memory.ports=2",))
    one = study(
        compiled_network("inception_v1"), compiled_network("inception_v1", mapping="dense"), chip, (FAST, ports)
    )
    shares, (fast, ported) = by_part(one.critical), one.variants
    assert shares["loads"] + shares["frames"] > 0.95
    assert fast.latency_ms < 0.55 * one.published.latency_ms
    assert fast.energy_uj < one.published.energy_uj
    assert ported.energy_uj > 1.05 * one.published.energy_uj
    assert ported.latency_ms > 0.98 * one.published.latency_ms
    assert one.dense.energy_uj < 0.5 * one.published.energy_uj
