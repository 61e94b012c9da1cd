"""What tests of the timed chip share: run a small program, and see when everything in it happened."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acortex.isa import assemble
from acortex.sim.chip.prices import KINDS
from acortex.sim.chip.specs import load_chip
from acortex.sim.run import Result, run
from acortex.sim.timing.kernel import CAUSES
from acortex.sim.timing.wiring import unit_paths

Span = tuple[int, int]

ROOM = ("memory.capacity_kb=64", "arrays.n=4", "buffer.words=64")
"""What makes the digits' chip, 8 rows of arrays, large enough for a layer of many positions."""


@dataclass
class Watched:
    """A run with its events and waits, as (first cycle, cycle after the last), by unit and kind or cause."""

    paths: Sequence[str]
    events: defaultdict[tuple[str, str], list[Span]] = field(default_factory=lambda: defaultdict(list))
    waits: defaultdict[tuple[str, str], list[Span]] = field(default_factory=lambda: defaultdict(list))
    result: Result | None = None

    def emit(self, start: int, duration: int, unit: int, kind: int, *_: int) -> None:
        """Keeps an event."""
        self.events[self.paths[unit], KINDS[kind].name].append((start, start + duration))

    def wait(self, start: int, duration: int, unit: int, cause: int, *_: int) -> None:
        """Keeps a wait."""
        self.waits[self.paths[unit], CAUSES[cause]].append((start, start + duration))

    def starts(self, unit: str, kind: str) -> list[int]:
        """When each event of a kind began."""
        return [start for start, _ in self.events[unit, kind]]

    def period(self, unit: str, kind: str, first: int = 8, last: int = 16) -> float:
        """The mean cycles between events, from one that begins when all that is pipelined is full."""
        starts = self.starts(unit, kind)
        return (starts[last] - starts[first]) / (last - first)

    @property
    def report(self) -> dict[str, Any]:
        """The report of the run."""
        assert self.result is not None
        return self.result.report

    def output(self, name: str = "y") -> NDArray[np.uint8]:
        """An output of the run."""
        assert self.result is not None
        return self.result.outputs[name]


@pytest.fixture
def watch() -> Callable[..., Watched]:
    """Runs a source on a chip with some settings changed, and keeps all that happened."""

    def watched(
        source: str,
        inputs: Any,
        settings: Sequence[str] = (),
        chip: str = "acortex_digits",
        folder: Path | None = None,
    ) -> Watched:
        chosen = load_chip(chip, list(settings))
        seen = Watched(unit_paths(chosen))
        seen.result = run(assemble(source, file="test.s", folder=folder), chosen, inputs=inputs, observers=[seen])
        return seen

    return watched


@pytest.fixture
def simulate(watch: Callable[..., Watched]) -> Callable[..., Watched]:
    """Runs a layer on the digits' chip with room, its settings changed by "path=value"."""
    return lambda source, settings=(): watch(source, None, [*ROOM, *settings])


@pytest.fixture
def layer() -> Callable[..., str]:
    """Makes programs of one layer: `positions` vectors from memory through a matrix and back.

    `rects` are the group's rectangles, `rows` x `columns` its cells; each vector has a word for each row of arrays.
    """

    def make(positions: int, rows: int = 64, columns: int = 64, rects: str = "rect g0, 0, 0", body: str = "") -> str:
        words, out = -(-rows // 64), -(-columns // 64)
        body = (
            body
            or f"""
            read d0
            feed {positions}, {words}
            multiply g0, {positions}
            convert q0, {positions}
            write d1
        """
        )
        row = ", ".join(["1"] * columns)
        return f"""
            .program bench
            .chip acortex_digits
            .input x, shape=64x{positions * words}
            .output y, shape=64x{positions * out}
            .weights w, {rows}x{columns}
            {chr(10).join(f".row {row}" for _ in range(rows))}
            group g0, {rows}, {columns}
            {rects}
            program g0, w
            quant q0, 1, 6, activation=relu
            start
            connect g0
            inference
            base d0, 0
            dim d0, 0, {positions * words}
            base d1, {positions * words}
            dim d1, 0, {positions * out}
            input x, d0
            signal host_in, t0
            await read, t0
            layer l
            {body}
            signal write, t1
            endlayer
            await host_out, t1
            output y, d1
            endinference
            halt
        """

    return make


@pytest.fixture
def in_the_norm() -> set[tuple[str, str]]:
    """The pairs of unit and cause that docs/timing.md lists."""
    text = (Path(__file__).parents[2] / "docs" / "timing.md").read_text()
    rows = re.findall(r"^\| ([a-z_]+(?:/[a-z]+)?) \| ((?:`[a-z_]+`(?:, )?)+) \|$", text, re.MULTILINE)
    return {(unit, cause) for unit, causes in rows for cause in re.findall(r"`([a-z_]+)`", causes)}
