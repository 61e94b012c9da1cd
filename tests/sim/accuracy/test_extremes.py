"""Settings at the ends of their ranges, and questions that have no answer: refused before any work, or computed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import acortex
from acortex.errors import UsageError
from acortex.isa import assemble
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.accuracy import own
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.accuracy.spread import Tally
from acortex.sim.accuracy.study import Conditions, _Study, accuracy
from acortex.sim.accuracy.written import rehearse
from acortex.sim.analog.pairs import from_crossbar, join, split, to_crossbar
from acortex.sim.analog.streams import normals, stream
from acortex.sim.analog.wires import effective
from acortex.sim.chip.errors import acting, amount
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.configuration import configure

from .population import one_product


@pytest.fixture(scope="module")
def digits() -> Program:
    return zoo.load("digits_mlp")


VERIFIED = "errors.programming=write_verify"
RESISTIVE = [VERIFIED, "errors.cell_model=resistive", "errors.on_off=20", "errors.cell_full_scale_us=140"]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["errors.stuck_on_ppm=700000", "errors.stuck_off_ppm=300001"], "together they are at most 1,000,000"),
        ([VERIFIED, "errors.tuning_pct=100"], "errors.tuning_pct is 100; as the tolerance of errors.programming="),
        ([*RESISTIVE, "errors.write_scheme=half"], "errors.tuning_pct is 0; as the tolerance of errors.programming="),
        (["errors.own=nobody"], "errors.own: no error model is called 'nobody'"),
        (["errors.statistics=reram_milo", "errors.cell_full_scale_us=225"], "errors.statistics: cells reach from 0"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(settings: list[str], said: str) -> None:
    bare = ["arrays.cell=digital_sram", *settings]
    with pytest.raises(UsageError) as found:
        rehearse(load_chip("acortex_digits", bare))
    assert said in str(found.value)


def test_ages_are_refused_before_any_work(digits: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Study, "outcome", lambda *given: pytest.fail("it began to work"))
    chip = load_chip("acortex_digits", ["errors.statistics=sonos"])
    with pytest.raises(UsageError, match="not within 0 to 432000 s"):
        accuracy(digits, chip, conditions=Conditions(ages_s=[1.0, 1e8]))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("errors.on_off=1", "errors.on_off is 1: allowed is a number from 1.001 to"),
        ("errors.on_off=1.0000001", "errors.on_off is 1.0000001: allowed is a number from 1.001 to"),
        ("errors.crosstalk_pct=100", "errors.crosstalk_pct is 100: allowed is a number from 0 to 99 %"),
    ],
)
def test_a_setting_that_has_no_meaning_is_out_of_range(setting: str, said: str) -> None:
    with pytest.raises(UsageError) as found:
        load_chip("acortex_digits", [setting])
    assert said in str(found.value)


EXTREMES = [
    ["errors.on_off=1.001", "errors.shot_pct=1", "errors.flicker_pct=1"],
    ["errors.array_gain_pct=100", "errors.dac_gain_pct=100"],
    ["errors.temperature_pct_per_c=100", "errors.temperature_c=-55"],
    ["errors.tuning_pct=100", "errors.tuning_of=full_scale", "errors.tuning_shape=normal", "errors.flicker_pct=100"],
    ["errors.crosstalk_pct=99"],
]


@pytest.mark.parametrize("settings", EXTREMES, ids=lambda settings: settings[0])
def test_matrices_hold_what_the_largest_errors_make_of_weights(digits: Program, settings: list[str]) -> None:
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", *settings])
    analog = AnalogChips(configure(digits, chip), chip, 0, range(4), top_code(digits, chip))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = accuracy(digits, chip, inputs=digits.samples["image"][:20], chips=4)
    assert 0 <= found.accuracy.mean <= 1
    for group in analog.configuration.groups:
        made = analog.matrices(group)
        for whole in (made.currents, made.powers):
            assert whole is None or int(whole.min()) >= 0  # a current that wraps around is below 0


def test_a_gain_beyond_sixteen_bits_is_kept(digits: Program) -> None:
    chip = load_chip("acortex_digits", ["errors.temperature_pct_per_c=100", "errors.temperature_c=150"])
    bare = chip.model_copy(update={"errors": chip.errors.model_copy(update={"tuning_pct": None, "on_off": None})})
    analog = AnalogChips(configure(digits, bare), bare, 0, range(1), top_code(digits, bare))
    group = min(analog.configuration.groups)
    place = analog.configuration.groups[group].tiles[0][0]
    gain = 1 + np.float32(125) * normals(stream(0, 0, "array", place, "temperature"), 64)
    levels = analog.configuration.weights[group].values[:64, :64].astype(np.float32)
    wanted = np.rint(levels * gain[: levels.shape[1]] * 256)
    assert np.abs(wanted).max() > 2**15
    assert np.array_equal(analog.matrices(group).weights[0, : len(levels), : levels.shape[1]], wanted)


def test_a_cell_at_full_scale_conducts_what_is_stated_whatever_one_that_is_off_does(digits: Program) -> None:
    """At an on/off ratio of 3 a cell that is off has 4 levels, and one at full scale 12: those are the 100 uS."""
    stated = ["on_off=3", "cell_full_scale_us=100", "wire_row_ohm=20", "wire_column_ohm=20"]
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", *(f"errors.{one}" for one in stated)])
    analog = AnalogChips(configure(digits, chip), chip, 0, range(1), top_code(digits, chip))
    group = min(analog.configuration.groups)
    levels = analog.configuration.weights[group].values[:64, :64].astype(np.float64)
    siemens = to_crossbar((split(levels) + 4) / 12 * 100e-6)
    wanted = join(from_crossbar(effective(siemens, 20, 20))) * 12 / 100e-6
    found = analog.matrices(group).weights[0, :64, :64] / 256
    assert np.abs(levels - wanted).max() > 1
    assert np.abs(found - wanted).max() < 1 / 256


def test_a_gain_that_rises_with_heat_falls_with_cold(digits: Program) -> None:
    made = []
    for celsius in (-35, 25, 85):
        settings = ["arrays.cell=digital_sram", "errors.temperature_pct_per_c=1", f"errors.temperature_c={celsius}"]
        chip = load_chip("acortex_digits", settings)
        analog = AnalogChips(configure(digits, chip), chip, 0, range(3), top_code(digits, chip))
        made.append(analog.matrices(min(analog.configuration.groups)).weights.astype(int))
    cold, room, hot = made
    assert np.abs(hot - room).max() > 100
    assert np.abs(cold + hot - 2 * room).max() <= 1  # each is rounded to the grid


def test_a_share_of_no_cells_is_a_kind_of_error(digits: Program) -> None:
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", "errors.tuned_share=0"])
    assert acting(chip.errors) == ["cells left off"]
    found = accuracy(digits, chip, inputs=digits.samples["image"][:50], chips=1, ablate=True)
    (row,) = found.ablation
    assert row.settings == ["errors.tuned_share"] and row.without == found.ideal > row.alone


def test_sensing_belongs_to_the_array_that_stands_in(digits: Program) -> None:
    chip = load_chip("acortex_digits", ["errors.dead_arrays_ppm=300000", "errors.sensing_offset_pct=1"])
    analog = AnalogChips(configure(digits, chip), chip, 0, range(8), top_code(digits, chip))
    moved = 0
    for number, group in analog.configuration.groups.items():
        found = analog.periphery(number).sensing
        for index, places in enumerate(analog.places):
            total = np.zeros(group.tile_columns * 64)
            for row in group.tiles:
                for tile, array in enumerate(row):
                    at = places.instead.get(array, array)
                    moved += at != array
                    total[tile * 64 : tile * 64 + 64] += normals(stream(0, index, "array", at, "offset"), 64)
            unit = amount(chip.errors.sensing_offset_pct) / 100 * 64 * 8 * 15
            assert np.allclose(found[index], total[: group.columns] * unit)
    assert moved


# What is asked


def test_yields_count_chips_that_are_just_as_good(digits: Program) -> None:
    """187 right of 200, less 10 points, is 167: a float that is a hair above 0.835 would count no such chip."""
    chip = load_chip("acortex_digits")
    inputs = digits.samples["image"][:200]
    answers = accuracy(digits, chip, inputs=inputs, chips=1)
    assert answers.ideal == 1.0
    ideal = acortex.run("zoo:digits_mlp", inputs=inputs, timing=False).outputs["scores"].reshape(200, -1).argmax(1)
    labels = np.where(np.arange(200) < 187, ideal, (ideal + 1) % 10)
    found = accuracy(digits, chip, inputs=inputs, labels=labels, chips=1)
    assert found.ideal == 187 / 200
    assert [row.at_least for row in found.yield_] == [x / 1000 for x in (935, 930, 925, 915, 885, 835)]


@pytest.mark.parametrize(("label", "said"), [(99, "label 4 is 99: output scores has 10 numbers, 0 to 9"), (-1, "-1")])
def test_labels_that_no_output_has_are_refused(digits: Program, label: int, said: str) -> None:
    labels = np.array([0, 1, 2, 3, label])
    with pytest.raises(UsageError) as found:
        accuracy(digits, load_chip("acortex_digits"), inputs=digits.samples["image"][:5], labels=labels, chips=1)
    assert said in str(found.value)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"chips": "5"}, "chips is '5': allowed is a whole number from 1 to 100000"),
    ({"chips": 2.5}, "chips is 2.5"),
    ({"chips": None}, "chips is None"),
    ({"chips": True}, "chips is True"),
    ({"seed": -1}, "seed is -1: allowed is a whole number from 0 to"),
    ({"seed": 1.5}, "seed is 1.5"),
    ({"ages_s": 10}, "ages_s is 10: it is a list of numbers"),
    ({"ages_s": "10"}, "ages_s is '10': it is a list of numbers"),
    ({"ages_s": [1, -5.0]}, "ages_s holds -5.0: allowed are numbers from 0 to 1e+09"),
    ({"ages_s": [float("nan")]}, "ages_s holds nan"),
    ({"temperatures_c": [1000]}, "temperatures_c holds 1000: allowed are numbers from -55 to 150"),
    ({"at_least": [2]}, "at_least holds 2: allowed are numbers from 0 to 1"),
    ({"at_least": ["0.9"]}, "at_least holds '0.9'"),
    ({"settings": 5}, "settings are a list of texts"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=str)
def test_arguments_of_another_type_are_one_error(given: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as found:
        acortex.accuracy("zoo:digits_mlp", **given)
    assert str(found.value).startswith(said)


def test_numbers_of_numpy_are_numbers(digits: Program) -> None:
    inputs, ages = digits.samples["image"][:5], np.array([1.0, 2.0])
    found = acortex.accuracy(digits, inputs=inputs, chips=np.int64(2), seed=np.uint8(7), ages_s=ages)  # type: ignore
    assert (found.chips, found.seed, len(found.conditions)) == (2, 7, 2)


@pytest.mark.parametrize("given", [{"chips": 0}, {"chips": "3"}, {"seed": -1}], ids=str)
def test_scales_are_chosen_for_a_number_of_chips(given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="allowed is a whole number from"):
        acortex.recalibrate("zoo:digits_mlp", settings=["errors.array_gain_pct=5"], **given)


@pytest.mark.parametrize("limits", ["low=3, high=3, zero=3", "zero=0, high=0"])
def test_a_quantiser_with_one_code_gives_it_whatever_the_errors(limits: str) -> None:
    program = of_its_own(3, f"1, 10, {limits}, activation=relu", "1, 1, tail=32, fill=0")
    chip = load_chip("acortex_digits", ["errors.ramp_inl_codes=2", "errors.neuron_offset_codes=9"])
    assert accuracy(program, chip, inputs=np.zeros((1, 64), np.uint8), chips=2).changed_codes == 0


TWO = """.program two
.chip acortex_digits
.input x, shape=64
.output first, shape=1
.output second, shape=4
.weights w, 64x4
{rows}
group g0, 64, 4
rect g0, 0, 0
program g0, w
quant q0, 1, 8, zero=8
start
connect g0
base d0, 0
base d1, 1
signal host_out, t2
loop l0, host
turn: inference l0
await host_in, t2
input x, d0
signal host_in, t0
await read, t0
read d0
feed 1, 1
multiply g0, 1
convert q0, 1
write d1
signal write, t1
await host_out, t1
output first, d1
output second, d1
signal host_out, t2
endinference
next l0, turn
halt
"""


def test_the_output_that_is_named_is_judged() -> None:
    rng = np.random.default_rng(1)
    rows = "\n".join(".row " + ", ".join(map(str, rng.integers(-8, 8, 4))) for _ in range(64))
    program = assemble(TWO.format(rows=rows))
    settings = ["arrays.cell=digital_sram", "errors.tuning_pct=60"]
    chip, inputs = load_chip("acortex_digits", settings), rng.integers(0, 16, (40, 64))
    found = {name: accuracy(program, chip, inputs=inputs, answer=name, chips=5) for name in (None, "first", "second")}
    assert [one.output for one in found.values()] == ["first", "first", "second"]
    assert found[None].margin is None and found["second"].margin is not None
    told = acortex.run(program, chip, inputs=inputs, noise_seed=0, timing=False).outputs["second"]
    right = acortex.run(program, chip, inputs=inputs, timing=False).outputs["second"]
    assert found["second"].per_chip[0] == np.mean(told.argmax(axis=1) == right.argmax(axis=1)) < 1
    with pytest.raises(UsageError) as refused:
        accuracy(program, chip, inputs=inputs, answer="third", chips=1)
    assert str(refused.value) == "two has no output 'third'\n  hint: its outputs are first, second"


# A user's own model


def raising(cells: Any, drawn: Any) -> Any:
    raise ZeroDivisionError("nothing to divide by")


MODELS: list[tuple[dict[str, Any], str]] = [
    ({"cells": raising}, "raised ZeroDivisionError: nothing to divide by (test_extremes.py:"),
    ({"sums": lambda sums: sums}, "raised TypeError: <lambda>() takes 1 positional argument but 2 were given"),
    ({"cells": lambda cells, drawn: cells * np.nan}, "gave what is no finite number in float32"),
    ({"cells": lambda cells, drawn: cells + 2e6}, "gave a current of 2e+06 levels, at most 1e+06 are taken"),
    ({"cells": lambda cells, drawn: cells + 1j}, "gave complex64, and numbers are needed"),
    ({"sums": lambda sums, noise: sums / 0.0 * 0}, "gave what is no finite number in float32"),
    ({"sums": lambda sums, noise: sums > 0}, "gave bool, and numbers are needed"),
    ({"sums": lambda sums, noise: sums * 1e300}, "gave what is no finite number in float32"),
]


@pytest.mark.parametrize(("functions", "said"), MODELS, ids=lambda one: one if isinstance(one, str) else "")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_model_that_gives_no_numbers_is_one_error(functions: dict[str, Any], said: str) -> None:
    acortex.ErrorModel("wrong", **functions).register()
    with pytest.raises(UsageError) as found:
        acortex.accuracy("zoo:letters_mlp", settings=["errors.own=wrong"], chips=1)
    (what,) = functions
    assert str(found.value).startswith(f"errors.own: {what} of error model 'wrong' {said}")


def test_a_model_has_a_name_and_functions() -> None:
    wrong: list[Any] = ["", None, 3, "a" * 65]
    for name in wrong:
        with pytest.raises(UsageError, match="a text of 1 to 64 characters"):
            acortex.ErrorModel(name)
    text: Any = "abc"
    with pytest.raises(UsageError, match="sums of error model 'm' is of type str"):
        acortex.ErrorModel("m", sums=text)


class Point:
    """An entry point of an installed package."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def load(self) -> Any:
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (3, "is a int"),
        (own.ErrorModel("other"), "is the model 'other'"),
        (ImportError("no module named x"), "cannot be loaded: ImportError: no module named x"),
    ],
)
def test_an_entry_point_that_brings_no_model_is_one_error(
    value: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **wanted: [Point(value)])
    with pytest.raises(UsageError) as found:
        own.own_model("absent")
    assert said in str(found.value)


def of_its_own(code: int, quantiser: str, feed: str) -> Program:
    """A program that multiplies half a word of a code of its own and a fill code, and not its input of 2 bits."""
    held = ".memory 20, 1\n.row " + ", ".join([str(code)] * 64)
    return one_product("1, 2, -3, 4", quantiser, given="shape=64, bits=2", held=held, read=20, feed=feed)


@pytest.mark.parametrize(("code", "fill", "top"), [(15, 0, 15), (3, 0, 3), (3, 9, 15), (5, 7, 7)])
def test_codes_that_a_program_brings_may_be_larger_than_those_of_neurons(code: int, fill: int, top: int) -> None:
    program = of_its_own(code, "1, 10, zero=1, high=3", f"1, 1, tail=32, fill={fill}")
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", "neurons.bits=2", "errors.dac_inl_codes=1"])
    assert top_code(program, chip) == top
    found = accuracy(program, chip, inputs=np.zeros((1, 64), np.uint8), chips=1)
    assert found.inputs == 1


# What is said of many chips


def test_a_tally_has_the_percentiles_of_all_numbers() -> None:
    rng = np.random.default_rng(3)
    for size in (1, 2, 7, 1000):
        numbers = rng.integers(-15, 16, size).astype(np.float64) * 0.3
        found = Tally()
        for part in np.array_split(numbers, min(size, 150)):
            found.add(part)
        for pct in (0, 5, 50, 95, 100):
            assert found.percentile(pct) == pytest.approx(np.percentile(numbers, pct), abs=1e-12)


@pytest.mark.parametrize(
    "settings",
    [
        ["errors.statistics=reram_milo", "errors.cell_full_scale_us=225", "errors.on_off=4"],
        [*RESISTIVE, "errors.tuning_pct=5"],
    ],
    ids=["statistics", "pulses"],
)
def test_an_ablation_keeps_together_what_cannot_be_written_apart(digits: Program, settings: list[str]) -> None:
    chip = load_chip("acortex_digits", ["arrays.cell=digital_sram", "errors.read_pct=3", *settings])
    found = accuracy(digits, chip, inputs=digits.samples["image"][:20], chips=1, ablate=True)
    writing, noise = found.ablation
    assert writing.error == "writing, on/off ratio" and noise.error == "read noise of cells"
    assert "errors.on_off" in writing.settings
    assert writing.without == noise.alone and noise.without == writing.alone


def test_a_run_is_refused_before_its_program_is_walked(digits: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.sim.functional.lanes.follow", lambda *given, **named: pytest.fail("it walked"))
    chip = load_chip("acortex_digits", ["errors.statistics=sonos", "errors.age_s=100000000"])
    with pytest.raises(UsageError, match="not within 0 to 432000 s"):
        acortex.run(digits, chip, noise_seed=0, timing=False)
