"""Signals that come while something is done that must be whole."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import numpy as np
import pytest
from timed_chips import Kept, of_ours

from acortex.sim.timing.interrupts import uninterrupted


def test_a_signal_is_heard_as_the_block_has_ended() -> None:
    before, done = signal.getsignal(signal.SIGINT), []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        done.append("all")
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is before


def test_blocks_may_lie_in_each_other() -> None:
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("inner")
        done.append("outer")
    assert done == ["inner", "outer"]


def test_a_failure_passes() -> None:
    with pytest.raises(ZeroDivisionError), uninterrupted():
        raise ZeroDivisionError


def test_another_thread_has_no_signals() -> None:
    done: list[str] = []

    def work() -> None:
        with uninterrupted():
            done.append("done")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == ["done"]


class Impatient(Kept):
    """A listener whose user interrupts as it receives rows."""

    def events(self, rows: Any) -> None:
        """Keeps events, in the middle of a Ctrl-C."""
        os.kill(os.getpid(), signal.SIGINT)
        super().events(rows)


def test_an_interrupt_as_rows_are_given_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acortex.sim.timing.publishing.LEAST", 50)
    monkeypatch.setattr("acortex.sim.timing.publishing.ROWS", 100)
    runs, whole, cut = of_ours("conv3x3", inferences=40), Kept(), Impatient()
    runs.new([whole], skip=True).run()
    chip = runs.new([cut], skip=True)
    monkeypatch.setattr(chip.kernel, "drain", often(chip.kernel.drain))
    cycles = chip.run()
    (events, _), (all_events, _) = cut.rows, whole.rows
    assert chip.interrupted and cycles > 0
    assert len(events) > 50
    assert events == all_events[: len(events)]
    busy = np.zeros(len(chip.units), np.int64)
    np.add.at(busy, [row[2] for row in events], [row[1] for row in events])
    assert busy.tolist() == [unit.busy for unit in chip.units]


def often(drain: Any) -> Any:
    """A drain that ticks after every few steps."""
    return lambda limit, every, tick: drain(limit, 8, tick)
