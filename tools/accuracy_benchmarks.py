"""What analog errors cost: many chips beside plain NumPy that draws as much, a network beside its ideal values."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from acortex.programs import zoo
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.accuracy.study import accuracy
from acortex.sim.chip.specs import load_chip
from acortex.sim.functional.lanes import follow, values_of
from acortex.sim.run import prepare
from acortex.tools.measuring import Benchmark, best, seconds
from acortex.tools.open.machine import machine_of

ERRORS = ("arrays.cell=digital_sram", "errors.tuning_pct=5", "errors.read_pct=1.8", "errors.neuron_offset_codes=0.25")
"""Errors of cells, of reads and of neurons; cells of digital units state none beside them."""

CHIPS, DIGITS = 100, 360

POPULATION_REACH, VALUES_REACH = 3.0, 2.0

NETWORK = "resnet152"


def populations(quick: bool) -> Iterator[Benchmark]:
    """A hundred chips on 360 digits, and one inference of a large network on a chip that is written."""
    turns = 2 if quick else 5
    yield _digits(turns)
    yield _network(turns)


def _digits(turns: int) -> Benchmark:
    program, chip = zoo.load("digits_mlp"), load_chip("acortex_digits", ERRORS)
    inputs, labels = program.samples["image"][:DIGITS], program.labels
    assert labels is not None
    run = partial(accuracy, program, chip, inputs=inputs, labels=labels[:DIGITS], chips=CHIPS)
    weights = [np.asarray(one.values, np.float32) for one in program.weights]
    plain = partial(_plain, np.asarray(inputs, np.float32).reshape(DIGITS, -1), weights)
    ours, theirs = best(turns, lambda: seconds(run), lambda: seconds(plain))
    against = f"{CHIPS} products of each layer in float32, and as many normals by standard_normal"
    return Benchmark("accuracy_digits_mlp", ours, "s", theirs, POPULATION_REACH, at_most=True, against=against)


def _plain(inputs: NDArray[np.float32], weights: list[NDArray[np.float32]]) -> None:
    """What a user writes: weights with errors, products, noise of reads; no quantisers, no chip, no program."""
    source = np.random.default_rng(0)
    for _ in range(CHIPS):
        values = inputs
        for matrix in weights:
            wrong = matrix * (1 + np.float32(0.05) * source.standard_normal(matrix.shape, np.float32))
            full = np.concatenate([values, np.full((len(values), 1), 15, np.float32)], axis=1)[:, : len(matrix)]
            values = full @ wrong
            values += source.standard_normal(values.shape, np.float32)


def _network(turns: int) -> Benchmark:
    chip = load_chip(zoo.entry(NETWORK).chip, ERRORS)
    program = zoo.load(NETWORK, machine_of(chip))
    words = prepare(program, chip).host.words(program)
    rules = follow(program, chip, 1)
    analog = AnalogChips(rules.configuration, chip, 0, range(1), top_code(program, chip))
    values_of(rules, words, analog=analog)  # writes the chip
    ours, ideal = best(
        turns,
        lambda: seconds(partial(values_of, rules, words, analog=analog)),
        lambda: seconds(partial(values_of, rules, words)),
    )
    against = "the values of the ideal chip"
    return Benchmark(f"analog_{NETWORK}", ours, "s", ideal, VALUES_REACH, at_most=True, against=against)
