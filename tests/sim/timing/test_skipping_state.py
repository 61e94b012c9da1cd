"""The canonical state of a chip is all that decides how its run goes on; without a part of it a run is another."""

from __future__ import annotations

from functools import cache

import pytest
from timed_chips import NAMES, Runs, of_ours

from acortex.sim.timing.canonical import KNOWN, Plan
from acortex.sim.timing.channel import CHANNELS, Channel
from acortex.sim.timing.kernel import Alarm
from acortex.sim.timing.looks import Look
from acortex.sim.timing.snapshot import Kind, Roles, roles_of
from judge.aimed import BUSY, CONTENDED, REPEATING
from judge.blind import Reborn, missed, parts_of, reborn
from judge.skips import Seen, cases, differences, runs_of, seen

CHIPS: dict[str, tuple[str, ...]] = {
    "usual": (),
    "busy": BUSY,
    "contended": CONTENDED,
    "crowded": (*BUSY, "memory.access_cycles=6", "memory.bank_cycles=6"),
}


@cache
def program(name: str) -> tuple[Runs, Seen]:
    """A program by its name: one of ours with its chip, or that of a seed; and the run that skips nothing."""
    kind, _, chip = name.partition(" ")
    runs = REPEATING[name].runs() if name in REPEATING else of_name(kind, chip)
    return runs, seen(runs, False)


def of_name(kind: str, chip: str) -> Runs:
    """One of our programs on a chip, or the random program of a seed."""
    runs = runs_of(next(cases(int(chip)))) if kind == "seed" else of_ours(kind, CHIPS[chip], 2)
    assert runs is not None
    return runs


# All that decides is in it --------------------------------------------------------------------------------------------


def test_every_kind_of_state_has_a_canonical_form() -> None:
    chip = of_ours("vmm", BUSY).new(skip=True)
    for path, part in chip.parts().items():
        if not isinstance(part, (Channel, Alarm)):
            kinds = {kind.name for kind in roles_of(type(part)).state.values() if kind is not CHANNELS}
            assert kinds <= KNOWN, path


def test_a_kind_without_a_canonical_form_fails_as_a_chip_is_built() -> None:
    kind = Kind("colour", lambda value, frame: value, lambda plain, frame: plain)

    class Painted:
        roles = Roles(state={"colour": kind})

    with pytest.raises(AssertionError, match=r"Painted.colour has a kind of state without a canonical form"):
        Plan({"painted": Painted()}, [])


def test_every_field_of_the_state_is_in_the_plan_once() -> None:
    chip = of_ours("residual", BUSY).new(skip=True)
    words = [chip.parts()[name] for name in ("words", "operand", "codes", "results")]
    plan = Plan(chip.parts(), words)
    for path, part in chip.parts().items():
        if isinstance(part, Channel):
            assert sum(part is one for one in (*plan.channels, *plan.words)) == 1, path
        elif isinstance(part, Alarm):
            assert sum(part is one for one in plan.alarms) == 1, path
        else:
            names = [name for rows in plan._read.values() for one, _, name in rows if one is part]
            names += ["_channels" for one in plan._tokens if one is part]
            assert sorted(names) == sorted(roles_of(type(part)).state), path


@pytest.mark.parametrize("name", sorted(REPEATING)[:6])
def test_a_queue_that_has_not_changed_has_the_form_that_it_has_anew(name: str) -> None:
    chip = REPEATING[name].runs().new(skip=True)
    assert chip.skipper is not None
    subject, skip, looks = chip.skipper._subject, chip.skipper._skip, 0

    def check(look: Look) -> None:
        nonlocal looks
        looks += 1
        anew = Plan(subject.parts, subject.words).take(subject.kernel.cycle, subject.walk.serial)
        assert look.state == anew
        skip(look)

    chip.skipper._skip = check  # type: ignore[method-assign]
    chip.run()
    assert looks > 5


@pytest.mark.sampled(12)
@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("name", NAMES)
def test_a_chip_that_is_set_up_anew_at_each_look_goes_on_alike(name: str, chip: str) -> None:
    """It looks after each event of most agents and each instruction, and forgets all but its canonical state."""
    runs, whole = program(f"{name} {chip}")
    with reborn():
        assert differences(whole, seen(runs, True, eager=True)) == []


@pytest.mark.sampled(9)
@pytest.mark.parametrize("name", REPEATING)
def test_what_aims_goes_on_alike_as_it_is_set_up_anew(name: str) -> None:
    runs = REPEATING[name].runs(*CONTENDED)
    with reborn():
        assert differences(seen(runs, False), seen(runs, True, eager=True)) == []


@pytest.mark.sampled(5)
@pytest.mark.parametrize("seed", range(24))
def test_random_programs_go_on_alike_as_they_are_set_up_anew(seed: int) -> None:
    for case in cases(seed):
        runs = runs_of(case)
        if runs is not None:
            with reborn():
                assert differences(seen(runs, False), seen(runs, True, eager=True)) == []


def test_a_chip_is_set_up_anew_often() -> None:
    runs, whole = program("residual busy")
    with reborn():
        chip = runs.new(skip=True)
        assert chip.run() == whole.cycles
    assert isinstance(chip.skipper, Reborn)
    assert chip.skipper.births > len(runs.program.words)


# Nothing is in it in vain ---------------------------------------------------------------------------------------------

WITNESSES: dict[str, tuple[str, ...]] = {
    "vmm busy": (
        "Buffer.cause",
        "Buffer.remaining",
        "Controller._stopped",
        "DataBus._next",
        "Frame._expected",
        "Frame.cause",
        "HostIn.cause",
        "HostIn.current",
        "HostIn.remaining",
        "HostOut.cause",
        "HostOut.current",
        "HostOut.remaining",
        "Loader.cause",
        "Loader.remaining",
        "Neurons.cause",
        "Neurons.remaining",
        "Reader.cause",
        "Reader.current",
        "Reader.remaining",
        "Tokens._channels",
        "Writer.cause",
        "Writer.current",
        "Writer.remaining",
        "buffer.alarm",
        "buffer.queue",
        "controller.alarm",
        "host/in.alarm",
        "host/in.queue",
        "host/in.turn",
        "host/out.alarm",
        "host/out.queue",
        "host/out.turn",
        "main_memory/read.alarm",
        "main_memory/read.queue",
        "main_memory/read.turn",
        "main_memory/write.alarm",
        "main_memory/write.queue",
        "neurons.alarm",
        "neurons.queue",
        "vectors",
        "vmm/frame.samples",
        "vmm/load.alarm",
        "vmm/load.queue",
    ),
    "vmm crowded": ("main_memory/write.turn",),
    "digits_mlp usual": ("Controller.cause",),
    "in_flight busy": (
        "Frame._held",
        "Neurons.current",
        "vmm/frame.alarm",
    ),
    "residual busy": (
        "Fabric._banks",
        "Loader.current",
        "OperandReader.cause",
        "OperandReader.current",
        "OperandReader.remaining",
        "Vector.cause",
        "Vector.remaining",
        "main_memory/operand.alarm",
        "main_memory/operand.queue",
        "main_memory/operand.turn",
        "stream",
        "vector.alarm",
        "vector.queue",
        "vector.turn",
        "vmm/frame.loaded",
    ),
    "residual crowded": ("Fabric._ports",),
    "pipeline crowded": ("Buffer.current",),
    "seed 0": (
        "DataBus._free_at",
        "Vector.current",
        "samples.order",
        "vmm/frame0.alarm",
        "vmm/frame0.loaded",
        "vmm/frame0.samples",
    ),
    "seed 2": (
        "Fabric.port_free",
        "Frame._drained_from",
        "program_erase.alarm",
        "program_erase.queue",
    ),
    "seed 3": (
        "vmm/frame1.alarm",
        "vmm/frame1.loaded",
        "vmm/frame1.samples",
    ),
    "seed 8": (
        "Frame._outstanding",
        "Frame._watcher",
    ),
    "seed 16": (
        "vmm/frame2.alarm",
        "vmm/frame2.loaded",
        "vmm/frame2.samples",
    ),
    "seed 20": (
        "Buffer._held",
        "DataBus.free_from",
        "ProgramErase.cause",
        "ProgramErase.current",
    ),
    "turns of neurons, for the vector agent": ("Neurons._round",),
    "work of the host": ("HostWork.cause", "HostWork.current", "host/work.alarm", "host/work.queue"),
}
"""What is missed by which program: fields by class and attribute, channels and alarms by their paths."""

GIVEN_APART = "since"
"""What a skipper gives a chip itself, for it differs by how long something has lasted."""

NEVER_MISSED = {
    "Vector._arrived": "a word is worked on in the very step in which it is granted the bus: all else is there",
    "ProgramErase.remaining": "weights are written before what is skipped begins",
    "HostWork.remaining": "a part of the host is one step: between two there is nothing left of it",
    "Unit.cause": "the lanes of buses wait for nothing",
}
"""Parts of the state that are the same in a new chip wherever there is a look."""


def test_every_part_of_the_state_has_a_witness() -> None:
    known = {*NEVER_MISSED, *(part for parts in WITNESSES.values() for part in parts)}
    for name in WITNESSES:
        found = {part for part in parts_of(program(name)[0].new()) if not part.endswith(f".{GIVEN_APART}")}
        assert found <= known, name


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", WITNESSES)
def test_a_part_of_the_state_that_is_left_out_is_missed(name: str) -> None:
    runs, whole = program(name)
    with reborn():
        assert differences(whole, seen(runs, True, eager=True)) == []
    for part in WITNESSES[name]:
        assert missed(runs, whole, part), part
