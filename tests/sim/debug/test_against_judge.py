"""What a debugger shows in a cycle is what the judge's chip, stepped cycle by cycle with codes in its items, holds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from acortex.isa import assemble_file
from acortex.isa.program import Program
from acortex.isa.sequencer import Sequencer
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.debug.debugger import Debugger
from acortex.sim.run import prepare
from judge.clockwork import Unit
from judge.generate import generate
from judge.stepped import Stepped
from judge.valued import Codes

PROGRAMS = Path(__file__).parents[3] / "programs"
QUICK = ["program_erase.pulse_ns=1", "program_erase.verify_ns=1"]
BUSY = ["memory.ports=2", "memory.banks=3", "memory.bank_cycles=5", "arrays.overlap_loads=true", "buffer.windows=2"]
CHANNELS = ("words", "vectors")


@dataclass(frozen=True)
class Seen:
    """The judge's chip at the beginning of a cycle."""

    memory: dict[int, tuple[int, ...]]
    held: tuple[tuple[int, Any], ...]
    made: tuple[tuple[int, Any], ...]
    there: dict[str, tuple[int, int]]
    queues: dict[str, int]
    tokens: dict[int, int]
    busy: dict[str, int]
    issued: int


@dataclass
class Filmed(Stepped):
    """The judge's chip, of which some cycles are kept, at random."""

    film: dict[int, Seen] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    share: float = 0.05

    def _book(self, unit: Unit) -> None:
        super()._book(unit)
        if unit is next(reversed(self.units.values())) and self.chance.random() < self.share:  # the cycle is over
            self.film[self.now + 1] = self._seen(self.now + 1)

    def _seen(self, cycle: int) -> Seen:
        assert isinstance(self.cargo, Codes)
        channels = {name: getattr(self, name) for name in CHANNELS}
        return Seen(
            dict(self.cargo.memory),
            tuple((seen, item[1]) for seen, item in self.words.items),
            tuple((seen, item.codes) for seen, item in self.vectors.items),
            {name: (len(one.items), sum(seen <= cycle for seen, _ in one.items)) for name, one in channels.items()},
            {path: len(unit.queue.items) for path, unit in self.units.items() if path != "controller"},
            {number: sum(seen <= cycle for seen, _ in one.items) for number, one in self.tokens.items()},
            {path: unit.busy_until for path, unit in self.units.items() if unit.busy_until > cycle},
            self.sequencer.serial,
        )


def filmed(program: Program, chip: Chip, inputs: Any, inferences: int) -> Filmed:
    """The judge's run of a program."""
    sequencer, cargo = Sequencer(program, inferences), Codes(program, inputs, inferences)
    Stepped(chip, sequencer, cargo=cargo).run()
    found = Filmed(chip, sequencer, cargo=cargo, share=0.1 if program.name in ("vmm", "in_flight") else 0.05)
    found.run()
    return found


def compared(debugger: Debugger, seen: Seen) -> Counter[str]:
    """Holds a debugger to the judge's chip in its cycle; returns what there was to compare."""
    met = same_memory(debugger, seen) + same_buffer(debugger, seen)
    queues = debugger.queues()
    assert {one.agent: len(one.waiting) for one in queues} == {one.agent: seen.queues[one.agent] for one in queues}
    tokens = {one.number: one.there for one in debugger.tokens() if one.there}
    assert tokens == {number: there for number, there in seen.tokens.items() if there}
    busy = {one.path: one.cycle for one in debugger.units() if one.state == "busy" and not one.path.startswith("buses")}
    assert busy == {path: until for path, until in seen.busy.items() if not path.startswith("buses")}
    assert debugger.view.sequencer.serial == seen.issued
    return met + Counter(tokens=len(tokens), busy=len(busy))


def same_memory(debugger: Debugger, seen: Seen) -> Counter[str]:
    """Holds main memory to that of the judge."""
    memory = debugger.memory(0, debugger.prepared.chip.memory_words - 1)
    blank = (0,) * 64
    assert [tuple(word.codes.tolist()) for word in memory] == [seen.memory.get(word.address, blank) for word in memory]
    return Counter(coming=sum(word.coming is not None for word in memory))


def same_buffer(debugger: Debugger, seen: Seen) -> Counter[str]:
    """Holds the words and the vectors in the buffer to those of the judge, which takes words before it waits."""
    buffer = debugger.buffer()
    held = [(item.seen, tuple(item.codes.tolist())) for item in buffer.held]
    taken = 0 if buffer.unit.cause != "windows" else len(held) - len(seen.held)
    assert held[taken:] == [(at, tuple(word)) for at, word in seen.held]
    assert [item.seen for item in buffer.made] == [at for at, _ in seen.made]
    for item, (_, (codes, past)) in zip(buffer.made, seen.made, strict=True):
        row = item.codes.tolist()  # whole words, and behind them the code of all rows past them
        assert (row[: len(codes)], row[-1]) == (codes, past)
    return Counter(held=len(held), made=len(seen.made))


def walk(debugger: Debugger, film: Filmed, looks: int) -> Counter[str]:
    """Looks at cycles that were filmed, one way and the other."""
    met, chosen = Counter[str](), list(film.film)
    film.chance.shuffle(chosen)
    for cycle in chosen[:looks]:
        debugger.back(10**9)
        debugger.until(f"cycle {cycle}")
        if debugger.cycle == cycle:
            met += compared(debugger, film.film[cycle])
    return met


OURS = [
    *((name, False) for name in ("vmm", "in_flight", "concat", "vector_add")),
    *((name, True) for name in ("in_flight", "tall_vmm")),
    *(pytest.param(name, busy, marks=pytest.mark.slow) for name in ("conv3x3", "residual") for busy in (False, True)),
]


@pytest.mark.parametrize(("name", "busy"), OURS)
def test_a_program_of_ours_in_any_cycle(name: str, busy: bool) -> None:
    program = assemble_file(PROGRAMS / f"{name}.s")
    ready = prepare(program, load_chip(program.chip, [*QUICK, *(BUSY if busy else [])]))
    film = filmed(program, ready.chip, ready.host.codes, ready.host.inferences)
    met = walk(Debugger(ready, check_order=False), film, 16)
    assert met["busy"] and (met["coming"] or met["made"])


@pytest.mark.parametrize(
    "seed", [0, 2, 3, 4, 5, 6, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(7, 30))]
)
def test_a_random_program_in_any_cycle(seed: int) -> None:
    case = generate(seed)
    ready = prepare(case.program, case.chip, inputs=case.inputs)
    film = filmed(case.program, case.chip, ready.host.codes, ready.host.inferences)
    assert walk(Debugger(ready, check_order=False), film, 16)["busy"]
