"""Runs that skip and do not end as planned: deadlocks, limits, interrupts; and skippers that forget, or keep more."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import simpy
from timed_chips import Kept, Runs, of_ours

from acortex.errors import UsageError
from acortex.isa import assemble_file
from acortex.programs import zoo
from acortex.sim.run import run
from acortex.sim.timing import periods, skipping
from acortex.sim.timing.canonical import Plan
from acortex.sim.timing.kernel import Kernel
from acortex.sim.timing.passages import Passages
from acortex.sim.timing.periods import Periods
from acortex.sim.timing.processes import Handle
from acortex.sim.timing.record import Record
from acortex.sim.timing.skipping import Skipper
from acortex.sim.timing.unit import Unit
from acortex.sim.timing.wiring import TimedChip, unit_paths
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


def test_with_a_limit_of_cycles_nothing_is_skipped_and_all_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(skipping, "WORTH", 0)  # a look at each mark: so few inferences would not be worth it
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


def idles(chip: Handle) -> Generator[simpy.Event, Any, None]:
    yield chip.env.timeout(1)


@pytest.mark.parametrize(
    ("options", "what"), [({"record": True}, "record what comes"), ({"processes": [idles]}, "have processes of a user")]
)
def test_a_chip_that_skips_is_not_made_for_what_needs_each_event(options: dict[str, Any], what: str) -> None:
    with pytest.raises(UsageError, match=f"^TimedChip: a chip that skips cannot {what}\n") as refused:
        of_ours("vmm").new(skip=True, **options)
    assert refused.value.hint == "make the chip with skip=False"


WITHIN: tuple[tuple[str, str, Callable[[TimedChip], object]], ...] = (
    ("run(100)", "stop and go on", lambda chip: chip.run(100)),
    ("advance(3)", "stop and go on", lambda chip: chip.advance(3)),
    ("step", "stop and go on", lambda chip: chip.step()),
    ("snapshot", "have a snapshot", lambda chip: chip.snapshot()),
    ("restore", "go on from a snapshot", lambda chip: chip.restore(of_ours("vmm").new().snapshot())),
)


@pytest.mark.parametrize(("where", "what", "does"), WITHIN, ids=[where for where, *_ in WITHIN])
def test_a_chip_that_skips_does_nothing_within_a_run(
    where: str, what: str, does: Callable[[TimedChip], object]
) -> None:
    """What is refused leaves no mark: the run is the same afterwards."""
    runs = of_ours("vmm")
    chip = runs.new(skip=True)
    with pytest.raises(UsageError, match=f"^{re.escape(where)}: a chip that skips cannot {what}\n") as refused:
        does(chip)
    assert refused.value.hint == "make the chip with skip=False"
    assert chip.run() == seen(runs, False).cycles


def test_a_chip_that_skips_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sums are complete as it ends; after an interrupt it does not go on."""
    chip = of_ours("vmm").new(skip=True)
    cycles = chip.run()
    with pytest.raises(UsageError, match=r"^run: a chip that skips cannot stop and go on\n"):
        chip.run()
    assert chip.skipper is not None
    assert cycles == max(unit.since for unit in chip.units) + chip.skipper.offset
    stopped = of_ours("conv3x3").new(skip=True)
    monkeypatch.setattr(Plan, "take", Calls(1))  # in the first look
    stopped.run()
    assert stopped.interrupted
    with pytest.raises(UsageError, match=r"^run: a chip that skips cannot stop and go on\n"):
        stopped.run()


# Interrupts -----------------------------------------------------------------------------------------------------------


def interrupted(runs: Runs, tick: Callable[[], None] | None) -> tuple[Kept, dict[str, Any]]:
    """The rows and the report of a run that is interrupted."""
    kept = Kept()
    chip = runs.new([kept], skip=True)
    cycles = chip.run(None, tick)
    assert chip.interrupted and chip.stopped
    return kept, runs.report(chip, cycles)


def inconsistent(runs: Runs, kept: Kept, report: dict[str, Any]) -> list[str]:
    """In what the rows of a part are not the first of the whole run, or its sums not those of its rows."""
    whole = seen(runs, False).rows[0].T.tolist()
    events, waits = kept.rows
    wrong = [] if events == whole[: len(events)] else ["events"]
    if report["cycles"] < max(start + duration for start, duration, *_ in events + waits):
        wrong.append(f"ends in cycle {report['cycles']}")
    for number, path in enumerate(unit_paths(runs.chip)):
        unit, mine = report["utilisation"][path], [row for row in events if row[2] == number]
        busy, waiting = sum(row[1] for row in mine), sum(row[1] for row in waits if row[2] == number)
        sums = (unit["busy"], unit["waiting"], unit["busy"] + unit["waiting"] + unit["idle"])
        if sums != (busy, waiting, report["cycles"]) or min(unit.values()) < 0:
            wrong.append(f"{path}: {unit}, its rows {busy} busy and {waiting} waiting")
    return wrong


class Calls:
    """Counts calls, and in one of them interrupts the run as a user does it."""

    def __init__(self, at: int = 0) -> None:
        self.count, self.at = 0, at

    def __call__(self, *_: object) -> None:
        """Counts a call."""
        self.count += 1
        if self.count == self.at:
            signal.raise_signal(signal.SIGINT)

    def some(self) -> list[int]:
        """The first call, the last, and some between them."""
        assert self.count
        return sorted({1, *(self.count * part // 6 for part in range(1, 7))} - {0})


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two ticks there are few steps."""
    drain = Kernel.drain
    monkeypatch.setattr(Kernel, "drain", lambda self, limit, every, tick: drain(self, limit, 1, tick))


@pytest.mark.parametrize("name", ["conv3x3", "in_flight", "pipeline"])
@pytest.mark.usefixtures("often")
def test_an_interrupt_leaves_a_part_of_the_run(name: str) -> None:
    runs, ticks = of_ours(name, inferences=12), Calls()
    runs.new(skip=True).run(None, ticks)
    for at in ticks.some():
        assert inconsistent(runs, *interrupted(runs, Calls(at))) == []


MIDDLE: tuple[tuple[Any, str], ...] = (
    (Plan, "take"),
    (Plan, "give"),
    (Record, "first_waits"),
    (Unit, "restored"),
    (Periods, "times"),
    (Periods, "repeat"),
    (periods, "_fill"),
    (Passages, "end"),
    (Passages, "follow"),
    (Passages, "begin"),
    (Skipper, "_set_up"),
)
"""What a look calls, and what may be interrupted there."""


@contextmanager
def calling(owner: Any, name: str, calls: Calls) -> Iterator[None]:
    """Has a function call another before it begins."""
    called = getattr(owner, name)

    def also(*given: Any) -> Any:
        calls()
        return called(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, also)
        yield


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("owner", "name"), MIDDLE, ids=[name for _, name in MIDDLE])
def test_an_interrupt_in_the_middle_of_a_look_leaves_a_part_of_the_run(owner: Any, name: str) -> None:
    runs, calls = rings(3, 40, 30, ()).runs(), Calls()
    with calling(owner, name, calls):
        runs.new(skip=True).run()
    for at in calls.some():
        with calling(owner, name, Calls(at)):
            kept, report = interrupted(runs, None)
        assert inconsistent(runs, kept, report) == []


# What is kept, and forgotten ------------------------------------------------------------------------------------------

RUNS: dict[str, Callable[[], Runs]] = {
    "convolution": lambda: convolved(12).runs(),
    "ring": lambda: rings(3, 40, 30, ()).runs(),
    "contended ring": lambda: rings(2, 30, 30).runs(),
    "rows": lambda: of_ours("pipeline", inferences=12),
    "deadlock": lambda: stuck(60).runs(),
}


@pytest.mark.sampled(4)
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
