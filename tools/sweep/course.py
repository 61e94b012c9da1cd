"""A sweep under way: its plan, the results that there are, and what has the others made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from acortex.errors import UsageError
from acortex.tools.sweep.jobs import Drawn, Job, Result
from acortex.tools.sweep.log import Log
from acortex.tools.sweep.plan import Plan, Planned
from acortex.tools.sweep.spec import Spec, is_file_name
from acortex.tools.sweep.work import COUNTING, DONE, FAILED, PASSING, STILL, failed
from acortex.tools.sweep.workers import answers
from acortex.wording import count

if TYPE_CHECKING:
    from acortex.tools.sweep.time_draws import TimeDraws

T = TypeVar("T")

AT_ONCE = 256
"""Points that one job prices at most: a worker that dies loses no more."""

RUNS_AT_ONCE = 4
"""Runs of draws that one job simulates: each takes as long as the job of a point."""

PROGRAMS = "programs"
"""The folder of compiled networks."""

STUDY = "study.db"
"""The database of a search, in SQLite."""

MISSING = "missing"
"""The status of a point that has not been run."""

Progress = Callable[[int, int], None]
Say = Callable[[str], None]


@dataclass
class Course:
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
        keys = [one.program, one.key, *([one.values] if self.is_judged(one) else [])]
        keys += [one.spread] if one.spread else []
        parts = [self.result(key) or {"status": MISSING} for key in keys]
        if undone := [part for part in parts if part["status"] != DONE]:
            return undone[0]
        numbers = {name: value for part in parts for name, value in part.items()}
        took = (float(part.get(name) or 0) for part in parts[1:] for name in ("cpu_s", COUNTING))
        return {**numbers, "cpu_s": sum(took)}

    @property
    def done(self) -> int:
        """How many points have a result."""
        return sum(self.of(one)["status"] != MISSING for one in self.plan.points)

    @property
    def kept(self) -> int:
        """How many points have a result in the folder; one that is refused before any run has none."""
        return sum(not one.error and self.of(one)["status"] != MISSING for one in self.plan.points)

    def is_judged(self, one: Planned) -> bool:
        """Whether it is told how right a point is."""
        program = self.result(one.program)
        return bool(one.values and program and (self.plan.labels or program.get("labels")))

    def file(self, one: Planned) -> Path | None:
        """Where the program of a network is kept; None of what is none."""
        return None if one.compiling is None else self.folder / PROGRAMS / f"{one.program}.acx"


@dataclass
class Hands:
    """What has jobs done, and keeps their results."""

    spec: Spec
    course: Course
    workers: int
    executor: Executor | None
    progress: Progress

    def _do(self, jobs: Sequence[Job], counted: bool = False, of: int = 0) -> None:
        """Has jobs done; `counted` are those whose results are points, or `of` so many that are none."""
        course = self.course
        done, total = (0, of) if of else (course.done, len(course.plan.points))
        for answer, for_good in answers(jobs, self.workers, self.executor):
            for key, row in answer.items():
                if for_good and not row.get(PASSING):
                    course.log.add(key, row)
                else:
                    course.passing[key] = row
            done += len(answer)
            if counted or of:
                self.progress(done, total)

    def work(self, say: Say) -> None:
        """Has done whatever is left to do."""
        self.make(say)
        self.judge()
        self.run()
        self.spread(say)

    def make(self, say: Say) -> None:
        """Opens programs, and compiles networks: each once, whatever runs it. A file that was deleted is made again."""
        course, jobs = self.course, dict[str, Job]()
        (course.folder / PROGRAMS).mkdir(exist_ok=True)
        for one in course.plan.points:
            if course.of(one)["status"] != MISSING:
                continue
            file, known = course.file(one), course.result(one.program)
            is_there = known is not None and (known["status"] == FAILED or file is None or file.exists())
            if not is_there:
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
        left = (one for one in self.course.plan.points if self._is_ready(one) and self.course.result(one.key) is None)
        jobs = [self._job("time", [one.key for one in some], some) for some in _alike(left)]
        self.course.simulations = len(jobs)
        self._do(jobs, counted=not self.spec.samples)

    def spread(self, say: Say) -> None:
        """Draws the constants of points that ran: delays first, of which each draw is a run, then prices."""
        draws = [self._draws(some) for some in _together(filter(self._lacks_intervals, self.course.plan.points))]
        self._count(draws, say)
        ready = [one for one in draws if self._is_counted(one)]
        jobs = [self._sampling(one, some) for one in ready for some in _batches(one.points)]
        self._do(jobs, counted=True)

    def _draws(self, points: Sequence[Planned]) -> TimeDraws:
        """The runs that the samples of points are taken from, whose delays are drawn alike."""
        from acortex.sim.chip.specs import load_chip
        from acortex.tools.sweep.time_draws import time_draws

        one, number = points[0], min(self.spec.samples, self.spec.time_samples)
        still = str((self.course.result(one.key) or {}).get(STILL, "")).split()
        return time_draws(points, load_chip(str(one.chip), one.settings), still, number, self.spec.sample.seed)

    def _count(self, draws: Sequence[TimeDraws], say: Say) -> None:
        """Has the runs of draws simulated that were not before. Raises UsageError for more than the sweep's limit."""
        from acortex.tools.sweep.time_draws import missing

        course, spec = self.course, self.spec
        left = list(missing(draws, course.log.rows))
        number = sum(len(keys) for _, keys in left)
        if number > max(spec.limit, len(course.plan.points)):
            raise UsageError(
                f"the draws of delays need {number:,} runs, more than the sweep's limit of {spec.limit:,}",
                where=spec.file,
                hint="fewer --time-samples, 0 for prices alone; or raise `limit`",
            )
        if number > len(draws):
            say(f"draws of delays: {count(number, 'run')} to simulate; --time-samples says how many draws there are")
        jobs = [self._counting(one, some) for one, keys in left for some in _batches(keys, RUNS_AT_ONCE)]
        self._do(jobs, of=number)

    def _is_counted(self, draws: TimeDraws) -> bool:
        """Whether all runs of draws are done; where one failed, so do the points, until they are run again."""
        found = [self.course.result(key) or {} for key in draws.runs]
        errors = [str(one["error"]) for one in found if one["status"] != DONE]
        self.course.passing |= {one.spread: failed(error) for one in draws.points for error in errors[:1]}
        return not errors

    def _counting(self, draws: TimeDraws, keys: Sequence[str]) -> Job:
        job = self._job("count", list(keys), draws.points[:1])
        return {**job, "drawings": [draws.runs[key] for key in keys]}

    def _sampling(self, draws: TimeDraws, points: Sequence[Planned]) -> Job:
        counts = {key: self.course.result(key) or {} for key in draws.runs}
        sampled: Drawn = {
            "samples": self.spec.samples, "seed": self.spec.sample.seed, "still": draws.still,
            "drawn": draws.drawn, "middle": draws.middle, "ends": dict(draws.ends), "counts": counts,
        }  # fmt: skip
        return {**self._job("spread", [one.spread for one in points], points), "sampled": sampled}

    def _lacks_intervals(self, one: Planned) -> bool:
        """Whether a point ran, and its constants were not drawn yet."""
        ran = self.course.result(one.key)
        return bool(one.spread and ran and ran["status"] == DONE and self.course.result(one.spread) is None)

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


def _alike(points: Iterable[Planned]) -> Iterator[Sequence[Planned]]:
    """Points that one simulation serves, each once, so many at a time."""
    together = defaultdict[str, dict[str, Planned]](dict)
    for one in points:
        together[one.time][one.key] = one
    return (some for alike in together.values() for some in _batches(list(alike.values())))


def _together(points: Iterable[Planned]) -> list[list[Planned]]:
    """Points whose delays are drawn alike, each once."""
    together = defaultdict[str, dict[str, Planned]](dict)
    for one in points:
        together[one.drawn][one.spread] = one
    return [list(alike.values()) for alike in together.values()]


def _batches(all_of: Sequence[T], number: int = AT_ONCE) -> Iterator[Sequence[T]]:
    return (all_of[at : at + number] for at in range(0, len(all_of), number))
