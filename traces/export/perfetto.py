"""Perfetto protobuf: a track for each unit with its lanes below it, counters of energy, power and what is in use.

The waits of a unit are a track beside it, each named by its cause; the run, its layers and its inferences have tracks
of their own, which stand first. Perfetto counts in whole ns. Where a cycle is shorter than one, times are in ps or fs,
and a track says so. docs/how-to/perfetto.md has queries for such a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np

from acortex.traces.export.occupancy import occupancies
from acortex.traces.export.protobuf import Piece, constant, joined, length, lookup, nested, tag, varint
from acortex.traces.export.slices import DETAILS, Drawing, Slices
from acortex.traces.export.windows import POWER, windows
from acortex.traces.file.dataframes import optional
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import TraceHeader
from acortex.traces.file.table import Ints, narrowest
from acortex.traces.rows.real_time import real_times, unit_of
from acortex.traces.show import timeline
from acortex.traces.stats import energies_by
from acortex.units import joules, picojoules, seconds_of

SEQUENCE = 1
SAMPLES = 1000
OF_RUN = ("run", "inferences", "layers, all inferences", "layers")
"""Tracks of the whole run, from top to bottom."""

_TABLE = 1 << 23  # bytes of the table that packets are made in
_LANES = 1 << 20  # uuid of a lane: track * _LANES + lane + 1; those of tracks and counters lie above


def write(trace: Trace, path: Path) -> None:
    """Slices in lanes, with their exact cycles, count and energy. Time 0 is cycle 0, or the first cycle before it."""
    proto = optional("perfetto.protos.perfetto.trace.perfetto_trace_pb2", "the Perfetto format", "perfetto")
    builder = optional("perfetto.trace_builder.proto_builder", "the Perfetto format", "perfetto")
    with path.open("wb") as file:
        drawing = Drawing(trace)
        tracks = _Tracks(builder.StreamingTraceProtoBuilder(file), proto, trace, drawing)
        for remark in _remarks(trace):
            tracks.remark(remark)
        packets = _Packets(trace.header, drawing, tracks.origin)
        for some in drawing.slices():
            for lane in _by_lane(some, packets.rows):
                uuid = tracks.lane(int(lane["track"][0]), int(lane["lane"][0]))
                file.write(packets.of(lane, uuid))
        for name, unit, samples in _counters(trace):
            tracks.counter(name, unit, samples)


def _remarks(trace: Trace) -> Iterator[str]:
    """What must be known to read the picture."""
    if trace.part:
        yield f"incomplete: {trace.part}"
    unit = unit_of(trace.header.exact_clock_ns())
    if unit.per_ns > 1:
        yield f"times are in {unit.name}: what is shown as 1 ns is 1 {unit.name}"


def _by_lane(some: Slices, most: int) -> Iterator[Slices]:
    """The slices of one lane each, at most so many."""
    change = (np.diff(some["track"]) != 0) | (np.diff(some["lane"]) != 0)
    borders = [0, *(np.flatnonzero(change) + 1).tolist(), len(some["track"])]
    for first, end in pairwise(borders):
        for at in range(first, end, most):
            yield {name: column[at : min(at + most, end)] for name, column in some.items()}


class _Packets:
    """The packets of slices, as protobuf writes them: fields in the order of their numbers.

    For each slice one that begins it, `timestamp` 8, `trusted_packet_sequence_id` 10, `track_event` 11 with
    `debug_annotations` 4, `type` 9, `track_uuid` 11, `name` 23 and flows, and one that ends it.
    """

    def __init__(self, header: TraceHeader, drawing: Drawing, origin: int) -> None:
        self._origin = origin
        self._layers = [_note("layer", nested(6, layer.encode())) for layer in header.layers]
        self._sources = [_said(header, pc) for pc in (*range(len(header.lines)), -1)]
        self._names = [nested(23, name.encode()) for name in drawing.names]
        self._flows = [_flow_ids(*ends) for ends in drawing.flows]
        longest = max(
            (len(entry) for table in (self._layers, self._sources, self._names, self._flows) for entry in table),
            default=0,
        )
        self.rows = max(_TABLE // (longest + 300), 1)

    def of(self, some: Slices, uuid: int) -> bytes:
        """The packets of the slices of one lane, one after another."""
        track = tag(11, 0) + varint(np.array([uuid])).data.tobytes()
        begin = [
            lookup(self._layers, some["layer"]),
            lookup(self._sources, some["pc"]),
            *(piece for name in DETAILS if name in some for piece in _exact(name, some[name])),
            constant(tag(9, 0) + b"\1" + track),
            lookup(self._names, some["name"]),
            lookup(self._flows, some["flow"]),
        ]
        end = [constant(tag(9, 0) + b"\2" + track)]
        pieces = [*self._packet(some["begin"], begin), *self._packet(some["end"], end)]
        return joined(pieces, len(some["track"]))

    def _packet(self, time: Ints, event: Sequence[Piece]) -> list[Piece]:
        """A packet with the event that these pieces make."""
        head = [
            constant(tag(8, 0)),
            varint(time - self._origin),
            constant(tag(10, 0) + bytes((SEQUENCE,)) + tag(11)),
            varint(length(*event)),
        ]
        return [constant(tag(1)), varint(length(*head, *event)), *head, *event]


def _flow_ids(out: Sequence[int], ended: Sequence[int]) -> bytes:
    """The flows of an event: `flow_ids` 47 that begin at it, and `terminating_flow_ids` 48."""
    return b"".join(tag(at, 1) + pack("<Q", one) for at, numbers in ((47, out), (48, ended)) for one in numbers)


def _note(name: str, value: bytes) -> bytes:
    """An annotation: field 4 of an event, with `name` 10."""
    return nested(4, value + nested(10, name.encode()))


def _said(header: TraceHeader, pc: int) -> bytes:
    """The annotations of the source line of an instruction and, where the trace has it, of its text."""
    source = _note("source", nested(6, header.source(pc).encode()))
    known = 0 <= pc < len(header.instructions)
    return source + _note("text", nested(6, header.instructions[pc].encode())) if known else source


def _exact(name: str, values: Ints) -> Iterator[Piece]:
    """The annotation of an integer, `int_value` 4: shorter than 128 bytes."""
    value, after = varint(values), nested(10, name.encode())
    yield constant(tag(4))
    yield varint(value.size + len(after) + 1)
    yield constant(tag(4, 0))
    yield value
    yield constant(after)


class _Tracks:
    """Writes tracks and counters below one track of the run; describes a track before its first event.

    They stand in the order of `_rank`: what is of the whole run, units with their waits, then counters as they come.
    """

    def __init__(self, builder: Any, proto: Any, trace: Trace, drawing: Drawing) -> None:
        self._builder = builder
        self._event = proto.TrackEvent
        self._in_order = proto.TrackDescriptor.EXPLICIT
        self._tracks = drawing.tracks
        self._described: set[int] = set()
        self._run = (len(self._tracks) + 1) * _LANES
        self._describe(self._run, f"{trace.header.program} on {trace.header.chip}", 0)
        tables = (trace.events, trace.waits)
        first = min((int(chunk["start"].min()) for table in tables for chunk in table.chunks("start")), default=0)
        self.origin = int(real_times(np.array([min(first, 0)]), trace.header.exact_clock_ns())[0])

    def counter(self, name: str, unit: str, samples: Iterator[tuple[int, float]]) -> None:
        """A counter track with its samples (ns, value)."""
        uuid = self._describe(self._run + len(self._described), name, self._run, unit)
        for time, value in samples:
            packet = self._builder.create_packet()
            packet.trusted_packet_sequence_id = SEQUENCE
            packet.timestamp = time - self.origin
            packet.track_event.type = self._event.TYPE_COUNTER
            packet.track_event.track_uuid = uuid
            packet.track_event.double_counter_value = value
            self._builder.write_packet(packet)

    def remark(self, text: str) -> None:
        """A track with one mark, both of which say a text."""
        uuid = self._describe(self._run + len(self._described), text, self._run)
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = SEQUENCE
        packet.timestamp = 0
        packet.track_event.type = self._event.TYPE_INSTANT
        packet.track_event.track_uuid = uuid
        packet.track_event.name = text
        self._builder.write_packet(packet)

    def lane(self, track: int, lane: int) -> int:
        """The track of a lane."""
        parent = len(self._tracks) * _LANES + track + 1
        if parent not in self._described:
            self._describe(parent, self._tracks[track], self._run, rank=self._rank(track))
        uuid = track * _LANES + lane + 1
        if uuid not in self._described:
            self._describe(uuid, f"{self._tracks[track]} lane {lane}", parent)
        return uuid

    def _rank(self, track: int) -> int:
        """The place of a track: the four that are last in a drawing come first, the run itself before all others."""
        units = len(self._tracks) - len(OF_RUN)
        return OF_RUN.index(self._tracks[track]) if track >= units else len(OF_RUN) + track

    def _describe(self, uuid: int, name: str, parent: int, counter_unit: str = "", rank: int | None = None) -> int:
        packet = self._builder.create_packet()
        packet.trusted_packet_sequence_id = SEQUENCE
        track = packet.track_descriptor
        track.uuid, track.name = uuid, name
        if parent:
            track.parent_uuid = parent
        if parent == self._run:
            track.sibling_order_rank = len(self._tracks) + len(self._described) if rank is None else rank
        if uuid == self._run:
            track.child_ordering = self._in_order
        if counter_unit:
            track.counter.unit_name = counter_unit
        self._builder.write_packet(packet)
        self._described.add(uuid)
        return uuid


def _counters(trace: Trace) -> Iterator[tuple[str, str, Iterator[tuple[int, float]]]]:
    """Energy so far by component, how many units are busy on average, and what lies between them; SAMPLES of each.

    None of a trace from which rows were left out: they count in each of these.
    """
    if not len(trace.events) or trace.header.filters:
        return
    yield from _energies(trace)
    clock_ns = trace.header.exact_clock_ns()
    drawn = timeline(trace, columns=min(SAMPLES, max(trace.cycles, 1)))
    busy = drawn.busy.sum(axis=0) / np.diff(drawn.edges)
    borders = real_times(np.round(drawn.edges[:-1]).astype(np.int64), clock_ns).tolist()
    yield "busy units", "units", iter(zip(borders, busy.tolist(), strict=True))
    yield from _windows(trace)
    for place, cycles, content in occupancies(trace):
        chosen = np.unique(np.linspace(0, len(cycles) - 1, SAMPLES).astype(np.int64))
        samples = zip(real_times(cycles[chosen], clock_ns).tolist(), content[chosen].tolist(), strict=True)
        yield place.name, place.unit, iter(samples)


def _windows(trace: Trace) -> Iterator[tuple[str, str, Iterator[tuple[int, float]]]]:
    """Power in watts and words in use, from the begin of each window; 0 from the end of the last power on."""
    clock_ns = trace.header.exact_clock_ns()
    for found in windows(trace):
        cycles = np.minimum(np.arange(len(found.values) + 1) * found.cycles, max(trace.cycles, 1))
        times = real_times(cycles, clock_ns).tolist()
        if found.name == POWER:
            lasting = np.maximum(np.diff(cycles), 1).tolist()
            watts = (joules(one) / seconds_of(each, clock_ns) for one, each in zip(found.values, lasting, strict=True))
            yield found.name, "W", iter(zip(times, [*watts, 0.0], strict=True))
        else:
            yield found.name, "words", iter(zip(times, map(float, found.values), strict=False))


def _energies(trace: Trace) -> Iterator[tuple[str, str, Iterator[tuple[int, float]]]]:
    """Energy so far by component, in pJ: each counter ends at what `stats` says of the component, leakage too."""
    header = trace.header
    cycles = _sampled_ends(trace)
    times = real_times(cycles, header.exact_clock_ns()).tolist()
    for component, energy_aj in energies_by(trace, cycles):
        energy_pj = [picojoules(each) for each in accumulate(energy_aj)]
        yield f"energy {component}", "pJ", iter(zip(times, energy_pj, strict=True))
    if header.leakage_aj_per_cycle:
        cycles = np.unique([0, *cycles[(cycles > 0) & (cycles < trace.cycles)], trace.cycles])
        times = real_times(cycles, header.exact_clock_ns()).tolist()
        leaked_pj = (cycles * picojoules(header.leakage_aj_per_cycle)).tolist()
        yield "energy leakage", "pJ", iter(zip(times, leaked_pj, strict=True))


def _sampled_ends(trace: Trace) -> Ints:
    """Cycles in which events end, SAMPLES of them at most, with as many events between each two; the last is there."""
    ends = np.concatenate([narrowest(chunk["start"] + chunk["duration"]) for chunk in trace.events.chunks()])
    ends.sort()
    return np.unique(ends[np.linspace(0, len(ends) - 1, SAMPLES).astype(np.int64)]).astype(np.int64)
