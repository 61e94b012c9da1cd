"""Chips that are set up anew at each look from their canonical state alone, and plans that are blind to a part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from timed_chips import Runs

from acortex.sim.timing import looks, skipping, wiring
from acortex.sim.timing.canonical import Plan
from acortex.sim.timing.channel import Channel
from acortex.sim.timing.kernel import Alarm
from acortex.sim.timing.looks import Subject
from acortex.sim.timing.snapshot import roles_of
from acortex.sim.timing.wiring import TimedChip
from judge.skips import LooksEverywhere, Seen, differences, seen

FAILURES = (AssertionError, LookupError, TypeError, AttributeError, ValueError, StopIteration, RuntimeError)
"""What a chip may raise that lacks a part of its state."""


class Reborn(LooksEverywhere):
    """Skips nothing: at each look the chip forgets all, and is set up from the state that was taken."""

    def __init__(self, subject: Subject) -> None:
        super().__init__(subject)
        self._whole = Plan(subject.parts, subject.words)
        self._new = self._whole.take(0, subject.walk.serial)
        self.births = 0

    def _look(self, now: int) -> None:
        self.births += 1
        look = self._subject.look()
        self._whole.give(self._new, now, self._subject.walk, self._subject.groups)
        self._set_up(look)


class Blind(Plan):
    """A plan that leaves a field out, or a whole channel or alarm."""

    part = ""

    def __init__(self, parts: Mapping[str, object], words: Sequence[Channel[bool]]) -> None:
        kind, _, attribute = self.part.partition(".")
        super().__init__({path: one for path, one in parts.items() if path != self.part}, words)
        for rows in self._read.values():
            rows[:] = [row for row in rows if (type(row[0]).__name__, row[2]) != (kind, attribute)]
        self.countdowns[:] = [row for row in self.countdowns if (type(row[0]).__name__, row[1]) != (kind, attribute)]
        if self.part == "Tokens._channels":
            self._tokens.clear()


def parts_of(chip: TimedChip) -> set[str]:
    """What a plan can be blind to: fields by class and attribute, channels and alarms by their paths."""
    words = [chip.parts()[name] for name in ("words", "operand", "codes", "results")]
    found = set()
    for path, part in chip.parts().items():
        if isinstance(part, (Channel, Alarm)):
            found |= {path} if not any(part is one for one in words) else set()
        else:
            found |= {f"{type(part).__name__}.{attribute}" for attribute in roles_of(type(part)).state}
    return found


@contextmanager
def reborn(blind_to: str = "") -> Iterator[None]:
    """Makes chips that skip nothing and are set up anew, without a part of their state."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "Skipper", Reborn)
        patch.setattr(skipping, "LEAST", 2)
        if blind_to:
            patch.setattr(looks, "Plan", type("Blind", (Blind,), {"part": blind_to}))
        yield


def missed(runs: Runs, whole: Seen, part: str) -> bool:
    """Whether a run is another one, or fails, where chips are set up without a part of their state."""
    ticks = 2 + whole.rows[0].shape[1] // 100
    with reborn(part):
        try:
            return bool(differences(whole, seen(runs, True, eager=True, ticks=ticks)))
        except FAILURES:
            return True
