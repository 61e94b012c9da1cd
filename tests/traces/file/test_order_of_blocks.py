"""How the blocks of a file may follow each other, how it may begin and end, and what a file of its size may claim."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acortex.errors import UsageError
from acortex.traces.file import blocks, reader
from acortex.traces.file.blocks import MAGIC, BlockType
from acortex.traces.file.digest import SHORTEST, WIDEST
from acortex.traces.file.schema import EVENT_FIELDS, header_to_plain
from acortex.traces.file.validation import TraceError

from ..conftest import HEADER, MakeTrace, Rows

HEAD = blocks.frame(BlockType.HEADER, 0, blocks.pack_compressed(header_to_plain(HEADER)))
COLUMNS = [(name, None, 0, 0, b"") for name in EVENT_FIELDS]


def events(rows: int) -> bytes:
    """A block of so many events, all of them in cycle 0."""
    return blocks.frame(BlockType.EVENTS, rows, blocks.pack({"columns": COLUMNS, "prices_aj": [0] * len(HEADER.kinds)}))


def plain(type_: int, content: Any, rows: int = 0) -> bytes:
    """A block that is no rows."""
    return blocks.frame(type_, rows, blocks.pack_compressed(content))


SUMMARY = plain(BlockType.SUMMARY, {"cycles": 9})


def index(*entries: list[int], **more: Any) -> bytes:
    return plain(BlockType.INDEX, {"blocks": list(entries), **more})


def write(path: Path, *parts: bytes, finished: bool = True, behind: bytes = b"") -> Path:
    """A file of a header and parts; a finished one has the trailer that points to the last of them."""
    whole = MAGIC + HEAD + b"".join(parts)
    end = blocks.trailer(len(whole) - len(parts[-1])) if finished else b""
    path.write_bytes(whole + behind + end)
    return path


def refusal(path: Path) -> TraceError:
    with pytest.raises(TraceError) as caught:
        reader.open(path)
    return caught.value


FIRST = len(MAGIC) + len(HEAD)
"""Where the block behind the header begins."""


# How a file begins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [b"", b"\0", b"\x94" * 4, b"\0" * 5, b"\0" * 21, HEAD[:-1]])
def test_a_file_that_ends_within_its_header_says_so(tmp_path: Path, more: bytes) -> None:
    path = tmp_path / "t"
    path.write_bytes(MAGIC + more)
    error = refusal(path)
    assert (error.message, error.where) == (f"the trace ends within its header ({16 + len(more)} bytes)", str(path))


def test_a_file_that_begins_with_rows_has_no_header(tmp_path: Path) -> None:
    path = tmp_path / "t"
    path.write_bytes(MAGIC + events(1))
    assert refusal(path).message.startswith("the trace ends within its header")


@pytest.mark.parametrize("finished", [True, False])
def test_a_second_header_is_refused_wherever_it_stands(tmp_path: Path, finished: bool) -> None:
    for parts in ((HEAD, SUMMARY, index()), (events(1), HEAD, SUMMARY, index())):
        error = refusal(write(tmp_path / "t", *parts, finished=finished))
        at = FIRST + (len(events(1)) if len(parts) > 3 else 0)
        assert error.message == "the trace is malformed: there is a second header"
        assert error.where == f"{tmp_path / 't'}: block {len(parts) - 2}, byte {at}"


def test_the_path_of_a_trace_is_no_number() -> None:
    with pytest.raises(UsageError, match=r"^a trace is the path of a file, and int was given$"):
        reader.open(5)  # type: ignore[arg-type]


# Rows of blocks ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "rows"),
    [(plain(BlockType.SUMMARY, {}, 3), 3), (plain(BlockType.INDEX, {}, 1), 1), (events(0), 0)],
    ids=["summary", "index", "events"],
)
def test_only_blocks_of_rows_have_rows_and_all_of_them_do(tmp_path: Path, part: bytes, rows: int) -> None:
    error = refusal(write(tmp_path / "t", part, finished=False))
    assert error.message == f"the trace is malformed: a block of this type has {rows} rows"
    assert error.where == f"{tmp_path / 't'}: block 1, byte {FIRST}"


def test_a_block_of_a_type_without_a_name_may_have_rows(tmp_path: Path) -> None:
    opened = reader.open(write(tmp_path / "t", blocks.frame(77, 5, b"x"), blocks.frame(78, 0, b""), finished=False))
    assert (len(opened), opened.lost) == (0, "the run did not finish: 0 rows are whole, the summary is missing")


def test_a_short_file_may_have_a_million_rows_and_no_more(tmp_path: Path) -> None:
    assert len(reader.open(write(tmp_path / "t", *[events(65_536)] * 16, finished=False))) == 1 << 20
    path = write(tmp_path / "t", *[events(65_536)] * 16, events(1), finished=False)
    error, size = refusal(path), path.stat().st_size
    told = f"claims 1048577 rows in {size} bytes, and may have 1048576: to go through them would take for ever"
    assert (error.message, error.where, error.hint) == (told, str(path), "it was not written by this program")


def test_a_longer_file_may_have_sixty_four_rows_for_each_byte(tmp_path: Path) -> None:
    """Of 20,000 bytes 1,280,000 rows: 19 blocks of 65,536 and one of the rest."""
    whole, last = [events(65_536)] * 19, 1_280_000 - 19 * 65_536
    for rows, taken in ((last, True), (last + 1, False)):
        size = FIRST + sum(map(len, (*whole, events(rows))))
        filler = blocks.frame(77, 0, bytes(20_000 - size - blocks.FRAME_BYTES))
        path = write(tmp_path / "t", *whole, events(rows), filler, finished=False)
        assert path.stat().st_size == 20_000
        if taken:
            assert len(reader.open(path)) == 1_280_000
        else:
            assert refusal(path).message.startswith("claims 1280001 rows in 20000 bytes, and may have 1280000:")


# How a file ends --------------------------------------------------------------------------------------------------


def test_a_finished_file_is_read_to_its_end(tmp_path: Path) -> None:
    opened = reader.open(write(tmp_path / "t", events(2), SUMMARY, index([FIRST, 1, 2, 0, 0])))
    assert (opened.complete, opened.lost, len(opened), opened.cycles) == (True, "", 2, 9)


@pytest.mark.parametrize(
    "parts", [(events(2), SUMMARY), (events(2), index()), (events(2),), (index(), SUMMARY)], ids=len
)
def test_without_a_summary_and_an_index_behind_it_no_file_is_finished(tmp_path: Path, parts: tuple[bytes, ...]) -> None:
    path = write(tmp_path / "t", *parts)
    error, end = refusal(path), path.stat().st_size - blocks.TRAILER_BYTES
    assert error.message == f"the trace is damaged at byte {end}: the summary or the index is missing"


@pytest.mark.parametrize(
    ("parts", "last"), [((SUMMARY, SUMMARY, index()), 1), ((index(), SUMMARY, index()), 2)], ids=["summary", "index"]
)
def test_a_second_summary_or_index_is_refused(tmp_path: Path, parts: tuple[bytes, ...], last: int) -> None:
    error = refusal(write(tmp_path / "t", *parts))
    at = FIRST + sum(map(len, parts[:last]))
    assert error.message == "the trace is malformed: there is a second summary or index"
    assert error.where == f"{tmp_path / 't'}: block {last + 1}, byte {at}"


@pytest.mark.parametrize("stray", [b"x", b"x" * 16])
def test_bytes_between_the_index_and_the_trailer_are_damage(tmp_path: Path, stray: bytes) -> None:
    path = write(tmp_path / "t", SUMMARY, index(), behind=stray)
    end = FIRST + len(SUMMARY) + len(index())
    assert refusal(path).message == f"the trace is damaged at byte {end}: {len(stray)} bytes are no block"


@pytest.mark.parametrize("place", range(5))
def test_each_number_of_an_entry_of_the_index_is_whole(tmp_path: Path, place: int) -> None:
    entry: list[Any] = [FIRST, 1, 2, 0, 0]
    entry[place] = float(entry[place])
    error = refusal(write(tmp_path / "t", events(2), SUMMARY, index(entry)))
    assert error.message == "the trace is malformed: the index is no list of blocks, each with five numbers"
    assert error.where == f"{tmp_path / 't'}: block 3, byte {FIRST + len(events(2)) + len(SUMMARY)}"


@pytest.mark.parametrize("interval", [SHORTEST, WIDEST])
def test_an_interval_at_its_bounds_is_taken(tmp_path: Path, interval: int) -> None:
    """The file has no rows, so a digest without blocks stands for all of them."""
    opened = reader.open(write(tmp_path / "t", SUMMARY, index(interval=interval)))
    assert opened.digest is not None and opened.digest.interval == interval


# What a trace says of itself --------------------------------------------------------------------------------------


def test_a_trace_is_shown_with_its_path_its_rows_and_what_part_it_is(
    make_trace: MakeTrace, rows: tuple[Rows, Rows]
) -> None:
    whole = make_trace(*rows, summary={"cycles": 200})
    told = f"Trace({str(whole.path)!r}, program='toy.s', chip='acortex_toy', events=100"
    assert repr(whole) == f"{told})"
    assert repr(whole.select(unit="vmm")) == f"{told.replace('events', 'of_events')}, part='only units vmm')"


def test_a_block_that_is_gone_when_it_is_needed_is_one_error(make_trace: MakeTrace, rows: tuple[Rows, Rows]) -> None:
    opened = make_trace(*rows)
    opened.path.unlink()
    with pytest.raises(UsageError) as caught:
        opened["start"]
    assert str(caught.value) == f"{opened.path}: cannot be read (No such file or directory)"
