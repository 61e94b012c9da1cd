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
from acortex.sim.chip.timing_settings import DELAYS

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


ENDS = """
arrays.frame_ns 23.2 32.4
area.frame_anchor_ns 23.2 32.4 arrays.frame_ns
program_erase.pulse_ns 500 2000
program_erase.verify_ns 33.3333 300
energy.sensing_pj 6.33 6.9
energy.array_pj 1.18 1.29 energy.sensing_pj
energy.dacs_pj 0.945 0.957
energy.leakage_per_array_uw 0.2274 0.2255 energy.leakage_mw
area.cells_um2 3506 3518
area.sensing_um2 2242 2246
area.dacs_um2 651 655
area.others_per_array_um2 1315 1285 area.fixed_mm2
area.program_erase_mm2_per_column 0.2586 0.2598
memory.access_cycles 1 3
memory.bank_cycles 1 3 memory.access_cycles
memory.read_latency_ns 10.71 42.84
energy.memory_access_pj 44.6 52.9
energy.leakage_mw 0.0991 0.1229
energy.memory_leakage_share 0.25 0.75
area.main_memory_mm2_per_mb 6.42 6.44
area.periphery_share 0.1 0.4
clock_ns 1.994 1.763 arrays.frame_ns
arrays.settle_ns_per_array 0 0.1
controller.decode_cycles 1 2
buses.word_cycles 1 2
buses.switch_cycles 2 8
host.word_cycles 1 4
host.part_ns 500 2000
host.operations_per_ns 3.33333 30
vector.step_cycles 1 2
energy.others_access_pj 2.75 4.67
energy.latches_pj 0.1 0.4
energy.conversion_pj 0.0806 0.083 energy.sensing_pj
energy.bus_to_arrays_pj_per_mm 8.07 4.35 energy.bus_from_arrays_pj_per_mm
energy.bus_from_arrays_pj_per_mm 3.84 21.9
energy.store_leakage_share 0.205 0.82
area.neurons_um2_per_column 630 687
area.fixed_mm2 0.818 1.242
area.store_share 0.75 0.99
area.port_share 0.25 1
area.latches_um2 163.5 654
area.lane_um2_per_mm 25600 102400
"""
"""Each constant with the first and the last end of its spread, and what it is drawn with."""


def test_spreads_of_the_published_chips_have_these_ends() -> None:
    """Those that were refitted are derived anew by a slow test; here no digit of a chip file changes unseen."""
    for name in ("acortex_gnmt", "acortex_inception", "acortex_resnet"):
        chip = load_chip(name)
        wanted = {path: ends for path, *ends in map(str.split, ENDS.strip().splitlines())}
        found = {path: [*map(float, one.ends(chip.constant(path)))] for path, one in chip.spreads.items()}
        assert found == {path: pytest.approx([*map(float, ends[:2])], rel=1e-5) for path, ends in wanted.items()}
        assert {path: one.partner for path, one in chip.spreads.items() if one.partner} == {
            path: ends[2] for path, ends in wanted.items() if len(ends) > 2
        }


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
        ('"arrays.overlap_loads" = { factor = 2, reason = "r" }', "arrays.overlap_loads cannot have a spread"),
        ('"memory.retention_s" = { factor = 2, reason = "r" }', "memory.retention_s cannot have a spread"),
        ('"memory.access_cycle" = { factor = 2, reason = "r" }', "memory.access_cycle has a spread, but is no setting"),
        ('"memory.access_cycles" = { from = 3, to = 2, reason = "r" }', "from its larger end to its smaller one"),
        ('"buses.switch_cycles" = { from = 3.5, to = 8, reason = "r" }', "3.5 to 8: allowed is a whole number from 1"),
        ('"buses.word_cycles" = { factor = 2, reason = "r" }', "0.5 to 2: allowed is a whole number from 1"),
        ('"buses.word_cycles" = { from = 1, to = 1025, reason = "r" }', "1 to 1025: allowed is .* 1 to 1024 cycles"),
        ('"clock_ns" = { factor = 10, reason = "r" }', "0.1785 to 17.85: allowed is a number from 0.2"),
        ('"clock_ns" = { from = 2, to = 3, reason = "r" }', "2 to 3, that does not hold its value, 1.785"),
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


@pytest.mark.parametrize("said", ["factor = 2", "from = 1, to = 4"])
def test_a_whole_number_takes_the_whole_numbers_of_its_spread(tmp_path: Path, said: str) -> None:
    path = "memory.access_cycles"
    one = chip_of(tmp_path, f'"{path}" = {{ {said}, reason = "r" }}').spreads[path]
    found = [one.at(2, at / 1000) for at in range(1001)]
    assert found == sorted(found) and set(found) == {1, 2, 3, 4} and all(isinstance(at, int) for at in found)
    widths = [found.count(number) for number in (1, 2, 3, 4)]
    if said.startswith("from"):
        assert max(widths) - min(widths) <= 1
    else:
        assert widths == sorted(widths, reverse=True) and widths[0] > 2 * widths[-1]  # evenly in logarithms


def test_a_whole_number_that_falls_has_its_ends(tmp_path: Path) -> None:
    falling = '"memory.bank_cycles" = { from = 3, to = 1, with = "buses.word_cycles", reason = "r" }'
    one = chip_of(tmp_path, falling).spreads["memory.bank_cycles"]
    assert [one.at(2, share) for share in (0.0, 0.5, 1.0)] == [3, 2, 1]


def test_prices_and_delays_have_spreads_and_no_size_or_count() -> None:
    for path in load_chip("acortex_gnmt").spreads:
        assert SETTINGS[path].is_price != SETTINGS[path].is_delay
    assert not any(one.is_delay for one in SETTINGS.values() if "capacity" in one.moves)


def test_each_delay_of_the_largest_chip_that_is_an_own_choice_has_a_range_but_for_the_ramp() -> None:
    chip = load_chip("acortex_gnmt")
    own = {path for path in DELAYS if chip.sources[path].startswith("own choice")}
    assert own - set(chip.spreads) == {"neurons.cycles_per_step"}
