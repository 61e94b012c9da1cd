"""Windows along signals that go beyond what an instruction says, against onnxruntime on the original model."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from originals import check, model, node, whole
from test_exported_networks import CHIP, unequal

from acortex.isa.operands import KINDS
from acortex.programs import quantised
from acortex.programs.compiler import compile_graph
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.folded_signals import MOST_PHASES, Sweep, best_run, starts
from acortex.programs.operators.normalise import normalise
from acortex.programs.steps import AddStep, ProductStep
from acortex.tools.open.machine import machine_of

HOP, KERNEL = KINDS["hop"].high, KINDS["kernel"].high


def signal(kernel, width, *, channels=1, out=2, rows=False, before=(), after=(), name="x", seed=1, **attributes):
    """A convolution over a signal, of three axes or with one row, behind some nodes and before others."""
    one = [1] if rows else []
    group = attributes.get("group", 1)
    constants = {"w": whole(seed, out, channels // group, *one, kernel, most=2), "b": whole(2, out)}
    nodes = [*before, node("Conv", f"{name} w b", "c" if after else "y", **attributes), *after]
    return model(nodes, {"x": [1, channels, *one, width]}, constants | CONSTANTS)


CONSTANTS = {
    "two": np.float32(2),
    "margin": np.array([0, 0, 70, 0, 0, 80]),
    "flat": np.array([1, 1, -1]),
    "per_channel": np.array([1, 2], np.float32).reshape(1, 2, 1),
}
RELU, SIGMOID = [node("Relu", "c", "y")], [node("Sigmoid", "c", "y")]

FOLDED = {
    "a spectrum": signal(400, 1840, strides=[160]),
    "a spectrum of many bins": signal(256, 640, out=130, strides=[128]),
    "one row": signal(509, 1323, rows=True, strides=[1, 441], pads=[0, 34, 0, 475]),
    "padding that ends within a pixel": signal(100, 400, strides=[50], pads=[30, 20]),
    "two channels": signal(150, 300, channels=2, strides=[50]),
    "an activation behind": signal(150, 300, strides=[50], after=RELU),
    "a kernel shorter than its stride": signal(3, 400, strides=[40]),
    "numbers that no window sees": signal(50, 480, strides=[40]),
    "a long kernel, its phases": signal(200, 300),
    "phases, an activation behind": signal(200, 300, pads=[40, 30], after=RELU),
    "phases, a sigmoid behind": signal(200, 300, after=SIGMOID, seed=3),
    "phases of a stride": signal(300, 600, strides=[3], pads=[1, 0]),
    "fewer positions than phases": signal(300, 300),
    "a long signal": signal(8, 40_000, strides=[8], out=1),
    "a pad before": signal(200, 400, strides=[40], before=[node("Pad", "x margin", "p")], name="p"),
    "a pad that makes room for the kernel": signal(
        200, 80, strides=[40], before=[node("Pad", "x margin", "p")], name="p"
    ),
    "a function of each number before": signal(160, 400, strides=[40], before=[node("Mul", "x two", "p")], name="p"),
    "another shape before": signal(160, 400, strides=[40], before=[node("Reshape", "x flat", "p")], name="p"),
    "same padding": signal(160, 400, strides=[40], auto_pad="SAME_UPPER"),
}


@pytest.mark.parametrize("name", FOLDED)
def test_folded_windows_make_what_the_convolution_does(name):
    check(FOLDED[name], most=3, within=2e-6 if "sigmoid" in name else 0.0)
    assert not any(isinstance(step, AddStep) for step in normalise(from_proto(FOLDED[name])).steps)


@pytest.mark.parametrize("name", ["a spectrum", "one row", "two channels", "phases of a stride", "a pad before"])
@pytest.mark.parametrize("mapping", ["taps", "best"])
def test_the_chip_equals_its_reference(name, mapping):
    assert unequal(FOLDED[name], mapping, timing=name == "a spectrum") == []


def test_the_sums_are_whole_so_that_one_rounding_is_left():
    """A kernel in parts rounds each of them; the codes of a folded one are those of exact sums."""
    given = {"x": np.random.default_rng(0).standard_normal((16, 1, 1, 300)).astype(np.float32)}
    folded = quantised(from_proto(signal(188, 300)), given, measured=1).losses
    in_parts = quantised(from_proto(signal(188, 307)), {"x": np.pad(given["x"], [(0, 0)] * 3 + [(0, 7)])}, measured=1)
    assert folded.correlation > in_parts.losses.correlation + 0.005


def test_what_is_counted_are_the_multiply_accumulates_of_the_model():
    """8 positions of 400 weights for each of 2 outputs, however many zeros the folded kernel has."""
    graph = quantised(from_proto(signal(400, 1840 - 160 * 2, strides=[160])), None)
    made = compile_graph(graph, machine_of(CHIP), "best")
    assert [layer.macs for layer in made.report.layers] == [8 * 400 * 2]


def test_phases_and_taps_are_those_of_a_count_by_hand():
    """Runs of 6, a kernel of 10 every 4 from 3 before the signal on: it begins at -3, 1 and 5, and then again."""
    found = starts(Sweep(kernel=10, stride=4, left=3), run=6)
    assert [(one.left, one.zeros, one.taps) for one in found] == [(1, 3, 3), (0, 1, 2), (0, 5, 3)]


def test_windows_that_instructions_say_are_left_alone():
    assert best_run([Sweep(KERNEL, HOP)], 4096) is None
    graph = normalise(from_proto(signal(KERNEL, 320, strides=[HOP])))
    assert next(one.size for one in graph.maps.values()) == (1, 320, 1)


@pytest.mark.parametrize("width", [401, 2 * 199])
def test_of_a_width_that_no_run_divides_the_error_says_which_one_would_do(width):
    with pytest.raises(UnsupportedNodes) as caught:
        normalise(from_proto(signal(160, width, strides=[80])))
    assert "strides and dilations of 1, 80, 1, 1; 32 is the most, but over an input of a width that 4 divides" in str(
        caught.value
    )
    check(signal(160, width - width % 4, strides=[80]), most=3)


OTHERS = {
    "groups": signal(10, 400, channels=2, group=2, strides=[40]),
    "dilations": signal(10, 400, dilations=[2], strides=[40]),
    "channels that differ": signal(
        10, 400, channels=2, strides=[40], before=[node("Mul", "x per_channel", "p")], name="p"
    ),
    "the signal is an output, too": signal(10, 400, strides=[40], after=[node("Identity", "x", "z"), *RELU]),
    "a pool reads it as well": signal(
        10, 400, strides=[40], after=[*RELU, node("MaxPool", "x", "z", kernel_shape=[2])]
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_signal_that_is_read_otherwise_is_not_folded(name):
    made = OTHERS[name]
    if "z" in {output for one in made.graph.node for output in one.output}:
        made.graph.output.add().name = "z"
    with pytest.raises(UnsupportedNodes, match=r"strides and dilations of 1, 40, 1, \d; 32 is the most$"):
        normalise(from_proto(made))


def test_two_spectra_of_one_signal_share_its_layout():
    constants = {"w": whole(1, 3, 1, 200), "v": whole(2, 2, 1, 120)}
    nodes = [node("Conv", "x w", "y", strides=[80]), node("Conv", "x v", "z", strides=[48])]
    made = model(nodes, {"x": [1, 1, 960]}, constants, "y z")
    check(made, most=3)
    assert unequal(made, timing=False) == []


def test_a_spectrum_in_a_network_that_goes_on():
    constants = {"w": whole(1, 12, 1, 256, most=1), "v": whole(2, 4, 12, 3, most=1), "m": whole(3, 4, 5)}
    nodes = [
        node("Conv", "x w", "s", strides=[64]),
        node("Relu", "s", "r"),
        node("Conv", "r v", "t", pads=[1, 1]),
        node("GlobalAveragePool", "t", "g"),
        node("Flatten", "g", "f"),
        node("Gemm", "f m", "y"),
    ]
    assert unequal(model(nodes, {"x": [1, 1, 1024]}, constants), "best") == []


WINDOWS = st.tuples(st.integers(1, 300), st.integers(1, 200), st.integers(0, 40), st.integers(0, 40))


@settings(max_examples=40, deadline=None)
@given(WINDOWS, st.integers(1, 3), st.integers(1, 60), st.sampled_from([1, 2, 12, 21, 60, 64]), st.booleans())
def test_any_window_is_either_exact_or_refused_by_name(sizes, channels, pixels, run, rows):
    kernel, stride, left, right = sizes
    width = pixels * run
    assume(width + left + right >= kernel)
    lead = [1] if rows else []
    pads = [0, left, 0, right] if rows else [left, right]
    made = signal(kernel, width, channels=channels, rows=rows, strides=[*lead, stride], pads=pads)
    try:
        check(made, most=3, constant=True)
    except UnsupportedNodes as refused:
        assert stride > HOP and "strides and dilations" in str(refused) and str(refused).count("\n  ") == 1


@given(st.integers(1, 500), st.integers(HOP + 1, 500), st.integers(0, 100), st.integers(1, 40))
def test_a_run_divides_the_signal_and_holds_each_window(kernel, stride, left, strides):
    sweep, width = Sweep(kernel, stride, left), strides * stride
    run = best_run([sweep], width)
    assert run is not None, "a pixel of a stride's numbers would do"
    found = starts(sweep, run)
    assert width % run == 0 and len(found) == run // math.gcd(run, stride) <= MOST_PHASES
    for number, one in enumerate(found):
        assert one.zeros == number * stride - left + one.left * run >= 0
        assert one.zeros + kernel <= one.taps * run < one.zeros + kernel + run
        assert one.taps <= KERNEL and stride * len(found) // run <= HOP


@pytest.mark.parametrize("attributes", [{"strides": [40, 40, 40]}, {"pads": [1]}, {"strides": [0]}])
def test_malformed_windows_over_a_signal_are_refused(attributes):
    with pytest.raises(UnsupportedNodes, match="conv_y"):
        normalise(from_proto(signal(200, 400, **{"strides": [40], **attributes})))


def test_products_of_a_folded_signal_have_no_more_rows_than_a_pixel_beside_the_kernel():
    (step,) = (one for one in normalise(from_proto(FOLDED["a spectrum"])).steps if isinstance(one, ProductStep))
    rows = math.prod(step.kernel.shape[:3])
    assert 400 <= rows < 400 + step.kernel.shape[2]
