r"""Trains a digits network of the zoo further, on chips with analog errors, and writes its weights.

    python -m acortex.tools.aware_training --data mnist_binary_8000.npz --like digits_mlp_unsaturated \
        --set errors.tuning_pct=10 --set errors.tuning_of=full_scale --set errors.neuron_offset_codes=1 -o FILE.npz

`--like` is the network of the zoo whose quantisers it has, and from whose weights it begins. (With --validate it begins
from weights that are trained first: those of the zoo have seen the digits that are held out then.) `--chip` and `--set`
say which errors, as they do for `acortex accuracy`. Each batch of the training is computed by a chip of its own, as
`acortex.programs.training.digits_aware` says: its cells, wires, noise, sensing and neurons are those that
`acortex accuracy` draws, by the functions of `acortex.analog`. Chips of the training have another seed than those of
`acortex accuracy`, so that none is seen twice. NumPy only; the same machine gives the same bytes each time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acortex.errors import UsageError, run_as_script
from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch, Sequencer
from acortex.programs import zoo
from acortex.programs.network.published import arrays
from acortex.programs.training import digits
from acortex.programs.training.digits_aware import Levels, train
from acortex.programs.training.digits_unsaturated import LICENCE
from acortex.sim.accuracy.chips import AnalogChips, top_code
from acortex.sim.chip.errors import acting
from acortex.sim.chip.specs import Chip, load_chip
from acortex.sim.functional.configuration import Configuration
from acortex.sim.functional.lanes import follow

SEED = 2018
"""The seed of the chips that the training draws; `acortex accuracy` draws those of seed 0 unless told otherwise."""

EPOCHS, RATE = 150, 0.05
"""How long and how fast the weights move on. Each batch writes a chip, which takes about as long as the rest of it."""

SOURCE = "digits_mlp.s"
"""The program of each digits network."""

LAYERS = ("hidden", "output")

CONSTANTS = (
    "hidden_multiplier", "hidden_shift", "hidden_fill", "output_multiplier", "output_shift", "output_zero",
    "output_fill",
)  # fmt: skip
"""What a recipe says of the quantisers, by the names of the data file."""


@dataclass(frozen=True)
class Chips:
    """The population of a chip, for any weights of one network of two layers."""

    program: Program
    chip: Chip
    configuration: Configuration
    products: tuple[Dispatch, ...]
    conversions: tuple[Dispatch, ...]

    @classmethod
    def of(cls, program: Program, chip: Chip) -> Chips:
        """Those that run a program. Raises UsageError for a chip that states no errors."""
        if not acting(chip.errors):
            raise UsageError(
                f"{chip.name} states no errors to train with", hint="state one: --set errors.tuning_pct=10"
            )
        steps = {"multiply": list[Dispatch](), "convert": list[Dispatch]()}
        sequencer = Sequencer(program, 1)
        while sequencer.state != "halted":
            dispatch = sequencer.step()
            if dispatch is not None and dispatch.row.mnemonic in steps:
                steps[dispatch.row.mnemonic].append(dispatch)
        configuration = follow(program, chip, 1).configuration
        return cls(program, chip, configuration, tuple(steps["multiply"]), tuple(steps["convert"]))

    def __call__(self, number: int, matrices: Levels) -> OneChip:
        """The chip of a number, with these matrices written."""
        weights = {
            dispatch.group: replace(self.configuration.weights[dispatch.group], values=matrices[layer])
            for layer, dispatch in zip(LAYERS, self.products, strict=True)
        }
        written = replace(self.configuration, weights=weights)
        return OneChip(self, AnalogChips(written, self.chip, SEED, [number], top_code(self.program, self.chip)))


@dataclass(frozen=True)
class OneChip:
    """One chip of a population, as `acortex.programs.training.digits_aware.LayerSums` says."""

    of: Chips
    analog: AnalogChips

    def __call__(self, layer: str, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The sums of a layer as its neurons see them: of codes (n, rows), float32 of shape (n, columns)."""
        index = LAYERS.index(layer)
        product = self.of.products[index]
        sums = self.analog.sums(codes[None, :, None], product, 0)
        seen = self.analog.neurons(sums, product.group, self.of.conversions[index])
        return seen[0, :, 0].astype(np.float32)


def weights_of(name: str) -> dict[str, NDArray[Any]]:
    """The data of a digits network of the zoo. Raises UsageError for another one."""
    one = zoo.entry(name)
    if one.source != SOURCE:
        known = [entry.name for entry in zoo.ENTRIES if entry.source == SOURCE]
        raise UsageError(f"{name} is no digits network in assembly", hint=f"take one of {', '.join(known)}")
    return arrays(one.weights or "digits_mlp.npz")


def recipe_like(name: str) -> digits.Recipe:
    """The recipe of digits_mlp with the quantisers of a digits network of the zoo. Raises UsageError for another."""
    stated = weights_of(name)
    return replace(digits.Recipe(), **{constant: int(stated[constant]) for constant in CONSTANTS})


def main(argv: Sequence[str] | None = None) -> None:
    """The command line of the training."""
    arguments = _arguments(argv)
    base = recipe_like(arguments.like)
    recipe = replace(base, epochs=arguments.epochs, seed=arguments.seed, rate=RATE)
    chips = Chips.of(zoo.load(arguments.like), load_chip(arguments.chip, arguments.settings))

    def trained(images: digits.Bytes, labels: digits.Bytes) -> digits.TrainedMlp:
        validates = arguments.validate
        first = digits.train(images, labels, base).arrays() if validates else weights_of(arguments.like)
        return train(images, labels, recipe, chips, first)

    network, _, _ = digits.held_out(arguments, trained)
    if not arguments.validate:
        digits.save_arrays(arguments.output, {**network.arrays(), "licence": np.array(LICENCE)})


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = digits.parser_of("acortex.tools.aware_training", "Trains a digits network on chips with analog errors.")
    parser.set_defaults(epochs=EPOCHS)
    parser.add_argument("--like", default="digits_mlp", help="whose quantisers it has; default %(default)s")
    parser.add_argument("--chip", default="acortex_digits", help="whose errors; default %(default)s")
    parser.add_argument("--set", dest="settings", action="append", default=[], help="a setting of the chip; repeatable")
    return digits.parsed(parser, argv)


if __name__ == "__main__":
    run_as_script(main)
