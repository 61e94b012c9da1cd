"""A small program that runs with processes of a user in its chip: what tests of processes share."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from acortex.isa import assemble
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import Result, prepare
from acortex.sim.timing.processes import Handle

Steps = Generator[Any, Any, None]
WORDS = 4
ACCESS = 2

ECHO = f"""
    .program echo
    .chip acortex_digits
    .input x, shape={64 * WORDS}
    .output y, shape={64 * WORDS}
    start
    base d0, 0
    dim d0, 0, {WORDS}
    inference
    input x, d0
    signal host_in, t0
    await host_out, t0
    output y, d0
    endinference
    halt
"""
"""Words come in, and go out as they are."""


def echo(
    *processes: Callable[[Handle], Steps], settings: tuple[str, ...] = (), source: str = ECHO, **more: Any
) -> Result:
    """A run of the small program with processes, without values."""
    chip = load_chip("acortex_digits", [f"memory.access_cycles={ACCESS}", *settings])
    return prepare(assemble(source, file="echo.s"), chip).time(processes=processes, **more)


def sends(*bursts: tuple[int, int]) -> Callable[[Handle], Steps]:
    """A host that offers words in some cycles."""

    def process(chip: Handle) -> Steps:
        host = chip.take_host()
        for cycle, words in bursts:
            if cycle > chip.now:
                yield chip.env.timeout(cycle - chip.now)
            host.offer(words)
        yield chip.env.timeout(1)

    return process


def idles(chip: Handle) -> Steps:
    while True:
        yield chip.env.timeout(3)
