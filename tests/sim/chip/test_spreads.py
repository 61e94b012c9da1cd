"""Spreads of constants in chip files: what they say, what is refused, and what drops them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.errors import ManyErrors, UsageError
from acortex.sim.chip.chip_files import chip_names
from acortex.sim.chip.specs import SETTINGS, Chip, load_chip
from acortex.sim.chip.spread import Spread

SENSING = '"energy.sensing_pj"'


def chip_of(folder: Path, spreads: str, more: str = "") -> Chip:
    file = folder / "mine.toml"
    file.write_text(f'inherits = "acortex_gnmt"\n{more}\n[spreads]\n{spreads}\n')
    return load_chip(file)


def spread(**said: object) -> Spread:
    return Spread.model_validate({"reason": "a reason", **said})


@pytest.mark.parametrize("name", chip_names())
def test_each_spread_of_a_built_in_chip_holds_its_value_and_says_why(name: str) -> None:
    chip = load_chip(name)
    for path, one in chip.spreads.items():
        low, high = sorted(one.ends(Decimal(str(chip.value(path)))))
        assert low <= Decimal(str(chip.value(path))) <= high and low < high
        assert one.reason.startswith(("refitted without one network", "own choice: "))


def test_an_own_choice_of_a_price_has_a_stated_range_and_what_is_derived_has_that_of_refits() -> None:
    chip = load_chip("acortex_gnmt")
    for path, one in chip.spreads.items():
        assert one.reason.startswith("own choice") == chip.sources[path].startswith("own choice")


@given(st.decimals("0.001", "1000", places=3), st.decimals("1.1", "10", places=2), st.floats(0, 1))
def test_a_factor_goes_from_the_value_over_it_to_the_value_times_it(value: Decimal, factor: Decimal, at: float) -> None:
    one = spread(factor=factor)
    low, high = one.ends(value)
    assert (low * factor, high) == (pytest.approx(value), value * factor)
    assert float(low) * (1 - 1e-9) <= float(one.at(value, at)) <= float(high) * (1 + 1e-9)
    assert float(one.at(value, 0.5)) == pytest.approx(float(value))  # even in logarithms


def test_ends_may_fall_and_the_way_between_them_is_even() -> None:
    one = spread(**{"from": Decimal("8"), "to": Decimal("4")})
    assert [one.at(Decimal(8), share) for share in (0.0, 0.25, 1.0)] == [Decimal(8), Decimal(7), Decimal(4)]


def test_a_spread_changes_no_checksum(tmp_path: Path) -> None:
    assert chip_of(tmp_path, f'{SENSING} = {{ factor = 3, reason = "r" }}').sha256 == load_chip("acortex_gnmt").sha256


def test_what_states_a_value_anew_drops_its_spread(tmp_path: Path) -> None:
    assert "energy.sensing_pj" in load_chip("acortex_gnmt").spreads
    assert "energy.sensing_pj" not in load_chip("acortex_gnmt", ["energy.sensing_pj=5"]).spreads
    assert "energy.sensing_pj" not in chip_of(tmp_path, "", "[energy]\nsensing_pj = 5").spreads
    assert "energy.sensing_pj" not in load_chip("acortex_gnmt", ["arrays.cell=memristor_1t1r"]).spreads
    own = chip_of(tmp_path, f'{SENSING} = {{ factor = 2, reason = "r" }}', "[energy]\nsensing_pj = 5").spreads
    assert own["energy.sensing_pj"].factor == 2


def test_a_chip_that_inherits_keeps_the_spreads_of_what_it_does_not_state() -> None:
    assert load_chip("acortex_inception").spreads == load_chip("acortex_gnmt").spreads


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (f'{SENSING} = {{ factor = 1, reason = "r" }}', "without ends"),
        (f'{SENSING} = {{ factor = 0, reason = "r" }}', "without ends"),
        (f'{SENSING} = {{ factor = -2, reason = "r" }}', "without ends"),
        (f'{SENSING} = {{ reason = "r" }}', "without ends"),
        (f'{SENSING} = {{ from = 6, reason = "r" }}', "without ends"),
        (f'{SENSING} = {{ from = 6, to = 8, factor = 2, reason = "r" }}', "several kinds"),
        (f'{SENSING} = {{ from = 1, to = 2, reason = "r" }}', "does not hold its value, 6.9"),
        (f'{SENSING} = {{ from = -1, to = 8, reason = "r" }}', "allowed is a number from 0"),
        (
            f'{SENSING} = {{ factor = 2, reason = "r", with = "energy.no" }}',
            "drawn with energy.no, which is no setting",
        ),
        ('"energy.sensing" = { factor = 2, reason = "r" }', "energy.sensing has a spread, but is no setting"),
        ('"memory.ports" = { factor = 2, reason = "r" }', "memory.ports cannot have a spread"),
        ('"clock_ns" = { factor = 2, reason = "r" }', "clock_ns cannot have a spread"),
        ('"area.memory_anchor_kb" = { factor = 2, reason = "r" }', "area.memory_anchor_kb cannot have a spread"),
        ('"area.store_share" = { factor = 2, reason = "r" }', "allowed is a number from 0 to 1"),
    ],
)
def test_what_is_no_spread_is_refused_with_its_line(tmp_path: Path, said: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as error:
        chip_of(tmp_path, said)
    assert error.value.where.endswith("mine.toml:4")


@pytest.mark.parametrize(
    "said", [f"{SENSING} = 3", f"{SENSING} = {{ factor = 2 }}", f'{SENSING} = {{ factor = "2", reason = "r" }}',
             f'{SENSING} = {{ factor = 2, reason = "" }}', f'{SENSING} = {{ factor = 2, reason = "r", more = 1 }}']
)  # fmt: skip
def test_what_has_not_the_form_of_a_spread_is_refused(tmp_path: Path, said: str) -> None:
    with pytest.raises((UsageError, ManyErrors), match="spreads"):
        chip_of(tmp_path, said)


def test_spreads_are_a_table(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('inherits = "acortex_gnmt"\nspreads = 3\n')
    with pytest.raises(UsageError, match="spreads is 3"):
        load_chip(file)


def test_only_prices_have_spreads() -> None:
    assert all({*SETTINGS[path].moves} <= {"energy", "area"} for path in load_chip("acortex_gnmt").spreads)
