"""The queries of docs/how-to/perfetto.md: what they say of an export equals the report of the run, exactly.

They are run in Perfetto's own engine where `trace_processor_shell` is installed. Everywhere they are run in SQLite,
whose dialect that engine speaks, on the same tables, filled by the protobuf reader of the package `perfetto`.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import acortex
from acortex.sim.results import TimedReport, timed
from acortex.traces.export.registry import export
from acortex.units import joules

CHECKOUT = Path(__file__).resolve().parents[3]
PAGE = CHECKOUT / "docs" / "how-to" / "perfetto.md"
QUERIES = dict(re.findall(r"^### (.+?)\n.*?```sql\n(.+?)```", PAGE.read_text(), re.DOTALL | re.MULTILINE))
SHELL = shutil.which("trace_processor_shell")

Row = dict[str, Any]
Ask = Callable[[str], list[Row]]

TABLES = """
CREATE TABLE track (id INTEGER, name TEXT, parent_id INTEGER);
CREATE TABLE counter_track (id INTEGER, name TEXT, parent_id INTEGER, unit TEXT);
CREATE TABLE slice (id INTEGER PRIMARY KEY, ts INTEGER, dur INTEGER, track_id INTEGER, name TEXT, arg_set_id INTEGER);
CREATE TABLE counter (id INTEGER PRIMARY KEY, ts INTEGER, track_id INTEGER, value REAL);
CREATE TABLE flow (id INTEGER PRIMARY KEY, slice_out INTEGER, slice_in INTEGER);
"""


class Tables:
    """The tables of Perfetto's engine that a file becomes, in SQLite."""

    def __init__(self, path: Path) -> None:
        proto = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
        read = proto.Trace()
        read.ParseFromString(path.read_bytes())
        self.args: list[dict[str, Any]] = []
        self._open: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._flows: dict[int, list[int]] = defaultdict(list)
        self.database = sqlite3.connect(":memory:")
        self.database.executescript(TABLES)
        self.database.create_function("EXTRACT_ARG", 2, lambda at, name: self.args[at].get(name))
        for packet in read.packet:
            if packet.HasField("track_descriptor"):
                self._track(packet.track_descriptor)
        events = [packet for packet in read.packet if packet.HasField("track_event")]
        for packet in sorted(events, key=lambda packet: packet.timestamp):  # as the engine sorts: equals stay in order
            self._event(packet.timestamp, packet.track_event)
        for numbers in self._flows.values():
            assert len(numbers) == 2
            self.database.executemany("INSERT INTO flow (slice_out, slice_in) VALUES (?, ?)", pairwise(numbers))

    def _track(self, track: Any) -> None:
        parent = track.parent_uuid or None
        if track.HasField("counter"):
            row = (track.uuid, track.name, parent, track.counter.unit_name)
            self.database.execute("INSERT INTO counter_track VALUES (?, ?, ?, ?)", row)
        else:
            self.database.execute("INSERT INTO track VALUES (?, ?, ?)", (track.uuid, track.name, parent))

    def _event(self, time: int, event: Any) -> None:
        if event.type == event.TYPE_COUNTER:
            row = (time, event.track_uuid, event.double_counter_value)
            self.database.execute("INSERT INTO counter (ts, track_id, value) VALUES (?, ?, ?)", row)
        elif event.type == event.TYPE_SLICE_BEGIN:
            notes = event.debug_annotations
            self.args.append({f"debug.{one.name}": getattr(one, one.WhichOneof("value")) for one in notes})
            number = len(self.args) - 1
            row = (number, time, event.track_uuid, event.name, number)
            self.database.execute("INSERT INTO slice VALUES (?, ?, NULL, ?, ?, ?)", row)
            self._open[event.track_uuid].append((number, time))
            for flow in event.flow_ids:
                assert not self._flows[flow], "a flow begins once, before it ends"
                self._flows[flow].append(number)
            for flow in event.terminating_flow_ids:
                self._flows[flow].append(number)
        elif event.type == event.TYPE_SLICE_END:
            number, begun = self._open[event.track_uuid].pop()
            self.database.execute("UPDATE slice SET dur = ? WHERE id = ?", (time - begun, number))

    def ask(self, query: str) -> list[Row]:
        """The rows of an answer, by the names of its columns."""
        found = self.database.execute(query)
        return [dict(zip((column[0] for column in found.description), row, strict=True)) for row in found]


def engine(path: Path) -> Iterator[Ask]:
    """Perfetto's own engine; nothing is fetched for it."""
    if SHELL is None:
        pytest.skip("Perfetto's engine needs `trace_processor_shell` on the PATH, which no package brings along")
    module = pytest.importorskip("perfetto.trace_processor")
    config = module.TraceProcessorConfig(bin_path=SHELL)
    with module.TraceProcessor(trace=str(path), config=config) as processor:
        yield lambda query: [dict(vars(row)) for row in processor.query(query.rstrip().rstrip(";"))]


def sqlite(path: Path) -> Iterator[Ask]:
    """The same tables in SQLite."""
    yield Tables(path).ask


ENGINES = {"sqlite": sqlite, "trace_processor": engine}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[TimedReport, Path]:
    """A run of two inferences, and its export."""
    trace = tmp_path_factory.mktemp("run") / "run.actrace"
    report = acortex.run(CHECKOUT / "programs" / "conv3x3.s", trace=trace, values=False).report
    export(acortex.open_trace(trace), "perfetto", trace.with_suffix(".perfetto"))
    return timed(report), trace.with_suffix(".perfetto")


@pytest.fixture(scope="module", params=ENGINES)
def ask(request: pytest.FixtureRequest, run: tuple[TimedReport, Path]) -> Iterator[Ask]:
    """Answers queries to the export."""
    pytest.importorskip("perfetto")
    yield from ENGINES[request.param](run[1])


@pytest.fixture
def report(run: tuple[TimedReport, Path]) -> TimedReport:
    """What `acortex run` says of the run."""
    return run[0]


def test_the_page_has_these_queries_and_no_other() -> None:
    assert list(QUERIES) == [
        "Busy time of each unit", "Waits by cause", "Energy by layer", "Energy by component", "The longest inference",
        "The way of each word", "Where it was fullest",
    ]  # fmt: skip
    assert PAGE.read_text().count("```sql") == len(QUERIES)


def test_busy_times_are_the_utilisation_of_the_report(ask: Ask, report: TimedReport) -> None:
    rows = ask(QUERIES["Busy time of each unit"])
    assert {row["unit"]: row["busy_cycles"] for row in rows} == {
        name: spent.busy for name, spent in report.utilisation.items() if spent.busy
    }
    for row in rows:
        assert row["busy_ns"] == pytest.approx(row["busy_cycles"] * report.clock_ns, abs=row["events"])


def test_waits_are_those_of_the_report(ask: Ask, report: TimedReport) -> None:
    found = {(row["unit"], row["cause"]): row["cycles"] for row in ask(QUERIES["Waits by cause"])}
    assert found == {(wait.unit, wait.cause): wait.cycles for wait in report.waits}


def test_energies_of_layers_are_those_of_the_report_to_the_attojoule(ask: Ask, report: TimedReport) -> None:
    found = {row["layer"]: row["energy_aj"] for row in ask(QUERIES["Energy by layer"])}
    assert found == {layer.name: layer.energy_aj for layer in report.layers}
    assert sum(found.values()) == report.energy_aj


def test_energies_of_components_are_those_of_the_report(ask: Ask, report: TimedReport) -> None:
    found = {row["component"]: round(row["energy_pj"] * 1e6) for row in ask(QUERIES["Energy by component"])}
    assert found == {name: value for name, value in report.energy_by_component_aj.items() if value}


def test_the_longest_inference_is_that_of_the_report(ask: Ask, report: TimedReport) -> None:
    (row,) = ask(QUERIES["The longest inference"])
    lasted = {one.index: (one.end_cycle or 0) - one.start_cycle for one in report.inferences}
    longest = max(report.inferences, key=lambda one: (lasted[one.index], -one.index))
    assert row["inference"] == f"inference {longest.index}"
    assert (row["cycles"], row["energy_aj"]) == (lasted[longest.index], longest.energy_aj)
    assert row["latency_ns"] == pytest.approx((longest.latency_s or 0) * 1e9, abs=1)


def test_each_position_has_a_way_from_its_fetch_to_its_write(ask: Ask) -> None:
    """A kernel of 3x3 over 9x9 words with stride 2 and padding 1: 5 x 5 positions in each of two inferences."""
    (row,) = ask(QUERIES["The way of each word"])
    assert (row["layer"], row["words"]) == ("convolution", 2 * 5 * 5)
    # A frame of 18 cycles and a conversion of 16 at least, and no longer than the whole of an inference.
    assert 34 * 1.785 < row["shortest_ns"] <= row["longest_ns"] < 2556 * 1.785


def test_main_memory_was_fullest_as_the_report_says(ask: Ask, report: TimedReport) -> None:
    found = {row["place"]: row for row in ask(QUERIES["Where it was fullest"])}
    row = found["main memory in use"]
    assert (row["peak"], row["unit"]) == (report.occupancy.peak_words, "words")
    assert row["at_ns"] <= report.occupancy.peak_cycle * report.clock_ns
    assert {"words in the buffer", "vectors in the buffer", "loaded latches"} < found.keys()


def test_the_integral_of_power_is_the_energy_of_the_run(ask: Ask, report: TimedReport) -> None:
    rows = ask(
        "SELECT ts, value FROM counter JOIN counter_track ON counter.track_id = counter_track.id"
        " WHERE counter_track.name = 'power' ORDER BY ts"
    )
    energy_j = sum(one["value"] * (two["ts"] - one["ts"]) * 1e-9 for one, two in pairwise(rows))
    assert energy_j == pytest.approx(joules(report.energy_aj), rel=1e-3)  # times are whole ns
    assert rows[-1]["value"] == 0


def test_the_run_is_one_slice_with_its_cycles_and_energy(ask: Ask, report: TimedReport) -> None:
    rows = ask(
        "SELECT slice.name AS name, EXTRACT_ARG(slice.arg_set_id, 'debug.duration') AS cycles,"
        " EXTRACT_ARG(slice.arg_set_id, 'debug.energy_aj') AS energy_aj FROM slice"
        " JOIN track AS lane ON slice.track_id = lane.id JOIN track AS parent ON lane.parent_id = parent.id"
        " WHERE parent.name = 'run'"
    )
    assert rows == [{"name": report.program.name, "cycles": report.cycles, "energy_aj": report.energy_aj}]


def test_tracks_of_the_run_stand_above_those_of_units(run: tuple[TimedReport, Path]) -> None:
    proto = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    read = proto.Trace()
    read.ParseFromString(run[1].read_bytes())
    tracks = [packet.track_descriptor for packet in read.packet if packet.HasField("track_descriptor")]
    (root,) = [track for track in tracks if not track.parent_uuid]
    assert (root.name, root.child_ordering) == ("conv3x3 on acortex_inception", proto.TrackDescriptor.EXPLICIT)
    below = [track for track in tracks if track.parent_uuid == root.uuid]
    ranks = [track.sibling_order_rank for track in below]
    assert len(set(ranks)) == len(ranks)
    ordered = [track.name for track in sorted(below, key=lambda track: track.sibling_order_rank)]
    assert ordered[:6] == ["run", "inferences", "layers, all inferences", "layers", "controller", "host/in"]
    assert len({track.uuid for track in tracks}) == len(tracks)
