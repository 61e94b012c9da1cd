"""The turns of the loop over the host's inferences, as a walk goes through them: what is followed from turn to turn."""

from __future__ import annotations

from dataclasses import dataclass

from acortex.sim.functional.host_loop import HostLoop, count_of, host_loop
from acortex.sim.functional.lineage import Lineage
from acortex.sim.functional.periods import Periods
from acortex.sim.functional.rules.situation import Known, Situation


@dataclass
class Turns:
    """Follows a walk: `lineage` finds out whether inferences may be lanes, `periods` leaps over turns."""

    loop: HostLoop
    lineage: Lineage | None
    periods: Periods | None

    def stepped(self, known: Known, pc: int) -> None:
        """Follows an instruction of the controller: where the loop begins, a turn ends, or the loop has ended."""
        if pc not in (self.loop.opens, self.loop.closes):
            return
        on = known.sequencer.pc != self.loop.closes + 1
        if self.lineage is not None:
            self.lineage.begin(count_of(known.sequencer, self.loop) if on else -1)
        if on and self.periods is not None:
            self.periods.turn(known, self.lineage)

    def moved(self, at: Situation) -> None:
        """Follows an instruction that moves items."""
        if self.lineage is not None:
            self.lineage.move(at)


def turns_of(known: Known, *, lanes: bool, layers: bool, leap: bool) -> Turns | None:
    """What follows a walk of several inferences; None where the program has no loop over them, or there is but one.

    With `lanes` it finds whether their values may be lanes, with `layers` those of each layer, too. `leap` leaves
    out turns that follow from others: their instructions are then missing in the walk's `program_order`.
    """
    loop = host_loop(known.program) if known.inferences > 1 else None
    if loop is None:
        return None
    return Turns(loop, Lineage(known, layers) if lanes else None, Periods(loop) if leap else None)
