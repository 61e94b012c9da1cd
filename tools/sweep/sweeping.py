"""A sweep from its file to its table: plans points, gives workers what has no result yet, keeps each result at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from acortex.tools.sweep import table
from acortex.tools.sweep.effects import effects
from acortex.tools.sweep.front import front
from acortex.tools.sweep.log import Log, held
from acortex.tools.sweep.metrics import METRICS, USUAL, Metric
from acortex.tools.sweep.plan import Plan, Planned, load_plan, plan_of
from acortex.tools.sweep.points import number_of_points
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.sweep.spec import Spec, is_file_name, read_spec
from acortex.tools.sweep.work import DONE, FAILED, Job, Result, failed
from acortex.tools.sweep.workers import answers

AT_ONCE = 256
"""Points that one job prices at most: a worker that dies loses no more."""

PROGRAMS = "programs"
"""The folder of compiled networks."""

MISSING = "missing"

USUAL_FRONT = tuple(METRICS[name] for name in USUAL)

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass
class _Course:
    """A sweep under way: its points, and the results that there are."""

    plan: Plan
    folder: Path
    log: Log
    passing: dict[str, Result] = field(default_factory=dict)
    """Failures that say nothing of a point, by key: a worker died."""
    simulations: int = 0

    def result(self, key: str) -> Result | None:
        """The result of a key; None where there is none."""
        return self.log.rows.get(key) or self.passing.get(key)

    def of(self, one: Planned) -> Result:
        """What is known of a point: what failed first, else its numbers."""
        if one.error:
            return failed(one.error)
        parts = [self.result(one.program), self.result(one.key)]
        if self.is_judged(one):
            parts.append(self.result(one.values))
        for part in parts:
            if part is None or part["status"] == FAILED:
                return part or {"status": MISSING}
        known = [part for part in parts if part]
        numbers = {name: value for part in known for name, value in part.items()}
        return {**numbers, "cpu_s": sum(float(part["cpu_s"] or 0) for part in known[1:])}

    def is_judged(self, one: Planned) -> bool:
        """Whether it is told how right a point is."""
        program = self.result(one.program)
        return bool(one.values and program and (self.plan.labels or program.get("labels")))

    def file(self, one: Planned) -> Path | None:
        """Where the program of a network is kept; None of what is none."""
        return None if one.compiling is None else self.folder / PROGRAMS / f"{one.program}.acx"


def sweep(
    spec: Spec | str | Path,
    folder: str | Path,
    *,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda text: None,
) -> SweepReport:
    """Runs the points of a sweep, or of its file, that have no result in `folder` yet, and writes the table of all.

    Each result is kept as it comes: a sweep that was ended, by whatever means, goes on where it was. Work is done by so
    many `workers`, processes of this machine, or by an `executor`. `progress(done, total)` is called with points, `say`
    with what there is to tell of programs.

    Raises UsageError for a sweep that cannot be begun: more points than its limit, a folder in which another is at
    work, programs or inputs that cannot be read. A point that fails is a row with its error.
    """
    spec = spec if isinstance(spec, Spec) else read_spec(spec)
    number_of_points(spec)
    table.check()
    with held(Path(folder)):
        course = _Course(plan_of(spec), Path(folder), Log(Path(folder)))
        course.plan.save(course.folder)
        course.log.mend()
        reused = sum(course.of(one)["status"] != MISSING for one in course.plan.points)
        hands = _Hands(spec, course, workers, executor, progress)
        try:
            hands.make(say)
            hands.judge()
            hands.run()
        finally:
            rows = _rows(course)
            written = table.write(course.folder, course.plan.names, rows)
        return _report(course, rows, reused, written)


def look(folder: str | Path, front_of: Sequence[Metric] = USUAL_FRONT) -> SweepReport:
    """What there is of a sweep in a folder, without running any of it; a front of these numbers.

    Raises UsageError for a folder that keeps no sweep.
    """
    course = _Course(load_plan(Path(folder)), Path(folder), Log(Path(folder)))
    rows = _rows(course)
    path = Path(folder) / table.NAME
    return _report(
        course, rows, sum(row.status != MISSING for row in rows), str(path) if path.exists() else None, front_of
    )


@dataclass
class _Hands:
    """What has jobs done, and keeps their results."""

    spec: Spec
    course: _Course
    workers: int
    executor: Executor | None
    progress: Progress

    def _do(self, jobs: Sequence[Job], counted: bool = False) -> None:
        """Has jobs done; `counted` are those whose results are points."""
        course = self.course
        done = sum(course.of(one)["status"] != MISSING for one in course.plan.points) if counted else 0
        for answer, for_good in answers(jobs, self.workers, self.executor):
            for key, row in answer.items():
                if for_good:
                    course.log.add(key, row)
                else:
                    course.passing[key] = row
            done += len(answer)
            if counted:
                self.progress(done, len(course.plan.points))

    def make(self, say: Say) -> None:
        """Opens programs, and compiles networks: each once, whatever runs it. A file that was deleted is made again."""
        course, jobs = self.course, dict[str, Job]()
        (course.folder / PROGRAMS).mkdir(exist_ok=True)
        for one in course.plan.points:
            file, known = course.file(one), course.result(one.program)
            is_there = known is not None and (known["status"] == FAILED or file is None or file.exists())
            if not (one.error or one.program in jobs or is_there):
                jobs[one.program] = self._job("make", [one.program], [one])
        self._do(list(jobs.values()))
        told = [str((course.result(key) or {}).get("said", "")).rstrip() for key in jobs]
        for text in dict.fromkeys(filter(None, told)):
            say(text)

    def judge(self) -> None:
        """Tells how right programs are: once for all points that compute the same."""
        course = self.course
        left = {
            one.values: self._job("accuracy", [one.values], [one])
            for one in course.plan.points
            if self._is_ready(one) and course.is_judged(one) and course.result(one.values) is None
        }
        self._do(list(left.values()))

    def run(self) -> None:
        """Simulates time: once for all points that differ in prices alone."""
        course, together = self.course, defaultdict[str, dict[str, Planned]](dict)
        for one in course.plan.points:
            if self._is_ready(one) and course.result(one.key) is None:
                together[one.time][one.key] = one
        jobs = [
            self._job("time", [one.key for one in some], some)
            for alike in together.values()
            for some in _batches(list(alike.values()))
        ]
        course.simulations = len(jobs)
        self._do(jobs, counted=True)

    def _is_ready(self, one: Planned) -> bool:
        """Whether there is a program to run."""
        return not one.error and (self.course.result(one.program) or {}).get("status") == DONE

    def _job(self, do: str, keys: list[str], points: Sequence[Planned]) -> Job:
        """A job as plain data, for points that share a program."""
        one = points[0]
        spec, file, options = self.spec, self.course.file(one), dict(one.compiling or {})
        return {
            "do": do,
            "keys": keys,
            "program": _whole(one.name) or "",
            "file": str(file.absolute()) if file else "",
            "compile": options | {"calibration": _whole(spec.compile.calibration)} if options else {},
            "chip": _whole(one.chip) or "",
            "points": [point.settings for point in points],
            "inputs": _whole(spec.inputs),
            "labels": _whole(spec.labels),
            "chips": spec.accuracy.chips,
            "seed": spec.accuracy.seed,
        }


def _whole(name: str | None) -> str | None:
    """A path from the root of the disk, for a worker elsewhere; what names no file stays."""
    return str(Path(name).absolute()) if name and is_file_name(name) else name


def _batches(points: Sequence[Planned]) -> Iterator[Sequence[Planned]]:
    return (points[at : at + AT_ONCE] for at in range(0, len(points), AT_ONCE))


def _rows(course: _Course) -> list[SweepRow]:
    return [_row(one, course.of(one)) for one in course.plan.points]


def _row(one: Planned, found: Result) -> SweepRow:
    kept = {name: value for name, value in found.items() if name in SweepRow.model_fields}
    return SweepRow.model_validate({"key": one.key, "program": one.name, "chip": one.chip, "axes": one.axes, **kept})


def _report(
    course: _Course,
    rows: list[SweepRow],
    reused: int,
    written: str | None,
    front_of: Sequence[Metric] = USUAL_FRONT,
) -> SweepReport:
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
        effects=effects(rows, course.plan.moved, list(METRICS.values()), course.plan.grid and whole),
        rows=rows,
    )
