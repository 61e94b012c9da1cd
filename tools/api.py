"""The Python interface: what the commands of the same names do, returning objects. Every option is a parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.safe_files import left_of
from acortex.sim.chip.program_chip import chip_of
from acortex.sim.chip.specs import Chip
from acortex.tools.console import files
from acortex.tools.open.chip_options import chip_files
from acortex.tools.open.networks import Compiling
from acortex.tools.open.programs import Opened, files_of, nothing_to_compile, opened

if TYPE_CHECKING:
    from acortex.programs.compiler import Compiled
    from acortex.sim.accuracy.recalibrate import Recalibrated
    from acortex.sim.accuracy.results import AccuracyReport
    from acortex.sim.debug.debugger import Debugger
    from acortex.sim.inputs import Inputs
    from acortex.sim.run import Prepared, Progress, Result
    from acortex.sim.timing.probe import Observer
    from acortex.sim.timing.processes import Process
    from acortex.tools.open.networks import Calibration

AnyProgram = Program | str | Path
"""A program, or the path of one (.s, .acx, .onnx), or "zoo:NAME"."""

Mapped = Literal["taps", "dense", "best"]
"""How taps fill rows of arrays, by name."""

Effort = Literal["fast", "best"]
"""How much work is done for a network's accuracy (docs/quantisation.md)."""

Hosted = Literal["ends", "auto"]
"""What the host does of a network: what is left at its end, or also what the chip cannot do in between."""

AnyChip = Chip | str | Path
"""A chip, the name of a built-in one, or the path of a .toml."""


def prepare(
    program: AnyProgram,
    chip: AnyChip | None = None,
    *,
    settings: Sequence[str] = (),
    inputs: Inputs = None,
    labels: NDArray[Any] | None = None,
    noise_seed: int | None = None,
    data_energy: bool = False,
    calibration: Calibration = None,
    mapping: Mapped | None = None,
    dims: Mapping[str, int] | None = None,
    fill_weights: bool = False,
    quantise: Effort | None = None,
    carry: Mapping[str, Sequence[str]] | None = None,
    host: Hosted | None = None,
) -> Prepared:
    """Makes a program ready to run: `.values()` computes, `.time()` simulates time and energy, `.run()` does both.

    Without `chip` it is the one that the program names; `settings` such as "memory.access_cycles=3" are laid over it.
    `inputs` is an array (or arrays by input name) of shape (inferences, …); without it the program's own data run, or
    one inference on seeded codes. `labels` are the right answers, one whole number for each inference. `noise_seed`
    gives the chip the analog errors that it states, as chip 0 of the population of that seed (docs/analog.md).
    `data_energy` tells the energy of arrays by the data, beside the fixed figure. A network is compiled: `mapping`,
    `dims`, `fill_weights`, `quantise`, `host` and `carry` are those of `compile`, and ranges are chosen on
    `calibration`, else on the first of the `inputs`.

    Raises the errors of `acortex.errors`: for files that cannot be read, and for what does not fit.
    """
    from acortex.sim import run as simulator
    from acortex.tools.console.ranges import SEED, whole

    seed = whole("noise_seed", noise_seed, SEED)
    how = Compiling(mapping, calibration, inputs, dims, fill_weights, host, quantise, carry)
    made, on = _opened(program, chip, settings, how)
    return simulator.prepare(made.program, on, inputs=inputs, labels=labels, noise_seed=seed, data_energy=data_energy)


def run(
    program: AnyProgram,
    chip: AnyChip | None = None,
    *,
    settings: Sequence[str] = (),
    inputs: Inputs = None,
    labels: NDArray[Any] | None = None,
    calibration: Calibration = None,
    mapping: Mapped | None = None,
    dims: Mapping[str, int] | None = None,
    fill_weights: bool = False,
    quantise: Effort | None = None,
    carry: Mapping[str, Sequence[str]] | None = None,
    host: Hosted | None = None,
    trace: str | Path | None = None,
    trace_level: Literal["layers", "instructions", "events"] = "events",
    trace_filters: Mapping[str, Any] | None = None,
    max_cycles: int | None = None,
    values: bool = True,
    timing: bool = True,
    keep_layers: bool = False,
    check_order: bool | None = None,
    progress: Progress | None = None,
    observers: Sequence[Observer] = (),
    processes: Sequence[Process] = (),
    noise_seed: int | None = None,
    data_energy: bool = False,
) -> Result:
    """Simulates a program, and returns what came out, what it cost and where the time went.

    Takes what `prepare` takes, and raises what it raises; and a `trace`, its level and filters; `max_cycles` that end
    it, as Ctrl-C does; `values=False`, `timing=False`; `check_order`; `observers`; `processes` (docs/extending.md).
    """
    from acortex.sim import run as simulator
    from acortex.tools.console.ranges import CYCLES, SEED, whole

    _check_options(values, timing, noise_seed, data_energy, trace, trace_level, observers, processes)
    how = Compiling(mapping, calibration, inputs, dims, fill_weights, host, quantise, carry)
    made, on = _opened_beside(trace, program, chip, settings, how, values or trace is not None)
    result = simulator.run(
        made.program,
        on,
        inputs=inputs,
        labels=labels,
        trace=trace,
        trace_level=trace_level,
        trace_filters=trace_filters,
        max_cycles=whole("max_cycles", max_cycles, CYCLES),
        values=values,
        timing=timing,
        keep_layers=keep_layers,
        check_order=check_order,
        progress=progress,
        observers=observers,
        processes=processes,
        keep_interrupted=True,
        noise_seed=whole("noise_seed", noise_seed, SEED),
        data_energy=data_energy,
    )
    return _completed(result, made, inputs, trace)


def _completed(result: Result, made: Opened, inputs: Inputs, trace: str | Path | None) -> Result:
    """A result whose report says whether its outputs are right, on which inputs the ranges of its network were chosen,
    and where its trace is.
    """
    from acortex.tools.digits_check import verified

    written = None if trace is None else left_of(trace)
    checked = verified(made.program, inputs, result)
    more = {"verification": checked, "calibration": made.calibration, "trace": written}
    return replace(result, report=result.report.model_copy(update=more))


def debug(
    program: AnyProgram,
    chip: AnyChip | None = None,
    *,
    settings: Sequence[str] = (),
    inputs: Inputs = None,
    check_order: bool | None = None,
    calibration: Calibration = None,
    mapping: Mapped | None = None,
    dims: Mapping[str, int] | None = None,
) -> Debugger:
    """Puts a program under a debugger: one that steps, stops and looks, forwards and backwards (docs/debugger.md).

    `program` to `inputs` are those of `prepare`, and so are `calibration`, `mapping` and `dims` for a network. A run
    that has come to its end is held to the order of the program with `check_order`.

    Raises the errors of `acortex.errors`: for files that cannot be read, and for what fails in the set-up.
    """
    from acortex.sim.debug.debugger import Debugger

    made = prepare(program, chip, settings=settings, inputs=inputs, calibration=calibration, mapping=mapping, dims=dims)
    return Debugger(made, check_order=check_order)


def accuracy(
    program: AnyProgram,
    chip: AnyChip | None = None,
    *,
    settings: Sequence[str] = (),
    inputs: Inputs = None,
    labels: NDArray[Any] | None = None,
    answer: str | None = None,
    chips: int = 100,
    seed: int = 0,
    ages_s: Sequence[float] = (),
    temperatures_c: Sequence[float] = (),
    at_least: Sequence[float] = (),
    ablate: bool = False,
    progress: Progress | None = None,
    calibration: Calibration = None,
    mapping: Mapped | None = None,
    dims: Mapping[str, int] | None = None,
    quantise: Effort | None = None,
    host: Hosted | None = None,
) -> AccuracyReport:
    """Runs a program on a population of chips with the analog errors that the chip states, and tells how right it is.

    `program` to `labels` are those of `prepare`; without labels what the ideal chip says is right. `answer` is the
    output that is judged, else the first. The same seed gives the same chips, whatever their number. `ages_s` and
    `temperatures_c` look at the same chips again; `at_least` are accuracies whose yield is told; `ablate` runs each
    kind of error alone, and all but it. `calibration`, `mapping`, `dims`, `quantise` and `host` are those of `prepare`,
    for a network.

    Raises the errors of `acortex.errors`: for files that cannot be read, and for what does not fit.
    """
    from acortex.sim.accuracy.study import Conditions
    from acortex.sim.accuracy.study import accuracy as study
    from acortex.tools.console.ranges import AGE, CELSIUS, CHIPS, SEED, SHARE, needed, numbers

    many, of_seed = needed("chips", chips, CHIPS), needed("seed", seed, SEED)
    at = Conditions(numbers("ages_s", ages_s, AGE), numbers("temperatures_c", temperatures_c, CELSIUS))
    levels = numbers("at_least", at_least, SHARE)
    made, on = _opened(program, chip, settings, Compiling(mapping, calibration, inputs, dims, False, host, quantise))
    return study(
        made.program,
        on,
        inputs=inputs,
        labels=labels,
        answer=answer,
        chips=many,
        seed=of_seed,
        conditions=at,
        at_least=levels,
        ablate=ablate,
        progress=progress,
    )


def recalibrate(
    program: AnyProgram,
    chip: AnyChip | None = None,
    *,
    settings: Sequence[str] = (),
    inputs: Inputs = None,
    chips: int = 20,
    seed: int = 1,
    progress: Progress | None = None,
    calibration: Calibration = None,
    mapping: Mapped | None = None,
    dims: Mapping[str, int] | None = None,
    quantise: Effort | None = None,
) -> Recalibrated:
    """Chooses the scales of a program's converters anew: `.program` has them, `.report` says what was measured.

    `program` to `settings` are those of `prepare`, and so are `calibration`, `mapping`, `dims` and `quantise` for a
    network.
    `chips` of the population of `seed` are measured, with the analog errors that the chip states; `inputs` are what
    they run on (docs/analog-networks.md).

    Raises the errors of `acortex.errors`: for files that cannot be read, and for a chip that states no errors.
    """
    from acortex.sim.accuracy.recalibrate import recalibrate as measured
    from acortex.tools.console.ranges import MEASURED, SEED, needed

    many, of_seed = needed("chips", chips, MEASURED), needed("seed", seed, SEED)
    made, on = _opened(program, chip, settings, Compiling(mapping, calibration, inputs, dims, quantise=quantise))
    return measured(made.program, on, inputs=inputs, chips=many, seed=of_seed, progress=progress)


def compile(
    model: str | Path,
    chip: AnyChip | None = None,
    *,
    settings: Sequence[str] = (),
    calibration: Calibration = None,
    mapping: Mapped | None = None,
    dims: Mapping[str, int] | None = None,
    fill_weights: bool = False,
    quantise: Effort | None = None,
    carry: Mapping[str, Sequence[str]] | None = None,
    host: Hosted | None = None,
    drop_lrn: bool = False,
    smallest_chip: bool = False,
    sensitivity: bool = False,
) -> Compiled:
    """Maps a network, MODEL.onnx or "zoo:NAME", onto a chip: its `.program` runs, its `.report` says where it lies.

    `calibration` are inputs that show the range of every map, a file or arrays of shape (inferences, …); without it
    seeded random inputs are used, with a warning. `mapping` says how taps fill the rows of arrays: "best" by default,
    "taps" for those networks of the zoo that are of the source paper. `dims` has sizes for axes of inputs that the file
    leaves open, by the name of the axis or INPUT.AXIS; with `fill_weights` weights whose file is missing are random
    numbers, for time and energy alone. `quantise` is "best", the default where there are data, which chooses levels
    layer by layer, or "fast", each layer alone (docs/quantisation.md). With `sensitivity` the report says what the
    rounding of each layer costs. With `host="auto"` the host does what the chip cannot, between parts of the program
    (docs/host.md). `carry` names for inputs that stay on the chip the outputs that they take of the inference before,
    one behind the other: {"h": ["hn"]}; in the first they are 0. `drop_lrn` leaves local response normalisation out.
    With `smallest_chip` the network is compiled for the smallest chip that holds it.

    Raises the errors of `acortex.errors`: for nodes that the chip cannot do, and for what does not fit.
    """
    from acortex.tools.open import networks

    _check_kinds(chip, settings)
    if smallest_chip and isinstance(chip, Chip):
        raise UsageError(
            "smallest_chip lays sizes over a chip that is named, and a Chip was given",
            hint="give the name or the path of the chip",
        )
    named = chip if chip is None or isinstance(chip, Chip) else str(chip)
    made = networks.compiled(
        str(model),
        named,
        settings,
        networks.Compiling(
            mapping, calibration, dims=dims, fill_weights=fill_weights, host=host, quantise=quantise, carry=carry
        ),
        drop_lrn=drop_lrn,
        smallest_chip=smallest_chip,
        measured=networks.EVERY if sensitivity else 0,
    )
    if not made.plan.graph.parts or smallest_chip:
        return made
    from acortex.tools.open.partitions import priced

    return replace(made, report=priced(made, networks.chip_for(str(model), named, settings)))


def _opened(
    program: AnyProgram, chip: AnyChip | None, settings: Sequence[str], how: Compiling, weights: bool = True
) -> tuple[Opened, Chip]:
    """A program and the chip that it is to run on; `how` and `weights` are those of `opened`."""
    _check_kinds(chip, settings)
    if isinstance(program, Program):
        nothing_to_compile("a Program", how)
        made = Opened(program)
    else:
        named = chip if chip is None or isinstance(chip, Chip) else str(chip)
        made = opened(str(program), named, settings, weights=weights, how=how)
    return made, chip if isinstance(chip, Chip) else chip_of(made.program, chip, settings)


def _opened_beside(
    trace: str | Path | None,
    program: AnyProgram,
    chip: AnyChip | None,
    settings: Sequence[str],
    how: Compiling,
    weights: bool,
) -> tuple[Opened, Chip]:
    """The same, where no trace replaces what is read."""
    _check_trace(program, chip, trace)
    made, on = _opened(program, chip, settings, how, weights)
    if chip is None:
        _check_trace(made.program, made.program.chip, trace)
    return made, on


def _check_kinds(chip: AnyChip | None, settings: Sequence[str]) -> None:
    """Refuses a chip and settings that are of another type, or do not go together."""
    if chip is not None and not isinstance(chip, (Chip, str, Path)):
        raise UsageError(f"chip is of type {type(chip).__name__}", hint="give a Chip, a name or the path of a .toml")
    if (
        isinstance(settings, str)
        or not isinstance(settings, Iterable)
        or not all(isinstance(one, str) for one in settings)
    ):
        raise UsageError("settings are a list of texts", hint='settings=["memory.access_cycles=3"]')
    if settings and isinstance(chip, Chip):
        raise UsageError(
            "settings lie over a chip that is named, and a Chip was given",
            hint=f"load_chip({chip.name!r}, settings) makes one with them",
        )


def _check_options(
    values: bool,
    timing: bool,
    noise_seed: int | None,
    data_energy: bool,
    trace: str | Path | None,
    level: str,
    observers: Sequence[Any],
    processes: Any,
) -> None:
    """Raises UsageError for options of a run that say nothing, or that a type checker would refuse."""
    from acortex.traces.file.schema import LEVELS

    if not values:
        _check_without_values(timing, noise_seed, data_energy)
    if level not in LEVELS:
        raise UsageError(f"a trace has no level {level!r}", hint=f"levels are {', '.join(LEVELS)}")
    if trace is not None and (str(files.named("trace", trace)) == files.STANDARD or "\0" in str(trace)):
        raise UsageError(f"trace is {str(trace)[:80]!r}, no path of a file", hint='give one such as "run.actrace"')
    if not all(hasattr(one, "emit") and hasattr(one, "wait") for one in observers):
        raise UsageError("an observer has the methods emit and wait", hint="see acortex.sim.timing.probe.Observer")
    if not isinstance(processes, Sequence) or not all(callable(one) for one in processes):
        raise UsageError("processes are a list of functions of one argument", hint="see docs/extending.md")


def _check_without_values(timing: bool, noise_seed: int | None, data_energy: bool) -> None:
    """Raises UsageError for a run without values that leaves nothing to do, or that has options which need them."""
    if not timing:
        raise UsageError("values=False and timing=False leave nothing to do", hint="give one of the two, or none")
    for name, given in (("noise_seed", noise_seed is not None), ("data_energy", data_energy)):
        if given:
            raise UsageError(f"{name} needs values, which values=False does not compute", hint="leave one of them out")


def _check_trace(program: AnyProgram, chip: AnyChip | None, trace: str | Path | None) -> None:
    """Refuses a trace that would replace the program or the chip that it is of."""
    read = [] if isinstance(program, Program) else files_of(str(program))
    if chip is not None and not isinstance(chip, Chip):
        read += chip_files("chip", str(chip))
    files.check_apart(read, [("trace", None if trace is None else str(trace))])
