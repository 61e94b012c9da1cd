"""Damaged files of every kind that a run reads: the answer is a value or errors of ours, soon, never a traceback."""

from __future__ import annotations

import hashlib
import io
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from acortex.errors import AcortexError
from acortex.isa import assemble, disassemble, dumps, loads
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.open.arrays import read_arrays
from judge.generate import generate

SOON_S = 2.0
CHIP = """\
name = "mine"
description = "A chip."
inherits = "acortex_digits"
clock_ns = 1.5
[memory]
banks = 4
read_latency_ns = 2.5e1
[sources]
"memory.banks" = "own choice"
"""


def damaged(data: bytes, chance: random.Random, count: int) -> Iterator[bytes]:
    """Bytes flipped, cut out, doubled, moved, or ended early."""
    for _ in range(count):
        place, other = chance.randrange(len(data)), chance.randrange(len(data))
        yield data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
        yield data[:place]
        yield data[:place] + data[place + chance.randint(1, 9) :]
        yield data[:place] + data[min(place, other) : max(place, other)] + data[place:]


def answers(read: Callable[[], object]) -> bool:
    """Whether something was read; what is refused is refused in our words, and soon."""
    began = time.process_time()
    try:
        read()
        return True
    except AcortexError as error:
        assert str(error).strip()
        return False
    finally:
        assert time.process_time() - began < SOON_S


def test_a_chip_file_with_any_byte_flipped_or_cut(tmp_path: Path) -> None:
    path, whole = tmp_path / "mine.toml", CHIP.encode()
    cases = [whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
             for place in range(len(whole)) for bit in (0, 4, 7)]  # fmt: skip
    read = 0
    for data in [*cases, *(whole[:size] for size in range(len(whole)))]:
        path.write_bytes(data)
        read += answers(lambda: load_chip(path))
    assert 0 < read < len(cases)


@pytest.mark.parametrize("archive", [False, True])
def test_an_array_with_any_bytes_damaged(tmp_path: Path, archive: bool) -> None:
    stream, path = io.BytesIO(), tmp_path / ("x.npz" if archive else "x.npy")
    array = np.arange(24, dtype=np.int16).reshape(2, 12)
    if archive:
        np.savez(stream, x=array)
    else:
        np.save(stream, array)
    read = 0
    cases = list(damaged(stream.getvalue(), random.Random(0), 150))
    for data in cases:
        path.write_bytes(data)
        read += answers(lambda: read_arrays(str(path)))
    assert read < len(cases)


@pytest.mark.parametrize("seed", range(4))
def test_a_program_that_is_damaged_and_sealed_again(seed: int) -> None:
    """Its checksum is right, so that each rule of the container, of the program and of the chip must hold alone."""
    case = generate(seed)
    whole = dumps(case.program)[:-32]
    read = 0
    cases = list(damaged(whole, random.Random(seed), 60))

    def load_and_run(data: bytes) -> None:
        program = loads(data + hashlib.sha256(data).digest())
        run(program, case.chip, max_cycles=2000)

    for data in cases:
        read += answers(lambda data=data: load_and_run(data))  # type: ignore[misc]
    assert read < len(cases)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(3))
def test_an_assembly_text_with_any_bytes_damaged(seed: int) -> None:
    text = disassemble(generate(seed).program).encode()
    cases = list(damaged(text, random.Random(seed), 8))
    read = sum(answers(lambda data=data: assemble(data.decode("latin-1"))) for data in cases)  # type: ignore[misc]
    assert read < len(cases)
