"""One simulation for several chips: those whose settings move no cycle have one course of events, priced for each."""

from __future__ import annotations

from collections.abc import Sequence

from acortex.garbage import rarely_collected
from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.specs import Chip
from acortex.sim.chip.timing_settings import sha256_of_time
from acortex.sim.ledger.report import Timing, timed_report
from acortex.sim.results import RunReport
from acortex.sim.run import Prepared
from acortex.sim.timing.wiring import TimedChip


def reports(prepared: Prepared, chips: Sequence[Chip]) -> list[RunReport]:
    """The report of a run without values on each of the chips; the prepared one says what is simulated.

    Numbers are those of `Prepared.time` on each chip; warnings are left out. Raises ValueError for chips whose cycles
    may differ, and the errors of a program that breaks a rule.
    """
    check_same_time(prepared, chips)
    with rarely_collected():
        timing = timing_of(prepared)
        return [timed_report(prepared.program, chip, timing) for chip in chips]


def check_same_time(prepared: Prepared, chips: Sequence[Chip]) -> None:
    """Raises ValueError for chips whose cycles may differ from those of the prepared run."""
    if any(sha256_of_time(chip) != sha256_of_time(prepared.chip) for chip in chips):
        raise ValueError("the chips differ in a setting that moves time")


def timing_of(prepared: Prepared) -> Timing:
    """What the timed executor leaves of set-up and run, both without a trace."""
    sequencer = Sequencer(prepared.program, prepared.host.inferences)
    groups = prepared.rules().configuration.times()
    setup = TimedChip(prepared.chip, sequencer, groups)
    setup_cycles = setup.run_whole()
    timed = TimedChip(prepared.chip, sequencer, groups, skip=True)
    return Timing(setup, setup_cycles, timed, timed.run_whole(), prepared.host.inferences)
