"""The convolution that speed is measured on is a real one: equal to NumPy, with the sizes of ResNet-152."""

from __future__ import annotations

import numpy as np
import pytest

from acortex.programs.convolution import BENCH, RESNET152, Convolution
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


def test_the_shapes_are_those_of_resnet_152() -> None:
    conv1, matrix = 64 * 3 * 7**2, 2048 * 1000
    assert sum(count for count, _ in RESNET152) == 151 + 4 - 1  # four projections more, without conv1
    weights = sum(count * layer.rows * layer.outputs for count, layer in RESNET152)
    assert weights + conv1 + matrix == 60_040_384
    macs = sum(count * layer.rows * layer.outputs * layer.positions for count, layer in RESNET152)
    assert macs + conv1 * 112**2 + matrix == pytest.approx(11.282e9, rel=1e-4)
    assert any(layer == BENCH for _, layer in RESNET152)
