"""Observers of a run. They hear of every event and wait, and can change nothing: without one, nothing is told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from acortex.sim.kernel import Emit, EmitWait, Unit


class Observer(Protocol):
    """Who hears of events and waits, as acortex.traces.TraceWriter does."""

    emit: Emit
    wait: EmitWait


def attach(units: Sequence[Unit], observers: Sequence[Observer], price: Sequence[int]) -> None:
    """Lets observers hear of what units do; `price` is the energy of one count of each kind, in attojoules."""
    if not observers:
        return
    emit, wait = observers[0].emit, observers[0].wait
    if len(observers) > 1:
        emit, wait = _all([o.emit for o in observers]), _all_waits([o.wait for o in observers])
    for unit in units:
        unit.price = price
        unit.emit = emit
        unit.emit_wait = wait


def _all(listeners: Sequence[Emit]) -> Emit:
    def emit(*event: int) -> None:
        for listener in listeners:
            listener(*event)

    return emit


def _all_waits(listeners: Sequence[EmitWait]) -> EmitWait:
    def wait(*interval: int) -> None:
        for listener in listeners:
            listener(*interval)

    return wait
