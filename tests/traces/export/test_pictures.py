"""What Chrome and Perfetto draw beside the events of units: waits by cause, layers, inferences; time below 1 ns."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from acortex.traces.export.registry import export
from acortex.traces.file.reader import Trace
from acortex.traces.stats import stats

from ..conftest import HEADER, MakeTrace, Rows
from ..test_enders import EVENTS, TABLE, WAITS

SHORT = [1.0, 0.7, 0.5, 0.001, 0.0015]
TEXTS = ("read d0", "feed 1, 1", "multiply g0", "convert q0", "write d1")


class Slice(NamedTuple):
    """A slice as a reader sees it: where it is, when in the file's unit of time, its name and what is said of it."""

    track: str
    lane: int
    begin: int
    length: int
    name: str
    args: dict[str, Any]


def _export(trace: Trace, name: str) -> Path:
    path = trace.path.with_suffix(f".{name}")
    export(trace, name, path)
    return path


def _chrome(trace: Trace) -> list[Slice]:
    """The slices of a Chrome file, in femtoseconds."""
    events = json.loads(_export(trace, "chrome").read_text())["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    return [
        Slice(
            names[event["pid"]],
            event["tid"],
            round(event["ts"] * 1e9),
            round(event["dur"] * 1e9),
            event["name"],
            event["args"],
        )
        for event in events
        if event["ph"] == "X"
    ]


def _packets(trace: Trace) -> Any:
    proto = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    read = proto.Trace()
    read.ParseFromString(_export(trace, "perfetto").read_bytes())
    return read.packet


def _perfetto(trace: Trace) -> list[Slice]:
    """The slices of a Perfetto file, in its own unit."""
    packets = _packets(trace)
    tracks = {packet.track_descriptor.uuid: packet.track_descriptor for packet in packets}
    begun: dict[int, Any] = {}
    found = []
    for packet in packets:
        event = packet.track_event
        if event.type == event.TYPE_SLICE_BEGIN:
            begun[event.track_uuid] = packet
        elif event.type == event.TYPE_SLICE_END:
            first = begun.pop(event.track_uuid)
            notes = first.track_event.debug_annotations
            args = {note.name: note.string_value or note.int_value for note in notes}
            parent = tracks[tracks[event.track_uuid].parent_uuid].name
            length = packet.timestamp - first.timestamp
            found.append(Slice(parent, event.track_uuid, first.timestamp, length, first.track_event.name, args))
    return found


READERS = {"chrome": _chrome, "perfetto": _perfetto}


@pytest.fixture(params=READERS)
def read(request: pytest.FixtureRequest) -> Any:
    """A reader of each of the two formats."""
    return READERS[request.param]


@pytest.mark.parametrize("clock_ns", SHORT)
def test_what_lasts_has_a_length_at_any_clock(
    read: Any, make_trace: MakeTrace, rows: tuple[Rows, Rows], clock_ns: float
) -> None:
    drawn = read(make_trace(*rows, clock_ns=clock_ns))
    assert len(drawn) > len(rows[0]) + len(rows[1])
    assert not [one for one in drawn if one.length <= 0 < one.args["duration"]]


@pytest.mark.parametrize("clock_ns", SHORT)
def test_begins_within_a_lane_are_distinct_at_any_clock(
    read: Any, make_trace: MakeTrace, rows: tuple[Rows, Rows], clock_ns: float
) -> None:
    begins = [one[:3] for one in read(make_trace(*rows, clock_ns=clock_ns))]
    assert len(set(begins)) == len(begins)


@pytest.mark.parametrize(("clock_ns", "each"), [(0.7, 700_000), (0.5, 500_000), (0.001, 1000), (0.0015, 1500)])
def test_lengths_over_lanes_are_a_units_busy_time_exactly(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], clock_ns: float, each: int
) -> None:
    trace = make_trace(*rows, clock_ns=clock_ns)
    summed: Counter[str] = Counter()
    for one in _chrome(trace):
        summed[one.track] += one.length
    for unit in stats(trace)["units"]:
        assert summed[unit["name"]] == unit["busy"] * each
        assert summed[f"{unit['name']} waits"] == unit["waiting"] * each


@pytest.mark.parametrize(("clock_ns", "each"), [(2.0, 2), (0.7, 700), (0.0015, 1500)])
def test_perfetto_lengths_are_busy_times_in_the_unit_that_it_names(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], clock_ns: float, each: int
) -> None:
    trace = make_trace(*rows, clock_ns=clock_ns)
    summed: Counter[str] = Counter()
    for one in _perfetto(trace):
        summed[one.track] += one.length
    assert {name: length for name, length in summed.items() if name in HEADER.units} == {
        unit["name"]: unit["busy"] * each for unit in stats(trace)["units"]
    }


@pytest.mark.parametrize(("clock_ns", "said"), [(1.785, []), (0.7, ["ps"]), (0.0015, ["fs"])])
def test_perfetto_says_its_unit_of_time_where_it_is_not_ns(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], clock_ns: float, said: list[str]
) -> None:
    packets = _packets(make_trace(*rows, clock_ns=clock_ns))
    marks = [one.track_event.name for one in packets if one.track_event.type == one.track_event.TYPE_INSTANT]
    assert marks == [f"times are in {unit}: what is shown as 1 ns is 1 {unit}" for unit in said]


@pytest.mark.parametrize(("clock_ns", "said"), [(1.785, "1 ns"), (0.7, "1 ps"), (0.0015, "1 fs")])
def test_chrome_says_how_fine_its_times_are(make_trace: MakeTrace, clock_ns: float, said: str) -> None:
    read = json.loads(_export(make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0)], clock_ns=clock_ns), "chrome").read_text())
    assert read["otherData"]["resolution"] == said


def test_waits_are_named_by_cause_with_line_and_text(read: Any, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    trace = make_trace(*rows, instructions=TEXTS)
    waited: Counter[tuple[str, str]] = Counter()
    for one in read(trace):
        if one.track.endswith(" waits"):
            waited[one.track.removesuffix(" waits"), one.name] += one.args["duration"]
            assert (one.args["source"], one.args["text"]) == ("toy.s:3", "read d0")
            assert "energy_aj" not in one.args
    assert waited == {(row["unit"], row["cause"]): row["cycles"] for row in stats(trace)["waits"]}
    assert waited


def test_waits_that_overlap_stand_in_lanes(read: Any, make_trace: MakeTrace) -> None:
    trace = make_trace([], [(0, 10, 0, 0, 0, 0, 0), (5, 10, 0, 1, 0, 0, 0)])
    drawn = [one for one in read(trace) if one.track == f"{HEADER.units[0]} waits"]
    assert len({one.lane for one in drawn}) == 2
    assert sorted((one.args["start"], one.args["duration"]) for one in drawn) == [(0, 10), (5, 10)]


def test_layers_and_inferences_are_one_row_each(read: Any, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    trace = make_trace(*rows)
    report = stats(trace)
    found: defaultdict[str, list[Slice]] = defaultdict(list)
    for one in read(trace):
        found[one.track].append(one)
    inferences = {one.name: (one.args["start"], one.args["duration"]) for one in found["inferences"]}
    assert inferences == {
        f"inference {row['index']}": (row["start_cycle"], row["latency"]) for row in report["inferences"]
    }
    for layer in report["layers"][1:]:
        mine = [one for one in found["layers"] if one.name == one.args["layer"] == layer["name"]]
        assert min(one.args["start"] for one in mine) == layer["start_cycle"]
        assert max(one.args["start"] + one.args["duration"] for one in mine) == layer["end_cycle"]


def test_a_filtered_trace_has_no_row_that_it_could_get_wrong(
    read: Any, make_trace: MakeTrace, rows: tuple[Rows, Rows]
) -> None:
    trace = make_trace(*rows, filters={"units": ["vmm"]})
    assert {one.track for one in read(trace)} == {"vmm"}


def test_events_say_the_text_of_their_instruction(read: Any, make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    drawn = read(make_trace(*rows, instructions=TEXTS))
    assert {one.args["text"] for one in drawn if one.track in HEADER.units} == set(TEXTS)


@pytest.mark.parametrize(("clock_ns", "scale"), [(1.785, "1 ns"), (0.7, "1 ps"), (0.0015, "1 fs")])
def test_vcd_states_the_scale_and_ends_at_the_time_of_the_run(
    make_trace: MakeTrace, clock_ns: float, scale: str
) -> None:
    pytest.importorskip("vcd")
    trace = make_trace([(0, 1, 0, 0, 1, 0, 0, 0, 0), (1, 1, 1, 1, 1, 1, 0, 0, 0)], clock_ns=clock_ns)
    text = _export(trace, "vcd").read_text()
    assert f"$timescale {scale} $end" in text
    times = [int(line[1:]) for line in text.splitlines() if line.startswith("#")]
    assert times == sorted(set(times)) and len(times) == 3


def test_flows_lead_from_what_ended_a_wait_to_what_then_began(make_trace: MakeTrace) -> None:
    trace = make_trace(EVENTS, WAITS, handovers=TABLE, summary={"cycles": 35})
    found: defaultdict[int, dict[str, tuple[str, int]]] = defaultdict(dict)
    events = json.loads(_export(trace, "chrome").read_text())["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    for event in events:
        if event["ph"] in "sf":
            found[event["id"]][event["ph"]] = names[event["pid"]], round(event["ts"] * 1000)
    assert list(found.values()) == [
        {"s": ("vmm.load", 0), "f": ("vmm", 18)},
        {"s": ("vmm", 18), "f": ("neurons", 55)},
    ]


def test_perfetto_has_the_same_flows(make_trace: MakeTrace) -> None:
    packets = _packets(make_trace(EVENTS, WAITS, handovers=TABLE, summary={"cycles": 35}))
    out = [(one.timestamp, *one.track_event.flow_ids) for one in packets if one.track_event.flow_ids]
    ended = [
        (one.timestamp, *one.track_event.terminating_flow_ids)
        for one in packets
        if one.track_event.terminating_flow_ids
    ]
    assert (out, ended) == ([(0, 1), (18, 2)], [(18, 1), (55, 2)])


def test_every_flow_has_both_ends_in_a_run_of_many_waits(read: Any, make_trace: MakeTrace) -> None:
    events, waits = [], []
    for at in range(0, 400, 40):
        events += [(row[0] + at, *row[1:]) for row in EVENTS]
        waits += [(row[0] + at, *row[1:]) for row in WAITS]
    trace = make_trace(events, waits, handovers=TABLE, summary={"cycles": 400})
    assert len(read(trace)) > len(events) + len(waits)
    ends = Counter(
        (event["ph"], event["id"])
        for event in json.loads(_export(trace, "chrome").read_text())["traceEvents"]
        if event["ph"] in "sf"
    )
    assert ends == {(end, number): 1 for end in "sf" for number in range(1, 21)}
