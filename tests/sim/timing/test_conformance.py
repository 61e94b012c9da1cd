"""Every unit of the chip keeps to what all units keep to."""

from __future__ import annotations

from conformance import Conformance, Give, instruction, needing, room, runs_of

from acortex.isa.asm.assembler import assemble
from acortex.isa.sequencer import Sequencer
from acortex.sim.timing.array import Operation
from acortex.sim.timing.wiring import UNITS, TimedChip


def word(channel: str, value: bool = False, words: int = 1) -> Give:
    """Puts words into a channel of words."""

    def give(chip: TimedChip, cycle: int) -> None:
        for _ in range(words):
            chip._channels[channel].put(cycle, value)

    return give


def vector(chip: TimedChip, cycle: int) -> None:
    """An input vector that frees one word."""
    chip._vectors.put(cycle, 1)


def operation() -> Operation:
    """An operation of the program's group."""
    return Operation(runs_of("vmm").groups[0], (0, 0, 0, 0))


def latches(chip: TimedChip, cycle: int) -> None:
    """Loaded latches of a frame that is expected."""
    chip._frames[0].expect(0, 1, (0, 0, 0))
    chip._frames[0].loaded.put(cycle, operation())


def sums(chip: TimedChip, cycle: int) -> None:
    """Sums that a frame has handed over."""
    chip._frames[0].samples.put(cycle, operation())


def work(chip: TimedChip, cycle: int) -> None:
    """A part of the host."""
    sequencer = Sequencer(assemble(".part p, shape=1\n.row 1\nstart\nwork p, 77\nhalt"), 1)
    sequencer.step()
    dispatch = sequencer.step()
    assert dispatch is not None
    chip.agents["host"].queue.put(cycle, dispatch)


class TestHostIn(Conformance):
    path = "host/in"
    needs = needing(idle=instruction("host_in", "vmm", "input"))


class TestHostOut(Conformance):
    path = "host/out"
    needs = needing(idle=instruction("host_out", "vmm", "output"))
    lag = 1


class TestReader(Conformance):
    path = "main_memory/read"
    needs = needing(idle=instruction("read", "vmm", "read"), buffer_full=room(lambda chip: chip._channels["words"]))
    lag = 1


class TestOperandReader(Conformance):
    path = "main_memory/operand"
    program = "residual"
    needs = needing(
        idle=instruction("operand", "residual", "operand"), operand_full=room(lambda chip: chip._channels["operand"])
    )
    lag = 1


class TestWriter(Conformance):
    path = "main_memory/write"
    needs = needing(idle=instruction("write", "vmm", "write"), codes=word("codes", True))
    lag = 1


class TestBuffer(Conformance):
    path = "buffer"
    needs = needing(
        idle=instruction("buffer", "vmm", "feed"), words=word("words"), windows=room(lambda chip: chip._vectors)
    )


class TestLoader(Conformance):
    path = "vmm/load"
    needs = needing(
        idle=instruction("vmm", "vmm", "multiply"), vectors=vector, latches=room(lambda chip: chip._frames[0].loaded)
    )


class TestSwitch(Conformance):
    path = "vmm/load"
    needs = needing(idle=instruction("vmm", "vmm", "connect"))


class TestFrame(Conformance):
    path = "vmm/frame"
    needs = needing(idle=latches)


class TestNeurons(Conformance):
    path = "neurons"
    needs = needing(
        idle=instruction("neurons", "vmm", "convert"), sums=sums, output_full=room(lambda chip: chip._channels["codes"])
    )


class TestVector(Conformance):
    path = "vector"
    program = "residual"
    needs = needing(
        idle=instruction("vector", "residual", "add"),
        stream=word("stream", False),
        operand=word("operand"),
        results_full=room(lambda chip: chip._channels["results"]),
    )


class TestProgramErase(Conformance):
    path = "program_erase"
    needs = needing(idle=instruction("program_erase", "vmm", "program"))


class TestHostWork(Conformance):
    path = "host/work"
    needs = needing(idle=work)


class TestController(Conformance):
    path = "controller"
    needs = needing(queue=room(lambda chip: chip.agents["vmm"].queue))

    def begin(self, chip: TimedChip) -> None:
        """The controller looks at its first instruction, which is one for the VMM."""
        chip.controller.alarm.at(0)


def test_every_unit_is_tested() -> None:
    tested = {kind.path for kind in Conformance.__subclasses__()}
    assert tested == set(UNITS)
