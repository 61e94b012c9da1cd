"""A run: load a program into a chip, execute it, and report."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.codec import as_text
from acortex.isa.codec import decode as decode_word
from acortex.isa.container import sha256
from acortex.isa.program import Program, Tensor
from acortex.isa.sequencer import Sequencer
from acortex.isa.tensors import accept, decode, to_words
from acortex.sim import arrivals, limits
from acortex.sim.chip import TimedChip, unit_paths
from acortex.sim.clock import Clock, delays
from acortex.sim.energy import INDEX, KINDS, prices
from acortex.sim.functional import Functional
from acortex.sim.kernel import CAUSES
from acortex.sim.layer_dump import LayerDump, LayerWords
from acortex.sim.lockstep import Lockstep
from acortex.sim.occupancy import occupancy
from acortex.sim.probe import Listener, Observer, OneByOne
from acortex.sim.report import Timing, heading, timing_report
from acortex.sim.retention import access_tables, late_reads
from acortex.sim.specs import Chip, load_chip
from acortex.traces.schema import Kind, TraceHeader
from acortex.traces.writer import TraceWriter

Inputs = Mapping[str, NDArray[Any]] | NDArray[Any] | None
Progress = Callable[[int, int], None]

SEED = 0
"""The seed of the codes that stand in for inputs where a program has none of its own."""


@dataclass(frozen=True)
class Result:
    """What a run leaves: its report (`acortex.run/1`, plain JSON types) and its outputs by name.

    `outputs[name][i]` is the output of inference i, uint8 codes or the float32 numbers that they stand for, as the
    tensor says; empty where no values were computed. `layers` has what each layer wrote, where that was asked for.
    """

    report: dict[str, Any]
    outputs: dict[str, NDArray[Any]]
    layers: Mapping[str, LayerWords] = field(default_factory=dict)

    @property
    def cycles(self) -> int:
        """The cycles of the run, without its set-up."""
        return int(self.report["cycles"])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{key}</th><td>{self.report[key]}</td></tr>" for key in _SHOWN if key in self.report)
        return f"<table><caption>{self.report['program']['name']}</caption>{rows}</table>"


_SHOWN = ("cycles", "latency_s", "energy_j", "power_w", "area_mm2", "accuracy")


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
) -> Result:
    """Runs a program on a chip.

    `inputs` is an array (or arrays by input name) of shape (inferences, …); without it the program's own samples run,
    or one inference on seeded codes. `labels` are the right answers, for `accuracy`. `values=False` computes no
    outputs, `timing=False` simulates no time; every rule of the chip that does not depend on time is checked in either
    case. `max_cycles` ends a run early, with `stopped` in its report and the outputs of those inferences that were
    complete by then; what comes after it costs nothing. Observers hear of every event, as a trace does.
    `keep_layers` keeps what each layer wrote. `trace_filters` says what a trace leaves out, see
    `acortex.traces.merge.Filter`. `check_order` holds the timed run to the order of the program, see sim/arrivals.py;
    left out, the environment variable ACORTEX_CHECK_ORDER says so.

    Raises the errors of `acortex.errors` for a program that breaks a rule, and for inputs that do not fit.
    """
    if max_cycles is not None and not timing:
        raise UsageError("max_cycles needs time, which timing=False does not simulate")
    chip = chip or load_chip(program.chip)
    limits.check(program, chip)
    codes, inferences, own = _inputs(program, inputs)
    truth = _labels(program, labels, own, inferences)
    tensors = {tensor.name: to_words(tensor, codes[tensor.name]) for tensor in program.inputs} if values else None
    dump = LayerDump() if keep_layers else None
    work = _Work(program, chip, inferences, tensors, dump, progress, arrivals.wanted(check_order))
    report = heading(program, chip)
    if not timing:
        functional = work.values(progress=True)
    else:
        traced = partial(_writer, program, chip, trace, trace_level, trace_filters) if trace else None
        functional, simulated = _in_time(work, traced, max_cycles, observers)
        report |= simulated
    report["warnings"] = functional.warnings
    outputs: dict[str, NDArray[Any]] = {}
    if values:
        found = functional.outputs
        outputs = {tensor.name: decode(tensor, found[tensor.name]) for tensor in program.outputs}
    stopped = report.get("stopped")
    report["accuracy"] = None if truth is None or not outputs or stopped else _accuracy(outputs, truth)
    return Result(report, outputs, dump.layers(program) if dump else {})


@dataclass(frozen=True)
class _Work:
    """What is to be run: a program on a chip, its inputs as words (None without values), and how."""

    program: Program
    chip: Chip
    inferences: int
    tensors: Mapping[str, NDArray[np.uint8]] | None
    dump: LayerDump | None
    progress: Progress | None
    check: bool

    def values(self, limit: int | None = None, not_ended: Container[int] = (), *, progress: bool = False) -> Functional:
        """Walks the program in its order: values, where wanted, and all rules that need no time."""
        functional = Functional(self.program, self.chip, self.inferences, self.tensors, limit, not_ended, self.dump)
        functional.run(_share(self.progress, self.inferences, int(progress)))
        return functional

    def rules(self) -> Functional:
        """An executor of the rules alone, past the set-up."""
        rules = Functional(self.program, self.chip, self.inferences, None)
        rules.set_up()
        return rules


def _in_time(
    work: _Work, traced: Callable[[], TraceWriter] | None, max_cycles: int | None, observers: Sequence[Observer]
) -> tuple[Functional, dict[str, Any]]:
    """Values and time. With a limit of cycles time comes first, and values are those of what ended before it."""
    if max_cycles is None:
        functional = work.values()
        sequencer = Sequencer(work.program, work.inferences)
        return functional, _simulate(work, functional, sequencer, traced, None, observers)[1]
    rules = work.rules()
    lockstep = Lockstep(work.program, work.inferences, rules)
    timed, report = _simulate(work, rules, lockstep, traced, max_cycles, observers)
    if not timed.stopped:
        rules.finish()
    if work.tensors is None:
        return rules, report
    return work.values(*(lockstep.ended(timed.agents) if timed.stopped else ())), report


def _inputs(program: Program, inputs: Inputs) -> tuple[dict[str, NDArray[np.uint8]], int, bool]:
    """The codes of every input, how many inferences there are, and whether the data are the program's own."""
    own = inputs is None and bool(program.samples)
    given = dict(program.samples) if own else _by_name(program, inputs)
    if not given and program.inputs:
        generator = np.random.default_rng(SEED)
        given = {tensor.name: _seeded(tensor, generator) for tensor in program.inputs}
    missing = [tensor.name for tensor in program.inputs if tensor.name not in given]
    if missing:
        raise UsageError(f"input {missing[0]} is missing", hint=f"give an .npz that holds {', '.join(missing)}")
    codes = {tensor.name: accept(tensor, given[tensor.name]) for tensor in program.inputs}
    lengths = {name: len(array) for name, array in codes.items()}
    if len(set(lengths.values())) > 1:
        raise UsageError(f"the inputs hold different numbers of inferences: {lengths}")
    return codes, next(iter(lengths.values()), 1), own


def _seeded(tensor: Tensor, generator: np.random.Generator) -> NDArray[Any]:
    """One inference of random codes, as a user would give them."""
    codes = generator.integers(0, 2 if tensor.encode == "binary" else 1 << tensor.bits, (1, *tensor.shapes[0]))
    return decode(tensor, codes.astype(np.uint8))


def _by_name(program: Program, inputs: Inputs) -> dict[str, NDArray[Any]]:
    if inputs is None:
        return {}
    names = [tensor.name for tensor in program.inputs]
    if not isinstance(inputs, Mapping):
        if len(names) != 1:
            raise UsageError(
                f"{program.name} has {len(names)} inputs, and one array was given",
                hint=f"give an .npz that holds {', '.join(names)}" if names else "leave the input out",
            )
        return {names[0]: np.asarray(inputs)}
    unknown = sorted(set(inputs) - set(names))
    if unknown:
        raise UsageError(f"{program.name} has no input {unknown[0]}", hint=f"its inputs are {', '.join(names)}")
    return {name: np.asarray(array) for name, array in inputs.items()}


def _labels(program: Program, labels: NDArray[Any] | None, own: bool, inferences: int) -> NDArray[Any] | None:
    truth = labels if labels is not None else program.labels if own else None
    if truth is not None and len(truth) != inferences:
        raise UsageError(
            f"there are {len(truth)} labels for {inferences} inferences", hint="give one label an inference"
        )
    return truth


def _accuracy(outputs: Mapping[str, NDArray[Any]], truth: NDArray[Any]) -> float:
    """The share of inferences whose largest code, the first of equals, is where the label says."""
    first = next(iter(outputs.values()))
    return float(np.mean(first.reshape(len(first), -1).argmax(axis=1) == truth))


def _share(progress: Progress | None, total: int, part: int) -> Callable[[int], None] | None:
    """Progress of an executor that is all of the work (1), or the smaller part of it (0)."""
    if progress is None or not part:
        return None
    return lambda done: progress(done, total)


def _simulate(
    work: _Work,
    functional: Functional,
    sequencer: Sequencer,
    traced: Callable[[], TraceWriter] | None,
    max_cycles: int | None,
    observers: Sequence[Observer],
) -> tuple[TimedChip, dict[str, Any]]:
    """The timed executor's part of a run: set-up, then the program from cycle 0."""
    setup = TimedChip(work.chip, sequencer, functional.configuration.times())
    setup_cycles = setup.run()
    writer = traced() if traced else None
    try:
        listeners: list[Listener] = [OneByOne(observer) for observer in observers]
        if writer is not None:
            listeners.append(writer)
        price = prices(work.chip).total
        timed = TimedChip(work.chip, sequencer, functional.configuration.times(), listeners, price, record=work.check)
        cycles = timed.run(max_cycles, _ticks(work, timed, functional, max_cycles))
        report = _report(work, functional, Timing(setup, setup_cycles, timed, cycles))
        if writer is not None and not timed.interrupted:
            writer.finish(report)
            writer = None
        return timed, report
    finally:
        if writer is not None:
            writer.abort()


def _report(work: _Work, functional: Functional, timing: Timing) -> dict[str, Any]:
    """What a run that has ended says, once it is known to have kept its order where that is to be checked."""
    program, chip, timed, cycles = work.program, work.chip, timing.chip, timing.cycles
    if work.check:
        arrivals.check_stream(program, functional.program_order, timed.arrived)
        arrivals.check_memory(program, functional.program_order, timed.accesses(), chip.memory.access_cycles)
    report = timing_report(program, chip, timing)
    accesses = access_tables(timed.accesses(), program.memory)
    report["memory"] = occupancy(accesses, chip.memory_words, cycles)
    report["retention"] = late_reads(program, Clock(chip.clock_ns), accesses, delays(chip).retention_cycles)
    if timed.stopped:
        why = "interrupted" if timed.interrupted else "as --max-cycles asked"
        report["stopped"] = f"stopped at cycle {cycles:,}, {why}; the program goes on"
    return report


def _ticks(work: _Work, timed: TimedChip, functional: Functional, max_cycles: int | None) -> Callable[[], None] | None:
    """What tells progress: of cycles where these are limited, else of inferences, or of instructions of a lone one."""
    progress = work.progress
    if progress is None:
        return None
    if max_cycles is not None:
        return lambda: progress(min(int(timed.kernel.now), max_cycles), max_cycles)
    return partial(_tell, progress, timed, work.inferences, functional.steps)


def _tell(progress: Progress, timed: TimedChip, inferences: int, instructions: int) -> None:
    """Says how far the timed executor is: by inferences, or by instructions where there is but one."""
    tally = timed.tally
    if inferences > 1:
        progress(len(tally.inferences), inferences)
    else:
        issued = sum(count for (kind, _, _), count in tally.events.items() if kind == INDEX["controller.issue"])
        progress(issued, instructions)


def _writer(
    program: Program, chip: Chip, path: str | Path, level: str, filters: Mapping[str, Any] | None
) -> TraceWriter:
    return TraceWriter(path, replace(_header(program, chip), filters=dict(filters or {})), level)


def _header(program: Program, chip: Chip) -> TraceHeader:
    price = prices(chip)
    return TraceHeader(
        program=program.name,
        program_sha256=sha256(program),
        chip=chip.name,
        chip_sha256=chip.sha256,
        config=chip.config,
        clock_ns=float(chip.clock_ns),
        units=unit_paths(chip),
        kinds=tuple(
            Kind(
                kind.name,
                kind.unit,
                kind.description,
                kind.rates[0][0] if kind.rates else "",
                tuple(price.by_component[kind.index].items()),
            )
            for kind in KINDS
        ),
        causes=CAUSES,
        layers=("-", *program.layers),
        lines=tuple(str(line) for line in program.lines),
        instructions=tuple(as_text(decode_word(int(word))) for word in program.words),
        leakage_aj_per_cycle=price.leakage_aj_per_cycle,
    )
