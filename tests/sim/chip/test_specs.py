"""Chip files: what is read, what is inherited, what is overridden, and the text of every refusal."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.errors import AcortexError, ManyErrors, UsageError
from acortex.sim.chip.schema import json_schema
from acortex.sim.chip.specs import SETTINGS, chip_names, load_chip
from acortex.sim.shipped import CHIPS

Write = Callable[..., Path]
NEWLINE = "\n"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a chip file and gives its path."""

    def write(text: str, name: str = "my.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


def refusal(chip: str | Path, overrides: list[str] | None = None, folder: Path | None = None) -> str:
    """The text of the error that a chip causes, with the folder left out."""
    with pytest.raises(AcortexError) as caught:
        load_chip(chip, overrides or [])
    assert caught.value.exit_code == 2
    return str(caught.value).replace(f"{folder or (chip.parent if isinstance(chip, Path) else '')}/", "")


# What is read


def test_decimals_stay_exact() -> None:
    assert load_chip("acortex_gnmt").energy.sensing_pj == Decimal("6.90")


def test_config_is_plain_and_nested() -> None:
    chip = load_chip("acortex_gnmt")
    assert chip.config["clock_ns"] == 1.785
    assert chip.config["buses"]["pricing"] == "span"
    assert chip.config["arrays"]["overlap_loads"] is False
    assert json.loads(json.dumps(chip.config)) == chip.config


def test_config_has_exactly_the_settings() -> None:
    flat = {
        f"{name}.{leaf}" if isinstance(value, dict) else name
        for name, value in load_chip("acortex_gnmt").config.items()
        for leaf in (value if isinstance(value, dict) else [""])
    }
    assert flat == set(SETTINGS)


def test_the_checksum_is_of_the_settings_alone(write: Write) -> None:
    renamed = write('name = "other"\ndescription = "a copy"\ninherits = "acortex_gnmt"')
    assert load_chip(renamed).sha256 == load_chip("acortex_gnmt").sha256


def test_the_checksum_changes_with_any_setting() -> None:
    assert load_chip("acortex_gnmt", ["memory.banks=16"]).sha256 != load_chip("acortex_gnmt").sha256


def test_writing_a_number_otherwise_does_not_change_the_checksum() -> None:
    assert load_chip("acortex_gnmt", ["arrays.frame_ns=32.0"]).sha256 == load_chip("acortex_gnmt").sha256


def test_a_chip_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_chip("acortex_gnmt").memory.banks = 3


# What is inherited


def test_a_file_states_only_what_differs(write: Write) -> None:
    chip = load_chip(write('inherits = "acortex_digits"\n[memory]\nbanks = 2'))
    assert (chip.memory.banks, chip.memory.capacity_kb, chip.arrays.m_top) == (2, 1, 5)


def test_a_file_is_named_after_itself_unless_it_says_otherwise(write: Write) -> None:
    assert load_chip(write('inherits = "acortex_digits"')).name == "my"


def test_what_is_stated_loses_the_source_of_what_is_inherited(write: Write) -> None:
    path = write('inherits = "acortex_digits"\n[memory]\nbanks = 2')
    sources = load_chip(path).sources
    assert sources["memory.banks"] == f"stated in {path}:3"
    assert sources["memory.ports"] == load_chip("acortex_digits").sources["memory.ports"]


def test_a_file_may_give_its_own_source(write: Write) -> None:
    path = write('inherits = "acortex_digits"\n[memory]\nbanks = 2\n[sources]\n"memory.banks" = "a data sheet"')
    assert load_chip(path).sources["memory.banks"] == "a data sheet"


def test_a_file_beside_can_be_inherited(write: Write) -> None:
    write('inherits = "acortex_digits"\n[memory]\nports = 2', "base.toml")
    assert load_chip(write('inherits = "base.toml"')).memory.ports == 2


def test_a_circle_is_refused(write: Write) -> None:
    write('inherits = "my.toml"', "base.toml")
    path = write('inherits = "base.toml"')
    assert refusal(path) == "my.toml: chips inherit from each other in a circle: my.toml -> base.toml -> my.toml"


def test_an_unknown_base_is_refused_with_its_line(write: Write) -> None:
    path = write('# my chip\ninherits = "acortex_gmnt"')
    assert refusal(path).startswith('my.toml:2: no built-in chip is called "acortex_gmnt"')


def test_a_base_that_is_no_name_is_refused(write: Write) -> None:
    assert refusal(write("inherits = 3")) == "my.toml:1: inherits names a chip or a file, in quotes"


# What is overridden


def test_an_override_comes_last_and_says_so() -> None:
    chip = load_chip("acortex_gnmt", ["memory.banks=4", "memory.banks = 16", "buses.pricing=route"])
    assert (chip.memory.banks, chip.buses.pricing) == (16, "route")
    assert chip.sources["memory.banks"] == "set by an override"


def test_a_chip_can_be_renamed_by_an_override() -> None:
    assert load_chip("acortex_gnmt", ["name=mine"]).name == "mine"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("memory.banks", 'an override has the form path=value: "memory.banks"\n  hint: for example memory.ports=2'),
        ("a.b.c=1", 'an override has the form path=value: "a.b.c=1"\n  hint: for example memory.ports=2'),
        ("banks=3", "--set banks: there is no setting banks\n  hint: did you mean `memory.banks`?"),
        ("memory.bank=3", "--set memory.bank: there is no setting memory.bank\n  hint: did you mean `memory.banks`?"),
        ("foo.bar=1", "--set foo.bar: there is no setting foo\n  hint: `acortex chip schema` lists the settings"),
        ("memory.banks=1 2", "--set memory.banks: 1 2 is no value: a number, true, false or a word"),
        ("clock_ns.x=1", "--set clock_ns.x: clock_ns is a setting, no table of settings"),
        ("memory=1", "--set memory: memory is 1: it is a table of settings\n  hint: write [memory]"),
        (
            "memory.banks=0",
            "--set memory.banks: memory.banks is 0: allowed is a whole number from 1 to 1024 banks\n"
            "  hint: banks; a word lies in the bank of its address modulo this",
        ),
        (
            "neurons.bits=8",
            "--set neurons.bits: neurons.bits is 8: allowed is a whole number from 1 to 4 bits\n"
            "  hint: bits of a code; a conversion is a ramp of 2^bits steps, and a channel of a word holds 4",
        ),
        (
            "buses.pricing=road",
            '--set buses.pricing: buses.pricing is "road": allowed is "span" or "route"\n'
            "  hint: a word pays for the die's side (span) or for its route",
        ),
        (
            "errors.tuning_pct=101",
            "--set errors.tuning_pct: errors.tuning_pct is 101: allowed is a number from 0 to 100 %\n"
            "  hint: how far a written cell ends from its target at most, or as a spread",
        ),
    ],
)
def test_a_wrong_override_is_refused(override: str, message: str) -> None:
    assert refusal("acortex_gnmt", [override]) == message


@pytest.mark.parametrize("value", ["true", '"8"', "[8]", "8.5", "-1", "nan", "inf", "1e400", "9" * 5000, "2026-01-01"])
def test_a_value_of_another_kind_is_refused(value: str) -> None:
    assert "memory.banks" in refusal("acortex_gnmt", [f"memory.banks={value}"])


@pytest.mark.parametrize("value", ["0", "-1", "inf", "nan", "1e-99", "1e999999999", "true", '"1.785"'])
def test_a_clock_that_is_none_is_refused(value: str) -> None:
    assert "allowed is a number from 0.2 to 1000000 ns" in refusal("acortex_gnmt", [f"clock_ns={value}"])


# What is refused in a file


def test_all_errors_come_at_once_each_with_its_line(write: Write) -> None:
    path = write(
        'inherits = "acortex_gnmt"\n[memory]\nbanks = 0\nprots = 2\nretention_s = inf\n[arrays]\n'
        'k = 48\noverlap_loads = 1\n[sources]\n"memory.bankz" = "?"\n'
    )
    with pytest.raises(ManyErrors) as caught:
        load_chip(path)
    places = {error.where.partition(":")[2]: error.message for error in caught.value.errors}
    assert {line: message.split(":")[0] for line, message in places.items()} == {
        "3": "memory.banks is 0",
        "4": "there is no setting memory.prots",
        "5": "memory.retention_s is Infinity",
        "7": "arrays.k is 48",
        "8": "arrays.overlap_loads is 1",
        "10": "memory.bankz has a source, but is no setting",
    }


def test_errors_stand_in_the_order_of_the_file(write: Write) -> None:
    path = write('inherits = "acortex_gnmt"\nclok_ns = 1\n[memory]\nbanks = 0\n[arrays]\nk = 48\n')
    with pytest.raises(ManyErrors) as caught:
        load_chip(path)
    assert [error.where.rpartition(":")[2] for error in caught.value.errors] == ["2", "4", "6"]


def test_a_missing_setting_is_named_with_its_meaning(write: Write) -> None:
    text = refusal(write('[arrays]\nk = 64\n[host]\n[sources]\n"arrays.k" = "Fig. 7b"'))
    assert "my.toml:3: host.word_cycles is missing: how long a word occupies the port, a whole number from 1" in text
    assert 'hint: state it, or inherit it: inherits = "acortex_gnmt"' in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[arrays\n", "my.toml:1:8: not TOML: Expected ']' at the end of a table declaration"),
        ("a = 1\na = 2\n", "my.toml:2:6: not TOML: Cannot overwrite a value"),
        (f"a = {'9' * 5000}", "my.toml: not TOML: Exceeds the limit (4300 digits) for integer string conversion"),
        (f"a = {'[' * 900}", "my.toml:1: brackets are nested deeper than 16"),
        (f"a = {'[' + NEWLINE * 3}{'[{a=' * 300}", "my.toml:4: brackets are nested deeper than 16"),
        (f"{'a.' * 20000}a = 1", "my.toml:1: a line has more than 16 dots"),
        (f"# {'x' * 70000}", "my.toml: the chip file is longer than 65536 bytes"),
    ],
)
def test_hostile_toml_is_refused(write: Write, text: str, message: str) -> None:
    assert refusal(write(text)).startswith(message)


def test_a_comment_and_a_string_may_hold_dots_and_brackets(write: Write) -> None:
    path = write(f'inherits = "acortex_gnmt" # {"[." * 40}\ndescription = "{"[." * 40}"')
    assert load_chip(path).description.startswith("[.[.")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_bytes(b"a = \xff")
    assert refusal(path) == "my.toml: the chip file is not text in UTF-8: byte 4"


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "my.toml") == "my.toml: the chip file cannot be read: No such file or directory"
    (tmp_path / "dir.toml").mkdir()
    assert refusal(tmp_path / "dir.toml") == "dir.toml: the chip file cannot be read: Is a directory"


def test_a_misspelt_name_gets_a_suggestion() -> None:
    assert refusal("acortex_gmnt") == (
        f'no built-in chip is called "acortex_gmnt": there are {", ".join(chip_names())}'
        "\n  hint: did you mean `acortex_gnmt`?"
    )


@settings(max_examples=150)
@given(data=st.data())
def test_any_text_is_a_chip_or_a_clean_refusal(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    seed = 'inherits = "acortex_gnmt"\nclock_ns = 1.5\n[memory]\nbanks = 2\n[sources]\n"memory.banks" = "x"\n'
    place = data.draw(st.integers(0, len(seed)))
    piece = data.draw(st.text(max_size=8) | st.sampled_from(['"', "[", "]]", "=", ".", "'''", "nan", "\x00"]))
    path.write_bytes((seed[:place] + piece + seed[place + data.draw(st.integers(0, 6)) :]).encode("utf-8", "replace"))
    try:
        load_chip(path)
    except UsageError as error:
        assert any(told in str(error) for told in ("fuzz.toml", "no built-in chip", "cannot be read"))
    except ManyErrors as error:
        assert all("fuzz.toml" in one.where for one in error.errors)


# The schema for editors


def test_the_schema_describes_every_setting_with_its_unit_and_range() -> None:
    schema = json_schema()
    for path, setting in SETTINGS.items():
        section, _, leaf = path.rpartition(".")
        table = schema["$defs"][schema["properties"][section]["$ref"].rpartition("/")[2]] if section else schema
        entry = table["properties"][leaf]
        assert entry["description"] == setting.description
        assert entry["unit"] == setting.unit
        assert entry.get("minimum") == (None if setting.low is None else float(setting.low))
        assert [*map(str, entry.get("enum", []))] == list(setting.choices)


def test_the_schema_wants_a_base_or_everything() -> None:
    inherits, complete = json_schema()["anyOf"]
    assert inherits == {"required": ["inherits"]}
    assert {"clock_ns", "arrays", "errors"} <= set(complete["required"])


def test_every_built_in_chip_has_what_the_schema_wants() -> None:
    inherits, complete = json_schema()["anyOf"]
    for name in chip_names():
        stated = set(tomllib.loads((CHIPS / f"{name}.toml").read_text()))
        assert stated.issuperset(inherits["required"]) or stated.issuperset(complete["required"]), name


def test_an_unknown_setting_of_a_known_table_is_told_what_the_table_has() -> None:
    with pytest.raises(UsageError) as found:
        load_chip("acortex_digits", ["host.zzz=1"])
    assert (
        str(found.value)
        == "--set host.zzz: there is no setting host.zzz\n  hint: host has word_cycles, part_ns, operations_per_ns"
    )


def test_overrides_that_cannot_be_read_are_told_with_those_that_are_wrong() -> None:
    with pytest.raises(ManyErrors) as found:
        load_chip("acortex_digits", ["nonsense", "clock_ns=0", "memory.bank=3"])
    assert [str(error).splitlines()[0] for error in found.value.errors] == [
        'an override has the form path=value: "nonsense"',
        "--set clock_ns: clock_ns is 0: allowed is a number from 0.2 to 1000000 ns",
        "--set memory.bank: there is no setting memory.bank",
    ]


def test_a_chip_that_inherits_is_not_described_as_its_base(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('inherits = "acortex_digits"\nclock_ns = 2\n')
    assert load_chip(path).description == "As acortex_digits, but for what mine.toml states."
