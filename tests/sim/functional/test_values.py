"""Values move as slices where their words follow each other, and nothing that is read is changed by a later write."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.asm.assembler import assemble
from acortex.isa.flows import Flow
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.values import Values, _run
from acortex.sim.run import run

COPY = """
        .input x, shape=64, encode=codes
        .output y, shape=64
        start
        base d0, 0
        base d1, 1
        loop l0, host
turn:   inference l0
        input x, d0
        signal host_in, t0
        await read, t0
        quant q0, 1, 0, activation=relu
        read d0, to=vector
        requant q0, 1
        write d1, source=vector
        signal write, t1
        await host_out, t1
        output y, d1
        signal host_out, t2
        endinference
        await host_in, t2
        next l0, turn
        halt
"""


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([], None),
        ([5], slice(5, 6)),
        ([5, 6, 7], slice(5, 8)),
        ([7, 6, 5], None),
        ([5, 7, 6, 8], None),
        ([5, 5, 7], None),
        ([5, 7], None),
    ],
)
def test_words_that_follow_each_other_are_a_slice(addresses: list[int], expected: slice | None) -> None:
    assert _run(np.array(addresses, dtype=np.int64)) == expected


@given(st.lists(st.integers(0, 9), max_size=8), st.booleans())
def test_what_is_read_is_a_copy_of_memory(addresses: list[int], lanes: bool) -> None:
    values = Values(assemble(" start\n halt\n"), load_chip("acortex_digits"), {}, 3, lanes)
    random = np.random.default_rng(0)
    values.memory[..., :10, :] = random.integers(0, 16, (*values.memory.shape[:-2], 10, 64))
    places = np.array(addresses, dtype=np.int64)
    read = values._taken(None, Flow(reads=True), places)  # type: ignore[arg-type]  # it asks nothing of it
    before = values.memory[..., places, :].copy()
    np.testing.assert_array_equal(read, before)
    values.memory[:] = 99
    np.testing.assert_array_equal(read, before)


def test_words_are_read_before_others_take_their_place() -> None:
    """A word travels on through the vector agent after its place in memory was written anew."""
    given_ = np.random.default_rng(1).integers(0, 16, (4, 64)).astype(np.uint8)
    np.testing.assert_array_equal(run(assemble(COPY), inputs=given_, timing=False).outputs["y"], given_)
