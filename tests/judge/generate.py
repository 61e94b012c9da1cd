"""Random programs that are legal by construction, each with a chip of random settings and inputs of random codes.

A program is a row of bundles. A bundle is planned whole: chains of instructions that hand items on, and host transfers
beside them, whose accesses to main memory do not meet. Tokens order it after what came before. Then its instructions
are drawn along an execution: at each step an agent acts whose items have been given. A bundle that has been issued ends
whatever the timing, because no agent has more instructions of it than its queue holds and one in its hands.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import accumulate

import numpy as np

from acortex.isa import encode
from acortex.isa.codec import Instruction, as_text
from acortex.isa.operands import AGENTS, NO_LOOP
from acortex.isa.program import Constants, Line, Memory, Program, Tensor, Weights
from acortex.isa.table import MNEMONICS
from acortex.isa.windows import Window
from judge.counting import fetched, pooled, slid
from judge.plans import WORD, Case, Grouped, Step, Streamed, random_chip, random_groups

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


class Maker:
    """Draws one program, step by step."""

    def __init__(self, seed: int) -> None:
        chance = self.chance = random.Random(seed)
        self.seed = seed
        self.chip = random_chip(chance)
        self.made: list[tuple[str, dict[str, int]]] = []
        self.inferences = chance.choice([1, 1, 2, 3])
        self.groups = random_groups(chance, self.chip, chance.sample([0, 1, 2, 700, 1023], chance.randint(1, 4)))
        self.weights: list[Weights] = []
        self.constants: list[Constants] = []
        self.states: set[int] = set()
        self.inputs = [self.tensor("x", index) for index in range(chance.choice([1, 2, 16]))]
        self.outputs = [self.tensor("y", index) for index in range(chance.choice([1, 16]))]
        self.top_code = min(15, 2**self.chip.neurons.bits - 1)
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

    # The program ------------------------------------------------------------------------------------------------------

    def case(self) -> Case:
        """The whole program."""
        self.set_up()
        self.emit("start")
        self.unused()
        self.part()
        for _ in range(self.chance.randint(0, 2)):
            self.part()
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
            self.emit("loop", **self.any_of("loop"))
        self.emit("base", **self.any_of("base", address=self.edge(0, self.chip.memory_words - 1), by=NO_LOOP))
        self.emit("dim", **self.any_of("dim", stream=self.made[-1][1]["stream"]))
        self.emit("window", **self.any_of("window"))
        self.emit("border", **self.any_of("border", window=self.made[-1][1]["window"], value=self.edge(0, 15)))
        self.quantiser(self.edge(0, 63))

    def part(self, depth: int = 0) -> None:
        """Some bundles, in a loop or in none: over the host's inferences, where it is not inside one already."""
        begins = not self.in_inference and (depth == 0 or self.often(0.5))
        looped = self.often(0.6) and len(self.loops) < 2
        loop, turns = NO_LOOP, 1
        if looped:
            loop = self.chance.choice([i for i in range(8) if i not in dict(self.loops)])
            over_host = begins and self.often(0.7)
            turns = self.inferences if over_host else self.chance.choice([1, 2, 3])
            self.emit("loop", loop=loop, count=0 if over_host else turns)
            self.loops.append((loop, turns))
            self.streamer = "either"
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

    def transfer_out(self) -> None:
        """Words of main memory out as an output tensor."""
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

    # Chains -----------------------------------------------------------------------------------------------------------

    def chain(self) -> None:
        """Products with a group, or work of the vector agent alone."""
        if self.often(0.3):
            self.stream_from("read")
            words = self.chance.randint(1, 14)
            self.read(words, 1, "stream")
            self.vector_chain(words)
            return
        after_codes = any(step.gives[0] == "codes" for step in self.planned)
        to_vector = self.often(0.9 if after_codes else 0.4)
        if to_vector:
            self.stream_from("neurons")
        group = self.group()
        positions = self.products(group)
        words = positions * group.column_words
        pipe = "stream" if to_vector else "codes"
        for part in self.split(positions, "neurons"):
            values, setting = self.coding(group)
            values |= {"positions": part, "to": int(to_vector)}
            gives = (pipe, part * group.column_words)
            self.planned.append(Step("neurons", "convert", values, setting, (("sums", part),), gives))
        if to_vector:
            self.vector_chain(words)
        else:
            self.write(words, 0, pipe)

    def coding(self, group: Grouped) -> tuple[dict[str, int], list[tuple[str, dict[str, int]]]]:
        """What a conversion's codes are made with: one quantiser or two, each perhaps with constants of its neurons."""
        first, then = self.chance.sample([0, 63, 5, 6], 2)
        setting = self.tuned(first, group)
        if self.often(0.7):
            return {"quantiser": first}, setting
        every = self.edge(1, group.column_words)
        return {"quantiser": first, "then": then, "every": every}, [*setting, *self.tuned(then, group)]

    def tuned(self, number: int, group: Grouped) -> list[tuple[str, dict[str, int]]]:
        """The instructions that set a quantiser of a group's neurons."""
        setting = self.quantiser_setting(number)
        if self.often(0.3):
            chance = np.random.default_rng(self.seed * 64 + len(self.constants))
            rows = (
                chance.integers(-(1 << self.edge(0, 31)), 2**10, group.columns),
                chance.integers(1, 2**16, group.columns),
            )
            setting.append(("tune", {"quantiser": number, "constants": len(self.constants)}))
            self.constants.append(Constants(f"c{len(self.constants)}", np.stack(rows, axis=1)))
        return setting

    def stream_from(self, producer: str) -> None:
        """The words on the vector agent's stream come from one agent at a time: another waits for its end."""
        other = {"read": "neurons", "neurons": "read"}[producer]
        if any(step.gives[0] == "stream" and step.agent == other for step in self.planned):
            raise NoRoomError
        if self.streamer not in ("", producer):
            self.synchronise(other, producer)
        self.streamer = producer

    def products(self, group: Grouped) -> int:
        """Input vectors and their products with a group; how many."""
        positions = self.slides(group) if self.often(0.5) else self.feeds(group)
        for part in self.split(positions, "vmm"):
            values = {"positions": part, **self.by_loop(group.number)}
            self.planned.append(Step("vmm", "multiply", values, [], (("vectors", part),), ("sums", part)))
        return positions

    def feeds(self, group: Grouped) -> int:
        """Vectors of words in a row."""
        positions = self.chance.choice([1, 2, self.chance.randint(1, 12)])
        words = self.chance.randint(1, min(group.row_words, self.chip.buffer.words))
        self.read(positions * words, 0, "words")
        again = 0
        if self.often(0.2) and self.budget["buffer"] > 1:
            again = self.chance.randint(1, min(positions, self.chip.buffer.words // words))
            self.budget["buffer"] -= 1
            values = {
                "positions": again,
                "words": words,
                "tail": self.edge(1, WORD),
                "fill": self.edge(0, 15),
                "keep": 1,
            }
            takes = (("words", again * words),)
            self.planned.append(Step("buffer", "feed", values, [], takes, ("vectors", again), keeps=True))
        for part in self.split(positions, "buffer"):
            values = {"positions": part, "words": words, "tail": self.edge(1, WORD), "fill": self.edge(0, 15)}
            self.planned.append(Step("buffer", "feed", values, [], (("words", part * words),), ("vectors", part)))
        return positions + again

    def slides(self, group: Grouped) -> int:
        """Windows over an image."""
        window, depth, height, tail, dense = self.window_for(group)
        size = sum(new for new, _ in slid(window, depth, height))
        number, register = self.edge(0, 7), self.edge(0, 31)
        setting = self.set_window(number, window)
        columns = -(-window.width // window.packed)
        if size and self.often(0.7):
            if self.budget["read"] < 1:
                raise NoRoomError
            self.budget["read"] -= 1
            stream = self.image(window, depth, height, columns)
            register, placing = self.set_stream(stream)
            words = frozenset(
                stream.base + c * stream.strides[0] + x * stream.strides[1] + y * stream.strides[2]
                for y, x, c in fetched(window, depth, height)
            )
            values = {"stream": register, "window": number}
            self.planned.append(Step("read", "fetch", values, [*setting, *placing], (), ("words", size), words))
        elif size:
            self.read(size, 0, "words")
        shape = Streamed(0, (depth, columns, height, 1), (1, 1, 1, 1))
        register, placing = self.set_stream(shape)
        self.budget["buffer"] -= 1
        values = {"stream": register, "window": number, "tail": tail, "dense": dense, "fill": self.edge(0, 15)}
        if self.budget["buffer"] < 0:
            raise NoRoomError
        self.planned.append(
            Step("buffer", "slide", values, [*setting, *placing], (("words", size),), ("vectors", window.positions))
        )
        return window.positions

    def image(self, window: Window, depth: int, height: int, columns: int) -> Streamed:
        """A stream of image shape whose words that the window needs are written."""
        known = sorted(self.written)
        last = self.chip.memory_words - 1
        for attempt in range(20):
            along = self.chance.choice([(1, depth, depth * columns), (0, 1, columns), (1, 0, 1), (0, 0, 0)])
            if attempt > 12:
                along = (0, 0, 0)
            base = self.chance.choice(known)
            ends = [base + sum(e * s for e, s in zip((depth - 1, columns - 1, height - 1), along, strict=True))]
            words = frozenset(
                base + c * along[0] + x * along[1] + y * along[2] for y, x, c in fetched(window, depth, height)
            )
            if ends[0] <= last and words <= self.written and self.clear("read", words, False):
                return Streamed(base, (depth, columns, height, 1), (*along, self.edge(-(1 << 19), (1 << 19) - 1)))
        raise NoRoomError

    def window_for(self, group: Grouped) -> tuple[Window, int, int, int, int]:
        """A window whose vectors fit a group and whose words fit the buffer: with depth, height, tail and density."""
        for _ in range(60):
            packed = self.chance.choice([1, 1, 1, 2, 4, 8, 16])
            depth = 1 if packed > 1 else self.chance.randint(1, 2)
            tail = self.edge(1, WORD // packed if packed > 1 else WORD)
            dense, width, height = self.edge(0, 1), self.chance.randint(1, 9), self.chance.randint(1, 6)
            kernel = self.chance.choice([(1, 1), (2, 2), (3, 3), (1, 3), (3, 1), (2, 1), (1, 128), (128, 1)])
            rows, columns = self.chance.randint(1, 4), self.chance.randint(1, 5)
            window = Window(
                *kernel, self.edge(1, 3), self.edge(1, 3), self.edge(1, 3), self.edge(1, 3), width, packed,
                rows, columns, self.edge(0, 3), self.edge(0, 3), self.edge(0, 15),
            )  # fmt: skip
            channels = tail if packed > 1 else (depth - 1) * WORD + tail
            taps = kernel[0] * kernel[1]
            words = -(-taps * channels // WORD) if dense else taps * -(-channels // WORD)
            if words <= group.row_words and most_held(window, depth, height) <= self.chip.buffer.words:
                return window, depth, height, tail, dense
        raise NoRoomError

    def set_window(self, number: int, w: Window) -> list[tuple[str, dict[str, int]]]:
        """The instructions that set a window."""
        window = {
            "window": number, "kernel_y": w.kernel_y, "kernel_x": w.kernel_x, "width": w.width, "stride_y": w.stride_y,
            "stride_x": w.stride_x, "dilation_y": w.dilation_y, "dilation_x": w.dilation_x,
            "packed": PACKS.index(w.packed),
        }  # fmt: skip
        border = {
            "window": number,
            "rows": w.rows,
            "columns": w.columns,
            "top": w.top,
            "left": w.left,
            "value": w.value,
        }
        return [("window", window), ("border", border)]

    def quantiser(self, number: int) -> None:
        """Sets a quantiser."""
        for mnemonic, values in self.quantiser_setting(number):
            self.emit(mnemonic, **values)

    def set_quantiser(self) -> tuple[int, list[tuple[str, dict[str, int]]]]:
        """A quantiser's register, and the instructions that set it."""
        number = self.edge(0, 63)
        return number, self.quantiser_setting(number)

    def quantiser_setting(self, number: int, spare: int = 0) -> list[tuple[str, dict[str, int]]]:
        """The instructions that set a quantiser to anything that it may be, with `spare` codes above its zero."""
        high = self.edge(1, self.top_code)
        low = self.edge(0, high - 1)
        activation = self.edge(0, 6) if high - low > spare else 1
        zero = self.edge(low + (activation == 0), high - spare)
        multiplier, shift = self.chance.choice(
            [(self.edge(1, 1 << 16), self.edge(0, 63)), (self.chance.randint(1, 400), self.chance.randint(0, 14))]
        )
        setting = [("quant", {"quantiser": number, "multiplier": multiplier, "shift": shift, "zero": zero, "low": low,
                              "high": high, "activation": activation})]  # fmt: skip
        if self.often(0.4):
            setting.append(("gain", {"quantiser": number, "gain": self.edge(1, 1 << 16)}))
        return setting

    # The vector agent -------------------------------------------------------------------------------------------------

    def vector_chain(self, words: int) -> None:
        """Work of the vector agent on the words of a stream, and the writing of its results."""
        results = 0
        for part in self.split(words, "vector"):
            results += self.vector_step(part, two=self.often(0.4))
        if self.states and self.often(0.4) and self.budget["vector"]:
            self.budget["vector"] -= 1
            results += self.recall()
        if results:
            self.write(results, 1, "results")

    def recall(self) -> int:
        """States as codes; how many words."""
        count, state = self.kept(self.chance.randint(1, 3))
        number, setting = self.set_quantiser()
        values = {"quantiser": number, "words": count, "state": state}
        self.planned.append(Step("vector", "getstate", values, setting, (), ("results", count)))
        return count

    def kept(self, most: int) -> tuple[int, int]:
        """Some words of the state store that are written: how many, and the first."""
        state, count = self.chance.choice(sorted(self.states)), 1
        while count < most and state + count in self.states:
            count += 1
        return count, state

    def cells(self, words: int) -> tuple[str, dict[str, int], int]:
        """A step of recurrent cells, or of keeping states, on some words: mnemonic, operands, and results."""
        kinds = [("putstate", 1, {})]
        kinds += [("gru", 2, {"reset": 0})] * (words % 2 == 0)
        kinds += [("gru", 4, {"reset": 1}), ("lstm", 4, {})] * (words % 4 == 0)
        mnemonic, each, values = self.chance.choice(kinds[-2:] if self.often(0.7) else kinds)
        count = words // each
        state = self.edge(0, self.chip.vector.state_words - count)
        known = set(range(state, state + count)) <= self.states
        self.states |= set(range(state, state + count))
        if mnemonic == "putstate":
            return mnemonic, {"words": count, "state": state, "zero_a": self.edge(0, 255)}, 0
        first = 0 if known and self.often(0.7) else 1
        return mnemonic, {**values, "words": count, "state": state, "first": first}, count

    def vector_step(self, words: int, *, two: bool) -> int:
        """One instruction on some words; how many it makes."""
        number, setting = self.set_quantiser()
        zeros = {"zero_a": self.edge(0, 255), "zero_b": self.edge(0, 255)}
        takes = (("stream", words),)
        made = words
        if two:
            self.operands(words)
            mnemonic = self.chance.choice(["add", "mul"])
            values = {"quantiser": number, "words": words, **zeros}
            takes = (("stream", words), ("operand", words))
            if mnemonic == "add":
                values["other"], more = self.set_quantiser()
                setting = [*more, *setting]
        elif words <= self.chip.vector.state_words and self.often(0.4):
            mnemonic, values, made = self.cells(words)
            values["quantiser"] = number
            if mnemonic != "putstate":
                values["gates"] = self.chance.choice([n for n in (0, 63, 9) if n != number])
                setting = [*setting, *self.quantiser_setting(values["gates"], spare=1)]
        elif self.often(0.5):
            mnemonic, values = "requant", {"quantiser": number, "words": words, "zero_a": zeros["zero_a"]}
        else:
            mnemonic = "pool"
            values, placing, made = self.pool(words, number)
            setting = [*setting, *placing]
        self.planned.append(Step("vector", mnemonic, values, setting, takes, ("results", made)))
        return made

    def pool(self, words: int, quantiser: int) -> tuple[dict[str, int], list[tuple[str, dict[str, int]]], int]:
        """A pool over an image of so many words: its operands, what sets its registers, and its results."""
        for _ in range(40):
            depth = self.chance.choice([n for n in (1, 2, 3) if words % n == 0])
            width = self.chance.choice([n for n in range(1, words // depth + 1) if words // depth % n == 0])
            height = words // depth // width
            kernel_y, kernel_x = (self.chance.choice([1, 2, 3, 128]) for _ in range(2))
            hops = [self.chance.choice([1, 1, 2, 3, 32]) for _ in range(4)]
            window = Window(
                kernel_y, kernel_x, *hops, width, 1, self.chance.randint(1, 3), self.chance.randint(1, 3),
                self.chance.choice([0, 0, 1, 2, 127]), self.chance.choice([0, 0, 1, 2, 127]), self.edge(0, 15),
            )  # fmt: skip
            if max(pooled(window, depth, height)) <= self.chip.vector.queue_words:
                break
        else:
            raise NoRoomError
        number = self.edge(0, 7)
        register, placing = self.set_stream(Streamed(0, (depth, width, height, 1), (1, 1, 1, 1)))
        values = {"stream": register, "window": number, "quantiser": quantiser, "mode": self.edge(0, 1),
                  "inside": self.edge(0, 1)}  # fmt: skip
        return values, [*placing, *self.set_window(number, window)], window.positions * depth


def most_held(window: Window, depth: int, height: int) -> int:
    """The most words of a window that the buffer holds at once."""
    held, most = 0, 0
    for new, freed in slid(window, depth, height):
        held += new
        most = max(most, held)
        held -= freed
    return most


def generate(seed: int) -> Case:
    """The random program of a seed."""
    return Maker(seed).case()
