"""A program on timed chips that can be run in part: what tests of snapshots, of processes and of units share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa import assemble_file
from acortex.isa.program import Program
from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.prices import prices
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.functional.executor import Functional
from acortex.sim.ledger.report import Timing, timed_report
from acortex.sim.timing.probe import Listener
from acortex.sim.timing.wiring import TimedChip

PROGRAMS = Path(__file__).parents[1] / "programs"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.s"))
QUICK_WRITES = ["program_erase.pulse_ns=1", "program_erase.verify_ns=1"]

Rows = NDArray[np.int64]


class Kept:
    """A listener that keeps all rows, in their order."""

    def __init__(self) -> None:
        self._events: list[Rows] = []
        self._waits: list[Rows] = []

    def events(self, rows: Rows) -> None:
        """Keeps events."""
        self._events.append(rows)

    def waits(self, rows: Rows) -> None:
        """Keeps waits."""
        self._waits.append(rows)

    @property
    def rows(self) -> tuple[list[list[int]], list[list[int]]]:
        """All events and all waits, a list for each."""
        return self._joined(self._events), self._joined(self._waits)

    @staticmethod
    def _joined(kept: list[Rows]) -> list[list[int]]:
        found: list[list[int]] = np.concatenate(kept, axis=1).T.tolist() if kept else []
        return found


class Runs:
    """A program on a chip, of which any number of timed runs can be made."""

    def __init__(self, program: Program, chip: Chip, inferences: int) -> None:
        self.program, self.chip, self.inferences = program, chip, inferences
        functional = Functional(program, chip, inferences, None)
        functional.run()
        self.groups = functional.configuration.times()
        self._after_setup = self._sequencer()
        setup = TimedChip(chip, self._after_setup, self.groups)
        self._setup = setup, setup.run()
        self.registers = self._after_setup.snapshot()

    def _sequencer(self) -> Sequencer:
        return Sequencer(self.program, self.inferences)

    def new(self, listeners: Sequence[Listener] = (), **options: Any) -> TimedChip:
        """A chip that has yet to run what comes after the set-up."""
        sequencer = self._sequencer()
        sequencer.restore(self.registers)
        return TimedChip(self.chip, sequencer, self.groups, listeners, prices(self.chip).total, **options)

    def report(self, chip: TimedChip, cycles: int) -> dict[str, Any]:
        """The report of a chip that has run."""
        timing = Timing(*self._setup, chip, cycles, self.inferences)
        return timed_report(self.program, self.chip, timing).model_dump()


def of_ours(name: str, settings: Sequence[str] = (), inferences: int = 3) -> Runs:
    """A program of the repository, on its chip with settings changed."""
    program = assemble_file(PROGRAMS / f"{name}.s")
    return Runs(program, load_chip(program.chip, [*QUICK_WRITES, *settings]), inferences)
