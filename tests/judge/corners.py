"""The corners of a random program that no operand alone shows: windows, turns, parallel parts, and what orders it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from acortex.isa.arithmetic.windows import Window
from acortex.isa.operands import AGENTS
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.sim.chip.specs import Chip
from judge.arithmetic import spills
from judge.counting import group_counts, image, pooling, slid
from judge.loosen import MOVES
from judge.plans import Case

Corner = tuple[str, ...]

_LEFT = ("none", "one", "several")
SPECIAL: set[Corner] = {
    *(("pool leaves out", axis, left) for axis in ("rows", "columns") for left in _LEFT),
    *(("pool", what) for what in ("border", "nothing under it", "hops over pixels", "dilated", "packed", "deep")),
    *(("slide", what) for what in ("begins outside", "nothing under it", "apart", "dilated", "hops over words")),
    *(("convert", what) for what in ("in turns", "words wait for an earlier column")),
    *(("write", what) for what in ("spills", "some channels")),
    ("feed", "keep"),
    *(("chip", what) for what in ("queue of one", "ports", "lanes down", "lanes up", "frames at once", "bank longer")),
    *(("chip", what) for what in ("results of one", "latency above access", "two latches", "converters")),
    *(("loosened", "maker", agent) for agent in AGENTS),
    *(("loosened", what) for what in ("no token", "other place", *MOVES)),
}  # fmt: skip
"""What random programs have to come into, too."""


def special(case: Case) -> Counter[Corner]:
    """Which of them a program comes into, and how often."""
    found: Counter[Corner] = Counter(("chip", what) for what in _chip(case.chip))
    for what, count in case.loosened.items():
        found["loosened", *what] += count
    sequencer = Sequencer(case.program, case.inferences)
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None and dispatch.row.mnemonic in _LOOK:
            found.update(_LOOK[dispatch.row.mnemonic](dispatch))
        if dispatch is not None and dispatch.row.mnemonic == "multiply":
            turns = group_counts(sequencer.groups[dispatch.group], case.chip).turns
            positions = dispatch.ops.positions
            found["convert", "in turns"] += positions * (len(turns) > 1)
            found["convert", "words wait for an earlier column"] += positions * any(t.early for t in turns)
    return found


def _chip(chip: Chip) -> Iterator[str]:
    marks = {
        "queue of one": chip.controller.queue_depth == 1,
        "ports": chip.memory.ports > 1,
        "lanes down": chip.buses.down_lanes > 1,
        "lanes up": chip.buses.up_lanes > 1,
        "frames at once": chip.arrays.frames_at_once > 1,
        "bank longer": chip.memory.bank_cycles > chip.memory.access_cycles,
        "results of one": chip.vector.queue_words == 1,
        "latency above access": chip.memory.read_latency_ns > 10,
        "two latches": chip.arrays.overlap_loads,
        "converters": chip.neurons.adcs_per_column > 1,
    }
    return (name for name, holds in marks.items() if holds)


def _pool(d: Dispatch) -> Iterator[Corner]:
    assert d.stream is not None
    w, (depth, width, height, _) = pooling(d), d.stream.extents
    down = (w.rows - 1) * w.stride_y - w.top + (w.kernel_y - 1) * w.dilation_y
    across = (w.columns - 1) * w.stride_x - w.left + (w.kernel_x - 1) * w.dilation_x
    for axis, left in (("rows", height - 1 - down), ("columns", width - 1 - across)):
        yield "pool leaves out", axis, _LEFT[min(max(left, 0), 2)]
    if w.top or w.left:
        yield "pool", "border"
    if not all(_reached(w, height)):
        yield "pool", "nothing under it"
    if w.stride_y > w.kernel_y or w.stride_x > w.kernel_x:
        yield "pool", "hops over pixels"
    if w.dilation_y > 1 or w.dilation_x > 1:
        yield "pool", "dilated"
    if d.window and d.window.packed > 1:
        yield "pool", "packed"
    if depth > 1:
        yield "pool", "deep"


def _reached(w: Window, height: int) -> Iterator[bool]:
    """For each position whether some of its taps lie inside the image."""
    rows = [any(0 <= r * w.stride_y - w.top + t * w.dilation_y < height for t in range(w.kernel_y))
            for r in range(w.rows)]  # fmt: skip
    columns = [any(0 <= c * w.stride_x - w.left + t * w.dilation_x < w.width for t in range(w.kernel_x))
               for c in range(w.columns)]  # fmt: skip
    return (row and column for row in rows for column in columns)


def _slide(d: Dispatch) -> Iterator[Corner]:
    assert d.window is not None and d.stream is not None
    new = [count for count, _ in image(slid, d)]
    if not new[0]:
        yield "slide", "begins outside"
    if not sum(new):
        yield "slide", "nothing under it"
    if d.window.apart:
        yield "slide", "apart"
    if d.window.dilation_y > 1 or d.window.dilation_x > 1:
        yield "slide", "dilated"
    if d.window.stride_x > (d.window.kernel_x - 1) * d.window.dilation_x + 1:
        yield "slide", "hops over words"


def _write(d: Dispatch) -> Iterator[Corner]:
    if spills(d):
        yield "write", "spills"
    if d.ops.shift or d.ops.tail < 64:
        yield "write", "some channels"


def _feed(d: Dispatch) -> Iterator[Corner]:
    if d.ops.keep:
        yield "feed", "keep"


_LOOK = {"pool": _pool, "slide": _slide, "write": _write, "feed": _feed}
