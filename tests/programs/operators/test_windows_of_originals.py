"""Windows of convolutions and pools: every attribute left out and given, against onnxruntime on the original model."""

from itertools import product

import originals
import pytest

from acortex.errors import AcortexError
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.normalise import normalise

SIZES = {"odd": (1, 2, 7, 5), "even": (1, 2, 6, 8)}
PADDED = [{}, {"pads": [1, 0, 0, 1]}, {"auto_pad": "NOTSET"}, {"auto_pad": "VALID"}, {"auto_pad": "SAME_UPPER"},
          {"auto_pad": "SAME_LOWER"}]  # fmt: skip
MOVED = [{}, {"strides": [2, 2]}, {"strides": [2, 1], "dilations": [1, 2]}]
POOLED = [{}, {"ceil_mode": 1}, {"ceil_mode": 0}]
COUNTED = [{}, {"count_include_pad": 0}, {"count_include_pad": 1}]


def every(*axes):
    """All choices together, but for a dilated window that is padded to the same size.

    There onnxruntime pads as if the window were not dilated, and gives a smaller image than ONNX states.
    """
    return [
        choices
        for choices in product(*axes)
        if not ("SAME" in choices[0].get("auto_pad", "") and "dilations" in choices[1])
    ]


def named(choices):
    """A case by what it says, an attribute after another."""
    said = {key: value for choice in choices for key, value in choice.items()}
    return ", ".join(f"{key}={value}" for key, value in said.items()) or "none"


def pool(op, size, attributes):
    made = originals.node(op, "x", "y", kernel_shape=[2, 3], **attributes)
    return originals.model([made], {"x": SIZES[size]}, opset=19)


@pytest.mark.sampled(12)
@pytest.mark.parametrize("kernel", [(2, 3), (3, 2)])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("choices", every(PADDED, MOVED), ids=named)
def test_a_convolution_is_that_of_the_original(choices, size, kernel):
    attributes = {key: value for choice in choices for key, value in choice.items()}
    weights = originals.whole(7, 3, 2, *kernel)
    made = originals.node("Conv", "x w", "y", **attributes)
    originals.check(originals.model([made], {"x": SIZES[size]}, {"w": weights}))


@pytest.mark.sampled(18)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("choices", every(PADDED, MOVED, POOLED), ids=named)
def test_the_largest_of_a_window_is_that_of_the_original(choices, size):
    originals.check(pool("MaxPool", size, {key: value for choice in choices for key, value in choice.items()}))


@pytest.mark.sampled(18)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("choices", every([*PADDED[:2], *PADDED[4:]], MOVED[:2], COUNTED), ids=named)
def test_the_mean_of_a_window_is_that_of_the_original(choices, size):
    attributes = {key: value for choice in choices for key, value in choice.items()}
    originals.check(pool("AveragePool", size, attributes), within=1e-5)


@pytest.mark.parametrize(
    "attributes",
    [
        {"auto_pad": "SAME_LOWER"},
        {"auto_pad": "SAME_UPPER"},
        {"ceil_mode": 1, "strides": [2, 2]},
        {"ceil_mode": 1, "strides": [3, 3], "pads": [0, 0, 1, 2]},
    ],
    ids=str,
)
@pytest.mark.parametrize("size", SIZES)
def test_where_one_more_pixel_decides_it_lies_as_in_the_original(attributes, size):
    """Padding that does not divide evenly, and a last window that would begin in it."""
    originals.check(pool("MaxPool", size, attributes))


@pytest.mark.parametrize(
    ("op", "attributes", "said"),
    [
        ("MaxPool", {"kernel_shape": [9, 9]}, "does not fit its image"),
        ("MaxPool", {"kernel_shape": [2, 2], "strides": [0, 1]}, "are not positive"),
        ("MaxPool", {"kernel_shape": [2, 2], "pads": [-1, 0, 0, 0]}, "are not positive"),
        ("AveragePool", {"kernel_shape": [2]}, "does not fit an input"),
        ("AveragePool", {"kernel_shape": [2, 2], "strides": [1, 1, 1]}, "2 are needed"),
    ],
)
def test_a_window_that_there_cannot_be_is_refused(op, attributes, said):
    made = originals.model([originals.node(op, "x", "y", **attributes)], {"x": SIZES["odd"]})
    with pytest.raises(AcortexError, match=said):
        normalise(from_proto(made))


@pytest.mark.parametrize(
    ("attributes", "refused"),
    [
        ({"pads": [0, 0, 0, 1]}, False),
        ({"pads": [0, 0, 1, 0]}, True),  # the last windows are on columns 6 to 8 of 8
        ({"pads": [0, 1, 1, 2]}, False),
        ({"pads": [0, 0, 0, 2]}, False),  # one that would begin in the padding at the end is none
        ({"pads": [1, 1, 0, 0]}, True),
        ({"pads": [0, 0, 0, 1], "dilations": [1, 2]}, False),
        ({"pads": [0, 0, 0, 2], "dilations": [1, 2]}, True),
        ({"pads": [0, 0, 1, 1], "dilations": [2, 1]}, False),
        ({"pads": [1, 0, 1, 1], "dilations": [2, 1]}, True),
    ],
    ids=str,
)
def test_a_mean_that_counts_padding_is_refused_where_a_window_reaches_beyond_that(attributes, refused):
    given = {"count_include_pad": 1, "ceil_mode": 1, "strides": [2, 2], **attributes}
    made = pool("AveragePool", "even", given)
    if refused:
        with pytest.raises(AcortexError, match="with ceil_mode its windows reach beyond padding that is counted"):
            normalise(from_proto(made))
    else:
        originals.check(made, within=1e-5)


KERNELS = {size: originals.whole(1, 2, 2, *size) for size in ((1, 3), (3, 1), (1, 1))}


@pytest.mark.parametrize(
    ("size", "kernel", "attributes"),
    [
        ((1, 2, 7, 5), (1, 1), {"strides": [1, 40]}),  # one column: no stride along it is ever taken
        ((1, 2, 5, 7), (1, 1), {"strides": [40, 1]}),
        ((1, 2, 7, 5), (1, 3), {"dilations": [200, 1]}),  # one row of a kernel is no further from itself
        ((1, 2, 5, 7), (3, 1), {"dilations": [1, 200]}),
        ((1, 2, 3, 70), (1, 1), {"strides": [1, 32]}),  # the longest that an instruction says
    ],
    ids=str,
)
def test_what_of_a_window_is_never_taken_may_be_of_any_size(size, kernel, attributes):
    made = originals.node("Conv", "x k", "y", **attributes)
    originals.check(originals.model([made], {"x": size}, {"k": KERNELS[kernel]}))


def test_a_stride_that_no_instruction_says_is_refused():
    pool = originals.node("MaxPool", "x", "y", kernel_shape=[1, 1], strides=[1, 33])
    with pytest.raises(AcortexError, match="32 is the most"):
        normalise(from_proto(originals.model([pool], {"x": (1, 2, 3, 70)})))
    most = originals.node("MaxPool", "x", "y", kernel_shape=[1, 1], strides=[1, 32])
    originals.check(originals.model([most], {"x": (1, 2, 3, 70)}))
