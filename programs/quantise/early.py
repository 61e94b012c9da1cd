"""Levels of recurrent layers as soon as they can be told, while the network is evaluated with the same weights.

The levels of a recurrent layer depend on the codings of what it reads and writes. Where all that sets these is known
once the layer has been evaluated, its weights are quantised there and then, and need not be made again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from acortex.programs.quantise.calibration import Statistics
from acortex.programs.quantise.codings import Codings
from acortex.programs.quantise.evaluate import Seen
from acortex.programs.quantise.recurrent import MAKERS, Parts
from acortex.programs.steps import FloatGraph, Gates, PoolStep, RecurrentStep, Step


class EarlyLevels:
    """Observes the evaluation of a network; `parts` has what it could tell of recurrent steps, by their names.

    `method`, `percentile` and `stated` are those of `Codings`.
    """

    def __init__(self, graph: FloatGraph, method: str, percentile: float, stated: bool) -> None:
        self.parts: dict[str, Parts] = {}
        self._graph = graph
        self._how = method, percentile, stated
        self._codings: Codings | None = None
        self._left = Counter(graph.root(name)[0] for step in graph.steps for name in step.written)
        # Means join the codings of two maps where numbers below zero were seen, which is known at the end alone.
        self._able = not any(isinstance(step, PoolStep) and step.mode == "average" for step in graph.steps)

    def observe(self, statistics: Statistics, step: Step, seen: Seen) -> None:
        """Takes note of a step that was evaluated, and quantises a recurrent one where its codings are settled."""
        self._left.subtract(self._graph.root(name)[0] for name in step.written)
        if not self._able or not isinstance(step, RecurrentStep):
            return
        if self._codings is None:
            self._codings = Codings(self._graph, statistics, *self._how)
        if self._settled(self._codings, step):
            for_x, for_h, bias_x, bias_h = seen.gates
            loaded = replace(step, gates=Gates(lambda: (for_x, for_h, bias_x, bias_h)))
            x, h = self._codings.of(step.source.map), self._codings.of(step.out)
            self.parts[step.name] = MAKERS[step.kind](loaded, x, h, self._codings)

    def _settled(self, codings: Codings, step: RecurrentStep) -> bool:
        """Whether no later step writes a map that shares its coding with what a step reads or writes."""
        maps = (*codings.group(step.source.map), *codings.group(step.out))
        unseen = {port.map for port in self._graph.inputs if port.host} - codings.statistics.samples.keys()
        return not any(self._left[self._graph.root(name)[0]] or name in unseen for name in maps)
