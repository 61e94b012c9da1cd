"""Kernels longer than an instruction can say, in parts, against onnxruntime on the original model."""

import numpy as np
import pytest
from originals import check, model, node, whole
from test_exported_networks import unequal

from acortex.programs import quantised
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.long_windows import LONGEST
from acortex.programs.operators.normalise import normalise
from acortex.programs.steps import AddStep, ProductStep


def signal(kernel, width=300, channels=1, out=2, *, after="", most=2, **attributes):
    """A convolution over a signal, with a bias and what may follow it."""
    group = attributes.get("group", 1)
    constants = {"w": whole(1, out, channels // group, kernel, most=most), "b": whole(2, out)}
    nodes = [node("Conv", "x w b", "c" if after else "y", **attributes)]
    nodes += [node(after, "c", "y")] if after else []
    return model(nodes, {"x": [1, channels, width]}, constants)


def image(kernel, size, **attributes):
    return model([node("Conv", "x w", "y", **attributes)], {"x": [1, 1, *size]}, {"w": whole(1, 2, 1, *kernel, most=1)})


LONG = {
    "two parts": signal(LONGEST + 1),
    "three parts": signal(2 * LONGEST + 40),
    "strides and padding": signal(200, strides=[3], pads=[90, 70]),
    "dilations": signal(130, dilations=[2], pads=[20, 20]),
    "an activation behind": signal(150, after="Relu"),
    "a sigmoid behind": signal(150, after="Sigmoid", most=1),
    "groups": signal(140, channels=4, out=4, group=2),
    "channels": signal(129, channels=5, width=200),
    "an image, both ways": image((130, 131), (140, 150)),
    "an image, upwards": image((140, 3), (150, 9)),
    "parts that see padding alone": signal(400, width=120, pads=[120, 200]),
    "one part that sees more than padding": signal(256, width=130, pads=[126, 126]),
}


@pytest.mark.parametrize("name", LONG)
def test_parts_of_a_kernel_make_what_the_whole_one_does(name):
    check(LONG[name], most=3, within=2e-6 if "sigmoid" in name else 0.0)


@pytest.mark.parametrize("name", ["three parts", "strides and padding", "groups", "a sigmoid behind"])
def test_the_chip_equals_its_reference(name):
    assert unequal(LONG[name], timing=False) == []


def test_a_kernel_is_cut_into_as_few_parts_as_there_can_be():
    graph = normalise(from_proto(signal(2 * LONGEST + 40)))
    sizes = [step.geometry.kernel_x for step in graph.steps if isinstance(step, ProductStep)]
    assert sum(sizes) == 2 * LONGEST + 40 and len(sizes) == 3 and max(sizes) <= LONGEST
    assert sum(isinstance(step, AddStep) for step in graph.steps) == 2
    assert any("cut into 3 parts" in one for one in graph.warnings)


def test_a_kernel_of_the_longest_size_stays_whole():
    graph = normalise(from_proto(signal(LONGEST)))
    assert len(graph.steps) == 1 and not graph.warnings


def test_the_outputs_follow_floating_point():
    given = {"x": np.random.default_rng(0).standard_normal((16, 1, 1, 300)).astype(np.float32)}
    graph = quantised(from_proto(signal(LONGEST + 60)), given, measured=1)
    assert graph.losses.correlation > 0.9


def test_strides_that_no_instruction_says_are_refused_still():
    with pytest.raises(UnsupportedNodes, match="strides and dilations of 1, 40"):
        normalise(from_proto(signal(200, strides=[40])))
