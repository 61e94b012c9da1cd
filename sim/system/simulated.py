"""The same stream with each word of each request simulated: a chip's words come to it as links bring them.

No chip waits for one behind it, so the chips are simulated one after the other, each with a process of simpy that
offers its words. Nothing is skipped then, but where all requests are there from the beginning.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import simpy

from acortex.errors import UsageError
from acortex.isa.arithmetic.tensors import words_of
from acortex.sim.inputs import HostData
from acortex.sim.run import Prepared
from acortex.sim.system.parts import Link, Stage, System
from acortex.sim.system.service import Service, completions
from acortex.sim.system.serving import Course, Progress
from acortex.sim.timing.processes import Handle, Process

MOST_REQUESTS = 10_000
"""Requests of a stream that is simulated word by word."""


def simulate(
    system: System, services: Sequence[Service], came: Sequence[int], progress: Progress | None = None
) -> Course:
    """Serves requests that come at some times, in attoseconds and in order, on one copy of a system.

    Each chip is started so early that it can take a word at time 0. Raises UsageError for too many requests.
    """
    if len(came) > MOST_REQUESTS:
        hint = f"give --requests {MOST_REQUESTS} or fewer, or leave --timing simulated out"
        raise UsageError(f"{len(came):,} requests are too many to simulate each word", hint=hint)
    course = Course(came, [0] * len(came), [0] * len(came), [[0] * len(system.stages)], [[0] * len(system.wires)])
    ended: list[list[int]] = []
    for number, (stage, service) in enumerate(zip(system.stages, services, strict=True)):
        ready = _ready(system, number, course, ended)
        ended.append(_ends(stage, service, ready))
        course.waits[0][number] = sum(ended[-1]) - sum(ready) - len(came) * service.idle_as
        if progress is not None:
            progress(number + 1, len(system.stages))
    course.ended = [max(times) for times in zip(*ended, strict=True)]
    return course


def _ready(system: System, stage: int, course: Course, ended: Sequence[Sequence[int]]) -> list[int]:
    """When all that a stage needs is there, for each request, by when the stages before ended; notes what waited."""
    ready = list(course.came)
    for place, wire in enumerate(system.wires):
        if wire.target == stage:
            arrived, course.link_waits[0][place] = sent(system.link, wire.words, ended[wire.source])
            ready = list(map(max, ready, arrived))
    return ready


def sent(link: Link, words: int, given: Sequence[int]) -> tuple[list[int], int]:
    """When words that are given at some times have all come over a link, and how long they waited for it in all."""
    free, waited, arrived = 0, 0, []
    for time in given:
        start = max(time, free)
        waited += start - time
        free = start + link.busy_as(words)
        arrived.append(free + link.latency_as)
    return arrived, waited


def _ends(stage: Stage, service: Service, ready: Sequence[int]) -> list[int]:
    """When a chip ends requests whose words come to it at some times, in attoseconds."""
    cycles = [service.before - (-time // service.cycle_as) for time in ready]
    processes = [] if not any(ready) else [_offering(cycles, sum(map(words_of, stage.program.given)))]
    report = Prepared(stage.program, stage.chip, HostData({}, len(ready), None)).time(processes=processes).report
    return [(end - service.before) * service.cycle_as for end in completions(report)]


def _offering(cycles: Sequence[int], words: int) -> Process:
    """A process that offers the words of each request, to be seen in its cycle."""

    def offering(chip: Handle) -> Generator[simpy.Event, None, None]:
        host = chip.take_host()
        for cycle in cycles:
            if cycle - 1 > chip.now:
                yield chip.env.timeout(cycle - 1 - chip.now)
            host.offer(words)

    return offering
