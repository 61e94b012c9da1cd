"""Samples of a run whose constants are drawn: each is the run on that chip, and more samples extend fewer."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.area import total_area
from acortex.sim.chip.specs import load_chip
from acortex.sim.repriced import reports
from acortex.sim.run import prepare
from acortex.sim.uncertain import chip_at, drawn, held, lead_of, samples
from acortex.units import joules

PROGRAM = assemble_file(Path(__file__).parents[2] / "programs" / "conv3x3.s")
CHIP = load_chip(PROGRAM.chip)
PREPARED = prepare(PROGRAM, CHIP)


def test_a_sample_is_the_run_on_the_chip_with_these_constants() -> None:
    (found,) = samples(PREPARED, [CHIP], 5, seed=3)
    for at in range(5):
        chip = chip_at(CHIP, {path: float(values[at]) for path, values in found.shares.items()})
        (report,) = reports(PREPARED, [chip])
        assert found.energy_j[at] == joules(report.energy_aj)  # of counts and prices alone, exactly
        assert (found.area_mm2[at], found.latency_s, found.macs) == (report.area_mm2, report.latency_s, report.macs)


def test_a_chip_that_is_drawn_is_the_one_that_overrides_make() -> None:
    shares = dict.fromkeys(lead_of(CHIP).values(), 0.25)
    chip = chip_at(CHIP, shares)
    same = load_chip(PROGRAM.chip, [f"{path}={chip.value(path)}" for path in CHIP.spreads])
    assert chip.config == same.config and chip.sha256 == same.sha256 != CHIP.sha256
    assert total_area(chip) == total_area(same)


def test_the_ends_of_spreads_are_reached() -> None:
    for share, end in ((0.0, 0), (1.0, 1)):
        chip = chip_at(CHIP, dict.fromkeys(lead_of(CHIP).values(), share))
        for path, spread in CHIP.spreads.items():
            section, _, name = path.partition(".")
            wanted = spread.ends(getattr(getattr(CHIP, section), name))[end]
            assert chip.value(path) == pytest.approx(float(wanted), rel=1e-11)


@pytest.mark.parametrize("seed", [0, 7])
def test_more_samples_begin_with_the_same_ones(seed: int) -> None:
    (few,), (many,) = (samples(PREPARED, [CHIP], number, seed) for number in (4, 9))
    assert few.energy_j.tolist() == many.energy_j[:4].tolist()
    assert few.area_mm2.tolist() == many.area_mm2[:4].tolist()


def test_draws_depend_on_seed_and_constant_alone() -> None:
    assert drawn("energy.array_pj", 3, 0).tolist() == drawn("energy.array_pj", 3, 0).tolist()
    assert drawn("energy.array_pj", 3, 0).tolist() != drawn("energy.array_pj", 3, 1).tolist()
    assert drawn("energy.array_pj", 3, 0).tolist() != drawn("energy.dacs_pj", 3, 0).tolist()


def test_a_draw_is_even_between_0_and_1() -> None:
    values = np.sort(drawn("energy.array_pj", 4000, 0))
    assert np.abs(values - (np.arange(4000) + 0.5) / 4000).max() < 0.03  # Kolmogorov and Smirnov, p = 0.001


def test_constants_that_are_drawn_together_move_together() -> None:
    (found,) = samples(PREPARED, [CHIP], 2)
    assert "energy.array_pj" not in found.shares and "energy.sensing_pj" in found.shares
    chip = chip_at(CHIP, {**dict.fromkeys(found.shares, 0.0), "energy.sensing_pj": 1.0})
    assert (chip.value("energy.sensing_pj"), chip.value("energy.array_pj")) == (6.9, 1.29)


def test_where_a_partner_is_given_the_other_is_drawn_alone() -> None:
    chip = load_chip(PROGRAM.chip, ["energy.sensing_pj=5"])
    assert lead_of(chip)["energy.array_pj"] == "energy.array_pj"
    (found,) = samples(prepare(PROGRAM, chip), [chip], 2)
    assert "energy.array_pj" in found.shares and "energy.sensing_pj" not in found.shares


def test_a_chip_without_spreads_has_no_width_and_names_what_was_held() -> None:
    chip = CHIP.model_copy(update={"spreads": {}})
    (found,) = samples(PREPARED, [chip], 3)
    assert np.ptp(found.energy_j) == np.ptp(found.area_mm2) == 0
    assert found.shares == {} and found.moves_energy == found.moves_area == frozenset()
    assert "energy.sensing_pj" in held(chip) and not any("anchor" in path for path in held(chip))
    assert "energy.sensing_pj" not in held(CHIP)


def test_what_moves_nothing_is_known() -> None:
    (found,) = samples(PREPARED, [CHIP], 2)
    assert "energy.sensing_pj" in found.moves_energy - found.moves_area
    assert "area.cells_um2" in found.moves_area
    assert "area.port_share" not in found.moves_area | found.moves_energy  # one port
    assert "energy.latches_pj" not in found.moves_energy  # one set of latches


def test_chips_of_other_cycles_are_refused() -> None:
    with pytest.raises(ValueError, match="a setting that moves time"):
        samples(PREPARED, [load_chip(PROGRAM.chip, ["memory.ports=2"])], 2)


def test_a_thousand_samples_take_less_than_two_seconds_of_a_processor() -> None:
    begin = time.process_time()
    samples(PREPARED, [CHIP], 1000)
    assert time.process_time() - begin < 2  # 0.4 s on a machine of its own
