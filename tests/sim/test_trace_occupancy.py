"""What lies between units, told from a trace alone: never less than nothing, never more than fits, nothing left."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acortex.programs import zoo
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.traces.export.occupancy import occupancies
from acortex.traces.file.reader import open as open_trace

LIMITS = {"words in the buffer": "buffer.words", "vectors in the buffer": "buffer.windows"}


@pytest.mark.parametrize(
    "settings",
    [[], ["buffer.words=14"], ["arrays.overlap_loads=true", "buffer.windows=2", "buffer.words=40"]],
    ids=" ".join,
)
def test_no_place_holds_more_than_the_chip_has(tmp_path: Path, settings: list[str]) -> None:
    program = zoo.load("digits_mlp")
    chip = load_chip(program.chip, settings)
    images = np.zeros((8, 784), dtype=np.uint8)
    run(program, chip, inputs=images, values=False, trace=tmp_path / "run.actrace")
    found = {place.name: content for place, _, content in occupancies(open_trace(tmp_path / "run.actrace"))}
    assert set(found) == {*LIMITS, "loaded latches"}
    for name, content in found.items():
        assert content.min() == 0 and content[-1] == 0 < content.max(), name
    for name, path in LIMITS.items():
        table, setting = path.split(".")
        assert found[name].max() <= getattr(getattr(chip, table), setting), name
    assert found["loaded latches"].max() <= (2 if chip.arrays.overlap_loads else 1)
