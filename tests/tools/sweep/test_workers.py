"""How jobs are handed to workers: how many at once, what comes first, and what is left where a process dies."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from threading import Timer
from typing import Any, cast

import pytest

from acortex.tools.sweep import workers
from acortex.tools.sweep.jobs import Answer, Job
from acortex.tools.sweep.workers import AHEAD, DIED, Inline, answers, local


def jobs(number: int, taken: list[int] | None = None) -> Iterator[Job]:
    """So many jobs of two keys each; `taken` notes which were asked for."""
    for at in range(number):
        if taken is not None:
            taken.append(at)
        yield cast("Job", {"do": "time", "keys": [f"{at}a", f"{at}b"]})


def answer(job: Job) -> Answer:
    """What a worker of these tests finds."""
    return {key: {"status": "done"} for key in job["keys"]}


class Held(Executor):
    """Keeps the futures of jobs, and ends those that `ends` says."""

    def __init__(self, ends: Callable[[Job], Answer | BaseException | None]) -> None:
        self.ends = ends
        self.held: list[Future[Any]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A future that is over, or not."""
        future: Future[Any] = Future()
        found = self.ends(args[0])
        if isinstance(found, BaseException):
            future.set_exception(found)
        elif found is not None:
            future.set_result(found)
        self.held.append(future)
        return future


@pytest.mark.parametrize("many", [1, 3])
def test_each_worker_has_so_many_jobs_ahead_and_no_more(many: int) -> None:
    taken: list[int] = []
    found = answers(jobs(50, taken), many, Held(answer))
    next(found)
    assert len(taken) == AHEAD * many
    assert len(list(found)) == 49 and taken == list(range(50))


def test_an_answer_is_given_before_a_job_that_takes_longer() -> None:
    executor = Held(lambda job: answer(job) if job["keys"] == ["1a", "1b"] else None)
    found = answers(jobs(2), 1, executor)
    late = Timer(1.0, lambda: executor.held[0].set_result({"0a": {}}))
    late.start()
    assert next(found) == ({"1a": {"status": "done"}, "1b": {"status": "done"}}, True)
    assert not executor.held[0].done()
    late.cancel()
    executor.held[0].set_result({"0a": {"status": "done"}})
    assert list(found) == [({"0a": {"status": "done"}}, True)]


def test_where_a_pool_breaks_what_was_under_way_is_done_alone_and_the_rest_in_another_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pools: list[Held] = []
    alone: list[list[str]] = []

    def pool(_: int) -> Held:
        first = not pools
        deadly = ["2a", "2b"] if first else []
        pools.append(Held(lambda job: BrokenProcessPool() if job["keys"] == deadly else answer(job)))
        return pools[-1]

    def by_itself(job: Job) -> tuple[Answer, bool]:
        alone.append(job["keys"])
        return answer(job), job["keys"] != ["2a", "2b"]

    monkeypatch.setattr(workers, "local", pool)
    monkeypatch.setattr(workers, "_alone", by_itself)
    found = list(answers(jobs(11), 2))
    assert len(pools) == 2 and ["2a", "2b"] in alone
    assert sorted(key for one, _ in found for key in one) == sorted(key for job in jobs(11) for key in job["keys"])
    assert [list(one) for one, for_good in found if not for_good] == [["2a", "2b"]]


class Pool:
    """Stands for a pool of processes: keeps how it was made, and gives what a job finds."""

    made: list[tuple[tuple[Any, ...], dict[str, Any]]]
    gives: Answer | BaseException

    def __init__(self, *given: Any, **named: Any) -> None:
        type(self).made.append((given, named))

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def submit(self, *_: Any) -> Future[Any]:
        """A future that is over."""
        return Held(lambda job: self.gives).submit(abs, None)


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> type[Pool]:
    kind = type("Noted", (Pool,), {"made": []})
    monkeypatch.setattr(workers, "ProcessPoolExecutor", kind)
    return kind


def test_a_job_that_kills_its_own_process_fails_for_each_of_its_keys_and_not_for_good(pool: type[Pool]) -> None:
    (job,) = jobs(1)
    pool.gives = BrokenProcessPool()
    failed = {"status": "failed", "error": DIED, "cpu_s": 0.0}
    assert workers._alone(job) == ({"0a": failed, "0b": failed}, False)
    pool.gives = answer(job)
    assert workers._alone(job) == (answer(job), True)


def test_processes_are_spawned_and_leave_ctrl_c_to_the_first(pool: type[Pool], monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(local(1), Inline) and not pool.made
    local(2)
    pool.gives = {}
    workers._alone(next(jobs(1)))
    assert [given for given, _ in pool.made] == [(2,), (1,)]
    assert {named["initializer"] for _, named in pool.made} == {workers._begin}
    assert {named["mp_context"].get_start_method() for _, named in pool.made} == {"spawn"}
    handled: list[tuple[int, Any]] = []
    monkeypatch.setattr(signal, "signal", lambda *given: handled.append(given))
    monkeypatch.setattr(workers, "_end_with_parent", lambda: None)
    workers._begin()
    assert handled == [(signal.SIGINT, signal.SIG_IGN)]


def test_a_worker_ends_where_the_one_that_gave_the_work_is_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    class Parent:
        def join(self) -> None:
            told.append("waited")

    monkeypatch.setattr(workers, "parent_process", Parent)
    monkeypatch.setattr(os, "_exit", told.append)
    workers._end_with_parent()
    assert told == ["waited", 1]


def test_an_interrupt_ends_the_processes_of_a_pool_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[object] = []

    class Process:
        def terminate(self) -> None:
            told.append("terminated")

    class Interrupted(Held):
        _processes = {1: Process(), 2: Process()}  # noqa: RUF012

        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            told.append((wait, cancel_futures))

    monkeypatch.setattr(workers, "local", lambda _: Interrupted(lambda job: KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        list(answers(jobs(3), 2))
    assert told[:3] == ["terminated", "terminated", (False, True)]
