"""Samples of a run whose constants are drawn: each is the run on that chip, and more samples extend fewer."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble_file
from acortex.sim.chip.area import total_area
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.chip.timing_settings import DELAYS, sha256_of_cycles
from acortex.sim.counted import Counted, counted, limit_of, numbers
from acortex.sim.ledger.flights import Flight
from acortex.sim.run import prepare
from acortex.sim.uncertain import (
    Courses,
    Samples,
    Shares,
    chip_at,
    delays_of,
    drawn,
    draws_of,
    ends_of,
    held,
    lead_of,
    samples_of,
    settled,
)
from acortex.tools.sweep.work import metrics

PROGRAMS = Path(__file__).parents[2] / "programs"
PROGRAM = assemble_file(PROGRAMS / "conv3x3.s")
CHIP = load_chip(PROGRAM.chip)
PRICES = settled(CHIP, DELAYS)


def counts_of(chip: Chip) -> Counted:
    return counted(prepare(PROGRAM, chip), [limit_of(chip)])


def samples(chip: Chip, number: int, draws: int = 1, seed: int = 0) -> Samples:
    """Samples over draws of the chip's delays, each draw a run of its own."""

    def at(shares: Shares) -> Counted:
        return counts_of(chip_at(chip, shares))

    ends = {path: (at(low), at(high)) for path, (low, high) in ends_of(chip).items()}
    middle, _ = ends.pop("")
    return samples_of(chip, Courses([at(one) for one in draws_of(chip, draws, seed)], middle, ends), number, seed)


def overridden(chip: Chip) -> Chip:
    """The chip of the program with the constants of another one, as a user would give them."""
    return load_chip(PROGRAM.chip, [f"{path}={chip.constant(path)}" for path in CHIP.spreads])


def test_a_sample_is_the_run_on_the_chip_with_these_constants() -> None:
    number, draws = 6, 4
    found = samples(CHIP, number, draws, seed=3)
    assert set(found.delays) == set(delays_of(CHIP))
    for at in range(number):
        shares = {path: float(values[at % len(values)]) for path, values in found.shares.items()}
        report = prepare(PROGRAM, overridden(chip_at(CHIP, shares))).time().report
        told = {name: value for name, value in metrics(report).items() if value is not None}
        del told["inferences"], told["energy_aj"]  # no numbers that constants move; the same as energy_j
        assert {name: values[at] for name, values in found.numbers.items()} == told  # exactly


def test_draws_of_delays_are_taken_in_turn() -> None:
    found = samples(CHIP, 9, 4)
    assert {len(found.shares[path]) for path in found.delays} == {4}
    assert found.numbers["cycles"][:4].tolist() * 2 == found.numbers["cycles"][:8].tolist()
    assert found.numbers["cycles"][8] == found.numbers["cycles"][0]


def test_chips_of_the_same_cycles_are_known_and_others_too() -> None:
    still = [path for path in DELAYS if path.startswith(("host.part", "host.operations", "program_erase."))]
    chip = settled(CHIP, [*still, "arrays.settle_ns_per_array"])
    found: dict[str, set[int]] = {}
    for shares in draws_of(chip, 60, 5):
        one = chip_at(chip, {**shares, "memory.read_latency_ns": 0.5, "buses.switch_cycles": 0.5})
        found.setdefault(sha256_of_cycles(one, still), set()).add(counts_of(one).cycles)
    assert all(len(cycles) == 1 for cycles in found.values())
    assert 10 < len(found) < 60  # clocks differ in all of them, and what they make of delays in fewer


@pytest.mark.parametrize("path", [path for path in DELAYS if not path.startswith("program_erase.")])
def test_chips_that_differ_in_a_delay_are_not_said_to_be_alike(path: str) -> None:
    other = load_chip(PROGRAM.chip, [f"{path}={2 * CHIP.constant(path) + 1}"])
    assert sha256_of_cycles(other) != sha256_of_cycles(CHIP)
    # What moves no cycle of a program is left out; settling is a part of a frame, and a clock of everything.
    if path not in ("clock_ns", "arrays.settle_ns_per_array"):
        assert sha256_of_cycles(other, [path]) == sha256_of_cycles(CHIP, [path])


def test_a_run_in_other_cycles_of_the_same_number_costs_the_same_but_for_leakage() -> None:
    faster = load_chip(PROGRAM.chip, ["clock_ns=1.78", "arrays.frame_ns=32", "memory.read_latency_ns=21"])
    one, other = (counts_of(chip) for chip in (CHIP, faster))
    assert one == other or one.plain() | {"late": ""} == other.plain() | {"late": ""}
    assert numbers(faster, one)["latency_s"] < numbers(CHIP, one)["latency_s"]


def test_what_was_counted_is_the_same_after_it_was_kept() -> None:
    found = counts_of(CHIP)
    assert Counted.of_plain(found.plain()) == found
    alone = Counted(5, {}, 0)
    assert Counted.of_plain(alone.plain()) == Counted(5, {}, 0, late={})


@pytest.mark.parametrize(
    ("spans", "cycles", "intervals", "steady"),
    [
        ([(0, 9)], 9, 0, 0),
        ([(0, 9), (5, 20)], 15, 1, 11),  # of two the larger, as a sweep has it
        ([(0, 9), (5, 20), (6, 16)], 10, 2, 11),
        ([(0, 10), (0, 4), (1, 7), (2, 10)], 8, 3, 6),
        ([(0, 9), (3, 9)], 9, 0, 0),  # no two ends apart
    ],
)
def test_inferences_are_counted_as_a_sweep_does(
    monkeypatch: pytest.MonkeyPatch, spans: list[tuple[int, int]], cycles: int, intervals: int, steady: int
) -> None:
    found = [Flight(index, start, end, True) for index, (start, end) in enumerate(spans)]
    monkeypatch.setattr("acortex.sim.counted.flights", lambda *_: found)
    one = counts_of(CHIP)
    assert (one.inference_cycles, one.intervals, one.steady_cycles) == (cycles, intervals, steady)
    assert ("inferences_per_s" in numbers(CHIP, one)) is (intervals > 0)


def test_late_reads_are_those_of_each_limit() -> None:
    chip = load_chip(PROGRAM.chip, ["memory.retention_s=1e-7"])
    found = counted(prepare(PROGRAM, chip), [1, limit_of(chip), 300, 10**9])
    retention = prepare(PROGRAM, chip).time().report.retention
    assert retention is not None and found.late is not None
    assert found.late[limit_of(chip)] == retention.late_reads == numbers(chip, found)["late_reads"] > 0
    assert found.late[1] >= found.late[limit_of(chip)] > found.late[300] > found.late[10**9] == 0


def test_a_chip_that_is_drawn_is_the_one_that_overrides_make() -> None:
    chip = chip_at(CHIP, dict.fromkeys(lead_of(CHIP).values(), 0.25))
    same = overridden(chip)
    assert chip.config == same.config and chip.sha256 == same.sha256 != CHIP.sha256
    assert total_area(chip) == total_area(same)


def test_the_ends_of_spreads_are_reached() -> None:
    for share, end in ((0.0, 0), (1.0, 1)):
        chip = chip_at(CHIP, dict.fromkeys(lead_of(CHIP).values(), share))
        for path, spread in CHIP.spreads.items():
            wanted = spread.ends(CHIP.constant(path))[end]
            assert chip.value(path) == pytest.approx(float(wanted), rel=1e-11)


def test_what_has_no_share_stays_as_it_is() -> None:
    assert chip_at(CHIP, {}).config == CHIP.config
    moved = chip_at(CHIP, {"memory.access_cycles": 1.0})
    changed = {path for path in CHIP.spreads if moved.value(path) != CHIP.value(path)}
    assert changed == {"memory.access_cycles", "memory.bank_cycles"}


@pytest.mark.parametrize("seed", [0, 7])
def test_more_samples_begin_with_the_same_ones(seed: int) -> None:
    few, many = (samples(PRICES, number, seed=seed) for number in (4, 9))
    for name, values in few.numbers.items():
        assert values.tolist() == many.numbers[name][:4].tolist()
    assert draws_of(CHIP, 9, seed)[:4] == draws_of(CHIP, 4, seed)


def test_draws_depend_on_seed_and_constant_alone() -> None:
    assert drawn("energy.array_pj", 3, 0).tolist() == drawn("energy.array_pj", 3, 0).tolist()
    assert drawn("energy.array_pj", 3, 0).tolist() != drawn("energy.array_pj", 3, 1).tolist()
    assert drawn("energy.array_pj", 3, 0).tolist() != drawn("energy.dacs_pj", 3, 0).tolist()


def test_a_draw_is_even_between_0_and_1() -> None:
    values = np.sort(drawn("energy.array_pj", 4000, 0))
    assert np.abs(values - (np.arange(4000) + 0.5) / 4000).max() < 0.03  # Kolmogorov and Smirnov, p = 0.001


def test_constants_that_are_drawn_together_move_together() -> None:
    found = samples(PRICES, 2)
    assert "energy.array_pj" not in found.shares and "energy.sensing_pj" in found.shares
    chip = chip_at(CHIP, {**dict.fromkeys(found.shares, 0.0), "energy.sensing_pj": 1.0})
    assert (chip.value("energy.sensing_pj"), chip.value("energy.array_pj")) == (6.9, 1.29)


def test_where_a_partner_is_given_the_other_is_drawn_alone() -> None:
    chip = settled(load_chip(PROGRAM.chip, ["energy.sensing_pj=5"]), DELAYS)
    assert lead_of(chip)["energy.array_pj"] == "energy.array_pj"
    found = samples(chip, 2)
    assert "energy.array_pj" in found.shares and "energy.sensing_pj" not in found.shares


def test_a_price_that_is_drawn_with_a_delay_is_drawn_with_it_for_time() -> None:
    spreads = {**CHIP.spreads, "energy.dacs_pj": CHIP.spreads["clock_ns"].model_copy(update={"partner": "clock_ns"})}
    chip = CHIP.model_copy(update={"spreads": {path: spreads[path] for path in ("clock_ns", "energy.dacs_pj")}})
    assert delays_of(chip) == ["clock_ns"]
    assert {path: len(one) for path, one in samples(chip, 6, 3).shares.items()} == {"clock_ns": 3}


def test_a_chip_without_spreads_has_no_width_and_names_what_was_held() -> None:
    chip = settled(CHIP, CHIP.spreads)
    found = samples(chip, 3, 2)
    assert all(np.ptp(values) == 0 for values in found.numbers.values())
    assert (found.shares, found.delays) == ({}, frozenset()) and not any(found.moves.values())
    assert {"energy.sensing_pj", "memory.access_cycles", "clock_ns"} <= set(held(chip))
    assert not any("anchor" in path or path == "memory.ports" for path in held(chip))
    assert "arrays.settle_ns_per_array" not in held(chip)  # 0: there is none
    assert not set(CHIP.spreads) & set(held(CHIP))


def test_what_moves_nothing_is_known() -> None:
    found = samples(CHIP, 2, 1).moves
    assert "energy.sensing_pj" in set(found["energy_j"]) - set(found["area_mm2"])
    assert "area.cells_um2" in found["area_mm2"]
    assert "area.port_share" not in set(found["area_mm2"]) | set(found["energy_j"])  # one port
    assert "energy.latches_pj" not in found["energy_j"]  # one set of latches
    assert "host.part_ns" not in found["cycles"]  # the host does no part
    assert set(found["latency_s"]) - set(found["cycles"]) <= {"arrays.frame_ns"}  # the clock, by itself
    low, high = found["latency_s"]["arrays.frame_ns"]
    middle = dict.fromkeys(delays_of(CHIP), 0.5)
    slow = counts_of(one := chip_at(CHIP, {**middle, "arrays.frame_ns": 1.0}))
    assert numbers(one, slow)["latency_s"] == high != low


def test_a_thousand_samples_take_less_than_two_seconds_of_a_processor() -> None:
    courses = Courses([counts_of(CHIP)], counts_of(CHIP), {})
    begin = time.process_time()
    samples_of(PRICES, courses, 1000, 0)
    assert time.process_time() - begin < 2  # 0.4 s on a machine of its own
