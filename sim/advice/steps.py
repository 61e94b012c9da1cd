"""The settings that move time, each with one step to the better, and what that step can make shorter.

A delay becomes a cycle shorter, what there are several of becomes twice as many, and what can be on is on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from acortex.sim.chip.setting import TIME
from acortex.sim.chip.side import line_factor
from acortex.sim.chip.specs import SETTINGS, Chip
from acortex.sim.timing.handovers import ACCESSES, LATENCY, READS, delays_of_rows
from acortex.traces.bounds import Change

Value = bool | int | float
Better = Callable[[Chip, "Value | Decimal"], "Value | Decimal"]


def _less(chip: Chip, value: Value | Decimal) -> Value | Decimal:
    return value - 1


def _cycle_less(chip: Chip, value: Value | Decimal) -> Value | Decimal:
    return max(Decimal(0), Decimal(value) - chip.clock_ns)


def _frame_cycle_less(chip: Chip, value: Value | Decimal) -> Value | Decimal:
    """The setting, of published arrays, with which a frame on the chip takes a cycle less."""
    return max(Decimal(0), Decimal(value) - chip.clock_ns / line_factor(chip))


def _twice(chip: Chip, value: Value | Decimal) -> Value | Decimal:
    return 2 * value


def _on(chip: Chip, value: Value | Decimal) -> Value | Decimal:
    return True


def _none(chip: Chip, length: int) -> int:
    return 0


def _one(chip: Chip, length: int) -> int:
    return 1


def _ramp(chip: Chip, length: int) -> int:
    return 1 << chip.neurons.bits


def _half(chip: Chip, length: int) -> int:
    return length // 2


def _but_one(chip: Chip, length: int) -> int:
    return length - 1


def _all(chip: Chip, length: int) -> int:
    return length


@dataclass(frozen=True)
class Step:
    """A setting, what is one step better, and what changes then: events of `kinds` by `cut`, or the ends of `waits`."""

    path: str
    better: Better
    kinds: tuple[str, ...] = ()
    cut: Callable[[Chip, int], int] = _one
    waits: tuple[str, ...] = ()
    rearranges: bool = False

    def value(self, chip: Chip) -> Value:
        """The setting on a chip, as JSON has it."""
        return _plain(_setting(chip, self.path))

    def taken(self, chip: Chip) -> Value | None:
        """The value one step better; None where the setting has none."""
        setting, value = SETTINGS[self.path], _setting(chip, self.path)
        found = self.better(chip, value)
        low, high = setting.low, setting.high
        within = (low is None or found >= low) and (high is None or found <= high)
        return _plain(found) if within and found != value else None

    def change(self, before: Chip, after: Chip) -> Change:
        """What the step changes between two chips, for bounds."""
        latency = delays_of_rows(before)[LATENCY] - delays_of_rows(after)[LATENCY]
        moves = latency > 0 or self.cut is not _none or self.rearranges  # a port may be slower than what it reads from
        kinds = self.kinds if moves else ()
        return Change(kinds, lambda length: self.cut(before, length), latency, self.waits, self.rearranges)


def _setting(chip: Chip, path: str) -> Value | Decimal:
    table, _, name = path.partition(".")
    found: Value | Decimal = getattr(getattr(chip, table), name)
    return found


def _plain(value: Value | Decimal) -> Value:
    return float(value) if isinstance(value, Decimal) else value


FRAMES, LOADS, CONVERSIONS, STEPS_OF_VECTOR = ("vmm.frame",), ("vmm.load",), ("neurons.convert",), ("vector.step",)
WORDS, SWITCHES = ("bus.down", "bus.up"), ("vmm.connect", "vmm.disconnect")
QUEUES = ("buffer_full", "operand_full", "output_full", "results_full")

# fmt: off
STEPS = (
    Step("arrays.frame_ns", _frame_cycle_less, FRAMES),
    Step("arrays.settle_ns_per_array", _frame_cycle_less, FRAMES, _all),
    Step("arrays.loads_per_cycle", _twice, LOADS, _half),
    Step("arrays.frames_at_once", _twice, FRAMES, _none, rearranges=True),
    Step("arrays.overlap_loads", _on, waits=("latches",)),
    Step("arrays.broadcast_loads", _on, LOADS, _but_one),
    Step("memory.banks", _twice, waits=("bank",)),
    Step("memory.ports", _twice, waits=("port",)),
    Step("memory.access_cycles", _less, ACCESSES),
    Step("memory.bank_cycles", _less, waits=("bank",)),
    Step("memory.read_latency_ns", _cycle_less, READS, _none),
    Step("controller.decode_cycles", _less, ("controller.issue",)),
    Step("controller.queue_depth", _twice, waits=("queue",)),
    Step("buffer.words", _twice, waits=("buffer_full",)),
    Step("buffer.windows", _twice, waits=("windows",)),
    Step("buses.down_lanes", _twice, waits=("bus",)),
    Step("buses.up_lanes", _twice, waits=("bus",)),
    Step("buses.word_cycles", _less, WORDS),
    Step("buses.switch_cycles", _less, SWITCHES),
    Step("buses.segment_capacity", _twice, CONVERSIONS, _all),  # turns that share a segment become one
    Step("neurons.cycles_per_step", _less, CONVERSIONS, _ramp),
    Step("neurons.adcs_per_column", _twice, CONVERSIONS, _half),
    Step("neurons.output_words", _twice, waits=("output_full",)),
    Step("host.word_cycles", _less, ("host.in", "host.out")),
    Step("host.part_ns", _cycle_less, ("host.work",)),
    Step("host.operations_per_ns", _twice, ("host.work",), _half),
    Step("vector.step_cycles", _less, STEPS_OF_VECTOR),
    Step("vector.queue_words", _twice, waits=QUEUES),
)
# fmt: on

NO_STEP = {
    "clock_ns": "another cycle is no fewer cycles",
    "arrays.k": "a program is made for arrays of one size",
    "arrays.cell": "a technology sets others of these",
    "memory.type": "a technology sets others of these",
    "neurons.bits": "it changes what a program computes",
    "vector.state_words": "programs that fit take no less time",
    "program_erase": "set-up comes before the run",
}
"""Settings, and tables of them, that have no step to take, and why; beside those that move no cycle."""


def unmoved(path: str) -> bool:
    """Whether a setting has no step: because it moves no cycle of a run, or for a reason of NO_STEP."""
    return TIME not in SETTINGS[path].moves or path in NO_STEP or path.partition(".")[0] in NO_STEP
