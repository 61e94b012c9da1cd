"""ONNX's shape inference. It ends the whole process for some malformed networks, which get a process of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

PATIENCE_S = 60
"""Seconds that inference in a process of its own may take."""

_CHILD = """\
import sys, onnx
from onnx import shape_inference
model = onnx.load_from_string(sys.stdin.buffer.read())
found = shape_inference.infer_shapes(model, strict_mode="strict" in sys.argv, data_prop="data" in sys.argv)
sys.stdout.buffer.write(found.SerializeToString())
"""


def inferred(model: onnx.ModelProto, strict: bool = False, data: bool = False) -> onnx.ModelProto:
    """The model with the types and shapes that ONNX infers; `data` follows the values of small integers, too.

    With `strict` what is wrong raises, as errors of many types. ValueError where inference ended its process: one of
    onnx's own assertions fails where a kernel is larger than its image and a Slice reads the result.
    """
    from onnx import shape_inference

    if not _may_end_it(model):
        return shape_inference.infer_shapes(model, strict_mode=strict, data_prop=data)
    return _apart(model, [name for name, asked in (("strict", strict), ("data", data)) if asked])


def _apart(model: onnx.ModelProto, options: list[str]) -> onnx.ModelProto:
    """Inference in a process of its own."""
    import onnx

    line = [sys.executable, "-c", _CHILD, *options]
    try:
        done = subprocess.run(line, input=model.SerializeToString(), capture_output=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        raise ValueError(f"ONNX inferred no shapes within {PATIENCE_S} s") from None
    if done.returncode:
        raise ValueError(f"ONNX cannot infer shapes: {done.stderr.decode(errors='replace').strip()[-200:]}")
    return onnx.load_from_string(done.stdout)


def _may_end_it(model: onnx.ModelProto) -> bool:
    """Whether inference may end its process: a Slice of a map whose size was inferred to be below 0 does."""
    return any(node.op_type == "Slice" for graph in _graphs(model.graph) for node in graph.node)


def _graphs(graph: onnx.GraphProto) -> Iterable[onnx.GraphProto]:
    """A graph, and those of the branches and bodies of its nodes."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
                yield from _graphs(inner)
