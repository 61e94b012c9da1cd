"""What a program is for: multiply-accumulates counted without running, and everything that tables say."""

from __future__ import annotations

import json

from acortex.isa.asm.assembler import assemble
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


def test_what_cannot_be_counted_is_unknown() -> None:
    """A group that was never written, and a loop that a walk would not end soon."""
    assert macs_by_layer(assemble("group g0, 1, 1\nrect g0, 0, 0\nstart\nmultiply g0, 1\nhalt")) is None
    endless = f"start\nloop l0, {MAX_STEPS}\nagain: nop\nnext l0, again\nhalt"
    assert summary(assemble(endless))["macs"] is None
