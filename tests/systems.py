"""Systems that tests share: of programs of the zoo, and made up of services alone."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from acortex.isa.asm.assembler import assemble
from acortex.programs import zoo
from acortex.programs.chips.balance import divided
from acortex.programs.compiler import compile_graph
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import load_chip
from acortex.sim.system.parts import Link, Stage, System, system_of
from acortex.sim.system.service import MANY, Service
from acortex.tools.open.machine import machine_of

LINK = Link(Decimal("0.25"), Decimal("100.5"), Decimal("2.5"))
"""A word in 4 ns, 100.5 ns on its way, 2.5 pJ."""


@cache
def digits_cnn(chips: int = 2) -> System:
    """The digits on so many chips."""
    chip = load_chip("acortex_inception")
    machine = machine_of(chip)
    parts = divided(zoo.graph(zoo.entry("digits_cnn"), 4), machine, chips)
    programs = [compile_graph(part, machine).program for part in parts]
    return system_of("digits_cnn", [Stage(one.name, one, chip) for one in programs], LINK)


@cache
def digits_mlp() -> System:
    """One chip."""
    program = zoo.load("digits_mlp")
    return system_of("digits_mlp", [Stage("digits", program, chip_of(program))], LINK)


def copying(name: str, takes: tuple[str, ...], gives: tuple[str, ...], words: int = 1) -> Stage:
    """A stage whose program copies its first input to each output, of so many words each."""
    tensors = [f".input {one}, shape={64 * words}" for one in takes]
    tensors += [f".output {one}, shape={64 * words}" for one in gives]
    moves = [f"        input {one}, d0" for one in takes] + ["        signal host_in, t0", "        await host_out, t0"]
    moves += [f"        output {one}, d0" for one in gives]
    lines = [
        f'.program "{name}"', ".chip acortex_digits", *tensors, "        start", "        base d0, 0",
        f"        dim d0, 0, {words}", "        signal host_out, t1", "        loop l0, host", "turn:   inference l0",
        "        await host_in, t1", *moves, "        signal host_out, t1", "        endinference",
        "        next l0, turn", "        halt",
    ]  # fmt: skip
    program = assemble("\n".join(lines))
    return Stage(name, program, chip_of(program))


def service(idle: int = 10, gap: int = 10, cycle_as: int = 10**9, energy: int = 0, leak: int = 0) -> Service:
    """A chip that takes `idle` cycles for a request alone, and one each `gap` cycles."""
    return Service(cycle_as, idle, (gap,) * 4, 3, 1, energy, (MANY - 1) * energy, leak)


def made_up(*words: int) -> System:
    """A chain of stages, one more than links, which move so many words."""
    from acortex.sim.system.parts import Wire

    (one,) = digits_mlp().stages
    stages = tuple(Stage(f"s{number}", one.program, one.chip) for number in range(len(words) + 1))
    wires = tuple(Wire(number, number + 1, (f"t{number}",), size) for number, size in enumerate(words))
    return System("chain", stages, LINK, wires, ("y",))
