"""A network of three layers and other sizes than the digits': the same chip, no change to it, equal to NumPy."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from acortex.isa.asm.assembler import assemble
from acortex.sim.run import run

SIZES = (100, 70, 130, 5)
"""Inputs, two hidden layers and outputs: none fills its arrays."""

FILL = 9
"""The code of the bias row of each layer."""


def _words(size: int) -> int:
    return -(-size // 64)


def _source() -> str:
    """The program: each layer's group in columns of its own, its activations behind those before it in memory."""
    lines = [f".program three\n.chip acortex_gnmt\n.input x, shape={SIZES[0]}\n.output y, shape={SIZES[3]}"]
    column = 0
    for layer, (rows, columns) in enumerate(itertools.pairwise(SIZES)):
        lines.append(f'.weights w{layer}, {rows + 1}x{columns}, file="three.npz", key=w{layer}, macs={rows * columns}')
        lines.append(f" group g{layer}, {rows + 1}, {columns}")
        lines.append(f" rect g{layer}, {column}, 0, {_words(rows + 1)}, {_words(columns)}\n program g{layer}, w{layer}")
        column += _words(columns)
    lines.append(" quant q0, 1, 5, activation=relu\n quant q1, 1, 6, zero=6\n start")
    lines.extend(f" connect g{layer}" for layer in range(3))
    lines.append(" signal host_out, t9\n loop l0, host\nturn:\n inference l0\n await host_in, t9")
    at = 0
    for stream, size in enumerate(SIZES):
        lines.append(f" base d{stream}, {at}\n dim d{stream}, 0, {_words(size)}")
        at += _words(size)
    lines.append(" input x, d0\n signal host_in, t0")
    for layer, rows in enumerate(SIZES[:3]):
        lines.append(f" layer layer{layer}\n await read, t{layer}\n read d{layer}")
        lines.append(f" feed 1, {_words(rows)}, tail={rows % 64 or 64}, fill={FILL}\n multiply g{layer}, 1")
        lines.append(f" convert q{0 if layer < 2 else 1}, 1\n write d{layer + 1}\n signal write, t{layer + 1}")
    lines.append(
        " endlayer\n await host_out, t3\n output y, d3\n signal host_out, t9\n endinference\n next l0, turn\n halt"
    )
    return "\n".join(lines)


def _codes(sums: np.ndarray, shift: int, zero: int, floor: int) -> np.ndarray:
    return np.clip(np.maximum(np.rint(sums / 2**shift), floor) + zero, 0, 15).astype(np.int64)


def test_three_layers_equal_numpy_and_cost_what_their_arrays_cost(tmp_path: Path) -> None:
    random = np.random.default_rng(11)
    weights = [random.integers(-8, 8, (rows + 1, columns)) for rows, columns in itertools.pairwise(SIZES)]
    np.savez(tmp_path / "three.npz", **{f"w{layer}": matrix.astype(np.int8) for layer, matrix in enumerate(weights)})
    images = random.integers(0, 16, (4, SIZES[0]))
    result = run(assemble(_source(), file="three.s", folder=tmp_path), inputs=images)
    codes = images
    for layer, matrix in enumerate(weights):
        sums = np.concatenate((codes, np.full((4, 1), FILL)), axis=1) @ matrix
        codes = _codes(sums, 5, 0, 0) if layer < 2 else _codes(sums, 6, 6, -(10**6))
    assert result.outputs["y"].tolist() == codes.tolist()
    # 2 x 2, 2 x 3 and 3 x 1 arrays; 70, 130 and 5 outputs; four inferences.
    assert result.report["counts"]["array_operations"] == 4 * (4 + 6 + 3)
    assert result.report["counts"]["conversions"] == 4 * (70 + 130 + 5)
    assert result.report["macs"] == 4 * (100 * 70 + 70 * 130 + 130 * 5)
    assert [layer["name"] for layer in result.report["layers"]] == ["layer0", "layer1", "layer2", "-"]


@pytest.mark.parametrize("timing", [True, False])
def test_the_outputs_do_not_depend_on_whether_time_is_simulated(tmp_path: Path, timing: bool) -> None:
    random = np.random.default_rng(12)
    matrices = {f"w{n}": random.integers(-8, 8, (SIZES[n] + 1, SIZES[n + 1])).astype(np.int8) for n in range(3)}
    np.savez(tmp_path / "three.npz", **matrices)
    program = assemble(_source(), file="three.s", folder=tmp_path)
    images = random.integers(0, 16, (2, SIZES[0]))
    expected = run(program, inputs=images).outputs["y"]
    assert run(program, inputs=images, timing=timing).outputs["y"].tolist() == expected.tolist()


@pytest.mark.parametrize("cycles", [1, 5, 60])
def test_a_limit_of_cycles_counts_from_the_end_of_set_up(tmp_path: Path, cycles: int) -> None:
    matrices = {f"w{n}": np.ones((SIZES[n] + 1, SIZES[n + 1]), dtype=np.int8) for n in range(3)}
    np.savez(tmp_path / "three.npz", **matrices)
    program = assemble(_source(), file="three.s", folder=tmp_path)
    result = run(program, inputs=np.zeros((1, SIZES[0]), dtype=np.uint8), max_cycles=cycles)
    assert "as --max-cycles asked" in result.report["stopped"]
    # What begins before the limit may end after it, one event later at the most.
    assert cycles <= result.cycles < cycles + 20
