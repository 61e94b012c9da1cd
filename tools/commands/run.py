"""`acortex run`: simulates a program and reports."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acortex.errors import AcortexError, UsageError
from acortex.safe_files import left_of, part_of
from acortex.tools.commands.trace_filter import FILTER_HELP, trace_filters
from acortex.tools.console import files
from acortex.tools.console.manners import warn
from acortex.tools.console.output import console, format_option, print_json, show
from acortex.tools.console.progress import ProgressBar
from acortex.tools.console.ranges import CYCLES, SEED
from acortex.tools.console.spool import spool
from acortex.tools.open.chip_options import chip_files, chips_option, load_side, set_option
from acortex.tools.open.network_options import (
    calibration_option,
    carry_option,
    dim_option,
    fill_option,
    host_option,
    mapping_option,
    quantise_option,
)
from acortex.tools.open.networks import Compiling
from acortex.tools.open.programs import Opened, files_of, is_network, opened, program_argument

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip
    from acortex.sim.inputs import Inputs
    from acortex.sim.results import RunReport
    from acortex.sim.run import Result
    from acortex.traces.results_of_paths import CriticalPath

NOISE_HELP = "Give the chip the analog errors that it states, drawn with this seed; see docs/analog.md."
LEVELS = ("layers", "instructions", "events")
OUTPUTS = ("output", "trace", "report", "plot")
"""The options that name a file to write."""


@click.command()
@program_argument
@click.option("--input", "inputs", metavar="X", type=click.Path(), help="Run on these: .npy, or .npz by input name.")
@click.option("--output", metavar="Y", type=click.Path(), help="Write the outputs here: Y[i] is that of inference i.")
@click.option("--labels", metavar="L.npy", type=click.Path(), help="The right answers, one whole number per inference.")
@click.option("--trace", metavar="RUN.actrace", type=click.Path(), help="Write a trace of the run here.")
@click.option("--trace-level", type=click.Choice(LEVELS), default="events", show_default=True, help="How much of it.")
@click.option("--trace-filter", "filters", metavar="NAME=VALUE", multiple=True, help=FILTER_HELP)
@click.option(
    "--report", metavar="FILE.html", type=click.Path(), help="Write a page about the run: acortex trace report."
)
@click.option("--plot", metavar="FILE", type=click.Path(), help="Draw area, energy and time: FILE.svg or FILE.png.")
@chips_option
@set_option
@calibration_option
@mapping_option
@dim_option
@quantise_option
@fill_option
@carry_option
@host_option
@click.option("--timing-only", is_flag=True, help="Simulate time and energy, compute no values.")
@click.option("--functional-only", is_flag=True, help="Compute the outputs, simulate no time.")
@click.option("--max-cycles", metavar="N", type=CYCLES, help="Stop after so many cycles.")
@click.option(
    "--check-order",
    is_flag=True,
    help="Hold the timed run to the order of the program, and to a run that skips; see docs/soundness.md.",
)
@click.option("--no-skip", is_flag=True, help="Simulate each event, also what repeats; see docs/skipping.md.")
@click.option("--dump-layers", metavar="DIR", type=click.Path(), help="Write what each layer wrote to memory here.")
@click.option("--data-energy", is_flag=True, help="Tell the energy of arrays by the data, beside the fixed figure.")
@click.option("--noise-seed", metavar="N", type=SEED, help=NOISE_HELP)
@click.option("--debug", "debugs", is_flag=True, help="Where the program fails, open the debugger there.")
@format_option
def run(program: str, form: str, **options: Any) -> int:
    """Simulate a program: FILE.s, FILE.acx, FILE.onnx or zoo:NAME.

    Prints accuracy, latency, energy and area, where the time went and, with --trace, what limited the run. Without
    --input a program runs on its own data. A network is compiled first; the ranges of its maps are chosen on
    --calibration, else on the first 64 inputs, or fewer of a large network.
    """
    _check(options)
    _check_debugs(program, form, options)
    if options["report"]:
        from acortex.tools.report.render import require_jinja

        require_jinja()
    if options["plot"]:
        from acortex.tools.drawing.write import check_form

        check_form(options["plot"])
    _check_files(program, form, options)
    chips = [load_side(side, options["settings"], _load_chip) for side in options["chips"]]
    if len(chips) > 1:
        return _compare(program, chips, options, form)
    options["written"] = _written(options["trace"], options["report"])
    inputs = _read_inputs(options)
    made = _open(program, chips[0] if chips else None, options, inputs, options["settings"])
    loaded = made.program
    _check_own_chip(loaded, options)
    _check_layers(program, loaded, options)
    chip = chips[0] if chips else _own_chip(loaded, options)
    try:
        result = _simulate(loaded, chip, options, inputs)
    except AcortexError as error:
        if not options["debugs"] or error.exit_code != AcortexError.exit_code:
            raise
        return _open_debugger(error, loaded, chip, inputs)
    report = _complete(result, made, inputs, options)
    _save(result, options)
    _write_report(options["report"], options["written"], report.trace_failure)
    path = None if form == "json" and not options["plot"] else _path(report, options)
    _plot(report, path, options)
    if form == "json":
        print_json(report)
    else:
        from acortex.tools.views.run import parts

        out = console(err=files.STANDARD in (options[name] for name in OUTPUTS))
        show(out, parts(report, out.width, path))
    return _exit_code(report)


def _written(trace: str | None, report: str | None) -> str | None:
    """Where the trace is written first: into a temporary file if it goes to stdout, or if only a page needs it."""
    return spool("run.actrace") if trace == files.STANDARD or (report and not trace) else trace


def _write_report(report: str | None, trace: str, failure: str | None) -> None:
    """Writes the page about a run, on request, from its trace; a warning says that its trace could not be written."""
    if not report:
        return
    if failure:
        warn(f"{report} is not written: the trace that it is made from {failure}")
        return
    from acortex.tools.commands.trace_report import write
    from acortex.traces.file.reader import open as open_trace

    write([(Path(trace).name, open_trace(left_of(trace)))], report)


def _plot(report: RunReport, path: CriticalPath | None, options: dict[str, Any]) -> None:
    """Draws the run, on request: with its critical path where that is known."""
    if not options["plot"]:
        return
    from acortex.sim.results import timed
    from acortex.tools.drawing.breakdown import breakdown, of_run
    from acortex.tools.drawing.write import encoded
    from acortex.tools.paper.printed_shares import printed_shares

    picture = breakdown(report.program.name, report.chip.label, of_run(timed(report), path, printed_shares))
    files.write(options["plot"], encoded(picture, options["plot"]))


def _open_debugger(error: AcortexError, program: Program, chip: Chip, inputs: Inputs) -> int:
    """Opens the debugger where a program has failed, if it had begun; the exit code says that it has."""
    from acortex.sim.debug.debugger import Debugger
    from acortex.sim.run import prepare
    from acortex.tools.commands.debug import converse, typed_or_read

    try:
        debugger = Debugger(prepare(program, chip, inputs=inputs))
    except AcortexError:  # it fails before it begins
        raise error from None
    debugger.to_end()
    converse(debugger, typed_or_read(None))
    return error.exit_code


def _path(report: RunReport, options: dict[str, Any]) -> CriticalPath | None:
    """The critical path of a run, where its trace lies in a file and tells it at little cost."""
    if not report.trace or report.trace_failure or options["trace"] == files.STANDARD or report.stopped:
        return None
    from acortex.traces.file.reader import open as open_trace
    from acortex.traces.headroom import quick

    return quick(open_trace(options["trace"]))


def _check(options: dict[str, Any]) -> None:
    """Refuses options that contradict each other, before any work is done."""
    _check_chips(options)
    if options["timing_only"] and options["functional_only"]:
        raise UsageError("--timing-only and --functional-only leave nothing to do", hint="give one of the two, or none")
    for name in ("output", "labels", "dump_layers", "noise_seed", "data_energy"):
        if options["timing_only"] and options[name] is not None and options[name] is not False:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} needs values, which --timing-only does not compute", hint="leave one of them out"
            )
    for name in ("trace", "report", "plot", "max_cycles"):
        if options["functional_only"] and options[name]:
            option = name.replace("_", "-")
            raise UsageError(
                f"--{option} needs time, which --functional-only does not simulate", hint="leave one of them out"
            )


def _check_debugs(program: str, form: str, options: dict[str, Any]) -> None:
    """Refuses --debug where there is no one run whose failure a debugger could show, or no way to talk to it."""
    others = {
        "--format json": form == "json",
        "several --chip": len(options["chips"]) > 1,
        "--noise-seed": options["noise_seed"] is not None,
        "a program from stdin": program == files.STANDARD,
    }
    for what, given in others.items():
        if options["debugs"] and given:
            raise UsageError(f"--debug does not go with {what}", hint="leave one of them out")


def _check_files(program: str, form: str, options: dict[str, Any]) -> None:
    """Refuses outputs that cannot be written, or that are inputs or each other, before any work is done."""
    outputs = [(f"--{name}", options[name]) for name in OUTPUTS]
    trace = options["trace"] if options["trace"] != files.STANDARD else None
    if trace:
        outputs.append(("the unfinished --trace", part_of(trace)))
    json = ("--format json", files.STANDARD if form == "json" else None)
    files.check_apart(_inputs(program, options), (*outputs, ("--dump-layers", options["dump_layers"]), json))
    for _, path in outputs[: len(OUTPUTS)]:
        if path:
            files.check_writable(path)
    if options["dump_layers"]:
        files.check_folder(options["dump_layers"])
    if trace:
        from acortex.traces.file.writer import check_free

        check_free(trace)


def _inputs(program: str, options: dict[str, Any]) -> list[files.Named]:
    """The files that a run reads."""
    given = {"--input": "inputs", "--calibration": "calibration", "--labels": "labels"}
    return [
        *files_of(program),
        *((option, options[name]) for option, name in given.items()),
        *chain.from_iterable(chip_files("--chip", side.chip) for side in options["chips"]),
    ]


def _check_own_chip(loaded: Program, options: dict[str, Any]) -> None:
    """Refuses outputs that would replace the chip that a program names, an assembled one too."""
    if not options["chips"]:
        outputs = [(f"--{name}", options[name]) for name in OUTPUTS]
        files.check_apart(chip_files("the program's chip", loaded.chip), outputs)


def _check_layers(program: str, loaded: Program, options: dict[str, Any]) -> None:
    """Refuses files of layers that would replace others, as soon as the layers are known."""
    from acortex.tools.open.arrays import layer_paths

    if options["dump_layers"]:
        paths = layer_paths(options["dump_layers"], ("-", *loaded.layers))
        outputs = [("--output", options["output"]), *(("--dump-layers", path) for path in paths)]
        files.check_apart(_inputs(program, options), outputs)


def _check_chips(options: dict[str, Any]) -> None:
    """Refuses with several chips what is made for one."""
    chips = len(options["chips"])
    for name in (*OUTPUTS, "dump_layers", "functional_only"):
        if chips > 1 and options[name]:
            option, number = name.replace("_", "-"), "two" if chips == 2 else chips
            raise UsageError(f"--{option} is for one chip, and {number} are compared", hint="run the chips one by one")


def _load_chip(name: str, settings: Sequence[str]) -> Chip:
    from acortex.sim.chip.specs import load_chip

    return load_chip(name, settings)


def _own_chip(program: Program, options: dict[str, Any]) -> Chip:
    """The chip that a program names, with the settings given."""
    from acortex.sim.chip.program_chip import chip_of

    return chip_of(program, None, options["settings"])


def _compare(reference: str, chips: Sequence[Chip], options: dict[str, Any], form: str) -> int:
    """Runs the program on every chip, a network compiled for each, and shows the runs beside each other."""
    from acortex.sim.chip.comparison import compare, naming
    from acortex.tools.views.compare import parts

    reports: list[RunReport] = []
    made: Opened | None = None
    inputs = _read_inputs(options)
    for chip in chips:
        with naming(chip):
            if made is None or is_network(reference):  # stdin is read once
                made = _open(reference, chip, options, inputs)
            result = _simulate(made.program, chip, options, inputs)
            if result.interrupted:  # the others are not begun
                raise KeyboardInterrupt
            reports.append(_complete(result, made, inputs, options))
    report = compare(*reports)
    if form == "json":
        print_json(report)
    else:
        show(console(), parts(report), whole=True)
    return max(_exit_code(one, f"{one.chip.label}: ") for one in reports)


def _read_inputs(options: dict[str, Any]) -> Inputs:
    """The inputs that the user gave, by name or not; None without any."""
    from acortex.tools.open.arrays import read_arrays

    return read_arrays(options["inputs"]) if options["inputs"] else None


def _open(
    reference: str, chip: Chip | None, options: dict[str, Any], inputs: Inputs, settings: Sequence[str] = ()
) -> Opened:
    """Opens the program. A trace lists instructions with their quantisers, so that a traced run has its weights."""
    weights = not options["timing_only"] or options.get("written") is not None
    how = Compiling(
        options["mapping"],
        options["calibration"],
        inputs,
        options["dims"],
        fill_weights=options["fill_weights"],
        host=options["host"],
        quantise=options["quantise"],
        carry=options["carry"],
    )
    return opened(reference, chip, settings, weights=weights, how=how)


def _simulate(program: Program, chip: Chip, options: dict[str, Any], inputs: Inputs) -> Result:
    """Runs a program on what the user gave."""
    from acortex.sim.run import run as simulate
    from acortex.tools.open.arrays import read_labels

    trace = options.get("written")
    with ProgressBar("simulating") as bar:
        result = simulate(
            program,
            chip,
            inputs=inputs,
            labels=read_labels(options["labels"]) if options["labels"] else None,
            trace=trace,
            trace_level=options["trace_level"],
            trace_filters=trace_filters(options["filters"], program, chip) if options["filters"] else None,
            max_cycles=options["max_cycles"],
            values=not options["timing_only"],
            timing=not options["functional_only"],
            keep_layers=bool(options["dump_layers"]),
            progress=bar,
            check_order=options["check_order"] or None,
            skip=not options["no_skip"],
            keep_interrupted=True,
            noise_seed=options["noise_seed"],
            data_energy=options["data_energy"],
        )
    if trace and options["trace"] == files.STANDARD:
        files.copy_to_stdout(left_of(trace))
    return result


def _complete(result: Result, made: Opened, inputs: Inputs, options: dict[str, Any]) -> RunReport:
    """The report of a run with what the simulator does not have: whether its outputs are right, where its trace is, and
    on which inputs the ranges of its network were chosen.
    """
    from acortex.tools.digits_check import verified

    checked = verified(made.program, inputs, result)
    more = {"verification": checked, "trace": _trace(options["trace"]), "calibration": made.calibration}
    return result.report.model_copy(update=more)


def _trace(path: str | None) -> str | None:
    """Where the trace is: under the name of its part, if that was not renamed at the end of the run."""
    return path if path is None or path == files.STANDARD else left_of(path)


def _save(result: Result, options: dict[str, Any]) -> None:
    """Writes the outputs, and what the layers wrote, on request."""
    from acortex.tools.open.arrays import write_arrays, write_layers

    if options["output"]:
        write_arrays(options["output"], result.outputs)
    if options["dump_layers"]:
        write_layers(options["dump_layers"], {name: words._asdict() for name, words in result.layers.items()})


def _exit_code(report: RunReport, whose: str = "") -> int:
    """1 where the run was stopped, or its outputs are not those of the independent evaluation; warns of what is odd."""
    for warning in report.warnings:
        warn(whose + warning)
    if report.stopped:
        warn(whose + report.stopped)
        return 1
    checked = report.verification
    return 1 if report.trace_failure or (checked and not checked.equal) else 0
