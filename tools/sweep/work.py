"""What a worker does for a sweep: it makes a program, runs it in time for some chips, or tells how right it is.

A job is plain data, and so is its answer: both cross the border of a process, or of a machine.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acortex.errors import AcortexError

if TYPE_CHECKING:
    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip
    from acortex.sim.results import RunReport

Job = Mapping[str, Any]
"""`do`, and what it needs: one of `WORK`."""

Answer = Mapping[str, Mapping[str, Any]]
"""Results by key: each has a `status`, done or failed, with an `error`."""

DONE, FAILED = "done", "failed"


def work(job: Job) -> Answer:
    """Does a job. What fails is a result too: nothing is raised but an interrupt."""
    begin = time.process_time()
    try:
        found = WORK[job["do"]](job)
    except AcortexError as error:
        found = {key: failed(_text(error)) for key in job["keys"]}
    except Exception as error:  # one point must not end a sweep of thousands
        found = {key: failed(f"a fault of acortex: {type(error).__name__}: {error}") for key in job["keys"]}
    share = (time.process_time() - begin) / max(1, len(found))
    return {key: {**row, "cpu_s": share} for key, row in found.items()}


def failed(error: str) -> dict[str, Any]:
    """The result of what did not work."""
    return {"status": FAILED, "error": error}


def _text(error: AcortexError) -> str:
    return str(error).replace("\n  hint: ", "; ").replace("\n", "; ")


def _make(job: Job) -> Answer:
    """Makes the program of a network, or opens one: what it is, and what was said meanwhile."""
    said = io.StringIO()
    with redirect_stderr(said):
        program = _compiled(job) if job["file"] else _opened(job["program"])
    facts = {"labels": program.labels is not None, "name": program.name, "instructions": len(program.words)}
    return {job["keys"][0]: {"status": DONE, **facts, "said": said.getvalue()}}


def _compiled(job: Job, keep: bool = True) -> Program:
    """The program of a network, compiled, and kept in a file."""
    from acortex.isa import container
    from acortex.tools.open.networks import Compiling
    from acortex.tools.open.programs import opened

    how = Compiling(**job["compile"], inputs=job["inputs"])
    program = opened(job["program"], _chip(job["chip"], job["settings"]), weights=False, how=how).program
    if keep:
        container.save(program, Path(job["file"]))
    return program


def _chip(name: str | None, settings: Sequence[str]) -> Chip | None:
    from acortex.sim.chip.specs import load_chip

    return None if name is None else load_chip(name, settings)


def _program(job: Job) -> Program:
    """The program of a job; a network is compiled once more where its file is not within reach of a worker."""
    if not job["file"] or Path(job["file"]).exists():
        return _opened(job["file"] or job["program"])
    with redirect_stderr(io.StringIO()):
        return _compiled({**job, "settings": job["points"][0]}, keep=False)


@lru_cache(maxsize=2)
def _opened(reference: str) -> Program:
    """A program by its file or name; one worker often runs the same one many times."""
    from acortex.tools.open.programs import open_program

    return open_program(reference, weights=False)


def _chips(job: Job, program: Program) -> list[Chip]:
    from acortex.sim.chip.program_chip import chip_of

    return [chip_of(program, job["chip"], settings) for settings in job["points"]]


def _inputs(job: Job) -> dict[str, Any]:
    """What the host has for a run."""
    from acortex.tools.open.arrays import read_arrays, read_labels

    return {
        "inputs": read_arrays(job["inputs"]) if job["inputs"] else None,
        "labels": read_labels(job["labels"]) if job["labels"] else None,
    }


def _time(job: Job) -> Answer:
    """Simulates time once, and prices it for each of the chips."""
    from acortex.sim.repriced import reports
    from acortex.sim.run import prepare

    program = _program(job)
    chips = _chips(job, program)
    found = reports(prepare(program, chips[0], **_inputs(job)), chips)
    return {key: {"status": DONE, **metrics(report)} for key, report in zip(job["keys"], found, strict=True)}


def metrics(report: RunReport) -> dict[str, Any]:
    """The numbers of a run that a sweep keeps: integers are exact, the others are those of the report."""
    steady, latencies = report.steady_state, [one.latency_s for one in report.inferences or []]
    known = sorted(one for one in latencies if one is not None)
    return {
        "cycles": report.cycles,
        "latency_s": report.latency_s,
        "energy_j": report.energy_j,
        "energy_aj": report.energy_aj,
        "power_w": report.power_w,
        "area_mm2": report.area_mm2,
        "inferences": len(latencies),
        "inference_latency_s": known[len(known) // 2] if known else None,
        "inferences_per_s": steady.inferences_per_s if steady else None,
        "throughput_ops_per_s": report.throughput_ops_per_s,
        "efficiency_ops_per_j": report.efficiency_ops_per_j,
        "late_reads": report.retention.late_reads if report.retention else None,
    }


def _accuracy(job: Job) -> Answer:
    """How right a program is: of the ideal chip, else the mean of a population of chips with errors."""
    from acortex.sim.accuracy.study import accuracy
    from acortex.sim.run import prepare

    program = _program(job)
    (chip,) = _chips(job, program)
    given = _inputs(job)
    if chip.errors.model == "analog":
        told: float | None = accuracy(program, chip, **given, chips=job["chips"], seed=job["seed"]).accuracy.mean
    else:
        told = prepare(program, chip, **given).values().report.accuracy
    return {job["keys"][0]: {"status": DONE, "accuracy": told}}


WORK: dict[str, Callable[[Job], Answer]] = {"make": _make, "time": _time, "accuracy": _accuracy}
"""What a job may do."""
