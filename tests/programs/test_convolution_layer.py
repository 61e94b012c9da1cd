"""The convolution that speed is measured on is a real one: equal to NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.programs.convolution import Convolution
from acortex.sim.run import run


@pytest.mark.parametrize("layer", [Convolution(6, 64, 64), Convolution(7, 128, 64, 3, 2), Convolution(5, 64, 192, 1)])
def test_a_layer_equals_numpy(layer: Convolution) -> None:
    images, program = layer.images(2), layer.program()
    weights = program.weights[0].values.astype(np.int64)
    border = layer.kernel // 2
    outputs = run(program, inputs=images).outputs["y"]
    for image, output in zip(images, outputs, strict=True):
        padded = np.pad(image, ((0, 0), (border, border), (border, border)))
        for y, x in np.ndindex(layer.out, layer.out):
            at = slice(y * layer.stride, y * layer.stride + layer.kernel)
            patch = padded[:, at, x * layer.stride : x * layer.stride + layer.kernel]
            sums = patch.transpose(1, 2, 0).reshape(-1).astype(np.int64) @ weights
            expected = np.clip(np.rint(np.maximum(sums, 0) * 3 / 128), 0, 15)
            np.testing.assert_array_equal(output[:, y, x], expected)
