"""What a run of a compiled network leaves in memory: the codes of its maps, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acortex.isa.machine import CHANNELS
from acortex.programs.emit.program import names_of
from acortex.programs.graph import LayerGraph, written_targets
from acortex.programs.mapping.passes import Sink
from acortex.programs.mapping.plan import Plan
from acortex.programs.mapping.to_passes import targets_of


class MapCodes:
    """The codes of a network's maps, of what each layer wrote in a run of the program that `plan` became.

    `written` has, by layer, addresses, int64 of shape (inferences, words), and the words there, uint8 of shape
    (inferences, words, 64), in the order in which they were written. A map that is never written, because two layers
    run as one pass, is not among them.
    """

    def __init__(self, plan: Plan, written: Mapping[str, tuple[NDArray[np.int64], NDArray[np.uint8]]]) -> None:
        self.plan = plan
        self._sinks: dict[str, list[Sink]] = {}
        names = names_of(plan)
        for step in plan.passes:
            self._sinks.setdefault(names[step.name], []).extend(step.writes())
        self._words: dict[tuple[str, int], NDArray[np.uint8]] = {}

        for layer, (places, words) in written.items():
            for inference in range(len(places)):
                self._note(layer, inference, places[inference], words[inference])

    def _note(self, layer: str, inference: int, addresses: NDArray[np.int64], words: NDArray[np.uint8]) -> None:
        """Gives the words of a layer to its maps, sink by sink, and of each word the channels that the sink fills.

        Maps that live after each other share addresses; layers that fill a map side by side share words.
        """
        begin = 0
        for sink in self._sinks.get(layer, ()):
            layout, end = sink.layout, begin + sink.pixels * sink.filled
            turn = inference % self.plan.memory.rings.get(layout.name, 1)
            places = addresses[begin:end] - self.plan.memory.address[layout.name] - turn * layout.size
            own = np.arange(sink.filled * CHANNELS) - sink.shift
            filled = ((own >= 0) & (own < (sink.words - 1) * CHANNELS + sink.tail)).reshape(-1, CHANNELS)
            empty = np.zeros((layout.size, CHANNELS), np.uint8)
            known = self._words.setdefault((layout.name, inference), empty)
            known[places] = np.where(np.tile(filled, (sink.pixels, 1)), words[begin:end], known[places])
            begin = end

    def codes(self, name: str) -> NDArray[np.uint8] | None:
        """The codes of a map: uint8 of shape (inferences, channels, rows, columns); None where nothing was written."""
        found = [words for (one, _), words in sorted(self._words.items()) if one == name]
        if not found:
            return None
        one, layout = self.plan.graph.maps[name], self.plan.layouts[name]
        size = len(found), one.height, layout.columns * layout.packed, layout.words * CHANNELS // layout.packed
        images = np.stack(found).reshape(size)[:, :, : one.width, : one.channels]
        return images.transpose(0, 3, 1, 2)


class Part(NamedTuple):
    """What a layer wrote: channels of a map, and their codes, uint8 of shape (inferences, channels, rows, columns)."""

    map: str
    channels: slice
    codes: NDArray[np.uint8]


def layer_codes(graph: LayerGraph, gathered: MapCodes) -> dict[str, list[Part]]:
    """What every layer wrote, by its name, in order; nothing where the layer behind it works on its stream."""
    starts = targets_of(graph)
    found: dict[str, list[Part]] = {}
    for layer in graph.layers:
        own = found.setdefault(layer.name, [])
        for target in written_targets(layer):
            codes = gathered.codes(target.map)
            if codes is not None:
                later = [offset for offset in starts[target.map] if offset > target.offset]
                channels = slice(target.offset, min(later, default=codes.shape[1]))
                own.append(Part(target.map, channels, codes[:, channels]))
    return found
