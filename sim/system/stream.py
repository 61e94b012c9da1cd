"""A stream of requests on a system, from the text that says how they come to the report."""

from __future__ import annotations

from acortex.errors import UsageError
from acortex.sim.system.arrivals import Arrivals, arrivals_of, recorded
from acortex.sim.system.parts import System
from acortex.sim.system.report import bottleneck, system_report
from acortex.sim.system.results import SystemReport
from acortex.sim.system.service import service_of
from acortex.sim.system.serving import Progress, serve
from acortex.sim.system.simulated import simulate

USUAL_REQUESTS = 1000
"""Requests of a stream of which nothing else is said."""


def served(
    system: System,
    arrivals: str = "saturated",
    requests: int | None = None,
    seed: int = 0,
    replicas: int = 1,
    *,
    times: str | None = None,
    simulated: bool = False,
    progress: Progress | None = None,
) -> SystemReport:
    """Serves a stream on so many copies of a system.

    `arrivals` is "saturated", "poisson:RATE", or the name of a file whose text `times` is. `requests` is how many come,
    without it 1,000, or all of the file. `simulated` simulates each word, which one replica can. Raises UsageError for
    a stream that is none.
    """
    if simulated and replicas > 1:
        raise UsageError("one replica can be simulated word by word", hint="give --replicas 1, or leave --timing out")
    services = [service_of(stage) for stage in system.stages]
    if times is not None:
        found = _first(recorded(times, arrivals), requests, arrivals)
    else:
        most = bottleneck(system, services, replicas).requests_per_s
        found = arrivals_of(arrivals, requests or USUAL_REQUESTS, seed, most)
    if simulated:
        course = simulate(system, services, found.times, progress)
    else:
        course = serve(system, services, found.times, replicas, progress)
    report = system_report(system, services, found, course, replicas)
    return report.model_copy(update={"timing": "simulated"}) if simulated else report


def _first(found: Arrivals, requests: int | None, file: str) -> Arrivals:
    """The first requests of a file."""
    if requests is None:
        return found
    if requests > len(found.times):
        raise UsageError(f"has {len(found.times):,} arrivals, {requests:,} were asked for", where=file)
    return Arrivals(found.kind, found.times[:requests])
