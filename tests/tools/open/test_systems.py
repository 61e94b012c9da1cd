"""Systems as files: what they may say, and what is wrong with them, with its line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from systems import copying

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.isa.container import dumps, sha256
from acortex.sim.system.parts import Link, System
from acortex.tools.open.systems import files_of_system, is_system, link_of, open_system, relative

TWO = """
name = "pair"

[link]
words_per_ns = 2
energy_pj_per_word = 0.5

[[stages]]
name = "first"
program = "a.acx"

[[stages]]
program = "b.acx"
settings = ["memory.access_cycles=3"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the programs of two stages."""
    for name, takes, gives in (("a", ("x",), ("m",)), ("b", ("m",), ("y",))):
        (tmp_path / f"{name}.acx").write_bytes(dumps(copying(name, takes, gives).program))
    return tmp_path


def opened(folder: Path, text: str, **options: object) -> System:
    path = folder / "system.toml"
    path.write_text(text)
    return open_system(str(path), **options)  # type: ignore[arg-type]


def wheres(error: AcortexError) -> list[str]:
    """The place of an error, or those of each where there may be several."""
    return [one.where for one in (error.errors if isinstance(error, ManyErrors) else [error])]


def test_a_file_names_stages_chips_and_a_link(folder: Path) -> None:
    system = opened(folder, TWO)
    assert (system.name, [stage.name for stage in system.stages]) == ("pair", ["first", "1-b"])
    assert system.link == Link(Decimal(2), Decimal(20), Decimal("0.5"))
    assert [stage.chip.memory.access_cycles for stage in system.stages] == [2, 3]
    assert [(wire.source, wire.target, wire.tensors) for wire in system.wires] == [(0, 1, ("m",))]


def test_settings_of_a_command_are_laid_over_each_chip(folder: Path) -> None:
    system = opened(folder, TWO, settings=["memory.access_cycles=4"], link=["latency_ns=7"])
    assert [stage.chip.memory.access_cycles for stage in system.stages] == [4, 4]
    assert system.link.latency_ns == 7


def test_stages_may_be_sources_and_programs_of_the_zoo(folder: Path) -> None:
    system = opened(folder, '[[stages]]\nprogram = "zoo:digits_mlp"\n')
    assert (system.name, system.outputs) == ("system", ("scores",))


def test_a_program_that_was_made_anew_is_noticed(folder: Path) -> None:
    digest = sha256(copying("a", ("x",), ("m",)).program)
    line = f'program = "a.acx"\nsha256 = "{digest}"'
    assert opened(folder, TWO.replace('program = "a.acx"', line)).stages
    (folder / "a.acx").write_bytes(dumps(copying("other", ("x",), ("m",)).program))
    with pytest.raises(UsageError, match=r"a\.acx is another program than this system was made of"):
        opened(folder, TWO.replace('program = "a.acx"', line))


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('name = "pair"', "name = 3", "name is a text"),
        ('name = "pair"', 'names = "pair"', "a system has no names"),
        ("words_per_ns = 2", "words_per_ns = 0", "words_per_ns is 0, allowed is 0.000001 to 1000"),
        ("words_per_ns = 2", "words_per_ns = true", "words_per_ns is True"),
        ("words_per_ns = 2", 'words_per_ns = "x"', "words_per_ns is x"),
        ("words_per_ns = 2", "bandwidth = 2", "a link has no 'bandwidth'"),
        ('program = "b.acx"', "", "stage 1 has no program"),
        ('program = "b.acx"', "program = 4", "program is a text"),
        ('program = "b.acx"', 'program = "b.onnx"', "b.onnx is no .acx, .s or zoo:NAME"),
        ('program = "b.acx"', 'program = "c.acx"', "c.acx"),
        ('program = "b.acx"', 'program = "b.acx"\nplace = 3', "a stage has no place"),
        ('program = "b.acx"', 'program = "b.acx"\nname = "first"', "two stages are called first"),
        ('program = "b.acx"', 'program = "b.acx"\nchip = "acortex_none"', "acortex_none"),
        ('program = "b.acx"', 'program = "a.acx"', "two stages make m"),
        ('settings = ["memory.access_cycles=3"]', "settings = [3]", "settings of stage 1 are texts"),
        ('settings = ["memory.access_cycles=3"]', 'settings = ["x=3"]', "x"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(folder: Path, old: str, new: str, what: str) -> None:
    assert old in TWO
    with pytest.raises(UsageError) as refused:
        opened(folder, TWO.replace(old, new))
    assert what in str(refused.value)


@pytest.mark.parametrize("text", ["", "stages = 3", "stages = [1]", "stages = []", '[stages]\nprogram = "a.acx"'])
def test_a_system_has_stages(folder: Path, text: str) -> None:
    with pytest.raises(UsageError, match="a system has 1 to 256 stages"):
        opened(folder, text)


def test_a_link_is_a_table(folder: Path) -> None:
    with pytest.raises(UsageError, match="the link is a table"):
        opened(folder, 'link = 3\n[[stages]]\nprogram = "a.acx"')


def test_a_key_that_is_wrong_has_its_line(folder: Path) -> None:
    with pytest.raises(UsageError) as refused:
        opened(folder, TWO.replace("words_per_ns = 2", "words_per_ns = 0"))
    assert refused.value.where.endswith("system.toml:5")


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('program = "a.acx"', "program = 4", 10),
        ('program = "a.acx"', 'program = "a.onnx"', 10),
        ('program = "a.acx"', "", 8),
        ('program = "a.acx"', 'program = "a.acx"\nsha256 = "0"', 11),
        ('program = "a.acx"', 'program = "a.acx"\nplace = 3', 11),
        ('program = "a.acx"', 'program = "a.acx"\nsettings = ["memory.access_cycles=0"]', 11),
        ('settings = ["memory.access_cycles=3"]', 'settings = ["memory.access_cycles=0"]', 14),
        ('settings = ["memory.access_cycles=3"]', 'settings = ["memory.acces_cycles=1"]', 14),
        ('settings = ["memory.access_cycles=3"]', 'settings = ["memory.access_cycles"]', 14),
        ('settings = ["memory.access_cycles=3"]', "settings = [3]", 14),
    ],
)
def test_what_is_wrong_in_a_stage_has_the_line_of_that_stage(folder: Path, old: str, new: str, line: int) -> None:
    with pytest.raises(UsageError) as refused:
        opened(folder, TWO.replace(old, new))
    assert wheres(refused.value) == [f"{folder / 'system.toml'}:{line}"]


def test_a_setting_of_a_command_is_not_laid_to_a_stage(folder: Path) -> None:
    with pytest.raises(UsageError) as refused:
        opened(folder, TWO, settings=["memory.access_cycles=0"])
    assert wheres(refused.value) == ["--set memory.access_cycles"]


def test_a_chip_of_a_command_does_not_replace_those_of_a_file(folder: Path) -> None:
    with pytest.raises(UsageError, match="the file of a system names its chips"):
        opened(folder, TWO, chip="acortex_gnmt")


def test_a_text_of_a_link_is_laid_over_a_table() -> None:
    found = link_of({"latency_ns": 5, "words_per_ns": Decimal("0.5")}, ["latency_ns=6.25"])
    assert found == Link(Decimal("0.5"), Decimal("6.25"), Link().energy_pj_per_word)


@pytest.mark.parametrize("text", ["", "=", "latency_ns=", "latency_ns=1e10", "latency_ns=-1", "latencyns=1"])
def test_texts_that_are_no_link_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        link_of({}, [text])


def test_files_of_a_system_are_its_own_and_those_of_its_stages(folder: Path) -> None:
    path = folder / "system.toml"
    path.write_text(TWO)
    assert [Path(name).name for _, name in files_of_system(str(path)) if name] == ["system.toml", "a.acx", "b.acx"]
    assert files_of_system("none.toml") == [("SYSTEM", "none.toml")]


def test_names_are_told_apart_by_their_ends() -> None:
    assert is_system("a.toml") and is_system("./A.TOML")
    assert not is_system("a.acx") and not is_system("zoo:x.toml") and not is_system("-")


def test_files_are_named_from_where_the_system_lies(tmp_path: Path) -> None:
    assert relative(str(tmp_path / "chips" / "a.toml"), str(tmp_path / "out" / "s.toml")) == "../chips/a.toml"
