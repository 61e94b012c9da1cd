"""Runs that skip and do not end as planned: deadlocks, limits, interrupts; and skippers that forget, or keep more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from timed_chips import Runs, of_ours

from acortex.isa import assemble_file
from acortex.programs import zoo
from acortex.sim.run import run
from acortex.sim.timing import skipping
from acortex.sim.timing.kernel import Kernel
from acortex.sim.timing.skipping import Skipper
from judge.aimed import (
    CONTENDED,
    Aim,
    convolved,
    products,
    rings,
    stuck,
    stuck_as_a_frame_waits,
    stuck_as_the_controller_waits,
)
from judge.skips import differences, hold, seen

# Deadlocks ------------------------------------------------------------------------------------------------------------

STUCK: dict[str, Aim] = {
    "in the middle": stuck(30),
    "as the controller waits for a queue": stuck(30, "controller.queue_depth=1"),
    "on a contended chip": stuck(30, "controller.queue_depth=2", *CONTENDED),
    "at once after a mark, a frame waits": stuck_as_a_frame_waits(20),
    "at once after a mark, the controller waits": stuck_as_the_controller_waits(20),
}


@pytest.mark.parametrize("name", STUCK)
def test_a_deadlock_after_what_was_skipped_is_the_same(name: str) -> None:
    """The message, the lines that it names, and all rows, those of the waits that are the deadlock among them."""
    found = hold(STUCK[name].runs())
    assert found.error.startswith("nothing can happen any more after cycle")
    assert found.offset


# Limits ---------------------------------------------------------------------------------------------------------------


def test_with_a_limit_of_cycles_nothing_is_skipped_and_all_is_the_same() -> None:
    program = assemble_file(zoo.FOLDER / "in_flight.s")
    inputs = {"x": np.zeros((6, 64), np.uint8)}
    whole = run(program, inputs=inputs, values=False, check_order=False)
    assert whole.report.skipped.events
    for limit in range(1, whole.cycles + 2, 3):
        one, other = (
            run(program, inputs=inputs, values=False, check_order=False, max_cycles=limit, skip=skip).report
            for skip in (False, True)
        )
        assert one == other
        assert not other.skipped.events


# What is kept, and forgotten ------------------------------------------------------------------------------------------

RUNS: dict[str, Callable[[], Runs]] = {
    "convolution": lambda: convolved(12).runs(),
    "ring": lambda: rings(3, 40, 30, ()).runs(),
    "contended ring": lambda: rings(2, 30, 30).runs(),
    "rows": lambda: of_ours("pipeline", inferences=12),
    "deadlock": lambda: stuck(60).runs(),
}


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two ticks there are few steps."""
    drain = Kernel.drain
    monkeypatch.setattr(Kernel, "drain", lambda self, limit, every, tick: drain(self, limit, 16, tick))


@pytest.mark.parametrize("longest", [50, 500])
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.usefixtures("often")
def test_a_long_run_forgets_what_it_saw_and_is_the_same(
    monkeypatch: pytest.MonkeyPatch, name: str, longest: int
) -> None:
    restarts, restart = [], Skipper.restart
    monkeypatch.setattr(Skipper, "restart", lambda self: (restarts.append(self.offset), restart(self)))
    monkeypatch.setattr(skipping, "LONGEST", longest)
    assert hold(RUNS[name]()).offset
    assert restarts


@pytest.mark.parametrize(("kept", "least"), [(1, 2), (1, 100), (100, 2), (100, 12)])
@pytest.mark.parametrize("name", RUNS)
def test_however_much_is_kept_and_looked_at_all_is_the_same(
    monkeypatch: pytest.MonkeyPatch, name: str, kept: int, least: int
) -> None:
    monkeypatch.setattr(skipping, "KEPT", kept)
    monkeypatch.setattr(skipping, "LEAST", least)
    whole, found = (seen(RUNS[name](), skip) for skip in (False, True))
    assert differences(whole, found) == []


def test_a_row_that_is_missed_is_a_difference() -> None:
    """The harness finds what it is for: a number, a row, the order of rows, an error."""
    one = seen(products(30).runs(), True)
    events, waits = one.rows
    assert differences(one, replace(one, rows=(events[:, :-1], waits)))
    assert differences(one, replace(one, rows=(events[:, ::-1], waits)))
    assert differences(one, replace(one, numbers={**one.numbers, "cycles": 1}))
    assert differences(one, replace(one, error="nothing can happen"))
    assert not differences(one, replace(one, skipped=0))
