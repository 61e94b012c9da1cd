"""Settings that were laid over a chip and cannot move a cycle of a run: what they are about does not happen in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from acortex.sim.chip.setting import TIME
from acortex.sim.chip.specs import SETTINGS
from acortex.sim.chip.timing_settings import DELAYS
from acortex.sim.results import RunReport, TimedReport, timed


class Idle(NamedTuple):
    """Settings, by the beginning of their paths, that move no cycle of a run of which `holds` is true, and why."""

    paths: tuple[str, ...]
    why: str
    holds: Callable[[TimedReport], bool]


def _never(*counts: str) -> Callable[[TimedReport], bool]:
    """Whether some things never happened."""
    return lambda run: not any(run.counts[name] for name in counts)


def _free_banks(run: TimedReport) -> bool:
    """Whether no access ever finds its bank taken, as docs/timing.md says when it looks."""
    memory: dict[str, Any] = run.chip.config["memory"]
    return bool(memory["ports"] == 1 and memory["bank_cycles"] <= memory["access_cycles"])


IDLE = (
    # Not so memory.bank_cycles: the chip beneath may have had more cycles, which held up accesses.
    Idle(("memory.banks",), "with one port a bank is free as soon as the port is", _free_banks),
    Idle(
        ("vector.",),
        "the program gives the vector agent nothing to do",
        lambda run: run.utilisation["vector"].idle == run.cycles,
    ),
    Idle(("arrays.", "neurons."), "the program uses no array", _never("loads", "array_operations", "conversions")),
    Idle(("buffer.",), "nothing comes into the buffer", lambda run: run.utilisation["buffer"].idle == run.cycles),
    Idle(("buses.",), "no word crosses a bus", _never("bus_words")),
    Idle(
        ("host.part_ns", "host.operations_per_ns"),
        "the host works on no part of the network",
        lambda run: run.utilisation["host/work"].idle == run.cycles,
    ),
    Idle(
        ("program_erase.",),
        "weights are written before the run: it moves the set-up alone",
        lambda run: run.utilisation["program_erase"].idle == run.cycles,
    ),
)


def still(report: RunReport) -> list[str]:
    """The delays, by path, that move no cycle of a whole run in time, whatever they are."""
    run = timed(report)
    idle = tuple(path for row in IDLE if row.holds(run) for path in row.paths)
    return [path for path in DELAYS if path.startswith(idle)]


def unmoved(report: RunReport) -> dict[str, str]:
    """A warning for each setting laid over the chip that moves no cycle of a whole run, by its path, with the reason.

    What could not move a cycle of any run, as a price, is left out: nobody expects it to.
    """
    if report.cycles is None or not report.complete:
        return {}
    run = timed(report)
    moving = [one for one in report.chip.overrides if TIME in SETTINGS[_path(one)].moves]
    return {
        _path(one): f"{one} moves no cycle of this run: {row.why}"
        for one in moving
        for row in IDLE
        if one.startswith(row.paths) and row.holds(run)
    }


def _path(override: str) -> str:
    return override.partition("=")[0]
