"""What a sequencer holds between steps: all of it in a snapshot, the bounds of streams and of registers that lag."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acortex.isa.sequencer import Sequencer, Stream

from .test_sequencer import program, walk


def test_a_snapshot_at_any_step_has_all_that_decides_what_comes_next() -> None:
    """Restored into another sequencer of the program, and into one that has gone on since."""
    lines = (
        "window w1, 3, 3, 9", "quant q0, 1, 3", "group g0, 2, 2", "rect g0, 0, 0", "start",
        "loop l0, 3", "loop l1, 2", "base d0, 5, by=l1, stride=2", "dim d0, 1, 4", "lag l2, l0, 1, 12",
        "inference l2", "layer 1", "read d0", "endlayer", "next l1, 8", "next l0, 7", "halt",
    )  # fmt: skip
    one, made = Sequencer(program(*lines), 3), program(*lines)
    fixed = {"program", "inferences", "_decoded", "_counted", "_row"}
    seen = []
    while one.state != "halted":
        snapshot = one.snapshot()
        other = Sequencer(made, 3)
        other.restore(snapshot)
        seen.append(snapshot)
        mine, theirs = (
            {name: value for name, value in vars(each).items() if name not in fixed} for each in (one, other)
        )
        assert mine == theirs
        assert one.step() == other.step()
    for snapshot in seen:
        one.restore(snapshot)
        assert one.snapshot() == snapshot
    assert len({snapshot[-7] for snapshot in seen}) > 1


EXTENTS = st.tuples(*(st.integers(1, 4) for _ in range(4)))
STRIDES = st.tuples(*(st.integers(-50, 50) for _ in range(4)))


@given(st.integers(0, 1000), EXTENTS, STRIDES)
def test_the_bounds_of_a_stream_are_those_of_its_words(base: int, extents: Any, strides: Any) -> None:
    stream = Stream(base, extents, strides)
    words = stream.addresses()
    assert (stream.size, stream.bounds()) == (len(words), (words.min(), words.max()))


@pytest.mark.parametrize(("turns", "lag", "bound"), [(5, 2, 3), (5, 1, 4), (2, 2, 0), (1, 3, 0)])
def test_a_register_that_lags_has_fewer_turns_to_come(turns: int, lag: int, bound: int) -> None:
    sequencer, _ = walk(f"loop l0, {turns}", f"lag l1, l0, {lag}, 2", "next l0, 1")
    assert (sequencer._bounds[0], sequencer._bounds[1]) == (turns, bound)
