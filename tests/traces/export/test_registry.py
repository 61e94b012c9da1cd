"""Each export read back by something that is not ours: its sums are the trace's."""

from __future__ import annotations

import csv
import json
import os
import sys
import threading
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acortex.errors import MissingExtra, UsageError
from acortex.traces.export import registry
from acortex.traces.export.registry import BUILT_IN, Exporter, export
from acortex.traces.file.reader import Trace
from acortex.traces.file.schema import EventKind
from acortex.traces.stats import stats

from ..conftest import HEADER, MakeTrace, Rows, pipeline

NS = 1.785


@pytest.fixture
def trace(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> Trace:
    """The small run, and one event that overlaps another of its unit, and one without duration."""
    extra = [(1, 4, 0, 0, 2, -1, 0, -1, 7), (33, 0, 3, 3, 5, 2, 1, 0, 11)]
    return make_trace([*rows[0], *extra], rows[1], summary={"cycles": 200})


def _export(trace: Trace, name: str) -> Path:
    path = trace.path.with_suffix(f".{name}")
    export(trace, name, path)
    return path


def _busy(trace: Trace) -> dict[str, int]:
    return {unit["name"]: unit["busy"] for unit in stats(trace)["units"] if unit["events"]}


# --- the registry -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exporter", BUILT_IN, ids=lambda exporter: exporter.name)
def test_every_export_is_the_same_each_time(trace: Trace, exporter: Exporter) -> None:
    pytest.importorskip({"perfetto": "perfetto", "vcd": "vcd", "parquet": "duckdb"}.get(exporter.name, "csv"))
    first = _export(trace, exporter.name).read_bytes()
    assert _export(trace, exporter.name).read_bytes() == first


@pytest.mark.parametrize("exporter", BUILT_IN, ids=lambda exporter: exporter.name)
def test_every_export_of_an_empty_trace_is_a_file(make_trace: MakeTrace, exporter: Exporter) -> None:
    pytest.importorskip({"perfetto": "perfetto", "vcd": "vcd", "parquet": "duckdb"}.get(exporter.name, "csv"))
    assert _export(make_trace([]), exporter.name).exists()


def test_energies_beyond_64_bits_are_left_out_of_slices(make_trace: MakeTrace) -> None:
    for events, told in ((1, True), (2, False)):
        run = make_trace([(at, 1, 0, 0, 1, 0, 0, 0, 2**62) for at in range(events)])
        slices = json.loads(_export(run, "chrome").read_text())["traceEvents"]
        (whole,) = (one for one in slices if one["ph"] == "X" and one["name"] == "toy.s")
        assert ("energy_aj" in whole["args"]) == told


@pytest.mark.parametrize("exporter", BUILT_IN, ids=lambda exporter: exporter.name)
def test_what_cannot_be_written_is_an_error_that_names_the_file(trace: Trace, exporter: Exporter) -> None:
    pytest.importorskip({"perfetto": "perfetto", "vcd": "vcd", "parquet": "duckdb"}.get(exporter.name, "csv"))
    with pytest.raises(UsageError, match=r"nowhere/out.*: cannot be written \("):
        export(trace, exporter.name, trace.path.parent / "nowhere" / "out")


def test_a_pipe_is_written_to_and_stays_one(trace: Trace, tmp_path: Path) -> None:
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    export(trace, "csv", pipe)
    reader.join(10)
    export(trace, "csv", tmp_path / "file")
    assert read == [(tmp_path / "file").read_text()]
    assert pipe.is_fifo()


def test_an_unknown_format_is_refused_with_the_nearest(trace: Trace, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export(trace, "perfeto", tmp_path / "x")
    assert str(caught.value) == "there is no export to 'perfeto'\n  hint: did you mean `perfetto`?"
    with pytest.raises(UsageError, match="hint: formats are csv, chrome, perfetto, vcd, konata, stats, parquet"):
        export(trace, "zzz", tmp_path / "x")


def test_a_failed_export_leaves_nothing(trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trace: Trace, path: Path) -> None:
        path.write_text("half")
        raise ZeroDivisionError

    monkeypatch.setattr(registry, "BUILT_IN", (Exporter("half", ".half", "fails", fail),))
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(ZeroDivisionError):
        export(trace, "half", target / "x.half")
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "package", "message"),
    [
        ("vcd", "vcd", 'VCD needs an optional package\n  hint: pip install "acortex[vcd]"'),
        (
            "perfetto",
            "perfetto.protos.perfetto.trace.perfetto_trace_pb2",
            'the Perfetto format needs an optional package\n  hint: pip install "acortex[perfetto]"',
        ),
        ("parquet", "duckdb", 'SQL or Parquet needs an optional package\n  hint: pip install "acortex[query]"'),
    ],
)
def test_a_missing_package_says_which_extra(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, package: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra) as caught:
        export(trace, name, tmp_path / "x")
    assert str(caught.value) == message


class _Entry:
    """Like importlib's EntryPoint."""

    def __init__(self, name: str, exporter: Exporter | None) -> None:
        self.name, self.value, self._exporter = name, f"plugin:{name}", exporter

    def __lt__(self, other: _Entry) -> bool:
        return self.name < other.name

    def load(self) -> Exporter:
        if self._exporter is None:
            raise ImportError("no such module")
        return self._exporter


def test_a_plugin_adds_a_format_and_a_broken_one_warns(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count(trace: Trace, path: Path) -> None:
        path.write_text(str(len(trace)))

    counting = Exporter("count", ".txt", "how many", count)
    entries = [_Entry("count", counting), _Entry("broken", None)]
    monkeypatch.setattr(registry, "entry_points", lambda group: entries)
    with pytest.warns(UserWarning, match=r"the exporter 'broken' \(plugin:broken\) cannot be loaded: no such module"):
        export(trace, "count", tmp_path / "x")
    assert (tmp_path / "x").read_text() == "102"


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_csv_has_one_row_an_event_with_names(trace: Trace) -> None:
    with _export(trace, "csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert len(read) == len(trace)
    assert sum(int(row["energy_aj"]) for row in read) == int(trace["energy_aj"].sum())
    assert read[2] == {
        "start": "8",
        "duration": "5",
        "unit": "vmm",
        "kind": "frame",
        "count": "4",
        "pc": "2",
        "layer": "conv1",
        "inference": "0",
        "energy_aj": "2000036",
        "source": "toy.s:5",
        "component": "arrays",
    }


# --- Chrome -----------------------------------------------------------------------------------------------------------


def test_chrome_lanes_add_up_to_each_units_busy_time(trace: Trace) -> None:
    events = json.loads(_export(trace, "chrome").read_text())["traceEvents"]
    names = {event["pid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    busy: Counter[str] = Counter()
    ns: Counter[str] = Counter()
    for event in (event for event in events if event["ph"] == "X" and names[event["pid"]] in HEADER.units):
        busy[names[event["pid"]]] += event["args"]["duration"]
        ns[names[event["pid"]]] += round(event["dur"] * 1000)
    assert dict(busy) == _busy(trace)
    for unit, cycles in busy.items():
        assert ns[unit] == pytest.approx(cycles * NS, abs=0.5 * len(trace)), unit


def test_chrome_times_are_rounded_from_the_exact_cycle(trace: Trace) -> None:
    events = json.loads(_export(trace, "chrome").read_text())["traceEvents"]
    for event in (event for event in events if event["ph"] == "X"):
        assert round(event["ts"] * 1000) == int(event["args"]["start"] * NS + 0.5)


def test_chrome_events_of_a_lane_do_not_overlap(trace: Trace) -> None:
    last: dict[tuple[int, int], float] = {}
    for event in json.loads(_export(trace, "chrome").read_text())["traceEvents"]:
        if event["ph"] == "X":
            lane = event["pid"], event["tid"]
            assert event["ts"] >= last.get(lane, 0) - 1e-9
            last[lane] = event["ts"] + event["dur"]


def test_chrome_takes_a_start_before_cycle_zero(make_trace: MakeTrace) -> None:
    path = _export(make_trace([(-1000, 5, 0, 0, 1, 0, 0, -1, 0)]), "chrome")
    event = next(one for one in json.loads(path.read_text())["traceEvents"] if one["ph"] == "X")
    assert (event["ts"], event["dur"]) == (-1.785, 0.009)


# --- Perfetto ---------------------------------------------------------------------------------------------------------


def _perfetto(trace: Trace) -> Any:
    proto = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    read = proto.Trace()
    read.ParseFromString(_export(trace, "perfetto").read_bytes())
    return read.packet


def _slices(packets: Any) -> list[tuple[str, int, int, dict[str, int]]]:
    """(unit, begin, end, notes) of each slice, by the nesting rule of a track; nothing may nest."""
    tracks = {
        packet.track_descriptor.uuid: packet.track_descriptor for packet in packets if packet.track_descriptor.uuid
    }
    open_: dict[int, Any] = {}
    found = []
    for packet in packets:
        event = packet.track_event
        if event.type == event.TYPE_SLICE_BEGIN:
            assert event.track_uuid not in open_, "a slice within a slice"
            open_[event.track_uuid] = packet
        elif event.type == event.TYPE_SLICE_END:
            begin = open_.pop(event.track_uuid)
            unit = tracks[tracks[event.track_uuid].parent_uuid].name
            notes = {note.name: note.int_value for note in begin.track_event.debug_annotations}
            if unit in HEADER.units:  # and no waits, layers or inferences
                found.append((unit, begin.timestamp, packet.timestamp, notes))
    assert not open_
    return found


def test_perfetto_lanes_add_up_to_each_units_busy_time(trace: Trace) -> None:
    busy: Counter[str] = Counter()
    ns: Counter[str] = Counter()
    found = _slices(_perfetto(trace))
    for unit, begin, end, notes in found:
        busy[unit] += notes["duration"]
        ns[unit] += end - begin
    assert dict(busy) == _busy(trace)
    assert len(found) == len(trace)
    assert sum(notes["energy_aj"] for _, _, _, notes in found) == int(trace["energy_aj"].sum())
    for unit, cycles in busy.items():
        assert ns[unit] == pytest.approx(cycles * NS, abs=0.5 * len(trace)), unit


def test_perfetto_counters_end_at_the_energy_of_each_component(trace: Trace) -> None:
    packets = _perfetto(trace)
    names = {packet.track_descriptor.uuid: packet.track_descriptor.name for packet in packets}
    last = {
        names[packet.track_event.track_uuid]: packet.track_event.double_counter_value
        for packet in packets
        if packet.track_event.type == packet.track_event.TYPE_COUNTER
    }
    components = {row["name"]: row["energy_aj"] / 1e6 for row in stats(trace)["components"] if row["energy_aj"]}
    assert {"sensing", "arrays", "leakage"} < set(components)
    expected = {f"energy {name}": value for name, value in components.items()}
    assert {name: value for name, value in last.items() if name != "busy units"} == pytest.approx(expected)


def test_perfetto_busy_units_integrate_to_the_busy_time(make_trace: MakeTrace) -> None:
    events, _ = pipeline(3000)
    trace = make_trace(events)
    packets = _perfetto(trace)
    names = {packet.track_descriptor.uuid: packet.track_descriptor.name for packet in packets}
    counters = [packet for packet in packets if packet.track_event.type == packet.track_event.TYPE_COUNTER]
    busy = [packet for packet in counters if names[packet.track_event.track_uuid] == "busy units"]
    times = [packet.timestamp for packet in busy] + [round(trace.cycles * NS)]
    values = [packet.track_event.double_counter_value for packet in busy]
    assert np.dot(values, np.diff(times)) == pytest.approx(sum(row[1] for row in events) * NS, rel=1e-3)


def test_perfetto_counts_what_lies_between_units(make_trace: MakeTrace) -> None:
    kinds = tuple(
        EventKind(name, "things", "a thing", "") for name in ("bus.down", "buffer.slide", "vmm.load", "vmm.frame")
    )
    events = [(0, 1, 0, 0, 1, 0, 0, 0, 0), (1, 1, 0, 0, 1, 0, 0, 0, 0), (4, 1, 1, 1, 2, 0, 0, 0, 0)]
    packets = _perfetto(make_trace([*events, (6, 3, 2, 2, 9, 0, 0, 0, 0)], kinds=kinds, clock_ns=1.0))
    names = {packet.track_descriptor.uuid: packet.track_descriptor.name for packet in packets}
    found: dict[str, list[tuple[int, float]]] = {}
    for packet in packets:
        if packet.track_event.type == packet.track_event.TYPE_COUNTER:
            sample = packet.timestamp, packet.track_event.double_counter_value
            found.setdefault(names[packet.track_event.track_uuid], []).append(sample)
    assert found["words in the buffer"] == [(1, 1), (2, 2), (4, 0)]
    assert found["vectors in the buffer"] == [(5, 1), (9, 0)]
    assert found["loaded latches"] == [(9, 1)]


def test_perfetto_begins_at_zero_where_a_trace_begins_before(make_trace: MakeTrace) -> None:
    found = _slices(_perfetto(make_trace([(-1000, 5, 0, 0, 1, 0, 0, -1, 0), (0, 5, 0, 0, 1, 0, 0, 0, 0)])))
    assert [(begin, end) for _, begin, end, _ in found] == [(0, 9), (1785, 1794)]


# --- VCD --------------------------------------------------------------------------------------------------------------


def test_vcd_busy_integrates_to_each_units_busy_time(trace: Trace) -> None:
    vcdvcd = pytest.importorskip("vcdvcd")
    pytest.importorskip("vcd")
    read = vcdvcd.VCDVCD(str(_export(trace, "vcd")))
    for unit, cycles in _busy(trace).items():
        changes = [(time, int(value, 2)) for time, value in read[f"{unit}.busy"].tv]
        ns = sum(value * (after - time) for (time, value), (after, _) in pairwise(changes))
        assert ns == pytest.approx(cycles * NS, abs=len(trace)), unit
        assert changes[-1][1] == 0


def test_vcd_names_what_a_unit_does_and_waits_for(make_trace: MakeTrace) -> None:
    pywellen = pytest.importorskip("pywellen")
    pytest.importorskip("vcd")
    events = [(100, 100, 2, 2, 1, 0, 0, 0, 0), (150, 100, 2, 3, 1, 0, 0, 0, 0)]
    path = _export(make_trace(events, [(300, 50, 2, 1, 0, 0, 0)], summary={"cycles": 400}), "vcd")
    signals = {signal.full_name: signal for signal in pywellen.Waveform(str(path)).all_vars()}
    for name, expected in (
        ("vmm.kind", [(0, "-"), (179, "frame"), (268, "frame+conversion"), (357, "conversion"), (446, "-")]),
        ("vmm.waiting", [(0, "-"), (536, "token"), (625, "-")]),
    ):
        assert list(signals[name].tv) == expected


def test_vcd_time_rises_strictly_and_ends_with_the_run(trace: Trace) -> None:
    pytest.importorskip("vcd")
    times = [int(line[1:]) for line in _export(trace, "vcd").read_text().splitlines() if line.startswith("#")]
    assert times == sorted(set(times))
    assert times[-1] == 357


def test_vcd_has_no_date(trace: Trace) -> None:
    pytest.importorskip("vcd")
    assert "$date" not in _export(trace, "vcd").read_text()


# --- Parquet ----------------------------------------------------------------------------------------------------------


def test_parquet_has_the_rows_of_the_trace_in_order(trace: Trace) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = _export(trace, "parquet")
    read = duckdb.connect().read_parquet(str(path))
    rows = read.fetchall()
    assert read.columns == [*trace.events.fields, "source"]
    assert [row[0] for row in rows] == trace["start"].tolist()
    assert sum(row[8] for row in rows) == int(trace["energy_aj"].sum())
    assert {row[2] for row in rows} == set(HEADER.units)


# --- konata and stats -------------------------------------------------------------------------------------------------


def _kanata(path: Path) -> tuple[set[str], Counter[tuple[str, str]]]:
    """The ids of a Kanata log, and the cycles of its stages by lane and stage, by the published rules of the format."""
    begun: dict[tuple[str, str, str], int] = {}
    ids: set[str] = set()
    retired: set[str] = set()
    cycles: Counter[tuple[str, str]] = Counter()
    first, *lines = path.read_text().splitlines()
    assert first == "Kanata\t0004"
    now = 0
    for command, *fields in (line.split("\t") for line in lines):
        if command in ("C=", "C"):
            assert command == "C=" or int(fields[0]) > 0
            now = int(fields[0]) + (now if command == "C" else 0)
        elif command == "I":
            ids.add(fields[0])
        elif command == "S":
            assert fields[0] in ids and tuple(fields) not in begun
            begun[fields[0], fields[1], fields[2]] = now
        elif command == "E":
            cycles[fields[1], fields[2]] += now - begun.pop((fields[0], fields[1], fields[2]))
        elif command == "R":
            retired.add(fields[0])
    assert not begun and retired == ids
    return ids, cycles


def test_konata_has_every_event_and_wait_in_a_stage(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    trace = make_trace(*rows)
    wanted: Counter[tuple[str, str]] = Counter()
    for event in trace.events:
        wanted[str(event.unit), HEADER.kinds[event.kind].name] += event.duration
    for wait in trace.waits:
        wanted[str(wait.unit), f"wait_{HEADER.causes[wait.cause]}"] += wait.duration
    ids, cycles = _kanata(_export(trace, "konata"))
    assert cycles == wanted
    assert len(ids) >= len({(event.pc, event.inference) for event in trace.events})


def test_konata_names_source_line_and_instruction(make_trace: MakeTrace) -> None:
    trace = make_trace([(3, 2, 0, 0, 1, 1, 0, 0, 5)], instructions=("start", "read d0", "halt", "halt", "halt"))
    assert _export(trace, "konata").read_text().splitlines() == [
        "Kanata\t0004",
        "C=\t3",
        "I\t0\t1\t0",
        "L\t0\t0\ttoy.s:4 read d0",
        "L\t0\t1\tinference 0, main_memory.read",
        "S\t0\t0\tword_read",
        "C\t2",
        "E\t0\t0\tword_read",
        "R\t0\t0\t0",
    ]


def test_stats_lines_are_name_value_and_description_with_the_trace_s_sums(trace: Trace) -> None:
    lines = _export(trace, "stats").read_text().splitlines()
    assert lines[1] == "---------- Begin Simulation Statistics ----------"
    assert lines[-1] == "---------- End Simulation Statistics   ----------"
    found = {}
    for line in lines[2:-2]:
        left, told = line.split("  # ", 1)
        name, value = left.split()
        assert told.endswith(")") and name not in found
        found[name] = float(value)
    report = stats(trace)
    for unit in report["units"]:
        assert found[f"unit.{unit['name'].replace('.', '_')}.busy"] == unit["busy"]
    energy = [value for name, value in found.items() if name.startswith("component.") and name.endswith(".energy_aj")]
    assert sum(energy) == report["totals"]["energy_aj"] == found["sim.energy_aj"]
    assert sum(value for name, value in found.items() if name.startswith("wait.")) == sum(trace.waits["duration"])
