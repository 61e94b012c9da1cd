"""A matrix taller than a chip can join: two groups, two conversions, both codes added on the write stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from acortex.isa import assemble
from acortex.sim.run import run

ROWS = 1024
HALF = ROWS // 64 // 2
"""Words of each half of the inputs: all arrays of one of the chip's two columns."""

SHIFT = 9
"""A code stands for 2^9 of a partial sum."""

SOURCE = f""".program partial
.chip    acortex_digits
.input   x, shape={ROWS}
.output  y, shape=64
.weights upper, {ROWS // 2}x64, file="w.npz", key=upper
.weights lower, {ROWS // 2}x64, file="w.npz", key=lower
group    g0, {ROWS // 2}, 64
rect     g0, column=0, row=0, height={HALF}
program  g0, upper
group    g1, {ROWS // 2}, 64
rect     g1, column=1, row=0, height={HALF}
program  g1, lower
quant    q0, 1, {SHIFT}, zero=8
quant    q1, 1, 0, zero=8               ; the sum of both, a code for a code
start
connect  g0
connect  g1
inference
base     d0, 0
dim      d0, 0, {2 * HALF}
base     d1, {2 * HALF}
base     d2, {2 * HALF + 1}
input    x, d0
signal   host_in, t0
await    read, t0
read     d0
feed     1, {HALF}
multiply g0, 1
convert  q0, 1
write    d1                             ; the upper half's codes wait in memory
signal   write, t1
await    operand, t1
operand  d1
feed     1, {HALF}
multiply g1, 1
convert  q0, 1, to=vector
add      q1, q1, 1, zero_a=8, zero_b=8
write    d2, source=vector
signal   write, t2
await    host_out, t2
output   y, d2
endinference
halt
"""


def test_two_partial_sums_add_up_within_their_roundings(tmp_path: Path) -> None:
    random = np.random.default_rng(12)
    weights = random.integers(-7, 8, (ROWS, 64))
    upper, lower = weights[: ROWS // 2], weights[ROWS // 2 :]
    np.savez(tmp_path / "w.npz", upper=upper.astype(np.int8), lower=lower.astype(np.int8))
    x = random.integers(0, 16, (1, ROWS))
    (made,) = run(assemble(SOURCE, folder=tmp_path), inputs=x).outputs["y"].astype(np.int64)
    parts = [np.clip(np.rint(half @ matrix / 2**SHIFT), -8, 7) for half, matrix in
             ((x[0, : ROWS // 2], upper), (x[0, ROWS // 2 :], lower))]  # fmt: skip
    np.testing.assert_array_equal(made, np.clip(parts[0] + parts[1], -8, 7) + 8)
    # Half a code for each conversion: the price of a sum that no bus joins.
    assert np.abs(made - 8 - np.clip(x[0] @ weights / 2**SHIFT, -8, 7)).max() <= 1
