"""What users wait for: commands from their start, values, and the compiler. Each row is as those of `benchmarks`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from acortex.isa.arithmetic.tensors import to_words
from acortex.isa.program import Program
from acortex.isa.semantics import operations
from acortex.isa.sequencer import Sequencer
from acortex.programs import zoo
from acortex.programs.shipped import FOLDER
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.executor import Functional
from acortex.sim.run import run
from acortex.tools.measuring import Benchmark, best, python, seconds, with_bytecode
from acortex.tools.open.machine import machine_of

LARGE = ("resnet152", "gnmt")
"""Networks of the zoo whose compiling and whose values are measured: convolutions, and LSTM layers."""

TIMED = "resnet152"
"""That whose timed run is measured from the command line."""

FULL = "gnmt"
"""That whose memory is."""

BATCH = "digits_cnn"
"""That which runs many inferences at once."""

AT_ONCE = 32

COMPILE_REACH = {"resnet152": 18.0, "gnmt": 30.0}
"""A third of what these took when the rows were written."""

IMPORTS = "import numpy, networkx, pydantic, click, rich"
"""Libraries that a command needs, or may."""

UP_TO_THE_FIRST_EVENT = """
import os, sys
from acortex.sim.timing import wiring
wiring.TimedChip.run = lambda *_, **__: os._exit(0)
from acortex.tools.cli import main
main()
"""
"""A command that ends where the timed chip would begin."""


def commands(quick: bool) -> Iterator[Benchmark]:
    """What a command takes beside the libraries that it stands on: a whole timed run, and one up to its first event."""
    turns, against = 2 if quick else 5, f"python -c '{IMPORTS}'"
    with with_bytecode() as environment:

        def start(*arguments: str) -> float:
            return python(*arguments, environment=environment).seconds

        timed = partial(start, "-m", "acortex", "run", f"zoo:{TIMED}", "--timing-only")
        first = partial(start, "-c", UP_TO_THE_FIRST_EVENT, "run", str(FOLDER / "vmm.s"))
        whole, begun, bare = best(turns, timed, first, partial(start, "-c", IMPORTS))
    yield Benchmark(f"cli_{TIMED}", whole, "s", bare, 6.0, True, against)
    yield Benchmark("first_event", begun, "s", bare, 2.0, True, against)


def values(quick: bool) -> Iterator[Benchmark]:
    """The values of networks as the compiler makes them: products, and all that stands between them."""
    for name in LARGE:
        program = zoo.load(name, machine_of(load_chip(zoo.entry(name).chip)))
        yield from values_of(name, program, 2 if quick else 5, 2.5, whole=True)


def values_of(name: str, program: Program, turns: int, reach: float, whole: bool = False) -> Iterator[Benchmark]:
    """What an inference's values take: a run with values less one without, which checks the same rules.

    With `whole`, too, what a run takes that has values, time and energy.
    """
    chip, random = load_chip(program.chip), np.random.default_rng(1)
    codes = {one.name: random.integers(0, 2, (1, *one.shapes[0])).astype(np.uint8) for one in program.inputs}
    words = {one.name: to_words(one, codes[one.name]) for one in program.inputs}
    operands = [
        (count, np.ones((positions, rows), np.float32), np.ones((rows, columns), np.float32))
        for (positions, rows, columns), count in products_of(program).items()
    ]

    def execute(tensors: dict[str, Any] | None) -> float:
        return seconds(Functional(program, chip, 1, tensors).run)

    def multiply() -> None:
        for count, vectors, weights in operands:
            for _ in range(count):
                vectors @ weights

    alone, rules, bare = best(turns, partial(execute, words), partial(execute, None), partial(seconds, multiply))
    against = "NumPy's float32 products of the same shapes"
    if whole:
        (everything,) = best(turns, partial(seconds, partial(run, program, chip, inputs=codes)))
        yield Benchmark(f"values_{name}", everything, "s", bare, reach, True, f"{against}: values, time and energy")
    yield Benchmark(
        f"values_alone_{name}" if whole else f"values_{name}", alone - rules, "s", bare, reach, True, against
    )


def products_of(program: Program) -> Counter[tuple[int, int, int]]:
    """How often an inference multiplies so many vectors of so many channels by a matrix of so many outputs."""
    sequencer, found = Sequencer(program, 1), Counter[tuple[int, int, int]]()
    while sequencer.state != "halted":
        dispatch = sequencer.step()
        if dispatch is not None and (positions := operations(dispatch)):
            group = sequencer.groups[dispatch.group]
            found[positions, group.rows, group.columns] += 1
    return found


def batch(quick: bool) -> Iterator[Benchmark]:
    """What an inference costs among others, in values and time, beside one that runs alone."""
    program = zoo.load(BATCH, machine_of(load_chip(zoo.entry(BATCH).chip)))
    (tensor,) = program.inputs
    images = np.resize(program.samples[tensor.name], (AT_ONCE, *program.samples[tensor.name].shape[1:]))
    work = [partial(seconds, partial(run, program, inputs=images[:count])) for count in (AT_ONCE, 1)]
    together, alone = best(2 if quick else 5, *work)
    yield Benchmark(f"batch_{BATCH}", together / AT_ONCE, "s/inference", alone, 0.15, True, "one inference alone")


def compiling(quick: bool) -> Iterator[Benchmark]:
    """What the compiler takes for a network of the zoo, beside writing its weights to a file."""
    for name in LARGE:
        one = zoo.entry(name)
        machine = machine_of(load_chip(one.chip))
        weights = [matrix.values for matrix in zoo.load(name, machine).weights]
        with TemporaryDirectory() as folder:
            path = Path(folder) / "weights.npz"
            compiler = partial(seconds, partial(zoo.load, name, machine))
            spent, written = best(1 if quick else 3, compiler, partial(seconds, partial(np.savez, path, *weights)))
        against = "writing its weights to a file, a byte for each"
        yield Benchmark(f"compile_{name}", spent, "s", written, COMPILE_REACH.get(name), True, against)


def memory(quick: bool) -> Iterator[Benchmark]:
    """The most memory of a process that compiles a network and runs it with values, beside its weights in bytes."""
    program = zoo.load(FULL, machine_of(load_chip(zoo.entry(FULL).chip)), weights=False)
    weights = sum(matrix.macs for matrix in program.weights)
    spent = python("-m", "acortex", "run", f"zoo:{FULL}")
    yield Benchmark(f"memory_{FULL}", spent.memory / 1e6, "MB", weights / 1e6, 4.5, True, "a byte for each weight")
