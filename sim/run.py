"""A run: a program on a chip, its values and its time, and what it took."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.garbage import rarely_collected
from acortex.isa.arithmetic.tensors import decode
from acortex.isa.container import sha256
from acortex.isa.program import Program
from acortex.isa.sequencer import Sequencer
from acortex.sim import arrivals, tracing
from acortex.sim.chip import free
from acortex.sim.chip.errors import stated
from acortex.sim.chip.prices import prices
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import Chip
from acortex.sim.functional.executor import Functional
from acortex.sim.functional.host_work import host_values
from acortex.sim.functional.lanes import walk_many
from acortex.sim.functional.layer_dump import LayerDump, LayerWords
from acortex.sim.functional.rules import limits
from acortex.sim.functional.turns import turns_of
from acortex.sim.functional.values import ArraysOf
from acortex.sim.inputs import HostData, Inputs, host_data
from acortex.sim.ledger.data_energy import Meter
from acortex.sim.ledger.report import INTERRUPTED, Timing, functional_report, timed_report
from acortex.sim.ledger.unmoved import unmoved
from acortex.sim.lockstep import Lockstep
from acortex.sim.results import AnalogErrors, RunReport
from acortex.sim.timing.kernel import LAST
from acortex.sim.timing.probe import Listener, Observer, OneByOne
from acortex.sim.timing.processes import Process
from acortex.sim.timing.wiring import TimedChip
from acortex.sim.tracing import Tracing
from acortex.traces.file.writer import TraceWriter

if TYPE_CHECKING:
    from acortex.traces.display.plots import Plots

Arrays = Mapping[str, NDArray[Any]]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Values:
    """What a program computes: its outputs by name.

    `outputs[name][i]` is the output of inference i, uint8 codes or the float32 numbers that they stand for, as the
    tensor says. `layers` has what each layer wrote, on request.
    """

    report: RunReport
    outputs: Arrays
    layers: Mapping[str, LayerWords] = field(default_factory=dict)

    def __repr__(self) -> str:
        return repr(self.report).replace("RunReport", type(self).__name__, 1)

    def _repr_html_(self) -> str:
        from acortex.sim.ledger import display  # as below: most runs are shown by no notebook

        return display.page(self.report)


@dataclass(frozen=True, repr=False)
class Result(Values):
    """What a run leaves: its report, and its outputs as `Values` has them; none where no values were computed."""

    outputs: Arrays = field(default_factory=dict)

    @property
    def cycles(self) -> int:
        """The cycles of the run, without its set-up. Raises UsageError where no time was simulated."""
        return int(self._timed("cycles"))

    @property
    def latency_s(self) -> float:
        """How long the whole run takes, in seconds. Raises UsageError where no time was simulated."""
        return float(self._timed("latency_s"))

    @property
    def energy_j(self) -> float:
        """The energy of the whole run, in joules. Raises UsageError where no time was simulated."""
        return float(self._timed("energy_j"))

    @property
    def plot(self) -> Plots:
        """Its pictures, in axes of matplotlib: `plot.energy()`, `.layers()`, `.waits()`, `.power()`, `.timeline()`."""
        from acortex.sim.ledger import display

        return display.plots(self.report)

    @property
    def interrupted(self) -> bool:
        """Whether the user ended the run, rather than the program or a limit of cycles."""
        return INTERRUPTED in (self.report.stopped or "")

    def _timed(self, name: str) -> Any:
        found = self.report[name]
        if found is None:
            raise UsageError(f"this run has no {name}: it simulated no time", hint="leave out timing=False")
        return found


@dataclass(frozen=True)
class Prepared:
    """A program on a chip with what the host has: ready to compute values, to simulate time, or both."""

    program: Program
    chip: Chip
    host: HostData
    noise_seed: int | None = None
    """The seed of the population whose chip 0 this is, with its analog errors; None for the ideal chip."""
    data_energy: bool = False
    """Whether the energy of arrays is told by the data, too, where values are computed."""

    def __repr__(self) -> str:
        counts = f"{len(self.program.words):,} instructions, {self.host.inferences:,} inferences"
        return f"Prepared({self.program.name} on {self.chip.name}, {counts})"

    def values(self, *, keep_layers: bool = False, progress: Progress | None = None) -> Values:
        """Computes the outputs, without time. `keep_layers` keeps what each layer wrote."""
        dump = LayerDump() if keep_layers else None
        meter = self._meter()
        functional = self._walk(True, dump=dump, progress=progress, meter=meter)
        outputs = self._outputs(functional)
        report = functional_report(self.program, self.chip, functional.warnings, self.host.accuracy(outputs))
        report = report.model_copy(update=self._of_values(meter))
        return Values(report, outputs, dump.layers(self.program) if dump else {})

    def time(
        self,
        *,
        trace: Tracing | None = None,
        max_cycles: int | None = None,
        check_order: bool | None = None,
        progress: Progress | None = None,
        observers: Sequence[Observer] = (),
        processes: Sequence[Process] = (),
        skip: bool = True,
        keep_interrupted: bool = False,
    ) -> Result:
        """Simulates time and energy, without values. The options are those of `acortex.sim.run.run`."""
        how = _Time(
            trace, max_cycles, arrivals.wanted(check_order), progress, observers, processes, skip, keep_interrupted
        )
        return self._timed(how, False, None)

    def run(
        self,
        *,
        trace: Tracing | None = None,
        max_cycles: int | None = None,
        keep_layers: bool = False,
        check_order: bool | None = None,
        progress: Progress | None = None,
        observers: Sequence[Observer] = (),
        processes: Sequence[Process] = (),
        skip: bool = True,
        keep_interrupted: bool = False,
    ) -> Result:
        """Computes the outputs, and simulates time and energy. The options are those of `acortex.sim.run.run`."""
        how = _Time(
            trace, max_cycles, arrivals.wanted(check_order), progress, observers, processes, skip, keep_interrupted
        )
        return self._timed(how, True, LayerDump() if keep_layers else None)

    def timed_chip(self, listeners: Sequence[Listener] = (), *, skip: bool = False) -> TimedChip:
        """The chip in time, after its set-up, to be run in part: to `advance`, `step`, `snapshot`, `restore` and `run`.

        Listeners receive rows of events and waits, as `acortex.sim.timing.probe.Listener` says. One with `skip` skips
        what repeats (docs/skipping.md), and can only `run`. Raises the errors of a program that breaks a rule.
        """
        sequencer = Sequencer(self.program, self.host.inferences)
        groups = self.rules().configuration.times()
        TimedChip(self.chip, sequencer, groups).run_whole()
        return TimedChip(self.chip, sequencer, groups, listeners, prices(self.chip).total, skip=skip)

    def rules(self) -> Functional:
        """Walks the program in its order, and holds it to all rules that need no time; it computes no values."""
        return self._walk(False)

    def _timed(self, how: _Time, values: bool, dump: LayerDump | None) -> Result:
        """Values and time. With a limit of cycles time comes first, and values are those of what ended before it."""
        if how.max_cycles is not None and not 1 <= how.max_cycles <= LAST:
            raise UsageError(f"max_cycles is {how.max_cycles}, allowed is 1 to {LAST}")
        with rarely_collected():
            return self._timed_within(how, values, dump)

    def _timed_within(self, how: _Time, values: bool, dump: LayerDump | None) -> Result:
        meter = self._meter() if values else None
        if how.max_cycles is None:
            functional = self._walk(values, dump=dump, leap=not how.check, meter=meter)
            _, report = _simulate(self, how, functional, Sequencer(self.program, self.host.inferences))
        else:
            functional, report = self._bounded(how, values, dump, meter)
        outputs = self._outputs(functional) if values else {}
        accuracy = None if report.stopped else self.host.accuracy(outputs)
        still = unmoved(report)
        said = [*functional.warnings, *free.warnings(self.chip, still), *report.warnings, *still.values()]
        of_values = self._of_values(meter) if values else {}
        report = report.model_copy(update={"warnings": said, "accuracy": accuracy, **of_values})
        return Result(report, outputs, dump.layers(self.program) if dump else {})

    def _bounded(
        self, how: _Time, values: bool, dump: LayerDump | None, meter: Meter | None
    ) -> tuple[Functional, RunReport]:
        """A run that ends after some cycles, whose cost they bound."""
        rules = Functional(self.program, self.chip, self.host.inferences, None)
        rules.set_up()
        lockstep = Lockstep(self.program, self.host.inferences, rules)
        timed, report = _simulate(self, how, rules, lockstep)
        if not timed.stopped:
            rules.finish()
        if not values:
            return rules, report
        ended = lockstep.ended(timed.agents) if timed.stopped else ()
        return self._walk(True, *ended, dump=dump, meter=meter), report

    def _walk(
        self,
        values: bool,
        limit: int | None = None,
        not_ended: Container[int] = (),
        *,
        dump: LayerDump | None = None,
        progress: Progress | None = None,
        leap: bool = True,
        meter: Meter | None = None,
    ) -> Functional:
        """Walks the program in its order: values, where wanted, and all rules that need no time.

        `leap` is that of `turns_of`: without it the walk notes the order of every access.
        """
        total = self.host.inferences
        tick = (lambda done: None) if progress is None else (lambda done: progress(done, total))
        words = self.host.words(self.program) if values else None
        work = host_values(self.program, self.host.numbers, total) if values else None
        analog, noting = self._analog() if values else None, None if meter is None else meter.begin
        if words is not None and limit is None and total > 1:
            found = walk_many(self.program, self.chip, total, words, dump, tick, leap, analog, noting, work)
            found.host = work
            return found
        functional = Functional(self.program, self.chip, total, words, limit, not_ended, dump, analog, noting, work)
        if words is None and limit is None and leap:
            functional.turns = turns_of(functional.known, lanes=False, layers=False, leap=True)
        functional.run(tick)
        return functional

    def _analog(self) -> ArraysOf | None:
        """What makes the arrays of this chip where it has errors: of chip 0 of its population."""
        if self.noise_seed is None:
            return None
        from acortex.sim.accuracy.chips import AnalogChips, top_code
        from acortex.sim.accuracy.written import rehearse

        rehearse(self.chip)
        top = top_code(self.program, self.chip)
        return partial(AnalogChips, chip=self.chip, seed=self.noise_seed, numbers=range(1), top=top)

    def _meter(self) -> Meter | None:
        """What adds up the activity of arrays, where that is wanted."""
        return Meter(self.program, self.chip) if self.data_energy else None

    def _of_values(self, meter: Meter | None) -> dict[str, Any]:
        """What the report says where values were computed."""
        return {"errors": self._errors(), "data_energy": None if meter is None else meter.report()}

    def _errors(self) -> AnalogErrors | None:
        """What the report says of errors: those that act, and of which chip."""
        if self.noise_seed is None:
            return None
        return AnalogErrors(noise_seed=self.noise_seed, chip=0, settings=stated(self.chip.errors))

    def _outputs(self, functional: Functional) -> dict[str, NDArray[Any]]:
        found = functional.outputs
        outputs = {tensor.name: decode(tensor, found[tensor.name]) for tensor in self.program.shown}
        results = {} if functional.host is None else functional.host.complete(functional.known.complete)
        return outputs | results


def prepare(
    program: Program,
    chip: Chip | None = None,
    *,
    inputs: Inputs = None,
    labels: NDArray[Any] | None = None,
    noise_seed: int | None = None,
    data_energy: bool = False,
) -> Prepared:
    """Makes a program ready to run on a chip, without it on the one that it names.

    `inputs` is an array (or arrays by input name) of shape (inferences, …); without it the program's own samples run,
    or one inference on seeded codes. `labels` are the right answers, for `accuracy`. `noise_seed` gives the chip the
    errors that it states, as chip 0 of the population of that seed; a chip whose `errors.model` is "analog" has those
    of seed 0 without it. Errors change values alone. `data_energy` tells the energy of arrays by the data, beside the
    fixed figure that is in all other energies.

    Raises LimitError for a program that needs more than its chip has, and UsageError for inputs that do not fit.
    """
    chip = chip or chip_of(program)
    limits.check(program, chip)
    if noise_seed is None and chip.errors.model == "analog":
        noise_seed = 0
    return Prepared(program, chip, host_data(program, inputs, labels), noise_seed, data_energy)


def run(
    program: Program,
    chip: Chip | None = None,
    *,
    inputs: Inputs = None,
    labels: NDArray[Any] | None = None,
    trace: str | Path | None = None,
    trace_level: str = "events",
    trace_filters: Mapping[str, Any] | None = None,
    max_cycles: int | None = None,
    values: bool = True,
    timing: bool = True,
    keep_layers: bool = False,
    check_order: bool | None = None,
    progress: Progress | None = None,
    observers: Sequence[Observer] = (),
    processes: Sequence[Process] = (),
    skip: bool = True,
    keep_interrupted: bool = False,
    noise_seed: int | None = None,
    data_energy: bool = False,
) -> Result:
    """Runs a program on a chip: `prepare` and what it prepares, in one call.

    `values=False` computes no outputs, `timing=False` simulates no time; every rule of the chip that does not depend on
    time is checked in either case. `max_cycles` ends a run early, with `stopped` in its report and the outputs of those
    inferences that were complete by then; what comes after it costs nothing. Observers receive every event, as a trace
    does. `processes` are simpy processes of a user that live in the chip, see sim/timing/processes.py. `keep_layers`
    keeps what each layer wrote. `trace_filters` says what a trace leaves out, see `acortex.traces.file.merge.Filter`.
    `skip=False` simulates each event, also those that repeat what has been: all but `skipped` of the report is equal,
    see docs/skipping.md. `check_order` holds the timed run to the order of the program (sim/arrivals.py), and to a run
    that skips; left out, ACORTEX_CHECK_ORDER of the environment says so. With `keep_interrupted` a run that Ctrl-C ends
    returns what it came to, as with `max_cycles`; else that is raised, so that no part is taken for the whole.
    `noise_seed` and `data_energy` are those of `prepare`.

    Raises the errors of `acortex.errors` for a program that breaks a rule, and for inputs that do not fit.
    """
    if max_cycles is not None and not timing:
        raise UsageError("max_cycles needs time, which timing=False does not simulate")
    if trace is not None and not timing:
        raise UsageError("a trace needs time, which timing=False does not simulate", hint="leave one of them out")
    if processes and not timing:
        raise UsageError("processes need time, which timing=False does not simulate", hint="leave one of them out")
    prepared = prepare(program, chip, inputs=inputs, labels=labels, noise_seed=noise_seed, data_energy=data_energy)
    if not timing:
        if not values:
            functional = prepared._walk(False, progress=progress)
            return Result(functional_report(program, prepared.chip, functional.warnings, None))
        found = prepared.values(keep_layers=keep_layers, progress=progress)
        return Result(found.report, found.outputs, found.layers)
    traced, check = Tracing(trace, trace_level, trace_filters or {}) if trace else None, arrivals.wanted(check_order)
    how = _Time(traced, max_cycles, check, progress, observers, processes, skip, keep_interrupted)
    return prepared._timed(how, values, LayerDump() if keep_layers and values else None)


@dataclass(frozen=True)
class _Time:
    """How time is simulated."""

    trace: Tracing | None
    max_cycles: int | None
    check: bool
    progress: Progress | None
    observers: Sequence[Observer]
    processes: Sequence[Process]
    skip: bool
    keep_interrupted: bool

    @property
    def skips(self) -> bool:
        """Whether events may be skipped: not with a limit, processes of a user, or a check of each access."""
        return self.skip and self.max_cycles is None and not self.check and not self.processes


def _simulate(
    prepared: Prepared, how: _Time, functional: Functional, sequencer: Sequencer
) -> tuple[TimedChip, RunReport]:
    """The timed executor's part of a run: set-up, then the program from cycle 0."""
    program, chip = prepared.program, prepared.chip
    groups = functional.configuration.times()
    setup = TimedChip(chip, sequencer, groups)
    setup_cycles = setup.run_whole()
    digest = sha256(program)
    writer = how.trace.begin(program, chip, digest, len(how.processes)) if how.trace else None
    try:
        listeners: list[Listener] = [OneByOne(observer) for observer in how.observers]
        if writer is not None:
            listeners.append(writer)
        price = prices(chip).total
        registers = sequencer.snapshot() if how.check and how.skip and how.max_cycles is None else None
        timed = TimedChip(
            chip, sequencer, groups, listeners, price, record=how.check, processes=how.processes, skip=how.skips
        )
        cycles = timed.run(how.max_cycles, _ticks(how, timed, prepared.host.inferences, functional.steps))
        if timed.interrupted and not how.keep_interrupted:
            raise KeyboardInterrupt
        timing = Timing(setup, setup_cycles, timed, cycles, prepared.host.inferences)
        report = timed_report(program, chip, timing, digest)
        if how.check:
            arrivals.check(program, chip, functional.program_order, timed)
        if registers is not None and not how.processes and not timed.stopped:
            sequencer.restore(registers)
            skipping = TimedChip(chip, sequencer, groups, skip=True)
            timing = Timing(setup, setup_cycles, skipping, skipping.run_whole(), prepared.host.inferences)
            arrivals.check_skipping(report, timed_report(program, chip, timing, digest))
        return timed, report.model_copy(update={"order_checked": how.check, **_end(writer, report, timed)})
    finally:
        if writer is not None:
            writer.abort()


def _end(writer: TraceWriter | None, report: RunReport, timed: TimedChip) -> dict[str, Any]:
    """Ends the trace, if there is one; what the report says of one that could not be written."""
    failure = tracing.end(writer, report.summary(), timed.interrupted) if writer is not None else None
    if writer is None or failure is None:
        return {}
    return {"trace_failure": failure, "warnings": [f"the trace is incomplete: {writer.part} {failure}"]}


def _ticks(how: _Time, timed: TimedChip, inferences: int, instructions: int) -> Callable[[], None] | None:
    """What shows progress: of cycles where these are limited, else of inferences, or of instructions of a lone one."""
    progress, limit = how.progress, how.max_cycles
    if progress is None:
        return None
    if limit is not None:
        return lambda: progress(min(int(timed.kernel.now), limit), limit)
    return partial(_tell, progress, timed, inferences, instructions)


def _tell(progress: Progress, timed: TimedChip, inferences: int, instructions: int) -> None:
    """Says how far the timed executor is: by inferences, or by instructions where there is but one."""
    if inferences > 1:
        progress(timed.begun, inferences)
    else:
        progress(timed.issued, instructions)
