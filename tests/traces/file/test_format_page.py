"""The format page is right: its own reader reads real files, and its table of types is the code's."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from acortex.traces.endings import BY, HandOver
from acortex.traces.file import blocks
from acortex.traces.file.schema import EVENT_FIELDS, MERGED_FIELDS, WAIT_FIELDS

from ..conftest import MakeTrace, Rows, pipeline

PAGE = Path(__file__).parents[3] / "docs" / "trace-format.md"


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def code(page: str) -> str:
    return str(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0])


@pytest.fixture
def namespace(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, str(PAGE), "exec"), names)
    return names


def test_the_readers_functions_are_thirty_lines(code: str) -> None:
    functions = code[code.index("def values") : code.index("if __name__")]
    assert len([line for line in functions.splitlines() if line.strip()]) <= 30


@pytest.mark.parametrize("level", ["events", "layers"])
def test_the_pages_reader_reads_what_ours_reads(
    make_trace: MakeTrace, rows: tuple[Rows, Rows], namespace: dict[str, Any], level: str
) -> None:
    trace = make_trace(*rows, level=level)
    header, events, waits = namespace["read"](trace.path)
    assert header["units"] == list(trace.header.units)
    for found, table in ((events, trace.events), (waits, trace.waits)):
        expected = table.columns()
        assert [tuple(row[name] for name in expected) for row in found] == list(
            zip(*(column.tolist() for column in expected.values()), strict=True)
        )


def test_the_pages_reader_reads_an_unfinished_file(
    make_trace: MakeTrace, namespace: dict[str, Any], tmp_path: Path
) -> None:
    trace = make_trace(pipeline(26_200)[0])
    cut = tmp_path / "cut"
    cut.write_bytes(trace.path.read_bytes()[: trace.bytes * 3 // 4])
    _, events, _ = namespace["read"](cut)
    assert len(events) == blocks.ROWS


def test_the_page_is_a_program(make_trace: MakeTrace, rows: tuple[Rows, Rows], code: str, tmp_path: Path) -> None:
    script = tmp_path / "read.py"
    script.write_text(code, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(make_trace(*rows).path)], capture_output=True, text=True, check=True
    )
    energy_aj = sum(row[8] for row in rows[0])
    assert done.stdout == f"toy.s 100 events {len(rows[1])} waits {energy_aj} aJ\n"


def test_the_page_lists_every_type_of_block(page: str) -> None:
    types = ", ".join(f"{one.value} {one.name.lower().replace('_', ' ')}" for one in blocks.BlockType)
    assert f"type: {types}" in page


def test_the_page_lists_every_column(page: str) -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert listed == {*EVENT_FIELDS, *WAIT_FIELDS, *MERGED_FIELDS}


def test_the_page_lists_every_key_of_a_hand_over_and_each_way_in_which_a_wait_ends(page: str) -> None:
    listed = set(re.findall(r"^- `(\w+)`:", page, re.MULTILINE))
    assert listed == {one.name for one in fields(HandOver)} - {"about"} | set(BY)


def test_the_sizes_on_the_page_are_the_codes(page: str) -> None:
    assert f"{len(blocks.MAGIC)} bytes: the magic number" in page
    assert f"trailer                    {blocks.TRAILER_BYTES} bytes" in page
    assert f"| {blocks.FRAME_BYTES} | | the body |" in page
    assert f"rows: 0 to {blocks.ROWS:,} |" in page
