"""This project's own timing, pinned to the cycle and the attojoule. `pytest --timing-update` rewrites the goldens."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.tools.goldens.pytest_plugin import TimingFixture

IMAGES = np.zeros((4, 784), dtype=np.uint8)
"""Four digits: what is on them never moves a cycle."""


def test_the_digits_network(timing: TimingFixture) -> None:
    timing.check("digits_mlp", program="zoo:digits_mlp", input=IMAGES)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("slow_neurons", ["neurons.cycles_per_step=2"]),
        ("slow_memory", ["memory.access_cycles=4"]),
        ("slow_host", ["host.word_cycles=5"]),
    ],
)
def test_the_digits_network_on_other_chips(timing: TimingFixture, name: str, settings: list[str]) -> None:
    timing.check(f"digits_mlp_{name}", program="zoo:digits_mlp", input=IMAGES, set=settings)


@pytest.mark.parametrize(
    "name",
    [
        "concat",
        "conv3x3",
        "in_flight",
        "lstm_step",
        "pipeline",
        "pipelined_pair",
        "pooling",
        "residual",
        "tall_vmm",
        "vector_add",
        "vmm",
    ],
)
def test_the_programs_to_learn_from(timing: TimingFixture, name: str) -> None:
    timing.check(name, program=f"programs/{name}.s")


def test_a_word_there_and_back(timing: TimingFixture) -> None:
    timing.check("echo", program="tools/echo.s")
