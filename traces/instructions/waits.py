"""The waits of a trace by the instruction that they are booked to, with what ended most of each sort."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import numpy as np

from acortex.traces.enders import ENDED, HELD, OTHERWISE, TAKEN, Enders
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints
from acortex.traces.instructions.columns import Columns
from acortex.traces.instructions.results import Ender, InstructionWait

HOWS: dict[int, Literal["ended", "taken", "held"]] = {ENDED: "ended", TAKEN: "taken", HELD: "held"}

_By = tuple[int, int, int]
"""What ended a wait: how, the number of a unit, and the address of the instruction that it worked for."""


class Waits:
    """The waits of a trace, and what ended those that were looked at."""

    def __init__(self, header: TraceHeader, columns: Columns, enders: Enders) -> None:
        self._header = header
        self._columns = columns
        self._enders = enders
        self._found: dict[int, _By] = {}

    def look_at(self, rows: Iterable[int]) -> None:
        """Finds what ended some waits, rows of the columns; those that were looked at before stay as they are."""
        new = np.array([at for at in rows if at not in self._found], np.int64)
        how, unit, pc, _ = self._enders.of(new)
        self._found.update(zip(new.tolist(), zip(how.tolist(), unit.tolist(), pc.tolist(), strict=True), strict=True))

    def summed(self, rows: Iterable[int], cycles: Ints, looked_at: Iterable[int]) -> list[InstructionWait]:
        """The waits in some rows by unit and cause, most cycles first.

        `cycles` has those of each row of the columns that count; what ended a wait is found for the rows of
        `looked_at` alone.
        """
        columns, chosen = self._columns, set(looked_at)
        self.look_at(chosen)
        sums: defaultdict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
        enders: defaultdict[tuple[int, int], defaultdict[_By, int]] = defaultdict(lambda: defaultdict(int))
        for at in rows:
            key, spent = (int(columns.unit[at]), int(columns.code[at]) - columns.kinds), int(cycles[at])
            sums[key][0] += 1
            sums[key][1] += spent
            if at in chosen and (found := self._found[at])[0] != OTHERWISE:
                enders[key][found] += spent
        made = [self._wait(key, times, spent, enders[key]) for key, (times, spent) in sums.items()]
        return sorted(made, key=lambda wait: -wait.cycles)

    def _wait(self, key: tuple[int, int], times: int, cycles: int, enders: dict[_By, int]) -> InstructionWait:
        header, ender, ended = self._header, None, 0
        if enders:
            (how, by, pc), ended = max(enders.items(), key=lambda entry: entry[1])
            ender = Ender(unit=header.units[by], line=header.source(pc), text=header.text(pc), how=HOWS[how])
        unit, cause = header.units[key[0]], header.causes[key[1]]
        return InstructionWait(unit=unit, cause=cause, times=times, cycles=cycles, ended_by=ender, ended=ended)
