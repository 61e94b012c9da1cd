"""Technologies of memory and cells: a name in a chip file, and the settings that come with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.sim.chip import technology_files
from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY, OF_SETTINGS, chip_names, has_source, technology
from acortex.sim.chip.errors import CONDITIONS, Errors, missing
from acortex.sim.chip.errors import stated as errors_of
from acortex.sim.chip.schema import json_schema
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.chip.technology_files import technologies

ALL = [(path, name) for path, kind in NAMES_TECHNOLOGY.items() for name in technologies(kind)]
CELLS = list(technologies("cell"))

Write = Callable[..., Path]


def stated(path: str, name: str) -> set[str]:
    """The settings that a technology states or inherits."""
    data = technology(NAMES_TECHNOLOGY[path], name).data
    tables = {key: table for key, table in data.items() if isinstance(table, dict) and key not in OF_SETTINGS}
    return {f"{section}.{leaf}" for section, table in tables.items() for leaf in table}


def with_cell(name: str, *settings: str) -> Chip:
    """The base chip with other cells."""
    return load_chip("acortex_gnmt", [f"arrays.cell={name}", *settings])


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a chip file."""

    def file(text: str, name: str = "mine.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return file


@pytest.mark.parametrize(("path", "name"), ALL)
def test_technologies_of_a_kind_set_the_same_settings_so_that_one_replaces_another(path: str, name: str) -> None:
    first = next(iter(technologies(NAMES_TECHNOLOGY[path])))
    own, other = ({one for one in stated(path, each) if not one.startswith("errors.")} for each in (name, first))
    assert own == other


@pytest.mark.parametrize(("path", "name"), ALL)
def test_each_number_of_a_technology_has_its_own_source(path: str, name: str) -> None:
    chip = load_chip("acortex_gnmt", [f"{path}={name}"])
    sources = technology(NAMES_TECHNOLOGY[path], name).data["sources"]
    for setting in stated(path, name):
        assert SETTINGS[setting]
        assert chip.sources[setting] == sources[setting]
        assert has_source(sources[setting])
    assert set(sources) == stated(path, name)


@pytest.mark.parametrize("chip", chip_names())
@pytest.mark.parametrize(("path", "name"), ALL)
def test_each_technology_lies_under_each_built_in_chip(chip: str, path: str, name: str) -> None:
    before, after = load_chip(chip), load_chip(chip, [f"{path}={name}"])
    data, own = technology(NAMES_TECHNOLOGY[path], name).data, stated(path, name)
    for setting in own:
        table, _, leaf = setting.partition(".")
        assert after.value(setting) == (float(value) if isinstance(value := data[table][leaf], Decimal) else value)
    kept = [one for one in SETTINGS if one not in own | {path} and not one.startswith("errors.")]
    assert [one for one in kept if before.value(one) != after.value(one)] == []


def test_a_chip_file_names_a_technology_over_what_it_inherits(write: Write) -> None:
    chip = load_chip(write('inherits = "acortex_gnmt"\n[memory]\ntype = "sram"\n'))
    assert (float(chip.memory.read_latency_ns), chip.memory.capacity_kb) == (10.71, 1024)
    assert chip.sources["area.main_memory_mm2_per_mb"] == "derived from Fig. 7c: 1.04 um2 a bit"


def test_what_stands_beside_the_name_wins(write: Write) -> None:
    chip = load_chip(write('inherits = "acortex_gnmt"\n[memory]\ntype = "sram"\nread_latency_ns = 5\n'))
    assert float(chip.memory.read_latency_ns) == 5
    assert chip.sources["memory.read_latency_ns"].endswith("mine.toml:4")


def test_an_override_of_a_technology_leaves_other_overrides_alone() -> None:
    for overrides in (["memory.type=sram", "memory.retention_s=5"], ["memory.retention_s=5", "memory.type=sram"]):
        chip = load_chip("acortex_digits", overrides)
        assert (chip.name, chip.memory.type, float(chip.memory.retention_s)) == ("acortex_digits", "sram", 5)


def test_the_published_technologies_change_nothing() -> None:
    names = ["memory.type=edram", "arrays.cell=floating_gate"]
    assert load_chip("acortex_gnmt", names).sha256 == load_chip("acortex_gnmt").sha256


def test_an_unknown_technology_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        load_chip("acortex_gnmt", ["memory.type=dram"])
    assert str(caught.value) == (
        '--set memory.type: memory.type is "dram" (there is none of that name): allowed is "edram" or "feram" or'
        ' "gain_cell" or "sram"\n  hint: the memory\'s technology; sets what is not stated beside it'
    )


def test_the_schema_lists_the_technologies() -> None:
    assert json_schema()["$defs"]["Memory"]["properties"]["type"]["enum"] == list(technologies("memory"))


# What each kind of cell is


def test_there_is_a_technology_of_each_kind_of_multiplier() -> None:
    encodings: dict[str, set[str | None]] = {}
    for name in CELLS:
        kind = technology("cell", name).data["kind"]
        encodings.setdefault(kind, set()).add(with_cell(name).errors.input)
    carried: dict[str | None, tuple[str, ...]] = {
        "amplitude": ("Ia 0T1R", "Ia 1T1R", "II", "IV"),
        "time": ("Ib 0T1R", "Ib 1T1R", "III"),
        None: ("digital",),
    }
    assert encodings == {kind: {encoding} for encoding, kinds in carried.items() for kind in kinds}


def test_an_input_in_time_takes_as_many_steps_as_there_are_codes() -> None:
    timed = [name for name in CELLS if with_cell(name).errors.input == "time"]
    assert len(timed) == 5
    for name in timed:
        chip = with_cell(name)
        steps = re.search(r"(\d+) steps of ([\d.]+) ns", chip.sources["arrays.frame_ns"])
        assert steps, name
        assert int(steps[1]) == 2**chip.neurons.bits
        assert int(steps[1]) * Decimal(steps[2]) == chip.arrays.frame_ns


def test_no_two_technologies_are_the_same_chip() -> None:
    chips = [with_cell(name) for name in CELLS]
    settings = [tuple(chip.value(path) for path in SETTINGS if path != "arrays.cell") for chip in chips]
    assert len(set(settings)) == len(CELLS)


@pytest.mark.parametrize(
    ("name", "path", "other"),
    [
        ("memristor_0t1r", "area.cells_um2", "memristor_1t1r"),  # denser
        ("memristor_1t1r", "energy.array_pj", "floating_gate"),  # less energy for a product
        ("memristor_1t1r", "area.program_erase_mm2_per_column", "floating_gate"),  # low-voltage writes
        ("memristor_1t1r", "energy.program_pulse_pj", "memristor_0t1r"),  # half-selected cells see a write
        ("memristor_1t1r", "errors.tuning_pct", "memristor_0t1r"),
        ("floating_gate", "errors.tuning_pct", "memristor_1t1r"),
        ("memristor_0t1r_amplitude", "arrays.frame_ns", "memristor_0t1r"),  # settles instead of counting
        ("memristor_0t1r", "energy.array_pj", "memristor_0t1r_amplitude"),  # all cells conduct all the time
        ("floating_gate", "area.cells_um2", "digital_sram"),
        ("floating_gate", "energy.array_pj", "digital_sram"),
        ("digital_sram", "arrays.frame_ns", "floating_gate"),
    ],
)
def test_a_technology_has_less_than_another_where_its_description_says_so(name: str, path: str, other: str) -> None:
    assert with_cell(name).value(path) < with_cell(other).value(path)


def test_passive_cells_see_half_of_a_write_and_amplitudes_bend() -> None:
    half = [name for name in CELLS if with_cell(name).errors.write_scheme == "half"]
    assert half == ["memristor_0t1r", "memristor_0t1r_amplitude"]
    bent = {name for name in CELLS if with_cell(name).errors.nonlinearity_per_v2 is not None}
    assert bent == {"memristor_0t1r_amplitude"}
    assert all(with_cell(name).errors.v_read for name in bent)


def test_cells_with_statistics_state_no_tuning_beside_them() -> None:
    found = {name: with_cell(name).errors for name in CELLS if with_cell(name).errors.statistics}
    assert {name: errors.statistics for name, errors in found.items()} == {
        "pcm": "pcm", "reram": "reram_wan", "sonos": "sonos",
    }  # fmt: skip
    assert all(errors.tuning_pct is None and errors.drift_exponent is None for errors in found.values())


def test_digital_units_have_no_error() -> None:
    errors = with_cell("digital_sram", "errors.model=analog").errors
    assert errors_of(errors) == {}
    assert {path.removeprefix("errors.") for path in missing(errors)} == set(Errors.model_fields) - {*CONDITIONS, "own"}


# What numbers follow from


@pytest.mark.parametrize(
    ("name", "ops_per_j"),
    [
        ("memristor_1t1r", 1.5e15),
        ("memristor_1t1r_amplitude", 100e12),
        ("floating_gate_time", 1 / 7e-15),
        ("switched_capacitor", 8.7e12),
    ],
)
def test_energies_are_what_is_published_for_an_operation(name: str, ops_per_j: float) -> None:
    energy, base = with_cell(name).energy, with_cell("floating_gate").energy
    parts = [float(one) for one in (energy.sensing_pj, energy.array_pj, energy.dacs_pj)]
    shares = [float(one) for one in (base.sensing_pj, base.array_pj, base.dacs_pj)]
    total = 2 * 64 * 64 / ops_per_j * 1e12
    assert sum(parts) == pytest.approx(total, rel=0.002)
    assert parts == pytest.approx([total * share / sum(shares) for share in shares], rel=0.005)


def test_passive_cells_heat_by_their_states_and_the_voltage_of_their_inputs() -> None:
    chip = with_cell("memristor_0t1r_amplitude")
    errors = {path.removeprefix("errors."): value for path, value in errors_of(chip.errors).items()}
    largest = errors["cell_full_scale_us"] * 1e-6
    least = largest / errors["on_off"]
    mean = least + (largest - least) / 4  # half of the range in the mean, on one cell of a pair
    square = sum(code**2 for code in range(16)) / 16 / 15**2 * errors["v_read"] ** 2
    heat_pj = 2 * 64 * 64 * mean * square * float(chip.arrays.frame_ns) * 1e3
    assert float(chip.energy.array_pj) == pytest.approx(heat_pj, rel=0.005)


def test_floating_gates_are_as_noisy_and_as_warm_as_published() -> None:
    errors = errors_of(with_cell("floating_gate").errors)
    assert errors["errors.shot_pct"] == pytest.approx(100 * (0.1 / 1000) ** 0.5)  # 0.1 over the largest current in nA
    assert errors["errors.temperature_pct_per_c"] * (85 - 25) == pytest.approx(3)


def test_memristors_keep_their_states_as_long_as_published() -> None:
    exponent = with_cell("memristor_0t1r").errors.drift_exponent
    assert exponent is not None
    lost = 1 - (1 + 10 * 365.25 * 86400) ** -float(exponent)
    assert 0.009 < lost < 0.01


def test_digital_units_share_out_the_printed_chip() -> None:
    chip = load_chip("acortex_gnmt_digital")
    units = chip.array_count
    assert float(chip.area.cells_um2) * units / 1e6 == pytest.approx(0.92 * 607, rel=1e-4)
    assert float(chip.area.sensing_um2) * units / 1e6 == pytest.approx(0.06 * 607, rel=1e-3)
    assert float(chip.arrays.frame_ns) == pytest.approx(0.35e6 / 327_680, abs=0.005)
    assert chip.clock_ns == chip.arrays.frame_ns


# Errors go with their technology


def test_other_cells_leave_no_error_of_those_before_whether_named_in_a_file_or_by_an_override(write: Write) -> None:
    path = write('inherits = "acortex_gnmt"\n[arrays]\ncell = "memristor_0t1r"\n[errors]\nread_pct = 2\n', "base.toml")
    base = load_chip(path)
    assert base.errors.read_pct == 2
    for name in CELLS:
        child = load_chip(write(f'inherits = "base.toml"\n[arrays]\ncell = "{name}"\n'))
        assert child.errors == load_chip(path, [f"arrays.cell={name}"]).errors == with_cell(name).errors
        unstated = missing(child.errors)
        assert [child.sources[one] for one in unstated if one in child.sources] == []


def test_conditions_of_a_user_stay_whatever_the_cells(write: Write) -> None:
    path = write('inherits = "acortex_gnmt"\n[errors]\nmodel = "analog"\nage_s = 60\ntemperature_c = 85\n')
    errors = load_chip(path, ["arrays.cell=pcm"]).errors
    assert (errors.model, errors.age_s, errors.temperature_c) == ("analog", 60, 85)


def test_a_technology_that_states_errors_has_none_of_its_base_and_one_that_states_none_has_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cell").mkdir()
    texts = {
        "base": "[energy]\narray_pj = 1\n[errors]\ntuning_pct = 1\nread_pct = 2\n"
        '[sources]\n"energy.array_pj" = "x"\n"errors.tuning_pct" = "y"\n"errors.read_pct" = "z"\n',
        "own": 'inherits = "base"\n[errors]\ntuning_pct = 3\n[sources]\n"errors.tuning_pct" = "w"\n',
        "same": 'inherits = "base"\n',
        "none": 'inherits = "base"\n[errors]\n',
        "late": 'inherits = "own"\n',
        "bare": 'inherits = "base"\n[energy]\narray_pj = 5\n',
        "of_bare": 'inherits = "bare"\n',
    }
    for name, text in texts.items():
        (tmp_path / "cell" / f"{name}.toml").write_text(text)
    monkeypatch.setattr(technology_files, "TECHNOLOGIES", tmp_path)
    found = {name: technology("cell", name).data for name in texts}
    assert found["own"]["errors"] == {"tuning_pct": 3} == found["late"]["errors"]
    assert found["same"]["errors"] == {"tuning_pct": 1, "read_pct": 2}
    assert found["none"]["errors"] == {}
    assert found["own"]["sources"] == {"energy.array_pj": "as base: x", "errors.tuning_pct": "w"}
    assert found["late"]["sources"] == {"energy.array_pj": "as base: x", "errors.tuning_pct": "as own: w"}
    assert found["none"]["sources"] == {"energy.array_pj": "as base: x"}
    assert not has_source(found["of_bare"]["sources"]["energy.array_pj"])


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (
            {"base": "", "mine": '# one\ninherits = "bases"\n'},
            "mine.toml:2: inherits names no technology of its kind: bases\n  hint: did you mean `base`?",
        ),
        (
            {"mine": "inherits = []\n"},
            "mine.toml:1: inherits names no technology of its kind: []\n  hint: there are mine",
        ),
        (
            {"a": 'inherits = "mine"\n', "mine": 'inherits = "a"\n'},
            "a.toml:1: technologies inherit from each other in a circle: mine -> a -> mine",
        ),
        (
            {"mine": 'inherits = "mine"\n'},
            "mine.toml:1: technologies inherit from each other in a circle: mine -> mine",
        ),
    ],
)
def test_a_technology_that_inherits_from_none_or_in_a_circle_is_refused(
    texts: dict[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cell").mkdir()
    for name, text in texts.items():
        (tmp_path / "cell" / f"{name}.toml").write_text(text)
    monkeypatch.setattr(technology_files, "TECHNOLOGIES", tmp_path)
    with pytest.raises(UsageError) as caught:
        technology("cell", "mine")
    assert str(caught.value).replace(f"{tmp_path}/cell/", "") == message
