"""A layer graph without weights: the sizes of a network, for what looks at no value, such as its time and energy.

Instructions decide the time of a run, and of what weights become they show two things: which quantisers are set anew,
since a register that holds the same numbers is not, and a few choices of layers. A graph with `own_quantisers`, as an
outline is, shares none by chance; `instructions_are_fixed` refuses networks whose layers depend on their numbers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acortex.programs import graph as g
from acortex.programs.quantise.calibration import Levels, Statistics
from acortex.programs.quantise.codings import Codings
from acortex.programs.quantise.layers import Quantiser, layer_graph, layers_of
from acortex.programs.quantise.recurrent import unweighted_lstm
from acortex.programs.steps import FloatGraph, PoolStep, ProductStep, RecurrentStep, Step, TableStep

NEVER_NEGATIVE = ("relu", "sigmoid", "hardsigmoid")
"""Activations of which nothing below 0 comes."""

PLACEHOLDER = 2
"""A multiplier of codes that are not left as they are."""


def outline(graph: FloatGraph, bits: int) -> g.LayerGraph:
    """The layer graph of a network without GRU layers, all weights 0.

    Nothing of the network's weights is read, and nothing as large as they are is made.
    """
    statistics = Statistics(bits)
    for step in graph.steps:
        if isinstance(step, ProductStep):
            columns = step.kernel.shape[3]
            weights = np.broadcast_to(np.int8(0), step.kernel.shape)
            # Two steps, so that the columns have constants of their own, as float weights give them.
            statistics.levels[step.name] = Levels(weights, 1.0 + np.arange(columns) % 2, np.ones(columns))
    outliner = _Outliner(graph, statistics, Codings(graph, statistics, "minmax", 100.0))
    made = layer_graph(outliner, layers_of(outliner))
    return replace(made, own_quantisers=True, weightless=True)


class _Outliner(Quantiser):
    """Makes layers without weights, each of the kind and with the constants that float weights give it."""

    def layers(self, step: Step) -> tuple[g.Layer, ...]:
        """The layers of a step."""
        if isinstance(step, RecurrentStep):
            return (self.sequence(step, unweighted_lstm),)
        return tuple(map(_scaled_mean, super().layers(step)))


def _scaled_mean(layer: g.Layer) -> g.Layer:
    """A mean in another coding than that of its source, as float weights make it; other layers as they are."""
    if isinstance(layer, g.Pool) and layer.mode == "average":
        return replace(layer, code=replace(layer.code, multiplier=PLACEHOLDER))
    return layer


def instructions_are_fixed(graph: FloatGraph) -> bool:
    """Whether a network with float weights becomes the same instructions whatever these are."""
    return all(_is_fixed(step, graph) for step in graph.steps)


def _is_fixed(step: Step, graph: FloatGraph) -> bool:
    if step.activation.function == "hardswish":  # its range decides whether it becomes three layers
        return False
    if isinstance(step, TableStep):  # its codes decide how many columns it has
        return False
    if isinstance(step, RecurrentStep):  # codes and states to begin with lie in memory unless they are 0
        unset = step.first_h is None and step.first_c is None
        return step.kind == "lstm" and unset and not step.initial_h.any() and not step.initial_c.any()
    if isinstance(step, ProductStep):  # equal constants of all columns, or of the only one, need no table
        return step.kernel.shape[3] > 1 and step.kernel.steps is None
    if isinstance(step, PoolStep) and step.mode == "average":  # means of negative numbers keep the codes of these
        return _never_negative(step.source.map, graph)
    return True


def _never_negative(name: str, graph: FloatGraph) -> bool:
    """Whether the steps that write a map see to it that no number in it is below 0."""
    root = graph.root(name)[0]
    makers = [step for step in graph.steps if root in (graph.root(written)[0] for written in step.written)]
    ends = [step.activation.function in NEVER_NEGATIVE or step.activation.low >= 0 for step in makers]
    return bool(ends) and all(ends) and root not in (graph.root(port.map)[0] for port in graph.inputs)
