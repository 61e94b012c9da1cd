"""A digest has the sums of its trace, by interval and by instruction; it lies in the files of long runs alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.traces.file import blocks, digest, reader
from acortex.traces.file import writer as writing
from acortex.traces.file.blocks import BlockType
from acortex.traces.file.digest import SHORTEST, merged
from acortex.traces.file.reader import Trace, digested
from acortex.traces.file.validation import TraceError
from acortex.traces.file.writer import TraceWriter

from ..conftest import HEADER, MakeTrace, Rows, pipeline

EVENTS, WAITS = (0, 2, 3, 6), (0, 2, 3, 5)
"""Where start, unit, kind or cause, and layer stand in a row as `pipeline` makes it."""


@pytest.fixture
def long(make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Trace]:
    """long(events, waits, ...): a trace that counts as a long one."""
    monkeypatch.setattr(digest, "LARGE", 1)

    def make(events: Rows, waits: Rows = (), **more: Any) -> Trace:  # type: ignore[assignment]
        cycles = max((row[0] + row[1] for row in (*events, *waits)), default=0)
        return make_trace(events, waits, **{"summary": {"cycles": cycles}, **more})

    return make


def shuffled(positions: int, seed: int) -> tuple[Rows, Rows]:
    """A run whose rows come in no order, with some from before its begin and some of no instruction."""
    rng = random.Random(seed)
    events, waits = pipeline(positions, seed)
    events += [(-200 + at * 7, at % 5, 0, 0, 1, -1, 0, -1, at) for at in range(40)]
    rng.shuffle(events)
    rng.shuffle(waits)
    return events, waits


def sums(rows: Rows, key: Callable[[tuple[int, ...]], tuple[int, ...]], of: tuple[int, ...]) -> dict[Any, list[int]]:
    """For each key: first start, last end, rows, and sums of some fields."""
    found: dict[Any, list[int]] = {}
    for row in rows:
        at = found.setdefault(key(row), [row[0], row[0] + row[1], 0, *(0 for _ in of)])
        at[:3] = min(at[0], row[0]), max(at[1], row[0] + row[1]), at[2] + 1
        at[3:] = [known + row[field] for known, field in zip(at[3:], of, strict=True)]
    return found


def as_sums(table: Any, keys: tuple[str, ...], of: tuple[str, ...], interval: int) -> dict[Any, list[int]]:
    """What `sums` gives, of a table of a digest, which has each key once."""
    found = {}
    for row in table:
        first = [row.start // interval] if interval else []
        key = (*first, *(getattr(row, name) for name in keys))
        assert key not in found and row.inference == -1
        found[key] = [row.start, row.start + row.span, row.merged, *(getattr(row, name) for name in of)]
    return found


@given(positions=st.integers(1, 60), seed=st.integers(0, 10**6))
def test_a_digest_is_what_a_slow_count_finds(
    tmp_path_factory: pytest.TempPathFactory, positions: int, seed: int
) -> None:
    events, waits = shuffled(positions, seed)
    path = tmp_path_factory.mktemp("digest") / "run.actrace"
    with TraceWriter(path, HEADER) as writer:
        writer.events(np.array(events, dtype=np.int64).T)
        writer.waits(np.array(waits, dtype=np.int64).reshape(-1, 7).T)
        writer.finish({"cycles": 10**6})
    found = digested(reader.open(path))
    assert found is not None and found.interval == SHORTEST
    for rows, fields, name, columns, of, pc in (
        (events, (2, 3, 6), "kind", ("duration", "count", "energy_aj"), (1, 4, 8), 5),
        (waits, (2, 3, 5), "cause", ("duration",), (1,), 4),
    ):
        table = "events" if rows is events else "waits"
        keys = ("unit", name, "layer")
        by_time = sums(rows, lambda row, at=fields: (row[0] // SHORTEST, *(row[one] for one in at)), of)
        assert as_sums(getattr(found.by_time, table), keys, columns, SHORTEST) == by_time
        by_pc = sums(rows, lambda row, at=fields, pc=pc: (*(row[one] for one in at), row[pc]), of)
        assert as_sums(getattr(found.by_instruction, table), (*keys, "pc"), columns, 0) == by_pc


def test_intervals_double_until_there_are_few_rows(make_trace: MakeTrace) -> None:
    trace = make_trace(*shuffled(400, 1), summary={"cycles": 10**6})
    rows = {}
    for most in (10**6, 300, 60, 1):
        found = merged(trace.events, trace.waits, most)
        assert found is not None
        interval, bodies = found
        rows[interval] = sum(count for count, _ in bodies[BlockType.EVENTS_BY_TIME])
        assert interval % SHORTEST == 0 and interval // SHORTEST & (interval // SHORTEST - 1) == 0
        assert rows[interval] <= most or interval == digest.WIDEST
    assert list(rows) == sorted(rows) and list(rows.values()) == sorted(rows.values(), reverse=True)


def test_a_short_trace_has_no_digest_and_the_same_bytes_before_it(
    make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = shuffled(50, 2)
    short = make_trace(*rows, name="short", summary={"cycles": 900})
    monkeypatch.setattr(digest, "LARGE", len(rows[0]) + len(rows[1]))
    long = make_trace(*rows, name="long", summary={"cycles": 900})
    assert short.digest is None and long.digest is not None
    written = [trace.path.read_bytes() for trace in (short, long)]
    ends = [data.index(blocks.pack_compressed({"cycles": 900})) - blocks.FRAME_BYTES for data in written]
    assert written[1].startswith(written[0][: ends[0]]) and ends[1] > ends[0]
    monkeypatch.setattr(digest, "LARGE", digest.LARGE + 1)
    assert make_trace(*rows, name="again", summary={"cycles": 900}).path.read_bytes() == written[0]


@pytest.mark.parametrize("level", ["instructions", "layers"])
def test_a_coarser_trace_has_none(long: Callable[..., Trace], level: str) -> None:
    assert long(*shuffled(20, 3), level=level).digest is None


def test_that_of_a_file_is_that_made_at_first_use(long: Callable[..., Trace]) -> None:
    trace = long(*shuffled(200, 4))
    made = digested(replace(trace, digest=None))
    assert trace.digest is not None and made is not None and digested(trace) is trace.digest
    assert made.interval == trace.digest.interval
    for ours, file in ((made.by_time, trace.digest.by_time), (made.by_instruction, trace.digest.by_instruction)):
        for table in ("events", "waits"):
            assert list(getattr(ours, table)) == list(getattr(file, table))


def test_a_trace_without_rows_of_a_sort_has_one(long: Callable[..., Trace]) -> None:
    trace = long(pipeline(3)[0], [])
    assert trace.digest is not None and len(trace.digest.by_time.waits) == 0
    assert len(long([], [], name="empty")) == 0


def test_a_cut_file_has_its_rows_and_no_digest(long: Callable[..., Trace], tmp_path: Path) -> None:
    trace = long(*shuffled(50, 5))
    cut = tmp_path / "cut.actrace.part"
    cut.write_bytes(trace.path.read_bytes()[:-30])
    opened = reader.open(cut)
    assert (opened.digest, opened.complete, len(opened)) == (None, False, len(trace))
    assert f"the {len(trace) + len(trace.waits)} rows before are whole" in opened.lost


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"unit": "vmm*"}, True),
        ({"layer": "fc", "unit": None}, True),
        ({"layer": "fc", "unit": "vmm*"}, True),
        ({"inference": 0}, False),
        ({"window": (0, 100)}, False),
        ({"kind": "frame"}, False),
        ({"unit": "vmm*", "pc": 1}, False),
    ],
)
def test_a_selection_has_a_digest_where_its_rows_can_be_told(
    long: Callable[..., Trace], wanted: dict[str, Any], kept: bool
) -> None:
    part = long(*shuffled(60, 6)).select(**wanted)
    assert (part.digest is not None) is kept
    if part.digest is not None:
        for rows in (part.digest.by_time, part.digest.by_instruction):
            assert sum(row.merged for row in rows.events) == len(part.events)
            assert sum(row.duration for row in rows.waits) == int(part.waits["duration"].sum())


def test_sums_beyond_64_bits_make_none_and_the_trace_is_whole(long: Callable[..., Trace]) -> None:
    most = (1 << 62) - 1
    trace = long([(0, 1, 0, 0, 1, 0, 1, 0, most)] * 3)
    assert (trace.digest, digested(trace), len(trace)) == (None, None, 3)


@pytest.mark.parametrize(("rows", "there"), [(1, True), (2, False), (3, False)])
def test_sums_of_all_blocks_together_have_to_fit(
    long: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch, rows: int, there: bool
) -> None:
    """Of a block for each row, no sum of which is too large: 2^61 are, and their sum of two is not below 2^62."""
    monkeypatch.setattr(writing, "ROWS", 1)
    trace = long([(at, 1, 0, 0, 1, 0, 1, 0, 1 << 61) for at in range(rows)])
    assert ((trace.digest is not None), (digested(trace) is not None)) == (there, there)


def test_very_long_runs_have_longer_intervals(long: Callable[..., Trace]) -> None:
    far = (1 << 62) - 5
    found = long([(0, 1, 0, 0, 1, 0, 1, 0, 1), (far, 2, 1, 1, 1, 1, 2, 0, 1)]).digest
    assert found is not None and [row.start for row in found.by_time.events] == [0, far]


# Files that lie -------------------------------------------------------------------------------------------------------


def framed(path: Path) -> Iterator[tuple[blocks.Block, bytes]]:
    """The blocks of a finished file, with their bodies."""
    data, at = path.read_bytes(), len(blocks.MAGIC)
    while at + blocks.TRAILER_BYTES < len(data):
        block = blocks.parse_frame(data[at : at + blocks.FRAME_BYTES], at)
        assert block is not None
        yield block, data[at + blocks.FRAME_BYTES : block.end]
        at = block.end


def put_together(path: Path, change: Callable[[dict[str, Any]], object], digest_of: Path, without: int = 0) -> Path:
    """A file with a changed index and the digest of another file, without one type of blocks; checksums are right."""
    made, offset = blocks.MAGIC, 0
    for block, body in framed(path):
        if block.type == BlockType.SUMMARY:
            some = [(one, held) for one, held in framed(digest_of) if one.type in digest.FIELDS]
            made += b"".join(blocks.frame(one.type, one.rows, held) for one, held in some if one.type != without)
        if block.type == BlockType.INDEX:
            index = blocks.unpack_compressed(body)
            change(index)
            offset, body = len(made), blocks.pack_compressed(index)
        if block.type not in digest.FIELDS:
            made += blocks.frame(block.type, block.rows, body)
    changed = path.with_name("changed.actrace")
    changed.write_bytes(made + blocks.trailer(offset))
    return changed


@pytest.mark.parametrize("interval", [0, -64, 63, (1 << 62) + 1, 64.0, "64", True, []])
def test_an_interval_that_no_writer_states_is_refused(long: Callable[..., Trace], interval: object) -> None:
    whole = long(*shuffled(20, 7)).path
    path = put_together(whole, lambda index: index.update(interval=interval), whole)
    with pytest.raises(TraceError, match=r"the index has the interval .* which must be 64 to 2\^62"):
        reader.open(path)


@pytest.mark.parametrize("type_", [5, 6, 7, 8])
def test_a_digest_of_fewer_rows_is_refused(long: Callable[..., Trace], type_: int) -> None:
    whole = long(*shuffled(40, 8)).path
    path = put_together(whole, lambda index: None, whole, without=type_)
    with pytest.raises(TraceError, match="its digest stands for 0 rows, and there are"):
        reader.open(path)


def test_blocks_of_a_digest_that_the_index_does_not_name_are_passed_over(long: Callable[..., Trace]) -> None:
    trace = long(*shuffled(40, 9))
    opened = reader.open(put_together(trace.path, lambda index: index.pop("interval"), trace.path))
    assert opened.digest is None and list(opened) == list(trace)


def test_rows_of_a_digest_are_held_to_the_bounds_of_all_rows(long: Callable[..., Trace]) -> None:
    trace = long([(0, 1, 4, 0, 1, 0, 1, 0, 1)])
    few = long([(0, 1, 0, 0, 1, 0, 1, 0, 1)], name="few", units=HEADER.units[:1])
    with pytest.raises(TraceError, match="row 0 has unit 4, which must be 0 to 0"):
        reader.open(put_together(few.path, lambda index: None, trace.path))
