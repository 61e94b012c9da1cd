"""The built-in chips: complete, sourced, and those that the paper publishes."""

import pytest

from acortex.errors import UsageError
from acortex.isa import assemble, dumps, loads
from acortex.isa.operands import KINDS
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import SETTINGS, chip_names, load_chip
from acortex.sim.run import run
from acortex.sim.shipped import CHIPS
from acortex.tools import api


def test_the_built_in_chips() -> None:
    assert chip_names() == [
        "acortex_digits",
        "acortex_digits_parallel",
        "acortex_gnmt",
        "acortex_gnmt_digital",
        "acortex_inception",
        "acortex_letters",
        "acortex_mnist_180nm",
        "acortex_resnet",
        "acortex_vgg",
    ]


@pytest.mark.parametrize(
    ("name", "m_top", "m_bottom", "n", "arrays"),
    [
        ("acortex_inception", 16, 18, 38, 2584),
        ("acortex_resnet", 44, 48, 80, 14720),
        ("acortex_gnmt", 64, 64, 128, 32768),
        ("acortex_digits", 5, 3, 1, 16),
    ],
)
def test_sizes(name: str, m_top: int, m_bottom: int, n: int, arrays: int) -> None:
    chip = load_chip(name)
    assert (chip.arrays.m_top, chip.arrays.m_bottom, chip.arrays.n) == (m_top, m_bottom, n)
    assert chip.array_count == arrays


def test_the_digits_chip_has_32_words() -> None:
    assert load_chip("acortex_digits").memory_words == 32


@pytest.mark.parametrize("name", chip_names())
def test_every_setting_of_a_built_in_chip_has_a_source_in_words(name: str) -> None:
    chip = load_chip(name)
    stated = [path for path in SETTINGS if chip.value(path) is not None]
    unsourced = [path for path in stated if not chip.sources.get(path) or chip.sources[path].startswith("stated in")]
    assert unsourced == []


@pytest.mark.parametrize("name", chip_names())
def test_a_built_in_chip_gives_no_source_for_what_it_only_inherits(name: str) -> None:
    import tomllib

    data = tomllib.loads((CHIPS / f"{name}.toml").read_text())
    stated = {f"{key}.{leaf}" for key, value in data.items() if isinstance(value, dict) for leaf in value}
    stated |= {key for key, value in data.items() if not isinstance(value, dict)}
    assert set(data["sources"]) <= stated


@pytest.mark.parametrize("path", SETTINGS)
def test_every_number_has_a_unit_and_a_meaning(path: str) -> None:
    setting = SETTINGS[path]
    assert setting.description
    assert setting.unit or setting.kind in ("boolean", "choice", "text")


def test_no_chip_can_be_larger_than_instructions_can_address() -> None:
    def high(path: str) -> int:
        limit = SETTINGS[path].high
        assert limit is not None
        return int(limit)

    assert high("memory.capacity_kb") * 32 - 1 <= KINDS["address"].high
    assert 2 * high("arrays.n") - 1 <= KINDS["array_column"].high
    assert high("arrays.m_top") + high("arrays.m_bottom") - 1 <= KINDS["array_row"].high
    assert high("instruction_memory.words") - 1 <= KINDS["target"].high


def test_a_chip_that_a_program_names_wrongly_is_an_error_at_its_line() -> None:
    program = assemble(".program p\n  .chip  acortex_digit ; the small one\nstart\nhalt", file="folder/p.s")
    for call in (lambda: chip_of(program), lambda: run(program), lambda: api.run(program)):
        with pytest.raises(UsageError) as caught:
            call()
        assert caught.value.where == "folder/p.s:2:10"
        assert caught.value.message.startswith('no built-in chip is called "acortex_digit": there are ')
        assert caught.value.hint == "did you mean `acortex_digits`?"
    with pytest.raises(UsageError) as caught:
        chip_of(loads(dumps(program), "p.acx"))
    assert caught.value.where == "p.acx"
    with pytest.raises(UsageError) as caught:
        chip_of(program, "acortex_digi")
    assert caught.value.where == ""
    assert chip_of(program, "acortex_digits").name == "acortex_digits"
