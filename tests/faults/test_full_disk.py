"""A disk that is full from any byte on, and a folder that nobody may write to: one error, and no partial file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from faults.writers import OLD, WRITERS, Writer, faults, make_inputs
from fuzz.verdict import Outcome, command

resource = pytest.importorskip("resource", reason="limits of POSIX systems")

READ_ONLY = Path("/sys/kernel")
"""A folder in which even root creates no file."""


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: the write that would fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def one_error(done: Outcome, name: str) -> None:
    """Holds a command to have failed with one error, which names the file."""
    assert done.code in (1, 2)
    told = [line for line in done.err.splitlines() if not line.startswith("  ")]
    assert sum(name in line for line in told) == 1, done.err


@pytest.mark.sampled(3)
@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.words)
@pytest.mark.parametrize("before", [None, OLD], ids=["new", "old"])
def test_a_disk_that_is_full_from_any_byte_on_leaves_whole_files_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: Path, writer: Writer, before: bytes | None
) -> None:
    if writer.extra and find_spec(writer.extra) is None:
        pytest.skip(f"needs {writer.extra}")
    monkeypatch.chdir(tmp_path)
    assert command(*writer.command(inputs)).code == 0
    whole = {name: Path(name).read_bytes() for name in writer.outputs}
    largest = max(map(len, whole.values()))
    for full in sorted({0, 1, largest // 3, largest - 1, *(len(data) - 1 for data in whole.values())}):
        for path in tmp_path.iterdir():
            path.unlink()
        for name in writer.outputs:
            if before is not None:
                Path(name).write_bytes(before)
        with at_most(full):
            done = command(*writer.command(inputs))
        assert done.code in (1, 2), (full, done)
        assert "too large" in done.err, (full, done.err)
        assert faults(tmp_path, writer.outputs, whole, before) == [], (full, done.err)
        left = {path.name for path in tmp_path.iterdir()} - set(writer.outputs)
        assert left <= {"out.actrace.part"}, full


@pytest.mark.skipif(not READ_ONLY.is_dir(), reason="a folder of Linux")
@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.words)
def test_a_folder_that_nobody_may_write_to_is_one_error_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, inputs: Path, writer: Writer
) -> None:
    if writer.extra and find_spec(writer.extra) is None:
        pytest.skip(f"needs {writer.extra}")
    monkeypatch.chdir(tmp_path)
    words = [str(READ_ONLY / word) if word in writer.outputs else word for word in writer.command(inputs)]
    done = command(*words)
    one_error(done, str(READ_ONLY))
    assert done.code == 2
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("full", [0, 10, 400])
def test_a_sweep_on_a_full_disk_is_one_error_and_goes_on_where_it_was(tmp_path: Path, inputs: Path, full: int) -> None:
    spec, out = tmp_path / "s.toml", tmp_path / "out"
    spec.write_text(f'program = "{inputs / "x.s"}"\n[axes]\n"memory.ports" = [1, 2, 4]\n')
    words = ("sweep", str(spec), "-o", str(out), "--workers", "1")
    with at_most(full):
        done = command(*words)
    assert done.code in (1, 2), done
    assert "too large" in done.err
    assert command(*words).code == 0
