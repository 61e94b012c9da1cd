"""Scales chosen anew: gains that are known are found and taken back, and nothing else of a program changes."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.isa.asm.assembler import assemble
from acortex.isa.codec import decode
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.accuracy.measured import DIGITAL, IN_TURN, Conversions, Effort, Measuring, Moments, Setter
from acortex.sim.accuracy.recalibrate import _shared, recalibrate, whole_scales
from acortex.sim.accuracy.study import accuracy
from acortex.sim.chip.clock import delays
from acortex.sim.chip.prices import INDEX, prices
from acortex.sim.chip.specs import Chip, load_chip
from acortex.tools.open.machine import machine_of

FALLEN_TO = 0.5**0.5
"""The gain of currents that fell for a second with an exponent of one half: 1 / sqrt(2)."""

FALLEN = ("errors.drift_exponent=0.5", "errors.age_s=1", "errors.tuning_pct=0", "errors.shot_pct=0")
WIRES = ("errors.wire_row_ohm=5", "errors.wire_column_ohm=5", "errors.cell_full_scale_us=50")


def chip_with(settings: tuple[str, ...], name: str = "acortex_digits") -> Chip:
    return load_chip(name, list(settings))


@cache
def digits() -> Program:
    return zoo.load("digits_mlp_unsaturated")


def rows_of(program: Program, mnemonic: str) -> list[dict[str, int]]:
    found = [decode(int(word)) for word in program.words]
    return [dict(one.values) for one in found if one.row.mnemonic == mnemonic]


def test_a_known_gain_is_found_and_taken_back() -> None:
    found = recalibrate(digits(), chip_with(FALLEN), chips=2)
    assert [row.gain for row in found.report.scales] == pytest.approx([FALLEN_TO] * 2, rel=1e-3)
    for row in found.report.scales:
        assert row.codes_per_sum * row.gain == pytest.approx(row.codes_per_sum_before, rel=1e-4)
    before, after = (accuracy(one, chip_with(FALLEN), chips=2) for one in (digits(), found.program))
    ideal = accuracy(digits(), chip_with(FALLEN), chips=1).ideal
    assert before.accuracy.mean < ideal - 0.005
    assert after.accuracy.mean == pytest.approx(ideal, abs=0.002)


def test_wires_shrink_columns_by_where_they_stand_and_accuracy_comes_back() -> None:
    chip = chip_with(WIRES)
    found = recalibrate(digits(), chip, chips=3, inputs=digits().samples["image"][:200])
    first = found.report.scales[0]
    assert first.gain_least < first.gain - 0.05 and first.gain_most > first.gain + 0.05
    before, after = (accuracy(one, chip, chips=10).accuracy.mean for one in (digits(), found.program))
    assert after > before + 0.005


def test_a_compiled_network_has_a_scale_for_each_column() -> None:
    chip = chip_with(WIRES)
    program = zoo.load("letters_mlp_5flips", machine_of(chip))
    inputs = {program.inputs[0].name: program.samples[program.inputs[0].name][::50]}
    found = recalibrate(program, chip, chips=3, inputs=inputs)
    assert all(row.by_column for row in found.report.scales)
    tables = [one.values for one in program.constants], [one.values for one in found.program.constants]
    shifts = [[row["shift"] for row in rows_of(one, "quant")] for one in (program, found.program)]
    for old, new, was, now in zip(*tables, *shifts, strict=True):
        gains = (old[:, 1] / 2.0**was) / (new[:, 1] / 2.0**now)
        assert (gains < 1.001).all() and np.ptp(gains) > 0.003
        assert np.allclose(new[:, 0], old[:, 0] * gains, atol=1)


def test_a_compiled_network_wins_back_most_of_what_a_gain_costs_it() -> None:
    """Not all: numbers that were halves of codes, and were rounded to even ones, are now near halves."""
    chip = chip_with(FALLEN)
    program = zoo.load("letters_mlp_5flips", machine_of(chip))
    before, after = (accuracy(one, chip, chips=1) for one in (program, recalibrate(program, chip, chips=1).program))
    lost = before.ideal - before.accuracy.mean
    assert lost > 0.03
    assert before.ideal - after.accuracy.mean < 0.3 * lost


def test_nothing_but_scales_is_changed() -> None:
    changed = recalibrate(digits(), chip_with(FALLEN), chips=1).program
    differ = [decode(int(word)) for word, old in zip(changed.words, digits().words, strict=True) if word != old]
    assert [one.row.mnemonic for one in differ] == ["quant", "quant"]
    for old, new in zip(rows_of(digits(), "quant"), rows_of(changed, "quant"), strict=True):
        assert {name for name in old if old[name] != new[name]} <= {"multiplier", "shift"}
    assert all(a is b for a, b in zip(changed.weights, digits().weights, strict=True))


def test_a_quantiser_that_digital_units_share_stays_as_it_is(checkout: Path) -> None:
    text = (checkout / "programs" / "residual.s").read_text()
    assert text.count("add     q1, q2") == 1
    shared = assemble(text.replace("add     q1, q2", "add     q1, q0"), folder=checkout / "programs")
    own = assemble(text, folder=checkout / "programs")
    chip = chip_with(FALLEN, own.chip)
    assert set(Conversions.of(shared, 2).fixed.values()) == {DIGITAL}
    left = recalibrate(shared, chip, chips=1)
    assert [row.left for row in left.report.scales] == [DIGITAL]
    assert np.array_equal(left.program.words, shared.words)
    assert not np.array_equal(recalibrate(own, chip, chips=1).program.words, own.words)


def test_a_conversion_that_takes_several_quantisers_in_turn_stays_as_it_is(checkout: Path) -> None:
    """The second inference finds the quantiser that the first one set behind its conversion."""
    text = (checkout / "programs" / "vmm.s").read_text()
    turned = text.replace("        convert q0, 1\n", "        convert q0, 1\n        quant   q0, 1, 5, zero=8\n")
    assert turned != text
    program = assemble(turned, folder=checkout / "programs")
    found = recalibrate(program, chip_with(FALLEN, program.chip), chips=1)
    assert {row.left for row in found.report.scales} == {IN_TURN}
    assert np.array_equal(found.program.words, program.words)
    usual = assemble(text, folder=checkout / "programs")
    assert [row.left for row in recalibrate(usual, chip_with(FALLEN, usual.chip), chips=1).report.scales] == [""]


def test_two_quantisers_that_share_a_table_stay_as_they_are() -> None:
    one, other, apart = Setter(3, 0), Setter(7, 0), Setter(9, 1)
    assert _shared(one, [one, other, apart]) == _shared(other, [one, other, apart]) != ""
    assert _shared(apart, [one, other, apart]) == ""
    assert _shared(Setter(3, None), [Setter(3, None), one]) != ""


def test_a_convert_with_two_quantisers_gives_each_its_columns() -> None:
    """The gates of an LSTM: of each four words, one is for tanh."""
    chip = load_chip("acortex_inception", list(FALLEN))
    program = zoo.load("lstm", machine_of(chip))
    found = recalibrate(program, chip, chips=1)
    gains = [row.gain for row in found.report.scales]
    assert len(gains) >= 2
    assert gains == pytest.approx([FALLEN_TO] * len(gains), rel=1e-2)


def test_a_layer_is_measured_with_the_codes_of_the_ideal_chip() -> None:
    """The gain of the second layer is its own, although the first one shrinks its inputs."""
    found = recalibrate(digits(), chip_with(FALLEN), chips=1)
    assert found.report.scales[1].gain == pytest.approx(FALLEN_TO, rel=1e-3)


def test_measuring_is_counted_by_hand() -> None:
    """15 arrays and 74 neurons for each digit, on each chip."""
    chip = chip_with(FALLEN)
    cost = recalibrate(digits(), chip, chips=2, inputs=digits().samples["image"][:10]).report.cost
    assert (cost.array_operations, cost.conversions) == (2 * 10 * 15, 2 * 10 * 74)
    price = prices(chip).total
    array, output = price[INDEX["vmm.load"]] + price[INDEX["vmm.frame"]], price[INDEX["neurons.convert"]]
    assert cost.energy_j == pytest.approx((300 * array + 1480 * output) * 1e-18)
    alone = recalibrate(digits(), chip, chips=1, inputs=digits().samples["image"][:10]).report.cost
    assert cost.time_s == pytest.approx(alone.time_s)


def test_rounds_of_a_conversion_take_time_one_after_the_other() -> None:
    chip: Any = SimpleNamespace(chip=chip_with(FALLEN))
    nothing: Any = None
    measuring = Measuring(nothing, nothing, chip)
    measuring.__dict__["_times"] = {2: SimpleNamespace(arrays=3, load=5, frame=7, rounds=[(), (), ()])}
    measuring._count(2, 10, 64)
    measuring._count(2, 1, 6)
    ramp = delays(chip.chip).ramp_cycles
    assert measuring.effort == Effort(11 * 3, 10 * 64 + 6, 11 * (5 + 7 + 3 * ramp))


def test_the_same_seed_gives_the_same_program_and_another_one_other_chips() -> None:
    chip = chip_with(("errors.tuning_pct=20",))
    found = [recalibrate(digits(), chip, chips=1, seed=seed).report.scales[0].gain_least for seed in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_a_chip_without_errors_is_refused() -> None:
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram"])
    with pytest.raises(UsageError, match="acortex_digits states no errors, and the scales of the program are right"):
        recalibrate(digits(), chip)


@pytest.mark.parametrize("scales", [[0.039], [1.129, 0.5], [37.0], [70_000.0], [2.0**-40], [1e-3, 900.0]])
def test_scales_become_whole_numbers_as_exact_as_sixteen_bits_allow(scales: list[float]) -> None:
    multipliers, shift = whole_scales(np.array(scales))
    assert multipliers.min() >= 1 and multipliers.max() <= 1 << 16
    assert 0 <= shift <= 48
    if max(scales) < 1 << 16:
        assert multipliers.max() / 2.0**shift == pytest.approx(max(scales), rel=2**-8)


@pytest.mark.parametrize(
    ("scale", "multiplier", "shift"),
    [(1.0, 1 << 16, 16), (2.0**-31, 1 << 16, 47), (2.0**-32, 1 << 16, 48), (2.0**-60, 1, 48)],
)
def test_a_scale_is_shifted_as_far_as_a_quantiser_can(scale: float, multiplier: int, shift: int) -> None:
    multipliers, found = whole_scales(np.array([scale]))
    assert (multipliers.tolist(), found) == ([multiplier], shift)


def test_moments_of_groups_of_several_widths_add_up() -> None:
    moments = Moments()
    moments.add(np.array([[1.0, 2.0]]), np.array([[0.5, 1.0]]))
    moments.add(np.array([[2.0, 0.0, 4.0]]), np.array([[1.0, 9.0, 1.0]]))
    assert moments.gains().tolist() == [0.5, 0.5, 0.25]


def test_a_column_that_passes_nothing_on_keeps_its_scale() -> None:
    moments = Moments()
    moments.add(np.array([[1.0, 1.0, 0.0]]), np.array([[0.01, 0.5, 3.0]]))
    assert moments.gains().tolist() == [1.0, 0.5, 1.0]
