"""The Python interface of `acortex serve`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from acortex.errors import UsageError
from acortex.tools.console import files
from acortex.tools.console.ranges import REPLICAS, REQUESTS, SEED, needed, whole
from acortex.tools.open.systems import open_system

if TYPE_CHECKING:
    from acortex.sim.system.parts import System
    from acortex.sim.system.results import SystemReport
    from acortex.sim.system.serving import Progress

CSV = ".csv"
"""What the name of a file of arrivals ends with."""

MOST_BYTES = 1 << 26
"""Of a file of arrivals."""

TIMINGS = ("composed", "simulated")
"""How times of chips are found: of runs of one and of many inferences, or word by word."""


def serve(
    system: System | str | Path,
    *,
    arrivals: str = "saturated",
    requests: int | None = None,
    seed: int = 0,
    replicas: int = 1,
    timing: Literal["composed", "simulated"] = "composed",
    link: Sequence[str] = (),
    chip: str | None = None,
    settings: Sequence[str] = (),
    progress: Progress | None = None,
) -> SystemReport:
    """Serves a stream of requests with so many copies of a system, and tells what it took.

    `system` is the .toml of `acortex compile --chips`, or a program for one chip. `arrivals` is "saturated",
    "poisson:RATE" with requests per second or a share such as 80%, or a .csv of seconds; without `requests` 1,000 come,
    or all of the file. `link` has texts such as "latency_ns=5". docs/systems.md says what times are made of.

    Raises UsageError for what is out of range, or cannot be read, and the errors of a run.
    """
    from acortex.sim.system.parts import System
    from acortex.sim.system.stream import served

    if timing not in TIMINGS:
        raise UsageError(f"timing is {timing!r}", hint=f"one of {', '.join(TIMINGS)}")
    stream = (whole("requests", requests, REQUESTS), needed("seed", seed, SEED), needed("replicas", replicas, REPLICAS))
    if not isinstance(arrivals, str):
        raise UsageError(f"arrivals is of type {type(arrivals).__name__}", hint='give "saturated", "poisson:80%", …')
    times = times_of(arrivals)
    if not isinstance(system, System):
        system = open_system(str(files.named("system", system)), chip, settings, link, weights=False)
    elif chip is not None or settings or link:
        raise UsageError("chip, settings and link are for the name of a system", hint="this one is open already")
    return served(system, arrivals, *stream, times=times, simulated=timing == "simulated", progress=progress)


def file_of(arrivals: str) -> str | None:
    """The file that arrivals name; None where they name none."""
    return arrivals if arrivals.endswith(CSV) else None


def times_of(arrivals: str) -> str | None:
    """The text of the file that arrivals name; None where they name none."""
    path = file_of(arrivals)
    return None if path is None else files.read(path, limit=MOST_BYTES).decode(errors="replace")
