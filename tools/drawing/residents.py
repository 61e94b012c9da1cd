"""Which layer's values lie in which words of main memory, and when: from the accesses of a run in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acortex.isa.flows import CELL
from acortex.isa.program import Program
from acortex.isa.semantics import moves
from acortex.isa.sequencer import Dispatch
from acortex.sim.ledger.occupancy import lives, occupancy
from acortex.sim.ledger.retention import access_tables
from acortex.sim.run import Prepared
from acortex.tools.drawing.traffic import OUTSIDE

Ints = NDArray[np.int64]

INITIAL = "initial memory"
"""What memory holds before anything runs."""


@dataclass(frozen=True, eq=False)
class Residents:
    """Every value that a run wrote into main memory: its word, the cycles in which it is live, and who wrote it.

    `words`, `starts`, `ends` (the cycle after the last) and `owners` (places in `names`) are int64 of shape (values,).
    `peak_words` are live in cycle `peak_cycle`; `live` has the most words that are live in each of `len(live)` windows.
    """

    cycles: int
    clock_ns: float
    capacity: int
    inferences: int
    names: Sequence[str]
    words: Ints
    starts: Ints
    ends: Ints
    owners: Ints
    peak_words: int
    peak_cycle: int
    live: Sequence[int]


def residents(prepared: Prepared, windows: int) -> Residents:
    """Simulates a program in time, and says what its main memory holds."""
    chip = prepared.timed_chip(skip=True)
    cycles = chip.run_whole()
    accesses = chip.accesses()
    tables = access_tables(accesses, prepared.program.memory)
    names, owner_of = _owners(prepared.program, [dispatch for dispatch, _ in accesses])
    columns: list[tuple[Ints, ...]] = [(np.zeros(0, np.int64),) * 4]
    for table in tables:
        starts, ends = lives(table, cycles)
        pcs = table.pcs[table.writes]
        known, places = np.unique(pcs, return_inverse=True)
        owners = np.array([owner_of.get(int(pc), 0) for pc in known], np.int64)[places]
        columns.append((table.words[table.writes].astype(np.int64), starts, ends, owners))
    words, starts, ends, owners = (np.concatenate(column) for column in zip(*columns, strict=True))
    capacity = prepared.chip.memory_words
    full = occupancy(tables, capacity, cycles, max(1, -(-cycles // windows)))
    return Residents(
        cycles=cycles,
        clock_ns=float(prepared.chip.clock_ns),
        capacity=capacity,
        inferences=prepared.host.inferences,
        names=names,
        words=words,
        starts=starts,
        ends=ends,
        owners=owners,
        peak_words=full.peak_words,
        peak_cycle=full.peak_cycle,
        live=full.windows_words,
    )


def _owners(program: Program, dispatches: Sequence[Dispatch]) -> tuple[list[str], Mapping[int, int]]:
    """Names of what writes, in the order of the program, and which of them each instruction that writes is for."""
    found: dict[int, str] = {}
    order: dict[str, tuple[int, int]] = {INITIAL: (-1, 0)}
    for dispatch in dispatches:
        if dispatch.pc not in found and moves(dispatch, CELL).writes:
            rank, name = _writer(program, dispatch)
            found[dispatch.pc] = name
            order[name] = min(rank, order.get(name, rank))
    names = sorted(order, key=lambda name: order[name])
    places = {name: at for at, name in enumerate(names)}
    return names, {pc: places[name] for pc, name in found.items()}


def _writer(program: Program, dispatch: Dispatch) -> tuple[tuple[int, int], str]:
    """Who writes by an instruction: an input, before all layers, or a layer; its place in their order, and its name."""
    if moves(dispatch, CELL).takes == "host_in":
        return (0, int(dispatch.ops.tensor)), program.inputs[int(dispatch.ops.tensor)].name
    return (1, dispatch.layer), program.layers[dispatch.layer - 1] if dispatch.layer else OUTSIDE
