"""Scale and shift of channels that go into the products behind them, and where they must not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from originals import check, model, node, whole

from acortex.programs.graph import Geometry
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.fold_scales import _unpadded, after_affine
from acortex.programs.operators.normalise import normalise
from acortex.programs.steps import KernelGeometry

Numbers = NDArray[np.float32]


def kernel(seed: int, inputs: int, out: int, biased: bool = True) -> KernelGeometry:
    """A kernel of 2 x 3 taps of whole numbers."""
    weights, bias = whole(seed, 2, 3, inputs, out), whole(seed + 1, out)
    return KernelGeometry(weights.shape, lambda: weights, (lambda: bias) if biased else None)


def window(image: Numbers, one: KernelGeometry, groups: int) -> NDArray[np.float64]:
    """What a kernel makes of an image of its own size."""
    inputs, out = one.shape[2], one.shape[3]
    sums = [
        np.einsum("yxi,yxio->o", image[..., g * inputs : (g + 1) * inputs], part)
        for g, part in enumerate(np.split(one.weights(), groups, axis=3))
    ]
    assert len(np.concatenate(sums)) == out
    return np.concatenate(sums) + one.biases()


@given(st.integers(0, 99), st.sampled_from([1, 2, 3]), st.integers(1, 3), st.integers(1, 3), st.booleans())
def test_a_kernel_behind_a_scale_makes_the_same(seed: int, groups: int, inputs: int, out: int, biased: bool) -> None:
    one = kernel(seed, inputs, out * groups, biased)
    scale, shift = whole(seed + 2, inputs * groups), whole(seed + 3, inputs * groups)
    image = whole(seed + 4, 2, 3, inputs * groups)
    folded = after_affine(one, scale, shift, groups)
    assert np.array_equal(window(image, folded, groups), window(image * scale + shift, one, groups))


def test_the_own_scale_and_shift_of_a_kernel_stay_behind_it() -> None:
    one = kernel(1, 2, 4).then(np.array([1.0, 2, -1, 3]), np.array([0.0, 1, 5, -2]))
    scale, shift, image = whole(5, 2), whole(6, 2), whole(7, 2, 3, 2)
    found = window(image, after_affine(one, scale, shift, 1), 1)
    assert np.array_equal(found, window(image * scale + shift, one, 1))


@pytest.mark.parametrize(("scale", "steps"), [([2, 2], [1.0, 2.0]), ([2, 3], None), ([-2, -2], None), ([0, 0], None)])
def test_steps_stay_known_where_all_channels_have_one_positive_scale(
    scale: list[float], steps: list[float] | None
) -> None:
    weights = whole(1, 1, 1, 2, 2)
    one = KernelGeometry(weights.shape, lambda: weights, steps=np.array([0.5, 1.0]))
    found = after_affine(one, np.float32(scale), np.zeros(2, np.float32), 1)
    assert (None if found.steps is None else found.steps.tolist()) == steps


def test_no_shift_makes_no_bias() -> None:
    one = kernel(1, 2, 4, biased=False)
    assert after_affine(one, np.ones(2), np.zeros(2), 1).bias is None


lengths = st.integers(1, 4)


@given(lengths, lengths, lengths, st.integers(0, 2), lengths, st.integers(1, 12), st.booleans())
def test_a_window_is_unpadded_whose_every_tap_lies_in_the_image(
    kernel: int, stride: int, dilation: int, before: int, positions: int, size: int, across: bool
) -> None:
    taps = [at * stride - before + tap * dilation for at in range(positions) for tap in range(kernel)]
    if across:
        g = Geometry(kernel_x=kernel, stride_x=stride, dilation_x=dilation, left=before, columns=positions)
    else:
        g = Geometry(kernel_y=kernel, stride_y=stride, dilation_y=dilation, top=before, rows=positions)
    of_image = (1, size, 1) if across else (size, 1, 1)
    assert _unpadded(g, of_image) == all(0 <= tap < size for tap in taps)


# Networks -------------------------------------------------------------------------------------------------------------

CONSTANTS = {
    "s": np.float32([2, 4, 1]).reshape(3, 1, 1), "m": np.float32([1, -2, 3]).reshape(3, 1, 1),
    "w": whole(1, 4, 3, 3, 3), "v": whole(2, 4, 3, 1, 1), "p": np.float32(0.5),
}  # fmt: skip
SHIFTED = [node("Mul", "x s", "a"), node("Add", "a m", "b")]
SCALED = [node("Mul", "x s", "b")]

FOLDED = {
    "a scale before a padded window": [*SCALED, node("Conv", "b w", "y", pads=[1] * 4)],
    "a shift before a window without padding": [*SHIFTED, node("Conv", "b w", "y")],
    "a shift before two products": [*SHIFTED, node("Conv", "b w", "y"), node("Conv", "b v", "z")],
}
KEPT = {
    "a shift before a padded window": [*SHIFTED, node("Conv", "b w", "y", pads=[1] * 4)],
    **{
        f"a shift before a window padded {side} alone": [*SHIFTED, node("Conv", "b w", "y", pads=pads)]
        for side, pads in {
            "above": [1, 0, 0, 0],
            "on the left": [0, 1, 0, 0],
            "below": [0, 0, 1, 0],
            "on the right": [0, 0, 0, 1],
        }.items()
    },
    "a shift before two windows of which one is padded": [
        *SHIFTED,
        node("Conv", "b w", "y", pads=[1] * 4),
        node("Conv", "b v", "z"),
    ],
    "one of two readers is no product": [
        *SHIFTED,
        node("Conv", "b w", "y"),
        node("MaxPool", "b", "z", kernel_shape=[2, 2]),
    ],
    "an activation stands between": [*SHIFTED, node("Relu", "b", "r"), node("Conv", "r w", "y")],
}


@pytest.mark.parametrize(("networks", "name"), [(FOLDED, name) for name in FOLDED] + [(KEPT, name) for name in KEPT])
def test_a_scale_is_folded_where_it_may_be_and_changes_no_number(networks: dict[str, list], name: str) -> None:
    nodes = networks[name]
    outputs = "y z" if any("z" in one.output for one in nodes) else "y"
    made = model(nodes, {"x": [1, 3, 5, 5]}, CONSTANTS, outputs)
    check(made)
    steps = len(normalise(from_proto(made)).steps)
    convolutions = sum(one.op_type in ("Conv", "MaxPool") for one in nodes)
    assert steps == convolutions + (networks is KEPT)


def test_a_scale_that_is_an_output_stays() -> None:
    made = model([*SCALED, node("Conv", "b w", "y")], {"x": [1, 3, 5, 5]}, CONSTANTS, "b y")
    check(made)
    assert len(normalise(from_proto(made)).steps) == 2
