"""The sizes of a chip that a program may assume: the whole interface between a compiler and a chip."""

from __future__ import annotations

from dataclasses import dataclass

CHANNELS = 64
"""Channels of a word of main memory, one code each; and, unless a chip says otherwise, rows and columns of an array."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A chip as its programs see it.

    Arrays of `k` x `k` cells stand in `columns` columns of `m_top` + `m_bottom` rows. Words are 64 codes of `bits` bits
    each, whatever `k` is.
    """

    name: str
    m_top: int
    m_bottom: int
    columns: int
    frame_cycles: int
    """Cycles from the load of a group's latches to its sampling."""
    conversion_cycles: int
    """Cycles in which the neurons of a column of arrays convert its sums, one for each column of cells."""
    memory_words: int
    access_cycles: int
    """Cycles in which a word holds the port of main memory."""
    buffer_words: int
    """Words of the largest window."""
    line_words: int
    """Words that pooling holds: the rows under its window."""
    output_words: int
    """Words of one position that the neurons, and the vector agent's queues, have room for."""
    state_words: int
    """Words of 16-bit states that the vector agent keeps."""
    instruction_words: int
    host_cycles: int
    """Cycles in which a word holds the host's port."""
    bits: int = 4
    k: int = CHANNELS
    """Rows and columns of an array."""

    @property
    def rows(self) -> int:
        """Rows of arrays, both halves; the upper half is above."""
        return self.m_top + self.m_bottom

    @property
    def arrays(self) -> int:
        """Arrays of the chip."""
        return self.rows * self.columns
