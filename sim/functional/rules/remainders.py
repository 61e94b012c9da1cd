"""What takers left of the items that one instruction gave: the notes by which errors of others lead there."""

from __future__ import annotations

from collections.abc import Iterator

from acortex.isa.codec import decode
from acortex.isa.sequencer import Dispatch
from acortex.sim.functional.pipes import ITEMS, ItemRun
from acortex.sim.functional.rules.row import Notes
from acortex.sim.functional.rules.situation import Known
from acortex.wording import count


def held_back(known: Known, agent: int, number: int) -> tuple[str, ItemRun] | None:
    """The pipe and the items that hide the end of an agent's instruction, by its number there; None where none do.

    What takes the last item of an instruction knows all that it knew as it ended. Where a taker leaves some, nothing
    behind it knows.
    """
    for name, pipe in known.pipes.items():
        run = pipe.runs[0] if pipe.runs else None
        if run is not None and run.taken and run.end[agent] >= number:
            return name, run
    return None


def notes_on(known: Known, pipe: str, run: ItemRun) -> Notes:
    """Notes on a run of items: what gave how many, what sets that number, and what took some and left others."""
    given = count(run.count + run.taken, *ITEMS[pipe])
    giver = f"{run.dispatch.row.mnemonic} gives {given}", known.line(run.dispatch)
    return (giver, *_border(known, run.dispatch), *_taker(known, run))


def taker_of(run: ItemRun) -> str:
    """The instruction that took some of the items, by its mnemonic."""
    return run.taker.row.mnemonic if run.taker is not None else ""


def _taker(known: Known, run: ItemRun) -> Iterator[tuple[str, str]]:
    if run.taker is not None:
        yield f"{run.taker.row.mnemonic} takes {run.taken:,} of them", known.line(run.taker)


def _border(known: Known, dispatch: Dispatch) -> Iterator[tuple[str, str]]:
    """The `border` above an instruction that sets the positions of its window."""
    window = dispatch.window
    if window is None or dispatch.row.mnemonic != "slide":
        return
    for pc in range(dispatch.pc - 1, -1, -1):
        instruction = decode(int(known.program.words[pc]))
        if instruction.row.mnemonic == "border" and instruction["window"] == dispatch.ops.window:
            positions = f"{window.rows} x {window.columns} = {count(window.positions, 'position')}"
            yield f"border gives the window {positions}", str(known.program.lines[pc])
            return
