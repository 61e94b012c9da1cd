"""A run that is snapshotted anywhere and restored into a new chip goes on as it would have."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Generator, Iterator
from functools import cache
from typing import Any

import pytest
import simpy
from timed_chips import NAMES, Kept, Runs, of_ours

from acortex.errors import AcortexError, UsageError
from acortex.isa.container import sha256
from acortex.isa.sequencer import Sequencer
from acortex.sim.functional.executor import Functional
from acortex.sim.lockstep import Lockstep
from acortex.sim.timing.canonical import Plan
from acortex.sim.timing.kernel import RANK_BITS
from acortex.sim.timing.processes import Handle
from acortex.sim.timing.snapshot import NEVER, Roles, Snapshot, roles_of
from acortex.sim.timing.wiring import TimedChip
from acortex.sim.tracing import Tracing
from judge.generate import generate

BUSY = [
    "memory.ports=2", "memory.banks=3", "memory.bank_cycles=5", "memory.access_cycles=2", "buses.down_lanes=2",
    "arrays.overlap_loads=true", "controller.queue_depth=2", "vector.queue_words=4", "buffer.windows=2",
]  # fmt: skip
"""Settings under which more is in flight at once, and more has to wait."""

Stop = Callable[[TimedChip], object]


@cache
def ours(name: str, busy: bool = False) -> Runs:
    """A program of the repository, on its chip or on a busy one."""
    return of_ours(name, BUSY if busy else [])


@cache
def whole(runs: Runs) -> tuple[Any, Any]:
    """The rows and the report of a run that nothing interrupts."""
    kept = Kept()
    chip = runs.new([kept])
    cycles = chip.run()
    return kept.rows, runs.report(chip, cycles)


def stops(runs: Runs, count: int, seed: object) -> Iterator[Stop]:
    """Points of a run at random: some by cycle, some by steps of the event loop."""
    chance, cycles = random.Random(str(seed)), whole(runs)[1]["cycles"]
    for number in range(count):
        if number % 2:
            steps = chance.randrange(1, 1 + min(cycles, 400))
            yield lambda chip, steps=steps: [chip.step() for _ in range(steps)]  # type: ignore[misc]
        else:
            cycle = chance.randrange(cycles + 2)
            yield lambda chip, cycle=cycle: chip.advance(cycle)  # type: ignore[misc]


def ends(runs: Runs, stop: Stop) -> list[tuple[Any, Any]]:
    """The rows and the report of a run that goes on in a new chip where it stopped, and of one that goes on itself."""
    kept, again = Kept(), Kept()
    first = runs.new([kept])
    stop(first)
    taken = first.snapshot()
    again._events, again._waits = list(kept._events), list(kept._waits)
    second = runs.new([again])
    second.restore(taken)
    assert second.snapshot() == taken
    found = []
    for chip, rows in ((second, again), (first, kept)):
        cycles = chip.run()
        found.append((rows.rows, runs.report(chip, cycles)))
    return found


@pytest.mark.sampled(8)
@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_every_program_of_ours_goes_on(name: str, busy: bool) -> None:
    for stop in stops(ours(name, busy), 6, (name, busy)):
        assert ends(ours(name, busy), stop) == [whole(ours(name, busy))] * 2


@cache
def drawn(seed: int) -> Runs:
    """A random program."""
    case = generate(seed)
    return Runs(case.program, case.chip, case.inferences)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(12))
def test_random_programs_go_on(seed: int) -> None:
    runs = drawn(seed)
    for stop in stops(runs, 4, seed):
        assert ends(runs, stop) == [whole(runs)] * 2


@pytest.mark.slow
@pytest.mark.parametrize("first", range(12, 112, 20))
def test_many_random_programs_go_on(first: int) -> None:
    for seed in range(first, first + 20):
        runs = drawn(seed)
        for stop in stops(runs, 6, seed):
            assert ends(runs, stop) == [whole(runs)] * 2


def test_a_snapshot_in_every_cycle_goes_on() -> None:
    runs = of_ours("vmm", BUSY, inferences=1)
    for cycle in range(whole(runs)[1]["cycles"] + 1):
        stop: Stop = lambda chip, cycle=cycle: chip.advance(cycle)  # type: ignore[misc]  # noqa: E731
        assert ends(runs, stop) == [whole(runs)] * 2


@pytest.mark.parametrize("name", ["vmm", "residual"])
def test_the_trace_of_a_restored_run_is_that_of_the_whole_to_the_byte(name: str, tmp_path: Any) -> None:
    runs = ours(name)

    def traced(interrupt: bool) -> bytes:
        path = tmp_path / f"{interrupt}.actrace"
        writer = Tracing(path).begin(runs.program, runs.chip, sha256(runs.program))
        chip = runs.new([writer])
        if interrupt:
            chip.advance(50)
            taken, chip = chip.snapshot(), runs.new([writer])
            chip.restore(taken)
        cycles = chip.run()
        writer.finish({"cycles": cycles})
        return path.read_bytes()

    assert traced(True) == traced(False)


@pytest.mark.parametrize("name", ["residual", "conv3x3", "in_flight"])
def test_restored_elsewhere_in_time_all_is_the_same_but_later(name: str) -> None:
    runs, later = ours(name, True), 1_000_003
    for cycle in (40, 90, 170):
        kept, shifted = Kept(), Kept()
        first = runs.new([kept])
        first.advance(cycle)
        taken = first.snapshot()
        before = [len(rows) for rows in kept.rows]
        second = runs.new([shifted])
        second.restore(taken, cycle + later)
        assert second.run() == first.run() + later
        for all_rows, rows, seen in zip(kept.rows, shifted.rows, before, strict=True):
            assert [[row[0] - later, *row[1:]] for row in rows] == all_rows[seen:]


def test_a_limit_of_cycles_holds_for_a_restored_run() -> None:
    runs = ours("vmm")
    limited, kept, again = runs.new([kept := Kept()]), kept, Kept()
    end = limited.run(150)
    first = runs.new([again])
    first.advance(60)
    second = runs.new([again])
    second.restore(first.snapshot())
    assert (second.run(150), again.rows) == (end, kept.rows)


@pytest.mark.parametrize("name", ["in_flight", "residual", "lstm_step"])
def test_a_limit_that_units_have_kept_holds_and_another_is_refused(name: str) -> None:
    """Units run ahead: what has begun in a cycle or after it cannot be taken back."""
    runs, met = of_ours(name, inferences=1), {True: 0, False: 0}
    end = whole(runs)[1]["cycles"]
    for limit in range(25, end, max(7, end // 20)):
        for back in (0, 1, 5, 40):
            kept, limited = Kept(), Kept()
            chip, fresh = runs.new([kept]), runs.new([limited])
            chip.advance(max(limit - back, 0))
            try:
                cycles = chip.run(limit)
            except UsageError as error:
                assert re.match(
                    rf"run\({limit}\): the units of the chip are ahead of cycle {limit}, allowed", str(error)
                )
            else:
                assert runs.report(chip, cycles) == runs.report(fresh, fresh.run(limit))
                assert [sorted(rows) for rows in kept.rows] == [sorted(rows) for rows in limited.rows]
            met[chip.stopped] += 1
    assert min(met.values()) > 3


def test_a_limit_of_the_past_is_refused() -> None:
    chip = ours("vmm").new()
    chip.advance(100)
    with pytest.raises(UsageError, match=r"run\(50\): the units of the chip are ahead of cycle 50"):
        chip.run(50)
    assert chip.now == 100
    assert chip.run() == whole(ours("vmm"))[1]["cycles"]


# What a snapshot holds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_attribute_has_one_role(name: str) -> None:
    def idles(chip: Handle) -> Generator[simpy.Event, Any, None]:
        yield chip.env.timeout(1)

    chip = ours(name, True).new([Kept()], record=True, processes=[idles])
    chip.advance(100)
    for path, part in chip.parts().items():
        known = roles_of(type(part)).names()
        slots = [slot for kind in type(part).__mro__ for slot in getattr(kind, "__slots__", ())]
        assert len(known) == len(set(known)), f"{path}: an attribute has two roles"
        assert {*getattr(part, "__dict__", {}), *slots} <= set(known), f"{path}: an attribute has no role"


def test_a_kernel_and_a_chip_hold_no_state_of_their_own_beside_what_a_snapshot_has() -> None:
    """The queue follows from the alarms, `soon` is found anew at each step, and the others are set as a run begins."""
    queue = {"queue", "_by_place", "_units", "armed"}
    kernel = {"alarms", *queue, "soon", "over", "limit", "cycle", "_here", "_steps_here"}
    chip = ours("vmm", True).new()
    chip.advance(100)
    assert {*vars(chip.kernel)} - {*vars(simpy.Environment())} <= kernel
    dues = [alarm.due for alarm in chip.kernel.alarms if alarm.due != NEVER]
    assert chip.kernel.armed == min(dues) == min(chip.kernel.queue) >> RANK_BITS
    settled = {
        "chip",
        "kernel",
        "tally",
        "tokens",
        "agents",
        "controller",
        "units",
        "groups",
        "skipper",
        "_walk",
        "_first",
    }  # made once; parts among them
    wired = {"_channels", "_sequencer", "_site", "_number", "_processes", "_fabric", "_down", "_up", "_traffic"}
    wired |= {"_frames", "_vectors", "_samples", "_alarms", "_probe"}
    assert {*vars(chip)} == {*settled, *wired, "stopped", "interrupted", "_began"}


def test_every_attribute_of_a_sequencer_is_state_or_a_setting() -> None:
    runs = ours("vmm")
    sequencer = Sequencer(runs.program, 1)
    sequencer.step()
    assert {*vars(sequencer)} == {*Sequencer.STATE, "program", "inferences", "_decoded", "_counted", "_row"}


def plain(value: object) -> bool:
    """Whether a value changes no more: nothing in it is a list, a dictionary, or a part of a chip."""
    if isinstance(value, tuple) and type(value) is tuple:
        return all(plain(one) for one in value)
    return not isinstance(value, (list, dict, set)) and not hasattr(value, "roles")


def test_a_snapshot_is_plain_and_does_not_change_as_its_chip_goes_on() -> None:
    runs = ours("in_flight", True)
    chip, other = runs.new(), runs.new()
    chip.advance(120)
    other.advance(120)
    taken = chip.snapshot()
    assert plain(taken.state) and plain(taken.sums)
    chip.run()
    assert taken == other.snapshot()


def test_states_of_the_same_point_of_two_turns_are_equal_without_their_past() -> None:
    """In a row of a convolution the state repeats, but for what is left of instructions: so periods can be found."""
    runs = of_ours("conv3x3", inferences=1)
    states: dict[Any, int] = {}
    chip, repeats = runs.new(), 0
    for cycle in range(200, 400):
        chip.advance(cycle)
        left = Plan(chip.parts(), ()).take(chip.now, 0).strict  # all but what counts down
        repeats += left in states
        states[left] = cycle
    assert repeats > 50


def test_a_chip_that_has_begun_or_is_another_restores_nothing() -> None:
    taken = ours("vmm").new().snapshot()
    begun = ours("vmm").new()
    begun.advance(3)
    with pytest.raises(UsageError, match="restored into a new chip of the same kind"):
        begun.restore(taken)
    with pytest.raises(UsageError, match="restored into a new chip of the same kind"):
        ours("vmm", True).new().restore(taken)


@pytest.mark.parametrize("settings", [["memory.access_cycles=2"], ["host.word_cycles=3"]])
def test_a_chip_with_other_settings_restores_nothing(settings: list[str]) -> None:
    with pytest.raises(UsageError, match="restored into a new chip of the same kind"):
        of_ours("vmm", settings).new().restore(ours("vmm").new().snapshot())


def test_a_chip_with_another_program_or_other_inferences_restores_nothing() -> None:
    taken = ours("vmm").new().snapshot()
    for other in (of_ours("vmm", inferences=2), ours("tall_vmm")):
        with pytest.raises(UsageError, match="restored into a new chip of the same kind"):
            other.new().restore(taken)
    of_ours("vmm").new().restore(taken)  # made anew, and equal


@pytest.mark.parametrize("record", [True, False])
def test_a_chip_that_records_restores_only_what_one_recorded(record: bool) -> None:
    taken = ours("residual").new(record=record).snapshot()
    ours("residual").new(record=record).restore(taken)
    with pytest.raises(UsageError, match="restored into a new chip of the same kind"):
        ours("residual").new(record=not record).restore(taken)


@pytest.mark.parametrize("cycle", [-1, 0, 99, NEVER])
def test_a_snapshot_is_not_restored_in_a_cycle_before_its_own(cycle: int) -> None:
    """What it has begun would have begun before cycle 0."""
    chip = ours("vmm").new()
    chip.advance(100)
    with pytest.raises(UsageError, match=f"restore: cycle is {cycle}, allowed is 100 to"):
        ours("vmm").new().restore(chip.snapshot(), cycle)


def test_a_run_with_a_limit_has_no_snapshot() -> None:
    runs = ours("vmm")
    lockstep = Lockstep(runs.program, 1, Functional(runs.program, runs.chip, 1, None))
    with pytest.raises(UsageError, match="a run with a limit of cycles has no snapshot"):
        TimedChip(runs.chip, lockstep, runs.groups).snapshot()


def test_a_chip_does_not_go_back() -> None:
    chip = ours("vmm").new()
    chip.advance(30)
    with pytest.raises(UsageError, match="in cycle 30 already"):
        chip.advance(29)
    chip.advance(30)
    assert chip.now == 30


# Nothing is there in vain ---------------------------------------------------------------------------------------------

CROWDED = (*BUSY, "memory.access_cycles=6", "memory.bank_cycles=6")

WITNESSES: dict[str, tuple[str | int, int]] = {
    "Alarm.due": ("vmm", 20),
    "Alarm.floor": ("in_flight", 53),
    "Unit.since": ("vmm", 20),
    "Unit.cause": ("vmm", 20),
    "Agent.current": ("vmm", 20),
    "Agent.remaining": ("vmm", 20),
    "Channel._room": ("vmm", 20),
    "Channel._items": ("vmm", 20),
    "Channel._freed": ("vmm", 20),
    "Channel._empty": ("vmm", 20),
    "Channel._full": ("vmm", 53),
    "Tokens._channels": ("vmm", 20),
    "Frame._expected": ("vmm", 53),
    "Frame._held": ("in_flight", 53),
    "Frame._outstanding": (2, 231),
    "Frame._watcher": (8, 1641),
    "Frame._drained_from": (24, 747),
    "Fabric.port_free": (5, 2171),
    "Fabric._banks": ("pooling", 515),
    "Fabric._ports": ("residual, crowded", 2299),
    "DataBus.free_from": (2, 375),
    "DataBus._next": ("pipeline, crowded", 1071),
    "DataBus._free_at": (19, 408),
    "Controller._stopped": (0, 2658),
    "Buffer._held": (373, 70),
    "Neurons._round": (136, 1014),
}
"""For each field of the state a program, by its name or its seed, and a cycle in which that value is missed."""

NEVER_MISSED = {
    "Vector._arrived": "a word is worked on in the very step in which it is granted the bus: all else is there",
}
"""Fields that are the same in a new chip wherever a step of the event loop ends, but for a run at its limit."""


def fields(chip: TimedChip) -> dict[str, str]:
    """The class and attribute that each value of a state is of, by its name in the snapshot."""
    found = {}
    for path, part in chip.parts().items():
        for attribute in roles_of(type(part)).state:
            owner = next(kind for kind in type(part).__mro__ if attribute in vars(kind).get("roles", Roles()).state)
            found[f"{path}.{attribute}"] = f"{owner.__name__}.{attribute}"
    return found


def test_every_field_of_the_state_has_a_witness() -> None:
    known = {*WITNESSES, *NEVER_MISSED}
    for name in NAMES:
        assert set(fields(ours(name, True).new()).values()) <= known


def witness(program: str | int) -> Runs:
    if isinstance(program, int):
        return drawn(program)
    name, _, crowded = program.partition(", ")
    return of_ours(name, CROWDED) if crowded else ours(name, True)


@pytest.mark.parametrize("field", WITNESSES)
def test_a_field_that_is_lost_is_missed(field: str) -> None:
    program, cycle = WITNESSES[field]
    runs = witness(program)
    chip = runs.new([Kept()])
    chip.advance(cycle)
    taken, fresh = chip.snapshot(), dict(runs.new().snapshot().state)
    of = fields(chip)
    names = [name for name, value in taken.state if of.get(name) == field and value != fresh[name]]
    assert any(lost(runs, taken, name, fresh) for name in names), "find another program or cycle that misses it"


def lost(runs: Runs, taken: Snapshot, name: str, fresh: dict[str, Any]) -> bool:
    """Whether a run that goes on without one value of its state, or with that of a new chip, differs."""
    kept = Kept()
    chip = runs.new([kept])
    state = tuple((one, fresh[one] if one == name else value) for one, value in taken.state)
    try:
        chip.restore(Snapshot(taken.cycle, state, taken.sums))
        cycles = chip.run()
    except (AssertionError, IndexError, KeyError, TypeError, AttributeError, AcortexError):
        return True
    return bool(runs.report(chip, cycles) != whole(runs)[1])
