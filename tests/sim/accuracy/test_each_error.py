"""Every setting of errors acts, and is described: none is a knob that turns nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import MissingExtra, UsageError
from acortex.isa import assemble_file
from acortex.isa.program import Program
from acortex.programs import zoo
from acortex.sim.chip.errors import CONDITIONS, KINDS, Errors, acting, missing, not_modelled, stated, without
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.run import run

from .population import computed

WRITTEN = ["programming=write_verify", "tuning_pct=5"]
RESISTIVE = [*WRITTEN, "cell_model=resistive", "on_off=20", "cell_full_scale_us=140", "write_scheme=isolated"]
WIRES = ["wire_row_ohm=20", "wire_column_ohm=20", "cell_full_scale_us=50"]
CUBIC = ["nonlinearity_per_v2=3", "v_read=0.3"]

ACTS: dict[str, tuple[list[str], str, str]] = {
    "age_s": (["drift_exponent=0.03"], "0", "1e6"),
    "temperature_c": (["temperature_pct_per_c=0.1"], "25", "85"),
    "programming": (["tuning_pct=5"], "drawn", "write_verify"),
    "cell_model": ([*RESISTIVE[:2], *RESISTIVE[3:]], "flash", "resistive"),
    "tuning_pct": ([], "0", "20"),
    "tuning_of": (["tuning_pct=10"], "target", "full_scale"),
    "tuning_shape": (["tuning_pct=10"], "band", "normal"),
    "tuned_share": ([], "1", "0.2"),
    "on_off": (["tuning_pct=20"], "1e9", "3"),
    "statistics": ([], "null", "pcm"),
    "threshold_v": (RESISTIVE, "1.05", "1.9"),
    "threshold_spread_pct": (RESISTIVE, "0", "40"),
    "write_scheme": ([*RESISTIVE[:-1]], "isolated", "half"),
    "stuck_on_ppm": ([], "0", "20000"),
    "stuck_off_ppm": ([], "0", "200000"),
    "dead_arrays_ppm": ([], "0", "300000"),
    "drift_exponent": (["age_s=1e6"], "0", "0.05"),
    "drift_spread": (["age_s=1e6"], "0", "0.05"),
    "temperature_pct_per_c": (["temperature_c=85"], "0", "0.2"),
    "read_pct": ([], "0", "10"),
    "shot_pct": ([], "0", "10"),
    "thermal_pct": ([], "0", "20"),
    "flicker_pct": ([], "0", "10"),
    "input": (CUBIC, "amplitude", "time"),
    "wires": (WIRES, "closed", "exact"),
    "wire_row_ohm": (["cell_full_scale_us=50"], "0", "20"),
    "wire_column_ohm": (["cell_full_scale_us=50"], "0", "20"),
    "cell_full_scale_us": (WIRES[:2], "1", "50"),
    "v_read": (CUBIC[:1], "0.1", "0.5"),
    "nonlinearity_per_v2": (["v_read=0.3"], "0", "3"),
    "array_gain_pct": ([], "0", "20"),
    "sensing_offset_pct": ([], "0", "0.5"),
    "crosstalk_pct": ([], "0", "10"),
    "output_nonlinearity": ([], "0", "3"),
    "dac_gain_pct": ([], "0", "20"),
    "dac_inl_codes": ([], "0", "2"),
    "neuron_gain_pct": ([], "0", "20"),
    "neuron_offset_codes": ([], "0", "2"),
    "ramp_gain_pct": ([], "0", "20"),
    "ramp_inl_codes": ([], "0", "3"),
    "range_pct": ([], "100", "1"),
    "trim_codes": (["neuron_offset_codes=3"], "0", "0.5"),
    "trim_pct": (["neuron_gain_pct=20"], "0", "0.5"),
}
"""For each setting those that it needs beside it, and two values that must not compute the same."""


@pytest.fixture(scope="module")
def digits() -> Program:
    return zoo.load("digits_mlp")


@pytest.fixture(scope="module")
def vmm(checkout: Path) -> Program:
    """One array, of which each cell counts."""
    return assemble_file(checkout / "programs" / "vmm.s")


def scores(program: Program, settings: list[str]) -> np.ndarray:
    chip = load_chip("acortex_digits", [f"errors.{one}" for one in settings])
    inputs = {one.name: program.samples[one.name][:25] for one in program.inputs}
    found: np.ndarray = computed(program, chip, range(2), inputs=inputs)[program.outputs[0].name]
    return found


LARGE = ("dead_arrays_ppm", "tuned_share")
"""Settings that show on many arrays alone."""


@pytest.mark.parametrize("name", ACTS)
def test_each_setting_changes_what_is_computed(digits: Program, vmm: Program, name: str) -> None:
    beside, one, other = ACTS[name]
    program = digits if name in LARGE else vmm
    if name == "wires":
        pytest.importorskip("scipy")
    assert (scores(program, [*beside, f"{name}={one}"]) != scores(program, [*beside, f"{name}={other}"])).any()


def test_every_setting_is_in_the_table() -> None:
    assert {*ACTS, "model", "own"} == set(Errors.model_fields)  # of the last there is a file of tests


def test_the_model_says_whether_errors_act_in_a_run(digits: Program) -> None:
    inputs = digits.samples["image"][:25]
    found = []
    for model in ("ideal", "analog"):
        chip = load_chip("acortex_digits", ["errors.tuning_pct=50", f"errors.model={model}"])
        found.append(run(digits, chip, inputs=inputs, timing=False).outputs["scores"])
    assert (found[0] != found[1]).any()


def test_every_number_that_is_an_error_belongs_to_a_kind() -> None:
    """What is in no kind says how others act, what they are of, or takes them off again."""
    named = {name for names in KINDS.values() for name in names}
    beside = {
        "cell_model", "tuning_of", "tuning_shape", "threshold_v", "threshold_spread_pct", "write_scheme", "input",
        "wires", "cell_full_scale_us", "v_read", "trim_codes", "trim_pct",
    }  # fmt: skip
    assert named | beside | set(CONDITIONS) == set(Errors.model_fields)
    assert not named & beside


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_without_its_settings_is_off(digits: Program, kind: str) -> None:
    chip = load_chip("acortex_digits", ["errors.tuning_pct=9", "errors.read_pct=3", "errors.neuron_gain_pct=4"])
    left = without(chip.errors, [kind])
    assert kind not in acting(left)
    assert set(acting(left)) == set(acting(chip.errors)) - {kind}


def test_errors_are_stated_or_missing() -> None:
    errors = load_chip("acortex_digits", ["errors.tuning_pct=9.5", "errors.tuning_of=target"]).errors
    assert stated(errors)["errors.tuning_pct"] == 9.5
    assert stated(errors)["errors.tuning_of"] == "target"
    names = {path.removeprefix("errors.") for path in (*stated(errors), *missing(errors))}
    assert names | {*CONDITIONS, "own"} == set(Errors.model_fields)
    assert "errors.read_pct" in not_modelled(errors)
    assert not {"errors.trim_codes", "errors.wires", "errors.own", "errors.tuning_pct"} & set(not_modelled(errors))


def test_every_setting_has_a_unit_or_choices_and_a_meaning() -> None:
    for path, setting in SETTINGS.items():
        if path.startswith("errors.") and path != "errors.own":
            assert setting.description
            assert bool(setting.unit) != bool(setting.choices)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["statistics=sonos", "age_s=1e7"], "an age of 10000000.0 s is not within 0 to 432000 s"),
        (["statistics=pcm", "cell_full_scale_us=200"], "a full scale of 200.0 uS"),
        ([*WRITTEN, "cell_model=resistive"], "give cells that are off a floor"),
        (["wire_row_ohm=2"], "errors.cell_full_scale_us"),
        (["nonlinearity_per_v2=2"], "errors.v_read"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(digits: Program, settings: list[str], said: str) -> None:
    with pytest.raises(UsageError) as found:
        scores(digits, settings)
    assert said in str(found.value)
    assert "errors." in str(found.value)


def test_all_nodes_need_an_extra_that_is_named(digits: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("scipy", "scipy.sparse", "scipy.sparse.linalg"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingExtra) as found:
        scores(digits, [*WIRES, "wires=exact"])
    assert str(found.value) == (
        "errors.wires=exact solves all nodes of an array: it needs an optional package\n"
        '  hint: pip install "acortex[analog]"'
    )
