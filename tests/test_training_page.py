"""The example of docs/training.md: a network that is trained in PyTorch computes on the chip what it does there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

import acortex
from acortex.programs import quantised
from acortex.programs.reference.layers import reference


def example(checkout: Path) -> str:
    """The program of the page."""
    (found,) = re.findall(r"```python\n(.*?)```", (checkout / "docs" / "training.md").read_text(), re.DOTALL)
    return str(found)


def digits(path: Path) -> None:
    """Digits that come with acortex, as the example takes them."""
    from acortex.programs.network import published

    data = published.arrays("digits_mlp.npz")
    np.savez(path, images=np.packbits(data["images"].reshape(-1, 784), axis=1), labels=data["labels"])


def outputs(model: bytes, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return np.stack([session.run(None, {"x": row[None]})[0] for row in x])


def test_the_example_is_a_program(checkout: Path) -> None:
    names = compile(example(checkout), "train.py", "exec").co_names
    assert "torch" in names and "__file__" not in names


@pytest.mark.slow
def test_the_example_trains_and_is_exact_on_the_chip(checkout: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    digits(tmp_path / "digits.npz")
    (tmp_path / "train.py").write_text(example(checkout))
    told = subprocess.run(
        [sys.executable, "train.py", "digits.npz", "net.onnx"], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    in_torch = float(told.split()[0])
    assert in_torch > 80  # of few digits
    x, labels = np.load(tmp_path / "net_test.npy"), np.load(tmp_path / "net_labels.npy")
    exported = outputs(onnx.load(tmp_path / "net.onnx").SerializeToString(), x)
    assert 100 * (exported.reshape(len(x), -1).argmax(axis=1) == labels).mean() == pytest.approx(in_torch, abs=1)

    graph = quantised(tmp_path / "net.onnx")
    assert {one.coding.bits for one in graph.maps.values()} == {4}
    chip = outputs(reference(graph).SerializeToString(), x)
    codes = np.rint((chip - exported) / graph.maps[graph.outputs[0].map].coding.scale)
    assert (codes == 0).mean() > 0.99 and np.abs(codes).max() <= 1

    result = acortex.run(tmp_path / "net.onnx", inputs=x[:20], labels=labels[:20], timing=False)
    (found,) = result.outputs.values()
    assert np.array_equal(found.reshape(20, -1), chip[:20].reshape(20, -1))
    right = 100 * (chip.reshape(len(x), -1).argmax(axis=1) == labels).mean()
    assert right == pytest.approx(in_torch, abs=1)
