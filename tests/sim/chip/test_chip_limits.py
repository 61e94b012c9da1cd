"""Chip files at their limits: chains of files, digits of a number, ends of a spread; prices off the anchor."""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from pathlib import Path

import pytest

from acortex.errors import AcortexError, UsageError
from acortex.sim.chip import technology_files
from acortex.sim.chip.area import array_um2
from acortex.sim.chip.chip_files import ancestry, read_chip
from acortex.sim.chip.floorplan import floor_plan
from acortex.sim.chip.prices import INDEX, NONE, leakage_mw, prices, settle
from acortex.sim.chip.refusals import place
from acortex.sim.chip.specs import SETTINGS, load_chip
from acortex.sim.chip.spread import Spread
from acortex.sim.shipped import CHIPS

GNMT = load_chip("acortex_gnmt")


def refusal(chip: str | Path, *overrides: str) -> str:
    with pytest.raises(AcortexError) as caught:
        load_chip(chip, overrides)
    return str(caught.value)


# Chains of files ------------------------------------------------------------------------------------------------------


def chain(folder: Path, length: int) -> Path:
    """The first of so many files that inherit from each other; the last inherits from a built-in chip."""
    for number in range(length):
        base = f"{number + 1}.toml" if number + 1 < length else "acortex_digits"
        (folder / f"{number}.toml").write_text(f'inherits = "{base}"\n')
    return folder / "0.toml"


def test_a_chip_inherits_through_sixteen_files_and_no_more(tmp_path: Path) -> None:
    assert load_chip(chain(tmp_path, 14)).array_count == 16  # digits inherits, too: sixteen with both
    assert refusal(chain(tmp_path, 15)).endswith("acortex_gnmt.toml: a chip inherits through more than 16 files")


def test_the_ancestry_of_a_chip_is_its_file_and_those_below(tmp_path: Path) -> None:
    first = chain(tmp_path, 3)
    names = [path.name for path in ancestry(first)]
    assert names == ["0.toml", "1.toml", "2.toml", *(path.name for path in ancestry("acortex_digits"))]
    assert names[3] == "acortex_digits.toml"


def test_the_ancestry_ends_where_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "0.toml").write_text('inherits = "none.toml"\n')
    assert ancestry(tmp_path / "0.toml") == [tmp_path / "0.toml"]


def test_an_unknown_base_gets_the_hint_that_a_name_gets(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('inherits = "acortex_gmnt"\n')
    assert refusal(path).endswith("hint: did you mean `acortex_gnmt`?")


def test_a_file_that_says_neither_has_its_own_name_and_no_sources(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("clock_ns = 2\n")
    data = read_chip(path, ["clock_ns=3"]).data
    assert (data["name"], data["clock_ns"], data["sources"]) == ("mine", 3, {"clock_ns": "set by an override"})


def test_only_a_technology_is_named_by_a_bare_file() -> None:
    assert refusal("acortex_gnmt", "name=a.toml") == "--set name: a.toml is no value: a number, true, false or a word"


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with cells of one's own and a chip file that names them, and another one to work in."""
    built_in = (CHIPS.parent / "technologies/cell/floating_gate.toml").read_text()
    for name in ("chips", "here"):
        (tmp_path / name).mkdir()
    (tmp_path / "chips/beside.toml").write_text(built_in.replace("frame_ns = 32", "frame_ns = 30"))
    (tmp_path / "here/close.toml").write_text(built_in.replace("frame_ns = 32", "frame_ns = 31"))
    (tmp_path / "chips/my.toml").write_text('inherits = "acortex_gnmt"\n[arrays]\ncell = "beside.toml"\n')
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(technology_files, "_OWN", type(technology_files._OWN)(dict))
    return tmp_path


def test_a_file_of_cells_is_beside_the_chip_file_that_names_it(folders: Path) -> None:
    chip = load_chip(folders / "chips/my.toml")
    assert (chip.arrays.cell, chip.arrays.frame_ns) == ("beside", 30)


def test_a_file_of_cells_that_an_option_names_is_where_the_command_runs(folders: Path) -> None:
    chip = load_chip(folders / "chips/my.toml", ["arrays.cell=close.toml"])
    assert (chip.arrays.cell, chip.arrays.frame_ns) == ("close", 31)
    assert "there is no file beside.toml" in refusal("acortex_gnmt", "arrays.cell=beside.toml")


# Values and messages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fits", [f"1.{'0' * 29}", f"1{'0' * 5}.{'0' * 24}"])
def test_a_number_has_at_most_thirty_digits(fits: str) -> None:
    assert load_chip("acortex_gnmt", [f"memory.retention_s={fits}"]).memory.retention_s == Decimal(fits)
    assert "(more than 30 digits or powers of ten)" in refusal("acortex_gnmt", f"memory.retention_s={fits}0")


def test_an_error_without_a_line_comes_before_those_with_one() -> None:
    assert place(UsageError("x", where="a.toml")) == ("a.toml", 0)
    assert place(UsageError("x", where="a.toml:7")) == ("a.toml", 7)


@pytest.mark.parametrize(("length", "shown"), [(38, f'"{"x" * 38}"'), (39, f'"{"x" * 36}...')])
def test_a_value_is_shown_up_to_forty_characters(length: int, shown: str) -> None:
    assert f"buses.pricing is {shown}: allowed" in refusal("acortex_gnmt", f"buses.pricing={'x' * length}")


def test_a_truth_is_shown_as_a_file_writes_it() -> None:
    assert "memory.banks is true: allowed is a whole number" in refusal("acortex_gnmt", "memory.banks=true")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("arrays.overlap_loads", "true or false"),
        ("buses.pricing", '"span" or "route"'),
        ("memory.banks", "a whole number from 1 to 1024 banks"),
        ("errors.own", "a name"),
        ("clock_ns", "a number from 0.2 to 1000000 ns"),
    ],
)
def test_what_a_setting_may_be_is_said_by_its_kind(path: str, allowed: str) -> None:
    assert SETTINGS[path].allowed == allowed


def test_a_source_of_a_misspelt_setting_gets_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('inherits = "acortex_gnmt"\n[sources]\n"memory.bankz" = "?"\n')
    assert refusal(path).endswith("memory.bankz has a source, but is no setting\n  hint: did you mean `memory.banks`?")


def test_a_name_that_two_tables_have_gets_one_suggestion() -> None:
    assert refusal("acortex_gnmt", "words=3").endswith("hint: did you mean `instruction_memory.words`?")


def test_what_is_no_setting_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    path.write_text('inherits = "acortex_gnmt"\nspreads = 3\n')
    assert refusal(path).startswith(f"{path}:2: spreads is 3: ")


def test_the_checksum_of_a_chip_is_that_of_its_settings_as_compact_json_in_alphabetical_order() -> None:
    text = json.dumps(GNMT.config, sort_keys=True, separators=(",", ":"))
    assert GNMT.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_the_words_of_a_memory_are_32_bytes_each() -> None:
    assert [load_chip(name).memory_words for name in ("acortex_digits", "acortex_gnmt")] == [32, 32768]


# Spreads --------------------------------------------------------------------------------------------------------------


def test_a_spread_with_one_end_alone_is_the_value_itself() -> None:
    """Such a spread is refused; its message needs ends all the same."""
    one = Spread.model_validate({"reason": "r", "from": 2})
    assert one.ends(Decimal(5)) == (5, 5)


@pytest.mark.parametrize(("said", "fits"), [("from = 0, to = 8", True), ("from = -0.1, to = 8", False)])
def test_a_spread_may_reach_the_least_that_its_setting_may_be(tmp_path: Path, said: str, fits: bool) -> None:
    path = tmp_path / "my.toml"
    path.write_text(f'inherits = "acortex_gnmt"\n[spreads]\n"energy.sensing_pj" = {{ {said}, reason = "r" }}\n')
    if fits:
        assert load_chip(path).spreads["energy.sensing_pj"].start == 0
    else:
        assert "hint: a spread has `from` and `to`" in refusal(path)


def test_a_spread_may_reach_the_most_that_its_setting_may_be(tmp_path: Path) -> None:
    path = tmp_path / "my.toml"
    high = SETTINGS["energy.sensing_pj"].high
    path.write_text(
        f'inherits = "acortex_gnmt"\n[spreads]\n"energy.sensing_pj" = {{ from=0, to={high}, reason="r" }}\n'
    )
    assert load_chip(path).spreads["energy.sensing_pj"].end == high


# Prices ---------------------------------------------------------------------------------------------------------------


def test_a_broadcast_word_crosses_the_array_beside_its_load() -> None:
    crossed = load_chip("acortex_gnmt", ["arrays.broadcast_loads=true"])
    crossing = GNMT.energy.bus_to_arrays_pj_per_mm * floor_plan(crossed).pitch_x
    both = [prices(chip).by_component[INDEX["vmm.load"]]["dacs"] for chip in (GNMT, crossed)]
    assert both[1] - both[0] == pytest.approx(float(crossing) * 1e6, abs=1)


def test_a_second_set_of_latches_is_loaded_for_its_price() -> None:
    overlapped = load_chip("acortex_gnmt", ["arrays.overlap_loads=true"])
    both = [prices(chip).by_component[INDEX["vmm.load"]]["dacs"] for chip in (GNMT, overlapped)]
    assert both[1] - both[0] == round(GNMT.energy.latches_pj * 10**6)


def test_a_second_port_leaks_as_an_array_of_its_area_does() -> None:
    """6.43 mm2 of memory, half of it again for a port; an array and its circuits take 3517 + 2246 + 654 + 1290 um2."""
    assert array_um2(GNMT) == 7707
    more = leakage_mw(load_chip("acortex_gnmt", ["memory.ports=2"])) - leakage_mw(GNMT)
    assert float(more) == pytest.approx(float(GNMT.energy.leakage_per_array_uw) / 1000 * 3.215e6 / 7707)


def test_leakage_in_a_cycle_is_that_of_its_time() -> None:
    assert prices(GNMT).leakage_aj_per_cycle == round(leakage_mw(GNMT) * GNMT.clock_ns * 10**6)


def test_what_leaks_in_no_layer_is_of_none_of_them() -> None:
    price = prices(GNMT)
    each = price.leakage_aj_per_cycle
    assert settle(price, {}, 6, layers=[(0, 2, 4)]).by_layer == {NONE: 4 * each, 0: 2 * each}
