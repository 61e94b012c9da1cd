"""A sweep from its file to its table, and what its folder says."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

from acortex.tools.console import files
from acortex.tools.console.ranges import CONSTANTS, DRAWS, WORKERS, needed, whole
from acortex.tools.sweep import table
from acortex.tools.sweep.course import MISSING, PROGRAMS, STUDY, Course, Hands, Progress, Say
from acortex.tools.sweep.effects import effects
from acortex.tools.sweep.front import front, fronts
from acortex.tools.sweep.jobs import Result
from acortex.tools.sweep.log import LOCK, LOG, Log, held
from acortex.tools.sweep.metrics import METRICS, USUAL, Metric
from acortex.tools.sweep.plan import PLAN, Planned, load_plan, plan_of
from acortex.tools.sweep.points import number_of_points
from acortex.tools.sweep.results import SweepReport, SweepRow, SweepUncertainty
from acortex.tools.sweep.spec import Spec, read_spec
from acortex.tools.sweep.work import DONE, FAILED

USUAL_FRONT = tuple(METRICS[name] for name in USUAL)


def sweep(
    spec: Spec | str | Path,
    folder: str | Path,
    *,
    workers: int = 1,
    samples: int | None = None,
    time_samples: int | None = None,
    executor: Executor | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda text: None,
) -> SweepReport:
    """Runs the points of a sweep, or of its file, that have no result in `folder` yet, and writes the table of all.

    Each result is kept as it comes: a sweep that was ended, by whatever means, goes on where it was. Work is done by so
    many `workers`, processes of this machine, or by an `executor`. With `samples` the numbers of each point get
    intervals, from so many samples of the chip's constants, and from `time_samples` draws of its delays (100 unless it
    is said): each of these is simulated, and with 0 prices alone are drawn. `progress(done, total)` is called with
    points, or with the runs of draws, `say` with what there is to tell of programs and draws.

    Raises UsageError for a sweep that cannot be begun: more points than its limit, a folder in which another is at
    work, programs or inputs that cannot be read. A point that fails is a row with its error.
    """
    folder, workers = files.named("folder", folder), workers if executor else needed("workers", workers, WORKERS)
    spec = spec if isinstance(spec, Spec) else read_spec(files.named("spec", spec))
    constants = whole("samples", samples or None, CONSTANTS)
    spec = spec if samples is None else replace(spec, samples=constants or 0)
    draws = whole("time_samples", time_samples, DRAWS)
    spec = spec if draws is None else replace(spec, time_samples=draws)
    number_of_points(spec)
    table.check()
    with held(folder):
        course = Course(plan_of(spec), folder, Log(folder))
        course.plan.save(course.folder)
        course.log.mend()
        reused = course.kept
        try:
            Hands(spec, course, workers, executor, progress).work(say)
        finally:
            rows = rows_of(course)
            written = table.write(course.folder, course.plan.names, rows)
        return report_of(course, rows, reused, written)


def look(folder: str | Path, front_of: Sequence[Metric] = USUAL_FRONT) -> SweepReport:
    """What there is of a sweep in a folder, without running any of it; a front of these numbers.

    Raises UsageError for a folder that keeps no sweep.
    """
    course = Course(load_plan(Path(folder)), Path(folder), Log(Path(folder)))
    rows = rows_of(course)
    path = Path(folder) / table.NAME
    return report_of(course, rows, course.kept, str(path) if path.exists() else None, front_of)


def files_of(folder: str | Path) -> list[str]:
    """The files that a sweep or a search keeps in its folder, compiled networks among them."""
    own = [Path(folder, name) for name in (LOG, LOCK, PLAN, STUDY, table.NAME)]
    return [str(path) for path in (*own, *Path(folder, PROGRAMS).glob("*"))]


def rows_of(course: Course) -> list[SweepRow]:
    """The rows of a sweep, in the order of its points."""
    return [_row(one, course.of(one)) for one in course.plan.points]


def _row(one: Planned, found: Result) -> SweepRow:
    kept = {name: value for name, value in found.items() if name in SweepRow.model_fields}
    return SweepRow.model_validate({"key": one.key, "program": one.name, "chip": one.chip, "axes": one.axes, **kept})


def _uncertainty(course: Course) -> SweepUncertainty | None:
    """What intervals say together, where there are any."""
    from acortex.tools.sweep.uncertainty import summary

    results = {one.spread: course.result(one.spread) for one in course.plan.points if one.spread}
    done = [found for found in results.values() if found and found["status"] == DONE]
    return summary(done, course.plan.samples, course.plan.seed) if course.plan.samples else None


def report_of(
    course: Course,
    rows: list[SweepRow],
    reused: int,
    written: str | None,
    front_of: Sequence[Metric] = USUAL_FRONT,
) -> SweepReport:
    """The report of a sweep: of its rows, how many of them were there before, and the table that was written."""
    from acortex.sim.chip.free import FREE

    by_status = {status: sum(row.status == status for row in rows) for status in (DONE, FAILED, MISSING)}
    whole = by_status[MISSING] == 0
    return SweepReport(
        spec=course.plan.spec,
        folder=str(course.folder),
        table=written,
        complete=whole,
        covers=None if whole else {"points": len(rows), "results": len(rows) - by_status[MISSING]},
        points=len(rows),
        done=by_status[DONE],
        failed=by_status[FAILED],
        reused=reused,
        simulations=course.simulations,
        axes=list(course.plan.names),
        free=[name for name in course.plan.names if name in FREE],
        front_of=[one.name for one in front_of],
        front=[rows[at].key for at in front(rows, front_of)],
        fronts=fronts(rows, front_of),
        uncertainty=_uncertainty(course),
        effects=effects(rows, course.plan.moved, list(METRICS.values()), course.plan.grid and whole),
        rows=rows,
    )
