"""What skipping gains: timed runs that simulate each event beside those that skip what repeats (docs/skipping.md)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
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
from acortex.tools.measuring import Benchmark, bare_simpy, best, seconds
from acortex.tools.open.machine import machine_of

REACHES = {"resnet152": 20.0, "digits_cnn": 20.0, "mobilenet": 10.0, "inception_v1": 4.5}
"""Networks of the zoo, and how many times as fast the timed chip is to be with skipping."""

WHOLE, RUN_REACH, TRACE_REACH = "resnet152", 10.0, 6.0
"""The network of which whole runs are measured, rules and report included; then with a trace of each event."""


EVENTS, EVENTS_REACH = ("digits_cnn", "resnet152"), 0.6
"""Networks of which each event is simulated, and how many per second are to be beside the timeouts of bare simpy."""

SHORT, SHORT_REACH = "digits_mlp", 7.6
"""A network of short instructions. A whole run took 15 times as long as walking them when the row was written."""


def events(quick: bool) -> Iterator[Benchmark]:
    """Events per second of the timed chip on networks, none skipped, beside simpy's timeouts."""
    for name in EVENTS:
        chip, timeouts = _Chip(_prepared(name)), 100_000
        simulated, bare = best(1 if quick else 3, partial(chip, False), partial(bare_simpy, timeouts))
        against = "timeouts of 100 processes of bare simpy"
        rate, limit = chip.events / simulated, timeouts / bare
        yield Benchmark(f"core_events_{name}", rate, "events/s", limit, EVENTS_REACH, against=against)


def instructions(quick: bool) -> Iterator[Benchmark]:
    """What an instruction costs in a whole run that skips, where most of them are short."""
    prepared = _prepared(SHORT)
    walked = _Walked(prepared)
    whole, bare = best(1 if quick else 5, partial(_run, prepared, None, True), walked)
    each, limit = 1e6 * whole / walked.instructions, 1e6 * bare / walked.instructions
    against = "the sequencer's walk over the same instructions"
    yield Benchmark(f"instruction_{SHORT}", each, "us/instruction", limit, SHORT_REACH, True, against)


class _Walked:
    """The instructions of a run, walked by the sequencer alone."""

    def __init__(self, prepared: Prepared) -> None:
        self._prepared = prepared
        self.instructions = 0

    def __call__(self) -> float:
        """The seconds of one walk."""
        sequencer = Sequencer(self._prepared.program, self._prepared.host.inferences)
        return seconds(partial(self._walk, sequencer))

    def _walk(self, sequencer: Sequencer) -> None:
        while sequencer.state != "halted":
            sequencer.step()
        self.instructions = sequencer.serial


def skipping(quick: bool) -> Iterator[Benchmark]:
    """The timed chip on networks, then a whole run and one that is traced."""
    turns = 1 if quick else 3
    for name, reach in REACHES.items():
        chip = _Chip(_prepared(name))
        gain = _gain(f"skip_{name}", turns, reach, chip)
        yield replace(gain, against=f"{gain.against}: {chip.simulated / chip.events:.1%} of the events are simulated")
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
        self.events = self.simulated = 0
        """Those of the last run: all, and those that were not skipped. No gain is above the one over the other."""

    def __call__(self, skip: bool) -> float:
        """The seconds of one run."""
        sequencer = Sequencer(self._program, self._inferences)
        TimedChip(self._chip, sequencer, self._groups).run_whole()
        return seconds(partial(self._run, sequencer, skip))

    def _run(self, sequencer: Sequencer, skip: bool) -> None:
        chip = TimedChip(self._chip, sequencer, self._groups, skip=skip)
        chip.run_whole()
        self.events = sum(chip.tally.events.values())
        self.simulated = self.events - (chip.skipper.skipped if chip.skipper is not None else 0)


def _run(prepared: Prepared, trace: Path | None, skip: bool) -> float:
    """The seconds of a run of a compiled program: rules, time, energy and report."""
    return seconds(partial(prepared.time, skip=skip, trace=None if trace is None else Tracing(trace)))
