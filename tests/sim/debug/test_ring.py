"""What is kept along a run is never far from where one goes back to, and there is little of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acortex.sim.debug.ring import Ring


@given(st.integers(1, 3000), st.sampled_from([2, 5, 16]), st.integers(1, 500))
def test_any_distance_finds_one_that_is_a_part_of_it_away(steps: int, near: int, step: int) -> None:
    ring: Ring[int] = Ring(step, near)
    for number in range(steps + 1):
        ring.keep(number * step, number)
    last = steps * step
    assert len(ring) <= (near + 1) * (steps.bit_length() + 1)
    for back in range(0, last, max(last // 50, 1)):
        found = next(ring.before(last - back))
        assert found * step <= last - back
        assert last - back - found * step <= step + 2 * (last - found * step) / near


def test_what_is_kept_again_behind_others_keeps_its_place() -> None:
    ring: Ring[str] = Ring(10)
    for place in (0, 10, 20, 30):
        ring.keep(place, f"first {place}")
    ring.keep(10, "again")
    assert list(ring.before(25)) == ["first 20", "again", "first 0"]
    assert list(ring.before(-1)) == [] and 10 in ring and 11 not in ring and ring[10] == "again"
