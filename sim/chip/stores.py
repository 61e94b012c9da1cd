"""The stores of a chip beside its main memory: how many bits each has, and how that follows from settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from acortex.isa.machine import CHANNELS
from acortex.isa.operands import AGENTS as ALL_AGENTS
from acortex.sim.chip.specs import WORD_BITS, Chip

INSTRUCTION_BITS = 64
"""Bits of an instruction."""

PLACE_BITS = 16
"""Bits that name a word of the buffer, of 65,536 at most."""

STATE_BITS = 16
"""Bits of a recurrent cell's state."""

AGENTS = frozenset(ALL_AGENTS)
OFF_CHIP = frozenset(("host",))
"""Agents whose queues lie in the host."""

SIDES = 3
"""Queues of the vector agent: stream, operand, results."""


@dataclass(frozen=True)
class Store:
    """A store: its name, the settings that size it, and its bits on a chip."""

    name: str
    settings: tuple[str, ...]
    bits: Callable[[Chip], int]


STORES = (
    Store(
        "instruction memory",
        ("instruction_memory.words",),
        lambda chip: chip.instruction_memory.words * INSTRUCTION_BITS,
    ),
    Store(
        "queues of the agents",
        ("controller.queue_depth",),
        lambda chip: chip.controller.queue_depth * len(AGENTS - OFF_CHIP) * INSTRUCTION_BITS,
    ),
    # A vector that stands ready names its words in place, at most all that the buffer holds.
    Store(
        "buffer and vectors",
        ("buffer.words", "buffer.windows"),
        lambda chip: chip.buffer.words * (WORD_BITS + chip.buffer.windows * PLACE_BITS),
    ),
    Store("outputs of the neurons", ("neurons.output_words",), lambda chip: chip.neurons.output_words * WORD_BITS),
    Store(
        "queues of the vector agent",
        ("vector.queue_words",),
        lambda chip: chip.vector.queue_words * SIDES * WORD_BITS,
    ),
    Store("line store", ("vector.line_words",), lambda chip: chip.vector.line_words * WORD_BITS),
    Store("state store", ("vector.state_words",), lambda chip: chip.vector.state_words * CHANNELS * STATE_BITS),
)
"""Every store. What it costs stands in `acortex.sim.chip.area` and `acortex.sim.chip.prices`."""


def store_bits(chip: Chip) -> int:
    """The bits of all stores of a chip."""
    return sum(store.bits(chip) for store in STORES)
