"""Readers that go away, and memory that ends: a command that prints is quiet, one that works fails in words."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from faults.writers import COMMAND, make_inputs

resource = pytest.importorskip("resource", reason="limits of POSIX systems")
pytestmark = pytest.mark.skipif(os.name != "posix", reason="pipes and limits of POSIX systems")

PRINTING = (
    "--help", "run --help", "zoo", "isa", "explain", "schema", "schema acortex.run/1", "disasm IN/x.acx",
    "info IN/x.acx", "lint IN/x.s", "fmt IN/x.s", "run IN/x.s", "run IN/x.s --format json", "chip list",
    "chip show acortex_digits", "trace info IN/x.actrace", "trace show IN/x.actrace", "trace stats IN/x.actrace",
    "trace stats IN/x.actrace --format json", "trace critical IN/x.actrace", "trace top IN/x.actrace",
    "trace export IN/x.actrace --to csv -o -", "trace report IN/x.actrace -o -", "view IN/x.actrace",
    "trace diff IN/x.actrace IN/x.actrace", "trace query IN/x.actrace 'select * from events'",
)  # fmt: skip
MEMORY_MB = (60, 120, 180, 240, 300, 400)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


@pytest.mark.sampled(4)
@pytest.mark.parametrize("words", PRINTING)
def test_a_reader_that_is_gone_ends_a_command_without_a_word(inputs: Path, words: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    line = [word.replace("IN", str(inputs)) for word in words.replace("'", "").split(maxsplit=3)]
    if not words.startswith("trace query"):
        line = words.replace("IN", str(inputs)).split()
    done = subprocess.run([*COMMAND, *line], stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) in ((0, ""), (1, ""))


@pytest.mark.sampled(3)
@pytest.mark.parametrize("megabytes", MEMORY_MB)
@pytest.mark.parametrize(
    "words", ["asm IN/x.s -o out.acx", "run IN/x.s --trace out.actrace", "compile IN/x.onnx -o out.acx"]
)
def test_memory_that_ends_is_one_error_and_no_file(tmp_path: Path, inputs: Path, words: str, megabytes: int) -> None:
    most = megabytes << 20
    done = subprocess.run(
        [*COMMAND, *words.replace("IN", str(inputs)).split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)),
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.returncode in (0, 1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert bool(done.returncode) == bool(done.stderr)
    if done.returncode:
        assert not list(tmp_path.glob("out.a??"))
