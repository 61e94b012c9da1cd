"""What each layer of a program wrote into main memory, for a look inside a network."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.program import Program
from acortex.isa.sequencer import Dispatch

OUTSIDE = "-"
"""The name under which stands what was written outside all layers."""


class LayerWords(NamedTuple):
    """The words that a layer wrote, in the order of the program.

    `addresses` are int64 of shape (inferences, words); `codes`, what the words held then, are uint8 of shape
    (inferences, words, 64).
    """

    addresses: NDArray[np.int64]
    codes: NDArray[np.uint8]


class LayerDump:
    """Collects what a program writes, without the host, by layer and inference.

    What belongs to no inference counts as the first's.
    """

    def __init__(self) -> None:
        self._parts: dict[int, dict[int, list[tuple[Any, Any]]]] = {}
        self.first = 0
        """The inference of the first lane."""

    def note(self, dispatch: Dispatch, addresses: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Takes the words of one instruction as they are after it; codes of lanes are those of as many inferences."""
        turns = self._parts.setdefault(dispatch.layer, {})
        for number, lane in enumerate(codes[None] if codes.ndim == 2 else codes, start=max(dispatch.inference, 0)):
            turns.setdefault(self.first + number, []).append((addresses, lane))

    def place(self, writes: Iterable[tuple[Dispatch, NDArray[np.int64]]]) -> None:
        """Says where lanes lie: the words that each inference writes, in the order of the program."""
        numbers: Counter[tuple[int, int]] = Counter()
        for dispatch, addresses in writes:
            layer, inference = dispatch.layer, max(dispatch.inference, 0)
            part, number = self._parts[layer][inference], numbers[layer, inference]
            part[number] = (addresses, part[number][1])
            numbers[layer, inference] += 1

    def layers(self, program: Program) -> Mapping[str, LayerWords]:
        """The words of each layer by its name; an inference that was cut short is left out."""
        names = (OUTSIDE, *program.layers)
        return {names[layer]: _stacked(self._parts[layer]) for layer in sorted(self._parts)}


def _stacked(turns: Mapping[int, list[tuple[Any, Any]]]) -> LayerWords:
    whole = [[np.concatenate(column) for column in zip(*turns[index], strict=True)] for index in sorted(turns)]
    same = [pair for pair in whole if len(pair[0]) == len(whole[0][0])]
    return LayerWords(np.stack([addresses for addresses, _ in same]), np.stack([codes for _, codes in same]))
