"""Trains a digits network on chips with analog errors: a chip of its own for each batch.

What such a chip makes of weights and codes is an argument, `ChipOf`: this module knows no chip.
`acortex.tools.aware_training` has the chips of a technology, and writes digits_mlp_aware.npz.

Forwards, a layer's sums are those of the batch's chip; backwards, gradients are those of the ideal one at these
activations (as for rounding, they pass the errors as if there were none). The network thus learns weights whose answer
is right on many chips instead of on one (Murray and Edwards 1994, "Enhanced MLP performance and fault tolerance
resulting from synaptic weight noise during training"). It goes on from weights that were trained without errors: a
network that learns with errors from the first batch on was worse in every way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acortex.programs.training.digits import Bytes, Floats, Recipe, TrainedMlp, levels, trained

Levels = Mapping[str, NDArray[np.int8]]
"""The matrices of the layers "hidden" and "output", in levels."""


class LayerSums(Protocol):
    """One chip into which weights were written."""

    def __call__(self, layer: str, codes: Bytes) -> Floats:
        """The sums of a layer as its neurons see them: of codes (n, rows), float32 of shape (n, columns)."""


ChipOf = Callable[[int, Levels], LayerSums]
"""Makes the chip of a number: another one for each, with these weights written."""


class AwareMlp(TrainedMlp):
    """The network as chips with errors compute it. `batches` counts the chips that were drawn."""

    def __init__(self, recipe: Recipe, rng: np.random.Generator, chip_of: ChipOf) -> None:
        super().__init__(recipe, rng)
        self.batches = 0
        self._chip_of = chip_of
        self._chip: LayerSums | None = None

    def gradients(self, x: Floats, target: Floats) -> list[Floats]:
        """Those of a batch, on a chip that no batch before was on."""
        matrices = {"hidden": self.hidden, "output": self.output}
        self._chip = self._chip_of(self.batches, {name: levels(one).astype(np.int8) for name, one in matrices.items()})
        self.batches += 1
        return super().gradients(x, target)

    def sums(self, layer: str, x: Floats, weights: Floats) -> Floats:
        """The sums of this batch's chip; its weights are `weights` with the errors of writing and all others."""
        assert self._chip is not None
        return self._chip(layer, x.astype(np.uint8))


def train(images: Bytes, labels: Bytes, recipe: Recipe, chip_of: ChipOf, first: Mapping[str, NDArray[Any]]) -> AwareMlp:
    """Trains on binary images, uint8 of shape (n, 784), and labels, uint8 of shape (n,).

    The training begins from the matrices "hidden" and "output" of `first`, in levels.
    """
    rng = np.random.default_rng(recipe.seed)
    network = AwareMlp(recipe, rng, chip_of)
    network.hidden, network.output = (first[name].astype(np.float32) for name in ("hidden", "output"))
    return trained(network, images, labels, rng)
