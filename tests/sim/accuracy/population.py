"""Populations for tests: chips with some errors, and what a program computes on each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa import assemble
from acortex.isa.arithmetic.tensors import decode, from_words
from acortex.isa.program import Program
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.chip.errors import CONDITIONS, Errors
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.functional.lanes import follow, values_of
from acortex.sim.run import prepare

Outputs = dict[str, NDArray[Any]]

MAGNITUDES = [
    name
    for name, field in Errors.model_fields.items()
    if name not in (*CONDITIONS, "own") and "Literal" not in str(field.annotation)
]
"""The settings of errors that are numbers."""

FIXED = {"cell_full_scale_us", "v_read", "threshold_v", "threshold_spread_pct", "on_off", "tuned_share"}
"""Those of which 0 is not none: what other errors are of, or a share of what is written."""

ZERO = [f"errors.{name}=0" for name in MAGNITUDES if name not in FIXED]
"""Every error at zero."""

ALL = [
    "errors.tuning_pct=10", "errors.read_pct=2", "errors.shot_pct=1", "errors.flicker_pct=1", "errors.thermal_pct=5",
    "errors.neuron_offset_codes=0.5", "errors.neuron_gain_pct=3", "errors.ramp_inl_codes=0.3",
    "errors.stuck_on_ppm=900", "errors.array_gain_pct=2", "errors.sensing_offset_pct=0.05", "errors.dac_gain_pct=1",
    "errors.crosstalk_pct=0.5", "errors.dead_arrays_ppm=20000",
]  # fmt: skip
"""Many errors at once."""


PRODUCT = """.program product
.chip acortex_digits
{held}
.input x, {given}
.output y, shape={columns}
.weights w, 64x{columns}
{rows}
group g0, 64, {columns}
rect g0, 0, 0
program g0, w
quant q0, {quantiser}
start
connect g0
inference
base d0, 0
base d1, 1
base d2, {read}
input x, d0
signal host_in, t0
await read, t0
read d2
feed {feed}
multiply g0, 1
convert q0, 1
write d1
signal write, t1
await host_out, t1
output y, d1
endinference
halt
"""


def one_product(
    row: str, quantiser: str, *, given: str = "shape=64", held: str = "", read: int = 0, feed: str = "1, 1"
) -> Program:
    """A program that multiplies one word, that at `read`, by 64 rows of weights that are all `row`.

    Its input is `given`, and lies at 0; `held` is what the memory holds before.
    """
    columns, rows = row.count(",") + 1, "\n".join([f".row {row}"] * 64)
    text = PRODUCT.format(held=held, given=given, columns=columns, rows=rows, quantiser=quantiser, read=read, feed=feed)
    return assemble(text)


def computed(program: Program, chip: Chip, numbers: Sequence[int], seed: int = 0, inputs: Any = None) -> Outputs:
    """The outputs of a program on the chips `numbers` of a population: arrays of shape (chips, inferences, ...)."""
    prepared = prepare(program, chip, inputs=inputs)
    rules = follow(program, chip, prepared.host.inferences)
    analog = AnalogChips(rules.configuration, chip, seed, numbers, top_code(program, chip))
    words = values_of(rules, prepared.host.words(program), analog=analog)
    return {
        tensor.name: np.stack([decode(tensor, from_words(tensor, one)) for one in words[tensor.name]])
        for tensor in program.outputs
    }


def ideal(program: Program, chip: Chip, inputs: Any = None) -> Outputs:
    """What the ideal chip computes."""
    return dict(prepare(program, chip, inputs=inputs).values().outputs)


def with_errors(chip: Chip, settings: Sequence[str]) -> Chip:
    """A chip with errors, whatever its other settings are."""
    errors = load_chip("acortex_digits", settings).errors
    return chip.model_copy(update={"errors": errors})
