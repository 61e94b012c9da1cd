"""Words read later than the memory retains them: main memory has no refresh, so a word fades after its last write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.places import place
from acortex.isa.program import Memory, Program
from acortex.isa.semantics import moves, visited
from acortex.sim.chip.clock import Clock
from acortex.sim.results import LateRead, LateReads, Retention
from acortex.sim.timing.memory import Access

Ints = NDArray[np.signedinteger[Any]]


class AccessTable(NamedTuple):
    """Accesses to main memory, sorted by word, then by cycle, a write before a read.

    The word, the cycle of the grant, whether it writes, and the address of its instruction, below 0 for the
    initial memory.
    """

    words: Ints
    cycles: Ints
    writes: NDArray[np.bool_]
    pcs: Ints


ROWS = 1 << 21
"""About how many accesses one table holds."""


def access_tables(accesses: Sequence[Access], memory: Sequence[Memory] = (), rows: int = ROWS) -> list[AccessTable]:
    """The accesses of a run, from the records of instructions that walked over memory: a table for a range of words.

    A table holds about `rows` accesses, more where one word has more; no word is in two. So what is worked out of one
    takes little memory however long the run was. The initial memory is written at cycle 0, its first piece by
    "instruction" -1, the next by -2, and so on.
    """
    whole = _columns(accesses, memory)
    if len(whole.words) < rows:
        return [_sorted(whole)]
    ranges = pairwise(bounds(whole.words, rows))
    return [
        _sorted(_chosen(whole, np.flatnonzero((low <= whole.words) & (whole.words < high)))) for low, high in ranges
    ]


def _chosen(table: AccessTable, places: NDArray[np.intp]) -> AccessTable:
    words, cycles, writes, pcs = table
    return AccessTable(words[places], cycles[places], writes[places], pcs[places])


def _sorted(table: AccessTable) -> AccessTable:
    return _chosen(table, _order(table.words, table.cycles, table.writes))


def _order(words: Ints, cycles: Ints, writes: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The order by word, then by cycle, a write before a read; the first of equals first.

    One number for each access says all three, where 64 bits are enough. Streams visit words in order, and a stable sort
    takes what is in order already as it is.
    """
    cycle = 2 * (int(cycles.max(initial=0)) + 1)
    if (int(words.max(initial=0)) + 1) * cycle < 1 << 63:
        return np.argsort(words * np.int64(cycle) + (2 * cycles + 1 - writes), kind="stable")
    return np.lexsort((~writes, cycles, words))


def _columns(accesses: Sequence[Access], memory: Sequence[Memory]) -> AccessTable:
    """All accesses in the order of their records."""
    words: list[Ints] = [np.arange(table.address, table.end) for table in memory]
    cycles: list[Any] = [np.zeros(len(found), np.int64) for found in words]
    about = [(len(found), True, -number) for number, found in enumerate(words, start=1)]
    known: dict[object, tuple[Ints, bool]] = {}
    for dispatch, granted in accesses:
        walk = dispatch.pc, dispatch.stream, dispatch.window
        if walk not in known:
            known[walk] = visited(dispatch), moves(dispatch).writes
        found, writes = known[walk]
        words.append(found[: len(granted)])
        cycles.append(granted)
        about.append((len(granted), writes, dispatch.pc))
    sizes, writing, pcs = np.array(about, np.int64).reshape(-1, 3).T
    return AccessTable(
        _joined(words, np.int32),
        _joined(cycles, np.int64),
        np.repeat(writing > 0, sizes),
        np.repeat(pcs.astype(np.int32), sizes),
    )


def _joined(parts: Sequence[Any], kind: type[np.signedinteger[Any]]) -> Ints:
    return np.concatenate(parts, dtype=kind, casting="same_kind") if parts else np.zeros(0, kind)


def bounds(words: Ints, rows: int) -> list[int]:
    """Words that cut all of them into ranges of about so many accesses."""
    upto = np.cumsum(np.bincount(words, minlength=1))
    return [0, *(np.flatnonzero(np.diff(upto // rows)) + 1).tolist(), len(upto)]


def late_reads(program: Program, clock: Clock, tables: Iterable[AccessTable], limit: int) -> Retention:
    """How many words were read more than `limit` cycles after their last write, by lines, and the worst of them.

    Exact to the cycle: it goes through the grant of every access. `pairs` has a row for each line that reads words of
    another too late, oldest first: how many `reads`, and the word, age and both lines of the oldest; `worst` is that of
    the first.
    """
    oldest: dict[tuple[int, int], tuple[int, int, int]] = {}
    counts: Counter[tuple[int, int]] = Counter()
    for table in tables:
        for lines, count, read in _late(table, limit):
            counts[lines] += count
            oldest[lines] = min(oldest.get(lines, read), read)
    pairs = [
        LateReads(
            word=word,
            age_cycles=-minus_age,
            age_s=clock.seconds(-minus_age),
            read=_where(program, read),
            written=_where(program, written),
            reads=counts[read, written],
        )
        for (read, written), (minus_age, word, _) in sorted(oldest.items(), key=lambda item: item[1])
    ]
    worst = LateRead(**pairs[0].model_dump(exclude={"reads"})) if pairs else None
    return Retention(late_reads=counts.total(), worst=worst, pairs=pairs)


def _late(table: AccessTable, limit: int) -> Iterator[tuple[tuple[int, int], int, tuple[int, int, int]]]:
    """The late reads of a table by the addresses of the instructions that read and wrote: how many, and the oldest.

    Of the oldest its age as a number below 0, its word and its cycle: so the least is the oldest, the first of equals.
    """
    words, cycles, writes, pcs = table
    if int(cycles.max(initial=0)) <= limit:  # nothing is as old
        return
    latest = np.maximum.accumulate(np.where(writes, np.arange(len(words)), -1))
    reads = np.flatnonzero(~writes & (latest >= 0))
    reads = reads[words[latest[reads]] == words[reads]]
    minus_age = cycles[latest[reads]] - cycles[reads]
    late = minus_age < -limit
    reads, minus_age = reads[late], minus_age[late]
    order = np.argsort(minus_age, kind="stable")
    lines = np.stack([pcs[reads], pcs[latest[reads]]], axis=1)[order]
    pairs, first, counts = np.unique(lines, axis=0, return_index=True, return_counts=True)
    for (read, written), count, at in zip(pairs.tolist(), counts.tolist(), order[first].tolist(), strict=True):
        yield (read, written), count, (int(minus_age[at]), int(words[reads[at]]), int(cycles[reads[at]]))


def _where(program: Program, pc: int) -> str:
    """The line of an access: that of its instruction, or of its piece of the initial memory."""
    return place(program, pc) if pc >= 0 else str(program.memory[-1 - pc].line)
