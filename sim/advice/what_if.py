"""What would a run take with each setting one step better? It is simulated, and held beside what the path bounds.

A faster unit can make a run slower: another order of grants comes about. So nothing is recommended by what a unit did;
each setting is tried, in time alone, and a run that became slower says which wait grew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory

from acortex.errors import UsageError
from acortex.isa.container import sha256
from acortex.isa.program import Program
from acortex.sim.advice.results import Slower, WhatIf, WhatIfRow
from acortex.sim.advice.steps import STEPS, Step, Value, unmoved
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.sim.functional.rules import limits
from acortex.sim.inputs import HostData
from acortex.sim.ledger.reprice import completed, recorded_chip
from acortex.sim.results import TimedReport, timed
from acortex.sim.run import Prepared
from acortex.sim.timing.wiring import unit_paths
from acortex.sim.tracing import Tracing
from acortex.traces.bounds import Chain, Change
from acortex.traces.critical import critical_path
from acortex.traces.file.reader import Trace
from acortex.traces.file.reader import open as open_trace
from acortex.traces.headroom import sums_of
from acortex.traces.results_of_paths import CriticalPath
from acortex.wording import did_you_mean, setting_value

Progress = Callable[[int, int], None]

BEST = 3
"""The settings that gain most, each pair of which is tried together."""


def what_if(
    trace: Trace, program: Program, *, settings: Sequence[str] = (), progress: Progress | None = None
) -> WhatIf:
    """Runs the program of a trace again, in time alone, with each setting one step better and each pair of the best.

    `settings` are paths of those to try; without them it is all that move time. `progress` receives how many runs are
    done, of how many. The trace must hold every event of its run.

    Raises UsageError for a trace without a critical path, for another program than the recorded one, and for a run that
    cannot be repeated: because processes of a user took part, or because this version takes other cycles.
    """
    return _Trial(completed(trace), program, progress or (lambda done, total: None)).report(_chosen(settings))


def _chosen(settings: Sequence[str]) -> list[Step]:
    """The steps of some settings, of all where none is given. Raises UsageError for those that have none."""
    known = {step.path: step for step in STEPS}
    for path in settings:
        if path not in SETTINGS:
            raise UsageError(
                f"there is no setting {path}",
                hint=did_you_mean(path, known, "`acortex chip schema` lists the settings"),
            )
        if unmoved(path):
            hint = f"those that do are {', '.join(known)}"
            raise UsageError(f"{path} has no step that makes a run of the same program faster", hint=hint)
    return [known[path] for path in dict.fromkeys(settings)] or list(STEPS)


@dataclass(frozen=True)
class _Try:
    """Settings to try together: the steps, their values, and the chip with them."""

    steps: tuple[Step, ...]
    values: tuple[Value, ...]
    chip: Chip


class _Trial:
    """The recorded run, and what is run beside it."""

    def __init__(self, trace: Trace, program: Program, progress: Progress) -> None:
        self._path = sums_of(critical_path(trace), trace)  # says what a trace without one lacks
        self._trace = trace
        self._program = program
        self._progress = progress
        self._chip = recorded_chip(trace)
        self._inferences = _inferences(trace)
        self._done = self._total = 0
        _check(trace, program, self._chip)
        self._chain = Chain(trace)

    def report(self, steps: Sequence[Step]) -> WhatIf:
        """Tries each step, then the pairs of the best."""
        singles = [one for step in steps if (one := self._try((step,))) is not None]
        self._total = 1 + len(singles) + BEST
        recorded = self._run(self._chip)
        if recorded.cycles != self._trace.cycles:
            raise UsageError(
                f"the run took {self._trace.cycles:,} cycles, and today it takes {recorded.cycles:,}",
                where=str(self._trace.path),
                hint="another version recorded it, or a process of a user took part: record it anew",
            )
        rows = self._rows(singles)
        better = [one.steps[0] for row, one in rows if row.cycles < row.cycles_before][:BEST]
        pairs = self._rows([one for two in combinations(better, 2) if (one := self._try(two)) is not None])
        return WhatIf(
            program=self._program.name,
            chip=self._chip.name,
            cycles=recorded.cycles,
            energy_j=recorded.energy_j,
            energy_aj=recorded.energy_aj,
            contention=self._path.contention,
            rows=[row for row, _ in (*rows, *pairs)],
        )

    def _try(self, steps: tuple[Step, ...]) -> _Try | None:
        """What some steps make of the chip; None where a setting has no better value."""
        values = [step.taken(self._chip) for step in steps]
        taken = tuple(value for value in values if value is not None)
        if len(taken) < len(values):
            return None
        texts = [f"{step.path}={setting_value(value)}" for step, value in zip(steps, taken, strict=True)]
        return _Try(steps, taken, recorded_chip(self._trace, texts))

    def _rows(self, tries: Sequence[_Try]) -> list[tuple[WhatIfRow, _Try]]:
        """A row for each, the fastest run first."""
        return sorted(((self._row(one), one) for one in tries), key=lambda pair: pair[0].cycles)

    def _row(self, one: _Try) -> WhatIfRow:
        found = self._run(one.chip)
        before: list[Value] = [step.value(self._chip) for step in one.steps]
        to: list[Value] = list(one.values)
        alone = len(to) == 1
        return WhatIfRow.model_validate(
            {
                "path": " + ".join(step.path for step in one.steps),
                "from": before[0] if alone else before,
                "to": to[0] if alone else to,
                "cycles": found.cycles,
                "cycles_before": self._trace.cycles,
                "energy_j": found.energy_j,
                "energy_aj": found.energy_aj,
                "bound": self._chain.bound(self._changes(one)),
                "slower": self._slower(one.chip) if found.cycles > self._trace.cycles else None,
            }
        )

    def _changes(self, one: _Try) -> Iterator[Change]:
        """What each step changes by itself."""
        for step in one.steps:
            alone = self._try((step,))
            assert alone is not None
            yield step.change(self._chip, alone.chip)

    def _run(self, chip: Chip, tracing: Tracing | None = None) -> TimedReport:
        """The report of the run on a chip, in time alone."""
        limits.check(self._program, chip)
        prepared = Prepared(self._program, chip, HostData({}, self._inferences, None))
        report = timed(prepared.time(trace=tracing).report)
        if tracing is None:
            self._done += 1
            self._progress(min(self._done, self._total), self._total)
        return report

    def _slower(self, chip: Chip) -> Slower | None:
        """The wait on the path of a slower run that grew most, from its trace."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / "run.actrace"
            self._run(chip, Tracing(path))
            trace = open_trace(path)
            return grown(self._path, sums_of(critical_path(trace), trace))


def _inferences(trace: Trace) -> int:
    """How many inferences a run had, by its report; one where that counts none."""
    found = (trace.summary or {}).get("inferences")
    return max(len(found), 1) if isinstance(found, list) else 1


def _check(trace: Trace, program: Program, chip: Chip) -> None:
    """Refuses what cannot be the recorded run again."""
    where = str(trace.path)
    if trace.missing:
        raise UsageError(f"a part of a run is no measure: {trace.missing}", where=where, hint="let the run end")
    recorded, given = trace.header.program_sha256, sha256(program)
    if recorded != given:
        raise UsageError(
            f"{program.name} is not the program of the trace: its sha256 is {given[:16]}, that of the trace's "
            f"{trace.header.program} {recorded[:16]}",
            where=where,
            hint="give the program as it was recorded, or record it anew",
        )
    others = [unit for unit in trace.header.units if unit not in unit_paths(chip)]
    if others:
        raise UsageError(
            f"{others[0]} is a process of a user, which a trace does not hold: the run cannot be repeated",
            where=where,
            hint="record the run without it",
        )


def grown(before: CriticalPath, after: CriticalPath) -> Slower | None:
    """The wait for what is shared that takes most more of one path than of another, with what holds it longest."""
    waits = [_waits(before), _waits(after)]
    more = {pair: cycles - waits[0][pair] for pair, cycles in waits[1].items()}
    pair = max(more, key=lambda pair: more[pair], default=None)
    if pair is None or more[pair] <= 0:
        return None
    rival = next((row for row in after.rivals if (row.unit, row.name) == pair), None)
    return Slower(
        unit=pair[0],
        name=pair[1],
        held_by=rival.held_by if rival else "-",
        line=rival.line if rival else "-",
        text=rival.text if rival else "",
        cycles=[waits[0][pair], waits[1][pair]],
    )


def _waits(path: CriticalPath) -> defaultdict[tuple[str, str], int]:
    """Cycles of a path in waits for what is shared, by unit and cause."""
    found: defaultdict[tuple[str, str], int] = defaultdict(int)
    found.update({(row.unit, row.name): row.cycles for row in path.by_cause if row.what == "waiting"})
    return found
