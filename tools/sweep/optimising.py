"""A search in place of a sweep: points are proposed by optuna (extra `search`), from what those before have shown."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from acortex.errors import UsageError
from acortex.safe_files import reason
from acortex.tools.console import files
from acortex.tools.console.ranges import TRIALS, WORKERS, needed
from acortex.tools.sweep import table
from acortex.tools.sweep.axes import PROGRAM, Axis, Value
from acortex.tools.sweep.course import MISSING, STUDY, Course, Hands, Progress, Say
from acortex.tools.sweep.log import Log, held
from acortex.tools.sweep.metrics import METRICS
from acortex.tools.sweep.plan import hash_of, plan_of
from acortex.tools.sweep.points import Point
from acortex.tools.sweep.results import SweepReport, SweepRow
from acortex.tools.sweep.spec import Spec, read_spec
from acortex.tools.sweep.sweeping import report_of, rows_of
from acortex.traces.file.dataframes import optional

TOGETHER = 8
"""Points that are proposed at a time: all of them before any of them is known."""


def optimise(
    spec: Spec | str | Path,
    folder: str | Path,
    *,
    trials: int = 100,
    workers: int = 1,
    executor: Executor | None = None,
    progress: Progress = lambda done, total: None,
    say: Say = lambda text: None,
) -> SweepReport:
    """Searches the axes of a sweep for the points that are best in its `objectives`, until there are so many trials.

    A search that was ended goes on with the trials that its folder has. The report is that of a sweep over all trials,
    with the front of the objectives. `workers`, `executor`, `progress` and `say` are those of `sweep`.

    Raises UsageError as `sweep` does, and where a sweep has several programs or no axis; MissingExtra without optuna.
    """
    folder, trials = files.named("folder", folder), needed("trials", trials, TRIALS)
    workers = workers if executor else needed("workers", workers, WORKERS)
    spec = spec if isinstance(spec, Spec) else read_spec(files.named("spec", spec))
    _check(spec)
    table.check()
    optuna = _optuna()
    with held(folder):
        search = _Search(spec, folder, optuna)
        hands = _Work(workers, executor, say)
        while len(search.points) < trials:
            search.round(min(TOGETHER, trials - len(search.points)), hands)
            progress(len(search.points), trials)
        return search.report()


def _check(spec: Spec) -> None:
    if not spec.axes:
        raise UsageError("a search needs axes", where=spec.file, hint='[axes] "memory.banks" = [4, 8, 16]')
    if len(spec.programs) > 1 or any(PROGRAM in axis.names for axis in spec.axes):
        raise UsageError("a search is of one program", where=spec.file, hint="search for each of them by itself")


def _optuna() -> Any:
    optuna = optional("optuna", "a search", "search")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


class _Work:
    """Who does the work of a search."""

    def __init__(self, workers: int, executor: Executor | None, say: Say) -> None:
        self.workers, self.executor, self.say = workers, executor, say


class _Search:
    """A search under way: the study of optuna, and the points that it has tried."""

    def __init__(self, spec: Spec, folder: Path, optuna: Any) -> None:
        self.spec, self.folder, self.optuna = spec, folder, optuna
        self.metrics = [METRICS[name] for name in spec.objectives]
        self.log = Log(folder)
        self.log.mend()
        states = optuna.trial.TrialState
        self._tried = (states.COMPLETE, states.FAIL)
        self.study = self._open()
        self._forget_unfinished()
        self.points = [self._point(trial) for trial in self.study.get_trials(deepcopy=False, states=self._tried)]

    def _open(self) -> Any:
        """The study of the folder, which knows what was tried before."""
        path = self.folder / STUDY
        name = _known_by(self.spec)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of what is said to be experimental
                storage = self.optuna.storages.RDBStorage(f"sqlite:///{path.absolute()}")
                directions = ["maximize" if one.more_is_better else "minimize" for one in self.metrics]
                study = self.optuna.create_study(
                    storage=storage, study_name=name, directions=directions, load_if_exists=True
                )
        except OSError as error:
            raise UsageError(f"cannot be used: {reason(error)}", where=str(path)) from None
        except Exception as error:  # whatever a damaged database makes its library raise
            told = str(error).splitlines()[0]
            raise UsageError(f"is no study: {told}", where=str(path), hint="give another folder") from None
        # A seed of its own for each continuation: the same one would propose the first points again.
        study.sampler = self.optuna.samplers.TPESampler(seed=(self.spec.sample.seed + len(study.trials)) % 2**32)
        return study

    def _forget_unfinished(self) -> None:
        """Ends the trials that were under way as a search was ended: others are proposed in their place."""
        for trial in self.study.get_trials(deepcopy=False, states=[self.optuna.trial.TrialState.RUNNING]):
            self.study.tell(trial.number, state=self.optuna.trial.TrialState.PRUNED)

    def _point(self, trial: Any) -> Point:
        """The point of a trial."""
        values: dict[str, Value] = {}
        for axis in self.spec.axes:
            values |= dict(zip(axis.names, _row(axis, trial.params[axis.title]), strict=True))
        return Point(self.spec.programs[0], values)

    def round(self, number: int, work: _Work) -> None:
        """Tries some points more, and tells the study what came of them."""
        trials = [self.study.ask() for _ in range(number)]
        for trial in trials:
            for axis in self.spec.axes:
                _propose(trial, axis)
        points = [self._point(trial) for trial in trials]
        course = Course(plan_of(self.spec, points), self.folder, self.log)
        Hands(self.spec, course, work.workers, work.executor, lambda done, total: None).work(work.say)
        kept = rows_of(Course(course.plan, self.folder, self.log))  # without what failed for lack of a machine
        for trial, row in zip(trials, kept, strict=True):
            values = [row[one.name] for one in self.metrics]
            state = None if None not in values else self._without_numbers(row)
            self.study.tell(trial, None if state else values, state=state)
        self.points += points

    def _without_numbers(self, row: SweepRow) -> Any:
        """How a trial ends that has no numbers: one without a result, too, is made up for by a later call."""
        states = self.optuna.trial.TrialState
        return states.PRUNED if row.status == MISSING else states.FAIL

    def report(self) -> SweepReport:
        """The report of all trials, as of a sweep over them."""
        course = Course(plan_of(self.spec, self.points), self.folder, self.log)
        course.plan.save(self.folder)
        rows = rows_of(course)
        written = table.write(self.folder, course.plan.names, rows)
        return report_of(course, rows, 0, written, self.metrics)


def _known_by(spec: Spec) -> str:
    """What a study is known by: its numbers are those of one program on one chip, and trials name values by place."""
    first = Point(
        spec.programs[0],
        {name: value for axis in spec.axes for name, value in zip(axis.names, axis.rows[0], strict=True)},
    )
    (planned,) = plan_of(spec, [first]).points
    axes = [(axis.names, axis.rows, str(axis.span)) for axis in spec.axes]
    return hash_of("search", planned.key, spec.objectives, axes)


def _propose(trial: Any, axis: Axis) -> None:
    """Has optuna choose a value of an axis."""
    span = axis.span
    if span is None:
        trial.suggest_categorical(axis.title, list(range(len(axis.rows))))
    elif span.whole:
        trial.suggest_int(axis.title, int(span.low), int(span.high), log=span.log)
    else:
        trial.suggest_float(axis.title, float(span.low), float(span.high), log=span.log)


def _row(axis: Axis, chosen: float) -> Sequence[Value]:
    """The values of an axis of what optuna chose: one of its rows by number, or a number of its range."""
    return axis.rows[int(chosen)] if axis.span is None else (axis.span.number(chosen),)
