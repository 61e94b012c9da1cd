"""Small files that claim many rows: refused at once, or read in little memory."""

from __future__ import annotations

import time
import tracemalloc
from pathlib import Path

import pytest

from acortex.errors import UsageError
from acortex.traces.file import blocks, reader
from acortex.traces.file.schema import EVENT_FIELDS, TraceHeader, header_to_plain


def claiming(path: Path, header: TraceHeader, times: int, padding: int = 0) -> Path:
    """A finished file of constant columns: `times` blocks of 65,536 events of a few bytes each."""
    columns = [(name, None, int(name in ("duration", "count")), 0, b"") for name in EVENT_FIELDS]
    body = blocks.pack({"columns": columns, "prices_aj": [1] * len(header.kinds), "padding": bytes(padding)})
    head = blocks.MAGIC + blocks.frame(0, 0, blocks.pack_compressed(header_to_plain(header)))
    block = blocks.frame(1, blocks.ROWS, body)
    summary = blocks.frame(3, 0, blocks.pack_compressed({"cycles": 1}))
    entries = [[len(head) + at * len(block), 1, blocks.ROWS, 0, 1] for at in range(times)]
    index = blocks.frame(4, 0, blocks.pack_compressed({"blocks": entries}))
    whole = head + block * times + summary
    path.write_bytes(whole + index + blocks.trailer(len(whole)))
    return path


@pytest.mark.parametrize(("times", "padding"), [(17, 0), (65, 300), (20_000, 0), (3_000, 300)])
def test_a_small_file_that_claims_many_rows_is_refused_at_once(
    tmp_path: Path, header: TraceHeader, times: int, padding: int
) -> None:
    path = claiming(tmp_path / "many.actrace", header, times, padding)
    started = time.process_time()
    with pytest.raises(UsageError, match=rf"many\.actrace: claims {times * 65536} rows in {path.stat().st_size} bytes"):
        reader.open(path)
    assert time.process_time() - started < 2


def test_what_a_small_file_may_claim_is_read_in_little_memory(tmp_path: Path, header: TraceHeader) -> None:
    trace = reader.open(claiming(tmp_path / "many.actrace", header, 16))
    tracemalloc.start()
    assert sum(len(chunk["start"]) for chunk in trace.events.chunks("start")) == len(trace) == reader.FEW_ROWS
    assert tracemalloc.get_traced_memory()[1] < 16 << 20
    tracemalloc.stop()
