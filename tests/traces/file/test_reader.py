"""What the reader promises: right or said to be incomplete, for any cut, any flipped byte and any hostile file."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]
import numpy as np
import pytest

from acortex.errors import UsageError
from acortex.traces.file import blocks, columns, reader
from acortex.traces.file.blocks import BlockType
from acortex.traces.file.schema import EVENT_FIELDS, TraceHeader, header_to_plain
from acortex.traces.file.table import Event
from acortex.traces.file.writer import TraceWriter

from ..conftest import HEADER, MakeTrace, Rows, pipeline

# --- the whole file ---------------------------------------------------------------------------------------------------


def test_a_finished_trace_is_complete(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    read = make_trace(*rows, summary={"cycles": 200})
    assert (read.complete, read.lost, read.summary, read.cycles) == (True, "", {"cycles": 200}, 200)
    assert (len(read), len(read.waits), read.header) == (100, len(rows[1]), HEADER)


def test_cycles_without_a_summary_are_the_last_end(make_trace: MakeTrace) -> None:
    read = make_trace([(5, 3, 0, 0, 1, 0, 0, 0, 0), (6, 1, 0, 0, 1, 0, 0, 0, 0)], [(1, 8, 0, 0, 0, 0, 0)])
    assert read.cycles == 9


def test_a_trace_without_rows_reads_as_empty(make_trace: MakeTrace) -> None:
    read = make_trace([])
    assert (list(read), read["start"].tolist(), read.cycles) == ([], [], 0)


@pytest.mark.slow
def test_a_million_events_open_and_load_in_well_under_a_second(make_trace: MakeTrace, tmp_path: Path) -> None:
    events, _ = pipeline(20_000)
    make_trace(events)
    writer = TraceWriter(tmp_path / "big", HEADER)
    for _ in range(10):
        for event in events:
            writer.emit(*event)
    writer.finish({})
    began = time.process_time()
    loaded = reader.open(tmp_path / "big").events.columns()
    assert time.process_time() - began < 1.0
    assert len(loaded["energy_aj"]) == 1_000_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[Event]]:
    """A small finished file with two blocks of events, and its rows."""
    path = tmp_path_factory.mktemp("small") / "t"
    writer = TraceWriter(path, HEADER)
    for _ in range(2):
        for event in pipeline(2)[0]:
            writer.emit(*event)
        writer._drain()
    writer.finish({"cycles": 30})
    return path.read_bytes(), list(reader.open(path))


def test_a_cut_at_any_byte_gives_a_prefix_and_says_so(small: tuple[bytes, list[Event]], tmp_path: Path) -> None:
    data, events = small
    path = tmp_path / "cut"
    lengths = set()
    for size in range(len(data)):
        path.write_bytes(data[:size])
        try:
            read = reader.open(path)
        except UsageError:
            assert size < 1000, "only a cut within the header is refused"
            continue
        found = list(read)
        assert not read.complete
        assert read.lost
        assert found == events[: len(found)]
        lengths.add(len(found))
    assert lengths == {0, 10, 20}


def test_any_flipped_byte_is_found(small: tuple[bytes, list[Event]], tmp_path: Path) -> None:
    data, events = small
    path = tmp_path / "flipped"
    for at in range(len(data)):
        path.write_bytes(data[:at] + bytes((data[at] ^ 0x41,)) + data[at + 1 :])
        try:
            read = reader.open(path)
        except UsageError:
            continue
        assert not read.complete, f"byte {at}"
        assert list(read) == events[: len(read)]


def test_the_report_of_a_cut_names_the_byte(small: tuple[bytes, list[Event]], tmp_path: Path) -> None:
    data, _ = small
    path = tmp_path / "cut"
    first = _first_block(data, BlockType.EVENTS)
    path.write_bytes(data[: first + 30])
    lost = reader.open(path).lost
    assert lost.startswith(f"the last 30 bytes, from byte {first}: a block of ")
    assert lost.endswith(" bytes has only 30; the 0 rows before are whole")


def test_a_run_still_going_is_said_to_be(small: tuple[bytes, list[Event]], tmp_path: Path) -> None:
    data, _ = small
    path = tmp_path / "cut"
    path.write_bytes(data[: _first_block(data, BlockType.SUMMARY)])
    assert reader.open(path).lost == "the run did not finish: 20 rows are whole, the summary is missing"


def test_damage_in_a_finished_file_names_the_byte(small: tuple[bytes, list[Event]], tmp_path: Path) -> None:
    data, _ = small
    at = _first_block(data, BlockType.EVENTS)
    path = tmp_path / "t"
    path.write_bytes(data[: at + 40] + b"\xff" + data[at + 41 :])
    with pytest.raises(UsageError) as caught:
        reader.open(path)
    assert str(caught.value) == (
        f"{path}: the trace is damaged at byte {at}: the block does not have its checksum\n"
        "  hint: copy it again, or rerun"
    )


def test_a_file_replaced_while_open_is_found(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    read = make_trace(*rows)
    read.path.write_bytes(read.path.read_bytes()[:-100])
    with pytest.raises(UsageError, match=r"damaged at byte|cannot be read") as caught:
        read.path.write_bytes(b"")
        read["start"]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", [b"", b"\xaf", b"PK\x03\x04 something else entirely", b"\0" * 4096])
def test_what_is_no_trace_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"t: is not a trace that begins with 'acortex\.trace/1'"):
        reader.open(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.actrace: cannot be read \(No such file or directory\)"):
        reader.open(tmp_path / "none.actrace")


def test_a_folder_is_no_trace(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot be read \(Is a directory\)"):
        reader.open(tmp_path)


def test_a_block_of_a_later_version_is_passed_over(small: tuple[bytes, list[Event]], tmp_path: Path) -> None:
    data, events = small
    at = _first_block(data, BlockType.SUMMARY)
    path = tmp_path / "t"
    path.write_bytes(data[:at] + blocks.frame(77, 3, b"of a later version"))
    assert list(reader.open(path)) == events


def test_a_column_of_a_later_version_is_passed_over(tmp_path: Path) -> None:
    read = _open_with(tmp_path, lambda body: {**body, "columns": [*body["columns"], ["colour", None, 1, 0, b""]]})
    assert len(list(read)) == 1


def _first_block(data: bytes, type_: BlockType) -> int:
    at = len(blocks.MAGIC)
    while True:
        block = blocks.parse_frame(data[at : at + blocks.FRAME_BYTES], at)
        assert block is not None
        if block.type == type_:
            return at
        at = block.end


# --- hostile files: every checksum right, every claim a lie -----------------------------------------------------------


KIND = dict.fromkeys(("name", "unit", "description", "component"), "x")


def _file(tmp_path: Path, *parts: bytes, header: Any = None) -> Path:
    path = tmp_path / "hostile"
    head = blocks.pack_compressed(header_to_plain(HEADER) if header is None else header)
    path.write_bytes(b"".join((blocks.MAGIC, blocks.frame(0, 0, head), *parts)))
    return path


def _body() -> dict[str, Any]:
    return {"prices_aj": [0] * 5, "columns": [[name, None, 0, 0, b""] for name in EVENT_FIELDS]}


def _open_with(tmp_path: Path, change: Callable[[dict[str, Any]], Any], rows: int = 1) -> reader.Trace:
    return reader.open(_file(tmp_path, blocks.frame(BlockType.EVENTS, rows, msgpack.packb(change(_body())))))


def _column(name: str, *rest: Any) -> Callable[[dict[str, Any]], Any]:
    def change(body: dict[str, Any]) -> Any:
        return {**body, "columns": [[name, *rest] if column[0] == name else column for column in body["columns"]]}

    return change


BOMB = columns.compress(b"\0" * (1 << 24))
SHORT = columns.compress(b"\0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda body: [], "a block has no columns"),
        (lambda body: {}, "a block has no columns"),
        (lambda body: {**body, "columns": body["columns"][1:]}, "a block lacks the columns start"),
        (lambda body: {**body, "prices_aj": [0]}, "there must be 5 prices"),
        (lambda body: {**body, "prices_aj": "ab"}, "prices are no integers"),
        (lambda body: {**body, "prices_aj": [2**64 - 1] * 5}, "prices are no integers"),
        (_column("start", None, 0, 3, b""), "a block has no columns"),
        (_column("start", None, 2**64 - 1, 0, b""), "a block has no columns"),
        (_column("start", None, 0, 1, BOMB), "column 'start' holds 16777216 bytes where 9 to 9 fit"),
        (_column("start", None, 0, 8, SHORT), "column 'start' holds 1 bytes where 72 to 72 fit"),
        (_column("start", None, 0, 1, b"no zstd"), "column 'start' is no whole zstd frame"),
        (_column("start", None, 0, 1, columns.compress(bytes(9))[:-1]), "column 'start' is no whole zstd frame"),
        (_column("unit", None, 5, 0, b""), "row 0 has unit 5, which must be 0 to 4"),
        (_column("kind", None, -1, 0, b""), "row 0 has kind -1, which must be 0 to 4"),
        (_column("pc", None, -2, 0, b""), "row 0 has pc -2, which must be -1 to 4"),
    ],
)
def test_a_lying_block_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str) -> None:
    read = _open_with(tmp_path, change, rows=9)
    with pytest.raises(UsageError) as caught:
        list(read)
    assert f"the trace is malformed: {message}" in str(caught.value)


def test_a_block_of_too_many_rows_is_no_block(tmp_path: Path) -> None:
    read = _open_with(tmp_path, lambda body: body, rows=blocks.ROWS + 1)
    assert (len(read), read.complete) == (0, False)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"\x81" * 500_000, id="nested maps"),
        pytest.param(b"\x91" * 500_000, id="nested lists"),
        pytest.param(b"\xdd\x7f\xff\xff\xff", id="two thousand million entries"),
        pytest.param(b"\xc7\x04\x05abcd", id="unknown extension"),
        pytest.param(b"\xc7\x02\x01xy", id="integer that is none"),
        pytest.param(b"\x82\xa1a\x01\xa1a\x02", id="a key twice"),
        pytest.param(b"\xa2\xff\xfe", id="text that is no UTF-8"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_hostile_msgpack_is_one_clear_error(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(blocks.MAGIC + blocks.frame(0, 0, columns.compress(body)))
    with pytest.raises(UsageError, match="the trace is damaged at byte 16: the block "):
        reader.open(path)
    with pytest.raises(UsageError, match="the trace is malformed"):
        list(reader.open(_file(tmp_path, blocks.frame(BlockType.EVENTS, 1, body))))


def test_a_header_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "hostile"
    path.write_bytes(blocks.MAGIC + blocks.frame(0, 0, columns.compress(bytes(blocks.PLAIN_LEAST + 1))))
    with pytest.raises(UsageError, match="the block holds 2097153 bytes where 1 to 2097152 fit"):
        reader.open(path)


@pytest.mark.parametrize("one", [b"\x80", b"\x90", b"\xc0"])
def test_many_small_objects_are_not_made(one: bytes) -> None:
    body = b"\xdd" + (40_000_000).to_bytes(4, "big") + one * 40_000_000
    tracemalloc.start()
    with pytest.raises(ValueError, match="is not readable msgpack"):
        blocks.unpack(body)
    assert tracemalloc.get_traced_memory()[1] < 512 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"units": None}, "has None as units, which must be a list of less than 1048576 entries"),
        ({"units": [1]}, "has 1 as units, which must be a text"),
        ({"kinds": [{"name": "x"}]}, "has None as kinds.unit, which must be a text"),
        (
            {"kinds": [dict(KIND, prices_aj=[["arrays"]])]},
            "has ['arrays'] as kinds.prices_aj, which must be a component and a number",
        ),
        (
            {"kinds": [dict(KIND, prices_aj=[["arrays", 0.5]])]},
            "has 0.5 as kinds.prices_aj, which must be a whole number from 0 to 2^63 - 1",
        ),
        (
            {"leakage_aj_per_cycle": None},
            "has None as leakage_aj_per_cycle, which must be a whole number from 0 to 2^63 - 1",
        ),
        ({"kinds": [3]}, "has 3 as kinds, which must be a map"),
        ({"clock_ns": 0}, "has 0 as clock_ns, which must be a number of nanoseconds from 0.001 to 1e+06"),
        ({"clock_ns": float("nan")}, "has nan as clock_ns, which must be a number of nanoseconds from 0.001 to 1e+06"),
        ({"level": "all"}, "has 'all' as level, which must be one of events, instructions, layers"),
        ({"config": []}, "has [] as config, which must be a map"),
        ({"program": b"\0"}, "has b'\\x00' as program, which must be a text"),
    ],
)
def test_a_malformed_header_names_its_field(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = _file(tmp_path, header={**header_to_plain(HEADER), **change})
    with pytest.raises(UsageError) as caught:
        reader.open(path)
    assert str(caught.value) == f"{path}: the trace's header {message}"


def test_a_header_without_later_fields_is_read(tmp_path: Path) -> None:
    plain = header_to_plain(HEADER)
    del plain["leakage_aj_per_cycle"]
    read = reader.open(_file(tmp_path, header={**plain, "kinds": [KIND], "colour": "of a later version"}))
    assert (read.header.leakage_aj_per_cycle, read.header.kinds[0].prices_aj) == (0, ())


def test_a_header_that_is_no_map_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has 7 as header, which must be a map"):
        reader.open(_file(tmp_path, header=7))


@pytest.mark.parametrize(
    ("summary", "index", "message"),
    [
        ([], {"blocks": []}, "the summary is no map with a number of cycles"),
        ({"cycles": 2**63}, {"blocks": []}, "the summary is no map with a number of cycles"),
        ({"cycles": "9"}, {"blocks": []}, "the summary is no map with a number of cycles"),
        ({}, {}, "the index is no list of blocks, each with five numbers"),
        ({}, {"blocks": [[1, 2]]}, "the index is no list of blocks, each with five numbers"),
        ({}, {"blocks": [[16, 1, 4, 0, 9]]}, "the index has 1 blocks, the file 0"),
        ({}, 4, "the index is no list of blocks, each with five numbers"),
        ({"a": [{"b": float("nan")}]}, {"blocks": []}, "summary.a is nan, which must be a finite number, a text"),
        ({"a": {b"b": 1}}, {"blocks": []}, "summary.a has the key b'b', which must be a text"),
    ],
)
def test_a_malformed_ending_is_refused(tmp_path: Path, summary: Any, index: Any, message: str) -> None:
    parts = [blocks.frame(type_, 0, blocks.pack_compressed(plain)) for type_, plain in ((3, summary), (4, index))]
    offset = _file(tmp_path, parts[0]).stat().st_size
    with pytest.raises(UsageError, match=message):
        reader.open(_file(tmp_path, *parts, blocks.trailer(offset)))


def test_a_trailer_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the trailer does not point to the index"):
        reader.open(_file(tmp_path, blocks.trailer(3)))


# --- selections -------------------------------------------------------------------------------------------------------

SELECTIONS: list[tuple[dict[str, Any], Callable[[Event], bool]]] = [
    ({"unit": "vmm"}, lambda row: row.unit == 2),
    ({"unit": "vmm*"}, lambda row: row.unit in (1, 2)),
    ({"kind": "conversion"}, lambda row: row.kind == 3),
    ({"layer": "fc"}, lambda row: row.layer == 2),
    ({"inference": 1}, lambda row: row.inference == 1),
    ({"inference": [0, 1]}, lambda row: True),
    ({"pc": 3}, lambda row: row.pc == 3),
    ({"pc": {0, 4}}, lambda row: row.pc in (0, 4)),
    ({"line": "toy.s:9"}, lambda row: row.pc == 3),
    ({"window": (20, 40)}, lambda row: row.start < 40 and row.start + row.duration > 20),
    ({"window": (20, 40), "unit": "vmm", "inference": 0}, lambda row: row.unit == 2 and 15 < row.start < 40),
]


@pytest.mark.parametrize(
    ("wanted", "keep"), SELECTIONS, ids=lambda value: "kept" if callable(value) else str(value)[:40]
)
def test_select_gives_the_rows_that_match(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], wanted: dict[str, Any], keep: Callable[[Event], bool]
) -> None:
    read = make_trace(*rows)
    expected = [row for row in read if keep(row)]
    chosen = read.select(**wanted)
    assert list(chosen) == expected
    assert len(chosen) == len(expected)
    assert chosen["start"].tolist() == [row.start for row in expected]


def test_selections_narrow_each_other(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    read = make_trace(*rows)
    twice = read.select(unit="vmm*", window=(0, 60)).select(unit="vmm", window=(30, 90), inference=(0, 1))
    assert list(twice) == list(read.select(unit="vmm", window=(30, 60)))


def test_a_point_event_lies_in_the_window_that_it_starts(make_trace: MakeTrace) -> None:
    read = make_trace([(20, 0, 0, 0, 1, 0, 0, 0, 0)])
    assert [len(read.select(window=window)) for window in ((19, 20), (20, 21), (21, 22))] == [0, 1, 0]


def test_waits_are_selected_by_cause(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    waits = make_trace(*rows).waits
    assert {wait.cause for wait in waits.select(cause="token")} == {1}


def test_a_window_reads_only_the_blocks_that_meet_it(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> None:
    read = make_trace(pipeline(40_000)[0])
    chosen = read.select(window=(0, 100))
    assert len(read.events._stored) == 4
    assert len(chosen.events._stored) == 1


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"unit": "vnm"}, "nothing in this trace is named 'vnm'\n  hint: did you mean `vmm`?"),
        ({"layer": "zzz"}, "nothing in this trace is named 'zzz'\n  hint: there are -, conv1, fc"),
        ({"cause": "token"}, "these rows have no cause"),
    ],
)
def test_a_wrong_name_is_refused_with_the_nearest(make_trace: MakeTrace, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_trace([]).select(**wanted)
    assert str(caught.value) == message


def test_a_wrong_column_is_refused_with_the_nearest(make_trace: MakeTrace) -> None:
    with pytest.raises(UsageError, match=r"there is no column 'energy'\n  hint: did you mean `energy_aj`\?"):
        make_trace([])["energy"]


def test_source_lines_are_found_by_program_counter(header: TraceHeader) -> None:
    assert [header.source(pc) for pc in (0, 4, 5, -1)] == ["toy.s:3", "toy.s:12", "-", "-"]


def test_every_column_is_int64(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    assert {column.dtype for column in make_trace(*rows).events.columns().values()} == {np.dtype(np.int64)}
