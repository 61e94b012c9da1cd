"""Windows over three axes: random ones beside onnxruntime, and those that no kernel over two axes is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import ModelProto
from originals import distances, model, node, whole

from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.normalise import normalise


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, ...], dict[str, list[int]]]:
    """The shape of an image of three axes, and the attributes of a window that fits into it."""
    image, attributes = [], {name: [] for name in ("kernel_shape", "strides", "dilations", "begin", "end")}
    for _ in range(3):
        kernel, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        begin, end = (draw(st.integers(0, kernel - 1)) for _ in range(2))
        reach = (kernel - 1) * dilation + 1
        image.append(draw(st.integers(max(reach - begin - end, 1), 6)))
        own = kernel, draw(st.integers(1, 3)), dilation, begin, end
        for name, value in zip(attributes, own, strict=True):
            attributes[name].append(value)
    attributes["pads"] = attributes.pop("begin") + attributes.pop("end")
    return tuple(image), attributes


def farthest(made: ModelProto, image: tuple[int, ...]) -> float:
    """How far a model is from onnxruntime's numbers at most.

    All its numbers may be equal: a window may see one number of the image.
    """
    return max(distances(made, seed=sum(image), constant=True).values())


@given(windows(), st.integers(1, 2), st.sampled_from([(1, 1, 2), (2, 2, 2), (2, 4, 6), (3, 1, 1)]), st.booleans())
@settings(max_examples=40)
def test_a_convolution_over_three_axes_is_that_of_onnxruntime(
    window: tuple[tuple[int, ...], dict[str, list[int]]], batch: int, channels: tuple[int, int, int], bias: bool
) -> None:
    image, attributes = window
    groups, inputs, out = channels[0] if channels[1] % channels[0] == 0 else 1, channels[1], channels[2] * channels[0]
    weights = whole(7, out, inputs // groups, *attributes["kernel_shape"])
    weights.flat[0] = 1  # so that not all of them are zero
    layer = node("Conv", "x w b" if bias else "x w", "y", group=groups, **attributes)
    constants = {"w": weights, "b": whole(8, out)} if bias else {"w": weights}
    made = model([layer, node("Relu", "y", "r")], {"x": [batch, inputs, *image]}, constants, "r")
    assert farthest(made, image) == 0


@given(windows(), st.integers(1, 2), st.integers(1, 3))
@settings(max_examples=25)
def test_a_mean_over_three_axes_is_that_of_onnxruntime(
    window: tuple[tuple[int, ...], dict[str, list[int]]], batch: int, channels: int
) -> None:
    image, attributes = window
    wanted = {name: attributes[name] for name in ("kernel_shape", "strides", "pads")}
    fits = all(
        size + before + after >= kernel
        for size, before, after, kernel in zip(
            image, wanted["pads"][:3], wanted["pads"][3:], wanted["kernel_shape"], strict=True
        )
    )
    assume(fits)
    layer = node("AveragePool", "x", "y", count_include_pad=1, **wanted)
    assert farthest(model([layer], {"x": [batch, channels, *image]}), image) <= 1e-4  # means are rounded


@pytest.mark.parametrize("image", [(1, 1, 1), (1, 5, 1), (4, 1, 1), (2, 3, 4)])
def test_the_mean_of_all_is_a_kernel_of_equal_weights(image: tuple[int, ...]) -> None:
    (step,) = normalise(from_proto(model([node("GlobalAveragePool", "x", "y")], {"x": [1, 3, *image]}))).steps
    weights = step.kernel.weights()  # type: ignore[union-attr]
    assert np.isclose(weights[weights != 0], 1 / math.prod(image)).all()
    assert np.isclose(weights.sum(axis=(0, 1, 2)), 1).all()


REFUSED = {
    "transposed": node("ConvTranspose", "x w", "y"),
    "padded with a constant": node("Pad", "x p", "y"),
    "rounded up": node("AveragePool", "x", "y", kernel_shape=[2, 2, 2], strides=[2, 2, 2], ceil_mode=1),
    "padded as it likes": node("AveragePool", "x", "y", kernel_shape=[2, 2, 2], auto_pad="SAME_UPPER"),
    "largest": node("MaxPool", "x", "y", kernel_shape=[1, 2, 1]),
    "a kernel of other channels": node("Conv", "x v", "y"),
    "groups that do not divide": node("Conv", "x u", "y", group=2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_kernel_over_two_axes_is_has_a_reason(name: str) -> None:
    constants = {
        "w": whole(1, 4, 2, 2, 2, 2), "v": whole(2, 2, 3, 1, 1, 1), "u": whole(3, 3, 2, 1, 1, 1),
        "p": np.array([0, 0, 1, 0, 0, 0, 0, 1, 0, 0]),
    }  # fmt: skip
    made = model([REFUSED[name]], {"x": [1, 4, 5, 5, 5]}, constants)
    with pytest.raises(UnsupportedNodes) as refused:
        normalise(from_proto(made))
    assert [op for _, op, _ in refused.value.nodes] == [REFUSED[name].op_type]
    assert all(why for *_, why in refused.value.nodes)
