"""The digital twin of Fig. 7c: GNMT on digital units instead of analog arrays, both simulated."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from acortex.sim.chip.specs import load_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import run
from acortex.tools.open.programs import open_program

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = (CHECKOUT / "docs" / "technologies.md").read_text()


@cache
def gnmt(chip: str) -> TimedReport:
    """One inference of GNMT in time."""
    loaded = load_chip(chip)
    return timed(run(open_program("zoo:gnmt", loaded, weights=False), loaded, values=False).report)


def test_the_digital_chip_is_what_the_paper_prints() -> None:
    report = gnmt("acortex_gnmt_digital")
    assert report.area_mm2 == pytest.approx(607, abs=0.5)
    assert report.efficiency_ops_per_j == pytest.approx(3.21e12, abs=0.005e12)
    assert report.energy_j == pytest.approx(836e-6, abs=0.5e-6)
    assert report.power_w == pytest.approx(2.4, rel=0.03)
    # 0.35 ms are the array operations alone; what comes before the first and after the last is on top.
    assert report.latency_s == pytest.approx(0.35e-3, rel=0.02)
    assert report.latency_s > 0.35e-3


def test_static_ram_is_most_of_it() -> None:
    report = gnmt("acortex_gnmt_digital")
    shares = {name: area / report.area_mm2 for name, area in report.area_by_component_mm2.items()}
    assert (shares["arrays"], shares["sensing"]) == (pytest.approx(0.92, abs=0.005), pytest.approx(0.06, abs=0.005))
    assert shares["dacs"] == shares["program_erase"] == 0
    assert report.energy_by_component_j["arrays"] / report.energy_j > 0.99


@pytest.mark.slow
def test_the_digital_chip_is_larger_and_takes_more_energy_but_is_faster() -> None:
    """The paper says that speed, too, is in favour of the analog chip; what it prints says otherwise."""
    analog, digital = gnmt("acortex_gnmt"), gnmt("acortex_gnmt_digital")
    assert digital.area_mm2 / analog.area_mm2 == pytest.approx(2.07, abs=0.01)
    assert digital.energy_j / analog.energy_j == pytest.approx(88, abs=5)
    assert digital.latency_s / analog.latency_s == pytest.approx(0.59, abs=0.01)


@pytest.mark.slow
def test_with_the_clock_of_the_analog_chip_its_inputs_set_the_pace() -> None:
    chip = load_chip("acortex_gnmt", ["arrays.cell=digital_sram"])
    report = timed(run(open_program("zoo:gnmt", chip, weights=False), chip, values=False).report)
    analog = gnmt("acortex_gnmt")
    assert 0.99 * analog.latency_s < report.latency_s < analog.latency_s
    assert f"the digital one takes {report.latency_s * 1e3:.3f} ms" in " ".join(PAGE.split())


@pytest.mark.slow
def test_the_pages_have_the_numbers_of_the_runs() -> None:
    analog, digital = gnmt("acortex_gnmt"), gnmt("acortex_gnmt_digital")
    both = [
        [f"{one.area_mm2:.1f} mm2", f"{one.latency_s * 1e3:.3f} ms", f"{one.efficiency_ops_per_j / 1e12:.3g} TOp/J"]
        for one in (digital, analog)
    ]
    for ours, theirs in zip(*both, strict=True):
        assert f"| {ours} | {theirs} |" in PAGE
    assert f"| {digital.power_w:.3g} W | {analog.power_w * 1e3:.3g} mW |" in PAGE
    assert ", ".join(both[0]) in (CHECKOUT / "DEVIATIONS.md").read_text()
