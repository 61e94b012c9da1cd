"""Kernels longer than an instruction can say, in parts, against onnxruntime on the original model."""

import json
import re
from pathlib import Path

import float_models
import numpy as np
import originals
import pytest
from click.testing import CliRunner
from originals import check, inputs_of, model, node, whole
from test_exported_networks import unequal

from acortex.programs import quantised
from acortex.programs.compiler import compile_graph
from acortex.programs.network.importer import from_proto
from acortex.programs.operators.context import UnsupportedNodes
from acortex.programs.operators.long_windows import LONGEST, MOST_PARTS, within_buffer
from acortex.programs.operators.normalise import normalise
from acortex.programs.reference.layers import reference
from acortex.programs.steps import AddStep, ProductStep
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.tools.open.machine import machine_of


def signal(kernel, width=307, channels=1, out=2, *, after="", most=2, **attributes):
    """A convolution over a signal of a prime width, which cannot be folded, with a bias and what may follow it."""
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
    "channels": signal(129, channels=5, width=211),
    "an image, both ways": image((130, 131), (140, 150)),
    "an image, upwards": image((140, 3), (150, 9)),
    "parts that see padding alone": signal(400, width=127, pads=[120, 200]),
    "one part that sees more than padding": signal(256, width=131, pads=[126, 126]),
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
    given = {"x": np.random.default_rng(0).standard_normal((16, 1, 1, 307)).astype(np.float32)}
    graph = quantised(from_proto(signal(LONGEST + 60)), given, measured=1)
    assert graph.losses.correlation > 0.9


def test_strides_that_no_instruction_says_are_refused_still():
    with pytest.raises(UnsupportedNodes, match="strides and dilations of 1, 40") as caught:
        normalise(from_proto(signal(200, strides=[40])))
    assert str(caught.value).count("(Conv)") == 1


# Windows above the buffer -------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[3]

ROOM = 12
"""Words of a buffer for the windows below."""


def wide(channels, kernel, size=(5, 6), out=3, after="Relu", **attributes):
    """A convolution of many channels, and what follows it."""
    constants = {"w": whole(1, out, channels, *kernel, most=1), "b": whole(2, out)}
    nodes = [node("Conv", "x w b", "c", **attributes), node(after, "c", "y")]
    return model(nodes, {"x": [1, channels, *size]}, constants)


FLAT = {"w": whole(1, 1600, 3, most=1), "b": whole(2, 3)}

WIDE = {
    "rows": (wide(256, (3, 3), pads=[1, 1, 1, 1]), 3),
    "rows, two of three at once": (wide(130, (3, 2)), 2),
    "columns": (wide(300, (3, 3)), 6),
    "channels": (wide(1000, (1, 1)), 2),
    "channels of one tap": (wide(1500, (2, 2)), 8),
    "strides and dilations": (wide(130, (3, 3), strides=[2, 2], dilations=[1, 2]), 6),
    "one column": (wide(600, (3, 1)), 3),
    "a sigmoid behind": (wide(256, (3, 3), after="Sigmoid"), 3),
    "an image that is flattened": (
        model([node("Flatten", "x", "f"), node("Gemm", "f w b", "y")], {"x": [1, 64, 5, 5]}, FLAT),
        3,
    ),
    "a vector": (model([node("Gemm", "x w b", "y")], {"x": [1, 1600]}, FLAT), 3),
}


def cut_for(made, words):
    """The normal form of a model, cut for a buffer."""
    graph = normalise(from_proto(made))
    within_buffer(graph, words)
    return graph


def products_of(graph):
    return [step for step in graph.steps if isinstance(step, ProductStep)]


@pytest.mark.parametrize("name", WIDE)
def test_parts_of_a_window_make_what_the_whole_one_does(name, monkeypatch):
    made, parts = WIDE[name]
    monkeypatch.setattr(originals, "normalise", lambda model: within(normalise(model), ROOM))
    check(made, most=3, within=2e-6 if "sigmoid" in name else 0.0)
    assert len(products_of(cut_for(made, ROOM))) == parts


def within(graph, words):
    within_buffer(graph, words)
    return graph


@pytest.mark.parametrize("name", WIDE)
def test_a_chip_with_a_small_buffer_equals_its_reference(name):
    made, _ = WIDE[name]
    assert unequal_on(made, ROOM) == 0


@pytest.mark.parametrize("name", WIDE)
def test_a_buffer_as_large_as_the_warning_says_keeps_a_window_whole(name):
    made, _ = WIDE[name]
    (told,) = cut_for(made, ROOM).warnings
    words = int(re.search(r"buffer.words=(\d+) would keep it whole$", told)[1])
    assert cut_for(made, words).warnings == [] and len(products_of(cut_for(made, words))) == 1
    assert cut_for(made, words - 1).warnings != []


def test_parts_are_added_two_by_two():
    """Nine parts: four roundings follow each other at most, not eight."""
    graph = cut_for(WIDE["columns"][0], 5)
    depth = {step.out: 0 for step in products_of(graph)}
    for step in graph.steps:
        if isinstance(step, AddStep):
            depth[step.out] = 1 + max(depth[step.a.map], depth[step.b.map])
    assert len(depth) == 9 + 8 and max(depth.values()) == 4


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (wide(64, (3, 3)), 9),
        (wide(64, (1, 1)), 1),
        (signal(140, channels=4, out=4, group=2, most=1), 1),
        (wide(16, (3, 3)), 6),
        (wide(64 * (MOST_PARTS + 1), (1, 1), out=1), 1),
    ],
)
def test_what_fits_or_cannot_be_cut_stays_whole(made, words):
    before = normalise(from_proto(made))
    assert len(cut_for(made, words).steps) == len(before.steps) and cut_for(made, words).warnings == before.warnings


def classifier(before, channels, place=5):
    """An image of some channels that something makes, flattened, and a matrix."""
    constants = {"k": whole(3, channels, 2, 1, 1, most=2), "w": whole(1, channels * place**2, 3, most=1)}
    nodes = [node("Conv", "x k", "c"), *before, node("Flatten", "p", "f"), node("Gemm", "f w", "y")]
    return model(nodes, {"x": [1, 2, 5, 5]}, constants)


POOL = node("MaxPool", "c", "p", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
RELU = node("Relu", "c", "p")


@pytest.mark.parametrize(
    ("made", "words", "parts"),
    [
        (classifier([POOL], 16), 25, 1),
        (classifier([POOL], 16), 24, 2),  # a pool finds a word for each pixel, so that four do not share one
        (classifier([POOL], 40), 24, 2),
        (classifier([RELU], 16), 24, 2),
        (classifier([RELU], 16), 25, 1),
        (wide(16, (5, 5), pads=[2, 2, 2, 2]), 12, 1),
    ],
)
def test_pixels_of_an_input_alone_share_words_in_a_window(made, words, parts):
    cut = [step for step in products_of(cut_for(made, words)) if step.name.startswith(("gemm_y", "conv_y", "conv_c."))]
    assert max(len(cut), 1) == parts
    assert unequal_on(made, words) == 0


def unequal_on(made, words):
    """How many outputs of the chip with a buffer differ from the reference."""
    chip, given = load_chip("acortex_gnmt", [f"buffer.words={words}"]), inputs_of(made)
    graph = quantised(from_proto(made), given, buffer_words=words)
    (found,) = run(compile_graph(graph, machine_of(chip)).program, chip, inputs=given, timing=False).outputs.values()
    session = float_models.session(reference(graph))
    wanted = [session.run(None, {"x": one})[0] for one in given["x"]]
    return int(np.count_nonzero(found.reshape(np.shape(wanted)) != wanted))


def test_networks_of_the_zoo_are_cut_as_others_and_cost_what_the_deviations_say():
    (row,) = re.findall(r"run zoo:digits_cnn --set buffer.words=N.*", (ROOT / "DEVIATIONS.md").read_text())
    share, products = re.search(r"([\d.]+) % with (\d+) \(3\)", row).groups()
    found = CliRunner().invoke(cli, ["run", "zoo:digits_cnn", "--set", "buffer.words=3", "--functional-only"])
    assert found.exit_code == 0 and "dense (Gemm): its window takes 49 words" in found.stderr
    assert float(re.search(r"accuracy +([\d.]+) %", found.stdout)[1]) == float(share)
    parts = [int(count) for count in re.findall(r"cut into (\d+) parts", found.stderr)]
    assert len(parts) == 3 and sum(parts) == int(products)


def test_the_smallest_chip_keeps_networks_of_the_zoo_whole():
    found = CliRunner().invoke(cli, ["compile", "zoo:digits_cnn", "--set", "buffer.words=3", "--smallest-chip"])
    assert found.exit_code == 0 and "buffer.words=49" in found.stdout and found.stderr == ""


def test_the_command_cuts_for_the_chip_at_hand_and_the_smallest_chip_keeps_it_whole(tmp_path):
    (tmp_path / "wide.onnx").write_bytes(WIDE["rows"][0].SerializeToString())
    args = ["compile", str(tmp_path / "wide.onnx"), "--set", f"buffer.words={ROOM}", "--format", "json"]
    cut, whole_one = (json.loads(invoke(*args, *more)) for more in ([], ["--smallest-chip"]))
    assert any("buffer.words=36 would keep it whole" in one for one in cut["warnings"])
    assert not any("cut into" in one for one in whole_one["warnings"])
    assert (cut["smallest_chip"]["buffer_words"], whole_one["smallest_chip"]["buffer_words"]) == (None, 36)


def invoke(*args):
    return CliRunner().invoke(cli, args, catch_exceptions=False).stdout
