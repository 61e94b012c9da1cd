"""Words read later than the memory retains them: main memory has no refresh, so a word fades after its last write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from acortex.isa.program import Program
from acortex.isa.semantics import fetch_addresses
from acortex.sim.clock import Clock
from acortex.sim.memory import Access


def late_reads(program: Program, clock: Clock, accesses: Iterable[Access], limit: int) -> dict[str, Any]:
    """How many words were read more than `limit` cycles after their last write, and the worst of them.

    Exact to the cycle: it goes through the grant of every access. `worst` has the word, its age and both source lines.
    """
    table = _table(list(accesses))
    if not table.size:
        return {"late_reads": 0, "worst": None}
    words, cycles, writes, pcs = table
    order = np.lexsort((1 - writes, cycles, words))
    words, cycles, writes, pcs = (column[order] for column in (words, cycles, writes, pcs))
    latest = np.maximum.accumulate(np.where(writes == 1, np.arange(len(words)), -1))
    reads = np.flatnonzero((writes == 0) & (latest >= 0))
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


def _table(accesses: list[Access]) -> Any:
    """Every access as columns: word, cycle, whether it writes, address of its instruction."""
    columns: list[list[Any]] = [[], [], [], []]
    for dispatch, granted in accesses:
        assert dispatch.stream is not None
        walk = dispatch.stream.addresses() if dispatch.window is None else fetch_addresses(dispatch)
        count = len(granted)
        writes = dispatch.row.mnemonic in ("write", "input")
        for column, values in zip(
            columns,
            (walk[:count], np.array(granted), np.full(count, int(writes)), np.full(count, dispatch.pc)),
            strict=True,
        ):
            column.append(values)
    return np.array([np.concatenate(column) for column in columns]) if accesses else np.zeros(0)
