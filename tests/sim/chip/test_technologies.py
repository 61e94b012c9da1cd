"""Technologies of memory and cells: a name in a chip file, and the settings that come with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.sim.chip.chip_files import NAMES_TECHNOLOGY, technologies, technology
from acortex.sim.chip.schema import json_schema
from acortex.sim.chip.specs import SETTINGS, load_chip

ALL = [(path, name) for path, kind in NAMES_TECHNOLOGY.items() for name in technologies(kind)]


def stated(path: str, name: str) -> set[str]:
    """The settings that a technology states or inherits."""
    data = technology(NAMES_TECHNOLOGY[path], name).data
    tables = {key: table for key, table in data.items() if isinstance(table, dict) and key != "sources"}
    return {f"{section}.{leaf}" for section, table in tables.items() for leaf in table}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a chip file."""

    def file(text: str) -> Path:
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return path

    return file


@pytest.mark.parametrize(("path", "name"), ALL)
def test_technologies_of_a_kind_set_the_same_settings_so_that_one_replaces_another(path: str, name: str) -> None:
    assert stated(path, name) == stated(path, next(iter(technologies(NAMES_TECHNOLOGY[path]))))


@pytest.mark.parametrize(("path", "name"), ALL)
def test_each_number_of_a_technology_has_its_own_source(path: str, name: str) -> None:
    chip = load_chip("acortex_gnmt", [f"{path}={name}"])
    sources = technology(NAMES_TECHNOLOGY[path], name).data["sources"]
    for setting in stated(path, name):
        assert SETTINGS[setting]
        assert chip.sources[setting] == sources[setting]
        assert not sources[setting].startswith("stated in")


def test_a_chip_file_names_a_technology_over_what_it_inherits(write: Callable[[str], Path]) -> None:
    chip = load_chip(write('inherits = "acortex_gnmt"\n[memory]\ntype = "sram"\n'))
    assert (float(chip.memory.read_latency_ns), chip.memory.capacity_kb) == (10.71, 1024)
    assert chip.sources["area.main_memory_mm2_per_mb"] == "derived from Fig. 7c: 1.04 um2 a bit"


def test_what_stands_beside_the_name_wins(write: Callable[[str], Path]) -> None:
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
