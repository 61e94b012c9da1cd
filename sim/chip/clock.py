"""The clock of a chip: its delays in clock cycles.

Time in the simulator is an integer number of cycles. A delay given in nanoseconds becomes the smallest number of whole
cycles that is not shorter. Both are decimal, as the chip file writes them, so 21.42 ns at 1.785 ns is exactly 12.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from acortex.sim.chip.side import line_factor
from acortex.sim.chip.specs import Chip
from acortex.units import NS_PER_S, cycles_of, seconds_of


@dataclass(frozen=True)
class Clock:
    """The chip's clock: turns nanoseconds into whole cycles, and cycles into seconds. `clock_ns` is one cycle."""

    clock_ns: Decimal

    def cycles(self, ns: Decimal | int) -> int:
        """The whole cycles that a delay of `ns` takes, rounded up; 0 only for 0 ns."""
        return cycles_of(ns, self.clock_ns)

    def seconds(self, cycles: int) -> float:
        """How long `cycles` take, as the float nearest to the exact value."""
        return seconds_of(cycles, self.clock_ns)

    def cycles_within(self, seconds: Decimal) -> int:
        """The whole cycles that fit into `seconds`: rounded down, for limits that must not be exceeded."""
        return int(Fraction(seconds) * NS_PER_S / Fraction(self.clock_ns))


@dataclass(frozen=True)
class Delays:
    """A chip's delays in cycles, where its file gives nanoseconds or steps.

    `frame_ns` and `settle_ns_per_array` are those of arrays of the chip's own size. `program_row_cycles` is the time to
    write one row of cells of an array: every level, pulse and verification.
    """

    clock: Clock
    frame_ns: Decimal
    settle_ns_per_array: Decimal
    read_latency_cycles: int
    ramp_cycles: int
    program_row_cycles: int
    retention_cycles: int

    def frame_cycles(self, joined: int) -> int:
        """One analog frame of a group in which at most `joined` arrays share an output."""
        return self.clock.cycles(self.frame_ns + self.settle_ns_per_array * joined)


def delays(chip: Chip) -> Delays:
    """The delays of a chip, in cycles."""
    clock = Clock(chip.clock_ns)
    writing = chip.program_erase
    row_ns = writing.levels * writing.pulses_per_level * (writing.pulse_ns + writing.verify_ns)
    return Delays(
        clock=clock,
        frame_ns=chip.arrays.frame_ns * line_factor(chip),
        settle_ns_per_array=chip.arrays.settle_ns_per_array * line_factor(chip),
        read_latency_cycles=clock.cycles(chip.memory.read_latency_ns),
        ramp_cycles=2**chip.neurons.bits * chip.neurons.cycles_per_step,
        program_row_cycles=clock.cycles(row_ns),
        retention_cycles=clock.cycles_within(chip.memory.retention_s),
    )
