"""Perfetto protobuf: a track a unit with its lanes below it, counters of energy by component, and of busy units."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from acortex.traces.handover import optional
from acortex.traces.lanes import nanoseconds
from acortex.traces.occupancy import occupancies
from acortex.traces.reader import Trace
from acortex.traces.show import timeline
from acortex.traces.slices import Slice, slices
from acortex.traces.stats import energies

SEQUENCE = 1
SAMPLES = 1000
_LANES = 1 << 20  # uuid of a lane: unit * _LANES + lane + 1; those of units and counters lie above


def write(trace: Trace, path: Path) -> None:
    """Slices in lanes, with their exact cycles, count and energy. Time 0 is cycle 0, or the first cycle before it."""
    proto = optional("perfetto.protos.perfetto.trace.perfetto_trace_pb2", "the Perfetto format", "perfetto")
    builder = optional("perfetto.trace_builder.proto_builder", "the Perfetto format", "perfetto")
    with path.open("wb") as file:
        tracks = _Tracks(builder.StreamingTraceProtoBuilder(file), proto.TrackEvent, trace)
        for one in slices(trace):
            tracks.slice(one)
        for name, unit, samples in _counters(trace):
            tracks.counter(name, unit, samples)


class _Tracks:
    """Writes packets; describes a track before its first event."""

    def __init__(self, builder: Any, event: Any, trace: Trace) -> None:
        self._builder = builder
        self._event = event
        self._units = trace.header.units
        self._described: set[int] = set()
        first = int(trace.events["start"].min(initial=0))
        self._origin_ns = int(nanoseconds(np.array([min(first, 0)]), trace.header.exact_clock_ns())[0])

    def slice(self, one: Slice) -> None:
        """A begin and an end; slices of a lane come in the order of their times."""
        uuid = self._lane(one.unit, one.lane)
        begin = self._packet(one.start_ns, uuid, self._event.TYPE_SLICE_BEGIN)
        begin.track_event.name = one.name
        for name, value in one.details.items():
            note = begin.track_event.debug_annotations.add()
            note.name = name
            if isinstance(value, int):
                note.int_value = value
            else:
                note.string_value = value
        self._builder.write_packet(begin)
        self._builder.write_packet(self._packet(one.end_ns, uuid, self._event.TYPE_SLICE_END))

    def counter(self, name: str, unit: str, samples: Iterator[tuple[int, float]]) -> None:
        """A counter track with its samples (ns, value)."""
        uuid = self._describe((len(self._units) + 1) * _LANES + len(self._described), name, 0, unit)
        for time_ns, value in samples:
            packet = self._packet(time_ns, uuid, self._event.TYPE_COUNTER)
            packet.track_event.double_counter_value = value
            self._builder.write_packet(packet)

    def _lane(self, unit: int, lane: int) -> int:
        parent = len(self._units) * _LANES + unit + 1
        if parent not in self._described:
            self._describe(parent, self._units[unit], 0)
        uuid = unit * _LANES + lane + 1
        if uuid not in self._described:
            self._describe(uuid, f"{self._units[unit]} lane {lane}", parent)
        return uuid

    def _describe(self, uuid: int, name: str, parent: int, counter_unit: str = "") -> int:
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = SEQUENCE
        track = packet.track_descriptor
        track.uuid, track.name = uuid, name
        if parent:
            track.parent_uuid = parent
        if counter_unit:
            track.counter.unit_name = counter_unit
        self._builder.write_packet(packet)
        self._described.add(uuid)
        return uuid

    def _packet(self, time_ns: int, uuid: int, type_: int) -> Any:
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = SEQUENCE
        packet.timestamp = time_ns - self._origin_ns
        packet.track_event.type = type_
        packet.track_event.track_uuid = uuid
        return packet


def _counters(trace: Trace) -> Iterator[tuple[str, str, Iterator[tuple[int, float]]]]:
    """Energy so far by component, how many units are busy on average, and what lies between them; SAMPLES of each."""
    if not len(trace.events):
        return
    yield from _energies(trace)
    clock_ns = trace.header.exact_clock_ns()
    drawn = timeline(trace, columns=min(SAMPLES, max(trace.cycles, 1)))
    busy = drawn.busy.sum(axis=0) / np.diff(drawn.edges)
    borders = nanoseconds(np.round(drawn.edges[:-1]).astype(np.int64), clock_ns).tolist()
    yield "busy units", "units", iter(zip(borders, busy.tolist(), strict=True))
    for place, cycles, content in occupancies(trace):
        chosen = np.unique(np.linspace(0, len(cycles) - 1, SAMPLES).astype(np.int64))
        samples = zip(nanoseconds(cycles[chosen], clock_ns).tolist(), content[chosen].tolist(), strict=True)
        yield place.name, place.unit, iter(samples)


def _energies(trace: Trace) -> Iterator[tuple[str, str, Iterator[tuple[int, float]]]]:
    """Energy so far by component, in pJ: each counter ends at what `stats` says of the component, leakage too."""
    header = trace.header
    end = trace.events["start"] + trace.events["duration"]
    order = np.argsort(end, kind="stable")
    cuts = np.unique(np.linspace(0, len(order) - 1, SAMPLES).astype(np.int64))
    cuts = np.unique(np.searchsorted(end[order], end[order][cuts], side="right") - 1)
    cycles = end[order][cuts]
    times = nanoseconds(cycles, header.exact_clock_ns()).tolist()
    for component, energy_aj in energies(trace):
        energy_pj = np.cumsum(energy_aj[order].astype(float))[cuts] / 1e6
        yield f"energy {component}", "pJ", iter(zip(times, energy_pj.tolist(), strict=True))
    if header.leakage_aj_per_cycle:
        cycles = np.unique([0, *cycles[cycles < trace.cycles], trace.cycles])
        times = nanoseconds(cycles, header.exact_clock_ns()).tolist()
        leaked_pj = (cycles * (header.leakage_aj_per_cycle / 1e6)).tolist()
        yield "energy leakage", "pJ", iter(zip(times, leaked_pj, strict=True))
