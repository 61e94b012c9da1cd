"""Processes that are killed at any moment, or asked to end: what they wrote is whole or absent.

ACORTEX_KILLS says how often each kind is killed: a few times by default, 300 and more in a long run.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from faults.writers import COMMAND, OLD, WRITERS, Writer, faults, make_inputs

pytestmark = [
    pytest.mark.slow,  # starts processes, and kills them
    pytest.mark.skipif(os.name != "posix", reason="signals of POSIX systems"),
]

KILLS = int(os.environ.get("ACORTEX_KILLS", "6"))
KILLED = (WRITERS[0], WRITERS[2], WRITERS[4], WRITERS[6], WRITERS[8])


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_inputs(tmp_path_factory.mktemp("inputs"))


def ended(command: list[str], folder: Path, number: int, after: float) -> tuple[int, str]:
    """The exit code and the errors of a command that gets a signal after so many seconds."""
    with subprocess.Popen(
        [*COMMAND, *command], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        time.sleep(after)
        process.send_signal(number)
        _, told = process.communicate(timeout=60)
    return process.returncode, told


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("writer", KILLED, ids=lambda one: one.words)
def test_what_a_killed_command_wrote_is_whole_or_absent(
    tmp_path: Path, inputs: Path, writer: Writer, number: signal.Signals
) -> None:
    folder = tmp_path / "whole"
    folder.mkdir()
    begin = time.monotonic()
    subprocess.run([*COMMAND, *writer.command(inputs)], cwd=folder, check=True, capture_output=True)
    lasts = time.monotonic() - begin
    whole = {name: (folder / name).read_bytes() for name in writer.outputs}
    rng = random.Random(writer.words)
    for turn in range(KILLS):
        before = OLD if turn % 2 else None
        folder = tmp_path / str(turn)
        folder.mkdir()
        for name in writer.outputs:
            if before is not None:
                (folder / name).write_bytes(before)
        # Files are written towards the end, so most kills come there.
        code, told = ended(writer.command(inputs), folder, number, lasts * rng.uniform(0.4, 1.1))
        assert code in ((0, -9) if number == signal.SIGKILL else (0, 143, -15)), told
        assert "Traceback" not in told
        assert faults(folder, writer.outputs, whole, before) == [], (turn, code, told)


def test_a_sweep_that_is_killed_again_and_again_ends_with_equal_rows(tmp_path: Path, inputs: Path) -> None:
    spec = tmp_path / "s.toml"
    spec.write_text(
        f'program = "{inputs / "x.s"}"\n[axes]\n"memory.access_cycles" = {{ from = 1, to = 40, steps = 40 }}\n'
    )
    whole, killed = ([*COMMAND, "sweep", str(spec), "-o", str(tmp_path / name)] for name in ("whole", "killed"))
    one = ["--workers", "1", "--format", "json"]
    begin = time.monotonic()
    rows = subprocess.run([*whole, *one], check=True, capture_output=True).stdout
    lasts = time.monotonic() - begin
    rng = random.Random(0)
    for _ in range(KILLS):
        _, told = ended([*killed[len(COMMAND) :], *one], tmp_path, signal.SIGKILL, lasts * rng.uniform(0.2, 0.8))
        assert "Traceback" not in told
    assert _numbers(subprocess.run([*killed, *one], check=True, capture_output=True).stdout) == _numbers(rows)


def _numbers(report: bytes) -> list[object]:
    """What the rows of a sweep say, without the time that they took."""
    import json

    return [{key: value for key, value in row.items() if key != "cpu_s"} for row in json.loads(report)["rows"]]
