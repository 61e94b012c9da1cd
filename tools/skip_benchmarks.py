"""What skipping gains: timed runs that simulate each event beside those that skip what repeats (docs/skipping.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from acortex.isa.sequencer import Sequencer
from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.executor import Functional
from acortex.sim.run import Prepared, prepare
from acortex.sim.timing.wiring import TimedChip
from acortex.sim.tracing import Tracing
from acortex.tools.measuring import Benchmark, best, seconds
from acortex.tools.open.machine import machine_of

REACHES = {"resnet152": 20.0, "digits_cnn": 20.0, "mobilenet": 10.0, "inception_v1": 4.5}
"""Networks of the zoo, and how many times as fast the timed chip is to be with skipping."""

WHOLE, RUN_REACH, TRACE_REACH = "resnet152", 10.0, 6.0
"""The network of which whole runs are measured, rules and report included; then with a trace of each event."""


def skipping(quick: bool) -> Iterator[Benchmark]:
    """The timed chip on networks, then a whole run and one that is traced."""
    turns = 1 if quick else 3
    for name, reach in REACHES.items():
        yield _gain(f"skip_{name}", turns, reach, _Chip(_prepared(name)))
    prepared = _prepared(WHOLE)
    yield _gain(f"run_{WHOLE}", turns, RUN_REACH, partial(_run, prepared, None))
    with TemporaryDirectory() as folder:
        traced = partial(_run, prepared, Path(folder) / "run.actrace")
        yield _gain(f"trace_{WHOLE}", turns, TRACE_REACH, traced)


def _prepared(name: str) -> Prepared:
    # Taps of their own give the runs on which these reaches were chosen: with fewer of them there is less to skip.
    return prepare(zoo.load(name, machine_of(load_chip(zoo.entry(name).chip)), weights=False, mapping="taps"))


def _gain(name: str, turns: int, reach: float, work: Callable[[bool], float]) -> Benchmark:
    """How many times as long a run takes that skips nothing."""
    each, skipped = best(turns, partial(work, False), partial(work, True))
    return Benchmark(name, each, "s", skipped, reach, against="the same, skipping what repeats")


class _Chip:
    """The timed chip alone, with the walk of its instructions; rules and set-up stand before the clock."""

    def __init__(self, prepared: Prepared) -> None:
        self._program, self._chip, self._inferences = prepared.program, prepared.chip, prepared.host.inferences
        rules = Functional(self._program, self._chip, self._inferences, None)
        rules.run()
        self._groups = rules.configuration.times()

    def __call__(self, skip: bool) -> float:
        """The seconds of one run."""
        sequencer = Sequencer(self._program, self._inferences)
        TimedChip(self._chip, sequencer, self._groups).run()
        return seconds(lambda: TimedChip(self._chip, sequencer, self._groups, skip=skip).run())


def _run(prepared: Prepared, trace: Path | None, skip: bool) -> float:
    """The seconds of a run of a compiled program: rules, time, energy and report."""
    return seconds(partial(prepared.time, skip=skip, trace=None if trace is None else Tracing(trace)))
