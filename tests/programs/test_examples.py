"""The programs to learn from: each computes what it says, against plain NumPy, and shows what it is there to show."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import tanh
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa import assemble_file
from acortex.programs.training import examples
from acortex.sim.chip.prices import INDEX
from acortex.sim.run import Result, run

Ints = NDArray[np.int64]

FOLDER = examples.FILE.parent


@cache
def data() -> dict[str, Ints]:
    """The committed data, in 64 bits."""
    with np.load(examples.FILE) as file:
        return {key: file[key].astype(np.int64) for key in file.files}


@cache
def ran(name: str) -> Result:
    """A program's run on its own data."""
    return run(assemble_file(FOLDER / f"{name}.s"))


def code(sums: Any, zero: int = 0, low: int = 0) -> Ints:
    """Sums as codes, ties to even."""
    clipped: Ints = np.clip(np.rint(sums) + zero, low, 15).astype(np.int64)
    return clipped


def windows(images: Ints, stride: int, padding: int = 1) -> Ints:
    """3x3 windows of images (n, channels, y, x): shape (n, rows, columns, 9, channels)."""
    padded = np.pad(images, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
    n, channels, rows, columns, _, _ = views.shape
    return views.transpose(0, 2, 3, 4, 5, 1).reshape(n, rows, columns, 9, channels)


def convolved(images: Ints, weights: Ints, stride: int) -> Ints:
    """Sums of a 3x3 convolution with padding 1: shape (n, channels, rows, columns)."""
    taps = windows(images, stride)
    sums: Ints = taps.reshape(*taps.shape[:3], -1) @ weights
    return sums.transpose(0, 3, 1, 2)


def pointwise(images: Ints, weights: Ints) -> Ints:
    """Sums of a 1x1 convolution."""
    sums: Ints = np.einsum("ncyx,co->noyx", images, weights)
    return sums


# What each computes --------------------------------------------------------------------------------------------------


def vector_add() -> dict[str, Ints]:
    return {"y": np.minimum(data()["vector_add_a"] + data()["vector_add_b"], 15)}


def vmm() -> dict[str, Ints]:
    return {"y": code(data()["vmm_x"] @ data()["vmm_w"] / 64, 8)}


def in_flight() -> dict[str, Ints]:
    return {"y": code(data()["in_flight_x"] @ data()["vmm_w"] / 64, 8)}


def pipelined_pair() -> dict[str, Ints]:
    between = code(data()["in_flight_x"] @ data()["vmm_w"] / 64, 8)
    return {"y": code(between @ data()["pipeline_b"] / 128, 8)}


def tall_vmm() -> dict[str, Ints]:
    return {"y": code(data()["tall_vmm_x"] @ data()["tall_vmm_w"] / 256, 8)}


def conv3x3() -> dict[str, Ints]:
    return {"y": code(convolved(data()["conv3x3_x"], data()["conv3x3_w"], 2) / 32)}


def concat() -> dict[str, Ints]:
    branches = [code(pointwise(data()["concat_x"], data()[key]) / 32) for key in ("concat_a", "concat_b")]
    return {"y": np.concatenate(branches, axis=1)}


def pooling() -> dict[str, Ints]:
    most = windows(data()["pooling_x"], 2).max(axis=3).transpose(0, 3, 1, 2)
    return {"most": most, "mean": code(most.mean(axis=(2, 3)))}


def residual() -> dict[str, Ints]:
    x = data()["residual_x"]
    c = code(convolved(x, data()["residual_w"], 1) / 64, 8) - 8
    return {"y": code((3 * c + 2 * x) / 4)}


def pipeline() -> dict[str, Ints]:
    between = code(pointwise(data()["pipeline_x"], data()["pipeline_a"]) / 32)
    return {"y": code(pointwise(between, data()["pipeline_b"]) / 64, 8)}


def lstm_step() -> dict[str, Ints]:
    """The LSTM in plain steps: gates of 4 bits, a cell state in 2048ths, an output in 7ths above and below 8."""
    weights = data()["lstm_step_w"]
    last = []
    for sequence in data()["lstm_step_x"]:
        h, c = np.full(64, 8), np.zeros(64)
        for x in sequence[:, 0].T:
            arguments = np.rint(np.concatenate((x, np.zeros(48), h, [8])) @ weights / 2) / 64
            i, f, o = np.rint(15 / (1 + np.exp(-arguments[:192]))).reshape(3, 64)
            g = np.rint(7 * np.tanh(arguments[192:]))
            c = np.clip(np.rint((f * c * 7 + i * g * 2048) / (15 * 7)), -32768, 32767)
            squashed = np.array([round(32767 * tanh(cell / 2048)) for cell in c])
            h = code(o * squashed * 15292 / 2**30, 8, 1)
        last.append(h)
    return {"h": np.array(last)}


EXPECTED: dict[str, Callable[[], dict[str, Ints]]] = {
    made.__name__: made
    for made in (
        vector_add, vmm, in_flight, tall_vmm, conv3x3, concat, pooling, residual, pipeline, lstm_step,
        pipelined_pair,
    )
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_program_computes_what_it_says(name: str) -> None:
    expected, outputs = EXPECTED[name](), ran(name).outputs
    assert set(outputs) == set(expected)
    for key, codes in expected.items():
        np.testing.assert_array_equal(outputs[key], codes)


@pytest.mark.parametrize("name", EXPECTED)
def test_outputs_are_worth_comparing(name: str) -> None:
    # Codes that all saturate, or are all alike, would hide what a program does wrong.
    for codes in EXPECTED[name]().values():
        assert len(np.unique(codes)) > 3
        assert np.isin(codes, (0, 15)).mean() < 0.7


@pytest.mark.parametrize("name", EXPECTED)
def test_program_runs_cleanly_and_says_what_each_unit_waited_for(name: str) -> None:
    report = ran(name).report
    assert report["retention"]["late_reads"] == 0
    assert report["waits"]
    assert 0 < max(row["busy"] for row in report["utilisation"].values()) <= report["cycles"]


def test_every_program_of_the_folder_is_tested_here_or_beside() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("*.py"))
    missing = {path.stem for path in FOLDER.glob("*.s")} - set(EXPECTED)
    assert [name for name in missing if f"{name}.s" not in tests] == []


def test_the_data_are_those_of_their_seed() -> None:
    made = examples.arrays()
    assert set(made) == set(data())
    for key, array in made.items():
        np.testing.assert_array_equal(data()[key], array)


# What they show ------------------------------------------------------------------------------------------------------


def test_rings_keep_several_inferences_in_flight() -> None:
    cycles = {name: ran(name).cycles / len(ran(name).report["inferences"]) for name in ("vmm", "in_flight")}
    assert cycles["in_flight"] < cycles["vmm"] / 2
    spans = [(row["start_cycle"], row["end_cycle"]) for row in ran("in_flight").report["inferences"]]
    assert max(sum(start <= now < end for start, end in spans) for now, _ in spans) > 2
    alone = [(row["start_cycle"], row["end_cycle"]) for row in ran("vmm").report["inferences"]]
    assert all(before[1] <= after[0] for before, after in pairwise(alone))


def test_the_pipeline_keeps_its_arrays_busier_than_one_layer_after_the_other() -> None:
    # Were the second layer to wait for the first, its first row could not end before the first layer's last began.
    layers = {row["name"]: row["cycles"] for row in ran("pipeline").report["layers"]}
    in_turn = sum(cycles for name, cycles in layers.items() if name in ("first", "second"))
    assert in_turn > 1.5 * (ran("pipeline").cycles - layers["-"])


def test_the_pipeline_leaves_its_arrays_no_bubble() -> None:
    spans: list[tuple[int, int]] = []

    class Arrays:
        """Keeps when latches are loaded and frames run."""

        def emit(self, start: int, duration: int, unit: int, kind: int, *_: int) -> None:
            if kind in (INDEX["vmm.load"], INDEX["vmm.frame"]):
                spans.append((start, start + duration))

        def wait(self, *_: int) -> None:
            """Nothing."""

    program = assemble_file(FOLDER / "pipeline.s")
    run(program, inputs=program.samples["x"][:1], values=False, observers=[Arrays()])
    assert len(spans) == 2 * 2 * 64  # a load and a frame, two layers, 64 pixels
    assert all(before[1] == after[0] for before, after in pairwise(sorted(spans)))


def test_a_kept_word_is_fetched_once() -> None:
    counts, inferences = ran("concat").report["counts"], len(ran("concat").report["inferences"])
    assert counts["bus_words.down"] == 16 * inferences
    assert counts["positions"] == 2 * 16 * inferences


def test_a_tall_matrix_is_converted_once() -> None:
    counts, inferences = ran("tall_vmm").report["counts"], len(ran("tall_vmm").report["inferences"])
    assert counts["array_operations"] == 10 * inferences
    assert counts["conversions"] == 32 * inferences
