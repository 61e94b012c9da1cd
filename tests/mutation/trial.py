"""A plugin of pytest that tries mutants: many in processes forked off one that has collected the tests, or one alone.

The file that ACORTEX_MUTATION names says what to do. With "only", the tests of that list run in its order. With
"mutants", the loop of tests becomes one of mutants: first the tests run once, to find which lines each executes, then
each mutant has the tests that execute its line, until one fails.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import itertools
import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest
from mutation.changes import Mutant, mutants
from mutation.swap import functions_of, swap
from sampling import reads_a_clock

MEMORY = 6 << 30
"""Address space of a process that tries a mutant."""
MOST = 60.0
"""Seconds of tests for each mutant: where more execute its line, the slowest are left out."""
LEAST = 10.0
"""Seconds that a mutant has beside three times those that its tests take: a loop that never ends takes so long."""
SURVIVED, KILLED, NOT_SWAPPED, BROKEN = 0, 1, 3, 4


def _job() -> dict[str, Any]:
    job: dict[str, Any] = json.loads(Path(os.environ["ACORTEX_MUTATION"]).read_text())
    return job


def _measure() -> coverage.Coverage | None:
    files = _job().get("mutants") if "ACORTEX_MUTATION" in os.environ else None
    return coverage.Coverage(data_file=None, include=files, config_file=False) if files else None


MEASURE = _measure()
if MEASURE:  # now, before anything of the package is imported: what runs until there are tests counts for none of them
    MEASURE.start()


DEVICES = "/dev/"


def device_replaced(event: str, arguments: tuple[Any, ...]) -> str:
    """The device that an event of an audit would remove, or put another file in the place of; "" for other events."""
    if event not in ("os.rename", "os.remove"):
        return ""
    place = os.fsdecode(arguments[event == "os.rename"])
    return place if place.startswith(DEVICES) else ""


def keep_devices(event: str, arguments: tuple[Any, ...]) -> None:
    """Forbids it, for root may: what asks whether a file is a device is changed by mutants, too."""
    if place := device_replaced(event, arguments):
        raise PermissionError(f"a mutant would have replaced {place}")


def pytest_configure(config: pytest.Config) -> None:
    """Random tests draw the same examples for each mutant, few, and none is made smaller: a failure is enough."""
    sys.addaudithook(keep_devices)
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutation", deadline=None, derandomize=True, database=None, max_examples=25, phases=phases
    )
    hypothesis.settings.load_profile("mutation")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Takes the tests of a list, in its order; none that measures time, which a busy machine would have fail."""
    items[:] = [item for item in items if not reads_a_clock(item)]
    places = {name: place for place, name in enumerate(_job().get("only", []))}
    if places:
        items[:] = sorted((item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid])


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Writes the name of a test that failed where the job says."""
    path = _job().get("failures")
    if path and report.failed:
        with Path(path).open("a") as out:
            print(report.nodeid, file=out)


def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """The loop of mutants, where the job is one."""
    if MEASURE is None or session.testsfailed:
        return None
    MEASURE.stop()
    _Warm(session, _job(), MEASURE).run()
    return True


@dataclass
class _Warm:
    """Tries the mutants of some files in forks of this process."""

    session: pytest.Session
    job: dict[str, Any]
    measure: coverage.Coverage
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> None:
        """Writes one line of JSON for each mutant: its number, what became of it, and by which test."""
        folder = Path(self.job["folder"])
        first = folder / "first.json"
        if wait(fork(lambda: self.first(first)), 3600.0) != SURVIVED:
            raise pytest.UsageError("the tests did not come to an end without a mutant")
        known = json.loads(first.read_text())
        self.seconds = {test: spent for test, spent in known["seconds"].items() if test not in known["failed"]}
        with Path(self.job["results"]).open("w") as out:
            for result in self.tried(known["lines"]):
                print(json.dumps(result), file=out, flush=True)

    def first(self, path: Path) -> int:
        """Runs every test without a mutant, and writes which lines of the files each executed, and for how long."""
        measure = self.measure
        seconds: dict[str, float] = {}
        failed: set[str] = set()
        before, loaded = 0, 0
        caches: list[Any] = []
        measure.start()
        for item, following in _with_next(self.session.items):
            if len(sys.modules) != loaded:
                caches, loaded = _caches(), len(sys.modules)
            for cache in caches:
                cache.cache_clear()
            measure.switch_context(item.nodeid)
            begun = time.monotonic()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            seconds[item.nodeid] = time.monotonic() - begun
            if self.session.testsfailed > before:
                failed.add(item.nodeid)
                before = self.session.testsfailed
        measure.stop()
        data = measure.get_data()
        lines = {
            file: {line: sorted(set(tests) - failed) for line, tests in data.contexts_by_lineno(file).items()}
            for file in self.job["mutants"]
        }
        path.write_text(json.dumps({"lines": lines, "seconds": seconds, "failed": sorted(failed)}))
        return SURVIVED

    def tried(self, lines: dict[str, dict[str, list[str]]]) -> Iterator[dict[str, object]]:
        """What became of each mutant; so many processes at a time as the job says."""
        jobs = Jobs(self.job["jobs"])
        functions_by_path = {path: functions_of(path) for path in self.job["mutants"]}
        gc.freeze()  # forks share what is there by now, and gc no longer tells what
        for path, numbers in self.job["mutants"].items():
            every = mutants(path, Path(path).read_text())
            functions = functions_by_path[path]
            # What ran as modules were imported may show in any test of a file of which one executes this module.
            files = {test.split("::")[0] for tests in lines[path].values() for test in tests}
            of_file = {test for test in self.seconds if test.split("::")[0] in files}
            for number in numbers:
                mutant = every[number]
                there = lines[path].get(str(mutant.line)) or lines[path].get(str(mutant.statement)) or []
                tests = self.nearest(self.quickest(set(there) - {""}))
                rest = self.quickest(of_file) - set(tests) if "" in there else set()
                alone = tests + self.nearest(rest)
                told = {"path": path, "number": number, "tests": alone, "executed": bool(there), "import": "" in there}
                if not tests:
                    yield {**told, "code": NOT_SWAPPED, "late": False}
                    continue
                limit = LEAST + 3 * sum(self.seconds[test] for test in tests)
                yield from jobs.add(lambda m=mutant, f=functions, t=tests: self.quick(m, f, t), limit, told)
        yield from jobs.rest()

    def quickest(self, tests: set[str]) -> set[str]:
        """As many tests as fit into the seconds of a mutant, the quickest of them."""
        ordered = sorted(tests, key=lambda test: (self.seconds[test], test))
        spent = itertools.accumulate(self.seconds[test] for test in ordered)
        return {test for test, until in zip(ordered, spent, strict=True) if until <= MOST or test == ordered[0]}

    def nearest(self, tests: set[str]) -> list[str]:
        """Tests, those of one file together, quick files first and quick tests first in each."""
        files: dict[str, float] = {}
        for test in tests:
            files[test.split("::")[0]] = files.get(test.split("::")[0], 0) + self.seconds[test]
        return sorted(tests, key=lambda test: (files[test.split("::")[0]], test.split("::")[0], self.seconds[test]))

    def quick(self, mutant: Mutant, functions: dict[Any, Any], tests: Sequence[str]) -> int:
        """One mutant in this process, a fork: KILLED where a test fails."""
        if not swap(functions, mutant.file, mutant.applied()):
            return NOT_SWAPPED
        items = {item.nodeid: item for item in self.session.items}
        for item, following in _with_next([items[test] for test in tests]):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.session.testsfailed:
                return KILLED
        return SURVIVED


def _caches() -> list[Any]:
    """What remembers results in the package: with it, a line would count for the first test alone that executes it."""
    found = (one for one in gc.get_objects() if isinstance(one, functools._lru_cache_wrapper))
    return [one for one in found if one.__module__.startswith("acortex.")]


def _with_next(items: Sequence[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


# Processes ------------------------------------------------------------------------------------------------------------


def fork(work: Callable[[], int]) -> int:
    """Starts work in a fork of this process, within bounds; its exit code is what the work returns."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = BROKEN
    try:
        os.setsid()  # so that processes that a test started end with it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def wait(child: int, seconds: float) -> int:
    """The exit code of a process, KILLED where it took too long or was ended by a signal."""
    jobs = Jobs(1)
    jobs.running[child] = (time.monotonic() + seconds, {})
    (result,) = jobs.rest()
    code = result["code"]
    assert isinstance(code, int)
    return code


class Jobs:
    """Forks that run at the same time, so many at most."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.running: dict[int, tuple[float, dict[str, object]]] = {}

    def add(self, work: Callable[[], int], seconds: float, told: dict[str, object]) -> Iterator[dict[str, object]]:
        """Starts one more fork once there is room; gives what has ended: what was told of it, and its exit code."""
        while len(self.running) >= self.most:
            yield from self.ended()
        self.running[fork(work)] = (time.monotonic() + seconds, told)

    def rest(self) -> Iterator[dict[str, object]]:
        """Waits for all."""
        while self.running:
            yield from self.ended()

    def ended(self) -> Iterator[dict[str, object]]:
        """Those that have ended by now, or were ended as their time was over."""
        for child, (until, told) in list(self.running.items()):
            found, status = os.waitpid(child, os.WNOHANG)
            late = time.monotonic() > until
            if late and not found:
                _end(child)
                found, status = os.waitpid(child, 0)
            if found:
                _end(child)
                del self.running[child]
                code = os.waitstatus_to_exitcode(status)
                yield {**told, "code": code if code >= 0 else KILLED, "late": late}
        time.sleep(0.003)


def _end(child: int) -> None:
    """Ends a process and those that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
