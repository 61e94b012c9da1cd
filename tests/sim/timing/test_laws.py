"""Laws of time and energy that hold for every program, on random ones."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from acortex.isa.codec import decode, encode
from acortex.isa.operands import NO_LOOP
from acortex.isa.program import Program
from acortex.sim.chip.clock import Clock
from acortex.sim.chip.specs import Chip, Section
from acortex.sim.run import Result, run
from acortex.sim.timing.wiring import unit_paths
from judge.compare import Notes
from judge.generate import generate
from judge.plans import Case
from judge.stepped import simulate

SEEDS = range(6)
PRICES: dict[str, set[str]] = {
    "memory_access_pj": {"main_memory"},
    "others_access_pj": {"others"},
    "sensing_pj": {"sensing"},
    "array_pj": {"arrays"},
    "dacs_pj": {"dacs"},
    "conversion_pj": {"neurons_adcs"},
    "bus_to_arrays_pj_per_mm": {"buses", "dacs"},  # a broadcast word crosses arrays, which is in the DACs' price
    "bus_from_arrays_pj_per_mm": {"buses"},
}
"""Prices of events, with the components that each is part of."""


@cache
def case_of(seed: int) -> Case:
    return generate(seed)


@cache
def result_of(seed: int) -> Result:
    case = case_of(seed)
    return run(case.program, case.chip, inputs=case.inputs)


def changed(chip: Chip, section: str, **settings: Any) -> Chip:
    """A chip with some settings of one section changed."""
    return chip.model_copy(update={section: getattr(chip, section).model_copy(update=settings)})


def rerun(case: Case, chip: Chip) -> dict[str, Any]:
    return run(case.program, chip, inputs=case.inputs, values=False).report


# Energy ---------------------------------------------------------------------------------------------------------------


@pytest.mark.sampled(16)
@pytest.mark.parametrize("price", PRICES)
@pytest.mark.parametrize("seed", SEEDS)
def test_doubling_a_price_adds_what_it_made_and_nothing_else(seed: int, price: str) -> None:
    case = case_of(seed)
    chip = changed(case.chip, "energy", **{price: 0})
    none = rerun(case, chip)["energy_by_component_aj"]
    once = result_of(seed).report["energy_by_component_aj"]
    twice = rerun(case, changed(case.chip, "energy", **{price: 2 * getattr(case.chip.energy, price)}))
    found = twice["energy_by_component_aj"]
    words = sum(value for name, value in result_of(seed).report["counts"].items() if name != "bus_words")
    for name in once:
        if name in PRICES[price]:  # each price is rounded once to whole attojoules
            assert abs((found[name] - once[name]) - (once[name] - none[name])) <= words
        else:
            assert found[name] == once[name] == none[name]


@pytest.mark.parametrize("seed", range(12))
def test_arrays_that_no_program_uses_add_only_leakage(seed: int) -> None:
    case = case_of(seed)
    if case.chip.buses.segment_capacity != 1:
        pytest.skip("is for chips whose bus segments carry one group")
    chip = changed(case.chip, "energy", bus_to_arrays_pj_per_mm=Decimal(0), bus_from_arrays_pj_per_mm=Decimal(0))
    chip = changed(changed(chip, "neurons", adcs_per_column=1), "memory", ports=1)
    chip = changed(changed(chip, "buses", down_lanes=1, up_lanes=1), "arrays", overlap_loads=False)
    # What is added to do more at once leaks as its own area does.
    chip = changed(chip, "arrays", broadcast_loads=False, loads_per_cycle=1, frame_ns=Decimal(32))
    once, found = rerun(case, chip), rerun(case, changed(chip, "arrays", n=2 * chip.arrays.n))
    leaks_aj = chip.energy.leakage_per_array_uw * chip.clock_ns * 1000 * chip.array_count
    before, after = once["energy_by_component_aj"], found["energy_by_component_aj"]
    assert found["cycles"] == once["cycles"]
    assert {name for name in before if before[name] != after[name]} == {"leakage"}
    assert after["leakage"] - before["leakage"] == pytest.approx(float(leaks_aj) * once["cycles"], abs=once["cycles"])


# Time -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_clock_scales_nothing_but_seconds_where_delays_are_cycles(seed: int) -> None:
    """All delays that a chip file gives in nanoseconds, and the clock with them: no cycle changes."""
    case = case_of(seed)
    chip = case.chip.model_copy(update={"clock_ns": case.chip.clock_ns * 3})
    arrays = {name: 3 * getattr(chip.arrays, name) for name in ("frame_ns", "settle_ns_per_array")}
    chip = changed(changed(chip, "arrays", **arrays), "memory", read_latency_ns=3 * chip.memory.read_latency_ns)
    writing = {name: 3 * getattr(chip.program_erase, name) for name in ("pulse_ns", "verify_ns")}
    found, once = rerun(case, changed(chip, "program_erase", **writing)), result_of(seed).report
    for key in ("cycles", "counts", "utilisation", "waits"):
        assert found[key] == once[key]
    assert found["setup"]["cycles"] == once["setup"]["cycles"]
    assert found["latency_s"] == pytest.approx(3 * once["latency_s"])


SLOWER = 3
"""By how much all delays are multiplied."""
ONE_CYCLE = {"sync", "buffer.slide", "vmm.load"}
"""Kinds of events whose length is no setting: one cycle, or one for so many arrays."""
DELAYS = {
    "controller": ("decode_cycles",),
    "memory": ("access_cycles", "bank_cycles"),
    "buses": ("word_cycles", "switch_cycles"),
    "neurons": ("cycles_per_step",),
    "vector": ("step_cycles",),
    "host": ("word_cycles",),
}
"""All settings that are delays in cycles."""


def whole(chip: Chip) -> Chip:
    """The chip with its delays in nanoseconds rounded up to whole cycles: k times as long is k times as many."""
    clock = Clock(chip.clock_ns)

    def up(ns: Decimal) -> Decimal:
        return clock.cycles(ns) * chip.clock_ns

    arrays = {name: up(getattr(chip.arrays, name)) for name in ("frame_ns", "settle_ns_per_array")}
    return changed(changed(chip, "arrays", **arrays), "memory", read_latency_ns=up(chip.memory.read_latency_ns))


def slower(chip: Chip, times: int) -> Chip:
    """A chip of whole cycles with every delay of a run multiplied; the clock stays."""
    for section, names in DELAYS.items():
        chip = changed(chip, section, **{name: times * getattr(getattr(chip, section), name) for name in names})
    arrays = {name: times * getattr(chip.arrays, name) for name in ("frame_ns", "settle_ns_per_array")}
    return changed(changed(chip, "arrays", **arrays), "memory", read_latency_ns=times * chip.memory.read_latency_ns)


def test_every_setting_in_cycles_is_a_delay_of_the_law() -> None:
    chip = case_of(0).chip
    sections = {name: type(value).model_fields for name, value in chip if isinstance(value, Section)}
    found = {name: tuple(field for field in fields if "cycles" in field) for name, fields in sections.items()}
    assert {name: fields for name, fields in found.items() if fields} == DELAYS


@pytest.mark.parametrize("seed", SEEDS)
def test_all_delays_and_hand_overs_times_k_put_everything_at_k_times_its_cycle(seed: int) -> None:
    """Exact, for nothing takes a time of its own. Only the stepped judge can make its hand-overs longer than a cycle.

    Of the chip, whose hand-overs stay one cycle, not even "at most k times the cycles" holds: which of two clients asks
    the arbiter first turns on them, and a client that is served later can hold up all that follows.
    """
    case, chip, told = case_of(seed), whole(case_of(seed).chip), Notes(unit_paths(case_of(seed).chip))
    cycles = run(case.program, chip, inputs=case.inputs, values=False, observers=[told]).cycles
    _, found, stepped = simulate(case.program, slower(chip, SLOWER), case.inferences, cycle=SLOWER)
    assert found == SLOWER * cycles
    for mine, other in ((told.events, stepped.events), (told.waits, stepped.waits)):
        assert Counter((SLOWER * start, SLOWER * length, *what) for start, length, *what in mine) == Counter(other)


@pytest.mark.parametrize("seed", SEEDS)
def test_all_delays_times_k_make_each_event_k_times_as_long(seed: int) -> None:
    case, chip = case_of(seed), whole(case_of(seed).chip)
    once, found = Notes(unit_paths(chip)), Notes(unit_paths(chip))
    run(case.program, chip, inputs=case.inputs, values=False, observers=[once])
    run(case.program, slower(chip, SLOWER), inputs=case.inputs, values=False, observers=[found])

    def lasting(notes: Notes, times: int) -> Counter[tuple[object, ...]]:
        """All events but when they begin, and by which of several equal lanes a word went."""
        return Counter(
            (length * (1 if kind in ONE_CYCLE else times), unit.rstrip("0123456789"), kind, *what)
            for _, length, unit, kind, *what in notes.events
        )

    assert lasting(found, 1) == lasting(once, SLOWER)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_host_alone_scales_with_its_delay(seed: int) -> None:
    """Of all delays those of the host can be told apart: each of its words is busy k times as long, no other unit."""
    case, once = case_of(seed), result_of(seed).report
    chip = changed(case.chip, "host", word_cycles=5 * case.chip.host.word_cycles)
    found = rerun(case, chip)
    words = once["counts"]["host_words.in"] + once["counts"]["host_words.out"]
    busy = [sum(row["utilisation"][unit]["busy"] for unit in ("host/in", "host/out")) for row in (once, found)]
    added = busy[1] - busy[0]
    assert added == 4 * case.chip.host.word_cycles * words
    others = [unit for unit in once["utilisation"] if not unit.startswith("host")]
    assert all(found["utilisation"][unit]["busy"] == once["utilisation"][unit]["busy"] for unit in others)
    assert found["counts"] == once["counts"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_is_no_shorter_than_its_busiest_unit(seed: int) -> None:
    report = result_of(seed).report
    assert report["cycles"] >= max(row["busy"] for row in report["utilisation"].values())


@pytest.mark.parametrize("seed", SEEDS)
def test_every_cycle_of_every_unit_is_accounted_for_once(seed: int) -> None:
    report = result_of(seed).report
    assert {sum(row.values()) for row in report["utilisation"].values()} == {report["cycles"]}


def lives(accesses: list[tuple[int, int, bool, int]], cycles: int) -> list[tuple[int, int]]:
    """From when to when each value in memory is live: its write, and the cycle after its last read.

    `accesses` are (cycle, word, whether it writes, pc). A value that is never read is live up to the next write to its
    word, or to the end of the run.
    """
    found: list[list[int]] = []
    last: dict[int, list[int]] = {}
    for cycle, word, writes, _ in sorted(accesses, key=lambda access: (access[0], not access[2])):
        if not writes:
            last[word][1] = cycle + 1
            continue
        if word in last and last[word][1] < 0:
            last[word][1] = cycle
        last[word] = [cycle, -1]
        found.append(last[word])
    return [(start, cycles if end < 0 else end) for start, end in found]


@pytest.mark.parametrize("seed", SEEDS)
def test_occupancy_integrates_to_residence(seed: int) -> None:
    """The words live in each cycle, over all cycles, are the cycles that each word stays, over all words: exactly."""
    case, memory = case_of(seed), result_of(seed).report["memory"]
    _, cycles, stepped = simulate(case.program, case.chip, case.inferences)
    values = lives(stepped.accesses, cycles)
    curve = [sum(start <= cycle < end for start, end in values) for cycle in range(cycles)]
    residence = sum(end - start for start, end in values)
    assert sum(curve) == residence > 0
    assert memory["mean_words"] == residence / cycles
    assert (memory["peak_words"], memory["peak_cycle"]) == (max(curve), curve.index(max(curve)))
    assert memory["peak_words"] <= memory["written_words"] <= memory["capacity_words"]


# What must not matter -------------------------------------------------------------------------------------------------

_RENAMED = {"token": 63, "quantiser": 63, "then": 63, "other": 63, "gates": 63, "stream": 31, "window": 7}
"""Registers by operand, with the largest number: n becomes that less n."""


def renamed(program: Program) -> Program:
    """The program with other numbers for all registers, tokens and loops."""
    words = program.words.copy()
    for place, word in enumerate(words):
        instruction = decode(int(word))
        values = dict(instruction.values)
        for name in values:
            if name in _RENAMED and not (name == "then" and not values["every"]):
                values[name] = _RENAMED[name] - values[name]
            of_lag = instruction.row.mnemonic == "lag" and name in ("register", "of")
            if name == "loop" or of_lag or (name == "by" and values[name] != NO_LOOP):
                values[name] = 7 - values[name]
        words[place] = encode(instruction.row, values)
    return Program(**{**vars(program), "words": words})


@pytest.mark.parametrize("seed", SEEDS)
def test_names_of_registers_and_tokens_change_nothing(seed: int) -> None:
    case, once = case_of(seed), result_of(seed)
    again = run(renamed(case.program), case.chip, inputs=case.inputs)
    assert {**again.report, "program": None} == {**once.report, "program": None}
    assert all((again.outputs[name] == once.outputs[name]).all() for name in once.outputs)


@pytest.mark.parametrize("seed", SEEDS)
def test_values_change_no_time(seed: int) -> None:
    assert rerun(case_of(seed), case_of(seed).chip) == {**result_of(seed).report, "accuracy": None}


class Events:
    """Keeps all that a run tells."""

    def __init__(self) -> None:
        self.events: list[tuple[int, ...]] = []
        self.waits: list[tuple[int, ...]] = []

    def emit(self, *event: int) -> None:
        self.events.append(event)

    def wait(self, *interval: int) -> None:
        self.waits.append(interval)


def waits_before(limit: int, heard: Events) -> Counter[tuple[int, ...]]:
    """The parts of waits that lie before a cycle."""
    rows = heard.waits
    return Counter((start, min(duration, limit - start), *of) for start, duration, *of in rows if start < limit)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_cut_short_is_the_beginning_of_the_whole(seed: int) -> None:
    case, whole, part = case_of(seed), Events(), Events()
    run(case.program, case.chip, inputs=case.inputs, values=False, observers=[whole])
    limit = result_of(seed).cycles // 2
    run(case.program, case.chip, inputs=case.inputs, values=False, observers=[part], max_cycles=limit)
    granted = {event for event in part.events if event[0] < limit}
    assert granted == {event for event in whole.events if event[0] < limit}
    assert Counter(part.events) - Counter(whole.events) == Counter()
    assert waits_before(limit, part) == waits_before(limit, whole)


@pytest.mark.parametrize("seed", SEEDS)
def test_tokens_made_are_tokens_taken(seed: int) -> None:
    told = Events()
    case = case_of(seed)
    run(case.program, case.chip, inputs=case.inputs, values=False, observers=[told])
    of = Counter(decode(int(case.program.words[event[5]])).row.mnemonic for event in told.events)
    assert of["signal"] == of["await"]
