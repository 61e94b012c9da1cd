"""What a compiled network needs beside its kernels, in small programs against NumPy.

Tensors in float, neurons with constants of their own, two codings in one conversion,
words that memory holds before anything runs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa.asm.assembler import assemble
from acortex.isa.program import Program
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.executor import RuleError
from acortex.sim.functional.happens_before import OrderError
from acortex.sim.functional.rules.limits import LimitError
from acortex.sim.run import run

CHANNELS, HEIGHT, WIDTH = 3, 4, 21
"""An image of two words a row, sixteen pixels in the first of them."""

PACKED = """
.program packed
.chip acortex_gnmt
.input x, shape=3x4x21, packed=16, encode=linear, scale=0.11, zero=6
.output y, shape=5x4x21, axes=1.2.0, encode=linear, scale=0.7, zero=4
.weights w, 27x5
{rows}
 group g0, 27, 5
 rect g0, 0, 0
 program g0, w
 quant q0, 3, 6, zero=4
 start
 connect g0
 base d0, 0
 dim d0, 0, 8
 base d1, 0
 dim d1, 1, 2
 dim d1, 2, 4, stride=2
 base d2, 8
 dim d2, 0, 84
 window w0, 3, 3, 21, packed=16
 border w0, 4, 21, top=1, left=1, value=6
 inference
 input x, d0
 signal host_in, t0
 await read, t0
 fetch d1, w0
 slide d1, w0, tail=3, dense=yes
 multiply g0, 84
 convert q0, 84
 write d2
 signal write, t1
 await host_out, t1
 output y, d2
 halt
"""


def rows_of(matrix: NDArray[np.generic]) -> str:
    """A matrix as `.row` lines."""
    return "\n".join(".row " + ", ".join(map(str, row)) for row in matrix.tolist())


def convolved(image: NDArray[np.float32], weights: NDArray[np.int64]) -> NDArray[np.float32]:
    """A 3x3 convolution of an image in float, coded, summed and decoded with plain loops."""
    codes = np.clip(np.rint(image / np.float32(0.11)) + 6, 0, 15).astype(np.int64)
    padded = np.pad(codes, ((0, 0), (1, 1), (1, 1)), constant_values=6)
    sums = np.zeros((5, HEIGHT, WIDTH), dtype=np.int64)
    for y in range(HEIGHT):
        for x in range(WIDTH):
            sums[:, y, x] = padded[:, y : y + 3, x : x + 3].transpose(1, 2, 0).reshape(-1) @ weights
    return np.float32(0.7) * (np.clip(np.rint(sums * 3 / 64) + 4, 0, 15) - 4).astype(np.float32)


@pytest.mark.parametrize("batched", [False, True])
def test_a_packed_image_in_float_comes_out_as_floats(batched: bool) -> None:
    generator = np.random.default_rng(5)
    weights = generator.integers(-8, 8, (27, 5))
    images = generator.normal(0, 0.5, (1, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
    program = assemble(PACKED.format(rows=rows_of(weights)))
    outputs = run(program, inputs=images[:, np.newaxis] if batched else images).outputs["y"]
    assert outputs.dtype == np.float32
    np.testing.assert_array_equal(outputs[0], convolved(images[0], weights))


def test_without_input_seeded_codes_stand_in() -> None:
    program = assemble(PACKED.format(rows=rows_of(np.eye(27, 5, dtype=int))))
    assert len(np.unique(run(program, timing=False).outputs["y"])) > 1


TUNED = """.program tuned
.chip acortex_gnmt
.input x, shape=70
.output y, shape=320
.weights w, 70x320
{weights}
.constants plain, 320
{plain}
.constants steep, 320
{steep}
group g0, 70, 320
rect g0, 0, 0, height=2, width=5
program g0, w
quant q0, 1, 9, zero=7
quant q1, 1, 10, zero=2, activation=relu
start
tune q0, plain
tune q1, steep
connect g0
inference
base d0, 0
dim d0, 0, 2
base d1, 2
dim d1, 0, 5
input x, d0
signal host_in, t0
await read, t0
read d0
feed 1, 2, tail=6
multiply g0, 1
{convert}
write d1
signal write, t1
await host_out, t1
output y, d1
halt
"""
"""A product of five words of columns, each neuron with constants of its own."""


@pytest.fixture(scope="module")
def tables() -> dict[str, NDArray[np.int64]]:
    """The weights and constants of the program above."""
    generator = np.random.default_rng(6)
    constants = [
        np.stack([generator.integers(-500, 500, 320), generator.integers(1, 20, 320)], axis=1) for _ in range(2)
    ]
    return {"weights": generator.integers(-8, 8, (70, 320)), "plain": constants[0], "steep": constants[1]}


def tuned_codes(
    sums: NDArray[np.int64], constants: NDArray[np.int64], shift: int, zero: int, floor: float
) -> NDArray[np.int64]:
    """What tuned neurons make of sums, in NumPy on integers and exact quotients."""
    scaled = np.rint((sums + constants[:, 0]) * constants[:, 1] / (1 << shift))
    return np.clip(np.maximum(scaled, floor) + zero, 0, 15).astype(np.int64)


@pytest.mark.parametrize(
    ("convert", "others"),
    [("convert q0, 1", []), ("convert q0, 1, then=q1, every=2", [1, 3]), ("convert q0, 1, then=q1, every=4", [3]),
     ("convert q0, 1, then=q1, every=1", [0, 1, 2, 3, 4])],
)  # fmt: skip
def test_each_neuron_has_its_own_constants_and_each_word_its_coding(
    convert: str, others: list[int], tables: dict[str, NDArray[np.int64]]
) -> None:
    program = assemble(TUNED.format(convert=convert, **{name: rows_of(table) for name, table in tables.items()}))
    codes = np.random.default_rng(7).integers(0, 16, (3, 70))
    outputs = run(program, inputs=codes[:1]).outputs["y"]
    sums = codes[0] @ tables["weights"]
    expected = tuned_codes(sums, tables["plain"], 9, 7, -np.inf)
    steep = tuned_codes(sums, tables["steep"], 10, 2, 0)
    for word in others:
        expected[64 * word : 64 * word + 64] = steep[64 * word : 64 * word + 64]
    assert outputs[0].tolist() == expected.tolist()


def test_a_second_coding_takes_no_time(tables: dict[str, NDArray[np.int64]]) -> None:
    rows = {name: rows_of(table) for name, table in tables.items()}
    cycles = {
        run(assemble(TUNED.format(convert=f"convert q0, 1{more}", **rows)), values=False).cycles
        for more in ("", ", then=q1, every=4")
    }
    assert len(cycles) == 1


SMALL = """.chip acortex_digits
.input x, shape=1
.weights w, 1x3
.row 1, 2, 3
.constants two, 2
.row 1, 2
.row 3, 4
group g0, 1, 3
rect g0, 0, 0
program g0, w
quant q0, 1, 0, zero=4
tune q0, two
quant q1, 1, 0, zero=4
quant q2, 1, 0, zero=4
start
connect g0
base d0, 0
inference
input x, d0
signal host_in, t0
await read, t0
read d0
feed 1, 1
multiply g0, 1
convert q1, 1
write d0
halt
"""
"""Three sums of one code. The line of `tune` is 12, that of `convert` 25."""


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize(
    ("convert", "message"),
    [
        ("convert q0, 1", "convert takes sums of 3 columns, and its quantiser was tuned at small.s:12 for 2"),
        (
            "convert q1, 1, then=q0, every=1",
            "convert takes sums of 3 columns, and its quantiser was tuned at small.s:12 for 2",
        ),
        ("convert q1, 1, then=q2, every=2", "every is 2, and a position has 1 word: none has the other coding"),
        (
            "convert q1, 1, to=vector\nrequant q0, 1",
            "requant takes a quantiser that was tuned at small.s:12: its constants are for neurons",
        ),
        (
            "convert q1, 1, to=vector\nadd q1, q0, 1",
            "add takes a quantiser that was tuned at small.s:12: its constants are for neurons",
        ),
    ],
)
def test_constants_that_do_not_fit(convert: str, message: str, values: bool) -> None:
    program = assemble(SMALL.replace("convert q1, 1", convert), file="small.s")
    with pytest.raises(RuleError) as caught:
        run(program, timing=False, values=values)
    assert caught.value.message == message
    assert caught.value.where == f"small.s:{25 + convert.count(chr(10))}"


LOADED = """.chip acortex_digits
.output y, shape=128
.memory 4, 1
{first}
.memory 5, 1
{second}
quant q0, 1, 0, activation=relu
start
base d0, 4
dim d0, 0, 2
base d1, 20
dim d1, 0, 2
inference
read d0, to=vector
requant q0, 2, zero_a=2
write d1, source=vector
signal write, t0
await host_out, t0
output y, d1
halt
"""
"""Two words that are there before anything runs, less 2. The lines of `.memory` are 3 and 5, that of `read` is 14."""

WORDS = np.random.default_rng(8).integers(0, 16, (2, 64))


def loaded(old: str = "", new: str = "") -> Program:
    """The program above, with a piece of its text replaced."""
    text = LOADED.format(first=rows_of(WORDS[:1]), second=rows_of(WORDS[1:]))
    return assemble(text.replace(old, new) if old else text, file="loaded.s")


def test_the_initial_memory_is_read_as_it_was_given() -> None:
    result = run(loaded())
    assert result.outputs["y"].tolist() == [np.maximum(WORDS.reshape(-1) - 2, 0).tolist()]
    assert result.report["memory"]["written_words"] == 4
    assert result.report["memory"]["peak_words"] >= 2


def test_a_read_of_the_initial_memory_may_be_late() -> None:
    """It counts as written at cycle 0, by the line that gives it: after fifty idle cycles nothing is older."""
    program = loaded("start\n", "start\n" + "nop\n" * 50)
    worst = run(program, load_chip(program.chip, ["memory.retention_s=1e-9"])).report["retention"]["worst"]
    assert (worst["read"], worst["written"]) == ("loaded.s:64", "loaded.s:5")
    assert worst["word"] == 5


def test_words_beside_the_initial_memory_are_unwritten() -> None:
    with pytest.raises(OrderError) as caught:
        run(loaded("base d0, 4", "base d0, 3"))
    assert caught.value.message == "read reads word 3 of main memory, which was never written"


def test_the_initial_memory_must_fit_the_chip() -> None:
    with pytest.raises(LimitError) as caught:
        run(loaded(".memory 5", ".memory 32"))
    assert str(caught.value) == (
        "loaded.s:5: initial memory fills word 32, and acortex_digits has 0 to 31\n"
        "  hint: lower its address, or take a chip with more memory.capacity_kb"
    )
    wide = replace(loaded().memory[0], values=np.full((1, 64), 16, dtype=np.uint8))
    with pytest.raises(LimitError) as caught:
        run(replace(loaded(), memory=(wide,)))
    assert caught.value.message == (
        "initial memory holds code 16; acortex_digits allows up to 15, the highest code of a 4-bit channel of a word"
    )
