"""Passages of a timed run: what happened between two marks, and on what it rests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from acortex.isa.semantics import operations
from acortex.sim.timing.canonical import Canonical
from acortex.sim.timing.kernel import IDLE
from acortex.sim.timing.looks import Look, Subject
from acortex.sim.timing.record import Copy

Key = tuple[int, tuple[int, ...]]
"""Where a passage begins: the number of a state, and the signatures of the instructions that it refers to."""


class Passage(NamedTuple):
    """What happened between two marks: the entries of the record, how long it took, and on what it rests."""

    entries: tuple[int, int]
    cycle: int
    serial: int
    cycles: int
    serials: int
    receivers: list[str]
    """The agents of all instructions that were issued, and of the next one: the controller has looked at it."""
    begun: list[int]
    """The places of the instructions that began, relative to the first, and their signatures."""
    signatures: list[int]
    bare: int | None
    """The place among them of one that had no event yet: its group does not count."""
    rows: tuple[int, int]
    """Where its rows begin and end in the log."""
    waited: dict[int, int]
    """Units that waited when it began, and went on: since when, relative to its begin."""
    acted: list[tuple[int, int]]
    """Units that acted: up to which cycle their time is accounted for, relative to its end."""
    after: int
    refs: tuple[int, ...]
    """The state after it, by its number; the instructions that it refers to."""


class Passages:
    """The passages of one chip, by where they begin."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._loader = subject.agents["vmm"]
        self._numbers: dict[object, int] = {}
        self._states: list[Canonical] = []
        self._memo: defaultdict[Key, list[Passage]] = defaultdict(list)
        self._last: tuple[Look, Key] | None = None
        self._waits: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        """The waits of passages that came again, by their rows in the log."""

    def clear(self) -> None:
        """Forgets all passages, and the states that they lead to."""
        self._memo.clear()
        self._waits.clear()
        self._numbers.clear()
        self._states.clear()
        self._last = None

    def end(self, look: Look) -> Key:
        """Notes what happened from the mark before to this one; returns where the next passage begins."""
        key = self._number(look.state), self._signed(look.state.refs, look.serial)
        if self._last is not None:
            before, begin = self._last
            self._memo[begin].append(self._passage(before, look, key[0]))
        self._last = look, key
        return key

    def begin(self, look: Look, key: Key) -> None:
        """Begins a passage at a mark to which known ones have led."""
        self._last = look, key

    def follow(self, look: Look, key: Key) -> tuple[Look, Key] | None:
        """Where known passages lead from a mark, and records them; None where none is known."""
        cycle, serial, since = look.cycle, look.serial, list(look.since)
        found: Passage | None = None
        while (passage := self._next(key, serial)) is not None:
            joins, found = found is not None, passage
            longer = tuple([(row, at - since[unit] + cycle) for unit, at, row in self._waited(found)])
            copy = Copy(*found.entries, cycle - found.cycle, serial - found.serial, longer)
            self._subject.record.copy(copy, joins)
            cycle, serial = cycle + found.cycles, serial + found.serials
            for unit, at in found.acted:
                since[unit] = cycle + at
            key = found.after, self._signed(found.refs, serial)
        if found is None:
            return None
        return look._replace(cycle=cycle, serial=serial, state=self._states[key[0]], since=since), key

    def _waited(self, passage: Passage) -> list[tuple[int, int, int]]:
        """The units that waited as a passage began, since when, and the row of the log of each wait.

        Most passages never come again, so rows are looked for when one does.
        """
        if passage.rows not in self._waits:
            rows = self._subject.record.first_waits(*passage.rows, passage.waited)
            self._waits[passage.rows] = [(unit, passage.waited[unit], row) for unit, row in rows.items()]
        return self._waits[passage.rows]

    def _bare(self, serial: int) -> int | None:
        """The place, relative to an instruction, of that of the loader which has had no event yet."""
        dispatch = self._loader.current
        if dispatch is None or self._loader.remaining != max(operations(dispatch), 1):
            return None
        return dispatch.serial - serial

    def _signed_begun(self, begun: Sequence[int], bare: int | None, serial: int) -> list[int]:
        signatures = self._subject.signatures
        return [
            signatures.before_events(serial + place) if place == bare else signatures.of(serial + place)
            for place in begun
        ]

    def _number(self, state: Canonical) -> int:
        """The number of a state: equal ones have one."""
        alike = state.strict, state.linear
        if alike not in self._numbers:
            self._numbers[alike] = len(self._states)
            self._states.append(state)
        return self._numbers[alike]

    def _signed(self, refs: Sequence[int], serial: int) -> tuple[int, ...]:
        return tuple([self._subject.signatures.of(serial + ref) for ref in refs])

    def _next(self, key: Key, serial: int) -> Passage | None:
        """A passage that begins in a state, and rests on nothing that is not so now."""
        for passage in self._memo.get(key, ()):
            if (
                self._subject.walk.receivers(serial, serial + passage.serials) == passage.receivers
                and self._signed_begun(passage.begun, passage.bare, serial) == passage.signatures
            ):
                return passage
        return None

    def _passage(self, a: Look, b: Look, number: int) -> Passage:
        """What happened from one mark to the next."""
        issued = b.serial - a.serial
        still = {place + issued for place in b.state.queued}
        places = [*a.state.queued, *range(issued)]
        begun = [place for place in places if place not in still and self._subject.signatures.of(a.serial + place) >= 0]
        bare = self._bare(a.serial)
        acted = [unit for unit, (x, y) in enumerate(zip(a.since, b.since, strict=True)) if x != y]
        waited = [unit for unit in acted if a.causes[unit] != IDLE and a.since[unit] < a.cycle]
        return Passage(
            (a.entry, b.entry),
            a.cycle,
            a.serial,
            b.cycle - a.cycle,
            issued,
            self._subject.walk.receivers(a.serial, b.serial),
            begun,
            self._signed_begun(begun, bare, a.serial),
            bare,
            (a.row, b.row),
            {unit: a.since[unit] - a.cycle for unit in waited},
            [(unit, b.since[unit] - b.cycle) for unit in acted],
            number,
            b.state.refs,
        )
