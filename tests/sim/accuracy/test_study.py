"""What a population is said to be: spreads, intervals, yields, margins, ablations, ages, and what is not there."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from systems import copying

import acortex
from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.accuracy.kept import kept
from acortex.sim.accuracy.place import converters_of, remapped
from acortex.sim.accuracy.spread import quantile_of, spread_of, yield_of
from acortex.sim.accuracy.study import accuracy
from acortex.sim.analog import programming
from acortex.sim.analog.pairs import split
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.configuration import configure

from .population import one_product

ERRORS = ["errors.tuning_pct=15", "errors.neuron_offset_codes=1"]


@pytest.fixture(scope="module")
def digits() -> Program:
    return zoo.load("digits_mlp")


# Statistics


def test_a_spread_is_of_whole_counts() -> None:
    found = spread_of(np.array([9, 10, 8, 9]), 10)
    assert (found.mean, found.min, found.max, found.median) == (pytest.approx(0.9), 0.8, 1.0, 0.9)
    assert found.sd == pytest.approx(np.std([0.9, 1, 0.8, 0.9], ddof=1))
    half = 3.182 * found.sd / 2
    assert found.ci95 == [pytest.approx(0.9 - half), 1.0]  # 0.9 + half is more than all
    assert spread_of(np.array([9] * 300), 10).sd == 0.0


@pytest.mark.parametrize(
    ("freedom", "quantile"),
    [(1, 12.706), (29, 2.045), (30, 2.042), (31, 2.039513), (99, 1.984217), (9999, 1.960201)],
)
def test_quantiles_are_those_of_student(freedom: int, quantile: float) -> None:
    assert quantile_of(freedom) == pytest.approx(quantile, abs=1e-5)


def test_nothing_is_known_of_other_chips_from_one() -> None:
    assert spread_of(np.array([9]), 10).ci95 == [0.0, 1.0]


def test_the_interval_of_a_mean_holds_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(2000):
        low, high = spread_of(rng.binomial(1000, 0.6, 8), 1000).ci95
        held += low <= 0.6 <= high
    assert 0.935 < held / 2000 < 0.965


def test_a_yield_has_the_interval_of_wilson() -> None:
    row = yield_of(np.array([95] * 8 + [80] * 2), 100, 0.9)
    assert row.share == 0.8
    assert row.ci95 == [pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4)]
    assert yield_of(np.array([90] * 5), 100, 0.9).share == 1.0
    none = yield_of(np.array([10] * 20), 100, 0.9)
    assert (none.share, none.ci95[0]) == (0.0, 0.0) and none.ci95[1] == pytest.approx(0.1611, abs=1e-4)


# The report


def test_a_population_says_what_it_is(digits: Program) -> None:
    chip = load_chip("acortex_digits", ERRORS)
    found = accuracy(digits, chip, chips=12, seed=3, at_least=(0.9, 0.9667))
    assert found["schema"] == "acortex.accuracy/1"
    assert (found.chips, found.inputs, found.seed, found.judged_by) == (12, 1500, 3, "labels")
    assert found.ideal == acortex.run("zoo:digits_mlp", timing=False).report.accuracy
    assert found.accuracy.mean == pytest.approx(np.mean(found.per_chip))
    assert found.accuracy.min == min(found.per_chip) <= found.accuracy.p5 <= found.accuracy.median
    assert [row.at_least for row in found.yield_] == [0.9, 0.9667]
    assert [row.share for row in found.yield_] == [
        np.mean([one >= at for one in found.per_chip]) for at in (0.9, 0.9667)
    ]
    assert found.errors["errors.tuning_pct"] == 15
    assert "errors.stuck_on_ppm" in found.not_modelled and "errors.tuning_pct" not in found.not_modelled
    assert found.cpu_s > 0 and found.ablation == found.conditions == [] and found.trims is None
    assert found.chip == "acortex_digits, errors.tuning_pct=15.0, errors.neuron_offset_codes=1.0"


def test_margins_and_changes_are_those_of_the_outputs(digits: Program) -> None:
    chip = load_chip("acortex_digits", ERRORS)
    inputs, labels = digits.samples["image"][:60], digits.labels[:60]
    found = accuracy(digits, chip, inputs=inputs, labels=labels, chips=1)
    outputs = acortex.run("zoo:digits_mlp", settings=ERRORS, inputs=inputs, noise_seed=0).outputs["scores"].astype(int)
    ideal = acortex.run("zoo:digits_mlp", inputs=inputs).outputs["scores"].astype(int)

    def margins(scores: np.ndarray) -> list[int]:
        return [row[y] - max(np.delete(row, y)) for row, y in zip(scores, labels, strict=True)]

    assert found.margin is not None
    assert found.margin.ideal_median == np.median(margins(ideal))
    assert found.margin.median == np.median(margins(outputs))
    assert found.margin.p5 == np.percentile(margins(outputs), 5)
    assert found.changed_codes == np.mean(outputs != ideal)


def test_without_labels_the_ideal_chip_is_right(digits: Program) -> None:
    inputs = digits.samples["image"][:300]
    found = accuracy(digits, load_chip("acortex_digits", ERRORS), inputs=inputs, chips=3)
    assert found.judged_by == "ideal" and found.ideal == 1.0
    assert found.accuracy.mean < 1


def test_an_ablation_leaves_kinds_out_and_runs_them_alone(digits: Program) -> None:
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", *ERRORS])
    inputs, labels = digits.samples["image"][:200], digits.labels[:200]
    found = accuracy(digits, chip, inputs=inputs, labels=labels, chips=4, ablate=True)
    rows = {row.error: row for row in found.ablation}
    assert list(rows) == ["writing", "neuron offset"]
    for error, setting in (("writing", ERRORS[0]), ("neuron offset", ERRORS[1])):
        alone = load_chip("acortex_digits", ["arrays.cell=digital_sram", setting])
        mean = accuracy(digits, alone, inputs=inputs, labels=labels, chips=4).accuracy.mean
        assert rows[error].alone == mean
        other = next(name for name in rows if name != error)
        assert rows[other].without == mean
        assert rows[error].settings == [setting.partition("=")[0]]


def test_the_same_chips_are_looked_at_later_and_warmer(digits: Program) -> None:
    settings = ["errors.drift_exponent=0.03", "errors.temperature_pct_per_c=0.3", *ERRORS]
    found = acortex.accuracy("zoo:digits_mlp", settings=settings, chips=3, ages_s=[0, 1e6], temperatures_c=[25, 85])
    assert [(row.age_s, row.temperature_c) for row in found.conditions] == [(0, 25), (1e6, 25), (0, 25), (0, 85)]
    assert [row.varied for row in found.conditions] == ["age_s"] * 2 + ["temperature_c"] * 2
    now, later, room, warm = (row.accuracy.mean for row in found.conditions)
    assert now == room == found.accuracy.mean
    assert later < now and warm != room
    at_once = acortex.accuracy("zoo:digits_mlp", settings=[*settings, "errors.age_s=1e6"], chips=3)
    assert at_once.accuracy.mean == later


def test_progress_ends_with_all_that_there_is(digits: Program) -> None:
    told: list[tuple[int, int]] = []
    inputs = digits.samples["image"][:5]
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", *ERRORS])
    accuracy(digits, chip, inputs=inputs, chips=4, ablate=True, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20, 20)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_chips_that_are_written_pulse_by_pulse_show_progress(digits: Program) -> None:
    told: list[int] = []
    settings = ["errors.programming=write_verify", "errors.tuning_pct=5"]
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", *settings])
    inputs = digits.samples["image"][:3]
    found = accuracy(digits, chip, inputs=inputs, chips=6, progress=lambda done, total: told.append(done))
    assert told == [4, 6]
    assert accuracy(digits, chip, inputs=inputs, chips=2).per_chip == found.per_chip[:2]


@pytest.mark.parametrize("chips", [0, -1, 100_001])
def test_a_population_has_at_least_one_chip_and_at_most_so_many(digits: Program, chips: int) -> None:
    with pytest.raises(UsageError, match=f"chips is {chips}, allowed is 1 to 100,000"):
        accuracy(digits, load_chip("acortex_digits"), chips=chips)


def test_a_program_with_one_number_has_no_margin() -> None:
    program = one_product("1", "1, 4, zero=8")
    found = accuracy(program, load_chip("acortex_digits", ERRORS), chips=2)
    assert found.margin is None and found.ideal == 1.0
    chip = load_chip("acortex_digits", ["errors.neuron_offset_codes=200"])
    away = accuracy(program, chip, chips=20)
    assert away.accuracy.mean == pytest.approx(1 - away.changed_codes) and away.changed_codes > 0.1


def test_a_single_number_that_is_labelled_is_what_its_label_says() -> None:
    """Its only index is 0: no error changes what it is taken for."""
    program = one_product("1", "1, 4, zero=8")
    chip = load_chip("acortex_digits", ["errors.neuron_offset_codes=200"])
    found = accuracy(program, chip, chips=5, labels=np.zeros(1, np.int64))
    assert (found.accuracy.mean, found.judged_by) == (1.0, "labels") and found.changed_codes > 0.1


@pytest.mark.parametrize(("label", "fits"), [(0, True), (9, True), (10, False), (-1, False)])
def test_labels_are_numbers_of_the_output(digits: Program, label: int, fits: bool) -> None:
    given, chip = digits.samples["image"][:2], load_chip("acortex_digits", ERRORS)
    labels = np.array([3, label])
    with (
        nullcontext() if fits else pytest.raises(UsageError, match=f"label 1 is {label}: output scores has 10 numbers")
    ):
        assert accuracy(digits, chip, inputs=given, labels=labels, chips=1).judged_by == "labels"


def test_the_first_output_is_judged_where_none_is_named() -> None:
    stage = copying("a", ("x",), ("m", "n"))
    given = {"x": np.eye(64, dtype=np.uint8)[:3]}
    chip = load_chip("acortex_digits", ERRORS)
    for answer, judged in ((None, "m"), ("m", "m"), ("n", "n")):
        assert accuracy(stage.program, chip, inputs=given, answer=answer, chips=1).output == judged


def test_no_yield_is_told_of_an_accuracy_of_nothing(digits: Program) -> None:
    """One of ten is right on the ideal chip: so many or more than 0.1 below it would be none."""
    given = digits.samples["image"][:10]
    said = acortex.run(digits, inputs=given, timing=False).outputs["scores"].argmax(axis=1)
    labels = (said + 1) % 10
    labels[3] = said[3]
    found = accuracy(digits, load_chip("acortex_digits", ERRORS), inputs=given, labels=labels, chips=1)
    assert found.ideal == 0.1
    assert [row.at_least for row in found.yield_] == pytest.approx([0.1, 0.095, 0.09, 0.08, 0.05])


# Trims, places, what is written


def test_trims_cost_what_their_measurements_do() -> None:
    chip = load_chip("acortex_digits", ["errors.trim_codes=0.5", "errors.neuron_offset_codes=1"])
    found = accuracy(zoo.load("digits_mlp"), chip, chips=1).trims
    assert found is not None
    assert found.array_operations == 2 * 16
    assert found.conversions == found.array_operations * 64
    outputs = found.conversions * 0.083e-12
    arrays = found.array_operations * (6.90 + 1.29 + 0.945) * 1e-12
    assert found.energy_j == pytest.approx(outputs + arrays, rel=1e-6)
    frame, ramp, loads = 18, 16, 2
    assert found.time_s == pytest.approx(16 * (frame + ramp + loads) * 1.785e-9)


def test_trims_win_accuracy_back(digits: Program) -> None:
    offsets = ["errors.neuron_offset_codes=3", "errors.neuron_gain_pct=20"]
    without, with_trims = (
        accuracy(digits, load_chip("acortex_digits", [*offsets, *more]), chips=6).accuracy.mean
        for more in ([], ["errors.trim_codes=0.25", "errors.trim_pct=1"])
    )
    assert without < 0.93 < 0.96 < with_trims


def test_the_weights_that_are_kept_are_the_largest_of_all_groups() -> None:
    rng = np.random.default_rng(0)
    groups = {0: rng.integers(-8, 8, (100, 30)).astype(np.int8), 3: rng.integers(-8, 8, (7, 5)).astype(np.int8)}
    whole = np.concatenate([one.ravel() for one in groups.values()])
    for share in (0, 0.01, 0.05, 0.3, 0.49, 1):
        mask = programming.largest(split(whole[None].astype(np.float32)), share).any(axis=0)
        found = kept(groups, share)
        assert np.array_equal(np.concatenate([one.ravel() for one in found.values()]), np.where(mask[0], whole, 0))
        assert {number: one.shape for number, one in found.items()} == {0: (100, 30), 3: (7, 5)}


def test_dead_arrays_go_to_spare_ones_as_far_as_there_are(digits: Program) -> None:
    chip = load_chip("acortex_digits", ["errors.dead_arrays_ppm=200000"])
    groups = list(configure(digits, chip).groups.values())
    used = {array for group in groups for row in group.tiles for array in row}
    for number in range(30):
        found = remapped(chip, 0, number, groups)
        assert set(found.instead) | found.lost == used
        assert len(set(found.instead.values())) == len(found.instead)
        moved = {to for at, to in found.instead.items() if to != at}
        assert not moved & used
    assert remapped(load_chip("acortex_digits"), 0, 1, groups).instead == {}


def test_lost_arrays_are_told(digits: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    chip = load_chip("acortex_digits", ["errors.dead_arrays_ppm=300000"])
    found = accuracy(digits, chip, inputs=digits.samples["image"][:50], chips=8)
    assert 1 < found.lost_arrays < 8
    monkeypatch.setattr("acortex.sim.accuracy.study.WEIGHT_BYTES", 0)  # one chip after the other
    apart = accuracy(digits, chip, inputs=digits.samples["image"][:50], chips=8)
    assert (apart.lost_arrays, apart.changed_codes) == pytest.approx((found.lost_arrays, found.changed_codes))
    assert found.accuracy.mean < 0.9


def test_tile_columns_of_one_home_take_sets_in_turn() -> None:
    chip = load_chip("acortex_digits_parallel")
    program = zoo.load("digits_mlp")
    configuration = configure(program, chip)
    for number, group in configuration.groups.items():
        found = list(converters_of(group, configuration.route(number)))
        assert [one.column for one in found] == list(group.homes)
        assert all(one.number < chip.neurons.adcs_per_column for one in found)
        turns = configuration.route(number).turns
        assert len({(one, turn) for one, turn in zip(found, turns, strict=True)}) == len(found)


def test_values_of_other_types_are_refused() -> None:
    wrong: Any = {"labels": np.array([0.5])}
    with pytest.raises(UsageError):
        acortex.accuracy("zoo:letters_mlp", chips=1, **wrong)
