"""Random programs that are legal by construction, each with a chip of random settings and inputs of random codes.

A program is a row of bundles. A bundle is planned whole: chains of instructions that hand items on, and host transfers
beside them, whose accesses to main memory do not meet. Tokens order it after what came before. Then its instructions
are drawn along an execution: at each step an agent acts whose items have been given. A bundle that has been issued ends
whatever the timing, because no agent has more instructions of it than its queue holds and one in its hands.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from acortex.isa import encode
from acortex.isa.codec import Instruction, as_text
from acortex.isa.operands import AGENTS, NO_LOOP
from acortex.isa.program import Line, Program, Weights
from acortex.isa.table import MNEMONICS
from judge.chains import Chains
from judge.draw import MEMORY_AGENTS, NoRoomError
from judge.loosen import loosened
from judge.plans import Case, Grouped, Step


class Maker(Chains):
    """Draws one program, step by step."""

    # The program ------------------------------------------------------------------------------------------------------

    def case(self) -> Case:
        """The whole program."""
        self.set_up()
        self.emit("start")
        self.unused()
        self.part()
        for _ in range(self.chance.randint(0, 2)):
            self.part()
        self.hand_over()
        self.lag()
        self.emit("halt")
        return self.finish()

    def finish(self) -> Case:
        """The program as words and lines."""
        lines, words = [], []
        for number, (mnemonic, values) in enumerate(self.made, 1):
            row = MNEMONICS[mnemonic]
            words.append(encode(row, values))
            full = {o.name: values.get(o.name, o.default or 0) for o in row.operands}
            lines.append(Line("random.s", number, as_text(Instruction(row, full))))
        program = Program(
            name=f"random{self.seed}",
            chip="acortex_digits",
            words=np.array(words, dtype=np.uint64),
            lines=tuple(lines),
            weights=tuple(self.weights),
            constants=tuple(self.constants),
            memory=self.memory,
            inputs=tuple(self.inputs),
            outputs=tuple(self.outputs),
            layers=("first", "second", "third", "fourth"),
        )
        chance = np.random.default_rng(self.seed)
        codes = {t.name: chance.integers(0, 16, (self.inferences, t.size)).astype(np.uint8) for t in self.inputs}
        return Case(self.seed, program, self.chip, codes, self.inferences)

    def set_up(self) -> None:
        """Groups and their weights."""
        for group in self.groups:
            self.emit("group", group=group.number, rows=group.rows, columns=group.columns)
            for column, row, height, width in group.rects:
                self.emit("rect", group=group.number, column=column, row=row, height=height, width=width)
            if self.often(0.2):
                self.emit("nop")
        for group in self.chance.sample(self.groups, len(self.groups)):
            chance = np.random.default_rng(self.seed * 4096 + group.number)
            values = chance.integers(-8, 8, (group.rows, group.columns)).astype(np.int8)
            self.emit("program", group=group.number, weights=len(self.weights))
            self.weights.append(Weights(f"w{len(self.weights)}", values, self.chance.randint(0, 9999)))

    def unused(self) -> None:
        """Legal but odd: registers that are set anywhere in their range, and never used."""
        if self.often(0.5):
            drawn = self.any_of("loop")
            self.emit("loop", loop=drawn["loop"], count=1 + drawn["count"] % 3)
            self.emit("next", loop=drawn["loop"], target=len(self.made))
            moved = self.any_of("advance", by=drawn["loop"])
            self.emit("base", **self.any_of("base", stream=moved["stream"], address=0, by=NO_LOOP))
            self.emit("advance", **moved)
        self.emit("base", **self.any_of("base", address=self.edge(0, self.chip.memory_words - 1), by=NO_LOOP))
        self.emit("dim", **self.any_of("dim", stream=self.made[-1][1]["stream"]))
        self.emit("window", **self.any_of("window"))
        self.emit("border", **self.any_of("border", window=self.made[-1][1]["window"], value=self.edge(0, 15)))
        self.quantiser(self.edge(0, 63))

    def lag(self) -> None:
        """A register that no loop counts with follows one that does, before nothing is left to do."""
        counted = {values["loop"] for mnemonic, values in self.made if mnemonic == "loop"}
        free = sorted({*range(8)} - counted)
        if free:
            register = self.chance.choice([free[0], free[-1]])
            of = self.chance.choice([min(counted), max(counted)])
            turns = self.edge(0, 127)
            until = len(self.made) + 1 if turns or self.often(0.5) else 0
            self.emit("lag", register=register, of=of, turns=turns, until=until)

    def part(self, depth: int = 0) -> None:
        """Some bundles, in a loop or in none: over the host's inferences, where it is not inside one already."""
        begins = not self.in_inference and (depth == 0 or self.often(0.5))
        looped = self.often(0.6) and len(self.loops) < 2
        loop, turns = self.open(begins) if looped else (NO_LOOP, 1)
        top, before = len(self.made), dict(self.connected)
        if begins:
            self.emit("inference", by=loop if looped and turns <= self.inferences else NO_LOOP)
            self.in_inference = True
        else:
            self.mark()
        for _ in range(self.chance.randint(1, 3)):
            self.bundle()
            if depth == 0 and self.often(0.25):
                self.part(1)
        if begins:
            self.in_inference = False
            self.emit("endinference")
        if looped:
            self.close(before, turns)
            self.emit("next", loop=loop, target=top)
            self.loops.pop()

    def open(self, begins: bool) -> tuple[int, int]:
        """A loop: its register, and its turns, those of the host's inferences where one may begin in it."""
        free = [i for i in range(8) if i not in dict(self.loops)]
        loop = self.chance.choice([free[0], free[0], *free, free[-1]])
        over_host = begins and self.often(0.7)
        turns = self.inferences if over_host else self.chance.choice([1, 2, 3])
        self.emit("loop", loop=loop, count=0 if over_host else turns)
        self.loops.append((loop, turns))
        self.streamer = "either"
        return loop, turns

    def hand_over(self) -> None:
        """Every output of every inference to the host, at last: of words that are written by then, in no loop."""
        if not self.written:
            self.emit("inference")
            self.bundle_of(self.transfer_in)
            self.emit("endinference")
        free = next(loop for loop in range(8) if loop not in dict(self.loops))
        self.emit("loop", loop=free, count=0)
        top = len(self.made)
        self.emit("inference", by=free)
        for index in range(len(self.outputs)):
            self.bundle_of(lambda: self.transfer_out(index))  # noqa: B023  # called at once
        self.emit("endinference")
        self.emit("next", loop=free, target=top)

    def bundle_of(self, plan: Callable[[], None]) -> None:
        """A bundle of one transfer, which has to find its place."""
        self.planned = []
        plan()
        for step in self.planned:
            self.order(step)
        self.issue(self.planned)
        self.note(self.planned)

    def close(self, before: dict[int, Grouped], turns: int) -> None:
        """Makes the end of a loop's body lead to its beginning."""
        if turns > 1:
            for number in sorted(set(self.connected) - set(before)):
                self.switch("disconnect", self.connected[number])
            for number in sorted(set(before) - set(self.connected)):
                self.switch("connect", before[number])
            hub, *others = self.chance.sample(MEMORY_AGENTS, 5)
            for other in others:
                self.synchronise(other, hub)
            for other in others:
                self.synchronise(hub, other)

    # Bundles ----------------------------------------------------------------------------------------------------------

    def bundle(self) -> None:
        """One bundle: planned, ordered after what came before, and issued."""
        self.planned = []
        self.budget = Counter(dict.fromkeys(AGENTS, self.chip.controller.queue_depth + 1))
        if self.in_inference and self.often(0.7):
            self.attempt(self.transfer_in)
        if self.written:
            self.attempt(self.chain)
            if self.often(0.6):
                self.attempt(self.chain)
            if self.in_inference and self.often(0.6):
                self.attempt(self.transfer_out)
        for step in self.planned:
            self.order(step)
        if self.often(0.5):
            self.mark()
        self.issue(self.planned)
        self.note(self.planned)
        while self.often(0.4):
            self.synchronise(*self.chance.sample(AGENTS, 2))

    def attempt(self, plan: object) -> None:
        """Adds a chain to the bundle; where it finds no room, the bundle stays as it was."""
        planned, budget, states = list(self.planned), self.budget.copy(), set(self.states)
        try:
            plan()  # type: ignore[operator]
        except NoRoomError:
            self.planned, self.budget, self.states = planned, budget, states

    def issue(self, steps: list[Step]) -> None:
        """Draws the order of a bundle's instructions: each after what gives it its items."""
        waiting: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            waiting[step.agent].append(step)
        held: Counter[str] = Counter()
        while any(waiting.values()):
            able = [a for a, rest in waiting.items() if rest and all(held[pipe] >= n for pipe, n in rest[0].takes)]
            step = waiting[self.chance.choice(able)].pop(0)
            if not step.keeps:
                held.subtract(dict(step.takes))
            held[step.gives[0]] += step.gives[1]
            for mnemonic, values in step.setting:
                self.emit(mnemonic, **values)
            self.emit(step.mnemonic, **step.values)
            if self.often(0.03):
                self.mark()


@lru_cache(maxsize=512)
def generate(seed: int, k: int = 64) -> Case:
    """The random program of a seed for arrays of `k` x `k`, every other one of them loosened; kept, as many tests take
    the first ones.
    """
    case = Maker(seed, k).case()
    return loosened(case, random.Random(seed)) if seed % 2 else case
