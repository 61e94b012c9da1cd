"""What a program may assume of a chip."""

from __future__ import annotations

from acortex.isa.machine import Machine
from acortex.sim.chip.clock import delays
from acortex.sim.chip.specs import Chip


def machine_of(chip: Chip) -> Machine:
    """The sizes of a chip, for a compiler."""
    delay = delays(chip)
    return Machine(
        name=chip.name,
        m_top=chip.arrays.m_top,
        m_bottom=chip.arrays.m_bottom,
        columns=chip.columns,
        frame_cycles=delay.frame_cycles(1),
        conversion_cycles=delay.ramp_cycles,
        memory_words=chip.memory_words,
        access_cycles=chip.memory.access_cycles,
        buffer_words=chip.buffer.words,
        line_words=chip.vector.line_words,
        output_words=min(chip.neurons.output_words, chip.vector.queue_words),
        state_words=getattr(chip.vector, "state_words", 0),
        instruction_words=chip.instruction_memory.words,
        host_cycles=chip.host.word_cycles,
        bits=chip.neurons.bits,
        k=chip.arrays.k,
    )
