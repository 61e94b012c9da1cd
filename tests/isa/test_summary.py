"""What a program is for: multiply-accumulates counted without running, and everything that tables say."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from acortex.isa import summary as module
from acortex.isa.asm.assembler import assemble
from acortex.isa.program import HostPart, HostResult
from acortex.isa.summary import MAX_STEPS, macs_by_layer, summary

SOURCE = """\
.input x, shape=2x3, axes=1.0, encode=linear, scale=0.25, zero=3
.output y, shape=2
.weights w, 2x2, macs=3
.row 1, 2
.row 3, 4
.memory 9, 2
.blob "eNpjYBhYAAAAgAAB"
.constants c, 1
.row 5, 6
.samples x, shape=5x2x3
.row 0,0,0,0,0,0
.row 0,0,0,0,0,0
.row 0,0,0,0,0,0
.row 0,0,0,0,0,0
.row 0,0,0,0,0,0
group g0, 2, 2
rect g0, 0, 0
program g0, w
start
loop l0, host
top: inference l0
layer first
loop l1, 4
again: multiply g0, 10
next l1, again
layer second
multiply g0, 7
endlayer
multiply g0, 1
next l0, top
halt
"""


def test_macs_are_counted_for_one_inference_by_layer() -> None:
    assert macs_by_layer(assemble(SOURCE)) == {"first": 4 * 10 * 3, "second": 7 * 3, "-": 3}


def test_a_report_says_what_the_tables_say() -> None:
    report = summary(assemble(SOURCE, file="s.s"))
    assert json.loads(json.dumps(report.as_dict())) == report
    assert report["program"]["instructions"] == len(assemble(SOURCE).words)
    assert report["inputs"] == [
        {"name": "x", "shape": [2, 3], "shapes": [[2, 3]], "encode": "linear", "bits": 4, "scale": 0.25, "zero": 3,
         "axes": [1, 0], "packed": 1, "words": 3}
    ]  # fmt: skip
    assert (report["outputs"][0]["scale"], report["outputs"][0]["zero"]) == (None, None)
    assert report["weights"] == [{"name": "w", "rows": 2, "columns": 2, "bytes": 2}]
    assert report["constants"] == [{"name": "c", "columns": 1}]
    assert report["memory"] == [{"address": 9, "words": 2}]
    assert report["layers"] == [{"name": "first", "macs": 120}, {"name": "second", "macs": 21}]
    assert (report["macs"], report["samples"], report["labels"]) == (144, 5, False)
    assert (report.macs_inferences, report.macs_outside_layers) == (1, 3)
    assert report["parts"] == report["results"] == []


@pytest.mark.parametrize("samples", [1, 2, 5])
def test_a_loop_of_a_fixed_count_is_counted_for_all_samples(samples: int) -> None:
    rows = [".row 0,0,0,0,0,0\n"] * samples
    source = SOURCE.replace("shape=5x2x3", f"shape={samples}x2x3").replace(".row 0,0,0,0,0,0\n" * 5, "".join(rows))
    report = summary(assemble(source.replace("loop l0, host", f"loop l0, {samples}")))
    assert (report.macs_inferences, report.macs, report.macs_outside_layers) == (samples, 144 * samples, 3 * samples)
    assert [one.macs for one in report.layers] == [120 * samples, 21 * samples]
    beyond = summary(assemble(source.replace("loop l0, host", f"loop l0, {samples + 1}")))
    assert (beyond.macs_inferences, beyond.macs, beyond.macs_outside_layers) == (1, None, None)


def test_parts_and_results_of_the_host_are_told() -> None:
    parts = (HostPart("first", np.zeros(7, np.uint8)), HostPart("last", np.zeros(300, np.uint8)))
    results = (HostResult("y", (2, 3), "float32"),)
    report = summary(replace(assemble(SOURCE), parts=parts, results=results))
    assert [(one.name, one.bytes) for one in report.parts] == [("first", 7), ("last", 300)]
    assert [(one.name, one.shape, one.type) for one in report.results] == [("y", [2, 3], "float32")]


def test_what_cannot_be_counted_is_unknown() -> None:
    """A group that was never written, and a loop that a walk would not end soon."""
    assert macs_by_layer(assemble("group g0, 1, 1\nrect g0, 0, 0\nstart\nmultiply g0, 1\nhalt")) is None
    endless = f"start\nloop l0, {MAX_STEPS}\nagain: nop\nnext l0, again\nhalt"
    assert summary(assemble(endless))["macs"] is None


@pytest.mark.parametrize(("most", "known"), [(5, True), (4, False)])
def test_a_program_is_counted_up_to_so_many_instructions(
    most: int, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_STEPS", most)
    assert (macs_by_layer(assemble("start\nnop\nnop\nnop\nhalt")) is not None) == known
