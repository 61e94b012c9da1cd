"""Perfetto's tracks, their order, and every sample of every counter, of small runs by hand."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.traces.export import perfetto
from acortex.traces.export.perfetto import write
from acortex.traces.export.protobuf import lookup, tag, varint
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind

from ..conftest import MakeTrace, Rows

PROTO = "perfetto.protos.perfetto.trace.perfetto_trace_pb2"
pytest.importorskip(PROTO)

EVENTS: Rows = [
    (0, 2, 0, 0, 1, 0, 1, 0, 3_000_000),
    (1, 2, 0, 0, 1, 0, 1, 0, 5_000_000),
    (4, 2, 1, 1, 1, 1, 2, 0, 7_000_000),
]
"""Two reads of one unit that overlap, and a load of another."""
WAITS: Rows = [(2, 2, 1, 1, 1, 2, 0)]


@pytest.fixture
def packets(tmp_path: Path) -> Any:
    """packets(trace): what its file holds, read by Perfetto's own messages."""

    def read(trace: Trace) -> list[Any]:
        write(trace, tmp_path / "out.pftrace")
        whole: Any = importlib.import_module(PROTO).Trace()
        whole.ParseFromString((tmp_path / "out.pftrace").read_bytes())
        return list(whole.packet)

    return read


@pytest.fixture
def small(make_trace: MakeTrace) -> Trace:
    return make_trace(EVENTS, WAITS, summary={"cycles": 8}, units=("read", "load"), clock_ns=1.0)


def samples_of(packets: list[Any]) -> dict[str, list[tuple[int, float]]]:
    """The samples of each counter."""
    names = {one.track_descriptor.uuid: one.track_descriptor.name for one in packets}
    found: dict[str, list[tuple[int, float]]] = {}
    for one in packets:
        if one.track_event.HasField("double_counter_value"):
            sample = one.timestamp, one.track_event.double_counter_value
            found.setdefault(names[one.track_event.track_uuid], []).append(sample)
    return found


# --- tracks -----------------------------------------------------------------------------------------------------------


def test_tracks_stand_below_the_run_those_of_the_whole_run_first(packets: Any, small: Trace) -> None:
    described = [one.track_descriptor for one in packets(small) if one.track_descriptor.name]
    (root,) = (one for one in described if not one.HasField("parent_uuid"))
    assert root.name == "toy.s on acortex_toy"
    assert root.child_ordering == root.EXPLICIT
    assert not root.HasField("sibling_order_rank")
    below = sorted((one for one in described if one.parent_uuid == root.uuid), key=lambda one: one.sibling_order_rank)
    assert [one.name for one in below] == [
        *("run", "inferences", "layers, all inferences", "layers"),
        *("read", "load", "load waits"),
        *("energy main_memory", "energy dacs", "energy leakage", "busy units"),
    ]
    ranks = [one.sibling_order_rank for one in below]
    assert ranks[:7] == [0, 1, 2, 3, 4, 6, 7]
    assert len(set(ranks)) == len(ranks)


def test_each_lane_stands_below_its_unit_with_an_id_of_its_own(packets: Any, small: Trace) -> None:
    described = [one.track_descriptor for one in packets(small) if one.track_descriptor.name]
    assert len({one.uuid for one in described}) == len(described)
    by_id = {one.uuid: one for one in described}
    lanes = {one.name: one for one in described if " lane " in one.name}
    assert {name: by_id[one.parent_uuid].name for name, one in lanes.items()} == {
        "read lane 0": "read",
        "read lane 1": "read",
        "load lane 0": "load",
        "load waits lane 0": "load waits",
        "layers lane 0": "layers",
        "inferences lane 0": "inferences",
        "run lane 0": "run",
        "layers, all inferences lane 0": "layers, all inferences",
        "layers, all inferences lane 1": "layers, all inferences",
    }
    assert not any(one.HasField("sibling_order_rank") or one.child_ordering for one in lanes.values())


def test_slices_lie_in_the_lanes_of_their_units(packets: Any, small: Trace) -> None:
    found = packets(small)
    names = {one.track_descriptor.uuid: one.track_descriptor.name for one in found}
    begun = [one for one in found if one.track_event.type == one.track_event.TYPE_SLICE_BEGIN]
    assert {(names[one.track_event.track_uuid], one.track_event.name, one.timestamp) for one in begun} == {
        ("read lane 0", "word_read", 0),
        ("read lane 1", "word_read", 1),
        ("load lane 0", "latch_load", 4),
        ("load waits lane 0", "token", 2),
        ("layers lane 0", "conv1", 0),
        ("layers lane 0", "fc", 4),
        ("inferences lane 0", "inference 0", 0),
        ("run lane 0", "toy.s", 0),
        ("layers, all inferences lane 0", "conv1", 0),
        ("layers, all inferences lane 0", "fc", 4),
        ("layers, all inferences lane 1", "-", 0),
    }


def test_every_packet_is_of_one_trusted_sequence(packets: Any, small: Trace) -> None:
    assert {one.trusted_packet_sequence_id for one in packets(small)} == {1}


def test_a_slice_says_its_source_line_and_a_layer_that_it_has_none(packets: Any, small: Trace) -> None:
    begun = [one.track_event for one in packets(small) if one.track_event.type == one.track_event.TYPE_SLICE_BEGIN]
    said = {(one.name, note.string_value) for one in begun for note in one.debug_annotations if note.name == "source"}
    assert said == {
        ("word_read", "toy.s:3"),
        ("latch_load", "toy.s:4"),
        ("token", "toy.s:4"),
        *((name, "-") for name in ("conv1", "fc", "inference 0", "toy.s", "-")),
    }


@pytest.mark.parametrize(
    ("clock_ns", "said"),
    [
        (1.0, []),
        (0.5, ["times are in ps: what is shown as 1 ns is 1 ps"]),
        (0.00125, ["times are in fs: what is shown as 1 ns is 1 fs"]),
    ],
)
def test_a_mark_at_time_0_says_where_times_are_not_ns(
    packets: Any, make_trace: MakeTrace, clock_ns: float, said: list[str]
) -> None:
    found = packets(make_trace(EVENTS, clock_ns=clock_ns))
    marks = [one for one in found if one.track_event.type == one.track_event.TYPE_INSTANT]
    assert [one.track_event.name for one in marks] == said
    names = {one.track_descriptor.uuid: one.track_descriptor.name for one in found}
    assert [(names[one.track_event.track_uuid], one.timestamp) for one in marks] == [(text, 0) for text in said]


def test_a_mark_says_what_a_part_holds_and_a_part_has_no_counters(packets: Any, small: Trace) -> None:
    found = packets(small.select(window=(1, 4)))
    marks = [one.track_event.name for one in found if one.track_event.type == one.track_event.TYPE_INSTANT]
    assert marks == ["incomplete: only cycles 1 until 4"]
    assert samples_of(found) == {}


# --- counters ---------------------------------------------------------------------------------------------------------


def test_energies_add_up_at_the_ends_of_events(packets: Any, small: Trace) -> None:
    found = samples_of(packets(small))
    assert found["energy main_memory"] == [(2, 3.0), (3, 8.0), (6, 8.0)]
    assert found["energy dacs"] == [(2, 0.0), (3, 0.0), (6, 7.0)]


def test_leakage_grows_from_cycle_0_to_the_end_of_the_run(packets: Any, small: Trace) -> None:
    found = samples_of(packets(small))["energy leakage"]
    assert [time for time, _ in found] == [0, 2, 3, 6, 8]
    assert [value for _, value in found] == pytest.approx([at * 13e-6 for at in (0, 2, 3, 6, 8)])


def test_leakage_has_a_sample_where_the_first_event_ends(packets: Any, make_trace: MakeTrace) -> None:
    trace = make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0)], summary={"cycles": 3}, clock_ns=1.0)
    assert [time for time, _ in samples_of(packets(trace))["energy leakage"]] == [0, 1, 3]


def test_leakage_is_not_counted_beyond_the_run(packets: Any, make_trace: MakeTrace) -> None:
    trace = make_trace(EVENTS, summary={"cycles": 6}, clock_ns=1.0)
    assert [time for time, _ in samples_of(packets(trace))["energy leakage"]] == [0, 2, 3, 6]


def test_busy_units_have_a_sample_a_cycle_of_a_short_run(packets: Any, small: Trace) -> None:
    assert samples_of(packets(small))["busy units"] == [
        *((0, 1.0), (1, 2.0), (2, 1.0), (3, 0.0), (4, 1.0), (5, 1.0), (6, 0.0), (7, 0.0))
    ]


def test_busy_units_of_a_long_run_have_so_many_samples(
    packets: Any, small: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert perfetto.SAMPLES == 1000
    monkeypatch.setattr(perfetto, "SAMPLES", 4)
    assert samples_of(packets(small))["busy units"] == [(0, 1.5), (2, 0.5), (4, 1.0), (6, 0.0)]


@pytest.mark.parametrize(("most", "ends"), [(1, [1]), (2, [1, 9]), (3, [1, 5, 9]), (9, [1, 2, 3, 4, 5, 6, 7, 8, 9])])
def test_ends_are_sampled_evenly_from_the_first_to_the_last(
    make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch, most: int, ends: list[int]
) -> None:
    monkeypatch.setattr(perfetto, "SAMPLES", most)
    trace = make_trace([(0, 9 - at, 0, 0, 1, 0, 0, 0, 0) for at in range(9)])
    assert perfetto._sampled_ends(trace).tolist() == ends


def test_power_is_the_energy_of_a_window_over_its_time_and_0_from_the_last_on(
    packets: Any, make_trace: MakeTrace
) -> None:
    """10 pJ in 4 ns are 2.5 mW; the last window is cut by the end of the run, and lasts 2 ns."""
    power = {"window_cycles": 4, "windows_aj": [10_000_000, 0, 3_000_000]}
    trace = make_trace(EVENTS, summary={"cycles": 10, "power": power}, clock_ns=1.0)
    found = samples_of(packets(trace))["power"]
    assert [time for time, _ in found] == [0, 4, 8, 10]
    assert [value for _, value in found] == pytest.approx([2.5e-3, 0.0, 1.5e-3, 0.0])


def test_a_run_of_one_cycle_has_power_in_one_window(packets: Any, make_trace: MakeTrace) -> None:
    power = {"window_cycles": 560, "windows_aj": [10_000_000]}
    trace = make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0)], summary={"cycles": 1, "power": power}, clock_ns=1.0)
    found = samples_of(packets(trace))["power"]
    assert [time for time, _ in found] == [0, 1]
    assert [value for _, value in found] == pytest.approx([1e-2, 0.0])
    assert samples_of(packets(trace))["busy units"] == [(0, 1.0)]
    assert [time for time, _ in samples_of(packets(trace))["energy leakage"]] == [0, 1]


def test_words_in_use_are_from_the_begin_of_each_window(packets: Any, make_trace: MakeTrace) -> None:
    memory = {"window_cycles": 4, "windows_words": [5, 9, 2]}
    trace = make_trace(EVENTS, summary={"cycles": 10, "memory": memory}, clock_ns=1.0)
    assert samples_of(packets(trace))["main memory in use"] == [(0, 5.0), (4, 9.0), (8, 2.0)]


@pytest.mark.parametrize(
    ("most", "samples"),
    [
        (1, [(2, 1)]),
        (2, [(2, 1), (9, 0)]),
        (3, [(2, 1), (6, 3), (9, 0)]),
        (1000, [(2, 1), (4, 2), (6, 3), (8, 1), (9, 0)]),
    ],
)
def test_what_lies_between_units_is_sampled_from_its_first_change_to_its_last(
    packets: Any, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch, most: int, samples: list[tuple[int, float]]
) -> None:
    """Three words come, of which a vector takes two and another the last."""
    monkeypatch.setattr(perfetto, "SAMPLES", most)
    kinds = tuple(EventKind(name, "words", "", "") for name in ("bus.down", "buffer.slide"))
    events = [(2 * at, 2, 0, 0, 1, 0, 0, 0, 0) for at in range(3)]
    events += [(8, 1, 1, 1, 2, 0, 0, 0, 0), (9, 1, 1, 1, 1, 0, 0, 0, 0)]
    trace = make_trace(events, kinds=kinds, clock_ns=1.0)
    assert samples_of(packets(trace))["words in the buffer"] == samples


def test_counters_say_their_units(packets: Any, make_trace: MakeTrace) -> None:
    more = {
        "power": {"window_cycles": 4, "windows_aj": [1]},
        "memory": {"window_cycles": 4, "windows_words": [1]},
    }
    found = [one.track_descriptor for one in packets(make_trace(EVENTS, summary={"cycles": 8, **more}))]
    assert {one.name: one.counter.unit_name for one in found if one.HasField("counter")} == {
        "energy main_memory": "pJ",
        "energy dacs": "pJ",
        "energy leakage": "pJ",
        "busy units": "units",
        "power": "W",
        "main memory in use": "words",
    }


# --- a trace that begins before cycle 0 -------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "origin"), [(-4, 4), (-1, 1), (0, 0), (1, 0)])
def test_time_0_is_cycle_0_or_the_first_cycle_before_it(
    packets: Any, make_trace: MakeTrace, first: int, origin: int
) -> None:
    trace = make_trace([(first, 2, 0, 0, 1, 0, 0, 0, 0), (3, 2, 0, 0, 1, 0, 0, 0, 0)], clock_ns=1.0)
    found = packets(trace)
    begun = [one for one in found if one.track_event.type == one.track_event.TYPE_SLICE_BEGIN]
    reads = [one.timestamp for one in begun if one.track_event.name == "word_read"]
    assert sorted(reads) == [first + origin, 3 + origin]
    assert samples_of(found)["energy leakage"][0] == (origin, 0.0)


def test_the_first_cycle_may_be_that_of_a_wait(packets: Any, make_trace: MakeTrace) -> None:
    trace = make_trace([(1, 2, 0, 0, 1, 0, 0, 0, 0)], [(-3, 2, 1, 1, 1, 0, 0)], clock_ns=1.0)
    begun = {
        one.track_event.name: one.timestamp
        for one in packets(trace)
        if one.track_event.type == one.track_event.TYPE_SLICE_BEGIN
    }
    assert (begun["token"], begun["word_read"]) == (0, 4)


# --- the numbers of the format ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, b"\x00"),
        (1, b"\x01"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (300, b"\xac\x02"),
        (16_383, b"\xff\x7f"),
        (16_384, b"\x80\x80\x01"),
        (-1, b"\xff" * 9 + b"\x01"),
    ],
)
def test_an_integer_takes_seven_bits_a_byte_the_lowest_first(value: int, written: bytes) -> None:
    """The examples of 1, 300 and -1 are those of the format's own pages."""
    found = varint(np.array([value]))
    assert found.data[0, : found.size[0]].tobytes() == written


def test_no_integers_take_no_bytes() -> None:
    assert varint(np.zeros(0, np.int64)).data.shape[0] == 0


@pytest.mark.parametrize(("field", "wire", "written"), [(1, 0, b"\x08"), (15, 7, b"\x7f"), (16, 0, b"\x80\x01")])
def test_what_stands_before_a_field_is_its_number_and_type(field: int, wire: int, written: bytes) -> None:
    assert tag(field, wire) == written


def test_bytes_are_found_by_place_and_keep_their_lengths() -> None:
    found = lookup([b"", b"abc", b"x"], np.array([1, -1, 0, 1]))
    assert [row[:size].tobytes() for row, size in zip(found.data, found.size, strict=True)] == [
        b"abc",
        b"x",
        b"",
        b"abc",
    ]


def test_flows_begin_in_field_47_and_end_in_field_48() -> None:
    """Both of 64 bits, little-endian: `flow_ids` and `terminating_flow_ids` of a track event."""
    assert perfetto._flow_ids((1, 2), ()) == b"\xf9\x02\1\0\0\0\0\0\0\0\xf9\x02\2\0\0\0\0\0\0\0"
    assert perfetto._flow_ids((), (258,)) == b"\x81\x03\2\1\0\0\0\0\0\0"
