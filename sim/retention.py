"""Words read later than the memory retains them: main memory has no refresh, so a word fades after its last write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.isa.semantics import fetch_addresses
from acortex.sim.clock import Clock
from acortex.sim.memory import Access

Ints = NDArray[np.int64]


class AccessTable(NamedTuple):
    """Every access to main memory, sorted by word, then by cycle, a write before a read.

    The word, the cycle of the grant, whether it writes, and the address of its instruction.
    """

    words: Ints
    cycles: Ints
    writes: NDArray[np.bool_]
    pcs: Ints


def access_table(accesses: Iterable[Access]) -> AccessTable:
    """The accesses of a run in columns, from the records of the instructions that walked over memory."""
    columns: list[list[Ints]] = [[np.zeros(0, np.int64)] for _ in range(4)]
    for dispatch, granted in accesses:
        assert dispatch.stream is not None
        walk = dispatch.stream.addresses() if dispatch.window is None else fetch_addresses(dispatch)
        count = len(granted)
        writes = dispatch.row.mnemonic in ("write", "input")
        found = (walk[:count], np.array(granted), np.full(count, int(writes)), np.full(count, dispatch.pc))
        for column, values in zip(columns, found, strict=True):
            column.append(values)
    words, cycles, writing, pcs = (np.concatenate(column).astype(np.int64) for column in columns)
    order = np.lexsort((1 - writing, cycles, words))
    return AccessTable(words[order], cycles[order], writing[order] == 1, pcs[order])


def late_reads(program: Program, clock: Clock, table: AccessTable, limit: int) -> dict[str, Any]:
    """How many words were read more than `limit` cycles after their last write, and the worst of them.

    Exact to the cycle: it goes through the grant of every access. `worst` has the word, its age and both source lines.
    """
    words, cycles, writes, pcs = table
    latest = np.maximum.accumulate(np.where(writes, np.arange(len(words)), -1))
    reads = np.flatnonzero(~writes & (latest >= 0))
    reads = reads[words[latest[reads]] == words[reads]]
    ages = cycles[reads] - cycles[latest[reads]]
    late = int((ages > limit).sum())
    if not late:
        return {"late_reads": 0, "worst": None}
    read = reads[int(ages.argmax())]
    age = int(ages.max())
    return {
        "late_reads": late,
        "worst": {
            "word": int(words[read]),
            "age_cycles": age,
            "age_s": clock.seconds(age),
            "read": str(program.lines[int(pcs[read])]),
            "written": str(program.lines[int(pcs[latest[read]])]),
        },
    }
