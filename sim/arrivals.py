"""Whether a timed run kept the order of its program, as sim/functional/happens_before.py promises for every chip.

Values are computed in the order of the program. The timed chip moves words without values, each as early as it can. The
values are those of the timed chip if two things hold. Words that two agents give to the vector agent arrive in the
order of the program. Of two accesses to a word of main memory, one of them a write, the earlier one of the program has
ended when the later one is granted. Every other channel has one producer and one consumer, and keeps its order.
`acortex run --check-order` holds a run to that, and so does every run of the tests.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.errors import AcortexError
from acortex.isa.program import Program
from acortex.isa.semantics import moves, visited
from acortex.isa.sequencer import Dispatch
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.happens_before import ProgramOrder
from acortex.sim.ledger.retention import ROWS, bounds
from acortex.sim.results import RunReport
from acortex.sim.timing.memory import Access
from acortex.sim.timing.wiring import TimedChip

ALWAYS = "ACORTEX_CHECK_ORDER"
"""The environment variable with which every run is checked."""


class ArrivalError(AcortexError):
    """A timed run that broke the order of its program: a fault of the simulator, not of the program."""


def wanted(asked: bool | None) -> bool:
    """Whether a run is to be checked: as the call states, else as the environment does."""
    return bool(os.environ.get(ALWAYS)) if asked is None else asked


def check(program: Program, chip: Chip, order: ProgramOrder, timed: TimedChip) -> None:
    """Holds a run that has ended to the order of its program. Raises ArrivalError where it did otherwise."""
    check_stream(program, order, timed.arrived)
    check_memory(program, order, timed.accesses(), chip.memory.access_cycles)


def check_skipping(report: RunReport, skipping: RunReport) -> None:
    """Holds a run whose events were all simulated to one that skipped what repeats.

    Raises ArrivalError where they differ: a fault of the simulator.
    """
    without = {"skipped"}
    if (one := report.model_dump(exclude=without)) != (other := skipping.model_dump(exclude=without)):
        differs = ", ".join(name for name in one if one[name] != other[name])
        hint = "please report it with the program; --no-skip simulates each event"
        raise ArrivalError(f"a run that skips what repeats has other results: {differs}", hint=hint)


class _Accesses(NamedTuple):
    """Accesses to main memory: word, place of the instruction in the program, cycle of the grant, whether it writes."""

    words: NDArray[np.int32]
    places: NDArray[np.int64]
    cycles: NDArray[np.int64]
    writes: NDArray[np.bool_]

    def chosen(self, rows: NDArray[np.int64]) -> _Accesses:
        """Some of them, in a given order."""
        return _Accesses(self.words[rows], self.places[rows], self.cycles[rows], self.writes[rows])


def check_stream(program: Program, order: ProgramOrder, arrived: Sequence[bool]) -> None:
    """Holds the words of the vector agent's stream, each marked with whether the neurons gave it, to the program.

    A run that ended early has the first of them. Raises ArrivalError at the first that another agent gave.
    """
    expected = chain.from_iterable(repeat(dispatch, words) for dispatch, words in order.given)
    for number, (dispatch, from_neurons) in enumerate(zip(expected, arrived, strict=False)):
        if (dispatch.agent == "neurons") != from_neurons:
            other = "read" if dispatch.agent == "neurons" else "neurons"
            raise ArrivalError(
                f"word {number} of the vector agent's stream came from {other}, and"
                f" {dispatch.row.mnemonic} gives it in the order of the program",
                where=str(program.lines[dispatch.pc]),
                hint=_HINT,
            )


def check_memory(program: Program, order: ProgramOrder, accesses: Sequence[Access], access_cycles: int) -> None:
    """Holds the accesses of a run to each word to their order in the program, wherever one of two writes.

    Raises ArrivalError at one that was granted before an earlier one had ended.
    """
    places, dispatches = _places(order, accesses)
    found = _columns(accesses, places)
    for low, high in pairwise(bounds(found.words, ROWS)):
        chosen = found.chosen(np.flatnonzero((low <= found.words) & (found.words < high)))
        if len(wrong := _overtaking(chosen, access_cycles)):
            place, cycle, word = wrong[0]
            late = dispatches[int(place)]
            raise ArrivalError(
                f"{late.row.mnemonic} had word {word} of main memory in cycle {cycle}, before an access that stands"
                " before it in the program had ended",
                where=str(program.lines[late.pc]),
                hint=_HINT,
            )


_HINT = "the order check took this program for ordered: a fault of the simulator; please report it with the program"


def _places(order: ProgramOrder, accesses: Sequence[Access]) -> tuple[list[int], dict[int, Dispatch]]:
    """The place in the program of each record of accesses; each agent has carried out its own in order."""
    rest: dict[str, Iterator[int]] = {agent: iter(places) for agent, places in order.accesses.items()}
    places = [next(rest[dispatch.agent]) for dispatch, _ in accesses]
    return places, {place: dispatch for place, (dispatch, _) in zip(places, accesses, strict=True)}


def _columns(accesses: Sequence[Access], places: Sequence[int]) -> _Accesses:
    """All accesses, instruction by instruction."""
    lengths = np.array([len(granted) for _, granted in accesses], dtype=np.int64)
    words = [visited(dispatch)[: len(granted)].astype(np.int32) for dispatch, granted in accesses]
    cycles = [np.frombuffer(granted, dtype=np.int64) for _, granted in accesses if len(granted)]
    writes = np.array([moves(dispatch).writes for dispatch, _ in accesses], dtype=np.bool_)
    return _Accesses(
        np.concatenate([np.empty(0, np.int32), *words]),
        np.repeat(np.array(places, dtype=np.int64), lengths),
        np.concatenate([np.empty(0, np.int64), *cycles]),
        np.repeat(writes, lengths),
    )


def _overtaking(found: _Accesses, access_cycles: int) -> NDArray[np.int64]:
    """(place, cycle, word) of each access that came before one of an earlier instruction had ended."""
    words, places, cycles, writes = found.chosen(np.lexsort((found.cycles, found.places, found.words)))
    # Accesses are sorted by word. Each word's cycles are raised above those of all words before it, so that one running
    # maximum over the whole column never carries a cycle from one word into the next.
    floor = np.cumsum(np.diff(words, prepend=words[:1]) != 0) * (int(cycles.max(initial=0)) + access_cycles + 1)
    begun, ended = floor + cycles, floor + cycles + access_cycles
    first = np.flatnonzero(np.diff(places, prepend=-1) | np.diff(words, prepend=-1))
    before = np.repeat(first, np.diff(np.append(first, len(words)))) - 1  # the last access of an earlier instruction
    written = _latest(np.where(writes, ended, floor), before)
    touched = np.where(writes, _latest(ended, before), written)
    wrong = np.flatnonzero(begun < touched)
    return np.stack([places[wrong], cycles[wrong], words[wrong].astype(np.int64)], axis=1)


def _latest(cycles: NDArray[np.int64], upto: NDArray[np.int64]) -> NDArray[np.int64]:
    """The largest up to each place; 0 where there is none."""
    running = np.append(np.maximum.accumulate(cycles), 0)
    found: NDArray[np.int64] = running[upto]
    return found
