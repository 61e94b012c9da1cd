"""What the writer promises: exact, small, the same bytes, and something readable whatever happens."""

from __future__ import annotations

import errno
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acortex.errors import AcortexError, UsageError
from acortex.traces.file import blocks, reader
from acortex.traces.file.schema import EVENT_FIELDS, WAIT_FIELDS, TraceHeader
from acortex.traces.file.writer import TraceWriter, check_free

from ..conftest import HEADER, MakeTrace, Rows, pipeline

BIG = 2**63 - 1


def _write(
    path: Path, events: Rows, waits: Rows = (), level: str = "events", cycles: int = 10**9, **changes: Any
) -> bytes:  # type: ignore[assignment]
    writer = TraceWriter(path, replace(HEADER, **changes), level)
    for event in events:
        writer.emit(*event)
    for wait in waits:
        writer.wait(*wait)
    writer.finish({"cycles": cycles})
    return path.read_bytes()


_count = st.integers(0, BIG) | st.integers(0, 300)
_events = st.tuples(
    st.integers(-(2**62), BIG) | st.integers(0, 1000),
    _count,
    st.integers(0, 4),
    st.integers(0, 4),
    _count,
    st.integers(-1, 4),
    st.integers(0, 2),
    st.integers(-1, 2**40),
    st.integers(0, BIG),
).filter(lambda event: event[0] + event[1] <= BIG)


@settings(deadline=None, max_examples=80)
@given(st.lists(_events, max_size=30))
def test_any_row_in_any_order_comes_back_exactly(tmp_path_factory: pytest.TempPathFactory, events: Rows) -> None:
    path = tmp_path_factory.mktemp("exact") / "t.actrace"
    _write(path, events, cycles=BIG)
    read = reader.open(path)
    assert [tuple(event)[:9] for event in read] == events


def test_waits_come_back_exactly(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    waits = [*rows[1], (BIG, 0, 4, 2, -1, 0, 2**40)]
    assert [tuple(wait)[:7] for wait in make_trace(rows[0], waits).waits] == waits


def test_more_rows_than_a_block_keep_their_order(make_trace: MakeTrace) -> None:
    events, _ = pipeline(30_000)
    read = make_trace(events)
    expected = np.array(events).T
    for name, column in zip(EVENT_FIELDS, expected, strict=True):
        assert np.array_equal(read[name], column), name


def test_same_rows_same_bytes(tmp_path: Path, rows: tuple[Rows, Rows]) -> None:
    assert _write(tmp_path / "a", *rows) == _write(tmp_path / "b", *rows)


def test_an_event_costs_less_than_two_and_a_half_bytes(tmp_path: Path) -> None:
    events, waits = pipeline(20_000)
    assert len(_write(tmp_path / "t", events, waits)) < 2.5 * (len(events) + len(waits))


def test_energy_by_the_count_costs_nothing(tmp_path: Path) -> None:
    events, _ = pipeline(10_000)
    free = [(*event[:8], 0) for event in events]
    prices = 5 * 9
    assert len(_write(tmp_path / "a", events)) <= len(_write(tmp_path / "b", free)) + prices


def test_a_constant_column_costs_under_twenty_bytes(tmp_path: Path) -> None:
    events, _ = pipeline(10_000)
    with_inference = [(*event[:7], 12_345, event[8]) for event in events]
    without = [(*event[:7], 0, event[8]) for event in events]
    assert len(_write(tmp_path / "a", with_inference)) - len(_write(tmp_path / "b", without)) < 20


def test_the_part_file_becomes_the_trace(tmp_path: Path, header: TraceHeader) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)
    assert [path.name for path in tmp_path.iterdir()] == ["t.actrace.part"]
    writer.finish({})
    assert [path.name for path in tmp_path.iterdir()] == ["t.actrace"]


def test_a_run_that_fails_leaves_a_readable_part(tmp_path: Path, header: TraceHeader, rows: tuple[Rows, Rows]) -> None:
    with pytest.raises(ZeroDivisionError), TraceWriter(tmp_path / "t.actrace", header) as writer:
        for event in rows[0]:
            writer.emit(*event)
        raise ZeroDivisionError
    read = reader.open(tmp_path / "t.actrace.part")
    assert (len(read), read.complete) == (100, False)


def test_a_full_block_is_on_disk_before_the_run_ends(tmp_path: Path, header: TraceHeader) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)
    with writer:
        for event in pipeline(20_000)[0]:
            writer.emit(*event)
        assert len(reader.open(writer.part)) == blocks.ROWS


def test_abort_drops_half_a_block_and_keeps_the_rest(tmp_path: Path, header: TraceHeader) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)
    writer.emit(*pipeline(1)[0][0])
    with writer.part.open("ab") as other:  # as a write that was interrupted would
        other.write(b"\x94\x01\xce\0")
    writer.abort()
    assert len(reader.open(writer.part)) == 1


def test_finish_twice_is_refused(tmp_path: Path, header: TraceHeader) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)
    writer.finish({})
    with pytest.raises(UsageError, match=r"t\.actrace: is closed: nothing can be written to it"):
        writer.finish({})


def test_summary_takes_integers_of_any_size_and_numpy_scalars(make_trace: MakeTrace) -> None:
    summary = {"energy_aj": 2**70, "debt": -(2**90), "cycles": np.int64(7), "list": [1.5, None, True, "a"]}
    assert make_trace([], summary=summary).summary == summary


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({2: 5}, "a traced row has unit 5, the header has 5 of them"),
        ({3: -1}, "a traced row has kind -1, the header has 5 of them"),
        ({6: 3}, "a traced row has layer 3, the header has 3 of them"),
        ({5: 5}, "a traced row has pc 5, the header has 5 lines"),
        ({1: -1}, "a traced row lasts -1 cycles"),
    ],
)
def test_a_row_that_points_nowhere_is_an_error(
    tmp_path: Path, header: TraceHeader, change: dict[int, int], message: str
) -> None:
    event = list(pipeline(1)[0][0])
    for at, value in change.items():
        event[at] = value
    writer = TraceWriter(tmp_path / "t.actrace", header)
    writer.emit(*event)
    with pytest.raises(AcortexError, match=f"^{message}$"):
        writer.finish({})


@pytest.mark.parametrize("cycles", [-1, 2**63])
def test_a_summary_that_no_reader_takes_is_not_written(tmp_path: Path, header: TraceHeader, cycles: int) -> None:
    with (
        TraceWriter(tmp_path / "t.actrace", header) as writer,
        pytest.raises(AcortexError, match=rf"a run of {cycles} cycles cannot be recorded\n  hint: 0 to 2\^63 - 1 can"),
    ):
        writer.finish({"cycles": cycles})


def test_an_unwritable_place_is_named(tmp_path: Path, header: TraceHeader) -> None:
    with pytest.raises(UsageError, match=r"nowhere/t\.actrace\.part: cannot be written \(No such file"):
        TraceWriter(tmp_path / "nowhere" / "t.actrace", header)


def test_a_full_disk_is_an_error_that_names_the_file(
    tmp_path: Path, header: TraceHeader, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)

    close = cast(Any, writer._file).close

    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            close()

    monkeypatch.setattr(writer, "_file", Full())
    with pytest.raises(UsageError, match=r"t\.actrace\.part: cannot be written \(No space left on device\)"):
        writer.finish({})


def test_an_unknown_level_is_refused(tmp_path: Path, header: TraceHeader) -> None:
    with pytest.raises(UsageError, match="a trace has no level 'all'\n  hint: levels are events, instructions, layers"):
        TraceWriter(tmp_path / "t", header, "all")


# --- coarser levels and filters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("level", "keys"), [("instructions", (2, 3, 5, 6, 7)), ("layers", (2, 3, 6, 7))])
def test_coarser_levels_have_one_row_a_key_and_the_same_sums(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], level: str, keys: tuple[int, ...]
) -> None:
    events, _ = rows
    read = make_trace(events, level=level)
    expected: dict[tuple[int, ...], Any] = {}
    for event in events:
        key = tuple(event[at] for at in keys)
        expected[key] = np.add(expected.get(key, (0, 0, 0, 0)), (event[1], event[4], event[8], 1))
    found = {tuple(row[at] for at in keys): (row.duration, row.count, row.energy_aj, row.merged) for row in read}
    assert len(read) == len(expected)
    assert found == {key: tuple(sums) for key, sums in expected.items()}


def test_a_merged_row_spans_from_the_first_start_to_the_last_end(make_trace: MakeTrace) -> None:
    events = [(10, 2, 0, 0, 1, 0, 1, 0, 5), (4, 1, 0, 0, 1, 0, 1, 0, 5), (30, 7, 0, 0, 1, 0, 1, 0, 5)]
    (row,) = make_trace(events, level="layers")
    assert (row.start, row.span, row.duration, row.merged, row.pc) == (4, 33, 10, 3, -1)


def test_waits_merge_too(make_trace: MakeTrace) -> None:
    waits = [(1, 2, 0, 1, 3, 1, 0), (9, 4, 0, 1, 2, 1, 0), (9, 4, 0, 2, 2, 1, 0)]
    found = [(wait.cause, wait.duration, wait.span) for wait in make_trace([], waits, level="layers").waits]
    assert sorted(found) == [(1, 6, 12), (2, 4, 4)]


def test_merging_never_overflows(make_trace: MakeTrace) -> None:
    events = [(at, 1, 0, 0, 1, 0, 1, 0, 2**62) for at in range(8)]
    assert sum(row.energy_aj for row in make_trace(events, level="layers")) == 2**65


def test_merging_over_many_blocks_keeps_one_row_a_key(make_trace: MakeTrace) -> None:
    events, _ = pipeline(30_000)
    read = make_trace(events, level="layers")
    assert len(read) == 5 * 4
    assert read["merged"].sum() == len(events)


@pytest.mark.parametrize(
    ("filters", "keep"),
    [
        ({"units": ["vmm"]}, lambda row: row[2] == 2),
        ({"layers": ["fc", "-"]}, lambda row: row[6] in (0, 2)),
        ({"from_cycle": 20}, lambda row: row[0] >= 20),
        ({"to_cycle": 50}, lambda row: row[0] < 50),
        ({"from_cycle": 20, "units": ["neurons"]}, lambda row: row[0] >= 20 and row[2] == 3),
    ],
)
def test_filters_keep_what_they_name(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], filters: dict[str, Any], keep: Any
) -> None:
    read = make_trace(*rows, filters=filters)
    assert [tuple(row)[:9] for row in read] == [row for row in rows[0] if keep(row)]
    assert read.header.filters == filters


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"unit": ["vmm"]}, "a trace has no filter 'unit'\n  hint: filters are units, layers, from_cycle, to_cycle"),
        ({"units": ["vnm"]}, "the filter 'units' names 'vnm'\n  hint: there are main_memory.read, vmm.load, vmm"),
    ],
)
def test_a_wrong_filter_is_refused(tmp_path: Path, header: TraceHeader, filters: Any, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        TraceWriter(tmp_path / "t", replace(header, filters=filters))
    assert str(caught.value).startswith(message)


def test_field_names_are_those_of_emit_and_wait(tmp_path: Path, header: TraceHeader) -> None:
    writer = TraceWriter(tmp_path / "t", header)
    emit, wait = cast(Any, writer.emit), cast(Any, writer.wait)
    emit(**dict.fromkeys(EVENT_FIELDS, 0))
    wait(**dict.fromkeys(WAIT_FIELDS, 0))
    writer.finish({})
    assert len(reader.open(tmp_path / "t").waits) == 1


def test_a_trace_takes_the_place_of_files_alone(tmp_path: Path, header: TraceHeader) -> None:
    with pytest.raises(UsageError) as caught:
        TraceWriter(tmp_path, header)
    assert str(caught.value) == f"{tmp_path}: is no file that a trace could become\n  hint: give a file name"
    assert not tmp_path.with_name(f"{tmp_path.name}.part").exists()


# --- what may go wrong with the file ----------------------------------------------------------------------------------


class Failing:
    """A file on a disk that is full from the n-th write on; that one still takes half of what it is given."""

    def __init__(self, file: Any, good: int) -> None:
        self._file = file
        self._good = good

    def write(self, data: Any) -> int:
        self._good -= 1
        if self._good == -1:
            return cast(int, self._file.write(data[: len(data) // 2]))
        if self._good < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return cast(int, self._file.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("good", range(4))
@pytest.mark.parametrize("level", ["events", "layers"])
def test_from_a_full_disk_on_rows_are_dropped_and_the_part_stays_readable(
    tmp_path: Path, header: TraceHeader, good: int, level: str
) -> None:
    old = _write(tmp_path / "t.actrace", [])
    writer = TraceWriter(tmp_path / "t.actrace", header, level)
    writer._file = cast(Any, Failing(writer._file, good))
    for _ in range(3):
        writer.events(np.array(pipeline(20_000)[0]).T)
    with pytest.raises(UsageError, match=r"t\.actrace\.part: cannot be written \(No space left on device\)"):
        writer.finish({})
    assert writer.failure == "cannot be written (No space left on device)"
    read = reader.open(writer.part)
    assert read.lost == f"the run did not finish: {len(read)} rows are whole, the summary is missing"
    if level == "events":
        assert len(read) == good * blocks.ROWS
    assert (tmp_path / "t.actrace").read_bytes() == old


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_disk_that_is_full_from_the_beginning_fails_at_the_end_alone(tmp_path: Path, header: TraceHeader) -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        writer = TraceWriter(tmp_path / "t.actrace", header)
        cast(Any, writer._file).close()
        writer._file = full
        writer.emit(*pipeline(1)[0][0])
        writer.abort()
    assert writer.failure == "cannot be written (No space left on device)"


def test_rows_are_not_kept_for_a_file_that_cannot_be_written(tmp_path: Path, header: TraceHeader) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)
    writer.failure = "cannot be written"
    writer.events(np.array(pipeline(1000)[0]).T)
    writer.emit(*pipeline(1)[0][0])
    assert writer._events._held + len(writer._events._singles) == 0
    writer.abort()


def test_a_second_writer_of_the_same_trace_is_refused(tmp_path: Path, header: TraceHeader) -> None:
    with TraceWriter(tmp_path / "t.actrace", header) as writer:
        writer.emit(*pipeline(1)[0][0])
        for second in (lambda: TraceWriter(tmp_path / "t.actrace", header), lambda: check_free(tmp_path / "t.actrace")):
            with pytest.raises(UsageError) as caught:
                second()
            told = "another run is writing it\n  hint: let it end, or give --trace another name"
            assert str(caught.value) == f"{tmp_path}/t.actrace.part: {told}"
        writer.finish({})
    assert len(reader.open(tmp_path / "t.actrace")) == 1
    check_free(tmp_path / "t.actrace")


def test_a_part_that_was_left_is_taken_over(tmp_path: Path, header: TraceHeader) -> None:
    (tmp_path / "t.actrace.part").write_bytes(b"left by a run that was killed" * 1000)
    check_free(tmp_path / "t.actrace")
    TraceWriter(tmp_path / "t.actrace", header).finish({})
    assert reader.open(tmp_path / "t.actrace").complete


@pytest.mark.parametrize("mode", [0o600, 0o666])
def test_a_trace_keeps_the_mode_and_the_link_of_what_it_replaces(
    tmp_path: Path, header: TraceHeader, mode: int
) -> None:
    """More than a new file gets, too."""
    real = tmp_path / "below" / "real.actrace"
    real.parent.mkdir()
    real.touch()
    real.chmod(mode)
    (tmp_path / "t.actrace").symlink_to(real)
    writer = TraceWriter(tmp_path / "t.actrace", header)
    assert stat.S_IMODE(writer.part.stat().st_mode) & ~mode == 0
    writer.finish({})
    assert (tmp_path / "t.actrace").is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == mode
    assert reader.open(real).complete
    assert [path.name for path in real.parent.iterdir()] == ["real.actrace"]


@pytest.mark.parametrize(("pcs", "wrong"), [((-1, 0, 4), None), ((5, 0), 5), ((0, -2), -2), ((-3, 1), -3)])
def test_the_address_that_no_line_has_is_named(
    tmp_path: Path, header: TraceHeader, pcs: tuple[int, ...], wrong: int | None
) -> None:
    writer = TraceWriter(tmp_path / "t.actrace", header)
    for pc in pcs:
        writer.emit(0, 1, 0, 0, 1, pc, 0, 0, 0)
    if wrong is None:
        writer.finish({})
    else:
        with pytest.raises(AcortexError, match=f"^a traced row has pc {wrong}, the header has 5 lines$"):
            writer.finish({})
