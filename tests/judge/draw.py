"""What the drawing of random programs stands on: chance, registers, groups, order, and streams over written words."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import accumulate

import numpy as np

from acortex.isa.operands import AGENTS, NO_LOOP
from acortex.isa.program import Constants, Line, Memory, Tensor, Weights
from acortex.isa.table import MNEMONICS
from judge.plans import WORD, Grouped, Step, Streamed, random_chip, random_groups

MEMORY_AGENTS = ("host_in", "host_out", "operand", "read", "write")
ACCESSES = {
    "input": "host_in",
    "output": "host_out",
    "read": "read",
    "fetch": "read",
    "operand": "operand",
    "write": "write",
}
PACKS = (1, 2, 4, 8, 16)


class NoRoomError(Exception):
    """A plan that does not fit: another is drawn."""


class Drawing:
    """A program that is being drawn: what stands already, and what is known of the words and tokens so far."""

    def __init__(self, seed: int, k: int = 64) -> None:
        chance = self.chance = random.Random(seed)
        self.seed = seed
        self.chip = random_chip(chance, k)
        self.made: list[tuple[str, dict[str, int]]] = []
        self.inferences = chance.choice([1, 1, 2, 3])
        self.groups = random_groups(chance, self.chip, chance.sample([0, 1, 2, 700, 1023], chance.randint(1, 4)))
        self.weights: list[Weights] = []
        self.constants: list[Constants] = []
        self.states: set[int] = set()
        self.inputs = [self.tensor("x", index) for index in range(chance.choice([1, 2, 16]))]
        self.outputs = [self.tensor("y", index) for index in range(chance.choice([1, 16]))]
        self.top_code = 2**self.chip.neurons.bits - 1
        self.memory = self.initial()
        self.written = {word for table in self.memory for word in range(table.address, table.end)}
        self.touched: dict[str, dict[int, int]] = {agent: {} for agent in MEMORY_AGENTS}
        self.stored: dict[str, dict[int, int]] = {agent: {} for agent in MEMORY_AGENTS}
        self.ended: Counter[str] = Counter()
        self.known: dict[str, Counter[str]] = defaultdict(Counter)
        self.tokens: dict[int, tuple[str, str]] = {}
        self.connected: dict[int, Grouped] = {}
        self.in_inference = False
        self.loops: list[tuple[int, int]] = []
        self.streamer = ""
        self.planned: list[Step] = []
        self.budget: Counter[str] = Counter()

    # Drawing ----------------------------------------------------------------------------------------------------------

    def edge(self, low: int, high: int) -> int:
        """A number of a range, its ends more often than others."""
        return self.chance.choice([low, high]) if self.chance.random() < 0.4 else self.chance.randint(low, high)

    def often(self, share: float) -> bool:
        """True in that share of draws."""
        return self.chance.random() < share

    def any_of(self, mnemonic: str, **given: int) -> dict[str, int]:
        """An instruction's operands: those given, the others anywhere in their range."""
        kinds = {operand.name: operand.kind for operand in MNEMONICS[mnemonic].operands}
        return {name: given[name] if name in given else self.edge(kind.low, kind.high) for name, kind in kinds.items()}

    def split(self, total: int, agent: str) -> list[int]:
        """A count as several instructions of an agent may share it, as many as its queue leaves room for."""
        most = min(self.budget[agent], total)
        if most < 1:
            raise NoRoomError
        parts = self.chance.choice([1, 1, self.chance.randint(1, most)])
        self.budget[agent] -= parts
        cuts = sorted(self.chance.sample(range(1, total), parts - 1))
        return [end - start for start, end in zip([0, *cuts], [*cuts, total], strict=True)]

    def tensor(self, letter: str, index: int) -> Tensor:
        """A tensor of one axis, at most five words."""
        return Tensor(f"{letter}{index}", ((self.chance.randint(1, 5 * WORD),),))

    def initial(self) -> tuple[Memory, ...]:
        """Words that main memory holds before anything runs."""
        if self.often(0.7):
            return ()
        count = self.chance.randint(1, 9)
        address = self.edge(0, self.chip.memory_words - count)
        values = np.random.default_rng(self.seed).integers(0, 16, (count, WORD)).astype(np.uint8)
        return (Memory(address, values, Line("random.s", 0, ".memory")),)

    def emit(self, mnemonic: str, **values: int) -> None:
        """Appends an instruction."""
        self.made.append((mnemonic, values))

    def mark(self) -> None:
        """An instruction of the controller that moves nothing."""
        kind = self.chance.choice(["layer", "layer", "endlayer", "nop"])
        self.emit(kind, **({"layer": self.edge(0, 3)} if kind == "layer" else {}))

    # Groups -----------------------------------------------------------------------------------------------------------

    def group(self) -> Grouped:
        """A connected group; what is in its way is disconnected."""
        group = self.chance.choice(self.groups)
        if group.number not in self.connected:
            if any(step.agent == "vmm" for step in self.planned):
                raise NoRoomError
            for other in list(self.connected.values()):
                claims = Counter(segment for g in self.connected.values() for segment in g.segments)
                full = {segment for segment, count in claims.items() if count >= self.chip.buses.segment_capacity}
                if (full & group.segments and other.segments & group.segments) or self.often(0.1):
                    self.switch("disconnect", other)
            self.switch("connect", group)
        return group

    def switch(self, mnemonic: str, group: Grouped) -> None:
        """Connects or disconnects a group."""
        self.emit(mnemonic, **self.by_loop(group.number))
        if mnemonic == "connect":
            self.connected[group.number] = group
        else:
            del self.connected[group.number]

    def by_loop(self, group: int) -> dict[str, int]:
        """A group as an operand, perhaps with a loop that leaves it where it is."""
        loop, turns = self.chance.choice([*self.loops, (NO_LOOP, 1), (NO_LOOP, 1)])
        return {"group": group, "by": loop, "step": self.edge(-512, 511) if turns == 1 else 0}

    # Order ------------------------------------------------------------------------------------------------------------

    def synchronise(self, maker: str, taker: str) -> None:
        """A token from one agent to another; each token serves one pair of agents."""
        mine = [token for token, pair in self.tokens.items() if pair == (maker, taker)]
        free = [token for token in range(64) if token not in self.tokens]
        token = self.chance.choice(mine) if mine and (not free or self.often(0.8)) else self.chance.choice(
            [free[0], free[-1]])  # fmt: skip
        self.tokens[token] = (maker, taker)
        self.emit("signal", agent=AGENTS.index(maker), token=token)
        self.emit("await", agent=AGENTS.index(taker), token=token)
        self.known[taker] |= self.known[maker]
        self.known[taker][maker] = max(self.known[taker][maker], self.ended[maker])

    def order(self, step: Step) -> None:
        """Orders an access after those before it that it must not overtake."""
        for other in MEMORY_AGENTS if step.words else ():
            table = self.touched[other] if step.writes else self.stored[other]
            latest = max((table.get(word, 0) for word in step.words), default=0)
            if other != step.agent and latest > self.known[step.agent][other]:
                self.synchronise(other, step.agent)

    def note(self, steps: Iterable[Step]) -> None:
        """Notes a bundle's accesses, once all of it is issued."""
        for step in steps:
            self.ended[step.agent] += 1
            if step.words:
                self.touched[step.agent] |= dict.fromkeys(step.words, self.ended[step.agent])
            if step.writes:
                self.stored[step.agent] |= dict.fromkeys(step.words, self.ended[step.agent])
                self.written |= step.surely

    # Streams ----------------------------------------------------------------------------------------------------------

    def clear(self, agent: str, words: frozenset[int], writes: bool) -> bool:
        """Whether an access meets none of another agent in this bundle."""
        return not any(step.words & words and (writes or step.writes) for step in self.planned if step.agent != agent)

    def moved(self, base: int, extents: tuple[int, ...], strides: tuple[int, ...]) -> Streamed:
        """A stream, perhaps moved by a loop."""
        if not self.loops or self.often(0.5):
            return Streamed(base, extents, strides, NO_LOOP, self.edge(-(1 << 19), (1 << 19) - 1), self.edge(0, 127))
        loop, turns = self.chance.choice(self.loops)
        ring = self.chance.choice([0, 1, 1, 2, 127])
        stride = self.edge(-(1 << 19), (1 << 19) - 1) if ring == 1 or turns == 1 else self.chance.randint(-6, 6)
        return Streamed(base, extents, strides, loop, stride, ring, turns)

    def axes(self, size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Extents whose product is `size`, with a stride for each."""
        extents = []
        while len(extents) < 3:
            factor = self.chance.choice([n for n in range(1, size + 1) if size % n == 0])
            extents.append(factor)
            size //= factor
        extents.append(size)
        self.chance.shuffle(extents)
        strides = [self.chance.choice([1, step, step, -step, 0]) for step in accumulate([1, *extents[:3]], int.__mul__)]
        return tuple(extents), tuple(
            stride if extent > 1 else self.edge(-(1 << 19), (1 << 19) - 1)
            for extent, stride in zip(extents, strides, strict=True)
        )

    def source(self, agent: str, size: int) -> Streamed:
        """A stream over words that are written."""
        known = sorted(self.written)
        for attempt in range(30):
            axes = self.axes(size) if attempt < 15 else ((size, 1, 1, 1), (0, 0, 0, 0))
            stream = self.moved(self.chance.choice(known), *axes)
            if stream.words <= self.written and self.clear(agent, stream.words, False):
                return stream
        raise NoRoomError

    def target(self, agent: str, size: int, pixel: int = 0) -> Streamed:
        """A stream over words that may be written; of `pixel` words along its first axis, where that is not 0."""
        last = self.chip.memory_words - 1
        plain = (pixel or size, size // (pixel or size), 1, 1)
        for attempt in range(30):
            extents, strides = self.axes(size) if attempt < 15 and not pixel else (plain, (0, 0, 0, 0))
            if self.often(0.6):
                extents, strides = plain, (1, pixel, 0, 0)
            stream = self.moved(self.chance.choice([0, last, self.chance.randint(0, last)]), extents, strides)
            words = stream.words
            if min(words) >= 0 and max(words) <= last and self.clear(agent, words, True):
                return stream
        raise NoRoomError

    def set_stream(self, stream: Streamed) -> tuple[int, list[tuple[str, dict[str, int]]]]:
        """A stream's register, and the instructions that set it."""
        number = self.edge(0, 31)
        base = {"stream": number, "address": stream.base, "by": stream.by, "stride": stream.stride, "ring": stream.ring}
        setting = [("base", base)]
        if stream.by != NO_LOOP and not stream.ring and self.often(0.5):
            setting = [("base", base | {"by": NO_LOOP})]
            setting.append(("advance", {"stream": number, "by": stream.by, "stride": stream.stride}))
        for axis, (extent, stride) in enumerate(zip(stream.extents, stream.strides, strict=True)):
            if extent > 1 or self.often(0.1):
                setting.append(("dim", {"stream": number, "axis": axis, "extent": extent, "stride": stride}))
        return number, setting

    def access(self, mnemonic: str, stream: Streamed, takes: tuple[str, int] | None, gives: tuple[str, int],
               **values: int) -> None:  # fmt: skip
        """An instruction that walks a stream of main memory."""
        number, setting = self.set_stream(stream)
        agent = ACCESSES[mnemonic]
        self.planned.append(
            Step(agent, mnemonic, {"stream": number, **values}, setting, (takes,) if takes else (), gives,
                 stream.words, frozenset(stream.walk()), mnemonic in ("input", "write"))
        )  # fmt: skip

    def transfer_in(self) -> None:
        """An input tensor's words into main memory."""
        index = self.edge(0, len(self.inputs) - 1)
        size = -(-self.inputs[index].size // WORD)
        self.access("input", self.target("host_in", size), None, ("", 0), tensor=index)

    def transfer_out(self, index: int | None = None) -> None:
        """Words of main memory out as an output tensor: one of a number, or any."""
        if index is None:
            index = self.edge(0, len(self.outputs) - 1)
        size = -(-self.outputs[index].size // WORD)
        self.access("output", self.source("host_out", size), None, ("", 0), tensor=index)

    def read(self, size: int, to: int, pipe: str) -> None:
        """Words from main memory into a pipe."""
        for part in self.split(size, "read"):
            self.access("read", self.source("read", part), None, (pipe, part), to=to)

    def operands(self, size: int) -> None:
        """Words from main memory for the vector agent's second operand."""
        for part in self.split(size, "operand"):
            self.access("operand", self.source("operand", part), None, ("operand", part))

    def write(self, size: int, source: int, pipe: str) -> None:
        """Words of a pipe into main memory, whole or some of their channels."""
        for part in self.split(size, "write"):
            shift, tail = self.chance.choice([(0, WORD), (0, WORD), (self.edge(0, WORD - 1), self.edge(1, WORD))])
            if shift + tail <= WORD:
                stream = self.target("write", part)
            else:
                depth = self.chance.choice([n for n in range(1, part + 1) if part % n == 0])
                stream = self.target("write", part // depth * (depth + 1), depth + 1)
            self.access("write", stream, (pipe, part), ("", 0), source=source, shift=shift, tail=tail)
