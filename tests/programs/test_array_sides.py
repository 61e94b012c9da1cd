"""Networks on chips whose arrays have another side: each layer as onnxruntime computes it, and the digits by hand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from click.testing import CliRunner, Result
from onnx import TensorProto, helper, numpy_helper

from acortex.isa import assemble
from acortex.programs.compiler import compile_graph
from acortex.programs.digits_reference import evaluate, load
from acortex.programs.front import quantised
from acortex.programs.graph import Coding, Geometry, Map
from acortex.programs.mapping.passes import Source, layout_of, window_cost
from acortex.programs.mapping.placement import Tiles, place
from acortex.programs.network.network import Network
from acortex.programs.zoo import FOLDER
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import run
from acortex.tools.cli import cli
from acortex.tools.open.machine import machine_of

OTHERS = (32, 128)


def invoke(*arguments: str | Path) -> Result:
    """A command, with its output and exit code."""
    return CliRunner().invoke(cli, list(map(str, arguments)), prog_name="acortex")


def verified(network: str | Path, k: int, *more: str) -> dict[str, Any]:
    """What `acortex verify` finds of a network on a chip with arrays of that side."""
    made = invoke("verify", network, "--set", f"arrays.k={k}", *more, "--format", "json")
    assert made.exit_code == 0, made.output
    found: dict[str, Any] = json.loads(made.stdout)
    return found


@pytest.mark.parametrize("k", OTHERS)
@pytest.mark.parametrize("network", ["digits_cnn", "letters_mlp", "lstm"])
def test_every_layer_of_the_zoo_equals_onnxruntime(network: str, k: int) -> None:
    found = verified(f"zoo:{network}", k)
    assert found["equal"] and all(row["numbers"] and not row["different"] for row in found["layers"])


def mixed(folder: Path) -> Path:
    """A network with a stride, groups, a residual, pools, channels side by side, and sizes that fill no array."""
    random = np.random.default_rng(8)
    sizes = {
        "a": (40, 3, 3, 3), "b": (40, 20, 3, 3), "c": (100, 40, 1, 1), "d": (100, 1, 3, 3), "e": (70, 100, 1, 1),
        "f": (70 * 4 * 4, 150), "g": (150, 10),
    }  # fmt: skip
    tensors = [
        numpy_helper.from_array(random.standard_normal(size).astype(np.float32), name) for name, size in sizes.items()
    ]

    def conv(x: str, name: str, y: str, **how: Any) -> Any:
        return helper.make_node("Conv", [x, name], [y], **how)

    nodes = [
        conv("x", "a", "a1", pads=[1, 1, 1, 1], strides=[2, 2]), helper.make_node("Relu", ["a1"], ["a2"]),
        conv("a2", "b", "b1", pads=[1, 1, 1, 1], group=2), helper.make_node("Add", ["a2", "b1"], ["b2"]),
        conv("b2", "c", "c1"), helper.make_node("Relu", ["c1"], ["c2"]),
        conv("c2", "d", "d1", pads=[1, 1, 1, 1], group=100),
        helper.make_node("MaxPool", ["d1"], ["d2"], kernel_shape=[2, 2], strides=[2, 2]),
        conv("c2", "e", "e1"), helper.make_node("MaxPool", ["e1"], ["e2"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["e2"], ["f1"]), helper.make_node("MatMul", ["f1", "f"], ["f2"]),
        helper.make_node("Relu", ["f2"], ["f3"]), helper.make_node("MatMul", ["f3", "g"], ["y"]),
    ]  # fmt: skip
    ends = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 16, 16])]
    outs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("y", "d2")]
    graph = helper.make_graph(nodes, "mixed", ends, outs, tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "m.onnx")
    return folder / "m.onnx"


@pytest.mark.parametrize("k", OTHERS)
@pytest.mark.parametrize("mapping", ["taps", "dense", "best"])
def test_every_layer_of_a_mixed_network_equals_onnxruntime(tmp_path: Path, k: int, mapping: str) -> None:
    found = verified(mixed(tmp_path), k, "--chip", "acortex_inception", "--mapping", mapping)
    assert found["equal"] and len(found["layers"]) > 8


# The digits: 785 x 64 and 65 x 10 cells, and an evaluation that knows neither chip nor compiler.

PLACES = {
    32: ("rect g0, 0, 0, height=16\nrect g0, 1, 0, height=9\nrect g0, 2, 0, height=16\nrect g0, 3, 0, height=9",
         "rect g1, 3, 9, height=3", "arrays.n=2"),
    128: ("rect g0, 0, 0, height=7", "rect g1, 1, 0", "arrays.n=1"),
}  # fmt: skip
"""The arrays of the first and of the second layer, and how wide the chip is: 25 x 2 and 3 x 1, 7 x 1 and 1 x 1."""


@pytest.mark.parametrize("k", OTHERS)
def test_the_digits_equal_their_own_evaluation(k: int) -> None:
    first, second, wide = PLACES[k]
    lines = (FOLDER / "digits_mlp.s").read_text().splitlines()
    at = [number for number, line in enumerate(lines) if line.lstrip().startswith("rect")]
    assert len(at) == 3
    lines[at[0]], lines[at[1]], lines[at[2]] = first, "", second
    chip = load_chip("acortex_digits", [f"arrays.k={k}", "arrays.m_top=9", "arrays.m_bottom=7", wide])
    images = load()["images"][:100]
    found = run(assemble("\n".join(lines), folder=FOLDER), chip, inputs={"image": images})
    assert (next(iter(found.outputs.values())) == evaluate(images)).all()


# What the compiler counts


@pytest.mark.parametrize(("k", "arrays"), [(32, [1, 5, 49]), (64, [1, 3, 25]), (128, [1, 2, 13])])
def test_arrays_of_the_digits_network_by_hand(k: int, arrays: list[int]) -> None:
    """Taps without gaps have 9 x 1 rows and 16 columns, 9 x 16 and 32, and 7 x 7 x 32 and 10."""
    made = invoke("compile", "zoo:digits_cnn", "--set", f"arrays.k={k}", "--mapping", "dense", "--format", "json")
    report = json.loads(made.stdout)
    assert [layer["arrays"] for layer in report["layers"] if layer["arrays"]] == arrays
    assert report["arrays_used"] == report["arrays_least"] == sum(arrays)


@pytest.mark.parametrize(
    ("k", "cycles", "used"),
    [
        (32, 196 * 16, 4608 / (5 * 32**2)),  # conversions: three loads and a frame of 9 cycles take less
        (64, 196 * (3 + 18), 4608 / (3 * 64**2)),
        (128, 196 * (3 + 36), 4608 / (2 * 128**2)),  # two arrays, whose 144 rows take three words
    ],
)
def test_the_report_of_a_layer_by_hand(k: int, cycles: int, used: float) -> None:
    """The second convolution: 14 x 14 positions, 9 x 16 rows and 32 columns."""
    made = invoke("compile", "zoo:digits_cnn", "--set", f"arrays.k={k}", "--mapping", "dense", "--format", "json")
    layer = json.loads(made.stdout)["layers"][1]
    assert (layer["cycles"], layer["utilisation"]) == (cycles, pytest.approx(used))


@pytest.mark.parametrize("k", [32, 64, 128])
def test_pixels_side_by_side_take_no_more_arrays(k: int) -> None:
    """Pixels beside each other are spread over a word, whose 64 columns are two arrays of 32: there none are packed."""
    network = Network("stack", input=(8, 8, 8))
    for channels in (16, 8, 16):
        network = network.conv(channels, 1).relu()
    machine = machine_of(load_chip("acortex_inception", [f"arrays.k={k}"]))
    graph = quantised(network.linear(4), None)
    packed, apart = (compile_graph(graph, machine, mapping).report for mapping in ("best", "dense"))
    assert packed.arrays_used <= apart.arrays_used
    operations = [sum(layer.array_operations for layer in one.layers) for one in (packed, apart)]
    assert (operations[0] < operations[1]) == (k > 32)


@pytest.mark.parametrize(("k", "down"), [(32, [6, 8]), (64, [3, 4]), (128, [2, 2])])
def test_arrays_below_a_window_by_hand(k: int, down: list[int]) -> None:
    """A window of 2 x 2 on 45 channels has 180 rows without gaps, and 3 x 64 + 45 with them."""
    source = Source(layout_of(Map("m", 8, 8, 45, Coding(1.0, 0, 4))), 0, 1, 45, 0, 0, 8, 8)
    geometry = Geometry(2, 2, rows=7, columns=7)
    assert [window_cost(geometry, source, dense, k).arrays_down for dense in (True, False)] == down


def test_loads_hide_turns_on_larger_arrays() -> None:
    """Eight arrays of 128 rows take 16 loads and a frame of 36 cycles: three conversions of 16 end by then, not two."""
    chip = load_chip("acortex_digits", ["arrays.k=128", "arrays.m_top=3", "arrays.m_bottom=0", "arrays.n=2"])
    (rects,) = place([Tiles(1, 8)], machine_of(chip)).groups
    taken = Counter(rect.column + step for rect in rects for step in range(rect.width) for _ in range(rect.height))
    assert sorted(taken.values(), reverse=True) == [3, 3, 2]


def test_a_chip_that_is_too_small_says_how_large_it_must_be() -> None:
    made = invoke("compile", "zoo:inception_v1", "--set", "arrays.k=32", "-o", "/dev/null")
    assert made.exit_code == 1
    assert "the network takes 8104 arrays, and acortex_inception has 2584" in made.stderr
    sizes = ["arrays.m_top=52", "arrays.m_bottom=52", "arrays.n=39"]
    assert all(size in made.stderr for size in sizes)
