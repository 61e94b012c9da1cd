"""Random programs of many inferences that hand things on: words in rings, states, registers, tokens, partial writes.

Random programs with a loop around them (judge/repeat.py) seldom reach what an inference may take from another one. Here
few words of memory are shared by all steps, so that lanes and leaps have much to get wrong.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random

AGENTS = ("host_in", "read", "operand", "buffer", "vmm", "neurons", "write", "host_out")
HUB = "vector"

PARTS = ("", "", ", tail=32", ", shift=32, tail=32", ", shift=16, tail=16")
READ_BEFORE = ["signal read, t50", "await write, t50", "signal operand, t51", "await write, t51"]
"""What lets the write agent write a word that this step has read."""

WORDS = 27
"""Words of memory that steps use, from word 5 on."""


def barrier() -> list[str]:
    """Orders all agents: whatever stands above has ended before what stands below begins."""
    arrive = [f"signal {agent}, t{10 + n}\nawait {HUB}, t{10 + n}" for n, agent in enumerate(AGENTS)]
    leave = [f"signal {HUB}, t{30 + n}\nawait {agent}, t{30 + n}" for n, agent in enumerate(AGENTS)]
    return arrive + leave


class Turns:
    """One program of many inferences, drawn from a seed; `text` is its source."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self._pool = [8 + self.chance.randrange(14) for _ in range(self.chance.randrange(3, 7))]
        self._set: set[int] = set()
        """The stream registers that were set: later steps may use them as they are."""
        self._steps: list[Callable[[str], list[str]]] = [
            self._product, self._product, self._added, self._passed, self._kept, self._put, self._got, self._cell,
            self._tuned, self._switched,
        ]  # fmt: skip
        self.text = "\n".join(self._program()) + "\n"

    def often(self, share: float) -> bool:
        """True with this probability."""
        return self.chance.random() < share

    def _table(self, head: str, rows: int, row: Callable[[], str]) -> list[str]:
        return [head, *(f".row {row()}" for _ in range(rows))]

    def _codes(self, low: int, high: int) -> Callable[[], str]:
        return lambda: ", ".join(str(self.chance.randint(low, high)) for _ in range(64))

    def _head(self) -> list[str]:
        """Declarations and set-up: two groups, three quantisers, some initial memory."""
        first = self.chance.choice([0, 0, 0, 0, 12])
        lines = [".program turns", ".chip acortex_digits", ".input x, shape=64", ".output y, shape=64"]
        for name in "wu":
            lines += self._table(f".weights {name}, 64x64", 64, self._codes(-7, 7))
        for name in "ce":
            lines += self._table(f".constants {name}, 64", 64, lambda: f"{self.chance.randint(-30, 30)}, 1")
        if self.often(0.95):
            lines += self._table(f".memory {first}, {32 - first}", 32 - first, self._codes(0, 15))
        for number, name in enumerate("wu"):
            lines += [
                f"group g{number}, 64, 64",
                f"rect g{number}, column={number}, row=0",
                f"program g{number}, {name}",
            ]
        return [*lines, "quant q0, 1, 7, zero=5", "quant q1, 1, 1, zero=3", "quant q2, 3, 8, zero=7", "start"]

    def _base(self, stream: int, by: str) -> list[str]:
        """Sets a stream to a word of the pool, moved by a loop or not; sometimes it stays what it was."""
        if stream in self._set and self.often(0.2):
            return []
        self._set.add(stream)
        moved = f", by={by}, stride={self.chance.choice([1, 2, -1])}" if by and self.often(0.4) else ""
        ring = f", ring={self.chance.choice([2, 3, 4, 6])}" if moved and self.often(0.97) else ""
        return [f"base d{stream}, {self.chance.choice(self._pool)}{moved}{ring}"]

    def _written(self, stream: int, more: str = "") -> list[str]:
        return [*READ_BEFORE, f"write d{stream}{more}"]

    # Steps ----------------------------------------------------------------------------------------------------------

    def _product(self, by: str) -> list[str]:
        quantiser = self.chance.choice(["q0", "q1", "q2"])
        moved = ", by=l0, step=1" if by == "l0" and self.often(0.03) else ""
        made = ["read d1", "feed 1, 1", f"multiply g{0 if moved else self.chance.randrange(2)}, 1{moved}"]
        steps = [*made, f"convert {quantiser}, 1", *self._written(2, self.chance.choice(PARTS))]
        return self._base(1, by) + self._base(2, by) + steps

    def _kept(self, by: str) -> list[str]:
        first = ["read d1", "feed 1, 1, keep=yes", "multiply g0, 1", "convert q0, 1"]
        second = ["feed 1, 1", "multiply g1, 1", "convert q1, 1", *self._written(2), "write d2"]
        return self._base(1, by) + self._base(2, by) + first + second

    def _added(self, by: str) -> list[str]:
        bases = [line for stream in (3, 4, 5) for line in self._base(stream, by)]
        more = ", source=vector" + self.chance.choice(PARTS)
        return [*bases, "read d3, to=vector", "operand d4", "add q0, q1, 1", *self._written(5, more)]

    def _passed(self, by: str) -> list[str]:
        more = ", source=vector" + self.chance.choice(PARTS)
        return [*self._base(3, by), *self._base(5, by), "read d3, to=vector", "requant q1, 1", *self._written(5, more)]

    def _put(self, by: str) -> list[str]:
        return [*self._base(3, by), "read d3, to=vector", f"putstate q1, 1, {self.chance.randrange(3)}"]

    def _got(self, by: str) -> list[str]:
        got = [f"getstate q1, 1, {self.chance.randrange(3)}", *self._written(5, ", source=vector")]
        return self._base(5, by) + got

    def _cell(self, by: str) -> list[str]:
        first = ", first=yes" if self.often(0.5) else ""
        cell = f"lstm q0, q1, 1, {self.chance.randrange(3)}{first}"
        bases = self._base(3, by) + self._base(5, by)
        return [*bases, *["read d3, to=vector"] * 4, cell, *self._written(5, ", source=vector")]

    def _tuned(self, by: str) -> list[str]:
        anew = f"quant q{self.chance.randrange(3)}, {self.chance.randint(1, 3)}, 5, zero=4"
        return [self.chance.choice([anew, f"tune q2, {self.chance.choice('ce')}"])]

    def _switched(self, by: str) -> list[str]:
        return ["disconnect g1", "connect g1"]

    def _step(self, by: str) -> list[str]:
        return [*self.chance.choice(self._steps)(by), *barrier()]

    def _inner(self) -> list[str]:
        """A step in a loop of its own."""
        label = f"again{self.chance.randrange(10**9)}"
        return [f"loop l1, {self.chance.randint(2, 3)}", f"{label}: nop", *self._step("l1"), f"next l1, {label}"]

    # The program ----------------------------------------------------------------------------------------------------

    def _states(self) -> list[str]:
        return ["base d1, 9", *(f"read d1, to=vector\nputstate q0, 1, {n}" for n in range(3)), *barrier()]

    def _filled(self) -> list[str]:
        """Writes all words that steps use, or a part of each."""
        self._set |= {8, 9}
        streams = [f"dim d8, 1, {WORDS}, stride=0", "base d9, 5", f"dim d9, 1, {WORDS}, stride=1"]
        part = ", tail=40" if self.often(0.1) else ""
        copied = ["read d8, to=vector", f"requant q0, {WORDS}", *self._written(9, f", source=vector{part}")]
        return [*streams, *copied, *barrier()]

    def _turn(self, states: bool) -> list[str]:
        body = ["inference l0", f"base d0, {self.chance.choice(self._pool)}", "input x, d0", *barrier()]
        if self.often(0.75):
            body += [body[1].replace("d0", "d8"), *self._filled()]
        body += self._states() if states else []
        for number in range(self.chance.randrange(1, 5)):
            body += [f"layer n{number}"] if self.often(0.4) else []
            body += self._inner() if self.often(0.1) else self._step("l0")
            body += ["endlayer"] if self.often(0.3) else []
        body += [*self._base(6, "l0"), "output y, d6", *barrier(), "endinference"]
        body += ["await read, t60"] if self.often(0.05) else ["signal read, t61"] if self.often(0.05) else []
        return body + (self._step("l0") if self.often(0.1) else []) + (["halt"] if self.often(0.02) else [])

    def _program(self) -> list[str]:
        states = self.chance.random()
        lines = [*self._head(), "connect g0", "connect g1", *["signal write, t60"] * self.chance.choice([0, 0, 1, 4])]
        lines += self._step("") if self.often(0.08) else []
        lines += self._states() if states < 0.12 else []
        lines.append("loop l0, host")
        lines += self._step("l0") if self.often(0.1) else []
        lines += ["top: nop", *self._turn(0.12 <= states < 0.85), "next l0, top"]
        return [*lines, *(self._step("") if self.often(0.1) else []), "halt"]
