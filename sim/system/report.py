"""The report of a stream: what its course and the prices of chips and links come to."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from acortex.sim.system.arrivals import Arrivals
from acortex.sim.system.parts import System
from acortex.sim.system.results import (
    Bottleneck,
    ServedChip,
    ServedLink,
    Stream,
    SystemEnergy,
    SystemReport,
    Times,
)
from acortex.sim.system.service import Service
from acortex.sim.system.serving import Course
from acortex.units import AS_PER_S, joules


def idle_latency(system: System, services: Sequence[Service]) -> int:
    """The time of a request that is alone, in attoseconds: along the longest way through chips and links."""
    ended: list[int] = []
    for stage, service in enumerate(services):
        came = [ended[wire.source] + _under_way(system, wire.words) for wire in system.takes(stage)]
        ended.append(max(came, default=0) + service.idle_as)
    return max(ended)


def _under_way(system: System, words: int) -> int:
    """How long words are under way on an idle link, in attoseconds."""
    return system.link.busy_as(words) + system.link.latency_as


def bottleneck(system: System, services: Sequence[Service], replicas: int = 1) -> Bottleneck:
    """What limits throughput: the chip or the link with the longest interval, the first of equals."""
    names = [stage.name for stage in system.stages]
    rows = [("chip", name, service.interval_as) for name, service in zip(names, services, strict=True)]
    for wire in system.wires:
        rows.append(("link", f"{names[wire.source]} to {names[wire.target]}", float(system.link.busy_as(wire.words))))
    kind, name, interval = max(rows, key=lambda row: row[2])
    seconds = interval / AS_PER_S
    return Bottleneck(
        kind="chip" if kind == "chip" else "link", name=name, interval_s=seconds, requests_per_s=replicas / seconds
    )


def system_report(
    system: System, services: Sequence[Service], arrivals: Arrivals, course: Course, replicas: int
) -> SystemReport:
    """What a stream took."""
    alone = idle_latency(system, services)
    latencies = [end - came for came, end in zip(course.came, course.ended, strict=True)]
    chips, links = _rows(system, services, course, replicas)
    parts = SystemEnergy(
        chips=sum(one.energy_aj for one in chips),
        leakage=sum(one.leakage_aj for one in chips),
        links=sum(one.energy_aj for one in links),
    )
    energy = parts.chips + parts.leakage + parts.links
    requests = len(course.came)
    return SystemReport(
        system=system.name,
        stages=len(system.stages),
        replicas=replicas,
        stream=Stream(kind=arrivals.kind, requests=requests, rate_per_s=arrivals.rate, seed=arrivals.seed),
        span_s=course.span / AS_PER_S,
        throughput_per_s=requests * AS_PER_S / course.span,
        idle_latency_s=alone / AS_PER_S,
        latency_s=times(latencies),
        wait_s=times([one - alone for one in latencies]),
        energy_j=joules(energy),
        energy_aj=energy,
        energy_per_request_j=joules(energy) / requests,
        energy_by_part_aj=parts,
        bottleneck=bottleneck(system, services, replicas),
        chips=chips,
        links=links,
    )


def _rows(
    system: System, services: Sequence[Service], course: Course, replicas: int
) -> tuple[list[ServedChip], list[ServedLink]]:
    """The chips and the links of all replicas."""
    stages, wires = range(len(system.stages)), range(len(system.wires))
    chips = [_chip(system, services[one], course, replica, one) for replica in range(replicas) for one in stages]
    return chips, [_link(system, course, replica, one) for replica in range(replicas) for one in wires]


def times(found: Sequence[int]) -> Times:
    """Times in attoseconds as seconds, with their percentiles."""
    ordered = sorted(found)
    p50, p95, p99 = (ordered[-(-len(ordered) * share // 100) - 1] / AS_PER_S for share in (50, 95, 99))
    mean = float(Fraction(sum(ordered), len(ordered) * AS_PER_S))
    return Times(mean=mean, min=ordered[0] / AS_PER_S, p50=p50, p95=p95, p99=p99, max=ordered[-1] / AS_PER_S)


def _chip(system: System, service: Service, course: Course, replica: int, stage: int) -> ServedChip:
    one, served = system.stages[stage], course.served(replica)
    return ServedChip(
        stage=one.name,
        replica=replica,
        program=one.program.name,
        chip=one.chip.name,
        requests=served,
        idle_latency_s=service.idle_as / AS_PER_S,
        interval_s=service.interval_as / AS_PER_S,
        utilisation=min(served * service.interval_as / course.span, 1.0),
        wait_s=course.waits[replica][stage] / served / AS_PER_S if served else 0.0,
        energy_aj=service.dynamic_aj(served),
        leakage_aj=service.leaked_aj(course.span),
    )


def _link(system: System, course: Course, replica: int, number: int) -> ServedLink:
    wire, served = system.wires[number], course.served(replica)
    busy = system.link.busy_as(wire.words)
    return ServedLink(
        source=system.stages[wire.source].name,
        target=system.stages[wire.target].name,
        replica=replica,
        tensors=list(wire.tensors),
        requests=served,
        words=wire.words,
        interval_s=busy / AS_PER_S,
        latency_s=_under_way(system, wire.words) / AS_PER_S,
        utilisation=served * busy / course.span,
        wait_s=course.link_waits[replica][number] / served / AS_PER_S if served else 0.0,
        energy_aj=system.link.energy_aj(wire.words * served),
    )
