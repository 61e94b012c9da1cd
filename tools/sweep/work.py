"""What a worker does for a sweep: it makes a program, runs it in time for some chips, or tells how right it is."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from acortex.errors import AcortexError, MissingExtra
from acortex.tools.sweep.jobs import Answer, Job, Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from acortex.isa.program import Program
    from acortex.sim.chip.specs import Chip
    from acortex.sim.inputs import Inputs
    from acortex.sim.results import RunReport

DONE, FAILED = "done", "failed"

PASSING = "passing"
"""Marks a failure that says nothing of its point, such as a package or memory that was missing: it is not kept."""

STILL, COUNTING = "still", "counting_cpu_s"
"""What results say beside numbers of a row: delays that move no cycle of a run; what the runs of draws took."""


def work(job: Job) -> Answer:
    """Does a job. What fails is a result too: nothing is raised but an interrupt."""
    begin = time.process_time()
    found: Answer
    try:
        found = WORK[job["do"]](job)
    except MissingExtra as error:  # of this machine, and not of the point
        found = dict.fromkeys(job["keys"], passing(in_a_line(error)))
    except AcortexError as error:
        found = dict.fromkeys(job["keys"], failed(in_a_line(error)))
    except Exception as error:  # one point must not end a sweep of thousands
        found = dict.fromkeys(job["keys"], passing(f"{type(error).__name__}: {error}"))
    share = (time.process_time() - begin) / max(1, len(found))
    return {key: {**row, "cpu_s": share} for key, row in found.items()}


def failed(error: str) -> Result:
    """The result of what did not work."""
    return {"status": FAILED, "error": error}


def passing(error: str) -> Result:
    """The result of what did not work for a reason that is none of its own."""
    return {**failed(error), PASSING: True}


def in_a_line(error: AcortexError) -> str:
    """An error for a table: its place, what is wrong, and what to do."""
    first, *rest = str(error).splitlines()
    return "; ".join([first, *(line.strip().removeprefix("hint: ") for line in rest)])


def _make(job: Job) -> Answer:
    """Makes the program of a network, or opens one: what it is, and what was said meanwhile."""
    said = io.StringIO()
    with redirect_stderr(said):
        program = _compiled(job) if job["file"] else _opened(job["program"])
    facts: Result = {"labels": program.labels is not None, "name": program.name, "instructions": len(program.words)}
    return {job["keys"][0]: {"status": DONE, **facts, "said": said.getvalue()}}


def _compiled(job: Job, keep: bool = True) -> Program:
    """The program of a network, compiled, and kept in a file."""
    from acortex.isa import container
    from acortex.sim.chip.specs import load_chip
    from acortex.tools.open.networks import Compiling
    from acortex.tools.open.programs import opened

    how = Compiling(**job["compile"], inputs=job["inputs"])  # type: ignore[arg-type]  # as a sweep's file names them
    chip = load_chip(job["chip"], job["points"][0])
    program = opened(job["program"], chip, weights=False, how=how).program
    if keep:
        container.save(program, Path(job["file"]))
    return program


def _program(job: Job) -> Program:
    """The program of a job; a network is compiled once more where its file is not within reach of a worker."""
    if not job["file"] or Path(job["file"]).exists():
        return _opened(job["file"] or job["program"])
    with redirect_stderr(io.StringIO()):
        return _compiled(job, keep=False)


@lru_cache(maxsize=2)
def _opened(reference: str) -> Program:
    """A program by its file or name; one worker often runs the same one many times."""
    from acortex.tools.open.programs import open_program

    return open_program(reference, weights=False)


def _chips(job: Job) -> list[Chip]:
    from acortex.sim.chip.specs import load_chip

    return [load_chip(job["chip"], settings) for settings in job["points"]]


def _given(job: Job) -> tuple[Inputs, NDArray[np.int64] | None]:
    """The inputs and labels that the host has for a run."""
    from acortex.tools.open.arrays import read_arrays, read_labels

    inputs = read_arrays(job["inputs"]) if job["inputs"] else None
    return inputs, read_labels(job["labels"]) if job["labels"] else None


def _time(job: Job) -> Answer:
    """Simulates time once, and prices it for each of the chips."""
    from acortex.sim.ledger.unmoved import still
    from acortex.sim.repriced import reports
    from acortex.sim.run import prepare

    chips, (inputs, labels) = _chips(job), _given(job)
    found = reports(prepare(_program(job), chips[0], inputs=inputs, labels=labels), chips)
    told = {"status": DONE, STILL: " ".join(still(found[0]))}
    return {key: {**told, **metrics(report)} for key, report in zip(job["keys"], found, strict=True)}


def metrics(report: RunReport) -> Result:
    """The numbers of a run that a sweep keeps: integers are exact, the others are those of the report."""
    steady, inferences = report.steady_state, report.inferences or []
    latencies = [one.latency_s for one in inferences if one.latency_s is not None]
    return {
        "cycles": report.cycles,
        "latency_s": report.latency_s,
        "energy_j": report.energy_j,
        "energy_aj": report.energy_aj,
        "power_w": report.power_w,
        "area_mm2": report.area_mm2,
        "inferences": len(inferences),
        "inference_latency_s": _median(latencies),
        "inferences_per_s": steady.inferences_per_s if steady else None,
        "throughput_ops_per_s": report.throughput_ops_per_s,
        "efficiency_ops_per_j": report.efficiency_ops_per_j,
        "late_reads": report.retention.late_reads if report.retention else None,
    }


def _median(numbers: list[float]) -> float | None:
    """The middle one of some numbers, of two the larger; None of none."""
    return sorted(numbers)[len(numbers) // 2] if numbers else None


def _accuracy(job: Job) -> Answer:
    """How right a program is: of the ideal chip, else the mean of a population of chips with errors."""
    from acortex.sim.accuracy.study import accuracy
    from acortex.sim.run import prepare

    program, (chip,), (inputs, labels) = _program(job), _chips(job), _given(job)
    if chip.errors.model != "analog":
        told = prepare(program, chip, inputs=inputs, labels=labels).values().report.accuracy
    else:
        many, seed = job["chips"], job["seed"]
        told = accuracy(program, chip, inputs=inputs, labels=labels, chips=many, seed=seed).accuracy.mean
    return {job["keys"][0]: {"status": DONE, "accuracy": told}}


def _count(job: Job) -> Answer:
    """Simulates time on chips whose delays are drawn, and counts what the numbers of these runs follow from."""
    from acortex.sim.counted import counted
    from acortex.sim.run import prepare
    from acortex.sim.uncertain import chip_at

    (chip, *_), (inputs, labels), program = _chips(job), _given(job), _program(job)
    found: dict[str, Result] = {}
    for key, drawing in zip(job["keys"], job["drawings"], strict=True):
        prepared = prepare(program, chip_at(chip, drawing["shares"]), inputs=inputs, labels=labels)
        found[key] = {"status": DONE, **counted(prepared, drawing["limits"]).plain()}
    return found


def _spread(job: Job) -> Answer:
    """Draws the constants of chips, and prices what was counted in the runs of their draws."""
    from acortex.tools.sweep.uncertainty import intervals

    took = sum(float(one["cpu_s"] or 0) for one in job["sampled"]["counts"].values()) / len(job["keys"])
    found = intervals(_chips(job), job["sampled"])
    return {key: {"status": DONE, COUNTING: took, **numbers} for key, numbers in zip(job["keys"], found, strict=True)}


WORK: dict[str, Callable[[Job], Answer]] = {
    "make": _make, "time": _time, "accuracy": _accuracy, "count": _count, "spread": _spread,
}  # fmt: skip
"""What a job may do."""
