"""Programs that faults are planted in: what can be changed, and what a plant is. `mutants.py` has the plants."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from acortex.isa import encode
from acortex.isa.codec import Instruction, as_text, decode
from acortex.isa.operands import AGENTS
from acortex.isa.program import Line, Program
from acortex.isa.table import MNEMONICS
from judge.plans import Case


@dataclass
class Text:
    """A program that can be changed: its instructions, mnemonic and operands; jumps follow what they led to."""

    case: Case
    rows: list[tuple[str, dict[str, int]]]

    def places(self, *mnemonics: str) -> list[int]:
        """Where instructions of these mnemonics stand."""
        return [place for place, (mnemonic, _) in enumerate(self.rows) if mnemonic in mnemonics]

    def delete(self, place: int) -> None:
        """Takes an instruction out."""
        del self.rows[place]
        self._shift(place, -1)

    def insert(self, place: int, mnemonic: str, **values: int) -> None:
        """Puts an instruction in front of another."""
        full = {o.name: values.get(o.name, o.default or 0) for o in MNEMONICS[mnemonic].operands}
        self.rows.insert(place, (mnemonic, full))
        self._shift(place, 1)

    def _shift(self, place: int, by: int) -> None:
        for _, values in self.rows:
            for name in ("target", "until"):  # the instructions that lead elsewhere
                if values.get(name, 0) > place:
                    values[name] += by

    def program(self) -> Program:
        """The program as it is now."""
        words, lines = [], []
        for number, (mnemonic, values) in enumerate(self.rows, 1):
            words.append(encode(MNEMONICS[mnemonic], values))
            lines.append(Line("random.s", number, as_text(Instruction(MNEMONICS[mnemonic], values))))
        return replace(self.case.program, words=np.array(words, dtype=np.uint64), lines=tuple(lines))

    @property
    def start(self) -> int:
        """Where `start` stands."""
        return self.places("start")[0]


@dataclass(frozen=True)
class Fault:
    """A program with one fault: the kind of its error, a part of the message, and the line; no kind means legal."""

    program: Program
    error: str
    message: str
    place: int
    case: Case


def text_of(case: Case) -> Text:
    """A case's program, to be changed."""
    decoded = [decode(int(word)) for word in case.program.words]
    return Text(case, [(i.row.mnemonic, dict(i.values)) for i in decoded])


Plant = Callable[[Text, random.Random], Fault | None]
PLANTS: dict[str, Plant] = {}
"""Every kind of fault by name: from a program to the same with the fault, or None where it has no place for it."""


def kind(name: str) -> Callable[[Plant], Plant]:
    def bind(plant: Plant) -> Plant:
        PLANTS[name] = plant
        return plant

    return bind


def fault(text: Text, error: str, message: str, place: int) -> Fault:
    return Fault(text.program(), error, message, place, text.case)


def one(chance: random.Random, places: list[int]) -> int | None:
    return chance.choice(places) if places else None


def between(text: Text, place: int) -> set[str]:
    """The agents of a signal and of its await behind it."""
    (_, made), (mnemonic, taken) = text.rows[place : place + 2]
    awaited = mnemonic == "await" and made["token"] == taken["token"]
    return {AGENTS[made["agent"]], AGENTS[taken["agent"]]} if awaited else set()


def idle(text: Text) -> int:
    """The end of the program, where no chain is open."""
    return len(text.rows) - 1


def free_token(text: Text) -> int:
    return free_tokens(text)[0]


def free_tokens(text: Text) -> list[int]:
    """Tokens that a program does not use."""
    used = {values["token"] for mnemonic, values in text.rows if mnemonic in ("signal", "await")}
    return sorted(set(range(64)) - used)
