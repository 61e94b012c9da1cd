"""The critical path where the vector agent works on the way: convolutions with a residual addition or a pool."""

from __future__ import annotations

import importlib.util
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from acortex.sim.run import run
from acortex.sim.specs import load_chip
from acortex.traces.headroom import critical
from acortex.traces.reader import open as open_trace


def _convolutions() -> ModuleType:
    """The programs of the tests of convolutions."""
    path = Path(__file__).with_name("test_convolution.py")
    spec = importlib.util.spec_from_file_location("convolutions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CONVOLUTIONS = _convolutions()
CHIPS = {
    "as published": (),
    "slow vector": ("vector.step_cycles=40", "vector.queue_words=1"),
    "slow bus": ("buses.word_cycles=50",),
    "slow memory": ("memory.access_cycles=12", "memory.bank_cycles=12"),
}
HALVES = {
    "slow vector": ("vector", "vector.step_cycles=20"),
    "slow bus": ("buses", "buses.word_cycles=25"),
    "slow memory": ("main_memory", "memory.access_cycles=6"),
}


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("body", ["PLAIN", "RESIDUAL", "POOLED"])
def test_the_path_is_whole_and_bounds_a_faster_unit(tmp_path: Path, body: str, chip: str) -> None:
    np.savez(tmp_path / "conv.npz", w=np.ones((576, 64), dtype=np.int8))
    words = 16 if body == "POOLED" else 64
    program = CONVOLUTIONS.program(tmp_path, getattr(CONVOLUTIONS, body), words=words)
    inputs = CONVOLUTIONS.images(2)
    settings = list(CHIPS[chip])
    trace = tmp_path / "run.actrace"
    run(program, load_chip(program.chip, settings), inputs=inputs, values=False, trace=trace)
    found = critical(open_trace(trace))
    segments = found["segments"]
    assert (segments[0]["start"], segments[-1]["end"]) == (0, found["cycles"])
    assert all(one["end"] == two["start"] for one, two in pairwise(segments))
    left = {row["name"] for row in found["by_cause"] if row["what"] in ("waiting", "idle")}
    assert left <= {"port", "bank", "bus"}
    if chip in HALVES:
        part, faster = HALVES[chip]
        cycles = run(program, load_chip(program.chip, [*settings, faster]), inputs=inputs, values=False).cycles
        bound = {row["name"]: row["gain_at_most"] for row in found["halving"]}
        assert found["cycles"] - cycles <= bound.get(part, 0)
