"""How a measurement is taken: in turns with what it is held against, in processor time, of calls and of processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, NamedTuple

import simpy

from acortex.tools.results import BenchRow


@dataclass(frozen=True)
class Benchmark:
    """One measurement: its value in `unit`, and the limit beside it.

    `ratio` is value over limit. It holds where it is at least `reach`, or at most where `at_most` is set; a row without
    a reach only informs.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    reach: float | None = None
    at_most: bool = False
    against: str = ""
    """What the limit is, in words."""

    @property
    def ratio(self) -> float | None:
        """The value in units of the limit."""
        return None if self.limit is None else self.value / self.limit

    @property
    def holds(self) -> bool | None:
        """Whether the ratio is within reach; None where there is no bound."""
        if self.ratio is None or self.reach is None:
            return None
        return self.ratio <= self.reach if self.at_most else self.ratio >= self.reach

    def judged(self) -> BenchRow:
        """The row with what follows from it."""
        return BenchRow.model_validate({name: getattr(self, name) for name in BenchRow.model_fields})


def best(turns: int, *works: Callable[[], float]) -> tuple[float, ...]:
    """The shortest of the times that each work returns, in seconds, over turns of all of them."""
    times = [[work() for work in works] for _ in range(turns)]
    return tuple(min(column) for column in zip(*times, strict=True))


def seconds(work: Callable[[], Any], clock: Callable[[], float] = process_time) -> float:
    """What one call takes."""
    start = clock()
    work()
    return clock() - start


def bare_simpy(timeouts: int, processes: int = 100) -> float:
    """The seconds of so many timeouts in processes of simpy that do nothing else."""

    def ticking(environment: simpy.Environment) -> Iterator[simpy.Event]:
        while True:
            yield environment.timeout(1)

    environment = simpy.Environment()
    for _ in range(processes):
        environment.process(ticking(environment))  # type: ignore[arg-type]  # a generator
    return seconds(lambda: environment.run(until=timeouts // processes))


class Spent(NamedTuple):
    """What a process took: seconds of the processor, and the most memory that it had, in bytes."""

    seconds: float
    memory: int


KIBIBYTES = 1 if sys.platform == "darwin" else 1024
"""The bytes of a unit in which the system counts memory."""

ACCOUNT = """
import os, sys
nowhere = [(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)]
process = os.posix_spawn(sys.executable, sys.argv[1:], os.environ, file_actions=nowhere)
_, status, usage = os.wait4(process, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""
"""Starts a process and prints what it took. A process begins with the memory of the one that starts it: a small one."""


def python(*arguments: str, environment: Mapping[str, str] | None = None) -> Spent:
    """Runs a Python with arguments, its output thrown away. Raises CalledProcessError where it fails.

    Where the system says nothing of its processes (Windows), seconds are those that pass, and memory is 0.
    """
    command = [sys.executable, *arguments]
    start = perf_counter()
    if not hasattr(os, "wait4"):
        subprocess.run(command, check=True, env=environment, capture_output=True)
        return Spent(perf_counter() - start, 0)
    told = subprocess.run(
        [sys.executable, "-c", ACCOUNT, *command], check=True, env=environment, stdout=subprocess.PIPE
    )
    code, spent, memory = told.stdout.split()
    if int(code):
        raise subprocess.CalledProcessError(int(code), command)
    return Spent(float(spent), int(memory) * KIBIBYTES)


@contextmanager
def with_bytecode() -> Iterator[dict[str, str]]:
    """The environment of processes that find their modules compiled, as installed ones are, from their second run on.

    The environment of this process may forbid that, or let only some packages have it.
    """
    with TemporaryDirectory() as folder:
        own = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        yield own | {"PYTHONPYCACHEPREFIX": folder}
