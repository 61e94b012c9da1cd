"""`acortex chip technologies`, and what `chip show` and `chip diff` say of errors that are not stated."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY
from acortex.sim.chip.errors import missing
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.chip.technology_files import technologies
from acortex.tools.cli import cli

CELLS = list(technologies("cell"))


def acortex(*arguments: str, width: int = 100) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, arguments, env={"COLUMNS": str(width)}, prog_name="acortex")


def document(*arguments: str) -> Any:
    """The JSON that a command prints."""
    return json.loads(acortex(*arguments, "--format", "json").stdout)


def test_cells_stand_side_by_side_a_row_each_whole() -> None:
    lines = acortex("chip", "technologies").stdout.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith("technology "))
    rows = [re.split(r" {2,}", line) for line in lines[head : head + 1 + len(CELLS)]]
    assert rows[0] == ["technology", "kind", "inputs", "ns", "pJ", "um2", "writing", "tuning", "errors"]
    assert [row[0] for row in rows[1:]] == CELLS
    assert {len(row) for row in rows} == {9}
    by_name = {row[0]: row[1:] for row in rows}
    assert by_name["floating_gate"] == ["II", "amplitude", "32", "9.135", "7707", "8 x 4, 1.1 us", "1 %", "10/41"]
    assert by_name["digital_sram"][-2:] == ["-", "0/41"]
    assert by_name["pcm"][-2] == "pcm"
    assert "…" not in "".join(lines)


def test_the_page_shows_the_table_that_the_command_prints() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "technologies.md").read_text()
    (shown,) = re.findall(r"^```\n(technology .*?)^```", page, re.MULTILINE | re.DOTALL)
    assert acortex("chip", "technologies").stdout.endswith(f"\n{shown}")
    assert [name for name in CELLS if f"`{name}`" not in page] == []


def test_every_technology_is_listed_with_its_description() -> None:
    rows = document("chip", "technologies")["technologies"]
    assert [(row["setting"], row["name"]) for row in rows] == [
        (path, name) for path, kind in NAMES_TECHNOLOGY.items() for name in technologies(kind)
    ]
    text = " ".join(acortex("chip", "technologies").stdout.split())
    assert [row["name"] for row in rows if f"{row['setting']} {row['name']} {row['description']}" not in text] == []


@pytest.mark.parametrize("name", CELLS)
def test_a_row_says_what_the_chip_has_of_the_technology(name: str) -> None:
    chip = load_chip("acortex_gnmt", [f"arrays.cell={name}"])
    (row,) = document("chip", "technologies", name)["technologies"]
    for one in row["states"]:
        assert (one["value"], one["unit"]) == (chip.value(one["path"]), SETTINGS[one["path"]].unit)
        assert one["source"] == chip.sources[one["path"]]
    values = {one["path"]: one["value"] for one in row["states"]}
    parts = ("energy.sensing_pj", "energy.array_pj", "energy.dacs_pj")
    assert row["cells"]["energy_pj"] == pytest.approx(sum(values[part] for part in parts))
    areas = ("area.cells_um2", "area.sensing_um2", "area.dacs_um2", "area.others_per_array_um2")
    assert row["cells"]["area_um2"] == pytest.approx(sum(values[part] for part in areas))
    assert row["cells"]["encoding"] == values.get("errors.input")
    assert row["not_stated"] == missing(chip.errors)
    assert len(row["not_stated"]) + sum(path.startswith("errors.") for path in values) == 41


def test_a_memory_has_no_arrays_and_no_errors() -> None:
    (row,) = document("chip", "technologies", "feram")["technologies"]
    assert (row["cells"], row["not_stated"]) == (None, [])
    assert "not stated" not in acortex("chip", "technologies", "feram").stdout


def test_a_technology_by_name_shows_each_value_with_its_source() -> None:
    text = acortex("chip", "technologies", "pcm", "sram", width=110).stdout
    assert "\npcm\nphase-change cells in the circuits of memristor_1t1r" in text
    said = " ".join(text.split())
    assert "program_erase.verify_ns 512 ns an account of the 64-core chip's paper: 512 ns" in said
    assert "energy.sensing_pj 4.12 pJ as memristor_1t1r: arXiv 1905.09454: 1.5 POp/J" in said
    assert "36 errors not stated, and so not modelled: cell_model, tuning_pct," in said
    assert text.startswith("sram\nstatic RAM")


def test_an_unknown_name_is_one_error() -> None:
    result = acortex("chip", "technologies", "sonos", "memristor")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == ('error: no technology is called "memristor"\n  hint: did you mean `memristor_1t1r`?\n')


# Errors that are not stated


@pytest.mark.parametrize("name", ["floating_gate", "digital_sram"])
def test_a_chip_shows_errors_that_are_stated_and_names_the_others_in_one_line(name: str) -> None:
    chip = load_chip("acortex_digits", [f"arrays.cell={name}"])
    text = acortex("chip", "show", "acortex_digits", "--set", f"arrays.cell={name}").stdout
    settings, line, _ = text.rsplit("\n\n", 2)
    shown = re.findall(r"^errors\.\w+", settings, re.MULTILINE)
    assert shown == [path for path in SETTINGS if path.startswith("errors.") and chip.value(path) is not None]
    names = [path.removeprefix("errors.") for path in missing(chip.errors)]
    assert " ".join(line.split()) == f"{len(names)} errors not stated, and so not modelled: {', '.join(names)}"
    assert "None" not in text


def test_a_chip_that_states_every_error_has_no_such_line() -> None:
    texts = {"errors.statistics": "sonos", "errors.wires": "exact", "errors.write_scheme": "half"}
    values = {path: texts.get(path, "1") for path in missing(load_chip("acortex_digits").errors)}
    settings = [text for path, value in values.items() for text in ("--set", f"{path}={value}")]
    assert "not stated" not in acortex("chip", "show", "acortex_digits", *settings).stdout


def test_null_is_null_in_json_and_has_no_need_of_a_source() -> None:
    shown = document("chip", "show", "acortex_digits", "--set", "errors.tuning_pct=null")
    assert shown["config"]["errors"]["read_pct"] is None
    assert shown["config"]["errors"]["tuning_pct"] is None
    assert {"errors.read_pct", "errors.tuning_pct"} <= set(shown["not_stated"])
    assert shown["unsourced"] == []
    label = acortex("chip", "show", "acortex_digits", "--set", "errors.tuning_pct=null").stdout.splitlines()[0]
    assert label == "acortex_digits, errors.tuning_pct=null"


def test_chips_that_differ_in_what_they_state_are_compared() -> None:
    arguments = ("chip", "diff", "acortex_digits", "acortex_digits", "--set", "errors.read_pct=1.5")
    assert re.search(r"errors\.read_pct +not stated +1\.5 +%", acortex(*arguments).stdout)
    (row,) = document(*arguments)["settings"]
    assert row["values"] == [None, 1.5]


def test_components_are_named_as_a_run_names_them() -> None:
    text = acortex("chip", "show", "acortex_digits").stdout
    assert re.search(r"^  neurons, ADCs +[^ ]* *0\.\d{4} mm2", text, re.MULTILINE)
    assert re.search(r"^  DACs +[^ ]* *0\.\d{4} mm2", text, re.MULTILINE)
    assert not re.search(r"^  (dacs|neurons adcs) ", text, re.MULTILINE)
