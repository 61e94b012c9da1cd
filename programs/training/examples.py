"""Makes examples.npz: the weights and inputs of the programs to learn from, random, from one seed.

    python -m acortex.programs.training.examples

Weights are whole numbers from -7 to 7, inputs codes from 0 to 15. A key is the program's name, then the array's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.programs.shipped import FOLDER

FILE = FOLDER / "examples.npz"

SEED = 2018

INPUTS = {
    "vector_add_a": (3, 256),
    "vector_add_b": (3, 256),
    "vmm_x": (3, 64),
    "tall_vmm_x": (3, 600),
    "conv3x3_x": (2, 16, 9, 9),
    "concat_x": (2, 32, 4, 4),
    "pooling_x": (2, 64, 8, 8),
    "residual_x": (2, 32, 6, 6),
    "lstm_step_x": (2, 16, 1, 6),
    "pipeline_x": (2, 32, 8, 8),
    "in_flight_x": (16, 64),
}
"""The inputs: inferences, then the shape of one."""

WEIGHTS = {
    "vmm_w": (64, 64),
    "tall_vmm_w": (600, 32),
    "conv3x3_w": (9 * 16, 32),
    "concat_a": (32, 40),
    "concat_b": (32, 24),
    "residual_w": (9 * 32, 32),
    "pipeline_a": (32, 64),
    "pipeline_b": (64, 32),
}
"""The matrices: inputs by outputs. Taps of a kernel stand in reading order, the channels of each together."""

LSTM = "lstm_step_w"
"""The LSTM's matrix of four gates: 16 inputs, then 64 cells, then a row of biases."""


def arrays() -> dict[str, NDArray[Any]]:
    """Every array by its key: inputs uint8, weights int8."""
    random = np.random.default_rng(SEED)
    made: dict[str, NDArray[Any]] = {}
    for key, shape in INPUTS.items():
        made[key] = random.integers(0, 16, shape).astype(np.uint8)
    for key, shape in WEIGHTS.items():
        made[key] = random.integers(-7, 8, shape).astype(np.int8)
    made[LSTM] = _gates(random, 4 * 64)
    return made


def _gates(random: np.random.Generator, columns: int) -> NDArray[np.int8]:
    """Rows for a word of inputs, of which 16 count, a word of cells, and the biases: int8 of shape (129, columns).

    A cell whose output is 0 has the code 8. The weights of cells add up to 0 in each column, so that it adds nothing.
    """
    inputs = np.zeros((64, columns), dtype=np.int64)
    inputs[:16] = random.integers(-7, 8, (16, columns))
    half = random.integers(-7, 8, (32, columns))
    cells = random.permuted(np.concatenate((half, -half)), axis=0)
    return np.concatenate((inputs, cells, random.integers(-7, 8, (1, columns)))).astype(np.int8)


if __name__ == "__main__":
    contents: Any = arrays()
    np.savez_compressed(FILE, **contents)
