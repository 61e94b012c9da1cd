"""Jobs on workers: in this process, in several of this machine, or wherever an executor of a user sends them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import ParamSpec, TypeVar

from acortex.tools.sweep.jobs import Answer, Job
from acortex.tools.sweep.work import failed, work

P = ParamSpec("P")
T = TypeVar("T")

AHEAD = 4
"""Jobs under way for each worker: enough that none waits, few enough that they need little memory."""

DIED = "the worker process died, perhaps for lack of memory"


class Inline(Executor):
    """Does each job as it is given, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The future of a call that is over already."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def local(workers: int) -> Executor:
    """So many processes of this machine; with one this process does the work itself."""
    if workers == 1:
        return Inline()
    # Not forked: threads of libraries do not survive a fork.
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Makes a process a worker: it leaves Ctrl-C to the one that gave the work, and ends where that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker waits for work, also of one who is no more."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def answers(jobs: Iterable[Job], workers: int, executor: Executor | None = None) -> Iterator[tuple[Answer, bool]]:
    """What comes of each job, as it comes, and whether it is so for good.

    A process that dies takes the others of its pool with it: what was under way is done again, one job at a time, and
    the one that kills its worker once more fails; that is not for good. An `executor` of the user is not replaced.
    """
    left = iter(jobs)
    if executor is not None:
        yield from _on(executor, left, AHEAD * workers, [])
        return
    while True:
        under_way: list[Job] = []
        with local(workers) as pool:
            try:
                yield from _on(pool, left, AHEAD * workers, under_way)
            except BrokenProcessPool:
                pass
            except BaseException:  # an interrupt: nobody waits for what is under way
                _end(pool)
                raise
            else:
                return
        for job in under_way:
            yield _alone(job)


def _on(executor: Executor, jobs: Iterator[Job], most: int, under_way: list[Job]) -> Iterator[tuple[Answer, bool]]:
    """Keeps an executor busy; `under_way` has the jobs that have no answer yet."""
    pending: dict[Future[Answer], Job] = {}
    for job in jobs:
        under_way.append(job)
        pending[executor.submit(work, job)] = job
        if len(pending) >= most:
            yield from _finished(pending, under_way)
    while pending:
        yield from _finished(pending, under_way)


def _finished(pending: dict[Future[Answer], Job], under_way: list[Job]) -> Iterator[tuple[Answer, bool]]:
    """Waits for a job at least."""
    done, _ = wait(pending, return_when=FIRST_COMPLETED)
    for future in done:
        answer = future.result()
        under_way.remove(pending.pop(future))
        yield answer, True


def _alone(job: Job) -> tuple[Answer, bool]:
    """Does a job in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_begin) as pool:
        try:
            return pool.submit(work, job).result(), True
        except BrokenProcessPool:
            return {key: {**failed(DIED), "cpu_s": 0.0} for key in job["keys"]}, False


def _end(pool: Executor) -> None:
    """Ends the processes of a pool at once."""
    for process in (getattr(pool, "_processes", None) or {}).values():
        process.terminate()
    pool.shutdown(wait=False, cancel_futures=True)
