"""What can stop a run: an instruction that is issued, a cycle, an event of a unit, a write to a word of main memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError
from acortex.isa.program import Program
from acortex.isa.semantics import visited
from acortex.sim.debug import look
from acortex.sim.debug.timeline import Stretch, Write
from acortex.sim.timing.kernel import LAST
from acortex.wording import did_you_mean

Cycles = NDArray[np.int64]


@dataclass(frozen=True)
class Aim:
    """What stops a run, with the words that say so; one of the other fields says what it is."""

    about: str
    pcs: frozenset[int] = frozenset()
    cycle: int = -1
    units: frozenset[int] = frozenset()
    word: int = -1

    def cycles(self, stretch: Stretch) -> Cycles:
        """The cycles of a stretch in which it stops the run, in order: that after the grant where a word is written."""
        if self.pcs:
            cycles, pcs = stretch.issues()
            issued: Cycles = cycles[np.isin(pcs, list(self.pcs))]
            return issued
        if self.units:
            begun: Cycles = stretch.events[0][np.isin(stretch.events[1], list(self.units))]
            return begun
        if self.word >= 0:
            found = [one for write in stretch.writes for one in _to(self.word, write, stretch)]
            return np.array(sorted(found), dtype=np.int64)
        within = stretch.first <= self.cycle < stretch.last
        return np.array([self.cycle] if within else [], dtype=np.int64)


def _to(word: int, write: Write, stretch: Stretch) -> Iterator[int]:
    """The cycles after those of a stretch in which a write to a word is granted."""
    granted = write.grants[visited(write.dispatch)[: len(write.grants)] == word]
    for cycle in granted.tolist():
        if stretch.first <= cycle < stretch.last:
            yield cycle + 1


@dataclass(frozen=True)
class Places:
    """The names by which places of a program can be named: lines, labels, units.

    `units` has the number of each unit by its path. Instructions before address `begin` belong to the set-up, which is
    over as cycle 0 begins.
    """

    program: Program
    units: Mapping[str, int]
    begin: int

    @cached_property
    def main(self) -> str:
        """The file that a line without a file is of: the one with most instructions."""
        return Counter(line.file for line in self.program.lines).most_common(1)[0][0]

    @cached_property
    def _lines(self) -> dict[tuple[str, int], list[int]]:
        """The addresses of the instructions of each line, where a run of them begins."""
        found: dict[tuple[str, int], list[int]] = {}
        before = None
        for pc, line in enumerate(self.program.lines):
            at = line.file, line.number
            if at != before:
                found.setdefault(at, []).append(pc)
            before = at
        return found

    def aim(self, text: str, anywhere: bool = False) -> Aim:
        """What a text names: LINE, FILE:LINE, LABEL, `cycle N` or UNIT. UsageError with a hint where it names nothing.

        `label NAME` and `unit NAME` name a label and a unit where both are called so. Instructions of the set-up are
        named `anywhere` alone.
        """
        if anywhere:
            return replace(self, begin=0).aim(text)
        kind, _, rest = text.strip().partition(" ")
        if kind == "cycle":
            return Aim(f"cycle {_number(rest, 'cycle')}", cycle=_number(rest, "cycle"))
        if kind == "unit" and rest:
            return self._unit(rest.strip())
        if kind == "label" and rest:
            return self._label(rest.strip())
        return self._named(text.strip())

    def _named(self, text: str) -> Aim:
        file, colon, number = text.rpartition(":")
        if re.fullmatch(r"[0-9]{1,9}", number) and (colon or not file):
            return self._line(file or self.main, int(number))
        if self._address(text) is not None:
            return self._label(text)
        if self._units(text):
            return self._unit(text)
        known = (*self.program.targets, *self.units, "cycle")
        hint = did_you_mean(text, known, "a line, a label, `cycle N` or a unit such as neurons can stop a run")
        raise UsageError(f"no line, label or unit is called {text[:80]!r}", hint=hint)

    def _line(self, file: str, number: int) -> Aim:
        lines = {**self.program.calls, **self._lines}
        files = {one for one, _ in lines}
        if file not in files:
            hint = did_you_mean(file, files, f"its lines are of {', '.join(sorted(files))}")
            raise UsageError(f"no instruction is of a file {file[:80]}", hint=hint)
        later = sorted(line for one, line in lines if one == file and line >= number)
        if not later:
            last = max(line for one, line in lines if one == file)
            raise UsageError(f"{file} has no instruction at line {number} or below it", hint=f"the last is at {last}")
        pcs = list(lines[file, later[0]])
        if later[0] != number:
            told = f"the next is line {later[0]}: {look.place_of(self.program, pcs[0]).text}"
            raise UsageError(f"line {number} of {file} has no instruction", hint=told)
        return self._after_set_up(f"{file}:{number}", pcs, called=(file, number) not in self._lines)

    def _after_set_up(self, about: str, pcs: list[int], called: bool = False) -> Aim:
        """What stops at instructions, which a line has `called` or has itself.

        Raises UsageError for instructions that a run has behind it as it begins.
        """
        found = [pc for pc in pcs if pc >= self.begin]
        if not found:
            first = look.place_of(self.program, min(self.begin, len(self.program.lines) - 1))
            hint = f"the first instruction after it is line {first.line}: {first.text}"
            raise UsageError(f"{about} belongs to the set-up, which is over as cycle 0 begins", hint=hint)
        what = f"{about} (begins at {self.program.lines[found[0]]})" if called else about
        return Aim(what, pcs=frozenset(found))

    def _address(self, label: str) -> int | None:
        """The address of a label; one that the disassembler names is `at_` and an address."""
        found = self.program.targets.get(label)
        if found is None and (of_disassembler := re.fullmatch(r"at_([0-9]{1,9})", label)):
            found = int(of_disassembler[1])
        return found if found is not None and found < len(self.program.lines) else None

    def _label(self, name: str) -> Aim:
        pc = self._address(name)
        if pc is None:
            hint = did_you_mean(name, self.program.targets, "an assembled program has labels such as at_12 alone")
            raise UsageError(f"no instruction has the label {name[:80]!r}", hint=hint)
        place = look.place_of(self.program, pc)
        return self._after_set_up(f"{name} ({place})", [pc])

    def _units(self, name: str) -> list[int]:
        """The numbers of the units that a name means: a path, or the first parts of several."""
        return [number for path, number in self.units.items() if path == name or path.startswith(f"{name}/")]

    def _unit(self, name: str) -> Aim:
        numbers = self._units(name)
        if not numbers:
            hint = did_you_mean(name, self.units, f"units are {', '.join(self.units)}")
            raise UsageError(f"no unit is called {name[:80]!r}", hint=hint)
        return Aim(f"an event of {name}", units=frozenset(numbers))


def _number(text: str, what: str) -> int:
    """A whole number of a command."""
    if not re.fullmatch(r"[0-9]{1,19}", text.strip()) or int(text) > LAST:
        raise UsageError(f"{what} is {text.strip()[:40]!r}, allowed is 0 to {LAST}", hint=f"for example: {what} 100")
    return int(text)
