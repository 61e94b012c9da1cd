"""What a random program is made of: streams, steps, groups on arrays, and the chip with its random settings."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.isa.codec import decode
from acortex.isa.operands import NO_LOOP
from acortex.isa.program import Program
from acortex.sim.chip.specs import Chip, load_chip
from judge.counting import segments_of

WORD = 64
MOST_COLUMN_WORDS = 3

Rectangle = tuple[int, int, int, int]
"""(column, row, height, width), in arrays."""


@dataclass
class Case:
    """A program with its chip and its inputs."""

    seed: int
    program: Program
    chip: Chip
    inputs: dict[str, NDArray[np.uint8]]
    inferences: int
    loosened: Counter[tuple[str, ...]] = field(default_factory=Counter)
    """How often its order was made to rest on less: see loosen.py."""


@dataclass(frozen=True)
class Streamed:
    """A stream as `base` and `dim` set it, with the turns of the loop that moves it."""

    base: int
    extents: tuple[int, ...]
    strides: tuple[int, ...]
    by: int = NO_LOOP
    stride: int = 0
    ring: int = 0
    turns: int = 1

    def walk(self, turn: int = 0) -> list[int]:
        """The words of one turn, in order."""
        start = self.base + self.stride * (turn % self.ring if self.ring else turn)
        axes = [range(extent) for extent in reversed(self.extents)]
        strides = tuple(reversed(self.strides))
        return [start + sum(i * s for i, s in zip(place, strides, strict=True)) for place in product(*axes)]

    @property
    def size(self) -> int:
        """How many words one turn has."""
        return prod(self.extents)

    @property
    def words(self) -> frozenset[int]:
        """The words of all turns."""
        return frozenset(word for turn in range(self.turns) for word in self.walk(turn))


@dataclass
class Step:
    """One instruction of a bundle: who carries it out, what it takes from pipes and gives to them, what it touches."""

    agent: str
    mnemonic: str
    values: dict[str, int]
    setting: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    takes: tuple[tuple[str, int], ...] = ()
    gives: tuple[str, int] = ("", 0)
    words: frozenset[int] = frozenset()
    surely: frozenset[int] = frozenset()
    """Of `words`, those of the first turn: written whatever the number of turns."""
    writes: bool = False
    keeps: bool = False
    """Whether what it takes stays in the pipe."""


@dataclass(frozen=True)
class Grouped:
    """A group: its number, its matrix, its rectangles, and the bus segments between its arrays and its neurons."""

    number: int
    rows: int
    columns: int
    rects: tuple[Rectangle, ...]
    segments: frozenset[Any]

    @property
    def row_words(self) -> int:
        """Words of an input vector."""
        return -(-self.rows // WORD)

    @property
    def column_words(self) -> int:
        """Words of its outputs."""
        return -(-self.columns // WORD)


SLOW: tuple[dict[str, int], ...] = (
    {"vector.step_cycles": 40},
    {"host.word_cycles": 60},
    {"memory.access_cycles": 12, "memory.bank_cycles": 12},
    {"memory.read_latency_ns": 150},
    {"buses.word_cycles": 25},
    {"arrays.frame_ns": 400},
    {"neurons.cycles_per_step": 9},
    {"controller.decode_cycles": 30},
)
"""One part far slower than all others: what depends on time, and not on order, comes out in another way."""


def random_chip(chance: random.Random, k: int = 64) -> Chip:
    """A small chip with arrays of `k` x `k`, whose every queue, latency and width that a program can feel is drawn."""
    pick = chance.choice
    settings: dict[str, Any] = {
        "arrays.k": k,
        "arrays.m_top": chance.randint(1, 3),
        "arrays.m_bottom": chance.randint(0, 3),
        "arrays.n": chance.randint(1, 2),
        "arrays.frames_at_once": pick([1, 1, 2, 3]),
        "arrays.frame_ns": pick(["0.001", "1.785", "8", "32", "60"]),
        "arrays.settle_ns_per_array": pick(["0", "0.5", "1.785", "4"]),
        "arrays.loads_per_cycle": pick([1, 1, 2, 4, 65536]),
        "arrays.overlap_loads": pick(["true", "false"]),
        "arrays.broadcast_loads": pick(["true", "false", "false"]),
        "memory.capacity_kb": chance.randint(2, 6),
        "memory.banks": pick([1, 2, 3, 8]),
        "memory.ports": pick([1, 1, 1, 2, 3]),
        "memory.access_cycles": pick([1, 1, 2, 3]),
        "memory.bank_cycles": pick([1, 2, 3, 7]),
        "memory.read_latency_ns": pick(["0", "1", "3.57", "21.42"]),
        "memory.retention_s": pick(["0.01", "1e-6", "1e-7"]),
        "controller.decode_cycles": pick([1, 1, 1, 2, 5]),
        "controller.queue_depth": pick([1, 2, 3, 8]),
        "buffer.words": chance.randint(6, 40),
        "buffer.windows": chance.randint(1, 4),
        "buses.down_lanes": pick([1, 1, 2]),
        "buses.up_lanes": pick([1, 1, 2]),
        "buses.word_cycles": pick([1, 1, 2, 5]),
        "buses.switch_cycles": chance.randint(1, 5),
        "buses.segment_capacity": pick([1, 1, 2]),
        "neurons.bits": min(chance.randint(1, 5), 4),
        "neurons.cycles_per_step": pick([1, 1, 2]),
        "neurons.adcs_per_column": pick([1, 1, 2]),
        "neurons.output_words": MOST_COLUMN_WORDS + chance.randint(0, 8),
        "host.word_cycles": pick([1, 2, 4]),
        "vector.step_cycles": pick([1, 1, 3]),
        "vector.queue_words": pick([1, 2, MOST_COLUMN_WORDS, MOST_COLUMN_WORDS + chance.randint(1, 8)]),
        "vector.line_words": pick([2, 6, 1024]),
        "vector.state_words": chance.randint(20, 40),
        "program_erase.levels": pick([1, 2]),
        "program_erase.pulses_per_level": 1,
        "program_erase.pulse_ns": 1,
        "program_erase.verify_ns": pick(["0", "0.5"]),
        "instruction_memory.words": 4096,
    }
    settings |= pick(SLOW) if chance.random() < 0.5 else {}
    return load_chip("acortex_digits", [f"{path}={value}" for path, value in settings.items()])


def random_groups(chance: random.Random, chip: Chip, numbers: Sequence[int]) -> list[Grouped]:
    """Groups of random sizes on arrays of their own; fewer than `numbers` where there is no place, but one."""
    free = set(product(range(chip.columns), range(chip.rows)))
    part = min(chip.arrays.k, WORD)
    tiles = chip.arrays.k // part  # parts of an array each way
    groups = []
    for number in numbers:
        tall, wide = chance.randint(1, 3), chance.randint(1, MOST_COLUMN_WORDS)
        rects = _rectangles(chance, -(-tall // tiles), -(-wide // tiles), set(free))
        if not rects and not groups:
            tall, wide = 1, 1
            rects = _rectangles(chance, tall, wide, set(free))
        if rects:
            for rect in rects:
                free -= _arrays(*rect)
            rows, columns = (
                chance.choice([(size - 1) * part + 1, size * part, chance.randint((size - 1) * part + 1, size * part)])
                for size in (tall, wide)
            )
            segments = frozenset(_claims(rects, -(-tall // tiles), chip.arrays.m_top))
            groups.append(Grouped(number, rows, columns, tuple(rects), segments))
    return groups


def _arrays(column: int, row: int, height: int, width: int) -> set[tuple[int, int]]:
    return set(product(range(column, column + width), range(row, row + height)))


def _rectangles(chance: random.Random, tall: int, wide: int, free: set[tuple[int, int]]) -> list[Rectangle]:
    """Rectangles of free arrays for a matrix of `tall` x `wide` arrays; none where a drawn one finds no place."""
    rects: list[Rectangle] = []
    while wide:
        width = chance.randint(1, wide)
        wide -= width
        down = tall
        while down:
            height = chance.randint(1, down)
            down -= height
            places = [place for place in sorted(free) if _arrays(*place, height, width) <= free]
            if not places:
                return []
            rects.append((*chance.choice(places), height, width))
            free -= _arrays(*rects[-1])
    return rects


def _claims(rects: Sequence[Rectangle], tall: int, split: int) -> set[Any]:
    """The bus segments of a group."""
    runs: list[list[tuple[int, int, int]]] = []
    filled = tall
    for column, row, height, width in rects:
        if filled == tall:
            filled = 0
            runs += [[] for _ in range(width)]
        for offset, run in enumerate(runs[-width:]):
            run.append((column + offset, row, height))
        filled += height
    return set().union(*(segments_of(run, split) for run in runs))


def claims_of(case: Case) -> dict[int, set[Any]]:
    """The bus segments of each group of a program."""
    rects: dict[int, list[Rectangle]] = {}
    tall: dict[int, int] = {}
    for word in case.program.words:
        row = decode(int(word))
        if row.row.mnemonic == "group":
            rects[row["group"]], tall[row["group"]] = [], -(-row["rows"] // case.chip.arrays.k)
        if row.row.mnemonic == "rect":
            rects[row["group"]].append((row["column"], row["row"], row["height"], row["width"]))
    return {group: _claims(found, tall[group], case.chip.arrays.m_top) for group, found in rects.items()}
