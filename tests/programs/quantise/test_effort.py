"""What "best" gains over "fast", judged by onnxruntime on the network in floating point and on inputs of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import float_models
import numpy as np
import pytest
from quantisable import NETWORKS, convolutions, images, of_residual

from acortex.errors import UsageError
from acortex.programs import quantised
from acortex.programs.choices import EFFORTS
from acortex.programs.graph import Product
from acortex.programs.network.importer import from_proto
from acortex.programs.network.network import Network
from acortex.programs.quantise.effort import MOST_STUDIED, some_of
from acortex.programs.reference.layers import reference
from acortex.programs.steps import FloatGraph, FloatMap

Array = np.ndarray[Any, Any]


def outputs(model: Any, x: Array) -> Array:
    (found,) = float_models.float_outputs(model, {"input": x}).values()
    return found.reshape(len(x), -1)


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_on_new_inputs_come_nearer_to_floating_point(name: str) -> None:
    network = NETWORKS[name]()
    shape = network.model.inputs[0].shape[1:]
    known, new = images(0, 48, *shape)[:, None], images(1, 48, *shape)[:, None]
    model = float_models.to_onnx(network, 17)
    exact = outputs(model, new)
    closeness = [
        float_models.closeness(exact, outputs(reference(quantised(from_proto(model), known, effort=effort)), new))
        for effort in EFFORTS
    ]
    assert closeness[1] > closeness[0] + 0.7  # decibels


def test_a_single_input_does_little_harm() -> None:
    network = convolutions()
    new, model = images(1, 20, 3, 12, 12)[:, None], float_models.to_onnx(convolutions(), 17)
    exact = outputs(model, new)
    gains = []
    for seed in (0, 5, 9):
        known = images(seed, 1, 3, 12, 12)[:, None]
        fast, best = (
            float_models.closeness(exact, outputs(reference(quantised(network, known, effort=effort)), new))
            for effort in EFFORTS
        )
        gains.append(best - fast)
    assert np.mean(gains) > -1.5


def test_best_is_for_data_and_fast_for_random_numbers() -> None:
    x = np.random.default_rng(0).standard_normal((4, 3, 12, 12), dtype=np.float32)
    assert quantised(convolutions(), x).quantise == "best"
    assert quantised(convolutions(), inputs=x).quantise == "best"
    assert quantised(convolutions()).quantise == "fast"
    assert quantised(convolutions(), effort="best").quantise == "best"


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_recurrent_networks_have_layers_of_the_same_form(name: str) -> None:
    network = getattr(Network("n", input=(5, 6)), name)(9).linear(4)
    x = np.random.default_rng(0).standard_normal((6, 5, 6), dtype=np.float32)
    fast, best = (quantised(network, x, effort=effort) for effort in EFFORTS)
    assert [type(layer) for layer in fast.layers] == [type(layer) for layer in best.layers]
    assert [layer.target for layer in fast.layers] == [layer.target for layer in best.layers]


def test_an_unknown_effort_is_refused() -> None:
    with pytest.raises(UsageError, match="no way to quantise is called thorough") as error:
        quantised(convolutions(), effort="thorough")
    assert "fast, best" in str(error.value.hint)


def test_progress_is_told_of_each_step() -> None:
    seen: list[tuple[int, int]] = []
    x = np.random.default_rng(0).standard_normal((2, 3, 12, 12), dtype=np.float32)
    quantised(convolutions(), x, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n + 1, len(seen)) for n in range(len(seen))] and len(seen) > 4


def test_of_many_inputs_some_are_studied_evenly_spread() -> None:
    graph = FloatGraph("g", {"x": FloatMap("x", 1, 1, 1)})
    (found,) = some_of(graph, {"x": np.arange(1000)}).values()
    assert MOST_STUDIED / 2 < len(found) <= MOST_STUDIED and found[0] == 0 and found[-1] > 990
    large = FloatGraph("g", {"x": FloatMap("x", 1 << 13, 1 << 13, 4)})
    assert len(some_of(large, {"x": np.arange(7)})["x"]) == 1


@pytest.mark.slow
def test_levels_do_not_depend_on_threads_or_on_the_kernels_of_a_processor() -> None:
    code = "from quantisable import of_residual; print(of_residual())"
    kinds = [{"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "4"}, {"OPENBLAS_CORETYPE": "Prescott"}]
    kinds.append({"NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512_SKX AVX2 FMA3"})
    path = str(Path(__file__).resolve().parent.parent)
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, **kind},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for kind in kinds
    }
    assert found == {of_residual() + "\n"}


def test_weights_that_are_levels_already_are_kept() -> None:
    rng = np.random.default_rng(0)
    weights = rng.integers(-7, 8, (5, 12)).astype(np.float32)
    weights[:, 0] = 7
    network = Network("n", input=(12,)).linear(5, weights=weights, bias=np.arange(5.0))
    graph = quantised(network, rng.standard_normal((20, 12)).astype(np.float32), effort="best")
    (layer,) = graph.layers
    assert isinstance(layer, Product)
    assert np.array_equal(layer.weights[0, 0], weights.T)
