"""Words read later than the memory retains them: main memory has no refresh, so a word fades after its last write."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Memory, Program
from acortex.isa.semantics import fetch_addresses
from acortex.sim.clock import Clock
from acortex.sim.memory import Access

Ints = NDArray[np.int64]


class AccessTable(NamedTuple):
    """Every access to main memory, sorted by word, then by cycle, a write before a read.

    The word, the cycle of the grant, whether it writes, and the address of its instruction, below 0 for the
    initial memory.
    """

    words: Ints
    cycles: Ints
    writes: NDArray[np.bool_]
    pcs: Ints


def access_table(accesses: Iterable[Access], memory: Sequence[Memory] = ()) -> AccessTable:
    """The accesses of a run in columns, from the records of the instructions that walked over memory.

    The initial memory is written at cycle 0, its first piece by "instruction" -1, the next by -2, and so on.
    """
    columns: list[list[Ints]] = [[np.zeros(0, np.int64)] for _ in range(4)]
    for number, table in enumerate(memory, start=1):
        count = len(table.values)
        found = np.arange(table.address, table.end), np.zeros(count), np.ones(count), np.full(count, -number)
        for column, values in zip(columns, found, strict=True):
            column.append(values.astype(np.int64))
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
    """How many words were read more than `limit` cycles after their last write, by lines, and the worst of them.

    Exact to the cycle: it goes through the grant of every access. `pairs` has a row for each line that reads words of
    another too late, oldest first: how many `reads`, and the word, age and both lines of the oldest; `worst` is that of
    the first.
    """
    words, cycles, writes, pcs = table
    latest = np.maximum.accumulate(np.where(writes, np.arange(len(words)), -1))
    reads = np.flatnonzero(~writes & (latest >= 0))
    reads = reads[words[latest[reads]] == words[reads]]
    ages = cycles[reads] - cycles[latest[reads]]
    late = ages > limit
    reads, ages = reads[late], ages[late]
    order = np.argsort(-ages, kind="stable")
    _, first, counts = np.unique(
        np.stack([pcs[reads], pcs[latest[reads]]], axis=1)[order], axis=0, return_index=True, return_counts=True
    )
    pairs = []
    for place, count in sorted(zip(first.tolist(), counts.tolist(), strict=True)):
        read, age = reads[order[place]], int(ages[order[place]])
        pairs.append(
            {
                "word": int(words[read]),
                "age_cycles": age,
                "age_s": clock.seconds(age),
                "read": _where(program, int(pcs[read])),
                "written": _where(program, int(pcs[latest[read]])),
                "reads": count,
            }
        )
    worst = {key: value for key, value in pairs[0].items() if key != "reads"} if pairs else None
    return {"late_reads": len(reads), "worst": worst, "pairs": pairs}


def _where(program: Program, pc: int) -> str:
    """The line of an access: that of its instruction, or of its piece of the initial memory."""
    return str(program.lines[pc] if pc >= 0 else program.memory[-1 - pc].line)
